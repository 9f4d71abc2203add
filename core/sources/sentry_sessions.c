/*
 * sentry_sessions.c: sessions of the new and the previous version, in buckets over a day.
 *
 * Windows, trend and adoption are sums over the buckets of one reply. Longer windows than a day are
 * a query of their own, without series. What is counted as a session is said at is_disjoint_status.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/sentry.h"

/* What every sessions request has. period holds the text until it is sent. */
enum sw_code sentry_begin_sessions(const struct sentry_chunk *chunk, struct sw_request *request,
                                   int period_s, int interval_s, char period[24], char interval[24],
                                   struct sw_error *err)
{
    const struct sw_node *account = sw_flow_account(chunk->flow);
    enum sw_code code = sw_request_init(request, &sentry_operations[SENTRY_SESSIONS], err,
                                        sw_node_str(account, "organization"), (const char *)NULL);
    if (code != SW_OK)
        return code;
    sw_format(period, 24, "%d%s",
              period_s % SENTRY_HOUR_S ? period_s / 60 : period_s / SENTRY_HOUR_S,
              period_s % SENTRY_HOUR_S ? "m" : "h");
    sw_format(interval, 24, "%d%s",
              interval_s % SENTRY_HOUR_S ? interval_s / 60 : interval_s / SENTRY_HOUR_S,
              interval_s % SENTRY_HOUR_S ? "m" : "h");
    if (interval_s == SENTRY_DAY_S)
        sw_copy(interval, 24, "1d");
    sw_request_param(request, "project", chunk->project);
    if (chunk->environment)
        sw_request_param(request, "environment", chunk->environment);
    sw_request_param(request, "statsPeriod", period);
    sw_request_param(request, "interval", interval);
    return SW_OK;
}

/* ----------------------------------------------------------- reading a reply */

/* Sessions of one release. */
struct lane {
    bool has_group;            /* Sentry knows sessions of it */
    double n, crashed;         /* totals over the reply */
    struct sw_bucket *buckets; /* NULL without series */
};

struct table {
    int64_t start_ms, end_ms; /* as the reply states them: rounded outward to the interval */
    int bucket_s;
    size_t count; /* buckets */
    struct lane lanes[SENTRY_NAMES_MAX];
};

static void clear_table(struct table *table)
{
    for (size_t i = 0; i < SENTRY_NAMES_MAX; i++)
        free(table->lanes[i].buckets);
    *table = (struct table){0};
}

static enum sw_code read_frame(const json_t *tree, int bucket_s, struct table *table,
                               struct sw_error *err)
{
    json_t *intervals;
    enum sw_code code = sw_json_time(tree, "start", SW_REQUIRED, &table->start_ms, err);
    if (code == SW_OK)
        code = sw_json_time(tree, "end", SW_REQUIRED, &table->end_ms, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "intervals", SW_REQUIRED, &intervals, err);
    if (code != SW_OK)
        return code;
    table->count = json_array_size(intervals);
    table->bucket_s = bucket_s;
    if (table->count > SENTRY_BUCKETS_MAX + 2)
        return sw_fail(err, SW_E_LIMIT, "sessions: %zu intervals in one reply", table->count);
    for (size_t i = 0; i < table->count; i++) {
        int64_t at = 0;
        const char *text = json_string_value(json_array_get(intervals, i));
        if (!text || sw_time_parse(text, &at, err) != SW_OK ||
            at != table->start_ms + (int64_t)i * bucket_s * SW_SECOND_MS)
            return sw_fail(err, SW_E_PARSE,
                           "sessions: intervals[%zu] is not %d s after the one before", i,
                           bucket_s);
    }
    return SW_OK;
}

bool sentry_read_count(const json_t *value, double *out)
{
    *out = json_number_value(value); /* integers may arrive as 12.0 */
    return json_is_number(value) && isfinite(*out) && *out >= 0 && *out < 1e15;
}

