/*
 * CloudWatch over AWS JSON 1.0: see cloudwatch.h for the parts.
 *
 * Sources: CloudWatch service model (botocore 1.43.67: DescribeAlarms, ListMetrics, paging,
 * awsQueryCompatible); CloudWatch user guide, "CloudWatch service quotas" (50 and 9 calls a
 * second, answered 400 Throttling "Rate exceeded"), read 2026. Quotas are per real second, times
 * the world's speed.
 */
#include "cloudwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALARMS_MAX = 100 };

const char *const cloudwatch_metric_names[CLOUDWATCH_METRICS_N] = {
    [CLOUDWATCH_REQUESTS] = "RequestCount",
    [CLOUDWATCH_2XX] = "HTTPCode_Target_2XX_Count",
    [CLOUDWATCH_5XX] = "HTTPCode_Target_5XX_Count",
    [CLOUDWATCH_LATENCY] = "TargetResponseTime",
};

static const struct aws_dialect dialect = {
    .signing_name = "monitoring",
    .content_type = "application/x-amz-json-1.0",
    .target_prefix = "GraniteServiceVersion20100801.",
    .error_prefix = "com.amazonaws.cloudwatch#",
    .is_query_compatible = true,
};

bool cloudwatch_invalid(struct aws_call *call, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *text = sim_vprintf(format, ap);
    va_end(ap);
    aws_fail(call, 400, "ValidationException", "ValidationError", "%s", text);
    free(text);
    return false;
}

/* ---- page tokens ------------------------------------------------------------------------ */

/* FNV-1a over the request without its token: the same question must be asked again. */
static uint64_t question_hash(const struct aws_call *call)
{
    json_t *question = json_copy(call->input);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    json_object_del(question, "NextToken");
    char *text = sim_json_text(question);
    for (const char *at = text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    free(text);
    json_decref(question);
    return hash;
}

char *cloudwatch_token_make(const struct aws_call *call, size_t skip)
{
    char *plain =
        sim_printf("%zu:%016llx", skip, (unsigned long long)question_hash(call));
    char *token = sim_base64url_encode(plain, strlen(plain));

    free(plain);
    return token;
}

bool cloudwatch_token_read(struct aws_call *call, size_t *skip)
{
    json_t *token = json_object_get(call->input, "NextToken");
    const char *text = json_string_value(token);
    size_t n = 0;
    unsigned long long hash = 0;
    bool ok = false;

    *skip = 0;
    if (token == NULL || json_is_null(token))
        return true;
    unsigned char *plain = text == NULL ? NULL : sim_base64url_decode(text, strlen(text), &n);
    if (plain != NULL)
        ok = sscanf((const char *)plain, "%zu:%16llx", skip, &hash) == 2 &&
             hash == question_hash(call) && *skip > 0;
    free(plain);
    if (!ok)
        aws_fail(call, 400, "InvalidNextToken", "InvalidNextToken", "Invalid token");
    return ok;
}

/* ---- alarms ----------------------------------------------------------------------------- */

static json_t *alarm_json(const struct world *world, const struct world_service *service)
{
    char *arn = sim_printf("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:%s", service->alarm);
    char *reason = sim_printf("Threshold Crossed: 2 out of the last 3 datapoints were %sgreater "
                              "than the threshold (%.1f).",
                              service->is_alarm ? "" : "not ", service->alarm_errors);
    int64_t since = service->alarm_since_ms != 0 ? service->alarm_since_ms
                                                 : world->first_minute * WORLD_MINUTE_MS;
    json_t *alarm = json_pack(
        "{s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:[{s:s, s:s}], s:i, s:i, s:i, s:f, "
        "s:s, s:s}",
        "AlarmName", service->alarm, "AlarmArn", arn, "ActionsEnabled", 1, "StateValue",
        service->is_alarm ? "ALARM" : "OK", "StateReason", reason, "StateUpdatedTimestamp",
        aws_time(since), "StateTransitionedTimestamp", aws_time(since), "MetricName",
        cloudwatch_metric_names[CLOUDWATCH_5XX], "Namespace", CLOUDWATCH_ALB, "Statistic", "Sum",
        "Dimensions", "Name", "LoadBalancer", "Value", service->load_balancer, "Period", 60,
        "EvaluationPeriods", 3, "DatapointsToAlarm", 2, "Threshold", service->alarm_errors,
        "ComparisonOperator", "GreaterThanThreshold", "TreatMissingData", "notBreaching");

    free(arn);
    free(reason);
    return alarm;
}

static bool list_has(json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *value = json_string_value(json_array_get(list, i));
        if (value != NULL && strcmp(value, text) == 0)
            return true;
    }
    return false;
}

