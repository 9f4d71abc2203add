/*
 * The verdict on the simulated week: Android turns bad an hour after the start, nobody else does. What
 * the picture says is what `slipway verdict` says of the buckets that were kept; they outlive a run,
 * and a damaged file costs no more than what was in it.
 */
#include "run_cli.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

static struct simulator sim;
static struct cli_home home;

/* ---------------------------------------------------------------------- helpers */

static json_t *at(json_t *tree, const char *path)
{
    return simulator_at(tree, path);
}

static json_t *platform(json_t *status, const char *id)
{
    size_t i;
    json_t *one;
    json_array_foreach(at(status, "platforms"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return one;
    }
    fail_msg("there is no %s", id);
    return NULL;
}

static double number(json_t *tree, const char *path)
{
    json_t *it = at(tree, path);
    if (!json_is_number(it))
        fail_msg("%s is no number", path);
    return json_number_value(it);
}

static const char *text(json_t *tree, const char *path)
{
    const char *it = json_string_value(at(tree, path));
    return it != NULL ? it : "(null)";
}

static int64_t time_of(json_t *tree, const char *path)
{
    int64_t ms = 0;
    assert_int_equal(sw_time_parse(text(tree, path), &ms, NULL), 0);
    return ms;
}

static void kept_file(const char *id, char *path, size_t size)
{
    char pattern[256];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/cache/slipway/*/buckets/%s.jsonl", home.dir, id);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    snprintf(path, size, "%s", found.gl_pathv[0]);
    globfree(&found);
}

/* The kept table without its first line, as a file for `slipway verdict`. */
static void copy_slots(const char *id, const char *to)
{
    char path[512], line[1024];
    kept_file(id, path, sizeof path);
    FILE *from = fopen(path, "re"), *out = fopen(to, "we");
    assert_true(from != NULL && out != NULL);
    assert_non_null(fgets(line, sizeof line, from));
    while (fgets(line, sizeof line, from) != NULL)
        fputs(line, out);
    fclose(from);
    assert_int_equal(fclose(out), 0);
}

static void expect_same(json_t *picture, json_t *answer, const char *key)
{
    json_t *a = json_object_get(picture, key), *b = json_object_get(answer, key);
    bool is_same = json_is_number(a) && json_is_number(b) &&
                   fabs(json_number_value(a) - json_number_value(b)) <=
                       1e-9 * fmax(1, fabs(json_number_value(b)));
    if (!is_same && !(json_is_null(a) && json_is_null(b)))
        fail_msg("%s: %g, `slipway verdict` says %g", key, json_number_value(a),
                 json_number_value(b));
}

/* What `status` says of the platform beside `slipway verdict` on what was kept of it. */
static void expect_verdict_of_the_table(json_t *status, const char *id, int code)
{
    static const char *const keys[] = {"ratio", "ratio_low", "ratio_high", "log_e"};
    char path[256], line[400];
    json_t *picture = json_object_get(platform(status, id), "verdict");
    snprintf(path, sizeof path, "%s/table.jsonl", home.dir);
    copy_slots(id, path);
    snprintf(line, sizeof line, "verdict --json --starts %.0f --soak %.0f %s",
             number(picture, "starts"), number(picture, "soak"), path);
    json_t *answer = cli_expect_json(&home, line, code, "verdict");
    json_t *said = json_object_get(answer, "verdict");
    assert_string_equal(text(picture, "state"), text(said, "state"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        expect_same(picture, said, keys[i]);
    json_decref(answer);
}

static json_t *status_of(int code)
{
    return cli_expect_json(&home, "status --json", code, "status");
}

static void let_pass(int seconds)
{
    simulator_do(&sim, "POST", "/world", "{\"clock\": {\"advance_s\": %d}}", seconds);
}

static void expect_state(json_t *status, const char *id, const char *wanted)
{
    const char *state = text(platform(status, id), "verdict.state");
    if (strcmp(state, wanted) != 0)
        fail_msg("%s: %s, not %s", id, state, wanted);
}

/* ------------------------------------------------------------------------ the story */

static void before_the_turn_nobody_is_worse(void **state)
{
    struct ran ran;
    (void)state;
    json_t *status = status_of(0);
    expect_state(status, "ios", "NOT_WORSE");
    expect_state(status, "android", "NOT_WORSE");
    expect_state(status, "wear", "NOT_ENOUGH_DATA");
    expect_state(status, "web", "UNKNOWN");
    expect_verdict_of_the_table(status, "android", 0);
    expect_verdict_of_the_table(status, "ios", 0);
    expect_verdict_of_the_table(status, "wear", 3);
    json_decref(status);
    /* The gate on the verdict closes nothing here: what is left is the checklist. */
    cli_expect(&home, &ran, "gate android", 1);
    assert_non_null(strstr(ran.out, "gate not-worse: PASS, not twice as bad"));
    cli_ran_clear(&ran);
}

static void android_turns_and_it_is_said(void **state)
{
    struct ran ran;
    (void)state;
    let_pass(2 * 3600 + 600);
    json_t *status = status_of(1);
    json_t *verdict = json_object_get(platform(status, "android"), "verdict");
    expect_state(status, "android", "WORSE");
    expect_state(status, "ios", "NOT_WORSE");
    expect_state(status, "wear", "NOT_ENOUGH_DATA");
    assert_true(json_is_true(json_object_get(verdict, "halt_advised")));
    /* Four times as often, from an hour after the world began. */
    assert_true(number(verdict, "ratio_low") < 4 && number(verdict, "ratio_high") > 4);
    int64_t turned_ms = time_of(status, "at") - (3600 + 600) * SW_SECOND_MS;
    assert_true(llabs((long long)(time_of(verdict, "since") - turned_ms)) < 25 * SW_MINUTE_MS);
    expect_verdict_of_the_table(status, "android", 2);
    json_decref(status);
    json_t *gate = cli_expect_json(&home, "gate android --json", 2, "gate");
    assert_string_equal(text(gate, "verdict.state"), "WORSE");
    json_decref(gate);
    cli_expect(&home, &ran, "gate ios", 1);
    cli_ran_clear(&ran);
    cli_expect(&home, &ran, "screenshot overview --size 80x24", 0);
    assert_non_null(strstr(ran.out, "ANDROID WORSE: crashes"));
    assert_non_null(strstr(ran.out, "warns, 100 halts)"));
    assert_non_null(strstr(ran.out, "▲ WORSE"));
    cli_ran_clear(&ran);
}

/* The last picture, before anything is asked: what is known stays, and is marked. */
static void the_cached_picture_says_so_too(void **state)
{
    (void)state;
    struct ran ran;
    cli_run(&home, &ran, "status --cached --json");
    json_t *cached = json_loads(ran.out, 0, NULL);
    assert_non_null(cached);
    expect_state(cached, "android", "WORSE");
    assert_true(json_is_true(at(platform(cached, "android"), "verdict.stale")));
    json_decref(cached);
    cli_ran_clear(&ran);
}

static void older_buckets_outlive_a_run(void **state)
{
    (void)state;
    let_pass(30 * 3600); /* six hours of which nobody can tell any more */
    json_t *status = status_of(1);
    json_t *verdict = json_object_get(platform(status, "android"), "verdict");
    expect_state(status, "android", "WORSE");
    assert_true(number(verdict, "buckets") > 288 + 200);
    expect_verdict_of_the_table(status, "android", 2);
    json_decref(status);
}

static void a_halt_is_open_and_begins_a_new_test(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "halt android --yes", 0);
    cli_ran_clear(&ran);
    json_t *status = status_of(1);
    json_t *verdict = json_object_get(platform(status, "android"), "verdict");
    assert_string_equal(text(verdict, "before.state"), "WORSE");
    assert_int_equal((int)number(verdict, "event"), 1);
    assert_string_not_equal(text(verdict, "state"), "NOT_WORSE");
    json_decref(status);
    /* Those who have it go on crashing: it is found again, against higher limits. */
    let_pass(4 * 3600);
    json_t *gate = cli_expect_json(&home, "gate android --json", 2, "gate");
    assert_true(fabs(number(gate, "verdict.e_warn") - 32.9) < 0.05);
    assert_true(number(gate, "verdict.buckets") < 60);
    json_decref(gate);
}

static void a_damaged_file_is_one_warning(void **state)
{
    char path[512], log_path[512], line[1024];
    int warnings = 0;
    (void)state;
    let_pass(3600);
    kept_file("ios", path, sizeof path);
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    fseek(file, -3, SEEK_END);
    int digit = fgetc(file);
    fseek(file, -3, SEEK_END);
    fputc(digit ^ 1, file); /* still a digit */
    assert_int_equal(fclose(file), 0);
    json_t *status = status_of(1);
    assert_true(number(platform(status, "ios"), "verdict.buckets") < 300);
    assert_true(number(platform(status, "wear"), "verdict.buckets") > 300);
    json_decref(status);
    snprintf(log_path, sizeof log_path, "%s/state/slipway/slipway.log", home.dir);
    FILE *log = fopen(log_path, "re");
    assert_non_null(log);
    while (fgets(line, sizeof line, log) != NULL)
        warnings += strstr(line, "counts kept for the verdict begin anew") != NULL;
    fclose(log);
    assert_int_equal(warnings, 1);
    json_decref(status_of(1)); /* it was written anew: nothing more is said */
}

static int set_up(void **state)
{
    (void)state;
    simulator_start(&sim, 1, 1);
    cli_home_make(&home, sim.config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cli_home_remove(&home);
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_turn_nobody_is_worse),
        cmocka_unit_test(android_turns_and_it_is_said),
        cmocka_unit_test(the_cached_picture_says_so_too),
        cmocka_unit_test(older_buckets_outlive_a_run),
        cmocka_unit_test(a_halt_is_open_and_begins_a_new_test),
        cmocka_unit_test(a_damaged_file_is_one_warning),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
