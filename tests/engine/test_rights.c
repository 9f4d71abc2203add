/* test_rights.c: when the stores are asked which verbs a key may use, when they are not, and what
 * the answer opens and closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "world.h"

static const struct sw_command ask = {.kind = SW_COMMAND_RIGHTS};

/* The configuration with another kind of store, of the same length. */
static void use_kind(const char *kind)
{
    char *text = sw_xstrdup(world_default_config());
    char *at = strstr(text, "kind: fake_store,");
    assert_non_null(at);
    char word[32];
    snprintf(word, sizeof word, "kind: %s,", kind);
    char *config = sw_xasprintf("%.*s%s%s", (int)(at - text), text, word,
                                at + strlen("kind: fake_store,"));
    world_write_config(config);
    free(config);
    free(text);
}

static int begin(void **state)
{
    (void)state;
    world_begin(2, NULL);
    use_kind("fake_keyed");
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

static void set_status(int status)
{
    world_set_rights(&(struct world_rights){.status = status});
}

static void expect(struct sw_outcome *outcome, enum sw_result result, enum sw_code code,
                   const char *part)
{
    assert_non_null(outcome);
    if (outcome->result != result || outcome->error.code != code ||
        strstr(outcome->text, part) == NULL)
        fail_msg("%s, %d: %s; wanted %s, %d: %s", sw_result_name(outcome->result),
                 outcome->error.code, outcome->text, sw_result_name(result), code, part);
    sw_outcome_free(outcome);
}

static bool is_halt_open(const struct sw_snapshot *snapshot, const void *arg)
{
    const bool *is_wanted = arg;
    return snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed == *is_wanted;
}

static void wait_for_halt(struct sw_core *core, bool is_open)
{
    struct sw_snapshot *snapshot = world_wait(core, is_halt_open, &is_open);
    if (snapshot == NULL)
        fail_msg("the halt did not become %s", is_open ? "open" : "closed");
    sw_snapshot_free(snapshot);
}

static bool wait_for_asked(int wanted, int limit_ms)
{
    for (int ms = 0; ms < limit_ms && world_rights_asked() < wanted; ms += 10)
        world_sleep(10);
    return world_rights_asked() >= wanted;
}

/* ------------------------------------------------------------------ by command */

static void each_platform_is_asked_and_nothing_is_changed(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    assert_int_equal(world_rights_asked(), 0); /* a one-shot asks when told to */
    struct sw_outcome *outcome = world_do(core, &ask);
    assert_int_equal(outcome->result, SW_RESULT_SEEN);
    assert_int_equal(outcome->part_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(outcome->parts[i].result, SW_RESULT_SEEN);
        assert_string_equal(outcome->parts[i].text,
                            "(store) may halt, resume, advance, roll back");
    }
    assert_string_equal(outcome->parts[1].platform, "app1");
    sw_outcome_free(outcome);
    assert_int_equal(world_rights_asked(), 2);
    assert_int_equal(world_look("app0").writes + world_look("app1").writes, 0);
    assert_int_equal(world_events(core, SW_EVENT_INTENT, SW_RESULT_NONE), 0);
    sw_core_close(core);
}

static void a_right_that_is_missing_closes_the_verb_until_it_is_there(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_status(403);
    struct sw_outcome *outcome = world_do(core, &ask);
    assert_int_equal(outcome->result, SW_RESULT_REJECTED);
    assert_int_equal(outcome->error.code, SW_E_DENIED);
    assert_non_null(strstr(outcome->text, "rights are missing: app0, app1"));
    assert_int_equal(outcome->parts[0].error.code, SW_E_DENIED);
    assert_non_null(strstr(outcome->parts[0].text, "(store) NO RIGHT to halt, resume, advance, "
                                                   "roll back: the store says"));
    sw_outcome_free(outcome);
    wait_for_halt(core, false);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_REFUSED, SW_E_DENIED,
           "the key of store has no right to halt");
    expect(world_verb(core, "app0", SW_VERB_ADVANCE), SW_RESULT_REFUSED, SW_E_DENIED,
           "the key of store has no right to advance");
    assert_int_equal(world_look("app0").writes, 0);
    set_status(404);
    sw_outcome_free(world_do(core, &ask));
    wait_for_halt(core, true);
    expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, SW_OK, "HALTED");
    sw_core_close(core);
}

