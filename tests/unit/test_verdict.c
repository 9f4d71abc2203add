/*
 * test_verdict.c: the sequential verdict: vectors, the slow form of the same formulas on random
 * tables, properties that hold for any table, and the edges (no crash, crashes of one side only, a
 * million of them, buckets that do not count).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/verdict.h"
#include "support/verdict_slow.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOW_TABLES = 12, TABLES = 60 };
#else
enum { SLOW_TABLES = 120, TABLES = 600 };
#endif
enum { BUCKETS_MAX = 40 };

typedef struct sw_verdict_bucket bucket;

/* -------------------------------------------------------------- random tables */

static const uint64_t seed = UINT64_C(0x5eed0f7e57);

/* splitmix64 */
static uint64_t draw(uint64_t *random)
{
    uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t draw_below(uint64_t *random, size_t end)
{
    return (size_t)(draw(random) % end);
}

static double draw_unit(uint64_t *random)
{
    return (double)(draw(random) >> 11) * 0x1p-53;
}

static double draw_poisson(uint64_t *random, double mean)
{
    double count = 0;
    for (double left = exp(-mean), product = draw_unit(random); product > left;
         product *= draw_unit(random))
        count++;
    return count;
}

struct random_table {
    struct sw_verdict_options options;
    size_t count;
    bucket buckets[BUCKETS_MAX];
};

/* A rollout of a random kind: steps of the percent, a fault that begins somewhere, hours without
 * anybody, quiet tables and tables with crashes on one side only. */
static void draw_table(uint64_t *random, struct random_table *table)
{
    static const double r0s[] = {1, 1, 1.25, 2, 0.8};
    static const double rates[] = {0, 0.001, 0.003, 0.02};
    double share = 0.01 + 0.3 * draw_unit(random);
    double ratio = exp(3 * draw_unit(random) - 0.8);
    double rate = rates[draw_below(random, 4)];
    table->count = 1 + draw_below(random, BUCKETS_MAX);
    table->options = sw_verdict_options_default(1 + draw_below(random, 2 * BUCKETS_MAX));
    table->options.r0 = r0s[draw_below(random, 5)];
    table->options.soak = 1 + draw_below(random, BUCKETS_MAX);
    size_t onset = draw_below(random, table->count + 1);
    for (size_t i = 0; i < table->count; i++) {
        double all = floor(1000 * draw_unit(random));
        share = draw_below(random, 8) == 0 ? draw_unit(random) : share;
        bucket *b = &table->buckets[i];
        b->n_new = floor(all * share);
        b->n_old = all - b->n_new;
        if (draw_below(random, 10) == 0)
            b->n_new = 0;
        if (draw_below(random, 10) == 0)
            b->n_old = 0;
        b->bad_new =
            fmin(b->n_new, draw_poisson(random, b->n_new * rate * (i < onset ? 1 : ratio)));
        b->bad_old = fmin(b->n_old, draw_poisson(random, b->n_old * rate));
    }
}

static struct sw_verdict_row judge(const struct random_table *table)
{
    return sw_verdict_judge(&table->options, table->buckets, table->count);
}

/* --------------------------------------------------------------- expectations */

static void expect_near(double got, double want, double tolerance, const char *what, size_t at)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("%s, case %zu: %.15g, not %.15g", what, at, got, want);
}

static void expect_bound(struct sw_value got, long double want, const char *what, size_t at)
{
    if (got.is_known != (want >= 0))
        fail_msg("%s, case %zu: %s, not %.15Lg", what, at, got.is_known ? "known" : "unknown",
                 want);
    if (got.is_known && !(fabsl(got.value - want) <= 1e-8L * fmaxl(want, 1e-12L)))
        fail_msg("%s, case %zu: %.15g, not %.15Lg", what, at, got.value, want);
}

/* -------------------------------------------------------------------- vectors */

static const bucket vector_a[] = {
    {2, 150, 45, 15000}, {4, 400, 54, 18000}, {9, 900, 52, 17500}, {21, 1800, 50, 16800}};

