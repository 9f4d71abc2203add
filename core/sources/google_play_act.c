/* google_play_act.c: the verbs of Google Play.
 *
 * One verb is one edit: open, read all tracks, put the changed track, compare Google's answer
 * with what was asked, commit with ERROR_IF_IN_REVIEW. Nothing reaches users before the commit,
 * so anything that fails before it has changed nothing, and the error says so.
 *
 * What is put in a track (a release left out has a meaning, too):
 *   the target, addressed by version code, as it was read, but for status and userFraction;
 *   every other release in progress, draft or of an unknown status, unchanged (an inProgress one
 *   left out is halted); no completed one (sent along, one has ended with the new one halted).
 *
 *   verb      target is               becomes
 *   halt,     inProgress              halted, its present userFraction kept
 *   rollback  completed               halted, no userFraction: Play's own roll back
 *             halted                  nothing to send
 *   resume    halted with fraction    inProgress with it
 *             halted without          completed (it was at 100 %)
 *   advance   draft, inProgress       inProgress with the new fraction, never a lower one;
 *                                     100 % is complete
 *   complete  draft, inProgress       completed, no userFraction
 *   anything else is refused here with SW_E_CONFLICT, nothing sent
 *
 * An edit killed by somebody else's is started over, at most 3 times. A commit without an answer
 * is SW_E_OUTCOME_UNKNOWN: reading back tells. changesNotSentForReview is never set and a review
 * cancelled only by a halt with may_cancel_review: else the error says that nothing happened.
 * Should the re-read before a halt have failed, and the edit's tracks be unreadable, too, the
 * halt is sent from the last known releases.
 *
 * Sources: Google "APKs and Tracks"; Play Console Help "Halting a fully rolled-out release";
 * gradle-play-publisher#1191, r0adkll/upload-google-play#179 (omitted release halted);
 * googleapis/google-api-ruby-client#13029 (both sent); fastlane#29594 (halted needs a fraction);
 * read 2026-01. */
#include "sources/google_play.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

enum { TRIES_MAX = 3 };
static const double fraction_same = 1e-6;

/* One verb under way. */
struct work {
    struct sw_flow *flow;
    const struct sw_act *act;
    const char *package, *track_name;
    char put_name[GPLAY_TRACK_NAME_MAX]; /* the track's name as the app lists it */
    int64_t code;             /* the version code acted upon */
    struct gplay_track known; /* from the handle */
    char edit[GPLAY_EDIT_ID_MAX];
    bool is_edit_open;
    char last_read[96]; /* the target as the newest edit showed it */
};

/* What the target is to become. */
struct wish {
    enum gplay_status status;
    bool is_fraction_kept;    /* userFraction as it was read */
    struct sw_value fraction; /* else this one; unknown: none */
    bool is_nothing;          /* it is so already */
};

/* ------------------------------------------------------------------ wishes */

static const char *status_word(enum gplay_status status)
{
    switch (status) {
    case GPLAY_IN_PROGRESS:
        return "inProgress";
    case GPLAY_HALTED:
        return "halted";
    case GPLAY_COMPLETED:
        return "completed";
    case GPLAY_DRAFT:
        return "draft";
    case GPLAY_STATUS_UNKNOWN:
    case GPLAY_UNREAD:
        break;
    }
    return "in a state not known";
}

static enum sw_code refuse(const struct work *work, const struct gplay_release *now,
                           const char *why, struct sw_error *err)
{
    return sw_fail(err, SW_E_CONFLICT, "version code %" PRId64 " is %s on track %s: %s. %s",
                   work->code, now->status_word[0] ? now->status_word : status_word(now->status),
                   work->track_name, why, "Nothing was sent");
}

static enum sw_code wish_halt(const struct work *work, const struct gplay_release *now,
                              struct wish *wish, struct sw_error *err)
{
    if (now->status == GPLAY_DRAFT)
        return refuse(work, now, "nobody is served it, there is nothing to halt", err);
    wish->status = GPLAY_HALTED;
    wish->is_nothing = now->status == GPLAY_HALTED;
    wish->is_fraction_kept = now->status != GPLAY_COMPLETED;
    return SW_OK;
}

