/*
 * screen.h: what a screen is: a pure function from a frame (snapshot, now, view) to a canvas.
 *
 * The view is where the reader stands: screen, selection, scroll, an open dialog, a line being
 * typed. Drawing changes nothing; the dashboard changes the view between frames.
 */
#pragma once

#include <slipway.h>

#include "canvas.h"

enum screen_id {
    SCREEN_OVERVIEW = 0,
    SCREEN_PLATFORM,
    SCREEN_CHECKLIST,
    SCREEN_LOG,
    SCREEN_SOURCES,
    SCREEN_HELP,
    SCREEN_THEMES,
    SCREEN_WALLBOARD,
    SCREEN_COUNT
};

struct dialog;
struct theme_set;

#define LINE_MAX_BYTES 512

/* A line being typed, at most LINE_MAX_BYTES - 1 bytes of UTF-8. */
struct input_line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

struct view {
    enum screen_id screen;
    size_t platform;             /* index of the selected one */
    size_t cursor[SCREEN_COUNT]; /* selected row of a list */
    int scroll[SCREEN_COUNT];    /* first row shown of a long page */
    bool is_typing;              /* the `:` line is open */
    struct input_line typed;
    char message[LINE_MAX_BYTES]; /* said in place of the third line, until the next key */
    enum role message_role;
    uint64_t dismissed;             /* actions up to this id are not told any more */
    struct dialog *dialog;          /* NULL: none */
    int rotate_s;                   /* wallboard */
    const struct theme_set *themes; /* of the screen of that name; NULL: none */
};

struct frame {
    const struct sw_snapshot *snapshot;
    int64_t now_ms; /* world time */
    const struct view *view;
};

struct screen {
    const char *name; /* for `screenshot NAME` and `:open` */
    const char *title;
    /* Draws everything and returns how many more rows there are to scroll to (0: all shown). */
    int (*draw)(struct canvas *canvas, const struct frame *frame);
};
const struct screen *screen_get(enum screen_id id);
/* SCREEN_COUNT when there is none of that name. */
enum screen_id screen_find(const char *name);

/* Draws the view's screen and what lies over it. Below 20x5 it is one line. */
int screen_draw(struct canvas *canvas, const struct frame *frame);

/* The selected platform, or NULL when there is none. */
const struct sw_platform *frame_platform(const struct frame *frame);

/* One function for each screen, in the file of its name. */
int overview_draw(struct canvas *canvas, const struct frame *frame);
int platform_draw(struct canvas *canvas, const struct frame *frame);
int checklist_draw(struct canvas *canvas, const struct frame *frame);
int log_draw(struct canvas *canvas, const struct frame *frame);
int sources_draw(struct canvas *canvas, const struct frame *frame);
int help_draw(struct canvas *canvas, const struct frame *frame);
int themes_draw(struct canvas *canvas, const struct frame *frame);
int wallboard_draw(struct canvas *canvas, const struct frame *frame);
