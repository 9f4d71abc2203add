/*
 * How CodeDeploy tells deployments on ECS: see codedeploy.h.
 *
 * Sources: CodeDeploy service model (botocore 1.43.67: DeploymentInfo, DeploymentGroupInfo,
 * ECSTarget, ECSTaskSet with its misspelt "identifer", TrafficRoutingConfig); CodeDeploy user
 * guide, "What happens during an Amazon ECS deployment" (the events and their order), read 2026.
 * UNCONFIRMED, and so chosen here: which side is called green in a deployment by
 * codeDeployRollback (the one that traffic returns to), and what a stopped deployment's target
 * shows while its rollback moves the traffic (the weights as they are).
 */
#include "codedeploy.h"

#include <stdlib.h>
#include <string.h>

/* At first no task set is told. */
#define FIRST_MS ((int64_t)20 * 1000)

enum { TASKS = 4 };

static void put_time(json_t *object, const char *key, int64_t ms)
{
    if (ms != 0)
        json_object_set_new(object, key, aws_time(ms));
}

static bool is_rollback(const struct deployment *deployment)
{
    return deployment->triggered_by[0] != '\0';
}

static json_t *revision_json(const char *sha256)
{
    return json_pack("{s:s, s:{s:s}}", "revisionType", "AppSpecContent", "appSpecContent", "sha256",
                     sha256);
}

/* ---- what deployment and group have in common -------------------------------------------- */

static json_t *style_json(void)
{
    return json_pack("{s:s, s:s}", "deploymentType", "BLUE_GREEN", "deploymentOption",
                     "WITH_TRAFFIC_CONTROL");
}

static json_t *rollback_rules_json(const struct deploy_group *group)
{
    json_t *events = json_pack("[s, s]", "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM");

    if (group->rollback_on_stop)
        json_array_append_new(events, json_string("DEPLOYMENT_STOP_ON_REQUEST"));
    return json_pack("{s:b, s:o}", "enabled", 1, "events", events);
}

static json_t *blue_green_json(const struct deploy_group *group)
{
    return json_pack("{s:{s:s, s:i}, s:{s:s, s:i}}", "terminateBlueInstancesOnDeploymentSuccess",
                     "action", "TERMINATE", "terminationWaitTimeInMinutes",
                     group->termination_wait_min, "deploymentReadyOption", "actionOnTimeout",
                     group->waits_ready ? "STOP_DEPLOYMENT" : "CONTINUE_DEPLOYMENT",
                     "waitTimeInMinutes", group->waits_ready ? group->ready_wait_min : 0);
}

/* "targetgroup/api-1/6d0ecf831eec9f09" to "api-1"; the caller frees. */
static char *target_group_name(const struct world *world, const struct deploy_group *group,
                               int side)
{
    const char *tail = world->services[group - world->deploy.groups].target_group[side];
    const char *slash = strchr(tail, '/');
    const char *name = slash == NULL ? tail : slash + 1;

    return sim_xstrndup(name, strcspn(name, "/"));
}

static json_t *load_balancer_json(const struct world *world, const struct deploy_group *group)
{
    const struct world_service *service = &world->services[group - world->deploy.groups];
    char *one = target_group_name(world, group, 0);
    char *two = target_group_name(world, group, 1);
    char *listener = sim_printf("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/%s/"
                                "5f0c2a91b7d3e468",
                                service->load_balancer);
    json_t *info = json_pack("{s:[{s:[{s:s}, {s:s}], s:{s:[s]}}]}", "targetGroupPairInfoList",
                             "targetGroups", "name", one, "name", two, "prodTrafficRoute",
                             "listenerArns", listener);

    free(one);
    free(two);
    free(listener);
    return info;
}

/* ---- a deployment ----------------------------------------------------------------------- */

