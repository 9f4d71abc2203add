/* flow_answers.c: what a source asks of its flow, and what it reports to it. */
#include "support/flow_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"

/* ------------------------------------------------------------------ asking */

const struct sw_node *sw_flow_account(const struct sw_flow *flow)
{
    return sw_document_root(flow->account);
}

const char *sw_flow_source_id(const struct sw_flow *flow)
{
    return sw_node_str(sw_document_root(flow->account), "id");
}

size_t sw_flow_target_count(const struct sw_flow *flow)
{
    return flow->target_count;
}

const struct sw_target *sw_flow_target(const struct sw_flow *flow, size_t i)
{
    sw_assert(i < flow->target_count);
    return flow->targets[i];
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
    return flow->principal;
}

const char *sw_flow_repository(const struct sw_flow *flow)
{
    return flow->repository.path;
}

const char *sw_flow_release_tags(const struct sw_flow *flow)
{
    return flow->repository.release_tags;
}

const char *sw_flow_checklist_file(const struct sw_flow *flow)
{
    return flow->repository.checklist_file;
}

const char *sw_flow_checklist_ref(const struct sw_flow *flow)
{
    return flow->repository.checklist_ref;
}

const char *sw_flow_release_name(const struct sw_flow *flow)
{
    return flow->repository.release_name;
}

const char *sw_flow_base_url(const struct sw_flow *flow)
{
    const char *url = sw_node_str(sw_document_root(flow->account), "base_url");
    return url ? url : flow->kind->base_url;
}

enum sw_code sw_flow_lock(struct sw_flow *flow, const char *name, struct sw_error *err)
{
    if (flow->are_locks_broken)
        return sw_fail(err, SW_E_IO, "no lock %s: read-only file system", name);
    if (flow->are_locks_busy)
        return sw_fail(err, SW_E_BUSY, "the test holds %s", name);
    sw_assert(flow->lock_count < LOCKS_MAX);
    sw_copy(flow->locks[flow->lock_count], sizeof(flow->locks[0]), name);
    flow->is_held[flow->lock_count++] = true;
    return SW_OK;
}

bool sw_flow_is_lock_wanted(const struct sw_flow *flow, const char *name)
{
    (void)name;
    return !flow->is_action && flow->has_wanted && flow->exchanges >= flow->wanted_after;
}

void sw_flow_unlock(struct sw_flow *flow, const char *name)
{
    for (size_t i = 0; i < flow->lock_count; i++)
        if (flow->is_held[i] && strcmp(flow->locks[i], name) == 0)
            flow->is_held[i] = false;
}

int64_t sw_flow_last(const struct sw_flow *flow, const char *key)
{
    for (size_t i = 0; i < flow->last_count; i++)
        if (strcmp(flow->last[i].key, key) == 0)
            return flow->last[i].at_ms;
    return 0;
}

void sw_flow_set_last(struct sw_flow *flow, const char *key)
{
    flow_set_last_ms(flow, key, flow->now_ms);
}

/* --------------------------------------------------------------- reporting */

void flow_reports_clear(struct sw_flow *flow)
{
    struct flow_reports *r = &flow->reports;
    for (size_t i = 0; i < TARGETS_MAX; i++) {
        sw_rollout_clear(&r->rollouts[i]);
        free(r->tags[i].commits);
        r->tags[i] = (struct sw_tags_seen){0};
        r->has_rollout[i] = r->has_tags[i] = r->has_plan[i] = false;
    }
    for (size_t i = 0; i < r->series_count; i++)
        free(r->series[i].series.buckets);
    for (size_t i = 0; i < r->issues_count; i++)
        free(r->issues[i].items);
    for (size_t i = 0; i < r->builds_count; i++)
        free(r->builds[i].items);
    for (size_t i = 0; i < r->reviews_count; i++)
        free(r->reviews[i].items);
    for (size_t i = 0; i < r->alarms_count; i++)
        free(r->alarms[i].items);
    free(r->readings);
    free(r->series);
    free(r->issues);
    free(r->builds);
    free(r->reviews);
    free(r->alarms);
    free(r->release);
    free(r->release_tag);
    free(r->checklist);
    free(r->checklist_file);
    free(r->checklist_ref);
    free(r->checklist_error);
    *r = (struct flow_reports){.rollouts = r->rollouts,
                               .has_rollout = r->has_rollout,
                               .tags = r->tags,
                               .has_tags = r->has_tags,
                               .plans = r->plans,
                               .has_plan = r->has_plan};
}

