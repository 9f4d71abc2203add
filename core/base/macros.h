/*
 * macros.h: the compiler extensions this project uses, each under one name.
 * Guarantee: every macro expands to nothing where the compiler does not know it.
 */
#pragma once

#define SW_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define SW_NONNULL(...)                 __attribute__((nonnull(__VA_ARGS__)))
#define SW_RETURNS_NONNULL              __attribute__((returns_nonnull))
#define SW_WARN_UNUSED                  __attribute__((warn_unused_result))
#define SW_NORETURN                     __attribute__((noreturn))
#define SW_UNUSED                       __attribute__((unused))

/* Calls fn(&variable) when the variable leaves its scope. fn must accept a zeroed value. */
#define SW_CLEANUP(fn) __attribute__((cleanup(fn)))

/* The result must be given to free_fn. clang 14 refuses the two-argument form. */
#if defined(__GNUC__) && !defined(__clang__)
#define SW_MALLOC(free_fn) __attribute__((malloc(free_fn, 1)))
#else
#define SW_MALLOC(free_fn)
#endif

#define SW_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Says in the code that a checked result does not matter here (gcc warns through a void cast). */
static inline void sw_ignore(long long result)
{
    (void)result;
}
