/* model.c: see model.h. Facts go in here, each replacing what it supersedes. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { ACTIONS_KEPT = 32 };

/* A stop-everything shows every part of it until its end. */
static size_t actions_kept(const struct sw_model *model)
{
    return ACTIONS_KEPT + model->platform_count;
}

void sw_model_init(struct sw_model *model)
{
    *model = (struct sw_model){.fold = sw_fold_new(), .speed = 1, .is_ledger_ok = true};
}

static void clear_voices(struct sw_model_platform *platform)
{
    free(platform->issues);
    platform->issues = NULL;
    platform->issue_count = 0;
    free(platform->reviews);
    platform->reviews = NULL;
    platform->review_count = 0;
}

void sw_model_drop_health(struct sw_model_platform *platform)
{
    for (size_t i = 0; i < platform->series_count; i++) sw_shared_buckets_unref(platform->series[i].shared);
    free(platform->series);
    free(platform->readings);
    platform->series = NULL;
    platform->readings = NULL;
    platform->series_count = platform->reading_count = 0;
    clear_voices(platform);
}

void sw_model_platform_forget(struct sw_model_platform *platform)
{
    sw_model_drop_health(platform);
    sw_rollout_clear(&platform->rollout);
    platform->has_rollout = false;
    free(platform->builds);
    platform->builds = NULL;
    platform->build_count = 0;
    free(platform->alarms);
    platform->alarms = NULL;
    platform->alarm_count = 0;
    free(platform->tags.commits);
    platform->tags = (struct sw_tags_seen){0};
    platform->has_tags = false;
    sw_model_set_text(&platform->override_text, NULL);
}

void sw_model_clear(struct sw_model *model)
{
    for (size_t i = 0; i < model->platform_count; i++) sw_model_platform_forget(&model->platforms[i]);
    free(model->platforms);
    free(model->sources);
    sw_checklist_doc_clear(&model->checklist);
    free(model->checklist_note);
    free(model->notice);
    free(model->ledger_error);
    sw_fold_free(model->fold);
    free(model->actions);
    *model = (struct sw_model){0};
}

void sw_model_put_rollout(struct sw_model_platform *platform, const struct sw_rollout *rollout)
{
    struct sw_rollout copy;
    sw_rollout_copy(&copy, rollout);
    sw_rollout_clear(&platform->rollout);
    platform->rollout = copy;
    platform->has_rollout = true;
    platform->is_rollout_cached = false;
}

static bool is_same_reading(const struct sw_model_reading *have, size_t source,
                            const struct sw_reading *reading)
{
    return have->source == source && have->reading.metric == reading->metric &&
           have->reading.side == reading->side && have->reading.window_s == reading->window_s;
}

void sw_model_put_reading(struct sw_model_platform *platform, size_t source,
                          const struct sw_reading *reading, bool is_cached)
{
    struct sw_model_reading *slot = NULL;
    for (size_t i = 0; i < platform->reading_count && !slot; i++)
        if (is_same_reading(&platform->readings[i], source, reading)) slot = &platform->readings[i];
    if (!slot) {
        platform->readings = sw_xrealloc_array(platform->readings, platform->reading_count + 1,
                                               sizeof *platform->readings);
        slot = &platform->readings[platform->reading_count++];
    }
    *slot = (struct sw_model_reading){.reading = *reading, .source = source, .is_cached = is_cached};
}

void sw_model_put_series(struct sw_model_platform *platform, size_t source,
                         const struct sw_series *series)
{
    struct sw_model_series *slot = NULL;
    for (size_t i = 0; i < platform->series_count && !slot; i++) {
        struct sw_model_series *have = &platform->series[i];
        if (have->source == source && have->series.metric == series->metric &&
            have->series.side == series->side)
            slot = have;
    }
    if (!slot) {
        platform->series = sw_xrealloc_array(platform->series, platform->series_count + 1,
                                             sizeof *platform->series);
        slot = &platform->series[platform->series_count++];
        *slot = (struct sw_model_series){0};
    }
    sw_shared_buckets_unref(slot->shared);
    *slot = (struct sw_model_series){
        .series = *series,
        .shared = sw_shared_buckets_new(series->buckets, series->count),
        .source = source,
    };
    slot->series.buckets = slot->shared ? slot->shared->items : NULL;
}

