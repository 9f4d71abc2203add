/* test_sentry.c: the exact requests to Sentry, and what its replies become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_sentry;

#define ACCOUNT "id: sentry\nkind: sentry\norganization: acme\ntoken_env: T\n"
#define BINDING                                                                                    \
    "project: app-android\nenvironment: production\nrelease: \"com.acme.app@{version}+{build}\"\n"

#define SESSIONS  "GET /api/0/organizations/acme/sessions/"
#define SCOPE     "?project=app-android&environment=production&statsPeriod="
#define BY_STATUS "&field=sum%28session%29&groupBy=release&groupBy=session.status&query="
#define BOTH      "release%3A%5Bcom.acme.app%402.15.3%2B153,com.acme.app%402.15.2%2B152%5D"
#define NEW_ONLY  "release%3A%22com.acme.app%402.15.3%2B153%22"
#define DAY_5M    SESSIONS SCOPE "24h&interval=5m" BY_STATUS BOTH
#define DAY_1H    SESSIONS SCOPE "24h&interval=1h" BY_STATUS BOTH
#define TOTAL_5M  SESSIONS SCOPE "24h&interval=5m&field=sum%28session%29&includeSeries=0"
#define TOTAL_1H  SESSIONS SCOPE "24h&interval=1h&field=sum%28session%29&includeSeries=0"
#define ISSUES                                                                                     \
    "GET /api/0/organizations/acme/issues/?project=app-android&environment=production&query="      \
    "is%3Aunresolved%20first-release%3A%22com.acme.app%402.15.3%2B153%22&sort=freq&statsPeriod="   \
    "24h&limit=10&collapse=stats"
#define NEAR "GET /api/0/organizations/acme/releases/?project=app-android&query=2.15.3&per_page=5"

#define NEW_NAME "com.acme.app@2.15.3+153"
#define OLD_NAME "com.acme.app@2.15.2+152"

static const int64_t now = INT64_C(1768899720000); /* 2026-01-20T09:02:00Z */

static const struct sw_rollout versions = {.state = SW_STATE_ROLLING,
                                           .version = "2.15.3",
                                           .build = "153",
                                           .previous_version = "2.15.2",
                                           .previous_build = "152"};

/* ---------------------------------------------------------------- fixtures */

/* Sessions of one status of one release: `each` in every bucket, `last` in the newest. */
struct group {
    const char *release, *status;
    int each, last;
};

static void add_group(struct sw_buf *buf, const struct group *group, size_t buckets)
{
    int total = group->each * ((int)buckets - 1) + group->last;
    sw_buf_printf(buf,
                  "{\"by\":{\"release\":\"%s\",\"session.status\":\"%s\"},"
                  "\"totals\":{\"sum(session)\":%d},\"series\":{\"sum(session)\":[",
                  group->release, group->status, total);
    for (size_t i = 0; i < buckets; i++)
        sw_buf_printf(buf, "%s%d%s", i ? "," : "", i + 1 < buckets ? group->each : group->last,
                      i % 2 ? "" : ".0"); /* both forms occur */
    sw_buf_add(buf, "]}}");
}

/* A reply whose last bucket ends at end_ms. The caller frees. */
static char *sessions(size_t buckets, int bucket_s, int64_t end_ms, const struct group *groups,
                      size_t count)
{
    struct sw_buf buf;
    char text[SW_TIME_TEXT];
    int64_t start = end_ms - (int64_t)buckets * bucket_s * 1000;
    sw_buf_init(&buf, 1 << 20);
    sw_buf_printf(&buf, "{\"start\":\"%s\",", sw_time_format(start, text));
    sw_buf_printf(&buf, "\"end\":\"%s\",\"query\":\"\",\"intervals\":[",
                  sw_time_format(end_ms, text));
    for (size_t i = 0; i < buckets; i++)
        sw_buf_printf(&buf, "%s\"%s\"", i ? "," : "",
                      sw_time_format(start + (int64_t)i * bucket_s * 1000, text));
    sw_buf_add(&buf, "],\"groups\":[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            sw_buf_addc(&buf, ',');
        add_group(&buf, &groups[i], buckets);
    }
    sw_buf_add(&buf, "]}");
    return sw_buf_take(&buf);
}

