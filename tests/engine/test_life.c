/* test_life.c: a core over time: settlement after a crash, two actions at once, stop-everything,
 * the end in the middle of an action, reload, cache, changes made outside, many platforms. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/random.h"
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

static int begin_three(void **state)
{
    (void)state;
    world_begin(3, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

/* ----------------------------------------------------------------- settlement */

static bool has_outcomes(const struct sw_snapshot *snapshot, const void *arg)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->event_count; i++)
        count += snapshot->events[i].kind == SW_EVENT_OUTCOME;
    return count == *(const size_t *)arg && snapshot->platforms[0].halt_asked_ms == 0;
}

/* The first outcome; a running core may know it before it has read the intent. */
static const struct sw_event *outcome_in(const struct sw_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->event_count; i++)
        if (snapshot->events[i].kind == SW_EVENT_OUTCOME)
            return &snapshot->events[i];
    fail_msg("no outcome");
    return NULL;
}

static void an_old_intent_is_settled_by_reading(void **state)
{
    (void)state;
    static const size_t one = 1;
    struct sw_record record;
    past_intent("2.0.0", SW_VERB_HALT, &record);
    world_change("app0", SW_STATE_HALTED, 10);
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_wait(core, has_outcomes, &one);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->events[1].result, SW_RESULT_SEEN);
    assert_string_equal(snapshot->events[1].intent, record.uuid);
    assert_null(snapshot->notice);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
    sw_record_clear(&record);
}

static bool has_notice(const struct sw_snapshot *snapshot, const void *arg)
{
    return snapshot->notice != NULL && strstr(snapshot->notice, arg) != NULL;
}

static void an_old_halt_not_taken_is_said_and_not_sent(void **state)
{
    (void)state;
    static const size_t one = 1;
    struct sw_record record;
    past_intent("2.0.0", SW_VERB_HALT, &record);
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_wait(core, has_notice, "did NOT take effect");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    snapshot = world_wait(core, has_outcomes, &one);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->events[1].result, SW_RESULT_REJECTED);
    assert_non_null(strstr(snapshot->events[1].text, "nothing was sent again"));
    sw_snapshot_free(snapshot);
    assert_int_equal(world_look("app0").writes, 0);
    snapshot = world_snapshot(core);
    assert_non_null(snapshot->notice);
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    snapshot = world_snapshot(core);
    assert_null(snapshot->notice); /* answered by a halt that is seen */
    sw_snapshot_free(snapshot);
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
    /* settled once: the next start has nothing to do */
    core = world_start(true, false);
    world_sleep(200);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_NONE), 2);
    sw_core_close(core);
    sw_record_clear(&record);
}

/* A process that dies while a dashboard runs leaves nothing open for as long as that runs. */
static void an_intent_left_by_the_dead_is_settled_meanwhile(void **state)
{
    (void)state;
    static const size_t one = 1;
    struct sw_record record;
    struct sw_core *core = world_start(false, false);
    past_intent("2.0.0", SW_VERB_HALT, &record);
    struct sw_snapshot *snapshot = world_wait(core, has_notice, "did NOT take effect");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    snapshot = world_wait(core, has_outcomes, &one);
    assert_non_null(snapshot);
    assert_int_equal(outcome_in(snapshot)->result, SW_RESULT_REJECTED);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
    sw_record_clear(&record);
}

/* What left just before the end of its process may be at work still. */
static void absence_is_no_proof_too_early(void **state)
{
    (void)state;
    static const size_t one = 1;
    struct sw_record record;
    world_tuning.settle_patience_ms = 1000;
    past_intent("2.0.0", SW_VERB_HALT, &record);
    struct sw_core *core = world_start(false, false);
    world_sleep(300); /* many readings, none shows it */
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_NONE), 0);
    world_change("app0", SW_STATE_HALTED, 10);
    struct sw_snapshot *snapshot = world_wait(core, has_outcomes, &one);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->events[1].result, SW_RESULT_SEEN);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    sw_record_clear(&record);
}

