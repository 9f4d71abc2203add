/* test_agree.c: when two sources of one metric contradict each other, in tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/time.h"
#include "model/agree.h"

#define NOW (INT64_C(1764320400000)) /* 2025-11-28 09:00 UTC */

static struct sw_health health(double value, double n)
{
    return (struct sw_health){.metric = SW_METRIC_CRASH_FREE_USERS,
                              .window_s = 86400,
                              .value = {value, true},
                              .n = {n, true},
                              .true_for_ms = NOW,
                              .min_sample = 600,
                              .source = "sentry"};
}

static void beyond_noise_and_not_before(void **state)
{
    (void)state;
    static const struct {
        double ours, n, theirs, their_n;
        bool differs;
    } rows[] = {
        {99.7, 74000, 99.7, 12000, false}, {99.7, 74000, 99.0, 12000, true},
        {99.0, 74000, 99.7, 12000, true},  {99.7, 74000, 99.55, 2000, false}, /* noise */
        {99.7, 900, 99.0, 900, false},     {99.99, 5e6, 99.95, 5e6, false},   /* 0.04 points */
        {100, 74000, 99.7, 74000, true},   {100, 74000, 100, 74000, false},
        {99.7, 74000, 99.0, 599, false}, /* too few to say anything */
        {0, 74000, 100, 74000, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_health a = health(rows[i].ours, rows[i].n);
        struct sw_health b = health(rows[i].theirs, rows[i].their_n);
        char text[200];
        bool differs = sw_agree_contradicts(&a, &b, text, sizeof text);
        if (differs != rows[i].differs || (text[0] != '\0') != differs)
            fail_msg("%zu: %d \"%s\"", i, differs, text);
    }
}

/* One thing at a time makes a clear contradiction incomparable. */
static void what_cannot_be_compared_is_not_disputed(void **state)
{
    (void)state;
    char text[200];
    struct sw_health a = health(99.7, 74000);
    struct sw_health b = health(99.0, 74000);
    assert_true(sw_agree_contradicts(&a, &b, text, sizeof text));
    struct sw_health changed[12];
    for (size_t i = 0; i < 12; i++)
        changed[i] = b;
    changed[0].is_stale = true;
    changed[1].is_cached = true;
    changed[2].value.is_known = false;
    changed[3].n.is_known = false;
    changed[4].n.value = 0;
    changed[5].metric = SW_METRIC_CRASH_FREE_SESSIONS;
    changed[6].window_s = 3600;
    changed[7].true_for_ms = 0;
    changed[8].value.value = NAN;
    changed[9].value.value = 101;
    changed[10].window_s = 0;
    changed[11].n.value = INFINITY;
    changed[11].n.is_known = false;
    for (size_t i = 0; i < 12; i++) {
        if (sw_agree_contradicts(&a, &changed[i], text, sizeof text) ||
            sw_agree_contradicts(&changed[i], &a, text, sizeof text) || text[0] != '\0')
            fail_msg("%zu: \"%s\"", i, text);
    }
    assert_false(sw_agree_contradicts(NULL, &b, text, sizeof text));
    assert_false(sw_agree_contradicts(&a, NULL, text, sizeof text));
    a.metric = b.metric = SW_METRIC_LATENCY_P95; /* ms are no share of anything */
    assert_false(sw_agree_contradicts(&a, &b, text, sizeof text));
}

static void hours_must_overlap_and_days_are_named(void **state)
{
    (void)state;
    char text[200];
    struct sw_health a = health(99.7, 74000);
    struct sw_health b = health(99.0, 74000);
    a.window_s = b.window_s = 3600;
    b.true_for_ms = NOW - 30 * SW_MINUTE_MS;
    assert_true(sw_agree_contradicts(&a, &b, text, sizeof text));
    assert_null(strstr(text, "until"));
    b.true_for_ms = NOW - 31 * SW_MINUTE_MS;
    assert_false(sw_agree_contradicts(&a, &b, text, sizeof text));
    a.window_s = b.window_s = 86400;
    b.true_for_ms = NOW - 2 * SW_DAY_MS;
    b.source = "vitals";
    assert_true(sw_agree_contradicts(&a, &b, text, sizeof text));
    assert_non_null(strstr(text, "vitals says 99.00% until Wed 26 Nov 09:00 UTC (n 74000), sentry "
                                 "99.70% (n 74000)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beyond_noise_and_not_before),
        cmocka_unit_test(what_cannot_be_compared_is_not_disputed),
        cmocka_unit_test(hours_must_overlap_and_days_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
