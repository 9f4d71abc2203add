/*
 * verdict_evidence.c: the evidence of a bucket, and what it comes to (verdict.h).
 *
 * A crash in a bucket belongs to the new version with probability r n / (r n + N) under rate ratio
 * r, whatever the common rate is. Each alternative is a likelihood ratio against the null; their
 * mean is E_cum. E_onset is the same for a fault that begins later, with a weight of 1/K for each
 * of the first K buckets as its start: E_cum alone would have to pay back all the healthy evidence.
 */
#include "model/verdict.h"

#include <math.h>

#include "base/macros.h"

const double sw_verdict_factor[SW_VERDICT_GRID] = {1.25, 1.5, 2, 3, 5, 8};
const double sw_verdict_factor_log[SW_VERDICT_GRID] = {
    0.22314355131420976, 0.40546510810816438, 0.69314718055994531,
    1.0986122886681098,  1.6094379124341003,  2.0794415416798357,
};

static bool is_count(double number)
{
    return isfinite(number) && number >= 0 && number <= SW_VERDICT_COUNT_MAX;
}

struct sw_value sw_verdict_old_rate(const struct sw_verdict_options *options, size_t index)
{
    return index >= options->old_rate_from ? options->old_rate : (struct sw_value){0};
}

bool sw_verdict_counts(struct sw_value old_rate, const struct sw_verdict_bucket *bucket)
{
    if (!is_count(bucket->bad_new) || !is_count(bucket->n_new) || bucket->n_new <= 0)
        return false;
    if (old_rate.is_known)
        return old_rate.value > 0;
    return is_count(bucket->bad_old) && is_count(bucket->n_old) && bucket->n_old > 0;
}

void sw_verdict_steps(const struct sw_verdict_bucket *bucket, struct sw_value old_rate,
                      double ratio, enum sw_verdict_side side, double steps[SW_VERDICT_GRID])
{
    double weighted = ratio * bucket->n_new;
    double share = weighted / (weighted + bucket->n_old);
    double crashes = bucket->bad_new + bucket->bad_old;
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        bool is_up = side == SW_VERDICT_UP;
        double factor = is_up ? sw_verdict_factor[j] : 1 / sw_verdict_factor[j];
        double log_factor = is_up ? sw_verdict_factor_log[j] : -sw_verdict_factor_log[j];
        /* (r_j n + N) / (r n + N) is 1 + (f - 1) share; with a known rate crashes are Poisson. */
        double cost = old_rate.is_known ? (factor - 1) * weighted * old_rate.value
                                        : crashes * log1p((factor - 1) * share);
        steps[j] = bucket->bad_new * log_factor - cost;
    }
}

double sw_verdict_log_mean(const double logs[SW_VERDICT_GRID])
{
    double sum = 0;
    double most = logs[0];
    for (size_t j = 1; j < SW_VERDICT_GRID; j++)
        most = fmax(most, logs[j]);
    if (isinf(most))
        return most;
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        sum += exp(logs[j] - most);
    return most + log(sum / SW_VERDICT_GRID);
}

/* ln(exp(a) + exp(b)) */
static double log_add(double a, double b)
{
    double most = fmax(a, b);
    double least = fmin(a, b);
    return isinf(least) ? most : most + log1p(exp(least - most));
}

void sw_evidence_init(struct sw_evidence *evidence, size_t starts)
{
    *evidence = (struct sw_evidence){.starts = (double)starts, .log_e_max = -HUGE_VAL};
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        evidence->onset[j] = -HUGE_VAL;
}

void sw_evidence_add(struct sw_evidence *evidence, const double steps[SW_VERDICT_GRID])
{
    double t = (double)++evidence->t;
    bool can_start = t <= evidence->starts;
    double log_weight = can_start ? -log(evidence->starts) : -HUGE_VAL;
    double log_unborn = t < evidence->starts ? log1p(-t / evidence->starts) : -HUGE_VAL;
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        evidence->cum[j] += steps[j];
        evidence->onset[j] = log_add(evidence->onset[j], log_weight) + steps[j];
    }
    evidence->log_e_cum = sw_verdict_log_mean(evidence->cum);
    evidence->log_e_onset = log_add(sw_verdict_log_mean(evidence->onset), log_unborn);
    evidence->log_e =
        log_add(evidence->log_e_cum, evidence->log_e_onset) - sw_verdict_factor_log[2];
    evidence->log_e_max = fmax(evidence->log_e_max, evidence->log_e);
}

double sw_verdict_e(double log_e)
{
    const double most = 1e300;
    return fmin(exp(log_e), most);
}

double sw_verdict_log_e_average(const double *log_e, size_t count)
{
    double sum = -HUGE_VAL;
    for (size_t i = 0; i < count; i++)
        sum = log_add(sum, log_e[i]);
    return count == 0 ? 0 : sum - log((double)count);
}
