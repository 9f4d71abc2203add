/*
 * CodeDeploy's life of a blue/green deployment on ECS: see deploy.h.
 * Sources: AWS CodeDeploy user guide, "What happens during an Amazon ECS deployment",
 * "Stop a deployment with CodeDeploy", "Deployment configurations"; API reference
 * StopDeployment, ContinueDeployment, read 2026.
 */
#include "deploy.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS ((int64_t)60 * 1000)

enum {
    INSTALL_MS = 100 * 1000, /* new tasks start and become healthy */
    REROUTE_MS = 15 * 1000,  /* a rollback moves the traffic back in well under 30 s */
    AFTER_TRAFFIC_MS = 10 * 1000,
};

static const char *const status_texts[] = {
    [DEPLOY_CREATED] = "Created",     [DEPLOY_QUEUED] = "Queued",
    [DEPLOY_IN_PROGRESS] = "InProgress", [DEPLOY_BAKING] = "Baking",
    [DEPLOY_SUCCEEDED] = "Succeeded", [DEPLOY_FAILED] = "Failed",
    [DEPLOY_STOPPED] = "Stopped",     [DEPLOY_READY] = "Ready",
};

const char *deploy_status_text(enum deploy_status status)
{
    return status_texts[status];
}

struct deploy_group *deploy_group_find(struct deploy_store *store, const char *application,
                                       const char *group)
{
    for (size_t i = 0; i < store->n_groups; i++)
        if (strcmp(store->groups[i].application, application) == 0 &&
            strcmp(store->groups[i].group, group) == 0)
            return &store->groups[i];
    return NULL;
}

struct deployment *deploy_find(struct deploy_store *store, const char *id,
                               struct deploy_group **group)
{
    for (size_t g = 0; g < store->n_groups; g++)
        for (size_t i = 0; i < store->groups[g].n_deployments; i++)
            if (strcmp(store->groups[g].deployments[i].id, id) == 0) {
                if (group != NULL)
                    *group = &store->groups[g];
                return &store->groups[g].deployments[i];
            }
    return NULL;
}

struct deployment *deploy_newest(struct deploy_group *group)
{
    return group->n_deployments == 0 ? NULL : &group->deployments[group->n_deployments - 1];
}

static bool is_over(const struct deployment *deployment)
{
    return deployment->status == DEPLOY_SUCCEEDED || deployment->status == DEPLOY_FAILED ||
           deployment->status == DEPLOY_STOPPED;
}

struct deployment *deploy_running(struct deploy_group *group)
{
    struct deployment *newest = deploy_newest(group);

    return newest != NULL && !is_over(newest) ? newest : NULL;
}

double deploy_weight(const struct deploy_group *group, int side)
{
    double on_live = 100;

    if (group->n_deployments > 0) {
        const struct deployment *newest = &group->deployments[group->n_deployments - 1];
        double green = newest->green_pct;
        return newest->green_side == side ? green : 100 - green;
    }
    return side == group->live_side ? on_live : 0;
}

/* d-XXXXXXXXX: nine capitals and digits, as in AWS's examples. */
static void make_id(struct deploy_store *store, char out[16])
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t value = ++store->ids * UINT64_C(0x9e3779b97f4a7c15);

    value ^= value >> 29;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 32;
    memcpy(out, "d-", 2);
    for (int i = 0; i < 9; i++) {
        out[2 + i] = set[value % 36];
        value /= 36;
    }
    out[11] = '\0';
}

/* A full list forgets its oldest. */
static struct deployment *append(struct deploy_store *store, struct deploy_group *group,
                                 int64_t now_ms)
{
    const struct deployment *last = deploy_newest(group);
    struct deployment fresh = {.create_ms = now_ms, .status = DEPLOY_CREATED};

    fresh.green_side = group->live_side == 0 ? 1 : 0;
    if (last != NULL)
        memcpy(fresh.previous_sha256, last->sha256, sizeof fresh.previous_sha256);
    make_id(store, fresh.id);
    if (group->n_deployments == DEPLOY_MAX) {
        memmove(group->deployments, group->deployments + 1,
                (DEPLOY_MAX - 1) * sizeof group->deployments[0]);
        group->n_deployments--;
    }
    group->deployments[group->n_deployments++] = fresh;
    return deploy_newest(group);
}

