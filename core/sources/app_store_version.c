/* app_store_version.c: versions and phased releases as Apple writes them. Pure.
 *
 * Apple's document marks nothing as nullable, and the live API sends null all the same: null,
 * absent and present are told apart here and mean "not known" unless said otherwise. An unknown
 * word is kept and shown. Of the two state fields appVersionState counts; the old appStoreState
 * fills in where it is absent, and alone tells that an app was removed from sale.
 *
 * Sources: App Store Connect API, OpenAPI document 4.4.1 (AppStoreVersion,
 * AppStoreVersionPhasedRelease, AppVersionState, AppStoreVersionState); fastlane and codemagic
 * fixtures (nulls); tramlinehq/tramline d39a128 (removal from sale); fastlane/fastlane#26626 (no
 * promised order); read 2026-01. */
#include "sources/app_store.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

static const struct {
    const char *word;
    enum asc_class class;
    enum sw_state state;
} state_words[] = {
    {"PREPARE_FOR_SUBMISSION", ASC_PREPARING, SW_STATE_BUILDING},
    {"READY_FOR_REVIEW", ASC_REVIEW, SW_STATE_IN_REVIEW},
    {"WAITING_FOR_REVIEW", ASC_REVIEW, SW_STATE_IN_REVIEW},
    {"IN_REVIEW", ASC_REVIEW, SW_STATE_IN_REVIEW},
    {"WAITING_FOR_EXPORT_COMPLIANCE", ASC_REVIEW, SW_STATE_IN_REVIEW},
    /* Approved while the rest of its submission is not: not releasable yet. UNCONFIRMED. */
    {"ACCEPTED", ASC_REVIEW, SW_STATE_IN_REVIEW},
    {"PENDING_DEVELOPER_RELEASE", ASC_RELEASABLE, SW_STATE_READY},
    {"PENDING_APPLE_RELEASE", ASC_WAITING, SW_STATE_READY},
    {"PENDING_CONTRACT", ASC_WAITING, SW_STATE_READY},
    {"PREORDER_READY_FOR_SALE", ASC_WAITING, SW_STATE_READY},
    {"PROCESSING_FOR_DISTRIBUTION", ASC_PROCESSING, SW_STATE_ROLLING},
    {"PROCESSING_FOR_APP_STORE", ASC_PROCESSING, SW_STATE_ROLLING},
    {"READY_FOR_DISTRIBUTION", ASC_LIVE, SW_STATE_COMPLETE},
    {"READY_FOR_SALE", ASC_LIVE, SW_STATE_COMPLETE},
    {"REMOVED_FROM_SALE", ASC_REMOVED, SW_STATE_FAILED},
    {"DEVELOPER_REMOVED_FROM_SALE", ASC_REMOVED, SW_STATE_FAILED},
    {"REJECTED", ASC_BROKEN, SW_STATE_FAILED},
    {"METADATA_REJECTED", ASC_BROKEN, SW_STATE_FAILED},
    {"INVALID_BINARY", ASC_BROKEN, SW_STATE_FAILED},
    {"DEVELOPER_REJECTED", ASC_BROKEN, SW_STATE_FAILED},
    {"REPLACED_WITH_NEW_VERSION", ASC_OLD, SW_STATE_NONE},
    /* Of the old enum; what it means is not documented. */
    {"NOT_APPLICABLE", ASC_OTHER, SW_STATE_UNKNOWN},
};

enum asc_class asc_class_of(const char *word)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(state_words); i++)
        if (strcmp(state_words[i].word, word) == 0)
            return state_words[i].class;
    return ASC_OTHER;
}

enum sw_state asc_state_of(const char *word)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(state_words); i++)
        if (strcmp(state_words[i].word, word) == 0)
            return state_words[i].state;
    return SW_STATE_UNKNOWN;
}

