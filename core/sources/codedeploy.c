/*
 * codedeploy.c: the CodeDeploy source kind (ECS blue/green): options, operations, calls.
 *
 * Everything comes from CodeDeploy itself, the traffic weights included, so that no second service
 * and no second permission is needed. See codedeploy.h for the other files.
 *
 * Sources: AWS service model `codedeploy` 2014-10-06; AWS CodeDeploy User Guide; read 2026-01.
 */
#include "sources/codedeploy.h"

#include <string.h>

#include "base/mem.h"

#define TARGET(name) "CodeDeploy_20141006." name
/* As AWS writes its ids ("d-" and nine letters or digits), and none that it has given out. */
#define NO_DEPLOYMENT "d-000000000"

const struct sw_operation codedeploy_operations[CD_OPERATIONS] = {
    [CD_GET_GROUP] = {.name = "codedeploy:GetDeploymentGroup",
                      .method = SW_POST,
                      .path = "/",
                      .target = TARGET("GetDeploymentGroup"),
                      .is_idempotent = true},
    [CD_LIST] = {.name = "codedeploy:ListDeployments",
                 .method = SW_POST,
                 .path = "/",
                 .target = TARGET("ListDeployments"),
                 .is_idempotent = true},
    [CD_GET] = {.name = "codedeploy:GetDeployment",
                .method = SW_POST,
                .path = "/",
                .target = TARGET("GetDeployment"),
                .is_idempotent = true},
    [CD_TARGETS] = {.name = "codedeploy:BatchGetDeploymentTargets",
                    .method = SW_POST,
                    .path = "/",
                    .target = TARGET("BatchGetDeploymentTargets"),
                    .is_idempotent = true},
    [CD_CONFIG] = {.name = "codedeploy:GetDeploymentConfig",
                   .method = SW_POST,
                   .path = "/",
                   .target = TARGET("GetDeploymentConfig"),
                   .is_idempotent = true},
    /* Repeating a stop answers a state error or success; it never stops anything else. */
    [CD_STOP] = {.name = "codedeploy:StopDeployment",
                 .method = SW_POST,
                 .path = "/",
                 .target = TARGET("StopDeployment"),
                 .effect = SW_EFFECT_MUTATE,
                 .is_idempotent = true},
    /* Bound to the deployment and the kind of wait only: a late duplicate could end a later wait.
     */
    [CD_CONTINUE] = {.name = "codedeploy:ContinueDeployment",
                     .method = SW_POST,
                     .path = "/",
                     .target = TARGET("ContinueDeployment"),
                     .effect = SW_EFFECT_MUTATE},
    /* See codedeploy_rights.c. The names are those of the rights, as for all of them. */
    [CD_STOP_PROBE] = {.name = "codedeploy:StopDeployment",
                       .method = SW_POST,
                       .path = "/",
                       .target = TARGET("StopDeployment"),
                       .effect = SW_EFFECT_PROBE,
                       .only_body = "{\"deploymentId\":\"" NO_DEPLOYMENT "\"}",
                       .timeout_ms = 15000},
    [CD_CONTINUE_PROBE] = {.name = "codedeploy:ContinueDeployment",
                           .method = SW_POST,
                           .path = "/",
                           .target = TARGET("ContinueDeployment"),
                           .effect = SW_EFFECT_PROBE,
                           .only_body = "{\"deploymentId\":\"" NO_DEPLOYMENT
                                        "\",\"deploymentWaitType\":\"READY_WAIT\"}",
                           .timeout_ms = 15000},
};

/* out may be NULL where the answer does not matter. */
static enum sw_code send(struct sw_flow *flow, const struct sw_request *request, json_t **out,
                         char aws_code[SW_AWS_CODE_MAX], struct sw_error *err)
{
    const struct sw_operation *op = request->operation;
    struct sw_reply reply = {0};
    enum sw_code code = sw_flow_exchange(flow, request, &reply, err);
    if (code == SW_OK && out) {
        code = sw_aws_reply_json(&reply, out, err);
        if (code != SW_OK)
            code = sw_error_prefix(err, "%s", op->name);
    } else if (code != SW_OK && code != SW_E_CANCELLED) {
        if (aws_code)
            sw_aws_error_code(&reply, aws_code);
        code = sw_aws_explain(&reply, op, err);
    }
    sw_reply_clear(&reply);
    return code;
}

enum sw_code codedeploy_call(struct sw_flow *flow, int operation, const json_t *input, json_t **out,
                             char aws_code[SW_AWS_CODE_MAX], struct sw_error *err)
{
    struct sw_request request;
    struct sw_buf body;
    if (aws_code)
        aws_code[0] = '\0';
    sw_buf_init(&body, 1 << 14);
    enum sw_code code = sw_aws_request(&request, &codedeploy_operations[operation],
                                       SW_AWS_JSON_1_1, input, &body, err);
    if (code == SW_OK)
        code = send(flow, &request, out, aws_code, err);
    sw_buf_clear(&body);
    return code;
}

