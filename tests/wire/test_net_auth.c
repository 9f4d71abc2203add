/*
 * test_net_auth.c: credentials as they really leave: every header and body as the server sees it,
 * signatures checked by code that shares nothing with ours, and no secret in what we write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/time.h"
#include "support/net_engine.h"
#include "support/net_keys.h"
#include "support/net_node.h"
#include "support/wire_server.h"

#define TOKEN   "c4n4ry-bearer-token"
#define KEY_ID  "AKIAC4N4RYEXAMPLE"
#define SECRET  "c4n4ry/secret+key/wJalrXUtnFEMI"
#define SESSION "c4n4ry-session//token+FwoGZXIvYXdzE=="

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/v1/things/{id}"},
    {.name = "patch", .method = SW_PATCH, .path = "/v1/things/{id}", .effect = SW_EFFECT_MUTATE},
    {.name = "metrics",
     .method = SW_POST,
     .path = "/",
     .target = "GraniteServiceVersion20100801.GetMetricData"},
};
enum { GET, PATCH, METRICS, OPS };

static char folder[] = "/tmp/slipway-auth.XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void write_secret(const char *name, const char *text)
{
    unlink(in_folder(name));
    FILE *file = fopen(in_folder(name), "wex");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"token",       "key",    "play.json", "named",
                                        "credentials", "config", "trace"};
    for (size_t i = 0; i < SW_ARRAY_LEN(names); i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

/* -------------------------------------------------------------------- the rig */

struct rig {
    struct net_engine *engine;
    struct wire_server *server;
    struct sw_upstream *upstream;
    struct sw_channel *channel;
    struct sw_reply reply;
    struct sw_error err;
};

static void rig_open(struct rig *rig, wire_answer_fn answer, void *arg)
{
    *rig = (struct rig){0};
    unlink(in_folder("trace"));
    rig->engine = net_engine_open(in_folder("trace"));
    rig->server = wire_server_open(answer, arg, NULL);
}

static void rig_use(struct rig *rig, struct sw_auth *auth, bool is_action)
{
    rig->upstream = net_upstream(rig->engine, NULL, wire_server_url(rig->server), ops, OPS, auth);
    rig->channel = sw_channel_open(rig->upstream, is_action);
}

static enum sw_code rig_send(struct rig *rig, int op, const char *body)
{
    struct sw_request request;
    bool has_field = strchr(ops[op].path, '{') != NULL;
    assert_int_equal(sw_request_init(&request, &ops[op], NULL, has_field ? "7" : NULL, NULL),
                     SW_OK);
    sw_request_param(&request, "q", "c4n4ry-query");
    if (op == METRICS)
        request.query_count = 0;
    if (body) {
        request.body = body;
        request.body_len = strlen(body);
        request.content_type = op == METRICS ? "application/x-amz-json-1.0" : "application/json";
    }
    sw_reply_clear(&rig->reply);
    return sw_exchange(rig->channel, &request, &rig->reply, &rig->err);
}

