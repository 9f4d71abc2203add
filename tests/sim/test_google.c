/* Google's dialects without a socket: grants, edits, and the refusals in Google's words. */
#include "drive.h"
#include "faults.h"
#include "google.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APP "/androidpublisher/v3/applications/com.acme.app"
#define FORM "application/x-www-form-urlencoded"
#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="

struct fixture {
    struct sim *sim;
    char *token;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.sim = sim_new("rollout-week", 1, 1);
    fixture.token = drive_google_token(fixture.sim, GOOGLE_SCOPE_PUBLISHER);
    assert_non_null(fixture.token);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->token);
    sim_free(f->sim);
    return 0;
}

/* ---- grants ----------------------------------------------------------------------------- */

static void grants(void **state)
{
    static const struct {
        const char *claims; /* over good ones */
        int status;
        const char *error;
    } cases[] = {
        {NULL, 200, NULL},
        {"{\"iss\":\"other@example.com\"}", 400, "invalid_grant"},
        {"{\"aud\":\"https://example.com/token\"}", 400, "invalid_grant"},
        {"{\"exp\":1}", 400, "invalid_grant"},
        {"{\"iat\":1}", 400, "invalid_grant"},
        {"{\"exp\":4102444800}", 400, "invalid_grant"},
        {"{\"iat\":\"now\"}", 400, "invalid_grant"},
        {"{\"scope\":\"https://www.googleapis.com/auth/drive\"}", 400, "invalid_scope"},
        {"{\"scope\":\"\"}", 400, "invalid_scope"},
        {"{\"scope\":\"" GOOGLE_SCOPE_PUBLISHER " " GOOGLE_SCOPE_REPORTING "\"}", 200, NULL},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *assertion = drive_assertion(f->sim, cases[i].claims);
        char *body = sim_printf("%s%s", GRANT, assertion);
        struct drive_answer a =
            drive_call(f->sim, "google_oauth", "POST", "/token", NULL, FORM, body);
        assert_int_equal(a.status, cases[i].status);
        if (cases[i].error != NULL)
            assert_string_equal(drive_text(&a, "error"), cases[i].error);
        else
            assert_string_equal(drive_text(&a, "token_type"), "Bearer");
        drive_clear(&a);
        free(body);
        free(assertion);
    }
}

