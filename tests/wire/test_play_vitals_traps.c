/* test_play_vitals_traps.c: each trap that the reference of the Reporting API knows has a test that
 * names it. */
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    const struct sw_reading *r = vitals_expect_unknown(flow, SW_METRIC_CRASH_FREE_USERS, 3600);
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
        vitals_run(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_unknown(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600);
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
            vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
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
        struct sw_flow *flow =
            vitals_flow(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, rows[i].binding);
        flow_script(flow, steps, rows[i].error != NULL ? 2 : 3);
        vitals_expect(flow, rows[i].error != NULL ? SW_E_CONFIG : SW_OK,
                      rows[i].error != NULL ? rows[i].error : "");
        if (rows[i].error == NULL)
            vitals_expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 3600,
                               rows[i].want, 900);
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
    struct sw_flow *flow =
        vitals_run(SW_METRIC_ANR_RATE, 86400, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_rate(flow, SW_METRIC_ANR_RATE, SW_SIDE_NEW, 86400, 0.31, 42000);
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
        struct sw_flow *flow = vitals_flow(SW_METRIC_SLOW_START_RATE, 3600, rows[i].binding);
        struct sw_target *target = vitals_first(flow);
        target->windows_s[1] = 86400;
        target->window_count = 2;
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        vitals_expect(flow, SW_OK, "");
        vitals_expect_rate(flow, SW_METRIC_SLOW_START_RATE, SW_SIDE_NEW, 86400, rows[i].want, 9000);
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_E_PARSE, "crash rates, rows[1]: a second row of version code 41200");
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 98, 100);
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_E_LIMIT, "crash rates: more than 10 pages of 1000 rows");
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
            vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
        const struct sw_reading *r = vitals_expect_unknown(flow, SW_METRIC_CRASH_FREE_USERS, 3600);
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 100, 100);
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
    struct sw_flow *flow =
        vitals_run(SW_METRIC_ANR_RATE, 86400, BINDING, steps, SW_ARRAY_LEN(steps));
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
    const struct flow_step steps[] = {
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_USER_PERCEIVED_CRASH_RATE, 3600, BINDING);
    struct sw_target *target = vitals_first(flow);
    target->windows_s[1] = 86400;
    target->window_count = 2;
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_OK, "");
    vitals_expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 3600, 1, 3700);
    vitals_expect_rate(flow, SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_SIDE_NEW, 86400, 2, 19000);
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
    struct sw_flow *flow = vitals_flow(SW_METRIC_ANR_RATE, 86400, BINDING);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    vitals_expect(flow, SW_E_NOT_FOUND, "issues");
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
        vitals_run(SW_METRIC_CRASH_FREE_USERS, 3600, BINDING, steps, SW_ARRAY_LEN(steps));
    vitals_expect_rate(flow, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600, 99, 100);
    flow_free(flow);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
