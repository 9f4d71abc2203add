/*
 * Android Publisher v3: edits, tracks, release summaries.
 *
 * Sources: discovery document androidpublisher v3 (revision 20260416); Google "Edits",
 * "Concurrency considerations", "APKs and Tracks", "Quotas"; texts of refusals as in play.c; read
 * 2026. One edit per account and app: a new one deletes the older; the first commit, and every
 * change in the console, deletes all others. Timestamps are world time, quotas real time × speed.
 */
#include "google_play.h"
#include "google.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDITS_MAX = 64,
    QUERIES_PER_MINUTE = 3000,
    REVIEWS_PER_HOUR = 200, /* of the app; Google's "Reply to Reviews API quota request" form */
    REVIEWS_KEPT_DAYS = 7,  /* Google "Reply to Reviews" */
    /* How many a page has, asked for or not, is not documented: UNCONFIRMED. */
    REVIEWS_PAGE = 10,
    REVIEWS_PAGE_MAX = 100,
};

/* How long an edit lives is not documented ("hours to days"). */
#define EDIT_LIFE_MS ((int64_t)24 * 3600 * 1000)

enum edit_state { EDIT_OPEN, EDIT_DELETED, EDIT_COMMITTED };

struct edit {
    char id[24];
    char account[80];
    enum edit_state state;
    int64_t expires_ms; /* world */
    int64_t change;     /* the store's counter when it was opened */
    struct play_track tracks[PLAY_TRACKS_MAX];
    size_t n_tracks;
};

struct play {
    struct edit edits[EDITS_MAX]; /* a ring: dead ones are remembered for their last words */
    uint64_t n_edits;
    int64_t minute; /* real minute of the quota */
    double queries;
    int64_t hour; /* real hour of the reviews' own quota */
    double review_reads;
};

extern const struct sim_service sim_google_play;

/* One request on its way. */
struct call {
    struct sim *sim;
    const struct sim_request *rq;
    struct sim_reply *rp;
    struct play *play;
    const char *account;
    const char *verb; /* after the colon of the last segment: "commit"; NULL = none */
    char last[80];    /* the last segment without verb, decoded */
};

static void clear(void *state)
{
    struct play *play = state;

    for (size_t i = 0; i < EDITS_MAX; i++)
        for (size_t t = 0; t < play->edits[i].n_tracks; t++)
            play_track_clear(&play->edits[i].tracks[t]);
}

/* ---- edits ------------------------------------------------------------------------------ */

static void drop_tracks(struct edit *edit)
{
    for (size_t t = 0; t < edit->n_tracks; t++)
        play_track_clear(&edit->tracks[t]);
    edit->n_tracks = 0;
}

static void answer_edit(struct call *call, const struct edit *edit)
{
    char expiry[24];

    snprintf(expiry, sizeof expiry, "%lld", (long long)(edit->expires_ms / 1000));
    sim_reply_json(call->rp, 200,
                   json_pack("{s:s, s:s}", "id", edit->id, "expiryTimeSeconds", expiry));
}

static void precondition(struct call *call, const char *reason, const char *text)
{
    google_fail(call->rp, 400, "FAILED_PRECONDITION", reason, "%s", text);
}

/* The edit of that id if it can still be used; else the refusal is in the reply. */
static struct edit *live_edit(struct call *call, const char *id)
{
    const struct world *world = call->sim->world;

    for (size_t i = 0; i < EDITS_MAX; i++) {
        struct edit *edit = &call->play->edits[i];
        if (strcmp(edit->id, id) != 0 || strcmp(edit->account, call->account) != 0)
            continue;
        if (edit->state == EDIT_COMMITTED)
            /* fastforge#214 */
            precondition(call, "failedPrecondition",
                         "This edit has already been successfully committed, please create a new "
                         "Edit.");
        else if (edit->state == EDIT_DELETED || edit->change != world->play.next_change)
            precondition(call, "failedPrecondition", "This Edit has been deleted.");
        else if (edit->expires_ms <= world->now_ms)
            precondition(call, "failedPrecondition", "This edit has expired.");
        else
            return edit;
        return NULL;
    }
    /* Text UNCONFIRMED. */
    google_fail(call->rp, 404, "NOT_FOUND", "editNotFound", "Edit not found: %.40s.", id);
    return NULL;
}

