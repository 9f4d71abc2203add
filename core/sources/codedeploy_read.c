/*
 * codedeploy_read.c: a deployment group's newest deployment as a rollout.
 *
 * THE STATE TABLE
 *   status                      creator              ours
 *   (no deployment yet)                              NONE
 *   Created, Queued             any                  BUILDING   nothing installed, no traffic moved
 *   InProgress                  any                  ROLLING    also while installing (0 %), while
 *                                                               a rollback runs, and in the wait
 *                                                               before blue is ended (100 %)
 *   Baking                      any                  ROLLING    all traffic moved, being watched
 *   Ready                       any                  READY      waits for `advance`
 *   Succeeded                   codeDeployRollback   ROLLED_BACK
 *   Succeeded                   else                 COMPLETE
 *   Failed                      any                  FAILED
 *   Stopped                     any                  HALTED     final: there is no resume
 *   anything else               any                  UNKNOWN    shown as it is
 *
 * The percent is the traffic weight of the green (replacement) task set of that deployment; for a
 * rollback, green is the version that comes back. It is both set and reached: the load balancer's
 * rule. There is no version here: the build is the deployment id.
 *
 * A poll: GetDeploymentGroup tells the last attempted deployment; when that one is over,
 * ListDeployments looks for one that is not (a group runs one at a time); then GetDeployment,
 * BatchGetDeploymentTargets and, while it matters, GetDeploymentConfig for the steps.
 *
 * Sources: AWS CodeDeploy API Reference, "DeploymentInfo", "ECSTaskSet"; User Guide, "What happens
 * during an Amazon ECS deployment", "Stopped and failed deployments"; read 2026-01.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/codedeploy.h"

enum { STEPS_EVERY_MS = 600 * 1000, PAGES_MAX = 20, TOKEN_MAX = 2048 };

/* One deployment as it was read. */
struct deployment {
    const struct sw_target *target;
    struct cd_handle handle;
    char id[SW_LABEL_MAX];
    char status[SW_WORD_MAX];
    char config[128];
    char previous[SW_WORD_MAX]; /* the last successful one, when another */
    char problem[SW_LINE_MAX];  /* errorInformation, or the first status message */
    int64_t traffic_since_ms;   /* AllowTraffic began; 0: not yet or unknown */
    int64_t ready_since_ms;     /* the last lifecycle event ended */
    int ready_wait_min, termination_wait_min;
    bool is_ready_stopped; /* after the wait it stops, instead of going on */
    struct sw_value green;
    int interval_min; /* of its configuration */
};

static const struct {
    const char *status;
    enum sw_state state;
    bool is_over;
} states[] = {
    {"Created", SW_STATE_BUILDING, false},   {"Queued", SW_STATE_BUILDING, false},
    {"InProgress", SW_STATE_ROLLING, false}, {"Baking", SW_STATE_ROLLING, false},
    {"Ready", SW_STATE_READY, false},        {"Succeeded", SW_STATE_COMPLETE, true},
    {"Failed", SW_STATE_FAILED, true},       {"Stopped", SW_STATE_HALTED, true},
};

static enum sw_state state_of(const char *status, bool is_rollback)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(states); i++)
        if (strcmp(status, states[i].status) == 0)
            return states[i].state == SW_STATE_COMPLETE && is_rollback ? SW_STATE_ROLLED_BACK
                                                                       : states[i].state;
    return SW_STATE_UNKNOWN;
}

static bool is_over(const char *status)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(states); i++)
        if (strcmp(status, states[i].status) == 0)
            return states[i].is_over;
    return true; /* not known: look for one that runs */
}

/* A missing text leaves the field empty; a wrong type is no reason to hide a deployment. */
static void read_text(const json_t *tree, const char *path, char *out, size_t size)
{
    if (sw_json_text(tree, path, SW_OPTIONAL, out, size, NULL) != SW_OK)
        out[0] = '\0';
}

