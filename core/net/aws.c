/*
 * aws.c: see aws.h.
 *
 * Sources: Smithy, "AWS JSON 1.0/1.1 protocol" (operation error serialization, timestamps as epoch
 * seconds, NaN as text), "awsQueryCompatible"; AWS service models of botocore 1.43; AWS IAM,
 * "Troubleshoot signed requests"; read 2026-01.
 */
#include "net/aws.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum sw_code sw_aws_request(struct sw_request *request, const struct sw_operation *operation,
                            const char *content_type, const json_t *input, struct sw_buf *body,
                            struct sw_error *err)
{
    enum sw_code code = sw_request_init(request, operation, err, (const char *)NULL);
    if (code == SW_OK)
        code = sw_json_write(input, body, SW_JSON_COMPACT, err);
    if (code == SW_OK)
        sw_request_json(request, content_type, body);
    return code;
}

enum sw_code sw_aws_reply_json(const struct sw_reply *reply, json_t **out, struct sw_error *err)
{
    if (reply->body_len == 0) {
        *out = json_object();
        return *out ? SW_OK : sw_fail(err, SW_E_INTERNAL, "no memory for an empty object");
    }
    enum sw_code code = sw_reply_json(reply, out, err);
    if (code == SW_OK && !json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return sw_fail(err, SW_E_PARSE, "the reply is not a JSON object");
    }
    return code;
}

static const char *body_text(const json_t *tree, const char *key)
{
    return json_string_value(json_object_get(tree, key));
}

/* "com.amazonaws.x#Code:http://…" and "Code;Sender" both give "Code". */
static void cut_code(const char *raw, char out[SW_AWS_CODE_MAX])
{
    size_t len = strcspn(raw, ":;");
    const char *hash = memchr(raw, '#', len);
    const char *start = hash ? hash + 1 : raw;
    sw_text_clean(start, len - (size_t)(start - raw), out, SW_AWS_CODE_MAX);
}

static json_t *error_body(const struct sw_reply *reply)
{
    json_t *tree = NULL;
    if (!reply->body || sw_json_parse(reply->body, reply->body_len, NULL, &tree, NULL) != SW_OK)
        return NULL;
    return tree;
}

static void resolve_code(const struct sw_reply *reply, const json_t *tree,
                         char out[SW_AWS_CODE_MAX])
{
    const char *raw = *reply->error_type ? reply->error_type : body_text(tree, "__type");
    if (!raw)
        raw = body_text(tree, "code");
    cut_code(raw ? raw : "", out);
}

void sw_aws_error_code(const struct sw_reply *reply, char out[SW_AWS_CODE_MAX])
{
    SW_JSON json_t *tree = error_body(reply);
    resolve_code(reply, tree, out);
}

enum error_class { OTHER = 0, THROTTLED, TRANSIENT, EXPIRED, BAD_CREDENTIAL, DENIED };

static const struct {
    const char *code;
    enum error_class class;
} classes[] = {
    {"Throttling", THROTTLED},
    {"ThrottlingException", THROTTLED},
    {"ThrottledException", THROTTLED},
    {"RequestThrottled", THROTTLED},
    {"RequestThrottledException", THROTTLED},
    {"TooManyRequestsException", THROTTLED},
    {"RequestLimitExceeded", THROTTLED},
    {"SlowDown", THROTTLED},
    {"PriorRequestNotComplete", THROTTLED},
    {"BandwidthLimitExceeded", THROTTLED},
    {"RequestTimeout", TRANSIENT},
    {"RequestTimeoutException", TRANSIENT},
    {"ExpiredToken", EXPIRED},
    {"ExpiredTokenException", EXPIRED},
    {"RequestExpired", EXPIRED},
    {"UnrecognizedClientException", BAD_CREDENTIAL},
    {"InvalidClientTokenId", BAD_CREDENTIAL},
    {"InvalidSignatureException", BAD_CREDENTIAL},
    {"SignatureDoesNotMatch", BAD_CREDENTIAL},
    {"IncompleteSignature", BAD_CREDENTIAL},
    {"IncompleteSignatureException", BAD_CREDENTIAL},
    {"MissingAuthenticationToken", BAD_CREDENTIAL},
    {"MissingAuthenticationTokenException", BAD_CREDENTIAL},
    {"AccessDeniedException", DENIED},
    {"AccessDenied", DENIED},
    {"UnauthorizedOperation", DENIED},
    /* Not in the list above on purpose: LimitExceededException is throttling for reads only. */
};

