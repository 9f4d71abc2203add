/* test_theme.c: every theme file can be read (contrast computed), and mistakes are told with line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "theme.h"

#define AA_TEXT 4.5 /* WCAG 2.1, 1.4.3, level AA for text */

/* Every role on every background, as written and as shown with 256 colours. */
static void check_contrast(const struct theme *theme, const char *path)
{
    for (int layer = 0; layer < LAYER_COUNT; layer++) {
        int bg = theme->layers[layer].rgb;
        for (int role = 0; role < ROLE_COUNT; role++) {
            int fg = theme->roles[role].fg.rgb;
            double exact = theme_contrast(fg, bg);
            double coarse = theme_contrast(theme_rgb_of_256(theme_nearest_256(fg)),
                                           theme_rgb_of_256(theme_nearest_256(bg)));
            if (exact < AA_TEXT || coarse < AA_TEXT)
                fail_msg("%s: %s on background %d has contrast %.2f, %.2f with 256 colours", path,
                         theme_role_name((enum role)role), layer, exact, coarse);
        }
    }
}

static void every_theme_in_the_tree_is_readable(void **state)
{
    glob_t found;
    (void)state;
    assert_int_equal(glob("themes/*", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 2);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct theme theme;
        struct sw_error err = {0};
        char expected[128];
        if (theme_load(found.gl_pathv[i], &theme, &err) != SW_OK)
            fail_msg("%s", err.text);
        snprintf(expected, sizeof expected, "themes/%s.yaml", theme.name);
        assert_string_equal(expected, found.gl_pathv[i]);
        check_contrast(&theme, found.gl_pathv[i]);
        bool is_dark = theme_contrast(theme.layers[LAYER_SCREEN].rgb, 0) <
                       theme_contrast(theme.layers[LAYER_SCREEN].rgb, 0xFFFFFF);
        assert_int_equal(theme.is_dark, is_dark);
    }
    globfree(&found);
}

static void contrast_is_that_of_the_guideline(void **state)
{
    (void)state;
    assert_true(fabs(theme_contrast(0x000000, 0xFFFFFF) - 21.0) < 0.001);
    assert_true(fabs(theme_contrast(0x777777, 0xFFFFFF) - 4.478) < 0.001);
    assert_true(fabs(theme_contrast(0xFFFFFF, 0xFFFFFF) - 1.0) < 0.001);
}

static void colours_find_their_nearest(void **state)
{
    (void)state;
    for (int i = 16; i < 256; i++)
        assert_int_equal(theme_rgb_of_256(theme_nearest_256(theme_rgb_of_256(i))),
                         theme_rgb_of_256(i));
    assert_int_equal(theme_nearest_256(0xFF0000), 196);
    assert_int_equal(theme_nearest_256(0x080808), 232);
}

/* ------------------------------------------------------------------- mistakes */

static char text[8192];

static void read_harbour(void)
{
    FILE *file = fopen("themes/harbour.yaml", "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    assert_int_equal(fclose(file), 0);
}

struct mistake {
    const char *from, *to; /* replaced once in the file */
    const char *told;      /* in the error */
};

static const struct mistake mistakes[] = {
    {"#d5dee8", "#d5dee", "a colour is written"},
    {"#d5dee8", "blue", "a colour is written"},
    {"screen: \"#0e1621\"", "screen: \"0e1621\"", "a colour is written"},
    {"  dim: {fg", "  dimm: {fg", "dim"},
    {"ansi: yellow", "ansi: orange", "ansi"},
    {"background: dark", "background: dusk", "background"},
    {"bold: true", "bold: yes", "bold"},
    {"name: harbour\n", "", "name"},
};

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        static char changed[8400];
        read_harbour();
        const char *at = strstr(text, mistakes[i].from);
        assert_non_null(at);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, mistakes[i].to,
                 at + strlen(mistakes[i].from));
        struct theme theme;
        struct sw_error err = {0};
        theme_terminal(&theme);
        assert_int_equal(theme_parse(changed, strlen(changed), "x.yaml", &theme, &err),
                         SW_E_CONFIG);
        if (strncmp(err.text, "x.yaml:", 7) != 0 || strstr(err.text, mistakes[i].told) == NULL)
            fail_msg("\"%s\" gave \"%s\"", mistakes[i].to, err.text);
        assert_string_equal(theme.name, "terminal"); /* as it was */
    }
}

static void an_unknown_name_says_where_was_looked(void **state)
{
    struct theme theme;
    struct sw_error err = {0};
    (void)state;
    theme_terminal(&theme);
    assert_int_equal(theme_load("no-such-theme", &theme, &err), SW_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "no-such-theme"));
    assert_non_null(strstr(err.text, "XDG_DATA_HOME"));
    assert_int_equal(theme_load("./no-such-file.yaml", &theme, &err), SW_E_NOT_FOUND);
    assert_int_equal(theme_load("terminal", &theme, &err), SW_OK);
    assert_int_equal(theme_load(NULL, &theme, &err), SW_OK);
}

/* ---------------------------------------------------------------------- depth */

static void fewer_colours_still_say_it(void **state)
{
    struct theme theme;
    struct cell cell = {.base = 'x', .role = ROLE_BAD};
    (void)state;
    assert_int_equal(theme_load("themes/harbour.yaml", &theme, NULL), SW_OK);
    struct look look = theme_look(&theme, COLOR_8, &cell);
    assert_int_equal(look.fg, 1);
    assert_int_equal(look.bg, COLOR_DEFAULT);
    assert_true(look.is_bold);
    look = theme_look(&theme, COLOR_NONE, &cell);
    assert_int_equal(look.fg, COLOR_DEFAULT);
    assert_true(look.is_bold);
    cell.layer = LAYER_SELECTED;
    assert_true(theme_look(&theme, COLOR_NONE, &cell).is_reverse);
    assert_false(theme_look(&theme, COLOR_256, &cell).is_reverse);
    look = theme_look(&theme, COLOR_TRUE, &cell);
    assert_int_equal(look.bg, 0x1b3149);
}

/* Colours 0, 7, 8 and 15 vanish on a dark or on a light background. */
static void the_terminal_theme_uses_safe_colours(void **state)
{
    struct theme theme;
    (void)state;
    theme_terminal(&theme);
    for (int role = 0; role < ROLE_COUNT; role++) {
        int ansi = theme.roles[role].fg.ansi;
        assert_true(ansi == COLOR_DEFAULT || (ansi >= 1 && ansi <= 6));
        assert_int_equal(theme.roles[role].fg.rgb, COLOR_DEFAULT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_theme_in_the_tree_is_readable),
        cmocka_unit_test(contrast_is_that_of_the_guideline),
        cmocka_unit_test(colours_find_their_nearest),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(an_unknown_name_says_where_was_looked),
        cmocka_unit_test(fewer_colours_still_say_it),
        cmocka_unit_test(the_terminal_theme_uses_safe_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
