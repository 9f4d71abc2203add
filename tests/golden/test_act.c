/* test_act.c: what keys lead to: no key acts without its confirmation, and every key does what the
 * help says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "figures.h"
#include "golden.h"
#include "keys.h"
#include "world.h"

#define KEPT 64

/* A core that only writes down what it is told. */
struct heard {
    struct act act;
    int last_key;
    uint64_t last_id;
    size_t count;
    size_t halts;
    struct {
        enum sw_command_kind kind;
        enum sw_verb verb;
        char platform[64], reason[256], override_text[256], item[64], identity[64];
        bool is_dry_run, is_unrecorded, may_cancel_review;
        int key; /* pressed when it was submitted */
        enum dialog_kind dialog;
        bool had_dialog, had_right_id;
    } commands[KEPT];
};

static void keep(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

static uint64_t submit(void *arg, const struct sw_command *command)
{
    struct heard *h = arg;
    size_t at = h->count++ % KEPT;
    const struct dialog *d = h->act.view.dialog;
    memset(&h->commands[at], 0, sizeof h->commands[at]);
    h->commands[at].kind = command->kind;
    h->commands[at].verb = command->verb;
    h->commands[at].is_dry_run = command->is_dry_run;
    h->commands[at].is_unrecorded = command->is_unrecorded;
    h->commands[at].may_cancel_review = command->may_cancel_review;
    h->commands[at].key = h->last_key;
    keep(h->commands[at].platform, sizeof h->commands[at].platform, command->platform);
    keep(h->commands[at].reason, sizeof h->commands[at].reason, command->reason);
    keep(h->commands[at].override_text, sizeof h->commands[at].override_text,
         command->override_text);
    keep(h->commands[at].item, sizeof h->commands[at].item, command->item);
    keep(h->commands[at].identity, sizeof h->commands[at].identity, command->expected_identity);
    h->commands[at].had_dialog = d != NULL;
    h->commands[at].dialog = d != NULL ? d->kind : DIALOG_QUIT;
    h->commands[at].had_right_id =
        d != NULL && d->needs_id && strcmp(d->typed_id.text, d->platform) == 0;
    return ++h->last_id;
}

static size_t halts(void *arg)
{
    return ((struct heard *)arg)->halts;
}

static void begin(struct heard *h, const struct sw_snapshot *snapshot)
{
    memset(h, 0, sizeof *h);
    act_init(&h->act);
    h->act.submit = submit;
    h->act.halts = halts;
    h->act.arg = h;
    h->act.now_ms = WORLD_NOW;
    act_snapshot(&h->act, snapshot);
}

static void press(struct heard *h, int key)
{
    h->last_key = key;
    act_key(&h->act, key);
}

static void type(struct heard *h, const char *text)
{
    for (; *text != '\0'; text++)
        press(h, (unsigned char)*text);
}

/* ----------------------------------------------------------------------- halting */

static void halt_is_the_key_then_y(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, 'H');
    assert_non_null(h.act.view.dialog);
    assert_true(h.act.has_opened);
    assert_int_equal(h.count, 0);
    press(&h, 'y');
    assert_null(h.act.view.dialog);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.commands[0].verb, SW_VERB_HALT);
    assert_string_equal(h.commands[0].platform, "android"); /* the worst is selected at the start */
    assert_string_equal(h.commands[0].identity, "2025011401");
    assert_non_null(strstr(h.commands[0].reason, "43 of 4,400 crashed"));
    assert_false(h.commands[0].is_dry_run);
    act_clear(&h.act);
}

static void enter_escape_and_n_leave(void **state)
{
    static const int keys[] = {KEY_RETURN, KEY_NEWLINE, KEY_ESCAPE, 'n'};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct heard h;
        begin(&h, world_bad());
        press(&h, 'H');
        press(&h, keys[i]);
        assert_null(h.act.view.dialog);
        press(&h, 'y');
        assert_int_equal(h.count, 0);
        act_clear(&h.act);
    }
}

static void the_reason_can_be_edited(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "He");
    press(&h, KEY_CTRL_U);
    type(&h, "my reason yn");
    press(&h, KEY_ERASE);
    press(&h, KEY_RETURN);
    assert_int_equal(h.count, 0);
    press(&h, 'y');
    assert_string_equal(h.commands[0].reason, "my reason y");
    act_clear(&h.act);
}

