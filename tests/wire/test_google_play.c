/* test_google_play.c: the exact requests of Google Play's poll, and what its replies mean.
 * The verbs are in test_google_play_act.c. */
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
#define PHONE   "source: play\npackage: com.acme.app\ntrack: production\n"
#define WEAR    "source: play\npackage: com.acme.app\ntrack: \"wear:production\"\n"
#define APP     "/androidpublisher/v3/applications/com.acme.app"
#define LIFE    "RELEASE_LIFECYCLE_STATE_"

static const int64_t now = INT64_C(1768899600000);

/* A poll that reads an edit. */
#define STEP(line, json)                                                                           \
    {                                                                                              \
        .request = line, .status = 200, .reply = json                                              \
    }
#define LIVES(json) STEP("GET " APP "/tracks/production/releases", json)
#define INSERT                                                                                     \
    {                                                                                              \
        .request = "POST " APP "/edits", .body = "{}", .status = 200,                              \
        .reply = "{\"id\":\"17\",\"expiryTimeSeconds\":\"1768903200\"}"                            \
    }
#define TRACKS(json) STEP("GET " APP "/edits/17/tracks", json)
#define DROP                                                                                       \
    {                                                                                              \
        .request = "DELETE " APP "/edits/17", .status = 204                                        \
    }

static void check_script(const struct sw_flow *flow)
{
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
}

static const struct sw_rollout *observe(struct sw_flow *flow, const struct flow_step *steps,
                                        size_t count)
{
    struct sw_error err = {0};
    flow_script(flow, steps, count);
    enum sw_code code = flow_observe(flow, &err);
    check_script(flow);
    if (code != SW_OK)
        fail_msg("observe: %s", err.text);
    const struct sw_rollout *rollout = flow_rollout(flow, 0);
    assert_non_null(rollout);
    return rollout;
}

/* ------------------------------------------------------------- state table */

struct state_case {
    const char *what;
    const char *releases; /* of the edit's track */
    const char *lives;    /* of the review states; NULL: {} */
    enum sw_state state;
    const char *raw, *version, *build, *previous;
    double percent;   /* -1: unknown */
    const char *note; /* a part; NULL: no note */
};

#define R(code, name, status, more)                                                                \
    "{\"name\":\"" name "\",\"versionCodes\":[\"" code "\"],\"status\":\"" status "\"" more "}"
#define F(fraction) ",\"userFraction\":" fraction
#define L(code, state)                                                                             \
    "{\"releaseName\":\"x\",\"track\":\"production\",\"activeArtifacts\":[{\"versionCode\":" code  \
    "}],\"releaseLifecycleState\":\"" LIFE state "\"}"

