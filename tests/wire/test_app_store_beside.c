/* test_app_store_beside.c: what a poll of the App Store reads beside the versions (sale, builds of
 * testers), and what it carries from one reading to the next (pauses watched). */
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

/* ------------------------------------------------------------------- scene */

/* Polls one after the other, each knowing what the last one reported. */
struct scene {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout last;
};

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){.flow = flow_new(&sw_source_app_store, ACCOUNT)};
    scene->target = flow_add_target(scene->flow, SW_ROLE_ROLLOUT, IOS "app_id: \"1481211155\"\n");
}

static void scene_clear(struct scene *scene)
{
    flow_free(scene->flow);
    sw_rollout_clear(&scene->last);
}

static enum sw_code poll_code(struct scene *scene, const struct flow_step *steps, size_t count,
                              struct sw_error *err)
{
    flow_script(scene->flow, steps, count);
    enum sw_code code = flow_observe(scene->flow, err);
    if (flow_mismatch(scene->flow))
        fail_msg("%s", flow_mismatch(scene->flow));
    const struct sw_rollout *rollout = flow_rollout(scene->flow, 0);
    if (rollout) {
        sw_rollout_clear(&scene->last);
        sw_rollout_copy(&scene->last, rollout);
        scene->target->rollout = &scene->last;
    }
    return code;
}

static const struct sw_rollout *poll(struct scene *scene, const struct flow_step *steps,
                                     size_t count)
{
    struct sw_error err = {0};
    enum sw_code code = poll_code(scene, steps, count, &err);
    if (code != SW_OK)
        fail_msg("poll: %s", err.text);
    return &scene->last;
}

#define POLL(scene, ...)                                                                           \
    poll(scene, (const struct flow_step[]){__VA_ARGS__},                                           \
         sizeof((const struct flow_step[]){__VA_ARGS__}) / sizeof(struct flow_step))

static void page(char *out, size_t size, const char *data, const char *included)
{
    sw_format(out, size, "{\"data\":[%s],\"included\":[%s],\"links\":{\"self\":\"x\"}}", data,
              included);
}

#define PHASING                                                                                    \
    "{\"data\":[" ONE(LIVE, HAS_PHASE("2")) "],\"included\":[" BUILDS                              \
                                            "," PHASE("2", "\"ACTIVE\"", DAY("3", "0")) "]}"
#define EVERYBODY "{\"data\":[" ONE(LIVE, "null") "],\"included\":[" BUILDS "]}"

/* -------------------------------------------------------------------- sale */

#define GONE TERRITORY("false", "[\"CANNOT_SELL\"]")
#define SOLD TERRITORY("true", "[\"AVAILABLE\"]")
#define LEFT TERRITORY("false", "[\"PROCESSING_TO_NOT_AVAILABLE\"]")
#define BARE TERRITORY("false", "[\"MISSING_RATING\",\"CANNOT_SELL_GAMBLING\"]")

static void test_removal_from_sale_is_told_by_the_territories(void **state)
{
    (void)state;
    static const struct {
        const char *what, *territories;
        enum sw_state state;
        const char *raw, *note; /* note NULL: none */
    } cases[] = {
        {"gone everywhere", GONE "," GONE, SW_STATE_FAILED,
         LIVE ", removed from sale, ACTIVE day 3", "removed from sale"},
        {"gone, in one it never was", GONE "," BARE, SW_STATE_FAILED,
         LIVE ", removed from sale, ACTIVE day 3", "removed from sale"},
        {"sold in one", GONE "," SOLD, SW_STATE_ROLLING, LIVE ", ACTIVE day 3", NULL},
        {"on its way out", GONE "," LEFT, SW_STATE_ROLLING, LIVE ", ACTIVE day 3",
         "its removal from sale is under way"},
        {"closed for another reason", BARE, SW_STATE_ROLLING, LIVE ", ACTIVE day 3", NULL},
        {"no territory at all", "", SW_STATE_ROLLING, LIVE ", ACTIVE day 3", NULL},
        {"statuses absent", "{\"attributes\":{\"available\":false}}", SW_STATE_ROLLING,
         LIVE ", ACTIVE day 3", NULL},
        {"statuses null", "{\"attributes\":{\"available\":false,\"contentStatuses\":null}}",
         SW_STATE_ROLLING, LIVE ", ACTIVE day 3", NULL},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char json[4096];
        struct scene scene;
        scene_init(&scene);
        sw_format(json, sizeof(json), "{\"data\":[%s]}", cases[i].territories);
        const struct sw_rollout *r =
            POLL(&scene, VERSIONS(PHASING), AVAILABILITY, STEP(TERRITORIES_LINE, json), NO_BUILDS);
        if (r->state != cases[i].state || strcmp(r->raw_state, cases[i].raw) != 0)
            fail_msg("%s: %s \"%s\"", cases[i].what, sw_state_name(r->state), r->raw_state);
        if (cases[i].note ? !strstr(r->note, cases[i].note) : r->note[0])
            fail_msg("%s: note \"%s\"", cases[i].what, r->note);
        scene_clear(&scene);
    }
}