/* Every member of `list` one of `words`. */
static bool are_words(json_t *list, const char *const *words)
{
    if (list != NULL && !json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *value = json_string_value(json_array_get(list, i));
        size_t k = 0;
        while (words[k] != NULL && (value == NULL || strcmp(words[k], value) != 0))
            k++;
        if (words[k] == NULL)
            return false;
    }
    return true;
}

struct alarm_filter {
    json_t *names;
    json_t *types;
    const char *prefix;
    const char *state;
    size_t max;
};

static bool read_alarm_filter(struct aws_call *call, struct alarm_filter *out)
{
    static const char *const known[] = {"AlarmNames", "AlarmNamePrefix", "AlarmTypes",
                                        "StateValue", "MaxRecords",      "NextToken", NULL};
    static const char *const types[] = {"MetricAlarm", "CompositeAlarm", "LogAlarm", NULL};
    json_t *max = json_object_get(call->input, "MaxRecords");

    if (aws_refuse_unknown(call, call->input, known))
        return false;
    out->names = json_object_get(call->input, "AlarmNames");
    out->types = json_object_get(call->input, "AlarmTypes");
    out->prefix = json_string_value(json_object_get(call->input, "AlarmNamePrefix"));
    out->state = json_string_value(json_object_get(call->input, "StateValue"));
    out->max = max == NULL ? ALARMS_MAX : (size_t)json_integer_value(max);
    if (out->names != NULL &&
        (!json_is_array(out->names) || json_array_size(out->names) > ALARMS_MAX))
        return cloudwatch_invalid(call, "The collection AlarmNames must not have a size greater "
                                        "than 100.");
    if (out->names != NULL && out->prefix != NULL)
        return cloudwatch_invalid(call, "AlarmNamePrefix cannot be specified with AlarmNames.");
    if (!are_words(out->types, types))
        return cloudwatch_invalid(call, "The parameter AlarmTypes is invalid.");
    if (out->state != NULL && strcmp(out->state, "OK") != 0 && strcmp(out->state, "ALARM") != 0 &&
        strcmp(out->state, "INSUFFICIENT_DATA") != 0)
        return cloudwatch_invalid(call, "The parameter StateValue is invalid.");
    if (max != NULL && (!json_is_integer(max) || json_integer_value(max) < 1 ||
                        json_integer_value(max) > ALARMS_MAX))
        return cloudwatch_invalid(call, "The parameter MaxRecords must be from 1 to 100.");
    return true;
}

static bool alarm_passes(const struct alarm_filter *filter, const struct world_service *service)
{
    const char *state = service->is_alarm ? "ALARM" : "OK";

    return (filter->names == NULL || list_has(filter->names, service->alarm)) &&
           (filter->types == NULL || json_array_size(filter->types) == 0 ||
            list_has(filter->types, "MetricAlarm")) &&
           (filter->prefix == NULL ||
            strncmp(service->alarm, filter->prefix, strlen(filter->prefix)) == 0) &&
           (filter->state == NULL || strcmp(filter->state, state) == 0);
}

static void describe_alarms(struct aws_call *call)
{
    struct world *world = call->sim->world;
    struct alarm_filter filter;
    size_t skip = 0;
    size_t seen = 0;

    if (!read_alarm_filter(call, &filter) || !cloudwatch_token_read(call, &skip))
        return;
    json_t *alarms = json_array();
    for (size_t i = 0; i < world->n_services; i++)
        if (alarm_passes(&filter, &world->services[i]) && seen++ >= skip &&
            json_array_size(alarms) < filter.max)
            json_array_append_new(alarms, alarm_json(world, &world->services[i]));
    /* An account without composite and log alarms. */
    size_t given = skip + json_array_size(alarms);
    json_t *reply = json_pack("{s:o, s:[], s:[]}", "MetricAlarms", alarms, "CompositeAlarms",
                              "LogAlarms");
    if (given < seen) {
        char *token = cloudwatch_token_make(call, given);
        json_object_set_new(reply, "NextToken", json_string(token));
        free(token);
    }
    aws_reply(call, reply);
}

/* ---- the list of metrics ---------------------------------------------------------------- */

/* Every filter names one of the metric's dimensions. side -1: the load balancer alone. */
static bool dimensions_pass(json_t *filters, const struct world_service *service, int side)
{
    for (size_t i = 0; i < json_array_size(filters); i++) {
        json_t *filter = json_array_get(filters, i);
        const char *name = json_string_value(json_object_get(filter, "Name"));
        const char *value = json_string_value(json_object_get(filter, "Value"));
        const char *own = NULL;
        if (name != NULL && strcmp(name, "LoadBalancer") == 0)
            own = service->load_balancer;
        else if (name != NULL && strcmp(name, "TargetGroup") == 0 && side >= 0)
            own = service->target_group[side];
        if (own == NULL || (value != NULL && strcmp(own, value) != 0))
            return false;
    }
    return true;
}

