/*
 * The command line on the simulated world, with no terminal: every figure of `status --json` beside
 * the world's own, every verb beside what the store then holds, and what is sent when nothing may
 * be.
 */
#include "run_cli.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "schema.h"

enum { SENTRY_BUCKET_S = 300 };

static struct simulator sim;
static struct cli_home home;

/* ---------------------------------------------------------------------- helpers */

static json_t *entry(json_t *list, const char *id)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return one;
    }
    fail_msg("there is no %s", id);
    return NULL;
}

static json_t *at(json_t *tree, const char *path)
{
    return simulator_at(tree, path);
}

static const char *text_at(json_t *tree, const char *path)
{
    const char *text = json_string_value(simulator_at(tree, path));
    return text != NULL ? text : "(null)";
}

static double number_at(json_t *tree, const char *path)
{
    json_t *number = simulator_at(tree, path);
    if (!json_is_number(number))
        fail_msg("%s is no number", path);
    return json_number_value(number);
}

static void expect_near(double got, double wanted, const char *what, const char *platform)
{
    if (fabs(got - wanted) > 1e-6 * fmax(1, fabs(wanted)))
        fail_msg("%s of %s: %.9g, in the world %.9g", what, platform, got, wanted);
}

static json_t *status_of(const char *line, int code)
{
    return cli_expect_json(&home, line, code, "status");
}

static json_t *world(void)
{
    return simulator_ask(&sim, "GET", "/world", NULL);
}

static double fraction_of(const char *platform, char *status, size_t size)
{
    json_t *all = world();
    json_t *store = json_object_get(entry(at(all, "platforms"), platform), "store");
    snprintf(status, size, "%s", text_at(store, "status"));
    json_t *fraction = json_object_get(store, "fraction");
    double value = json_is_number(fraction) ? json_number_value(fraction) : -1;
    json_decref(all);
    return value;
}

static void expect_android(const char *wanted, double fraction)
{
    char status[64];
    double is = fraction_of("android", status, sizeof status);
    assert_string_equal(status, wanted);
    assert_true(fabs(is - fraction) < 1e-9);
}

/* As in the store's console. */
static void put_android_back(void)
{
    simulator_do(&sim, "POST", "/world",
                 "{\"play\": {\"track\": \"production\", \"code\": 2025011401, \"status\": "
                 "\"inProgress\", \"fraction\": 0.2}}");
}

/* ---------------------------------------------------------------------- figures */

static int64_t parse_time(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(rest);
    return (int64_t)timegm(&tm) * 1000;
}

/* The exact counts of a window. */
static json_t *figures(const char *platform, const char *version, int64_t from_ms, int64_t to_ms)
{
    char path[256];
    snprintf(path, sizeof path, "/figures?platform=%s&version=%s&from=%lld&to=%lld", platform,
             version, (long long)from_ms, (long long)to_ms);
    return simulator_ask(&sim, "GET", path, NULL);
}

/* The window of a reading: its data end at true_for; a window begins where Sentry's bucket does. */
static void expect_sessions(json_t *platform, json_t *reading)
{
    const char *id = text_at(platform, "id");
    int64_t to_ms = parse_time(text_at(reading, "true_for"));
    int64_t from_ms = to_ms - (int64_t)number_at(reading, "window_s") * 1000;
    from_ms -= from_ms % (SENTRY_BUCKET_S * 1000);
    json_t *truth = figures(id, text_at(platform, "version"), from_ms, to_ms - to_ms % 60000);
    expect_near(number_at(reading, "n"), number_at(truth, "sessions"), "sessions", id);
    expect_near(number_at(reading, "bad"), number_at(truth, "crashes"), "crashes", id);
    expect_near(number_at(reading, "value"), number_at(truth, "crash_free_sessions"),
                "crash-free sessions", id);
    json_decref(truth);
    truth = figures(id, text_at(platform, "previous_version"), from_ms, to_ms - to_ms % 60000);
    expect_near(number_at(reading, "old_n"), number_at(truth, "sessions"), "old sessions", id);
    expect_near(number_at(reading, "old_value"), number_at(truth, "crash_free_sessions"),
                "old crash-free sessions", id);
    json_decref(truth);
}

static void expect_requests(json_t *platform, json_t *reading)
{
    const char *id = text_at(platform, "id");
    bool is_rate = strcmp(text_at(reading, "metric"), "error_rate") == 0;
    int64_t to_ms = parse_time(text_at(reading, "true_for"));
    json_t *truth = figures(id, "", to_ms - (int64_t)number_at(reading, "window_s") * 1000, to_ms);
    expect_near(number_at(reading, "n"), number_at(truth, "requests"), "requests", id);
    expect_near(number_at(reading, "value"),
                number_at(truth, is_rate ? "error_rate" : "latency_p95_ms"),
                text_at(reading, "metric"), id);
    json_decref(truth);
}

/* A whole UTC hour, or a whole Pacific day, which is not always 24 hours long. */
static int64_t period_start(json_t *reading, int64_t to_ms)
{
    struct sw_civil day;
    int64_t from_ms = to_ms - 3600000;
    if (number_at(reading, "window_s") == 3600)
        return from_ms;
    sw_civil_utc(to_ms, &day); /* midnight there is early morning of the same date in UTC */
    day.day--;
    day.hour = 0;
    assert_int_equal(sw_zone_named_to_utc("America/Los_Angeles", &day, &from_ms, NULL), SW_OK);
    return from_ms;
}

