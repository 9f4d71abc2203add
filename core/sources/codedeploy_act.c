/*
 * codedeploy_act.c: what each verb would truly do to a CodeDeploy deployment, doing it, seeing it.
 *
 *   halt       StopDeployment without rollback. Not a pause: it ends the deployment, the weights
 *              stay where they are, and nothing resumes it. READY needs none: no traffic moves.
 *   resume     does not exist.
 *   advance    from READY only: ContinueDeployment READY_WAIT starts the shift. From there the
 *              canary or linear clock runs alone; no call skips a wait
 *              (aws/containers-roadmap 2266).
 *   complete   from READY with an all-at-once configuration (the shift is the whole), or in the
 *              wait before blue is ended: ContinueDeployment TERMINATION_WAIT, which gives up the
 *              quick way back.
 *   roll back  StopDeployment with rollback, while the deployment is not over: a new deployment
 *              moves the traffic back. Afterwards it needs CreateDeployment, which is not done
 * here.
 *
 * Nothing is sent twice. A stop without an answer is SW_E_OUTCOME_UNKNOWN; reading tells.
 *
 * Sources: AWS CodeDeploy API Reference, "StopDeployment", "ContinueDeployment"; User Guide, "Stop
 * a deployment", "Stopped and failed deployments", "Redeploy and roll back a deployment"; read
 * 2026-01.
 */
#include <string.h>

#include "base/mem.h"
#include "sources/codedeploy.h"

/* --------------------------------------------------------------------- offers */

/* Percent for a sentence: "10%", or words when it is not known. */
static const char *percent_words(struct sw_value percent, char out[32])
{
    if (percent.is_known)
        sw_percent_text(percent, true, out, 32);
    else
        sw_copy(out, 32, "an unknown share");
    return out;
}

/* Each writes the effect and returns NULL, or returns why it is not possible. */
static const char *offer_halt(const struct sw_rollout *rollout, const struct cd_handle *handle,
                              struct sw_source_offer *out)
{
    char percent[32];
    percent_words(rollout->percent_set, percent);
    out->to_percent = rollout->percent_set;
    if (rollout->state == SW_STATE_READY)
        return "it already waits: no traffic moves until advance";
    if (rollout->state == SW_STATE_HALTED)
        return "it is stopped already";
    if (rollout->state != SW_STATE_BUILDING && rollout->state != SW_STATE_ROLLING &&
        rollout->state != SW_STATE_UNKNOWN)
        return "no traffic is being shifted";
    if (handle->is_rollback)
        return "a rollback is under way; stopping it would leave users on the version "
               "that is being withdrawn";
    if (handle->is_stop_rolled_back)
        sw_format(
            out->effect, sizeof out->effect,
            "Ends deployment %s at %s on green, for good. Its group is set to roll back on a stop, "
            "so AWS may move all traffic back to the version before",
            rollout->identity, percent);
    else
        sw_format(
            out->effect, sizeof out->effect,
            "Ends deployment %s, for good: traffic stays at %s on green and no more is shifted",
            rollout->identity, percent);
    sw_format(
        out->will_not, sizeof out->will_not,
        "It cannot be resumed, and Slipway cannot roll it back afterwards: only a new deployment "
        "goes on or back. To take the traffic back now, choose roll back");
    return NULL;
}

static const char *offer_resume(void)
{
    return "CodeDeploy cannot resume: a stopped deployment is over; only a new one goes on or back";
}

static const char *offer_advance(const struct sw_rollout *rollout, const struct cd_handle *handle,
                                 struct sw_source_offer *out)
{
    if (rollout->state == SW_STATE_ROLLING && handle->is_termination_wait)
        return "all traffic is on green already; complete ends the wait for blue";
    if (rollout->state == SW_STATE_ROLLING)
        return "CodeDeploy shifts by its own clock; no call skips the wait";
    if (rollout->state != SW_STATE_READY)
        return "no deployment waits for it";
    if (handle->first_percent > 0)
        out->to_percent = (struct sw_value){handle->first_percent, true};
    sw_format(out->effect, sizeof out->effect, "Starts the traffic shift of deployment %s%s",
              rollout->identity,
              handle->routing == CD_ALL_AT_ONCE ? ": all traffic at once"
              : handle->routing == CD_ROUTING_UNKNOWN
                  ? "; its steps are not known"
                  : "; the further steps then follow by CodeDeploy's own clock");
    sw_format(out->will_not, sizeof out->will_not, "It will not wait for you between the steps");
    return NULL;
}

