/*
 * GET /organizations/{org}/sessions/: fractions 0..1, null without data, groups only where there
 * is something to group.
 *
 * Sources: Sentry API document "Retrieve Release Health Session Statistics"; getsentry/sentry
 * tests of the endpoint and release_health/metrics_sessions_v2.py (texts, rounding, limits), read
 * 2026. Every number is a count of the world's minutes; there is no ANR in this world, so both ANR
 * rates are null, as where no SDK reports any.
 */
#include "sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIELDS_MAX = 16,
    ROWS_MAX = 256,
    DATA_POINTS_MAX = 10000,
    PREFLIGHT_PAGE_MAX = 99,
};

enum measure {
    MEASURE_SESSIONS,
    MEASURE_USERS,
    MEASURE_FREE_SESSIONS,
    MEASURE_FREE_USERS,
    MEASURE_CRASH_SESSIONS,
    MEASURE_CRASH_USERS,
    MEASURE_ERRORED_SESSIONS,
    MEASURE_NULL,
};

static const struct {
    const char *name;
    enum measure measure;
} fields[] = {
    {"sum(session)", MEASURE_SESSIONS},
    {"count_unique(user)", MEASURE_USERS},
    {"crash_free_rate(session)", MEASURE_FREE_SESSIONS},
    {"crash_free_rate(user)", MEASURE_FREE_USERS},
    {"crash_rate(session)", MEASURE_CRASH_SESSIONS},
    {"crash_rate(user)", MEASURE_CRASH_USERS},
    {"errored_rate(session)", MEASURE_ERRORED_SESSIONS},
    {"anr_rate()", MEASURE_NULL},
    {"foreground_anr_rate()", MEASURE_NULL},
    {"avg(session.duration)", MEASURE_NULL}, /* not recorded since 2023-01 */
    {"p50(session.duration)", MEASURE_NULL},
    {"p95(session.duration)", MEASURE_NULL},
    {"max(session.duration)", MEASURE_NULL},
};

enum status { STATUS_HEALTHY, STATUS_ERRORED, STATUS_CRASHED, STATUS_ABNORMAL, STATUS_N, STATUS_ANY };

static const char *const status_names[STATUS_N] = {"healthy", "errored", "crashed", "abnormal"};

/* One version of one project in one status (or any): the smallest thing that is grouped. */
struct row {
    size_t app;
    size_t version;
    enum status status;
};

struct group {
    struct row rows[ROWS_MAX];
    size_t n_rows;
    double sort_key;
};

struct ask {
    const struct world *world;
    size_t field[FIELDS_MAX]; /* indices into fields[] */
    size_t n_fields;
    bool by_project, by_release, by_environment, by_status;
    bool filters_status;
    unsigned apps;
    struct sentry_window window;
    int64_t interval_ms;
    bool has_totals, has_series;
    const char *order; /* without '-', NULL = none */
    bool is_descending;
    bool by_release_time;
    struct sentry_page page;
    bool is_paged;
    struct sentry_query query;
    const char *query_text;
};

/* ---- reading ---------------------------------------------------------------------------- */

static bool read_fields(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    const char *name = NULL;

    for (size_t i = 0; (name = sim_query_at(rq, "field", i)) != NULL; i++) {
        size_t k = 0;
        while (k < sizeof fields / sizeof fields[0] && strcmp(fields[k].name, name) != 0)
            k++;
        if (k == sizeof fields / sizeof fields[0] || ask->n_fields == FIELDS_MAX) {
            sentry_fail(rp, 400, "Invalid field: \"%.60s\"", name);
            return false;
        }
        ask->field[ask->n_fields++] = k;
    }
    if (ask->n_fields == 0)
        sentry_fail(rp, 400, "Request is missing a \"field\"");
    return ask->n_fields > 0;
}

static bool read_groups(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    const char *name = NULL;

    for (size_t i = 0; (name = sim_query_at(rq, "groupBy", i)) != NULL; i++) {
        bool *by = strcmp(name, "project") == 0          ? &ask->by_project
                   : strcmp(name, "release") == 0        ? &ask->by_release
                   : strcmp(name, "environment") == 0    ? &ask->by_environment
                   : strcmp(name, "session.status") == 0 ? &ask->by_status
                                                         : NULL;
        if (by == NULL) {
            sentry_fail(rp, 400, "Invalid groupBy: \"%.60s\"", name);
            return false;
        }
        *by = true;
    }
    return true;
}

