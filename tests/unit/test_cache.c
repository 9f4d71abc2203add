/* test_cache.c: what the cache keeps of a model, and that damage never gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/cache.h"

/* A model as a configuration defines it: two platforms on two sources. */
static void define(struct sw_model *model)
{
    sw_model_init(model);
    model->has_checklist_config = true;
    model->source_count = 2;
    model->sources = sw_xcalloc(2, sizeof *model->sources);
    model->sources[0].id = "store";
    model->sources[1].id = "health";
    model->platform_count = 2;
    model->platforms = sw_xcalloc(2, sizeof *model->platforms);
    model->platforms[0].id = "ios";
    model->platforms[1].id = "web";
    for (size_t i = 0; i < 2; i++) {
        model->platforms[i].has_source = true;
        model->platforms[i].source = 0;
    }
    model->platforms[1].plan.kind = SW_PLAN_SERVICE;
}

static struct sw_value known(double value)
{
    return (struct sw_value){.value = value, .is_known = true};
}

static void put_facts(struct sw_model *model)
{
    struct sw_model_platform *ios = &model->platforms[0];
    struct sw_rollout rollout = {.state = SW_STATE_ROLLING,
                                 .raw_state = "ACTIVE",
                                 .version = "2.15.3",
                                 .build = "20250114.1",
                                 .identity = "id-1",
                                 .previous_version = "2.15.2",
                                 .percent_set = known(0.05),
                                 .observed_at_ms = 1000,
                                 .true_for_ms = 900,
                                 .pause_days_used = known(3),
                                 .pause_days_total = known(30),
                                 .started_at_ms = 500,
                                 .paused_since_ms = 600,
                                 .is_pause_begin_seen = true,
                                 .pause_days_before = known(2),
                                 .release_how = "by Apple",
                                 .halt_wait = SW_HALT_WAIT_HAND,
                                 .halt_wait_note = "send it",
                                 .other = {.version = "2.16.0",
                                           .build = "20250121.1",
                                           .state = SW_STATE_TESTING,
                                           .raw_state = "VALID",
                                           .percent_set = known(0)},
                                 .is_next_estimated = true,
                                 .next_at_ms = 5000,
                                 .next_percent = known(2),
                                 .place = "App Store",
                                 .note = "a \"note\" with ünïcode",
                                 .handle = sw_xstrdup("{\"id\":\"1\"}")};
    sw_model_put_rollout(ios, &rollout);
    sw_rollout_clear(&rollout);
    ios->stage_since_ms = 777;
    ios->is_stage_since_ours = true;
    sw_model_set_text(&ios->override_text, "we know");
    struct sw_reading reading = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                                 .side = SW_SIDE_OLD,
                                 .window_s = 3600,
                                 .value = known(99.96),
                                 .n = known(4400),
                                 .observed_at_ms = 1000,
                                 .true_for_ms = 990,
                                 .stale_after_s = 2700,
                                 .period = "hour to 14:00 UTC",
                                 .origin = "sessions"};
    sw_model_put_reading(ios, 1, &reading, false);
    struct sw_bucket buckets[2] = {{.start_ms = 1, .n = 10, .bad = 1}, {.start_ms = 2, .n = 20}};
    struct sw_series series = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                               .bucket_s = 300,
                               .count = 2,
                               .buckets = buckets,
                               .observed_at_ms = 1000};
    sw_model_put_series(ios, 1, &series);
    const struct sw_issue_seen issue = {
        .title = "NullPointerException", .id = "APP-1", .events = 38, .users = -1, .is_new = true};
    sw_model_put_issues(ios, 1, &issue, 1);
    const struct sw_build_seen build = {.version = "2.16.0",
                                        .build = "20250121.1",
                                        .processing = "VALID",
                                        .internal = "IN_BETA_TESTING",
                                        .external = "WAITING_FOR_BETA_REVIEW",
                                        .beta_review = "WAITING_FOR_REVIEW",
                                        .uploaded_ms = 11,
                                        .expires_ms = 12,
                                        .sessions = 410,
                                        .crashes = 3,
                                        .installs = -1,
                                        .observed_at_ms = 13};
    sw_model_put_builds(ios, 0, &build, 1);
    const struct sw_review_seen review = {
        .rating = 1, .title = "No", .body = "It crashes", .territory = "ESP", .at_ms = 14};
    sw_model_put_reviews(ios, 1, &review, 1);
    const struct sw_alarm_seen alarm = {
        .name = "5xx", .state = "ALARM", .is_firing = true, .since_ms = 4, .observed_at_ms = 6};
    sw_model_put_alarms(&model->platforms[1], 1, &alarm, 1);
    struct sw_commit_seen commit = {.id = "abc", .subject = "fix", .author = "A", .at_ms = 3};
    const struct sw_tags_seen tags = {.newest = "ios-v2.15.3",
                                      .newest_at_ms = 3,
                                      .observed_at_ms = 4,
                                      .has_commits = true,
                                      .commit_count = 7,
                                      .shown_count = 1,
                                      .commits = &commit};
    sw_model_put_tags(ios, 1, &tags);
    model->platforms[1].plan.count = 1;
    model->platforms[1].plan.stages[0] = (struct sw_plan_stage){.percent = 10, .soak_s = 300};
    sw_copy(model->release, sizeof model->release, "2.15.3");
    sw_copy(model->release_tag, sizeof model->release_tag, "v2.15.3");
    model->sources[1].last_ok_at_ms = 1234;
    model->has_checklist = true;
    model->checklist.count = 1;
    model->checklist.entries = sw_xcalloc(1, sizeof *model->checklist.entries);
    model->checklist.entries[0] = (struct sw_checklist_entry){.id = sw_xstrdup("smoke"),
                                                              .text = sw_xstrdup("smoke test"),
                                                              .phase = sw_xstrdup("Before"),
                                                              .owner = sw_xstrdup("@qa"),
                                                              .line = 2,
                                                              .is_blocking = true};
}