static int read_minutes(const json_t *tree, const char *path)
{
    int64_t minutes = 0;
    sw_ignore(sw_json_int_range(tree, path, SW_OPTIONAL, 0, 1 << 20, &minutes, NULL));
    return (int)minutes;
}

/* ------------------------------------------------------------ which deployment */

/* The group rolls back when somebody stops a deployment, whatever the stop asks for, perhaps:
 * whether autoRollbackEnabled=false overrides it is UNCONFIRMED, so both are said. */
static bool rolls_back_on_stop(const json_t *tree, const char *path)
{
    json_t *configuration = sw_json_at(tree, path);
    json_t *events = json_object_get(configuration, "events");
    if (!json_is_true(json_object_get(configuration, "enabled")))
        return false;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *event = json_string_value(json_array_get(events, i));
        if (event && strcmp(event, "DEPLOYMENT_STOP_ON_REQUEST") == 0)
            return true;
    }
    return false;
}

/* A page may hold nothing and lead to another. One deployment of a group runs at a time, so the
 * order, which is not promised, does not matter. */
static enum sw_code find_running(struct sw_flow *flow, struct deployment *d, struct sw_error *err)
{
    char token[TOKEN_MAX] = "", running[SW_LABEL_MAX] = "";
    SW_JSON json_t *input =
        json_pack("{s:s, s:s, s:[s, s, s, s, s]}", "applicationName",
                  sw_node_str(d->target->options, "application"), "deploymentGroupName",
                  sw_node_str(d->target->options, "deployment_group"), "includeOnlyStatuses",
                  "Created", "Queued", "InProgress", "Baking", "Ready");
    for (int page = 0; page < PAGES_MAX; page++) {
        SW_JSON json_t *tree = NULL;
        const char *next = NULL;
        enum sw_code code = codedeploy_call(flow, CD_LIST, input, &tree, NULL, err);
        if (code != SW_OK)
            return code;
        read_text(tree, "deployments[0]", running, sizeof running);
        if (*running)
            sw_copy(d->id, sizeof d->id, running);
        if (*running || sw_json_str(tree, "nextToken", SW_OPTIONAL, &next, NULL) != SW_OK || !*next)
            return SW_OK;
        if (strcmp(token, next) == 0 || sw_copy(token, sizeof token, next))
            break;
        json_object_set_new(input, "nextToken", json_string(next));
    }
    return sw_fail(err, SW_E_LIMIT, "%s: the pages do not end",
                   codedeploy_operations[CD_LIST].name);
}

static enum sw_code find_deployment(struct sw_flow *flow, struct deployment *d,
                                    struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    SW_JSON json_t *input =
        json_pack("{s:s, s:s}", "applicationName", sw_node_str(d->target->options, "application"),
                  "deploymentGroupName", sw_node_str(d->target->options, "deployment_group"));
    enum sw_code code = codedeploy_call(flow, CD_GET_GROUP, input, &tree, NULL, err);
    if (code != SW_OK)
        return code;
    json_t *group;
    char platform[SW_WORD_MAX], status[SW_WORD_MAX];
    code = sw_json_obj(tree, "deploymentGroupInfo", SW_REQUIRED, &group, err);
    if (code != SW_OK)
        return code;
    read_text(group, "computePlatform", platform, sizeof platform);
    if (*platform && strcmp(platform, "ECS") != 0)
        return sw_fail(err, SW_E_UNSUPPORTED, "deployment group %s deploys to %s, not to ECS",
                       sw_node_str(d->target->options, "deployment_group"), platform);
    d->handle.is_stop_rolled_back = rolls_back_on_stop(group, "autoRollbackConfiguration");
    read_text(group, "lastAttemptedDeployment.deploymentId", d->id, sizeof d->id);
    read_text(group, "lastAttemptedDeployment.status", status, sizeof status);
    read_text(group, "lastSuccessfulDeployment.deploymentId", d->previous, sizeof d->previous);
    code = !*d->id || is_over(status) ? find_running(flow, d, err) : SW_OK;
    if (strcmp(d->previous, d->id) == 0)
        d->previous[0] = '\0';
    return code;
}

