/* status_json.c: snapshots as the documented JSON (schemas in docs/).
 *
 * What is not known is null, never 0. Numbers are not rounded. Times are RFC
 * 3339 in UTC. The shape is a contract: fields may be added, never changed. */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "slipway.h"

enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *number_or_null(struct sw_value value)
{
    return value.is_known && isfinite(value.value) ? json_real(value.value) : json_null();
}

static json_t *count_or_null(struct sw_value value)
{
    if (!value.is_known || !isfinite(value.value) || fabs(value.value) > 9e15) return json_null();
    return json_integer((json_int_t)llround(value.value));
}

static json_t *time_or_null(int64_t ms)
{
    char text[SW_TIME_TEXT];
    return ms ? json_string(sw_time_format(ms, text)) : json_null();
}

static json_t *integer_or_null(int64_t value, bool is_known)
{
    return is_known ? json_integer(value) : json_null();
}

/* "rolled_back" as "ROLLED_BACK": states are written as the design names them. */
static json_t *state_word(enum sw_state state)
{
    char word[32];
    sw_copy(word, sizeof word, sw_state_name(state));
    for (char *at = word; *at; at++) *at = (char)toupper((unsigned char)*at);
    return json_string(word);
}

static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static enum sw_code finish(json_t *tree, char **out, struct sw_error *err)
{
    struct sw_buf buf;
    sw_buf_init(&buf, JSON_MAX_BYTES);
    enum sw_code code = sw_json_write(tree, &buf, SW_JSON_COMPACT, err);
    if (code == SW_OK) *out = sw_buf_take(&buf);
    sw_buf_clear(&buf);
    json_decref(tree);
    return code;
}

/* ---------------------------------------------------------------- parts */

static json_t *stage_json(const struct sw_platform *platform)
{
    json_t *stage = json_object();
    put(stage, "index", integer_or_null(platform->stage_index, platform->stage_index >= 0));
    put(stage, "count", integer_or_null((int64_t)platform->stage_count, platform->stage_count > 0));
    put(stage, "since", time_or_null(platform->stage_since_ms));
    put(stage, "next_percent", number_or_null(platform->next_percent));
    put(stage, "next_at", time_or_null(platform->next_at_ms));
    put(stage, "next_note", text_or_null(platform->next_note));
    return stage;
}

static json_t *health_json(const struct sw_health *from)
{
    json_t *health = json_object();
    put(health, "metric", json_string(sw_metric_name(from->metric)));
    put(health, "value", number_or_null(from->value));
    put(health, "unit", json_string(sw_metric_unit(from->metric)));
    put(health, "n", count_or_null(from->n));
    put(health, "bad", count_or_null(from->bad));
    put(health, "old_value", number_or_null(from->old_value));
    put(health, "old_n", count_or_null(from->old_n));
    put(health, "window_s", json_integer(from->window_s));
    put(health, "period", text_or_null(from->period));
    put(health, "observed_at", time_or_null(from->observed_at_ms));
    put(health, "true_for", time_or_null(from->true_for_ms));
    put(health, "stale", json_boolean(from->is_stale || from->is_cached));
    put(health, "deciding", json_boolean(from->is_deciding));
    put(health, "contradiction", text_or_null(from->contradiction));
    put(health, "source", text_or_null(from->source));
    return health;
}

/* Up to the last halt or fix. */
static json_t *before_json(const struct sw_grounds *grounds)
{
    if (grounds->event == 0) return json_null();
    json_t *before = json_object();
    put(before, "state", json_string(sw_verdict_name(grounds->before)));
    put(before, "ratio", number_or_null(grounds->before_ratio));
    put(before, "log_e_max", number_or_null(grounds->before_log_e_max));
    return before;
}

static json_t *size_or_null(size_t size)
{
    return integer_or_null((int64_t)size, size > 0);
}

