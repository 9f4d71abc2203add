/* test_codedeploy.c: the exact requests to CodeDeploy, the state table row by row, the verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_codedeploy;

#define ACCOUNT "id: aws-deploy\nkind: codedeploy\nregion: eu-west-1\nprofile: release\n"
#define BINDING                                                                                    \
    "application: AppECS-api\ndeployment_group: DgpECS-api\ncluster: prod\nservice: api\n"
#define AWS(name) "CodeDeploy_20141006." name

#define GROUP_BODY "{\"applicationName\":\"AppECS-api\",\"deploymentGroupName\":\"DgpECS-api\"}"
#define LIST_BODY                                                                                  \
    "{\"applicationName\":\"AppECS-api\",\"deploymentGroupName\":\"DgpECS-api\","                  \
    "\"includeOnlyStatuses\":[\"Created\",\"Queued\",\"InProgress\",\"Baking\",\"Ready\"]}"
#define GET_BODY     "{\"deploymentId\":\"d-NEW\"}"
#define TARGETS_BODY "{\"deploymentId\":\"d-NEW\",\"targetIds\":[\"prod:api\"]}"
#define CONFIG_BODY  "{\"deploymentConfigName\":\"Steps\"}"

#define LAST(status)                                                                               \
    "\"lastAttemptedDeployment\":{\"deploymentId\":\"d-NEW\",\"status\":\"" status "\"},"          \
    "\"lastSuccessfulDeployment\":{\"deploymentId\":\"d-OLD\"}"
#define GROUP(status) "{\"deploymentGroupInfo\":{\"computePlatform\":\"ECS\"," LAST(status) "}}"
#define INFO(status, more)                                                                         \
    "{\"deploymentInfo\":{\"deploymentId\":\"d-NEW\",\"status\":\"" status                         \
    "\",\"deploymentConfigName\":\"Steps\"" more "}}"
#define BY_ROLLBACK                                                                                \
    ",\"creator\":\"codeDeployRollback\",\"rollbackInfo\":{\"rollbackTriggeringDeploymentId\":"    \
    "\"d-BAD\"}"
/* AllowTraffic began at 08:50:00. */
#define TARGETS(sets)                                                                              \
    "{\"deploymentTargets\":[{\"deploymentTargetType\":\"ECSTarget\",\"ecsTarget\":{"              \
    "\"lifecycleEvents\":[{\"lifecycleEventName\":\"Install\",\"endTime\":1.76889895E9},"          \
    "{\"lifecycleEventName\":\"AllowTraffic\",\"startTime\":1768899000}],"                         \
    "\"taskSetsInfo\":[" sets "]}}]}"
#define SETS(green)                                                                                \
    "{\"taskSetLabel\":\"Blue\",\"status\":\"PRIMARY\",\"trafficWeight\":90.0},"                   \
    "{\"taskSetLabel\":\"Green\",\"status\":\"ACTIVE\",\"trafficWeight\":" green "}"
#define LINEAR                                                                                     \
    "{\"deploymentConfigInfo\":{\"trafficRoutingConfig\":{\"type\":\"TimeBasedLinear\","           \
    "\"timeBasedLinear\":{\"linearPercentage\":10,\"linearInterval\":3}}}}"
#define CANARY                                                                                     \
    "{\"deploymentConfigInfo\":{\"trafficRoutingConfig\":{\"type\":\"TimeBasedCanary\","           \
    "\"timeBasedCanary\":{\"canaryPercentage\":10,\"canaryInterval\":15}}}}"
#define AT_ONCE "{\"deploymentConfigInfo\":{\"trafficRoutingConfig\":{\"type\":\"AllAtOnce\"}}}"

static struct flow_step step(const char *target, const char *body, const char *reply)
{
    return (struct flow_step){
        .request = "POST /", .aws_target = target, .body = body, .status = 200, .reply = reply};
}

static struct sw_flow *new_flow(void)
{
    struct sw_flow *flow = flow_new(&sw_source_codedeploy, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, BINDING)->platform_id = "backend";
    return flow;
}

