/* test_app_store_reviews.c: written reviews as health: the exact requests, and what they count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "sources/app_store.h"
#include "support/flow.h"
#include "wire/app_store_case.h"

extern const struct sw_source_kind sw_source_app_store;

static const int64_t now = INT64_C(1768899600000); /* 2026-01-20T09:00:00Z */

enum { HOUR_S = 3600, WEEK_S = 7 * 24 * HOUR_S };

/* ------------------------------------------------------------------- scene */

struct scene {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout rollout;
};

/* The store has told version v2 in this state; NULL: nothing yet. */
static void scene_init(struct scene *scene, const char *state)
{
    char handle[512];
    *scene = (struct scene){.flow = flow_new(&sw_source_app_store, ACCOUNT)};
    scene->target = flow_add_target(scene->flow, SW_ROLE_HEALTH, IOS);
    scene->target->metric = SW_METRIC_ONE_STAR_SHARE;
    scene->target->windows_s[0] = HOUR_S;
    scene->target->windows_s[1] = WEEK_S;
    scene->target->window_count = 2;
    if (!state)
        return;
    sw_format(handle, sizeof(handle),
              "{\"v\":1,\"bundle\":\"com.acme.app\",\"app\":\"148\",\"versions\":[{\"id\":\"v2\","
              "\"state\":\"%s\",\"phase_id\":\"\",\"phase\":\"\"}]}",
              state);
    sw_copy(scene->rollout.identity, sizeof(scene->rollout.identity), "v2");
    sw_copy(scene->rollout.version, sizeof(scene->rollout.version), "4.12.0");
    scene->rollout.handle = sw_xstrdup(handle);
    scene->target->rollout = &scene->rollout;
}

static void scene_clear(struct scene *scene)
{
    flow_free(scene->flow);
    sw_rollout_clear(&scene->rollout);
}

static enum sw_code ask(struct scene *scene, const struct flow_step *steps, size_t count,
                        struct sw_error *err)
{
    flow_script(scene->flow, steps, count);
    enum sw_code code = flow_observe(scene->flow, err);
    if (flow_mismatch(scene->flow))
        fail_msg("%s", flow_mismatch(scene->flow));
    return code;
}

static const struct sw_reading *over(const struct scene *scene, int window_s)
{
    return flow_reading(scene->flow, 0, SW_METRIC_ONE_STAR_SHARE, SW_SIDE_NEW, window_s);
}

#define REVIEW(stars, text, date)                                                                  \
    "{\"type\":\"customerReviews\",\"id\":\"r\",\"attributes\":{\"rating\":" stars                 \
    ",\"title\":\"" text "\",\"body\":\"it \\u001b[31m " text "\",\"createdDate\":\"" date         \
    "\",\"territory\":\"ESP\"}}"
#define LINE REVIEWS_LINE("v2")

/* ---------------------------------------------------------------- counting */

static void test_one_stars_are_counted_within_each_window(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, LIVE);
    /* The three shapes of time; the last two are older than the week. */
    const struct flow_step steps[] = {STEP(
        LINE,
        "{\"data\":[" REVIEW("1", "one", "2026-01-20T08:30:00Z") "," REVIEW("5", "two", "2026-01-20T00:10:00-08:00") "," REVIEW(
            "1", "three",
            "2026-01-19T12:00:00.000+0000") "," REVIEW("2", "four",
                                                       "2026-01-14T12:00:00.000+"
                                                       "0000") "," REVIEW("1", "five",
                                                                          "2026-01-"
                                                                          "13T08:00:"
                                                                          "00.000+"
                                                                          "0000") "," REVIEW("1",
                                                                                             "six",
                                                                                             "2025-"
                                                                                             "01-"
                                                                                             "13T08"
                                                                                             ":00:"
                                                                                             "00."
                                                                                             "000+"
                                                                                             "0000") "]}")};
    assert_int_equal(ask(&scene, steps, 1, &err), SW_OK);
    const struct sw_reading *hour = over(&scene, HOUR_S), *week = over(&scene, WEEK_S);
    assert_non_null(hour);
    assert_true(hour->n.value == 2 && hour->bad.value == 1 && hour->value.value == 50);
    assert_non_null(week);
    assert_true(week->n.value == 4 && week->bad.value == 2 && week->value.value == 50);
    assert_int_equal(week->observed_at_ms, now);
    assert_int_equal(week->true_for_ms, now);
    assert_int_equal(week->stale_after_s, 45 * 60);
    assert_string_equal(week->origin,
                        "written reviews of 4.12.0; ratings without text are not among them");
    /* Those with one or two stars, newest first, cut and cleaned; nobody's name. */
    const struct flow_reports *reports = flow_reports(scene.flow);
    assert_int_equal(reports->reviews_count, 1);
    assert_int_equal(reports->reviews[0].count, 5);
    const struct sw_review_seen *low = reports->reviews[0].items;
    assert_string_equal(low[0].title, "one");
    assert_int_equal(low[0].rating, 1);
    assert_string_equal(low[0].territory, "ESP");
    assert_int_equal(low[0].at_ms, now - 30 * SW_MINUTE_MS);
    assert_null(strchr(low[0].body, '\033'));
    assert_int_equal(low[2].rating, 2);
    scene_clear(&scene);
}

