/* test_google_play_act.c: the exact requests of every verb of Google Play, the faults of its edits,
 * and what the offers promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "sources/google_play.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_google_play;

#define ACCOUNT "id: play\nkind: google_play\nkey_file: /nowhere/key.json\n"
#define PHONE   "source: play\npackage: com.acme.app\ntrack: production\n"
#define APP     "/androidpublisher/v3/applications/com.acme.app"

#define STEP(line, json)                                                                           \
    {                                                                                              \
        .request = line, .status = 200, .reply = json                                              \
    }
#define INSERT                                                                                     \
    {                                                                                              \
        .request = "POST " APP "/edits", .body = "{}", .status = 200, .reply = "{\"id\":\"17\"}"   \
    }
#define TRACKS(json) STEP("GET " APP "/edits/17/tracks", json)
#define PUT(sent, json)                                                                            \
    {                                                                                              \
        .request = "PUT " APP "/edits/17/tracks/production", .body = sent, .status = 200,          \
        .reply = json                                                                              \
    }
#define COMMIT_LINE "POST " APP "/edits/17:commit?changesInReviewBehavior=ERROR_IF_IN_REVIEW"
#define COMMIT      STEP(COMMIT_LINE, "{\"id\":\"17\"}")
#define DROP                                                                                       \
    {                                                                                              \
        .request = "DELETE " APP "/edits/17", .status = 204                                        \
    }

#define TRACK(releases) "{\"track\":\"production\",\"releases\":[" releases "]}"
#define LIST(releases)  "{\"tracks\":[{\"track\":\"beta\"}," TRACK(releases) "]}"
#define FAULT(code_, message_, status_)                                                            \
    "{\"error\":{\"code\":" #code_ ",\"message\":\"" message_ "\",\"status\":\"" status_ "\"}}"

/* What surrounds the target in most cases: kept word for word, or left out. */
#define NOTES      "\"releaseNotes\":[{\"language\":\"en-US\",\"text\":\"Bug fixes\"}]"
#define NAMED      "{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\"]," NOTES ","
#define OLD        "{\"name\":\"4.11.2\",\"versionCodes\":[\"41102\"],\"status\":\"completed\"}"
#define DRAFT      "{\"name\":\"4.13.0\",\"versionCodes\":[\"41300\"],\"status\":\"draft\"}"
#define ROLLING(f) NAMED "\"status\":\"inProgress\",\"userFraction\":" f "}"
#define HALTED(f)  NAMED "\"status\":\"halted\",\"userFraction\":" f "}"
#define STOPPED    NAMED "\"status\":\"halted\"}"
#define COMPLETED  NAMED "\"status\":\"completed\"}"
#define NEW_DRAFT  NAMED "\"status\":\"draft\"}"

/* ------------------------------------------------------------------- scene */

struct scene {
    struct sw_flow *flow;
    struct sw_rollout before;
    struct sw_act act;
};

