/* view.c: see view.h. Builds the immutable picture readers draw from.
 *
 * Every snapshot lives in one arena with the snapshot struct itself, so that a
 * reader frees it with one call and nothing in it points into the model; the
 * buckets of trends, most of the bytes, are shared (buckets.h). The
 * stages of the work: sources, platforms (readings, gates, plan, offers),
 * checklist, events, actions. Nothing here decides what is true; it only says
 * how old it is and what follows from it. */
#include "model/view.h"

#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "model/agree.h"
#include "model/view_lists.h"
#include "model/view_verdict.h"

enum { EVENTS_SHOWN = 500, JUDGED_AT_ONCE = 8192 };

/* The arena holds everything but the buckets of trends, which the model shares. */
struct view {
    struct sw_arena *arena;
    size_t shared_count;
    struct sw_shared_buckets **shared; /* held until the snapshot is freed */
    struct sw_snapshot snapshot;
};

static struct view *view_of(struct sw_snapshot *snapshot)
{
    return (struct view *)((char *)snapshot - offsetof(struct view, snapshot));
}

void sw_snapshot_free(struct sw_snapshot *snapshot)
{
    if (!snapshot) return;
    struct view *view = view_of(snapshot);
    for (size_t i = 0; i < view->shared_count; i++) sw_shared_buckets_unref(view->shared[i]);
    sw_arena_free(view->arena);
}

/* ----------------------------------------------------------------- age */

/* A reading is as old as the data in it, not as the question. */
static int64_t data_time(int64_t observed_at_ms, int64_t true_for_ms)
{
    return true_for_ms && true_for_ms < observed_at_ms ? true_for_ms : observed_at_ms;
}

bool sw_view_is_rollout_stale(const struct sw_model *model,
                              const struct sw_model_platform *platform, int64_t now_ms)
{
    if (!platform->has_rollout || platform->is_rollout_cached) return true;
    return sw_view_is_too_old(model, platform->source, platform->rollout.observed_at_ms, 0, now_ms);
}

/* ------------------------------------------------------------- sources */

static void view_source(struct sw_arena *arena, const struct sw_model_source *from,
                        struct sw_source *to)
{
    *to = (struct sw_source){
        .id = sw_arena_strdup(arena, from->id),
        .kind = sw_arena_strdup(arena, from->kind),
        .title = sw_arena_strdup(arena, from->title),
        .base_url = sw_arena_strdup(arena, from->base_url),
        .is_ok = from->is_fresh && from->error.code == SW_OK,
        .is_fresh = from->is_fresh,
        .last_ok_at_ms = from->last_ok_at_ms,
        .failing_since_ms = from->failing_since_ms,
        .error = from->error.code == SW_OK ? NULL : sw_arena_strdup(arena, from->error.text),
        .error_code = from->error.code,
        .latency_ms = from->latency_ms,
        .next_poll_at_ms = from->next_poll_at_ms,
        .interval_s = from->interval_s,
        .stale_after_s = from->stale_after_s,
        .polls = from->polls,
        .failures = from->failures,
        .budget_left = from->budget_left,
        .budget_note = sw_view_text_or_empty(arena, from->budget_note),
        .advice = sw_view_text_or_empty(arena, from->advice),
        .clock_skew_s = from->clock_skew_s,
    };
}

/* The snapshot's own copy of the id: what is of one source points at one text. */
static const char *source_id(const struct view *view, size_t index)
{
    const struct sw_snapshot *snapshot = &view->snapshot;
    return snapshot->sources && index < snapshot->source_count ? snapshot->sources[index].id : "";
}

/* -------------------------------------------------------------- health */

/* The first configured source of a metric decides; false: not configured. */
static bool deciding_source(const struct sw_model_platform *platform, enum sw_metric metric,
                            size_t *source)
{
    for (size_t i = 0; i < platform->health_def_count; i++) {
        if (platform->health_defs[i].metric != metric) continue;
        *source = platform->health_defs[i].source;
        return true;
    }
    return false;
}

/* Below how many samples counts stand instead of a rate. */
static int min_sample_of(const struct sw_model_platform *platform, enum sw_metric metric)
{
    for (size_t i = 0; i < platform->gate_count; i++)
        if (platform->gates[i].metric == metric && platform->gates[i].min_sample > 0)
            return (int)platform->gates[i].min_sample;
    return (int)sw_gate_min_sample_preset(metric, (struct sw_value){0});
}

static const struct sw_reading *old_reading(const struct sw_model_platform *platform,
                                            const struct sw_model_reading *of)
{
    for (size_t i = 0; i < platform->reading_count; i++) {
        const struct sw_model_reading *it = &platform->readings[i];
        if (it->source == of->source && it->reading.side == SW_SIDE_OLD &&
            it->reading.metric == of->reading.metric && it->reading.window_s == of->reading.window_s)
            return &it->reading;
    }
    return NULL;
}

