/* App Store Connect without a socket: tokens, parameters, documents, phased releases, refusals. */
#include "drive.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR ((int64_t)3600 * 1000)
#define DAY (24 * HOUR)
#define VERSIONS "/v1/apps/1481211155/appStoreVersions"
#define PHASES "/v1/appStoreVersionPhasedReleases"

struct fixture {
    struct sim *sim;
    char *token;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.sim = sim_new("rollout-week", 1, 1);
    fixture.token = drive_apple_token(fixture.sim, NULL);
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

static struct drive_answer call(struct fixture *f, const char *method, const char *target,
                                const char *body)
{
    return drive_call(f->sim, "app_store", method, target, f->token,
                      body == NULL ? NULL : "application/json", body);
}

static void expect(struct drive_answer answer, int status, const char *text)
{
    if (answer.status != status || (text != NULL && strstr(answer.body, text) == NULL))
        fail_msg("expected %d \"%s\", got %d %s", status, text == NULL ? "" : text, answer.status,
                 answer.body);
    drive_clear(&answer);
}

static struct apple_version *newest(struct fixture *f)
{
    struct apple_store *store = &f->sim->world->apple;

    return &store->versions[store->n_versions - 1];
}

/* ---- tokens ----------------------------------------------------------------------------- */

static void tokens(void **state)
{
    static const struct {
        const char *claims; /* over good ones; NOW is replaced */
        int status;
    } cases[] = {
        {NULL, 200},
        {"{\"iss\":\"00000000-0000-0000-0000-000000000000\"}", 401},
        {"{\"aud\":\"appstoreconnect-v2\"}", 401},
        {"{\"aud\":\"apple-developer-enterprise-v1\"}", 401},
        {"{\"exp\":1}", 401},
        {"{\"exp\":\"soon\"}", 401},
        {"{\"exp\":4102444800}", 401},
        {"{\"iat\":4102444800}", 401},
        {"{\"iat\":1}", 401},
        {"{\"sub\":\"user\"}", 401},
        {"{\"scope\":[\"GET /v1/apps\"]}", 200},
        {"{\"scope\":[\"GET /v1/builds\"]}", 403},
        {"{\"scope\":[]}", 403},
        {"{\"scope\":[\"GET /v1/apps?filter[bundleId]=com.acme.app\"]}", 403},
        /* Longer than twenty minutes: only with a scope that reads. */
        {"{\"scope\":[\"GET /v1/apps\"],\"iat\":NOW,\"exp\":NOW1000000}", 200},
        {"{\"scope\":[\"GET /v1/apps\",\"POST /v1/apps\"],\"iat\":NOW,\"exp\":NOW1000000}", 401},
        {"{\"iat\":NOW,\"exp\":NOW1200}", 200},
        {"{\"iat\":NOW,\"exp\":NOW1201}", 401},
        {"{\"iat\":NOW120,\"exp\":NOW600}", 401},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char claims[300] = "";
        size_t n = 0;
        /* NOW followed by digits: so many seconds later. */
        for (const char *at = cases[i].claims; at != NULL && *at != '\0' && n < 250;) {
            if (strncmp(at, "NOW", 3) == 0) {
                char *end = NULL;
                long long plus = strtoll(at + 3, &end, 10);
                n += (size_t)snprintf(claims + n, sizeof claims - n, "%lld",
                                      (long long)(sim_real_ms() / 1000) + plus);
                at = at[3] >= '0' && at[3] <= '9' ? end : at + 3;
            } else {
                claims[n++] = *at++;
            }
        }
        char *token = drive_apple_token(f->sim, cases[i].claims == NULL ? NULL : claims);
        struct drive_answer a =
            drive_call(f->sim, "app_store", "GET", "/v1/apps", token, NULL, NULL);
        if (a.status != cases[i].status)
            fail_msg("case %zu: %d %s", i, a.status, a.body);
        if (a.status == 401)
            assert_string_equal(drive_text(&a, "errors.0.code"), "NOT_AUTHORIZED");
        drive_clear(&a);
        free(token);
    }
}

static void broken_tokens(void **state)
{
    struct fixture *f = *state;
    const struct sim_creds *creds = f->sim->creds;
    json_t *claims = json_pack("{s:s, s:I, s:s}", "iss", creds->apple_issuer_id, "exp",
                               (json_int_t)sim_real_ms() / 1000 + 600, "aud",
                               "appstoreconnect-v1");
    json_t *other_key = json_pack("{s:s, s:s}", "alg", "ES256", "kid", "0000000000");
    json_t *rsa = json_pack("{s:s, s:s}", "alg", "RS256", "kid", creds->apple_key_id);
    char *tokens[3] = {
        sim_jwt_sign(other_key, claims, "ES256", creds->apple_private_pem),
        sim_jwt_sign(rsa, claims, "RS256", creds->google_private_pem),
        sim_xstrdup(f->token),
    };

    char *letter = strrchr(tokens[2], '.') + 5;
    *letter = *letter == 'A' ? 'B' : 'A';
    for (size_t i = 0; i < 3; i++) {
        expect(drive_call(f->sim, "app_store", "GET", "/v1/apps", tokens[i], NULL, NULL), 401,
               "NOT_AUTHORIZED");
        free(tokens[i]);
    }
    expect(drive_call(f->sim, "app_store", "GET", "/v1/apps", NULL, NULL, NULL), 401, "\"401\"");
    expect(drive_call(f->sim, "app_store", "GET", "/v1/apps", "a.b", NULL, NULL), 401, NULL);
    json_decref(claims);
    json_decref(other_key);
    json_decref(rsa);
}

/* The limit goes with the world's speed: at a hundredth of it 36 requests are an hour's. */
static void the_hour_has_a_limit(void **state)
{
    struct fixture f = {.sim = sim_new("rollout-week", 0.01, 1)};

    (void)state;
    f.token = drive_apple_token(f.sim, NULL);
    for (int i = 1; i <= 36; i++) {
        char header[64];
        snprintf(header, sizeof header, "user-hour-lim:36;user-hour-rem:%d;", 36 - i);
        struct drive_answer a = call(&f, "GET", i % 2 == 0 ? "/v1/apps" : "/v1/apps/0", NULL);
        assert_int_equal(a.status, i % 2 == 0 ? 200 : 404);
        assert_string_equal(sim_reply_get_header(&a.reply, "X-Rate-Limit"), header);
        drive_clear(&a);
    }
    struct drive_answer a = call(&f, "GET", "/v1/apps", NULL);
    assert_int_equal(a.status, 429);
    assert_string_equal(drive_text(&a, "errors.0.code"), "RATE_LIMIT_EXCEEDED");
    assert_string_equal(sim_reply_get_header(&a.reply, "X-Rate-Limit"),
                        "user-hour-lim:36;user-hour-rem:0;");
    assert_null(sim_reply_get_header(&a.reply, "Retry-After"));
    drive_clear(&a);
    free(f.token);
    sim_free(f.sim);
}

/* ---- reads ------------------------------------------------------------------------------ */

/* The resource of `type` and `id` in `included`. */
static json_t *included(json_t *document, const char *type, const char *id)
{
    json_t *list = json_object_get(document, "included");

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(one, "type")), type) == 0 &&
            strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
            return one;
    }
    return NULL;
}

