/* A simulator driven by hand: see drive.h. */
#include "drive.h"

#include "aws.h"
#include "google.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct drive_answer drive_send(struct sim *sim, const char *service, const char *method,
                               const char *target, const struct sim_pair *headers,
                               size_t n_headers, const char *body)
{
    struct drive_answer answer = {.status = 0};
    struct sim_request rq;

    sim_reply_init(&answer.reply);
    if (sim_request_parse(&rq, method, target, headers, n_headers, body,
                          body == NULL ? 0 : strlen(body))) {
        sim_dispatch(sim, sim_service_index(service), &rq, &answer.reply);
        sim_request_free(&rq);
    } else {
        sim_reply_text(&answer.reply, 400, "text/plain", "Bad Request");
    }
    answer.status = answer.reply.status;
    answer.body = sim_xstrndup(answer.reply.body == NULL ? "" : answer.reply.body,
                               answer.reply.body_bytes);
    answer.json = json_loads(answer.body, JSON_DECODE_ANY, NULL);
    return answer;
}

struct drive_answer drive_call(struct sim *sim, const char *service, const char *method,
                               const char *target, const char *bearer, const char *content_type,
                               const char *body)
{
    struct sim_pair headers[2];
    size_t n = 0;
    char *authorization = sim_printf("Bearer %s", bearer == NULL ? "" : bearer);

    if (bearer != NULL)
        headers[n++] = (struct sim_pair){"Authorization", authorization};
    if (content_type != NULL)
        headers[n++] = (struct sim_pair){"Content-Type", content_type};
    struct drive_answer answer = drive_send(sim, service, method, target, headers, n, body);
    free(authorization);
    return answer;
}

void drive_clear(struct drive_answer *answer)
{
    json_decref(answer->json);
    free(answer->body);
    sim_reply_clear(&answer->reply);
    *answer = (struct drive_answer){.status = 0};
}

json_t *drive_at(json_t *value, const char *path)
{
    while (value != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        char *key = sim_xstrndup(path, n);
        value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        free(key);
        path += n;
        path += *path == '.';
    }
    return value;
}

const char *drive_text(const struct drive_answer *answer, const char *path)
{
    return json_string_value(drive_at(answer->json, path));
}

char *drive_assertion(const struct sim *sim, const char *claims)
{
    int64_t now = sim_real_ms() / 1000;
    json_t *header = json_pack("{s:s, s:s, s:s}", "alg", "RS256", "typ", "JWT", "kid",
                               sim->creds->google_key_id);
    json_t *payload = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss",
                                sim->creds->google_client_email, "scope", GOOGLE_SCOPE_PUBLISHER,
                                "aud", "https://oauth2.googleapis.com/token", "iat",
                                (json_int_t)now, "exp", (json_int_t)now + 3600);
    json_t *changes = claims == NULL ? NULL : json_loads(claims, 0, NULL);

    if (changes != NULL)
        json_object_update(payload, changes);
    char *token = sim_jwt_sign(header, payload, "RS256", sim->creds->google_private_pem);
    json_decref(changes);
    json_decref(header);
    json_decref(payload);
    return token;
}

char *drive_google_token(struct sim *sim, const char *scope)
{
    char *claims = sim_printf("{\"scope\":\"%s\"}", scope);
    char *assertion = drive_assertion(sim, claims);
    char *body = sim_printf("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer"
                            "&assertion=%s",
                            assertion);
    struct drive_answer answer = drive_call(sim, "google_oauth", "POST", "/token", NULL,
                                            "application/x-www-form-urlencoded", body);
    const char *text = drive_text(&answer, "access_token");
    char *token = text == NULL ? NULL : sim_xstrdup(text);

    drive_clear(&answer);
    free(claims);
    free(assertion);
    free(body);
    return token;
}

char *drive_apple_token(const struct sim *sim, const char *claims)
{
    int64_t now = sim_real_ms() / 1000;
    json_t *header = json_pack("{s:s, s:s, s:s}", "alg", "ES256", "kid", sim->creds->apple_key_id,
                               "typ", "JWT");
    json_t *payload = json_pack("{s:s, s:I, s:I, s:s}", "iss", sim->creds->apple_issuer_id, "iat",
                                (json_int_t)now - 60, "exp", (json_int_t)now + 900, "aud",
                                "appstoreconnect-v1");
    json_t *changes = claims == NULL ? NULL : json_loads(claims, 0, NULL);

    if (changes != NULL)
        json_object_update(payload, changes);
    char *token = sim_jwt_sign(header, payload, "ES256", sim->creds->apple_private_pem);
    json_decref(changes);
    json_decref(header);
    json_decref(payload);
    return token;
}

const char *drive_amz_date(char *out, int64_t offset_s)
{
    time_t t = (time_t)(sim_real_ms() / 1000 + offset_s);
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, 20, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}

char *drive_aws_authorization(const struct sim *sim, const struct sigv4_scope *scope,
                              const struct sim_pair *headers, size_t n_headers, const char *body)
{
    struct sim_request rq;
    char signature[65] = "";

    if (!sim_request_parse(&rq, "POST", "/", headers, n_headers, body,
                           body == NULL ? 0 : strlen(body)) ||
        !sigv4_signature(signature, &rq, scope))
        abort();
    sim_request_free(&rq);
    return sim_printf("AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, "
                      "Signature=%s",
                      sim->creds->aws_access_key_id, scope->amz_date, scope->region,
                      scope->service, scope->signed_headers, signature);
}

struct drive_answer drive_aws(struct sim *sim, const char *service, const char *operation,
                              const char *body)
{
    bool is_metrics = strcmp(service, "cloudwatch") == 0;
    char date[20];
    char *target = sim_printf("%s.%s",
                              is_metrics ? "GraniteServiceVersion20100801" : "CodeDeploy_20141006",
                              operation);
    struct sigv4_scope scope = {.secret = sim->creds->aws_secret_access_key,
                                .amz_date = drive_amz_date(date, 0),
                                .region = sim->creds->aws_region,
                                .service = is_metrics ? "monitoring" : "codedeploy",
                                .signed_headers = "content-type;host;x-amz-date;x-amz-target"};
    struct sim_pair headers[5] = {
        {"Host", "127.0.0.1:4711"},
        {"Content-Type",
         is_metrics ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1"},
        {"X-Amz-Date", date},
        {"X-Amz-Target", target}};
    char *authorization = drive_aws_authorization(sim, &scope, headers, 4, body);

    headers[4] = (struct sim_pair){"Authorization", authorization};
    struct drive_answer answer = drive_send(sim, service, "POST", "/", headers, 5, body);
    free(authorization);
    free(target);
    return answer;
}