/* The next version is in review and shown; the removal of the live one stands beside it. */
static void test_a_removal_is_seen_beside_the_next_version(void **state)
{
    (void)state;
    static const char json[] =
        "{\"data\":[" TWO("IN_REVIEW", HAS_PHASE("2")) "],\"included\":[" BUILDS "," PHASE(
            "2", "\"ACTIVE\"", DAY("3", "0")) "]}";
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r = POLL(&scene, VERSIONS(json), AVAILABILITY,
                                      STEP(TERRITORIES_LINE, "{\"data\":[" GONE "]}"), NO_BUILDS);
    assert_int_equal(r->state, SW_STATE_IN_REVIEW);
    assert_string_equal(r->other.version, "4.12.0");
    assert_int_equal(r->other.state, SW_STATE_FAILED);
    assert_string_equal(r->other.raw_state, LIVE ", removed from sale, ACTIVE day 3");
    assert_non_null(strstr(r->note, "4.12.0 too: " LIVE ", removed from sale"));
    scene_clear(&scene);
}

/* A removal that was read minutes ago never closes a halt of a phase that its word calls ACTIVE. */
static void test_a_removed_app_can_still_be_halted(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    struct sw_rollout rollout = {.state = SW_STATE_FAILED,
                                 .identity = "v2",
                                 .version = "4.12.0",
                                 .raw_state = LIVE ", removed from sale, ACTIVE day 3",
                                 .pause_days_total = {30, true}};
    sw_source_app_store.offer(NULL, &rollout, SW_VERB_HALT, &offer);
    assert_true(offer.is_possible);
    assert_non_null(strstr(offer.effect, "No territory sold the app when last looked"));
    sw_copy(rollout.raw_state, sizeof(rollout.raw_state), "REJECTED");
    sw_source_app_store.offer(NULL, &rollout, SW_VERB_HALT, &offer);
    assert_false(offer.is_possible);
}

static void test_the_sale_is_asked_every_half_hour_and_sooner_when_gone(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    POLL(&scene, VERSIONS(EVERYBODY), ON_SALE, NO_BUILDS);
    flow_set_now(scene.flow, now + 29 * SW_MINUTE_MS);
    POLL(&scene, VERSIONS(EVERYBODY), NO_BUILDS);
    flow_set_now(scene.flow, now + 30 * SW_MINUTE_MS);
    const struct sw_rollout *r = POLL(&scene, VERSIONS(EVERYBODY), AVAILABILITY,
                                      STEP(TERRITORIES_LINE, "{\"data\":[" GONE "]}"));
    assert_int_equal(r->state, SW_STATE_FAILED);
    /* Carried until it is asked again, also by a re-read. */
    flow_set_now(scene.flow, now + 31 * SW_MINUTE_MS);
    flow_set_action(scene.flow, true);
    assert_int_equal(POLL(&scene, VERSIONS(EVERYBODY))->state, SW_STATE_FAILED);
    flow_set_action(scene.flow, false);
    flow_set_now(scene.flow, now + 35 * SW_MINUTE_MS);
    r = POLL(&scene, VERSIONS(EVERYBODY), ON_SALE, NO_BUILDS);
    assert_int_equal(r->state, SW_STATE_COMPLETE);
    scene_clear(&scene);
}