static enum sw_code wish_resume(const struct work *work, const struct gplay_release *now,
                                struct wish *wish, struct sw_error *err)
{
    if (now->status != GPLAY_HALTED && now->status != GPLAY_IN_PROGRESS)
        return refuse(work, now, "only a halted rollout can be resumed", err);
    wish->status = now->fraction.is_known ? GPLAY_IN_PROGRESS : GPLAY_COMPLETED;
    wish->is_fraction_kept = true;
    wish->is_nothing = now->status == GPLAY_IN_PROGRESS;
    return SW_OK;
}

static enum sw_code wish_complete(const struct work *work, const struct gplay_release *now,
                                  struct wish *wish, struct sw_error *err)
{
    if (now->status == GPLAY_HALTED)
        return refuse(work, now, "resume it first", err);
    if (now->status == GPLAY_STATUS_UNKNOWN)
        return refuse(work, now, "this status is not known here", err);
    wish->status = GPLAY_COMPLETED;
    wish->is_nothing = now->status == GPLAY_COMPLETED;
    return SW_OK;
}

static enum sw_code wish_advance(const struct work *work, const struct gplay_release *now,
                                 struct wish *wish, struct sw_error *err)
{
    struct sw_value to = work->act->to_percent;
    if (!to.is_known || !(to.value > 0))
        return sw_fail(err, SW_E_USAGE, "advance: to which percent is not known");
    double fraction = gplay_percent(to.value) / 1e4; /* rounded to 1e-8 of the whole */
    if (fraction > 1 - fraction_same) /* 99.9999 % and more: never let a fraction reach 1 */
        return wish_complete(work, now, wish, err);
    if (now->status != GPLAY_DRAFT && now->status != GPLAY_IN_PROGRESS)
        return refuse(work, now, "only a rollout in progress, or a draft, can be advanced", err);
    if (now->fraction.is_known && now->fraction.value > fraction + fraction_same)
        return refuse(work, now, "it has a higher percent already, and Play cannot lower it", err);
    wish->status = GPLAY_IN_PROGRESS;
    wish->fraction = (struct sw_value){fraction, true};
    wish->is_nothing = now->status == GPLAY_IN_PROGRESS && now->fraction.is_known &&
                       fabs(now->fraction.value - fraction) <= fraction_same;
    return SW_OK;
}

static enum sw_code wish_of(const struct work *work, const struct gplay_release *now,
                            struct wish *wish, struct sw_error *err)
{
    *wish = (struct wish){0};
    switch (work->act->verb) {
    case SW_VERB_HALT:
    case SW_VERB_ROLLBACK:
        return wish_halt(work, now, wish, err);
    case SW_VERB_RESUME:
        return wish_resume(work, now, wish, err);
    case SW_VERB_ADVANCE:
        return wish_advance(work, now, wish, err);
    case SW_VERB_COMPLETE:
        return wish_complete(work, now, wish, err);
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        break;
    }
    return sw_fail(err, SW_E_UNSUPPORTED, "Google Play has no such verb");
}

/* ------------------------------------------------------------------- track */

/* The release with our version code in a Track as Google sent it; NULL: none. */
static json_t *release_find(const json_t *track, int64_t code)
{
    char text[24];
    sw_format(text, sizeof(text), "%" PRId64, code);
    size_t i, k;
    json_t *release;
    const json_t *item;
    json_array_foreach(json_object_get(track, "releases"), i, release)
    {
        json_array_foreach(json_object_get(release, "versionCodes"), k, item)
        {
            const char *word = json_string_value(item);
            if ((word && strcmp(word, text) == 0) ||
                (json_is_integer(item) && json_integer_value(item) == code))
                return release;
        }
    }
    return NULL;
}

static bool is_completed(const json_t *release)
{
    const char *status = json_string_value(json_object_get(release, "status"));
    return status && strcmp(status, "completed") == 0;
}

