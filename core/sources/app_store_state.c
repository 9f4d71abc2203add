/* app_store_state.c: what a list of App Store versions means, in our words. Pure.
 *
 * STATE TABLE (written before the code; docs/sources/app_store.md shows it to people)
 *
 *   appVersionState (old appStoreState)      phased release   ours       percent set
 *   (no version)                                              NONE       unknown; with a build:
 *                                                             by the build, 0
 *   PREPARE_FOR_SUBMISSION                   any              BUILDING   0; with a build of it: by
 *                                                             the build (app_store_builds.c)
 *   READY_FOR_REVIEW, WAITING_FOR_REVIEW,    any              IN_REVIEW  0
 *     IN_REVIEW, ACCEPTED,
 *     WAITING_FOR_EXPORT_COMPLIANCE
 *   PENDING_DEVELOPER_RELEASE                any              READY      0, waits for `advance`
 *   PENDING_APPLE_RELEASE, PENDING_CONTRACT, any              READY      0, Apple or a person acts
 *     PREORDER_READY_FOR_SALE
 *   PROCESSING_FOR_DISTRIBUTION              PAUSED           HALTED     0
 *     (PROCESSING_FOR_APP_STORE)             others           ROLLING    0
 *   READY_FOR_DISTRIBUTION (READY_FOR_SALE)  none             COMPLETE   100
 *                                            INACTIVE         ROLLING    0, not started
 *                                            ACTIVE           ROLLING    table[currentDayNumber]
 *                                            PAUSED           HALTED     table[currentDayNumber]
 *                                            COMPLETE         COMPLETE   100, whatever the day says
 *                                            other, null      UNKNOWN    unknown
 *   REJECTED, METADATA_REJECTED,             any              FAILED     0
 *     INVALID_BINARY, DEVELOPER_REJECTED
 *   (REMOVED_FROM_SALE,                      any              FAILED     0, removed from sale
 *     DEVELOPER_REMOVED_FROM_SALE), or live and not on sale in any territory (app_store_sale.c)
 *   REPLACED_WITH_NEW_VERSION                any              history: only as previous version
 *   another word (NOT_APPLICABLE)            any              UNKNOWN    unknown, word shown
 *
 *   table = 1 2 5 10 20 50 100 % of the users with automatic updates on, days 1 to 7; a day
 *   outside is clamped, a null day is unknown.
 *
 * WHICH VERSION is the platform's, of the live one and the next: the next once it is released
 * (PROCESSING); else the live one while its phased release is active or about to be; a halted
 * live one gives way to a next one that is approved (the hotfix must be releasable); else the
 * next one unless it is only being prepared. The other one is told beside it, if it is in flight
 * itself: a version that everybody has is history. A train that is only in TestFlight counts as the
 * other one too.
 *
 * The next step's time is an estimate: day n ends n x 24 h after startDate and after the pauses
 * (seen so, not documented); of pauses that were watched the hours count, else Apple's whole days.
 * When that time is past, the first whole 24 h after it that is still to come. Never used to
 * compute a percent.
 *
 * Sources: App Store Connect Help "Release a version update in phases"; App Store Connect API,
 * OpenAPI document 4.4.1; tramlinehq/applelink (day 0 while INACTIVE); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* Source: App Store Connect Help "Release a version update in phases", read 2026-01. */
static const double day_percent[] = {1, 2, 5, 10, 20, 50, 100};
enum { DAYS = sizeof(day_percent) / sizeof(day_percent[0]) };

static struct sw_value known(double value)
{
    return (struct sw_value){value, true};
}

int asc_day_of(const struct asc_version *v)
{
    if (!v->day.is_known)
        return 0;
    return v->day.value < 1 ? 1 : v->day.value > DAYS ? DAYS : (int)v->day.value;
}

static struct sw_value table_percent(const struct asc_version *v)
{
    int day = asc_day_of(v);
    return day ? known(day_percent[day - 1]) : (struct sw_value){0};
}

/* ------------------------------------------------------------------ choice */

static bool is_out(const struct asc_version *v)
{
    return v->class == ASC_LIVE || v->class == ASC_REMOVED;
}

bool asc_is_phasing(const struct asc_version *v)
{
    return v->class == ASC_LIVE && v->phase != ASC_PHASE_NONE && v->phase != ASC_PHASE_COMPLETE &&
           v->phase != ASC_PHASE_PAUSED;
}

static const struct asc_version *live_of(const struct asc_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++)
        if (is_out(&versions->items[i]))
            return &versions->items[i];
    return NULL;
}

/* The newest one that is neither out nor history nor older than `live`. */
static const struct asc_version *next_of(const struct asc_versions *versions,
                                         const struct asc_version *live)
{
    const struct asc_version *preparing = NULL;
    for (size_t i = 0; i < versions->count; i++) {
        const struct asc_version *v = &versions->items[i];
        bool is_older = live && v->created_ms > 0 && v->created_ms < live->created_ms;
        if (is_older || is_out(v) || v->class == ASC_OLD)
            continue;
        if (v->class != ASC_PREPARING)
            return v;
        if (!preparing)
            preparing = v;
    }
    return preparing;
}