static void assert_trace_is_clean(void)
{
    static char text[65536];
    FILE *file = fopen(in_folder("trace"), "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    struct stat st;
    assert_int_equal(fstat(fileno(file), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fclose(file);
    text[len] = '\0';
    assert_true(len > 0);
    if (strstr(text, "c4n4ry") || strstr(text, "eyJ") || strstr(text, "AKIA"))
        fail_msg("the trace holds a secret: %s", text);
}

static void rig_close(struct rig *rig)
{
    sw_reply_clear(&rig->reply);
    sw_channel_close(rig->channel);
    net_engine_close(rig->engine);
    sw_upstream_close(rig->upstream);
    wire_server_close(rig->server);
    assert_trace_is_clean();
}

static void answer_well(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 200, "Content-Type: application/json\r\n", "{}");
}

static const char *sent_header(struct rig *rig, int n, const char *name)
{
    static char text[8192];
    const struct wire_request *request = wire_server_request(rig->server, n);
    assert_non_null(request);
    return wire_header(request, name, text, sizeof(text));
}

/* --------------------------------------------------------------------- bearer */

static struct sw_auth *bearer(void)
{
    char yaml[512];
    struct sw_auth *auth = NULL;
    write_secret("token", TOKEN "\n");
    snprintf(yaml, sizeof(yaml), "token_file: %s\n", in_folder("token"));
    struct sw_document *node = net_node(yaml);
    assert_int_equal(sw_auth_bearer_open(sw_document_root(node), &auth, NULL), SW_OK);
    sw_document_free(node);
    return auth;
}

static void test_bearer(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, answer_well, NULL);
    rig_use(&rig, bearer(), false);
    assert_int_equal(rig_send(&rig, GET, NULL), SW_OK);
    assert_string_equal(sent_header(&rig, 0, "Authorization"), "Bearer " TOKEN);
    rig_close(&rig);
}

/* The first token is refused; somebody has put a new one into the file. */
static void answer_new_token_only(void *arg, struct wire_client *client,
                                  const struct wire_request *request)
{
    (void)arg;
    char text[256];
    const char *value = wire_header(request, "Authorization", text, sizeof(text));
    bool is_new = value && strcmp(value, "Bearer c4n4ry-new") == 0;
    if (!is_new && request->number == 1)
        write_secret("token", "c4n4ry-new\n");
    wire_reply(client, is_new ? 200 : 401, "", "{\"detail\":\"token " TOKEN " is bad\"}");
}

static void test_bearer_is_read_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, answer_new_token_only, NULL);
    rig_use(&rig, bearer(), true);
    assert_int_equal(rig_send(&rig, PATCH, "{}"), SW_OK); /* a write too: 401 did nothing */
    assert_int_equal(wire_server_requests(rig.server), 2);
    rig_close(&rig);
}

static void test_token_with_a_line_break_never_leaves(void **state)
{
    (void)state;
    static const char *const bad[] = {"a b", "a\tb", "a\x01z", "t\xc3\xb6ken"};
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++) {
        struct rig rig;
        rig_open(&rig, answer_well, NULL);
        struct sw_auth *auth = bearer();
        write_secret("token", bad[i]);
        rig_use(&rig, auth, false);
        assert_int_equal(rig_send(&rig, GET, NULL), SW_E_CONFIG);
        assert_non_null(strstr(rig.err.text, "is it the whole token"));
        assert_int_equal(wire_server_requests(rig.server), 0);
        sw_channel_close(rig.channel);
        sw_upstream_close(rig.upstream);
        net_engine_close(rig.engine);
        wire_server_close(rig.server);
    }
}

/* ------------------------------------------------------------------ App Store */

static struct sw_auth *app_store(EVP_PKEY *key, const char *issuer)
{
    char yaml[512];
    struct sw_auth *auth = NULL;
    char *pem = net_key_pem(key, NET_PEM_PRIVATE);
    write_secret("key", pem);
    free(pem);
    snprintf(yaml, sizeof(yaml), "key_file: %s\nkey_id: 2X9R4HXF34\n%s", in_folder("key"), issuer);
    struct sw_document *node = net_node(yaml);
    assert_int_equal(sw_auth_app_store_open(sw_document_root(node), &auth, NULL), SW_OK);
    sw_document_free(node);
    return auth;
}

static void test_app_store(void **state)
{
    (void)state;
    for (int is_team = 0; is_team < 2; is_team++) {
        struct rig rig;
        json_t *header = NULL, *claims = NULL;
        EVP_PKEY *key = net_key_new("P-256");
        rig_open(&rig, answer_well, NULL);
        rig_use(&rig, app_store(key, is_team ? "issuer_id: 57246542-96fe\n" : ""), false);
        int64_t now_s = sw_time_real_ms() / 1000;
        assert_int_equal(rig_send(&rig, GET, NULL), SW_OK);
        char first[4096];
        snprintf(first, sizeof(first), "%s", sent_header(&rig, 0, "Authorization"));
        assert_memory_equal(first, "Bearer ", 7);
        if (!net_jwt_verify(first + 7, key, "ES256", &header, &claims))
            fail_msg("%s", first);
        assert_string_equal(json_string_value(json_object_get(header, "kid")), "2X9R4HXF34");
        assert_int_equal(json_object_size(header), 3);
        const char *who = json_string_value(json_object_get(claims, is_team ? "iss" : "sub"));
        assert_string_equal(who, is_team ? "57246542-96fe" : "user");
        assert_null(json_object_get(claims, is_team ? "sub" : "iss"));
        assert_string_equal(json_string_value(json_object_get(claims, "aud")),
                            "appstoreconnect-v1");
        json_int_t iat = json_integer_value(json_object_get(claims, "iat"));
        json_int_t exp = json_integer_value(json_object_get(claims, "exp"));
        assert_in_range(now_s - iat, 50, 70);
        assert_in_range(exp - iat, 600, 1200);
        assert_int_equal(json_object_size(claims), 4);
        json_decref(header);
        json_decref(claims);
        assert_int_equal(rig_send(&rig, GET, NULL), SW_OK); /* the same token again */
        assert_string_equal(sent_header(&rig, 1, "Authorization"), first);
        rig_close(&rig);
        EVP_PKEY_free(key);
    }
}