static bool is_halted(const json_t *release)
{
    const char *status = json_string_value(json_object_get(release, "status"));
    return status && strcmp(status, "halted") == 0;
}

/* The target as it was read, with the wish put in. */
static json_t *release_wished(const json_t *release, const struct wish *wish)
{
    json_t *copy = json_deep_copy(release);
    json_object_set_new(copy, "status", json_string(status_word(wish->status)));
    if (wish->is_fraction_kept)
        return copy;
    if (wish->fraction.is_known)
        json_object_set_new(copy, "userFraction", json_real(wish->fraction.value));
    else
        json_object_del(copy, "userFraction");
    return copy;
}

static json_t *track_wished(const struct work *work, const json_t *track, const json_t *target,
                            const struct wish *wish)
{
    json_t *releases = json_array();
    size_t i;
    json_t *release;
    json_array_foreach(json_object_get(track, "releases"), i, release)
    {
        if (release == target)
            json_array_append_new(releases, release_wished(release, wish));
        else if (!is_completed(release) && !is_halted(release))
            json_array_append(releases, release);
    }
    return json_pack("{s:s, s:o}", "track", work->put_name, "releases", releases);
}

/* A track made of the last known releases, for a halt that cannot read. */
static json_t *track_known(const struct work *work)
{
    json_t *releases = json_array();
    for (size_t i = 0; i < work->known.count; i++) {
        const struct gplay_release *r = &work->known.releases[i];
        if (r->status == GPLAY_UNREAD)
            continue;
        json_t *codes = json_array();
        for (size_t k = 0; k < r->code_count; k++) {
            char text[24];
            sw_format(text, sizeof(text), "%" PRId64, r->codes[k]);
            json_array_append_new(codes, json_string(text));
        }
        json_t *release = json_pack("{s:o, s:s}", "versionCodes", codes, "status", r->status_word);
        if (r->name[0])
            json_object_set_new(release, "name", json_string(r->name));
        if (r->fraction.is_known)
            json_object_set_new(release, "userFraction", json_real(r->fraction.value));
        gplay_countries_put(r, release);
        json_array_append_new(releases, release);
    }
    return json_pack("{s:s, s:o}", "track", work->track_name, "releases", releases);
}

/* Does Google's answer to the PUT hold what was put? */
static enum sw_code compare(const json_t *wished, const json_t *answer, struct sw_error *err)
{
    size_t i;
    json_t *release;
    json_array_foreach(json_object_get(wished, "releases"), i, release)
    {
        const char *word =
            json_string_value(json_array_get(json_object_get(release, "versionCodes"), 0));
        const json_t *got = release_find(answer, gplay_code(word));
        const char *status = json_string_value(json_object_get(release, "status"));
        const char *got_status = json_string_value(json_object_get(got, "status"));
        double fraction = json_number_value(json_object_get(release, "userFraction"));
        double got_fraction = json_number_value(json_object_get(got, "userFraction"));
        if (gplay_code(word) == 0)
            continue; /* a draft without an APK cannot be told apart, and serves nobody */
        if (!status || !got_status || strcmp(status, got_status) != 0 ||
            fabs(fraction - got_fraction) > fraction_same)
            return sw_fail(err, SW_E_CONFLICT,
                           "Google Play made something else of it: version code %s is %.20s at "
                           "%.6g%% in its answer, %.20s at %.6g%% was asked. Not committed, "
                           "NOTHING WAS CHANGED",
                           word, got_status ? got_status : "missing", gplay_percent(got_fraction),
                           status ? status : "nothing", gplay_percent(fraction));
    }
    return SW_OK;
}

/* ------------------------------------------------------------------- steps */

