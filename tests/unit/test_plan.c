/* test_plan.c: stages, the next percent, and when it may begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/time.h"
#include "model/plan.h"

static const struct sw_plan fast = {
    .kind = SW_PLAN_STAGES,
    .count = 5,
    .stages = {{5, 21600, -1, 0}, {10, 21600, -1, 0}, {20, 43200, -1, 0}, {50, 86400, -1, 0},
               {100, 0, -1, 0}},
};

/* Fri 5, Mon 10, Tue 20, Wed 50, Thu 100, each at 10:00. */
static const struct sw_plan calendar = {
    .kind = SW_PLAN_STAGES,
    .count = 5,
    .stages = {{5, 0, 5, 600}, {10, 0, 1, 600}, {20, 0, 2, 600}, {50, 0, 3, 600}, {100, 0, 4, 600}},
};

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(sw_time_parse(text, &ms, NULL), SW_OK);
    return ms;
}

static void stage_is_the_highest_not_above(void **state)
{
    (void)state;
    static const struct {
        struct sw_value set;
        int stage;
        struct sw_value next;
    } cases[] = {
        {{0, false}, -1, {0, false}},     {{0, true}, -1, {5, true}},
        {{4.99, true}, -1, {5, true}},    {{5, true}, 0, {10, true}},
        {{4.9999, true}, 0, {10, true}},  {{7, true}, 0, {10, true}},
        {{20, true}, 2, {50, true}},      {{19.999999, true}, 2, {50, true}},
        {{99.9, true}, 3, {100, true}},   {{100, true}, 4, {0, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_value next = sw_plan_next_percent(&fast, cases[i].set);
        assert_int_equal(sw_plan_stage_of(&fast, cases[i].set), cases[i].stage);
        assert_int_equal(next.is_known, cases[i].next.is_known);
        if (next.is_known) assert_true(fabs(next.value - cases[i].next.value) < 1e-9);
    }
}

static void soak_runs_from_the_stage(void **state)
{
    (void)state;
    int64_t since = at("2026-01-20T10:00:00Z");
    assert_int_equal(sw_plan_next_at(&fast, 0, since), since + 6 * SW_HOUR_MS);
    assert_int_equal(sw_plan_next_at(&fast, 2, since), since + 12 * SW_HOUR_MS);
    assert_int_equal(sw_plan_next_at(&fast, 4, since), 0);
    assert_int_equal(sw_plan_next_at(&fast, -1, since), 0);
    assert_int_equal(sw_plan_next_at(&fast, 2, 0), 0);
}

/* 2026-01-16 is a Friday; 2026-03-29 the clocks go forward in Madrid,
 * 2026-10-25 back: 10:00 local stays 10:00 local. */
static void weekdays_are_local_and_survive_the_clock_change(void **state)
{
    (void)state;
    static const struct {
        int stage;
        const char *since, *want;
    } cases[] = {
        {0, "2026-01-16T09:00:00Z", "2026-01-19T09:00:00Z"},
        {1, "2026-01-19T09:00:00Z", "2026-01-20T09:00:00Z"},
        {3, "2026-01-21T09:00:30Z", "2026-01-22T09:00:00Z"},
        {0, "2026-03-27T09:00:00Z", "2026-03-30T08:00:00Z"},
        {0, "2026-10-23T08:00:00Z", "2026-10-26T09:00:00Z"},
        /* Monday's stage begun on a Monday before ten waits for the same day. */
        {0, "2026-01-19T08:00:00Z", "2026-01-19T09:00:00Z"},
        /* ... and after ten for the next week. */
        {0, "2026-01-19T09:00:01Z", "2026-01-26T09:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char got[SW_TIME_TEXT];
        sw_time_format(sw_plan_next_at(&calendar, cases[i].stage, at(cases[i].since)), got);
        assert_string_equal(got, cases[i].want);
    }
}

static void the_store_keeps_its_own_time(void **state)
{
    (void)state;
    struct sw_plan plan;
    sw_plan_init_store(&plan);
    assert_int_equal(plan.count, 7);
    assert_int_equal(sw_plan_stage_of(&plan, (struct sw_value){10, true}), 3);
    assert_int_equal(sw_plan_next_at(&plan, 3, at("2026-01-20T10:00:00Z")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage_is_the_highest_not_above),
        cmocka_unit_test(soak_runs_from_the_stage),
        cmocka_unit_test(weekdays_are_local_and_survive_the_clock_change),
        cmocka_unit_test(the_store_keeps_its_own_time),
    };
    if (sw_zone_set("Europe/Madrid", NULL) != SW_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