static const struct state_case state_cases[] = {
    {"a fraction next to the whole is not the whole",
     R("41200", "4.12.0", "inProgress", F("0.9999999999")), NULL, SW_STATE_ROLLING, "inProgress",
     "4.12.0", "41200", "", 99.999999, NULL},
    {"a fraction next to nothing is not nothing",
     R("41200", "4.12.0", "inProgress", F("0.0000000001")), NULL, SW_STATE_ROLLING, "inProgress",
     "4.12.0", "41200", "", 1e-6, NULL},
    {"no release at all", "", NULL, SW_STATE_NONE, "no release", "", "", "", -1, NULL},
    {"staged",
     R("41200", "4.12.0", "inProgress", F("0.2")) "," R("41102", "4.11.2", "completed", ""),
     L("41200", "PUBLISHED") "," L("41102", "PUBLISHED"), SW_STATE_ROLLING, "inProgress", "4.12.0",
     "41200", "4.11.2", 20, NULL},
    {"staged, nothing told of reviews",
     R("41200", "4.12.0", "inProgress", F("0.0005")) "," R("41102", "4.11.2", "completed", ""),
     NULL, SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "4.11.2", 0.05, NULL},
    {"a fraction without binary noise", R("41200", "4.12.0", "inProgress", F("0.07")), NULL,
     SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 7, NULL},
    {"halted with fraction",
     R("41200", "4.12.0", "halted", F("0.2")) "," R("41102", "4.11.2", "completed", ""),
     L("41200", "PUBLISHED"), SW_STATE_HALTED, "halted", "4.12.0", "41200", "4.11.2", 20, NULL},
    {"halted at 100: rolled back",
     R("41200", "4.12.0", "halted", "") "," R("41102", "4.11.2", "completed", ""),
     L("41200", "PUBLISHED"), SW_STATE_ROLLED_BACK, "halted", "4.12.0", "41200", "4.11.2", 0, NULL},
    {"halted without fraction or fallback", R("41200", "4.12.0", "halted", ""), NULL,
     SW_STATE_HALTED, "halted", "4.12.0", "41200", "", -1, NULL},
    {"complete", R("41200", "4.12.0", "completed", ""), L("41200", "PUBLISHED"), SW_STATE_COMPLETE,
     "completed", "4.12.0", "41200", "", 100, NULL},
    {"an old halted release does not hide the completed one",
     R("41200", "4.12.0", "completed", "") "," R("41102", "4.11.2", "halted", F("0.1")), NULL,
     SW_STATE_COMPLETE, "completed", "4.12.0", "41200", "", 100, NULL},
    {"draft over a completed one",
     R("41200", "4.12.0", "draft", "") "," R("41102", "4.11.2", "completed", ""), NULL,
     SW_STATE_READY, "draft", "4.12.0", "41200", "4.11.2", 0, NULL},
    {"draft, said twice",
     R("41200", "4.12.0", "draft", "") "," R("41102", "4.11.2", "completed", ""),
     L("41200", "DRAFT"), SW_STATE_READY, "draft", "4.12.0", "41200", "4.11.2", 0, NULL},
    {"a draft never hides what is rolling",
     R("41300", "4.13.0", "draft", "") "," R("41200", "4.12.0", "inProgress", F("0.5")), NULL,
     SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 50, "41300 is in the track too: draft"},
    {"nor does a newer halted one",
     R("41201", "4.12.1", "halted", F("0.05")) "," R("41200", "4.12.0", "inProgress", F("0.5")),
     NULL, SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 50,
     "41201 is in the track too: halted at 5%"},
    {"in review",
     R("41200", "4.12.0", "inProgress", F("0.05")) "," R("41102", "4.11.2", "completed", ""),
     L("41200", "IN_REVIEW") "," L("41102", "PUBLISHED"), SW_STATE_IN_REVIEW,
     "inProgress, IN_REVIEW", "4.12.0", "41200", "4.11.2", 0,
     "Google is reviewing it; then it is to start at 5%"},
    {"complete in the edit, in review in truth",
     R("41200", "4.12.0", "completed", "") "," R("41102", "4.11.2", "completed", ""),
     L("41200", "IN_REVIEW") "," L("41102", "PUBLISHED"), SW_STATE_IN_REVIEW,
     "completed, IN_REVIEW", "4.12.0", "41200", "4.11.2", 0, "start at 100%"},
    {"managed publishing waits", R("41200", "4.12.0", "inProgress", F("0.05")),
     L("41200", "APPROVED_NOT_PUBLISHED"), SW_STATE_READY, "inProgress, APPROVED_NOT_PUBLISHED",
     "4.12.0", "41200", "", 0, "a person must publish it in the Play Console"},
    {"not sent for review", R("41200", "4.12.0", "inProgress", F("0.05")),
     L("41200", "NOT_SENT_FOR_REVIEW"), SW_STATE_READY, "inProgress, NOT_SENT_FOR_REVIEW", "4.12.0",
     "41200", "", 0, "a person must send it for review"},
    {"rejected", R("41200", "4.12.0", "inProgress", F("0.05")), L("41200", "NOT_APPROVED"),
     SW_STATE_FAILED, "inProgress, NOT_APPROVED", "4.12.0", "41200", "", 0, "did not approve it"},
    {"a halt that waits for a person is not a halt",
     R("41200", "4.12.0", "halted", F("0.2")) "," R("41102", "4.11.2", "completed", ""),
     L("41200", "NOT_SENT_FOR_REVIEW"), SW_STATE_ROLLING, "halted, NOT_SENT_FOR_REVIEW", "4.12.0",
     "41200", "4.11.2", 20, "THE HALT IS NOT LIVE: a person must send it for review"},
    {"a halt of 100 that waits", R("41200", "4.12.0", "halted", ""), L("41200", "IN_REVIEW"),
     SW_STATE_COMPLETE, "halted, IN_REVIEW", "4.12.0", "41200", "", 100, "THE HALT IS NOT LIVE"},
    {"a change in review of a published release", R("41200", "4.12.0", "inProgress", F("0.5")),
     L("41200", "PUBLISHED") "," L("41200", "IN_REVIEW"), SW_STATE_ROLLING, "inProgress, IN_REVIEW",
     "4.12.0", "41200", "", 50, "a change to it waits: Google is reviewing it"},
    {"a completion in review", R("41200", "4.12.0", "completed", ""),
     L("41200", "PUBLISHED") "," L("41200", "IN_REVIEW"), SW_STATE_ROLLING, "completed, IN_REVIEW",
     "4.12.0", "41200", "", -1, "a change to it waits"},
    {"a status never seen", R("41200", "4.12.0", "paused", F("0.2")), NULL, SW_STATE_UNKNOWN,
     "paused", "4.12.0", "41200", "", -1, NULL},
    {"a review state never seen", R("41200", "4.12.0", "inProgress", F("0.2")),
     L("41200", "UNDER_APPEAL"), SW_STATE_UNKNOWN, "inProgress, UNDER_APPEAL", "4.12.0", "41200",
     "", -1, NULL},
    {"several APKs: the highest code is the identity",
     "{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\",\"1041200\",\"2041200\"],"
     "\"status\":\"inProgress\",\"userFraction\":0.1}",
     NULL, SW_STATE_ROLLING, "inProgress", "4.12.0", "2041200", "", 10, NULL},
    {"numbers where Google writes text, and text where it writes numbers",
     "{\"name\":\"4.12.0\",\"versionCodes\":[41200],\"status\":\"inProgress\",\"userFraction\":0."
     "1}",
     L("\"41200\"", "PUBLISHED"), SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 10, NULL},
    {"two releases of one name are told apart by code",
     R("41200", "Spring", "inProgress", F("0.1")) "," R("41102", "Spring", "completed", ""),
     L("41200", "PUBLISHED") "," L("41102", "PUBLISHED"), SW_STATE_ROLLING, "inProgress", "Spring",
     "41200", "Spring", 10, NULL},
    {"a status that says nothing", R("41200", "4.12.0", "statusUnspecified", ""), NULL,
     SW_STATE_UNKNOWN, "statusUnspecified", "4.12.0", "41200", "", -1, NULL},
    {"a share of some countries only",
     R("41200", "4.12.0", "inProgress",
       F("0.2") ",\"countryTargeting\":{\"countries\":[\"NZ\",\"FI\"],\"includeRestOfWorld\":"
                "false}"),
     L("41200", "PUBLISHED"), SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 20,
     "the percent is of the users in 2 countries"},
    {"countries and the rest of the world",
     R("41200", "4.12.0", "inProgress",
       F("0.2") ",\"countryTargeting\":{\"countries\":[\"NZ\"],\"includeRestOfWorld\":true}"),
     L("41200", "PUBLISHED"), SW_STATE_ROLLING, "inProgress", "4.12.0", "41200", "", 20, NULL},
    {"a name with a build in it", R("2025011401", "2.15.3 (20250114.1)", "inProgress", F("0.2")),
     NULL, SW_STATE_ROLLING, "inProgress", "2.15.3", "2025011401", "", 20, NULL},
    {"no name", "{\"versionCodes\":[\"7\"],\"status\":\"completed\"}", NULL, SW_STATE_COMPLETE,
     "completed", "", "7", "", 100, NULL},
    {"hostile text", R("7", "4.0.0\\u001b[2J", "completed", ""), NULL, SW_STATE_COMPLETE,
     "completed", "4.0.0\xEF\xBF\xBD[2J", "7", "", 100, NULL},
};

