/*
 * Google's token endpoint: service account, JWT bearer grant; and what every Google API says about
 * tokens, parameters and fields.
 *
 * Sources: Google "Using OAuth 2.0 for Server to Server Applications" (claims, 3600 s, error
 * texts); the error object and "Invalid JSON payload received" as all Google APIs send them; read
 * 2026. Token life is real time.
 */
#include "google.h"
#include "world.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MAX = 256, TOKEN_LIFE_S = 3599, SKEW_S = 60, JWT_LIFE_MAX_S = 3600 };

struct token {
    char text[80];
    char account[80];
    char scope[400];
    int64_t expires_ms; /* real */
};

struct oauth {
    struct token tokens[TOKENS_MAX];
    size_t n; /* ever made; the ring forgets the oldest */
};

extern const struct sim_service sim_google_oauth;

/* ---- what all Google APIs say ----------------------------------------------------------- */

void google_fail(struct sim_reply *rp, int http, const char *status, const char *reason,
                 const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *message = sim_vprintf(format, ap);
    va_end(ap);
    json_t *error = json_pack("{s:i, s:s, s:s}", "code", http, "message", message, "status", status);
    if (reason != NULL)
        json_object_set_new(error, "errors",
                            json_pack("[{s:s, s:s, s:s}]", "message", message, "domain", "global",
                                      "reason", reason));
    sim_reply_json(rp, http, json_pack("{s:o}", "error", error));
    free(message);
}

bool google_refuse_unknown_query(const struct sim_request *rq, struct sim_reply *rp,
                                 const char *const *known)
{
    /* Every method knows these. Source: discovery document, "parameters". */
    static const char *const standard[] = {
        "$.xgafv",     "access_token", "alt",         "callback",   "fields",          "key",
        "oauth_token", "prettyPrint",  "quotaUser",   "uploadType", "upload_protocol", NULL};

    for (size_t i = 0; i < rq->n_query; i++) {
        const char *name = rq->query[i].name;
        bool is_known = false;
        for (size_t k = 0; standard[k] != NULL; k++)
            is_known = is_known || strcmp(standard[k], name) == 0;
        for (size_t k = 0; known[k] != NULL; k++)
            is_known = is_known || strcmp(known[k], name) == 0;
        if (is_known)
            continue;
        google_fail(rp, 400, "INVALID_ARGUMENT", NULL,
                    "Invalid JSON payload received. Unknown name \"%.100s\": Cannot bind query "
                    "parameter. Field '%.100s' could not be found in request message.",
                    name, name);
        return true;
    }
    return false;
}

bool google_refuse_unknown_field(json_t *object, const char *where, const char *const *known,
                                 struct sim_reply *rp)
{
    const char *unknown = sim_json_unknown(object, known);

    if (unknown == NULL)
        return false;
    google_fail(rp, 400, "INVALID_ARGUMENT", NULL,
                "Invalid JSON payload received. Unknown name \"%.100s\"%s%s%s: Cannot find field.",
                unknown, where[0] == '\0' ? "" : " at '", where, where[0] == '\0' ? "" : "'");
    return true;
}

