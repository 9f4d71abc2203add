/*
 * cloudwatch.c: error rate and latency of services, and alarms, from Amazon CloudWatch.
 *
 * Every metric that the account's platforms name is asked for together by GetMetricData, in
 * batches; what two platforms share is asked for (and paid for) once. Windows of up to an hour and
 * a half of an error rate are sums over one-minute points; longer ones, and every percentile (which
 * cannot be added up), are asked with the window itself as the period.
 *
 * Guarantees: the minute that is still running, and the one before it, are left out, since their
 * values still grow; a figure is true until the end of the last point, not until now. No errors
 * with requests is 0 %, no requests is unknown. A metric with an error status is unknown.
 * It does not judge, and changes nothing upstream.
 *
 * Sources: AWS service model `monitoring` 2010-08-01 (GetMetricData, DescribeAlarms); Amazon
 * CloudWatch API Reference, "GetMetricData"; Elastic Load Balancing, "CloudWatch metrics for your
 * Application Load Balancer"; read 2026-01.
 */
#include "sources/cloudwatch.h"

#include <string.h>

#include "base/mem.h"

enum { PAGES_MAX = 20 };

const struct sw_operation cloudwatch_operations[CW_OPERATIONS] = {
    [CW_GET_METRIC_DATA] = {.name = "cloudwatch:GetMetricData",
                            .method = SW_POST,
                            .path = "/",
                            .target = "GraniteServiceVersion20100801.GetMetricData",
                            .is_idempotent = true},
    [CW_DESCRIBE_ALARMS] = {.name = "cloudwatch:DescribeAlarms",
                            .method = SW_POST,
                            .path = "/",
                            .target = "GraniteServiceVersion20100801.DescribeAlarms",
                            .is_idempotent = true},
};

static enum sw_code ask_page(struct sw_flow *flow, const struct sw_operation *operation,
                             const json_t *input, json_t **tree, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    struct sw_buf body;
    sw_buf_init(&body, 1 << 20);
    enum sw_code code = sw_aws_request(&request, operation, SW_AWS_JSON_1_0, input, &body, err);
    if (code == SW_OK) {
        code = sw_flow_exchange(flow, &request, &reply, err);
        if (code == SW_OK)
            code = sw_aws_reply_json(&reply, tree, err);
        else if (code != SW_E_CANCELLED)
            code = sw_aws_explain(&reply, operation, err);
    }
    sw_reply_clear(&reply);
    sw_buf_clear(&body);
    return code;
}

enum sw_code cloudwatch_ask(struct sw_flow *flow, const struct sw_operation *operation,
                            json_t *input, cloudwatch_page_fn read, void *arg, struct sw_error *err)
{
    char *token = NULL;
    enum sw_code code = SW_OK;
    for (int page = 0; code == SW_OK; page++) {
        SW_JSON json_t *tree = NULL;
        const char *next = NULL;
        code = ask_page(flow, operation, input, &tree, err);
        if (code == SW_OK)
            code = read(arg, tree, err);
        /* Absent, null and empty all end it. */
        if (code != SW_OK || sw_json_str(tree, "NextToken", SW_OPTIONAL, &next, NULL) != SW_OK ||
            !*next)
            break;
        if (page + 1 == PAGES_MAX || (token && strcmp(token, next) == 0))
            code = sw_fail(err, SW_E_LIMIT, "%s: the pages do not end (%d read)", operation->name,
                           page + 1);
        free(token);
        token = sw_xstrdup(next);
        json_object_set_new(input, "NextToken", json_string(next));
    }
    free(token);
    return code;
}

/* Alarms are read also when the metrics fail, and the other way round. */
static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    struct sw_error first = {0}, second = {0};
    enum sw_code metrics = cloudwatch_observe_metrics(flow, &first);
    enum sw_code alarms = SW_OK;
    if (metrics != SW_E_CANCELLED)
        alarms = cloudwatch_observe_alarms(flow, &second);
    if (err)
        *err = metrics != SW_OK ? first : second;
    return metrics != SW_OK ? metrics : alarms;
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_aws_open(account, "monitoring", out, err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    (void)target;
    sw_copy(key, size, "all"); /* one batch for the account and region */
}

static const struct sw_option account_options[] = {
    SW_AWS_OPTIONS,
    {0},
};