static void answer_401(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 401, "Date: Thu, 15 Jan 2026 10:00:00 GMT\r\n", "{}");
}

static void test_app_store_mints_once_more(void **state)
{
    (void)state;
    struct rig rig;
    EVP_PKEY *key = net_key_new("P-256");
    rig_open(&rig, answer_401, NULL);
    rig_use(&rig, app_store(key, ""), false);
    assert_int_equal(rig_send(&rig, GET, NULL), SW_E_AUTH);
    assert_int_equal(wire_server_requests(rig.server), 2);
    assert_non_null(strstr(rig.err.text, "also when renewed"));
    assert_non_null(strstr(rig.err.text, "clock")); /* the server's Date is long ago */
    rig_close(&rig);
    EVP_PKEY_free(key);
}

static void test_app_store_wrong_key(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *text;
    } cases[] = {{"P-384", "curve secp384r1; P-256 is needed"},
                 {"RSA-2048", "of type RSA; an EC P-256 key is needed"}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        EVP_PKEY *key = net_key_new(cases[i].kind);
        rig_open(&rig, answer_well, NULL);
        rig_use(&rig, app_store(key, ""), false);
        assert_int_equal(rig_send(&rig, GET, NULL), SW_E_CONFIG);
        if (!strstr(rig.err.text, cases[i].text) || !strstr(rig.err.text, in_folder("key")))
            fail_msg("%s", rig.err.text);
        assert_int_equal(wire_server_requests(rig.server), 0);
        sw_channel_close(rig.channel);
        sw_upstream_close(rig.upstream);
        net_engine_close(rig.engine);
        wire_server_close(rig.server);
        EVP_PKEY_free(key);
    }
}

/* --------------------------------------------------------------------- Google */

static void answer_google(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg;
    bool is_token = strcmp(request->target, "/oauth2/token") == 0;
    wire_reply(client, 200, "Content-Type: application/json\r\n",
               is_token ? "{\"access_token\":\"c4n4ry-ya29\",\"expires_in\":3599,"
                          "\"token_type\":\"Bearer\"}"
                        : "{}");
}

static struct sw_auth *google(struct rig *rig, EVP_PKEY *key, bool is_override)
{
    char yaml[512], url[256];
    struct sw_auth *auth = NULL;
    snprintf(url, sizeof(url), "%s/oauth2/token", wire_server_url(rig->server));
    char *json = net_google_json(key, is_override ? "https://oauth2.googleapis.com/token" : url);
    write_secret("play.json", json);
    free(json);
    snprintf(yaml, sizeof(yaml), "key_file: %s\n", in_folder("play.json"));
    if (is_override)
        snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "token_url: %s\n", url);
    struct sw_document *node = net_node(yaml);
    assert_int_equal(
        sw_auth_google_open(sw_document_root(node), "https://a/b https://a/c", &auth, NULL), SW_OK);
    sw_document_free(node);
    return auth;
}

