/*
 * arena.c: see arena.h.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_MAX   ((size_t)1 << 20)

struct chunk {
    struct chunk *older;
    size_t size; /* of bytes */
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct sw_arena {
    struct chunk *newest;
    size_t total; /* bytes taken from the system, heads included */
};

static void add_chunk(struct sw_arena *arena, size_t size)
{
    sw_assert(size < SIZE_MAX - sizeof(struct chunk));
    struct chunk *chunk = sw_xcalloc(1, sizeof(*chunk) + size);
    chunk->older = arena->newest;
    chunk->size = size;
    arena->newest = chunk;
    arena->total += sizeof(*chunk) + size;
}

struct sw_arena *sw_arena_new(size_t first_bytes)
{
    struct sw_arena *arena = sw_xcalloc(1, sizeof(*arena));
    arena->total = sizeof(*arena);
    add_chunk(arena, first_bytes > 0 ? first_bytes : CHUNK_FIRST);
    return arena;
}

void sw_arena_free(struct sw_arena *arena)
{
    if (arena == NULL)
        return;
    struct chunk *chunk = arena->newest;
    while (chunk != NULL) {
        struct chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
    free(arena);
}

void *sw_arena_alloc(struct sw_arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    sw_assert(size < SIZE_MAX / 4);
    size_t rounded = size == 0 ? unit : (size + unit - 1) / unit * unit;
    if (rounded > arena->newest->size - arena->newest->used) {
        size_t next = arena->newest->size * 2;
        next = next > CHUNK_MAX ? CHUNK_MAX : next;
        add_chunk(arena, next > rounded ? next : rounded);
    }
    void *memory = arena->newest->bytes + arena->newest->used;
    arena->newest->used += rounded;
    return memory;
}

void *sw_arena_array(struct sw_arena *arena, size_t count, size_t size)
{
    sw_assert(size == 0 || count <= SIZE_MAX / size);
    return sw_arena_alloc(arena, count * size);
}

const char *sw_arena_strndup(struct sw_arena *arena, const char *text, size_t len)
{
    size_t size = strnlen(text, len);
    char *copy = sw_arena_alloc(arena, size + 1);
    memcpy(copy, text, size);
    return copy;
}

const char *sw_arena_strdup(struct sw_arena *arena, const char *text)
{
    return text != NULL ? sw_arena_strndup(arena, text, strlen(text)) : NULL;
}

const char *sw_arena_printf(struct sw_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    sw_assert(length >= 0);
    char *text = sw_arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, fmt, args);
    va_end(args);
    return text;
}

size_t sw_arena_bytes(const struct sw_arena *arena)
{
    return arena->total;
}
