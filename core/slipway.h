/* slipway.h: the whole public interface of the core library, and its manual.
 *
 * THE IDEA
 * A core reads one configuration file, polls the systems named in it (store
 * consoles, crash reporting, metrics, deploy systems, git), keeps what it saw,
 * and publishes pictures of it: immutable snapshots. A front end draws
 * snapshots and submits commands; the core decides whether a command is
 * allowed, writes it to the ledger, carries it out, reads the store back until
 * the effect is seen, and says how it ended. Front ends hold no rules: what a
 * verb would do, whether it may, and why not, is in the snapshot.
 *
 * WHAT A VALUE MEANS
 * Nothing here is guessed. A number that is not known has is_known false (and
 * an all-zero struct means exactly that); it is never zero, 100 % or the last
 * value. Every reading carries when it was read (observed_at_ms), until when
 * it is true (true_for_ms), its sample size, its source, and whether it is
 * stale or came from the cache of an earlier run. Percentages are 0..100.
 * Times are int64_t milliseconds since 1970-01-01 UTC in WORLD time (equal to
 * real time except in a simulation); 0 means not known. Durations in seconds
 * end in _s. All text in a snapshot is valid UTF-8 without control, bidi or
 * zero-width characters; its width on a terminal is the front end's business.
 *
 * THREADS
 * sw_core_open .. sw_core_close and everything taking a struct sw_core * is
 * called by ONE thread, the reader's, unless a function says otherwise. The
 * core starts its own threads in sw_core_start (engine, workers, one for each
 * running action); they never call the front end. The file descriptor
 * sw_core_fd becomes readable when a snapshot or an outcome is waiting.
 * No function below blocks on network or disk unless its text says BLOCKS.
 *
 * OWNERSHIP
 * Functions ending in _open, _take or with a **out give the caller something
 * to free with the named function; a const char * inside a snapshot lives as
 * long as that snapshot. Arguments are copied in.
 *
 * COMPLETION
 * sw_submit returns an id; exactly one outcome with that id follows, also when
 * the core is stopped in between (it can be taken after sw_core_stop, as
 * SW_RESULT_UNKNOWN for what was in flight). Progress between the two is in
 * snapshot->actions.
 *
 * ERRORS
 * Fallible functions return enum sw_code and fill *err when it is not NULL.
 * The text says what was being done, to what, what came back and what to do
 * next; it never holds a secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ errors */

enum sw_code {
    SW_OK = 0,
    SW_E_INTERNAL,        /* a defect of ours */
    SW_E_USAGE,           /* the caller asked for something that does not exist */
    SW_E_CONFIG,          /* the configuration is wrong; see the problems */
    SW_E_IO,              /* local file or directory */
    SW_E_NETWORK,         /* name lookup, refused, reset, cut */
    SW_E_TIMEOUT,         /* no answer in time */
    SW_E_TLS,             /* certificate or handshake */
    SW_E_HTTP,            /* the upstream answered with an error status */
    SW_E_AUTH,            /* the upstream refused the credential */
    SW_E_DENIED,          /* the credential has no right to this */
    SW_E_QUOTA,           /* rate limit or quota; retry_at_ms may be set */
    SW_E_PARSE,           /* the reply is not what its reference says */
    SW_E_LIMIT,           /* larger than the stated maximum */
    SW_E_NOT_FOUND,       /* no such thing there */
    SW_E_CONFLICT,        /* the state changed or does not allow it */
    SW_E_REFUSED,         /* refused by policy, nothing was sent */
    SW_E_STALE,           /* refused because the data is too old or unknown */
    SW_E_CANCELLED,       /* this flow was told to end */
    SW_E_OUTCOME_UNKNOWN, /* sent, and no proof of effect or of none */
    SW_E_UNSUPPORTED,     /* the upstream or the build cannot do this */
    SW_E_GIT,             /* libgit2 said so */
    SW_E_BUSY,            /* held by another action or process; try again */
    SW_E_IN_REVIEW,       /* it would cancel a review at the store: may_cancel_review allows that */
};

struct sw_error {
    enum sw_code code;
    int http_status;     /* 0: no HTTP answer */
    bool is_retryable;   /* the same request may be sent again as it is */
    int64_t retry_at_ms; /* REAL time, 0: not told */
    char source[64];     /* id of the source, or empty */
    char text[512];      /* one sentence or two, sanitised */
};

/* Called with one line when the core finds its own state broken, just before the process aborts: a
 * front end gives the terminal back. fn must be safe in a signal handler. The line is then written to
 * standard error. At most 8; false when the table is full. Any thread. */
bool sw_assert_on_fail(void (*fn)(const char *message));
/* The same end for a front end's own broken state. */
__attribute__((noreturn)) void sw_assert_failed(const char *file, int line, const char *condition);

/* ------------------------------------------------------------------- words */

enum sw_kind { SW_KIND_UNKNOWN = 0, SW_KIND_IOS, SW_KIND_ANDROID, SW_KIND_WEAR, SW_KIND_WEB,
               SW_KIND_BACKEND, SW_KIND_COUNT };

/* One state machine for every platform. What a source's own state maps to is
 * in that source's documentation page; the raw word is kept beside it. */
enum sw_state {
    SW_STATE_UNKNOWN = 0, /* not read yet, or a raw word never seen before */
    SW_STATE_NONE,        /* no release there at all */
    SW_STATE_BUILDING,
    SW_STATE_TESTING,
    SW_STATE_IN_REVIEW,
    SW_STATE_READY,       /* approved or prepared, waits for `advance` */
    SW_STATE_ROLLING,
    SW_STATE_HALTED,
    SW_STATE_COMPLETE,
    SW_STATE_ROLLED_BACK,
    SW_STATE_FAILED,
    SW_STATE_COUNT
};

