/*
 * test_terminal.c: the real program in a terminal, against the simulator: how it starts, what keys
 * lead to, what it leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pty.h"

#define WAIT_MS    20000 /* a deadline, not a duration: sanitizer builds are slow */
#define PATH_BYTES 512

static struct {
    pid_t sim;
    char dir[PATH_BYTES], config[PATH_BYTES + 16], bin[PATH_BYTES];
} world;

/* ----------------------------------------------------------------------- set-up */

static const char *needed(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        print_message("%s is not set: run by make test\n", name);
        skip();
    }
    return value ? value : "";
}

static void wait_ready(int fd)
{
    char text[64] = "";
    size_t len = 0;
    while (strstr(text, "ready") == NULL) {
        struct pollfd in = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&in, 1, WAIT_MS), 1);
        ssize_t n = read(fd, text + len, sizeof text - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
}

static int start_world(void **state)
{
    int out[2];
    (void)state;
    const char *sim = getenv("SLIPWAY_SIM_BIN");
    const char *bin = getenv("SLIPWAY_BIN");
    const char *temp = getenv("TMPDIR");
    if (sim == NULL || bin == NULL || temp == NULL)
        return 0; /* each test says so */
    snprintf(world.dir, sizeof world.dir, "%s/world", temp);
    snprintf(world.bin, sizeof world.bin, "%s", bin);
    snprintf(world.config, sizeof world.config, "%s/config.yaml", world.dir);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    world.sim = fork();
    if (world.sim == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(sim, sim, "--dir", world.dir, "--speed", "60", "--die-with-parent", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    wait_ready(out[0]);
    close(out[0]);
    return 0;
}

static int stop_world(void **state)
{
    (void)state;
    if (world.sim > 0) {
        kill(world.sim, SIGTERM);
        waitpid(world.sim, NULL, 0);
    }
    return 0;
}

static const char *const plain_env[] = {
    "TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR", "COLUMNS", "LINES", NULL};

static struct pty *start_with(const char *word, const char *const *env, int rows, int cols)
{
    needed("SLIPWAY_BIN");
    kill(world.sim, SIGCONT); /* whatever the test before left behind */
    const char *argv[8] = {world.bin, "--config", world.config, word, NULL};
    return pty_start(argv, env, rows, cols);
}

static struct pty *start(void)
{
    return start_with(NULL, plain_env, 24, 80);
}

static void expect(struct pty *pty, const char *text)
{
    if (!pty_wait_for(pty, text, WAIT_MS))
        fail_msg("\"%s\" does not come up:\n%s", text, pty_screen(pty));
}

/* ------------------------------------------------------------------------ start */

static void the_first_frame_stands_before_any_answer(void **state)
{
    (void)state;
    needed("SLIPWAY_BIN");
    struct pty *pty = start();
    kill(world.sim, SIGSTOP); /* every upstream accepts and is silent */
    expect(pty, "Android");
    expect(pty, "H halt");
    assert_true(pty_shows(pty, "FIRST LOOK") || pty_shows(pty, "OLD PICTURE"));
    pty_type(pty, "?");
    expect(pty, "what acts");
    pty_type(pty, "\033");
    expect(pty, "data from");
    kill(world.sim, SIGCONT);
    expect(pty, "ROLLING");
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

/* ------------------------------------------------------------------------ leave */

static void expect_clean(struct pty *pty, const struct termios *before)
{
    struct termios after;
    pty_line(pty, &after);
    assert_int_equal(before->c_lflag, after.c_lflag);
    assert_int_equal(before->c_iflag, after.c_iflag);
    assert_int_equal(before->c_oflag, after.c_oflag);
    assert_int_equal(pty_mode(pty, "?1049"), 'l');
    assert_int_equal(pty_mode(pty, "?2004"), 'l');
    assert_int_equal(pty_mode(pty, "?2026"), 'l');
    assert_int_equal(pty_mode(pty, "?1"), 'l');
    assert_int_equal(pty_mode(pty, "?25"), 'h');
}

struct ending {
    const char *keys;
    int signal;
    int exit_code; /* -1: dies by the signal */
};

static void nothing_is_left_behind(void **state)
{
    static const struct ending endings[] = {
        {"q", 0, 0}, {"", SIGTERM, 0}, {"", SIGINT, 0}, {"", SIGSEGV, -1}, {"", SIGABRT, -1}};
    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct termios before;
        struct pty *pty = start();
        pty_line(pty, &before);
        expect(pty, "H halt");
        if (endings[i].signal != 0)
            kill(pty_pid(pty), endings[i].signal);
        pty_type(pty, endings[i].keys);
        int status = pty_wait_end(pty, WAIT_MS);
        assert_int_not_equal(status, -1);
        if (endings[i].exit_code >= 0)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == endings[i].exit_code);
        else if (getenv("SLIPWAY_VARIANT") != NULL && !strcmp(getenv("SLIPWAY_VARIANT"), "release"))
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == endings[i].signal);
        expect_clean(pty, &before);
        pty_free(pty);
    }
}

