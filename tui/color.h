/*
 * color.h: colours as numbers: how many a terminal has, which of its palette is nearest, how well
 * two can be told apart. No terminal in here.
 */
#pragma once

#include <stdbool.h>

/* How many colours can be shown. */
enum color_depth {
    COLOR_NONE = 0,
    COLOR_8 = 8,
    COLOR_16 = 16,
    COLOR_256 = 256,
    COLOR_TRUE = 1 << 24
};

#define COLOR_DEFAULT (-1)

/* What `--color` and `ui.color` ask for. A number is the most that is used. */
enum color_when {
    COLOR_WHEN_AUTO = 0,
    COLOR_WHEN_ALWAYS,
    COLOR_WHEN_NEVER,
    COLOR_WHEN_8,
    COLOR_WHEN_16,
    COLOR_WHEN_256,
    COLOR_WHEN_TRUE
};
/* By its word; false: there is none. */
bool color_when_find(const char *word, enum color_when *out);
/* The most colours that leaves. */
enum color_depth color_when_most(enum color_when when);

/* The nearest of the 256-colour palette's cube and greys, 16..255 (0..15 are the user's own), and
 * what that one is in RGB. */
int color_nearest_256(int rgb);
int color_of_256(int index);
/* WCAG 2.1 contrast ratio of two RGB colours, 1..21. */
double color_contrast(int rgb_a, int rgb_b);
/* How different two RGB colours look: the distance in OKLab, times 100. Below 2 nobody sees it;
 * black and white are 100 apart. */
double color_distance(int rgb_a, int rgb_b);
/* OKLab of linear light, red, green and blue 0..1; out[0] is the lightness, 0..1. */
void color_oklab(const double linear[3], double out[3]);
/* One channel (0 the red, 1 the green, 2 the blue) of a colour as linear light, 0..1. */
double color_linear(int rgb, int channel);
