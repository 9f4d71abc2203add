/* test_rights.c: the exact questions about rights of the three stores, and what each answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_app_store;
extern const struct sw_source_kind sw_source_codedeploy;
extern const struct sw_source_kind sw_source_google_play;

static enum sw_code ask(struct sw_flow *flow, const struct flow_step *steps, size_t count,
                        struct sw_right_seen seen[SW_VERB_COUNT], struct sw_error *err)
{
    flow_script(flow, steps, count);
    enum sw_code code = flow_rights(flow, seen, err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    return code;
}

/* ---------------------------------------------------------------- App Store */

#define NIL        "00000000-0000-0000-0000-000000000000"
#define APPLE_PATH "PATCH /v1/appStoreVersionPhasedReleases/" NIL
#define APPLE_PATCH                                                                                \
    "{\"data\":{\"type\":\"appStoreVersionPhasedReleases\",\"id\":\"" NIL                          \
    "\",\"attributes\":{\"phasedReleaseState\":\"PAUSED\"}}}"
#define APPLE_POST                                                                                 \
    "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\",\"relationships\":{"                   \
    "\"appStoreVersion\":{\"data\":{\"type\":\"appStoreVersions\",\"id\":\"" NIL "\"}}}}}"
#define APPLE_ERROR(status, code)                                                                  \
    "{\"errors\":[{\"status\":\"" status "\",\"code\":\"" code                                     \
    "\",\"title\":\"T\",\"detail\":\"Apple's words\"}]}"

struct answer {
    int status;
    const char *body;
    enum sw_code fail;
    enum sw_right right;
};

static const struct answer apple_answers[] = {
    {403, APPLE_ERROR("403", "FORBIDDEN_ERROR"), SW_OK, SW_RIGHT_NO},
    {404, APPLE_ERROR("404", "NOT_FOUND"), SW_OK, SW_RIGHT_MAY},
    {409, APPLE_ERROR("409", "ENTITY_ERROR.RELATIONSHIP.INVALID"), SW_OK, SW_RIGHT_MAY},
    {422, APPLE_ERROR("422", "ENTITY_UNPROCESSABLE"), SW_OK, SW_RIGHT_MAY},
    {403, APPLE_ERROR("403", "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED"), SW_OK,
     SW_RIGHT_UNKNOWN},
    {403, "<html>the proxy says no</html>", SW_OK, SW_RIGHT_UNKNOWN},
    {404, "<html>the proxy knows nothing</html>", SW_OK, SW_RIGHT_UNKNOWN},
    {400, APPLE_ERROR("400", "PARAMETER_ERROR"), SW_OK, SW_RIGHT_UNKNOWN},
    {401, APPLE_ERROR("401", "NOT_AUTHORIZED"), SW_OK, SW_RIGHT_UNKNOWN},
    {429, APPLE_ERROR("429", "RATE_LIMIT_EXCEEDED"), SW_OK, SW_RIGHT_UNKNOWN},
    {500, APPLE_ERROR("500", "UNEXPECTED_ERROR"), SW_OK, SW_RIGHT_UNKNOWN},
    {200, APPLE_PATCH, SW_OK, SW_RIGHT_UNKNOWN},
    {0, NULL, SW_E_TIMEOUT, SW_RIGHT_UNKNOWN},
};

static struct sw_flow *apple_flow(void)
{
    struct sw_flow *flow = flow_new(
        &sw_source_app_store,
        "id: apple\nkind: app_store\nkey_id: 2X9R4HXF34\nkey_file: /nowhere/key.p8\n");
    flow_add_target(flow, SW_ROLE_ROLLOUT, "source: apple\nbundle_id: com.acme.app\n");
    return flow;
}

static struct flow_step apple_step(bool is_release, const struct answer *answer)
{
    return (struct flow_step){
        .request = is_release ? "POST /v1/appStoreVersionReleaseRequests" : APPLE_PATH,
        .body = is_release ? APPLE_POST : APPLE_PATCH,
        .status = answer->status,
        .reply = answer->body,
        .fail = answer->fail};
}

