/*
 * The App Store as far as a release captain meets it: versions, builds, phased release.
 * Rules from Apple's App Store Connect API documentation and Help ("Release a version update in
 * phases"), read 2026. Pure; world time in ms. Strings of states are Apple's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APPLE_VERSIONS_MAX = 8 };

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
    int64_t live_at_ms;      /* PROCESSING_FOR_DISTRIBUTION ends then; 0 = not processing */
    enum apple_phase phase;  /* NONE = no phased release */
    char phase_id[40];
    int64_t phase_start_ms;  /* 0 = not started */
    int64_t phase_clock_ms;  /* time spent ACTIVE, up to phase_seen_ms */
    int64_t phase_paused_ms; /* time spent PAUSED, up to phase_seen_ms */
    int64_t phase_seen_ms;
    int phase_day;           /* currentDayNumber: 0 before the start, then 1..7; kept at COMPLETE */
};

struct apple_store {
    char app_id[16];
    char name[32];
    char bundle_id[48];
    struct apple_version versions[APPLE_VERSIONS_MAX]; /* oldest first */
    size_t n_versions;
};

enum apple_result {
    APPLE_OK,
    APPLE_NOT_FOUND,
    APPLE_SAME_VALUE,   /* "The phased release already has this value" */
    APPLE_FINAL_STATE,  /* "You cannot change the state of a phased release that is in a final state" */
    APPLE_BAD_STATE,    /* not allowed in the version's state (409 STATE_ERROR) */
    APPLE_BAD_VALUE,    /* unknown word (409 ENTITY_ERROR.ATTRIBUTE.INVALID) */
};

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
