/* test_play_vitals.c: the exact requests to the Play Developer Reporting API, and what its replies
 * become. Each trap that the API's reference knows has a test that names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "sources/play_vitals.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_play_vitals;

#define ACCOUNT "id: vitals\nkind: play_vitals\nkey_env: K\n"
#define BINDING "package: com.acme.app\n"
#define APP     "/v1beta1/apps/com.acme.app/"

#define GET_CRASH  "GET " APP "crashRateMetricSet"
#define ASK_CRASH  "POST " APP "crashRateMetricSet:query"
#define GET_ANR    "GET " APP "anrRateMetricSet"
#define ASK_ANR    "POST " APP "anrRateMetricSet:query"
#define GET_START  "GET " APP "slowStartRateMetricSet"
#define ASK_START  "POST " APP "slowStartRateMetricSet:query"
#define GET_COUNTS "GET " APP "errorCountMetricSet"
#define ASK_COUNTS "POST " APP "errorCountMetricSet:query"

/* The clock stands at 2026-11-29T16:40:00Z, which is 08:40 in Los Angeles. */
static const int64_t now = INT64_C(1795970400000);
#define ISSUES_OF(code)                                                                            \
    "GET " APP "errorIssues:search?interval.startTime.year=2026&interval.startTime.month=11&"      \
    "interval.startTime.day=28&interval.startTime.hours=16&interval.startTime.timeZone.id=UTC&"    \
    "interval.endTime.year=2026&interval.endTime.month=11&interval.endTime.day=29&"                \
    "interval.endTime.hours=16&interval.endTime.timeZone.id=UTC&filter=versionCode%20%3D%20" code  \
    "&orderBy=errorReportCount%20desc&pageSize=10"
#define ISSUES ISSUES_OF("41200")

#define UTC_TIME(day, hour)                                                                        \
    "{\"year\":2026,\"month\":11,\"day\":" day ",\"hours\":" hour ",\"timeZone\":{\"id\":\"UTC\"}" \
    "}"
#define DAY_TIME(day)                                                                              \
    "{\"year\":2026,\"month\":11,\"day\":" day ",\"timeZone\":{\"id\":\"America/Los_Angeles\"}}"
#define HOUR_SPEC                                                                                  \
    "\"timelineSpec\":{\"aggregationPeriod\":\"HOURLY\",\"startTime\":" UTC_TIME(                  \
        "29", "13") ",\"endTime\":" UTC_TIME("29", "14") "}"
#define DAY_SPEC                                                                                   \
    "\"timelineSpec\":{\"aggregationPeriod\":\"DAILY\",\"startTime\":" DAY_TIME(                   \
        "27") ",\"endTime\":" DAY_TIME("28") "}"
#define CRASH_METRICS "\"metrics\":[\"crashRate\",\"userPerceivedCrashRate\",\"distinctUsers\"]"
#define REST          "\"pageSize\":1000,\"userCohort\":\"OS_PUBLIC\""

#define CRASH_HOUR "{" HOUR_SPEC ",\"dimensions\":[\"versionCode\"]," CRASH_METRICS "," REST "}"
#define CRASH_DAY  "{" DAY_SPEC ",\"dimensions\":[\"versionCode\"]," CRASH_METRICS "," REST "}"
#define ANR_DAY                                                                                    \
    "{" DAY_SPEC                                                                                   \
    ",\"dimensions\":[\"versionCode\"],\"metrics\":[\"anrRate\",\"distinctUsers\"]," REST "}"
#define START_DAY                                                                                  \
    "{" DAY_SPEC ",\"dimensions\":[\"versionCode\",\"startType\"],\"metrics\":"                    \
    "[\"slowStartRate\",\"distinctUsers\"]," REST "}"
#define COUNTS(spec)                                                                               \
    "{" spec ",\"dimensions\":[\"versionCode\",\"reportType\"],\"metrics\":"                       \
    "[\"errorReportCount\",\"distinctUsers\"],\"pageSize\":1000}"

#define FRESH(hour, day)                                                                           \
    "{\"name\":\"apps/com.acme.app/x\",\"freshnessInfo\":{\"freshnesses\":["                       \
    "{\"aggregationPeriod\":\"DAILY\",\"latestEndTime\":" day "},"                                 \
    "{\"aggregationPeriod\":\"HOURLY\",\"latestEndTime\":" hour "},"                               \
    "{\"aggregationPeriod\":\"FULL_RANGE\",\"latestEndTime\":{\"year\":2026}}]}}"
#define FRESH_NOW FRESH(UTC_TIME("29", "14"), DAY_TIME("28"))
#define NO_COUNTS                                                                                  \
    {                                                                                              \
        .request = GET_COUNTS, .status = 200, .reply = "{}"                                        \
    }

#define METRIC(name, value) "{\"metric\":\"" name "\",\"decimalValue\":{\"value\":\"" value "\"}}"
#define VERSION(code)       "{\"dimension\":\"versionCode\",\"int64Value\":\"" code "\"}"
#define CRASH_ROW(start, code, rate, perceived, users)                                             \
    "{\"aggregationPeriod\":\"HOURLY\",\"startTime\":" start                                       \
    ",\"dimensions\":[" VERSION(code) "],\"metrics\":[" METRIC("crashRate", rate) "," METRIC(      \
        "userPerceivedCrashRate", perceived) "," METRIC("distinctUsers", users) "]}"
#define HOUR_ROW(code, rate, perceived, users)                                                     \
    CRASH_ROW(UTC_TIME("29", "13"), code, rate, perceived, users)

