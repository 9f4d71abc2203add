/*
 * What a commit may turn a Play track into: see play.h.
 *
 * Sources, by the number in the comments below:
 *  [tracks] Google "APKs and Tracks"  [halt] Play Console Help "Halting a fully rolled-out release"
 *  [disc] Android Publisher v3 discovery document, revision 20260416
 *  texts of refusals: fastlane/fastlane#6501, #13588, #29594, astraedus/nudge#16,
 *  r0adkll/upload-google-play#139, #179, Triple-T/gradle-play-publisher#125, #547, #884, #1191,
 *  googleapis/google-api-ruby-client#13029, tramlinehq/tramline (error table). Read 2026.
 * Where no source gives the text, the comment says UNCONFIRMED.
 */
#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum play_status status;
    const char *text;
    const char *shout; /* as in Google's refusals */
} statuses[] = {
    {PLAY_UNSPECIFIED, "statusUnspecified", "UNSPECIFIED"},
    {PLAY_DRAFT, "draft", "DRAFT"},
    {PLAY_IN_PROGRESS, "inProgress", "IN_PROGRESS"},
    {PLAY_HALTED, "halted", "HALTED"},
    {PLAY_COMPLETED, "completed", "COMPLETED"},
};

const char *play_status_text(enum play_status status)
{
    return statuses[status].text;
}

enum play_status play_status_parse(const char *text)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(statuses[i].text, text) == 0)
            return statuses[i].status;
    return PLAY_UNSPECIFIED;
}

/* ---- copies ----------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);

    if (text != NULL && copy == NULL)
        abort();
    return copy;
}

void play_release_copy(struct play_release *out, const struct play_release *from)
{
    *out = *from;
    out->notes_json = copy_text(from->notes_json);
    out->countries_json = copy_text(from->countries_json);
}

void play_release_clear(struct play_release *release)
{
    free(release->notes_json);
    free(release->countries_json);
    *release = (struct play_release){.priority = -1};
}

void play_track_copy(struct play_track *out, const struct play_track *from)
{
    *out = *from;
    for (size_t i = 0; i < from->n_releases; i++)
        play_release_copy(&out->releases[i], &from->releases[i]);
}

void play_track_clear(struct play_track *track)
{
    for (size_t i = 0; i < track->n_releases; i++)
        play_release_clear(&track->releases[i]);
    *track = (struct play_track){.n_releases = 0};
}

void play_store_clear(struct play_store *store)
{
    for (size_t i = 0; i < store->n_tracks; i++)
        play_track_clear(&store->tracks[i]);
    *store = (struct play_store){.n_tracks = 0};
}

struct play_track *play_track_find(struct play_track *tracks, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(tracks[i].name, name) == 0)
            return &tracks[i];
    return NULL;
}

/* ---- reading a track -------------------------------------------------------------------- */

static int64_t top_code(const struct play_release *release)
{
    int64_t top = 0;

    for (size_t i = 0; i < release->n_codes; i++)
        if (release->codes[i] > top)
            top = release->codes[i];
    return top;
}

static bool same_codes(const struct play_release *a, const struct play_release *b)
{
    if (a->n_codes != b->n_codes)
        return false;
    for (size_t i = 0; i < a->n_codes; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n_codes; k++)
            found = found || a->codes[i] == b->codes[k];
        if (!found)
            return false;
    }
    return true;
}

static const struct play_release *find_same(const struct play_track *track,
                                            const struct play_release *release)
{
    for (size_t i = 0; i < track->n_releases; i++)
        if (same_codes(&track->releases[i], release))
            return &track->releases[i];
    return NULL;
}

/* What users get of it: a change that waits in the console is not there yet. */
static enum play_status live_status(const struct play_release *release)
{
    return release->is_held || release->is_unsent ? release->live_status : release->status;
}

static bool is_served(const struct play_release *release)
{
    enum play_status status = live_status(release);

    return (status == PLAY_COMPLETED || status == PLAY_IN_PROGRESS) && !release->is_in_review;
}

/* Google "APKs and Tracks": the previous completed release that was published and is not halted. */
static const struct play_release *fallback(const struct play_track *track,
                                           const struct play_release *halted)
{
    const struct play_release *best = NULL;

    for (size_t i = 0; i < track->n_releases; i++) {
        const struct play_release *r = &track->releases[i];
        bool usable = r != halted && r->status == PLAY_COMPLETED && r->was_published &&
                      top_code(r) < top_code(halted);
        if (usable && (best == NULL || top_code(r) > top_code(best)))
            best = r;
    }
    return best;
}

