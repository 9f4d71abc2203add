/*
 * Parameters of App Store Connect, taken as strictly as Apple takes them, and its errors.
 *
 * Source: Apple's OpenAPI document of the App Store Connect API, version 4.4.1 (parameters and
 * their words, `limit` at most 200, ErrorResponse), read 2026. Codes and texts of refused
 * parameters are UNCONFIRMED.
 */
#include "app_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MAX = 200, LIMIT_DEFAULT = 50 };

const char *const app_store_platforms[] = {"IOS", "MAC_OS", "TV_OS", "VISION_OS", NULL};

const char *const app_store_version_states[] = {
    "ACCEPTED", "DEVELOPER_REJECTED", "IN_REVIEW", "INVALID_BINARY", "METADATA_REJECTED",
    "PENDING_APPLE_RELEASE", "PENDING_DEVELOPER_RELEASE", "PREPARE_FOR_SUBMISSION",
    "PROCESSING_FOR_DISTRIBUTION", "READY_FOR_DISTRIBUTION", "READY_FOR_REVIEW", "REJECTED",
    "REPLACED_WITH_NEW_VERSION", "WAITING_FOR_EXPORT_COMPLIANCE", "WAITING_FOR_REVIEW", NULL};

const char *const app_store_store_states[] = {
    "ACCEPTED", "DEVELOPER_REMOVED_FROM_SALE", "DEVELOPER_REJECTED", "IN_REVIEW",
    "INVALID_BINARY", "METADATA_REJECTED", "PENDING_APPLE_RELEASE", "PENDING_CONTRACT",
    "PENDING_DEVELOPER_RELEASE", "PREPARE_FOR_SUBMISSION", "PREORDER_READY_FOR_SALE",
    "PROCESSING_FOR_APP_STORE", "READY_FOR_REVIEW", "READY_FOR_SALE", "REJECTED",
    "REMOVED_FROM_SALE", "WAITING_FOR_EXPORT_COMPLIANCE", "WAITING_FOR_REVIEW",
    "REPLACED_WITH_NEW_VERSION", "NOT_APPLICABLE", NULL};

static const char *const app_fields[] = {
    "accessibilityUrl", "name", "bundleId", "sku", "primaryLocale", "isOrEverWasMadeForKids",
    "subscriptionStatusUrl", "subscriptionStatusUrlVersion", "subscriptionStatusUrlForSandbox",
    "subscriptionStatusUrlVersionForSandbox", "contentRightsDeclaration",
    "streamlinedPurchasingEnabled", "accessibilityDeclarations", "appEncryptionDeclarations",
    "appStoreIcon", "ciProduct", "betaTesters", "betaGroups", "appStoreVersions", "appTags",
    "preReleaseVersions", "betaAppLocalizations", "builds", "betaLicenseAgreement",
    "betaAppReviewDetail", "appInfos", "appClips", "appPricePoints", "endUserLicenseAgreement",
    "appPriceSchedule", "appAvailabilityV2", "inAppPurchases", "subscriptionGroups",
    "gameCenterEnabledVersions", "perfPowerMetrics", "appCustomProductPages", "inAppPurchasesV2",
    "promotedPurchases", "appEvents", "reviewSubmissions", "subscriptionGracePeriod",
    "customerReviews", "customerReviewSummarizations", "gameCenterDetail",
    "appStoreVersionExperimentsV2", "alternativeDistributionKey", "analyticsReportRequests",
    "marketplaceSearchDetail", "buildUploads", "backgroundAssets",
    "betaFeedbackScreenshotSubmissions", "betaFeedbackCrashSubmissions", "searchKeywords",
    "webhooks", "androidToIosAppMappingDetails", NULL};

static const char *const version_fields[] = {
    "platform", "versionString", "appStoreState", "appVersionState", "copyright", "reviewType",
    "releaseType", "earliestReleaseDate", "usesIdfa", "downloadable", "createdDate", "app",
    "appStoreVersionLocalizations", "build", "appStoreVersionPhasedRelease",
    "gameCenterAppVersion", "routingAppCoverage", "appStoreReviewDetail",
    "appStoreVersionSubmission", "appClipDefaultExperience", "appStoreVersionExperiments",
    "appStoreVersionExperimentsV2", "customerReviews", "alternativeDistributionPackage", NULL};

static const char *const phase_fields[] = {"phasedReleaseState", "startDate", "totalPauseDuration",
                                           "currentDayNumber", NULL};

static const char *const build_fields[] = {
    "version", "uploadedDate", "expirationDate", "expired", "minOsVersion",
    "lsMinimumSystemVersion", "computedMinMacOsVersion", "computedMinVisionOsVersion",
    "iconAssetToken", "processingState", "buildAudienceType", "usesNonExemptEncryption",
    "preReleaseVersion", "individualTesters", "betaGroups", "betaBuildLocalizations",
    "appEncryptionDeclaration", "betaAppReviewSubmission", "app", "buildBetaDetail",
    "appStoreVersion", "icons", "buildBundles", "buildUpload", "perfPowerMetrics",
    "diagnosticSignatures", NULL};

