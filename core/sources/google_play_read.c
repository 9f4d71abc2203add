/* google_play_read.c: the poll of a package.
 *
 * Every time: the review states of each track, one GET each, harmless. Every edit_interval, and
 * always for an action: an edit, all its tracks in one GET, and the edit dropped. Between edits
 * the last read status and percent are carried over with the time they were read at: a rollout is
 * as old as its oldest part, so between two edits it ages, and when one is overdue (the lock is
 * busy, or it fails) it goes stale like anything else. A change in the review states calls for an
 * edit at once, since what was carried over is then of another world.
 *
 * Guarantee: a rollout's time is when its status and percent were really read. A poll never waits
 * for the lock, and gives it up when an action wants it; when its edit was killed by another
 * program it leaves that program alone for an edit_interval (a retry would kill the other's edit).
 */
#include "sources/google_play.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

/* What sw_flow_last remembers of a package. */
#define EDIT_KEY "edit %s" /* an edit was read */
#define LOST_KEY SW_LAST_LOST "%s" /* an edit of a poll was killed by another program */

/* One target of the poll. */
struct view {
    const struct sw_target *target;
    struct gplay_track lives; /* review states read now */
    bool has_lives;
    struct gplay_track last; /* from the last rollout's handle */
    bool has_last;
    struct gplay_tests tests; /* of the testing tracks: read now, or from the last handle */
    char digest[GPLAY_DIGEST_MAX], last_digest[GPLAY_DIGEST_MAX];
};

/* The review states of one track name. */
static enum sw_code lives_ask(struct sw_flow *flow, struct view *view, const char *track,
                              struct sw_error *err)
{
    const char *package = gplay_package(view->target);
    struct sw_request request;
    struct sw_reply reply = {0};
    SW_JSON json_t *json = NULL;
    char doing[200];
    sw_format(doing, sizeof(doing), "reading the releases of %s, track %s", package, track);
    enum sw_code code = sw_request_init(&request, &gplay_operations[GPLAY_RELEASES_LIST], err,
                                        package, track, NULL);
    if (code == SW_OK)
        code = gplay_exchange(flow, &request, doing, &reply, NULL, err);
    if (code == SW_OK)
        code = sw_reply_json(&reply, &json, err);
    if (code == SW_OK)
        code = gplay_lives_parse(json, &view->lives, err);
    if (code == SW_E_PARSE || code == SW_E_LIMIT)
        sw_error_prefix(err, "%s", doing);
    sw_reply_clear(&reply);
    return code;
}

/* Internal testing has two names; which one an app's API takes is not documented. */
static enum sw_code lives_read(struct sw_flow *flow, struct view *view, struct sw_error *err)
{
    const char *track = gplay_track_name(view->target);
    char synonym[GPLAY_TRACK_NAME_MAX];
    enum sw_code code = lives_ask(flow, view, track, err);
    if (code == SW_E_NOT_FOUND && gplay_is_internal(track)) {
        gplay_track_synonym(track, synonym, sizeof(synonym));
        if (lives_ask(flow, view, synonym, NULL) == SW_OK)
            code = SW_OK;
    }
    view->has_lives = code == SW_OK;
    if (view->has_lives)
        gplay_lives_digest(&view->lives, view->digest);
    return code;
}

static enum sw_code give_way(const char *package, struct sw_error *err)
{
    return sw_fail(err, SW_E_BUSY, "an action on %s goes first", package);
}

/* One edit: opened, read and dropped. A poll asks before each request whether an action waits, and
 * then leaves the edit as it is: the action's own ends it. */
static enum sw_code edit_read(struct sw_flow *flow, const char *package, json_t **out,
                              enum gplay_fault *fault, struct sw_error *err)
{
    char edit[GPLAY_EDIT_ID_MAX];
    *fault = GPLAY_FAULT_OTHER;
    if (gplay_is_lock_wanted(flow, package))
        return give_way(package, err);
    enum sw_code code = gplay_edit_open(flow, package, edit, err);
    if (code != SW_OK)
        return code;
    if (gplay_is_lock_wanted(flow, package))
        return give_way(package, err);
    code = gplay_edit_tracks(flow, package, edit, out, fault, err);
    bool is_wanted = gplay_is_lock_wanted(flow, package);
    if (*fault == GPLAY_FAULT_EDIT_GONE && is_wanted) {
        *fault = GPLAY_FAULT_OTHER; /* ended by our own action, not by another program */
        return give_way(package, err);
    }
    if (*fault != GPLAY_FAULT_EDIT_GONE && !is_wanted)
        gplay_edit_drop(flow, package, edit);
    return code;
}

