/* poll.c: from the scheduler to a worker and back: polls as the engine thread sees them.
 *
 * Health is asked by version, and versions come from the stores: a health unit first becomes due
 * when the stores of all its platforms have answered or failed once, and at once when a store
 * shows another version. In a one-shot each unit is read once, then rests; a read that the upstream
 * throttled is not yet an answer there (sw_sched_again).
 *
 * A poll never stands in an action's way: while one is about to send, the unit of its platform is
 * not started, and a flow of it that runs is cut short. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"

enum {
    INTERVAL_MIN_MS = 20,
    UNITS_TOGETHER_MAX = 64,
};

struct poll_job {
    struct sw_job job;
    struct sw_setup *setup; /* a reference */
    struct sw_unit *unit;   /* of setup */
    struct sw_flow *flow;
    int64_t begun_ms; /* mono */
    enum sw_code code;
    struct sw_error error;
};

static size_t poll_limit(const struct sw_core *core)
{
    size_t count = core->engine.pool.count;
    return count > 1 ? count - (SW_WORKERS - SW_WORKERS_FOR_POLLS) : 1;
}

static int64_t interval_ms(const struct sw_core *core, const struct sw_setup *setup, size_t source)
{
    int64_t ms = sw_clock_real_duration(&core->clock,
                                        setup->config->sources[source].interval_s * SW_SECOND_MS);
    return ms > INTERVAL_MIN_MS ? ms : INTERVAL_MIN_MS;
}

/* ------------------------------------------------------------- health waits */

static bool is_store_answered(const struct sw_setup *setup, size_t platform)
{
    size_t unit = setup->platforms[platform].rollout_unit;
    return unit == SIZE_MAX || setup->units[unit].is_attempted;
}

static bool is_version_there(const struct sw_core *core, const struct sw_unit *unit)
{
    for (size_t i = 0; i < unit->target_count; i++) {
        size_t platform = unit->targets[i].platform;
        bool is_cached_enough =
            !core->is_oneshot && core->engine.model.platforms[platform].has_rollout;
        if (!is_cached_enough && !is_store_answered(core->engine.setup, platform))
            return false;
    }
    return true;
}

static bool has_platform(const struct sw_unit *unit, size_t platform)
{
    for (size_t i = 0; i < unit->target_count; i++)
        if (unit->targets[i].platform == platform)
            return true;
    return false;
}

void sw_polls_health_now(struct sw_core *core, size_t platform)
{
    struct sw_setup *setup = core->engine.setup;
    int64_t now_ms = sw_time_mono_ms();
    for (size_t i = 0; i < setup->unit_count; i++) {
        struct sw_unit *unit = &setup->units[i];
        if (unit->is_health && has_platform(unit, platform) && is_version_there(core, unit))
            sw_sched_at(&setup->sched, unit, now_ms, now_ms, true);
    }
}

/* A store has answered or failed for the first time. */
static void wake_health_behind(struct sw_core *core, const struct sw_unit *store)
{
    struct sw_setup *setup = core->engine.setup;
    int64_t now_ms = sw_time_mono_ms();
    for (size_t i = 0; i < setup->unit_count; i++) {
        struct sw_unit *unit = &setup->units[i];
        bool is_behind = false;
        for (size_t t = 0; t < store->target_count && !is_behind; t++)
            is_behind = has_platform(unit, store->targets[t].platform);
        if (unit->is_health && !unit->is_attempted && is_behind && is_version_there(core, unit))
            sw_sched_at(&setup->sched, unit, now_ms, now_ms, true);
    }
}

void sw_polls_begin(struct sw_core *core)
{
    struct sw_setup *setup = core->engine.setup;
    int64_t now_ms = sw_time_mono_ms();
    if (core->is_offline)
        return;
    for (size_t i = 0; i < setup->unit_count; i++) {
        struct sw_unit *unit = &setup->units[i];
        if (!unit->is_health || is_version_there(core, unit))
            sw_sched_at(&setup->sched, unit, now_ms, now_ms, true);
    }
}

void sw_polls_all_now(struct sw_core *core)
{
    struct sw_setup *setup = core->engine.setup;
    int64_t now_ms = sw_time_mono_ms();
    for (size_t i = 0; i < setup->unit_count; i++)
        if (!setup->units[i].is_health || setup->units[i].is_attempted)
            sw_sched_at(&setup->sched, &setup->units[i], now_ms, now_ms, true);
}

bool sw_polls_is_train_pending(const struct sw_core *core)
{
    const struct sw_setup *setup = core->engine.setup;
    if (core->is_offline)
        return false;
    for (size_t i = 0; i < setup->unit_count; i++)
        if ((setup->sources[setup->units[i].source].kind->can & SW_CAN_TAGS) != 0 &&
            !setup->units[i].is_attempted)
            return true;
    return false;
}

