/* reload.c: reading the configuration again while everything runs.
 *
 * A worker reads and checks the file. When it has a problem, the old configuration stays and the
 * first problem is said on the screen. Otherwise the facts are carried over to the new model as if
 * they came from the cache: they keep their question mark until their source answers again.
 * Actions that run keep the setup they began with. One reload at a time: the file that was read
 * last is the one that counts. The zone and the simulation's clock belong to
 * the process and cannot change. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "config/problems.h"
#include "store/cache.h"

struct load_job {
    struct sw_job job;
    const struct sw_core *core;
    uint64_t id;
    struct sw_setup *setup;
    struct sw_problems problems;
    enum sw_code code;
    struct sw_error error;
};

static void load_work(struct sw_job *j)
{
    struct load_job *job = (struct load_job *)j;
    job->code = sw_setup_load(&job->core->parts, job->core->config_path, &job->setup,
                              &job->problems, &job->error);
}

static bool is_same_clock(const struct sw_config *a, const struct sw_config *b)
{
    return a->is_simulation == b->is_simulation &&
           (!a->is_simulation ||
            (a->clock.real_ms == b->clock.real_ms && a->clock.world_ms == b->clock.world_ms &&
             a->clock.speed >= b->clock.speed && a->clock.speed <= b->clock.speed));
}

static void check_process(const struct sw_core *core, struct load_job *job)
{
    const struct sw_config *old = core->engine.setup->config;
    const struct sw_config *new = job->setup->config;
    if (!is_same_clock(old, new))
        job->code = sw_fail(&job->error, SW_E_CONFIG,
                            "simulation: cannot change while running; restart Slipway");
    else if (strcmp(old->zone, new->zone) != 0)
        job->code = sw_fail(&job->error, SW_E_CONFIG,
                            "release.timezone: cannot change while running; restart Slipway");
}

/* Facts that were read in this run stay, marked as cached until read again. */
static void carry_over(struct sw_core *core, struct sw_model *old, struct sw_model *new)
{
    struct sw_buf text;
    struct sw_error error = {0};
    enum sw_code code = sw_cache_encode(old, sw_engine_now(core), &text, &error);
    if (code == SW_OK)
        code = sw_cache_decode(sw_buf_text(&text), text.len, new, &error);
    if (code != SW_OK)
        sw_log_error(core->log, SW_LOG_WARN, "reload", &error);
    sw_buf_clear(&text);
    for (size_t i = 0; i < old->platform_count; i++) {
        struct sw_model_platform *platform = sw_model_platform(new, old->platforms[i].id);
        if (platform != NULL)
            sw_buckets_adopt(&platform->buckets, &old->platforms[i].buckets);
    }
    sw_fold_free(new->fold);
    new->fold = old->fold;
    old->fold = sw_fold_new();
    new->actions = old->actions;
    new->action_count = old->action_count;
    old->actions = NULL;
    old->action_count = 0;
    new->serial = old->serial;
    new->is_read_only = old->is_read_only;
    new->has_polled_all = old->has_polled_all;
    new->is_ledger_ok = old->is_ledger_ok;
    sw_model_set_text(&new->ledger_error, old->ledger_error);
    sw_copy(new->captain, sizeof new->captain, old->captain);
    sw_copy(new->release, sizeof new->release, old->release);
    sw_copy(new->release_tag, sizeof new->release_tag, old->release_tag);
    new->is_cached = false;
}

static void swap_setup(struct sw_core *core, struct sw_setup *setup)
{
    struct sw_engine *engine = &core->engine;
    struct sw_model old = engine->model;
    struct sw_setup *old_setup = engine->setup;
    sw_polls_cancel(core);
    sw_rights_reset(core, "the configuration was read again meanwhile; ask once more");
    sw_model_init(&engine->model);
    sw_setup_fill_model(setup, &engine->model);
    carry_over(core, &old, &engine->model);
    sw_model_clear(&old);
    engine->setup = setup;
    engine->is_release_known = false;
    const char *fixed =
        core->release_option != NULL ? core->release_option : setup->config->release_name;
    if (fixed != NULL)
        sw_engine_release(core, fixed, "", true);
    sw_engine_attach(core);
    sw_setup_unref(old_setup); /* lives on with the flows that began with it */
}

static void take_over(struct sw_core *core, struct load_job *job)
{
    check_process(core, job);
    if (job->code == SW_OK && !core->is_offline)
        job->code =
            sw_setup_connect(job->setup, core->engine.http, core->is_read_only, &job->error);
    if (job->code != SW_OK) {
        sw_setup_unref(job->setup);
        return;
    }
    swap_setup(core, job->setup);
    sw_polls_begin(core);
    sw_unsettled_show(core);
}

static void say_first_problem(const struct load_job *job, char *text, size_t size)
{
    char problem[512];
    for (size_t i = 0; i < job->problems.count; i++) {
        if (job->problems.items[i].is_warning)
            continue;
        sw_problem_text(&job->problems.items[i], problem, sizeof problem);
        sw_format(text, size, "the old configuration stays: %s", problem);
        return;
    }
    sw_format(text, size, "the old configuration stays: %s", job->error.text);
}

static void start(struct sw_core *core, uint64_t id);

/* The commands that came meanwhile want what the file says since then; in their order. */
static void start_next(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    engine->is_reloading = engine->reload_count > 0;
    if (!engine->is_reloading)
        return;
    uint64_t id = engine->reloads[0];
    engine->reload_count--;
    memmove(engine->reloads, engine->reloads + 1, engine->reload_count * sizeof *engine->reloads);
    start(core, id);
}

static void load_done(struct sw_core *core, struct sw_job *j)
{
    struct load_job *job = (struct load_job *)j;
    struct sw_outcome *outcome = sw_outcome_new(job->id, SW_COMMAND_RELOAD, SW_VERB_NONE, NULL);
    char text[640] = "the configuration was read again";
    if (job->code == SW_OK && core->engine.is_stopping) {
        sw_setup_unref(job->setup);
        job->code = sw_fail(&job->error, SW_E_CANCELLED, "the core is stopping");
    } else if (job->code == SW_OK) {
        take_over(core, job);
    }
    if (job->code != SW_OK)
        say_first_problem(job, text, sizeof text);
    sw_notice_say(core, job->code == SW_OK ? NULL : text);
    sw_log_write(core->log, job->code == SW_OK ? SW_LOG_INFO : SW_LOG_ERROR, "reload", "%s", text);
    sw_outcome_end(outcome, job->code == SW_OK ? SW_RESULT_SEEN : SW_RESULT_REFUSED, job->code,
                   "%s", text);
    core->engine.is_changed = true;
    sw_engine_publish(core);
    sw_core_deliver(core, outcome);
    sw_problems_free(&job->problems);
    free(job);
    start_next(core);
}

static void start(struct sw_core *core, uint64_t id)
{
    struct load_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = load_work;
    job->job.done = load_done;
    job->core = core;
    job->id = id;
    sw_engine_submit(core, &job->job);
}

void sw_reload_start(struct sw_core *core, uint64_t id)
{
    struct sw_engine *engine = &core->engine;
    engine->reloads =
        sw_xrealloc_array(engine->reloads, engine->reload_count + 1, sizeof *engine->reloads);
    engine->reloads[engine->reload_count++] = id;
    if (!engine->is_reloading)
        start_next(core);
}
