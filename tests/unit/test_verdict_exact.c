/*
 * test_verdict_exact.c: what the test promises, as exact probabilities: false alarms, power, and
 * how soon. The engine that computes them (support/sequential.h) is checked first against a
 * published table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "model/verdict.h"
#include "support/sequential.h"

/* Kulldorff et al. 2011, Sequential Analysis 30:58-78, Table 1: critical values of the Poisson
 * MaxSPRT, to every printed digit. */
static void the_engine_gives_the_published_table(void **state)
{
    static const struct {
        double time, alpha, limit;
    } rows[] = {
        {1, 0.05, 2.853937},  {2, 0.05, 3.046977},   {5, 0.05, 3.297183},
        {10, 0.05, 3.467952}, {15, 0.05, 3.562591},  {20, 0.05, 3.628123},
        {50, 0.05, 3.819903}, {100, 0.05, 3.952321}, {10, 0.01, 5.260513},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double limit = sequential_maxsprt_limit(rows[i].time, rows[i].alpha);
        if (fabs(limit - rows[i].limit) > 0.5e-6)
            fail_msg("T %g, alpha %g: %.8f, not %.6f", rows[i].time, rows[i].alpha, limit,
                     rows[i].limit);
    }
}

/* ln E_cum after x of k crashes, asked of the code itself, one bucket at a time. */
static double log_e_cum(double share, size_t x, size_t k)
{
    double steps[SW_VERDICT_GRID];
    struct sw_verdict_bucket bucket = {.bad_new = (double)x,
                                       .n_new = share * 1e6,
                                       .bad_old = (double)(k - x),
                                       .n_old = (1 - share) * 1e6};
    sw_verdict_steps(&bucket, (struct sw_value){0}, 1, SW_VERDICT_UP, steps);
    return sw_verdict_log_mean(steps);
}

static void set_boundary(struct sequential_walk *walk, double share, double alpha)
{
    walk->crashes = SEQUENTIAL_CRASHES;
    size_t x = 0;
    for (size_t k = 1; k <= walk->crashes; k++) {
        while (x <= k && log_e_cum(share, x, k) < -log(alpha))
            x++;
        walk->boundary[k] = x;
    }
}

static double chance_of(double share, double ratio)
{
    return ratio * share / (ratio * share + 1 - share);
}

static void expect_digits(double got, double want, double unit, const char *what, double share,
                          double ratio)
{
    /* Half of the last printed digit, and a little for what was rounded half up or to even. */
    if (fabs(got - want) > unit * 0.501)
        fail_msg("%s at share %g, ratio %g: %.6g, not %.6g", what, share, ratio, got, want);
}

static void false_alarms_stay_within_alpha(void **state)
{
    static const struct {
        double share, alpha, want, unit;
    } rows[] = {
        {0.01, 0.05, 0.018, 0.001},   {0.05, 0.05, 0.027, 0.001},   {0.20, 0.05, 0.033, 0.001},
        {0.50, 0.05, 0.040, 0.001},   {0.01, 0.01, -1, 0},          {0.05, 0.01, 0.0048, 0.0001},
        {0.20, 0.01, 0.0064, 0.0001}, {0.50, 0.01, 0.0071, 0.0001},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sequential_walk walk = {.chance = chance_of(rows[i].share, 1)};
        set_boundary(&walk, rows[i].share, rows[i].alpha);
        double power = sequential_walk_alarm(&walk).power;
        if (!(power > 0 && power <= rows[i].alpha))
            fail_msg("share %g, alpha %g: false alarms %g", rows[i].share, rows[i].alpha, power);
        if (rows[i].want > 0)
            expect_digits(power, rows[i].want, rows[i].unit, "false alarms", rows[i].share, 1);
    }
}

struct detection {
    double share, ratio, power, power_unit, crashes, sessions;
};

/* Base crash rate 0.3 %; means given an alarm. */
static void bad_releases_are_found_as_soon_as_promised(void **state)
{
    static const struct detection rows[] = {
        {0.01, 2, 0.37, 0.01, 8.9, 940},   {0.01, 3, 0.86, 0.01, 8.0, 777},
        {0.01, 5, 0.999, 0.001, 5.3, 354}, {0.05, 2, 0.958, 0.001, 19.9, 3205},
        {0.05, 3, 1.0, 0.1, 9.9, 1096},    {0.05, 5, 1.0, 0.1, 5.7, 377},
        {0.20, 2, 1.0, 0.1, 25.9, 4318},   {0.20, 3, 1.0, 0.1, 12.2, 1357},
        {0.20, 5, 1.0, 0.1, 7.3, 488},     {0.50, 2, 1.0, 0.1, 42.3, 7045},
        {0.50, 3, 1.0, 0.1, 20.5, 2280},   {0.50, 5, 1.0, 0.1, 12.7, 849},
    };
    const double base = 0.003;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct detection *row = &rows[i];
        struct sequential_walk walk = {.chance = chance_of(row->share, row->ratio)};
        set_boundary(&walk, row->share, 0.05);
        struct sequential_alarm alarm = sequential_walk_alarm(&walk);
        double rate = base * (row->ratio * row->share + 1 - row->share);
        expect_digits(alarm.power, row->power, row->power_unit, "power", row->share, row->ratio);
        expect_digits(alarm.new_crashes, row->crashes, 0.1, "crashes", row->share, row->ratio);
        expect_digits(alarm.all_crashes * row->share / rate, row->sessions, 1, "sessions",
                      row->share, row->ratio);
    }
}

static void few_crashes_are_enough_when_all_are_new(void **state)
{
    static const struct {
        double share;
        size_t want;
    } rows[] = {{0.01, 3}, {0.05, 3}, {0.20, 4}, {0.50, 7}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t x = 0;
        while (log_e_cum(rows[i].share, x, x) < log(20))
            x++;
        assert_int_equal(x, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_gives_the_published_table),
        cmocka_unit_test(false_alarms_stay_within_alpha),
        cmocka_unit_test(bad_releases_are_found_as_soon_as_promised),
        cmocka_unit_test(few_crashes_are_enough_when_all_are_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
