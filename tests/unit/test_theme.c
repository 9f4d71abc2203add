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
#include <sys/stat.h>
#include <unistd.h>

#include "theme.h"

#define AA_TEXT  4.5 /* WCAG 2.1, 1.4.3, level AA for text */
#define AAA_TEXT 7.0 /* 1.4.6, level AAA */

/* Distances as of color_distance. Beside each other two colours are told apart from about 2 on;
 * apart on a screen, and in thin letters, it takes more. */
#define APART_STATES  5 /* what a word beside it says too */
#define APART_VERDICT 8 /* ok, warn, bad */
#define APART_BLIND   9 /* the same, in the eyes of somebody who lacks one kind of cone */
#define APART_LAYERS  3 /* large areas */
#define APART_LIGHT   5 /* of the lightness alone, 0 to 100 */

static const char *const layer_names[LAYER_COUNT] = {"screen", "selected", "dialog"};
static const enum role states[] = {ROLE_OK,    ROLE_WARN,    ROLE_BAD,
                                   ROLE_STALE, ROLE_ROLLING, ROLE_HALTED};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ------------------------------------------------------------------ every theme */

typedef void (*check_fn)(const struct theme *theme);

static bool has_rgb(const struct theme *theme)
{
    return theme->layers[LAYER_SCREEN].rgb != COLOR_DEFAULT;
}

static void for_each_theme(check_fn check)
{
    glob_t found;
    assert_int_equal(glob("themes/*", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 12);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct theme theme = {0};
        struct sw_error err = {0};
        char expected[128];
        if (theme_load(found.gl_pathv[i], &theme, &err) != SW_OK)
            fail_msg("%s", err.text);
        snprintf(expected, sizeof expected, "themes/%s.yaml", theme.name);
        assert_string_equal(expected, found.gl_pathv[i]);
        check(&theme);
    }
    globfree(&found);
}

static int shown_256(struct color color)
{
    return color_of_256(color.xterm);
}

static void check_contrast(const struct theme *theme)
{
    bool is_high = strncmp(theme->name, "high-contrast", 13) == 0;
    for (int layer = 0; has_rgb(theme) && layer < LAYER_COUNT; layer++) {
        for (int role = 0; role < ROLE_COUNT; role++) {
            struct color fg = theme->roles[role].fg;
            struct color bg = theme->layers[layer];
            double exact = color_contrast(fg.rgb, bg.rgb);
            double coarse = color_contrast(shown_256(fg), shown_256(bg));
            if (exact < (is_high ? AAA_TEXT : AA_TEXT) || coarse < AA_TEXT)
                fail_msg("%s: role %s on %s: contrast %.2f, with 256 colours %.2f", theme->name,
                         theme_role_name((enum role)role), layer_names[layer], exact, coarse);
            /* How much lighter "dim" is, nobody can compute. */
            assert_false(theme->roles[role].is_dim);
        }
    }
}

static void every_role_is_readable_on_every_layer(void **state)
{
    (void)state;
    for_each_theme(check_contrast);
}

static void check_head(const struct theme *theme)
{
    assert_true(theme->author[0] != '\0');
    if (!has_rgb(theme)) {
        assert_true(theme->is_selected_reverse);
        return;
    }
    int screen = theme->layers[LAYER_SCREEN].rgb;
    assert_int_equal(theme->is_dark, color_contrast(screen, 0) < color_contrast(screen, 0xFFFFFF));
    for (int layer = LAYER_SELECTED; layer < LAYER_COUNT; layer++) {
        struct color bg = theme->layers[layer];
        double exact = color_distance(screen, bg.rgb);
        double coarse = color_distance(shown_256(theme->layers[LAYER_SCREEN]), shown_256(bg));
        if (exact < APART_LAYERS || coarse < APART_LAYERS)
            fail_msg("%s: %s is as the screen: %.1f apart, with 256 colours %.1f", theme->name,
                     layer_names[layer], exact, coarse);
    }
}

static void every_theme_is_what_its_head_says(void **state)
{
    (void)state;
    for_each_theme(check_head);
}

/* ------------------------------------------------------------------- told apart */

static bool is_verdict(enum role role)
{
    return role == ROLE_OK || role == ROLE_WARN || role == ROLE_BAD;
}

