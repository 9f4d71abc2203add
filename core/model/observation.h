/* observation.h: what sources report, as plain data.
 *
 * A source fills these and hands them to its flow (sources/source.h); the
 * reducer folds them into the model. Nothing here owns threads or sockets.
 * Fixed arrays hold what is bounded by nature; longer text is cut by
 * sw_text_clean at the source, before it gets here. A zeroed struct says
 * "nothing known". Times are WORLD milliseconds since 1970 UTC, 0 unknown. */
#pragma once

#include "slipway.h"

enum { SW_ID_MAX = 64, SW_WORD_MAX = 64, SW_LABEL_MAX = 96, SW_LINE_MAX = 200 };

/* A second version in flight at the same store, beside the one the platform shows: the next one
 * while the live one still widens, or the live one while the next one is shown. */
struct sw_other_version {
    char version[SW_WORD_MAX];        /* empty: there is none */
    char build[SW_WORD_MAX];
    enum sw_state state;
    char raw_state[SW_WORD_MAX];
    struct sw_value percent_set;
};

/* One platform's rollout as its store or deploy system states it. */
struct sw_rollout {
    enum sw_state state;
    char raw_state[SW_WORD_MAX];      /* the upstream's own word(s) */
    char version[SW_WORD_MAX];        /* label; empty: unknown */
    char build[SW_WORD_MAX];
    char identity[SW_LABEL_MAX];      /* store identity (version code, version id, deployment id) */
    char previous_version[SW_WORD_MAX];
    char previous_build[SW_WORD_MAX];
    struct sw_value percent_set;
    struct sw_value percent_actual;   /* only where the upstream itself measures it */
    int64_t observed_at_ms;           /* when it was read; of several parts, when the oldest was */
    int64_t true_for_ms;              /* the time it is true for; usually the same */
    int64_t started_at_ms;            /* when the store began to widen it; 0: not, or not told */
    struct sw_value pause_days_used, pause_days_total;
    int64_t paused_since_ms;          /* the first reading that showed the present pause; 0: none */
    bool is_pause_begin_seen;         /* the reading just before showed it running */
    struct sw_value pause_days_before;/* pause_days_used at that first reading */
    struct sw_value next_percent;     /* store-driven next step */
    int64_t next_at_ms;
    bool is_next_estimated;
    char place[SW_LABEL_MAX];         /* "Play, track production" */
    char note[SW_LINE_MAX];           /* one sentence worth showing, or empty */
    enum sw_halt_wait halt_wait;      /* a halt is configured and not live: what it waits for */
    char halt_wait_note[SW_LINE_MAX]; /* the same in words; empty with NONE */
    char release_how[SW_LINE_MAX];    /* how a version that is not out yet will go out, or empty */
    struct sw_other_version other;
    /* Source-private JSON: the ids its verbs need. Kept in the cache, so that a
     * halt can use the last known ids when a read fails. malloc'd, may be NULL. */
    char *handle;
};
void sw_rollout_clear(struct sw_rollout *rollout);
/* Deep copy; `to` must be zeroed or cleared. */
void sw_rollout_copy(struct sw_rollout *to, const struct sw_rollout *from);

enum sw_side { SW_SIDE_NEW = 0, SW_SIDE_OLD = 1 };

/* One metric of one version over one window. */
struct sw_reading {
    enum sw_metric metric;
    enum sw_side side;
    int window_s;
    struct sw_value value;            /* percent 0..100 or ms */
    struct sw_value n, bad;
    int64_t observed_at_ms, true_for_ms;
    int stale_after_s;                /* how long it stands where that is longer than its source says:
                                         read less often than the source is asked, or late by the
                                         upstream's own design; 0: as the source says */
    char period[SW_WORD_MAX];         /* the upstream's fixed period, for people ("hour to 14:00
                                         UTC"); empty: a sliding window */
    char origin[SW_LINE_MAX];         /* query or resource, for people; no secrets */
};

/* Counted buckets of one metric, oldest first, for trends and the verdict. */
struct sw_series {
    enum sw_metric metric;
    enum sw_side side;
    int bucket_s;
    size_t count;
    struct sw_bucket *buckets;        /* malloc'd, owned by the series */
    int64_t observed_at_ms;
};

struct sw_issue_seen {
    char title[SW_LINE_MAX], culprit[SW_LINE_MAX], id[SW_WORD_MAX];
    int64_t events, users;            /* -1 unknown */
    int64_t first_seen_ms;
    bool is_new;
};

/* A build that testers have or will have, beside or before any store version. */
struct sw_build_seen {
    char version[SW_WORD_MAX];        /* marketing version; with build it names the build */
    char build[SW_WORD_MAX];
    char processing[SW_WORD_MAX];     /* the upstream's words; empty: not told */
    char internal[SW_WORD_MAX], external[SW_WORD_MAX];
    char beta_review[SW_WORD_MAX];
    int64_t uploaded_ms, expires_ms;
    int64_t sessions, crashes, installs; /* of testers, as far as the upstream counts; -1 unknown */
    int64_t observed_at_ms;
};

enum { SW_BODY_MAX = 400 };

/* A review that a user wrote of the version being rolled out. Never who wrote it. */
struct sw_review_seen {
    int rating;                       /* 1..5 */
    char title[SW_LINE_MAX];          /* empty where the store has no titles */
    char body[SW_BODY_MAX];           /* cut */
    char territory[SW_WORD_MAX];      /* the store's word for where, or the language */
    int64_t at_ms;
};

struct sw_alarm_seen {
    char name[SW_LABEL_MAX], state[SW_WORD_MAX], reason[SW_LINE_MAX];
    bool is_firing;
    int64_t since_ms, observed_at_ms;
};

struct sw_commit_seen {
    char id[16], subject[SW_LINE_MAX], author[SW_LABEL_MAX];
    int64_t at_ms;
};

enum { SW_COMMITS_SHOWN = 50 };

struct sw_tags_seen {
    char newest[SW_LABEL_MAX], newest_commit[48], previous[SW_LABEL_MAX];
    int64_t newest_at_ms, observed_at_ms;
    char note[SW_LINE_MAX];
    bool has_commits;
    size_t commit_count;              /* between the two tags */
    size_t shown_count;
    struct sw_commit_seen *commits;   /* malloc'd, shown_count of them */
};