static const char *offer_complete(const struct sw_rollout *rollout, const struct cd_handle *handle,
                                  struct sw_source_offer *out)
{
    out->to_percent = (struct sw_value){100, true};
    if (rollout->state == SW_STATE_READY && handle->routing == CD_ALL_AT_ONCE) {
        sw_format(out->effect, sizeof out->effect, "Moves all traffic to deployment %s at once",
                  rollout->identity);
        return NULL;
    }
    if (rollout->state == SW_STATE_ROLLING && handle->is_termination_wait) {
        sw_format(out->effect, sizeof out->effect,
                  "Ends the wait of deployment %s: the old task set (blue) is stopped now",
                  rollout->identity);
        sw_format(out->will_not, sizeof out->will_not,
                  "There is no quick way back afterwards: going back then means a new deployment");
        return NULL;
    }
    if (rollout->state == SW_STATE_READY)
        return "its configuration shifts in steps: advance starts them";
    if (rollout->state == SW_STATE_ROLLING)
        return "CodeDeploy shifts by its own clock; no call skips the wait";
    return "no deployment is under way";
}

static const char *offer_rollback(const struct sw_rollout *rollout, const struct cd_handle *handle,
                                  struct sw_source_offer *out)
{
    char percent[32];
    out->to_percent = (struct sw_value){0, true};
    switch (rollout->state) {
    case SW_STATE_BUILDING:
    case SW_STATE_READY:
    case SW_STATE_ROLLING:
    case SW_STATE_UNKNOWN:
        break;
    case SW_STATE_HALTED:
    case SW_STATE_COMPLETE:
    case SW_STATE_FAILED:
        return "the deployment is over: going back needs a new deployment of the version "
               "before, from your pipeline or the console";
    case SW_STATE_ROLLED_BACK:
        return "it is rolled back already";
    default:
        return "no deployment is under way";
    }
    if (handle->is_rollback)
        return "a rollback is under way already";
    sw_format(
        out->effect, sizeof out->effect,
        "Stops deployment %s (%s on green) and moves all traffic back to the version before, as a "
        "new deployment by CodeDeploy",
        rollout->identity, percent_words(rollout->percent_set, percent));
    sw_format(out->will_not, sizeof out->will_not,
              "It does not undo database migrations or anything else outside the load balancer");
    return NULL;
}

void codedeploy_offer(const struct sw_target *target, const struct sw_rollout *rollout,
                      enum sw_verb verb, struct sw_source_offer *out)
{
    struct cd_handle handle;
    const char *reason = "there is no such verb";
    (void)target;
    *out = (struct sw_source_offer){0};
    codedeploy_handle_read(rollout->handle, &handle);
    if (!rollout->identity[0])
        reason = "no deployment is known";
    else if (verb == SW_VERB_HALT)
        reason = offer_halt(rollout, &handle, out);
    else if (verb == SW_VERB_RESUME)
        reason = offer_resume();
    else if (verb == SW_VERB_ADVANCE)
        reason = offer_advance(rollout, &handle, out);
    else if (verb == SW_VERB_COMPLETE)
        reason = offer_complete(rollout, &handle, out);
    else if (verb == SW_VERB_ROLLBACK)
        reason = offer_rollback(rollout, &handle, out);
    out->is_possible = !reason;
    sw_copy(out->reason, sizeof out->reason, reason);
}

/* ------------------------------------------------------------------------ act */

static json_t *stop_input(const char *id, bool is_rolled_back)
{
    return json_pack("{s:s, s:b}", "deploymentId", id, "autoRollbackEnabled", is_rolled_back);
}

static json_t *continue_input(const char *id, const char *wait)
{
    return json_pack("{s:s, s:s}", "deploymentId", id, "deploymentWaitType", wait);
}

/* The state changed since it was read: these say so, whatever the HTTP status. */
static bool is_state_error(const char *aws_code)
{
    static const char *const codes[] = {"DeploymentAlreadyCompletedException",
                                        "DeploymentIsNotInReadyStateException",
                                        "InvalidDeploymentStatusException",
                                        "InvalidDeploymentWaitTypeException",
                                        "UnsupportedActionForDeploymentTypeException",
                                        "DeploymentNotStartedException"};
    for (size_t i = 0; i < SW_ARRAY_LEN(codes); i++)
        if (strcmp(aws_code, codes[i]) == 0)
            return true;
    return false;
}

/* No answer, or one from a gateway on the way: it may have been carried out. */
static bool is_outcome_open(const struct sw_error *err)
{
    if (err->code == SW_E_CANCELLED || err->code == SW_E_REFUSED || err->is_retryable)
        return false;
    return err->http_status >= 500 || err->http_status == 408 || err->code == SW_E_TIMEOUT ||
           err->code == SW_E_NETWORK || err->code == SW_E_TLS || err->code == SW_E_PARSE ||
           err->code == SW_E_LIMIT;
}

