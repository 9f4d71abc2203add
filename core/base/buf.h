/*
 * buf.h: building a text (or bytes) of unknown length under a hard maximum.
 *
 * Failure is sticky: once the maximum would be passed nothing more is added, and the caller tests
 * once at the end with sw_buf_is_failed. What was added before stays readable and NUL-ended.
 * Not thread-safe.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct sw_buf {
    char *data;     /* NULL until something is added; NUL-ended */
    size_t len;     /* bytes without the NUL */
    size_t cap;     /* bytes allocated */
    size_t max;     /* hard limit for len */
    bool is_failed; /* something did not fit */
};

/* Allocates nothing. max: most bytes the text may have, at least 1. */
void sw_buf_init(struct sw_buf *buf, size_t max);
/* Frees the memory, wiping nothing; the buffer may be used again with the same maximum. */
void sw_buf_clear(struct sw_buf *buf);
/* Empties it and forgets the failure, but keeps the memory. */
void sw_buf_reset(struct sw_buf *buf);

/* Each returns false when the buffer is, or has now, failed. */
bool sw_buf_add(struct sw_buf *buf, const char *text);
bool sw_buf_addn(struct sw_buf *buf, const void *bytes, size_t len);
bool sw_buf_addc(struct sw_buf *buf, char c);
bool sw_buf_printf(struct sw_buf *buf, const char *fmt, ...) SW_PRINTF(2, 3);
bool sw_buf_vprintf(struct sw_buf *buf, const char *fmt, va_list args) SW_PRINTF(2, 0);
/* Adds `len` bytes for the caller to fill; NULL when they do not fit. */
char *sw_buf_reserve(struct sw_buf *buf, size_t len);

bool sw_buf_is_failed(const struct sw_buf *buf);
/* Never NULL, borrowed until the next change. */
const char *sw_buf_text(const struct sw_buf *buf);
/* Hands the text over (free() it) and empties the buffer; NULL when it has failed. */
char *sw_buf_take(struct sw_buf *buf);
