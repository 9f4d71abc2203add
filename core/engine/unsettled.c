/* unsettled.c: intents that nobody has brought to an end, in the logs of all releases: looked for at
 * the start and for as long as the core runs, shown, and settled when no process carries them out.
 *
 * All releases, because a hotfix tag never hides an open intent (decision 44). An intent is open
 * while it has no outcome, or only "unknown" ones; a halt that is open is a halt that is NOT SEEN,
 * whoever asked it. Whether its process lives is told by its lock; that, and reading the logs, is
 * a worker's business. What is new costs a worker; whether there may be something new costs a stat
 * call for each release. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* What ended UNKNOWN longer ago than this is left alone. WORLD. */
static const int64_t unknown_age_max_ms = SW_DAY_MS;

struct scan_job {
    struct sw_job job;
    char state_dir[SW_PATH_TEXT];
    struct sw_journal journal;
    enum sw_code code;
    struct sw_error error;
};

bool sw_unsettled_is_young(const struct sw_record *intent, int64_t now_ms)
{
    return now_ms - intent->at_ms < unknown_age_max_ms;
}

/* ---------------------------------------------------------------------- on a worker */

/* Is its action being carried out, by whichever process? */
static bool is_carried_out(const struct scan_job *job, const char *uuid)
{
    char dir[SW_PATH_TEXT], path[SW_PATH_TEXT];
    struct sw_lock lock = {0};
    if (sw_fs_join(job->state_dir, "actions", dir, NULL) != SW_OK ||
        sw_fs_join(dir, uuid, path, NULL) != SW_OK || !sw_fs_exists(path))
        return false;
    bool is_busy = sw_lock_try(&lock, path, NULL) == SW_E_BUSY;
    sw_lock_release(&lock);
    return is_busy;
}

static void scan_work(struct sw_job *j)
{
    struct scan_job *job = (struct scan_job *)j;
    struct sw_ledger *ledger = NULL;
    sw_assert_on(SW_THREAD_WORKER);
    job->code = sw_ledger_open(job->state_dir, sw_release_unnamed, &ledger, &job->error);
    if (job->code == SW_OK)
        job->code = sw_journal_read(&job->journal, ledger, NULL, NULL, &job->error);
    sw_ledger_close(ledger);
    for (size_t i = 0; i < job->journal.open_count; i++) {
        struct sw_journal_intent *open = &job->journal.open[i];
        open->is_carried_out = is_carried_out(job, open->intent.uuid);
    }
}

/* -------------------------------------------------------------------- what it means */

/* NULL: not configured here, or bound to something else since (or in the configuration of who
 * asked). What ended UNKNOWN long ago is nobody's. */
static struct sw_model_platform *platform_of(struct sw_core *core, const struct sw_record *intent,
                                             bool is_unknown)
{
    struct sw_model_platform *platform = sw_model_platform(&core->engine.model, intent->platform);
    if (platform == NULL ||
        (intent->target != NULL && strcmp(intent->target, platform->binding.rollout) != 0) ||
        (is_unknown && !sw_unsettled_is_young(intent, sw_engine_now(core))))
        return NULL;
    return platform;
}

/* Is it for us to settle? */
static bool is_ours(struct sw_core *core, const struct sw_record *intent, bool is_unknown)
{
    const struct sw_model_platform *platform = platform_of(core, intent, is_unknown);
    return platform != NULL && platform->can_act;
}

static void show_halt(struct sw_core *core, const struct sw_record *intent, bool is_unknown)
{
    struct sw_model_platform *platform = platform_of(core, intent, is_unknown);
    if (platform != NULL && intent->verb == SW_VERB_HALT && platform->halt_asked_ms == 0)
        platform->halt_asked_ms = intent->at_ms;
}

/* Is it in the log whose events are folded as they come? */
static bool is_of_release(struct sw_core *core, const struct sw_journal_intent *open)
{
    char release[SW_LABEL_MAX];
    sw_core_release_name(core, release);
    return !strcmp(open->release, release[0] != '\0' ? release : sw_release_unnamed);
}

void sw_unsettled_show(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    struct sw_model *model = &engine->model;
    bool is_unknown = false;
    for (size_t i = 0; i < model->platform_count; i++)
        model->platforms[i].halt_asked_ms = 0;
    for (size_t i = 0;; i++) {
        const struct sw_record *intent = sw_fold_unsettled(model->fold, i, &is_unknown);
        if (intent == NULL)
            break;
        show_halt(core, intent, is_unknown);
    }
    for (size_t i = 0; i < engine->journal.open_count; i++) {
        const struct sw_journal_intent *open = &engine->journal.open[i];
        if (!is_of_release(core, open))
            show_halt(core, &open->intent, open->is_unknown);
    }
    for (const struct sw_run *run = engine->runs; run != NULL; run = run->next) {
        struct sw_model_platform *platform = sw_model_platform(model, run->platform_id);
        if (platform != NULL && run->kind == SW_RUN_VERB && run->verb == SW_VERB_HALT &&
            !run->is_dry_run && platform->halt_asked_ms == 0)
            platform->halt_asked_ms = run->asked_ms;
    }
}

