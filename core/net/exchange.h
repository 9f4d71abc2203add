/* exchange.h: one HTTP request and its reply, as a flow sees it.
 *
 * A flow calls sw_exchange on its channel and gets a reply or an error; behind
 * the channel stand, in this order: the send gate (the request must match an
 * entry of the source's operation table, on the configured origin, and in
 * read-only mode must not change users' state), the rate budget, the
 * credential, the transport (curl on the engine thread, or a recording, or a
 * fault injector), one renewal after 401, retries of what is safe, the trace.
 * Called on worker and action threads; blocks that thread until the reply, the
 * deadline or cancel. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "slipway.h"

enum sw_method { SW_GET = 0, SW_POST, SW_PUT, SW_PATCH, SW_DELETE };

/* What an operation does upstream; decides what read-only mode lets through. */
enum sw_effect {
    SW_EFFECT_READ = 0, /* changes nothing */
    SW_EFFECT_EDIT,     /* private scratch state (a Play edit), never users' state */
    SW_EFFECT_PROBE,    /* asks for a change of a thing that cannot exist, to hear whether it may */
    SW_EFFECT_MUTATE,   /* changes what users get */
};

/* One entry of a source's operation table; the send gate knows no other
 * requests. */
struct sw_operation {
    const char *name;        /* "tracks.update", for trace and errors */
    enum sw_method method;
    const char *path;        /* pattern below the base URL's path: "/v1/apps/{id}"; {x} is one segment */
    const char *target;      /* AWS X-Amz-Target, or NULL */
    enum sw_effect effect;
    bool is_idempotent;      /* sending it twice is the same as once */
    bool is_staged;          /* MUTATE that users see only after a later request: a draft of it */
    const char *only_body;   /* PROBE: the one body it may have; its path then has no fields, so that
                                the table shows all of what leaves. Others: NULL */
    bool is_quota_brief;     /* its quota is of a second: after a 429 that tells no time, a poll waits
                                a moment and asks again, as it would after a 500 */
    int timeout_ms;          /* total, 0: 15 s for reads, 30 s otherwise */
};

struct sw_param {
    const char *name, *value; /* not encoded; the transport encodes */
};

enum { SW_PARAMS_MAX = 24, SW_PATH_MAX = 1024 };

struct sw_request {
    const struct sw_operation *operation;
    char path[SW_PATH_MAX];   /* the operation's path with its fields filled and percent-encoded */
    struct sw_param query[SW_PARAMS_MAX];
    size_t query_count;
    const char *content_type; /* NULL: no body */
    const char *body;         /* borrowed until sw_exchange returns */
    size_t body_len;
    const char *accept;       /* NULL: application/json */
};

/* Starts a request: fills the path from the operation's pattern with the given
 * segment values in order (each percent-encoded whole). NULL-terminated list.
 * Errors: SW_E_LIMIT. */
enum sw_code sw_request_init(struct sw_request *request, const struct sw_operation *operation,
                             struct sw_error *err, ...);
void sw_request_param(struct sw_request *request, const char *name, const char *value);
void sw_request_json(struct sw_request *request, const char *content_type, const struct sw_buf *body);

/* Writes the request as people and dry runs see it: method, URL, body; no
 * credential. */
void sw_request_describe(const struct sw_request *request, const char *base_url,
                         struct sw_buf *out);

struct sw_reply {
    int status;
    char *body;               /* malloc'd, NUL behind it; NULL when empty */
    size_t body_len;
    char content_type[64];
    char link[2048];          /* Link header, empty when absent */
    char location[512];       /* of a 3xx, which is never followed; empty when absent */
    char error_type[128];     /* x-amzn-query-error or x-amzn-errortype */
    char request_id[96];
    int64_t date_ms;          /* Date header, REAL; 0: none */
    int64_t retry_after_ms;   /* REAL time told by Retry-After, capped; 0: not told */
    struct sw_value quota_left, quota_reset_s; /* where the upstream tells */
    char quota_note[96];
    int latency_ms;
};
void sw_reply_clear(struct sw_reply *reply);

struct sw_channel; /* net/channel.h makes them */

/* Any status that is not 2xx is an error: SW_E_AUTH (401), SW_E_DENIED (403),
 * SW_E_NOT_FOUND (404), SW_E_CONFLICT (409, 412, 422), SW_E_QUOTA (429),
 * SW_E_HTTP (the rest, 3xx too); the reply is filled all the same, so that a
 * source can read the upstream's own error from the body and refine code and
 * text. AWS's own codes give SW_E_AUTH, SW_E_DENIED and SW_E_QUOTA with any
 * status. Without an answer: SW_E_NETWORK, SW_E_TIMEOUT, SW_E_TLS, SW_E_LIMIT,
 * SW_E_PARSE (no HTTP); before anything is sent also SW_E_REFUSED (read-only),
 * SW_E_QUOTA (told to wait), SW_E_CONFIG, SW_E_IO (credential), SW_E_CANCELLED.
 * For an operation that MUTATEs, a lost answer and 5xx are
 * SW_E_OUTCOME_UNKNOWN; every other code says that it surely did nothing.
 * err->is_retryable: sending it again later would be safe. Within its timeout
 * it was already sent again as far as that was safe. The caller clears the
 * reply in every case. */
enum sw_code sw_exchange(struct sw_channel *channel, const struct sw_request *request,
                         struct sw_reply *reply, struct sw_error *err);

/* The reply's body as JSON within the usual limits. The caller decrefs. */
enum sw_code sw_reply_json(const struct sw_reply *reply, json_t **out, struct sw_error *err);