static bool is_all_polled(const struct sw_setup *setup)
{
    for (size_t i = 0; i < setup->unit_count; i++)
        if (!setup->units[i].is_attempted)
            return false;
    return true;
}

static bool have_tags_answered(const struct sw_core *core)
{
    const struct sw_setup *setup = core->engine.setup;
    for (size_t i = 0; i < setup->config->source_count; i++) {
        const struct sw_model_source *source = &core->engine.model.sources[i];
        if ((setup->sources[i].kind->can & SW_CAN_TAGS) && source->is_fresh &&
            source->error.code == SW_OK)
            return true;
    }
    return false;
}

/* A name given with --release that nothing knows: the first thing that is done under it would begin
 * a ledger of its own, so a slip of the finger is told before that. */
static void tell_unknown_release(struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    const struct sw_model *model = &engine->model;
    char notice[SW_LINE_MAX];
    if (core->release_option == NULL || model->release_tag[0] != '\0' || !model->is_ledger_ok ||
        sw_fold_count(model->fold) > 0 || engine->said != NULL || !have_tags_answered(core))
        return;
    sw_format(notice, sizeof notice,
              "no tag and no ledger has the name of release %s: right if it is new, else look at "
              "--release",
              core->release_option);
    sw_notice_say(core, notice);
}

/* The picture is whole when every unit was asked and the ledger was read: all of the release they
 * told, and what is open in the others. */
void sw_polls_check_all(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    bool is_ledger_read = engine->watches > 0 && !engine->is_watching && !engine->is_watch_wanted &&
                          (core->is_offline || engine->is_scan_over);
    if (engine->model.has_polled_all || !is_ledger_read ||
        (!core->is_offline && !is_all_polled(engine->setup)) || !sw_keep_is_ready(core))
        return;
    tell_unknown_release(core);
    engine->model.has_polled_all = true;
    sw_engine_changed(core, true);
}

/* ------------------------------------------------------------------ results */

static const struct sw_unit *failing_unit(const struct sw_setup *setup, size_t source)
{
    for (size_t i = 0; i < setup->unit_count; i++)
        if (setup->units[i].source == source && setup->units[i].failing_since_ms != 0)
            return &setup->units[i];
    return NULL;
}

static void show_failures(struct sw_core *core, size_t source)
{
    const struct sw_setup *setup = core->engine.setup;
    struct sw_model_source *shown = &core->engine.model.sources[source];
    if (setup->sources[source].failing == 0) {
        if (shown->error.code != SW_OK)
            sw_log_write(core->log, SW_LOG_INFO, shown->id, "answers again");
        sw_error_clear(&shown->error);
        shown->failing_since_ms = 0;
        return;
    }
    const struct sw_unit *unit = failing_unit(setup, source);
    if (unit == NULL)
        return;
    if (shown->error.code != unit->error.code)
        sw_log_error(core->log, SW_LOG_WARN, shown->id, &unit->error);
    shown->error = unit->error;
    shown->failing_since_ms = unit->failing_since_ms;
}

static void note_success(struct sw_core *core, struct sw_unit *unit, int64_t now_ms)
{
    struct sw_setup_source *source = &core->engine.setup->sources[unit->source];
    struct sw_model_source *shown = &core->engine.model.sources[unit->source];
    if (unit->failing_since_ms != 0)
        source->failing--;
    unit->failing_since_ms = 0;
    unit->has_answered = true;
    sw_error_clear(&unit->error);
    shown->is_fresh = true;
    shown->last_ok_at_ms = now_ms;
    core->engine.model.is_cached = false;
}

static void note_failure(struct sw_core *core, struct sw_unit *unit, const struct poll_job *job,
                         int64_t now_ms)
{
    struct sw_setup_source *source = &core->engine.setup->sources[unit->source];
    if (unit->failing_since_ms == 0) {
        source->failing++;
        unit->failing_since_ms = now_ms;
    }
    unit->error = job->error;
    unit->error.code = job->code;
    core->engine.model.sources[unit->source].failures++;
}

/* Has a flow of this source lost something to another program with the same credential? */
static bool is_contested(struct sw_setup_source *source)
{
    bool is_lost = false;
    sw_mutex_lock(&source->lock);
    for (size_t i = 0; i < source->last_count; i++)
        is_lost = is_lost || sw_text_starts(source->last[i].key, SW_LAST_LOST);
    sw_mutex_unlock(&source->lock);
    return is_lost;
}

static void note_advice(struct sw_setup_source *source, struct sw_model_source *shown)
{
    if (source->kind->advise == NULL)
        return; /* and its credential has no such name */
    const char *principal = source->principal ? sw_auth_google_email(source->principal) : NULL;
    source->kind->advise(principal, is_contested(source), shown->advice, sizeof shown->advice);
}