/* Play's figure of one version beside the world's: unknown where too few used it. */
static void expect_vital(json_t *reading, const char *side, const char *id, const char *version,
                         int64_t from_ms, int64_t to_ms)
{
    static const struct {
        const char *metric, *users, *bad;
        bool is_turned;
    } rows[] = {{"crash_free_users", "users", "crashed_users", true},
                {"user_perceived_crash_rate", "users", "seen_crash_users", false},
                {"anr_rate", "users", "anr_users", false},
                {"slow_start_rate", "cold_start_users", "slow_cold_start_users", false}};
    char name[32];
    const char *metric = text_at(reading, "metric");
    size_t row = 0;
    while (row < 4 && strcmp(rows[row].metric, metric) != 0)
        row++;
    assert_true(row < 4);
    json_t *truth = figures(id, version, from_ms, to_ms);
    double users = number_at(truth, rows[row].users);
    snprintf(name, sizeof name, "%svalue", side);
    if (users < 50) {
        assert_true(json_is_null(json_object_get(reading, name)));
    } else {
        double rate = 100 * number_at(truth, rows[row].bad) / users;
        expect_near(number_at(reading, name), rows[row].is_turned ? 100 - rate : rate, metric, id);
        snprintf(name, sizeof name, "%sn", side);
        /* Rounded by Play. */
        double step = users < 1000 ? 10 : users < 10000 ? 100 : 1000;
        if (fabs(number_at(reading, name) - users) > step / 2)
            fail_msg("users of %s: %g, in the world %g", id, number_at(reading, name), users);
    }
    json_decref(truth);
}

static void expect_vitals(json_t *platform, json_t *reading)
{
    const char *id = text_at(platform, "id"), *period = text_at(reading, "period");
    int64_t to_ms = parse_time(text_at(reading, "true_for"));
    int64_t from_ms = period_start(reading, to_ms);
    bool is_hour = number_at(reading, "window_s") == 3600;
    assert_true(to_ms % 3600000 == 0);
    assert_non_null(strstr(period, is_hour ? "hour to " : "Pacific day "));
    expect_vital(reading, "", id, text_at(platform, "version"), from_ms, to_ms);
    expect_vital(reading, "old_", id, text_at(platform, "previous_version"), from_ms, to_ms);
}

static size_t expect_health(json_t *platform)
{
    size_t i;
    size_t compared = 0;
    json_t *reading;
    json_array_foreach(json_object_get(platform, "health"), i, reading)
    {
        const char *metric = text_at(reading, "metric");
        assert_true(json_is_false(json_object_get(reading, "stale")));
        if (strcmp(metric, "crash_free_sessions") == 0)
            expect_sessions(platform, reading);
        else if (strcmp(metric, "error_rate") == 0 || strcmp(metric, "latency_p95") == 0)
            expect_requests(platform, reading);
        else if (strcmp(text_at(reading, "source"), "vitals") == 0)
            expect_vitals(platform, reading);
        else
            continue;
        compared++;
    }
    return compared;
}

/* What the store or the deploy system holds. */
static void expect_store(json_t *platform, json_t *truth)
{
    static const struct {
        const char *theirs, *ours;
    } states[] = {{"READY_FOR_DISTRIBUTION", "ROLLING"},
                  {"inProgress", "ROLLING"},
                  {"draft", "READY"},
                  {"InProgress", "ROLLING"},
                  {"Succeeded", "COMPLETE"},
                  {"halted", "HALTED"}};
    const char *id = text_at(platform, "id");
    bool is_service = json_object_get(truth, "deployment") != NULL;
    const char *theirs = text_at(truth, is_service ? "deployment.status" : "store.status");
    const char *wanted = "?";
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].theirs, theirs) == 0)
            wanted = states[i].ours;
    }
    assert_string_equal(text_at(platform, "state"), wanted);
    assert_non_null(strstr(text_at(platform, "raw_state"), theirs));
    if (is_service) {
        assert_true(json_is_null(json_object_get(platform, "version")));
        assert_string_equal(text_at(platform, "build"), text_at(truth, "deployment.id"));
        expect_near(number_at(platform, "percent_set"), number_at(truth, "deployment.green_pct"),
                    "percent set", id);
        expect_near(number_at(platform, "percent_actual"), number_at(truth, "deployment.green_pct"),
                    "percent reached", id);
        return;
    }
    assert_string_equal(text_at(platform, "version"), text_at(truth, "version"));
    assert_string_equal(text_at(platform, "build"), text_at(truth, "build"));
    assert_string_equal(text_at(platform, "previous_version"), text_at(truth, "previous_version"));
    expect_near(number_at(platform, "percent_set"), number_at(truth, "percent_set"), "percent set",
                id);
}

/* percent_actual on mobile: the new version's sessions of all, over a day. */
static void expect_reach(json_t *platform)
{
    size_t i;
    json_t *reading;
    double sessions = -1;
    double all = -1;
    json_array_foreach(json_object_get(platform, "health"), i, reading)
    {
        const char *metric = text_at(reading, "metric");
        if (number_at(reading, "window_s") != 86400)
            continue;
        if (strcmp(metric, "adoption") == 0)
            all = number_at(reading, "n");
        else if (strcmp(metric, "crash_free_sessions") == 0)
            sessions = number_at(reading, "n");
    }
    assert_true(sessions >= 0 && all > 0);
    expect_near(number_at(platform, "percent_actual"), 100 * sessions / all, "percent reached",
                text_at(platform, "id"));
}

