/*
 * App Store Connect's API as far as a release needs it: see app_store.h for the parts.
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

/* ---- the hourly limit ------------------------------------------------------------------- */

static bool within_limit(struct app_store_call *call)
{
    static const struct app_store_error error = {
        429, "RATE_LIMIT_EXCEEDED", "The request rate limit has been reached.", NULL, NULL};
    struct app_store *state = sim_state(call->sim, &sim_app_store, sizeof *state, NULL);
    int64_t minute = sim_real_ms() / 60000;
    int64_t limit = (int64_t)(LIMIT_PER_HOUR * sim_speed(call->sim));
    int64_t used = 0;
    size_t place = (size_t)(minute % MINUTES);

    if (state->minutes[place] != minute) {
        state->minutes[place] = minute;
        state->used[place] = 0;
    }
    for (size_t i = 0; i < MINUTES; i++)
        used += state->minutes[i] > minute - MINUTES ? state->used[i] : 0;
    bool ok = used < limit;
    if (ok) {
        state->used[place]++;
        used++;
    }
    sim_reply_header(call->rp, "X-Rate-Limit", "user-hour-lim:%lld;user-hour-rem:%lld;",
                     (long long)limit, (long long)(limit - used));
    if (!ok)
        app_store_fail(call, &error,
                       "We've received too many requests for this API. Please wait and try again "
                       "or slow down your request rate.");
    return ok;
}

/* ---- reads ------------------------------------------------------------------------------ */

#define FIELDS(type) (1u << APP_STORE_##type)

static const char *const version_includes[] = {"app", "build", "appStoreVersionPhasedRelease",
                                               NULL};
static const char *const build_includes[] = {"app", "appStoreVersion", "preReleaseVersion", NULL};

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
    static const struct apple_version *const one[] = {NULL};
    struct app_store_query query;

    if (!app_store_query_read(call, &rules, &query))
        return;
    bool is_there = app_store_filter_passes(call, "filter[bundleId]", call->store->bundle_id) &&
                    app_store_filter_passes(call, "filter[id]", call->store->app_id) &&
                    app_store_filter_passes(call, "filter[name]", call->store->name) &&
                    app_store_filter_passes(call, "filter[sku]", "acme-app");
    app_store_answer_list(call, &query, APP_STORE_APPS, one, is_there ? 1 : 0);
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
    const struct apple_version *const *x = a;
    const struct apple_version *const *y = b;

    return strcmp((*x)->id, (*y)->id);
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
    const struct apple_version *found[APPLE_VERSIONS_MAX];
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
            found[n++] = v;
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

static void get_version(struct app_store_call *call)
{
    static const struct app_store_rules rules = {
        .type = APP_STORE_VERSIONS,
        .fields = FIELDS(VERSIONS) | FIELDS(APPS) | FIELDS(BUILDS) | FIELDS(PHASES),
        .includes = version_includes};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        app_store_answer(call, &query, APP_STORE_VERSIONS, version);
}

static void get_version_phase(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_PHASES,
                                                 .fields = FIELDS(PHASES)};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        app_store_answer(call, &query, APP_STORE_PHASES, version);
}

static void get_version_build(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.type = APP_STORE_BUILDS,
                                                 .fields = FIELDS(BUILDS)};
    const struct apple_version *version = path_version(call);
    struct app_store_query query;

    if (version != NULL && app_store_query_read(call, &rules, &query))
        app_store_answer(call, &query, APP_STORE_BUILDS, version);
}

static int by_upload(const void *a, const void *b)
{
    const struct apple_version *const *x = a;
    const struct apple_version *const *y = b;

    return (*x)->uploaded_ms < (*y)->uploaded_ms ? -1 : (*x)->uploaded_ms > (*y)->uploaded_ms;
}

static int by_build(const void *a, const void *b)
{
    const struct apple_version *const *x = a;
    const struct apple_version *const *y = b;

    return strcmp((*x)->build, (*y)->build);
}

static int by_version(const void *a, const void *b)
{
    const struct apple_version *const *x = a;
    const struct apple_version *const *y = b;

    return strcmp((*x)->version, (*y)->version);
}

/* One key, as the worlds here have too few builds for a second one to matter. */
static void sort_builds(const struct apple_version **builds, size_t n, const char *sort)
{
    bool is_down = sort != NULL && sort[0] == '-';
    const char *key = sort == NULL ? "" : sort + is_down;
    int (*order)(const void *, const void *) = strncmp(key, "uploadedDate", 12) == 0 ? by_upload
                                               : strncmp(key, "preRelease", 10) == 0
                                                   ? by_version
                                                   : by_build;

    qsort(builds, n, sizeof builds[0], order);
    for (size_t i = 0; is_down && i < n / 2; i++) {
        const struct apple_version *other = builds[i];
        builds[i] = builds[n - 1 - i];
        builds[n - 1 - i] = other;
    }
}

