/* test_view_verdict.c: the verdict from a source's series to the picture, the gate and the verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "model/view.h"
#include "model/view_verdict.h"
#include "store/cache.h"

#define NOW (INT64_C(1768896000) * 1000) /* a full hour */

enum { DAY = 288 };

static const struct sw_gate_rule gates[] = {
    {.id = "not-worse", .metric = SW_METRIC_CRASH_FREE_SESSIONS, .is_verdict = true,
     .is_blocking = true},
};
static const struct sw_model_health_def defs[] = {
    {.metric = SW_METRIC_CRASH_FREE_SESSIONS, .source = 1},
};

static void make_platform(struct sw_model_platform *platform)
{
    *platform = (struct sw_model_platform){
        .id = "android", .title = "Android", .kind = SW_KIND_ANDROID, .has_source = true,
        .can_act = true, .gates = gates, .gate_count = 1, .health_defs = defs,
        .health_def_count = 1, .stage_since_ms = NOW - 13 * SW_HOUR_MS,
        .plan = {.count = 3, .stages = {{5, 21600, -1, 0}, {20, 43200, -1, 0}, {100, 0, -1, 0}}},
    };
    struct sw_rollout rollout = {
        .state = SW_STATE_ROLLING, .version = "2.15.3", .build = "41200", .identity = "41200",
        .previous_version = "2.15.2", .percent_set = {20, true}, .observed_at_ms = NOW};
    sw_model_put_rollout(platform, &rollout);
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        platform->offers[verb] = (struct sw_source_offer){.is_possible = true};
}

static void set_up(struct sw_model *model, size_t platforms)
{
    static const char *const ids[] = {"play", "sentry"};
    sw_model_init(model);
    model->source_count = 2;
    model->sources = sw_xcalloc(2, sizeof *model->sources);
    for (size_t i = 0; i < 2; i++)
        model->sources[i] = (struct sw_model_source){.id = ids[i], .kind = ids[i], .title = ids[i],
                                                     .base_url = "https://x", .interval_s = 60,
                                                     .stale_after_s = 600, .is_fresh = true};
    model->platform_count = platforms;
    model->platforms = sw_xcalloc(platforms, sizeof *model->platforms);
    for (size_t i = 0; i < platforms; i++)
        make_platform(&model->platforms[i]);
}

/* A day up to now, of which the last `bad` buckets have four times the crashes; n of the new version
 * a bucket, read now. */
static void poll(struct sw_model_platform *platform, int64_t now_ms, double n, size_t bad)
{
    static struct sw_bucket news[DAY], olds[DAY];
    for (size_t i = 0; i < DAY; i++) {
        int64_t at = now_ms - (int64_t)(DAY - i) * 300 * 1000;
        news[i] = (struct sw_bucket){.start_ms = at, .n = n, .bad = i >= DAY - bad ? 4 : 1};
        news[i].bad = n < 10 ? 0 : news[i].bad;
        olds[i] = (struct sw_bucket){.start_ms = at, .n = 2133, .bad = 6};
    }
    struct sw_series side = {.metric = SW_METRIC_CRASH_FREE_SESSIONS, .bucket_s = 300, .count = DAY,
                             .buckets = news, .observed_at_ms = now_ms};
    sw_model_put_series(platform, 1, &side);
    side.side = SW_SIDE_OLD;
    side.buckets = olds;
    sw_model_put_series(platform, 1, &side);
}

static struct sw_snapshot *look(struct sw_model *model, int64_t now_ms)
{
    model->platforms[0].rollout.observed_at_ms = now_ms;
    return sw_view_build(model, now_ms);
}

