/*
 * slipway-sim: every upstream of Slipway played over real HTTP on loopback, on one world.
 *
 * The parts, and who may call whom:
 *   world.h     the world: users, sessions, stores, deployments, and a clock. Pure: no socket, no file.
 *   sim.h       this page: what a dialect sees of a request, how it answers, how it is counted.
 *   <name>.c    one dialect each, ending in one `const struct sim_service`.
 *   server.c    HTTP (libmicrohttpd), one port per service; proxy.c stands in front of each port
 *               and commits the faults; admin.c reads and sets the world.
 *
 * The rule for a dialect: `handle` runs with the world's lock held and the world moved to "now".
 * It must not block, sleep or do I/O. It reads the request, reads or changes `sim->world`, and
 * fills the reply. It is strict: what the upstream would refuse, it refuses in the upstream's own
 * words. It is written from the upstream's documents, never from what Slipway sends.
 *
 * A dialect is tested without a socket: fill a `struct sim_request` with sim_request_parse() and
 * call sim_dispatch().
 */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;
struct sim_creds;
struct sim_counters;
struct sim_faults;
struct world;

enum {
    SIM_SEGMENTS_MAX = 24,
    SIM_PAIRS_MAX = 96,
    SIM_BODY_MAX_BYTES = 1 << 20, /* a larger request body is answered 413 before the dialect */
    SIM_REPLY_HEADERS_MAX = 16,
};

/* ---- requests --------------------------------------------------------------------------- */

struct sim_pair {
    const char *name;
    const char *value;
};

/*
 * One request. All text is owned by the request and dies with it. Values are decoded unless the
 * name says raw; a decoded text that held %00 is refused with 400 before the dialect sees it.
 */
struct sim_request {
    const char *method;    /* as sent: "GET" */
    const char *raw_path;  /* as sent, without "?query": "/api/0/organizations/acme/" */
    const char *raw_query; /* as sent, without "?"; "" when there is none */
    const char *path;      /* raw_path decoded */
    const char *segments[SIM_SEGMENTS_MAX]; /* raw_path split at '/', each decoded, no empty ones */
    size_t n_segments;
    bool has_trailing_slash;
    struct sim_pair query[SIM_PAIRS_MAX]; /* decoded ('+' is a space), in order, repeats kept */
    size_t n_query;
    struct sim_pair headers[SIM_PAIRS_MAX]; /* in the order received */
    size_t n_headers;
    const char *body; /* NUL behind the last byte, for convenience */
    size_t body_bytes;
    void *memory; /* private to request.c */
};

/* Builds a request; `target` is the request target ("/a/b?x=1"). False: it is not well-formed
 * (bad escape, %00, too many parts); `out` is then empty and needs no free. */
bool sim_request_parse(struct sim_request *out, const char *method, const char *target,
                       const struct sim_pair *headers, size_t n_headers, const void *body,
                       size_t body_bytes);
void sim_request_free(struct sim_request *rq);

const char *sim_header(const struct sim_request *rq, const char *name); /* NULL = absent */
size_t sim_header_count(const struct sim_request *rq, const char *name);
const char *sim_query(const struct sim_request *rq, const char *name); /* first, NULL = absent */
size_t sim_query_count(const struct sim_request *rq, const char *name);
/* The n-th value (from 0) of a repeated parameter, or NULL. */
const char *sim_query_at(const struct sim_request *rq, const char *name, size_t n);
/* The first parameter whose name is not in `known` (NULL-terminated), or NULL: for strictness. */
const char *sim_query_unknown(const struct sim_request *rq, const char *const *known);
bool sim_method_is(const struct sim_request *rq, const char *method);
/* The token after "Authorization: Bearer ", or NULL. */
const char *sim_bearer(const struct sim_request *rq);
/* The body as a JSON object (duplicate keys refused), or NULL. The caller owns it. */
json_t *sim_body_json(const struct sim_request *rq);
/* The first key of `object` that is not in `known` (NULL-terminated), or NULL. */
const char *sim_json_unknown(json_t *object, const char *const *known);

