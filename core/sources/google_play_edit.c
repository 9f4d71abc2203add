/* google_play_edit.c: requests to the Android Publisher API, edits, and its errors in words.
 *
 * An edit is a working copy. Opening one kills any other edit that the same service account has
 * open for the app, in any program (a CI upload in progress, too); the first commit kills all the
 * others. So an edit lives only within one lock, is dropped at once, and the loser of a race is
 * told apart from a refusal (GPLAY_FAULT_EDIT_GONE).
 * How Google's errors are read is in google_errors.c; here is what they mean for edits.
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
#include "sources/google_errors.h"

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
    /* Publishes nothing. Source: discovery document, edits.validate. */
    [GPLAY_EDITS_VALIDATE] = {.name = "edits.validate",
                              .method = SW_POST,
                              .path = "/androidpublisher/v3/applications/{package}/edits/{edit}"
                                      ":validate",
                              .effect = SW_EFFECT_EDIT,
                              .is_idempotent = true,
                              .timeout_ms = 15000},
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
static const struct google_refusal refusals[] = {
    {"Edit has been deleted", "somebody else opened or committed an edit of this app",
     GPLAY_FAULT_EDIT_GONE, 0},
    {"editDeleted", "somebody else opened or committed an edit of this app", GPLAY_FAULT_EDIT_GONE,
     0},
    {"edit has expired", "it took too long", GPLAY_FAULT_EDIT_GONE, 0},
    {"edit has already been successfully committed", "", GPLAY_FAULT_COMMITTED, 0},
    {"CHANGES_ALREADY_IN_REVIEW",
     "NOTHING WAS CHANGED: committing would have cancelled that review",
     GPLAY_FAULT_IN_REVIEW, 0},
    {"already have changes in review",
     "NOTHING WAS CHANGED: committing would have cancelled that review",
     GPLAY_FAULT_IN_REVIEW, 0},
    {"cannot be sent for review automatically",
     "NOTHING WAS CHANGED: with changesNotSentForReview it would wait until a person sends it. "
     "Make the change in the Play Console",
     GPLAY_FAULT_NOT_SENT, 0},
    {"Fully released can not be staged", "it is at 100% already", GPLAY_FAULT_OTHER, 0},
    {"first release on a track cannot be staged", "the first one can only be completed",
     GPLAY_FAULT_OTHER, 0},
    {"may be created on draft app",
     "the app was never published: finish its set-up in the Play Console", GPLAY_FAULT_OTHER, 0},
    {"no matching in progress release", "this version code is not being rolled out any more",
     GPLAY_FAULT_OTHER, 0},
    {"has not been used in project",
     "enable the Google Play Android Developer API in the service account's Cloud project",
     GPLAY_FAULT_OTHER, 0},
    {"does not have permission",
     "invite the service account in the Play Console, with rights for this app", GPLAY_FAULT_OTHER,
     0},
    {"does not allow any existing users to upgrade",
     "a lower version code cannot replace a higher one", GPLAY_FAULT_OTHER, 0},
    {"targeting no countries", "choose countries for the track in the Play Console",
     GPLAY_FAULT_OTHER, 0},
    {"issues with your account", "see to it in the Play Console", GPLAY_FAULT_OTHER, 0},
    {"permission declaration", "finish it in the Play Console", GPLAY_FAULT_OTHER, 0},
    {"version codes could not be found", "no bundle of that version code was uploaded",
     GPLAY_FAULT_OTHER, 0},
    {"releasesRolloutTrackNotAllowed",
     "there is no track `rollout` any more: name the track in the configuration, as in production",
     GPLAY_FAULT_OTHER, 0},
    {"ROLLOUT track is not supported",
     "there is no track `rollout` any more: name the track in the configuration, as in production",
     GPLAY_FAULT_OTHER, 0},
    {"Package not found", "check `package` in the configuration", GPLAY_FAULT_OTHER, 0},
    /* 409: "concurrency update error". Source: "Edits" */
    {NULL, "", GPLAY_FAULT_EDIT_GONE, 409},
    {NULL, "", GPLAY_FAULT_EDIT_GONE, 410},
};

static const struct google_api publisher = {.title = "Google Play",
                                            .refusals = refusals,
                                            .refusal_count = SW_ARRAY_LEN(refusals),
                                            .bad_request = SW_E_CONFLICT};

enum sw_code gplay_exchange(struct sw_flow *flow, const struct sw_request *request,
                            const char *doing, struct sw_reply *reply, enum gplay_fault *fault,
                            struct sw_error *err)
{
    int found = GPLAY_FAULT_OTHER;
    enum sw_code code = google_exchange(flow, request, &publisher, doing, reply, &found, err);
    if (fault)
        *fault = (enum gplay_fault)found;
    return code;
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
