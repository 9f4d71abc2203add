/*
 * bench_judgement.c: `make bench-judgement`: how often a healthy rollout is called worse, and how
 * soon a bad one is, when somebody looks every five minutes.
 *
 * Three ways of judging see the same simulated rollouts: the verdict (core/model/verdict.h), a
 * fixed threshold on the last hour, and an ordinary one-sided binomial test asked again at every
 * look. One table holds all. The seed is fixed and printed, so that two runs print the same
 * figures.
 *
 * Exit 1 when the verdict flags more healthy rollouts than alpha lets it.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/verdict.h"

enum {
    HEALTHY_RUNS = 2000,
    BAD_RUNS = 1000,
    HOUR = 12, /* buckets of five minutes */
    DAY = 24 * HOUR,
    HEALTHY_BUCKETS = 14 * DAY,
    SEEN_FOR = 3 * DAY, /* how long a bad rollout is watched from its onset on */
    BUCKET_MINUTES = 5,
};

static const uint64_t seed = UINT64_C(20260129);
static const double base_rate = 0.0029; /* crashes per session of the old version */
static const double sessions_per_hour = 30000;
static const double threshold = 0.995, threshold_sample = 600;
static const double alpha = 0.05;

enum judge { JUDGE_20, JUDGE_100, JUDGE_THRESHOLD, JUDGE_REPEATED, JUDGES };
static const char *const judge_names[JUDGES] = {"verdict, E >= 20", "verdict, E >= 100",
                                                "99.5 % over an hour", "binomial test, repeated"};

/* ----------------------------------------------------------------------- chance */

/* splitmix64; each run has a stream of its own. */
static uint64_t draw(uint64_t *random)
{
    uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double draw_unit(uint64_t *random)
{
    return ((double)(draw(random) >> 11) + 0.5) * 0x1p-53;
}

static double draw_poisson(uint64_t *random, double mean)
{
    double count = 0;
    for (double left = exp(-mean), product = draw_unit(random); product > left;
         product *= draw_unit(random))
        count++;
    return count;
}

/* --------------------------------------------------------------------- rollouts */

/* What a rollout is like at a bucket. */
struct plan {
    bool is_staged; /* percent by stages and a daily cycle; else 4,400 and 25,600 an hour */
    double ratio;   /* from `onset` on */
    size_t onset, buckets;
};

static double share_at(const struct plan *plan, size_t t)
{
    if (!plan->is_staged)
        return 4400 / sessions_per_hour;
    size_t day = t / DAY;
    return day < 1 ? 0.01 : day < 3 ? 0.05 : day < 7 ? 0.2 : 0.5;
}

/* Both versions have more users, and more crashes a session, at some hours. */
static struct sw_verdict_bucket draw_bucket(const struct plan *plan, size_t t, uint64_t *random)
{
    double turn = 6.283185307179586 * (double)(t % DAY) / DAY;
    double crowd = plan->is_staged ? 1 + 0.6 * sin(turn) : 1;
    double rate = base_rate * (plan->is_staged ? 1 + 0.3 * cos(turn) : 1);
    double all = sessions_per_hour / HOUR * crowd;
    double n_new = fmax(1, round(all * share_at(plan, t)));
    double n_old = fmax(1, round(all) - n_new);
    double ratio = t >= plan->onset ? plan->ratio : 1;
    return (struct sw_verdict_bucket){.bad_new = draw_poisson(random, n_new * rate * ratio),
                                      .n_new = n_new,
                                      .bad_old = draw_poisson(random, n_old * rate),
                                      .n_old = n_old};
}

/* ----------------------------------------------------------------------- judges */

/* P(Binomial(n, p) >= x) < limit, for x above the mean: terms fall at least geometrically. */
static bool is_tail_below(double x, double n, double p, double limit)
{
    double term =
        exp(lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) + x * log(p) + (n - x) * log1p(-p));
    double sum = 0;
    for (; x <= n && sum < limit && term > 1e-12 * limit; x++) {
        sum += term;
        term *= (n - x) / (x + 1) * p / (1 - p);
    }
    return sum < limit;
}

struct bench_case {
    struct sw_evidence evidence;
    double x, n, y, N; /* so far */
    struct sw_verdict_bucket hour[HOUR];
    double hour_x, hour_n;
    size_t at[JUDGES]; /* bucket of the first alarm */
    bool has[JUDGES];
};

static void note(struct bench_case *c, enum judge judge, size_t t, bool is_alarm)
{
    if (is_alarm && !c->has[judge]) {
        c->has[judge] = true;
        c->at[judge] = t;
    }
}

static void look(struct bench_case *c, const struct sw_verdict_bucket *bucket, size_t t)
{
    double steps[SW_VERDICT_GRID];
    struct sw_verdict_bucket *oldest = &c->hour[t % HOUR];
    sw_verdict_steps(bucket, (struct sw_value){0}, 1, SW_VERDICT_UP, steps);
    sw_evidence_add(&c->evidence, steps);
    note(c, JUDGE_20, t, c->evidence.log_e >= log(20));
    note(c, JUDGE_100, t, c->evidence.log_e >= log(100));
    c->hour_x += bucket->bad_new - oldest->bad_new;
    c->hour_n += bucket->n_new - oldest->n_new;
    *oldest = *bucket;
    note(c, JUDGE_THRESHOLD, t,
         c->hour_n >= threshold_sample && 1 - c->hour_x / c->hour_n < threshold);
    c->x += bucket->bad_new;
    c->n += bucket->n_new;
    c->y += bucket->bad_old;
    c->N += bucket->n_old;
    double p = c->n / (c->n + c->N);
    if (!c->has[JUDGE_REPEATED] && bucket->bad_new > 0 && c->x > (c->x + c->y) * p)
        note(c, JUDGE_REPEATED, t, is_tail_below(c->x, c->x + c->y, p, alpha));
}