static const struct sw_rollout versions = {.state = SW_STATE_ROLLING,
                                           .version = "4.12.0",
                                           .build = "41200",
                                           .previous_version = "4.11.2",
                                           .previous_build = "41102"};

/* --------------------------------------------------------------------- fixtures */

static struct sw_target *add(struct sw_flow *flow, enum sw_metric metric, int window_s,
                             const char *binding)
{
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, binding);
    target->platform = 0;
    target->metric = metric;
    target->windows_s[0] = window_s;
    target->window_count = 1;
    target->rollout = &versions;
    return target;
}

static struct sw_flow *new_flow(enum sw_metric metric, int window_s, const char *binding)
{
    struct sw_flow *flow = flow_new(&sw_source_play_vitals, ACCOUNT);
    flow_set_now(flow, now);
    add(flow, metric, window_s, binding);
    return flow;
}

static void expect(struct sw_flow *flow, enum sw_code want, const char *text)
{
    struct sw_error err = {0};
    enum sw_code code = flow_observe(flow, &err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    if (code != want || !strstr(err.text, text))
        fail_msg("code %d: %s", code, err.text);
}

/* Runs the steps; the caller frees the flow. */
static struct sw_flow *run(enum sw_metric metric, int window_s, const char *binding,
                           const struct flow_step *steps, size_t count)
{
    struct sw_flow *flow = new_flow(metric, window_s, binding);
    flow_script(flow, steps, count);
    expect(flow, SW_OK, "");
    return flow;
}

static void expect_rate(const struct sw_flow *flow, enum sw_metric metric, enum sw_side side,
                        int window_s, double value, double n)
{
    const struct sw_reading *r = flow_reading(flow, 0, metric, side, window_s);
    assert_non_null(r);
    if (!r->value.is_known || !r->n.is_known || fabs(r->value.value - value) > 1e-9 ||
        r->n.value != n)
        fail_msg("%s: %.12g (%d) of %.12g, wanted %.12g of %g", sw_metric_name(metric),
                 r->value.value, r->value.is_known, r->n.value, value, n);
    assert_false(r->bad.is_known); /* Play gives no count of the bad */
}

static const struct sw_reading *expect_no_value(const struct sw_flow *flow, enum sw_metric metric,
                                                int window_s)
{
    const struct sw_reading *r = flow_reading(flow, 0, metric, SW_SIDE_NEW, window_s);
    assert_non_null(r);
    assert_false(r->value.is_known);
    return r;
}

/* ------------------------------------------------------------- the ordinary flow */

static void test_the_newest_hour_of_both_versions(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.0123", "0.0098", "15000") "," HOUR_ROW(
             "41102", "0.005", "0.004", "310000") "," HOUR_ROW("7", "0.5", "0.5", "50") "]}"},
        NO_COUNTS,
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    add(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_OK, "");
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 98.77, 15000);
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_OLD, 3600, 99.5, 310000);
    const struct sw_reading *r =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600);
    assert_string_equal(r->period, "hour to 14:00 UTC");
    assert_string_equal(r->origin, "100% - crashRate, version code 41200, OS_PUBLIC, users rounded "
                                   "by Play");
    assert_int_equal(r->true_for_ms, now - 160 * SW_MINUTE_MS); /* 14:00Z */
    assert_int_equal(r->observed_at_ms, now);
    assert_int_equal(r->stale_after_s, 0);
    r = flow_reading(flow, 1, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 3600);
    assert_non_null(r);
    assert_true(fabs(r->value.value - 0.98) < 1e-9);
    assert_int_equal(flow_reports(flow)->series_count,
                     0); /* hours of distinct users are no counts */
    flow_free(flow);
}

static void test_counts_and_issues_stand_beside(void **state)
{
    (void)state;
#define COUNT_ROW(type, reports, users)                                                            \
    "{\"aggregationPeriod\":\"HOURLY\",\"startTime\":" UTC_TIME(                                   \
        "29", "13") ",\"dimensions\":[" VERSION("41200") ",{\"dimension\":\"reportType\","         \
                                                         "\"stringValue\":\"" type                 \
                                                         "\",\"valueLabel\":\"A "                  \
                                                         "label\"}],\"metrics\":[" METRIC(         \
                                                             "errorReportCount",                   \
                                                             reports) "," METRIC("distinctUsers",  \
                                                                                 users) "]}"
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.0123", "0.0098", "15000") "]}"},
        {.request = GET_COUNTS, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_COUNTS,
         .body = COUNTS(HOUR_SPEC),
         .status = 200,
         .reply = "{\"rows\":[" COUNT_ROW("CRASH", "210", "183") "," COUNT_ROW(
             "APPLICATION_NOT_RESPONDING", "9", "8") "]}"},
        {.request = ISSUES,
         .status = 200,
         .reply = "{\"errorIssues\":[{\"name\":\"apps/com.acme.app/a1b2\",\"type\":\"CRASH\","
                  "\"cause\":\"java.lang.NullPointerException\",\"location\":\"WorkoutTimer.tick\","
                  "\"errorReportCount\":\"140\",\"distinctUsers\":\"120\"},"
                  "{\"name\":\"apps/com.acme.app/c3\",\"type\":\"APPLICATION_NOT_RESPONDING\","
                  "\"cause\":\"Input dispatching timed out\",\"errorReportCount\":9},7,"
                  "{\"errorReportCount\":\"-3\",\"distinctUsers\":\"many\"}],"
                  "\"nextPageToken\":\"x\"}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    const struct sw_reading *r =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600);
    assert_string_equal(r->origin, "100% - crashRate, version code 41200, OS_PUBLIC, users rounded "
                                   "by Play; 210 crash reports of about 183 users; 9 ANR reports");
    const struct flow_reports *reports = flow_reports(flow);
    assert_int_equal(reports->issues_count, 1);
    assert_int_equal(reports->issues[0].count, 3);
    const struct sw_issue_seen *issue = reports->issues[0].items;
    assert_string_equal(issue[0].title, "java.lang.NullPointerException");
    assert_string_equal(issue[0].culprit, "WorkoutTimer.tick");
    assert_string_equal(issue[0].id, "a1b2");
    assert_int_equal(issue[0].events, 140);
    assert_int_equal(issue[0].users, 120);
    assert_string_equal(issue[1].title, "ANR: Input dispatching timed out");
    assert_int_equal(issue[1].events, 9);
    assert_int_equal(issue[1].users, -1);
    assert_int_equal(issue[2].events, -1);
    flow_free(flow);
}

