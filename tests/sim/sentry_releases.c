/*
 * GET releases/ and releases/{version}/: percent 0..100 here, unlike sessions.
 *
 * Sources: Sentry API document "List an Organization's Releases", "Retrieve an Organization's
 * Release"; getsentry/sentry release serializer and models/releaseprojectenvironment.py (adoption
 * stages: last 6 h, 10 % of the project's sessions), read 2026.
 */
#include "sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)

enum { LIST_MAX = 128, ADOPTED_PCT = 10 };

struct ask {
    const struct world *world;
    unsigned apps;
    bool has_health;
    bool has_stages;
    bool is_flat;
    int64_t summary_ms;
    struct sentry_query query;
    const char *sort;
};

struct item {
    const struct world_app *app;
    const struct world_version *version;
    double sort_key;
};

/* "" when unknown, which is then refused. */
static bool read_period(const struct sim_request *rq, const char *name, int64_t fallback,
                        int64_t *out, struct sim_reply *rp)
{
    static const char *const choices[] = {"1h", "1d", "2d", "7d", "14d", "24h", "48h", "30d",
                                          "90d", NULL};
    const char *text = sim_query(rq, name);

    *out = fallback;
    if (text == NULL)
        return true;
    for (size_t i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], text) == 0)
            return sentry_period_parse(text, out);
    sentry_fail(rp, 400,
                "Invalid %s. Valid choices are 1h, 1d, 2d, 7d, 14d, 24h, 48h, 30d, 90d", name);
    return false;
}

static bool read_sort(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    static const char *const sorts[] = {"date",  "sessions",   "users",
                                        "crash_free_sessions", "crash_free_users",
                                        "sessions_24h",        "users_24h", NULL};

    ask->sort = sim_query(rq, "sort") == NULL ? "date" : sim_query(rq, "sort");
    size_t i = 0;
    while (sorts[i] != NULL && strcmp(sorts[i], ask->sort) != 0)
        i++;
    if (sorts[i] == NULL)
        sentry_fail(rp, 400, "invalid sort");
    else if (i > 0 && !ask->is_flat)
        sentry_fail(rp, 400, "sorting by crash statistics requires flattening (flatten=1)");
    else
        return true;
    return false;
}

static bool is_one(const struct sim_request *rq, const char *name)
{
    const char *text = sim_query(rq, name);

    return text != NULL && strcmp(text, "1") == 0;
}

static bool read_ask(struct sim *sim, const struct sim_request *rq, struct ask *ask,
                     struct sim_reply *rp)
{
    static const char *const known[] = {
        "project", "environment", "query", "per_page", "cursor", "health", "adoptionStages",
        "summaryStatsPeriod", "healthStatsPeriod", "healthStat", "status", "sort", "flatten",
        "statsPeriod", "start", "end", "project_id", NULL};
    int64_t ignored = 0;

    ask->world = sim->world;
    ask->has_health = is_one(rq, "health");
    ask->has_stages = is_one(rq, "adoptionStages");
    ask->is_flat = is_one(rq, "flatten");
    if (sentry_refuse_unknown_query(rq, rp, known) ||
        !sentry_projects(sim, rq, &ask->apps, rp) || !sentry_environments(sim, rq, rp) ||
        !read_period(rq, "summaryStatsPeriod", 14 * DAY_MS, &ask->summary_ms, rp) ||
        !read_period(rq, "healthStatsPeriod", DAY_MS, &ignored, rp) || !read_sort(rq, ask, rp))
        return false;
    const char *text = sim_query(rq, "query");
    if (!sentry_query_parse(text == NULL ? "" : text, &ask->query)) {
        sentry_fail(rp, 400, "Unable to parse query");
        return false;
    }
    return true;
}

/* ---- figures ---------------------------------------------------------------------------- */

static struct world_health project_health(const struct world *world, const struct world_app *app,
                                          int64_t from_ms, int64_t to_ms)
{
    struct world_health all = {.sessions = 0};

    for (size_t i = 0; i < app->n_versions; i++) {
        struct world_health h = world_health(world, app, &app->versions[i], from_ms, to_ms);
        all.sessions += h.sessions;
        all.crashes += h.crashes;
        all.users += h.users;
    }
    return all;
}

static json_t *percent(uint64_t part, uint64_t whole, bool is_rest)
{
    if (whole == 0)
        return json_null();
    double p = 100.0 * (double)part / (double)whole;
    return json_real(is_rest ? 100 - p : p);
}

static json_t *share(uint64_t part, uint64_t whole)
{
    return part == 0 ? json_null() : percent(part, whole, false);
}