static json_t *overview_json(const struct deployment *deployment)
{
    static const char *const words[] = {"Pending", "InProgress", "Succeeded",
                                        "Failed",  "Skipped",    "Ready"};
    const char *status = codedeploy_target_status(deployment);
    json_t *overview = json_object();

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        json_object_set_new(overview, words[i], json_integer(strcmp(words[i], status) == 0));
    return overview;
}

static void put_rollback(json_t *info, const struct deployment *deployment)
{
    json_t *rollback = json_object();

    if (deployment->rollback_id[0] != '\0') {
        json_object_set_new(rollback, "rollbackDeploymentId", json_string(deployment->rollback_id));
        json_object_set_new(rollback, "rollbackMessage",
                            json_string("The deployment was stopped and is being rolled back."));
    }
    if (is_rollback(deployment))
        json_object_set_new(rollback, "rollbackTriggeringDeploymentId",
                            json_string(deployment->triggered_by));
    if (json_object_size(rollback) > 0)
        json_object_set(info, "rollbackInfo", rollback);
    json_decref(rollback);
}

json_t *codedeploy_deployment_json(const struct world *world, const struct deploy_group *group,
                                   const struct deployment *deployment)
{
    json_t *info = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:[]}", "applicationName",
        group->application, "deploymentGroupName", group->group, "deploymentConfigName",
        world->deploy.configs[deployment->config].name, "deploymentId", deployment->id,
        "computePlatform", "ECS", "status", deploy_status_text(deployment->status), "creator",
        deployment->creator, "ignoreApplicationStopFailures", 0, "updateOutdatedInstancesOnly", 0,
        "instanceTerminationWaitTimeStarted",
        deployment->step == DEPLOY_STEP_TERMINATION_WAIT, "fileExistsBehavior", "DISALLOW",
        "deploymentStatusMessages");

    put_time(info, "createTime", deployment->create_ms);
    put_time(info, "startTime", deployment->start_ms);
    put_time(info, "completeTime", deployment->end_ms);
    json_object_set_new(info, "revision", revision_json(deployment->sha256));
    if (deployment->previous_sha256[0] != '\0')
        json_object_set_new(info, "previousRevision", revision_json(deployment->previous_sha256));
    if (deployment->description[0] != '\0')
        json_object_set_new(info, "description", json_string(deployment->description));
    if (deployment->error_code[0] != '\0')
        json_object_set_new(info, "errorInformation",
                            json_pack("{s:s, s:s}", "code", deployment->error_code, "message",
                                      deployment->error_message));
    if (deployment->status != DEPLOY_CREATED)
        json_object_set_new(info, "deploymentOverview", overview_json(deployment));
    put_rollback(info, deployment);
    json_object_set_new(info, "deploymentStyle", style_json());
    json_object_set_new(info, "autoRollbackConfiguration", rollback_rules_json(group));
    json_object_set_new(info, "blueGreenDeploymentConfiguration", blue_green_json(group));
    json_object_set_new(info, "loadBalancerInfo", load_balancer_json(world, group));
    return info;
}

/* ---- a group ---------------------------------------------------------------------------- */

static void put_last(json_t *info, const char *key, const struct deployment *deployment)
{
    if (deployment == NULL)
        return;
    json_t *last = json_pack("{s:s, s:s}", "deploymentId", deployment->id, "status",
                             deploy_status_text(deployment->status));
    put_time(last, "createTime", deployment->create_ms);
    put_time(last, "endTime", deployment->end_ms);
    json_object_set_new(info, key, last);
}