static const struct {
    const char *word;
    enum asc_phase phase;
} phase_words[] = {{"INACTIVE", ASC_PHASE_INACTIVE},
                   {"ACTIVE", ASC_PHASE_ACTIVE},
                   {"PAUSED", ASC_PHASE_PAUSED},
                   {"COMPLETE", ASC_PHASE_COMPLETE}};

enum asc_phase asc_phase_of(const char *word)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(phase_words); i++)
        if (strcmp(phase_words[i].word, word) == 0)
            return phase_words[i].phase;
    return ASC_PHASE_OTHER;
}

bool asc_is_id(const char *id)
{
    size_t len = id ? strlen(id) : 0;
    if (len == 0 || len >= ASC_ID_MAX)
        return false;
    for (const char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return true;
}

/* ------------------------------------------------------------------ fields */

static enum sw_code id_parse(const json_t *json, const char *path, char out[ASC_ID_MAX],
                             struct sw_error *err)
{
    const char *id = NULL;
    enum sw_code code = sw_json_str(json, path, SW_REQUIRED, &id, err);
    if (code != SW_OK)
        return code;
    if (!asc_is_id(id))
        return sw_fail(err, SW_E_PARSE, "%s has other characters than ids have", path);
    sw_copy(out, ASC_ID_MAX, id);
    return SW_OK;
}

int64_t asc_time_of(const json_t *json, const char *path)
{
    int64_t ms = 0;
    return sw_json_time(json, path, SW_OPTIONAL, &ms, NULL) == SW_OK ? ms : 0;
}

static enum sw_code count_parse(const json_t *json, const char *path, struct sw_value *out,
                                struct sw_error *err)
{
    int64_t count = 0;
    enum sw_code code = sw_json_int_range(json, path, SW_OPTIONAL, 0, 100000, &count, err);
    if (code == SW_OK)
        *out = (struct sw_value){(double)count, true};
    return asc_is_bad(code) ? code : SW_OK;
}

/* ---------------------------------------------------------------- resource */

enum sw_code asc_phase_parse(const json_t *phase, struct asc_version *out, struct sw_error *err)
{
    out->phase = ASC_PHASE_NONE;
    out->phase_id[0] = out->phase_word[0] = '\0';
    if (!phase || json_is_null(phase))
        return SW_OK;
    const char *word = "";
    enum sw_code code = id_parse(phase, "id", out->phase_id, err);
    if (code == SW_OK)
        code = sw_json_str(phase, "attributes.phasedReleaseState", SW_OPTIONAL, &word, err);
    if (!asc_is_bad(code))
        code = count_parse(phase, "attributes.currentDayNumber", &out->day, err);
    if (!asc_is_bad(code))
        code = count_parse(phase, "attributes.totalPauseDuration", &out->pause_days, err);
    if (asc_is_bad(code))
        return code;
    out->phase = asc_phase_of(word);
    out->phase_start_ms = asc_time_of(phase, "attributes.startDate");
    sw_text_clean_copy(out->phase_word, sizeof(out->phase_word), word[0] ? word : "null");
    return SW_OK;
}

const json_t *asc_included(const json_t *page, const char *type, const char *id)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(page, "included"), i, item)
    {
        const char *item_type = json_string_value(json_object_get(item, "type"));
        const char *item_id = json_string_value(json_object_get(item, "id"));
        if (item_type && item_id && strcmp(item_type, type) == 0 && strcmp(item_id, id) == 0)
            return item;
    }
    return NULL;
}

/* Links without data, or data without its resource, leave it open: then it is asked for alone. */
static enum sw_code phase_link_parse(const json_t *page, const json_t *json,
                                     struct asc_version *out, struct sw_error *err)
{
    const json_t *data = sw_json_at(json, "relationships.appStoreVersionPhasedRelease.data");
    out->phase = ASC_PHASE_UNREAD;
    if (!data)
        return SW_OK;
    const char *id = json_string_value(json_object_get(data, "id"));
    const json_t *phase = id ? asc_included(page, "appStoreVersionPhasedReleases", id) : NULL;
    return json_is_null(data) || phase ? asc_phase_parse(phase, out, err) : SW_OK;
}

