/*
 * flow.h: a flow for tests: the sw_flow_* functions of sources/source.h over a script.
 *
 * A test makes a flow for one source kind with an account and targets written as in the
 * configuration, gives it a script of exact requests and their replies, and runs observe or act.
 * What the source reported is kept for looking at. No engine, no network, no clock.
 *
 * A request that is not in the kind's operation table, or differs from the script's next step, is
 * a mismatch: it is refused with SW_E_INTERNAL and flow_mismatch tells it. So a wrong verb, path,
 * query or body fails the test.
 *
 * Test programs link this before libslipway.a, so the engine's own sw_flow_* stay out.
 */
#pragma once

#include "sources/source.h"

/* One expected exchange. */
struct flow_step {
    const char *request;    /* "GET /v1/apps?limit=2": method, path and query as sent, encoded */
    const char *aws_target; /* X-Amz-Target that is expected; NULL: none */
    const char *body;       /* expected JSON, compared as a tree; NULL: no body */
    int status;             /* of the reply; an error status becomes the code sw_exchange gives */
    const char *reply;      /* its body; NULL: empty */
    const char *link;       /* its Link header; NULL: none */
    enum sw_code fail;      /* instead of a reply: SW_E_TIMEOUT, SW_E_NETWORK, SW_E_CANCELLED */
};

/* account: the source's entry as YAML in block style, e.g. "id: play\nkind: google_play\n". A text
 * the tables refuse ends the program with the reason. NULL: only id and kind. */
struct sw_flow *flow_new(const struct sw_source_kind *kind, const char *account);
void flow_free(struct sw_flow *flow);

/* Adds a target bound with these options ("source: play\npackage: com.acme.app\n"). The caller may
 * change everything in it but options; rollout and tags stay the caller's. */
struct sw_target *flow_add_target(struct sw_flow *flow, enum sw_role role, const char *options);
void flow_set_now(struct sw_flow *flow, int64_t now_ms); /* default 2026-01-20T09:00:00Z */
void flow_set_action(struct sw_flow *flow, bool is_action);
void flow_set_dry_run(struct sw_flow *flow, bool is_dry_run);
void flow_set_principal(struct sw_flow *flow, const char *principal); /* borrowed */
/* Every lock is held by somebody else from now on. */
void flow_set_locks_busy(struct sw_flow *flow, bool is_busy);
/* An action wants every lock once this many requests of a run were sent. */
void flow_set_locks_wanted_after(struct sw_flow *flow, size_t exchanges);
/* No lock file can be made from now on. */
void flow_set_locks_broken(struct sw_flow *flow, bool are_broken);
void flow_set_last_ms(struct sw_flow *flow, const char *key, int64_t at_ms);
/* What a source asks of the repository; borrowed, default NULL (checklist_ref "auto"). */
struct flow_repository {
    const char *path, *release_tags, *checklist_file, *checklist_ref, *release_name;
};
void flow_set_repository(struct sw_flow *flow, const struct flow_repository *repository);

/* The exchanges expected from now on; replaces what is left of the last script. Borrowed. */
void flow_script(struct sw_flow *flow, const struct flow_step *steps, size_t count);
/* Instead of a script: answers everything (fuzzers). It fills the reply's status and body; error
 * statuses are mapped as for a script. */
typedef enum sw_code (*flow_perform_fn)(void *arg, const struct sw_request *request,
                                        struct sw_reply *reply, struct sw_error *err);
void flow_perform_with(struct sw_flow *flow, flow_perform_fn perform, void *arg);

/* Run the kind's flow; locks left over are released and counted. Reports of the run before are
 * forgotten. */
enum sw_code flow_observe(struct sw_flow *flow, struct sw_error *err);
enum sw_code flow_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);
enum sw_code flow_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                         struct sw_error *err); /* seen is zeroed first */

/* NULL: every request matched and the whole script was used. Else what was wrong. */
const char *flow_mismatch(const struct sw_flow *flow);
size_t flow_exchanges(const struct sw_flow *flow);                  /* of the last run */
bool flow_was_locked(const struct sw_flow *flow, const char *name); /* during the last run */

/* What the last run reported. */
struct flow_reading {
    size_t target;
    struct sw_reading reading;
};
struct flow_series {
    size_t target;
    struct sw_series series;
};
struct flow_issues {
    size_t target, count;
    struct sw_issue_seen *items;
};
struct flow_builds {
    size_t target, count;
    struct sw_build_seen *items;
};
struct flow_reviews {
    size_t target, count;
    struct sw_review_seen *items;
};
struct flow_alarms {
    size_t target, count;
    struct sw_alarm_seen *items;
};
struct flow_reports {
    struct sw_rollout *rollouts; /* by target; handle NULL and state 0 where none */
    bool *has_rollout;           /* by target */
    size_t reading_count, series_count, issues_count, builds_count, reviews_count, alarms_count;
    struct flow_reading *readings;
    struct flow_series *series;
    struct flow_issues *issues;
    struct flow_builds *builds;
    struct flow_reviews *reviews;
    struct flow_alarms *alarms;
    bool *has_tags;              /* by target */
    struct sw_tags_seen *tags;   /* by target */
    bool *has_plan;              /* by target */
    struct sw_plan *plans;       /* by target */
    char *release, *release_tag; /* NULL: not reported */
    char *checklist, *checklist_file, *checklist_ref, *checklist_error;
};
const struct flow_reports *flow_reports(const struct sw_flow *flow);
/* The last run's rollout of a target, or NULL. */
const struct sw_rollout *flow_rollout(const struct sw_flow *flow, size_t target);
/* The first reading of a target that fits, or NULL. */
const struct sw_reading *flow_reading(const struct sw_flow *flow, size_t target,
                                      enum sw_metric metric, enum sw_side side, int window_s);