/* ----------------------------------------------------------------- deployment */

static void read_info(const json_t *info, struct deployment *d)
{
    char creator[SW_WORD_MAX], code[SW_WORD_MAX], message[SW_LINE_MAX];
    read_text(info, "status", d->status, sizeof d->status);
    read_text(info, "creator", creator, sizeof creator);
    read_text(info, "deploymentConfigName", d->config, sizeof d->config);
    read_text(info, "rollbackInfo.rollbackTriggeringDeploymentId", d->handle.triggered_by,
              sizeof d->handle.triggered_by);
    d->handle.is_rollback = strcmp(creator, "codeDeployRollback") == 0;
    if (rolls_back_on_stop(info, "autoRollbackConfiguration"))
        d->handle.is_stop_rolled_back = true;
    sw_copy(d->handle.deployment, sizeof d->handle.deployment, d->id);
    d->handle.is_termination_wait =
        json_is_true(json_object_get(info, "instanceTerminationWaitTimeStarted"));

    char action[SW_WORD_MAX];
    read_text(info, "blueGreenDeploymentConfiguration.deploymentReadyOption.actionOnTimeout",
              action, sizeof action);
    d->is_ready_stopped = strcmp(action, "STOP_DEPLOYMENT") == 0;
    d->ready_wait_min = read_minutes(
        info, "blueGreenDeploymentConfiguration.deploymentReadyOption.waitTimeInMinutes");
    d->termination_wait_min = read_minutes(
        info, "blueGreenDeploymentConfiguration."
              "terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes");

    read_text(info, "errorInformation.code", code, sizeof code);
    read_text(info, "errorInformation.message", message, sizeof message);
    if (!*message)
        read_text(info, "deploymentStatusMessages[0]", message, sizeof message);
    sw_format(d->problem, sizeof d->problem, "%s%s%s", code, *code && *message ? ": " : "",
              message);
}

static enum sw_code read_deployment(struct sw_flow *flow, struct deployment *d,
                                    struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    SW_JSON json_t *input = json_pack("{s:s}", "deploymentId", d->id);
    json_t *info;
    enum sw_code code = codedeploy_call(flow, CD_GET, input, &tree, NULL, err);
    if (code == SW_OK)
        code = sw_json_obj(tree, "deploymentInfo", SW_REQUIRED, &info, err);
    if (code == SW_OK)
        read_info(info, d);
    return code;
}

/* -------------------------------------------------------------------- targets */

/* The label decides: PRIMARY and ACTIVE cannot tell blue from green during a canary. */
static void read_weights(const json_t *target, struct deployment *d)
{
    json_t *sets = json_object_get(target, "taskSetsInfo");
    bool is_shifting = !is_over(d->status);
    /* Nothing is installed yet. Once it is over, no sets means that nobody remembers. */
    if (json_array_size(sets) == 0 && is_shifting)
        d->green = (struct sw_value){0, true};
    for (size_t i = 0; i < json_array_size(sets); i++) {
        const json_t *set = json_array_get(sets, i);
        char label[SW_WORD_MAX];
        double weight;
        read_text(set, "taskSetLabel", label, sizeof label);
        if (strcmp(label, "Green") == 0 &&
            sw_json_num_range(set, "trafficWeight", SW_OPTIONAL, 0, 100, &weight, NULL) == SW_OK)
            d->green = (struct sw_value){weight, true};
    }
}