static void scene_init(struct scene *scene, enum sw_verb verb, double to_percent)
{
    *scene = (struct scene){.flow = flow_new(&sw_source_google_play, ACCOUNT)};
    flow_add_target(scene->flow, SW_ROLE_ROLLOUT, PHONE);
    flow_set_action(scene->flow, true);
    sw_copy(scene->before.identity, sizeof(scene->before.identity), "41200");
    scene->before.handle = sw_xstrdup(
        "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":\"41200\","
        "\"digest\":\"\",\"releases\":[{\"name\":\"4.12.0\",\"codes\":[\"41200\"],"
        "\"status\":\"inProgress\",\"fraction\":0.2},{\"name\":\"4.11.2\",\"codes\":[\"41102\"],"
        "\"status\":\"completed\"}]}");
    scene->act = (struct sw_act){.verb = verb, .before = &scene->before};
    if (to_percent > 0)
        scene->act.to_percent = (struct sw_value){to_percent, true};
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

/* ------------------------------------------------------------------- verbs */

struct verb_case {
    const char *what;
    enum sw_verb verb;
    double to_percent;
    const char *listed; /* the releases of the track */
    const char *put;    /* the releases sent; NULL: nothing is sent */
    enum sw_code code;  /* OK, or the refusal without sending */
    const char *text;   /* a part of the error */
};

static const struct verb_case verb_cases[] = {
    {"halt staged: its fraction is sent", SW_VERB_HALT, 0, ROLLING("0.2") "," OLD, HALTED("0.2"),
     SW_OK, NULL},
    {"halt keeps another rollout and a draft", SW_VERB_HALT, 0,
     DRAFT "," ROLLING("0.2") ",{\"versionCodes\":[\"41150\"],\"status\":\"inProgress\","
                              "\"userFraction\":0.01}," OLD,
     DRAFT "," HALTED("0.2") ",{\"versionCodes\":[\"41150\"],\"status\":\"inProgress\","
                             "\"userFraction\":0.01}",
     SW_OK, NULL},
    {"halt keeps a release in a state never seen", SW_VERB_HALT, 0,
     ROLLING("0.2") ",{\"versionCodes\":[\"41201\"],\"status\":\"paused\"}",
     HALTED("0.2") ",{\"versionCodes\":[\"41201\"],\"status\":\"paused\"}", SW_OK, NULL},
    {"halt completed: no fraction", SW_VERB_HALT, 0, COMPLETED "," OLD, STOPPED, SW_OK, NULL},
    {"halt completed: not even a stray one", SW_VERB_HALT, 0,
     NAMED "\"status\":\"completed\",\"userFraction\":0.5}", STOPPED, SW_OK, NULL},
    {"halt of a status never seen keeps what it has", SW_VERB_HALT, 0,
     NAMED "\"status\":\"paused\",\"userFraction\":0.3}", HALTED("0.3"), SW_OK, NULL},
    {"halt of a halted one: nothing to send", SW_VERB_HALT, 0, HALTED("0.2"), NULL, SW_OK, NULL},
    {"halt of a draft", SW_VERB_HALT, 0, NEW_DRAFT, NULL, SW_E_CONFLICT, "NOT HALTED"},
    {"the version code is gone", SW_VERB_HALT, 0, OLD, NULL, SW_E_CONFLICT, "no longer on track"},
    {"roll back of a completed one", SW_VERB_ROLLBACK, 0, COMPLETED, STOPPED, SW_OK, NULL},
    {"roll back of a staged one is its halt", SW_VERB_ROLLBACK, 0, ROLLING("0.5") "," OLD,
     HALTED("0.5"), SW_OK, NULL},
    {"resume", SW_VERB_RESUME, 0, HALTED("0.2") "," OLD, ROLLING("0.2"), SW_OK, NULL},
    {"resume what was halted at 100", SW_VERB_RESUME, 0, STOPPED "," OLD, COMPLETED, SW_OK, NULL},
    {"resume what rolls", SW_VERB_RESUME, 0, ROLLING("0.2"), NULL, SW_OK, NULL},
    {"resume what is complete", SW_VERB_RESUME, 0, COMPLETED, NULL, SW_E_CONFLICT, "only a halted"},
    {"advance", SW_VERB_ADVANCE, 50, ROLLING("0.2") "," OLD, ROLLING("0.5"), SW_OK, NULL},
    {"advance in small fractions", SW_VERB_ADVANCE, 0.1, ROLLING("0.0005"), ROLLING("0.001"), SW_OK,
     NULL},
    {"advance to a stage it has", SW_VERB_ADVANCE, 20, ROLLING("0.2"), NULL, SW_OK, NULL},
    {"never lower", SW_VERB_ADVANCE, 10, ROLLING("0.2"), NULL, SW_E_CONFLICT, "cannot lower"},
    {"advance of a draft starts it", SW_VERB_ADVANCE, 5, NEW_DRAFT "," OLD, ROLLING("0.05"), SW_OK,
     NULL},
    {"advance to 100 completes", SW_VERB_ADVANCE, 100, ROLLING("0.5") "," OLD, COMPLETED, SW_OK,
     NULL},
    {"99.99999 is 100", SW_VERB_ADVANCE, 99.99999, ROLLING("0.5"), COMPLETED, SW_OK, NULL},
    {"99.9 is not", SW_VERB_ADVANCE, 99.9, ROLLING("0.5"), ROLLING("0.999"), SW_OK, NULL},
    {"advance of a halted one", SW_VERB_ADVANCE, 50, HALTED("0.2"), NULL, SW_E_CONFLICT,
     "only a rollout in progress"},
    {"advance to 100 of a halted one", SW_VERB_ADVANCE, 100, HALTED("0.2"), NULL, SW_E_CONFLICT,
     "resume it first"},
    {"advance to nowhere", SW_VERB_ADVANCE, 0, ROLLING("0.2"), NULL, SW_E_USAGE, "percent"},
    {"complete sends only the target", SW_VERB_COMPLETE, 0, ROLLING("0.5") "," OLD, COMPLETED,
     SW_OK, NULL},
    {"complete of a complete one", SW_VERB_COMPLETE, 0, COMPLETED, NULL, SW_OK, NULL},
    {"complete of a halted one", SW_VERB_COMPLETE, 0, HALTED("0.2"), NULL, SW_E_CONFLICT,
     "resume it first"},
    {"complete of a status never seen", SW_VERB_COMPLETE, 0,
     NAMED "\"status\":\"paused\",\"userFraction\":0.3}", NULL, SW_E_CONFLICT, "not known here"},
};

static void check_verb(const struct verb_case *c)
{
    char list[2048], track[2048];
    struct sw_error err = {0};
    sw_format(list, sizeof(list), LIST("%s"), c->listed);
    sw_format(track, sizeof(track), TRACK("%s"), c->put ? c->put : "");
    const struct flow_step sent[] = {INSERT, TRACKS(list), PUT(track, track), COMMIT};
    const struct flow_step nothing[] = {INSERT, TRACKS(list), DROP};
    struct scene scene;
    scene_init(&scene, c->verb, c->to_percent);
    flow_script(scene.flow, c->put ? sent : nothing,
                c->put ? SW_ARRAY_LEN(sent) : SW_ARRAY_LEN(nothing));
    enum sw_code code = flow_act(scene.flow, &scene.act, &err);
    if (flow_mismatch(scene.flow))
        fail_msg("%s: %s", c->what, flow_mismatch(scene.flow));
    if (code != c->code || (c->text && !strstr(err.text, c->text)))
        fail_msg("%s: %s: %s", c->what, sw_code_name(code), err.text);
    assert_true(flow_was_locked(scene.flow, "play-com.acme.app"));
    scene_clear(&scene);
}

static void test_verbs(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(verb_cases); i++)
        check_verb(&verb_cases[i]);
}

