/* test_view.c: from the model to snapshots and JSON: ages, unknowns, offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "model/view.h"

static const int64_t now = INT64_C(1768903920000); /* 2026-01-20T10:12:00Z */

static const struct sw_gate_rule gates[] = {
    {.id = "crash", .metric = SW_METRIC_CRASH_FREE_SESSIONS, .warn = {99.5, true},
     .critical = {99, true}, .window_s = 3600, .min_sample = 600, .is_blocking = true},
    {.id = "crash-day", .metric = SW_METRIC_CRASH_FREE_SESSIONS, .warn = {99.5, true},
     .critical = {99, true}, .window_s = 86400, .min_sample = 600, .is_blocking = true},
};
static const struct sw_model_health_def health_defs[] = {
    {.metric = SW_METRIC_CRASH_FREE_SESSIONS, .source = 1},
    {.metric = SW_METRIC_CRASH_FREE_SESSIONS, .source = 2},
};

struct fixture {
    struct sw_model model;
    struct sw_model_platform *android;
};

static struct sw_reading reading(int window_s, double value, double n)
{
    return (struct sw_reading){
        .metric = SW_METRIC_CRASH_FREE_SESSIONS,
        .window_s = window_s,
        .value = {value, true},
        .n = {n, true},
        .bad = {floor(n * (100 - value) / 100), true},
        .observed_at_ms = now - 30 * SW_SECOND_MS,
        .true_for_ms = now - 60 * SW_SECOND_MS,
        .origin = "release:x",
    };
}

static void put(struct fixture *fixture, size_t source, struct sw_reading what)
{
    sw_model_put_reading(fixture->android, source, &what, false);
}

/* Rolling at 20 % for 13 hours, all well. */
static void set_up(struct fixture *fixture)
{
    static const char *const ids[] = {"play", "sentry", "vitals"};
    struct sw_model *model = &fixture->model;
    sw_model_init(model);
    model->source_count = 3;
    model->sources = sw_xcalloc(3, sizeof *model->sources);
    for (size_t i = 0; i < 3; i++)
        model->sources[i] = (struct sw_model_source){
            .id = ids[i], .kind = ids[i], .title = ids[i], .base_url = "https://x",
            .interval_s = 60, .stale_after_s = 300, .is_fresh = true};
    model->platform_count = 1;
    model->platforms = sw_xcalloc(1, sizeof *model->platforms);
    struct sw_model_platform *android = fixture->android = &model->platforms[0];
    *android = (struct sw_model_platform){
        .id = "android", .title = "Android", .kind = SW_KIND_ANDROID, .has_source = true,
        .can_act = true, .gates = gates, .gate_count = 2, .health_defs = health_defs,
        .health_def_count = 2, .stage_since_ms = now - 13 * SW_HOUR_MS,
        .plan = {.count = 5,
                 .stages = {{5, 21600, -1, 0}, {10, 21600, -1, 0}, {20, 43200, -1, 0},
                            {50, 86400, -1, 0}, {100, 0, -1, 0}}},
    };
    struct sw_rollout rollout = {
        .state = SW_STATE_ROLLING, .raw_state = "inProgress", .version = "2.15.3",
        .build = "41200", .identity = "41200", .previous_version = "2.15.2",
        .percent_set = {20, true}, .observed_at_ms = now - 10 * SW_SECOND_MS};
    sw_model_put_rollout(android, &rollout);
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        android->offers[verb] = (struct sw_source_offer){
            .is_possible = verb != SW_VERB_RESUME, .reason = "not halted", .effect = "does it.",
            .to_percent = {verb == SW_VERB_ADVANCE ? 50 : 100, true}};
    put(fixture, 1, reading(3600, 99.7, 4400));
    put(fixture, 1, reading(86400, 99.71, 75000));
}

static void tear_down(struct fixture *fixture)
{
    sw_model_clear(&fixture->model);
}

