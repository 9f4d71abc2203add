/* test_app_store_beside.c: whether the app is on sale, and what a failure beside the versions does.
 */
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
    assert_int_equal(scene_poll_code(&scene, endless, SW_ARRAY_LEN(endless), &err), SW_E_LIMIT);
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
        enum sw_code code = scene_poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err);
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
    assert_int_equal(scene_poll_code(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_QUOTA);
    assert_int_equal(scene.last.state, SW_STATE_ROLLING);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
