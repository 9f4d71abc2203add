/* test_canvas.c: columns, cuts, twins, wide characters and the cell that is never written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

struct row {
    const char *text;
    int col, width;
    const char *shown; /* the row, without trailing blanks */
    int used;
};

static const struct row rows[] = {
    {"halt", 0, 10, "halt", 4},
    {"halt", 0, 4, "halt", 4},
    {"halts", 0, 4, "hal…", 4},
    {"halts", 0, 1, "…", 1},
    {"halts", 0, 0, "", 0},
    {"halts", 0, -3, "", 0},
    {"halts", 8, 10, "        h…", 2}, /* the row ends before the width does */
    {"halts", 10, 10, "", 0},
    {"halts", -1, 10, "", 0},
    {"中文字", 0, 6, "中文字", 6},
    {"中文字", 0, 5, "中文…", 5},
    {"中文字", 0, 4, "中…", 4}, /* a wide one that does not fit leaves a blank */
    {"a\tb\033c", 0, 10, "a�b�c", 5},
    {"e\xCC\x81x", 0, 2, "e\xCC\x81x", 2},
    {"\xCC\x81x", 0, 2, "x", 1},
    {"\xFF\xFEok", 0, 9, "��ok", 4},
    {"a\xE2\x80\xAE"
     "b",
     0, 9, "ab", 2},
};

static char *first_row(const struct canvas *canvas)
{
    char *text = canvas_text(canvas);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void text_is_cut_with_a_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct canvas canvas;
        canvas_init(&canvas, 2, 10, CHARSET_UTF8);
        int used = canvas_put(&canvas, 0, rows[i].col, rows[i].width, ROLE_TEXT, rows[i].text);
        char *shown = first_row(&canvas);
        assert_string_equal(shown, rows[i].shown);
        assert_int_equal(used, rows[i].used);
        free(shown);
        canvas_clear(&canvas);
    }
}

static void ascii_has_a_twin_of_one_column(void **state)
{
    struct canvas canvas;
    (void)state;
    canvas_init(&canvas, 2, 40, CHARSET_ASCII);
    canvas_put(&canvas, 0, 0, 40, ROLE_TEXT, "► ■ ● ○ ◄ × ▲ – … ▁█ ─ │ é 中");
    char *shown = first_row(&canvas);
    assert_string_equal(shown, "> # * o < x ! - ~ _% - | ? ?");
    free(shown);
    canvas_put(&canvas, 0, 0, 3, ROLE_TEXT, "halts");
    shown = first_row(&canvas);
    assert_memory_equal(shown, "ha~", 3);
    free(shown);
    canvas_clear(&canvas);
}

static void the_last_cell_is_never_written(void **state)
{
    struct canvas canvas;
    (void)state;
    canvas_init(&canvas, 2, 4, CHARSET_UTF8);
    canvas_put(&canvas, 1, 0, 9, ROLE_TEXT, "abcd");
    canvas_repeat(&canvas, 1, 3, 4, ROLE_TEXT, 'x');
    canvas_fill(&canvas, 0, 0, 9, 9, LAYER_DIALOG);
    canvas_put(&canvas, 1, 0, 9, ROLE_TEXT, "ab中");
    assert_int_equal(canvas_at(&canvas, 1, 3)->base, ' ');
    assert_int_equal(canvas_at(&canvas, 1, 3)->layer, LAYER_SCREEN);
    canvas_clear(&canvas);
}

static void half_a_wide_character_never_stays(void **state)
{
    struct canvas canvas;
    (void)state;
    canvas_init(&canvas, 2, 6, CHARSET_UTF8);
    canvas_put(&canvas, 0, 0, 6, ROLE_TEXT, "中文字");
    canvas_put(&canvas, 0, 1, 1, ROLE_TEXT, "x"); /* the right half of the first */
    char *shown = first_row(&canvas);
    assert_string_equal(shown, " x文字");
    free(shown);
    canvas_put(&canvas, 0, 4, 1, ROLE_TEXT, "y"); /* the left half of the last */
    shown = first_row(&canvas);
    assert_string_equal(shown, " x文y");
    free(shown);
    canvas_clear(&canvas);
}

static void a_pen_marks_what_it_could_not_write(void **state)
{
    struct canvas canvas;
    (void)state;
    canvas_init(&canvas, 2, 10, CHARSET_UTF8);
    struct pen pen = canvas_pen(&canvas, 0, 0, 10);
    pen_put(&pen, ROLE_TEXT, "12345");
    pen_put(&pen, ROLE_TEXT, "67890");
    assert_false(pen.is_full);
    pen_put(&pen, ROLE_TEXT, "more");
    assert_true(pen.is_full);
    char *shown = first_row(&canvas);
    assert_string_equal(shown, "123456789…");
    free(shown);
    canvas_clear(&canvas);
}

static void lines_break_at_spaces(void **state)
{
    struct canvas canvas;
    char line[64];
    const char *rest = "no new phone gets it  averyveryverylongword";
    static const char *const parts[] = {"no new",   "phone",    "gets it",
                                        "averyver", "yverylon", "gword"};
    (void)state;
    canvas_init(&canvas, 2, 10, CHARSET_UTF8);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        canvas_wrap(&canvas, rest, 8, line, sizeof line, &rest);
        assert_string_equal(line, parts[i]);
    }
    assert_string_equal(rest, "");
    canvas_wrap(&canvas, "中", 1, line, sizeof line, &rest); /* too wide, and yet no standstill */
    assert_string_equal(rest, "");
    canvas_clear(&canvas);
}

static int start(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_with_a_mark),
        cmocka_unit_test(ascii_has_a_twin_of_one_column),
        cmocka_unit_test(the_last_cell_is_never_written),
        cmocka_unit_test(half_a_wide_character_never_stays),
        cmocka_unit_test(a_pen_marks_what_it_could_not_write),
        cmocka_unit_test(lines_break_at_spaces),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
