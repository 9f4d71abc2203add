/*
 * assert.h: checks of our own state that stay on in release.
 *
 * For legal state, owning thread, held lock, the magic of a handle that crossed a void pointer;
 * never for data from outside. A failed check calls the hooks (terminal restored, log flushed),
 * prints file, line and condition to standard error and aborts.
 */
#pragma once

#include <stdbool.h>

#include "base/macros.h"

#define sw_assert(cond) ((cond) ? (void)0 : sw_assert_failed(__FILE__, __LINE__, #cond))

/* Called with the finished one-line message, before it is printed. Must not allocate. */
typedef void (*sw_assert_fn)(const char *message);

/* Adds a hook; the one added last runs first. At most 8; each runs at most once per process.
 * Returns false when the table is full. Any thread. */
bool sw_assert_on_fail(sw_assert_fn fn);

/* Takes a hook out again (for tests and for a terminal that has been left). */
void sw_assert_off_fail(sw_assert_fn fn);

SW_NORETURN void sw_assert_failed(const char *file, int line, const char *condition);

/* The same end for a failure that is not a condition (out of memory). */
SW_NORETURN void sw_die(const char *fmt, ...) SW_PRINTF(1, 2);