/* "0" or "1"; absent is 1. */
static bool read_switch(const struct sim_request *rq, const char *name, bool *out,
                        struct sim_reply *rp)
{
    const char *text = sim_query(rq, name);

    *out = text == NULL || strcmp(text, "1") == 0;
    if (*out || strcmp(text, "0") == 0)
        return true;
    sentry_fail(rp, 400, "Invalid %s: must be 0 or 1", name);
    return false;
}

static bool read_query(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    static const char *const keys[] = {"project", "release", "environment", "session.status",
                                       "release.version", "release.build", "release.package",
                                       NULL};

    ask->query_text = sim_query(rq, "query") == NULL ? "" : sim_query(rq, "query");
    if (!sentry_query_parse(ask->query_text, &ask->query)) {
        sentry_fail(rp, 400, "Unable to parse query");
        return false;
    }
    bool has_or = false;
    for (size_t i = 0; i < ask->query.n; i++) {
        const struct sentry_term *term = &ask->query.terms[i];
        size_t k = 0;
        while (keys[k] != NULL && strcmp(keys[k], term->key) != 0)
            k++;
        if (keys[k] == NULL) {
            sentry_fail(rp, 400, "Invalid query field: \"%.40s\"",
                        term->key[0] == '\0' ? "message" : term->key);
            return false;
        }
        if (term->has_wildcard) {
            sentry_fail(rp, 400, "Invalid condition: wildcard search is not supported");
            return false;
        }
        ask->filters_status =
            ask->filters_status || strcmp(term->key, "session.status") == 0;
        has_or = has_or || term->begins_alternative;
    }
    if (has_or && ask->filters_status) {
        sentry_fail(rp, 400, "Unable to parse condition with session.status");
        return false;
    }
    return true;
}

static bool has_field(const struct ask *ask, const char *name)
{
    for (size_t i = 0; i < ask->n_fields; i++)
        if (strcmp(fields[ask->field[i]].name, name) == 0)
            return true;
    return false;
}

/* Rates know no status. */
static bool judge_status(const struct ask *ask, struct sim_reply *rp)
{
    for (size_t i = 0; i < ask->n_fields; i++) {
        enum measure measure = fields[ask->field[i]].measure;
        bool is_count = measure == MEASURE_SESSIONS || measure == MEASURE_USERS;
        if (ask->by_status && !is_count) {
            sentry_fail(rp, 400, "Cannot group field %s by session.status",
                        fields[ask->field[i]].name);
            return false;
        }
        if (ask->filters_status && !is_count) {
            sentry_fail(rp, 400, "Cannot filter field %s by session.status",
                        fields[ask->field[i]].name);
            return false;
        }
    }
    for (size_t i = 0; i < ask->query.n; i++)
        if (strcmp(ask->query.terms[i].key, "session.status") == 0 &&
            ask->query.terms[i].n_values > 1 && !ask->by_status &&
            has_field(ask, "count_unique(user)")) {
            sentry_fail(rp, 400,
                        "Cannot filter count_unique by multiple session.status unless it is in "
                        "groupBy");
            return false;
        }
    return true;
}

static bool read_order(const struct sim_request *rq, struct ask *ask, struct sim_reply *rp)
{
    const char *order = sim_query(rq, "orderBy");

    if (order == NULL)
        return true;
    ask->is_descending = order[0] == '-';
    ask->order = order + ask->is_descending;
    ask->by_release_time = strcmp(ask->order, "release.timestamp") == 0;
    if (sim_query_count(rq, "orderBy") > 1)
        sentry_fail(rp, 400, "Cannot order by multiple fields");
    else if (ask->by_status)
        sentry_fail(rp, 400, "Cannot use 'orderBy' when grouping by sessions.status");
    else if (ask->by_release_time && !ask->by_release)
        sentry_fail(rp, 400,
                    "To sort by release.timestamp, tag release must be in the groupBy");
    else if (ask->by_release_time && ask->page.limit > PREFLIGHT_PAGE_MAX)
        sentry_fail(rp, 400,
                    "This limit is too high for queries that requests a preflight query. Please "
                    "choose a limit below 100");
    else if (!ask->by_release_time && !has_field(ask, ask->order))
        sentry_fail(rp, 400, "'orderBy' must be one of the provided 'fields'");
    else if (!ask->by_release_time && ask->filters_status)
        sentry_fail(rp, 400, "Cannot order by %s with the current filters", ask->order);
    else
        return true;
    return false;
}