static struct sw_buf encoded(void)
{
    struct sw_model model;
    struct sw_buf text;
    struct sw_error error = {0};
    define(&model);
    put_facts(&model);
    if (sw_cache_encode(&model, 99000, &text, &error) != SW_OK)
        fail_msg("%s", error.text);
    sw_model_clear(&model);
    return text;
}

static void facts_come_back_marked(void **state)
{
    (void)state;
    struct sw_model model;
    struct sw_buf text = encoded();
    struct sw_error error = {0};
    define(&model);
    if (sw_cache_decode(sw_buf_text(&text), text.len, &model, &error) != SW_OK)
        fail_msg("%s", error.text);
    const struct sw_model_platform *ios = &model.platforms[0];
    assert_true(model.is_cached);
    assert_int_equal(model.cached_at_ms, 99000);
    assert_string_equal(model.release, "2.15.3");
    assert_int_equal(model.sources[1].last_ok_at_ms, 1234);
    assert_true(ios->has_rollout && ios->is_rollout_cached);
    assert_int_equal(ios->rollout.state, SW_STATE_ROLLING);
    assert_string_equal(ios->rollout.identity, "id-1");
    assert_string_equal(ios->rollout.handle, "{\"id\":\"1\"}");
    assert_string_equal(ios->rollout.note, "a \"note\" with ünïcode");
    assert_true(ios->rollout.percent_set.is_known && ios->rollout.percent_set.value == 0.05);
    assert_false(ios->rollout.percent_actual.is_known); /* unknown stays unknown */
    assert_int_equal(ios->stage_since_ms, 777);
    assert_true(ios->is_stage_since_ours);
    assert_string_equal(ios->override_text, "we know");
    assert_int_equal(ios->reading_count, 1);
    assert_true(ios->readings[0].is_cached);
    assert_int_equal(ios->readings[0].source, 1);
    assert_int_equal(ios->readings[0].reading.side, SW_SIDE_OLD);
    assert_true(ios->readings[0].reading.value.value == 99.96);
    assert_false(ios->readings[0].reading.bad.is_known);
    assert_int_equal(ios->readings[0].reading.stale_after_s, 2700);
    assert_string_equal(ios->readings[0].reading.period, "hour to 14:00 UTC");
    assert_int_equal(ios->series_count, 1);
    assert_int_equal(ios->series[0].series.count, 2);
    assert_true(ios->series[0].series.buckets[1].n == 20);
    assert_int_equal(ios->issue_count, 1);
    assert_int_equal(ios->issues[0].issue.users, -1);
    assert_int_equal(ios->readings[0].reading.stale_after_s, 2700);
    assert_int_equal(ios->rollout.started_at_ms, 500);
    assert_int_equal(ios->rollout.paused_since_ms, 600);
    assert_true(ios->rollout.is_pause_begin_seen && ios->rollout.pause_days_before.value == 2);
    assert_string_equal(ios->rollout.release_how, "by Apple");
    assert_int_equal(ios->rollout.halt_wait, SW_HALT_WAIT_HAND);
    assert_string_equal(ios->rollout.halt_wait_note, "send it");
    assert_string_equal(ios->rollout.other.version, "2.16.0");
    assert_int_equal(ios->rollout.other.state, SW_STATE_TESTING);
    assert_string_equal(ios->rollout.other.raw_state, "VALID");
    assert_true(ios->rollout.other.percent_set.is_known);
    assert_int_equal(ios->build_count, 1);
    assert_int_equal(ios->builds[0].source, 0);
    assert_string_equal(ios->builds[0].build.external, "WAITING_FOR_BETA_REVIEW");
    assert_string_equal(ios->builds[0].build.beta_review, "WAITING_FOR_REVIEW");
    assert_int_equal(ios->builds[0].build.crashes, 3);
    assert_int_equal(ios->builds[0].build.installs, -1);
    assert_int_equal(ios->builds[0].build.observed_at_ms, 13);
    assert_int_equal(ios->review_count, 1);
    assert_int_equal(ios->reviews[0].review.rating, 1);
    assert_string_equal(ios->reviews[0].review.body, "It crashes");
    assert_string_equal(ios->reviews[0].review.territory, "ESP");
    assert_int_equal(model.platforms[1].alarm_count, 1);
    assert_true(model.platforms[1].alarms[0].alarm.is_firing);
    assert_int_equal(model.platforms[1].plan.count, 1);
    assert_int_equal(ios->tags.commit_count, 7);
    assert_string_equal(ios->tags.commits[0].subject, "fix");
    assert_int_equal(model.checklist.count, 1);
    assert_string_equal(model.checklist.entries[0].owner, "@qa");
    assert_null(model.checklist.entries[0].due);
    sw_model_clear(&model);
    sw_buf_clear(&text);
}

