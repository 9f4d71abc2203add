/*
 * The rows of a query, from the world: who used a version in a period, who of them met a crash.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306 (MetricsRow;
 * distinctUsers "rounded to the nearest multiple of 10, 100, 1,000 or 1,000,000, depending on the
 * magnitude", in the error counts not rounded). Where the steps of rounding lie is UNCONFIRMED.
 * Rows of few users are missing rather than small; the smallest row seen on a live account had 50
 * users, the limit is not published.
 */
#include "google_reporting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THIN_USERS = 50 };

const struct world_app *reporting_app(const struct world *world, size_t n)
{
    for (size_t i = 0; i < world->n_apps; i++)
        if (strcmp(world->apps[i].id, "ios") != 0 && n-- == 0)
            return &world->apps[i];
    return NULL;
}

static double rounded(uint64_t users)
{
    double n = (double)users;
    double step = n < 1000 ? 10 : n < 10000 ? 100 : n < 10000000 ? 1000 : 1000000;

    return round(n / step) * step;
}

/* A decimal as text; 0 is the empty one, which Google's JSON leaves out. */
static json_t *metric_json(const char *name, double value)
{
    json_t *decimal = json_object();

    if (value > 0) {
        char *text = sim_printf("%.12G", value);
        json_object_set_new(decimal, "value", json_string(text));
        free(text);
    }
    return json_pack("{s:s, s:o}", "metric", name, "decimalValue", decimal);
}

/* One row before it is written: who, and the parts of them. */
struct row {
    int64_t start_civil_ms;
    int64_t code;     /* 0 = all versions together */
    const char *type; /* of the required dimension, NULL = none */
    uint64_t users;   /* the base of the rates */
    uint64_t bad;     /* of the set's first metric */
    uint64_t seen;    /* crashes: user-perceived */
    uint64_t reports; /* counts */
};

static double row_value(const struct reporting_query *query, const struct row *row,
                        const char *metric)
{
    double users = (double)row->users;

    if (strcmp(metric, "distinctUsers") == 0)
        return query->set == REPORTING_COUNTS ? users : rounded(row->users);
    if (strcmp(metric, "errorReportCount") == 0)
        return (double)row->reports;
    return (double)(strncmp(metric, "userPerceived", 13) == 0 ? row->seen : row->bad) / users;
}

static json_t *row_json(const struct reporting_query *query, const struct row *row)
{
    json_t *dimensions = json_array();
    json_t *metrics = json_array();
    char *code = sim_printf("%lld", (long long)row->code);

    if (query->by_version)
        json_array_append_new(
            dimensions, json_pack("{s:s, s:s}", "dimension", "versionCode", "int64Value", code));
    if (row->type != NULL)
        json_array_append_new(dimensions,
                              json_pack("{s:s, s:s, s:s}", "dimension",
                                        reporting_sets[query->set].required, "stringValue",
                                        row->type, "valueLabel", row->type));
    for (size_t i = 0; i < query->n_metrics; i++)
        json_array_append_new(
            metrics, metric_json(query->metrics[i], row_value(query, row, query->metrics[i])));
    free(code);
    return json_pack("{s:s, s:o, s:o, s:o}", "aggregationPeriod",
                     reporting_period_name(query->period), "startTime",
                     reporting_time_json(row->start_civil_ms, query->period), "dimensions",
                     dimensions, "metrics", metrics);
}

/* ---- collecting -------------------------------------------------------------------------- */

struct answer {
    const struct reporting_query *query;
    json_t *rows;
    size_t n; /* found, on any page */
};

static void add_row(struct answer *answer, const struct row *row)
{
    const struct reporting_query *query = answer->query;
    bool is_rate = query->set != REPORTING_COUNTS;

    if ((is_rate && row->users < THIN_USERS) || (!is_rate && row->reports == 0) ||
        (query->type[0] != '\0' && (row->type == NULL || strcmp(row->type, query->type) != 0)))
        return;
    if (answer->n >= query->offset && answer->n < query->offset + query->page_size)
        json_array_append_new(answer->rows, row_json(query, row));
    answer->n++;
}

