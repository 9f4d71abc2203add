/*
 * "rollout-week": release 2.15.3 in the middle of its week.
 *
 * iOS is on day 4 of its phased release and well. Android is at 20 % over 2.15.2 and well too,
 * until one hour after the start: then the new version begins to crash four times as often. Wear
 * OS has its release as a draft on production, in beta hands only. The backend was deployed this
 * morning and is done, and again ten minutes before Android turns; the web is a third into its
 * linear shift.
 *
 * History is not written down but lived: the script starts 14 days earlier and the same code that
 * runs the future runs it. Figures follow the worked example of the teams Slipway is built for.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

enum event_kind { EVENT_PLAY, EVENT_APPLE_RELEASE, EVENT_DEPLOY, EVENT_SHARE };

struct world_event {
    int64_t at_ms;
    enum event_kind kind;
    const char *target;  /* track, version id, group, app */
    const char *name;    /* release name, config, version */
    int64_t code;
    enum play_status status;
    double value; /* fraction, share */
};

/* ---- the script at work ----------------------------------------------------------------- */

static void run_play(struct world *world, const struct world_event *event)
{
    struct play_track tracks[PLAY_TRACKS_MAX];
    struct play_refusal refusal;
    size_t n = world->play.n_tracks;

    for (size_t i = 0; i < n; i++)
        play_track_copy(&tracks[i], &world->play.tracks[i]);
    struct play_track *track = play_track_find(tracks, n, event->target);
    if (track == NULL)
        abort();

    struct play_track wanted = {.n_releases = 1};
    struct play_track made;
    wanted.releases[0] = (struct play_release){
        .codes = {event->code}, .n_codes = 1, .status = event->status, .fraction = event->value,
        .priority = -1};
    snprintf(wanted.releases[0].name, sizeof wanted.releases[0].name, "%s", event->name);
    if (!play_track_update(track, &wanted, &made, &refusal)) {
        fprintf(stderr, "slipway-sim: script: %s\n", refusal.message);
        abort();
    }
    play_track_clear(track);
    *track = made;
    play_commit(&world->play, tracks, n, false, event->at_ms);
    for (size_t i = 0; i < n; i++)
        play_track_clear(&tracks[i]);
}

static void run_deploy(struct world *world, const struct world_event *event)
{
    for (size_t i = 0; i < world->deploy.n_groups; i++) {
        struct deploy_group *group = &world->deploy.groups[i];
        char sha256[65];
        if (strcmp(group->service, event->target) != 0)
            continue;
        snprintf(sha256, sizeof sha256, "%016llx%016llx%016llx%016llx",
                 (unsigned long long)event->at_ms * 2654435761u, (unsigned long long)event->code,
                 (unsigned long long)i * 40503u, (unsigned long long)event->at_ms);
        struct deployment *made = NULL;
        switch (deploy_create(&world->deploy, group, event->name, sha256, "", event->at_ms, &made)) {
        case DEPLOY_OK:
            break;
        case DEPLOY_BUSY:
            return; /* a captain's own deployment is under way: the pipeline waits its turn */
        default:
            abort();
        }
        snprintf(made->task_definition, sizeof made->task_definition,
                 "arn:aws:ecs:eu-west-1:123456789012:task-definition/%s:%lld", group->service,
                 (long long)event->code);
    }
}

static void run_event(struct world *world, const struct world_event *event)
{
    struct world_app *app = NULL;
    struct world_version *version = NULL;

    switch (event->kind) {
    case EVENT_PLAY:
        run_play(world, event);
        break;
    case EVENT_APPLE_RELEASE:
        if (apple_release(&world->apple, event->target, event->at_ms) != APPLE_OK)
            abort();
        break;
    case EVENT_DEPLOY:
        run_deploy(world, event);
        break;
    case EVENT_SHARE:
        app = world_app_find(world, event->target);
        version = app == NULL ? NULL : world_version_find(app, event->name);
        if (version == NULL)
            abort();
        app->versions[0].share -= event->value - version->share;
        version->share = event->value;
        break;
    }
}