enum deploy_result deploy_create(struct deploy_store *store, struct deploy_group *group,
                                 const char *config, const char *sha256, const char *description,
                                 int64_t now_ms, struct deployment **out)
{
    size_t index = 0;

    if (deploy_running(group) != NULL)
        return DEPLOY_BUSY;
    for (; index < store->n_configs; index++)
        if (strcmp(store->configs[index].name, config) == 0)
            break;
    if (index == store->n_configs)
        return DEPLOY_NOT_FOUND;

    struct deployment *deployment = append(store, group, now_ms);
    deployment->config = index;
    snprintf(deployment->creator, sizeof deployment->creator, "user");
    snprintf(deployment->sha256, sizeof deployment->sha256, "%s", sha256);
    snprintf(deployment->description, sizeof deployment->description, "%s", description);
    if (out != NULL)
        *out = deployment;
    return DEPLOY_OK;
}

/* Traffic goes back to the original task set as a new deployment. */
static void roll_back(struct deploy_store *store, struct deploy_group *group,
                      const char *stopped_id, int64_t now_ms)
{
    struct deployment *back = append(store, group, now_ms);
    struct deployment *stopped = deploy_find(store, stopped_id, NULL);

    if (back == NULL || stopped == NULL)
        return; /* cannot be: the newest of a group is kept */
    back->green_side = stopped->green_side == 0 ? 1 : 0;
    back->green_pct = 100 - stopped->green_pct;
    back->status = DEPLOY_IN_PROGRESS;
    back->step = DEPLOY_STEP_TRAFFIC;
    back->start_ms = now_ms;
    back->install_end_ms = now_ms;
    back->traffic_start_ms = now_ms;
    snprintf(back->creator, sizeof back->creator, "codeDeployRollback");
    snprintf(back->triggered_by, sizeof back->triggered_by, "%s", stopped_id);
    memcpy(back->sha256, stopped->previous_sha256, sizeof back->sha256);
    memcpy(back->previous_sha256, stopped->sha256, sizeof back->previous_sha256);
    memcpy(stopped->rollback_id, back->id, sizeof stopped->rollback_id);
}

enum deploy_result deploy_stop(struct deploy_store *store, const char *id, bool with_rollback,
                               int64_t now_ms)
{
    struct deploy_group *group = NULL;
    struct deployment *deployment = deploy_find(store, id, &group);

    if (deployment == NULL)
        return DEPLOY_NOT_FOUND;
    if (is_over(deployment))
        return DEPLOY_ALREADY_COMPLETED;

    deployment->status = DEPLOY_STOPPED;
    deployment->end_ms = now_ms;
    snprintf(deployment->error_code, sizeof deployment->error_code, "MANUAL_STOP");
    snprintf(deployment->error_message, sizeof deployment->error_message,
             "The deployment was stopped by the user.");
    if (with_rollback || group->rollback_on_stop)
        roll_back(store, group, id, now_ms);
    return DEPLOY_OK;
}

enum deploy_result deploy_continue(struct deploy_store *store, const char *id,
                                   bool is_termination, int64_t now_ms)
{
    struct deploy_group *group = NULL;
    struct deployment *deployment = deploy_find(store, id, &group);

    if (deployment == NULL)
        return DEPLOY_NOT_FOUND;
    if (is_over(deployment))
        return DEPLOY_ALREADY_COMPLETED;
    if (is_termination) {
        if (deployment->step != DEPLOY_STEP_TERMINATION_WAIT)
            return DEPLOY_NOT_READY;
        deployment->step = DEPLOY_STEP_DONE;
        deployment->status = DEPLOY_SUCCEEDED;
        deployment->end_ms = now_ms;
        group->live_side = deployment->green_side;
        return DEPLOY_OK;
    }
    if (deployment->status != DEPLOY_READY)
        return DEPLOY_NOT_READY;
    deployment->status = DEPLOY_IN_PROGRESS;
    deployment->step = DEPLOY_STEP_TRAFFIC;
    deployment->traffic_start_ms = now_ms;
    return DEPLOY_OK;
}