static void list_builds(struct app_store_call *call)
{
    static const char *const truths[] = {"true", "false", NULL};
    static const char *const processing[] = {"PROCESSING", "FAILED", "INVALID", "VALID", NULL};
    static const struct app_store_filter filters[] = {
        {"filter[app]", NULL},
        {"filter[version]", NULL},
        {"filter[expired]", truths},
        {"filter[processingState]", processing},
        {"filter[preReleaseVersion.version]", NULL},
        {"filter[preReleaseVersion.platform]", app_store_platforms},
        {"filter[appStoreVersion]", NULL},
        {"filter[id]", NULL},
        {NULL, NULL}};
    static const char *const sorts[] = {"version",       "-version",          "uploadedDate",
                                        "-uploadedDate", "preReleaseVersion", "-preReleaseVersion",
                                        NULL};
    static const struct app_store_rules rules = {
        .type = APP_STORE_BUILDS,
        .is_list = true,
        .fields = FIELDS(BUILDS) | FIELDS(APPS) | FIELDS(VERSIONS) | FIELDS(PRE_RELEASES),
        .filters = filters,
        .includes = build_includes,
        .sorts = sorts};
    const struct apple_version *found[APPLE_VERSIONS_MAX];
    struct app_store_query query;
    size_t n = 0;

    if (!app_store_query_read(call, &rules, &query))
        return;
    for (size_t i = 0; i < call->store->n_versions; i++) {
        const struct apple_version *v = &call->store->versions[i];
        int64_t age_ms = call->sim->world->now_ms - v->uploaded_ms;
        bool is_expired = age_ms >= (int64_t)90 * 24 * 3600 * 1000;
        if (app_store_filter_passes(call, "filter[app]", call->store->app_id) &&
            app_store_filter_passes(call, "filter[version]", v->build) &&
            app_store_filter_passes(call, "filter[expired]", is_expired ? "true" : "false") &&
            app_store_filter_passes(call, "filter[processingState]", "VALID") &&
            app_store_filter_passes(call, "filter[preReleaseVersion.version]", v->version) &&
            app_store_filter_passes(call, "filter[preReleaseVersion.platform]", "IOS") &&
            app_store_filter_passes(call, "filter[appStoreVersion]", v->id) &&
            app_store_filter_passes(call, "filter[id]", v->build_id))
            found[n++] = v;
    }
    sort_builds(found, n, query.sort);
    app_store_answer_list(call, &query, APP_STORE_BUILDS, found, n);
}

static void get_build(struct app_store_call *call)
{
    static const struct app_store_rules rules = {
        .type = APP_STORE_BUILDS,
        .fields = FIELDS(BUILDS) | FIELDS(APPS) | FIELDS(VERSIONS) | FIELDS(PRE_RELEASES),
        .includes = build_includes};
    const char *id = call->rq->segments[2];
    struct app_store_query query;

    for (size_t i = 0; i < call->store->n_versions; i++)
        if (strcmp(call->store->versions[i].build_id, id) == 0) {
            if (app_store_query_read(call, &rules, &query))
                app_store_answer(call, &query, APP_STORE_BUILDS, &call->store->versions[i]);
            return;
        }
    app_store_not_found(call, "builds", id);
}

/* ---- routing ---------------------------------------------------------------------------- */

/* Below /v1/; "*" stands for one segment. */
static const struct endpoint {
    const char *method;
    const char *path[4];
    void (*handle)(struct app_store_call *call);
} endpoints[] = {
    {"GET", {"apps", NULL}, list_apps},
    {"GET", {"apps", "*", NULL}, get_app},
    {"GET", {"apps", "*", "appStoreVersions", NULL}, list_versions},
    {"GET", {"appStoreVersions", "*", NULL}, get_version},
    {"GET", {"appStoreVersions", "*", "appStoreVersionPhasedRelease", NULL}, get_version_phase},
    {"GET", {"appStoreVersions", "*", "build", NULL}, get_version_build},
    {"GET", {"builds", NULL}, list_builds},
    {"GET", {"builds", "*", NULL}, get_build},
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
        if (rq->has_trailing_slash || rq->n_segments < 2 || strcmp(rq->segments[0], "v1") != 0 ||
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

    if (app_store_authorized(&call) && within_limit(&call) && is_in_role(&call))
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