double play_percent(const struct play_track *track, int64_t code)
{
    for (size_t i = 0; i < track->n_releases; i++) {
        const struct play_release *r = &track->releases[i];
        for (size_t k = 0; k < r->n_codes; k++)
            if (r->codes[k] == code && is_served(r))
                return live_status(r) == PLAY_COMPLETED            ? 100
                       : r->is_held || r->is_unsent ? r->live_fraction * 100
                                                    : r->fraction * 100;
    }
    return 0;
}

bool play_is_internal(const char *track)
{
    const char *colon = strchr(track, ':');
    const char *plain = colon == NULL ? track : colon + 1;

    return strcmp(plain, "internal") == 0 || strcmp(plain, "qa") == 0;
}

/* ---- judging an update ------------------------------------------------------------------ */

struct judge {
    const struct play_track *current;
    const struct play_track *wanted;
    struct play_refusal *refusal;
};

__attribute__((format(printf, 4, 5))) static bool refuse(struct judge *judge, int http,
                                                         const char *reason, const char *format,
                                                         ...)
{
    va_list ap;

    judge->refusal->http = http;
    judge->refusal->status = http == 403   ? "PERMISSION_DENIED"
                             : http == 404 ? "NOT_FOUND"
                                           : "INVALID_ARGUMENT";
    judge->refusal->reason = reason;
    va_start(ap, format);
    vsnprintf(judge->refusal->message, sizeof judge->refusal->message, format, ap);
    va_end(ap);
    return false;
}

/* The fraction goes with the status, whatever is on the track. */
static bool judge_fraction(struct judge *judge, const struct play_release *wanted)
{
    const char *shout = statuses[wanted->status].shout;
    double f = wanted->fraction;

    switch (wanted->status) {
    case PLAY_UNSPECIFIED:
        return refuse(judge, 400, "badRequest", "Release status must be specified.");
    case PLAY_DRAFT:
    case PLAY_COMPLETED:
        if (f != 0.0)
            return refuse(judge, 400, "badRequest", "%s release must not have fraction", shout);
        return true;
    case PLAY_IN_PROGRESS:
    case PLAY_HALTED:
        /* Exactly 0 is "absent" here; a 0 that was sent comes as a negative number. */
        if (f < 0.0 || f >= 1.0)
            return refuse(judge, 400, "badRequest",
                          "Rollout user fraction must be greater than 0.0 and less than 1.0");
        return true;
    }
    return true;
}

static bool judge_halt(struct judge *judge, const struct play_release *wanted,
                       const struct play_release *now)
{
    if (now == NULL || now->status == PLAY_DRAFT)
        return refuse(judge, 400, "releaseToHaltNotFound",
                      "Cannot halt release, no matching in progress release found");
    if (now->status == PLAY_HALTED) {
        if ((now->fraction > 0) != (wanted->fraction > 0))
            return refuse(judge, 400, "badRequest", "HALTED release must have fraction");
        return true; /* already so: nothing changes (UNCONFIRMED that Google accepts it) */
    }
    if (now->status == PLAY_IN_PROGRESS)
        return wanted->fraction > 0
                   ? true
                   : refuse(judge, 400, "badRequest", "HALTED release must have fraction");

    /* A completed release. Texts of these three: UNCONFIRMED. */
    if (wanted->fraction > 0)
        return refuse(judge, 400, "badRequest", "HALTED release must not have fraction");
    if (play_is_internal(judge->current->name))
        return refuse(judge, 400, "badRequest",
                      "Releases on the internal testing track cannot be halted");
    if (fallback(judge->current, now) == NULL)
        return refuse(judge, 400, "badRequest",
                      "Cannot halt release, no serving fallback release found");
    for (size_t i = 0; i < judge->current->n_releases; i++)
        if (judge->current->releases[i].status == PLAY_IN_PROGRESS ||
            (judge->current->releases[i].status == PLAY_HALTED &&
             top_code(&judge->current->releases[i]) > top_code(now)))
            return refuse(judge, 400, "badRequest",
                          "Cannot halt the serving fallback release of the track");
    return true;
}

