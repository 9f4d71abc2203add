/*
 * App Store Connect's API as far as a release needs it: see app_store.h for the parts. Here:
 * limits, routing, and reading apps and versions.
 *
 * Sources: Apple's OpenAPI document of the App Store Connect API, version 4.4.1 (paths, bodies,
 * status codes); App Store Connect API, "Identifying Rate Limits" (X-Rate-Limit, rolling hour per
 * key, RATE_LIMIT_EXCEEDED), "Interpreting and Handling Errors", read 2026. The status of a method
 * that a resource does not have is UNCONFIRMED. The limit is per real hour, times the world's
 * speed.
 */
#include "app_store.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_PER_HOUR = 3600, MINUTES = 60 };

/* Requests by real minute, over a rolling hour. */
struct app_store {
    int64_t minutes[MINUTES]; /* which minute each place counts */
    int64_t used[MINUTES];
};

extern const struct sim_service sim_app_store;

/* ---- limits ----------------------------------------------------------------------------- */

/* One rolling bucket; `rem` is before this request. */
struct bucket {
    const char *name; /* "hour" */
    int64_t limit, rem;
};

static struct bucket bucket_of(struct app_store_call *call, const struct app_store *state,
                               int64_t minute, const char *name, int limit, int64_t span)
{
    struct bucket out = {.name = name, .limit = (int64_t)(limit * sim_speed(call->sim))};

    out.rem = out.limit;
    for (size_t i = 0; i < MINUTES; i++)
        out.rem -= state->minutes[i] > minute - span ? state->used[i] : 0;
    return out;
}

/* The minute's bucket only where the world has one: Apple shows it to some keys. */
static bool within_limit(struct app_store_call *call)
{
    static const struct app_store_error error = {
        429, "RATE_LIMIT_EXCEEDED", "The request rate limit has been reached.", NULL, NULL};
    struct app_store *state = sim_state(call->sim, &sim_app_store, sizeof *state, NULL);
    const struct apple_store *store = call->store;
    int64_t minute = sim_real_ms() / 60000;
    size_t place = (size_t)(minute % MINUTES);
    char text[160];
    size_t bytes = 0;
    bool ok = true;

    if (state->minutes[place] != minute) {
        state->minutes[place] = minute;
        state->used[place] = 0;
    }
    struct bucket buckets[2] = {
        bucket_of(call, state, minute, "hour",
                  store->limit_per_hour > 0 ? store->limit_per_hour : LIMIT_PER_HOUR, MINUTES),
        bucket_of(call, state, minute, "minute", store->limit_per_minute, 1)};
    size_t n = store->limit_per_minute > 0 ? 2 : 1;
    for (size_t i = 0; i < n; i++)
        ok = ok && buckets[i].rem > 0;
    state->used[place] += ok;
    for (size_t i = 0; i < n; i++)
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes,
                                  "user-%s-lim:%lld;user-%s-rem:%lld;", buckets[i].name,
                                  (long long)buckets[i].limit, buckets[i].name,
                                  (long long)(buckets[i].rem - ok));
    sim_reply_header(call->rp, "X-Rate-Limit", "%s", text);
    if (!ok)
        app_store_fail(call, &error,
                       "We've received too many requests for this API. Please wait and try again "
                       "or slow down your request rate.");
    return ok;
}

/* Source: public fixtures of codemagic and fastlane, read 2026. */
static bool agreements_hold(struct app_store_call *call)
{
    static const struct app_store_error error = {
        403, "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
        "A required agreement is missing or has expired.", NULL, NULL};

    if (call->store->has_agreement_gap)
        app_store_fail(call, &error,
                       "This request requires an in-effect agreement that has not been signed or "
                       "has expired.");
    return !call->store->has_agreement_gap;
}

/* ---- reads ------------------------------------------------------------------------------ */

#define FIELDS(type) APP_STORE_FIELDS(type)

static const char *const version_includes[] = {"app", "build", "appStoreVersionPhasedRelease",
                                               NULL};

static void list_apps(struct app_store_call *call)
{
    static const struct app_store_filter filters[] = {{"filter[bundleId]", NULL},
                                                      {"filter[id]", NULL},
                                                      {"filter[name]", NULL},
                                                      {"filter[sku]", NULL},
                                                      {NULL, NULL}};
    static const char *const sorts[] = {"name", "-name", "bundleId", "-bundleId", "sku", "-sku",
                                        NULL};
    static const struct app_store_rules rules = {.type = APP_STORE_APPS,
                                                 .is_list = true,
                                                 .fields = FIELDS(APPS),
                                                 .filters = filters,
                                                 .sorts = sorts};
    static const struct app_store_thing one;
    struct app_store_query query;

    if (!app_store_query_read(call, &rules, &query))
        return;
    bool is_there = app_store_filter_passes(call, "filter[bundleId]", call->store->bundle_id) &&
                    app_store_filter_passes(call, "filter[id]", call->store->app_id) &&
                    app_store_filter_passes(call, "filter[name]", call->store->name) &&
                    app_store_filter_passes(call, "filter[sku]", "acme-app");
    app_store_answer_list(call, &query, APP_STORE_APPS, &one, is_there ? 1 : 0);
}