static void view_reading(struct view *view, const struct sw_model *model,
                         const struct sw_model_platform *platform,
                         const struct sw_model_reading *from, int64_t now_ms, struct sw_health *to)
{
    struct sw_arena *arena = view->arena;
    const struct sw_reading *new_side = &from->reading;
    const struct sw_reading *old_side = old_reading(platform, from);
    size_t deciding = 0;
    *to = (struct sw_health){
        .metric = new_side->metric,
        .window_s = new_side->window_s,
        .value = new_side->value,
        .n = new_side->n,
        .bad = new_side->bad,
        .old_value = old_side ? old_side->value : (struct sw_value){0},
        .old_n = old_side ? old_side->n : (struct sw_value){0},
        .observed_at_ms = new_side->observed_at_ms,
        .true_for_ms = new_side->true_for_ms,
        .min_sample = min_sample_of(platform, new_side->metric),
        .period = sw_view_text_or_empty(arena, new_side->period),
        .is_stale = sw_view_is_too_old(model, from->source,
                                       data_time(new_side->observed_at_ms, new_side->true_for_ms),
                                       new_side->stale_after_s, now_ms),
        .is_cached = from->is_cached,
        .is_deciding = deciding_source(platform, new_side->metric, &deciding) &&
                       deciding == from->source,
        .contradiction = "",
        .source = source_id(view, from->source),
        .origin = sw_view_text_or_empty(arena, new_side->origin),
    };
}

/* What stands beside is held against what decides. */
static void compare_sources(struct sw_arena *arena, struct sw_health *health, size_t count)
{
    char text[SW_LINE_MAX];
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < count && !health[i].is_deciding; d++)
            if (health[d].is_deciding &&
                sw_agree_contradicts(&health[d], &health[i], text, sizeof text))
                health[i].contradiction = sw_arena_strdup(arena, text);
}

static bool is_health_before(const struct sw_health *a, const struct sw_health *b)
{
    if (a->metric != b->metric) return a->metric < b->metric;
    if (a->is_deciding != b->is_deciding) return a->is_deciding;
    return a->window_s < b->window_s;
}

/* A handful of entries: insertion keeps them in reading order. */
static void sort_health(struct sw_health *health, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sw_health item = health[i];
        size_t at = i;
        for (; at > 0 && is_health_before(&item, &health[at - 1]); at--) health[at] = health[at - 1];
        health[at] = item;
    }
}

static void view_health(struct view *view, const struct sw_model *model,
                        const struct sw_model_platform *from, int64_t now_ms,
                        struct sw_platform *to)
{
    struct sw_arena *arena = view->arena;
    struct sw_health *health = sw_arena_array(arena, from->reading_count, sizeof *health);
    size_t count = 0;
    for (size_t i = 0; i < from->reading_count; i++)
        if (from->readings[i].reading.side == SW_SIDE_NEW)
            view_reading(view, model, from, &from->readings[i], now_ms, &health[count++]);
    sort_health(health, count);
    compare_sources(arena, health, count);
    to->health = health;
    to->health_count = count;
}

static size_t count_series(const struct sw_model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->platform_count; i++) count += model->platforms[i].series_count;
    return count;
}

/* `view` has room for every series of the model. */
static const struct sw_bucket *share_buckets(struct view *view, const struct sw_model_series *series)
{
    if (!series->shared) return NULL;
    view->shared[view->shared_count++] = sw_shared_buckets_ref(series->shared);
    return series->shared->items;
}

static const struct sw_model_series *old_series(const struct sw_model_platform *platform,
                                          const struct sw_model_series *of)
{
    for (size_t i = 0; i < platform->series_count; i++) {
        const struct sw_model_series *it = &platform->series[i];
        if (it->source == of->source && it->series.side == SW_SIDE_OLD &&
            it->series.metric == of->series.metric)
            return it;
    }
    return NULL;
}

static void view_trends(struct view *view, const struct sw_model_platform *from,
                        struct sw_platform *to)
{
    struct sw_trend *trends = sw_arena_array(view->arena, from->series_count, sizeof *trends);
    size_t count = 0;
    for (size_t i = 0; i < from->series_count; i++) {
        const struct sw_model_series *it = &from->series[i];
        if (it->series.side != SW_SIDE_NEW) continue;
        const struct sw_model_series *old_side = old_series(from, it);
        trends[count++] = (struct sw_trend){
            .metric = it->series.metric,
            .bucket_s = it->series.bucket_s,
            .new_count = it->series.count,
            .new_buckets = share_buckets(view, it),
            .old_count = old_side ? old_side->series.count : 0,
            .old_buckets = old_side ? share_buckets(view, old_side) : NULL,
            .source = source_id(view, it->source),
        };
    }
    to->trends = trends;
    to->trend_count = count;
}

