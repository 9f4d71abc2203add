/*
 * world.h: pictures of release weeks, built by hand, for drawing without a core.
 *
 * Every world is a complete snapshot at WORLD_NOW. The story of the bad one: Wednesday 03:12,
 * Android 2.15.3 at 20 % began to crash three times as often as 2.15.2 an hour ago, a few minutes
 * after a backend deploy; iOS is well, Wear OS is in beta, the web's host does not answer.
 */
#pragma once

#include "slipway.h"

/* 2025-01-22T02:12:00Z, 03:12 in Madrid */
#define WORLD_NOW  INT64_C(1737511920000)
#define WORLD_ZONE "Europe/Madrid"

#define KNOWN(x)                                                                                   \
    {                                                                                              \
        .value = (x), .is_known = true                                                             \
    }
#define UNKNOWN                                                                                    \
    {                                                                                              \
        .is_known = false                                                                          \
    }
#define MINUTES_AGO(m) (WORLD_NOW - (int64_t)(m)*60000)

struct world {
    const char *name;
    const struct sw_snapshot *(*snapshot)(void);
};
/* Ended by a NULL name. */
extern const struct world worlds[];

const struct sw_snapshot *world_bad(void); /* a gate fails on Android */
const struct sw_snapshot *world_calm(void);
const struct sw_snapshot *world_busy(void); /* many platforms, every state, actions running */
const struct sw_snapshot *world_stale(void);
const struct sw_snapshot *world_halted(void);
const struct sw_snapshot *world_unseen(void);  /* a halt asked and not seen */
const struct sw_snapshot *world_empty(void);   /* first start, nothing read */
const struct sw_snapshot *world_cached(void);  /* the bad one, from an earlier run */
const struct sw_snapshot *world_worse(void);   /* with a verdict of the sequential test */
const struct sw_snapshot *world_hostile(void); /* text that wants to break the layout */
const struct sw_snapshot *world_nothing(void); /* no platforms at all */

/* The bad one, iOS halted with everything that only a store tells: a second version, pause budget,
 * builds, reviews. For the platform screen. */
const struct sw_snapshot *world_store(void);

/* The bad world as a value to change a copy of. */
void world_copy_bad(struct sw_snapshot *snapshot, struct sw_platform platforms[5]);
