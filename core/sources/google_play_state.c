/* google_play_state.c: what a Play track means, in our words. Pure.
 *
 * Play tells two things about a release, in two places. The edit's track tells what was
 * configured: a status and a fraction. The list of release summaries, which needs no edit, tells
 * how far review and publishing have come. Only both together say what users get.
 *
 * STATE TABLE (written before the code; docs/sources/google_play.md shows it to people)
 *
 *   status       review state                    ours         percent set
 *   (no release in the track)                    NONE         unknown
 *     but one on a testing track of the form     TESTING      0, see google_play_testing.c
 *   draft        any                             READY        0
 *   inProgress   PUBLISHED, or not told          ROLLING      100 * userFraction
 *   inProgress   IN_REVIEW                       IN_REVIEW    0
 *   inProgress   APPROVED_NOT_PUBLISHED,         READY        0, a person must act in the Console
 *                NOT_SENT_FOR_REVIEW, DRAFT
 *   inProgress   NOT_APPROVED                    FAILED       0
 *   halted       PUBLISHED, or not told:
 *                  with userFraction             HALTED       100 * userFraction (kept to resume)
 *                  without, a completed one      ROLLED_BACK  0: the completed one is served
 *                  without, none completed       HALTED       unknown
 *   halted       any other known one             ROLLING      as before: the halt is not live (*)
 *   completed    PUBLISHED, or not told          COMPLETE     100
 *   completed    others                          as inProgress
 *   (not read yet) PUBLISHED                     UNKNOWN      unknown: the fraction needs an edit
 *   (not read yet) others                        as inProgress
 *   another word in either place                 UNKNOWN      unknown, words shown
 *
 *   A release that has once been seen PUBLISHED stays what its status says while a change to it
 *   is in review (the note says so); a completion in review is ROLLING with the percent unknown.
 *   (*) A release must have been published to be halted, so another review state is that of the
 *   halt itself. UNCONFIRMED by any document of Google's; read so because the other reading
 *   would call something stopped that is not.
 *
 * WHICH RELEASE is the platform's: what users are being given more of (in progress and live),
 * else the newest that is not the completed one (a draft last), else the newest completed one.
 * Other releases in flight are named in the note. Previous = the serving fallback, the newest
 * completed release beside the target.
 *
 * Sources: Android Publisher v3 discovery document, revision 20260416 (TrackRelease,
 * ReleaseSummary); Google "APKs and Tracks"; Play Console Help "Halting a fully rolled-out
 * release"; read 2026-01. */
#include "sources/google_play.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

/* ------------------------------------------------------------------ labels */

double gplay_percent(double fraction)
{
    double percent = round(fraction * 1e8) / 1e6; /* 0.07 * 100 is 7.000000000000001 */
    /* Between 0 and 1 is between 0 and 100, however near: only `completed` is 100. */
    if (fraction > 0 && percent <= 0)
        return 1e-6;
    return fraction < 1 && percent >= 100 ? 99.999999 : percent;
}

/* Is it a dotted version, like "4.12.0" or "2.15.3-rc.1"? */
static bool is_version(const char *word, size_t len)
{
    bool has_dot = false;
    if (len == 0 || !isdigit((unsigned char)word[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)word[i]) && !strchr(".+-_", word[i]))
            return false;
        has_dot |= word[i] == '.' && i + 1 < len && isdigit((unsigned char)word[i + 1]);
    }
    return has_dot;
}

void gplay_label(const char *name, char *out, size_t size)
{
    static const char *const separators = " ()[],;:";
    const char *p = name;
    while (*p) {
        p += strspn(p, separators);
        size_t len = strcspn(p, separators);
        const char *word = p;
        size_t rest = len;
        if (rest > 1 && (*word == 'v' || *word == 'V')) {
            word++;
            rest--;
        }
        if (is_version(word, rest)) {
            sw_format(out, size, "%.*s", (int)rest, word);
            return;
        }
        p += len;
    }
    sw_copy(out, size, name);
}

/* ----------------------------------------------------------------- judging */