static void check_pair(const struct theme *theme, enum role a, enum role b)
{
    double least = is_verdict(a) && is_verdict(b) ? APART_VERDICT : APART_STATES;
    struct color one = theme->roles[a].fg;
    struct color two = theme->roles[b].fg;
    double exact = color_distance(one.rgb, two.rgb);
    double coarse = color_distance(shown_256(one), shown_256(two));
    if (exact < least || coarse < least)
        fail_msg("%s: %s and %s are %.1f apart, with 256 colours %.1f", theme->name,
                 theme_role_name(a), theme_role_name(b), exact, coarse);
}

static bool is_same_look(const struct look *a, const struct look *b)
{
    return a->fg == b->fg && a->is_bold == b->is_bold && a->is_dim == b->is_dim &&
           a->is_underlined == b->is_underlined;
}

/* Palette colours are the user's: all that can be asked is that they are not the same. */
static void check_few(const struct theme *theme, enum color_depth depth)
{
    struct look looks[4];
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct cell cell = {.base = 'x', .role = (uint8_t)states[i]};
        looks[i] = theme_look(theme, depth, &cell);
        cell.layer = LAYER_SELECTED;
        assert_true(theme_look(theme, depth, &cell).is_reverse);
        assert_true(looks[i].fg == COLOR_DEFAULT || (looks[i].fg >= 1 && looks[i].fg <= 6));
        assert_int_equal(looks[i].bg, COLOR_DEFAULT);
        for (size_t j = 0; j < i; j++)
            if (is_same_look(&looks[i], &looks[j]))
                fail_msg("%s: with %d colours %s looks as %s", theme->name, (int)depth,
                         theme_role_name(states[i]), theme_role_name(states[j]));
    }
}

static void check_states(const struct theme *theme)
{
    for (size_t i = 0; has_rgb(theme) && i < COUNT(states); i++)
        for (size_t j = 0; j < i; j++)
            check_pair(theme, states[i], states[j]);
    check_few(theme, COLOR_16);
    check_few(theme, COLOR_8);
}

static void states_are_told_apart_at_every_depth(void **state)
{
    struct theme theme;
    (void)state;
    for_each_theme(check_states);
    theme_terminal(&theme);
    check_states(&theme);
}

/* What an eye without one kind of cone makes of linear light. Source: G. M. Machado, M. M.
 * Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision
 * Deficiency", IEEE TVCG 15(6), 2009, the authors' table for severity 1.0. The first one is for all
 * the others. */
static const struct {
    const char *name;
    double matrix[3][3];
} eyes[] = {
    {"any", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {"protan",
     {{0.152286, 1.052583, -0.204868},
      {0.114503, 0.786281, 0.099216},
      {-0.003882, -0.048116, 1.051998}}},
    {"deutan",
     {{0.367322, 0.860646, -0.227968},
      {0.280085, 0.672501, 0.047413},
      {-0.011820, 0.042940, 0.968881}}},
    {"tritan",
     {{1.255528, -0.076749, -0.178779},
      {-0.078411, 0.930809, 0.147602},
      {0.004733, 0.691367, 0.303900}}},
};

static void seen_by(size_t eye, int rgb, double lab[3])
{
    double linear[3];
    for (int row = 0; row < 3; row++) {
        linear[row] = 0;
        for (int i = 0; i < 3; i++)
            linear[row] += eyes[eye].matrix[row][i] * color_linear(rgb, i);
        linear[row] = fmin(1, fmax(0, linear[row]));
    }
    color_oklab(linear, lab);
}

static void check_blind_pair(const struct theme *theme, enum role a, enum role b, int one, int two)
{
    for (size_t eye = 0; eye < COUNT(eyes); eye++) {
        double first[3];
        double second[3];
        seen_by(eye, one, first);
        seen_by(eye, two, second);
        double lightness = 100 * fabs(first[0] - second[0]);
        double apart = 100 * sqrt(pow(first[0] - second[0], 2) + pow(first[1] - second[1], 2) +
                                  pow(first[2] - second[2], 2));
        if (apart < APART_BLIND || (eye == 0 && lightness < APART_LIGHT))
            fail_msg("%s: to a %s eye %s and %s are %.1f apart, in lightness %.1f", theme->name,
                     eyes[eye].name, theme_role_name(a), theme_role_name(b), apart, lightness);
    }
}

static size_t blind_themes;

static void check_blind(const struct theme *theme)
{
    if (strncmp(theme->name, "colour-blind", 12) != 0)
        return;
    blind_themes++;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < i; j++) {
            struct color one = theme->roles[states[i]].fg;
            struct color two = theme->roles[states[j]].fg;
            check_blind_pair(theme, states[i], states[j], one.rgb, two.rgb);
            check_blind_pair(theme, states[i], states[j], shown_256(one), shown_256(two));
        }
    }
}