static void intents_of_other_releases_are_settled_too(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_ledger *ledger = NULL;
    char head[64], now[64];
    past_intent("1.9.9", SW_VERB_HALT, &record);
    world_change("app0", SW_STATE_HALTED, 10);
    assert_int_equal(sw_ledger_open(world_state_dir(), "1.9.9", &ledger, NULL), SW_OK);
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    struct sw_core *core = world_start(false, false);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sw_ledger_head(ledger, now, NULL), SW_OK);
        if (strcmp(head, now) != 0)
            break;
        world_sleep(50);
    }
    assert_string_not_equal(head, now);
    sw_ledger_close(ledger);
    sw_core_close(core);
    sw_record_clear(&record);
}

static void an_intent_whose_process_lives_is_left_alone(void **state)
{
    (void)state;
    struct sw_record record;
    struct sw_lock lock = {0};
    char path[SW_PATH_TEXT];
    const char *uuid = past_intent("2.0.0", SW_VERB_HALT, &record);
    world_change("app0", SW_STATE_HALTED, 10);
    sw_format(path, sizeof path, "%s/actions", world_state_dir());
    assert_int_equal(sw_fs_mkdirs(path, NULL), SW_OK);
    sw_format(path, sizeof path, "%s/actions/%s", world_state_dir(), uuid);
    assert_int_equal(sw_lock_try(&lock, path, NULL), SW_OK);
    struct sw_core *core = world_start(false, false);
    world_sleep(300);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_NONE), 0);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_true(snapshot->platforms[0].halt_asked_ms > 0);
    sw_snapshot_free(snapshot);
    /* and it stands in the way of anything but another halt */
    world_expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_REFUSED, "halt");
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "already");
    sw_core_close(core);
    sw_lock_release(&lock);
    sw_record_clear(&record);
}

/* A verb that means another thing in another state (Apple: release, or widen) is judged from the
 * state it began in. */
static void an_old_release_is_settled_from_where_it_began(void **state)
{
    (void)state;
    static const size_t one = 1;
    struct sw_record record;
    past_intent_from("2.0.0", SW_VERB_ADVANCE, SW_STATE_READY, &record);
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_wait(core, has_outcomes, &one);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->events[1].result, SW_RESULT_SEEN);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    sw_record_clear(&record);
}

static void a_oneshot_verb_waits_for_the_settlement(void **state)
{
    (void)state;
    struct sw_record record;
    past_intent("2.0.0", SW_VERB_HALT, &record);
    world_change("app0", SW_STATE_HALTED, 10);
    struct sw_core *core = world_start(true, false);
    world_expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_SEEN, "ROLLING");
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SEEN), 2);
    sw_core_close(core);
    sw_record_clear(&record);
}

/* Of several flows that were told to wait for the same moment, one may come when it is over. */
static void a_oneshot_asks_again_when_the_told_moment_is_over(void **state)
{
    (void)state;
    struct world_app app = world_look("app0");
    app.health_waits = 2;
    world_set("app0", &app);
    struct sw_core *core = world_start(true, false);
    assert_int_equal(world_look("app0").health_waits, 0);
    assert_int_equal(world_look("app0").health_reads, 1);
    sw_core_close(core);
}

static void read_only_settles_nothing(void **state)
{
    (void)state;
    struct sw_record record;
    past_intent("2.0.0", SW_VERB_HALT, &record);
    struct sw_core *core = world_start(false, true);
    world_sleep(300);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_NONE), 0);
    sw_core_close(core);
    sw_record_clear(&record);
}

/* ---------------------------------------------------------------- two actions */

static void a_halt_does_not_wait_for_another_verb(void **state)
{
    (void)state;
    world_tuning.seen_timeout_ms = 5000;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.write = WRITE_IS_IGNORED; /* the advance is accepted and never shown */
    app.write_count = 1;
    world_set("app0", &app);
    const struct sw_command advance = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_ADVANCE};
    uint64_t id = sw_submit(core, &advance);
    while (world_look("app0").writes == 0)
        world_sleep(5);
    world_expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_REFUSED, "still running");
    int64_t begun_ms = sw_time_mono_ms();
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    assert_true(sw_time_mono_ms() - begun_ms < 2000);
    world_expect(sw_core_wait_outcome(core, id, 5000), SW_RESULT_SUPERSEDED, "newer halt");
    assert_int_equal(world_look("app0").writes, 2);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SUPERSEDED), 1);
    sw_core_close(core);
}

