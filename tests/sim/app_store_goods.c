/*
 * What App Store Connect tells beside versions: builds of testers, their sessions and crashes,
 * written reviews, and the territories where an app is for sale.
 *
 * Source: Apple's OpenAPI document of the App Store Connect API, version 4.4.1 (parameters, words,
 * BetaBuildUsagesV1MetricResponse, CustomerReview, TerritoryAvailability), read 2026. Whether an
 * unsorted list of reviews has an order, and the spans of betaBuildUsages, are UNCONFIRMED: here it
 * is the newest first, and a point a day.
 */
#include "app_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS(type) APP_STORE_FIELDS(type)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static void reverse(struct app_store_thing *things, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct app_store_thing other = things[i];
        things[i] = things[n - 1 - i];
        things[n - 1 - i] = other;
    }
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

/* ---- builds ----------------------------------------------------------------------------- */

#define BUILD_FIELDS                                                                               \
    (FIELDS(BUILDS) | FIELDS(APPS) | FIELDS(VERSIONS) | FIELDS(PRE_RELEASES) |                     \
     FIELDS(BETA_DETAILS) | FIELDS(BETA_REVIEWS))

static const char *const build_includes[] = {"app",
                                             "appStoreVersion",
                                             "preReleaseVersion",
                                             "buildBetaDetail",
                                             "betaAppReviewSubmission",
                                             NULL};

static int by_upload(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return compare(x->build->uploaded_ms, y->build->uploaded_ms);
}

static int by_build(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return strcmp(x->build->build, y->build->build);
}

static int by_version(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return strcmp(x->build->version, y->build->version);
}

/* One key, as the worlds here have too few builds for a second one to matter. */
static void sort_builds(struct app_store_thing *builds, size_t n, const char *sort)
{
    bool is_down = sort != NULL && sort[0] == '-';
    const char *key = sort == NULL ? "" : sort + is_down;
    int (*order)(const void *, const void *) = strncmp(key, "uploadedDate", 12) == 0 ? by_upload
                                               : strncmp(key, "preRelease", 10) == 0
                                                   ? by_version
                                                   : by_build;

    qsort(builds, n, sizeof builds[0], order);
    if (is_down)
        reverse(builds, n);
}

static struct app_store_thing build_thing(const struct app_store_call *call,
                                          const struct apple_build *build)
{
    return (struct app_store_thing){.build = build,
                                    .version = apple_version_of_build(call->store, build)};
}

static bool build_passes(const struct app_store_call *call, const struct app_store_thing *thing)
{
    const struct apple_build *build = thing->build;
    int64_t age_ms = call->sim->world->now_ms - build->uploaded_ms;
    bool is_expired = age_ms >= 90 * DAY_MS;

    return age_ms >= 0 &&
           app_store_filter_passes(call, "filter[app]", call->store->app_id) &&
           app_store_filter_passes(call, "filter[version]", build->build) &&
           app_store_filter_passes(call, "filter[expired]", is_expired ? "true" : "false") &&
           app_store_filter_passes(call, "filter[processingState]", build->processing) &&
           app_store_filter_passes(call, "filter[betaAppReviewSubmission.betaReviewState]",
                                   build->beta_review) &&
           app_store_filter_passes(call, "filter[preReleaseVersion.version]", build->version) &&
           app_store_filter_passes(call, "filter[preReleaseVersion.platform]", "IOS") &&
           app_store_filter_passes(call, "filter[appStoreVersion]",
                                   thing->version == NULL ? "" : thing->version->id) &&
           app_store_filter_passes(call, "filter[id]", build->id);
}