/* Do users get what its status says? Told so, not told otherwise, or seen so before. */
static bool is_live(const struct gplay_release *r)
{
    return r->life == GPLAY_LIFE_ABSENT || r->life == GPLAY_LIFE_PUBLISHED || r->was_published;
}

/* Does a change to it still wait? */
static bool is_pending(const struct gplay_release *r)
{
    return r->life >= GPLAY_LIFE_DRAFT && r->life < GPLAY_LIFE_PUBLISHED;
}

bool gplay_is_halt_waiting(const struct gplay_release *r)
{
    return r->status == GPLAY_HALTED && is_pending(r);
}

static const struct gplay_release *newest_completed(const struct gplay_track *track,
                                                    const struct gplay_release *except)
{
    const struct gplay_release *newest = NULL;
    for (size_t i = 0; i < track->count; i++) {
        const struct gplay_release *r = &track->releases[i];
        if (r != except && r->status == GPLAY_COMPLETED && is_live(r) &&
            (!newest || r->code > newest->code))
            newest = r;
    }
    return newest;
}

/* How much a release deserves to be the platform's; below 0 it is history. */
static int rank_of(const struct gplay_release *r, int64_t completed)
{
    bool is_newer = r->code > completed;
    if (gplay_is_halt_waiting(r) || (r->status == GPLAY_IN_PROGRESS && is_live(r)))
        return 3;
    if (r->status == GPLAY_COMPLETED && is_live(r))
        return r->code == completed ? 0 : -1;
    if (!is_newer)
        return -1;
    bool is_draft =
        r->status == GPLAY_DRAFT || (r->status == GPLAY_UNREAD && r->life == GPLAY_LIFE_DRAFT);
    return is_draft ? 1 : 2;
}

static const struct gplay_release *pick(const struct gplay_track *track)
{
    const struct gplay_release *completed = newest_completed(track, NULL), *best = NULL;
    int best_rank = -1;
    for (size_t i = 0; i < track->count; i++) {
        const struct gplay_release *r = &track->releases[i];
        int rank = rank_of(r, completed ? completed->code : -1);
        if (rank > best_rank || (rank == best_rank && best && r->code > best->code)) {
            best = r;
            best_rank = rank;
        }
    }
    return best;
}

static struct sw_value known(double value)
{
    return (struct sw_value){value, true};
}

static struct sw_value percent_of(const struct gplay_release *r)
{
    return r->fraction.is_known ? known(gplay_percent(r->fraction.value)) : (struct sw_value){0};
}

/* Not published under this code: only the review state counts. */
static void judge_by_life(const struct gplay_release *r, struct sw_rollout *out)
{
    static const enum sw_state states[] = {
        [GPLAY_LIFE_DRAFT] = SW_STATE_READY,         [GPLAY_LIFE_NOT_SENT] = SW_STATE_READY,
        [GPLAY_LIFE_IN_REVIEW] = SW_STATE_IN_REVIEW, [GPLAY_LIFE_APPROVED] = SW_STATE_READY,
        [GPLAY_LIFE_REJECTED] = SW_STATE_FAILED,     [GPLAY_LIFE_PUBLISHED] = SW_STATE_UNKNOWN,
    };
    out->state = states[r->life];
    if (out->state == SW_STATE_UNKNOWN)
        return;
    out->percent_set = known(0);
    if (r->status == GPLAY_COMPLETED)
        out->next_percent = known(100);
    else if (r->status == GPLAY_IN_PROGRESS && out->state != SW_STATE_FAILED)
        out->next_percent = percent_of(r);
}

static void judge_halted(const struct gplay_release *r, bool has_fallback, struct sw_rollout *out)
{
    if (gplay_is_halt_waiting(r)) {
        out->state = r->fraction.is_known ? SW_STATE_ROLLING : SW_STATE_COMPLETE;
        out->percent_set = r->fraction.is_known ? percent_of(r) : known(100);
    } else if (r->fraction.is_known) {
        out->state = SW_STATE_HALTED;
        out->percent_set = percent_of(r);
    } else if (has_fallback) {
        out->state = SW_STATE_ROLLED_BACK;
        out->percent_set = known(0);
    } else {
        out->state = SW_STATE_HALTED;
    }
}

