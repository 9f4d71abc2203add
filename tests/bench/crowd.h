/*
 * crowd.h: a dashboard with 500 platforms, and the upstreams it polls.
 *
 * Each platform has four sources of figures: its rollout from Google Play, crash-free sessions from
 * Sentry, an error rate and an alarm from CloudWatch. They lie in eight accounts, because one
 * account's budget would not let 500 packages be read every minute.
 */
#pragma once

#include "bench.h"
#include "upstream.h"

enum {
    CROWD_PLATFORMS = 500,
    CROWD_PLAYS = 4,
    CROWD_SENTRIES = 3,
    CROWD_SERVICES = CROWD_PLAYS + CROWD_SENTRIES + 1,
    CROWD_LATENCY_MS = 100,
    CROWD_LIMIT_MS = 20000, /* what does not come within that does not come */
};

struct crowd {
    struct upstream *upstream;
    char home[BENCH_PATH], config[BENCH_PATH];
    struct line line; /* the dashboard */
};

/* "/applications/<package>/", as in the request lines about a platform. */
const char *crowd_part(size_t platform, char out[UPSTREAM_PART_MAX]);

/* From the `y` that confirms a halt to its first byte at the store, and on to the halt's being
 * seen: in a calm world, then with every other upstream silent. */
void crowd_halts(struct bench *bench, struct crowd *crowd);
