/* app_store.h: what the app_store*.c files share. Private to them.
 *
 * app_store.c          what the kind is: options, operations, offers, the table entry
 * app_store_version.c  versions and phased releases as Apple writes them. Pure
 * app_store_handle.c   what is carried from one reading to the next: ids, pauses watched. Pure
 * app_store_state.c    the state table. Pure
 * app_store_words.c    raw words, notes, how a version will go out. Pure
 * app_store_request.c  requests, Apple's errors in words, pages
 * app_store_read.c     the poll
 * app_store_sale.c     whether the app is on sale
 * app_store_builds.c   what testers have
 * app_store_reviews.c  the health flow: written reviews
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

/* What was watched of a version's pauses. Apple tells whole days only. */
struct asc_pause {
    int64_t since_ms;                /* the first reading of the present pause; 0: not paused */
    bool is_begin_seen;              /* the reading just before showed it running */
    struct sw_value before;          /* totalPauseDuration at that reading */
    int64_t sum_ms;                  /* of the pauses before; -1: not all of them were watched */
};

struct asc_version {
    char id[ASC_ID_MAX];
    size_t order;                    /* in Apple's list */
    char version[SW_WORD_MAX];       /* "4.12.0" */
    char build[SW_WORD_MAX];         /* CFBundleVersion; empty: unknown */
    enum asc_class class;
    char word[SW_WORD_MAX];          /* appVersionState, else appStoreState */
    char release_type[SW_WORD_MAX];  /* MANUAL, AFTER_APPROVAL, SCHEDULED; empty: not told */
    char review_type[SW_WORD_MAX];   /* APP_STORE, NOTARIZATION */
    bool is_removed;                 /* the old appStoreState says so beside a live word */
    bool is_off_sale;                /* no territory sells it */
    int64_t created_ms;              /* 0: not told */
    int64_t earliest_ms;             /* earliestReleaseDate; 0: none */
    enum asc_phase phase;
    char phase_word[SW_WORD_MAX];
    char phase_id[ASC_ID_MAX];
    int64_t phase_start_ms;          /* 0: not told */
    struct sw_value day, pause_days; /* currentDayNumber, totalPauseDuration */
    struct asc_pause pause;
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

/* A field may be absent or null: only another code is an error. */
static inline bool asc_is_bad(enum sw_code code)
{
    return code != SW_OK && code != SW_E_NOT_FOUND;
}
/* The resource of this type and id in `included`, or NULL. */
const json_t *asc_included(const json_t *page, const char *type, const char *id);
/* A date that cannot be read is not known (0); it decides nothing that cannot be left open. */
int64_t asc_time_of(const json_t *json, const char *path);

/* ---------------------------------------------------- what stands beside it */

enum asc_sale_state {
    ASC_SALE_UNKNOWN = 0, /* not read, not allowed, or words that do not tell */
    ASC_SALE_ON,          /* in one territory at least */
    ASC_SALE_OFF,         /* removed from sale */
    ASC_SALE_LEAVING,     /* being removed: hours */
};
struct asc_sale {
    int64_t at_ms;        /* 0: never read */
    enum asc_sale_state state;
};

/* The newest builds, taken together: what there is before a store version is. */
struct asc_train {
    int64_t at_ms;        /* 0: never read */
    char version[SW_WORD_MAX], build[SW_WORD_MAX]; /* version empty: no build */
    char word[SW_WORD_MAX];                        /* Apple's, that decided */
    enum sw_state state;
};

struct asc_beside {
    struct asc_sale sale;
    struct asc_train train;
};

/* -------------------------------------------------------------- the handle
 * The ids a verb needs, the phases of all versions in flight, and what one reading leaves to the
 * next. */

struct asc_entry {
    char id[ASC_ID_MAX], phase_id[ASC_ID_MAX]; /* phase_id empty: none */
    enum asc_class class;
    enum asc_phase phase;
    int day;                                   /* currentDayNumber, 0 unknown */
    struct asc_pause pause;
};
enum { ASC_ENTRIES_MAX = 8 };
struct asc_handle {
    char app_id[ASC_ID_MAX];
    size_t count;
    struct asc_entry entries[ASC_ENTRIES_MAX];
    struct asc_beside beside;
};
char *asc_handle_write(const char *bundle_id, const char *app_id,
                       const struct asc_versions *versions, const struct asc_beside *beside);
/* It comes from a cache file, so everything is checked; false: of another bundle (NULL: any), or
 * damaged. */
bool asc_handle_read(const char *handle, const char *bundle_id, struct asc_handle *out);
const struct asc_entry *asc_handle_find(const struct asc_handle *handle, const char *version_id);

/* Goes on with what the reading before (last, of before->observed_at_ms; before may be NULL) knew
 * of each version's pauses. A gap of more than an hour between the two is no watching. */
void asc_watch(struct asc_versions *versions, const struct asc_handle *last,
               const struct sw_rollout *before, int64_t now_ms);

/* --------------------------------------------------------------- judgement */

/* The version the platform shows, and the other one in flight or NULL. Sorted versions. */
const struct asc_version *asc_pick(const struct asc_versions *versions,
                                   const struct asc_version **other);
/* Is its phased release under way, or may it be? */
bool asc_is_phasing(const struct asc_version *v);
/* 1..7, or 0: not known. */
int asc_day_of(const struct asc_version *v);
/* The state table applied: state, words, version, percent, pause days, next step, previous, the
 * other version, notes. last (or NULL) gives the previous version where the list does not. Times of
 * observation, place and handle are the caller's. */
void asc_judge(const struct asc_versions *versions, const struct asc_beside *beside,
               const struct sw_rollout *last, int64_t now_ms, struct sw_rollout *out);

/* Apple's words of a version; train (or NULL) adds its build's. */
void asc_words_of(const struct asc_version *v, const struct asc_train *train, char *out,
                  size_t size);
/* One sentence worth showing, or nothing. */
void asc_note_of(const struct asc_version *v, const struct asc_version *other,
                 const struct asc_sale *sale, char *out, size_t size);
/* How a version that is not out yet will go out, or nothing. */
void asc_release_how(const struct asc_version *v, char *out, size_t size);

/* --------------------------------------------------------------- requests */

enum asc_operation {
    ASC_APPS_LIST = 0,
    ASC_VERSIONS_LIST,
    ASC_VERSION_GET,
    ASC_PHASE_GET,
    ASC_BUILDS_LIST,
    ASC_BUILD_USAGES,
    ASC_AVAILABILITY_GET,
    ASC_TERRITORIES_LIST,
    ASC_REVIEWS_LIST,
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
/* A list, page after page. links.next is followed on our own host only. */
struct asc_listing {
    struct sw_request request; /* of the first page */
    const char *doing;         /* for errors; borrowed */
    int pages_max;             /* one more is SW_E_LIMIT, unless take says it is enough */
    enum sw_code (*take)(void *arg, const json_t *page, bool *is_enough, struct sw_error *err);
};
enum sw_code asc_list(struct sw_flow *flow, const struct asc_listing *listing, void *arg,
                      struct sw_error *err);

/* The phased release of a version as it is now, put into *out. */
enum sw_code asc_phase_get(struct sw_flow *flow, const char *version_id, struct asc_version *out,
                           struct sw_error *err);
/* The state word of a version as it is now. */
enum sw_code asc_version_get(struct sw_flow *flow, const char *version_id,
                             char word[SW_WORD_MAX], struct sw_error *err);

/* ------------------------------------------------------------------ flows */

const char *asc_bundle_of(const struct sw_target *target);

/* Reads the territories where the app is on sale, when it is time; *sale is what was known, and
 * stays where nothing new is read. A key that may not read them is no error. */
enum sw_code asc_sale_read(struct sw_flow *flow, const char *app_id,
                           const struct asc_versions *versions, struct asc_sale *sale,
                           struct sw_error *err);
/* Takes live versions for removed where no territory sells the app. */
void asc_sale_apply(const struct asc_sale *sale, struct asc_versions *versions);
/* A page of territoryAvailabilities, counted. */
struct asc_territories {
    int total, available, cannot_sell, leaving;
};
enum sw_code asc_territories_parse(const json_t *page, struct asc_territories *out,
                                   struct sw_error *err);
enum asc_sale_state asc_sale_judge(const struct asc_territories *territories);

/* Reads what testers have, when it is time, and reports it; as asc_sale_read. */
enum sw_code asc_builds_read(struct sw_flow *flow, const struct sw_target *target,
                             const char *app_id, const struct asc_versions *versions,
                             struct asc_train *train, struct sw_error *err);
struct asc_build {
    char id[ASC_ID_MAX];
    struct sw_build_seen seen;
};
enum { ASC_BUILDS_MAX = 20 };
struct asc_builds {
    size_t count;
    struct asc_build items[ASC_BUILDS_MAX]; /* newest first */
};
/* One page; builds that expired are left out. */
enum sw_code asc_builds_parse(const json_t *page, struct asc_builds *out, struct sw_error *err);
/* Only those of versions that the store does not have yet or did not release, and the one that a
 * phased release is giving out. */
void asc_builds_keep_new(struct asc_builds *builds, const struct asc_versions *versions);
void asc_train_judge(const struct asc_builds *builds, struct asc_train *out);
/* Adds up a page of betaBuildUsages. */
enum sw_code asc_usages_parse(const json_t *page, struct sw_build_seen *out, struct sw_error *err);

enum sw_code asc_reviews_observe(struct sw_flow *flow, const struct sw_target *target,
                                 struct sw_error *err);

enum sw_code asc_observe(struct sw_flow *flow, struct sw_error *err);
enum sw_code asc_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);
bool asc_is_seen(const struct sw_act *act, const struct sw_rollout *now);
enum sw_code asc_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                        struct sw_error *err);
