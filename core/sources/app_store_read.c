/* app_store_read.c: requests to App Store Connect, its errors in words, and the poll.
 *
 * A poll is one request: all versions of the app with their builds and phased releases (and a
 * look-up of the app's id, once). Apple promises no order and has no filter for "the live one and
 * the next", so all pages are read and sorted here; a version without a phased release in the list,
 * but with a link to one, is asked for alone. Requests go out one after the other: Apple answers
 * bursts with 429 long before the hour's quota is used.
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

/* The nil UUID of RFC 4122, 4.1.7: no resource of Apple's has it. */
#define ASC_NO_ID "00000000-0000-0000-0000-000000000000"

enum { PAGES_MAX = 20, CURSOR_MAX = 512 };

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
    return sw_fail_http(err, code, reply->status, own->is_retryable, own->retry_at_ms,
                        "%s: Apple says \"%s\" (%d %s)%s", doing, words[0] ? words : "nothing",
                        reply->status, apple.code, advice_of(reply->status, &apple));
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

/* --------------------------------------------------------------------- poll */

static const char *bundle_of(const struct sw_target *target)
{
    return sw_node_str(target->options, "bundle_id");
}

/* The app with exactly this bundle id; the filter alone is not trusted. */
static enum sw_code app_look_up(struct sw_flow *flow, const char *bundle_id,
                                char app_id[ASC_ID_MAX], struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    json_t *data = NULL;
    char doing[160];
    sw_format(doing, sizeof(doing), "looking for the app %s", bundle_id);
    enum sw_code code = sw_request_init(&request, &asc_operations[ASC_APPS_LIST], err, NULL);
    sw_request_param(&request, "filter[bundleId]", bundle_id);
    sw_request_param(&request, "fields[apps]", "name,bundleId");
    sw_request_param(&request, "limit", "2");
    if (code == SW_OK)
        code = asc_exchange(flow, &request, doing, &json, err);
    if (code == SW_OK)
        code = sw_json_arr(json, "data", SW_REQUIRED, &data, err);
    if (code != SW_OK)
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        const char *id = NULL, *found = NULL;
        if (sw_json_str(item, "attributes.bundleId", SW_REQUIRED, &found, NULL) == SW_OK &&
            strcmp(found, bundle_id) == 0 &&
            sw_json_str(item, "id", SW_REQUIRED, &id, NULL) == SW_OK && asc_is_id(id)) {
            sw_copy(app_id, ASC_ID_MAX, id);
            return SW_OK;
        }
    }
    return sw_fail(err, SW_E_NOT_FOUND, "no app has the bundle id %s, or this key may not see it",
                   bundle_id);
}

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

static enum sw_code page_read(struct sw_flow *flow, const struct sw_target *target,
                              const char *app_id, char cursor[CURSOR_MAX],
                              struct asc_versions *versions, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    char doing[160];
    sw_format(doing, sizeof(doing), "reading the versions of %s", bundle_of(target));
    enum sw_code code =
        sw_request_init(&request, &asc_operations[ASC_VERSIONS_LIST], err, app_id, NULL);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "filter[platform]", sw_node_str(target->options, "platform"));
    sw_request_param(&request, "include", "build,appStoreVersionPhasedRelease");
    /* Naming fields drops the relationships that are not named. */
    sw_request_param(&request, "fields[appStoreVersions]",
                     "platform,versionString,appVersionState,appStoreState,releaseType,"
                     "earliestReleaseDate,createdDate,build,appStoreVersionPhasedRelease");
    sw_request_param(&request, "fields[builds]", "version");
    sw_request_param(&request, "fields[appStoreVersionPhasedReleases]",
                     "phasedReleaseState,startDate,totalPauseDuration,currentDayNumber");
    sw_request_param(&request, "limit", "200");
    if (cursor[0])
        sw_request_param(&request, "cursor", cursor);
    code = asc_exchange(flow, &request, doing, &json, err);
    if (code != SW_OK)
        return code;
    code = asc_versions_parse(json, versions, err);
    if (code == SW_OK)
        code = next_cursor(flow, json, cursor, err);
    return code == SW_OK ? code : sw_error_prefix(err, "%s", doing);
}

