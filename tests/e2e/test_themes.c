/*
 * Themes in a terminal: tried and put back, chosen by the terminal's background, and what is left
 * of their colours. Terminals that answer, do not, answer late, and answer nonsense.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dash.h"

static struct simulator sim;

/* The backgrounds of some themes, as written and as shown with 256 colours. */
enum {
    HARBOUR_RGB = 0x0e1621,
    DARK_256 = PTY_INDEXED + 234,
    LIGHT_256 = PTY_INDEXED + 231,
    HARBOUR_256 = PTY_INDEXED + 233,
    NONE = -1
};

static const char *const auto_args[] = {"--theme", "auto", NULL};

static int background(struct dash *dash)
{
    int fg;
    int bg;
    pty_colors(dash->pty, 5, 79, &fg, &bg);
    return bg;
}

struct wanted {
    struct dash *dash;
    int rgb;
};

static bool has_background(struct pty *pty, void *arg)
{
    const struct wanted *wanted = arg;
    (void)pty;
    return background(wanted->dash) == wanted->rgb;
}

static void expect_background(struct dash *dash, int rgb)
{
    struct wanted wanted = {dash, rgb};
    if (!pty_wait(dash->pty, has_background, &wanted, dash_limit_ms()))
        dash_fail(dash, "the background is %06x, not %06x", (unsigned)background(dash),
                  (unsigned)rgb);
}

/* ------------------------------------------------------------------------- auto */

struct terminal {
    const char *background;
    bool is_mute;
    const char *env;
    int shows;
};

static const struct terminal terminals[] = {
    {"\033]11;rgb:ffff/ffff/ffff\033\\", false, NULL, LIGHT_256},
    {"\033]11;rgb:f0f0/f0f0/f0f0\007", false, "COLORFGBG=15;0", LIGHT_256},
    {"\033]11;rgb:0000/2b2b/3636\033\\", false, "COLORFGBG=0;15", DARK_256},
    {NULL, false, NULL, DARK_256},
    {NULL, false, "COLORFGBG=0;15", LIGHT_256},
    {NULL, true, NULL, DARK_256},
    {NULL, true, "COLORFGBG=0;15", LIGHT_256},
    {"\033]11;rgb:XX/YY/ZZ\033\\", false, NULL, DARK_256},
    {"\033]11;\033]11;\033[?HHyyqq", false, "COLORFGBG=0;15", LIGHT_256},
    {"HyyXy:quit\r", false, NULL, DARK_256},
};

static void the_background_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        struct dash dash;
        const char *env[] = {terminals[i].env != NULL ? terminals[i].env : "COLORFGBG", NULL};
        dash_open(&dash, &(struct dash_options){.sim = &sim,
                                                .args = auto_args,
                                                .env = env,
                                                .background = terminals[i].background,
                                                .is_mute = terminals[i].is_mute});
        dash_expect(&dash, "? help");
        assert_true(pty_was_asked(dash.pty));
        expect_background(&dash, terminals[i].shows);
        dash_never(&dash, "halt it");
        dash_never(&dash, "rgb:");
        dash_quit(&dash);
        dash_close(&dash);
    }
}

static void nobody_else_asks(void **state)
{
    static const char *const harbour[] = {"--theme", "harbour", NULL};
    static const char *const *const args[] = {NULL, harbour};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct dash dash;
        dash_open(&dash, &(struct dash_options){.sim = &sim, .args = args[i]});
        dash_expect(&dash, "? help");
        expect_background(&dash, i == 0 ? NONE : HARBOUR_256);
        assert_false(pty_was_asked(dash.pty));
        dash_quit(&dash);
        dash_close(&dash);
    }
}

static void the_pair_is_configured(void **state)
{
    struct dash dash;
    char config[300];
    static const char *const pairs[] = {"version: 1",
                                        "version: 1\nui: {theme: auto, theme_dark: harbour}", NULL};
    (void)state;
    simulator_config_with(&sim, "auto.yaml", pairs, config, sizeof config);
    dash_open(&dash, &(struct dash_options){.sim = &sim, .config = config});
    expect_background(&dash, HARBOUR_256);
    dash_quit(&dash);
    dash_close(&dash);
}

/* After the time is over: `c` of the last answer would open the checklist, `c` of the colour too.
 */
static void a_late_answer_is_no_key(void **state)
{
    static const char *const before[] = {NULL, NULL, "\033]11;rgb:cccc/cc", "\033]11;rgb:cccc/cc"};
    static const char *const late[] = {"\033]11;rgb:cccc/cccc/cccc\033\\\033[?62;22c",
                                       "\033]11;rgb:cccc/cccc/cccc\007\033[?62;22c",
                                       "cc/cccc\033\\\033[?62;22c", "cc/cccc\007\033[?62;22c"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct dash dash;
        /* Mute but for the cut answer, which the terminal types itself. */
        dash_open(&dash, &(struct dash_options){.sim = &sim, .args = auto_args, .is_mute = true});
        int64_t end = pty_now_us() + (int64_t)dash_limit_ms() * 1000;
        while (!pty_was_asked(dash.pty) && pty_now_us() < end)
            pty_read_for(dash.pty, 1);
        assert_true(pty_was_asked(dash.pty));
        if (before[i] != NULL)
            dash_type(&dash, before[i]);
        dash_expect(&dash, "? help");
        dash_type(&dash, late[i]);
        pty_read_for(dash.pty, 300);
        dash_expect(&dash, "data from");
        dash_never(&dash, "release checklist");
        dash_never(&dash, "cccc");
        dash_quit(&dash);
        dash_close(&dash);
    }
}