/* No review is no share; it is not 0 %. */
static void test_no_review_is_no_share(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, LIVE);
    const struct flow_step steps[] = {STEP(LINE, "{\"data\":[]}")};
    assert_int_equal(ask(&scene, steps, 1, &err), SW_OK);
    assert_true(over(&scene, WEEK_S)->n.is_known && over(&scene, WEEK_S)->n.value == 0);
    assert_false(over(&scene, WEEK_S)->value.is_known);
    assert_int_equal(flow_reports(scene.flow)->reviews[0].count, 0);
    scene_clear(&scene);
}

/* A version that is not out is not asked about. */
static void test_a_version_that_is_not_out_has_no_reviews(void **state)
{
    (void)state;
    static const char *const states[] = {"IN_REVIEW", "PENDING_DEVELOPER_RELEASE",
                                         "PREPARE_FOR_SUBMISSION", "PROCESSING_FOR_DISTRIBUTION"};
    for (size_t i = 0; i < SW_ARRAY_LEN(states); i++) {
        struct sw_error err = {0};
        struct scene scene;
        scene_init(&scene, states[i]);
        assert_int_equal(ask(&scene, NULL, 0, &err), SW_OK);
        assert_true(over(&scene, WEEK_S)->n.is_known && over(&scene, WEEK_S)->n.value == 0);
        assert_false(over(&scene, WEEK_S)->value.is_known);
        scene_clear(&scene);
    }
}

/* ------------------------------------------------------------------- pages */

#define MORE(n) "],\"links\":{\"next\":\"" HOST "/v1/x?cursor=" n "\"}}"

static void test_pages_end_where_the_longest_window_does(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, LIVE);
    const struct flow_step steps[] = {
        STEP(LINE, "{\"data\":[" REVIEW("4", "a", "2026-01-20T08:30:00Z") MORE("p")),
        STEP(LINE "&cursor=p", "{\"data\":[" REVIEW("1", "b", "2026-01-18T08:30:00Z") "," REVIEW(
                                   "1", "c", "2026-01-01T08:30:00Z") MORE("q"))};
    assert_int_equal(ask(&scene, steps, 2, &err), SW_OK);
    assert_true(over(&scene, WEEK_S)->n.value == 2 && over(&scene, WEEK_S)->bad.value == 1);
    assert_null(strstr(over(&scene, WEEK_S)->origin, "only"));
    scene_clear(&scene);
}

static void test_five_pages_are_enough_and_it_is_said(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, LIVE);
#define PAGE(next) "{\"data\":[" REVIEW("4", "a", "2026-01-20T08:30:00Z") MORE(next)
    const struct flow_step steps[] = {
        STEP(LINE, PAGE("a")), STEP(LINE "&cursor=a", PAGE("b")), STEP(LINE "&cursor=b", PAGE("c")),
        STEP(LINE "&cursor=c", PAGE("d")), STEP(LINE "&cursor=d", PAGE("e"))};
    assert_int_equal(ask(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    assert_true(over(&scene, WEEK_S)->n.value == 5);
    assert_non_null(strstr(over(&scene, WEEK_S)->origin, "the newest 5 only"));
    scene_clear(&scene);
}

static void test_reviews_are_asked_every_quarter_of_an_hour(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, LIVE);
    const struct flow_step steps[] = {STEP(LINE, "{\"data\":[]}")};
    assert_int_equal(ask(&scene, steps, 1, &err), SW_OK);
    flow_set_now(scene.flow, now + 14 * SW_MINUTE_MS);
    assert_int_equal(ask(&scene, NULL, 0, &err), SW_OK);
    assert_int_equal(flow_reports(scene.flow)->reading_count, 0);
    flow_set_now(scene.flow, now + 15 * SW_MINUTE_MS);
    assert_int_equal(ask(&scene, steps, 1, &err), SW_OK);
    scene_clear(&scene);
}