static void verdicts_are_told_apart_by_every_eye(void **state)
{
    (void)state;
    for_each_theme(check_blind);
    assert_int_equal(blind_themes, 2);
}

/* The figures above would let anything pass if the simulation did nothing. */
static void red_and_green_are_alike_to_a_deutan_eye(void **state)
{
    double red[3];
    double green[3];
    (void)state;
    assert_true(color_distance(0xB06000, 0x708000) > APART_BLIND);
    seen_by(2, 0xB06000, red);
    seen_by(2, 0x708000, green);
    double apart = 100 * sqrt(pow(red[0] - green[0], 2) + pow(red[1] - green[1], 2) +
                              pow(red[2] - green[2], 2));
    assert_true(apart < APART_BLIND);
}

static void contrast_is_that_of_the_guideline(void **state)
{
    (void)state;
    assert_true(fabs(color_contrast(0x000000, 0xFFFFFF) - 21.0) < 0.001);
    assert_true(fabs(color_contrast(0x777777, 0xFFFFFF) - 4.478) < 0.001);
    assert_true(fabs(color_contrast(0xFFFFFF, 0xFFFFFF) - 1.0) < 0.001);
}

static void colours_find_their_nearest(void **state)
{
    (void)state;
    for (int i = 16; i < 256; i++)
        assert_int_equal(color_of_256(color_nearest_256(color_of_256(i))), color_of_256(i));
    assert_int_equal(color_nearest_256(0xFF0000), 196);
    assert_int_equal(color_nearest_256(0x080808), 232);
    assert_true(fabs(color_distance(0x000000, 0xFFFFFF) - 100) < 0.01);
    assert_true(color_distance(0x123456, 0x123456) < 0.01);
    assert_int_equal(color_nearest_256(0x000080), 18);
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
    {"\"#d5dee8\"", "default", "the other colours are not default"},
    {"screen: \"#0e1621\"", "screen: default", "the other colours are default"},
    {"\"#d5dee8\"", "\"#d5dee8\", fg_256: 7", "fg_256"},
    {"\"#d5dee8\"", "\"#d5dee8\", fg_256: x", "fg_256"},
    {"\"#0e1621\"", "\"#0e1621\"\nscreen_256: 256", "screen_256"},
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
    /* RGB below 16 would be a palette colour there. */
    theme.layers[LAYER_SELECTED].rgb = 0x000000;
    assert_int_equal(theme_look(&theme, COLOR_TRUE, &cell).bg, 0x010101);
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

static void an_index_beats_the_nearest(void **state)
{
    static char changed[8400];
    struct theme theme = {0};
    struct cell cell = {.base = 'x', .role = ROLE_TEXT};
    (void)state;
    read_harbour();
    const char *at = strstr(text, "\"#d5dee8\"");
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s\"#d5dee8\", fg_256: 231%s", (int)(at - text), text,
             at + 9);
    assert_int_equal(theme_parse(changed, strlen(changed), "x.yaml", &theme, NULL), SW_OK);
    assert_int_equal(theme_look(&theme, COLOR_256, &cell).fg, 231);
    assert_int_equal(theme_look(&theme, COLOR_TRUE, &cell).fg, 0xd5dee8);
}

/* -------------------------------------------------------------------------- all */