/* What a halt that is configured at the store, and not live, waits for: users still get the version. */
enum sw_halt_wait { SW_HALT_WAIT_NONE = 0, /* there is no such halt */
                    SW_HALT_WAIT_REVIEW,   /* the store reviews it */
                    SW_HALT_WAIT_HAND };   /* a person must do something in the store's console */

enum sw_verb { SW_VERB_NONE = 0, SW_VERB_HALT, SW_VERB_RESUME, SW_VERB_ADVANCE, SW_VERB_COMPLETE,
               SW_VERB_ROLLBACK, SW_VERB_COUNT };

enum sw_metric { SW_METRIC_UNKNOWN = 0, SW_METRIC_CRASH_FREE_SESSIONS, SW_METRIC_CRASH_FREE_USERS,
                 SW_METRIC_ANR_RATE, SW_METRIC_ERROR_RATE, SW_METRIC_LATENCY_P95,
                 SW_METRIC_ONE_STAR_SHARE, SW_METRIC_ADOPTION,
                 SW_METRIC_USER_PERCEIVED_CRASH_RATE, SW_METRIC_SLOW_START_RATE, SW_METRIC_COUNT };

enum sw_gate_verdict { SW_GATE_UNKNOWN = 0, SW_GATE_PASS, SW_GATE_WARN, SW_GATE_FAIL, SW_GATE_WAIT,
                       SW_GATE_STALE, SW_GATE_COUNT };

enum sw_verdict { SW_VERDICT_UNKNOWN = 0, SW_VERDICT_WORSE, SW_VERDICT_NOT_WORSE,
                  SW_VERDICT_NOT_ENOUGH_DATA, SW_VERDICT_COUNT };

/* How a command ended. */
enum sw_result {
    SW_RESULT_NONE = 0,
    SW_RESULT_SEEN,       /* done, and the store shows it (or nothing had to be sent) */
    SW_RESULT_REFUSED,    /* by policy here; nothing was sent */
    SW_RESULT_REJECTED,   /* by the upstream; its words are in the text */
    SW_RESULT_SUPERSEDED, /* a newer halt came first; nothing more was sent */
    SW_RESULT_UNKNOWN,    /* sent, effect neither seen nor excluded: ask again */
    SW_RESULT_DRY_RUN,    /* nothing was sent; the requests are in the text */
    SW_RESULT_FAILED,     /* not sent (network, credential, disk) */
    SW_RESULT_COUNT
};

/* Lower-case words used in JSON, the ledger and on the command line ("rolling",
 * "crash_free_sessions", "not_worse"); never NULL. The _title forms are for
 * people ("ROLLING", "crash-free sessions", "NOT WORSE"). Any thread. */
const char *sw_kind_name(enum sw_kind kind);
const char *sw_state_name(enum sw_state state);
const char *sw_state_title(enum sw_state state);
const char *sw_halt_wait_name(enum sw_halt_wait wait); /* "none", "review", "hand" */
const char *sw_verb_name(enum sw_verb verb);
const char *sw_verb_title(enum sw_verb verb); /* "halt", "roll back" */
const char *sw_metric_name(enum sw_metric metric);
const char *sw_metric_title(enum sw_metric metric);
const char *sw_metric_unit(enum sw_metric metric); /* "percent" or "ms" */
bool sw_metric_is_low_bad(enum sw_metric metric);  /* true: falling is bad (crash-free) */
const char *sw_gate_verdict_name(enum sw_gate_verdict verdict);
const char *sw_verdict_name(enum sw_verdict verdict); /* "WORSE", as the JSON has it */
const char *sw_result_name(enum sw_result result);
/* The reverse; UNKNOWN or NONE for a word that is none of them. */
enum sw_kind sw_kind_parse(const char *word);
enum sw_verb sw_verb_parse(const char *word);
enum sw_metric sw_metric_parse(const char *word);
enum sw_state sw_state_parse(const char *word);
enum sw_halt_wait sw_halt_wait_parse(const char *word);
enum sw_result sw_result_parse(const char *word);

/* A number that may be unknown. Zeroed means unknown. */
struct sw_value {
    double value;
    bool is_known;
};

/* ---------------------------------------------------------------- snapshot */

/* One time bucket of a counted metric: `bad` of `n` (crashed of sessions). */
struct sw_bucket {
    int64_t start_ms;
    double n;
    double bad;
};

/* One reading of one metric over one window. */
struct sw_health {
    enum sw_metric metric;
    int window_s;             /* length of the window the value is over */
    const char *period;       /* "hour to 14:00 UTC", where the window is a fixed one of the
                                 upstream's; empty: it slides and ends at true_for_ms */
    struct sw_value value;    /* percent 0..100 or ms, as sw_metric_unit says */
    struct sw_value n;        /* sample size: sessions, users, requests */
    struct sw_value bad;      /* how many of n were bad; unknown where the source gives no count */
    struct sw_value old_value;/* the same metric of the previous version, same window */
    struct sw_value old_n;
    int64_t observed_at_ms;
    int64_t true_for_ms;      /* the window's end: the data's own time */
    int min_sample;           /* below it, show counts, not the rate */
    bool is_stale;
    bool is_cached;           /* read by an earlier run; draw with a `?` */
    bool is_deciding;         /* the first configured source of this metric */
    const char *contradiction;/* beside the deciding one: in words, how the two differ beyond
                                 noise; empty: they do not, or cannot be compared */
    const char *source;       /* id */
    const char *origin;       /* query or resource it came from, for people */
};