static void the_vectors_agree_to_nine_digits(void **state)
{
    static const struct {
        double log_e_cum, log_e_onset, log_e;
        enum sw_verdict state;
    } want[] = {
        {0.983691182, 0.004970689, 0.609573290, SW_VERDICT_NOT_ENOUGH_DATA},
        {2.405016299, 0.037237191, 1.801425109, SW_VERDICT_NOT_ENOUGH_DATA},
        {6.119971662, 1.033340226, 5.432984270, SW_VERDICT_WORSE},
        {16.507969743, 10.965355015, 15.818731187, SW_VERDICT_WORSE},
    };
    struct sw_verdict_options options = sw_verdict_options_default(336);
    struct sw_verdict_row rows[4];
    (void)state;
    assert_int_equal(sw_verdict_rows(&options, vector_a, 4, rows), 4);
    for (size_t i = 0; i < 4; i++) {
        expect_near(rows[i].log_e_cum, want[i].log_e_cum, 0.5e-9, "log E_cum", i);
        expect_near(rows[i].log_e_onset, want[i].log_e_onset, 0.5e-9, "log E_onset", i);
        expect_near(rows[i].log_e, want[i].log_e, 0.5e-9, "log E", i);
        assert_int_equal(rows[i].state, want[i].state);
        assert_int_equal(rows[i].number, i + 1);
        assert_int_equal(rows[i].is_halt_advised, i >= 2);
    }
    expect_near(rows[1].ratio.value, 3.6, 0.05, "ratio", 1);
    expect_near(rows[2].p, exp(-5.432984270), 1e-9, "p", 2);
}

