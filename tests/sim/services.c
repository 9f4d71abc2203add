/* Every upstream there is, in the order of endpoints.json; and a simulator without sockets. */
#include "creds.h"
#include "faults.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

extern const struct sim_service sim_app_store;
extern const struct sim_service sim_cloudwatch;
extern const struct sim_service sim_codedeploy;
extern const struct sim_service sim_google_oauth;
extern const struct sim_service sim_google_play;
extern const struct sim_service sim_google_reporting;
extern const struct sim_service sim_sentry;

const struct sim_service *const sim_services[] = {
    &sim_app_store,
    &sim_google_oauth,
    &sim_google_play,
    &sim_google_reporting,
    &sim_sentry,
    &sim_cloudwatch,
    &sim_codedeploy,
    NULL,
};

static_assert(sizeof sim_services / sizeof sim_services[0] <= SIM_SERVICES_MAX,
              "a place in struct sim for every service");

struct sim *sim_new(const char *world, double speed, uint64_t seed)
{
    struct sim *sim = sim_xcalloc(1, sizeof *sim);
    int64_t now = sim_real_ms();

    sim->world = world_new(world, seed, now);
    if (sim->world == NULL) {
        free(sim);
        return NULL;
    }
    pthread_mutex_init(&sim->lock, NULL);
    sim->clock = (struct sim_clock){.real_ms = now, .world_ms = now, .speed = speed};
    sim->quota_factor = 1;
    sim->world->speed = speed;
    sim->creds = sim_creds_new();
    sim->counters = sim_counters_new();
    sim->faults = sim_faults_new(seed);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    for (size_t i = 0; i < SIM_SERVICES_MAX; i++) {
        if (sim->state[i] != NULL && sim->state_free[i] != NULL)
            sim->state_free[i](sim->state[i]);
        free(sim->state[i]);
    }
    sim_faults_free(sim->faults);
    sim_counters_free(sim->counters);
    sim_creds_free((struct sim_creds *)(uintptr_t)sim->creds);
    world_free(sim->world);
    pthread_mutex_destroy(&sim->lock);
    free(sim);
}