/*
 * healthy = started - all errored, errored = all errored - crashed - abnormal, so these four sum
 * to the sessions started (each is clamped at 0, which can only add). `unhandled` is a part of
 * errored and must not be added; a status not known here is taken as such a part, too.
 * Source: getsentry/sentry, snuba/metrics/fields/base.py (HEALTHY, ERRORED) and the test of the
 * sessions transform ("errored = errored_all - crashed - abnormal" beside 5 unhandled), read
 * 2026-01.
 */
static bool is_disjoint_status(const char *status)
{
    static const char *const disjoint[] = {"healthy", "errored", "abnormal", "crashed"};
    for (size_t i = 0; i < SW_ARRAY_LEN(disjoint); i++)
        if (strcmp(status, disjoint[i]) == 0)
            return true;
    return false;
}

static enum sw_code read_series(const json_t *group, bool is_crashed, struct table *table,
                                struct lane *lane, struct sw_error *err)
{
    json_t *series;
    enum sw_code code = sw_json_arr(group, "series[\"sum(session)\"]", SW_REQUIRED, &series, err);
    if (code != SW_OK)
        return code;
    if (json_array_size(series) != table->count)
        return sw_fail(err, SW_E_PARSE, "sessions: %zu values for %zu intervals",
                       json_array_size(series), table->count);
    for (size_t i = 0; i < table->count; i++) {
        double value;
        if (!sentry_read_count(json_array_get(series, i), &value))
            return sw_fail(err, SW_E_PARSE,
                           "sessions: series[\"sum(session)\"][%zu] is not a count", i);
        lane->buckets[i].n += value;
        if (is_crashed)
            lane->buckets[i].bad += value;
    }
    return SW_OK;
}

static enum sw_code read_group(const struct sentry_chunk *chunk, const json_t *group,
                               bool has_series, struct table *table, struct sw_error *err)
{
    const char *release, *status;
    double total;
    /* Both may be null (sessions without a release): of no interest, not an error. */
    if (sw_json_str(group, "by.release", SW_OPTIONAL, &release, NULL) != SW_OK ||
        sw_json_str(group, "by[\"session.status\"]", SW_OPTIONAL, &status, NULL) != SW_OK)
        return SW_OK;
    int index = sentry_name_index(chunk, release);
    if (index < 0)
        return SW_OK;
    struct lane *lane = &table->lanes[index];
    lane->has_group = true;
    if (!is_disjoint_status(status))
        return SW_OK;
    bool is_crashed = strcmp(status, "crashed") == 0;
    if (!sentry_read_count(sw_json_at(group, "totals[\"sum(session)\"]"), &total))
        return sw_fail(err, SW_E_PARSE, "sessions: totals[\"sum(session)\"] of %s is not a count",
                       status);
    lane->n += total;
    if (is_crashed)
        lane->crashed += total;
    return has_series ? read_series(group, is_crashed, table, lane, err) : SW_OK;
}

static enum sw_code read_sessions(const struct sentry_chunk *chunk, const json_t *tree,
                                  int bucket_s, bool has_series, struct table *table,
                                  struct sw_error *err)
{
    json_t *groups;
    enum sw_code code = read_frame(tree, bucket_s, table, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "groups", SW_REQUIRED, &groups, err);
    if (code != SW_OK)
        return code;
    for (size_t i = 0; has_series && i < chunk->count; i++) {
        struct lane *lane = &table->lanes[i];
        lane->buckets = sw_xcalloc(table->count + 1, sizeof *lane->buckets);
        for (size_t k = 0; k < table->count; k++)
            lane->buckets[k].start_ms = table->start_ms + (int64_t)k * bucket_s * SW_SECOND_MS;
    }
    for (size_t i = 0; i < json_array_size(groups) && code == SW_OK; i++)
        code = read_group(chunk, json_array_get(groups, i), has_series, table, err);
    return code;
}