static void a_bucket_without_crashes_says_nothing(void **state)
{
    static const bucket vector_e[] = {{0, 1000, 0, 10000}};
    struct sw_verdict_options options = sw_verdict_options_default(336);
    struct sw_verdict_row row = sw_verdict_judge(&options, vector_e, 1);
    (void)state;
    expect_near(row.log_e_cum, 0, 0, "log E_cum", 0);
    expect_near(row.log_e_onset, 0, 1e-15, "log E_onset", 0);
    expect_near(row.log_e, 0, 1e-15, "log E", 0);
    expect_near(row.p, 1, 1e-15, "p", 0);
    assert_int_equal(row.state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_false(row.ratio.is_known);
    assert_true(row.ratio_low.is_known);
    expect_near(row.ratio_low.value, 0, 0, "low", 0);
    assert_false(row.ratio_high.is_known);
}

static void one_alternative_by_hand(void **state)
{
    static const bucket vector_f = {3, 100, 7, 900};
    double steps[SW_VERDICT_GRID];
    (void)state;
    sw_verdict_steps(&vector_f, (struct sw_value){0}, 1, SW_VERDICT_UP, steps);
    expect_near(sw_verdict_factor[2], 2, 0, "factor", 2);
    expect_near(steps[2], 3 * log(2) - 10 * log(1.1), 1e-14, "ln 2 by hand", 2);
    expect_near(steps[2], 1.126339744, 0.5e-9, "vector F", 2);
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        expect_near(sw_verdict_factor_log[j], log(sw_verdict_factor[j]), 1e-16, "ln factor", j);
}

/* ------------------------------------------------------------------- slow form */

static void expect_slow(const struct sw_verdict_row *row, const struct slow_row *slow, size_t at)
{
    expect_near(row->log_e_cum, (double)logl(slow->e_cum), 1e-11, "log E_cum", at);
    expect_near(row->log_e_onset, (double)logl(slow->e_onset), 1e-11, "log E_onset", at);
    expect_near(row->log_e, (double)logl(slow->e), 1e-11, "log E", at);
    expect_near(row->p, (double)slow->p, 1e-11, "p", at);
    if (row->state != slow->state || row->number != slow->t)
        fail_msg("case %zu: %s after %zu, not %s after %zu", at, sw_verdict_name(row->state),
                 row->number, sw_verdict_name(slow->state), slow->t);
    bool is_clear = slow->since_e > slow->since_next * (1 + 1e-12L);
    if (is_clear && row->since != slow->since)
        fail_msg("case %zu: since %zu, not %zu", at, row->since, slow->since);
    if (is_clear || slow->state != SW_VERDICT_WORSE) {
        expect_bound(row->ratio, slow->ratio, "ratio", at);
        expect_bound(row->ratio_low, slow->low, "ratio_low", at);
        expect_bound(row->ratio_high, slow->high, "ratio_high", at);
    }
}

static void the_fast_form_is_the_slow_form(void **state)
{
    uint64_t random = seed;
    size_t seen[SW_VERDICT_COUNT] = {0};
    (void)state;
    print_message("seed %#llx\n", (unsigned long long)seed);
    for (size_t i = 0; i < SLOW_TABLES; i++) {
        struct random_table table;
        struct sw_verdict_row rows[BUCKETS_MAX];
        struct slow_row slow;
        draw_table(&random, &table);
        size_t made = sw_verdict_rows(&table.options, table.buckets, table.count, rows);
        for (size_t part = 0; part < 3; part++) {
            size_t end = part == 0 ? table.count : draw_below(&random, table.count + 1);
            struct sw_verdict_row row = sw_verdict_judge(&table.options, table.buckets, end);
            slow_judge(&table.options, table.buckets, end, &slow);
            seen[slow.state]++;
            if (slow.t == 0) {
                assert_int_equal(row.state, SW_VERDICT_UNKNOWN);
                continue;
            }
            expect_slow(&row, &slow, i);
            assert_true(slow.t <= made);
            expect_slow(&rows[slow.t - 1], &slow, i);
        }
    }
    for (size_t s = 0; s < SW_VERDICT_COUNT; s++)
        assert_true(seen[s] > 0);
}

/* On long tables most starts are forgotten; the likeliest is never among them. */
static void the_likeliest_start_is_never_forgotten(void **state)
{
    enum { LONG = 500 };
    static bucket table[LONG];
    static struct sw_verdict_row rows[LONG];
    static double before[LONG + 1][SW_VERDICT_GRID];
    struct sw_verdict_options options = sw_verdict_options_default(336);
    uint64_t random = seed + 6;
    (void)state;
    for (size_t t = 0; t < LONG; t++) {
        double steps[SW_VERDICT_GRID];
        double ratio = t % 200 < 150 ? 1 : 1.8;
        table[t] =
            (bucket){draw_poisson(&random, 1.2 * ratio), 400, draw_poisson(&random, 12), 4000};
        sw_verdict_steps(&table[t], (struct sw_value){0}, 1, SW_VERDICT_UP, steps);
        for (size_t j = 0; j < SW_VERDICT_GRID; j++)
            before[t + 1][j] = before[t][j] + steps[j];
    }
    sw_verdict_rows(&options, table, LONG, rows);
    for (size_t t = 0; t < LONG; t++) {
        double most = -HUGE_VAL, got = 0;
        for (size_t s = 0; s <= t; s++) {
            double logs[SW_VERDICT_GRID];
            for (size_t j = 0; j < SW_VERDICT_GRID; j++)
                logs[j] = before[t + 1][j] - before[s][j];
            double log_e = sw_verdict_log_mean(logs);
            most = fmax(most, log_e);
            got = s + 1 == rows[t].since ? log_e : got;
        }
        expect_near(got, most, 1e-12, "since", t);
    }
}

/* The lattice against sums over the buckets themselves, where every digit weighs a million crashes.
 */
static void the_interval_is_exact_at_a_million_crashes(void **state)
{
    static const bucket tables[][3] = {
        {{1e6, 5e8, 1e6, 6e8}, {2e6, 7e8, 1e6, 4e8}, {10, 3e3, 2e6, 8e8}},
        {{5, 2e3, 1e6, 3e8}, {40, 1.7e4, 1e6, 3e8}, {900, 3.1e5, 1e6, 3e8}},
        {{1e6, 3e8, 7, 2e3}, {1e6, 3e8, 0, 1e3}, {1e6, 3e8, 900, 3.1e5}},
    };
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    options.r0 = 8; /* not WORSE: the ratio is over all buckets */
    for (size_t i = 0; i < 3; i++) {
        struct slow_row slow;
        struct sw_verdict_row row = sw_verdict_judge(&options, tables[i], 3);
        slow_judge(&options, tables[i], 3, &slow);
        assert_int_not_equal(row.state, SW_VERDICT_WORSE);
        expect_bound(row.ratio, slow.ratio, "ratio", i);
        expect_bound(row.ratio_low, slow.low, "ratio_low", i);
        expect_bound(row.ratio_high, slow.high, "ratio_high", i);
    }
}

/* ------------------------------------------------------------------ properties */

static void splitting_a_bucket_changes_no_e_cum(void **state)
{
    uint64_t random = seed + 1;
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct random_table table;
        draw_table(&random, &table);
        table.count = table.count < BUCKETS_MAX ? table.count : BUCKETS_MAX - 1;
        struct random_table split = table;
        size_t at = draw_below(&random, table.count);
        bucket *whole = &split.buckets[at];
        bucket *part = &split.buckets[split.count++];
        *part = (bucket){.bad_new = floor(whole->bad_new / 3),
                         .n_new = whole->n_new / 4,
                         .bad_old = floor(whole->bad_old / 2),
                         .n_old = whole->n_old / 4};
        *whole = (bucket){.bad_new = whole->bad_new - part->bad_new,
                          .n_new = whole->n_new * 3 / 4,
                          .bad_old = whole->bad_old - part->bad_old,
                          .n_old = whole->n_old * 3 / 4};
        expect_near(judge(&split).log_e_cum, judge(&table).log_e_cum, 1e-12, "split", i);
    }
}

