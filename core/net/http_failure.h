/* http_failure.h: why a request got no answer, in words for 3 a.m. Pure. */
#pragma once

#include "net/wire.h"

enum http_failure_kind {
    HTTP_FAILURE_OTHER = 0,
    HTTP_FAILURE_LOOKUP,         /* no such name, or the resolver says no */
    HTTP_FAILURE_CONNECT,        /* os_errno says more */
    HTTP_FAILURE_TIMEOUT,        /* phase says where */
    HTTP_FAILURE_CERTIFICATE,    /* verify_code says why */
    HTTP_FAILURE_HANDSHAKE,
    HTTP_FAILURE_CA_FILE,
    HTTP_FAILURE_CLOSED,         /* without an answer */
    HTTP_FAILURE_CUT,            /* in the middle of it */
    HTTP_FAILURE_NOT_HTTP,
    HTTP_FAILURE_HEADERS_TOO_BIG,
    HTTP_FAILURE_BODY_TOO_BIG,
    HTTP_FAILURE_TOO_SLOW,
    HTTP_FAILURE_RESEND_REFUSED, /* the connection died; sending again was not safe */
    HTTP_FAILURE_CANCELLED,
};

enum http_phase { HTTP_PHASE_LOOKUP = 0, HTTP_PHASE_CONNECT, HTTP_PHASE_TLS, HTTP_PHASE_ANSWER,
                  HTTP_PHASE_BODY };

struct http_failure {
    enum http_failure_kind kind;
    enum http_phase phase;
    int os_errno;
    long verify_code;       /* X509_V_ERR_* of the chain */
    const char *words;      /* the library's own, from outside; may be empty */
    int64_t waited_ms;
};

/* Fills err and returns its code. */
enum sw_code http_failure_tell(const struct http_failure *failure, const struct wire_call *call,
                               struct sw_error *err);