const struct sw_health *sw_platform_health(const struct sw_platform *platform,
                                           enum sw_metric metric, int window_s)
{
    const struct sw_health *best = NULL;
    for (size_t i = 0; i < platform->health_count; i++) {
        const struct sw_health *it = &platform->health[i];
        if (it->metric != metric || !it->is_deciding) continue;
        if (window_s ? it->window_s == window_s : !best || it->window_s < best->window_s) best = it;
    }
    return best;
}

enum sw_metric sw_platform_headline_metric(const struct sw_platform *platform)
{
    static const enum sw_metric order[] = {
        SW_METRIC_CRASH_FREE_SESSIONS, SW_METRIC_CRASH_FREE_USERS, SW_METRIC_ERROR_RATE,
        SW_METRIC_LATENCY_P95, SW_METRIC_ANR_RATE,
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(order); i++)
        if (sw_platform_health(platform, order[i], 0)) return order[i];
    return SW_METRIC_UNKNOWN;
}

/* --------------------------------------------------------------- gates */

/* False: there is nothing to compare with, and so no such gate. */
static bool view_verdict_gate(struct sw_arena *arena, const struct sw_model_platform *from,
                              const struct sw_gate_rule *rule, const struct sw_platform *to,
                              struct sw_gate *gate)
{
    char reason[SW_LINE_MAX];
    struct sw_judged judgement = from->judgement;
    if (!sw_view_has_control(from)) return false;
    judgement.grounds.is_stale = to->grounds.is_stale;
    *gate = (struct sw_gate){
        .id = sw_arena_strdup(arena, rule->id),
        .metric = rule->metric,
        .window_s = (int)judgement.grounds.soak * judgement.grounds.bucket_s,
        .is_blocking = rule->is_blocking,
    };
    if (rule->stage > 0 && to->stage_index != rule->stage - 1) {
        sw_format(reason, sizeof reason, "for stage %d only, not in this stage", rule->stage);
        gate->verdict = SW_GATE_PASS;
    } else {
        gate->verdict = sw_judge_gate(&judgement, reason, sizeof reason);
    }
    gate->reason = sw_arena_strdup(arena, reason);
    return true;
}

static void view_gates(struct sw_arena *arena, const struct sw_model_platform *from,
                       struct sw_platform *to)
{
    struct sw_gate *gates = sw_arena_array(arena, from->gate_count, sizeof *gates);
    enum sw_gate_verdict worst = SW_GATE_PASS;
    size_t count = 0;
    for (size_t i = 0; i < from->gate_count; i++) {
        const struct sw_gate_rule *rule = &from->gates[i];
        if (rule->is_verdict) {
            if (view_verdict_gate(arena, from, rule, to, &gates[count])) {
                if (rule->is_blocking) worst = sw_gate_worse(worst, gates[count].verdict);
                count++;
            }
            continue;
        }
        const struct sw_health *health = sw_platform_health(to, rule->metric, rule->window_s);
        char reason[SW_LINE_MAX];
        enum sw_gate_verdict verdict =
            sw_gate_judge(rule, health, to->stage_index, reason, sizeof reason);
        gates[count++] = (struct sw_gate){
            .id = sw_arena_strdup(arena, rule->id),
            .verdict = verdict,
            .reason = sw_arena_strdup(arena, reason),
            .metric = rule->metric,
            .window_s = rule->window_s,
            .value = health ? health->value : (struct sw_value){0},
            .warn = rule->warn,
            .critical = rule->critical,
            .is_blocking = rule->is_blocking,
        };
        if (rule->is_blocking) worst = sw_gate_worse(worst, verdict);
    }
    to->gates = gates;
    to->gate_count = count;
    to->gates_worst = worst;
}

/* ---------------------------------------------------------------- plan */

static const char *const weekday_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static const char *plan_name(enum sw_plan_kind kind)
{
    switch (kind) {
    case SW_PLAN_STORE: return "store";
    case SW_PLAN_SERVICE: return "service";
    case SW_PLAN_STAGES: break;
    }
    return "stages";
}

static void view_stages(struct sw_arena *arena, const struct sw_model_platform *from,
                        struct sw_platform *to)
{
    const struct sw_plan *plan = &from->plan;
    struct sw_stage *stages = sw_arena_array(arena, plan->count, sizeof *stages);
    for (size_t i = 0; i < plan->count; i++) {
        const struct sw_plan_stage *stage = &plan->stages[i];
        stages[i] = (struct sw_stage){
            .percent = stage->percent,
            .soak_s = stage->soak_s,
            .at = stage->weekday < 0 || stage->weekday > 6
                      ? ""
                      : sw_arena_printf(arena, "%s %02d:%02d", weekday_names[stage->weekday],
                                        stage->minute_of_day / 60, stage->minute_of_day % 60),
            .is_done = (int)i < to->stage_index || to->state == SW_STATE_COMPLETE,
        };
    }
    to->plan_name = plan_name(plan->kind);
    to->stages = stages;
    to->stage_count = plan->count;
}