/* Within the lock. */
static enum sw_code tracks_read(struct sw_flow *flow, const char *package, json_t **out,
                                bool *is_lost, struct sw_error *err)
{
    enum sw_code code = gplay_lock(flow, package, err);
    if (code == SW_E_BUSY || code == SW_E_CANCELLED)
        return code; /* a lock that no file can be made for keeps nobody from looking */
    int tries = sw_flow_is_action(flow) ? 3 : 1;
    enum gplay_fault fault = GPLAY_FAULT_EDIT_GONE;
    while (tries-- > 0 && fault == GPLAY_FAULT_EDIT_GONE)
        code = edit_read(flow, package, out, &fault, err);
    gplay_unlock(flow, package);
    *is_lost = code != SW_OK && fault == GPLAY_FAULT_EDIT_GONE;
    return code;
}

/* ------------------------------------------------------------------ report */

static void report(struct sw_flow *flow, struct view *view, struct gplay_track *track,
                   int64_t read_at_ms, const char *digest, bool is_read)
{
    const struct sw_target *target = view->target;
    struct sw_rollout rollout = {.observed_at_ms = read_at_ms, .true_for_ms = read_at_ms};
    gplay_judge(track, target->rollout, &rollout);
    gplay_judge_testing(&view->tests, &rollout);
    if (!view->has_lives && !rollout.note[0])
        sw_copy(rollout.note, sizeof(rollout.note), "its review state could not be read");
    sw_format(rollout.place, sizeof(rollout.place), "Play, track %s", gplay_track_name(target));
    rollout.handle = gplay_handle_write(gplay_package(target), gplay_track_name(target),
                                        gplay_code(rollout.identity), track, &view->tests, digest);
    sw_flow_report_rollout(flow, target, &rollout);
    if (is_read)
        gplay_tests_report(flow, target, track, &rollout, &view->tests);
    sw_rollout_clear(&rollout);
}

/* What was known of the same version codes before: that they were out once and, when the review
 * states could not be read now, the last ones. */
static void remember(struct gplay_track *track, const struct gplay_track *last, bool has_lives)
{
    for (size_t i = 0; i < track->count; i++) {
        struct gplay_release *release = &track->releases[i];
        const struct gplay_release *old = gplay_track_find(last, release->code);
        if (!old)
            continue;
        release->was_published = old->was_published;
        if (!has_lives) {
            release->life = old->life;
            sw_copy(release->life_word, sizeof(release->life_word), old->life_word);
        }
    }
}

/* Only what an edit has told. */
static void drop_unread(struct gplay_track *track)
{
    size_t kept = 0;
    for (size_t i = 0; i < track->count; i++)
        if (track->releases[i].status != GPLAY_UNREAD)
            track->releases[kept++] = track->releases[i];
    track->count = kept;
}

/* From the edit just read. */
static enum sw_code report_read(struct sw_flow *flow, struct view *view, const json_t *tracks,
                                struct sw_error *err)
{
    json_t *json = NULL;
    struct gplay_track *track = sw_xcalloc(1, sizeof(*track));
    enum sw_code code = gplay_tracks_pick(tracks, gplay_track_name(view->target), &json, err);
    if (code == SW_OK)
        code = gplay_track_parse(json, track, err);
    if (code == SW_OK) {
        if (view->has_last)
            remember(track, &view->last, view->has_lives);
        if (view->has_lives)
            gplay_track_merge(track, &view->lives);
        gplay_tests_read(tracks, gplay_track_name(view->target), &view->tests);
        report(flow, view, track, sw_flow_now(flow), view->digest, true);
    } else {
        sw_error_prefix(err, "reading track %s of %s", gplay_track_name(view->target),
                        gplay_package(view->target));
    }
    free(track);
    return code;
}

/* Without an edit. Nothing is said when the review states were not read either. */
static void report_carried(struct sw_flow *flow, struct view *view)
{
    if (!view->has_lives)
        return;
    if (!view->has_last) {
        report(flow, view, &view->lives, sw_flow_now(flow), "", false);
        return;
    }
    for (size_t i = 0; i < view->last.count; i++)
        view->last.releases[i].life = GPLAY_LIFE_ABSENT;
    gplay_track_merge(&view->last, &view->lives);
    report(flow, view, &view->last, view->target->rollout->true_for_ms, view->last_digest, false);
}

/* -------------------------------------------------------------------- poll */

static int64_t edit_interval_ms(const struct sw_flow *flow)
{
    return sw_node_int(sw_flow_account(flow), "edit_interval") * 1000;
}

static bool is_since(const struct sw_flow *flow, const char *key, int64_t ms)
{
    int64_t last_ms = sw_flow_last(flow, key), now = sw_flow_now(flow);
    return last_ms > 0 && now >= last_ms && now - last_ms < ms;
}

