/*
 * Play Developer Reporting's dialect, in parts: google_reporting.c (auth, limits, routing, the
 * metric sets), google_reporting_time.c (periods, zones, freshness), google_reporting_query.c
 * (reading a query, strictly), google_reporting_rows.c (its answer), google_reporting_issues.c.
 */
#pragma once

#include "google.h"
#include "world.h"

#define REPORTING_PACIFIC "America/Los_Angeles"

enum reporting_period { REPORTING_HOURLY, REPORTING_DAILY, REPORTING_PERIODS };
enum reporting_set {
    REPORTING_CRASH,
    REPORTING_ANR,
    REPORTING_START,
    REPORTING_COUNTS,
    REPORTING_SETS
};

enum { REPORTING_METRICS_MAX = 8 };

struct reporting_set_info {
    const char *resource; /* "crashRateMetricSet" */
    const char *required; /* dimension that every query must have; NULL = none */
    const char *metrics[REPORTING_METRICS_MAX]; /* that this simulator plays */
    bool has_hours;
    bool has_cohort;
};
extern const struct reporting_set_info reporting_sets[REPORTING_SETS];

/* ---- time -------------------------------------------------------------------------------- */

const char *reporting_period_name(enum reporting_period period); /* "HOURLY" */
/* A civil time of the period's zone, counted as ms as if that zone were UTC. */
int64_t reporting_utc_ms(int64_t civil_ms, enum reporting_period period);
/* The end of the newest period that has data. */
int64_t reporting_fresh_until(const struct world *world, enum reporting_set set,
                              enum reporting_period period);
int64_t reporting_period_ms(enum reporting_period period);
/* google.type.DateTime; fields that are 0 are left out, as Google's JSON leaves them out. */
json_t *reporting_time_json(int64_t civil_ms, enum reporting_period period);
json_t *reporting_freshness_json(const struct world *world, enum reporting_set set);

/* ---- queries ----------------------------------------------------------------------------- */

struct reporting_query {
    enum reporting_set set;
    enum reporting_period period;
    int64_t start_civil_ms;
    int64_t end_civil_ms;
    bool has_zone;   /* false: a live daily query without one has answered nothing */
    bool by_version; /* versionCode is among the dimensions */
    const char *metrics[REPORTING_METRICS_MAX]; /* of reporting_sets */
    size_t n_metrics;
    int64_t version; /* filter, 0 = all */
    char type[32];   /* filter of the required dimension, "" = all */
    bool is_public;  /* OS_PUBLIC */
    size_t page_size;
    size_t offset; /* from the page token */
};
/* False: refused, the reply says why. */
bool reporting_query_read(struct sim *sim, const struct sim_request *rq, enum reporting_set set,
                          struct reporting_query *out, struct sim_reply *rp);
/* A page token for the same query; the caller frees. */
char *reporting_page_token(const struct sim_request *rq, size_t offset);

void reporting_answer(const struct world *world, const struct sim_request *rq,
                      const struct reporting_query *query, struct sim_reply *rp);
void reporting_issues(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);

/* The apps that are on Google Play; NULL behind the last. */
const struct world_app *reporting_app(const struct world *world, size_t n);
