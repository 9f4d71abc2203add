/* test_keys.c: unknown sequences are swallowed and never act, however a slow line splits them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "commands.h"
#include "keys.h"

struct row {
    const char *what;
    const char *bytes; /* as the terminal gives them, at once */
    const char *acts;  /* the keys that come through, Esc as '\033' */
};

static const struct row rows[] = {
    {"plain keys", "Hyq", "Hyq"},
    {"focus report", "\033[Iq", "q"},
    {"control sequence with parameters", "\033[1;5Cq", "q"},
    {"unknown function key", "\033[57399uH", "H"},
    {"function key of the other kind", "\033OSq", "q"},
    {"Alt with a key", "\033Hq", "q"},
    {"window title report", "\033]lHalt\033\\q", "q"},
    {"colour report ended by BEL", "\033]11;rgb:0000/0000/0000\007q", "q"},
    {"device control string", "\033P1$r0m\033\\H", "H"},
    {"mouse report of the oldest kind", "\033[M Hyq", "q"},
    {"mouse report of the newer kind", "\033[<0;10;10Mq", "q"},
    {"Esc Esc and a sequence", "\033\033[Aq", "q"},
    {"device attributes", "\033[?62;22cH", "H"},
    {"a broken sequence ends at a control character", "\033[12\rq", "q"},
    {"cut in the middle of a string", "\033]0;HHHH", ""},
};

/* All bytes at once: an Esc has more behind it, except as the last. */
static void sequences_that_come_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct key_filter filter = {0};
        char got[64] = "";
        size_t len = 0;
        for (const char *at = rows[i].bytes; *at != '\0'; at++) {
            int key = key_filter_feed(&filter, *at, at[1] != '\0', 1000);
            if (key != KEY_NOTHING)
                got[len++] = (char)key;
        }
        if (strcmp(got, rows[i].acts) != 0)
            fail_msg("%s: \"%s\" came through, not \"%s\"", rows[i].what, got, rows[i].acts);
    }
}

static void a_lone_escape_is_a_key(void **state)
{
    struct key_filter filter = {0};
    (void)state;
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, false, 1000), KEY_ESCAPE);
    assert_int_equal(key_filter_feed(&filter, 'H', false, 1500), 'H');
}

/* A pause between the Esc and the rest: the Esc was a key, the rest must not be. */
static void a_sequence_split_by_a_slow_line(void **state)
{
    struct key_filter filter = {0};
    static const char rest[] = "[1;2H";
    (void)state;
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, false, 1000), KEY_ESCAPE);
    for (const char *at = rest; *at != '\0'; at++)
        assert_int_equal(key_filter_feed(&filter, *at, false, 1300), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'H', false, 1301), 'H');
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, false, 2000), KEY_ESCAPE);
    assert_int_equal(key_filter_feed(&filter, 'O', false, 2300), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'H', false, 2300), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, false, 3000), KEY_ESCAPE);
    assert_int_equal(key_filter_feed(&filter, 'O', false, 9000),
                     'O'); /* a key of its own by then */
}

static void pasted_text_is_swallowed(void **state)
{
    struct key_filter filter = {0};
    (void)state;
    assert_int_equal(key_filter_feed(&filter, KEY_PASTE_START, true, 1), KEY_NOTHING);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(key_filter_feed(&filter, "Hy\r\033[X"[i % 6], true, 1), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, KEY_PASTE_STOP, false, 1), KEY_PASTE_STOP);
    assert_int_equal(filter.pasted, 1000);
    assert_int_equal(key_filter_feed(&filter, 'q', false, 1), 'q');
}

/* What is open for long is given up: the next key is a key again. */
static void what_has_no_end_swallows_nothing_for_ever(void **state)
{
    static const char *const begun[] = {"\033\033", "\033[1;", "\033]0;title", "\033P", "\033[M"};
    (void)state;
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
        struct key_filter filter = {0};
        for (const char *at = begun[i]; *at != '\0'; at++)
            assert_int_equal(key_filter_feed(&filter, *at, true, 1000), KEY_NOTHING);
        assert_int_equal(key_filter_feed(&filter, 'H', false, 3100), 'H');
    }
    struct key_filter filter = {0};
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, true, 1000), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, true, 1000), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'q', false, 1200), 'q');
    filter = (struct key_filter){0};
    assert_int_equal(key_filter_feed(&filter, KEY_PASTE_START, true, 901000), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'H', true, 903500), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'H', true, 908600), 'H');
}

static void a_resize_comes_through_anywhere(void **state)
{
    struct key_filter filter = {0};
    (void)state;
    assert_int_equal(key_filter_feed(&filter, KEY_ESCAPE, true, 1), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, KEY_RESIZED, true, 1), KEY_RESIZED);
    assert_int_equal(key_filter_feed(&filter, '[', true, 1), KEY_NOTHING);
    assert_int_equal(key_filter_feed(&filter, 'A', false, 1), KEY_NOTHING);
}

static void every_backspace_is_one_key(void **state)
{
    struct key_filter filter = {0};
    (void)state;
    assert_int_equal(key_filter_feed(&filter, KEY_DELETE_CHAR, false, 1), KEY_ERASE);
    assert_int_equal(key_filter_feed(&filter, KEY_BACK_CTRL_H, false, 1), KEY_ERASE);
    assert_int_equal(key_filter_feed(&filter, KEY_ERASE, false, 1), KEY_ERASE);
}

/* ------------------------------------------------------------------ the table */

static void every_key_stands_for_one_command(void **state)
{
    (void)state;
    for (int a = 1; a < COMMAND_COUNT; a++) {
        const struct command *command = command_get((enum command_id)a);
        assert_true(command->name[0] != '\0' && command->help[0] != '\0' &&
                    command->hint[0] != '\0');
        assert_int_equal(command_find(command->name, strlen(command->name)), a);
        for (int i = 0; i < COMMAND_KEYS && command->keys[i] != 0; i++) {
            int number = 0;
            enum screen_id screen = a == COMMAND_TICK ? SCREEN_CHECKLIST : SCREEN_OVERVIEW;
            assert_int_equal(command_of_key(command->keys[i], screen, &number), a);
        }
    }
}

static void what_acts_confirms_and_is_no_small_letter(void **state)
{
    (void)state;
    for (int id = 1; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get((enum command_id)id);
        if (!(command->flags & COMMAND_ACTS))
            continue;
        assert_true(command->flags & COMMAND_CONFIRM);
        assert_false(command->flags & COMMAND_READONLY_OK);
        assert_in_range(command->keys[0], 'A', 'Z');
    }
}

static void beginnings_of_names_must_be_unambiguous(void **state)
{
    (void)state;
    assert_int_equal(command_find("hal", 3), COMMAND_HALT);
    assert_int_equal(command_find("re", 2), COMMAND_NONE);
    assert_int_equal(command_find("rel", 3), COMMAND_RELOAD);
    assert_int_equal(command_find("", 0), COMMAND_NONE);
    assert_int_equal(command_find("halting", 7), COMMAND_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_that_come_at_once),
        cmocka_unit_test(a_lone_escape_is_a_key),
        cmocka_unit_test(a_sequence_split_by_a_slow_line),
        cmocka_unit_test(pasted_text_is_swallowed),
        cmocka_unit_test(what_has_no_end_swallows_nothing_for_ever),
        cmocka_unit_test(a_resize_comes_through_anywhere),
        cmocka_unit_test(every_backspace_is_one_key),
        cmocka_unit_test(every_key_stands_for_one_command),
        cmocka_unit_test(what_acts_confirms_and_is_no_small_letter),
        cmocka_unit_test(beginnings_of_names_must_be_unambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