static void five_platforms_with_the_worlds_figures(void **state)
{
    static const struct {
        const char *id;
        size_t readings; /* compared with the world */
        const char *verdict;
    } platforms[] = {{"ios", 2, "NOT_WORSE"},
                     {"android", 6, "NOT_WORSE"},
                     {"wear", 6, "NOT_ENOUGH_DATA"},
                     {"web", 1, "UNKNOWN"}, /* all traffic is the new version's: no control */
                     {"backend", 2, "UNKNOWN"}};
    (void)state;
    json_t *status = status_of("status --json", 0);
    json_t *truth = world();
    assert_int_equal(json_array_size(at(status, "platforms")), 5);
    assert_string_equal(text_at(status, "release.name"), "2.15.3");
    for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++) {
        json_t *platform = entry(at(status, "platforms"), platforms[i].id);
        expect_store(platform, entry(at(truth, "platforms"), platforms[i].id));
        assert_int_equal(expect_health(platform), platforms[i].readings);
        assert_true(json_is_false(json_object_get(platform, "stale")));
        assert_string_equal(text_at(platform, "verdict.state"), platforms[i].verdict);
        assert_true(number_at(platform, "checklist.total") > 20);
        if (i < 3)
            expect_reach(platform);
    }
    size_t i;
    json_t *source;
    json_array_foreach(at(status, "sources"), i, source)
    {
        if (!json_is_true(json_object_get(source, "ok")))
            fail_msg("source %s: %s", text_at(source, "id"), text_at(source, "error"));
    }
    assert_int_equal(i, 7);
    json_decref(truth);
    json_decref(status);
}

static void one_platform_alone(void **state)
{
    (void)state;
    json_t *status = status_of("status web --json", 0);
    assert_int_equal(json_array_size(at(status, "platforms")), 1);
    assert_string_equal(text_at(status, "platforms.0.id"), "web");
    json_decref(status);
}

/* Lines that a screen reader reads well: "key: value", nothing that moves or colours. */
static void status_reads_as_lines(void **state)
{
    static const char *const wanted[] = {"platform: ios (iOS)",
                                         "platform: backend (Backend)",
                                         "state: ROLLING (inProgress)",
                                         "percent set: 20%",
                                         "\nnext: 20% about ",
                                         "gate crash: PASS",
                                         "checklist: 22 of 29 done",
                                         "source play: answers",
                                         "release: 2.15.3"};
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "status", 0);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(ran.out, wanted[i]) == NULL)
            fail_msg("no \"%s\" in\n%s", wanted[i], ran.out);
    }
    char *rest = NULL;
    for (char *line = strtok_r(ran.out, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strstr(line, ": ") == NULL || strchr(line, '\033') != NULL)
            fail_msg("no key and value: %s", line);
    }
    assert_string_equal(ran.err, "");
    cli_ran_clear(&ran);
}

/* An upstream that says "in a second" is asked again then: one poll must not end without it. */
static void a_short_wait_asked_for_is_waited_out(void **state)
{
    (void)state;
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"sentry\", \"kind\": \"status\", \"status\": 429, "
                 "\"retry_after\": \"1\", \"count\": 3}");
    json_t *status = status_of("status --json", 0);
    assert_true(json_is_true(at(entry(at(status, "sources"), "sentry"), "ok")));
    json_decref(status);
    simulator_do(&sim, "DELETE", "/faults", NULL);
}

/* One read refused for a moment is no failing source. */
static void a_throttled_read_is_tried_again(void **state)
{
    (void)state;
    /* AWS tells no time, and says it with 400 */
    simulator_do(
        &sim, "POST", "/faults",
        "{\"service\": \"cloudwatch\", \"kind\": \"status\", \"status\": 400, \"count\": 2, "
        "\"path\": \"DescribeAlarms\", \"before\": true, \"body\": "
        "\"{\\\"__type\\\":\\\"ThrottlingException\\\"}\"}");
    simulator_do(
        &sim, "POST", "/faults",
        "{\"service\": \"app_store\", \"kind\": \"status\", \"status\": 429, \"count\": 1, "
        "\"retry_after\": \"1\", \"before\": true}");
    json_t *status = status_of("status --json", 0);
    size_t i;
    json_t *source;
    json_array_foreach(at(status, "sources"), i, source)
    {
        if (!json_is_null(json_object_get(source, "error")))
            fail_msg("%s: %s", text_at(source, "id"), text_at(source, "error.text"));
    }
    json_decref(status);
    assert_true(simulator_count(&sim, "cloudwatch", "faults") >= 2);
    simulator_do(&sim, "DELETE", "/faults", NULL);
}

/* Nothing is asked; the figures are marked as those of an earlier run. */
static void cached_asks_nothing(void **state)
{
    (void)state;
    json_decref(status_of("status --json", 0));
    simulator_do(&sim, "DELETE", "/counters", NULL);
    json_t *status = status_of("status --cached --json", 3);
    assert_int_equal(json_array_size(at(status, "platforms")), 5);
    json_t *android = entry(at(status, "platforms"), "android");
    assert_string_equal(text_at(android, "state"), "ROLLING");
    assert_true(json_is_true(at(status, "cached")));
    assert_true(json_is_true(at(android, "health.0.stale")));
    json_decref(status);
    assert_int_equal(simulator_count(&sim, "google_play", "requests"), 0);
    assert_int_equal(simulator_count(&sim, "sentry", "requests"), 0);
}

/* ------------------------------------------------------------------------ verbs */

static json_t *event_of(const struct ran *log, const char *kind, const char *result)
{
    json_t *found = NULL;
    const char *line = log->out;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        json_t *event = json_loadb(line, len, 0, NULL);
        assert_non_null(event);
        schema_expect("event", event, "slipway log --json");
        json_t *is = json_object_get(event, "result");
        bool is_match =
            strcmp(text_at(event, "kind"), kind) == 0 &&
            (result == NULL ? json_is_null(is) : strcmp(text_at(event, "result"), result) == 0);
        if (is_match && found == NULL)
            found = event;
        else
            json_decref(event);
        line += len + (line[len] == '\n');
    }
    return found;
}

