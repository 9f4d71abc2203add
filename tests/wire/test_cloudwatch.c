/* test_cloudwatch.c: the exact requests to CloudWatch, and what its replies become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_cloudwatch;

#define ACCOUNT "id: aws-metrics\nkind: cloudwatch\nregion: eu-west-1\nprofile: release\n"

#define LB "  dimensions:\n    LoadBalancer: app/api/50dc\n"
#define ERRORS                                                                                     \
    "errors:\n  namespace: AWS/ApplicationELB\n  name: HTTPCode_Target_5XX_Count\n  stat: "        \
    "Sum\n" LB
#define TOTAL "total:\n  namespace: AWS/ApplicationELB\n  name: RequestCount\n  stat: Sum\n" LB
#define VALUE(unit)                                                                                \
    "value:\n  namespace: AWS/ApplicationELB\n  name: TargetResponseTime\n  stat: p95\n" unit LB

/* The parts of the expected body. */
#define DIMENSIONS "\"Dimensions\":[{\"Name\":\"LoadBalancer\",\"Value\":\"app/api/50dc\"}]"
#define QUERY(id, name, stat, period)                                                              \
    "{\"Id\":\"" id "\",\"MetricStat\":{\"Metric\":{\"Namespace\":\"AWS/ApplicationELB\","         \
    "\"MetricName\":\"" name "\"," DIMENSIONS "},\"Period\":" period ",\"Stat\":\"" stat "\"}}"
#define ERRORS_60(id) QUERY(id, "HTTPCode_Target_5XX_Count", "Sum", "60")
#define TOTAL_60(id)  QUERY(id, "RequestCount", "Sum", "60")
/* Now is 2026-01-20T09:02:30Z: the span ends at 09:01:00, the last settled minute's end. */
#define SPAN_3H   "\"StartTime\":1768888860,\"EndTime\":1768899660,\"ScanBy\":\"TimestampDescending\""
#define RATE_BODY "{\"MetricDataQueries\":[" ERRORS_60("q0") "," TOTAL_60("q1") "]," SPAN_3H "}"

#define TARGET_METRICS "GraniteServiceVersion20100801.GetMetricData"
#define TARGET_ALARMS  "GraniteServiceVersion20100801.DescribeAlarms"

static const int64_t now = INT64_C(1768899750000);
static const int64_t end = INT64_C(1768899660000);

static struct sw_target *add_health(struct sw_flow *flow, const char *options,
                                    enum sw_metric metric, int window_s)
{
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, options);
    target->metric = metric;
    target->windows_s[0] = window_s;
    target->window_count = 1;
    target->platform_id = "backend";
    return target;
}

static struct sw_flow *rate_flow(int window_s)
{
    struct sw_flow *flow = flow_new(&sw_source_cloudwatch, ACCOUNT);
    flow_set_now(flow, now);
    add_health(flow, ERRORS TOTAL, SW_METRIC_ERROR_RATE, window_s);
    return flow;
}

static struct flow_step metrics_step(const char *body, const char *reply)
{
    return (struct flow_step){.request = "POST /",
                              .aws_target = TARGET_METRICS,
                              .body = body,
                              .status = 200,
                              .reply = reply};
}

