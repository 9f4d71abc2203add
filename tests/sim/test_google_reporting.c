/* The Reporting API's dialect without a socket: figures against the world, and its refusals. */
#include "drive.h"
#include "google_reporting.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APP "/v1beta1/apps/com.acme.app/"
#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS  (24 * HOUR_MS)

struct fixture {
    struct sim *sim;
    char *token;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.sim = sim_new("rollout-week", 1, 1);
    fixture.token = drive_google_token(fixture.sim, GOOGLE_SCOPE_REPORTING);
    assert_non_null(fixture.token);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->token);
    sim_free(f->sim);
    return 0;
}

/* Forgets the queries made so far. */
static void rest(struct fixture *f)
{
    size_t i = sim_service_index("google_reporting");

    free(f->sim->state[i]);
    f->sim->state[i] = NULL;
}

static struct drive_answer call(struct fixture *f, const char *method, const char *path,
                                const char *body)
{
    char *target = sim_printf("%s%s", APP, path);
    rest(f);
    struct drive_answer a =
        drive_call(f->sim, "google_reporting", method, target, f->token,
                   body == NULL ? NULL : "application/json", body);
    free(target);
    return a;
}

static void expect(struct drive_answer a, int status, const char *text, const char *what)
{
    if (a.status != status || strstr(a.body, text) == NULL)
        fail_msg("%s: expected %d \"%s\", got %d %s", what, status, text, a.status, a.body);
    drive_clear(&a);
}

/* ---- who may ask ------------------------------------------------------------------------- */

static void only_the_reporting_scope_opens_it(void **state)
{
    struct fixture *f = *state;
    char *publisher = drive_google_token(f->sim, GOOGLE_SCOPE_PUBLISHER);
    char *both = drive_google_token(f->sim, GOOGLE_SCOPE_PUBLISHER " " GOOGLE_SCOPE_REPORTING);
    const char *set = APP "crashRateMetricSet";

    expect(drive_call(f->sim, "google_reporting", "GET", set, NULL, NULL, NULL), 401,
           "UNAUTHENTICATED", "no token");
    expect(drive_call(f->sim, "google_reporting", "GET", set, "ya29.c.x", NULL, NULL), 401,
           "UNAUTHENTICATED", "a made-up token");
    expect(drive_call(f->sim, "google_reporting", "GET", set, publisher, NULL, NULL), 403,
           "insufficient authentication scopes", "the publisher's scope");
    expect(drive_call(f->sim, "google_reporting", "GET", set, both, NULL, NULL), 200,
           "freshnessInfo", "both scopes");
    expect(drive_call(f->sim, "google_reporting", "GET",
                      "/v1beta1/apps/com.other.app/crashRateMetricSet", f->token, NULL, NULL),
           403, "does not have permission", "somebody else's app");
    free(publisher);
    free(both);
}

static void paths_that_do_not_exist(void **state)
{
    static const struct {
        const char *method, *path;
    } cases[] = {
        {"POST", "errorIssues:search"}, /* GET only */
        {"GET", "crashRateMetricSet:query"},
        {"POST", "crashRateMetricSet"},
        {"DELETE", "crashRateMetricSet"},
        {"GET", "crashRateMetricSet/"},
        {"GET", "crashRate"},
        {"GET", "crashRateMetricSetX"},
        {"POST", "crashRateMetricSet:get"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(call(*state, cases[i].method, cases[i].path, "{}"), 404, "<!DOCTYPE html>",
               cases[i].path);
}

static void ten_queries_a_second(void **state)
{
    struct fixture *f = *state;
    size_t refused = 0;

    rest(f);
    for (int i = 0; i < 35; i++) { /* three seconds' worth and more, should one end on the way */
        struct drive_answer a = drive_call(f->sim, "google_reporting", "GET",
                                           APP "anrRateMetricSet", f->token, NULL, NULL);
        assert_true(a.status == 200 || a.status == 429);
        if (a.status == 429)
            assert_string_equal(drive_text(&a, "error.status"), "RESOURCE_EXHAUSTED");
        refused += a.status == 429;
        drive_clear(&a);
    }
    assert_true(refused >= 5);
    rest(f);
}

/* ---- freshness --------------------------------------------------------------------------- */

/* The set's latestEndTime as JSON, borrowed from *answer; NULL: it has no such period. */
static json_t *latest_end(struct drive_answer *answer, const char *period)
{
    json_t *list = drive_at(answer->json, "freshnessInfo.freshnesses");

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(item, "aggregationPeriod")), period) == 0)
            return json_object_get(item, "latestEndTime");
    }
    return NULL;
}

