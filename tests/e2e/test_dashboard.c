/*
 * The dashboard, the real binary in a real terminal, on the simulated world: what it shows, what
 * its keys do, and what they never do. The world's own counters say whether anything was sent.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dash.h"

enum { PASTE_BYTES = 1000 };

static struct simulator quiet; /* nothing may change in this one: its counters stay at zero */

/* -------------------------------------------------------------------- starting */

static void start(struct dash *dash, const struct dash_options *options)
{
    dash_open(dash, options);
    dash_expect_in_row(dash, "Android", "ROLLING");
    dash_expect_in_row(dash, "Android", "20%");
    dash_expect_in_row(dash, "Android", "NOT WORSE");
    dash_expect(dash, "of 29 done");
    dash_type(dash, ":select android\r");
    dash_expect_in_row(dash, ">2 Android", "ROLLING");
}

static void turn_android_bad(struct dash *dash, const struct simulator *sim)
{
    simulator_do(sim, "POST", "/world",
                 "{\"crash_rate\":{\"platform\":\"android\",\"version\":\"2.15.3\",\"rate\":0.4}}");
    /* FAILS gate crash, and WORSE as soon as a bucket has closed. */
    dash_expect_in_row(dash, "ANDROID", "▲ ANDROID");
    dash_expect_in_row(dash, "Android", "▲");
}

static void expect_nothing_sent(const char *after)
{
    int64_t mutating = simulator_mutating(&quiet);
    int64_t writes = simulator_count(&quiet, "google_play", "edit_writes");
    if (mutating != 0 || writes != 0)
        fail_msg("after %s: %lld mutating requests, %lld writes to an edit", after,
                 (long long)mutating, (long long)writes);
}

/* --------------------------------------------------------------------- showing */

static void platforms_are_shown_with_their_figures(void **state)
{
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    assert_true(pty_is_on_alternate_screen(dash.pty));
    dash_expect(&dash, "2.15.3");
    dash_expect_in_row(&dash, "Android", "99.");
    dash_expect_in_row(&dash, "Wear OS", "READY");
    dash_expect_in_row(&dash, "checklist", "22 of 29 done");
    dash_expect(&dash, "over 2.15.2");
    dash_type(&dash, "\r");
    dash_expect(&dash, "Esc back");
    dash_type(&dash, "\033");
    dash_expect(&dash, "X stop all");
    dash_type(&dash, "s");
    dash_expect_in_row(&dash, "play", "= ok");
    dash_expect_in_row(&dash, "sentry", "= ok");
    dash_quit(&dash);
    dash_close(&dash);
}

/* What an earlier run saw stands there before anything has answered, marked with `?`. */
static void the_cached_picture_comes_first(void **state)
{
    struct dash first;
    struct dash again;
    (void)state;
    start(&first, &(struct dash_options){.sim = &quiet});
    dash_quit(&first);
    simulator_do(&quiet, "POST", "/faults", "{\"kind\":\"silent\",\"before\":true}");
    dash_open(&again, &(struct dash_options){.sim = &quiet, .home = first.home});
    dash_expect_in_row(&again, "Android", "20%?");
    dash_expect_in_row(&again, "Android", "ROLLING?");
    simulator_do(&quiet, "DELETE", "/faults", NULL);
    dash_expect_gone(&again, "20%?");
    dash_quit(&again);
    dash_close(&again);
    first.home[0] = '\0';
    dash_close(&first);
}

/* Apple is asked by itself; Play, where an edit is opened for it, when the captain says so. */
static void keys_without_a_right_are_closed(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 1, 3);
    simulator_do(&sim, "POST", "/world",
                 "{\"rights\": {\"app_store\": \"reader\", \"google_play\": \"no_write\"}}");
    start(&dash, &(struct dash_options){.sim = &sim, .cols = 160});
    dash_type(&dash, ":select ios\r");
    dash_expect(&dash, ">1 iOS");
    dash_expect(&dash, "closed: the key of apple has no right to halt");
    dash_expect(&dash, "(H halt: closed)");
    assert_int_equal(simulator_count(&sim, "app_store", "probes"), 2);
    dash_type(&dash, "H");
    dash_expect(&dash, "the key of apple has no right to halt: ");
    dash_never(&dash, "y halt it");
    dash_type(&dash, ":select android\r");
    dash_expect(&dash, ">2 Android");
    assert_int_equal(simulator_count(&sim, "google_play", "edit_writes"), 0);
    dash_type(&dash, "H");
    dash_expect(&dash, "y halt it");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "y halt it");
    dash_type(&dash, ":rights\r");
    dash_expect(&dash, "rights are missing: ios, android, wear");
    dash_type(&dash, "H");
    dash_expect(&dash, "the key of play has no right to halt: ");
    dash_never(&dash, "y halt it");
    assert_int_equal(simulator_mutating(&sim), 0);
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

