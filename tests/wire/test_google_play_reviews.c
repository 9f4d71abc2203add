/* test_google_play_reviews.c: Google Play's written reviews: the exact requests, what is counted for
 * which version code, and what is not claimed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "sources/google_play.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_google_play;

#define ACCOUNT "id: play\nkind: google_play\nkey_file: /nowhere/key.json\n"
#define HEALTH  "metric: one_star_share\nsource: play\npackage: com.acme.app\n"
#define LIST    "GET /androidpublisher/v3/applications/com.acme.app/reviews?maxResults=100"
#define NOW_S   1768899600
#define DAY_S   86400

static const int64_t now = INT64_C(1000) * NOW_S;

#define PAGE(line, json)                                                                           \
    {                                                                                              \
        .request = line, .status = 200, .reply = json                                              \
    }

/* A review of a version code with stars, ago_s before now. */
#define REVIEW(buf, id, code, stars, ago_s, text)                                                  \
    sw_format(buf, sizeof(buf),                                                                    \
              "{\"reviewId\":\"%s\",\"authorName\":\"N. N.\",\"comments\":[{\"userComment\":{"       \
              "\"text\":\"%s\",\"starRating\":%d,\"appVersionCode\":%d,\"reviewerLanguage\":\"es\"," \
              "\"lastModified\":{\"seconds\":\"%d\",\"nanos\":5}}},{\"developerComment\":{\"text\":" \
              "\"Thank you\"}}]}",                                                                 \
              id, text, stars, code, NOW_S - (ago_s))

struct scene {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout rollout;
};

static void scene_init(struct scene *scene, const char *build, const char *previous)
{
    *scene = (struct scene){.flow = flow_new(&sw_source_google_play, ACCOUNT)};
    struct sw_target *target = flow_add_target(scene->flow, SW_ROLE_HEALTH, HEALTH);
    sw_copy(scene->rollout.build, sizeof(scene->rollout.build), build);
    sw_copy(scene->rollout.previous_build, sizeof(scene->rollout.previous_build), previous);
    target->metric = SW_METRIC_ONE_STAR_SHARE;
    target->rollout = &scene->rollout;
    target->windows_s[0] = DAY_S;
    target->windows_s[1] = 7 * DAY_S;
    target->window_count = 2;
    scene->target = target;
}

static enum sw_code observe(struct scene *scene, const struct flow_step *steps, size_t count,
                            struct sw_error *err)
{
    flow_script(scene->flow, steps, count);
    enum sw_code code = flow_observe(scene->flow, err);
    if (flow_mismatch(scene->flow))
        fail_msg("%s", flow_mismatch(scene->flow));
    return code;
}

static void expect(const struct scene *scene, enum sw_side side, int window_s, double n, double bad)
{
    const struct sw_reading *r =
        flow_reading(scene->flow, 0, SW_METRIC_ONE_STAR_SHARE, side, window_s);
    assert_non_null(r);
    assert_true(r->n.is_known && r->bad.is_known);
    if (r->n.value != n || r->bad.value != bad)
        fail_msg("side %d, %d s: %g of %g", (int)side, window_s, r->bad.value, r->n.value);
    assert_int_equal(r->value.is_known, n > 0);
    if (n > 0)
        assert_true(r->value.value == 100 * bad / n);
    assert_int_equal(r->true_for_ms, now);
    assert_int_equal(r->stale_after_s, 1800);
    assert_non_null(strstr(r->origin, "written reviews of version code"));
}

static void test_one_stars_of_this_version_code_are_counted(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    char r[8][700], page[6000];
    REVIEW(r[0], "a", 41200, 1, 60, "Bad\\tCrashes \\u001b[2Jat start");
    REVIEW(r[1], "b", 41200, 5, 3600, "Great");
    REVIEW(r[2], "c", 41102, 1, 7200, "old one");
    REVIEW(r[3], "d", 41200, 2, 3 * DAY_S, "meh");
    REVIEW(r[4], "e", 41200, 1, 6 * DAY_S, "no");
    REVIEW(r[5], "f", 41200, 1, 8 * DAY_S, "older than the window");
    sw_format(page, sizeof(page), "{\"reviews\":[%s,%s,%s,%s,%s,%s]}", r[0], r[1], r[2], r[3], r[4],
              r[5]);
    const struct flow_step steps[] = {PAGE(LIST, page)};
    scene_init(&scene, "41200", "41102");
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    expect(&scene, SW_SIDE_NEW, DAY_S, 2, 1);
    expect(&scene, SW_SIDE_NEW, 7 * DAY_S, 4, 2);
    expect(&scene, SW_SIDE_OLD, DAY_S, 1, 1);
    const struct flow_reports *reports = flow_reports(scene.flow);
    assert_int_equal(reports->reviews_count, 1);
    assert_int_equal(reports->reviews[0].count, 4); /* 1 and 2 stars, newest first */
    const struct sw_review_seen *first = &reports->reviews[0].items[0];
    assert_int_equal(first->rating, 1);
    assert_int_equal(first->at_ms, now - 60000);
    assert_string_equal(first->title, "Bad"); /* title and body are joined by a tab */
    assert_string_equal(first->body, "Crashes \xEF\xBF\xBD[2Jat start");
    assert_string_equal(first->territory, "es");
    assert_string_equal(reports->reviews[0].items[1].title, "");
    assert_string_equal(reports->reviews[0].items[1].body, "meh");
    flow_free(scene.flow);
}

