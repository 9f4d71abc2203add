/* test_judge.c: what is said of a platform's table, and the gate on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "model/judge.h"

#define T0 (INT64_C(1768896000) * 1000)

enum { DAY = 288 };

struct table {
    struct sw_buckets buckets;
    struct sw_counts slots[14 * DAY];
};

static struct sw_buckets *empty(struct table *table)
{
    *table = (struct table){.buckets = {.start_ms = T0, .bucket_s = 300, .slots = table->slots,
                                        .read_ms = {T0, T0}}};
    return &table->buckets;
}

/* `count` buckets, each of these counts. */
static void add(struct table *table, size_t count, struct sw_counts each)
{
    for (size_t i = 0; i < count; i++)
        table->slots[table->buckets.count++] = each;
}

static const struct sw_counts well = {1, 367, 6, 2133}; /* 0.27 % beside 0.28 % */
static const struct sw_counts bad = {4, 367, 6, 2133};
static const struct sw_counts quiet = {0, 367, 0, 2133};
static const struct sw_counts fewer = {0, 1, 1, 330};

static struct sw_judged judge_with(const struct table *table, unsigned event, int64_t event_ms)
{
    struct sw_judged judged;
    const struct sw_judge_options options = {
        .soak_s = 12 * 3600, .event = event, .event_ms = event_ms};
    sw_judge(&table->buckets, &options, &judged);
    return judged;
}

static struct sw_judged judge(const struct table *table)
{
    return judge_with(table, 0, 0);
}

static enum sw_gate_verdict gate_of(const struct sw_judged *judged, char reason[200])
{
    return sw_judge_gate(judged, reason, 200);
}

static int64_t ms_of(size_t bucket)
{
    return T0 + (int64_t)bucket * 300 * 1000;
}

/* ------------------------------------------------------------------------ the test */

/* What stands in the picture is what `slipway verdict` says of the same buckets. */
static void it_is_the_verdict_on_the_table(void **state)
{
    (void)state;
    static struct table table;
    empty(&table);
    add(&table, DAY, well);
    add(&table, 12, bad);
    struct sw_judged judged = judge(&table);
    struct sw_verdict_options options = sw_verdict_options_default(14 * DAY);
    options.soak = 144;
    struct sw_verdict_bucket *all SW_AUTO_FREE = sw_xcalloc(table.buckets.count, sizeof *all);
    sw_buckets_expand(&table.buckets, all);
    struct sw_verdict_row row = sw_verdict_judge(&options, all, table.buckets.count);
    assert_int_equal(judged.state, SW_VERDICT_WORSE);
    assert_int_equal(judged.state, row.state);
    assert_memory_equal(&judged.ratio, &row.ratio, sizeof row.ratio);
    assert_memory_equal(&judged.ratio_high, &row.ratio_high, sizeof row.ratio_high);
    assert_true(judged.log_e.value >= row.log_e && judged.log_e.value <= row.log_e);
    assert_int_equal(judged.grounds.starts, options.starts);
    assert_int_equal(judged.grounds.soak, options.soak);
    assert_int_equal(judged.since_ms, ms_of(DAY));
    assert_int_equal((int)judged.n_new.value, 12 * 367);
    assert_int_equal((int)judged.grounds.bad_new.value, 48);
    assert_true(judged.grounds.is_halt_advised);
    assert_true(judged.grounds.e_warn > 19.99 && judged.grounds.e_warn < 20.01);
}

