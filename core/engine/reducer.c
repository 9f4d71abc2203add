/* reducer.c: see reducer.h. */
#include "engine/reducer.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"

static const double percent_tolerance = 0.0005;

static bool is_same_percent(struct sw_value a, struct sw_value b)
{
    if (a.is_known != b.is_known)
        return false;
    return !a.is_known || fabs(a.value - b.value) <= percent_tolerance;
}

static bool is_same_identity(const struct sw_rollout *a, const struct sw_rollout *b)
{
    return !strcmp(a->identity, b->identity) && !strcmp(a->version, b->version) &&
           !strcmp(a->build, b->build);
}

/* The versions that health is asked by. */
static bool is_same_versions(const struct sw_rollout *a, const struct sw_rollout *b)
{
    return is_same_identity(a, b) && !strcmp(a->previous_version, b->previous_version) &&
           !strcmp(a->previous_build, b->previous_build);
}

static int64_t true_time(const struct sw_rollout *rollout)
{
    return rollout->true_for_ms != 0 ? rollout->true_for_ms : rollout->observed_at_ms;
}

/* ------------------------------------------------------------------- stage */

/* Verbs after which a stage begins. */
static bool is_stage_start(enum sw_verb verb)
{
    return verb == SW_VERB_ADVANCE || verb == SW_VERB_RESUME || verb == SW_VERB_COMPLETE;
}

/* Our own outcome that began the present stage, NULL: none. */
static const struct sw_record *own_start(const struct sw_model *model,
                                         const struct sw_model_platform *platform)
{
    const struct sw_rollout *rollout = &platform->rollout;
    if (rollout->identity[0] == '\0' || !rollout->percent_set.is_known)
        return NULL;
    const struct sw_record *seen = sw_fold_last_seen(model->fold, platform->id, rollout->identity);
    if (seen == NULL || !is_stage_start(seen->verb))
        return NULL;
    int stage = sw_plan_stage_of(&platform->plan, rollout->percent_set);
    return sw_plan_stage_of(&platform->plan, seen->to_percent) == stage ? seen : NULL;
}

/* before NULL: the first look in this run, and nothing comparable in the cache. */
static void find_stage_start(struct sw_reducer *reducer, size_t index,
                             const struct sw_rollout *before)
{
    struct sw_model_platform *platform = &reducer->model->platforms[index];
    struct sw_reducer_platform *mine = &reducer->platforms[index];
    const struct sw_rollout *rollout = &platform->rollout;
    const struct sw_plan *plan = &platform->plan;
    bool is_new = before == NULL || !is_same_identity(before, rollout) ||
                  sw_plan_stage_of(plan, before->percent_set) !=
                      sw_plan_stage_of(plan, rollout->percent_set) ||
                  (before->state != rollout->state && rollout->state == SW_STATE_ROLLING);
    if (is_new || platform->stage_since_ms == 0) {
        platform->stage_since_ms = rollout->observed_at_ms;
        platform->is_stage_since_ours = false;
        mine->is_stage_guess = before == NULL;
        sw_model_set_text(&platform->override_text, NULL);
    }
    const struct sw_record *own = own_start(reducer->model, platform);
    if (own == NULL || platform->is_stage_since_ours)
        return;
    /* A guess yields to any own outcome; what was watched beginning, only to one of that time: the
     * outcome is written a moment before or after the reading that shows it. */
    int64_t slack_ms = 10 * SW_MINUTE_MS;
    if (!mine->is_stage_guess && own->at_ms + slack_ms < platform->stage_since_ms)
        return;
    platform->stage_since_ms = own->at_ms;
    platform->is_stage_since_ours = true;
    mine->is_stage_guess = false;
    sw_model_set_text(&platform->override_text, own->override_text);
}

void sw_reducer_refold(struct sw_reducer *reducer)
{
    for (size_t i = 0; i < reducer->model->platform_count; i++)
        if (reducer->model->platforms[i].has_rollout)
            find_stage_start(reducer, i, &reducer->model->platforms[i].rollout);
}

/* ----------------------------------------------------------------- changes */

static const char *percent_text(struct sw_value percent, char buf[32])
{
    return percent.is_known ? sw_percent_text(percent, true, buf, 32) : "unknown";
}

/* Apple takes a day for each of its steps, and the last but one is at 50 %: who had fewer a moment
 * ago was completed by hand. Without phases a version goes from 0 to everybody. */
static bool is_own_end(const struct sw_rollout *before, const struct sw_rollout *after)
{
    return !before->percent_set.is_known || before->percent_set.value <= 0 ||
           before->percent_set.value >= 50 ||
           after->observed_at_ms - before->observed_at_ms >= SW_DAY_MS;
}