static void expect(struct sw_model *model, int64_t now_ms, enum sw_verdict verdict,
                   enum sw_gate_verdict gate, bool may_advance)
{
    struct sw_snapshot *snapshot = look(model, now_ms);
    const struct sw_platform *platform = &snapshot->platforms[0];
    assert_string_equal(sw_verdict_name(platform->verdict), sw_verdict_name(verdict));
    assert_int_equal(platform->gate_count, 1);
    if (platform->gates[0].verdict != gate)
        fail_msg("%s: %s", sw_gate_verdict_name(platform->gates[0].verdict),
                 platform->gates[0].reason);
    assert_int_equal(platform->offers[SW_VERB_ADVANCE].is_allowed, may_advance);
    assert_true(platform->offers[SW_VERB_HALT].is_allowed); /* whatever is known */
    assert_true(platform->offers[SW_VERB_RESUME].is_allowed);
    sw_snapshot_free(snapshot);
}

static void every_verdict_closes_or_opens_advance_and_never_halt(void **state)
{
    (void)state;
    struct sw_model model;
    set_up(&model, 1);
    struct sw_model_platform *android = &model.platforms[0];
    expect(&model, NOW, SW_VERDICT_UNKNOWN, SW_GATE_UNKNOWN, false);
    poll(android, NOW, 367, 0);
    expect(&model, NOW, SW_VERDICT_NOT_WORSE, SW_GATE_PASS, true);
    poll(android, NOW + 1, 367, 24);
    expect(&model, NOW + 1, SW_VERDICT_WORSE, SW_GATE_FAIL, false);
    /* Old data do not hide it; nor does the clock. */
    expect(&model, NOW + SW_HOUR_MS, SW_VERDICT_WORSE, SW_GATE_FAIL, false);
    sw_model_drop_health(android);
    expect(&model, NOW, SW_VERDICT_UNKNOWN, SW_GATE_UNKNOWN, false);
    poll(android, NOW + 2, 1, 0);
    expect(&model, NOW + 2, SW_VERDICT_NOT_ENOUGH_DATA, SW_GATE_PASS, true);
    expect(&model, NOW + SW_HOUR_MS, SW_VERDICT_NOT_ENOUGH_DATA, SW_GATE_STALE, false);
    sw_model_clear(&model);
}

static void the_picture_says_what_it_stands_on(void **state)
{
    (void)state;
    struct sw_model model;
    char *json = NULL;
    set_up(&model, 1);
    poll(&model.platforms[0], NOW, 367, 24);
    struct sw_snapshot *snapshot = look(&model, NOW);
    const struct sw_platform *it = &snapshot->platforms[0];
    assert_int_equal(it->worse_since_ms, NOW - 24 * 300 * 1000);
    assert_int_equal((int)it->n_new.value, 24 * 367);
    assert_true(it->ratio.value > 3.5 && it->ratio.value < 4.5);
    assert_true(it->ratio_low.value > 1 && it->ratio_low.value < it->ratio.value);
    assert_true(it->grounds.is_halt_advised && !it->grounds.is_stale);
    assert_int_equal(it->grounds.soak, 144);
    assert_int_equal(it->grounds.true_for_ms, NOW);
    assert_int_equal(sw_status_json(snapshot, NULL, &json, NULL), SW_OK);
    assert_non_null(strstr(json, "\"state\":\"WORSE\""));
    assert_non_null(strstr(json, "\"halt_advised\":true"));
    assert_non_null(strstr(json, "\"before\":null"));
    assert_int_equal(sw_view_next_change(&model, NOW), NOW + 600 * 1000 + 1);
    free(json);
    sw_snapshot_free(snapshot);
    snapshot = look(&model, NOW + 601 * 1000);
    assert_true(snapshot->platforms[0].grounds.is_stale);
    sw_snapshot_free(snapshot);
    sw_model_clear(&model);
}