/* The trend of a counted metric, oldest first, for charts. */
struct sw_trend {
    enum sw_metric metric;
    int bucket_s;
    size_t new_count, old_count;
    const struct sw_bucket *new_buckets; /* of the version being rolled out */
    const struct sw_bucket *old_buckets; /* of the version it replaces */
    const char *source;
};

struct sw_gate {
    const char *id;
    enum sw_gate_verdict verdict;
    const char *reason;   /* in words, with figure and limit */
    enum sw_metric metric;
    int window_s;
    struct sw_value value;
    struct sw_value warn, critical;
    bool is_blocking;
};

struct sw_offer {
    enum sw_verb verb;
    bool is_allowed;       /* now, for this reader, without an override */
    bool can_override;     /* a typed override would open it */
    bool needs_typed_id;   /* confirmation: type the platform's id (complete, roll back) */
    const char *reason;    /* why not; empty when allowed */
    const char *effect;    /* one honest sentence: what it will do */
    const char *will_not;  /* what it will not do; may be empty */
    struct sw_value from_percent, to_percent;
};

struct sw_stage {
    double percent;
    int64_t soak_s;        /* 0: none */
    const char *at;        /* "Fri 10:00", or empty */
    bool is_done;
};

struct sw_issue {
    const char *title;     /* exception or message */
    const char *culprit;
    const char *id;        /* the upstream's short id */
    int64_t events;        /* in this release and window, -1 unknown */
    int64_t users;         /* -1 unknown */
    int64_t first_seen_ms;
    bool is_new;           /* first seen in this release */
    const char *source;
};

/* A build that testers have or will have. Version and build together name it. */
struct sw_build {
    const char *version, *build;
    const char *processing;   /* the upstream's words; empty: not told */
    const char *internal;     /* what testers of the team have */
    const char *external;     /* what other testers have */
    const char *beta_review;
    int64_t uploaded_ms, expires_ms;
    int64_t sessions, crashes, installs; /* of testers, all time; -1 unknown */
    int64_t observed_at_ms;
    const char *source;
};

/* A review that a user wrote of the version being rolled out. */
struct sw_review {
    int rating;               /* 1..5 */
    const char *title, *body; /* either may be empty; the body is cut */
    const char *territory;    /* the store's word for where, or the language */
    int64_t at_ms;
    const char *source;
};

/* A second version in flight at the same store. */
struct sw_other {
    const char *version;      /* NULL: there is none */
    const char *build;        /* NULL: unknown */
    enum sw_state state;
    const char *raw_state;
    struct sw_value percent_set;
};

struct sw_alarm {
    const char *name;
    const char *state;     /* the upstream's word */
    bool is_firing;
    const char *reason;
    int64_t since_ms;
    int64_t observed_at_ms;
    bool is_stale;
    const char *source;
};

struct sw_commit {
    const char *id;        /* abbreviated hash */
    const char *subject;
    const char *author;
    int64_t at_ms;
};

struct sw_tags {
    const char *newest;    /* NULL: none or unknown */
    const char *newest_commit;
    const char *previous;
    int64_t newest_at_ms;
    const char *note;      /* why commits are unknown, or empty */
    bool has_commits;      /* commits[] is the truth (maybe empty); false: UNKNOWN */
    size_t commit_count;   /* how many lie between the two tags */
    size_t shown_count;    /* how many of them are in commits[] */
    const struct sw_commit *commits;
    int64_t observed_at_ms;
    bool is_stale;
};

/* What a platform's verdict stands on (docs/verdict.md); zeroed where there is none. */
struct sw_grounds {
    bool is_stale;            /* by old data or an earlier run's; a known WORSE stays, with this mark */
    bool is_halt_advised;
    bool is_old_rate_known;   /* no control at the same time any more: the old version's rate of the
                                 time before is taken as known */
    bool can_decide;          /* of NOT ENOUGH DATA: a full soak window will have enough; else there
                                 are too few users to be sure */
    struct sw_value log_e_max;/* the greatest log_e so far; decides WORSE */
    double e_warn, e_halt;    /* from which evidence on it is WORSE, and a halt advised: 20 and 100,
                                 more after a halt or a fix */
    struct sw_value sees;     /* of NOT ENOUGH DATA: the ratio that would show by now */
    struct sw_value bad_new, bad_old; /* crashed, of n_new and n_old */
    int64_t true_for_ms;      /* end of the last closed bucket */
    int bucket_s;
    size_t bucket_count;      /* of the test, with sessions of both versions */
    size_t starts, soak;      /* of struct sw_verdict_options */
    unsigned event;           /* the test is that since the k-th halt or fix; 0: there was none */
    int64_t event_ms;
    enum sw_verdict before;   /* what was found up to that event */
    struct sw_value before_ratio, before_log_e_max;
};

struct sw_platform {
    const char *id, *title;
    enum sw_kind kind;
    size_t includes_count;
    const char *const *includes;   /* "watchos" */
    const char *source;            /* id of the rollout's source */
    size_t source_count;
    const char *const *sources;    /* ids of all that are configured to feed it (rollout, health,
                                      alarms), each once, read or not */
    const char *place;             /* "Play, track production": where it ships */

