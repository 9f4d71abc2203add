/* reply_headers.h: what we keep of a reply's header lines. Pure; hostile input. */
#pragma once

#include "net/exchange.h"

struct reply_headers {
    struct sw_reply *reply;
    char retry_after[64]; /* raw; its date form needs the Date header, which may come later */
};

/* One header field. value is not NUL-ended; unknown names are ignored. */
void reply_headers_add(struct reply_headers *headers, const char *name, size_t name_len,
                       const char *value, size_t value_len);
/* One line as received ("Name: value\r\n"); a status line starts afresh. */
void reply_headers_line(struct reply_headers *headers, const char *line, size_t len);
/* After the last one. now_ms REAL. */
void reply_headers_end(struct reply_headers *headers, int64_t now_ms);
