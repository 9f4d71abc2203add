/* view_verdict.c: see view_verdict.h. */
#include "model/view_verdict.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"

/* ------------------------------------------------------------------- the series */

static const struct sw_model_health_def *deciding(const struct sw_model_platform *platform,
                                                  enum sw_metric metric)
{
    for (size_t i = 0; i < platform->health_def_count; i++)
        if (platform->health_defs[i].metric == metric)
            return &platform->health_defs[i];
    return NULL;
}

/* The counted metric that the platform is judged by, of the source that decides it. */
static const struct sw_model_health_def *counted(const struct sw_model_platform *platform)
{
    static const enum sw_metric order[] = {SW_METRIC_CRASH_FREE_SESSIONS, SW_METRIC_ERROR_RATE};
    for (size_t i = 0; i < SW_ARRAY_LEN(order); i++) {
        const struct sw_model_health_def *def = deciding(platform, order[i]);
        if (def != NULL)
            return def;
    }
    return NULL;
}

/* Of this run: those of an earlier one are in its table. */
static const struct sw_series *series_of(const struct sw_model_platform *platform,
                                         const struct sw_model_health_def *def, enum sw_side side)
{
    for (size_t i = 0; i < platform->series_count; i++) {
        const struct sw_model_series *it = &platform->series[i];
        if (it->source == def->source && it->series.metric == def->metric &&
            it->series.side == side && !it->is_cached)
            return &it->series;
    }
    return NULL;
}

static void key_of(const struct sw_model *model, const struct sw_model_platform *platform,
                   const struct sw_model_health_def *def, struct sw_buckets_key *key)
{
    const struct sw_rollout *rollout = &platform->rollout;
    *key = (struct sw_buckets_key){.metric = def->metric};
    sw_copy(key->identity, sizeof key->identity, rollout->identity);
    sw_copy(key->version, sizeof key->version, rollout->version);
    sw_copy(key->build, sizeof key->build, rollout->build);
    sw_copy(key->previous_version, sizeof key->previous_version, rollout->previous_version);
    sw_copy(key->previous_build, sizeof key->previous_build, rollout->previous_build);
    sw_copy(key->source, sizeof key->source, model->sources[def->source].id);
}

static void fold_series(const struct sw_model *model, struct sw_model_platform *platform,
                        const struct sw_model_health_def *def, int64_t now_ms)
{
    struct sw_buckets_key key;
    const struct sw_series *new_side = series_of(platform, def, SW_SIDE_NEW);
    const struct sw_series *old_side = series_of(platform, def, SW_SIDE_OLD);
    if (new_side == NULL || old_side == NULL)
        return;
    if (new_side->observed_at_ms == platform->buckets.read_ms[SW_SIDE_NEW] &&
        old_side->observed_at_ms == platform->buckets.read_ms[SW_SIDE_OLD])
        return;
    key_of(model, platform, def, &key);
    sw_buckets_fold(&platform->buckets, &key, new_side, old_side, now_ms);
}

/* ---------------------------------------------------------------------- judging */

static void options_of(const struct sw_model *model, struct sw_model_platform *platform,
                       struct sw_judge_options *options)
{
    int stage = sw_plan_stage_of(&platform->plan, platform->rollout.percent_set);
    struct sw_judged_by *by = &platform->judged_by;
    size_t events = sw_fold_count(model->fold);
    if (by->fold != model->fold || by->fold_count != events) {
        by->event = (unsigned)sw_fold_test_events(model->fold, platform->id,
                                                  platform->rollout.identity, &by->event_ms);
        by->fold = model->fold;
        by->fold_count = events;
    }
    *options = (struct sw_judge_options){
        .soak_s = stage >= 0 ? platform->plan.stages[stage].soak_s : 0,
        .event = by->event,
        .event_ms = by->event_ms,
    };
}

static bool is_judged(const struct sw_model_platform *platform,
                      const struct sw_judge_options *options)
{
    const struct sw_judged_by *by = &platform->judged_by;
    return by->revision == platform->buckets.revision && by->options.soak_s == options->soak_s &&
           by->options.event == options->event && by->options.event_ms == options->event_ms;
}

