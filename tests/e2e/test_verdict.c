/*
 * `slipway verdict` from a file and from standard input: what it prints, beside its schema, and
 * what it answers to a table that is none. It needs no configuration and no world.
 */
#include "run_cli.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema.h"

static struct cli_home home;

/* The path of a table with this content, below the home. */
static const char *table(const char *content)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/table.jsonl", home.dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *line_of(const char *options, const char *path)
{
    static char line[512];
    snprintf(line, sizeof line, "verdict %s %s", options, path);
    return line;
}

#define A1      "{\"x\":2,\"n\":150,\"y\":45,\"N\":15000}\n"
#define A2      "{\"x\":4,\"n\":400,\"y\":54,\"N\":18000}\n"
#define A3      "{\"x\":9,\"n\":900,\"y\":52,\"N\":17500}\n"
#define A4      "{\"x\":21,\"n\":1800,\"y\":50,\"N\":16800}\n"
#define SKIPPED "{\"x\":0,\"n\":0,\"y\":50,\"N\":16800}\n"
#define HEALTHY "{\"x\":9,\"n\":3000,\"y\":90,\"N\":30000}\n"

static double number_at(json_t *row, const char *key)
{
    json_t *number = json_object_get(row, key);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static void expect_near(double got, double want, const char *what)
{
    if (fabs(got - want) > 1e-9 * fmax(1, fabs(want)))
        fail_msg("%s: %.12g, not %.12g", what, got, want);
}

static void json_has_a_row_for_each_bucket_that_counts(void **state)
{
    static const double log_e[] = {0.609573290, 1.801425109, 5.432984270, 15.818731187};
    static const int entries[] = {1, 2, 4, 5};
    (void)state;
    json_t *answer =
        cli_expect_json(&home, line_of("--json", table(A1 A2 SKIPPED A3 A4)), 2, "verdict");
    json_t *rows = json_object_get(answer, "buckets");
    assert_int_equal(json_array_size(rows), 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *row = json_array_get(rows, i);
        expect_near(number_at(row, "log_e"), log_e[i], "log_e");
        expect_near(number_at(row, "bucket"), (double)i + 1, "bucket");
        expect_near(number_at(row, "entry"), entries[i], "entry");
        assert_string_equal(json_string_value(json_object_get(row, "state")),
                            i < 2 ? "NOT_ENOUGH_DATA" : "WORSE");
    }
    json_t *verdict = json_object_get(answer, "verdict");
    assert_string_equal(json_string_value(json_object_get(verdict, "state")), "WORSE");
    expect_near(number_at(verdict, "since"), 1, "since");
    expect_near(number_at(verdict, "crashes_new"), 36, "crashes_new");
    json_decref(answer);
}

static void people_get_a_table_and_a_sentence(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, line_of("", table(A1 A2 A3)), 2);
    assert_non_null(strstr(ran.out, "bucket    log_e_cum  log_e_onset        log_e"));
    assert_non_null(strstr(ran.out, "\n     2       2.4050       0.0372       1.8014     0.165  "
                                    "NOT_ENOUGH_DATA      1"));
    assert_non_null(strstr(ran.out,
                           "\nWORSE since about bucket 1: ratio about 3.48 (1.31 to 7.53), "
                           "n 1450 new and 50500 old\nA halt is advised.\n"));
    cli_ran_clear(&ran);
}

