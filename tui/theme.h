/*
 * theme.h: from roles to colours.
 *
 * A theme gives each role a colour and attributes. The one compiled in, `terminal`, uses the
 * terminal's own palette and leaves the background alone, so it is readable wherever the user's
 * other programs are. All others are files in the configuration's syntax (docs/themes.md), with
 * RGB colours for foreground and background both, and an ANSI name for terminals with 8 or 16.
 */
#pragma once

#include <slipway.h>

#include "canvas.h"

enum color_depth {
    COLOR_NONE = 0,
    COLOR_8 = 8,
    COLOR_16 = 16,
    COLOR_256 = 256,
    COLOR_TRUE = 1 << 24
};

#define COLOR_DEFAULT (-1)

struct color {
    int rgb;  /* 0xRRGGBB, or COLOR_DEFAULT: the terminal's own */
    int ansi; /* 0..15, or COLOR_DEFAULT */
};

struct style {
    struct color fg;
    bool is_bold, is_dim, is_underlined;
};

#define THEME_NAME 64

struct theme {
    char name[THEME_NAME];
    bool is_dark;
    struct style roles[ROLE_COUNT];
    struct color layers[LAYER_COUNT]; /* backgrounds */
    bool is_selected_reverse; /* the selection swaps colours, where no background can be set */
};

/* What a cell looks like at a depth: colours as palette indices (0xRRGGBB at COLOR_TRUE), -1 the
 * terminal's own. */
struct look {
    int fg, bg;
    bool is_bold, is_dim, is_underlined, is_reverse;
};
struct look theme_look(const struct theme *theme, enum color_depth depth, const struct cell *cell);

/* The compiled-in one. */
void theme_terminal(struct theme *theme);
/* By name ("terminal", or a file of that name with .yaml in the search path:
 * $XDG_DATA_HOME/slipway/ themes, PREFIX/share/slipway/themes, the build tree) or by path (with a
 * '/'). On failure the theme is left as it was. Errors: SW_E_NOT_FOUND, SW_E_CONFIG (the first
 * problem with its line), SW_E_IO. */
enum sw_code theme_load(const char *name, struct theme *theme, struct sw_error *err);
/* The same from memory. */
enum sw_code theme_parse(const char *text, size_t len, const char *file, struct theme *theme,
                         struct sw_error *err);

/* The name of a role in theme files. */
const char *theme_role_name(enum role role);
/* The nearest of the 256-colour palette's cube and greys, 16..255, and what that one is in RGB. */
int theme_nearest_256(int rgb);
int theme_rgb_of_256(int index);
/* WCAG 2.1 contrast ratio of two RGB colours, 1..21. */
double theme_contrast(int rgb_a, int rgb_b);