static void grounds_json(const struct sw_platform *platform, json_t *verdict)
{
    const struct sw_grounds *grounds = &platform->grounds;
    bool is_known = platform->verdict != SW_VERDICT_UNKNOWN;
    bool is_open = platform->verdict == SW_VERDICT_NOT_ENOUGH_DATA;
    put(verdict, "stale", json_boolean(grounds->is_stale));
    put(verdict, "bad_new", count_or_null(grounds->bad_new));
    put(verdict, "bad_old", count_or_null(grounds->bad_old));
    put(verdict, "e", is_known ? json_real(sw_verdict_e(platform->log_e.value)) : json_null());
    put(verdict, "log_e_max", number_or_null(grounds->log_e_max));
    put(verdict, "e_warn", is_known ? json_real(grounds->e_warn) : json_null());
    put(verdict, "e_halt", is_known ? json_real(grounds->e_halt) : json_null());
    put(verdict, "halt_advised", json_boolean(grounds->is_halt_advised));
    put(verdict, "old_rate_known", json_boolean(grounds->is_old_rate_known));
    put(verdict, "can_decide", is_open ? json_boolean(grounds->can_decide) : json_null());
    put(verdict, "sees", number_or_null(grounds->sees));
    put(verdict, "true_for", time_or_null(grounds->true_for_ms));
    put(verdict, "bucket_s", integer_or_null(grounds->bucket_s, grounds->bucket_s > 0));
    put(verdict, "buckets", size_or_null(grounds->bucket_count));
    put(verdict, "starts", size_or_null(grounds->starts));
    put(verdict, "soak", size_or_null(grounds->soak));
    put(verdict, "event", integer_or_null(grounds->event, grounds->event > 0));
    put(verdict, "event_at", time_or_null(grounds->event_ms));
    put(verdict, "before", before_json(grounds));
}

static json_t *verdict_json(const struct sw_platform *platform)
{
    json_t *verdict = json_object();
    put(verdict, "state", json_string(sw_verdict_name(platform->verdict)));
    put(verdict, "ratio", number_or_null(platform->ratio));
    put(verdict, "ratio_low", number_or_null(platform->ratio_low));
    put(verdict, "ratio_high", number_or_null(platform->ratio_high));
    put(verdict, "log_e", number_or_null(platform->log_e));
    put(verdict, "since", time_or_null(platform->worse_since_ms));
    put(verdict, "n_new", count_or_null(platform->n_new));
    put(verdict, "n_old", count_or_null(platform->n_old));
    grounds_json(platform, verdict);
    return verdict;
}

static json_t *gate_json(const struct sw_gate *from)
{
    json_t *gate = json_object();
    put(gate, "id", json_string(from->id));
    put(gate, "verdict", json_string(sw_gate_verdict_name(from->verdict)));
    put(gate, "reason", text_or_null(from->reason));
    put(gate, "metric", json_string(sw_metric_name(from->metric)));
    put(gate, "window_s", json_integer(from->window_s));
    put(gate, "value", number_or_null(from->value));
    put(gate, "warn", number_or_null(from->warn));
    put(gate, "critical", number_or_null(from->critical));
    put(gate, "blocking", json_boolean(from->is_blocking));
    return gate;
}

static json_t *gates_json(const struct sw_platform *platform)
{
    json_t *gates = json_array();
    for (size_t i = 0; i < platform->gate_count; i++)
        (void)json_array_append_new(gates, gate_json(&platform->gates[i]));
    return gates;
}

static json_t *offer_json(const struct sw_offer *from)
{
    json_t *offer = json_object();
    put(offer, "allowed", json_boolean(from->is_allowed));
    put(offer, "reason", text_or_null(from->reason));
    put(offer, "effect", text_or_null(from->effect));
    put(offer, "will_not", text_or_null(from->will_not));
    put(offer, "override", json_boolean(from->can_override));
    put(offer, "to_percent", number_or_null(from->to_percent));
    return offer;
}

static json_t *counts_json(const struct sw_checklist *checklist)
{
    json_t *counts = json_object();
    bool is_known = checklist->is_known;
    put(counts, "done", integer_or_null((int64_t)checklist->done, is_known));
    put(counts, "total", integer_or_null((int64_t)checklist->total, is_known));
    put(counts, "blocking_open", integer_or_null((int64_t)checklist->blocking_open, is_known));
    return counts;
}