/* The rows of one version (or of all) in one period. */
static void add_rows(struct answer *answer, int64_t start_civil_ms, int64_t code,
                     const struct world_health *h)
{
    static const char *const starts[] = {"COLD", "WARM", "HOT"};
    struct row row = {.start_civil_ms = start_civil_ms, .code = code, .users = h->users};

    switch (answer->query->set) {
    case REPORTING_CRASH:
        row.bad = h->crashed_users;
        row.seen = h->seen_crash_users;
        add_row(answer, &row);
        break;
    case REPORTING_ANR:
        /* Every ANR of this world is of input that waits. */
        row.bad = row.seen = h->anr_users;
        add_row(answer, &row);
        break;
    case REPORTING_START:
        for (size_t i = 0; i < 3; i++) {
            row.type = starts[i];
            row.users = h->start_users[i];
            row.bad = h->slow_start_users[i];
            add_row(answer, &row);
        }
        break;
    case REPORTING_COUNTS:
        row.type = "APPLICATION_NOT_RESPONDING";
        row.reports = h->anrs;
        row.users = h->anr_users;
        add_row(answer, &row);
        row.type = "CRASH";
        row.reports = h->crashes;
        row.users = h->crashed_users;
        add_row(answer, &row);
        break;
    case REPORTING_SETS:
        break;
    }
}

static void add_health(struct world_health *sum, const struct world_health *h)
{
    sum->crashes += h->crashes;
    sum->users += h->users;
    sum->crashed_users += h->crashed_users;
    sum->seen_crash_users += h->seen_crash_users;
    sum->anrs += h->anrs;
    sum->anr_users += h->anr_users;
    for (size_t i = 0; i < 3; i++) {
        sum->start_users[i] += h->start_users[i];
        sum->slow_start_users[i] += h->slow_start_users[i];
    }
}

static void add_period(struct answer *answer, const struct world *world, int64_t start_civil_ms)
{
    const struct reporting_query *query = answer->query;
    int64_t from = reporting_utc_ms(start_civil_ms, query->period);
    int64_t to =
        reporting_utc_ms(start_civil_ms + reporting_period_ms(query->period), query->period);
    struct world_health sum = {.sessions = 0};
    const struct world_app *app = NULL;

    for (size_t a = 0; (app = reporting_app(world, a)) != NULL; a++)
        for (size_t v = 0; v < app->n_versions; v++) {
            const struct world_version *version = &app->versions[v];
            int64_t code = strtoll(version->build, NULL, 10);
            struct world_health h = world_health(world, app, version, from, to);
            if (query->version != 0 && query->version != code)
                continue;
            /* In this world a user of one version is no user of another. */
            add_health(&sum, &h);
            if (query->by_version)
                add_rows(answer, start_civil_ms, code, &h);
        }
    if (!query->by_version)
        add_rows(answer, start_civil_ms, 0, &sum);
}

void reporting_answer(const struct world *world, const struct sim_request *rq,
                      const struct reporting_query *query, struct sim_reply *rp)
{
    struct answer answer = {.query = query, .rows = json_array()};
    json_t *reply = json_object();

    /* Nobody of this world runs a beta of Android or is a registered tester. */
    if (query->is_public && (query->has_zone || query->period == REPORTING_HOURLY))
        for (int64_t at = query->start_civil_ms; at < query->end_civil_ms;
             at += reporting_period_ms(query->period))
            add_period(&answer, world, at);
    if (json_array_size(answer.rows) > 0)
        json_object_set(reply, "rows", answer.rows);
    if (query->offset + query->page_size < answer.n) {
        char *token = reporting_page_token(rq, query->offset + query->page_size);
        json_object_set_new(reply, "nextPageToken", json_string(token));
        free(token);
    }
    json_decref(answer.rows);
    sim_reply_json(rp, 200, reply);
}
