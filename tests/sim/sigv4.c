/*
 * AWS Signature Version 4, checked as the services check it.
 *
 * Source: AWS IAM User Guide, "Create a signed AWS API request" (canonical request, string to sign,
 * signing key), "Troubleshoot Signature Version 4 signed requests" (five minutes, scope, texts),
 * read 2026. The words of refusals are those of public error reports; which of the two names a
 * service uses (InvalidSignatureException or SignatureDoesNotMatch) is UNCONFIRMED.
 *
 * The time that counts is real time.
 */
#include "aws.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SKEW_S = 300, SIGNED_MAX = 32 };

#define ALGORITHM "AWS4-HMAC-SHA256"

/* ---- the canonical request -------------------------------------------------------------- */

static void hex(char *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static void sha256_hex(char out[65], const void *data, size_t bytes)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256(data, bytes, digest);
    hex(out, digest, sizeof digest);
}

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~ and `keep`. */
static void put_encoded(FILE *out, const char *text, const char *keep)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL || strchr(keep, *text) != NULL)
            fputc(*text, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static char *encoded(const char *text)
{
    char *made = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&made, &n);

    if (out == NULL)
        abort();
    put_encoded(out, text, "");
    if (fclose(out) != 0)
        abort();
    return made;
}

struct parameter {
    char *name;
    char *value;
};

static int by_name_and_value(const void *a, const void *b)
{
    const struct parameter *x = a;
    const struct parameter *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->value, y->value);
}

static void put_query(FILE *out, const struct sim_request *rq)
{
    struct parameter all[SIM_PAIRS_MAX];

    for (size_t i = 0; i < rq->n_query; i++)
        all[i] = (struct parameter){encoded(rq->query[i].name), encoded(rq->query[i].value)};
    qsort(all, rq->n_query, sizeof all[0], by_name_and_value);
    for (size_t i = 0; i < rq->n_query; i++) {
        fprintf(out, "%s%s=%s", i == 0 ? "" : "&", all[i].name, all[i].value);
        free(all[i].name);
        free(all[i].value);
    }
}

/* Blanks around a value go, runs of them inside become one. */
static void put_trimmed(FILE *out, const char *text)
{
    bool had_blank = false;

    text += strspn(text, " \t");
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\t') {
            had_blank = true;
            continue;
        }
        if (had_blank)
            fputc(' ', out);
        had_blank = false;
        fputc(*text, out);
    }
}

/* "name:value,value\n"; false when the request has no such header. */
static bool put_header(FILE *out, const struct sim_request *rq, const char *name, size_t name_bytes)
{
    bool is_first = true;

    fprintf(out, "%.*s:", (int)name_bytes, name);
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (strlen(rq->headers[i].name) != name_bytes ||
            strncasecmp(rq->headers[i].name, name, name_bytes) != 0)
            continue;
        if (!is_first)
            fputc(',', out);
        put_trimmed(out, rq->headers[i].value);
        is_first = false;
    }
    fputc('\n', out);
    return !is_first;
}

/* NULL: a signed header is missing. The caller frees. */
static char *canonical_request(const struct sim_request *rq, const char *signed_headers)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    char payload[65];
    bool has_all = true;

    if (out == NULL)
        abort();
    fprintf(out, "%s\n", rq->method);
    put_encoded(out, rq->raw_path, "/"); /* encoded once more, as for every service but S3 */
    fputc('\n', out);
    put_query(out, rq);
    fputc('\n', out);
    for (const char *at = signed_headers; *at != '\0';) {
        size_t bytes = strcspn(at, ";");
        has_all = put_header(out, rq, at, bytes) && has_all;
        at += bytes;
        at += *at == ';';
    }
    sha256_hex(payload, rq->body == NULL ? "" : rq->body, rq->body_bytes);
    fprintf(out, "\n%s\n%s", signed_headers, payload);
    if (fclose(out) != 0)
        abort();
    if (has_all)
        return text;
    free(text);
    return NULL;
}

/* ---- the signature ---------------------------------------------------------------------- */

static void hmac(unsigned char out[32], const void *key, size_t key_bytes, const char *text,
                 size_t bytes)
{
    unsigned n = 0;

    if (HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)text, bytes, out, &n) ==
        NULL)
        abort();
}

bool sigv4_signature(char out[65], const struct sim_request *rq, const struct sigv4_scope *scope)
{
    unsigned char key[32];
    char digest[65];
    char *request = canonical_request(rq, scope->signed_headers);

    if (request == NULL)
        return false;
    sha256_hex(digest, request, strlen(request));
    char *to_sign = sim_printf(ALGORITHM "\n%s\n%.8s/%s/%s/aws4_request\n%s", scope->amz_date,
                               scope->amz_date, scope->region, scope->service, digest);
    char *secret = sim_printf("AWS4%s", scope->secret);
    hmac(key, secret, strlen(secret), scope->amz_date, 8);
    hmac(key, key, sizeof key, scope->region, strlen(scope->region));
    hmac(key, key, sizeof key, scope->service, strlen(scope->service));
    hmac(key, key, sizeof key, "aws4_request", strlen("aws4_request"));
    hmac(key, key, sizeof key, to_sign, strlen(to_sign));
    hex(out, key, sizeof key);
    free(secret);
    free(to_sign);
    free(request);
    return true;
}

