/* cache_encode.c: from the model to JSON; see cache.h.
 *
 * Unknown values are left out, so that they come back as unknown. With many platforms the trends
 * and commits are left out: they are the bulk of the bytes and the least of a first paint. */
#include "store/cache.h"

#include "base/json.h"
#include "store/cache_format.h"

enum { FULL_PLATFORMS_MAX = 16 };

static void put_text(json_t *to, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(to, key, json_string(text));
}

static void put_time(json_t *to, const char *key, int64_t ms)
{
    if (ms != 0)
        json_object_set_new(to, key, json_integer(ms));
}

static void put_int(json_t *to, const char *key, int64_t number)
{
    json_object_set_new(to, key, json_integer(number));
}

static void put_flag(json_t *to, const char *key, bool flag)
{
    if (flag)
        json_object_set_new(to, key, json_true());
}

static void put_value(json_t *to, const char *key, struct sw_value value)
{
    if (value.is_known)
        json_object_set_new(to, key, json_real(value.value));
}

static json_t *other_json(const struct sw_other_version *other)
{
    json_t *to = json_object();
    put_text(to, "version", other->version);
    put_text(to, "build", other->build);
    put_text(to, "state", sw_state_name(other->state));
    put_text(to, "raw_state", other->raw_state);
    put_value(to, "percent_set", other->percent_set);
    return to;
}

static json_t *rollout_json(const struct sw_rollout *rollout)
{
    json_t *to = json_object();
    put_text(to, "state", sw_state_name(rollout->state));
    put_text(to, "raw_state", rollout->raw_state);
    put_text(to, "version", rollout->version);
    put_text(to, "build", rollout->build);
    put_text(to, "identity", rollout->identity);
    put_text(to, "previous_version", rollout->previous_version);
    put_text(to, "previous_build", rollout->previous_build);
    put_value(to, "percent_set", rollout->percent_set);
    put_value(to, "percent_actual", rollout->percent_actual);
    put_time(to, "observed_at", rollout->observed_at_ms);
    put_time(to, "true_for", rollout->true_for_ms);
    put_value(to, "pause_days_used", rollout->pause_days_used);
    put_value(to, "pause_days_total", rollout->pause_days_total);
    put_time(to, "started_at", rollout->started_at_ms);
    put_time(to, "paused_since", rollout->paused_since_ms);
    put_flag(to, "is_pause_begin_seen", rollout->is_pause_begin_seen);
    put_value(to, "pause_days_before", rollout->pause_days_before);
    put_value(to, "next_percent", rollout->next_percent);
    put_time(to, "next_at", rollout->next_at_ms);
    put_flag(to, "is_next_estimated", rollout->is_next_estimated);
    put_text(to, "place", rollout->place);
    put_text(to, "note", rollout->note);
    if (rollout->halt_wait != SW_HALT_WAIT_NONE)
        put_text(to, "halt_wait", sw_halt_wait_name(rollout->halt_wait));
    put_text(to, "halt_wait_note", rollout->halt_wait_note);
    put_text(to, "release_how", rollout->release_how);
    if (rollout->other.version[0] != '\0')
        json_object_set_new(to, "other", other_json(&rollout->other));
    put_text(to, "handle", rollout->handle);
    return to;
}

static json_t *plan_json(const struct sw_plan *plan)
{
    json_t *stages = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        json_t *stage = json_object();
        json_object_set_new(stage, "percent", json_real(plan->stages[i].percent));
        put_int(stage, "soak", plan->stages[i].soak_s);
        json_array_append_new(stages, stage);
    }
    return stages;
}

static const char *source_id(const struct sw_model *model, size_t source)
{
    return source < model->source_count ? model->sources[source].id : "";
}