static void roll_back_needs_the_id(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, 'B');
    assert_int_equal(h.count, 1); /* the exact requests, asked for at once */
    assert_true(h.commands[0].is_dry_run);
    press(&h, 'y');
    press(&h, KEY_RETURN); /* "y" is not the id */
    assert_null(h.act.view.dialog);
    assert_int_equal(h.count, 1);
    type(&h, "Bandroid");
    assert_int_equal(h.count, 2);
    press(&h, KEY_RETURN);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.commands[2].verb, SW_VERB_ROLLBACK);
    assert_false(h.commands[2].is_dry_run);
    act_clear(&h.act);
}

static void a_closed_key_says_why_or_takes_an_override(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, 'A'); /* held by a gate; can be overridden */
    assert_non_null(h.act.view.dialog);
    assert_int_equal(h.act.view.dialog->field, FIELD_OVERRIDE);
    press(&h, KEY_RETURN); /* nothing typed: away */
    assert_null(h.act.view.dialog);
    press(&h, 'A');
    type(&h, "y, known and harmless");
    press(&h, KEY_RETURN);
    assert_int_equal(h.count, 0);
    press(&h, 'y');
    assert_int_equal(h.count, 1);
    assert_string_equal(h.commands[0].override_text, "y, known and harmless");
    assert_int_equal(h.commands[0].verb, SW_VERB_ADVANCE);
    act_clear(&h.act);
}

static void stop_everything_asks_once(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, 'X');
    assert_int_equal(h.count, 0);
    press(&h, 'y');
    assert_int_equal(h.count, 1);
    assert_int_equal(h.commands[0].kind, SW_COMMAND_STOP_EVERYTHING);
    assert_int_equal(h.act.view.dialog->kind, DIALOG_STOP_LIST);
    press(&h, 'y');
    assert_int_equal(h.count, 1);
    press(&h, KEY_ESCAPE);
    assert_null(h.act.view.dialog);
    act_clear(&h.act);
}

/* The list that is confirmed says what the core will do, not what a halt alone would. */
static void stop_everything_tells_what_it_leaves_alone(void **state)
{
    static struct sw_platform platforms[5];
    static struct sw_snapshot snapshot;
    struct heard h;
    struct canvas canvas;
    (void)state;
    world_copy_bad(&snapshot, platforms);
    for (size_t i = 0; i < 4; i++) {
        platforms[i].state = i == 0 ? SW_STATE_COMPLETE : SW_STATE_ROLLING;
        platforms[i].offers[SW_VERB_HALT].is_allowed = true;
        platforms[i].offers[SW_VERB_ROLLBACK].is_allowed = true;
    }
    platforms[1].is_stop_skipped = true;
    platforms[2].is_stop_rollback = true;
    begin(&h, &snapshot);
    press(&h, 'X');
    canvas_init(&canvas, 40, 120, CHARSET_UTF8);
    struct frame frame = act_frame(&h.act);
    screen_draw(&canvas, &frame);
    char *text = canvas_text(&canvas);
    assert_non_null(strstr(text, "nothing to stop: COMPLETE"));
    assert_non_null(strstr(text, "left alone, as the configuration says"));
    assert_non_null(strstr(text, "ROLL BACK at"));
    assert_non_null(strstr(text, "halt at"));
    free(text);
    canvas_clear(&canvas);
    act_clear(&h.act);
}

static void dry_run_shows_the_requests(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Hd");
    assert_int_equal(h.count, 1);
    assert_true(h.commands[0].is_dry_run);
    struct sw_outcome outcome = {.id = h.last_id,
                                 .kind = SW_COMMAND_VERB,
                                 .verb = SW_VERB_HALT,
                                 .result = SW_RESULT_DRY_RUN,
                                 .text = "PUT https://x/y\n{\"a\":1}"};
    act_outcome(&h.act, &outcome);
    assert_non_null(h.act.view.dialog);
    assert_string_equal(h.act.view.dialog->requests, outcome.text);
    type(&h, "dd"); /* hidden and shown again without asking again */
    assert_int_equal(h.count, 1);
    act_clear(&h.act);
}