static void check_state(const struct state_case *c)
{
    char tracks[4096], lives[2048];
    sw_format(tracks, sizeof(tracks),
              "{\"kind\":\"androidpublisher#tracksListResponse\",\"tracks\":[{\"track\":\"beta\"},"
              "{\"track\":\"production\",\"releases\":[%s]}]}",
              c->releases);
    sw_format(lives, sizeof(lives), "{\"releases\":[%s]}", c->lives ? c->lives : "");
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    const struct flow_step steps[] = {LIVES(c->lives ? lives : "{}"), INSERT, TRACKS(tracks), DROP};
    const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
    if (r->state != c->state || strcmp(r->raw_state, c->raw) != 0)
        fail_msg("%s: %s \"%s\"", c->what, sw_state_name(r->state), r->raw_state);
    assert_string_equal(r->version, c->version);
    assert_string_equal(r->build, c->build);
    assert_string_equal(r->identity, c->build);
    assert_string_equal(r->previous_version, c->previous);
    if (r->percent_set.is_known != (c->percent >= 0) ||
        (c->percent >= 0 && r->percent_set.value != c->percent))
        fail_msg("%s: percent %g, known %d", c->what, r->percent_set.value,
                 r->percent_set.is_known);
    if (c->note ? !strstr(r->note, c->note) : r->note[0])
        fail_msg("%s: note \"%s\"", c->what, r->note);
    assert_string_equal(r->place, "Play, track production");
    assert_int_equal(r->observed_at_ms, now);
    assert_int_equal(r->true_for_ms, now);
    flow_free(flow);
}

static void test_state_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(state_cases); i++)
        check_state(&state_cases[i]);
}

/* ---------------------------------------------- halts, neighbours, testing tracks */

/* Reads production with these releases and lives beside these other tracks. */
static const struct sw_rollout *read_beside(struct sw_flow *flow, const char *releases,
                                            const char *lives, const char *others)
{
    char tracks[4096], list[2048];
    sw_format(tracks, sizeof(tracks), "{\"tracks\":[%s{\"track\":\"production\"%s%s%s}]}", others,
              releases[0] ? ",\"releases\":[" : "", releases, releases[0] ? "]" : "");
    sw_format(list, sizeof(list), "{\"releases\":[%s]}", lives);
    const struct flow_step steps[] = {LIVES(list), INSERT, TRACKS(tracks), DROP};
    return observe(flow, steps, SW_ARRAY_LEN(steps));
}

static struct sw_flow *phone(void)
{
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    return flow;
}

