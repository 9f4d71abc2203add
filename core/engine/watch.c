/* watch.c: the release's log as the engine sees it: events of this and other processes. What is open
 * in the logs of other releases is unsettled.c's.
 *
 * Every few seconds the engine looks whether the ref has moved (two stat calls, nothing opened);
 * only then does a worker read the new events. Each job opens a ledger of its own, because
 * libgit2's objects belong to one thread. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

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
    sw_unsettled_show(core);
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
        sw_unsettled_show(core);
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

/* ------------------------------------------------------------------------ turns */

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
