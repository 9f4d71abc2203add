/* google_errors.c: Google's error object, read once for every API of theirs.
 *
 * Google has sent the same refusal with different codes over time: the HTTP class and a part of
 * the message decide, never the status word alone. The token endpoint's errors have another shape
 * (`error` is a text) and are read where tokens are fetched, in net/auth_google.c.
 *
 * Sources: the error object of Google's APIs ({"error": {code, message, status, errors[],
 * details[]}}); gradle-play-publisher#629, #860, #998 (one refusal, three codes); read 2026-01. */
#include "sources/google_errors.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/google_error.h"

static const struct google_refusal *refusal_find(const struct google_api *api, int status,
                                                 const char *message, const char *reasons)
{
    for (size_t i = 0; i < api->refusal_count; i++) {
        const struct google_refusal *it = &api->refusals[i];
        if (it->part != NULL ? strcasestr(message, it->part) || strcasestr(reasons, it->part)
                             : it->status == status)
            return it;
    }
    return NULL;
}

/* Google's own words; each empty when the body does not have it. */
struct google_error {
    char message[SW_LINE_MAX], status[SW_WORD_MAX], reasons[SW_GOOGLE_REASONS_MAX];
};

static bool error_read(const struct sw_reply *reply, struct google_error *out)
{
    *out = (struct google_error){0};
    SW_JSON json_t *json = NULL;
    if (sw_reply_json(reply, &json, NULL) != SW_OK)
        return false;
    json_t *error = NULL;
    if (sw_json_obj(json, "error", SW_REQUIRED, &error, NULL) != SW_OK)
        return false;
    sw_ignore(
        sw_json_text(error, "message", SW_OPTIONAL, out->message, sizeof(out->message), NULL));
    sw_ignore(sw_json_text(error, "status", SW_OPTIONAL, out->status, sizeof(out->status), NULL));
    sw_google_reasons(error, out->reasons);
    return true;
}

static enum sw_code code_of(const struct google_api *api, const struct sw_reply *reply,
                            enum sw_code code)
{
    if (sw_google_classify(reply) == SW_E_QUOTA)
        return SW_E_QUOTA;
    return reply->status == 400 || reply->status == 410 ? api->bad_request : code;
}

enum sw_code google_exchange(struct sw_flow *flow, const struct sw_request *request,
                             const struct google_api *api, const char *doing,
                             struct sw_reply *reply, int *fault, struct sw_error *err)
{
    struct sw_error own = {0};
    enum sw_code code = sw_flow_exchange(flow, request, reply, &own);
    if (fault)
        *fault = 0;
    if (code == SW_OK)
        return SW_OK;
    struct google_error google = {0};
    if (code == SW_E_CANCELLED || reply->status == 0 || !error_read(reply, &google)) {
        sw_error_prefix(&own, "%s", doing);
        if (err)
            *err = own;
        return code;
    }
    const struct google_refusal *refusal =
        refusal_find(api, reply->status, google.message, google.reasons);
    if (fault && refusal)
        *fault = refusal->fault;
    bool has_advice = refusal && refusal->advice[0];
    return sw_fail_http(err, code_of(api, reply, code), reply->status, own.is_retryable,
                        own.retry_at_ms, "%s: %s says \"%s\" (%d%s%s)%s%s", doing, api->title,
                        google.message[0] ? google.message : "nothing", reply->status,
                        google.status[0] ? " " : "", google.status, has_advice ? ": " : "",
                        has_advice ? refusal->advice : "");
}