static void test_a_halt_that_waits_says_for_whom(void **state)
{
    (void)state;
    static const struct {
        const char *life;
        enum sw_halt_wait wait;
        const char *note;
    } cases[] = {
        {"PUBLISHED", SW_HALT_WAIT_NONE, ""},
        {"IN_REVIEW", SW_HALT_WAIT_REVIEW, "Google is reviewing it"},
        {"NOT_SENT_FOR_REVIEW", SW_HALT_WAIT_HAND, "send it for review in the Play Console"},
        {"APPROVED_NOT_PUBLISHED", SW_HALT_WAIT_HAND, "publish it in the Play Console"},
        {"NOT_APPROVED", SW_HALT_WAIT_HAND, "did not approve it"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char lives[400];
        struct sw_flow *flow = phone();
        sw_format(lives, sizeof(lives), L("41200", "%s"), cases[i].life);
        const struct sw_rollout *r =
            read_beside(flow, R("41200", "4.12.0", "halted", F("0.2")), lives, "");
        assert_int_equal(r->halt_wait, cases[i].wait);
        if (!strstr(r->halt_wait_note, cases[i].note))
            fail_msg("%s: %s", cases[i].life, r->halt_wait_note);
        assert_int_equal(r->halt_wait_note[0] != '\0', cases[i].wait != SW_HALT_WAIT_NONE);
        flow_free(flow);
    }
}

static void test_two_releases_in_flight_are_both_told(void **state)
{
    (void)state;
    struct sw_flow *flow = phone();
    const struct sw_rollout *r = read_beside(
        flow,
        R("41201", "4.12.1", "halted", F("0.05")) "," R("41200", "4.12.0", "inProgress", F("0.5")),
        "", "");
    assert_string_equal(r->identity, "41200");
    assert_string_equal(r->other.version, "4.12.1");
    assert_string_equal(r->other.build, "41201");
    assert_int_equal(r->other.state, SW_STATE_HALTED);
    assert_string_equal(r->other.raw_state, "halted");
    assert_true(r->other.percent_set.is_known && r->other.percent_set.value == 5);
    r = read_beside(flow, R("41200", "4.12.0", "inProgress", F("0.5")), "", "");
    assert_string_equal(r->other.version, "");
    flow_free(flow);
}

#define ON(track, releases) "{\"track\":\"" track "\",\"releases\":[" releases "]},"

static void test_testing_tracks_say_where_a_version_stands(void **state)
{
    (void)state;
    struct sw_flow *flow = phone();
    const struct sw_rollout *r = read_beside(
        flow, R("41200", "4.12.0", "inProgress", F("0.2")), "",
        ON("qa", R("41201", "4.12.1", "completed", ""))
            ON("beta", R("41201", "4.12.1", "completed", "") "," R("41200", "4.12.0", "completed", ""))
                ON("alpha", R("41201", "4.12.1", "inProgress", F("0.2")))
                    ON("beta2", R("41000", "4.10.0", "completed", ""))
                        ON("wear:beta", R("900", "0.9.0", "completed", "")));
    assert_int_equal(r->state, SW_STATE_ROLLING);
    const struct flow_reports *reports = flow_reports(flow);
    assert_int_equal(reports->builds_count, 1);
    assert_int_equal(reports->builds[0].count, 2); /* not the old one, not the watch's */
    const struct sw_build_seen *b = reports->builds[0].items;
    assert_string_equal(b[0].version, "4.12.1");
    assert_string_equal(b[0].build, "41201");
    assert_string_equal(b[0].internal, "qa completed");
    assert_string_equal(b[0].external, "beta completed, alpha in progress at 20%");
    assert_int_equal(b[0].observed_at_ms, now);
    assert_string_equal(b[1].build, "41200");
    assert_string_equal(b[1].external, "beta completed");
    flow_free(flow);
}

/* Not NONE: it exists, where testers have it. */
static void test_a_release_on_a_testing_track_alone_is_testing(void **state)
{
    (void)state;
    static struct sw_rollout last;
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    const struct sw_rollout *r =
        read_beside(flow, "", "", ON("beta", R("41201", "4.12.1", "completed", "")));
    assert_int_equal(r->state, SW_STATE_TESTING);
    assert_string_equal(r->raw_state, "no release; beta completed");
    assert_string_equal(r->version, "4.12.1");
    assert_string_equal(r->identity, "41201");
    assert_true(r->percent_set.is_known && r->percent_set.value == 0);
    sw_rollout_copy(&last, r);
    target->rollout = &last;
    const struct flow_step carried[] = {LIVES("{}")}; /* no edit is due: it stays testing */
    flow_set_now(flow, now + 60000);
    r = observe(flow, carried, 1);
    assert_int_equal(r->state, SW_STATE_TESTING);
    struct sw_source_offer offer;
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        sw_source_google_play.offer(target, r, (enum sw_verb)verb, &offer);
        assert_false(offer.is_possible);
    }
    target->rollout = NULL;
    sw_rollout_clear(&last);
    flow_free(flow);
    flow = phone(); /* a watch's beta says nothing of phones */
    r = read_beside(flow, "", "", ON("wear:beta", R("41201", "4.12.1", "completed", "")));
    assert_int_equal(r->state, SW_STATE_NONE);
    flow_free(flow);
}