static enum error_class classify(const char *code, int status)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(classes); i++)
        if (strcmp(code, classes[i].code) == 0)
            return classes[i].class;
    if (status == 429 || status == 509)
        return THROTTLED;
    if (status == 500 || status == 502 || status == 503 || status == 504)
        return TRANSIENT;
    return OTHER;
}

enum sw_code sw_aws_classify(const struct sw_reply *reply)
{
    char code[SW_AWS_CODE_MAX];
    sw_aws_error_code(reply, code);
    switch (classify(code, 0)) {
    case THROTTLED:
        return SW_E_QUOTA;
    case EXPIRED:
    case BAD_CREDENTIAL:
        return SW_E_AUTH;
    case DENIED:
        return SW_E_DENIED;
    case TRANSIENT:
    case OTHER:
        break;
    }
    return SW_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The first words of the message tell a wrong clock from a wrong key. */
static bool is_clock_message(const char *message)
{
    return sw_text_starts(message, "Signature expired:") ||
           sw_text_starts(message, "Signature not yet current:");
}

static void write_skew(const struct sw_reply *reply, char *out, size_t size)
{
    char skew[SW_DURATION_TEXT];
    int64_t ms = reply->date_ms ? sw_time_real_ms() - reply->date_ms : 0;
    out[0] = '\0';
    if (ms)
        sw_format(out, size, " (%s %s)", sw_duration_format(ms < 0 ? -ms : ms, skew),
                  ms < 0 ? "behind" : "ahead");
}

enum sw_code sw_aws_explain(const struct sw_reply *reply, const struct sw_operation *operation,
                            struct sw_error *err)
{
    if (err->http_status == 0)
        return sw_error_prefix(err, "%s", operation->name);
    char code[SW_AWS_CODE_MAX], message[280] = "", skew[64] = "", hint[200] = "";
    SW_JSON json_t *tree = error_body(reply);
    resolve_code(reply, tree, code);
    const char *raw = body_text(tree, "message");
    sw_text_clean_copy(message, sizeof message, raw ? raw : body_text(tree, "Message"));
    enum sw_code kind = err->code;
    bool is_retryable = false;
    switch (classify(code, err->http_status)) {
    case THROTTLED:
        kind = SW_E_QUOTA;
        is_retryable = true;
        break;
    case TRANSIENT:
        is_retryable = operation->effect == SW_EFFECT_READ;
        break;
    case EXPIRED:
        kind = SW_E_AUTH;
        sw_copy(hint, sizeof hint, "; the session has expired, sign in to AWS again");
        break;
    case BAD_CREDENTIAL:
        kind = SW_E_AUTH;
        write_skew(reply, skew, sizeof skew);
        if (is_clock_message(message))
            sw_format(hint, sizeof hint, "; this machine's clock is wrong%s", skew);
        else
            sw_copy(hint, sizeof hint, "; check the profile's access key");
        break;
    case DENIED:
        kind = SW_E_DENIED;
        sw_format(hint, sizeof hint, "; the credential needs %s", operation->name);
        break;
    case OTHER:
        if (ends_with(code, "DoesNotExistException") || ends_with(code, "NotFoundException"))
            kind = SW_E_NOT_FOUND;
        break;
    }
    return sw_fail_http(err, kind, err->http_status, is_retryable, err->retry_at_ms,
                        "%s: AWS answered %d %s%s%s%s", operation->name, err->http_status,
                        *code ? code : "without a code", *message ? ": " : "", message, hint);
}

struct sw_value sw_aws_number(const json_t *value)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite(number))
        return (struct sw_value){0};
    return (struct sw_value){number, true};
}

int64_t sw_aws_time(const json_t *value)
{
    int64_t ms = 0;
    if (json_is_string(value))
        return sw_time_parse(json_string_value(value), &ms, NULL) == SW_OK ? ms : 0;
    struct sw_value seconds = sw_aws_number(value);
    /* Until the year 9999, as sw_time_parse. */
    if (!seconds.is_known || seconds.value <= 0 || seconds.value > 253402300799.0)
        return 0;
    return (int64_t)llround(seconds.value * 1000);
}
