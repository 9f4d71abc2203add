/*
 * test_verdict_edges.c: the sequential verdict in single cases: no crash, crashes of one side only,
 * a million of them, buckets that do not count; what decides, since when, over which buckets; tests
 * after an event, without a control, of several metrics; what would show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "model/verdict.h"

typedef struct sw_verdict_bucket bucket;

static void expect_near(double got, double want, double tolerance, const char *what, size_t at)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("%s, case %zu: %.15g, not %.15g", what, at, got, want);
}

static const bucket vector_a[] = {
    {2, 150, 45, 15000}, {4, 400, 54, 18000}, {9, 900, 52, 17500}, {21, 1800, 50, 16800}};

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
