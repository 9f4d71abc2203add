/*
 * dashboard.c: see dashboard.h.
 *
 * Order at the start: signals blocked, configuration and cached picture read, terminal taken, first
 * frame drawn, and only then the core started: what is known is on the screen before the first
 * request leaves. The loop waits in one place (wake.h), takes what the core has, lets act.c turn
 * keys into views and commands, and draws at most once. It draws from the snapshot it owns and
 * never waits for the core.
 *
 * At the end the terminal is given back first, then the core is closed (it may need ten seconds for
 * actions under way). When the line is dropped (SIGHUP) the terminal is let go at once and the
 * process stays until every halt is seen or settled, at most half an hour: a dropped line never
 * drops a halt.
 */
#include "dashboard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "act.h"
#include "background.h"
#include "figures.h"
#include "keys.h"
#include "memory.h"
#include "term.h"
#include "wake.h"

#define EXIT_BAD_CONFIG 78
#define EXIT_NO_RIGHT   77
#define FRAME_MS        33 /* between two frames when nothing was pressed */
#define SLOW_DRAW_MS    50 /* faster than anybody answers what he has just read */
#define TICK_MAX_MS     5000
#define TICK_MIN_MS     250
#define HANGUP_MAX_MS   (30LL * 60 * 1000)

struct dashboard {
    struct sw_core *core;
    struct sw_snapshot *snapshot; /* owned */
    struct canvas canvas;
    struct act act;
    struct key_filter filter;
    bool is_hung_up;
    bool needs_draw;
    int64_t drawn_ms;  /* monotonic */
    int64_t hangup_ms; /* monotonic */
};

/* ------------------------------------------------------------------------ core */

static uint64_t submit(void *arg, const struct sw_command *command)
{
    struct dashboard *d = arg;
    return sw_submit(d->core, command);
}

static size_t halts(void *arg)
{
    struct dashboard *d = arg;
    return sw_core_halts_in_flight(d->core);
}

static int tell_failure(enum sw_code code, const struct sw_problems *problems,
                        const struct sw_error *err)
{
    char text[1024];
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s\n", sw_problem_text(&problems->items[i], text, sizeof text));
    if (problems->count == 0)
        fprintf(stderr, "slipway: %s\n", err->text);
    return code == SW_E_CONFIG ? EXIT_BAD_CONFIG : code == SW_E_DENIED ? EXIT_NO_RIGHT : 1;
}

static int open_core(const struct tui_options *options, bool is_read_only, struct sw_core **core)
{
    struct sw_open_options open = {.config_path = options->config_path,
                                   .release = options->release,
                                   .trace_path = options->trace_path,
                                   .is_asking_rights = true,
                                   .is_read_only = options->is_read_only || is_read_only};
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    enum sw_code code = sw_core_open(&open, core, &problems, &err);
    int status = code == SW_OK ? 0 : tell_failure(code, &problems, &err);
    sw_problems_free(&problems);
    return status;
}

/* What the command line leaves open, the configuration's `ui` decides. Before sw_core_start. */
static struct tui_options with_ui(const struct tui_options *options, const struct sw_core *core)
{
    struct tui_options all = *options;
    const struct sw_node *ui = sw_core_ui(core);
    if (ui == NULL)
        return all;
    const char *color = sw_node_str(ui, "color");
    all.is_ascii = all.is_ascii || sw_node_bool(ui, "ascii");
    if (all.color == COLOR_WHEN_AUTO)
        (void)color_when_find(color, &all.color);
    if (all.rotate_s == 0)
        all.rotate_s = (int)sw_node_int(ui, "rotate");
    return all;
}

/* Takes the newest picture; the old one is freed after the view has let go of it. */
static void take_snapshot(struct dashboard *d)
{
    struct sw_snapshot *newest = sw_core_take_snapshot(d->core);
    if (newest == NULL)
        return;
    act_snapshot(&d->act, newest);
    sw_snapshot_free(d->snapshot);
    d->snapshot = newest;
    d->needs_draw = true;
}

static void take_outcomes(struct dashboard *d)
{
    struct sw_outcome *outcome;
    while ((outcome = sw_core_take_outcome(d->core)) != NULL) {
        act_outcome(&d->act, outcome);
        sw_outcome_free(outcome);
        d->needs_draw = true;
    }
}

/* ------------------------------------------------------------------------ draw */