static void broken_grants(void **state)
{
    static const struct {
        const char *type, *body, *error;
    } cases[] = {
        {"application/json", "{}", "invalid_request"},
        {FORM, "", "invalid_request"},
        {FORM, "grant_type=password", "unsupported_grant_type"},
        {FORM, GRANT "abc", "invalid_grant"},
        {FORM, GRANT "a.b.c", "invalid_grant"},
        {FORM, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer",
         "invalid_request"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drive_answer a = drive_call(f->sim, "google_oauth", "POST", "/token", NULL,
                                           cases[i].type, cases[i].body);
        assert_int_equal(a.status, 400);
        assert_string_equal(drive_text(&a, "error"), cases[i].error);
        drive_clear(&a);
    }
    /* A signature with one letter changed. */
    char *assertion = drive_assertion(f->sim, NULL);
    char *letter = strrchr(assertion, '.') + 5;
    *letter = *letter == 'A' ? 'B' : 'A';
    char *body = sim_printf("%s%s", GRANT, assertion);
    struct drive_answer a = drive_call(f->sim, "google_oauth", "POST", "/token", NULL, FORM, body);
    assert_int_equal(a.status, 400);
    assert_string_equal(drive_text(&a, "error_description"), "Invalid JWT Signature.");
    drive_clear(&a);
    free(body);
    free(assertion);
}

/* ---- edits ------------------------------------------------------------------------------ */

static struct drive_answer play(struct fixture *f, const char *method, const char *body,
                                const char *format, const char *edit)
{
    char *target = sim_printf(APP "%s%s%s", edit == NULL ? "" : "/edits/",
                              edit == NULL ? "" : edit, format);
    struct drive_answer a = drive_call(f->sim, "google_play", method, target, f->token,
                                       "application/json", body);
    free(target);
    return a;
}

static char *open_edit(struct fixture *f)
{
    struct drive_answer a = play(f, "POST", "", "/edits", NULL);

    assert_int_equal(a.status, 200);
    char *id = sim_xstrdup(drive_text(&a, "id"));
    assert_non_null(drive_text(&a, "expiryTimeSeconds"));
    drive_clear(&a);
    return id;
}

static void expect(struct drive_answer answer, int status, const char *text)
{
    if (answer.status != status || (text != NULL && strstr(answer.body, text) == NULL))
        fail_msg("expected %d \"%s\", got %d %s", status, text == NULL ? "" : text, answer.status,
                 answer.body);
    drive_clear(&answer);
}

static void auth_is_needed(void **state)
{
    struct fixture *f = *state;
    char *other = drive_google_token(f->sim, GOOGLE_SCOPE_REPORTING);

    expect(drive_call(f->sim, "google_play", "POST", APP "/edits", NULL, NULL, NULL), 401,
           "UNAUTHENTICATED");
    expect(drive_call(f->sim, "google_play", "POST", APP "/edits", "ya29.wrong", NULL, NULL), 401,
           "UNAUTHENTICATED");
    expect(drive_call(f->sim, "google_play", "POST", APP "/edits", other, NULL, NULL), 403,
           "PERMISSION_DENIED");
    free(other);
}

static void tracks_are_read(void **state)
{
    struct fixture *f = *state;
    char *edit = open_edit(f);
    struct drive_answer a = play(f, "GET", NULL, "/tracks/production", edit);

    assert_int_equal(a.status, 200);
    assert_int_equal(json_array_size(drive_at(a.json, "releases")), 2);
    assert_string_equal(drive_text(&a, "releases.0.versionCodes.0"), "2025011401");
    assert_string_equal(drive_text(&a, "releases.0.status"), "inProgress");
    assert_true(json_real_value(drive_at(a.json, "releases.0.userFraction")) == 0.2);
    assert_string_equal(drive_text(&a, "releases.1.status"), "completed");
    assert_null(drive_at(a.json, "releases.1.userFraction"));
    drive_clear(&a);
    expect(play(f, "GET", NULL, "/tracks/wear%3Aproduction", edit), 200, "\"draft\"");
    expect(play(f, "GET", NULL, "/tracks/wear:production", edit), 404, NULL);
    expect(play(f, "GET", NULL, "/tracks/nosuch", edit), 404, "NOT_FOUND");
    expect(play(f, "GET", NULL, "/tracks", edit), 200, "androidpublisher#tracksListResponse");
    expect(play(f, "GET", NULL, "/tracks?foo=1", edit), 400, "Unknown name \\\"foo\\\"");
    expect(play(f, "GET", NULL, "/tracks/production/releases", NULL), 200,
           "RELEASE_LIFECYCLE_STATE_PUBLISHED");
    expect(play(f, "DELETE", NULL, "", edit), 204, NULL);
    expect(play(f, "GET", NULL, "/tracks", edit), 400, "This Edit has been deleted.");
    expect(drive_call(f->sim, "google_play", "POST",
                      "/androidpublisher/v3/applications/com.other.app/edits", f->token, NULL, NULL),
           404, "Package not found");
    free(edit);
}

static void a_halt_is_committed_and_seen(void **state)
{
    static const char halt[] = "{\"track\":\"production\",\"releases\":[{\"name\":\"2.15.3\","
                               "\"versionCodes\":[\"2025011401\"],\"status\":\"halted\","
                               "\"userFraction\":0.2}]}";
    struct fixture *f = *state;
    char *edit = open_edit(f);

    expect(play(f, "PUT", halt, "/tracks/production", edit), 200, "halted");
    /* Nobody sees it before the commit. */
    assert_true(play_percent(play_track_find(f->sim->world->play.tracks,
                                             f->sim->world->play.n_tracks, "production"),
                             2025011401) > 19.9);
    expect(play(f, "POST", NULL, ":validate", edit), 200, edit);
    expect(play(f, "POST", NULL, ":commit?changesInReviewBehavior=ERROR_IF_IN_REVIEW", edit), 200,
           edit);
    expect(play(f, "POST", NULL, ":commit", edit), 400,
           "This edit has already been successfully committed");
    assert_true(play_percent(play_track_find(f->sim->world->play.tracks,
                                             f->sim->world->play.n_tracks, "production"),
                             2025011401) < 0.1);
    char *again = open_edit(f);
    expect(play(f, "GET", NULL, "/tracks/production", again), 200, "\"userFraction\":0.2");
    free(again);
    free(edit);
}

/* Without the right to release an account may open edits; where it is stopped is not documented. */
static void an_account_may_lack_the_right_to_release(void **state)
{
    static const char draft[] = "{\"track\":\"production\",\"releases\":[{\"name\":\"2.15.3\","
                                "\"versionCodes\":[\"2025011401\"],\"status\":\"halted\","
                                "\"userFraction\":0.2}]}";
    struct fixture *f = *state;
    const struct world *world = f->sim->world;

    for (int lacks = SIM_PLAY_NO_COMMIT; lacks <= SIM_PLAY_NO_WRITE; lacks++) {
        f->sim->rights.play = lacks;
        char *edit = open_edit(f);
        expect(play(f, "GET", NULL, "/tracks", edit), 200, NULL);
        if (lacks == SIM_PLAY_NO_COMMIT)
            expect(play(f, "PUT", draft, "/tracks/production", edit), 200, "halted");
        else
            expect(play(f, "PUT", draft, "/tracks/production", edit), 403,
                   "The caller does not have permission");
        expect(play(f, "POST", NULL, ":validate", edit), 200, edit);
        expect(play(f, "POST", NULL, ":commit", edit), 403, "PERMISSION_DENIED");
        expect(play(f, "DELETE", NULL, "", edit), 204, NULL);
        free(edit);
    }
    assert_true(play_percent(play_track_find(f->sim->world->play.tracks, world->play.n_tracks,
                                             "production"),
                             2025011401) > 19.9);
}

static void one_edit_at_a_time(void **state)
{
    struct fixture *f = *state;
    char *first = open_edit(f);
    char *second = open_edit(f);

    expect(play(f, "GET", NULL, "", first), 400, "This Edit has been deleted.");
    expect(play(f, "GET", NULL, "", second), 200, second);
    f->sim->world->play.next_change++; /* somebody in the console */
    expect(play(f, "POST", NULL, ":commit", second), 400, "This Edit has been deleted.");
    expect(play(f, "GET", NULL, "", "123"), 404, "Edit not found");
    char *third = open_edit(f);
    world_advance(f->sim->world, f->sim->world->now_ms + (int64_t)25 * 3600 * 1000);
    expect(play(f, "GET", NULL, "", third), 400, "This edit has expired.");
    free(first);
    free(second);
    free(third);
}

static void bad_bodies(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *text;
    } cases[] = {
        {"", 400, "Expected an object"},
        {"[]", 400, "Expected an object"},
        {"{\"relases\":[]}", 400, "Unknown name \\\"relases\\\" at 'track': Cannot find field."},
        {"{\"track\":\"beta\"}", 400, "Invalid value"},
        {"{\"releases\":[{\"status\":\"paused\"}]}", 400, "Invalid value at 'track.releases[0].s"},
        {"{\"releases\":[{\"fraction\":0.1}]}", 400, "Unknown name \\\"fraction\\\" at 'track.rele"},
        {"{\"releases\":[{\"versionCodes\":[\"x\"],\"status\":\"completed\"}]}", 400, "version_c"},
        {"{\"releases\":[{\"versionCodes\":[\"99\"],\"status\":\"completed\"}]}", 404, "99"},
        {"{\"releases\":[{\"versionCodes\":[\"2025011401\"],\"status\":\"completed\","
         "\"userFraction\":0.5}]}",
         400, "COMPLETED release must not have fraction"},
        {"{\"releases\":[{\"versionCodes\":[\"2025011401\"],\"status\":\"inProgress\","
         "\"userFraction\":0}]}",
         400, "greater than 0.0"},
        {"{\"releases\":[{\"versionCodes\":[\"2025011401\"],\"status\":\"inProgress\","
         "\"userFraction\":\"0.5\"}]}",
         400, "user_fraction"},
        {"{\"releases\":[{\"versionCodes\":[\"2025011401\"],\"status\":\"inProgress\","
         "\"userFraction\":0.5,\"inAppUpdatePriority\":9}]}",
         400, "in_app_update_priority"},
    };
    struct fixture *f = *state;
    char *edit = open_edit(f);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(play(f, "PUT", cases[i].body, "/tracks/production", edit), cases[i].status,
               cases[i].text);
    free(edit);
}

