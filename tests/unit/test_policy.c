/* test_policy.c: what each verb needs, asked for every combination. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/policy.h"

static const struct sw_source_offer possible = {.is_possible = true};
static const struct sw_source_offer impossible = {.reason = "Apple has no roll back"};

static struct sw_policy_input ready(enum sw_verb verb)
{
    return (struct sw_policy_input){
        .verb = verb,
        .gates_worst = SW_GATE_PASS,
        .is_checklist_known = true,
        .offer = &possible,
    };
}

static void everything_in_order_is_allowed(void **state)
{
    (void)state;
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_policy_input in = ready((enum sw_verb)verb);
        struct sw_policy_answer out;
        sw_policy_judge(&in, &out);
        assert_true(out.is_allowed);
        assert_int_equal(out.code, SW_OK);
        assert_string_equal(out.reason, "");
    }
}

/* Whatever else is wrong, a halt is refused only by read-only and by a state
 * in which the store would refuse it. */
static void a_halt_is_never_blocked(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1u << 6; bits++)
        for (int gate = SW_GATE_UNKNOWN; gate < SW_GATE_COUNT; gate++) {
            struct sw_policy_input in = ready(SW_VERB_HALT);
            struct sw_policy_answer out;
            in.is_stale = bits & 1;
            in.is_halt_pending = bits & 2;
            in.blocking_open = bits & 4 ? 3 : 0;
            in.is_checklist_known = !(bits & 8);
            in.soak_left_s = bits & 16 ? 60 : 0;
            in.has_override = bits & 32;
            in.gates_worst = (enum sw_gate_verdict)gate;
            sw_policy_judge(&in, &out);
            assert_true(out.is_allowed);
        }
}

static void read_only_and_impossible_are_hard(void **state)
{
    (void)state;
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_policy_input in = ready((enum sw_verb)verb);
        struct sw_policy_answer out;
        in.is_read_only = in.has_override = true;
        sw_policy_judge(&in, &out);
        assert_false(out.is_allowed);
        assert_false(out.can_override);
        assert_non_null(strstr(out.reason, "read-only"));
        in.is_read_only = false;
        in.offer = &impossible;
        sw_policy_judge(&in, &out);
        assert_false(out.is_allowed);
        assert_false(out.can_override);
        assert_string_equal(out.reason, "Apple has no roll back");
        in.offer = NULL;
        sw_policy_judge(&in, &out);
        assert_false(out.is_allowed);
    }
}

static void stale_blocks_all_but_halt_even_with_an_override(void **state)
{
    (void)state;
    for (int verb = SW_VERB_RESUME; verb < SW_VERB_COUNT; verb++) {
        struct sw_policy_input in = ready((enum sw_verb)verb);
        struct sw_policy_answer out;
        in.is_stale = in.has_override = true;
        sw_policy_judge(&in, &out);
        assert_false(out.is_allowed);
        assert_int_equal(out.code, SW_E_STALE);
        in.is_stale = false;
        in.is_halt_pending = true;
        sw_policy_judge(&in, &out);
        assert_false(out.is_allowed);
    }
}

struct row {
    const char *what;
    enum sw_gate_verdict gate;
    size_t open;
    bool is_unread;
    int64_t soak_s;
    enum sw_code code;
    const char *reason;
};

static const struct row rows[] = {
    {"FAIL", SW_GATE_FAIL, 0, false, 0, SW_E_REFUSED, "gate FAIL: crash 98% < 99%"},
    {"WARN", SW_GATE_WARN, 0, false, 0, SW_E_REFUSED, "gate WARN"},
    {"WAIT", SW_GATE_WAIT, 0, false, 0, SW_E_REFUSED, "gate WAIT"},
    {"STALE", SW_GATE_STALE, 0, false, 0, SW_E_STALE, "gate STALE"},
    {"UNKNOWN", SW_GATE_UNKNOWN, 0, false, 0, SW_E_STALE, "gate UNKNOWN"},
    {"one item", SW_GATE_PASS, 1, false, 0, SW_E_REFUSED, "1 blocking checklist item open"},
    {"items", SW_GATE_PASS, 2, false, 0, SW_E_REFUSED, "2 blocking checklist items open"},
    {"no list", SW_GATE_PASS, 0, true, 0, SW_E_STALE, "checklist could not be read"},
    {"soak", SW_GATE_PASS, 0, false, 24480, SW_E_REFUSED, "soak: 6h48m left"},
};

static void advance_and_complete_need_all_or_an_override(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int verb = SW_VERB_RESUME; verb < SW_VERB_COUNT; verb++) {
            struct sw_policy_input in = ready((enum sw_verb)verb);
            struct sw_policy_answer out;
            in.gates_worst = rows[i].gate;
            in.blocking_open = rows[i].open;
            in.is_checklist_known = !rows[i].is_unread;
            in.soak_left_s = rows[i].soak_s;
            (void)snprintf(in.gate_reason, sizeof in.gate_reason, "crash 98%% < 99%%");
            sw_policy_judge(&in, &out);
            bool needs_all = verb == SW_VERB_ADVANCE || verb == SW_VERB_COMPLETE;
            assert_int_equal(out.is_allowed, !needs_all);
            if (!needs_all) continue;
            assert_true(out.can_override);
            assert_int_equal(out.code, rows[i].code);
            if (!strstr(out.reason, rows[i].reason)) fail_msg("%s: %s", rows[i].what, out.reason);
            in.has_override = true;
            sw_policy_judge(&in, &out);
            assert_true(out.is_allowed);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_order_is_allowed),
        cmocka_unit_test(a_halt_is_never_blocked),
        cmocka_unit_test(read_only_and_impossible_are_hard),
        cmocka_unit_test(stale_blocks_all_but_halt_even_with_an_override),
        cmocka_unit_test(advance_and_complete_need_all_or_an_override),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