/* --------------------------------------------------------------- what never acts */

static void esc_enter_and_n_cancel(void **state)
{
    static const char *const answers[] = {"\033", "\r", "n", "\n"};
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        dash_type(&dash, "H");
        dash_expect(&dash, "HALT Android 2.15.3");
        dash_expect(&dash, "y halt it");
        dash_type(&dash, answers[i]);
        dash_expect_gone(&dash, "y halt it");
    }
    dash_type(&dash, "X");
    dash_expect(&dash, "y stop everything");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "y stop everything");
    expect_nothing_sent("Esc, Enter and n");
    dash_quit(&dash);
    dash_close(&dash);
}

static void keys_typed_ahead_are_dropped_and_said(void **state)
{
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    dash_type(&dash, "Hyyy");
    dash_expect(&dash, "y halt it");
    dash_expect(&dash, "3 early keys dropped");
    expect_nothing_sent("keys typed ahead");
    dash_type(&dash, "n");
    dash_expect_gone(&dash, "y halt it");
    dash_quit(&dash);
    dash_close(&dash);
}

static void fill_with(char *bytes, size_t size, const char *pattern)
{
    size_t len = strlen(pattern);
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern[i % len];
}

static void a_paste_presses_no_key(void **state)
{
    static const char *const patterns[] = {
        "Hy", "H\ry", "XyHyRyAy ", "Handroid\r", "Cx\randroid\r", ":halt\ry", ":x\r"};
    char paste[PASTE_BYTES];
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        fill_with(paste, sizeof paste, patterns[i]);
        dash_type(&dash, "\033[200~");
        assert_true(pty_type_bytes(dash.pty, paste, sizeof paste));
        dash_type(&dash, "\033[201~");
        dash_expect(&dash, "pasted text is not taken as keys");
        dash_type(&dash, "k");
        dash_expect_gone(&dash, "pasted text");
        dash_never(&dash, "y halt it");
    }
    expect_nothing_sent("a marked paste");
    dash_quit(&dash);
    dash_close(&dash);
}

/* A terminal that marks no paste: the first H opens a dialog, and the rest came too early. */
static void an_unmarked_paste_does_not_act(void **state)
{
    static const char *const patterns[] = {"Hy", "XyHyy", ":halt\ry"};
    char paste[PASTE_BYTES];
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet, .term = "vt100"});
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        fill_with(paste, sizeof paste, patterns[i]);
        assert_true(pty_type_bytes(dash.pty, paste, sizeof paste));
        dash_expect(&dash, "early keys dropped");
        dash_type(&dash, "\033");
        dash_expect_gone(&dash, "early keys dropped");
    }
    expect_nothing_sent("an unmarked paste");
    dash_quit(&dash);
    dash_close(&dash);
}

static void strange_sequences_do_not_act(void **state)
{
    static const char *const sequences[] = {
        "\033[I",          "\033[O",          "\033[H",         "\033[1;5H",
        "\033OH",          "\033[<0;10;10M",  "\033[<0;10;10m", "\033[M #y",
        "\033[M\x20\x48y", "\033[?1;2c",      "\033[X",         "\033]11;rgb:00/00/00\a",
        "\033]0;Hy\033\\", "\033PHyHy\033\\", "\033_Hy\033\\",  "\033[99999999999;1H",
        "\033[200y",       "\033[27;5;72~",   "\x9bHy",         "\xc3\x28H\x80",
        "\033[72;5u",      "\033\033[H",      "\033[1;2H\033[y"};
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        dash_type(&dash, sequences[i]);
        pty_read_for(dash.pty, 60); /* the wait for the rest of a sequence is over */
        dash_type(&dash, "y");
        pty_read_until_quiet(dash.pty, 20, 1000);
        dash_type(&dash, "\033");
        pty_read_for(dash.pty, 60);
        if (simulator_mutating(&quiet) != 0)
            dash_fail(&dash, "sequence %zu acted", i);
    }
    dash_type(&dash, "o");
    dash_expect(&dash, "X stop all");
    expect_nothing_sent("strange sequences");
    dash_quit(&dash);
    dash_close(&dash);
}