static void watch(const struct plan *plan, uint64_t stream, struct bench_case *c)
{
    uint64_t random = seed ^ (stream * UINT64_C(0xd1342543de82ef95));
    *c = (struct bench_case){.n = 0};
    sw_evidence_init(&c->evidence, HEALTHY_BUCKETS);
    for (size_t t = 0; t < plan->buckets; t++) {
        struct sw_verdict_bucket bucket = draw_bucket(plan, t, &random);
        look(c, &bucket, t);
        if (c->has[JUDGE_20] && c->has[JUDGE_100] && c->has[JUDGE_THRESHOLD] &&
            c->has[JUDGE_REPEATED])
            return;
    }
}

/* ------------------------------------------------------------------------ table */

/* Wilson's interval, 95 %. */
static void interval_of(size_t hits, size_t runs, double *low, double *high)
{
    const double z = 1.959963984540054;
    double n = (double)runs;
    double share = (double)hits / n;
    double centre = share + z * z / (2 * n);
    double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *low = fmax(0, (centre - half) / (1 + z * z / n));
    *high = fmin(1, (centre + half) / (1 + z * z / n));
}

static bool print_healthy(const char *what, bool is_staged, uint64_t stream)
{
    const struct plan plan = {.is_staged = is_staged, .ratio = 1, .buckets = HEALTHY_BUCKETS};
    size_t hits[JUDGES] = {0};
    bool is_good = true;
    for (size_t run = 0; run < HEALTHY_RUNS; run++) {
        struct bench_case c;
        watch(&plan, stream + run, &c);
        for (size_t j = 0; j < JUDGES; j++)
            hits[j] += c.has[j];
    }
    for (size_t j = 0; j < JUDGES; j++) {
        double low, high;
        interval_of(hits[j], HEALTHY_RUNS, &low, &high);
        printf("healthy  %-9s  %-24s  flagged %.4f (%.4f to %.4f)\n", what, judge_names[j],
               (double)hits[j] / HEALTHY_RUNS, low, high);
        is_good = is_good && (j > JUDGE_100 || low <= (j == JUDGE_20 ? alpha : alpha / 5));
    }
    return is_good;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A median over all runs that were not flagged before their fault: one never found counts as the
 * longest. "-" when half of them are not found. */
static void print_median(double *minutes, size_t found, size_t runs)
{
    qsort(minutes, found, sizeof *minutes, by_size);
    if (found > runs / 2)
        printf("%8.0f min", minutes[runs / 2]);
    else
        printf("%8s    ", "-");
}

static void print_bad(double ratio, size_t onset_hours, uint64_t stream)
{
    static double minutes[JUDGES][BAD_RUNS];
    size_t found[JUDGES] = {0};
    size_t early[JUDGES] = {0};
    struct plan plan = {.ratio = ratio, .onset = onset_hours * HOUR};
    plan.buckets = plan.onset + SEEN_FOR;
    for (size_t run = 0; run < BAD_RUNS; run++) {
        struct bench_case c;
        watch(&plan, stream + run, &c);
        for (size_t j = 0; j < JUDGES; j++) {
            if (c.has[j] && c.at[j] < plan.onset)
                early[j]++;
            else if (c.has[j])
                minutes[j][found[j]++] = (double)(c.at[j] + 1 - plan.onset) * BUCKET_MINUTES;
        }
    }
    for (size_t j = 0; j < JUDGES; j++) {
        size_t runs = BAD_RUNS - early[j];
        printf("x%-4.3g from %2zu h  %-24s  ", ratio, onset_hours, judge_names[j]);
        printf("before the fault %.3f  found %.3f  median ", (double)early[j] / BAD_RUNS,
               runs > 0 ? (double)found[j] / (double)runs : 0);
        print_median(minutes[j], found[j], runs);
        putchar('\n');
    }
}

int main(void)
{
    static const double ratios[] = {1.5, 2, 3, 5};
    static const size_t onsets[] = {0, 18, 96};
    uint64_t stream = 1;
    printf(
        "Seed %llu. Buckets of 5 min, a look at each. %.0f sessions an hour, crash rate %.2f %%.\n"
        "healthy: %d rollouts of 14 days. staged: 1 %% for a day, 5 %% for 2, 20 %% for 4, 50 %%\n"
        "for 7, with daily cycles; constant: 4,400 an hour on the new version. Interval: 95 %%.\n"
        "xR from H: %d rollouts (constant) with crash ratio R from hour H on, watched for 72 h\n"
        "more; found and median leave out those flagged before the fault.\n\n",
        (unsigned long long)seed, sessions_per_hour, 100 * base_rate, HEALTHY_RUNS, BAD_RUNS);
    bool is_good = print_healthy("staged", true, stream);
    stream += HEALTHY_RUNS;
    is_good = print_healthy("constant", false, stream) && is_good;
    for (size_t r = 0; r < sizeof ratios / sizeof ratios[0]; r++) {
        for (size_t o = 0; o < sizeof onsets / sizeof onsets[0]; o++) {
            stream += HEALTHY_RUNS;
            print_bad(ratios[r], onsets[o], stream);
        }
    }
    if (!is_good)
        fprintf(stderr, "bench-judgement: more false alarms than alpha lets the verdict have\n");
    return is_good ? 0 : 1;
}