/* The fraction goes out as people write it, not as 0.070000000000000007. */
static enum sw_code answer(void *arg, const struct sw_request *request, struct sw_reply *reply,
                           struct sw_error *err)
{
    (void)err;
    static const char *const replies[] = {"{\"id\":\"17\"}", LIST(ROLLING("0.05")), NULL, "{}"};
    int *step = arg;
    assert_in_range(*step, 0, 3);
    if (*step == 2)
        assert_non_null(strstr(request->body, "\"userFraction\":0.07}"));
    reply->status = 200;
    reply->body = sw_xstrdup(*step == 2 ? request->body : replies[*step]);
    reply->body_len = strlen(reply->body);
    ++*step;
    return SW_OK;
}

static void test_fractions_are_written_short(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    int step = 0;
    scene_init(&scene, SW_VERB_ADVANCE, 7);
    flow_perform_with(scene.flow, answer, &step);
    assert_int_equal(flow_act(scene.flow, &scene.act, &err), SW_OK);
    assert_int_equal(step, 4);
    scene_clear(&scene);
}

/* ------------------------------------------------------------------ faults */

#define PUT_HALT PUT(TRACK(HALTED("0.2")), TRACK(HALTED("0.2")))
#define LISTED   TRACKS(LIST(ROLLING("0.2") "," OLD))

static void test_a_killed_edit_starts_over(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {
        INSERT,
        LISTED,
        {.request = "PUT " APP "/edits/17/tracks/production",
         .body = TRACK(HALTED("0.2")),
         .status = 400,
         .reply = FAULT(400, "This Edit has been deleted.", "FAILED_PRECONDITION")},
        INSERT,
        LISTED,
        PUT_HALT,
        {.request = COMMIT_LINE, .status = 410, .reply = FAULT(410, "gone", "x")},
        INSERT,
        LISTED,
        PUT_HALT,
        COMMIT};
    scene_init(&scene, SW_VERB_HALT, 0);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
}

/* Google has said it with different codes over time. */
static void test_each_way_of_saying_that_the_edit_is_gone(void **state)
{
    (void)state;
    static const struct flow_step commits[] = {
        {.request = COMMIT_LINE,
         .status = 400,
         .reply = FAULT(400, "This Edit has been deleted.", "FAILED_PRECONDITION")},
        {.request = COMMIT_LINE,
         .status = 400,
         .reply = FAULT(400, "This Edit has been deleted.", "INVALID_ARGUMENT")},
        {.request = COMMIT_LINE,
         .status = 400,
         .reply = FAULT(400, "This edit has expired.", "FAILED_PRECONDITION")},
        {.request = COMMIT_LINE,
         .status = 410,
         .reply = "{\"error\":{\"code\":410,\"errors\":[{\"reason\":\"editDeleted\"}]}}"},
        {.request = COMMIT_LINE,
         .status = 409,
         .reply = FAULT(409, "concurrency update error", "x")},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(commits); i++) {
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {INSERT, LISTED, PUT_HALT, commits[i],
                                          INSERT, LISTED, PUT_HALT, COMMIT};
        scene_init(&scene, SW_VERB_HALT, 0);
        if (scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err) != SW_OK)
            fail_msg("case %zu: %s", i, err.text);
        scene_clear(&scene);
    }
}

