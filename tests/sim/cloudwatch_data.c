/*
 * GetMetricData: the load balancers' minutes as data points.
 *
 * Sources: CloudWatch service model (botocore 1.43.67), GetMetricData, MetricDataQuery, MetricStat
 * (500 queries, 100800 points, Period, rounding of StartTime, retention); ALB user guide,
 * "CloudWatch metrics for your Application Load Balancer" (5xx reported only when not zero, nothing
 * reported without requests, TargetResponseTime in seconds), read 2026. Texts of refusals are
 * UNCONFIRMED. Metric math is refused.
 */
#include "cloudwatch.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { QUERIES_MAX = 500, POINTS_MAX = 100800, DIMENSIONS_MAX = 30 };

enum stat { STAT_SUM, STAT_AVERAGE, STAT_MINIMUM, STAT_MAXIMUM, STAT_SAMPLES, STAT_QUANTILE };

/* One query, read and checked. */
struct query {
    const char *id;
    const char *label;
    const char *name; /* MetricName */
    const struct world_service *service; /* NULL: no such metric, so no points */
    int side;                            /* target group, -1 both */
    enum cloudwatch_metric metric;
    enum stat stat;
    double quantile;
    int64_t period_ms;
    bool is_shown; /* ReturnData */
};

struct window {
    int64_t start_ms;
    int64_t end_ms;
    bool is_ascending;
    size_t max_points;
};

/* ---- reading ---------------------------------------------------------------------------- */

/* Which series of the world; an unknown one is not an error, it has no points. */
static bool read_dimensions(struct aws_call *call, json_t *list, struct query *out)
{
    static const char *const known[] = {"Name", "Value", NULL};
    const char *balancer = NULL;
    const char *target_group = NULL;
    bool is_exact = true;

    if (list != NULL && (!json_is_array(list) || json_array_size(list) > DIMENSIONS_MAX))
        return cloudwatch_invalid(call, "Dimensions must be a list of at most 30.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *dimension = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(dimension, "Name"));
        const char *value = json_string_value(json_object_get(dimension, "Value"));
        if (name == NULL || value == NULL || name[0] == '\0' || value[0] == '\0')
            return cloudwatch_invalid(call, "A dimension needs Name and Value.");
        if (aws_refuse_unknown(call, dimension, known))
            return false;
        if (strcmp(name, "LoadBalancer") == 0 && balancer == NULL)
            balancer = value;
        else if (strcmp(name, "TargetGroup") == 0 && target_group == NULL)
            target_group = value;
        else
            is_exact = false;
    }
    out->side = -1;
    out->service =
        balancer == NULL || !is_exact ? NULL : world_service_by_lb(call->sim->world, balancer);
    if (out->service != NULL && target_group != NULL &&
        !world_service_side(out->service, target_group, &out->side))
        out->service = NULL;
    return true;
}

static bool read_metric(struct aws_call *call, json_t *metric, struct query *out)
{
    static const char *const known[] = {"Namespace", "MetricName", "Dimensions", NULL};
    const char *space = json_string_value(json_object_get(metric, "Namespace"));

    out->name = json_string_value(json_object_get(metric, "MetricName"));
    if (space == NULL || out->name == NULL || space[0] == '\0' || out->name[0] == '\0')
        return cloudwatch_invalid(call, "The parameter MetricDataQueries.member.MetricStat.Metric "
                                        "needs Namespace and MetricName.");
    if (space[0] == ':')
        return cloudwatch_invalid(call, "The value for parameter Namespace is invalid.");
    if (aws_refuse_unknown(call, metric, known) ||
        !read_dimensions(call, json_object_get(metric, "Dimensions"), out))
        return false;
    size_t i = 0;
    while (i < CLOUDWATCH_METRICS_N && strcmp(cloudwatch_metric_names[i], out->name) != 0)
        i++;
    out->metric = (enum cloudwatch_metric)i;
    if (i == CLOUDWATCH_METRICS_N || strcmp(space, CLOUDWATCH_ALB) != 0)
        out->service = NULL;
    return true;
}

/* "p95", "p99.9": up to two decimals, as the console takes them. */
static bool read_quantile(const char *text, double *out)
{
    char *end = NULL;

    if (text[0] != 'p' || text[1] < '0' || text[1] > '9')
        return false;
    double percent = strtod(text + 1, &end);
    if (*end != '\0' || percent < 0 || percent > 100)
        return false;
    *out = percent / 100;
    return true;
}