    enum sw_state state;
    const char *raw_state;
    const char *note;              /* one sentence worth showing, or empty */
    const char *version, *build;   /* NULL: unknown */
    const char *previous_version, *previous_build;
    const char *identity;          /* store identity, what a verb addresses; NULL: unknown */
    struct sw_value percent_set;   /* asked for */
    struct sw_value percent_actual;/* really reached; how is in actual_note */
    const char *actual_note;       /* "share of sessions, 24 h" */
    int64_t observed_at_ms;        /* of the rollout; of state and percent the older one */
    bool is_stale;                 /* of the rollout */
    bool is_cached;
    int64_t stage_since_ms;        /* when this stage began */
    bool is_stage_since_ours;      /* true: our own seen outcome; false: first observation */
    enum sw_halt_wait halt_wait;   /* not NONE: halted at the store, and NOT live */
    const char *halt_wait_note;    /* then: what it waits for, in words; else empty */
    const char *release_how;       /* how a version not out yet will go out, or empty */
    struct sw_other other;         /* the other version in flight */
    int64_t started_at_ms;         /* when the store began to widen it; 0: not, or not told */
    struct sw_value pause_days_used, pause_days_total; /* the store's budget, in its whole days */
    int64_t paused_since_ms;       /* when the present pause was first read; 0: none */
    bool is_pause_begin_seen;      /* false: it may have begun earlier */
    struct sw_value pause_left_s;  /* AT MOST this much is left: total less what is surely used */
    bool is_halt_weekends;         /* the plan says so; nothing carries it out yet */
    int weekends_to_come;          /* with it: weekends until 100 %, at most */
    int64_t weekends_pause_s;      /* and what halting over them takes from the budget */

    const char *plan_name;         /* "store", "service", "stages" */
    size_t stage_count;
    const struct sw_stage *stages;
    int stage_index;               /* 0-based current stage; -1: none reached or unknown */
    struct sw_value next_percent;
    int64_t next_at_ms;            /* 0: not known or not by time */
    bool is_next_estimated;        /* the store does it and has not promised the minute */
    bool is_next_automatic;        /* happens without anybody's key */
    const char *next_note;         /* "HELD by crash", "soak 6h48m", "by Apple" */

    size_t health_count;
    const struct sw_health *health;
    size_t trend_count;
    const struct sw_trend *trends;

    enum sw_verdict verdict;       /* the sequential test; UNKNOWN without data of both versions */
    struct sw_value ratio, ratio_low, ratio_high, log_e;
    int64_t worse_since_ms;
    struct sw_value n_new, n_old;
    struct sw_grounds grounds;

    size_t gate_count;
    const struct sw_gate *gates;
    enum sw_gate_verdict gates_worst; /* FAIL > STALE > UNKNOWN > WARN > WAIT > PASS over blocking ones */

    bool is_stop_skipped;          /* stop-everything leaves it alone, as the configuration says */
    bool is_stop_rollback;         /* ... or rolls it back instead of halting it */
    struct sw_offer offers[SW_VERB_COUNT]; /* indexed by verb; [SW_VERB_NONE] is empty */

    size_t issue_count;
    const struct sw_issue *issues;
    size_t build_count;            /* newest first */
    const struct sw_build *builds;
    size_t review_count;           /* with few stars, newest first */
    const struct sw_review *reviews;
    size_t alarm_count;
    const struct sw_alarm *alarms;
    struct sw_tags tags;
    const char *override_text;     /* an override given at this stage stays on screen; or NULL */
    int64_t halt_asked_ms;         /* a halt asked and not yet seen; 0: none */
};

struct sw_source {
    const char *id, *kind, *title, *base_url;
    bool is_ok;                    /* last poll of every unit succeeded */
    bool is_fresh;                 /* has answered in this run */
    int64_t last_ok_at_ms;
    int64_t failing_since_ms;      /* 0: not failing */
    const char *error;             /* NULL: none */
    enum sw_code error_code;
    struct sw_value latency_ms;    /* of the last exchange, REAL milliseconds */
    int64_t next_poll_at_ms;
    int interval_s, stale_after_s;
    int64_t polls, failures;       /* since start */
    struct sw_value budget_left;   /* requests left in the window, where the upstream tells */
    const char *budget_note;
    const char *advice;            /* what to change about its credential, or empty */
    struct sw_value clock_skew_s;  /* upstream's Date against ours; known only when polled */
};

struct sw_checklist_item {
    const char *id;
    const char *text;
    const char *phase;             /* the heading it stands under */
    const char *owner;             /* "@qa" or NULL */
    const char *due;               /* "T-5" or NULL */
    int depth;                     /* nesting, 0 = top */
    bool is_done;                  /* by the ledger, or [x] in the file */
    bool is_done_in_file;          /* the file's own [x] */
    bool is_blocking;
    const char *done_by;           /* who ticked it, or NULL */
    int64_t done_at_ms;
};

struct sw_checklist {
    bool is_known;                 /* false: the file could not be read; note says why */
    const char *note;
    const char *file, *ref;        /* where it was read */
    int64_t observed_at_ms;
    size_t count;
    const struct sw_checklist_item *items;
    size_t done, total;
    size_t blocking_open;
};

enum sw_event_kind { SW_EVENT_UNKNOWN = 0, SW_EVENT_INTENT, SW_EVENT_OUTCOME, SW_EVENT_TICK,
                     SW_EVENT_UNTICK, SW_EVENT_NOTE, SW_EVENT_CHANGE, SW_EVENT_CONN,
                     SW_EVENT_KIND_COUNT };
const char *sw_event_kind_name(enum sw_event_kind kind);
enum sw_event_kind sw_event_kind_parse(const char *word);

/* One record of the ledger. */
struct sw_event {
    const char *uuid;
    enum sw_event_kind kind;
    int64_t at_ms;
    const char *actor;             /* "name <mail>, login@host" */
    const char *platform;          /* id or NULL */
    enum sw_verb verb;
    const char *intent;            /* of an outcome: uuid of its intent */
    enum sw_result result;         /* of an outcome */
    const char *version, *identity;
    struct sw_value from_percent, to_percent;
    const char *reason;
    const char *override_text;     /* NULL: none */
    const char *item;              /* checklist item id */
    const char *text;              /* one readable line */
    const char *commit;            /* abbreviated ledger commit, NULL: not recorded */
};

