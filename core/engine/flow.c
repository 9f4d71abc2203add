/* flow.c: what a source sees of its flow (sources/source.h), and nothing else, so that a test can
 * put its own in this object's place. Its locks are in flow_lock.c.
 *
 * Text from outside that a source hands in is already clean; names of the release and the
 * checklist come from a repository and are cleaned here once more. A request that changes what
 * users get passes the action's before_send first (is a newer halt in the ledger?); in a dry run
 * it is written down instead of sent. */
#include "engine/flow.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* What a source remembers, at most: deployments come and go. */
enum { LAST_MAX = 1000 };

static const struct sw_config_source *config_source(const struct sw_flow *flow)
{
    return &flow->setup->config->sources[flow->source];
}

const struct sw_node *sw_flow_account(const struct sw_flow *flow)
{
    return config_source(flow)->options;
}

const char *sw_flow_source_id(const struct sw_flow *flow)
{
    return config_source(flow)->id;
}

size_t sw_flow_target_count(const struct sw_flow *flow)
{
    return flow->target_count;
}

const struct sw_target *sw_flow_target(const struct sw_flow *flow, size_t i)
{
    sw_assert(i < flow->target_count);
    return &flow->targets[i];
}

int64_t sw_flow_now(const struct sw_flow *flow)
{
    return flow->now_ms;
}

bool sw_flow_is_action(const struct sw_flow *flow)
{
    return flow->is_action;
}

bool sw_flow_is_dry_run(const struct sw_flow *flow)
{
    return flow->is_dry_run;
}

const char *sw_flow_principal(const struct sw_flow *flow)
{
    struct sw_auth *auth = flow->setup->sources[flow->source].principal;
    return auth == NULL ? NULL : sw_auth_google_email(auth);
}

const char *sw_flow_repository(const struct sw_flow *flow)
{
    return flow->setup->config->repository;
}

const char *sw_flow_release_tags(const struct sw_flow *flow)
{
    return flow->setup->config->release_tags;
}

const char *sw_flow_checklist_file(const struct sw_flow *flow)
{
    return flow->setup->config->checklist_file;
}

const char *sw_flow_checklist_ref(const struct sw_flow *flow)
{
    return flow->setup->config->checklist_ref;
}

const char *sw_flow_release_name(const struct sw_flow *flow)
{
    return flow->release_name;
}

const char *sw_flow_base_url(const struct sw_flow *flow)
{
    return config_source(flow)->base_url;
}

/* --------------------------------------------------------------- exchanges */

static enum sw_code write_down(struct sw_flow *flow, const struct sw_request *request,
                               struct sw_reply *reply)
{
    sw_request_describe(request, config_source(flow)->base_url, &flow->requests);
    sw_buf_addc(&flow->requests, '\n');
    *reply = (struct sw_reply){.status = 200};
    return SW_OK;
}

static enum sw_code send(struct sw_flow *flow, const struct sw_request *request,
                         struct sw_reply *reply, struct sw_error *err)
{
    struct sw_error error = {0};
    if (flow->channel == NULL)
        return sw_fail(err, SW_E_INTERNAL, "source %s has no connection", sw_flow_source_id(flow));
    bool is_mutating = request->operation->effect == SW_EFFECT_MUTATE;
    if (is_mutating)
        flow->sent++;
    enum sw_code code = sw_exchange(flow->channel, request, reply, &error);
    if (is_mutating && !request->operation->is_staged)
        flow->is_effect_open = code == SW_OK || code == SW_E_OUTCOME_UNKNOWN;
    if (err != NULL && code != SW_OK)
        *err = error;
    return code;
}

enum sw_code sw_flow_exchange(struct sw_flow *flow, const struct sw_request *request,
                              struct sw_reply *reply, struct sw_error *err)
{
    enum sw_effect effect = request->operation->effect;
    *reply = (struct sw_reply){0};
    if (flow->hooks != NULL && effect != SW_EFFECT_READ) {
        enum sw_code code = flow->hooks->before_send(flow->hooks->arg, request->operation, err);
        if (code != SW_OK)
            return code;
    }
    if (flow->is_dry_run && effect == SW_EFFECT_MUTATE)
        return write_down(flow, request, reply);
    if (flow->is_dry_run && effect == SW_EFFECT_EDIT) {
        sw_request_describe(request, config_source(flow)->base_url, &flow->requests);
        sw_buf_addc(&flow->requests, '\n');
    }
    return send(flow, request, reply, err);
}

/* ------------------------------------------------------------- remembered */

int64_t sw_flow_last(const struct sw_flow *flow, const char *key)
{
    struct sw_setup_source *source = &flow->setup->sources[flow->source];
    int64_t at_ms = 0;
    sw_mutex_lock(&source->lock);
    for (size_t i = 0; i < source->last_count; i++)
        if (!strcmp(source->last[i].key, key))
            at_ms = source->last[i].at_ms;
    sw_mutex_unlock(&source->lock);
    return at_ms;
}