static void without_a_control_there_is_no_gate(void **state)
{
    (void)state;
    struct sw_model model;
    set_up(&model, 1);
    struct sw_rollout *rollout = &model.platforms[0].rollout;
    for (int i = 0; i < 3; i++) {
        rollout->state = i == 0 ? SW_STATE_READY : SW_STATE_ROLLING;
        sw_copy(rollout->previous_version, sizeof rollout->previous_version,
                i == 1 ? "" : "2.15.2");
        if (i == 2) { /* a source that gives a rate and no counts */
            struct sw_reading reading = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                                         .window_s = 3600, .observed_at_ms = NOW};
            sw_model_put_reading(&model.platforms[0], 1, &reading, false);
        }
        struct sw_snapshot *snapshot = look(&model, NOW);
        assert_int_equal(snapshot->platforms[0].verdict, SW_VERDICT_UNKNOWN);
        assert_int_equal(snapshot->platforms[0].gate_count, 0);
        sw_snapshot_free(snapshot);
    }
    sw_model_clear(&model);
}

/* ---------------------------------------------------------------------- the ledger */

static void record(struct sw_model *model, const struct sw_record *what)
{
    assert_true(sw_fold_add(model->fold, what));
}

static void a_halt_that_was_seen_begins_a_new_test(void **state)
{
    (void)state;
    struct sw_model model;
    char android[] = "android", build[] = "41200", older[] = "41100", first[] = "i1";
    char second[] = "i2", fix_word[] = SW_NOTE_FIX;
    set_up(&model, 1);
    poll(&model.platforms[0], NOW, 367, 24);
    struct sw_record halt = {.uuid = "i1", .kind = SW_EVENT_INTENT, .at_ms = NOW,
                             .platform = android, .identity = build,
                             .verb = SW_VERB_HALT, .from_state = SW_STATE_ROLLING};
    struct sw_record seen = halt;
    sw_copy(seen.uuid, sizeof seen.uuid, "o1");
    seen.kind = SW_EVENT_OUTCOME;
    seen.intent = first;
    seen.result = SW_RESULT_UNKNOWN;
    record(&model, &halt);
    record(&model, &seen);
    expect(&model, NOW, SW_VERDICT_WORSE, SW_GATE_FAIL, false); /* not seen: nothing is new */
    sw_copy(seen.uuid, sizeof seen.uuid, "o2");
    seen.result = SW_RESULT_SEEN;
    record(&model, &seen);
    expect(&model, NOW, SW_VERDICT_UNKNOWN, SW_GATE_WAIT, false);
    struct sw_snapshot *snapshot = look(&model, NOW);
    assert_int_equal(snapshot->platforms[0].grounds.event, 1);
    assert_int_equal(snapshot->platforms[0].grounds.before, SW_VERDICT_WORSE);
    sw_snapshot_free(snapshot);
    /* A step is none, nor is a halt of another version, nor one of what stood still. */
    struct sw_record other = seen;
    sw_copy(other.uuid, sizeof other.uuid, "o3");
    other.verb = SW_VERB_ADVANCE;
    record(&model, &other);
    sw_copy(other.uuid, sizeof other.uuid, "o4");
    other.verb = SW_VERB_HALT;
    other.identity = older;
    record(&model, &other);
    halt.from_state = SW_STATE_HALTED;
    sw_copy(halt.uuid, sizeof halt.uuid, "i2");
    record(&model, &halt);
    sw_copy(seen.uuid, sizeof seen.uuid, "o5");
    seen.intent = second;
    record(&model, &seen);
    snapshot = look(&model, NOW);
    assert_int_equal(snapshot->platforms[0].grounds.event, 1);
    sw_snapshot_free(snapshot);
    /* A fix that was noted, for this platform or for all. */
    struct sw_record fix = {.uuid = "n1", .kind = SW_EVENT_NOTE, .at_ms = NOW + SW_HOUR_MS,
                            .item = fix_word};
    record(&model, &fix);
    poll(&model.platforms[0], NOW + 13 * SW_HOUR_MS, 367, 0);
    expect(&model, NOW + 13 * SW_HOUR_MS, SW_VERDICT_NOT_WORSE, SW_GATE_PASS, true);
    snapshot = look(&model, NOW + 13 * SW_HOUR_MS);
    assert_int_equal(snapshot->platforms[0].grounds.event, 2);
    assert_int_equal(snapshot->platforms[0].grounds.event_ms, NOW + SW_HOUR_MS);
    assert_int_equal(snapshot->platforms[0].grounds.bucket_count, 144);
    sw_snapshot_free(snapshot);
    sw_model_clear(&model);
}

