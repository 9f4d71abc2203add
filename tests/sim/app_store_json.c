/*
 * App Store Connect's documents.
 *
 * Source: Apple's OpenAPI document of the App Store Connect API, version 4.4.1 (attributes,
 * PagedDocumentLinks, PagingInformation); "Including related resources" and sparse fieldsets as in
 * JSON:API; null attributes and the three shapes of times as recorded replies in public fixtures
 * show them, read 2026. A relationship has `data` only when the request includes it; a list names
 * no order, so versions come by id.
 */
#include "app_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* ---- times ------------------------------------------------------------------------------ */

/* "2026-11-16T06:02:48-08:00" */
static json_t *local_time(int64_t ms)
{
    char text[32];
    char zoned[48];

    sim_rfc3339(text, sizeof text, ms - (int64_t)8 * 3600 * 1000, false);
    snprintf(zoned, sizeof zoned, "%.19s-08:00", text);
    return json_string(zoned);
}

static json_t *utc_time(int64_t ms)
{
    char text[32];

    return ms == 0 ? json_null() : json_string(sim_rfc3339(text, sizeof text, ms, false));
}

/* ---- one resource ----------------------------------------------------------------------- */

static json_t *app_attributes(const struct apple_store *store)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:n, s:n}", "name", store->name, "bundleId",
                     store->bundle_id, "sku", "acme-app", "primaryLocale", "en-US",
                     "isOrEverWasMadeForKids", 0, "subscriptionStatusUrl",
                     "contentRightsDeclaration");
}

static json_t *version_attributes(const struct apple_version *v)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:b, s:o}", "platform", "IOS",
                     "versionString", v->version, "appStoreState", app_store_old_state(v->state),
                     "appVersionState", v->state, "copyright", "2026 Acme", "reviewType",
                     "APP_STORE", "releaseType", v->release_type, "earliestReleaseDate",
                     "usesIdfa", "downloadable", 1, "createdDate", local_time(v->created_ms));
}

/* Before the start Apple shows day 0 and a start that is not one yet, or null: here null. */
static json_t *phase_attributes(const struct apple_version *v)
{
    bool has_begun = v->phase_start_ms != 0;

    return json_pack("{s:s, s:o, s:o, s:o}", "phasedReleaseState", apple_phase_text(v->phase),
                     "startDate", utc_time(v->phase_start_ms), "totalPauseDuration",
                     has_begun ? json_integer(apple_pause_days(v)) : json_null(),
                     "currentDayNumber", has_begun ? json_integer(v->phase_day) : json_null());
}

static json_t *build_attributes(const struct world *world, const struct apple_version *v)
{
    int64_t ends = v->uploaded_ms + 90 * DAY_MS;

    return json_pack("{s:s, s:o, s:o, s:b, s:s, s:s, s:s, s:b}", "version", v->build,
                     "uploadedDate", local_time(v->uploaded_ms), "expirationDate",
                     local_time(ends), "expired", world->now_ms >= ends, "minOsVersion", "16.0",
                     "processingState", "VALID", "buildAudienceType", "APP_STORE_ELIGIBLE",
                     "usesNonExemptEncryption", 0);
}

static json_t *attributes_of(const struct app_store_call *call, enum app_store_type type,
                             const struct apple_version *v)
{
    switch (type) {
    case APP_STORE_APPS:
        return app_attributes(call->store);
    case APP_STORE_VERSIONS:
        return version_attributes(v);
    case APP_STORE_PHASES:
        return phase_attributes(v);
    case APP_STORE_BUILDS:
        return build_attributes(call->sim->world, v);
    case APP_STORE_PRE_RELEASES:
        return json_pack("{s:s, s:s}", "version", v->version, "platform", "IOS");
    case APP_STORE_TYPES_N:
        break;
    }
    return json_object();
}

