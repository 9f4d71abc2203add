/*
 * verdict_exposure.c: the ratio of some buckets and its interval (verdict.h).
 *
 * Everything here is one sum over the lattice for each ratio tried. E_cum falls as its null rises,
 * so the ends of the interval are roots; they are bracketed first and then narrowed by regula falsi
 * in the Illinois form, which never leaves the bracket and needs some ten tries where bisection to
 * the same digits needs fifty.
 */
#include "model/verdict.h"

#include <math.h>

#include "base/assert.h"
#include "base/macros.h"

/* ------------------------------------------------------------------- lattice */

void sw_exposure_init(struct sw_exposure *exposure)
{
    *exposure = (struct sw_exposure){.first = SW_LATTICE_SIZE, .end = 0};
    for (int k = 0; k < SW_LATTICE_SIZE; k++)
        exposure->odds[k] = exp((double)(k - SW_LATTICE_HALF) / SW_LATTICE_PER_UNIT);
}

void sw_exposure_reset(struct sw_exposure *exposure)
{
    for (size_t k = exposure->first; k < exposure->end; k++)
        exposure->weight[k] = 0;
    exposure->bad_new = exposure->n_new = exposure->bad_old = exposure->n_old = 0;
    exposure->expected = 0;
    exposure->first = SW_LATTICE_SIZE;
    exposure->end = 0;
}

/* Lagrange's weights at `at`, 0..9, for the points 0..9. */
static void stencil_at(double at, double weights[SW_LATTICE_STENCIL])
{
    static const double below[SW_LATTICE_STENCIL] = {/* prod over m != i of (i - m) */
                                                     -362880, 40320, -10080, 4320,   -2880,
                                                     2880,    -4320, 10080,  -40320, 362880};
    double left[SW_LATTICE_STENCIL];
    double product = 1;
    for (int i = 0; i < SW_LATTICE_STENCIL; i++) {
        left[i] = product;
        product *= at - i;
    }
    product = 1;
    for (int i = SW_LATTICE_STENCIL - 1; i >= 0; i--) {
        weights[i] = left[i] * product / below[i];
        product *= at - i;
    }
}

static void spread(struct sw_exposure *exposure, double log_odds, double crashes)
{
    double weights[SW_LATTICE_STENCIL];
    double place = log_odds * SW_LATTICE_PER_UNIT;
    double cell = floor(place);
    long first = lround(cell) + SW_LATTICE_HALF - SW_LATTICE_STENCIL / 2 + 1;
    sw_assert(first >= 0 && first + SW_LATTICE_STENCIL <= SW_LATTICE_SIZE);
    stencil_at(place - cell + SW_LATTICE_STENCIL / 2 - 1, weights);
    size_t begin = (size_t)first;
    for (size_t i = 0; i < SW_LATTICE_STENCIL; i++)
        exposure->weight[begin + i] += crashes * weights[i];
    if (begin < exposure->first)
        exposure->first = begin;
    if (begin + SW_LATTICE_STENCIL > exposure->end)
        exposure->end = begin + SW_LATTICE_STENCIL;
}

void sw_exposure_add(struct sw_exposure *exposure, const struct sw_verdict_bucket *bucket,
                     struct sw_value old_rate)
{
    exposure->bad_new += bucket->bad_new;
    exposure->n_new += bucket->n_new;
    exposure->bad_old += bucket->bad_old;
    exposure->n_old += bucket->n_old;
    double crashes = bucket->bad_new + bucket->bad_old;
    if (old_rate.is_known)
        exposure->expected += bucket->n_new * old_rate.value;
    else if (crashes > 0)
        spread(exposure, log(bucket->n_new / bucket->n_old), crashes);
}

/* --------------------------------------------------------------------- sums */

double sw_exposure_log_e(const struct sw_exposure *exposure, double ratio,
                         enum sw_verdict_side side)
{
    double logs[SW_VERDICT_GRID];
    double gain[SW_VERDICT_GRID]; /* factor - 1 */
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        bool is_up = side == SW_VERDICT_UP;
        gain[j] = (is_up ? sw_verdict_factor[j] : 1 / sw_verdict_factor[j]) - 1;
        logs[j] = exposure->bad_new * (is_up ? 1 : -1) * sw_verdict_factor_log[j] -
                  gain[j] * ratio * exposure->expected;
    }
    for (size_t k = exposure->first; k < exposure->end; k++) {
        double weighted = ratio * exposure->odds[k];
        double share = weighted / (weighted + 1);
        for (size_t j = 0; j < SW_VERDICT_GRID; j++)
            logs[j] -= exposure->weight[k] * log1p(gain[j] * share);
    }
    return sw_verdict_log_mean(logs);
}

/* Crashes of the new version that a ratio lets expect, given how many there were on both sides. */
static double expected_at(const struct sw_exposure *exposure, double ratio)
{
    double sum = ratio * exposure->expected;
    for (size_t k = exposure->first; k < exposure->end; k++) {
        double weighted = ratio * exposure->odds[k];
        sum += exposure->weight[k] * weighted / (weighted + 1);
    }
    return sum;
}

