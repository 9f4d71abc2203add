/* test_releases.c: several processes under several names of a release, each with a log of its own:
 * what one has asked the others see; and intents that stay open while a dashboard runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/time.h"
#include "past.h"
#include "store/ledger.h"
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

/* Holds the lock of an intent, as the living process that carries it out does. */
static void live(const char *uuid, struct sw_lock *lock)
{
    char path[SW_PATH_TEXT];
    sw_format(path, sizeof path, "%s/actions", world_state_dir());
    assert_int_equal(sw_fs_mkdirs(path, NULL), SW_OK);
    sw_format(path, sizeof path, "%s/actions/%s", world_state_dir(), uuid);
    assert_int_equal(sw_lock_try(lock, path, NULL), SW_OK);
}

static bool is_halt_asked(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot->platforms[0].halt_asked_ms > 0;
}

static bool is_no_halt_asked(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot->platforms[0].halt_asked_ms == 0;
}

static void wait_for(struct sw_core *core, world_condition condition)
{
    struct sw_snapshot *snapshot = world_wait(core, condition, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
}

static void wait_for_outcome(const char *release, enum sw_result result)
{
    for (int i = 0; i < 200 && past_outcomes(release, result) == 0; i++)
        world_sleep(25);
    assert_int_equal(past_outcomes(release, result), 1);
}

/* ----------------------------------------------------------- before a request leaves */

struct rival {
    const char *release;
    enum sw_verb verb;
    bool is_living, is_done;
    struct sw_record record;
    struct sw_lock lock;
};

/* Another process's intent comes into its log between ours and our request. */
static enum sw_code act_meanwhile(void *arg)
{
    struct rival *rival = arg;
    if (rival->is_done)
        return SW_OK;
    past_intent(rival->release, rival->verb, &rival->record);
    if (rival->is_living)
        live(rival->record.uuid, &rival->lock);
    rival->is_done = true;
    return SW_OK;
}

static void a_newer_halt_under_another_name_wins(void **state)
{
    (void)state;
    struct rival rival = {.release = "2.0.0-hotfix", .verb = SW_VERB_HALT};
    struct sw_core *core = world_start(true, false);
    world_before_writes(act_meanwhile, &rival);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_SUPERSEDED, "newer halt");
    world_before_writes(NULL, NULL);
    assert_true(rival.is_done);
    assert_int_equal(world_look("app0").writes, 0);
    sw_core_close(core);
    sw_record_clear(&rival.record);
}

/* The halt is asked, carried out and seen while the advance reads its target. */
static void a_halt_that_comes_and_goes_meanwhile_wins_too(void **state)
{
    (void)state;
    struct sw_record halt;
    struct sw_core *core = world_start(true, false);
    struct world_app app = world_look("app0");
    int reads = app.reads;
    app.read_delay_ms = 600;
    world_set("app0", &app);
    const struct sw_command advance = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_ADVANCE};
    uint64_t id = sw_submit(core, &advance);
    world_sleep(250); /* it is in its re-read, which shows the state of the end of the delay */
    assert_int_equal(world_look("app0").reads, reads);
    past_intent("2.0.0", SW_VERB_HALT, &halt);
    past_outcome("2.0.0", &halt, SW_RESULT_SEEN);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SUPERSEDED, "newer halt");
    assert_int_equal(world_look("app0").writes, 0);
    sw_core_close(core);
    sw_record_clear(&halt);
}

static void what_runs_under_another_name_stands_in_the_way(void **state)
{
    (void)state;
    struct rival rival = {.release = "2.0.0-hotfix", .verb = SW_VERB_RESUME, .is_living = true};
    struct sw_core *core = world_start(true, false);
    act_meanwhile(&rival);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, "resume by Other");
    sw_lock_release(&rival.lock);
    assert_int_equal(world_look("app0").writes, 0);
    sw_core_close(core);
    sw_record_clear(&rival.record);
}

/* ------------------------------------------------------------------ in a dashboard */

static void a_halt_under_another_name_is_shown_and_closes_the_rest(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_lock lock = {0};
    struct sw_core *core = world_start(false, false);
    past_intent("2.0.0-hotfix", SW_VERB_HALT, &record);
    live(record.uuid, &lock);
    wait_for(core, is_halt_asked);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, "halt");
    assert_int_equal(world_look("app0").writes, 0);
    past_outcome("2.0.0-hotfix", &record, SW_RESULT_SEEN);
    sw_lock_release(&lock);
    wait_for(core, is_no_halt_asked);
    sw_core_close(core);
    sw_record_clear(&record);
}

