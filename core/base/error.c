/*
 * error.c: see error.h.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"

/* Room for the raw text before cleaning, which can only be cut, never grow past the field. */
#define RAW_TEXT 1024

static const char *const code_names[] = {
    [SW_OK] = "ok",
    [SW_E_INTERNAL] = "internal",
    [SW_E_USAGE] = "usage",
    [SW_E_CONFIG] = "config",
    [SW_E_IO] = "io",
    [SW_E_NETWORK] = "network",
    [SW_E_TIMEOUT] = "timeout",
    [SW_E_TLS] = "tls",
    [SW_E_HTTP] = "http",
    [SW_E_AUTH] = "auth",
    [SW_E_DENIED] = "denied",
    [SW_E_QUOTA] = "quota",
    [SW_E_PARSE] = "parse",
    [SW_E_LIMIT] = "limit",
    [SW_E_NOT_FOUND] = "not_found",
    [SW_E_CONFLICT] = "conflict",
    [SW_E_REFUSED] = "refused",
    [SW_E_STALE] = "stale",
    [SW_E_CANCELLED] = "cancelled",
    [SW_E_OUTCOME_UNKNOWN] = "outcome_unknown",
    [SW_E_UNSUPPORTED] = "unsupported",
    [SW_E_GIT] = "git",
    [SW_E_BUSY] = "busy",
    [SW_E_IN_REVIEW] = "in_review",
};

const char *sw_code_name(enum sw_code code)
{
    size_t index = (size_t)code;
    if (index >= SW_ARRAY_LEN(code_names) || code_names[index] == NULL)
        return "internal";
    return code_names[index];
}

/* Everything but the source, which is set by whoever knows it and outlives a second failure. */
static void set_error(struct sw_error *err, enum sw_code code, const char *raw)
{
    err->code = code;
    err->http_status = 0;
    err->is_retryable = false;
    err->retry_at_ms = 0;
    sw_text_clean_copy(err->text, sizeof(err->text), raw);
}

enum sw_code sw_fail(struct sw_error *err, enum sw_code code, const char *fmt, ...)
{
    sw_assert(code != SW_OK);
    if (err == NULL)
        return code;
    char raw[RAW_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    set_error(err, code, raw);
    return code;
}

enum sw_code sw_fail_errno(struct sw_error *err, enum sw_code code, int error_number,
                           const char *fmt, ...)
{
    sw_assert(code != SW_OK);
    if (err == NULL)
        return code;
    char raw[RAW_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    size_t used = strlen(raw);
    const char *reason = strerrordesc_np(error_number);
    snprintf(raw + used, sizeof(raw) - used, ": %s", reason != NULL ? reason : "unknown error");
    set_error(err, code, raw);
    return code;
}

enum sw_code sw_fail_http(struct sw_error *err, enum sw_code code, int http_status,
                          bool is_retryable, int64_t retry_at_ms, const char *fmt, ...)
{
    sw_assert(code != SW_OK);
    if (err == NULL)
        return code;
    char raw[RAW_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    set_error(err, code, raw);
    err->http_status = http_status;
    err->is_retryable = is_retryable;
    err->retry_at_ms = retry_at_ms;
    return code;
}

enum sw_code sw_error_prefix(struct sw_error *err, const char *fmt, ...)
{
    if (err == NULL || err->code == SW_OK)
        return SW_E_INTERNAL;
    char raw[RAW_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    size_t used = strlen(raw);
    snprintf(raw + used, sizeof(raw) - used, ": %s", err->text);
    sw_text_clean_copy(err->text, sizeof(err->text), raw);
    return err->code;
}

void sw_error_set_source(struct sw_error *err, const char *source)
{
    if (err != NULL)
        sw_text_clean_copy(err->source, sizeof(err->source), source);
}

void sw_error_clear(struct sw_error *err)
{
    if (err != NULL)
        *err = (struct sw_error){.code = SW_OK};
}
