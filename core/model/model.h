/* model.h: everything known, as the engine thread keeps it.
 *
 * The engine thread is the only writer and the only reader; sw_view_build
 * (view.h) makes an immutable snapshot of it for everybody else. Facts are put
 * in by the functions below, which replace what they supersede, so that the
 * reducer stays a list of calls. Strings marked "config" are borrowed from the
 * configuration, which the engine keeps alive as long as the model; all else
 * is owned. Zeroed facts mean "not known". Times are WORLD milliseconds. */
#pragma once

#include "model/shared_buckets.h"
#include "model/checklist.h"
#include "model/event.h"
#include "model/gate.h"
#include "model/judge.h"
#include "model/observation.h"
#include "model/offer.h"
#include "model/plan.h"

struct sw_model_reading {
    struct sw_reading reading;
    size_t source;        /* index into sources */
    bool is_cached;       /* read by an earlier run */
};

struct sw_model_series {
    struct sw_series series;    /* its buckets are those of `shared` */
    struct sw_shared_buckets *shared;  /* held; NULL: none */
    size_t source;
    bool is_cached;       /* read by an earlier run */
};

struct sw_model_issue {
    struct sw_issue_seen issue;
    size_t source;
};

struct sw_model_build {
    struct sw_build_seen build;
    size_t source;
};

struct sw_model_review {
    struct sw_review_seen review;
    size_t source;
};

struct sw_model_alarm {
    struct sw_alarm_seen alarm;
    size_t source;
};

struct sw_model_health_def {
    enum sw_metric metric;
    size_t source;        /* the first entry of a metric decides */
};

/* What the facts of a platform belong to, as digests: facts that were read under another binding
 * are another target's. Empty: not told, and then like another empty one. */
struct sw_model_binding {
    char rollout[33], health[33], alarms[33], tags[33];
};

/* What the platform's judgement was made of, so that it is made anew only when that has changed. */
struct sw_judged_by {
    uint64_t revision;            /* of the table */
    struct sw_judge_options options;
    const struct sw_fold *fold;   /* whose events were counted, and how many there were */
    size_t fold_count;
    unsigned event;
    int64_t event_ms;
};

/* What is known of a right: by asking (the rights command), or by how a verb of ours ended. Of this
 * run and this configuration only. */
struct sw_model_right {
    struct sw_right_seen seen;
    int64_t at_ms;        /* 0: nothing is known */
    bool is_of_verb;      /* a verb was refused; not asked since */
};

struct sw_model_platform {
    /* what it is: config */
    const char *id, *title;
    enum sw_kind kind;
    size_t includes_count;
    const char *const *includes;
    bool has_source;      /* a rollout is bound */
    size_t source;        /* index of the rollout's source */
    bool can_act;         /* its source kind can carry out verbs */
    bool is_stop_skipped, is_stop_rollback; /* by stop-everything; neither: halted */
    struct sw_plan plan;  /* of kind SERVICE: replaced by what the source reports */
    size_t gate_count;
    const struct sw_gate_rule *gates;
    size_t health_def_count;
    const struct sw_model_health_def *health_defs; /* owned by the engine with the config */
    bool has_alarm_source;
    size_t alarm_source;  /* index */
    struct sw_model_binding binding;

    /* what was read */
    bool has_rollout;
    bool is_rollout_cached;
    struct sw_rollout rollout;
    struct sw_source_offer offers[SW_VERB_COUNT];  /* of the source, for this rollout */
    struct sw_model_right rights[SW_VERB_COUNT];
    int64_t stage_since_ms;
    bool is_stage_since_ours;
    size_t reading_count;
    struct sw_model_reading *readings;
    size_t series_count;
    struct sw_model_series *series;
    size_t issue_count;
    struct sw_model_issue *issues;
    size_t build_count;
    struct sw_model_build *builds;
    size_t review_count;
    struct sw_model_review *reviews;
    size_t alarm_count;
    struct sw_model_alarm *alarms;
    struct sw_buckets buckets;     /* of both versions, kept over the rollout */
    struct sw_judged judgement; /* on them; view_verdict.h */
    struct sw_judged_by judged_by;
    bool has_tags;
    struct sw_tags_seen tags;
    size_t tags_source;
    char *override_text;  /* given for the present stage */
    int64_t halt_asked_ms;/* a halt asked by anybody and not yet seen or settled */
};