static json_t *readings_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->reading_count; i++) {
        const struct sw_reading *reading = &platform->readings[i].reading;
        json_t *to = json_object();
        put_text(to, "source", source_id(model, platform->readings[i].source));
        put_text(to, "metric", sw_metric_name(reading->metric));
        put_int(to, "side", reading->side);
        put_int(to, "window", reading->window_s);
        put_value(to, "value", reading->value);
        put_value(to, "n", reading->n);
        put_value(to, "bad", reading->bad);
        put_time(to, "observed_at", reading->observed_at_ms);
        put_time(to, "true_for", reading->true_for_ms);
        if (reading->stale_after_s > 0)
            put_int(to, "stale_after", reading->stale_after_s);
        put_text(to, "period", reading->period);
        put_text(to, "origin", reading->origin);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *series_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->series_count; i++) {
        const struct sw_series *series = &platform->series[i].series;
        json_t *to = json_object();
        json_t *numbers = json_array();
        put_text(to, "source", source_id(model, platform->series[i].source));
        put_text(to, "metric", sw_metric_name(series->metric));
        put_int(to, "side", series->side);
        put_int(to, "bucket", series->bucket_s);
        put_time(to, "observed_at", series->observed_at_ms);
        for (size_t b = 0; b < series->count; b++) {
            json_array_append_new(numbers, json_integer(series->buckets[b].start_ms));
            json_array_append_new(numbers, json_real(series->buckets[b].n));
            json_array_append_new(numbers, json_real(series->buckets[b].bad));
        }
        json_object_set_new(to, "buckets", numbers);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *issues_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->issue_count; i++) {
        const struct sw_issue_seen *issue = &platform->issues[i].issue;
        json_t *to = json_object();
        put_text(to, "source", source_id(model, platform->issues[i].source));
        put_text(to, "title", issue->title);
        put_text(to, "culprit", issue->culprit);
        put_text(to, "id", issue->id);
        put_int(to, "events", issue->events);
        put_int(to, "users", issue->users);
        put_time(to, "first_seen", issue->first_seen_ms);
        put_flag(to, "is_new", issue->is_new);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *builds_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->build_count; i++) {
        const struct sw_build_seen *build = &platform->builds[i].build;
        json_t *to = json_object();
        put_text(to, "source", source_id(model, platform->builds[i].source));
        put_text(to, "version", build->version);
        put_text(to, "build", build->build);
        put_text(to, "processing", build->processing);
        put_text(to, "internal", build->internal);
        put_text(to, "external", build->external);
        put_text(to, "beta_review", build->beta_review);
        put_time(to, "uploaded", build->uploaded_ms);
        put_time(to, "expires", build->expires_ms);
        put_int(to, "sessions", build->sessions);
        put_int(to, "crashes", build->crashes);
        put_int(to, "installs", build->installs);
        put_time(to, "observed_at", build->observed_at_ms);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *reviews_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->review_count; i++) {
        const struct sw_review_seen *review = &platform->reviews[i].review;
        json_t *to = json_object();
        put_text(to, "source", source_id(model, platform->reviews[i].source));
        put_int(to, "rating", review->rating);
        put_text(to, "title", review->title);
        put_text(to, "body", review->body);
        put_text(to, "territory", review->territory);
        put_time(to, "at", review->at_ms);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *alarms_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    json_t *list = json_array();
    for (size_t i = 0; i < platform->alarm_count; i++) {
        const struct sw_alarm_seen *alarm = &platform->alarms[i].alarm;
        json_t *to = json_object();
        put_text(to, "source", source_id(model, platform->alarms[i].source));
        put_text(to, "name", alarm->name);
        put_text(to, "state", alarm->state);
        put_text(to, "reason", alarm->reason);
        put_flag(to, "is_firing", alarm->is_firing);
        put_time(to, "since", alarm->since_ms);
        put_time(to, "observed_at", alarm->observed_at_ms);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *commits_json(const struct sw_tags_seen *tags)
{
    json_t *list = json_array();
    for (size_t i = 0; i < tags->shown_count; i++) {
        json_t *to = json_object();
        put_text(to, "id", tags->commits[i].id);
        put_text(to, "subject", tags->commits[i].subject);
        put_text(to, "author", tags->commits[i].author);
        put_time(to, "at", tags->commits[i].at_ms);
        json_array_append_new(list, to);
    }
    return list;
}

static json_t *tags_json(const struct sw_model *model, const struct sw_model_platform *platform,
                         bool is_full)
{
    const struct sw_tags_seen *tags = &platform->tags;
    json_t *to = json_object();
    put_text(to, "source", source_id(model, platform->tags_source));
    put_text(to, "newest", tags->newest);
    put_text(to, "newest_commit", tags->newest_commit);
    put_text(to, "previous", tags->previous);
    put_time(to, "newest_at", tags->newest_at_ms);
    put_time(to, "observed_at", tags->observed_at_ms);
    put_text(to, "note", tags->note);
    put_flag(to, "has_commits", tags->has_commits && is_full);
    put_int(to, "commit_count", (int64_t)tags->commit_count);
    if (is_full)
        json_object_set_new(to, "commits", commits_json(tags));
    return to;
}

static json_t *platform_json(const struct sw_model *model, const struct sw_model_platform *platform)
{
    bool is_full = model->platform_count <= FULL_PLATFORMS_MAX;
    json_t *to = json_object();
    put_text(to, "id", platform->id);
    put_text(to, "rollout_of", platform->binding.rollout);
    put_text(to, "health_of", platform->binding.health);
    put_text(to, "alarms_of", platform->binding.alarms);
    put_text(to, "tags_of", platform->binding.tags);
    if (platform->has_rollout) {
        put_text(to, "source", source_id(model, platform->source));
        json_object_set_new(to, "rollout", rollout_json(&platform->rollout));
        put_time(to, "stage_since", platform->stage_since_ms);
        put_flag(to, "is_stage_since_ours", platform->is_stage_since_ours);
        put_text(to, "override", platform->override_text);
    }
    if (platform->plan.kind == SW_PLAN_SERVICE)
        json_object_set_new(to, "plan", plan_json(&platform->plan));
    json_object_set_new(to, "readings", readings_json(model, platform));
    if (is_full)
        json_object_set_new(to, "series", series_json(model, platform));
    json_t *judged = sw_cache_judged_json(&platform->judgement);
    if (judged != NULL)
        json_object_set_new(to, "verdict", judged);
    json_object_set_new(to, "issues", issues_json(model, platform));
    json_object_set_new(to, "builds", builds_json(model, platform));
    json_object_set_new(to, "reviews", reviews_json(model, platform));
    json_object_set_new(to, "alarms", alarms_json(model, platform));
    if (platform->has_tags)
        json_object_set_new(to, "tags", tags_json(model, platform, is_full));
    return to;
}

static json_t *checklist_json(const struct sw_model *model)
{
    json_t *to = json_object();
    json_t *items = json_array();
    put_text(to, "file", model->checklist_file);
    put_text(to, "ref", model->checklist_ref);
    put_time(to, "observed_at", model->checklist_observed_at_ms);
    for (size_t i = 0; i < model->checklist.count; i++) {
        const struct sw_checklist_entry *entry = &model->checklist.entries[i];
        json_t *item = json_object();
        put_text(item, "id", entry->id);
        put_text(item, "text", entry->text);
        put_text(item, "phase", entry->phase);
        put_text(item, "owner", entry->owner);
        put_text(item, "due", entry->due);
        put_int(item, "depth", entry->depth);
        put_int(item, "line", entry->line);
        put_flag(item, "is_done", entry->is_done_in_file);
        put_flag(item, "is_blocking", entry->is_blocking);
        json_array_append_new(items, item);
    }
    json_object_set_new(to, "items", items);
    return to;
}

enum sw_code sw_cache_encode(const struct sw_model *model, int64_t now_ms, struct sw_buf *out,
                             struct sw_error *err)
{
    json_t *tree = json_object();
    json_t *sources = json_array();
    json_t *platforms = json_array();
    sw_buf_init(out, SW_CACHE_BYTES_MAX);
    put_int(tree, "slipway_cache", SW_CACHE_FORMAT);
    put_time(tree, "at", now_ms);
    put_text(tree, "release", model->release);
    put_text(tree, "release_tag", model->release_tag);
    for (size_t i = 0; i < model->source_count; i++) {
        json_t *source = json_object();
        put_text(source, "id", model->sources[i].id);
        put_time(source, "last_ok_at", model->sources[i].last_ok_at_ms);
        json_array_append_new(sources, source);
    }
    for (size_t i = 0; i < model->platform_count; i++)
        json_array_append_new(platforms, platform_json(model, &model->platforms[i]));
    json_object_set_new(tree, "sources", sources);
    json_object_set_new(tree, "platforms", platforms);
    if (model->has_checklist)
        json_object_set_new(tree, "checklist", checklist_json(model));
    enum sw_code code = sw_json_write(tree, out, SW_JSON_COMPACT, err);
    json_decref(tree);
    return code;
}