static void judge_state(const struct gplay_release *r, bool has_fallback, struct sw_rollout *out)
{
    out->state = SW_STATE_UNKNOWN;
    if (r->status == GPLAY_STATUS_UNKNOWN)
        return;
    if (r->status == GPLAY_UNREAD && r->was_published)
        return; /* something of it is out; how much, only an edit tells */
    if (r->life == GPLAY_LIFE_OTHER && !r->was_published && r->status != GPLAY_DRAFT)
        return;
    if (r->status == GPLAY_DRAFT) {
        out->state = SW_STATE_READY;
        out->percent_set = known(0);
    } else if (r->status == GPLAY_HALTED) {
        judge_halted(r, has_fallback, out);
    } else if (r->status == GPLAY_UNREAD || !is_live(r)) {
        judge_by_life(r, out);
    } else if (r->status == GPLAY_IN_PROGRESS) {
        out->state = SW_STATE_ROLLING;
        out->percent_set = percent_of(r);
    } else if (is_pending(r)) {
        out->state = SW_STATE_ROLLING; /* asked to complete, not live: between fraction and 100 */
    } else {
        out->state = SW_STATE_COMPLETE;
        out->percent_set = known(100);
    }
}

static void words_of(const struct gplay_release *r, char *out, size_t size)
{
    bool is_said = r->status == GPLAY_DRAFT && r->life == GPLAY_LIFE_DRAFT;
    bool has_life = r->life != GPLAY_LIFE_ABSENT && r->life != GPLAY_LIFE_PUBLISHED && !is_said;
    if (r->status == GPLAY_UNREAD)
        sw_copy(out, size, r->life_word);
    else if (has_life)
        sw_format(out, size, "%s, %s", r->status_word, r->life_word);
    else
        sw_copy(out, size, r->status_word);
}

/* What a change waits for. */
static const char *wait_text(enum gplay_life life)
{
    switch (life) {
    case GPLAY_LIFE_NOT_SENT:
    case GPLAY_LIFE_DRAFT:
        return "a person must send it for review in the Play Console";
    case GPLAY_LIFE_IN_REVIEW:
        return "Google is reviewing it";
    case GPLAY_LIFE_APPROVED:
        return "approved, but a person must publish it in the Play Console (managed publishing)";
    case GPLAY_LIFE_REJECTED:
        return "Google's review did not approve it";
    case GPLAY_LIFE_ABSENT:
    case GPLAY_LIFE_OTHER:
    case GPLAY_LIFE_PUBLISHED:
        break;
    }
    return "its review state is not known";
}

/* Another release of the track that is neither the target nor served to everybody. */
static const struct gplay_release *other_in_flight(const struct gplay_track *track,
                                                   const struct gplay_release *target)
{
    const struct gplay_release *completed = newest_completed(track, NULL), *other = NULL;
    for (size_t i = 0; i < track->count; i++) {
        const struct gplay_release *r = &track->releases[i];
        if (r != target && r->status != GPLAY_COMPLETED && r->code > 0 &&
            (!completed || r->code > completed->code) && (!other || r->code > other->code))
            other = r;
    }
    return other;
}

static void note_other(const struct gplay_release *r, char *out, size_t size)
{
    char words[2 * SW_WORD_MAX], number[32], percent[40] = "";
    words_of(r, words, sizeof(words));
    if (r->fraction.is_known)
        sw_format(percent, sizeof(percent), " at %s",
                  sw_percent_text(percent_of(r), true, number, sizeof(number)));
    sw_format(out, size, "version code %" PRId64 " is in the track too: %s%s", r->code, words,
              percent);
}

