/* watch.c: the ledger as the engine sees it: events of this and other processes, and
 * open intents of earlier runs.
 *
 * Every few seconds the engine looks whether the ref has moved (two stat calls, nothing opened);
 * only then does a worker read the new events. Each job opens a ledger of its own, because
 * libgit2's objects belong to one thread. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* An outcome UNKNOWN younger than this is settled again at a start. WORLD. */
static const int64_t unknown_age_max_ms = SW_DAY_MS;

struct record_list {
    size_t count;
    struct sw_record *items;
};

static void list_add(struct record_list *list, const struct sw_record *record)
{
    list->items = sw_xrealloc_array(list->items, list->count + 1, sizeof *list->items);
    memset(&list->items[list->count], 0, sizeof *list->items);
    sw_record_copy(&list->items[list->count++], record);
}

static void list_clear(struct record_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sw_record_clear(&list->items[i]);
    free(list->items);
    *list = (struct record_list){0};
}

/* ------------------------------------------------------------------ watching */

struct watch_job {
    struct sw_job job;
    char state_dir[SW_PATH_TEXT], release[SW_LABEL_MAX], after[64], head[64];
    struct record_list records;
    struct sw_record *note; /* to be appended first; NULL: none */
    enum sw_code code;
    struct sw_error error;
    uint64_t number;
};

static bool keep_record(void *arg, const struct sw_record *record)
{
    list_add(arg, record);
    return true;
}

static void watch_work(struct sw_job *j)
{
    struct watch_job *job = (struct watch_job *)j;
    sw_assert_on(SW_THREAD_WORKER);
    struct sw_ledger *ledger = NULL;
    job->code = sw_ledger_open(job->state_dir, job->release, &ledger, &job->error);
    if (job->code == SW_OK && job->note != NULL)
        job->code = sw_ledger_append(ledger, job->note, &job->error);
    if (job->code == SW_OK)
        job->code = sw_ledger_head(ledger, job->head, &job->error);
    if (job->code == SW_OK && strcmp(job->head, job->after) != 0)
        job->code = sw_ledger_read(ledger, job->after, keep_record, &job->records, &job->error);
    sw_ledger_close(ledger);
}

static void show_ledger(struct sw_core *core, const struct watch_job *job)
{
    struct sw_model *model = &core->engine.model;
    bool is_ok = job->code == SW_OK;
    if (is_ok == model->is_ledger_ok &&
        (is_ok || (model->ledger_error != NULL && !strcmp(model->ledger_error, job->error.text))))
        return;
    model->is_ledger_ok = is_ok;
    sw_model_set_text(&model->ledger_error, is_ok ? NULL : job->error.text);
    if (is_ok)
        sw_log_write(core->log, SW_LOG_INFO, "ledger", "can be read again");
    else
        sw_log_error(core->log, SW_LOG_ERROR, "ledger", &job->error);
    sw_engine_changed(core, true);
}

void sw_watch_add(struct sw_core *core, const struct sw_record *record)
{
    if (!sw_fold_add(core->engine.model.fold, record))
        return;
    sw_watch_halts(core);
    sw_reducer_refold(&core->engine.reducer);
    sw_engine_changed(core, false);
}

static void watch_done(struct sw_core *core, struct sw_job *j)
{
    struct watch_job *job = (struct watch_job *)j;
    struct sw_engine *engine = &core->engine;
    char release[SW_LABEL_MAX];
    bool is_new = false;
    engine->is_watching = false;
    engine->watches = job->number;
    sw_core_release_name(core, release);
    if (!strcmp(job->release, release[0] != '\0' ? release : sw_release_unnamed)) {
        show_ledger(core, job);
        for (size_t i = 0; i < job->records.count; i++)
            is_new = sw_fold_add(engine->model.fold, &job->records.items[i]) || is_new;
        if (job->code == SW_OK)
            sw_copy(engine->head, sizeof engine->head, job->head);
    }
    if (is_new) {
        sw_watch_halts(core);
        sw_reducer_refold(&engine->reducer);
        sw_engine_changed(core, false);
    }
    sw_outside_judge(core);
    if (job->note != NULL)
        sw_record_clear(job->note);
    free(job->note);
    list_clear(&job->records);
    free(job);
}

