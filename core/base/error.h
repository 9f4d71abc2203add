/*
 * error.h: filling in a struct sw_error (the type itself is public, in slipway.h).
 *
 * Fallible functions return enum sw_code and take `struct sw_error *err` last, which may be NULL.
 * Fill and return in one expression: return sw_fail(err, SW_E_PARSE, "...").
 * Texts say what was being done, to which thing, what came back and what to do next. They never
 * hold a secret or a whole body. Every text passes sw_text_clean before it is kept.
 */
#pragma once

#include <stdint.h>

#include "base/macros.h"
#include "slipway.h"

/* Fills err (when not NULL), keeping only its source, and returns code. SW_OK is a bug of the
 * caller. */
enum sw_code sw_fail(struct sw_error *err, enum sw_code code, const char *fmt, ...) SW_PRINTF(3, 4);

/* The same with the text of errno `error_number` added after a colon. */
enum sw_code sw_fail_errno(struct sw_error *err, enum sw_code code, int error_number,
                           const char *fmt, ...) SW_PRINTF(4, 5);

/* The same for an HTTP reply: status, whether the same request may be sent again, and from when
 * (real UTC ms, 0 = not told). */
enum sw_code sw_fail_http(struct sw_error *err, enum sw_code code, int http_status,
                          bool is_retryable, int64_t retry_at_ms, const char *fmt, ...)
    SW_PRINTF(6, 7);

/* Puts context in front of the text: "reading the track: " + text. Returns err's code
 * (SW_E_INTERNAL when err is NULL or empty). */
enum sw_code sw_error_prefix(struct sw_error *err, const char *fmt, ...) SW_PRINTF(2, 3);

/* Writes the id of the source concerned (cleaned, cut). */
void sw_error_set_source(struct sw_error *err, const char *source);

void sw_error_clear(struct sw_error *err);

/* "timeout" for SW_E_TIMEOUT, "ok" for SW_OK, "internal" for anything unknown. Static text. */
const char *sw_code_name(enum sw_code code);