/* ---- the Authorization header ----------------------------------------------------------- */

struct authorization {
    char key_id[130];
    char date[16];
    char region[40];
    char service[40];
    char end[20];
    char signed_headers[600];
    char signature[130];
};

/* The value of "Name=" up to the next comma; false when there is none or it is too long. */
static bool part(const char *text, const char *name, char *out, size_t out_bytes)
{
    size_t n = strlen(name);

    for (const char *at = text; *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, ", ");
        if (strncmp(at, name, n) != 0 || at[n] != '=')
            continue;
        at += n + 1;
        size_t bytes = strcspn(at, ", ");
        if (bytes == 0 || bytes >= out_bytes)
            return false;
        memcpy(out, at, bytes);
        out[bytes] = '\0';
        return true;
    }
    return false;
}

/* key/date/region/service/aws4_request */
static bool read_credential(const char *text, struct authorization *out)
{
    char *const parts[] = {out->key_id, out->date, out->region, out->service, out->end};
    const size_t sizes[] = {sizeof out->key_id, sizeof out->date, sizeof out->region,
                            sizeof out->service, sizeof out->end};

    for (size_t i = 0; i < 5; i++) {
        size_t n = strcspn(text, "/");
        if (n == 0 || n >= sizes[i] || (text[n] == '/') != (i < 4))
            return false;
        memcpy(parts[i], text, n);
        parts[i][n] = '\0';
        text += n + (i < 4);
    }
    return true;
}

static bool read_authorization(struct aws_call *call, const char *text, struct authorization *out)
{
    char credential[300];
    const char *missing = NULL;

    *out = (struct authorization){.end = ""};
    if (!part(text, "Credential", credential, sizeof credential))
        missing = "Credential";
    else if (!part(text, "Signature", out->signature, sizeof out->signature))
        missing = "Signature";
    else if (!part(text, "SignedHeaders", out->signed_headers, sizeof out->signed_headers))
        missing = "SignedHeaders";
    if (missing != NULL)
        aws_fail(call, 400, "IncompleteSignatureException", "IncompleteSignature",
                 "Authorization header requires '%s' parameter.", missing);
    else if (!read_credential(credential, out))
        aws_fail(call, 400, "IncompleteSignatureException", "IncompleteSignature",
                 "Credential must have exactly 5 slash-delimited elements, e.g. "
                 "keyid/date/region/service/term, got '%.60s'",
                 credential);
    else
        return true;
    return false;
}

static bool bad_signature(struct aws_call *call, const char *text)
{
    aws_fail(call, 400, "InvalidSignatureException", "SignatureDoesNotMatch", "%s", text);
    return false;
}

static bool is_signed(const struct authorization *auth, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = auth->signed_headers; *at != '\0';) {
        size_t bytes = strcspn(at, ";");
        if (bytes == n && strncasecmp(at, name, n) == 0)
            return true;
        at += bytes;
        at += *at == ';';
    }
    return false;
}

/* "You must include the host header, the content-type header if the request has one, and any
 * x-amz-* headers." IAM User Guide, "Create a signed AWS API request", step 1. And lower case, in
 * order. */
