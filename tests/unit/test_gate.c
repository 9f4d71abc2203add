/* test_gate.c: gates are judged by value, sample and age, in tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "model/gate.h"

static const struct sw_gate_rule crash = {
    .id = "crash",
    .metric = SW_METRIC_CRASH_FREE_SESSIONS,
    .warn = {99.5, true},
    .critical = {99, true},
    .window_s = 3600,
    .min_sample = 600,
    .is_blocking = true,
};

static const struct sw_gate_rule errors = {
    .id = "errors",
    .metric = SW_METRIC_ERROR_RATE,
    .warn = {1, true},
    .critical = {5, true},
    .window_s = 300,
    .min_sample = 300,
    .is_blocking = true,
};

struct row {
    const struct sw_gate_rule *rule;
    double value, n;
    bool has_value, has_n, is_stale, is_cached;
    enum sw_gate_verdict want;
    const char *reason;
};

static const struct row rows[] = {
    {&crash, 99.97, 4400, true, true, false, false, SW_GATE_PASS, "99.97% > 99.5% over 1h, n 4400"},
    {&crash, 99.5, 4400, true, true, false, false, SW_GATE_PASS, "99.50%"},
    {&crash, 99.4999, 4400, true, true, false, false, SW_GATE_WARN, "99.49% < 99.5% over 1h"},
    {&crash, 99, 4400, true, true, false, false, SW_GATE_WARN, "99.00%"},
    {&crash, 98.99, 4400, true, true, false, false, SW_GATE_FAIL, "98.99% < 99% over 1h"},
    {&crash, 0, 600, true, true, false, false, SW_GATE_FAIL, "0.00%"},
    {&crash, 100, 599, true, true, false, false, SW_GATE_WAIT, "n 599 of 600 needed over 1h"},
    {&crash, 50, 2, true, true, false, false, SW_GATE_WAIT, "n 2 of 600"},
    {&crash, 100, 0, false, true, false, false, SW_GATE_WAIT, "n 0 of 600"},
    {&crash, 0, 4400, false, true, false, false, SW_GATE_UNKNOWN, "has no value"},
    {&crash, NAN, 4400, true, true, false, false, SW_GATE_UNKNOWN, "has no value"},
    {&crash, 99.97, 0, true, false, false, false, SW_GATE_UNKNOWN, "no sample size"},
    {&crash, 99.97, 4400, true, true, true, false, SW_GATE_STALE, "too old"},
    {&crash, 99.97, 4400, true, true, false, true, SW_GATE_STALE, "too old"},
    {&crash, 10, 4400, true, true, true, false, SW_GATE_STALE, "too old"},
    {&errors, 0, 300, true, true, false, false, SW_GATE_PASS, "0.00% < 1% over 5m"},
    {&errors, 1, 300, true, true, false, false, SW_GATE_PASS, "1.00%"},
    {&errors, 1.0001, 300, true, true, false, false, SW_GATE_WARN, "1.01% > 1% over 5m"},
    {&errors, 5, 300, true, true, false, false, SW_GATE_WARN, "5.00%"},
    {&errors, 5.1, 300, true, true, false, false, SW_GATE_FAIL, "5.10% > 5% over 5m"},
};

static void values_samples_and_ages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        char reason[256];
        struct sw_health health = {
            .metric = row->rule->metric,
            .window_s = row->rule->window_s,
            .value = {row->value, row->has_value},
            .n = {row->n, row->has_n},
            .min_sample = (int)row->rule->min_sample,
            .is_stale = row->is_stale,
            .is_cached = row->is_cached,
        };
        enum sw_gate_verdict got = sw_gate_judge(row->rule, &health, 0, reason, sizeof reason);
        if (got != row->want || !strstr(reason, row->reason))
            fail_msg("row %zu: %s, \"%s\"", i, sw_gate_verdict_name(got), reason);
    }
}

static void nothing_read_is_unknown(void **state)
{
    (void)state;
    char reason[256];
    assert_int_equal(sw_gate_judge(&crash, NULL, 0, reason, sizeof reason), SW_GATE_UNKNOWN);
    assert_string_equal(reason, "no reading of crash-free sessions over 1h yet");
}

static void a_stage_gate_speaks_in_its_stage_only(void **state)
{
    (void)state;
    char reason[256];
    struct sw_gate_rule canary = crash;
    struct sw_health bad = {.metric = crash.metric, .window_s = 3600, .value = {10, true},
                            .n = {4400, true}, .min_sample = 600};
    canary.stage = 2;
    assert_int_equal(sw_gate_judge(&canary, &bad, 1, reason, sizeof reason), SW_GATE_FAIL);
    assert_int_equal(sw_gate_judge(&canary, &bad, 0, reason, sizeof reason), SW_GATE_PASS);
    assert_int_equal(sw_gate_judge(&canary, &bad, -1, reason, sizeof reason), SW_GATE_PASS);
    assert_non_null(strstr(reason, "for stage 2 only"));
}

static void one_limit_is_enough(void **state)
{
    (void)state;
    char reason[256];
    struct sw_gate_rule rule = {.metric = SW_METRIC_ANR_RATE, .critical = {0.5, true},
                                .window_s = 86400, .min_sample = 1};
    struct sw_health health = {.metric = SW_METRIC_ANR_RATE, .window_s = 86400,
                               .value = {0.51, true}, .n = {10000, true}};
    assert_int_equal(sw_gate_judge(&rule, &health, 0, reason, sizeof reason), SW_GATE_FAIL);
    assert_string_equal(reason, "0.51% > 0.5% over 1d, n 10000");
    health.period = "Pacific day Thu 27 Nov";
    sw_gate_judge(&rule, &health, 0, reason, sizeof reason);
    assert_string_equal(reason, "0.51% > 0.5% over Pacific day Thu 27 Nov, n 10000");
    health.value.value = 0.5;
    assert_int_equal(sw_gate_judge(&rule, &health, 0, reason, sizeof reason), SW_GATE_PASS);
    rule = (struct sw_gate_rule){.metric = SW_METRIC_LATENCY_P95, .warn = {500, true},
                                 .window_s = 300, .min_sample = 1};
    health = (struct sw_health){.metric = SW_METRIC_LATENCY_P95, .window_s = 300,
                                .value = {9000, true}, .n = {10000, true}};
    assert_int_equal(sw_gate_judge(&rule, &health, 0, reason, sizeof reason), SW_GATE_WARN);
    assert_non_null(strstr(reason, "9000ms > 500ms"));
}

static void sample_presets(void **state)
{
    (void)state;
    static const struct {
        enum sw_metric metric;
        struct sw_value warn;
        double want;
    } cases[] = {
        {SW_METRIC_CRASH_FREE_SESSIONS, {99.5, true}, 600},
        {SW_METRIC_CRASH_FREE_SESSIONS, {99, true}, 300},
        {SW_METRIC_CRASH_FREE_SESSIONS, {100, true}, 300},
        {SW_METRIC_CRASH_FREE_USERS, {99.9, true}, 3000},
        {SW_METRIC_ERROR_RATE, {1, true}, 300},
        {SW_METRIC_ERROR_RATE, {0.5, true}, 600},
        {SW_METRIC_ERROR_RATE, {0, true}, 300},
        {SW_METRIC_LATENCY_P95, {500, true}, 300},
        {SW_METRIC_CRASH_FREE_SESSIONS, {0, false}, 300},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = sw_gate_min_sample_preset(cases[i].metric, cases[i].warn);
        if (fabs(got - cases[i].want) > 1e-6) fail_msg("case %zu: %g", i, got);
    }
}

static void every_kind_has_presets_on_both_sides_of_the_night(void **state)
{
    (void)state;
    for (int kind = SW_KIND_UNKNOWN; kind < SW_KIND_COUNT; kind++) {
        const struct sw_gate_rule *rules = NULL;
        size_t count = sw_gate_presets((enum sw_kind)kind, &rules);
        assert_int_equal(count > 0, kind != SW_KIND_UNKNOWN);
        bool has_hour = false, has_day = false;
        for (size_t i = 0; i < count; i++) {
            assert_true(rules[i].metric != SW_METRIC_UNKNOWN);
            assert_true(rules[i].warn.is_known || rules[i].critical.is_known);
            assert_true(rules[i].window_s > 0);
            if (rules[i].metric != SW_METRIC_CRASH_FREE_SESSIONS) continue;
            has_hour = has_hour || rules[i].window_s == 3600;
            has_day = has_day || rules[i].window_s == 86400;
        }
        bool is_app = kind == SW_KIND_IOS || kind == SW_KIND_ANDROID || kind == SW_KIND_WEAR;
        assert_int_equal(has_hour && has_day, is_app);
    }
}

static void the_worst_wins(void **state)
{
    (void)state;
    static const enum sw_gate_verdict order[] = {SW_GATE_PASS,    SW_GATE_WAIT,  SW_GATE_WARN,
                                                 SW_GATE_UNKNOWN, SW_GATE_STALE, SW_GATE_FAIL};
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++)
            assert_int_equal(sw_gate_worse(order[a], order[b]), order[a > b ? a : b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_samples_and_ages),
        cmocka_unit_test(nothing_read_is_unknown),
        cmocka_unit_test(a_stage_gate_speaks_in_its_stage_only),
        cmocka_unit_test(one_limit_is_enough),
        cmocka_unit_test(sample_presets),
        cmocka_unit_test(every_kind_has_presets_on_both_sides_of_the_night),
        cmocka_unit_test(the_worst_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