void sw_unsettled_note(struct sw_core *core, const char *release, const struct sw_record *record)
{
    sw_journal_note(&core->engine.journal, release, record);
    if (core->engine.is_scanning)
        core->engine.is_scan_wanted = true; /* what comes back may not have it */
}

/* ------------------------------------------------------------------------- scanning */

static void settle(struct sw_core *core, const struct sw_journal_intent *open, bool is_first)
{
    if (core->is_read_only || open->is_carried_out)
        return;
    if (is_ours(core, &open->intent, open->is_unknown))
        sw_actions_settle(core, open->release, &open->intent);
    else if (is_first && !open->is_unknown)
        sw_log_write(core->log, SW_LOG_WARN, "engine",
                     "an open intent of release %s (%s) is not settled: what it was asked of "
                     "is not configured here",
                     open->release, open->intent.uuid);
}

/* Said once for as long as it stays the same. */
static void tell_trouble(struct sw_core *core, const struct scan_job *job)
{
    struct sw_engine *engine = &core->engine;
    if (job->code != SW_OK && strcmp(engine->scan_error, job->error.text) != 0)
        sw_log_error(core->log, SW_LOG_ERROR, "ledger", &job->error);
    sw_copy(engine->scan_error, sizeof engine->scan_error,
            job->code == SW_OK ? "" : job->error.text);
}

static void scan_done(struct sw_core *core, struct sw_job *j)
{
    struct scan_job *job = (struct scan_job *)j;
    struct sw_engine *engine = &core->engine;
    bool is_first = !engine->is_scan_over;
    engine->is_scanning = false;
    engine->is_scan_over = true;
    tell_trouble(core, job);
    sw_journal_clear(&engine->journal);
    engine->journal = job->journal;
    for (size_t i = 0; i < engine->journal.open_count && !engine->is_stopping; i++)
        settle(core, &engine->journal.open[i], is_first);
    sw_unsettled_show(core);
    sw_engine_changed(core, false);
    sw_outside_judge(core);
    if (is_first)
        sw_command_retry(core);
    free(job);
}

static void start_scan(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    struct scan_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = scan_work;
    job->job.done = scan_done;
    sw_copy(job->state_dir, sizeof job->state_dir, core->state_dir);
    sw_journal_copy(&job->journal, &engine->journal);
    engine->has_scanned = engine->is_scanning = true;
    engine->is_scan_wanted = false;
    engine->scanned_ms = sw_time_mono_ms();
    engine->scan_stamp = sw_ledger_stamp_all(core->state_dir);
    sw_engine_submit(core, &job->job);
}

/* Is there one whose process may have died since? */
static bool has_open(struct sw_core *core)
{
    const struct sw_journal *journal = &core->engine.journal;
    for (size_t i = 0; i < journal->open_count; i++)
        if (is_ours(core, &journal->open[i].intent, journal->open[i].is_unknown) &&
            !sw_actions_is_known(core, journal->open[i].intent.uuid))
            return true;
    return false;
}

/* A look without a worker. */
static bool is_scan_due(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    if (core->is_offline || engine->is_scanning)
        return false;
    if (!engine->has_scanned || engine->is_scan_wanted)
        return true;
    int64_t gap_ms = core->tuning.watch_gap_ms;
    /* with the watch's look, where they are near each other: one waking for both */
    if (core->is_oneshot || sw_time_mono_ms() - engine->scanned_ms < gap_ms - gap_ms / 8)
        return false;
    engine->scanned_ms = sw_time_mono_ms();
    return sw_ledger_stamp_all(core->state_dir) != engine->scan_stamp || has_open(core);
}

void sw_unsettled_turn(struct sw_core *core)
{
    sw_assert_on(SW_THREAD_ENGINE);
    if (!core->engine.is_stopping && is_scan_due(core))
        start_scan(core);
}

int64_t sw_unsettled_wait(const struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    if (engine->is_stopping || engine->is_scanning || core->is_oneshot || core->is_offline)
        return -1;
    int64_t left_ms = engine->scanned_ms + core->tuning.watch_gap_ms - sw_time_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}
