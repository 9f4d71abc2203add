/*
 * cloudwatch_metrics.c: error rates and latency, by GetMetricData.
 *
 * Each target becomes a wish: indexes into one list of queries that all targets share. The list is
 * asked for in batches of one span of time, then every wish is read from the answers.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/cloudwatch.h"

enum {
    MINUTE_S = 60,
    SPAN_S = 10800, /* of the one-minute points: quotas are higher within 3 h */
    SETTLE_S = 60,  /* values converge for minutes after the first publication */
    LONG_EVERY_MS = 300 * 1000,
    QUERIES_PER_CALL = 500, /* Source: model, MetricDataQueries */
    /* A call may return 100,800; this keeps a reply well below our body limit. */
    POINTS_PER_CALL = 20000,
    POINTS_MAX = 4096,   /* of one metric, whatever the server sends */
    DIMENSIONS_MAX = 30, /* Source: model, Dimensions */
};

/* ------------------------------------------------------------------- queries */

struct point {
    int64_t at_ms; /* start of its period */
    double value;
};

/* One metric with one statistic and one period. */
struct query {
    char *key;    /* MetricStat as JSON: what it is known by */
    json_t *stat; /* the same as a tree */
    int period_s;
    int span_s; /* from so long before the end */
    bool is_answered, is_complete;
    char problem[160]; /* why it is not complete; may be empty */
    size_t count, cap;
    struct point *points;
};

struct queries {
    size_t count;
    struct query *items;
    int64_t end_ms;    /* exclusive end of every span, on a minute */
    char message[160]; /* about a whole call */
};

enum { NO_QUERY = -1 };

/* What one target wants: indexes of its queries. */
struct wish {
    const struct sw_target *target;
    int errors, total; /* one-minute points; NO_QUERY where none */
    struct {
        int value, total; /* with the window as the period; NO_QUERY: not asked now */
    } windows[SW_WINDOWS_MAX];
};

static void clear_queries(struct queries *queries)
{
    for (size_t i = 0; i < queries->count; i++) {
        free(queries->items[i].key);
        free(queries->items[i].points);
        json_decref(queries->items[i].stat);
    }
    free(queries->items);
    *queries = (struct queries){0};
}

static json_t *make_dimensions(const struct sw_node *spec)
{
    json_t *list = json_array();
    size_t count = sw_node_count(spec, "dimensions");
    for (size_t i = 0; i < count && i < DIMENSIONS_MAX; i++) {
        const char *value = NULL, *name = sw_node_pair(spec, "dimensions", i, &value);
        json_array_append_new(list, json_pack("{s:s, s:s}", "Name", name, "Value", value));
    }
    return list;
}

/* The dimensions are always sent as they are: a subset of the published ones finds nothing. The
 * unit never is: one that does not match gives an empty answer without an error. */
static json_t *make_stat(const struct sw_node *spec, int period_s)
{
    return json_pack("{s:{s:s, s:s, s:o}, s:i, s:s}", "Metric", "Namespace",
                     sw_node_str(spec, "namespace"), "MetricName", sw_node_str(spec, "name"),
                     "Dimensions", make_dimensions(spec), "Period", period_s, "Stat",
                     sw_node_str(spec, "stat"));
}

/* The index of the query for a metric and period, new or shared; NO_QUERY when spec is NULL. */
static int add_query(struct queries *queries, const struct sw_node *spec, int period_s, int span_s)
{
    struct sw_buf key;
    if (!spec)
        return NO_QUERY;
    json_t *stat = make_stat(spec, period_s);
    sw_buf_init(&key, 1 << 16);
    sw_ignore(sw_json_write(stat, &key, SW_JSON_COMPACT, NULL));
    for (size_t i = 0; i < queries->count; i++)
        if (strcmp(queries->items[i].key, sw_buf_text(&key)) == 0) {
            json_decref(stat);
            sw_buf_clear(&key);
            return (int)i;
        }
    queries->items = sw_xrealloc_array(queries->items, queries->count + 1, sizeof *queries->items);
    queries->items[queries->count] = (struct query){
        .key = sw_xstrdup(sw_buf_text(&key)), .stat = stat, .period_s = period_s, .span_s = span_s};
    sw_buf_clear(&key);
    return (int)queries->count++;
}