/* ---- replies ---------------------------------------------------------------------------- */

/*
 * Starts as 500 without a body. Setting a body twice keeps the last one.
 */
struct sim_reply {
    int status;
    struct {
        char *name;
        char *value;
    } headers[SIM_REPLY_HEADERS_MAX];
    size_t n_headers;
    char *body;
    size_t body_bytes;
};

void sim_reply_init(struct sim_reply *rp);
void sim_reply_clear(struct sim_reply *rp);
/* Takes `value`. Content-Type application/json; a header set before with that name stays. */
void sim_reply_json(struct sim_reply *rp, int status, json_t *value_take);
void sim_reply_text(struct sim_reply *rp, int status, const char *content_type, const char *text);
void sim_reply_empty(struct sim_reply *rp, int status);
/* Sets or replaces one header. */
void sim_reply_header(struct sim_reply *rp, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_reply_get_header(const struct sim_reply *rp, const char *name);

/* ---- dialects --------------------------------------------------------------------------- */

/* What a request would change if it were carried out. Counted when received, before faults. */
enum sim_effect {
    SIM_EFFECT_NONE,        /* a read */
    SIM_EFFECT_MUTATING,    /* changes what users get, or what a store will give them */
    SIM_EFFECT_EDIT_INSERT, /* Play: opens a private working copy */
    SIM_EFFECT_EDIT_DELETE, /* Play: throws one away */
    SIM_EFFECT_EDIT_WRITE,  /* Play: changes a working copy; users see nothing before the commit */
    SIM_EFFECT_PROBE,       /* a change of a thing that cannot exist, whatever the answer */
    SIM_EFFECT_N
};

struct sim_service {
    const char *name; /* as in endpoints.json: "google_play" */
    /* MUST be pure; decides from the request alone. */
    enum sim_effect (*classify)(const struct sim_request *rq);
    /* MUST fill the reply. Lock held, world at now. */
    void (*handle)(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);
    /* MAY be NULL: adds what endpoints.json says about this service besides "url". */
    void (*describe)(const struct sim *sim, json_t *endpoint);
};

/* All services, NULL-terminated, in the order of endpoints.json. (services.c) */
extern const struct sim_service *const sim_services[];

enum { SIM_SERVICES_MAX = 16 };

/* What the credentials lack; zeroed, they may do everything. Set by the admin endpoint. */
struct sim_rights {
    bool is_apple_reader; /* the key's role may read and change nothing */
    enum {
        SIM_PLAY_RELEASES = 0,
        SIM_PLAY_NO_COMMIT, /* the right to release is judged when an edit is committed */
        SIM_PLAY_NO_WRITE,  /* ... when an edit's track is written already */
    } play;
    bool has_no_stop; /* no policy allows codedeploy:StopDeployment */
};

/* world = world_ms + (real now - real_ms) * speed: the affine clock that config.yaml tells. */
struct sim_clock {
    int64_t real_ms;
    int64_t world_ms;
    double speed; /* 1..3600 */
};

struct sim {
    pthread_mutex_t lock; /* guards everything below but `creds`, which is constant after start */
    struct world *world;
    struct sim_clock clock;
    double quota_factor; /* 1; more for tests that ask faster than people do */
    const struct sim_creds *creds;
    struct sim_counters *counters;
    struct sim_faults *faults;
    struct sim_rights rights;
    void *state[SIM_SERVICES_MAX]; /* private to the dialect with that index in sim_services */
    void (*state_free[SIM_SERVICES_MAX])(void *);
    char url[SIM_SERVICES_MAX][64]; /* "http://127.0.0.1:4711", empty before the ports are bound */
    bool stop_requested;
};

/* A simulator without sockets: world, credentials, counters. NULL = no such world. */
struct sim *sim_new(const char *world, double speed, uint64_t seed);
void sim_free(struct sim *sim);
/* Steps the clock by `advance_ms` (not negative) and sets its speed from now on. Lock held. */
void sim_clock_set(struct sim *sim, int64_t advance_ms, double speed);

/* Lock, move the world to now, count, judge faults that a handler can play, call handle, unlock.
 * `service` is an index into sim_services. Used by server.c and by the tests. */
void sim_dispatch(struct sim *sim, size_t service, const struct sim_request *rq,
                  struct sim_reply *rp);
size_t sim_service_index(const char *name); /* SIZE_MAX = none */
/* The dialect's private state: made (zeroed) at first use; with the simulator `clear` is called (may
 * be NULL) and the block itself freed. */
void *sim_state(struct sim *sim, const struct sim_service *service, size_t bytes,
                void (*clear)(void *));

/* World time and real time in ms since 1970 (decision 25: HTTP time is real, world time is in
 * bodies). Lock held. */
int64_t sim_world_ms(const struct sim *sim);
int64_t sim_real_ms(void);
/* World seconds per real second, times quota_factor: quotas are multiplied with it. */
double sim_speed(const struct sim *sim);

/* ---- credentials (creds.c) --------------------------------------------------------------- */

/* Made at start, constant afterwards: may be read without the lock. */
struct sim_creds {
    /* App Store Connect team key. */
    char apple_issuer_id[40];
    char apple_key_id[16];
    char *apple_private_pem; /* PKCS#8 EC P-256 */
    char *apple_public_pem;
    /* Google service account. */
    char google_client_email[80];
    char google_key_id[48];
    char *google_private_pem;
    char *google_public_pem;
    char sentry_token[72];    /* internal integration: org:read, project:read, event:read */
    char sentry_ci_token[72]; /* organization token: org:ci alone */
    char aws_region[24];
    char aws_access_key_id[24];
    char aws_secret_access_key[48];
    char aws_profile[24];
    char admin_token[48];
};

/* Base64url without padding; the result is malloc'd, NUL-terminated; NULL = malformed. */
unsigned char *sim_base64url_decode(const char *text, size_t text_bytes, size_t *out_bytes);
char *sim_base64url_encode(const void *data, size_t bytes);

struct sim_jwt {
    json_t *header;
    json_t *claims;
};
enum sim_jwt_result { SIM_JWT_OK, SIM_JWT_MALFORMED, SIM_JWT_BAD_SIGNATURE };
/* Splits and verifies a compact JWS. `alg` is "ES256" or "RS256"; the header must name it.
 * Claims are not judged. On OK the caller frees with sim_jwt_clear. */
enum sim_jwt_result sim_jwt_verify(struct sim_jwt *out, const char *token, const char *alg,
                                   const char *public_pem);
void sim_jwt_clear(struct sim_jwt *jwt);
/* Signs; for tests and for nothing else. The caller frees. NULL = bad key. */
char *sim_jwt_sign(const json_t *header, const json_t *claims, const char *alg,
                   const char *private_pem);

/* ---- small things every dialect needs (text.c) -------------------------------------------- */

void *sim_xcalloc(size_t n, size_t bytes); /* never NULL */
char *sim_xstrdup(const char *text);
char *sim_xstrndup(const char *text, size_t bytes);
/* Cuts to the size; false when it had to cut. */
bool sim_copy(char *out, size_t out_bytes, const char *text);
char *sim_vprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));
char *sim_printf(const char *format, ...) __attribute__((format(printf, 1, 2))); /* malloc'd */
/* Text of a JSON value, compact; the caller frees. */
char *sim_json_text(const json_t *value);
/* "2026-11-20T09:00:00Z", with milliseconds when they are not 0 and `with_ms`. out >= 32 bytes. */
const char *sim_rfc3339(char *out, size_t out_bytes, int64_t ms, bool with_ms);
/* Reads "…Z", "…+01:00", "…+0000", with or without fraction or zone (UTC). */
bool sim_rfc3339_parse(const char *text, int64_t *out_ms);