static void one_call_reads_a_rollout(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a = call(
        f, "GET",
        VERSIONS "?filter%5Bplatform%5D=IOS&filter%5BversionString%5D=2.15.3"
                 "&include=build,appStoreVersionPhasedRelease&fields%5BappStoreVersions%5D="
                 "versionString,appVersionState,appStoreState,earliestReleaseDate,build,"
                 "appStoreVersionPhasedRelease&fields%5Bbuilds%5D=version&limit=10",
        NULL);

    assert_int_equal(a.status, 200);
    assert_int_equal(json_array_size(drive_at(a.json, "data")), 1);
    assert_string_equal(drive_text(&a, "data.0.attributes.appVersionState"),
                        "READY_FOR_DISTRIBUTION");
    assert_string_equal(drive_text(&a, "data.0.attributes.appStoreState"), "READY_FOR_SALE");
    assert_true(json_is_null(drive_at(a.json, "data.0.attributes.earliestReleaseDate")));
    assert_null(drive_at(a.json, "data.0.attributes.platform")); /* not asked for */
    assert_null(drive_at(a.json, "data.0.relationships.app"));
    json_t *build = included(a.json, "builds", drive_text(&a, "data.0.relationships.build.data.id"));
    assert_string_equal(json_string_value(drive_at(build, "attributes.version")), "20250114.1");
    assert_int_equal(json_object_size(json_object_get(build, "attributes")), 1);
    json_t *phase =
        included(a.json, "appStoreVersionPhasedReleases",
                 drive_text(&a, "data.0.relationships.appStoreVersionPhasedRelease.data.id"));
    assert_string_equal(json_string_value(drive_at(phase, "attributes.phasedReleaseState")),
                        "ACTIVE");
    assert_int_equal(json_integer_value(drive_at(phase, "attributes.currentDayNumber")), 4);
    assert_int_equal(json_integer_value(drive_at(phase, "attributes.totalPauseDuration")), 0);
    drive_clear(&a);

    /* Without include a relationship has links alone; without fields everything is there. */
    a = call(f, "GET", VERSIONS "?limit=1", NULL);
    assert_non_null(drive_at(a.json, "data.0.relationships.build.links"));
    assert_null(drive_at(a.json, "data.0.relationships.build.data"));
    assert_non_null(drive_at(a.json, "data.0.attributes.createdDate"));
    assert_null(drive_at(a.json, "included"));
    drive_clear(&a);
}