/* --------------------------------------------------------------------- refusals */

static void a_refusal_by_policy_can_be_overridden(void **state)
{
    static struct sw_platform platforms[5];
    static struct sw_snapshot snapshot;
    struct heard h;
    (void)state;
    world_copy_bad(&snapshot, platforms);
    platforms[1].offers[SW_VERB_HALT].can_override = true;
    begin(&h, &snapshot);
    type(&h, "Hy");
    struct sw_outcome outcome = {
        .id = h.last_id,
        .kind = SW_COMMAND_VERB,
        .verb = SW_VERB_HALT,
        .result = SW_RESULT_REFUSED,
        .platform = "android",
        .error = {.code = SW_E_REFUSED, .text = "somebody else has the conn"}};
    act_outcome(&h.act, &outcome);
    assert_non_null(h.act.view.dialog);
    assert_string_equal(h.act.view.dialog->closed, "somebody else has the conn");
    assert_int_equal(h.act.view.dialog->field, FIELD_OVERRIDE);
    act_clear(&h.act);
}

static void a_halt_without_a_ledger_asks_a_second_time(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Hy");
    struct sw_outcome outcome = {.id = h.last_id,
                                 .kind = SW_COMMAND_VERB,
                                 .verb = SW_VERB_HALT,
                                 .result = SW_RESULT_REFUSED,
                                 .platform = "android",
                                 .error = {.code = SW_E_IO, .text = "no space left on device"}};
    act_outcome(&h.act, &outcome);
    assert_non_null(h.act.view.dialog);
    assert_int_equal(h.count, 1);
    /* the second y of somebody who struck twice, before the question was there to be read */
    assert_true(act_is_too_early(&h.act, 1000));
    act_drawn(&h.act, 1000);
    assert_true(act_is_too_early(&h.act, 1100));
    assert_int_equal(h.act.view.dialog->dropped, 2);
    assert_false(act_is_too_early(&h.act, 2000));
    press(&h, 'y');
    assert_int_equal(h.count, 2);
    assert_true(h.commands[1].is_unrecorded);
    act_clear(&h.act);
}

/* The dialog of a verb, drawn over a picture in which the store shows something else by now. */
static char *drawn_over(struct heard *h, const struct sw_snapshot *now)
{
    struct canvas canvas;
    act_snapshot(&h->act, now);
    struct frame frame = act_frame(&h->act);
    canvas_init(&canvas, 40, 100, CHARSET_UTF8);
    screen_draw(&canvas, &frame);
    char *text = canvas_text(&canvas);
    canvas_clear(&canvas);
    return text;
}

/* The store's review of something stands in the halt's way: what is cancelled is said, and only a
 * second y cancels it. */
static void a_halt_that_meets_a_review_asks_a_second_time(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Hy");
    assert_false(h.commands[0].may_cancel_review);
    struct sw_outcome outcome = {
        .id = h.last_id,
        .kind = SW_COMMAND_VERB,
        .verb = SW_VERB_HALT,
        .result = SW_RESULT_REJECTED,
        .platform = "android",
        .error = {.code = SW_E_IN_REVIEW, .text = "You already have changes in review"}};
    act_outcome(&h.act, &outcome);
    assert_non_null(h.act.view.dialog);
    act_drawn(&h.act, 1000);
    assert_false(act_is_too_early(&h.act, 2000));
    char *text = drawn_over(&h, world_bad());
    assert_non_null(strstr(text, "what the store is reviewing now is cancelled"));
    assert_non_null(strstr(text, "halt it and cancel the review"));
    free(text);
    press(&h, 'y');
    assert_int_equal(h.count, 2);
    assert_true(h.commands[1].may_cancel_review);
    assert_false(h.commands[1].is_unrecorded);
    act_clear(&h.act);
}

