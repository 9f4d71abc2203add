/*
 * The App Store beyond its versions, on the simulated world: what testers have, what users wrote,
 * whether the app is on sale, and what a refusal of everything reads like. status --json is checked
 * against its schema each time.
 */
#include "run_cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct simulator sim;
static struct cli_home home;

static json_t *entry(json_t *list, const char *key, const char *value)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *text = json_string_value(json_object_get(one, key));
        if (text != NULL && strcmp(text, value) == 0)
            return one;
    }
    fail_msg("there is no %s %s", key, value);
    return NULL;
}

static json_t *status_of(int code)
{
    return cli_expect_json(&home, "status --json", code, "status");
}

static json_t *ios_of(json_t *status)
{
    return entry(simulator_at(status, "platforms"), "id", "ios");
}

static const char *text_at(json_t *tree, const char *path)
{
    const char *text = json_string_value(simulator_at(tree, path));
    return text != NULL ? text : "(null)";
}

static int64_t int_at(json_t *tree, const char *path)
{
    json_t *number = simulator_at(tree, path);
    if (!json_is_integer(number))
        fail_msg("%s is no whole number", path);
    return json_integer_value(number);
}

static void change(const char *json)
{
    simulator_do(&sim, "POST", "/world", "%s", json);
}

static void builds_and_the_next_version_are_told(void **state)
{
    (void)state;
    json_t *status = status_of(0), *ios = ios_of(status);
    assert_string_equal(text_at(ios, "version"), "2.15.3");
    assert_string_equal(text_at(ios, "state"), "ROLLING");
    assert_int_equal(json_array_size(simulator_at(ios, "builds")), 2);
    assert_string_equal(text_at(ios, "builds.1.version"), "2.15.3"); /* it is phasing */
    assert_int_equal(int_at(ios, "builds.1.sessions"), 4100);
    assert_true(json_is_string(simulator_at(ios, "started_at")));
    assert_string_equal(text_at(ios, "builds.0.version"), "2.16.0");
    assert_string_equal(text_at(ios, "builds.0.internal"), "IN_BETA_TESTING");
    assert_string_equal(text_at(ios, "builds.0.external"), "WAITING_FOR_BETA_REVIEW");
    assert_int_equal(int_at(ios, "builds.0.sessions"), 190);
    assert_int_equal(int_at(ios, "builds.0.crashes"), 1);
    assert_string_equal(text_at(ios, "other.version"), "2.16.0");
    assert_string_equal(text_at(ios, "other.state"), "TESTING");
    assert_true(json_is_number(simulator_at(ios, "pause.left_s_most")));
    json_decref(status);
}

/* A build just uploaded, and one that Apple refused; read when five minutes are over. */
static void a_new_build_appears(void **state)
{
    (void)state;
    change("{\"apple_build\": {\"version\": \"2.16.0\", \"build\": \"20250122.1\"}, \"clock\": "
           "{\"advance_s\": 301}}");
    json_t *status = status_of(0), *ios = ios_of(status);
    assert_int_equal(json_array_size(simulator_at(ios, "builds")), 3);
    assert_string_equal(text_at(ios, "builds.0.processing"), "PROCESSING");
    assert_true(json_is_null(simulator_at(ios, "builds.0.sessions")));
    assert_int_equal(int_at(ios, "builds.1.sessions"), 190);
    assert_string_equal(text_at(ios, "other.state"), "BUILDING");
    json_decref(status);
    change("{\"apple_build\": {\"version\": \"2.16.0\", \"build\": \"20250122.1\", \"processing\": "
           "\"INVALID\"}, \"clock\": {\"advance_s\": 301}}");
    status = status_of(0);
    ios = ios_of(status);
    assert_string_equal(text_at(ios, "builds.0.processing"), "INVALID");
    assert_string_equal(text_at(ios, "other.state"), "TESTING");
    json_decref(status);
}