void app_store_list_builds(struct app_store_call *call)
{
    static const char *const truths[] = {"true", "false", NULL};
    static const char *const processing[] = {"PROCESSING", "FAILED", "INVALID", "VALID", NULL};
    static const char *const reviews[] = {"WAITING_FOR_REVIEW", "IN_REVIEW", "REJECTED", "APPROVED",
                                          NULL};
    static const struct app_store_filter filters[] = {
        {"filter[app]", NULL},
        {"filter[version]", NULL},
        {"filter[expired]", truths},
        {"filter[processingState]", processing},
        {"filter[betaAppReviewSubmission.betaReviewState]", reviews},
        {"filter[preReleaseVersion.version]", NULL},
        {"filter[preReleaseVersion.platform]", app_store_platforms},
        {"filter[appStoreVersion]", NULL},
        {"filter[id]", NULL},
        {NULL, NULL}};
    static const char *const sorts[] = {"version",       "-version",          "uploadedDate",
                                        "-uploadedDate", "preReleaseVersion", "-preReleaseVersion",
                                        NULL};
    static const struct app_store_rules rules = {.type = APP_STORE_BUILDS,
                                                 .is_list = true,
                                                 .fields = BUILD_FIELDS,
                                                 .filters = filters,
                                                 .includes = build_includes,
                                                 .sorts = sorts};
    struct app_store_thing found[APPLE_BUILDS_MAX];
    struct app_store_query query;
    size_t n = 0;

    if (!app_store_query_read(call, &rules, &query))
        return;
    for (size_t i = 0; i < call->store->n_builds; i++) {
        found[n] = build_thing(call, &call->store->builds[i]);
        n += build_passes(call, &found[n]);
    }
    sort_builds(found, n, query.sort);
    app_store_answer_list(call, &query, APP_STORE_BUILDS, found, n);
}

/* The build that the path names, or NULL with 404 in the reply. */
static const struct apple_build *path_build(struct app_store_call *call)
{
    const struct apple_build *build = apple_build_by_id(call->store, call->rq->segments[2]);

    if (build == NULL)
        app_store_not_found(call, "builds", call->rq->segments[2]);
    return build;
}

void app_store_get_build(struct app_store_call *call)
{
    static const struct app_store_rules rules = {
        .type = APP_STORE_BUILDS, .fields = BUILD_FIELDS, .includes = build_includes};
    const struct apple_build *build = path_build(call);
    struct app_store_query query;

    if (build == NULL || !app_store_query_read(call, &rules, &query))
        return;
    struct app_store_thing thing = build_thing(call, build);
    app_store_answer(call, &query, APP_STORE_BUILDS, &thing);
}

/* A part of a sum, so that the parts add up to it. */
static json_t *share(int64_t sum, int64_t part, int64_t parts)
{
    return json_integer(sum * (part + 1) / parts - sum * part / parts);
}

static json_t *usage_point(const struct apple_build *build, int64_t day, int64_t days)
{
    char start[32];
    char end[32];
    int64_t from = build->uploaded_ms + day * DAY_MS;

    return json_pack("{s:s, s:s, s:{s:o, s:o, s:o, s:i, s:i}}", "start",
                     sim_rfc3339(start, sizeof start, from, false), "end",
                     sim_rfc3339(end, sizeof end, from + DAY_MS, false), "values", "crashCount",
                     share(build->crashes, day, days), "installCount",
                     share(build->installs, day, days), "sessionCount",
                     share(build->sessions, day, days), "feedbackCount", 0, "inviteCount", 0);
}

/* No resource: one entry of points, as BetaBuildUsagesV1MetricResponse has it. */
void app_store_get_usages(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.is_list = true};
    const struct apple_build *build = path_build(call);
    struct app_store_query query;

    if (build == NULL || !app_store_query_read(call, &rules, &query))
        return;
    int64_t days = (call->sim->world->now_ms - build->uploaded_ms) / DAY_MS + 1;
    json_t *points = json_array();
    days = days < 90 ? days : 90;
    for (int64_t day = 0; day < days; day++)
        json_array_append_new(points, usage_point(build, day, days));
    app_store_answer_page(call, &query, json_pack("[{s:o}]", "dataPoints", points));
}

/* ---- territories ------------------------------------------------------------------------ */