static void reviews_in_the_way(void **state)
{
    struct fixture *f = *state;
    struct play_store *store = &f->sim->world->play;
    char *edit = open_edit(f);

    expect(play(f, "POST", NULL, ":commit?changesInReviewBehavior=WHATEVER", edit), 400,
           "Invalid value");
    expect(play(f, "POST", NULL, ":commit?changesNotSentForReview=true", edit), 400,
           "must not be set");
    store->is_review_running = true;
    expect(play(f, "POST", NULL, ":commit?changesInReviewBehavior=ERROR_IF_IN_REVIEW", edit), 400,
           "CHANGES_ALREADY_IN_REVIEW");
    expect(play(f, "GET", NULL, "", edit), 200, edit); /* still valid */
    store->needs_manual_send = true;
    expect(play(f, "POST", NULL, ":commit", edit), 400,
           "Please set the query parameter changesNotSentForReview to true");
    expect(play(f, "POST", NULL, ":commit?changesNotSentForReview=true", edit), 200, edit);
    assert_false(store->is_review_running); /* silently cancelled: the default */
    free(edit);
}

static const char halt_body[] = "{\"track\":\"production\",\"releases\":[{\"name\":\"2.15.3\","
                                "\"versionCodes\":[\"2025011401\"],\"status\":\"halted\","
                                "\"userFraction\":0.2}]}";