static void insert_edit(struct call *call)
{
    struct play *play = call->play;
    struct world *world = call->sim->world;

    for (size_t i = 0; i < EDITS_MAX; i++)
        if (play->edits[i].state == EDIT_OPEN && play->edits[i].id[0] != '\0' &&
            strcmp(play->edits[i].account, call->account) == 0) {
            play->edits[i].state = EDIT_DELETED;
            drop_tracks(&play->edits[i]);
        }
    struct edit *edit = &play->edits[play->n_edits++ % EDITS_MAX];
    drop_tracks(edit);
    *edit = (struct edit){.expires_ms = world->now_ms + EDIT_LIFE_MS,
                          .change = world->play.next_change};
    uint64_t number = UINT64_C(17134237077010417398) ^ play->n_edits * UINT64_C(0x9e3779b97f4a7c15);
    snprintf(edit->id, sizeof edit->id, "%llu", (unsigned long long)number);
    sim_copy(edit->account, sizeof edit->account, call->account);
    for (size_t t = 0; t < world->play.n_tracks; t++)
        play_track_copy(&edit->tracks[t], &world->play.tracks[t]);
    edit->n_tracks = world->play.n_tracks;
    answer_edit(call, edit);
}

static void delete_edit(struct call *call)
{
    struct edit *edit = live_edit(call, call->last);

    if (edit == NULL)
        return;
    edit->state = EDIT_DELETED;
    drop_tracks(edit);
    sim_reply_empty(call->rp, 204);
}

/* ---- commit ----------------------------------------------------------------------------- */

static bool read_behavior(struct call *call, bool *errors_in_review)
{
    const char *value = sim_query(call->rq, "changesInReviewBehavior");

    *errors_in_review = value != NULL && strcmp(value, "ERROR_IF_IN_REVIEW") == 0;
    if (value == NULL || *errors_in_review || strcmp(value, "CANCEL_IN_REVIEW_AND_SUBMIT") == 0 ||
        strcmp(value, "CHANGES_IN_REVIEW_BEHAVIOR_TYPE_UNSPECIFIED") == 0)
        return true;
    google_fail(call->rp, 400, "INVALID_ARGUMENT", NULL,
                "Invalid value at 'changes_in_review_behavior', \"%.60s\"", value);
    return false;
}

static bool read_not_sent(struct call *call, bool *is_unsent)
{
    const char *value = sim_query(call->rq, "changesNotSentForReview");

    *is_unsent = value != NULL && strcmp(value, "true") == 0;
    if (value == NULL || *is_unsent || strcmp(value, "false") == 0)
        return true;
    google_fail(call->rp, 400, "INVALID_ARGUMENT", NULL,
                "Invalid value at 'changes_not_sent_for_review' (TYPE_BOOL), \"%.60s\"", value);
    return false;
}

/* Both texts as fastlane supply knows them. */
static bool judge_sending(struct call *call, bool is_unsent)
{
    bool must = call->sim->world->play.needs_manual_send;

    if (must && !is_unsent)
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "badRequest",
                    "Changes cannot be sent for review automatically. Please set the query "
                    "parameter changesNotSentForReview to true. Once committed, the changes in "
                    "this edit can be sent for review from the Google Play Console UI.");
    else if (!must && is_unsent)
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "badRequest",
                    "Changes are sent for review automatically. The query parameter "
                    "changesNotSentForReview must not be set.");
    return must == is_unsent;
}

