/*
 * log.h: the log file: one line per record, private, bounded, never in the way.
 *
 * "2026-01-15T10:00:00.123Z warn sentry: text". Mode 0600, never through a symbolic link, rotated
 * by size (path, path.1, path.2). Every text is redacted (hook), then cleaned by sw_text_clean. A
 * record equal to the last one is counted and written once as "(repeated N times)"; more than 200
 * records per second are counted and dropped, and the count is written.
 * A log that cannot be written never fails the caller: records are lost, sw_log_lost counts them.
 * Thread-safe. A NULL log swallows everything.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macros.h"

enum sw_log_level { SW_LOG_ERROR = 0, SW_LOG_WARN, SW_LOG_INFO, SW_LOG_DEBUG };

struct sw_log;

/* Replaces secrets in the NUL-ended text of at most `size` bytes, in place. Called under the
 * log's lock, on any thread; must not log. */
typedef void (*sw_redact_fn)(void *arg, char *text, size_t size);

struct sw_log_options {
    enum sw_log_level level; /* records above it are skipped */
    size_t max_bytes;        /* per file; 0 = 4 MiB, at least 4 KiB */
    int files;               /* kept in all; 0 = 3 */
};

/* Creates or appends. options NULL = level INFO and the defaults. SW_E_IO, SW_E_DENIED (the path
 * is a link, not a regular file, or not ours). */
enum sw_code sw_log_open(const char *path, const struct sw_log_options *options,
                         struct sw_log **out, struct sw_error *err);
/* Writes pending counts and closes. No other thread may use it any more. */
void sw_log_close(struct sw_log *log);

void sw_log_set_redactor(struct sw_log *log, sw_redact_fn fn, void *arg);

/* area: a short word ("engine", "sentry"). */
void sw_log_write(struct sw_log *log, enum sw_log_level level, const char *area, const char *fmt,
                  ...) SW_PRINTF(4, 5);
/* "doing what: text (code)" from an error. */
void sw_log_error(struct sw_log *log, enum sw_log_level level, const char *area,
                  const struct sw_error *err);

/* Records that could not be written, or were dropped by the rate limit. */
uint64_t sw_log_lost(struct sw_log *log);
/* Borrowed until the log is closed. */
const char *sw_log_path(const struct sw_log *log);