/* Nothing is live: nothing can have been removed. */
static void test_the_sale_of_a_version_in_review_is_not_asked(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    POLL(&scene, VERSIONS("{\"data\":[" VERSION("2", "4.12.0", "IN_REVIEW", NEW, "null") "]}"),
         NO_BUILDS);
    scene_clear(&scene);
}

static void test_territories_have_pages_and_an_end(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene);
#define MORE(n) "{\"data\":[" GONE "],\"links\":{\"next\":\"" HOST "/v2/x?cursor=" n "\"}}"
    const struct sw_rollout *r =
        POLL(&scene, VERSIONS(EVERYBODY), AVAILABILITY, STEP(TERRITORIES_LINE, MORE("a")),
             STEP(TERRITORIES_LINE "&cursor=a", "{\"data\":[" SOLD "]}"), NO_BUILDS);
    assert_int_equal(r->state, SW_STATE_COMPLETE);
    flow_set_now(scene.flow, now + 30 * SW_MINUTE_MS);
    const struct flow_step endless[] = {VERSIONS(EVERYBODY),
                                        AVAILABILITY,
                                        STEP(TERRITORIES_LINE, MORE("a")),
                                        STEP(TERRITORIES_LINE "&cursor=a", MORE("b")),
                                        STEP(TERRITORIES_LINE "&cursor=b", MORE("c")),
                                        NO_BUILDS};
    assert_int_equal(poll_code(&scene, endless, SW_ARRAY_LEN(endless), &err), SW_E_LIMIT);
    assert_non_null(strstr(err.text, "more than 3 pages"));
    scene_clear(&scene);
}

/* ------------------------------------------------------------------ faults */

/* What stands beside the versions never keeps them from being reported; what is wrong is said, and
 * asked again at the next poll. A right that is missing is not wrong. */
static void test_a_failure_beside_the_versions_does_not_hide_them(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct flow_step sale, builds;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {"sale 500",
         {.request = AVAILABILITY_LINE, .status = 500, .reply = "<html>"},
         NO_BUILDS,
         SW_E_HTTP,
         "whether the app is on sale"},
        {"sale times out",
         {.request = AVAILABILITY_LINE, .fail = SW_E_TIMEOUT},
         NO_BUILDS,
         SW_E_TIMEOUT,
         "whether the app is on sale"},
        {"sale without data", STEP(AVAILABILITY_LINE, "{}"), NO_BUILDS, SW_E_PARSE, "has no data"},
        {"sale with an odd id", STEP(AVAILABILITY_LINE, "{\"data\":{\"id\":7}}"), NO_BUILDS,
         SW_E_PARSE, "data.id"},
        {"sale not allowed",
         {.request = AVAILABILITY_LINE, .status = 403, .reply = "{}"},
         NO_BUILDS,
         SW_OK,
         ""},
        {"no availability", STEP(AVAILABILITY_LINE, "{\"data\":null}"), NO_BUILDS, SW_OK, ""},
        {"builds 429 after no availability",
         STEP(AVAILABILITY_LINE, "{\"data\":null}"),
         {.request = BUILDS_LINE, .status = 429, .reply = "{}"},
         SW_E_QUOTA,
         "builds of testers"},
        {"builds not allowed",
         STEP(AVAILABILITY_LINE, "{\"data\":null}"),
         {.request = BUILDS_LINE, .status = 403, .reply = "{}"},
         SW_OK,
         ""},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct scene scene;
        scene_init(&scene);
        const struct flow_step steps[] = {VERSIONS(PHASING), cases[i].sale, cases[i].builds};
        enum sw_code code = poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err);
        if (code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("%s: %s: %s", cases[i].what, sw_code_name(code), err.text);
        assert_int_equal(scene.last.state, SW_STATE_ROLLING);
        scene_clear(&scene);
    }
}

/* Told to wait, nothing more is asked. */
static void test_a_429_beside_the_versions_ends_the_poll(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct scene scene;
    scene_init(&scene);
    const struct flow_step steps[] = {VERSIONS(PHASING),
                                      {.request = AVAILABILITY_LINE, .status = 429, .reply = "{}"}};
    assert_int_equal(poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_QUOTA);
    assert_int_equal(scene.last.state, SW_STATE_ROLLING);
    scene_clear(&scene);
}

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
            poll(&scene, steps, SW_ARRAY_LEN(steps) - (cases[i].has_usages ? 0 : 1));
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
        assert_int_equal(poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_PARSE);
        if (!strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(scene.last.state, SW_STATE_COMPLETE);
        scene_clear(&scene);
    }
}

