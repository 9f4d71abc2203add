/*
 * verdict_slow.c: see verdict_slow.h.
 */
#include "support/verdict_slow.h"

#include <math.h>
#include <stdbool.h>

#define GRID  6
#define COUNT (sizeof grid / sizeof grid[0])

static const long double grid[GRID] = {1.25L, 1.5L, 2, 3, 5, 8};

struct table {
    const struct sw_verdict_bucket *all;
    size_t begin, end;
};

static bool is_skipped(const struct sw_verdict_bucket *b)
{
    return b->n_new <= 0 || b->n_old <= 0;
}

/* d: the logarithm of one bucket's likelihood ratio of rate ratio r against r0. */
static long double d_of(const struct sw_verdict_bucket *b, long double r, long double r0)
{
    long double x = b->bad_new, n = b->n_new, y = b->bad_old, N = b->n_old;
    return x * logl(r / r0) - (x + y) * logl((r * n + N) / (r0 * n + N));
}

/* The mixture over the buckets [begin, end); up: r = r0 f, else r = r0 / f. */
static long double e_over(struct table table, long double r0, bool is_up)
{
    long double e = 0;
    for (size_t j = 0; j < COUNT; j++) {
        long double r = is_up ? r0 * grid[j] : r0 / grid[j];
        long double sum = 0;
        for (size_t t = table.begin; t < table.end; t++)
            sum += is_skipped(&table.all[t]) ? 0 : d_of(&table.all[t], r, r0);
        e += expl(sum) / COUNT;
    }
    return e;
}

/* E_onset by its recursion. */
static long double e_onset(struct table table, const struct sw_verdict_options *options)
{
    long double e = 0, K = (long double)options->starts;
    size_t t = 0;
    for (size_t j = 0; j < COUNT; j++) {
        long double A = 0;
        t = 0;
        for (size_t i = table.begin; i < table.end; i++) {
            if (is_skipped(&table.all[i]))
                continue;
            long double w = ++t <= options->starts ? 1 / K : 0;
            A = (A + w) * expl(d_of(&table.all[i], options->r0 * grid[j], options->r0));
        }
        e += A / COUNT;
    }
    return e + fmaxl(0, 1 - (long double)t / K);
}

static void find_since(struct table table, const struct sw_verdict_options *options,
                       struct slow_row *row, size_t *index)
{
    size_t number = 0;
    row->since = 0;
    row->since_e = row->since_next = -1;
    for (size_t s = table.begin; s < table.end; s++) {
        if (is_skipped(&table.all[s]))
            continue;
        number++;
        long double e = e_over((struct table){table.all, s, table.end}, options->r0, true);
        if (row->since == 0 || e > row->since_e) {
            row->since_next = row->since_e;
            row->since_e = e;
            row->since = number;
            *index = s;
        } else if (e > row->since_next) {
            row->since_next = e;
        }
    }
}

/* The crossing of a rising function of the ratio, by bisection on its logarithm. */
static long double bisect(struct table table, long double limit,
                          long double (*rising)(struct table, long double))
{
    long double low = -40, high = 40;
    for (int i = 0; i < 62; i++) {
        long double middle = (low + high) / 2;
        if (rising(table, expl(middle)) > limit)
            high = middle;
        else
            low = middle;
    }
    return expl(low);
}

/* How many crashes a ratio gives the new version, of all there were: its likelihood's slope. */
static long double share_sum(struct table table, long double r)
{
    long double sum = 0;
    for (size_t t = table.begin; t < table.end; t++) {
        const struct sw_verdict_bucket *b = &table.all[t];
        if (!is_skipped(b))
            sum += (b->bad_new + b->bad_old) * (r * b->n_new / (r * b->n_new + b->n_old));
    }
    return sum;
}

static long double minus_e(struct table table, long double r0)
{
    return -e_over(table, r0, true);
}

static long double mirrored_e(struct table table, long double r1)
{
    return e_over(table, r1, false);
}

static void find_ratio(struct table table, const struct sw_verdict_options *options,
                       struct slow_row *row)
{
    long double x = 0, y = 0, limit = 2 / (long double)options->alpha;
    for (size_t t = table.begin; t < table.end; t++) {
        x += is_skipped(&table.all[t]) ? 0 : (long double)table.all[t].bad_new;
        y += is_skipped(&table.all[t]) ? 0 : (long double)table.all[t].bad_old;
    }
    row->ratio = y > 0 ? (x > 0 ? bisect(table, x, share_sum) : 0) : -1;
    bool has_low = minus_e(table, expl(-40)) < -limit;
    bool has_high = mirrored_e(table, expl(40)) > limit;
    row->low = has_low ? bisect(table, -limit, minus_e) : 0;
    row->high = has_high ? bisect(table, limit, mirrored_e) : -1;
}

static long double e_at(struct table table, const struct sw_verdict_options *options)
{
    return (e_over(table, options->r0, true) + e_onset(table, options)) / 2;
}

void slow_judge(const struct sw_verdict_options *options, const struct sw_verdict_bucket *buckets,
                size_t count, struct slow_row *row)
{
    struct table table = {buckets, 0, count};
    size_t index = 0, last = count;
    long double most = 0;
    *row = (struct slow_row){.state = SW_VERDICT_UNKNOWN};
    for (size_t t = 0; t < count; t++) {
        if (is_skipped(&buckets[t]))
            continue;
        row->t++;
        last = t + 1;
        most = fmaxl(most, e_at((struct table){buckets, 0, last}, options));
    }
    if (row->t == 0)
        return;
    table.end = last;
    row->e_cum = e_over(table, options->r0, true);
    row->e_onset = e_onset(table, options);
    row->e = e_at(table, options);
    row->p = fminl(1, 1 / most);
    struct table window = table;
    window.begin = last > options->soak ? last - options->soak : 0;
    if (most >= 1 / (long double)options->alpha)
        row->state = SW_VERDICT_WORSE;
    else if (mirrored_e(window, options->margin) >= 1 / (long double)options->beta)
        row->state = SW_VERDICT_NOT_WORSE;
    else
        row->state = SW_VERDICT_NOT_ENOUGH_DATA;
    find_since(table, options, row, &index);
    table.begin = row->state == SW_VERDICT_WORSE ? index : 0;
    find_ratio(table, options, row);
}