static enum sw_code versions_read(struct sw_flow *flow, const struct sw_target *target,
                                  const char *app_id, struct asc_versions *versions,
                                  struct sw_error *err)
{
    char cursor[CURSOR_MAX] = "", before[CURSOR_MAX] = "";
    asc_versions_clear(versions);
    for (int i = 0; i < PAGES_MAX; i++) {
        enum sw_code code = page_read(flow, target, app_id, cursor, versions, err);
        if (code != SW_OK || !cursor[0])
            return code;
        if (strcmp(cursor, before) == 0)
            return sw_fail(err, SW_E_PARSE, "the versions of %s: a page leads to itself",
                           bundle_of(target));
        sw_copy(before, sizeof(before), cursor);
    }
    return sw_fail(err, SW_E_LIMIT, "the versions of %s: more than %d pages", bundle_of(target),
                   PAGES_MAX);
}

/* Where the list left open whether a version has a phased release, and it matters. */
static enum sw_code phases_complete(struct sw_flow *flow, struct asc_versions *versions,
                                    struct sw_error *err)
{
    int asked = 0;
    for (size_t i = 0; i < versions->count && asked < 2; i++) {
        struct asc_version *v = &versions->items[i];
        bool matters =
            v->class == ASC_LIVE || v->class == ASC_PROCESSING || v->class == ASC_RELEASABLE;
        if (v->phase != ASC_PHASE_UNREAD || !matters)
            continue;
        enum sw_code code = asc_phase_get(flow, v->id, v, err);
        if (code != SW_OK)
            return code;
        asked++;
    }
    return SW_OK;
}

static void report(struct sw_flow *flow, const struct sw_target *target, const char *app_id,
                   const struct asc_versions *versions)
{
    struct sw_rollout rollout = {.observed_at_ms = sw_flow_now(flow),
                                 .true_for_ms = sw_flow_now(flow)};
    asc_judge(versions, target->rollout, sw_flow_now(flow), &rollout);
    sw_format(rollout.place, sizeof(rollout.place), "App Store, %% of automatic updates");
    rollout.handle = asc_handle_write(bundle_of(target), app_id, versions);
    sw_flow_report_rollout(flow, target, &rollout);
    sw_rollout_clear(&rollout);
}

/* The app's id: configured, known from last time, or looked up. */
static enum sw_code app_id_get(struct sw_flow *flow, const struct sw_target *target,
                               char app_id[ASC_ID_MAX], bool *is_remembered, struct sw_error *err)
{
    const char *configured = sw_node_str(target->options, "app_id");
    struct asc_handle handle;
    *is_remembered = false;
    if (configured && configured[0]) {
        if (!asc_is_id(configured))
            return sw_fail(err, SW_E_CONFIG, "app_id \"%s\" is no app id", configured);
        sw_copy(app_id, ASC_ID_MAX, configured);
        return SW_OK;
    }
    if (target->rollout && asc_handle_read(target->rollout->handle, bundle_of(target), &handle)) {
        sw_copy(app_id, ASC_ID_MAX, handle.app_id);
        *is_remembered = true;
        return SW_OK;
    }
    return app_look_up(flow, bundle_of(target), app_id, err);
}

static enum sw_code target_read(struct sw_flow *flow, const struct sw_target *target,
                                struct sw_error *err)
{
    struct asc_versions versions = {0};
    char app_id[ASC_ID_MAX];
    bool is_remembered = false;
    enum sw_code code = app_id_get(flow, target, app_id, &is_remembered, err);
    if (code == SW_OK)
        code = versions_read(flow, target, app_id, &versions, err);
    if (code == SW_E_NOT_FOUND && is_remembered) {
        code = app_look_up(flow, bundle_of(target), app_id, err);
        if (code == SW_OK)
            code = versions_read(flow, target, app_id, &versions, err);
    }
    asc_versions_sort(&versions);
    if (code == SW_OK)
        code = phases_complete(flow, &versions, err);
    if (code == SW_OK)
        report(flow, target, app_id, &versions);
    asc_versions_clear(&versions);
    return code;
}

enum sw_code asc_observe(struct sw_flow *flow, struct sw_error *err)
{
    enum sw_code first = SW_OK;
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        struct sw_error own = {0};
        enum sw_code code = target_read(flow, sw_flow_target(flow, i), &own);
        if (code == SW_OK || first != SW_OK)
            continue;
        first = code;
        if (err)
            *err = own;
    }
    return first;
}