static bool judge_staged(struct judge *judge, const struct play_release *wanted,
                         const struct play_release *now)
{
    bool has_full = false;
    bool has_newer = false;

    if (wanted->fraction <= 0)
        /* The counterpart of fastlane/fastlane#29594; exact text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest", "IN_PROGRESS release must have fraction");
    for (size_t i = 0; i < judge->current->n_releases; i++) {
        const struct play_release *r = &judge->current->releases[i];
        has_full = has_full || (r != now && r->was_published);
        has_newer = has_newer || (r->status == PLAY_IN_PROGRESS && now != NULL && r != now &&
                                  top_code(r) > top_code(now));
    }
    if (!has_full)
        return refuse(judge, 400, "badRequest",
                      "The first release on a track cannot be staged");
    if (now == NULL || now->status == PLAY_DRAFT)
        return true;
    if (now->status == PLAY_COMPLETED)
        return refuse(judge, 400, "badRequest", "Fully released can not be staged");
    if (now->status == PLAY_IN_PROGRESS && wanted->fraction < now->fraction - 1e-9)
        /* Refused by Google (gradle-play-publisher#125); text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest",
                      "User fraction can not be lower than that of the current rollout");
    /* [tracks]: a halted completed release goes back to completed only, once another rollout was
     * started on top. */
    if (now->status == PLAY_HALTED && now->fraction <= 0 && has_newer)
        return refuse(judge, 400, "badRequest", "Fully released can not be staged");
    return true;
}

/* Nobody can be moved to a lower version code than they may already have. */
static bool judge_order(struct judge *judge, const struct play_release *wanted,
                        const struct play_release *now)
{
    if (now != NULL && now->status != PLAY_DRAFT)
        return true;
    for (size_t i = 0; i < judge->current->n_releases; i++) {
        const struct play_release *r = &judge->current->releases[i];
        if (r->was_published && top_code(r) > top_code(wanted))
            return refuse(judge, 403, "forbidden",
                          "You cannot rollout this release because it does not allow any existing "
                          "users to upgrade to the newly added APKs.");
    }
    return true;
}

static bool judge_release(struct judge *judge, const struct play_release *wanted)
{
    const struct play_release *now = find_same(judge->current, wanted);

    if (!judge_fraction(judge, wanted))
        return false;
    if (wanted->n_codes == 0 && wanted->status != PLAY_DRAFT)
        /* Text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest", "A release must have at least one version code.");
    if (wanted->countries_json != NULL &&
        (wanted->status != PLAY_IN_PROGRESS || strcmp(judge->current->name, "production") != 0))
        /* [disc] TrackRelease.countryTargeting; text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest",
                      "Country targeting is only allowed for in progress production releases.");
    if (now != NULL && now->was_published && now->priority != wanted->priority)
        /* [disc] TrackRelease.inAppUpdatePriority; text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest",
                      "In-app update priority can not be updated once the release is rolled out.");
    if (wanted->status == PLAY_HALTED)
        return judge_halt(judge, wanted, now);
    if (wanted->status == PLAY_DRAFT) {
        if (now != NULL && now->status != PLAY_DRAFT)
            return refuse(judge, 400, "badRequest",
                          "A release that was rolled out can not become a draft."); /* UNCONFIRMED */
        return true;
    }
    if (wanted->status == PLAY_IN_PROGRESS && !judge_staged(judge, wanted, now))
        return false;
    return judge_order(judge, wanted, now);
}

static bool judge_all(struct judge *judge)
{
    size_t n_staged = 0;

    for (size_t i = 0; i < judge->wanted->n_releases; i++) {
        const struct play_release *wanted = &judge->wanted->releases[i];
        for (size_t k = 0; k < i; k++)
            for (size_t c = 0; c < wanted->n_codes; c++)
                for (size_t d = 0; d < judge->wanted->releases[k].n_codes; d++)
                    if (wanted->codes[c] == judge->wanted->releases[k].codes[d])
                        /* Text UNCONFIRMED. */
                        return refuse(judge, 400, "badRequest",
                                      "Version code %lld is in more than one release.",
                                      (long long)wanted->codes[c]);
        if (!judge_release(judge, wanted))
            return false;
        n_staged += wanted->status == PLAY_IN_PROGRESS;
    }
    if (n_staged > 1)
        /* One staged rollout per track; text UNCONFIRMED. */
        return refuse(judge, 400, "badRequest", "Only one release may be in progress on a track.");
    return true;
}

/* ---- making the new track --------------------------------------------------------------- */

static void append(struct play_track *out, const struct play_release *release)
{
    if (out->n_releases < PLAY_RELEASES_MAX)
        play_release_copy(&out->releases[out->n_releases++], release);
}

/* google-api-ruby-client#13029: the old completed release sent along with the staged one, now
 * completed, ended with the new one halted. */