static bool signs_what_it_must(struct aws_call *call, const struct authorization *auth)
{
    const char *previous = "";
    char name[SIGNED_MAX][64];
    size_t n = 0;

    for (const char *at = auth->signed_headers; *at != '\0' && n < SIGNED_MAX; n++) {
        size_t bytes = strcspn(at, ";");
        if (bytes == 0 || bytes >= sizeof name[0])
            return bad_signature(call, "SignedHeaders is malformed.");
        memcpy(name[n], at, bytes);
        name[n][bytes] = '\0';
        if (strcmp(previous, name[n]) >= 0 ||
            strpbrk(name[n], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
            return bad_signature(call, "SignedHeaders must be lower case, sorted and unique.");
        previous = name[n];
        at += bytes;
        at += *at == ';';
    }
    if (!is_signed(auth, "host"))
        return bad_signature(call, "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                                   "Authorization.");
    for (size_t i = 0; i < call->rq->n_headers; i++) {
        const char *header = call->rq->headers[i].name;
        if ((strncasecmp(header, "x-amz-", 6) != 0 && strcasecmp(header, "content-type") != 0) ||
            is_signed(auth, header))
            continue;
        char *text = sim_printf("There were headers present in the request which were not signed: "
                                "%.60s",
                                header);
        bad_signature(call, text);
        free(text);
        return false;
    }
    return true;
}

static bool read_amz_date(const char *text, int64_t *out_s)
{
    struct tm tm = {.tm_sec = 0};
    const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);

    if (end == NULL || *end != '\0' || strlen(text) != 16)
        return false;
    *out_s = (int64_t)timegm(&tm);
    return true;
}

static const char *amz_date(char out[20], int64_t s)
{
    time_t t = (time_t)s;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || strftime(out, 20, "%Y%m%dT%H%M%SZ", &tm) == 0)
        abort();
    return out;
}

static bool is_in_time(struct aws_call *call, const struct authorization *auth, const char *date)
{
    int64_t now_s = sim_real_ms() / 1000;
    int64_t signed_s = 0;
    char now[20];
    char limit[20];

    if (date == NULL || !read_amz_date(date, &signed_s)) {
        aws_fail(call, 400, "IncompleteSignatureException", "IncompleteSignature",
                 "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                 "header.");
        return false;
    }
    bool is_old = signed_s < now_s - SKEW_S;
    bool is_early = signed_s > now_s + SKEW_S;
    char *text = NULL;
    if (is_old)
        text = sim_printf("Signature expired: %s is now earlier than %s (%s - 5 min.)", date,
                          amz_date(limit, now_s - SKEW_S), amz_date(now, now_s));
    else if (is_early)
        text = sim_printf("Signature not yet current: %s is still later than %s (%s + 5 min.)",
                          date, amz_date(limit, now_s + SKEW_S), amz_date(now, now_s));
    else if (strncmp(auth->date, date, 8) != 0 || strlen(auth->date) != 8)
        text = sim_printf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                          "of date from HTTP: '%s' != '%.8s', from '%s'.",
                          auth->date, date, date);
    if (text == NULL)
        return true;
    bad_signature(call, text);
    free(text);
    return false;
}

static bool is_scope_ours(struct aws_call *call, const struct authorization *auth)
{
    char *text = NULL;

    if (strcmp(auth->end, "aws4_request") != 0)
        text = sim_printf("Credential should be scoped with a valid terminator: 'aws4_request', "
                          "not '%s'.",
                          auth->end);
    else if (strcmp(auth->region, call->sim->creds->aws_region) != 0)
        text = sim_printf("Credential should be scoped to a valid region, not '%s'. ",
                          auth->region);
    else if (strcmp(auth->service, call->dialect->signing_name) != 0)
        text = sim_printf("Credential should be scoped to correct service: '%s'. ",
                          call->dialect->signing_name);
    if (text == NULL)
        return true;
    bad_signature(call, text);
    free(text);
    return false;
}

static bool is_signature_right(struct aws_call *call, const struct authorization *auth,
                               const char *date)
{
    struct sigv4_scope scope = {.secret = call->sim->creds->aws_secret_access_key,
                                .amz_date = date,
                                .region = auth->region,
                                .service = auth->service,
                                .signed_headers = auth->signed_headers};
    const char *told_hash = sim_header(call->rq, "X-Amz-Content-Sha256");
    char own_hash[65];
    char signature[65];

    if (!sigv4_signature(signature, call->rq, &scope))
        return bad_signature(call, "A header is named as a SignedHeader, but it does not exist in "
                                   "the HTTP request");
    sha256_hex(own_hash, call->rq->body == NULL ? "" : call->rq->body, call->rq->body_bytes);
    if (strcmp(signature, auth->signature) == 0 &&
        (told_hash == NULL || strcmp(told_hash, own_hash) == 0))
        return true;
    return bad_signature(call,
                         "The request signature we calculated does not match the signature you "
                         "provided. Check your AWS Secret Access Key and signing method. Consult "
                         "the service documentation for details.");
}

bool sigv4_check(struct aws_call *call)
{
    const char *text = sim_header(call->rq, "Authorization");
    const char *date = sim_header(call->rq, "X-Amz-Date");
    struct authorization auth;

    if (text == NULL || strncmp(text, ALGORITHM " ", strlen(ALGORITHM) + 1) != 0) {
        aws_fail(call, 400, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                 "Missing Authentication Token");
        return false;
    }
    if (!read_authorization(call, text + strlen(ALGORITHM) + 1, &auth))
        return false;
    /* A long-lived key has no session token; one that comes along is of another account. */
    if (strcmp(auth.key_id, call->sim->creds->aws_access_key_id) != 0 ||
        sim_header(call->rq, "X-Amz-Security-Token") != NULL) {
        aws_fail(call, 400, "UnrecognizedClientException", "InvalidClientTokenId",
                 "The security token included in the request is invalid.");
        return false;
    }
    return is_scope_ours(call, &auth) && is_in_time(call, &auth, date) &&
           signs_what_it_must(call, &auth) && is_signature_right(call, &auth, date);
}
