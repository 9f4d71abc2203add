/*
 * platform_parts.h: what the files of the platform screen share. Private to them.
 */
#pragma once

#include "screen.h"

/* Where a section draws. */
struct place {
    struct canvas *canvas;
    const struct frame *frame;
    const struct sw_platform *p;
    int row, col, end;
};

/* The text, or a dash where there is none. */
const char *place_word(const char *text);
/* A line of the section. */
struct pen place_line(const struct place *at, int row);
/* The section's head; the rows used. */
int place_title(const struct place *at, const char *text, const char *right);

/* Facts of the store from `row` on, and whole sections; each gives the rows used. */
int platform_draw_store(const struct place *at, int row);
int platform_draw_builds(const struct place *at);
int platform_draw_reviews(const struct place *at);