static void test_an_empty_object_is_no_review(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {PAGE(LIST, "{}")};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    expect(&scene, SW_SIDE_NEW, DAY_S, 0, 0);
    assert_int_equal(flow_reports(scene.flow)->reviews[0].count, 0);
    assert_null(flow_reading(scene.flow, 0, SW_METRIC_ONE_STAR_SHARE, SW_SIDE_OLD, DAY_S));
    flow_free(scene.flow);
}

/* Nearly every field may be absent: then it counts for nobody, and is no error. */
static void test_absent_fields_count_for_nobody(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {PAGE(
        LIST, "{\"reviews\":[{},{\"reviewId\":\"x\"},{\"comments\":[]},{\"comments\":[{}]},"
              "{\"comments\":[{\"developerComment\":{\"text\":\"hi\"}}]},"
              "{\"comments\":[{\"userComment\":{}}]},"
              "{\"comments\":[{\"userComment\":{\"starRating\":1,\"lastModified\":{\"seconds\":"
              "\"1768899599\"}}}]},"
              "{\"comments\":[{\"userComment\":{\"appVersionCode\":41200,\"lastModified\":"
              "{\"seconds\":\"1768899599\"}}}]},"
              "{\"comments\":[{\"userComment\":{\"appVersionCode\":41200,\"starRating\":1}}]},"
              "{\"comments\":[{\"userComment\":{\"appVersionCode\":41200,\"starRating\":9,"
              "\"lastModified\":{\"seconds\":\"1768899599\"}}}]}]}")};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    expect(&scene, SW_SIDE_NEW, 7 * DAY_S, 0, 0);
    flow_free(scene.flow);
}

static void test_pages_are_followed_to_the_beginning_of_the_window(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    char r[4][700], pages[3][2200];
    REVIEW(r[0], "a", 41200, 1, 60, "x");
    REVIEW(r[1], "b", 41200, 4, DAY_S, "x");
    REVIEW(r[2], "c", 41200, 1, 8 * DAY_S, "x");
    sw_format(pages[0], sizeof(pages[0]),
              "{\"reviews\":[%s],\"tokenPagination\":{\"nextPageToken\":\"t+1\"}}", r[0]);
    /* "a" again: it was changed while the pages were read */
    sw_format(pages[1], sizeof(pages[1]),
              "{\"reviews\":[%s,%s],\"tokenPagination\":{\"nextPageToken\":\"t2\"}}", r[0], r[1]);
    sw_format(pages[2], sizeof(pages[2]),
              "{\"reviews\":[%s],\"tokenPagination\":{\"nextPageToken\":\"t3\"}}", r[2]);
    const struct flow_step steps[] = {PAGE(LIST, pages[0]), PAGE(LIST "&token=t%2B1", pages[1]),
                                      PAGE(LIST "&token=t2", pages[2])};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, steps, 3, &err), SW_OK);
    expect(&scene, SW_SIDE_NEW, 7 * DAY_S, 2, 1);
    flow_free(scene.flow);
}

static void test_pages_that_go_round_are_an_error(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const char *a = "{\"tokenPagination\":{\"nextPageToken\":\"a\"}}";
    const char *b = "{\"tokenPagination\":{\"nextPageToken\":\"b\"}}";
    const struct flow_step steps[] = {PAGE(LIST, a), PAGE(LIST "&token=a", b),
                                      PAGE(LIST "&token=b", a)};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, steps, 3, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, "the pages go round"));
    assert_int_equal(flow_reports(scene.flow)->reading_count, 0);
    flow_free(scene.flow);
}

/* A page for every request, each with one review a minute older, for ever. */
static enum sw_code endless(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    char review[700];
    int *page = arg;
    (void)request;
    (void)err;
    REVIEW(review, "", 41200, 1, 60 * *page, "x");
    ++*page;
    reply->status = 200;
    reply->body = sw_xasprintf(
        "{\"reviews\":[%s],\"tokenPagination\":{\"nextPageToken\":\"t%d\"}}", review, *page);
    reply->body_len = strlen(reply->body);
    return SW_OK;
}

