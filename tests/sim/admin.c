/* The admin endpoint's requests: see admin.h. What it shows is made in admin_view.c. */
#include "admin.h"

#include "admin_change.h"
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

static bool set_clock(struct change *change, json_t *object)
{
    static const char *const known[] = {"advance_s", "speed", NULL};
    double advance_s = 0;
    double speed = change->sim->clock.speed;

    if (!admin_only(change, object, known) ||
        !admin_number(change, object, "advance_s", 0, 90.0 * 24 * 3600, &advance_s) ||
        !admin_number(change, object, "speed", 1, 3600, &speed))
        return false;
    sim_clock_set(change->sim, (int64_t)(advance_s * 1000), speed);
    change->clock_was_set = true;
    return true;
}

static bool set_crash_rate(struct change *change, json_t *object)
{
    static const char *const known[] = {"platform", "version", "rate", "share", NULL};
    struct world_app *app = world_app_find(change->sim->world, admin_text(object, "platform"));
    struct world_version *version =
        app == NULL ? NULL : world_version_find(app, admin_text(object, "version"));

    if (!admin_only(change, object, known))
        return false;
    if (version == NULL)
        return admin_bad(change, "crash_rate: no such platform or version");
    double rate = version->crash_rate;
    double share = version->share;
    if (!admin_number(change, object, "rate", 0, 1, &rate) ||
        !admin_number(change, object, "share", 0, 1, &share))
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
    static const char *const known[] = {
        "platform", "side", "error_rate", "median_ms", "requests_per_minute", NULL};
    struct world *world = change->sim->world;
    struct world_service *service = world_service_find(world, admin_text(object, "platform"));
    const char *side_name = admin_text(object, "side");

    if (!admin_only(change, object, known))
        return false;
    if (service == NULL)
        return admin_bad(change, "service: no such platform");
    struct deployment *newest = deploy_newest(&world->deploy.groups[service - world->services]);
    int green = newest == NULL ? 0 : newest->green_side;
    for (int side = 0; side < 2; side++) {
        bool is_meant = side_name[0] == '\0' ||
                        (strcmp(side_name, "green") == 0 && side == green) ||
                        (strcmp(side_name, "blue") == 0 && side != green);
        if (is_meant &&
            (!admin_number(change, object, "error_rate", 0, 1, &service->error_rate[side]) ||
             !admin_number(change, object, "median_ms", 0.1, 1e6, &service->median_ms[side])))
            return false;
    }
    return admin_number(change, object, "requests_per_minute", 0, 1e6,
                        &service->requests_per_minute);
}

/* As a person in the Play Console: no rule is asked, open edits die. */
static bool set_play(struct change *change, json_t *object)
{
    static const char *const known[] = {"track", "code", "status", "fraction", NULL};
    struct play_store *play = &change->sim->world->play;
    struct play_track *track =
        play_track_find(play->tracks, play->n_tracks, admin_text(object, "track"));
    int64_t code = json_integer_value(json_object_get(object, "code"));
    enum play_status status = play_status_parse(admin_text(object, "status"));
    double fraction = 0;

    if (!admin_only(change, object, known) ||
        !admin_number(change, object, "fraction", 0, 0.9999, &fraction))
        return false;
    for (size_t i = 0; track != NULL && i < track->n_releases; i++) {
        struct play_release *r = &track->releases[i];
        if (r->codes[0] != code)
            continue;
        if (status != PLAY_UNSPECIFIED)
            r->status = status;
        r->fraction = status == PLAY_IN_PROGRESS || status == PLAY_HALTED ? fraction : 0;
        r->is_hidden = false;
        r->was_published =
            r->was_published || r->status == PLAY_IN_PROGRESS || r->status == PLAY_COMPLETED;
        play->next_change++;
        return true;
    }
    return admin_bad(change, "play: no such track or version code");
}