static void test_internal_and_qa_are_two_names_of_one_track(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, "source: play\npackage: com.acme.app\ntrack: internal\n");
    const struct flow_step steps[] = {
        {.request = "GET " APP "/tracks/internal/releases", .status = 404, .reply = "{\"error\":{}}"},
        STEP("GET " APP "/tracks/qa/releases", "{\"releases\":[" L("41200", "PUBLISHED") "]}"),
        INSERT,
        TRACKS("{\"tracks\":[{\"track\":\"qa\",\"releases\":["
               R("41200", "4.12.0", "completed", "") "]}]}"),
        DROP};
    const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_COMPLETE);
    flow_free(flow);
}

static void test_labels(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"4.12.0", "4.12.0"},
        {"v4.12.0", "4.12.0"},
        {"41200 (4.12.0)", "4.12.0"},
        {"2.15.3 (20250114.1)", "2.15.3"},
        {"Release 4.12.0-rc.1, hotfix", "4.12.0-rc.1"},
        {"Spring", "Spring"},
        {"412", "412"},
        {"", ""},
        {"...", "..."},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char label[SW_WORD_MAX] = "";
        gplay_label(cases[i][0], label, sizeof(label));
        assert_string_equal(label, cases[i][1]);
    }
}

/* --------------------------------------------------------------- two ticks */

#define STAGED_TRACKS                                                                              \
    "{\"tracks\":[{\"track\":\"production\",\"releases\":[" R(                                     \
        "41200", "4.12.0", "inProgress", F("0.2")) "," R("41102", "4.11.2", "completed",           \
                                                         "") "]}]}"
#define STAGED_LIVES "{\"releases\":[" L("41200", "PUBLISHED") "," L("41102", "PUBLISHED") "]}"

/* A flow whose target has the rollout of a first, full poll. */
struct second {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout last;
};

static void second_init(struct second *second)
{
    *second = (struct second){.flow = flow_new(&sw_source_google_play, ACCOUNT)};
    second->target = flow_add_target(second->flow, SW_ROLE_ROLLOUT, PHONE);
    flow_set_principal(second->flow, "slipway@acme.iam.gserviceaccount.com");
    const struct flow_step steps[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    sw_rollout_copy(&second->last, observe(second->flow, steps, SW_ARRAY_LEN(steps)));
    second->target->rollout = &second->last;
    assert_true(
        flow_was_locked(second->flow, "play-com.acme.app-slipway_acme.iam.gserviceaccount.com"));
}

static void second_clear(struct second *second)
{
    flow_free(second->flow);
    sw_rollout_clear(&second->last);
}

/* The row is as old as the oldest thing in it: its review state was read now, its percent was not.
 */
static void test_percent_is_carried_between_edits_with_its_age(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 299 * 1000);
    const struct flow_step steps[] = {LIVES(STAGED_LIVES)};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_ROLLING);
    assert_true(r->percent_set.is_known && r->percent_set.value == 20);
    assert_int_equal(r->observed_at_ms, now);
    assert_int_equal(r->true_for_ms, now);
    assert_string_equal(r->previous_version, "4.11.2");
    assert_false(flow_was_locked(second.flow, "play-com.acme.app-"));
    second_clear(&second);
}

static void test_edit_is_read_when_due(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 300 * 1000);
    const struct flow_step steps[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->true_for_ms, now + 300 * 1000);
    second_clear(&second);
}

static void test_edit_is_read_at_once_for_an_action(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 1000);
    flow_set_action(second.flow, true);
    const struct flow_step steps[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    assert_int_equal(observe(second.flow, steps, SW_ARRAY_LEN(steps))->true_for_ms, now + 1000);
    second_clear(&second);
}

static void test_a_new_release_calls_for_an_edit(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 60 * 1000);
    const struct flow_step steps[] = {
        LIVES("{\"releases\":[" L("41300", "IN_REVIEW") "," L("41200", "PUBLISHED") "]}"), INSERT,
        TRACKS(STAGED_TRACKS), DROP};
    observe(second.flow, steps, SW_ARRAY_LEN(steps));
    second_clear(&second);
}

static void test_a_busy_lock_ages_the_picture(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 400 * 1000);
    flow_set_locks_busy(second.flow, true);
    const struct flow_step steps[] = {LIVES(STAGED_LIVES)};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->observed_at_ms, now); /* not now + 400 s: the edit read is overdue */
    assert_true(r->percent_set.is_known && r->percent_set.value == 20);
    second_clear(&second);
}

/* A halt in another process waits for our edit: not one more request is sent, not even its drop. */
static void test_a_poll_gives_way_to_an_action(void **state)
{
    (void)state;
    const struct flow_step steps[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS)};
    for (size_t after = 0; after <= SW_ARRAY_LEN(steps); after++) {
        struct second second;
        second_init(&second);
        flow_set_now(second.flow, now + 400 * 1000);
        flow_set_locks_wanted_after(second.flow, after);
        size_t sent = after < 1 ? 1 : after;
        const struct sw_rollout *r = observe(second.flow, steps, sent);
        bool is_read = after == SW_ARRAY_LEN(steps);
        assert_int_equal(r->observed_at_ms, is_read ? now + 400 * 1000 : now);
        /* and it tries again at its next poll */
        flow_set_locks_wanted_after(second.flow, 100);
        flow_set_now(second.flow, now + 460 * 1000);
        const struct flow_step again[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
        if (!is_read)
            assert_int_equal(observe(second.flow, again, 4)->observed_at_ms, now + 460 * 1000);
        second_clear(&second);
    }
}