/* An action of this process, newest first in the snapshot; finished ones stay
 * until dismissed by age (10 minutes). */
struct sw_action {
    uint64_t id;
    uint64_t parent;               /* stop-everything's id, or 0 */
    const char *platform;
    enum sw_verb verb;
    const char *version;
    int64_t asked_ms, accepted_ms, seen_ms; /* 0: not yet */
    enum sw_result result;         /* NONE while running */
    bool is_settlement;            /* reads what became of an earlier run's; sends nothing */
    const char *text;              /* what it is doing or how it ended */
    struct sw_value percent_before, percent_after;
};

struct sw_snapshot {
    uint64_t serial;               /* grows with each published one */
    int64_t at_ms;                 /* world time it was built at */
    bool is_cached;                /* wholly from an earlier run */
    int64_t cached_at_ms;          /* when that run wrote it */
    bool is_read_only;
    bool is_simulation;
    double speed;                  /* world seconds per real second, 1 outside simulation */
    bool has_polled_all;           /* every source has answered or failed at least once */
    const char *release;           /* name, NULL: unknown */
    const char *release_tag;
    const char *zone;              /* IANA name of the release's time zone */
    const char *captain;           /* configured actor */
    const char *notice;            /* config reload error and the like, or NULL */
    bool is_ledger_ok;
    const char *ledger_error;      /* NULL: none */
    size_t platform_count;
    const struct sw_platform *platforms;
    size_t source_count;
    const struct sw_source *sources;
    struct sw_checklist checklist;
    size_t event_count;            /* the newest ones, oldest first, at most 500 */
    const struct sw_event *events;
    size_t action_count;
    const struct sw_action *actions;
};

/* Frees a snapshot taken from a core; NULL is fine. Any thread. */
void sw_snapshot_free(struct sw_snapshot *snapshot);

/* The platform with this id, or NULL. Any thread. */
const struct sw_platform *sw_snapshot_platform(const struct sw_snapshot *snapshot, const char *id);

/* The deciding reading of a metric over a window; window_s 0: the shortest
 * there is. NULL: none configured or none read yet. Any thread. */
const struct sw_health *sw_platform_health(const struct sw_platform *platform, enum sw_metric metric,
                                           int window_s);

/* The metric a platform is judged by on one line: crash-free sessions for
 * apps, error rate for services; UNKNOWN when it has none. Any thread. */
enum sw_metric sw_platform_headline_metric(const struct sw_platform *platform);

/* The snapshot as the documented JSON (schemas in docs/). *out is malloc'd.
 * platform NULL: all of them. Any thread. */
enum sw_code sw_status_json(const struct sw_snapshot *snapshot, const char *platform, char **out,
                            struct sw_error *err);
enum sw_code sw_gate_json(const struct sw_snapshot *snapshot, const char *platform, char **out,
                          struct sw_error *err);
enum sw_code sw_checklist_json(const struct sw_snapshot *snapshot, char **out, struct sw_error *err);
enum sw_code sw_event_json(const struct sw_event *event, char **out, struct sw_error *err);

/* ----------------------------------------------------------------- verdict
 * "Is the new version worse, and how sure is that?": a sequential test on a
 * table of time buckets, valid at every look and after any number of them
 * (docs/verdict.md: the formulas, what they guarantee, what they cannot see).
 * Pure functions on arrays: no core is needed, nothing is kept, any thread.
 * The table is judged as a whole each time, so that late data revises the past. */

/* The most that a count may be: beyond, the last digits of a double are as large as evidence is. */
#define SW_VERDICT_COUNT_MAX 1e12

/* The same stretch of time of both versions. */
struct sw_verdict_bucket {
    double bad_new, n_new; /* crashed and all sessions (or user-days) of the new version: x, n */
    double bad_old, n_old; /* of the version being replaced: y, N */
};

struct sw_verdict_options {
    double r0;         /* WORSE means: a ratio above it; 1, or 1 + what is tolerated. > 0 */
    size_t starts;     /* K: how many buckets 14 days have. At least 1 */
    double alpha;      /* of WORSE: a healthy release reaches it with at most this probability */
    double alpha_halt; /* the same of is_halt_advised */
    double margin;     /* NOT WORSE means: by less than this factor. > 0 */
    double beta;       /* of NOT WORSE, at each look */
    size_t soak;       /* NOT WORSE is asked of this many last buckets. At least 1 */
    /* Known: there is no control at the same time; the old version's crashes per session, > 0.
     * Its sessions in the table are then not looked at. Say so where the verdict is shown. */
    struct sw_value old_rate;
    size_t old_rate_from; /* ... from this bucket of the table on; those before it have a control */
};

/* r0 1, alpha 0.05 and 0.01, margin 2, beta 0.05, soak a day (starts / 14, at least 24). */
struct sw_verdict_options sw_verdict_options_default(size_t starts);
/* For the test on the buckets after the k-th halt or fix, k = 1, 2, …: alpha * 6 / (pi^2 k^2), so
 * that all of them together stay within alpha; with the test before, within 2 alpha. */
struct sw_verdict_options sw_verdict_options_event(const struct sw_verdict_options *options,
                                                   unsigned k);