void sw_watch_note(struct sw_core *core, struct sw_record *note)
{
    struct sw_engine *engine = &core->engine;
    struct watch_job *job = sw_xcalloc(1, sizeof *job);
    char release[SW_LABEL_MAX];
    sw_core_release_name(core, release);
    job->job.work = watch_work;
    job->job.done = watch_done;
    job->note = note;
    job->number = ++engine->watches_begun;
    sw_copy(job->state_dir, sizeof job->state_dir, core->state_dir);
    sw_copy(job->release, sizeof job->release, release[0] != '\0' ? release : sw_release_unnamed);
    sw_copy(job->after, sizeof job->after, engine->head);
    engine->is_watching = true;
    engine->is_watch_wanted = false;
    engine->watched_ms = sw_time_mono_ms();
    engine->ledger_stamp = sw_ledger_stamp(core->state_dir, job->release);
    sw_engine_submit(core, &job->job);
}

void sw_watch_now(struct sw_core *core)
{
    core->engine.is_watch_wanted = true;
}

/* ------------------------------------------------------------------ settlement */

struct scan_job {
    struct sw_job job;
    bool is_again; /* in a core that runs: open intents of `release` alone */
    char release[SW_LABEL_MAX];
    char state_dir[SW_PATH_TEXT];
    int64_t now_ms;
    size_t count;
    struct found {
        char release[SW_LABEL_MAX];
        struct sw_record intent;
    } * found;
    enum sw_code code;
    struct sw_error error;
};

static bool fold_record(void *arg, const struct sw_record *record)
{
    sw_fold_add(arg, record);
    return true;
}

static void found_add(struct scan_job *job, const char *release, const struct sw_record *intent)
{
    job->found = sw_xrealloc_array(job->found, job->count + 1, sizeof *job->found);
    struct found *found = &job->found[job->count++];
    memset(found, 0, sizeof *found);
    sw_copy(found->release, sizeof found->release, release);
    sw_record_copy(&found->intent, intent);
}

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

/* The last word on an intent; NONE: open. */
static enum sw_result last_result(const struct sw_fold *fold, const char *intent)
{
    enum sw_result result = SW_RESULT_NONE;
    for (size_t i = 0; i < sw_fold_count(fold); i++) {
        const struct sw_record *record = sw_fold_at(fold, i);
        if (record->kind == SW_EVENT_OUTCOME && record->intent != NULL &&
            !strcmp(record->intent, intent))
            result = record->result;
    }
    return result;
}

static void scan_fold(struct scan_job *job, const char *release, const struct sw_fold *fold)
{
    for (size_t i = 0; i < sw_fold_count(fold); i++) {
        const struct sw_record *record = sw_fold_at(fold, i);
        if (record->kind != SW_EVENT_INTENT)
            continue;
        enum sw_result result = last_result(fold, record->uuid);
        bool is_young = job->now_ms - record->at_ms < unknown_age_max_ms;
        bool is_open =
            result == SW_RESULT_NONE || (result == SW_RESULT_UNKNOWN && is_young && !job->is_again);
        if (is_open && !is_carried_out(job, record->uuid))
            found_add(job, release, record);
    }
}

static enum sw_code scan_release(struct scan_job *job, const char *release, struct sw_error *err)
{
    struct sw_ledger *ledger = NULL;
    struct sw_fold *fold = sw_fold_new();
    enum sw_code code = sw_ledger_open(job->state_dir, release, &ledger, err);
    if (code == SW_OK)
        code = sw_ledger_read(ledger, NULL, fold_record, fold, err);
    scan_fold(job, release, fold); /* what could be read, also when the rest is damaged */
    sw_ledger_close(ledger);
    sw_fold_free(fold);
    return code;
}

/* All releases: a hotfix tag never hides an open intent (decision 44). */
static void scan_work(struct sw_job *j)
{
    struct scan_job *job = (struct scan_job *)j;
    struct sw_ledger *ledger = NULL;
    char **names = NULL;
    size_t count = 0;
    if (job->is_again) {
        job->code = scan_release(job, job->release, &job->error);
        return;
    }
    job->code = sw_ledger_open(job->state_dir, sw_release_unnamed, &ledger, &job->error);
    if (job->code == SW_OK)
        job->code = sw_ledger_releases(ledger, &names, &count, &job->error);
    sw_ledger_close(ledger);
    for (size_t i = 0; i < count; i++) {
        enum sw_code code = scan_release(job, names[i], &job->error);
        if (code != SW_OK)
            job->code = code;
        free(names[i]);
    }
    free(names);
}

