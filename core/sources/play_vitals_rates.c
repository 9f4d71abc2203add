/*
 * play_vitals_rates.c: freshness, then the newest whole period of each rate, as readings.
 *
 * A query names one metric set, one period and one cohort and brings all version codes of the app,
 * so one serves every platform of the package and both versions. It is not filtered: that OR is
 * understood there is said of the search of issues only. A row that is not there is no data; the
 * API drops rows of few users and does not say where it draws the line.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306; read 2026-01.
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/play_vitals.h"

/* pageSize at most 100,000; a row of four metrics with intervals has some 700 bytes. */
enum { PAGE_ROWS = 1000, PAGES_MAX = 10, BODY_MAX_BYTES = 2048 };

static const char *const set_names[VITALS_SETS] = {
    [VITALS_CRASH] = "crash rates",
    [VITALS_ANR] = "ANR rates",
    [VITALS_SLOW_START] = "slow start rates",
    [VITALS_ERRORS] = "error counts",
};

/* -------------------------------------------------------------------- freshness */

static enum sw_code read_freshness(const json_t *item, int64_t ends[VITALS_PERIODS],
                                   struct sw_error *err)
{
    const char *name = NULL;
    json_t *time = NULL;
    enum sw_code code = sw_json_str(item, "aggregationPeriod", SW_REQUIRED, &name, err);
    for (int p = 0; p < VITALS_PERIODS && code == SW_OK; p++) {
        if (strcmp(name, vitals_periods[p].name) != 0)
            continue; /* FULL_RANGE, or one never seen before */
        code = sw_json_obj(item, "latestEndTime", SW_REQUIRED, &time, err);
        if (code == SW_OK)
            code = vitals_read_time(time, (enum vitals_period)p, &ends[p], err);
    }
    return code;
}

enum sw_code vitals_freshness(const struct vitals_asks *asks, enum vitals_set set,
                              int64_t ends[VITALS_PERIODS], struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    json_t *list = NULL;
    char what[64];
    memset(ends, 0, VITALS_PERIODS * sizeof *ends);
    sw_format(what, sizeof what, "freshness of %s", set_names[set]);
    enum sw_code code = sw_request_init(&request, &vitals_operations[2 * (int)set], err,
                                        asks->package, (const char *)NULL);
    if (code == SW_OK)
        code = vitals_call(asks->flow, &request, what, &tree, err);
    if (code != SW_OK)
        return code;
    code = sw_json_arr(tree, "freshnessInfo.freshnesses", SW_OPTIONAL, &list, err);
    if (code == SW_E_NOT_FOUND) /* no data at all yet */
        return SW_OK;
    for (size_t i = 0; i < json_array_size(list) && code == SW_OK; i++)
        code = read_freshness(json_array_get(list, i), ends, err);
    return code == SW_OK ? SW_OK : sw_error_prefix(err, "%s", what);
}

/* ------------------------------------------------------------------------ query */

static json_t *query_json(const struct vitals_query *query, const char *page_token)
{
    const struct vitals_period_info *period = &vitals_periods[query->period];
    json_t *dimensions = json_pack("[s]", "versionCode"), *metrics = json_array();
    if (query->dimension != NULL)
        json_array_append_new(dimensions, json_string(query->dimension));
    for (size_t i = 0; query->metrics[i] != NULL; i++)
        json_array_append_new(metrics, json_string(query->metrics[i]));
    json_t *json = json_pack(
        "{s:{s:s, s:o, s:o}, s:o, s:o, s:i}", "timelineSpec", "aggregationPeriod", period->name,
        "startTime",
        vitals_time_json(query->end_civil_ms - period->seconds * SW_SECOND_MS, query->period),
        "endTime", vitals_time_json(query->end_civil_ms, query->period), "dimensions", dimensions,
        "metrics", metrics, "pageSize", PAGE_ROWS);
    if (query->cohort != NULL)
        json_object_set_new(json, "userCohort", json_string(query->cohort));
    if (page_token != NULL)
        json_object_set_new(json, "pageToken", json_string(page_token));
    return json;
}

static enum sw_code ask_page(const struct vitals_asks *asks, const struct vitals_query *query,
                             const char *page_token, json_t **out, struct sw_error *err)
{
    struct sw_request request;
    struct sw_buf body;
    SW_JSON json_t *json = query_json(query, page_token);
    sw_buf_init(&body, BODY_MAX_BYTES);
    enum sw_code code = sw_json_write(json, &body, SW_JSON_COMPACT, err);
    if (code == SW_OK)
        code = sw_request_init(&request, &vitals_operations[2 * (int)query->set + 1], err,
                               asks->package, (const char *)NULL);
    if (code == SW_OK) {
        sw_request_json(&request, "application/json", &body);
        code = vitals_call(asks->flow, &request, set_names[query->set], out, err);
    }
    sw_buf_clear(&body);
    return code;
}