static void view_stage_now(const struct sw_model_platform *from, struct sw_platform *to)
{
    to->stage_index = from->has_rollout ? sw_plan_stage_of(&from->plan, to->percent_set) : -1;
    to->stage_since_ms = from->stage_since_ms;
    to->is_stage_since_ours = from->is_stage_since_ours;
}

/* When the next stage may begin by the plan; 0: not by time. */
static int64_t soak_end(const struct sw_model_platform *platform, int stage_index)
{
    if (!platform->has_rollout || platform->rollout.state != SW_STATE_ROLLING) return 0;
    return sw_plan_next_at(&platform->plan, stage_index, platform->stage_since_ms);
}

static const char *held_note(struct sw_arena *arena, const struct sw_platform *platform,
                             int64_t soak_left_s)
{
    char left[32];
    if (platform->gates_worst != SW_GATE_PASS)
        for (size_t i = 0; i < platform->gate_count; i++)
            if (platform->gates[i].is_blocking && platform->gates[i].verdict == platform->gates_worst)
                return sw_arena_printf(arena, "%s by %s",
                                       platform->gates_worst == SW_GATE_WAIT ? "WAITS" : "HELD",
                                       platform->gates[i].id);
    if (soak_left_s > 0)
        return sw_arena_printf(arena, "soak %s", sw_duration_text(soak_left_s, left, sizeof left));
    return "";
}

static void view_next(struct sw_arena *arena, const struct sw_model_platform *from, int64_t now_ms,
                      struct sw_platform *to)
{
    to->next_note = "";
    if (!from->has_rollout) return;
    const struct sw_rollout *rollout = &from->rollout;
    bool is_captains = from->plan.kind == SW_PLAN_STAGES;
    if (rollout->state == SW_STATE_HALTED) {
        to->next_note = "halted";
        return;
    }
    if (rollout->state != SW_STATE_ROLLING && rollout->state != SW_STATE_READY) return;
    if (!is_captains) {
        to->next_percent = rollout->next_percent;
        to->next_at_ms = rollout->next_at_ms;
        to->is_next_estimated = rollout->is_next_estimated;
        to->is_next_automatic = rollout->state == SW_STATE_ROLLING;
        return;
    }
    to->next_percent = rollout->state == SW_STATE_READY && from->plan.count
                           ? (struct sw_value){from->plan.stages[0].percent, true}
                           : sw_plan_next_percent(&from->plan, rollout->percent_set);
    to->next_at_ms = soak_end(from, to->stage_index);
    int64_t left_s = to->next_at_ms > now_ms ? (to->next_at_ms - now_ms + 999) / 1000 : 0;
    to->next_note = held_note(arena, to, left_s);
}

/* -------------------------------------------------------------- policy */

static const struct sw_record *tick_of(const struct sw_model *model, const char *item)
{
    return sw_fold_tick(model->fold, item);
}

static bool is_entry_done(const struct sw_model *model, const struct sw_checklist_entry *entry)
{
    const struct sw_record *tick = tick_of(model, entry->id);
    return tick ? tick->kind == SW_EVENT_TICK : entry->is_done_in_file;
}

static size_t blocking_open(const struct sw_model *model)
{
    size_t open = 0;
    for (size_t i = 0; i < model->checklist.count; i++)
        if (model->checklist.entries[i].is_blocking &&
            !is_entry_done(model, &model->checklist.entries[i]))
            open++;
    return open;
}

/* Does a refusal of the upstream close a verb? One that a question of ours got does. One that a verb
 * itself got closes no stop: what was refused a minute ago may pass now, and is asked for again by
 * whoever needs it. */
static bool is_right_missing(const struct sw_model_platform *from, enum sw_verb verb)
{
    const struct sw_model_right *right = &from->rights[verb];
    bool is_stop = verb == SW_VERB_HALT || verb == SW_VERB_ROLLBACK;
    return right->seen.right == SW_RIGHT_NO && !(right->is_of_verb && is_stop);
}

static void say_right_missing(const struct sw_model *model, const struct sw_model_platform *from,
                              enum sw_verb verb, char *out, size_t size)
{
    const struct sw_model_right *right = &from->rights[verb];
    char at[48];
    if (right->is_of_verb)
        sw_format(out, size, "refused at %s: %s (asking for rights, or a reload, opens it)",
                  sw_moment_text(right->at_ms, at, sizeof at), right->seen.words);
    else
        sw_format(out, size, "the key of %s has no right to %s: %s",
                  sw_view_source(model, from->source)->id, sw_verb_title(verb), right->seen.words);
}

