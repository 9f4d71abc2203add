/* engine.c: the engine thread: one loop that takes messages, starts what is due, publishes what
 * changed, and sleeps in the transport until something happens.
 *
 * It never waits for a lock, a disk or a name server: those are the workers' and the actions'
 * business. At rest it wakes for polls, for a look at the ledger, and when the clock alone changes
 * the picture (something becomes stale, a step is due); for nothing else. */
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/time.h"
#include "store/cache.h"

enum {
    SLEEP_MAX_MS = 3600 * 1000,
    ACTION_SHOWN_S = 600,
    PUBLISH_SHARE = 50,       /* making pictures takes no more than a 50th of the time ... */
    PUBLISH_GAP_MAX_MS = 300, /* ... unless nobody would see news for so long */
};

const char sw_release_unnamed[] = "unnamed";

const struct sw_tuning sw_tuning_default = {
    .publish_gap_ms = 50,
    .cache_gap_ms = 30 * SW_SECOND_MS,
    .watch_gap_ms = 5 * SW_SECOND_MS,
    .drain_ms = 10 * SW_SECOND_MS,
    .read_first_ms = 200,
    .read_max_ms = 5 * SW_SECOND_MS,
    .resend_after_ms = 5 * SW_SECOND_MS,
    .settle_gap_ms = 2 * SW_SECOND_MS,
    .settle_patience_ms = 30 * SW_SECOND_MS,
    .release_wait_ms = SW_SECOND_MS,
    .halt_read_ms = 5 * SW_SECOND_MS,
};

int64_t sw_engine_now(const struct sw_core *core)
{
    return sw_clock_world(&core->clock, sw_time_real_ms());
}

void sw_engine_changed(struct sw_core *core, bool is_urgent)
{
    core->engine.is_changed = true;
    core->engine.is_urgent = core->engine.is_urgent || is_urgent;
}

static void job_finished(struct sw_core *core, struct sw_message *message)
{
    struct sw_job *job = (struct sw_job *)message; /* its first member */
    core->engine.jobs--;
    job->done(core, job);
}

void sw_engine_submit(struct sw_core *core, struct sw_job *job)
{
    sw_assert_on(SW_THREAD_ENGINE);
    core->engine.jobs++;
    job->message.handle = job_finished;
    sw_pool_submit(&core->engine.pool, job);
}

/* --------------------------------------------------------------- publishing */

static void show_next_polls(struct sw_engine *engine)
{
    const struct sw_setup *setup = engine->setup;
    int64_t mono_ms = sw_time_mono_ms();
    int64_t real_ms = sw_time_real_ms();
    for (size_t i = 0; i < engine->model.source_count; i++)
        engine->model.sources[i].next_poll_at_ms = 0;
    for (size_t i = 0; i < setup->unit_count; i++) {
        const struct sw_unit *unit = &setup->units[i];
        if (unit->place != SW_UNIT_WAITING)
            continue;
        int64_t at_ms = sw_clock_world(&setup->config->clock, real_ms + (unit->due_ms - mono_ms));
        int64_t *shown = &engine->model.sources[unit->source].next_poll_at_ms;
        if (*shown == 0 || at_ms < *shown)
            *shown = at_ms;
    }
}

static int64_t last_time(const struct sw_model_action *action)
{
    int64_t at_ms = action->asked_ms;
    if (action->accepted_ms > at_ms)
        at_ms = action->accepted_ms;
    return action->seen_ms > at_ms ? action->seen_ms : at_ms;
}

static void retire_actions(struct sw_core *core, int64_t now_ms)
{
    struct sw_model *model = &core->engine.model;
    int64_t shown_ms = ACTION_SHOWN_S * SW_SECOND_MS;
    if (core->clock.speed > 1)
        shown_ms = (int64_t)((double)shown_ms * core->clock.speed);
    for (size_t i = model->action_count; i > 0; i--) {
        const struct sw_model_action *action = &model->actions[i - 1];
        if (action->result == SW_RESULT_NONE || now_ms - last_time(action) < shown_ms)
            continue;
        memmove(&model->actions[i - 1], &model->actions[i],
                (model->action_count - i) * sizeof *model->actions);
        model->action_count--;
    }
}