/* The caller frees. */
static char *id_of(const struct app_store_call *call, enum app_store_type type,
                   const struct apple_version *v)
{
    switch (type) {
    case APP_STORE_APPS:
        return sim_xstrdup(call->store->app_id);
    case APP_STORE_PHASES:
        return sim_xstrdup(v->phase_id);
    case APP_STORE_BUILDS:
        return sim_xstrdup(v->build_id);
    case APP_STORE_PRE_RELEASES:
        return sim_printf("c0de%s", v->id + 4);
    case APP_STORE_VERSIONS:
    case APP_STORE_TYPES_N:
        break;
    }
    return sim_xstrdup(v->id);
}

/* Relationships that the world knows; Apple's others are links that lead nowhere here. */
static const struct relationship {
    enum app_store_type of;
    const char *name;
    enum app_store_type to;
    bool is_many; /* links only */
} relationships[] = {
    {APP_STORE_APPS, "appStoreVersions", APP_STORE_VERSIONS, true},
    {APP_STORE_APPS, "builds", APP_STORE_BUILDS, true},
    {APP_STORE_VERSIONS, "app", APP_STORE_APPS, false},
    {APP_STORE_VERSIONS, "build", APP_STORE_BUILDS, false},
    {APP_STORE_VERSIONS, "appStoreVersionPhasedRelease", APP_STORE_PHASES, false},
    {APP_STORE_BUILDS, "app", APP_STORE_APPS, false},
    {APP_STORE_BUILDS, "appStoreVersion", APP_STORE_VERSIONS, false},
    {APP_STORE_BUILDS, "preReleaseVersion", APP_STORE_PRE_RELEASES, false},
};

enum { RELATIONSHIPS_N = sizeof relationships / sizeof relationships[0] };

static bool leads_somewhere(enum app_store_type to, const struct apple_version *v)
{
    return to != APP_STORE_PHASES || (v != NULL && v->phase != APPLE_PHASE_NONE);
}

static bool is_wanted(const struct app_store_query *query, enum app_store_type type,
                      const char *field)
{
    return query->fields[type] == NULL || app_store_list_has(query->fields[type], field);
}

static json_t *relationship_json(struct app_store_call *call, const struct relationship *r,
                                 const char *self, const struct apple_version *v, bool has_data)
{
    char *own = sim_printf("%s/relationships/%s", self, r->name);
    char *related = sim_printf("%s/%s", self, r->name);
    json_t *object =
        json_pack("{s:{s:s, s:s}}", "links", "self", own, "related", related);

    if (has_data && leads_somewhere(r->to, v)) {
        char *id = id_of(call, r->to, v);
        json_object_set_new(object, "data", json_pack("{s:s, s:s}", "type",
                                                      app_store_type_text(r->to), "id", id));
        free(id);
    } else if (has_data) {
        json_object_set_new(object, "data", json_null());
    }
    free(own);
    free(related);
    return object;
}

/* "http://127.0.0.1:4711/v1/builds/a671690d-…"; the caller frees. */
static char *self_of(struct app_store_call *call, enum app_store_type type, const char *id)
{
    return sim_printf("%s/v1/%s/%s", call->sim->url[sim_service_index("app_store")],
                      app_store_type_text(type), id);
}

static json_t *resource_json(struct app_store_call *call, const struct app_store_query *query,
                             enum app_store_type type, const struct apple_version *v,
                             bool is_primary)
{
    char *id = id_of(call, type, v);
    char *self = self_of(call, type, id);
    json_t *all = attributes_of(call, type, v);
    json_t *attributes = json_object();
    json_t *relations = json_object();
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach(all, name, value) {
        if (is_wanted(query, type, name))
            json_object_set(attributes, name, value);
    }
    json_decref(all);
    for (size_t i = 0; i < RELATIONSHIPS_N; i++) {
        const struct relationship *r = &relationships[i];
        bool has_data = is_primary && !r->is_many && app_store_list_has(query->include, r->name);
        if (r->of == type && is_wanted(query, type, r->name))
            json_object_set_new(relations, r->name,
                                relationship_json(call, r, self, v, has_data));
    }
    json_t *resource = json_pack("{s:s, s:s, s:o, s:{s:s}}", "type", app_store_type_text(type),
                                 "id", id, "attributes", attributes, "links", "self", self);
    if (json_object_size(relations) > 0)
        json_object_set(resource, "relationships", relations);
    json_decref(relations);
    free(self);
    free(id);
    return resource;
}

