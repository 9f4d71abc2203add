/*
 * The bearer token of App Store Connect: a JSON Web Token signed by the team's key.
 *
 * Source: Apple, App Store Connect API, "Generating Tokens for API Requests" (ES256, kid, iss, aud
 * appstoreconnect-v1, at most 20 minutes; longer only when `scope` names GET requests alone), read
 * 2026. The status of a request outside the token's scope is UNCONFIRMED. The time that counts is
 * real time.
 */
#include "app_store.h"

#include <stdio.h>
#include <string.h>

enum { LIFE_MAX_S = 1200, LIFE_LONG_MAX_S = 183 * 24 * 3600 };

static bool unauthorized(struct app_store_call *call)
{
    static const struct app_store_error error = {
        401, "NOT_AUTHORIZED", "Authentication credentials are missing or invalid.", NULL, NULL};

    app_store_fail(call, &error,
                   "Provide a properly configured and signed bearer token, and make sure that it "
                   "has not expired. Learn more about Generating Tokens for API Requests "
                   "https://developer.apple.com/go/?id=api-generating-tokens");
    return false;
}

static bool is_text(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL && strcmp(text, wanted) == 0;
}

/* Are there scopes, and do all of them only read? */
static bool only_reads(const json_t *scopes)
{
    bool ok = json_array_size(scopes) > 0;

    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *text = json_string_value(json_array_get(scopes, i));
        ok = ok && text != NULL && strncmp(text, "GET ", 4) == 0;
    }
    return ok;
}

static bool is_time_right(const json_t *claims)
{
    const json_t *iat = json_object_get(claims, "iat");
    const json_t *exp = json_object_get(claims, "exp");
    json_int_t now = sim_real_ms() / 1000;
    json_int_t most = only_reads(json_object_get(claims, "scope")) ? LIFE_LONG_MAX_S : LIFE_MAX_S;

    if (!json_is_integer(exp) || (iat != NULL && !json_is_integer(iat)))
        return false;
    json_int_t from = iat == NULL ? now : json_integer_value(iat);
    return from <= now && json_integer_value(exp) > now && json_integer_value(exp) - from <= most;
}

/* "GET /v1/apps?filter[platform]=IOS": method and path as given, and these parameters present. */
static bool scope_covers(const char *scope, const struct sim_request *rq)
{
    struct sim_request wanted;
    char method[8] = "";
    const char *space = strchr(scope, ' ');

    if (space == NULL || (size_t)(space - scope) >= sizeof method)
        return false;
    memcpy(method, scope, (size_t)(space - scope));
    if (!sim_request_parse(&wanted, method, space + 1, NULL, 0, NULL, 0))
        return false;
    bool ok = strcmp(wanted.method, rq->method) == 0 && strcmp(wanted.path, rq->path) == 0;
    for (size_t i = 0; i < wanted.n_query && ok; i++) {
        const char *value = sim_query(rq, wanted.query[i].name);
        ok = value != NULL && strcmp(value, wanted.query[i].value) == 0;
    }
    sim_request_free(&wanted);
    return ok;
}

static bool is_in_scope(struct app_store_call *call, const json_t *claims)
{
    static const struct app_store_error error = {
        403, "FORBIDDEN_ERROR", "This request is forbidden for security reasons", NULL, NULL};
    const json_t *scopes = json_object_get(claims, "scope");

    if (scopes == NULL)
        return true;
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *scope = json_string_value(json_array_get(scopes, i));
        if (scope != NULL && scope_covers(scope, call->rq))
            return true;
    }
    app_store_fail(call, &error, "The scope of this token does not allow this request");
    return false;
}

bool app_store_authorized(struct app_store_call *call)
{
    const struct sim_creds *creds = call->sim->creds;
    const char *token = sim_bearer(call->rq);
    struct sim_jwt jwt;

    if (token == NULL ||
        sim_jwt_verify(&jwt, token, "ES256", creds->apple_public_pem) != SIM_JWT_OK)
        return unauthorized(call);
    /* A team's key names its issuer and no user. */
    bool ok = is_text(jwt.header, "kid", creds->apple_key_id) &&
              is_text(jwt.claims, "iss", creds->apple_issuer_id) &&
              is_text(jwt.claims, "aud", "appstoreconnect-v1") &&
              json_object_get(jwt.claims, "sub") == NULL && is_time_right(jwt.claims);
    ok = ok ? is_in_scope(call, jwt.claims) : unauthorized(call);
    sim_jwt_clear(&jwt);
    return ok;
}