static void apple_is_asked_with_the_nil_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(apple_answers); i++) {
        const struct answer *phase = &apple_answers[i];
        const struct answer *release =
            &apple_answers[SW_ARRAY_LEN(apple_answers) - 1 - i]; /* each for its own verbs */
        const struct flow_step steps[] = {apple_step(false, phase), apple_step(true, release)};
        struct sw_right_seen seen[SW_VERB_COUNT];
        struct sw_error err = {0};
        struct sw_flow *flow = apple_flow();
        enum sw_code code = ask(flow, steps, 2, seen, &err);
        assert_int_equal(seen[SW_VERB_HALT].right, phase->right);
        assert_int_equal(seen[SW_VERB_RESUME].right, phase->right);
        assert_int_equal(seen[SW_VERB_COMPLETE].right, phase->right);
        assert_int_equal(seen[SW_VERB_ADVANCE].right, release->right);
        assert_int_equal(seen[SW_VERB_ROLLBACK].right, SW_RIGHT_UNKNOWN);
        assert_string_equal(seen[SW_VERB_ROLLBACK].words, ""); /* Apple has none */
        assert_true(seen[SW_VERB_HALT].words[0] != '\0');
        bool is_known = phase->right != SW_RIGHT_UNKNOWN || release->right != SW_RIGHT_UNKNOWN;
        assert_int_equal(code == SW_OK, is_known);
        if (phase->right == SW_RIGHT_NO)
            assert_string_equal(seen[SW_VERB_HALT].words,
                                "asking to change a phased release: Apple says \"Apple's words\" "
                                "(403 FORBIDDEN_ERROR): the key's role is too low for it");
        flow_free(flow);
    }
}

static void apple_is_not_asked_on_when_told_to_end(void **state)
{
    (void)state;
    static const struct answer cut = {.fail = SW_E_CANCELLED};
    const struct flow_step step = apple_step(false, &cut);
    struct sw_right_seen seen[SW_VERB_COUNT];
    struct sw_error err = {0};
    struct sw_flow *flow = apple_flow();
    assert_int_equal(ask(flow, &step, 1, seen, &err), SW_E_CANCELLED);
    flow_free(flow);
}

/* --------------------------------------------------------------- CodeDeploy */

#define AWS_ERROR(code, message) "{\"__type\":\"" code "\",\"message\":\"" message "\"}"
#define AWS_DENIED(resource)                                                                       \
    AWS_ERROR("AccessDeniedException",                                                             \
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "              \
              "codedeploy:StopDeployment on resource: arn:aws:codedeploy:eu-west-1:123456789012"   \
              ":" resource " because no identity-based policy allows it")

static const struct answer aws_answers[] = {
    {400, AWS_DENIED("deploymentgroup:AppECS-api/DgpECS-api"), SW_OK, SW_RIGHT_NO},
    {400, AWS_DENIED("deploymentgroup:AppECS-api/DgpECS-api-2"), SW_OK, SW_RIGHT_UNKNOWN},
    {400, AWS_DENIED("deploymentgroup:*"), SW_OK, SW_RIGHT_UNKNOWN},
    {400, AWS_ERROR("AccessDeniedException", ""), SW_OK, SW_RIGHT_UNKNOWN},
    {400,
     AWS_ERROR("com.amazonaws.codedeploy#DeploymentDoesNotExistException",
               "The deployment d-000000000 could not be found"),
     SW_OK, SW_RIGHT_MAY},
    {400, AWS_ERROR("InvalidDeploymentIdException", "no id"), SW_OK, SW_RIGHT_MAY},
    {400, AWS_ERROR("ThrottlingException", "Rate exceeded"), SW_OK, SW_RIGHT_UNKNOWN},
    {403, AWS_ERROR("UnrecognizedClientException", "bad token"), SW_OK, SW_RIGHT_UNKNOWN},
    {500, "", SW_OK, SW_RIGHT_UNKNOWN},
    {200, "{\"status\":\"Succeeded\"}", SW_OK, SW_RIGHT_UNKNOWN},
    {0, NULL, SW_E_NETWORK, SW_RIGHT_UNKNOWN},
};

static struct flow_step aws_step(bool is_stop, const struct answer *answer)
{
    return (struct flow_step){
        .request = "POST /",
        .aws_target = is_stop ? "CodeDeploy_20141006.StopDeployment"
                              : "CodeDeploy_20141006.ContinueDeployment",
        .body = is_stop
                    ? "{\"deploymentId\":\"d-000000000\"}"
                    : "{\"deploymentId\":\"d-000000000\",\"deploymentWaitType\":\"READY_WAIT\"}",
        .status = answer->status,
        .reply = answer->body,
        .fail = answer->fail};
}

static void aws_is_asked_with_no_deployment(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(aws_answers); i++) {
        const struct answer *stop = &aws_answers[i];
        const struct answer *go_on = &aws_answers[SW_ARRAY_LEN(aws_answers) - 1 - i];
        const struct flow_step steps[] = {aws_step(true, stop), aws_step(false, go_on)};
        struct sw_right_seen seen[SW_VERB_COUNT];
        struct sw_error err = {0};
        struct sw_flow *flow = flow_new(
            &sw_source_codedeploy,
            "id: aws-deploy\nkind: codedeploy\nregion: eu-west-1\nprofile: release\n");
        flow_add_target(flow, SW_ROLE_ROLLOUT,
                        "application: AppECS-api\ndeployment_group: DgpECS-api\ncluster: prod\n"
                        "service: api\n");
        enum sw_code code = ask(flow, steps, 2, seen, &err);
        assert_int_equal(seen[SW_VERB_HALT].right, stop->right);
        assert_int_equal(seen[SW_VERB_ROLLBACK].right, stop->right);
        assert_int_equal(seen[SW_VERB_ADVANCE].right, go_on->right);
        assert_int_equal(seen[SW_VERB_COMPLETE].right, go_on->right);
        assert_string_equal(seen[SW_VERB_RESUME].words, ""); /* CodeDeploy has none */
        bool is_known = stop->right != SW_RIGHT_UNKNOWN || go_on->right != SW_RIGHT_UNKNOWN;
        assert_int_equal(code == SW_OK, is_known);
        if (code != SW_OK)
            assert_int_equal(err.code, code);
        flow_free(flow);
    }
}

