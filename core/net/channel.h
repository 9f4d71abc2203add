/* channel.h: upstreams, channels and the transport behind sw_exchange.
 *
 * struct sw_http      the one curl multi handle; turned by the engine thread
 * struct sw_upstream  one account: origin, gate, credential, budget, caps;
 *                     shared by all flows, thread-safe
 * struct sw_channel   one flow's use of an upstream: deadline, cancel, whether
 *                     it is an action; belongs to the flow's thread */
#pragma once

#include "net/auth.h"
#include "net/exchange.h"

struct sw_http;
struct sw_upstream;

/* Engine thread only, except _wake and the queueing done by channels.
 * trace_path NULL: no trace. */
enum sw_code sw_http_open(const char *trace_path, struct sw_http **out, struct sw_error *err);
/* Runs transfers and waits at most timeout_ms for something to do. extra_fd
 * (-1: none) also ends the wait when readable. */
void sw_http_turn(struct sw_http *http, int timeout_ms, int extra_fd);
void sw_http_wake(struct sw_http *http); /* any thread */
/* Fails every transfer still running with SW_E_CANCELLED. What is sent later
 * needs turns like everything else: keep turning until all flows have ended. */
void sw_http_cancel_all(struct sw_http *http);
/* When no flow is in an exchange any more and all channels are closed. */
void sw_http_close(struct sw_http *http);

/* What stands behind a channel instead of curl, for tests and fuzzers. SW_OK:
 * there is an answer, reply->status says which (401, 429 and 500 too) and
 * reply->body is malloc'd. Else err says why there is none, and
 * err->is_retryable that certainly no byte of the request left. Token requests
 * come here like any other, with their own operation. */
struct sw_transport {
    enum sw_code (*perform)(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err);
    void *arg;
};

struct sw_upstream_options {
    const char *source_id;
    const char *base_url;
    const char *ca_file;             /* NULL: the system's */
    const struct sw_operation *operations;
    size_t operation_count;
    size_t body_max_bytes;           /* 0: 1 MiB */
    int per_minute, burst, concurrent;
    double speed;                    /* simulation speed: our budgets scale with it */
    bool is_read_only;
};
/* Takes over auth (may be NULL). http may be NULL when transport is given. */
enum sw_code sw_upstream_open(const struct sw_upstream_options *options, struct sw_auth *auth,
                              struct sw_http *http, const struct sw_transport *transport,
                              struct sw_upstream **out, struct sw_error *err);
void sw_upstream_close(struct sw_upstream *upstream);

/* Is there a slot and budget for a poll now? Takes one slot when so; given back
 * by sw_upstream_release. wait_ms (REAL) says when to ask again. Engine thread. */
bool sw_upstream_acquire(struct sw_upstream *upstream, int64_t now_mono_ms, int64_t *wait_ms);
void sw_upstream_release(struct sw_upstream *upstream);

struct sw_upstream_health {
    struct sw_value latency_ms, quota_left, clock_skew_s;
    char quota_note[96];
    int64_t retry_at_ms;             /* REAL; told by the upstream; 0: none */
};
void sw_upstream_health(struct sw_upstream *upstream, struct sw_upstream_health *out); /* any thread */

/* A channel for one flow.
 * An action uses own connections and neither waits for nor counts against the
 * poll slots. */
struct sw_channel *sw_channel_open(struct sw_upstream *upstream, bool is_action);
void sw_channel_close(struct sw_channel *channel);
void sw_channel_cancel(struct sw_channel *channel); /* any thread; sticky */