static bool is_old_completed_along(const struct judge *judge)
{
    bool has_old = false;
    bool turns = false;

    for (size_t i = 0; i < judge->wanted->n_releases; i++) {
        const struct play_release *wanted = &judge->wanted->releases[i];
        const struct play_release *now = find_same(judge->current, wanted);
        if (wanted->status != PLAY_COMPLETED || now == NULL)
            continue;
        has_old = has_old || now->status == PLAY_COMPLETED;
        turns = turns || now->status == PLAY_IN_PROGRESS;
    }
    return has_old && turns;
}

static void add_wanted(struct judge *judge, struct play_track *out)
{
    bool is_trap = is_old_completed_along(judge);

    for (size_t i = 0; i < judge->wanted->n_releases; i++) {
        const struct play_release *wanted = &judge->wanted->releases[i];
        const struct play_release *now = find_same(judge->current, wanted);
        append(out, wanted);
        struct play_release *made = &out->releases[out->n_releases - 1];
        made->was_published = now != NULL && now->was_published;
        made->is_in_review = now != NULL && now->is_in_review;
        made->is_unsent = now != NULL && now->is_unsent;
        made->is_held = now != NULL && now->is_held;
        made->live_status = now != NULL ? live_status(now) : PLAY_DRAFT;
        made->live_fraction = now == NULL                      ? 0
                              : now->is_held || now->is_unsent ? now->live_fraction
                                                               : now->fraction;
        made->is_hidden = false;
        if (is_trap && now != NULL && now->status == PLAY_IN_PROGRESS) {
            made->status = PLAY_HALTED;
            made->fraction = now->fraction;
        }
    }
}

static void add_left_out(struct judge *judge, struct play_track *out)
{
    int64_t top_wanted = 0;

    for (size_t i = 0; i < judge->wanted->n_releases; i++)
        if (judge->wanted->releases[i].status != PLAY_DRAFT &&
            top_code(&judge->wanted->releases[i]) > top_wanted)
            top_wanted = top_code(&judge->wanted->releases[i]);
    for (size_t i = 0; i < judge->current->n_releases; i++) {
        const struct play_release *r = &judge->current->releases[i];
        if (find_same(judge->wanted, r) != NULL || r->status == PLAY_DRAFT)
            continue;
        append(out, r);
        struct play_release *kept = &out->releases[out->n_releases - 1];
        if (kept->status == PLAY_IN_PROGRESS)
            kept->status = PLAY_HALTED; /* gradle-play-publisher#1191 */
        if (kept->status == PLAY_HALTED && top_code(kept) < top_wanted)
            kept->is_hidden = true; /* nothing can come of it any more */
    }
}