static const char *const pre_release_fields[] = {"version", "platform", "builds", "app", NULL};

static const char *const beta_detail_fields[] = {"autoNotifyEnabled", "internalBuildState",
                                                 "externalBuildState", "build", NULL};
static const char *const beta_review_fields[] = {"betaReviewState", "submittedDate", "build", NULL};
static const char *const availability_fields[] = {"availableInNewTerritories",
                                                  "territoryAvailabilities", NULL};
static const char *const territory_availability_fields[] = {
    "available", "releaseDate", "preOrderEnabled", "preOrderPublishDate", "contentStatuses",
    "territory", NULL};
static const char *const territory_fields[] = {"currency", NULL};
static const char *const review_fields[] = {"rating", "title", "body", "reviewerNickname",
                                            "createdDate", "territory", "response",
                                            "reviewTerritory", NULL};

static const struct {
    const char *name;
    const char *const *fields;
} types[APP_STORE_TYPES_N] = {
    [APP_STORE_APPS] = {"apps", app_fields},
    [APP_STORE_VERSIONS] = {"appStoreVersions", version_fields},
    [APP_STORE_PHASES] = {"appStoreVersionPhasedReleases", phase_fields},
    [APP_STORE_BUILDS] = {"builds", build_fields},
    [APP_STORE_PRE_RELEASES] = {"preReleaseVersions", pre_release_fields},
    [APP_STORE_BETA_DETAILS] = {"buildBetaDetails", beta_detail_fields},
    [APP_STORE_BETA_REVIEWS] = {"betaAppReviewSubmissions", beta_review_fields},
    [APP_STORE_AVAILABILITIES] = {"appAvailabilities", availability_fields},
    [APP_STORE_TERRITORY_AVAILABILITIES] = {"territoryAvailabilities",
                                            territory_availability_fields},
    [APP_STORE_TERRITORIES] = {"territories", territory_fields},
    [APP_STORE_REVIEWS] = {"customerReviews", review_fields},
};

const char *app_store_type_text(enum app_store_type type)
{
    return types[type].name;
}

const char *app_store_old_state(const char *state)
{
    if (strcmp(state, "READY_FOR_DISTRIBUTION") == 0)
        return "READY_FOR_SALE";
    return strcmp(state, "PROCESSING_FOR_DISTRIBUTION") == 0 ? "PROCESSING_FOR_APP_STORE" : state;
}

/* ---- errors ----------------------------------------------------------------------------- */

void app_store_fail(struct app_store_call *call, const struct app_store_error *error,
                    const char *detail_format, ...)
{
    static uint64_t serial;
    uint64_t n = ++serial * UINT64_C(0xd1342543de82ef95);
    char status[8];
    va_list ap;

    va_start(ap, detail_format);
    char *detail = sim_vprintf(detail_format, ap);
    va_end(ap);
    char *id = sim_printf("%08x-%04x-4%03x-9%03x-%012llx", (unsigned)(n >> 32),
                          (unsigned)(n >> 16 & 0xffff), (unsigned)(n >> 4 & 0xfff),
                          (unsigned)(n & 0xfff), (unsigned long long)(n & 0xffffffffffff));
    snprintf(status, sizeof status, "%d", error->status);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "status", status, "code",
                               error->code, "title", error->title, "detail", detail);
    if (error->pointer != NULL)
        json_object_set_new(object, "source", json_pack("{s:s}", "pointer", error->pointer));
    else if (error->parameter != NULL)
        json_object_set_new(object, "source", json_pack("{s:s}", "parameter", error->parameter));
    sim_reply_json(call->rp, error->status, json_pack("{s:[o]}", "errors", object));
    free(id);
    free(detail);
}

void app_store_not_found(struct app_store_call *call, const char *type, const char *id)
{
    static const struct app_store_error error = {
        404, "NOT_FOUND", "The specified resource does not exist", NULL, NULL};

    app_store_fail(call, &error, "There is no resource of type '%.60s' with id '%.60s'", type, id);
}

/* A parameter that the request may not carry. */
static bool illegal(struct app_store_call *call, const char *parameter)
{
    const struct app_store_error error = {400, "PARAMETER_ERROR.ILLEGAL",
                                          "A given parameter is not allowed for this request",
                                          NULL, parameter};

    app_store_fail(call, &error, "The parameter '%.60s' can not be used with this request",
                   parameter);
    return false;
}

static bool invalid(struct app_store_call *call, const char *parameter, const char *value,
                    size_t value_bytes)
{
    const struct app_store_error error = {400, "PARAMETER_ERROR.INVALID",
                                          "A parameter has an invalid value", NULL, parameter};

    app_store_fail(call, &error, "'%.*s' is not a valid value for the parameter '%.60s'",
                   value_bytes > 60 ? 60 : (int)value_bytes, value, parameter);
    return false;
}