/* What proves nothing closes nothing, and opens nothing that is known to be closed. */
static void what_is_not_known_changes_nothing(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_status(500);
    struct sw_outcome *outcome = world_do(core, &ask);
    assert_int_equal(outcome->result, SW_RESULT_FAILED);
    assert_non_null(strstr(outcome->parts[0].text, "not known: halt, resume"));
    sw_outcome_free(outcome);
    wait_for_halt(core, true);
    set_status(403);
    sw_outcome_free(world_do(core, &ask));
    set_status(500);
    sw_outcome_free(world_do(core, &ask));
    wait_for_halt(core, false);
    sw_core_close(core);
}

static void nothing_but_a_question_leaves(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    world_set_rights(&(struct world_rights){.status = 404, .is_misbehaving = true});
    expect(world_do(core, &ask), SW_RESULT_FAILED, SW_E_INTERNAL,
           "the rights are not known: app0, app1");
    assert_int_equal(world_look("app0").writes + world_look("app1").writes, 0);
    assert_int_equal(world_look("app0").state, SW_STATE_ROLLING);
    sw_core_close(core);
}

static void nothing_is_asked_in_read_only_mode(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, true);
    expect(world_do(core, &ask), SW_RESULT_REFUSED, SW_E_REFUSED, "read-only: not asked");
    sw_core_close(core);
    core = world_start(false, true); /* a wallboard */
    assert_false(wait_for_asked(1, 500));
    expect(world_do(core, &ask), SW_RESULT_REFUSED, SW_E_REFUSED, "read-only: not asked");
    sw_core_close(core);
    assert_int_equal(world_rights_asked(), 0);
}

/* ------------------------------------------------------------------- by itself */

static void a_dashboard_asks_once_and_after_each_reload(void **state)
{
    (void)state;
    static const struct sw_command reload = {.kind = SW_COMMAND_RELOAD};
    set_status(403);
    struct sw_core *core = world_start(false, false);
    wait_for_halt(core, false);
    assert_true(wait_for_asked(2, 2000));
    world_sleep(500);
    assert_int_equal(world_rights_asked(), 2);
    set_status(500); /* so that it is the reload that opens it, and no answer */
    sw_outcome_free(world_do(core, &reload));
    wait_for_halt(core, true);
    assert_true(wait_for_asked(4, 2000));
    sw_core_close(core);
    assert_int_equal(world_look("app0").writes, 0);
}

static void what_others_feel_is_asked_by_people_only(void **state)
{
    (void)state;
    use_kind("fake_felt");
    struct sw_core *core = world_start(false, false);
    assert_false(wait_for_asked(1, 500));
    expect(world_do(core, &ask), SW_RESULT_SEEN, SW_OK, "");
    assert_int_equal(world_rights_asked(), 2);
    sw_core_close(core);
}

/* ----------------------------------------------------------------- beside verbs */

static void set_write(const char *app, enum world_write write, int delay_ms)
{
    struct world_app state = world_look(app);
    state.write = write;
    state.write_count = write == WRITE_WORKS ? 0 : 1;
    state.write_delay_ms = delay_ms;
    world_set(app, &state);
}

static const struct sw_command halt = {
    .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT, .reason = "because"};

static void nothing_is_asked_while_a_verb_runs_there(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_WORKS, 600);
    uint64_t id = sw_submit(core, &halt);
    uint64_t question = sw_submit(core, &ask);
    assert_true(wait_for_asked(1, 400)); /* app1, where nothing runs */
    world_sleep(150);
    assert_int_equal(world_rights_asked(), 1);
    expect(sw_core_wait_outcome(core, id, 20000), SW_RESULT_SEEN, SW_OK, "HALTED");
    expect(sw_core_wait_outcome(core, question, 20000), SW_RESULT_SEEN, SW_OK, "");
    assert_int_equal(world_rights_asked(), 2);
    sw_core_close(core);
}