static int number(json_t *time, const char *name)
{
    return (int)json_integer_value(json_object_get(time, name)); /* absent = 0 */
}

static int64_t civil_ms(json_t *time)
{
    int64_t ms = 0;
    char text[40];

    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:00:00Z", number(time, "year"),
             number(time, "month"), number(time, "day"), number(time, "hours"));
    assert_true(sim_rfc3339_parse(text, &ms));
    return ms;
}

static void hours_and_days_are_late(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a = call(f, "GET", "crashRateMetricSet", NULL);
    int64_t now = f->sim->world->now_ms;
    json_t *hour = latest_end(&a, "HOURLY");
    json_t *day = latest_end(&a, "DAILY");

    assert_string_equal(drive_text(&a, "name"), "apps/com.acme.app/crashRateMetricSet");
    assert_string_equal(json_string_value(drive_at(hour, "timeZone.id")), "UTC");
    assert_string_equal(json_string_value(drive_at(day, "timeZone.id")), REPORTING_PACIFIC);
    assert_null(json_object_get(hour, "minutes"));
    assert_null(json_object_get(day, "hours")); /* midnight is left out */
    int64_t behind = now - civil_ms(hour);
    assert_true(behind >= 3 * HOUR_MS && behind < 4 * HOUR_MS);
    behind = now - reporting_utc_ms(civil_ms(day), REPORTING_DAILY);
    assert_true(behind >= 30 * HOUR_MS && behind <= 55 * HOUR_MS);
    drive_clear(&a);

    a = call(f, "GET", "slowStartRateMetricSet", NULL);
    assert_null(latest_end(&a, "HOURLY"));
    assert_non_null(latest_end(&a, "DAILY"));
    drive_clear(&a);
}

static void pacific_days_through_both_changes_of_clocks(void **state)
{
    static const struct {
        const char *midnight, *utc;
    } cases[] = {
        {"2026-03-08T00:00:00Z", "2026-03-08T08:00:00Z"},
        {"2026-03-09T00:00:00Z", "2026-03-09T07:00:00Z"},
        {"2026-07-01T00:00:00Z", "2026-07-01T07:00:00Z"},
        {"2026-11-01T00:00:00Z", "2026-11-01T07:00:00Z"},
        {"2026-11-02T00:00:00Z", "2026-11-02T08:00:00Z"},
        {"2027-03-14T00:00:00Z", "2027-03-14T08:00:00Z"},
        {"2027-03-15T00:00:00Z", "2027-03-15T07:00:00Z"},
        {"2027-11-07T00:00:00Z", "2027-11-07T07:00:00Z"},
        {"2027-11-08T00:00:00Z", "2027-11-08T08:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t civil = 0;
        char text[32];
        assert_true(sim_rfc3339_parse(cases[i].midnight, &civil));
        sim_rfc3339(text, sizeof text, reporting_utc_ms(civil, REPORTING_DAILY), false);
        assert_string_equal(text, cases[i].utc);
    }
}

/* ---- queries ----------------------------------------------------------------------------- */

/* A body whose timeline is the newest period(s) of the set; `more` begins with a comma. */
static char *body_of(struct fixture *f, enum reporting_set set, enum reporting_period period,
                     int count, const char *more)
{
    int64_t end = reporting_fresh_until(f->sim->world, set, period);
    json_t *from = reporting_time_json(end - count * reporting_period_ms(period), period);
    json_t *to = reporting_time_json(end, period);
    char *from_text = sim_json_text(from);
    char *to_text = sim_json_text(to);
    char *body = sim_printf("{\"timelineSpec\":{\"aggregationPeriod\":\"%s\",\"startTime\":%s,"
                            "\"endTime\":%s}%s}",
                            reporting_period_name(period), from_text, to_text, more);

    free(from_text);
    free(to_text);
    json_decref(from);
    json_decref(to);
    return body;
}

static json_t *row_of(json_t *rows, const char *code, const char *type)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const char *has_code = json_string_value(drive_at(row, "dimensions.0.int64Value"));
        const char *has_type = json_string_value(drive_at(row, "dimensions.1.stringValue"));
        if (strcmp(has_code, code) == 0 && (type == NULL || strcmp(has_type, type) == 0))
            return row;
    }
    return NULL;
}

