/*
 * codedeploy_rights.c: which verbs the credential may use, asked without changing anything.
 *
 * IAM's own question (iam:SimulatePrincipalPolicy) needs a right of its own. So the two calls that
 * verbs are made of are sent for a deployment that does not exist: nothing can become of them.
 *
 *   verbs               question
 *   halt, roll back     StopDeployment d-000000000
 *   advance, complete   ContinueDeployment d-000000000
 *
 *   answer                                         means
 *   AccessDenied… naming this deployment group     no
 *   AccessDenied… naming another or no resource    not known: a policy may allow the call for this
 *                                                  group alone, and a deployment that does not
 *                                                  exist is in no group
 *   DeploymentDoesNotExist, InvalidDeploymentId    may
 *   anything else                                  not known
 *
 * UNCONFIRMED: no document says that AWS judges the right before the id, nor which resource it
 * judges it for where there is none.
 *
 * Sources: AWS CodeDeploy User Guide, "CodeDeploy permissions reference" (both calls are granted on
 * deploymentgroup:application/group); AWS CodeDeploy API Reference, "StopDeployment",
 * "ContinueDeployment"; read 2026-01.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sources/codedeploy.h"

static bool is_about_group(const struct sw_target *target, const char *words)
{
    char name[300];
    sw_format(name, sizeof name, ":deploymentgroup:%s/%s",
              sw_node_str(target->options, "application"),
              sw_node_str(target->options, "deployment_group"));
    const char *at = strstr(words, name);
    /* "…/web" is not "…/web-2". */
    return at != NULL && strchr(" .,\"'", at[strlen(name)]) != NULL;
}

static enum sw_right right_of(const struct sw_target *target, enum sw_code code,
                              const char *aws_code, const struct sw_error *error)
{
    if (code == SW_E_DENIED && is_about_group(target, error->text))
        return SW_RIGHT_NO;
    if (strcmp(aws_code, "DeploymentDoesNotExistException") == 0 ||
        strcmp(aws_code, "InvalidDeploymentIdException") == 0)
        return SW_RIGHT_MAY;
    return SW_RIGHT_UNKNOWN;
}

static enum sw_code ask(struct sw_flow *flow, int operation, struct sw_right_seen *seen,
                        struct sw_error *err)
{
    struct sw_error own = {0};
    char aws_code[SW_AWS_CODE_MAX];
    enum sw_code code = codedeploy_ask(flow, operation, aws_code, &own);
    if (code == SW_OK)
        code = sw_fail(&own, SW_E_PARSE, "%s: accepted, although there is no such deployment",
                       codedeploy_operations[operation].name);
    *seen = (struct sw_right_seen){
        .right = right_of(sw_flow_target(flow, 0), code, aws_code, &own)};
    sw_format(seen->words, sizeof seen->words, "%s%s",
              code == SW_E_DENIED && seen->right == SW_RIGHT_UNKNOWN
                  ? "refused for a deployment that is in no group, as a policy for this group alone "
                    "would: "
                  : "",
              own.text);
    if (seen->right != SW_RIGHT_UNKNOWN)
        return SW_OK;
    *err = own;
    return code;
}

enum sw_code codedeploy_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                               struct sw_error *err)
{
    struct sw_error own = {0};
    enum sw_code stop = ask(flow, CD_STOP_PROBE, &seen[SW_VERB_HALT], &own);
    seen[SW_VERB_ROLLBACK] = seen[SW_VERB_HALT];
    enum sw_code go_on =
        stop == SW_E_CANCELLED ? stop : ask(flow, CD_CONTINUE_PROBE, &seen[SW_VERB_ADVANCE], &own);
    seen[SW_VERB_COMPLETE] = seen[SW_VERB_ADVANCE];
    if (stop == SW_OK || go_on == SW_OK)
        return SW_OK;
    if (err)
        *err = own;
    return go_on;
}