static void after_a_halt_a_new_test_decides(void **state)
{
    (void)state;
    static struct table table;
    char reason[200];
    empty(&table);
    add(&table, DAY, well);
    add(&table, 24, bad);
    /* The moment of the halt: nothing is known of the time after it, and nothing is open. */
    struct sw_judged judged = judge_with(&table, 1, ms_of(DAY + 24));
    assert_int_equal(judged.state, SW_VERDICT_UNKNOWN);
    assert_int_equal(judged.grounds.before, SW_VERDICT_WORSE);
    assert_true(judged.grounds.before_log_e_max.value > log(100));
    assert_int_equal(gate_of(&judged, reason), SW_GATE_WAIT);
    assert_non_null(strstr(reason, "since the last halt or fix"));
    /* A fix that works: in the end it is not worse. */
    add(&table, 144, well);
    judged = judge_with(&table, 1, ms_of(DAY + 24));
    assert_int_equal(judged.state, SW_VERDICT_NOT_WORSE);
    assert_int_equal(judged.grounds.bucket_count, 144);
    assert_true(fabs(judged.grounds.e_warn - 32.9) < 0.05);
    assert_true(fabs(judged.grounds.e_halt - 164.5) < 0.05);
    assert_int_equal(judged.grounds.before, SW_VERDICT_WORSE);
    /* Without the halt the old evidence would still stand. */
    assert_int_equal(judge(&table).state, SW_VERDICT_WORSE);
    /* A bucket that had begun before the halt is not of the time after it. */
    judged = judge_with(&table, 1, ms_of(DAY + 24) + 1);
    assert_int_equal(judged.grounds.bucket_count, 143);
    /* One that does not work is found anew. */
    add(&table, 24, bad);
    judged = judge_with(&table, 2, ms_of(DAY + 24 + 144));
    assert_int_equal(judged.state, SW_VERDICT_WORSE);
    assert_true(fabs(judged.grounds.e_warn - 4 * 32.9) < 0.1);
}

static void the_old_version_has_gone(void **state)
{
    (void)state;
    static struct table table;
    const struct sw_counts gone = {1, 367, 0, 3}, gone_bad = {4, 367, 0, 3}, none = {4, 367, 0, 0};
    empty(&table);
    add(&table, DAY, well); /* 1,728 crashes of the old version: its rate is known */
    add(&table, DAY - 1, gone);
    struct sw_judged judged = judge(&table);
    assert_false(judged.grounds.is_old_rate_known); /* it may be back within the day */
    add(&table, DAY + 1, gone);
    judged = judge(&table);
    assert_true(judged.grounds.is_old_rate_known);
    assert_int_equal(judged.state, SW_VERDICT_NOT_WORSE);
    add(&table, DAY, gone_bad);
    judged = judge(&table);
    assert_int_equal(judged.state, SW_VERDICT_WORSE);
    assert_true(judged.grounds.is_old_rate_known);
    assert_true(judged.ratio.value > 3 && judged.ratio.value < 5);
    /* Also where nobody has the old one any more, which no test with a control could see. */
    empty(&table);
    add(&table, DAY, well);
    add(&table, DAY, none);
    judged = judge(&table);
    assert_int_equal(judged.state, SW_VERDICT_WORSE);
    assert_int_equal(judged.since_ms, ms_of(DAY));
    /* A rate from too few crashes is not taken as known. */
    empty(&table);
    add(&table, 99, fewer);
    add(&table, DAY, gone);
    assert_false(judge(&table).grounds.is_old_rate_known);
    /* What was found with a control stays found without one. */
    empty(&table);
    add(&table, DAY, bad);
    add(&table, 2 * DAY, gone);
    assert_int_equal(judge(&table).state, SW_VERDICT_WORSE);
}

/* ------------------------------------------------------------------------ the gate */

