/*
 * test_cli.c: the command line's tables: what is accepted, what is refused with which word, and
 * which exit code every end has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { ARGS_MAX = 12 };

/* --------------------------------------------------------------------- parsing */

static bool parse(const char *line, struct cli_request *request)
{
    static char text[512];
    static char *argv[ARGS_MAX + 1];
    int argc = 0;
    char *rest = NULL;
    snprintf(text, sizeof text, "slipway %s", line);
    for (char *word = strtok_r(text, " ", &rest); word != NULL && argc < ARGS_MAX;
         word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    argv[argc] = NULL;
    *request = (struct cli_request){0};
    return cli_parse(argc, argv, request);
}

static void takes_what_the_contract_says(void **state)
{
    static const struct {
        const char *line;
        const char *command; /* NULL: none named */
        enum cli_option option;
        const char *value;
    } cases[] = {
        {"", NULL, CLI_JSON, NULL},
        {"--config a.yaml", NULL, CLI_CONFIG, "a.yaml"},
        {"--config=a.yaml --read-only", NULL, CLI_READ_ONLY, ""},
        {"wallboard --rotate 30", "wallboard", CLI_ROTATE, "30"},
        {"status", "status", CLI_JSON, NULL},
        {"status android --json", "status", CLI_JSON, ""},
        {"--json status android", "status", CLI_JSON, ""},
        {"status --cached", "status", CLI_CACHED, ""},
        {"status --watch --json", "status", CLI_WATCH, ""},
        {"halt ios --reason bad --yes", "halt", CLI_REASON, "bad"},
        {"halt ios --unrecorded --dry-run", "halt", CLI_UNRECORDED, ""},
        {"halt ios --cancel-review", "halt", CLI_CANCEL_REVIEW, ""},
        {"advance ios --override because --yes --json", "advance", CLI_OVERRIDE, "because"},
        {"resume ios", "resume", CLI_YES, NULL},
        {"complete ios --yes", "complete", CLI_YES, ""},
        {"rollback ios --dry-run", "rollback", CLI_DRY_RUN, ""},
        {"stop-everything --reason x --yes --json", "stop-everything", CLI_YES, ""},
        {"gate ios --json", "gate", CLI_JSON, ""},
        {"checklist", "checklist", CLI_JSON, NULL},
        {"checklist list --json", "checklist", CLI_JSON, ""},
        {"checklist tick item", "checklist", CLI_JSON, NULL},
        {"log --verify", "log", CLI_VERIFY, ""},
        {"screenshot overview --size 80x24 --format svg", "screenshot", CLI_SIZE, "80x24"},
        {"check --trace t.log --release 2.15.3", "check", CLI_RELEASE, "2.15.3"},
        {"init -", "init", CLI_PRINT, NULL},
        {"verdict -", "verdict", CLI_JSON, NULL},
        {"verdict t.jsonl --r0 1.25 --json", "verdict", CLI_R0, "1.25"},
        {"--starts 4032 verdict t.jsonl", "verdict", CLI_STARTS, "4032"},
        {"halt --help", "halt", CLI_HELP, ""},
        {"-h", NULL, CLI_HELP, ""},
        {"--version", NULL, CLI_VERSION, ""},
        {"--color never --theme paper --ascii", NULL, CLI_COLOR, "never"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_request request;
        if (!parse(cases[i].line, &request))
            fail_msg("refused: %s", cases[i].line);
        const char *name = request.command ? request.command->name : NULL;
        bool is_command =
            cases[i].command == NULL ? name == NULL : name && !strcmp(name, cases[i].command);
        const char *value = request.values[cases[i].option];
        bool is_value =
            cases[i].value == NULL ? value == NULL : value && !strcmp(value, cases[i].value);
        if (!is_command || !is_value)
            fail_msg("read wrongly: %s (command %s, value %s)", cases[i].line, name ? name : "none",
                     value ? value : "none");
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const cases[] = {
        "hlat ios",
        "guard",
        "conn",
        "brief",
        "verdict",
        "verdict a b",
        "verdict a --yes",
        "verdict a --r0 0",
        "verdict a --r0 -1",
        "verdict a --r0 101",
        "verdict a --r0 1,25",
        "verdict a --r0 inf",
        "verdict a --r0 0x2",
        "verdict a --r0 1.",
        "verdict a --r0=",
        "verdict a --starts 0",
        "verdict a --starts 3.5",
        "verdict a --starts -3",
        "verdict a --soak 1000001",
        "verdict a --soak many",
        "status --r0 2",
        "promote ios",
        "halt",
        "halt ios android",
        "gate",
        "status a b",
        "screenshot",
        "log extra",
        "stop-everything ios",
        "status --jsn",
        "status --yes",
        "advance ios --cancel-review",
        "stop-everything --cancel-review",
        "halt ios --cached",
        "halt ios --reason",
        "status --json=yes",
        "status -z",
        "--color red",
        "--color",
        "wallboard --rotate 0",
        "wallboard --rotate -5",
        "wallboard --rotate 5s",
        "wallboard --rotate 99999999999999999999",
        "screenshot overview --size 80",
        "screenshot overview --size 80x",
        "screenshot overview --size 0x24",
        "screenshot overview --size 80x24x2",
        "screenshot overview --size -80x24",
        "screenshot overview --size 99999x24",
        "screenshot overview --format png",
        "advance ios --override=",
        "--config= status",
        "dashboard --json",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_request request;
        if (parse(cases[i], &request))
            fail_msg("taken: %s", cases[i]);
    }
}

static void values_become_numbers(void **state)
{
    struct cli_request request;
    (void)state;
    assert_true(parse("screenshot log --size 200x60 --format ansi", &request));
    assert_int_equal(request.cols, 200);
    assert_int_equal(request.rows, 60);
    assert_int_equal(request.format, DUMP_ANSI);
    assert_true(parse("screenshot log", &request));
    assert_int_equal(request.cols, 120);
    assert_int_equal(request.rows, 36);
    assert_true(parse("wallboard --rotate 86400 --color always", &request));
    assert_int_equal(request.rotate_s, 86400);
    assert_int_equal(request.color, COLOR_WHEN_ALWAYS);
    assert_true(parse("verdict t --r0 1.25 --starts 4032 --soak 288", &request));
    assert_true(request.r0 > 1.2499 && request.r0 < 1.2501);
    assert_int_equal(request.starts, 4032);
    assert_int_equal(request.soak, 288);
    assert_true(parse("verdict t", &request));
    assert_true(request.r0 > 0.9999 && request.r0 < 1.0001);
    assert_int_equal(request.starts, 336);
    assert_int_equal(request.soak, 0);
}

static void the_nearest_word_is_near(void **state)
{
    static const char *const words[] = {"halt", "resume", "status", "stop-everything"};
    static const struct {
        const char *typed, *near;
    } cases[] = {{"hlat", "halt"},
                 {"HALT", NULL},
                 {"haltt", "halt"},
                 {"statsu", "status"},
                 {"x", NULL},
                 {"", NULL},
                 {"stop-everthing", "stop-everything"},
                 {"rseume", "resume"},
                 {"promote", NULL},
                 {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *near = cli_nearest(cases[i].typed, words, 4);
        if ((near == NULL) != (cases[i].near == NULL) ||
            (near != NULL && strcmp(near, cases[i].near) != 0))
            fail_msg("\"%s\" gives %s", cases[i].typed, near ? near : "nothing");
    }
}

/* What later issues bring is not offered yet; and each line of help fits a terminal. */
static void the_table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct cli_command *command = cli_command_at(i);
        assert_ptr_equal(cli_command_find(command->name), command);
        assert_non_null(command->run);
        assert_true(strlen(command->help) <= 62);
        assert_true(command->detail[0] != '\0');
        assert_true(command->arg_min <= command->arg_max && command->arg_max <= CLI_ARGS_MAX);
        bool is_verb = command->verb != SW_VERB_NONE;
        assert_int_equal((command->flags & CLI_MUTATES) != 0, is_verb);
        assert_int_equal(cli_command_takes(command, CLI_YES), is_verb);
        assert_int_equal(cli_command_takes(command, CLI_DRY_RUN), is_verb);
    }
    assert_null(cli_command_find("guard"));
    assert_null(cli_command_find("conn"));
}

/* ------------------------------------------------------------------ exit codes */

static void every_outcome_has_its_exit_code(void **state)
{
    static const struct {
        enum sw_result result;
        enum sw_code code;
        int exit;
    } cases[] = {
        {SW_RESULT_SEEN, SW_OK, 0},
        {SW_RESULT_DRY_RUN, SW_OK, 0},
        {SW_RESULT_REFUSED, SW_E_REFUSED, 4},
        {SW_RESULT_REFUSED, SW_E_STALE, 4},
        {SW_RESULT_REFUSED, SW_E_CONFLICT, 4},
        {SW_RESULT_REFUSED, SW_E_BUSY, 4},
        {SW_RESULT_REFUSED, SW_E_UNSUPPORTED, 4},
        {SW_RESULT_REFUSED, SW_E_GIT, 4},
        {SW_RESULT_REFUSED, SW_E_IO, 4},
        {SW_RESULT_REFUSED, SW_E_NOT_FOUND, 4},
        {SW_RESULT_REFUSED, SW_E_USAGE, 64},
        {SW_RESULT_REFUSED, SW_E_DENIED, 77},
        {SW_RESULT_REFUSED, SW_E_CONFIG, 78},
        {SW_RESULT_REJECTED, SW_E_CONFLICT, 5},
        {SW_RESULT_REJECTED, SW_E_HTTP, 5},
        {SW_RESULT_REJECTED, SW_OK, 5},
        {SW_RESULT_REJECTED, SW_E_DENIED, 77},
        {SW_RESULT_REJECTED, SW_E_AUTH, 77},
        {SW_RESULT_SUPERSEDED, SW_E_CANCELLED, 4},
        {SW_RESULT_UNKNOWN, SW_E_OUTCOME_UNKNOWN, 75},
        {SW_RESULT_UNKNOWN, SW_E_CONFLICT, 75},
        {SW_RESULT_NONE, SW_OK, 75},
        {SW_RESULT_FAILED, SW_E_NETWORK, 75},
        {SW_RESULT_FAILED, SW_E_TIMEOUT, 75},
        {SW_RESULT_FAILED, SW_E_TLS, 75},
        {SW_RESULT_FAILED, SW_E_HTTP, 75},
        {SW_RESULT_FAILED, SW_E_QUOTA, 75},
        {SW_RESULT_FAILED, SW_E_CANCELLED, 75},
        {SW_RESULT_FAILED, SW_E_AUTH, 77},
        {SW_RESULT_FAILED, SW_E_DENIED, 77},
        {SW_RESULT_FAILED, SW_E_CONFIG, 78},
        {SW_RESULT_FAILED, SW_E_IO, 1},
        {SW_RESULT_FAILED, SW_E_PARSE, 1},
        {SW_RESULT_FAILED, SW_OK, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = cli_exit_of_outcome(cases[i].result, cases[i].code);
        if (got != cases[i].exit)
            fail_msg("%s with code %d gives %d, not %d", sw_result_name(cases[i].result),
                     (int)cases[i].code, got, cases[i].exit);
    }
}

/* No end is taken for success that is none, whatever code comes with it. */
static void only_success_is_zero(void **state)
{
    (void)state;
    for (int result = 0; result < SW_RESULT_COUNT; result++) {
        for (int code = SW_OK; code <= SW_E_BUSY; code++) {
            bool is_success = result == SW_RESULT_SEEN || result == SW_RESULT_DRY_RUN;
            int got = cli_exit_of_outcome((enum sw_result)result, (enum sw_code)code);
            assert_int_equal(got == 0, is_success);
            bool is_listed = false;
            for (size_t i = 0; i < cli_exit_count(); i++)
                is_listed = is_listed || cli_exits[i].code == got;
            assert_true(is_listed);
        }
    }
}

struct picture {
    struct sw_platform platform;
    struct sw_gate gates[2];
    struct sw_alarm alarm;
    struct sw_source source;
    struct sw_snapshot snapshot;
};

static void well(struct picture *p)
{
    *p = (struct picture){0};
    p->gates[0] = (struct sw_gate){.id = "crash", .verdict = SW_GATE_PASS, .is_blocking = true};
    p->gates[1] = (struct sw_gate){.id = "slow", .verdict = SW_GATE_PASS};
    p->alarm = (struct sw_alarm){.name = "5xx", .source = "s"};
    p->source = (struct sw_source){.id = "s", .is_ok = true};
    static const char *const sources[] = {"s"};
    p->platform = (struct sw_platform){.id = "android",
                                       .source = "s",
                                       .source_count = 1,
                                       .sources = sources,
                                       .state = SW_STATE_ROLLING,
                                       .gate_count = 2,
                                       .gates = p->gates,
                                       .gates_worst = SW_GATE_PASS,
                                       .alarm_count = 1,
                                       .alarms = &p->alarm};
    p->snapshot = (struct sw_snapshot){.is_ledger_ok = true,
                                       .platform_count = 1,
                                       .platforms = &p->platform,
                                       .source_count = 1,
                                       .sources = &p->source,
                                       .checklist = {.is_known = true, .file = "R.md"}};
}

enum change {
    NOTHING,
    WORSE,
    FAIL,
    WARN,
    WAIT,
    GATE_STALE,
    GATE_UNKNOWN,
    ADVISORY_FAIL,
    ITEM_OPEN,
    NO_CHECKLIST,
    NO_CHECKLIST_FILE,
    STATE_STALE,
    CACHED,
    STATE_UNKNOWN,
    HALTED,
    ALARM,
    SOURCE_DOWN,
    SOURCE_AUTH,
    SOURCE_CONFIG,
    LEDGER_BAD,
    READY_UNKNOWN,
};

static void change(struct picture *p, enum change what)
{
    switch (what) {
    case NOTHING:
        break;
    case WORSE:
        p->platform.verdict = SW_VERDICT_WORSE;
        break;
    case FAIL:
        p->gates[0].verdict = SW_GATE_FAIL;
        break;
    case WARN:
        p->gates[0].verdict = SW_GATE_WARN;
        break;
    case WAIT:
        p->gates[0].verdict = SW_GATE_WAIT;
        break;
    case GATE_STALE:
        p->gates[0].verdict = SW_GATE_STALE;
        break;
    case GATE_UNKNOWN:
        p->gates[0].verdict = SW_GATE_UNKNOWN;
        break;
    case ADVISORY_FAIL:
        p->gates[1].verdict = SW_GATE_FAIL;
        break;
    case ITEM_OPEN:
        p->snapshot.checklist.blocking_open = 1;
        break;
    case NO_CHECKLIST:
        p->snapshot.checklist.is_known = false;
        break;
    case NO_CHECKLIST_FILE:
        p->snapshot.checklist = (struct sw_checklist){.file = ""};
        break;
    case STATE_STALE:
        p->platform.is_stale = true;
        break;
    case CACHED:
        p->platform.is_cached = true;
        break;
    case STATE_UNKNOWN:
        p->platform.state = SW_STATE_UNKNOWN;
        break;
    case HALTED:
        p->platform.state = SW_STATE_HALTED;
        break;
    case ALARM:
        p->alarm.is_firing = true;
        break;
    case SOURCE_DOWN:
        p->source.is_ok = false;
        break;
    case SOURCE_AUTH:
        p->source.is_ok = false;
        p->source.error_code = SW_E_AUTH;
        break;
    case SOURCE_CONFIG:
        p->source.is_ok = false;
        p->source.error_code = SW_E_CONFIG;
        break;
    case LEDGER_BAD:
        p->snapshot.is_ledger_ok = false;
        break;
    case READY_UNKNOWN:
        p->platform.state = SW_STATE_READY;
        p->gates[0].verdict = SW_GATE_UNKNOWN;
        break;
    }
}

static void gate_and_status_have_their_exit_codes(void **state)
{
    static const struct {
        enum change first, second;
        int gate, status;
    } cases[] = {
        {NOTHING, NOTHING, 0, 0},
        {WORSE, NOTHING, 2, 1},
        {WORSE, FAIL, 2, 1},
        {WORSE, STATE_STALE, 2, 1},
        {FAIL, NOTHING, 1, 1},
        {FAIL, STATE_STALE, 1, 1},
        {WARN, NOTHING, 1, 1},
        {WARN, SOURCE_AUTH, 1, 1},
        {WAIT, NOTHING, 3, 0},
        {GATE_STALE, NOTHING, 3, 3},
        {GATE_UNKNOWN, NOTHING, 3, 3},
        {GATE_STALE, ITEM_OPEN, 1, 3},
        {ADVISORY_FAIL, NOTHING, 0, 0},
        {ITEM_OPEN, NOTHING, 1, 0},
        {NO_CHECKLIST, NOTHING, 3, 0},
        {NO_CHECKLIST_FILE, NOTHING, 0, 0},
        {STATE_STALE, NOTHING, 3, 3},
        {CACHED, NOTHING, 3, 3},
        {STATE_UNKNOWN, NOTHING, 3, 3},
        {HALTED, NOTHING, 0, 1},
        {HALTED, STATE_STALE, 3, 1},
        {ALARM, NOTHING, 0, 1},
        {SOURCE_DOWN, NOTHING, 0, 3},
        {SOURCE_AUTH, GATE_UNKNOWN, 3, 77},
        {SOURCE_CONFIG, GATE_UNKNOWN, 3, 78},
        {LEDGER_BAD, NOTHING, 0, 1},
        {READY_UNKNOWN, NOTHING, 3, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct picture p;
        well(&p);
        change(&p, cases[i].first);
        change(&p, cases[i].second);
        int gate = cli_exit_of_gate(&p.snapshot, &p.platform);
        int all = cli_exit_of_status(&p.snapshot, NULL);
        int one = cli_exit_of_status(&p.snapshot, &p.platform);
        if (gate != cases[i].gate || all != cases[i].status || one != cases[i].status)
            fail_msg("case %zu: gate %d not %d, status %d and %d not %d", i, gate, cases[i].gate,
                     all, one, cases[i].status);
    }
}

/* Like the gate: a script goes on only where there is an answer. */
static void the_verdict_has_its_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(cli_exit_of_verdict(SW_VERDICT_WORSE), 2);
    assert_int_equal(cli_exit_of_verdict(SW_VERDICT_NOT_WORSE), 0);
    assert_int_equal(cli_exit_of_verdict(SW_VERDICT_NOT_ENOUGH_DATA), 3);
    assert_int_equal(cli_exit_of_verdict(SW_VERDICT_UNKNOWN), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_contract_says),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(values_become_numbers),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(every_outcome_has_its_exit_code),
        cmocka_unit_test(only_success_is_zero),
        cmocka_unit_test(gate_and_status_have_their_exit_codes),
        cmocka_unit_test(the_verdict_has_its_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