static enum sw_code run(struct sw_flow *flow, const struct flow_step *steps, size_t count,
                        struct sw_error *err)
{
    flow_script(flow, steps, count);
    enum sw_code code = flow_observe(flow, err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    return code;
}

/* ---------------------------------------------------------- the state table */

struct state_row {
    const char *status, *info, *sets;
    bool is_over, is_stepped; /* asks for a running one; asks for the configuration */
    enum sw_state state;
    const char *raw;
    double percent; /* < 0: unknown */
    const char *note;
};

static const struct state_row rows[] = {
    {"Created", "", "", false, true, SW_STATE_BUILDING, "Created", 0, ""},
    {"Queued", "", "", false, true, SW_STATE_BUILDING, "Queued", 0, ""},
    {"InProgress", "", "", false, true, SW_STATE_ROLLING, "InProgress", 0, ""},
    {"InProgress", "", SETS("10.0"), false, true, SW_STATE_ROLLING, "InProgress", 10, ""},
    {"InProgress",
     ",\"instanceTerminationWaitTimeStarted\":true,\"blueGreenDeploymentConfiguration\":{"
     "\"terminateBlueInstancesOnDeploymentSuccess\":{\"terminationWaitTimeInMinutes\":60}}",
     SETS("100"), false, true, SW_STATE_ROLLING, "InProgress", 100, "blue stays for 60 min"},
    {"Baking", "", SETS("100"), false, true, SW_STATE_ROLLING, "Baking", 100, ""},
    {"Ready",
     ",\"blueGreenDeploymentConfiguration\":{\"deploymentReadyOption\":{\"actionOnTimeout\":"
     "\"STOP_DEPLOYMENT\",\"waitTimeInMinutes\":120}}",
     SETS("0"), false, true, SW_STATE_READY, "Ready", 0,
     "waits for advance; about Tue 20 Jan 10:49 UTC it stops by itself"},
    {"Succeeded", "", SETS("100.0"), true, true, SW_STATE_COMPLETE, "Succeeded", 100, ""},
    {"Succeeded", "", "", true, true, SW_STATE_COMPLETE, "Succeeded", -1, ""},
    {"Failed", ",\"errorInformation\":{\"code\":\"ALARM_ACTIVE\",\"message\":\"alarm\\nrang\"}",
     SETS("10"), true, true, SW_STATE_FAILED, "Failed", 10, "ALARM_ACTIVE: alarm rang"},
    {"Stopped", ",\"errorInformation\":{\"code\":\"MANUAL_STOP\"}", SETS("10"), true, true,
     SW_STATE_HALTED, "Stopped", 10, "stopped for good"},
    {"InProgress", BY_ROLLBACK, SETS("90"), false, false, SW_STATE_ROLLING,
     "InProgress (codeDeployRollback)", 90, "rolling back d-BAD"},
    {"Succeeded", BY_ROLLBACK, SETS("100"), true, false, SW_STATE_ROLLED_BACK,
     "Succeeded (codeDeployRollback)", 100, "rolled back d-BAD"},
    {"Stopped", BY_ROLLBACK, SETS("50"), true, false, SW_STATE_HALTED,
     "Stopped (codeDeployRollback)", 50, "stopped for good"},
    {"Paused\\u001b[1m", "", SETS("40"), true, true, SW_STATE_UNKNOWN, "Paused\xef\xbf\xbd[1m", 40,
     ""},
    /* Weights that are not percents, or without a green set, are unknown. */
    {"InProgress", "", SETS("140"), false, true, SW_STATE_ROLLING, "InProgress", -1, ""},
    {"InProgress", "", SETS("\"NaN\""), false, true, SW_STATE_ROLLING, "InProgress", -1, ""},
    {"InProgress", "", "{\"taskSetLabel\":\"Blue\",\"trafficWeight\":100}", false, true,
     SW_STATE_ROLLING, "InProgress", -1, ""},
};

static void check_row(const struct state_row *row)
{
    char group[600], info[900], targets[900];
    sw_format(group, sizeof group, GROUP("%s"), row->status);
    sw_format(info, sizeof info, INFO("%s", "%s"), row->status, row->info);
    sw_format(targets, sizeof targets, TARGETS("%s"), row->sets);
    struct flow_step steps[5];
    size_t count = 0;
    steps[count++] = step(AWS("GetDeploymentGroup"), GROUP_BODY, group);
    if (row->is_over)
        steps[count++] = step(AWS("ListDeployments"), LIST_BODY, "{\"deployments\":[]}");
    steps[count++] = step(AWS("GetDeployment"), GET_BODY, info);
    steps[count++] = step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, targets);
    if (row->is_stepped)
        steps[count++] = step(AWS("GetDeploymentConfig"), CONFIG_BODY, AT_ONCE);
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    enum sw_code code = run(flow, steps, count, &err);
    const struct sw_rollout *r = flow_rollout(flow, 0);
    if (code != SW_OK || !r)
        fail_msg("%s %s: %d \"%s\"", row->status, row->info, code, err.text);
    else if (r->state != row->state || strcmp(r->raw_state, row->raw) != 0 ||
             r->percent_set.is_known != (row->percent >= 0) ||
             (r->percent_set.is_known && r->percent_set.value != row->percent) ||
             !strstr(r->note, row->note))
        fail_msg("%s %s: state %s, raw \"%s\", percent %f, note \"%s\"", row->status, row->info,
                 sw_state_name(r->state), r->raw_state, r->percent_set.value, r->note);
    else if (strcmp(r->identity, "d-NEW") != 0 || strcmp(r->build, "d-NEW") != 0 || r->version[0] ||
             strcmp(r->previous_build, "d-OLD") != 0 ||
             r->percent_actual.is_known != r->percent_set.is_known ||
             strcmp(r->place, "CodeDeploy, AppECS-api/DgpECS-api") != 0)
        fail_msg("%s: identity %s, build %s, place %s", row->status, r->identity, r->build,
                 r->place);
    flow_free(flow);
}