/* `d` asks the core for the requests: they stand in the dialog, and nowhere is an action seen. */
static void the_exact_requests_are_shown_and_not_sent(void **state)
{
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet, .rows = 50, .cols = 120});
    dash_type(&dash, "H");
    dash_expect(&dash, "y halt it");
    dash_type(&dash, "d");
    dash_expect(&dash, " PUT ");
    dash_expect(&dash, "{\"track\":\"production\",\"releases\"");
    dash_expect(&dash, " DELETE ");
    dash_never(&dash, "ya29.");
    dash_type(&dash, "n");
    dash_expect_gone(&dash, "y halt it");
    dash_never(&dash, "asked");
    dash_type(&dash, "C"); /* refused: the list has an open item that blocks */
    dash_expect_in_row(&dash, "sends", "refused");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "sends");
    dash_never(&dash, "asked");
    dash_never(&dash, "REFUSED");
    expect_nothing_sent("asking for the requests");
    dash_quit(&dash);
    dash_close(&dash);
}

static void an_advance_over_a_closed_gate_needs_a_reason(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    start(&dash, &(struct dash_options){.sim = &sim});
    turn_android_bad(&dash, &sim);
    dash_type(&dash, "A");
    dash_expect(&dash, "ADVANCE Android 2.15.3");
    dash_expect_in_row(&dash, "closed", "gate FAIL: crash");
    dash_expect(&dash, "override");
    dash_type(&dash, "\r");
    dash_expect_gone(&dash, "ADVANCE Android 2.15.3");
    dash_type(&dash, "Ay\r");
    dash_expect(&dash, "early keys dropped");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "ADVANCE Android 2.15.3");
    assert_int_equal(simulator_mutating(&sim), 0);
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

/* ------------------------------------------------------------------- read-only */

static void press_everything(struct dash *dash)
{
    char keys[8];
    for (int key = 1; key < 127; key++) {
        if (key == 'q' || key == 3 || key == 26 || key == 28)
            continue; /* the keys that leave, and those that are signals */
        snprintf(keys, sizeof keys, "%cy", key);
        dash_type(dash, keys);
        snprintf(keys, sizeof keys, "%cy\r\033", key);
        dash_type(dash, keys);
        pty_read_for(dash->pty, 1);
    }
    static const char *const lines[] = {":halt android\ry",
                                        ":advance android\ryy\r",
                                        ":complete android\randroid\r",
                                        ":rollback android\randroid\r",
                                        ":resume android\ry",
                                        ":stop-everything\ry",
                                        ":tick code-freeze\r"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        dash_type(dash, "\033");
        pty_read_for(dash->pty, 60);
        dash_type(dash, lines[i]);
        pty_read_for(dash->pty, 60);
        dash_type(dash, "y");
    }
    dash_type(dash, "\033");
    pty_read_for(dash->pty, 150);
}

static void read_only_sends_nothing_whatever_is_pressed(void **state)
{
    static const char *const args[] = {"--read-only", NULL};
    struct dash dash;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet, .args = args});
    press_everything(&dash);
    dash_type(&dash, "c");
    dash_expect(&dash, "CHECKLIST");
    press_everything(&dash);
    dash_type(&dash, "o");
    dash_expect(&dash, "Android");
    dash_type(&dash, "H");
    dash_expect(&dash, "read-only");
    dash_never(&dash, "y halt it");
    dash_type(&dash, "c");
    dash_expect(&dash, "22 of 29 done");
    expect_nothing_sent("every key in --read-only");
    dash_quit(&dash);
    dash_close(&dash);
}

