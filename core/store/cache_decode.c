/* cache_decode.c: from JSON back into a model; see cache.h.
 *
 * Getters for optional keys; the first wrong type is remembered and ends the whole: a cache is
 * written by us, so a wrong type means damage. */
#include "store/cache.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/cache_format.h"

enum { BUCKETS_MAX = 2000 };

struct reader {
    struct sw_model *model;
    enum sw_code code;
    struct sw_error *err;
};

static void note(struct reader *reader, enum sw_code code)
{
    if (code != SW_OK && code != SW_E_NOT_FOUND && reader->code == SW_OK)
        reader->code = code;
}

static void get_text(struct reader *reader, const json_t *from, const char *key, char *out,
                     size_t size)
{
    note(reader, sw_json_text(from, key, SW_OPTIONAL, out, size, reader->err));
}

static int64_t get_int(struct reader *reader, const json_t *from, const char *key)
{
    int64_t number = 0;
    note(reader, sw_json_int(from, key, SW_OPTIONAL, &number, reader->err));
    return number;
}

static int64_t get_small(struct reader *reader, const json_t *from, const char *key, int64_t max)
{
    int64_t number = 0;
    note(reader, sw_json_int_range(from, key, SW_OPTIONAL, 0, max, &number, reader->err));
    return number;
}

static bool get_flag(struct reader *reader, const json_t *from, const char *key)
{
    bool flag = false;
    note(reader, sw_json_bool(from, key, SW_OPTIONAL, &flag, reader->err));
    return flag;
}

static struct sw_value get_value(struct reader *reader, const json_t *from, const char *key)
{
    struct sw_value value = {0};
    enum sw_code code = sw_json_num(from, key, SW_OPTIONAL, &value.value, reader->err);
    note(reader, code);
    value.is_known = code == SW_OK;
    return value;
}

static const char *get_word(struct reader *reader, const json_t *from, const char *key)
{
    const char *word = "";
    note(reader, sw_json_str(from, key, SW_OPTIONAL, &word, reader->err));
    return word;
}

/* The list under key; NULL when absent or damaged. */
static json_t *get_list(struct reader *reader, const json_t *from, const char *key)
{
    json_t *list = NULL;
    note(reader, sw_json_arr(from, key, SW_OPTIONAL, &list, reader->err));
    return list;
}

/* SIZE_MAX: that source is not configured any more. */
static size_t get_source(struct reader *reader, const json_t *from)
{
    const char *id = get_word(reader, from, "source");
    for (size_t i = 0; i < reader->model->source_count; i++)
        if (!strcmp(reader->model->sources[i].id, id))
            return i;
    return SIZE_MAX;
}

static void read_other(struct reader *reader, const json_t *rollout, struct sw_other_version *to)
{
    json_t *from = NULL;
    note(reader, sw_json_obj(rollout, "other", SW_OPTIONAL, &from, reader->err));
    if (from == NULL)
        return;
    get_text(reader, from, "version", to->version, sizeof to->version);
    get_text(reader, from, "build", to->build, sizeof to->build);
    get_text(reader, from, "raw_state", to->raw_state, sizeof to->raw_state);
    to->state = sw_state_parse(get_word(reader, from, "state"));
    to->percent_set = get_value(reader, from, "percent_set");
}

static void read_rollout(struct reader *reader, const json_t *from, struct sw_rollout *to)
{
    const char *handle = get_word(reader, from, "handle");
    to->state = sw_state_parse(get_word(reader, from, "state"));
    get_text(reader, from, "raw_state", to->raw_state, sizeof to->raw_state);
    get_text(reader, from, "version", to->version, sizeof to->version);
    get_text(reader, from, "build", to->build, sizeof to->build);
    get_text(reader, from, "identity", to->identity, sizeof to->identity);
    get_text(reader, from, "previous_version", to->previous_version, sizeof to->previous_version);
    get_text(reader, from, "previous_build", to->previous_build, sizeof to->previous_build);
    get_text(reader, from, "place", to->place, sizeof to->place);
    get_text(reader, from, "note", to->note, sizeof to->note);
    to->halt_wait = sw_halt_wait_parse(get_word(reader, from, "halt_wait"));
    get_text(reader, from, "halt_wait_note", to->halt_wait_note, sizeof to->halt_wait_note);
    get_text(reader, from, "release_how", to->release_how, sizeof to->release_how);
    read_other(reader, from, &to->other);
    to->percent_set = get_value(reader, from, "percent_set");
    to->percent_actual = get_value(reader, from, "percent_actual");
    to->pause_days_used = get_value(reader, from, "pause_days_used");
    to->pause_days_total = get_value(reader, from, "pause_days_total");
    to->started_at_ms = get_int(reader, from, "started_at");
    to->paused_since_ms = get_int(reader, from, "paused_since");
    to->is_pause_begin_seen = get_flag(reader, from, "is_pause_begin_seen");
    to->pause_days_before = get_value(reader, from, "pause_days_before");
    to->next_percent = get_value(reader, from, "next_percent");
    to->observed_at_ms = get_int(reader, from, "observed_at");
    to->true_for_ms = get_int(reader, from, "true_for");
    to->next_at_ms = get_int(reader, from, "next_at");
    to->is_next_estimated = get_flag(reader, from, "is_next_estimated");
    to->handle = handle[0] != '\0' ? sw_xstrdup(handle) : NULL;
}

