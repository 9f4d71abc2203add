/* test_google_play_traps.c: what is known to go wrong with Google Play, each with its name.
 *
 * trap                                              test (in this file unless another is named)
 * ------------------------------------------------  ---------------------------------------------
 * the first release on a track cannot be staged     the_first_release_cannot_be_staged
 * a percentage cannot be lowered                    a_percent_is_never_lowered
 * COMPLETED must not have a fraction                complete_clears_the_fraction
 * DRAFT must not have a fraction                    a_draft_neighbour_goes_back_without_a_fraction
 * a staged halt must have its fraction              a_staged_halt_keeps_its_fraction
 * a completed halt has none                         a_completed_halt_has_no_fraction
 * ... and a refusal of that is told, not guessed    a_refused_fraction_is_told_not_guessed
 * fraction below 1; 0.1 + 0.2; 99.9 %               a_fraction_never_reaches_one, test_google_play_act:
 *                                                   verbs, fractions_are_written_short
 * resume by version code, whatever its status       resume_finds_a_halted_release
 * halted without a fraction was at 100 %            resume_of_one_halted_at_100_completes
 * effects take hours                                every_verb_says_hours
 * the same users get it again                       resume_says_the_same_users
 * nobody's device loses it                          a_halt_says_what_it_does_not_do
 * `completed` is what was configured only           test_google_play: state_table
 * key file's type, JWT, clock skew, deleted key     test_net_pure, test_net_channel: google_says_no
 * invalid_scope                                     test_net_channel: google_invalid_scope
 * 401: the token is renewed once                    test_net_channel: google_401_renews_once
 * the error is an object here, a string there       test_net_channel: google_says_no
 * int64 as strings, activeArtifacts as numbers      test_google_play: state_table
 * names are free text and not unique                test_google_play: state_table, labels
 * absent fields, other spellings of a number        a_fraction_in_another_spelling_is_the_same
 * form factors: the colon as %3A                    test_google_play: two_tracks_one_edit
 * internal and qa are one track                     internal_is_put_under_the_name_listed,
 *                                                   test_google_play: internal_and_qa_...
 * the review list ends at 20                        a_release_not_listed_among_twenty_is_still_read
 * ... and has neither status nor percent            test_google_play: a_new_release_calls_for_an_edit
 * managed publishing: accepted, not live            test_google_play: a_halt_that_waits_says_for_whom
 * halting needs an earlier completed release        a_missing_fallback_is_said_and_does_not_block
 * internal testing cannot be halted                 halt_on_internal_testing_is_not_offered
 * what is served                                    what_is_served_is_read_from_the_whole_track
 * re-promoting a lower code is no roll back         refusals: "does not allow any existing users"
 * an edit kills CI's edit                           test_google_play: a_lost_edit_leaves_the_other_...
 * ... so an account of its own is advised           an_account_of_its_own_is_advised
 * a Console change kills the edit                   a_console_change_kills_the_edit
 * ... three times                                   three_killed_edits_say_what_to_do
 * a commit sends everything                         every_verb_says_that_all_is_sent
 * an edit is never kept                             test_google_play_act: verbs (dropped or committed)
 * the default commit cancels a review               every_commit_errors_in_review
 * a review cancelled by a second confirmation       a_halt_may_cancel_a_review,
 *                                                   no_other_verb_cancels_a_review
 * changesNotSentForReview required                  changes_not_sent_is_never_set
 * changesNotSentForReview must not be set           changes_not_sent_is_never_set
 * an inProgress release left out is halted          neighbours_go_back_word_for_word
 * a completed one sent along halts the new one      complete_sends_no_other_completed_release
 * priority, notes, countries, unknown fields kept   every_field_goes_back_word_for_word
 * several version codes: the list is kept           every_field_goes_back_word_for_word
 * two releases match                                test_google_play: two_releases_in_flight_are_both_told
 * a commit that times out may have happened         test_google_play_act: commits
 * already committed is success                      test_google_play_act: commits
 * every row of the table of errors                  refusals
 * the same condition under other codes              test_google_play_act: each_way_of_saying_...
 * 409 concurrency update                            test_google_play_act: each_way_of_saying_...
 * quotas                                            budgets_stay_below_the_quotas
 * written reviews                                   test_google_play_reviews: all of it
 * fastlane cannot halt; it looks by status          resume_finds_a_halted_release
 */
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
#define TEAM    "source: play\npackage: com.acme.app\ntrack: internal\n"
#define APP     "/androidpublisher/v3/applications/com.acme.app"