static void the_wallboard_has_no_key_but_q(void **state)
{
    struct dash dash;
    (void)state;
    dash_open(&dash, &(struct dash_options){
                         .sim = &quiet, .command = "wallboard", .rows = 36, .cols = 120});
    dash_expect(&dash, "2.15.3");
    pty_read_until_quiet(dash.pty, 300, 3000);
    press_everything(&dash);
    dash_never(&dash, "y halt it");
    dash_never(&dash, "CHECKLIST");
    dash_expect(&dash, "read-only");
    expect_nothing_sent("every key on the wallboard");
    dash_quit(&dash);
    dash_close(&dash);
}

/* ---------------------------------------------------------------------- acting */

static void a_bad_release_is_halted(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    start(&dash, &(struct dash_options){.sim = &sim});
    double fraction = dash_fraction(&sim, "android");
    assert_true(fraction > 0.19 && fraction < 0.21);
    turn_android_bad(&dash, &sim);
    dash_type(&dash, "H");
    dash_expect(&dash, "HALT Android 2.15.3 (2025011401)");
    dash_expect(&dash, "20%, as it is");
    dash_expect_in_row(&dash, "reason", "crashed by"); /* its gate's words, or WORSE */
    dash_type(&dash, "y");
    dash_expect_store(&dash, &sim, "android", "halted");
    assert_true(dash_fraction(&sim, "android") == fraction);
    dash_expect_in_row(&dash, "Android", "HALTED");
    dash_expect_in_row(&dash, "HALT Android", "seen");
    assert_int_equal(simulator_mutating(&sim), 1);
    dash_type(&dash, "l");
    dash_expect_in_row(&dash, "outcome", "HALTED at 20%");
    dash_expect_in_row(&dash, "intent", "halt android 2.15.3 at 20%");
    dash_type(&dash, "o");
    dash_expect(&dash, "R resume");
    dash_type(&dash, "R");
    dash_expect(&dash, "RESUME Android");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "RESUME Android 2.15.3");
    assert_int_equal(simulator_mutating(&sim), 1);
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

/* The store holds something else by the time of the answer than when the key was pressed: what was
 * shown is not done, and both are said. */
static void a_console_change_between_the_key_and_the_answer_is_said(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    start(&dash, &(struct dash_options){.sim = &sim});
    dash_type(&dash, "2");
    dash_type(&dash, "B");
    dash_expect(&dash, "ROLL BACK Android 2.15.3");
    simulator_do(&sim, "POST", "/world",
                 "{\"play\":{\"track\":\"production\",\"code\":2025011401,\"status\":"
                 "\"inProgress\",\"fraction\":0.5}}");
    dash_type(&dash, "android\r");
    dash_expect(&dash, "the store now shows ROLLING at 50%, you saw ROLLING at 20%");
    assert_int_equal(simulator_mutating(&sim), 0);
    dash_type(&dash, "B"); /* offered again, for what is there now */
    dash_expect(&dash, "ROLL BACK Android 2.15.3");
    dash_expect_in_row(&dash, "is ", "50%");
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "ROLL BACK Android 2.15.3");
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

