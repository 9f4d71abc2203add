/* What App Store Connect tells beside versions: builds of testers, reviews, territories, limits. */
#include "drive.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR ((int64_t)3600 * 1000)
#define SALE "/v2/appAvailabilities/1481211155/territoryAvailabilities"

struct fixture {
    struct sim *sim;
    struct apple_store *store;
    char *token;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.sim = sim_new("rollout-week", 1, 1);
    fixture.store = &fixture.sim->world->apple;
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

static struct drive_answer get(struct fixture *f, const char *target)
{
    return drive_call(f->sim, "app_store", "GET", target, f->token, NULL, NULL);
}

static void expect(struct drive_answer answer, int status, const char *text)
{
    if (answer.status != status || (text != NULL && strstr(answer.body, text) == NULL))
        fail_msg("expected %d \"%s\", got %d %s", status, text == NULL ? "" : text, answer.status,
                 answer.body);
    drive_clear(&answer);
}

static size_t size_of(const struct drive_answer *answer, const char *path)
{
    return json_array_size(drive_at(answer->json, path));
}

/* ---- builds ----------------------------------------------------------------------------- */

static void a_build_brings_what_testers_have(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a =
        get(f, "/v1/builds?filter%5Bapp%5D=1481211155&filter%5Bexpired%5D=false"
               "&filter%5BpreReleaseVersion.platform%5D=IOS&sort=-uploadedDate&limit=20"
               "&include=preReleaseVersion,buildBetaDetail,betaAppReviewSubmission"
               "&fields%5Bbuilds%5D=version,processingState,preReleaseVersion,buildBetaDetail,"
               "betaAppReviewSubmission&fields%5BbuildBetaDetails%5D=internalBuildState,"
               "externalBuildState&fields%5BbetaAppReviewSubmissions%5D=betaReviewState");

    assert_int_equal(a.status, 200);
    assert_int_equal(size_of(&a, "data"), 4);
    assert_string_equal(drive_text(&a, "data.0.attributes.version"), "20250121.1");
    assert_null(drive_at(a.json, "data.0.attributes.uploadedDate"));
    assert_string_equal(drive_text(&a, "data.0.relationships.buildBetaDetail.data.type"),
                        "buildBetaDetails");
    assert_non_null(strstr(a.body, "\"externalBuildState\":\"WAITING_FOR_BETA_REVIEW\""));
    assert_non_null(strstr(a.body, "\"betaReviewState\":\"WAITING_FOR_REVIEW\""));
    drive_clear(&a);
    expect(get(f, "/v1/builds?filter%5BbetaAppReviewSubmission.betaReviewState%5D="
                  "WAITING_FOR_REVIEW"),
           200, "\"total\":1");
    expect(get(f, "/v1/builds?filter%5BprocessingState%5D=GONE"), 400, "GONE");
    expect(get(f, "/v1/builds?include=icons"), 400, "icons");
    /* One that nobody submitted leads to no submission. */
    f->store->builds[3].beta_review[0] = '\0';
    a = get(f, "/v1/builds?sort=-uploadedDate&limit=1&include=betaAppReviewSubmission");
    assert_true(
        json_is_null(drive_at(a.json, "data.0.relationships.betaAppReviewSubmission.data")));
    drive_clear(&a);
}

static void usages_add_up(void **state)
{
    struct fixture *f = *state;
    char *target = sim_printf("/v1/builds/%s/metrics/betaBuildUsages", f->store->builds[0].id);
    struct drive_answer a = get(f, target);
    json_t *points = drive_at(a.json, "data.0.dataPoints");
    int64_t sessions = 0;
    int64_t crashes = 0;

    assert_int_equal(a.status, 200);
    assert_true(json_array_size(points) > 1);
    for (size_t i = 0; i < json_array_size(points); i++) {
        json_t *values = json_object_get(json_array_get(points, i), "values");
        sessions += json_integer_value(json_object_get(values, "sessionCount"));
        crashes += json_integer_value(json_object_get(values, "crashCount"));
    }
    assert_int_equal(sessions, f->store->builds[0].sessions);
    assert_int_equal(crashes, f->store->builds[0].crashes);
    drive_clear(&a);
    free(target);
    expect(get(f, "/v1/builds/x/metrics/betaBuildUsages"), 404, "builds");
}

/* ---- territories ------------------------------------------------------------------------ */

static size_t available(struct fixture *f)
{
    struct drive_answer a = get(f, SALE "?limit=200");
    size_t n = 0;

    assert_int_equal(a.status, 200);
    assert_int_equal(size_of(&a, "data"), APPLE_TERRITORIES);
    for (size_t i = 0; i < APPLE_TERRITORIES; i++)
        n += json_is_true(json_object_get(
            json_object_get(json_array_get(json_object_get(a.json, "data"), i), "attributes"),
            "available"));
    drive_clear(&a);
    return n;
}

static void a_removal_shows_in_the_territories_alone(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->sim->world;
    struct apple_version *live = &f->store->versions[2];

    expect(get(f, "/v1/apps/1481211155/appAvailabilityV2"), 200, "appAvailabilities");
    expect(get(f, "/v1/apps/7/appAvailabilityV2"), 404, "apps");
    expect(get(f, "/v1/appAvailabilities/1481211155/territoryAvailabilities"), 404, "path");
    assert_int_equal(available(f), APPLE_TERRITORIES);
    memset(f->store->is_unavailable, 1, sizeof f->store->is_unavailable);
    f->store->sale_turns_ms = world->now_ms + 2 * HOUR;
    assert_int_equal(available(f), 0);
    expect(get(f, SALE "?limit=1"), 200, "PROCESSING_TO_NOT_AVAILABLE");
    world_advance(world, world->now_ms + 2 * HOUR);
    expect(get(f, SALE "?limit=1"), 200, "\"CANNOT_SELL\"");
    /* The version's own word does not change; its phase stands still for good. */
    assert_string_equal(live->state, "READY_FOR_DISTRIBUTION");
    int day = live->phase_day;
    world_advance(world, world->now_ms + 48 * HOUR);
    assert_int_equal(live->phase_day, day);
}

/* ---- reviews ---------------------------------------------------------------------------- */

static void reviews_come_newest_first_in_pages(void **state)
{
    struct fixture *f = *state;
    char *target = sim_printf("/v1/appStoreVersions/%s/customerReviews?sort=-createdDate&limit=10",
                              f->store->versions[2].id);
    size_t count = apple_review_count(f->store, 2, f->sim->world->now_ms);
    struct drive_answer a = get(f, target);

    assert_int_equal(a.status, 200);
    assert_true(count > 20);
    assert_int_equal(json_integer_value(drive_at(a.json, "meta.paging.total")), (int64_t)count);
    assert_true(strcmp(drive_text(&a, "data.0.attributes.createdDate"),
                       drive_text(&a, "data.1.attributes.createdDate")) > 0);
    /* The shape of time without a colon. */
    assert_non_null(strstr(drive_text(&a, "data.0.attributes.createdDate"), ".000+0000"));
    assert_non_null(drive_text(&a, "links.next"));
    drive_clear(&a);
    struct apple_review review = {
        .version = 2, .rating = 1, .title = "No", .territory = "ESP",
        .created_ms = f->sim->world->now_ms};
    f->store->reviews[f->store->n_reviews++] = review;
    expect(get(f, target), 200, "\"title\":\"No\"");
    free(target);
}

static void reviews_follow_their_share(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = f->sim->world->now_ms;
    char *all = sim_printf("/v1/appStoreVersions/%s/customerReviews?limit=1&filter%%5Brating%%5D=1",
                           f->store->versions[1].id);

    f->store->versions[1].one_star = 0;
    expect(get(f, all), 200, "\"total\":0");
    f->store->versions[1].one_star = 1;
    char *total = sim_printf("\"total\":%zu", apple_review_count(f->store, 1, now_ms));
    expect(get(f, all), 200, total);
    /* Never released: nobody wrote of it. */
    f->store->versions[2].went_live_ms = 0;
    assert_int_equal(apple_review_count(f->store, 2, now_ms), 0);
    expect(get(f, "/v1/appStoreVersions/x/customerReviews"), 404, "appStoreVersions");
    free(total);
    free(all);
}

/* ---- limits ----------------------------------------------------------------------------- */

static const char *quota(const struct drive_answer *answer)
{
    for (size_t i = 0; i < answer->reply.n_headers; i++)
        if (strcmp(answer->reply.headers[i].name, "X-Rate-Limit") == 0)
            return answer->reply.headers[i].value;
    return "";
}

static void a_minute_may_have_a_limit_too(void **state)
{
    struct fixture *f = *state;
    struct drive_answer a = get(f, "/v1/apps");

    assert_null(strstr(quota(&a), "minute"));
    drive_clear(&a);
    f->store->limit_per_minute = 3;
    a = get(f, "/v1/apps");
    assert_non_null(strstr(quota(&a), "user-hour-lim:3600;user-hour-rem:"));
    assert_non_null(strstr(quota(&a), ";user-minute-lim:3;user-minute-rem:"));
    drive_clear(&a);
    /* The minute may turn in between: one of six is refused all the same. */
    bool is_refused = false;
    for (int i = 0; i < 6 && !is_refused; i++) {
        a = get(f, "/v1/apps");
        is_refused = a.status == 429 && strstr(a.body, "RATE_LIMIT_EXCEEDED") != NULL;
        drive_clear(&a);
    }
    assert_true(is_refused);
}

static void a_missing_agreement_closes_everything(void **state)
{
    struct fixture *f = *state;

    f->store->has_agreement_gap = true;
    expect(get(f, "/v1/apps"), 403, "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED");
    expect(get(f, "/v1/builds"), 403, "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED");
}

int main(void)
{
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_build_brings_what_testers_have),
        WORLD_TEST(usages_add_up),
        WORLD_TEST(a_removal_shows_in_the_territories_alone),
        WORLD_TEST(reviews_come_newest_first_in_pages),
        WORLD_TEST(reviews_follow_their_share),
        WORLD_TEST(a_minute_may_have_a_limit_too),
        WORLD_TEST(a_missing_agreement_closes_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