/* -------------------------------------------------------------- Google Play */

#define APP "/androidpublisher/v3/applications/com.acme.app"
#define TRACK                                                                                      \
    "{\"track\":\"production\",\"releases\":[{\"versionCodes\":[\"7\"],\"status\":\"inProgress\"," \
    "\"userFraction\":0.1},{\"versionCodes\":[\"6\"],\"status\":\"completed\"}]}"
#define GOOGLE_ERROR(code, status, message)                                                        \
    "{\"error\":{\"code\":" code ",\"status\":\"" status "\",\"message\":\"" message "\"}}"
#define NOT_PERMITTED GOOGLE_ERROR("403", "PERMISSION_DENIED", "The caller does not have permission")

enum { PLAY_OPEN, PLAY_READ, PLAY_PUT, PLAY_VALIDATE, PLAY_DROP, PLAY_STEPS };

/* Every step up to the one that gets this answer; PLAY_STEPS: none does. */
static size_t play_script(struct flow_step steps[PLAY_STEPS], int at, const struct answer *answer,
                          bool is_dropped)
{
    static const struct flow_step all[PLAY_STEPS] = {
        {.request = "POST " APP "/edits", .body = "{}", .status = 200, .reply = "{\"id\":\"e1\"}"},
        {.request = "GET " APP "/edits/e1/tracks",
         .status = 200,
         .reply = "{\"tracks\":[" TRACK "]}"},
        {.request = "PUT " APP "/edits/e1/tracks/production",
         .body = TRACK,
         .status = 200,
         .reply = TRACK},
        {.request = "POST " APP "/edits/e1:validate", .status = 200, .reply = "{\"id\":\"e1\"}"},
        {.request = "DELETE " APP "/edits/e1", .status = 204},
    };
    size_t count = 0;
    for (int i = 0; i < PLAY_DROP && i <= at; i++) {
        steps[count] = all[i];
        if (i == at) {
            steps[count].status = answer->status;
            steps[count].reply = answer->body;
            steps[count].fail = answer->fail;
        }
        count++;
    }
    if (is_dropped)
        steps[count++] = all[PLAY_DROP];
    return count;
}