static const int64_t end_5m = INT64_C(1768899900000); /* 09:05:00Z, the running bucket's end */
static const int64_t end_1h = INT64_C(1768903200000); /* 10:00:00Z */

static const struct group day[] = {
    {NEW_NAME, "healthy", 95, 50}, {NEW_NAME, "errored", 3, 0},   {NEW_NAME, "abnormal", 1, 0},
    {NEW_NAME, "crashed", 1, 0},   {NEW_NAME, "unhandled", 2, 2}, /* a part of errored: must not
                                                                     count */
    {OLD_NAME, "healthy", 900, 0}, {OLD_NAME, "crashed", 0, 0},
};

static const char total_10000[] =
    "{\"start\":\"2026-01-19T09:00:00Z\",\"end\":\"2026-01-20T09:05:00Z\",\"intervals\":[],"
    "\"groups\":[{\"by\":{},\"totals\":{\"sum(session)\":578100}}]}";

static struct sw_flow *new_flow(const char *binding, enum sw_metric metric)
{
    struct sw_flow *flow = flow_new(&sw_source_sentry, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, binding);
    flow_set_now(flow, now);
    target->metric = metric;
    target->windows_s[0] = 3600;
    target->windows_s[1] = 86400;
    target->window_count = 2;
    target->rollout = &versions;
    return flow;
}

static void expect_ok(struct sw_flow *flow)
{
    struct sw_error err = {0};
    enum sw_code code = flow_observe(flow, &err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    if (code != SW_OK)
        fail_msg("code %d: %s", code, err.text);
}

static void expect_reading(const struct sw_reading *r, double n, double bad)
{
    assert_non_null(r);
    assert_true(r->n.is_known && r->bad.is_known && r->value.is_known);
    assert_true(r->n.value == n);
    assert_true(r->bad.value == bad);
    double expected = 100 * (1 - bad / n);
    assert_true(r->value.value > expected - 1e-9 && r->value.value < expected + 1e-9);
}

/* ------------------------------------------------------------------- tests */

static void test_windows_are_sums_over_buckets(void **state)
{
    (void)state;
    char *reply = sessions(289, 300, end_5m, day, SW_ARRAY_LEN(day));
    const struct flow_step steps[] = {
        {.request = DAY_5M, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    /* An hour is 12 closed buckets of 100 (1 crashed) and the running one of 50. */
    const struct sw_reading *hour =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 3600);
    expect_reading(hour, 1250, 12);
    assert_true(hour->true_for_ms == now); /* the running bucket's end is still to come */
    assert_true(hour->observed_at_ms == now);
    assert_string_equal(hour->origin, "sessions, 2026-01-20T08:00:00Z to 2026-01-20T09:02:00Z, "
                                      "com.acme.app@2.15.3+153, production");
    expect_reading(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 86400),
                   288 * 100 + 50, 288);
    expect_reading(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_OLD, 3600),
                   12 * 900, 0);
    free(reply);
    flow_free(flow);
}

