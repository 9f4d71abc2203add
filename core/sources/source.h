/* source.h: what one kind of outside system is, and what its flows may use.
 *
 * A source kind is one file ending in one const struct sw_source_kind. Its
 * flows are straight lines, like the upstream's own documentation: ask, check,
 * ask, report. They never touch a socket, a clock, a lock or another source;
 * all they need comes through struct sw_flow. A flow runs on a worker thread
 * (polls) or on an action's thread (verbs) and may be cancelled: then every
 * sw_flow_exchange returns SW_E_CANCELLED and the flow just returns. */
#pragma once

#include "model/gate.h"
#include "model/observation.h"
#include "model/offer.h"
#include "model/plan.h"
#include "net/auth.h"
#include "net/exchange.h"

/* ------------------------------------------------------------ what it reads */

/* One thing a poll unit reports for one platform. */
enum sw_role { SW_ROLE_ROLLOUT = 0, SW_ROLE_HEALTH, SW_ROLE_ALARMS, SW_ROLE_TAGS };

enum { SW_WINDOWS_MAX = 8 };

struct sw_target {
    size_t platform;                 /* index in the configuration, for reports */
    const char *platform_id;
    enum sw_kind kind;
    enum sw_role role;
    const struct sw_node *options;   /* the binding: rollout, health entry or alarms of the config */
    enum sw_metric metric;           /* HEALTH only */
    int windows_s[SW_WINDOWS_MAX];   /* HEALTH: windows wanted, ascending */
    size_t window_count;
    const char *tags;                /* TAGS: the platform's pattern */
    const struct sw_plan *plan;
    const struct sw_rollout *rollout;/* the last known rollout, or NULL: for HEALTH the versions to
                                        ask for, for a verb the last known ids */
};

struct sw_flow; /* made by the engine; for tests by tests/support */

const struct sw_node *sw_flow_account(const struct sw_flow *flow); /* the source's entry in the config */
const char *sw_flow_source_id(const struct sw_flow *flow);
size_t sw_flow_target_count(const struct sw_flow *flow);
const struct sw_target *sw_flow_target(const struct sw_flow *flow, size_t i);
int64_t sw_flow_now(const struct sw_flow *flow);       /* WORLD ms, constant within a flow */
bool sw_flow_is_action(const struct sw_flow *flow);    /* re-read or verb: read everything now */
/* In a dry run requests that MUTATE are written down, not sent; their reply is status 200 without a
 * body, which a verb must not check. */
bool sw_flow_is_dry_run(const struct sw_flow *flow);
/* Who the credential speaks for (Google: client_email), for lock names and
 * messages; NULL: not known (yet), or the kind has no such name. */
const char *sw_flow_principal(const struct sw_flow *flow);
const char *sw_flow_repository(const struct sw_flow *flow);     /* expanded path, NULL: none */
const char *sw_flow_release_tags(const struct sw_flow *flow);   /* the train's pattern */
const char *sw_flow_checklist_file(const struct sw_flow *flow); /* NULL: none */
const char *sw_flow_checklist_ref(const struct sw_flow *flow);  /* "auto" or a ref */
const char *sw_flow_release_name(const struct sw_flow *flow);   /* fixed by config or --release, else NULL */
const char *sw_flow_base_url(const struct sw_flow *flow);

enum sw_code sw_flow_exchange(struct sw_flow *flow, const struct sw_request *request,
                              struct sw_reply *reply, struct sw_error *err);

/* Takes a named lock shared with every process of this user (Play edits).
 * A poll does not wait (SW_E_BUSY). An action waits up to 10 s for another
 * action (SW_E_BUSY), and half a second for a poll: a poll that still holds it
 * then is left to lose, and the answer is SW_OK. Released when the flow ends or
 * by sw_flow_unlock. */
enum sw_code sw_flow_lock(struct sw_flow *flow, const char *name, struct sw_error *err);
/* A poll that holds it asks before each request: an action waits, so give up
 * at once. Never true for an action. */
bool sw_flow_is_lock_wanted(const struct sw_flow *flow, const char *name);
void sw_flow_unlock(struct sw_flow *flow, const char *name);

/* When this source last succeeded at something slower than its interval (Play:
 * the edit read); WORLD ms, 0 never. Set at success. key names the thing. */
int64_t sw_flow_last(const struct sw_flow *flow, const char *key);
void sw_flow_set_last(struct sw_flow *flow, const char *key);

/* A key that begins so: another program with the same credential took away what we had. */
#define SW_LAST_LOST "lost "

/* -------------------------------------------------------------- what it says
 * Copied in. A flow that fails after some reports keeps what it reported.
 * A rollout's true_for_ms is when its state was really read at the store (Play
 * carries one over between edit reads): a report truer for an earlier time
 * than the one held is dropped, so that a slow poll never undoes a re-read. */
void sw_flow_report_rollout(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_rollout *rollout);
void sw_flow_report_reading(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_reading *reading);
void sw_flow_report_series(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_series *series);
/* The whole list; replaces the one before. */
void sw_flow_report_issues(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_issue_seen *issues, size_t count);
void sw_flow_report_builds(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_build_seen *builds, size_t count);
/* Those with few stars, newest first. */
void sw_flow_report_reviews(struct sw_flow *flow, const struct sw_target *target,
                            const struct sw_review_seen *reviews, size_t count);
void sw_flow_report_alarms(struct sw_flow *flow, const struct sw_target *target,
                           const struct sw_alarm_seen *alarms, size_t count);
void sw_flow_report_tags(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_tags_seen *tags);
/* The release train as the repository shows it, and the checklist's text. */
void sw_flow_report_release(struct sw_flow *flow, const char *name, const char *tag);
void sw_flow_report_checklist(struct sw_flow *flow, const char *file, const char *ref,
                              const char *text, size_t len);
