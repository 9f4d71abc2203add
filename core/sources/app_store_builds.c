/* app_store_builds.c: what testers have, in TestFlight.
 *
 * The newest builds that did not expire, with what Apple says of their processing, of the team's
 * testers, of other testers and of the beta review; of the newest usable one of a version also
 * sessions and crashes. Shown are builds of versions that are not released, and the one that a
 * phased release is giving out: those of released ones are history.
 * A build number is unique only together with its marketing version. An upload of the last minutes
 * may be missing: Apple lists it when its processing begins.
 *
 * STATE TABLE of a version that the store does not have yet, or only as PREPARE_FOR_SUBMISSION
 *
 *   the newest build that is VALID or PROCESSING, of the newest version       ours
 *   VALID, internal or external state IN_BETA_TESTING                         TESTING
 *   VALID otherwise (READY_FOR_BETA_TESTING, MISSING_EXPORT_COMPLIANCE,       BUILDING
 *     WAITING_FOR_BETA_REVIEW, IN_BETA_REVIEW, BETA_REJECTED, ... )
 *   PROCESSING                                                                BUILDING
 *   none: all are FAILED or INVALID                                           FAILED
 *   another processing word                                                   UNKNOWN
 *   none uploaded, or a key that may not read builds                          as without builds
 *
 * A beta review is not the store's review: it never makes IN_REVIEW. Nobody has a build whose
 * testing waits, so it is BUILDING until the first tester can have it.
 *
 * Every five minutes, two or three requests. Never in a re-read before a verb.
 *
 * Sources: App Store Connect API, OpenAPI document 4.4.1 (Build, BuildBetaDetail,
 * InternalBetaState, ExternalBetaState, BetaAppReviewSubmission, BetaBuildUsagesV1MetricResponse);
 * tramlinehq/store-quirks (build numbers); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

#define BUILDS_EVERY_MS (5 * SW_MINUTE_MS)
enum { USAGE_PAGES_MAX = 3, USAGES_MAX = 2 };

/* ----------------------------------------------------------------- parsing */

/* A word of the resource that a relationship leads to; empty when there is none. */
static enum sw_code related_word(const json_t *page, const json_t *build, const char *relation,
                                 const char *type, const char *path, char out[SW_WORD_MAX],
                                 struct sw_error *err)
{
    char at[96];
    const char *id = NULL;
    sw_format(at, sizeof(at), "relationships.%s.data.id", relation);
    enum sw_code code = sw_json_str(build, at, SW_OPTIONAL, &id, err);
    const json_t *related = code == SW_OK ? asc_included(page, type, id) : NULL;
    if (related)
        code = sw_json_text(related, path, SW_OPTIONAL, out, SW_WORD_MAX, err);
    return asc_is_bad(code) ? code : SW_OK;
}

static enum sw_code words_parse(const json_t *page, const json_t *json, struct sw_build_seen *out,
                                struct sw_error *err)
{
    enum sw_code code = related_word(page, json, "preReleaseVersion", "preReleaseVersions",
                                     "attributes.version", out->version, err);
    if (code == SW_OK)
        code = related_word(page, json, "buildBetaDetail", "buildBetaDetails",
                            "attributes.internalBuildState", out->internal, err);
    if (code == SW_OK)
        code = related_word(page, json, "buildBetaDetail", "buildBetaDetails",
                            "attributes.externalBuildState", out->external, err);
    if (code == SW_OK)
        code = related_word(page, json, "betaAppReviewSubmission", "betaAppReviewSubmissions",
                            "attributes.betaReviewState", out->beta_review, err);
    return code;
}