struct rival {
    const char *release;
    bool is_done;
};

/* Another process's halt comes into the ledger between our intent and our request. */
static enum sw_code halt_meanwhile(void *arg)
{
    struct rival *rival = arg;
    struct sw_record record;
    if (!rival->is_done)
        past_intent(rival->release, SW_VERB_HALT, &record);
    if (!rival->is_done)
        sw_record_clear(&record);
    rival->is_done = true;
    return SW_OK;
}

static void a_newer_halt_of_another_process_wins(void **state)
{
    (void)state;
    struct rival rival = {.release = "2.0.0"};
    struct sw_core *core = world_start(true, false);
    world_before_writes(halt_meanwhile, &rival);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_SUPERSEDED, "newer halt");
    world_before_writes(NULL, NULL);
    assert_true(rival.is_done);
    assert_int_equal(world_look("app0").writes, 0);
    sw_core_close(core);
}

static void a_verb_that_is_still_reading_is_superseded(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.read_delay_ms = 700;
    world_set("app0", &app);
    const struct sw_command advance = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_ADVANCE};
    uint64_t id = sw_submit(core, &advance);
    world_sleep(200);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t second = sw_submit(core, &halt);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SUPERSEDED, "newer halt");
    world_expect(sw_core_wait_outcome(core, second, 10000), SW_RESULT_SEEN, "HALTED");
    assert_int_equal(world_look("app0").writes, 1);
    sw_core_close(core);
}

/* ------------------------------------------------------------- a broken ledger */

static void break_ledger(void)
{
    char path[SW_PATH_TEXT];
    sw_format(path, sizeof path, "%s/ledger.git", world_state_dir());
    char away[SW_PATH_TEXT];
    sw_format(away, sizeof away, "%s/away.git", world_state_dir());
    assert_int_equal(rename(path, away), 0);
    FILE *file = fopen(path, "w"); /* a file where the repository should be */
    assert_non_null(file);
    fclose(file);
}

static void without_a_ledger_only_an_unrecorded_halt(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    world_sleep(200);
    break_ledger();
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED,
                 "ledger cannot be written");
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REFUSED, "--unrecorded");
    assert_int_equal(world_look("app0").writes, 0);
    const struct sw_command unrecorded = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT, .is_unrecorded = true};
    world_expect(world_do(core, &unrecorded), SW_RESULT_SEEN, "NOT RECORDED");
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_false(snapshot->is_ledger_ok);
    assert_non_null(snapshot->ledger_error);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* -------------------------------------------------------------- stop everything */

static const struct sw_outcome *part_of(const struct sw_outcome *outcome, const char *platform)
{
    for (size_t i = 0; i < outcome->part_count; i++)
        if (!strcmp(outcome->parts[i].platform, platform))
            return &outcome->parts[i];
    fail_msg("no part %s", platform);
    return NULL;
}

static void expect_part(const struct sw_outcome *outcome, const char *platform,
                        enum sw_result result, const char *text)
{
    const struct sw_outcome *part = part_of(outcome, platform);
    if (part->result != result || strstr(part->text, text) == NULL)
        fail_msg("%s: %s: %s", platform, sw_result_name(part->result), part->text);
}

static void stop_everything_stops_what_moves(void **state)
{
    (void)state;
    world_change("app1", SW_STATE_COMPLETE, 100);
    world_change("app2", SW_STATE_HALTED, 50);
    struct sw_core *core = world_start(true, false);
    const struct sw_command command = {.kind = SW_COMMAND_STOP_EVERYTHING, .reason = "fire"};
    struct sw_outcome *outcome = world_do(core, &command);
    assert_int_equal(outcome->part_count, 3);
    expect_part(outcome, "app0", SW_RESULT_SEEN, "HALTED at 10%");
    expect_part(outcome, "app1", SW_RESULT_SEEN, "nothing to stop: COMPLETE");
    expect_part(outcome, "app2", SW_RESULT_SEEN, "already HALTED");
    world_expect(outcome, SW_RESULT_SEEN, "3 of 3");
    assert_int_equal(world_look("app1").writes + world_look("app2").writes, 0);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), 1);
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    sw_core_close(core);
}