static enum sw_code run(struct sw_flow *flow, const struct flow_step *steps, size_t count,
                        struct sw_error *err)
{
    flow_script(flow, steps, count);
    enum sw_code code = flow_observe(flow, err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    return code;
}

static bool is_near(double a, double b)
{
    return a > b - 1e-9 && a < b + 1e-9;
}

/* -------------------------------------------------------------- error rates */

/* Values and Timestamps newest first, as by default; exponents and whole numbers. */
struct rate_case {
    const char *name;
    const char *errors, *total; /* the results' fields after Id */
    enum sw_code code;
    double percent, n; /* percent < 0: unknown */
    int64_t true_for_ms;
};

#define POINTS(times, values) "\"Timestamps\":[" times "],\"Values\":[" values "]"
#define DONE                  ",\"StatusCode\":\"Complete\""

static const struct rate_case rates[] = {
    {"errors beside requests", POINTS("1.7688996E9,1768899540", "2,1.0") DONE,
     POINTS("1.7688996E9,1768899540,1768899480,1768899420,1768899360,1768899300",
            "100,100,100,100,100,9999") DONE,
     SW_OK, 100.0 * 3 / 500, 500, INT64_C(1768899660000)},
    {"no errors with requests are 0 %", POINTS("", "") DONE, POINTS("1768899600", "40") DONE, SW_OK,
     0, 40, INT64_C(1768899660000)},
    {"no requests are unknown", POINTS("", "") DONE, POINTS("", "") DONE, SW_OK, -1, 0, end},
    {"errors without requests are unknown", POINTS("1768899600", "3") DONE, POINTS("", "") DONE,
     SW_OK, -1, 0, end},
    {"true until the last point", POINTS("", "") DONE, POINTS("1768899300,1768899000", "7,9") DONE,
     SW_OK, 0, 7, INT64_C(1768899360000)},
    {"NaN is no value", POINTS("1768899600", "\"NaN\"") DONE,
     POINTS("1768899600,1768899540", "\"NaN\",50") DONE, SW_OK, 0, 50, INT64_C(1768899600000)},
    {"forbidden errors are unknown", POINTS("", "") ",\"StatusCode\":\"Forbidden\"",
     POINTS("1768899600", "40") DONE, SW_E_DENIED, -1, 0, INT64_C(1768899660000)},
    {"partial requests are unknown", POINTS("", "") DONE,
     POINTS("1768899600", "40") ",\"StatusCode\":\"PartialData\"", SW_E_HTTP, -1, 0, end},
    {"a status never seen is not complete", POINTS("", "") ",\"StatusCode\":\"Sideways\"",
     POINTS("1768899600", "40") DONE, SW_E_HTTP, -1, 0, INT64_C(1768899660000)},
    {"two counters of different things stop at 100 %", POINTS("1768899600", "80") DONE,
     POINTS("1768899600", "40") DONE, SW_OK, 100, 40, INT64_C(1768899660000)},
};

static void test_error_rate(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(rates); i++) {
        const struct rate_case *c = &rates[i];
        struct sw_buf reply;
        struct sw_error err = {0};
        sw_buf_init(&reply, 10000);
        sw_buf_printf(&reply,
                      "{\"MetricDataResults\":[{\"Id\":\"q1\",%s},{\"Id\":\"q0\",%s},"
                      "{\"Id\":\"other\",\"Timestamps\":[],\"Values\":[]}],\"Messages\":[]}",
                      c->total, c->errors);
        const struct flow_step step = metrics_step(RATE_BODY, sw_buf_text(&reply));
        struct sw_flow *flow = rate_flow(300);
        enum sw_code code = run(flow, &step, 1, &err);
        const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 300);
        if (code != c->code || !r)
            fail_msg("%s: code %d, \"%s\"", c->name, code, err.text);
        else if (r->value.is_known != (c->percent >= 0) || r->n.is_known != (c->percent >= 0) ||
                 (r->value.is_known && !is_near(r->value.value, c->percent)) ||
                 !is_near(r->n.value, c->n) || r->true_for_ms != c->true_for_ms)
            fail_msg("%s: %f %d, n %f, true for %lld", c->name, r->value.value, r->value.is_known,
                     r->n.value, (long long)r->true_for_ms);
        sw_buf_clear(&reply);
        flow_free(flow);
    }
}

static void test_origin_and_series(void **state)
{
    (void)state;
    const struct flow_step step = metrics_step(
        RATE_BODY, "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("1768899600", "2") DONE
        "},"
        "{\"Id\":\"q1\"," POINTS("1768899600,1768888860", "100,50") DONE "}]}");
    struct sw_flow *flow = rate_flow(300);
    struct sw_error err = {0};
    assert_int_equal(run(flow, &step, 1, &err), SW_OK);
    assert_string_equal(flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 300)->origin,
                        "Sum HTTPCode_Target_5XX_Count of RequestCount, 2026-01-20T08:56:00Z to "
                        "2026-01-20T09:01:00Z, AWS/ApplicationELB");
    assert_int_equal(flow_reports(flow)->series_count, 1);
    const struct sw_series *series = &flow_reports(flow)->series[0].series;
    assert_int_equal(series->count, 180);
    assert_int_equal(series->bucket_s, 60);
    assert_true(series->buckets[0].start_ms == end - 10800000 && series->buckets[0].n == 50);
    assert_true(series->buckets[179].n == 100 && series->buckets[179].bad == 2);
    assert_true(series->buckets[178].n == 0);
    flow_free(flow);
}

static void test_pages_are_appended(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        metrics_step(
            RATE_BODY, "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("", "") DONE
            "},{\"Id\":\"q1\"," POINTS(
                "1768899600", "40") ",\"StatusCode\":\"PartialData\"}],\"NextToken\":\"t1\"}"),
        metrics_step("{\"MetricDataQueries\":[" ERRORS_60("q0") "," TOTAL_60(
                         "q1") "]," SPAN_3H ",\"NextToken\":\"t1\"}",
                     "{\"MetricDataResults\":[{\"Id\":\"q1\"," POINTS("1768899540", "10") DONE
                     "}],\"NextToken\":\"\"}"),
    };
    struct sw_flow *flow = rate_flow(300);
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 2, &err), SW_OK);
    const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 300);
    assert_true(r->n.value == 50 && r->value.is_known);
    flow_free(flow);
}