static bool is_edit_due(const struct sw_flow *flow, const struct view *views, size_t count,
                        const char *package)
{
    char key[160];
    sw_format(key, sizeof(key), EDIT_KEY, package);
    if (sw_flow_is_action(flow) || !is_since(flow, key, edit_interval_ms(flow)))
        return true;
    for (size_t i = 0; i < count; i++)
        if (!views[i].has_last ||
            (views[i].has_lives && strcmp(views[i].digest, views[i].last_digest) != 0))
            return true;
    return false;
}

/* Has another program taken our last edit away so recently that it may be at work still? */
static bool is_edit_lost(const struct sw_flow *flow, const char *package)
{
    char key[160];
    sw_format(key, sizeof(key), LOST_KEY, package);
    return !sw_flow_is_action(flow) && is_since(flow, key, edit_interval_ms(flow));
}

static void view_init(struct view *view, const struct sw_target *target)
{
    view->target = target;
    int64_t code = 0;
    const struct sw_rollout *last = target->rollout;
    view->has_last =
        last && last->true_for_ms > 0 &&
        gplay_handle_read(last->handle, gplay_package(target), gplay_track_name(target),
                          &view->last, &code, view->last_digest);
    if (view->has_last)
        gplay_handle_tests(last->handle, &view->tests);
    bool was_empty = view->last.count == 0;
    drop_unread(&view->last);
    view->has_last = view->has_last && (was_empty || view->last.count > 0);
}

/* Is there no point in asking this upstream anything else now? An action goes on after a mere
 * failure of the review states: the edit is what a halt needs. */
static bool is_final(const struct sw_flow *flow, enum sw_code code)
{
    return code == SW_E_CANCELLED || code == SW_E_AUTH ||
           (code != SW_OK && !sw_flow_is_action(flow) && code != SW_E_PARSE &&
            code != SW_E_NOT_FOUND && code != SW_E_HTTP);
}

static enum sw_code views_read(struct sw_flow *flow, struct view *views, size_t count,
                               struct sw_error *err)
{
    enum sw_code first = SW_OK;
    for (size_t i = 0; i < count; i++) {
        struct sw_error own = {0};
        view_init(&views[i], sw_flow_target(flow, i));
        enum sw_code code = lives_read(flow, &views[i], &own);
        if (code != SW_OK && first == SW_OK) {
            first = code;
            if (err)
                *err = own;
        }
        if (is_final(flow, code))
            return code;
    }
    return first;
}

static void carry_all(struct sw_flow *flow, struct view *views, size_t count)
{
    for (size_t i = 0; i < count; i++)
        report_carried(flow, &views[i]);
}

static enum sw_code edit_poll(struct sw_flow *flow, struct view *views, size_t count,
                              const char *package, struct sw_error *err)
{
    SW_JSON json_t *tracks = NULL;
    bool is_lost = false;
    char key[160];
    enum sw_code code = tracks_read(flow, package, &tracks, &is_lost, err);
    sw_format(key, sizeof(key), is_lost ? LOST_KEY : EDIT_KEY, package);
    if (code == SW_OK || is_lost)
        sw_flow_set_last(flow, key);
    if (code != SW_OK) {
        carry_all(flow, views, count);
        /* Somebody else's edit goes first: nothing is wrong, the picture just ages. */
        bool is_fine = !sw_flow_is_action(flow) && (code == SW_E_BUSY || is_lost);
        return is_fine ? SW_OK : code;
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_error own = {0};
        enum sw_code parsed = report_read(flow, &views[i], tracks, &own);
        if (parsed != SW_OK && code == SW_OK) {
            code = parsed;
            if (err)
                *err = own;
        }
    }
    return code;
}

enum sw_code gplay_observe(struct sw_flow *flow, struct sw_error *err)
{
    size_t count = sw_flow_target_count(flow);
    if (count == 0)
        return SW_OK;
    if (sw_flow_target(flow, 0)->role == SW_ROLE_HEALTH)
        return gplay_reviews_observe(flow, err);
    const char *package = gplay_package(sw_flow_target(flow, 0));
    struct view *views = sw_xcalloc(count, sizeof(*views));
    struct sw_error own = {0}, edit_err = {0};
    enum sw_code code = views_read(flow, views, count, &own), edit_code = SW_OK;
    if (!is_final(flow, code)) {
        if (is_edit_due(flow, views, count, package) && !is_edit_lost(flow, package))
            edit_code = edit_poll(flow, views, count, package, &edit_err);
        else
            carry_all(flow, views, count);
        /* For an action the edit alone decides; the note says what else is missing. */
        if (edit_code != SW_OK || sw_flow_is_action(flow)) {
            code = edit_code;
            own = edit_err;
        }
    }
    if (code != SW_OK && err)
        *err = own;
    free(views);
    return code;
}
