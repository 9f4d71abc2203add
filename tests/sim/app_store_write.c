/*
 * What App Store Connect lets one change here: phased releases, and the release of a version.
 *
 * Sources: Apple's OpenAPI document of the App Store Connect API, version 4.4.1
 * (AppStoreVersionPhasedReleaseCreateRequest, …UpdateRequest,
 * AppStoreVersionReleaseRequestCreateRequest, status codes); "App Store Version Phased Releases";
 * the texts of a refused phased release are those that public tools match, read 2026. Other texts
 * and codes, and whether such a refusal is 409 or 422, are UNCONFIRMED.
 */
#include "app_store.h"

#include <stdlib.h>
#include <string.h>

/* ---- bodies of changes ------------------------------------------------------------------ */

static bool entity_error(struct app_store_call *call, int status, const char *code,
                         const char *pointer, const char *detail)
{
    const struct app_store_error error = {
        status, code, "The provided entity is missing a required attribute, or one is invalid",
        pointer, NULL};

    app_store_fail(call, &error, "%s", detail);
    return false;
}

/* {"data": {...}}, the body's only member. The caller frees the body; NULL = refused. */
static json_t *read_body(struct app_store_call *call, json_t **data)
{
    static const char *const known[] = {"data", NULL};
    const char *type = sim_header(call->rq, "Content-Type");
    const struct app_store_error media = {415, "UNSUPPORTED_MEDIA_TYPE",
                                          "The request's content type is not supported", NULL,
                                          NULL};

    if (type == NULL || strncmp(type, "application/json", 16) != 0) {
        app_store_fail(call, &media, "Content-Type must be application/json");
        return NULL;
    }
    json_t *body = sim_body_json(call->rq);
    *data = json_object_get(body, "data");
    if (json_is_object(*data) && sim_json_unknown(body, known) == NULL)
        return body;
    entity_error(call, 422, "ENTITY_UNPROCESSABLE", "/data", "The body is no document with data");
    json_decref(body);
    return NULL;
}

static bool check_members(struct app_store_call *call, json_t *object, const char *where,
                          const char *const *known)
{
    const char *unknown =
        json_is_object(object) || object == NULL ? sim_json_unknown(object, known) : "(no object)";

    if (unknown == NULL)
        return true;
    char *pointer = sim_printf("%s/%.60s", where, unknown);
    char *detail = sim_printf("'%.60s' is not an attribute or relationship of the resource",
                              unknown);
    entity_error(call, 409, "ENTITY_ERROR.ATTRIBUTE.UNKNOWN", pointer, detail);
    free(pointer);
    free(detail);
    return false;
}

static bool check_type(struct app_store_call *call, json_t *data, const char *type)
{
    const char *told = json_string_value(json_object_get(data, "type"));

    if (told != NULL && strcmp(told, type) == 0)
        return true;
    return entity_error(call, 409, "ENTITY_ERROR.TYPE.INVALID", "/data/type",
                        "The type is missing or not that of this resource");
}

/* data.relationships.appStoreVersion.data of type appStoreVersions; NULL = refused. */
static const char *related_version(struct app_store_call *call, json_t *data)
{
    static const char *const one[] = {"appStoreVersion", NULL};
    static const char *const inner[] = {"data", NULL};
    static const char *const linkage[] = {"type", "id", NULL};
    json_t *relations = json_object_get(data, "relationships");
    json_t *version = json_object_get(relations, "appStoreVersion");
    json_t *link = json_object_get(version, "data");
    const char *type = json_string_value(json_object_get(link, "type"));
    const char *id = json_string_value(json_object_get(link, "id"));

    if (!check_members(call, relations, "/data/relationships", one) ||
        !check_members(call, version, "/data/relationships/appStoreVersion", inner) ||
        !check_members(call, link, "/data/relationships/appStoreVersion/data", linkage))
        return NULL;
    if (type == NULL || strcmp(type, "appStoreVersions") != 0 || id == NULL) {
        entity_error(call, 409, "ENTITY_ERROR.RELATIONSHIP.REQUIRED",
                     "/data/relationships/appStoreVersion",
                     "You must provide a value for the relationship 'appStoreVersion' with this "
                     "request");
        return NULL;
    }
    if (apple_version_by_id(call->store, id) != NULL)
        return id;
    entity_error(call, 409, "ENTITY_ERROR.RELATIONSHIP.INVALID",
                 "/data/relationships/appStoreVersion",
                 "There is no resource of type 'appStoreVersions' with this id");
    return NULL;
}

/* data.attributes.phasedReleaseState; NONE = refused. */
static enum apple_phase told_phase(struct app_store_call *call, json_t *data, enum apple_phase unset)
{
    static const char pointer[] = "/data/attributes/phasedReleaseState";
    static const char *const known[] = {"phasedReleaseState", NULL};
    json_t *attributes = json_object_get(data, "attributes");
    json_t *state = json_object_get(attributes, "phasedReleaseState");

    if (!check_members(call, attributes, "/data/attributes", known))
        return APPLE_PHASE_NONE;
    if ((state == NULL || json_is_null(state)) && unset != APPLE_PHASE_NONE)
        return unset;
    const char *text = json_string_value(state);
    enum apple_phase phase = text == NULL ? APPLE_PHASE_NONE : apple_phase_parse(text);
    if (phase == APPLE_PHASE_NONE)
        entity_error(call, 409, "ENTITY_ERROR.ATTRIBUTE.INVALID", pointer,
                     "phasedReleaseState must be INACTIVE, ACTIVE, PAUSED or COMPLETE");
    return phase;
}