json_t *codedeploy_group_json(const struct world *world, const struct deploy_group *group)
{
    const struct world_service *service = &world->services[group - world->deploy.groups];
    const struct deployment *newest =
        group->n_deployments == 0 ? NULL : &group->deployments[group->n_deployments - 1];
    const struct deployment *good = NULL;
    size_t config = 0;

    for (size_t i = 0; i < group->n_deployments; i++) {
        const struct deployment *deployment = &group->deployments[i];
        if (deployment->status == DEPLOY_SUCCEEDED)
            good = deployment;
        if (!is_rollback(deployment))
            config = deployment->config;
    }
    json_t *info = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}], s:{s:b, s:b, s:[{s:s}]}, s:b}",
        "applicationName", group->application, "deploymentGroupId",
        "4f1c7b2a-9d36-4e58-b0a1-6c2d8e9f3b75", "deploymentGroupName", group->group,
        "deploymentConfigName", world->deploy.configs[config].name, "computePlatform", "ECS",
        "serviceRoleArn", "arn:aws:iam::123456789012:role/codedeploy-ecs", "ecsServices",
        "serviceName", group->service, "clusterName", group->cluster, "alarmConfiguration",
        "enabled", 1, "ignorePollAlarmFailure", 0, "alarms", "name", service->alarm,
        "terminationHookEnabled", 0);
    json_object_set_new(info, "deploymentStyle", style_json());
    json_object_set_new(info, "autoRollbackConfiguration", rollback_rules_json(group));
    json_object_set_new(info, "blueGreenDeploymentConfiguration", blue_green_json(group));
    json_object_set_new(info, "loadBalancerInfo", load_balancer_json(world, group));
    if (good != NULL)
        json_object_set_new(info, "targetRevision", revision_json(good->sha256));
    put_last(info, "lastSuccessfulDeployment", good);
    put_last(info, "lastAttemptedDeployment", newest);
    return info;
}

/* ---- a target --------------------------------------------------------------------------- */

char *codedeploy_target_id(const struct deploy_group *group)
{
    return sim_printf("%s:%s", group->cluster, group->service);
}

const char *codedeploy_target_status(const struct deployment *deployment)
{
    switch (deployment->status) {
    case DEPLOY_CREATED:
    case DEPLOY_QUEUED:
        return "Pending";
    case DEPLOY_IN_PROGRESS:
    case DEPLOY_BAKING:
        return "InProgress";
    case DEPLOY_READY:
        return "Ready";
    case DEPLOY_SUCCEEDED:
        return "Succeeded";
    case DEPLOY_FAILED:
        return "Failed";
    case DEPLOY_STOPPED:
        return "Failed"; /* a target has no "Stopped" */
    }
    return "Unknown";
}

struct event {
    const char *name;
    int64_t start_ms; /* 0 = not begun */
    int64_t end_ms;   /* 0 = not ended */
};

static json_t *event_json(const struct event *event, const struct deployment *deployment)
{
    bool is_over = deployment->end_ms != 0;
    const char *status = "Pending";

    if (event->end_ms != 0)
        status = "Succeeded";
    else if (event->start_ms != 0)
        status = is_over ? "Failed" : "InProgress";
    else if (is_over)
        status = "Skipped";
    json_t *object = json_pack("{s:s, s:s}", "lifecycleEventName", event->name, "status", status);
    put_time(object, "startTime", event->start_ms);
    put_time(object, "endTime", event->end_ms);
    return object;
}

