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
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:n, s:b, s:o}", "platform", "IOS",
                     "versionString", v->version, "appStoreState", app_store_old_state(v->state),
                     "appVersionState", v->state, "copyright", "2026 Acme", "reviewType",
                     "APP_STORE", "releaseType", v->release_type, "earliestReleaseDate",
                     v->earliest_ms == 0 ? json_null() : local_time(v->earliest_ms), "usesIdfa", "downloadable", 1, "createdDate", local_time(v->created_ms));
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

static json_t *build_attributes(const struct world *world, const struct apple_build *build)
{
    int64_t ends = build->uploaded_ms + 90 * DAY_MS;

    return json_pack("{s:s, s:o, s:o, s:b, s:s, s:s, s:s, s:b}", "version", build->build,
                     "uploadedDate", local_time(build->uploaded_ms), "expirationDate",
                     local_time(ends), "expired", world->now_ms >= ends, "minOsVersion", "16.0",
                     "processingState", build->processing, "buildAudienceType",
                     "APP_STORE_ELIGIBLE", "usesNonExemptEncryption", 0);
}

/* None available, and CANNOT_SELL, is an app that was removed; both ways it takes hours. */
static json_t *territory_attributes(const struct app_store_call *call, size_t territory)
{
    bool is_off = call->store->is_unavailable[territory];
    bool is_turning = call->sim->world->now_ms < call->store->sale_turns_ms;
    const char *status = is_turning ? is_off ? "PROCESSING_TO_NOT_AVAILABLE"
                                             : "PROCESSING_TO_AVAILABLE"
                         : is_off   ? "CANNOT_SELL"
                                    : "AVAILABLE";

    return json_pack("{s:b, s:s, s:b, s:n, s:[s]}", "available", !is_off, "releaseDate",
                     "2019-05-14", "preOrderEnabled", 0, "preOrderPublishDate", "contentStatuses",
                     status);
}

/* "2024-04-24T12:00:00.000+0000": the third shape of a time. */
static json_t *bare_time(int64_t ms)
{
    char text[32];
    char shaped[48];

    sim_rfc3339(text, sizeof text, ms, false);
    snprintf(shaped, sizeof shaped, "%.19s.000+0000", text);
    return json_string(shaped);
}

static json_t *review_attributes(const struct apple_review *review)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:s}", "rating", review->rating, "title",
                     review->title, "body", review->body, "reviewerNickname", review->nickname,
                     "createdDate", bare_time(review->created_ms), "territory",
                     review->territory);
}

static json_t *attributes_of(const struct app_store_call *call, enum app_store_type type,
                             const struct app_store_thing *thing)
{
    switch (type) {
    case APP_STORE_APPS:
        return app_attributes(call->store);
    case APP_STORE_VERSIONS:
        return version_attributes(thing->version);
    case APP_STORE_PHASES:
        return phase_attributes(thing->version);
    case APP_STORE_BUILDS:
        return build_attributes(call->sim->world, thing->build);
    case APP_STORE_PRE_RELEASES:
        return json_pack("{s:s, s:s}", "version", thing->build->version, "platform", "IOS");
    case APP_STORE_BETA_DETAILS:
        return json_pack("{s:b, s:s, s:s}", "autoNotifyEnabled", 1, "internalBuildState",
                         thing->build->internal, "externalBuildState", thing->build->external);
    case APP_STORE_BETA_REVIEWS:
        return json_pack("{s:s, s:o}", "betaReviewState", thing->build->beta_review,
                         "submittedDate", utc_time(thing->build->uploaded_ms));
    case APP_STORE_AVAILABILITIES:
        return json_pack("{s:b}", "availableInNewTerritories", 1);
    case APP_STORE_TERRITORY_AVAILABILITIES:
        return territory_attributes(call, thing->territory);
    case APP_STORE_TERRITORIES:
        return json_pack("{s:s}", "currency", "EUR");
    case APP_STORE_REVIEWS:
        return review_attributes(thing->review);
    case APP_STORE_TYPES_N:
        break;
    }
    return json_object();
}

/* The caller frees. */
static char *id_of(const struct app_store_call *call, enum app_store_type type,
                   const struct app_store_thing *thing)
{
    switch (type) {
    case APP_STORE_APPS:
    case APP_STORE_AVAILABILITIES:
        return sim_xstrdup(call->store->app_id);
    case APP_STORE_PHASES:
        return sim_xstrdup(thing->version->phase_id);
    case APP_STORE_BUILDS:
    case APP_STORE_BETA_DETAILS:
    case APP_STORE_BETA_REVIEWS:
        return sim_xstrdup(thing->build->id);
    case APP_STORE_PRE_RELEASES:
        return sim_printf("c0de%s", thing->build->version);
    case APP_STORE_TERRITORY_AVAILABILITIES:
        return sim_printf("%s-%s", call->store->app_id, apple_territories[thing->territory]);
    case APP_STORE_TERRITORIES:
        return sim_xstrdup(apple_territories[thing->territory]);
    case APP_STORE_REVIEWS:
        return sim_xstrdup(thing->review->id);
    case APP_STORE_VERSIONS:
    case APP_STORE_TYPES_N:
        break;
    }
    return sim_xstrdup(thing->version->id);
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
    {APP_STORE_BUILDS, "buildBetaDetail", APP_STORE_BETA_DETAILS, false},
    {APP_STORE_BUILDS, "betaAppReviewSubmission", APP_STORE_BETA_REVIEWS, false},
    {APP_STORE_VERSIONS, "customerReviews", APP_STORE_REVIEWS, true},
    {APP_STORE_AVAILABILITIES, "territoryAvailabilities", APP_STORE_TERRITORY_AVAILABILITIES, true},
    {APP_STORE_TERRITORY_AVAILABILITIES, "territory", APP_STORE_TERRITORIES, false},
};