static void settle_found(struct sw_core *core, const struct found *found)
{
    const struct sw_model_platform *platform =
        sw_model_platform(&core->engine.model, found->intent.platform);
    if (platform == NULL || !platform->can_act) {
        sw_log_write(core->log, SW_LOG_WARN, "engine",
                     "an open intent of release %s (%s) is not settled: its platform is not "
                     "configured here",
                     found->release, found->intent.uuid);
        return;
    }
    sw_actions_settle(core, found->release, &found->intent);
}

static void scan_done(struct sw_core *core, struct sw_job *j)
{
    struct scan_job *job = (struct scan_job *)j;
    core->engine.is_scanning = false;
    if (job->code != SW_OK && !job->is_again) /* later ones are told by the watch */
        sw_log_error(core->log, SW_LOG_ERROR, "ledger", &job->error);
    for (size_t i = 0; i < job->count; i++) {
        if (!core->engine.is_stopping)
            settle_found(core, &job->found[i]);
        sw_record_clear(&job->found[i].intent);
    }
    if (!job->is_again) {
        core->engine.is_scan_over = true;
        sw_command_retry(core);
    }
    free(job->found);
    free(job);
}

static void start_scan(struct sw_core *core, bool is_again)
{
    struct scan_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = scan_work;
    job->job.done = scan_done;
    job->now_ms = sw_engine_now(core);
    sw_copy(job->state_dir, sizeof job->state_dir, core->state_dir);
    job->is_again = is_again;
    if (is_again) {
        char release[SW_LABEL_MAX];
        sw_core_release_name(core, release);
        sw_copy(job->release, sizeof job->release,
                release[0] != '\0' ? release : sw_release_unnamed);
    }
    core->engine.has_scanned = core->engine.is_scanning = true;
    core->engine.scanned_ms = sw_time_mono_ms();
    sw_engine_submit(core, &job->job);
}

/* ------------------------------------------------------------------------ turns */

/* An intent that is open may be one of a process that died since our start. */
static bool is_scan_due(const struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    if (core->is_read_only || core->is_offline)
        return false;
    if (!engine->has_scanned)
        return true;
    return !core->is_oneshot && !engine->is_scanning &&
           sw_time_mono_ms() - engine->scanned_ms >= core->tuning.watch_gap_ms &&
           sw_fold_open_intent(engine->model.fold, 0) != NULL;
}

/* A look without a worker; a ledger in trouble is opened each time. */
static bool has_news(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    char release[SW_LABEL_MAX];
    sw_core_release_name(core, release);
    engine->watched_ms = sw_time_mono_ms();
    return !engine->model.is_ledger_ok ||
           sw_ledger_stamp(core->state_dir, release[0] != '\0' ? release : sw_release_unnamed) !=
               engine->ledger_stamp;
}

void sw_watch_turn(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    sw_assert_on(SW_THREAD_ENGINE);
    if (engine->is_stopping)
        return;
    if (is_scan_due(core))
        start_scan(core, engine->has_scanned);
    if (engine->is_watching)
        return;
    bool is_first = engine->watches_begun == 0;
    bool is_due =
        !core->is_oneshot && sw_time_mono_ms() - engine->watched_ms >= core->tuning.watch_gap_ms;
    if (is_first || engine->is_watch_wanted || (is_due && has_news(core)))
        sw_watch_note(core, NULL);
}

int64_t sw_watch_wait(struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    if (engine->is_stopping || engine->is_watching || core->is_oneshot)
        return -1;
    int64_t left_ms = engine->watched_ms + core->tuning.watch_gap_ms - sw_time_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}

void sw_watch_halts(struct sw_core *core)
{
    struct sw_model *model = &core->engine.model;
    for (size_t i = 0; i < model->platform_count; i++)
        model->platforms[i].halt_asked_ms = 0;
    for (size_t i = 0;; i++) {
        const struct sw_record *open = sw_fold_open_intent(model->fold, i);
        if (open == NULL)
            break;
        struct sw_model_platform *platform = sw_model_platform(model, open->platform);
        if (platform != NULL && open->verb == SW_VERB_HALT && platform->halt_asked_ms == 0)
            platform->halt_asked_ms = open->at_ms;
    }
    for (const struct sw_run *run = core->engine.runs; run != NULL; run = run->next) {
        struct sw_model_platform *platform = sw_model_platform(model, run->platform_id);
        if (platform != NULL && run->kind == SW_RUN_VERB && run->verb == SW_VERB_HALT &&
            !run->is_dry_run && platform->halt_asked_ms == 0)
            platform->halt_asked_ms = run->asked_ms;
    }
}