static void test_three_killed_edits_are_enough(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
#define ROUND                                                                                      \
    INSERT, LISTED, PUT_HALT,                                                                      \
    {                                                                                              \
        .request = COMMIT_LINE, .status = 409,                                                     \
        .reply = FAULT(409, "concurrency update error", "ABORTED")                                 \
    }
    const struct flow_step steps[] = {ROUND, ROUND, ROUND};
    scene_init(&scene, SW_VERB_HALT, 0);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_CONFLICT);
    assert_non_null(strstr(err.text, "NOT HALTED"));
    assert_non_null(strstr(err.text, "concurrency update error"));
    scene_clear(&scene);
}

struct commit_case {
    const char *what;
    struct flow_step commit;
    bool is_dropped; /* the edit, afterwards */
    enum sw_code code;
    const char *text;
};

static void test_commits(void **state)
{
    (void)state;
    static const struct commit_case cases[] = {
        {"cut after the commit",
         {.request = COMMIT_LINE, .fail = SW_E_NETWORK},
         false,
         SW_E_OUTCOME_UNKNOWN,
         "not known"},
        {"silent",
         {.request = COMMIT_LINE, .fail = SW_E_TIMEOUT},
         false,
         SW_E_OUTCOME_UNKNOWN,
         "reading the track tells"},
        {"500 with a null message",
         {.request = COMMIT_LINE,
          .status = 500,
          .reply = "{\"error\":{\"code\":500,\"message\":null}}"},
         false,
         SW_E_OUTCOME_UNKNOWN,
         "not known"},
        {"committed already",
         {.request = COMMIT_LINE,
          .status = 400,
          .reply = FAULT(400,
                         "This edit has already been successfully committed, please create a new "
                         "Edit.",
                         "FAILED_PRECONDITION")},
         false,
         SW_OK,
         ""},
        {"a review runs",
         {.request = COMMIT_LINE,
          .status = 400,
          .reply = "{\"error\":{\"code\":400,\"message\":\"You already have changes in review. "
                   "Cancel this review or wait for it to complete before you try again.\","
                   "\"status\":\"FAILED_PRECONDITION\",\"details\":[{\"@type\":\"type.googleapis."
                   "com/google.rpc.ErrorInfo\",\"reason\":\"CHANGES_ALREADY_IN_REVIEW\"}]}}"},
         true,
         SW_E_IN_REVIEW,
         "NOT HALTED: committing"},
        {"a review runs, in other words",
         {.request = COMMIT_LINE,
          .status = 400,
          .reply = "{\"error\":{\"code\":400,\"message\":\"Nope.\",\"details\":[{\"reason\":"
                   "\"CHANGES_ALREADY_IN_REVIEW\"}]}}"},
         true,
         SW_E_IN_REVIEW,
         "cancelled that review; what is in review is not told. Confirm once more to cancel it (--cancel-review)"},
        {"only a person can send it for review",
         {.request = COMMIT_LINE,
          .status = 400,
          .reply = FAULT(400,
                         "Changes cannot be sent for review automatically. Please set the query "
                         "parameter changesNotSentForReview to true.",
                         "INVALID_ARGUMENT")},
         true,
         SW_E_CONFLICT,
         "Make the change in the Play Console"},
        {"no right",
         {.request = COMMIT_LINE,
          .status = 403,
          .reply = FAULT(403, "The caller does not have permission", "PERMISSION_DENIED")},
         true,
         SW_E_DENIED,
         "NOT HALTED"},
        {"not found",
         {.request = COMMIT_LINE,
          .status = 404,
          .reply = FAULT(404, "Package not found", "NOT_FOUND")},
         true,
         SW_E_NOT_FOUND,
         "NOT HALTED"},
        {"refused: needs a fraction",
         {.request = COMMIT_LINE,
          .status = 400,
          .reply = FAULT(400, "HALTED release must have fraction", "INVALID_ARGUMENT")},
         true,
         SW_E_CONFLICT,
         "\"HALTED release must have fraction\" (400 INVALID_ARGUMENT)"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {INSERT, LISTED, PUT_HALT, cases[i].commit, DROP};
        scene_init(&scene, SW_VERB_HALT, 0);
        flow_script(scene.flow, steps, cases[i].is_dropped ? 5 : 4);
        enum sw_code code = flow_act(scene.flow, &scene.act, &err);
        if (flow_mismatch(scene.flow))
            fail_msg("%s: %s", cases[i].what, flow_mismatch(scene.flow));
        if (code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("%s: %s: %s", cases[i].what, sw_code_name(code), err.text);
        scene_clear(&scene);
    }
}

static void test_a_put_without_answer_changed_nothing(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {INSERT,
                                      LISTED,
                                      {.request = "PUT " APP "/edits/17/tracks/production",
                                       .body = TRACK(HALTED("0.2")),
                                       .fail = SW_E_TIMEOUT},
                                      DROP};
    scene_init(&scene, SW_VERB_HALT, 0);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_NETWORK);
    assert_non_null(strstr(err.text, "NOTHING WAS CHANGED"));
    scene_clear(&scene);
}

/* Google has answered a PUT with something else than was put: that is not committed. */
static void test_another_answer_is_not_committed(void **state)
{
    (void)state;
    static const char *const answers[] = {
        TRACK(ROLLING("0.2")), TRACK(HALTED("0.5")), TRACK(""), "{}",
        TRACK("{\"versionCodes\":[\"41201\"],\"status\":\"halted\",\"userFraction\":0.2}")};
    for (size_t i = 0; i < SW_ARRAY_LEN(answers); i++) {
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {INSERT, LISTED, PUT(TRACK(HALTED("0.2")), answers[i]),
                                          DROP};
        scene_init(&scene, SW_VERB_HALT, 0);
        assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_CONFLICT);
        assert_non_null(strstr(err.text, "Not committed"));
        scene_clear(&scene);
    }
}

