/*
 * mem.c: see mem.h.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"

SW_NORETURN static void out_of_memory(size_t size)
{
    sw_die("out of memory (%zu bytes wanted)", size);
}

void *sw_xmalloc(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL)
        out_of_memory(size);
    return memory;
}

void *sw_xcalloc(size_t count, size_t size)
{
    bool is_empty = count == 0 || size == 0;
    void *memory = calloc(is_empty ? 1 : count, is_empty ? 1 : size);
    if (memory == NULL)
        out_of_memory(size);
    return memory;
}

void *sw_xrealloc_array(void *old, size_t count, size_t size)
{
    bool is_empty = count == 0 || size == 0;
    void *memory = reallocarray(old, is_empty ? 1 : count, is_empty ? 1 : size);
    if (memory == NULL)
        out_of_memory(size);
    return memory;
}

char *sw_xstrdup(const char *text)
{
    return text != NULL ? sw_xstrndup(text, strlen(text)) : NULL;
}

char *sw_xstrndup(const char *text, size_t len)
{
    size_t size = strnlen(text, len);
    char *copy = sw_xmalloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *sw_xasprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    int length = vasprintf(&text, fmt, args);
    va_end(args);
    if (length < 0)
        out_of_memory(0);
    return text;
}

bool sw_copy(char *dst, size_t size, const char *src)
{
    sw_assert(size >= 1);
    if (src == NULL)
        src = "";
    size_t len = strlen(src);
    size_t cut = sw_utf8_cut(src, len, size - 1);
    memcpy(dst, src, cut);
    dst[cut] = '\0';
    return cut < len;
}

bool sw_format(char *dst, size_t size, const char *fmt, ...)
{
    sw_assert(size >= 1);
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(dst, size, fmt, args);
    va_end(args);
    if (length >= 0 && (size_t)length < size)
        return false;
    /* The cut may have gone through a character: take its first bytes away too. */
    size_t used = length < 0 ? 0 : size - 1;
    size_t start = used;
    while (start > 0 && used - start < 3 && ((unsigned char)dst[start - 1] & 0xC0U) == 0x80U)
        start--;
    uint32_t cp = 0;
    if (start > 0 && (unsigned char)dst[start - 1] >= 0xC0U &&
        sw_utf8_next(dst + start - 1, used - start + 1, &cp) != 0 && cp == SW_UTF8_INVALID)
        used = start - 1;
    dst[used] = '\0';
    return true;
}

void sw_free_pointer(void *pointer)
{
    void *memory = NULL;
    memcpy(&memory, pointer, sizeof(memory));
    free(memory);
}