static void stop_everything_runs_in_parallel_and_tells_what_failed(void **state)
{
    (void)state;
    struct world_app app = world_look("app1");
    app.write = WRITE_IS_REFUSED;
    app.write_count = -1;
    world_set("app1", &app);
    const char *names[] = {"app0", "app2"};
    for (size_t i = 0; i < 2; i++) {
        app = world_look(names[i]);
        app.write_delay_ms = 400;
        world_set(names[i], &app);
    }
    struct sw_core *core = world_start(true, false);
    int64_t begun_ms = sw_time_mono_ms();
    const struct sw_command command = {.kind = SW_COMMAND_STOP_EVERYTHING};
    struct sw_outcome *outcome = world_do(core, &command);
    assert_true(sw_time_mono_ms() - begun_ms < 780);
    expect_part(outcome, "app1", SW_RESULT_REJECTED, "409");
    world_expect(outcome, SW_RESULT_REJECTED, "2 of 3");
    sw_core_close(core);
}

enum { MANY = 40 };

/* Every part of the whole stands in the picture once, and `ended` of them have ended. */
static bool shows_parts(const struct sw_snapshot *snapshot, uint64_t whole, size_t ended)
{
    size_t parts = 0, over = 0;
    bool is_there[MANY] = {false};
    for (size_t i = 0; i < snapshot->action_count; i++) {
        unsigned number = MANY;
        if (snapshot->actions[i].parent != whole)
            continue;
        assert_int_equal(sscanf(snapshot->actions[i].platform, "app%u", &number), 1);
        assert_true(number < MANY && !is_there[number]);
        is_there[number] = true;
        parts++;
        over += snapshot->actions[i].result != SW_RESULT_NONE;
    }
    return parts == MANY && over == ended;
}

static bool shows_all_parts_running(const struct sw_snapshot *snapshot, const void *arg)
{
    return shows_parts(snapshot, *(const uint64_t *)arg, 0);
}

static bool shows_all_parts_ended(const struct sw_snapshot *snapshot, const void *arg)
{
    return shows_parts(snapshot, *(const uint64_t *)arg, MANY);
}

static void wait_for_parts(struct sw_core *core, world_condition condition, uint64_t whole)
{
    struct sw_snapshot *snapshot = world_wait(core, condition, &whole);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
}

static void stop_everything_loses_none_of_many(void **state)
{
    char name[16];
    (void)state;
    world_begin(MANY, NULL);
    world_tuning.seen_timeout_ms = 20000;
    struct sw_core *core = world_start(false, false);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "app%d", i);
        struct world_app app = world_look(name);
        app.write_delay_ms = 1500; /* so that all of them are under way at once */
        app.write = i % 10 == 7 ? WRITE_IS_REFUSED : WRITE_WORKS;
        app.write_count = i % 10 == 7 ? -1 : 0;
        world_set(name, &app);
    }
    const struct sw_command command = {.kind = SW_COMMAND_STOP_EVERYTHING, .reason = "fire"};
    uint64_t id = sw_submit(core, &command);
    wait_for_parts(core, shows_all_parts_running, id);
    assert_int_equal(sw_core_halts_in_flight(core), MANY);
    struct sw_outcome *outcome = sw_core_wait_outcome(core, id, 30000);
    assert_non_null(outcome);
    assert_int_equal(outcome->part_count, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "app%d", i);
        assert_string_equal(outcome->parts[i].platform, name);
        expect_part(outcome, name, i % 10 == 7 ? SW_RESULT_REJECTED : SW_RESULT_SEEN,
                    i % 10 == 7 ? "409" : "HALTED");
        assert_int_equal(world_look(name).writes, 1);
    }
    world_expect(outcome, SW_RESULT_REJECTED, "36 of 40");
    wait_for_parts(core, shows_all_parts_ended, id);
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "already");
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    sw_outcome_free(world_do(core, &poll));
    wait_for_parts(core, shows_all_parts_ended, id); /* what follows pushes none of them out */
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), MANY);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_NONE), MANY);
    sw_core_close(core);
    world_end();
}