static void a_rollout_of_another_source_is_not_taken(void **state)
{
    (void)state;
    struct sw_model model;
    struct sw_buf text = encoded();
    define(&model);
    model.platforms[0].source = 1; /* bound elsewhere since */
    model.sources[1].id = "other"; /* and the readings' source is gone */
    assert_int_equal(sw_cache_decode(sw_buf_text(&text), text.len, &model, NULL), SW_OK);
    assert_false(model.platforms[0].has_rollout);
    assert_int_equal(model.platforms[0].reading_count, 0);
    assert_int_equal(model.platforms[1].alarm_count, 0);
    sw_model_clear(&model);
    sw_buf_clear(&text);
}

static void facts_of_another_binding_are_not_taken(void **state)
{
    (void)state;
    struct sw_model model;
    struct sw_buf text = encoded();
    define(&model);
    sw_copy(model.platforms[0].binding.health, 33, "bound to another project");
    assert_int_equal(sw_cache_decode(sw_buf_text(&text), text.len, &model, NULL), SW_OK);
    assert_true(model.platforms[0].has_rollout && model.platforms[0].has_tags);
    assert_int_equal(model.platforms[0].reading_count + model.platforms[0].issue_count, 0);
    sw_model_clear(&model);
    define(&model);
    sw_copy(model.platforms[0].binding.rollout, 33, "bound to another app");
    sw_copy(model.platforms[0].binding.tags, 33, "bound to other tags");
    assert_int_equal(sw_cache_decode(sw_buf_text(&text), text.len, &model, NULL), SW_OK);
    assert_false(model.platforms[0].has_rollout || model.platforms[0].has_tags);
    assert_int_equal(model.platforms[0].reading_count, 0);
    sw_model_clear(&model);
    sw_buf_clear(&text);
}