/* One query for all platforms of a package and both versions; issues for each platform, then not
 * again for a quarter of an hour. */
static void test_one_package_is_one_question(void **state)
{
    (void)state;
    static const struct sw_rollout wear = {.build = "41204", .previous_build = "41104"};
    const struct flow_step first[] = {
        {.request = GET_ANR, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_ANR, .body = ANR_DAY, .status = 200, .reply = "{}"},
        {.request = ISSUES, .status = 200, .reply = "{}"},
        {.request = ISSUES_OF("41204"), .status = 200, .reply = "{}"},
    };
    const struct flow_step again[] = {
        {.request = GET_ANR, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_ANR, .body = ANR_DAY, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow = new_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    struct sw_target *other = add(flow, SW_METRIC_ANR_RATE, 86400, BINDING);
    other->platform = 1;
    other->platform_id = "wear";
    other->rollout = &wear;
    flow_script(flow, first, SW_ARRAY_LEN(first));
    expect(flow, SW_OK, "");
    assert_int_equal(flow_reports(flow)->reading_count, 4);
    flow_set_now(flow, now + 60000);
    flow_script(flow, again, SW_ARRAY_LEN(again));
    expect(flow, SW_OK, "");
    flow_free(flow);
}

/* ------------------------------------------------------------------------- traps */

static void test_trap_a_missing_row_is_no_data_and_never_100_percent(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41102", "0.005", "0.004", "310000") "]}"},
        NO_COUNTS,
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    const struct sw_reading *r = expect_no_value(flow, SW_METRIC_CRASH_FREE_USERS, 3600);
    assert_false(r->n.is_known);
    assert_non_null(strstr(r->origin, "Play gives no row, too few users"));
    assert_string_equal(r->period, "hour to 14:00 UTC");
    flow_free(flow);
}

static void test_trap_an_empty_reply_is_no_data(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH, .body = CRASH_HOUR, .status = 200, .reply = "{}"},
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_no_value(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600);
    flow_free(flow);
}

static void test_trap_an_empty_decimal_is_zero_an_absent_one_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *metric; /* the whole JSON of crashRate */
        bool is_known;
        double want;
    } rows[] = {
        {"{\"metric\":\"crashRate\",\"decimalValue\":{\"value\":\"\"}}", true, 100},
        {"{\"metric\":\"crashRate\",\"decimalValue\":{}}", true, 100},
        {"{\"metric\":\"crashRate\"}", false, 0},
        {"{\"metric\":\"other\",\"decimalValue\":{\"value\":\"0.5\"}}", false, 0},
        {"{\"metric\":\"crashRate\",\"decimalValue\":{\"value\":\"5E-1\"}}", true, 50},
        {"{\"metric\":\"crashRate\",\"decimalValue\":{\"value\":\"1e-2\"},"
         "\"decimalValueConfidenceInterval\":{\"lowerBound\":{\"value\":\"0\"}}}",
         true, 99},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char reply[1200];
        sw_format(reply, sizeof reply,
                  "{\"rows\":[{\"startTime\":" UTC_TIME("29", "13") ",\"dimensions\":[" VERSION(
                      "41200") "],\"metrics\":[%s]}]}",
                  rows[i].metric);
        const struct flow_step steps[] = {
            {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
            {.request = ASK_CRASH, .body = CRASH_HOUR, .status = 200, .reply = reply},
            NO_COUNTS,
            {.request = ISSUES, .status = 200, .reply = "{}"},
        };
        struct sw_flow *flow =
            run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
        const struct sw_reading *r =
            flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600);
        if (r->value.is_known != rows[i].is_known || fabs(r->value.value - rows[i].want) > 1e-9)
            fail_msg("%s: %g (%d)", rows[i].metric, r->value.value, r->value.is_known);
        assert_false(r->n.is_known);
        flow_free(flow);
    }
}