/* An account without the right to release. At which step Google judges it is not documented. */
static bool may_release(struct call *call, bool is_commit)
{
    int lacks = call->sim->rights.play;

    if (lacks == SIM_PLAY_RELEASES || (lacks == SIM_PLAY_NO_COMMIT && !is_commit))
        return true;
    google_fail(call->rp, 403, "PERMISSION_DENIED", "permissionDenied",
                "The caller does not have permission");
    return false;
}

/* The edit stays valid. Body: "Method: edits.commit", section "Changes in review error message
 * sample". */
static void refuse_in_review(struct call *call)
{
    sim_reply_json(
        call->rp, 400,
        json_pack("{s:{s:i, s:s, s:s, s:[{s:s, s:s, s:s}]}}", "error", "code", 400, "message",
                  "You already have changes in review. Cancel this review or wait for it to "
                  "complete before you try again. See https://developers.google.com/"
                  "android-publisher/api-ref/rest/v3/applications.tracks.releases",
                  "status", "FAILED_PRECONDITION", "details", "@type",
                  "type.googleapis.com/google.rpc.ErrorInfo", "reason",
                  "CHANGES_ALREADY_IN_REVIEW", "domain", "googleapis.com"));
}

static void commit_edit(struct call *call)
{
    struct play_store *store = &call->sim->world->play;
    bool errors_in_review = false;
    bool is_unsent = false;
    struct edit *edit = live_edit(call, call->last);

    if (edit == NULL || !may_release(call, true) || !read_behavior(call, &errors_in_review) ||
        !read_not_sent(call, &is_unsent) || !judge_sending(call, is_unsent))
        return;
    if (errors_in_review && store->is_review_running) {
        refuse_in_review(call);
        return;
    }
    play_commit(store, edit->tracks, edit->n_tracks, is_unsent, call->sim->world->now_ms);
    edit->state = EDIT_COMMITTED;
    drop_tracks(edit);
    answer_edit(call, edit);
}

/* ---- tracks ----------------------------------------------------------------------------- */

static struct play_track *edit_track(struct call *call, struct edit *edit)
{
    struct play_track *track = play_track_find(edit->tracks, edit->n_tracks, call->last);

    if (track == NULL)
        google_fail(call->rp, 404, "NOT_FOUND", "trackNotFound", "Track not found: %.40s.",
                    call->last); /* text UNCONFIRMED */
    return track;
}

static void list_tracks(struct call *call, struct edit *edit)
{
    json_t *tracks = json_array();

    for (size_t t = 0; t < edit->n_tracks; t++)
        json_array_append_new(tracks, play_track_json(&edit->tracks[t]));
    sim_reply_json(call->rp, 200,
                   json_pack("{s:s, s:o}", "kind", "androidpublisher#tracksListResponse", "tracks",
                             tracks));
}

static bool are_drafts(const struct play_track *track)
{
    for (size_t i = 0; i < track->n_releases; i++)
        if (track->releases[i].status != PLAY_DRAFT)
            return false;
    return true;
}

static void update_track(struct call *call, struct edit *edit)
{
    struct play_track *track = edit_track(call, edit);
    struct play_refusal refusal;
    struct play_track wanted;
    struct play_track made;
    bool has_releases = false;

    if (track == NULL || !may_release(call, false))
        return;
    json_t *body = sim_body_json(call->rq);
    if (body == NULL) {
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "parseError",
                    "Invalid JSON payload received. Expected an object.");
        return;
    }
    bool ok = play_track_read(body, &call->sim->world->play, track->name, &wanted, &has_releases,
                              call->rp);
    json_decref(body);
    if (!ok)
        return;
    if (call->sim->world->play.is_draft_app && !are_drafts(&wanted)) {
        play_track_clear(&wanted);
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "badRequest",
                    "Only releases with status draft may be created on draft app.");
        return;
    }
    if (!has_releases && sim_method_is(call->rq, "PATCH")) {
        sim_reply_json(call->rp, 200, play_track_json(track));
    } else if (play_track_update(track, &wanted, &made, &refusal)) {
        play_track_clear(track);
        *track = made;
        sim_reply_json(call->rp, 200, play_track_json(track));
    } else {
        google_fail(call->rp, refusal.http, refusal.status, refusal.reason, "%s", refusal.message);
    }
    play_track_clear(&wanted);
}

