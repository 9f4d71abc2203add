/* test_scheduler.c: order, slots, holds and back-off of poll units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/scheduler.h"

enum { SOURCES = 3, UNITS = 200 };

struct budget {
    int slots[SOURCES];
    int64_t wait_ms;
    int asked;
};

static bool acquire(void *arg, size_t source, int64_t *wait_ms)
{
    struct budget *budget = arg;
    budget->asked++;
    *wait_ms = budget->wait_ms;
    if (budget->slots[source] == 0)
        return false;
    budget->slots[source]--;
    return true;
}

static struct budget plenty(void)
{
    return (struct budget){.slots = {1000, 1000, 1000}};
}

static void units_come_out_by_due_time(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit units[UNITS] = {0};
    struct budget budget = plenty();
    sw_sched_init(&sched, 1);
    for (size_t i = 0; i < UNITS; i++)
        sw_sched_at(&sched, &units[i], (int64_t)((i * 7919) % UNITS) + 1, 0, false);
    for (int64_t now = 1; now <= UNITS; now++) {
        assert_int_equal(sw_sched_wait(&sched, now - 1), 1);
        struct sw_unit *unit = sw_sched_next(&sched, now, acquire, &budget);
        assert_non_null(unit);
        assert_int_equal(unit->due_ms, now);
        assert_int_equal(unit->place, SW_UNIT_RUNNING);
        assert_null(sw_sched_next(&sched, now, acquire, &budget));
    }
    assert_int_equal(sw_sched_wait(&sched, UNITS), -1);
    sw_sched_clear(&sched);
}

static void nothing_starts_without_a_slot(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit units[2] = {{.source = 0}, {.source = 1}};
    struct budget budget = {.slots = {0, 1, 0}, .wait_ms = 40};
    sw_sched_init(&sched, SOURCES);
    sw_sched_at(&sched, &units[0], 5, 5, false);
    sw_sched_at(&sched, &units[1], 5, 5, false);
    /* the source without a slot does not hold up the other one */
    assert_ptr_equal(sw_sched_next(&sched, 5, acquire, &budget), &units[1]);
    assert_null(sw_sched_next(&sched, 6, acquire, &budget));
    assert_int_equal(sw_sched_wait(&sched, 15), 30);
    int asked = budget.asked;
    assert_null(sw_sched_next(&sched, 20, acquire, &budget));
    assert_int_equal(budget.asked, asked); /* not asked again before the stated time */
    budget.slots[0] = 1;
    assert_ptr_equal(sw_sched_next(&sched, 45, acquire, &budget), &units[0]);
    sw_sched_clear(&sched);
}

static void a_slot_that_comes_back_unblocks(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit unit = {.source = 2};
    struct budget budget = {.slots = {0, 0, 0}};
    sw_sched_init(&sched, SOURCES);
    sw_sched_at(&sched, &unit, 1, 1, false);
    assert_null(sw_sched_next(&sched, 1, acquire, &budget));
    assert_int_equal(sw_sched_wait(&sched, 1), -1); /* nobody said when */
    budget.slots[2] = 1;
    assert_null(sw_sched_next(&sched, 1000, acquire, &budget));
    sw_sched_unblock(&sched, 2);
    assert_ptr_equal(sw_sched_next(&sched, 1000, acquire, &budget), &unit);
    sw_sched_clear(&sched);
}

static void a_held_unit_waits_and_others_pass(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit held = {.holds = 1}, other = {.holds = 0};
    struct budget budget = plenty();
    sw_sched_init(&sched, 1);
    sw_sched_at(&sched, &held, 1, 1, false);
    sw_sched_at(&sched, &other, 2, 1, false);
    assert_ptr_equal(sw_sched_next(&sched, 3, acquire, &budget), &other);
    assert_null(sw_sched_next(&sched, 3, acquire, &budget));
    held.holds = 0;
    assert_ptr_equal(sw_sched_next(&sched, 3, acquire, &budget), &held);
    sw_sched_clear(&sched);
}

static void sources_take_turns(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit units[30] = {0};
    struct budget budget = plenty();
    size_t served[SOURCES] = {0};
    sw_sched_init(&sched, SOURCES);
    for (size_t i = 0; i < 30; i++) {
        units[i].source = i < 20 ? 0 : i < 25 ? 1 : 2; /* one source has many more */
        sw_sched_at(&sched, &units[i], 1, 1, false);
    }
    for (int i = 0; i < 15; i++)
        served[sw_sched_next(&sched, 2, acquire, &budget)->source]++;
    for (size_t i = 0; i < SOURCES; i++)
        assert_int_equal(served[i], 5);
    sw_sched_clear(&sched);
}