/* What is known after a bucket. */
struct sw_verdict_row {
    size_t index;           /* of the bucket in the array */
    size_t number;          /* of the bucket among those that count, from 1 */
    enum sw_verdict state;  /* zeroed: UNKNOWN, no bucket counts */
    bool is_halt_advised;   /* the evidence has reached 1 / alpha_halt */
    double log_e_cum;       /* ln of the evidence for "worse in all buckets" */
    double log_e_onset;     /* ... for "worse from some bucket on" */
    double log_e;           /* ... half each */
    double log_e_max;       /* the greatest log_e so far; decides WORSE */
    double p;               /* valid at every look: at most this, were the new version not worse */
    size_t since;           /* number of the likeliest first bad bucket; says something only when WORSE */
    size_t since_index;     /* the same bucket in the array */
    /* Over the buckets from `since` when WORSE, else over all: the likeliest ratio (unknown when
     * infinite, or when nothing crashed), and what 1 - alpha leaves of it (low 0: nothing is too
     * low; high unknown: nothing too high). */
    struct sw_value ratio, ratio_low, ratio_high;
    double bad_new, n_new, bad_old, n_old;
};

/* Judges the table after each bucket. rows has room for count; returns how many were written: a
 * bucket without a session on one side, or with counts that are none (not finite, negative, above
 * SW_VERDICT_COUNT_MAX), is skipped and has no row. Takes 25 to 50 us a row. */
size_t sw_verdict_rows(const struct sw_verdict_options *options,
                       const struct sw_verdict_bucket *buckets, size_t count,
                       struct sw_verdict_row *rows);
/* The last of these rows; zeroed when there is none. Takes 2 to 3 ms for the 4,032
 * buckets of 5 minutes that 14 days have. */
struct sw_verdict_row sw_verdict_judge(const struct sw_verdict_options *options,
                                       const struct sw_verdict_bucket *buckets, size_t count);

/* "Sees >= Rx": the smallest ratio that would be WORSE by now with probability 0.8, were the new
 * version that bad in every bucket; unknown when there is none, or no crash of the old version. */
struct sw_value sw_verdict_sees(const struct sw_verdict_options *options,
                                const struct sw_verdict_bucket *buckets, size_t count);
/* Has the soak window enough traffic to say NOT WORSE of an equally good version with probability
 * 0.8? Where not, only WORSE should block: "too few users to be sure". */
bool sw_verdict_can_decide(const struct sw_verdict_options *options,
                           const struct sw_verdict_bucket *buckets, size_t count);

/* exp(log_e), at most 1e300. */
double sw_verdict_e(double log_e);
/* The evidence of several metrics or platforms in one: ln of the average of their e-values of the
 * same time, itself evidence however they depend on one another. 0 (none) for count 0. */
double sw_verdict_log_e_average(const double *log_e, size_t count);

enum { SW_VERDICT_LINE_MAX = 256, SW_VERDICT_LINES_MAX = 100000 };

/* Reads a table: JSON lines {"x":…,"n":…,"y":…,"N":…}, whole numbers up to
 * SW_VERDICT_COUNT_MAX, x <= n, y <= N; blank lines are passed over. At most SW_VERDICT_LINES_MAX lines of SW_VERDICT_LINE_MAX bytes. *buckets is
 * malloc'd, NULL when *count is 0. Errors: SW_E_PARSE, the text begins with the line's number;
 * nothing is given then. */
enum sw_code sw_verdict_parse(const char *text, size_t len, struct sw_verdict_bucket **buckets,
                              size_t *count, struct sw_error *err);
/* Rows and what sw_verdict_sees gave as the documented JSON (docs/verdict.schema.json). *out is
 * malloc'd. */
enum sw_code sw_verdict_json(const struct sw_verdict_options *options,
                             const struct sw_verdict_row *rows, size_t count, struct sw_value sees,
                             char **out, struct sw_error *err);

/* -------------------------------------------------------------------- core */

struct sw_core;

struct sw_problem {
    const char *file;   /* NULL: not about a file */
    int line, column;   /* 1-based, 0: the whole file */
    bool is_warning;
    const char *text;
};
struct sw_problems {
    size_t count;
    struct sw_problem *items;
};
void sw_problems_free(struct sw_problems *problems);
/* Formats one as "file:line:column: error: text". Returns buf. */
const char *sw_problem_text(const struct sw_problem *problem, char *buf, size_t size);

struct sw_open_options {
    const char *config_path;  /* NULL: $XDG_CONFIG_HOME/slipway/config.yaml */
    const char *release;      /* NULL: as configured */
    const char *trace_path;   /* NULL: none. Requests without secrets, one a line */
    bool is_read_only;        /* nothing that changes users' state can leave */
    bool is_oneshot;          /* poll each source once, stores before health, then rest */
    bool is_offline;          /* never poll: the cached picture, the ledger, the configuration */
    bool is_asking_rights;    /* SW_COMMAND_RIGHTS by itself, once after the start and after each
                                 reload, but where others would feel it; never in read-only mode */
};

/* Reads and checks the configuration and loads the cached picture; starts
 * nothing. Touches the disk, takes about a millisecond. On SW_E_CONFIG
 * *problems (if not NULL) lists every problem found; the caller frees it.
 * Sets the process's time zone for sw_local_time. Errors: SW_E_CONFIG, SW_E_IO. */
enum sw_code sw_core_open(const struct sw_open_options *options, struct sw_core **out,
                          struct sw_problems *problems, struct sw_error *err);

/* Starts the engine: polling begins, open intents of earlier runs are settled.
 * Call after the first frame is on the screen. */
enum sw_code sw_core_start(struct sw_core *core, struct sw_error *err);

/* Becomes readable (poll, POLLIN) when a snapshot or an outcome waits; reading
 * it is sw_core_clear_wake's job. */