static void note_of(const struct gplay_track *track, const struct gplay_release *r,
                    const struct sw_rollout *rollout, char *out, size_t size)
{
    const struct gplay_release *other = other_in_flight(track, r);
    char number[32];
    if (gplay_is_halt_waiting(r))
        sw_format(out, size, "THE HALT IS NOT LIVE: %s; until then Play goes on serving it",
                  wait_text(r->life));
    else if (is_pending(r) && r->status != GPLAY_DRAFT && r->was_published)
        sw_format(out, size, "a change to it waits: %s; users get what was published before",
                  wait_text(r->life));
    else if (is_pending(r) && r->status != GPLAY_DRAFT && rollout->next_percent.is_known)
        sw_format(out, size, "%s; then it is to start at %s", wait_text(r->life),
                  sw_percent_text(rollout->next_percent, true, number, sizeof(number)));
    else if (is_pending(r) && r->status != GPLAY_DRAFT)
        sw_copy(out, size, wait_text(r->life));
    else if (other)
        note_other(other, out, size);
}

static void set_release(const struct gplay_release *r, char *version, size_t version_size,
                        char *build, size_t build_size)
{
    gplay_label(r->name, version, version_size);
    if (r->code > 0)
        sw_format(build, build_size, "%" PRId64, r->code);
}

/* Who or what has to make a configured halt live: the note's words, in fields of their own. */
static void set_halt_wait(const struct gplay_release *r, struct sw_rollout *out)
{
    if (!gplay_is_halt_waiting(r))
        return;
    out->halt_wait = r->life == GPLAY_LIFE_IN_REVIEW ? SW_HALT_WAIT_REVIEW : SW_HALT_WAIT_HAND;
    sw_copy(out->halt_wait_note, sizeof(out->halt_wait_note), wait_text(r->life));
}

/* The second version in flight, for a field of its own. */
static void set_other(const struct gplay_track *track, const struct gplay_release *r,
                      const struct gplay_release *fallback, struct sw_other_version *out)
{
    const struct gplay_release *other = other_in_flight(track, r);
    struct sw_rollout judged = {0};
    char words[2 * SW_WORD_MAX];
    if (!other)
        return;
    judge_state(other, fallback != NULL, &judged);
    words_of(other, words, sizeof(words));
    set_release(other, out->version, sizeof(out->version), out->build, sizeof(out->build));
    if (!out->version[0])
        sw_copy(out->version, sizeof(out->version), out->build);
    out->state = judged.state;
    out->percent_set = judged.percent_set;
    sw_copy(out->raw_state, sizeof(out->raw_state), words);
}

/* A share of some countries is no share of all users. */
static void note_countries(const struct gplay_release *r, char *note, size_t size)
{
    size_t len = strlen(note);
    if (r->country_count > 0 && r->fraction.is_known)
        sw_format(note + len, size - len, "%sthe percent is of the users in %zu countr%s",
                  len > 0 ? "; " : "", r->country_count, r->country_count == 1 ? "y" : "ies");
}

void gplay_judge(const struct gplay_track *track, const struct sw_rollout *last,
                 struct sw_rollout *out)
{
    const struct gplay_release *r = pick(track);
    if (!r) {
        out->state = track->count == 0 ? SW_STATE_NONE : SW_STATE_UNKNOWN;
        sw_copy(out->raw_state, sizeof(out->raw_state),
                track->count == 0 ? "no release" : "no release that counts");
        return;
    }
    const struct gplay_release *fallback = newest_completed(track, r);
    judge_state(r, fallback != NULL, out);
    words_of(r, out->raw_state, sizeof(out->raw_state));
    set_release(r, out->version, sizeof(out->version), out->build, sizeof(out->build));
    sw_copy(out->identity, sizeof(out->identity), out->build);
    if (fallback) {
        set_release(fallback, out->previous_version, sizeof(out->previous_version),
                    out->previous_build, sizeof(out->previous_build));
    } else if (last && last->identity[0] && strcmp(last->identity, out->identity) == 0) {
        /* Once complete, the track no longer lists what it replaced. */
        sw_copy(out->previous_version, sizeof(out->previous_version), last->previous_version);
        sw_copy(out->previous_build, sizeof(out->previous_build), last->previous_build);
    }
    set_halt_wait(r, out);
    set_other(track, r, fallback, &out->other);
    note_of(track, r, out, out->note, sizeof(out->note));
    note_countries(r, out->note, sizeof(out->note));
}