static double production_percent(struct fixture *f, int64_t code)
{
    struct play_store *store = &f->sim->world->play;

    return play_percent(play_track_find(store->tracks, store->n_tracks, "production"), code);
}

/* With managed publishing a commit is accepted, and users go on as before until a person publishes. */
static void managed_publishing_waits_for_a_hand(void **state)
{
    struct fixture *f = *state;
    struct play_store *store = &f->sim->world->play;

    store->is_managed = true;
    char *edit = open_edit(f);
    expect(play(f, "PUT", halt_body, "/tracks/production", edit), 200, "halted");
    expect(play(f, "POST", NULL, ":commit", edit), 200, edit);
    assert_true(production_percent(f, 2025011401) > 19.9);
    expect(play(f, "GET", NULL, "/tracks/production/releases", NULL), 200,
           "RELEASE_LIFECYCLE_STATE_APPROVED_NOT_PUBLISHED");
    play_publish(store);
    assert_true(production_percent(f, 2025011401) < 0.1);
    expect(play(f, "GET", NULL, "/tracks/production/releases", NULL), 200,
           "RELEASE_LIFECYCLE_STATE_PUBLISHED");
    free(edit);
}

/* changesNotSentForReview: accepted, and nothing of it live until somebody sends it. */
static void what_is_not_sent_is_not_live(void **state)
{
    struct fixture *f = *state;
    struct play_store *store = &f->sim->world->play;

    store->needs_manual_send = true;
    char *edit = open_edit(f);
    expect(play(f, "PUT", halt_body, "/tracks/production", edit), 200, "halted");
    expect(play(f, "POST", NULL, ":commit?changesNotSentForReview=true", edit), 200, edit);
    assert_true(production_percent(f, 2025011401) > 19.9);
    expect(play(f, "GET", NULL, "/tracks/production/releases", NULL), 200,
           "RELEASE_LIFECYCLE_STATE_NOT_SENT_FOR_REVIEW");
    play_publish(store);
    assert_true(production_percent(f, 2025011401) < 0.1);
    free(edit);
}