/* A span that holds a whole period however the server aligns its periods: to StartTime (seen) or
 * to the clock; which one it promises is UNCONFIRMED. */
static int span_of(int period_s)
{
    return SPAN_S % period_s == 0 && period_s * 2 <= SPAN_S ? SPAN_S : period_s * 2;
}

static bool is_long(int window_s)
{
    return window_s * 2 > SPAN_S;
}

/* Periods are whole minutes. Source: model, MetricStat.Period. */
static int period_of(int window_s)
{
    return window_s < MINUTE_S ? MINUTE_S : window_s / MINUTE_S * MINUTE_S;
}

/* SW_E_CONFIG when the metric's parts are not all there. */
static enum sw_code add_wish(struct queries *queries, struct wish *wish, bool is_long_due,
                             struct sw_error *err)
{
    const struct sw_target *target = wish->target;
    bool is_rate = target->metric == SW_METRIC_ERROR_RATE;
    const struct sw_node *value = sw_node_map(target->options, is_rate ? "errors" : "value");
    const struct sw_node *total = sw_node_map(target->options, "total");
    wish->errors = wish->total = NO_QUERY;
    for (size_t i = 0; i < SW_WINDOWS_MAX; i++)
        wish->windows[i].value = wish->windows[i].total = NO_QUERY;
    if (!value || (is_rate && !total))
        return sw_fail(err, SW_E_CONFIG, "%s: %s needs %s", target->platform_id,
                       sw_metric_name(target->metric), is_rate ? "errors and total" : "value");
    if (!is_rate && !sw_node_has(value, "unit"))
        return sw_fail(err, SW_E_CONFIG,
                       "%s: latency_p95: say in which unit the metric is stored (unit: s or ms)",
                       target->platform_id);
    if (is_rate) {
        wish->errors = add_query(queries, value, MINUTE_S, SPAN_S);
        wish->total = add_query(queries, total, MINUTE_S, SPAN_S);
    }
    for (size_t i = 0; i < target->window_count; i++) {
        int window_s = target->windows_s[i], period_s = period_of(window_s);
        if (is_long(window_s) ? !is_long_due : is_rate)
            continue;
        wish->windows[i].value = add_query(queries, value, period_s, span_of(period_s));
        wish->windows[i].total = add_query(queries, total, period_s, span_of(period_s));
    }
    return SW_OK;
}

/* -------------------------------------------------------------- GetMetricData */

static void add_point(struct query *query, int64_t at_ms, double value)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->points[i].at_ms == at_ms) {
            query->points[i].value = value;
            return;
        }
    if (query->count == POINTS_MAX)
        return;
    if (query->count == query->cap) {
        query->cap = query->cap ? query->cap * 2 : 16;
        query->points = sw_xrealloc_array(query->points, query->cap, sizeof *query->points);
    }
    query->points[query->count++] = (struct point){at_ms, value};
}

/* Results are matched by id; one may come again on the next page, to be appended. */
static enum sw_code read_result(const json_t *item, struct queries *queries, struct sw_error *err)
{
    const char *id, *status = "";
    json_t *times, *values;
    enum sw_code code = sw_json_str(item, "Id", SW_REQUIRED, &id, err);
    if (code == SW_OK)
        code = sw_json_arr(item, "Timestamps", SW_REQUIRED, &times, err);
    if (code == SW_OK)
        code = sw_json_arr(item, "Values", SW_REQUIRED, &values, err);
    if (code != SW_OK)
        return code;
    char *end = NULL;
    unsigned long index = id[0] == 'q' && id[1] ? strtoul(id + 1, &end, 10) : queries->count;
    if (index >= queries->count || !end || *end)
        return SW_OK; /* not ours */
    struct query *query = &queries->items[index];
    if (json_array_size(times) != json_array_size(values))
        return sw_fail(err, SW_E_PARSE, "GetMetricData: %zu timestamps for %zu values of %s",
                       json_array_size(times), json_array_size(values), id);
    for (size_t i = 0; i < json_array_size(times); i++) {
        int64_t at_ms = sw_aws_time(json_array_get(times, i));
        struct sw_value value = sw_aws_number(json_array_get(values, i));
        if (at_ms && value.is_known)
            add_point(query, at_ms, value.value);
    }
    sw_ignore(sw_json_str(item, "StatusCode", SW_OPTIONAL, &status, NULL));
    query->is_answered = true;
    query->is_complete = strcmp(status, "Complete") == 0;
    if (query->is_complete)
        return SW_OK;
    const char *why = "";
    sw_ignore(sw_json_str(item, "Messages[0].Value", SW_OPTIONAL, &why, NULL));
    sw_format(query->problem, sizeof query->problem, "%s%s%s", *status ? status : "no status",
              *why ? ": " : "", why);
    return SW_OK;
}

