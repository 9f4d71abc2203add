/* test_reducer.c: what readings make of the model: order, versions, stages, changes outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/reducer.h"

enum { MINUTE = 60 * 1000 };

/* One platform bound to one source of a kind that offers everything while ROLLING. */
struct stage {
    struct sw_model model;
    struct sw_setup setup;
    struct sw_setup_source source;
    struct sw_setup_platform platform;
    struct sw_reducer_platform remembered;
    struct sw_reducer reducer;
    int versions, changes, releases;
};

static void offer(const struct sw_target *target, const struct sw_rollout *rollout,
                  enum sw_verb verb, struct sw_source_offer *out)
{
    (void)verb;
    assert_non_null(target->plan);
    *out = (struct sw_source_offer){.is_possible = rollout->state == SW_STATE_ROLLING};
}

static const struct sw_source_kind kind = {
    .name = "k", .can = SW_CAN_ROLLOUT | SW_CAN_ACT, .offer = offer};

static void on_version(void *arg, size_t platform)
{
    assert_int_equal(platform, 0);
    ((struct stage *)arg)->versions++;
}

static void on_change(void *arg, size_t platform, const struct sw_rollout *before,
                      const struct sw_rollout *after)
{
    char text[SW_LINE_MAX];
    struct stage *stage = arg;
    stage->changes += sw_reducer_is_outside_change(stage->model.platforms[platform].plan.kind,
                                                   before, after, text, sizeof text);
}

static void on_release(void *arg, const char *name, const char *tag)
{
    assert_string_equal(name, "2.0.0");
    assert_string_equal(tag, "v2.0.0");
    ((struct stage *)arg)->releases++;
}

static struct stage *make(enum sw_plan_kind plan)
{
    struct stage *stage = sw_xcalloc(1, sizeof *stage);
    static const double percents[] = {5, 10, 50, 100};
    sw_model_init(&stage->model);
    stage->model.platform_count = 1;
    stage->model.platforms = sw_xcalloc(1, sizeof *stage->model.platforms);
    struct sw_model_platform *platform = &stage->model.platforms[0];
    platform->id = "android";
    platform->has_source = platform->can_act = true;
    platform->plan.kind = plan;
    for (size_t i = 0; i < 4; i++)
        platform->plan.stages[platform->plan.count++] =
            (struct sw_plan_stage){.percent = percents[i], .weekday = -1};
    stage->source.kind = &kind;
    stage->setup.sources = &stage->source;
    stage->setup.platforms = &stage->platform;
    stage->reducer = (struct sw_reducer){.model = &stage->model,
                                         .setup = &stage->setup,
                                         .platforms = &stage->remembered,
                                         .arg = stage,
                                         .on_version = on_version,
                                         .on_change = on_change,
                                         .on_release = on_release};
    return stage;
}

static void drop(struct stage *stage)
{
    sw_model_clear(&stage->model);
    free(stage);
}

static struct sw_rollout rolling(double percent, int64_t at_ms)
{
    return (struct sw_rollout){.state = SW_STATE_ROLLING,
                               .version = "2.0.0",
                               .identity = "200",
                               .previous_version = "1.9.0",
                               .percent_set = {.value = percent, .is_known = true},
                               .observed_at_ms = at_ms,
                               .true_for_ms = at_ms};
}

static struct sw_flow *flow_of(struct stage *stage, enum sw_role role)
{
    const struct sw_target target = {.platform_id = "android", .role = role};
    const struct sw_flow_options options = {.setup = &stage->setup};
    return sw_flow_new(&options, 1, &target);
}

static void see(struct stage *stage, struct sw_rollout rollout)
{
    struct sw_flow *flow = flow_of(stage, SW_ROLE_ROLLOUT);
    sw_flow_report_rollout(flow, sw_flow_target(flow, 0), &rollout);
    sw_reducer_fold(&stage->reducer, flow);
    sw_flow_free(flow);
}

