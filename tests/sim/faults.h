/*
 * Faults on request: which are set, which one a request meets, and the counters of what came.
 *
 * Two places play them: faults that are still HTTP (a status, a body of garbage, a huge body) are
 * answered by the server instead of the dialect; those that break HTTP (cut, reset, slow, silent,
 * noise, refuse, and latency, which must hold up nobody else) are played by the proxy. `before`
 * says that the dialect never sees the request; otherwise it is carried out and only the answer
 * suffers, which is the case a client must survive without sending it again.
 *
 * All functions: the simulator's lock held.
 */
#pragma once

#include "sim.h"

enum sim_fault_kind {
    SIM_FAULT_NONE,
    SIM_FAULT_LATENCY, /* `ms` before the first byte of the answer; adds to another fault */
    SIM_FAULT_STATUS,  /* `status`, `retry_after`, `location`, `body` */
    SIM_FAULT_GARBAGE, /* 200, application/json, bytes that are no JSON */
    SIM_FAULT_HTML,    /* 200, text/html: a login page */
    SIM_FAULT_EMPTY,   /* 200, no body */
    SIM_FAULT_HUGE,    /* 200, `bytes` (default 64 MiB) of chunked JSON-like text */
    SIM_FAULT_CUT,     /* FIN after `bytes` of the answer (of its body with from_body) */
    SIM_FAULT_RESET,   /* the same with RST */
    SIM_FAULT_SLOW,    /* the answer at `bytes` per second */
    SIM_FAULT_SILENT,  /* no answer, connection kept open */
    SIM_FAULT_NOISE,   /* `bytes` that are no HTTP, then FIN */
    SIM_FAULT_INTERIM, /* `bytes` times "100 Continue" before the answer */
    SIM_FAULT_REFUSE,  /* the port is closed */
};

struct sim_fault {
    int64_t id;
    enum sim_fault_kind kind;
    size_t service;     /* SIZE_MAX = every service */
    int status;
    char retry_after[64]; /* sent as given; "date:N" becomes an HTTP date N seconds ahead */
    char location[160];
    char body[512];
    int64_t ms;
    int64_t bytes;
    bool from_body;
    bool before;
    double probability; /* 0..1 */
    int64_t count;      /* requests left to hit; -1 = without end */
    char path[160];     /* must occur in the raw target or in X-Amz-Target; "" = any */
    char method[12];    /* "" = any */
    int64_t hits;
};

/* What one request meets. */
struct sim_verdict {
    struct sim_fault fault; /* kind NONE = none but perhaps a delay */
    int64_t delay_ms;
};

struct sim_faults *sim_faults_new(uint64_t seed);
void sim_faults_free(struct sim_faults *faults);
/* From the admin's JSON. NULL: `error` (256 bytes) says why. Otherwise the stored fault. */
const struct sim_fault *sim_faults_add(struct sim_faults *faults, json_t *spec, char *error);
/* id < 0: all. Returns how many went. */
size_t sim_faults_remove(struct sim_faults *faults, int64_t id);
json_t *sim_faults_json(const struct sim_faults *faults);
bool sim_faults_refuses(const struct sim_faults *faults, size_t service);
struct sim_verdict sim_faults_judge(struct sim_faults *faults, size_t service,
                                    const struct sim_request *rq);
/* Answers instead of the dialect; false when this kind is not answered here. */
bool sim_fault_answer(const struct sim_fault *fault, struct sim_reply *rp);

struct sim_counters *sim_counters_new(void);
void sim_counters_free(struct sim_counters *counters);
void sim_counters_reset(struct sim_counters *counters);
/* One finished request: what it was and how it went. `own_status` is the dialect's answer, 0 when
 * a fault kept the request from it; `status` is what was sent. */
void sim_counters_add(struct sim_counters *counters, size_t service, enum sim_effect effect,
                      const struct sim_request *rq, int own_status, int status,
                      const struct sim_fault *fault, int64_t world_ms);
/* A request no dialect was asked about: malformed or too large. */
void sim_counters_add_malformed(struct sim_counters *counters, size_t service);
json_t *sim_counters_json(const struct sim_counters *counters);
json_t *sim_counters_recent_json(const struct sim_counters *counters);

/* sim_dispatch() with the verdict told, for the server. */
void sim_dispatch_judged(struct sim *sim, size_t service, const struct sim_request *rq,
                         struct sim_reply *rp, struct sim_verdict *verdict);
