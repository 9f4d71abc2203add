/* The App Store by hand: as Apple, its reviewers, testers and users would change it. */
#include "admin_change.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static struct apple_version *version_of(struct change *change, json_t *object)
{
    struct apple_store *store = &change->sim->world->apple;

    for (size_t i = 0; i < store->n_versions; i++)
        if (strcmp(store->versions[i].version, admin_text(object, "version")) == 0)
            return &store->versions[i];
    admin_bad(change, "apple: no such version");
    return NULL;
}

static bool set_phase(struct change *change, json_t *object, struct apple_version *version)
{
    if (json_object_get(object, "phase") == NULL)
        return true;
    enum apple_phase phase = apple_phase_parse(admin_text(object, "phase"));
    if (phase == APPLE_PHASE_NONE && strcmp(admin_text(object, "phase"), "NONE") != 0)
        return admin_bad(change, "apple: phase must be NONE, INACTIVE, ACTIVE, PAUSED or COMPLETE");
    version->phase = phase;
    version->phase_seen_ms = change->sim->world->now_ms;
    if (phase == APPLE_PHASE_INACTIVE) { /* as before the release */
        version->phase_start_ms = 0;
        version->phase_clock_ms = 0;
        version->phase_paused_ms = 0;
        version->phase_day = 0;
    }
    return true;
}

static bool set_day(struct change *change, json_t *object, struct apple_version *version)
{
    double day = version->phase_day;
    double paused = apple_pause_days(version);

    if (!admin_number(change, object, "day", 1, 7, &day) ||
        !admin_number(change, object, "pause_days", 0, 30, &paused))
        return false;
    if ((int)day != version->phase_day) {
        version->phase_day = (int)day;
        version->phase_clock_ms = (int64_t)(day - 1) * 24 * 3600 * 1000;
    }
    if ((int)paused != apple_pause_days(version))
        version->phase_paused_ms = (int64_t)(paused * 24 * 3600 * 1000);
    return true;
}

/* {"version", "phase", "state", "day", "pause_days", "release_type", "earliest_in_s"} */
bool admin_set_apple(struct change *change, json_t *object)
{
    static const char *const known[] = {"version",      "phase",         "state", "day",
                                        "pause_days",   "release_type",  "earliest_in_s",
                                        NULL};
    struct apple_version *version = NULL;
    double in_s = -1;

    if (!admin_only(change, object, known) || (version = version_of(change, object)) == NULL)
        return false;
    if (!set_phase(change, object, version) ||
        !admin_copy(change, object, "state", version->state, sizeof version->state) ||
        !admin_copy(change, object, "release_type", version->release_type,
                    sizeof version->release_type) ||
        !admin_number(change, object, "earliest_in_s", 0, 90.0 * 24 * 3600, &in_s))
        return false;
    if (in_s >= 0)
        version->earliest_ms = change->sim->world->now_ms + (int64_t)(in_s * 1000);
    return set_day(change, object, version);
}

static bool set_counts(struct change *change, json_t *object, struct apple_build *build)
{
    double installs = (double)build->installs;
    double sessions = (double)build->sessions;
    double crashes = (double)build->crashes;

    if (!admin_number(change, object, "installs", 0, 1e9, &installs) ||
        !admin_number(change, object, "sessions", 0, 1e9, &sessions) ||
        !admin_number(change, object, "crashes", 0, 1e9, &crashes))
        return false;
    build->installs = (int64_t)installs;
    build->sessions = (int64_t)sessions;
    build->crashes = (int64_t)crashes;
    return true;
}

/* Uploaded now; Apple's processing begins. */
static struct apple_build *new_build(struct change *change, json_t *object)
{
    struct apple_store *store = &change->sim->world->apple;

    if (store->n_builds == APPLE_BUILDS_MAX || admin_text(object, "version")[0] == '\0' ||
        admin_text(object, "build")[0] == '\0')
        return NULL;
    struct apple_build *build = &store->builds[store->n_builds++];
    *build = (struct apple_build){.processing = "PROCESSING",
                                  .internal = "PROCESSING",
                                  .external = "PROCESSING",
                                  .uploaded_ms = change->sim->world->now_ms};
    snprintf(build->id, sizeof build->id, "b0b0%04zx-0000-4000-8000-000000000000",
             store->n_builds);
    return build;
}

/* {"version", "build", "processing", "internal", "external", "beta_review", "installs",
 * "sessions", "crashes"}; a build that is not there is uploaded. */