static int64_t publish_gap(const struct sw_core *core, int64_t took_ms)
{
    int64_t gap_ms = PUBLISH_SHARE * took_ms;
    if (gap_ms > PUBLISH_GAP_MAX_MS)
        gap_ms = PUBLISH_GAP_MAX_MS;
    return gap_ms > core->tuning.publish_gap_ms ? gap_ms : core->tuning.publish_gap_ms;
}

void sw_engine_publish(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    sw_assert_on(SW_THREAD_ENGINE);
    int64_t now_ms = sw_engine_now(core);
    retire_actions(core, now_ms);
    show_next_polls(engine);
    int64_t begun_ms = sw_time_mono_ms();
    struct sw_snapshot *snapshot = sw_view_build(&engine->model, now_ms);
    sw_snapshot_free(atomic_exchange(&core->slot, snapshot));
    if (engine->model.has_polled_all)
        atomic_store(&core->has_polled_all, true);
    engine->next_change_ms = sw_view_next_change(&engine->model, now_ms);
    engine->published_ms = sw_time_mono_ms();
    engine->publish_gap_ms = publish_gap(core, engine->published_ms - begun_ms);
    engine->is_cache_due = engine->is_cache_due || engine->is_changed;
    engine->is_changed = engine->is_urgent = false;
    sw_core_wake_reader(core);
}

/* Milliseconds until a snapshot must be published; -1: nothing changed. */
static int64_t publish_wait(const struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    if (engine->is_changed) {
        int64_t left_ms = engine->published_ms + engine->publish_gap_ms - sw_time_mono_ms();
        return engine->is_urgent || left_ms < 0 ? 0 : left_ms;
    }
    if (engine->next_change_ms == 0)
        return -1;
    int64_t left_ms = sw_clock_real(&core->clock, engine->next_change_ms) - sw_time_real_ms();
    return left_ms > 0 ? left_ms + 1 : 0;
}

/* -------------------------------------------------------------------- cache */

struct cache_job {
    struct sw_job job;
    char path[SW_PATH_TEXT];
    struct sw_buf text;
    enum sw_code code;
    struct sw_error error;
};

static void cache_work(struct sw_job *j)
{
    struct cache_job *job = (struct cache_job *)j;
    job->code = sw_cache_write(job->path, &job->text, &job->error);
}

static void cache_done(struct sw_core *core, struct sw_job *j)
{
    struct cache_job *job = (struct cache_job *)j;
    core->engine.is_caching = false;
    if (job->code != SW_OK)
        sw_log_error(core->log, SW_LOG_WARN, "cache", &job->error);
    sw_buf_clear(&job->text);
    free(job);
}

/* Is there anything that this run has read? */
static bool is_worth_caching(const struct sw_core *core)
{
    return core->engine.is_cache_due && !core->engine.is_cache_held &&
           !core->engine.model.is_cached && !core->is_offline;
}

static int64_t cache_wait(const struct sw_core *core)
{
    if (!is_worth_caching(core) || core->engine.is_caching || core->engine.is_stopping)
        return -1;
    int64_t left_ms = core->engine.cached_ms + core->tuning.cache_gap_ms - sw_time_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}

static void cache_turn(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    if (cache_wait(core) != 0)
        return;
    struct cache_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = cache_work;
    job->job.done = cache_done;
    sw_copy(job->path, sizeof job->path, core->cache_file);
    engine->is_cache_due = false;
    engine->cached_ms = sw_time_mono_ms();
    job->code = sw_cache_encode(&engine->model, sw_engine_now(core), &job->text, &job->error);
    if (job->code != SW_OK) {
        cache_done(core, &job->job);
        return;
    }
    engine->is_caching = true;
    sw_engine_submit(core, &job->job);
}

