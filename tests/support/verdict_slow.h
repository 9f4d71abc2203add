/*
 * verdict_slow.h: the sequential verdict written straight from docs/verdict.md, with no thought of
 * speed: every sum from its first bucket, in long double, exponentials as they stand. It shares no
 * code with core/model, so that an error in one is not in the other.
 */
#pragma once

#include <stddef.h>

#include "slipway.h"

struct slow_row {
    size_t t;
    long double e_cum, e_onset, e, p;
    enum sw_verdict state;
    size_t since;                 /* the earliest of the greatest */
    long double since_e;          /* what `since` maximises, there */
    long double since_next;       /* the greatest of the other starts */
    long double ratio, low, high; /* high, ratio: < 0 when infinite or nothing crashed */
};

/* After all of the first `count` buckets. t is 0 when none of them counts. */
void slow_judge(const struct sw_verdict_options *options, const struct sw_verdict_bucket *buckets,
                size_t count, struct slow_row *row);