static void expect_nothing(const char *text, size_t len)
{
    struct sw_model model;
    struct sw_error error = {0};
    define(&model);
    assert_int_not_equal(sw_cache_decode(text, len, &model, &error), SW_OK);
    assert_non_null(strstr(error.text, "ignoring the cached picture"));
    assert_false(model.is_cached || model.has_checklist);
    for (size_t i = 0; i < 2; i++) {
        assert_false(model.platforms[i].has_rollout);
        assert_int_equal(model.platforms[i].reading_count + model.platforms[i].issue_count, 0);
        assert_int_equal(model.platforms[i].alarm_count + model.platforms[i].series_count, 0);
    }
    assert_string_equal(model.release, "");
    sw_model_clear(&model);
}

static void a_cut_or_foreign_cache_is_ignored_whole(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "", "{}", "[]", "null", "{\"slipway_cache\":2}", "{\"slipway_cache\":\"1\"}", "not json"};
    struct sw_buf text = encoded();
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        expect_nothing(foreign[i], strlen(foreign[i]));
    for (size_t len = 0; len < text.len; len += 37)
        expect_nothing(sw_buf_text(&text), len);
    sw_buf_clear(&text);
}

/* Each value in turn becomes one of another type: either it is refused whole, or it was not needed;
 * it never ends the program. */
static void wrong_types_do_no_harm(void **state)
{
    (void)state;
    struct sw_buf text = encoded();
    for (size_t at = 0; at + 1 < text.len; at++) {
        struct sw_model model;
        if (text.data[at] != ':')
            continue;
        char *bad = sw_xasprintf("%.*s:[{\"x\":1}],\"unused%s", (int)at, text.data, "\":0");
        char *whole = sw_xasprintf("%s,\"rest\"%s", bad, text.data + at);
        define(&model);
        enum sw_code code = sw_cache_decode(whole, strlen(whole), &model, NULL);
        assert_true(code == SW_OK || code == SW_E_PARSE || code == SW_E_LIMIT);
        assert_true(code == SW_OK || !model.platforms[0].has_rollout);
        sw_model_clear(&model);
        free(whole);
        free(bad);
    }
    sw_buf_clear(&text);
}

static void files_are_private_and_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/slipway-cache-XXXXXX";
    char path[SW_PATH_TEXT];
    struct sw_buf text = encoded(), back;
    assert_non_null(mkdtemp(dir));
    sw_format(path, sizeof path, "%s/a/b/snapshot.json", dir);
    assert_int_equal(sw_cache_read(path, &back, NULL), SW_E_NOT_FOUND);
    sw_buf_clear(&back);
    assert_int_equal(sw_cache_write(path, &text, NULL), SW_OK);
    assert_int_equal(sw_cache_write(path, &text, NULL), SW_OK);
    assert_int_equal(sw_cache_read(path, &back, NULL), SW_OK);
    assert_string_equal(sw_buf_text(&back), sw_buf_text(&text));
    sw_buf_clear(&back);
    sw_buf_clear(&text);
    unlink(path);
    sw_format(path, sizeof path, "%s/a/b", dir);
    rmdir(path);
    sw_format(path, sizeof path, "%s/a", dir);
    rmdir(path);
    rmdir(dir);
}

static void unreadable_numbers_never_get_out(void **state)
{
    (void)state;
    struct sw_model model;
    struct sw_buf text;
    define(&model);
    put_facts(&model);
    double zero = 0;
    model.platforms[0].rollout.percent_set.value = zero / zero;
    assert_int_equal(sw_cache_encode(&model, 1, &text, NULL), SW_OK);
    assert_null(strstr(sw_buf_text(&text), "nan"));
    sw_buf_clear(&text);
    sw_model_clear(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_come_back_marked),
        cmocka_unit_test(a_rollout_of_another_source_is_not_taken),
        cmocka_unit_test(facts_of_another_binding_are_not_taken),
        cmocka_unit_test(a_cut_or_foreign_cache_is_ignored_whole),
        cmocka_unit_test(wrong_types_do_no_harm),
        cmocka_unit_test(files_are_private_and_whole),
        cmocka_unit_test(unreadable_numbers_never_get_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
