/* The world as JSON: exact counts, the stores' own words, nothing rounded. */
#include "admin_view.h"

#include "process.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS ((int64_t)3600 * 1000)

static json_t *time_json(int64_t ms)
{
    char text[32];

    return ms == 0 ? json_null() : json_string(sim_rfc3339(text, sizeof text, ms, true));
}

static json_t *health_json(const struct world *world, const struct world_app *app,
                           const struct world_version *version, int64_t from_ms, int64_t to_ms)
{
    struct world_health h = world_health(world, app, version, from_ms, to_ms);
    json_t *rate = h.sessions == 0
                       ? json_null()
                       : json_real(100.0 * (1 - (double)h.crashes / (double)h.sessions));

    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "from",
        time_json(from_ms), "to", time_json(to_ms), "sessions", (json_int_t)h.sessions, "crashes",
        (json_int_t)h.crashes, "errored", (json_int_t)h.errored, "users", (json_int_t)h.users,
        "crashed_users", (json_int_t)h.crashed_users, "seen_crash_users",
        (json_int_t)h.seen_crash_users, "anrs", (json_int_t)h.anrs, "anr_users",
        (json_int_t)h.anr_users, "cold_start_users", (json_int_t)h.start_users[0],
        "slow_cold_start_users", (json_int_t)h.slow_start_users[0], "crash_free_sessions", rate);
}

static json_t *load_json(const struct world *world, const struct world_service *service, int side,
                         int64_t from_ms, int64_t to_ms)
{
    struct world_load load = world_load(world, service, side, from_ms, to_ms);
    double p95 = 0;
    double mean = 0;
    bool has = world_latency_ms(world, service, side, 0.95, from_ms, to_ms, &p95, &mean);
    json_t *rate = load.requests == 0
                       ? json_null()
                       : json_real(100.0 * (double)load.errors / (double)load.requests);

    return json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "from", time_json(from_ms), "to",
                     time_json(to_ms), "requests", (json_int_t)load.requests, "errors",
                     (json_int_t)load.errors, "error_rate", rate, "latency_p95_ms",
                     has ? json_real(p95) : json_null(), "latency_mean_ms",
                     has ? json_real(mean) : json_null());
}

static json_t *version_json(const struct world *world, const struct world_app *app,
                            const struct world_version *version)
{
    int64_t now = world->now_ms;

    return json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:o, s:o, s:o}", "version", version->version,
                     "build", version->build, "release", version->release, "percent_set",
                     world_percent_set(world, app, version), "share", version->share,
                     "crash_rate", version->crash_rate, "crash_turn",
                     time_json(version->crash_turn_ms), "hour",
                     health_json(world, app, version, now - HOUR_MS, now), "day",
                     health_json(world, app, version, now - 24 * HOUR_MS, now));
}

static const char *track_of(const struct world_app *app)
{
    return strcmp(app->id, "wear") == 0 ? "wear:production" : "production";
}

/* The release of this version on the platform's track, as the store calls its state. */
static json_t *play_release_json(const struct world *world, const struct world_app *app,
                                 const struct world_version *version)
{
    for (size_t t = 0; t < world->play.n_tracks; t++) {
        const struct play_track *track = &world->play.tracks[t];
        if (strcmp(track->name, track_of(app)) != 0)
            continue;
        for (size_t i = 0; i < track->n_releases; i++) {
            const struct play_release *r = &track->releases[i];
            if (r->n_codes > 0 && r->codes[0] == strtoll(version->build, NULL, 10))
                return json_pack("{s:s, s:s, s:o, s:b}", "track", track->name, "status",
                                 play_status_text(r->status), "fraction",
                                 r->fraction > 0 ? json_real(r->fraction) : json_null(),
                                 "in_review", r->is_in_review);
        }
    }
    return json_null();
}

static json_t *apple_json(const struct world *world, const struct world_version *version)
{
    for (size_t i = 0; i < world->apple.n_versions; i++) {
        const struct apple_version *v = &world->apple.versions[i];
        if (strcmp(v->version, version->version) != 0)
            continue;
        const char *phase = apple_phase_text(v->phase);
        return json_pack("{s:s, s:o, s:i, s:i, s:s}", "status", v->state, "phase",
                         phase == NULL ? json_null() : json_string(phase), "day", v->phase_day,
                         "pause_days", apple_pause_days(v), "id", v->id);
    }
    return json_null();
}

