/*
 * canvas.h: an off-screen grid of cells that screens are drawn on.
 *
 * A screen is a function from (snapshot, now, size, view) to a canvas; nothing on the way needs a
 * terminal. The canvas is the only place that knows how many columns a character takes: callers
 * give UTF-8 and a width in columns, the canvas clips (the cut is marked), replaces what cannot be
 * shown, and never touches a cell outside the given range or the bottom-right one (writing that
 * one can scroll a terminal).
 *
 * A cell has a role (what it means), not a colour; themes turn roles into colours. In the ASCII
 * character set every glyph of ours becomes its one-column twin, everything else outside ASCII
 * becomes '?'.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum charset {
    CHARSET_UTF8 = 0,
    CHARSET_CONSOLE, /* UTF-8, but trends in ASCII: a console font without the eighth blocks */
    CHARSET_ASCII,
};

/* What a piece of text means. The order is the order in theme files' documentation. */
enum role {
    ROLE_TEXT = 0,
    ROLE_DIM,    /* second reading: units, sources, old times */
    ROLE_LABEL,  /* the words at the left of a row, column heads */
    ROLE_TITLE,  /* the first line, names of things */
    ROLE_RULE,   /* lines and frames */
    ROLE_KEY,    /* what can be pressed */
    ROLE_CLOSED, /* what cannot be pressed now */
    ROLE_OK,
    ROLE_WARN,
    ROLE_BAD,
    ROLE_ROLLING,
    ROLE_HALTED,
    ROLE_STALE, /* stale, cached or unknown */
    ROLE_NEW,   /* the new version in charts */
    ROLE_OLD,   /* the version it replaces */
    ROLE_INPUT, /* text being typed */
    ROLE_COUNT
};

/* What lies under a cell. */
enum layer { LAYER_SCREEN = 0, LAYER_SELECTED, LAYER_DIALOG, LAYER_COUNT };

#define CELL_MARKS 2

struct cell {
    uint32_t base;              /* code point; 0 = right half of the wide character before it */
    uint32_t marks[CELL_MARKS]; /* combining, 0 = none */
    uint8_t role;               /* enum role */
    uint8_t layer;              /* enum layer */
    bool is_reverse;            /* a chip: role's colour as background */
    uint8_t theme;              /* 0: the one in use; n: the nth of its others, to show that one */
};

struct canvas {
    int rows, cols;
    enum charset charset;
    struct cell *cells; /* rows * cols */
};

#define CANVAS_MAX_ROWS 300
#define CANVAS_MAX_COLS 1000

/* Sizes are clamped to 1..CANVAS_MAX_*. All blank. */
void canvas_init(struct canvas *canvas, int rows, int cols, enum charset charset);
void canvas_clear(struct canvas *canvas); /* frees; a zeroed canvas is fine */
void canvas_blank(struct canvas *canvas);
const struct cell *canvas_at(const struct canvas *canvas, int row, int col);

/* Draws text in [col, col + width) of a row, cut with a mark where it does not fit. NULL draws
 * nothing. Returns the columns used. */
int canvas_put(struct canvas *canvas, int row, int col, int width, enum role role,
               const char *text);
/* The same, ending at col + width. */
int canvas_put_right(struct canvas *canvas, int row, int col, int width, enum role role,
                     const char *text);
void canvas_repeat(struct canvas *canvas, int row, int col, int width, enum role role,
                   uint32_t code_point);
/* Blanks a rectangle and puts the layer under it. */
void canvas_fill(struct canvas *canvas, int row, int col, int rows, int cols, enum layer layer);
/* Copies whole rows of a canvas of the same width. */
void canvas_copy(struct canvas *to, int row, const struct canvas *from, int from_row, int rows);
/* Puts a layer under cells that stay as they are. */
void canvas_lay(struct canvas *canvas, int row, int col, int cols, enum layer layer);
void canvas_reverse(struct canvas *canvas, int row, int col, int cols);
/* Shows cells in the nth of the theme's others (1 is the first), until they are drawn again. */
void canvas_dress(struct canvas *canvas, int row, int col, int cols, size_t nth);

/* Columns that text takes in this character set. */
int canvas_width(const struct canvas *canvas, const char *text);

/* Takes the text apart at spaces so that lines fit `width` columns. Sets *next to what is left
 * ("" at the end); line gets the part, cut at whole characters. */
void canvas_wrap(const struct canvas *canvas, const char *text, int width, char *line, size_t size,
                 const char **next);

/* A bar of 0..8 eighths, one column. */
uint32_t canvas_eighth(const struct canvas *canvas, int eighths);

/* A line written piece by piece: pieces end at `end`, and what does not fit is cut with a mark. */
struct pen {
    struct canvas *canvas;
    int row, col, end;
    bool is_full; /* something was cut */
};
struct pen canvas_pen(struct canvas *canvas, int row, int col, int end);
void pen_put(struct pen *pen, enum role role, const char *text);
void pen_print(struct pen *pen, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Goes to a column when that lies ahead. */
void pen_tab(struct pen *pen, int col);
/* The columns left. */
int pen_left(const struct pen *pen);
/* true when the text fits without a cut */
bool pen_fits(const struct pen *pen, const char *text);

/* The canvas as lines of UTF-8 without trailing blanks; malloc'd. */
char *canvas_text(const struct canvas *canvas);

/* One code point of NUL-ended UTF-8: bytes used, 0 at the end; *out is U+FFFD for bad bytes. */
size_t canvas_decode(const char *text, uint32_t *out);
/* Writes a code point, returns 1..4 bytes; no NUL. */
size_t canvas_encode(uint32_t code_point, char out[4]);
/* The code points to print for a cell, NUL-ended UTF-8; "" for a right half. */
void canvas_cell_text(const struct cell *cell, char out[16]);
