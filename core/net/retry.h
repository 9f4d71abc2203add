/* retry.h: what to do after a request that did not succeed. Pure.
 *
 * The rule that everything here serves: a request that changes users' state is
 * never sent again once a byte of it may have left, unless the upstream said
 * that it did not act (429). When its answer is lost the outcome is unknown,
 * and is called so. */
#pragma once

#include "net/exchange.h"

enum {
    RETRY_AFTER_MAX_MS = 15 * 60 * 1000, /* the longest wait an upstream can impose on us */
    RETRY_HOLD_POLL_MS = 2000,           /* longer waits end a poll's flow */
    RETRY_HOLD_ACTION_MS = 5000,
    RETRY_ATTEMPTS_POLL = 3,
    RETRY_ATTEMPTS_ACTION = 5,
};

struct retry_case {
    enum sw_effect effect;
    bool is_idempotent;
    bool is_action;
    bool is_quota_brief;    /* see struct sw_operation */
    bool is_unsent;         /* certainly no byte of the request left */
    int attempt;            /* attempts made, from 1 */
    enum sw_code code;      /* how the last one ended */
    int http_status;        /* 0: no answer */
    int64_t retry_after_ms; /* REAL point in time told by the upstream, 0: none */
    int64_t now_ms;         /* REAL */
    int64_t left_ms;        /* until the exchange's own deadline */
    double jitter;          /* 0 <= jitter < 1 */
};

struct retry_verdict {
    bool is_again;       /* wait wait_ms, then send the same request again */
    int64_t wait_ms;
    enum sw_code code;   /* what the flow is told when it is not again */
    bool is_retryable;   /* would be safe to send later */
    int64_t retry_at_ms; /* REAL, as told by the upstream; 0: not told */
};

struct retry_verdict retry_judge(const struct retry_case *c);

/* The value of a Retry-After header as a REAL point in time: seconds, or an
 * HTTP date, which is read against the same reply's Date header when there is
 * one (date_ms, else 0), so that a wrong clock here does not matter. At most
 * RETRY_AFTER_MAX_MS from now, never in the past. 0: not understood. */
int64_t retry_after_parse(const char *value, int64_t date_ms, int64_t now_ms);
