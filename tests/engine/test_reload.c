/* test_reload.c: a configuration that is read again binds a platform's id to something else:
 * nothing that was read, asked or known of the old target may be taken for the new one's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "past.h"
#include "world.h"

static const struct sw_command reload = {.kind = SW_COMMAND_RELOAD};

/* app0 rolls out 2.0.0 (200) at 10 %, app1 is halted 7.7.7 (777) at 50 %. */
static int begin_two(void **state)
{
    (void)state;
    world_begin(2, NULL);
    struct world_app app = world_look("app1");
    app.state = SW_STATE_HALTED;
    app.percent = 50;
    sw_copy(app.version, sizeof app.version, "7.7.7");
    sw_copy(app.identity, sizeof app.identity, "777");
    world_set("app1", &app);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

/* The platform app0 is the app app1 from now on, and the platform app1 is no more. */
static void bind_app0_to_app1(void)
{
    const char *text = world_default_config();
    const char *second = strstr(text, "  - id: app1\n");
    assert_non_null(second);
    char *config = sw_xasprintf("%.*s", (int)(second - text), text);
    for (char *at = strstr(config, "app: app0"); at != NULL; at = strstr(at, "app: app0"))
        at[strlen("app: app")] = '1';
    world_write_config(config);
    free(config);
}

static void set_read_delay(const char *name, int ms)
{
    struct world_app app = world_look(name);
    app.read_delay_ms = ms;
    world_set(name, &app);
}

static bool is_app1(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot->platform_count == 1 && snapshot->platforms[0].version != NULL &&
           !strcmp(snapshot->platforms[0].version, "7.7.7");
}

/* ------------------------------------------------------------------------- facts */

static void facts_of_the_old_target_are_dropped(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    bind_app0_to_app1();
    set_read_delay("app1", 700);
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_int_equal(snapshot->platform_count, 1);
    assert_int_equal(snapshot->platforms[0].state, SW_STATE_UNKNOWN);
    assert_null(snapshot->platforms[0].version);
    assert_int_equal(snapshot->platforms[0].health_count, 0);
    sw_snapshot_free(snapshot);
    snapshot = world_wait(core, is_app1, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

static void the_next_start_does_not_show_them_either(void **state)
{
    (void)state;
    struct sw_core *core = world_start(true, false);
    sw_core_close(core);
    core = world_open(false, false);
    struct sw_snapshot *snapshot = sw_core_take_snapshot(core);
    assert_string_equal(snapshot->platforms[0].version, "2.0.0"); /* the same binding: there */
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    bind_app0_to_app1();
    core = world_open(false, false);
    snapshot = sw_core_take_snapshot(core);
    assert_null(snapshot->platforms[0].version);
    assert_int_equal(snapshot->platforms[0].health_count, 0);
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* ------------------------------------------------------------------------ actions */

static void wait_for_reads(const char *name, int count)
{
    for (int i = 0; i < 200 && world_look(name).reads < count; i++)
        world_sleep(10);
    assert_true(world_look(name).reads >= count);
}

/* The halt goes on where it was asked, and what it reads there is not the new target's. */
static void a_halt_keeps_its_target_and_its_readings(void **state)
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
    bind_app0_to_app1();
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    struct sw_snapshot *snapshot = world_wait(core, is_app1, NULL);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
    wait_for_reads("app0", world_look("app0").reads + 5); /* its reading back goes on */
    snapshot = world_snapshot(core);
    assert_true(is_app1(snapshot, NULL));
    assert_int_equal(snapshot->platforms[0].state, SW_STATE_HALTED);
    sw_snapshot_free(snapshot);
    app = world_look("app0");
    app.state = SW_STATE_HALTED; /* at last the store has taken it */
    world_set("app0", &app);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SEEN, "2.0.0 (200): HALTED");
    assert_int_equal(world_look("app0").writes, 1);
    assert_int_equal(world_look("app1").writes, 0);
    snapshot = world_snapshot(core);
    assert_true(is_app1(snapshot, NULL));
    sw_snapshot_free(snapshot);
    sw_core_close(core);
}

/* The reload comes while the target is read again: the halt is judged by what it read itself. */
static void a_halt_is_judged_by_its_own_target(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    set_read_delay("app0", 600);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    world_sleep(150);
    bind_app0_to_app1();
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    set_read_delay("app0", 0);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SEEN, "2.0.0 (200): HALTED");
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    assert_int_equal(world_look("app1").writes, 0);
    sw_core_close(core);
}

/* The same when its platform is gone altogether. */
static void a_halt_outlives_its_platform(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    set_read_delay("app0", 600);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    world_sleep(150);
    const char *text = world_default_config();
    const char *first = strstr(text, "  - id: app0\n"), *second = strstr(text, "  - id: app1\n");
    char *config = sw_xasprintf("%.*s%s", (int)(first - text), text, second);
    world_write_config(config);
    free(config);
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    set_read_delay("app0", 0);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SEEN, "HALTED");
    assert_int_equal(world_look("app0").state, SW_STATE_HALTED);
    sw_core_close(core);
}

