/* The world's turn of a minute, and finding one's way in it: see world.h. */
#include "world.h"

#include "scenario.h"
#include "traffic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct world *world_new(const char *name, uint64_t seed, int64_t start_ms)
{
    struct world *world = calloc(1, sizeof *world);

    if (world == NULL)
        abort();
    world->seed = seed;
    world->speed = 1;
    world->start_ms = start_ms;
    world->first_minute = start_ms / WORLD_MINUTE_MS - (int64_t)WORLD_HISTORY_DAYS * 24 * 60;
    world->next_minute = world->first_minute;
    world->now_ms = world->first_minute * WORLD_MINUTE_MS;
    if (!scenario_load(world, name)) {
        world_free(world);
        return NULL;
    }
    world_advance(world, start_ms);
    return world;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    for (size_t i = 0; i < world->n_apps; i++)
        for (size_t k = 0; k < world->apps[i].n_versions; k++)
            free(world->apps[i].versions[k].cells);
    for (size_t i = 0; i < world->n_services; i++)
        free(world->services[i].cells);
    play_store_clear(&world->play);
    free(world->events);
    free(world);
}

/* ---- finding ---------------------------------------------------------------------------- */

struct world_app *world_app_find(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->n_apps; i++)
        if (strcmp(world->apps[i].id, id) == 0)
            return &world->apps[i];
    return NULL;
}

struct world_app *world_app_by_project(struct world *world, const char *slug_or_id)
{
    char *end = NULL;
    long long id = strtoll(slug_or_id, &end, 10);
    bool is_number = end != slug_or_id && *end == '\0';

    for (size_t i = 0; i < world->n_apps; i++)
        if ((is_number && world->apps[i].project_id == id) ||
            strcmp(world->apps[i].project, slug_or_id) == 0)
            return &world->apps[i];
    return NULL;
}

struct world_version *world_version_find(struct world_app *app, const char *version)
{
    for (size_t i = 0; i < app->n_versions; i++)
        if (strcmp(app->versions[i].version, version) == 0)
            return &app->versions[i];
    return NULL;
}

struct world_version *world_release_find(struct world *world, const char *release,
                                         struct world_app **app)
{
    for (size_t i = 0; i < world->n_apps; i++)
        for (size_t k = 0; k < world->apps[i].n_versions; k++)
            if (strcmp(world->apps[i].versions[k].release, release) == 0) {
                if (app != NULL)
                    *app = &world->apps[i];
                return &world->apps[i].versions[k];
            }
    return NULL;
}

struct world_service *world_service_find(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->n_services; i++)
        if (strcmp(world->services[i].id, id) == 0)
            return &world->services[i];
    return NULL;
}

struct world_service *world_service_by_lb(struct world *world, const char *load_balancer)
{
    for (size_t i = 0; i < world->n_services; i++)
        if (strcmp(world->services[i].load_balancer, load_balancer) == 0)
            return &world->services[i];
    return NULL;
}

bool world_service_side(const struct world_service *service, const char *target_group, int *side)
{
    for (int i = 0; i < 2; i++)
        if (strcmp(service->target_group[i], target_group) == 0) {
            *side = i;
            return true;
        }
    return false;
}

/* ---- what the stores hand out ----------------------------------------------------------- */

static const struct apple_version *apple_of(const struct world *world,
                                            const struct world_version *version)
{
    for (size_t i = 0; i < world->apple.n_versions; i++)
        if (strcmp(world->apple.versions[i].version, version->version) == 0)
            return &world->apple.versions[i];
    return NULL;
}

double world_percent_set(const struct world *world, const struct world_app *app,
                         const struct world_version *version)
{
    if (strcmp(app->id, "ios") == 0) {
        const struct apple_version *apple = apple_of(world, version);
        return apple == NULL ? 0 : apple_percent(apple);
    }
    const char *name = strcmp(app->id, "wear") == 0 ? "wear:production" : "production";
    for (size_t i = 0; i < world->play.n_tracks; i++)
        if (strcmp(world->play.tracks[i].name, name) == 0)
            return play_percent(&world->play.tracks[i], strtoll(version->build, NULL, 10));
    return 0;
}

