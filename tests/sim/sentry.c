/*
 * Sentry's Web API, the read side that release health needs: see sentry.h for the parts.
 *
 * Sources: Sentry API document (OpenAPI, getsentry/sentry-api-schema); "Auth Tokens",
 * "Permissions & Scopes", "Rate Limits", "Requests"; getsentry/sentry middleware/ratelimit.py (the
 * 429 body is a bare string), read 2026. Limits are per real second, times the world's speed.
 */
#include "sentry.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIMIT_PER_SECOND = 40, /* seen on us.sentry.io, organization endpoint */
    LIMIT_CONCURRENT = 25,
    ENDPOINTS_MAX = 8,
};

enum scope { SCOPE_ORG_READ = 1, SCOPE_PROJECT_READ = 2, SCOPE_EVENT_READ = 4, SCOPE_ORG_CI = 8,
             SCOPE_WRITE = 16 };

struct limiter {
    int64_t second; /* real */
    int64_t used;
};

struct sentry {
    struct limiter limits[ENDPOINTS_MAX];
};

extern const struct sim_service sim_sentry;

void sentry_fail(struct sim_reply *rp, int status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *text = sim_vprintf(format, ap);
    va_end(ap);
    sim_reply_json(rp, status, json_pack("{s:s}", "detail", text));
    free(text);
}

bool sentry_refuse_unknown_query(const struct sim_request *rq, struct sim_reply *rp,
                                 const char *const *known)
{
    const char *unknown = sim_query_unknown(rq, known);

    if (unknown != NULL)
        sentry_fail(rp, 400, "Unknown parameter: \"%.60s\" (slipway-sim is strict here)", unknown);
    return unknown != NULL;
}

/* ---- projects and environments ---------------------------------------------------------- */

bool sentry_projects(struct sim *sim, const struct sim_request *rq, unsigned *apps,
                     struct sim_reply *rp)
{
    const char *name = NULL;

    *apps = 0;
    for (size_t i = 0; (name = sim_query_at(rq, "project", i)) != NULL; i++) {
        struct world_app *app = world_app_by_project(sim->world, name);
        if (strcmp(name, "-1") == 0) {
            *apps = ~0u;
        } else if (app != NULL) {
            *apps |= 1u << (size_t)(app - sim->world->apps);
        } else {
            /* A project that does not exist looks like one without access. UNCONFIRMED text. */
            sentry_fail(rp, 403, "You do not have permission to perform this action.");
            return false;
        }
    }
    if (*apps == 0)
        *apps = ~0u;
    return true;
}

bool sentry_environments(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    const char *name = NULL;

    for (size_t i = 0; (name = sim_query_at(rq, "environment", i)) != NULL; i++) {
        bool is_known = name[0] == '\0';
        for (size_t a = 0; a < sim->world->n_apps; a++)
            is_known = is_known || strcmp(sim->world->apps[a].environment, name) == 0;
        if (!is_known) {
            sentry_fail(rp, 404, "The requested resource does not exist");
            return false;
        }
    }
    return true;
}

/* ---- small endpoints -------------------------------------------------------------------- */

static void organization(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    static const char *const known[] = {"detailed", NULL};
    const char *url = sim->url[sim_service_index("sentry")];

    if (sentry_refuse_unknown_query(rq, rp, known))
        return;
    /* As self-hosted: no region. */
    sim_reply_json(rp, 200,
                   json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:b, s:b, s:b}", "id",
                             "4505000001", "slug", "acme", "name", "Acme", "status", "id",
                             "active", "name", "active", "links", "organizationUrl", url,
                             "regionUrl", "", "hasAuthProvider", 0, "require2FA", 0,
                             "isEarlyAdopter", 0));
}

static void environments(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    static const char *const known[] = {"visibility", "project", NULL};

    (void)sim;
    if (!sentry_refuse_unknown_query(rq, rp, known))
        sim_reply_json(rp, 200,
                       json_pack("[{s:s, s:s}]", "id", "310001", "name", "production"));
}