static void a_halt_reaches_the_store_and_the_log(void **state)
{
    struct ran ran;
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect(&home, &ran, "halt android --reason x --yes", 0);
    assert_non_null(strstr(ran.out, "halt: android (Android 2.15.3"));
    assert_non_null(strstr(ran.out, "store identity: 2025011401"));
    assert_non_null(strstr(ran.out, "asked: "));
    assert_non_null(strstr(ran.out, "accepted: "));
    assert_non_null(strstr(ran.out, "seen: "));
    cli_ran_clear(&ran);
    expect_android("halted", 0.2);
    assert_true(simulator_mutating(&sim) > 0);
    cli_expect(&home, &ran, "log --json", 0);
    json_t *intent = event_of(&ran, "intent", NULL);
    json_t *outcome = event_of(&ran, "outcome", "seen");
    assert_non_null(intent);
    assert_non_null(outcome);
    assert_string_equal(text_at(intent, "platform"), "android");
    assert_string_equal(text_at(intent, "verb"), "halt");
    assert_string_equal(text_at(intent, "reason"), "x");
    assert_string_equal(text_at(outcome, "intent"), text_at(intent, "uuid"));
    assert_string_equal(text_at(outcome, "identity"), "2025011401");
    json_decref(intent);
    json_decref(outcome);
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "log", 0);
    assert_non_null(strstr(ran.out, "intent android halt"));
    assert_non_null(strstr(ran.out, "outcome android halt seen"));
    cli_ran_clear(&ran);
    json_t *status = status_of("status android --json", 1);
    assert_string_equal(text_at(status, "platforms.0.state"), "HALTED");
    expect_near(number_at(status, "platforms.0.percent_set"), 20, "percent set", "android");
    json_decref(status);
}

static void a_second_halt_sends_nothing(void **state)
{
    (void)state;
    int64_t before = simulator_mutating(&sim);
    json_t *outcome = cli_expect_json(&home, "halt android --yes --json", 0, "action");
    assert_string_equal(text_at(outcome, "result"), "seen");
    json_decref(outcome);
    assert_int_equal(simulator_mutating(&sim), before);
}

static void a_resume_goes_on(void **state)
{
    (void)state;
    json_t *outcome = cli_expect_json(&home, "resume android --yes --json", 0, "action");
    assert_string_equal(text_at(outcome, "verb"), "resume");
    assert_true(json_is_string(at(outcome, "seen_at")));
    json_decref(outcome);
    expect_android("inProgress", 0.2);
}

static void a_dry_run_shows_the_requests_and_sends_none(void **state)
{
    struct ran ran;
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect(&home, &ran, "halt android --dry-run", 0);
    assert_non_null(strstr(ran.out, "\"status\":\"halted\""));
    assert_non_null(strstr(ran.out, "PUT http://"));
    assert_null(strstr(ran.out, "Bearer "));
    cli_ran_clear(&ran);
    json_t *outcome = cli_expect_json(&home, "halt ios --dry-run --json", 0, "action");
    assert_string_equal(text_at(outcome, "result"), "dry_run");
    assert_true(json_array_size(at(outcome, "requests")) > 0);
    json_decref(outcome);
    outcome = cli_expect_json(&home, "stop-everything --dry-run --json", 0, "action");
    assert_int_equal(json_array_size(at(outcome, "parts")), 5);
    json_decref(outcome);
    assert_int_equal(simulator_mutating(&sim), 0);
    assert_int_equal(simulator_count(&sim, "google_play", "edit_writes"), 0);
    expect_android("inProgress", 0.2);
}

static void read_only_sends_nothing_mutating(void **state)
{
    static const char *const lines[] = {"--read-only halt android --yes",
                                        "--read-only resume android --yes",
                                        "--read-only advance android --yes",
                                        "--read-only complete ios --yes",
                                        "--read-only rollback web --yes",
                                        "--read-only stop-everything --yes",
                                        "--read-only checklist tick day-5",
                                        "--read-only halt android --yes --unrecorded",
                                        "--read-only advance android --yes --override because"};
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cli_expect_error(&home, lines[i], 4, "read-only", 0);
    assert_int_equal(simulator_mutating(&sim), 0);
    assert_int_equal(simulator_count(&sim, "google_play", "edit_writes"), 0);
    expect_android("inProgress", 0.2);
}

static void without_a_terminal_it_needs_yes(void **state)
{
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect_error(&home, "halt android", 4, "there is no terminal to ask on", 1);
    cli_expect_error(&home, "complete android --reason x", 4, "--yes", 1);
    cli_expect_error(&home, "stop-everything", 4, "--yes", 1);
    assert_int_equal(simulator_mutating(&sim), 0);
    assert_int_equal(simulator_count(&sim, "google_play", "requests"), 0);
}

/* ------------------------------------------------ Play: reviews and hands in the way */

static void set_play(const char *json)
{
    simulator_do(&sim, "POST", "/world", "%s", json);
}

static const char android_back[] =
    "{\"play_app\":{\"review_running\":false,\"managed_publishing\":false,\"publish\":true},"
    "\"play\":{\"track\":\"production\",\"code\":2025011401,\"status\":\"inProgress\","
    "\"fraction\":0.2}}";

/* Refused the first time with nothing changed; the flag is the second confirmation. */
static void a_halt_cancels_a_review_only_when_told(void **state)
{
    struct ran ran;
    (void)state;
    set_play("{\"play_app\":{\"review_running\":true}}");
    cli_run(&home, &ran, "halt android --yes --reason review");
    if (ran.code != 5 || strstr(ran.err, "--cancel-review") == NULL)
        fail_msg("%d %s %s", ran.code, ran.out, ran.err);
    cli_ran_clear(&ran);
    expect_android("inProgress", 0.2);
    cli_expect(&home, &ran, "halt android --dry-run --cancel-review", 0);
    assert_non_null(strstr(ran.out, "changesInReviewBehavior=CANCEL_IN_REVIEW_AND_SUBMIT"));
    cli_ran_clear(&ran);
    expect_android("inProgress", 0.2);
    cli_expect(&home, &ran, "halt android --yes --cancel-review --reason review", 0);
    assert_non_null(strstr(ran.out, "a review, if one ran there, was cancelled by it"));
    cli_ran_clear(&ran);
    expect_android("halted", 0.2);
    cli_expect(&home, &ran, "log", 0);
    assert_non_null(strstr(ran.out, "(may cancel a review)"));
    assert_non_null(strstr(ran.out, "was cancelled by it"));
    cli_ran_clear(&ran);
    set_play(android_back);
}