static void policy_input(const struct sw_model *model, const struct sw_model_platform *from,
                         const struct sw_platform *view, enum sw_verb verb, int64_t now_ms,
                         size_t open_items, struct sw_policy_input *input)
{
    int64_t end_ms = soak_end(from, view->stage_index);
    *input = (struct sw_policy_input){
        .verb = verb,
        .is_read_only = model->is_read_only,
        .is_right_missing = is_right_missing(from, verb),
        .is_stale = sw_view_is_rollout_stale(model, from, now_ms),
        .is_halt_pending = from->halt_asked_ms != 0,
        .gates_worst = view->gates_worst,
        .blocking_open = open_items,
        .is_checklist_known = !model->has_checklist_config || model->has_checklist,
        .soak_left_s = end_ms > now_ms ? (end_ms - now_ms + 999) / 1000 : 0,
        .offer = &from->offers[verb],
    };
    if (input->is_right_missing)
        say_right_missing(model, from, verb, input->right_reason, sizeof input->right_reason);
    for (size_t i = 0; i < view->gate_count; i++) {
        const struct sw_gate *gate = &view->gates[i];
        if (!gate->is_blocking || gate->verdict != view->gates_worst) continue;
        sw_format(input->gate_reason, sizeof input->gate_reason, "%s %s", gate->id, gate->reason);
        break;
    }
}

/* "There is nothing to halt" is an old reading's word: it never closes a halt, which reads again. */
static bool is_halt_open(const struct sw_model *model, const struct sw_model_platform *from,
                         const struct sw_policy_input *input)
{
    return input->verb == SW_VERB_HALT && input->is_stale && !input->offer->is_possible &&
           !model->is_read_only && !input->is_right_missing && from->can_act && from->has_rollout &&
           from->rollout.identity[0] != '\0';
}

static void open_halt(struct sw_arena *arena, const char *reason, struct sw_offer *to)
{
    to->is_allowed = true;
    to->reason = "";
    to->effect = sw_arena_printf(arena,
                                 "When last read: %s. Slipway reads it again, and sends the halt only "
                                 "if there is something to halt.",
                                 reason);
}

/* A stop that was refused stays open, and says so. */
static const char *view_will_not(struct sw_arena *arena, const struct sw_model_platform *from,
                                 enum sw_verb verb)
{
    const struct sw_model_right *right = &from->rights[verb];
    const char *will_not = from->offers[verb].will_not;
    char at[48];
    if (right->seen.right != SW_RIGHT_NO || is_right_missing(from, verb))
        return sw_view_text_or_empty(arena, will_not);
    return sw_arena_printf(arena, "%s%sIt was refused at %s: %s", will_not,
                           will_not[0] != '\0' ? " " : "",
                           sw_moment_text(right->at_ms, at, sizeof at), right->seen.words);
}

static void view_offers(struct sw_arena *arena, const struct sw_model *model,
                        const struct sw_model_platform *from, int64_t now_ms, size_t open_items,
                        struct sw_platform *to)
{
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_policy_input input;
        struct sw_policy_answer answer;
        const struct sw_source_offer *offer = &from->offers[verb];
        policy_input(model, from, to, (enum sw_verb)verb, now_ms, open_items, &input);
        sw_policy_judge(&input, &answer);
        bool is_to_all = offer->to_percent.is_known && offer->to_percent.value >= 100;
        to->offers[verb] = (struct sw_offer){
            .verb = (enum sw_verb)verb,
            .is_allowed = answer.is_allowed,
            .can_override = answer.can_override,
            .needs_typed_id = verb == SW_VERB_COMPLETE || verb == SW_VERB_ROLLBACK ||
                              (verb == SW_VERB_ADVANCE && is_to_all),
            .reason = sw_view_text_or_empty(arena, answer.reason),
            .effect = sw_view_text_or_empty(arena, offer->effect),
            .will_not = view_will_not(arena, from, (enum sw_verb)verb),
            .from_percent = from->has_rollout ? from->rollout.percent_set : (struct sw_value){0},
            .to_percent = offer->to_percent,
        };
        if (is_halt_open(model, from, &input))
            open_halt(arena, answer.reason, &to->offers[verb]);
    }
}

/* ------------------------------------------------------------ platform */

static bool is_mobile(enum sw_kind kind)
{
    return kind == SW_KIND_IOS || kind == SW_KIND_ANDROID || kind == SW_KIND_WEAR;
}

/* What was really reached: the upstream's own measure, or on phones the new
 * version's share of sessions over a day. Unknown beats an old figure. */
static void view_actual(const struct sw_model_platform *from, struct sw_platform *to)
{
    to->actual_note = "";
    if (from->has_rollout && from->rollout.percent_actual.is_known) {
        to->percent_actual = from->rollout.percent_actual;
        to->actual_note = "measured by the deploy system";
        return;
    }
    if (!is_mobile(from->kind)) return;
    for (size_t i = 0; i < to->health_count; i++) {
        const struct sw_health *it = &to->health[i];
        if (it->metric != SW_METRIC_ADOPTION || it->window_s != 86400 || it->is_stale) continue;
        to->percent_actual = it->value;
        to->actual_note = "share of sessions, 24h";
        return;
    }
}

