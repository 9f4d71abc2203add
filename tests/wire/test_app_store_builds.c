/* test_app_store_builds.c: what testers have: the exact requests, and the state it makes. */
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
#include "wire/app_store_case.h"
#include "wire/app_store_scene.h"

static const int64_t now = INT64_C(1768899600000); /* 2026-01-20T09:00:00Z */

extern const struct sw_source_kind sw_source_app_store;

/* ------------------------------------------------------------------ builds */

#define UPLOADED "2026-01-20T00:41:07-08:00"
#define EARLIER  "2026-01-19T00:41:07-08:00"
#define ONE_BUILD(processing, internal, external)                                                  \
    "{\"data\":[" TEST_BUILD("1", "4130", UPLOADED, processing) "],\"included\":[" TEST_WORDS(     \
        "1", "4.13.0", internal, external, "APPROVED") "]}"
#define PREPARING "{\"data\":[" VERSION("3", "4.13.0", "PREPARE_FOR_SUBMISSION", NEW, "null") "]}"

static void test_the_state_by_the_newest_build(void **state)
{
    (void)state;
    static const struct {
        const char *versions, *builds;
        bool has_usages;
        enum sw_state state;
        const char *raw, *version, *build;
    } cases[] = {
        /* No store version at all. */
        {"{\"data\":[]}", ONE_BUILD("\"PROCESSING\"", "PROCESSING", "PROCESSING"), false,
         SW_STATE_BUILDING, "build PROCESSING", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"VALID\"", "READY_FOR_BETA_TESTING", "NOT_APPLICABLE"), true,
         SW_STATE_BUILDING, "build READY_FOR_BETA_TESTING", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "NOT_APPLICABLE"), true,
         SW_STATE_TESTING, "build IN_BETA_TESTING", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"VALID\"", "MISSING_EXPORT_COMPLIANCE", "IN_BETA_REVIEW"),
         true, SW_STATE_BUILDING, "build IN_BETA_REVIEW", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"VALID\"", "READY_FOR_BETA_TESTING", "IN_BETA_TESTING"), true,
         SW_STATE_TESTING, "build IN_BETA_TESTING", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"INVALID\"", "PROCESSING_EXCEPTION", "PROCESSING_EXCEPTION"),
         false, SW_STATE_FAILED, "build INVALID", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"FAILED\"", "PROCESSING", "PROCESSING"), false,
         SW_STATE_FAILED, "build FAILED", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("\"HOLDING\"", "X", "Y"), false, SW_STATE_UNKNOWN,
         "build HOLDING", "4.13.0", "4130"},
        {"{\"data\":[]}", ONE_BUILD("null", "X", "Y"), false, SW_STATE_UNKNOWN, "build no word",
         "4.13.0", "4130"},
        /* A store version that is being prepared. */
        {PREPARING, ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "WAITING_FOR_BETA_REVIEW"), true,
         SW_STATE_TESTING, "PREPARE_FOR_SUBMISSION, build IN_BETA_TESTING", "4.13.0", "4130"},
        {PREPARING, ONE_BUILD("\"PROCESSING\"", "PROCESSING", "PROCESSING"), false,
         SW_STATE_BUILDING, "PREPARE_FOR_SUBMISSION, build PROCESSING", "4.13.0", "4130"},
        /* Of another version: it says nothing about this one. */
        {"{\"data\":[" VERSION("3", "4.14.0", "PREPARE_FOR_SUBMISSION", NEW, "null") "]}",
         ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "NOT_APPLICABLE"), true, SW_STATE_BUILDING,
         "PREPARE_FOR_SUBMISSION", "4.14.0", ""},
        /* Submitted: the store's word counts. */
        {"{\"data\":[" VERSION("3", "4.13.0", "IN_REVIEW", NEW, "null") "]}",
         ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "NOT_APPLICABLE"), true, SW_STATE_IN_REVIEW,
         "IN_REVIEW", "4.13.0", ""},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene scene;
        scene_init(&scene);
        const struct flow_step steps[] = {VERSIONS(cases[i].versions),
                                          STEP(BUILDS_LINE, cases[i].builds), NO_USAGES("1")};
        const struct sw_rollout *r =
            scene_poll(&scene, steps, SW_ARRAY_LEN(steps) - (cases[i].has_usages ? 0 : 1));
        if (r->state != cases[i].state || strcmp(r->raw_state, cases[i].raw) != 0)
            fail_msg("case %zu: %s \"%s\"", i, sw_state_name(r->state), r->raw_state);
        if (strcmp(r->version, cases[i].version) != 0 || strcmp(r->build, cases[i].build) != 0)
            fail_msg("case %zu: %s (%s)", i, r->version, r->build);
        scene_clear(&scene);
    }
}