static void read_events(const json_t *target, struct deployment *d)
{
    json_t *events = json_object_get(target, "lifecycleEvents");
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        char name[SW_WORD_MAX];
        read_text(event, "lifecycleEventName", name, sizeof name);
        int64_t start = sw_aws_time(json_object_get(event, "startTime"));
        int64_t end = sw_aws_time(json_object_get(event, "endTime"));
        if (strcmp(name, "AllowTraffic") == 0)
            d->traffic_since_ms = start;
        if (end > d->ready_since_ms)
            d->ready_since_ms = end;
    }
}

/* For ECS the target's id is <cluster>:<service>. Source: model, DeploymentTarget. */
static enum sw_code read_targets(struct sw_flow *flow, struct deployment *d, struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    char id[256], aws_code[SW_AWS_CODE_MAX];
    sw_format(id, sizeof id, "%s:%s", sw_node_str(d->target->options, "cluster"),
              sw_node_str(d->target->options, "service"));
    SW_JSON json_t *input = json_pack("{s:s, s:[s]}", "deploymentId", d->id, "targetIds", id);
    enum sw_code code = codedeploy_call(flow, CD_TARGETS, input, &tree, aws_code, err);
    /* Right after its creation: queued, and no error. */
    if (strcmp(aws_code, "DeploymentNotStartedException") == 0) {
        sw_error_clear(err);
        d->green = (struct sw_value){0, true};
        return SW_OK;
    }
    if (strcmp(aws_code, "DeploymentTargetDoesNotExistException") == 0 ||
        strcmp(aws_code, "InvalidDeploymentTargetIdException") == 0)
        return sw_fail(err, SW_E_CONFIG,
                       "deployment %s has no target %s: check cluster and service of %s", d->id, id,
                       d->target->platform_id);
    if (code != SW_OK)
        return code;
    const json_t *target = sw_json_at(tree, "deploymentTargets[0].ecsTarget");
    if (!json_is_object(target))
        return sw_fail(err, SW_E_PARSE, "BatchGetDeploymentTargets: no ecsTarget for %s of %s", id,
                       d->id);
    read_weights(target, d);
    read_events(target, d);
    return SW_OK;
}

/* ---------------------------------------------------------------------- steps */

/* first, 2 x first, … 100, thinned out where the plan has no room. */
static void plan_linear(struct sw_plan *plan, double step, int interval_min)
{
    size_t steps = (size_t)ceil(100 / step - 1e-9);
    size_t every = (steps + SW_STAGES_MAX - 1) / SW_STAGES_MAX;
    for (size_t i = every; plan->count < SW_STAGES_MAX; i += every) {
        bool is_last = i >= steps;
        plan->stages[plan->count++] = (struct sw_plan_stage){
            .percent = is_last ? 100 : step * (double)i,
            .soak_s = is_last ? 0 : (int64_t)interval_min * 60 * (int64_t)every,
            .weekday = -1};
        if (is_last)
            break;
    }
}

static void report_plan(struct sw_flow *flow, const struct deployment *d)
{
    struct sw_plan plan = {.kind = SW_PLAN_SERVICE};
    double first = d->handle.first_percent;
    if (d->handle.routing == CD_LINEAR) {
        plan_linear(&plan, first, d->interval_min);
    } else {
        if (d->handle.routing == CD_CANARY)
            plan.stages[plan.count++] = (struct sw_plan_stage){
                .percent = first, .soak_s = (int64_t)d->interval_min * 60, .weekday = -1};
        plan.stages[plan.count++] = (struct sw_plan_stage){.percent = 100, .weekday = -1};
    }
    sw_flow_report_plan(flow, d->target, &plan);
}

