/* rate_budget.c: see rate_budget.h. */
#include "net/rate_budget.h"

#include <math.h>

#include "base/assert.h"

/* Sums of fractions end a hair below the whole. */
#define HAIR 1e-6

enum { SLOT_WAIT_MS = 50, WAIT_MAX_MS = 60 * 60 * 1000 };

void rate_budget_init(struct rate_budget *budget, int per_minute, int burst, int concurrent,
                      double speed, int64_t now_ms)
{
    double factor = speed > 0 ? speed : 1;
    double rate = per_minute > 0 ? per_minute * factor : 0;
    double most = (burst > 1 ? burst : 1) * (factor > 1 ? factor : 1);
    *budget = (struct rate_budget){
        .per_ms = rate / 60000,
        .burst = most,
        .tokens = most,
        .debt_max = rate > most ? rate : most,
        .concurrent = concurrent > 0 ? concurrent : 0,
        .updated_ms = now_ms,
    };
}

static void refill(struct rate_budget *budget, int64_t now_ms)
{
    if (now_ms <= budget->updated_ms)
        return;
    budget->tokens += (double)(now_ms - budget->updated_ms) * budget->per_ms;
    if (budget->tokens > budget->burst)
        budget->tokens = budget->burst;
    budget->updated_ms = now_ms;
}

bool rate_budget_acquire(struct rate_budget *budget, int64_t now_ms, int64_t *wait_ms)
{
    refill(budget, now_ms);
    *wait_ms = 0;
    if (budget->concurrent > 0 && budget->in_use >= budget->concurrent) {
        *wait_ms = SLOT_WAIT_MS;
        return false;
    }
    if (budget->per_ms > 0 && budget->tokens < 1 - HAIR) {
        double wait = ceil((1 - HAIR - budget->tokens) / budget->per_ms);
        *wait_ms = wait < WAIT_MAX_MS ? (int64_t)wait : WAIT_MAX_MS;
        return false;
    }
    budget->in_use++;
    return true;
}

void rate_budget_release(struct rate_budget *budget)
{
    sw_assert(budget->in_use > 0);
    budget->in_use--;
}

void rate_budget_spend(struct rate_budget *budget, int64_t now_ms)
{
    if (budget->per_ms <= 0)
        return;
    refill(budget, now_ms);
    budget->tokens -= 1;
    if (budget->tokens < -budget->debt_max)
        budget->tokens = -budget->debt_max;
}