static void test_pages_that_turn_in_circles_end(void **state)
{
    (void)state;
#define PAGE "{\"MetricDataResults\":[],\"NextToken\":\"again\"}"
#define MORE                                                                                       \
    "{\"MetricDataQueries\":[" ERRORS_60("q0") "," TOTAL_60("q1") "]," SPAN_3H                     \
                                                                  ",\"NextToken\":\"again\"}"
    const struct flow_step steps[] = {metrics_step(RATE_BODY, PAGE), metrics_step(MORE, PAGE)};
    struct sw_flow *flow = rate_flow(300);
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 2, &err), SW_E_LIMIT);
    assert_non_null(strstr(err.text, "the pages do not end"));
    assert_int_equal(flow_reports(flow)->reading_count, 0);
    flow_free(flow);
}

static void test_a_long_window_is_its_own_period(void **state)
{
    (void)state;
#define DAY_QUERIES                                                                                \
    QUERY("q2", "HTTPCode_Target_5XX_Count", "Sum", "86400")                                       \
    "," QUERY("q3", "RequestCount", "Sum", "86400")
    const struct flow_step steps[] = {
        metrics_step(RATE_BODY, "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("", "") DONE
                     "},{\"Id\":\"q1\"," POINTS("1768899600", "40") DONE "}]}"),
        metrics_step("{\"MetricDataQueries\":[" DAY_QUERIES
                     "],\"StartTime\":1768726860,\"EndTime\":1768899660,"
                     "\"ScanBy\":\"TimestampDescending\"}",
                     "{\"MetricDataResults\":[{\"Id\":\"q2\"," POINTS("1768813260", "5") DONE
                     "},{\"Id\":\"q3\"," POINTS("1768813260,1768726860", "1000,7") DONE "}]}"),
    };
    struct sw_flow *flow = rate_flow(86400);
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 2, &err), SW_OK);
    const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 86400);
    assert_true(r->value.is_known && is_near(r->value.value, 0.5) && r->n.value == 1000);
    assert_true(r->true_for_ms == end);
    /* Not due again a minute later: the one-minute points only. */
    flow_set_now(flow, now + 1000);
    assert_int_equal(run(flow, steps, 1, &err), SW_OK);
    flow_free(flow);
}

/* ------------------------------------------------------------------ latency */

#define P95_BODY                                                                                   \
    "{\"MetricDataQueries\":[" QUERY("q0", "TargetResponseTime", "p95", "300") "," QUERY(          \
        "q1", "RequestCount", "Sum", "300") "]," SPAN_3H "}"

static void test_latency_is_in_ms(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        double ms;
    } cases[] = {{VALUE("  unit: s\n") TOTAL, 412}, {VALUE("  unit: ms\n") TOTAL, 0.412}};
    /* Aligned to the clock, not to StartTime: 09:00 to 09:05 is not over, 08:55 to 09:00 is. */
    const struct flow_step step = metrics_step(
        P95_BODY,
        "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("1768899600,1768899300", "9.9,0.412") DONE
        "},"
        "{\"Id\":\"q1\"," POINTS("1768899600,1768899300", "5,777") DONE "}]}");
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_flow *flow = flow_new(&sw_source_cloudwatch, ACCOUNT);
        struct sw_error err = {0};
        flow_set_now(flow, now);
        add_health(flow, cases[i].options, SW_METRIC_LATENCY_P95, 300);
        assert_int_equal(run(flow, &step, 1, &err), SW_OK);
        const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_LATENCY_P95, SW_SIDE_NEW, 300);
        assert_true(r->value.is_known && is_near(r->value.value, cases[i].ms));
        assert_true(r->n.value == 777 && !r->bad.is_known);
        assert_true(r->true_for_ms == INT64_C(1768899600000));
        flow_free(flow);
    }
}