static void read_plan(struct reader *reader, const json_t *from, struct sw_plan *plan)
{
    json_t *stages = get_list(reader, from, "plan");
    if (plan->kind != SW_PLAN_SERVICE || stages == NULL)
        return;
    plan->count = 0;
    for (size_t i = 0; i < json_array_size(stages) && i < SW_STAGES_MAX; i++) {
        const json_t *stage = json_array_get(stages, i);
        plan->stages[i] = (struct sw_plan_stage){
            .percent = get_value(reader, stage, "percent").value,
            .soak_s = get_int(reader, stage, "soak"),
            .weekday = -1,
        };
        plan->count++;
    }
}

static void read_readings(struct reader *reader, const json_t *from,
                          struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "readings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        size_t source = get_source(reader, item);
        struct sw_reading reading = {
            .metric = sw_metric_parse(get_word(reader, item, "metric")),
            .side = get_small(reader, item, "side", 1) == 1 ? SW_SIDE_OLD : SW_SIDE_NEW,
            .window_s = (int)get_small(reader, item, "window", INT32_MAX),
            .value = get_value(reader, item, "value"),
            .n = get_value(reader, item, "n"),
            .bad = get_value(reader, item, "bad"),
            .observed_at_ms = get_int(reader, item, "observed_at"),
            .true_for_ms = get_int(reader, item, "true_for"),
            .stale_after_s = (int)get_small(reader, item, "stale_after", INT32_MAX),
        };
        get_text(reader, item, "period", reading.period, sizeof reading.period);
        get_text(reader, item, "origin", reading.origin, sizeof reading.origin);
        if (source != SIZE_MAX && reading.metric != SW_METRIC_UNKNOWN && reader->code == SW_OK)
            sw_model_put_reading(platform, source, &reading, true);
    }
}

static void read_one_series(struct reader *reader, const json_t *item,
                            struct sw_model_platform *platform)
{
    json_t *numbers = get_list(reader, item, "buckets");
    size_t source = get_source(reader, item);
    size_t count = json_array_size(numbers) / 3;
    struct sw_series series = {
        .metric = sw_metric_parse(get_word(reader, item, "metric")),
        .side = get_small(reader, item, "side", 1) == 1 ? SW_SIDE_OLD : SW_SIDE_NEW,
        .bucket_s = (int)get_small(reader, item, "bucket", INT32_MAX),
        .observed_at_ms = get_int(reader, item, "observed_at"),
        .count = count < BUCKETS_MAX ? count : BUCKETS_MAX,
    };
    series.buckets = sw_xcalloc(series.count + 1, sizeof *series.buckets);
    for (size_t b = 0; b < series.count; b++) {
        const json_t *at = json_array_get(numbers, 3 * b);
        series.buckets[b].start_ms = (int64_t)json_integer_value(at);
        series.buckets[b].n = json_number_value(json_array_get(numbers, 3 * b + 1));
        series.buckets[b].bad = json_number_value(json_array_get(numbers, 3 * b + 2));
    }
    if (source != SIZE_MAX && series.metric != SW_METRIC_UNKNOWN && reader->code == SW_OK)
        sw_model_put_series(platform, source, &series);
    for (size_t i = 0; i < platform->series_count; i++)
        platform->series[i].is_cached = true;
    free(series.buckets);
}

static void read_series(struct reader *reader, const json_t *from,
                        struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "series");
    for (size_t i = 0; i < json_array_size(list); i++)
        read_one_series(reader, json_array_get(list, i), platform);
}