static json_t *issues_json(const struct sw_platform *platform)
{
    json_t *issues = json_array();
    for (size_t i = 0; i < platform->issue_count; i++) {
        const struct sw_issue *from = &platform->issues[i];
        json_t *issue = json_object();
        put(issue, "id", text_or_null(from->id));
        put(issue, "title", text_or_null(from->title));
        put(issue, "culprit", text_or_null(from->culprit));
        put(issue, "events", integer_or_null(from->events, from->events >= 0));
        put(issue, "users", integer_or_null(from->users, from->users >= 0));
        put(issue, "first_seen", time_or_null(from->first_seen_ms));
        put(issue, "new", json_boolean(from->is_new));
        put(issue, "source", text_or_null(from->source));
        (void)json_array_append_new(issues, issue);
    }
    return issues;
}

static json_t *builds_json(const struct sw_platform *platform)
{
    json_t *builds = json_array();
    for (size_t i = 0; i < platform->build_count; i++) {
        const struct sw_build *from = &platform->builds[i];
        json_t *build = json_object();
        put(build, "version", text_or_null(from->version));
        put(build, "build", text_or_null(from->build));
        put(build, "processing", text_or_null(from->processing));
        put(build, "internal", text_or_null(from->internal));
        put(build, "external", text_or_null(from->external));
        put(build, "beta_review", text_or_null(from->beta_review));
        put(build, "uploaded", time_or_null(from->uploaded_ms));
        put(build, "expires", time_or_null(from->expires_ms));
        put(build, "sessions", integer_or_null(from->sessions, from->sessions >= 0));
        put(build, "crashes", integer_or_null(from->crashes, from->crashes >= 0));
        put(build, "installs", integer_or_null(from->installs, from->installs >= 0));
        put(build, "observed_at", time_or_null(from->observed_at_ms));
        put(build, "source", text_or_null(from->source));
        (void)json_array_append_new(builds, build);
    }
    return builds;
}

static json_t *reviews_json(const struct sw_platform *platform)
{
    json_t *reviews = json_array();
    for (size_t i = 0; i < platform->review_count; i++) {
        const struct sw_review *from = &platform->reviews[i];
        json_t *review = json_object();
        put(review, "rating", integer_or_null(from->rating, from->rating > 0));
        put(review, "title", text_or_null(from->title));
        put(review, "body", text_or_null(from->body));
        put(review, "territory", text_or_null(from->territory));
        put(review, "at", time_or_null(from->at_ms));
        put(review, "source", text_or_null(from->source));
        (void)json_array_append_new(reviews, review);
    }
    return reviews;
}

/* A halt that is configured at the store and not live; null: none. */
static json_t *halt_wait_json(const struct sw_platform *from)
{
    if (from->halt_wait == SW_HALT_WAIT_NONE) return json_null();
    json_t *wait = json_object();
    put(wait, "for", json_string(sw_halt_wait_name(from->halt_wait)));
    put(wait, "what", text_or_null(from->halt_wait_note));
    return wait;
}

static json_t *other_json(const struct sw_other *from)
{
    if (!from->version) return json_null();
    json_t *other = json_object();
    put(other, "version", text_or_null(from->version));
    put(other, "build", text_or_null(from->build));
    put(other, "state", state_word(from->state));
    put(other, "raw_state", text_or_null(from->raw_state));
    put(other, "percent_set", number_or_null(from->percent_set));
    return other;
}

/* The store's pause budget; null where it has none. */
static json_t *pause_json(const struct sw_platform *from)
{
    if (!from->pause_days_total.is_known) return json_null();
    json_t *pause = json_object();
    put(pause, "days_used", number_or_null(from->pause_days_used));
    put(pause, "days_total", number_or_null(from->pause_days_total));
    put(pause, "left_s_most", number_or_null(from->pause_left_s));
    put(pause, "since", time_or_null(from->paused_since_ms));
    put(pause, "begin_seen", json_boolean(from->is_pause_begin_seen));
    return pause;
}