/* ---- comma-joined lists ----------------------------------------------------------------- */

static bool is_word(const char *const *words, const char *text, size_t bytes)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == bytes && strncmp(*words, text, bytes) == 0)
            return true;
    return false;
}

bool app_store_list_has(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list != NULL) {
        size_t bytes = strcspn(list, ",");
        if (bytes == n && strncmp(list, word, n) == 0)
            return true;
        list = list[bytes] == ',' ? list + bytes + 1 : NULL;
    }
    return false;
}

/* Every member one of `words` (any text that is not empty when NULL). */
static bool check_list(struct app_store_call *call, const char *parameter, const char *list,
                       const char *const *words)
{
    for (const char *at = list; at != NULL;) {
        size_t bytes = strcspn(at, ",");
        if (bytes == 0 || (words != NULL && !is_word(words, at, bytes)))
            return invalid(call, parameter, at, bytes);
        at = at[bytes] == ',' ? at + bytes + 1 : NULL;
    }
    return true;
}

bool app_store_filter_passes(const struct app_store_call *call, const char *filter,
                             const char *value)
{
    const char *list = sim_query(call->rq, filter);

    return list == NULL || app_store_list_has(list, value);
}

/* ---- one request ------------------------------------------------------------------------ */

/* A whole number in [low, high]. */
static bool read_count(struct app_store_call *call, const struct sim_pair *pair, size_t low,
                       size_t high, size_t *out)
{
    char *end = NULL;
    unsigned long n = strtoul(pair->value, &end, 10);

    if (pair->value[0] < '0' || pair->value[0] > '9' || *end != '\0' || n < low || n > high)
        return invalid(call, pair->name, pair->value, strlen(pair->value));
    *out = n;
    return true;
}

/* Apple's cursors are opaque; these say where the page begins. */
static bool read_cursor(struct app_store_call *call, const struct sim_pair *pair, size_t *out)
{
    size_t bytes = 0;
    unsigned char *plain = sim_base64url_decode(pair->value, strlen(pair->value), &bytes);
    bool ok = plain != NULL && sscanf((const char *)plain, "offset=%zu", out) == 1;

    free(plain);
    return ok || invalid(call, pair->name, pair->value, strlen(pair->value));
}

/* fields[type]; `is_known` tells whether it is one. */
static bool read_fields(struct app_store_call *call, const struct app_store_rules *rules,
                        const struct sim_pair *pair, struct app_store_query *out, bool *is_known)
{
    for (int type = 0; type < APP_STORE_TYPES_N; type++) {
        char name[64];
        snprintf(name, sizeof name, "fields[%s]", types[type].name);
        if (strcmp(name, pair->name) != 0 || (rules->fields & 1u << type) == 0)
            continue;
        *is_known = true;
        out->fields[type] = pair->value;
        return check_list(call, pair->name, pair->value, types[type].fields);
    }
    *is_known = false;
    return true;
}

static bool read_filter(struct app_store_call *call, const struct app_store_rules *rules,
                        const struct sim_pair *pair)
{
    for (const struct app_store_filter *f = rules->filters; f != NULL && f->name != NULL; f++)
        if (strcmp(f->name, pair->name) == 0)
            return check_list(call, pair->name, pair->value, f->words);
    return illegal(call, pair->name);
}

static bool read_parameter(struct app_store_call *call, const struct app_store_rules *rules,
                           const struct sim_pair *pair, struct app_store_query *out)
{
    bool is_fields = false;

    if (rules->is_list && strcmp(pair->name, "limit") == 0)
        return read_count(call, pair, 1, LIMIT_MAX, &out->limit);
    if (rules->is_list && strcmp(pair->name, "cursor") == 0)
        return read_cursor(call, pair, &out->offset);
    if (rules->includes != NULL && strcmp(pair->name, "include") == 0) {
        out->include = pair->value;
        return check_list(call, pair->name, pair->value, rules->includes);
    }
    if (rules->sorts != NULL && strcmp(pair->name, "sort") == 0) {
        out->sort = pair->value;
        return check_list(call, pair->name, pair->value, rules->sorts);
    }
    if (!read_fields(call, rules, pair, out, &is_fields))
        return false;
    return is_fields || read_filter(call, rules, pair);
}

bool app_store_query_read(struct app_store_call *call, const struct app_store_rules *rules,
                          struct app_store_query *out)
{
    *out = (struct app_store_query){.limit = LIMIT_DEFAULT};
    for (size_t i = 0; i < call->rq->n_query; i++) {
        const struct sim_pair *pair = &call->rq->query[i];
        /* Lists are joined by commas, never by repeating (style form, explode false). */
        if (sim_query_count(call->rq, pair->name) > 1)
            return illegal(call, pair->name);
        if (!read_parameter(call, rules, pair, out))
            return false;
    }
    return true;
}