/* The last day, hour by hour. */
static json_t *stats_json(const struct world *world, const struct world_app *app,
                          const struct world_version *version)
{
    json_t *list = json_array();
    int64_t end = world->now_ms - world->now_ms % HOUR_MS + HOUR_MS;

    for (int64_t at = end - 24 * HOUR_MS; at < end; at += HOUR_MS) {
        struct world_health h = world_health(world, app, version, at, at + HOUR_MS);
        json_array_append_new(list, json_pack("[I, I]", (json_int_t)(at / 1000),
                                              (json_int_t)h.sessions));
    }
    return json_pack("{s:o}", "24h", list);
}

static json_t *health_json(const struct ask *ask, const struct item *item)
{
    const struct world *world = ask->world;
    int64_t now = world->now_ms;
    struct world_health sum =
        world_health(world, item->app, item->version, now - ask->summary_ms, now);
    struct world_health day = world_health(world, item->app, item->version, now - DAY_MS, now);
    struct world_health all = project_health(world, item->app, now - DAY_MS, now);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:n, s:n}",
        "crashFreeSessions", percent(sum.crashes, sum.sessions, true), "crashFreeUsers",
        percent(sum.crashed_users, sum.users, true), "adoption", share(day.users, all.users),
        "sessionsAdoption", share(day.sessions, all.sessions), "totalSessions",
        (json_int_t)sum.sessions, "totalUsers", (json_int_t)sum.users, "totalSessions24h",
        (json_int_t)day.sessions, "totalUsers24h", (json_int_t)day.users,
        "totalProjectSessions24h", (json_int_t)all.sessions, "totalProjectUsers24h",
        (json_int_t)all.users, "sessionsCrashed", (json_int_t)sum.crashes, "sessionsErrored",
        (json_int_t)sum.errored, "hasHealthData", sum.sessions > 0, "stats",
        stats_json(world, item->app, item->version), "durationP50", "durationP90");
}

/* Judged hourly, over the last six hours. */
static json_t *stage_json(const struct ask *ask, const struct item *item)
{
    int64_t hour = ask->world->now_ms - ask->world->now_ms % HOUR_MS;
    struct world_health own =
        world_health(ask->world, item->app, item->version, hour - 6 * HOUR_MS, hour);
    struct world_health all = project_health(ask->world, item->app, hour - 6 * HOUR_MS, hour);
    bool is_adopted = all.sessions > 0 && own.sessions * 100 >= all.sessions * ADOPTED_PCT;
    bool was_first = item->version != &item->app->versions[item->app->n_versions - 1];
    const char *stage = is_adopted ? "adopted" : was_first ? "replaced" : "low_adoption";
    char since[32];

    /* When a stage was reached is not modelled: the version's own beginning stands for it. */
    sim_rfc3339(since, sizeof since, item->version->created_ms, false);
    return json_pack("{s:{s:s, s:o, s:o}}", item->app->project, "stage", stage, "adopted",
                     is_adopted || was_first ? json_string(since) : json_null(), "unadopted",
                     was_first && !is_adopted ? json_string(since) : json_null());
}

static uint64_t new_groups(const struct ask *ask, const struct item *item)
{
    uint64_t n = 0;

    for (size_t i = 0; i < ask->world->n_issues; i++) {
        const struct world_issue *issue = &ask->world->issues[i];
        n += &ask->world->apps[issue->app] == item->app &&
             &item->app->versions[issue->version] == item->version &&
             issue->first_ms <= ask->world->now_ms;
    }
    return n;
}

/* ---- objects ---------------------------------------------------------------------------- */

static json_t *version_info(const struct world_version *version)
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    char *description = sim_printf("%s (%s)", version->version, version->build);

    if (sscanf(version->version, "%u.%u.%u", &major, &minor, &patch) != 3)
        major = minor = patch = 0;
    const char *at = strchr(version->release, '@');
    size_t package_bytes = at == NULL ? 0 : (size_t)(at - version->release);
    json_t *info = json_pack(
        "{s:s%, s:{s:s, s:i, s:i, s:i, s:n, s:s, s:i}, s:s, s:n}", "package", version->release,
        package_bytes, "version", "raw", at == NULL ? "" : at + 1, "major", (int)major, "minor",
        (int)minor, "patch", (int)patch, "pre", "buildCode", version->build, "components", 3,
        "description", description, "buildHash");
    free(description);
    return info;
}

static const char *platform_of(const struct world_app *app)
{
    return strcmp(app->id, "ios") == 0 ? "apple-ios" : "android";
}

static json_t *project_json(const struct ask *ask, const struct item *item)
{
    json_t *project = json_pack(
        "{s:I, s:s, s:s, s:s, s:[s], s:I, s:b}", "id", (json_int_t)item->app->project_id, "slug",
        item->app->project, "name", item->app->project, "platform", platform_of(item->app),
        "platforms", platform_of(item->app), "newGroups", (json_int_t)new_groups(ask, item),
        "hasHealthData", item->version->n_cells > 0);

    if (ask->has_health)
        json_object_set_new(project, "healthData", health_json(ask, item));
    return project;
}

