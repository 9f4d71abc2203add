/* The admin endpoint's requests: see admin.h. What it shows is made in admin_view.c. */
#include "admin.h"

#include "admin_view.h"
#include "faults.h"
#include "process.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(struct sim_reply *rp, int status, const char *text)
{
    sim_reply_json(rp, status, json_pack("{s:s}", "error", text));
}

/* ---- changing the world ----------------------------------------------------------------- */

struct change {
    struct sim *sim;
    char error[256];
    bool clock_was_set;
};

static bool bad(struct change *change, const char *text)
{
    snprintf(change->error, sizeof change->error, "%s", text);
    return false;
}

/* A number at `key` in [low, high]; absent leaves *out. */
static bool number(struct change *change, json_t *object, const char *key, double low, double high,
                   double *out)
{
    json_t *value = json_object_get(object, key);

    if (value == NULL)
        return true;
    if (!json_is_number(value) || json_number_value(value) < low ||
        json_number_value(value) > high) {
        snprintf(change->error, sizeof change->error, "\"%s\" must be a number from %g to %g", key,
                 low, high);
        return false;
    }
    *out = json_number_value(value);
    return true;
}

static bool flag(struct change *change, json_t *object, const char *key, bool *out)
{
    json_t *value = json_object_get(object, key);

    if (value != NULL && !json_is_boolean(value))
        return bad(change, "a flag must be true or false");
    if (value != NULL)
        *out = json_is_true(value);
    return true;
}

static bool only(struct change *change, json_t *object, const char *const *known)
{
    const char *unknown = json_is_object(object) ? sim_json_unknown(object, known) : "(no object)";

    if (unknown == NULL)
        return true;
    snprintf(change->error, sizeof change->error, "unknown key \"%.64s\"", unknown);
    return false;
}

static const char *text(json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value == NULL ? "" : value;
}

static bool set_clock(struct change *change, json_t *object)
{
    static const char *const known[] = {"advance_s", "speed", NULL};
    double advance_s = 0;
    double speed = change->sim->clock.speed;

    if (!only(change, object, known) ||
        !number(change, object, "advance_s", 0, 90.0 * 24 * 3600, &advance_s) ||
        !number(change, object, "speed", 1, 3600, &speed))
        return false;
    sim_clock_set(change->sim, (int64_t)(advance_s * 1000), speed);
    change->clock_was_set = true;
    return true;
}

static bool set_crash_rate(struct change *change, json_t *object)
{
    static const char *const known[] = {"platform", "version", "rate", "share", NULL};
    struct world_app *app = world_app_find(change->sim->world, text(object, "platform"));
    struct world_version *version =
        app == NULL ? NULL : world_version_find(app, text(object, "version"));

    if (!only(change, object, known))
        return false;
    if (version == NULL)
        return bad(change, "crash_rate: no such platform or version");
    double rate = version->crash_rate;
    double share = version->share;
    if (!number(change, object, "rate", 0, 1, &rate) ||
        !number(change, object, "share", 0, 1, &share))
        return false;
    if (json_object_get(object, "rate") != NULL)
        version->crash_turn_ms = 0; /* the hand wins over the script */
    version->crash_rate = rate;
    for (size_t i = 0; i < app->n_versions; i++)
        if (&app->versions[i] != version && version->share < 1)
            app->versions[i].share *= (1 - share) / (1 - version->share);
    version->share = share;
    return true;
}

static bool set_service(struct change *change, json_t *object)
{
    static const char *const known[] = {"platform",  "side", "error_rate",
                                        "median_ms", "requests_per_minute", NULL};
    struct world *world = change->sim->world;
    struct world_service *service = world_service_find(world, text(object, "platform"));
    const char *side_name = text(object, "side");

    if (!only(change, object, known))
        return false;
    if (service == NULL)
        return bad(change, "service: no such platform");
    struct deployment *newest =
        deploy_newest(&world->deploy.groups[service - world->services]);
    int green = newest == NULL ? 0 : newest->green_side;
    for (int side = 0; side < 2; side++) {
        bool is_meant = side_name[0] == '\0' || (strcmp(side_name, "green") == 0 && side == green) ||
                        (strcmp(side_name, "blue") == 0 && side != green);
        if (is_meant && (!number(change, object, "error_rate", 0, 1, &service->error_rate[side]) ||
                         !number(change, object, "median_ms", 0.1, 1e6, &service->median_ms[side])))
            return false;
    }
    return number(change, object, "requests_per_minute", 0, 1e6, &service->requests_per_minute);
}