/* Killed by our own action it is not another program's: no keeping away for an interval. */
static void test_an_edit_lost_to_our_own_action_is_not_another_programs(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 400 * 1000);
    flow_set_locks_wanted_after(second.flow, 3);
    const struct flow_step lost[] = {
        LIVES(STAGED_LIVES),
        INSERT,
        {.request = "GET " APP "/edits/17/tracks",
         .status = 400,
         .reply = "{\"error\":{\"code\":400,\"message\":\"This Edit has been deleted.\","
                  "\"status\":\"FAILED_PRECONDITION\"}}"}};
    assert_int_equal(observe(second.flow, lost, SW_ARRAY_LEN(lost))->observed_at_ms, now);
    flow_set_locks_wanted_after(second.flow, 100);
    flow_set_now(second.flow, now + 460 * 1000);
    const struct flow_step again[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    assert_int_equal(observe(second.flow, again, SW_ARRAY_LEN(again))->observed_at_ms,
                     now + 460 * 1000);
    second_clear(&second);
}

/* A disk that is full or read-only keeps nobody from looking. */
static void test_a_lock_that_cannot_be_made_is_done_without(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 400 * 1000);
    flow_set_locks_broken(second.flow, true);
    const struct flow_step steps[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->observed_at_ms, now + 400 * 1000);
    second_clear(&second);
}

static void test_a_failing_edit_ages_the_picture_and_is_an_error(void **state)
{
    (void)state;
    struct second second;
    struct sw_error err = {0};
    second_init(&second);
    flow_set_now(second.flow, now + 400 * 1000);
    const struct flow_step steps[] = {
        LIVES(STAGED_LIVES),
        INSERT,
        {.request = "GET " APP "/edits/17/tracks", .status = 500, .reply = "{}"},
        DROP};
    flow_script(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(flow_observe(second.flow, &err), SW_E_HTTP);
    check_script(second.flow);
    assert_int_equal(flow_rollout(second.flow, 0)->observed_at_ms, now);
    second_clear(&second);
}

/* CI with the same service account is uploading: a second try would kill its edit once more. */
static void test_a_lost_edit_leaves_the_other_alone(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 400 * 1000);
    const struct flow_step lost[] = {
        LIVES(STAGED_LIVES),
        INSERT,
        {.request = "GET " APP "/edits/17/tracks",
         .status = 400,
         .reply = "{\"error\":{\"code\":400,\"message\":\"This Edit has been deleted.\","
                  "\"status\":\"FAILED_PRECONDITION\"}}"}};
    assert_int_equal(observe(second.flow, lost, SW_ARRAY_LEN(lost))->observed_at_ms, now);
    flow_set_now(second.flow, now + 460 * 1000);
    const struct flow_step quiet[] = {LIVES(STAGED_LIVES)};
    assert_int_equal(observe(second.flow, quiet, SW_ARRAY_LEN(quiet))->observed_at_ms, now);
    flow_set_now(second.flow, now + 700 * 1000);
    const struct flow_step again[] = {LIVES(STAGED_LIVES), INSERT, TRACKS(STAGED_TRACKS), DROP};
    assert_int_equal(observe(second.flow, again, SW_ARRAY_LEN(again))->observed_at_ms,
                     now + 700 * 1000);
    second_clear(&second);
}

/* Complete, the track lists only the release itself: what it replaced stays known. */
static void test_previous_survives_completion(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 300 * 1000);
    const struct flow_step steps[] = {
        LIVES(STAGED_LIVES), INSERT,
        TRACKS("{\"tracks\":[{\"track\":\"production\",\"releases\":[" R("41200", "4.12.0",
                                                                         "completed", "") "]}]}"),
        DROP};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_COMPLETE);
    assert_string_equal(r->previous_version, "4.11.2");
    assert_string_equal(r->previous_build, "41102");
    second_clear(&second);
}

/* What was once published stays so while a change to it is reviewed, over polls. */
static void test_published_is_remembered(void **state)
{
    (void)state;
    struct second second;
    second_init(&second);
    flow_set_now(second.flow, now + 60 * 1000);
    const struct flow_step steps[] = {LIVES("{\"releases\":[" L("41200", "IN_REVIEW") "]}"), INSERT,
                                      TRACKS(STAGED_TRACKS), DROP};
    const struct sw_rollout *r = observe(second.flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_ROLLING);
    assert_non_null(strstr(r->note, "a change to it waits: Google is reviewing it"));
    second_clear(&second);
}

/* --------------------------------------------------------- tracks, failures */