static void test_trap_the_unit_is_a_setting_and_a_fraction_above_1_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *binding, *rate, *error; /* error NULL: want */
        double want;
    } rows[] = {
        {BINDING, "1", NULL, 100},
        {BINDING, "1.23",
         "userPerceivedCrashRate of version code 41200 is 1.23, which is no "
         "fraction: if Play sends percentages, set unit: percent",
         0},
        {BINDING "unit: percent\n", "1.23", NULL, 1.23},
        {BINDING "unit: percent\n", "0.0123", NULL, 0.0123},
        {BINDING "unit: percent\n", "100.1", "is 100.1, which is no percentage", 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char reply[1200];
        sw_format(reply, sizeof reply, "{\"rows\":[" HOUR_ROW("41200", "0.5", "%s", "900") "]}",
                  rows[i].rate);
        const struct flow_step steps[] = {
            {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
            {.request = ASK_CRASH, .body = CRASH_HOUR, .status = 200, .reply = reply},
            {.request = ISSUES, .status = 200, .reply = "{}"},
        };
        struct sw_flow *flow = new_flow(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, rows[i].binding);
        flow_script(flow, steps, rows[i].error != NULL ? 2 : 3);
        expect(flow, rows[i].error != NULL ? SW_E_CONFIG : SW_OK,
               rows[i].error != NULL ? rows[i].error : "");
        if (rows[i].error == NULL)
            expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 3600, rows[i].want,
                        900);
        flow_free(flow);
    }
}

static void test_trap_a_day_is_a_pacific_day(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_ANR, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_ANR,
         .body = ANR_DAY,
         .status = 200,
         .reply =
             "{\"rows\":[{\"aggregationPeriod\":\"DAILY\","
             "\"startTime\":" DAY_TIME("27") ",\"dimensions\":[" VERSION(
                 "41200") "],\"metrics\":[" METRIC("anrRate", "0.0031") "," METRIC("disti"
                                                                                   "nctUs"
                                                                                   "ers",
                                                                                   "4200"
                                                                                   "0") "]}]}"},
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow = run(SW_METRIC_ANR_RATE, 86400, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_rate(flow, SW_METRIC_ANR_RATE, SW_SIDE_NEW, 86400, 0.31, 42000);
    const struct sw_reading *r = flow_reading(flow, 0, SW_METRIC_ANR_RATE, SW_SIDE_NEW, 86400);
    char text[SW_TIME_TEXT];
    assert_string_equal(r->period, "Pacific day Fri 27 Nov");
    assert_string_equal(sw_time_format(r->true_for_ms, text), "2026-11-28T08:00:00Z");
    assert_int_equal(r->stale_after_s, 84 * 3600);
    flow_free(flow);
}

static void test_trap_slow_starts_need_a_start_type_and_know_no_hours(void **state)
{
    (void)state;
#define START_ROW(type, rate)                                                                      \
    "{\"startTime\":" DAY_TIME("27") ",\"dimensions\":[" VERSION(                                  \
        "41200") ",{\"dimension\":\"startType\",\"stringValue\":\"" type                           \
                 "\"}],\"metrics\":[" METRIC("slowStartRate", rate) "," METRIC("distinctUsers",    \
                                                                               "9000") "]}"
    const struct flow_step steps[] = {
        {.request = GET_START, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_START,
         .body = START_DAY,
         .status = 200,
         .reply = "{\"rows\":[" START_ROW("HOT", "0.001") "," START_ROW(
             "COLD", "0.05") "," START_ROW("WARM", "0.02") "]}"},
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    static const struct {
        const char *binding;
        double want;
    } rows[] = {
        {BINDING, 5}, {BINDING "start_type: WARM\n", 2}, {BINDING "start_type: HOT\n", 0.1}};
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        struct sw_flow *flow = new_flow(SW_METRIC_SLOW_START_RATE, 3600, rows[i].binding);
        struct sw_target *target = (struct sw_target *)(uintptr_t)sw_flow_target(flow, 0);
        target->windows_s[1] = 86400;
        target->window_count = 2;
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        expect(flow, SW_OK, "");
        expect_rate(flow, SW_METRIC_SLOW_START_RATE, SW_SIDE_NEW, 86400, rows[i].want, 9000);
        assert_null(flow_reading(flow, 0, SW_METRIC_SLOW_START_RATE, SW_SIDE_NEW, 3600));
        flow_free(flow);
    }
}

static void test_trap_rows_of_one_version_are_not_averaged(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.01", "0.01", "100") "," HOUR_ROW(
             "41200", "0.03", "0.03", "90000") "]}"},
    };
    struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_E_PARSE, "crash rates, rows[1]: a second row of version code 41200");
    assert_int_equal(flow_reports(flow)->reading_count, 0);
    flow_free(flow);
}

/* An hour more than asked for, or a day among the hours: neither is the newest hour. */
static void test_trap_rows_of_other_periods_are_left_alone(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" CRASH_ROW(
             UTC_TIME("29", "12"), "41200", "0.9", "0.9",
             "10") ","
                   "{\"aggregationPeriod\":\"DAILY\",\"startTime\":" DAY_TIME("27") "}," HOUR_ROW(
                       "41200", "0.01", "0.01", "100") "]}"},
        NO_COUNTS,
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
    flow_free(flow);
}

static void test_trap_a_version_on_the_second_page(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply =
             "{\"rows\":[" HOUR_ROW("1", "0.01", "0.01", "100") "],\"nextPageToken\":\"t/2\"}"},
        {.request = ASK_CRASH,
         .body = "{" HOUR_SPEC ",\"dimensions\":[\"versionCode\"]," CRASH_METRICS "," REST
                 ",\"pageToken\":\"t/2\"}",
         .status = 200,
         .reply =
             "{\"rows\":[" HOUR_ROW("41200", "0.02", "0.01", "100") "],\"nextPageToken\":\"\"}"},
        NO_COUNTS,
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 98, 100);
    flow_free(flow);
}