static void projects(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    static const char *const known[] = {"cursor", "per_page", "query", NULL};
    struct sentry_page page;
    json_t *list = json_array();

    if (sentry_refuse_unknown_query(rq, rp, known) ||
        !sentry_page_read(rq, "per_page", 100, &page, rp)) {
        json_decref(list);
        return;
    }
    for (size_t i = page.offset; i < sim->world->n_apps && i < page.offset + page.limit; i++) {
        const struct world_app *app = &sim->world->apps[i];
        char *id = sim_printf("%lld", (long long)app->project_id);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "id", id, "slug", app->project,
                            "name", app->project, "platform",
                            strcmp(app->id, "ios") == 0 ? "apple-ios" : "android", "hasAccess", 1,
                            "isMember", 1, "hasSessions", 1));
        free(id);
    }
    sentry_page_link(sim, rq, &page, sim->world->n_apps, rp);
    sim_reply_json(rp, 200, list);
}

static void release_detail(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    sentry_release(sim, rq, rq->segments[5], rp);
}

static void deploys(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    if (world_release_find(sim->world, rq->segments[5], NULL) == NULL)
        sentry_fail(rp, 404, "The requested resource does not exist");
    else
        sim_reply_json(rp, 200, json_array());
}

/* ---- routing ---------------------------------------------------------------------------- */

/* Below /api/0/organizations/{org}/; "*" stands for one segment. */
static const struct endpoint {
    const char *method;
    const char *path[4];
    unsigned scopes; /* any one of them */
    void (*handle)(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);
} endpoints[] = {
    {"GET", {NULL}, SCOPE_ORG_READ, organization},
    {"GET", {"environments", NULL}, SCOPE_ORG_READ, environments},
    {"GET", {"projects", NULL}, SCOPE_ORG_READ, projects},
    {"GET", {"sessions", NULL}, SCOPE_ORG_READ, sentry_sessions},
    {"GET", {"releases", NULL}, SCOPE_PROJECT_READ | SCOPE_ORG_CI, sentry_releases},
    {"GET", {"releases", "*", NULL}, SCOPE_PROJECT_READ | SCOPE_ORG_CI, release_detail},
    {"GET", {"releases", "*", "deploys", NULL}, SCOPE_PROJECT_READ | SCOPE_ORG_CI, deploys},
    {"GET", {"issues", NULL}, SCOPE_EVENT_READ, sentry_issues},
};

static_assert(sizeof endpoints / sizeof endpoints[0] <= ENDPOINTS_MAX, "a limiter for each");

static bool path_matches(const struct endpoint *endpoint, const struct sim_request *rq)
{
    size_t n = 0;

    for (; endpoint->path[n] != NULL; n++)
        if (4 + n >= rq->n_segments || (strcmp(endpoint->path[n], "*") != 0 &&
                                        strcmp(endpoint->path[n], rq->segments[4 + n]) != 0))
            return false;
    return rq->n_segments == 4 + n;
}

static unsigned token_scopes(const struct sim *sim, const char *token)
{
    if (token == NULL)
        return 0;
    if (strcmp(token, sim->creds->sentry_token) == 0)
        return SCOPE_ORG_READ | SCOPE_PROJECT_READ | SCOPE_EVENT_READ;
    if (strcmp(token, sim->creds->sentry_ci_token) == 0)
        return SCOPE_ORG_CI;
    return 0;
}