static bool is_next_first(const struct asc_version *live, const struct asc_version *next)
{
    if (next->class == ASC_PROCESSING)
        return true;
    if (asc_is_phasing(live))
        return false;
    if (live->class == ASC_LIVE && live->phase == ASC_PHASE_PAUSED)
        return next->class == ASC_RELEASABLE || next->class == ASC_WAITING;
    return next->class != ASC_PREPARING;
}

const struct asc_version *asc_pick(const struct asc_versions *versions,
                                   const struct asc_version **other)
{
    const struct asc_version *live = live_of(versions), *next = next_of(versions, live);
    *other = NULL;
    if (!live || !next)
        return live ? live : next;
    bool is_next = is_next_first(live, next);
    *other = is_next ? live : next;
    return is_next ? next : live;
}

/* ------------------------------------------------------------------ judging */

static void judge_live(const struct asc_version *v, struct sw_rollout *out)
{
    switch (v->phase) {
    case ASC_PHASE_NONE:
    case ASC_PHASE_COMPLETE:
        out->state = SW_STATE_COMPLETE;
        out->percent_set = known(100);
        break;
    case ASC_PHASE_INACTIVE:
        out->state = SW_STATE_ROLLING;
        out->percent_set = known(0);
        break;
    case ASC_PHASE_ACTIVE:
        out->state = SW_STATE_ROLLING;
        out->percent_set = table_percent(v);
        break;
    case ASC_PHASE_PAUSED:
        out->state = SW_STATE_HALTED;
        out->percent_set = table_percent(v);
        break;
    case ASC_PHASE_UNREAD:
    case ASC_PHASE_OTHER:
        out->state = SW_STATE_UNKNOWN;
        break;
    }
}

static void judge_state(const struct asc_version *v, struct sw_rollout *out)
{
    if (v->class == ASC_LIVE) {
        judge_live(v, out);
        return;
    }
    out->state = v->class == ASC_REMOVED ? SW_STATE_FAILED : asc_state_of(v->word);
    if (v->class == ASC_PROCESSING && v->phase == ASC_PHASE_PAUSED)
        out->state = SW_STATE_HALTED;
    if (out->state != SW_STATE_UNKNOWN)
        out->percent_set = known(0);
}

/* When day `day` ends, by the clock that began at startDate and stood during the pauses; 0 unknown.
 */
static int64_t day_end_ms(const struct asc_version *v, int day, int64_t now_ms)
{
    if (v->phase_start_ms <= 0 || now_ms < v->phase_start_ms)
        return 0;
    int64_t days = v->pause_days.is_known ? (int64_t)v->pause_days.value : 0;
    bool is_watched = v->pause.sum_ms >= 0 && v->pause.sum_ms / SW_DAY_MS == days;
    int64_t end_ms =
        v->phase_start_ms + day * SW_DAY_MS + (is_watched ? v->pause.sum_ms : days * SW_DAY_MS);
    if (end_ms <= now_ms)
        end_ms += ((now_ms - end_ms) / SW_DAY_MS + 1) * SW_DAY_MS;
    return end_ms;
}

/* What Apple does next by itself, as far as it has promised. */
static void judge_next(const struct asc_version *v, int64_t now_ms, struct sw_rollout *out)
{
    int day = asc_day_of(v);
    bool is_active = v->class == ASC_LIVE && v->phase == ASC_PHASE_ACTIVE;
    if (v->class == ASC_PROCESSING && v->phase != ASC_PHASE_PAUSED)
        out->next_percent = v->phase == ASC_PHASE_NONE ? known(100) : known(day_percent[0]);
    else if (v->class == ASC_LIVE && v->phase == ASC_PHASE_INACTIVE)
        out->next_percent = known(day_percent[0]);
    else if (is_active && day > 0 && day < DAYS)
        out->next_percent = known(day_percent[day]);
    out->is_next_estimated = out->next_percent.is_known;
    if (is_active && out->next_percent.is_known)
        out->next_at_ms = day_end_ms(v, day, now_ms);
}

static void judge_pause(const struct asc_version *v, struct sw_rollout *out)
{
    if (v->phase <= ASC_PHASE_UNREAD)
        return;
    bool is_begun = v->phase != ASC_PHASE_INACTIVE && is_out(v); /* before, the date is a plan */
    out->started_at_ms = is_begun ? v->phase_start_ms : 0;
    out->pause_days_used = v->pause_days;
    out->pause_days_total = known(SW_PAUSE_DAYS);
    out->paused_since_ms = v->pause.since_ms;
    out->is_pause_begin_seen = v->pause.is_begin_seen;
    out->pause_days_before = v->pause.before;
}