void sw_model_put_issues(struct sw_model_platform *platform, size_t source,
                         const struct sw_issue_seen *issues, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < platform->issue_count; i++)
        if (platform->issues[i].source != source) platform->issues[kept++] = platform->issues[i];
    platform->issue_count = kept;
    if (count == 0) return;
    platform->issues =
        sw_xrealloc_array(platform->issues, kept + count, sizeof *platform->issues);
    for (size_t i = 0; i < count; i++)
        platform->issues[kept + i] = (struct sw_model_issue){.issue = issues[i], .source = source};
    platform->issue_count = kept + count;
}

void sw_model_put_builds(struct sw_model_platform *platform, size_t source,
                         const struct sw_build_seen *builds, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < platform->build_count; i++)
        if (platform->builds[i].source != source) platform->builds[kept++] = platform->builds[i];
    platform->build_count = kept;
    if (count == 0) return;
    platform->builds =
        sw_xrealloc_array(platform->builds, kept + count, sizeof *platform->builds);
    for (size_t i = 0; i < count; i++)
        platform->builds[kept + i] = (struct sw_model_build){.build = builds[i], .source = source};
    platform->build_count = kept + count;
}

void sw_model_put_reviews(struct sw_model_platform *platform, size_t source,
                          const struct sw_review_seen *reviews, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < platform->review_count; i++)
        if (platform->reviews[i].source != source) platform->reviews[kept++] = platform->reviews[i];
    platform->review_count = kept;
    if (count == 0) return;
    platform->reviews =
        sw_xrealloc_array(platform->reviews, kept + count, sizeof *platform->reviews);
    for (size_t i = 0; i < count; i++)
        platform->reviews[kept + i] =
            (struct sw_model_review){.review = reviews[i], .source = source};
    platform->review_count = kept + count;
}

void sw_model_put_alarms(struct sw_model_platform *platform, size_t source,
                         const struct sw_alarm_seen *alarms, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < platform->alarm_count; i++)
        if (platform->alarms[i].source != source) platform->alarms[kept++] = platform->alarms[i];
    platform->alarm_count = kept;
    if (count == 0) return;
    platform->alarms =
        sw_xrealloc_array(platform->alarms, kept + count, sizeof *platform->alarms);
    for (size_t i = 0; i < count; i++)
        platform->alarms[kept + i] = (struct sw_model_alarm){.alarm = alarms[i], .source = source};
    platform->alarm_count = kept + count;
}

void sw_model_put_tags(struct sw_model_platform *platform, size_t source,
                       const struct sw_tags_seen *tags)
{
    struct sw_commit_seen *commits = NULL;
    if (tags->shown_count) {
        commits = sw_xcalloc(tags->shown_count, sizeof *commits);
        memcpy(commits, tags->commits, tags->shown_count * sizeof *commits);
    }
    free(platform->tags.commits);
    platform->tags = *tags;
    platform->tags.commits = commits;
    platform->has_tags = true;
    platform->tags_source = source;
}

struct sw_model_platform *sw_model_platform(struct sw_model *model, const char *id)
{
    for (size_t i = 0; id && i < model->platform_count; i++)
        if (!strcmp(model->platforms[i].id, id)) return &model->platforms[i];
    return NULL;
}

struct sw_model_action *sw_model_action(struct sw_model *model, uint64_t id)
{
    for (size_t i = 0; i < model->action_count; i++)
        if (model->actions[i].id == id) return &model->actions[i];
    return NULL;
}

/* The oldest finished one beyond the number kept; running ones always stay. */
static void drop_finished(struct sw_model *model)
{
    for (size_t i = model->action_count; i > actions_kept(model); i--) {
        if (model->actions[i - 1].result == SW_RESULT_NONE) continue;
        memmove(&model->actions[i - 1], &model->actions[i],
                (model->action_count - i) * sizeof *model->actions);
        model->action_count--;
    }
}

struct sw_model_action *sw_model_add_action(struct sw_model *model, uint64_t id)
{
    sw_assert(id != 0);
    model->actions =
        sw_xrealloc_array(model->actions, model->action_count + 1, sizeof *model->actions);
    memmove(model->actions + 1, model->actions, model->action_count * sizeof *model->actions);
    model->action_count++;
    model->actions[0] = (struct sw_model_action){.id = id};
    drop_finished(model);
    return &model->actions[0];
}

void sw_model_set_text(char **slot, const char *text)
{
    char *copy = text && *text ? sw_xstrdup(text) : NULL;
    free(*slot);
    *slot = copy;
}