/* Things a store or deploy system does by itself. */
static bool is_by_itself(enum sw_plan_kind plan, const struct sw_rollout *before,
                         const struct sw_rollout *after)
{
    switch (after->state) {
    case SW_STATE_HALTED:
    case SW_STATE_ROLLED_BACK:
        return false;
    case SW_STATE_ROLLING:
        return before->state != SW_STATE_HALTED &&
               (plan == SW_PLAN_SERVICE || before->state != SW_STATE_READY);
    case SW_STATE_COMPLETE:
        return plan == SW_PLAN_SERVICE || (plan == SW_PLAN_STORE && is_own_end(before, after));
    default:
        return true; /* building, testing, review, failures: shown, but nobody's key */
    }
}

bool sw_reducer_is_outside_change(enum sw_plan_kind plan, const struct sw_rollout *before,
                                  const struct sw_rollout *after, char *text, size_t size)
{
    char from[32], to[32];
    if (before->state == SW_STATE_UNKNOWN || after->state == SW_STATE_UNKNOWN)
        return false;
    if (strcmp(before->identity, after->identity) != 0 && before->identity[0] != '\0' &&
        after->identity[0] != '\0') {
        sw_format(text, size, "changed outside Slipway: now %s (%s), was %s (%s)", after->version,
                  after->identity, before->version, before->identity);
        return plan != SW_PLAN_SERVICE; /* deployments come and go by themselves */
    }
    if (before->state != after->state) {
        sw_format(text, size, "changed outside Slipway: now %s, was %s",
                  sw_state_title(after->state), sw_state_title(before->state));
        return !is_by_itself(plan, before, after);
    }
    if (plan != SW_PLAN_STAGES || !before->percent_set.is_known || !after->percent_set.is_known ||
        is_same_percent(before->percent_set, after->percent_set))
        return false;
    sw_format(text, size, "changed outside Slipway: now %s, was %s",
              percent_text(after->percent_set, to), percent_text(before->percent_set, from));
    return true;
}

/* ----------------------------------------------------------------- rollout */

void sw_reducer_offer(struct sw_reducer *reducer, size_t index)
{
    struct sw_model_platform *platform = &reducer->model->platforms[index];
    memset(platform->offers, 0, sizeof platform->offers);
    if (!platform->has_rollout || !platform->can_act)
        return;
    const struct sw_source_kind *kind = reducer->setup->sources[platform->source].kind;
    struct sw_target target = reducer->setup->platforms[index].rollout;
    target.plan = &platform->plan;
    target.rollout = &platform->rollout;
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++)
        kind->offer(&target, &platform->rollout, (enum sw_verb)verb, &platform->offers[verb]);
}

static void fold_rollout(struct sw_reducer *reducer, size_t index, const struct sw_rollout *rollout)
{
    struct sw_model_platform *platform = &reducer->model->platforms[index];
    bool is_first = !platform->has_rollout || platform->is_rollout_cached;
    /* What we hold was read in the future: the clock was set back, and tells no order. */
    bool is_ordered = reducer->now_ms == 0 || true_time(&platform->rollout) <= reducer->now_ms;
    if (!is_first && is_ordered && true_time(rollout) < true_time(&platform->rollout))
        return; /* a slow poll, overtaken by a re-read */
    struct sw_rollout before = {0};
    bool has_before = platform->has_rollout;
    if (has_before)
        sw_rollout_copy(&before, &platform->rollout);
    sw_model_put_rollout(platform, rollout);
    sw_reducer_offer(reducer, index);
    find_stage_start(reducer, index, has_before ? &before : NULL);
    if (!has_before || !is_same_versions(&before, rollout)) {
        if (has_before)
            sw_model_drop_health(platform);
        reducer->on_version(reducer->arg, index);
    }
    if (has_before) /* what the last run saw counts: it may have changed while none of us ran */
        reducer->on_change(reducer->arg, index, &before, &platform->rollout);
    sw_rollout_clear(&before);
}

/* ------------------------------------------------------------------ health */

/* Did the flow ask by the versions the store shows now? */
static bool is_current(const struct sw_model_platform *platform, const struct sw_target *target)
{
    if (target->role != SW_ROLE_HEALTH || !platform->has_rollout)
        return true;
    return target->rollout != NULL && is_same_versions(target->rollout, &platform->rollout);
}

/* --------------------------------------------------------------- checklist */

