/*
 * The App Store's versions and phased releases: see apple.h.
 * Sources: Apple, App Store Connect API, "App Store Version Phased Releases"; App Store Connect
 * Help, "Release a version update in phases" (the seven days, 30 days of pause), read 2026.
 */
#include "apple.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum {
    PHASE_DAYS = 7,
    PAUSE_DAYS_MAX = 30,
    /* "Processing for distribution" lasts minutes to hours; here eight minutes. */
    PROCESSING_MS = 8 * 60 * 1000,
};

static const struct {
    enum apple_phase phase;
    const char *text;
} phases[] = {
    {APPLE_PHASE_INACTIVE, "INACTIVE"},
    {APPLE_PHASE_ACTIVE, "ACTIVE"},
    {APPLE_PHASE_PAUSED, "PAUSED"},
    {APPLE_PHASE_COMPLETE, "COMPLETE"},
};

const char *apple_phase_text(enum apple_phase phase)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (phases[i].phase == phase)
            return phases[i].text;
    return NULL;
}

enum apple_phase apple_phase_parse(const char *text)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp(phases[i].text, text) == 0)
            return phases[i].phase;
    return APPLE_PHASE_NONE;
}

struct apple_version *apple_version_by_id(struct apple_store *store, const char *id)
{
    for (size_t i = 0; i < store->n_versions; i++)
        if (strcmp(store->versions[i].id, id) == 0)
            return &store->versions[i];
    return NULL;
}

struct apple_version *apple_version_by_phase(struct apple_store *store, const char *phase_id)
{
    for (size_t i = 0; i < store->n_versions; i++)
        if (store->versions[i].phase != APPLE_PHASE_NONE &&
            strcmp(store->versions[i].phase_id, phase_id) == 0)
            return &store->versions[i];
    return NULL;
}

static bool is_live(const struct apple_version *version)
{
    return strcmp(version->state, "READY_FOR_DISTRIBUTION") == 0;
}

double apple_percent(const struct apple_version *version)
{
    static const double table[PHASE_DAYS] = {1, 2, 5, 10, 20, 50, 100};

    if (strcmp(version->state, "REPLACED_WITH_NEW_VERSION") == 0)
        return 100; /* it was everyone's before the next one came */
    if (!is_live(version) || version->phase == APPLE_PHASE_INACTIVE)
        return 0;
    if (version->phase == APPLE_PHASE_NONE || version->phase == APPLE_PHASE_COMPLETE)
        return 100;
    int day = version->phase_day < 1 ? 1 : version->phase_day;
    return table[(day > PHASE_DAYS ? PHASE_DAYS : day) - 1];
}

int apple_pause_days(const struct apple_version *version)
{
    return (int)(version->phase_paused_ms / DAY_MS);
}

/* Lets the phase's clocks run up to `now_ms`, and takes the daily steps. An app that was removed
 * from sale phases no more (Help, "Release a version update in phases"). */
static void phase_run(struct apple_version *version, int64_t now_ms, bool is_standing)
{
    int64_t passed = now_ms - version->phase_seen_ms;

    version->phase_seen_ms = now_ms;
    if (passed <= 0)
        return;
    if (version->phase == APPLE_PHASE_PAUSED) {
        version->phase_paused_ms += passed;
        /* What happens after 30 days of pause is not documented; the simulator lets it go on. */
        if (version->phase_paused_ms >= PAUSE_DAYS_MAX * DAY_MS)
            version->phase = APPLE_PHASE_ACTIVE;
        return;
    }
    if (version->phase != APPLE_PHASE_ACTIVE || is_standing)
        return;

    version->phase_clock_ms += passed;
    int64_t days = version->phase_clock_ms / DAY_MS;
    version->phase_day = days >= PHASE_DAYS - 1 ? PHASE_DAYS : (int)days + 1;
    if (days >= PHASE_DAYS)
        version->phase = APPLE_PHASE_COMPLETE;
}

enum apple_result apple_phase_set(struct apple_store *store, const char *phase_id,
                                  enum apple_phase phase, int64_t now_ms)
{
    struct apple_version *version = apple_version_by_phase(store, phase_id);