#define OLD    "{\"name\":\"4.11.2\",\"versionCodes\":[\"41102\"],\"status\":\"completed\"}"
#define OTHERS ",{\"name\":\"4.13.0\",\"versionCodes\":[\"41300\"],\"status\":\"draft\"},"           \
               "{\"versionCodes\":[\"41150\"],\"status\":\"inProgress\",\"userFraction\":0.01,"      \
               "\"later\":{\"a\":[1,null,true]}}"
#define NAMED(rest) "{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\"],\"status\":" rest "}"
#define ROLLING     NAMED("\"inProgress\",\"userFraction\":0.2")
#define HALTED      NAMED("\"halted\",\"userFraction\":0.2")
#define STOPPED     NAMED("\"halted\"")
#define COMPLETED   NAMED("\"completed\"")
#define DRAFT       NAMED("\"draft\"")

/* ------------------------------------------------------------------- scene */

/* A store that takes everything it is sent, and keeps the words. */
struct scene {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout before;
    struct sw_act act;
    const char *track;    /* the name it is listed under */
    const char *releases; /* listed */
    int refusals;         /* the next so many PUTs are refused as of a dead edit */
    int commit_status;    /* 0: accepted */
    const char *commit_reply;
    char put[4096], commit[256];
    int opened, puts, commits;
    struct sw_error err;
};

static void scene_init(struct scene *scene, enum sw_verb verb, double to_percent,
                       const char *options, const char *releases)
{
    *scene = (struct scene){.flow = flow_new(&sw_source_google_play, ACCOUNT),
                            .track = "production",
                            .releases = releases};
    scene->target = flow_add_target(scene->flow, SW_ROLE_ROLLOUT, options);
    flow_set_action(scene->flow, true);
    sw_copy(scene->before.identity, sizeof(scene->before.identity), "41200");
    sw_copy(scene->before.version, sizeof(scene->before.version), "4.12.0");
    scene->act = (struct sw_act){.verb = verb, .before = &scene->before};
    if (to_percent > 0)
        scene->act.to_percent = (struct sw_value){to_percent, true};
}

static void say(struct sw_reply *reply, int status, const char *body)
{
    reply->status = status;
    reply->body = sw_xstrdup(body);
    reply->body_len = strlen(body);
}

static enum sw_code perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    struct scene *scene = arg;
    const struct sw_operation *op = request->operation;
    char body[4096];
    (void)err;
    if (op == &gplay_operations[GPLAY_EDITS_INSERT]) {
        scene->opened++;
        say(reply, 200, "{\"id\":\"17\"}");
    } else if (op == &gplay_operations[GPLAY_TRACKS_LIST]) {
        sw_format(body, sizeof(body), "{\"tracks\":[{\"track\":\"%s\",\"releases\":[%s]}]}",
                  scene->track, scene->releases);
        say(reply, 200, body);
    } else if (op == &gplay_operations[GPLAY_TRACKS_UPDATE] && scene->refusals > 0) {
        scene->refusals--;
        say(reply, 400, "{\"error\":{\"code\":400,\"message\":\"This Edit has been deleted.\"}}");
    } else if (op == &gplay_operations[GPLAY_TRACKS_UPDATE]) {
        scene->puts++;
        sw_copy(scene->put, sizeof(scene->put), request->body);
        say(reply, 200, request->body);
    } else if (op == &gplay_operations[GPLAY_EDITS_COMMIT]) {
        scene->commits++;
        assert_int_equal(request->query_count, 1); /* changesNotSentForReview is never sent */
        assert_string_equal(request->query[0].name, "changesInReviewBehavior");
        sw_copy(scene->commit, sizeof(scene->commit), request->query[0].value);
        say(reply, scene->commit_status ? scene->commit_status : 200,
            scene->commit_reply ? scene->commit_reply : "{\"id\":\"17\"}");
    } else {
        say(reply, 200, "{}");
    }
    return SW_OK;
}

static enum sw_code scene_act(struct scene *scene)
{
    flow_perform_with(scene->flow, perform, scene);
    return flow_act(scene->flow, &scene->act, &scene->err);
}

static void scene_clear(struct scene *scene)
{
    flow_free(scene->flow);
    sw_rollout_clear(&scene->before);
}

/* The releases sent, byte for byte; NULL: nothing is sent. */
static void expect_put(enum sw_verb verb, double to, const char *listed, const char *sent)
{
    struct scene scene;
    char body[4096];
    scene_init(&scene, verb, to, PHONE, listed);
    enum sw_code code = scene_act(&scene);
    if (sent && code != SW_OK)
        fail_msg("%s", scene.err.text);
    sw_format(body, sizeof(body), "{\"track\":\"production\",\"releases\":[%s]}", sent ? sent : "");
    assert_int_equal(scene.puts, sent ? 1 : 0);
    assert_int_equal(scene.commits, scene.puts);
    if (sent)
        assert_string_equal(scene.put, body);
    scene_clear(&scene);
}