static enum sw_code put(struct work *work, const json_t *wished, enum gplay_fault *fault,
                        struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    SW_JSON json_t *answer = NULL;
    struct sw_buf body;
    sw_buf_init(&body, 1024 * 1024);
    char doing[200];
    sw_format(doing, sizeof(doing), "changing track %s of %s", work->track_name, work->package);
    enum sw_code code = sw_request_init(&request, &gplay_operations[GPLAY_TRACKS_UPDATE], err,
                                        work->package, work->edit, work->put_name, NULL);
    if (code == SW_OK)
        code = sw_json_write(wished, &body, SW_JSON_COMPACT | SW_JSON_SHORT, err);
    if (code == SW_OK) {
        sw_request_json(&request, NULL, &body);
        code = gplay_exchange(work->flow, &request, doing, &reply, fault, err);
    }
    /* To the transport every lost answer to a write leaves its outcome open; this one is not. */
    if (code == SW_E_OUTCOME_UNKNOWN)
        code = sw_fail(err, SW_E_NETWORK,
                       "%s: no answer. It was not committed, so NOTHING WAS CHANGED", doing);
    if (code == SW_OK && !sw_flow_is_dry_run(work->flow)) {
        code = sw_reply_json(&reply, &answer, err);
        if (code == SW_OK)
            code = compare(wished, answer, err);
        else
            sw_error_prefix(err, "%s", doing);
    }
    sw_reply_clear(&reply);
    sw_buf_clear(&body);
    return code;
}

/* Could the commit have been carried out although it failed here? A refusal of the 4xx class, or of
 * our own, says no. */
static bool is_outcome_open(enum sw_code code, int status)
{
    if (status >= 400 && status < 500 && status != 408)
        return false;
    return code == SW_E_TIMEOUT || code == SW_E_NETWORK || code == SW_E_TLS || code == SW_E_HTTP ||
           code == SW_E_PARSE || code == SW_E_LIMIT || code == SW_E_OUTCOME_UNKNOWN;
}

static bool is_cancelling(const struct work *work)
{
    return work->act->may_cancel_review && work->act->verb == SW_VERB_HALT;
}

/* What is known of the review that stands in the way. The commit's answer does not say. */
static enum sw_code say_in_review(const struct work *work, struct sw_error *err)
{
    char what[96] = "what is in review is not told";
    for (size_t i = 0; i < work->known.count; i++)
        if (work->known.releases[i].life == GPLAY_LIFE_IN_REVIEW)
            sw_format(what, sizeof(what), "version code %" PRId64 " of this track is in review",
                      work->known.releases[i].code);
    if (!err)
        return SW_E_IN_REVIEW;
    char text[sizeof(err->text)];
    sw_copy(text, sizeof(text), err->text);
    const char *way = work->act->verb == SW_VERB_HALT
                          ? "Confirm once more to cancel it (--cancel-review)"
                          : "A person can cancel it in the Play Console (Publishing overview)";
    return sw_fail_http(err, SW_E_IN_REVIEW, err->http_status, false, 0,
                        "%s; %s. %s", text, what, way);
}

static enum sw_code commit(struct work *work, enum gplay_fault *fault, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    char doing[200];
    sw_format(doing, sizeof(doing), "committing the change of %s", work->package);
    enum sw_code code = sw_request_init(&request, &gplay_operations[GPLAY_EDITS_COMMIT], err,
                                        work->package, work->edit, NULL);
    if (code != SW_OK)
        return code;
    /* The default would silently cancel a review in progress; here only a captain's second
     * confirmation does. Source: discovery document, edits.commit. */
    sw_request_param(&request, "changesInReviewBehavior",
                     is_cancelling(work) ? "CANCEL_IN_REVIEW_AND_SUBMIT" : "ERROR_IF_IN_REVIEW");
    code = gplay_exchange(work->flow, &request, doing, &reply, fault, err);
    if (code == SW_OK || *fault == GPLAY_FAULT_COMMITTED) {
        work->is_edit_open = sw_flow_is_dry_run(work->flow);
        code = SW_OK;
    } else if (is_outcome_open(code, reply.status)) {
        work->is_edit_open = false; /* not dropped: the commit may be at work on it */
        code = sw_fail_http(err, SW_E_OUTCOME_UNKNOWN, reply.status, false, 0,
                            "no answer to the commit for %s, so whether it was carried out is not "
                            "known; reading the track tells",
                            work->package);
    }
    if (code != SW_OK && *fault == GPLAY_FAULT_IN_REVIEW)
        code = say_in_review(work, err);
    sw_reply_clear(&reply);
    return code;
}