#define METRIC_OPTIONS                                                                             \
    {.key = "namespace",                                                                           \
     .type = SW_OPTION_STRING,                                                                     \
     .is_required = true,                                                                          \
     .help = "metric namespace",                                                                   \
     .example = "AWS/ApplicationELB"},                                                             \
        {.key = "name",                                                                            \
         .type = SW_OPTION_STRING,                                                                 \
         .is_required = true,                                                                      \
         .help = "metric name",                                                                    \
         .example = "RequestCount"},                                                               \
        {.key = "stat",                                                                            \
         .type = SW_OPTION_STRING,                                                                 \
         .is_required = true,                                                                      \
         .help = "statistic",                                                                      \
         .example = "Sum"},                                                                        \
    {                                                                                              \
        .key = "dimensions", .type = SW_OPTION_PAIRS,                                              \
        .help = "all dimensions the metric is published with",                                     \
        .example = "{LoadBalancer: app/x/1}"                                                       \
    }

static const struct sw_option count_options[] = {METRIC_OPTIONS, {0}};

static const char *const units[] = {"s", "ms", NULL};
static const struct sw_option value_options[] = {
    METRIC_OPTIONS,
    {.key = "unit",
     .type = SW_OPTION_CHOICE,
     .choices = units,
     .help = "unit the metric is stored in (TargetResponseTime: s)",
     .example = "s"},
    {0},
};

static const struct sw_option health_options[] = {
    {.key = "errors",
     .type = SW_OPTION_MAP,
     .children = count_options,
     .help = "error_rate: the counter of errors",
     .example = "{namespace: AWS/ApplicationELB, name: HTTPCode_Target_5XX_Count, stat: Sum, "
                "dimensions: {LoadBalancer: app/api/50dc}}"},
    {.key = "value",
     .type = SW_OPTION_MAP,
     .children = value_options,
     .help = "latency_p95: the percentile"},
    {.key = "total",
     .type = SW_OPTION_MAP,
     .children = count_options,
     .help = "the counter of requests; also the sample size",
     .example = "{namespace: AWS/ApplicationELB, name: RequestCount, stat: Sum, "
                "dimensions: {LoadBalancer: app/api/50dc}}"},
    {0},
};

static const struct sw_option alarm_options[] = {
    {.key = "names",
     .type = SW_OPTION_STRINGS,
     .is_required = true,
     .help = "alarm names",
     .example = "[api-5xx-rate]"},
    {0},
};

/* What add_wish in cloudwatch_metrics.c needs, said when the configuration is read. */
static bool check_health(const struct sw_node *entry, enum sw_metric metric, char *why, size_t size)
{
    bool is_rate = metric == SW_METRIC_ERROR_RATE;
    const struct sw_node *value = sw_node_map(entry, is_rate ? "errors" : "value");
    const char *text = NULL;
    if (is_rate && (value == NULL || !sw_node_has(entry, "total")))
        text = "error_rate needs errors and total";
    else if (value == NULL)
        text = "latency_p95 needs value";
    else if (!is_rate && !sw_node_has(value, "unit"))
        text = "value needs the unit the metric is stored in (unit: s or ms)";
    if (text != NULL)
        sw_copy(why, size, text);
    return text == NULL;
}

const struct sw_source_kind sw_source_cloudwatch = {
    .name = "cloudwatch",
    .title = "Amazon CloudWatch",
    .summary = "error rate, latency and alarms of services",
    .can = SW_CAN_HEALTH | SW_CAN_ALARMS,
    .base_url = "https://monitoring.{region}.amazonaws.com",
    .account_options = account_options,
    .health_options = health_options,
    .alarm_options = alarm_options,
    .check_health = check_health,
    .metrics = 1u << SW_METRIC_ERROR_RATE | 1u << SW_METRIC_LATENCY_P95,
    /* Load balancers publish once a minute, and every metric asked for is paid for. */
    .interval_s = 60,
    .stale_after_s = 600,
    /* 50 a second for GetMetricData and 9 for DescribeAlarms, shared by the whole account. */
    .budget = {.per_minute = 120, .burst = 10, .concurrent = 2},
    .body_max_bytes = 2 << 20,
    .operations = cloudwatch_operations,
    .operation_count = CW_OPERATIONS,
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = observe,
};