static void test_trap_pages_that_never_end(void **state)
{
    (void)state;
    struct flow_step steps[11] = {{.request = GET_CRASH, .status = 200, .reply = FRESH_NOW}};
    for (size_t i = 1; i < SW_ARRAY_LEN(steps); i++)
        steps[i] = (struct flow_step){
            .request = ASK_CRASH,
            .body = i == 1 ? CRASH_HOUR
                           : "{" HOUR_SPEC ",\"dimensions\":[\"versionCode\"]," CRASH_METRICS
                             "," REST ",\"pageToken\":\"again\"}",
            .status = 200,
            .reply = "{\"nextPageToken\":\"again\"}"};
    struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_E_LIMIT, "crash rates: more than 10 pages of 1000 rows");
    flow_free(flow);
}

/* The query ends exactly at latestEndTime, whatever the clock says, and nothing is asked where it
 * names no such period. */
static void test_trap_never_ask_beyond_the_freshness(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "{}", "{\"freshnessInfo\":{}}",
        "{\"freshnessInfo\":{\"freshnesses\":[{\"aggregationPeriod\":\"DAILY\","
        "\"latestEndTime\":" DAY_TIME("28") "}]}}"};
    for (size_t i = 0; i < SW_ARRAY_LEN(replies); i++) {
        const struct flow_step steps[] = {
            {.request = GET_CRASH, .status = 200, .reply = replies[i]},
            {.request = ISSUES, .status = 200, .reply = "{}"},
        };
        struct sw_flow *flow =
            run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
        const struct sw_reading *r = expect_no_value(flow, SW_METRIC_CRASH_FREE_USERS, 3600);
        assert_non_null(strstr(r->origin, "Play names no such period yet"));
        assert_string_equal(r->period, "");
        flow_free(flow);
    }
}

/* Midnight has no `hours`, and the zone may be left out where there is only one. */
static void test_trap_defaults_are_left_out_of_dates(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH,
         .status = 200,
         .reply = FRESH("{\"year\":2026,\"month\":11,\"day\":29}", DAY_TIME("28"))},
        {.request = ASK_CRASH,
         .body = "{\"timelineSpec\":{\"aggregationPeriod\":\"HOURLY\",\"startTime\":" UTC_TIME(
             "28",
             "23") ",\"endTime\":" UTC_TIME("29",
                                            "0") "},\"dimensions\":[\"versionCode\"]," CRASH_METRICS
                                                 "," REST "}",
         .status = 200,
         .reply = "{\"rows\":[" CRASH_ROW(UTC_TIME("28", "23"), "41200", "0", "0", "100") "]}"},
        NO_COUNTS,
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 100, 100);
    assert_string_equal(
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600)->period,
        "hour to 00:00 UTC");
    flow_free(flow);
}

/* firstAppVersion is of the matching reports only, so it is always the version asked for. */
static void test_trap_first_app_version_proves_no_new_issue(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_ANR, .status = 200, .reply = "{}"},
        {.request = ISSUES,
         .status = 200,
         .reply =
             "{\"errorIssues\":[{\"name\":\"apps/com.acme.app/a1\",\"cause\":\"X\","
             "\"firstAppVersion\":{\"versionCode\":\"41200\"},\"lastAppVersion\":"
             "{\"versionCode\":\"41200\"},\"lastErrorReportTime\":\"2026-11-29T12:00:00Z\"}]}"},
    };
    struct sw_flow *flow = run(SW_METRIC_ANR_RATE, 86400, BINDING, steps, SW_ARRAY_LEN(steps));
    const struct sw_issue_seen *issue = flow_reports(flow)->issues[0].items;
    assert_false(issue->is_new);
    assert_int_equal(issue->first_seen_ms, 0);
    flow_free(flow);
}

/* Left out, a live daily query came back empty; an hour of a day is refused, were it 0. */
static void test_trap_the_time_zone_is_always_sent_and_days_have_no_hours(void **state)
{
    (void)state;
    for (int period = 0; period < VITALS_PERIODS; period++) {
        json_t *time = vitals_time_json(INT64_C(1795910400000), (enum vitals_period)period);
        const json_t *id = json_object_get(json_object_get(time, "timeZone"), "id");
        assert_string_equal(json_string_value(id),
                            period == VITALS_HOURLY ? "UTC" : "America/Los_Angeles");
        assert_int_equal(json_object_get(time, "hours") != NULL, period == VITALS_HOURLY);
        assert_null(json_object_get(time, "minutes"));
        json_decref(time);
    }
}

/* The users of an hour are among those of the day: each reading has its own period's. */
static void test_trap_distinct_users_are_not_added_up(void **state)
{
    (void)state;
    const struct
        flow_step
            steps
                [] =
                    {
                        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
                        {.request = ASK_CRASH,
                         .body = CRASH_HOUR,
                         .status = 200,
                         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.01", "0.01", "3700") "]}"},
                        {.request = ASK_CRASH,
                         .body = CRASH_DAY,
                         .status = 200,
                         .reply = "{\"rows\":[{\"aggregationPeriod\":\"DAILY\","
                                  "\"startTime\":" DAY_TIME("27") ",\"dimensions\":[" VERSION(
                                      "41200") "],\"metrics\":[" METRIC("userPerceivedCrashRate",
                                                                        "0.02") "," METRIC("distinc"
                                                                                           "tUsers",
                                                                                           "19000") "]}]}"},
                        {.request = ISSUES, .status = 200, .reply = "{}"},
                    };
    struct sw_flow *flow = new_flow(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING);
    struct sw_target *target = (struct sw_target *)(uintptr_t)sw_flow_target(flow, 0);
    target->windows_s[1] = 86400;
    target->window_count = 2;
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_OK, "");
    expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 3600, 1, 3700);
    expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 86400, 2, 19000);
    flow_free(flow);
}