static void note_upstream(struct sw_core *core, size_t source)
{
    struct sw_upstream *upstream = core->engine.setup->sources[source].upstream;
    struct sw_model_source *shown = &core->engine.model.sources[source];
    struct sw_upstream_health health;
    if (upstream == NULL)
        return;
    sw_upstream_health(upstream, &health);
    shown->latency_ms = health.latency_ms;
    shown->budget_left = health.quota_left;
    shown->clock_skew_s = health.clock_skew_s;
    sw_copy(shown->budget_note, sizeof shown->budget_note, health.quota_note);
    note_advice(&core->engine.setup->sources[source], shown);
}

static int64_t retry_in_ms(const struct sw_error *error)
{
    if (error->retry_at_ms == 0)
        return 0;
    int64_t in_ms = error->retry_at_ms - sw_time_real_ms();
    return in_ms > 0 ? in_ms : 0;
}

/* True when this answer does not count and the unit is due again in a moment. */
static bool is_asked_again(struct sw_core *core, struct sw_unit *unit, const struct poll_job *job)
{
    /* A told moment that is over by now is told all the same: then at once. */
    int64_t told_ms = job->error.retry_at_ms != 0 ? retry_in_ms(&job->error) + 1 : 0;
    const struct sw_sched_retry retry = {.code = job->code,
                                         .is_oneshot = core->is_oneshot,
                                         .again = unit->again,
                                         .again_ms = unit->again_ms,
                                         .retry_in_ms = told_ms};
    int64_t now_ms = sw_time_mono_ms(), wait_ms = sw_sched_again(&retry, sw_random_unit());
    unit->again = wait_ms > 0 ? unit->again + 1 : 0;
    unit->again_ms = wait_ms > 0 ? unit->again_ms + wait_ms : 0;
    if (wait_ms > 0)
        sw_sched_at(&core->engine.setup->sched, unit, now_ms + wait_ms, now_ms, true);
    return wait_ms > 0;
}

/* What was asked together is asked together again, counted from its beginning: the engine and the
 * network wake once for all of it. Very many units are spread out instead. */
static void schedule_next(struct sw_core *core, struct sw_unit *unit, const struct poll_job *job,
                          int failures)
{
    struct sw_engine *engine = &core->engine;
    int64_t now_ms = sw_time_mono_ms();
    const struct sw_sched_result result = {.code = job->code,
                                           .failures = failures,
                                           .interval_ms =
                                               interval_ms(core, engine->setup, unit->source),
                                           .retry_in_ms = retry_in_ms(&job->error)};
    bool is_together = job->code == SW_OK && engine->setup->unit_count <= UNITS_TOGETHER_MAX;
    int64_t due_ms = is_together ? job->begun_ms + sw_sched_delay(&result, engine->spread)
                                 : now_ms + sw_sched_delay(&result, sw_random_unit());
    if (unit->is_wanted_again)
        due_ms = now_ms;
    if (unit->is_wanted_again || !core->is_oneshot)
        sw_sched_at(&engine->setup->sched, unit, due_ms, now_ms, true);
}

static void take_result(struct sw_core *core, const struct poll_job *job)
{
    struct sw_engine *engine = &core->engine;
    struct sw_unit *unit = job->unit;
    int64_t mono_ms = sw_time_mono_ms();
    bool is_first = !unit->is_attempted;
    engine->reducer.now_ms = sw_engine_now(core);
    sw_reducer_fold(&engine->reducer, job->flow);
    if (job->code == SW_E_CANCELLED) {
        sw_sched_at(&engine->setup->sched, unit, mono_ms, mono_ms, true);
        return;
    }
    if (is_asked_again(core, unit, job))
        return;
    unit->is_attempted = true;
    engine->model.sources[unit->source].polls++;
    if (job->code == SW_OK)
        note_success(core, unit, sw_engine_now(core));
    else
        note_failure(core, unit, job, sw_engine_now(core));
    show_failures(core, unit->source);
    note_upstream(core, unit->source);
    schedule_next(core, unit, job, sw_sched_count(unit, job->code));
    if (is_first && !unit->is_health)
        wake_health_behind(core, unit);
}

static void poll_done(struct sw_core *core, struct sw_job *j)
{
    struct poll_job *job = (struct poll_job *)j;
    struct sw_setup_source *source = &job->setup->sources[job->unit->source];
    core->engine.polls--;
    source->running--;
    sw_flow_finish(job->flow);
    if (source->upstream != NULL)
        sw_upstream_release(source->upstream);
    job->unit->place = SW_UNIT_RESTING;
    job->unit->job = NULL;
    sw_sched_unblock(&job->setup->sched, job->unit->source);
    if (job->setup == core->engine.setup && !core->engine.is_stopping) {
        take_result(core, job);
        sw_engine_changed(core, false);
    }
    sw_flow_free(job->flow);
    sw_setup_unref(job->setup);
    free(job);
}