static enum sw_code send_verb(struct sw_flow *flow, int operation, json_t *input,
                              struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    char aws_code[SW_AWS_CODE_MAX];
    enum sw_code code = codedeploy_call(flow, operation, input, &tree, aws_code, err);
    json_decref(input);
    if (code == SW_OK || code == SW_E_OUTCOME_UNKNOWN)
        return code;
    if (is_state_error(aws_code)) {
        err->code = SW_E_CONFLICT;
        err->is_retryable = false;
        return SW_E_CONFLICT;
    }
    if (is_outcome_open(err))
        err->code = SW_E_OUTCOME_UNKNOWN;
    return err->code;
}

static enum sw_code send_advance(struct sw_flow *flow, const char *id,
                                 const struct sw_rollout *before, struct sw_error *err)
{
    if (before->state != SW_STATE_READY)
        return sw_fail(err, SW_E_CONFLICT,
                       "deployment %s is %s, it does not wait. Nothing was sent", id,
                       before->raw_state);
    return send_verb(flow, CD_CONTINUE, continue_input(id, "READY_WAIT"), err);
}

static enum sw_code send_complete(struct sw_flow *flow, const char *id,
                                  const struct sw_rollout *before, struct sw_error *err)
{
    struct cd_handle handle;
    codedeploy_handle_read(before->handle, &handle);
    if (before->state == SW_STATE_READY && handle.routing == CD_ALL_AT_ONCE)
        return send_advance(flow, id, before, err);
    if (!handle.is_termination_wait)
        return sw_fail(err, SW_E_CONFLICT,
                       "deployment %s is not in the wait before blue is ended. Nothing was sent",
                       id);
    return send_verb(flow, CD_CONTINUE, continue_input(id, "TERMINATION_WAIT"), err);
}

enum sw_code codedeploy_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err)
{
    struct sw_error own = {0};
    const char *id = act->before->identity;
    enum sw_code code;
    if (!*id)
        code = sw_fail(&own, SW_E_CONFLICT,
                       "which deployment to address is not known. Nothing was sent");
    else if (act->verb == SW_VERB_HALT)
        code = send_verb(flow, CD_STOP, stop_input(id, false), &own);
    else if (act->verb == SW_VERB_ROLLBACK)
        code = send_verb(flow, CD_STOP, stop_input(id, true), &own);
    else if (act->verb == SW_VERB_ADVANCE)
        code = send_advance(flow, id, act->before, &own);
    else if (act->verb == SW_VERB_COMPLETE)
        code = send_complete(flow, id, act->before, &own);
    else
        code = sw_fail(&own, SW_E_UNSUPPORTED, "CodeDeploy cannot %s. Nothing was sent",
                       sw_verb_title(act->verb));
    bool is_stop = act->verb == SW_VERB_HALT || act->verb == SW_VERB_ROLLBACK;
    if (is_stop && code != SW_OK && code != SW_E_OUTCOME_UNKNOWN && code != SW_E_CANCELLED)
        sw_error_prefix(&own, act->verb == SW_VERB_HALT ? "NOT HALTED" : "NOT ROLLED BACK");
    if (err && code != SW_OK)
        *err = own;
    return code;
}

/* ----------------------------------------------------------------------- seen */

/* A deployment that rolls `before` back: the stop and the rollback have both taken effect. */
static bool is_rollback_of(const struct sw_rollout *now, const char *identity)
{
    struct cd_handle handle;
    return codedeploy_handle_read(now->handle, &handle) && handle.is_rollback &&
           (strcmp(handle.triggered_by, identity) == 0 || !handle.triggered_by[0]) &&
           strcmp(now->identity, identity) != 0;
}

/*
 * halt      the deployment is Stopped or Failed (no further event runs), or is being rolled back
 * roll back its rollback deployment exists; or it stopped before any traffic had moved
 * advance   the same deployment shifts, or is done
 * complete  the same deployment is done; all at once from READY: all traffic is on green
 */
bool codedeploy_is_seen(const struct sw_act *act, const struct sw_rollout *now)
{
    const struct sw_rollout *before = act->before;
    bool is_same = before->identity[0] && strcmp(before->identity, now->identity) == 0;
    bool is_stopped = is_same && (now->state == SW_STATE_HALTED || now->state == SW_STATE_FAILED);
    bool is_complete = is_same && now->state == SW_STATE_COMPLETE;
    switch (act->verb) {
    case SW_VERB_HALT:
        return is_stopped || is_rollback_of(now, before->identity);
    case SW_VERB_ROLLBACK:
        return is_rollback_of(now, before->identity) ||
               (is_stopped && now->percent_set.is_known && now->percent_set.value <= 0);
    case SW_VERB_ADVANCE:
        return is_complete || (is_same && now->state == SW_STATE_ROLLING);
    case SW_VERB_COMPLETE:
        return is_complete || (is_same && before->state == SW_STATE_READY &&
                               now->percent_set.is_known && now->percent_set.value >= 100);
    default:
        return false;
    }
}