/* As a person in the Play Console: no rule is asked, open edits die. */
static bool set_play(struct change *change, json_t *object)
{
    static const char *const known[] = {"track", "code", "status", "fraction", NULL};
    struct play_store *play = &change->sim->world->play;
    struct play_track *track =
        play_track_find(play->tracks, play->n_tracks, text(object, "track"));
    int64_t code = json_integer_value(json_object_get(object, "code"));
    enum play_status status = play_status_parse(text(object, "status"));
    double fraction = 0;

    if (!only(change, object, known) || !number(change, object, "fraction", 0, 0.9999, &fraction))
        return false;
    for (size_t i = 0; track != NULL && i < track->n_releases; i++) {
        struct play_release *r = &track->releases[i];
        if (r->codes[0] != code)
            continue;
        if (status != PLAY_UNSPECIFIED)
            r->status = status;
        r->fraction = status == PLAY_IN_PROGRESS || status == PLAY_HALTED ? fraction : 0;
        r->is_hidden = false;
        r->was_published = r->was_published || r->status == PLAY_IN_PROGRESS ||
                           r->status == PLAY_COMPLETED;
        play->next_change++;
        return true;
    }
    return bad(change, "play: no such track or version code");
}

static bool set_play_app(struct change *change, json_t *object)
{
    static const char *const known[] = {"review_running",     "review_minutes", "needs_manual_send",
                                        "managed_publishing", "draft_app",      "publish",
                                        NULL};
    bool is_published = false;
    struct play_store *play = &change->sim->world->play;
    double minutes = play->review_minutes;

    if (!only(change, object, known) ||
        !flag(change, object, "review_running", &play->is_review_running) ||
        !flag(change, object, "needs_manual_send", &play->needs_manual_send) ||
        !flag(change, object, "managed_publishing", &play->is_managed) ||
        !flag(change, object, "draft_app", &play->is_draft_app) ||
        !flag(change, object, "publish", &is_published) ||
        !number(change, object, "review_minutes", 0, 100000, &minutes))
        return false;
    play->review_minutes = (int)minutes;
    if (is_published)
        play_publish(play);
    return true;
}

/* A written review, as a user's phone sends it. */
static bool set_play_review(struct change *change, json_t *object)
{
    static const char *const known[] = {"code", "stars", "text", "language", NULL};
    double stars = 1;

    if (!only(change, object, known) || !number(change, object, "stars", 1, 5, &stars))
        return false;
    play_review_add(&change->sim->world->play,
                    json_integer_value(json_object_get(object, "code")), (int)stars,
                    text(object, "language"), text(object, "text"), change->sim->world->now_ms);
    return true;
}

static bool set_apple(struct change *change, json_t *object)
{
    static const char *const known[] = {"version", "phase", "state", "day", NULL};
    struct apple_store *store = &change->sim->world->apple;
    struct apple_version *version = NULL;

    if (!only(change, object, known))
        return false;
    for (size_t i = 0; i < store->n_versions; i++)
        if (strcmp(store->versions[i].version, text(object, "version")) == 0)
            version = &store->versions[i];
    if (version == NULL)
        return bad(change, "apple: no such version");
    if (json_object_get(object, "phase") != NULL) {
        enum apple_phase phase = apple_phase_parse(text(object, "phase"));
        if (phase == APPLE_PHASE_NONE && strcmp(text(object, "phase"), "NONE") != 0)
            return bad(change, "apple: phase must be NONE, INACTIVE, ACTIVE, PAUSED or COMPLETE");
        version->phase = phase;
        version->phase_seen_ms = change->sim->world->now_ms;
        if (phase == APPLE_PHASE_INACTIVE) { /* as before the release */
            version->phase_start_ms = 0;
            version->phase_clock_ms = 0;
            version->phase_paused_ms = 0;
            version->phase_day = 0;
        }
    }
    if (json_object_get(object, "state") != NULL &&
        !sim_copy(version->state, sizeof version->state, text(object, "state")))
        return bad(change, "apple: state too long");
    double day = version->phase_day;
    if (!number(change, object, "day", 1, 7, &day))
        return false;
    if ((int)day != version->phase_day) {
        version->phase_day = (int)day;
        version->phase_clock_ms = (int64_t)(day - 1) * 24 * 3600 * 1000;
    }
    return true;
}

/* The group's rules, and with "config" a new deployment under them. */
static bool set_deploy(struct change *change, json_t *object)
{
    static const char *const known[] = {"platform", "config", "waits_ready", "rollback_on_stop",
                                        NULL};
    static const char sha256[] =
        "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    struct world *world = change->sim->world;
    struct world_service *service = world_service_find(world, text(object, "platform"));

    if (!only(change, object, known))
        return false;
    if (service == NULL)
        return bad(change, "deploy: no such platform");
    struct deploy_group *group = &world->deploy.groups[service - world->services];
    if (!flag(change, object, "waits_ready", &group->waits_ready) ||
        !flag(change, object, "rollback_on_stop", &group->rollback_on_stop))
        return false;
    if (json_object_get(object, "config") == NULL)
        return true;
    switch (deploy_create(&world->deploy, group, text(object, "config"), sha256, "", world->now_ms,
                          NULL)) {
    case DEPLOY_OK:
        return true;
    case DEPLOY_BUSY:
        return bad(change, "deploy: one is running");
    default:
        return bad(change, "deploy: no such configuration");
    }
}

static bool each(struct change *change, json_t *value,
                 bool (*set)(struct change *change, json_t *object))
{
    if (!json_is_array(value))
        return set(change, value);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!set(change, json_array_get(value, i)))
            return false;
    return true;
}

