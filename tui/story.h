/*
 * story.h: what changed, what comes by itself, and until when the data is true: the lines below the
 * detail, about all platforms together.
 */
#pragma once

#include "screen.h"

/* The newest events, newest first, in columns col..end; is_pairs: two to a row where there are
 * many. Returns the rows used. */
int story_changes(struct canvas *canvas, const struct frame *frame, int row, int most, int col,
                  int end, bool is_pairs);
/* How many events are worth a line. */
int story_count(const struct frame *frame);
/* "if left": what happens by itself. One row. */
void story_if_left(struct canvas *canvas, const struct frame *frame, int row, int col, int end);
/* Its text without the label. */
void story_if_left_text(const struct frame *frame, char *out, size_t size);
/* "data from": until when each source's data is true. One row. */
void story_data(struct canvas *canvas, const struct frame *frame, int row, int col, int end);
