/*
 * test_buf.c: text buffers, arenas and the allocation helpers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"

static void test_buf_builds(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf, 1000);
    assert_string_equal(sw_buf_text(&buf), "");
    assert_true(sw_buf_add(&buf, "a"));
    assert_true(sw_buf_addc(&buf, 'b'));
    assert_true(sw_buf_addn(&buf, "c\0d", 3));
    assert_true(sw_buf_printf(&buf, "%d-%s", 7, "x"));
    assert_int_equal(buf.len, 8);
    assert_memory_equal(sw_buf_text(&buf), "abc\0d7-x", 9);
    assert_true(sw_buf_addn(&buf, NULL, 0));
    assert_false(sw_buf_is_failed(&buf));
    sw_buf_clear(&buf);
    assert_string_equal(sw_buf_text(&buf), "");
    assert_int_equal(buf.max, 1000);
    sw_buf_clear(&buf);
}

/* The maximum holds to the byte, failure sticks, and what was there stays. */
static void test_buf_limit(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf, 5);
    assert_true(sw_buf_add(&buf, "12345"));
    assert_false(sw_buf_is_failed(&buf));
    assert_false(sw_buf_addc(&buf, '6'));
    assert_true(sw_buf_is_failed(&buf));
    assert_string_equal(sw_buf_text(&buf), "12345");
    sw_buf_reset(&buf);
    assert_true(sw_buf_add(&buf, "1234"));
    assert_false(sw_buf_printf(&buf, "%s", "56"));
    assert_false(sw_buf_add(&buf, ""));
    assert_string_equal(sw_buf_text(&buf), "1234");
    assert_null(sw_buf_reserve(&buf, 0));
    assert_null(sw_buf_take(&buf));
    assert_string_equal(sw_buf_text(&buf), "");
    assert_true(sw_buf_add(&buf, "12345"));
    assert_null(sw_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.cap, 6);
    sw_buf_clear(&buf);
}

static void test_buf_grows(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf, (size_t)1 << 20);
    for (int i = 0; i < 100000; i++)
        sw_buf_printf(&buf, "%c", 'a' + i % 26);
    assert_false(sw_buf_is_failed(&buf));
    assert_int_equal(buf.len, 100000);
    assert_int_equal(strlen(sw_buf_text(&buf)), 100000);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.data[i], 'a' + (int)(i % 26));
    sw_buf_clear(&buf);
}

static void test_buf_take(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf, 10);
    sw_buf_add(&buf, "mine");
    char *text = sw_buf_take(&buf);
    assert_string_equal(text, "mine");
    free(text);
    text = sw_buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
    char *room = sw_buf_reserve(&buf, 3);
    memcpy(room, "xyz", 3);
    assert_string_equal(sw_buf_text(&buf), "xyz");
    sw_buf_clear(&buf);
}

static void test_arena(void **state)
{
    (void)state;
    struct sw_arena *arena = sw_arena_new(64);
    const char *first = sw_arena_strdup(arena, "first");
    for (size_t i = 0; i < 2000; i++) {
        unsigned char *bytes = sw_arena_alloc(arena, i % 300);
        assert_int_equal((uintptr_t)bytes % 16, 0);
        for (size_t k = 0; k < i % 300; k++)
            assert_int_equal(bytes[k], 0);
        memset(bytes, 0xAA, i % 300);
    }
    assert_string_equal(first, "first");
    assert_string_equal(sw_arena_printf(arena, "%s-%d", "x", 5), "x-5");
    assert_string_equal(sw_arena_strndup(arena, "abcdef", 3), "abc");
    assert_null(sw_arena_strdup(arena, NULL));
    assert_ptr_not_equal(sw_arena_alloc(arena, 0), sw_arena_alloc(arena, 0));
    uint64_t *numbers = sw_arena_array(arena, 1000, sizeof(*numbers));
    numbers[999] = 7;
    unsigned char *large = sw_arena_alloc(arena, (size_t)5 << 20);
    large[((size_t)5 << 20) - 1] = 1;
    assert_true(sw_arena_bytes(arena) > (size_t)5 << 20);
    assert_true(sw_arena_bytes(arena) < (size_t)9 << 20);
    sw_arena_free(arena);
    sw_arena_free(NULL);
}

static void test_copy(void **state)
{
    (void)state;
    char out[6];
    assert_false(sw_copy(out, sizeof(out), "12345"));
    assert_string_equal(out, "12345");
    assert_true(sw_copy(out, sizeof(out), "123456"));
    assert_string_equal(out, "12345");
    assert_true(sw_copy(out, sizeof(out), "1234\xC3\xA9"));
    assert_string_equal(out, "1234");
    assert_false(sw_copy(out, sizeof(out), NULL));
    assert_string_equal(out, "");
    assert_true(sw_copy(out, 1, "x"));
    assert_string_equal(out, "");
}

static void test_format(void **state)
{
    (void)state;
    char out[6];
    assert_false(sw_format(out, sizeof(out), "%d", 12345));
    assert_string_equal(out, "12345");
    assert_true(sw_format(out, sizeof(out), "%d", 123456));
    assert_string_equal(out, "12345");
    /* A character of 2, 3 and 4 bytes that does not fit whole goes whole. */
    assert_true(sw_format(out, sizeof(out), "1234%s", "\xC3\xA9"));
    assert_string_equal(out, "1234");
    assert_true(sw_format(out, sizeof(out), "123%s", "\xE2\x82\xAC"));
    assert_string_equal(out, "123");
    assert_true(sw_format(out, sizeof(out), "12%s", "\xF0\x9F\x9A\x80"));
    assert_string_equal(out, "12");
    assert_true(sw_format(out, sizeof(out), "123%s", "\xC3\xA9x"));
    assert_string_equal(out, "123\xC3\xA9");
    assert_true(sw_format(out, 1, "x"));
    assert_string_equal(out, "");
}

static void test_allocation(void **state)
{
    (void)state;
    SW_AUTO_FREE char *copy = sw_xstrdup("text");
    assert_string_equal(copy, "text");
    assert_null(sw_xstrdup(NULL));
    SW_AUTO_FREE char *part = sw_xstrndup("text", 2);
    assert_string_equal(part, "te");
    SW_AUTO_FREE char *shorter = sw_xstrndup("te", 9);
    assert_string_equal(shorter, "te");
    SW_AUTO_FREE char *printed = sw_xasprintf("%s %d", "n", 3);
    assert_string_equal(printed, "n 3");
    SW_AUTO_FREE void *none = sw_xcalloc(0, 8);
    assert_non_null(none);
    SW_AUTO_FREE int *numbers = sw_xrealloc_array(NULL, 2, sizeof(*numbers));
    numbers[1] = 5;
    numbers = sw_xrealloc_array(numbers, 200, sizeof(*numbers));
    assert_int_equal(numbers[1], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_builds), cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_buf_grows),  cmocka_unit_test(test_buf_take),
        cmocka_unit_test(test_arena),      cmocka_unit_test(test_copy),
        cmocka_unit_test(test_format),     cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
