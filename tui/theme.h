/*
 * theme.h: from roles to colours.
 *
 * A theme gives each role a colour and attributes. The one compiled in, `terminal`, uses the
 * terminal's own palette and leaves the background alone, so it is readable wherever the user's
 * other programs are. All others are files in the configuration's syntax (docs/themes.md), with
 * RGB colours for foreground and background both (or for neither), an index where the nearest of
 * 256 would not do, and an ANSI name for terminals with 8 or 16.
 */
#pragma once

#include <slipway.h>

#include "canvas.h"
#include "color.h"

struct color {
    int rgb;   /* 0xRRGGBB, or COLOR_DEFAULT: the terminal's own */
    int xterm; /* with 256 colours: 16..255, or COLOR_DEFAULT */
    int ansi;  /* with fewer: 0..15, or COLOR_DEFAULT */
};

struct style {
    struct color fg;
    bool is_bold, is_dim, is_underlined;
};

#define THEME_NAME 64
#define THEMES_MAX 100 /* a cell counts them in one byte */

struct theme_set;

struct theme {
    char name[THEME_NAME];
    char author[96];
    bool is_dark;
    struct style roles[ROLE_COUNT];
    struct color layers[LAYER_COUNT]; /* backgrounds */
    bool is_selected_reverse; /* the selection swaps colours, where no background can be set */
    const struct theme_set *others; /* for cells that show another theme; NULL: none */
};

/* All there are, by name; `terminal` first. Each name once: the place that is looked in first. */
struct theme_set {
    size_t count;
    struct theme items[THEMES_MAX];
};

/* What a cell looks like at a depth: colours as palette indices (0xRRGGBB at COLOR_TRUE), -1 the
 * terminal's own. */
struct look {
    int fg, bg;
    bool is_bold, is_dim, is_underlined, is_reverse;
};
struct look theme_look(const struct theme *theme, enum color_depth depth, const struct cell *cell);

/* The one a cell is drawn in: this, or one of the others (see struct cell). */
const struct theme *theme_of_cell(const struct theme *theme, const struct cell *cell);

/* The compiled-in one. */
void theme_terminal(struct theme *theme);
/* By name ("terminal", or a file of that name with .yaml in the search path:
 * $XDG_DATA_HOME/slipway/ themes, PREFIX/share/slipway/themes, the build tree) or by path (with a
 * '/'). On failure the theme is left as it was. Errors: SW_E_NOT_FOUND, SW_E_CONFIG (the first
 * problem with its line), SW_E_IO. */
enum sw_code theme_load(const char *name, struct theme *theme, struct sw_error *err);
/* Reads every theme there is; files that cannot be read are left out. malloc'd. */
struct theme_set *theme_set_load(void);
/* Calls back with the name of every file in the search path, until it returns false. */
typedef bool (*theme_name_fn)(void *arg, const char *name);
void theme_names(theme_name_fn each, void *arg);
/* The same as theme_load from memory. */
enum sw_code theme_parse(const char *text, size_t len, const char *file, struct theme *theme,
                         struct sw_error *err);

/* The name of a role in theme files. */
const char *theme_role_name(enum role role);
