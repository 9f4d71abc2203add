/* test_app_store_act.c: the exact requests of every verb of the App Store, what refusals and lost
 * answers become, and what the offers promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "sources/app_store.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_app_store;

#define ACCOUNT "id: apple\nkind: app_store\nkey_id: 2X9R4HXF34\nkey_file: /nowhere/key.p8\n"
#define IOS     "source: apple\nbundle_id: com.acme.app\n"

#define PATCH_LINE "PATCH /v1/appStoreVersionPhasedReleases/p2"
#define SET(state)                                                                                 \
    "{\"data\":{\"type\":\"appStoreVersionPhasedReleases\",\"id\":\"p2\",\"attributes\":{"         \
    "\"phasedReleaseState\":\"" state "\"}}}"
#define PATCH(state)                                                                               \
    {                                                                                              \
        .request = PATCH_LINE, .body = SET(state), .status = 200, .reply = SET(state)              \
    }
#define POST_LINE "POST /v1/appStoreVersionReleaseRequests"
#define POST_BODY                                                                                  \
    "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\",\"relationships\":{"                   \
    "\"appStoreVersion\":{\"data\":{\"type\":\"appStoreVersions\",\"id\":\"v2\"}}}}}"
#define READ_PHASE "GET /v1/appStoreVersions/v2/appStoreVersionPhasedRelease"
#define READ_VERSION                                                                               \
    "GET /v1/appStoreVersions/v2?fields%5BappStoreVersions%5D=appVersionState,appStoreState"
#define REFUSED(detail)                                                                            \
    "{\"errors\":[{\"status\":\"409\",\"code\":\"ENTITY_ERROR.ATTRIBUTE.INVALID\",\"title\":"      \
    "\"The attribute is invalid\",\"detail\":\"" detail "\"}]}"

/* ------------------------------------------------------------------- scene */

struct scene {
    struct sw_flow *flow;
    struct sw_rollout before;
    struct sw_act act;
};

static void scene_init(struct scene *scene, enum sw_verb verb, const char *state, const char *phase)
{
    char handle[512];
    *scene = (struct scene){.flow = flow_new(&sw_source_app_store, ACCOUNT)};
    flow_add_target(scene->flow, SW_ROLE_ROLLOUT, IOS);
    flow_set_action(scene->flow, true);
    sw_format(handle, sizeof(handle),
              "{\"v\":1,\"bundle\":\"com.acme.app\",\"app\":\"148\",\"versions\":[{\"id\":\"v3\","
              "\"state\":\"IN_REVIEW\",\"phase_id\":\"\",\"phase\":\"\"},{\"id\":\"v2\",\"state\":"
              "\"%s\",\"phase_id\":\"%s\",\"phase\":\"%s\"}]}",
              state, phase[0] ? "p2" : "", phase);
    sw_copy(scene->before.identity, sizeof(scene->before.identity), "v2");
    sw_copy(scene->before.version, sizeof(scene->before.version), "4.12.0");
    scene->before.handle = sw_xstrdup(handle);
    scene->before.state = asc_class_of(state) == ASC_RELEASABLE ? SW_STATE_READY : SW_STATE_ROLLING;
    scene->act = (struct sw_act){.verb = verb, .before = &scene->before};
}

static void scene_clear(struct scene *scene)
{
    flow_free(scene->flow);
    sw_rollout_clear(&scene->before);
}

static enum sw_code scene_act(struct scene *scene, const struct flow_step *steps, size_t count,
                              struct sw_error *err)
{
    flow_script(scene->flow, steps, count);
    enum sw_code code = flow_act(scene->flow, &scene->act, err);
    if (flow_mismatch(scene->flow))
        fail_msg("%s", flow_mismatch(scene->flow));
    return code;
}

#define LIVE  "READY_FOR_DISTRIBUTION"
#define READY "PENDING_DEVELOPER_RELEASE"

/* ------------------------------------------------------------------- verbs */

