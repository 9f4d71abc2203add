/* dump.h: a screen as text, for `slipway screenshot`, for where there is no terminal, and for
 * tests. */
#pragma once

#include <slipway.h>

#include "screen.h"
#include "theme.h"

enum dump_format { DUMP_TEXT = 0, DUMP_ANSI, DUMP_SVG };

struct dump_options {
    const char *screen; /* name of a screen */
    int cols, rows;
    enum dump_format format;
    enum charset charset;
    const struct theme *theme; /* NULL: terminal */
    enum color_depth depth;    /* of DUMP_ANSI */
    int64_t now_ms;            /* world time */
    const char *platform;      /* id of the one selected; NULL: the worst */
};

/* Draws one screen of a snapshot. *out is malloc'd. SW_E_USAGE: no such screen, with those there
 * are. */
enum sw_code tui_screen_text(const struct sw_snapshot *snapshot, const struct dump_options *options,
                             char **out, struct sw_error *err);

/* A canvas with colours; malloc'd. */
char *dump_ansi(const struct canvas *canvas, const struct theme *theme, enum color_depth depth);
char *dump_svg(const struct canvas *canvas, const struct theme *theme);