static void another_verb_ends_with_its_target(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    set_read_delay("app0", 600);
    const struct sw_command advance = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_ADVANCE};
    uint64_t id = sw_submit(core, &advance);
    world_sleep(150);
    bind_app0_to_app1();
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    set_read_delay("app0", 0);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_REFUSED,
                 "bound to another target");
    assert_int_equal(world_look("app0").writes + world_look("app1").writes, 0);
    sw_core_close(core);
}

/* Blind, the last known ids are those of the target it was asked for. */
static void a_blind_halt_does_not_borrow_ids(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.is_unreadable = true;
    app.read_delay_ms = 600;
    world_set("app0", &app);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    uint64_t id = sw_submit(core, &halt);
    world_sleep(150);
    bind_app0_to_app1();
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    while (world_look("app0").writes == 0)
        world_sleep(5);
    app = world_look("app0");
    app.is_unreadable = false;
    app.read_delay_ms = 0;
    world_set("app0", &app);
    world_expect(sw_core_wait_outcome(core, id, 10000), SW_RESULT_SEEN, "2.0.0 (200): HALTED");
    assert_int_equal(world_look("app1").writes, 0);
    sw_core_close(core);
}

/* ------------------------------------------------------------------------ the file */

/* Two that are under way at once: what was written last is what counts, although it was read in no
 * time and the one before took long. */
static void the_last_file_counts(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    char *small = sw_xstrdup(world_default_config());
    struct sw_buf large;
    sw_buf_init(&large, 1 << 20);
    sw_buf_add(&large, small);
    for (int i = 0; i < 490; i++)
        sw_buf_printf(&large, "  - {id: more%d, title: More, kind: android}\n", i);
    for (int i = 0; i < 9000; i++)
        sw_buf_printf(&large, "# %090d\n", i);
    for (int i = 0; i < 5; i++) {
        world_write_config(sw_buf_text(&large));
        uint64_t first = sw_submit(core, &reload);
        world_sleep(5); /* it has been opened */
        world_write_config(small);
        uint64_t second = sw_submit(core, &reload);
        world_expect(sw_core_wait_outcome(core, first, 20000), SW_RESULT_SEEN, "read again");
        world_expect(sw_core_wait_outcome(core, second, 20000), SW_RESULT_SEEN, "read again");
        struct sw_snapshot *snapshot = world_snapshot(core);
        assert_int_equal(snapshot->platform_count, 2);
        sw_snapshot_free(snapshot);
    }
    sw_buf_clear(&large);
    free(small);
    sw_core_close(core);
}

/* ---------------------------------------------------------------------- lost halts */

static bool has_notice(const struct sw_snapshot *snapshot, const void *arg)
{
    const char *const *parts = arg;
    for (size_t i = 0; parts[i] != NULL; i++)
        if (snapshot->notice == NULL || strstr(snapshot->notice, parts[i]) == NULL)
            return false;
    return true;
}

static void wait_for_notice(struct sw_core *core, const char *const *parts)
{
    struct sw_snapshot *snapshot = world_wait(core, has_notice, parts);
    assert_non_null(snapshot);
    sw_snapshot_free(snapshot);
}

