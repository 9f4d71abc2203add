/* test_play_vitals.c: the exact requests to the Play Developer Reporting API, and what its replies
 * become. */
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
#include "vitals_flow.h"

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
    struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    vitals_target(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_OK, "");
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 98.77, 15000);
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_OLD, 3600, 99.5, 310000);
    const struct sw_reading *r =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600);
    assert_string_equal(r->period, "hour to 14:00 UTC");
    assert_string_equal(r->origin, "100% - crashRate, version code 41200, OS_PUBLIC, users rounded "
                                   "by Play");
    assert_int_equal(r->true_for_ms, VITALS_NOW - 160 * SW_MINUTE_MS); /* 14:00Z */
    assert_int_equal(r->observed_at_ms, VITALS_NOW);
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    struct sw_target *other = vitals_target(flow, SW_METRIC_ANR_RATE, 86400, BINDING);
    other->platform = 1;
    other->platform_id = "wear";
    other->rollout = &wear;
    flow_script(flow, first, SW_ARRAY_LEN(first));
    vitals_expect(flow, SW_OK, "");
    assert_int_equal(flow_reports(flow)->reading_count, 4);
    flow_set_now(flow, VITALS_NOW + 60000);
    flow_script(flow, again, SW_ARRAY_LEN(again));
    vitals_expect(flow, SW_OK, "");
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
        struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, rows[i].binding);
        struct sw_target *target = vitals_first(flow);
        target->windows_s[1] = 86400;
        target->window_count = 2;
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        vitals_expect(flow, SW_OK, "");
        assert_int_equal(flow_reports(flow)->reading_count, 2);
        flow_free(flow);
    }
}

static void test_no_version_code_is_told(void **state)
{
    (void)state;
    static const struct sw_rollout ios = {.build = "20250114.1"}, none = {.version = "4.12.0"};
    struct sw_flow *flow = vitals_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    struct sw_target *target = vitals_first(flow);
    target->rollout = &ios;
    flow_script(flow, NULL, 0);
    vitals_expect(flow, SW_E_CONFIG, "its build \"20250114.1\" is no version code");
    target->rollout = &none;
    vitals_expect(flow, SW_E_STALE, "its store has not told a version code");
    target->rollout = NULL;
    vitals_expect(flow, SW_E_STALE, "its store has not told a version code");
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
        struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
        flow_script(flow, &step, 1);
        vitals_expect(flow, rows[i].want, rows[i].text);
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
        struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
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
        struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_E_TIMEOUT, "freshness of error counts");
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
    flow_free(flow);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_hour_of_both_versions),
        cmocka_unit_test(test_counts_and_issues_stand_beside),
        cmocka_unit_test(test_one_package_is_one_question),
        cmocka_unit_test(test_periods_and_cohorts_as_configured),
        cmocka_unit_test(test_no_version_code_is_told),
        cmocka_unit_test(test_refusals_in_words),
        cmocka_unit_test(test_bad_freshness_is_refused),
        cmocka_unit_test(test_bad_rows_are_refused),
        cmocka_unit_test(test_a_later_failure_keeps_the_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