/* ------------------------------------------------------- several in flight */

static void test_the_other_version_in_flight_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *what, *data, *phase;
        const char *shown, *version, *build; /* version empty: none */
        enum sw_state state;
        const char *raw;
        double percent;
    } cases[] = {
        {"a hotfix in review beside a phasing one", TWO("IN_REVIEW", HAS_PHASE("2")), "ACTIVE",
         "4.12.0", "4.12.1", "4121", SW_STATE_IN_REVIEW, "IN_REVIEW", 0},
        {"a halted one beside the approved hotfix",
         TWO("PENDING_DEVELOPER_RELEASE", HAS_PHASE("2")), "PAUSED", "4.12.1", "4.12.0", "4120",
         SW_STATE_HALTED, LIVE ", PAUSED day 4", 10},
        {"a released one beside the one it ends",
         TWO("PROCESSING_FOR_DISTRIBUTION", HAS_PHASE("2")), "ACTIVE", "4.12.1", "4.12.0", "4120",
         SW_STATE_ROLLING, LIVE ", ACTIVE day 4", 10},
        {"the next one being prepared", TWO("PREPARE_FOR_SUBMISSION", HAS_PHASE("2")), "ACTIVE",
         "4.12.0", "4.12.1", "4121", SW_STATE_BUILDING, "PREPARE_FOR_SUBMISSION", 0},
        {"one that everybody has is history", TWO("IN_REVIEW", HAS_PHASE("2")), "COMPLETE",
         "4.12.1", "", "", SW_STATE_UNKNOWN, "", -1},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char json[8192], included[1024], phase[64];
        struct scene scene;
        scene_init(&scene);
        flow_set_action(scene.flow, true);
        sw_format(phase, sizeof(phase), "\"%s\"", cases[i].phase);
        sw_format(included, sizeof(included), BUILDS "," PHASE("2", "%s", DAY("4", "0")), phase);
        page(json, sizeof(json), cases[i].data, included);
        const struct sw_rollout *r = POLL(&scene, VERSIONS(json));
        const struct sw_other_version *other = &r->other;
        if (strcmp(r->version, cases[i].shown) != 0 ||
            strcmp(other->version, cases[i].version) != 0 ||
            strcmp(other->build, cases[i].build) != 0 || other->state != cases[i].state ||
            strcmp(other->raw_state, cases[i].raw) != 0)
            fail_msg("%s: %s beside %s (%s) %s \"%s\"", cases[i].what, r->version, other->version,
                     other->build, sw_state_name(other->state), other->raw_state);
        if (other->percent_set.is_known != (cases[i].percent >= 0) ||
            (cases[i].percent >= 0 && other->percent_set.value != cases[i].percent))
            fail_msg("%s: percent %g", cases[i].what, other->percent_set.value);
        scene_clear(&scene);
    }
}

/* Releasing N+1 ends the phased release of N: the offer names it. */
static void test_the_offer_names_the_release_it_ends(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    struct sw_rollout rollout = {
        .state = SW_STATE_READY,
        .identity = "v3",
        .version = "4.12.1",
        .raw_state = "PENDING_DEVELOPER_RELEASE",
        .other = {.version = "4.12.0", .state = SW_STATE_HALTED, .percent_set = {10, true}}};
    sw_source_app_store.offer(NULL, &rollout, SW_VERB_ADVANCE, &offer);
    assert_true(offer.is_possible);
    assert_non_null(
        strstr(offer.effect, "ENDS the phased release of 4.12.0 (halted, 10%) for good"));
    rollout.other = (struct sw_other_version){0};
    sw_source_app_store.offer(NULL, &rollout, SW_VERB_ADVANCE, &offer);
    assert_non_null(strstr(offer.effect, "Ends the phased release of the version before, if one"));
}

/* ------------------------------------------------------------ how it goes out */

