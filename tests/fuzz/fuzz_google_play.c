/*
 * fuzz_google_play.c: whatever Google Play replies, a poll reports a rollout that holds together or
 * an error, its handle can be read back, and a verb writes only what it was asked to.
 *
 * First two bytes (a letter, a newline): q the questions about rights; p a poll and a second one on
 * its rollout; a the same as an action; w a reading of written reviews; otherwise a verb on version
 * code 41200 (h halt, x a halt that may cancel a review, r resume, v advance to 50 %, c complete, b
 * roll back), whose next part is the handle of the last known rollout.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "replies.h"
#include "sources/google_play.h"

extern const struct sw_source_kind sw_source_google_play;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "id: play\nkind: google_play\nkey_file: /nowhere/key.json\n"
#define PHONE   "source: play\npackage: com.acme.app\ntrack: production\n"

static void poll(struct replies *replies, bool is_action)
{
    static const struct sw_plan plan = {.count = 2, .stages = {{.percent = 5}, {.percent = 100}}};
    struct sw_rollout last = {0};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    target->plan = &plan;
    flow_set_action(flow, is_action);
    flow_perform_with(flow, replies_perform, replies);
    for (int i = 0; i < 2; i++) {
        struct sw_error err = {0};
        enum sw_code code = flow_observe(flow, &err);
        replies_check_error(code, &err);
        const struct sw_rollout *rollout = flow_rollout(flow, 0);
        sw_assert(code != SW_OK || rollout);
        if (!rollout)
            continue;
        static struct gplay_track track;
        int64_t version_code = 0;
        replies_check(flow, 1, rollout->observed_at_ms);
        replies_check_offers(&sw_source_google_play, target, rollout);
        sw_assert(gplay_handle_read(rollout->handle, "com.acme.app", "production", &track,
                                    &version_code, NULL));
        sw_assert(version_code == gplay_code(rollout->identity));
        sw_rollout_clear(&last);
        sw_rollout_copy(&last, rollout);
        target->rollout = &last;
    }
    flow_free(flow);
    sw_rollout_clear(&last);
}

/* A verb under way: what it may write. */
struct writes {
    struct replies *replies;
    const char *status; /* the target's, when the verb succeeds */
    int puts, commits;
    const char *behaviour; /* the commit's, in a review */
};

static bool has_target(const json_t *track, const char *status)
{
    size_t i, k;
    const json_t *release, *code;
    json_array_foreach(json_object_get(track, "releases"), i, release)
        json_array_foreach(json_object_get(release, "versionCodes"), k, code)
    {
        const char *text = json_string_value(code);
        bool is_it = (text && strcmp(text, "41200") == 0) ||
                     (json_is_integer(code) && json_integer_value(code) == 41200);
        const char *word = json_string_value(json_object_get(release, "status"));
        if (is_it && word && (strcmp(word, status) == 0 || strcmp(word, "completed") == 0))
            return true;
    }
    return false;
}

static enum sw_code perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    struct writes *writes = arg;
    if (request->operation == &gplay_operations[GPLAY_TRACKS_UPDATE]) {
        json_t *track = NULL;
        sw_assert(sw_json_parse(request->body, request->body_len, NULL, &track, NULL) == SW_OK);
        sw_assert(has_target(track, writes->status));
        json_decref(track);
        writes->puts++;
    }
    if (request->operation == &gplay_operations[GPLAY_EDITS_COMMIT]) {
        writes->commits++;
        sw_assert(writes->commits <= writes->puts && writes->commits <= 3);
        sw_assert(request->query_count == 1 &&
                  strcmp(request->query[0].value, writes->behaviour) == 0);
    }
    return replies_perform(writes->replies, request, reply, err);
}