/* The value of a dimension as text, in out; an int64 is a text, too. */
static enum sw_code read_dimension(const json_t *item, char *out, size_t size, struct sw_error *err)
{
    int64_t number;
    if (sw_json_text(item, "stringValue", SW_OPTIONAL, out, size, NULL) == SW_OK)
        return SW_OK;
    enum sw_code code = sw_json_int_lenient(item, "int64Value", SW_REQUIRED, &number, err);
    if (code == SW_OK)
        sw_format(out, size, "%lld", (long long)number);
    return code;
}

struct row_key {
    char version[SW_WORD_MAX], value[SW_WORD_MAX];
};

static enum sw_code read_key(const json_t *row, const char *dimension, struct row_key *out,
                             struct sw_error *err)
{
    json_t *list = NULL;
    *out = (struct row_key){0};
    enum sw_code code = sw_json_arr(row, "dimensions", SW_REQUIRED, &list, err);
    for (size_t i = 0; i < json_array_size(list) && code == SW_OK; i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = NULL;
        code = sw_json_str(item, "dimension", SW_REQUIRED, &name, err);
        if (code == SW_OK && strcmp(name, "versionCode") == 0)
            code = read_dimension(item, out->version, sizeof out->version, err);
        else if (code == SW_OK && dimension != NULL && strcmp(name, dimension) == 0)
            code = read_dimension(item, out->value, sizeof out->value, err);
    }
    return code;
}

/* A row of another period than the one asked for is not ours to judge by: left alone. */
static enum sw_code read_row(const struct vitals_query *query, const json_t *row,
                             vitals_row_fn read, void *arg, struct sw_error *err)
{
    json_t *time = NULL;
    int64_t start = 0;
    struct row_key key;
    const char *period = vitals_periods[query->period].name;
    enum sw_code code = sw_json_str(row, "aggregationPeriod", SW_OPTIONAL, &period, err);
    if (code == SW_E_NOT_FOUND)
        code = SW_OK;
    if (code == SW_OK && strcmp(period, vitals_periods[query->period].name) != 0)
        return SW_OK;
    if (code == SW_OK)
        code = sw_json_obj(row, "startTime", SW_REQUIRED, &time, err);
    if (code == SW_OK)
        code = vitals_read_time(time, query->period, &start, err);
    if (code == SW_OK)
        code = read_key(row, query->dimension, &key, err);
    if (code != SW_OK ||
        start != query->end_civil_ms - vitals_periods[query->period].seconds * SW_SECOND_MS)
        return code;
    return read(arg, row, vitals_code(key.version), key.value, err);
}

enum sw_code vitals_query(const struct vitals_asks *asks, const struct vitals_query *query,
                          vitals_row_fn read, void *arg, struct sw_error *err)
{
    char token[1024] = "";
    for (size_t page = 0; page < PAGES_MAX; page++) {
        SW_JSON json_t *tree = NULL;
        json_t *rows = NULL;
        const char *next = "";
        enum sw_code code = ask_page(asks, query, *token ? token : NULL, &tree, err);
        if (code != SW_OK)
            return code;
        code = sw_json_arr(tree, "rows", SW_OPTIONAL, &rows, err);
        if (code == SW_E_NOT_FOUND) /* an empty page is {} */
            code = SW_OK;
        for (size_t i = 0; i < json_array_size(rows) && code == SW_OK; i++) {
            code = read_row(query, json_array_get(rows, i), read, arg, err);
            if (code != SW_OK)
                sw_error_prefix(err, "%s, rows[%zu]", set_names[query->set], i);
        }
        if (code == SW_OK)
            code = sw_json_str(tree, "nextPageToken", SW_OPTIONAL, &next, err);
        if (code == SW_E_NOT_FOUND || (code == SW_OK && *next == '\0'))
            return SW_OK;
        if (code != SW_OK)
            return code;
        if (sw_copy(token, sizeof token, next))
            return sw_fail(err, SW_E_LIMIT, "%s: a page token of more than %zu bytes",
                           set_names[query->set], sizeof token - 1);
    }
    return sw_fail(err, SW_E_LIMIT, "%s: more than %d pages of %d rows", set_names[query->set],
                   (int)PAGES_MAX, (int)PAGE_ROWS);
}