static bool read_ask(struct sim *sim, const struct sim_request *rq, struct ask *ask,
                     struct sim_reply *rp)
{
    static const char *const known[] = {
        "field",   "groupBy",       "project",       "environment", "statsPeriod",
        "start",   "end",           "interval",      "query",       "orderBy",
        "per_page", "cursor",       "includeTotals", "includeSeries", NULL};

    ask->world = sim->world;
    ask->is_paged = sim_query(rq, "per_page") != NULL || sim_query(rq, "cursor") != NULL;
    return !sentry_refuse_unknown_query(rq, rp, known) && read_fields(rq, ask, rp) &&
           read_groups(rq, ask, rp) && sentry_projects(sim, rq, &ask->apps, rp) &&
           sentry_environments(sim, rq, rp) &&
           sentry_window_read(sim->world, rq, (int64_t)90 * 24 * 3600 * 1000, &ask->window, rp) &&
           sentry_interval_read(rq, &ask->window, &ask->interval_ms, rp) &&
           read_query(rq, ask, rp) && judge_status(ask, rp) &&
           sentry_page_read(rq, "per_page", PREFLIGHT_PAGE_MAX + 1, &ask->page, rp) &&
           read_order(rq, ask, rp) && read_switch(rq, "includeTotals", &ask->has_totals, rp) &&
           read_switch(rq, "includeSeries", &ask->has_series, rp);
}

/* ---- grouping --------------------------------------------------------------------------- */

struct candidate {
    const struct ask *ask;
    const struct row *row;
};

static bool row_matches(const struct sentry_term *term, const void *context)
{
    const struct candidate *c = context;
    const struct world_app *app = &c->ask->world->apps[c->row->app];
    char id[24];

    if (strcmp(term->key, "project") == 0) {
        snprintf(id, sizeof id, "%lld", (long long)app->project_id);
        return sentry_term_has(term, app->project) || sentry_term_has(term, id);
    }
    if (strcmp(term->key, "environment") == 0)
        return sentry_term_has(term, app->environment);
    if (strcmp(term->key, "session.status") == 0)
        return c->row->status < STATUS_N && sentry_term_has(term, status_names[c->row->status]);
    return sentry_release_term(term, &app->versions[c->row->version]) > 0;
}

/* Whether two rows fall into one group. */
static bool same_group(const struct ask *ask, const struct row *a, const struct row *b)
{
    const struct world_app *app_a = &ask->world->apps[a->app];
    const struct world_app *app_b = &ask->world->apps[b->app];

    return (!ask->by_project || a->app == b->app) &&
           (!ask->by_environment || strcmp(app_a->environment, app_b->environment) == 0) &&
           (!ask->by_release ||
            strcmp(app_a->versions[a->version].release, app_b->versions[b->version].release) == 0) &&
           (!ask->by_status || a->status == b->status);
}

struct table {
    struct group *groups;
    size_t n;
};

static void add_row(struct table *table, const struct ask *ask, const struct row *row)
{
    struct candidate candidate = {.ask = ask, .row = row};

    if (!sentry_query_matches(&ask->query, row_matches, &candidate))
        return;
    for (size_t i = 0; i < table->n; i++)
        if (same_group(ask, &table->groups[i].rows[0], row)) {
            table->groups[i].rows[table->groups[i].n_rows++] = *row;
            return;
        }
    table->groups[table->n].rows[0] = *row;
    table->groups[table->n].n_rows = 1;
    table->n++;
}

static void collect_rows(struct table *table, const struct ask *ask)
{
    bool needs_status = ask->by_status || ask->filters_status;

    for (size_t a = 0; a < ask->world->n_apps; a++)
        for (size_t v = 0; (ask->apps >> a & 1) != 0 && v < ask->world->apps[a].n_versions; v++) {
            if (ask->world->apps[a].versions[v].created_ms > ask->world->now_ms)
                continue;
            if (!needs_status)
                add_row(table, ask, &(struct row){a, v, STATUS_ANY});
            for (enum status s = STATUS_HEALTHY; needs_status && s < STATUS_N; s++)
                add_row(table, ask, &(struct row){a, v, s});
        }
}

/* ---- figures ---------------------------------------------------------------------------- */

struct sums {
    uint64_t sessions, crashes, errored, users, crashed_users;
};

