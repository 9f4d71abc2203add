/*
 * test_text.c: what sw_text_clean lets through, replaces and drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/text.h"

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

static const struct {
    const char *name;
    const char *in;
    const char *want;
} cleaned[] = {
    {"plain ASCII stays", "crash in Checkout", "crash in Checkout"},
    {"empty stays empty", "", ""},
    {"accents and CJK stay", "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC",
     "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC"},
    {"an emoji stays", "\xF0\x9F\x9A\x80", "\xF0\x9F\x9A\x80"},
    {"tab and newline become a blank", "a\tb\nc", "a b c"},
    {"CR LF is one newline", "a\r\nb", "a b"},
    {"a lone CR is replaced", "a\rb", "a" BAD "b"},
    {"ESC, BEL and BS are replaced", "\x1B[31m\x07\x08", BAD "[31m" BAD BAD},
    {"DEL is replaced", "a\x7F", "a" BAD},
    {"C1 as UTF-8 is replaced",
     "\xC2\x9B"
     "2J",
     BAD "2J"},
    {"a raw C1 byte is replaced",
     "\x9B"
     "2J",
     BAD "2J"},
    {"bidi override is replaced",
     "a\xE2\x80\xAE"
     "b",
     "a" BAD "b"},
    {"bidi isolate is replaced", "\xE2\x81\xA6x\xE2\x81\xA9", BAD "x" BAD},
    {"Arabic letter mark is replaced", "\xD8\x9C", BAD},
    {"zero-width space is replaced", "pay\xE2\x80\x8Bpal", "pay" BAD "pal"},
    {"zero-width non-joiner is replaced",
     "a\xE2\x80\x8C"
     "b",
     "a" BAD "b"},
    {"word joiner is replaced",
     "a\xE2\x81\xA0"
     "b",
     "a" BAD "b"},
    {"byte order mark is replaced", "\xEF\xBB\xBFx", BAD "x"},
    {"soft hyphen is replaced",
     "a\xC2\xAD"
     "b",
     "a" BAD "b"},
    {"line separator is replaced",
     "a\xE2\x80\xA8"
     "b",
     "a" BAD "b"},
    {"interlinear annotation is replaced", "\xEF\xBF\xB9x", BAD "x"},
    {"tag character is replaced", "a\xF3\xA0\x81\x81", "a" BAD},
    {"Hangul filler is replaced", "\xE3\x85\xA4", BAD},
    {"variation selector is dropped", "\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4"},
    {"variation selector 17 is dropped", "x\xF3\xA0\x84\x80", "x"},
    {"joiner is dropped", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
     "\xF0\x9F\x91\xA9\xF0\x9F\x92\xBB"},
    {"two marks stay", "e\xCC\x81\xCC\xA7", "e\xCC\x81\xCC\xA7"},
    {"the third mark is dropped", "e\xCC\x81\xCC\xA7\xCC\x88x", "e\xCC\x81\xCC\xA7x"},
    {"a dropped joiner does not reset the marks", "e\xCC\x81\xCC\xA7\xE2\x80\x8D\xCC\x88",
     "e\xCC\x81\xCC\xA7"},
    {"a mark without a base is dropped", "\xCC\x81x", "x"},
    {"overlong slash is replaced", "\xC0\xAF", BAD BAD},
    {"overlong NUL is replaced", "\xE0\x80\x80", BAD BAD BAD},
    {"a surrogate is replaced", "\xED\xA0\x80", BAD BAD BAD},
    {"beyond 10FFFF is replaced", "\xF4\x90\x80\x80", BAD BAD BAD BAD},
    {"a cut sequence is one replacement", "\xE2\x82", BAD},
    {"a cut sequence before text",
     "\xF0\x9F\x9A"
     "a",
     BAD "a"},
    {"a stray continuation is replaced",
     "a\x80"
     "b",
     "a" BAD "b"},
    {"FF and FE are replaced", "\xFF\xFE", BAD BAD},
    {"a non-character is replaced", "\xEF\xBF\xBE", BAD},
    {"U+FFFD itself stays", BAD, BAD},
};

static void test_clean_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(cleaned); i++) {
        char out[128];
        size_t len = sw_text_clean_copy(out, sizeof(out), cleaned[i].in);
        if (strcmp(out, cleaned[i].want) != 0)
            fail_msg("%s: got \"%s\"", cleaned[i].name, out);
        assert_int_equal(len, strlen(out));
        char again[128];
        sw_text_clean_copy(again, sizeof(again), out);
        assert_string_equal(again, out);
    }
}

static void test_clean_nul_inside(void **state)
{
    (void)state;
    char out[16];
    assert_int_equal(sw_text_clean("a\0b", 3, out, sizeof(out)), 5);
    assert_string_equal(out, "a" BAD "b");
}

static void test_clean_null_and_zero(void **state)
{
    (void)state;
    char out[4] = "xxx";
    assert_int_equal(sw_text_clean(NULL, 0, out, sizeof(out)), 0);
    assert_string_equal(out, "");
    assert_int_equal(sw_text_clean_copy(out, sizeof(out), NULL), 0);
    char one[1] = {'x'};
    assert_int_equal(sw_text_clean("abc", 3, one, 1), 0);
    assert_int_equal(one[0], 0);
}

/* Every room from 1 byte up cuts at the border of a character. */
static void test_clean_cuts_at_border(void **state)
{
    (void)state;
    static const char text[] = "a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x9A\x80z";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t room = 1; room <= SW_ARRAY_LEN(want); room++) {
        char out[32];
        size_t len = sw_text_clean(text, strlen(text), out, room);
        assert_int_equal(len, want[room - 1]);
        assert_memory_equal(out, text, len);
        assert_true(sw_utf8_is_valid(out, len));
    }
}