/* A failed upload after a good build leaves the good one in testers' hands. */
static void test_a_failed_build_does_not_hide_a_good_one(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r = POLL(
        &scene, VERSIONS("{\"data\":[]}"),
        STEP(BUILDS_LINE,
             "{\"data\":[" TEST_BUILD("2", "4131", UPLOADED, "\"INVALID\"") "," TEST_BUILD(
                 "1", "4130", EARLIER,
                 "\"VALID\"") "],\"included\":[" TEST_WORDS("2", "4.13.0", "PROCESSING_EXCEPTION",
                                                            "PROCESSING_EXCEPTION",
                                                            "") "," TEST_WORDS("1", "4.13.0",
                                                                               "IN_BETA_"
                                                                               "TESTING",
                                                                               "NOT_"
                                                                               "APPLICABLE",
                                                                               "") "]}"),
        NO_USAGES("1"));
    assert_int_equal(r->state, SW_STATE_TESTING);
    assert_string_equal(r->build, "4130");
    const struct flow_builds *builds = &flow_reports(scene.flow)->builds[0];
    assert_int_equal(builds->count, 2);
    assert_string_equal(builds->items[0].processing, "INVALID");
    scene_clear(&scene);
}

static void test_builds_are_told_with_sessions_and_crashes(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r =
        POLL(&scene, VERSIONS(PHASING), ON_SALE,
             STEP(BUILDS_LINE, ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "BETA_REJECTED")),
             STEP(USAGES_LINE("1"),
                  "{\"data\":[{\"dataPoints\":[{\"values\":{\"crashCount\":2,\"sessionCount\":100,"
                  "\"installCount\":9}},{\"values\":{\"crashCount\":1,\"sessionCount\":310}}]},"
                  "{\"dataPoints\":null},{}],\"links\":{\"next\":\"" HOST "/v1/x?cursor=n\"}}"),
             STEP(USAGES_LINE("1") "&cursor=n",
                  "{\"data\":[{\"dataPoints\":[{\"values\":{\"sessionCount\":1000}}]}]}"));
    const struct flow_reports *reports = flow_reports(scene.flow);
    assert_int_equal(reports->builds_count, 1);
    assert_int_equal(reports->builds[0].count, 1);
    const struct sw_build_seen *build = &reports->builds[0].items[0];
    assert_string_equal(build->version, "4.13.0");
    assert_string_equal(build->build, "4130");
    assert_string_equal(build->internal, "IN_BETA_TESTING");
    assert_string_equal(build->external, "BETA_REJECTED");
    assert_string_equal(build->beta_review, "APPROVED");
    assert_int_equal(build->sessions, 1410);
    assert_int_equal(build->crashes, 3);
    assert_int_equal(build->installs, 9);
    assert_int_equal(build->uploaded_ms, INT64_C(1768898467000));
    assert_int_equal(build->observed_at_ms, now);
    /* The live one stays; the train of the next one is told beside it. */
    assert_string_equal(r->version, "4.12.0");
    assert_string_equal(r->other.version, "4.13.0");
    assert_int_equal(r->other.state, SW_STATE_TESTING);
    assert_string_equal(r->other.raw_state, "build IN_BETA_TESTING");
    /* Five minutes it stands. */
    flow_set_now(scene.flow, now + 4 * SW_MINUTE_MS);
    r = POLL(&scene, VERSIONS(PHASING));
    assert_int_equal(flow_reports(scene.flow)->builds_count, 0);
    assert_string_equal(r->other.version, "4.13.0");
    flow_set_now(scene.flow, now + 5 * SW_MINUTE_MS);
    r = POLL(&scene, VERSIONS(PHASING), NO_BUILDS);
    assert_int_equal(flow_reports(scene.flow)->builds_count, 1);
    assert_int_equal(flow_reports(scene.flow)->builds[0].count, 0);
    assert_string_equal(r->other.version, "");
    scene_clear(&scene);
}

/* The build that a phased release is giving out stays in the list; once it is everybody's, and in
 * other builds of its version, it is history. */
static void test_the_build_of_a_phasing_version_is_in_flight(void **state)
{
    (void)state;
    static const char page_of_two[] =
        "{\"data\":[" TEST_BUILD("2", "4120", UPLOADED, "\"VALID\"") "," TEST_BUILD(
            "1", "4119", EARLIER,
            "\"VALID\"") "],\"included\":[" TEST_WORDS("2", "4.12.0", "IN_BETA_TESTING",
                                                       "NOT_APPLICABLE",
                                                       "") "," TEST_WORDS("1", "4.12.0",
                                                                          "IN_BETA_TESTING",
                                                                          "NOT_APPLICABLE",
                                                                          "") "]}";
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r =
        POLL(&scene, VERSIONS(PHASING), ON_SALE, STEP(BUILDS_LINE, page_of_two), NO_USAGES("2"));
    assert_int_equal(flow_reports(scene.flow)->builds[0].count, 1);
    assert_string_equal(flow_reports(scene.flow)->builds[0].items[0].build, "4120");
    assert_string_equal(r->other.version, ""); /* no second version */
    scene_clear(&scene);
    scene_init(&scene);
    POLL(&scene, VERSIONS(EVERYBODY), ON_SALE, STEP(BUILDS_LINE, page_of_two));
    assert_int_equal(flow_reports(scene.flow)->builds[0].count, 0);
    scene_clear(&scene);
}