/* A POST is a 404 page of HTML, and only UTC is understood, in dotted parameters. */
static void test_trap_issues_are_a_get_in_utc(void **state)
{
    (void)state;
    assert_int_equal(vitals_operations[VITALS_ISSUES].method, SW_GET);
    const struct flow_step steps[] = {
        {.request = GET_ANR, .status = 200, .reply = "{}"},
        {.request = ISSUES, .status = 404, .reply = "<!DOCTYPE html><title>Error 404</title>"},
    };
    struct sw_flow *flow = new_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_E_NOT_FOUND, "issues");
    flow_free(flow);
}

/* Counts of a period that they do not reach yet would be of another one. */
static void test_trap_counts_have_a_freshness_of_their_own(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.01", "0.01", "100") "]}"},
        {.request = GET_COUNTS,
         .status = 200,
         .reply = FRESH(UTC_TIME("29", "13"), DAY_TIME("28"))},
        {.request = ISSUES, .status = 200, .reply = "{}"},
    };
    struct sw_flow *flow =
        run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
    flow_free(flow);
}

/* ------------------------------------------------------------------------ options */

static void test_periods_and_cohorts_as_configured(void **state)
{
    (void)state;
    static const struct {
        const char *binding, *body;
    } rows[] = {
        {BINDING "period: hourly\n", CRASH_HOUR},
        {BINDING "period: daily\n", CRASH_DAY},
        {BINDING "period: hourly\nuser_cohort: APP_TESTERS\n",
         "{" HOUR_SPEC ",\"dimensions\":[\"versionCode\"]," CRASH_METRICS
         ",\"pageSize\":1000,\"userCohort\":\"APP_TESTERS\"}"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        const struct flow_step steps[] = {
            {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
            {.request = ASK_CRASH, .body = rows[i].body, .status = 200, .reply = "{}"},
            {.request = ISSUES, .status = 200, .reply = "{}"},
        };
        struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, rows[i].binding);
        struct sw_target *target = (struct sw_target *)(uintptr_t)sw_flow_target(flow, 0);
        target->windows_s[1] = 86400;
        target->window_count = 2;
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        expect(flow, SW_OK, "");
        assert_int_equal(flow_reports(flow)->reading_count, 2);
        flow_free(flow);
    }
}

static void test_no_version_code_is_told(void **state)
{
    (void)state;
    static const struct sw_rollout ios = {.build = "20250114.1"}, none = {.version = "4.12.0"};
    struct sw_flow *flow = new_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    struct sw_target *target = (struct sw_target *)(uintptr_t)sw_flow_target(flow, 0);
    target->rollout = &ios;
    flow_script(flow, NULL, 0);
    expect(flow, SW_E_CONFIG, "its build \"20250114.1\" is no version code");
    target->rollout = &none;
    expect(flow, SW_E_STALE, "its store has not told a version code");
    target->rollout = NULL;
    expect(flow, SW_E_STALE, "its store has not told a version code");
    flow_free(flow);
}

/* -------------------------------------------------------------------- bad replies */

static void test_refusals_in_words(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *reply;
        enum sw_code want;
        const char *text;
    } rows[] = {
        {403,
         "{\"error\":{\"code\":403,\"message\":\"Google Play Developer Reporting API has not been "
         "used in project 1 before or it is disabled.\",\"status\":\"PERMISSION_DENIED\"}}",
         SW_E_DENIED,
         "enable the Google Play Developer Reporting API in the service account's Cloud project"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"The caller does not have permission\","
         "\"status\":\"PERMISSION_DENIED\"}}",
         SW_E_DENIED,
         "invite the service account in the Play Console, with \"View app information"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"Request had insufficient authentication scopes.\","
         "\"status\":\"PERMISSION_DENIED\",\"details\":[{\"reason\":"
         "\"ACCESS_TOKEN_SCOPE_INSUFFICIENT\"}]}}",
         SW_E_DENIED, "the token lacks the scope playdeveloperreporting"},
        {429,
         "{\"error\":{\"code\":429,\"message\":\"Quota exceeded\",\"status\":"
         "\"RESOURCE_EXHAUSTED\"}}",
         SW_E_QUOTA, "Play's Reporting API says \"Quota exceeded\" (429 RESOURCE_EXHAUSTED)"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"slow down\",\"errors\":[{\"reason\":"
         "\"rateLimitExceeded\"}]}}",
         SW_E_QUOTA, "slow down"},
        {400,
         "{\"error\":{\"code\":400,\"message\":\"end_date should be at most 2026-11-28\","
         "\"status\":\"INVALID_ARGUMENT\"}}",
         SW_E_HTTP, "its data does not go that far yet"},
        {404, "<html>Error 404 (Not Found)!!1</html>", SW_E_NOT_FOUND, "freshness of crash rates"},
        {500, "{\"error\":{\"code\":500,\"message\":null}}", SW_E_HTTP,
         "freshness of crash rates: Play's Reporting API says \"nothing\" (500)"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        const struct flow_step step = {
            .request = GET_CRASH, .status = rows[i].status, .reply = rows[i].reply};
        struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
        flow_script(flow, &step, 1);
        expect(flow, rows[i].want, rows[i].text);
        assert_int_equal(flow_reports(flow)->reading_count, 0);
        flow_free(flow);
    }
}

#define TO_HOUR(time) FRESH(time, DAY_TIME("28"))

static void test_bad_freshness_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *text;
    } rows[] = {
        {"[]", "freshness of crash rates: the reply is no object"},
        {"{\"freshnessInfo\":{\"freshnesses\":{}}}", "freshnessInfo.freshnesses"},
        {"{\"freshnessInfo\":{\"freshnesses\":[{}]}}", "aggregationPeriod"},
        {"{\"freshnessInfo\":{\"freshnesses\":[{\"aggregationPeriod\":\"HOURLY\"}]}}",
         "latestEndTime"},
        {TO_HOUR("{\"year\":2026,\"month\":13,\"day\":1}"), "month"},
        {TO_HOUR("{\"year\":2026,\"month\":2,\"day\":30}"), "day 30 of month 2"},
        {TO_HOUR("{\"year\":0,\"month\":2,\"day\":3}"), "year"},
        {TO_HOUR("{\"month\":2,\"day\":3}"), "year"},
        {TO_HOUR("{\"year\":2026,\"month\":2,\"day\":3,\"hours\":25}"), "hours"},
        {TO_HOUR("{\"year\":2026,\"month\":2,\"day\":3,\"timeZone\":{\"id\":\"Europe/Madrid\"}}"),
         "time zone \"Europe/Madrid\", where UTC"},
        {TO_HOUR("{\"year\":2026,\"month\":2,\"day\":3,\"utcOffset\":\"-28800s\"}"), "utcOffset"},
        {FRESH(UTC_TIME("29", "14"), UTC_TIME("28", "0")),
         "time zone \"UTC\", where America/Los_Angeles"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        const struct flow_step step = {.request = GET_CRASH, .status = 200, .reply = rows[i].reply};
        struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
        struct sw_error err = {0};
        flow_script(flow, &step, 1);
        enum sw_code code = flow_observe(flow, &err);
        if ((code != SW_E_PARSE && code != SW_E_LIMIT) || !strstr(err.text, rows[i].text))
            fail_msg("%s: code %d, %s", rows[i].reply, code, err.text);
        assert_int_equal(flow_reports(flow)->reading_count, 0);
        flow_free(flow);
    }
}