/* At the store and not live: the headline says what it waits for, whoever asked for the halt. */
static void a_halt_that_waits_for_a_hand_is_the_headline(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    struct sw_snapshot now = *world_bad();
    struct sw_platform *platforms = calloc(now.platform_count, sizeof *platforms);
    assert_non_null(platforms);
    memcpy(platforms, now.platforms, now.platform_count * sizeof *platforms);
    for (size_t i = 0; i < now.platform_count; i++) {
        platforms[i].halt_wait_note = "";
        if (strcmp(platforms[i].id, "android") != 0)
            continue;
        platforms[i].halt_wait = SW_HALT_WAIT_HAND;
        platforms[i].halt_wait_note = "a person must send it for review in the Play Console";
    }
    now.platforms = platforms;
    char *text = drawn_over(&h, &now);
    assert_non_null(strstr(text, "HALT WAITS FOR A HAND: a person must send it for review"));
    assert_non_null(strstr(text, "until then 2.15.3 goes on to 20% of users"));
    free(text);
    act_snapshot(&h.act, world_bad());
    act_clear(&h.act);
    free(platforms);
}

static void everything_stops_without_a_ledger_too(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Xy");
    struct sw_outcome parts[] = {
        {.verb = SW_VERB_HALT, .result = SW_RESULT_SEEN, .platform = "web"},
        {.verb = SW_VERB_HALT,
         .result = SW_RESULT_REFUSED,
         .platform = "android",
         .error = {.code = SW_E_IO, .text = "no space left on device"}},
    };
    struct sw_outcome outcome = {.id = h.last_id,
                                 .kind = SW_COMMAND_STOP_EVERYTHING,
                                 .result = SW_RESULT_REFUSED,
                                 .part_count = 2,
                                 .parts = parts};
    act_outcome(&h.act, &outcome);
    assert_int_equal(h.act.view.dialog->kind, DIALOG_STOP_ALL);
    assert_true(act_is_too_early(&h.act, 1000)); /* nobody has read it yet */
    act_drawn(&h.act, 1000);
    assert_false(act_is_too_early(&h.act, 2000));
    char *text = drawn_over(&h, world_bad());
    assert_non_null(strstr(text, "no space left on device"));
    assert_non_null(strstr(text, "stop everything, unrecorded"));
    free(text);
    press(&h, 'y');
    assert_int_equal(h.count, 2);
    assert_int_equal(h.commands[1].kind, SW_COMMAND_STOP_EVERYTHING);
    assert_true(h.commands[1].is_unrecorded);
    assert_string_equal(h.commands[1].reason, h.commands[0].reason);
    assert_int_equal(h.act.view.dialog->kind, DIALOG_STOP_LIST);
    act_clear(&h.act);
}

static void the_list_of_a_stop_says_when_nothing_goes_on(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Xy");
    struct sw_action action = {.id = 7,
                               .parent = h.last_id,
                               .verb = SW_VERB_HALT,
                               .platform = "android",
                               .asked_ms = WORLD_NOW};
    struct sw_snapshot snapshot = *world_bad();
    snapshot.actions = &action;
    snapshot.action_count = 1;
    char *text = drawn_over(&h, &snapshot);
    assert_non_null(strstr(text, "Esc hides this, it goes on"));
    free(text);
    action.result = SW_RESULT_REFUSED;
    text = drawn_over(&h, &snapshot);
    assert_non_null(strstr(text, "really stopped 0 of 1"));
    assert_null(strstr(text, "it goes on"));
    free(text);
    act_snapshot(&h.act, world_bad());
    act_clear(&h.act);
}