static bool read_stat(struct aws_call *call, const char *text, struct query *out)
{
    static const char *const names[] = {[STAT_SUM] = "Sum",
                                        [STAT_AVERAGE] = "Average",
                                        [STAT_MINIMUM] = "Minimum",
                                        [STAT_MAXIMUM] = "Maximum",
                                        [STAT_SAMPLES] = "SampleCount"};

    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], text) == 0) {
            out->stat = (enum stat)i;
            return true;
        }
    out->stat = STAT_QUANTILE;
    if (text != NULL && read_quantile(text, &out->quantile))
        return true;
    return cloudwatch_invalid(call, "The value %.40s for parameter MetricStat.Stat is not supported.",
                              text == NULL ? "null" : text);
}

/* Units of what the load balancer publishes; another one matches nothing. */
static bool unit_matches(const struct query *query, const char *unit)
{
    bool is_latency = query->metric == CLOUDWATCH_LATENCY;

    return unit == NULL || strcmp(unit, is_latency ? "Seconds" : "Count") == 0;
}

static bool read_metric_stat(struct aws_call *call, json_t *metric_stat, struct query *out)
{
    static const char *const known[] = {"Metric", "Period", "Stat", "Unit", NULL};
    json_t *period = json_object_get(metric_stat, "Period");
    json_int_t period_s = json_integer_value(period);

    if (!json_is_object(metric_stat) || !json_is_object(json_object_get(metric_stat, "Metric")))
        return cloudwatch_invalid(call, "The parameter MetricDataQueries.member.MetricStat needs "
                                        "Metric, Period and Stat.");
    if (aws_refuse_unknown(call, metric_stat, known) ||
        !read_metric(call, json_object_get(metric_stat, "Metric"), out) ||
        !read_stat(call, json_string_value(json_object_get(metric_stat, "Stat")), out))
        return false;
    bool is_high = period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 ||
                   period_s == 30;
    if (!json_is_integer(period) || period_s < 1 || period_s > 86400 ||
        (!is_high && period_s % 60 != 0))
        return cloudwatch_invalid(call, "The parameter Period must be 1, 5, 10, 20, 30 or a "
                                        "multiple of 60.");
    out->period_ms = (int64_t)period_s * 1000;
    /* Below a minute only metrics stored so have points. */
    if (is_high || !unit_matches(out, json_string_value(json_object_get(metric_stat, "Unit"))))
        out->service = NULL;
    return true;
}