static void test_how_a_version_will_go_out(void **state)
{
    (void)state;
    static const struct {
        const char *state, *attributes, *phase, *how;
    } cases[] = {
        {"IN_REVIEW", "\"releaseType\":\"MANUAL\"", "null",
         "by hand: approved, it waits for advance; to EVERYBODY at once"},
        {"IN_REVIEW", "\"releaseType\":\"AFTER_APPROVAL\"", HAS_PHASE("2"),
         "after approval: by itself as soon as Apple approves it; phased over 7 days"},
        {"WAITING_FOR_REVIEW",
         "\"releaseType\":\"SCHEDULED\",\"earliestReleaseDate\":\"2026-01-21T09:00:00-08:00\"",
         "null",
         "scheduled: by itself once approved, not before Wed 21 Jan 18:00 CET; to EVERYBODY at "
         "once"},
        {"PENDING_APPLE_RELEASE",
         "\"releaseType\":\"SCHEDULED\",\"earliestReleaseDate\":\"2026-01-21T17:00:00.000+0000\"",
         "null", "not before Wed 21 Jan 18:00 CET"},
        {"IN_REVIEW", "\"releaseType\":\"SCHEDULED\",\"earliestReleaseDate\":null", "null",
         "at a time Apple did not tell"},
        {"IN_REVIEW", "\"releaseType\":\"AT_DAWN\"", "null", "AT_DAWN; to EVERYBODY at once"},
        {"IN_REVIEW", "\"releaseType\":\"MANUAL\",\"reviewType\":\"NOTARIZATION\"", "null",
         "reviewed for notarization, not for the App Store"},
        {"IN_REVIEW", "\"releaseType\":null", "null", ""},
        {LIVE, "\"releaseType\":\"MANUAL\"", "null", ""},
        {"REJECTED", "\"releaseType\":\"MANUAL\"", "null", ""},
    };
    assert_int_equal(sw_zone_set("Europe/Madrid", NULL), SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char json[4096];
        struct scene scene;
        scene_init(&scene);
        flow_set_action(scene.flow, true);
        sw_format(json, sizeof(json),
                  "{\"data\":[{\"id\":\"v2\",\"attributes\":{\"versionString\":\"4.12.0\","
                  "\"appVersionState\":\"%s\",%s},\"relationships\":{"
                  "\"appStoreVersionPhasedRelease\":{\"data\":%s}}}],\"included\":[" PHASE(
                      "2", "\"INACTIVE\"", "") "]}",
                  cases[i].state, cases[i].attributes, cases[i].phase);
        const struct sw_rollout *r = POLL(&scene, VERSIONS(json));
        bool is_as_told = cases[i].how[0] ? strstr(r->release_how, cases[i].how) != NULL
                                          : r->release_how[0] == '\0';
        if (!is_as_told)
            fail_msg("case %zu: \"%s\"", i, r->release_how);
        scene_clear(&scene);
    }
}

/* ------------------------------------------------------------------ pauses */

static const struct sw_rollout *poll_phase(struct scene *scene, int64_t at_ms, const char *phase,
                                           const char *day, const char *paused)
{
    char json[8192], included[1024], word[32];
    sw_format(word, sizeof(word), "\"%s\"", phase);
    sw_format(included, sizeof(included), BUILDS "," PHASE("2", "%s", DAY("%s", "%s")), word,
              paused, day);
    page(json, sizeof(json), ONE(LIVE, HAS_PHASE("2")), included);
    flow_set_now(scene->flow, at_ms);
    flow_set_action(scene->flow, true);
    return POLL(scene, VERSIONS(json));
}

/* Apple counts whole days; hours are known of a pause that readings enclose. */
static void test_a_pause_is_watched_from_its_beginning(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r = poll_phase(&scene, now, "ACTIVE", "2", "1");
    assert_int_equal(r->paused_since_ms, 0);
    r = poll_phase(&scene, now + SW_MINUTE_MS, "PAUSED", "2", "1");
    assert_int_equal(r->paused_since_ms, now + SW_MINUTE_MS);
    assert_true(r->is_pause_begin_seen);
    assert_true(r->pause_days_before.is_known && r->pause_days_before.value == 1);
    /* It goes on, and Apple's count of whole days moves: the beginning stays. */
    r = poll_phase(&scene, now + 50 * SW_MINUTE_MS, "PAUSED", "2", "2");
    assert_int_equal(r->paused_since_ms, now + SW_MINUTE_MS);
    assert_true(r->is_pause_begin_seen && r->pause_days_before.value == 1);
    /* Another day number: it ran in between. */
    r = poll_phase(&scene, now + 55 * SW_MINUTE_MS, "PAUSED", "3", "2");
    assert_int_equal(r->paused_since_ms, now + 55 * SW_MINUTE_MS);
    assert_false(r->is_pause_begin_seen);
    r = poll_phase(&scene, now + 60 * SW_MINUTE_MS, "ACTIVE", "3", "2");
    assert_int_equal(r->paused_since_ms, 0);
    scene_clear(&scene);
}