static enum sw_code build_link_parse(const json_t *page, const json_t *json,
                                     struct asc_version *out, struct sw_error *err)
{
    const char *id = NULL;
    enum sw_code code = sw_json_str(json, "relationships.build.data.id", SW_OPTIONAL, &id, err);
    const json_t *build = code == SW_OK ? asc_included(page, "builds", id) : NULL;
    if (build)
        code = sw_json_text(build, "attributes.version", SW_OPTIONAL, out->build,
                            sizeof(out->build), err);
    return asc_is_bad(code) ? code : SW_OK;
}

static enum sw_code state_parse(const json_t *json, struct asc_version *out, struct sw_error *err)
{
    const char *word = NULL, *old_word = NULL;
    enum sw_code code = sw_json_str(json, "attributes.appVersionState", SW_OPTIONAL, &word, err);
    if (!asc_is_bad(code))
        code = sw_json_str(json, "attributes.appStoreState", SW_OPTIONAL, &old_word, err);
    if (asc_is_bad(code))
        return code;
    if (!word)
        word = old_word ? old_word : "";
    out->class = asc_class_of(word);
    out->is_removed = out->class == ASC_LIVE && old_word && asc_class_of(old_word) == ASC_REMOVED;
    if (out->is_removed)
        out->class = ASC_REMOVED;
    sw_text_clean_copy(out->word, sizeof(out->word), word);
    return SW_OK;
}

static enum sw_code version_parse(const json_t *page, const json_t *json, struct asc_version *out,
                                  struct sw_error *err)
{
    *out = (struct asc_version){0};
    enum sw_code code = id_parse(json, "id", out->id, err);
    if (code == SW_OK)
        code = sw_json_text(json, "attributes.versionString", SW_OPTIONAL, out->version,
                            sizeof(out->version), err);
    if (!asc_is_bad(code))
        code = state_parse(json, out, err);
    if (!asc_is_bad(code))
        code = sw_json_text(json, "attributes.releaseType", SW_OPTIONAL, out->release_type,
                            sizeof(out->release_type), err);
    if (!asc_is_bad(code))
        code = sw_json_text(json, "attributes.reviewType", SW_OPTIONAL, out->review_type,
                            sizeof(out->review_type), err);
    if (!asc_is_bad(code))
        code = build_link_parse(page, json, out, err);
    if (!asc_is_bad(code))
        code = phase_link_parse(page, json, out, err);
    if (asc_is_bad(code))
        return code;
    out->created_ms = asc_time_of(json, "attributes.createdDate");
    out->earliest_ms = asc_time_of(json, "attributes.earliestReleaseDate");
    return SW_OK;
}

void asc_versions_clear(struct asc_versions *versions)
{
    free(versions->items);
    *versions = (struct asc_versions){0};
}

enum sw_code asc_versions_parse(const json_t *page, struct asc_versions *out, struct sw_error *err)
{
    json_t *data = NULL;
    enum sw_code code = sw_json_arr(page, "data", SW_REQUIRED, &data, err);
    if (code != SW_OK)
        return code;
    size_t more = json_array_size(data);
    if (out->count + more > ASC_VERSIONS_MAX)
        return sw_fail(err, SW_E_LIMIT, "more than %d versions", ASC_VERSIONS_MAX);
    out->items = sw_xrealloc_array(out->items, out->count + more + 1, sizeof(*out->items));
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        code = version_parse(page, item, &out->items[out->count], err);
        if (code != SW_OK)
            return sw_error_prefix(err, "data[%zu]", i);
        out->items[out->count].order = out->count;
        out->count++;
    }
    return SW_OK;
}

static int newest_first(const void *a, const void *b)
{
    const struct asc_version *x = a, *y = b;
    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

void asc_versions_sort(struct asc_versions *versions)
{
    if (versions->count > 1)
        qsort(versions->items, versions->count, sizeof(*versions->items), newest_first);
}
