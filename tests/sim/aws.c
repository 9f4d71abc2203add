/*
 * AWS JSON 1.0 and 1.1 over HTTP: see aws.h.
 *
 * Sources: Smithy 2.0, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol" (POST /, X-Amz-Target,
 * "Operation error serialization"), "awsQueryCompatible trait"; AWS service models (botocore
 * 1.43.67), read 2026. The code stands in both `__type` and x-amzn-errortype: clients read one or
 * the other.
 */
#include "aws.h"

#include <stdlib.h>
#include <string.h>

static void common_headers(struct aws_call *call)
{
    static uint64_t serial;
    uint64_t n = ++serial * UINT64_C(0x9e3779b97f4a7c15);

    sim_reply_header(call->rp, "x-amzn-RequestId", "%08x-%04x-4%03x-8%03x-%012llx",
                     (unsigned)(n >> 32), (unsigned)(n >> 16 & 0xffff), (unsigned)(n >> 4 & 0xfff),
                     (unsigned)(n >> 8 & 0xfff), (unsigned long long)(n & 0xffffffffffff));
    sim_reply_header(call->rp, "Content-Type", "%s", call->dialect->content_type);
}

void aws_reply(struct aws_call *call, json_t *value_take)
{
    common_headers(call);
    sim_reply_json(call->rp, 200, value_take);
}

void aws_fail(struct aws_call *call, int status, const char *code, const char *query_code,
              const char *format, ...)
{
    const char *wants_query = sim_header(call->rq, "x-amzn-query-mode");
    va_list ap;

    va_start(ap, format);
    char *message = sim_vprintf(format, ap);
    va_end(ap);
    char *type = sim_printf("%s%s", call->dialect->error_prefix, code);
    common_headers(call);
    sim_reply_header(call->rp, "x-amzn-errortype", "%s", code);
    if (query_code != NULL && call->dialect->is_query_compatible && wants_query != NULL &&
        strcmp(wants_query, "true") == 0)
        sim_reply_header(call->rp, "x-amzn-query-error", "%s;%s", query_code,
                         status < 500 ? "Sender" : "Receiver");
    sim_reply_json(call->rp, status, json_pack("{s:s, s:s}", "__type", type, "message", message));
    free(type);
    free(message);
}

bool aws_refuse_unknown(struct aws_call *call, json_t *object, const char *const *known)
{
    const char *unknown = sim_json_unknown(object, known);

    if (unknown != NULL)
        aws_fail(call, 400, "ValidationException", "ValidationError",
                 "Unknown member: \"%.60s\" (slipway-sim is strict here)", unknown);
    return unknown != NULL;
}

/* POST / with the service's own content type and target, and nothing else. */
static bool is_protocol_kept(struct aws_call *call)
{
    const char *target = sim_header(call->rq, "X-Amz-Target");
    const char *type = sim_header(call->rq, "Content-Type");
    size_t prefix = strlen(call->dialect->target_prefix);

    if (!sim_method_is(call->rq, "POST") || strcmp(call->rq->raw_path, "/") != 0 ||
        call->rq->raw_query[0] != '\0' || target == NULL ||
        strncmp(target, call->dialect->target_prefix, prefix) != 0) {
        aws_fail(call, 404, "UnknownOperationException", NULL, "Unknown operation");
        return false;
    }
    if (type == NULL || strcmp(type, call->dialect->content_type) != 0) {
        aws_fail(call, 415, "UnsupportedMediaTypeException", NULL,
                 "Content-Type must be %s (slipway-sim is strict here)",
                 call->dialect->content_type);
        return false;
    }
    call->operation = target + prefix;
    return true;
}

bool aws_open(struct aws_call *call)
{
    if (!sigv4_check(call) || !is_protocol_kept(call))
        return false;
    call->input = sim_body_json(call->rq);
    if (call->input == NULL)
        aws_fail(call, 400, "SerializationException", "MalformedInput",
                 "The request body is no JSON object.");
    return call->input != NULL;
}

void aws_close(struct aws_call *call)
{
    json_decref(call->input);
    call->input = NULL;
}

/* The id that stands for none: deploy.c gives it to nothing. */
static bool is_of_no_deployment(const struct sim_request *rq)
{
    json_t *body = sim_body_json(rq);
    const char *id = json_string_value(json_object_get(body, "deploymentId"));
    bool is_none = id != NULL && strcmp(id, "d-000000000") == 0;

    json_decref(body);
    return is_none;
}

enum sim_effect aws_classify(const struct sim_request *rq)
{
    static const char *const reads[] = {"Get", "List", "Describe", "BatchGet"};
    const char *target = sim_header(rq, "X-Amz-Target");
    const char *dot = target == NULL ? NULL : strchr(target, '.');

    if (sim_method_is(rq, "GET") || sim_method_is(rq, "HEAD"))
        return SIM_EFFECT_NONE;
    for (size_t i = 0; dot != NULL && i < sizeof reads / sizeof reads[0]; i++)
        if (strncmp(dot + 1, reads[i], strlen(reads[i])) == 0)
            return SIM_EFFECT_NONE;
    return is_of_no_deployment(rq) ? SIM_EFFECT_PROBE : SIM_EFFECT_MUTATING;
}

json_t *aws_time(int64_t ms)
{
    return json_real((double)ms / 1000);
}
