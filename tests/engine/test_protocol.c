/* test_protocol.c: the protocol of actions against a small world: what is sent, how often, and what
 * the captain is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/time.h"
#include "world.h"

static int begin_one(void **state)
{
    (void)state;
    world_begin(1, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

static void set_write(const char *name, enum world_write write, int count)
{
    struct world_app app = world_look(name);
    app.write = write;
    app.write_count = count;
    world_set(name, &app);
}

/* Takes the outcome's result and checks the parts of its text. */
static void expect(struct sw_outcome *outcome, enum sw_result result, enum sw_code code,
                   const char *part)
{
    if (outcome->result != result || outcome->error.code != code ||
        strstr(outcome->text, part) == NULL)
        fail_msg("%s (code %d): %s; wanted %s (code %d): %s", sw_result_name(outcome->result),
                 (int)outcome->error.code, outcome->text, sw_result_name(result), (int)code, part);
    sw_outcome_free(outcome);
}

static void a_halt_reaches_the_store(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct sw_outcome *outcome = world_verb(core, "app0", SW_VERB_HALT);
    assert_true(outcome->asked_ms > 0);
    assert_true(outcome->accepted_ms >= outcome->asked_ms);
    assert_true(outcome->seen_ms >= outcome->accepted_ms);
    assert_string_equal(outcome->platform, "app0");
    expect(outcome, SW_RESULT_SEEN, SW_OK, "HALTED at 10%");
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), 1);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SEEN), 1);
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    sw_core_close(core);
}

static bool is_halted(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot->platforms[0].state == SW_STATE_HALTED && snapshot->event_count == 2 &&
           snapshot->platforms[0].halt_asked_ms == 0 && snapshot->action_count == 1 &&
           snapshot->actions[0].result == SW_RESULT_SEEN && snapshot->actions[0].seen_ms > 0 &&
           snapshot->platforms[0].offers[SW_VERB_RESUME].is_allowed;
}

static void the_picture_follows(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    struct sw_snapshot *snapshot = world_wait(core, is_halted, NULL);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->events[0].kind, SW_EVENT_INTENT);
    assert_string_equal(snapshot->events[0].reason, "because");
    assert_string_equal(snapshot->events[1].intent, snapshot->events[0].uuid);
    sw_snapshot_free(snapshot);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "already");
    assert_int_equal(world_look("app0").writes, 1);
    expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_SEEN, SW_OK, "ROLLING");
    assert_int_equal(world_look("app0").state, SW_STATE_ROLLING);
    sw_core_close(core);
}

static void an_advance_goes_to_the_next_stage(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_SEEN, SW_OK, "ROLLING at 50%");
    assert_true(world_look("app0").percent == 50);
    sw_core_close(core);
}

static void a_failing_gate_closes_advance_not_halt(void **state)
{
    (void)state;
    struct world_app app = world_look("app0");
    app.health_percent_x100 = 9800;
    world_set("app0", &app);
    struct sw_core *core = world_start(true, false);
    expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, SW_E_REFUSED, "gate");
    assert_int_equal(world_look("app0").writes, 0);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), 0);
    const struct sw_command overridden = {.kind = SW_COMMAND_VERB,
                                          .platform = "app0",
                                          .verb = SW_VERB_ADVANCE,
                                          .override_text = "we know this crash"};
    expect(world_do(core, &overridden), SW_RESULT_SEEN, SW_OK, "50%");
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    sw_core_close(core);
}

static void drift_refuses_all_but_halt(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    struct world_app app = world_look("app0");
    app.percent = 20;
    world_set("app0", &app);
    struct sw_command command = {.kind = SW_COMMAND_VERB,
                                 .platform = "app0",
                                 .verb = SW_VERB_ADVANCE,
                                 .expected_identity = "200",
                                 .expected_state = SW_STATE_ROLLING,
                                 .expected_percent = {.value = 10, .is_known = true}};
    expect(world_do(core, &command), SW_RESULT_REFUSED, SW_E_CONFLICT,
           "ROLLING at 20%, you saw ROLLING at 10%");
    assert_int_equal(world_look("app0").writes, 0);
    command.verb = SW_VERB_HALT;
    expect(world_do(core, &command), SW_RESULT_SEEN, SW_OK, "HALTED");
    sw_core_close(core);
}

static void another_version_refuses_even_a_halt(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    struct world_app app = world_look("app0");
    sw_copy(app.version, sizeof app.version, "2.0.1");
    sw_copy(app.identity, sizeof app.identity, "201");
    world_set("app0", &app);
    const struct sw_command command = {.kind = SW_COMMAND_VERB,
                                       .platform = "app0",
                                       .verb = SW_VERB_HALT,
                                       .expected_identity = "200"};
    expect(world_do(core, &command), SW_RESULT_REFUSED, SW_E_CONFLICT, "2.0.1 (201), you saw 200");
    assert_int_equal(world_look("app0").writes, 0);
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    sw_core_close(core);
}