static double metric_of(json_t *row, const char *name)
{
    json_t *list = json_object_get(row, "metrics");

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        const char *text = json_string_value(drive_at(item, "decimalValue.value"));
        if (strcmp(json_string_value(json_object_get(item, "metric")), name) == 0)
            return text == NULL ? 0 : strtod(text, NULL);
    }
    fail_msg("no metric %s", name);
    return 0;
}

static void expect_near(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-9 * fmax(1, fabs(wanted)))
        fail_msg("%.12g, in the world %.12g", got, wanted);
}

#define CRASH_ASK                                                                                  \
    ",\"dimensions\":[\"versionCode\"],\"metrics\":[\"crashRate\",\"userPerceivedCrashRate\","     \
    "\"distinctUsers\"],\"userCohort\":\"OS_PUBLIC\""

/* Both periods, every version of both apps; and no row where few used one. */
static void rates_are_the_worlds(void **state)
{
    struct fixture *f = *state;
    const struct world_app *app = NULL;
    size_t rows_seen = 0;
    size_t thin = 0;

    for (int p = 0; p < REPORTING_PERIODS; p++) {
        enum reporting_period period = (enum reporting_period)p;
        int64_t end = reporting_fresh_until(f->sim->world, REPORTING_CRASH, period);
        int64_t from = reporting_utc_ms(end - reporting_period_ms(period), period);
        char *body = body_of(f, REPORTING_CRASH, period, 1, CRASH_ASK);
        struct drive_answer a = call(f, "POST", "crashRateMetricSet:query", body);
        free(body);
        assert_int_equal(a.status, 200);
        json_t *rows = json_object_get(a.json, "rows");
        for (size_t n = 0; (app = reporting_app(f->sim->world, n)) != NULL; n++)
            for (size_t v = 0; v < app->n_versions; v++) {
                struct world_health h = world_health(f->sim->world, app, &app->versions[v], from,
                                                     reporting_utc_ms(end, period));
                json_t *row = row_of(rows, app->versions[v].build, NULL);
                if (h.users < 50) {
                    assert_null(row);
                    thin++;
                    continue;
                }
                double users = (double)h.users;
                double step = users < 1000 ? 10 : users < 10000 ? 100 : 1000;
                assert_non_null(row);
                expect_near(metric_of(row, "crashRate"), (double)h.crashed_users / users);
                expect_near(metric_of(row, "userPerceivedCrashRate"),
                            (double)h.seen_crash_users / users);
                double shown = metric_of(row, "distinctUsers");
                assert_true(fmod(shown, step) == 0 && fabs(shown - users) <= step / 2);
                rows_seen++;
            }
        drive_clear(&a);
    }
    assert_true(rows_seen >= 8 && thin >= 1); /* Wear's draft has hardly any user */
}

static void slow_starts_and_counts_need_their_dimension(void **state)
{
    struct fixture *f = *state;
    int64_t end = reporting_fresh_until(f->sim->world, REPORTING_START, REPORTING_DAILY);
    struct world_app *android = world_app_find(f->sim->world, "android");
    struct world_version *old = world_version_find(android, "2.15.2");
    struct world_health h =
        world_health(f->sim->world, android, old, reporting_utc_ms(end - DAY_MS, REPORTING_DAILY),
                     reporting_utc_ms(end, REPORTING_DAILY));
    char *body = body_of(f, REPORTING_START, REPORTING_DAILY, 1,
                         ",\"dimensions\":[\"versionCode\",\"startType\"],\"metrics\":"
                         "[\"slowStartRate\",\"distinctUsers\"]");
    struct drive_answer a = call(f, "POST", "slowStartRateMetricSet:query", body);
    free(body);
    json_t *cold = row_of(json_object_get(a.json, "rows"), "2025010702", "COLD");
    expect_near(metric_of(cold, "slowStartRate"),
                (double)h.slow_start_users[0] / (double)h.start_users[0]);
    assert_non_null(row_of(json_object_get(a.json, "rows"), "2025010702", "HOT"));
    drive_clear(&a);

    body = body_of(f, REPORTING_COUNTS, REPORTING_DAILY, 1,
                   ",\"dimensions\":[\"versionCode\",\"reportType\"],\"metrics\":"
                   "[\"errorReportCount\",\"distinctUsers\"],\"filter\":\"versionCode = 2025010702 "
                   "AND reportType = CRASH\"");
    a = call(f, "POST", "errorCountMetricSet:query", body);
    free(body);
    json_t *rows = json_object_get(a.json, "rows");
    assert_int_equal(json_array_size(rows), 1);
    expect_near(metric_of(json_array_get(rows, 0), "errorReportCount"), (double)h.crashes);
    expect_near(metric_of(json_array_get(rows, 0), "distinctUsers"), (double)h.crashed_users);
    drive_clear(&a);
}