/* ----------------------------------------------------------------------- the end */

static void the_end_in_the_middle_gives_one_unknown(void **state)
{
    (void)state;
    world_tuning.resend_after_ms = 60000;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.write = WRITE_IS_IGNORED;
    app.write_count = -1;
    world_set("app0", &app);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    while (world_look("app0").writes == 0)
        world_sleep(5);
    assert_int_equal(sw_core_halts_in_flight(core), 1);
    sw_core_stop(core);
    struct sw_outcome *outcome = sw_core_take_outcome(core);
    assert_non_null(outcome);
    assert_int_equal(outcome->id, id);
    world_expect(outcome, SW_RESULT_UNKNOWN, "settled at the next start");
    assert_null(sw_core_take_outcome(core));
    assert_int_equal(sw_core_halts_in_flight(core), 0);
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_UNKNOWN), 1);
    id = sw_submit(core, &halt);
    world_expect(sw_core_wait_outcome(core, id, 100), SW_RESULT_FAILED, "stopping");
    sw_core_close(core);
    /* what was unknown is settled by the next one */
    world_change("app0", SW_STATE_HALTED, 10);
    core = world_start(false, false);
    for (int i = 0; i < 100; i++) {
        if (world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SEEN) == 1)
            break;
        world_sleep(20);
    }
    assert_int_equal(world_events(core, SW_EVENT_OUTCOME, SW_RESULT_SEEN), 1);
    sw_core_close(core);
}

static void a_core_that_never_started_answers_too(void **state)
{
    (void)state;
    struct sw_core *core = world_open(false, false);
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    uint64_t id = sw_submit(core, &poll);
    sw_core_stop(core);
    world_expect(sw_core_wait_outcome(core, id, 100), SW_RESULT_FAILED, "stopping");
    sw_core_close(core);
    sw_core_close(NULL);
}

/* ------------------------------------------------------------------------ reload */