static void a_wallboard_shows_it_and_settles_nothing(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_core *core = world_start(false, true);
    past_intent("2.0.0-hotfix", SW_VERB_HALT, &record);
    wait_for(core, is_halt_asked);
    world_sleep(300);
    assert_int_equal(past_outcomes("2.0.0-hotfix", SW_RESULT_NONE), 0);
    sw_core_close(core);
    sw_record_clear(&record);
}

static void an_intent_of_the_dead_under_another_name_is_settled_meanwhile(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_core *core = world_start(false, false);
    world_change("app0", SW_STATE_HALTED, 10);
    past_intent("2.0.0-hotfix", SW_VERB_HALT, &record);
    wait_for_outcome("2.0.0-hotfix", SW_RESULT_SEEN);
    wait_for(core, is_no_halt_asked);
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
    sw_record_clear(&record);
}

/* Who calls the release otherwise is one of us all the same. */
static void what_was_done_under_another_name_is_no_change_outside(void **state)
{
    (void)state;
    struct sw_record record;
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    struct sw_core *core = world_start(false, false);
    past_intent("2.0.0-hotfix", SW_VERB_HALT, &record);
    past_outcome("2.0.0-hotfix", &record, SW_RESULT_SEEN);
    world_change("app0", SW_STATE_HALTED, 10);
    for (int i = 0; i < 10; i++) {
        sw_outcome_free(world_do(core, &poll));
        world_sleep(50);
    }
    assert_int_equal(world_events(core, SW_EVENT_CHANGE, SW_RESULT_NONE), 0);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_int_equal(snapshot->platforms[0].state, SW_STATE_HALTED);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    sw_record_clear(&record);
}

/* -------------------------------------------------------------------- unknown ends */

static bool has_notice(const struct sw_snapshot *snapshot, const void *arg)
{
    return snapshot->notice != NULL && strstr(snapshot->notice, arg) != NULL;
}

/* A command has ended with 75 while a dashboard runs: the halt is asked and not seen. */
static void an_unknown_halt_is_said_until_a_reading_shows_it(void **state)
{
    (void)state;
    struct sw_record record;
    world_tuning.settle_patience_ms = 60000;
    struct sw_core *core = world_start(false, false);
    past_intent("2.0.0", SW_VERB_HALT, &record);
    past_outcome("2.0.0", &record, SW_RESULT_UNKNOWN);
    wait_for(core, is_halt_asked);
    world_sleep(300);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_true(snapshot->platforms[0].halt_asked_ms > 0);
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, "halt");
    world_change("app0", SW_STATE_HALTED, 10);
    wait_for_outcome("2.0.0", SW_RESULT_SEEN);
    wait_for(core, is_no_halt_asked);
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
    sw_record_clear(&record);
}

static void an_unknown_halt_not_taken_is_said_and_not_sent(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_core *core = world_start(false, false);
    past_intent("2.0.0-hotfix", SW_VERB_HALT, &record);
    past_outcome("2.0.0-hotfix", &record, SW_RESULT_UNKNOWN);
    struct sw_snapshot *snapshot = world_wait(core, has_notice, "did NOT take effect");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    wait_for_outcome("2.0.0-hotfix", SW_RESULT_REJECTED);
    wait_for(core, is_no_halt_asked);
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
    sw_record_clear(&record);
}

/* --------------------------------------------------------------------------- damage */

static void spoil(const char *release, const char *text)
{
    char path[SW_PATH_TEXT];
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/%s", world_state_dir(), release);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A halt may stand in a log that cannot be read: nothing but a halt goes on. */
static void another_names_unreadable_log_closes_all_but_halt(void **state)
{
    (void)state;
    struct sw_record record;
    past_intent("1.9.9", SW_VERB_ADVANCE, &record);
    past_outcome("1.9.9", &record, SW_RESULT_SEEN);
    struct sw_core *core = world_start(true, false);
    spoil("1.9.9", "");
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, "1.9.9");
    assert_int_equal(world_look("app0").writes, 0);
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    sw_core_close(core);
    sw_record_clear(&record);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_one, end)
    const struct CMUnitTest tests[] = {
        TEST(a_newer_halt_under_another_name_wins),
        TEST(a_halt_that_comes_and_goes_meanwhile_wins_too),
        TEST(what_runs_under_another_name_stands_in_the_way),
        TEST(a_halt_under_another_name_is_shown_and_closes_the_rest),
        TEST(a_wallboard_shows_it_and_settles_nothing),
        TEST(an_intent_of_the_dead_under_another_name_is_settled_meanwhile),
        TEST(what_was_done_under_another_name_is_no_change_outside),
        TEST(an_unknown_halt_is_said_until_a_reading_shows_it),
        TEST(an_unknown_halt_not_taken_is_said_and_not_sent),
        TEST(another_names_unreadable_log_closes_all_but_halt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