static bool is_id(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz";
    static const char all[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    return text != NULL && text[0] != '\0' && strchr(first, text[0]) != NULL &&
           text[strspn(text, all)] == '\0' && strlen(text) <= 255;
}

static bool read_query(struct aws_call *call, json_t *object, struct query *out)
{
    static const char *const known[] = {"Id",    "MetricStat", "Expression", "Label",
                                        "Period", "ReturnData", NULL};
    json_t *metric_stat = json_object_get(object, "MetricStat");
    json_t *expression = json_object_get(object, "Expression");

    *out = (struct query){.side = -1};
    out->id = json_string_value(json_object_get(object, "Id"));
    if (!is_id(out->id))
        return cloudwatch_invalid(call, "The value %.60s for parameter MetricDataQueries.member.Id "
                                        "is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                                  out->id == NULL ? "null" : out->id);
    if (aws_refuse_unknown(call, object, known))
        return false;
    if ((metric_stat == NULL) == (expression == NULL))
        return cloudwatch_invalid(call, "Exactly one of MetricStat and Expression must be given.");
    if (expression != NULL)
        return cloudwatch_invalid(call, "slipway-sim does no metric math.");
    if (!read_metric_stat(call, metric_stat, out))
        return false;
    out->label = json_string_value(json_object_get(object, "Label"));
    if (out->label == NULL)
        out->label = out->name;
    out->is_shown = !json_is_false(json_object_get(object, "ReturnData"));
    return true;
}

static bool read_queries(struct aws_call *call, struct query *out, size_t *n)
{
    json_t *list = json_object_get(call->input, "MetricDataQueries");

    *n = json_array_size(list);
    if (!json_is_array(list) || *n == 0)
        return cloudwatch_invalid(call, "The parameter MetricDataQueries is required.");
    if (*n > QUERIES_MAX)
        return cloudwatch_invalid(call,
                                  "The collection MetricDataQueries must not have a size greater "
                                  "than 500.");
    for (size_t i = 0; i < *n; i++) {
        if (!read_query(call, json_array_get(list, i), &out[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(out[k].id, out[i].id) == 0)
                return cloudwatch_invalid(call, "The values for parameter id in MetricDataQueries "
                                                "are not unique.");
    }
    return true;
}

static bool read_window(struct aws_call *call, struct window *out)
{
    json_t *start = json_object_get(call->input, "StartTime");
    json_t *end = json_object_get(call->input, "EndTime");
    json_t *points = json_object_get(call->input, "MaxDatapoints");
    json_t *scan = json_object_get(call->input, "ScanBy");
    const char *order = scan == NULL ? "TimestampDescending" : json_string_value(scan);

    if (!json_is_number(start) || !json_is_number(end))
        return cloudwatch_invalid(call, "StartTime and EndTime are needed, in epoch seconds.");
    out->start_ms = (int64_t)(json_number_value(start) * 1000);
    out->end_ms = (int64_t)(json_number_value(end) * 1000);
    if (out->start_ms >= out->end_ms)
        return cloudwatch_invalid(call, "The parameter StartTime must be less than the parameter "
                                        "EndTime.");
    out->is_ascending = order != NULL && strcmp(order, "TimestampAscending") == 0;
    if (!out->is_ascending && (order == NULL || strcmp(order, "TimestampDescending") != 0))
        return cloudwatch_invalid(call, "The parameter ScanBy is invalid.");
    out->max_points = POINTS_MAX;
    if (points != NULL) {
        json_int_t n = json_integer_value(points);
        if (!json_is_integer(points) || n < 1 || n > POINTS_MAX)
            return cloudwatch_invalid(call, "The parameter MaxDatapoints must be from 1 to 100800.");
        out->max_points = (size_t)n;
    }
    /* Rounded down by age. Source: the model's text of StartTime. */
    int64_t age_ms = call->sim->world->now_ms - out->start_ms;
    int64_t round_ms = age_ms < 15 * DAY_MS   ? 60000
                       : age_ms < 63 * DAY_MS ? 5 * 60000
                                              : 60 * 60000;
    out->start_ms -= out->start_ms % round_ms;
    return true;
}

/* ---- data points ------------------------------------------------------------------------ */

/* What is kept of that age: a minute for 15 days, five for 63, an hour beyond. */
static bool is_kept(const struct world *world, const struct query *query, int64_t from_ms)
{
    int64_t age_ms = world->now_ms - from_ms;

    if (age_ms > 63 * DAY_MS)
        return query->period_ms % 3600000 == 0;
    return age_ms <= 15 * DAY_MS || query->period_ms % 300000 == 0;
}

/* Counts: every request is a sample of the value 1. */
static bool count_point(const struct query *query, const struct world_load *load, double *out)
{
    uint64_t n = query->metric == CLOUDWATCH_REQUESTS ? load->requests
                 : query->metric == CLOUDWATCH_5XX    ? load->errors
                                                      : load->requests - load->errors;

    *out = query->stat == STAT_SUM || query->stat == STAT_SAMPLES ? (double)n : 1;
    return n > 0;
}

static bool latency_point(const struct world *world, const struct query *query, uint64_t samples,
                          int64_t from_ms, int64_t to_ms, double *out)
{
    /* The extremes of so many samples, at their expected ranks. */
    double edge = samples == 0 ? 0.5 : 0.5 / (double)samples;
    double q = query->stat == STAT_MINIMUM    ? edge
               : query->stat == STAT_QUANTILE ? query->quantile
                                              : 1 - edge;
    double at_ms = 0;
    double mean_ms = 0;

    q = q < edge ? edge : q > 1 - edge ? 1 - edge : q;
    if (!world_latency_ms(world, query->service, query->side, q, from_ms, to_ms, &at_ms, &mean_ms))
        return false;
    if (query->stat == STAT_SAMPLES)
        *out = (double)samples;
    else if (query->stat == STAT_SUM)
        *out = mean_ms / 1000 * (double)samples;
    else
        *out = (query->stat == STAT_AVERAGE ? mean_ms : at_ms) / 1000;
    return true;
}

static bool point(const struct world *world, const struct query *query, int64_t from_ms,
                  int64_t to_ms, double *out)
{
    if (query->service == NULL || !is_kept(world, query, from_ms))
        return false;
    struct world_load load = world_load(world, query->service, query->side, from_ms, to_ms);
    if (query->metric == CLOUDWATCH_LATENCY)
        return latency_point(world, query, load.requests, from_ms, to_ms, out);
    return count_point(query, &load, out);
}

/* One page of points over all queries: the first `skip` are given already, `left` fit. */
struct page {
    size_t skip;
    size_t left;
    bool is_full; /* there was one more than fits */
};

/* Buckets begin at StartTime. Appends the result unless nothing of it belongs to this page. */
static void answer_query(struct aws_call *call, const struct query *query,
                         const struct window *window, struct page *page, json_t *results)
{
    int64_t n = (window->end_ms - window->start_ms + query->period_ms - 1) / query->period_ms;
    json_t *timestamps = json_array();
    json_t *values = json_array();
    bool was_given = page->skip > 0;
    bool is_part = false;

    for (int64_t i = 0; i < n && query->is_shown; i++) {
        int64_t bucket = window->is_ascending ? i : n - 1 - i;
        int64_t from = window->start_ms + bucket * query->period_ms;
        int64_t to = from + query->period_ms;
        double value = 0;
        if (from > call->sim->world->now_ms ||
            !point(call->sim->world, query, from, to < window->end_ms ? to : window->end_ms,
                   &value))
            continue;
        if (page->skip > 0) {
            page->skip--;
            continue;
        }
        if (page->left == 0) {
            is_part = true;
            break;
        }
        page->left--;
        json_array_append_new(timestamps, aws_time(from));
        json_array_append_new(values, json_real(value));
    }
    page->is_full = page->is_full || is_part;
    if (!query->is_shown || (was_given && json_array_size(values) == 0 && !is_part)) {
        json_decref(timestamps);
        json_decref(values);
        return;
    }
    json_array_append_new(results, json_pack("{s:s, s:s, s:o, s:o, s:s}", "Id", query->id, "Label",
                                             query->label, "Timestamps", timestamps, "Values",
                                             values, "StatusCode",
                                             is_part ? "PartialData" : "Complete"));
}

/* Before any point is counted: the sum of what could be asked for. Keeps one request short. */
static bool is_bounded(struct aws_call *call, const struct query *queries, size_t n,
                       const struct window *window)
{
    int64_t points = 0;

    for (size_t i = 0; i < n; i++) {
        points += (window->end_ms - window->start_ms) / queries[i].period_ms + 1;
        if (points > 20 * (int64_t)POINTS_MAX)
            return cloudwatch_invalid(call, "The requested time range holds too many data points.");
    }
    return true;
}

void cloudwatch_get_metric_data(struct aws_call *call)
{
    static const char *const known[] = {"MetricDataQueries", "StartTime",     "EndTime",
                                        "NextToken",         "ScanBy",        "MaxDatapoints",
                                        "LabelOptions",      NULL};
    struct query *queries = sim_xcalloc(QUERIES_MAX, sizeof *queries);
    struct window window = {.start_ms = 0};
    struct page page = {.skip = 0};
    size_t n = 0;

    if (!aws_refuse_unknown(call, call->input, known) && read_queries(call, queries, &n) &&
        read_window(call, &window) && is_bounded(call, queries, n, &window) &&
        cloudwatch_token_read(call, &page.skip)) {
        size_t skip = page.skip;
        json_t *results = json_array();
        page.left = window.max_points;
        for (size_t i = 0; i < n && !page.is_full; i++)
            answer_query(call, &queries[i], &window, &page, results);
        json_t *reply =
            json_pack("{s:o, s:[]}", "MetricDataResults", results, "Messages");
        if (page.is_full) {
            char *token = cloudwatch_token_make(call, skip + window.max_points);
            json_object_set_new(reply, "NextToken", json_string(token));
            free(token);
        }
        aws_reply(call, reply);
    }
    free(queries);
}