/* ------------------------------------------------------------------ the earlier run */

static void the_cached_picture_keeps_a_known_worse(void **state)
{
    (void)state;
    struct sw_model model, later;
    struct sw_buf text;
    struct sw_error err = {0};
    set_up(&model, 1);
    poll(&model.platforms[0], NOW, 367, 24);
    sw_snapshot_free(look(&model, NOW));
    assert_int_equal(sw_cache_encode(&model, NOW, &text, &err), SW_OK);
    set_up(&later, 1);
    sw_model_platform_forget(&later.platforms[0]);
    assert_int_equal(sw_cache_decode(sw_buf_text(&text), text.len, &later, &err), SW_OK);
    struct sw_snapshot *snapshot = sw_view_build(&later, NOW);
    const struct sw_platform *it = &snapshot->platforms[0];
    assert_int_equal(it->verdict, SW_VERDICT_WORSE);
    assert_true(it->grounds.is_stale && it->grounds.is_halt_advised);
    assert_memory_equal(&it->ratio, &model.platforms[0].judgement.ratio, sizeof it->ratio);
    assert_int_equal(it->worse_since_ms, model.platforms[0].judgement.since_ms);
    assert_int_equal(it->gates[0].verdict, SW_GATE_FAIL);
    sw_snapshot_free(snapshot);
    /* The first poll of this run judges anew, with the table that was kept. */
    sw_buckets_adopt(&later.platforms[0].buckets, &model.platforms[0].buckets);
    later.platforms[0].is_rollout_cached = false;
    poll(&later.platforms[0], NOW + 12 * SW_HOUR_MS, 367, 0);
    expect(&later, NOW + 12 * SW_HOUR_MS, SW_VERDICT_NOT_WORSE, SW_GATE_PASS, true);
    assert_int_equal(later.platforms[0].buckets.count, DAY + 144);
    sw_model_clear(&later);
    sw_model_clear(&model);
    sw_buf_clear(&text);
}

/* Nothing is judged twice, and never everything at once. */
static void judging_has_its_price_and_its_limit(void **state)
{
    (void)state;
    struct sw_model model;
    set_up(&model, 100);
    for (size_t i = 0; i < 100; i++)
        poll(&model.platforms[i], NOW, 367, 0);
    size_t turns = 1;
    for (; sw_verdict_refresh(&model, NOW, 10 * DAY); turns++)
        assert_true(turns < 100);
    assert_true(turns >= 9 && turns <= 11);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(model.platforms[i].judgement.state, SW_VERDICT_NOT_WORSE);
    model.platforms[7].judgement.state = SW_VERDICT_UNKNOWN; /* would be seen if made anew */
    assert_false(sw_verdict_refresh(&model, NOW, 1));
    assert_int_equal(model.platforms[7].judgement.state, SW_VERDICT_UNKNOWN);
    poll(&model.platforms[7], NOW + 1, 367, 24); /* late data */
    assert_false(sw_verdict_refresh(&model, NOW + 1, 1));
    assert_int_equal(model.platforms[7].judgement.state, SW_VERDICT_WORSE);
    sw_model_clear(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_closes_or_opens_advance_and_never_halt),
        cmocka_unit_test(the_picture_says_what_it_stands_on),
        cmocka_unit_test(without_a_control_there_is_no_gate),
        cmocka_unit_test(a_halt_that_was_seen_begins_a_new_test),
        cmocka_unit_test(the_cached_picture_keeps_a_known_worse),
        cmocka_unit_test(judging_has_its_price_and_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
