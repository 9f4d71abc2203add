/* google_play.h: what the google_play*.c files share. Private to them.
 *
 * google_play.c        what the kind is: options, operations, offers, the table entry
 * google_play_track.c  tracks, review states and the handle, read and written. Pure
 * google_play_state.c  the state table. Pure
 * google_play_testing.c  the testing tracks beside the platform's own
 * google_play_reviews.c  written reviews: the one-star share
 * google_play_edit.c   requests, edits, and Google's errors in words
 * google_play_read.c   the poll
 * google_play_act.c    the verbs
 * google_play_rights.c whether the account may use them */
#pragma once

#include <jansson.h>

#include "sources/source.h"

/* ------------------------------------------------------------------- data */

enum gplay_status {
    GPLAY_STATUS_UNKNOWN = 0, /* a word never seen before, or statusUnspecified */
    GPLAY_DRAFT,
    GPLAY_IN_PROGRESS,
    GPLAY_HALTED,
    GPLAY_COMPLETED,
    GPLAY_UNREAD, /* known from the review state only, not yet from an edit */
};

/* releaseLifecycleState, which needs no edit. */
enum gplay_life {
    GPLAY_LIFE_ABSENT = 0, /* not listed, or not asked */
    GPLAY_LIFE_OTHER,      /* a word never seen before, or UNSPECIFIED */
    GPLAY_LIFE_DRAFT,
    GPLAY_LIFE_NOT_SENT,
    GPLAY_LIFE_IN_REVIEW,
    GPLAY_LIFE_APPROVED,   /* APPROVED_NOT_PUBLISHED: managed publishing waits for a person */
    GPLAY_LIFE_REJECTED,   /* NOT_APPROVED */
    GPLAY_LIFE_PUBLISHED,
};

enum {
    GPLAY_RELEASES_MAX = 24,  /* a track has a handful; the review list at most 20 */
    GPLAY_CODES_MAX = 32,     /* APKs of one release */
    GPLAY_DIGEST_MAX = 1024,
    GPLAY_COUNTRIES_MAX = 512, /* some 80 countries */
};

struct gplay_release {
    char name[SW_LABEL_MAX];        /* free text of the team */
    int64_t codes[GPLAY_CODES_MAX];
    size_t code_count;
    int64_t code;                   /* the highest: the release's identity; 0: none */
    enum gplay_status status;
    char status_word[SW_WORD_MAX];  /* as sent */
    struct sw_value fraction;       /* userFraction, 0..1; unknown: absent */
    char countries[GPLAY_COUNTRIES_MAX]; /* countryTargeting as sent, JSON; empty: none or longer */
    size_t country_count;           /* it goes to these alone; 0: no such limit is known */
    enum gplay_life life;
    char life_word[SW_WORD_MAX];    /* as sent, without its prefix */
    bool was_published;             /* seen PUBLISHED once under this code */
};

struct gplay_track {
    size_t count;
    struct gplay_release releases[GPLAY_RELEASES_MAX];
};

/* Reads a Track of the API. Errors: SW_E_PARSE, SW_E_LIMIT. */
enum sw_code gplay_track_parse(const json_t *track, struct gplay_track *out, struct sw_error *err);
/* Reads a ListReleaseSummariesResponse: releases with status UNREAD. */
enum sw_code gplay_lives_parse(const json_t *list, struct gplay_track *out, struct sw_error *err);
/* Puts the review states of lives into track; releases it does not have are added as UNREAD. */
void gplay_track_merge(struct gplay_track *track, const struct gplay_track *lives);
/* A text that changes when a release appears, goes or changes its review state. */
void gplay_lives_digest(const struct gplay_track *lives, char out[GPLAY_DIGEST_MAX]);
/* The release that has this version code, or NULL. */
const struct gplay_release *gplay_track_find(const struct gplay_track *track, int64_t code);

/* The version label in a release's name: "2.15.3 (20250114.1)", "41200 (4.12.0)" and "v4.12.0"
 * all hold one; a name without anything like it is the label itself. */
void gplay_label(const char *name, char *out, size_t size);
/* A positive version code in decimal, nothing else; 0: it is none. */
int64_t gplay_code(const char *text);
/* The edit's fraction as percent, without the noise of binary fractions. */
double gplay_percent(double fraction);

/* Puts the countries a release is limited to into its JSON, as they were sent. */
void gplay_countries_put(const struct gplay_release *release, json_t *json);

/* ------------------------------------------------------------ testing tracks */

enum { GPLAY_TESTS_MAX = 24, GPLAY_TRACK_NAME_MAX = 48 };

/* A release on a testing track of the same form factor. */
struct gplay_test {
    char track[GPLAY_TRACK_NAME_MAX];
    char name[SW_LABEL_MAX];
    int64_t code;
    enum gplay_status status;
    char status_word[SW_WORD_MAX];
    struct sw_value fraction; /* 0..1 */
};

struct gplay_tests {
    size_t count;
    struct gplay_test items[GPLAY_TESTS_MAX];
};

