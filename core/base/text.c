/*
 * text.c: see text.h.
 *
 * The classes below follow the Unicode property Default_Ignorable_Code_Point (characters that
 * print nothing) plus the bidi controls, line separators and interlinear marks: everything that
 * lets text look like what it is not. Source: Unicode 15.0, DerivedCoreProperties.txt, and UTR 36
 * "Unicode Security Considerations", section 2, read 2026-01.
 */
#include "base/text.h"

#include <string.h>

#include "base/assert.h"
#include "base/macros.h"
#include "base/text_marks.h"

#define REPLACEMENT    0xFFFDU
#define MARKS_PER_BASE 2
#define NEAREST_MAX    64 /* longer words are not compared */

enum text_class { TEXT_PLAIN, TEXT_SPACE, TEXT_DROP, TEXT_REPLACE, TEXT_MARK };

static const struct text_range drop_ranges[] = {
    {0x180B, 0x180D},                     /* Mongolian variation selectors */
    {0x180F, 0x180F},   {0x200D, 0x200D}, /* zero-width joiner */
    {0xFE00, 0xFE0F},                     /* variation selectors */
    {0xE0100, 0xE01EF},                   /* variation selectors supplement */
};

static const struct text_range replace_ranges[] = {
    {0x0000, 0x001F},   /* C0 (tab and newline are looked at before) */
    {0x007F, 0x009F},   /* DEL and C1 */
    {0x00AD, 0x00AD},   /* soft hyphen */
    {0x034F, 0x034F},   /* combining grapheme joiner */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x115F, 0x1160},   /* Hangul fillers */
    {0x17B4, 0x17B5},   /* Khmer inherent vowels, invisible */
    {0x180E, 0x180E},   /* Mongolian vowel separator */
    {0x200B, 0x200F},   /* zero-width, left-to-right and right-to-left marks */
    {0x2028, 0x202E},   /* line and paragraph separators, bidi embeddings and overrides */
    {0x2060, 0x206F},   /* word joiner, invisible operators, bidi isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xFDD0, 0xFDEF},   /* not characters */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFA0, 0xFFA0},   /* half-width Hangul filler */
    {0xFFF0, 0xFFFB},   /* unassigned ignorable, interlinear annotation */
    {0x1BCA0, 0x1BCA3}, /* shorthand format controls */
    {0x1D173, 0x1D17A}, /* musical format controls */
    {0xE0000, 0xE0FFF}, /* tags */
};

static bool is_in(const struct text_range *ranges, size_t count, uint32_t cp)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && cp >= ranges[low].first;
}

static enum text_class classify(uint32_t cp)
{
    if (cp == '\t' || cp == '\n')
        return TEXT_SPACE;
    if (cp >= 0x20 && cp < 0x7F)
        return TEXT_PLAIN;
    if (is_in(drop_ranges, SW_ARRAY_LEN(drop_ranges), cp))
        return TEXT_DROP;
    if (cp == SW_UTF8_INVALID || (cp & 0xFFFEU) == 0xFFFEU ||
        is_in(replace_ranges, SW_ARRAY_LEN(replace_ranges), cp))
        return TEXT_REPLACE;
    if (is_in(text_marks, SW_ARRAY_LEN(text_marks), cp))
        return TEXT_MARK;
    return TEXT_PLAIN;
}

/* Bytes a sequence with this lead byte has, and the range its second byte must be in; 0 when no
 * sequence starts so. Source: The Unicode Standard 15.0, table 3-7. */
static size_t sequence_length(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *low = 0xA0;
        if (lead == 0xED)
            *high = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *low = 0x90;
        if (lead == 0xF4)
            *high = 0x8F;
        return 4;
    }
    return 0;
}