static void list_summaries(struct call *call, const char *track_name)
{
    struct play_store *store = &call->sim->world->play;
    struct play_track *track = play_track_find(store->tracks, store->n_tracks, track_name);

    if (track == NULL)
        google_fail(call->rp, 404, "NOT_FOUND", "trackNotFound", "Track not found: %.40s.",
                    track_name); /* text UNCONFIRMED */
    else
        sim_reply_json(call->rp, 200, play_summaries_json(track));
}

/* ---- written reviews -------------------------------------------------------------------- */

static bool within_reviews_quota(struct call *call)
{
    struct play *play = call->play;
    int64_t hour = sim_real_ms() / 3600000;

    if (hour != play->hour) {
        play->hour = hour;
        play->review_reads = 0;
    }
    if (++play->review_reads <= REVIEWS_PER_HOUR * sim_speed(call->sim))
        return true;
    google_fail(call->rp, 429, "RESOURCE_EXHAUSTED", "rateLimitExceeded",
                "Quota exceeded for quota metric 'Reviews reads' and limit 'per hour'."); /* text
                                                                               UNCONFIRMED */
    return false;
}

/* A whole number in the query within [low, high]; absent leaves *out. */
static bool query_number(struct call *call, const char *name, long low, long high, long *out)
{
    const char *text = sim_query(call->rq, name);
    char *end = NULL;

    if (text == NULL)
        return true;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < low) {
        google_fail(call->rp, 400, "INVALID_ARGUMENT", NULL, "Invalid value at '%s' (TYPE_UINT32), "
                    "\"%.40s\"", name, text);
        return false;
    }
    *out = value > high ? high : value;
    return true;
}

/* Tokens name a place in the list ("page-20"); startIndex is the older way to say the same. */
static bool read_place(struct call *call, long *first)
{
    const char *token = sim_query(call->rq, "token");
    char *end = NULL;

    if (token == NULL || *token == '\0')
        return query_number(call, "startIndex", 0, PLAY_REVIEWS_MAX, first);
    if (strncmp(token, "page-", 5) == 0 && token[5] >= '0' && token[5] <= '9')
        *first = strtol(token + 5, &end, 10);
    if (end != NULL && *end == '\0')
        return true;
    google_fail(call->rp, 400, "INVALID_ARGUMENT", "badRequest", "Invalid page token."); /* UNCONFIRMED
                                                                                           text */
    return false;
}

/* Newest first, of the last seven days; an empty page is {}. */
static void list_reviews(struct call *call)
{
    const struct world *world = call->sim->world;
    int64_t from_ms = world->now_ms - (int64_t)REVIEWS_KEPT_DAYS * 24 * 3600 * 1000;
    long most = REVIEWS_PAGE, first = 0;
    const struct play_review *review = NULL;

    if (!within_reviews_quota(call) || !read_place(call, &first) ||
        !query_number(call, "maxResults", 1, REVIEWS_PAGE_MAX, &most))
        return;
    json_t *list = json_array(), *page = json_object();
    size_t i = (size_t)first;
    for (; (review = play_review_at(&world->play, i)) != NULL && review->at_ms >= from_ms &&
           json_array_size(list) < (size_t)most; i++)
        json_array_append_new(list, play_review_json(review));
    if (json_array_size(list) > 0)
        json_object_set(page, "reviews", list);
    json_decref(list);
    if (review != NULL && review->at_ms >= from_ms) {
        char token[32];
        snprintf(token, sizeof token, "page-%zu", i);
        json_object_set_new(page, "tokenPagination", json_pack("{s:s}", "nextPageToken", token));
    }
    sim_reply_json(call->rp, 200, page);
}

/* ---- routing ---------------------------------------------------------------------------- */

static void not_found(struct sim_reply *rp)
{
    sim_reply_text(rp, 404, "text/html; charset=UTF-8",
                   "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
                   "<p>The requested URL was not found on this server.</html>");
}

