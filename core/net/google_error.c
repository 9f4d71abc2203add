/* google_error.c: see google_error.h.
 *
 * A 403 is a missing right or a used-up quota, and only a reason tells which. The same reason is
 * written in two ways: `rateLimitExceeded` in errors[], RATE_LIMIT_EXCEEDED in details[].
 * Sources: Google's error bodies as in the Android Publisher reference notes, sections 7 and 8 (403
 * `rateLimitExceeded`, RESOURCE_EXHAUSTED); BigQuery, "Error messages" (403 `quotaExceeded`); read
 * 2026-01. */
#include "net/google_error.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

static void add_reasons(const json_t *list, char out[SW_GOOGLE_REASONS_MAX])
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        char reason[64];
        size_t len = strlen(out);
        if (sw_json_text(item, "reason", SW_OPTIONAL, reason, sizeof(reason), NULL) == SW_OK)
            sw_format(out + len, SW_GOOGLE_REASONS_MAX - len, "%s%s", len > 0 ? " " : "", reason);
    }
}

void sw_google_reasons(const json_t *error, char out[SW_GOOGLE_REASONS_MAX])
{
    out[0] = '\0';
    add_reasons(json_object_get(error, "errors"), out);
    add_reasons(json_object_get(error, "details"), out);
}

/* Without underscores, so that both ways of writing are one. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '_')
            *to++ = (char)tolower((unsigned char)*from);
    *to = '\0';
}

enum sw_code sw_google_classify(const struct sw_reply *reply)
{
    char reasons[SW_GOOGLE_REASONS_MAX];
    const char *status = NULL;
    SW_JSON json_t *json = NULL;
    json_t *error = NULL;
    if (reply->status < 400 || reply->status >= 500 || sw_reply_json(reply, &json, NULL) != SW_OK ||
        sw_json_obj(json, "error", SW_REQUIRED, &error, NULL) != SW_OK)
        return SW_OK;
    sw_google_reasons(error, reasons);
    squeeze(reasons);
    bool is_quota = strstr(reasons, "ratelimitexceeded") || strstr(reasons, "quotaexceeded") ||
                    (sw_json_str(error, "status", SW_OPTIONAL, &status, NULL) == SW_OK &&
                     strcmp(status, "RESOURCE_EXHAUSTED") == 0);
    return is_quota ? SW_E_QUOTA : SW_OK;
}