static void all_well_may_advance(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = sw_snapshot_platform(snapshot, "android");
    assert_non_null(android);
    assert_null(sw_snapshot_platform(snapshot, "nobody"));
    assert_int_equal(android->stage_index, 2);
    assert_int_equal(android->gates_worst, SW_GATE_PASS);
    assert_true(android->offers[SW_VERB_ADVANCE].is_allowed);
    assert_false(android->offers[SW_VERB_ADVANCE].needs_typed_id);
    assert_true(android->offers[SW_VERB_COMPLETE].needs_typed_id);
    assert_true(android->offers[SW_VERB_ROLLBACK].needs_typed_id);
    assert_false(android->offers[SW_VERB_RESUME].is_allowed);
    assert_string_equal(android->offers[SW_VERB_RESUME].reason, "not halted");
    assert_int_equal(android->next_at_ms, now - SW_HOUR_MS);
    assert_string_equal(android->next_note, "");
    assert_true(fabs(android->next_percent.value - 50) < 1e-9);
    assert_false(android->percent_actual.is_known);
    assert_int_equal(android->verdict, SW_VERDICT_UNKNOWN);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void an_advance_to_all_is_typed(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.android->offers[SW_VERB_ADVANCE].to_percent.value = 100;
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_true(snapshot->platforms[0].offers[SW_VERB_ADVANCE].needs_typed_id);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void a_stale_rollout_blocks_all_but_halt(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    int64_t later = now + 6 * SW_MINUTE_MS;
    struct sw_snapshot *snapshot = sw_view_build(&f.model, later);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_true(android->is_stale);
    assert_true(android->health[0].is_stale);
    assert_int_equal(android->gates_worst, SW_GATE_STALE);
    assert_true(android->offers[SW_VERB_HALT].is_allowed);
    assert_false(android->offers[SW_VERB_ADVANCE].is_allowed);
    assert_false(android->offers[SW_VERB_ADVANCE].can_override);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

/* A figure that is late by its upstream's design: a day that ended two days ago is not stale, and
 * is when nothing follows it. */
static void a_late_figure_is_stale_only_beyond_its_lateness(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct sw_reading late = reading(86400, 0.3, 8000);
    late.metric = SW_METRIC_ANR_RATE;
    late.true_for_ms = now - 2 * SW_DAY_MS;
    late.stale_after_s = 3 * 86400;
    sw_copy(late.period, sizeof late.period, "Pacific day Thu 27 Nov");
    put(&f, 2, late);
    int64_t turns_at = late.true_for_ms + 3 * SW_DAY_MS + 1;
    for (int is_after = 0; is_after <= 1; is_after++) {
        struct sw_snapshot *snapshot = sw_view_build(&f.model, turns_at - 1 + is_after);
        const struct sw_health *health = NULL;
        for (size_t i = 0; i < snapshot->platforms[0].health_count; i++)
            if (snapshot->platforms[0].health[i].metric == SW_METRIC_ANR_RATE)
                health = &snapshot->platforms[0].health[i];
        assert_non_null(health);
        assert_int_equal(health->is_stale, is_after);
        assert_string_equal(health->period, "Pacific day Thu 27 Nov");
        sw_snapshot_free(snapshot);
    }
    /* The picture changes by itself at that moment, nothing else being due between. */
    assert_int_equal(sw_view_next_change(&f.model, turns_at - 1), turns_at);
    tear_down(&f);
}

/* Nobody knows how old a figure of the future is. */
static void a_clock_set_back_makes_figures_stale(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now - SW_HOUR_MS);
    assert_true(snapshot->platforms[0].is_stale);
    assert_true(snapshot->platforms[0].health[0].is_stale);
    assert_false(snapshot->platforms[0].offers[SW_VERB_ADVANCE].is_allowed);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void know_right(struct sw_model_platform *android, enum sw_right right, bool is_of_verb)
{
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        android->rights[verb] = (struct sw_model_right){
            .seen = {.right = right, .words = "Google says no"},
            .at_ms = now - SW_HOUR_MS,
            .is_of_verb = is_of_verb};
}

/* What is not known, or may be, closes nothing; a no that was asked for closes every verb, also a
 * halt of an old reading; one that a verb met closes no stop, and is said there. */
static void a_missing_right_closes_a_verb(void **state)
{
    (void)state;
    static const struct {
        enum sw_right right;
        bool is_of_verb;
        int64_t later_ms;
        bool is_halt_open, is_rollback_open, is_advance_open;
    } cases[] = {
        {SW_RIGHT_UNKNOWN, false, 0, true, true, true},
        {SW_RIGHT_MAY, false, 0, true, true, true},
        {SW_RIGHT_NO, false, 0, false, false, false},
        {SW_RIGHT_NO, false, 6 * SW_MINUTE_MS, false, false, false},
        {SW_RIGHT_NO, true, 0, true, true, false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f);
        know_right(f.android, cases[i].right, cases[i].is_of_verb);
        struct sw_snapshot *snapshot = sw_view_build(&f.model, now + cases[i].later_ms);
        const struct sw_offer *offers = snapshot->platforms[0].offers;
        assert_int_equal(offers[SW_VERB_HALT].is_allowed, cases[i].is_halt_open);
        assert_int_equal(offers[SW_VERB_ROLLBACK].is_allowed, cases[i].is_rollback_open);
        assert_int_equal(offers[SW_VERB_ADVANCE].is_allowed, cases[i].is_advance_open);
        assert_false(offers[SW_VERB_ADVANCE].can_override);
        bool is_no = cases[i].right == SW_RIGHT_NO;
        if (!cases[i].is_halt_open)
            assert_string_equal(offers[SW_VERB_HALT].reason,
                                "the key of play has no right to halt: Google says no");
        bool is_told = strstr(offers[SW_VERB_HALT].will_not, "It was refused at ") != NULL;
        assert_int_equal(is_told, is_no && cases[i].is_halt_open);
        if (is_no && cases[i].is_of_verb)
            assert_non_null(strstr(offers[SW_VERB_ADVANCE].reason, "refused at "));
        sw_snapshot_free(snapshot);
        tear_down(&f);
    }
}

/* An old "nothing to halt" opens a halt; not one that the key has no right to. */
static void an_old_reading_opens_no_halt_without_a_right(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.android->offers[SW_VERB_HALT] = (struct sw_source_offer){.reason = "it is a draft"};
    know_right(f.android, SW_RIGHT_NO, false);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now + 6 * SW_MINUTE_MS);
    assert_false(snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

/* It was a draft, or complete, hours ago: what it is now only a reading tells. */
static void an_old_nothing_to_halt_closes_no_halt(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.android->rollout.state = SW_STATE_READY;
    f.android->offers[SW_VERB_HALT] =
        (struct sw_source_offer){.reason = "it is a draft: nobody is served it"};
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_false(snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed);
    sw_snapshot_free(snapshot);
    snapshot = sw_view_build(&f.model, now + 6 * SW_MINUTE_MS);
    const struct sw_offer *halt = &snapshot->platforms[0].offers[SW_VERB_HALT];
    assert_true(halt->is_allowed);
    assert_non_null(strstr(halt->effect, "it is a draft"));
    sw_snapshot_free(snapshot);
    f.model.is_read_only = true;
    snapshot = sw_view_build(&f.model, now + 6 * SW_MINUTE_MS);
    assert_false(snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void a_cached_picture_is_not_believed(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.android->is_rollout_cached = true;
    f.android->readings[0].is_cached = true;
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_true(android->is_cached && android->is_stale);
    assert_int_equal(android->gates[0].verdict, SW_GATE_STALE);
    assert_int_equal(android->gates[1].verdict, SW_GATE_PASS);
    assert_true(android->offers[SW_VERB_HALT].is_allowed);
    assert_false(android->offers[SW_VERB_ADVANCE].is_allowed);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void the_first_source_decides(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    put(&f, 2, reading(3600, 50, 100000));
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    const struct sw_health *hour = sw_platform_health(android, SW_METRIC_CRASH_FREE_SESSIONS, 3600);
    assert_int_equal(android->health_count, 3);
    assert_string_equal(hour->source, "sentry");
    assert_string_equal(android->health[2].source, "vitals");
    assert_false(android->health[2].is_deciding);
    assert_non_null(strstr(android->health[2].contradiction, "vitals says 50.00%"));
    assert_string_equal(hour->contradiction, "");
    assert_int_equal(android->gates_worst, SW_GATE_PASS);
    assert_int_equal(sw_platform_headline_metric(android), SW_METRIC_CRASH_FREE_SESSIONS);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

/* Also those that have given nothing yet: what feeds a platform is configured, not found out. */
static void a_platform_names_all_its_sources(void **state)
{
    (void)state;
    static const char *const ids[] = {"play", "sentry", "vitals"};
    struct fixture f;
    set_up(&f);
    f.android->has_alarm_source = true;
    f.android->alarm_source = 1; /* also of its health: named once */
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_int_equal(android->source_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(android->sources[i], ids[i]);
    sw_snapshot_free(snapshot);
    f.android->health_def_count = 0;
    f.android->alarm_source = 2;
    f.android->has_source = false;
    snapshot = sw_view_build(&f.model, now);
    assert_int_equal(snapshot->platforms[0].source_count, 1);
    assert_string_equal(snapshot->platforms[0].sources[0], "vitals");
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void a_bad_hour_holds_the_next_stage(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    put(&f, 1, reading(3600, 99.02, 4400));
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_int_equal(android->gates_worst, SW_GATE_WARN);
    assert_string_equal(android->next_note, "HELD by crash");
    assert_false(android->offers[SW_VERB_ADVANCE].is_allowed);
    assert_true(android->offers[SW_VERB_ADVANCE].can_override);
    assert_non_null(strstr(android->offers[SW_VERB_ADVANCE].reason, "99.02% < 99.5% over 1h"));
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void soak_left_is_told(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.android->stage_since_ms = now - 5 * SW_HOUR_MS - 12 * SW_MINUTE_MS;
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_string_equal(android->next_note, "soak 6h48m");
    assert_string_equal(android->offers[SW_VERB_ADVANCE].reason, "soak: 6h48m left");
    assert_int_equal(android->next_at_ms, now + 6 * SW_HOUR_MS + 48 * SW_MINUTE_MS);
    /* The picture changes by itself when something becomes stale, long before. */
    int64_t next = sw_view_next_change(&f.model, now);
    assert_true(next > now && next <= now + 5 * SW_MINUTE_MS);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void share_of_sessions_is_the_percent_reached(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct sw_reading adoption = reading(86400, 14.6, 75000);
    adoption.metric = SW_METRIC_ADOPTION;
    put(&f, 1, adoption);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_true(fabs(snapshot->platforms[0].percent_actual.value - 14.6) < 1e-9);
    sw_snapshot_free(snapshot);
    snapshot = sw_view_build(&f.model, now + SW_HOUR_MS);
    assert_false(snapshot->platforms[0].percent_actual.is_known);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void ticks_decide_over_the_file(void **state)
{
    (void)state;
    static const char list[] = "# Day 1\n- [x] one {#one} !blocking\n- [ ] two {#two} !blocking\n";
    struct fixture f;
    set_up(&f);
    assert_int_equal(sw_checklist_parse(list, strlen(list), "RELEASE.md", &f.model.checklist, NULL),
                     SW_OK);
    f.model.has_checklist = f.model.has_checklist_config = true;
    struct sw_record untick = {.uuid = "11111111-1111-4111-8111-111111111111",
                               .kind = SW_EVENT_UNTICK, .at_ms = now,
                               .actor = sw_xstrdup("A"), .item = sw_xstrdup("one")};
    struct sw_record tick = {.uuid = "22222222-2222-4222-8222-222222222222",
                             .kind = SW_EVENT_TICK, .at_ms = now,
                             .actor = sw_xstrdup("A"), .item = sw_xstrdup("two")};
    assert_true(sw_fold_add(f.model.fold, &untick));
    assert_true(sw_fold_add(f.model.fold, &tick));
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_checklist *checklist = &snapshot->checklist;
    assert_int_equal(checklist->total, 2);
    assert_int_equal(checklist->done, 1);
    assert_int_equal(checklist->blocking_open, 1);
    assert_false(checklist->items[0].is_done);
    assert_true(checklist->items[0].is_done_in_file);
    assert_true(checklist->items[1].is_done);
    assert_string_equal(checklist->items[1].done_by, "A");
    assert_false(snapshot->platforms[0].offers[SW_VERB_ADVANCE].is_allowed);
    assert_true(snapshot->platforms[0].offers[SW_VERB_HALT].is_allowed);
    sw_snapshot_free(snapshot);
    sw_record_clear(&tick);
    sw_record_clear(&untick);
    tear_down(&f);
}

static void nothing_known_is_null_in_json(void **state)
{
    (void)state;
    struct fixture f;
    char *text = NULL;
    json_t *tree = NULL;
    set_up(&f);
    sw_model_platform_forget(f.android);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_int_equal(sw_status_json(snapshot, NULL, &text, NULL), SW_OK);
    assert_int_equal(sw_json_parse(text, strlen(text), NULL, &tree, NULL), SW_OK);
    static const char *const nulls[] = {
        "platforms[0].version", "platforms[0].build", "platforms[0].percent_set",
        "platforms[0].percent_actual", "platforms[0].previous_version", "platforms[0].stage.index",
        "platforms[0].stage.next_percent", "platforms[0].stage.next_at",
        "platforms[0].verdict.ratio", "platforms[0].verdict.n_new", "platforms[0].checklist.total",
        "sources[0].last_ok_at", "sources[0].error", "sources[0].latency_ms", "release.name"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (!json_is_null(sw_json_at(tree, nulls[i]))) fail_msg("%s is not null", nulls[i]);
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].state")), "UNKNOWN");
    assert_string_equal(json_string_value(sw_json_at(tree, "at")), "2026-01-20T10:12:00Z");
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].gates[0].verdict")),
                        "UNKNOWN");
    json_decref(tree);
    free(text);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void json_figures_are_not_rounded(void **state)
{
    (void)state;
    struct fixture f;
    char *text = NULL;
    json_t *tree = NULL;
    set_up(&f);
    put(&f, 1, reading(3600, 99.99612345, 4400));
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_int_equal(sw_status_json(snapshot, "android", &text, NULL), SW_OK);
    assert_int_equal(sw_json_parse(text, strlen(text), NULL, &tree, NULL), SW_OK);
    double value = json_number_value(sw_json_at(tree, "platforms[0].health[0].value"));
    assert_true(fabs(value - 99.99612345) < 1e-12);
    assert_int_equal(json_integer_value(sw_json_at(tree, "platforms[0].health[0].n")), 4400);
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].state")), "ROLLING");
    assert_true(json_is_true(sw_json_at(tree, "platforms[0].offers.halt.allowed")));
    json_decref(tree);
    free(text);
    text = NULL;
    struct sw_error err = {0};
    assert_int_equal(sw_status_json(snapshot, "wear\x1b[2J", &text, &err), SW_E_USAGE);
    assert_null(strchr(err.text, '\x1b'));
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

static void a_new_version_forgets_the_old_figures(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    sw_model_drop_health(f.android);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_int_equal(snapshot->platforms[0].health_count, 0);
    assert_int_equal(snapshot->platforms[0].gates_worst, SW_GATE_UNKNOWN);
    assert_int_equal(sw_platform_headline_metric(&snapshot->platforms[0]), SW_METRIC_UNKNOWN);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

/* What stands on a line for one figure. */
static void figures_as_people_read_them(void **state)
{
    (void)state;
    static const struct {
        enum sw_metric metric;
        double value, n, bad;
        bool has_value, has_bad;
        const char *want;
    } rows[] = {
        {SW_METRIC_CRASH_FREE_SESSIONS, 99.996, 5000, 0, true, true, "99.99%"},
        {SW_METRIC_CRASH_FREE_SESSIONS, 99.67, 5000, 16, true, true, "99.67%"},
        {SW_METRIC_CRASH_FREE_SESSIONS, 100, 5000, 0, true, true, "100.00%"},
        {SW_METRIC_CRASH_FREE_SESSIONS, 98.6667, 150, 2, true, true, "2 of 150"},
        {SW_METRIC_CRASH_FREE_SESSIONS, 98.6667, 150, 0, true, false, "-"},
        {SW_METRIC_CRASH_FREE_SESSIONS, 0, 5000, 0, false, true, "-"},
        {SW_METRIC_ERROR_RATE, 0.111, 5000, 5, true, true, "0.12%"},
        {SW_METRIC_ERROR_RATE, 0, 5000, 0, true, true, "0.00%"},
        {SW_METRIC_LATENCY_P95, 180.2, 5000, 0, true, false, "181ms"},
        {SW_METRIC_CRASH_FREE_SESSIONS, NAN, 5000, 0, true, true, "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        struct sw_health health = {.metric = rows[i].metric,
                                   .value = {rows[i].value, rows[i].has_value},
                                   .n = {rows[i].n, true},
                                   .bad = {rows[i].bad, rows[i].has_bad},
                                   .min_sample = 600};
        assert_string_equal(sw_health_text(&health, true, text, sizeof text), rows[i].want);
    }
    char text[64];
    assert_string_equal(sw_health_text(NULL, true, text, sizeof text), "-");
    assert_string_equal(sw_percent_text((struct sw_value){0.05, true}, true, text, sizeof text), "0.05%");
    assert_string_equal(sw_percent_text((struct sw_value){20, true}, true, text, sizeof text), "20%");
    assert_string_equal(sw_percent_text((struct sw_value){0}, true, text, sizeof text), "-");
    assert_string_equal(sw_age_text(29999, text, sizeof text), "now");
    assert_string_equal(sw_age_text(59999, text, sizeof text), "30s");
    assert_string_equal(sw_age_text(119999, text, sizeof text), "1m");
    assert_string_equal(sw_age_text(4260000, text, sizeof text), "1h10m");
}

/* What was asked for is exact to three decimals; neither end is shown before it is reached. */
static void a_percent_set_reaches_no_end_by_rounding(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        {0, "0%"},
        {1e-9, "0.001%"},
        {0.0004, "0.001%"},
        {0.001, "0.001%"},
        {0.05, "0.05%"},
        {12.3456, "12.346%"},
        {20, "20%"},
        {99.9, "99.9%"},
        {99.9994, "99.999%"},
        {99.9996, "99.999%"},
        {99.99999999, "99.999%"},
        {100, "100%"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        assert_string_equal(
            sw_percent_text((struct sw_value){rows[i].value, true}, true, text, sizeof text),
            rows[i].want);
    }
}

/* More may have it than is shown, never fewer; and 100% is said of 100% alone. */
static void a_percent_reached_is_rounded_up(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        {0, "0%"},        {1e-9, "0.01%"},  {0.004, "0.01%"},       {0.05, "0.05%"},
        {0.051, "0.06%"}, {0.29, "0.29%"},  {0.999, "1.00%"},       {1, "1%"},
        {1.01, "1.1%"},   {11.8, "11.8%"},  {14.62, "14.7%"},       {14.6, "14.6%"},
        {19.96, "20.0%"}, {20, "20%"},      {57.3, "57.3%"},        {99.87, "99.9%"},
        {99.91, "99.9%"}, {99.96, "99.9%"}, {99.99999999, "99.9%"}, {100, "100%"},
        {NAN, "-"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(
            sw_reached_text((struct sw_value){rows[i].value, true}, true, text, sizeof text),
            rows[i].want);
    assert_string_equal(sw_reached_text((struct sw_value){0}, true, text, sizeof text), "-");
    assert_string_equal(sw_reached_text((struct sw_value){0}, false, text, sizeof text), "\u2013");
}

/* What is read every quarter of an hour is not stale after five minutes. */
static void a_reading_may_stand_longer_than_its_source(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct sw_reading old = reading(3600, 99.7, 4400);
    old.observed_at_ms = old.true_for_ms = now - 14 * SW_MINUTE_MS;
    put(&f, 1, old);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_true(sw_platform_health(&snapshot->platforms[0], old.metric, 3600)->is_stale);
    sw_snapshot_free(snapshot);
    old.stale_after_s = 45 * 60;
    put(&f, 1, old);
    snapshot = sw_view_build(&f.model, now);
    assert_false(sw_platform_health(&snapshot->platforms[0], old.metric, 3600)->is_stale);
    sw_snapshot_free(snapshot);
    snapshot = sw_view_build(&f.model, now + 31 * SW_MINUTE_MS + 1);
    assert_true(sw_platform_health(&snapshot->platforms[0], old.metric, 3600)->is_stale);
    sw_snapshot_free(snapshot);
    /* ... and never shorter. */
    old.stale_after_s = 1;
    old.observed_at_ms = old.true_for_ms = now - 4 * SW_MINUTE_MS;
    put(&f, 1, old);
    snapshot = sw_view_build(&f.model, now);
    assert_false(sw_platform_health(&snapshot->platforms[0], old.metric, 3600)->is_stale);
    sw_snapshot_free(snapshot);
    tear_down(&f);
}

/* Whole days from the store, hours only from the pause that was watched: at most so much. */
static void what_is_left_of_a_pause_budget_is_an_upper_bound(void **state)
{
    (void)state;
    static const struct {
        double used, before; /* -1: unknown */
        int64_t watched_h;   /* 0: not paused */
        double left_h;       /* -1: unknown */
    } cases[] = {
        {2, -1, 0, 28 * 24},     {2, 2, 6, 27 * 24 + 18}, {3, 2, 30, 27 * 24 - 6},
        {4, 2, 30, 26 * 24},     {30, 29, 20, 0},         {31, -1, 0, 0},
        {-1, -1, 6, -1},         {0, -1, 6, 30 * 24 - 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        set_up(&f);
        struct sw_rollout *rollout = &f.android->rollout;
        rollout->pause_days_total = (struct sw_value){30, true};
        rollout->pause_days_used = (struct sw_value){cases[i].used, cases[i].used >= 0};
        rollout->pause_days_before = (struct sw_value){cases[i].before, cases[i].before >= 0};
        if (cases[i].watched_h > 0)
            rollout->paused_since_ms = now - cases[i].watched_h * SW_HOUR_MS;
        struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
        struct sw_value left = snapshot->platforms[0].pause_left_s;
        if (left.is_known != (cases[i].left_h >= 0) ||
            (left.is_known && fabs(left.value - cases[i].left_h * 3600) > 0.5))
            fail_msg("case %zu: %g h", i, left.value / 3600);
        sw_snapshot_free(snapshot);
        tear_down(&f);
    }
}

/* Nothing carries `halt_weekends` out; what it would take is told. */
static void the_cost_of_halted_weekends_is_told(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(sw_zone_set("Europe/Madrid", NULL), SW_OK);
    sw_plan_init_store(&f.android->plan);
    f.android->plan.halt_weekends = true;
    /* Tuesday on day 5 (20 %), two steps to go: no weekend; on day 1 one. */
    f.android->rollout.percent_set.value = 20;
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    assert_true(snapshot->platforms[0].is_halt_weekends);
    assert_int_equal(snapshot->platforms[0].weekends_to_come, 0);
    sw_snapshot_free(snapshot);
    f.android->rollout.percent_set.value = 1;
    snapshot = sw_view_build(&f.model, now);
    assert_int_equal(snapshot->platforms[0].weekends_to_come, 1);
    assert_int_equal(snapshot->platforms[0].weekends_pause_s, 63 * 3600);
    sw_snapshot_free(snapshot);
    /* Not rolling: nobody knows when it starts, so the most. */
    f.android->rollout.state = SW_STATE_READY;
    snapshot = sw_view_build(&f.model, now);
    assert_int_equal(snapshot->platforms[0].weekends_to_come, 2);
    sw_snapshot_free(snapshot);
    f.android->rollout.state = SW_STATE_COMPLETE;
    snapshot = sw_view_build(&f.model, now);
    assert_int_equal(snapshot->platforms[0].weekends_to_come, 0);
    sw_snapshot_free(snapshot);
    f.android->plan.halt_weekends = false;
    snapshot = sw_view_build(&f.model, now);
    assert_false(snapshot->platforms[0].is_halt_weekends);
    sw_snapshot_free(snapshot);
    sw_zone_set("UTC", NULL);
    tear_down(&f);
}

/* Two versions in flight, builds and reviews reach picture and JSON. */
static void a_second_version_builds_and_reviews_are_told(void **state)
{
    (void)state;
    struct fixture f;
    struct sw_error error = {0};
    char *text = NULL;
    set_up(&f);
    f.android->rollout.other = (struct sw_other_version){
        .version = "2.16.0", .state = SW_STATE_TESTING, .raw_state = "VALID"};
    sw_copy(f.android->rollout.release_how, sizeof f.android->rollout.release_how, "by hand");
    f.android->rollout.halt_wait = SW_HALT_WAIT_HAND;
    sw_copy(f.android->rollout.halt_wait_note, sizeof f.android->rollout.halt_wait_note, "send it");
    const struct sw_build_seen builds[2] = {
        {.version = "2.16.0", .build = "9", .internal = "IN_BETA_TESTING", .sessions = 410,
         .crashes = 3, .installs = -1},
        {.version = "2.16.0", .build = "8", .sessions = -1, .crashes = -1, .installs = -1}};
    const struct sw_review_seen review = {.rating = 1, .body = "It crashes", .at_ms = now};
    sw_model_put_builds(f.android, 0, builds, 2);
    sw_model_put_builds(f.android, 0, builds, 2); /* replaces its own list */
    sw_model_put_reviews(f.android, 1, &review, 1);
    struct sw_snapshot *snapshot = sw_view_build(&f.model, now);
    const struct sw_platform *android = &snapshot->platforms[0];
    assert_int_equal(android->build_count, 2);
    assert_string_equal(android->builds[0].internal, "IN_BETA_TESTING");
    assert_string_equal(android->builds[0].source, "play");
    assert_string_equal(android->reviews[0].body, "It crashes");
    assert_string_equal(android->other.version, "2.16.0");
    assert_null(android->other.build);
    assert_int_equal(sw_status_json(snapshot, NULL, &text, &error), SW_OK);
    SW_JSON json_t *tree = NULL;
    assert_int_equal(sw_json_parse(text, strlen(text), NULL, &tree, NULL), SW_OK);
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].other.state")), "TESTING");
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].release_how")), "by hand");
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].halt_wait.for")), "hand");
    assert_string_equal(json_string_value(sw_json_at(tree, "platforms[0].halt_wait.what")),
                        "send it");
    assert_int_equal(json_integer_value(sw_json_at(tree, "platforms[0].builds[0].crashes")), 3);
    assert_true(json_is_null(sw_json_at(tree, "platforms[0].builds[1].crashes")));
    assert_int_equal(json_integer_value(sw_json_at(tree, "platforms[0].reviews[0].rating")), 1);
    assert_true(json_is_null(sw_json_at(tree, "platforms[0].pause")));
    free(text);
    sw_snapshot_free(snapshot);
    /* Reviews speak of one version, builds do not. */
    sw_model_drop_health(f.android);
    assert_int_equal(f.android->review_count, 0);
    assert_int_equal(f.android->build_count, 2);
    tear_down(&f);
}

static void put_series(struct fixture *fixture, enum sw_side side, double n)
{
    struct sw_bucket buckets[] = {{now - SW_HOUR_MS, n, 1}, {now, n, 2}};
    const struct sw_series series = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                                     .side = side,
                                     .bucket_s = 3600,
                                     .count = 2,
                                     .buckets = buckets};
    sw_model_put_series(fixture->android, 1, &series);
}

static const struct sw_trend *only_trend(const struct sw_snapshot *snapshot)
{
    assert_int_equal(snapshot->platforms[0].trend_count, 1);
    return &snapshot->platforms[0].trends[0];
}

/* The snapshot and the model share buckets; either may go first. */
static void a_snapshot_keeps_its_trend(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    put_series(&fixture, SW_SIDE_NEW, 10);
    put_series(&fixture, SW_SIDE_OLD, 20);
    struct sw_snapshot *first = sw_view_build(&fixture.model, now);
    struct sw_snapshot *same = sw_view_build(&fixture.model, now);
    assert_ptr_equal(only_trend(first)->new_buckets, only_trend(same)->new_buckets);
    put_series(&fixture, SW_SIDE_NEW, 30);
    struct sw_snapshot *second = sw_view_build(&fixture.model, now);
    sw_snapshot_free(same);
    assert_int_equal(only_trend(first)->new_count, 2);
    assert_true(only_trend(first)->new_buckets[1].n == 10);
    assert_true(only_trend(first)->old_buckets[1].n == 20);
    assert_true(only_trend(second)->new_buckets[1].n == 30);
    sw_model_drop_health(fixture.android);
    sw_model_clear(&fixture.model);
    assert_true(only_trend(second)->old_buckets[0].n == 20);
    sw_snapshot_free(first);
    sw_snapshot_free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_well_may_advance),
        cmocka_unit_test(an_advance_to_all_is_typed),
        cmocka_unit_test(a_stale_rollout_blocks_all_but_halt),
        cmocka_unit_test(a_missing_right_closes_a_verb),
        cmocka_unit_test(an_old_reading_opens_no_halt_without_a_right),
        cmocka_unit_test(an_old_nothing_to_halt_closes_no_halt),
        cmocka_unit_test(a_late_figure_is_stale_only_beyond_its_lateness),
        cmocka_unit_test(a_clock_set_back_makes_figures_stale),
        cmocka_unit_test(a_cached_picture_is_not_believed),
        cmocka_unit_test(the_first_source_decides),
        cmocka_unit_test(a_platform_names_all_its_sources),
        cmocka_unit_test(a_bad_hour_holds_the_next_stage),
        cmocka_unit_test(soak_left_is_told),
        cmocka_unit_test(share_of_sessions_is_the_percent_reached),
        cmocka_unit_test(ticks_decide_over_the_file),
        cmocka_unit_test(nothing_known_is_null_in_json),
        cmocka_unit_test(json_figures_are_not_rounded),
        cmocka_unit_test(a_new_version_forgets_the_old_figures),
        cmocka_unit_test(figures_as_people_read_them),
        cmocka_unit_test(a_percent_set_reaches_no_end_by_rounding),
        cmocka_unit_test(a_percent_reached_is_rounded_up),
        cmocka_unit_test(a_reading_may_stand_longer_than_its_source),
        cmocka_unit_test(what_is_left_of_a_pause_budget_is_an_upper_bound),
        cmocka_unit_test(the_cost_of_halted_weekends_is_told),
        cmocka_unit_test(a_second_version_builds_and_reviews_are_told),
        cmocka_unit_test(a_snapshot_keeps_its_trend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