/* The other rollout must not be halted along with the target. */
static void test_a_neighbour_halted_in_the_answer_is_not_committed(void **state)
{
    (void)state;
#define NEIGHBOUR(status)                                                                          \
    "{\"versionCodes\":[\"41150\"],\"status\":\"" status "\",\"userFraction\":0.01}"
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {INSERT,
                                      TRACKS(LIST(ROLLING("0.2") "," NEIGHBOUR("inProgress"))),
                                      PUT(TRACK(HALTED("0.2") "," NEIGHBOUR("inProgress")),
                                          TRACK(HALTED("0.2") "," NEIGHBOUR("halted"))),
                                      DROP};
    scene_init(&scene, SW_VERB_HALT, 0);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_E_CONFLICT);
    scene_clear(&scene);
}

static void test_a_blind_halt_uses_the_last_known_releases(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const char *known = "{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\"],\"status\":\"halted\","
                        "\"userFraction\":0.2}";
    char track[512];
    sw_format(track, sizeof(track), TRACK("%s"), known);
    const struct flow_step steps[] = {
        INSERT,
        {.request = "GET " APP "/edits/17/tracks", .status = 500, .reply = "{}"},
        PUT(track, track),
        COMMIT};
    scene_init(&scene, SW_VERB_HALT, 0);
    scene.act.is_blind = true;
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
    /* Nothing else is ever sent without reading. */
    const struct flow_step refused[] = {
        INSERT, {.request = "GET " APP "/edits/17/tracks", .status = 500, .reply = "{}"}, DROP};
    scene_init(&scene, SW_VERB_ADVANCE, 50);
    assert_int_equal(scene_act(&scene, refused, SW_ARRAY_LEN(refused), &err), SW_E_HTTP);
    scene_clear(&scene);
}