static void test_state_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

static void test_no_deployment_yet(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, "{\"deploymentGroupInfo\":{}}"),
        step(AWS("ListDeployments"), LIST_BODY, "{}"),
    };
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 2, &err), SW_OK);
    assert_int_equal(flow_rollout(flow, 0)->state, SW_STATE_NONE);
    assert_string_equal(flow_rollout(flow, 0)->identity, "");
    flow_free(flow);
}

/* The last attempted one is over: one that runs wins. */
static void test_a_running_deployment_wins(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY,
             "{\"deploymentGroupInfo\":{\"lastAttemptedDeployment\":{\"deploymentId\":\"d-OLD\","
             "\"status\":\"Stopped\"}}}"),
        step(AWS("ListDeployments"), LIST_BODY, "{\"deployments\":[\"d-NEW\"]}"),
        step(AWS("GetDeployment"), GET_BODY, INFO("InProgress", BY_ROLLBACK)),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, TARGETS(SETS("100"))),
    };
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 4, &err), SW_OK);
    assert_string_equal(flow_rollout(flow, 0)->identity, "d-NEW");
    flow_free(flow);
}

/* An empty page may lead to the one that has it; pages that do not end are an error. */
static void test_a_running_deployment_is_found_on_a_later_page(void **state)
{
    (void)state;
#define PAGE_BODY(token)                                                                           \
    "{\"applicationName\":\"AppECS-api\",\"deploymentGroupName\":\"DgpECS-api\","                  \
    "\"includeOnlyStatuses\":[\"Created\",\"Queued\",\"InProgress\",\"Baking\",\"Ready\"],"        \
    "\"nextToken\":\"" token "\"}"
    static const char group[] = "{\"deploymentGroupInfo\":{\"lastAttemptedDeployment\":{"
                                "\"deploymentId\":\"d-OLD\",\"status\":\"Stopped\"}}}";
    const struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, group),
        step(AWS("ListDeployments"), LIST_BODY, "{\"deployments\":[],\"nextToken\":\"a\"}"),
        step(AWS("ListDeployments"), PAGE_BODY("a"), "{\"deployments\":[\"d-NEW\"]}"),
        step(AWS("GetDeployment"), GET_BODY, INFO("InProgress", BY_ROLLBACK)),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, TARGETS(SETS("100"))),
    };
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 5, &err), SW_OK);
    assert_string_equal(flow_rollout(flow, 0)->identity, "d-NEW");
    const struct flow_step endless[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, group),
        step(AWS("ListDeployments"), LIST_BODY, "{\"nextToken\":\"a\"}"),
        step(AWS("ListDeployments"), PAGE_BODY("a"), "{\"nextToken\":\"a\"}"),
    };
    assert_int_equal(run(flow, endless, 3, &err), SW_E_LIMIT);
    flow_free(flow);
}