enum sw_code vitals_row_value(const json_t *row, const char *metric, struct sw_value *out,
                              struct sw_error *err)
{
    json_t *list = NULL;
    *out = (struct sw_value){0};
    enum sw_code code = sw_json_arr(row, "metrics", SW_REQUIRED, &list, err);
    for (size_t i = 0; i < json_array_size(list) && code == SW_OK; i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = NULL, *text = ""; /* an empty decimal is left out, and is 0 */
        json_t *decimal = NULL;
        code = sw_json_str(item, "metric", SW_REQUIRED, &name, err);
        if (code != SW_OK || strcmp(name, metric) != 0)
            continue;
        code = sw_json_obj(item, "decimalValue", SW_OPTIONAL, &decimal, err);
        if (code == SW_E_NOT_FOUND)
            return SW_OK; /* no value, which is not 0 */
        if (code == SW_OK)
            code = sw_json_str(decimal, "value", SW_OPTIONAL, &text, err);
        if (code != SW_OK && code != SW_E_NOT_FOUND)
            return code;
        if (!vitals_decimal(text, &out->value) || out->value < 0)
            return sw_fail(err, SW_E_PARSE, "%s \"%.40s\" is no decimal of 0 or more", metric,
                           text);
        out->is_known = true;
        return SW_OK;
    }
    return code;
}

/* ------------------------------------------------------------------------ rates */

/* What one query was for: the asks of its set, period and cohort. */
struct group {
    struct vitals_asks *asks;
    const struct vitals_query *query;
};

static bool is_of(const struct vitals_ask *ask, const struct vitals_query *query)
{
    return ask->metric->set == query->set && ask->period == query->period &&
           strcmp(ask->cohort, query->cohort) == 0;
}

static enum sw_code take_row(void *arg, const json_t *row, int64_t version, const char *value,
                             struct sw_error *err)
{
    const struct group *group = arg;
    for (size_t i = 0; i < group->asks->count; i++) {
        struct vitals_ask *ask = &group->asks->items[i];
        if (!is_of(ask, group->query) || ask->code != version)
            continue;
        if (group->query->dimension != NULL &&
            strcmp(value, sw_node_str(ask->target->options, "start_type")) != 0)
            continue;
        if (ask->has_row)
            return sw_fail(err, SW_E_PARSE, "a second row of version code %lld",
                           (long long)version);
        ask->has_row = true;
        enum sw_code code = vitals_row_value(row, ask->metric->rate, &ask->rate, err);
        if (code == SW_OK)
            code = vitals_row_value(row, "distinctUsers", &ask->users, err);
        if (code != SW_OK)
            return code;
    }
    return SW_OK;
}

static enum sw_code query_rates(struct vitals_asks *asks, const struct vitals_ask *first,
                                int64_t end_civil_ms, struct sw_error *err)
{
    static const char *const metrics[VITALS_SETS][4] = {
        [VITALS_CRASH] = {"crashRate", "userPerceivedCrashRate", "distinctUsers"},
        [VITALS_ANR] = {"anrRate", "distinctUsers"},
        [VITALS_SLOW_START] = {"slowStartRate", "distinctUsers"},
    };
    const struct vitals_query query = {
        .set = first->metric->set,
        .period = first->period,
        .end_civil_ms = end_civil_ms,
        .dimension = first->metric->set == VITALS_SLOW_START ? "startType" : NULL,
        .metrics = metrics[first->metric->set],
        .cohort = first->cohort};
    struct group group = {asks, &query};
    enum sw_code code =
        end_civil_ms == 0 ? SW_OK : vitals_query(asks, &query, take_row, &group, err);
    for (size_t i = 0; i < asks->count && code == SW_OK; i++)
        if (is_of(&asks->items[i], &query)) {
            asks->items[i].is_answered = true;
            asks->items[i].end_civil_ms = end_civil_ms;
        }
    return code;
}

static enum sw_code observe_set(struct vitals_asks *asks, enum vitals_set set, struct sw_error *err)
{
    int64_t ends[VITALS_PERIODS];
    bool is_wanted = false;
    for (size_t i = 0; i < asks->count; i++)
        is_wanted |= asks->items[i].metric->set == set;
    if (!is_wanted)
        return SW_OK;
    enum sw_code code = vitals_freshness(asks, set, ends, err);
    for (size_t i = 0; i < asks->count && code == SW_OK; i++)
        if (asks->items[i].metric->set == set && !asks->items[i].is_answered)
            code = query_rates(asks, &asks->items[i], ends[asks->items[i].period], err);
    return code;
}

