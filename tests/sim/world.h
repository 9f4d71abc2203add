/*
 * The world of the simulator: people with apps, the stores that hand versions out, and the
 * deployments behind the backend. Pure: no socket, no file, no clock of its own; time comes in
 * through world_advance(). Everything is a function of the seed, the script and the calls made.
 *
 * Time is world time in ms since 1970. Sessions, crashes and requests are drawn per world minute
 * when that minute is over, each minute from its own random stream (seed, series, minute since the
 * start), so a rate set by hand changes the minutes from then on and nothing else.
 *
 * Percent set (store) and share of sessions (adoption) are two figures: the share creeps towards
 * what the store allows, and stays where it is when a version is halted.
 *
 * No locks here: the owner (struct sim) holds one around every call.
 */
#pragma once

#include "apple.h"
#include "deploy.h"
#include "play.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world_event;

enum {
    WORLD_MINUTE_MS = 60 * 1000,
    WORLD_HISTORY_DAYS = 14,
    WORLD_VERSIONS_MAX = 8,
    WORLD_APPS_MAX = 4,
    WORLD_SERVICES_MAX = 4,
    WORLD_ISSUES_MAX = 32,
};

/* One minute of one version. */
struct world_cell {
    uint32_t sessions; /* started in this minute */
    uint32_t crashes;  /* of these, ended by a crash */
    uint32_t errored;  /* of the rest, met a handled error */
    float holders;     /* users who had the version */
};

/* Sessions of one version, minute by minute; index 0 is world->first_minute. */
struct world_version {
    char version[32];  /* "2.15.3" */
    char build[32];    /* "20250114.1", "2025011401" */
    char release[128]; /* Sentry's name: "com.acme.app@2.15.3+2025011401" */
    double crash_rate; /* fraction of sessions */
    double crash_rate_next;
    int64_t crash_turn_ms; /* when crash_rate becomes crash_rate_next; 0 = never */
    double share;          /* of the app's sessions, fraction */
    int64_t created_ms;    /* when the release became known to Sentry */
    struct world_cell *cells;
    size_t n_cells;
    size_t cap_cells;
};

/* The users of one mobile platform. Versions oldest first; the last is the one rolling out. */
struct world_app {
    char id[16];          /* "android": the platform's id in config.yaml */
    char project[32];     /* Sentry project slug */
    int64_t project_id;   /* Sentry project id */
    char environment[32]; /* Sentry environment: "production" */
    double users;         /* active users, all versions */
    double sessions_per_minute;
    double manual_share; /* share that updates by hand whatever the store's percent says */
    double tau_hours;    /* how slowly the share follows the percent */
    struct world_version versions[WORLD_VERSIONS_MAX];
    size_t n_versions;
};

/* One minute of one backend service, by target group. The two groups of a service (0 and 1) swap
 * the roles of blue and green with each deployment: see `green_side` in deploy.h. */
struct world_service_cell {
    uint32_t requests[2]; /* by target group */
    uint32_t errors[2];   /* 5xx from the targets */
    float median_ms[2];   /* of a lognormal with `sigma`; see world_latency_ms */
};

struct world_service {
    char id[16];             /* "backend", "web": the platform's id */
    char load_balancer[64];  /* CloudWatch dimension LoadBalancer: "app/api/50dc6c495c0c9188" */
    char target_group[2][96]; /* CloudWatch dimension TargetGroup */
    char alarm[48];          /* name of the 5xx alarm */
    double alarm_errors;     /* errors in one minute above which it fires, 2 of 3 minutes */
    double requests_per_minute;
    double error_rate[2]; /* fraction, by target group */
    double median_ms[2];
    double sigma; /* of the natural logarithm of the latency */
    int64_t alarm_since_ms; /* when the alarm entered its state */
    bool is_alarm;
    struct world_service_cell *cells;
    size_t n_cells;
    size_t cap_cells;
};