/* --------------------------------------------------------------- the queries */

/* Sessions by release and status over period_s, with series or only totals. */
static enum sw_code fetch_sessions(const struct sentry_chunk *chunk, int period_s, int bucket_s,
                                   bool has_series, struct table *table, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    enum sw_code code =
        sentry_begin_sessions(chunk, &request, period_s, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "sum(session)");
    sw_request_param(&request, "groupBy", "release");
    sw_request_param(&request, "groupBy", "session.status");
    sw_request_param(&request, "query", chunk->query);
    if (!has_series)
        sw_request_param(&request, "includeSeries", "0");
    code = sentry_call(chunk->flow, &request, "sessions", "org:read", &tree, err);
    if (code == SW_OK)
        code = read_sessions(chunk, tree, bucket_s, has_series, table, err);
    if (code != SW_OK)
        clear_table(table);
    return code;
}

bool sentry_is_hourly(const struct sw_flow *flow)
{
    int64_t refused = sw_flow_last(flow, "hourly");
    return refused && sw_flow_now(flow) - refused < SW_DAY_MS;
}

bool sentry_is_interval_refused(const struct sw_error *err)
{
    return err->http_status == 400 && strstr(err->text, "interval");
}

/* The day in 5-minute buckets, or in hours where the server wants them longer; a refusal is
 * remembered for a day. Documented is a minimum of 1 h, servers take multiples of 10 s. */
static enum sw_code fetch_day(const struct sentry_chunk *chunk, struct table *table,
                              struct sw_error *err)
{
    bool is_hourly = sentry_is_hourly(chunk->flow);
    enum sw_code code = SW_E_CONFIG;
    if (!is_hourly) {
        code = fetch_sessions(chunk, SENTRY_DAY_S, SENTRY_BUCKET_S, true, table, err);
        if (code == SW_OK || !sentry_is_interval_refused(err))
            return code;
    }
    sw_error_clear(err);
    code = fetch_sessions(chunk, SENTRY_DAY_S, SENTRY_HOUR_S, true, table, err);
    if (code == SW_OK && !is_hourly)
        sw_flow_set_last(chunk->flow, "hourly");
    return code;
}

/* All sessions of the project over the same day, whatever the release. */
static enum sw_code fetch_project_total(const struct sentry_chunk *chunk, int bucket_s,
                                        struct sw_value *total, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    enum sw_code code =
        sentry_begin_sessions(chunk, &request, SENTRY_DAY_S, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "sum(session)");
    sw_request_param(&request, "includeSeries", "0");
    code = sentry_call(chunk->flow, &request, "all sessions", "org:read", &tree, err);
    if (code != SW_OK)
        return code;
    /* Without groupBy there is one group, also for no data. */
    if (!sentry_read_count(sw_json_at(tree, "groups[0].totals[\"sum(session)\"]"), &total->value))
        return sw_fail(err, SW_E_PARSE,
                       "all sessions: groups[0].totals[\"sum(session)\"] is no count");
    total->is_known = true;
    return SW_OK;
}

/* ----------------------------------------------------------------- reporting */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What the figure is of and over, for people: the server rounds windows outward, so the reply's
 * own times stand here. */
static void write_origin(const struct sentry_ask *ask, const char *what, int64_t from_ms,
                         int64_t to_ms, char *out, size_t size)
{
    char from[SW_TIME_TEXT], to[SW_TIME_TEXT], text[SW_LINE_MAX * 2];
    sw_format(text, sizeof text, "%s, %s to %s, %s%s%s", what, sw_time_format(from_ms, from),
              sw_time_format(to_ms, to), ask->name, ask->environment ? ", " : "",
              ask->environment ? ask->environment : "");
    sw_text_clean_copy(out, size, text);
}