static void a_lost_answer_is_read_back(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_LOSES_ANSWER, 1);
    struct sw_outcome *outcome = world_verb(core, "app0", SW_VERB_ADVANCE);
    assert_int_equal(outcome->accepted_ms, 0);
    expect(outcome, SW_RESULT_SEEN, SW_OK, "50%");
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
}

static void a_lost_write_is_never_sent_again(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_IS_LOST, 1);
    expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_UNKNOWN, SW_E_OUTCOME_UNKNOWN,
           "does not show it yet");
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_UNKNOWN), 1);
    sw_core_close(core);
}

static void a_halt_not_taken_is_sent_again_once(void **state)
{
    (void)state;
    static const enum world_write losses[] = {WRITE_IS_LOST, WRITE_IS_IGNORED};
    for (size_t i = 0; i < 2; i++) {
        struct sw_core *core = world_start(true, false);
        struct world_app app = world_look("app0");
        int before = app.writes;
        app.state = SW_STATE_ROLLING;
        app.write = losses[i];
        app.write_count = 1;
        world_set("app0", &app);
        expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
        assert_int_equal(world_look("app0").writes - before, 2);
        assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), i + 1);
        sw_core_close(core);
    }
}

static void a_slow_store_gets_one_halt(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    world_tuning.resend_after_ms = 5000;
    struct world_app app = world_look("app0");
    app.lag_reads = 5;
    world_set("app0", &app);
    sw_core_close(core);
    core = world_start(true, false); /* with the new times */
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
}

static enum sw_code completed_meanwhile(void *arg)
{
    struct world_app app = world_look("app0");
    (void)arg;
    app.state = SW_STATE_COMPLETE;
    app.percent = 100;
    world_set("app0", &app);
    return SW_OK;
}

/* Somebody gave it to everybody while our halt was on its way: nothing is left to ask for, and the
 * captain must not wait for a halt that cannot come. */
static void a_halt_of_what_cannot_be_halted_any_more_ends_aloud(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    set_write("app0", WRITE_IS_LOST, -1);
    world_before_writes(completed_meanwhile, NULL);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REJECTED, SW_E_CONFLICT,
           "app0: NOT HALTED: the store now shows COMPLETE at 100%: the app is complete");
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_REJECTED), 1);
    sw_core_close(core);
    world_before_writes(NULL, NULL);
}

static void an_unsent_halt_is_tried_until_it_leaves(void **state)
{
    (void)state;
    world_tuning.seen_timeout_ms = 10000;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_IS_UNSENT, 4);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    set_write("app0", WRITE_IS_UNSENT, -1);
    expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_FAILED, SW_E_NETWORK, "not sent");
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    sw_core_close(core);
}

static void the_upstreams_no_is_final(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_IS_REFUSED, -1);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REJECTED, SW_E_CONFLICT, "409");
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_REJECTED), 1);
    sw_core_close(core);
}

static enum sw_code refuse_the_third(void *arg)
{
    int *count = arg;
    if (++*count == 3)
        set_write("app0", WRITE_IS_REFUSED, -1);
    return SW_OK;
}

/* A dashboard's halt has no limit: a no after attempts that never left must end it. */
static void a_no_after_unsent_halts_is_final(void **state)
{
    (void)state;
    int count = 0;
    struct sw_core *core = world_start(false, false);
    set_write("app0", WRITE_IS_UNSENT, -1);
    world_before_writes(refuse_the_third, &count);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REJECTED, SW_E_CONFLICT, "409");
    assert_int_equal(count, 3);
    sw_core_close(core);
}

static enum sw_code complete_it(void *arg)
{
    struct world_app app = world_look("app0");
    (void)arg;
    app.state = SW_STATE_COMPLETE;
    app.percent = 100;
    world_set("app0", &app);
    return SW_OK;
}

/* What was to be halted is done by itself, as a deployment is: no halt reaches it any more. */
static void a_halt_overtaken_by_the_end_ends(void **state)
{
    static const enum world_write ways[] = {WRITE_IS_LOST, WRITE_IS_IGNORED};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct world_app app = world_look("app0");
        app.state = SW_STATE_ROLLING;
        app.percent = 10;
        world_set("app0", &app);
        struct sw_core *core = world_start(false, false);
        set_write("app0", ways[i], 1);
        world_before_writes(complete_it, NULL);
        expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REJECTED, SW_E_CONFLICT,
               "NOT HALTED: the store now shows COMPLETE at 100%");
        assert_int_equal(world_look("app0").writes, i + 1);
        world_before_writes(NULL, NULL);
        sw_core_close(core);
    }
}