/* Green's share `passed` ms after AllowTraffic began. */
static double shifted(const struct deploy_config *config, int64_t passed)
{
    int64_t interval = config->interval_min * MINUTE_MS;

    switch (config->routing) {
    case DEPLOY_ALL_AT_ONCE:
        return 100;
    case DEPLOY_CANARY:
        return passed < interval ? config->percent : 100;
    case DEPLOY_LINEAR: {
        double percent = config->percent * (double)(passed / interval + 1);
        return percent < 100 ? percent : 100;
    }
    }
    return 0;
}

/* When the last part of the traffic moves, in ms after AllowTraffic began. */
static int64_t shift_ms(const struct deploy_config *config)
{
    int64_t interval = config->interval_min * MINUTE_MS;

    switch (config->routing) {
    case DEPLOY_ALL_AT_ONCE:
        return 0;
    case DEPLOY_CANARY:
        return interval;
    case DEPLOY_LINEAR: {
        int steps = (int)((100 + config->percent - 0.001) / config->percent);
        return interval * (steps - 1);
    }
    }
    return 0;
}

static void run_traffic(struct deploy_store *store, struct deployment *deployment, int64_t now_ms)
{
    bool is_rollback = deployment->triggered_by[0] != '\0';
    const struct deploy_config *config = &store->configs[deployment->config];
    int64_t passed = now_ms - deployment->traffic_start_ms;
    int64_t whole = is_rollback ? REROUTE_MS : shift_ms(config);

    if (!is_rollback)
        deployment->green_pct = shifted(config, passed);
    if (passed >= whole)
        deployment->green_pct = 100;
    if (passed >= whole + AFTER_TRAFFIC_MS) {
        deployment->traffic_end_ms = deployment->traffic_start_ms + whole + AFTER_TRAFFIC_MS;
        deployment->step = DEPLOY_STEP_TERMINATION_WAIT;
    }
}

/* One transition at a time; true when it moved. */
static bool step(struct deploy_store *store, struct deploy_group *group,
                 struct deployment *deployment, int64_t now_ms)
{
    enum deploy_step before = deployment->step;
    bool is_rollback = deployment->triggered_by[0] != '\0';
    int64_t termination_ms = is_rollback ? 0 : group->termination_wait_min * MINUTE_MS;

    switch (deployment->step) {
    case DEPLOY_STEP_WAITING:
        deployment->start_ms = deployment->create_ms;
        deployment->status = DEPLOY_IN_PROGRESS;
        deployment->step = DEPLOY_STEP_INSTALL;
        break;
    case DEPLOY_STEP_INSTALL:
        if (now_ms < deployment->start_ms + INSTALL_MS)
            break;
        deployment->install_end_ms = deployment->start_ms + INSTALL_MS;
        deployment->traffic_start_ms = group->waits_ready ? 0 : deployment->install_end_ms;
        deployment->status = group->waits_ready ? DEPLOY_READY : DEPLOY_IN_PROGRESS;
        deployment->step = group->waits_ready ? DEPLOY_STEP_READY_WAIT : DEPLOY_STEP_TRAFFIC;
        break;
    case DEPLOY_STEP_READY_WAIT:
        if (now_ms < deployment->install_end_ms + group->ready_wait_min * MINUTE_MS)
            break;
        deployment->status = DEPLOY_STOPPED;
        deployment->step = DEPLOY_STEP_DONE;
        deployment->end_ms = deployment->install_end_ms + group->ready_wait_min * MINUTE_MS;
        snprintf(deployment->error_code, sizeof deployment->error_code, "TIMEOUT");
        break;
    case DEPLOY_STEP_TRAFFIC:
        run_traffic(store, deployment, now_ms);
        break;
    case DEPLOY_STEP_TERMINATION_WAIT:
        if (now_ms < deployment->traffic_end_ms + termination_ms)
            break;
        deployment->end_ms = deployment->traffic_end_ms + termination_ms;
        deployment->status = DEPLOY_SUCCEEDED;
        deployment->step = DEPLOY_STEP_DONE;
        group->live_side = deployment->green_side;
        break;
    case DEPLOY_STEP_DONE:
        break;
    }
    return deployment->step != before;
}

void deploy_advance(struct deploy_store *store, int64_t now_ms)
{
    for (size_t g = 0; g < store->n_groups; g++) {
        struct deploy_group *group = &store->groups[g];
        struct deployment *running = deploy_running(group);
        while (running != NULL && !is_over(running) && step(store, group, running, now_ms))
            ;
    }
}