/* The track to work on: read in the edit; for a halt also the last known one. */
static enum sw_code track_get(struct work *work, json_t **tracks, json_t **track,
                              enum gplay_fault *fault, struct sw_error *err)
{
    json_t *found = NULL;
    enum sw_code code =
        gplay_edit_tracks(work->flow, work->package, work->edit, tracks, fault, err);
    if (code == SW_OK)
        code = gplay_tracks_pick(*tracks, work->track_name, &found, err);
    if (code == SW_OK) {
        const char *name = json_string_value(json_object_get(found, "track"));
        if (strlen(name) < sizeof(work->put_name)) /* else it is the configured one, word for word */
            sw_copy(work->put_name, sizeof(work->put_name), name);
        *track = json_incref(found);
        return SW_OK;
    }
    bool is_lost = *fault == GPLAY_FAULT_EDIT_GONE || code == SW_E_CANCELLED || code == SW_E_AUTH ||
                   code == SW_E_DENIED || code == SW_E_NOT_FOUND;
    if (is_lost || work->act->verb != SW_VERB_HALT || work->known.count == 0)
        return code;
    *track = track_known(work);
    return *track ? SW_OK : code;
}

/* Reads only what a wish needs from the target as Google sent it. */
static void release_now(const json_t *json, struct gplay_release *out)
{
    SW_JSON json_t *track = json_pack("{s:[O]}", "releases", json);
    struct gplay_track parsed;
    *out = (struct gplay_release){0};
    if (track && gplay_track_parse(track, &parsed, NULL) == SW_OK && parsed.count == 1)
        *out = parsed.releases[0];
}

/* For the words of one that lost its edit to somebody else: what they may have changed. */
static void keep_last_read(struct work *work, const struct gplay_release *now)
{
    char number[32];
    struct sw_value percent = {gplay_percent(now->fraction.value), now->fraction.is_known};
    sw_format(work->last_read, sizeof(work->last_read), "%.40s%s%s", now->status_word,
              percent.is_known ? " at " : "",
              percent.is_known ? sw_percent_text(percent, true, number, sizeof(number)) : "");
}

/* Every try was ended by another committer. */
static enum sw_code say_lost(const struct work *work, struct sw_error *err)
{
    char text[sizeof(err->text)];
    sw_copy(text, sizeof(text), err->text);
    return sw_fail_http(err, SW_E_CONFLICT, err->http_status, false, 0,
                        "somebody else is at work on %s: it took the edit away three times; NOTHING "
                        "WAS CHANGED%s%s. Look again and ask again. %s",
                        work->package,
                        work->last_read[0] ? "; when last read it was " : "", work->last_read, text);
}

static enum sw_code change(struct work *work, enum gplay_fault *fault, struct sw_error *err)
{
    SW_JSON json_t *tracks = NULL;
    SW_JSON json_t *track = NULL;
    SW_JSON json_t *wished = NULL;
    enum sw_code code = track_get(work, &tracks, &track, fault, err);
    if (code != SW_OK)
        return code;
    json_t *target = release_find(track, work->code);
    if (!target)
        return sw_fail(err, SW_E_CONFLICT,
                       "version code %" PRId64 " is no longer on track %s. Nothing was sent",
                       work->code, work->track_name);
    struct gplay_release now;
    struct wish wish;
    release_now(target, &now);
    keep_last_read(work, &now);
    code = wish_of(work, &now, &wish, err);
    if (code != SW_OK || wish.is_nothing)
        return code;
    wished = track_wished(work, track, target, &wish);
    code = put(work, wished, fault, err);
    return code == SW_OK ? commit(work, fault, err) : code;
}

/* One edit from opening to commit. */
static enum sw_code attempt(struct work *work, enum gplay_fault *fault, struct sw_error *err)
{
    *fault = GPLAY_FAULT_OTHER;
    enum sw_code code = gplay_edit_open(work->flow, work->package, work->edit, err);
    if (code != SW_OK)
        return code;
    work->is_edit_open = true;
    code = change(work, fault, err);
    if (work->is_edit_open && *fault != GPLAY_FAULT_EDIT_GONE)
        gplay_edit_drop(work->flow, work->package, work->edit);
    return code;
}