static void test_steps_become_the_plan_and_the_next_step(void **state)
{
    (void)state;
    static const struct {
        const char *config, *weight;
        size_t stages;
        double first, second, next;
        int64_t soak_s, next_at_ms;
    } cases[] = {
        {LINEAR, "30", 10, 10, 20, 40, 180, INT64_C(1768899540000)}, /* 08:50 + 3 x 3 min */
        {LINEAR, "90", 10, 10, 20, 100, 180, INT64_C(1768900620000)},
        {CANARY, "10", 2, 10, 100, 100, 900, INT64_C(1768899900000)},
        {AT_ONCE, "50", 1, 100, 0, -1, 0, 0},
        {LINEAR, "100", 10, 10, 20, -1, 180, 0},
        {LINEAR, "0", 10, 10, 20, -1, 180, 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char targets[900];
        sw_format(targets, sizeof targets, TARGETS(SETS("%s")), cases[i].weight);
        const struct flow_step steps[] = {
            step(AWS("GetDeploymentGroup"), GROUP_BODY, GROUP("InProgress")),
            step(AWS("GetDeployment"), GET_BODY, INFO("InProgress", "")),
            step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, targets),
            step(AWS("GetDeploymentConfig"), CONFIG_BODY, cases[i].config),
        };
        struct sw_flow *flow = new_flow();
        struct sw_error err = {0};
        assert_int_equal(run(flow, steps, 4, &err), SW_OK);
        assert_true(flow_reports(flow)->has_plan[0]);
        const struct sw_plan *plan = &flow_reports(flow)->plans[0];
        assert_int_equal(plan->kind, SW_PLAN_SERVICE);
        assert_int_equal(plan->count, cases[i].stages);
        assert_true(plan->stages[0].percent == cases[i].first);
        assert_true(plan->stages[0].soak_s == cases[i].soak_s);
        assert_true(plan->stages[0].weekday == -1);
        assert_true(cases[i].stages < 2 || plan->stages[1].percent == cases[i].second);
        assert_true(plan->stages[plan->count - 1].percent == 100);
        assert_true(plan->stages[plan->count - 1].soak_s == 0);
        const struct sw_rollout *r = flow_rollout(flow, 0);
        assert_int_equal(r->next_percent.is_known, cases[i].next >= 0);
        assert_true(!r->next_percent.is_known || r->next_percent.value == cases[i].next);
        assert_true(r->next_at_ms == cases[i].next_at_ms);
        assert_int_equal(r->is_next_estimated, cases[i].next >= 0);
        flow_free(flow);
    }
}

/* Steps of 1 % are more than a plan holds: thinned out, the end kept. */
static void test_a_long_plan_is_thinned(void **state)
{
    (void)state;
    const struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, GROUP("InProgress")),
        step(AWS("GetDeployment"), GET_BODY, INFO("InProgress", "")),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, TARGETS("")),
        step(AWS("GetDeploymentConfig"), CONFIG_BODY,
             "{\"deploymentConfigInfo\":{\"trafficRoutingConfig\":{\"type\":\"TimeBasedLinear\","
             "\"timeBasedLinear\":{\"linearPercentage\":1,\"linearInterval\":2}}}}"),
    };
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 4, &err), SW_OK);
    const struct sw_plan *plan = &flow_reports(flow)->plans[0];
    assert_int_equal(plan->count, 20);
    assert_true(plan->stages[0].percent == 5 && plan->stages[0].soak_s == 600);
    assert_true(plan->stages[19].percent == 100);
    flow_free(flow);
}

/* -------------------------------------------------------- failures on the way */

static void test_not_started_is_queued(void **state)
{
    (void)state;
    struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, GROUP("Created")),
        step(AWS("GetDeployment"), GET_BODY, INFO("Created", "")),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY,
             "{\"__type\":\"DeploymentNotStartedException\",\"message\":\"x\"}"),
        step(AWS("GetDeploymentConfig"), CONFIG_BODY, CANARY),
    };
    steps[2].status = 400;
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 4, &err), SW_OK);
    assert_true(flow_rollout(flow, 0)->percent_set.is_known &&
                flow_rollout(flow, 0)->percent_set.value == 0);
    flow_free(flow);
}

/* The state is told although the weights cannot be read. */
static void test_a_wrong_service_is_said(void **state)
{
    (void)state;
    struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, GROUP("InProgress")),
        step(AWS("GetDeployment"), GET_BODY, INFO("InProgress", "")),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY,
             "{\"__type\":\"DeploymentTargetDoesNotExistException\",\"message\":\"x\"}"),
        step(AWS("GetDeploymentConfig"), CONFIG_BODY, CANARY),
    };
    steps[2].status = 400;
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, 4, &err), SW_E_CONFIG);
    assert_string_equal(
        err.text, "deployment d-NEW has no target prod:api: check cluster and service of backend");
    assert_int_equal(flow_rollout(flow, 0)->state, SW_STATE_ROLLING);
    assert_false(flow_rollout(flow, 0)->percent_set.is_known);
    flow_free(flow);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
        const char *reply;
        enum sw_code code;
    } cases[] = {
        {"no such group", 400, "{\"__type\":\"DeploymentGroupDoesNotExistException\"}",
         SW_E_NOT_FOUND},
        {"throttled", 400, "{\"__type\":\"ThrottlingException\"}", SW_E_QUOTA},
        {"no permission", 400, "{\"__type\":\"AccessDeniedException\"}", SW_E_DENIED},
        {"server error", 503, "", SW_E_HTTP},
        {"not JSON", 200, "<html>", SW_E_PARSE},
        {"nothing in it", 200, "{}", SW_E_PARSE},
        {"another platform", 200, "{\"deploymentGroupInfo\":{\"computePlatform\":\"Lambda\"}}",
         SW_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct flow_step one = step(AWS("GetDeploymentGroup"), GROUP_BODY, cases[i].reply);
        one.status = cases[i].status;
        struct sw_flow *flow = new_flow();
        struct sw_error err = {0};
        enum sw_code code = run(flow, &one, 1, &err);
        if (code != cases[i].code || err.code != code || flow_rollout(flow, 0))
            fail_msg("%s: %d \"%s\"", cases[i].name, code, err.text);
        flow_free(flow);
    }
}