static json_t *alarms_json(const struct sw_platform *platform)
{
    json_t *alarms = json_array();
    for (size_t i = 0; i < platform->alarm_count; i++) {
        const struct sw_alarm *from = &platform->alarms[i];
        json_t *alarm = json_object();
        put(alarm, "name", text_or_null(from->name));
        put(alarm, "state", text_or_null(from->state));
        put(alarm, "firing", json_boolean(from->is_firing));
        put(alarm, "since", time_or_null(from->since_ms));
        put(alarm, "stale", json_boolean(from->is_stale));
        put(alarm, "source", text_or_null(from->source));
        (void)json_array_append_new(alarms, alarm);
    }
    return alarms;
}

static json_t *tags_json(const struct sw_tags *from)
{
    json_t *tags = json_object();
    put(tags, "newest", text_or_null(from->newest));
    put(tags, "commit", text_or_null(from->newest_commit));
    put(tags, "previous", text_or_null(from->previous));
    put(tags, "commits", integer_or_null((int64_t)from->commit_count, from->has_commits));
    put(tags, "note", text_or_null(from->note));
    return tags;
}

static json_t *platform_json(const struct sw_snapshot *snapshot, const struct sw_platform *from)
{
    json_t *platform = json_object();
    json_t *health = json_array();
    json_t *offers = json_object();
    put(platform, "id", json_string(from->id));
    put(platform, "title", json_string(from->title));
    put(platform, "kind", json_string(sw_kind_name(from->kind)));
    put(platform, "source", text_or_null(from->source));
    put(platform, "state", state_word(from->state));
    put(platform, "raw_state", text_or_null(from->raw_state));
    put(platform, "note", text_or_null(from->note));
    put(platform, "version", text_or_null(from->version));
    put(platform, "build", text_or_null(from->build));
    put(platform, "identity", text_or_null(from->identity));
    put(platform, "previous_version", text_or_null(from->previous_version));
    put(platform, "previous_build", text_or_null(from->previous_build));
    put(platform, "percent_set", number_or_null(from->percent_set));
    put(platform, "percent_actual", number_or_null(from->percent_actual));
    put(platform, "halt_wait", halt_wait_json(from));
    put(platform, "release_how", text_or_null(from->release_how));
    put(platform, "other", other_json(&from->other));
    put(platform, "started_at", time_or_null(from->started_at_ms));
    put(platform, "pause", pause_json(from));
    put(platform, "observed_at", time_or_null(from->observed_at_ms));
    put(platform, "stale", json_boolean(from->is_stale));
    put(platform, "halt_asked_at", time_or_null(from->halt_asked_ms));
    put(platform, "stage", stage_json(from));
    for (size_t i = 0; i < from->health_count; i++)
        (void)json_array_append_new(health, health_json(&from->health[i]));
    put(platform, "health", health);
    put(platform, "verdict", verdict_json(from));
    put(platform, "gates", gates_json(from));
    put(platform, "checklist", counts_json(&snapshot->checklist));
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        put(offers, sw_verb_name((enum sw_verb)verb), offer_json(&from->offers[verb]));
    put(platform, "offers", offers);
    put(platform, "issues", issues_json(from));
    put(platform, "builds", builds_json(from));
    put(platform, "reviews", reviews_json(from));
    put(platform, "alarms", alarms_json(from));
    put(platform, "tags", tags_json(&from->tags));
    return platform;
}

static json_t *source_json(const struct sw_source *from)
{
    json_t *source = json_object();
    put(source, "id", json_string(from->id));
    put(source, "kind", json_string(from->kind));
    put(source, "ok", json_boolean(from->is_ok));
    put(source, "last_ok_at", time_or_null(from->last_ok_at_ms));
    put(source, "failing_since", time_or_null(from->failing_since_ms));
    put(source, "error", text_or_null(from->error));
    put(source, "latency_ms", number_or_null(from->latency_ms));
    put(source, "budget_left", number_or_null(from->budget_left));
    put(source, "clock_skew_s", number_or_null(from->clock_skew_s));
    return source;
}

/* ------------------------------------------------------------- documents */