static json_t *app_json(const struct world *world, const struct world_app *app)
{
    const struct world_version *newest = &app->versions[app->n_versions - 1];
    json_t *versions = json_array();

    for (size_t i = app->n_versions; i-- > 0;)
        json_array_append_new(versions, version_json(world, app, &app->versions[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:o, s:o}", "id", app->id,
                     "project", app->project, "version", newest->version, "build", newest->build,
                     "previous_version", (newest - 1)->version, "percent_set",
                     world_percent_set(world, app, newest), "share_pct", newest->share * 100,
                     "users", app->users, "store",
                     strcmp(app->id, "ios") == 0 ? apple_json(world, newest)
                                                 : play_release_json(world, app, newest),
                     "versions", versions);
}

static json_t *service_json(const struct world *world, const struct world_service *service)
{
    const struct deploy_group *group = &world->deploy.groups[service - world->services];
    int64_t now = world->now_ms;
    json_t *deployment = json_null();

    if (group->n_deployments > 0) {
        const struct deployment *d = &group->deployments[group->n_deployments - 1];
        deployment = json_pack("{s:s, s:s, s:s, s:f, s:s, s:o}", "id", d->id, "status",
                               deploy_status_text(d->status), "creator", d->creator, "green_pct",
                               d->green_pct, "config", world->deploy.configs[d->config].name,
                               "created", time_json(d->create_ms));
    }
    return json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "id", service->id, "deployment",
                     deployment, "alarm", service->is_alarm, "minutes_5",
                     load_json(world, service, -1, now - HOUR_MS / 12, now), "hour",
                     load_json(world, service, -1, now - HOUR_MS, now), "day",
                     load_json(world, service, -1, now - 24 * HOUR_MS, now), "weights",
                     json_pack("[f, f]", deploy_weight(group, 0), deploy_weight(group, 1)));
}

json_t *admin_world_json(struct sim_process *process)
{
    const struct world *world = process->sim->world;
    json_t *platforms = json_array();

    for (size_t i = 0; i < world->n_apps; i++)
        json_array_append_new(platforms, app_json(world, &world->apps[i]));
    for (size_t i = 0; i < world->n_services; i++)
        json_array_append_new(platforms, service_json(world, &world->services[i]));
    return json_pack("{s:s, s:I, s:o, s:I, s:f, s:o, s:I, s:o}", "world", process->world_name,
                     "seed", (json_int_t)process->seed, "now", time_json(world->now_ms), "now_ms",
                     (json_int_t)world->now_ms, "speed", process->sim->clock.speed, "start",
                     time_json(world->start_ms), "complete_until_ms",
                     (json_int_t)(world->next_minute * WORLD_MINUTE_MS), "platforms", platforms);
}

/* ---- /figures --------------------------------------------------------------------------- */

static bool read_time(const char *text, int64_t *out)
{
    char *end = NULL;

    if (text == NULL)
        return false;
    *out = strtoll(text, &end, 10);
    return (*end == '\0' && end != text) || sim_rfc3339_parse(text, out);
}

void admin_figures(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    const char *platform = sim_query(rq, "platform");
    const char *version_name = sim_query(rq, "version");
    struct world *world = sim->world;
    int64_t from = 0;
    int64_t to = 0;

    if (platform == NULL || !read_time(sim_query(rq, "from"), &from) ||
        !read_time(sim_query(rq, "to"), &to)) {
        sim_reply_json(rp, 400, json_pack("{s:s}", "error", "platform, from and to are needed"));
        return;
    }
    struct world_app *app = world_app_find(world, platform);
    struct world_service *service = world_service_find(world, platform);
    struct world_version *version =
        app == NULL || version_name == NULL ? NULL : world_version_find(app, version_name);
    if (version != NULL)
        sim_reply_json(rp, 200, health_json(world, app, version, from, to));
    else if (service != NULL)
        sim_reply_json(rp, 200, load_json(world, service, -1, from, to));
    else
        sim_reply_json(rp, 404, json_pack("{s:s}", "error", "no such platform or version"));
}