static void offer_of(enum sw_state state, double percent, enum sw_verb verb, const char *options,
                     const char *previous, struct sw_source_offer *out)
{
    static const struct sw_plan plan = {.kind = SW_PLAN_STAGES,
                                        .count = 3,
                                        .stages = {{.percent = 20, .weekday = -1},
                                                   {.percent = 50, .weekday = -1},
                                                   {.percent = 100, .weekday = -1}}};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target target = *flow_add_target(flow, SW_ROLE_ROLLOUT, options);
    struct sw_rollout rollout = {.state = state, .percent_set = {percent, true}};
    target.plan = &plan;
    sw_copy(rollout.version, sizeof(rollout.version), "4.12.0");
    sw_copy(rollout.identity, sizeof(rollout.identity), "41200");
    sw_copy(rollout.previous_version, sizeof(rollout.previous_version), previous);
    sw_copy(rollout.previous_build, sizeof(rollout.previous_build), previous);
    sw_source_google_play.offer(&target, &rollout, verb, out);
    flow_free(flow);
}

/* --------------------------------------------------------- status and fraction */

static void complete_clears_the_fraction(void **state)
{
    (void)state;
    expect_put(SW_VERB_COMPLETE, 0, ROLLING "," OLD, COMPLETED);
    expect_put(SW_VERB_ADVANCE, 100, ROLLING "," OLD, COMPLETED);
}

static void a_draft_neighbour_goes_back_without_a_fraction(void **state)
{
    (void)state;
    expect_put(SW_VERB_HALT, 0, ROLLING OTHERS, HALTED OTHERS);
}

static void a_staged_halt_keeps_its_fraction(void **state)
{
    (void)state;
    expect_put(SW_VERB_HALT, 0, ROLLING "," OLD, HALTED);
}

static void a_completed_halt_has_no_fraction(void **state)
{
    (void)state;
    expect_put(SW_VERB_HALT, 0, COMPLETED "," OLD, STOPPED);
    expect_put(SW_VERB_ROLLBACK, 0, COMPLETED "," OLD, STOPPED);
}

static void a_refused_fraction_is_told_not_guessed(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_HALT, 0, PHONE, COMPLETED);
    scene.commit_status = 400;
    scene.commit_reply =
        "{\"error\":{\"code\":400,\"message\":\"HALTED release must have fraction\"}}";
    assert_int_equal(scene_act(&scene), SW_E_CONFLICT);
    assert_int_equal(scene.puts, 1); /* not tried again with a fraction of our own */
    assert_non_null(strstr(scene.err.text, "NOT HALTED"));
    assert_non_null(strstr(scene.err.text, "HALTED release must have fraction"));
    scene_clear(&scene);
}

static void a_fraction_never_reaches_one(void **state)
{
    (void)state;
    expect_put(SW_VERB_ADVANCE, 99.99999, ROLLING, COMPLETED);
    expect_put(SW_VERB_ADVANCE, 99.9, ROLLING, NAMED("\"inProgress\",\"userFraction\":0.999"));
    expect_put(SW_VERB_ADVANCE, 30.000000000000004, ROLLING,
               NAMED("\"inProgress\",\"userFraction\":0.3"));
}

static void a_fraction_in_another_spelling_is_the_same(void **state)
{
    (void)state;
    expect_put(SW_VERB_HALT, 0, NAMED("\"inProgress\",\"userFraction\":2e-1"), HALTED);
}

static void a_percent_is_never_lowered(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_ADVANCE, 10, PHONE, ROLLING);
    assert_int_equal(scene_act(&scene), SW_E_CONFLICT);
    assert_int_equal(scene.puts, 0);
    assert_non_null(strstr(scene.err.text, "Play cannot lower it"));
    scene_clear(&scene);
}

static void resume_finds_a_halted_release(void **state)
{
    (void)state;
    expect_put(SW_VERB_RESUME, 0, OLD "," HALTED, ROLLING);
}

static void resume_of_one_halted_at_100_completes(void **state)
{
    (void)state;
    expect_put(SW_VERB_RESUME, 0, STOPPED "," OLD, COMPLETED);
}

/* ------------------------------------------------------------ what is put back */