static void cache_at_end(struct sw_core *core)
{
    struct sw_buf text;
    struct sw_error error = {0};
    if (!is_worth_caching(core))
        return;
    enum sw_code code = sw_cache_encode(&core->engine.model, sw_engine_now(core), &text, &error);
    if (code == SW_OK)
        code = sw_cache_write(core->cache_file, &text, &error);
    if (code != SW_OK)
        sw_log_error(core->log, SW_LOG_WARN, "cache", &error);
    sw_buf_clear(&text);
}

/* ------------------------------------------------------------------ release */

/* An empty ledger may be left for another release's; one with events is stayed with, until the next
 * start or reload (decision 44). */
void sw_engine_release(struct sw_core *core, const char *name, const char *tag, bool is_told)
{
    struct sw_engine *engine = &core->engine;
    struct sw_model *model = &engine->model;
    char notice[SW_LINE_MAX];
    if (name[0] == '\0')
        return;
    bool is_same = !strcmp(model->release, name);
    bool is_staying = !is_same && engine->is_release_known && sw_fold_count(model->fold) > 0;
    if (is_staying) {
        sw_format(notice, sizeof notice,
                  "release %s has appeared; still on %s until a reload or restart", name,
                  model->release);
        if (engine->said == NULL)
            sw_notice_say(core, notice);
        return;
    }
    sw_copy(model->release_tag, sizeof model->release_tag, tag);
    engine->is_release_known = engine->is_release_known || is_told;
    if (is_same)
        return;
    sw_copy(model->release, sizeof model->release, name);
    sw_mutex_lock(&core->release_lock);
    sw_copy(core->release, sizeof core->release, name);
    sw_mutex_unlock(&core->release_lock);
    sw_fold_free(model->fold);
    model->fold = sw_fold_new();
    engine->head[0] = '\0';
    sw_watch_now(core);
    sw_unsettled_show(core);
}

/* ---------------------------------------------------------------- callbacks */

static void on_version(void *arg, size_t platform)
{
    sw_polls_health_now(arg, platform);
}

static void on_change(void *arg, size_t platform, const struct sw_rollout *before,
                      const struct sw_rollout *after)
{
    sw_outside_noticed(arg, platform, before, after);
}

static void on_release(void *arg, const char *name, const char *tag)
{
    sw_engine_release(arg, name, tag, true);
}

void sw_engine_attach(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    free(engine->reducer.platforms);
    engine->reducer = (struct sw_reducer){
        .model = &engine->model,
        .setup = engine->setup,
        .platforms =
            sw_xcalloc(engine->model.platform_count + 1, sizeof *engine->reducer.platforms),
        .arg = core,
        .on_version = on_version,
        .on_change = on_change,
        .on_release = on_release,
    };
    for (size_t i = 0; i < engine->model.platform_count; i++) {
        engine->reducer.platforms[i].is_stage_guess =
            !engine->model.platforms[i].is_stage_since_ours;
        sw_reducer_offer(&engine->reducer, i);
    }
}

/* ----------------------------------------------------------------- the loop */

static void take_messages(struct sw_core *core)
{
    struct sw_message *message = sw_inbox_take(&core->inbox);
    while (message != NULL) {
        struct sw_message *next = message->next;
        message->handle(core, message);
        message = next;
    }
}

static void clear_inbox_fd(struct sw_core *core)
{
    uint64_t count = 0;
    sw_ignore(read(core->inbox_fd, &count, sizeof count));
}

static int64_t sooner(int64_t a, int64_t b)
{
    if (a < 0)
        return b;
    return b < 0 || a < b ? a : b;
}

static int64_t stop_wait(const struct sw_engine *engine)
{
    if (!engine->is_stopping || engine->is_cancelling)
        return -1;
    int64_t left_ms = engine->cancel_at_ms - sw_time_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}