enum sw_code codedeploy_ask(struct sw_flow *flow, int operation, char aws_code[SW_AWS_CODE_MAX],
                            struct sw_error *err)
{
    const struct sw_operation *op = &codedeploy_operations[operation];
    struct sw_request request;
    aws_code[0] = '\0';
    enum sw_code code = sw_request_init(&request, op, err, NULL);
    request.content_type = SW_AWS_JSON_1_1;
    request.body = op->only_body;
    request.body_len = strlen(op->only_body);
    return code == SW_OK ? send(flow, &request, NULL, aws_code, err) : code;
}

static const char *const routing_names[] = {"unknown", "all", "canary", "linear"};

char *codedeploy_handle_write(const struct cd_handle *handle)
{
    struct sw_buf buf;
    SW_JSON json_t *tree = json_pack(
        "{s:s, s:s, s:b, s:b, s:b, s:s, s:f}", "deployment", handle->deployment, "triggered_by",
        handle->triggered_by, "is_rollback", handle->is_rollback, "is_stop_rolled_back",
        handle->is_stop_rolled_back, "is_termination_wait", handle->is_termination_wait, "routing",
        routing_names[handle->routing], "first_percent", handle->first_percent);
    sw_buf_init(&buf, 1024);
    if (sw_json_write(tree, &buf, SW_JSON_SORTED, NULL) != SW_OK)
        sw_buf_clear(&buf);
    return sw_buf_take(&buf);
}

bool codedeploy_handle_read(const char *text, struct cd_handle *out)
{
    SW_JSON json_t *tree = NULL;
    const char *routing = "";
    *out = (struct cd_handle){0};
    if (!text || sw_json_parse(text, strlen(text), NULL, &tree, NULL) != SW_OK ||
        sw_json_text(tree, "deployment", SW_REQUIRED, out->deployment, sizeof out->deployment,
                     NULL) != SW_OK)
        return false;
    sw_ignore(sw_json_text(tree, "triggered_by", SW_OPTIONAL, out->triggered_by,
                           sizeof out->triggered_by, NULL));
    sw_ignore(sw_json_bool(tree, "is_rollback", SW_OPTIONAL, &out->is_rollback, NULL));
    sw_ignore(
        sw_json_bool(tree, "is_stop_rolled_back", SW_OPTIONAL, &out->is_stop_rolled_back, NULL));
    sw_ignore(
        sw_json_bool(tree, "is_termination_wait", SW_OPTIONAL, &out->is_termination_wait, NULL));
    sw_ignore(sw_json_num(tree, "first_percent", SW_OPTIONAL, &out->first_percent, NULL));
    sw_ignore(sw_json_str(tree, "routing", SW_OPTIONAL, &routing, NULL));
    for (size_t i = 0; i < SW_ARRAY_LEN(routing_names); i++)
        if (strcmp(routing, routing_names[i]) == 0)
            out->routing = (enum cd_routing)i;
    return true;
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_aws_open(account, "codedeploy", out, err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_format(key, size, "%s/%s", sw_node_str(target->options, "application"),
              sw_node_str(target->options, "deployment_group"));
}

static const struct sw_option account_options[] = {
    SW_AWS_OPTIONS,
    {0},
};

static const struct sw_option rollout_options[] = {
    {.key = "application",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "CodeDeploy application",
     .example = "AppECS-web"},
    {.key = "deployment_group",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "its deployment group",
     .example = "DgpECS-web"},
    {.key = "cluster",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "ECS cluster",
     .example = "prod"},
    {.key = "service",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "ECS service",
     .example = "web"},
    {0},
};

const struct sw_source_kind sw_source_codedeploy = {
    .name = "codedeploy",
    .title = "AWS CodeDeploy",
    .summary = "blue/green deployments of ECS services",
    .can = SW_CAN_ROLLOUT | SW_CAN_ACT,
    .base_url = "https://codedeploy.{region}.amazonaws.com",
    .account_options = account_options,
    .rollout_options = rollout_options,
    .interval_s = 30,
    .stale_after_s = 180,
    /* AWS publishes no numbers for these calls: UNCONFIRMED. Far below what consoles do. */
    .budget = {.per_minute = 300, .burst = 20, .concurrent = 4},
    .operations = codedeploy_operations,
    .operation_count = CD_OPERATIONS,
    /* A stop is accepted at once; a rollback's new deployment exists within moments. Starting the
     * shift waits for the load balancer. */
    .seen_timeout_s = {[SW_VERB_HALT] = 60,
                       [SW_VERB_ROLLBACK] = 120,
                       [SW_VERB_ADVANCE] = 120,
                       [SW_VERB_COMPLETE] = 120},
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = codedeploy_observe,
    .offer = codedeploy_offer,
    .act = codedeploy_act,
    .is_seen = codedeploy_is_seen,
    .rights = codedeploy_rights,
};