bool admin_set_build(struct change *change, json_t *object)
{
    static const char *const known[] = {"version",     "build",    "processing", "internal",
                                        "external",    "installs", "sessions",   "crashes",
                                        "beta_review", NULL};
    if (!admin_only(change, object, known))
        return false;
    struct apple_build *build =
        apple_build_find(&change->sim->world->apple, admin_text(object, "version"),
                         admin_text(object, "build"));
    if (build == NULL)
        build = new_build(change, object);
    if (build == NULL)
        return admin_bad(change, "apple_build: no room, or no version and build");
    return admin_copy(change, object, "version", build->version, sizeof build->version) &&
           admin_copy(change, object, "build", build->build, sizeof build->build) &&
           admin_copy(change, object, "processing", build->processing,
                      sizeof build->processing) &&
           admin_copy(change, object, "internal", build->internal, sizeof build->internal) &&
           admin_copy(change, object, "external", build->external, sizeof build->external) &&
           admin_copy(change, object, "beta_review", build->beta_review,
                      sizeof build->beta_review) &&
           set_counts(change, object, build);
}

/* {"version", "rating", "title", "body", "territory"}: somebody writes it now. */
bool admin_set_review(struct change *change, json_t *object)
{
    static const char *const known[] = {"version", "rating", "title", "body", "territory", NULL};
    struct apple_store *store = &change->sim->world->apple;
    struct apple_version *version = NULL;
    double rating = 1;

    if (!admin_only(change, object, known) || (version = version_of(change, object)) == NULL)
        return false;
    if (store->n_reviews == APPLE_HAND_REVIEWS_MAX)
        return admin_bad(change, "apple_review: no room");
    struct apple_review review = {.version = (size_t)(version - store->versions),
                                  .territory = "ESP",
                                  .nickname = "somebody",
                                  .created_ms = change->sim->world->now_ms};
    if (!admin_number(change, object, "rating", 1, 5, &rating) ||
        !admin_copy(change, object, "title", review.title, sizeof review.title) ||
        !admin_copy(change, object, "body", review.body, sizeof review.body) ||
        !admin_copy(change, object, "territory", review.territory, sizeof review.territory))
        return false;
    review.rating = (int)rating;
    snprintf(review.id, sizeof review.id, "00000095-ffff-4000-8000-%012zx", store->n_reviews);
    store->reviews[store->n_reviews++] = review;
    return true;
}

/* {"version", "one_star"}: the share of its written reviews that have one star. */
bool admin_set_reviews(struct change *change, json_t *object)
{
    static const char *const known[] = {"version", "one_star", NULL};
    struct apple_version *version = NULL;

    return admin_only(change, object, known) && (version = version_of(change, object)) != NULL &&
           admin_number(change, object, "one_star", 0, 1, &version->one_star);
}

/* {"available", "hours", "territory"}: everywhere without a territory; `hours` until it is settled. */
bool admin_set_sale(struct change *change, json_t *object)
{
    static const char *const known[] = {"available", "hours", "territory", NULL};
    struct apple_store *store = &change->sim->world->apple;
    const char *territory = admin_text(object, "territory");
    bool is_available = true;
    double hours = 0;
    size_t set = 0;

    if (!admin_only(change, object, known) ||
        !admin_flag(change, object, "available", &is_available) ||
        !admin_number(change, object, "hours", 0, 100, &hours))
        return false;
    for (size_t i = 0; i < APPLE_TERRITORIES; i++)
        if (territory[0] == '\0' || strcmp(territory, apple_territories[i]) == 0) {
            store->is_unavailable[i] = !is_available;
            set++;
        }
    store->sale_turns_ms = change->sim->world->now_ms + (int64_t)(hours * 3600 * 1000);
    return set > 0 || admin_bad(change, "apple_sale: no such territory");
}

/* {"limit_hour", "limit_minute", "agreements_ok"} */
bool admin_set_apple_app(struct change *change, json_t *object)
{
    static const char *const known[] = {"limit_hour", "limit_minute", "agreements_ok", NULL};
    struct apple_store *store = &change->sim->world->apple;
    double hour = store->limit_per_hour;
    double minute = store->limit_per_minute;
    bool is_ok = !store->has_agreement_gap;

    if (!admin_only(change, object, known) ||
        !admin_number(change, object, "limit_hour", 0, 1e6, &hour) ||
        !admin_number(change, object, "limit_minute", 0, 1e6, &minute) ||
        !admin_flag(change, object, "agreements_ok", &is_ok))
        return false;
    store->limit_per_hour = (int)hour;
    store->limit_per_minute = (int)minute;
    store->has_agreement_gap = !is_ok;
    return true;
}