struct verb_case {
    const char *what;
    enum sw_verb verb;
    double to_percent;
    const char *state, *phase;
    struct flow_step step; /* request NULL: nothing is sent */
    enum sw_code code;
    const char *text;
};

static const struct verb_case verb_cases[] = {
    {"halt", SW_VERB_HALT, 0, LIVE, "ACTIVE", PATCH("PAUSED"), SW_OK, NULL},
    {"halt before the first day", SW_VERB_HALT, 0, LIVE, "INACTIVE", PATCH("PAUSED"), SW_OK, NULL},
    {"halt of a phase word never seen", SW_VERB_HALT, 0, LIVE, "SLOWED", PATCH("PAUSED"), SW_OK,
     NULL},
    {"halt of a halted one", SW_VERB_HALT, 0, LIVE, "PAUSED", {0}, SW_OK, NULL},
    {"halt of a complete one",
     SW_VERB_HALT,
     0,
     LIVE,
     "COMPLETE",
     {0},
     SW_E_CONFLICT,
     "NOT HALTED: the phased release of 4.12.0 is complete"},
    {"halt without a phase",
     SW_VERB_HALT,
     0,
     LIVE,
     "",
     {0},
     SW_E_CONFLICT,
     "NOT HALTED: version 4.12.0 has no phased release"},
    {"resume", SW_VERB_RESUME, 0, LIVE, "PAUSED", PATCH("ACTIVE"), SW_OK, NULL},
    {"resume of an active one", SW_VERB_RESUME, 0, LIVE, "ACTIVE", {0}, SW_OK, NULL},
    {"complete", SW_VERB_COMPLETE, 0, LIVE, "ACTIVE", PATCH("COMPLETE"), SW_OK, NULL},
    {"complete of a halted one",
     SW_VERB_COMPLETE,
     0,
     LIVE,
     "PAUSED",
     {0},
     SW_E_CONFLICT,
     "resume it first"},
    {"complete of a complete one", SW_VERB_COMPLETE, 0, LIVE, "COMPLETE", {0}, SW_OK, NULL},
    {"advance from READY releases",
     SW_VERB_ADVANCE,
     1,
     READY,
     "INACTIVE",
     {.request = POST_LINE,
      .body = POST_BODY,
      .status = 201,
      .reply = "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\",\"id\":\"r\"}}"},
     SW_OK,
     NULL},
    {"advance to 100 is complete", SW_VERB_ADVANCE, 100, LIVE, "ACTIVE", PATCH("COMPLETE"), SW_OK,
     NULL},
    {"advance to another percent",
     SW_VERB_ADVANCE,
     50,
     LIVE,
     "ACTIVE",
     {0},
     SW_E_CONFLICT,
     "takes no percent"},
    {"advance to 100 of a halted one",
     SW_VERB_ADVANCE,
     100,
     LIVE,
     "PAUSED",
     {0},
     SW_E_CONFLICT,
     "takes no percent"},
    {"roll back", SW_VERB_ROLLBACK, 0, LIVE, "ACTIVE", {0}, SW_E_UNSUPPORTED, "no roll back"},
};

static void test_verbs(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(verb_cases); i++) {
        const struct verb_case *c = &verb_cases[i];
        struct scene scene;
        struct sw_error err = {0};
        scene_init(&scene, c->verb, c->state, c->phase);
        if (c->to_percent > 0)
            scene.act.to_percent = (struct sw_value){c->to_percent, true};
        flow_script(scene.flow, &c->step, c->step.request ? 1 : 0);
        enum sw_code code = flow_act(scene.flow, &scene.act, &err);
        if (flow_mismatch(scene.flow))
            fail_msg("%s: %s", c->what, flow_mismatch(scene.flow));
        if (code != c->code || (c->text && !strstr(err.text, c->text)))
            fail_msg("%s: %s: %s", c->what, sw_code_name(code), err.text);
        scene_clear(&scene);
    }
}

