/* test_aws.c: what an AWS JSON error means, and its odd numbers and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/time.h"
#include "net/aws.h"

static const struct sw_operation op = {.name = "codedeploy:GetDeployment",
                                       .method = SW_POST,
                                       .path = "/",
                                       .target = "CodeDeploy_20141006.GetDeployment"};

struct error_case {
    const char *name;
    int status;
    enum sw_code before; /* as the exchange said */
    const char *error_type, *body;
    enum sw_code code;
    bool is_retryable;
    const char *text; /* must be in the error's text */
};

static const struct error_case errors[] = {
    {"body with namespace", 400, SW_E_HTTP, "",
     "{\"__type\":\"com.amazonaws.codedeploy#DeploymentDoesNotExistException\",\"message\":\"no "
     "d-1\"}",
     SW_E_NOT_FOUND, false, "400 DeploymentDoesNotExistException: no d-1"},
    {"header wins over body", 400, SW_E_HTTP, "ThrottlingException;Sender",
     "{\"__type\":\"Other\"}", SW_E_QUOTA, true, "ThrottlingException"},
    {"url after the code", 400, SW_E_HTTP, "AccessDeniedException:http://internal.amazon.com/",
     "{\"Message\":\"not you\"}", SW_E_DENIED, false,
     "not you; the credential needs codedeploy:GetDeployment"},
    {"code member", 400, SW_E_HTTP, "", "{\"code\":\"SlowDown\"}", SW_E_QUOTA, true, "SlowDown"},
    {"throttled by status", 429, SW_E_QUOTA, "", "", SW_E_QUOTA, true, "429"},
    {"server error", 503, SW_E_HTTP, "", "<html>", SW_E_HTTP, true, "503 without a code"},
    {"expired session", 400, SW_E_HTTP, "", "{\"__type\":\"ExpiredTokenException\"}", SW_E_AUTH,
     false, "sign in"},
    {"wrong key", 403, SW_E_DENIED, "", "{\"__type\":\"UnrecognizedClientException\"}", SW_E_AUTH,
     false, "access key"},
    {"wrong clock", 403, SW_E_DENIED, "",
     "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 2026 is now "
     "earlier\"}",
     SW_E_AUTH, false, "clock is wrong"},
    {"anything else stays", 400, SW_E_HTTP, "",
     "{\"__type\":\"ValidationException\",\"message\":\"x\\u001b[2J\"}", SW_E_HTTP, false,
     "ValidationException: x\xef\xbf\xbd[2J"},
    {"body that is no object", 400, SW_E_HTTP, "", "[1]", SW_E_HTTP, false, "without a code"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(errors); i++) {
        const struct error_case *c = &errors[i];
        struct sw_reply reply = {.status = c->status, .body_len = strlen(c->body)};
        char body[300];
        memcpy(body, c->body, reply.body_len + 1);
        reply.body = body;
        memcpy(reply.error_type, c->error_type, strlen(c->error_type) + 1);
        struct sw_error err = {.code = c->before, .http_status = c->status};
        enum sw_code code = sw_aws_explain(&reply, &op, &err);
        if (code != c->code || err.code != c->code || err.is_retryable != c->is_retryable ||
            !strstr(err.text, c->text))
            fail_msg("%s: code %d, retryable %d, \"%s\"", c->name, code, err.is_retryable,
                     err.text);
    }
}

static void test_a_write_is_never_called_retryable(void **state)
{
    (void)state;
    const struct sw_operation stop = {.name = "codedeploy:StopDeployment",
                                      .effect = SW_EFFECT_MUTATE};
    struct sw_reply reply = {.status = 503};
    struct sw_error err = {.code = SW_E_HTTP, .http_status = 503};
    assert_int_equal(sw_aws_explain(&reply, &stop, &err), SW_E_HTTP);
    assert_false(err.is_retryable);
}

static void test_no_answer_keeps_the_code(void **state)
{
    (void)state;
    struct sw_reply reply = {0};
    struct sw_error err = {.code = SW_E_TIMEOUT, .text = "no answer"};
    assert_int_equal(sw_aws_explain(&reply, &op, &err), SW_E_TIMEOUT);
    assert_string_equal(err.text, "codedeploy:GetDeployment: no answer");
}

static void test_times_and_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int64_t ms;
    } times[] = {
        {"[1763683205]", 1763683205000},
        {"[1.763683205123E9]", 1763683205123},
        {"[\"2025-11-21T00:00:05Z\"]", 1763683205000},
        {"[0]", 0},
        {"[-5]", 0},
        {"[1e300]", 0},
        {"[\"NaN\"]", 0},
        {"[null]", 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(times); i++) {
        SW_JSON json_t *tree = json_loads(times[i].json, 0, NULL);
        if (sw_aws_time(json_array_get(tree, 0)) != times[i].ms)
            fail_msg("%s", times[i].json);
    }
    SW_JSON json_t *tree = json_loads("[2, 0.5, \"NaN\", \"-Infinity\", null]", 0, NULL);
    assert_true(sw_aws_number(json_array_get(tree, 0)).value == 2);
    assert_true(sw_aws_number(json_array_get(tree, 1)).value == 0.5);
    for (size_t i = 2; i < 5; i++)
        assert_false(sw_aws_number(json_array_get(tree, i)).is_known);
}

static void test_request_and_empty_reply(void **state)
{
    (void)state;
    struct sw_request request;
    struct sw_buf body;
    struct sw_error err = {0};
    SW_JSON json_t *input = json_pack("{s:s}", "deploymentId", "d-1");
    sw_buf_init(&body, 100);
    assert_int_equal(sw_aws_request(&request, &op, SW_AWS_JSON_1_1, input, &body, &err), SW_OK);
    assert_string_equal(request.path, "/");
    assert_string_equal(request.body, "{\"deploymentId\":\"d-1\"}");
    assert_string_equal(request.content_type, "application/x-amz-json-1.1");
    sw_buf_clear(&body);

    struct sw_reply empty = {.status = 200};
    SW_JSON json_t *tree = NULL;
    assert_int_equal(sw_aws_reply_json(&empty, &tree, &err), SW_OK);
    assert_int_equal(json_object_size(tree), 0);

    char list[] = "[]";
    struct sw_reply wrong = {.status = 200, .body = list, .body_len = 2};
    json_t *none = NULL;
    assert_int_equal(sw_aws_reply_json(&wrong, &none, &err), SW_E_PARSE);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_a_write_is_never_called_retryable),
        cmocka_unit_test(test_no_answer_keeps_the_code),
        cmocka_unit_test(test_times_and_numbers),
        cmocka_unit_test(test_request_and_empty_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