static const struct {
    const char *key;
    bool (*set)(struct change *change, json_t *object);
} changes[] = {
    {"clock", set_clock},       {"crash_rate", set_crash_rate}, {"service", set_service},
    {"play", set_play},         {"play_app", set_play_app},     {"apple", set_apple},
    {"deploy", set_deploy},     {"play_review", set_play_review},
};

static bool change_world(struct change *change, json_t *body)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach(body, key, value) {
        size_t i = 0;
        while (i < sizeof changes / sizeof changes[0] && strcmp(changes[i].key, key) != 0)
            i++;
        if (i == sizeof changes / sizeof changes[0]) {
            snprintf(change->error, sizeof change->error, "unknown key \"%.64s\"", key);
            return false;
        }
        if (!each(change, value, changes[i].set))
            return false;
    }
    world_advance(change->sim->world, sim_world_ms(change->sim));
    return true;
}

static void post_world(struct sim_process *process, const struct sim_request *rq,
                       struct sim_reply *rp)
{
    struct change change = {.sim = process->sim};
    json_t *body = sim_body_json(rq);

    if (body == NULL) {
        fail(rp, 400, "the body must be a JSON object");
        return;
    }
    bool ok = change_world(&change, body);
    json_decref(body);
    if (change.clock_was_set && process->dir != NULL && ok)
        ok = sim_config_write(process, change.error);
    if (ok)
        sim_reply_json(rp, 200, admin_world_json(process));
    else
        fail(rp, 400, change.error);
}

/* ---- the rest --------------------------------------------------------------------------- */

static void settle_refusals(struct sim_process *process)
{
    for (size_t i = 0; process->proxy != NULL && sim_services[i] != NULL; i++)
        sim_proxy_refuse(process->proxy, i, sim_faults_refuses(process->sim->faults, i));
}

static void faults(struct sim_process *process, const struct sim_request *rq, struct sim_reply *rp)
{
    struct sim *sim = process->sim;
    char error[256];

    if (sim_method_is(rq, "GET")) {
        sim_reply_json(rp, 200, sim_faults_json(sim->faults));
    } else if (sim_method_is(rq, "DELETE")) {
        const char *id = sim_query(rq, "id");
        size_t n = sim_faults_remove(sim->faults, id == NULL ? -1 : strtoll(id, NULL, 10));
        settle_refusals(process);
        sim_reply_json(rp, 200, json_pack("{s:I}", "removed", (json_int_t)n));
    } else if (sim_method_is(rq, "POST")) {
        json_t *body = sim_body_json(rq);
        snprintf(error, sizeof error, "the body must be a JSON object");
        const struct sim_fault *made =
            body == NULL ? NULL : sim_faults_add(sim->faults, body, error);
        json_decref(body);
        settle_refusals(process);
        if (made != NULL)
            sim_reply_json(rp, 201, json_pack("{s:I}", "id", (json_int_t)made->id));
        else
            fail(rp, 400, error);
    } else {
        fail(rp, 405, "method not allowed");
    }
}

static void counters(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    if (sim_method_is(rq, "DELETE"))
        sim_counters_reset(sim->counters);
    else if (!sim_method_is(rq, "GET")) {
        fail(rp, 405, "method not allowed");
        return;
    }
    sim_reply_json(rp, 200, sim_counters_json(sim->counters));
}

static void route(struct sim_process *process, const struct sim_request *rq, struct sim_reply *rp)
{
    struct sim *sim = process->sim;
    const char *path = rq->path;
    bool is_get = sim_method_is(rq, "GET");
    bool is_post = sim_method_is(rq, "POST");

    if (strcmp(path, "/world") == 0 && is_get)
        sim_reply_json(rp, 200, admin_world_json(process));
    else if (strcmp(path, "/world") == 0 && is_post)
        post_world(process, rq, rp);
    else if (strcmp(path, "/figures") == 0 && is_get)
        admin_figures(sim, rq, rp);
    else if (strcmp(path, "/faults") == 0)
        faults(process, rq, rp);
    else if (strcmp(path, "/counters") == 0)
        counters(sim, rq, rp);
    else if (strcmp(path, "/recent") == 0 && is_get)
        sim_reply_json(rp, 200, sim_counters_recent_json(sim->counters));
    else if (strcmp(path, "/shutdown") == 0 && is_post) {
        sim_reply_json(rp, 202, json_pack("{s:b}", "stopping", 1));
        sim_process_stop(process);
    } else
        fail(rp, 404, "no such thing here");
}

void sim_admin_handle(struct sim_process *process, const struct sim_request *rq,
                      struct sim_reply *rp)
{
    const char *token = sim_bearer(rq);

    if (token == NULL || strcmp(token, process->sim->creds->admin_token) != 0) {
        fail(rp, 401, "the admin token of endpoints.json is needed");
        return;
    }
    pthread_mutex_lock(&process->sim->lock);
    world_advance(process->sim->world, sim_world_ms(process->sim));
    route(process, rq, rp);
    pthread_mutex_unlock(&process->sim->lock);
}