static void test_bindings_that_lack_a_part(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        enum sw_metric metric;
        const char *text;
    } cases[] = {
        {ERRORS, SW_METRIC_ERROR_RATE, "error_rate needs errors and total"},
        {TOTAL, SW_METRIC_ERROR_RATE, "error_rate needs errors and total"},
        {TOTAL, SW_METRIC_LATENCY_P95, "latency_p95 needs value"},
        {VALUE(""), SW_METRIC_LATENCY_P95, "unit: s or ms"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_flow *flow = flow_new(&sw_source_cloudwatch, ACCOUNT);
        struct sw_error err = {0};
        add_health(flow, cases[i].options, cases[i].metric, 300);
        assert_int_equal(run(flow, NULL, 0, &err), SW_E_CONFIG);
        assert_non_null(strstr(err.text, cases[i].text));
        flow_free(flow);
    }
}

/* Two platforms behind one load balancer: what they share is asked for once. */
static void test_shared_metrics_are_asked_once(void **state)
{
    (void)state;
    const struct flow_step step =
        metrics_step(RATE_BODY, "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("", "") DONE
                     "},{\"Id\":\"q1\"," POINTS("1768899600", "40") DONE "}]}");
    struct sw_flow *flow = rate_flow(300);
    struct sw_error err = {0};
    add_health(flow, ERRORS TOTAL, SW_METRIC_ERROR_RATE, 60);
    assert_int_equal(run(flow, &step, 1, &err), SW_OK);
    assert_true(flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 300)->n.value == 40);
    assert_true(flow_reading(flow, 1, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 60)->n.value == 40);
    flow_free(flow);
}

/* ------------------------------------------------------------------- alarms */

#define ALARMS_BODY                                                                                \
    "{\"AlarmNames\":[\"api-5xx-rate\",\"api-all\",\"gone\"],\"AlarmTypes\":[\"MetricAlarm\","     \
    "\"CompositeAlarm\",\"LogAlarm\"],\"MaxRecords\":100}"

static void test_alarms(void **state)
{
    (void)state;
    const struct flow_step step = {
        .request = "POST /",
        .aws_target = TARGET_ALARMS,
        .body = ALARMS_BODY,
        .status = 200,
        .reply =
            "{\"MetricAlarms\":[{\"AlarmName\":\"api-5xx-rate\",\"ActionsEnabled\":false,"
            "\"StateValue\":\"ALARM\",\"StateReason\":\"Threshold\\nCrossed\","
            "\"StateUpdatedTimestamp\":1.76889966E9,\"StateTransitionedTimestamp\":1768899000},"
            "{\"AlarmName\":7},{\"AlarmName\":\"unasked\",\"StateValue\":\"ALARM\"}],"
            "\"CompositeAlarms\":[{\"AlarmName\":\"api-all\",\"StateValue\":"
            "\"INSUFFICIENT_DATA\",\"EvaluationState\":\"EVALUATION_ERROR\"}]}"};
    struct sw_flow *flow = flow_new(&sw_source_cloudwatch, ACCOUNT);
    struct sw_error err = {0};
    flow_set_now(flow, now);
    flow_add_target(flow, SW_ROLE_ALARMS, "names:\n  - api-5xx-rate\n  - api-all\n  - gone\n");
    flow_add_target(flow, SW_ROLE_ALARMS, "names:\n  - api-all\n");
    assert_int_equal(run(flow, &step, 1, &err), SW_OK);
    assert_int_equal(flow_reports(flow)->alarms_count, 2);
    const struct flow_alarms *alarms = &flow_reports(flow)->alarms[0];
    assert_int_equal(alarms->count, 3);
    assert_string_equal(alarms->items[0].name, "api-5xx-rate");
    assert_string_equal(alarms->items[0].state, "ALARM");
    assert_true(alarms->items[0].is_firing);
    assert_string_equal(alarms->items[0].reason,
                        "pages nobody (actions disabled); Threshold Crossed");
    assert_true(alarms->items[0].since_ms == INT64_C(1768899000000));
    assert_false(alarms->items[1].is_firing);
    assert_string_equal(alarms->items[1].state, "INSUFFICIENT_DATA");
    assert_string_equal(alarms->items[1].reason, "EVALUATION_ERROR");
    assert_string_equal(alarms->items[2].name, "gone");
    assert_string_equal(alarms->items[2].state, "not found");
    assert_false(alarms->items[2].is_firing);
    assert_int_equal(flow_reports(flow)->alarms[1].count, 1);
    flow_free(flow);
}