static void view_other(struct sw_arena *arena, const struct sw_other_version *from,
                       struct sw_other *to)
{
    *to = (struct sw_other){
        .version = sw_view_text_or_null(arena, from->version),
        .build = sw_view_text_or_null(arena, from->build),
        .state = from->state,
        .raw_state = sw_view_text_or_empty(arena, from->raw_state),
        .percent_set = from->percent_set,
    };
}

/* The store counts whole days, and does not say whether the present pause is among them. Surely
 * used is the larger of its count now, and its count at the first reading of this pause plus what
 * has passed since: so what is left is an upper bound, never a promise. */
static void view_pause(const struct sw_rollout *rollout, int64_t now_ms, struct sw_platform *to)
{
    const double day_s = (double)SW_DAY_MS / 1000;
    to->started_at_ms = rollout->started_at_ms;
    to->pause_days_used = rollout->pause_days_used;
    to->pause_days_total = rollout->pause_days_total;
    to->paused_since_ms = rollout->paused_since_ms;
    to->is_pause_begin_seen = rollout->is_pause_begin_seen;
    if (!rollout->pause_days_total.is_known || !rollout->pause_days_used.is_known) return;
    double used_s = rollout->pause_days_used.value * day_s;
    if (rollout->paused_since_ms > 0 && now_ms > rollout->paused_since_ms) {
        double watched_s = (double)(now_ms - rollout->paused_since_ms) / 1000;
        if (rollout->pause_days_before.is_known)
            watched_s += rollout->pause_days_before.value * day_s;
        if (watched_s > used_s) used_s = watched_s;
    }
    double left_s = rollout->pause_days_total.value * day_s - used_s;
    to->pause_left_s = (struct sw_value){left_s > 0 ? left_s : 0, true};
}

/* What `halt_weekends` would take from the budget, were it carried out. */
static void view_weekends(const struct sw_model_platform *from, int64_t now_ms,
                          struct sw_platform *to)
{
    const struct sw_plan *plan = &from->plan;
    to->is_halt_weekends = plan->kind == SW_PLAN_STORE && plan->halt_weekends;
    if (!to->is_halt_weekends || to->state == SW_STATE_COMPLETE) return;
    struct sw_weekends weekends = sw_plan_weekends_most(plan);
    if (to->state == SW_STATE_ROLLING && to->stage_index >= 0)
        weekends = sw_plan_weekends(plan, to->stage_index, from->rollout.next_at_ms, now_ms);
    to->weekends_to_come = weekends.count;
    to->weekends_pause_s = weekends.pause_s;
}

static void view_rollout(struct sw_arena *arena, const struct sw_model *model,
                         const struct sw_model_platform *from, int64_t now_ms,
                         struct sw_platform *to)
{
    const struct sw_rollout *rollout = &from->rollout;
    to->state = from->has_rollout ? rollout->state : SW_STATE_UNKNOWN;
    to->raw_state = sw_view_text_or_empty(arena, rollout->raw_state);
    to->note = sw_view_text_or_empty(arena, rollout->note);
    to->place = sw_view_text_or_empty(arena, rollout->place);
    to->version = sw_view_text_or_null(arena, rollout->version);
    to->build = sw_view_text_or_null(arena, rollout->build);
    to->previous_version = sw_view_text_or_null(arena, rollout->previous_version);
    to->previous_build = sw_view_text_or_null(arena, rollout->previous_build);
    to->identity = sw_view_text_or_null(arena, rollout->identity);
    to->percent_set = rollout->percent_set;
    to->observed_at_ms = rollout->observed_at_ms;
    to->halt_wait = from->has_rollout ? rollout->halt_wait : SW_HALT_WAIT_NONE;
    to->halt_wait_note = sw_view_text_or_empty(arena, rollout->halt_wait_note);
    to->release_how = sw_view_text_or_empty(arena, rollout->release_how);
    view_other(arena, &rollout->other, &to->other);
    view_pause(rollout, now_ms, to);
    to->is_stale = sw_view_is_rollout_stale(model, from, now_ms);
    to->is_cached = from->is_rollout_cached;
    to->override_text = sw_view_text_or_null(arena, from->override_text);
    to->halt_asked_ms = from->halt_asked_ms;
}

static const char *const *view_includes(struct sw_arena *arena,
                                        const struct sw_model_platform *from)
{
    const char **includes = sw_arena_array(arena, from->includes_count, sizeof *includes);
    for (size_t i = 0; i < from->includes_count; i++)
        includes[i] = sw_arena_strdup(arena, from->includes[i]);
    return includes;
}

