/*
 * assert.c: see assert.h. Nothing here allocates: the heap may be what is broken.
 */
#include "base/assert.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOOKS_MAX    8
#define MESSAGE_TEXT 512

/* Filled by any thread, read by the failing one. A hook taken out leaves a NULL behind. */
static _Atomic(sw_assert_fn) hooks[HOOKS_MAX];
static atomic_flag is_dying = ATOMIC_FLAG_INIT;
static _Thread_local bool is_dying_here;

bool sw_assert_on_fail(sw_assert_fn fn)
{
    for (size_t i = 0; i < HOOKS_MAX; i++) {
        sw_assert_fn empty = NULL;
        if (atomic_compare_exchange_strong(&hooks[i], &empty, fn))
            return true;
    }
    return false;
}

void sw_assert_off_fail(sw_assert_fn fn)
{
    for (size_t i = 0; i < HOOKS_MAX; i++) {
        sw_assert_fn expected = fn;
        if (atomic_compare_exchange_strong(&hooks[i], &expected, (sw_assert_fn)NULL))
            return;
    }
}

/* One thread runs the hooks. Another that fails meanwhile waits for the abort; the same thread
 * failing again (inside a hook) goes straight on. */
static void enter_dying(void)
{
    if (is_dying_here)
        abort();
    if (atomic_flag_test_and_set(&is_dying)) {
        for (;;)
            pause();
    }
    is_dying_here = true;
}

SW_NORETURN static void die_with(const char *message)
{
    enter_dying();
    for (size_t i = HOOKS_MAX; i-- > 0;) {
        sw_assert_fn fn = atomic_exchange(&hooks[i], (sw_assert_fn)NULL);
        if (fn != NULL)
            fn(message);
    }
    sw_ignore(write(STDERR_FILENO, message, strlen(message)));
    sw_ignore(write(STDERR_FILENO, "\n", 1));
    abort();
}

void sw_assert_failed(const char *file, int line, const char *condition)
{
    char message[MESSAGE_TEXT];
    snprintf(message, sizeof(message), "slipway: %s:%d: not true: %s", file, line, condition);
    die_with(message);
}

void sw_die(const char *fmt, ...)
{
    char message[MESSAGE_TEXT] = "slipway: ";
    size_t used = strlen(message);
    va_list args;
    va_start(args, fmt);
    vsnprintf(message + used, sizeof(message) - used, fmt, args);
    va_end(args);
    die_with(message);
}