static void test_sessions_are_asked_of_two_versions_at_most(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
#define OF(n, label) TEST_WORDS(n, label, "IN_BETA_TESTING", "NOT_APPLICABLE", "")
    POLL(
        &scene, VERSIONS("{\"data\":[]}"),
        STEP(
            BUILDS_LINE,
            "{\"data\":[" TEST_BUILD("1", "9", UPLOADED, "\"PROCESSING\"") "," TEST_BUILD("2", "8", UPLOADED, "\"VALID\"") "," TEST_BUILD(
                "3", "7", UPLOADED,
                "\"VALID\"") "," TEST_BUILD("4", "6", UPLOADED,
                                            "\"VALID\"") "," TEST_BUILD("5", "5", UPLOADED,
                                                                        "\"VALID\"") "],"
                                                                                     "\"included\":"
                                                                                     "[" OF(
                                                                                         "1",
                                                                                         "3"
                                                                                         "."
                                                                                         "0") "," OF("2",
                                                                                                     "3.0") "," OF("3",
                                                                                                                   "3.0") "," OF("4",
                                                                                                                                 "2.9") "," OF("5",
                                                                                                                                               "2.8") "]}"),
        NO_USAGES("2"), NO_USAGES("4"));
    assert_int_equal(flow_reports(scene.flow)->builds[0].count, 5);
    scene_clear(&scene);
}

/* What a verb says of a version that only testers have. */
static void test_a_version_of_testers_has_nothing_to_press(void **state)
{
    (void)state;
    static const struct {
        struct sw_rollout rollout;
        enum sw_verb verb;
        const char *reason;
    } cases[] = {
        {{.state = SW_STATE_TESTING, .version = "4.13.0"}, SW_VERB_ADVANCE, "only testers have it"},
        {{.state = SW_STATE_TESTING, .version = "4.13.0"}, SW_VERB_HALT, "only testers have it"},
        {{.state = SW_STATE_TESTING,
          .version = "4.13.0",
          .identity = "v3",
          .raw_state = "PREPARE_FOR_SUBMISSION, build IN_BETA_TESTING"},
         SW_VERB_ADVANCE,
         "submit it for review"},
        {{.state = SW_STATE_FAILED,
          .version = "4.13.0",
          .identity = "v3",
          .raw_state = "PREPARE_FOR_SUBMISSION, build INVALID"},
         SW_VERB_ADVANCE,
         "upload another one"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_source_offer offer;
        sw_source_app_store.offer(NULL, &cases[i].rollout, cases[i].verb, &offer);
        assert_false(offer.is_possible);
        if (!strstr(offer.reason, cases[i].reason))
            fail_msg("case %zu: %s", i, offer.reason);
    }
}

/* Counts that no point tells stay unknown, never 0. */
static void test_usages_that_are_not_told_stay_unknown(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    POLL(&scene, VERSIONS("{\"data\":[]}"),
         STEP(BUILDS_LINE, ONE_BUILD("\"VALID\"", "IN_BETA_TESTING", "NOT_APPLICABLE")),
         STEP(USAGES_LINE("1"), "{\"data\":[{\"dataPoints\":[{\"values\":{\"sessionCount\":null}},"
                                "{\"values\":{\"sessionCount\":4}}]}]}"));
    const struct sw_build_seen *build = &flow_reports(scene.flow)->builds[0].items[0];
    assert_int_equal(build->sessions, 4);
    assert_int_equal(build->crashes, -1);
    assert_int_equal(build->installs, -1);
    scene_clear(&scene);
}

static void test_bad_builds_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *text;
    } cases[] = {
        {"{\"data\":[{\"id\":\"../x\",\"attributes\":{}}]}", "data[0]"},
        {"{\"data\":[{\"attributes\":{}}]}", "data[0]"},
        {"{\"data\":[{\"id\":\"1\",\"attributes\":{\"version\":7}}]}", "version"},
        {"{\"data\":[{\"id\":\"1\",\"attributes\":{\"expired\":\"no\"}}]}", "expired"},
        {"{\"data\":{}}", "data"},
        {"<html>", "builds of testers"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct scene scene;
        scene_init(&scene);
        const struct flow_step steps[] = {VERSIONS(EVERYBODY), ON_SALE,
                                          STEP(BUILDS_LINE, cases[i].reply)};
        assert_int_equal(scene_poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_PARSE);
        if (!strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(scene.last.state, SW_STATE_COMPLETE);
        scene_clear(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_state_by_the_newest_build),
        cmocka_unit_test(test_a_failed_build_does_not_hide_a_good_one),
        cmocka_unit_test(test_builds_are_told_with_sessions_and_crashes),
        cmocka_unit_test(test_the_build_of_a_phasing_version_is_in_flight),
        cmocka_unit_test(test_sessions_are_asked_of_two_versions_at_most),
        cmocka_unit_test(test_a_version_of_testers_has_nothing_to_press),
        cmocka_unit_test(test_usages_that_are_not_told_stay_unknown),
        cmocka_unit_test(test_bad_builds_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