/* The first y changes nothing; the dialog that follows says what the second cancels. */
static void a_review_in_the_way_is_cancelled_by_a_second_y(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    simulator_do(&sim, "POST", "/world", "{\"play_app\":{\"review_running\":true}}");
    start(&dash, &(struct dash_options){.sim = &sim});
    dash_type(&dash, "2");
    dash_type(&dash, "H");
    dash_expect(&dash, "y halt it");
    dash_type(&dash, "y");
    dash_expect(&dash, "what the store is reviewing now is cancelled");
    dash_expect(&dash, "y halt it and cancel the review");
    dash_expect_store(&dash, &sim, "android", "inProgress");
    usleep(1200000); /* a dialog that nobody asked for takes no key in its first moment */
    dash_type(&dash, "y");
    dash_expect_store(&dash, &sim, "android", "halted");
    dash_expect_in_row(&dash, "HALT Android", "seen");
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

static void a_halt_that_waits_for_a_hand_is_the_headline(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    simulator_do(&sim, "POST", "/world", "{\"play_app\":{\"managed_publishing\":true}}");
    start(&dash, &(struct dash_options){.sim = &sim});
    dash_type(&dash, "2");
    dash_type(&dash, "H");
    dash_expect(&dash, "y halt it");
    dash_type(&dash, "y");
    dash_expect(&dash, "ANDROID HALT WAITS FOR A HAND");
    simulator_do(&sim, "POST", "/world", "{\"play_app\":{\"publish\":true}}");
    dash_expect_in_row(&dash, "HALT Android", "seen");
    dash_expect_gone(&dash, "WAITS FOR A HAND");
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

static void complete_wants_the_id_typed(void **state)
{
    struct simulator sim;
    struct dash dash;
    (void)state;
    simulator_start(&sim, 60, 3);
    start(&dash, &(struct dash_options){.sim = &sim});
    static const char *const wrong[] = {"\r", "y\r", "Android\r", "wear\r", "androi\r"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        dash_type(&dash, "C");
        dash_expect(&dash, "COMPLETE Android 2.15.3");
        dash_type(&dash, "the team agreed\r");
        dash_expect(&dash, "type android and Enter");
        dash_type(&dash, wrong[i]);
        dash_expect_gone(&dash, "type android and Enter");
    }
    assert_int_equal(simulator_mutating(&sim), 0);
    dash_type(&dash, "C");
    dash_expect(&dash, "COMPLETE Android 2.15.3");
    dash_type(&dash, "the team agreed\r");
    dash_expect(&dash, "type android and Enter");
    dash_type(&dash, "android\r");
    dash_expect_store(&dash, &sim, "android", "completed");
    dash_expect_in_row(&dash, "Android", "COMPLETE");
    assert_int_equal(simulator_mutating(&sim), 1);
    dash_type(&dash, "l");
    dash_expect_in_row(&dash, "outcome", "COMPLETE at 100%");
    dash_type(&dash, "j");
    dash_expect_in_row(&dash, "OVERRIDE", "the team agreed");
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&sim), 0);
}

static void a_tick_is_kept(void **state)
{
    struct dash dash;
    struct dash again;
    (void)state;
    start(&dash, &(struct dash_options){.sim = &quiet});
    dash_type(&dash, "c");
    dash_expect(&dash, "22 of 29 done");
    dash_type(&dash, "G");
    dash_expect_in_row(&dash, "> ", "○");
    dash_type(&dash, " ");
    dash_expect(&dash, "23 of 29 done");
    dash_expect_in_row(&dash, "> ", "●");
    dash_type(&dash, "l");
    dash_expect(&dash, "ticked");
    dash_quit(&dash);
    dash_open(&again, &(struct dash_options){.sim = &quiet, .home = dash.home});
    dash_expect(&again, "23 of 29 done");
    dash_type(&again, "cG");
    dash_expect_in_row(&again, "> ", "●");
    dash_type(&again, " ");
    dash_expect(&again, "22 of 29 done");
    dash_quit(&again);
    dash_close(&again);
    dash.home[0] = '\0';
    dash_close(&dash);
}

/* ------------------------------------------------------------------------- main */

static int setup(void **state)
{
    (void)state;
    simulator_start(&quiet, 60, 3);
    simulator_do(
        &quiet, "POST", "/world",
        "{\"crash_rate\":{\"platform\":\"android\",\"version\":\"2.15.3\",\"rate\":0.003}}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return simulator_stop(&quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platforms_are_shown_with_their_figures),
        cmocka_unit_test(the_cached_picture_comes_first),
        cmocka_unit_test(keys_without_a_right_are_closed),
        cmocka_unit_test(esc_enter_and_n_cancel),
        cmocka_unit_test(keys_typed_ahead_are_dropped_and_said),
        cmocka_unit_test(a_paste_presses_no_key),
        cmocka_unit_test(an_unmarked_paste_does_not_act),
        cmocka_unit_test(strange_sequences_do_not_act),
        cmocka_unit_test(the_exact_requests_are_shown_and_not_sent),
        cmocka_unit_test(an_advance_over_a_closed_gate_needs_a_reason),
        cmocka_unit_test(read_only_sends_nothing_whatever_is_pressed),
        cmocka_unit_test(the_wallboard_has_no_key_but_q),
        cmocka_unit_test(a_bad_release_is_halted),
        cmocka_unit_test(a_console_change_between_the_key_and_the_answer_is_said),
        cmocka_unit_test(a_review_in_the_way_is_cancelled_by_a_second_y),
        cmocka_unit_test(a_halt_that_waits_for_a_hand_is_the_headline),
        cmocka_unit_test(complete_wants_the_id_typed),
        cmocka_unit_test(a_tick_is_kept),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