static json_t *release_json(const struct ask *ask, const struct item *item)
{
    char created[32];
    size_t app = (size_t)(item->app - ask->world->apps);
    size_t version = (size_t)(item->version - item->app->versions);
    json_t *object = json_pack(
        "{s:I, s:s, s:s, s:s, s:n, s:n, s:n, s:s, s:n, s:n, s:n, s:n}", "id",
        (json_int_t)(1122684517 + app * 100 + version), "version", item->version->release,
        "shortVersion", item->version->release, "status", "open", "ref", "url", "dateReleased",
        "dateCreated", sim_rfc3339(created, sizeof created, item->version->created_ms, false),
        "dateStarted", "firstEvent", "lastEvent", "owner");

    json_object_set_new(object, "newGroups", json_integer((json_int_t)new_groups(ask, item)));
    json_object_set_new(object, "versionInfo", version_info(item->version));
    json_object_set_new(object, "commitCount", json_integer(0));
    json_object_set_new(object, "lastCommit", json_null());
    json_object_set_new(object, "authors", json_array());
    json_object_set_new(object, "deployCount", json_integer(0));
    json_object_set_new(object, "lastDeploy", json_null());
    json_object_set_new(object, "data", json_object());
    json_object_set_new(object, "currentProjectMeta", json_object());
    json_object_set_new(object, "projects", json_pack("[o]", project_json(ask, item)));
    if (ask->has_stages)
        json_object_set_new(object, "adoptionStages", stage_json(ask, item));
    return object;
}

/* ---- lists ------------------------------------------------------------------------------ */

/* Free text is a case-insensitive part of the name. */
static bool item_matches(const struct sentry_term *term, const void *context)
{
    const struct item *item = context;

    if (term->key[0] == '\0')
        return strcasestr(item->version->release, term->values[0]) != NULL;
    return sentry_release_term(term, item->version) > 0;
}

static double sort_key(const struct ask *ask, const struct item *item)
{
    int64_t now = ask->world->now_ms;
    bool is_day = strstr(ask->sort, "24h") != NULL;

    if (strcmp(ask->sort, "date") == 0)
        return (double)item->version->created_ms;
    struct world_health h = world_health(ask->world, item->app, item->version,
                                         now - (is_day ? DAY_MS : ask->summary_ms), now);
    if (strncmp(ask->sort, "sessions", 8) == 0)
        return (double)h.sessions;
    if (strncmp(ask->sort, "users", 5) == 0)
        return (double)h.users;
    if (h.sessions == 0)
        return -1;
    return strcmp(ask->sort, "crash_free_users") == 0
               ? 1 - (double)h.crashed_users / (double)h.users
               : 1 - (double)h.crashes / (double)h.sessions;
}

static int by_key(const void *a, const void *b)
{
    double x = ((const struct item *)a)->sort_key;
    double y = ((const struct item *)b)->sort_key;

    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t collect(const struct ask *ask, struct item *items)
{
    size_t n = 0;

    for (size_t a = 0; a < ask->world->n_apps; a++)
        for (size_t v = 0; (ask->apps >> a & 1) != 0 && v < ask->world->apps[a].n_versions; v++) {
            struct item item = {.app = &ask->world->apps[a],
                                .version = &ask->world->apps[a].versions[v]};
            if (item.version->created_ms > ask->world->now_ms || n == LIST_MAX ||
                !sentry_query_matches(&ask->query, item_matches, &item))
                continue;
            item.sort_key = sort_key(ask, &item);
            items[n++] = item;
        }
    qsort(items, n, sizeof items[0], by_key);
    return n;
}

void sentry_releases(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct ask *ask = sim_xcalloc(1, sizeof *ask);
    struct item items[LIST_MAX];
    struct sentry_page page;

    if (read_ask(sim, rq, ask, rp) && sentry_page_read(rq, "per_page", 100, &page, rp)) {
        size_t n = collect(ask, items);
        json_t *list = json_array();
        for (size_t i = page.offset; i < n && i < page.offset + page.limit; i++)
            json_array_append_new(list, release_json(ask, &items[i]));
        sentry_page_link(sim, rq, &page, n, rp);
        sim_reply_json(rp, 200, list);
    }
    free(ask);
}

void sentry_release(struct sim *sim, const struct sim_request *rq, const char *version,
                    struct sim_reply *rp)
{
    struct ask *ask = sim_xcalloc(1, sizeof *ask);
    struct item item = {.app = NULL};

    if (read_ask(sim, rq, ask, rp)) {
        struct world_app *app = NULL;
        item.version = world_release_find(sim->world, version, &app);
        item.app = app;
        bool is_seen = item.version != NULL && item.version->created_ms <= sim->world->now_ms &&
                       (ask->apps >> (size_t)(app - sim->world->apps) & 1) != 0;
        if (is_seen)
            sim_reply_json(rp, 200, release_json(ask, &item));
        else
            sentry_fail(rp, 404, "The requested resource does not exist");
    }
    free(ask);
}