static void test_two_tracks_one_edit(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    flow_add_target(flow, SW_ROLE_ROLLOUT, WEAR);
    const struct flow_step steps[] = {
        LIVES("{}"),
        {.request = "GET " APP "/tracks/wear%3Aproduction/releases", .status = 200, .reply = "{}"},
        INSERT,
        TRACKS("{\"tracks\":[{\"track\":\"wear:production\",\"releases\":[" R(
            "9041200", "4.12.0", "inProgress",
            F("0.5")) "]},{\"track\":\"production\",\"releases\":[" R("41200", "4.12.0",
                                                                      "completed", "") "]}]}"),
        DROP};
    const struct sw_rollout *phone = observe(flow, steps, SW_ARRAY_LEN(steps));
    const struct sw_rollout *wear = flow_rollout(flow, 1);
    assert_string_equal(phone->identity, "41200");
    assert_string_equal(wear->identity, "9041200");
    assert_string_equal(wear->place, "Play, track wear:production");
    assert_true(wear->percent_set.is_known && wear->percent_set.value == 50);
    flow_free(flow);
}

struct failure_case {
    const char *what;
    const char *tracks;
    enum sw_code code;
    const char *text;
};

static void test_bad_tracks_are_errors(void **state)
{
    (void)state;
    static const struct failure_case cases[] = {
        {"unknown track", "{\"tracks\":[{\"track\":\"beta\"},{\"track\":\"qa\"}]}", SW_E_NOT_FOUND,
         "it has: beta, qa"},
        {"no tracks", "{}", SW_E_PARSE, "tracks"},
        {"fraction 1.7",
         "{\"tracks\":[{\"track\":\"production\",\"releases\":[" R("7", "1.0.0", "halted",
                                                                   F("1.7")) "]}]}",
         SW_E_PARSE, "userFraction 1.7"},
        {"fraction -1",
         "{\"tracks\":[{\"track\":\"production\",\"releases\":[" R("7", "1.0.0", "halted",
                                                                   F("-1")) "]}]}",
         SW_E_PARSE, "userFraction -1"},
        {"fraction as text",
         "{\"tracks\":[{\"track\":\"production\",\"releases\":[" R("7", "1.0.0", "halted",
                                                                   F("\"0.2\"")) "]}]}",
         SW_E_PARSE, "userFraction"},
        {"a code that is none",
         "{\"tracks\":[{\"track\":\"production\",\"releases\":[" R("7x", "1.0.0", "halted",
                                                                   "") "]}]}",
         SW_E_PARSE, "versionCodes[0]"},
        {"not JSON", "<html>", SW_E_PARSE, "reading the tracks of com.acme.app"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
        flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
        const struct flow_step steps[] = {LIVES("{}"), INSERT, TRACKS(cases[i].tracks), DROP};
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        enum sw_code code = flow_observe(flow, &err);
        check_script(flow);
        if (code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("%s: %s: %s", cases[i].what, sw_code_name(code), err.text);
        flow_free(flow);
    }
}

static void test_an_action_goes_on_without_review_states(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    flow_set_action(flow, true);
    const struct flow_step steps[] = {
        {.request = "GET " APP "/tracks/production/releases", .fail = SW_E_TIMEOUT},
        INSERT,
        TRACKS(STAGED_TRACKS),
        {.request = "DELETE " APP "/edits/17", .status = 500}};
    const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_ROLLING);
    assert_non_null(strstr(r->note, "review state could not be read"));
    flow_free(flow);
}

static void test_errors_are_googles_words(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *reply;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {403,
         "{\"error\":{\"code\":403,\"message\":\"The caller does not have permission\","
         "\"status\":\"PERMISSION_DENIED\"}}",
         SW_E_DENIED, "\"The caller does not have permission\" (403 PERMISSION_DENIED): invite"},
        {403, "{\"error\":{\"code\":403,\"message\":\"Release in track targeting no countries\"}}",
         SW_E_DENIED, "choose countries"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"Google Play Android Developer API has not been "
         "used in "
         "project 7 before\",\"status\":\"PERMISSION_DENIED\"}}",
         SW_E_DENIED, "enable the Google Play Android Developer API"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"You cannot rollout this release because it does "
         "not "
         "allow any existing users to upgrade to the newly added APKs\"}}",
         SW_E_DENIED, "a lower version code cannot replace"},
        {400, "{\"error\":{\"code\":400,\"message\":\"Fully released can not be staged\"}}",
         SW_E_CONFLICT, "at 100% already"},
        {400,
         "{\"error\":{\"code\":400,\"message\":\"The first release on a track cannot be staged\"}}",
         SW_E_CONFLICT, "can only be completed"},
        {400,
         "{\"error\":{\"code\":400,\"message\":\"Only releases with status draft may be created on "
         "draft app\"}}",
         SW_E_CONFLICT, "never published"},
        {400,
         "{\"error\":{\"code\":400,\"message\":\"Cannot halt release, no matching in progress "
         "release "
         "found\",\"errors\":[{\"reason\":\"releaseToHaltNotFound\"}]}}",
         SW_E_CONFLICT, "not being rolled out any more"},
        {404, "{\"error\":{\"code\":404,\"message\":\"APK version codes could not be found.\"}}",
         SW_E_NOT_FOUND, "no bundle of that version code"},
        {404,
         "{\"error\":{\"code\":404,\"message\":\"Package not found: com.acme.app.\","
         "\"status\":\"NOT_FOUND\"}}",
         SW_E_NOT_FOUND, "check `package`"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"Quota exceeded\",\"errors\":[{\"reason\":"
         "\"rateLimitExceeded\"}]}}",
         SW_E_QUOTA, "Quota exceeded"},
        {403,
         "{\"error\":{\"code\":403,\"message\":\"Too fast\",\"status\":\"PERMISSION_DENIED\","
         "\"details\":[{\"reason\":\"RATE_LIMIT_EXCEEDED\"}],\"errors\":[{\"reason\":"
         "\"rateLimitExceeded\"}]}}",
         SW_E_QUOTA, "Too fast"},
        {410,
         "{\"error\":{\"code\":410,\"message\":\"gone\",\"details\":[{\"reason\":\"X\"}],"
         "\"errors\":[{\"reason\":\"editDeleted\"}]}}",
         SW_E_CONFLICT, "somebody else opened or committed"},
        {500, "{\"error\":{\"code\":500,\"message\":null}}", SW_E_HTTP, "says \"nothing\" (500)"},
        {503, "<html>", SW_E_HTTP, "reading the releases of com.acme.app, track production"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
        flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
        flow_set_last_ms(flow, "lost com.acme.app", now - 1000); /* no edit in this test */
        const struct flow_step steps[] = {{.request = "GET " APP "/tracks/production/releases",
                                           .status = cases[i].status,
                                           .reply = cases[i].reply}};
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        enum sw_code code = flow_observe(flow, &err);
        check_script(flow);
        if (code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, sw_code_name(code), err.text);
        assert_null(flow_rollout(flow, 0));
        flow_free(flow);
    }
}

/* ------------------------------------------------------------------ handle */

static void test_a_damaged_handle_is_no_handle(void **state)
{
    (void)state;
    static const char *const good =
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[{\"name\":\"4.12.0\",\"codes\":[\"41200\"],"
        "\"status\":\"inProgress\",\"fraction\":0.2}]}";
    static const char *const bad[] = {
        NULL,
        "",
        "[]",
        "{\"v\":2}",
        "{\"v\":1,\"package\":\"com.evil\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[]}",
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"beta\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[]}",
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[{\"codes\":[\"../x\"]}]}",
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[{\"codes\":[\"1\"],\"fraction\":2}]}",
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":7}",
    };
    static struct gplay_track track;
    int64_t code = 0;
    assert_true(gplay_handle_read(good, "com.acme.app", "production", &track, &code, NULL));
    assert_int_equal(code, 41200);
    assert_int_equal(track.count, 1);
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++)
        if (gplay_handle_read(bad[i], "com.acme.app", "production", &track, &code, NULL))
            fail_msg("taken: %s", bad[i]);
}

static void test_unit_is_the_package(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    char key[64];
    sw_source_google_play.unit_key(flow_add_target(flow, SW_ROLE_ROLLOUT, WEAR), key, sizeof(key));
    assert_string_equal(key, "com.acme.app");
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_table),
        cmocka_unit_test(test_a_halt_that_waits_says_for_whom),
        cmocka_unit_test(test_two_releases_in_flight_are_both_told),
        cmocka_unit_test(test_testing_tracks_say_where_a_version_stands),
        cmocka_unit_test(test_a_release_on_a_testing_track_alone_is_testing),
        cmocka_unit_test(test_internal_and_qa_are_two_names_of_one_track),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_percent_is_carried_between_edits_with_its_age),
        cmocka_unit_test(test_edit_is_read_when_due),
        cmocka_unit_test(test_edit_is_read_at_once_for_an_action),
        cmocka_unit_test(test_a_new_release_calls_for_an_edit),
        cmocka_unit_test(test_a_busy_lock_ages_the_picture),
        cmocka_unit_test(test_a_poll_gives_way_to_an_action),
        cmocka_unit_test(test_an_edit_lost_to_our_own_action_is_not_another_programs),
        cmocka_unit_test(test_a_lock_that_cannot_be_made_is_done_without),
        cmocka_unit_test(test_a_failing_edit_ages_the_picture_and_is_an_error),
        cmocka_unit_test(test_a_lost_edit_leaves_the_other_alone),
        cmocka_unit_test(test_previous_survives_completion),
        cmocka_unit_test(test_published_is_remembered),
        cmocka_unit_test(test_two_tracks_one_edit),
        cmocka_unit_test(test_bad_tracks_are_errors),
        cmocka_unit_test(test_an_action_goes_on_without_review_states),
        cmocka_unit_test(test_errors_are_googles_words),
        cmocka_unit_test(test_a_damaged_handle_is_no_handle),
        cmocka_unit_test(test_unit_is_the_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