/* Every field that is documented, and some that are not, through every verb: only status and
 * userFraction may differ, byte for byte. */
static void every_field_goes_back_word_for_word(void **state)
{
    (void)state;
#define FIELDS(status_)                                                                            \
    "{\"name\":\"4.12.0 \xC3\xBC\",\"versionCodes\":[\"41200\",\"1041200\"],\"releaseNotes\":["       \
    "{\"language\":\"en-US\",\"text\":\"Bug fixes\\n\\\"all\\\"\"},{\"language\":\"de-DE\",\"text\":"  \
    "\"\xC3\x9C\"}],\"status\":" status_
#define TAIL                                                                                       \
    ",\"countryTargeting\":{\"countries\":[\"NZ\",\"FI\"],\"includeRestOfWorld\":false},"             \
    "\"inAppUpdatePriority\":5,\"rolloutTag\":null,\"experiment\":{\"arms\":[1,2.5,true,\"x\"]}}"
    static const struct {
        enum sw_verb verb;
        double to;
        const char *listed, *sent;
    } cases[] = {
        {SW_VERB_HALT, 0, FIELDS("\"inProgress\",\"userFraction\":0.2") TAIL,
         FIELDS("\"halted\",\"userFraction\":0.2") TAIL},
        {SW_VERB_HALT, 0, FIELDS("\"completed\"") TAIL, FIELDS("\"halted\"") TAIL},
        {SW_VERB_ROLLBACK, 0, FIELDS("\"completed\"") TAIL, FIELDS("\"halted\"") TAIL},
        {SW_VERB_RESUME, 0, FIELDS("\"halted\",\"userFraction\":0.2") TAIL,
         FIELDS("\"inProgress\",\"userFraction\":0.2") TAIL},
        {SW_VERB_ADVANCE, 50, FIELDS("\"inProgress\",\"userFraction\":0.2") TAIL,
         FIELDS("\"inProgress\",\"userFraction\":0.5") TAIL},
        {SW_VERB_COMPLETE, 0, FIELDS("\"inProgress\",\"userFraction\":0.2") TAIL,
         FIELDS("\"completed\"") TAIL},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++)
        expect_put(cases[i].verb, cases[i].to, cases[i].listed, cases[i].sent);
#undef FIELDS
#undef TAIL
}

/* Left out, the one in progress would be halted. */
static void neighbours_go_back_word_for_word(void **state)
{
    (void)state;
    expect_put(SW_VERB_HALT, 0, ROLLING OTHERS "," OLD, HALTED OTHERS);
    expect_put(SW_VERB_ADVANCE, 50, ROLLING OTHERS,
               NAMED("\"inProgress\",\"userFraction\":0.5") OTHERS);
    expect_put(SW_VERB_COMPLETE, 0, ROLLING OTHERS, COMPLETED OTHERS);
}

static void complete_sends_no_other_completed_release(void **state)
{
    (void)state;
    expect_put(SW_VERB_COMPLETE, 0, OLD "," ROLLING, COMPLETED);
}

static void internal_is_put_under_the_name_listed(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_ADVANCE, 50, TEAM, ROLLING);
    scene.track = "qa";
    assert_int_equal(scene_act(&scene), SW_OK);
    assert_int_equal(strncmp(scene.put, "{\"track\":\"qa\",", 14), 0);
    scene_clear(&scene);
}

/* ------------------------------------------------------------------ commits */

static void every_commit_errors_in_review(void **state)
{
    (void)state;
    static const struct {
        enum sw_verb verb;
        const char *listed;
    } cases[] = {{SW_VERB_HALT, ROLLING},
                 {SW_VERB_ROLLBACK, COMPLETED},
                 {SW_VERB_RESUME, HALTED},
                 {SW_VERB_ADVANCE, ROLLING},
                 {SW_VERB_COMPLETE, ROLLING}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene scene;
        scene_init(&scene, cases[i].verb, 50, PHONE, cases[i].listed);
        assert_int_equal(scene_act(&scene), SW_OK);
        assert_string_equal(scene.commit, "ERROR_IF_IN_REVIEW");
        scene_clear(&scene);
    }
}

static void a_halt_may_cancel_a_review(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_HALT, 0, PHONE, ROLLING);
    scene.act.may_cancel_review = true;
    assert_int_equal(scene_act(&scene), SW_OK);
    assert_string_equal(scene.commit, "CANCEL_IN_REVIEW_AND_SUBMIT");
    assert_int_equal(scene.commits, 1);
    scene_clear(&scene);
}