static void test_a_window_not_read_to_its_beginning_has_no_share(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    int pages = 0;
    scene_init(&scene, "41200", "");
    scene.target->windows_s[0] = 1200; /* 20 minutes: within the pages that are read */
    flow_perform_with(scene.flow, endless, &pages);
    assert_int_equal(flow_observe(scene.flow, &err), SW_OK);
    assert_int_equal(pages, 40); /* four times an hour stays below 200 an hour */
    expect(&scene, SW_SIDE_NEW, 1200, 21, 21);
    const struct sw_reading *r =
        flow_reading(scene.flow, 0, SW_METRIC_ONE_STAR_SHARE, SW_SIDE_NEW, 7 * DAY_S);
    assert_non_null(r);
    assert_false(r->value.is_known || r->n.is_known);
    assert_non_null(strstr(r->origin, "more in this window than are read"));
    flow_free(scene.flow);
}

static void test_a_window_longer_than_the_store_keeps_is_unknown_with_the_reason(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {PAGE(LIST, "{}")};
    scene_init(&scene, "41200", "");
    scene.target->windows_s[1] = 14 * DAY_S;
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    const struct sw_reading *r =
        flow_reading(scene.flow, 0, SW_METRIC_ONE_STAR_SHARE, SW_SIDE_NEW, 14 * DAY_S);
    assert_non_null(r);
    assert_false(r->value.is_known || r->n.is_known);
    assert_non_null(strstr(r->origin, "7 days"));
    flow_free(scene.flow);
}

/* 200 reads an hour for the app, whoever asks: between two readings nothing is asked, and a version
 * code that is new is counted at once. */
static void test_reviews_are_read_rarely(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {PAGE(LIST, "{}")};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    flow_set_now(scene.flow, now + 14 * 60000);
    assert_int_equal(observe(&scene, NULL, 0, &err), SW_OK);
    assert_int_equal(flow_reports(scene.flow)->reading_count, 0);
    sw_copy(scene.rollout.build, sizeof(scene.rollout.build), "41300");
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    sw_copy(scene.rollout.build, sizeof(scene.rollout.build), "41200");
    flow_set_now(scene.flow, now + 15 * 60000);
    assert_int_equal(observe(&scene, steps, 1, &err), SW_OK);
    flow_free(scene.flow);
}

static void test_without_a_version_code_nothing_is_asked(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    scene_init(&scene, "", "");
    assert_int_equal(observe(&scene, NULL, 0, &err), SW_E_STALE);
    assert_non_null(strstr(err.text, "has not told a version code"));
    flow_free(scene.flow);
}

static void test_refusals_are_googles_words(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step quota[] = {
        {.request = LIST,
         .status = 403,
         .reply = "{\"error\":{\"code\":403,\"message\":\"Quota exceeded\",\"errors\":[{\"reason\":"
                  "\"rateLimitExceeded\"}]}}"}};
    const struct flow_step denied[] = {
        {.request = LIST,
         .status = 403,
         .reply = "{\"error\":{\"code\":403,\"message\":\"The caller does not have permission\","
                  "\"status\":\"PERMISSION_DENIED\"}}"}};
    const struct flow_step bad[] = {
        PAGE(LIST, "{\"reviews\":[{\"comments\":[{\"userComment\":{\"starRating\":[]}}]}]}")};
    scene_init(&scene, "41200", "");
    assert_int_equal(observe(&scene, quota, 1, &err), SW_E_QUOTA);
    assert_int_equal(observe(&scene, denied, 1, &err), SW_E_DENIED);
    assert_non_null(strstr(err.text, "reading the reviews of com.acme.app"));
    assert_int_equal(observe(&scene, bad, 1, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, "page 1: reviews[0]: comments[0].userComment"));
    flow_free(scene.flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stars_of_this_version_code_are_counted),
        cmocka_unit_test(test_an_empty_object_is_no_review),
        cmocka_unit_test(test_absent_fields_count_for_nobody),
        cmocka_unit_test(test_pages_are_followed_to_the_beginning_of_the_window),
        cmocka_unit_test(test_pages_that_go_round_are_an_error),
        cmocka_unit_test(test_a_window_not_read_to_its_beginning_has_no_share),
        cmocka_unit_test(test_a_window_longer_than_the_store_keeps_is_unknown_with_the_reason),
        cmocka_unit_test(test_reviews_are_read_rarely),
        cmocka_unit_test(test_without_a_version_code_nothing_is_asked),
        cmocka_unit_test(test_refusals_are_googles_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
