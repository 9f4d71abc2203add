/*
 * detail.h: what there is to say about one platform, as labelled lines.
 *
 * The overview shows as many of them as fit, the most important ones first to stay; the platform
 * screen shows all. The order on the screen never changes, so that a place is learned once.
 */
#pragma once

#include "screen.h"

/* "Android 2.15.3 (20250114.1) code 2025011401": as no other can be called. */
void detail_name(const struct sw_platform *platform, char *title, size_t size);
/* "2 Android 2.15.3 (20250114.1) 2025011401, over 2.15.2" and "Play, track production". */
void detail_title(const struct frame *frame, const struct sw_platform *platform, char *title,
                  size_t size);

enum detail_part {
    DETAIL_EFFECT = 1,    /* what the first open key would do */
    DETAIL_CHECKLIST = 2, /* the same for every platform: once on a screen is enough */
};

/* Draws at most `most` rows in columns col..end. parts: enum detail_part bits of what may be
 * among them. Returns the rows used. */
int detail_draw(struct canvas *canvas, const struct frame *frame,
                const struct sw_platform *platform, int row, int most, int col, int end,
                unsigned parts);