/* Left out, the other rollout's countries would be all countries. */
static void test_a_blind_halt_keeps_the_countries(void **state)
{
    (void)state;
#define SOME ",\"countryTargeting\":{\"countries\":[\"NZ\",\"FI\"],\"includeRestOfWorld\":false}"
    struct scene scene, poll;
    struct sw_error err = {0};
    const char *known = "{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\"],\"status\":\"halted\","
                        "\"userFraction\":0.2},{\"name\":\"4.11.9\",\"versionCodes\":[\"41190\"],"
                        "\"status\":\"inProgress\",\"userFraction\":0.1" SOME "}";
    char track[512];
    sw_format(track, sizeof(track), TRACK("%s"), known);
    /* the handle of a real read */
    scene_init(&poll, SW_VERB_HALT, 0);
    const struct flow_step read[] = {
        STEP("GET " APP "/tracks/production/releases", "{}"), INSERT,
        TRACKS(LIST("{\"name\":\"4.12.0\",\"versionCodes\":[\"41200\"],\"status\":\"inProgress\","
                    "\"userFraction\":0.2},{\"name\":\"4.11.9\",\"versionCodes\":[\"41190\"],"
                    "\"status\":\"inProgress\",\"userFraction\":0.1" SOME "}")),
        DROP};
    flow_script(poll.flow, read, SW_ARRAY_LEN(read));
    assert_int_equal(flow_observe(poll.flow, &err), SW_OK);
    scene_init(&scene, SW_VERB_HALT, 0);
    free(scene.before.handle);
    scene.before.handle = sw_xstrdup(flow_rollout(poll.flow, 0)->handle);
    scene.act.is_blind = true;
    const struct flow_step steps[] = {
        INSERT,
        {.request = "GET " APP "/edits/17/tracks", .status = 500, .reply = "{}"},
        PUT(track, track),
        COMMIT};
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
    scene_clear(&poll);
}

static void test_a_halt_does_not_wait_for_the_lock(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {INSERT, LISTED, PUT_HALT, COMMIT};
    scene_init(&scene, SW_VERB_HALT, 0);
    flow_set_locks_busy(scene.flow, true);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
    scene_init(&scene, SW_VERB_ADVANCE, 50);
    flow_set_locks_busy(scene.flow, true);
    assert_int_equal(scene_act(&scene, NULL, 0, &err), SW_E_BUSY);
    scene_clear(&scene);
    scene_init(&scene, SW_VERB_HALT, 0);
    flow_set_locks_broken(scene.flow, true); /* a disk that is full or read-only */
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
}

static void test_ids_from_the_cache_are_checked(void **state)
{
    (void)state;
    static const char *const identities[] = {
        "", "0", "41200x", "../../edits", "-1", "99999999999999999999", "41201"};
    for (size_t i = 0; i < SW_ARRAY_LEN(identities); i++) {
        struct scene scene;
        struct sw_error err = {0};
        scene_init(&scene, SW_VERB_HALT, 0);
        sw_copy(scene.before.identity, sizeof(scene.before.identity), identities[i]);
        assert_int_equal(scene_act(&scene, NULL, 0, &err), SW_E_CONFLICT);
        assert_non_null(strstr(err.text, "Nothing was sent"));
        scene_clear(&scene);
    }
}

static void test_an_edit_id_is_checked(void **state)
{
    (void)state;
    static const char *const replies[] = {"{\"id\":\"../17\"}", "{\"id\":\"\"}", "{\"id\":17}",
                                          "{}", "{\"id\":\"17:commit\"}"};
    for (size_t i = 0; i < SW_ARRAY_LEN(replies); i++) {
        struct scene scene;
        struct sw_error err = {0};
        const struct flow_step steps[] = {
            {.request = "POST " APP "/edits", .body = "{}", .status = 200, .reply = replies[i]}};
        scene_init(&scene, SW_VERB_HALT, 0);
        assert_int_equal(scene_act(&scene, steps, 1, &err), SW_E_PARSE);
        scene_clear(&scene);
    }
}

/* Written down: what would be sent. Sent: an edit opened, read and dropped. */
static void test_dry_run(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_error err = {0};
    const struct flow_step steps[] = {INSERT, LISTED, PUT_HALT, COMMIT, DROP};
    scene_init(&scene, SW_VERB_HALT, 0);
    flow_set_dry_run(scene.flow, true);
    assert_int_equal(scene_act(&scene, steps, SW_ARRAY_LEN(steps), &err), SW_OK);
    scene_clear(&scene);
}

/* -------------------------------------------------------------------- seen */