static void no_other_verb_cancels_a_review(void **state)
{
    (void)state;
    static const enum sw_verb verbs[] = {SW_VERB_ROLLBACK, SW_VERB_ADVANCE, SW_VERB_COMPLETE};
    for (size_t i = 0; i < SW_ARRAY_LEN(verbs); i++) {
        struct scene scene;
        scene_init(&scene, verbs[i], 50, PHONE, ROLLING);
        scene.act.may_cancel_review = true;
        assert_int_equal(scene_act(&scene), SW_OK);
        assert_string_equal(scene.commit, "ERROR_IF_IN_REVIEW");
        scene_clear(&scene);
    }
}

/* Google's own sample of this refusal, as long as it is: what to do stands at its end. */
static void a_review_in_the_way_names_what_it_can_and_the_way_on(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_HALT, 0, PHONE, ROLLING);
    scene.before.handle = sw_xstrdup(
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[{\"codes\":[\"41200\"],\"status\":\"inProgress\","
        "\"fraction\":0.2},{\"codes\":[\"41300\"],\"status\":\"inProgress\",\"fraction\":0.1,"
        "\"life\":\"IN_REVIEW\"}]}");
    scene.commit_status = 400;
    scene.commit_reply =
        "{\"error\":{\"code\":400,\"message\":\"You already have changes in review. Cancel this "
        "review or wait for it to complete before you try again. See https://developers.google.com/"
        "android-publisher/api-ref/rest/v3/applications.tracks.releases\",\"status\":"
        "\"FAILED_PRECONDITION\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo"
        "\",\"reason\":\"CHANGES_ALREADY_IN_REVIEW\",\"domain\":\"googleapis.com\"}]}}";
    assert_int_equal(scene_act(&scene), SW_E_IN_REVIEW);
    assert_int_equal(scene.commits, 1);
    assert_non_null(strstr(scene.err.text, "NOTHING WAS CHANGED"));
    assert_non_null(strstr(scene.err.text, "version code 41300 of this track is in review. "
                                           "Confirm once more to cancel it (--cancel-review)"));
    scene_clear(&scene);
}

/* perform() fails a commit that carries the parameter; here what both refusals lead to. */
static void changes_not_sent_is_never_set(void **state)
{
    (void)state;
    static const struct {
        const char *message, *text;
    } cases[] = {
        {"Changes cannot be sent for review automatically. Please set the query parameter "
         "changesNotSentForReview to true.",
         "Make the change in the Play Console"},
        {"Changes are sent for review automatically. The query parameter changesNotSentForReview "
         "must not be set.",
         "must not be set"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene scene;
        char reply[512];
        sw_format(reply, sizeof(reply), "{\"error\":{\"code\":400,\"message\":\"%s\"}}",
                  cases[i].message);
        scene_init(&scene, SW_VERB_HALT, 0, PHONE, ROLLING);
        scene.commit_status = 400;
        scene.commit_reply = reply;
        assert_int_equal(scene_act(&scene), SW_E_CONFLICT);
        assert_int_equal(scene.commits, 1);
        assert_non_null(strstr(scene.err.text, "NOT HALTED"));
        if (!strstr(scene.err.text, cases[i].text))
            fail_msg("%s", scene.err.text);
        scene_clear(&scene);
    }
}

static void a_console_change_kills_the_edit(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_HALT, 0, PHONE, ROLLING "," OLD);
    scene.refusals = 2;
    assert_int_equal(scene_act(&scene), SW_OK);
    assert_int_equal(scene.opened, 3); /* each read anew: it may be another track by now */
    assert_int_equal(scene.commits, 1);
    scene_clear(&scene);
}

static void three_killed_edits_say_what_to_do(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, SW_VERB_HALT, 0, PHONE, ROLLING);
    scene.refusals = 99;
    assert_int_equal(scene_act(&scene), SW_E_CONFLICT);
    assert_int_equal(scene.opened, 3);
    assert_int_equal(scene.commits, 0);
    assert_non_null(strstr(scene.err.text, "NOT HALTED"));
    assert_non_null(strstr(scene.err.text, "three times"));
    assert_non_null(strstr(scene.err.text, "when last read it was inProgress at 20%"));
    assert_non_null(strstr(scene.err.text, "ask again"));
    scene_clear(&scene);
}

/* ------------------------------------------------------------------- offers */

