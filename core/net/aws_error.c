/* aws_error.c: see aws_error.h.
 * Source: AWS notes, "Errors" (Smithy specification, "Operation error serialization"; botocore
 * parsers.py, retries/standard.py), read 2026-01. */
#include "net/aws_error.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static const struct {
    const char *name;
    enum sw_code code;
} classes[] = {
    {"ExpiredToken", SW_E_AUTH},
    {"ExpiredTokenException", SW_E_AUTH},
    {"RequestExpired", SW_E_AUTH},
    {"UnrecognizedClientException", SW_E_AUTH},
    {"InvalidClientTokenId", SW_E_AUTH},
    {"InvalidSignatureException", SW_E_AUTH},
    {"SignatureDoesNotMatch", SW_E_AUTH},
    {"IncompleteSignature", SW_E_AUTH},
    {"IncompleteSignatureException", SW_E_AUTH},
    {"MissingAuthenticationToken", SW_E_AUTH},
    {"MissingAuthenticationTokenException", SW_E_AUTH},
    {"AccessDenied", SW_E_DENIED},
    {"AccessDeniedException", SW_E_DENIED},
    {"UnauthorizedOperation", SW_E_DENIED},
    {"Throttling", SW_E_QUOTA},
    {"ThrottlingException", SW_E_QUOTA},
    {"ThrottledException", SW_E_QUOTA},
    {"RequestThrottled", SW_E_QUOTA},
    {"RequestThrottledException", SW_E_QUOTA},
    {"TooManyRequestsException", SW_E_QUOTA},
    {"RequestLimitExceeded", SW_E_QUOTA},
    {"SlowDown", SW_E_QUOTA},
    {"PriorRequestNotComplete", SW_E_QUOTA},
    {"BandwidthLimitExceeded", SW_E_QUOTA},
};

/* Cuts at the first ':' or ';' and drops everything up to '#'. */
static void keep_name(const char *raw, char out[AWS_ERROR_CODE])
{
    const char *hash = strchr(raw, '#');
    const char *start = hash ? hash + 1 : raw;
    sw_format(out, AWS_ERROR_CODE, "%.*s", (int)strcspn(start, ":;"), start);
}

void aws_error_code(const struct sw_reply *reply, char out[AWS_ERROR_CODE])
{
    char raw[256] = "";
    SW_JSON json_t *tree = NULL;
    out[0] = '\0';
    if (reply->error_type[0]) {
        keep_name(reply->error_type, out);
        return;
    }
    if (!reply->body || sw_reply_json(reply, &tree, NULL) != SW_OK)
        return;
    if (sw_json_text(tree, "__type", SW_OPTIONAL, raw, sizeof(raw), NULL) == SW_OK ||
        sw_json_text(tree, "code", SW_OPTIONAL, raw, sizeof(raw), NULL) == SW_OK)
        keep_name(raw, out);
}

enum sw_code aws_error_classify(const struct sw_reply *reply)
{
    char code[AWS_ERROR_CODE];
    aws_error_code(reply, code);
    for (size_t i = 0; i < SW_ARRAY_LEN(classes); i++)
        if (strcmp(classes[i].name, code) == 0)
            return classes[i].code;
    return SW_OK;
}