static void seen_by_us(struct stage *stage, enum sw_verb verb, double to, int64_t at_ms)
{
    static int number;
    struct sw_record record = {.kind = SW_EVENT_OUTCOME,
                               .at_ms = at_ms,
                               .verb = verb,
                               .result = SW_RESULT_SEEN,
                               .to_percent = {.value = to, .is_known = true}};
    snprintf(record.uuid, sizeof record.uuid, "00000000-0000-4000-8000-%012d", ++number);
    record.platform = sw_xstrdup("android");
    record.identity = sw_xstrdup("200");
    record.override_text = verb == SW_VERB_COMPLETE ? sw_xstrdup("we know") : NULL;
    assert_true(sw_fold_add(stage->model.fold, &record));
    sw_record_clear(&record);
    sw_reducer_refold(&stage->reducer);
}

static void a_slow_poll_never_undoes_a_reread(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_rollout halted = rolling(10, 2000);
    see(stage, rolling(10, 1000));
    halted.state = SW_STATE_HALTED;
    see(stage, halted);
    see(stage, rolling(10, 1500));
    assert_int_equal(stage->model.platforms[0].rollout.state, SW_STATE_HALTED);
    assert_false(stage->model.platforms[0].offers[SW_VERB_HALT].is_possible);
    see(stage, rolling(10, 2500));
    assert_int_equal(stage->model.platforms[0].rollout.state, SW_STATE_ROLLING);
    assert_true(stage->model.platforms[0].offers[SW_VERB_HALT].is_possible);
    drop(stage);
}

static void a_clock_set_back_does_not_freeze_the_picture(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_rollout halted = rolling(10, 1000 * MINUTE);
    halted.state = SW_STATE_HALTED;
    stage->reducer.now_ms = 1060 * MINUTE;
    see(stage, rolling(10, 1060 * MINUTE));
    stage->reducer.now_ms = 1000 * MINUTE; /* an hour back */
    see(stage, halted);
    assert_int_equal(stage->model.platforms[0].rollout.state, SW_STATE_HALTED);
    drop(stage);
}

static void health_belongs_to_one_version(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_model_platform *platform = &stage->model.platforms[0];
    const struct sw_reading reading = {.metric = SW_METRIC_CRASH_FREE_SESSIONS, .window_s = 3600};
    see(stage, rolling(10, 1000));
    assert_int_equal(stage->versions, 1);
    struct sw_flow *flow = flow_of(stage, SW_ROLE_HEALTH);
    sw_flow_give(flow, 0, NULL, &platform->rollout);
    sw_flow_report_reading(flow, sw_flow_target(flow, 0), &reading);
    sw_reducer_fold(&stage->reducer, flow);
    assert_int_equal(platform->reading_count, 1);
    struct sw_rollout next = rolling(5, 2000);
    sw_copy(next.version, sizeof next.version, "2.0.1");
    see(stage, next);
    assert_int_equal(stage->versions, 2);
    assert_int_equal(platform->reading_count, 0);
    sw_reducer_fold(&stage->reducer, flow); /* a late answer about the version before */
    assert_int_equal(platform->reading_count, 0);
    sw_flow_free(flow);
    drop(stage);
}

/* Reviews speak of a version, builds of the app; each list replaces the one before. */
static void builds_outlive_a_version_and_reviews_do_not(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_model_platform *platform = &stage->model.platforms[0];
    const struct sw_build_seen builds[2] = {{.build = "7"}, {.build = "6"}};
    const struct sw_review_seen review = {.rating = 1};
    see(stage, rolling(10, 1000));
    struct sw_flow *store = flow_of(stage, SW_ROLE_ROLLOUT);
    sw_flow_report_builds(store, sw_flow_target(store, 0), builds, 2);
    sw_reducer_fold(&stage->reducer, store);
    sw_reducer_fold(&stage->reducer, store);
    struct sw_flow *health = flow_of(stage, SW_ROLE_HEALTH);
    sw_flow_give(health, 0, NULL, &platform->rollout);
    sw_flow_report_reviews(health, sw_flow_target(health, 0), &review, 1);
    sw_reducer_fold(&stage->reducer, health);
    assert_int_equal(platform->build_count, 2);
    assert_string_equal(platform->builds[1].build.build, "6");
    assert_int_equal(platform->review_count, 1);
    struct sw_rollout next = rolling(5, 2000);
    sw_copy(next.version, sizeof next.version, "2.0.1");
    see(stage, next);
    assert_int_equal(platform->build_count, 2);
    assert_int_equal(platform->review_count, 0);
    sw_reducer_fold(&stage->reducer, health); /* a late answer about the version before */
    assert_int_equal(platform->review_count, 0);
    sw_flow_free(health);
    sw_flow_free(store);
    drop(stage);
}