struct sw_model_source {
    const char *id, *kind, *title, *base_url; /* config */
    int interval_s, stale_after_s;
    bool is_fresh;        /* answered in this run */
    int64_t last_ok_at_ms, failing_since_ms, next_poll_at_ms;
    struct sw_error error;/* code SW_OK: none */
    struct sw_value latency_ms, budget_left, clock_skew_s;
    char budget_note[96];
    char advice[320];     /* what to change about its credential, or empty */
    int64_t polls, failures;
};

struct sw_model_action {
    uint64_t id, parent;
    char platform[SW_ID_MAX];
    enum sw_verb verb;
    char version[SW_WORD_MAX];
    int64_t asked_ms, accepted_ms, seen_ms;
    enum sw_result result;
    bool is_settlement;
    char text[SW_LINE_MAX + 120];
    struct sw_value percent_before, percent_after;
};

struct sw_model {
    bool is_read_only, is_simulation, has_polled_all;
    bool is_judging;                    /* some platform's table is not judged as it is now */
    bool is_cached;                     /* nothing has been read in this run yet */
    int64_t cached_at_ms;
    double speed;
    char release[SW_LABEL_MAX];         /* empty: unknown */
    char release_tag[SW_LABEL_MAX];
    char zone[64];
    char captain[SW_LABEL_MAX * 2];
    char *notice;
    bool is_ledger_ok;
    char *ledger_error;

    size_t platform_count;
    struct sw_model_platform *platforms;
    size_t source_count;
    struct sw_model_source *sources;

    bool has_checklist_config;          /* a checklist file is configured */
    bool has_checklist;                 /* and was read */
    struct sw_checklist_doc checklist;
    char *checklist_note;               /* why not */
    char checklist_file[SW_LABEL_MAX * 2], checklist_ref[SW_LABEL_MAX];
    int64_t checklist_observed_at_ms;

    struct sw_fold *fold;               /* ledger events; never NULL after init */
    size_t action_count;
    struct sw_model_action *actions;    /* newest first */
    uint64_t serial;                    /* of the last snapshot built */
};

void sw_model_init(struct sw_model *model);
void sw_model_clear(struct sw_model *model);
/* Frees the facts of one platform (readings, series, ...), keeps what it is. */
void sw_model_platform_forget(struct sw_model_platform *platform);

/* All copy in. */
void sw_model_put_rollout(struct sw_model_platform *platform, const struct sw_rollout *rollout);
void sw_model_put_reading(struct sw_model_platform *platform, size_t source,
                          const struct sw_reading *reading, bool is_cached);
void sw_model_put_series(struct sw_model_platform *platform, size_t source,
                         const struct sw_series *series);
/* Replaces the list this source gave before. */
void sw_model_put_issues(struct sw_model_platform *platform, size_t source,
                         const struct sw_issue_seen *issues, size_t count);
void sw_model_put_builds(struct sw_model_platform *platform, size_t source,
                         const struct sw_build_seen *builds, size_t count);
void sw_model_put_reviews(struct sw_model_platform *platform, size_t source,
                          const struct sw_review_seen *reviews, size_t count);
void sw_model_put_alarms(struct sw_model_platform *platform, size_t source,
                         const struct sw_alarm_seen *alarms, size_t count);
void sw_model_put_tags(struct sw_model_platform *platform, size_t source,
                       const struct sw_tags_seen *tags);
/* Readings, series, issues and reviews speak of one version; when the store shows
 * another one they are dropped, never shown under the new name. */
void sw_model_drop_health(struct sw_model_platform *platform);

/* NULL: none with this id. */
struct sw_model_platform *sw_model_platform(struct sw_model *model, const char *id);
struct sw_model_action *sw_model_action(struct sw_model *model, uint64_t id);
/* Adds a zeroed action in front; finished ones beyond 32 are dropped. */
struct sw_model_action *sw_model_add_action(struct sw_model *model, uint64_t id);

/* Owned text slots: frees the old one; NULL or empty clears. */
void sw_model_set_text(char **slot, const char *text);