static void a_daily_query_without_a_zone_answers_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t end = reporting_fresh_until(f->sim->world, REPORTING_ANR, REPORTING_DAILY);
    json_t *from = reporting_time_json(end - DAY_MS, REPORTING_DAILY);
    json_t *to = reporting_time_json(end, REPORTING_DAILY);

    json_object_del(from, "timeZone");
    json_object_del(to, "timeZone");
    char *a_text = sim_json_text(from);
    char *b_text = sim_json_text(to);
    char *body = sim_printf("{\"timelineSpec\":{\"aggregationPeriod\":\"DAILY\",\"startTime\":%s,"
                            "\"endTime\":%s},\"dimensions\":[\"versionCode\"],\"metrics\":"
                            "[\"anrRate\"]}",
                            a_text, b_text);
    struct drive_answer a = call(f, "POST", "anrRateMetricSet:query", body);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{}");
    drive_clear(&a);
    free(body);
    free(a_text);
    free(b_text);
    json_decref(from);
    json_decref(to);
}

static void pages_belong_to_their_query(void **state)
{
    struct fixture *f = *state;
    char *first = body_of(f, REPORTING_CRASH, REPORTING_DAILY, 2, CRASH_ASK ",\"pageSize\":3");
    char token[200] = "";
    size_t rows = 0;
    size_t pages = 0;
    char *body = sim_xstrdup(first);

    for (bool is_last = false; !is_last; pages++) {
        assert_true(pages < 10);
        struct drive_answer a = call(f, "POST", "crashRateMetricSet:query", body);
        assert_int_equal(a.status, 200);
        rows += json_array_size(json_object_get(a.json, "rows"));
        const char *next = drive_text(&a, "nextPageToken");
        is_last = next == NULL;
        if (!is_last)
            assert_true(sim_copy(token, sizeof token, next));
        drive_clear(&a);
        free(body);
        body = sim_printf("%.*s,\"pageToken\":\"%s\"}", (int)strlen(first) - 1, first, token);
    }
    assert_true(pages >= 3 && rows > 6);
    free(body);
    char *other = body_of(f, REPORTING_CRASH, REPORTING_DAILY, 1, CRASH_ASK ",\"pageSize\":3");
    body = sim_printf("%.*s,\"pageToken\":\"%s\"}", (int)strlen(other) - 1, other, token);
    expect(call(f, "POST", "crashRateMetricSet:query", body), 400, "Invalid page token",
           "another query's token");
    free(body);
    free(other);
    free(first);
}

/* ---- refusals ---------------------------------------------------------------------------- */

#define SPEC(period, from, to)                                                                     \
    "{\"timelineSpec\":{\"aggregationPeriod\":\"" period "\",\"startTime\":" from ",\"endTime\":" to "}"
#define H(hour, more)                                                                              \
    "{\"year\":2026,\"month\":1,\"day\":20,\"hours\":" hour more "}"
#define D(day, more) "{\"year\":2026,\"month\":1,\"day\":" day more "}"
#define UTC ",\"timeZone\":{\"id\":\"UTC\"}"
#define PACIFIC ",\"timeZone\":{\"id\":\"America/Los_Angeles\"}"
#define ANY ",\"metrics\":[\"crashRate\"]}"
#define GOOD SPEC("HOURLY", H("3", UTC), H("4", UTC))