static enum sw_code find_platform(const struct sw_snapshot *snapshot, const char *id,
                                  const struct sw_platform **out, struct sw_error *err)
{
    *out = sw_snapshot_platform(snapshot, id);
    if (*out) return SW_OK;
    char clean[96];
    sw_text_clean(id, strlen(id), clean, sizeof clean);
    return sw_fail(err, SW_E_USAGE, "there is no platform \"%s\" in the configuration", clean);
}

static json_t *head_json(const struct sw_snapshot *snapshot)
{
    json_t *tree = json_object();
    json_t *release = json_object();
    put(tree, "schema", json_integer(1));
    put(release, "name", text_or_null(snapshot->release));
    put(release, "tag", text_or_null(snapshot->release_tag));
    put(tree, "release", release);
    put(tree, "at", time_or_null(snapshot->at_ms));
    put(tree, "simulation", json_boolean(snapshot->is_simulation));
    put(tree, "cached", json_boolean(snapshot->is_cached));
    return tree;
}

enum sw_code sw_status_json(const struct sw_snapshot *snapshot, const char *platform, char **out,
                            struct sw_error *err)
{
    const struct sw_platform *only = NULL;
    if (platform) {
        enum sw_code code = find_platform(snapshot, platform, &only, err);
        if (code != SW_OK) return code;
    }
    json_t *tree = head_json(snapshot);
    json_t *platforms = json_array();
    json_t *sources = json_array();
    for (size_t i = 0; i < snapshot->platform_count; i++)
        if (!only || only == &snapshot->platforms[i])
            (void)json_array_append_new(platforms,
                                        platform_json(snapshot, &snapshot->platforms[i]));
    for (size_t i = 0; i < snapshot->source_count; i++)
        (void)json_array_append_new(sources, source_json(&snapshot->sources[i]));
    put(tree, "platforms", platforms);
    put(tree, "sources", sources);
    return finish(tree, out, err);
}

enum sw_code sw_gate_json(const struct sw_snapshot *snapshot, const char *platform, char **out,
                          struct sw_error *err)
{
    const struct sw_platform *from = NULL;
    enum sw_code code = find_platform(snapshot, platform, &from, err);
    if (code != SW_OK) return code;
    json_t *tree = head_json(snapshot);
    const struct sw_offer *advance = &from->offers[SW_VERB_ADVANCE];
    put(tree, "platform", json_string(from->id));
    put(tree, "state", state_word(from->state));
    put(tree, "stale", json_boolean(from->is_stale));
    put(tree, "gates_worst", json_string(sw_gate_verdict_name(from->gates_worst)));
    put(tree, "gates", gates_json(from));
    put(tree, "verdict", verdict_json(from));
    put(tree, "checklist", counts_json(&snapshot->checklist));
    put(tree, "advance", offer_json(advance));
    return finish(tree, out, err);
}

enum sw_code sw_checklist_json(const struct sw_snapshot *snapshot, char **out, struct sw_error *err)
{
    const struct sw_checklist *from = &snapshot->checklist;
    json_t *tree = head_json(snapshot);
    json_t *items = json_array();
    put(tree, "known", json_boolean(from->is_known));
    put(tree, "note", text_or_null(from->note));
    put(tree, "file", text_or_null(from->file));
    put(tree, "ref", text_or_null(from->ref));
    put(tree, "counts", counts_json(from));
    for (size_t i = 0; i < from->count; i++) {
        const struct sw_checklist_item *it = &from->items[i];
        json_t *item = json_object();
        put(item, "id", json_string(it->id));
        put(item, "text", json_string(it->text));
        put(item, "phase", text_or_null(it->phase));
        put(item, "owner", text_or_null(it->owner));
        put(item, "due", text_or_null(it->due));
        put(item, "depth", json_integer(it->depth));
        put(item, "done", json_boolean(it->is_done));
        put(item, "done_in_file", json_boolean(it->is_done_in_file));
        put(item, "blocking", json_boolean(it->is_blocking));
        put(item, "done_by", text_or_null(it->done_by));
        put(item, "done_at", time_or_null(it->done_at_ms));
        (void)json_array_append_new(items, item);
    }
    put(tree, "items", items);
    return finish(tree, out, err);
}