static void view_platform(struct view *view, const struct sw_model *model,
                          const struct sw_model_platform *from, int64_t now_ms, size_t open_items,
                          struct sw_platform *to)
{
    struct sw_arena *arena = view->arena;
    *to = (struct sw_platform){
        .id = sw_arena_strdup(arena, from->id),
        .title = sw_arena_strdup(arena, from->title),
        .kind = from->kind,
        .includes_count = from->includes_count,
        .includes = view_includes(arena, from),
        .source = from->has_source ? source_id(view, from->source) : "",
        .is_stop_skipped = from->is_stop_skipped,
        .is_stop_rollback = from->is_stop_rollback,
    };
    view_rollout(arena, model, from, now_ms, to);
    view_stage_now(from, to);
    view_weekends(from, now_ms, to);
    view_stages(arena, from, to);
    view_health(view, model, from, now_ms, to);
    view_trends(view, from, to);
    view_actual(from, to);
    sw_view_verdict(model, from, now_ms, to);
    view_gates(arena, from, to);
    view_next(arena, from, now_ms, to);
    view_offers(arena, model, from, now_ms, open_items, to);
    sw_view_lists(arena, model, from, now_ms, to);
}

void sw_view_policy_input(const struct sw_model *model, const struct sw_model_platform *platform,
                          enum sw_verb verb, int64_t now_ms, struct sw_policy_input *input)
{
    struct sw_arena *arena = sw_arena_new(0);
    struct view of = {.arena = arena};
    struct sw_platform view = {0};
    sw_assert(verb > SW_VERB_NONE && verb < SW_VERB_COUNT);
    view.percent_set = platform->rollout.percent_set;
    view_stage_now(platform, &view);
    view_health(&of, model, platform, now_ms, &view);
    sw_view_verdict(model, platform, now_ms, &view);
    view_gates(arena, platform, &view);
    policy_input(model, platform, &view, verb, now_ms, blocking_open(model), input);
    sw_arena_free(arena);
}

/* ----------------------------------------------- checklist, log, actions */

static void view_checklist(struct sw_arena *arena, const struct sw_model *model,
                           struct sw_checklist *to)
{
    struct sw_checklist_item *items =
        sw_arena_array(arena, model->checklist.count, sizeof *items);
    *to = (struct sw_checklist){
        .is_known = model->has_checklist,
        .note = sw_view_text_or_empty(arena, model->checklist_note),
        .file = sw_view_text_or_empty(arena, model->checklist_file),
        .ref = sw_view_text_or_empty(arena, model->checklist_ref),
        .observed_at_ms = model->checklist_observed_at_ms,
        .count = model->checklist.count,
        .items = items,
        .total = model->checklist.count,
        .blocking_open = blocking_open(model),
    };
    for (size_t i = 0; i < model->checklist.count; i++) {
        const struct sw_checklist_entry *from = &model->checklist.entries[i];
        const struct sw_record *tick = tick_of(model, from->id);
        items[i] = (struct sw_checklist_item){
            .id = sw_arena_strdup(arena, from->id),
            .text = sw_view_text_or_empty(arena, from->text),
            .phase = sw_view_text_or_empty(arena, from->phase),
            .owner = sw_arena_strdup(arena, from->owner),
            .due = sw_arena_strdup(arena, from->due),
            .depth = from->depth,
            .is_done = is_entry_done(model, from),
            .is_done_in_file = from->is_done_in_file,
            .is_blocking = from->is_blocking,
            .done_by = tick && tick->kind == SW_EVENT_TICK ? sw_arena_strdup(arena, tick->actor) : NULL,
            .done_at_ms = tick && tick->kind == SW_EVENT_TICK ? tick->at_ms : 0,
        };
        to->done += items[i].is_done;
    }
}

static void view_event(struct sw_arena *arena, const struct sw_record *record, struct sw_event *to)
{
    sw_record_view(record, to);
    to->uuid = sw_arena_strdup(arena, to->uuid);
    to->actor = sw_arena_strdup(arena, to->actor);
    to->platform = sw_arena_strdup(arena, to->platform);
    to->intent = sw_arena_strdup(arena, to->intent);
    to->version = sw_arena_strdup(arena, to->version);
    to->identity = sw_arena_strdup(arena, to->identity);
    to->reason = sw_arena_strdup(arena, to->reason);
    to->override_text = sw_arena_strdup(arena, to->override_text);
    to->item = sw_arena_strdup(arena, to->item);
    to->text = sw_arena_strdup(arena, to->text);
    to->commit = sw_arena_strdup(arena, to->commit);
}

static void view_events(struct sw_arena *arena, const struct sw_model *model,
                        struct sw_snapshot *to)
{
    size_t total = sw_fold_count(model->fold);
    size_t first = total > EVENTS_SHOWN ? total - EVENTS_SHOWN : 0;
    struct sw_event *events = sw_arena_array(arena, total - first, sizeof *events);
    for (size_t i = first; i < total; i++)
        view_event(arena, sw_fold_at(model->fold, i), &events[i - first]);
    to->events = events;
    to->event_count = total - first;
}