static enum sw_code work_init(struct work *work, struct sw_flow *flow, const struct sw_act *act,
                              struct sw_error *err)
{
    const struct sw_target *target = sw_flow_target(flow, 0);
    *work = (struct work){.flow = flow,
                          .act = act,
                          .package = gplay_package(target),
                          .track_name = gplay_track_name(target)};
    int64_t handle_code = 0;
    sw_copy(work->put_name, sizeof(work->put_name), work->track_name);
    bool has_handle = gplay_handle_read(act->before->handle, work->package, work->track_name,
                                        &work->known, &handle_code, NULL);
    if (!has_handle)
        work->known.count = 0;
    work->code = gplay_code(act->before->identity);
    if (work->code == 0 || (has_handle && handle_code != work->code))
        return sw_fail(err, SW_E_CONFLICT,
                       "which version code of %s to address is not known. Nothing was sent",
                       work->package);
    return SW_OK;
}

/* Before every error of a halt or a roll back: it did not happen. */
static enum sw_code say_not_done(const struct sw_act *act, enum sw_code code, struct sw_error *err)
{
    bool is_stop = act->verb == SW_VERB_HALT || act->verb == SW_VERB_ROLLBACK;
    if (is_stop && err && code != SW_E_OUTCOME_UNKNOWN && code != SW_E_CANCELLED)
        sw_error_prefix(err, act->verb == SW_VERB_HALT ? "NOT HALTED" : "NOT ROLLED BACK");
    return code;
}

enum sw_code gplay_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err)
{
    struct work work;
    struct sw_error own = {0};
    enum gplay_fault fault = GPLAY_FAULT_EDIT_GONE;
    enum sw_code code = work_init(&work, flow, act, &own);
    enum sw_code locked = code == SW_OK ? gplay_lock(flow, work.package, &own) : SW_OK;
    /* A halt waits for nobody, and for no disk: at worst another edit of this account is killed and
     * starts over. */
    if (locked != SW_OK && (locked == SW_E_CANCELLED || act->verb != SW_VERB_HALT))
        code = locked;
    if (code == SW_OK) {
        for (int i = 0; i < TRIES_MAX && fault == GPLAY_FAULT_EDIT_GONE; i++)
            code = attempt(&work, &fault, &own);
        gplay_unlock(flow, work.package);
        if (code != SW_OK && fault == GPLAY_FAULT_EDIT_GONE)
            code = say_lost(&work, &own);
    }
    if (code != SW_OK) {
        say_not_done(act, code, &own);
        if (err)
            *err = own;
    }
    return code;
}

/* -------------------------------------------------------------------- seen */

static bool is_at_least(const struct gplay_release *release, struct sw_value percent)
{
    return release->fraction.is_known && percent.is_known &&
           gplay_percent(release->fraction.value) >= percent.value - 100 * fraction_same;
}

bool gplay_is_seen(const struct sw_act *act, const struct sw_rollout *now)
{
    struct gplay_track track;
    int64_t code = 0;
    if (!gplay_handle_read(now->handle, NULL, NULL, &track, &code, NULL))
        return false;
    const struct gplay_release *r = gplay_track_find(&track, gplay_code(act->before->identity));
    if (!r)
        return false;
    bool is_complete = r->status == GPLAY_COMPLETED;
    switch (act->verb) {
    case SW_VERB_HALT:
    case SW_VERB_ROLLBACK:
        return r->status == GPLAY_HALTED && !gplay_is_halt_waiting(r);
    case SW_VERB_RESUME:
        return r->status == GPLAY_IN_PROGRESS || is_complete;
    case SW_VERB_ADVANCE:
        return is_complete || (r->status == GPLAY_IN_PROGRESS && is_at_least(r, act->to_percent));
    case SW_VERB_COMPLETE:
        return is_complete;
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        break;
    }
    return false;
}