static void test_seen(void **state)
{
    (void)state;
    static const struct {
        enum sw_verb verb;
        double to;
        const char *release; /* of the handle */
        bool is_seen;
    } cases[] = {
        {SW_VERB_HALT, 0, "\"status\":\"halted\",\"fraction\":0.2", true},
        {SW_VERB_HALT, 0, "\"status\":\"halted\"", true},
        {SW_VERB_HALT, 0, "\"status\":\"halted\",\"life\":\"PUBLISHED\"", true},
        {SW_VERB_HALT, 0, "\"status\":\"halted\",\"life\":\"NOT_SENT_FOR_REVIEW\"", false},
        {SW_VERB_HALT, 0, "\"status\":\"halted\",\"life\":\"APPROVED_NOT_PUBLISHED\"", false},
        {SW_VERB_HALT, 0, "\"status\":\"inProgress\",\"fraction\":0.2", false},
        {SW_VERB_HALT, 0, "\"life\":\"PUBLISHED\"", false},
        {SW_VERB_ROLLBACK, 0, "\"status\":\"halted\"", true},
        {SW_VERB_ROLLBACK, 0, "\"status\":\"completed\"", false},
        {SW_VERB_RESUME, 0, "\"status\":\"inProgress\",\"fraction\":0.2", true},
        {SW_VERB_RESUME, 0, "\"status\":\"completed\"", true},
        {SW_VERB_RESUME, 0, "\"status\":\"halted\",\"fraction\":0.2", false},
        {SW_VERB_ADVANCE, 50, "\"status\":\"inProgress\",\"fraction\":0.5", true},
        {SW_VERB_ADVANCE, 50, "\"status\":\"inProgress\",\"fraction\":0.2", false},
        {SW_VERB_ADVANCE, 50, "\"status\":\"halted\",\"fraction\":0.5", false},
        {SW_VERB_ADVANCE, 100, "\"status\":\"completed\"", true},
        {SW_VERB_COMPLETE, 0, "\"status\":\"completed\"", true},
        {SW_VERB_COMPLETE, 0, "\"status\":\"inProgress\",\"fraction\":0.5", false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct scene scene;
        char handle[512];
        scene_init(&scene, cases[i].verb, cases[i].to);
        /* Another release may be the platform's by now: the version code counts. */
        sw_format(handle, sizeof(handle),
                  "{\"v\":1,\"package\":\"com.acme.app\",\"track\":\"production\",\"code\":"
                  "\"41201\",\"digest\":\"\",\"releases\":[{\"codes\":[\"41201\"],\"status\":"
                  "\"draft\"},{\"codes\":[\"41200\"],%s}]}",
                  cases[i].release);
        struct sw_rollout seen = {.handle = handle};
        if (sw_source_google_play.is_seen(&scene.act, &seen) != cases[i].is_seen)
            fail_msg("case %zu", i);
        assert_false(sw_source_google_play.is_seen(&scene.act, &(struct sw_rollout){0}));
        scene_clear(&scene);
    }
}

/* ------------------------------------------------------------------ offers */

struct offer_case {
    enum sw_state state;
    const char *raw;
    double percent;
    const char *possible; /* letters of the verbs: H R A C B */
};

static const struct offer_case offer_cases[] = {
    {SW_STATE_ROLLING, "inProgress", 20, "HACB"},
    {SW_STATE_ROLLING, "inProgress, IN_REVIEW", 20, "HB"},
    {SW_STATE_ROLLING, "halted, NOT_SENT_FOR_REVIEW", 20, "HB"},
    {SW_STATE_HALTED, "halted", 20, "HR"},
    {SW_STATE_ROLLED_BACK, "halted", 0, "HR"},
    {SW_STATE_COMPLETE, "completed", 100, "HB"},
    {SW_STATE_READY, "draft", 0, "AC"},
    {SW_STATE_READY, "inProgress, APPROVED_NOT_PUBLISHED", 0, "H"},
    {SW_STATE_IN_REVIEW, "inProgress, IN_REVIEW", 0, "H"},
    {SW_STATE_FAILED, "inProgress, NOT_APPROVED", 0, ""},
    {SW_STATE_NONE, "no release", -1, ""},
    {SW_STATE_TESTING, "no release; beta completed", 0, ""},
    {SW_STATE_UNKNOWN, "paused", -1, "H"},
};

static void check_offer(const struct offer_case *c, enum sw_verb verb, char letter)
{
    struct sw_plan plan = {.kind = SW_PLAN_STAGES,
                           .count = 3,
                           .stages = {{.percent = 5, .weekday = -1},
                                      {.percent = 50, .weekday = -1},
                                      {.percent = 100, .weekday = -1}}};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target target = *flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    struct sw_rollout rollout = {.state = c->state};
    struct sw_source_offer offer;
    target.plan = &plan;
    sw_copy(rollout.raw_state, sizeof(rollout.raw_state), c->raw);
    sw_copy(rollout.version, sizeof(rollout.version), "4.12.0");
    sw_copy(rollout.identity, sizeof(rollout.identity), "41200");
    sw_copy(rollout.previous_version, sizeof(rollout.previous_version), "4.11.2");
    if (c->percent >= 0)
        rollout.percent_set = (struct sw_value){c->percent, true};
    sw_source_google_play.offer(&target, &rollout, verb, &offer);
    if (offer.is_possible != (strchr(c->possible, letter) != NULL))
        fail_msg("%c in %s %s: %d (%s)", letter, sw_state_name(c->state), c->raw, offer.is_possible,
                 offer.reason);
    /* Either an effect or a reason, never both, never neither. */
    assert_true((offer.effect[0] != '\0') == offer.is_possible);
    assert_true((offer.reason[0] == '\0') == offer.is_possible);
    /* Without a version code there is nothing to address. */
    rollout.identity[0] = '\0';
    sw_source_google_play.offer(&target, &rollout, verb, &offer);
    assert_false(offer.is_possible);
    flow_free(flow);
}

static void test_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(offer_cases); i++) {
        check_offer(&offer_cases[i], SW_VERB_HALT, 'H');
        check_offer(&offer_cases[i], SW_VERB_RESUME, 'R');
        check_offer(&offer_cases[i], SW_VERB_ADVANCE, 'A');
        check_offer(&offer_cases[i], SW_VERB_COMPLETE, 'C');
        check_offer(&offer_cases[i], SW_VERB_ROLLBACK, 'B');
    }
}

