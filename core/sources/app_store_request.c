/* app_store_request.c: requests to App Store Connect, its errors in words, and its pages.
 *
 * Requests go out one after the other: Apple answers bursts with 429 long before the hour's quota
 * is used. An error carries Apple's own words and what they mean; a 2xx without `data` is an error.
 * A list is followed page by page, under a maximum, and only on our own host.
 *
 * Sources: App Store Connect API, OpenAPI document 4.4.1; "Identifying Rate Limits"; "Parsing the
 * Error Response Code"; Apple developer forum threads 731014 (429 in bursts), 751256 (500 when
 * parallel); read 2026-01. */
#include "sources/app_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/percent.h"

enum { CURSOR_MAX = 512 };

/* The nil UUID of RFC 4122, 4.1.7: no resource of Apple's has it. */
#define ASC_NO_ID "00000000-0000-0000-0000-000000000000"

const struct sw_operation asc_operations[ASC_OPERATION_COUNT] = {
    [ASC_APPS_LIST] = {.name = "apps.list",
                       .method = SW_GET,
                       .path = "/v1/apps",
                       .effect = SW_EFFECT_READ,
                       .is_idempotent = true},
    [ASC_VERSIONS_LIST] = {.name = "appStoreVersions.list",
                           .method = SW_GET,
                           .path = "/v1/apps/{app}/appStoreVersions",
                           .effect = SW_EFFECT_READ,
                           .is_idempotent = true},
    [ASC_VERSION_GET] = {.name = "appStoreVersions.get",
                         .method = SW_GET,
                         .path = "/v1/appStoreVersions/{version}",
                         .effect = SW_EFFECT_READ,
                         .is_idempotent = true},
    [ASC_PHASE_GET] = {.name = "appStoreVersionPhasedRelease.get",
                       .method = SW_GET,
                       .path = "/v1/appStoreVersions/{version}/appStoreVersionPhasedRelease",
                       .effect = SW_EFFECT_READ,
                       .is_idempotent = true},
    [ASC_BUILDS_LIST] = {.name = "builds.list",
                         .method = SW_GET,
                         .path = "/v1/builds",
                         .effect = SW_EFFECT_READ,
                         .is_idempotent = true},
    [ASC_BUILD_USAGES] = {.name = "betaBuildUsages.list",
                          .method = SW_GET,
                          .path = "/v1/builds/{build}/metrics/betaBuildUsages",
                          .effect = SW_EFFECT_READ,
                          .is_idempotent = true},
    [ASC_AVAILABILITY_GET] = {.name = "appAvailabilityV2.get",
                              .method = SW_GET,
                              .path = "/v1/apps/{app}/appAvailabilityV2",
                              .effect = SW_EFFECT_READ,
                              .is_idempotent = true},
    [ASC_TERRITORIES_LIST] = {.name = "territoryAvailabilities.list",
                              .method = SW_GET,
                              .path = "/v2/appAvailabilities/{availability}/"
                                      "territoryAvailabilities",
                              .effect = SW_EFFECT_READ,
                              .is_idempotent = true},
    [ASC_REVIEWS_LIST] = {.name = "customerReviews.list",
                          .method = SW_GET,
                          .path = "/v1/appStoreVersions/{version}/customerReviews",
                          .effect = SW_EFFECT_READ,
                          .is_idempotent = true},
    /* The same value a second time is refused, so neither write is repeated. */
    [ASC_PHASE_UPDATE] = {.name = "appStoreVersionPhasedReleases.update",
                          .method = SW_PATCH,
                          .path = "/v1/appStoreVersionPhasedReleases/{phase}",
                          .effect = SW_EFFECT_MUTATE},
    [ASC_RELEASE] = {.name = "appStoreVersionReleaseRequests.create",
                     .method = SW_POST,
                     .path = "/v1/appStoreVersionReleaseRequests",
                     .effect = SW_EFFECT_MUTATE},
    /* See app_store_rights.c. */
    [ASC_PHASE_PROBE] = {.name = "appStoreVersionPhasedReleases.update (of none)",
                         .method = SW_PATCH,
                         .path = "/v1/appStoreVersionPhasedReleases/" ASC_NO_ID,
                         .effect = SW_EFFECT_PROBE,
                         .only_body = "{\"data\":{\"type\":\"appStoreVersionPhasedReleases\",\"id\":"
                                      "\"" ASC_NO_ID "\",\"attributes\":{\"phasedReleaseState\":"
                                      "\"PAUSED\"}}}",
                         .timeout_ms = 15000},
    [ASC_RELEASE_PROBE] = {.name = "appStoreVersionReleaseRequests.create (of none)",
                           .method = SW_POST,
                           .path = "/v1/appStoreVersionReleaseRequests",
                           .effect = SW_EFFECT_PROBE,
                           .only_body =
                               "{\"data\":{\"type\":\"appStoreVersionReleaseRequests\","
                               "\"relationships\":{\"appStoreVersion\":{\"data\":{\"type\":"
                               "\"appStoreVersions\",\"id\":\"" ASC_NO_ID "\"}}}}}",
                           .timeout_ms = 15000},
};