static void draw(struct dashboard *d)
{
    int rows;
    int cols;
    term_size(&rows, &cols);
    if (d->canvas.rows != rows || d->canvas.cols != cols) {
        canvas_clear(&d->canvas);
        canvas_init(&d->canvas, rows, cols, term_charset());
    }
    d->act.now_ms = sw_core_now_ms(d->core);
    d->act.page_rows = rows > 8 ? rows - 6 : 2;
    struct frame frame = act_frame(&d->act);
    d->act.hidden = screen_draw(&d->canvas, &frame);
    if (d->act.wants_repaint)
        term_repaint();
    d->act.wants_repaint = false;
    term_draw(&d->canvas, &d->act.theme);
    d->needs_draw = false;
    d->drawn_ms = wake_mono_ms();
    act_drawn(&d->act, d->drawn_ms);
}

/* ------------------------------------------------------------------------ keys */

static size_t drop_keys(struct dashboard *d)
{
    size_t dropped = 0;
    int raw;
    while ((raw = term_key()) != KEY_NOTHING) {
        int key =
            key_filter_feed(&d->filter, raw, raw == KEY_ESCAPE && term_has_more(), wake_mono_ms());
        dropped += key != KEY_NOTHING && key != KEY_RESIZED && key != KEY_PASTE_STOP;
    }
    return dropped;
}

/* Keys that were typed before the dialog stood on the screen must not answer it; how many there
 * were is said in it. Where drawing itself took long (a slow line), what came meanwhile is dropped
 * too. */
static void drop_early_keys(struct dashboard *d)
{
    struct dialog *dialog = d->act.view.dialog;
    int64_t before = wake_mono_ms();
    dialog->dropped = drop_keys(d);
    draw(d);
    if (wake_mono_ms() - before < SLOW_DRAW_MS)
        return;
    size_t late = drop_keys(d);
    dialog->dropped += late;
    d->needs_draw = late > 0;
}

static void read_keys(struct dashboard *d)
{
    int raw;
    while (!d->act.wants_quit && (raw = term_key()) != KEY_NOTHING) {
        int64_t now = wake_mono_ms();
        int key = key_filter_feed(&d->filter, raw, raw == KEY_ESCAPE && term_has_more(), now);
        if (key == KEY_NOTHING)
            continue;
        d->needs_draw = true;
        if (key == KEY_RESIZED)
            continue;
        if (act_is_too_early(&d->act, now))
            continue;
        d->act.now_ms = sw_core_now_ms(d->core);
        d->act.has_opened = false;
        act_key(&d->act, key);
        if (d->act.has_opened && d->act.view.dialog != NULL)
            drop_early_keys(d);
    }
}

/* ------------------------------------------------------------------------ loop */

static bool has_running(const struct sw_snapshot *s)
{
    for (size_t i = 0; i < s->action_count; i++) {
        if (s->actions[i].result == SW_RESULT_NONE)
            return true;
    }
    return false;
}

/* Until the clock on the screen, or an age, may read differently. */
static int64_t time_to_tick(const struct dashboard *d)
{
    const struct sw_snapshot *s = d->snapshot;
    double speed = s->is_simulation && s->speed > 0 ? s->speed : 1;
    int64_t step = has_running(s) ? 1000 : 30000;
    int64_t left = step - sw_core_now_ms(d->core) % step;
    int64_t real = (int64_t)((double)left / speed) + 1;
    return real < TICK_MIN_MS ? TICK_MIN_MS : real > TICK_MAX_MS ? TICK_MAX_MS : real;
}

static int64_t time_to_wait(const struct dashboard *d)
{
    if (!d->needs_draw)
        return time_to_tick(d);
    int64_t since = wake_mono_ms() - d->drawn_ms;
    return since >= FRAME_MS ? 0 : FRAME_MS - since;
}

static void suspend(struct dashboard *d)
{
    size_t count = sw_core_halts_in_flight(d->core);
    if (count > 0) {
        /* Stopping the process would stop the asking. */
        tui_format(d->act.view.message, sizeof d->act.view.message,
                   "not suspended: a halt is asked and not yet seen; use another terminal");
        d->act.view.message_role = ROLE_WARN;
        d->needs_draw = true;
        return;
    }
    term_suspend();
    struct sw_command poll = {.kind =
                                  SW_COMMAND_POLL}; /* what stands there is as old as the pause */
    sw_submit(d->core, &poll);
    d->needs_draw = true;
}

