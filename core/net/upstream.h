/* upstream.h: the inside of a struct sw_upstream, for the pipeline in channel.c. */
#pragma once

#include "base/thread.h"
#include "net/channel.h"
#include "net/rate_budget.h"
#include "net/send_gate.h"

/* Shared by all flows of the account; lives longer than every channel on it. */
struct sw_upstream {
    char source_id[64];
    struct origin origin;
    struct send_gate gate;
    char *ca_file;
    size_t body_max_bytes;
    struct sw_auth *auth;          /* NULL: none needed */
    struct sw_http *http;          /* NULL with a transport */
    struct sw_transport transport; /* perform NULL: http */
    struct sw_mutex lock;          /* guards what follows */
    struct rate_budget budget;
    struct sw_upstream_health health;
};

/* What a reply says about the account: latency, quota, clock, waits. Any thread. */
void upstream_note_reply(struct sw_upstream *upstream, const struct sw_reply *reply);

/* Counts one request about to leave. False: a poll must not go, the upstream
 * told us to wait until *retry_at_ms (REAL), *wait_ms from now. */
bool upstream_spend(struct sw_upstream *upstream, bool is_action, int64_t *wait_ms,
                    int64_t *retry_at_ms);
