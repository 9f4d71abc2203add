/*
 * vitals_flow.h: what the wire tests of Play's vitals share: pieces of requests and replies, and a
 * flow that expects them. The clock stands at 2026-11-29T16:40:00Z, which is 08:40 in Los Angeles.
 */
#pragma once

#include "sources/play_vitals.h"
#include "support/flow.h"

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

#define VITALS_NOW INT64_C(1795970400000)
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

/* A flow with one target over one window; the caller frees. */
struct sw_flow *vitals_flow(enum sw_metric metric, int window_s, const char *binding);
/* One more, on the same platform. */
struct sw_target *vitals_target(struct sw_flow *flow, enum sw_metric metric, int window_s,
                                const char *binding);
/* The flow's target 0, to be changed. */
struct sw_target *vitals_first(struct sw_flow *flow);
/* Runs it: every request as scripted, this code, and this in the error's text. */
void vitals_expect(struct sw_flow *flow, enum sw_code want, const char *text);
/* A new flow that runs through these steps without an error; the caller frees. */
struct sw_flow *vitals_run(enum sw_metric metric, int window_s, const char *binding,
                           const struct flow_step *steps, size_t count);
void vitals_expect_rate(const struct sw_flow *flow, enum sw_metric metric, enum sw_side side,
                        int window_s, double value, double n);
const struct sw_reading *vitals_expect_unknown(const struct sw_flow *flow, enum sw_metric metric,
                                               int window_s);