static enum sw_code build_parse(const json_t *page, const json_t *json, struct asc_build *out,
                                bool *is_expired, struct sw_error *err)
{
    struct sw_build_seen *seen = &out->seen;
    const char *id = NULL;
    *out = (struct asc_build){.seen = {.sessions = -1, .crashes = -1, .installs = -1}};
    *is_expired = false;
    enum sw_code code = sw_json_str(json, "id", SW_REQUIRED, &id, err);
    if (code != SW_OK)
        return code;
    if (!asc_is_id(id))
        return sw_fail(err, SW_E_PARSE, "id has other characters than ids have");
    sw_copy(out->id, sizeof(out->id), id);
    code = sw_json_text(json, "attributes.version", SW_OPTIONAL, seen->build, sizeof(seen->build),
                        err);
    if (!asc_is_bad(code))
        code = sw_json_text(json, "attributes.processingState", SW_OPTIONAL, seen->processing,
                            sizeof(seen->processing), err);
    if (!asc_is_bad(code))
        code = sw_json_bool(json, "attributes.expired", SW_OPTIONAL, is_expired, err);
    if (asc_is_bad(code))
        return code;
    seen->uploaded_ms = asc_time_of(json, "attributes.uploadedDate");
    seen->expires_ms = asc_time_of(json, "attributes.expirationDate");
    return words_parse(page, json, seen, err);
}

/* Apple sorts by upload; a date that is missing keeps its place. */
static void insert(struct asc_builds *builds, const struct asc_build *build)
{
    size_t at = builds->count++;
    for (; at > 0 && build->seen.uploaded_ms > builds->items[at - 1].seen.uploaded_ms &&
           builds->items[at - 1].seen.uploaded_ms > 0;
         at--)
        builds->items[at] = builds->items[at - 1];
    builds->items[at] = *build;
}

enum sw_code asc_builds_parse(const json_t *page, struct asc_builds *out, struct sw_error *err)
{
    json_t *data = NULL;
    enum sw_code code = sw_json_arr(page, "data", SW_REQUIRED, &data, err);
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        struct asc_build build;
        bool is_expired = false;
        if (out->count == ASC_BUILDS_MAX)
            break;
        code = build_parse(page, item, &build, &is_expired, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "data[%zu]", i);
        if (!is_expired)
            insert(out, &build);
    }
    return code;
}

static enum sw_code add_count(const json_t *point, const char *path, int64_t *sum,
                              struct sw_error *err)
{
    int64_t count = 0;
    enum sw_code code =
        sw_json_int_range(point, path, SW_OPTIONAL, 0, INT64_C(1000000000000), &count, err);
    if (code == SW_OK)
        *sum = (*sum < 0 ? 0 : *sum) + count;
    return asc_is_bad(code) ? code : SW_OK;
}

static enum sw_code points_parse(const json_t *item, struct sw_build_seen *out,
                                 struct sw_error *err)
{
    json_t *points = NULL;
    enum sw_code code = sw_json_arr(item, "dataPoints", SW_OPTIONAL, &points, err);
    size_t i;
    const json_t *point;
    json_array_foreach(points, i, point)
    {
        code = add_count(point, "values.sessionCount", &out->sessions, err);
        if (code == SW_OK)
            code = add_count(point, "values.crashCount", &out->crashes, err);
        if (code == SW_OK)
            code = add_count(point, "values.installCount", &out->installs, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "dataPoints[%zu]", i);
    }
    return asc_is_bad(code) ? code : SW_OK;
}

enum sw_code asc_usages_parse(const json_t *page, struct sw_build_seen *out, struct sw_error *err)
{
    json_t *data = NULL;
    enum sw_code code = sw_json_arr(page, "data", SW_REQUIRED, &data, err);
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        code = points_parse(item, out, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "data[%zu]", i);
    }
    return code;
}

/* ----------------------------------------------------------------- judging */

static bool is_released(const struct asc_versions *versions, const char *label, const char *build)
{
    for (size_t i = 0; i < versions->count; i++) {
        const struct asc_version *v = &versions->items[i];
        bool is_out = v->class == ASC_LIVE || v->class == ASC_REMOVED || v->class == ASC_OLD ||
                      v->class == ASC_PROCESSING;
        bool is_its_way = v->class == ASC_LIVE && v->phase > ASC_PHASE_UNREAD &&
                          v->phase != ASC_PHASE_COMPLETE && strcmp(v->build, build) == 0;
        if (is_out && !is_its_way && strcmp(v->version, label) == 0)
            return true;
    }
    return false;
}

