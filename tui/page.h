/*
 * page.h: screens that are longer than the terminal: drawn whole on a tall canvas, then a window of
 * it is shown.
 */
#pragma once

#include "screen.h"

#define PAGE_ROWS CANVAS_MAX_ROWS

struct page {
    struct canvas canvas;
    int row; /* the next free one */
};

void page_open(struct page *page, const struct canvas *on);
/* Copies the window that starts `scroll` rows down to rows row..row + rows of `on`, says how much
 * is hidden, and frees the page. Returns how far it can be scrolled. */
int page_show(struct page *page, struct canvas *on, int row, int rows, int scroll);

/* The first visible index of a list of `count` in `rows` rows that keeps the cursor visible. */
size_t page_first(size_t cursor, size_t count, size_t rows);