static bool set_play_app(struct change *change, json_t *object)
{
    static const char *const known[] = {"review_running",     "review_minutes", "needs_manual_send",
                                        "managed_publishing", "draft_app",      "publish",
                                        NULL};
    bool is_published = false;
    struct play_store *play = &change->sim->world->play;
    double minutes = play->review_minutes;

    if (!admin_only(change, object, known) ||
        !admin_flag(change, object, "review_running", &play->is_review_running) ||
        !admin_flag(change, object, "needs_manual_send", &play->needs_manual_send) ||
        !admin_flag(change, object, "managed_publishing", &play->is_managed) ||
        !admin_flag(change, object, "draft_app", &play->is_draft_app) ||
        !admin_flag(change, object, "publish", &is_published) ||
        !admin_number(change, object, "review_minutes", 0, 100000, &minutes))
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

    if (!admin_only(change, object, known) ||
        !admin_number(change, object, "stars", 1, 5, &stars))
        return false;
    play_review_add(&change->sim->world->play,
                    json_integer_value(json_object_get(object, "code")), (int)stars,
                    admin_text(object, "language"), admin_text(object, "text"), change->sim->world->now_ms);
    return true;
}

/* The group's rules, and with "config" a new deployment under them. */
static bool set_deploy(struct change *change, json_t *object)
{
    static const char *const known[] = {"platform", "config", "waits_ready", "rollback_on_stop",
                                        NULL};
    static const char sha256[] = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    struct world *world = change->sim->world;
    struct world_service *service = world_service_find(world, admin_text(object, "platform"));

    if (!admin_only(change, object, known))
        return false;
    if (service == NULL)
        return admin_bad(change, "deploy: no such platform");
    struct deploy_group *group = &world->deploy.groups[service - world->services];
    if (!admin_flag(change, object, "waits_ready", &group->waits_ready) ||
        !admin_flag(change, object, "rollback_on_stop", &group->rollback_on_stop))
        return false;
    if (json_object_get(object, "config") == NULL)
        return true;
    switch (deploy_create(&world->deploy, group, admin_text(object, "config"), sha256, "",
                          world->now_ms, NULL)) {
    case DEPLOY_OK:
        return true;
    case DEPLOY_BUSY:
        return admin_bad(change, "deploy: one is running");
    default:
        return admin_bad(change, "deploy: no such configuration");
    }
}

/* One word at `key` of `words` (NULL-terminated); its index, absent leaves *out. */
static bool word(struct change *change, json_t *object, const char *key, const char *const *words,
                 int *out)
{
    json_t *value = json_object_get(object, key);

    for (int i = 0; value != NULL && words[i] != NULL; i++)
        if (strcmp(admin_text(object, key), words[i]) == 0) {
            *out = i;
            return true;
        }
    if (value != NULL)
        snprintf(change->error, sizeof change->error, "rights: no such word at \"%s\"", key);
    return value == NULL;
}

static bool set_rights(struct change *change, json_t *object)
{
    static const char *const known[] = {"app_store", "google_play", "codedeploy", NULL};
    static const char *const apple[] = {"full", "reader", NULL};
    static const char *const google[] = {"full", "no_commit", "no_write", NULL};
    static const char *const aws[] = {"full", "no_stop", NULL};
    struct sim_rights *rights = &change->sim->rights;
    int apple_now = rights->is_apple_reader;
    int google_now = (int)rights->play;
    int aws_now = rights->has_no_stop;

    if (!admin_only(change, object, known) || !word(change, object, "app_store", apple, &apple_now) ||
        !word(change, object, "google_play", google, &google_now) ||
        !word(change, object, "codedeploy", aws, &aws_now))
        return false;
    rights->is_apple_reader = apple_now == 1;
    rights->play = google_now;
    rights->has_no_stop = aws_now == 1;
    return true;
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

static bool set_quota(struct change *change, json_t *object)
{
    static const char *const known[] = {"factor", NULL};

    return admin_only(change, object, known) &&
           admin_number(change, object, "factor", 1, 1000, &change->sim->quota_factor);
}

static const struct {
    const char *key;
    bool (*set)(struct change *change, json_t *object);
} changes[] = {
    {"clock", set_clock},
    {"crash_rate", set_crash_rate},
    {"service", set_service},
    {"play", set_play},
    {"play_app", set_play_app},
    {"play_review", set_play_review},
    {"deploy", set_deploy},
    {"rights", set_rights},
    {"apple", admin_set_apple},
    {"apple_build", admin_set_build},
    {"apple_review", admin_set_review},
    {"apple_reviews", admin_set_reviews},
    {"apple_sale", admin_set_sale},
    {"apple_app", admin_set_apple_app},
    {"quota", set_quota},
};

static bool change_world(struct change *change, json_t *body)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach(body, key, value)
    {
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