static json_t *events_json(const struct deployment *d)
{
    /* The shift is over when the last of the traffic has moved; the hooks after it follow. */
    bool is_shifted = d->traffic_end_ms != 0;
    int64_t ready = d->traffic_start_ms;
    const struct event events[] = {
        {"BeforeInstall", d->start_ms, d->start_ms},
        {"Install", d->start_ms, d->install_end_ms},
        {"AfterInstall", d->install_end_ms, d->install_end_ms},
        {"AllowTestTraffic", d->install_end_ms, d->install_end_ms},
        {"AfterAllowTestTraffic", d->install_end_ms, d->install_end_ms},
        {"BeforeAllowTraffic", ready, ready},
        {"AllowTraffic", ready, d->traffic_end_ms},
        {"AfterAllowTraffic", is_shifted ? d->traffic_end_ms : 0, d->traffic_end_ms},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        json_array_append_new(list, event_json(&events[i], d));
    return list;
}

/* Green's share, also of a deployment that was stopped and is being undone. */
static double green_weight(const struct deploy_group *group, const struct deployment *deployment)
{
    for (size_t i = 0; i < group->n_deployments; i++)
        if (deployment->rollback_id[0] != '\0' &&
            strcmp(group->deployments[i].id, deployment->rollback_id) == 0)
            return 100 - group->deployments[i].green_pct;
    return deployment->green_pct;
}

static json_t *task_set_json(const struct world *world, const struct deploy_group *group,
                             const struct deployment *deployment, bool is_green)
{
    int side = is_green ? deployment->green_side : 1 - deployment->green_side;
    double green = green_weight(group, deployment);
    double weight = is_green ? green : 100 - green;
    bool is_primary = is_green == (green >= 100);
    bool is_gone = deployment->status == DEPLOY_SUCCEEDED && weight <= 0;
    bool is_starting = is_green && deployment->install_end_ms == 0;
    char *name = target_group_name(world, group, side);
    /* One task set per side and deployment. */
    char *id = sim_printf("ecs-svc/%.9s%d", deployment->id + 2, side + 1);
    json_t *set = json_pack(
        "{s:s, s:s, s:s, s:f, s:i, s:i, s:i, s:{s:s}}", "identifer", id, "taskSetLabel",
        is_green ? "Green" : "Blue", "status",
        is_gone      ? "DRAINING"
        : is_primary ? "PRIMARY"
                     : "ACTIVE",
        "trafficWeight", weight, "desiredCount", is_gone ? 0 : TASKS, "pendingCount",
        is_starting ? TASKS : 0, "runningCount", is_gone || is_starting ? 0 : TASKS, "targetGroup",
        "name", name);

    free(name);
    free(id);
    return set;
}

json_t *codedeploy_target_json(const struct world *world, const struct deploy_group *group,
                               const struct deployment *deployment)
{
    char *id = codedeploy_target_id(group);
    char *arn = sim_printf("arn:aws:ecs:eu-west-1:123456789012:service/%s/%s", group->cluster,
                           group->service);
    int64_t updated = deployment->end_ms != 0 ? deployment->end_ms : world->now_ms;
    json_t *sets = json_array();

    if (world->now_ms - deployment->start_ms >= FIRST_MS || deployment->install_end_ms != 0) {
        json_array_append_new(sets, task_set_json(world, group, deployment, false));
        json_array_append_new(sets, task_set_json(world, group, deployment, true));
    }
    json_t *target = json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:s, s:o, s:o, s:o}}", "deploymentTargetType", "ECSTarget",
        "ecsTarget", "deploymentId", deployment->id, "targetId", id, "targetArn", arn, "status",
        codedeploy_target_status(deployment), "lastUpdatedAt", aws_time(updated),
        "lifecycleEvents", events_json(deployment), "taskSetsInfo", sets);
    free(id);
    free(arn);
    return target;
}

/* ---- a configuration -------------------------------------------------------------------- */

json_t *codedeploy_config_json(const struct deploy_config *config)
{
    json_t *routing = NULL;

    switch (config->routing) {
    case DEPLOY_ALL_AT_ONCE:
        routing = json_pack("{s:s}", "type", "AllAtOnce");
        break;
    case DEPLOY_CANARY:
        routing = json_pack("{s:s, s:{s:i, s:i}}", "type", "TimeBasedCanary", "timeBasedCanary",
                            "canaryPercentage", (int)config->percent, "canaryInterval",
                            config->interval_min);
        break;
    case DEPLOY_LINEAR:
        routing = json_pack("{s:s, s:{s:i, s:i}}", "type", "TimeBasedLinear", "timeBasedLinear",
                            "linearPercentage", (int)config->percent, "linearInterval",
                            config->interval_min);
        break;
    }
    /* Created when the predefined ones were. */
    return json_pack("{s:s, s:s, s:s, s:f, s:o}", "deploymentConfigId",
                     "00000000-0000-0000-0000-000000000000", "deploymentConfigName", config->name,
                     "computePlatform", "ECS", "createTime", 1542927651.0, "trafficRoutingConfig",
                     routing);
}