static void every_verb_says_hours(void **state)
{
    (void)state;
    static const struct {
        enum sw_state state;
        double percent;
        enum sw_verb verb;
    } cases[] = {{SW_STATE_ROLLING, 20, SW_VERB_HALT},    {SW_STATE_COMPLETE, 100, SW_VERB_HALT},
                 {SW_STATE_ROLLING, 20, SW_VERB_ROLLBACK}, {SW_STATE_HALTED, 20, SW_VERB_RESUME},
                 {SW_STATE_ROLLING, 20, SW_VERB_ADVANCE},  {SW_STATE_ROLLING, 20, SW_VERB_COMPLETE}};
    struct sw_source_offer offer;
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        offer_of(cases[i].state, cases[i].percent, cases[i].verb, PHONE, "41102", &offer);
        assert_true(offer.is_possible);
        if (!strcasestr(offer.effect, "within hours"))
            fail_msg("%zu: %s", i, offer.effect);
    }
}

static void every_verb_says_that_all_is_sent(void **state)
{
    (void)state;
    static const struct {
        enum sw_state state;
        enum sw_verb verb;
    } cases[] = {{SW_STATE_ROLLING, SW_VERB_HALT},    {SW_STATE_COMPLETE, SW_VERB_HALT},
                 {SW_STATE_ROLLING, SW_VERB_ROLLBACK}, {SW_STATE_COMPLETE, SW_VERB_ROLLBACK},
                 {SW_STATE_HALTED, SW_VERB_RESUME},    {SW_STATE_ROLLING, SW_VERB_ADVANCE},
                 {SW_STATE_ROLLING, SW_VERB_COMPLETE}};
    struct sw_source_offer offer;
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        offer_of(cases[i].state, 20, cases[i].verb, PHONE, "41102", &offer);
        if (!strstr(offer.effect, "All that waits in the Console is sent along."))
            fail_msg("%zu: %s", i, offer.effect);
    }
}

static void resume_says_the_same_users(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    offer_of(SW_STATE_HALTED, 20, SW_VERB_RESUME, PHONE, "41102", &offer);
    assert_non_null(strstr(offer.effect, "the same ones as before"));
    assert_string_equal(offer.will_not, "Play chooses no other users for the new try.");
}

static void a_halt_says_what_it_does_not_do(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    offer_of(SW_STATE_ROLLING, 20, SW_VERB_HALT, PHONE, "41102", &offer);
    assert_non_null(strstr(offer.will_not, "off no device"));
    assert_non_null(strstr(offer.will_not, "until a higher version code comes"));
}

static void halt_on_internal_testing_is_not_offered(void **state)
{
    (void)state;
    static const char *const tracks[] = {"internal", "qa", "\"wear:internal\"", "\"tv:qa\""};
    struct sw_source_offer offer;
    for (size_t i = 0; i < SW_ARRAY_LEN(tracks); i++) {
        char options[128];
        sw_format(options, sizeof(options), "source: play\npackage: com.acme.app\ntrack: %s\n",
                  tracks[i]);
        offer_of(SW_STATE_COMPLETE, 100, SW_VERB_HALT, options, "41102", &offer);
        assert_false(offer.is_possible);
        assert_non_null(strstr(offer.reason, "Play cannot halt on the internal testing track"));
        offer_of(SW_STATE_COMPLETE, 100, SW_VERB_ROLLBACK, options, "41102", &offer);
        assert_false(offer.is_possible);
    }
    offer_of(SW_STATE_COMPLETE, 100, SW_VERB_HALT,
             "source: play\npackage: com.acme.app\ntrack: beta\n", "41102", &offer);
    assert_true(offer.is_possible);
}

static void a_missing_fallback_is_said_and_does_not_block(void **state)
{
    (void)state;
    struct sw_source_offer offer;
    offer_of(SW_STATE_COMPLETE, 100, SW_VERB_HALT, PHONE, "", &offer);
    assert_true(offer.is_possible);
    assert_non_null(strstr(offer.will_not, "No earlier completed release was ever seen here"));
    offer_of(SW_STATE_COMPLETE, 100, SW_VERB_HALT, PHONE, "41102", &offer);
    assert_true(offer.is_possible);
    assert_null(strstr(offer.will_not, "No earlier"));
}

/* ------------------------------------------------------------------ reading */

static const struct sw_rollout *read_track(struct sw_flow *flow, const char *lives,
                                           const char *releases)
{
    char tracks[4096];
    struct sw_error err = {0};
    sw_format(tracks, sizeof(tracks), "{\"tracks\":[{\"track\":\"production\",\"releases\":[%s]}]}",
              releases);
    const struct flow_step steps[] = {
        {.request = "GET " APP "/tracks/production/releases", .status = 200, .reply = lives},
        {.request = "POST " APP "/edits", .body = "{}", .status = 200, .reply = "{\"id\":\"17\"}"},
        {.request = "GET " APP "/edits/17/tracks", .status = 200, .reply = tracks},
        {.request = "DELETE " APP "/edits/17", .status = 204}};
    flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    enum sw_code code = flow_observe(flow, &err);
    if (flow_mismatch(flow) || code != SW_OK)
        fail_msg("%s %s", flow_mismatch(flow) ? flow_mismatch(flow) : "", err.text);
    return flow_rollout(flow, 0);
}