static void a_stage_begins_with_our_own_outcome(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_model_platform *platform = &stage->model.platforms[0];
    see(stage, rolling(10, 50 * MINUTE));
    assert_int_equal(platform->stage_since_ms, 50 * MINUTE);
    assert_false(platform->is_stage_since_ours);
    seen_by_us(stage, SW_VERB_ADVANCE, 5, 10 * MINUTE); /* of another stage: no */
    assert_false(platform->is_stage_since_ours);
    seen_by_us(stage, SW_VERB_ADVANCE, 10, 20 * MINUTE); /* known only from the ledger */
    assert_int_equal(platform->stage_since_ms, 20 * MINUTE);
    assert_true(platform->is_stage_since_ours);
    see(stage, rolling(10.5, 60 * MINUTE)); /* the same stage goes on */
    assert_int_equal(platform->stage_since_ms, 20 * MINUTE);
    see(stage, rolling(50, 70 * MINUTE)); /* somebody else's step */
    assert_int_equal(platform->stage_since_ms, 70 * MINUTE);
    assert_false(platform->is_stage_since_ours);
    see(stage, rolling(100, 80 * MINUTE));
    seen_by_us(stage, SW_VERB_COMPLETE, 100, 80 * MINUTE + 500);
    assert_true(platform->is_stage_since_ours);
    assert_string_equal(platform->override_text, "we know");
    drop(stage);
}

static void a_resume_outside_starts_the_soak_again(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_model_platform *platform = &stage->model.platforms[0];
    see(stage, rolling(10, 10 * MINUTE));
    seen_by_us(stage, SW_VERB_ADVANCE, 10, 10 * MINUTE);
    assert_true(platform->is_stage_since_ours);
    struct sw_rollout halted = rolling(10, 40 * MINUTE);
    halted.state = SW_STATE_HALTED;
    see(stage, halted);
    see(stage, rolling(10, 60 * MINUTE));
    assert_int_equal(platform->stage_since_ms, 60 * MINUTE);
    assert_false(platform->is_stage_since_ours);
    drop(stage);
}

static void the_first_look_is_held_against_the_cache(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    see(stage, rolling(5, 500)); /* with nothing to hold it against */
    assert_int_equal(stage->changes, 0);
    stage->model.platforms[0].is_rollout_cached = true; /* as a start finds it */
    see(stage, rolling(10, 2000));                      /* changed while none of us ran */
    assert_int_equal(stage->changes, 1);
    see(stage, rolling(50, 3000));
    assert_int_equal(stage->changes, 2);
    see(stage, rolling(50, 4000));
    assert_int_equal(stage->changes, 2);
    drop(stage);
}

