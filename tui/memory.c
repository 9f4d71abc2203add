/* memory.c: see memory.h. */
#include "memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slipway.h>

enum { TEXT_CHARACTER_MAX = 4 }; /* bytes of UTF-8 */

void tui_assert_failed(const char *file, int line, const char *cond)
{
    sw_assert_failed(file, line, cond); /* its hooks give the terminal back */
}

void *tui_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    tui_assert(memory != NULL);
    return memory;
}

void *tui_grow(void *old, size_t count, size_t size)
{
    tui_assert(size == 0 || count <= SIZE_MAX / size);
    size_t bytes = count * size;
    void *memory = realloc(old, bytes > 0 ? bytes : 1);
    tui_assert(memory != NULL);
    return memory;
}

char *tui_copy(const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = strdup(text);
    tui_assert(copy != NULL);
    return copy;
}

/* Takes away a character that snprintf cut in the middle. */
static void trim_cut(char *out)
{
    size_t len = strlen(out);
    size_t start = len;
    while (start > 0 && ((unsigned char)out[start - 1] & 0xC0U) == 0x80U)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)out[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (len - (start - 1) < need)
        out[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void format_at(char *out, size_t size, const char *fmt,
                                                            va_list args)
{
    int want = vsnprintf(out, size, fmt, args);
    if (want < 0)
        out[0] = '\0';
    else if ((size_t)want >= size)
        trim_cut(out);
}

const char *tui_format(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    format_at(out, size, fmt, args);
    va_end(args);
    return out;
}

void tui_append(char *out, size_t size, const char *fmt, ...)
{
    size_t used = strnlen(out, size);
    if (used + 1 >= size)
        return;
    va_list args;
    va_start(args, fmt);
    format_at(out + used, size - used, fmt, args);
    va_end(args);
}

bool tui_is_full(const char *out, size_t size)
{
    return strnlen(out, size) + TEXT_CHARACTER_MAX >= size;
}

void text_add(struct text *text, const char *data, size_t len)
{
    if (text->len + len + 1 > text->room) {
        text->room = (text->len + len + 1) * 2;
        text->data = tui_grow(text->data, text->room, 1);
    }
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void text_puts(struct text *text, const char *data)
{
    text_add(text, data, strlen(data));
}

void text_print(struct text *text, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    format_at(line, sizeof line, fmt, args);
    va_end(args);
    text_puts(text, line);
}

char *text_take(struct text *text)
{
    char *data = text->data ? text->data : tui_copy("");
    *text = (struct text){0};
    return data;
}