static void a_cell_can_show_another_theme(void **state)
{
    static struct theme_set set = {.count = 2};
    struct theme theme;
    struct cell cell = {.base = 'x', .role = ROLE_TEXT, .theme = 2};
    (void)state;
    theme_terminal(&theme);
    theme_terminal(&set.items[0]);
    assert_int_equal(theme_load("themes/harbour.yaml", &set.items[1], NULL), SW_OK);
    assert_int_equal(theme_look(&theme, COLOR_TRUE, &cell).fg, COLOR_DEFAULT);
    theme.others = &set;
    assert_int_equal(theme_look(&theme, COLOR_TRUE, &cell).fg, 0xd5dee8);
    cell.theme = 3; /* more than there are */
    assert_int_equal(theme_look(&theme, COLOR_TRUE, &cell).fg, COLOR_DEFAULT);
    /* The others stay when another one is put on. */
    assert_int_equal(theme_load("themes/paper.yaml", &theme, NULL), SW_OK);
    assert_ptr_equal(theme.others, &set);
    assert_int_equal(theme_load("terminal", &theme, NULL), SW_OK);
    assert_ptr_equal(theme.others, &set);
}

static void write_theme(const char *folder, const char *name, const char *content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_set_has_every_name_once(void **state)
{
    char data[] = "/tmp/slipway-themes-XXXXXX";
    char folder[256];
    (void)state;
    assert_non_null(mkdtemp(data));
    snprintf(folder, sizeof folder, "%s/slipway", data);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s/slipway/themes", data);
    assert_int_equal(mkdir(folder, 0700), 0);
    read_harbour();
    write_theme(folder, "zz-mine.yaml", text);
    write_theme(folder, "aa-mine.yaml", text);
    write_theme(folder, "broken.yaml", "name: [");
    write_theme(folder, "terminal.yaml", text); /* the compiled-in one cannot be replaced */
    write_theme(folder, "notes.txt", text);
    setenv("XDG_DATA_HOME", data, 1);
    struct theme_set *set = theme_set_load();
    assert_true(set->count >= 3);
    assert_string_equal(set->items[0].name, "terminal");
    assert_int_equal(set->items[0].layers[LAYER_SCREEN].rgb, COLOR_DEFAULT);
    assert_string_equal(set->items[1].name, "aa-mine");
    size_t broken = 0;
    for (size_t i = 1; i < set->count; i++) {
        assert_true(i == 1 || strcmp(set->items[i - 1].name, set->items[i].name) < 0);
        broken += strcmp(set->items[i].name, "broken") == 0;
    }
    assert_int_equal(broken, 0);
    free(set);
    unsetenv("XDG_DATA_HOME");
    char command_path[320];
    static const char *const files[] = {"zz-mine.yaml", "aa-mine.yaml", "broken.yaml",
                                        "terminal.yaml", "notes.txt"};
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(command_path, sizeof command_path, "%s/%s", folder, files[i]);
        assert_int_equal(unlink(command_path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
    snprintf(folder, sizeof folder, "%s/slipway", data);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(data), 0);
}

static void color_words_say_the_most_there_may_be(void **state)
{
    enum color_when when;
    (void)state;
    assert_true(color_when_find("16", &when));
    assert_int_equal(color_when_most(when), COLOR_16);
    assert_true(color_when_find("never", &when));
    assert_int_equal(color_when_most(when), COLOR_NONE);
    assert_true(color_when_find("truecolor", &when));
    assert_int_equal(color_when_most(when), COLOR_TRUE);
    assert_true(color_when_find("auto", &when));
    assert_int_equal(color_when_most(when), COLOR_TRUE);
    assert_false(color_when_find("many", &when));
    assert_false(color_when_find(NULL, &when));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_is_readable_on_every_layer),
        cmocka_unit_test(every_theme_is_what_its_head_says),
        cmocka_unit_test(states_are_told_apart_at_every_depth),
        cmocka_unit_test(verdicts_are_told_apart_by_every_eye),
        cmocka_unit_test(red_and_green_are_alike_to_a_deutan_eye),
        cmocka_unit_test(contrast_is_that_of_the_guideline),
        cmocka_unit_test(colours_find_their_nearest),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(an_unknown_name_says_where_was_looked),
        cmocka_unit_test(fewer_colours_still_say_it),
        cmocka_unit_test(the_terminal_theme_uses_safe_colours),
        cmocka_unit_test(an_index_beats_the_nearest),
        cmocka_unit_test(a_cell_can_show_another_theme),
        cmocka_unit_test(the_set_has_every_name_once),
        cmocka_unit_test(color_words_say_the_most_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
