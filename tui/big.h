/*
 * big.h: large letters for the wallboard, made of half blocks (of '#' in ASCII).
 *
 * A letter is five dots high and three to five wide; with scale n each dot is n columns wide and n
 * half rows high.
 */
#pragma once

#include "canvas.h"

/* Rows that a line of large letters takes. */
int big_rows(const struct canvas *canvas, int scale);
/* Columns that the text takes. */
int big_width(const char *text, int scale);
/* Draws as many whole letters as fit before column `end`. Returns the columns used. */
int big_put(struct canvas *canvas, int row, int col, int end, enum role role, int scale,
            const char *text);