/* --------------------------------------------------------------------- offers */

/* A rollout as the source itself reports it, with a handle. */
static struct sw_flow *observed(const char *status, const char *info, const char *weight,
                                const char *config)
{
    static char group[600], text[900], targets[900];
    sw_format(group, sizeof group, GROUP("%s"), "InProgress");
    sw_format(text, sizeof text, INFO("%s", "%s"), status, info);
    sw_format(targets, sizeof targets, TARGETS(SETS("%s")), weight);
    const struct flow_step steps[] = {
        step(AWS("GetDeploymentGroup"), GROUP_BODY, group),
        step(AWS("GetDeployment"), GET_BODY, text),
        step(AWS("BatchGetDeploymentTargets"), TARGETS_BODY, targets),
        step(AWS("GetDeploymentConfig"), CONFIG_BODY, config),
    };
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(run(flow, steps, config ? 4 : 3, &err), SW_OK);
    return flow;
}

#define TERMINATION ",\"instanceTerminationWaitTimeStarted\":true"
#define STOP_REQUEST                                                                               \
    ",\"autoRollbackConfiguration\":{\"enabled\":true,\"events\":[\"DEPLOYMENT_STOP_ON_REQUEST\"]" \
    "}"
#define STOP_DISABLED                                                                              \
    ",\"autoRollbackConfiguration\":{\"enabled\":false,\"events\":[\"DEPLOYMENT_STOP_ON_"          \
    "REQUEST\"]}"

struct offer_case {
    const char *status, *info, *weight, *config;
    enum sw_verb verb;
    bool is_possible;
    const char *text; /* in the effect, or in the reason */
    double to;        /* -1: unknown */
};

static const struct offer_case offers[] = {
    {"InProgress", "", "10", CANARY, SW_VERB_HALT, true, "traffic stays at 10% on green", 10},
    {"InProgress", STOP_REQUEST, "10", CANARY, SW_VERB_HALT, true, "may move all traffic back", 10},
    {"InProgress", STOP_DISABLED, "10", CANARY, SW_VERB_HALT, true, "traffic stays at", 10},
    {"Created", "", "0", CANARY, SW_VERB_HALT, true, "traffic stays at 0%", 0},
    {"Ready", "", "0", CANARY, SW_VERB_HALT, false, "it already waits", 0},
    {"InProgress", BY_ROLLBACK, "50", NULL, SW_VERB_HALT, false, "a rollback is under way", 50},
    {"Stopped", "", "10", CANARY, SW_VERB_HALT, false, "stopped already", 10},
    {"Succeeded", "", "100", CANARY, SW_VERB_HALT, false, "no traffic is being shifted", 100},
    {"Sideways", "", "30", CANARY, SW_VERB_HALT, true, "Ends deployment d-NEW", 30},
    {"Stopped", "", "10", CANARY, SW_VERB_RESUME, false, "only a new one goes on or back", -1},
    {"Ready", "", "0", CANARY, SW_VERB_ADVANCE, true, "Starts the traffic shift", 10},
    {"Ready", "", "0", AT_ONCE, SW_VERB_ADVANCE, true, "all traffic at once", 100},
    {"InProgress", "", "10", CANARY, SW_VERB_ADVANCE, false, "no call skips the wait", -1},
    {"InProgress", TERMINATION, "100", CANARY, SW_VERB_ADVANCE, false, "on green already", -1},
    {"Ready", "", "0", AT_ONCE, SW_VERB_COMPLETE, true, "Moves all traffic", 100},
    {"Ready", "", "0", LINEAR, SW_VERB_COMPLETE, false, "advance starts them", 100},
    {"InProgress", "", "10", CANARY, SW_VERB_COMPLETE, false, "no call skips the wait", 100},
    {"InProgress", TERMINATION, "100", CANARY, SW_VERB_COMPLETE, true, "blue) is stopped now", 100},
    {"InProgress", "", "10", CANARY, SW_VERB_ROLLBACK, true, "moves all traffic back", 0},
    {"Ready", "", "0", CANARY, SW_VERB_ROLLBACK, true, "moves all traffic back", 0},
    {"InProgress", BY_ROLLBACK, "50", NULL, SW_VERB_ROLLBACK, false, "under way already", 0},
    {"Stopped", "", "10", CANARY, SW_VERB_ROLLBACK, false, "needs a new deployment", 0},
    {"Succeeded", "", "100", CANARY, SW_VERB_ROLLBACK, false, "needs a new deployment", 0},
    {"Succeeded", BY_ROLLBACK, "100", NULL, SW_VERB_ROLLBACK, false, "rolled back already", 0},
};

