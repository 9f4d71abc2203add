/*
 * CodeDeploy over AWS JSON 1.1: see codedeploy.h for the parts.
 *
 * Sources: CodeDeploy service model (botocore 1.43.67) and API reference: ListDeployments,
 * GetDeployment, BatchGetDeployments (25), ListDeploymentTargets, BatchGetDeploymentTargets,
 * StopDeployment, ContinueDeployment (empty HTTP body), read 2026. Names of errors are the model's;
 * their texts, the size of a page and the order of ListDeployments are UNCONFIRMED. The newest is
 * not promised to come first, so here it does not.
 */
#include "codedeploy.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 25, PAGE = 10, LISTED_MAX = DEPLOY_GROUPS_MAX * DEPLOY_MAX };

static const struct aws_dialect dialect = {
    .signing_name = "codedeploy",
    .content_type = "application/x-amz-json-1.1",
    .target_prefix = "CodeDeploy_20141006.",
    .error_prefix = "com.amazonaws.codedeploy#",
};

/* ---- reading requests ------------------------------------------------------------------- */

static const char *text_of(const struct aws_call *call, const char *key)
{
    return json_string_value(json_object_get(call->input, key));
}

/* d- and nine capitals and digits. */
static bool is_deployment_id(const char *text)
{
    return strncmp(text, "d-", 2) == 0 && strlen(text) == 11 &&
           strspn(text + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == 9;
}

static struct deployment *find_deployment(struct aws_call *call, const char *id,
                                          struct deploy_group **group)
{
    struct deployment *found = NULL;

    if (id == NULL || id[0] == '\0')
        aws_fail(call, 400, "DeploymentIdRequiredException", NULL,
                 "At least one deployment ID must be specified.");
    else if (!is_deployment_id(id))
        aws_fail(call, 400, "InvalidDeploymentIdException", NULL,
                 "Specified DeploymentId is not in the valid format: %.40s", id);
    else {
        found = deploy_find(&call->sim->world->deploy, id, group);
        if (found == NULL)
            aws_fail(call, 400, "DeploymentDoesNotExistException", NULL,
                     "The deployment %.40s could not be found", id);
    }
    return found;
}

/* The deployment of input.deploymentId, once it has begun: before that it has no targets. */
static struct deployment *find_started(struct aws_call *call, struct deploy_group **group)
{
    struct deployment *found = find_deployment(call, text_of(call, "deploymentId"), group);

    if (found == NULL || found->step != DEPLOY_STEP_WAITING)
        return found;
    aws_fail(call, 400, "DeploymentNotStartedException", NULL,
             "The specified deployment has not started.");
    return NULL;
}

static bool application_exists(const struct deploy_store *store, const char *name)
{
    for (size_t i = 0; i < store->n_groups; i++)
        if (strcmp(store->groups[i].application, name) == 0)
            return true;
    return false;
}

/* The group that a request names by application and group; NULL = refused. */
static struct deploy_group *find_group(struct aws_call *call, const char *application,
                                       const char *name)
{
    struct deploy_store *store = &call->sim->world->deploy;
    struct deploy_group *group = NULL;

    if (application == NULL || application[0] == '\0')
        aws_fail(call, 400, "ApplicationNameRequiredException", NULL,
                 "The application name was not specified.");
    else if (name == NULL || name[0] == '\0')
        aws_fail(call, 400, "DeploymentGroupNameRequiredException", NULL,
                 "The deployment group name was not specified.");
    else if (!application_exists(store, application))
        aws_fail(call, 400, "ApplicationDoesNotExistException", NULL,
                 "Applications not found for %.100s", application);
    else {
        group = deploy_group_find(store, application, name);
        if (group == NULL)
            aws_fail(call, 400, "DeploymentGroupDoesNotExistException", NULL,
                     "No Deployment Group found for name: %.100s", name);
    }
    return group;
}

/* ---- reads ------------------------------------------------------------------------------ */

static void get_deployment(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", NULL};
    struct deploy_group *group = NULL;

    if (aws_refuse_unknown(call, call->input, known))
        return;
    const struct deployment *deployment =
        find_deployment(call, text_of(call, "deploymentId"), &group);
    if (deployment != NULL)
        aws_reply(call, json_pack("{s:o}", "deploymentInfo",
                                  codedeploy_deployment_json(call->sim->world, group, deployment)));
}

static void batch_get_deployments(struct aws_call *call)
{
    static const char *const known[] = {"deploymentIds", NULL};
    json_t *ids = json_object_get(call->input, "deploymentIds");
    json_t *infos = json_array();
    bool ok = !aws_refuse_unknown(call, call->input, known);

    if (ok && json_array_size(ids) > BATCH_MAX) {
        aws_fail(call, 400, "BatchLimitExceededException", NULL,
                 "The maximum number of names or IDs allowed for this request was exceeded.");
        ok = false;
    } else if (ok && json_array_size(ids) == 0) {
        find_deployment(call, NULL, NULL);
        ok = false;
    }
    for (size_t i = 0; ok && i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        struct deploy_group *group = NULL;
        if (id == NULL || !is_deployment_id(id)) {
            aws_fail(call, 400, "InvalidDeploymentIdException", NULL,
                     "At least one of the deployment IDs was specified in an invalid format.");
            ok = false;
            break;
        }
        /* The model gives it no DeploymentDoesNotExistException: one unknown is left out. */
        const struct deployment *found = deploy_find(&call->sim->world->deploy, id, &group);
        if (found != NULL)
            json_array_append_new(infos,
                                  codedeploy_deployment_json(call->sim->world, group, found));
    }
    if (ok)
        aws_reply(call, json_pack("{s:O}", "deploymentsInfo", infos));
    json_decref(infos);
}

struct list_filter {
    const struct deploy_group *group; /* NULL = all */
    json_t *statuses;
    int64_t from_ms;
    int64_t to_ms;
};

static bool read_time_range(struct aws_call *call, struct list_filter *out)
{
    static const char *const known[] = {"start", "end", NULL};
    json_t *range = json_object_get(call->input, "createTimeRange");
    json_t *start = json_object_get(range, "start");
    json_t *end = json_object_get(range, "end");

    out->from_ms = 0;
    out->to_ms = INT64_MAX;
    if (range == NULL)
        return true;
    if (json_is_object(range) && aws_refuse_unknown(call, range, known))
        return false;
    bool ok = json_is_object(range) && (start == NULL || json_is_number(start)) &&
              (end == NULL || json_is_number(end));
    if (ok && start != NULL)
        out->from_ms = (int64_t)(json_number_value(start) * 1000);
    if (ok && end != NULL)
        out->to_ms = (int64_t)(json_number_value(end) * 1000);
    if (ok && out->from_ms <= out->to_ms)
        return true;
    aws_fail(call, 400, "InvalidTimeRangeException", NULL,
             "The specified time range was specified in an invalid format.");
    return false;
}

static bool read_statuses(struct aws_call *call, struct list_filter *out)
{
    out->statuses = json_object_get(call->input, "includeOnlyStatuses");
    bool ok = out->statuses == NULL || json_is_array(out->statuses);
    for (size_t i = 0; ok && i < json_array_size(out->statuses); i++) {
        const char *word = json_string_value(json_array_get(out->statuses, i));
        ok = false;
        for (int s = DEPLOY_CREATED; word != NULL && s <= DEPLOY_READY; s++)
            ok = ok || strcmp(deploy_status_text((enum deploy_status)s), word) == 0;
    }
    if (!ok)
        aws_fail(call, 400, "InvalidDeploymentStatusException", NULL,
                 "The specified deployment status doesn't exist or cannot be determined.");
    return ok;
}

/* "If applicationName is specified, then deploymentGroupName must be specified", and the other way
 * round. */
static bool read_list_filter(struct aws_call *call, struct list_filter *out)
{
    const char *application = text_of(call, "applicationName");
    const char *name = text_of(call, "deploymentGroupName");

    *out = (struct list_filter){.group = NULL};
    if (application != NULL || name != NULL) {
        out->group = find_group(call, application, name);
        if (out->group == NULL)
            return false;
    }
    return read_statuses(call, out) && read_time_range(call, out);
}

static bool passes(const struct list_filter *filter, const struct deployment *deployment)
{
    bool is_wanted = json_array_size(filter->statuses) == 0;

    for (size_t i = 0; i < json_array_size(filter->statuses); i++)
        is_wanted = is_wanted ||
                    strcmp(json_string_value(json_array_get(filter->statuses, i)),
                           deploy_status_text(deployment->status)) == 0;
    return is_wanted && deployment->create_ms >= filter->from_ms &&
           deployment->create_ms <= filter->to_ms;
}

static int by_id(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

/* A token is the last id given. */
static bool read_token(struct aws_call *call, const char *const *ids, size_t n, size_t *first)
{
    json_t *token = json_object_get(call->input, "nextToken");
    const char *text = json_string_value(token);

    *first = 0;
    if (token == NULL || json_is_null(token))
        return true;
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(ids[i], text) == 0) {
            *first = i + 1;
            return true;
        }
    aws_fail(call, 400, "InvalidNextTokenException", NULL,
             "The next token was specified in an invalid format.");
    return false;
}

static void list_deployments(struct aws_call *call)
{
    static const char *const known[] = {"applicationName", "deploymentGroupName",
                                        "includeOnlyStatuses", "createTimeRange", "nextToken",
                                        NULL};
    const struct deploy_store *store = &call->sim->world->deploy;
    const char *ids[LISTED_MAX];
    struct list_filter filter;
    size_t n = 0;
    size_t first = 0;

    if (aws_refuse_unknown(call, call->input, known) || !read_list_filter(call, &filter))
        return;
    for (size_t g = 0; g < store->n_groups; g++)
        for (size_t i = 0; i < store->groups[g].n_deployments; i++)
            if ((filter.group == NULL || filter.group == &store->groups[g]) &&
                passes(&filter, &store->groups[g].deployments[i]))
                ids[n++] = store->groups[g].deployments[i].id;
    qsort(ids, n, sizeof ids[0], by_id);
    if (!read_token(call, ids, n, &first))
        return;
    json_t *list = json_array();
    size_t i = first;
    for (; i < n && i < first + PAGE; i++)
        json_array_append_new(list, json_string(ids[i]));
    json_t *reply = json_pack("{s:o}", "deployments", list);
    if (i < n)
        json_object_set_new(reply, "nextToken", json_string(ids[i - 1]));
    aws_reply(call, reply);
}

static void get_deployment_group(struct aws_call *call)
{
    static const char *const known[] = {"applicationName", "deploymentGroupName", NULL};

    if (aws_refuse_unknown(call, call->input, known))
        return;
    const struct deploy_group *group =
        find_group(call, text_of(call, "applicationName"), text_of(call, "deploymentGroupName"));
    if (group != NULL)
        aws_reply(call, json_pack("{s:o}", "deploymentGroupInfo",
                                  codedeploy_group_json(call->sim->world, group)));
}

static void get_deployment_config(struct aws_call *call)
{
    static const char *const known[] = {"deploymentConfigName", NULL};
    const struct deploy_store *store = &call->sim->world->deploy;
    const char *name = text_of(call, "deploymentConfigName");

    if (aws_refuse_unknown(call, call->input, known))
        return;
    if (name == NULL || name[0] == '\0') {
        aws_fail(call, 400, "DeploymentConfigNameRequiredException", NULL,
                 "The deployment configuration name was not specified.");
        return;
    }
    for (size_t i = 0; i < store->n_configs; i++)
        if (strcmp(store->configs[i].name, name) == 0) {
            aws_reply(call, json_pack("{s:o}", "deploymentConfigInfo",
                                      codedeploy_config_json(&store->configs[i])));
            return;
        }
    aws_fail(call, 400, "DeploymentConfigDoesNotExistException", NULL,
             "No Deployment Configuration found for name: %.100s", name);
}

/* ---- targets ---------------------------------------------------------------------------- */

static bool is_own_target(const struct deploy_group *group, const char *target)
{
    char *own = codedeploy_target_id(group);
    bool is_own = strcmp(own, target) == 0;

    free(own);
    return is_own;
}

/* targetFilters {"TargetStatus": [...], "ServerInstanceLabel": ["Blue"]}: the label is for
 * instances, so it leaves nothing of an ECS deployment. */
static bool read_target_filters(struct aws_call *call, const struct deployment *deployment,
                                bool *is_shown)
{
    json_t *filters = json_object_get(call->input, "targetFilters");
    const char *key = NULL;
    json_t *values = NULL;

    *is_shown = true;
    json_object_foreach(filters, key, values) {
        bool is_status = strcmp(key, "TargetStatus") == 0;
        if ((!is_status && strcmp(key, "ServerInstanceLabel") != 0) || !json_is_array(values)) {
            aws_fail(call, 400, "InvalidTargetFilterNameException", NULL,
                     "The target filter name is invalid.");
            return false;
        }
        bool has = false;
        for (size_t i = 0; i < json_array_size(values); i++) {
            const char *word = json_string_value(json_array_get(values, i));
            has = has || (is_status && word != NULL &&
                          strcmp(word, codedeploy_target_status(deployment)) == 0);
        }
        *is_shown = *is_shown && has;
    }
    return true;
}

static void list_deployment_targets(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", "nextToken", "targetFilters", NULL};
    struct deploy_group *group = NULL;
    bool is_shown = false;

    if (aws_refuse_unknown(call, call->input, known))
        return;
    const struct deployment *deployment = find_started(call, &group);
    if (deployment == NULL || !read_target_filters(call, deployment, &is_shown))
        return;
    json_t *token = json_object_get(call->input, "nextToken");
    if (token != NULL && !json_is_null(token)) {
        /* One target: no page was ever followed by another. */
        aws_fail(call, 400, "InvalidNextTokenException", NULL,
                 "The next token was specified in an invalid format.");
        return;
    }
    json_t *ids = json_array();
    char *id = codedeploy_target_id(group);
    if (is_shown)
        json_array_append_new(ids, json_string(id));
    aws_reply(call, json_pack("{s:o}", "targetIds", ids));
    free(id);
}

/* False: refused. */
static bool check_target(struct aws_call *call, const struct deploy_group *group,
                         const char *target)
{
    const char *colon = target == NULL ? NULL : strchr(target, ':');

    if (target == NULL || target[0] == '\0')
        aws_fail(call, 400, "DeploymentTargetIdRequiredException", NULL,
                 "A deployment target ID was not provided.");
    else if (colon == NULL || colon == target || colon[1] == '\0')
        aws_fail(call, 400, "InvalidDeploymentTargetIdException", NULL,
                 "The target ID provided was not valid.");
    else if (!is_own_target(group, target))
        aws_fail(call, 400, "DeploymentTargetDoesNotExistException", NULL,
                 "The provided target ID does not belong to the attempted deployment.");
    else
        return true;
    return false;
}

static void get_deployment_target(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", "targetId", NULL};
    struct deploy_group *group = NULL;

    if (aws_refuse_unknown(call, call->input, known))
        return;
    const struct deployment *deployment = find_started(call, &group);
    if (deployment != NULL && check_target(call, group, text_of(call, "targetId")))
        aws_reply(call, json_pack("{s:o}", "deploymentTarget",
                                  codedeploy_target_json(call->sim->world, group, deployment)));
}

static void batch_get_deployment_targets(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", "targetIds", NULL};
    struct deploy_group *group = NULL;
    json_t *ids = json_object_get(call->input, "targetIds");

    if (aws_refuse_unknown(call, call->input, known))
        return;
    const struct deployment *deployment = find_started(call, &group);
    if (deployment == NULL)
        return;
    if (json_array_size(ids) > 1) {
        aws_fail(call, 400, "DeploymentTargetListSizeExceededException", NULL,
                 "The target list of an Amazon ECS deployment must have exactly one item.");
        return;
    }
    if (check_target(call, group, json_string_value(json_array_get(ids, 0))))
        aws_reply(call, json_pack("{s:[o]}", "deploymentTargets",
                                  codedeploy_target_json(call->sim->world, group, deployment)));
}

/* ---- changes ---------------------------------------------------------------------------- */

static void already_completed(struct aws_call *call)
{
    aws_fail(call, 400, "DeploymentAlreadyCompletedException", NULL,
             "The deployment %.40s is already completed.", text_of(call, "deploymentId"));
}

/* No policy of the user allows it. IAM's words as public reports have them, read 2026; the resource
 * is a group, by the permissions reference; what it is where the deployment does not exist, and that
 * the right is judged before that, is UNCONFIRMED. */
static bool is_allowed(struct aws_call *call, const char *action)
{
    struct deploy_group *group = NULL;
    const char *id = text_of(call, "deploymentId");

    if (!call->sim->rights.has_no_stop)
        return true;
    bool is_there = id != NULL && deploy_find(&call->sim->world->deploy, id, &group) != NULL;
    aws_fail(call, 400, "AccessDeniedException", NULL,
             "User: arn:aws:iam::123456789012:user/slipway is not authorized to perform: "
             "codedeploy:%s on resource: arn:aws:codedeploy:%s:123456789012:deploymentgroup:%s%s%s "
             "because no identity-based policy allows the codedeploy:%s action",
             action, call->sim->creds->aws_region, is_there ? group->application : "*",
             is_there ? "/" : "", is_there ? group->group : "", action);
    return false;
}

static void stop_deployment(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", "autoRollbackEnabled", NULL};
    json_t *rollback = json_object_get(call->input, "autoRollbackEnabled");
    const char *id = text_of(call, "deploymentId");
    struct world *world = call->sim->world;

    if (aws_refuse_unknown(call, call->input, known) || !is_allowed(call, "StopDeployment") ||
        find_deployment(call, id, NULL) == NULL)
        return;
    if (rollback != NULL && !json_is_boolean(rollback) && !json_is_null(rollback)) {
        aws_fail(call, 400, "SerializationException", NULL,
                 "autoRollbackEnabled must be true or false.");
        return;
    }
    if (deploy_stop(&world->deploy, id, json_is_true(rollback), world->now_ms) == DEPLOY_OK)
        aws_reply(call, json_pack("{s:s, s:s}", "status", "Succeeded", "statusMessage",
                                  "No more commands will be scheduled for execution in the "
                                  "deployment instances"));
    else
        already_completed(call);
}

static void continue_deployment(struct aws_call *call)
{
    static const char *const known[] = {"deploymentId", "deploymentWaitType", NULL};
    json_t *wait = json_object_get(call->input, "deploymentWaitType");
    const char *type = wait == NULL ? "READY_WAIT" : json_string_value(wait);
    const char *id = text_of(call, "deploymentId");
    struct world *world = call->sim->world;

    if (aws_refuse_unknown(call, call->input, known) || find_deployment(call, id, NULL) == NULL)
        return;
    bool is_termination = type != NULL && strcmp(type, "TERMINATION_WAIT") == 0;
    if (!is_termination && (type == NULL || strcmp(type, "READY_WAIT") != 0)) {
        aws_fail(call, 400, "InvalidDeploymentWaitTypeException", NULL,
                 "The wait type is invalid.");
        return;
    }
    switch (deploy_continue(&world->deploy, id, is_termination, world->now_ms)) {
    case DEPLOY_OK:
        sim_reply_header(call->rp, "Content-Type", "%s", call->dialect->content_type);
        sim_reply_empty(call->rp, 200);
        break;
    case DEPLOY_ALREADY_COMPLETED:
        already_completed(call);
        break;
    default:
        aws_fail(call, 400, "DeploymentIsNotInReadyStateException", NULL,
                 "The deployment does not have a status of Ready and can't continue yet.");
        break;
    }
}

/* ---- routing ---------------------------------------------------------------------------- */

static const struct operation {
    const char *name;
    void (*handle)(struct aws_call *call);
} operations[] = {
    {"ListDeployments", list_deployments},
    {"GetDeployment", get_deployment},
    {"BatchGetDeployments", batch_get_deployments},
    {"GetDeploymentGroup", get_deployment_group},
    {"GetDeploymentConfig", get_deployment_config},
    {"ListDeploymentTargets", list_deployment_targets},
    {"GetDeploymentTarget", get_deployment_target},
    {"BatchGetDeploymentTargets", batch_get_deployment_targets},
    {"StopDeployment", stop_deployment},
    {"ContinueDeployment", continue_deployment},
};

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct aws_call call = {.sim = sim, .rq = rq, .rp = rp, .dialect = &dialect};

    if (!aws_open(&call))
        return;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].name, call.operation) == 0) {
            operations[i].handle(&call);
            aws_close(&call);
            return;
        }
    aws_fail(&call, 404, "UnknownOperationException", NULL, "Unknown operation");
    aws_close(&call);
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "region", json_string(sim->creds->aws_region));
    json_object_set_new(endpoint, "profile", json_string(sim->creds->aws_profile));
}

extern const struct sim_service sim_codedeploy;

const struct sim_service sim_codedeploy = {
    .name = "codedeploy",
    .classify = aws_classify,
    .handle = handle,
    .describe = describe,
};