/* Lists are put source by source, because each put replaces its source's list. */
static void read_issues(struct reader *reader, const json_t *from,
                        struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "issues");
    size_t count = json_array_size(list);
    struct sw_issue_seen *issues = sw_xcalloc(count + 1, sizeof *issues);
    for (size_t source = 0; source < reader->model->source_count; source++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const json_t *item = json_array_get(list, i);
            struct sw_issue_seen *to = &issues[kept];
            if (get_source(reader, item) != source)
                continue;
            *to = (struct sw_issue_seen){.events = get_int(reader, item, "events"),
                                         .users = get_int(reader, item, "users"),
                                         .first_seen_ms = get_int(reader, item, "first_seen"),
                                         .is_new = get_flag(reader, item, "is_new")};
            get_text(reader, item, "title", to->title, sizeof to->title);
            get_text(reader, item, "culprit", to->culprit, sizeof to->culprit);
            get_text(reader, item, "id", to->id, sizeof to->id);
            kept++;
        }
        if (kept > 0 && reader->code == SW_OK)
            sw_model_put_issues(platform, source, issues, kept);
    }
    free(issues);
}

static void read_build(struct reader *reader, const json_t *item, struct sw_build_seen *to)
{
    *to = (struct sw_build_seen){.uploaded_ms = get_int(reader, item, "uploaded"),
                                 .expires_ms = get_int(reader, item, "expires"),
                                 .sessions = get_int(reader, item, "sessions"),
                                 .crashes = get_int(reader, item, "crashes"),
                                 .installs = get_int(reader, item, "installs"),
                                 .observed_at_ms = get_int(reader, item, "observed_at")};
    get_text(reader, item, "version", to->version, sizeof to->version);
    get_text(reader, item, "build", to->build, sizeof to->build);
    get_text(reader, item, "processing", to->processing, sizeof to->processing);
    get_text(reader, item, "internal", to->internal, sizeof to->internal);
    get_text(reader, item, "external", to->external, sizeof to->external);
    get_text(reader, item, "beta_review", to->beta_review, sizeof to->beta_review);
}

static void read_builds(struct reader *reader, const json_t *from,
                        struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "builds");
    size_t count = json_array_size(list);
    struct sw_build_seen *builds = sw_xcalloc(count + 1, sizeof *builds);
    for (size_t source = 0; source < reader->model->source_count; source++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
            if (get_source(reader, json_array_get(list, i)) == source)
                read_build(reader, json_array_get(list, i), &builds[kept++]);
        if (kept > 0 && reader->code == SW_OK)
            sw_model_put_builds(platform, source, builds, kept);
    }
    free(builds);
}

static void read_reviews(struct reader *reader, const json_t *from,
                         struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "reviews");
    size_t count = json_array_size(list);
    struct sw_review_seen *reviews = sw_xcalloc(count + 1, sizeof *reviews);
    for (size_t source = 0; source < reader->model->source_count; source++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const json_t *item = json_array_get(list, i);
            struct sw_review_seen *to = &reviews[kept];
            if (get_source(reader, item) != source)
                continue;
            *to = (struct sw_review_seen){.rating = (int)get_small(reader, item, "rating", 5),
                                          .at_ms = get_int(reader, item, "at")};
            get_text(reader, item, "title", to->title, sizeof to->title);
            get_text(reader, item, "body", to->body, sizeof to->body);
            get_text(reader, item, "territory", to->territory, sizeof to->territory);
            kept++;
        }
        if (kept > 0 && reader->code == SW_OK)
            sw_model_put_reviews(platform, source, reviews, kept);
    }
    free(reviews);
}

static void read_alarms(struct reader *reader, const json_t *from,
                        struct sw_model_platform *platform)
{
    json_t *list = get_list(reader, from, "alarms");
    size_t count = json_array_size(list);
    struct sw_alarm_seen *alarms = sw_xcalloc(count + 1, sizeof *alarms);
    for (size_t source = 0; source < reader->model->source_count; source++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const json_t *item = json_array_get(list, i);
            struct sw_alarm_seen *to = &alarms[kept];
            if (get_source(reader, item) != source)
                continue;
            *to = (struct sw_alarm_seen){.is_firing = get_flag(reader, item, "is_firing"),
                                         .since_ms = get_int(reader, item, "since"),
                                         .observed_at_ms = get_int(reader, item, "observed_at")};
            get_text(reader, item, "name", to->name, sizeof to->name);
            get_text(reader, item, "state", to->state, sizeof to->state);
            get_text(reader, item, "reason", to->reason, sizeof to->reason);
            kept++;
        }
        if (kept > 0 && reader->code == SW_OK)
            sw_model_put_alarms(platform, source, alarms, kept);
    }
    free(alarms);
}