/* ---- included --------------------------------------------------------------------------- */

static bool is_there(json_t *included, json_t *resource)
{
    for (size_t i = 0; i < json_array_size(included); i++) {
        json_t *other = json_array_get(included, i);
        if (json_equal(json_object_get(other, "type"), json_object_get(resource, "type")) &&
            json_equal(json_object_get(other, "id"), json_object_get(resource, "id")))
            return true;
    }
    return false;
}

static void include_for(struct app_store_call *call, const struct app_store_query *query,
                        enum app_store_type type, const struct apple_version *v, json_t *included)
{
    for (size_t i = 0; i < RELATIONSHIPS_N; i++) {
        const struct relationship *r = &relationships[i];
        if (r->of != type || r->is_many || !app_store_list_has(query->include, r->name) ||
            !leads_somewhere(r->to, v))
            continue;
        json_t *resource = resource_json(call, query, r->to, v, false);
        if (!is_there(included, resource))
            json_array_append(included, resource);
        json_decref(resource);
    }
}

/* ---- documents -------------------------------------------------------------------------- */

/* The request's own address, without `cursor`, and with this one when it is not NULL. */
static json_t *own_link(struct app_store_call *call, const char *cursor)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    char separator = '?';

    if (out == NULL)
        abort();
    fprintf(out, "%s%s", call->sim->url[sim_service_index("app_store")], call->rq->raw_path);
    for (const char *at = call->rq->raw_query; *at != '\0';) {
        size_t bytes = strcspn(at, "&");
        if (bytes > 0 && (cursor == NULL || strncmp(at, "cursor=", 7) != 0)) {
            fprintf(out, "%c%.*s", separator, (int)bytes, at);
            separator = '&';
        }
        at += bytes;
        at += *at == '&';
    }
    if (cursor != NULL)
        fprintf(out, "%ccursor=%s", separator, cursor);
    if (fclose(out) != 0)
        abort();
    json_t *link = json_string(text);
    free(text);
    return link;
}

void app_store_answer(struct app_store_call *call, const struct app_store_query *query,
                      enum app_store_type type, const struct apple_version *version)
{
    bool is_nothing = type == APP_STORE_PHASES && !leads_somewhere(type, version);
    json_t *document = json_pack(
        "{s:o, s:{s:o}}", "data",
        is_nothing ? json_null() : resource_json(call, query, type, version, true), "links",
        "self", own_link(call, NULL));

    if (query->include != NULL) {
        json_t *included = json_array();
        include_for(call, query, type, version, included);
        json_object_set_new(document, "included", included);
    }
    sim_reply_json(call->rp, 200, document);
}

void app_store_answer_list(struct app_store_call *call, const struct app_store_query *query,
                           enum app_store_type type, const struct apple_version *const *all,
                           size_t n)
{
    json_t *data = json_array();
    json_t *included = json_array();
    json_t *links = json_pack("{s:o}", "self", own_link(call, NULL));
    json_t *paging = json_pack("{s:I, s:I}", "total", (json_int_t)n, "limit",
                               (json_int_t)query->limit);
    size_t i = query->offset;

    for (; i < n && i < query->offset + query->limit; i++) {
        json_array_append_new(data, resource_json(call, query, type, all[i], true));
        include_for(call, query, type, all[i], included);
    }
    if (i < n) {
        char plain[32];
        snprintf(plain, sizeof plain, "offset=%zu", i);
        char *cursor = sim_base64url_encode(plain, strlen(plain));
        json_object_set_new(links, "next", own_link(call, cursor));
        json_object_set_new(paging, "nextCursor", json_string(cursor));
        free(cursor);
    }
    json_t *document = json_pack("{s:o, s:o, s:{s:o}}", "data", data, "links", links, "meta",
                                 "paging", paging);
    if (query->include != NULL)
        json_object_set(document, "included", included);
    json_decref(included);
    sim_reply_json(call->rp, 200, document);
}