/* A reply of megabytes costs no more than the room it is shown in. */
static void test_clean_reads_no_more_than_needed(void **state)
{
    (void)state;
    char out[8];
    /* Length says more than there is: reading past the needed bytes would be seen by ASan. */
    char *exact = malloc(8);
    assert_non_null(exact);
    memset(exact, 'x', 8);
    assert_int_equal(sw_text_clean(exact, (size_t)1 << 30, out, sizeof(out)), 7);
    free(exact);
}

static void check_clean_properties(const char *out, size_t len)
{
    int marks = 0;
    assert_true(sw_utf8_is_valid(out, len));
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        at += sw_utf8_next(out + at, len - at, &cp);
        assert_true(cp >= 0x20 && (cp < 0x7F || cp > 0x9F));
        assert_false(cp >= 0x200B && cp <= 0x200F);
        assert_false(cp >= 0x2028 && cp <= 0x202E);
        assert_false(cp >= 0x2060 && cp <= 0x206F);
        assert_false(cp >= 0xFE00 && cp <= 0xFE0F);
        assert_false(cp >= 0xE0000 && cp <= 0xE0FFF);
        marks = cp >= 0x300 && cp <= 0x34E ? marks + 1 : 0;
        assert_true(marks <= 2);
    }
}

/* Bytes that provoke: leads, continuations, controls, marks. The generator is fixed, so a failure
 * comes back. */