static void read_commits(struct reader *reader, const json_t *from, struct sw_tags_seen *tags)
{
    json_t *list = get_list(reader, from, "commits");
    size_t count = json_array_size(list);
    tags->shown_count = count < SW_COMMITS_SHOWN ? count : SW_COMMITS_SHOWN;
    tags->commits = sw_xcalloc(tags->shown_count + 1, sizeof *tags->commits);
    for (size_t i = 0; i < tags->shown_count; i++) {
        const json_t *item = json_array_get(list, i);
        struct sw_commit_seen *to = &tags->commits[i];
        get_text(reader, item, "id", to->id, sizeof to->id);
        get_text(reader, item, "subject", to->subject, sizeof to->subject);
        get_text(reader, item, "author", to->author, sizeof to->author);
        to->at_ms = get_int(reader, item, "at");
    }
}

static void read_tags(struct reader *reader, const json_t *from, struct sw_model_platform *platform)
{
    size_t source = get_source(reader, from);
    struct sw_tags_seen tags = {
        .newest_at_ms = get_int(reader, from, "newest_at"),
        .observed_at_ms = get_int(reader, from, "observed_at"),
        .has_commits = get_flag(reader, from, "has_commits"),
        .commit_count = (size_t)get_small(reader, from, "commit_count", INT32_MAX),
    };
    get_text(reader, from, "newest", tags.newest, sizeof tags.newest);
    get_text(reader, from, "newest_commit", tags.newest_commit, sizeof tags.newest_commit);
    get_text(reader, from, "previous", tags.previous, sizeof tags.previous);
    get_text(reader, from, "note", tags.note, sizeof tags.note);
    read_commits(reader, from, &tags);
    if (source != SIZE_MAX && reader->code == SW_OK)
        sw_model_put_tags(platform, source, &tags);
    free(tags.commits);
}

static void read_state(struct reader *reader, const json_t *from,
                       struct sw_model_platform *platform)
{
    json_t *rollout = NULL;
    struct sw_rollout read = {0};
    note(reader, sw_json_obj(from, "rollout", SW_OPTIONAL, &rollout, reader->err));
    if (rollout == NULL || !platform->has_source || get_source(reader, from) != platform->source)
        return;
    read_rollout(reader, rollout, &read);
    if (reader->code == SW_OK) {
        sw_model_put_rollout(platform, &read);
        platform->is_rollout_cached = true;
        platform->stage_since_ms = get_int(reader, from, "stage_since");
        platform->is_stage_since_ours = get_flag(reader, from, "is_stage_since_ours");
        sw_model_set_text(&platform->override_text, get_word(reader, from, "override"));
    }
    sw_rollout_clear(&read);
}

static bool is_of(struct reader *reader, const json_t *from, const char *key, const char *binding)
{
    return !strcmp(get_word(reader, from, key), binding);
}

static void read_verdict(struct reader *reader, const json_t *from,
                         struct sw_model_platform *platform)
{
    json_t *judged = NULL;
    note(reader, sw_json_obj(from, "verdict", SW_OPTIONAL, &judged, reader->err));
    if (judged != NULL && !sw_cache_judged_read(judged, &platform->judgement))
        note(reader, sw_fail(reader->err, SW_E_PARSE, "verdict: damaged"));
}

/* Only what was read of what the platform is bound to now. Health is asked by the version that the
 * store told, so it goes with the rollout. */
static void read_platform(struct reader *reader, const json_t *from)
{
    json_t *tags = NULL;
    struct sw_model_platform *platform =
        sw_model_platform(reader->model, get_word(reader, from, "id"));
    if (platform == NULL)
        return;
    bool is_same = is_of(reader, from, "rollout_of", platform->binding.rollout);
    if (is_same) {
        read_state(reader, from, platform);
        read_plan(reader, from, &platform->plan);
        read_builds(reader, from, platform);
        read_reviews(reader, from, platform);
    }
    if (is_same && is_of(reader, from, "health_of", platform->binding.health)) {
        read_readings(reader, from, platform);
        read_series(reader, from, platform);
        read_verdict(reader, from, platform);
        read_issues(reader, from, platform);
    }
    if (is_of(reader, from, "alarms_of", platform->binding.alarms))
        read_alarms(reader, from, platform);
    note(reader, sw_json_obj(from, "tags", SW_OPTIONAL, &tags, reader->err));
    if (tags != NULL && is_of(reader, from, "tags_of", platform->binding.tags))
        read_tags(reader, tags, platform);
}

static char *copy_word(struct reader *reader, const json_t *from, const char *key, bool is_needed)
{
    const char *word = get_word(reader, from, key);
    return word[0] != '\0' || is_needed ? sw_xstrdup(word) : NULL;
}