static void check_assertion(struct rig *rig, EVP_PKEY *key)
{
    static const char start[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
                                "&assertion=";
    const struct wire_request *request = wire_server_request(rig->server, 0);
    json_t *header = NULL, *claims = NULL;
    char url[256];
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/oauth2/token");
    assert_string_equal(sent_header(rig, 0, "Content-Type"), "application/x-www-form-urlencoded");
    assert_null(sent_header(rig, 0, "Authorization"));
    assert_memory_equal(request->body, start, sizeof(start) - 1);
    if (!net_jwt_verify(request->body + sizeof(start) - 1, key, "RS256", &header, &claims))
        fail_msg("%s", request->body);
    snprintf(url, sizeof(url), "%s/oauth2/token", wire_server_url(rig->server));
    assert_string_equal(json_string_value(json_object_get(header, "kid")), "kid-1");
    assert_string_equal(json_string_value(json_object_get(claims, "iss")),
                        "slipway@acme.iam.gserviceaccount.com");
    assert_string_equal(json_string_value(json_object_get(claims, "scope")),
                        "https://a/b https://a/c");
    assert_string_equal(json_string_value(json_object_get(claims, "aud")), url);
    json_int_t iat = json_integer_value(json_object_get(claims, "iat"));
    json_int_t exp = json_integer_value(json_object_get(claims, "exp"));
    assert_in_range(exp - iat, 60, 3600);
    assert_in_range(sw_time_real_ms() / 1000 - iat, 0, 60);
    json_decref(header);
    json_decref(claims);
}

static void test_google(void **state)
{
    (void)state;
    EVP_PKEY *key = net_key_new("RSA-2048");
    for (int is_override = 0; is_override < 2; is_override++) {
        struct rig rig;
        rig_open(&rig, answer_google, NULL);
        rig_use(&rig, google(&rig, key, is_override), is_override);
        for (int i = 0; i < 3; i++)
            assert_int_equal(rig_send(&rig, GET, NULL), SW_OK);
        check_assertion(&rig, key);
        assert_int_equal(wire_server_requests(rig.server), 4);
        for (int i = 1; i < 4; i++)
            assert_string_equal(sent_header(&rig, i, "Authorization"), "Bearer c4n4ry-ya29");
        rig_close(&rig);
    }
    EVP_PKEY_free(key);
}

/* The quota comes as 403, too: it is no missing right, and nothing was done, so an action sends its
 * write again. */
static void answer_google_403(void *arg, struct wire_client *client,
                              const struct wire_request *request)
{
    static const char *const bodies[] = {
        "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"errors\":[{\"reason\":"
        "\"rateLimitExceeded\"}],\"details\":[{\"reason\":\"RATE_LIMIT_EXCEEDED\"}]}}",
        "{\"error\":{\"code\":403,\"details\":[{\"@type\":\"x/Help\"},{\"reason\":\"OTHER\"}],"
        "\"errors\":[{\"reason\":\"other\"},{\"reason\":\"userRateLimitExceeded\"}]}}",
        "{}"};
    if (strcmp(request->target, "/oauth2/token") == 0) {
        answer_google(arg, client, request);
        return;
    }
    size_t i = (size_t)(request->number - 2);
    bool is_quota = i < 2;
    if (i < 3)
        wire_reply(client, is_quota ? 403 : 200, "Content-Type: application/json\r\n", bodies[i]);
    else
        wire_reply(client, 403, "",
                   "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"message\":\"The "
                   "caller does not have permission\",\"errors\":[{\"reason\":\"forbidden\"}]}}");
}

static void test_google_quota_is_no_missing_right(void **state)
{
    (void)state;
    struct rig rig;
    EVP_PKEY *key = net_key_new("RSA-2048");
    rig_open(&rig, answer_google_403, NULL);
    rig_use(&rig, google(&rig, key, false), true);
    assert_int_equal(rig_send(&rig, PATCH, "{}"), SW_OK);
    assert_int_equal(wire_server_requests(rig.server), 4);
    assert_int_equal(rig_send(&rig, PATCH, "{}"), SW_E_DENIED);
    assert_int_equal(wire_server_requests(rig.server), 5);
    rig_close(&rig);
    EVP_PKEY_free(key);
}

/* ----------------------------------------------------------------------- AWS */

/* Signature Version 4 as its documentation writes it down, from what the server received. Source:
 * AWS IAM user guide, "Create a signed AWS API request", steps 1 to 4, read 2026-01. */

static void hmac(const void *key, size_t key_len, const char *text, unsigned char out[32])
{
    unsigned len = 32;
    assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text),
                         out, &len));
}