static void fold_checklist(struct sw_model *model, const struct sw_report *report, int64_t now_ms)
{
    struct sw_checklist_doc doc = {0};
    struct sw_error error = {0};
    enum sw_code code = sw_checklist_parse(report->u.checklist.text, report->u.checklist.len,
                                           report->u.checklist.file, &doc, &error);
    model->checklist_observed_at_ms = now_ms;
    sw_copy(model->checklist_file, sizeof model->checklist_file, report->u.checklist.file);
    sw_copy(model->checklist_ref, sizeof model->checklist_ref, report->u.checklist.ref);
    sw_checklist_doc_clear(&model->checklist);
    model->has_checklist = code == SW_OK;
    sw_model_set_text(&model->checklist_note, code == SW_OK ? NULL : error.text);
    if (code == SW_OK)
        model->checklist = doc;
}

static void fold_checklist_error(struct sw_model *model, const char *reason)
{
    sw_checklist_doc_clear(&model->checklist);
    model->has_checklist = false;
    sw_model_set_text(&model->checklist_note, reason);
}

/* --------------------------------------------------------------- interface */

/* Reports about the release train rather than a platform. */
static bool fold_train(struct sw_reducer *reducer, const struct sw_flow *flow,
                       const struct sw_report *report)
{
    switch (report->kind) {
    case SW_REPORT_RELEASE:
        reducer->on_release(reducer->arg, report->u.release.name, report->u.release.tag);
        return true;
    case SW_REPORT_CHECKLIST:
        fold_checklist(reducer->model, report, flow->now_ms);
        return true;
    case SW_REPORT_CHECKLIST_ERROR:
        fold_checklist_error(reducer->model, report->u.checklist.text);
        return true;
    default:
        return false;
    }
}

static void fold_health(struct sw_model_platform *platform, const struct sw_target *target,
                        size_t source, const struct sw_report *report)
{
    if (!is_current(platform, target))
        return;
    if (report->kind == SW_REPORT_READING)
        sw_model_put_reading(platform, source, &report->u.reading, false);
    else if (report->kind == SW_REPORT_SERIES)
        sw_model_put_series(platform, source, &report->u.series);
    else if (report->kind == SW_REPORT_REVIEWS)
        sw_model_put_reviews(platform, source, report->u.reviews.list, report->u.reviews.count);
    else
        sw_model_put_issues(platform, source, report->u.issues.list, report->u.issues.count);
}

static void fold_report(struct sw_reducer *reducer, size_t index, const struct sw_target *target,
                        size_t source, const struct sw_report *report)
{
    struct sw_model_platform *platform = &reducer->model->platforms[index];
    switch (report->kind) {
    case SW_REPORT_ROLLOUT:
        fold_rollout(reducer, index, &report->u.rollout);
        break;
    case SW_REPORT_READING:
    case SW_REPORT_SERIES:
    case SW_REPORT_ISSUES:
    case SW_REPORT_REVIEWS:
        fold_health(platform, target, source, report);
        break;
    case SW_REPORT_BUILDS:
        sw_model_put_builds(platform, source, report->u.builds.list, report->u.builds.count);
        break;
    case SW_REPORT_ALARMS:
        sw_model_put_alarms(platform, source, report->u.alarms.list, report->u.alarms.count);
        break;
    case SW_REPORT_TAGS:
        sw_model_put_tags(platform, source, &report->u.tags);
        break;
    case SW_REPORT_PLAN:
        if (platform->plan.kind == SW_PLAN_SERVICE) {
            platform->plan = report->u.plan;
            platform->plan.kind = SW_PLAN_SERVICE;
            sw_reducer_offer(reducer, index);
        }
        break;
    case SW_REPORT_RELEASE:
    case SW_REPORT_CHECKLIST:
    case SW_REPORT_CHECKLIST_ERROR:
        break;
    }
}

void sw_reducer_fold(struct sw_reducer *reducer, const struct sw_flow *flow)
{
    bool is_current_setup = flow->setup == reducer->setup;
    if (!is_current_setup && !flow->is_action)
        return;
    for (const struct sw_report *report = flow->reports.first; report != NULL;
         report = report->next) {
        if (fold_train(reducer, flow, report) || flow->target_count == 0)
            continue;
        const struct sw_target *target = &flow->targets[report->target];
        size_t index = sw_setup_same_target(reducer->setup, flow->setup, target->platform);
        if (index == SIZE_MAX || (!is_current_setup && report->kind != SW_REPORT_ROLLOUT))
            continue;
        fold_report(reducer, index, target, flow->source, report);
    }
}