static void what_is_wrong_is_refused(void **state)
{
    static const struct {
        const char *set, *body, *text;
    } cases[] = {
        {"crashRate", "[]", "Expected an object"},
        {"crashRate", "{}", "timeline_spec is required"},
        {"crashRate", GOOD ",\"rows\":1" ANY, "Unknown name \\\"rows\\\""},
        {"crashRate", SPEC("HOURLY", H("3", UTC ",\"minutes\":5"), H("4", UTC)) ANY,
         "must be aligned"},
        {"crashRate", SPEC("HOURLY", H("3", UTC), H("4", UTC ",\"nanos\":1")) ANY,
         "must be aligned"},
        {"crashRate", SPEC("DAILY", D("3", PACIFIC ",\"hours\":2"), D("4", PACIFIC)) ANY,
         "must be aligned"},
        {"crashRate", SPEC("HOURLY", H("3", PACIFIC), H("4", PACIFIC)) ANY, "Unsupported timezone"},
        {"crashRate", SPEC("DAILY", D("3", UTC), D("4", UTC)) ANY, "Unsupported timezone"},
        {"crashRate", SPEC("HOURLY", H("3", UTC), H("4", "")) ANY, "must match the timezone"},
        {"crashRate", SPEC("HOURLY", H("3", ",\"utcOffset\":\"0s\""), H("4", UTC)) ANY,
         "utc_offset is not supported"},
        {"crashRate", SPEC("HOURLY", H("4", UTC), H("4", UTC)) ANY, "must be before end_time"},
        {"crashRate", SPEC("HOURLY", H("24", UTC), H("4", UTC)) ANY, "Invalid value at"},
        {"crashRate", SPEC("HOURLY", "{\"year\":2026,\"month\":2,\"day\":30" UTC "}", H("4", UTC)) ANY,
         "Invalid date"},
        {"crashRate", SPEC("HOURLY", H("3", ",\"minute\":1"), H("4", UTC)) ANY, "Unknown name"},
        {"crashRate",
         SPEC("HOURLY", H("3", UTC), "{\"year\":2099,\"month\":1,\"day\":1" UTC "}") ANY,
         "end_date should be at most"},
        {"crashRate", SPEC("FULL_RANGE", H("3", UTC), H("4", UTC)) ANY,
         "Unsupported aggregation period FULL_RANGE"},
        {"slowStartRate", SPEC("HOURLY", H("3", UTC), H("4", UTC)) ANY,
         "Unsupported aggregation period HOURLY"},
        {"crashRate", GOOD "}", "At least one metric"},
        {"crashRate", GOOD ",\"metrics\":[\"anrRate\"]}", "Unsupported metric anrRate"},
        {"crashRate", GOOD ",\"metrics\":[\"crashRate28dUserWeighted\"]}",
         "is not supported in HOURLY granularity"},
        {"crashRate", GOOD ",\"dimensions\":[\"versionCode\",\"versionCode\"]" ANY,
         "Duplicate dimension"},
        {"crashRate", GOOD ",\"dimensions\":[\"startType\"]" ANY, "Unsupported dimension startType"},
        {"slowStartRate",
         SPEC("DAILY", D("3", PACIFIC), D("4", PACIFIC)) ",\"metrics\":[\"slowStartRate\"]}",
         "Dimension startType must be specified"},
        {"errorCount", GOOD ",\"metrics\":[\"errorReportCount\"]}",
         "Dimension reportType must be specified"},
        {"errorCount", GOOD ",\"userCohort\":\"OS_PUBLIC\"" ANY, "Unknown name \\\"userCohort\\\""},
        {"crashRate", GOOD ",\"userCohort\":\"PUBLIC\"" ANY, "Invalid value at 'user_cohort'"},
        {"slowStartRate",
         SPEC("DAILY", D("3", PACIFIC), D("4", PACIFIC)) ",\"dimensions\":[\"startType\"],"
         "\"metrics\":[\"slowStartRate\"],\"userCohort\":\"OS_BETA\"}",
         "not supported for user cohort OS_BETA"},
        {"crashRate", GOOD ",\"pageSize\":-1" ANY, "Invalid value at 'page_size'"},
        {"crashRate", GOOD ",\"pageToken\":\"x\"" ANY, "Invalid page token"},
        {"crashRate", GOOD ",\"filter\":\"versionCode > 3\"" ANY, "Invalid filter"},
        {"crashRate", GOOD ",\"filter\":\"device = 3\"" ANY, "Unsupported field in filter"},
        {"crashRate", GOOD ",\"filter\":7" ANY, "Invalid value at 'filter'"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = sim_printf("%sMetricSet:query", cases[i].set);
        expect(call(*state, "POST", path, cases[i].body), 400, cases[i].text, cases[i].body);
        free(path);
    }
    expect(call(*state, "GET", "crashRateMetricSet?view=FULL", NULL), 400, "Unknown name",
           "an unknown parameter");
}

/* Neither has users in this world, and nothing is made up for them. */
static void other_cohorts_are_empty(void **state)
{
    struct fixture *f = *state;
    char *body = body_of(f, REPORTING_CRASH, REPORTING_HOURLY, 1,
                         ",\"dimensions\":[\"versionCode\"],\"metrics\":[\"crashRate\"],"
                         "\"userCohort\":\"APP_TESTERS\"");
    struct drive_answer a = call(f, "POST", "crashRateMetricSet:query", body);

    assert_string_equal(a.body, "{}");
    drive_clear(&a);
    free(body);
}

/* ---- issues ------------------------------------------------------------------------------ */

static void issues_of_a_version(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a =
        call(f, "GET", "errorIssues:search?filter=versionCode%20%3D%202025011401", NULL);

    assert_int_equal(a.status, 200);
    json_t *list = json_object_get(a.json, "errorIssues");
    assert_int_equal(json_array_size(list), 1); /* handled errors are none of Play's */
    assert_string_equal(drive_text(&a, "errorIssues.0.cause"), "IllegalStateException");
    assert_string_equal(drive_text(&a, "errorIssues.0.location"), "ShareSheet.onResult");
    assert_string_equal(drive_text(&a, "errorIssues.0.type"), "CRASH");
    assert_string_equal(drive_text(&a, "errorIssues.0.firstAppVersion.versionCode"), "2025011401");
    int64_t end = reporting_fresh_until(f->sim->world, REPORTING_COUNTS, REPORTING_HOURLY);
    uint64_t events = 0;
    uint64_t users = 0;
    world_issue_counts(f->sim->world, &f->sim->world->issues[1], end - DAY_MS, end, &events, &users);
    assert_int_equal(strtoull(drive_text(&a, "errorIssues.0.errorReportCount"), NULL, 10), events);
    assert_int_equal(strtoull(drive_text(&a, "errorIssues.0.distinctUsers"), NULL, 10), users);
    drive_clear(&a);
    a = call(f, "GET", "errorIssues:search?filter=versionCode%3D1&orderBy=distinctUsers%20asc", NULL);
    assert_string_equal(a.body, "{}");
    drive_clear(&a);
    a = call(f, "GET",
             "errorIssues:search?filter=versionCode%3D2025011401%20OR%20versionCode%3D2025010704"
             "%20AND%20errorIssueType%3DCRASH&pageSize=1&orderBy=errorReportCount%20desc",
             NULL);
    assert_int_equal(json_array_size(json_object_get(a.json, "errorIssues")), 1);
    assert_non_null(drive_text(&a, "nextPageToken"));
    drive_clear(&a);
}

static void wrong_searches_are_refused(void **state)
{
    static const struct {
        const char *query, *text;
    } cases[] = {
        {"interval.startTime.timeZone.id=America/Los_Angeles", "Unsupported timezone"},
        {"interval.endTime.utcOffset=0s", "Unsupported utc_offset"},
        {"interval.startTime.year=2026&interval.startTime.month=13&interval.startTime.day=1",
         "Invalid date"},
        {"interval.startTime.year=x", "Invalid value"},
        {"interval.startTime.year=2099&interval.startTime.month=1&interval.startTime.day=1",
         "Invalid interval"},
        {"interval.start.year=2026", "Unknown name"},
        {"filter=versionCode", "Invalid filter"},
        {"filter=versionCode%3D4x", "Invalid filter"},
        {"filter=colour%3D4", "Unsupported filter"},
        {"orderBy=errorReportCount", "Invalid order_by"},
        {"orderBy=age%20desc", "Invalid order_by"},
        {"pageSize=-1", "Invalid page_size"},
        {"pageToken=x", "Invalid page token"},
        {"sampleErrorReportLimit=2", "sample_error_report_limit"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = sim_printf("errorIssues:search?%s", cases[i].query);
        expect(call(*state, "GET", path, NULL), 400, cases[i].text, cases[i].query);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_reporting_scope_opens_it),
        cmocka_unit_test(paths_that_do_not_exist),
        cmocka_unit_test(ten_queries_a_second),
        cmocka_unit_test(hours_and_days_are_late),
        cmocka_unit_test(pacific_days_through_both_changes_of_clocks),
        cmocka_unit_test(rates_are_the_worlds),
        cmocka_unit_test(slow_starts_and_counts_need_their_dimension),
        cmocka_unit_test(a_daily_query_without_a_zone_answers_nothing),
        cmocka_unit_test(pages_belong_to_their_query),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(other_cohorts_are_empty),
        cmocka_unit_test(issues_of_a_version),
        cmocka_unit_test(wrong_searches_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