/* Splits "{id}:commit"; a colon that belongs to the id must come as %3A. */
static bool split_last(struct call *call)
{
    const char *raw = strrchr(call->rq->raw_path, '/');
    const char *colon = raw == NULL ? NULL : strchr(raw, ':');
    const char *last = call->rq->segments[call->rq->n_segments - 1];

    if (!sim_copy(call->last, sizeof call->last, last))
        return false;
    if (colon == NULL)
        return true;
    char *at = strrchr(call->last, ':');
    if (at == NULL || strcmp(at, colon) != 0)
        return false;
    *at = '\0';
    call->verb = last + (at - call->last) + 1;
    return true;
}

/* The method's own parameters. */
static bool query_is_known(struct call *call)
{
    static const char *const none[] = {NULL};
    static const char *const commit[] = {"changesNotSentForReview", "changesInReviewBehavior",
                                         NULL};
    static const char *const reviews[] = {"maxResults", "startIndex", "token",
                                          "translationLanguage", NULL};
    bool is_reviews = call->rq->n_segments == 5 && strcmp(call->rq->segments[4], "reviews") == 0;
    bool is_commit = call->verb != NULL && strcmp(call->verb, "commit") == 0;

    return !google_refuse_unknown_query(call->rq, call->rp, is_commit    ? commit
                                                          : is_reviews ? reviews
                                                                       : none);
}

static bool within_quota(struct call *call)
{
    struct play *play = call->play;
    int64_t minute = sim_real_ms() / 60000;

    if (minute != play->minute) {
        play->minute = minute;
        play->queries = 0;
    }
    if (++play->queries <= QUERIES_PER_MINUTE * sim_speed(call->sim))
        return true;
    google_fail(call->rp, 429, "RESOURCE_EXHAUSTED", "rateLimitExceeded",
                "Quota exceeded for quota metric 'Publishing, monetization, and reply to reviews "
                "queries' and limit 'Queries per minute'.");
    return false;
}

/* An insert takes no body, or an empty object, or an AppEdit whose fields are output only. */
static bool body_is_empty_edit(struct call *call)
{
    static const char *const known[] = {"id", "expiryTimeSeconds", NULL};

    if (call->rq->body_bytes == 0)
        return true;
    json_t *body = sim_body_json(call->rq);
    if (body == NULL) {
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "parseError",
                    "Invalid JSON payload received. Expected an object.");
        return false;
    }
    bool ok = !google_refuse_unknown_field(body, "edit", known, call->rp);
    json_decref(body);
    return ok;
}

static bool body_is_empty(struct call *call)
{
    static const char *const known[] = {NULL};

    if (call->rq->body_bytes == 0)
        return true;
    json_t *body = sim_body_json(call->rq);
    bool ok = body != NULL && !google_refuse_unknown_field(body, "", known, call->rp);
    if (body == NULL)
        google_fail(call->rp, 400, "INVALID_ARGUMENT", "parseError",
                    "Invalid JSON payload received. Expected an object.");
    json_decref(body);
    return ok;
}

/* …/edits/{editId}[:verb] */
static void route_edit(struct call *call)
{
    const char *method = call->rq->method;
    bool is_post = strcmp(method, "POST") == 0;
    bool is_commit = call->verb != NULL && strcmp(call->verb, "commit") == 0;
    bool is_validate = call->verb != NULL && strcmp(call->verb, "validate") == 0;
    struct edit *edit = NULL;

    if (is_post && is_commit) {
        if (body_is_empty(call))
            commit_edit(call);
    } else if (is_post && is_validate) {
        edit = body_is_empty(call) ? live_edit(call, call->last) : NULL;
        if (edit != NULL)
            answer_edit(call, edit);
    } else if (call->verb == NULL && strcmp(method, "DELETE") == 0) {
        delete_edit(call);
    } else if (call->verb == NULL && strcmp(method, "GET") == 0) {
        edit = live_edit(call, call->last);
        if (edit != NULL)
            answer_edit(call, edit);
    } else {
        not_found(call->rp);
    }
}