static void hex(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hash_hex(const void *bytes, size_t len, char out[65])
{
    unsigned char digest[32];
    SHA256(bytes, len, digest);
    hex(digest, 32, out);
}

/* The part of a "Key=value, Key=value" header. */
static void part_of(const char *header, const char *name, char *out, size_t size)
{
    const char *at = strstr(header, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(at, ", "), at);
}

static void canonical_request(const struct wire_request *request, const char *signed_headers,
                              char *out, size_t size)
{
    char payload[65], names[1024], value[8192];
    size_t used = (size_t)snprintf(out, size, "%s\n/\n\n", request->method);
    snprintf(names, sizeof(names), "%s", signed_headers);
    char *rest = names;
    for (char *name; (name = strsep(&rest, ";")) != NULL;) {
        assert_non_null(wire_header(request, name, value, sizeof(value)));
        used += (size_t)snprintf(out + used, size - used, "%s:%s\n", name, value);
    }
    hash_hex(request->body, request->body_len, payload);
    snprintf(out + used, size - used, "\n%s\n%s", signed_headers, payload);
}

static void expected_signature(const struct wire_request *request, const char *signed_headers,
                               const char *date, const char *region, const char *service,
                               char out[65])
{
    static char canonical[32768];
    char digest[65], text[512], day[9], key_text[256];
    unsigned char key[32];
    canonical_request(request, signed_headers, canonical, sizeof(canonical));
    hash_hex(canonical, strlen(canonical), digest);
    snprintf(day, sizeof(day), "%.8s", date);
    snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", date, day,
             region, service, digest);
    snprintf(key_text, sizeof(key_text), "AWS4%s", SECRET);
    hmac(key_text, strlen(key_text), day, key);
    hmac(key, 32, region, key);
    hmac(key, 32, service, key);
    hmac(key, 32, "aws4_request", key);
    hmac(key, 32, text, key);
    hex(key, 32, out);
}

static void check_signature(struct rig *rig, int n, bool has_session)
{
    const struct wire_request *request = wire_server_request(rig->server, n);
    char header[2048], names[512], signature[128], date[32], credential[256], want[256];
    snprintf(header, sizeof(header), "%s", sent_header(rig, n, "Authorization"));
    assert_memory_equal(header, "AWS4-HMAC-SHA256 ", 17);
    part_of(header, "SignedHeaders=", names, sizeof(names));
    part_of(header, "Signature=", signature, sizeof(signature));
    part_of(header, "Credential=", credential, sizeof(credential));
    snprintf(date, sizeof(date), "%s", sent_header(rig, n, "X-Amz-Date"));
    snprintf(want, sizeof(want), "%s/%.8s/eu-west-1/monitoring/aws4_request", KEY_ID, date);
    assert_string_equal(credential, want);
    /* What must be covered, whatever else is. */
    static const char *const must[] = {"host", "x-amz-date", "x-amz-target", "content-type",
                                       "x-amz-security-token"};
    for (size_t i = 0; i < SW_ARRAY_LEN(must) - !has_session; i++)
        if (!strstr(names, must[i]))
            fail_msg("%s is not signed: %s", must[i], names);
    expected_signature(request, names, date, "eu-west-1", "monitoring", want);
    assert_string_equal(signature, want);
    const char *session = sent_header(rig, n, "X-Amz-Security-Token");
    if (has_session)
        assert_string_equal(session, SESSION);
    else
        assert_null(session);
    assert_string_equal(request->target, "/");
    assert_string_equal(sent_header(rig, n, "X-Amz-Target"),
                        "GraniteServiceVersion20100801.GetMetricData");
}

static void clear_aws_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",   "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",   "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE", "AWS_REGION",
                                        "AWS_DEFAULT_REGION",  "AWS_SECURITY_TOKEN"};
    for (size_t i = 0; i < SW_ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", in_folder("credentials"), 1);
    setenv("AWS_CONFIG_FILE", in_folder("config"), 1);
}

static struct sw_auth *aws(const char *yaml)
{
    struct sw_auth *auth = NULL;
    struct sw_document *node = net_node(yaml);
    assert_int_equal(sw_auth_aws_open(sw_document_root(node), "monitoring", &auth, NULL), SW_OK);
    sw_document_free(node);
    return auth;
}

static void test_aws_signatures(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "{\"MetricDataQueries\":[{\"Id\":\"a\"}]}", ""};
    clear_aws_environment();
    write_secret("credentials", "[release]\naws_access_key_id = " KEY_ID
                                "\naws_secret_access_key = " SECRET "\n[session]\n"
                                "aws_access_key_id = " KEY_ID "\naws_secret_access_key = " SECRET
                                "\naws_session_token = " SESSION "\n");
    for (int has_session = 0; has_session < 2; has_session++) {
        struct rig rig;
        rig_open(&rig, answer_well, NULL);
        rig_use(&rig,
                aws(has_session ? "region: eu-west-1\nprofile: session\n"
                                : "region: eu-west-1\nprofile: release\n"),
                has_session);
        int sent = 0;
        for (size_t i = 0; i < SW_ARRAY_LEN(bodies); i++) {
            assert_int_equal(rig_send(&rig, METRICS, bodies[i]), SW_OK);
            check_signature(&rig, sent++, has_session);
        }
        char *large = test_malloc(45001);
        memset(large, 'x', 45000);
        large[45000] = '\0';
        assert_int_equal(rig_send(&rig, METRICS, large), SW_OK);
        check_signature(&rig, sent, has_session);
        test_free(large);
        rig_close(&rig);
    }
}

