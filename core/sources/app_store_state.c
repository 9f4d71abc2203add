/* app_store_state.c: what a list of App Store versions means, in our words. Pure.
 *
 * STATE TABLE (written before the code; docs/sources/app_store.md shows it to people)
 *
 *   appVersionState (old appStoreState)      phased release   ours       percent set
 *   (no version)                                              NONE       unknown
 *   PREPARE_FOR_SUBMISSION                   any              BUILDING   0
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
 *     DEVELOPER_REMOVED_FROM_SALE)
 *   REPLACED_WITH_NEW_VERSION                any              history: only as previous version
 *   another word                             any              UNKNOWN    unknown, word shown
 *
 *   table = 1 2 5 10 20 50 100 % of the users with automatic updates on, days 1 to 7; a day
 *   outside is clamped, a null day is unknown.
 *
 * WHICH VERSION is the platform's, of the live one and the next: the next once it is released
 * (PROCESSING); else the live one while its phased release is active or about to be; a halted
 * live one gives way to a next one that is approved (the hotfix must be releasable); else the
 * next one unless it is only being prepared. The other one is named in the note.
 *
 * The next step's time is an estimate: the first whole multiple of 24 h since startDate that is
 * still to come (seen so, not documented), never used to compute a percent.
 *
 * Sources: App Store Connect Help "Release a version update in phases"; App Store Connect API,
 * OpenAPI document 4.4.1; tramlinehq/applelink (day 0 while INACTIVE); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* Source: App Store Connect Help "Release a version update in phases", read 2026-01. */
static const double day_percent[] = {1, 2, 5, 10, 20, 50, 100};
enum { DAYS = sizeof(day_percent) / sizeof(day_percent[0]), PAUSE_DAYS = 30, PAUSE_WARN = 25 };

static struct sw_value known(double value)
{
    return (struct sw_value){value, true};
}

/* 1..7, or 0: not known. */
static int day_of(const struct asc_version *v)
{
    if (!v->day.is_known)
        return 0;
    return v->day.value < 1 ? 1 : v->day.value > DAYS ? DAYS : (int)v->day.value;
}

static struct sw_value table_percent(const struct asc_version *v)
{
    int day = day_of(v);
    return day ? known(day_percent[day - 1]) : (struct sw_value){0};
}

/* ------------------------------------------------------------------ choice */

static bool is_out(const struct asc_version *v)
{
    return v->class == ASC_LIVE || v->class == ASC_REMOVED;
}

/* Is its phased release under way, or may it be? */
static bool is_phasing(const struct asc_version *v)
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
    if (is_phasing(live))
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

/* What Apple does next by itself, as far as it has promised. */
static void judge_next(const struct asc_version *v, int64_t now_ms, struct sw_rollout *out)
{
    int day = day_of(v);
    bool is_active = v->class == ASC_LIVE && v->phase == ASC_PHASE_ACTIVE;
    if (v->class == ASC_PROCESSING && v->phase != ASC_PHASE_PAUSED)
        out->next_percent = v->phase == ASC_PHASE_NONE ? known(100) : known(day_percent[0]);
    else if (v->class == ASC_LIVE && v->phase == ASC_PHASE_INACTIVE)
        out->next_percent = known(day_percent[0]);
    else if (is_active && day > 0 && day < DAYS)
        out->next_percent = known(day_percent[day]);
    out->is_next_estimated = out->next_percent.is_known;
    if (!is_active || !out->next_percent.is_known || v->phase_start_ms <= 0 ||
        now_ms < v->phase_start_ms)
        return;
    int64_t steps = (now_ms - v->phase_start_ms) / SW_DAY_MS + 1;
    out->next_at_ms = v->phase_start_ms + steps * SW_DAY_MS;
}