static void test_bad_rows_are_refused(void **state)
{
    (void)state;
#define ROW(rest)  "{\"rows\":[{\"startTime\":" UTC_TIME("29", "13") "," rest "}]}"
#define DIMENSIONS "\"dimensions\":[" VERSION("41200") "],"
    static const struct {
        const char *reply, *text;
    } rows[] = {
        {"[]", "crash rates: the reply is no object"},
        {"{\"rows\":7}", "rows"},
        {"{\"rows\":[7]}", "crash rates, rows[0]"},
        {"{\"rows\":[{}]}", "startTime"},
        {"{\"rows\":[{\"startTime\":" DAY_TIME("27") "}]}", "where UTC was to be expected"},
        {ROW("\"metrics\":[]"), "dimensions"},
        {ROW("\"dimensions\":[{}],\"metrics\":[]"), "dimension"},
        {ROW("\"dimensions\":[{\"dimension\":\"versionCode\"}],\"metrics\":[]"), "int64Value"},
        {ROW("\"dimensions\":[{\"dimension\":\"versionCode\",\"int64Value\":\"4x\"}]"),
         "int64Value"},
        {ROW(DIMENSIONS "\"metrics\":{}"), "metrics"},
        {ROW(DIMENSIONS "\"metrics\":[{}]"), "metric"},
        {ROW(DIMENSIONS "\"metrics\":[{\"metric\":\"crashRate\",\"decimalValue\":0.01}]"),
         "decimalValue"},
        {ROW(DIMENSIONS
             "\"metrics\":[{\"metric\":\"crashRate\",\"decimalValue\":{\"value\":0.01}}]"),
         "value"},
        {ROW(DIMENSIONS "\"metrics\":[" METRIC("crashRate", "0,01") "]"),
         "crashRate \"0,01\" is no decimal of 0 or more"},
        {ROW(DIMENSIONS "\"metrics\":[" METRIC("crashRate", "-0.01") "]"), "is no decimal"},
        {ROW(DIMENSIONS "\"metrics\":[" METRIC("crashRate", "NaN") "]"), "is no decimal"},
        {ROW(DIMENSIONS "\"metrics\":[" METRIC("crashRate", "1e999") "]"), "is no decimal"},
        {"{\"nextPageToken\":5}", "nextPageToken"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        const struct flow_step steps[] = {
            {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
            {.request = ASK_CRASH, .body = CRASH_HOUR, .status = 200, .reply = rows[i].reply}};
        struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
        struct sw_error err = {0};
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        enum sw_code code = flow_observe(flow, &err);
        if (code != SW_E_PARSE || !strstr(err.text, rows[i].text))
            fail_msg("%s: code %d, %s", rows[i].reply, code, err.text);
        assert_int_equal(flow_reports(flow)->reading_count, 0);
        flow_free(flow);
    }
}

/* What was answered before a failure stands. */
static void test_a_later_failure_keeps_the_rates(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        {.request = GET_CRASH, .status = 200, .reply = FRESH_NOW},
        {.request = ASK_CRASH,
         .body = CRASH_HOUR,
         .status = 200,
         .reply = "{\"rows\":[" HOUR_ROW("41200", "0.01", "0.01", "100") "]}"},
        {.request = GET_COUNTS, .fail = SW_E_TIMEOUT},
    };
    struct sw_flow *flow = new_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect(flow, SW_E_TIMEOUT, "freshness of error counts");
    expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
    flow_free(flow);
}

/* ------------------------------------------------------------------- pure functions */

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
        double want;
    } rows[] = {
        {"", true, 0},          {"0", true, 0},          {"0.0123", true, 0.0123},
        {"+2.5", true, 2.5},    {".5", true, 0.5},       {"5.", true, 5},
        {"2.5e8", true, 2.5e8}, {"2.5E+8", true, 2.5e8}, {"123E-4", true, 0.0123},
        {"-1", true, -1},       {"15000", true, 15000},  {".", false, 0},
        {"e5", false, 0},       {"1e", false, 0},        {"1e+", false, 0},
        {"1.2.3", false, 0},    {"0x1p3", false, 0},     {"inf", false, 0},
        {"nan", false, 0},      {" 1", false, 0},        {"1 ", false, 0},
        {"1,5", false, 0},      {"--1", false, 0},       {"1e999", false, 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        double got = -7;
        bool is_one = vitals_decimal(rows[i].text, &got);
        if (is_one != rows[i].is_one || (is_one && got != rows[i].want))
            fail_msg("\"%s\": %d %g", rows[i].text, is_one, got);
    }
}