static void a_draft_app_takes_drafts_only(void **state)
{
    struct fixture *f = *state;

    f->sim->world->play.is_draft_app = true;
    char *edit = open_edit(f);
    expect(play(f, "PUT", halt_body, "/tracks/production", edit), 400,
           "Only releases with status draft may be created on draft app");
    expect(play(f, "PUT",
                "{\"releases\":[{\"versionCodes\":[\"2025012101\"],\"status\":\"draft\"}]}",
                "/tracks/production", edit),
           200, "draft");
    free(edit);
}

/* [tracks]: any track but internal testing, under both names and on every form factor. */
static void internal_testing_is_not_halted(void **state)
{
    struct fixture *f = *state;
    char *edit = open_edit(f);

    expect(play(f, "PUT",
                "{\"releases\":[{\"versionCodes\":[\"2025012101\"],\"status\":\"halted\"}]}",
                "/tracks/internal", edit),
           400, "internal testing track cannot be halted");
    expect(play(f, "PUT",
                "{\"releases\":[{\"versionCodes\":[\"2025011404\"],\"status\":\"halted\"}]}",
                "/tracks/wear%3Ainternal", edit),
           400, "internal testing track cannot be halted");
    assert_true(play_is_internal("qa") && play_is_internal("wear:qa"));
    assert_false(play_is_internal("beta") || play_is_internal("production"));
    free(edit);
}

static json_t *reviews_of(struct fixture *f, const char *query)
{
    struct drive_answer a = play(f, "GET", NULL, query, NULL);

    assert_int_equal(a.status, 200);
    json_t *page = json_loads(a.body, 0, NULL);
    assert_non_null(page);
    drive_clear(&a);
    return page;
}

static void reviews_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->sim->world;
    int64_t week_ms = (int64_t)7 * 24 * 3600 * 1000, last = INT64_MAX;
    size_t total = 0, pages = 0;
    char query[80] = "/reviews?maxResults=100";

    while (query[0] != '\0') {
        json_t *page = reviews_of(f, query), *list = json_object_get(page, "reviews");
        for (size_t i = 0; i < json_array_size(list); i++) {
            json_t *user = json_object_get(
                json_array_get(json_object_get(json_array_get(list, i), "comments"), 0),
                "userComment");
            const char *seconds = json_string_value(
                json_object_get(json_object_get(user, "lastModified"), "seconds"));
            assert_non_null(seconds); /* an int64, so a string */
            int64_t at = strtoll(seconds, NULL, 10);
            assert_true(at <= last && at * 1000 >= world->now_ms - week_ms - 1000);
            last = at;
            total++;
        }
        const char *next = json_string_value(
            json_object_get(json_object_get(page, "tokenPagination"), "nextPageToken"));
        snprintf(query, sizeof query, next == NULL ? "%s" : "/reviews?maxResults=100&token=%s",
                 next == NULL ? "" : next);
        json_decref(page);
        pages++;
        assert_true(pages < 20);
    }
    assert_in_range(total, 200, 600);
    play_review_add(&world->play, 2025011401, 1, "de", "Aua\tStuerzt ab", world->now_ms);
    json_t *newest = reviews_of(f, "/reviews?maxResults=1");
    char *text = sim_json_text(newest);
    assert_non_null(strstr(text, "\"appVersionCode\":2025011401"));
    assert_non_null(strstr(text, "Aua\\tStuerzt ab"));
    free(text);
    json_decref(newest);
    expect(play(f, "GET", NULL, "/reviews?token=nonsense", NULL), 400, "Invalid page token");
    expect(play(f, "GET", NULL, "/reviews?maxResults=0", NULL), 400, "maxResults");
    expect(play(f, "GET", NULL, "/reviews?pageSize=5", NULL), 400, "pageSize");
    world->play.n_reviews = 0;
    expect(play(f, "GET", NULL, "/reviews", NULL), 200, "{}");
}