static void test_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(offers); i++) {
        const struct offer_case *c = &offers[i];
        struct sw_flow *flow = observed(c->status, c->info, c->weight, c->config);
        struct sw_source_offer offer;
        sw_source_codedeploy.offer(sw_flow_target(flow, 0), flow_rollout(flow, 0), c->verb, &offer);
        const char *text = c->is_possible ? offer.effect : offer.reason;
        if (offer.is_possible != c->is_possible || !strstr(text, c->text) ||
            offer.to_percent.is_known != (c->to >= 0) ||
            (c->to >= 0 && offer.to_percent.value != c->to))
            fail_msg("%s %s %s: possible %d, to %f, effect \"%s\", reason \"%s\"", c->status,
                     c->info, sw_verb_name(c->verb), offer.is_possible, offer.to_percent.value,
                     offer.effect, offer.reason);
        flow_free(flow);
    }
}

static void test_nothing_is_offered_without_a_deployment(void **state)
{
    (void)state;
    static const struct sw_rollout none = {.state = SW_STATE_NONE};
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_source_offer offer;
        sw_source_codedeploy.offer(NULL, &none, (enum sw_verb)verb, &offer);
        assert_false(offer.is_possible);
        assert_true(offer.reason[0]);
    }
}

/* ------------------------------------------------------------------------ act */

struct act_case {
    const char *name;
    enum sw_verb verb;
    enum sw_state state;
    const char *handle;
    const char *target, *body; /* NULL: nothing may be sent */
    int status;
    const char *reply;
    enum sw_code fail;
    enum sw_code code;
    const char *text;
};

#define STOP_BODY(back) "{\"deploymentId\":\"d-NEW\",\"autoRollbackEnabled\":" back "}"
#define GO_BODY(wait)   "{\"deploymentId\":\"d-NEW\",\"deploymentWaitType\":\"" wait "\"}"
#define STOPPED         "{\"status\":\"Succeeded\",\"statusMessage\":\"\"}"
#define H_ONCE          "{\"deployment\":\"d-NEW\",\"routing\":\"all\"}"
#define H_WAIT          "{\"deployment\":\"d-NEW\",\"is_termination_wait\":true}"

