/* app_store_words.c: Apple's own words of a version, one sentence worth showing, and how a version
 * that is not out yet will go out. Pure.
 *
 * Sources: App Store Connect API, OpenAPI document 4.4.1 (releaseType, reviewType,
 * earliestReleaseDate); App Store Connect Help "Release a version update in phases"; read 2026-01.
 */
#include "sources/app_store.h"

#include <string.h>

#include "base/mem.h"

enum { PAUSE_WARN = 25 };

static const char *sale_word(const struct asc_version *v)
{
    return v->is_removed ? ", REMOVED_FROM_SALE" : v->is_off_sale ? ", removed from sale" : "";
}

void asc_words_of(const struct asc_version *v, const struct asc_train *train, char *out,
                  size_t size)
{
    char day[24] = "", build[SW_WORD_MAX + 16] = "";
    int number = asc_day_of(v);
    if ((v->phase == ASC_PHASE_ACTIVE || v->phase == ASC_PHASE_PAUSED) && number > 0)
        sw_format(day, sizeof(day), " day %d", number);
    if (train)
        sw_format(build, sizeof(build), ", build %s", train->word);
    bool has_phase = v->phase > ASC_PHASE_UNREAD;
    sw_format(out, size, "%s%s%s%s%s%s", v->word, sale_word(v), build, has_phase ? ", " : "",
              has_phase ? v->phase_word : "", day);
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
    asc_words_of(other, NULL, words, sizeof(words));
    bool is_ending = target->class == ASC_RELEASABLE && other->phase == ASC_PHASE_PAUSED;
    if (is_ending)
        sw_format(out, size, "%s is halted; releasing %s ends its phased release for good",
                  other->version, target->version);
    else if (asc_is_phasing(target) && other->class == ASC_RELEASABLE)
        sw_format(out, size, "%s is approved and waits: halt this one to release it",
                  other->version);
    else
        sw_format(out, size, "%s too: %s", other->version, words);
}

void asc_note_of(const struct asc_version *v, const struct asc_version *other,
                 const struct asc_sale *sale, char *out, size_t size)
{
    bool is_budget_low =
        v->phase == ASC_PHASE_PAUSED && v->pause_days.is_known && v->pause_days.value >= PAUSE_WARN;
    if (v->class == ASC_REMOVED)
        sw_copy(out, size,
                "removed from sale: nobody can get it new, who has it keeps it; a phased release "
                "of it is over for good");
    else if (v->class == ASC_LIVE && sale->state == ASC_SALE_LEAVING)
        sw_copy(out, size, "its removal from sale is under way: that takes hours");
    else if (is_budget_low)
        sw_format(out, size,
                  "%.0f of %d days of pause are used; what Apple does after them is not "
                  "documented",
                  v->pause_days.value, SW_PAUSE_DAYS);
    else if (strcmp(v->word, "WAITING_FOR_EXPORT_COMPLIANCE") == 0)
        sw_copy(out, size, "export compliance must be answered in App Store Connect");
    else if (v->class == ASC_WAITING)
        note_waiting(v, out, size);
    else if (other && other->class != ASC_PREPARING &&
             (other->class != ASC_LIVE || other->phase == ASC_PHASE_PAUSED))
        note_other(v, other, out, size);
}

/* ------------------------------------------------------------- how it goes out */

static void release_type(const struct asc_version *v, char *out, size_t size)
{
    char when[48];
    bool is_dated = strcmp(v->release_type, "SCHEDULED") == 0 && v->earliest_ms > 0;
    if (is_dated)
        sw_format(out, size, "scheduled: by itself once approved, not before %s",
                  sw_moment_text(v->earliest_ms, when, sizeof when));
    else if (strcmp(v->release_type, "SCHEDULED") == 0)
        sw_copy(out, size, "scheduled: by itself once approved, at a time Apple did not tell");
    else if (strcmp(v->release_type, "AFTER_APPROVAL") == 0)
        sw_copy(out, size, "after approval: by itself as soon as Apple approves it");
    else if (strcmp(v->release_type, "MANUAL") == 0)
        sw_copy(out, size, "by hand: approved, it waits for advance");
    else
        sw_copy(out, size, v->release_type);
}

void asc_release_how(const struct asc_version *v, char *out, size_t size)
{
    char type[120];
    bool is_ahead = v->class == ASC_PREPARING || v->class == ASC_REVIEW ||
                    v->class == ASC_RELEASABLE || v->class == ASC_WAITING;
    out[0] = '\0';
    if (!is_ahead || !v->release_type[0])
        return;
    release_type(v, type, sizeof(type));
    bool is_phased = v->phase > ASC_PHASE_UNREAD;
    sw_format(out, size, "%s%s%s", type,
              is_phased                    ? "; phased over 7 days"
              : v->phase == ASC_PHASE_NONE ? "; to EVERYBODY at once"
                                           : "",
              strcmp(v->review_type, "NOTARIZATION") == 0
                  ? "; reviewed for notarization, not for the App Store"
                  : "");
}