static void get_app(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_APPS, .fields = FIELDS(APPS)};
    struct app_store_query query;

    if (strcmp(call->rq->segments[2], call->store->app_id) != 0)
        app_store_not_found(call, "apps", call->rq->segments[2]);
    else if (app_store_query_read(call, &rules, &query))
        app_store_answer(call, &query, APP_STORE_APPS, NULL);
}

static int by_id(const void *a, const void *b)
{
    const struct app_store_thing *x = a;
    const struct app_store_thing *y = b;

    return strcmp(x->version->id, y->version->id);
}

static struct app_store_thing thing_of(struct app_store_call *call,
                                       const struct apple_version *version)
{
    return (struct app_store_thing){
        .version = version,
        .build = version == NULL ? NULL : apple_build_by_id(call->store, version->build_id)};
}

static void list_versions(struct app_store_call *call)
{
    static const struct app_store_filter filters[] = {
        {"filter[platform]", app_store_platforms},
        {"filter[appVersionState]", app_store_version_states},
        {"filter[appStoreState]", app_store_store_states},
        {"filter[versionString]", NULL},
        {"filter[id]", NULL},
        {NULL, NULL}};
    static const struct app_store_rules rules = {
        .type = APP_STORE_VERSIONS,
        .is_list = true,
        .fields = FIELDS(VERSIONS) | FIELDS(APPS) | FIELDS(BUILDS) | FIELDS(PHASES),
        .filters = filters,
        .includes = version_includes};
    struct app_store_thing found[APPLE_VERSIONS_MAX];
    struct app_store_query query;
    size_t n = 0;

    if (strcmp(call->rq->segments[2], call->store->app_id) != 0) {
        app_store_not_found(call, "apps", call->rq->segments[2]);
        return;
    }
    if (!app_store_query_read(call, &rules, &query))
        return;
    for (size_t i = 0; i < call->store->n_versions; i++) {
        const struct apple_version *v = &call->store->versions[i];
        if (app_store_filter_passes(call, "filter[platform]", "IOS") &&
            app_store_filter_passes(call, "filter[appVersionState]", v->state) &&
            app_store_filter_passes(call, "filter[appStoreState]",
                                    app_store_old_state(v->state)) &&
            app_store_filter_passes(call, "filter[versionString]", v->version) &&
            app_store_filter_passes(call, "filter[id]", v->id))
            found[n++] = thing_of(call, v);
    }
    qsort(found, n, sizeof found[0], by_id);
    app_store_answer_list(call, &query, APP_STORE_VERSIONS, found, n);
}

/* The version that the path names, or NULL with 404 in the reply. */
static struct apple_version *path_version(struct app_store_call *call)
{
    const char *id = call->rq->segments[2];
    struct apple_version *version = apple_version_by_id(call->store, id);

    if (version == NULL)
        app_store_not_found(call, "appStoreVersions", id);
    return version;
}

static void answer_of(struct app_store_call *call, const struct app_store_query *query,
                      enum app_store_type type, const struct apple_version *version)
{
    struct app_store_thing thing = thing_of(call, version);

    app_store_answer(call, query, type, &thing);
}

static void get_version(struct app_store_call *call)
{
    static const struct app_store_rules rules = {
        .type = APP_STORE_VERSIONS,
        .fields = FIELDS(VERSIONS) | FIELDS(APPS) | FIELDS(BUILDS) | FIELDS(PHASES),
        .includes = version_includes};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        answer_of(call, &query, APP_STORE_VERSIONS, version);
}

static void get_version_phase(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_PHASES,
                                                 .fields = FIELDS(PHASES)};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        answer_of(call, &query, APP_STORE_PHASES, version);
}

static void get_version_build(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_BUILDS,
                                                 .fields = FIELDS(BUILDS)};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        answer_of(call, &query, APP_STORE_BUILDS, version);
}

/* ---- routing ---------------------------------------------------------------------------- */

