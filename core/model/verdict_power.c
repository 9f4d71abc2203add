/*
 * verdict_power.c: what the traffic so far would show (slipway.h).
 *
 * The control's crashes are taken as they were, those of the new version as Poisson with the
 * control's rate times a ratio, both spread over the buckets like their sessions. Only E_cum is
 * asked, at twice the limit: E is not less than half of it, so that what is promised here is
 * reached.
 */
#include "model/verdict.h"

#include <math.h>

#include "base/macros.h"

#define POWER 0.8

/* Evidence of alternative j: bad_new * gain[j] - loss[j]. */
struct slope {
    double bad_new, n_new, bad_old, n_old;
    double gain[SW_VERDICT_GRID], loss[SW_VERDICT_GRID];
};

/* Takes buckets one at a time; gain and loss are sums over sessions until slope_end. */
static void slope_add(struct slope *slope, const struct sw_verdict_bucket *bucket,
                      struct sw_value old_rate, double ratio, enum sw_verdict_side side)
{
    /* One crash per session on one side alone shows what a crash there costs. */
    struct sw_verdict_bucket one_new = {
        .n_new = bucket->n_new, .n_old = bucket->n_old, .bad_new = 1};
    struct sw_verdict_bucket one_old = {
        .n_new = bucket->n_new, .n_old = bucket->n_old, .bad_old = 1};
    double news[SW_VERDICT_GRID], olds[SW_VERDICT_GRID], none[SW_VERDICT_GRID] = {0};
    sw_verdict_steps(&one_new, old_rate, ratio, side, news);
    sw_verdict_steps(&one_old, old_rate, ratio, side, olds);
    if (old_rate.is_known) {
        one_new.bad_new = 0;
        sw_verdict_steps(&one_new, old_rate, ratio, side, none);
    }
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        slope->gain[j] += bucket->n_new * (news[j] - none[j]);
        slope->loss[j] -= old_rate.is_known ? none[j] : bucket->n_old * olds[j];
    }
    slope->bad_new += bucket->bad_new;
    slope->n_new += bucket->n_new;
    slope->bad_old += bucket->bad_old;
    slope->n_old += bucket->n_old;
}

/* The control's crash rate; false where there is none to compare with yet. */
static bool slope_end(struct slope *slope, struct sw_value old_rate, double *rate)
{
    if (slope->n_new <= 0)
        return false;
    *rate = old_rate.is_known ? old_rate.value : slope->bad_old / fmax(slope->n_old, 1);
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        slope->gain[j] /= slope->n_new;
        if (!old_rate.is_known)
            slope->loss[j] *= *rate;
    }
    return *rate > 0;
}

static bool slope_of(const struct sw_verdict_options *options,
                     const struct sw_verdict_bucket *buckets, size_t count, double ratio,
                     enum sw_verdict_side side, struct slope *slope, double *rate)
{
    *slope = (struct slope){0};
    for (size_t i = 0; i < count; i++) {
        if (sw_verdict_counts(options->old_rate, &buckets[i]))
            slope_add(slope, &buckets[i], options->old_rate, ratio, side);
    }
    return slope_end(slope, options->old_rate, rate);
}

static double log_e_at(const struct slope *slope, double bad_new)
{
    double logs[SW_VERDICT_GRID];
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        logs[j] = bad_new * slope->gain[j] - slope->loss[j];
    return sw_verdict_log_mean(logs);
}

/* P(Poisson(mean) <= count), as a sum from the greatest term down. */
static double poisson_below(double mean, double count)
{
    const double exact_max = 1e6, negligible = 1e-17;
    if (count < 0)
        return 0;
    if (mean > exact_max) /* the normal law is as good there */
        return 0.5 * erfc((mean - count - 0.5) / sqrt(2 * mean));
    bool is_upper = count > mean;
    double at = is_upper ? count + 1 : count;
    double term = exp(at * log(mean) - mean - lgamma(at + 1));
    double sum = 0;
    while (at >= 0 && term > negligible * sum && term > 0) {
        sum += term;
        term *= is_upper ? mean / (at + 1) : at / mean;
        at += is_upper ? 1 : -1;
    }
    return is_upper ? 1 - sum : sum;
}

/* The least count of 0..most for which is_so, which holds from some count on; most + 1: for none.
 */
static double least_count(double most, bool (*is_so)(const struct slope *, double, double),
                          const struct slope *slope, double limit)
{
    double low = -1;
    double high = most + 1;
    while (high - low > 1) {
        double middle = floor(low + (high - low) / 2);
        if (is_so(slope, middle, limit))
            high = middle;
        else
            low = middle;
    }
    return high;
}

static bool is_enough(const struct slope *slope, double bad_new, double limit)
{
    return log_e_at(slope, bad_new) >= limit;
}

static bool is_too_many(const struct slope *slope, double bad_new, double limit)
{
    return log_e_at(slope, bad_new) < limit;
}

struct sw_value sw_verdict_sees(const struct sw_verdict_options *options,
                                const struct sw_verdict_bucket *buckets, size_t count)
{
    struct slope slope;
    double rate;
    if (!slope_of(options, buckets, count, options->r0, SW_VERDICT_UP, &slope, &rate))
        return (struct sw_value){0};
    double needed = least_count(slope.n_new, is_enough, &slope, log(2 / options->alpha));
    double low = 0;
    double high = slope.n_new;
    if (needed > slope.n_new || poisson_below(high, needed - 1) > 1 - POWER)
        return (struct sw_value){0}; /* not even if every session crashed */
    for (int i = 0; i < 100 && high - low > 1e-9 * high; i++) {
        double middle = low + (high - low) / 2;
        if (poisson_below(middle, needed - 1) > 1 - POWER)
            low = middle;
        else
            high = middle;
    }
    return (struct sw_value){.value = high / (slope.n_new * rate), .is_known = true};
}

bool sw_verdict_can_decide(const struct sw_verdict_options *options,
                           const struct sw_verdict_bucket *buckets, size_t count)
{
    struct slope slope;
    double rate;
    size_t first = count > options->soak ? count - options->soak : 0;
    if (!slope_of(options, buckets + first, count - first, options->margin, SW_VERDICT_DOWN, &slope,
                  &rate))
        return false;
    double too_many = least_count(slope.n_new, is_too_many, &slope, -log(options->beta));
    return poisson_below(rate * slope.n_new, too_many - 1) >= POWER;
}