static void scaling_the_sessions_changes_no_e(void **state)
{
    uint64_t random = seed + 2;
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct random_table table;
        draw_table(&random, &table);
        struct random_table scaled = table;
        for (size_t b = 0; b < scaled.count; b++) {
            double scale = exp(6 * draw_unit(&random));
            scaled.buckets[b].n_new *= scale;
            scaled.buckets[b].n_old *= scale;
        }
        struct sw_verdict_row a = judge(&table), b = judge(&scaled);
        expect_near(b.log_e_cum, a.log_e_cum, 1e-11, "log E_cum", i);
        expect_near(b.log_e_onset, a.log_e_onset, 1e-11, "log E_onset", i);
        expect_near(b.log_e, a.log_e, 1e-11, "log E", i);
        assert_int_equal(a.since, b.since);
        expect_near(b.ratio.value, a.ratio.value, 1e-9, "ratio", i);
    }
}

static void buckets_without_crashes_change_no_e_cum(void **state)
{
    uint64_t random = seed + 3;
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct random_table table, longer = {0};
        draw_table(&random, &table);
        table.count = table.count / 2 + 1;
        longer.options = table.options;
        for (size_t b = 0; b < table.count; b++) {
            longer.buckets[longer.count++] = table.buckets[b];
            if (longer.count < BUCKETS_MAX - table.count && draw_below(&random, 2) == 0)
                longer.buckets[longer.count++] = (bucket){.n_new = 50, .n_old = 900};
        }
        expect_near(judge(&longer).log_e_cum, judge(&table).log_e_cum, 1e-13, "quiet", i);
    }
}

/* Swapping new and old and turning the ratio round is the mirror; so are the interval's ends. */
static void swapped_sides_mirror_each_other(void **state)
{
    uint64_t random = seed + 4;
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        static struct sw_exposure there, back;
        struct random_table table;
        draw_table(&random, &table);
        sw_exposure_init(&there);
        sw_exposure_init(&back);
        for (size_t b = 0; b < table.count; b++) {
            const bucket *one = &table.buckets[b];
            bucket swapped = {.bad_new = one->bad_old,
                              .n_new = one->n_old,
                              .bad_old = one->bad_new,
                              .n_old = one->n_new};
            if (!sw_verdict_counts(&table.options, one))
                continue;
            sw_exposure_add(&there, one, (struct sw_value){0});
            sw_exposure_add(&back, &swapped, (struct sw_value){0});
        }
        double ratio = exp(4 * draw_unit(&random) - 2), limit = log(40);
        expect_near(sw_exposure_log_e(&there, ratio, SW_VERDICT_DOWN),
                    sw_exposure_log_e(&back, 1 / ratio, SW_VERDICT_UP), 1e-10, "mirror", i);
        struct sw_value high = sw_exposure_high(&there, limit);
        double low = sw_exposure_low(&back, limit);
        assert_int_equal(high.is_known, low > 0);
        if (high.is_known)
            expect_near(high.value * low, 1, 1e-9, "high", i);
    }
}

/* From best to worst. */
static int badness(enum sw_verdict verdict)
{
    static const int order[] = {
        [SW_VERDICT_NOT_WORSE] = 0, [SW_VERDICT_NOT_ENOUGH_DATA] = 1, [SW_VERDICT_WORSE] = 2};
    return order[verdict];
}

static void more_crashes_never_make_it_better(void **state)
{
    uint64_t random = seed + 5;
    size_t changed = 0;
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct random_table table;
        draw_table(&random, &table);
        struct sw_verdict_row before = judge(&table);
        for (int more = 0; more < 6 && before.number > 0; more++) {
            bucket *b = &table.buckets[draw_below(&random, table.count)];
            b->bad_new += b->bad_new < b->n_new ? 1 : 0;
            struct sw_verdict_row after = judge(&table);
            double least = 1e-9;
            assert_true(after.log_e_cum >= before.log_e_cum - least);
            assert_true(after.log_e_onset >= before.log_e_onset - least);
            assert_true(after.log_e_max >= before.log_e_max - least);
            assert_true(after.p <= before.p * (1 + least));
            assert_true(badness(after.state) >= badness(before.state));
            changed += after.state != before.state;
            before = after;
        }
    }
    assert_true(changed > 10);
}

