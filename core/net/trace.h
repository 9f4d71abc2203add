/* trace.h: one line for each request that was tried (--trace FILE).
 *
 * RFC 3339 time, source, operation, method, host and path, status, bytes, times
 * and attempt; never headers, bodies or query values, and every line passes
 * the redactor. The file is ours, 0600, never followed through a link. A trace
 * that cannot be written loses lines and harms nothing. Thread-safe. */
#pragma once

#include "slipway.h"

struct trace;

struct trace_entry {
    int64_t queued_ms;     /* REAL: asked for */
    int64_t first_byte_ms; /* REAL: first byte of the request left; 0: none did */
    int64_t total_ms;
    const char *source_id, *operation, *method, *origin, *prefix, *path;
    int attempt;           /* from 1 */
    int status;            /* 0: no answer */
    size_t bytes;          /* of the reply's body */
    enum sw_code code;     /* how it ended */
};

/* Appends. Errors: SW_E_IO, SW_E_DENIED (not a regular file of ours). */
enum sw_code trace_open(const char *path, struct trace **out, struct sw_error *err);
void trace_write(struct trace *trace, const struct trace_entry *entry); /* NULL trace: nothing */
void trace_close(struct trace *trace);