static void test_a_pause_found_or_lost_sight_of_may_be_older(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    const struct sw_rollout *r = poll_phase(&scene, now, "PAUSED", "2", "1");
    assert_int_equal(r->paused_since_ms, now);
    assert_false(r->is_pause_begin_seen);
    r = poll_phase(&scene, now + SW_MINUTE_MS, "PAUSED", "2", "1");
    assert_int_equal(r->paused_since_ms, now);
    assert_false(r->is_pause_begin_seen);
    /* Nobody looked for two hours: it may have been resumed and paused again. */
    r = poll_phase(&scene, now + 2 * SW_HOUR_MS, "PAUSED", "2", "1");
    assert_int_equal(r->paused_since_ms, now + 2 * SW_HOUR_MS);
    scene_clear(&scene);
}

/* Started on the 18th at 10:16:45; day 2 would end on the 20th at 10:16:45. A pause of 40 minutes
 * that was watched moves it by 40 minutes; one that was not, by Apple's whole days. */
static void test_a_watched_pause_moves_the_next_step(void **state)
{
    (void)state;
    const int64_t end = INT64_C(1768904205000);
    struct scene scene;
    scene_init(&scene);
    assert_int_equal(poll_phase(&scene, now, "ACTIVE", "2", "0")->next_at_ms, end);
    poll_phase(&scene, now + 5 * SW_MINUTE_MS, "PAUSED", "2", "0");
    poll_phase(&scene, now + 30 * SW_MINUTE_MS, "PAUSED", "2", "0");
    assert_int_equal(poll_phase(&scene, now + 45 * SW_MINUTE_MS, "ACTIVE", "2", "0")->next_at_ms,
                     end + 40 * SW_MINUTE_MS);
    /* Apple knows of a day that nobody watched: its whole days count again. */
    assert_int_equal(poll_phase(&scene, now + 46 * SW_MINUTE_MS, "ACTIVE", "2", "1")->next_at_ms,
                     end + SW_DAY_MS);
    scene_clear(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removal_from_sale_is_told_by_the_territories),
        cmocka_unit_test(test_a_removal_is_seen_beside_the_next_version),
        cmocka_unit_test(test_a_removed_app_can_still_be_halted),
        cmocka_unit_test(test_the_sale_is_asked_every_half_hour_and_sooner_when_gone),
        cmocka_unit_test(test_the_sale_of_a_version_in_review_is_not_asked),
        cmocka_unit_test(test_territories_have_pages_and_an_end),
        cmocka_unit_test(test_a_failure_beside_the_versions_does_not_hide_them),
        cmocka_unit_test(test_a_429_beside_the_versions_ends_the_poll),
        cmocka_unit_test(test_the_state_by_the_newest_build),
        cmocka_unit_test(test_a_failed_build_does_not_hide_a_good_one),
        cmocka_unit_test(test_builds_are_told_with_sessions_and_crashes),
        cmocka_unit_test(test_the_build_of_a_phasing_version_is_in_flight),
        cmocka_unit_test(test_sessions_are_asked_of_two_versions_at_most),
        cmocka_unit_test(test_a_version_of_testers_has_nothing_to_press),
        cmocka_unit_test(test_usages_that_are_not_told_stay_unknown),
        cmocka_unit_test(test_bad_builds_are_errors),
        cmocka_unit_test(test_the_other_version_in_flight_is_told),
        cmocka_unit_test(test_the_offer_names_the_release_it_ends),
        cmocka_unit_test(test_how_a_version_will_go_out),
        cmocka_unit_test(test_a_pause_is_watched_from_its_beginning),
        cmocka_unit_test(test_a_pause_found_or_lost_sight_of_may_be_older),
        cmocka_unit_test(test_a_watched_pause_moves_the_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