/* Of the reviews that the world's users wrote of the version being rolled out, and no others. */
static void written_reviews_are_counted_and_shown(void **state)
{
    static const char health[] = "rollout: {source: play, package: com.acme.app, track: production}\n"
                                 "    plan: [{percent: 5, soak: 6h}, {percent: 10, soak: 6h}, {percent: "
                                 "20, soak: 12h}, {percent: 50, soak: 24h}, {percent: 100}]\n"
                                 "    health:\n";
    char with[1024], line[512];
    (void)state;
    snprintf(with, sizeof with,
             "%s      - {metric: one_star_share, source: play, package: com.acme.app}\n", health);
    if (!simulator_config_variant(&sim, "reviews.yaml", health, with))
        fail_msg("the world's configuration has no such lines");
    set_play("{\"play_review\":{\"code\":2025011401,\"stars\":1,\"language\":\"de\",\"text\":"
             "\"Kaputt\\tGeht nicht mehr auf\"}}");
    snprintf(line, sizeof line, "--config %s/reviews.yaml status android --json", sim.dir);
    json_t *status = status_of(line, 0);
    json_t *android = entry(at(status, "platforms"), "android"), *health_entry, *found = NULL;
    size_t i;
    json_array_foreach(at(android, "health"), i, health_entry) if (
        strcmp(text_at(health_entry, "metric"), "one_star_share") == 0) found = health_entry;
    assert_non_null(found);
    assert_true(number_at(found, "n") >= 1 && number_at(found, "bad") >= 1);
    expect_near(number_at(found, "value"), 100 * number_at(found, "bad") / number_at(found, "n"),
                "one-star share", "android");
    json_t *review = json_array_get(at(android, "reviews"), 0);
    assert_string_equal(text_at(review, "title"), "Kaputt");
    assert_string_equal(text_at(review, "body"), "Geht nicht mehr auf");
    assert_string_equal(text_at(review, "territory"), "de");
    json_t *build = json_array_get(at(android, "builds"), 0);
    assert_string_equal(text_at(build, "build"), "2025012101");
    assert_string_equal(text_at(build, "internal"), "internal completed");
    json_decref(status);
}

/* Accepted by Play, and users go on getting it: said at once, by the words and by the exit code. */
static void a_halt_that_waits_for_a_hand_says_so(void **state)
{
    struct ran ran;
    (void)state;
    set_play("{\"play_app\":{\"managed_publishing\":true}}");
    cli_run(&home, &ran, "halt android --yes --reason managed");
    if (ran.code != 75 || strstr(ran.err, "HALT WAITS FOR A HAND, IT IS NOT LIVE") == NULL)
        fail_msg("%d %s %s", ran.code, ran.out, ran.err);
    cli_ran_clear(&ran);
    json_t *status = status_of("status android --json", 1);
    json_t *android = entry(at(status, "platforms"), "android");
    assert_string_equal(text_at(android, "halt_wait.for"), "hand");
    assert_string_equal(text_at(android, "state"), "ROLLING");
    json_decref(status);
    set_play("{\"play_app\":{\"managed_publishing\":false,\"publish\":true}}");
    cli_expect(&home, &ran, "halt android --yes", 0); /* the hand came: it is seen */
    assert_non_null(strstr(ran.out, "already HALTED at 20%"));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "resume android --yes", 0);
    cli_ran_clear(&ran);
    expect_android("inProgress", 0.2);
}

/* --------------------------------------------------------------- gate, checklist */

static void a_tick_opens_the_gate(void **state)
{
    struct ran ran;
    (void)state;
    json_t *gate = cli_expect_json(&home, "gate ios --json", 1, "gate");
    assert_string_equal(text_at(gate, "gates_worst"), "PASS");
    assert_true(number_at(gate, "checklist.blocking_open") == 1);
    json_decref(gate);
    cli_expect(&home, &ran, "checklist tick day-5 --reason checked", 0);
    cli_ran_clear(&ran);
    json_t *list = cli_expect_json(&home, "checklist --json", 0, "checklist");
    json_t *item = entry(at(list, "items"), "day-5");
    assert_true(json_is_true(json_object_get(item, "done")));
    assert_true(json_is_false(json_object_get(item, "done_in_file")));
    assert_true(json_is_string(json_object_get(item, "done_by")));
    json_decref(list);
    cli_expect(&home, &ran, "gate ios", 0);
    assert_non_null(strstr(ran.out, "0 blocking open"));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "checklist list", 0);
    assert_non_null(strstr(ran.out, "[x] day-5: "));
    cli_ran_clear(&ran);
    json_t *outcome = cli_expect_json(&home, "checklist untick day-5 --json", 0, "action");
    assert_string_equal(text_at(outcome, "command"), "untick");
    json_decref(outcome);
    cli_expect(&home, &ran, "gate ios", 1);
    cli_ran_clear(&ran);
    cli_expect_error(&home, "checklist tick day5", 64, "day-5", 1);
    cli_expect_error(&home, "checklist tick", 64, "usage: slipway checklist", 1);
    cli_expect_error(&home, "checklist done day-5", 64, "usage: slipway checklist", 1);
}

static void the_ledger_can_be_verified(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "log --verify", 0);
    assert_non_null(strstr(ran.out, "the chain is whole"));
    cli_ran_clear(&ran);
}

/* ------------------------------------------------------------------- the others */