/* ---------------------------------------------------------------------- roots */

enum root_of { ROOT_RATIO, ROOT_LOW, ROOT_HIGH };

struct question {
    const struct sw_exposure *exposure;
    enum root_of of;
    double log_limit;
};

/* Each rises with the ratio's logarithm. */
static double rising(const struct question *question, double log_ratio)
{
    double ratio = exp(log_ratio);
    switch (question->of) {
    case ROOT_RATIO:
        return log(expected_at(question->exposure, ratio) / question->exposure->bad_new);
    case ROOT_LOW:
        return question->log_limit - sw_exposure_log_e(question->exposure, ratio, SW_VERDICT_UP);
    case ROOT_HIGH:
        break;
    }
    return sw_exposure_log_e(question->exposure, ratio, SW_VERDICT_DOWN) - question->log_limit;
}

struct bracket {
    double low, high; /* ln ratio */
    double at_low, at_high;
};

/* Ratios beyond e^60 on either side are not met with counts that a double holds. */
#define LOG_RATIO_MAX 60.0

static struct bracket bracket_from(const struct question *question, double guess)
{
    struct bracket b = {.low = guess, .high = guess};
    b.at_low = b.at_high = rising(question, guess);
    for (double step = 0.5; b.at_low > 0 && b.low > -LOG_RATIO_MAX; step *= 2) {
        b.high = b.low;
        b.at_high = b.at_low;
        b.low = fmax(b.low - step, -LOG_RATIO_MAX);
        b.at_low = rising(question, b.low);
    }
    for (double step = 0.5; b.at_high < 0 && b.high < LOG_RATIO_MAX; step *= 2) {
        b.low = b.high;
        b.at_low = b.at_high;
        b.high = fmin(b.high + step, LOG_RATIO_MAX);
        b.at_high = rising(question, b.high);
    }
    return b;
}

static double root_near(const struct question *question, double guess)
{
    const double enough = 1e-12;
    struct bracket b = bracket_from(question, guess);
    int side = 0; /* which end moved last: an end that stays twice has its weight halved */
    for (int i = 0; i < 100 && b.high - b.low > enough && b.at_low < 0 && b.at_high > 0; i++) {
        double next = (b.low * b.at_high - b.high * b.at_low) / (b.at_high - b.at_low);
        if (!(next > b.low && next < b.high))
            next = b.low + (b.high - b.low) / 2;
        double value = rising(question, next);
        if (value > 0) {
            b.high = next;
            b.at_high = value;
            b.at_low *= side > 0 ? 0.5 : 1;
            side = 1;
        } else {
            b.low = next;
            b.at_low = value;
            b.at_high *= side < 0 ? 0.5 : 1;
            side = -1;
        }
        if (fabs(value) < enough * 0.01)
            return exp(next);
    }
    if (b.at_low >= 0)
        return exp(b.low);
    return exp(b.at_high <= 0 ? b.high : b.low + (b.high - b.low) / 2);
}

/* Somewhere near the ratio, also where a side has no crash. */
static double guess_of(const struct sw_exposure *exposure)
{
    if (exposure->expected > 0)
        return log((exposure->bad_new + 0.5) / exposure->expected);
    return log((exposure->bad_new + 0.5) / exposure->n_new) -
           log((exposure->bad_old + 0.5) / exposure->n_old);
}

struct sw_value sw_exposure_ratio(const struct sw_exposure *exposure)
{
    struct question question = {.exposure = exposure, .of = ROOT_RATIO};
    bool is_bounded = exposure->expected > 0 || exposure->bad_old > 0;
    if (!is_bounded)
        return (struct sw_value){0};
    if (exposure->bad_new <= 0)
        return (struct sw_value){.value = 0, .is_known = true};
    double root = root_near(&question, guess_of(exposure));
    return (struct sw_value){.value = root, .is_known = true};
}

/* The greatest ln E_cum that any null gives: all crashes of one side count, none of the other. */
static double log_e_bound(double crashes)
{
    double logs[SW_VERDICT_GRID];
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        logs[j] = crashes * sw_verdict_factor_log[j];
    return sw_verdict_log_mean(logs);
}

double sw_exposure_low(const struct sw_exposure *exposure, double log_limit)
{
    struct question question = {exposure, ROOT_LOW, log_limit};
    if (log_e_bound(exposure->bad_new) < log_limit)
        return 0;
    return root_near(&question, guess_of(exposure) - 1);
}

struct sw_value sw_exposure_high(const struct sw_exposure *exposure, double log_limit)
{
    struct question question = {exposure, ROOT_HIGH, log_limit};
    if (!(exposure->expected > 0) && log_e_bound(exposure->bad_old) < log_limit)
        return (struct sw_value){0};
    double root = root_near(&question, guess_of(exposure) + 1);
    return (struct sw_value){.value = root, .is_known = true};
}