/* ----------------------------------------------------------------------- edges */

static void a_million_crashes_overflow_nothing(void **state)
{
    static const bucket tables[][2] = {
        {{1e6, 2e6, 10, 1e9}, {1e6, 1e6, 1e6, 1e6}},
        {{0, 1e9, 1e6, 1e6}, {1, 1, 1e6, 1e6}},
        {{1e12, 1e12, 0, 1}, {0, 1, 1e12, 1e12}},
        {{1e6, 1e6, 0, 1e12}, {1e6, 1e6, 1, 1e12}},
    };
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct sw_verdict_row rows[2];
        assert_int_equal(sw_verdict_rows(&options, tables[i], 2, rows), 2);
        for (size_t r = 0; r < 2; r++) {
            assert_true(isfinite(rows[r].log_e_cum) && isfinite(rows[r].log_e_onset));
            assert_true(isfinite(rows[r].log_e) && rows[r].p > 0 && rows[r].p <= 1);
            assert_true(sw_verdict_e(rows[r].log_e) <= 1e300);
            assert_true(isfinite(rows[r].ratio_low.value) && isfinite(rows[r].ratio_high.value));
            assert_true(!rows[r].ratio.is_known || isfinite(rows[r].ratio.value));
        }
    }
    expect_near(sw_verdict_e(1e6), 1e300, 0, "e", 0);
    expect_near(sw_verdict_e(log(20)), 20, 1e-15, "e", 1);
}

static void crashes_of_one_side_bound_one_end_only(void **state)
{
    static const struct {
        bucket bucket;
        bool has_ratio, has_high, has_low;
    } cases[] = {
        {{0, 500, 9, 5000}, true, true, false},  {{0, 500, 2, 5000}, true, false, false},
        {{9, 500, 0, 5000}, false, false, true}, {{2, 500, 0, 5000}, false, false, false},
        {{4, 500, 4, 5000}, true, true, true},   {{0, 500, 0, 5000}, false, false, false},
    };
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_verdict_row row = sw_verdict_judge(&options, &cases[i].bucket, 1);
        assert_int_equal(row.ratio.is_known, cases[i].has_ratio);
        assert_int_equal(row.ratio_high.is_known, cases[i].has_high);
        assert_true(row.ratio_low.is_known);
        assert_int_equal(row.ratio_low.value > 0, cases[i].has_low);
        if (cases[i].bucket.bad_new <= 0 && row.ratio.is_known)
            expect_near(row.ratio.value, 0, 0, "ratio", i);
        if (row.ratio.is_known && cases[i].has_low)
            assert_true(row.ratio_low.value < row.ratio.value);
        if (row.ratio.is_known && cases[i].has_high)
            assert_true(row.ratio_high.value > row.ratio.value);
    }
}

static void expect_same_value(struct sw_value a, struct sw_value b, size_t at)
{
    assert_int_equal(a.is_known, b.is_known);
    expect_near(a.value, b.value, 0, "value", at);
}

/* Alike but for where in the array the buckets stand. */
static void expect_same(const struct sw_verdict_row *a, const struct sw_verdict_row *b, size_t at)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->is_halt_advised, b->is_halt_advised);
    assert_int_equal(a->since, b->since);
    expect_near(a->log_e_cum, b->log_e_cum, 0, "log E_cum", at);
    expect_near(a->log_e_onset, b->log_e_onset, 0, "log E_onset", at);
    expect_near(a->log_e, b->log_e, 0, "log E", at);
    expect_near(a->log_e_max, b->log_e_max, 0, "greatest log E", at);
    expect_near(a->p, b->p, 0, "p", at);
    expect_same_value(a->ratio, b->ratio, at);
    expect_same_value(a->ratio_low, b->ratio_low, at);
    expect_same_value(a->ratio_high, b->ratio_high, at);
    expect_near(a->bad_new, b->bad_new, 0, "x", at);
    expect_near(a->n_new, b->n_new, 0, "n", at);
    expect_near(a->bad_old, b->bad_old, 0, "y", at);
    expect_near(a->n_old, b->n_old, 0, "N", at);
}