/* A halt with the last known ids does not trust the last known phase. */
static void test_a_blind_halt_is_sent_whatever_was_known(void **state)
{
    (void)state;
    static const char *const phases[] = {"ACTIVE", "PAUSED", "COMPLETE", "INACTIVE"};
    for (size_t i = 0; i < SW_ARRAY_LEN(phases); i++) {
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {PATCH("PAUSED")};
        scene_init(&scene, SW_VERB_HALT, LIVE, phases[i]);
        scene.act.is_blind = true;
        assert_int_equal(scene_act(&scene, steps, 1, &err), SW_OK);
        scene_clear(&scene);
    }
}

/* ------------------------------------------------------------------ faults */

struct fault_case {
    const char *what;
    struct flow_step patch, read; /* read.request NULL: nothing is read afterwards */
    enum sw_code code;
    const char *text;
};

#define NOW(state)                                                                                 \
    {                                                                                              \
        .request = READ_PHASE, .status = 200, .reply = SET(state)                                  \
    }

static const struct fault_case fault_cases[] = {
    {"paused already",
     {.request = PATCH_LINE,
      .body = SET("PAUSED"),
      .status = 409,
      .reply = REFUSED("The phased release already has this value")},
     NOW("PAUSED"),
     SW_OK,
     ""},
    {"paused already, as 422",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 422, .reply = "{}"},
     NOW("PAUSED"),
     SW_OK,
     ""},
    {"in a final state",
     {.request = PATCH_LINE,
      .body = SET("PAUSED"),
      .status = 409,
      .reply = REFUSED("You cannot change the state of a phased release that is in a final state")},
     NOW("COMPLETE"),
     SW_E_CONFLICT,
     "in a final state\" (409 ENTITY_ERROR.ATTRIBUTE.INVALID). The phased release is COMPLETE now"},
    {"refused, and the state cannot be read",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 409, .reply = REFUSED("No.")},
     {.request = READ_PHASE, .fail = SW_E_TIMEOUT},
     SW_E_OUTCOME_UNKNOWN,
     "setting the phased release to PAUSED: Apple says \"No.\" (409 "
     "ENTITY_ERROR.ATTRIBUTE.INVALID), and what stands there now could not be read"},
    {"paused already, and the state cannot be read",
     {.request = PATCH_LINE,
      .body = SET("PAUSED"),
      .status = 409,
      .reply = REFUSED("The phased release already has this value")},
     {.request = READ_PHASE, .status = 503, .reply = "<html>"},
     SW_E_OUTCOME_UNKNOWN,
     "could not be read"},
    {"refused, and the phase is gone",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 409, .reply = REFUSED("No.")},
     {.request = READ_PHASE, .status = 200, .reply = "{\"data\":null}"},
     SW_E_CONFLICT,
     "is gone now"},
    {"cut",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .fail = SW_E_NETWORK},
     {0},
     SW_E_OUTCOME_UNKNOWN,
     "not known"},
    {"silent",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .fail = SW_E_TIMEOUT},
     {0},
     SW_E_OUTCOME_UNKNOWN,
     "not known"},
    {"bad gateway",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 502, .reply = "<html>"},
     {0},
     SW_E_OUTCOME_UNKNOWN,
     "not known"},
    {"200 that is none",
     {.request = PATCH_LINE,
      .body = SET("PAUSED"),
      .status = 200,
      .reply = "{\"statusCode\":\"ERROR\"}"},
     {0},
     SW_E_OUTCOME_UNKNOWN,
     "not known"},
    {"200 with another state",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 200, .reply = SET("ACTIVE")},
     {0},
     SW_E_OUTCOME_UNKNOWN,
     "not known"},
    {"no right",
     {.request = PATCH_LINE,
      .body = SET("PAUSED"),
      .status = 403,
      .reply = "{\"errors\":[{\"code\":\"FORBIDDEN_ERROR\",\"title\":\"no\"}]}"},
     {0},
     SW_E_DENIED,
     "NOT HALTED"},
    {"gone",
     {.request = PATCH_LINE, .body = SET("PAUSED"), .status = 404, .reply = "{}"},
     {0},
     SW_E_NOT_FOUND,
     "NOT HALTED"},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(fault_cases); i++) {
        const struct fault_case *c = &fault_cases[i];
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {c->patch, c->read};
        scene_init(&scene, SW_VERB_HALT, LIVE, "ACTIVE");
        flow_script(scene.flow, steps, c->read.request ? 2 : 1);
        enum sw_code code = flow_act(scene.flow, &scene.act, &err);
        if (flow_mismatch(scene.flow))
            fail_msg("%s: %s", c->what, flow_mismatch(scene.flow));
        if (code != c->code || !strstr(err.text, c->text))
            fail_msg("%s: %s: %s", c->what, sw_code_name(code), err.text);
        scene_clear(&scene);
    }
}

