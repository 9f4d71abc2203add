/*
 * sentry.h: what the files of the Sentry source share.
 *
 * sentry.c            the kind: options, operations, calls and their errors, the flow
 * sentry_release.c    which releases to ask for, by name, and in which query
 * sentry_sessions.c   sessions in buckets: windows, trend, adoption
 * sentry_users.c      crash-free users, a query for each window
 * sentry_issues.c     new issues of a release
 */
#pragma once

#include "sources/source.h"

enum {
    /* The server cuts silently at 10,000 points = groups x intervals; four releases with six
     * statuses in 289 buckets stay below. Source: snuba/sessions_v2.py. */
    SENTRY_NAMES_MAX = 4,
    SENTRY_NAME_SIZE = 201,    /* 200 characters. Source: Sentry docs, "Naming Releases" */
    SENTRY_BUCKETS_MAX = 1000, /* MAX_POINTS of one request. Source: snuba/sessions_v2.py */
    SENTRY_QUERY_SIZE = 1200,
    SENTRY_BUCKET_S = 300,
    SENTRY_HOUR_S = 3600,
    SENTRY_DAY_S = 86400,
};

enum { SENTRY_SESSIONS = 0, SENTRY_ISSUES, SENTRY_RELEASES, SENTRY_OPERATIONS };
extern const struct sw_operation sentry_operations[SENTRY_OPERATIONS];

/* One release to ask for, on behalf of one target. */
struct sentry_ask {
    const struct sw_target *target;
    enum sw_side side;
    const char *environment; /* NULL: all */
    char name[SENTRY_NAME_SIZE];
    bool is_taken; /* by a chunk */
};

struct sentry_asks {
    struct sentry_ask *items;
    size_t count;
};

/* The versions come from the store, never from here. *missing is the first platform whose version
 * is not known. The caller frees items. SW_E_CONFIG: a template that gives no release name. */
enum sw_code sentry_collect_asks(const struct sw_flow *flow, struct sentry_asks *asks,
                                 const struct sw_target **missing, struct sw_error *err);
bool sentry_wants(const struct sentry_ask *ask, enum sw_metric metric);

/* Up to SENTRY_NAMES_MAX releases of one environment, asked for together. */
struct sentry_chunk {
    struct sw_flow *flow;
    const char *project;
    const char *environment;
    size_t count;
    const char *names[SENTRY_NAMES_MAX]; /* borrowed from the asks */
    size_t ask_count;
    const struct sentry_ask **asks; /* whose name is in names */
    char query[SENTRY_QUERY_SIZE];  /* release:"a" or release:[a,b] */
};

/* Takes the next asks of one environment; false when none is left. chunk->asks has room for all. */
bool sentry_take_chunk(struct sentry_asks *asks, struct sentry_chunk *chunk);
enum sw_code sentry_write_query(struct sentry_chunk *chunk, struct sw_error *err);
/* -1: not one of the chunk's. */
int sentry_name_index(const struct sentry_chunk *chunk, const char *name);

/* Sends and parses; *out is the caller's. what and scope are for the error. err must not be NULL.
 */
enum sw_code sentry_call(struct sw_flow *flow, const struct sw_request *request, const char *what,
                         const char *scope, json_t **out, struct sw_error *err);

/* What every sessions request has; period and interval hold texts until it is sent. */
enum sw_code sentry_begin_sessions(const struct sentry_chunk *chunk, struct sw_request *request,
                                   int period_s, int interval_s, char period[24], char interval[24],
                                   struct sw_error *err);
/* The server refused 5-minute buckets, now or within the last day. */
bool sentry_is_interval_refused(const struct sw_error *err);
bool sentry_is_hourly(const struct sw_flow *flow);
bool sentry_read_count(const json_t *value, double *out);
/* A reading true until the reply's end; the running bucket's end lies ahead, so at most now. */
struct sw_reading sentry_begin_reading(const struct sentry_chunk *chunk,
                                       const struct sentry_ask *ask, enum sw_metric metric,
                                       int window_s, const char *what, int64_t from_ms,
                                       int64_t end_ms);

enum sw_code sentry_observe_sessions(const struct sentry_chunk *chunk, struct sw_error *err);
enum sw_code sentry_observe_users(const struct sentry_chunk *chunk, struct sw_error *err);
enum sw_code sentry_observe_issues(struct sw_flow *flow, const struct sentry_asks *asks,
                                   const char *project, struct sw_error *err);