static enum sw_code read_page(const json_t *tree, struct queries *queries, struct sw_error *err)
{
    json_t *results;
    const char *message = NULL;
    enum sw_code code = sw_json_arr(tree, "MetricDataResults", SW_REQUIRED, &results, err);
    for (size_t i = 0; code == SW_OK && i < json_array_size(results); i++)
        code = read_result(json_array_get(results, i), queries, err);
    /* About the whole call ("Maximum number of allowed metrics exceeded"), under HTTP 200. */
    if (code == SW_OK &&
        sw_json_str(tree, "Messages[0].Value", SW_OPTIONAL, &message, NULL) == SW_OK)
        sw_text_clean_copy(queries->message, sizeof queries->message, message);
    return code;
}

static enum sw_code read_metrics_page(void *arg, const json_t *tree, struct sw_error *err)
{
    return read_page(tree, arg, err);
}

/* Queries of one span from *next on, as many as one call may carry. */
static json_t *make_call(const struct queries *queries, size_t *next, bool *is_asked)
{
    json_t *list = json_array();
    int span_s = queries->items[*next].span_s, points = 0;
    for (size_t i = *next; i < queries->count && json_array_size(list) < QUERIES_PER_CALL; i++) {
        const struct query *query = &queries->items[i];
        char id[24];
        if (is_asked[i] || query->span_s != span_s)
            continue;
        points += span_s / query->period_s;
        if (points > POINTS_PER_CALL && json_array_size(list))
            break;
        sw_format(id, sizeof id, "q%zu", i);
        json_array_append_new(list, json_pack("{s:s, s:O}", "Id", id, "MetricStat", query->stat));
        is_asked[i] = true;
    }
    while (*next < queries->count && is_asked[*next])
        (*next)++;
    int64_t end_s = queries->end_ms / SW_SECOND_MS;
    return json_pack("{s:o, s:I, s:I, s:s}", "MetricDataQueries", list, "StartTime",
                     (json_int_t)(end_s - span_s), "EndTime", (json_int_t)end_s, "ScanBy",
                     "TimestampDescending");
}

static enum sw_code ask_metrics(struct sw_flow *flow, struct queries *queries, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    bool *is_asked = sw_xcalloc(queries->count + 1, sizeof *is_asked);
    for (size_t next = 0; next < queries->count && code == SW_OK;) {
        SW_JSON json_t *input = make_call(queries, &next, is_asked);
        code = cloudwatch_ask(flow, &cloudwatch_operations[CW_GET_METRIC_DATA], input,
                              read_metrics_page, queries, err);
    }
    free(is_asked);
    return code;
}

/* ----------------------------------------------------------------- reporting */

static const struct query *query_at(const struct queries *queries, int index)
{
    return index == NO_QUERY ? NULL : &queries->items[index];
}

static bool is_good(const struct query *query)
{
    return query && query->is_answered && query->is_complete;
}

/* Sum over points that lie wholly in (from, to]; points start at at_ms. */
static double sum_points(const struct query *query, int64_t from_ms, int64_t to_ms)
{
    double sum = 0;
    for (size_t i = 0; i < query->count; i++)
        if (query->points[i].at_ms >= from_ms &&
            query->points[i].at_ms + query->period_s * SW_SECOND_MS <= to_ms)
            sum += query->points[i].value;
    return sum;
}

/* The newest point whose period ends by `end`, or NULL. */
static const struct point *newest_point(const struct query *query, int64_t end_ms)
{
    const struct point *newest = NULL;
    for (size_t i = 0; i < query->count; i++) {
        const struct point *point = &query->points[i];
        if (point->at_ms + query->period_s * SW_SECOND_MS <= end_ms &&
            (!newest || point->at_ms > newest->at_ms))
            newest = point;
    }
    return newest;
}