enum sw_code vitals_observe_rates(struct vitals_asks *asks, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    for (int set = 0; set < VITALS_ERRORS && code == SW_OK; set++)
        code = observe_set(asks, (enum vitals_set)set, err);
    return code;
}

/* ---------------------------------------------------------------------- reports */

/* A fraction above 1 can only be a percentage, and which one it was cannot be told from smaller
 * values: so it is said, not guessed. */
static enum sw_code set_value(const struct vitals_ask *ask, struct sw_reading *reading,
                              struct sw_error *err)
{
    bool is_percent = strcmp(sw_node_str(ask->target->options, "unit"), "percent") == 0;
    double rate = ask->rate.value;
    if (!ask->rate.is_known)
        return SW_OK;
    if (rate > (is_percent ? 100 : 1))
        return sw_fail(err, SW_E_CONFIG, "%s of version code %lld is %g, which is no %s%s",
                       ask->metric->rate, (long long)ask->code, rate,
                       is_percent ? "percentage" : "fraction",
                       is_percent ? "" : ": if Play sends percentages, set unit: percent");
    double percent = is_percent ? rate : 100 * rate;
    reading->value = (struct sw_value){ask->metric->is_turned ? 100 - percent : percent, true};
    return SW_OK;
}

/* "; 210 crash reports of about 183 users; 9 ANR reports". No row is no claim. */
static void write_counts(const struct vitals_ask *ask, char *out, size_t size)
{
    char users[48] = "", crashes[80] = "", anrs[40] = "";
    if (ask->crash_users.is_known)
        sw_format(users, sizeof users, " of about %.0f users", ask->crash_users.value);
    if (ask->crashes.is_known)
        sw_format(crashes, sizeof crashes, "; %.0f crash reports%s", ask->crashes.value, users);
    if (ask->anrs.is_known)
        sw_format(anrs, sizeof anrs, "; %.0f ANR reports", ask->anrs.value);
    sw_format(out, size, "%s%s", crashes, anrs);
}

static void write_origin(const struct vitals_ask *ask, char *out, size_t size)
{
    char text[SW_LINE_MAX * 2], counts[128];
    const char *start = ask->metric->set == VITALS_SLOW_START
                            ? sw_node_str(ask->target->options, "start_type")
                            : "";
    write_counts(ask, counts, sizeof counts);
    sw_format(text, sizeof text, "%s%s%s%s, version code %lld, %s%s%s",
              ask->metric->is_turned ? "100% - " : "", ask->metric->rate, *start ? " " : "", start,
              (long long)ask->code, ask->cohort,
              ask->end_civil_ms == 0 ? ": Play names no such period yet"
              : !ask->has_row        ? ": Play gives no row, too few users"
                                     : ", users rounded by Play",
              counts);
    sw_text_clean_copy(out, size, text);
}

static enum sw_code report_ask(struct sw_flow *flow, const struct vitals_ask *ask,
                               struct sw_error *err)
{
    int64_t now = sw_flow_now(flow), end = 0;
    struct sw_reading reading = {.metric = ask->metric->metric,
                                 .side = ask->side,
                                 .window_s = vitals_periods[ask->period].seconds,
                                 .observed_at_ms = now,
                                 .true_for_ms = now,
                                 .stale_after_s = vitals_periods[ask->period].stands_s};
    if (ask->end_civil_ms != 0) {
        enum sw_code code = vitals_to_utc(ask->end_civil_ms, ask->period, &end, err);
        if (code != SW_OK)
            return code;
        reading.true_for_ms = end < now ? end : now;
        vitals_period_text(ask->end_civil_ms, ask->period, reading.period, sizeof reading.period);
    }
    reading.n = ask->users;
    write_origin(ask, reading.origin, sizeof reading.origin);
    enum sw_code code = set_value(ask, &reading, err);
    if (code == SW_OK)
        sw_flow_report_reading(flow, ask->target, &reading);
    return code;
}

enum sw_code vitals_report(const struct vitals_asks *asks, struct sw_error *err)
{
    enum sw_code first = SW_OK;
    for (size_t i = 0; i < asks->count; i++) {
        struct sw_error own = {0};
        enum sw_code code =
            asks->items[i].is_answered ? report_ask(asks->flow, &asks->items[i], &own) : SW_OK;
        if (code != SW_OK && first == SW_OK) {
            first = code;
            *err = own;
        }
    }
    return first;
}