static void no_phased_release_is_null(void **state)
{
    struct fixture *f = *state;
    struct apple_version *v = newest(f);
    char *one = sim_printf("/v1/appStoreVersions/%s", v->id);
    char *link = sim_printf("%s/appStoreVersionPhasedRelease", one);
    char *build = sim_printf("%s/build", one);
    char *with = sim_printf("%s?include=appStoreVersionPhasedRelease", one);

    expect(call(f, "GET", link, NULL), 200, "\"currentDayNumber\":4");
    expect(call(f, "GET", build, NULL), 200, "20250114.1");
    v->phase = APPLE_PHASE_NONE;
    struct drive_answer a = call(f, "GET", link, NULL);
    assert_int_equal(a.status, 200);
    assert_true(json_is_null(json_object_get(a.json, "data")));
    drive_clear(&a);
    a = call(f, "GET", with, NULL);
    assert_true(
        json_is_null(drive_at(a.json, "data.relationships.appStoreVersionPhasedRelease.data")));
    drive_clear(&a);
    free(with);
    free(build);
    free(link);
    free(one);
}

static void lists_have_pages(void **state)
{
    struct fixture *f = *state;
    char *target = sim_xstrdup(VERSIONS "?filter%5Bplatform%5D=IOS&limit=1");
    size_t seen = 0;

    /* An address to follow word for word, as the simulator has one when it listens. */
    sim_copy(f->sim->url[sim_service_index("app_store")], sizeof f->sim->url[0], "http://h:1");
    while (target != NULL && seen < 9) {
        struct drive_answer a = call(f, "GET", target, NULL);
        assert_int_equal(a.status, 200);
        assert_int_equal(json_integer_value(drive_at(a.json, "meta.paging.total")), 3);
        seen += json_array_size(drive_at(a.json, "data"));
        const char *next = drive_text(&a, "links.next");
        free(target);
        target = NULL;
        if (next != NULL) {
            assert_int_equal(strncmp(next, "http://h:1/v1/", 14), 0);
            assert_non_null(drive_at(a.json, "meta.paging.nextCursor"));
            target = sim_xstrdup(next + strlen("http://h:1"));
        }
        drive_clear(&a);
    }
    assert_int_equal(seen, 3);
    free(target);
}

