/* app_store.h: what the app_store*.c files share. Private to them.
 *
 * app_store.c          what the kind is: options, operations, offers, the table entry
 * app_store_version.c  versions and phased releases as Apple writes them, and the handle. Pure
 * app_store_state.c    the state table. Pure
 * app_store_read.c     requests, Apple's errors in words, and the poll
 * app_store_act.c      the verbs
 * app_store_rights.c   which of them the key may use */
#pragma once

#include <jansson.h>

#include "sources/source.h"

/* ------------------------------------------------------------------- data */

/* What a version's state means for choosing which one the platform shows. */
enum asc_class {
    ASC_OTHER = 0,  /* a word never seen before */
    ASC_PREPARING,
    ASC_REVIEW,
    ASC_WAITING,    /* approved; Apple, a date or a contract is in the way, no verb of ours */
    ASC_RELEASABLE, /* approved; waits for us */
    ASC_PROCESSING, /* released, on its way */
    ASC_LIVE,
    ASC_REMOVED,    /* removed from sale */
    ASC_BROKEN,
    ASC_OLD,
};

enum asc_phase {
    ASC_PHASE_NONE = 0, /* no phased release: everybody at once */
    ASC_PHASE_UNREAD,   /* there may be one; the list did not tell */
    ASC_PHASE_OTHER,    /* a word never seen before, or null */
    ASC_PHASE_INACTIVE,
    ASC_PHASE_ACTIVE,
    ASC_PHASE_PAUSED,
    ASC_PHASE_COMPLETE,
};

enum { ASC_ID_MAX = 64, ASC_VERSIONS_MAX = 2000 };

struct asc_version {
    char id[ASC_ID_MAX];
    size_t order;                    /* in Apple's list */
    char version[SW_WORD_MAX];       /* "4.12.0" */
    char build[SW_WORD_MAX];         /* CFBundleVersion; empty: unknown */
    enum asc_class class;
    char word[SW_WORD_MAX];          /* appVersionState, else appStoreState */
    bool is_removed;                 /* the old appStoreState says so beside a live word */
    int64_t created_ms;              /* 0: not told */
    int64_t earliest_ms;             /* earliestReleaseDate; 0: none */
    enum asc_phase phase;
    char phase_word[SW_WORD_MAX];
    char phase_id[ASC_ID_MAX];
    int64_t phase_start_ms;          /* 0: not told */
    struct sw_value day, pause_days; /* currentDayNumber, totalPauseDuration */
};

struct asc_versions {
    size_t count;
    struct asc_version *items;       /* malloc'd */
};
void asc_versions_clear(struct asc_versions *versions);

/* Adds one page of a version list. Errors: SW_E_PARSE, SW_E_LIMIT. */
enum sw_code asc_versions_parse(const json_t *page, struct asc_versions *out,
                                struct sw_error *err);
/* Newest first by createdDate; Apple promises no order. */
void asc_versions_sort(struct asc_versions *versions);
/* Puts a phased release resource (or null) into a version. */
enum sw_code asc_phase_parse(const json_t *phase, struct asc_version *out, struct sw_error *err);
enum asc_class asc_class_of(const char *word);
enum sw_state asc_state_of(const char *word);
enum asc_phase asc_phase_of(const char *word);
/* Ids go into paths: letters, digits, '-', '_'. */
bool asc_is_id(const char *id);

/* The handle: the ids a verb needs, and the phases of all versions in flight. */
struct asc_entry {
    char id[ASC_ID_MAX], phase_id[ASC_ID_MAX]; /* phase_id empty: none */
    enum asc_class class;
    enum asc_phase phase;
};
enum { ASC_ENTRIES_MAX = 8 };
struct asc_handle {
    char app_id[ASC_ID_MAX];
    size_t count;
    struct asc_entry entries[ASC_ENTRIES_MAX];
};
char *asc_handle_write(const char *bundle_id, const char *app_id,
                       const struct asc_versions *versions);
/* It comes from a cache file, so everything is checked; false: of another bundle (NULL: any), or
 * damaged. */
bool asc_handle_read(const char *handle, const char *bundle_id, struct asc_handle *out);
const struct asc_entry *asc_handle_find(const struct asc_handle *handle, const char *version_id);

/* The version the platform shows, and the other one in flight or NULL. Sorted versions. */
const struct asc_version *asc_pick(const struct asc_versions *versions,
                                   const struct asc_version **other);
/* The state table applied: state, words, version, percent, pause days, next step, previous, note.
 * last (or NULL) gives the previous version where the list does not. Times of observation, place
 * and handle are the caller's. */
void asc_judge(const struct asc_versions *versions, const struct sw_rollout *last, int64_t now_ms,
               struct sw_rollout *out);

/* --------------------------------------------------------------- requests */

enum asc_operation {
    ASC_APPS_LIST = 0,
    ASC_VERSIONS_LIST,
    ASC_VERSION_GET,
    ASC_PHASE_GET,
    ASC_PHASE_UPDATE,
    ASC_RELEASE,
    ASC_PHASE_PROBE,
    ASC_RELEASE_PROBE,
    ASC_OPERATION_COUNT
};
extern const struct sw_operation asc_operations[ASC_OPERATION_COUNT];

/* Sends, and on an error status replaces err by Apple's own words with what they mean. json is the
 * reply (caller decrefs) and may be NULL where it does not matter. A 2xx body without `data` is
 * SW_E_PARSE. */
enum sw_code asc_exchange(struct sw_flow *flow, const struct sw_request *request,
                          const char *doing, json_t **json, struct sw_error *err);
/* The phased release of a version as it is now, put into *out. */
enum sw_code asc_phase_get(struct sw_flow *flow, const char *version_id, struct asc_version *out,
                           struct sw_error *err);
/* The state word of a version as it is now. */
enum sw_code asc_version_get(struct sw_flow *flow, const char *version_id,
                             char word[SW_WORD_MAX], struct sw_error *err);

/* ------------------------------------------------------------------ flows */

enum sw_code asc_observe(struct sw_flow *flow, struct sw_error *err);
enum sw_code asc_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);
bool asc_is_seen(const struct sw_act *act, const struct sw_rollout *now);
enum sw_code asc_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                        struct sw_error *err);