static void a_change_under_an_open_dialog_is_said_in_it(void **state)
{
    static const struct {
        int key;
        enum sw_state state;
        double percent;
        const char *identity, *says; /* NULL: nothing changed */
    } rows[] = {
        {'H', SW_STATE_ROLLING, 20, NULL, NULL},
        {'H', SW_STATE_ROLLING, 35, NULL, "now ROLLING at 35%, read 03:10; a halt goes on"},
        {'H', SW_STATE_HALTED, 20, NULL, "now HALTED at 20%, read 03:10; a halt goes on"},
        {'H', SW_STATE_ROLLING, 20, "2025011499", "now 2025011499 ROLLING at 20%"},
        {'A', SW_STATE_ROLLING, 35, NULL, "now ROLLING at 35%, read 03:10; what stands"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h;
        struct sw_snapshot now;
        struct sw_platform platforms[5];
        begin(&h, world_bad());
        size_t android = fig_worst_platform(world_bad());
        h.act.view.platform = android;
        press(&h, rows[i].key);
        world_copy_bad(&now, platforms);
        platforms[android].state = rows[i].state;
        platforms[android].percent_set.value = rows[i].percent;
        platforms[android].observed_at_ms = MINUTES_AGO(2);
        if (rows[i].identity != NULL)
            platforms[android].identity = rows[i].identity;
        char *text = drawn_over(&h, &now);
        bool is_said = strstr(text, "CHANGED    since this was opened") != NULL;
        if (is_said != (rows[i].says != NULL) ||
            (rows[i].says != NULL && strstr(text, rows[i].says) == NULL))
            fail_msg("%zu: %s", i, text);
        free(text);
        act_clear(&h.act);
    }
}

static void an_open_dialog_is_not_replaced_by_an_outcome(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, "Hy");
    uint64_t first = h.last_id;
    type(&h, "1H");
    struct dialog *open = h.act.view.dialog;
    struct sw_outcome outcome = {.id = first,
                                 .kind = SW_COMMAND_VERB,
                                 .verb = SW_VERB_HALT,
                                 .result = SW_RESULT_REFUSED,
                                 .error = {.code = SW_E_IO, .text = "x"}};
    act_outcome(&h.act, &outcome);
    assert_ptr_equal(h.act.view.dialog, open);
    press(&h, 'y');
    assert_string_equal(h.commands[1].platform, "ios");
    act_clear(&h.act);
}

/* --------------------------------------------------------------------- the rest */

static void read_only_submits_nothing_that_acts(void **state)
{
    static struct sw_snapshot snapshot;
    static struct sw_platform platforms[5];
    struct heard h;
    (void)state;
    world_copy_bad(&snapshot, platforms);
    snapshot.is_read_only = true;
    begin(&h, &snapshot);
    for (int key = ' '; key < 0x7F; key++) {
        press(&h, key);
        press(&h, 'y');
        press(&h, KEY_RETURN);
        press(&h, KEY_ESCAPE);
    }
    act_line(&h.act, "halt android");
    act_line(&h.act, "stop-everything");
    act_line(&h.act, "tick day-5");
    act_line(&h.act, "rights");
    for (size_t i = 0; i < h.count && i < KEPT; i++)
        assert_int_equal(h.commands[i].kind, SW_COMMAND_POLL);
    act_clear(&h.act);
}

static void the_wallboard_knows_only_q(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    h.act.is_wallboard = true;
    h.act.view.screen = SCREEN_WALLBOARD;
    for (int key = 1; key < 0x200; key++) {
        if (key != 'q')
            press(&h, key);
    }
    assert_int_equal(h.count, 0);
    assert_null(h.act.view.dialog);
    assert_int_equal(h.act.view.screen, SCREEN_WALLBOARD);
    assert_false(h.act.view.is_typing);
    press(&h, 'q');
    assert_true(h.act.wants_quit);
    act_clear(&h.act);
}

static void quit_asks_while_a_halt_is_under_way(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_unseen());
    h.halts = 1;
    press(&h, 'q');
    assert_false(h.act.wants_quit);
    press(&h, KEY_RETURN);
    assert_false(h.act.wants_quit);
    type(&h, "qy");
    assert_true(h.act.wants_quit);
    act_clear(&h.act);
}

static void space_ticks_on_the_checklist_only(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, ' ');
    assert_int_equal(h.count, 0);
    type(&h, "cG ");
    assert_int_equal(h.count, 1);
    assert_int_equal(h.commands[0].kind, SW_COMMAND_TICK);
    assert_string_equal(h.commands[0].item, "retro");
    type(&h, "g ");
    assert_int_equal(h.commands[1].kind, SW_COMMAND_UNTICK);
    assert_string_equal(h.commands[1].item, "code-freeze");
    act_clear(&h.act);
}