/* Below /v1/, appAvailabilities below /v2/; "*" stands for one segment. */
static const struct endpoint {
    const char *method;
    const char *path[5];
    void (*handle)(struct app_store_call *call);
} endpoints[] = {
    {"GET", {"apps", NULL}, list_apps},
    {"GET", {"apps", "*", NULL}, get_app},
    {"GET", {"apps", "*", "appStoreVersions", NULL}, list_versions},
    {"GET", {"appStoreVersions", "*", NULL}, get_version},
    {"GET", {"appStoreVersions", "*", "appStoreVersionPhasedRelease", NULL}, get_version_phase},
    {"GET", {"appStoreVersions", "*", "build", NULL}, get_version_build},
    {"GET", {"appStoreVersions", "*", "customerReviews", NULL}, app_store_list_reviews},
    {"GET", {"builds", NULL}, app_store_list_builds},
    {"GET", {"builds", "*", NULL}, app_store_get_build},
    {"GET", {"builds", "*", "metrics", "betaBuildUsages", NULL}, app_store_get_usages},
    {"GET", {"apps", "*", "appAvailabilityV2", NULL}, app_store_get_availability},
    {"GET", {"appAvailabilities", "*", "territoryAvailabilities", NULL},
     app_store_list_territories},
    {"POST", {"appStoreVersionPhasedReleases", NULL}, app_store_post_phase},
    {"PATCH", {"appStoreVersionPhasedReleases", "*", NULL}, app_store_patch_phase},
    {"DELETE", {"appStoreVersionPhasedReleases", "*", NULL}, app_store_delete_phase},
    {"POST", {"appStoreVersionReleaseRequests", NULL}, app_store_post_release},
};

static bool path_matches(const struct endpoint *endpoint, const struct sim_request *rq)
{
    size_t n = 0;

    for (; endpoint->path[n] != NULL; n++)
        if (1 + n >= rq->n_segments || (strcmp(endpoint->path[n], "*") != 0 &&
                                        strcmp(endpoint->path[n], rq->segments[1 + n]) != 0))
            return false;
    return rq->n_segments == 1 + n;
}

static void route(struct app_store_call *call)
{
    static const struct app_store_error no_path = {
        404, "NOT_FOUND", "The specified resource does not exist", NULL, NULL};
    static const struct app_store_error no_method = {
        403, "FORBIDDEN_ERROR", "The given operation is not allowed", NULL, NULL};
    const struct sim_request *rq = call->rq;
    bool has_path = false;

    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        const char *major = strcmp(endpoints[i].path[0], "appAvailabilities") == 0 ? "v2" : "v1";
        if (rq->has_trailing_slash || rq->n_segments < 2 || strcmp(rq->segments[0], major) != 0 ||
            !path_matches(&endpoints[i], rq))
            continue;
        has_path = true;
        if (!sim_method_is(rq, endpoints[i].method))
            continue;
        endpoints[i].handle(call);
        return;
    }
    if (has_path)
        app_store_fail(call, &no_method, "The resource '%.60s' does not allow '%.10s'",
                       rq->segments[1], rq->method);
    else
        app_store_fail(call, &no_path, "The path provided does not match a defined resource type.");
}

static bool is_read(const struct sim_request *rq)
{
    return sim_method_is(rq, "GET") || sim_method_is(rq, "HEAD");
}

/* A key whose role may only read. The words are those of many public reports, read 2026; that the
 * role is judged before the id is UNCONFIRMED. */
static bool is_in_role(struct app_store_call *call)
{
    static const struct app_store_error forbidden = {
        403, "FORBIDDEN_ERROR", "This request is forbidden for security reasons", NULL, NULL};

    if (!call->sim->rights.is_apple_reader || is_read(call->rq))
        return true;
    app_store_fail(call, &forbidden, "The API key in use does not allow this request");
    return false;
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct app_store_call call = {
        .sim = sim, .store = &sim->world->apple, .rq = rq, .rp = rp};

    if (app_store_authorized(&call) && within_limit(&call) && agreements_hold(&call) &&
        is_in_role(&call))
        route(&call);
}

#define NO_ID "00000000-0000-0000-0000-000000000000"

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_release_of_none(const struct sim_request *rq)
{
    const char *id = NULL;

    if (!sim_method_is(rq, "POST") || !ends_with(rq->path, "/appStoreVersionReleaseRequests"))
        return false;
    json_t *body = sim_body_json(rq);
    bool is_none = json_unpack(body, "{s:{s:{s:{s:{s:s}}}}}", "data", "relationships",
                               "appStoreVersion", "data", "id", &id) == 0 &&
                   strcmp(id, NO_ID) == 0;
    json_decref(body);
    return is_none;
}

static enum sim_effect classify(const struct sim_request *rq)
{
    if (is_read(rq))
        return SIM_EFFECT_NONE;
    if (sim_method_is(rq, "PATCH"))
        return ends_with(rq->path, "/" NO_ID) ? SIM_EFFECT_PROBE : SIM_EFFECT_MUTATING;
    return is_release_of_none(rq) ? SIM_EFFECT_PROBE : SIM_EFFECT_MUTATING;
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "issuer_id", json_string(sim->creds->apple_issuer_id));
    json_object_set_new(endpoint, "key_id", json_string(sim->creds->apple_key_id));
    json_object_set_new(endpoint, "bundle_id", json_string(sim->world->apple.bundle_id));
}

const struct sim_service sim_app_store = {
    .name = "app_store",
    .classify = classify,
    .handle = handle,
    .describe = describe,
};