void scenario_run(struct world *world, int64_t now_ms)
{
    while (world->next_event < world->n_events &&
           world->events[world->next_event].at_ms <= now_ms) {
        const struct world_event *event = &world->events[world->next_event++];
        /* The stores' own clocks first, so that the script finds them as they were then. */
        apple_advance(&world->apple, event->at_ms);
        deploy_advance(&world->deploy, event->at_ms);
        run_event(world, event);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct world_event *x = a;
    const struct world_event *y = b;

    return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms ? 1 : 0;
}

static void take_events(struct world *world, const struct world_event *events, size_t n)
{
    struct world_event *all =
        realloc(world->events, (world->n_events + n) * sizeof *world->events);

    if (all == NULL)
        abort();
    memcpy(all + world->n_events, events, n * sizeof *events);
    world->events = all;
    world->n_events += n;
    for (size_t i = world->n_events - n; i < world->n_events; i++)
        all[i].at_ms += world->start_ms;
    qsort(all, world->n_events, sizeof *all, by_time);
}

/* ---- building blocks -------------------------------------------------------------------- */

static struct world_app *add_app(struct world *world, const struct world_app *app)
{
    world->apps[world->n_apps] = *app;
    return &world->apps[world->n_apps++];
}

static struct world_version *add_version(struct world *world, struct world_app *app,
                                         const char *version, const char *build, double share,
                                         double crash_rate, int64_t created)
{
    struct world_version *v = &app->versions[app->n_versions++];

    snprintf(v->version, sizeof v->version, "%s", version);
    snprintf(v->build, sizeof v->build, "%s", build);
    snprintf(v->release, sizeof v->release, "com.acme.app@%s+%s", version, build);
    v->share = share;
    v->crash_rate = crash_rate;
    v->created_ms = world->start_ms + created;
    return v;
}

static void add_issue(struct world *world, struct world_issue issue)
{
    issue.first_ms += world->start_ms;
    issue.id = 5912334455 + (int64_t)world->n_issues * 1117;
    world->issues[world->n_issues++] = issue;
}

static void add_release(struct world *world, const char *track_name, const char *name,
                        int64_t code, enum play_status status)
{
    struct play_track *track =
        play_track_find(world->play.tracks, world->play.n_tracks, track_name);

    if (track == NULL) {
        track = &world->play.tracks[world->play.n_tracks++];
        snprintf(track->name, sizeof track->name, "%s", track_name);
    }
    struct play_release *r = &track->releases[track->n_releases++];
    *r = (struct play_release){.codes = {code}, .n_codes = 1, .status = status, .priority = -1};
    snprintf(r->name, sizeof r->name, "%s", name);
    r->was_published = status == PLAY_COMPLETED;
    /* Added newest first: an older completed one is a fallback only. */
    for (size_t i = 0; i + 1 < track->n_releases; i++)
        r->is_hidden = r->is_hidden || track->releases[i].status == PLAY_COMPLETED;
}

/* ---- the rollout week ------------------------------------------------------------------- */

static const char apple_new[] = "409ebefb-ebd1-4f1a-903d-6ba16e013ebf";

/* The team tests it; `external` is what other testers have. */
static void add_build(struct world *world, const char *version, const char *build, const char *id,
                      int64_t uploaded_ms, const char *external)
{
    struct apple_build *b = &world->apple.builds[world->apple.n_builds++];
    bool is_waiting = strcmp(external, "WAITING_FOR_BETA_REVIEW") == 0;

    snprintf(b->id, sizeof b->id, "%s", id);
    snprintf(b->version, sizeof b->version, "%s", version);
    snprintf(b->build, sizeof b->build, "%s", build);
    snprintf(b->processing, sizeof b->processing, "VALID");
    snprintf(b->internal, sizeof b->internal, "IN_BETA_TESTING");
    snprintf(b->external, sizeof b->external, "%s", external);
    snprintf(b->beta_review, sizeof b->beta_review, "%s",
             is_waiting ? "WAITING_FOR_REVIEW" : "APPROVED");
    b->uploaded_ms = uploaded_ms;
    b->installs = is_waiting ? 24 : 310;
    b->sessions = is_waiting ? 190 : 4100;
    b->crashes = is_waiting ? 1 : 7;
}

static void load_apple(struct world *world)
{
    static const struct {
        const char *id, *version, *state, *build_id, *build;
        int64_t created, uploaded;
        enum apple_phase phase;
    } versions[] = {
        {"1f5a8c6e-7d3b-4c09-8a51-0e6f3b9d2a11", "2.15.1", "REPLACED_WITH_NEW_VERSION",
         "0b7c1d7e-52a4-4f0e-9f36-6a1d1c7be001", "20241216.2", -47 * DAY, -46 * DAY,
         APPLE_PHASE_COMPLETE},
        {"7c2b91d0-4e8f-4b6a-b3c7-92d5e1f04a22", "2.15.2", "READY_FOR_DISTRIBUTION",
         "3c58e2b9-8f61-4a7d-8d20-5e4f9b3ac002", "20250107.1", -26 * DAY, -25 * DAY,
         APPLE_PHASE_COMPLETE},
        {apple_new, "2.15.3", "PENDING_DEVELOPER_RELEASE",
         "a671690d-3f9c-45be-9a0e-77d2c4b1d003", "20250114.1", -9 * DAY, -8 * DAY,
         APPLE_PHASE_INACTIVE},
    };
    struct apple_store *store = &world->apple;

    snprintf(store->app_id, sizeof store->app_id, "1481211155");
    snprintf(store->name, sizeof store->name, "Acme");
    snprintf(store->bundle_id, sizeof store->bundle_id, "com.acme.app");
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct apple_version *v = &store->versions[store->n_versions++];
        snprintf(v->id, sizeof v->id, "%s", versions[i].id);
        snprintf(v->version, sizeof v->version, "%s", versions[i].version);
        snprintf(v->state, sizeof v->state, "%s", versions[i].state);
        snprintf(v->release_type, sizeof v->release_type, "MANUAL");
        snprintf(v->build_id, sizeof v->build_id, "%s", versions[i].build_id);
        snprintf(v->build, sizeof v->build, "%s", versions[i].build);
        snprintf(v->phase_id, sizeof v->phase_id, "5b1e%s", versions[i].id + 4);
        v->created_ms = world->start_ms + versions[i].created;
        v->uploaded_ms = world->start_ms + versions[i].uploaded;
        v->phase = versions[i].phase;
        v->phase_seen_ms = world->now_ms;
        v->one_star = 0.03;
        if (v->phase == APPLE_PHASE_COMPLETE) {
            v->phase_start_ms = v->created_ms + 2 * DAY;
            v->phase_day = 7;
            v->went_live_ms = v->phase_start_ms;
        }
        add_build(world, v->version, v->build, v->build_id, v->uploaded_ms, "IN_BETA_TESTING");
    }
    add_build(world, "2.16.0", "20250121.1", "e41d7c05-66b2-4d0f-9a3e-1c8b5f2ad004",
              world->start_ms - 15 * HOUR, "WAITING_FOR_BETA_REVIEW");
}