static void screens_are_drawn_in_three_formats(void **state)
{
    struct ran ran;
    size_t rows = 0;
    (void)state;
    cli_expect(&home, &ran, "screenshot overview --size 100x20", 0);
    for (const char *c = ran.out; *c != '\0'; c++)
        rows += *c == '\n';
    assert_int_equal(rows, 20);
    assert_non_null(strstr(ran.out, "Android"));
    assert_null(strchr(ran.out, '\033'));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "screenshot platform web --format ansi", 0);
    assert_non_null(strstr(ran.out, "\033[0"));
    assert_non_null(strstr(ran.out, "Web"));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "screenshot checklist --format svg --size 80x24", 0);
    assert_int_equal(strncmp(ran.out, "<svg ", 5), 0);
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "--ascii screenshot sources --size 80x24", 0);
    for (const char *c = ran.out; *c != '\0'; c++)
        assert_true((unsigned char)*c < 0x80);
    cli_ran_clear(&ran);
}

/* `slipway` in a pipe: the overview as text. */
static void without_a_terminal_the_dashboard_is_text(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "", 0);
    assert_non_null(strstr(ran.out, "Android"));
    assert_non_null(strstr(ran.out, "ROLLING"));
    assert_null(strchr(ran.out, '\033'));
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "wallboard", 0);
    assert_non_null(strstr(ran.out, "2.15.3"));
    cli_ran_clear(&ran);
}

static void check_explains_and_probes(void **state)
{
    static const char *const wanted[] = {
        "source apple (app_store): ok",       "feeds ios",
        "source play (google_play): ok",      "feeds android, wear",
        "source aws-deploy (codedeploy): ok", "plan: "};
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "check", 0);
    assert_non_null(strstr(ran.out, "warning play: the service account "));
    assert_non_null(strstr(ran.out, "gserviceaccount.com should be Slipway's own"));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(ran.out, wanted[i]) == NULL)
            fail_msg("no \"%s\" in\n%s", wanted[i], ran.out);
    }
    cli_ran_clear(&ran);
}

/* Runs `check` and wants each of these parts in what it prints. */
static void check_says(const char *line, int code, const char *const *wanted, size_t count)
{
    struct ran ran;
    cli_expect(&home, &ran, line, code);
    for (size_t i = 0; i < count; i++)
        if (strstr(ran.out, wanted[i]) == NULL)
            fail_msg("no \"%s\" in\n%s", wanted[i], ran.out);
    cli_ran_clear(&ran);
}
#define CHECK_SAYS(line, code, wanted)                                                             \
    check_says(line, code, wanted, sizeof(wanted) / sizeof(wanted)[0])

static void check_asks_for_rights_and_changes_nothing(void **state)
{
    static const char *const full[] = {
        "rights ios: (apple) may halt, resume, advance, complete\n",
        "rights android: (play, slipway@acme-sim.iam.gserviceaccount.com) may halt, resume, advance, "
        "complete, roll back\n",
        "rights wear: (play, ", "rights web: (aws-deploy) may halt, advance, complete, roll back\n",
        "rights backend: (aws-deploy) may halt, "};
    static const char *const none[] = {"rights: read-only: not asked\n"};
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    CHECK_SAYS("--read-only check", 0, none);
    assert_int_equal(simulator_count(&sim, "app_store", "probes"), 0);
    assert_int_equal(simulator_count(&sim, "codedeploy", "probes"), 0);
    assert_int_equal(simulator_count(&sim, "google_play", "edit_writes"), 0);
    CHECK_SAYS("check", 0, full);
    assert_int_equal(simulator_count(&sim, "app_store", "probes"), 2);
    assert_int_equal(simulator_count(&sim, "codedeploy", "probes"), 4);
    assert_int_equal(simulator_count(&sim, "google_play", "edit_writes"), 2);
    assert_int_equal(simulator_mutating(&sim), 0);
}

static void check_names_the_rights_that_are_missing(void **state)
{
    static const char *const few[] = {
        "rights ios: (apple) NO RIGHT to halt, resume, complete: asking to change a phased release: "
        "Apple says \"The API key in use does not allow this request\" (403 FORBIDDEN_ERROR)",
        "NO RIGHT to advance: asking to release a version: Apple says ",
        "NO RIGHT to halt, resume, advance, complete, roll back: putting track production of "
        "com.acme.app into an edit as it was: Google Play says \"The caller does not have "
        "permission\" (403 PERMISSION_DENIED)",
        "rights wear: ",
        "rights web: (aws-deploy) may advance, complete; not known: halt, roll back: refused for a "
        "deployment that is in no group"};
    static const char *const unseen[] = {"rights android: (play, ", ") may halt, resume, "};
    static const char *const unsure[] = {"rights backend: (aws-deploy) may advance, complete; not "
                                         "known: halt, roll back: "};
    (void)state;
    simulator_do(&sim, "DELETE", "/counters", NULL);
    simulator_do(&sim, "POST", "/world",
                 "{\"rights\": {\"app_store\": \"reader\", \"google_play\": \"no_write\", "
                 "\"codedeploy\": \"no_stop\"}}");
    CHECK_SAYS("check", 77, few);
    /* Judged at the commit only, it cannot be found out without one. */
    simulator_do(&sim, "POST", "/world",
                 "{\"rights\": {\"app_store\": \"full\", \"google_play\": \"no_commit\"}}");
    CHECK_SAYS("check", 0, unseen);
    CHECK_SAYS("check", 0, unsure);
    simulator_do(&sim, "POST", "/world",
                 "{\"rights\": {\"google_play\": \"full\", \"codedeploy\": \"full\"}}");
    assert_int_equal(simulator_mutating(&sim), 0);
}

