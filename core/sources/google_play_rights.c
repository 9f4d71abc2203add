/* google_play_rights.c: whether the service account may release, asked without changing anything.
 *
 * Every verb is one edit, so one edit asks for all of them: open it, put the track back as it was
 * read, have it validated, throw it away. It is never committed, so nobody is served anything else
 * at any time, whatever happens in between.
 *
 *   answer                                          means, for every verb
 *   403 "… does not have permission" at any step    no
 *   all went well, or 400: the track was refused    may
 *   anything else                                   not known: 403 is also Google's word for a
 *                                                   declaration or a country that is missing
 *
 * UNCONFIRMED: no document says at which step the right to release is judged. Should it be the
 * commit, an account without it reads as "may", and the verb itself is refused, as without this
 * question.
 *
 * Opening an edit ends one that another program has open with the same account (CI, uploading), so
 * this is done when a person asks (`slipway check`), never by itself.
 *
 * Sources: Google "Edits" (one open edit per user and app; validate); discovery document,
 * edits.validate; tramlinehq/tramline (table of live errors); read 2026-01. */
#include "sources/google_play.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

/* One edit under way. */
struct question {
    struct sw_flow *flow;
    const char *package, *track_name;
    char edit[GPLAY_EDIT_ID_MAX];
    enum gplay_fault fault;
};

/* Between the requests: an action that waits for the edit goes first. */
static enum sw_code yield(const struct question *q, struct sw_error *err)
{
    if (!gplay_is_lock_wanted(q->flow, q->package))
        return SW_OK;
    return sw_fail(err, SW_E_BUSY, "an action wants the edit of %s", q->package);
}

static enum sw_code put_back(struct question *q, const json_t *track, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    struct sw_buf body;
    char doing[200];
    sw_format(doing, sizeof(doing), "putting track %s of %s into an edit as it was", q->track_name,
              q->package);
    sw_buf_init(&body, 1024 * 1024);
    enum sw_code code = sw_request_init(&request, &gplay_operations[GPLAY_TRACKS_UPDATE], err,
                                        q->package, q->edit, q->track_name, NULL);
    if (code == SW_OK)
        code = sw_json_write(track, &body, SW_JSON_COMPACT | SW_JSON_SHORT, err);
    if (code == SW_OK) {
        sw_request_json(&request, NULL, &body);
        code = gplay_exchange(q->flow, &request, doing, &reply, &q->fault, err);
    }
    sw_reply_clear(&reply);
    sw_buf_clear(&body);
    return code;
}

static enum sw_code validate(struct question *q, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    char doing[200];
    sw_format(doing, sizeof(doing), "having an edit of %s validated", q->package);
    enum sw_code code = sw_request_init(&request, &gplay_operations[GPLAY_EDITS_VALIDATE], err,
                                        q->package, q->edit, NULL);
    if (code == SW_OK)
        code = gplay_exchange(q->flow, &request, doing, &reply, &q->fault, err);
    sw_reply_clear(&reply);
    return code;
}

static enum sw_code ask_in_edit(struct question *q, struct sw_error *err)
{
    SW_JSON json_t *tracks = NULL;
    json_t *track = NULL;
    enum sw_code code = yield(q, err);
    if (code == SW_OK)
        code = gplay_edit_tracks(q->flow, q->package, q->edit, &tracks, &q->fault, err);
    if (code == SW_OK)
        code = gplay_tracks_pick(tracks, q->track_name, &track, err);
    if (code == SW_OK)
        code = yield(q, err);
    if (code == SW_OK)
        code = put_back(q, track, err);
    if (code == SW_OK)
        code = yield(q, err);
    return code == SW_OK ? validate(q, err) : code;
}

static enum sw_code ask(struct question *q, struct sw_error *err)
{
    enum sw_code code = gplay_lock(q->flow, q->package, err);
    if (code != SW_OK)
        return code;
    code = gplay_edit_open(q->flow, q->package, q->edit, err);
    if (code == SW_OK) {
        code = ask_in_edit(q, err);
        if (q->fault != GPLAY_FAULT_EDIT_GONE)
            gplay_edit_drop(q->flow, q->package, q->edit);
    }
    gplay_unlock(q->flow, q->package);
    return code;
}

static enum sw_right right_of(const struct question *q, enum sw_code code,
                              const struct sw_error *error)
{
    if (code == SW_OK)
        return SW_RIGHT_MAY;
    if (code == SW_E_DENIED && strcasestr(error->text, "does not have permission"))
        return SW_RIGHT_NO;
    if (code == SW_E_CONFLICT && q->fault != GPLAY_FAULT_EDIT_GONE)
        return SW_RIGHT_MAY;
    return SW_RIGHT_UNKNOWN;
}

enum sw_code gplay_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                          struct sw_error *err)
{
    const struct sw_target *target = sw_flow_target(flow, 0);
    struct sw_error own = {0};
    struct sw_right_seen one = {0};
    struct question q = {.flow = flow,
                         .package = gplay_package(target),
                         .track_name = gplay_track_name(target)};
    enum sw_code code = ask(&q, &own);
    one.right = right_of(&q, code, &own);
    sw_copy(one.words, sizeof(one.words),
            code == SW_OK ? "an edit with the track as it is was taken and validated" : own.text);
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++)
        seen[verb] = one;
    if (one.right != SW_RIGHT_UNKNOWN)
        return SW_OK;
    if (err)
        *err = own;
    return code;
}