/* …/edits/{editId}/tracks[/{track}] */
static void route_tracks(struct call *call, const char *edit_id, bool has_track)
{
    const char *method = call->rq->method;
    bool is_get = strcmp(method, "GET") == 0;
    bool is_write = strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;

    if (call->verb != NULL || (!is_get && !(has_track && is_write))) {
        not_found(call->rp);
        return;
    }
    struct edit *edit = live_edit(call, edit_id);
    if (edit == NULL)
        return;
    if (!has_track)
        list_tracks(call, edit);
    else if (is_write)
        update_track(call, edit);
    else {
        struct play_track *track = edit_track(call, edit);
        if (track != NULL)
            sim_reply_json(call->rp, 200, play_track_json(track));
    }
}

/* Everything below /androidpublisher/v3/applications/{packageName}. */
static void route(struct call *call)
{
    const char *const *s = call->rq->segments;
    size_t n = call->rq->n_segments;
    bool is_edits = n >= 5 && strcmp(s[4], "edits") == 0;

    if (n >= 4 && strcmp(s[3], call->sim->world->play.package) != 0)
        google_fail(call->rp, 404, "NOT_FOUND", "applicationNotFound", "Package not found: %.60s.",
                    s[3]);
    else if (is_edits && n == 5 && sim_method_is(call->rq, "POST") && call->verb == NULL) {
        if (body_is_empty_edit(call))
            insert_edit(call);
    } else if (is_edits && n == 6)
        route_edit(call);
    else if (is_edits && (n == 7 || n == 8) && strcmp(s[6], "tracks") == 0)
        route_tracks(call, s[5], n == 8);
    else if (n == 7 && strcmp(s[4], "tracks") == 0 && strcmp(s[6], "releases") == 0 &&
             sim_method_is(call->rq, "GET") && call->verb == NULL)
        list_summaries(call, s[5]);
    else if (n == 5 && strcmp(s[4], "reviews") == 0 && sim_method_is(call->rq, "GET") &&
             call->verb == NULL)
        list_reviews(call);
    else
        not_found(call->rp);
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct call call = {.sim = sim, .rq = rq, .rp = rp};

    call.play = sim_state(sim, &sim_google_play, sizeof *call.play, clear);
    if (rq->n_segments < 4 || strcmp(rq->segments[0], "androidpublisher") != 0 ||
        strcmp(rq->segments[1], "v3") != 0 || strcmp(rq->segments[2], "applications") != 0 ||
        rq->has_trailing_slash || !split_last(&call)) {
        not_found(rp);
        return;
    }
    call.account = google_account(sim, rq, rp, GOOGLE_SCOPE_PUBLISHER);
    if (call.account != NULL && within_quota(&call) && query_is_known(&call))
        route(&call);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum sim_effect classify(const struct sim_request *rq)
{
    if (sim_method_is(rq, "GET") || sim_method_is(rq, "HEAD"))
        return SIM_EFFECT_NONE;
    if (sim_method_is(rq, "DELETE") && strstr(rq->path, "/edits/") != NULL)
        return SIM_EFFECT_EDIT_DELETE;
    if (sim_method_is(rq, "POST") && ends_with(rq->path, "/edits"))
        return SIM_EFFECT_EDIT_INSERT;
    if (ends_with(rq->path, ":validate"))
        return SIM_EFFECT_NONE;
    if ((sim_method_is(rq, "PUT") || sim_method_is(rq, "PATCH")) &&
        strstr(rq->path, "/tracks/") != NULL)
        return SIM_EFFECT_EDIT_WRITE;
    return SIM_EFFECT_MUTATING;
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "package", json_string(sim->world->play.package));
}

const struct sim_service sim_google_play = {
    .name = "google_play",
    .classify = classify,
    .handle = handle,
    .describe = describe,
};