static void typed_lines_do_what_keys_do(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    type(&h, ":hal");
    press(&h, KEY_TAB_CHAR);
    assert_string_equal(h.act.view.typed.text, "halt ");
    type(&h, "i");
    press(&h, KEY_TAB_CHAR);
    assert_string_equal(h.act.view.typed.text, "halt ios");
    press(&h, KEY_RETURN);
    assert_non_null(h.act.view.dialog);
    press(&h, 'y');
    assert_string_equal(h.commands[0].platform, "ios");
    act_line(&h.act, "halt nothing-like-it");
    assert_null(h.act.view.dialog);
    assert_non_null(strstr(h.act.view.message, "nothing-like-it"));
    act_line(&h.act, "re"); /* resume, reload, repaint */
    assert_non_null(strstr(h.act.view.message, "no command"));
    act_line(&h.act, "tick day-5");
    assert_string_equal(h.commands[1].item, "day-5");
    act_line(&h.act, "rights");
    assert_int_equal(h.commands[2].kind, SW_COMMAND_RIGHTS);
    act_line(&h.act, "   ");
    act_clear(&h.act);
}

static void the_selection_stays_on_its_platform(void **state)
{
    static struct sw_snapshot snapshot;
    static struct sw_platform platforms[5];
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, '3');
    world_copy_bad(&snapshot, platforms);
    struct sw_platform first = platforms[0];
    platforms[0] = platforms[2]; /* Wear OS comes first after a reload */
    platforms[2] = first;
    act_snapshot(&h.act, &snapshot);
    assert_int_equal(h.act.view.platform, 0);
    act_clear(&h.act);
}

static void pasted_text_is_no_answer(void **state)
{
    struct heard h;
    struct key_filter filter = {0};
    static const char pasted[] = "Hy android\ry\r";
    (void)state;
    begin(&h, world_bad());
    int key = key_filter_feed(&filter, KEY_PASTE_START, false, 1);
    assert_int_equal(key, KEY_NOTHING);
    for (const char *at = pasted; *at != '\0'; at++)
        assert_int_equal(key_filter_feed(&filter, *at, false, 1), KEY_NOTHING);
    press(&h, key_filter_feed(&filter, KEY_PASTE_STOP, false, 1));
    assert_int_equal(h.count, 0);
    assert_null(h.act.view.dialog);
    act_clear(&h.act);
}

/* Whatever is pressed: what acts was confirmed by its own key, or by the platform's id. */
static void no_key_sequence_acts_without_its_confirmation(void **state)
{
    static const int special[] = {KEY_RETURN,     KEY_ESCAPE,     KEY_TAB_CHAR,  KEY_ERASE,
                                  KEY_ARROW_UP,   KEY_ARROW_DOWN, KEY_PAGE_NEXT, KEY_TO_END,
                                  KEY_PASTE_STOP, KEY_OTHER};
    static const char likely[] = "HRACBXyyynd e1234:cls?qo \rios android";
    uint64_t seed = 7;
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        struct heard h;
        begin(&h, world->snapshot());
        for (int i = 0; i < 20000; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            unsigned roll = (unsigned)(seed >> 33);
            int key = roll % 5 == 0   ? special[roll / 5 % (sizeof special / sizeof *special)]
                      : roll % 5 == 1 ? (int)(1 + roll / 5 % 0x17F)
                                      : likely[roll / 5 % (sizeof likely - 1)];
            size_t before = h.count;
            press(&h, key);
            h.act.wants_quit = false;
            for (size_t c = before; c < h.count; c++) {
                size_t at = c % KEPT;
                bool acts = h.commands[at].kind == SW_COMMAND_VERB ||
                            h.commands[at].kind == SW_COMMAND_STOP_EVERYTHING;
                if (!acts || h.commands[at].is_dry_run)
                    continue;
                assert_true(h.commands[at].had_dialog);
                bool needs_id = h.commands[at].verb == SW_VERB_COMPLETE ||
                                h.commands[at].verb == SW_VERB_ROLLBACK;
                if (needs_id)
                    assert_true(h.commands[at].had_right_id && key == KEY_RETURN);
                else
                    assert_int_equal(key, 'y');
            }
        }
        act_clear(&h.act);
    }
}

static int start(void **state)
{
    (void)state;
    golden_start();
    return 0;
}

/* ----------------------------------------------------------------------- themes */