static void a_dropped_line_ends_it(void **state)
{
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    pty_hang_up(pty);
    int status = pty_wait_end(pty, WAIT_MS);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pty_free(pty);
}

/* ------------------------------------------------------------------------- keys */

static void keys_before_the_dialog_do_not_confirm(void **state)
{
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    pty_type(pty, "Hyy"); /* in one piece: the y come before the dialog is drawn */
    expect(pty, "2 early keys dropped");
    pty_type(pty, "n");
    assert_true(pty_wait_gone(pty, "halt it", WAIT_MS));
    pty_type(pty, "\033[200~Hy\rq\r\033[201~"); /* pasted */
    expect(pty, "pasted text is not taken");
    assert_false(pty_shows(pty, "halt it"));
    pty_type(pty, "\033[1;5H\033]0;Hy\007\033OHq"); /* sequences nobody knows, then q */
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

static void a_halt_is_asked_and_seen(void **state)
{
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    pty_type(pty, "H");
    expect(pty, "y halt it");
    expect(pty, "HALT Android");
    pty_type(pty, "d");
    expect(pty, "\"status\":\"halted\"");
    pty_type(pty, "d");
    assert_true(pty_wait_gone(pty, "\"status\"", WAIT_MS));
    pty_type(pty, "y");
    expect(pty, "■ ANDROID HALTED");
    expect(pty, "> seen");
    pty_type(pty, "R");
    expect(pty, "y resume it");
    pty_type(pty, "y");
    assert_true(pty_wait_gone(pty, "ANDROID HALTED", WAIT_MS));
    pty_type(pty, "l");
    expect(pty, "outcome");
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

static void a_halt_outlives_its_terminal(void **state)
{
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    kill(world.sim, SIGSTOP);
    pty_type(pty, "H");
    expect(pty, "y halt it");
    pty_type(pty, "y");
    expect(pty, "asked");
    pty_type(pty, "q");
    expect(pty, "LEAVE with a halt under way?");
    pty_hang_up(pty);
    assert_int_equal(pty_wait_end(pty, 1500), -1); /* it stays for the halt */
    kill(world.sim, SIGCONT);
    int status = pty_wait_end(pty, WAIT_MS);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pty_free(pty);
    pty = start();
    expect(pty, "R resumes it"); /* the store's own word: halted */
    pty_type(pty, "R");          /* as it was, for the next test */
    expect(pty, "y resume it");
    pty_type(pty, "y");
    expect(pty, "► ROLLING");
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

static void the_wallboard_knows_no_key_but_q(void **state)
{
    (void)state;
    struct pty *pty = start_with("wallboard", plain_env, 36, 120);
    expect(pty, "read-only");
    expect(pty, "alive");
    pty_type(pty, "HyXyAyBandroid\rCandroid\r:halt android\ryc l?1 ");
    pty_type(pty, "\033");
    pty_read_for(pty, 300);
    assert_false(pty_shows(pty, "halt it"));
    assert_true(pty_shows(pty, "read-only"));
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

/* ------------------------------------------------------------------------- size */

static void every_size_is_drawn(void **state)
{
    static const int sizes[][2] = {{60, 200}, {20, 45}, {5, 20}, {1, 3}, {120, 300}, {24, 80}};
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pty_resize(pty, sizes[i][0], sizes[i][1]);
        if (sizes[i][1] >= 20 && sizes[i][0] >= 5)
            expect(pty, "Android");
        else
            pty_read_for(pty, 100);
        if (sizes[i][1] >= 80)
            expect(pty, "? help");
    }
    for (int i = 0; i < 60; i++) /* a storm */
        pty_resize(pty, 10 + i % 30, 40 + i * 2);
    pty_resize(pty, 24, 80);
    pty_type(pty, "s");
    expect(pty, "answers");
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

/* -------------------------------------------------------------------- terminals */

struct terminal {
    const char *env[8];
    const char *shows;
};

static void every_kind_of_terminal(void **state)
{
    static const struct terminal terminals[] = {
        {{"TERM=xterm-256color", "LC_ALL=C.UTF-8"}, "► ROLLING"},
        {{"TERM=xterm", "LC_ALL=C.UTF-8"}, "► ROLLING"},
        {{"TERM=screen", "LC_ALL=C.UTF-8"}, "► ROLLING"},
        {{"TERM=linux", "LC_ALL=C.UTF-8"}, "► ROLLING"},
        {{"TERM=vt100", "LC_ALL=C.UTF-8"}, "► ROLLING"},
        {{"TERM=xterm-256color", "LC_ALL=C"}, "> ROLLING"},
        {{"TERM=vt100", "LC_ALL=C"}, "> ROLLING"},
        {{"TERM=xterm-256color", "LC_ALL=xx_XX.UTF-8"}, "► ROLLING"},
        {{"TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR=1"}, "► ROLLING"},
        {{"TERM=xterm-256color", "LC_ALL=C.UTF-8", "LINES=10", "COLUMNS=33"}, "? help"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        struct pty *pty = start_with(NULL, terminals[i].env, 24, 80);
        expect(pty, terminals[i].shows);
        if (terminals[i].env[2] != NULL && strncmp(terminals[i].env[2], "NO_COLOR", 8) == 0)
            assert_null(strstr(pty_raw(pty), "\033[38;"));
        pty_type(pty, "q");
        assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
        pty_free(pty);
    }
}

/* Without a terminal that can be drawn on: the overview as text, and no escape in it. */
static void no_terminal_gives_text(void **state)
{
    static const char *const dumb[] = {"TERM=dumb", "LC_ALL=C.UTF-8", NULL};
    (void)state;
    struct pty *pty = start_with(NULL, dumb, 40, 100);
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    assert_non_null(strstr(pty_raw(pty), "ROLLING"));
    assert_null(strchr(pty_raw(pty), '\033'));
    pty_free(pty);
}

static void a_bad_config_starts_nothing(void **state)
{
    (void)state;
    needed("SLIPWAY_BIN");
    const char *argv[] = {world.bin, "--config", "/nonexistent/config.yaml", NULL};
    struct pty *pty = pty_start(argv, plain_env, 24, 80);
    int status = pty_wait_end(pty, WAIT_MS);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    assert_non_null(strstr(pty_raw(pty), "/nonexistent/config.yaml"));
    assert_null(strchr(pty_raw(pty), '\033'));
    pty_free(pty);
}

/* ------------------------------------------------------------------------ bytes */

static void a_frame_costs_little(void **state)
{
    (void)state;
    struct pty *pty = start();
    expect(pty, "ROLLING");
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
    pty = start();
    kill(world.sim, SIGSTOP); /* nothing changes but the clock */
    expect(pty, "? help");
    size_t first = pty_bytes(pty);
    if (first > 3500)
        fail_msg("the first frame takes %zu bytes at 80x24", first);
    kill(world.sim, SIGCONT);
    pty_type(pty, "q");
    assert_int_equal(pty_wait_end(pty, WAIT_MS), 0);
    pty_free(pty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_frame_stands_before_any_answer),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(a_dropped_line_ends_it),
        cmocka_unit_test(keys_before_the_dialog_do_not_confirm),
        cmocka_unit_test(a_halt_is_asked_and_seen),
        cmocka_unit_test(a_halt_outlives_its_terminal),
        cmocka_unit_test(the_wallboard_knows_no_key_but_q),
        cmocka_unit_test(every_size_is_drawn),
        cmocka_unit_test(every_kind_of_terminal),
        cmocka_unit_test(no_terminal_gives_text),
        cmocka_unit_test(a_bad_config_starts_nothing),
        cmocka_unit_test(a_frame_costs_little),
    };
    return cmocka_run_group_tests(tests, start_world, stop_world);
}