enum sw_code sw_event_json(const struct sw_event *event, char **out, struct sw_error *err)
{
    json_t *tree = json_object();
    put(tree, "schema", json_integer(1));
    put(tree, "uuid", text_or_null(event->uuid));
    put(tree, "kind", json_string(sw_event_kind_name(event->kind)));
    put(tree, "at", time_or_null(event->at_ms));
    put(tree, "actor", text_or_null(event->actor));
    put(tree, "platform", text_or_null(event->platform));
    put(tree, "verb", event->verb ? json_string(sw_verb_name(event->verb)) : json_null());
    put(tree, "intent", text_or_null(event->intent));
    put(tree, "result", event->result ? json_string(sw_result_name(event->result)) : json_null());
    put(tree, "version", text_or_null(event->version));
    put(tree, "identity", text_or_null(event->identity));
    put(tree, "from_percent", number_or_null(event->from_percent));
    put(tree, "to_percent", number_or_null(event->to_percent));
    put(tree, "reason", text_or_null(event->reason));
    put(tree, "override", text_or_null(event->override_text));
    put(tree, "item", text_or_null(event->item));
    put(tree, "text", text_or_null(event->text));
    put(tree, "commit", text_or_null(event->commit));
    return finish(tree, out, err);
}

/* --------------------------------------------------------------- outcomes */

static const char *command_word(enum sw_command_kind kind)
{
    switch (kind) {
    case SW_COMMAND_VERB:
        return "verb";
    case SW_COMMAND_STOP_EVERYTHING:
        return "stop-everything";
    case SW_COMMAND_TICK:
        return "tick";
    case SW_COMMAND_UNTICK:
        return "untick";
    case SW_COMMAND_POLL:
        return "poll";
    case SW_COMMAND_RELOAD:
        return "reload";
    case SW_COMMAND_RIGHTS:
        return "rights";
    case SW_COMMAND_NONE:
        break;
    }
    return "none";
}

static json_t *error_json(const struct sw_error *from)
{
    if (from->code == SW_OK) return json_null();
    json_t *error = json_object();
    put(error, "code", json_string(sw_code_name(from->code)));
    put(error, "http_status", integer_or_null(from->http_status, from->http_status != 0));
    put(error, "text", text_or_null(from->text));
    return error;
}

/* The exact requests of a dry run, as lines. */
static json_t *lines_json(const char *text)
{
    json_t *lines = json_array();
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        if (len > 0) (void)json_array_append_new(lines, json_stringn(text, len));
        text += len + (text[len] == '\n');
    }
    return lines;
}

static json_t *outcome_json(const struct sw_outcome *from, bool is_part)
{
    bool is_dry = from->result == SW_RESULT_DRY_RUN;
    json_t *outcome = json_object();
    json_t *parts = json_array();
    if (!is_part) put(outcome, "schema", json_integer(1));
    put(outcome, "command", json_string(command_word(from->kind)));
    put(outcome, "platform", text_or_null(from->platform));
    put(outcome, "verb", from->verb ? json_string(sw_verb_name(from->verb)) : json_null());
    put(outcome, "result", from->result ? json_string(sw_result_name(from->result)) : json_null());
    put(outcome, "text", is_dry ? json_null() : text_or_null(from->text));
    put(outcome, "requests", is_dry ? lines_json(from->text) : json_null());
    put(outcome, "error", error_json(&from->error));
    put(outcome, "asked_at", time_or_null(from->asked_ms));
    put(outcome, "accepted_at", time_or_null(from->accepted_ms));
    put(outcome, "seen_at", time_or_null(from->seen_ms));
    for (size_t i = 0; i < from->part_count; i++)
        (void)json_array_append_new(parts, outcome_json(&from->parts[i], true));
    put(outcome, "parts", parts);
    return outcome;
}

enum sw_code sw_outcome_json(const struct sw_outcome *outcome, char **out, struct sw_error *err)
{
    return finish(outcome_json(outcome, false), out, err);
}