static bool has_scope(const char *scopes, const char *scope)
{
    size_t n = strlen(scope);

    for (const char *at = scopes; (at = strstr(at, scope)) != NULL; at += n)
        if ((at == scopes || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
            return true;
    return false;
}

const char *google_account(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp,
                           const char *scope)
{
    struct oauth *oauth = sim_state(sim, &sim_google_oauth, sizeof *oauth, NULL);
    const char *text = sim_bearer(rq);

    for (size_t i = 0; text != NULL && i < TOKENS_MAX; i++) {
        const struct token *token = &oauth->tokens[i];
        if (token->text[0] == '\0' || strcmp(token->text, text) != 0 ||
            token->expires_ms <= sim_real_ms())
            continue;
        if (has_scope(token->scope, scope))
            return token->account;
        google_fail(rp, 403, "PERMISSION_DENIED", "insufficientPermissions",
                    "Request had insufficient authentication scopes.");
        return NULL;
    }
    if (text == NULL)
        google_fail(rp, 401, "UNAUTHENTICATED", "required",
                    "Request is missing required authentication credential. Expected OAuth 2 "
                    "access token, login cookie or other valid authentication credential.");
    else
        google_fail(rp, 401, "UNAUTHENTICATED", "authError",
                    "Request had invalid authentication credentials. Expected OAuth 2 access "
                    "token, login cookie or other valid authentication credential.");
    return NULL;
}

/* ---- the token endpoint ----------------------------------------------------------------- */

/* Here `error` is a string, unlike everywhere else at Google. */
static void refuse(struct sim_reply *rp, int http, const char *error, const char *description)
{
    sim_reply_json(rp, http,
                   json_pack("{s:s, s:s}", "error", error, "error_description", description));
}

static const char *claim_text(const struct sim_jwt *jwt, const char *name)
{
    const char *text = json_string_value(json_object_get(jwt->claims, name));

    return text == NULL ? "" : text;
}

static bool is_audience(const struct sim *sim, const char *aud)
{
    size_t i = sim_service_index("google_oauth");
    char *own = sim_printf("%s/token", sim->url[i]);
    bool ok = strcmp(aud, "https://oauth2.googleapis.com/token") == 0 || strcmp(aud, own) == 0;

    free(own);
    return ok;
}

/* Only scopes of the APIs that the simulated project has switched on. */
static bool scopes_are_known(const char *scopes)
{
    char copy[400];
    char *save = NULL;

    if (scopes[0] == '\0' || !sim_copy(copy, sizeof copy, scopes))
        return false;
    for (char *part = strtok_r(copy, " ", &save); part != NULL; part = strtok_r(NULL, " ", &save))
        if (strcmp(part, GOOGLE_SCOPE_PUBLISHER) != 0 && strcmp(part, GOOGLE_SCOPE_REPORTING) != 0)
            return false;
    return true;
}

/* NULL = fine; else the description of the refusal, and `error` its word. */
static const char *judge_claims(const struct sim *sim, const struct sim_jwt *jwt,
                                const char **error)
{
    json_t *iat = json_object_get(jwt->claims, "iat");
    json_t *exp = json_object_get(jwt->claims, "exp");
    int64_t now = sim_real_ms() / 1000;
    int64_t begins = json_integer_value(iat);
    int64_t ends = json_integer_value(exp);

    *error = "invalid_grant";
    if (strcmp(claim_text(jwt, "iss"), sim->creds->google_client_email) != 0)
        return "Invalid grant: account not found";
    if (!is_audience(sim, claim_text(jwt, "aud")))
        return "Invalid JWT: Failed audience check. The right audience is "
               "https://oauth2.googleapis.com/token";
    if (!json_is_integer(iat) || !json_is_integer(exp) || begins > now + SKEW_S || ends <= now ||
        ends - begins > JWT_LIFE_MAX_S || ends <= begins)
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
               "timeframe. Check your iat and exp values in the JWT claim.";
    *error = "invalid_scope";
    if (!scopes_are_known(claim_text(jwt, "scope")))
        return "Invalid OAuth scope or ID token audience provided.";
    return NULL;
}

static void grant(struct sim *sim, const struct sim_jwt *jwt, struct sim_reply *rp)
{
    struct oauth *oauth = sim_state(sim, &sim_google_oauth, sizeof *oauth, NULL);
    struct token *token = &oauth->tokens[oauth->n++ % TOKENS_MAX];
    unsigned char random[30];

    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    char *text = sim_base64url_encode(random, sizeof random);
    snprintf(token->text, sizeof token->text, "ya29.c.%.60s", text);
    free(text);
    sim_copy(token->account, sizeof token->account, claim_text(jwt, "iss"));
    sim_copy(token->scope, sizeof token->scope, claim_text(jwt, "scope"));
    token->expires_ms = sim_real_ms() + TOKEN_LIFE_S * 1000;
    sim_reply_json(rp, 200,
                   json_pack("{s:s, s:i, s:s}", "access_token", token->text, "expires_in",
                             TOKEN_LIFE_S, "token_type", "Bearer"));
}

static void judge_assertion(struct sim *sim, const char *assertion, struct sim_reply *rp)
{
    struct sim_jwt jwt;
    const char *error = NULL;
    enum sim_jwt_result result =
        sim_jwt_verify(&jwt, assertion, "RS256", sim->creds->google_public_pem);

    if (result == SIM_JWT_MALFORMED) {
        refuse(rp, 400, "invalid_grant", "Bad Request");
        return;
    }
    const char *kid = result == SIM_JWT_OK
                          ? json_string_value(json_object_get(jwt.header, "kid"))
                          : NULL;
    if (result != SIM_JWT_OK || (kid != NULL && strcmp(kid, sim->creds->google_key_id) != 0)) {
        sim_jwt_clear(&jwt);
        refuse(rp, 400, "invalid_grant", "Invalid JWT Signature.");
        return;
    }
    const char *description = judge_claims(sim, &jwt, &error);
    if (description != NULL)
        refuse(rp, 400, error, description);
    else
        grant(sim, &jwt, rp);
    sim_jwt_clear(&jwt);
}

static void token_request(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    struct sim_request form;
    const char *type = sim_header(rq, "Content-Type");
    char *target = sim_printf("/?%s", rq->body);
    bool is_form = type != NULL &&
                   strncmp(type, "application/x-www-form-urlencoded", 33) == 0 &&
                   strlen(rq->body) == rq->body_bytes &&
                   sim_request_parse(&form, "POST", target, NULL, 0, NULL, 0);

    free(target);
    if (!is_form) {
        refuse(rp, 400, "invalid_request", "Could not parse the request body as a form.");
        return;
    }
    const char *grant_type = sim_query(&form, "grant_type");
    const char *assertion = sim_query(&form, "assertion");
    if (grant_type == NULL)
        refuse(rp, 400, "invalid_request", "Required parameter is missing: grant_type");
    else if (strcmp(grant_type, "urn:ietf:params:oauth:grant-type:jwt-bearer") != 0)
        refuse(rp, 400, "unsupported_grant_type", "Invalid grant_type");
    else if (assertion == NULL)
        refuse(rp, 400, "invalid_request", "Required parameter is missing: assertion");
    else
        judge_assertion(sim, assertion, rp);
    sim_request_free(&form);
}

/* A token request changes nothing that users get. */
static enum sim_effect classify(const struct sim_request *rq)
{
    (void)rq;
    return SIM_EFFECT_NONE;
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    if (strcmp(rq->path, "/token") != 0)
        sim_reply_text(rp, 404, "text/html; charset=UTF-8",
                       "<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>");
    else if (!sim_method_is(rq, "POST"))
        refuse(rp, 405, "invalid_request", "Method not allowed");
    else
        token_request(sim, rq, rp);
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    size_t i = sim_service_index("google_oauth");
    char *url = sim_printf("%s/token", sim->url[i]);

    json_object_set_new(endpoint, "token_url", json_string(url));
    json_object_set_new(endpoint, "client_email", json_string(sim->creds->google_client_email));
    json_object_set_new(endpoint, "public_key_pem", json_string(sim->creds->google_public_pem));
    free(url);
}

const struct sim_service sim_google_oauth = {
    .name = "google_oauth",
    .classify = classify,
    .handle = handle,
    .describe = describe,
};