/* That a halt did not take effect stays on the screen until a halt there is seen: a reload, a bad
 * one too, and another lost halt do not take it away. */
static void a_lost_halt_stays_said(void **state)
{
    static const char *const both[] = {"HALT of app0", "did NOT take effect", "app1", NULL};
    static const char *const second[] = {"HALT of app1", "did NOT take effect", NULL};
    struct sw_record first, other;
    (void)state;
    struct world_app app = world_look("app1");
    app.state = SW_STATE_ROLLING;
    world_set("app1", &app);
    past_intent("2.0.0", SW_VERB_HALT, &first);
    struct sw_core *core = world_start(false, false);
    wait_for_notice(core, (const char *const[]){"HALT of app0", NULL});
    other = (struct sw_record){.kind = SW_EVENT_INTENT, .verb = SW_VERB_HALT};
    other.platform = sw_xstrdup("app1");
    other.identity = sw_xstrdup("777");
    past_append("2.0.0", &other);
    wait_for_notice(core, both);
    world_expect(world_do(core, &reload), SW_RESULT_SEEN, "read again");
    wait_for_notice(core, both);
    world_write_config("version: 1\nnonsense: true\n");
    world_expect(world_do(core, &reload), SW_RESULT_REFUSED, "the old configuration stays");
    wait_for_notice(core, both);
    world_expect(world_verb(core, "app0", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    wait_for_notice(core, second);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_null(strstr(snapshot->notice, "app0"));
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app1", SW_VERB_HALT), SW_RESULT_SEEN, "HALTED");
    snapshot = world_snapshot(core);
    assert_null(strstr(snapshot->notice, "HALT")); /* what is left is the bad file */
    sw_snapshot_free(snapshot);
    sw_core_close(core);
    sw_record_clear(&first);
    sw_record_clear(&other);
}

/* --------------------------------------------------------------------- settlement */

/* An intent for the old target is not settled by reading the new one, nor does it stand in its
 * way. */
static void an_intent_is_settled_at_its_own_target(void **state)
{
    (void)state;
    struct sw_core *core = world_start(false, false);
    struct world_app app = world_look("app0");
    app.write = WRITE_IS_IGNORED;
    app.write_count = -1;
    world_set("app0", &app);
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .platform = "app0", .verb = SW_VERB_HALT};
    sw_submit(core, &halt);
    while (world_look("app0").writes == 0)
        world_sleep(5);
    sw_core_close(core);
    assert_int_equal(past_outcomes("2.0.0", SW_RESULT_UNKNOWN), 1);
    bind_app0_to_app1(); /* which is halted, and of another version */
    core = world_start(false, false);
    world_sleep(300);
    assert_int_equal(past_outcomes("2.0.0", SW_RESULT_NONE), 1);
    struct sw_snapshot *snapshot = world_snapshot(core);
    assert_int_equal(snapshot->platforms[0].halt_asked_ms, 0);
    assert_int_equal(snapshot->action_count, 0);
    sw_snapshot_free(snapshot);
    world_expect(world_verb(core, "app0", SW_VERB_RESUME), SW_RESULT_SEEN, "7.7.7 (777): ROLLING");
    sw_core_close(core);
    world_write_config(world_default_config());
    core = world_start(false, false);
    for (int i = 0; i < 200 && past_outcomes("2.0.0", SW_RESULT_REJECTED) == 0; i++)
        world_sleep(25);
    assert_int_equal(past_outcomes("2.0.0", SW_RESULT_REJECTED), 1);
    sw_core_close(core);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_two, end)
    const struct CMUnitTest tests[] = {
        TEST(facts_of_the_old_target_are_dropped),
        TEST(the_next_start_does_not_show_them_either),
        TEST(a_halt_keeps_its_target_and_its_readings),
        TEST(a_halt_is_judged_by_its_own_target),
        TEST(a_halt_outlives_its_platform),
        TEST(another_verb_ends_with_its_target),
        TEST(a_blind_halt_does_not_borrow_ids),
        TEST(the_last_file_counts),
        TEST(a_lost_halt_stays_said),
        TEST(an_intent_is_settled_at_its_own_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
