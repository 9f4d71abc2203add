/*
 * The dashboard as a guest in a terminal: what it leaves behind however it ends, which kinds of
 * terminal and sizes it draws on, and keys that must not act.
 */
#include <signal.h>
#include <string.h>

#include "dash.h"

static struct simulator sim;

static void open_dash(struct dash *dash)
{
    kill(sim.pid, SIGCONT); /* whatever the test before left behind */
    dash_open(dash, &(struct dash_options){.sim = &sim});
}

/* ------------------------------------------------------------------------ start */

static void the_first_frame_stands_before_any_answer(void **state)
{
    struct dash dash;
    (void)state;
    open_dash(&dash);
    kill(sim.pid, SIGSTOP); /* every upstream accepts and is silent */
    dash_expect(&dash, "Android");
    dash_expect(&dash, "? help");
    dash_type(&dash, "?");
    dash_expect(&dash, "what acts");
    dash_type(&dash, "\033");
    dash_expect(&dash, "data from");
    kill(sim.pid, SIGCONT);
    dash_expect_in_row(&dash, "Android", "ROLLING");
    dash_quit(&dash);
    dash_close(&dash);
}

/* 3.5 KB is what the design asks for; the reference programs take 3.9 and 4.8. */
static void the_first_frame_costs_little(void **state)
{
    struct dash dash;
    (void)state;
    open_dash(&dash);
    kill(sim.pid, SIGSTOP);
    dash_expect(&dash, "? help");
    assert_in_range(pty_bytes_read(dash.pty), 500, 3500);
    kill(sim.pid, SIGCONT);
    dash_quit(&dash);
    dash_close(&dash);
}

/* ------------------------------------------------------------------------ leave */

struct ending {
    const char *keys;
    int signal;
    int status;
};

static void nothing_is_left_behind(void **state)
{
    static const struct ending endings[] = {
        {"q", 0, 0},
        {"", SIGTERM, 0},
        {"", SIGINT, 0},
        {"", SIGHUP, 0}, /* sent by somebody: the line is still there */
        {"\034", 0, PTY_SIGNALLED + SIGQUIT},
        {"", SIGSEGV, PTY_SIGNALLED + SIGSEGV},
        {"", SIGABRT, PTY_SIGNALLED + SIGABRT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct dash dash;
        open_dash(&dash);
        dash_expect(&dash, "? help");
        if (endings[i].signal != 0)
            pty_signal(dash.pty, endings[i].signal);
        dash_type(&dash, endings[i].keys);
        if (endings[i].status == 0 || dash_is_release())
            dash_expect_exit(&dash, endings[i].status);
        else /* the sanitizers give a signal an exit code of their own */
            assert_int_not_equal(pty_wait_exit(dash.pty, dash_limit_ms()), PTY_RUNNING);
        assert_string_equal(pty_left_behind(dash.pty), "");
        dash_close(&dash);
    }
}

static void a_dropped_line_ends_it(void **state)
{
    struct dash dash;
    (void)state;
    open_dash(&dash);
    dash_expect_in_row(&dash, "Android", "ROLLING");
    pty_hang_up(dash.pty);
    dash_expect_exit(&dash, 0);
    dash_close(&dash);
}

/* ------------------------------------------------------------------------- keys */

static void keys_before_the_dialog_do_not_confirm(void **state)
{
    struct dash dash;
    (void)state;
    open_dash(&dash);
    /* Before anything of it was read there is nothing to halt, and no dialog. */
    dash_expect_in_row(&dash, "iOS", "ROLLING");
    dash_expect_in_row(&dash, "Android", "ROLLING");
    dash_type(&dash, "Hyy"); /* in one piece: the y come before the dialog is drawn */
    dash_expect(&dash, "2 early keys dropped");
    dash_type(&dash, "n");
    dash_expect_gone(&dash, "halt it");
    dash_type(&dash, "\033[200~Hy\rq\r\033[201~"); /* pasted */
    dash_expect(&dash, "pasted text is not taken");
    dash_never(&dash, "halt it");
    dash_type(&dash, "\033[1;5H\033]0;Hy\007\033OH"); /* sequences nobody knows */
    dash_quit(&dash);
    dash_close(&dash);
}

static void a_halt_outlives_its_terminal(void **state)
{
    struct dash dash;
    (void)state;
    open_dash(&dash);
    dash_expect_in_row(&dash, "Android", "ROLLING");
    kill(sim.pid, SIGSTOP);
    dash_type(&dash, "2H");
    dash_expect(&dash, "y halt it");
    dash_type(&dash, "y");
    dash_expect(&dash, "HALT ASKED");
    dash_type(&dash, "q");
    dash_expect(&dash, "LEAVE with a halt under way?");
    pty_hang_up(dash.pty);
    assert_int_equal(pty_wait_exit(dash.pty, 1500), PTY_RUNNING); /* it stays for the halt */
    kill(sim.pid, SIGCONT);
    dash_expect_exit(&dash, 0);
    dash_expect_store(&dash, &sim, "android", "halted");
    dash_close(&dash);

    open_dash(&dash);
    dash_expect(&dash, "R resumes it");
    dash_type(&dash, "2R"); /* as it was, for the next test */
    dash_expect(&dash, "y resume it");
    dash_type(&dash, "y");
    dash_expect_store(&dash, &sim, "android", "inProgress");
    dash_quit(&dash);
    dash_close(&dash);
}

static void the_wallboard_knows_no_key_but_q(void **state)
{
    struct dash dash;
    (void)state;
    kill(sim.pid, SIGCONT);
    dash_open(&dash,
              &(struct dash_options){.sim = &sim, .command = "wallboard", .rows = 36, .cols = 120});
    dash_expect(&dash, "alive");
    int64_t before = simulator_mutating(&sim);
    dash_type(&dash, "HyXyAyBandroid\rCandroid\r:halt android\ryc l?1 ");
    dash_type(&dash, "\033");
    pty_read_for(dash.pty, 300);
    dash_never(&dash, "halt it");
    dash_expect(&dash, "read-only");
    assert_int_equal(simulator_mutating(&sim), before);
    dash_quit(&dash);
    dash_close(&dash);
}

/* ------------------------------------------------------------------------- size */

static void every_size_is_drawn(void **state)
{
    static const int sizes[][2] = {{60, 200}, {20, 45}, {5, 20}, {1, 3}, {120, 300}, {24, 80}};
    struct dash dash;
    (void)state;
    open_dash(&dash);
    dash_expect_in_row(&dash, "Android", "ROLLING");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pty_resize(dash.pty, sizes[i][0], sizes[i][1]);
        if (sizes[i][1] >= 20)
            dash_expect(&dash, "Android");
        else
            pty_read_for(dash.pty, 100);
        if (sizes[i][1] >= 80)
            dash_expect(&dash, "? help");
    }
    for (int i = 0; i < 60; i++) /* a storm */
        pty_resize(dash.pty, 10 + i % 30, 40 + i * 2);
    pty_resize(dash.pty, 24, 80);
    dash_type(&dash, "s");
    dash_expect(&dash, "answers");
    dash_quit(&dash);
    dash_close(&dash);
}