void sw_flow_report_checklist_error(struct sw_flow *flow, const char *reason);
/* Steps the deploy system itself follows, for plans of kind SERVICE. */
void sw_flow_report_plan(struct sw_flow *flow, const struct sw_target *target,
                         const struct sw_plan *plan);

/* -------------------------------------------------------------- what it does */

struct sw_act {
    enum sw_verb verb;
    struct sw_value to_percent;      /* ADVANCE: the stage to reach */
    const struct sw_rollout *before; /* fresh re-read, or the last known when is_blind */
    bool is_blind;                   /* the re-read failed (halt only) */
    bool may_cancel_review;          /* halt only: confirmed that a review in its way is cancelled;
                                        without it such a review is SW_E_IN_REVIEW */
};

enum sw_source_can {
    SW_CAN_ROLLOUT = 1 << 0,
    SW_CAN_HEALTH = 1 << 1,
    SW_CAN_ALARMS = 1 << 2,
    SW_CAN_TAGS = 1 << 3,
    SW_CAN_ACT = 1 << 4,
};

struct sw_rate_budget {
    int per_minute;   /* REAL minute, of the account; 0: no limit of ours */
    int burst;
    int concurrent;   /* at once, at most 4 */
};

struct sw_source_kind {
    const char *name;                        /* "google_play": the config's `kind` */
    const char *title;                       /* "Google Play" */
    const char *summary;                     /* one line for help and docs */
    unsigned can;                            /* sw_source_can */
    const char *base_url;                    /* default; NULL: none (git) or must be configured; "{region}"
                                                in it stands for the account's own `region` */
    const struct sw_option *account_options; /* beside id, kind, base_url, interval, stale_after, ca_file */
    const struct sw_option *rollout_options; /* NULL: not bindable there */
    const struct sw_option *health_options;
    const struct sw_option *alarm_options;
    /* MAY. Rules between the keys of a health entry that its table cannot say; asked when the
     * configuration is read. False with what is wrong ("needs errors and total"). Pure. */
    bool (*check_health)(const struct sw_node *entry, enum sw_metric metric, char *why, size_t size);
    /* MAY. Can an entry ever give this metric over this window? A gate on a window that none of a
     * platform's entries can give is refused when the configuration is read. False with which
     * windows it gives ("gives whole hours (1h) and days (24h) only"). NULL: any. Pure. */
    bool (*check_window)(const struct sw_node *entry, enum sw_metric metric, int window_s,
                         char *why, size_t size);
    unsigned metrics;                        /* bit (1u << metric) for each it can give */
    int interval_s, stale_after_s;           /* defaults, WORLD seconds */
    /* MAY. What to change about its credential, or an empty text, for `slipway check`. principal:
     * who it speaks for, NULL: not known; is_contested: another program was seen using it, which a
     * flow says by sw_flow_set_last with a key that begins with SW_LAST_LOST. Pure. */
    void (*advise)(const char *principal, bool is_contested, char *out, size_t size);
    /* MAY. The duration among account_options that says how often the slowest part is read, where
     * that is not each interval: what is shown is as old as its oldest part, so stale_after must
     * leave room for it. */
    const char *slowest_key;
    struct sw_rate_budget budget;
    size_t body_max_bytes;                   /* 0: 1 MiB */
    const struct sw_operation *operations;
    size_t operation_count;
    int seen_timeout_s[SW_VERB_COUNT];       /* 0: 120 */

    /* MUST unless it has no credential. Makes the account's credential from
     * its options; called once at open, on the opening thread; reads secrets
     * lazily. base_url is the checked one. */
    enum sw_code (*auth_open)(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err);

    /* MUST. The poll unit a target belongs to, as a short key (Play: package;
     * Apple: app; Sentry: project; AWS: one). Pure. */
    void (*unit_key)(const struct sw_target *target, char *key, size_t size);

    /* MUST. Reads everything for the flow's targets (all of one unit) and
     * reports it. Worker or action thread. */
    enum sw_code (*observe)(struct sw_flow *flow, struct sw_error *err);

    /* MUST with CAN_ACT. What the verb would truly do now. Pure, any thread.
     * rollout is what was last read; never NULL. */
    void (*offer)(const struct sw_target *target, const struct sw_rollout *rollout,
                  enum sw_verb verb, struct sw_source_offer *out);

    /* MUST with CAN_ACT. Sends the verb for the flow's only target. Returns OK
     * when the upstream accepted it; SW_E_CONFLICT when its state does not
     * allow it (upstream's words in err); SW_E_OUTCOME_UNKNOWN when a mutating
     * request may have taken effect unanswered. Action thread. */
    enum sw_code (*act)(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);

    /* MUST with CAN_ACT. Does this reading show the verb's effect? Pure. False
     * proves nothing unless now->true_for_ms is later than the sending. */
    bool (*is_seen)(const struct sw_act *act, const struct sw_rollout *now);

    /* MAY with CAN_ACT. Finds out, without changing anything, which verbs the credential may use on
     * the flow's only target: by requests with effect PROBE, or EDIT and MUTATE that is staged in an
     * edit that is thrown away; nothing else leaves. Only what the upstream says in so many words is
     * SW_RIGHT_NO. OK when any verb got an answer; else what was in the way. Worker thread, as a
     * poll: it gives up a lock that an action wants. */
    enum sw_code (*rights)(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                           struct sw_error *err);
    /* Asking disturbs other programs of the same account, so it is done only when a person asks. */
    bool is_asking_rights_felt;
};

/* The registry: every kind, ended by NULL. sources/registry.c */
extern const struct sw_source_kind *const sw_source_kinds[];
const struct sw_source_kind *sw_source_kind_find(const char *name);