static void hang_up(struct dashboard *d)
{
    if (d->is_hung_up)
        return;
    d->is_hung_up = true;
    d->hangup_ms = wake_mono_ms();
    term_abandon();
}

static bool is_over(const struct dashboard *d)
{
    if (!d->is_hung_up)
        return d->act.wants_quit;
    return sw_core_halts_in_flight(d->core) == 0 || wake_mono_ms() - d->hangup_ms > HANGUP_MAX_MS;
}

/* A key is answered at once; news waits for its frame. */
static void loop(struct dashboard *d)
{
    while (!is_over(d)) {
        int64_t wait = d->is_hung_up ? 1000 : time_to_wait(d);
        unsigned what = wake_wait(d->is_hung_up ? -1 : STDIN_FILENO, sw_core_fd(d->core), wait);
        bool is_pressed = false;
        if (what & WAKE_QUIT)
            return;
        if (what & (WAKE_HANGUP | WAKE_GONE))
            hang_up(d);
        if (what & WAKE_CORE) {
            sw_core_clear_wake(d->core);
            take_snapshot(d);
            take_outcomes(d);
        }
        if (d->is_hung_up)
            continue;
        if (what & WAKE_ASK) {
            act_leave(&d->act);
            is_pressed = true;
        }
        if (what & WAKE_SUSPEND)
            suspend(d);
        if (what & WAKE_INPUT) {
            read_keys(d);
            is_pressed = true;
        }
        bool is_due = wake_mono_ms() - d->drawn_ms >= FRAME_MS;
        if (!d->act.wants_quit && (is_pressed || is_due))
            draw(d);
    }
}

/* ------------------------------------------------------------------------- run */

/* Where the core keeps its log too. */
static const char *error_log(char *path, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        return tui_format(path, size, "%s/slipway/slipway.log", state);
    if (home == NULL || home[0] != '/')
        return NULL;
    return tui_format(path, size, "%s/.local/state/slipway/slipway.log", home);
}

static void choose_theme(struct dashboard *d, const struct tui_options *options)
{
    struct sw_error err = {0};
    const char *name = options->theme != NULL ? options->theme : sw_core_theme(d->core);
    /* Only who wants to know asks the terminal. */
    if (background_is_auto(name))
        name = background_theme(sw_core_ui(d->core), background_ask(&d->filter));
    if (theme_load(name, &d->act.theme, &err) != SW_OK) {
        tui_format(d->act.view.message, sizeof d->act.view.message, "%s", err.text);
        d->act.view.message_role = ROLE_BAD;
    }
}

static int run(const struct tui_options *given, bool is_wallboard)
{
    struct dashboard d = {0};
    char note[LINE_MAX_BYTES];
    char path[PATH_MAX];
    wake_install(true);
    term_locale(given->is_ascii, note, sizeof note);
    int status = open_core(given, is_wallboard, &d.core);
    if (status != 0)
        return status;
    struct tui_options options = with_ui(given, d.core);
    act_init(&d.act);
    d.act.submit = submit;
    d.act.halts = halts;
    d.act.arg = &d;
    d.act.is_wallboard = is_wallboard;
    d.act.view.screen = is_wallboard ? SCREEN_WALLBOARD : SCREEN_OVERVIEW;
    d.act.view.rotate_s = options.rotate_s;
    tui_format(d.act.view.message, sizeof d.act.view.message, "%s", note);
    d.act.view.message_role = ROLE_WARN;
    choose_theme(&d, &options);
    struct sw_error err = {0};
    struct term_options term = {.is_ascii = options.is_ascii,
                                .color = options.color,
                                .error_log = error_log(path, sizeof path)};
    take_snapshot(&d);
    if (term_open(&term, &err) != SW_OK) {
        fprintf(stderr, "slipway: %s\n", err.text);
        status = 1;
        goto out;
    }
    draw(&d);
    enum sw_code code = sw_core_start(d.core, &err);
    if (code == SW_OK)
        loop(&d);
    term_close();
    if (code != SW_OK) {
        fprintf(stderr, "slipway: %s\n", err.text);
        status = 1;
    }
out:
    sw_core_close(d.core);
    sw_snapshot_free(d.snapshot);
    act_clear(&d.act);
    canvas_clear(&d.canvas);
    return status;
}

int tui_dashboard_run(const struct tui_options *options)
{
    return run(options, false);
}

int tui_wallboard_run(const struct tui_options *options)
{
    return run(options, true);
}