/* How many buckets that took; 0: nothing had changed. */
static size_t refresh(const struct sw_model *model, struct sw_model_platform *platform,
                      int64_t now_ms, bool may_judge)
{
    struct sw_judge_options options;
    const struct sw_model_health_def *def = counted(platform);
    if (def == NULL || def->source >= model->source_count || !platform->has_rollout)
        return 0;
    fold_series(model, platform, def, now_ms);
    struct sw_buckets *buckets = &platform->buckets;
    if (buckets->read_ms[SW_SIDE_NEW] == 0)
        return 0; /* a table of an earlier run alone: what that run has judged stands */
    options_of(model, platform, &options);
    if (is_judged(platform, &options)) {
        platform->judgement.observed_at_ms = buckets->read_ms[SW_SIDE_NEW];
        return 0;
    }
    if (may_judge) {
        sw_judge(buckets, &options, &platform->judgement);
        platform->judged_by.revision = buckets->revision;
        platform->judged_by.options = options;
    }
    return buckets->count + 1;
}

bool sw_verdict_refresh(struct sw_model *model, int64_t now_ms, size_t slots)
{
    size_t used = 0;
    for (size_t i = 0; i < model->platform_count; i++) {
        bool may_judge = used == 0 || used < slots;
        size_t took = refresh(model, &model->platforms[i], now_ms, may_judge);
        if (took > 0 && !may_judge)
            return true;
        used += took;
    }
    return false;
}

/* ---------------------------------------------------------------------- showing */

int64_t sw_view_verdict_stale_at(const struct sw_model *model,
                                 const struct sw_model_platform *platform)
{
    const struct sw_model_health_def *def = counted(platform);
    if (def == NULL || def->source >= model->source_count ||
        platform->judgement.observed_at_ms == 0)
        return 0;
    int64_t stale_after_s = model->sources[def->source].stale_after_s;
    return platform->judgement.observed_at_ms + stale_after_s * SW_SECOND_MS + 1;
}

void sw_view_verdict(const struct sw_model *model, const struct sw_model_platform *from,
                     int64_t now_ms, struct sw_platform *to)
{
    const struct sw_judged *it = &from->judgement;
    const int64_t slack_ms = SW_MINUTE_MS; /* a clock that was set back tells no age */
    to->verdict = it->state;
    to->ratio = it->ratio;
    to->ratio_low = it->ratio_low;
    to->ratio_high = it->ratio_high;
    to->log_e = it->log_e;
    to->worse_since_ms = it->since_ms;
    to->n_new = it->n_new;
    to->n_old = it->n_old;
    to->grounds = it->grounds;
    to->grounds.is_stale = it->is_cached || now_ms >= sw_view_verdict_stale_at(model, from) ||
                           it->observed_at_ms > now_ms + slack_ms;
    if (it->observed_at_ms == 0 && it->state == SW_VERDICT_UNKNOWN)
        to->grounds.is_stale = false; /* there is nothing that could be old */
}

static bool is_served(enum sw_state state)
{
    return state == SW_STATE_ROLLING || state == SW_STATE_HALTED || state == SW_STATE_COMPLETE;
}

/* The deciding source has answered, without counts in buckets. */
static bool is_uncounted(const struct sw_model_platform *platform,
                         const struct sw_model_health_def *def)
{
    for (size_t i = 0; i < platform->reading_count; i++) {
        const struct sw_model_reading *it = &platform->readings[i];
        if (it->source == def->source && it->reading.metric == def->metric && !it->is_cached)
            return series_of(platform, def, SW_SIDE_NEW) == NULL ||
                   series_of(platform, def, SW_SIDE_OLD) == NULL;
    }
    return false;
}

bool sw_view_has_control(const struct sw_model_platform *platform)
{
    const struct sw_model_health_def *def = counted(platform);
    const struct sw_rollout *rollout = &platform->rollout;
    const struct sw_judged *it = &platform->judgement;
    if (def == NULL || !platform->has_rollout)
        return false;
    if (it->state != SW_VERDICT_UNKNOWN)
        return true;
    if (rollout->previous_version[0] == '\0' && rollout->previous_build[0] == '\0')
        return false;
    if (!is_served(rollout->state) || is_uncounted(platform, def))
        return false;
    return it->has_old || !it->has_new;
}