/* ------------------------------------------------------------------ errors */

/* The first of Apple's errors; each part empty when it is not there. */
struct apple_error {
    char code[SW_LABEL_MAX], title[SW_LINE_MAX], detail[SW_LINE_MAX];
    size_t more; /* errors beside it */
};

static bool error_read(const struct sw_reply *reply, struct apple_error *out)
{
    *out = (struct apple_error){0};
    SW_JSON json_t *json = NULL;
    json_t *errors = NULL;
    if (sw_reply_json(reply, &json, NULL) != SW_OK ||
        sw_json_arr(json, "errors", SW_REQUIRED, &errors, NULL) != SW_OK ||
        json_array_size(errors) == 0)
        return false;
    const json_t *first = json_array_get(errors, 0);
    out->more = json_array_size(errors) - 1;
    sw_ignore(sw_json_text(first, "code", SW_OPTIONAL, out->code, sizeof(out->code), NULL));
    sw_ignore(sw_json_text(first, "title", SW_OPTIONAL, out->title, sizeof(out->title), NULL));
    sw_ignore(sw_json_text(first, "detail", SW_OPTIONAL, out->detail, sizeof(out->detail), NULL));
    return true;
}

static const char *advice_of(int status, const struct apple_error *apple)
{
    if (strstr(apple->code, "REQUIRED_AGREEMENTS"))
        return ": the account holder must accept an agreement in App Store Connect; until then "
               "every request is refused";
    if (status == 401)
        return ": check issuer_id, key_id, the key and this machine's clock";
    if (status == 403)
        return ": the key's role is too low for it";
    return "";
}

static enum sw_code fail_in_words(const struct sw_reply *reply, const char *doing,
                                  enum sw_code code, struct sw_error *own, struct sw_error *err)
{
    struct apple_error apple;
    if (code == SW_E_CANCELLED || reply->status < 400 || !error_read(reply, &apple)) {
        sw_error_prefix(own, "%s", doing);
        if (err)
            *err = *own;
        return code;
    }
    const char *words = apple.detail[0] ? apple.detail : apple.title;
    char more[40] = "";
    if (apple.more > 0)
        sw_format(more, sizeof(more), " and %zu more", apple.more);
    return sw_fail_http(err, code, reply->status, own->is_retryable, own->retry_at_ms,
                        "%s: Apple says \"%s\" (%d %s)%s%s", doing, words[0] ? words : "nothing",
                        reply->status, apple.code, more, advice_of(reply->status, &apple));
}

enum sw_code asc_exchange(struct sw_flow *flow, const struct sw_request *request, const char *doing,
                          json_t **json, struct sw_error *err)
{
    struct sw_error own = {0};
    struct sw_reply reply = {0};
    SW_JSON json_t *tree = NULL;
    enum sw_code code = sw_flow_exchange(flow, request, &reply, &own);
    bool is_made_up = sw_flow_is_dry_run(flow) && request->operation->effect == SW_EFFECT_MUTATE;
    if (code == SW_OK && !is_made_up) {
        /* A 200 with {"statusCode":"ERROR"} has been seen as a temporary error (fastlane). */
        code = sw_reply_json(&reply, &tree, &own);
        if (code == SW_OK && !json_object_get(tree, "data"))
            code = sw_fail(&own, SW_E_PARSE, "the reply (%d) has no data", reply.status);
    }
    if (code != SW_OK)
        code = fail_in_words(&reply, doing, code, &own, err);
    else if (json)
        *json = json_incref(tree);
    sw_reply_clear(&reply);
    return code;
}