enum gplay_status gplay_status_of(const char *word);
/* Internal testing: `internal` or `qa`, of any form factor. */
bool gplay_is_internal(const char *track);
/* The same name, or the two names of internal testing. */
bool gplay_is_same_track(const char *a, const char *b);
/* The other name of internal testing. */
void gplay_track_synonym(const char *track, char *out, size_t size);
/* From a TracksListResponse; own: the platform's track. */
void gplay_tests_read(const json_t *list, const char *own, struct gplay_tests *out);
json_t *gplay_tests_json(const struct gplay_tests *tests);
void gplay_handle_tests(const char *handle, struct gplay_tests *out);
/* A rollout judged NONE becomes TESTING where a testing track has a release. */
void gplay_judge_testing(const struct gplay_tests *tests, struct sw_rollout *out);
/* Where the rollout's version, and newer ones that its track does not have, stand. */
void gplay_tests_report(struct sw_flow *flow, const struct sw_target *target,
                        const struct gplay_track *own, const struct sw_rollout *rollout,
                        const struct gplay_tests *tests);

/* ------------------------------------------------------------------- handle */

/* The handle: what a verb needs and a later poll compares with. */
char *gplay_handle_write(const char *package, const char *track_name, int64_t code,
                         const struct gplay_track *track, const struct gplay_tests *tests,
                         const char *digest);
/* It comes from a cache file, so everything is checked; false: of another package or track (NULL:
 * any), or damaged. digest may be NULL. */
bool gplay_handle_read(const char *handle, const char *package, const char *track_name,
                       struct gplay_track *out, int64_t *code, char digest[GPLAY_DIGEST_MAX]);

/* Is a halt configured that users do not feel yet (a review, or a person, stands before it)? */
bool gplay_is_halt_waiting(const struct gplay_release *release);
/* The state table applied: state, words, version, percent, previous, note. last (or NULL) gives
 * the previous version where the track no longer lists it. Times and handle are the caller's. */
void gplay_judge(const struct gplay_track *track, const struct sw_rollout *last,
                 struct sw_rollout *out);

/* --------------------------------------------------------------- requests */

enum gplay_operation {
    GPLAY_EDITS_INSERT = 0,
    GPLAY_EDITS_DELETE,
    GPLAY_EDITS_COMMIT,
    GPLAY_EDITS_VALIDATE,
    GPLAY_TRACKS_LIST,
    GPLAY_TRACKS_UPDATE,
    GPLAY_RELEASES_LIST,
    GPLAY_REVIEWS_LIST,
    GPLAY_OPERATION_COUNT
};
extern const struct sw_operation gplay_operations[GPLAY_OPERATION_COUNT];

/* What a refusal means for the flow. */
enum gplay_fault {
    GPLAY_FAULT_OTHER = 0,
    GPLAY_FAULT_EDIT_GONE,  /* somebody opened or committed another edit: start over */
    GPLAY_FAULT_COMMITTED,  /* this very edit has been committed already */
    GPLAY_FAULT_IN_REVIEW,  /* the commit would have cancelled a review */
    GPLAY_FAULT_NOT_SENT,   /* only a person in the console can send changes for review */
};

enum { GPLAY_EDIT_ID_MAX = 72 };

const char *gplay_package(const struct sw_target *target);
const char *gplay_track_name(const struct sw_target *target);

/* Sends, and on an error status replaces err by Google's own words with what they mean. doing:
 * "reading the tracks of com.acme.app". fault may be NULL. */
enum sw_code gplay_exchange(struct sw_flow *flow, const struct sw_request *request,
                            const char *doing, struct sw_reply *reply, enum gplay_fault *fault,
                            struct sw_error *err);

/* One edit at a time per package and service account, in all processes. */
enum sw_code gplay_lock(struct sw_flow *flow, const char *package, struct sw_error *err);
void gplay_unlock(struct sw_flow *flow, const char *package);
/* Must a poll give up its edit, because an action of any process waits? */
bool gplay_is_lock_wanted(const struct sw_flow *flow, const char *package);
enum sw_code gplay_edit_open(struct sw_flow *flow, const char *package,
                             char edit[GPLAY_EDIT_ID_MAX], struct sw_error *err);
/* Best effort: an edit left open expires by itself, or dies with the next one. */
void gplay_edit_drop(struct sw_flow *flow, const char *package, const char *edit);
/* All tracks as the edit sees them; *out is the reply, the caller decrefs. */
enum sw_code gplay_edit_tracks(struct sw_flow *flow, const char *package, const char *edit,
                               json_t **out, enum gplay_fault *fault, struct sw_error *err);
/* The track of that name in a TracksListResponse. Errors: SW_E_NOT_FOUND names those there are. */
enum sw_code gplay_tracks_pick(const json_t *list, const char *track_name, json_t **out,
                               struct sw_error *err);

/* ------------------------------------------------------------------ flows */

/* google_play_reviews.c */
enum sw_code gplay_reviews_observe(struct sw_flow *flow, struct sw_error *err);

enum sw_code gplay_observe(struct sw_flow *flow, struct sw_error *err);
enum sw_code gplay_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);
bool gplay_is_seen(const struct sw_act *act, const struct sw_rollout *now);
enum sw_code gplay_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                          struct sw_error *err);
