/* From a request to its reply: the clock, the lock, the faults, the dialect, the counters. */
#include "faults.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

size_t sim_service_index(const char *name)
{
    for (size_t i = 0; sim_services[i] != NULL; i++)
        if (strcmp(sim_services[i]->name, name) == 0)
            return i;
    return SIZE_MAX;
}

void *sim_state(struct sim *sim, const struct sim_service *service, size_t bytes,
                void (*clear)(void *))
{
    size_t index = sim_service_index(service->name);

    if (index == SIZE_MAX)
        abort();
    if (sim->state[index] == NULL) {
        sim->state[index] = sim_xcalloc(1, bytes);
        sim->state_free[index] = clear;
    }
    return sim->state[index];
}

int64_t sim_world_ms(const struct sim *sim)
{
    const struct sim_clock *clock = &sim->clock;

    return clock->world_ms + (int64_t)((double)(sim_real_ms() - clock->real_ms) * clock->speed);
}

double sim_speed(const struct sim *sim)
{
    return sim->clock.speed * sim->quota_factor;
}

void sim_clock_set(struct sim *sim, int64_t advance_ms, double speed)
{
    int64_t real = sim_real_ms();
    int64_t world = sim_world_ms(sim) + advance_ms;

    sim->clock = (struct sim_clock){.real_ms = real, .world_ms = world, .speed = speed};
    sim->world->speed = speed;
    world_advance(sim->world, world);
}

void sim_dispatch_judged(struct sim *sim, size_t service, const struct sim_request *rq,
                         struct sim_reply *rp, struct sim_verdict *verdict)
{
    const struct sim_service *dialect = sim_services[service];

    pthread_mutex_lock(&sim->lock);
    world_advance(sim->world, sim_world_ms(sim));
    *verdict = sim_faults_judge(sim->faults, service, rq);

    enum sim_effect effect = dialect->classify(rq);
    const struct sim_fault *fault = &verdict->fault;
    int own_status = 0;
    if (fault->kind == SIM_FAULT_NONE || !fault->before) {
        dialect->handle(sim, rq, rp);
        own_status = rp->status;
    }
    if (fault->kind != SIM_FAULT_NONE)
        sim_fault_answer(fault, rp);
    sim_counters_add(sim->counters, service, effect, rq, own_status, rp->status, fault,
                     sim->world->now_ms);
    pthread_mutex_unlock(&sim->lock);
}

void sim_dispatch(struct sim *sim, size_t service, const struct sim_request *rq,
                  struct sim_reply *rp)
{
    struct sim_verdict verdict;

    sim_dispatch_judged(sim, service, rq, rp, &verdict);
}