size_t sw_utf8_next(const char *s, size_t len, uint32_t *out)
{
    if (len == 0)
        return 0;
    unsigned char lead = (unsigned char)s[0];
    *out = lead;
    if (lead < 0x80)
        return 1;
    *out = SW_UTF8_INVALID;
    unsigned char low = 0;
    unsigned char high = 0;
    size_t need = sequence_length(lead, &low, &high);
    if (need == 0)
        return 1;
    uint32_t cp = lead & (0xFFU >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if (i >= len || (unsigned char)s[i] < low || (unsigned char)s[i] > high)
            return i;
        cp = (cp << 6) | ((unsigned char)s[i] & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    *out = cp;
    return need;
}

size_t sw_utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0U | (cp >> 6));
        out[1] = (char)(0x80U | (cp & 0x3FU));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0U | (cp >> 12));
        out[1] = (char)(0x80U | ((cp >> 6) & 0x3FU));
        out[2] = (char)(0x80U | (cp & 0x3FU));
        return 3;
    }
    sw_assert(cp <= 0x10FFFF);
    out[0] = (char)(0xF0U | (cp >> 18));
    out[1] = (char)(0x80U | ((cp >> 12) & 0x3FU));
    out[2] = (char)(0x80U | ((cp >> 6) & 0x3FU));
    out[3] = (char)(0x80U | (cp & 0x3FU));
    return 4;
}

bool sw_utf8_is_valid(const char *s, size_t len)
{
    while (len > 0) {
        uint32_t cp = 0;
        size_t used = sw_utf8_next(s, len, &cp);
        if (cp == SW_UTF8_INVALID)
            return false;
        s += used;
        len -= used;
    }
    return true;
}

size_t sw_utf8_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    /* At most three continuation bytes belong to one lead; more are no sequence at all. */
    while (cut > 0 && max - cut < 3 && ((unsigned char)s[cut] & 0xC0U) == 0x80U)
        cut--;
    return ((unsigned char)s[cut] & 0xC0U) == 0x80U ? max : cut;
}

size_t sw_text_clean(const char *in, size_t len, char *out, size_t out_size)
{
    sw_assert(out_size >= 1);
    size_t at = 0;
    size_t used = 0;
    int marks = MARKS_PER_BASE; /* no base yet: a mark has nothing to stand on */
    while (at < len) {
        uint32_t cp = 0;
        size_t step = sw_utf8_next(in + at, len - at, &cp);
        if (cp == '\r' && at + 1 < len && in[at + 1] == '\n') {
            cp = '\n';
            step = 2;
        }
        at += step;
        enum text_class class = classify(cp);
        if (class == TEXT_DROP || (class == TEXT_MARK && marks >= MARKS_PER_BASE))
            continue;
        if (class == TEXT_SPACE)
            cp = ' ';
        else if (class == TEXT_REPLACE)
            cp = REPLACEMENT;
        char bytes[4];
        size_t size = sw_utf8_put(cp, bytes);
        if (used + size >= out_size)
            break;
        memcpy(out + used, bytes, size);
        used += size;
        marks = class == TEXT_MARK ? marks + 1 : 0;
    }
    out[used] = '\0';
    return used;
}

size_t sw_text_clean_copy(char *out, size_t out_size, const char *in)
{
    return sw_text_clean(in, in != NULL ? strlen(in) : 0, out, out_size);
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool sw_text_eq_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool sw_text_starts(const char *text, const char *prefix)
{
    return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance of two words of at most NEAREST_MAX bytes, case ignored. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[NEAREST_MAX + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            row[j] = min3(above + 1, row[j - 1] + 1, replaced);
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *sw_text_nearest(const char *word, const char *const *list)
{
    size_t len = strlen(word);
    if (len == 0 || len > NEAREST_MAX)
        return NULL;
    size_t limit = len / 3 > 2 ? 2 : len / 3;
    size_t best_distance = (limit < 1 ? 1 : limit) + 1;
    const char *best = NULL;
    for (; *list != NULL; list++) {
        size_t other = strlen(*list);
        if (other > NEAREST_MAX)
            continue;
        size_t distance = edit_distance(word, len, *list, other);
        if (distance < best_distance) {
            best_distance = distance;
            best = *list;
        }
    }
    return best;
}