static void a_trace_holds_no_secret(void **state)
{
    struct ran ran;
    char line[320];
    char path[256];
    struct stat info;
    (void)state;
    snprintf(path, sizeof path, "%s/trace.log", home.dir);
    snprintf(line, sizeof line, "--trace %s status --json", path);
    cli_expect(&home, &ran, line, 0);
    cli_ran_clear(&ran);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(info.st_size > 100);
    FILE *file = fopen(path, "re");
    char *text = calloc(1, (size_t)info.st_size + 1);
    assert_non_null(file);
    assert_int_equal(fread(text, 1, (size_t)info.st_size, file), (size_t)info.st_size);
    fclose(file);
    assert_null(strstr(text, simulator_endpoint(&sim, "services.sentry.token")));
    assert_non_null(strstr(text, "/androidpublisher/"));
    free(text);
}

/* ----------------------------------------------------------- a closed gate, stale */

/* The new version begins to crash; the last hour shows it. */
static void an_advance_with_a_failing_gate_is_refused(void **state)
{
    (void)state;
    simulator_do(&sim, "POST", "/world",
                 "{\"crash_rate\": {\"platform\": \"android\", \"version\": \"2.15.3\", \"rate\": "
                 "0.05, \"share\": 0.1}}");
    simulator_do(&sim, "POST", "/world", "{\"clock\": {\"advance_s\": 3600}}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    cli_expect_error(&home, "advance android --yes", 4, "gate FAIL: crash", 1);
    json_t *outcome = cli_expect_json(&home, "advance android --yes --json", 4, "action");
    assert_string_equal(text_at(outcome, "result"), "refused");
    json_decref(outcome);
    assert_int_equal(simulator_mutating(&sim), 0);
    json_decref(cli_expect_json(&home, "gate android --json", 2, "gate"));
    json_decref(status_of("status --json", 1));
}

static void an_override_opens_it_and_stays_on_record(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "advance android --yes --override known-and-harmless", 0);
    cli_ran_clear(&ran);
    expect_android("inProgress", 0.5);
    cli_expect(&home, &ran, "log", 0);
    assert_non_null(strstr(ran.out, "OVERRIDE: known-and-harmless"));
    cli_ran_clear(&ran);
    put_android_back();
}

static void an_advance_on_stale_data_is_refused(void **state)
{
    static const char *const services[] = {"sentry", "google_play"};
    struct ran tick;
    (void)state;
    cli_expect(&home, &tick, "checklist tick day-5", 0); /* nothing else stands in the way */
    cli_ran_clear(&tick);
    simulator_do(&sim, "DELETE", "/counters", NULL);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        simulator_do(&sim, "POST", "/faults",
                     "{\"service\": \"%s\", \"kind\": \"status\", "
                     "\"status\": 500}",
                     services[i]);
        struct ran ran;
        cli_expect(&home, &ran, "advance android --yes", 4);
        cli_ran_clear(&ran);
        json_t *outcome = cli_expect_json(&home, "advance android --yes --json", 4, "action");
        assert_string_equal(text_at(outcome, "error.code"), "stale");
        json_decref(outcome);
        json_decref(status_of("status android --json", 3));
        cli_expect(&home, &ran, "gate android", 3);
        cli_ran_clear(&ran);
        simulator_do(&sim, "DELETE", "/faults", NULL);
    }
    assert_int_equal(simulator_mutating(&sim), 0);
}

/* ------------------------------------------------------------------ interrupted */

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Every other upstream hangs: the halt is through long before their time is over. */
static void a_halt_waits_for_no_source_but_its_own(void **state)
{
    static const char *const services[] = {"app_store", "sentry", "cloudwatch", "codedeploy"};
    struct ran ran;
    (void)state;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        simulator_do(&sim, "POST", "/faults", "{\"service\": \"%s\", \"kind\": \"silent\"}",
                     services[i]);
    int64_t begin_ms = mono_ms();
    cli_expect(&home, &ran, "halt android --yes", 0);
    assert_true(mono_ms() - begin_ms < 10000); /* they would be given 15 s */
    cli_ran_clear(&ran);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    expect_android("halted", 0.2);
    put_android_back();
}

/* Another process reads the percent, and its edit hangs: the halt ends that edit. */
static void a_halt_ends_the_edit_of_another_process(void **state)
{
    int out;
    int err;
    struct ran ran;
    (void)state;
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"google_play\", \"kind\": \"latency_ms\", \"ms\": 9000, "
                 "\"path\": \"/edits/\", \"count\": 1}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    pid_t pid = cli_start(&home, "status android", &out, &err);
    for (int i = 0; i < 500 && simulator_count(&sim, "google_play", "edit_inserts") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL); /* until it asks for the tracks */
    int64_t begin_ms = mono_ms();
    cli_expect(&home, &ran, "halt android --yes", 0);
    int64_t took_ms = mono_ms() - begin_ms;
    if (took_ms >= 7000)
        fail_msg("the halt took %lld ms", (long long)took_ms);
    cli_ran_clear(&ran);
    close(out);
    close(err);
    cli_wait(pid, 60000);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    expect_android("halted", 0.2);
    put_android_back();
}