/* The train of TestFlight where it is this version's, or NULL. */
static const struct asc_train *train_of(const struct asc_version *v, const struct asc_train *train)
{
    bool is_its =
        v->class == ASC_PREPARING && train->version[0] && strcmp(v->version, train->version) == 0;
    return is_its ? train : NULL;
}

/* Without a store version: what testers have of the next one. */
static void judge_train(const struct asc_train *train, struct sw_other_version *out)
{
    sw_copy(out->version, sizeof(out->version), train->version);
    sw_copy(out->build, sizeof(out->build), train->build);
    sw_format(out->raw_state, sizeof(out->raw_state), "build %s", train->word);
    out->state = train->state;
    if (train->state != SW_STATE_UNKNOWN)
        out->percent_set = known(0);
}

static bool has_version(const struct asc_versions *versions, const char *label)
{
    for (size_t i = 0; i < versions->count; i++)
        if (strcmp(versions->items[i].version, label) == 0)
            return true;
    return false;
}

static void judge_other(const struct asc_versions *versions, const struct asc_version *other,
                        const struct asc_train *train, struct sw_other_version *out)
{
    bool is_history = other && other->class == ASC_LIVE && !asc_is_phasing(other) &&
                      other->phase != ASC_PHASE_PAUSED;
    if ((!other || is_history) && train->version[0] && !has_version(versions, train->version))
        judge_train(train, out);
    if (!other || is_history)
        return;
    struct sw_rollout judged = {0};
    const struct asc_train *its = train_of(other, train);
    judge_state(other, &judged);
    out->state = its ? its->state : judged.state;
    out->percent_set = judged.percent_set;
    sw_copy(out->version, sizeof(out->version), other->version);
    sw_copy(out->build, sizeof(out->build), other->build[0] || !its ? other->build : its->build);
    asc_words_of(other, its, out->raw_state, sizeof(out->raw_state));
}

/* --------------------------------------------------------------- previous */

/* What users had before: the live version before the next one, else the newest replaced one. */
static const struct asc_version *previous_of(const struct asc_versions *versions,
                                             const struct asc_version *target)
{
    bool is_after = false;
    for (size_t i = 0; i < versions->count; i++) {
        const struct asc_version *v = &versions->items[i];
        if (v == target)
            is_after = true;
        else if (is_after && (is_out(v) || v->class == ASC_OLD))
            return v;
    }
    return NULL;
}

static void judge_previous(const struct asc_versions *versions, const struct asc_version *v,
                           const struct sw_rollout *last, struct sw_rollout *out)
{
    const struct asc_version *previous = previous_of(versions, v);
    if (previous) {
        sw_copy(out->previous_version, sizeof(out->previous_version), previous->version);
        sw_copy(out->previous_build, sizeof(out->previous_build), previous->build);
    } else if (last && strcmp(last->identity, v->id) == 0) {
        sw_copy(out->previous_version, sizeof(out->previous_version), last->previous_version);
        sw_copy(out->previous_build, sizeof(out->previous_build), last->previous_build);
    }
}

static void judge_nothing(const struct asc_train *train, struct sw_rollout *out)
{
    struct sw_other_version seen = {0};
    out->state = SW_STATE_NONE;
    sw_copy(out->raw_state, sizeof(out->raw_state), "no version");
    if (!train->version[0])
        return;
    judge_train(train, &seen);
    out->state = seen.state;
    out->percent_set = seen.percent_set;
    sw_copy(out->version, sizeof(out->version), seen.version);
    sw_copy(out->build, sizeof(out->build), seen.build);
    sw_copy(out->raw_state, sizeof(out->raw_state), seen.raw_state);
    sw_copy(out->note, sizeof(out->note), "only in TestFlight: the store has no version of it yet");
}

void asc_judge(const struct asc_versions *versions, const struct asc_beside *beside,
               const struct sw_rollout *last, int64_t now_ms, struct sw_rollout *out)
{
    const struct asc_version *other = NULL, *v = asc_pick(versions, &other);
    if (!v) {
        judge_nothing(&beside->train, out);
        return;
    }
    const struct asc_train *train = train_of(v, &beside->train);
    judge_state(v, out);
    if (train)
        out->state = train->state;
    judge_next(v, now_ms, out);
    judge_pause(v, out);
    asc_words_of(v, train, out->raw_state, sizeof(out->raw_state));
    sw_copy(out->version, sizeof(out->version), v->version);
    sw_copy(out->build, sizeof(out->build), v->build[0] || !train ? v->build : train->build);
    sw_copy(out->identity, sizeof(out->identity), v->id);
    judge_previous(versions, v, last, out);
    judge_other(versions, other, &beside->train, &out->other);
    asc_release_how(v, out->release_how, sizeof(out->release_how));
    asc_note_of(v, other, &beside->sale, out->note, sizeof(out->note));
}