static void read_checklist(struct reader *reader, const json_t *tree)
{
    struct sw_model *model = reader->model;
    json_t *from = NULL;
    note(reader, sw_json_obj(tree, "checklist", SW_OPTIONAL, &from, reader->err));
    if (from == NULL || !model->has_checklist_config)
        return;
    json_t *items = get_list(reader, from, "items");
    size_t count = json_array_size(items);
    get_text(reader, from, "file", model->checklist_file, sizeof model->checklist_file);
    get_text(reader, from, "ref", model->checklist_ref, sizeof model->checklist_ref);
    model->checklist_observed_at_ms = get_int(reader, from, "observed_at");
    model->checklist.entries = sw_xcalloc(count + 1, sizeof *model->checklist.entries);
    model->checklist.count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, i);
        model->checklist.entries[i] = (struct sw_checklist_entry){
            .id = copy_word(reader, item, "id", true),
            .text = copy_word(reader, item, "text", true),
            .phase = copy_word(reader, item, "phase", true),
            .owner = copy_word(reader, item, "owner", false),
            .due = copy_word(reader, item, "due", false),
            .depth = (int)get_small(reader, item, "depth", 1000),
            .line = (int)get_small(reader, item, "line", INT32_MAX),
            .is_done_in_file = get_flag(reader, item, "is_done"),
            .is_blocking = get_flag(reader, item, "is_blocking"),
        };
    }
    model->has_checklist = true;
}

static void read_sources(struct reader *reader, const json_t *tree)
{
    json_t *list = get_list(reader, tree, "sources");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *id = get_word(reader, item, "id");
        for (size_t s = 0; s < reader->model->source_count; s++)
            if (!strcmp(reader->model->sources[s].id, id))
                reader->model->sources[s].last_ok_at_ms = get_int(reader, item, "last_ok_at");
    }
}

/* Takes back what a damaged cache has put in before the damage was met. */
static void forget(struct sw_model *model)
{
    for (size_t i = 0; i < model->platform_count; i++) {
        sw_model_platform_forget(&model->platforms[i]);
        model->platforms[i].stage_since_ms = 0;
        model->platforms[i].is_stage_since_ours = false;
        model->platforms[i].is_rollout_cached = false;
        if (model->platforms[i].plan.kind == SW_PLAN_SERVICE)
            model->platforms[i].plan.count = 0;
    }
    for (size_t i = 0; i < model->source_count; i++)
        model->sources[i].last_ok_at_ms = 0;
    sw_checklist_doc_clear(&model->checklist);
    model->has_checklist = false;
    model->checklist_file[0] = model->checklist_ref[0] = '\0';
    model->checklist_observed_at_ms = 0;
    model->release[0] = model->release_tag[0] = '\0';
    model->is_cached = false;
    model->cached_at_ms = 0;
}

static void read_tree(struct reader *reader, const json_t *tree)
{
    struct sw_model *model = reader->model;
    json_t *platforms = get_list(reader, tree, "platforms");
    get_text(reader, tree, "release", model->release, sizeof model->release);
    get_text(reader, tree, "release_tag", model->release_tag, sizeof model->release_tag);
    read_sources(reader, tree);
    for (size_t i = 0; i < json_array_size(platforms); i++)
        read_platform(reader, json_array_get(platforms, i));
    read_checklist(reader, tree);
    model->cached_at_ms = get_int(reader, tree, "at");
    model->is_cached = true;
}

static enum sw_code fill(struct sw_model *model, const json_t *tree, struct sw_error *err)
{
    struct reader reader = {.model = model, .err = err};
    read_tree(&reader, tree);
    if (reader.code != SW_OK)
        forget(model);
    return reader.code;
}

enum sw_code sw_cache_decode(const char *text, size_t len, struct sw_model *model,
                             struct sw_error *err)
{
    const struct sw_json_limits limits = {
        .max_bytes = SW_CACHE_BYTES_MAX, .max_depth = 16, .max_nodes = 1000000};
    SW_JSON json_t *tree = NULL;
    int64_t format = 0;
    enum sw_code code = sw_json_parse(text, len, &limits, &tree, err);
    if (code == SW_OK)
        code = sw_json_int(tree, "slipway_cache", SW_REQUIRED, &format, err);
    if (code == SW_OK && format != SW_CACHE_FORMAT)
        code = sw_fail(err, SW_E_PARSE, "the cache has format %lld, this program writes %d",
                       (long long)format, SW_CACHE_FORMAT);
    if (code == SW_OK)
        code = fill(model, tree, err);
    if (code != SW_OK)
        sw_error_prefix(err, "ignoring the cached picture");
    return code;
}