static struct sw_value value_at(const struct query *query, int64_t at_ms)
{
    for (size_t i = 0; query && i < query->count; i++)
        if (query->points[i].at_ms == at_ms)
            return (struct sw_value){query->points[i].value, true};
    return (struct sw_value){0};
}

static void write_origin(const struct sw_target *target, int64_t to_ms, int window_s, char *out,
                         size_t size)
{
    bool is_rate = target->metric == SW_METRIC_ERROR_RATE;
    const struct sw_node *value = sw_node_map(target->options, is_rate ? "errors" : "value");
    const struct sw_node *total = sw_node_map(target->options, "total");
    char from[SW_TIME_TEXT], to[SW_TIME_TEXT], text[SW_LINE_MAX * 2];
    sw_format(text, sizeof text, "%s %s%s%s, %s to %s, %s", sw_node_str(value, "stat"),
              sw_node_str(value, "name"), is_rate ? " of " : "",
              is_rate ? sw_node_str(total, "name") : "",
              sw_time_format(to_ms - window_s * SW_SECOND_MS, from), sw_time_format(to_ms, to),
              sw_node_str(value, "namespace"));
    sw_text_clean_copy(out, size, text);
}

static struct sw_reading begin_reading(const struct sw_flow *flow, const struct sw_target *target,
                                       int window_s, int64_t true_for_ms)
{
    struct sw_reading reading = {.metric = target->metric,
                                 .side = SW_SIDE_NEW,
                                 .window_s = window_s,
                                 .observed_at_ms = sw_flow_now(flow),
                                 .true_for_ms = true_for_ms};
    write_origin(target, true_for_ms, window_s, reading.origin, sizeof reading.origin);
    return reading;
}

/* HTTPCode_Target_5XX_Count is published only when it is not zero, and nothing is while no request
 * flows: so errors without a point count as none beside requests, and no requests leave the rate
 * unknown. Source: Elastic Load Balancing, "CloudWatch metrics for your Application Load Balancer".
 */
static void set_rate(struct sw_reading *reading, double errors, double total)
{
    if (total <= 0 || errors < 0)
        return;
    double percent = 100 * errors / total;
    reading->n = (struct sw_value){total, true};
    reading->bad = (struct sw_value){errors, true};
    /* Two counters of different things can pass 100 %. */
    reading->value = (struct sw_value){percent < 100 ? percent : 100, true};
}

static void report_rate(struct sw_flow *flow, const struct queries *queries,
                        const struct wish *wish, int window_s)
{
    const struct query *errors = query_at(queries, wish->errors);
    const struct query *total = query_at(queries, wish->total);
    const struct point *last = is_good(total) ? newest_point(total, queries->end_ms) : NULL;
    int64_t to_ms = last ? last->at_ms + MINUTE_S * SW_SECOND_MS : queries->end_ms;
    int64_t from_ms = to_ms - window_s * SW_SECOND_MS;
    struct sw_reading reading = begin_reading(flow, wish->target, window_s, to_ms);
    if (last && is_good(errors))
        set_rate(&reading, sum_points(errors, from_ms, to_ms), sum_points(total, from_ms, to_ms));
    sw_flow_report_reading(flow, wish->target, &reading);
}

/* A window that was asked for with itself as the period. */
static void report_whole(struct sw_flow *flow, const struct queries *queries,
                         const struct wish *wish, size_t i)
{
    bool is_rate = wish->target->metric == SW_METRIC_ERROR_RATE;
    const struct query *value = query_at(queries, wish->windows[i].value);
    const struct query *total = query_at(queries, wish->windows[i].total);
    const struct query *leading = is_rate ? total : value;
    const struct point *last = is_good(leading) ? newest_point(leading, queries->end_ms) : NULL;
    int64_t true_for_ms = last ? last->at_ms + leading->period_s * SW_SECOND_MS : queries->end_ms;
    struct sw_reading reading =
        begin_reading(flow, wish->target, wish->target->windows_s[i], true_for_ms);
    if (last && is_rate && is_good(value)) {
        set_rate(&reading, value_at(value, last->at_ms).value, last->value);
    } else if (last && !is_rate) {
        const char *unit = sw_node_str(sw_node_map(wish->target->options, "value"), "unit");
        double factor = strcmp(unit, "s") == 0 ? 1000 : 1;
        reading.value = (struct sw_value){last->value * factor, last->value >= 0};
        if (is_good(total))
            reading.n = value_at(total, last->at_ms);
    }
    sw_flow_report_reading(flow, wish->target, &reading);
}

