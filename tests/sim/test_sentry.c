/* Sentry's dialect without a socket: figures against the world, and its refusals. */
#include "drive.h"
#include "world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORG "/api/0/organizations/acme/"
#define NEW_ENC "com.acme.app%402.15.3%2B2025011401"
#define OLD_ENC "com.acme.app%402.15.2%2B2025010702"

static int setup(void **state)
{
    *state = sim_new("rollout-week", 1, 1);
    return *state == NULL;
}

static int teardown(void **state)
{
    sim_free(*state);
    return 0;
}

static struct drive_answer get(struct sim *sim, const char *rest)
{
    char *target = sim_printf(ORG "%s", rest);
    struct drive_answer a =
        drive_call(sim, "sentry", "GET", target, sim->creds->sentry_token, NULL, NULL);

    free(target);
    return a;
}

static void refusals(void **state)
{
    static const struct {
        const char *rest;
        int status;
        const char *text;
    } cases[] = {
        {"sessions/?statsPeriod=1h", 400, "Request is missing a \\\"field\\\""},
        {"sessions/?field=sum(sessions)", 400, "Invalid field: \\\"sum(sessions)\\\""},
        {"sessions/?field=sum(session)&groupBy=os", 400, "Invalid groupBy: \\\"os\\\""},
        {"sessions/?field=sum(session)&statPeriod=1h", 400, "statPeriod"},
        {"sessions/?field=sum(session)&statsPeriod=1x", 400, "statsPeriod"},
        {"sessions/?field=sum(session)&interval=7s", 400, "multiple of the minimum interval"},
        {"sessions/?field=sum(session)&interval=2d", 400, "less than one day"},
        {"sessions/?field=sum(session)&interval=7h", 400, "divide one day"},
        {"sessions/?field=sum(session)&statsPeriod=90d&interval=1h", 400, "too many results"},
        {"sessions/?statsPeriod=1h&field=sum(session)&query=user:1", 400, "Invalid query field: \\\"user\\\""},
        {"sessions/?statsPeriod=1h&field=sum(session)&query=release:com.acme*", 400, "wildcard"},
        {"sessions/?statsPeriod=1h&field=sum(session)&query=release:", 400, "parse"},
        {"sessions/?statsPeriod=1h&field=sum(session)&query=session.status:crashed+OR+release:x", 400,
         "Unable to parse condition with session.status"},
        {"sessions/?statsPeriod=1h&field=crash_free_rate(session)&groupBy=session.status", 400,
         "Cannot group field crash_free_rate(session) by session.status"},
        {"sessions/?statsPeriod=1h&field=count_unique(user)&query=session.status:[crashed,healthy]", 400,
         "Cannot filter count_unique"},
        {"sessions/?statsPeriod=1h&field=sum(session)&orderBy=-count_unique(user)&groupBy=release", 400,
         "'orderBy' must be one of the provided 'fields'"},
        {"sessions/?statsPeriod=1h&field=sum(session)&orderBy=-release.timestamp", 400, "must be in the groupBy"},
        {"sessions/?statsPeriod=1h&field=sum(session)&groupBy=release&orderBy=-release.timestamp&per_page=100",
         400, "below 100"},
        {"sessions/?statsPeriod=1h&field=sum(session)&environment=Production", 404, "does not exist"},
        {"sessions/?statsPeriod=1h&field=sum(session)&project=app-ipad", 403, "permission"},
        {"releases/com.acme.app%409.9.9%2B1/", 404, "does not exist"},
        {"releases/?summaryStatsPeriod=3h", 400, "Invalid summaryStatsPeriod"},
        {"releases/?sort=users", 400, "requires flattening"},
        {"releases/?per_page=101", 400, "per_page"},
        {"issues/?sort=oldest", 400, "is not a valid choice"},
        {"issues/?limit=500", 400, "limit"},
        {"issues/?query=is:broken", 400, "Invalid value"},
        {"issues/?cursor=zero", 400, "cursor"},
        {"nothing/", 404, "Page Not Found"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drive_answer a = get(*state, cases[i].rest);
        if (a.status != cases[i].status || strstr(a.body, cases[i].text) == NULL)
            fail_msg("%s: got %d %s", cases[i].rest, a.status, a.body);
        drive_clear(&a);
    }
}

static void tokens_and_paths(void **state)
{
    struct sim *sim = *state;
    const struct {
        const char *target, *token;
        const char *method;
        int status;
    } cases[] = {
        {"/api/0/", NULL, "GET", 200},
        {ORG, NULL, "GET", 401},
        {ORG, "sntryi_wrong", "GET", 401},
        {ORG, sim->creds->sentry_token, "GET", 200},
        {"/api/0/organizations/4505000001/", sim->creds->sentry_token, "GET", 200},
        {"/api/0/organizations/other/", sim->creds->sentry_token, "GET", 404},
        {"/api/0/organizations/acme", sim->creds->sentry_token, "GET", 301},
        {ORG "releases/", sim->creds->sentry_ci_token, "GET", 200},
        {ORG "sessions/?field=sum(session)&statsPeriod=1h", sim->creds->sentry_ci_token, "GET", 403},
        {ORG "issues/", sim->creds->sentry_ci_token, "GET", 403},
        {ORG "releases/" NEW_ENC "/deploys/", sim->creds->sentry_token, "POST", 403},
        {ORG "environments/", sim->creds->sentry_token, "GET", 200},
        {ORG "projects/", sim->creds->sentry_token, "GET", 200},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drive_answer a = drive_call(sim, "sentry", cases[i].method, cases[i].target,
                                           cases[i].token, NULL, NULL);
        if (a.status != cases[i].status)
            fail_msg("%s: got %d %s", cases[i].target, a.status, a.body);
        drive_clear(&a);
    }
}

static int64_t time_at(const struct drive_answer *a, const char *path)
{
    int64_t ms = 0;
    const char *text = drive_text(a, path);

    assert_non_null(text);
    assert_true(sim_rfc3339_parse(text, &ms));
    return ms;
}

/* Both releases in one request, as the world counts them in the window the reply states. */
static void sessions_are_the_worlds(void **state)
{
    struct sim *sim = *state;
    struct drive_answer a =
        get(sim, "sessions/?project=app-android&environment=production&field=sum%28session%29"
                 "&field=count_unique%28user%29&field=crash_free_rate%28session%29"
                 "&field=crash_free_rate%28user%29&groupBy=release"
                 "&query=release%3A%5B" NEW_ENC "%2C" OLD_ENC "%5D&statsPeriod=1h&interval=5m");
    int64_t start = time_at(&a, "start");
    int64_t end = time_at(&a, "end");
    size_t n = json_array_size(drive_at(a.json, "intervals"));

    assert_int_equal(a.status, 200);
    assert_true(start % 300000 == 0 && end % 300000 == 0);
    assert_true(end >= sim->world->now_ms && start <= sim->world->now_ms - 3600000);
    assert_int_equal(n, (end - start) / 300000);
    assert_int_equal(json_array_size(drive_at(a.json, "groups")), 2);
    for (size_t g = 0; g < 2; g++) {
        json_t *group = json_array_get(drive_at(a.json, "groups"), g);
        struct world_app *app = NULL;
        struct world_version *v = world_release_find(
            sim->world, json_string_value(drive_at(group, "by.release")), &app);
        assert_non_null(v);
        struct world_health h = world_health(sim->world, app, v, start, end);
        json_t *totals = drive_at(group, "totals");
        assert_int_equal(json_integer_value(json_object_get(totals, "sum(session)")), h.sessions);
        assert_int_equal(json_integer_value(json_object_get(totals, "count_unique(user)")), h.users);
        assert_true(fabs(json_real_value(json_object_get(totals, "crash_free_rate(session)")) -
                         (1 - (double)h.crashes / (double)h.sessions)) < 1e-12);
        json_int_t sum = 0;
        json_t *series = json_object_get(drive_at(group, "series"), "sum(session)");
        assert_int_equal(json_array_size(series), n);
        for (size_t i = 0; i < n; i++)
            sum += json_integer_value(json_array_get(series, i));
        assert_int_equal(sum, h.sessions);
    }
    drive_clear(&a);
}

static void nothing_is_null_not_zero(void **state)
{
    struct sim *sim = *state;
    struct drive_answer a = get(sim, "sessions/?field=sum(session)&field=crash_free_rate(session)"
                                     "&start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z"
                                     "&interval=1d");

    assert_int_equal(json_array_size(drive_at(a.json, "groups")), 1);
    json_t *totals = drive_at(a.json, "groups.0.totals");
    assert_true(json_is_integer(json_object_get(totals, "sum(session)")));
    assert_true(json_is_null(json_object_get(totals, "crash_free_rate(session)")));
    drive_clear(&a);

    a = get(sim, "sessions/?field=sum(session)&groupBy=release&start=2020-01-01T00:00:00Z"
                 "&end=2020-01-02T00:00:00Z");
    assert_true(json_is_array(drive_at(a.json, "groups")));
    assert_int_equal(json_array_size(drive_at(a.json, "groups")), 0);
    drive_clear(&a);

    a = get(sim, "sessions/?field=sum(session)&groupBy=session.status&start=2020-01-01T00:00:00Z"
                 "&end=2020-01-02T00:00:00Z&includeSeries=0");
    assert_int_equal(json_array_size(drive_at(a.json, "groups")), 4);
    assert_null(drive_at(a.json, "groups.0.series"));
    drive_clear(&a);
}

static void windows_widen_outwards(void **state)
{
    static const struct {
        const char *rest;
        size_t low, high; /* intervals */
    } cases[] = {
        {"sessions/?field=sum(session)&statsPeriod=24h&interval=1h", 24, 25},
        {"sessions/?field=sum(session)&statsPeriod=1d&interval=1d", 1, 2},
        {"sessions/?field=sum(session)&statsPeriod=1h&interval=10s", 360, 361},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drive_answer a = get(*state, cases[i].rest);
        size_t n = json_array_size(drive_at(a.json, "intervals"));
        assert_true(n >= cases[i].low && n <= cases[i].high);
        drive_clear(&a);
    }
}

static void releases_are_in_percent(void **state)
{
    struct sim *sim = *state;
    struct world_app *app = NULL;
    struct world_version *v =
        world_release_find(sim->world, "com.acme.app@2.15.3+2025011401", &app);
    struct drive_answer a =
        get(sim, "releases/" NEW_ENC "/?health=1&adoptionStages=1&summaryStatsPeriod=24h");
    struct world_health h = world_health(sim->world, app, v,
                                         sim->world->now_ms - (int64_t)86400 * 1000,
                                         sim->world->now_ms);

    assert_int_equal(a.status, 200);
    assert_string_equal(drive_text(&a, "version"), "com.acme.app@2.15.3+2025011401");
    assert_string_equal(drive_text(&a, "versionInfo.package"), "com.acme.app");
    double free_pct =
        json_real_value(drive_at(a.json, "projects.0.healthData.crashFreeSessions"));
    assert_true(fabs(free_pct - 100 * (1 - (double)h.crashes / (double)h.sessions)) < 1e-9);
    assert_true(json_number_value(drive_at(a.json, "projects.0.healthData.adoption")) > 5);
    assert_string_equal(drive_text(&a, "adoptionStages.app-android.stage"), "adopted");
    drive_clear(&a);
}

static void pages_end(void **state)
{
    struct drive_answer a = get(*state, "releases/?per_page=2&cursor=0:8:0");

    assert_int_equal(json_array_size(a.json), 1);
    const char *link = sim_reply_get_header(&a.reply, "Link");
    assert_non_null(strstr(link, "rel=\"previous\"; results=\"true\""));
    assert_non_null(strstr(link, "rel=\"next\"; results=\"false\""));
    drive_clear(&a);
    a = get(*state, "releases/?per_page=2");
    assert_int_equal(json_array_size(a.json), 2);
    link = sim_reply_get_header(&a.reply, "Link");
    assert_non_null(strstr(link, "rel=\"next\"; results=\"true\"; cursor=\"0:2:0\""));
    drive_clear(&a);
    a = get(*state, "releases/?query=2.15.3&project=4505322");
    assert_int_equal(json_array_size(a.json), 1);
    drive_clear(&a);
}

static void issues_of_the_new_release(void **state)
{
    struct sim *sim = *state;
    static const char rest[] =
        "issues/?project=4505322&environment=production&statsPeriod=24h&sort=freq&limit=10"
        "&collapse=stats&query=is%3Aunresolved%20first-release%3A%22" NEW_ENC "%22";
    struct drive_answer a = get(sim, rest);

    assert_int_equal(a.status, 200);
    assert_int_equal(json_array_size(a.json), 2);
    drive_clear(&a);
    pthread_mutex_lock(&sim->lock);
    sim_clock_set(sim, (int64_t)2 * 3600 * 1000, 1);
    pthread_mutex_unlock(&sim->lock);
    a = get(sim, rest);
    assert_int_equal(json_array_size(a.json), 3);
    bool found = false;
    for (size_t i = 0; i < 3; i++) {
        json_t *issue = json_array_get(a.json, i);
        if (strcmp(json_string_value(json_object_get(issue, "culprit")), "WorkoutTimer.tick") != 0)
            continue;
        found = true;
        assert_true(json_is_string(json_object_get(issue, "count")));
        assert_true(json_is_integer(json_object_get(issue, "userCount")));
        assert_true(strtol(json_string_value(json_object_get(issue, "count")), NULL, 10) > 10);
        assert_null(json_object_get(issue, "stats"));
        assert_non_null(json_object_get(issue, "lifetime"));
    }
    assert_true(found);
    drive_clear(&a);
}

static void too_often_is_a_bare_string(void **state)
{
    struct sim *sim = *state;
    int status = 200;

    for (int i = 0; i < 300 && status == 200; i++) {
        struct drive_answer a = get(sim, "environments/");
        status = a.status;
        assert_non_null(sim_reply_get_header(&a.reply, "X-Sentry-Rate-Limit-Remaining"));
        if (status == 429) {
            assert_true(json_is_string(a.json));
            assert_non_null(strstr(a.body, "too frequently"));
            assert_null(sim_reply_get_header(&a.reply, "Retry-After"));
        }
        drive_clear(&a);
    }
    assert_int_equal(status, 429);
}

int main(void)
{
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(refusals),
        WORLD_TEST(tokens_and_paths),
        WORLD_TEST(sessions_are_the_worlds),
        WORLD_TEST(nothing_is_null_not_zero),
        WORLD_TEST(windows_widen_outwards),
        WORLD_TEST(releases_are_in_percent),
        WORLD_TEST(pages_end),
        WORLD_TEST(issues_of_the_new_release),
        WORLD_TEST(too_often_is_a_bare_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