static void the_gate_says_why(void **state)
{
    (void)state;
    static const struct {
        enum sw_verdict state;
        bool can_decide, is_stale;
        unsigned event;
        enum sw_gate_verdict want;
        const char *reason;
    } rows[] = {
        {SW_VERDICT_WORSE, false, false, 0, SW_GATE_FAIL, "WORSE: 3.0x (1.6-5.4), n 4400, E reached"},
        {SW_VERDICT_WORSE, false, true, 0, SW_GATE_FAIL, "by old data"},
        {SW_VERDICT_WORSE, false, false, 1, SW_GATE_FAIL, "WORSE since the last halt or fix"},
        {SW_VERDICT_NOT_WORSE, false, false, 0, SW_GATE_PASS, "not twice as bad"},
        {SW_VERDICT_NOT_WORSE, false, true, 0, SW_GATE_STALE, "too old"},
        {SW_VERDICT_NOT_ENOUGH_DATA, true, false, 0, SW_GATE_WAIT, "not enough data: 3.0x"},
        {SW_VERDICT_NOT_ENOUGH_DATA, false, false, 0, SW_GATE_PASS, "too few users to be sure"},
        {SW_VERDICT_NOT_ENOUGH_DATA, false, false, 0, SW_GATE_PASS, "sees >= 2.3x"},
        {SW_VERDICT_NOT_ENOUGH_DATA, false, true, 0, SW_GATE_STALE, "too old"},
        {SW_VERDICT_UNKNOWN, false, false, 0, SW_GATE_UNKNOWN, "no closed bucket"},
        {SW_VERDICT_UNKNOWN, true, true, 0, SW_GATE_STALE, "too old"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char reason[200];
        struct sw_judged judged = {
            .state = rows[i].state, .ratio = {3, true}, .ratio_low = {1.6, true},
            .ratio_high = {5.4, true}, .n_new = {4400, true},
            .grounds = {.is_stale = rows[i].is_stale, .can_decide = rows[i].can_decide,
                        .event = rows[i].event, .e_warn = 20, .log_e_max = {7, true},
                        .sees = {2.21, true}}};
        enum sw_gate_verdict got = gate_of(&judged, reason);
        if (got != rows[i].want || strstr(reason, rows[i].reason) == NULL)
            fail_msg("row %zu: %s, \"%s\"", i, sw_gate_verdict_name(got), reason);
    }
}

/* A small random stream, the same in every run. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static uint32_t poisson(uint32_t *seed, double mean)
{
    double product = 1, limit = exp(-mean);
    uint32_t count = 0;
    for (; product > limit; count++)
        product *= (next(seed) + 0.5) / 16777216.0;
    return count - 1;
}

/* Healthy rollouts of every size get through: at the end of each 12 hours the gate is open or
 * decides soon. At most 5 % of the 60 may be called WORSE (one seed, so that it is the same in every
 * run). */
static void a_healthy_rollout_can_advance(void **state)
{
    (void)state;
    static const double sessions[] = {0.2, 3, 20, 120, 367, 4000};
    static struct table table;
    uint32_t seed = 1;
    int alarms = 0;
    for (size_t s = 0; s < SW_ARRAY_LEN(sessions); s++) {
        for (int run = 0; run < 10; run++) {
            char reason[200];
            int opened = 0;
            bool is_alarm = false;
            empty(&table);
            for (int look = 0; look < 6; look++) {
                for (int i = 0; i < 144; i++) {
                    struct sw_counts slot = {0, poisson(&seed, sessions[s] < 300 ? sessions[s] : 300),
                                             0, 2100};
                    slot.n_new = sessions[s] < 300 ? slot.n_new : (uint32_t)sessions[s];
                    slot.bad_new = poisson(&seed, 0.003 * slot.n_new);
                    slot.bad_old = poisson(&seed, 0.003 * 2100);
                    slot.bad_new = slot.bad_new < slot.n_new ? slot.bad_new : slot.n_new;
                    add(&table, 1, slot);
                }
                struct sw_judged judged = judge(&table);
                enum sw_gate_verdict verdict = gate_of(&judged, reason);
                if (verdict != SW_GATE_PASS && verdict != SW_GATE_WAIT &&
                    verdict != SW_GATE_FAIL)
                    fail_msg("%g sessions: %s", sessions[s], reason);
                opened += verdict == SW_GATE_PASS;
                is_alarm = is_alarm || verdict == SW_GATE_FAIL;
            }
            alarms += is_alarm;
            if (opened < 3 && !is_alarm)
                fail_msg("%g sessions: open at %d of 6 looks; %s", sessions[s], opened, reason);
        }
    }
    assert_true(alarms <= 3);
}

/* In a stage that has just begun the captain is told to wait, not that there are too few users. */
static void a_young_window_is_not_too_few_users(void **state)
{
    (void)state;
    static struct table table;
    char reason[200];
    empty(&table);
    add(&table, 6, well);
    struct sw_judged judged = judge(&table);
    assert_int_equal(judged.state, SW_VERDICT_NOT_ENOUGH_DATA);
    assert_int_equal(gate_of(&judged, reason), SW_GATE_WAIT);
    empty(&table);
    add(&table, DAY, fewer);
    judged = judge(&table);
    assert_int_equal(gate_of(&judged, reason), SW_GATE_PASS);
    assert_non_null(strstr(reason, "too few users to be sure"));
}

/* ----------------------------------------------------------------------- properties */

static void no_data_never_passes(void **state)
{
    (void)state;
    static struct table table;
    char reason[200];
    static const struct sw_counts empties[] = {{0, 0, 0, 0}, {0, 367, 0, 0}, {0, 0, 6, 2133}};
    empty(&table);
    struct sw_judged judged = judge(&table);
    assert_int_equal(judged.state, SW_VERDICT_UNKNOWN);
    assert_int_equal(gate_of(&judged, reason), SW_GATE_UNKNOWN);
    for (size_t i = 0; i < SW_ARRAY_LEN(empties); i++) {
        for (unsigned event = 0; event < 2; event++) {
            empty(&table);
            add(&table, DAY, event ? quiet : empties[i]); /* no crash: no rate that is known */
            add(&table, DAY, empties[i]);
            judged = judge_with(&table, event, event ? ms_of(DAY) : 0);
            assert_int_equal(judged.state, SW_VERDICT_UNKNOWN);
            assert_int_not_equal(gate_of(&judged, reason), SW_GATE_PASS);
        }
    }
}

static int rank(enum sw_verdict verdict)
{
    return verdict == SW_VERDICT_WORSE ? 3 : verdict == SW_VERDICT_NOT_ENOUGH_DATA ? 2 : 1;
}

/* Random tables, one more crash of the new version at a time. */
static void more_crashes_never_make_it_better(void **state)
{
    (void)state;
    static struct table table;
    uint32_t seed = 7;
    int worse = 0;
    for (int run = 0; run < 40; run++) {
        char reason[200];
        empty(&table);
        size_t count = 150 + next(&seed) % 200;
        for (size_t i = 0; i < count; i++) {
            struct sw_counts slot = {0, next(&seed) % 900, 0, next(&seed) % 3000};
            slot.bad_new = slot.n_new > 4 ? next(&seed) % 3 : 0;
            slot.bad_old = slot.n_old > 20 ? next(&seed) % 14 : 0;
            add(&table, 1, slot);
        }
        struct sw_judged before = judge(&table);
        for (int more = 0; more < 40; more++) {
            struct sw_counts *slot = &table.slots[next(&seed) % count];
            uint32_t room = slot->n_new - slot->bad_new;
            slot->bad_new += room < 5 ? room : 5;
            struct sw_judged after = judge(&table);
            bool was_open = gate_of(&before, reason) == SW_GATE_PASS;
            bool is_open = gate_of(&after, reason) == SW_GATE_PASS;
            if (rank(after.state) < rank(before.state) || (is_open && !was_open))
                fail_msg("run %d: %s after %s", run, sw_verdict_name(after.state),
                         sw_verdict_name(before.state));
            before = after;
        }
        worse += before.state == SW_VERDICT_WORSE;
    }
    assert_true(worse > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_verdict_on_the_table),
        cmocka_unit_test(after_a_halt_a_new_test_decides),
        cmocka_unit_test(the_old_version_has_gone),
        cmocka_unit_test(the_gate_says_why),
        cmocka_unit_test(a_healthy_rollout_can_advance),
        cmocka_unit_test(a_young_window_is_not_too_few_users),
        cmocka_unit_test(no_data_never_passes),
        cmocka_unit_test(more_crashes_never_make_it_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