/* ------------------------------------------------------------------ faults */

static void test_bad_reviews_are_errors_and_asked_again(void **state)
{
    (void)state;
    static const struct {
        struct flow_step step;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {STEP(LINE, "{\"data\":[{\"attributes\":{\"rating\":0}}]}"), SW_E_PARSE, "rating"},
        {STEP(LINE, "{\"data\":[{\"attributes\":{\"rating\":6}}]}"), SW_E_PARSE, "rating"},
        {STEP(LINE, "{\"data\":[{\"attributes\":{}}]}"), SW_E_PARSE, "data[0]"},
        {STEP(LINE, "{\"data\":[{\"attributes\":{\"rating\":1,\"body\":7}}]}"), SW_E_PARSE, "body"},
        {STEP(LINE, "{}"), SW_E_PARSE, "has no data"},
        {STEP(LINE, "{\"data\":[],\"links\":{\"next\":\"https://evil.example/?cursor=x\"}}"),
         SW_E_PARSE, "another place"},
        {{.request = LINE, .status = 403, .reply = "{}"}, SW_E_DENIED, "reading reviews"},
        {{.request = LINE, .status = 503, .reply = "<html>"}, SW_E_HTTP, "reading reviews"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct scene scene;
        scene_init(&scene, LIVE);
        for (int again = 0; again < 2; again++) {
            enum sw_code code = ask(&scene, &cases[i].step, 1, &err);
            if (code != cases[i].code || !strstr(err.text, cases[i].text))
                fail_msg("case %zu: %s: %s", i, sw_code_name(code), err.text);
            assert_int_equal(flow_reports(scene.flow)->reading_count, 0);
        }
        scene_clear(&scene);
    }
}

/* Without a version of this store there is nothing to ask by. */
static void test_a_version_of_another_store_is_not_asked_about(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene, NULL);
    assert_int_equal(ask(&scene, NULL, 0, &err), SW_E_STALE);
    scene.rollout.handle = sw_xstrdup("{\"v\":1,\"package\":\"com.acme.app\"}");
    sw_copy(scene.rollout.identity, sizeof(scene.rollout.identity), "4120");
    scene.target->rollout = &scene.rollout;
    assert_int_equal(ask(&scene, NULL, 0, &err), SW_E_STALE);
    assert_non_null(strstr(err.text, "has not told a version of com.acme.app"));
    scene_clear(&scene);
    /* Its store has no version at all: nothing is wrong. */
    scene_init(&scene, LIVE);
    scene.rollout.identity[0] = '\0';
    assert_int_equal(ask(&scene, NULL, 0, &err), SW_OK);
    assert_int_equal(flow_reports(scene.flow)->reading_count, 0);
    /* No other metric comes from here. */
    scene.target->metric = SW_METRIC_CRASH_FREE_SESSIONS;
    assert_int_equal(ask(&scene, NULL, 0, &err), SW_E_UNSUPPORTED);
    scene_clear(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stars_are_counted_within_each_window),
        cmocka_unit_test(test_no_review_is_no_share),
        cmocka_unit_test(test_a_version_that_is_not_out_has_no_reviews),
        cmocka_unit_test(test_pages_end_where_the_longest_window_does),
        cmocka_unit_test(test_five_pages_are_enough_and_it_is_said),
        cmocka_unit_test(test_reviews_are_asked_every_quarter_of_an_hour),
        cmocka_unit_test(test_bad_reviews_are_errors_and_asked_again),
        cmocka_unit_test(test_a_version_of_another_store_is_not_asked_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
