/* rate_budget.h: how many requests we allow ourselves against one account. Pure over a
 * monotonic `now`; its owner locks.
 *
 * A token bucket (per_minute, burst) and a number of slots. A poll starts only
 * with a slot and a token in hand; the requests of a flow that has begun are
 * counted but never stopped half-way (a Play edit left open would hurt more
 * than one request too many): the debt delays the next flow. Actions never
 * wait; they are counted all the same. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate_budget {
    double per_ms;      /* tokens gained in a millisecond; 0: no limit */
    double burst;       /* most tokens at once */
    double tokens;      /* now; negative: debt */
    double debt_max;    /* most debt: one minute's worth */
    int concurrent;     /* slots; 0: no limit */
    int in_use;
    int64_t updated_ms; /* monotonic */
};

/* per_minute 0: no limit of ours. burst below 1 counts as 1. speed multiplies
 * per_minute and burst (simulation), and is 1 when not above 0. */
void rate_budget_init(struct rate_budget *budget, int per_minute, int burst, int concurrent,
                      double speed, int64_t now_ms);

/* Takes a slot when a slot is free and a token is there (it is not taken yet).
 * Else false and *wait_ms says when tokens suffice; a slot is told by release,
 * so then it is a guess of 50 ms. */
bool rate_budget_acquire(struct rate_budget *budget, int64_t now_ms, int64_t *wait_ms);
void rate_budget_release(struct rate_budget *budget);

/* Counts one request that is about to leave. */
void rate_budget_spend(struct rate_budget *budget, int64_t now_ms);