/* Sets the five headers; false: too often, and the reply is made. */
static bool within_limit(struct sim *sim, size_t endpoint, struct sim_reply *rp)
{
    struct sentry *sentry = sim_state(sim, &sim_sentry, sizeof *sentry, NULL);
    struct limiter *limiter = &sentry->limits[endpoint];
    int64_t limit = (int64_t)(LIMIT_PER_SECOND * sim_speed(sim));
    int64_t second = sim_real_ms() / 1000;

    if (second != limiter->second)
        *limiter = (struct limiter){.second = second};
    limiter->used++;
    int64_t left = limit - limiter->used;
    sim_reply_header(rp, "X-Sentry-Rate-Limit-Limit", "%lld", (long long)limit);
    sim_reply_header(rp, "X-Sentry-Rate-Limit-Remaining", "%lld", (long long)(left < 0 ? 0 : left));
    sim_reply_header(rp, "X-Sentry-Rate-Limit-Reset", "%lld", (long long)second + 1);
    sim_reply_header(rp, "X-Sentry-Rate-Limit-ConcurrentLimit", "%d", LIMIT_CONCURRENT);
    sim_reply_header(rp, "X-Sentry-Rate-Limit-ConcurrentRemaining", "%d", LIMIT_CONCURRENT - 1);
    if (left >= 0)
        return true;
    char *text = sim_printf("\"You are attempting to use this endpoint too frequently. Limit is "
                            "%lld requests in 1 seconds\"",
                            (long long)limit);
    sim_reply_text(rp, 429, "text/html; charset=utf-8", text);
    free(text);
    return false;
}

static void route(struct sim *sim, const struct sim_request *rq, unsigned scopes,
                  struct sim_reply *rp)
{
    bool has_path = false;

    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        if (!path_matches(&endpoints[i], rq))
            continue;
        has_path = true;
        if (!sim_method_is(rq, endpoints[i].method))
            continue;
        if (!within_limit(sim, i, rp))
            return;
        if ((endpoints[i].scopes & scopes) == 0)
            sentry_fail(rp, 403, "You do not have permission to perform this action.");
        else
            endpoints[i].handle(sim, rq, rp);
        return;
    }
    if (has_path) /* it exists, but this token may only read */
        sentry_fail(rp, 403, "You do not have permission to perform this action.");
    else
        sim_reply_text(rp, 404, "text/html; charset=utf-8",
                       "<!doctype html><html><title>Page Not Found</title></html>");
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    unsigned scopes = token_scopes(sim, sim_bearer(rq));

    if (!rq->has_trailing_slash) {
        /* Django's APPEND_SLASH. */
        sim_reply_header(rp, "Location", "%s/%s%s", rq->raw_path,
                         rq->raw_query[0] == '\0' ? "" : "?", rq->raw_query);
        sim_reply_empty(rp, 301);
    } else if (strcmp(rq->path, "/api/0/") == 0) {
        sim_reply_json(rp, 200, json_pack("{s:s, s:n, s:n}", "version", "0", "auth", "user"));
    } else if (sim_header(rq, "Authorization") == NULL) {
        sentry_fail(rp, 401, "Authentication credentials were not provided.");
    } else if (scopes == 0) {
        sentry_fail(rp, 401, "Invalid token");
    } else if (rq->n_segments < 4 || strcmp(rq->segments[0], "api") != 0 ||
               strcmp(rq->segments[1], "0") != 0 || strcmp(rq->segments[2], "organizations") != 0) {
        sim_reply_text(rp, 404, "text/html; charset=utf-8",
                       "<!doctype html><html><title>Page Not Found</title></html>");
    } else if (strcmp(rq->segments[3], "acme") != 0 && strcmp(rq->segments[3], "4505000001") != 0) {
        sentry_fail(rp, 404, "The requested resource does not exist");
    } else {
        route(sim, rq, scopes, rp);
    }
}

/* Sentry's few writes mark deploys and resolve issues; users see none of it, the team does. */
static enum sim_effect classify(const struct sim_request *rq)
{
    return sim_method_is(rq, "GET") || sim_method_is(rq, "HEAD") ? SIM_EFFECT_NONE
                                                                 : SIM_EFFECT_MUTATING;
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "token", json_string(sim->creds->sentry_token));
    json_object_set_new(endpoint, "ci_token", json_string(sim->creds->sentry_ci_token));
    json_object_set_new(endpoint, "organization", json_string("acme"));
}

const struct sim_service sim_sentry = {
    .name = "sentry",
    .classify = classify,
    .handle = handle,
    .describe = describe,
};