/* A reading true until the reply's end; the running bucket's end lies ahead, so at most now. */
struct sw_reading sentry_begin_reading(const struct sentry_chunk *chunk,
                                       const struct sentry_ask *ask, enum sw_metric metric,
                                       int window_s, const char *what, int64_t from_ms,
                                       int64_t end_ms)
{
    int64_t now = sw_flow_now(chunk->flow);
    struct sw_reading reading = {.metric = metric,
                                 .side = ask->side,
                                 .window_s = window_s,
                                 .observed_at_ms = now,
                                 .true_for_ms = earlier(end_ms, now)};
    write_origin(ask, what, from_ms, reading.true_for_ms, reading.origin, sizeof reading.origin);
    return reading;
}

/* n = 0 is a fact; the rate of nothing is not known. */
static void set_crash_free(struct sw_reading *reading, double n, double crashed)
{
    reading->n = (struct sw_value){n, true};
    reading->bad = (struct sw_value){crashed, true};
    if (n > 0)
        reading->value = (struct sw_value){100 * (1 - crashed / n), true};
}

/* A window is the closed buckets that cover it and the running one, as Sentry itself rounds
 * (24 h by 1 h are 25 buckets): never less than was asked for. Crashes arrive with the next start
 * of the app and change closed buckets later, so nothing is kept from earlier replies. */
static void report_window(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                          const struct table *table, int window_s, const char *hint)
{
    const struct lane *lane = &table->lanes[sentry_name_index(chunk, ask->name)];
    size_t wanted = (size_t)((window_s + table->bucket_s - 1) / table->bucket_s) + 1;
    size_t used = wanted < table->count ? wanted : table->count;
    int64_t from = table->end_ms - (int64_t)used * table->bucket_s * SW_SECOND_MS;
    double n = 0, crashed = 0;
    for (size_t i = table->count - used; i < table->count; i++) {
        n += lane->buckets[i].n;
        crashed += lane->buckets[i].bad;
    }
    struct sw_reading reading =
        sentry_begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_SESSIONS, window_s,
                             lane->has_group ? "sessions" : hint, from, table->end_ms);
    /* Fewer buckets than the window is long: the server gave less than asked. */
    if (used + 1 >= wanted)
        set_crash_free(&reading, n, crashed);
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
}

static void report_series(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                          const struct table *table)
{
    const struct lane *lane = &table->lanes[sentry_name_index(chunk, ask->name)];
    struct sw_series series = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                               .side = ask->side,
                               .bucket_s = table->bucket_s,
                               .count = table->count,
                               .buckets = lane->buckets,
                               .observed_at_ms = sw_flow_now(chunk->flow)};
    sw_flow_report_series(chunk->flow, ask->target, &series);
}

/* Share of the project's sessions, always over 24 hours. The server's own `adoption` is over
 * another scale and was wrong on old servers (getsentry/sentry issue 92191): counted here. */
static void report_adoption(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                            const struct table *table, struct sw_value total)
{
    const struct lane *lane = &table->lanes[sentry_name_index(chunk, ask->name)];
    struct sw_reading reading =
        sentry_begin_reading(chunk, ask, SW_METRIC_ADOPTION, SENTRY_DAY_S,
                             "share of the project's sessions", table->start_ms, table->end_ms);
    reading.n = total;
    if (total.is_known && total.value > 0) {
        double share = 100 * lane->n / total.value;
        /* Two requests, a moment apart: the part can be ahead of the whole. */
        reading.value = (struct sw_value){share < 100 ? share : 100, true};
    }
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
}

/* Names near the one Sentry has no sessions of, so that a wrong template is seen. Best effort:
 * without an answer the hint is just shorter. */