/* An issue in Sentry. Its events are a fixed part of the crashes of one version. */
struct world_issue {
    int64_t id;
    char short_id[24];
    char title[96];
    char culprit[64];
    char level[12];
    size_t app;     /* index into world->apps */
    size_t version; /* index into its versions: the release in which it was first seen */
    double part;    /* of that version's crashes since `first_ms` */
    int64_t first_ms;
    bool is_crash;
};

struct world {
    uint64_t seed;
    double speed;          /* world seconds per real second, for quotas only */
    int64_t start_ms;      /* world time at the start; history lies before it */
    int64_t now_ms;
    int64_t first_minute;  /* minute number (ms / 60000) of cells[0] in every series */
    int64_t next_minute;   /* the first minute not drawn yet */
    struct world_app apps[WORLD_APPS_MAX]; /* ios, android, wear */
    size_t n_apps;
    struct world_service services[WORLD_SERVICES_MAX]; /* web, backend; same index in deploy */
    size_t n_services;
    struct world_issue issues[WORLD_ISSUES_MAX];
    size_t n_issues;
    struct apple_store apple;
    struct play_store play;
    struct deploy_store deploy;
    struct world_event *events; /* the script, by time; scenario.c */
    size_t n_events;
    size_t next_event;
};

/* NULL when there is no world of that name ("rollout-week" is one). */
struct world *world_new(const char *name, uint64_t seed, int64_t start_ms);
void world_free(struct world *world);
/* Moves the world to `now_ms` (never backwards), minute by minute: stores step, people update,
 * sessions and requests happen. */
void world_advance(struct world *world, int64_t now_ms);

struct world_app *world_app_find(struct world *world, const char *id);
struct world_app *world_app_by_project(struct world *world, const char *slug_or_id);
struct world_version *world_version_find(struct world_app *app, const char *version);
struct world_version *world_release_find(struct world *world, const char *release,
                                         struct world_app **app);
struct world_service *world_service_find(struct world *world, const char *id);
/* The same two by CloudWatch dimension; `side` is the target group. NULL = no such dimension. */
struct world_service *world_service_by_lb(struct world *world, const char *load_balancer);
bool world_service_side(const struct world_service *service, const char *target_group, int *side);
/* What the store gives to new devices, percent 0..100, of this version. */
double world_percent_set(const struct world *world, const struct world_app *app,
                         const struct world_version *version);

/* Counts of sessions started in [from, to), whole minutes (a minute belongs to the window that
 * holds its start). Minutes not over yet are not counted. */
struct world_health {
    uint64_t sessions;
    uint64_t crashes;
    uint64_t errored; /* handled error, session ended well; disjoint from crashes */
    uint64_t users;   /* distinct users with a session; not additive over windows */
    uint64_t crashed_users;
    uint64_t seen_crash_users; /* of the crashed, those who were looking at the app */
    uint64_t anrs;             /* "application not responding", a part of the handled errors */
    uint64_t anr_users;
    uint64_t start_users[3];      /* with a cold, a warm, a hot start */
    uint64_t slow_start_users[3]; /* of these, with a slow one */
};
struct world_health world_health(const struct world *world, const struct world_app *app,
                                 const struct world_version *version, int64_t from_ms,
                                 int64_t to_ms);

/* Requests in [from, to). side: target group 0 or 1, -1 both. */
struct world_load {
    uint64_t requests;
    uint64_t errors;
};
struct world_load world_load(const struct world *world, const struct world_service *service,
                             int side, int64_t from_ms, int64_t to_ms);
/* The quantile (0.95) of the latency of all requests in [from, to), in ms; false when there was
 * no request. `mean_ms` (may be NULL) is the mean. */
bool world_latency_ms(const struct world *world, const struct world_service *service, int side,
                      double quantile, int64_t from_ms, int64_t to_ms, double *out_ms,
                      double *mean_ms);

/* Events and users of an issue in [from, to). */
void world_issue_counts(const struct world *world, const struct world_issue *issue,
                        int64_t from_ms, int64_t to_ms, uint64_t *events, uint64_t *users);
