/*
 * The App Store as far as a release captain meets it: versions, builds, phased release.
 * Rules from Apple's App Store Connect API documentation and Help ("Release a version update in
 * phases"), read 2026. Pure; world time in ms. Strings of states are Apple's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    APPLE_VERSIONS_MAX = 8,
    APPLE_BUILDS_MAX = 16,
    APPLE_HAND_REVIEWS_MAX = 64, /* written by the admin endpoint */
    APPLE_TERRITORIES = 175,
};

enum apple_phase { APPLE_PHASE_NONE, APPLE_PHASE_INACTIVE, APPLE_PHASE_ACTIVE, APPLE_PHASE_PAUSED,
                   APPLE_PHASE_COMPLETE };

struct apple_version {
    char id[40];
    char version[32];        /* versionString */
    char state[40];          /* appVersionState */
    char release_type[20];   /* MANUAL, AFTER_APPROVAL, SCHEDULED */
    int64_t created_ms;
    char build_id[40];
    char build[32];          /* CFBundleVersion */
    int64_t uploaded_ms;
    int64_t earliest_ms;     /* earliestReleaseDate; 0 = none */
    int64_t live_at_ms;      /* PROCESSING_FOR_DISTRIBUTION ends then; 0 = not processing */
    int64_t went_live_ms;    /* 0 = never was */
    double one_star;         /* of its written reviews, fraction */
    enum apple_phase phase;  /* NONE = no phased release */
    char phase_id[40];
    int64_t phase_start_ms;  /* 0 = not started */
    int64_t phase_clock_ms;  /* time spent ACTIVE, up to phase_seen_ms */
    int64_t phase_paused_ms; /* time spent PAUSED, up to phase_seen_ms */
    int64_t phase_seen_ms;
    int phase_day;           /* currentDayNumber: 0 before the start, then 1..7; kept at COMPLETE */
};

/* A build in TestFlight; of a store version too, or of none yet. */
struct apple_build {
    char id[40];
    char version[32];        /* marketing version */
    char build[32];          /* CFBundleVersion: unique only with the version */
    int64_t uploaded_ms;
    char processing[16];     /* PROCESSING, FAILED, INVALID, VALID */
    char internal[40];
    char external[40];
    char beta_review[24];    /* empty = never submitted */
    int64_t installs, sessions, crashes; /* of testers, over the last days */
};

/* Written ones; ratings without text are nowhere. */
struct apple_review {
    char id[40];
    size_t version;          /* index into versions */
    int rating;              /* 1..5 */
    char title[64];
    char body[200];
    char nickname[32];
    char territory[4];
    int64_t created_ms;
};

struct apple_store {
    char app_id[16];
    char name[32];
    char bundle_id[48];
    struct apple_version versions[APPLE_VERSIONS_MAX]; /* oldest first */
    size_t n_versions;
    struct apple_build builds[APPLE_BUILDS_MAX];
    size_t n_builds;
    struct apple_review reviews[APPLE_HAND_REVIEWS_MAX];
    size_t n_reviews;
    bool is_unavailable[APPLE_TERRITORIES]; /* by index of apple_territories */
    int64_t sale_turns_ms;   /* until then territories are PROCESSING_TO_…; 0 = settled */
    int limit_per_hour;      /* 0 = 3600 */
    int limit_per_minute;    /* 0 = none, and no such bucket in the header */
    bool has_agreement_gap;  /* an agreement waits: every call is 403 */
};

enum apple_result {
    APPLE_OK,
    APPLE_NOT_FOUND,
    APPLE_SAME_VALUE,   /* "The phased release already has this value" */
    APPLE_FINAL_STATE,  /* "You cannot change the state of a phased release that is in a final state" */
    APPLE_BAD_STATE,    /* not allowed in the version's state (409 STATE_ERROR) */
    APPLE_BAD_VALUE,    /* unknown word (409 ENTITY_ERROR.ATTRIBUTE.INVALID) */
};

extern const char *const apple_territories[APPLE_TERRITORIES + 1]; /* "ESP"; ended by NULL */

struct apple_build *apple_build_by_id(struct apple_store *store, const char *id);
/* By marketing version and number. */
struct apple_build *apple_build_find(struct apple_store *store, const char *version,
                                     const char *build);
/* The store version made of this build, or NULL. */
const struct apple_version *apple_version_of_build(const struct apple_store *store,
                                                   const struct apple_build *build);
/* How many written reviews a version has at `now_ms`, and one of them. Newest first; pure. */
size_t apple_review_count(const struct apple_store *store, size_t version, int64_t now_ms);
void apple_review_at(const struct apple_store *store, size_t version, size_t index, int64_t now_ms,
                     struct apple_review *out);
/* Is the app for sale in no territory, and is that settled? Then phased releases stand still. */
bool apple_is_removed(const struct apple_store *store, int64_t now_ms);

struct apple_version *apple_version_by_id(struct apple_store *store, const char *id);
struct apple_version *apple_version_by_phase(struct apple_store *store, const char *phase_id);
const char *apple_phase_text(enum apple_phase phase); /* "ACTIVE"; NULL for NONE */
enum apple_phase apple_phase_parse(const char *text);  /* NONE = unknown word */
/* Percent of automatic-update users: 0 not started, 100 complete or no phase on a live version. */
double apple_percent(const struct apple_version *version);
int apple_pause_days(const struct apple_version *version); /* totalPauseDuration, whole days */

/* PATCH appStoreVersionPhasedReleases. */
enum apple_result apple_phase_set(struct apple_store *store, const char *phase_id,
                                  enum apple_phase phase, int64_t now_ms);
/* POST appStoreVersionPhasedReleases for a version not released yet. */
enum apple_result apple_phase_create(struct apple_store *store, const char *version_id,
                                     int64_t now_ms);
/* DELETE appStoreVersionPhasedReleases: only before the start. */
enum apple_result apple_phase_delete(struct apple_store *store, const char *phase_id);
/* POST appStoreVersionReleaseRequests: only from PENDING_DEVELOPER_RELEASE. */
enum apple_result apple_release(struct apple_store *store, const char *version_id,
                                int64_t now_ms);
/* Daily step, processing, 30 days of pause at most. */
void apple_advance(struct apple_store *store, int64_t now_ms);
