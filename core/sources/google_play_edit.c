/* google_play_edit.c: requests to the Android Publisher API, edits, and its errors in words.
 *
 * An edit is a working copy. Opening one kills any other edit that the same service account has
 * open for the app, in any program (a CI upload in progress, too); the first commit kills all the
 * others. So an edit lives only within one lock, is dropped at once, and the loser of a race is
 * told apart from a refusal (GPLAY_FAULT_EDIT_GONE).
 * Google has sent the same refusal with different codes over time: the HTTP class and a part of
 * the message decide, never the status word alone.
 *
 * Sources: Google "Edits"; Google "Concurrency considerations"; "Method: edits.commit", section
 * "Changes in review error message sample"; gradle-play-publisher#629, #860, #998 (edit deleted);
 * fastforge#214 (already committed); tramlinehq/tramline (table of live errors); read 2026-01. */
#include "sources/google_play.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/google_error.h"

/* No dry_reply for an edit's opening and dropping: a dry run needs the track as it is, and an edit
 * that is dropped changes nothing. */
const struct sw_operation gplay_operations[GPLAY_OPERATION_COUNT] = {
    [GPLAY_EDITS_INSERT] = {.name = "edits.insert",
                            .method = SW_POST,
                            .path = "/androidpublisher/v3/applications/{package}/edits",
                            .effect = SW_EFFECT_EDIT,
                            .is_idempotent = true},
    [GPLAY_EDITS_DELETE] = {.name = "edits.delete",
                            .method = SW_DELETE,
                            .path = "/androidpublisher/v3/applications/{package}/edits/{edit}",
                            .effect = SW_EFFECT_EDIT,
                            .is_idempotent = true},
    /* A second commit of one edit is refused, but the first may have been what was wanted. */
    [GPLAY_EDITS_COMMIT] = {.name = "edits.commit",
                            .method = SW_POST,
                            .path =
                                "/androidpublisher/v3/applications/{package}/edits/{edit}:commit",
                            .effect = SW_EFFECT_MUTATE,
                            .timeout_ms = 60000},
    [GPLAY_TRACKS_LIST] = {.name = "edits.tracks.list",
                           .method = SW_GET,
                           .path =
                               "/androidpublisher/v3/applications/{package}/edits/{edit}/tracks",
                           .effect = SW_EFFECT_READ,
                           .is_idempotent = true},
    /* Reaches users only by the commit; not repeated all the same: one intent, one write. */
    [GPLAY_TRACKS_UPDATE] = {.name = "edits.tracks.update",
                             .method = SW_PUT,
                             .path = "/androidpublisher/v3/applications/{package}/edits/{edit}"
                                     "/tracks/{track}",
                             .effect = SW_EFFECT_MUTATE,
                             .is_staged = true},
    [GPLAY_RELEASES_LIST] = {.name = "tracks.releases.list",
                             .method = SW_GET,
                             .path = "/androidpublisher/v3/applications/{package}/tracks/{track}"
                                     "/releases",
                             .effect = SW_EFFECT_READ,
                             .is_idempotent = true,
                             /* A re-read before a halt can do without it. */
                             .timeout_ms = 8000},
    [GPLAY_REVIEWS_LIST] = {.name = "reviews.list",
                            .method = SW_GET,
                            .path = "/androidpublisher/v3/applications/{package}/reviews",
                            .effect = SW_EFFECT_READ,
                            .is_idempotent = true},
};

const char *gplay_package(const struct sw_target *target)
{
    return sw_node_str(target->options, "package");
}

const char *gplay_track_name(const struct sw_target *target)
{
    return sw_node_str(target->options, "track");
}

/* ------------------------------------------------------------------ errors */