/* The place of a key; a new one's, at the end or, where there are many, the oldest one's. */
static struct sw_setup_last *last_of(struct sw_setup_source *source, const char *key)
{
    size_t oldest = 0;
    for (size_t i = 0; i < source->last_count; i++) {
        if (!strcmp(source->last[i].key, key))
            return &source->last[i];
        if (source->last[i].at_ms < source->last[oldest].at_ms)
            oldest = i;
    }
    if (source->last_count < LAST_MAX) {
        oldest = source->last_count++;
        source->last = sw_xrealloc_array(source->last, source->last_count, sizeof *source->last);
    }
    sw_copy(source->last[oldest].key, sizeof source->last[oldest].key, key);
    return &source->last[oldest];
}

void sw_flow_set_last(struct sw_flow *flow, const char *key)
{
    struct sw_setup_source *source = &flow->setup->sources[flow->source];
    sw_mutex_lock(&source->lock);
    last_of(source, key)->at_ms = flow->now_ms;
    sw_mutex_unlock(&source->lock);
}

/* ----------------------------------------------------------------- reports */

static struct sw_report *report(struct sw_flow *flow, enum sw_report_kind kind,
                                const struct sw_target *target)
{
    size_t i = 0;
    if (target != NULL) {
        i = (size_t)(target - flow->targets);
        sw_assert(i < flow->target_count);
    }
    return sw_reports_add(&flow->reports, kind, i);
}

void sw_flow_report_rollout(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_rollout *rollout)
{
    struct sw_report *to = report(flow, SW_REPORT_ROLLOUT, target);
    sw_rollout_copy(&to->u.rollout, rollout);
}

void sw_flow_report_reading(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_reading *reading)
{
    report(flow, SW_REPORT_READING, target)->u.reading = *reading;
}

static void *copy_list(const void *list, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *copy = sw_xcalloc(count, size);
    memcpy(copy, list, count * size);
    return copy;
}

void sw_flow_report_series(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_series *series)
{
    struct sw_report *to = report(flow, SW_REPORT_SERIES, target);
    to->u.series = *series;
    to->u.series.buckets = copy_list(series->buckets, series->count, sizeof *series->buckets);
}

static size_t at_most(size_t count)
{
    return count < SW_REPORT_LIST_MAX ? count : SW_REPORT_LIST_MAX;
}

void sw_flow_report_issues(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_issue_seen *issues, size_t count)
{
    struct sw_report *to = report(flow, SW_REPORT_ISSUES, target);
    to->u.issues.count = at_most(count);
    to->u.issues.list = copy_list(issues, to->u.issues.count, sizeof *issues);
}

void sw_flow_report_builds(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_build_seen *builds, size_t count)
{
    struct sw_report *to = report(flow, SW_REPORT_BUILDS, target);
    to->u.builds.count = at_most(count);
    to->u.builds.list = copy_list(builds, to->u.builds.count, sizeof *builds);
}

void sw_flow_report_reviews(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_review_seen *reviews, size_t count)
{
    struct sw_report *to = report(flow, SW_REPORT_REVIEWS, target);
    to->u.reviews.count = at_most(count);
    to->u.reviews.list = copy_list(reviews, to->u.reviews.count, sizeof *reviews);
}

void sw_flow_report_alarms(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_alarm_seen *alarms, size_t count)
{
    struct sw_report *to = report(flow, SW_REPORT_ALARMS, target);
    to->u.alarms.count = at_most(count);
    to->u.alarms.list = copy_list(alarms, to->u.alarms.count, sizeof *alarms);
}

void sw_flow_report_tags(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_tags_seen *tags)
{
    struct sw_report *to = report(flow, SW_REPORT_TAGS, target);
    to->u.tags = *tags;
    to->u.tags.shown_count = tags->commits == NULL ? 0 : at_most(tags->shown_count);
    to->u.tags.commits = copy_list(tags->commits, to->u.tags.shown_count, sizeof *tags->commits);
}

void sw_flow_report_release(struct sw_flow *flow, const char *name, const char *tag)
{
    struct sw_report *to = report(flow, SW_REPORT_RELEASE, NULL);
    sw_text_clean_copy(to->u.release.name, sizeof to->u.release.name, name);
    sw_text_clean_copy(to->u.release.tag, sizeof to->u.release.tag, tag);
}

void sw_flow_report_checklist(struct sw_flow *flow, const char *file, const char *ref,
                              const char *text, size_t len)
{
    if (len > SW_REPORT_CHECKLIST_MAX) {
        sw_flow_report_checklist_error(flow, "the checklist file is larger than 1 MiB");
        return;
    }
    struct sw_report *to = report(flow, SW_REPORT_CHECKLIST, NULL);
    sw_text_clean_copy(to->u.checklist.file, sizeof to->u.checklist.file, file);
    sw_text_clean_copy(to->u.checklist.ref, sizeof to->u.checklist.ref, ref);
    to->u.checklist.text = sw_xmalloc(len + 1);
    memcpy(to->u.checklist.text, text, len);
    to->u.checklist.text[len] = '\0';
    to->u.checklist.len = len;
}

void sw_flow_report_checklist_error(struct sw_flow *flow, const char *reason)
{
    char text[512];
    struct sw_report *to = report(flow, SW_REPORT_CHECKLIST_ERROR, NULL);
    to->u.checklist.len = sw_text_clean_copy(text, sizeof text, reason);
    to->u.checklist.text = sw_xstrdup(text);
}

void sw_flow_report_plan(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_plan *plan)
{
    report(flow, SW_REPORT_PLAN, target)->u.plan = *plan;
}