static void what_does_not_count_is_as_if_it_were_not_there(void **state)
{
    static const bucket with[] = {
        {0, 0, 3, 900},   {2, 150, 45, 15000}, {0, 0, 0, 0},          {4, 400, 54, 18000},
        {5, 90, 0, 0},    {NAN, 10, 1, 10},    {-1, 10, 1, 10},       {1, HUGE_VAL, 1, 10},
        {1, 1e17, 1, 10}, {9, 900, 52, 17500}, {21, 1800, 50, 16800}, {1, 10, 1, NAN},
    };
    static const size_t indexes[] = {1, 3, 9, 10};
    enum { WITH = sizeof with / sizeof with[0] };
    struct sw_verdict_options options = sw_verdict_options_default(3);
    struct sw_verdict_row rows[WITH], plain[4];
    options.soak = WITH;
    (void)state;
    assert_int_equal(sw_verdict_rows(&options, with, WITH, rows), 4);
    assert_int_equal(sw_verdict_rows(&options, vector_a, 4, plain), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rows[i].index, indexes[i]);
        assert_int_equal(rows[i].since_index, indexes[rows[i].since - 1]);
        expect_same(&rows[i], &plain[i], i);
    }
    struct sw_verdict_row last = sw_verdict_judge(&options, with, WITH);
    assert_int_equal(last.index, 10);
    expect_same(&last, &plain[3], 4);
    assert_int_equal(sw_verdict_judge(&options, with, 1).state, SW_VERDICT_UNKNOWN);
    assert_int_equal(sw_verdict_judge(&options, NULL, 0).state, SW_VERDICT_UNKNOWN);
}

static void equal_starts_give_the_earliest(void **state)
{
    static const bucket table[] = {
        {0, 100, 0, 900}, {0, 100, 0, 900}, {9, 100, 1, 900}, {0, 100, 0, 900}, {9, 100, 1, 900}};
    static const bucket late[] = {
        {0, 100, 30, 900}, {0, 100, 0, 900}, {0, 100, 0, 900}, {9, 100, 1, 900}};
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    assert_int_equal(sw_verdict_judge(&options, table, 5).since, 1);
    assert_int_equal(sw_verdict_judge(&options, late, 4).since, 2);
}

/* WORSE stays although the buckets after it are healthy; the evidence itself falls again. */
static void the_greatest_evidence_decides(void **state)
{
    bucket table[30];
    struct sw_verdict_row rows[30];
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    for (size_t i = 0; i < 30; i++)
        table[i] = i < 3 ? (bucket){8, 400, 12, 4000} : (bucket){0, 400, 40, 4000};
    sw_verdict_rows(&options, table, 30, rows);
    assert_int_equal(rows[2].state, SW_VERDICT_WORSE);
    assert_true(rows[29].log_e < log(20));
    assert_int_equal(rows[29].state, SW_VERDICT_WORSE);
    assert_true(rows[29].log_e_cum < log(100));
    assert_true(rows[29].is_halt_advised);
    assert_true(rows[29].p < 0.05);
    expect_near(rows[29].log_e_max, rows[2].log_e, 1e-12, "greatest", 0);
}