static void what_counts_as_a_change_outside(void **state)
{
    (void)state;
    static const struct {
        enum sw_plan_kind plan;
        enum sw_state before, after;
        double from, to;
        const char *identity; /* after */
        const char *text;     /* NULL: none */
    } cases[] = {
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_ROLLING, 10, 20, "1", "now 20%, was 10%"},
        {SW_PLAN_STORE, SW_STATE_ROLLING, SW_STATE_ROLLING, 1, 2, "1", NULL}, /* Apple's own day */
        {SW_PLAN_SERVICE, SW_STATE_ROLLING, SW_STATE_ROLLING, 10, 100, "1", NULL},
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_HALTED, 10, 10, "1", "now HALTED, was ROLLING"},
        {SW_PLAN_STORE, SW_STATE_ROLLING, SW_STATE_HALTED, 1, 1, "1", "now HALTED"},
        {SW_PLAN_SERVICE, SW_STATE_ROLLING, SW_STATE_HALTED, 1, 1, "1", "now HALTED"},
        {SW_PLAN_STORE, SW_STATE_HALTED, SW_STATE_ROLLING, 1, 1, "1", "now ROLLING, was HALTED"},
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_COMPLETE, 50, 100, "1", "now COMPLETE"},
        {SW_PLAN_STORE, SW_STATE_ROLLING, SW_STATE_COMPLETE, 50, 100, "1", NULL},
        {SW_PLAN_STORE, SW_STATE_ROLLING, SW_STATE_COMPLETE, 10, 100, "1", "now COMPLETE"},
        {SW_PLAN_STORE, SW_STATE_ROLLING, SW_STATE_COMPLETE, 0, 100, "1", NULL}, /* without phases */
        {SW_PLAN_STAGES, SW_STATE_READY, SW_STATE_ROLLING, 0, 5, "1", "now ROLLING, was READY"},
        {SW_PLAN_SERVICE, SW_STATE_READY, SW_STATE_ROLLING, 0, 5, "1", NULL},
        {SW_PLAN_STAGES, SW_STATE_IN_REVIEW, SW_STATE_READY, 0, 0, "1",
         NULL}, /* the store's work */
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_ROLLING, 10, 5, "2", "now 2.0.0 (2)"},
        {SW_PLAN_SERVICE, SW_STATE_COMPLETE, SW_STATE_ROLLING, 100, 5, "2", NULL},
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_UNKNOWN, 10, 10, "1", NULL},
        {SW_PLAN_STAGES, SW_STATE_UNKNOWN, SW_STATE_HALTED, 10, 10, "1", NULL},
        {SW_PLAN_STAGES, SW_STATE_ROLLING, SW_STATE_ROLLED_BACK, 10, 0, "1", "now ROLLED BACK"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[SW_LINE_MAX];
        struct sw_rollout before = rolling(cases[i].from, 1), after = rolling(cases[i].to, 2);
        before.state = cases[i].before;
        after.state = cases[i].after;
        sw_copy(before.identity, sizeof before.identity, "1");
        sw_copy(after.identity, sizeof after.identity, cases[i].identity);
        bool is_change =
            sw_reducer_is_outside_change(cases[i].plan, &before, &after, text, sizeof text);
        if (is_change != (cases[i].text != NULL))
            fail_msg("case %zu: %d", i, is_change);
        if (is_change && strstr(text, cases[i].text) == NULL)
            fail_msg("case %zu: %s", i, text);
    }
}

static void the_train_and_its_checklist(void **state)
{
    (void)state;
    struct stage *stage = make(SW_PLAN_STAGES);
    struct sw_flow *flow = flow_of(stage, SW_ROLE_TAGS);
    const char *text = "# A\n- [ ] one {#one}\n";
    sw_flow_report_release(flow, "2.0.0", "v2.0.0");
    sw_flow_report_checklist(flow, "RELEASE.md", "v2.0.0", text, strlen(text));
    sw_reducer_fold(&stage->reducer, flow);
    assert_int_equal(stage->releases, 1);
    assert_true(stage->model.has_checklist);
    assert_int_equal(stage->model.checklist.count, 1);
    sw_flow_free(flow);
    flow = flow_of(stage, SW_ROLE_TAGS);
    text = "- [ ] a {#x}\n- [ ] b {#x}\n";
    sw_flow_report_checklist(flow, "RELEASE.md", "HEAD", text, strlen(text));
    sw_reducer_fold(&stage->reducer, flow);
    assert_false(stage->model.has_checklist); /* a list with a double id is no list */
    assert_non_null(stage->model.checklist_note);
    sw_flow_free(flow);
    drop(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_poll_never_undoes_a_reread),
        cmocka_unit_test(a_clock_set_back_does_not_freeze_the_picture),
        cmocka_unit_test(health_belongs_to_one_version),
        cmocka_unit_test(builds_outlive_a_version_and_reviews_do_not),
        cmocka_unit_test(a_stage_begins_with_our_own_outcome),
        cmocka_unit_test(a_resume_outside_starts_the_soak_again),
        cmocka_unit_test(the_first_look_is_held_against_the_cache),
        cmocka_unit_test(what_counts_as_a_change_outside),
        cmocka_unit_test(the_train_and_its_checklist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