static void earlier_wins_and_resting_leaves(void **state)
{
    (void)state;
    struct sw_sched sched;
    struct sw_unit a = {0}, b = {0}, c = {0};
    struct budget budget = plenty();
    sw_sched_init(&sched, 1);
    sw_sched_at(&sched, &a, 100, 1, false);
    sw_sched_at(&sched, &b, 50, 1, false);
    sw_sched_at(&sched, &c, 60, 1, false);
    sw_sched_at(&sched, &a, 10, 1, true);
    assert_int_equal(a.due_ms, 10);
    sw_sched_at(&sched, &a, 90, 1, true);
    assert_int_equal(a.due_ms, 10);
    sw_sched_at(&sched, &a, 90, 1, false);
    assert_int_equal(a.due_ms, 90);
    sw_sched_rest(&sched, &b);
    assert_int_equal(b.place, SW_UNIT_RESTING);
    assert_ptr_equal(sw_sched_next(&sched, 95, acquire, &budget), &c);
    sw_sched_rest(&sched, &a); /* from the queue this time */
    assert_null(sw_sched_next(&sched, 95, acquire, &budget));
    sw_sched_at(&sched, &c, 1, 2, false); /* running: wanted again, not queued twice */
    assert_true(c.is_wanted_again);
    assert_null(sw_sched_next(&sched, 95, acquire, &budget));
    sw_sched_clear(&sched);
}

static void delays(void **state)
{
    (void)state;
    static const struct {
        struct sw_sched_result result;
        int64_t least, most;
    } cases[] = {
        {{SW_OK, 0, 60000, 0}, 54000, 60000},
        {{SW_E_NETWORK, 1, 60000, 0}, 750, 1250},
        {{SW_E_TIMEOUT, 2, 60000, 0}, 1500, 2500},
        {{SW_E_HTTP, 3, 60000, 0}, 3000, 5000},
        {{SW_E_NETWORK, 7, 60000, 0}, 48000, 60000},
        {{SW_E_NETWORK, 50, 60000, 0}, 60000, 60000}, /* never later than the interval */
        {{SW_E_NETWORK, 3, 500, 0}, 500, 500},
        {{SW_E_QUOTA, 1, 60000, 0}, 60000, 60000},    /* quota: at least the interval */
        {{SW_E_QUOTA, 10, 60000, 0}, 384000, 640000}, /* and beyond it */
        {{SW_E_QUOTA, 30, 60000, 0}, 900000, 900000}, /* to 15 minutes */
        {{SW_E_QUOTA, 1, 60000, 200000}, 200000, 200000},
        {{SW_E_HTTP, 1, 60000, 7200000}, 900000, 900000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (double random = 0; random <= 1; random += 0.125) {
            int64_t delay = sw_sched_delay(&cases[i].result, random);
            assert_in_range(delay, cases[i].least, cases[i].most);
        }
    }
}

static void what_does_not_count_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        struct sw_sched_retry retry;
        int64_t least, most;
    } cases[] = {
        {{SW_OK, true, 0, 0, 0}, 0, 0},
        {{SW_E_NETWORK, true, 0, 0, 0}, 0, 0},
        {{SW_E_BUSY, false, 0, 0, 0}, 300, 300}, /* a lock: in a dashboard, too */
        {{SW_E_BUSY, true, 5, 1500, 0}, 0, 0},
        {{SW_E_QUOTA, false, 0, 0, 0}, 0, 0}, /* a dashboard comes back by itself */
        {{SW_E_QUOTA, false, 0, 0, 1000}, 0, 0},
        {{SW_E_QUOTA, true, 0, 0, 0}, 375, 625},
        {{SW_E_QUOTA, true, 3, 3500, 0}, 3000, 5000},
        {{SW_E_QUOTA, true, 4, 7500, 0}, 0, 0},       /* 6 s more would be beyond ten */
        {{SW_E_QUOTA, true, 0, 0, 2000}, 2000, 2250}, /* told: never sooner */
        {{SW_E_HTTP, true, 0, 0, 2000}, 2000, 2250},  /* 503 with Retry-After */
        {{SW_E_QUOTA, true, 1, 6000, 4100}, 0, 0},
        {{SW_E_QUOTA, true, 0, 0, 60000}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (double random = 0; random <= 1; random += 0.125)
            assert_in_range(sw_sched_again(&cases[i].retry, random), cases[i].least, cases[i].most);
}

/* An outage of an hour and one 429 at its end: the next attempt is not a quarter of an hour away. */
static void a_429_after_an_outage_is_the_first(void **state)
{
    struct sw_unit unit = {0};
    struct sw_sched_result result = {.code = SW_E_QUOTA, .interval_ms = 60000};
    (void)state;
    for (int i = 1; i <= 60; i++)
        assert_int_equal(sw_sched_count(&unit, SW_E_NETWORK), i);
    result.failures = sw_sched_count(&unit, SW_E_QUOTA);
    assert_int_equal(sw_sched_delay(&result, 0.5), 60000);
    assert_int_equal(sw_sched_count(&unit, SW_E_QUOTA), 2);
    assert_int_equal(sw_sched_count(&unit, SW_E_HTTP), 63);
    assert_int_equal(sw_sched_count(&unit, SW_E_QUOTA), 1);
    assert_int_equal(sw_sched_count(&unit, SW_OK), 0);
    assert_int_equal(sw_sched_count(&unit, SW_E_HTTP), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_come_out_by_due_time),
        cmocka_unit_test(nothing_starts_without_a_slot),
        cmocka_unit_test(a_slot_that_comes_back_unblocks),
        cmocka_unit_test(a_held_unit_waits_and_others_pass),
        cmocka_unit_test(sources_take_turns),
        cmocka_unit_test(earlier_wins_and_resting_leaves),
        cmocka_unit_test(delays),
        cmocka_unit_test(what_does_not_count_is_asked_again),
        cmocka_unit_test(a_429_after_an_outage_is_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