/* ----------------------------------------------------------------- dispatch */

static void poll_work(struct sw_job *j)
{
    struct poll_job *job = (struct poll_job *)j;
    sw_assert_on(SW_THREAD_WORKER);
    const struct sw_source_kind *kind = job->setup->sources[job->unit->source].kind;
    job->code = kind->observe(job->flow, &job->error);
    sw_flow_release_locks(job->flow);
}

static bool acquire(void *arg, size_t index, int64_t *wait_ms)
{
    struct sw_core *core = arg;
    struct sw_setup_source *source = &core->engine.setup->sources[index];
    if (source->upstream != NULL)
        return sw_upstream_acquire(source->upstream, sw_time_mono_ms(), wait_ms);
    size_t most = source->kind->budget.concurrent > 0 ? (size_t)source->kind->budget.concurrent : 1;
    *wait_ms = 0;
    return source->running < most;
}

bool sw_polls_take_place(struct sw_core *core, size_t source, int64_t *wait_ms)
{
    *wait_ms = 0;
    if (core->engine.polls >= poll_limit(core) || !acquire(core, source, wait_ms))
        return false;
    core->engine.setup->sources[source].running++;
    core->engine.polls++;
    return true;
}

void sw_polls_give_place(struct sw_core *core, struct sw_setup *setup, size_t source)
{
    core->engine.polls--;
    setup->sources[source].running--;
    if (setup->sources[source].upstream != NULL)
        sw_upstream_release(setup->sources[source].upstream);
    sw_sched_unblock(&setup->sched, source);
}

static void start_poll(struct sw_core *core, struct sw_unit *unit)
{
    struct sw_engine *engine = &core->engine;
    struct poll_job *job = sw_xcalloc(1, sizeof *job);
    const struct sw_flow_options options = {
        .setup = engine->setup,
        .source = unit->source,
        .release_name = core->release_option != NULL ? core->release_option
                                                     : engine->setup->config->release_name,
        .state_dir = core->state_dir,
        .now_ms = sw_engine_now(core),
    };
    job->job.work = poll_work;
    job->job.done = poll_done;
    job->setup = sw_setup_ref(engine->setup);
    job->unit = unit;
    job->begun_ms = sw_time_mono_ms();
    job->flow = sw_flow_new(&options, unit->target_count, unit->targets);
    for (size_t i = 0; i < unit->target_count; i++) {
        const struct sw_model_platform *platform =
            &engine->model.platforms[unit->targets[i].platform];
        sw_flow_give(job->flow, i, &platform->plan,
                     platform->has_rollout ? &platform->rollout : NULL);
    }
    sw_flow_connect(job->flow);
    unit->job = &job->job;
    engine->setup->sources[unit->source].running++;
    engine->polls++;
    sw_engine_submit(core, &job->job);
}

void sw_polls_dispatch(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    sw_assert_on(SW_THREAD_ENGINE);
    if (core->is_offline || engine->is_stopping)
        return;
    while (engine->polls < poll_limit(core)) {
        struct sw_unit *unit =
            sw_sched_next(&engine->setup->sched, sw_time_mono_ms(), acquire, core);
        if (unit == NULL)
            return;
        start_poll(core, unit);
    }
}

int64_t sw_polls_wait(struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    if (core->is_offline || engine->is_stopping || engine->polls >= poll_limit(core))
        return -1;
    return sw_sched_wait(&engine->setup->sched, sw_time_mono_ms());
}

/* ------------------------------------------------------------------ cutting */

static void cut(const struct sw_unit *unit)
{
    const struct poll_job *job = (const struct poll_job *)unit->job;
    if (job != NULL && job->flow->channel != NULL)
        sw_channel_cancel(job->flow->channel);
}

void sw_polls_cancel(struct sw_core *core)
{
    const struct sw_setup *setup = core->engine.setup;
    for (size_t i = 0; i < setup->unit_count; i++)
        cut(&setup->units[i]);
}

void sw_polls_hold(struct sw_core *core, struct sw_setup *setup, size_t platform, bool is_held)
{
    int64_t now_ms = sw_time_mono_ms();
    size_t index = setup->platforms[platform].rollout_unit;
    if (index == SIZE_MAX)
        return;
    struct sw_unit *unit = &setup->units[index];
    unit->holds += is_held ? 1 : -1;
    sw_assert(unit->holds >= 0);
    if (is_held)
        cut(unit);
    else if (setup == core->engine.setup && unit->holds == 0 && !core->is_offline &&
             !core->is_oneshot)
        sw_sched_at(&setup->sched, unit, now_ms, now_ms, true);
}