static bool is_path_app(struct app_store_call *call, const char *type)
{
    bool ok = strcmp(call->rq->segments[2], call->store->app_id) == 0;

    if (!ok)
        app_store_not_found(call, type, call->rq->segments[2]);
    return ok;
}

void app_store_get_availability(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_AVAILABILITIES,
                                                 .fields = FIELDS(AVAILABILITIES) |
                                                           FIELDS(TERRITORY_AVAILABILITIES)};
    struct app_store_query query;

    if (is_path_app(call, "apps") && app_store_query_read(call, &rules, &query))
        app_store_answer(call, &query, APP_STORE_AVAILABILITIES, NULL);
}

void app_store_list_territories(struct app_store_call *call)
{
    static const char *const includes[] = {"territory", NULL};
    static const struct app_store_rules rules = {.type = APP_STORE_TERRITORY_AVAILABILITIES,
                                                 .is_list = true,
                                                 .fields = FIELDS(TERRITORY_AVAILABILITIES) |
                                                           FIELDS(TERRITORIES),
                                                 .includes = includes};
    struct app_store_thing all[APPLE_TERRITORIES];
    struct app_store_query query;

    if (!is_path_app(call, "appAvailabilities") || !app_store_query_read(call, &rules, &query))
        return;
    for (size_t i = 0; i < APPLE_TERRITORIES; i++)
        all[i] = (struct app_store_thing){.territory = i};
    app_store_answer_list(call, &query, APP_STORE_TERRITORY_AVAILABILITIES, all, APPLE_TERRITORIES);
}

/* ---- reviews ---------------------------------------------------------------------------- */

static bool review_passes(const struct app_store_call *call, const struct apple_review *review)
{
    char stars[16];

    snprintf(stars, sizeof stars, "%d", review->rating);
    return app_store_filter_passes(call, "filter[rating]", stars) &&
           app_store_filter_passes(call, "filter[territory]", review->territory);
}

static int by_rating(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return x->review->rating - y->review->rating;
}

static int by_creation(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return compare(x->review->created_ms, y->review->created_ms);
}

static void sort_reviews(struct app_store_thing *things, size_t n, const char *sort)
{
    const char *key = sort == NULL ? "-createdDate" : sort;

    qsort(things, n, sizeof things[0], strstr(key, "rating") != NULL ? by_rating : by_creation);
    if (key[0] == '-')
        reverse(things, n);
}

static void answer_reviews(struct app_store_call *call, const struct app_store_query *query,
                           size_t version)
{
    int64_t now_ms = call->sim->world->now_ms;
    size_t n = apple_review_count(call->store, version, now_ms);
    struct apple_review *reviews = calloc(n + 1, sizeof *reviews);
    struct app_store_thing *things = calloc(n + 1, sizeof *things);
    size_t kept = 0;

    if (reviews == NULL || things == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        apple_review_at(call->store, version, i, now_ms, &reviews[i]);
        if (review_passes(call, &reviews[i]))
            things[kept++].review = &reviews[i];
    }
    sort_reviews(things, kept, query->sort);
    app_store_answer_list(call, query, APP_STORE_REVIEWS, things, kept);
    free(things);
    free(reviews);
}

void app_store_list_reviews(struct app_store_call *call)
{
    static const char *const sorts[] = {"rating", "-rating", "createdDate", "-createdDate", NULL};
    static const struct app_store_filter filters[] = {{"filter[rating]", NULL},
                                                      {"filter[territory]", apple_territories},
                                                      {NULL, NULL}};
    static const struct app_store_rules rules = {.type = APP_STORE_REVIEWS,
                                                 .is_list = true,
                                                 .fields = FIELDS(REVIEWS),
                                                 .filters = filters,
                                                 .sorts = sorts};
    const struct apple_version *version = apple_version_by_id(call->store, call->rq->segments[2]);
    struct app_store_query query;

    if (version == NULL)
        app_store_not_found(call, "appStoreVersions", call->rq->segments[2]);
    else if (app_store_query_read(call, &rules, &query))
        answer_reviews(call, &query, (size_t)(version - call->store->versions));
}