static void test_a_refused_release_is_judged_by_the_state(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum sw_code code;
    } cases[] = {{"PROCESSING_FOR_DISTRIBUTION", SW_OK},
                 {"READY_FOR_DISTRIBUTION", SW_OK},
                 {"PENDING_APPLE_RELEASE", SW_E_CONFLICT},
                 {"REJECTED", SW_E_CONFLICT}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char now[256];
        struct scene scene;
        struct sw_error err = {0};
        sw_format(now, sizeof(now),
                  "{\"data\":{\"id\":\"v2\",\"attributes\":{\"appVersionState\":\"%s\"}}}",
                  cases[i].word);
        const struct flow_step steps[] = {
            {.request = POST_LINE, .body = POST_BODY, .status = 409, .reply = REFUSED("No.")},
            {.request = READ_VERSION, .status = 200, .reply = now}};
        scene_init(&scene, SW_VERB_ADVANCE, READY, "INACTIVE");
        assert_int_equal(scene_act(&scene, steps, 2, &err), cases[i].code);
        if (cases[i].code != SW_OK)
            assert_non_null(strstr(err.text, cases[i].word));
        scene_clear(&scene);
    }
}

static void test_a_lost_release_request_is_unknown(void **state)
{
    (void)state;
    static const struct flow_step steps[][2] = {
        {{.request = POST_LINE, .body = POST_BODY, .fail = SW_E_TIMEOUT}},
        {{.request = POST_LINE, .body = POST_BODY, .status = 409, .reply = REFUSED("No.")},
         {.request = READ_VERSION, .fail = SW_E_TIMEOUT}},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(steps); i++) {
        struct scene scene;
        struct sw_error err = {0};
        scene_init(&scene, SW_VERB_ADVANCE, READY, "INACTIVE");
        assert_int_equal(scene_act(&scene, steps[i], i + 1, &err), SW_E_OUTCOME_UNKNOWN);
        scene_clear(&scene);
    }
}

static void test_ids_from_the_cache_are_checked(void **state)
{
    (void)state;
    static const char *const handles[] = {
        "{\"v\":1,\"bundle\":\"com.acme.app\",\"app\":\"148\",\"versions\":[{\"id\":\"v2\","
        "\"state\":\"" LIVE "\",\"phase_id\":\"../../apps/1\",\"phase\":\"ACTIVE\"}]}",
        "{\"v\":1,\"bundle\":\"com.evil\",\"app\":\"148\",\"versions\":[{\"id\":\"v2\","
        "\"state\":\"" LIVE "\",\"phase_id\":\"p2\",\"phase\":\"ACTIVE\"}]}",
        "{\"v\":1,\"bundle\":\"com.acme.app\",\"app\":\"148\",\"versions\":[{\"id\":\"v9\","
        "\"state\":\"" LIVE "\",\"phase_id\":\"p2\",\"phase\":\"ACTIVE\"}]}",
        "{\"v\":1,\"bundle\":\"com.acme.app\",\"app\":\"1/8\",\"versions\":[]}",
        "{",
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(handles); i++) {
        struct scene scene;
        struct sw_error err = {0};
        scene_init(&scene, SW_VERB_HALT, LIVE, "ACTIVE");
        sw_rollout_clear(&scene.before);
        sw_copy(scene.before.identity, sizeof(scene.before.identity), "v2");
        scene.before.handle = sw_xstrdup(handles[i]);
        assert_int_equal(scene_act(&scene, NULL, 0, &err), SW_E_CONFLICT);
        assert_non_null(strstr(err.text, "Nothing was sent"));
        scene_clear(&scene);
    }
}