static void a_theme_is_worn_while_it_is_selected(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    /* Two of our own, whatever is installed here. */
    assert_int_equal(theme_load("themes/paper.yaml", &h.act.theme, NULL), SW_OK);
    press(&h, 't');
    assert_int_equal(h.act.view.screen, SCREEN_THEMES);
    assert_true(h.act.themes->count >= 1);
    if (h.act.themes->count == 1) {
        h.act.themes->count = 2;
        assert_int_equal(theme_load("themes/nord.yaml", &h.act.themes->items[1], NULL), SW_OK);
    }
    press(&h, KEY_TO_HOME);
    assert_string_equal(h.act.theme.name, "terminal");
    press(&h, 'j');
    assert_string_equal(h.act.theme.name, h.act.themes->items[1].name);
    assert_ptr_equal(h.act.theme.others, h.act.themes);
    press(&h, KEY_ESCAPE);
    assert_int_equal(h.act.view.screen, SCREEN_OVERVIEW);
    assert_string_equal(h.act.theme.name, "paper");
    /* Any other way out puts it back too. */
    press(&h, 't');
    press(&h, KEY_TO_HOME);
    press(&h, 'c');
    assert_int_equal(h.act.view.screen, SCREEN_CHECKLIST);
    assert_string_equal(h.act.theme.name, "paper");
    /* Enter keeps it, and leads back to where the reader was. */
    press(&h, 't');
    press(&h, KEY_TO_HOME);
    press(&h, KEY_RETURN);
    assert_int_equal(h.act.view.screen, SCREEN_CHECKLIST);
    assert_string_equal(h.act.theme.name, "terminal");
    assert_non_null(strstr(h.act.view.message, "ui: {theme: terminal}"));
    assert_int_equal(h.count, 0);
    act_clear(&h.act);
}

static void a_typed_theme_stays_after_escape(void **state)
{
    struct heard h;
    (void)state;
    begin(&h, world_bad());
    press(&h, 't');
    type(&h, ":theme ./themes/paper.yaml");
    press(&h, KEY_RETURN);
    assert_string_equal(h.act.theme.name, "paper");
    press(&h, KEY_ESCAPE);
    assert_string_equal(h.act.theme.name, "paper");
    type(&h, ":theme auto"); /* the terminal is asked before it is taken, or never */
    press(&h, KEY_RETURN);
    assert_string_equal(h.act.theme.name, "paper");
    assert_non_null(strstr(h.act.view.message, "at the start"));
    type(&h, ":theme ./themes/none.yaml");
    press(&h, KEY_RETURN);
    assert_string_equal(h.act.theme.name, "paper");
    assert_int_equal(h.act.view.message_role, ROLE_BAD);
    act_clear(&h.act);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halt_is_the_key_then_y),
        cmocka_unit_test(enter_escape_and_n_leave),
        cmocka_unit_test(the_reason_can_be_edited),
        cmocka_unit_test(roll_back_needs_the_id),
        cmocka_unit_test(a_closed_key_says_why_or_takes_an_override),
        cmocka_unit_test(stop_everything_asks_once),
        cmocka_unit_test(stop_everything_tells_what_it_leaves_alone),
        cmocka_unit_test(dry_run_shows_the_requests),
        cmocka_unit_test(a_refusal_by_policy_can_be_overridden),
        cmocka_unit_test(a_halt_without_a_ledger_asks_a_second_time),
        cmocka_unit_test(a_halt_that_meets_a_review_asks_a_second_time),
        cmocka_unit_test(a_halt_that_waits_for_a_hand_is_the_headline),
        cmocka_unit_test(everything_stops_without_a_ledger_too),
        cmocka_unit_test(the_list_of_a_stop_says_when_nothing_goes_on),
        cmocka_unit_test(a_change_under_an_open_dialog_is_said_in_it),
        cmocka_unit_test(an_open_dialog_is_not_replaced_by_an_outcome),
        cmocka_unit_test(read_only_submits_nothing_that_acts),
        cmocka_unit_test(the_wallboard_knows_only_q),
        cmocka_unit_test(quit_asks_while_a_halt_is_under_way),
        cmocka_unit_test(space_ticks_on_the_checklist_only),
        cmocka_unit_test(typed_lines_do_what_keys_do),
        cmocka_unit_test(the_selection_stays_on_its_platform),
        cmocka_unit_test(pasted_text_is_no_answer),
        cmocka_unit_test(no_key_sequence_acts_without_its_confirmation),
        cmocka_unit_test(a_theme_is_worn_while_it_is_selected),
        cmocka_unit_test(a_typed_theme_stays_after_escape),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