static void test_offer_says_what_happens(void **state)
{
    (void)state;
    struct sw_plan plan = {
        .kind = SW_PLAN_STAGES,
        .count = 2,
        .stages = {{.percent = 20, .weekday = -1}, {.percent = 50, .weekday = -1}}};
    struct sw_flow *flow = flow_new(&sw_source_google_play, ACCOUNT);
    struct sw_target target = *flow_add_target(flow, SW_ROLE_ROLLOUT, PHONE);
    struct sw_rollout rollout = {.state = SW_STATE_ROLLING, .percent_set = {20, true}};
    struct sw_source_offer offer;
    target.plan = &plan;
    sw_copy(rollout.version, sizeof(rollout.version), "4.12.0");
    sw_copy(rollout.identity, sizeof(rollout.identity), "41200");
    sw_copy(rollout.previous_version, sizeof(rollout.previous_version), "4.11.2");
    sw_source_google_play.offer(&target, &rollout, SW_VERB_HALT, &offer);
    assert_string_equal(offer.effect,
                        "Within hours Play gives 4.12.0 (code 41200) to no more users and serves "
                        "4.11.2 to the rest; 20% is kept to resume from. All that waits in the "
                        "Console is sent along.");
    assert_string_equal(offer.will_not,
                        "It takes 4.12.0 (code 41200) off no device: who has it keeps it, until a "
                        "higher version code comes.");
    assert_true(offer.to_percent.is_known && offer.to_percent.value == 20);
    sw_source_google_play.offer(&target, &rollout, SW_VERB_ADVANCE, &offer);
    assert_string_equal(
        offer.effect,
        "Within hours Play gives 4.12.0 (code 41200) to 50% of users instead of 20%. All that "
        "waits in the Console is sent along.");
    assert_true(offer.to_percent.is_known && offer.to_percent.value == 50);
    rollout.percent_set.value = 50;
    sw_source_google_play.offer(&target, &rollout, SW_VERB_ADVANCE, &offer);
    assert_false(offer.is_possible);
    assert_non_null(strstr(offer.reason, "no further stage"));
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_fractions_are_written_short),
        cmocka_unit_test(test_a_killed_edit_starts_over),
        cmocka_unit_test(test_each_way_of_saying_that_the_edit_is_gone),
        cmocka_unit_test(test_three_killed_edits_are_enough),
        cmocka_unit_test(test_commits),
        cmocka_unit_test(test_a_put_without_answer_changed_nothing),
        cmocka_unit_test(test_another_answer_is_not_committed),
        cmocka_unit_test(test_a_neighbour_halted_in_the_answer_is_not_committed),
        cmocka_unit_test(test_a_blind_halt_uses_the_last_known_releases),
        cmocka_unit_test(test_a_blind_halt_keeps_the_countries),
        cmocka_unit_test(test_a_halt_does_not_wait_for_the_lock),
        cmocka_unit_test(test_ids_from_the_cache_are_checked),
        cmocka_unit_test(test_an_edit_id_is_checked),
        cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_offer_says_what_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