/* What of a version's health belongs to a status. Counts by status are disjoint. */
static void add_health(struct sums *sums, const struct world_health *h, enum status status)
{
    uint64_t sick = h->crashes + h->errored;

    sums->crashes += h->crashes;
    sums->errored += h->errored;
    sums->crashed_users += h->crashed_users;
    switch (status) {
    case STATUS_ANY:
    case STATUS_N:
        sums->sessions += h->sessions;
        sums->users += h->users;
        break;
    case STATUS_HEALTHY:
        sums->sessions += h->sessions - sick;
        sums->users += h->users;
        break;
    case STATUS_ERRORED:
        sums->sessions += h->errored;
        sums->users += h->errored < h->users ? h->errored : h->users;
        break;
    case STATUS_CRASHED:
        sums->sessions += h->crashes;
        sums->users += h->crashed_users;
        break;
    case STATUS_ABNORMAL:
        break;
    }
}

static struct sums group_sums(const struct ask *ask, const struct group *group, int64_t from_ms,
                              int64_t to_ms)
{
    struct sums sums = {.sessions = 0};

    for (size_t i = 0; i < group->n_rows; i++) {
        const struct world_app *app = &ask->world->apps[group->rows[i].app];
        struct world_health h = world_health(
            ask->world, app, &app->versions[group->rows[i].version], from_ms, to_ms);
        add_health(&sums, &h, group->rows[i].status);
    }
    return sums;
}

static json_t *rate(uint64_t part, uint64_t whole, bool is_free)
{
    if (whole == 0)
        return json_null();
    double fraction = (double)part / (double)whole;
    return json_real(is_free ? 1 - fraction : fraction);
}

static json_t *value(enum measure measure, const struct sums *sums)
{
    switch (measure) {
    case MEASURE_SESSIONS:
        return json_integer((json_int_t)sums->sessions);
    case MEASURE_USERS:
        return json_integer((json_int_t)sums->users);
    case MEASURE_FREE_SESSIONS:
        return rate(sums->crashes, sums->sessions, true);
    case MEASURE_FREE_USERS:
        return rate(sums->crashed_users, sums->users, true);
    case MEASURE_CRASH_SESSIONS:
        return rate(sums->crashes, sums->sessions, false);
    case MEASURE_CRASH_USERS:
        return rate(sums->crashed_users, sums->users, false);
    case MEASURE_ERRORED_SESSIONS:
        return rate(sums->errored, sums->sessions, false);
    case MEASURE_NULL:
        break;
    }
    return json_null();
}

/* ---- the reply -------------------------------------------------------------------------- */

static json_t *by_json(const struct ask *ask, const struct group *group)
{
    json_t *by = json_object();
    const struct row *row = &group->rows[0];
    const struct world_app *app = &ask->world->apps[row->app];

    if (ask->by_project)
        json_object_set_new(by, "project", json_integer((json_int_t)app->project_id));
    if (ask->by_release)
        json_object_set_new(by, "release", json_string(app->versions[row->version].release));
    if (ask->by_environment)
        json_object_set_new(by, "environment", json_string(app->environment));
    if (ask->by_status)
        json_object_set_new(by, "session.status",
                            json_string(row->status < STATUS_N ? status_names[row->status] : ""));
    return by;
}

static json_t *series_json(const struct ask *ask, const struct group *group)
{
    json_t *series = json_object();

    for (size_t f = 0; f < ask->n_fields; f++)
        json_object_set_new(series, fields[ask->field[f]].name, json_array());
    for (int64_t at = ask->window.start_ms; at < ask->window.end_ms; at += ask->interval_ms) {
        struct sums sums = group_sums(ask, group, at, at + ask->interval_ms);
        for (size_t f = 0; f < ask->n_fields; f++)
            json_array_append_new(json_object_get(series, fields[ask->field[f]].name),
                                  value(fields[ask->field[f]].measure, &sums));
    }
    return series;
}

static json_t *group_json(const struct ask *ask, const struct group *group, json_t *by_take)
{
    json_t *object = json_pack("{s:o}", "by", by_take);

    if (ask->has_totals) {
        struct sums sums = group_sums(ask, group, ask->window.start_ms, ask->window.end_ms);
        json_t *totals = json_object();
        for (size_t f = 0; f < ask->n_fields; f++)
            json_object_set_new(totals, fields[ask->field[f]].name,
                                value(fields[ask->field[f]].measure, &sums));
        json_object_set_new(object, "totals", totals);
    }
    if (ask->has_series)
        json_object_set_new(object, "series", series_json(ask, group));
    return object;
}