static void sleep_until_needed(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    int64_t wait_ms = sooner(publish_wait(core), sw_polls_wait(core));
    wait_ms = sooner(wait_ms, sooner(sw_watch_wait(core), cache_wait(core)));
    wait_ms = sooner(wait_ms, sooner(sw_unsettled_wait(core), stop_wait(engine)));
    wait_ms = sooner(wait_ms, sooner(sw_actions_wait(core), sw_rights_wait(core)));
    wait_ms = sooner(wait_ms, sw_keep_wait(core));
    if (engine->runs_waiting != NULL)
        wait_ms = sooner(wait_ms, 100);
    if (wait_ms < 0 || wait_ms > SLEEP_MAX_MS)
        wait_ms = SLEEP_MAX_MS;
    if (engine->http != NULL) {
        sw_http_turn(engine->http, (int)wait_ms, core->inbox_fd);
    } else {
        struct pollfd fd = {.fd = core->inbox_fd, .events = POLLIN};
        sw_ignore(poll(&fd, 1, (int)wait_ms));
    }
    clear_inbox_fd(core);
}

/* A network that cannot be set up is said on the screen; the cached picture stays. */
static void open_network(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    struct sw_error error = {0};
    enum sw_code code = SW_OK;
    if (core->is_offline)
        return;
    if (core->parts.transport == NULL)
        code = sw_http_open(core->trace_path, &engine->http, &error);
    if (code == SW_OK)
        code = sw_setup_connect(engine->setup, engine->http, core->is_read_only, &error);
    if (code == SW_OK)
        return;
    sw_log_error(core->log, SW_LOG_ERROR, "engine", &error);
    sw_notice_say(core, error.text);
}

static void begin(struct sw_core *core)
{
    core->engine.spread = sw_random_unit();
    open_network(core);
    sw_keep_begin(core);
    sw_polls_begin(core);
    sw_engine_changed(core, true);
}

static bool is_done(const struct sw_engine *engine)
{
    return engine->is_stopping && engine->runs == NULL && engine->runs_waiting == NULL &&
           engine->jobs == 0;
}

static void stop_turn(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    if (!engine->is_stopping || engine->is_cancelling || stop_wait(engine) > 0)
        return;
    engine->is_cancelling = true;
    sw_actions_cancel(core);
}

/* The end: network last, because closing channels and upstreams still need it. The pool is empty
 * here; the model stays for the last snapshot. */
static void end(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    cache_at_end(core);
    sw_keep_at_end(core);
    sw_engine_publish(core);
    sw_outside_clear(core);
    sw_rights_clear(core);
    if (engine->http != NULL)
        sw_http_turn(engine->http, 0, -1); /* lets go of the actions' connections */
    sw_setup_disconnect(engine->setup);
    sw_http_close(engine->http);
    engine->http = NULL;
}

void sw_engine_main(void *arg)
{
    struct sw_core *core = arg;
    struct sw_engine *engine = &core->engine;
    sw_assert_on(SW_THREAD_ENGINE);
    begin(core);
    while (!is_done(engine)) {
        take_messages(core);
        if (engine->runs_waiting != NULL)
            sw_actions_retry_threads(core);
        sw_actions_turn(core);
        stop_turn(core);
        sw_polls_dispatch(core);
        sw_watch_turn(core);
        sw_unsettled_turn(core);
        sw_keep_turn(core);
        sw_polls_check_all(core);
        sw_rights_turn(core);
        if (publish_wait(core) == 0)
            sw_engine_publish(core);
        cache_turn(core);
        if (!is_done(engine))
            sleep_until_needed(core);
    }
    end(core);
}

void sw_engine_stop(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    engine->is_stopping = true;
    engine->cancel_at_ms = sw_time_mono_ms() + core->tuning.drain_ms;
    sw_polls_cancel(core);
    sw_actions_cancel_readers(core);
    sw_rights_reset(core, "the core is stopping");
    sw_command_retry(core); /* nothing more is begun: they end here */
}
