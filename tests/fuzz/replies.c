/* replies.c: see replies.h. */
#include "replies.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum { SERVED_MAX = 200 };

void replies_init(struct replies *replies, const uint8_t *data, size_t size)
{
    *replies = (struct replies){.at = (const char *)data, .left = size};
}

static int take_status(const char **text, size_t *len)
{
    const char *t = *text;
    if (*len < 4 || t[3] != ' ' || t[0] < '0' || t[0] > '5' || t[1] < '0' || t[1] > '9' ||
        t[2] < '0' || t[2] > '9')
        return 200;
    *text += 4;
    *len -= 4;
    return (t[0] - '0') * 100 + (t[1] - '0') * 10 + (t[2] - '0');
}

/* Cuts the next reply off; false when there is none. */
static bool next_part(struct replies *replies, const char **part, size_t *len)
{
    if (replies->left == 0)
        return false;
    const char *end = memmem(replies->at, replies->left, "\n%\n", 3);
    *part = replies->at;
    *len = end ? (size_t)(end - replies->at) : replies->left;
    replies->at += end ? *len + 3 : *len;
    replies->left -= end ? *len + 3 : *len;
    return true;
}

char *replies_take(struct replies *replies)
{
    const char *part = NULL;
    size_t len = 0;
    return next_part(replies, &part, &len) ? sw_xstrndup(part, len) : NULL;
}

enum sw_code replies_perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                             struct sw_error *err)
{
    struct replies *replies = arg;
    const char *body = NULL;
    size_t len = 0;
    sw_assert(request->operation);
    if (replies->served++ == SERVED_MAX || !next_part(replies, &body, &len))
        return sw_fail(err, SW_E_TIMEOUT, "no more replies");
    int status = take_status(&body, &len);
    if (status == 0)
        return sw_fail(err, SW_E_TIMEOUT, "no answer");
    reply->status = status;
    reply->body = sw_xmalloc(len + 1);
    memcpy(reply->body, body, len);
    reply->body[len] = '\0';
    reply->body_len = len;
    return SW_OK;
}

static void check_text(const char *text, size_t size)
{
    char again[1024];
    size_t len = strnlen(text, size);
    sw_assert(len < size);
    sw_assert(sw_utf8_is_valid(text, len));
    sw_text_clean(text, len, again, sizeof again);
    sw_assert(strcmp(again, text) == 0);
}
#define CHECK_TEXT(array) check_text(array, sizeof(array))

/* Unknown, or at least 0 and at most max (0: no limit). */
static void check_value(struct sw_value value, double max)
{
    if (!value.is_known)
        return;
    sw_assert(isfinite(value.value) && value.value >= 0);
    sw_assert(max <= 0 || value.value <= max);
}

static void check_rollout(const struct sw_rollout *r)
{
    sw_assert(r->state >= SW_STATE_UNKNOWN && r->state < SW_STATE_COUNT);
    CHECK_TEXT(r->raw_state);
    CHECK_TEXT(r->version);
    CHECK_TEXT(r->build);
    CHECK_TEXT(r->identity);
    CHECK_TEXT(r->previous_version);
    CHECK_TEXT(r->previous_build);
    CHECK_TEXT(r->place);
    CHECK_TEXT(r->note);
    CHECK_TEXT(r->release_how);
    CHECK_TEXT(r->other.version);
    CHECK_TEXT(r->other.build);
    CHECK_TEXT(r->other.raw_state);
    sw_assert(r->other.state >= SW_STATE_UNKNOWN && r->other.state < SW_STATE_COUNT);
    check_value(r->other.percent_set, 100);
    check_value(r->pause_days_before, 0);
    sw_assert(r->paused_since_ms <= r->observed_at_ms);
    check_value(r->percent_set, 100);
    check_value(r->percent_actual, 100);
    check_value(r->next_percent, 100);
    check_value(r->pause_days_used, 0);
    check_value(r->pause_days_total, 0);
}

static void check_reading(const struct sw_reading *r, int64_t now_ms)
{
    sw_assert(r->metric > SW_METRIC_UNKNOWN && r->metric < SW_METRIC_COUNT);
    bool is_percent = strcmp(sw_metric_unit(r->metric), "percent") == 0;
    check_value(r->value, is_percent ? 100 : 0);
    check_value(r->n, 0);
    check_value(r->bad, 0);
    sw_assert(r->observed_at_ms == now_ms && r->true_for_ms <= now_ms);
    sw_assert(r->stale_after_s >= 0);
    CHECK_TEXT(r->period);
    CHECK_TEXT(r->origin);
}