static void test_clean_random_bytes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a",
                                         "\xCC\x81",
                                         "\xE2\x80\xAE",
                                         "\xE2\x80\x8D",
                                         "\x1B[",
                                         "\r",
                                         "\n",
                                         "\xF3\xA0\x81",
                                         "\xC2\x9B",
                                         "\xE2",
                                         "\x80",
                                         "\xF0\x9F\x9A\x80",
                                         "\xEF\xB8\x8F",
                                         "\x7F",
                                         BAD};
    uint32_t seed = 12345;
    for (int round = 0; round < 20000; round++) {
        char in[256] = "";
        size_t used = 0;
        for (int i = 0; i < 20; i++) {
            seed = seed * 1664525U + 1013904223U;
            const char *piece = pieces[(seed >> 16) % SW_ARRAY_LEN(pieces)];
            memcpy(in + used, piece, strlen(piece));
            used += strlen(piece);
        }
        char out[300];
        char again[300];
        size_t room = 1 + (seed >> 8) % 299;
        size_t len = sw_text_clean(in, used, out, room);
        assert_true(len < room);
        check_clean_properties(out, len);
        size_t same = sw_text_clean(out, len, again, sizeof(again));
        assert_int_equal(same, len);
        assert_memory_equal(again, out, len);
    }
}

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t back = 0;
        size_t size = sw_utf8_put(cp, bytes);
        size_t used = sw_utf8_next(bytes, size, &back);
        if (cp >= 0xD800 && cp <= 0xDFFF) {
            assert_int_equal(back, SW_UTF8_INVALID);
        } else {
            assert_int_equal(used, size);
            assert_int_equal(back, cp);
        }
    }
}

static void test_utf8_cut(void **state)
{
    (void)state;
    static const char text[] = "a\xE2\x82\xAC"; /* a, euro sign */
    assert_int_equal(sw_utf8_cut(text, 4, 9), 4);
    assert_int_equal(sw_utf8_cut(text, 4, 4), 4);
    assert_int_equal(sw_utf8_cut(text, 4, 3), 1);
    assert_int_equal(sw_utf8_cut(text, 4, 2), 1);
    assert_int_equal(sw_utf8_cut(text, 4, 1), 1);
    assert_int_equal(sw_utf8_cut(text, 4, 0), 0);
    /* Bytes that are no UTF-8 at all are cut where they are. */
    assert_int_equal(sw_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

static void test_equal_without_case(void **state)
{
    (void)state;
    assert_true(sw_text_eq_nocase("Retry-After", "retry-after"));
    assert_true(sw_text_eq_nocase("", ""));
    assert_false(sw_text_eq_nocase("retry", "retry-after"));
    assert_false(sw_text_eq_nocase("retry-after", "retry"));
    assert_true(sw_text_eq_nocase(NULL, NULL));
    assert_false(sw_text_eq_nocase(NULL, ""));
    /* Only ASCII folds: [ and { differ by the same bit as A and a. */
    assert_false(sw_text_eq_nocase("[", "{"));
}

static void test_starts(void **state)
{
    (void)state;
    assert_true(sw_text_starts("https://x", "https://"));
    assert_true(sw_text_starts("x", ""));
    assert_false(sw_text_starts("http", "https"));
    assert_false(sw_text_starts(NULL, "x"));
}

static const struct {
    const char *word;
    const char *want;
} nearest[] = {
    {"keyid", "key_id"},
    {"interval", "interval"},
    {"intrval", "interval"},
    {"Interval", "interval"},
    {"platfroms", "platforms"},
    {"zzz", NULL},
    {"", NULL},
    {"k", NULL},
    {"it", "id"},
    {"base-url", "base_url"},
    {"completely_other", NULL},
};

static void test_nearest(void **state)
{
    (void)state;
    static const char *const keys[] = {"key_id", "interval", "platforms", "id", "base_url", NULL};
    for (size_t i = 0; i < SW_ARRAY_LEN(nearest); i++) {
        const char *found = sw_text_nearest(nearest[i].word, keys);
        if (nearest[i].want == NULL)
            assert_null(found);
        else
            assert_string_equal(found, nearest[i].want);
    }
    char longest[100];
    memset(longest, 'x', sizeof(longest));
    longest[99] = '\0';
    assert_null(sw_text_nearest(longest, keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_table),
        cmocka_unit_test(test_clean_nul_inside),
        cmocka_unit_test(test_clean_null_and_zero),
        cmocka_unit_test(test_clean_cuts_at_border),
        cmocka_unit_test(test_clean_reads_no_more_than_needed),
        cmocka_unit_test(test_clean_random_bytes),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_utf8_cut),
        cmocka_unit_test(test_equal_without_case),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