static void load_play(struct world *world)
{
    snprintf(world->play.package, sizeof world->play.package, "com.acme.app");
    add_release(world, "production", "2.15.2", 2025010702, PLAY_COMPLETED);
    add_release(world, "production", "2.15.1", 2024121602, PLAY_COMPLETED);
    add_release(world, "beta", "2.15.3", 2025011401, PLAY_COMPLETED);
    add_release(world, "alpha", "2.15.3", 2025011401, PLAY_COMPLETED);
    add_release(world, "internal", "2.16.0", 2025012101, PLAY_COMPLETED);
    add_release(world, "wear:production", "2.15.2", 2025010704, PLAY_COMPLETED);
    add_release(world, "wear:production", "2.15.1", 2024121604, PLAY_COMPLETED);
    add_release(world, "wear:beta", "2.15.3", 2025011404, PLAY_COMPLETED);
    add_release(world, "wear:internal", "2.15.3", 2025011404, PLAY_COMPLETED);
}

static void load_apps(struct world *world)
{
    struct world_app *ios = add_app(
        world, &(struct world_app){.id = "ios", .project = "app-ios", .project_id = 4505321,
                                   .environment = "production", .users = 480000,
                                   .sessions_per_minute = 416, .manual_share = 0.03,
                                   .tau_hours = 16});
    add_version(world, ios, "2.15.1", "20241216.2", 0.30, 0.0031, -45 * DAY);
    add_version(world, ios, "2.15.2", "20250107.1", 0.70, 0.0028, -24 * DAY);
    add_version(world, ios, "2.15.3", "20250114.1", 0, 0.0026, -8 * DAY);

    struct world_app *android = add_app(
        world, &(struct world_app){.id = "android", .project = "app-android",
                                   .project_id = 4505322, .environment = "production",
                                   .users = 640000, .sessions_per_minute = 500,
                                   .tau_hours = 26});
    add_version(world, android, "2.15.1", "2024121602", 0.28, 0.0036, -45 * DAY);
    add_version(world, android, "2.15.2", "2025010702", 0.72, 0.0032, -24 * DAY);
    struct world_version *bad =
        add_version(world, android, "2.15.3", "2025011401", 0, 0.0030, -7 * DAY);
    /* Crash-free over one hour: below 99.5 % a quarter of an hour later, below 99 % within the
     * hour. */
    bad->crash_turn_ms = world->start_ms + HOUR;
    bad->crash_rate_next = 0.0125;

    struct world_app *wear = add_app(
        world, &(struct world_app){.id = "wear", .project = "app-wear", .project_id = 4505323,
                                   .environment = "production", .users = 18000,
                                   .sessions_per_minute = 21, .tau_hours = 20});
    add_version(world, wear, "2.15.1", "2024121604", 0.25, 0.0026, -45 * DAY);
    add_version(world, wear, "2.15.2", "2025010704", 0.75, 0.0024, -23 * DAY);
    add_version(world, wear, "2.15.3", "2025011404", 0, 0.0023, -3 * DAY);
}