/* What Google says, and what it means for this flow and for the reader. */
struct refusal {
    const char *part; /* of the message or a reason, any case */
    enum gplay_fault fault;
    const char *advice;
};
static const struct refusal refusals[] = {
    {"Edit has been deleted", GPLAY_FAULT_EDIT_GONE,
     "somebody else opened or committed an edit of this app"},
    {"editDeleted", GPLAY_FAULT_EDIT_GONE, "somebody else opened or committed an edit of this app"},
    {"edit has expired", GPLAY_FAULT_EDIT_GONE, "it took too long"},
    {"edit has already been successfully committed", GPLAY_FAULT_COMMITTED, ""},
    {"CHANGES_ALREADY_IN_REVIEW", GPLAY_FAULT_IN_REVIEW,
     "NOTHING WAS CHANGED: committing would have cancelled that review"},
    {"already have changes in review", GPLAY_FAULT_IN_REVIEW,
     "NOTHING WAS CHANGED: committing would have cancelled that review"},
    {"cannot be sent for review automatically", GPLAY_FAULT_NOT_SENT,
     "NOTHING WAS CHANGED: with changesNotSentForReview it would wait until a person sends it. "
     "Make the change in the Play Console"},
    {"Fully released can not be staged", GPLAY_FAULT_OTHER, "it is at 100% already"},
    {"first release on a track cannot be staged", GPLAY_FAULT_OTHER,
     "the first one can only be completed"},
    {"may be created on draft app", GPLAY_FAULT_OTHER,
     "the app was never published: finish its set-up in the Play Console"},
    {"no matching in progress release", GPLAY_FAULT_OTHER,
     "this version code is not being rolled out any more"},
    {"has not been used in project", GPLAY_FAULT_OTHER,
     "enable the Google Play Android Developer API in the service account's Cloud project"},
    {"does not have permission", GPLAY_FAULT_OTHER,
     "invite the service account in the Play Console, with rights for this app"},
    {"does not allow any existing users to upgrade", GPLAY_FAULT_OTHER,
     "a lower version code cannot replace a higher one"},
    {"targeting no countries", GPLAY_FAULT_OTHER,
     "choose countries for the track in the Play Console"},
    {"issues with your account", GPLAY_FAULT_OTHER, "see to it in the Play Console"},
    {"permission declaration", GPLAY_FAULT_OTHER, "finish it in the Play Console"},
    {"version codes could not be found", GPLAY_FAULT_OTHER,
     "no bundle of that version code was uploaded"},
    {"releasesRolloutTrackNotAllowed", GPLAY_FAULT_OTHER,
     "there is no track `rollout` any more: name the track in the configuration, as in production"},
    {"ROLLOUT track is not supported", GPLAY_FAULT_OTHER,
     "there is no track `rollout` any more: name the track in the configuration, as in production"},
    {"Package not found", GPLAY_FAULT_OTHER, "check `package` in the configuration"},
};

static const struct refusal *refusal_find(const char *message, const char *reasons)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(refusals); i++)
        if (strcasestr(message, refusals[i].part) || strcasestr(reasons, refusals[i].part))
            return &refusals[i];
    return NULL;
}

/* Google's own words; each empty when the body does not have it. */
struct google_error {
    char message[SW_LINE_MAX], status[SW_WORD_MAX], reasons[SW_GOOGLE_REASONS_MAX];
};

static bool error_read(const struct sw_reply *reply, struct google_error *out)
{
    *out = (struct google_error){0};
    SW_JSON json_t *json = NULL;
    if (sw_reply_json(reply, &json, NULL) != SW_OK)
        return false;
    json_t *error = NULL;
    if (sw_json_obj(json, "error", SW_REQUIRED, &error, NULL) != SW_OK)
        return false;
    sw_ignore(
        sw_json_text(error, "message", SW_OPTIONAL, out->message, sizeof(out->message), NULL));
    sw_ignore(sw_json_text(error, "status", SW_OPTIONAL, out->status, sizeof(out->status), NULL));
    sw_google_reasons(error, out->reasons);
    return true;
}

static enum sw_code code_of(const struct sw_reply *reply, enum sw_code code)
{
    if (sw_google_classify(reply) == SW_E_QUOTA)
        return SW_E_QUOTA;
    return reply->status == 400 || reply->status == 410 ? SW_E_CONFLICT : code;
}

enum sw_code gplay_exchange(struct sw_flow *flow, const struct sw_request *request,
                            const char *doing, struct sw_reply *reply, enum gplay_fault *fault,
                            struct sw_error *err)
{
    struct sw_error own = {0};
    enum sw_code code = sw_flow_exchange(flow, request, reply, &own);
    if (fault)
        *fault = GPLAY_FAULT_OTHER;
    if (code == SW_OK)
        return SW_OK;
    struct google_error google = {0};
    if (code == SW_E_CANCELLED || reply->status == 0 || !error_read(reply, &google)) {
        sw_error_prefix(&own, "%s", doing);
        if (err)
            *err = own;
        return code;
    }
    const struct refusal *refusal = refusal_find(google.message, google.reasons);
    if (fault && refusal)
        *fault = refusal->fault;
    else if (fault && (reply->status == 410 || reply->status == 409))
        *fault = GPLAY_FAULT_EDIT_GONE; /* 409: "concurrency update error". Source: "Edits" */
    bool has_advice = refusal && refusal->advice[0];
    return sw_fail_http(err, code_of(reply, code), reply->status, own.is_retryable, own.retry_at_ms,
                        "%s: Google Play says \"%s\" (%d%s%s)%s%s", doing,
                        google.message[0] ? google.message : "nothing", reply->status,
                        google.status[0] ? " " : "", google.status, has_advice ? ": " : "",
                        has_advice ? refusal->advice : "");
}

/* ------------------------------------------------------------------- edits */