static struct sw_flow *play_flow(void)
{
    struct sw_flow *flow = flow_new(&sw_source_google_play,
                                    "id: play\nkind: google_play\nkey_file: /nowhere/key.json\n");
    flow_add_target(flow, SW_ROLE_ROLLOUT, "source: play\npackage: com.acme.app\n");
    return flow;
}

static void play_is_asked_in_an_edit_that_is_thrown_away(void **state)
{
    (void)state;
    static const struct {
        int at;
        struct answer answer;
        bool is_dropped;
    } cases[] = {
        {PLAY_STEPS, {.right = SW_RIGHT_MAY}, true},
        {PLAY_OPEN, {403, NOT_PERMITTED, SW_OK, SW_RIGHT_NO}, false},
        {PLAY_READ, {403, NOT_PERMITTED, SW_OK, SW_RIGHT_NO}, true},
        {PLAY_PUT, {403, NOT_PERMITTED, SW_OK, SW_RIGHT_NO}, true},
        {PLAY_VALIDATE, {403, NOT_PERMITTED, SW_OK, SW_RIGHT_NO}, true},
        {PLAY_PUT,
         {400, GOOGLE_ERROR("400", "INVALID_ARGUMENT", "a bad track"), SW_OK, SW_RIGHT_MAY},
         true},
        {PLAY_PUT,
         {403, GOOGLE_ERROR("403", "PERMISSION_DENIED", "Release in track targeting no countries"),
          SW_OK, SW_RIGHT_UNKNOWN},
         true},
        {PLAY_PUT,
         {400, GOOGLE_ERROR("400", "FAILED_PRECONDITION", "This Edit has been deleted."), SW_OK,
          SW_RIGHT_UNKNOWN},
         false},
        {PLAY_PUT, {403, "<html>the proxy says no</html>", SW_OK, SW_RIGHT_UNKNOWN}, true},
        {PLAY_PUT, {500, "", SW_OK, SW_RIGHT_UNKNOWN}, true},
        {PLAY_READ, {.fail = SW_E_TIMEOUT}, true},
        {PLAY_VALIDATE, {.fail = SW_E_NETWORK}, true},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct flow_step steps[PLAY_STEPS];
        struct sw_right_seen seen[SW_VERB_COUNT];
        struct sw_error err = {0};
        struct sw_flow *flow = play_flow();
        size_t count = play_script(steps, cases[i].at, &cases[i].answer, cases[i].is_dropped);
        enum sw_code code = ask(flow, steps, count, seen, &err);
        for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
            if (seen[verb].right != cases[i].answer.right || seen[verb].words[0] == '\0')
                fail_msg("case %zu, %s: %d %s", i, sw_verb_name((enum sw_verb)verb),
                         seen[verb].right, seen[verb].words);
        assert_int_equal(code == SW_OK, cases[i].answer.right != SW_RIGHT_UNKNOWN);
        assert_true(flow_was_locked(flow, "play-com.acme.app"));
        flow_free(flow);
    }
}

/* Another program's edit, or an action's, is worth more than the answer. */
static void play_gives_way(void **state)
{
    (void)state;
    struct flow_step steps[PLAY_STEPS];
    struct sw_right_seen seen[SW_VERB_COUNT];
    struct sw_error err = {0};
    struct sw_flow *flow = play_flow();
    flow_set_locks_busy(flow, true);
    assert_int_equal(ask(flow, NULL, 0, seen, &err), SW_E_BUSY);
    assert_int_equal(seen[SW_VERB_HALT].right, SW_RIGHT_UNKNOWN);
    flow_set_locks_busy(flow, false);
    flow_set_locks_wanted_after(flow, 2);
    static const struct answer fine = {200, "{\"tracks\":[" TRACK "]}", SW_OK, SW_RIGHT_UNKNOWN};
    size_t count = play_script(steps, PLAY_READ, &fine, true);
    assert_int_equal(ask(flow, steps, count, seen, &err), SW_E_BUSY);
    assert_int_equal(seen[SW_VERB_HALT].right, SW_RIGHT_UNKNOWN);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apple_is_asked_with_the_nil_id),
        cmocka_unit_test(apple_is_not_asked_on_when_told_to_end),
        cmocka_unit_test(aws_is_asked_with_no_deployment),
        cmocka_unit_test(play_is_asked_in_an_edit_that_is_thrown_away),
        cmocka_unit_test(play_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