static void load_issues(struct world *world)
{
    add_issue(world, (struct world_issue){.short_id = "APP-IOS-9KQ",
                                          .title = "EXC_BAD_ACCESS: MapView",
                                          .culprit = "MapView.draw(_:)", .level = "fatal",
                                          .app = 0, .version = 2, .part = 0.4,
                                          .first_ms = -3 * DAY, .is_crash = true});
    add_issue(world, (struct world_issue){.short_id = "APP-ANDROID-7FE",
                                          .title = "IllegalStateException: Fragment not attached",
                                          .culprit = "ShareSheet.onResult", .level = "fatal",
                                          .app = 1, .version = 2, .part = 0.12,
                                          .first_ms = -4 * DAY, .is_crash = true});
    add_issue(world, (struct world_issue){.short_id = "APP-ANDROID-7FX",
                                          .title = "SocketTimeoutException: timeout",
                                          .culprit = "SyncWorker.run", .level = "error", .app = 1,
                                          .version = 2, .part = 0.2, .first_ms = -3 * DAY});
    add_issue(world, (struct world_issue){.short_id = "APP-ANDROID-7G2",
                                          .title = "NullPointerException: WorkoutTimer",
                                          .culprit = "WorkoutTimer.tick", .level = "fatal",
                                          .app = 1, .version = 2, .part = 0.74, .first_ms = HOUR,
                                          .is_crash = true});
    add_issue(world, (struct world_issue){.short_id = "APP-WEAR-31C",
                                          .title = "DeadObjectException: TileService",
                                          .culprit = "TileService.onTileRequest", .level = "fatal",
                                          .app = 2, .version = 1, .part = 0.3,
                                          .first_ms = -12 * DAY, .is_crash = true});
}

static void load_services(struct world *world)
{
    struct world_service *web = &world->services[world->n_services++];
    struct world_service *backend = &world->services[world->n_services++];
    struct deploy_store *deploy = &world->deploy;

    *web = (struct world_service){
        .id = "web", .load_balancer = "app/web/1a2b3c4d5e6f7081",
        .target_group = {"targetgroup/web-1/73e2d6bc24d8a067", "targetgroup/web-2/0f1d8c7a5b3e9264"},
        .alarm = "web-5xx-rate", .alarm_errors = 30, .requests_per_minute = 2400,
        .error_rate = {0.0003, 0.0004}, .median_ms = {38, 41}, .sigma = 0.8};
    *backend = (struct world_service){
        .id = "backend", .load_balancer = "app/api/50dc6c495c0c9188",
        .target_group = {"targetgroup/api-1/6d0ecf831eec9f09", "targetgroup/api-2/b2e5a7c91d4f3680"},
        .alarm = "api-5xx-rate", .alarm_errors = 40, .requests_per_minute = 5200,
        .error_rate = {0.0008, 0.0008}, .median_ms = {110, 110}, .sigma = 0.62};

    static const struct deploy_config configs[] = {
        {"CodeDeployDefault.ECSAllAtOnce", DEPLOY_ALL_AT_ONCE, 100, 0},
        {"CodeDeployDefault.ECSCanary10Percent5Minutes", DEPLOY_CANARY, 10, 5},
        {"CodeDeployDefault.ECSCanary10Percent15Minutes", DEPLOY_CANARY, 10, 15},
        {"CodeDeployDefault.ECSLinear10PercentEvery1Minutes", DEPLOY_LINEAR, 10, 1},
        {"CodeDeployDefault.ECSLinear10PercentEvery3Minutes", DEPLOY_LINEAR, 10, 3},
        {"acme-ECSLinear10PercentEvery30Minutes", DEPLOY_LINEAR, 10, 30},
    };
    deploy->n_configs = sizeof configs / sizeof configs[0];
    memcpy(deploy->configs, configs, sizeof configs);
    deploy->n_groups = 2;
    deploy->groups[0] = (struct deploy_group){
        .application = "AppECS-web", .group = "DgpECS-web", .cluster = "prod", .service = "web",
        .ready_wait_min = 120, .termination_wait_min = 60};
    deploy->groups[1] = (struct deploy_group){
        .application = "AppECS-api", .group = "DgpECS-api", .cluster = "prod", .service = "api",
        .ready_wait_min = 120, .termination_wait_min = 60};
}