/* The reading is the world's count: every written review of a week, and its one-star part. */
static void written_reviews_are_counted(void **state)
{
    (void)state;
    change("{\"apple_reviews\": {\"version\": \"2.15.3\", \"one_star\": 0}}");
    json_t *status = status_of(0);
    json_t *stars = entry(simulator_at(ios_of(status), "health"), "metric", "one_star_share");
    int64_t before = int_at(stars, "n");
    assert_true(before > 50);
    assert_int_equal(int_at(stars, "bad"), 0);
    json_decref(status);
    change("{\"apple_review\": [{\"version\": \"2.15.3\", \"rating\": 1, \"title\": \"No\", "
           "\"body\": \"It \\u001b[31mcrashes\", \"territory\": \"ESP\"}, {\"version\": "
           "\"2.15.3\", \"rating\": 5}]}");
    status = status_of(0);
    stars = entry(simulator_at(ios_of(status), "health"), "metric", "one_star_share");
    /* One more may have been written in the seconds between. */
    assert_in_range(int_at(stars, "n"), before + 2, before + 3);
    assert_int_equal(int_at(stars, "bad"), 1);
    json_t *ios = ios_of(status);
    assert_string_equal(text_at(ios, "reviews.0.title"), "No");
    assert_int_equal(int_at(ios, "reviews.0.rating"), 1);
    assert_string_equal(text_at(ios, "reviews.0.territory"), "ESP");
    assert_null(strchr(text_at(ios, "reviews.0.body"), '\033'));
    json_decref(status);
}

/* After an hour Android's new version fails its gate: the exit code is 1 from then on anyway. */
static void a_removal_from_sale_is_seen(void **state)
{
    (void)state;
    /* On its way out: it takes hours, and is said. */
    change("{\"apple_sale\": {\"available\": false, \"hours\": 2}, \"clock\": {\"advance_s\": "
           "1801}}");
    json_t *status = status_of(0);
    assert_string_equal(text_at(ios_of(status), "state"), "ROLLING");
    assert_non_null(strstr(text_at(ios_of(status), "note"), "removal from sale is under way"));
    json_decref(status);
    change("{\"clock\": {\"advance_s\": 7200}}");
    status = status_of(1);
    assert_string_equal(text_at(ios_of(status), "state"), "FAILED");
    assert_non_null(strstr(text_at(ios_of(status), "raw_state"), "removed from sale"));
    /* Not a word more than is known: a halt stays open. */
    assert_true(json_is_true(simulator_at(ios_of(status), "offers.halt.allowed")));
    json_decref(status);
    struct ran ran;
    cli_expect(&home, &ran, "halt ios --yes --reason removed", 0);
    cli_ran_clear(&ran);
    json_t *world = simulator_ask(&sim, "GET", "/world", NULL);
    json_t *truth = entry(simulator_at(world, "platforms"), "id", "ios");
    assert_string_equal(text_at(truth, "store.phase"), "PAUSED");
    json_decref(world);
    change("{\"apple\": {\"version\": \"2.15.3\", \"phase\": \"ACTIVE\"}}");
    change("{\"apple_sale\": {\"available\": true}, \"clock\": {\"advance_s\": 301}}");
    status = status_of(1);
    assert_string_equal(text_at(ios_of(status), "state"), "ROLLING");
    json_decref(status);
}

static void a_missing_agreement_has_its_own_text(void **state)
{
    (void)state;
    change("{\"apple_app\": {\"agreements_ok\": false}}");
    json_t *status = status_of(1);
    json_t *apple = entry(simulator_at(status, "sources"), "id", "apple");
    assert_non_null(
        strstr(text_at(apple, "error"), "the account holder must accept an agreement"));
    json_decref(status);
    change("{\"apple_app\": {\"agreements_ok\": true, \"limit_minute\": 500}, \"quota\": {\"factor\": 1}}");
    status = status_of(1);
    apple = entry(simulator_at(status, "sources"), "id", "apple");
    /* The minute's rest is the smaller one. */
    assert_true(json_number_value(simulator_at(apple, "budget_left")) < 500);
    json_decref(status);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 1, 3);
    /* One command after another asks more than a dashboard would. */
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
        cmocka_unit_test(builds_and_the_next_version_are_told),
        cmocka_unit_test(a_new_build_appears),
        cmocka_unit_test(written_reviews_are_counted),
        cmocka_unit_test(a_removal_from_sale_is_seen),
        cmocka_unit_test(a_missing_agreement_has_its_own_text),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
