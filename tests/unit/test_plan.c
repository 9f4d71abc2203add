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

/* Halted from Friday 18:00 to Monday 09:00, Madrid; each pause shifts the rest. */
static void weekends_are_counted_until_the_last_stage(void **state)
{
    (void)state;
    static const struct {
        const char *now, *next; /* next NULL: not known */
        int index, count;
        int64_t pause_h;
    } cases[] = {
        /* Monday noon, first day: 144 h of widening, 102 h until Friday 18:00. */
        {"2026-01-19T11:00:00Z", NULL, 0, 1, 63},
        /* Friday noon: 5 h, a weekend, 105 h, another weekend. */
        {"2026-01-16T12:00:00Z", NULL, 0, 2, 126},
        /* Tuesday noon on day 4, the next step tonight: 10 + 48 h, done by Thursday. */
        {"2026-01-20T11:00:00Z", "2026-01-20T21:00:00Z", 3, 0, 0},
        /* The same step a day later: 34 + 48 h reach over Friday 18:00. */
        {"2026-01-20T11:00:00Z", "2026-01-21T21:00:00Z", 3, 1, 63},
        /* Saturday: what is left of this weekend only. */
        {"2026-01-17T11:00:00Z", NULL, 5, 1, 45},
        /* Monday 09:00 sharp: the weekend is over. */
        {"2026-01-19T08:00:00Z", NULL, 5, 0, 0},
        /* The clocks go forward on 2026-03-29: an hour less of pause. */
        {"2026-03-27T12:00:00Z", NULL, 5, 1, 62},
        /* The last stage, and none. */
        {"2026-01-16T12:00:00Z", NULL, 6, 0, 0},
        {"2026-01-16T12:00:00Z", NULL, -1, 0, 0},
    };
    struct sw_plan plan;
    sw_plan_init_store(&plan);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_weekends got =
            sw_plan_weekends(&plan, cases[i].index, cases[i].next ? at(cases[i].next) : 0,
                             at(cases[i].now));
        if (got.count != cases[i].count || got.pause_s != cases[i].pause_h * 3600)
            fail_msg("case %zu: %d weekends, %.2f h", i, got.count, (double)got.pause_s / 3600);
    }
}

static void the_most_weekends_of_a_plan(void **state)
{
    (void)state;
    struct sw_plan plan;
    sw_plan_init_store(&plan);
    assert_int_equal(sw_plan_weekends_most(&plan).count, 2);
    assert_int_equal(sw_plan_weekends_most(&plan).pause_s, 126 * 3600);
    /* No start meets more than that. */
    int most = 0;
    for (int64_t hour = 0; hour < 168; hour++) {
        struct sw_weekends got =
            sw_plan_weekends(&plan, 0, 0, at("2026-01-12T00:00:00Z") + hour * SW_HOUR_MS);
        if (got.count > most) most = got.count;
    }
    assert_int_equal(most, 2);
    assert_int_equal(sw_plan_weekends_most(&calendar).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage_is_the_highest_not_above),
        cmocka_unit_test(soak_runs_from_the_stage),
        cmocka_unit_test(weekdays_are_local_and_survive_the_clock_change),
        cmocka_unit_test(the_store_keeps_its_own_time),
        cmocka_unit_test(weekends_are_counted_until_the_last_stage),
        cmocka_unit_test(the_most_weekends_of_a_plan),
    };
    if (sw_zone_set("Europe/Madrid", NULL) != SW_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