static void report_series(struct sw_flow *flow, const struct queries *queries,
                          const struct wish *wish)
{
    const struct query *errors = query_at(queries, wish->errors);
    const struct query *total = query_at(queries, wish->total);
    if (!is_good(errors) || !is_good(total))
        return;
    size_t count = SPAN_S / MINUTE_S;
    struct sw_series series = {.metric = SW_METRIC_ERROR_RATE,
                               .side = SW_SIDE_NEW,
                               .bucket_s = MINUTE_S,
                               .count = count,
                               .buckets = sw_xcalloc(count, sizeof(struct sw_bucket)),
                               .observed_at_ms = sw_flow_now(flow)};
    for (size_t i = 0; i < count; i++) {
        struct sw_bucket *bucket = &series.buckets[i];
        bucket->start_ms = queries->end_ms - (int64_t)(count - i) * MINUTE_S * SW_SECOND_MS;
        bucket->n = value_at(total, bucket->start_ms).value;
        bucket->bad = value_at(errors, bucket->start_ms).value;
    }
    sw_flow_report_series(flow, wish->target, &series);
    free(series.buckets);
}

static void report_wish(struct sw_flow *flow, const struct queries *queries,
                        const struct wish *wish)
{
    bool is_rate = wish->target->metric == SW_METRIC_ERROR_RATE;
    for (size_t i = 0; i < wish->target->window_count; i++) {
        if (wish->windows[i].value != NO_QUERY)
            report_whole(flow, queries, wish, i);
        else if (is_rate && !is_long(wish->target->windows_s[i]))
            report_rate(flow, queries, wish, wish->target->windows_s[i]);
    }
    if (is_rate)
        report_series(flow, queries, wish);
}

/* The first metric that did not come whole, as the poll's error; its figures are unknown. */
static enum sw_code check_answers(const struct queries *queries, struct sw_error *err)
{
    for (size_t i = 0; i < queries->count; i++) {
        const struct query *query = &queries->items[i];
        if (query->is_answered && query->is_complete)
            continue;
        const char *name = json_string_value(
            json_object_get(json_object_get(query->stat, "Metric"), "MetricName"));
        const char *why = query->is_answered ? query->problem : queries->message;
        bool is_denied = sw_text_starts(query->problem, "Forbidden");
        return sw_fail(err, is_denied ? SW_E_DENIED : SW_E_HTTP, "GetMetricData: %s: %s", name,
                       *why ? why : "missing in the answer");
    }
    return SW_OK;
}

enum sw_code cloudwatch_observe_metrics(struct sw_flow *flow, struct sw_error *err)
{
    size_t count = sw_flow_target_count(flow), wish_count = 0;
    struct queries queries = {0};
    int64_t now = sw_flow_now(flow), last = sw_flow_last(flow, "long windows");
    bool is_long_due = !last || now - last >= LONG_EVERY_MS || sw_flow_is_action(flow);
    enum sw_code config = SW_OK;
    queries.end_ms = (now - SETTLE_S * SW_SECOND_MS) / SW_MINUTE_MS * SW_MINUTE_MS;
    struct wish *wishes = sw_xcalloc(count + 1, sizeof *wishes);
    for (size_t i = 0; i < count; i++) {
        struct wish *wish = &wishes[wish_count];
        wish->target = sw_flow_target(flow, i);
        if (wish->target->role != SW_ROLE_HEALTH)
            continue;
        struct sw_error wrong = {0};
        enum sw_code code = add_wish(&queries, wish, is_long_due, &wrong);
        if (code == SW_OK)
            wish_count++;
        else if (config == SW_OK)
            config = code, *err = wrong; /* one wrong binding does not blind the others */
    }
    struct sw_error ignored = {0};
    enum sw_code code = ask_metrics(flow, &queries, config == SW_OK ? err : &ignored);
    for (size_t i = 0; code == SW_OK && i < wish_count; i++)
        report_wish(flow, &queries, &wishes[i]);
    if (code == SW_OK && is_long_due)
        sw_flow_set_last(flow, "long windows");
    if (code == SW_OK && config == SW_OK)
        code = check_answers(&queries, err);
    clear_queries(&queries);
    free(wishes);
    return config != SW_OK ? config : code;
}