static int by_code(const void *a, const void *b)
{
    int64_t x = top_code(a);
    int64_t y = top_code(b);

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Of several completed releases only the newest is an active one; the others stay as fallbacks
 * that tracks.get does not show. */
static void hide_old(struct play_track *out)
{
    bool has_completed = false;

    qsort(out->releases, out->n_releases, sizeof out->releases[0], by_code);
    for (size_t i = 0; i < out->n_releases; i++) {
        struct play_release *r = &out->releases[i];
        if (r->status != PLAY_COMPLETED)
            continue;
        r->is_hidden = has_completed;
        has_completed = true;
    }
}

bool play_track_update(const struct play_track *current, const struct play_track *wanted,
                       struct play_track *out, struct play_refusal *refusal)
{
    struct judge judge = {.current = current, .wanted = wanted, .refusal = refusal};

    *out = (struct play_track){.n_releases = 0};
    if (!judge_all(&judge))
        return false;
    memcpy(out->name, current->name, sizeof out->name);
    add_wanted(&judge, out);
    add_left_out(&judge, out);
    hide_old(out);
    return true;
}

/* ---- the store -------------------------------------------------------------------------- */

bool play_has_code(const struct play_store *store, int64_t code)
{
    for (size_t i = 0; i < store->n_library; i++)
        if (store->library[i] == code)
            return true;
    for (size_t t = 0; t < store->n_tracks; t++)
        for (size_t i = 0; i < store->tracks[t].n_releases; i++)
            for (size_t c = 0; c < store->tracks[t].releases[i].n_codes; c++)
                if (store->tracks[t].releases[i].codes[c] == code)
                    return true;
    return false;
}

/* The library is small; the oldest upload gives way. */
static void remember_codes(struct play_store *store, const struct play_track *track)
{
    size_t cap = sizeof store->library / sizeof store->library[0];

    for (size_t i = 0; i < track->n_releases; i++)
        for (size_t c = 0; c < track->releases[i].n_codes; c++) {
            bool known = false;
            for (size_t k = 0; k < store->n_library; k++)
                known = known || store->library[k] == track->releases[i].codes[c];
            if (known)
                continue;
            if (store->n_library == cap) {
                memmove(store->library, store->library + 1, (cap - 1) * sizeof store->library[0]);
                store->n_library--;
            }
            store->library[store->n_library++] = track->releases[i].codes[c];
        }
}

static bool is_new_to_users(const struct play_release *release)
{
    return (release->status == PLAY_IN_PROGRESS || release->status == PLAY_COMPLETED) &&
           !release->was_published;
}

/* A change to what users have, as against before the commit. */
static bool is_changed(const struct play_track *before, const struct play_release *now)
{
    const struct play_release *old = find_same(before, now);

    return old == NULL ? now->status != PLAY_DRAFT
                       : old->status != now->status || old->fraction < now->fraction ||
                             old->fraction > now->fraction;
}

/* What a changed release waits for, where it does not go live by itself. */
static void hold(const struct play_store *store, const struct play_track *before,
                 struct play_release *r, bool is_unsent)
{
    const struct play_release *old = find_same(before, r);

    if (!is_changed(before, r) || (!is_unsent && !store->is_managed))
        return;
    if (!r->is_held && !r->is_unsent) {
        r->live_status = old == NULL || !old->was_published ? PLAY_DRAFT : old->status;
        r->live_fraction = old == NULL ? 0 : old->fraction;
    }
    r->is_unsent = is_unsent;
    r->is_held = !is_unsent;
}

void play_publish(struct play_store *store)
{
    for (size_t t = 0; t < store->n_tracks; t++)
        for (size_t i = 0; i < store->tracks[t].n_releases; i++) {
            struct play_release *r = &store->tracks[t].releases[i];
            if (r->is_held || r->is_unsent)
                r->was_published = r->was_published || r->status == PLAY_IN_PROGRESS ||
                                   r->status == PLAY_COMPLETED;
            r->is_held = r->is_unsent = false;
        }
    store->next_change++;
}

void play_commit(struct play_store *store, const struct play_track *tracks, size_t n_tracks,
                 bool is_unsent, int64_t now_ms)
{
    bool starts_review = false;

    for (size_t t = 0; t < n_tracks && t < PLAY_TRACKS_MAX; t++) {
        struct play_track before = {.n_releases = 0};
        if (t < store->n_tracks) {
            remember_codes(store, &store->tracks[t]);
            before = store->tracks[t];
        }
        play_track_copy(&store->tracks[t], &tracks[t]);
        for (size_t i = 0; i < tracks[t].n_releases; i++) {
            struct play_release *r = &store->tracks[t].releases[i];
            hold(store, &before, r, is_unsent);
            if (!is_new_to_users(r))
                continue;
            r->is_in_review = !is_unsent && (store->review_minutes > 0 || r->is_in_review);
            r->was_published = !r->is_unsent && !r->is_held && !r->is_in_review;
            starts_review = starts_review || r->is_in_review;
        }
        play_track_clear(&before);
    }
    if (n_tracks > store->n_tracks)
        store->n_tracks = n_tracks;
    store->is_review_running = starts_review;
    store->review_end_ms =
        starts_review ? now_ms + (int64_t)store->review_minutes * 60 * 1000 : 0;
    store->next_change++;
}

void play_advance(struct play_store *store, int64_t now_ms)
{
    if (store->review_end_ms == 0 || now_ms < store->review_end_ms)
        return;
    store->review_end_ms = 0;
    store->is_review_running = false;
    for (size_t t = 0; t < store->n_tracks; t++)
        for (size_t i = 0; i < store->tracks[t].n_releases; i++) {
            struct play_release *r = &store->tracks[t].releases[i];
            if (!r->is_in_review)
                continue;
            r->is_in_review = false;
            r->was_published = !r->is_held && !r->is_unsent;
        }
}

/* ---- written reviews -------------------------------------------------------------------- */

void play_review_add(struct play_store *store, int64_t code, int stars, const char *language,
                     const char *text, int64_t at_ms)
{
    struct play_review *r = &store->reviews[store->n_reviews++ % PLAY_REVIEWS_MAX];

    *r = (struct play_review){.code = code, .stars = stars, .at_ms = at_ms};
    snprintf(r->id, sizeof r->id, "gp:AOqp%08zx", store->n_reviews);
    snprintf(r->language, sizeof r->language, "%s", language);
    snprintf(r->text, sizeof r->text, "%s", text);
}

const struct play_review *play_review_at(const struct play_store *store, size_t i)
{
    if (i >= store->n_reviews || i >= PLAY_REVIEWS_MAX)
        return NULL;
    return &store->reviews[(store->n_reviews - 1 - i) % PLAY_REVIEWS_MAX];
}