static void lock_name(const struct sw_flow *flow, const char *package, char *out, size_t size)
{
    const char *email = sw_flow_principal(flow);
    sw_format(out, size, "play-%s%s%s", package, email ? "-" : "", email ? email : "");
    for (char *c = out; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(".-_", *c))
            *c = '_';
}

enum sw_code gplay_lock(struct sw_flow *flow, const char *package, struct sw_error *err)
{
    char name[160];
    lock_name(flow, package, name, sizeof(name));
    return sw_flow_lock(flow, name, err);
}

void gplay_unlock(struct sw_flow *flow, const char *package)
{
    char name[160];
    lock_name(flow, package, name, sizeof(name));
    sw_flow_unlock(flow, name);
}

bool gplay_is_lock_wanted(const struct sw_flow *flow, const char *package)
{
    char name[160];
    lock_name(flow, package, name, sizeof(name));
    return sw_flow_is_lock_wanted(flow, name);
}

/* It goes into a path: nothing but what Google's ids are made of. */
static bool is_edit_id(const char *id)
{
    size_t len = strlen(id);
    if (len == 0 || len >= GPLAY_EDIT_ID_MAX)
        return false;
    for (const char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return true;
}

enum sw_code gplay_edit_open(struct sw_flow *flow, const char *package,
                             char edit[GPLAY_EDIT_ID_MAX], struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    SW_JSON json_t *json = NULL;
    char doing[160];
    sw_format(doing, sizeof(doing), "opening an edit of %s", package);
    enum sw_code code =
        sw_request_init(&request, &gplay_operations[GPLAY_EDITS_INSERT], err, package, NULL);
    request.content_type = "application/json";
    request.body = "{}";
    request.body_len = 2;
    if (code == SW_OK)
        code = gplay_exchange(flow, &request, doing, &reply, NULL, err);
    if (code == SW_OK)
        code = sw_reply_json(&reply, &json, err);
    const char *id = NULL;
    if (code == SW_OK)
        code = sw_json_str(json, "id", SW_REQUIRED, &id, err);
    if (code == SW_OK && !is_edit_id(id))
        code = sw_fail(err, SW_E_PARSE, "%s: the id of the edit has other characters than ids have",
                       doing);
    if (code == SW_OK)
        sw_copy(edit, GPLAY_EDIT_ID_MAX, id);
    sw_reply_clear(&reply);
    return code;
}

void gplay_edit_drop(struct sw_flow *flow, const char *package, const char *edit)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    if (sw_request_init(&request, &gplay_operations[GPLAY_EDITS_DELETE], NULL, package, edit,
                        NULL) == SW_OK)
        sw_ignore(sw_flow_exchange(flow, &request, &reply, NULL));
    sw_reply_clear(&reply);
}

enum sw_code gplay_edit_tracks(struct sw_flow *flow, const char *package, const char *edit,
                               json_t **out, enum gplay_fault *fault, struct sw_error *err)
{
    *out = NULL;
    struct sw_request request;
    struct sw_reply reply = {0};
    char doing[160];
    sw_format(doing, sizeof(doing), "reading the tracks of %s", package);
    enum sw_code code =
        sw_request_init(&request, &gplay_operations[GPLAY_TRACKS_LIST], err, package, edit, NULL);
    if (code == SW_OK)
        code = gplay_exchange(flow, &request, doing, &reply, fault, err);
    if (code == SW_OK) {
        code = sw_reply_json(&reply, out, err);
        if (code != SW_OK)
            sw_error_prefix(err, "%s", doing);
    }
    sw_reply_clear(&reply);
    return code;
}

enum sw_code gplay_tracks_pick(const json_t *list, const char *track_name, json_t **out,
                               struct sw_error *err)
{
    json_t *tracks = NULL;
    enum sw_code code = sw_json_arr(list, "tracks", SW_REQUIRED, &tracks, err);
    if (code != SW_OK)
        return code;
    char names[256] = "";
    json_t *synonym = NULL;
    size_t i;
    json_t *track;
    json_array_foreach(tracks, i, track)
    {
        const char *name = NULL;
        code = sw_json_str(track, "track", SW_REQUIRED, &name, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "tracks[%zu]", i);
        if (strcmp(name, track_name) == 0) {
            *out = track;
            return SW_OK;
        }
        if (gplay_is_same_track(name, track_name))
            synonym = track;
        size_t len = strlen(names);
        sw_format(names + len, sizeof(names) - len, "%s%.40s", len ? ", " : "", name);
    }
    if (synonym) {
        *out = synonym;
        return SW_OK;
    }
    return sw_fail(err, SW_E_NOT_FOUND, "the app has no track \"%s\"; it has: %s", track_name,
                   names[0] ? names : "none");
}