static void the_exit_code_is_the_last_bucket_s(void **state)
{
    static const struct {
        const char *table, *options;
        int code;
    } cases[] = {
        {A1, "", 3},
        {A1 A2, "", 3},
        {A1 A2 A3, "", 2},
        {A1 A2 A3 SKIPPED, "", 2},
        {A1 A2 A3 A4, "--r0 4", 3},
        {A1 A2 A3, "--r0 3", 3},
        {HEALTHY HEALTHY HEALTHY HEALTHY, "", 0},
        {HEALTHY HEALTHY HEALTHY HEALTHY, "--starts 1 --soak 4 --json", 0},
        {HEALTHY HEALTHY HEALTHY HEALTHY, "--soak 1", 3},
        {SKIPPED, "", 3},
        {SKIPPED, "--json", 3},
        {"", "", 3},
        {"\n\n", "--json", 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ran ran;
        cli_expect(&home, &ran, line_of(cases[i].options, table(cases[i].table)), cases[i].code);
        assert_string_equal(ran.err, "");
        assert_true(ran.out[0] != '\0');
        cli_ran_clear(&ran);
    }
    json_t *answer = cli_expect_json(&home, line_of("--json", table("")), 3, "verdict");
    assert_int_equal(json_array_size(json_object_get(answer, "buckets")), 0);
    json_decref(answer);
}

/* One line on standard error with the line's number, and nothing on standard output. */
static void a_wrong_table_is_not_judged(void **state)
{
    static const struct {
        const char *table, *says;
    } cases[] = {
        {A1 "{\"x\":1}\n" A2, "table.jsonl: line 2: "},
        {A1 A2 "crash\n", "table.jsonl: line 3: "},
        {A1 "{\"x\":151,\"n\":150,\"y\":45,\"N\":15000}\n", "line 2: x is 151, more than n"},
        {"{\"x\":1,\"n\":150,\"y\":45,\"N\":15000,\"w\\u001b[31m\":1}\n", "line 1: unknown key"},
    };
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ran ran;
        cli_expect_error(&home, line_of("", table(cases[i].table)), 64, cases[i].says, 1);
        cli_expect(&home, &ran, line_of("--json", table(cases[i].table)), 64);
        assert_string_equal(ran.out, "");
        cli_ran_clear(&ran);
    }
    cli_expect_error(&home, line_of("", home.dir), 1, "Is a directory", 1);
    snprintf(path, sizeof path, "%s/none.jsonl", home.dir);
    cli_expect_error(&home, line_of("", path), 1, "No such file", 1);
    cli_expect_error(&home, "verdict /dev/zero", 64, "line 1: longer than 256 bytes", 1);
    cli_expect_error(&home, "verdict", 64, "usage: slipway verdict FILE|-", 1);
    cli_expect_error(&home, "verdict --r0 2x -", 64, "--r0: \"2x\" is not a ratio", 1);
}

/* The helper gives an empty one: a table without a bucket. */
static void a_dash_is_standard_input(void **state)
{
    struct ran ran;
    (void)state;
    cli_expect(&home, &ran, "verdict -", 3);
    assert_string_equal(ran.out, "UNKNOWN: no bucket has sessions of both versions\n");
    cli_ran_clear(&ran);
}

/* As a script uses it: through a pipe, in pieces. */
static void a_pipe_is_read_to_its_end(void **state)
{
    const char *program = getenv("SLIPWAY_BIN");
    char command[512];
    char answer[4096];
    (void)state;
    snprintf(command, sizeof command, "(cat '%s'; sleep 0.1; echo '%s') | '%s' verdict -",
             table(A1 A2), "{\"x\":9,\"n\":900,\"y\":52,\"N\":17500}",
             program != NULL ? program : ".build/release/slipway");
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    char *text = cli_read_all(out[0], 20000);
    snprintf(answer, sizeof answer, "%s", text);
    free(text);
    assert_int_equal(cli_wait(pid, 20000), 2);
    assert_non_null(strstr(answer, "WORSE since about bucket 1: ratio about 3.48"));
}

static int set_up(void **state)
{
    (void)state;
    cli_home_make(&home, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cli_home_remove(&home);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_a_row_for_each_bucket_that_counts),
        cmocka_unit_test(people_get_a_table_and_a_sentence),
        cmocka_unit_test(the_exit_code_is_the_last_bucket_s),
        cmocka_unit_test(a_wrong_table_is_not_judged),
        cmocka_unit_test(a_dash_is_standard_input),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
