/*
 * simulator.h: slipway-sim as a process of its own, and its admin endpoint.
 *
 * It runs $SLIPWAY_SIM_BIN in a new directory below $TMPDIR and ends with the test program at the
 * latest. Whatever an admin request is refused for is a defect of the test and ends it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct simulator {
    pid_t pid;
    char dir[192];
    char config[224]; /* the file it wrote */
    char admin_url[64];
    char admin_token[96];
    json_t *endpoints;
};

/* speed: 1..3600. Ends the test program when it cannot. */
void simulator_start(struct simulator *sim, int speed, int seed);
/* SIGTERM; its exit code (0 when it was clean, also for the sanitizers), or -signal. Its directory
 * goes. A second call does nothing. */
int simulator_stop(struct simulator *sim);

/* An admin request (`format` NULL: no body); the answer is the caller's. */
__attribute__((format(printf, 4, 5))) json_t *simulator_ask(const struct simulator *sim,
                                                            const char *method, const char *path,
                                                            const char *format, ...);
/* The same when the answer does not matter. */
__attribute__((format(printf, 4, 5))) void simulator_do(const struct simulator *sim,
                                                        const char *method, const char *path,
                                                        const char *format, ...);

/* "services.google_play.url" of endpoints.json; "" when it is not there. */
const char *simulator_endpoint(const struct simulator *sim, const char *path);
/* Requests that changed users' state, received since the counters were last cleared. */
int64_t simulator_mutating(const struct simulator *sim);
/* One counter of a service: "requests", "mutating", … */
int64_t simulator_count(const struct simulator *sim, const char *service, const char *counter);
/* Value at a path ("a.b.0.c") inside json, borrowed; NULL when it is not there. */
json_t *simulator_at(json_t *json, const char *path);
/* The written configuration once more in the simulator's directory, as `name`, with every `from`
 * replaced by `to` (NULL: as it is); false when nothing was replaced. */
bool simulator_config_variant(const struct simulator *sim, const char *name, const char *from,
                              const char *to);
/* The same with the first text of each pair replaced by the second; `pairs` is NULL-terminated. The
 * file's path is in `path`. Ends the test program when one does not occur: the test would not be
 * about what it says. */
void simulator_config_with(const struct simulator *sim, const char *name, const char *const *pairs,
                           char *path, size_t size);
