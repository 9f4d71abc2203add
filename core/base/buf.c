/*
 * buf.c: see buf.h.
 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define CAP_FIRST 128

void sw_buf_init(struct sw_buf *buf, size_t max)
{
    sw_assert(max >= 1 && max < SIZE_MAX / 4);
    *buf = (struct sw_buf){.max = max};
}

void sw_buf_clear(struct sw_buf *buf)
{
    free(buf->data);
    *buf = (struct sw_buf){.max = buf->max};
}

void sw_buf_reset(struct sw_buf *buf)
{
    buf->len = 0;
    buf->is_failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

char *sw_buf_reserve(struct sw_buf *buf, size_t len)
{
    if (buf->is_failed || len > buf->max - buf->len) {
        buf->is_failed = true;
        return NULL;
    }
    size_t need = buf->len + len + 1;
    if (need > buf->cap) {
        size_t cap = buf->cap > 0 ? buf->cap * 2 : CAP_FIRST;
        if (cap > buf->max + 1)
            cap = buf->max + 1;
        if (cap < need)
            cap = need;
        buf->data = sw_xrealloc_array(buf->data, cap, 1);
        buf->cap = cap;
    }
    char *room = buf->data + buf->len;
    buf->len += len;
    buf->data[buf->len] = '\0';
    return room;
}

bool sw_buf_addn(struct sw_buf *buf, const void *bytes, size_t len)
{
    char *room = sw_buf_reserve(buf, len);
    if (room == NULL)
        return false;
    if (len > 0)
        memcpy(room, bytes, len);
    return true;
}

bool sw_buf_add(struct sw_buf *buf, const char *text)
{
    return sw_buf_addn(buf, text, strlen(text));
}

bool sw_buf_addc(struct sw_buf *buf, char c)
{
    return sw_buf_addn(buf, &c, 1);
}

bool sw_buf_vprintf(struct sw_buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *room = length < 0 ? NULL : sw_buf_reserve(buf, (size_t)length);
    if (room == NULL) {
        buf->is_failed = true;
        return false;
    }
    vsnprintf(room, (size_t)length + 1, fmt, args);
    return true;
}

bool sw_buf_printf(struct sw_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool is_added = sw_buf_vprintf(buf, fmt, args);
    va_end(args);
    return is_added;
}

bool sw_buf_is_failed(const struct sw_buf *buf)
{
    return buf->is_failed;
}

const char *sw_buf_text(const struct sw_buf *buf)
{
    return buf->data != NULL ? buf->data : "";
}

char *sw_buf_take(struct sw_buf *buf)
{
    char *text = NULL;
    if (!buf->is_failed) {
        text = buf->data != NULL ? buf->data : sw_xstrdup("");
        buf->data = NULL;
    }
    sw_buf_clear(buf);
    return text;
}
