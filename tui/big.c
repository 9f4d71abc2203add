/* big.c: see big.h. */
#include "big.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "memory.h"

#define DOTS 5 /* rows of a letter */

struct letter {
    char code;
    const char *dots[DOTS];
};

static const struct letter letters[] = {
    {' ', {"  ", "  ", "  ", "  ", "  "}},
    {'A', {"###", "# #", "###", "# #", "# #"}},
    {'B', {"## ", "# #", "## ", "# #", "## "}},
    {'C', {"###", "#  ", "#  ", "#  ", "###"}},
    {'D', {"## ", "# #", "# #", "# #", "## "}},
    {'E', {"###", "#  ", "## ", "#  ", "###"}},
    {'F', {"###", "#  ", "## ", "#  ", "#  "}},
    {'G', {"####", "#   ", "# ##", "#  #", "####"}},
    {'H', {"# #", "# #", "###", "# #", "# #"}},
    {'I', {"#", "#", "#", "#", "#"}},
    {'J', {"  #", "  #", "  #", "# #", "###"}},
    {'K', {"# #", "# #", "## ", "# #", "# #"}},
    {'L', {"#  ", "#  ", "#  ", "#  ", "###"}},
    {'M', {"#   #", "## ##", "# # #", "#   #", "#   #"}},
    {'N', {"#  #", "## #", "# ##", "#  #", "#  #"}},
    {'O', {"###", "# #", "# #", "# #", "###"}},
    {'P', {"###", "# #", "###", "#  ", "#  "}},
    {'Q', {"####", "#  #", "#  #", "# ##", "####"}},
    {'R', {"###", "# #", "## ", "# #", "# #"}},
    {'S', {"###", "#  ", "###", "  #", "###"}},
    {'T', {"###", " # ", " # ", " # ", " # "}},
    {'U', {"# #", "# #", "# #", "# #", "###"}},
    {'V', {"#   #", "#   #", " # # ", " # # ", "  #  "}},
    {'W', {"#   #", "#   #", "# # #", "## ##", "#   #"}},
    {'X', {"# #", "# #", " # ", "# #", "# #"}},
    {'Y', {"# #", "# #", "###", " # ", " # "}},
    {'Z', {"###", "  #", " # ", "#  ", "###"}},
    {'0', {"###", "# #", "# #", "# #", "###"}},
    {'1', {"## ", " # ", " # ", " # ", "###"}},
    {'2', {"###", "  #", "###", "#  ", "###"}},
    {'3', {"###", "  #", " ##", "  #", "###"}},
    {'4', {"# #", "# #", "###", "  #", "  #"}},
    {'5', {"###", "#  ", "###", "  #", "###"}},
    {'6', {"###", "#  ", "###", "# #", "###"}},
    {'7', {"###", "  #", "  #", " # ", " # "}},
    {'8', {"###", "# #", "###", "# #", "###"}},
    {'9', {"###", "# #", "###", "  #", "###"}},
    {'%', {"# #", "  #", " # ", "#  ", "# #"}},
    {'.', {" ", " ", " ", " ", "#"}},
    {',', {" ", " ", " ", "#", "#"}},
    {':', {" ", "#", " ", "#", " "}},
    {'-', {"   ", "   ", "###", "   ", "   "}},
    {'+', {"   ", " # ", "###", " # ", "   "}},
    {'/', {"  #", "  #", " # ", "#  ", "#  "}},
    {'?', {"###", "  #", " ##", "   ", " # "}},
    {'!', {"#", "#", "#", " ", "#"}},
};

static const struct letter *letter_of(char code)
{
    char upper = (char)toupper((unsigned char)code);
    for (size_t i = 0; i < TUI_COUNT(letters); i++) {
        if (letters[i].code == upper)
            return &letters[i];
    }
    return letter_of('?');
}

/* Bytes of the text that one letter stands for: a character outside ASCII is one '?'. */
static size_t next_letter(const char *text, const struct letter **letter)
{
    uint32_t cp;
    size_t used = canvas_decode(text, &cp);
    *letter = cp < 0x80 ? letter_of((char)cp) : letter_of('?');
    return used;
}

int big_rows(const struct canvas *canvas, int scale)
{
    return canvas->charset == CHARSET_ASCII ? DOTS * scale : (DOTS * scale + 1) / 2;
}

int big_width(const char *text, int scale)
{
    int columns = 0;
    const struct letter *letter;
    while (*text != '\0') {
        text += next_letter(text, &letter);
        columns += ((int)strlen(letter->dots[0]) + 1) * scale;
    }
    return columns > 0 ? columns - scale : 0;
}

/* Is the dot at (x, y), counted in scaled half rows, set? */
static bool is_set(const struct letter *letter, int x, int y, int scale)
{
    int dot_y = y / scale;
    return dot_y < DOTS && letter->dots[dot_y][x / scale] == '#';
}

static void put_letter(struct canvas *canvas, int row, int col, enum role role, int scale,
                       const struct letter *letter)
{
    int width = (int)strlen(letter->dots[0]) * scale;
    bool is_ascii = canvas->charset == CHARSET_ASCII;
    for (int y = 0; y < big_rows(canvas, scale); y++) {
        for (int x = 0; x < width; x++) {
            bool upper = is_set(letter, x, is_ascii ? y : y * 2, scale);
            bool lower = is_ascii ? upper : is_set(letter, x, y * 2 + 1, scale);
            uint32_t glyph = upper && lower ? (is_ascii ? '#' : 0x2588) : upper ? 0x2580 : 0x2584;
            if (upper || lower)
                canvas_repeat(canvas, row + y, col + x, 1, role, glyph);
        }
    }
}

int big_put(struct canvas *canvas, int row, int col, int end, enum role role, int scale,
            const char *text)
{
    int at = col;
    while (*text != '\0') {
        const struct letter *letter;
        text += next_letter(text, &letter);
        int width = (int)strlen(letter->dots[0]) * scale;
        if (at + width > end)
            break;
        put_letter(canvas, row, at, role, scale, letter);
        at += width + scale;
    }
    return at - col;
}
