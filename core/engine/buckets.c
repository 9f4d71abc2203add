/* buckets.c: the tables of the verdict between the model and the disk.
 *
 * They are read once, by a worker, when the engine begins: the first paint needs none of them. A table
 * is written when it is an hour ahead of its file, one at a time: what is newer comes with the next
 * poll anyway, as a source tells the whole last day. The engine thread encodes one table in about a
 * millisecond and never waits for the disk. */
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"
#include "model/view_verdict.h"
#include "store/buckets_file.h"
#include "store/cache.h"

enum { BEHIND_MAX_MS = SW_HOUR_MS, JUDGED_A_TURN = 4096 };

/* cache_file is .../snapshot.json; beside it a folder with a file for each platform. */
static void path_of(const struct sw_core *core, const char *platform, char path[SW_PATH_TEXT])
{
    const char *slash = strrchr(core->cache_file, '/');
    int dir = slash != NULL ? (int)(slash - core->cache_file) : 0;
    sw_format(path, SW_PATH_TEXT, "%.*s/buckets/%s.jsonl", dir, core->cache_file, platform);
}

/* ----------------------------------------------------------------------- reading */

struct kept {
    char platform[SW_ID_MAX];
    char path[SW_PATH_TEXT];
    struct sw_buckets buckets;
    enum sw_code code;
    struct sw_error error;
};

struct load_job {
    struct sw_job job;
    size_t count;
    struct kept *kept;
};

static void load_work(struct sw_job *j)
{
    struct load_job *job = (struct load_job *)j;
    for (size_t i = 0; i < job->count; i++)
        job->kept[i].code =
            sw_buckets_read(job->kept[i].path, &job->kept[i].buckets, &job->kept[i].error);
}

static void load_done(struct sw_core *core, struct sw_job *j)
{
    struct load_job *job = (struct load_job *)j;
    for (size_t i = 0; i < job->count; i++) {
        struct kept *kept = &job->kept[i];
        struct sw_model_platform *platform =
            sw_model_platform(&core->engine.model, kept->platform);
        if (kept->code == SW_OK && platform != NULL)
            sw_buckets_adopt(&platform->buckets, &kept->buckets);
        else if (kept->code != SW_OK && kept->code != SW_E_NOT_FOUND)
            sw_log_error(core->log, SW_LOG_WARN, kept->platform, &kept->error);
        sw_buckets_clear(&kept->buckets);
    }
    core->engine.is_loading_buckets = false;
    sw_engine_changed(core, false);
    free(job->kept);
    free(job);
}

void sw_keep_begin(struct sw_core *core)
{
    const struct sw_model *model = &core->engine.model;
    if (core->is_offline || model->platform_count == 0)
        return;
    struct load_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = load_work;
    job->job.done = load_done;
    job->count = model->platform_count;
    job->kept = sw_xcalloc(job->count, sizeof *job->kept);
    for (size_t i = 0; i < job->count; i++) {
        sw_copy(job->kept[i].platform, sizeof job->kept[i].platform, model->platforms[i].id);
        path_of(core, model->platforms[i].id, job->kept[i].path);
    }
    core->engine.is_loading_buckets = true;
    sw_engine_submit(core, &job->job);
}

/* ----------------------------------------------------------------------- writing */

struct save_job {
    struct sw_job job;
    char path[SW_PATH_TEXT];
    struct sw_buf text;
    enum sw_code code;
    struct sw_error error;
};

static bool is_due(const struct sw_buckets *buckets)
{
    if (buckets->count == 0 || buckets->read_ms[SW_SIDE_NEW] == 0)
        return false;
    return sw_buckets_end_ms(buckets) - buckets->saved_end_ms >= BEHIND_MAX_MS;
}

static struct sw_model_platform *next_due(struct sw_core *core)
{
    struct sw_model *model = &core->engine.model;
    if (core->is_offline || core->engine.is_loading_buckets)
        return NULL;
    for (size_t i = 0; i < model->platform_count; i++)
        if (is_due(&model->platforms[i].buckets))
            return &model->platforms[i];
    return NULL;
}

static void save_work(struct sw_job *j)
{
    struct save_job *job = (struct save_job *)j;
    job->code = sw_cache_write(job->path, &job->text, &job->error);
}

static void log_save(struct sw_core *core, const struct save_job *job)
{
    if (job->code != SW_OK)
        sw_log_error(core->log, SW_LOG_WARN, "buckets", &job->error);
}

static void save_done(struct sw_core *core, struct sw_job *j)
{
    struct save_job *job = (struct save_job *)j;
    core->engine.is_saving_buckets = false;
    log_save(core, job);
    sw_buf_clear(&job->text);
    free(job);
}

/* A failed one is tried again when the table is another hour longer. */
static void encode(const struct sw_core *core, struct sw_model_platform *platform,
                   struct save_job *job)
{
    path_of(core, platform->id, job->path);
    platform->buckets.saved_end_ms = sw_buckets_end_ms(&platform->buckets);
    job->code = sw_buckets_encode(&platform->buckets, &job->text, &job->error);
}

void sw_keep_turn(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    if (engine->model.is_judging) {
        engine->model.is_judging =
            sw_verdict_refresh(&engine->model, sw_engine_now(core), JUDGED_A_TURN);
        sw_engine_changed(core, false);
    }
    struct sw_model_platform *platform =
        engine->is_saving_buckets || engine->is_stopping ? NULL : next_due(core);
    if (platform == NULL)
        return;
    struct save_job *job = sw_xcalloc(1, sizeof *job);
    job->job.work = save_work;
    job->job.done = save_done;
    encode(core, platform, job);
    engine->is_saving_buckets = true;
    if (job->code == SW_OK)
        sw_engine_submit(core, &job->job);
    else
        save_done(core, &job->job);
}

int64_t sw_keep_wait(const struct sw_core *core)
{
    return core->engine.model.is_judging ? 0 : -1;
}

bool sw_keep_is_ready(struct sw_core *core)
{
    struct sw_model *model = &core->engine.model;
    if (core->engine.is_loading_buckets)
        return false;
    model->is_judging = sw_verdict_refresh(model, sw_engine_now(core), JUDGED_A_TURN);
    return !model->is_judging;
}

void sw_keep_at_end(struct sw_core *core)
{
    struct sw_model_platform *platform = next_due(core);
    for (; platform != NULL; platform = next_due(core)) {
        struct save_job job = {.code = SW_OK};
        encode(core, platform, &job);
        if (job.code == SW_OK)
            save_work(&job.job);
        log_save(core, &job);
        sw_buf_clear(&job.text);
    }
}