static void a_halt_may_be_blind(void **state)
{
    (void)state;
    world_tuning.seen_timeout_ms = 20000;
    struct sw_core *core = world_start(true, false);
    sw_core_close(core); /* the last known ids are in the cache now */
    core = world_open(true, false);
    struct world_app app = world_look("app0");
    app.is_unreadable = true;
    world_set("app0", &app);
    struct sw_error error = {0};
    assert_int_equal(sw_core_start(core, &error), SW_OK);
    assert_true(sw_core_wait_polled(core, 20000));
    expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, SW_E_STALE,
           "nothing was sent");
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    for (int i = 0; i < 100 && world_look("app0").writes == 0; i++)
        world_sleep(100);
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    app = world_look("app0");
    app.is_unreadable = false;
    world_set("app0", &app);
    struct sw_outcome *outcome = sw_core_wait_outcome(core, id, 20000);
    assert_non_null(outcome);
    expect(outcome, SW_RESULT_SEEN, SW_OK, "HALTED");
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
}

static void without_any_ids_a_halt_fails_aloud(void **state)
{
    (void)state;
    struct world_app app = world_look("app0");
    app.is_unreadable = true;
    world_set("app0", &app);
    struct sw_core *core = world_start(true, false);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_FAILED, SW_E_TLS, "nothing was sent");
    assert_int_equal(world_look("app0").writes, 0);
    sw_core_close(core);
}

static void an_early_halt_waits_for_the_releases_name(void **state)
{
    (void)state;
    struct sw_error error = {0};
    world_set_git_delay(200);
    struct sw_core *core = world_open(true, false);
    assert_int_equal(sw_core_start(core, &error), SW_OK);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    assert_true(sw_core_wait_polled(core, 10000));
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SEEN), 1);
    sw_core_close(core);
}

static void a_hanging_git_does_not_hold_a_halt(void **state)
{
    (void)state;
    struct sw_error error = {0};
    world_set_git_delay(1500);
    world_tuning.release_wait_ms = 100;
    struct sw_core *core = world_open(true, false);
    assert_int_equal(sw_core_start(core, &error), SW_OK);
    int64_t begun_ms = sw_time_mono_ms();
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    assert_true(sw_time_mono_ms() - begun_ms < 1200);
    sw_core_close(core);
}

static void a_dry_run_sends_nothing(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    const struct sw_command command = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_ADVANCE, .is_dry_run = true};
    struct sw_outcome *outcome = world_do(core, &command);
    assert_non_null(strstr(outcome->text, "/apps/app0/advance"));
    expect(outcome, SW_RESULT_DRY_RUN, SW_OK, "50");
    assert_int_equal(world_look("app0").writes, 0);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), 0);
    sw_core_close(core);
}

static void read_only_sends_nothing(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, true);
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        expect(world_verb(core, "app0", (enum sw_verb)verb), SW_RESULT_REFUSED, SW_E_REFUSED,
               "read-only");
    const struct sw_command stop = {.kind = SW_COMMAND_STOP_EVERYTHING};
    const struct sw_command tick = {.kind = SW_COMMAND_TICK, .item = "smoke"};
    expect(world_do(core, &stop), SW_RESULT_REFUSED, SW_E_REFUSED, "read-only");
    expect(world_do(core, &tick), SW_RESULT_REFUSED, SW_E_REFUSED, "read-only");
    assert_int_equal(world_look("app0").writes, 0);
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    sw_core_close(core);
}

/* Another process sits on the lock that reading needs: the halt does not sit there with it. */
static void a_held_lock_does_not_hold_a_halt(void **state)
{
    (void)state;
    char hash[SW_SHA256_TEXT], path[SW_PATH_TEXT];
    struct sw_lock lock = {0};
    world_tuning.halt_read_ms = 200;
    struct sw_core *core = world_start(false, false);
    world_set_read_lock("edit");
    sw_sha256_hex("edit", strlen("edit"), hash);
    sw_format(path, sizeof path, "%s/locks", world_state_dir());
    assert_int_equal(sw_fs_mkdirs(path, NULL), SW_OK);
    sw_format(path, sizeof path, "%s/locks/%.32s.lock", world_state_dir(), hash);
    assert_int_equal(sw_lock_try(&lock, path, NULL), SW_OK);
    int64_t begun_ms = sw_time_mono_ms();
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    while (world_look("app0").writes == 0 && sw_time_mono_ms() - begun_ms < 8000)
        world_sleep(10);
    assert_true(sw_time_mono_ms() - begun_ms < 4000); /* the lock is waited for 10 s */
    sw_lock_release(&lock);
    expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SEEN, SW_OK, "HALTED");
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
}