static void test_series_and_adoption(void **state)
{
    (void)state;
    char *reply = sessions(289, 300, end_5m, day, SW_ARRAY_LEN(day));
    const struct flow_step steps[] = {
        {.request = DAY_5M, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    const struct flow_reports *reports = flow_reports(flow);
    assert_int_equal(reports->series_count, 2);
    const struct sw_series *series = &reports->series[0].series;
    assert_int_equal(series->side, SW_SIDE_NEW);
    assert_int_equal(series->bucket_s, 300);
    assert_int_equal(series->count, 289);
    assert_true(series->buckets[288].start_ms == end_5m - 300000);
    assert_true(series->buckets[287].n == 100 && series->buckets[287].bad == 1);
    assert_true(series->buckets[288].n == 50 && series->buckets[288].bad == 0);
    const struct sw_reading *adoption =
        flow_reading(flow, 0, SW_METRIC_ADOPTION, SW_SIDE_NEW, 86400);
    assert_non_null(adoption);
    assert_true(adoption->n.value == 578100);
    double share = 100.0 * 28850 / 578100;
    assert_true(adoption->value.is_known && adoption->value.value > share - 1e-9 &&
                adoption->value.value < share + 1e-9);
    free(reply);
    flow_free(flow);
}

static void test_hours_where_five_minutes_are_refused(void **state)
{
    (void)state;
    char *reply = sessions(25, 3600, end_1h, day, SW_ARRAY_LEN(day));
    const struct flow_step first[] = {
        {.request = DAY_5M,
         .status = 400,
         .reply = "{\"detail\":\"The interval has to be a multiple of the minimum interval of one "
                  "hour.\"}"},
        {.request = DAY_1H, .status = 200, .reply = reply},
        {.request = TOTAL_1H, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    const struct flow_step second[] = {
        {.request = DAY_1H, .status = 200, .reply = reply},
        {.request = TOTAL_1H, .status = 200, .reply = total_10000},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    flow_script(flow, first, SW_ARRAY_LEN(first));
    expect_ok(flow);
    /* One closed hour and the running one. */
    expect_reading(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 3600), 150, 1);
    assert_int_equal(flow_reports(flow)->series[0].series.bucket_s, 3600);
    /* The refusal is remembered, and issues are not due again. */
    flow_set_now(flow, now + 60000);
    flow_script(flow, second, SW_ARRAY_LEN(second));
    expect_ok(flow);
    free(reply);
    flow_free(flow);
}

static void test_no_sessions_yet_is_not_a_rate(void **state)
{
    (void)state;
    static const struct group old_only[] = {{OLD_NAME, "healthy", 900, 0}};
    char *reply = sessions(289, 300, end_5m, old_only, 1);
    const struct flow_step steps[] = {
        {.request = DAY_5M, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = NEAR,
         .status = 200,
         .reply = "[{\"version\":\"com.acme.app@2.15.3+20250114\"},{\"version\":7}]"},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    const struct sw_reading *r =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 3600);
    assert_non_null(r);
    assert_false(r->value.is_known);
    assert_true(r->n.is_known && r->n.value == 0);
    assert_non_null(strstr(r->origin, "Sentry has com.acme.app@2.15.3+20250114"));
    const struct sw_reading *adoption =
        flow_reading(flow, 0, SW_METRIC_ADOPTION, SW_SIDE_NEW, 86400);
    assert_true(adoption->value.is_known && adoption->value.value == 0);
    free(reply);
    flow_free(flow);
}

static void test_users_are_asked_by_window(void **state)
{
    (void)state;
#define USERS                                                                                      \
    "&field=count_unique%28user%29&field=crash_free_rate%28user%29&groupBy=release&query=" BOTH    \
    "&includeSeries=0"
#define FRAME "{\"start\":\"2026-01-20T08:00:00Z\",\"end\":\"2026-01-20T09:05:00Z\",\"groups\":["
    const struct flow_step steps[] = {
        {.request = SESSIONS SCOPE "1h&interval=5m" USERS,
         .status = 200,
         .reply = FRAME "{\"by\":{\"release\":\"" NEW_NAME "\"},\"totals\":{"
                        "\"count_unique(user)\":400,\"crash_free_rate(user)\":0.9975}},"
                        "{\"by\":{\"release\":null},\"totals\":{}}]}"},
        {.request = SESSIONS SCOPE "24h&interval=5m" USERS,
         .status = 200,
         .reply = FRAME "{\"by\":{\"release\":\"" NEW_NAME "\"},\"totals\":{"
                        "\"count_unique(user)\":0,\"crash_free_rate(user)\":null}}]}"},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_USERS);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    const struct sw_reading *hour =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 3600);
    assert_true(hour->value.is_known && hour->value.value == 99.75);
    assert_true(hour->n.value == 400);
    assert_false(hour->bad.is_known); /* the source gives no count */
    const struct sw_reading *old =
        flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_OLD, 3600);
    assert_true(!old->value.is_known && old->n.is_known && old->n.value == 0);
    assert_false(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_USERS, SW_SIDE_NEW, 86400)
                     ->value.is_known); /* null */
    flow_free(flow);
}

static void test_issues(void **state)
{
    (void)state;
    char *reply = sessions(289, 300, end_5m, day, SW_ARRAY_LEN(day));
    const struct flow_step steps[] = {
        {.request = DAY_5M, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES,
         .status = 200,
         .reply = "[{\"id\":\"59\",\"shortId\":\"ACME-9KQ\",\"title\":\"Null\\u001b[31mPointer\","
                  "\"culprit\":\"WorkoutTimer.tick\",\"count\":\"38\",\"userCount\":31,"
                  "\"firstSeen\":\"2026-01-20T02:11:00Z\"},"
                  "{\"title\":\"T\",\"count\":\"9\",\"userCount\":9,\"firstSeen\":"
                  "\"2026-01-20T08:00:00Z\",\"filtered\":{\"count\":\"4\",\"userCount\":3},"
                  "\"lifetime\":{\"firstSeen\":\"2026-01-20T02:11:00Z\"}},"
                  "{\"title\":\"U\",\"count\":\"9\",\"filtered\":null},"
                  "{\"title\":null,\"culprit\":null,\"count\":\"many\",\"userCount\":-4},"
                  "\"no object\"]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    assert_int_equal(flow_reports(flow)->issues_count, 1);
    const struct flow_issues *issues = &flow_reports(flow)->issues[0];
    assert_int_equal(issues->count, 4);
    assert_string_equal(issues->items[0].title, "Null\xef\xbf\xbd[31mPointer");
    assert_string_equal(issues->items[0].culprit, "WorkoutTimer.tick");
    assert_string_equal(issues->items[0].id, "ACME-9KQ");
    assert_true(issues->items[0].events == 38 && issues->items[0].users == 31);
    assert_true(issues->items[0].first_seen_ms == INT64_C(1768875060000));
    assert_true(issues->items[0].is_new);
    assert_true(issues->items[3].events == -1 && issues->items[3].users == -1);
    assert_string_equal(issues->items[3].title, "");
    assert_true(issues->items[1].events == 4 && issues->items[1].users == 3);
    assert_true(issues->items[1].first_seen_ms == INT64_C(1768875060000));
    assert_true(issues->items[2].events == 9 && issues->items[2].users == -1);
    free(reply);
    flow_free(flow);
}

struct failure {
    const char *name;
    int status;
    const char *reply;
    enum sw_code code;
    const char *text;
};

static const struct failure failures[] = {
    {"wrong token", 401, "{\"detail\":\"Invalid token\"}", SW_E_AUTH,
     "401 Invalid token; the token"},
    {"missing scope", 403, "{\"detail\":\"You do not have permission\"}", SW_E_DENIED, "org:read"},
    {"detail is an object", 403,
     "{\"detail\":{\"code\":\"sso-required\",\"message\":\"Must login with SSO\",\"extra\":{}}}",
     SW_E_DENIED, "Must login with SSO"},
    {"wrong project", 404, "{\"detail\":\"not found\"}", SW_E_NOT_FOUND, "check organization"},
    {"bare string of the limiter", 429,
     "\"You are attempting to use this endpoint too frequently. Limit is 40 requests in 1 "
     "seconds\"",
     SW_E_QUOTA, "Limit is 40 requests"},
    {"a proxy's page", 502, "<html>Bad Gateway</html>", SW_E_HTTP, "502 without a reason"},
    {"validation error", 400, "{\"project\":[\"Invalid project\"]}", SW_E_CONFIG,
     "Invalid project"},
    {"not JSON", 200, "gateway", SW_E_PARSE, "sessions"},
    {"not an object", 200, "[]", SW_E_PARSE, ""},
    {"count is text", 200,
     "{\"start\":\"2026-01-20T09:00:00Z\",\"end\":\"2026-01-20T09:05:00Z\","
     "\"intervals\":[\"2026-01-20T09:00:00Z\"],\"groups\":[{\"by\":{\"release\":\"" NEW_NAME "\","
     "\"session.status\":\"crashed\"},\"totals\":{\"sum(session)\":1},"
     "\"series\":{\"sum(session)\":[\"1\"]}}]}",
     SW_E_PARSE, "is not a count"},
    {"series of another length", 200,
     "{\"start\":\"2026-01-20T09:00:00Z\",\"end\":\"2026-01-20T09:05:00Z\","
     "\"intervals\":[\"2026-01-20T09:00:00Z\"],\"groups\":[{\"by\":{\"release\":\"" NEW_NAME "\","
     "\"session.status\":\"crashed\"},\"totals\":{\"sum(session)\":1},"
     "\"series\":{\"sum(session)\":[1,2]}}]}",
     SW_E_PARSE, "2 values for 1 intervals"},
    {"uneven intervals", 200,
     "{\"start\":\"2026-01-20T09:00:00Z\",\"end\":\"2026-01-20T09:10:00Z\","
     "\"intervals\":[\"2026-01-20T09:00:00Z\",\"2026-01-20T09:09:00Z\"],\"groups\":[]}",
     SW_E_PARSE, "intervals[1]"},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(failures); i++) {
        const struct failure *f = &failures[i];
        const struct flow_step step = {.request = DAY_5M, .status = f->status, .reply = f->reply};
        struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
        struct sw_error err = {0};
        flow_script(flow, &step, 1);
        enum sw_code code = flow_observe(flow, &err);
        if (flow_mismatch(flow))
            fail_msg("%s: %s", f->name, flow_mismatch(flow));
        if (code != f->code || err.code != f->code || !strstr(err.text, f->text))
            fail_msg("%s: code %d, \"%s\"", f->name, code, err.text);
        if (flow_reports(flow)->reading_count != 0)
            fail_msg("%s: reported a reading", f->name);
        flow_free(flow);
    }
}

static void test_issues_failing_keeps_the_figures(void **state)
{
    (void)state;
    char *reply = sessions(289, 300, end_5m, day, SW_ARRAY_LEN(day));
    const struct flow_step steps[] = {
        {.request = DAY_5M, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 403, .reply = "{\"detail\":\"no\"}"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    struct sw_error err = {0};
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(flow_observe(flow, &err), SW_E_DENIED);
    assert_null(flow_mismatch(flow));
    assert_non_null(strstr(err.text, "event:read"));
    assert_int_equal(flow_reports(flow)->issues_count, 0);
    assert_non_null(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 3600));
    free(reply);
    flow_free(flow);
}

/* ------------------------------------------------------------ release names */

static void test_nothing_is_asked_without_a_version(void **state)
{
    (void)state;
    static const struct sw_rollout none = {.state = SW_STATE_NONE};
    static const struct sw_rollout nameless = {.state = SW_STATE_ROLLING, .version = "2.15.3"};
    static const struct {
        const struct sw_rollout *rollout;
        enum sw_code code;
    } cases[] = {{NULL, SW_E_STALE}, {&nameless, SW_E_STALE}, {&none, SW_OK}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
        struct sw_error err = {0};
        ((struct sw_target *)(uintptr_t)sw_flow_target(flow, 0))->rollout = cases[i].rollout;
        assert_int_equal(flow_observe(flow, &err), cases[i].code);
        assert_true(cases[i].code == SW_OK || strstr(err.text, "Sentry was not asked"));
        assert_int_equal(flow_exchanges(flow), 0);
        assert_int_equal(flow_reports(flow)->reading_count, 0);
        flow_free(flow);
    }
}

static void test_without_a_previous_version_only_the_new_one(void **state)
{
    (void)state;
    struct sw_rollout first = versions;
    first.previous_build[0] = '\0';
    char *reply = sessions(289, 300, end_5m, day, 4);
    const struct flow_step steps[] = {
        {.request = SESSIONS SCOPE "24h&interval=5m" BY_STATUS NEW_ONLY,
         .status = 200,
         .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 200, .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    ((struct sw_target *)(uintptr_t)sw_flow_target(flow, 0))->rollout = &first;
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    assert_null(flow_reading(flow, 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_OLD, 3600));
    free(reply);
    flow_free(flow);
}

static void test_bad_release_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *template, *version, *text;
    } cases[] = {
        {"{version}", "2.15.3\\\" OR release:\\\"x", "no Sentry release"},
        {"app@{version}", "1/2", "no Sentry release"},
        {"app@{version}", "2.*", "no Sentry release"},
        {"{version}", "latest", "no Sentry release"},
        {"{version}", "..", "no Sentry release"},
        {"app@{versoin}", "1", "only {version} and {build}"},
        {"app@{version}}", "1", "only {version} and {build}"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char binding[200];
        struct sw_rollout rollout = versions;
        struct sw_error err = {0};
        sw_format(binding, sizeof binding, "project: p\nrelease: \"%s\"\n", cases[i].template);
        sw_copy(rollout.version, sizeof rollout.version, cases[i].version);
        struct sw_flow *flow = new_flow(binding, SW_METRIC_CRASH_FREE_SESSIONS);
        ((struct sw_target *)(uintptr_t)sw_flow_target(flow, 0))->rollout = &rollout;
        enum sw_code code = flow_observe(flow, &err);
        if (code != SW_E_CONFIG || !strstr(err.text, cases[i].text) || flow_exchanges(flow))
            fail_msg("%s with %s: %d \"%s\"", cases[i].template, cases[i].version, code, err.text);
        flow_free(flow);
    }
}

/* Two platforms of one project: their releases are asked for in one query, in lists of four. */
static void test_platforms_of_one_project_share_a_query(void **state)
{
    (void)state;
#define FOUR                                                                                       \
    "release%3A%5Bcom.acme.app%402.15.3%2B153,com.acme.app%402.15.2%2B152,%22wear%20app%402%22,"   \
    "%22wear%20app%401%22%5D"
    static const struct group both[] = {{NEW_NAME, "healthy", 1, 1},
                                        {"wear app@2", "crashed", 2, 2}};
    static const struct sw_rollout wear = {.version = "2", .previous_version = "1"};
    char *reply = sessions(289, 300, end_5m, both, 2);
    const struct flow_step steps[] = {
        {.request = SESSIONS SCOPE "24h&interval=5m" BY_STATUS FOUR, .status = 200, .reply = reply},
        {.request = TOTAL_5M, .status = 200, .reply = total_10000},
        {.request = ISSUES, .status = 200, .reply = "[]"},
        {.request = "GET /api/0/organizations/acme/issues/?project=app-android&environment="
                    "production&query=is%3Aunresolved%20first-release%3A%22wear%20app%402%22&sort="
                    "freq&statsPeriod=24h&limit=10&collapse=stats",
         .status = 200,
         .reply = "[]"},
    };
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    struct sw_target *second = flow_add_target(
        flow, SW_ROLE_HEALTH,
        "project: app-android\nenvironment: production\nrelease: \"wear app@{version}\"\n");
    second->metric = SW_METRIC_CRASH_FREE_SESSIONS;
    second->windows_s[0] = 3600;
    second->window_count = 1;
    second->rollout = &wear;
    second->platform_id = "wear";
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    expect_ok(flow);
    expect_reading(flow_reading(flow, 1, SW_METRIC_CRASH_FREE_SESSIONS, SW_SIDE_NEW, 3600), 26, 26);
    free(reply);
    flow_free(flow);
}

static void test_unit_is_the_project(void **state)
{
    (void)state;
    struct sw_flow *flow = new_flow(BINDING, SW_METRIC_CRASH_FREE_SESSIONS);
    char key[32];
    sw_source_sentry.unit_key(sw_flow_target(flow, 0), key, sizeof key);
    assert_string_equal(key, "app-android");
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_are_sums_over_buckets),
        cmocka_unit_test(test_series_and_adoption),
        cmocka_unit_test(test_hours_where_five_minutes_are_refused),
        cmocka_unit_test(test_no_sessions_yet_is_not_a_rate),
        cmocka_unit_test(test_users_are_asked_by_window),
        cmocka_unit_test(test_issues),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_issues_failing_keeps_the_figures),
        cmocka_unit_test(test_nothing_is_asked_without_a_version),
        cmocka_unit_test(test_without_a_previous_version_only_the_new_one),
        cmocka_unit_test(test_bad_release_names_are_refused),
        cmocka_unit_test(test_platforms_of_one_project_share_a_query),
        cmocka_unit_test(test_unit_is_the_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