static double sort_key(const struct ask *ask, const struct group *group)
{
    const struct row *row = &group->rows[0];

    if (ask->by_release_time)
        return (double)ask->world->apps[row->app].versions[row->version].created_ms;
    struct sums sums = group_sums(ask, group, ask->window.start_ms, ask->window.end_ms);
    if (ask->order == NULL)
        return (double)sums.sessions;
    for (size_t f = 0; f < ask->n_fields; f++)
        if (strcmp(fields[ask->field[f]].name, ask->order) == 0) {
            json_t *v = value(fields[ask->field[f]].measure, &sums);
            double key = json_number_value(v);
            json_decref(v);
            return key;
        }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    double x = ((const struct group *)a)->sort_key;
    double y = ((const struct group *)b)->sort_key;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Groups without a session vanish, unless releases are listed by their time. */
static void settle_groups(struct table *table, const struct ask *ask)
{
    size_t kept = 0;

    for (size_t i = 0; i < table->n; i++) {
        struct sums sums =
            group_sums(ask, &table->groups[i], ask->window.start_ms, ask->window.end_ms);
        bool is_only_status = ask->by_status && !ask->by_project && !ask->by_release &&
                              !ask->by_environment;
        if (sums.sessions == 0 && !ask->by_release_time && !is_only_status)
            continue;
        table->groups[i].sort_key = sort_key(ask, &table->groups[i]);
        if (ask->order != NULL && !ask->is_descending)
            table->groups[i].sort_key = -table->groups[i].sort_key;
        if (kept != i)
            table->groups[kept] = table->groups[i];
        kept++;
    }
    table->n = kept;
    qsort(table->groups, table->n, sizeof table->groups[0], by_key);
}

static json_t *groups_json(const struct sim *sim, const struct sim_request *rq,
                           const struct ask *ask, struct table *table, struct sim_reply *rp)
{
    json_t *list = json_array();
    size_t n_intervals =
        (size_t)((ask->window.end_ms - ask->window.start_ms) / ask->interval_ms);
    size_t most = ask->has_series && n_intervals > 0 ? DATA_POINTS_MAX / n_intervals : 10000;
    size_t from = ask->is_paged ? ask->page.offset : 0;
    size_t limit = ask->page.limit < most ? ask->page.limit : most;

    for (size_t i = from; i < table->n && i - from < limit; i++)
        json_array_append_new(list, group_json(ask, &table->groups[i],
                                               by_json(ask, &table->groups[i])));
    if (ask->is_paged)
        sentry_page_link(sim, rq, &ask->page, table->n, rp);
    return list;
}

static void answer(const struct sim *sim, const struct sim_request *rq, const struct ask *ask,
                   struct sim_reply *rp)
{
    struct table table = {.groups = sim_xcalloc(ROWS_MAX, sizeof(struct group))};
    bool is_grouped = ask->by_project || ask->by_release || ask->by_environment || ask->by_status;
    json_t *intervals = json_array();
    json_t *groups = NULL;
    char start[32];
    char end[32];

    collect_rows(&table, ask);
    if (is_grouped) {
        settle_groups(&table, ask);
        groups = groups_json(sim, rq, ask, &table, rp);
    } else if (table.n == 0 && ask->filters_status) {
        groups = json_array(); /* a status filter that cannot match */
    } else {
        groups = json_array(); /* one group for everything, even for nothing */
        json_array_append_new(groups, group_json(ask, &table.groups[0], json_object()));
    }
    for (int64_t at = ask->window.start_ms; at < ask->window.end_ms; at += ask->interval_ms)
        json_array_append_new(intervals, json_string(sim_rfc3339(start, sizeof start, at, false)));
    sim_rfc3339(start, sizeof start, ask->window.start_ms, false);
    sim_rfc3339(end, sizeof end, ask->window.end_ms, false);
    sim_reply_json(rp, 200,
                   json_pack("{s:s, s:s, s:o, s:s, s:o}", "start", start, "end", end, "intervals",
                             intervals, "query", ask->query_text, "groups", groups));
    free(table.groups);
}

void sentry_sessions(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct ask *ask = sim_xcalloc(1, sizeof *ask);

    if (read_ask(sim, rq, ask, rp))
        answer(sim, rq, ask, rp);
    free(ask);
}