    if (version == NULL)
        return APPLE_NOT_FOUND;
    if (phase == APPLE_PHASE_NONE)
        return APPLE_BAD_VALUE;
    phase_run(version, now_ms, apple_is_removed(store, now_ms));
    if (version->phase == APPLE_PHASE_COMPLETE)
        return APPLE_FINAL_STATE;
    if (version->phase == phase)
        return APPLE_SAME_VALUE;
    if (version->phase == APPLE_PHASE_INACTIVE || phase == APPLE_PHASE_INACTIVE)
        return APPLE_BAD_STATE; /* the release starts the clock, not this call */
    version->phase = phase;
    return APPLE_OK;
}

/* Source: Help, "Release a version update in phases": states in which it can be turned on. */
static bool may_add_phase(const char *state)
{
    static const char *const states[] = {
        "PREPARE_FOR_SUBMISSION", "WAITING_FOR_REVIEW",      "IN_REVIEW",
        "READY_FOR_REVIEW",       "WAITING_FOR_EXPORT_COMPLIANCE",
        "PENDING_DEVELOPER_RELEASE", "DEVELOPER_REJECTED",   "REJECTED",
        "METADATA_REJECTED",      "INVALID_BINARY",
    };

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i], state) == 0)
            return true;
    return false;
}

enum apple_result apple_phase_create(struct apple_store *store, const char *version_id,
                                     int64_t now_ms)
{
    struct apple_version *version = apple_version_by_id(store, version_id);

    if (version == NULL)
        return APPLE_NOT_FOUND;
    /* "Not for the first version of an app." */
    if (version == &store->versions[0] || version->phase != APPLE_PHASE_NONE ||
        !may_add_phase(version->state))
        return APPLE_BAD_STATE;
    version->phase = APPLE_PHASE_INACTIVE;
    version->phase_seen_ms = now_ms;
    snprintf(version->phase_id, sizeof version->phase_id, "5b1e%.32s", version->id + 4);
    return APPLE_OK;
}

enum apple_result apple_phase_delete(struct apple_store *store, const char *phase_id)
{
    struct apple_version *version = apple_version_by_phase(store, phase_id);

    if (version == NULL)
        return APPLE_NOT_FOUND;
    if (version->phase != APPLE_PHASE_INACTIVE)
        return APPLE_BAD_STATE;
    version->phase = APPLE_PHASE_NONE;
    return APPLE_OK;
}

enum apple_result apple_release(struct apple_store *store, const char *version_id, int64_t now_ms)
{
    struct apple_version *version = apple_version_by_id(store, version_id);

    if (version == NULL)
        return APPLE_NOT_FOUND;
    if (strcmp(version->state, "PENDING_DEVELOPER_RELEASE") != 0)
        return APPLE_BAD_STATE;
    snprintf(version->state, sizeof version->state, "PROCESSING_FOR_DISTRIBUTION");
    version->live_at_ms = now_ms + PROCESSING_MS;
    return APPLE_OK;
}

/* A newer version went live: it replaces what was live, and ends its phase. */
static void go_live(struct apple_store *store, struct apple_version *version, int64_t now_ms)
{
    for (size_t i = 0; i < store->n_versions; i++) {
        struct apple_version *old = &store->versions[i];
        if (!is_live(old))
            continue;
        snprintf(old->state, sizeof old->state, "REPLACED_WITH_NEW_VERSION");
        if (old->phase != APPLE_PHASE_NONE)
            old->phase = APPLE_PHASE_COMPLETE;
    }
    snprintf(version->state, sizeof version->state, "READY_FOR_DISTRIBUTION");
    version->live_at_ms = 0;
    version->went_live_ms = now_ms;
    if (version->phase == APPLE_PHASE_INACTIVE) {
        version->phase = APPLE_PHASE_ACTIVE;
        version->phase_start_ms = now_ms;
        version->phase_seen_ms = now_ms;
        version->phase_day = 1;
    }
}

void apple_advance(struct apple_store *store, int64_t now_ms)
{
    for (size_t i = 0; i < store->n_versions; i++) {
        struct apple_version *version = &store->versions[i];
        if (version->live_at_ms != 0 && now_ms >= version->live_at_ms)
            go_live(store, version, version->live_at_ms);
        phase_run(version, now_ms, apple_is_removed(store, now_ms));
    }
}
