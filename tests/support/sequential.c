/*
 * sequential.c: see sequential.h.
 */
#include "support/sequential.h"

#include <math.h>
#include <stdlib.h>

/* The probability of each count without an alarm so far; counts from `end` on are empty. */
struct alive {
    size_t end;
    double at[SEQUENTIAL_CRASHES + 2];
};

static double take_from(struct alive *alive, size_t boundary)
{
    double sum = 0;
    for (size_t x = boundary; x < alive->end; x++) {
        sum += alive->at[x];
        alive->at[x] = 0;
    }
    return sum;
}

static void move_one(struct alive *alive, double chance)
{
    alive->at[alive->end] = 0;
    for (size_t x = alive->end; x > 0; x--)
        alive->at[x] = alive->at[x] * (1 - chance) + alive->at[x - 1] * chance;
    alive->at[0] *= 1 - chance;
    alive->end++;
}

struct sequential_alarm sequential_walk_alarm(const struct sequential_walk *walk)
{
    struct sequential_alarm alarm = {0};
    struct alive *alive = calloc(1, sizeof *alive);
    if (alive == NULL)
        abort();
    alive->end = 1;
    alive->at[0] = 1;
    for (size_t k = 1; k <= walk->crashes; k++) {
        move_one(alive, walk->chance);
        for (size_t x = walk->boundary[k]; x < alive->end; x++)
            alarm.new_crashes += alive->at[x] * (double)x;
        double now = take_from(alive, walk->boundary[k]);
        alarm.power += now;
        alarm.all_crashes += now * (double)k;
    }
    alarm.new_crashes /= alarm.power;
    alarm.all_crashes /= alarm.power;
    free(alive);
    return alarm;
}

/* ------------------------------------------------------------------- MaxSPRT */

/* Counts grow by a Poisson number of mean `mean`; those of `end` and more are an alarm. */
static void move_time(struct alive *alive, double mean, size_t end)
{
    double chance[SEQUENTIAL_CRASHES + 1];
    chance[0] = exp(-mean);
    for (size_t i = 1; i < end; i++)
        chance[i] = chance[i - 1] * mean / (double)i;
    for (size_t x = end; x-- > 0;) {
        double sum = 0;
        for (size_t from = 0; from <= x; from++)
            sum += alive->at[from] * chance[x - from];
        alive->at[x] = sum;
    }
    alive->end = end;
}

/* The last time at which n events give alarm: the evidence falls as time goes on. */
static double last_time(size_t n, double limit)
{
    double low = 0;
    double high = (double)n;
    for (int i = 0; i < 200; i++) {
        double mu = low + (high - low) / 2;
        if (mu - (double)n + (double)n * log((double)n / mu) >= limit)
            low = mu;
        else
            high = mu;
    }
    return low;
}

double sequential_maxsprt_alarm(double time, double limit)
{
    struct alive *alive = calloc(1, sizeof *alive);
    double at = 0;
    double quiet = 0;
    if (alive == NULL)
        abort();
    alive->at[0] = 1;
    /* Up to the last time at which n events would alarm, there were fewer than n. */
    for (size_t n = 1; n <= SEQUENTIAL_CRASHES && at < time; n++) {
        double until = fmin(last_time(n, limit), time);
        move_time(alive, until - at, n);
        at = until;
    }
    for (size_t x = 0; x < alive->end; x++)
        quiet += alive->at[x];
    free(alive);
    return 1 - quiet;
}

double sequential_maxsprt_limit(double time, double alpha)
{
    double low = 0.5;
    double high = 20;
    for (int i = 0; i < 60; i++) {
        double limit = low + (high - low) / 2;
        if (sequential_maxsprt_alarm(time, limit) > alpha)
            low = limit;
        else
            high = limit;
    }
    return low;
}