static size_t target_index(const struct sw_flow *flow, const struct sw_target *target)
{
    size_t i = 0;
    while (i < flow->target_count && flow->targets[i] != target)
        i++;
    sw_assert(i < flow->target_count); /* a report for a target that is not the flow's */
    return i;
}

void sw_flow_report_rollout(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_rollout *rollout)
{
    size_t i = target_index(flow, target);
    sw_rollout_clear(&flow->reports.rollouts[i]);
    sw_rollout_copy(&flow->reports.rollouts[i], rollout);
    flow->reports.has_rollout[i] = true;
}

void sw_flow_report_reading(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_reading *reading)
{
    struct flow_reports *r = &flow->reports;
    r->readings = sw_xrealloc_array(r->readings, r->reading_count + 1, sizeof(*r->readings));
    r->readings[r->reading_count++] = (struct flow_reading){target_index(flow, target), *reading};
}

/* A copy of count items; NULL for none. */
static void *copy_items(const void *items, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *copy = sw_xcalloc(count, size);
    memcpy(copy, items, count * size);
    return copy;
}

void sw_flow_report_series(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_series *series)
{
    struct flow_reports *r = &flow->reports;
    r->series = sw_xrealloc_array(r->series, r->series_count + 1, sizeof(*r->series));
    struct flow_series *to = &r->series[r->series_count++];
    *to = (struct flow_series){target_index(flow, target), *series};
    to->series.buckets = copy_items(series->buckets, series->count, sizeof(*series->buckets));
}

void sw_flow_report_issues(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_issue_seen *issues, size_t count)
{
    struct flow_reports *r = &flow->reports;
    r->issues = sw_xrealloc_array(r->issues, r->issues_count + 1, sizeof(*r->issues));
    r->issues[r->issues_count++] = (struct flow_issues){target_index(flow, target), count,
                                                        copy_items(issues, count, sizeof(*issues))};
}

void sw_flow_report_builds(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_build_seen *builds, size_t count)
{
    struct flow_reports *r = &flow->reports;
    r->builds = sw_xrealloc_array(r->builds, r->builds_count + 1, sizeof(*r->builds));
    r->builds[r->builds_count++] = (struct flow_builds){target_index(flow, target), count,
                                                        copy_items(builds, count, sizeof(*builds))};
}

void sw_flow_report_reviews(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_review_seen *reviews, size_t count)
{
    struct flow_reports *r = &flow->reports;
    r->reviews = sw_xrealloc_array(r->reviews, r->reviews_count + 1, sizeof(*r->reviews));
    r->reviews[r->reviews_count++] = (struct flow_reviews){
        target_index(flow, target), count, copy_items(reviews, count, sizeof(*reviews))};
}

void sw_flow_report_alarms(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_alarm_seen *alarms, size_t count)
{
    struct flow_reports *r = &flow->reports;
    r->alarms = sw_xrealloc_array(r->alarms, r->alarms_count + 1, sizeof(*r->alarms));
    r->alarms[r->alarms_count++] = (struct flow_alarms){target_index(flow, target), count,
                                                        copy_items(alarms, count, sizeof(*alarms))};
}

void sw_flow_report_tags(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_tags_seen *tags)
{
    size_t i = target_index(flow, target);
    free(flow->reports.tags[i].commits);
    flow->reports.tags[i] = *tags;
    flow->reports.tags[i].commits =
        copy_items(tags->commits, tags->shown_count, sizeof(*tags->commits));
    flow->reports.has_tags[i] = true;
}

static void replace(char **to, const char *text)
{
    free(*to);
    *to = sw_xstrdup(text);
}

void sw_flow_report_release(struct sw_flow *flow, const char *name, const char *tag)
{
    replace(&flow->reports.release, name);
    replace(&flow->reports.release_tag, tag);
}

void sw_flow_report_checklist(struct sw_flow *flow, const char *file, const char *ref,
                              const char *text, size_t len)
{
    replace(&flow->reports.checklist_file, file);
    replace(&flow->reports.checklist_ref, ref);
    free(flow->reports.checklist);
    flow->reports.checklist = sw_xstrndup(text, len);
}

void sw_flow_report_checklist_error(struct sw_flow *flow, const char *reason)
{
    replace(&flow->reports.checklist_error, reason);
}

void sw_flow_report_plan(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_plan *plan)
{
    size_t i = target_index(flow, target);
    flow->reports.plans[i] = *plan;
    flow->reports.has_plan[i] = true;
}