int sw_core_fd(const struct sw_core *core);
void sw_core_clear_wake(struct sw_core *core);

/* The newest snapshot not taken yet, or NULL when there is none newer. The
 * caller owns it. The first call after sw_core_open always gives one. */
struct sw_snapshot *sw_core_take_snapshot(struct sw_core *core);

/* World time now. Any thread. */
int64_t sw_core_now_ms(const struct sw_core *core);

enum sw_command_kind {
    SW_COMMAND_NONE = 0,
    SW_COMMAND_VERB,            /* platform, verb, expected, reason, override_text */
    SW_COMMAND_STOP_EVERYTHING, /* reason */
    SW_COMMAND_TICK,            /* item */
    SW_COMMAND_UNTICK,          /* item */
    SW_COMMAND_POLL,            /* poll everything now, as the budgets allow */
    SW_COMMAND_RELOAD,          /* read the configuration again; kept as it was on error */
    SW_COMMAND_RIGHTS,          /* ask every store which verbs its key may use; changes nothing */
};

struct sw_command {
    enum sw_command_kind kind;
    const char *platform;
    enum sw_verb verb;
    const char *reason;
    const char *override_text; /* NULL: none; opens gates, soak, checklist, freeze */
    const char *item;
    bool is_dry_run;           /* re-read, judge, show the exact requests, send none */
    bool is_unrecorded;        /* halt only: go on although the ledger cannot be written */
    bool may_cancel_review;    /* halt only: should it meet a review at the store, cancel that review
                                  (the outcome of one that may not has error code IN_REVIEW) */
    /* What the captain saw when deciding. NULL or unknown parts are not
     * compared. A halt compares the identity only. */
    const char *expected_identity;
    enum sw_state expected_state;
    struct sw_value expected_percent;
};

struct sw_outcome {
    uint64_t id;
    enum sw_command_kind kind;
    enum sw_verb verb;
    enum sw_result result;
    struct sw_error error;     /* code SW_OK when result is SEEN or DRY_RUN */
    const char *platform;
    const char *text;          /* one line for people; of a dry run the exact requests */
    int64_t asked_ms, accepted_ms, seen_ms;
    size_t part_count;         /* stop-everything, rights: one part for each platform. Of rights:
                                  result NONE where nothing was asked, REJECTED with SW_E_DENIED
                                  where a right is surely missing; text says which */
    struct sw_outcome *parts;
};

/* Submits a command; returns its id, never 0. Policy is judged by the core on
 * the action's own thread; the outcome says how it went. */
uint64_t sw_submit(struct sw_core *core, const struct sw_command *command);

/* The next finished outcome, or NULL. The caller owns it. */
struct sw_outcome *sw_core_take_outcome(struct sw_core *core);
void sw_outcome_free(struct sw_outcome *outcome);
/* The outcome as the documented JSON (docs/action.schema.json). *out is malloc'd. Any thread. */
enum sw_code sw_outcome_json(const struct sw_outcome *outcome, char **out, struct sw_error *err);

/* BLOCKS until the outcome with this id is there or timeout_ms (real) is over.
 * Other outcomes stay in the queue. Returns NULL on timeout. For commands. */
struct sw_outcome *sw_core_wait_outcome(struct sw_core *core, uint64_t id, int64_t timeout_ms);

/* BLOCKS until every source has answered or failed once (one-shot use), or
 * timeout_ms (real) is over; false on timeout. */
bool sw_core_wait_polled(struct sw_core *core, int64_t timeout_ms);

/* How many halts are asked and neither seen nor settled. */
size_t sw_core_halts_in_flight(const struct sw_core *core);

/* BLOCKS: stops in the order stop scheduling, cancel polls, give actions 10 s,
 * then write their outcome as unknown, join. Afterwards the last snapshot and
 * the remaining outcomes can still be taken; nothing can be submitted. A second
 * call does nothing. */
void sw_core_stop(struct sw_core *core);

/* Frees the core, after sw_core_stop where that was not called. NULL is fine. */
void sw_core_close(struct sw_core *core);

/* BLOCKS: reads the ledger of the release from its oldest event; each returns
 * false to stop. Errors: SW_E_GIT, SW_E_IO. */
typedef bool (*sw_event_fn)(void *arg, const struct sw_event *event);
enum sw_code sw_core_read_ledger(struct sw_core *core, sw_event_fn each, void *arg,
                                 struct sw_error *err);
/* BLOCKS: checks every record and the chain; *report is malloc'd text.
 * Returns SW_OK when whole, SW_E_GIT when something is bad. */
enum sw_code sw_core_verify_ledger(struct sw_core *core, char **report, struct sw_error *err);

/* First thing in main: no core dumps, and no other process of this user may
 * read this one's memory or environment (credentials are in them). */
void sw_process_harden(void);

/* The theme named in the configuration. Only before sw_core_start; the caller copies it. */
const char *sw_core_theme(const struct sw_core *core);
/* The configuration's `ui` (themes, ascii, color, rotate), or NULL. Only before sw_core_start, and only
 * until then is it good. */
const struct sw_node *sw_core_ui(const struct sw_core *core);

/* The configuration explained for people, malloc'd. */
char *sw_core_explain(const struct sw_core *core);

/* A commented configuration to start from, malloc'd; generated from the option
 * tables. */
char *sw_config_example(void);
/* Every key with type, range, default and help as Markdown tables, malloc'd; from the same tables. */
char *sw_config_reference(void);

/* ----------------------------------------------------------- text and time */

/* Text from outside made safe (see docs/architecture.md); out always ends in
 * NUL and is valid UTF-8. Returns the length written. Any thread. */
