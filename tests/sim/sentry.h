/*
 * Sentry's dialect, in parts: sentry.c (auth, scopes, limits, routing, small endpoints),
 * sentry_query.c (the search syntax), sentry_window.c (periods, intervals, paging),
 * sentry_sessions.c, sentry_releases.c, sentry_issues.c.
 */
#pragma once

#include "sim.h"
#include "world.h"

/* {"detail": "…"} */
void sentry_fail(struct sim_reply *rp, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Sentry ignores parameters it does not know; here a misspelt one shall not pass unseen. True when
 * there was one (and it was refused). */
bool sentry_refuse_unknown_query(const struct sim_request *rq, struct sim_reply *rp,
                                 const char *const *known);
void sentry_sessions(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);
void sentry_releases(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);
void sentry_release(struct sim *sim, const struct sim_request *rq, const char *version,
                    struct sim_reply *rp);
void sentry_issues(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);

/* ---- projects and environments ---------------------------------------------------------- */

/* Which apps a request is about: bit i = world->apps[i]. False: refused. */
bool sentry_projects(struct sim *sim, const struct sim_request *rq, unsigned *apps,
                     struct sim_reply *rp);
bool sentry_environments(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);

/* ---- windows and pages ------------------------------------------------------------------ */

struct sentry_window {
    int64_t start_ms;
    int64_t end_ms;
};
/* "24h" to ms; false = not a period. */
bool sentry_period_parse(const char *text, int64_t *out_ms);
/* statsPeriod, or start and end; `fallback_ms` when neither is there. False: refused. */
bool sentry_window_read(const struct world *world, const struct sim_request *rq,
                        int64_t fallback_ms, struct sentry_window *out, struct sim_reply *rp);
/* interval, with every rule; widens the window to whole intervals. False: refused. */
bool sentry_interval_read(const struct sim_request *rq, struct sentry_window *window,
                          int64_t *interval_ms, struct sim_reply *rp);

struct sentry_page {
    size_t offset;
    size_t limit;
};
bool sentry_page_read(const struct sim_request *rq, const char *limit_name, size_t fallback,
                      struct sentry_page *out, struct sim_reply *rp);
/* The Link header; `total` results in all. */
void sentry_page_link(const struct sim *sim, const struct sim_request *rq,
                      const struct sentry_page *page, size_t total, struct sim_reply *rp);

/* ---- search ----------------------------------------------------------------------------- */

enum { SENTRY_TERMS_MAX = 16, SENTRY_VALUES_MAX = 32 };

/* One term: key, negation, and its values (several = any of them). Key "" is free text. */
struct sentry_term {
    char key[32];
    bool is_negated;
    char values[SENTRY_VALUES_MAX][208];
    size_t n_values;
    bool has_wildcard;
    bool begins_alternative; /* an OR stands before it */
};

struct sentry_query {
    struct sentry_term terms[SENTRY_TERMS_MAX];
    size_t n;
};
/* False: not understood. The query is big: keep it on the heap. */
bool sentry_query_parse(const char *text, struct sentry_query *out);
/* Terms are "and"; OR begins a new alternative. `match` judges one term without its negation. */
bool sentry_query_matches(const struct sentry_query *query,
                          bool (*match)(const struct sentry_term *term, const void *context),
                          const void *context);
bool sentry_term_has(const struct sentry_term *term, const char *value);

/* release, release.version, release.build, release.package for one version; -1 = another key. */
int sentry_release_term(const struct sentry_term *term, const struct world_version *version);