/* ---- adoption --------------------------------------------------------------------------- */

/* From the newest version down: each grows towards what its store gives it and takes that from
 * the older ones. A halted version has percent 0 and so keeps what it has. */
static void adopt(const struct world *world, struct world_app *app)
{
    double step = 1 - exp(-1.0 / (app->tau_hours * 60));

    for (size_t i = app->n_versions; i-- > 1;) {
        struct world_version *version = &app->versions[i];
        double older = 0;
        double newer = 0;
        for (size_t k = 0; k < app->n_versions; k++) {
            older += k < i ? app->versions[k].share : 0;
            newer += k > i ? app->versions[k].share : 0;
        }
        double percent = world_percent_set(world, app, version);
        double target = percent / 100 * 0.98 * (1 - newer);
        if (percent > 0 && percent < 100)
            target += app->manual_share;
        double gain = (target - version->share) * step;
        if (gain <= 0 || older <= 0)
            continue;
        if (gain > older)
            gain = older;
        version->share += gain;
        for (size_t k = 0; k < i; k++)
            app->versions[k].share -= app->versions[k].share / older * gain;
    }
}

static void turn_rates(struct world_app *app, int64_t now_ms)
{
    for (size_t i = 0; i < app->n_versions; i++) {
        struct world_version *version = &app->versions[i];
        if (version->crash_turn_ms != 0 && now_ms >= version->crash_turn_ms) {
            version->crash_rate = version->crash_rate_next;
            version->crash_turn_ms = 0;
        }
    }
}

/* ---- time ------------------------------------------------------------------------------- */

/* Store and deployment clocks are exact; people live by the minute. */
static void stores_advance(struct world *world, int64_t now_ms)
{
    scenario_run(world, now_ms);
    apple_advance(&world->apple, now_ms);
    play_advance(&world->play, now_ms);
    deploy_advance(&world->deploy, now_ms);
    world->now_ms = now_ms;
}

static void live_minute(struct world *world, int64_t minute)
{
    for (size_t i = 0; i < world->n_apps; i++) {
        turn_rates(&world->apps[i], minute * WORLD_MINUTE_MS);
        adopt(world, &world->apps[i]);
        traffic_app_minute(world, &world->apps[i], i, minute);
    }
    struct world_app *android = world_app_find(world, "android");
    if (android != NULL)
        traffic_review_minute(world, android, minute);
    for (size_t i = 0; i < world->n_services; i++) {
        traffic_service_minute(world, &world->services[i], i, minute);
        traffic_alarm_minute(&world->services[i], minute);
    }
}

static void drop_cells(void *cells, size_t *n_cells, size_t dropped, size_t bytes)
{
    *n_cells -= dropped;
    memmove(cells, (char *)cells + dropped * bytes, *n_cells * bytes);
}

/* Keeps at least 90 days, which is as far as any upstream looks back. All series are equally long.
 */
static void forget(struct world *world)
{
    enum { KEPT_MINUTES = 100 * 24 * 60, DROPPED_MINUTES = 10 * 24 * 60 };

    if (world->next_minute - world->first_minute < KEPT_MINUTES)
        return;
    for (size_t i = 0; i < world->n_apps; i++)
        for (size_t k = 0; k < world->apps[i].n_versions; k++) {
            struct world_version *v = &world->apps[i].versions[k];
            drop_cells(v->cells, &v->n_cells, DROPPED_MINUTES, sizeof v->cells[0]);
        }
    for (size_t i = 0; i < world->n_services; i++) {
        struct world_service *s = &world->services[i];
        drop_cells(s->cells, &s->n_cells, DROPPED_MINUTES, sizeof s->cells[0]);
    }
    world->first_minute += DROPPED_MINUTES;
}

void world_advance(struct world *world, int64_t now_ms)
{
    if (now_ms < world->now_ms)
        return;
    while ((world->next_minute + 1) * WORLD_MINUTE_MS <= now_ms) {
        stores_advance(world, (world->next_minute + 1) * WORLD_MINUTE_MS);
        live_minute(world, world->next_minute);
        world->next_minute++;
        forget(world);
    }
    stores_advance(world, now_ms);
}