/* A store that does not say the identity now has not said that it is another one. */
static void an_identity_that_is_not_told_is_not_another(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    struct world_app app = world_look("app0");
    app.identity[0] = '\0';
    world_set("app0", &app);
    struct sw_command command = {.kind = SW_COMMAND_VERB,
                                 .platform = "app0",
                                 .verb = SW_VERB_ADVANCE,
                                 .expected_identity = "200"};
    expect(world_do(core, &command), SW_RESULT_REFUSED, SW_E_CONFLICT, "you saw 200");
    assert_int_equal(world_look("app0").writes, 0);
    command.verb = SW_VERB_HALT;
    expect(world_do(core, &command), SW_RESULT_SEEN, SW_OK, "HALTED");
    sw_core_close(core);
}

/* Nothing has left, and then there is another version: that is known, and nothing else is said. */
static void an_unsent_halt_and_another_version_is_not_unknown(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.write = WRITE_IS_UNSENT;
    app.write_count = -1;
    world_set("app0", &app);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    while (world_look("app0").writes == 0)
        world_sleep(5);
    app = world_look("app0");
    sw_copy(app.version, sizeof app.version, "2.0.1");
    sw_copy(app.identity, sizeof app.identity, "201");
    world_set("app0", &app);
    expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_FAILED, SW_E_CONFLICT,
           "nothing was sent, and the store now shows 2.0.1 (201)");
    sw_core_close(core);
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    expect(world_verb(core, "app1", SW_VERB_HALT), SW_RESULT_REFUSED, SW_E_USAGE,
           "did you mean \"app0\"");
    const struct sw_command tick = {.kind = SW_COMMAND_TICK, .item = "smok"};
    expect(world_do(core, &tick), SW_RESULT_REFUSED, SW_E_USAGE, "near: smoke");
    sw_core_close(core);
}

static bool has_one_done(const struct sw_snapshot *snapshot, const void *arg)
{
    return snapshot->checklist.done == *(const size_t *)arg;
}

static void ticks_are_kept(void **state)
{
    (void)state;
    const size_t one = 1, none = 0;
    const struct sw_command tick = {.kind = SW_COMMAND_TICK, .item = "smoke"};
    const struct sw_command untick = {.kind = SW_COMMAND_UNTICK, .item = "smoke"};
    struct sw_core *core = world_start(false, false);
    expect(world_do(core, &tick), SW_RESULT_SEEN, SW_OK, "smoke");
    struct sw_snapshot *snapshot = world_wait(core, has_one_done, &one);
    assert_non_null(snapshot);
    assert_non_null(strstr(snapshot->checklist.items[0].done_by, "Test Captain"));
    sw_snapshot_free(snapshot);
    expect(world_do(core, &tick), SW_RESULT_SEEN, SW_OK, "already");
    assert_int_equal(world_events(core, SW_EVENT_TICK, SW_RESULT_NONE), 1);
    expect(world_do(core, &untick), SW_RESULT_SEEN, SW_OK, "smoke");
    snapshot = world_wait(core, has_one_done, &none);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_one, end)
    const struct CMUnitTest tests[] = {
        TEST(a_halt_reaches_the_store),
        TEST(the_picture_follows),
        TEST(an_advance_goes_to_the_next_stage),
        TEST(a_failing_gate_closes_advance_not_halt),
        TEST(drift_refuses_all_but_halt),
        TEST(another_version_refuses_even_a_halt),
        TEST(a_lost_answer_is_read_back),
        TEST(a_lost_write_is_never_sent_again),
        TEST(a_halt_not_taken_is_sent_again_once),
        TEST(a_slow_store_gets_one_halt),
        TEST(a_halt_of_what_cannot_be_halted_any_more_ends_aloud),
        TEST(an_unsent_halt_is_tried_until_it_leaves),
        TEST(the_upstreams_no_is_final),
        TEST(a_no_after_unsent_halts_is_final),
        TEST(a_halt_overtaken_by_the_end_ends),
        TEST(a_halt_may_be_blind),
        TEST(without_any_ids_a_halt_fails_aloud),
        TEST(an_early_halt_waits_for_the_releases_name),
        TEST(a_hanging_git_does_not_hold_a_halt),
        TEST(a_dry_run_sends_nothing),
        TEST(read_only_sends_nothing),
        TEST(a_held_lock_does_not_hold_a_halt),
        TEST(an_identity_that_is_not_told_is_not_another),
        TEST(an_unsent_halt_and_another_version_is_not_unknown),
        TEST(unknown_names_are_refused),
        TEST(ticks_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
