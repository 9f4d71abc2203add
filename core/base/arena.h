/*
 * arena.h: many small pieces with one owner and one end.
 *
 * A chain of chunks, each twice the last up to 1 MiB; nothing is freed alone. Snapshots are built
 * in one. Memory is zeroed and aligned for any type. Allocation ends the program on failure, so
 * what the outside sizes must be limited by the caller.
 * Not thread-safe: one thread builds; a finished, no longer changed arena may be read by any.
 */
#pragma once

#include <stddef.h>

#include "base/macros.h"

struct sw_arena;

/* first_bytes: room expected, 0 = 4 KiB. */
struct sw_arena *sw_arena_new(size_t first_bytes) SW_RETURNS_NONNULL SW_WARN_UNUSED;
void sw_arena_free(struct sw_arena *arena);

/* Zeroed; never NULL; size 0 gives a unique pointer. */
void *sw_arena_alloc(struct sw_arena *arena, size_t size) SW_RETURNS_NONNULL SW_WARN_UNUSED;
/* count * size, overflow checked. */
void *sw_arena_array(struct sw_arena *arena, size_t count,
                     size_t size) SW_RETURNS_NONNULL SW_WARN_UNUSED;
/* NULL gives NULL. */
const char *sw_arena_strdup(struct sw_arena *arena, const char *text);
const char *sw_arena_strndup(struct sw_arena *arena, const char *text, size_t len);
const char *sw_arena_printf(struct sw_arena *arena, const char *fmt, ...) SW_PRINTF(2, 3);

/* Bytes taken from the system so far. */
size_t sw_arena_bytes(const struct sw_arena *arena);