/* What is counted is never more than there is, and a window that cannot be read has no share. */
static void reviews(struct replies *replies)
{
    static const int64_t now_ms = INT64_C(1768899600000);
    struct sw_rollout rollout = {.build = "41200", .previous_build = "41102"};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target *target = flow_add_target(
        flow, SW_ROLE_HEALTH, "metric: one_star_share\nsource: play\npackage: com.acme.app\n");
    target->metric = SW_METRIC_ONE_STAR_SHARE;
    target->rollout = &rollout;
    target->windows_s[0] = 86400;
    target->windows_s[1] = 14 * 86400;
    target->window_count = 2;
    flow_perform_with(flow, replies_perform, replies);
    for (int i = 0; i < 2; i++) {
        struct sw_error err = {0};
        flow_set_now(flow, now_ms + i * INT64_C(3600000));
        replies_check_error(flow_observe(flow, &err), &err);
        replies_check(flow, 1, now_ms + i * INT64_C(3600000));
        const struct flow_reports *reports = flow_reports(flow);
        for (size_t k = 0; k < reports->reading_count; k++) {
            const struct sw_reading *r = &reports->readings[k].reading;
            sw_assert(r->window_s == 86400 || (!r->value.is_known && !r->n.is_known));
            sw_assert(!r->value.is_known || (r->n.value > 0 && r->bad.value <= r->n.value));
        }
        for (size_t k = 0; k < reports->reviews_count; k++)
            for (size_t j = 0; j < reports->reviews[k].count; j++)
                sw_assert(reports->reviews[k].items[j].rating >= 1 &&
                          reports->reviews[k].items[j].rating <= 2);
    }
    flow_free(flow);
}

static void act(struct replies *replies, enum sw_verb verb, const char *status, bool may_cancel)
{
    struct sw_error err = {0};
    struct writes writes = {.replies = replies,
                            .status = status,
                            .behaviour = may_cancel ? "CANCEL_IN_REVIEW_AND_SUBMIT"
                                                    : "ERROR_IF_IN_REVIEW"};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_rollout before = {.handle = replies_take(replies)};
    struct sw_act act = {.verb = verb, .before = &before, .to_percent = {50, true},
                         .may_cancel_review = may_cancel};
    sw_copy(before.identity, sizeof(before.identity), "41200");
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    flow_set_action(flow, true);
    flow_perform_with(flow, perform, &writes);
    enum sw_code code = flow_act(flow, &act, &err);
    replies_check_error(code, &err);
    sw_ignore(gplay_is_seen(&act, &before));
    flow_free(flow);
    sw_rollout_clear(&before);
}

/* Nothing that asks for rights may change anything, whatever is answered. */
static enum sw_code perform_harmless(void *arg, const struct sw_request *request,
                                     struct sw_reply *reply, struct sw_error *err)
{
    /* A staged write waits for a commit that is never sent. */
    sw_assert(request->operation->effect != SW_EFFECT_MUTATE || request->operation->is_staged);
    return replies_perform(arg, request, reply, err);
}

static void rights(struct replies *replies)
{
    struct sw_error err = {0};
    struct sw_right_seen seen[SW_VERB_COUNT];
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    flow_perform_with(flow, perform_harmless, replies);
    enum sw_code code = flow_rights(flow, seen, &err);
    if (code != SW_OK) /* else some answers may have been no use */
        replies_check_error(code, &err);
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++)
        sw_assert(memchr(seen[verb].words, 0, sizeof(seen[verb].words)) != NULL);
    flow_free(flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replies replies;
    char mode = size > 1 ? (char)data[0] : 'p';
    replies_init(&replies, data + (size > 1 ? 2 : size), size > 1 ? size - 2 : 0);
    switch (mode) {
    case 'h':
        act(&replies, SW_VERB_HALT, "halted", false);
        break;
    case 'x':
        act(&replies, SW_VERB_HALT, "halted", true);
        break;
    case 'w':
        reviews(&replies);
        break;
    case 'r':
        act(&replies, SW_VERB_RESUME, "inProgress", false);
        break;
    case 'v':
        act(&replies, SW_VERB_ADVANCE, "inProgress", false);
        break;
    case 'c':
        act(&replies, SW_VERB_COMPLETE, "completed", false);
        break;
    case 'b':
        act(&replies, SW_VERB_ROLLBACK, "halted", false);
        break;
    case 'q':
        rights(&replies);
        break;
    default:
        poll(&replies, mode == 'a');
        break;
    }
    return 0;
}