static void test_dry_run(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step halt[] = {PATCH("PAUSED")};
    const struct flow_step release[] = {
        {.request = POST_LINE, .body = POST_BODY, .status = 201, .reply = "{}"}};
    scene_init(&scene, SW_VERB_HALT, LIVE, "ACTIVE");
    flow_set_dry_run(scene.flow, true);
    assert_int_equal(scene_act(&scene, halt, 1, &err), SW_OK);
    scene_clear(&scene);
    scene_init(&scene, SW_VERB_ADVANCE, READY, "INACTIVE");
    flow_set_dry_run(scene.flow, true);
    assert_int_equal(scene_act(&scene, release, 1, &err), SW_OK);
    scene_clear(&scene);
}

/* -------------------------------------------------------------------- seen */

static void test_seen(void **state)
{
    (void)state;
    static const struct {
        enum sw_verb verb;
        const char *before, *state, *phase;
        bool is_seen;
    } cases[] = {
        {SW_VERB_HALT, LIVE, LIVE, "PAUSED", true},
        {SW_VERB_HALT, LIVE, LIVE, "ACTIVE", false},
        {SW_VERB_HALT, LIVE, LIVE, "COMPLETE", false},
        {SW_VERB_RESUME, LIVE, LIVE, "ACTIVE", true},
        {SW_VERB_RESUME, LIVE, LIVE, "PAUSED", false},
        {SW_VERB_COMPLETE, LIVE, LIVE, "COMPLETE", true},
        {SW_VERB_COMPLETE, LIVE, LIVE, "ACTIVE", false},
        {SW_VERB_ADVANCE, READY, "PROCESSING_FOR_DISTRIBUTION", "INACTIVE", true},
        {SW_VERB_ADVANCE, READY, LIVE, "ACTIVE", true},
        {SW_VERB_ADVANCE, READY, READY, "INACTIVE", false},
        {SW_VERB_ADVANCE, LIVE, LIVE, "ACTIVE", false},
        {SW_VERB_ADVANCE, LIVE, LIVE, "COMPLETE", true},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene asked, later;
        scene_init(&asked, cases[i].verb, cases[i].before, "ACTIVE");
        scene_init(&later, cases[i].verb, cases[i].state, cases[i].phase);
        /* The platform may show the next version by now: the id counts. */
        sw_copy(later.before.identity, sizeof(later.before.identity), "v3");
        if (sw_source_app_store.is_seen(&asked.act, &later.before) != cases[i].is_seen)
            fail_msg("case %zu", i);
        assert_false(sw_source_app_store.is_seen(&asked.act, &(struct sw_rollout){0}));
        scene_clear(&asked);
        scene_clear(&later);
    }
}

/* ------------------------------------------------------------------ offers */

struct offer_case {
    enum sw_state state;
    const char *raw;
    bool has_phase;
    const char *possible; /* letters of the verbs: H R A C B */
};

static const struct offer_case offer_cases[] = {
    {SW_STATE_ROLLING, LIVE ", ACTIVE day 3", true, "HC"},
    {SW_STATE_ROLLING, LIVE ", INACTIVE", true, "H"},
    {SW_STATE_ROLLING, "PROCESSING_FOR_DISTRIBUTION, INACTIVE", true, "H"},
    {SW_STATE_ROLLING, "PROCESSING_FOR_DISTRIBUTION", false, ""},
    {SW_STATE_HALTED, LIVE ", PAUSED day 3", true, "HR"},
    {SW_STATE_COMPLETE, LIVE, false, ""},
    {SW_STATE_COMPLETE, LIVE ", COMPLETE", true, ""},
    {SW_STATE_READY, READY, false, "A"},
    {SW_STATE_READY, READY ", INACTIVE", true, "A"},
    {SW_STATE_READY, "PENDING_APPLE_RELEASE", false, ""},
    {SW_STATE_READY, "PENDING_CONTRACT", false, ""},
    {SW_STATE_IN_REVIEW, "IN_REVIEW", false, ""},
    {SW_STATE_BUILDING, "PREPARE_FOR_SUBMISSION", false, ""},
    {SW_STATE_FAILED, "REJECTED", false, ""},
    {SW_STATE_NONE, "no version", false, ""},
    {SW_STATE_UNKNOWN, LIVE ", SLOWED", true, "H"},
    {SW_STATE_UNKNOWN, "UNDER_APPEAL", false, ""},
};

