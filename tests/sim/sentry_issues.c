/*
 * GET issues/: what is new in a release. `count` is a string, `userCount` a number.
 *
 * Sources: Sentry API document "List an Organization's Issues"; Sentry "Issue Properties" (search
 * keys), read 2026. In this world every issue was first seen in one release and occurs there only;
 * all are unresolved.
 */
#include "sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct ask {
    const struct world *world;
    unsigned apps;
    struct sentry_window window;
    struct sentry_query query;
    const char *sort;
    bool has_stats, has_lifetime, has_filtered, has_sessions;
};

struct item {
    const struct world_issue *issue;
    const struct world *world;
    uint64_t events, users;
    double sort_key;
};

static const char *const search_keys[] = {
    "is", "first-release", "firstRelease", "release", "error.unhandled", "level",
    "environment", "project", "", NULL};
static const char *const is_words[] = {"unresolved", "resolved", "ignored", "archived",
                                       "new", "ongoing", "escalating", "regressed",
                                       "assigned", "unassigned", NULL};

static bool in_list(const char *word, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* ---- reading ---------------------------------------------------------------------------- */

static bool read_words(const struct sim_request *rq, const char *name, const char *const *allowed,
                       struct sim_reply *rp)
{
    const char *word = NULL;

    for (size_t i = 0; (word = sim_query_at(rq, name, i)) != NULL; i++)
        if (!in_list(word, allowed)) {
            char *text = sim_printf("\"%.60s\" is not a valid choice.", word);
            sim_reply_json(rp, 400, json_pack("{s:[s]}", name, text));
            free(text);
            return false;
        }
    return true;
}

static bool has_word(const struct sim_request *rq, const char *name, const char *word)
{
    const char *value = NULL;

    for (size_t i = 0; (value = sim_query_at(rq, name, i)) != NULL; i++)
        if (strcmp(value, word) == 0)
            return true;
    return false;
}

static bool read_query(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    const char *text = sim_query(rq, "query");

    if (!sentry_query_parse(text == NULL ? "is:unresolved" : text, &ask->query)) {
        sentry_fail(rp, 400, "Error parsing search query");
        return false;
    }
    for (size_t i = 0; i < ask->query.n; i++) {
        const struct sentry_term *term = &ask->query.terms[i];
        if (!in_list(term->key, search_keys)) {
            /* Sentry would search a tag of that name; here a misspelt key shall not pass. */
            sentry_fail(rp, 400, "Invalid query. \"%.40s\" is not a key of this simulator.",
                        term->key);
            return false;
        }
        for (size_t k = 0; strcmp(term->key, "is") == 0 && k < term->n_values; k++)
            if (!in_list(term->values[k], is_words)) {
                sentry_fail(rp, 400, "Invalid value for \"is\" search: '%.40s'", term->values[k]);
                return false;
            }
    }
    return true;
}

static bool read_ask(struct sim *sim, const struct sim_request *rq, struct ask *ask,
                     struct sim_reply *rp)
{
    static const char *const known[] = {
        "environment", "project", "statsPeriod", "start",  "end",      "groupStatsPeriod",
        "shortIdLookup", "query", "viewId",      "sort",   "limit",    "expand",
        "collapse",    "cursor",  NULL};
    static const char *const sorts[] = {"date", "freq", "inbox", "new", "recommended", "trends",
                                        "user", NULL};
    static const char *const group_periods[] = {"", "14d", "24h", "auto", NULL};
    static const char *const expands[] = {"inbox", "integrationIssues",
                                          "latestEventHasAttachments", "owners",
                                          "sentryAppIssues", "sessions", NULL};
    static const char *const collapses[] = {"base", "filtered", "lifetime", "stats", "unhandled",
                                            NULL};

    ask->world = sim->world;
    ask->sort = sim_query(rq, "sort") == NULL ? "date" : sim_query(rq, "sort");
    ask->has_stats = !has_word(rq, "collapse", "stats");
    ask->has_lifetime = !has_word(rq, "collapse", "lifetime");
    ask->has_filtered = !has_word(rq, "collapse", "filtered");
    ask->has_sessions = has_word(rq, "expand", "sessions");
    return !sentry_refuse_unknown_query(rq, rp, known) &&
           sentry_projects(sim, rq, &ask->apps, rp) && sentry_environments(sim, rq, rp) &&
           sentry_window_read(sim->world, rq, 90 * DAY_MS, &ask->window, rp) &&
           read_words(rq, "sort", sorts, rp) &&
           read_words(rq, "groupStatsPeriod", group_periods, rp) &&
           read_words(rq, "expand", expands, rp) && read_words(rq, "collapse", collapses, rp) &&
           read_query(rq, ask, rp);
}

/* ---- searching -------------------------------------------------------------------------- */

static bool is_word_true(const struct world *world, const struct world_issue *issue,
                         const char *word)
{
    bool is_new = world->now_ms - issue->first_ms < 7 * DAY_MS;

    if (strcmp(word, "new") == 0)
        return is_new;
    if (strcmp(word, "ongoing") == 0)
        return !is_new;
    return strcmp(word, "unresolved") == 0 || strcmp(word, "unassigned") == 0;
}

static bool issue_matches(const struct sentry_term *term, const void *context)
{
    const struct item *item = context;
    const struct world_issue *issue = item->issue;
    const struct world_app *app = &item->world->apps[issue->app];
    const char *key = term->key;

    if (strcmp(key, "is") == 0) {
        for (size_t i = 0; i < term->n_values; i++)
            if (is_word_true(item->world, issue, term->values[i]))
                return true;
        return false;
    }
    if (strcmp(key, "first-release") == 0 || strcmp(key, "firstRelease") == 0 ||
        strcmp(key, "release") == 0) {
        if (sentry_term_has(term, "latest"))
            return issue->version == app->n_versions - 1;
        return sentry_term_has(term, app->versions[issue->version].release);
    }
    if (strcmp(key, "error.unhandled") == 0)
        return sentry_term_has(term, issue->is_crash ? "true" : "false") ||
               sentry_term_has(term, issue->is_crash ? "1" : "0");
    if (strcmp(key, "level") == 0)
        return sentry_term_has(term, issue->level);
    if (strcmp(key, "environment") == 0)
        return sentry_term_has(term, app->environment);
    if (strcmp(key, "project") == 0)
        return sentry_term_has(term, app->project);
    return strcasestr(issue->title, term->values[0]) != NULL;
}

static double sort_key(const struct ask *ask, const struct item *item)
{
    if (strcmp(ask->sort, "freq") == 0)
        return (double)item->events;
    if (strcmp(ask->sort, "user") == 0)
        return (double)item->users;
    if (strcmp(ask->sort, "new") == 0)
        return (double)item->issue->first_ms;
    /* Last seen: the busier, the more recent. */
    return (double)item->events;
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

    for (size_t i = 0; i < ask->world->n_issues; i++) {
        struct item item = {.issue = &ask->world->issues[i], .world = ask->world};
        if ((ask->apps >> item.issue->app & 1) == 0 || item.issue->first_ms > ask->world->now_ms ||
            !sentry_query_matches(&ask->query, issue_matches, &item))
            continue;
        world_issue_counts(ask->world, item.issue, ask->window.start_ms, ask->window.end_ms,
                           &item.events, &item.users);
        if (item.events == 0)
            continue;
        item.sort_key = sort_key(ask, &item);
        items[n++] = item;
    }
    qsort(items, n, sizeof items[0], by_key);
    return n;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* The last minute with an event, to the hour where it is rare. */
static int64_t last_seen(const struct world *world, const struct world_issue *issue)
{
    uint64_t events = 0;
    uint64_t users = 0;

    for (int64_t at = world->now_ms; at > issue->first_ms; at -= WORLD_MINUTE_MS * 10) {
        world_issue_counts(world, issue, at - WORLD_MINUTE_MS * 10, at, &events, &users);
        if (events > 0)
            return at;
    }
    return issue->first_ms;
}

static json_t *counts_json(const struct item *item, int64_t from_ms)
{
    uint64_t events = 0;
    uint64_t users = 0;
    char first[32];
    char last[32];

    world_issue_counts(item->world, item->issue, from_ms, item->world->now_ms, &events, &users);
    char *count = sim_printf("%llu", (unsigned long long)events);
    json_t *object = json_pack(
        "{s:s, s:I, s:s, s:s}", "count", count, "userCount", (json_int_t)users, "firstSeen",
        sim_rfc3339(first, sizeof first, item->issue->first_ms, false), "lastSeen",
        sim_rfc3339(last, sizeof last, last_seen(item->world, item->issue), false));
    free(count);
    return object;
}

static void add_constants(json_t *object)
{
    static const char *const nulls[] = {"assignedTo", "shareId", "logger",
                                        "subscriptionDetails", "inbox", NULL};
    static const char *const falses[] = {"isBookmarked", "isPublic", "isSubscribed", "hasSeen",
                                         NULL};

    for (size_t i = 0; nulls[i] != NULL; i++)
        json_object_set_new(object, nulls[i], json_null());
    for (size_t i = 0; falses[i] != NULL; i++)
        json_object_set_new(object, falses[i], json_false());
    json_object_set_new(object, "annotations", json_array());
    json_object_set_new(object, "statusDetails", json_object());
    json_object_set_new(object, "numComments", json_integer(0));
    json_object_set_new(object, "status", json_string("unresolved"));
    json_object_set_new(object, "type", json_string("error"));
    json_object_set_new(object, "issueType", json_string("error"));
    json_object_set_new(object, "issueCategory", json_string("error"));
}

static json_t *issue_json(const struct ask *ask, const struct item *item)
{
    const struct world_issue *issue = item->issue;
    const struct world_app *app = &ask->world->apps[issue->app];
    const char *platform = strcmp(app->id, "ios") == 0 ? "cocoa" : "java";
    bool is_new = is_word_true(ask->world, issue, "new");
    json_t *object = counts_json(item, ask->window.start_ms);
    char *id = sim_printf("%lld", (long long)issue->id);
    char *count = sim_printf("%llu", (unsigned long long)item->events);
    char *link = sim_printf("https://acme.sentry.io/issues/%s/", id);
    char *project_id = sim_printf("%lld", (long long)app->project_id);

    add_constants(object);
    json_object_set_new(object, "id", json_string(id));
    json_object_set_new(object, "count", json_string(count));
    json_object_set_new(object, "userCount", json_integer((json_int_t)item->users));
    json_object_set_new(object, "permalink", json_string(link));
    json_object_set_new(object, "shortId", json_string(issue->short_id));
    json_object_set_new(object, "title", json_string(issue->title));
    json_object_set_new(object, "culprit", json_string(issue->culprit));
    json_object_set_new(object, "level", json_string(issue->level));
    json_object_set_new(object, "substatus", json_string(is_new ? "new" : "ongoing"));
    json_object_set_new(object, "priority", json_string(issue->is_crash ? "high" : "medium"));
    json_object_set_new(object, "isUnhandled", json_boolean(issue->is_crash));
    json_object_set_new(object, "platform", json_string(platform));
    json_object_set_new(object, "metadata",
                        json_pack("{s:s, s:s}", "value", issue->title, "function", issue->culprit));
    json_object_set_new(object, "project",
                        json_pack("{s:s, s:s, s:s, s:s}", "id", project_id, "slug", app->project,
                                  "name", app->project, "platform", platform));
    if (ask->has_lifetime)
        json_object_set_new(object, "lifetime", counts_json(item, issue->first_ms));
    if (ask->has_filtered)
        json_object_set_new(object, "filtered",
                            ask->query.n > 0 ? counts_json(item, ask->window.start_ms)
                                             : json_null());
    if (ask->has_stats)
        json_object_set_new(object, "stats", json_object());
    if (ask->has_sessions)
        json_object_set_new(object, "sessionCount", json_null());
    free(id);
    free(count);
    free(link);
    free(project_id);
    return object;
}

void sentry_issues(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct ask *ask = sim_xcalloc(1, sizeof *ask);
    struct item items[WORLD_ISSUES_MAX];
    struct sentry_page page;

    if (read_ask(sim, rq, ask, rp) && sentry_page_read(rq, "limit", 100, &page, rp)) {
        size_t n = collect(ask, items);
        json_t *list = json_array();
        for (size_t i = page.offset; i < n && i < page.offset + page.limit; i++)
            json_array_append_new(list, issue_json(ask, &items[i]));
        sentry_page_link(sim, rq, &page, n, rp);
        sim_reply_json(rp, 200, list);
    }
    free(ask);
}