/* The file named in the configuration is read, and AWS's own place is not. */
static void test_aws_named_file(void **state)
{
    (void)state;
    char yaml[512];
    struct rig rig;
    clear_aws_environment();
    write_secret("credentials", "[release]\naws_access_key_id = other\n"
                                "aws_secret_access_key = other\n");
    write_secret("named",
                 "[release]\naws_access_key_id = " KEY_ID "\naws_secret_access_key = " SECRET "\n");
    snprintf(yaml, sizeof(yaml), "region: eu-west-1\nprofile: release\nshared_credentials: %s\n",
             in_folder("named"));
    rig_open(&rig, answer_well, NULL);
    rig_use(&rig, aws(yaml), false);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_OK);
    check_signature(&rig, 0, false);
    rig_close(&rig);
}

static void test_aws_from_environment(void **state)
{
    (void)state;
    struct rig rig;
    clear_aws_environment();
    setenv("AWS_ACCESS_KEY_ID", KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", SESSION, 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    rig_open(&rig, answer_well, NULL);
    rig_use(&rig, aws("{}\n"), false);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_OK);
    check_signature(&rig, 0, true);
    rig_close(&rig);
    clear_aws_environment();
}

static void test_aws_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *credentials, *config, *text;
        enum sw_code code;
    } cases[] = {
        {"region: eu-west-1\nprofile: nobody\n", "[x]\n", "",
         "AWS profile \"nobody\" is in neither", SW_E_CONFIG},
        {"region: eu-west-1\nprofile: sso\n", "", "[profile sso]\nsso_session = s\n",
         "uses sso_session; only static keys", SW_E_UNSUPPORTED},
        {"region: eu-west-1\nprofile: role\n", "", "[profile role]\nrole_arn = a\n",
         "uses role_arn", SW_E_UNSUPPORTED},
        {"region: eu-west-1\nprofile: half\n", "[half]\naws_access_key_id = x\n", "",
         "has no aws_access_key_id and aws_secret_access_key", SW_E_CONFIG},
        {"profile: p\n", "[p]\naws_access_key_id = x\naws_secret_access_key = c4n4ry\n", "",
         "no AWS region", SW_E_CONFIG},
        {"region: eu-west-1\nprofile: p\n",
         "[p]\naws_access_key_id = x\naws_secret_access_key = c4n4ry c4n4ry\n", "",
         "AWS secret access key holds a blank", SW_E_CONFIG},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        clear_aws_environment();
        write_secret("credentials", cases[i].credentials[0] ? cases[i].credentials : "\n");
        write_secret("config", cases[i].config[0] ? cases[i].config : "\n");
        rig_open(&rig, answer_well, NULL);
        rig_use(&rig, aws(cases[i].yaml), false);
        enum sw_code code = rig_send(&rig, METRICS, "{}");
        if (code != cases[i].code || !strstr(rig.err.text, cases[i].text) ||
            strstr(rig.err.text, "c4n4ry"))
            fail_msg("%zu: %s: %s", i, sw_code_name(code), rig.err.text);
        assert_int_equal(wire_server_requests(rig.server), 0);
        sw_channel_close(rig.channel);
        sw_upstream_close(rig.upstream);
        net_engine_close(rig.engine);
        wire_server_close(rig.server);
    }
    struct rig rig;
    write_secret("credentials", "[p]\naws_access_key_id = x\naws_secret_access_key = c4n4ry\n");
    assert_int_equal(chmod(in_folder("credentials"), 0644), 0);
    rig_open(&rig, answer_well, NULL);
    rig_use(&rig, aws("region: eu-west-1\nprofile: p\n"), false);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_E_CONFIG);
    assert_non_null(strstr(rig.err.text, "chmod 600"));
    sw_channel_close(rig.channel);
    sw_upstream_close(rig.upstream);
    net_engine_close(rig.engine);
    wire_server_close(rig.server);
}