static void not_worse_speaks_of_the_soak_window_only(void **state)
{
    bucket table[40];
    struct sw_verdict_row rows[40];
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    assert_int_equal(options.soak, 24);
    assert_int_equal(sw_verdict_options_default(4032).soak, 288);
    options.soak = 10;
    /* Good for 20 buckets, then hardly anybody: nothing more is known of now. */
    for (size_t i = 0; i < 40; i++)
        table[i] = i < 20 ? (bucket){4, 2000, 40, 20000} : (bucket){0, 10, 2, 20000};
    sw_verdict_rows(&options, table, 40, rows);
    assert_int_equal(rows[0].state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_int_equal(rows[19].state, SW_VERDICT_NOT_WORSE);
    assert_int_equal(rows[39].state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_true(sw_verdict_can_decide(&options, table, 20));
    assert_false(sw_verdict_can_decide(&options, table, 40));
    options.soak = 40;
    assert_int_equal(sw_verdict_judge(&options, table, 40).state, SW_VERDICT_NOT_WORSE);
}

static void a_tolerated_ratio_is_not_worse_than_itself(void **state)
{
    struct sw_verdict_options options = sw_verdict_options_default(336);
    (void)state;
    assert_int_equal(sw_verdict_judge(&options, vector_a, 4).state, SW_VERDICT_WORSE);
    options.r0 = 4;
    struct sw_verdict_row row = sw_verdict_judge(&options, vector_a, 4);
    assert_int_equal(row.state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_true(row.log_e_cum < 0);
}

/* ---------------------------------------------------------------- other tests */

static void tests_after_an_event_share_one_alpha(void **state)
{
    struct sw_verdict_options options = sw_verdict_options_default(336);
    double sum = 0;
    (void)state;
    struct sw_verdict_options first = sw_verdict_options_event(&options, 1);
    expect_near(1 / first.alpha, 32.9, 0.05 / 32.9, "threshold", 1);
    expect_near(1 / first.alpha_halt, 164.5, 0.05 / 164.5, "threshold", 2);
    for (unsigned k = 1; k <= 10000; k++)
        sum += sw_verdict_options_event(&options, k).alpha;
    assert_true(sum < options.alpha && sum > 0.999 * options.alpha);
    /* Evidence between the two thresholds: WORSE at first, not any more for a second test. */
    const bucket table[] = {{5, 400, 35, 17500}};
    struct sw_verdict_row row = sw_verdict_judge(&options, table, 1);
    struct sw_verdict_row again = sw_verdict_judge(&first, table, 1);
    assert_true(row.log_e > log(20) && row.log_e < log(32.9));
    assert_int_equal(row.state, SW_VERDICT_WORSE);
    assert_int_equal(again.state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_true(again.ratio_low.value < row.ratio_low.value);
}

/* The formula as it stands: X ln g - (g - 1) r0 q n, with the mixture over g. */
static double known_rate_log_e(double x, double mean, bool is_up)
{
    double sum = 0;
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        double g = is_up ? sw_verdict_factor[j] : 1 / sw_verdict_factor[j];
        sum += exp(x * log(g) - (g - 1) * mean) / SW_VERDICT_GRID;
    }
    return log(sum);
}

static void without_a_control_the_old_rate_is_taken_as_known(void **state)
{
    static const bucket table[] = {{3, 400, 0, 0}, {0, 0, 0, 0}, {7, 600, 99, 7}};
    struct sw_verdict_options options = sw_verdict_options_default(336);
    options.old_rate = (struct sw_value){0.003, true};
    struct sw_verdict_row row = sw_verdict_judge(&options, table, 3);
    (void)state;
    assert_int_equal(row.number, 2);
    expect_near(row.log_e_cum, known_rate_log_e(10, 3, true), 1e-13, "log E_cum", 0);
    expect_near(row.ratio.value, 10 / 3.0, 1e-9, "ratio", 0);
    expect_near(known_rate_log_e(10, 3 * row.ratio_low.value, true), log(40), 1e-9, "low", 0);
    expect_near(known_rate_log_e(10, 3 * row.ratio_high.value, false), log(40), 1e-9, "high", 0);
    options.r0 = 1.5;
    row = sw_verdict_judge(&options, table, 3);
    expect_near(row.log_e_cum, known_rate_log_e(10, 4.5, true), 1e-13, "log E_cum", 1);
    /* None of twenty expected: good, and the ratio is bounded from above. */
    const bucket quiet[] = {{0, 6000, 0, 0}};
    row = sw_verdict_judge(&options, quiet, 1);
    assert_int_equal(row.state, SW_VERDICT_NOT_WORSE);
    expect_near(row.ratio.value, 0, 0, "ratio", 2);
    expect_near(known_rate_log_e(0, 18 * row.ratio_high.value, false), log(40), 1e-9, "high", 2);
    options.old_rate.value = 0;
    assert_int_equal(sw_verdict_judge(&options, table, 3).state, SW_VERDICT_UNKNOWN);
}

static void several_metrics_are_averaged(void **state)
{
    const double logs[] = {log(60), log(2), -700, 900};
    (void)state;
    expect_near(sw_verdict_log_e_average(logs, 2), log(31), 1e-15, "average", 0);
    expect_near(sw_verdict_log_e_average(logs, 3), log(62 / 3.0), 1e-15, "average", 1);
    expect_near(sw_verdict_log_e_average(logs, 4), 900 - log(4), 1e-15, "average", 2);
    expect_near(sw_verdict_log_e_average(logs, 1), log(60), 1e-15, "average", 3);
    expect_near(sw_verdict_log_e_average(NULL, 0), 0, 0, "average", 4);
}

/* ----------------------------------------------------------------------- power */

static double poisson_at_least(double mean, double count)
{
    double below = 0;
    for (double x = 0; x < count; x++)
        below += exp(x * log(mean) - mean - lgamma(x + 1));
    return 1 - below;
}

static void what_would_show_has_power_four_fifths(void **state)
{
    static const bucket tables[] = {
        {2, 400, 54, 18000}, {0, 150, 45, 15000}, {40, 20000, 60, 20000}, {900, 9e5, 1000, 1e6}};
    struct sw_verdict_options options = sw_verdict_options_default(336);
    double before = HUGE_VAL;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        bucket table = tables[i];
        double rate = table.bad_old / table.n_old;
        struct sw_value sees = sw_verdict_sees(&options, &table, 1);
        assert_true(sees.is_known && sees.value > 1);
        for (table.bad_new = 0; table.bad_new < table.n_new; table.bad_new++) {
            if (sw_verdict_judge(&options, &table, 1).log_e_cum >= log(40))
                break;
        }
        double power = poisson_at_least(sees.value * rate * table.n_new, table.bad_new);
        expect_near(power, 0.8, 1e-6, "power", i);
    }
    /* More traffic sees smaller ratios; without crashes of the old version nothing can be said. */
    for (double scale = 1; scale < 1e6; scale *= 10) {
        bucket table = {0, 150 * scale, floor(45 * scale), 15000 * scale};
        struct sw_value sees = sw_verdict_sees(&options, &table, 1);
        assert_true(sees.value < before && sees.value > 1);
        before = sees.value;
    }
    const bucket none = {0, 150, 0, 15000};
    assert_false(sw_verdict_sees(&options, &none, 1).is_known);
    assert_false(sw_verdict_sees(&options, &none, 0).is_known);
    assert_false(sw_verdict_can_decide(&options, &none, 1));
    const bucket few = {0, 2, 45, 15000};
    assert_false(sw_verdict_sees(&options, &few, 1).is_known);
}

/* Asked as one bucket or as many of one share, and by the old rate, the answer is the same. */
static void what_would_show_does_not_depend_on_the_buckets(void **state)
{
    struct sw_verdict_options options = sw_verdict_options_default(336);
    const bucket whole = {0, 4000, 120, 40000};
    bucket parts[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        parts[i] = (bucket){0, 1000, 30, 10000};
    expect_near(sw_verdict_sees(&options, parts, 4).value,
                sw_verdict_sees(&options, &whole, 1).value, 1e-7, "sees", 0);
    options.old_rate = (struct sw_value){0.003, true};
    struct sw_value known = sw_verdict_sees(&options, &whole, 1);
    double x = 0;
    while (known_rate_log_e(x, 12, true) < log(40))
        x++;
    expect_near(poisson_at_least(known.value * 12, x), 0.8, 1e-6, "power", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_agree_to_nine_digits),
        cmocka_unit_test(a_bucket_without_crashes_says_nothing),
        cmocka_unit_test(one_alternative_by_hand),
        cmocka_unit_test(the_fast_form_is_the_slow_form),
        cmocka_unit_test(the_likeliest_start_is_never_forgotten),
        cmocka_unit_test(the_interval_is_exact_at_a_million_crashes),
        cmocka_unit_test(splitting_a_bucket_changes_no_e_cum),
        cmocka_unit_test(scaling_the_sessions_changes_no_e),
        cmocka_unit_test(buckets_without_crashes_change_no_e_cum),
        cmocka_unit_test(swapped_sides_mirror_each_other),
        cmocka_unit_test(more_crashes_never_make_it_better),
        cmocka_unit_test(a_million_crashes_overflow_nothing),
        cmocka_unit_test(crashes_of_one_side_bound_one_end_only),
        cmocka_unit_test(what_does_not_count_is_as_if_it_were_not_there),
        cmocka_unit_test(equal_starts_give_the_earliest),
        cmocka_unit_test(the_greatest_evidence_decides),
        cmocka_unit_test(not_worse_speaks_of_the_soak_window_only),
        cmocka_unit_test(a_tolerated_ratio_is_not_worse_than_itself),
        cmocka_unit_test(tests_after_an_event_share_one_alpha),
        cmocka_unit_test(without_a_control_the_old_rate_is_taken_as_known),
        cmocka_unit_test(several_metrics_are_averaged),
        cmocka_unit_test(what_would_show_has_power_four_fifths),
        cmocka_unit_test(what_would_show_does_not_depend_on_the_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