/* The list of review states has at most 20 releases: one that is missing there is not gone. */
static void a_release_not_listed_among_twenty_is_still_read(void **state)
{
    (void)state;
    char lives[4096] = "{\"releases\":[";
    for (int i = 0; i < 20; i++) {
        size_t len = strlen(lives);
        sw_format(lives + len, sizeof(lives) - len,
                  "%s{\"releaseName\":\"x\",\"activeArtifacts\":[{\"versionCode\":%d}],"
                  "\"releaseLifecycleState\":\"RELEASE_LIFECYCLE_STATE_PUBLISHED\"}",
                  i > 0 ? "," : "", 40000 + i);
    }
    size_t len = strlen(lives);
    sw_format(lives + len, sizeof(lives) - len, "]}");
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    const struct sw_rollout *r = read_track(flow, lives, ROLLING "," OLD);
    assert_int_equal(r->state, SW_STATE_ROLLING);
    assert_string_equal(r->identity, "41200");
    assert_true(r->percent_set.is_known && r->percent_set.value == 20);
    flow_free(flow);
}

/* The highest completed one is served to whom the one in progress is not; a halted one serves
 * nobody new. */
static void what_is_served_is_read_from_the_whole_track(void **state)
{
    (void)state;
    static const struct {
        const char *releases, *identity, *previous;
        double percent;
    } cases[] = {
        {ROLLING "," OLD, "41200", "41102", 20},
        {OLD "," STOPPED ",{\"versionCodes\":[\"40900\"],\"status\":\"completed\"}", "41200",
         "41102", 0},
        {"{\"versionCodes\":[\"41100\"],\"status\":\"halted\",\"userFraction\":0.5}," COMPLETED,
         "41200", "", 100},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
        const struct sw_rollout *r = read_track(flow, "{}", cases[i].releases);
        assert_string_equal(r->identity, cases[i].identity);
        assert_string_equal(r->previous_build, cases[i].previous);
        assert_true(r->percent_set.is_known && r->percent_set.value == cases[i].percent);
        flow_free(flow);
    }
}

/* ----------------------------------------------------------- refusals, quotas */

static void check_refusal(int status, const char *message, const char *reason, enum sw_code code,
                          const char *advice)
{
    struct scene scene;
    char reply[1024];
    sw_format(reply, sizeof(reply),
              "{\"error\":{\"code\":%d,\"message\":\"%s\",\"errors\":[{\"reason\":\"%s\"}]}}",
              status, message, reason);
    scene_init(&scene, SW_VERB_ADVANCE, 50, PHONE, ROLLING);
    scene.commit_status = status;
    scene.commit_reply = reply;
    enum sw_code got = scene_act(&scene);
    if (got != code || !strstr(scene.err.text, message) || !strstr(scene.err.text, advice))
        fail_msg("%s: %d: %s", message, (int)got, scene.err.text);
    assert_int_equal(scene.err.http_status, status);
    scene_clear(&scene);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *message, *reason;
        enum sw_code code;
        const char *advice;
    } cases[] = {
        {400, "Fully released can not be staged", "", SW_E_CONFLICT, "at 100% already"},
        {400, "Only releases with status draft may be created on draft app", "", SW_E_CONFLICT,
         "never published"},
        {400, "Cannot halt release, no matching in progress release found", "releaseToHaltNotFound",
         SW_E_CONFLICT, "not being rolled out any more"},
        {400, "COMPLETED release must not have fraction", "", SW_E_CONFLICT, "must not have"},
        {400, "DRAFT release must not have fraction", "", SW_E_CONFLICT, "must not have"},
        {400, "Rollout user fraction must be greater than 0.0 and less than 1.0", "badRequest",
         SW_E_CONFLICT, "less than 1.0"},
        {400, "User fraction must be lower than one", "", SW_E_CONFLICT, "lower than one"},
        {400, "Releases in ROLLOUT track is not supported", "releasesRolloutTrackNotAllowed",
         SW_E_CONFLICT, "name the track in the configuration"},
        {403, "Your request cannot be processed because of issues with your account", "",
         SW_E_DENIED, "see to it in the Play Console"},
        {403, "You must complete the permission declaration", "", SW_E_DENIED,
         "finish it in the Play Console"},
        {403, "Release in track targeting no countries", "", SW_E_DENIED, "choose countries"},
        {403, "You cannot rollout this release because it does not allow any existing users to "
              "upgrade to the newly added APKs",
         "", SW_E_DENIED, "a lower version code cannot replace"},
        {404, "APK version codes could not be found", "", SW_E_NOT_FOUND, "no bundle"},
        {429, "Quota exceeded", "rateLimitExceeded", SW_E_QUOTA, "Quota exceeded"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++)
        check_refusal(cases[i].status, cases[i].message, cases[i].reason, cases[i].code,
                      cases[i].advice);
}