static void read_routing(const json_t *info, struct deployment *d)
{
    char type[SW_WORD_MAX];
    const char *percent = NULL, *interval = NULL;
    double first = 0;
    read_text(info, "trafficRoutingConfig.type", type, sizeof type);
    if (strcmp(type, "AllAtOnce") == 0) {
        d->handle.routing = CD_ALL_AT_ONCE;
        d->handle.first_percent = 100;
        return;
    }
    if (strcmp(type, "TimeBasedCanary") == 0) {
        percent = "trafficRoutingConfig.timeBasedCanary.canaryPercentage";
        interval = "trafficRoutingConfig.timeBasedCanary.canaryInterval";
    } else if (strcmp(type, "TimeBasedLinear") == 0) {
        percent = "trafficRoutingConfig.timeBasedLinear.linearPercentage";
        interval = "trafficRoutingConfig.timeBasedLinear.linearInterval";
    }
    if (!percent || sw_json_num_range(info, percent, SW_OPTIONAL, 1, 99, &first, NULL) != SW_OK)
        return;
    d->handle.routing = strcmp(type, "TimeBasedCanary") == 0 ? CD_CANARY : CD_LINEAR;
    d->handle.first_percent = first;
    d->interval_min = read_minutes(info, interval);
}

/* The steps matter while they are ahead; later they are only drawn. A rollback follows none. */
static bool are_steps_due(const struct sw_flow *flow, const struct deployment *d)
{
    int64_t last = sw_flow_last(flow, d->id);
    if (!*d->config || d->handle.is_rollback)
        return false;
    return !is_over(d->status) || !last || sw_flow_now(flow) - last >= STEPS_EVERY_MS;
}

static enum sw_code read_config(struct sw_flow *flow, struct deployment *d, struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    if (!are_steps_due(flow, d))
        return SW_OK;
    SW_JSON json_t *input = json_pack("{s:s}", "deploymentConfigName", d->config);
    enum sw_code code = codedeploy_call(flow, CD_CONFIG, input, &tree, NULL, err);
    if (code != SW_OK)
        return code;
    read_routing(json_object_get(tree, "deploymentConfigInfo"), d);
    if (d->handle.routing != CD_ROUTING_UNKNOWN)
        report_plan(flow, d);
    sw_flow_set_last(flow, d->id);
    return SW_OK;
}

/* -------------------------------------------------------------------- rollout */

/* Steps are timed from the start of AllowTraffic, an estimate of CodeDeploy's own clock. */
static void set_next(const struct deployment *d, struct sw_rollout *rollout)
{
    if (rollout->state != SW_STATE_ROLLING || d->handle.is_rollback || !d->traffic_since_ms ||
        !d->green.is_known || d->green.value >= 100 || d->interval_min == 0)
        return;
    double step = d->handle.first_percent;
    double done = d->handle.routing == CD_LINEAR ? floor(d->green.value / step + 0.001) : 1;
    double next = d->handle.routing == CD_LINEAR ? step * (done + 1) : 100;
    if (d->green.value <= 0)
        return;
    rollout->next_percent = (struct sw_value){next < 100 ? next : 100, true};
    rollout->next_at_ms = d->traffic_since_ms + (int64_t)(done * d->interval_min) * SW_MINUTE_MS;
    rollout->is_next_estimated = true;
}

static void write_ready_note(const struct deployment *d, char *out, size_t size)
{
    char at[48];
    int64_t until = d->ready_since_ms + d->ready_wait_min * SW_MINUTE_MS;
    const char *then = d->is_ready_stopped ? "stops by itself" : "goes on by itself";
    if (d->ready_since_ms && d->ready_wait_min)
        sw_format(out, size, "waits for advance; about %s it %s", sw_moment_text(until, at, sizeof at),
                  then);
    else
        sw_format(out, size, "waits for advance");
}

