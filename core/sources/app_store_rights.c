/* app_store_rights.c: which verbs the key may use, asked without changing anything.
 *
 * Apple has no question for it. So the two changes that verbs are made of are asked of the nil id,
 * which no resource has: whatever Apple says, nothing can become of it.
 *
 *   verbs                    question
 *   halt, resume, complete   PATCH the phased release of the nil id
 *   advance                  POST a release request for the version of the nil id
 *
 *   answer                         means
 *   403 FORBIDDEN_ERROR            no: the key's role is too low
 *   404, 409, 422 in Apple's words may: it was the id that was refused
 *   anything else                  not known: 403 for a missing agreement is every key's, 401 is no
 *                                  key at all, and what stands between us and Apple proves nothing
 *
 * UNCONFIRMED: no document says that Apple judges the role before the id. Should it judge the id
 * first, a key without the right reads as "may", and the verb itself is refused, as without this
 * question. The other way round nobody is misled.
 *
 * Sources: App Store Connect API, "Parsing the Error Response Code" (codes); App Store Connect Help
 * "Release a version update in phases" (Account Holder, Admin or App Manager); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Apple's own refusal, as app_store_request.c writes it, and not that of something on the way. */
static bool is_apples(const struct sw_error *error)
{
    return strstr(error->text, "Apple says") != NULL;
}

static enum sw_right right_of(enum sw_code code, const struct sw_error *error)
{
    if (!is_apples(error))
        return SW_RIGHT_UNKNOWN;
    if (code == SW_E_DENIED && strstr(error->text, "(403 FORBIDDEN_ERROR"))
        return SW_RIGHT_NO;
    if (code == SW_E_NOT_FOUND || code == SW_E_CONFLICT)
        return SW_RIGHT_MAY;
    return SW_RIGHT_UNKNOWN;
}

static enum sw_code ask(struct sw_flow *flow, enum asc_operation operation, const char *doing,
                        struct sw_right_seen *seen, struct sw_error *err)
{
    struct sw_request request;
    struct sw_error own = {0};
    enum sw_code code = sw_request_init(&request, &asc_operations[operation], &own, NULL);
    if (code == SW_OK) {
        request.content_type = "application/json";
        request.body = asc_operations[operation].only_body;
        request.body_len = strlen(request.body);
        code = asc_exchange(flow, &request, doing, NULL, &own);
    }
    if (code == SW_OK)
        code = sw_fail(&own, SW_E_PARSE, "%s: accepted, although there is no such thing", doing);
    *seen = (struct sw_right_seen){.right = right_of(code, &own)};
    sw_copy(seen->words, sizeof(seen->words), own.text);
    if (seen->right != SW_RIGHT_UNKNOWN)
        return SW_OK;
    if (err)
        *err = own;
    return code;
}

enum sw_code asc_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                        struct sw_error *err)
{
    enum sw_code phase = ask(flow, ASC_PHASE_PROBE, "asking to change a phased release",
                             &seen[SW_VERB_HALT], err);
    seen[SW_VERB_RESUME] = seen[SW_VERB_COMPLETE] = seen[SW_VERB_HALT];
    if (phase == SW_E_CANCELLED)
        return phase;
    enum sw_code release =
        ask(flow, ASC_RELEASE_PROBE, "asking to release a version", &seen[SW_VERB_ADVANCE], err);
    return phase == SW_OK ? SW_OK : release;
}
