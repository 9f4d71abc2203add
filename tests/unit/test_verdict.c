/*
 * test_verdict.c: the sequential verdict: vectors, the slow form of the same formulas on random
 * tables, and properties that hold for any table. test_verdict_edges.c has the single cases.
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
            if (!sw_verdict_counts(table.options.old_rate, one))
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