static bool has_title(const struct sw_snapshot *snapshot, const void *arg)
{
    return !strcmp(snapshot->platforms[0].title, arg) &&
           snapshot->platforms[0].state == SW_STATE_ROLLING && !snapshot->platforms[0].is_cached;
}

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    return sw_xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void a_bad_reload_keeps_the_old(void **state)
{
    (void)state;
    const struct sw_command reload = {.kind = SW_COMMAND_RELOAD};
    struct sw_core *core = world_start(false, false);
    char *bad = replaced(world_default_config(), "title: App 0", "titel: App 0");
    world_write_config(bad);
    free(bad);
    world_expect(world_do(core, &reload), SW_RESULT_REFUSED, "titel");
    struct sw_snapshot *snapshot = world_wait(core, has_notice, "the old configuration stays");
    assert_non_null(snapshot);
    assert_string_equal(snapshot->platforms[0].title, "App 0");
    sw_snapshot_free(snapshot);
    char *good = replaced(world_default_config(), "title: App 0", "title: Renamed");
    world_write_config(good);
    free(good);
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    snapshot = world_wait(core, has_title, "Renamed");
    assert_non_null(snapshot);
    assert_null(snapshot->notice);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

static void a_reload_does_not_drop_a_halt(void **state)
{
    (void)state;
    const struct sw_command reload = {.kind = SW_COMMAND_RELOAD};
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.write_delay_ms = 400;
    world_set("app0", &app);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    world_sleep(100);
    for (int i = 0; i < 3; i++)
        world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    world_expect(sw_core_wait_outcome(core, id, 5000), SW_RESULT_SEEN, "HALTED");
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_int_equal(snapshot->action_count, 1);
    assert_int_equal(snapshot->actions[0].result, SW_RESULT_SEEN);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* ------------------------------------------------------------------------- cache */

static void the_next_start_has_a_picture_at_once(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    sw_core_close(core);
    core = world_open(false, false);
    struct sw_snapshot *snapshot = sw_core_take_snapshot(core);
    assert_non_null(snapshot);
    assert_true(snapshot->is_cached);
    assert_true(snapshot->cached_at_ms > 0);
    assert_string_equal(snapshot->release, "2.0.0");
    assert_int_equal(snapshot->platforms[0].state, SW_STATE_ROLLING);
    assert_true(snapshot->platforms[0].is_cached);
    assert_true(snapshot->platforms[0].health_count > 0);
    assert_true(snapshot->platforms[0].health[0].is_cached);
    assert_false(snapshot->platforms[0].offers[SW_VERB_ADVANCE].is_allowed);
    assert_true(snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed);
    assert_true(snapshot->checklist.is_known);
    sw_snapshot_free(snapshot);
    struct sw_error error = {0};
    assert_int_equal(sw_core_start(core, &error), SW_OK);
    assert_true(sw_core_wait_polled(core, 10000));
    snapshot = world_snapshot(core);
    assert_false(snapshot->is_cached);
    assert_false(snapshot->platforms[0].is_cached);
    assert_false(snapshot->platforms[0].health[0].is_cached);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* -------------------------------------------------------------- staleness, versions */

static bool is_stale_failing(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot->platforms[0].is_stale && !snapshot->sources[0].is_ok &&
           snapshot->sources[0].failing_since_ms > 0 && snapshot->sources[0].error != NULL &&
           snapshot->platforms[0].state == SW_STATE_ROLLING;
}

static bool is_well(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return !snapshot->platforms[0].is_stale && snapshot->sources[0].is_ok;
}

static void a_silent_store_goes_stale_and_recovers(void **state)
{
    (void)state;
    char now[SW_TIME_TEXT];
    sw_time_format(sw_time_real_ms(), now);
    char *slow = replaced(world_default_config(), "kind: fake_store,",
                          "kind: fake_store, interval: 30s, stale_after: 60s,");
    char *quick = sw_xasprintf("%ssimulation: {real: %s, world: %s, speed: 60}\n", slow, now, now);
    free(slow);
    world_write_config(quick);
    free(quick);
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.is_unreadable = true;
    world_set("app0", &app);
    struct sw_snapshot *snapshot = world_wait(core, is_stale_failing, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, "nothing was sent");
    app.is_unreadable = false;
    world_set("app0", &app);
    snapshot = world_wait(core, is_well, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

static void throttle(int reads, int retry_after_s)
{
    struct world_app app = world_look("app0");
    app.throttled = reads;
    app.retry_after_s = retry_after_s;
    world_set("app0", &app);
}

/* A one-shot that was throttled asks again before it calls the source failing. */
static void a_oneshot_asks_again_when_it_was_throttled(void **state)
{
    (void)state;
    static const struct {
        int reads, retry_after_s;
    } cases[] = {{2, 0}, {1, 3}};
    for (size_t i = 0; i < 2; i++) {
        throttle(cases[i].reads, cases[i].retry_after_s);
        int64_t begin_ms = sw_time_mono_ms();
        struct sw_core *core = world_start(true, true);
        struct sw_snapshot *snapshot = world_snapshot(core);
        assert_true(snapshot->sources[0].is_ok);
        assert_true(snapshot->platforms[0].observed_at_ms != 0);
        if (cases[i].retry_after_s > 0) /* what it was told is kept */
            assert_true(sw_time_mono_ms() - begin_ms >= cases[i].retry_after_s * SW_SECOND_MS - 50);
        sw_snapshot_free(snapshot);
        sw_core_close(core);
    }
}

/* It gives up in time, and then says so. */
static void a_oneshot_throttled_for_long_gives_up(void **state)
{
    (void)state;
    static const int retry_after_s[] = {0, 600};
    for (size_t i = 0; i < 2; i++) {
        throttle(-1, retry_after_s[i]);
        int reads = world_look("app0").reads;
        int64_t begin_ms = sw_time_mono_ms();
        struct sw_core *core = world_start(true, true);
        struct sw_snapshot *snapshot = world_snapshot(core);
        assert_false(snapshot->sources[0].is_ok);
        assert_int_equal(snapshot->sources[0].error_code, SW_E_QUOTA);
        assert_true(sw_time_mono_ms() - begin_ms < 14000);
        assert_true(world_look("app0").reads - reads <= (retry_after_s[i] > 0 ? 1 : 6));
        sw_snapshot_free(snapshot);
        sw_core_close(core);
    }
}

static bool has_health_of(const struct sw_snapshot *snapshot, const void *arg)
{
    const struct sw_platform *platform = &snapshot->platforms[0];
    return platform->health_count > 0 && strstr(platform->health[0].origin, arg) != NULL;
}

static void a_new_version_is_asked_for_at_once(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_wait(core, has_health_of, "2.0.0");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    struct world_app app = world_look("app0");
    sw_copy(app.version, sizeof app.version, "2.0.1");
    sw_copy(app.identity, sizeof app.identity, "201");
    world_set("app0", &app);
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    sw_outcome_free(world_do(core, &poll));
    snapshot = world_wait(core, has_health_of, "2.0.1");
    assert_non_null(snapshot);
    assert_string_equal(snapshot->platforms[0].version, "2.0.1");
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* ---------------------------------------------------------------- changes outside */

static void poll_until_changes(struct sw_core *core, size_t count)
{
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    for (int i = 0; i < 60 && world_events(core, SW_EVENT_CHANGE, SW_RESULT_NONE) < count; i++) {
        sw_outcome_free(world_do(core, &poll));
        world_sleep(50);
    }
    world_sleep(200);
    assert_int_equal(world_events(core, SW_EVENT_CHANGE, SW_RESULT_NONE), count);
}

static bool has_change(const struct sw_snapshot *snapshot, const void *arg)
{
    for (size_t i = 0; i < snapshot->event_count; i++)
        if (snapshot->events[i].kind == SW_EVENT_CHANGE &&
            strstr(snapshot->events[i].text, arg) != NULL)
            return true;
    return false;
}

static void a_change_in_the_console_is_written_down_once(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct sw_core *other = world_start(false, false);
    struct sw_core *wallboard = world_start(false, true);
    world_change("app0", SW_STATE_ROLLING, 30);
    poll_until_changes(core, 1);
    struct sw_snapshot *snapshot = world_wait(core, has_change, "now 30%, was 10%");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    const struct sw_command poll = {.kind = SW_COMMAND_POLL};
    sw_outcome_free(world_do(other, &poll));
    sw_outcome_free(world_do(wallboard, &poll));
    world_sleep(300);
    assert_int_equal(world_events(core, SW_EVENT_CHANGE, SW_RESULT_NONE), 1);
    sw_core_close(wallboard);
    sw_core_close(other);
    sw_core_close(core);
}

static void a_change_while_nobody_ran_is_written_down_at_the_next_start(void **state)
{
    (void)state;
    sw_core_close(world_start(false, false));
    world_change("app0", SW_STATE_ROLLING, 30);
    sw_core_close(world_start(true, false)); /* only looks: writes nothing, hides nothing */
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_wait(core, has_change, "now 30%, was 10%");
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    core = world_start(false, false);
    poll_until_changes(core, 1);
    sw_core_close(core);
}

static void our_own_halt_while_no_dashboard_ran_is_no_change_outside(void **state)
{
    (void)state;
    sw_core_close(world_start(false, false));
    struct sw_core *command = world_start(true, false);
    world_expect(world_verb(command, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    sw_core_close(command);
    struct sw_core *core = world_start(false, false);
    poll_until_changes(core, 0);
    sw_core_close(core);
}

static void our_own_halt_is_no_change_outside(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct sw_core *command = world_start(true, false);
    world_expect(world_verb(command, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    poll_until_changes(core, 0);
    sw_core_close(command);
    sw_core_close(core);
}

static void expect_change(struct sw_core *core, size_t count, const char *part)
{
    poll_until_changes(core, count);
    struct sw_snapshot *snapshot = world_wait(core, has_change, part);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
}

static void what_somebody_does_right_after_our_verb_is_theirs(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    world_change("app0", SW_STATE_ROLLING, 10);
    expect_change(core, 1, "now ROLLING, was HALTED");
    world_change("app0", SW_STATE_ROLLING, 50);
    expect_change(core, 2, "now 50%, was 10%");
    sw_core_close(core);
}

/* ------------------------------------------------------------------- many, and at rest */

static void five_hundred_platforms(void **state)
{
    (void)state;
    world_begin(500, NULL);
    int64_t begun_ms = sw_time_mono_ms();
    struct sw_core *core = world_start(false, false);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_int_equal(snapshot->platform_count, 500);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(snapshot->platforms[i].state, SW_STATE_ROLLING);
        assert_true(snapshot->platforms[i].health_count > 0);
    }
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app499", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    sw_core_close(core);
    assert_true(sw_time_mono_ms() - begun_ms < 60000);
    world_end();
}

/* Sleeps ended by the engine's own threads so far. */
static int64_t wake_ups(void)
{
    int64_t sum = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[300], line[256], name[32] = "";
        long switches = 0;
        snprintf(path, sizeof path, "/proc/self/task/%.32s/status", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        while (fgets(line, sizeof line, file) != NULL) {
            sscanf(line, "Name: %31s", name);
            sscanf(line, "voluntary_ctxt_switches: %ld", &switches);
        }
        fclose(file);
        if (!strncmp(name, "sw-", 3))
            sum += switches;
    }
    closedir(tasks);
    return sum;
}

static void at_rest_it_sleeps(void **state)
{
    (void)state;
    world_tuning.watch_gap_ms = 5000;
    world_tuning.cache_gap_ms = 15000;
    struct sw_core *core = world_start(false, false);
    world_sleep(500);
    int64_t before = wake_ups();
    world_sleep(3000);
    /* one look at the ledger may fall into it: engine, worker, engine */
    assert_true(wake_ups() - before <= 8);
    sw_core_close(core);
}

int main(void)
{
#define TEST(name)   cmocka_unit_test_setup_teardown(name, begin_one, end)
#define TEST_3(name) cmocka_unit_test_setup_teardown(name, begin_three, end)
    const struct CMUnitTest tests[] = {
        TEST(an_old_intent_is_settled_by_reading),
        TEST(an_old_release_is_settled_from_where_it_began),
        TEST(an_old_halt_not_taken_is_said_and_not_sent),
        TEST(an_intent_left_by_the_dead_is_settled_meanwhile),
        TEST(absence_is_no_proof_too_early),
        TEST(intents_of_other_releases_are_settled_too),
        TEST(an_intent_whose_process_lives_is_left_alone),
        TEST(a_oneshot_verb_waits_for_the_settlement),
        TEST(a_oneshot_asks_again_when_the_told_moment_is_over),
        TEST(read_only_settles_nothing),
        TEST(a_halt_does_not_wait_for_another_verb),
        TEST(a_verb_that_is_still_reading_is_superseded),
        TEST(a_newer_halt_of_another_process_wins),
        TEST(without_a_ledger_only_an_unrecorded_halt),
        TEST_3(stop_everything_stops_what_moves),
        TEST_3(stop_everything_runs_in_parallel_and_tells_what_failed),
        cmocka_unit_test(stop_everything_loses_none_of_many),
        TEST(the_end_in_the_middle_gives_one_unknown),
        TEST(a_core_that_never_started_answers_too),
        TEST(a_bad_reload_keeps_the_old),
        TEST(a_reload_does_not_drop_a_halt),
        TEST(the_next_start_has_a_picture_at_once),
        TEST(a_silent_store_goes_stale_and_recovers),
        TEST(a_oneshot_asks_again_when_it_was_throttled),
        TEST(a_oneshot_throttled_for_long_gives_up),
        TEST(a_new_version_is_asked_for_at_once),
        TEST(a_change_in_the_console_is_written_down_once),
        TEST(a_change_while_nobody_ran_is_written_down_at_the_next_start),
        TEST(our_own_halt_while_no_dashboard_ran_is_no_change_outside),
        TEST(our_own_halt_is_no_change_outside),
        TEST(what_somebody_does_right_after_our_verb_is_theirs),
        cmocka_unit_test(five_hundred_platforms),
        TEST(at_rest_it_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