static void write_note(const struct deployment *d, enum sw_state state, char *out, size_t size)
{
    bool is_running = state == SW_STATE_ROLLING || state == SW_STATE_BUILDING;
    out[0] = '\0';
    if (d->handle.is_rollback && is_running)
        sw_format(out, size, "rolling back%s%s: traffic goes back to the version before",
                  *d->handle.triggered_by ? " " : "", d->handle.triggered_by);
    else if (state == SW_STATE_ROLLED_BACK)
        sw_format(out, size, "rolled back%s%s: all traffic is on the version before",
                  *d->handle.triggered_by ? " " : "", d->handle.triggered_by);
    else if (state == SW_STATE_READY)
        write_ready_note(d, out, size);
    else if (state == SW_STATE_HALTED)
        sw_format(out, size, "stopped for good: only a new deployment goes on or back%s%s",
                  *d->problem ? "; " : "", d->problem);
    else if (state == SW_STATE_ROLLING && d->handle.is_termination_wait)
        sw_format(out, size,
                  "all traffic is on green; blue stays for %d min, until then roll back is "
                  "quick",
                  d->termination_wait_min);
    else
        sw_copy(out, size, d->problem);
}

static void report_rollout(struct sw_flow *flow, struct deployment *d)
{
    const struct sw_node *options = d->target->options;
    int64_t now = sw_flow_now(flow);
    struct sw_rollout rollout = {.state = state_of(d->status, d->handle.is_rollback),
                                 .percent_set = d->green,
                                 .percent_actual = d->green,
                                 .observed_at_ms = now,
                                 .true_for_ms = now};
    sw_format(rollout.raw_state, sizeof rollout.raw_state, "%s%s", d->status,
              d->handle.is_rollback ? " (codeDeployRollback)" : "");
    sw_copy(rollout.identity, sizeof rollout.identity, d->id);
    sw_copy(rollout.build, sizeof rollout.build, d->id);
    sw_copy(rollout.previous_build, sizeof rollout.previous_build, d->previous);
    char place[SW_LABEL_MAX * 2];
    sw_format(place, sizeof place, "CodeDeploy, %s/%s", sw_node_str(options, "application"),
              sw_node_str(options, "deployment_group"));
    sw_text_clean_copy(rollout.place, sizeof rollout.place, place);
    write_note(d, rollout.state, rollout.note, sizeof rollout.note);
    set_next(d, &rollout);
    rollout.handle = *d->id ? codedeploy_handle_write(&d->handle) : NULL;
    sw_flow_report_rollout(flow, d->target, &rollout);
    sw_rollout_clear(&rollout);
}

static void report_none(struct sw_flow *flow, struct deployment *d)
{
    int64_t now = sw_flow_now(flow);
    struct sw_rollout rollout = {.state = SW_STATE_NONE, .observed_at_ms = now, .true_for_ms = now};
    sw_format(rollout.place, sizeof rollout.place, "CodeDeploy, %s/%s",
              sw_node_str(d->target->options, "application"),
              sw_node_str(d->target->options, "deployment_group"));
    sw_flow_report_rollout(flow, d->target, &rollout);
}

static enum sw_code observe_target(struct sw_flow *flow, const struct sw_target *target,
                                   struct sw_error *err)
{
    struct deployment d = {.target = target};
    struct sw_error later = {0};
    enum sw_code code = find_deployment(flow, &d, err);
    if (code != SW_OK)
        return code;
    if (!*d.id) {
        report_none(flow, &d);
        return SW_OK;
    }
    code = read_deployment(flow, &d, err);
    if (code != SW_OK)
        return code;
    /* The state alone is worth telling: weights and steps that fail stay unknown. */
    code = read_targets(flow, &d, err);
    if (code == SW_E_CANCELLED)
        return code;
    enum sw_code config = read_config(flow, &d, &later);
    report_rollout(flow, &d);
    if (code == SW_OK && config != SW_OK)
        *err = later;
    return code != SW_OK ? code : config;
}

enum sw_code codedeploy_observe(struct sw_flow *flow, struct sw_error *err)
{
    struct sw_error first = {0};
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        struct sw_error own = {0};
        enum sw_code code = observe_target(flow, sw_flow_target(flow, i), &own);
        if (code != SW_OK && first.code == SW_OK)
            first = own;
        if (code == SW_E_CANCELLED)
            break;
    }
    if (err && first.code != SW_OK)
        *err = first;
    return first.code;
}