static const struct act_case acts[] = {
    {"halt", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"), STOP_BODY("false"), 200,
     STOPPED, SW_OK, SW_OK, ""},
    {"halt, accepted and pending", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 200, "{\"status\":\"Pending\"}", SW_OK, SW_OK, ""},
    {"roll back", SW_VERB_ROLLBACK, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("true"), 200, STOPPED, SW_OK, SW_OK, ""},
    {"advance from READY, empty reply", SW_VERB_ADVANCE, SW_STATE_READY, NULL,
     AWS("ContinueDeployment"), GO_BODY("READY_WAIT"), 200, NULL, SW_OK, SW_OK, ""},
    {"advance not from READY", SW_VERB_ADVANCE, SW_STATE_ROLLING, NULL, NULL, NULL, 0, NULL, SW_OK,
     SW_E_CONFLICT, "Nothing was sent"},
    {"complete all at once", SW_VERB_COMPLETE, SW_STATE_READY, H_ONCE, AWS("ContinueDeployment"),
     GO_BODY("READY_WAIT"), 200, NULL, SW_OK, SW_OK, ""},
    {"complete ends the wait for blue", SW_VERB_COMPLETE, SW_STATE_ROLLING, H_WAIT,
     AWS("ContinueDeployment"), GO_BODY("TERMINATION_WAIT"), 200, NULL, SW_OK, SW_OK, ""},
    {"complete in the shift", SW_VERB_COMPLETE, SW_STATE_ROLLING, H_ONCE, NULL, NULL, 0, NULL,
     SW_OK, SW_E_CONFLICT, "Nothing was sent"},
    {"resume", SW_VERB_RESUME, SW_STATE_HALTED, NULL, NULL, NULL, 0, NULL, SW_OK, SW_E_UNSUPPORTED,
     "Nothing was sent"},
    {"halt lost the race", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 400,
     "{\"__type\":\"DeploymentAlreadyCompletedException\",\"message\":\"it is over\"}", SW_OK,
     SW_E_CONFLICT,
     "NOT HALTED: codedeploy:StopDeployment: AWS answered 400 "
     "DeploymentAlreadyCompletedException: it is over"},
    {"advance lost the race", SW_VERB_ADVANCE, SW_STATE_READY, NULL, AWS("ContinueDeployment"),
     GO_BODY("READY_WAIT"), 400, "{\"__type\":\"DeploymentIsNotInReadyStateException\"}", SW_OK,
     SW_E_CONFLICT, "DeploymentIsNotInReadyStateException"},
    {"halt without the right", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 400, "{\"__type\":\"AccessDeniedException\"}", SW_OK, SW_E_DENIED,
     "NOT HALTED"},
    {"halt throttled", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 400, "{\"__type\":\"ThrottlingException\"}", SW_OK, SW_E_QUOTA,
     "NOT HALTED"},
    {"halt without an answer", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 0, NULL, SW_E_TIMEOUT, SW_E_OUTCOME_UNKNOWN, "StopDeployment"},
    {"halt answered by a gateway", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 502, "<html>", SW_OK, SW_E_OUTCOME_UNKNOWN, "StopDeployment"},
    {"roll back answered by garbage", SW_VERB_ROLLBACK, SW_STATE_ROLLING, NULL,
     AWS("StopDeployment"), STOP_BODY("true"), 200, "garbage", SW_OK, SW_E_OUTCOME_UNKNOWN, ""},
    {"halt cancelled", SW_VERB_HALT, SW_STATE_ROLLING, NULL, AWS("StopDeployment"),
     STOP_BODY("false"), 0, NULL, SW_E_CANCELLED, SW_E_CANCELLED, ""},
};

static void test_acts(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(acts); i++) {
        const struct act_case *c = &acts[i];
        struct flow_step one = step(c->target, c->body, c->reply);
        one.status = c->status;
        one.fail = c->fail;
        struct sw_rollout before = {.state = c->state, .identity = "d-NEW", .raw_state = "Raw"};
        before.handle = sw_xstrdup(c->handle);
        const struct sw_act act = {.verb = c->verb, .before = &before};
        struct sw_flow *flow = new_flow();
        struct sw_error err = {0};
        flow_set_action(flow, true);
        flow_script(flow, &one, c->target ? 1 : 0);
        enum sw_code code = flow_act(flow, &act, &err);
        if (flow_mismatch(flow))
            fail_msg("%s: %s", c->name, flow_mismatch(flow));
        if (code != c->code || err.code != code || !strstr(err.text, c->text))
            fail_msg("%s: %d \"%s\"", c->name, code, err.text);
        if (flow_exchanges(flow) != (c->target ? 1u : 0u))
            fail_msg("%s: %zu exchanges", c->name, flow_exchanges(flow));
        free(before.handle);
        flow_free(flow);
    }
}

static void test_an_unknown_deployment_is_not_addressed(void **state)
{
    (void)state;
    const struct sw_rollout before = {.state = SW_STATE_ROLLING};
    const struct sw_act act = {.verb = SW_VERB_HALT, .before = &before, .is_blind = true};
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    assert_int_equal(flow_act(flow, &act, &err), SW_E_CONFLICT);
    assert_non_null(strstr(err.text, "NOT HALTED"));
    assert_int_equal(flow_exchanges(flow), 0);
    flow_free(flow);
}

static void test_a_dry_run_sends_nothing(void **state)
{
    (void)state;
    const struct flow_step one = step(AWS("StopDeployment"), STOP_BODY("false"), "not used");
    const struct sw_rollout before = {.state = SW_STATE_ROLLING, .identity = "d-NEW"};
    const struct sw_act act = {.verb = SW_VERB_HALT, .before = &before};
    struct sw_flow *flow = new_flow();
    struct sw_error err = {0};
    flow_set_dry_run(flow, true);
    flow_script(flow, &one, 1);
    assert_int_equal(flow_act(flow, &act, &err), SW_OK);
    assert_null(flow_mismatch(flow));
    flow_free(flow);
}