void asc_builds_keep_new(struct asc_builds *builds, const struct asc_versions *versions)
{
    size_t kept = 0;
    for (size_t i = 0; i < builds->count; i++)
        if (builds->items[i].seen.version[0] &&
            !is_released(versions, builds->items[i].seen.version, builds->items[i].seen.build))
            builds->items[kept++] = builds->items[i];
    builds->count = kept;
}

static bool is_word(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

static enum sw_state build_state(const struct sw_build_seen *seen)
{
    if (is_word(seen->processing, "PROCESSING"))
        return SW_STATE_BUILDING;
    if (is_word(seen->processing, "FAILED") || is_word(seen->processing, "INVALID"))
        return SW_STATE_FAILED;
    if (!is_word(seen->processing, "VALID"))
        return SW_STATE_UNKNOWN;
    bool is_testing =
        is_word(seen->internal, "IN_BETA_TESTING") || is_word(seen->external, "IN_BETA_TESTING");
    return is_testing ? SW_STATE_TESTING : SW_STATE_BUILDING;
}

/* The word that tells most: of other testers where they are concerned, else of the team's. */
static const char *build_word(const struct sw_build_seen *seen, enum sw_state state)
{
    if (!is_word(seen->processing, "VALID"))
        return seen->processing[0] ? seen->processing : "no word";
    if (state == SW_STATE_TESTING)
        return "IN_BETA_TESTING";
    bool is_external = seen->external[0] && !is_word(seen->external, "NOT_APPLICABLE") &&
                       !is_word(seen->external, "READY_FOR_BETA_SUBMISSION");
    if (is_external)
        return seen->external;
    return seen->internal[0] ? seen->internal : seen->processing;
}

/* Of the version that was uploaded last. */
static const struct sw_build_seen *deciding(const struct asc_builds *builds)
{
    const struct sw_build_seen *newest = builds->count > 0 ? &builds->items[0].seen : NULL;
    for (size_t i = 0; i < builds->count; i++) {
        const struct sw_build_seen *seen = &builds->items[i].seen;
        if (is_word(seen->version, newest->version) && build_state(seen) != SW_STATE_FAILED)
            return seen;
    }
    return newest;
}

void asc_train_judge(const struct asc_builds *builds, struct asc_train *out)
{
    const struct sw_build_seen *seen = deciding(builds);
    *out = (struct asc_train){.at_ms = out->at_ms};
    if (!seen)
        return;
    out->state = build_state(seen);
    sw_copy(out->version, sizeof(out->version), seen->version);
    sw_copy(out->build, sizeof(out->build), seen->build);
    sw_copy(out->word, sizeof(out->word), build_word(seen, out->state));
}

/* ----------------------------------------------------------------- reading */

static enum sw_code take_builds(void *arg, const json_t *page, bool *is_enough,
                                struct sw_error *err)
{
    *is_enough = true; /* the newest ones are on the first page */
    return asc_builds_parse(page, arg, err);
}

static enum sw_code take_usages(void *arg, const json_t *page, bool *is_enough,
                                struct sw_error *err)
{
    (void)is_enough;
    return asc_usages_parse(page, arg, err);
}

static enum sw_code list_read(struct sw_flow *flow, const struct sw_target *target,
                              const char *app_id, struct asc_builds *out, struct sw_error *err)
{
    struct asc_listing listing = {
        .doing = "reading the builds of testers", .pages_max = 1, .take = take_builds};
    struct sw_request *request = &listing.request;
    enum sw_code code = sw_request_init(request, &asc_operations[ASC_BUILDS_LIST], err, NULL);
    if (code != SW_OK)
        return code;
    sw_request_param(request, "filter[app]", app_id);
    sw_request_param(request, "filter[preReleaseVersion.platform]",
                     sw_node_str(target->options, "platform"));
    sw_request_param(request, "filter[expired]", "false");
    sw_request_param(request, "sort", "-uploadedDate");
    sw_request_param(request, "include",
                     "preReleaseVersion,buildBetaDetail,betaAppReviewSubmission");
    sw_request_param(request, "fields[builds]",
                     "version,uploadedDate,expirationDate,expired,processingState,"
                     "preReleaseVersion,buildBetaDetail,betaAppReviewSubmission");
    sw_request_param(request, "fields[preReleaseVersions]", "version,platform");
    sw_request_param(request, "fields[buildBetaDetails]", "internalBuildState,externalBuildState");
    sw_request_param(request, "fields[betaAppReviewSubmissions]", "betaReviewState");
    sw_request_param(request, "limit", "20");
    return asc_list(flow, &listing, out, err);
}

static enum sw_code usages_of(struct sw_flow *flow, struct asc_build *build, struct sw_error *err)
{
    struct asc_listing listing = {.doing = "reading sessions and crashes of testers",
                                  .pages_max = USAGE_PAGES_MAX,
                                  .take = take_usages};
    enum sw_code code =
        sw_request_init(&listing.request, &asc_operations[ASC_BUILD_USAGES], err, build->id, NULL);
    sw_request_param(&listing.request, "limit", "200");
    if (code == SW_OK)
        code = asc_list(flow, &listing, &build->seen, err);
    return code == SW_E_DENIED || code == SW_E_NOT_FOUND ? SW_OK : code;
}

/* Of the newest one of each version that testers can have. */
static enum sw_code usages_read(struct sw_flow *flow, struct asc_builds *builds,
                                struct sw_error *err)
{
    int asked = 0;
    for (size_t i = 0; i < builds->count && asked < USAGES_MAX; i++) {
        struct asc_build *build = &builds->items[i];
        bool is_wanted = is_word(build->seen.processing, "VALID");
        for (size_t k = 0; k < i; k++)
            if (is_word(builds->items[k].seen.processing, "VALID") &&
                is_word(builds->items[k].seen.version, build->seen.version))
                is_wanted = false;
        if (!is_wanted)
            continue;
        enum sw_code code = usages_of(flow, build, err);
        if (code != SW_OK)
            return code;
        asked++;
    }
    return SW_OK;
}

static void report(struct sw_flow *flow, const struct sw_target *target,
                   const struct asc_builds *builds)
{
    struct sw_build_seen seen[ASC_BUILDS_MAX];
    for (size_t i = 0; i < builds->count; i++) {
        seen[i] = builds->items[i].seen;
        seen[i].observed_at_ms = sw_flow_now(flow);
    }
    sw_flow_report_builds(flow, target, seen, builds->count);
}

enum sw_code asc_builds_read(struct sw_flow *flow, const struct sw_target *target,
                             const char *app_id, const struct asc_versions *versions,
                             struct asc_train *train, struct sw_error *err)
{
    struct asc_builds builds = {0};
    int64_t now_ms = sw_flow_now(flow), age_ms = now_ms - train->at_ms;
    if (train->at_ms > 0 && age_ms >= 0 && age_ms < BUILDS_EVERY_MS)
        return SW_OK;
    enum sw_code code = list_read(flow, target, app_id, &builds, err);
    if (code == SW_OK) {
        asc_builds_keep_new(&builds, versions);
        code = usages_read(flow, &builds, err);
    } else if (code == SW_E_DENIED || code == SW_E_NOT_FOUND) {
        code = SW_OK; /* a role that may not see builds: nothing to show */
    }
    if (code != SW_OK)
        return code;
    train->at_ms = now_ms;
    asc_train_judge(&builds, train);
    report(flow, target, &builds);
    return SW_OK;
}
