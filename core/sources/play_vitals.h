/*
 * play_vitals.h: what the files of the Play vitals source share.
 *
 * play_vitals.c          the kind: options, operations, calls and their errors, the flow
 * play_vitals_value.c    decimals, dates with their zones, periods in words. Pure
 * play_vitals_rates.c    freshness, then the newest whole period of each rate
 * play_vitals_errors.c   counts of error reports, and the most frequent issues
 */
#pragma once

#include <jansson.h>

#include "sources/source.h"

/* --------------------------------------------------------------------- values */

/* The two aggregation periods, each in the one zone that the API has it in. */
enum vitals_period { VITALS_HOURLY = 0, VITALS_DAILY, VITALS_PERIODS };

struct vitals_period_info {
    const char *name; /* "HOURLY", as sent */
    const char *zone; /* time zone id, as sent and as expected back */
    int seconds;      /* the window of its readings */
    int stands_s;     /* how long they stand, from the end of the period */
};
extern const struct vitals_period_info vitals_periods[VITALS_PERIODS];

/* google.type.Decimal: "" is 0, else digits with an optional point, sign and exponent. False: it
 * is none, or too large for a double. */
bool vitals_decimal(const char *text, double *out);
/* A positive version code in decimal, nothing else; 0: it is none. */
int64_t vitals_code(const char *text);

/* A date and time in a period's own zone, as ms since 1970 counted as if that zone were UTC: days
 * and hours add up in it whatever the clocks there do. Cut to whole periods. SW_E_PARSE: not a
 * date, or in another zone. */
enum sw_code vitals_read_time(const json_t *time, enum vitals_period period, int64_t *out_civil_ms,
                              struct sw_error *err);
/* The same point as sent; the caller decrefs. */
json_t *vitals_time_json(int64_t civil_ms, enum vitals_period period);
/* In UTC. SW_E_NOT_FOUND: the machine has no tzdata for the zone. */
enum sw_code vitals_to_utc(int64_t civil_ms, enum vitals_period period, int64_t *out_ms,
                           struct sw_error *err);
/* "hour to 14:00 UTC", "Pacific day Thu 27 Nov"; of the period that ends there. */
void vitals_period_text(int64_t end_civil_ms, enum vitals_period period, char *out, size_t size);

/* ---------------------------------------------------------------- what is asked */

enum vitals_set { VITALS_CRASH = 0, VITALS_ANR, VITALS_SLOW_START, VITALS_ERRORS, VITALS_SETS };

/* Each set has two operations, then one for the issues. */
enum { VITALS_ISSUES = 2 * VITALS_SETS, VITALS_OPERATIONS };
extern const struct sw_operation vitals_operations[VITALS_OPERATIONS];

/* How one of our metrics is named in Google's sets. */
struct vitals_metric {
    enum sw_metric metric;
    enum vitals_set set;
    const char *rate; /* "crashRate" */
    bool is_turned;   /* 100 minus the rate */
};
/* NULL: not one of this kind's. */
const struct vitals_metric *vitals_metric_find(enum sw_metric metric);

/* One figure wanted: a metric of one version over one period. */
struct vitals_ask {
    const struct sw_target *target;
    const struct vitals_metric *metric;
    const char *cohort;
    enum sw_side side;
    enum vitals_period period;
    int64_t code;     /* version code */
    bool is_answered; /* the set was asked: end_civil_ms and the rest hold */
    bool has_row;
    int64_t end_civil_ms;        /* of the newest whole period; 0: the API names none */
    struct sw_value rate, users; /* rate as sent, no unit applied */
    /* Error reports of the same period: of crashes with their users, and of ANRs. */
    struct sw_value crashes, crash_users, anrs;
};

struct vitals_asks {
    struct sw_flow *flow;
    const char *package;
    struct vitals_ask *items;
    size_t count;
};

/* ------------------------------------------------------------------------ calls */

/* Sends and parses; *out is the caller's. what: "crash rates". */
enum sw_code vitals_call(struct sw_flow *flow, const struct sw_request *request, const char *what,
                         json_t **out, struct sw_error *err);
/* The newest end of each period that the set has data for, 0: none told. */
enum sw_code vitals_freshness(const struct vitals_asks *asks, enum vitals_set set,
                              int64_t ends_civil_ms[VITALS_PERIODS], struct sw_error *err);

/* One query: a period of one set by version code and, for some sets, one more dimension. */
struct vitals_query {
    enum vitals_set set;
    enum vitals_period period;
    int64_t end_civil_ms;
    const char *dimension;      /* besides versionCode; NULL: none */
    const char *const *metrics; /* NULL-terminated */
    const char *cohort;         /* NULL: the set has none */
};
/* One row of the period asked for, with its version code and its value of query->dimension ("").
 */
typedef enum sw_code (*vitals_row_fn)(void *arg, const json_t *row, int64_t code, const char *value,
                                      struct sw_error *err);
/* Asks, follows pages, hands over the rows. SW_E_LIMIT when the pages do not end. */
enum sw_code vitals_query(const struct vitals_asks *asks, const struct vitals_query *query,
                          vitals_row_fn read, void *arg, struct sw_error *err);
/* The metric of that name in a row; unknown when the row has none. */
enum sw_code vitals_row_value(const json_t *row, const char *metric, struct sw_value *out,
                              struct sw_error *err);

/* ------------------------------------------------------------------------ flows */

/* Answers the asks as far as it gets. */
enum sw_code vitals_observe_rates(struct vitals_asks *asks, struct sw_error *err);
enum sw_code vitals_observe_counts(struct vitals_asks *asks, struct sw_error *err);
/* Reports what was answered; SW_E_CONFIG when a rate cannot be in the configured unit. */
enum sw_code vitals_report(const struct vitals_asks *asks, struct sw_error *err);
enum sw_code vitals_observe_issues(const struct vitals_asks *asks, struct sw_error *err);
