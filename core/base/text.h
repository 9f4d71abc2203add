/*
 * text.h: text from outside, made safe once, where it enters.
 *
 * sw_text_clean is the only door between an upstream's string and the model, the terminal, the
 * log or an error text. After it the text is valid UTF-8, one line, without control, bidi,
 * zero-width or tag characters, with at most two combining marks per base. Cutting to columns is
 * not done here (tui/canvas.c knows widths).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slipway.h"

#define SW_UTF8_INVALID UINT32_MAX

/* Decodes one code point of s[0..len). Returns the bytes used (0 only when len is 0); *out is
 * SW_UTF8_INVALID for overlong forms, surrogates, values over 10FFFF and cut sequences. */
size_t sw_utf8_next(const char *s, size_t len, uint32_t *out);
/* Writes a valid code point; returns 1..4 bytes. */
size_t sw_utf8_put(uint32_t code_point, char out[4]);
bool sw_utf8_is_valid(const char *s, size_t len);
/* The greatest border of a code point that is <= max in s[0..len). */
size_t sw_utf8_cut(const char *s, size_t len, size_t max);

/* sw_text_clean itself is public: slipway.h. Into out (NUL-ended, cut at a border so that it fits
 * out_size >= 1): tab, newline and CR LF become a space; other controls, bidi, zero-width, tags,
 * soft hyphen, line separators and invalid bytes become U+FFFD; variation selectors and ZWJ are
 * dropped; combining marks beyond two per base, or without a base, are dropped. Idempotent. Reads
 * no more than needed to fill out. in may be NULL when len is 0. in and out must not overlap. */

/* The same for a NUL-ended string; NULL counts as empty. Returns the bytes written. */
size_t sw_text_clean_copy(char *out, size_t out_size, const char *in);

/* ASCII only, so that it does not depend on the locale. NULL equals only NULL. */
bool sw_text_eq_nocase(const char *a, const char *b);
bool sw_text_starts(const char *text, const char *prefix);

/* For "did you mean": the entry of the NULL-ended list nearest to word, at most 2 edits (or a
 * third of the word's length, whichever is less, but at least 1) away; NULL when none is near. */
const char *sw_text_nearest(const char *word, const char *const *list);
