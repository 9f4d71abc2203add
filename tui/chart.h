/* chart.h: a trend as bars over time, with the gate, the old version and changes marked. */
#pragma once

#include "screen.h"

/* Uses exactly `rows` rows (at least 6) and `cols` columns from (row, col): a caption, the bars, an
 * axis of times, and a row of marks where something changed. */
void chart_draw(struct canvas *canvas, const struct frame *frame,
                const struct sw_platform *platform, const struct sw_trend *trend, int row, int col,
                int rows, int cols);