static void check_series(const struct sw_series *s)
{
    sw_assert(s->bucket_s > 0);
    for (size_t i = 0; i < s->count; i++) {
        sw_assert(s->buckets[i].n >= 0 && s->buckets[i].bad >= 0);
        sw_assert(i == 0 || s->buckets[i].start_ms > s->buckets[i - 1].start_ms);
    }
}

static void check_plan(const struct sw_plan *plan)
{
    sw_assert(plan->count <= SW_STAGES_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        sw_assert(plan->stages[i].percent > 0 && plan->stages[i].percent <= 100);
        sw_assert(i == 0 || plan->stages[i].percent > plan->stages[i - 1].percent);
        sw_assert(plan->stages[i].soak_s >= 0);
    }
}

static void check_lists(const struct flow_reports *r)
{
    for (size_t i = 0; i < r->issues_count; i++)
        for (size_t k = 0; k < r->issues[i].count; k++) {
            CHECK_TEXT(r->issues[i].items[k].title);
            CHECK_TEXT(r->issues[i].items[k].culprit);
            CHECK_TEXT(r->issues[i].items[k].id);
            sw_assert(r->issues[i].items[k].events >= -1 && r->issues[i].items[k].users >= -1);
        }
    for (size_t i = 0; i < r->alarms_count; i++)
        for (size_t k = 0; k < r->alarms[i].count; k++) {
            CHECK_TEXT(r->alarms[i].items[k].name);
            CHECK_TEXT(r->alarms[i].items[k].state);
            CHECK_TEXT(r->alarms[i].items[k].reason);
        }
}

static void check_builds(const struct flow_builds *builds)
{
    for (size_t i = 0; i < builds->count; i++) {
        const struct sw_build_seen *build = &builds->items[i];
        CHECK_TEXT(build->version);
        CHECK_TEXT(build->build);
        CHECK_TEXT(build->processing);
        CHECK_TEXT(build->internal);
        CHECK_TEXT(build->external);
        CHECK_TEXT(build->beta_review);
        sw_assert(build->sessions >= -1 && build->crashes >= -1 && build->installs >= -1);
    }
}

static void check_reviews(const struct flow_reviews *reviews)
{
    for (size_t i = 0; i < reviews->count; i++) {
        const struct sw_review_seen *review = &reviews->items[i];
        CHECK_TEXT(review->title);
        CHECK_TEXT(review->body);
        CHECK_TEXT(review->territory);
        sw_assert(review->rating >= 1 && review->rating <= 5);
    }
}

void replies_check(const struct sw_flow *flow, size_t targets, int64_t now_ms)
{
    const struct flow_reports *r = flow_reports(flow);
    for (size_t i = 0; i < targets; i++) {
        if (r->has_rollout[i])
            check_rollout(&r->rollouts[i]);
        if (r->has_plan[i])
            check_plan(&r->plans[i]);
    }
    for (size_t i = 0; i < r->reading_count; i++)
        check_reading(&r->readings[i].reading, now_ms);
    for (size_t i = 0; i < r->series_count; i++)
        check_series(&r->series[i].series);
    check_lists(r);
    for (size_t i = 0; i < r->builds_count; i++)
        check_builds(&r->builds[i]);
    for (size_t i = 0; i < r->reviews_count; i++)
        check_reviews(&r->reviews[i]);
}

void replies_check_offers(const struct sw_source_kind *kind, const struct sw_target *target,
                          const struct sw_rollout *rollout)
{
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_source_offer offer;
        kind->offer(target, rollout, (enum sw_verb)verb, &offer);
        sw_assert((offer.effect[0] != '\0') == offer.is_possible);
        sw_assert((offer.reason[0] != '\0') != offer.is_possible);
        check_value(offer.to_percent, 100);
        CHECK_TEXT(offer.effect);
        CHECK_TEXT(offer.will_not);
    }
}

void replies_check_error(enum sw_code code, const struct sw_error *err)
{
    sw_assert(code == err->code);
    CHECK_TEXT(err->text);
    sw_assert(code == SW_OK || err->text[0]);
}
