/*
 * memory.h: allocation that does not fail, and a growing text.
 *
 * Small allocations end the process when memory is out (terminal restored first, by the assertion
 * hook); nothing here is sized by the outside without a limit of the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *tui_alloc(size_t count, size_t size); /* zeroed */
void *tui_grow(void *old, size_t count, size_t size);
char *tui_copy(const char *text); /* NULL gives NULL */

/* Formats into a fixed buffer, cut at a whole character. Returns out. */
const char *tui_format(char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends to a fixed buffer. */
void tui_append(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Would what is appended now be cut, whatever it is? */
bool tui_is_full(const char *out, size_t size);

#define TUI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define tui_assert(cond) ((cond) ? (void)0 : tui_assert_failed(__FILE__, __LINE__, #cond))
__attribute__((noreturn)) void tui_assert_failed(const char *file, int line, const char *cond);

struct text {
    char *data; /* NUL-ended, NULL while empty */
    size_t len, room;
};
void text_add(struct text *text, const char *data, size_t len);
void text_puts(struct text *text, const char *data);
void text_print(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The caller frees it; never NULL. The text is empty afterwards. */
char *text_take(struct text *text);