/* The line drops while the store is slow to answer. */
static void a_hang_up_does_not_drop_a_halt(void **state)
{
    int out;
    int err;
    (void)state;
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"google_play\", \"kind\": \"latency_ms\", \"ms\": 700}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    pid_t pid = cli_start(&home, "halt android --yes", &out, &err);
    for (int i = 0; i < 500 && simulator_count(&sim, "google_play", "requests") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    close(out);
    close(err);
    kill(pid, SIGHUP);
    int code = cli_wait(pid, 60000);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    expect_android("halted", 0.2);
    assert_int_equal(code, 0); /* halted, though nobody reads it any more */
    put_android_back();
}

static void interrupted_in_flight_the_outcome_is_unknown(void **state)
{
    int out;
    int err;
    (void)state;
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"google_play\", \"kind\": \"silent\", \"path\": \":commit\"}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    pid_t pid = cli_start(&home, "halt android --yes --reason interrupted", &out, &err);
    for (int i = 0; i < 500 && simulator_count(&sim, "google_play", "faults") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    simulator_do(&sim, "POST", "/faults", "{\"service\": \"google_play\", \"kind\": \"silent\"}");
    kill(pid, SIGINT);
    char *said = cli_read_all(err, 60000);
    int code = cli_wait(pid, 60000);
    char *printed = cli_read_all(out, 1000);
    if (code != 75 || strstr(said, "halt android is in flight") == NULL ||
        strstr(said, "settled at the next start: ask `slipway status`") == NULL)
        fail_msg("exit code %d\n%s%s", code, printed, said);
    free(said);
    free(printed);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    struct ran ran;
    cli_expect(&home, &ran, "log --json", 0);
    json_t *outcome = event_of(&ran, "outcome", "unknown");
    assert_non_null(outcome);
    json_decref(outcome);
    cli_ran_clear(&ran);
    put_android_back();
}

/* --------------------------------------------------------------- stop everything */

static void stop_everything_stops_what_moves(void **state)
{
    char status[64];
    (void)state;
    json_t *outcome =
        cli_expect_json(&home, "stop-everything --yes --reason fire --json", 0, "action");
    assert_int_equal(json_array_size(at(outcome, "parts")), 5);
    assert_string_equal(text_at(outcome, "result"), "seen");
    json_decref(outcome);
    expect_android("halted", 0.2);
    fraction_of("wear", status, sizeof status);
    assert_string_equal(status, "draft");
    json_t *all = world();
    assert_string_equal(text_at(entry(at(all, "platforms"), "ios"), "store.phase"), "PAUSED");
    assert_string_equal(text_at(entry(at(all, "platforms"), "web"), "deployment.status"),
                        "Stopped");
    /* an hour in, the backend's own next deployment shifts traffic too */
    assert_string_equal(text_at(entry(at(all, "platforms"), "backend"), "deployment.status"),
                        "Stopped");
    json_decref(all);
}

/* ------------------------------------------------------------------------ watch */

/* Takes one line, waiting for it. */
static bool read_line(FILE *from, char *line, size_t size)
{
    return fgets(line, (int)size, from) != NULL;
}

static void watch_prints_what_changes(void **state)
{
    static char line[1 << 20];
    int out;
    int err;
    (void)state;
    simulator_do(&sim, "POST", "/world", "{\"clock\": {\"speed\": 60}}");
    put_android_back();
    pid_t pid = cli_start(&home, "status --watch --json", &out, &err);
    FILE *from = fdopen(out, "r");
    assert_non_null(from);
    assert_true(read_line(from, line, sizeof line)); /* the whole picture first */
    simulator_do(&sim, "POST", "/world",
                 "{\"play\": {\"track\": \"production\", \"code\": 2025011401, \"status\": "
                 "\"halted\", \"fraction\": 0.2}}");
    bool is_told = false;
    while (!is_told && read_line(from, line, sizeof line)) {
        json_t *status = json_loads(line, 0, NULL);
        assert_non_null(status);
        schema_expect("status", status, "status --watch");
        assert_true(json_array_size(at(status, "platforms")) <= 5);
        is_told = strcmp(text_at(status, "platforms.0.id"), "android") == 0 &&
                  strcmp(text_at(status, "platforms.0.state"), "HALTED") == 0;
        json_decref(status);
    }
    assert_true(is_told);
    kill(pid, SIGTERM);
    assert_int_equal(cli_wait(pid, 20000), 1000 + SIGTERM);
    fclose(from);
    close(err);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 1, 3);
    /* One command after the other, each asking everything: more than people do in a second. */
    simulator_do(&sim, "POST", "/world", "{\"quota\": {\"factor\": 20}}");
    cli_home_make(&home, sim.config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cli_home_remove(&home);
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_platforms_with_the_worlds_figures),
        cmocka_unit_test(one_platform_alone),
        cmocka_unit_test(status_reads_as_lines),
        cmocka_unit_test(a_short_wait_asked_for_is_waited_out),
        cmocka_unit_test(a_throttled_read_is_tried_again),
        cmocka_unit_test(cached_asks_nothing),
        cmocka_unit_test(a_halt_reaches_the_store_and_the_log),
        cmocka_unit_test(a_second_halt_sends_nothing),
        cmocka_unit_test(a_resume_goes_on),
        cmocka_unit_test(a_dry_run_shows_the_requests_and_sends_none),
        cmocka_unit_test(read_only_sends_nothing_mutating),
        cmocka_unit_test(without_a_terminal_it_needs_yes),
        cmocka_unit_test(a_tick_opens_the_gate),
        cmocka_unit_test(the_ledger_can_be_verified),
        cmocka_unit_test(screens_are_drawn_in_three_formats),
        cmocka_unit_test(without_a_terminal_the_dashboard_is_text),
        cmocka_unit_test(a_halt_cancels_a_review_only_when_told),
        cmocka_unit_test(a_halt_that_waits_for_a_hand_says_so),
        cmocka_unit_test(written_reviews_are_counted_and_shown),
        cmocka_unit_test(check_explains_and_probes),
        cmocka_unit_test(check_asks_for_rights_and_changes_nothing),
        cmocka_unit_test(check_names_the_rights_that_are_missing),
        cmocka_unit_test(a_trace_holds_no_secret),
        cmocka_unit_test(an_advance_on_stale_data_is_refused),
        cmocka_unit_test(an_advance_with_a_failing_gate_is_refused),
        cmocka_unit_test(an_override_opens_it_and_stays_on_record),
        cmocka_unit_test(a_halt_waits_for_no_source_but_its_own),
        cmocka_unit_test(a_halt_ends_the_edit_of_another_process),
        cmocka_unit_test(a_hang_up_does_not_drop_a_halt),
        cmocka_unit_test(interrupted_in_flight_the_outcome_is_unknown),
        cmocka_unit_test(stop_everything_stops_what_moves),
        cmocka_unit_test(watch_prints_what_changes),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