/* ----------------------------------------------------------------------- seen */

struct seen_case {
    enum sw_verb verb;
    enum sw_state before;
    const char *identity;
    enum sw_state now;
    double percent; /* < 0: unknown */
    const char *handle;
    bool is_seen;
};

#define H_BACK  "{\"deployment\":\"d-BACK\",\"is_rollback\":true,\"triggered_by\":\"d-NEW\"}"
#define H_OTHER "{\"deployment\":\"d-BACK\",\"is_rollback\":true,\"triggered_by\":\"d-XXX\"}"
#define H_NEXT  "{\"deployment\":\"d-NEXT\"}"

static const struct seen_case seen[] = {
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEW", SW_STATE_ROLLING, 10, NULL, false},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEW", SW_STATE_HALTED, 10, NULL, true},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEW", SW_STATE_FAILED, 10, NULL, true},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEW", SW_STATE_COMPLETE, 100, NULL, false},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEW", SW_STATE_UNKNOWN, -1, NULL, false},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-BACK", SW_STATE_ROLLING, 90, H_BACK, true},
    {SW_VERB_HALT, SW_STATE_ROLLING, "d-NEXT", SW_STATE_HALTED, 10, H_NEXT, false},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-NEW", SW_STATE_HALTED, 10, NULL, false},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-NEW", SW_STATE_HALTED, -1, NULL, false},
    {SW_VERB_ROLLBACK, SW_STATE_READY, "d-NEW", SW_STATE_HALTED, 0, NULL, true},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-BACK", SW_STATE_ROLLING, 90, H_BACK, true},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-BACK", SW_STATE_ROLLED_BACK, 100, H_BACK, true},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-BACK", SW_STATE_ROLLING, 90, H_OTHER, false},
    {SW_VERB_ROLLBACK, SW_STATE_ROLLING, "d-NEXT", SW_STATE_ROLLING, 10, H_NEXT, false},
    {SW_VERB_ADVANCE, SW_STATE_READY, "d-NEW", SW_STATE_READY, 0, NULL, false},
    {SW_VERB_ADVANCE, SW_STATE_READY, "d-NEW", SW_STATE_ROLLING, 0, NULL, true},
    {SW_VERB_ADVANCE, SW_STATE_READY, "d-NEW", SW_STATE_COMPLETE, 100, NULL, true},
    {SW_VERB_ADVANCE, SW_STATE_READY, "d-NEXT", SW_STATE_ROLLING, 10, H_NEXT, false},
    {SW_VERB_COMPLETE, SW_STATE_READY, "d-NEW", SW_STATE_ROLLING, 0, NULL, false},
    {SW_VERB_COMPLETE, SW_STATE_READY, "d-NEW", SW_STATE_ROLLING, 100, NULL, true},
    {SW_VERB_COMPLETE, SW_STATE_ROLLING, "d-NEW", SW_STATE_ROLLING, 100, NULL, false},
    {SW_VERB_COMPLETE, SW_STATE_ROLLING, "d-NEW", SW_STATE_COMPLETE, 100, NULL, true},
};

static void test_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(seen); i++) {
        const struct seen_case *c = &seen[i];
        const struct sw_rollout before = {.state = c->before, .identity = "d-NEW"};
        struct sw_rollout now = {.state = c->now, .percent_set = {c->percent, c->percent >= 0}};
        sw_copy(now.identity, sizeof now.identity, c->identity);
        now.handle = sw_xstrdup(c->handle);
        const struct sw_act act = {.verb = c->verb, .before = &before};
        if (sw_source_codedeploy.is_seen(&act, &now) != c->is_seen)
            fail_msg("row %zu: %s of %s, now %s at %s", i, sw_verb_name(c->verb), "d-NEW",
                     c->identity, sw_state_name(c->now));
        free(now.handle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_table),
        cmocka_unit_test(test_no_deployment_yet),
        cmocka_unit_test(test_a_running_deployment_wins),
        cmocka_unit_test(test_a_running_deployment_is_found_on_a_later_page),
        cmocka_unit_test(test_steps_become_the_plan_and_the_next_step),
        cmocka_unit_test(test_a_long_plan_is_thinned),
        cmocka_unit_test(test_not_started_is_queued),
        cmocka_unit_test(test_a_wrong_service_is_said),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_nothing_is_offered_without_a_deployment),
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_an_unknown_deployment_is_not_addressed),
        cmocka_unit_test(test_a_dry_run_sends_nothing),
        cmocka_unit_test(test_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