size_t sw_text_clean(const char *in, size_t len, char *out, size_t out_size);

/* A date and time of day somewhere. */
struct sw_civil {
    int year;        /* e.g. 2026 */
    int month;       /* 1..12 */
    int day;         /* 1..31 */
    int hour;        /* 0..23 */
    int minute;      /* 0..59 */
    int second;      /* 0..60 */
    int weekday;     /* 1 Monday .. 7 Sunday; ignored as input */
    int offset_s;    /* east of UTC; ignored as input */
    char abbrev[12]; /* "CET"; ignored as input */
};
/* In the release's zone. */
void sw_local_time(int64_t ms, struct sw_civil *out);
/* "Wed 22 Jan 03:12 CET", in the release's zone. Returns buf. */
const char *sw_moment_text(int64_t ms, char *buf, size_t size);

/* "14m", "6h48m", "2d3h"; never negative. Returns buf. */
const char *sw_duration_text(int64_t seconds, char *buf, size_t size);
/* Age in steps (now, 30s, 1m, 2m, …, 1h, 1h10m …), so that a quiet screen
 * writes nothing. Returns buf. */
const char *sw_age_text(int64_t age_ms, char *buf, size_t size);
/* A percent asked for: "20%", "0.05%", "–" when unknown; 0 and 100 only where it is so. ascii: "-".
 * Returns buf. */
const char *sw_percent_text(struct sw_value percent, bool is_ascii, char *buf, size_t size);
/* A percent really reached: "14.6%", rounded up, since more people having it than is shown is the
 * dangerous side; below 100 never "100%". Returns buf. */
const char *sw_reached_text(struct sw_value percent, bool is_ascii, char *buf, size_t size);
/* A health value as shown: rounded to the bad side with two decimals, counts
 * ("2 of 150") below the minimum sample, "–" when unknown. Returns buf. */
const char *sw_health_text(const struct sw_health *health, bool is_ascii, char *buf, size_t size);

/* ---------------------------------------------------------------- documents
 * The configuration's own syntax (a strict subset of YAML) with a table of
 * keys, for themes and keymaps as for the configuration itself. */

enum sw_option_type {
    SW_OPTION_END = 0,     /* ends a table */
    SW_OPTION_STRING,
    SW_OPTION_BOOL,        /* true | false, nothing else */
    SW_OPTION_INT,         /* whole, within min..max */
    SW_OPTION_NUMBER,
    SW_OPTION_PERCENT,     /* 0..100 */
    SW_OPTION_DURATION,    /* "30s", "5m", "6h", "2d"; seconds within min..max */
    SW_OPTION_TIMESTAMP,   /* RFC 3339 */
    SW_OPTION_CHOICE,      /* one of choices */
    SW_OPTION_STRINGS,     /* a list of strings */
    SW_OPTION_MAP,         /* a mapping with the table `children` */
    SW_OPTION_LIST,        /* a list of mappings with the table `children` */
    SW_OPTION_PAIRS,       /* a mapping of free keys to strings */
    SW_OPTION_ANY,         /* checked by a second table chosen from the content */
};

struct sw_option {
    const char *key;
    enum sw_option_type type;
    bool is_required;
    double min, max;                 /* both 0: no limit */
    const char *preset;              /* default as written in a file; NULL: none */
    const char *unit;                /* for help */
    const char *const *choices;      /* NULL-terminated, CHOICE */
    const struct sw_option *children;/* MAP, LIST */
    const char *help;                /* one line */
    const char *example;             /* for the commented example; NULL: the preset */
};

struct sw_node;      /* a checked mapping or list; owned by its document */
struct sw_document;

/* BLOCKS (disk). Loads and checks a file of at most 1 MiB against the table
 * (ended by SW_OPTION_END). On SW_E_CONFIG problems lists all, at most 20. */
enum sw_code sw_document_load(const char *path, const struct sw_option *table,
                              struct sw_document **out, struct sw_problems *problems,
                              struct sw_error *err);
/* The same from memory; name stands for the file in problems. */
enum sw_code sw_document_parse(const char *text, size_t len, const char *name,
                               const struct sw_option *table, struct sw_document **out,
                               struct sw_problems *problems, struct sw_error *err);
void sw_document_free(struct sw_document *document);
const struct sw_node *sw_document_root(const struct sw_document *document);

/* Getters on a checked mapping. An absent key gives the table's preset, else
 * the zero value (NULL, 0, false); asking for a key the table does not have,
 * or with the wrong type, is a defect and asserts. Borrowed results. */
bool sw_node_has(const struct sw_node *node, const char *key);
const char *sw_node_str(const struct sw_node *node, const char *key);
bool sw_node_bool(const struct sw_node *node, const char *key);
int64_t sw_node_int(const struct sw_node *node, const char *key);      /* INT; DURATION in seconds; TIMESTAMP in ms */
double sw_node_num(const struct sw_node *node, const char *key);       /* NUMBER, PERCENT */
size_t sw_node_count(const struct sw_node *node, const char *key);     /* of STRINGS, LIST, PAIRS */
const char *sw_node_str_at(const struct sw_node *node, const char *key, size_t index);
const struct sw_node *sw_node_map(const struct sw_node *node, const char *key);           /* NULL: absent */
const struct sw_node *sw_node_item(const struct sw_node *node, const char *key, size_t index);
const char *sw_node_pair(const struct sw_node *node, const char *key, size_t index, const char **value);
/* Where the value of a key stands (of an absent one, or NULL: the mapping itself), for messages;
 * 1-based. */
void sw_node_position(const struct sw_node *node, const char *key, int *line, int *column);