static void a_halt_waits_for_no_question(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    world_set_rights(&(struct world_rights){.status = 403, .delay_ms = 1500});
    uint64_t question = sw_submit(core, &ask);
    assert_true(wait_for_asked(1, 1000));
    int64_t begin_ms = sw_time_mono_ms();
    struct sw_outcome *outcome = sw_core_wait_outcome(core, sw_submit(core, &halt), 20000);
    assert_true(sw_time_mono_ms() - begin_ms < 1200);
    expect(outcome, SW_RESULT_SEEN, SW_OK, "HALTED");
    world_set_rights(&(struct world_rights){.status = 404});
    expect(sw_core_wait_outcome(core, question, 20000), SW_RESULT_SEEN, SW_OK, "");
    assert_int_equal(world_rights_asked(), 3); /* app0 again, behind the halt */
    sw_core_close(core);
}

/* The captain asks again: what was refused a moment ago may pass. */
static void a_halt_that_was_denied_stays_open(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_IS_DENIED, 0);
    expect(world_do(core, &halt), SW_RESULT_REJECTED, SW_E_DENIED, "app0: ");
    struct sw_snapshot *snapshot = world_snapshot(core);
    const struct sw_offer *offer = &snapshot->platforms[0].offers[SW_VERB_HALT];
    assert_true(offer->is_allowed);
    assert_non_null(strstr(offer->will_not, "It was refused at "));
    sw_snapshot_free(snapshot);
    expect(world_do(core, &halt), SW_RESULT_SEEN, SW_OK, "HALTED");
    snapshot = world_snapshot(core);
    assert_null(strstr(snapshot->platforms[0].offers[SW_VERB_HALT].will_not, "refused"));
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

static bool is_advance_denied(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    const struct sw_offer *offer = &snapshot->platforms[0].offers[SW_VERB_ADVANCE];
    return !offer->is_allowed && strstr(offer->reason, "refused at ") != NULL;
}

static void an_advance_that_was_denied_is_closed_until_it_is_asked(void **state)
{
    (void)state;
    const struct sw_command advance = {.kind = SW_COMMAND_VERB,
                                       .platform = "app0",
                                       .verb = SW_VERB_ADVANCE,
                                       .override_text = "because"};
    struct sw_core *core = world_start(true, false);
    set_write("app0", WRITE_IS_DENIED, 0);
    expect(world_do(core, &advance), SW_RESULT_REJECTED, SW_E_DENIED, "app0: ");
    struct sw_snapshot *snapshot = world_wait(core, is_advance_denied, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    expect(world_do(core, &advance), SW_RESULT_REFUSED, SW_E_DENIED, "refused at ");
    assert_int_equal(world_look("app0").writes, 1);
    sw_outcome_free(world_do(core, &ask));
    expect(world_do(core, &advance), SW_RESULT_SEEN, SW_OK, "50%");
    sw_core_close(core);
}

static void a_question_ends_with_the_core(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    world_set_rights(&(struct world_rights){.status = 404, .delay_ms = 400});
    uint64_t question = sw_submit(core, &ask);
    assert_true(wait_for_asked(1, 1000));
    uint64_t second = sw_submit(core, &ask);
    expect(sw_core_wait_outcome(core, second, 2000), SW_RESULT_REFUSED, SW_E_BUSY, "already");
    sw_core_stop(core);
    struct sw_outcome *outcome = sw_core_take_outcome(core);
    assert_non_null(outcome);
    assert_int_equal(outcome->id, question);
    expect(outcome, SW_RESULT_FAILED, SW_E_CANCELLED, "the core is stopping");
    assert_null(sw_core_take_outcome(core));
    sw_core_close(core);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_platform_is_asked_and_nothing_is_changed),
        TEST(a_right_that_is_missing_closes_the_verb_until_it_is_there),
        TEST(what_is_not_known_changes_nothing),
        TEST(nothing_but_a_question_leaves),
        TEST(nothing_is_asked_in_read_only_mode),
        TEST(a_dashboard_asks_once_and_after_each_reload),
        TEST(what_others_feel_is_asked_by_people_only),
        TEST(nothing_is_asked_while_a_verb_runs_there),
        TEST(a_halt_waits_for_no_question),
        TEST(a_halt_that_was_denied_stays_open),
        TEST(an_advance_that_was_denied_is_closed_until_it_is_asked),
        TEST(a_question_ends_with_the_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
