/* color.c: see color.h. */
#include "color.h"

#include <math.h>
#include <string.h>

#include "memory.h"

static const struct {
    const char *word;
    enum color_depth most;
} whens[] = {
    [COLOR_WHEN_AUTO] = {"auto", COLOR_TRUE},
    [COLOR_WHEN_ALWAYS] = {"always", COLOR_TRUE},
    [COLOR_WHEN_NEVER] = {"never", COLOR_NONE},
    [COLOR_WHEN_8] = {"8", COLOR_8},
    [COLOR_WHEN_16] = {"16", COLOR_16},
    [COLOR_WHEN_256] = {"256", COLOR_256},
    [COLOR_WHEN_TRUE] = {"truecolor", COLOR_TRUE},
};

bool color_when_find(const char *word, enum color_when *out)
{
    for (size_t i = 0; word != NULL && i < TUI_COUNT(whens); i++) {
        if (strcmp(whens[i].word, word) == 0) {
            *out = (enum color_when)i;
            return true;
        }
    }
    return false;
}

enum color_depth color_when_most(enum color_when when)
{
    return whens[(unsigned)when < TUI_COUNT(whens) ? when : COLOR_WHEN_AUTO].most;
}

/* ------------------------------------------------------------------- perception */

double color_linear(int rgb, int channel)
{
    double part = (double)(rgb >> (16 - 8 * channel) & 255) / 255;
    return part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

/* Source: W3C "Web Content Accessibility Guidelines 2.1", relative luminance, read 2026-01. */
static double luminance(int rgb)
{
    return 0.2126 * color_linear(rgb, 0) + 0.7152 * color_linear(rgb, 1) +
           0.0722 * color_linear(rgb, 2);
}

double color_contrast(int rgb_a, int rgb_b)
{
    double a = luminance(rgb_a);
    double b = luminance(rgb_b);
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

static void multiply(const double matrix[3][3], const double in[3], double out[3])
{
    for (int row = 0; row < 3; row++)
        out[row] = matrix[row][0] * in[0] + matrix[row][1] * in[1] + matrix[row][2] * in[2];
}

/* Source: B. Ottosson, "A perceptual color space for image processing" (2020), section "Converting
 * from linear sRGB to Oklab", with the matrices as revised 2021-01-25. */
void color_oklab(const double linear[3], double out[3])
{
    static const double to_cones[3][3] = {{0.4122214708, 0.5363325363, 0.0514459929},
                                          {0.2119034982, 0.6806995451, 0.1073969566},
                                          {0.0883024619, 0.2817188376, 0.6299787005}};
    static const double to_lab[3][3] = {{0.2104542553, 0.7936177850, -0.0040720468},
                                        {1.9779984951, -2.4285922050, 0.4505937099},
                                        {0.0259040371, 0.7827717662, -0.8086757660}};
    double cones[3];
    multiply(to_cones, linear, cones);
    for (int i = 0; i < 3; i++)
        cones[i] = cbrt(cones[i]);
    multiply(to_lab, cones, out);
}

static void lab_of(int rgb, double out[3])
{
    double linear[3] = {color_linear(rgb, 0), color_linear(rgb, 1), color_linear(rgb, 2)};
    color_oklab(linear, out);
}

static double squares(const double a[3], const double b[3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

double color_distance(int rgb_a, int rgb_b)
{
    double a[3];
    double b[3];
    lab_of(rgb_a, a);
    lab_of(rgb_b, b);
    return 100 * sqrt(squares(a, b));
}

/* ---------------------------------------------------------------------- palette */

static const int cube_levels[6] = {0, 95, 135, 175, 215, 255};

int color_of_256(int index)
{
    if (index < 16 || index > 255)
        return 0;
    if (index >= 232) {
        int grey = 8 + (index - 232) * 10;
        return grey << 16 | grey << 8 | grey;
    }
    int i = index - 16;
    return cube_levels[i / 36] << 16 | cube_levels[i / 6 % 6] << 8 | cube_levels[i % 6];
}

int color_nearest_256(int rgb)
{
    double wanted[3];
    lab_of(rgb, wanted);
    int best = 16;
    double best_squares = INFINITY;
    for (int i = 16; i < 256; i++) {
        double lab[3];
        lab_of(color_of_256(i), lab);
        double found = squares(wanted, lab);
        if (found < best_squares) {
            best_squares = found;
            best = i;
        }
    }
    return best;
}