static void view_actions(struct sw_arena *arena, const struct sw_model *model,
                         struct sw_snapshot *to)
{
    struct sw_action *actions = sw_arena_array(arena, model->action_count, sizeof *actions);
    for (size_t i = 0; i < model->action_count; i++) {
        const struct sw_model_action *from = &model->actions[i];
        actions[i] = (struct sw_action){
            .id = from->id,
            .parent = from->parent,
            .platform = sw_view_text_or_empty(arena, from->platform),
            .verb = from->verb,
            .version = sw_view_text_or_null(arena, from->version),
            .asked_ms = from->asked_ms,
            .accepted_ms = from->accepted_ms,
            .seen_ms = from->seen_ms,
            .result = from->result,
            .is_settlement = from->is_settlement,
            .text = sw_view_text_or_empty(arena, from->text),
            .percent_before = from->percent_before,
            .percent_after = from->percent_after,
        };
    }
    to->actions = actions;
    to->action_count = model->action_count;
}

static void view_head(struct sw_arena *arena, const struct sw_model *model, int64_t now_ms,
                      struct sw_snapshot *to)
{
    *to = (struct sw_snapshot){
        .serial = model->serial,
        .at_ms = now_ms,
        .is_cached = model->is_cached,
        .cached_at_ms = model->cached_at_ms,
        .is_read_only = model->is_read_only,
        .is_simulation = model->is_simulation,
        .speed = model->speed,
        .has_polled_all = model->has_polled_all,
        .release = sw_view_text_or_null(arena, model->release),
        .release_tag = sw_view_text_or_null(arena, model->release_tag),
        .zone = sw_view_text_or_empty(arena, model->zone),
        .captain = sw_view_text_or_empty(arena, model->captain),
        .notice = sw_view_text_or_null(arena, model->notice),
        .is_ledger_ok = model->is_ledger_ok,
        .ledger_error = sw_view_text_or_null(arena, model->ledger_error),
        .platform_count = model->platform_count,
        .source_count = model->source_count,
    };
}

struct sw_snapshot *sw_view_build(struct sw_model *model, int64_t now_ms)
{
    struct sw_arena *arena = sw_arena_new(16384);
    struct view *view = sw_arena_alloc(arena, sizeof *view);
    struct sw_snapshot *to = &view->snapshot;
    model->serial++;
    model->is_judging = sw_verdict_refresh(model, now_ms, JUDGED_AT_ONCE);
    view->arena = arena;
    view->shared = sw_arena_array(arena, count_series(model), sizeof(struct sw_shared_buckets *));
    view_head(arena, model, now_ms, to);

    struct sw_source *sources = sw_arena_array(arena, model->source_count, sizeof *sources);
    for (size_t i = 0; i < model->source_count; i++)
        view_source(arena, &model->sources[i], &sources[i]);
    to->sources = sources;

    size_t open_items = blocking_open(model);
    struct sw_platform *platforms =
        sw_arena_array(arena, model->platform_count, sizeof *platforms);
    for (size_t i = 0; i < model->platform_count; i++)
        view_platform(view, model, &model->platforms[i], now_ms, open_items, &platforms[i]);
    to->platforms = platforms;

    view_checklist(arena, model, &to->checklist);
    view_events(arena, model, to);
    view_actions(arena, model, to);
    return to;
}

const struct sw_platform *sw_snapshot_platform(const struct sw_snapshot *snapshot, const char *id)
{
    for (size_t i = 0; id && i < snapshot->platform_count; i++)
        if (!strcmp(snapshot->platforms[i].id, id)) return &snapshot->platforms[i];
    return NULL;
}

/* ---------------------------------------------------------- next change */

/* Keeps the earliest time that still lies ahead. */
static void keep_earliest(int64_t at_ms, int64_t now_ms, int64_t *next)
{
    if (at_ms > now_ms && (*next == 0 || at_ms < *next)) *next = at_ms;
}

int64_t sw_view_next_change(const struct sw_model *model, int64_t now_ms)
{
    int64_t next = 0;
    for (size_t i = 0; i < model->platform_count; i++) {
        const struct sw_model_platform *it = &model->platforms[i];
        if (it->has_rollout) {
            keep_earliest(sw_view_stale_at(model, it->source, it->rollout.observed_at_ms, 0), now_ms,
                          &next);
            keep_earliest(soak_end(it, sw_plan_stage_of(&it->plan, it->rollout.percent_set)), now_ms,
                          &next);
        }
        for (size_t r = 0; r < it->reading_count; r++) {
            const struct sw_reading *reading = &it->readings[r].reading;
            keep_earliest(sw_view_stale_at(model, it->readings[r].source,
                                           data_time(reading->observed_at_ms, reading->true_for_ms),
                                           reading->stale_after_s),
                          now_ms, &next);
        }
        for (size_t a = 0; a < it->alarm_count; a++)
            keep_earliest(sw_view_stale_at(model, it->alarms[a].source,
                                           it->alarms[a].alarm.observed_at_ms, 0),
                          now_ms, &next);
        keep_earliest(sw_view_verdict_stale_at(model, it), now_ms, &next);
        if (it->has_tags)
            keep_earliest(sw_view_stale_at(model, it->tags_source, it->tags.observed_at_ms, 0), now_ms,
                          &next);
    }
    return next;
}