static void builds(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a =
        call(f, "GET", "/v1/builds?filter%5Bapp%5D=1481211155&sort=-uploadedDate&limit=2"
                       "&filter%5BpreReleaseVersion.version%5D=2.15.3,2.15.2"
                       "&include=preReleaseVersion",
             NULL);

    assert_int_equal(json_array_size(drive_at(a.json, "data")), 2);
    assert_string_equal(drive_text(&a, "data.0.attributes.version"), "20250114.1");
    assert_string_equal(drive_text(&a, "included.0.attributes.version"), "2.15.3");
    char *one = sim_printf("/v1/builds/%s", drive_text(&a, "data.0.id"));
    drive_clear(&a);
    expect(call(f, "GET", one, NULL), 200, "20250114.1");
    expect(call(f, "GET", "/v1/builds/x", NULL), 404, "NOT_FOUND");
    expect(call(f, "GET", "/v1/builds?filter%5BpreReleaseVersion.version%5D=2.15.2", NULL), 200,
           "\"total\":1");
    free(one);
}

static void bad_parameters(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *text;
    } cases[] = {
        {VERSIONS "?sort=-createdDate", 400, "can not be used"}, /* there is none */
        {VERSIONS "?foo=1", 400, "\"parameter\":\"foo\""},
        {VERSIONS "?limit=201", 400, "PARAMETER_ERROR.INVALID"},
        {VERSIONS "?limit=0", 400, "PARAMETER_ERROR.INVALID"},
        {VERSIONS "?limit=ten", 400, "PARAMETER_ERROR.INVALID"},
        {VERSIONS "?filter%5Bplatform%5D=WATCH_OS", 400, "WATCH_OS"},
        {VERSIONS "?filter%5BappVersionState%5D=READY_FOR_SALE", 400, "READY_FOR_SALE"},
        {VERSIONS "?filter%5BappStoreState%5D=READY_FOR_SALE", 200, "\"2.15.3\""},
        {VERSIONS "?filter%5BappVersionState%5D=IN_REVIEW,READY_FOR_DISTRIBUTION", 200, "2.15.3"},
        {VERSIONS "?filter%5BappVersionState%5D=IN_REVIEW&filter%5BappVersionState%5D=REJECTED",
         400, "can not be used"},
        {VERSIONS "?include=builds", 400, "builds"},
        {VERSIONS "?include=", 400, "include"},
        {VERSIONS "?fields%5BappStoreVersions%5D=version", 400, "'version'"},
        {VERSIONS "?fields%5BappStoreVersions%5D=platform,,build", 400, "INVALID"},
        {VERSIONS "?cursor=xyz", 400, "cursor"},
        {"/v1/apps?filter%5BbundleId%5D=com.acme.app", 200, "\"1481211155\""},
        {"/v1/apps?filter%5BbundleId%5D=com.acme", 200, "\"data\":[]"},
        {"/v1/apps/1", 404, "NOT_FOUND"},
        {"/v1/apps/1/appStoreVersions", 404, "NOT_FOUND"},
        {"/v1/apps/", 404, "does not match"},
        {"/v2/apps", 404, "does not match"},
        {"/v1/appStoreVersions/x", 404, "'appStoreVersions' with id 'x'"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(call(f, "GET", cases[i].target, NULL), cases[i].status, cases[i].text);
}

/* ---- changes ---------------------------------------------------------------------------- */

static struct drive_answer set_phase(struct fixture *f, const char *id, const char *phase)
{
    char *target = sim_printf(PHASES "/%s", id);
    char *body = sim_printf("{\"data\":{\"type\":\"appStoreVersionPhasedReleases\",\"id\":\"%s\","
                            "\"attributes\":{\"phasedReleaseState\":\"%s\"}}}",
                            id, phase);
    struct drive_answer a = call(f, "PATCH", target, body);

    free(target);
    free(body);
    return a;
}

static void a_paused_phase_stands_still(void **state)
{
    struct fixture *f = *state;
    struct apple_version *v = newest(f);
    const char *id = v->phase_id;

    assert_int_equal(v->phase_day, 4);
    expect(set_phase(f, id, "PAUSED"), 200, "\"PAUSED\"");
    expect(set_phase(f, id, "PAUSED"), 409, "The phased release already has this value");
    world_advance(f->sim->world, f->sim->world->now_ms + 3 * DAY + HOUR);
    char *link = sim_printf("/v1/appStoreVersions/%s/appStoreVersionPhasedRelease", v->id);
    struct drive_answer a = call(f, "GET", link, NULL);
    assert_int_equal(json_integer_value(drive_at(a.json, "data.attributes.currentDayNumber")), 4);
    assert_int_equal(json_integer_value(drive_at(a.json, "data.attributes.totalPauseDuration")), 3);
    drive_clear(&a);
    expect(set_phase(f, id, "ACTIVE"), 200, "\"currentDayNumber\":4");
    world_advance(f->sim->world, f->sim->world->now_ms + DAY);
    expect(call(f, "GET", link, NULL), 200, "\"currentDayNumber\":5");
    expect(set_phase(f, id, "INACTIVE"), 409, "STATE_ERROR");
    expect(set_phase(f, id, "COMPLETE"), 200, "\"currentDayNumber\":5"); /* kept */
    expect(set_phase(f, id, "PAUSED"), 409, "in a final state");
    assert_true(world_percent_set(f->sim->world, world_app_find(f->sim->world, "ios"),
                                  world_version_find(world_app_find(f->sim->world, "ios"),
                                                     "2.15.3")) == 100);
    free(link);
}

#define RELEASE(id) \
    "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\",\"relationships\":{" \
    "\"appStoreVersion\":{\"data\":{\"type\":\"appStoreVersions\",\"id\":\"" id "\"}}}}}"
#define NEWEST "409ebefb-ebd1-4f1a-903d-6ba16e013ebf"

static void a_release_takes_its_time(void **state)
{
    struct fixture *f = *state;
    struct apple_version *v = newest(f);

    assert_string_equal(v->id, NEWEST);
    expect(call(f, "POST", "/v1/appStoreVersionReleaseRequests", RELEASE(NEWEST)), 409,
           "STATE_ERROR");
    sim_copy(v->state, sizeof v->state, "PENDING_DEVELOPER_RELEASE");
    v->phase = APPLE_PHASE_INACTIVE;
    v->phase_start_ms = v->phase_clock_ms = 0;
    v->phase_day = 0;
    char *link = sim_printf("/v1/appStoreVersions/%s?include=appStoreVersionPhasedRelease", v->id);
    struct drive_answer a = call(f, "GET", link, NULL);
    assert_string_equal(drive_text(&a, "included.0.attributes.phasedReleaseState"), "INACTIVE");
    assert_true(json_is_null(drive_at(a.json, "included.0.attributes.currentDayNumber")));
    drive_clear(&a);
    a = call(f, "POST", "/v1/appStoreVersionReleaseRequests", RELEASE(NEWEST));
    assert_int_equal(a.status, 201);
    assert_string_equal(drive_text(&a, "data.type"), "appStoreVersionReleaseRequests");
    assert_non_null(drive_text(&a, "data.id"));
    drive_clear(&a);
    expect(call(f, "GET", link, NULL), 200, "\"PROCESSING_FOR_APP_STORE\"");
    expect(call(f, "POST", "/v1/appStoreVersionReleaseRequests", RELEASE(NEWEST)), 409, NULL);
    world_advance(f->sim->world, f->sim->world->now_ms + HOUR);
    a = call(f, "GET", link, NULL);
    assert_string_equal(drive_text(&a, "data.attributes.appVersionState"),
                        "READY_FOR_DISTRIBUTION");
    assert_string_equal(drive_text(&a, "included.0.attributes.phasedReleaseState"), "ACTIVE");
    assert_int_equal(json_integer_value(drive_at(a.json, "included.0.attributes.currentDayNumber")),
                     1);
    drive_clear(&a);
    free(link);
}

static void phases_come_and_go(void **state)
{
    static const char create[] =
        "{\"data\":{\"type\":\"appStoreVersionPhasedReleases\",\"attributes\":{"
        "\"phasedReleaseState\":\"INACTIVE\"},\"relationships\":{\"appStoreVersion\":{\"data\":{"
        "\"type\":\"appStoreVersions\",\"id\":\"" NEWEST "\"}}}}}";
    struct fixture *f = *state;
    struct apple_version *v = newest(f);
    char *target = sim_printf(PHASES "/%s", v->phase_id);

    expect(call(f, "POST", PHASES, create), 409, "STATE_ERROR"); /* it has one, and it is live */
    expect(call(f, "DELETE", target, NULL), 409, "STATE_ERROR");
    sim_copy(v->state, sizeof v->state, "PENDING_DEVELOPER_RELEASE");
    v->phase = APPLE_PHASE_INACTIVE;
    expect(call(f, "DELETE", target, NULL), 204, NULL);
    expect(call(f, "DELETE", target, NULL), 404, "NOT_FOUND");
    assert_int_equal(v->phase, APPLE_PHASE_NONE);
    expect(call(f, "POST", PHASES, create), 201, "\"INACTIVE\"");
    assert_int_equal(v->phase, APPLE_PHASE_INACTIVE);
    free(target);
}

static void bad_bodies(void **state)
{
#define PATCH(inside) "{\"data\":{\"type\":\"appStoreVersionPhasedReleases\"," inside "}}"
    static const struct {
        const char *body;
        int status;
        const char *text;
    } cases[] = {
        {"", 422, "/data"},
        {"[]", 422, "/data"},
        {"{\"data\":[]}", 422, "/data"},
        {"{\"data\":{},\"included\":[]}", 422, "/data"},
        {"{\"data\":{\"id\":\"ID\"}}", 409, "/data/type"},
        {PATCH("\"id\":\"other\""), 409, "/data/id"},
        {PATCH("\"attributes\":{\"phasedReleaseState\":\"PAUSED\"}"), 409, "/data/id"},
        {PATCH("\"id\":\"ID\""), 409, "phasedReleaseState"},
        {PATCH("\"id\":\"ID\",\"attributes\":{\"phasedReleaseState\":\"HALTED\"}"), 409,
         "ENTITY_ERROR.ATTRIBUTE.INVALID"},
        {PATCH("\"id\":\"ID\",\"attributes\":{\"phasedReleaseState\":null}"), 409,
         "ENTITY_ERROR.ATTRIBUTE.INVALID"},
        {PATCH("\"id\":\"ID\",\"attributes\":{\"currentDayNumber\":7}"), 409,
         "/data/attributes/currentDayNumber"},
        {PATCH("\"id\":\"ID\",\"attribute\":{}"), 409, "/data/attribute"},
    };
    struct fixture *f = *state;
    char *id = sim_xstrdup(newest(f)->phase_id);
    char *target = sim_printf(PHASES "/%s", id);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = strstr(cases[i].body, "ID\"");
        char *body = at == NULL ? sim_xstrdup(cases[i].body)
                                : sim_printf("%.*s%s%s", (int)(at - cases[i].body), cases[i].body,
                                             id, at + 2);
        struct drive_answer a = call(f, "PATCH", target, body);
        if (a.status != cases[i].status || strstr(a.body, cases[i].text) == NULL)
            fail_msg("case %zu: %d %s", i, a.status, a.body);
        assert_string_equal(drive_text(&a, "errors.0.status"), a.status == 422 ? "422" : "409");
        drive_clear(&a);
        free(body);
    }
    expect(drive_call(f->sim, "app_store", "PATCH", target, f->token, "text/plain", "{}"), 415,
           "application/json");
    expect(set_phase(f, "00000000-0000-0000-0000-000000000000", "PAUSED"), 404, "NOT_FOUND");
    expect(call(f, "POST", "/v1/appStoreVersionReleaseRequests", RELEASE("nobody")), 409,
           "ENTITY_ERROR.RELATIONSHIP.INVALID");
    expect(call(f, "POST", "/v1/appStoreVersionReleaseRequests",
                "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\"}}"),
           409, "ENTITY_ERROR.RELATIONSHIP.REQUIRED");
    expect(call(f, "DELETE", "/v1/apps", NULL), 403, "does not allow 'DELETE'");
    assert_int_equal(newest(f)->phase, APPLE_PHASE_ACTIVE); /* nothing of it was done */
    free(target);
    free(id);
}