static json_t *metric_json(const char *name, const struct world_service *service, int side)
{
    json_t *dimensions =
        json_pack("[{s:s, s:s}]", "Name", "LoadBalancer", "Value", service->load_balancer);

    if (side >= 0)
        json_array_append_new(dimensions, json_pack("{s:s, s:s}", "Name", "TargetGroup", "Value",
                                                    service->target_group[side]));
    return json_pack("{s:s, s:s, s:o}", "Namespace", CLOUDWATCH_ALB, "MetricName", name,
                     "Dimensions", dimensions);
}

static void list_metrics(struct aws_call *call)
{
    static const char *const known[] = {"Namespace", "MetricName",     "Dimensions",
                                        "NextToken", "RecentlyActive", NULL};
    const struct world *world = call->sim->world;
    const char *space = json_string_value(json_object_get(call->input, "Namespace"));
    const char *wanted = json_string_value(json_object_get(call->input, "MetricName"));
    const char *recent = json_string_value(json_object_get(call->input, "RecentlyActive"));
    size_t skip = 0;

    if (aws_refuse_unknown(call, call->input, known) || !cloudwatch_token_read(call, &skip))
        return;
    if (recent != NULL && strcmp(recent, "PT3H") != 0) {
        aws_fail(call, 400, "InvalidParameterValueException", "InvalidParameterValue",
                 "The value for parameter RecentlyActive is invalid.");
        return;
    }
    json_t *metrics = json_array(); /* a few dozen: one page of 500 always holds them */
    for (size_t s = 0; s < world->n_services; s++)
        for (int side = -1; side < 2; side++)
            for (size_t m = 0; m < CLOUDWATCH_METRICS_N; m++)
                if ((space == NULL || strcmp(space, CLOUDWATCH_ALB) == 0) &&
                    (wanted == NULL || strcmp(wanted, cloudwatch_metric_names[m]) == 0) &&
                    dimensions_pass(json_object_get(call->input, "Dimensions"),
                                    &world->services[s], side))
                    json_array_append_new(metrics, metric_json(cloudwatch_metric_names[m],
                                                               &world->services[s], side));
    aws_reply(call, json_pack("{s:o}", "Metrics", metrics));
}

/* ---- routing ---------------------------------------------------------------------------- */

static const struct operation {
    const char *name;
    int per_second;
    void (*handle)(struct aws_call *call);
} operations[] = {
    {"GetMetricData", 50, cloudwatch_get_metric_data},
    {"DescribeAlarms", 9, describe_alarms},
    {"ListMetrics", 25, list_metrics},
};

enum { OPERATIONS_N = sizeof operations / sizeof operations[0] };

struct cloudwatch {
    struct {
        int64_t second; /* real */
        int64_t used;
    } limits[OPERATIONS_N];
};

extern const struct sim_service sim_cloudwatch;

static bool within_limit(struct aws_call *call, size_t operation)
{
    struct cloudwatch *state = sim_state(call->sim, &sim_cloudwatch, sizeof *state, NULL);
    int64_t second = sim_real_ms() / 1000;

    if (second != state->limits[operation].second) {
        state->limits[operation].second = second;
        state->limits[operation].used = 0;
    }
    if ((double)++state->limits[operation].used <=
        operations[operation].per_second * sim_speed(call->sim))
        return true;
    aws_fail(call, 400, "ThrottlingException", "Throttling", "Rate exceeded");
    return false;
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct aws_call call = {.sim = sim, .rq = rq, .rp = rp, .dialect = &dialect};
    size_t i = 0;

    if (!aws_open(&call))
        return;
    while (i < OPERATIONS_N && strcmp(operations[i].name, call.operation) != 0)
        i++;
    if (i == OPERATIONS_N)
        aws_fail(&call, 404, "UnknownOperationException", NULL, "Unknown operation");
    else if (within_limit(&call, i))
        operations[i].handle(&call);
    aws_close(&call);
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "region", json_string(sim->creds->aws_region));
    json_object_set_new(endpoint, "profile", json_string(sim->creds->aws_profile));
    json_object_set_new(endpoint, "access_key_id", json_string(sim->creds->aws_access_key_id));
    json_object_set_new(endpoint, "secret_access_key",
                        json_string(sim->creds->aws_secret_access_key));
}

const struct sim_service sim_cloudwatch = {
    .name = "cloudwatch",
    .classify = aws_classify,
    .handle = handle,
    .describe = describe,
};