static void test_version_codes(void **state)
{
    (void)state;
    assert_int_equal(vitals_code("2025011401"), 2025011401);
    assert_int_equal(vitals_code("1"), 1);
    assert_int_equal(vitals_code(""), 0);
    assert_int_equal(vitals_code("0"), 0);
    assert_int_equal(vitals_code("-1"), 0);
    assert_int_equal(vitals_code("41.2"), 0);
    assert_int_equal(vitals_code("20250114011"), 0);
}

/* The ends of Pacific days around both changes of clocks (2026-03-08 and 2026-11-01), and how they
 * and their days are called. */
static void test_pacific_days_through_both_changes_of_clocks(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        const char *utc, *text;
    } rows[] = {
        {2026, 3, 8, "2026-03-08T08:00:00Z", "Pacific day Sat 7 Mar"},
        {2026, 3, 9, "2026-03-09T07:00:00Z", "Pacific day Sun 8 Mar"}, /* 23 hours long */
        {2026, 3, 10, "2026-03-10T07:00:00Z", "Pacific day Mon 9 Mar"},
        {2026, 11, 1, "2026-11-01T07:00:00Z", "Pacific day Sat 31 Oct"},
        {2026, 11, 2, "2026-11-02T08:00:00Z", "Pacific day Sun 1 Nov"}, /* 25 hours long */
        {2027, 1, 1, "2027-01-01T08:00:00Z", "Pacific day Thu 31 Dec"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char text[SW_WORD_MAX], utc[SW_TIME_TEXT];
        int64_t civil_ms = 0, ms = 0;
        json_t *time = json_pack("{s:i, s:i, s:i}", "year", rows[i].year, "month", rows[i].month,
                                 "day", rows[i].day);
        assert_int_equal(vitals_read_time(time, VITALS_DAILY, &civil_ms, NULL), SW_OK);
        assert_int_equal(vitals_to_utc(civil_ms, VITALS_DAILY, &ms, NULL), SW_OK);
        assert_string_equal(sw_time_format(ms, utc), rows[i].utc);
        vitals_period_text(civil_ms, VITALS_DAILY, text, sizeof text);
        assert_string_equal(text, rows[i].text);
        json_t *sent = vitals_time_json(civil_ms - SW_DAY_MS, VITALS_DAILY);
        assert_null(json_object_get(sent, "hours"));
        json_decref(sent);
        json_decref(time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_hour_of_both_versions),
        cmocka_unit_test(test_counts_and_issues_stand_beside),
        cmocka_unit_test(test_one_package_is_one_question),
        cmocka_unit_test(test_trap_a_missing_row_is_no_data_and_never_100_percent),
        cmocka_unit_test(test_trap_an_empty_reply_is_no_data),
        cmocka_unit_test(test_trap_an_empty_decimal_is_zero_an_absent_one_is_not),
        cmocka_unit_test(test_trap_the_unit_is_a_setting_and_a_fraction_above_1_is_an_error),
        cmocka_unit_test(test_trap_a_day_is_a_pacific_day),
        cmocka_unit_test(test_trap_slow_starts_need_a_start_type_and_know_no_hours),
        cmocka_unit_test(test_trap_rows_of_one_version_are_not_averaged),
        cmocka_unit_test(test_trap_rows_of_other_periods_are_left_alone),
        cmocka_unit_test(test_trap_a_version_on_the_second_page),
        cmocka_unit_test(test_trap_pages_that_never_end),
        cmocka_unit_test(test_trap_never_ask_beyond_the_freshness),
        cmocka_unit_test(test_trap_defaults_are_left_out_of_dates),
        cmocka_unit_test(test_trap_first_app_version_proves_no_new_issue),
        cmocka_unit_test(test_trap_the_time_zone_is_always_sent_and_days_have_no_hours),
        cmocka_unit_test(test_trap_distinct_users_are_not_added_up),
        cmocka_unit_test(test_trap_issues_are_a_get_in_utc),
        cmocka_unit_test(test_trap_counts_have_a_freshness_of_their_own),
        cmocka_unit_test(test_periods_and_cohorts_as_configured),
        cmocka_unit_test(test_no_version_code_is_told),
        cmocka_unit_test(test_refusals_in_words),
        cmocka_unit_test(test_bad_freshness_is_refused),
        cmocka_unit_test(test_bad_rows_are_refused),
        cmocka_unit_test(test_a_later_failure_keeps_the_rates),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_version_codes),
        cmocka_unit_test(test_pacific_days_through_both_changes_of_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