/* A key whose role may only read: every change is refused, also of what does not exist. */
static void a_reader_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct apple_version *v = newest(f);

    f->sim->rights.is_apple_reader = true;
    expect(call(f, "GET", "/v1/apps", NULL), 200, NULL);
    expect(set_phase(f, v->phase_id, "PAUSED"), 403, "FORBIDDEN_ERROR");
    expect(set_phase(f, "00000000-0000-0000-0000-000000000000", "PAUSED"), 403,
           "The API key in use does not allow this request");
    assert_int_equal(v->phase, APPLE_PHASE_ACTIVE);
    f->sim->rights.is_apple_reader = false;
    expect(set_phase(f, "00000000-0000-0000-0000-000000000000", "PAUSED"), 404, "NOT_FOUND");
    expect(set_phase(f, v->phase_id, "PAUSED"), 200, NULL);
}

/* Of the nil id nothing can be changed; of any other something may. */
static void probes_are_no_changes(void **state)
{
#define RELEASE_OF(id)                                                                             \
    "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\",\"relationships\":{"                   \
    "\"appStoreVersion\":{\"data\":{\"type\":\"appStoreVersions\",\"id\":\"" id "\"}}}}}"
    static const char release[] = "/v1/appStoreVersionReleaseRequests";
    static const struct {
        const char *method, *path, *body;
        enum sim_effect effect;
    } cases[] = {
        {"PATCH", PHASES "/00000000-0000-0000-0000-000000000000", "{}", SIM_EFFECT_PROBE},
        {"PATCH", PHASES "/00000000-0000-0000-0000-000000000001", "{}", SIM_EFFECT_MUTATING},
        {"DELETE", PHASES "/00000000-0000-0000-0000-000000000000", "", SIM_EFFECT_MUTATING},
        {"POST", release, RELEASE_OF("00000000-0000-0000-0000-000000000000"), SIM_EFFECT_PROBE},
        {"POST", release, RELEASE_OF("00000000-0000-0000-0000-000000000001"), SIM_EFFECT_MUTATING},
        {"POST", release, "{}", SIM_EFFECT_MUTATING},
        {"POST", release, "", SIM_EFFECT_MUTATING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_request rq;
        assert_true(sim_request_parse(&rq, cases[i].method, cases[i].path, NULL, 0, cases[i].body,
                                      strlen(cases[i].body)));
        assert_int_equal(sim_services[sim_service_index("app_store")]->classify(&rq),
                         cases[i].effect);
        sim_request_free(&rq);
    }
}

static void effects_are_told_apart(void **state)
{
    static const struct {
        const char *method;
        enum sim_effect effect;
    } cases[] = {{"GET", SIM_EFFECT_NONE},       {"HEAD", SIM_EFFECT_NONE},
                 {"POST", SIM_EFFECT_MUTATING},  {"PATCH", SIM_EFFECT_MUTATING},
                 {"DELETE", SIM_EFFECT_MUTATING}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_request rq;
        assert_true(sim_request_parse(&rq, cases[i].method, PHASES "/1", NULL, 0, NULL, 0));
        assert_int_equal(sim_services[sim_service_index("app_store")]->classify(&rq),
                         cases[i].effect);
        sim_request_free(&rq);
    }
}

int main(void)
{
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(tokens),
        WORLD_TEST(broken_tokens),
        WORLD_TEST(the_hour_has_a_limit),
        WORLD_TEST(one_call_reads_a_rollout),
        WORLD_TEST(no_phased_release_is_null),
        WORLD_TEST(lists_have_pages),
        WORLD_TEST(builds),
        WORLD_TEST(bad_parameters),
        WORLD_TEST(a_paused_phase_stands_still),
        WORLD_TEST(a_release_takes_its_time),
        WORLD_TEST(phases_come_and_go),
        WORLD_TEST(bad_bodies),
        WORLD_TEST(a_reader_changes_nothing),
        cmocka_unit_test(probes_are_no_changes),
        cmocka_unit_test(effects_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