/* -------------------------------------------------------------------- terminals */

struct terminal {
    const char *term;
    const char *env[4];
    const char *shows;
};

static void every_kind_of_terminal(void **state)
{
    static const struct terminal terminals[] = {
        {"xterm-256color", {"LC_ALL=C.UTF-8"}, "► ROLLING"},
        {"xterm", {"LC_ALL=C.UTF-8"}, "► ROLLING"},
        {"screen", {"LC_ALL=C.UTF-8"}, "► ROLLING"},
        {"linux", {"LC_ALL=C.UTF-8"}, "► ROLLING"},
        {"vt100", {"LC_ALL=C.UTF-8"}, "► ROLLING"},
        {"xterm-256color", {"LC_ALL=C"}, "> ROLLING"},
        {"vt100", {"LC_ALL=C"}, "> ROLLING"},
        {"xterm-256color", {"LC_ALL=xx_XX.UTF-8"}, "► ROLLING"},
        {"xterm-256color", {"LC_ALL=C.UTF-8", "NO_COLOR=1"}, "► ROLLING"},
        {"xterm-256color", {"LC_ALL=C.UTF-8", "LINES=10", "COLUMNS=33"}, "► ROLLING"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        struct dash dash;
        kill(sim.pid, SIGCONT);
        dash_open(&dash, &(struct dash_options){
                             .sim = &sim, .term = terminals[i].term, .env = terminals[i].env});
        dash_expect_in_row(&dash, "Android", terminals[i].shows);
        dash_expect(&dash, "? help");
        dash_quit(&dash);
        dash_close(&dash);
    }
}

/* Without a terminal that can be drawn on: the overview as text, and the modes untouched. */
static void no_terminal_gives_text(void **state)
{
    struct dash dash;
    (void)state;
    kill(sim.pid, SIGCONT);
    dash_open(&dash, &(struct dash_options){.sim = &sim, .term = "dumb", .rows = 40, .cols = 100});
    dash_expect_exit(&dash, 0);
    assert_true(pty_shows(dash.pty, "ROLLING"));
    assert_false(pty_is_on_alternate_screen(dash.pty));
    assert_string_equal(pty_left_behind(dash.pty), "");
    dash_close(&dash);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 60, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kill(sim.pid, SIGCONT);
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_frame_stands_before_any_answer),
        cmocka_unit_test(the_first_frame_costs_little),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(a_dropped_line_ends_it),
        cmocka_unit_test(keys_before_the_dialog_do_not_confirm),
        cmocka_unit_test(a_halt_outlives_its_terminal),
        cmocka_unit_test(the_wallboard_knows_no_key_but_q),
        cmocka_unit_test(every_size_is_drawn),
        cmocka_unit_test(every_kind_of_terminal),
        cmocka_unit_test(no_terminal_gives_text),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