static void reviews_have_a_quota_of_their_own(void **state)
{
    struct fixture *f = *state;
    int refused = 0;

    for (int i = 0; i < 450 && refused == 0; i++) { /* an hour may end in between */
        struct drive_answer a = play(f, "GET", NULL, "/reviews?maxResults=1", NULL);
        if (a.status != 200) {
            assert_int_equal(a.status, 429);
            assert_non_null(strstr(a.body, "RESOURCE_EXHAUSTED"));
            assert_in_range(i, 200, 400);
            refused++;
        }
        drive_clear(&a);
    }
    assert_int_equal(refused, 1);
    expect(play(f, "GET", NULL, "/tracks/production/releases", NULL), 200, "releases");
}

/* 503 after the write: the client must not see it, the world must. */
static void a_lost_answer_was_applied(void **state)
{
    static const char after[] =
        "{\"service\":\"google_play\",\"kind\":\"status\",\"before\":false,\"count\":1}";
    static const char before[] =
        "{\"service\":\"google_play\",\"kind\":\"status\",\"count\":1}";
    struct fixture *f = *state;
    char error[256];

    for (int i = 0; i < 2; i++) {
        int64_t change = f->sim->world->play.next_change;
        char *edit = open_edit(f);
        json_t *spec = json_loads(i == 0 ? after : before, 0, NULL);
        assert_non_null(sim_faults_add(f->sim->faults, spec, error));
        expect(play(f, "POST", NULL, ":commit", edit), 503, NULL);
        json_t *counters = sim_counters_json(f->sim->counters);
        json_t *log = json_object_get(counters, "log");
        json_t *last = json_array_get(log, json_array_size(log) - 1);
        assert_string_equal(json_string_value(json_object_get(last, "effect")), "mutating");
        assert_int_equal(json_is_true(json_object_get(last, "applied")), i == 0);
        assert_true(f->sim->world->play.next_change == change + (i == 0));
        assert_int_equal(json_integer_value(json_object_get(counters, "mutating")), i + 1);
        json_decref(counters);
        json_decref(spec);
        free(edit);
    }
}

static void effects_are_told_apart(void **state)
{
    static const struct {
        const char *method, *target;
        enum sim_effect effect;
    } cases[] = {
        {"GET", APP "/edits/1", SIM_EFFECT_NONE},
        {"POST", APP "/edits", SIM_EFFECT_EDIT_INSERT},
        {"DELETE", APP "/edits/1", SIM_EFFECT_EDIT_DELETE},
        {"PUT", APP "/edits/1/tracks/production", SIM_EFFECT_EDIT_WRITE},
        {"PATCH", APP "/edits/1/tracks/wear%3Aproduction", SIM_EFFECT_EDIT_WRITE},
        {"POST", APP "/edits/1:validate", SIM_EFFECT_NONE},
        {"POST", APP "/edits/1:commit", SIM_EFFECT_MUTATING},
        {"POST", APP "/anything", SIM_EFFECT_MUTATING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_request rq;
        assert_true(sim_request_parse(&rq, cases[i].method, cases[i].target, NULL, 0, NULL, 0));
        assert_int_equal(sim_services[sim_service_index("google_play")]->classify(&rq),
                         cases[i].effect);
        sim_request_free(&rq);
    }
}

int main(void)
{
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(grants),
        WORLD_TEST(broken_grants),
        WORLD_TEST(auth_is_needed),
        WORLD_TEST(tracks_are_read),
        WORLD_TEST(a_halt_is_committed_and_seen),
        WORLD_TEST(an_account_may_lack_the_right_to_release),
        WORLD_TEST(one_edit_at_a_time),
        WORLD_TEST(bad_bodies),
        WORLD_TEST(reviews_in_the_way),
        WORLD_TEST(managed_publishing_waits_for_a_hand),
        WORLD_TEST(what_is_not_sent_is_not_live),
        WORLD_TEST(a_draft_app_takes_drafts_only),
        WORLD_TEST(internal_testing_is_not_halted),
        WORLD_TEST(reviews_are_listed_newest_first),
        WORLD_TEST(reviews_have_a_quota_of_their_own),
        WORLD_TEST(a_lost_answer_was_applied),
        cmocka_unit_test(effects_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