enum { RELATIONSHIPS_N = sizeof relationships / sizeof relationships[0] };

static bool leads_somewhere(enum app_store_type to, const struct app_store_thing *thing)
{
    switch (to) {
    case APP_STORE_PHASES:
        return thing->version != NULL && thing->version->phase != APPLE_PHASE_NONE;
    case APP_STORE_VERSIONS:
        return thing->version != NULL;
    case APP_STORE_BUILDS:
        return thing->build != NULL;
    case APP_STORE_BETA_REVIEWS:
        return thing->build != NULL && thing->build->beta_review[0] != '\0';
    default:
        return true;
    }
}

static bool is_wanted(const struct app_store_query *query, enum app_store_type type,
                      const char *field)
{
    return query->fields[type] == NULL || app_store_list_has(query->fields[type], field);
}

static json_t *relationship_json(struct app_store_call *call, const struct relationship *r,
                                 const char *self, const struct app_store_thing *thing,
                                 bool has_data)
{
    char *own = sim_printf("%s/relationships/%s", self, r->name);
    char *related = sim_printf("%s/%s", self, r->name);
    json_t *object =
        json_pack("{s:{s:s, s:s}}", "links", "self", own, "related", related);

    if (has_data && leads_somewhere(r->to, thing)) {
        char *id = id_of(call, r->to, thing);
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
    return sim_printf("%s/%s/%s/%s", call->sim->url[sim_service_index("app_store")],
                      type == APP_STORE_AVAILABILITIES ? "v2" : "v1", app_store_type_text(type),
                      id);
}

static json_t *resource_json(struct app_store_call *call, const struct app_store_query *query,
                             enum app_store_type type, const struct app_store_thing *thing,
                             bool is_primary)
{
    char *id = id_of(call, type, thing);
    char *self = self_of(call, type, id);
    json_t *all = attributes_of(call, type, thing);
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
                                relationship_json(call, r, self, thing, has_data));
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
                        enum app_store_type type, const struct app_store_thing *thing,
                        json_t *included)
{
    for (size_t i = 0; i < RELATIONSHIPS_N; i++) {
        const struct relationship *r = &relationships[i];
        if (r->of != type || r->is_many || !app_store_list_has(query->include, r->name) ||
            !leads_somewhere(r->to, thing))
            continue;
        json_t *resource = resource_json(call, query, r->to, thing, false);
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
                      enum app_store_type type, const struct app_store_thing *thing)
{
    static const struct app_store_thing none;
    const struct app_store_thing *it = thing == NULL ? &none : thing;
    bool is_nothing = !leads_somewhere(type, it);
    json_t *document = json_pack(
        "{s:o, s:{s:o}}", "data",
        is_nothing ? json_null() : resource_json(call, query, type, it, true), "links", "self",
        own_link(call, NULL));

    if (query->include != NULL) {
        json_t *included = json_array();
        include_for(call, query, type, it, included);
        json_object_set_new(document, "included", included);
    }
    sim_reply_json(call->rp, 200, document);
}

/* The document of a page that ends at `i` of `n`. */
static json_t *paged(struct app_store_call *call, const struct app_store_query *query, json_t *data,
                     size_t i, size_t n)
{
    json_t *links = json_pack("{s:o}", "self", own_link(call, NULL));
    json_t *paging = json_pack("{s:I, s:I}", "total", (json_int_t)n, "limit",
                               (json_int_t)query->limit);

    if (i < n) {
        char plain[32];
        snprintf(plain, sizeof plain, "offset=%zu", i);
        char *cursor = sim_base64url_encode(plain, strlen(plain));
        json_object_set_new(links, "next", own_link(call, cursor));
        json_object_set_new(paging, "nextCursor", json_string(cursor));
        free(cursor);
    }
    return json_pack("{s:o, s:o, s:{s:o}}", "data", data, "links", links, "meta", "paging",
                     paging);
}

void app_store_answer_list(struct app_store_call *call, const struct app_store_query *query,
                           enum app_store_type type, const struct app_store_thing *all, size_t n)
{
    json_t *data = json_array();
    json_t *included = json_array();
    size_t i = query->offset;

    for (; i < n && i < query->offset + query->limit; i++) {
        json_array_append_new(data, resource_json(call, query, type, &all[i], true));
        include_for(call, query, type, &all[i], included);
    }
    json_t *document = paged(call, query, data, i, n);
    if (query->include != NULL)
        json_object_set(document, "included", included);
    json_decref(included);
    sim_reply_json(call->rp, 200, document);
}

void app_store_answer_page(struct app_store_call *call, const struct app_store_query *query,
                           json_t *all)
{
    json_t *data = json_array();
    size_t n = json_array_size(all);
    size_t i = query->offset;

    for (; i < n && i < query->offset + query->limit; i++)
        json_array_append(data, json_array_get(all, i));
    sim_reply_json(call->rp, 200, paged(call, query, data, i, n));
    json_decref(all);
}
