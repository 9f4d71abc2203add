/*
 * CodeDeploy blue/green on ECS: deployments, traffic weights, stop, continue, roll back.
 * Rules from the AWS CodeDeploy API reference and user guide ("What happens during an Amazon ECS
 * deployment", "Stop a deployment", "Stopped and failed deployments"), read 2026. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEPLOY_GROUPS_MAX = 4, DEPLOY_MAX = 24 };

enum deploy_status { DEPLOY_CREATED, DEPLOY_QUEUED, DEPLOY_IN_PROGRESS, DEPLOY_BAKING,
                     DEPLOY_SUCCEEDED, DEPLOY_FAILED, DEPLOY_STOPPED, DEPLOY_READY };

/* Where an ECS deployment is; the order is that of its life. */
enum deploy_step { DEPLOY_STEP_WAITING, DEPLOY_STEP_INSTALL, DEPLOY_STEP_READY_WAIT,
                   DEPLOY_STEP_TRAFFIC, DEPLOY_STEP_TERMINATION_WAIT, DEPLOY_STEP_DONE };

enum deploy_routing { DEPLOY_ALL_AT_ONCE, DEPLOY_CANARY, DEPLOY_LINEAR };

struct deploy_config {
    char name[64];
    enum deploy_routing routing;
    double percent; /* canary share, or linear step */
    int interval_min;
};

struct deployment {
    char id[16];           /* "d-A1B2C3D4E" */
    char creator[24];      /* "user", "codeDeployRollback" */
    char description[96];
    size_t config;         /* index into the store's configs */
    enum deploy_status status;
    enum deploy_step step;
    int64_t create_ms;
    int64_t start_ms;      /* 0 = not started */
    int64_t install_end_ms;
    int64_t traffic_start_ms; /* AllowTraffic began; 0 = not yet */
    int64_t traffic_end_ms;
    int64_t end_ms;        /* completeTime; 0 = running */
    double green_pct;      /* trafficWeight of the green task set */
    int green_side;        /* which of the two target groups is green here: 0 or 1 */
    char sha256[65];       /* of the AppSpec content */
    char previous_sha256[65];
    char task_definition[96];
    char commit[41];       /* git commit it was built from, "" = not told */
    char rollback_id[16];  /* rollbackInfo.rollbackDeploymentId */
    char triggered_by[16]; /* rollbackInfo.rollbackTriggeringDeploymentId */
    char error_code[32];   /* errorInformation.code, "" = none */
    char error_message[96];
};

/* A deployment group: one ECS service behind one load balancer. */
struct deploy_group {
    char application[48];
    char group[48];
    char cluster[32];
    char service[32];
    int live_side;           /* target group in production when nothing runs: 0 or 1 */
    bool rollback_on_stop;   /* autoRollbackConfiguration has DEPLOYMENT_STOP_ON_REQUEST */
    bool waits_ready;        /* deploymentReadyOption.actionOnTimeout = STOP_DEPLOYMENT */
    int ready_wait_min;
    int termination_wait_min;
    struct deployment deployments[DEPLOY_MAX]; /* oldest first */
    size_t n_deployments;
};

struct deploy_store {
    struct deploy_group groups[DEPLOY_GROUPS_MAX]; /* same index as world->services */
    size_t n_groups;
    struct deploy_config configs[8];
    size_t n_configs;
    uint64_t ids; /* counter behind new deployment ids */
};

enum deploy_result { DEPLOY_OK, DEPLOY_NOT_FOUND, DEPLOY_ALREADY_COMPLETED, DEPLOY_NOT_READY,
                     DEPLOY_NOT_STARTED, DEPLOY_BUSY, DEPLOY_BAD_WAIT_TYPE };

struct deploy_group *deploy_group_find(struct deploy_store *store, const char *application,
                                       const char *group);
struct deployment *deploy_find(struct deploy_store *store, const char *id,
                               struct deploy_group **group);
struct deployment *deploy_newest(struct deploy_group *group);
/* The newest deployment that is not over, or NULL. */
struct deployment *deploy_running(struct deploy_group *group);
const char *deploy_status_text(enum deploy_status status); /* "InProgress" */
/* Share of the traffic on target group `side` (0 or 1) now; 0..100, both sum to 100. */
double deploy_weight(const struct deploy_group *group, int side);

/* StopDeployment. With rollback a new deployment by codeDeployRollback appears. */
enum deploy_result deploy_stop(struct deploy_store *store, const char *id, bool with_rollback,
                               int64_t now_ms);
/* ContinueDeployment. `is_termination` false: READY_WAIT; true: TERMINATION_WAIT. */
enum deploy_result deploy_continue(struct deploy_store *store, const char *id,
                                   bool is_termination, int64_t now_ms);
/* CreateDeployment: DEPLOY_BUSY when one is running. */
enum deploy_result deploy_create(struct deploy_store *store, struct deploy_group *group,
                                 const char *config, const char *sha256, const char *description,
                                 int64_t now_ms, struct deployment **out);
void deploy_advance(struct deploy_store *store, int64_t now_ms);