/* -------------------------------------------------------------- one version */

enum sw_code asc_phase_get(struct sw_flow *flow, const char *version_id, struct asc_version *out,
                           struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    enum sw_code code =
        sw_request_init(&request, &asc_operations[ASC_PHASE_GET], err, version_id, NULL);
    if (code == SW_OK)
        code = asc_exchange(flow, &request, "reading a phased release", &json, err);
    /* None: 200 with data null is seen, 404 is declared. */
    if (code == SW_E_NOT_FOUND)
        return asc_phase_parse(NULL, out, err);
    return code == SW_OK ? asc_phase_parse(json_object_get(json, "data"), out, err) : code;
}

enum sw_code asc_version_get(struct sw_flow *flow, const char *version_id, char word[SW_WORD_MAX],
                             struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    word[0] = '\0';
    enum sw_code code =
        sw_request_init(&request, &asc_operations[ASC_VERSION_GET], err, version_id, NULL);
    sw_request_param(&request, "fields[appStoreVersions]", "appVersionState,appStoreState");
    if (code == SW_OK)
        code = asc_exchange(flow, &request, "reading a version", &json, err);
    if (code == SW_OK)
        code = sw_json_text(json, "data.attributes.appVersionState", SW_OPTIONAL, word, SW_WORD_MAX,
                            err);
    if (code == SW_E_NOT_FOUND && json)
        code = sw_json_text(json, "data.attributes.appStoreState", SW_REQUIRED, word, SW_WORD_MAX,
                            err);
    return code;
}

/* ------------------------------------------------------------------ paging */

/* links.next is a whole URL: its cursor is taken, and only from our own host, so that a reply
 * cannot lead the token elsewhere. Empty: no further page. */
static enum sw_code next_cursor(const struct sw_flow *flow, const json_t *page,
                                char cursor[CURSOR_MAX], struct sw_error *err)
{
    const char *next = NULL, *base = sw_flow_base_url(flow);
    cursor[0] = '\0';
    enum sw_code code = sw_json_str(page, "links.next", SW_OPTIONAL, &next, err);
    if (code == SW_E_NOT_FOUND)
        return SW_OK;
    if (code != SW_OK)
        return code;
    size_t base_len = strlen(base);
    if (strncmp(next, base, base_len) != 0 || next[base_len] != '/')
        return sw_fail(err, SW_E_PARSE, "the next page is at another place than %s", base);
    const char *query = strchr(next, '?');
    while (query) {
        query++;
        size_t len = strcspn(query, "&#"), out_len = 0;
        if (sw_text_starts(query, "cursor=") &&
            percent_decode(query + 7, len - 7, cursor, CURSOR_MAX, &out_len) && cursor[0])
            return SW_OK;
        query = query[len] == '&' ? query + len : NULL;
    }
    return sw_fail(err, SW_E_PARSE, "the link to the next page has no cursor");
}

enum sw_code asc_list(struct sw_flow *flow, const struct asc_listing *listing, void *arg,
                      struct sw_error *err)
{
    char cursor[CURSOR_MAX] = "", before[CURSOR_MAX] = "";
    for (int i = 0; i < listing->pages_max; i++) {
        struct sw_request request = listing->request;
        SW_JSON json_t *json = NULL;
        bool is_enough = false;
        if (cursor[0])
            sw_request_param(&request, "cursor", cursor);
        enum sw_code code = asc_exchange(flow, &request, listing->doing, &json, err);
        if (code != SW_OK)
            return code;
        code = listing->take(arg, json, &is_enough, err);
        if (code == SW_OK && !is_enough)
            code = next_cursor(flow, json, cursor, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "%s", listing->doing);
        if (is_enough || !cursor[0])
            return SW_OK;
        if (strcmp(cursor, before) == 0)
            return sw_fail(err, SW_E_PARSE, "%s: a page leads to itself", listing->doing);
        sw_copy(before, sizeof(before), cursor);
    }
    return sw_fail(err, SW_E_LIMIT, "%s: more than %d pages", listing->doing, listing->pages_max);
}