static void answer_expired(void *arg, struct wire_client *client,
                           const struct wire_request *request)
{
    (void)arg;
    if (request->number == 1) {
        write_secret("credentials",
                     "[p]\naws_access_key_id = " KEY_ID "\naws_secret_access_key = " SECRET
                     "\naws_session_token = " SESSION "\n");
        wire_reply(client, 400, "x-amzn-errortype: ExpiredTokenException\r\n",
                   "{\"__type\":\"ExpiredTokenException\"}");
        return;
    }
    if (request->number == 3)
        wire_reply(client, 400, "", "{\"__type\":\"ThrottlingException\"}");
    else if (request->number == 4)
        wire_reply(client, 400, "", "{\"__type\":\"x#AccessDeniedException\"}");
    else
        wire_reply(client, 200, "", "{}");
}

static void test_aws_error_codes(void **state)
{
    (void)state;
    struct rig rig;
    clear_aws_environment();
    write_secret("credentials", "[p]\naws_access_key_id = AKIAOLD\naws_secret_access_key = "
                                "c4n4ry-old\n");
    rig_open(&rig, answer_expired, NULL);
    rig_use(&rig, aws("region: eu-west-1\nprofile: p\n"), false);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_OK); /* with the new token */
    assert_int_equal(wire_server_requests(rig.server), 2);
    check_signature(&rig, 1, true);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_E_QUOTA);
    assert_true(rig.err.is_retryable);
    assert_int_equal(rig_send(&rig, METRICS, "{}"), SW_E_DENIED);
    rig_close(&rig);
}

/* ---------------------------------------------------------------------- trace */

static void answer_echoing_secrets(void *arg, struct wire_client *client,
                                   const struct wire_request *request)
{
    (void)arg;
    char headers[512];
    snprintf(headers, sizeof(headers),
             "Location: https://x.example/?token=" TOKEN "\r\nX-Request-Id: " TOKEN "\r\n");
    wire_reply(client, request->number % 2 ? 302 : 403, headers, "token " TOKEN);
}

static void test_errors_and_trace_hold_no_secret(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, answer_echoing_secrets, NULL);
    rig_use(&rig, bearer(), false);
    for (int i = 0; i < 4; i++) {
        assert_true(rig_send(&rig, GET, NULL) != SW_OK);
        if (strstr(rig.err.text, TOKEN))
            fail_msg("%s", rig.err.text);
    }
    rig_close(&rig);
}

static void test_trace_lines(void **state)
{
    (void)state;
    static char text[8192];
    struct rig rig;
    rig_open(&rig, answer_well, NULL);
    rig_use(&rig, bearer(), true);
    assert_int_equal(rig_send(&rig, PATCH, "{\"c4n4ry\":1}"), SW_OK);
    FILE *file = fopen(in_folder("trace"), "re");
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    char want[256];
    snprintf(
        want, sizeof(want),
        " source=test op=patch PATCH %s/v1/things/7 attempt=1 status=200 result=ok bytes=2 ms=",
        wire_server_url(rig.server));
    assert_non_null(strstr(text, want));
    int64_t queued = 0, first = 0;
    char *line = text;
    text[strlen(text) - 1] = '\0';
    strsep(&line, " ");
    const char *first_text = strstr(line, "first_byte=") + strlen("first_byte=");
    assert_int_equal(sw_time_parse(text, &queued, NULL), SW_OK);
    assert_int_equal(sw_time_parse(first_text, &first, NULL), SW_OK);
    assert_in_range(first - queued, 0, 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_bearer_is_read_again),
        cmocka_unit_test(test_token_with_a_line_break_never_leaves),
        cmocka_unit_test(test_app_store),
        cmocka_unit_test(test_app_store_mints_once_more),
        cmocka_unit_test(test_app_store_wrong_key),
        cmocka_unit_test(test_google),
        cmocka_unit_test(test_google_quota_is_no_missing_right),
        cmocka_unit_test(test_aws_signatures),
        cmocka_unit_test(test_aws_named_file),
        cmocka_unit_test(test_aws_from_environment),
        cmocka_unit_test(test_aws_refusals),
        cmocka_unit_test(test_aws_error_codes),
        cmocka_unit_test(test_errors_and_trace_hold_no_secret),
        cmocka_unit_test(test_trace_lines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