/* Names that are the same as far as a screen shows them are still two alarms. */
static void test_alarms_with_long_names_are_told_apart(void **state)
{
    (void)state;
#define LONG                                                                                       \
    "team-checkout/service-orders/production/eu-central-1/availability-zone-a/load-balancer/"      \
    "target-group-green/5xx-rate-above-one-percent-for-"
    const struct flow_step step = {
        .request = "POST /",
        .aws_target = TARGET_ALARMS,
        .body = "{\"AlarmNames\":[\"" LONG "1m\",\"" LONG "9m\"],\"AlarmTypes\":[\"MetricAlarm\","
                "\"CompositeAlarm\",\"LogAlarm\"],\"MaxRecords\":100}",
        .status = 200,
        .reply = "{\"MetricAlarms\":[{\"AlarmName\":\"" LONG "1m\",\"StateValue\":\"OK\"},"
                 "{\"AlarmName\":\"" LONG "9m\",\"StateValue\":\"ALARM\"}]}"};
    struct sw_flow *flow = flow_new(&sw_source_cloudwatch, ACCOUNT);
    struct sw_error err = {0};
    flow_set_now(flow, now);
    flow_add_target(flow, SW_ROLE_ALARMS, "names:\n  - " LONG "1m\n  - " LONG "9m\n");
    assert_int_equal(run(flow, &step, 1, &err), SW_OK);
    const struct flow_alarms *alarms = &flow_reports(flow)->alarms[0];
    assert_int_equal(alarms->count, 2);
    assert_string_equal(alarms->items[0].state, "OK");
    assert_string_equal(alarms->items[1].state, "ALARM");
    assert_true(alarms->items[1].is_firing);
    flow_free(flow);
}

static void test_alarms_come_although_metrics_fail(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = "POST /",
         .aws_target = TARGET_METRICS,
         .body = RATE_BODY,
         .status = 400,
         .reply = "{\"__type\":\"com.amazonaws#AccessDeniedException\",\"message\":\"no\"}"},
        {.request = "POST /",
         .aws_target = TARGET_ALARMS,
         .body = "{\"AlarmNames\":[\"a\"],\"AlarmTypes\":[\"MetricAlarm\",\"CompositeAlarm\","
                 "\"LogAlarm\"],\"MaxRecords\":100}",
         .status = 200,
         .reply = "{\"MetricAlarms\":[{\"AlarmName\":\"a\",\"StateValue\":\"OK\"}]}"},
    };
    struct sw_flow *flow = rate_flow(300);
    struct sw_error err = {0};
    flow_add_target(flow, SW_ROLE_ALARMS, "names:\n  - a\n");
    assert_int_equal(run(flow, steps, 2, &err), SW_E_DENIED);
    assert_non_null(strstr(err.text, "the credential needs cloudwatch:GetMetricData"));
    assert_int_equal(flow_reports(flow)->reading_count, 0);
    assert_int_equal(flow_reports(flow)->alarms_count, 1);
    flow_free(flow);
}

struct failure {
    const char *name;
    int status;
    const char *reply;
    enum sw_code code;
};

static void test_failures(void **state)
{
    (void)state;
    static const struct failure failures[] = {
        {"throttled", 400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
         SW_E_QUOTA},
        {"server error", 500, "", SW_E_HTTP},
        {"not JSON", 200, "<html>", SW_E_PARSE},
        {"no results", 200, "{}", SW_E_PARSE},
        {"not as many values as times", 200,
         "{\"MetricDataResults\":[{\"Id\":\"q0\"," POINTS("1,2", "1") DONE "}]}", SW_E_PARSE},
        {"missing in the answer", 200,
         "{\"MetricDataResults\":[],\"Messages\":[{\"Code\":\"x\",\"Value\":\"too many\"}]}",
         SW_E_HTTP},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(failures); i++) {
        struct flow_step step = metrics_step(RATE_BODY, failures[i].reply);
        struct sw_flow *flow = rate_flow(300);
        struct sw_error err = {0};
        step.status = failures[i].status;
        enum sw_code code = run(flow, &step, 1, &err);
        if (code != failures[i].code || err.code != code)
            fail_msg("%s: %d \"%s\"", failures[i].name, code, err.text);
        const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_ERROR_RATE, SW_SIDE_NEW, 300);
        if (r && r->value.is_known)
            fail_msg("%s: a value", failures[i].name);
        flow_free(flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_rate),
        cmocka_unit_test(test_origin_and_series),
        cmocka_unit_test(test_pages_are_appended),
        cmocka_unit_test(test_pages_that_turn_in_circles_end),
        cmocka_unit_test(test_a_long_window_is_its_own_period),
        cmocka_unit_test(test_latency_is_in_ms),
        cmocka_unit_test(test_bindings_that_lack_a_part),
        cmocka_unit_test(test_shared_metrics_are_asked_once),
        cmocka_unit_test(test_alarms),
        cmocka_unit_test(test_alarms_with_long_names_are_told_apart),
        cmocka_unit_test(test_alarms_come_although_metrics_fail),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
