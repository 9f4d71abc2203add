/*
 * mem.h: small allocations that end the program instead of failing.
 *
 * Every function here returns usable memory or ends through sw_die (hooks run first, so the
 * terminal is restored). Anything whose size the outside decides must have a stated maximum
 * and be refused with SW_E_LIMIT before it comes here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/macros.h"

void *sw_xmalloc(size_t size) SW_MALLOC(free) SW_RETURNS_NONNULL SW_WARN_UNUSED;
void *sw_xcalloc(size_t count, size_t size) SW_MALLOC(free) SW_RETURNS_NONNULL SW_WARN_UNUSED;

/* Grows or shrinks to count * size bytes; ends the program when the product overflows. */
void *sw_xrealloc_array(void *old, size_t count, size_t size) SW_RETURNS_NONNULL SW_WARN_UNUSED;

/* Copies; NULL gives NULL. */
char *sw_xstrdup(const char *text) SW_WARN_UNUSED;
/* Copies at most len bytes and ends with a NUL. */
char *sw_xstrndup(const char *text, size_t len) SW_RETURNS_NONNULL SW_WARN_UNUSED;
char *sw_xasprintf(const char *fmt, ...) SW_PRINTF(1, 2) SW_RETURNS_NONNULL SW_WARN_UNUSED;

/* Copies src (NULL counts as empty) into dst of `size` bytes, always NUL-ended, cut at a UTF-8
 * border. Returns true when something was cut off. size must be at least 1. */
bool sw_copy(char *dst, size_t size, const char *src);

/* snprintf with the same promise: true when something was cut off. */
bool sw_format(char *dst, size_t size, const char *fmt, ...) SW_PRINTF(3, 4);

/* For SW_CLEANUP: frees the pointer that `pointer` points to. */
void sw_free_pointer(void *pointer);
#define SW_AUTO_FREE SW_CLEANUP(sw_free_pointer)