/* --------------------------------------------------------------------- switching */

static void a_theme_is_tried_and_put_back(void **state)
{
    struct dash dash;
    static const char *const harbour[] = {"--theme", "harbour", NULL};
    (void)state;
    dash_open(&dash, &(struct dash_options){.sim = &sim, .args = harbour});
    dash_expect(&dash, "? help");
    expect_background(&dash, HARBOUR_256);
    dash_type(&dash, "t");
    dash_expect(&dash, "Esc puts the old one back");
    dash_expect(&dash, "ui: {theme: harbour}");
    dash_type(&dash, "g"); /* terminal stands first */
    dash_expect(&dash, "ui: {theme: terminal}");
    dash_type(&dash, "j");
    dash_expect(&dash, "ui: {theme: catppuccin}");
    dash_type(&dash, "\033");
    dash_expect(&dash, "data from");
    expect_background(&dash, HARBOUR_256);
    dash_type(&dash, ":theme li\t\r");
    dash_expect(&dash, "theme light until you leave");
    expect_background(&dash, LIGHT_256);
    dash_type(&dash, "t");
    dash_expect(&dash, "ui: {theme: light}");
    dash_type(&dash, "g");
    dash_expect(&dash, "ui: {theme: terminal}");
    dash_type(&dash, "\r");
    dash_expect(&dash, "theme terminal until you leave");
    expect_background(&dash, NONE);
    dash_quit(&dash);
    dash_close(&dash);
}

/* ------------------------------------------------------------------------- depth */

struct depth {
    const char *term;
    const char *color; /* --color; NULL: none */
    const char *env;
    int shows;
};

static const struct depth depths[] = {
    {"xterm-256color", NULL, "NO_COLOR", HARBOUR_256},
    {"xterm-256color", NULL, "COLORTERM=truecolor", HARBOUR_256},
    {"xterm-256color", "truecolor", "NO_COLOR", HARBOUR_256},
    {"xterm-256color", NULL, "NO_COLOR=1", NONE},
    {"xterm-256color", NULL, "NO_COLOR=", HARBOUR_256},
    {"xterm-256color", "256", "NO_COLOR=1", HARBOUR_256},
    {"xterm-256color", "16", "NO_COLOR", NONE},
    {"xterm-256color", "never", "NO_COLOR", NONE},
    {"xterm", NULL, "NO_COLOR", NONE},
    {"xterm-slipway-direct", NULL, "NO_COLOR", HARBOUR_RGB},
    {"xterm-slipway-direct", "256", "NO_COLOR", 0x121212}, /* as 233 is */
    {"xterm-slipway-direct", "16", "NO_COLOR", NONE},
};

/* What a truecolor terminal's description says; Debian keeps its own in ncurses-term. */
static const char direct[] =
    "xterm-slipway-direct|for this test,\n"
    "\tRGB, ccc@, colors#0x1000000, pairs#0x10000, initc@, oc@,\n"
    "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m,"
    "\n\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/"
    "%{255}%&%d;%p1%{255}%&%d%;m,"
    "\n\tuse=xterm-256color,\n";

static void describe_terminal(const char *folder)
{
    char path[300];
    snprintf(path, sizeof path, "%s/direct.ti", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(direct, file) >= 0);
    assert_int_equal(fclose(file), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("tic", "tic", "-x", "-o", folder, path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(dash_status(status), 0);
}

static void colours_are_what_the_terminal_has(void **state)
{
    char folder[224];
    char dirs[260];
    (void)state;
    snprintf(folder, sizeof folder, "%s", sim.config);
    *strrchr(folder, '/') = '\0';
    describe_terminal(folder);
    snprintf(dirs, sizeof dirs, "TERMINFO_DIRS=%s:", folder);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct dash dash;
        const char *args[] = {"--theme", "harbour", depths[i].color != NULL ? "--color" : NULL,
                              depths[i].color, NULL};
        const char *env[] = {dirs, depths[i].env, NULL};
        dash_open(&dash, &(struct dash_options){
                             .sim = &sim, .args = args, .env = env, .term = depths[i].term});
        dash_expect(&dash, "? help");
        expect_background(&dash, depths[i].shows);
        dash_quit(&dash);
        dash_close(&dash);
    }
}

static int start(void **state)
{
    (void)state;
    simulator_start(&sim, 60, 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_background_decides),
        cmocka_unit_test(nobody_else_asks),
        cmocka_unit_test(the_pair_is_configured),
        cmocka_unit_test(a_late_answer_is_no_key),
        cmocka_unit_test(a_theme_is_tried_and_put_back),
        cmocka_unit_test(colours_are_what_the_terminal_has),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
