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
    struct sw_value pause_days_used, pause_days_total;
    struct sw_value next_percent;     /* store-driven next step */
    int64_t next_at_ms;
    bool is_next_estimated;
    char place[SW_LABEL_MAX];         /* "Play, track production" */
    char note[SW_LINE_MAX];           /* one sentence worth showing, or empty */
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