/* ---- changes ---------------------------------------------------------------------------- */

static void state_error(struct app_store_call *call, const char *code, const char *pointer,
                        const char *detail)
{
    const struct app_store_error error = {
        409, code, "The request cannot be fulfilled because of the state of another resource.",
        pointer, NULL};

    app_store_fail(call, &error, "%s", detail);
}

static void refuse_phase(struct app_store_call *call, enum apple_result result)
{
    static const char pointer[] = "/data/attributes/phasedReleaseState";

    switch (result) {
    case APPLE_NOT_FOUND:
        app_store_not_found(call, "appStoreVersionPhasedReleases",
                            call->rq->n_segments > 2 ? call->rq->segments[2] : "");
        break;
    case APPLE_SAME_VALUE:
        state_error(call, "ENTITY_ERROR.ATTRIBUTE.INVALID", pointer,
                    "The phased release already has this value");
        break;
    case APPLE_FINAL_STATE:
        state_error(call, "STATE_ERROR", pointer,
                    "You cannot change the state of a phased release that is in a final state");
        break;
    default:
        state_error(call, "STATE_ERROR", pointer,
                    "The phased release can not take this value in its current state");
        break;
    }
}

static bool takes_no_parameters(struct app_store_call *call)
{
    static const struct app_store_rules rules = {.fields = 0};
    struct app_store_query query;

    return app_store_query_read(call, &rules, &query);
}

/* The phased release after a change. */
static void answer_phase(struct app_store_call *call, const struct apple_version *version,
                         int status)
{
    struct app_store_query query = {.limit = 1};
    struct app_store_thing thing = {.version = version};

    app_store_answer(call, &query, APP_STORE_PHASES, &thing);
    call->rp->status = status;
}

void app_store_patch_phase(struct app_store_call *call)
{
    static const char *const known[] = {"type", "id", "attributes", NULL};
    const char *id = call->rq->segments[2];
    json_t *data = NULL;
    json_t *body = takes_no_parameters(call) ? read_body(call, &data) : NULL;

    if (body == NULL)
        return;
    const char *told_id = json_string_value(json_object_get(data, "id"));
    bool ok = check_members(call, data, "/data", known) &&
              check_type(call, data, "appStoreVersionPhasedReleases");
    if (ok && (told_id == NULL || strcmp(told_id, id) != 0))
        ok = entity_error(call, 409, "ENTITY_ERROR.ID.INVALID", "/data/id",
                          "The id of the body is not that of the request's path");
    enum apple_phase phase = ok ? told_phase(call, data, APPLE_PHASE_NONE) : APPLE_PHASE_NONE;
    if (phase != APPLE_PHASE_NONE) {
        enum apple_result result =
            apple_phase_set(call->store, id, phase, call->sim->world->now_ms);
        if (result == APPLE_OK)
            answer_phase(call, apple_version_by_phase(call->store, id), 200);
        else
            refuse_phase(call, result);
    }
    json_decref(body);
}

void app_store_delete_phase(struct app_store_call *call)
{
    if (!takes_no_parameters(call))
        return;
    enum apple_result result = apple_phase_delete(call->store, call->rq->segments[2]);
    if (result == APPLE_OK)
        sim_reply_empty(call->rp, 204);
    else
        refuse_phase(call, result);
}

void app_store_post_phase(struct app_store_call *call)
{
    static const char *const known[] = {"type", "attributes", "relationships", NULL};
    json_t *data = NULL;
    json_t *body = takes_no_parameters(call) ? read_body(call, &data) : NULL;

    if (body == NULL)
        return;
    bool ok = check_members(call, data, "/data", known) &&
              check_type(call, data, "appStoreVersionPhasedReleases");
    const char *id = ok ? related_version(call, data) : NULL;
    enum apple_phase phase =
        id == NULL ? APPLE_PHASE_NONE : told_phase(call, data, APPLE_PHASE_INACTIVE);
    if (phase == APPLE_PHASE_INACTIVE) {
        enum apple_result result = apple_phase_create(call->store, id, call->sim->world->now_ms);
        if (result == APPLE_OK)
            answer_phase(call, apple_version_by_id(call->store, id), 201);
        else
            refuse_phase(call, result);
    } else if (phase != APPLE_PHASE_NONE) {
        refuse_phase(call, APPLE_BAD_STATE);
    }
    json_decref(body);
}

void app_store_post_release(struct app_store_call *call)
{
    static const char type[] = "appStoreVersionReleaseRequests";
    static const char *const known[] = {"type", "relationships", NULL};
    json_t *data = NULL;
    json_t *body = takes_no_parameters(call) ? read_body(call, &data) : NULL;

    if (body == NULL)
        return;
    bool ok = check_members(call, data, "/data", known) && check_type(call, data, type);
    const char *id = ok ? related_version(call, data) : NULL;
    if (id != NULL && apple_release(call->store, id, call->sim->world->now_ms) == APPLE_OK) {
        char *self = sim_printf("%s/v1/%s/5e1f%s", call->sim->url[sim_service_index("app_store")],
                                type, id + 4);
        sim_reply_json(call->rp, 201,
                       json_pack("{s:{s:s, s:s, s:{s:s}}, s:{s:s}}", "data", "type", type, "id",
                                 strrchr(self, '/') + 1, "links", "self", self, "links", "self",
                                 self));
        free(self);
    } else if (id != NULL) {
        state_error(call, "STATE_ERROR", "/data/relationships/appStoreVersion",
                    "You cannot release this version: it is not in a state that is pending "
                    "developer release");
    }
    json_decref(body);
}