static const struct world_event rollout_week[] = {
    {.at_ms = -5 * DAY, .kind = EVENT_PLAY, .target = "production", .name = "2.15.3",
     .code = 2025011401, .status = PLAY_IN_PROGRESS, .value = 0.05},
    {.at_ms = -2 * DAY, .kind = EVENT_PLAY, .target = "production", .name = "2.15.3",
     .code = 2025011401, .status = PLAY_IN_PROGRESS, .value = 0.10},
    {.at_ms = -17 * HOUR, .kind = EVENT_PLAY, .target = "production", .name = "2.15.3",
     .code = 2025011401, .status = PLAY_IN_PROGRESS, .value = 0.20},
    {.at_ms = -2 * DAY - 3 * HOUR, .kind = EVENT_SHARE, .target = "wear", .name = "2.15.3",
     .value = 0.012},
    {.at_ms = -20 * HOUR, .kind = EVENT_PLAY, .target = "wear:production", .name = "2.15.3",
     .code = 2025011404, .status = PLAY_DRAFT},
    {.at_ms = -3 * DAY - 4 * HOUR, .kind = EVENT_APPLE_RELEASE, .target = apple_new},
    {.at_ms = -9 * DAY, .kind = EVENT_DEPLOY, .target = "web", .code = 57,
     .name = "acme-ECSLinear10PercentEvery30Minutes"},
    {.at_ms = -5 * DAY, .kind = EVENT_DEPLOY, .target = "web", .code = 58,
     .name = "acme-ECSLinear10PercentEvery30Minutes"},
    {.at_ms = -44 * HOUR, .kind = EVENT_DEPLOY, .target = "web", .code = 59,
     .name = "acme-ECSLinear10PercentEvery30Minutes"},
    {.at_ms = -67 * MINUTE, .kind = EVENT_DEPLOY, .target = "web", .code = 60,
     .name = "acme-ECSLinear10PercentEvery30Minutes"},
};

static void load_backend_days(struct world *world)
{
    /* A deploy every seven hours, the last one 200 minutes ago; the next reaches everyone some
     * minutes before Android's crashes begin, as such things do. */
    static const struct world_event next = {
        .at_ms = 49 * MINUTE, .kind = EVENT_DEPLOY, .target = "api", .code = 413,
        .name = "CodeDeployDefault.ECSCanary10Percent5Minutes"};
    take_events(world, &next, 1);
    for (int i = 0; i < 12; i++) {
        struct world_event event = {
            .at_ms = -200 * MINUTE - i * 7 * HOUR, .kind = EVENT_DEPLOY, .target = "api",
            .code = 412 - i, .name = "CodeDeployDefault.ECSCanary10Percent5Minutes"};
        take_events(world, &event, 1);
    }
}

bool scenario_load(struct world *world, const char *name)
{
    if (strcmp(name, "rollout-week") != 0)
        return false;
    load_apple(world);
    load_play(world);
    load_apps(world);
    load_issues(world);
    load_services(world);
    take_events(world, rollout_week, sizeof rollout_week / sizeof rollout_week[0]);
    load_backend_days(world);
    return true;
}