static void words_of(const struct asc_version *v, char *out, size_t size)
{
    char day[24] = "";
    int number = day_of(v);
    if ((v->phase == ASC_PHASE_ACTIVE || v->phase == ASC_PHASE_PAUSED) && number > 0)
        sw_format(day, sizeof(day), " day %d", number);
    bool has_phase = v->phase > ASC_PHASE_UNREAD;
    sw_format(out, size, "%s%s%s%s%s", v->word, v->is_removed ? ", REMOVED_FROM_SALE" : "",
              has_phase ? ", " : "", has_phase ? v->phase_word : "", day);
}

/* -------------------------------------------------------------------- notes */

static void note_waiting(const struct asc_version *v, char *out, size_t size)
{
    char when[48];
    if (strcmp(v->word, "PENDING_CONTRACT") == 0)
        sw_copy(out, size, "a contract must be accepted in App Store Connect first");
    else if (v->earliest_ms > 0)
        sw_format(out, size, "Apple releases it by itself, not before %s",
                  sw_moment_text(v->earliest_ms, when, sizeof when));
    else
        sw_copy(out, size, "Apple releases it by itself");
}

static void note_other(const struct asc_version *target, const struct asc_version *other, char *out,
                       size_t size)
{
    char words[3 * SW_WORD_MAX];
    words_of(other, words, sizeof(words));
    bool is_ending = target->class == ASC_RELEASABLE && other->phase == ASC_PHASE_PAUSED;
    if (is_ending)
        sw_format(out, size, "%s is halted; releasing %s ends its phased release for good",
                  other->version, target->version);
    else if (is_phasing(target) && other->class == ASC_RELEASABLE)
        sw_format(out, size, "%s is approved and waits: halt this one to release it",
                  other->version);
    else
        sw_format(out, size, "%s too: %s", other->version, words);
}

static void note_of(const struct asc_version *v, const struct asc_version *other, char *out,
                    size_t size)
{
    bool is_budget_low =
        v->phase == ASC_PHASE_PAUSED && v->pause_days.is_known && v->pause_days.value >= PAUSE_WARN;
    if (v->class == ASC_REMOVED)
        sw_copy(out, size, "removed from sale: nobody can get it new, who has it keeps it");
    else if (is_budget_low)
        sw_format(out, size,
                  "%.0f of %d days of pause are used; what Apple does after them is not "
                  "documented",
                  v->pause_days.value, PAUSE_DAYS);
    else if (strcmp(v->word, "WAITING_FOR_EXPORT_COMPLIANCE") == 0)
        sw_copy(out, size, "export compliance must be answered in App Store Connect");
    else if (v->class == ASC_WAITING)
        note_waiting(v, out, size);
    else if (other && other->class != ASC_PREPARING &&
             (other->class != ASC_LIVE || other->phase == ASC_PHASE_PAUSED))
        note_other(v, other, out, size);
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

void asc_judge(const struct asc_versions *versions, const struct sw_rollout *last, int64_t now_ms,
               struct sw_rollout *out)
{
    const struct asc_version *other = NULL, *v = asc_pick(versions, &other);
    if (!v) {
        out->state = SW_STATE_NONE;
        sw_copy(out->raw_state, sizeof(out->raw_state), "no version");
        return;
    }
    judge_state(v, out);
    judge_next(v, now_ms, out);
    words_of(v, out->raw_state, sizeof(out->raw_state));
    sw_copy(out->version, sizeof(out->version), v->version);
    sw_copy(out->build, sizeof(out->build), v->build);
    sw_copy(out->identity, sizeof(out->identity), v->id);
    if (v->phase > ASC_PHASE_UNREAD) {
        out->pause_days_used = v->pause_days;
        out->pause_days_total = known(PAUSE_DAYS);
    }
    const struct asc_version *previous = previous_of(versions, v);
    if (previous) {
        sw_copy(out->previous_version, sizeof(out->previous_version), previous->version);
        sw_copy(out->previous_build, sizeof(out->previous_build), previous->build);
    } else if (last && strcmp(last->identity, v->id) == 0) {
        sw_copy(out->previous_version, sizeof(out->previous_version), last->previous_version);
        sw_copy(out->previous_build, sizeof(out->previous_build), last->previous_build);
    }
    note_of(v, other, out->note, sizeof(out->note));
}