static void offer_of(const struct offer_case *c, enum sw_verb verb, struct sw_source_offer *offer)
{
    struct sw_target target = {.platform_id = "ios"};
    struct sw_rollout rollout = {.state = c->state, .percent_set = {5, true}};
    sw_copy(rollout.raw_state, sizeof(rollout.raw_state), c->raw);
    sw_copy(rollout.version, sizeof(rollout.version), "4.12.0");
    sw_copy(rollout.identity, sizeof(rollout.identity), "v2");
    if (c->has_phase) {
        rollout.pause_days_used = (struct sw_value){3, true};
        rollout.pause_days_total = (struct sw_value){30, true};
    }
    sw_source_app_store.offer(&target, &rollout, verb, offer);
}

static void test_offers(void **state)
{
    (void)state;
    static const enum sw_verb verbs[] = {SW_VERB_HALT, SW_VERB_RESUME, SW_VERB_ADVANCE,
                                         SW_VERB_COMPLETE, SW_VERB_ROLLBACK};
    for (size_t i = 0; i < SW_ARRAY_LEN(offer_cases); i++) {
        for (size_t k = 0; k < SW_ARRAY_LEN(verbs); k++) {
            struct sw_source_offer offer;
            offer_of(&offer_cases[i], verbs[k], &offer);
            bool is_expected = strchr(offer_cases[i].possible, "HRACB"[k]) != NULL;
            if (offer.is_possible != is_expected)
                fail_msg("%s in %s: %s", sw_verb_name(verbs[k]), offer_cases[i].raw, offer.reason);
            assert_true((offer.effect[0] != '\0') == offer.is_possible);
            assert_true((offer.reason[0] == '\0') == offer.is_possible);
        }
    }
}

static void test_offer_says_what_happens(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    offer_of(&offer_cases[0], SW_VERB_HALT, &offer);
    assert_string_equal(offer.effect,
                        "Apple widens the automatic updates to 4.12.0 no further than 5% of those "
                        "who have them on. Pause budget: 3 of 30 days used, 27 left.");
    assert_string_equal(offer.will_not,
                        "It keeps nobody from 4.12.0: new installs and updates by hand get it all "
                        "the same, and who has it keeps it.");
    offer_of(&offer_cases[0], SW_VERB_ADVANCE, &offer);
    assert_non_null(strstr(offer.reason, "1, 2, 5, 10, 20, 50, 100%"));
    offer_of(&offer_cases[0], SW_VERB_ROLLBACK, &offer);
    assert_non_null(strstr(offer.reason, "Apple has no roll back"));
    offer_of(&offer_cases[7], SW_VERB_ADVANCE, &offer);
    assert_non_null(strstr(offer.effect, "to EVERYBODY at once"));
    assert_true(offer.to_percent.is_known && offer.to_percent.value == 100);
    offer_of(&offer_cases[8], SW_VERB_ADVANCE, &offer);
    assert_true(offer.to_percent.is_known && offer.to_percent.value == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_a_blind_halt_is_sent_whatever_was_known),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_a_refused_release_is_judged_by_the_state),
        cmocka_unit_test(test_a_lost_release_request_is_unknown),
        cmocka_unit_test(test_ids_from_the_cache_are_checked),
        cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_offer_says_what_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