static void find_near_misses(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                             char *hint, size_t size)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    struct sw_error ignored = {0};
    struct sw_buf near;
    sw_copy(hint, size, "no sessions yet");
    if (sw_request_init(&request, &sentry_operations[SENTRY_RELEASES], &ignored,
                        sw_node_str(sw_flow_account(chunk->flow), "organization"),
                        (const char *)NULL) != SW_OK)
        return;
    sw_request_param(&request, "project", chunk->project);
    sw_request_param(&request, "query", ask->target->rollout->version);
    sw_request_param(&request, "per_page", "5");
    if (sentry_call(chunk->flow, &request, "releases", "project:read", &tree, &ignored) != SW_OK)
        return;
    sw_buf_init(&near, size - 1);
    for (size_t i = 0; i < json_array_size(tree) && i < 5; i++) {
        char name[SENTRY_NAME_SIZE];
        if (sw_json_text(json_array_get(tree, i), "version", SW_OPTIONAL, name, sizeof name,
                         NULL) == SW_OK &&
            strcmp(name, ask->name) != 0)
            sw_buf_printf(&near, "%s%s", near.len ? ", " : "no sessions yet; Sentry has ", name);
    }
    if (near.len)
        sw_copy(hint, size, sw_buf_text(&near));
    sw_buf_clear(&near);
}

/* ------------------------------------------------------------------ sessions */

static enum sw_code report_long_windows(const struct sentry_chunk *chunk,
                                        const struct sentry_ask *ask, struct sw_error *err)
{
    for (size_t i = 0; i < ask->target->window_count; i++) {
        int window_s = ask->target->windows_s[i];
        if (window_s <= SENTRY_DAY_S)
            continue;
        struct table table = {0};
        int bucket_s = window_s / SENTRY_HOUR_S < SENTRY_BUCKETS_MAX ? SENTRY_HOUR_S : SENTRY_DAY_S;
        enum sw_code code = fetch_sessions(chunk, window_s, bucket_s, false, &table, err);
        if (code != SW_OK)
            return code;
        const struct lane *lane = &table.lanes[sentry_name_index(chunk, ask->name)];
        struct sw_reading reading =
            sentry_begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_SESSIONS, window_s, "sessions",
                                 table.start_ms, table.end_ms);
        set_crash_free(&reading, lane->n, lane->crashed);
        sw_flow_report_reading(chunk->flow, ask->target, &reading);
        clear_table(&table);
    }
    return SW_OK;
}

static void report_day(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                       const struct table *table, struct sw_value total)
{
    char hint[SW_LINE_MAX] = "no sessions";
    const struct lane *lane = &table->lanes[sentry_name_index(chunk, ask->name)];
    report_adoption(chunk, ask, table, total);
    if (!sentry_wants(ask, SW_METRIC_CRASH_FREE_SESSIONS))
        return;
    if (!lane->has_group && ask->side == SW_SIDE_NEW)
        find_near_misses(chunk, ask, hint, sizeof hint);
    for (size_t i = 0; i < ask->target->window_count; i++)
        if (ask->target->windows_s[i] <= SENTRY_DAY_S)
            report_window(chunk, ask, table, ask->target->windows_s[i], hint);
    report_series(chunk, ask, table);
}

enum sw_code sentry_observe_sessions(const struct sentry_chunk *chunk, struct sw_error *err)
{
    struct table table = {0};
    struct sw_value total = {0};
    bool is_wanted = false;
    for (size_t i = 0; i < chunk->ask_count; i++)
        is_wanted |= !sentry_wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS);
    if (!is_wanted)
        return SW_OK;
    enum sw_code code = fetch_day(chunk, &table, err);
    if (code != SW_OK)
        return code;
    code = fetch_project_total(chunk, table.bucket_s, &total, err);
    for (size_t i = 0; i < chunk->ask_count; i++)
        if (!sentry_wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS))
            report_day(chunk, chunk->asks[i], &table, total);
    clear_table(&table);
    for (size_t i = 0; i < chunk->ask_count && code == SW_OK; i++)
        if (sentry_wants(chunk->asks[i], SW_METRIC_CRASH_FREE_SESSIONS))
            code = report_long_windows(chunk, chunk->asks[i], err);
    return code;
}
