/* test_app_store_flight.c: two versions in flight, how one will go out, and pauses watched from one
 * reading to the next. */
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

static void page(char *out, size_t size, const char *data, const char *included)
{
    sw_format(out, size, "{\"data\":[%s],\"included\":[%s],\"links\":{\"self\":\"x\"}}", data,
              included);
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
        cmocka_unit_test(test_the_other_version_in_flight_is_told),
        cmocka_unit_test(test_the_offer_names_the_release_it_ends),
        cmocka_unit_test(test_how_a_version_will_go_out),
        cmocka_unit_test(test_a_pause_is_watched_from_its_beginning),
        cmocka_unit_test(test_a_pause_found_or_lost_sight_of_may_be_older),
        cmocka_unit_test(test_a_watched_pause_moves_the_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