static void the_first_release_cannot_be_staged(void **state)
{
    (void)state;
    check_refusal(400, "The first release on a track cannot be staged", "", SW_E_CONFLICT,
                  "the first one can only be completed");
}

/* An own service account, and louder once another program was seen with it. */
static void an_account_of_its_own_is_advised(void **state)
{
    (void)state;
    char text[320];
    sw_source_google_play.advise("slipway@acme.iam.gserviceaccount.com", false, text, sizeof(text));
    assert_non_null(strstr(text, "slipway@acme.iam.gserviceaccount.com should be Slipway's own"));
    assert_non_null(strstr(text, "Wallboard and captain should use different ones"));
    sw_source_google_play.advise("ci@acme.iam.gserviceaccount.com", true, text, sizeof(text));
    assert_non_null(strstr(text, "ANOTHER PROGRAM USES the service account ci@acme"));
    assert_non_null(strstr(text, "wallboard and captain different ones"));
    sw_source_google_play.advise(NULL, false, text, sizeof(text));
    assert_non_null(strstr(text, "the service account of the key file"));
}

/* 3,000 queries a minute for a bucket; one poll of a package is 1 + 3 requests and one more for each
 * further track, and of reviews at most 40 pages, 4 times an hour. */
static void budgets_stay_below_the_quotas(void **state)
{
    (void)state;
    assert_true(sw_source_google_play.budget.per_minute > 0);
    assert_true(sw_source_google_play.budget.per_minute + sw_source_google_play.budget.burst < 3000);
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    int64_t reviews_s = sw_node_int(sw_flow_account(flow), "reviews_interval");
    int64_t edits_s = sw_node_int(sw_flow_account(flow), "edit_interval");
    assert_true(3600 / reviews_s * 40 <= 200);
    /* the older limit of 200,000 a day, for 20 packages of 3 tracks */
    int64_t polls = 86400 / sw_source_google_play.interval_s * 3, edits = 86400 / edits_s * 3;
    assert_true(20 * (polls + edits) < 200000);
    flow_free(flow);
}

int main(void)
{
#define T(f) cmocka_unit_test(f)
    const struct CMUnitTest tests[] = {
        T(complete_clears_the_fraction),
        T(a_draft_neighbour_goes_back_without_a_fraction),
        T(a_staged_halt_keeps_its_fraction),
        T(a_completed_halt_has_no_fraction),
        T(a_refused_fraction_is_told_not_guessed),
        T(a_fraction_never_reaches_one),
        T(a_fraction_in_another_spelling_is_the_same),
        T(a_percent_is_never_lowered),
        T(resume_finds_a_halted_release),
        T(resume_of_one_halted_at_100_completes),
        T(every_field_goes_back_word_for_word),
        T(neighbours_go_back_word_for_word),
        T(complete_sends_no_other_completed_release),
        T(internal_is_put_under_the_name_listed),
        T(every_commit_errors_in_review),
        T(a_halt_may_cancel_a_review),
        T(no_other_verb_cancels_a_review),
        T(a_review_in_the_way_names_what_it_can_and_the_way_on),
        T(changes_not_sent_is_never_set),
        T(a_console_change_kills_the_edit),
        T(three_killed_edits_say_what_to_do),
        T(every_verb_says_hours),
        T(every_verb_says_that_all_is_sent),
        T(resume_says_the_same_users),
        T(a_halt_says_what_it_does_not_do),
        T(halt_on_internal_testing_is_not_offered),
        T(a_missing_fallback_is_said_and_does_not_block),
        T(a_release_not_listed_among_twenty_is_still_read),
        T(what_is_served_is_read_from_the_whole_track),
        T(refusals),
        T(the_first_release_cannot_be_staged),
        T(an_account_of_its_own_is_advised),
        T(budgets_stay_below_the_quotas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
