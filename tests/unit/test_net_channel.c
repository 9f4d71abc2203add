/*
 * test_net_channel.c: the pipeline behind sw_exchange over a scripted transport: the gate first,
 * the credential last, one renewal after a refusal, retries of what is safe, cancelling, budgets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "net/auth_kind.h"
#include "net/channel.h"
#include "net/secret_bytes.h"
#include "support/net_engine.h"
#include "support/net_keys.h"
#include "support/net_node.h"

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/things/{id}"},
    {.name = "patch",
     .method = SW_PATCH,
     .path = "/things/{id}",
     .effect = SW_EFFECT_MUTATE,
     .is_idempotent = true},
    {.name = "insert", .method = SW_POST, .path = "/edits", .effect = SW_EFFECT_EDIT},
    {.name = "drop",
     .method = SW_DELETE,
     .path = "/edits/{id}",
     .effect = SW_EFFECT_EDIT,
     .is_idempotent = true},
};
enum { GET, PATCH, INSERT, DROP, OPS };

/* -------------------------------------------------------- a scripted transport */

struct answer {
    int status; /* 0: no answer, `fail` */
    enum sw_code fail;
    bool is_unsent;
    int64_t wait_ms; /* Retry-After, from now */
    const char *body;
    const char *location;
    int64_t skew_s; /* Date, from now */
};

struct script {
    const struct answer *answers; /* the last one repeats */
    size_t count;
    size_t next;
    size_t tokens; /* token requests seen (they take no answer) */
    const struct answer *token_answer;
    char log[512]; /* "get patch ..." */
};

static enum sw_code give(const struct answer *answer, struct sw_reply *reply, struct sw_error *err)
{
    if (answer->status == 0) {
        sw_fail(err, answer->fail, "scripted failure");
        err->is_retryable = answer->is_unsent;
        return answer->fail;
    }
    reply->status = answer->status;
    reply->body = sw_xstrdup(answer->body ? answer->body : "{}");
    reply->body_len = strlen(reply->body);
    reply->date_ms = answer->skew_s ? sw_time_real_ms() + answer->skew_s * 1000 : 0;
    reply->retry_after_ms = answer->wait_ms ? sw_time_real_ms() + answer->wait_ms : 0;
    sw_copy(reply->location, sizeof(reply->location), answer->location);
    return SW_OK;
}

static enum sw_code perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    struct script *script = arg;
    size_t used = strlen(script->log);
    snprintf(script->log + used, sizeof(script->log) - used, "%s ", request->operation->name);
    if (strcmp(request->operation->name, "token") == 0) {
        script->tokens++;
        return give(script->token_answer, reply, err);
    }
    const struct answer *answer = &script->answers[script->next];
    if (script->next + 1 < script->count)
        script->next++;
    return give(answer, reply, err);
}

struct rig {
    struct script script;
    struct sw_transport transport;
    struct sw_upstream *upstream;
    struct sw_channel *channel;
    struct sw_reply reply;
    struct sw_error err;
};

static void rig_open(struct rig *rig, const struct answer *answers, size_t count,
                     struct sw_auth *auth, bool is_action)
{
    *rig = (struct rig){.script = {.answers = answers, .count = count}};
    rig->transport = (struct sw_transport){perform, &rig->script};
    rig->upstream = net_upstream(NULL, &rig->transport, "https://api.example.com", ops, OPS, auth);
    rig->channel = sw_channel_open(rig->upstream, is_action);
}

static void rig_close(struct rig *rig)
{
    sw_reply_clear(&rig->reply);
    sw_channel_close(rig->channel);
    sw_upstream_close(rig->upstream);
}

static enum sw_code send_on(struct sw_channel *channel, int op, struct sw_reply *reply,
                            struct sw_error *err)
{
    struct sw_request request;
    bool has_field = strchr(ops[op].path, '{') != NULL;
    assert_int_equal(sw_request_init(&request, &ops[op], NULL, has_field ? "7" : NULL, NULL),
                     SW_OK);
    sw_reply_clear(reply);
    return sw_exchange(channel, &request, reply, err);
}

static enum sw_code send_op(struct rig *rig, int op)
{
    return send_on(rig->channel, op, &rig->reply, &rig->err);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

/* --------------------------------------------------------------- what is said */

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {200, SW_OK, ""},
        {204, SW_OK, ""},
        {400, SW_E_HTTP, "answered 400: the request was not accepted"},
        {401, SW_E_AUTH, "the credential was refused"},
        {403, SW_E_DENIED, "no right"},
        {404, SW_E_NOT_FOUND, "no such thing"},
        {409, SW_E_CONFLICT, "state does not allow"},
        {412, SW_E_CONFLICT, ""},
        {422, SW_E_CONFLICT, ""},
        {429, SW_E_QUOTA, "too many requests"},
        {501, SW_E_HTTP, "the upstream failed"},
        {304, SW_E_HTTP, "points to nowhere; redirects are never followed"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        struct answer answer = {.status = cases[i].status, .body = "{\"error\":\"theirs\"}"};
        rig_open(&rig, &answer, 1, NULL, false);
        assert_int_equal(send_op(&rig, GET), cases[i].code);
        assert_has(rig.err.text, cases[i].text);
        assert_int_equal(rig.reply.status, cases[i].status);
        assert_string_equal(rig.reply.body, "{\"error\":\"theirs\"}"); /* for the source to read */
        if (cases[i].code != SW_OK) {
            assert_int_equal(rig.err.http_status, cases[i].status);
            assert_string_equal(rig.err.source, "test");
            assert_has(rig.err.text, "get: api.example.com");
        }
        assert_string_equal(rig.script.log, "get ");
        rig_close(&rig);
    }
}

static void test_err_may_be_null(void **state)
{
    (void)state;
    struct rig rig;
    static const struct answer answer = {.status = 404};
    rig_open(&rig, &answer, 1, NULL, false);
    assert_int_equal(send_on(rig.channel, GET, &rig.reply, NULL), SW_E_NOT_FOUND);
    rig_close(&rig);
}

static void test_redirect_names_its_target(void **state)
{
    (void)state;
    struct rig rig;
    static const struct answer answer = {.status = 301, .location = "https://evil.example/x"};
    rig_open(&rig, &answer, 1, NULL, false);
    assert_int_equal(send_op(&rig, GET), SW_E_HTTP);
    assert_has(rig.err.text, "https://evil.example/x");
    rig_close(&rig);
}

static void test_clock_skew_is_told(void **state)
{
    (void)state;
    static const struct {
        int64_t skew_s;
        const char *text;
    } cases[] = {{300, "s behind theirs: set it right"},
                 {-7200, "s ahead of theirs: set it right"}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        struct sw_upstream_health health;
        struct answer answer = {.status = 401, .skew_s = cases[i].skew_s};
        rig_open(&rig, &answer, 1, NULL, false);
        assert_int_equal(send_op(&rig, GET), SW_E_AUTH);
        assert_has(rig.err.text, cases[i].text);
        sw_upstream_health(rig.upstream, &health);
        assert_true(health.clock_skew_s.is_known);
        double off = health.clock_skew_s.value - (double)cases[i].skew_s;
        assert_true(off > -3 && off < 3);
        rig_close(&rig);
    }
}

/* ----------------------------------------------------------------- order, gate */

static void test_read_only(void **state)
{
    (void)state;
    struct script script = {.answers = &(struct answer){.status = 200}, .count = 1};
    struct sw_transport transport = {perform, &script};
    struct sw_upstream *upstream = NULL;
    struct sw_error err = {0};
    struct sw_reply reply = {0};
    /* A credential that cannot be read: a refused request never gets so far. */
    struct sw_document *node = net_node("token_file: /no/such/file\n");
    struct sw_auth *auth = NULL;
    assert_int_equal(sw_auth_bearer_open(sw_document_root(node), &auth, &err), SW_OK);
    struct sw_upstream_options options = {
        .source_id = "play",
        .base_url = "https://api.example.com",
        .operations = ops,
        .operation_count = OPS,
        .is_read_only = true,
    };
    assert_int_equal(sw_upstream_open(&options, auth, NULL, &transport, &upstream, &err), SW_OK);
    for (int is_action = 0; is_action < 2; is_action++) {
        struct sw_channel *channel = sw_channel_open(upstream, is_action);
        assert_int_equal(send_on(channel, PATCH, &reply, &err), SW_E_REFUSED);
        assert_has(err.text,
                   "read-only: patch would change what users get; nothing was sent to play");
        assert_int_equal(send_on(channel, GET, &reply, &err), SW_E_CONFIG);
        assert_has(err.text, "/no/such/file");
        sw_channel_close(channel);
    }
    assert_string_equal(script.log, "");
    sw_reply_clear(&reply);
    sw_upstream_close(upstream);
    sw_document_free(node);
}

static void test_bad_base_url(void **state)
{
    (void)state;
    struct sw_upstream *upstream = NULL;
    struct sw_error err = {0};
    struct sw_transport transport = {perform, NULL};
    struct sw_upstream_options options = {
        .source_id = "play",
        .base_url = "http://api.example.com",
        .operations = ops,
        .operation_count = OPS,
    };
    assert_int_equal(sw_upstream_open(&options, NULL, NULL, &transport, &upstream, &err),
                     SW_E_CONFIG);
    assert_null(upstream);
    assert_has(err.text, "plain http");
    assert_string_equal(err.source, "play");
}

/* --------------------------------------------------------------------- retries */

static void test_retries(void **state)
{
    (void)state;
    static const struct {
        int op;
        bool is_action;
        struct answer answers[4];
        enum sw_code code;
        const char *log;
        bool is_retryable;
    } cases[] = {
        {GET, false, {{.status = 503}, {.status = 200}}, SW_OK, "get get ", false},
        {GET,
         false,
         {{.fail = SW_E_NETWORK}, {.status = 500}, {.status = 200}},
         SW_OK,
         "get get get ",
         false},
        {GET, false, {{.status = 503}}, SW_E_HTTP, "get get get ", true},
        {GET, false, {{.status = 404}}, SW_E_NOT_FOUND, "get ", false},
        {GET, false, {{.fail = SW_E_TLS}}, SW_E_TLS, "get ", false},
        {GET, false, {{.status = 429, .wait_ms = 60000}}, SW_E_QUOTA, "get ", true},
        {GET, false, {{.status = 503, .wait_ms = 700}, {.status = 200}}, SW_OK, "get get ", false},
        {PATCH, true, {{.status = 200}}, SW_OK, "patch ", false},
        {PATCH, true, {{.status = 503}}, SW_E_OUTCOME_UNKNOWN, "patch ", false},
        {PATCH, true, {{.status = 500}}, SW_E_OUTCOME_UNKNOWN, "patch ", false},
        {PATCH, true, {{.fail = SW_E_TIMEOUT}}, SW_E_OUTCOME_UNKNOWN, "patch ", false},
        {PATCH,
         true,
         {{.fail = SW_E_NETWORK, .is_unsent = true}, {.status = 200}},
         SW_OK,
         "patch patch ",
         false},
        {PATCH,
         true,
         {{.fail = SW_E_NETWORK, .is_unsent = true}},
         SW_E_NETWORK,
         "patch patch patch patch patch ",
         true},
        {PATCH,
         true,
         {{.status = 429, .wait_ms = 300}, {.status = 200}},
         SW_OK,
         "patch patch ",
         false},
        {PATCH, true, {{.status = 409}}, SW_E_CONFLICT, "patch ", false},
        {INSERT, false, {{.fail = SW_E_NETWORK}}, SW_E_NETWORK, "insert ", false},
        {INSERT, false, {{.status = 503}}, SW_E_HTTP, "insert ", false},
        {DROP, false, {{.fail = SW_E_NETWORK}, {.status = 204}}, SW_OK, "drop drop ", false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        size_t count = 1;
        while (count < 4 && (cases[i].answers[count].status || cases[i].answers[count].fail))
            count++;
        rig_open(&rig, cases[i].answers, count, NULL, cases[i].is_action);
        enum sw_code code = send_op(&rig, cases[i].op);
        if (code != cases[i].code || strcmp(rig.script.log, cases[i].log) != 0 ||
            (code != SW_OK && rig.err.is_retryable != cases[i].is_retryable))
            fail_msg("%zu: %s %s %d: %s", i, sw_code_name(code), rig.script.log,
                     rig.err.is_retryable, rig.err.text);
        if (code == SW_E_OUTCOME_UNKNOWN)
            assert_has(rig.err.text, "whether it took effect is not known");
        rig_close(&rig);
    }
}

static void test_retry_after_holds_polls_not_actions(void **state)
{
    (void)state;
    static const struct answer answers[] = {{.status = 429, .wait_ms = 60000}, {.status = 200}};
    struct rig rig;
    int64_t wait = 0;
    rig_open(&rig, answers, 2, NULL, false);
    assert_true(sw_upstream_acquire(rig.upstream, sw_time_mono_ms(), &wait));
    sw_upstream_release(rig.upstream);
    assert_int_equal(send_op(&rig, GET), SW_E_QUOTA);
    int64_t retry_at = rig.err.retry_at_ms;
    assert_in_range(retry_at - sw_time_real_ms(), 55000, 60000);
    assert_false(sw_upstream_acquire(rig.upstream, sw_time_mono_ms(), &wait));
    assert_in_range(wait, 55000, 60000);
    assert_int_equal(send_op(&rig, GET), SW_E_QUOTA); /* without asking */
    assert_has(rig.err.text, "nothing was sent");
    assert_int_equal(rig.err.retry_at_ms, retry_at);
    assert_string_equal(rig.script.log, "get ");
    struct sw_channel *action = sw_channel_open(rig.upstream, true);
    assert_int_equal(send_on(action, PATCH, &rig.reply, &rig.err), SW_OK);
    sw_channel_close(action);
    assert_true(sw_upstream_acquire(rig.upstream, sw_time_mono_ms(), &wait)); /* it answers again */
    sw_upstream_release(rig.upstream);
    rig_close(&rig);
}

static void test_body_cap(void **state)
{
    (void)state;
    struct rig rig;
    char *big = test_malloc((1 << 20) + 2);
    memset(big, 'x', (1 << 20) + 1);
    big[(1 << 20) + 1] = '\0';
    struct answer answer = {.status = 200, .body = big};
    rig_open(&rig, &answer, 1, NULL, false);
    assert_int_equal(send_op(&rig, GET), SW_E_LIMIT);
    rig_close(&rig);
    test_free(big);
}

/* ------------------------------------------------------------------ credentials */

/* A credential that counts: every apply gives "token-N", every refusal moves N on. */
struct counting {
    struct sw_auth auth;
    int number, refusals;
};

static enum sw_code counting_apply(struct sw_auth *auth, const struct auth_context *context,
                                   struct wire_credential *out, struct sw_error *err)
{
    (void)context, (void)err;
    char text[32];
    int len = snprintf(text, sizeof(text), "token-%d", ((struct counting *)(void *)auth)->number);
    out->bearer = secret_new(text, (size_t)len);
    return SW_OK;
}

static void counting_refused(struct sw_auth *auth, const struct wire_credential *used)
{
    struct counting *counting = (struct counting *)(void *)auth;
    assert_has(sw_secret_bytes(used->bearer, NULL), "token-");
    counting->number++;
    counting->refusals++;
}

static void counting_close(struct sw_auth *auth)
{
    (void)auth;
}

static const struct auth_kind counting_kind = {
    .name = "counting",
    .apply = counting_apply,
    .refused = counting_refused,
    .close = counting_close,
};

static void test_one_renewal(void **state)
{
    (void)state;
    static const struct {
        int op;
        struct answer answers[3];
        enum sw_code code;
        const char *log;
        int refusals;
    } cases[] = {
        {GET, {{.status = 401}, {.status = 200}}, SW_OK, "get get ", 1},
        {GET, {{.status = 401}, {.status = 401}}, SW_E_AUTH, "get get ", 1},
        {PATCH, {{.status = 401}, {.status = 200}}, SW_OK, "patch patch ", 1}, /* not applied */
        {PATCH, {{.status = 401}, {.status = 503}}, SW_E_OUTCOME_UNKNOWN, "patch patch ", 1},
        {INSERT, {{.status = 401}, {.status = 200}}, SW_OK, "insert insert ", 1},
        {GET, {{.status = 403}}, SW_E_DENIED, "get ", 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        struct sw_auth *auth = auth_new(sizeof(struct counting), &counting_kind);
        struct counting *counting = (struct counting *)(void *)auth;
        rig_open(&rig, cases[i].answers, cases[i].answers[1].status ? 2 : 1, auth, true);
        enum sw_code code = send_op(&rig, cases[i].op);
        if (code != cases[i].code || strcmp(rig.script.log, cases[i].log) != 0)
            fail_msg("%zu: %s %s: %s", i, sw_code_name(code), rig.script.log, rig.err.text);
        assert_int_equal(counting->refusals, cases[i].refusals);
        if (code == SW_E_AUTH)
            assert_has(rig.err.text, "also when renewed");
        rig_close(&rig);
    }
}

static struct sw_auth *google(const char *folder, EVP_PKEY *key)
{
    char path[256], yaml[512];
    char *json = net_google_json(key, "https://oauth2.googleapis.com/token");
    snprintf(path, sizeof(path), "%s/play.json", folder);
    unlink(path);
    FILE *file = fopen(path, "wex");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(json, 1, strlen(json), file), strlen(json));
    fclose(file);
    free(json);
    snprintf(yaml, sizeof(yaml), "key_file: %s\n", path);
    struct sw_document *node = net_node(yaml);
    struct sw_auth *auth = NULL;
    assert_int_equal(sw_auth_google_open(sw_document_root(node), "scope-a scope-b", &auth, NULL),
                     SW_OK);
    sw_document_free(node);
    return auth;
}

static char folder[] = "/tmp/slipway-channel.XXXXXX";
static EVP_PKEY *rsa;

static int set_up(void **state)
{
    (void)state;
    rsa = net_key_new("RSA-2048");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof(path), "%s/play.json", folder);
    unlink(path);
    EVP_PKEY_free(rsa);
    return rmdir(folder);
}

static void test_google_token_is_shared_and_renewed(void **state)
{
    (void)state;
    static const struct answer token = {.status = 200,
                                        .body = "{\"access_token\":\"ya29.c4n4ry\",\"expires_in\":"
                                                "3599,\"token_type\":\"Bearer\"}"};
    static const struct answer answers[] = {
        {.status = 200}, {.status = 200}, {.status = 401}, {.status = 200}};
    struct rig rig;
    struct sw_auth *auth = google(folder, rsa);
    assert_null(sw_auth_google_email(auth));
    rig_open(&rig, answers, 4, auth, false);
    rig.script.token_answer = &token;
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_op(&rig, GET), SW_OK);
    assert_string_equal(rig.script.log, "token get get get token get ");
    assert_string_equal(sw_auth_google_email(auth), "slipway@acme.iam.gserviceaccount.com");
    rig_close(&rig);
}

/* One renewal for a 401; a second 401 is the answer. */
static void test_google_401_renews_once(void **state)
{
    (void)state;
    static const struct answer token = {.status = 200,
                                        .body = "{\"access_token\":\"ya29.c4n4ry\",\"expires_in\":"
                                                "3599,\"token_type\":\"Bearer\"}"};
    static const struct answer answers[] = {{.status = 401}, {.status = 401}};
    struct rig rig;
    rig_open(&rig, answers, 2, google(folder, rsa), false);
    rig.script.token_answer = &token;
    assert_int_equal(send_op(&rig, GET), SW_E_AUTH);
    assert_string_equal(rig.script.log, "token get token get ");
    rig_close(&rig);
}

static void test_google_invalid_scope(void **state)
{
    (void)state;
    static const struct answer token = {.status = 400, .body = "{\"error\":\"invalid_scope\"}"};
    static const struct answer answers[] = {{.status = 200}};
    struct rig rig;
    rig_open(&rig, answers, 1, google(folder, rsa), false);
    rig.script.token_answer = &token;
    assert_int_equal(send_op(&rig, GET), SW_E_AUTH);
    assert_string_equal(rig.script.log, "token "); /* nothing else was asked */
    rig_close(&rig);
}

static void test_google_says_no(void **state)
{
    (void)state;
    static const struct {
        struct answer token;
        enum sw_code code;
        const char *text, *log;
    } cases[] = {
        {{.status = 400,
          .body = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT "
                  "Signature.\"}"},
         SW_E_AUTH,
         "(invalid_grant: Invalid JWT Signature.); was the key deleted",
         "token "},
        {{.status = 400, .body = "{\"error\":\"invalid_grant\"}", .skew_s = 600},
         SW_E_AUTH,
         "s behind Google's: set it right",
         "token "},
        {{.status = 400, .body = "{\"error\":\"invalid_grant\"}", .skew_s = -600},
         SW_E_AUTH,
         "s ahead of Google's: set it right",
         "token "},
        {{.status = 400, .body = "{\"error\":\"invalid_scope\"}"},
         SW_E_AUTH,
         "is the API enabled",
         "token "},
        {{.status = 401, .body = "{\"error\":\"invalid_client\"}"},
         SW_E_AUTH,
         "invalid_client",
         "token "},
        {{.status = 400, .body = "{\"error\":{\"code\":400}}"}, SW_E_HTTP, "token: ", "token "},
        {{.status = 200, .body = "{\"expires_in\":3599}"}, SW_E_PARSE, "access_token", "token "},
        {{.status = 200, .body = "{\"access_token\":\"a\\nb\",\"expires_in\":3599}"},
         SW_E_PARSE,
         "one line of ASCII",
         "token "},
        {{.status = 200, .body = "{\"access_token\":\"x\",\"expires_in\":-1}"},
         SW_E_PARSE,
         "expires_in",
         "token "},
        {{.status = 200,
          .body = "{\"access_token\":\"x\",\"expires_in\":9,\"token_type\":\"mac\"}"},
         SW_E_PARSE,
         "no bearer token",
         "token "},
        {{.status = 200, .body = "<html>"}, SW_E_PARSE, "", "token "},
        {{.status = 503},
         SW_E_HTTP,
         "token: oauth2.googleapis.com answered 503",
         "token token token "},
        {{.fail = SW_E_TIMEOUT}, SW_E_TIMEOUT, "token", "token token token "},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct rig rig;
        static const struct answer never = {.status = 200};
        rig_open(&rig, &never, 1, google(folder, rsa), false);
        rig.script.token_answer = &cases[i].token;
        enum sw_code code = send_op(&rig, GET);
        if (code != cases[i].code || !strstr(rig.err.text, cases[i].text) ||
            strcmp(rig.script.log, cases[i].log) != 0)
            fail_msg("%zu: %s [%s]: %s", i, sw_code_name(code), rig.script.log, rig.err.text);
        rig_close(&rig);
    }
}

/* A write whose token cannot be had was certainly not sent. */
static void test_write_without_token_is_not_unknown(void **state)
{
    (void)state;
    struct rig rig;
    static const struct answer never = {.status = 200};
    static const struct answer token = {.fail = SW_E_NETWORK};
    rig_open(&rig, &never, 1, google(folder, rsa), true);
    rig.script.token_answer = &token;
    assert_int_equal(send_op(&rig, PATCH), SW_E_NETWORK);
    assert_null(strstr(rig.script.log, "patch"));
    rig_close(&rig);
}

/* -------------------------------------------------------------------- threads */

struct slow_token {
    atomic_int tokens, gets;
    atomic_bool is_open; /* token requests of polls answer only then */
    atomic_bool action_done;
};

static enum sw_code perform_slow(void *arg, const struct sw_request *request,
                                 struct sw_reply *reply, struct sw_error *err)
{
    struct slow_token *slow = arg;
    static const struct answer token = {
        .status = 200, .body = "{\"access_token\":\"ya29.x\",\"expires_in\":3599}"};
    static const struct answer fine = {.status = 200};
    if (strcmp(request->operation->name, "token") != 0) {
        atomic_fetch_add(&slow->gets, 1);
        return give(&fine, reply, err);
    }
    bool is_first = atomic_fetch_add(&slow->tokens, 1) == 0;
    while (is_first && !atomic_load(&slow->is_open))
        usleep(1000);
    return give(&token, reply, err);
}

static void *poll_once(void *arg)
{
    struct sw_upstream *upstream = arg;
    struct sw_channel *channel = sw_channel_open(upstream, false);
    struct sw_reply reply = {0};
    enum sw_code code = send_on(channel, GET, &reply, NULL);
    sw_reply_clear(&reply);
    sw_channel_close(channel);
    return (void *)(uintptr_t)code;
}

/* Eight polls need a token, one fetches it and hangs; an action gets its own at once. */
static void test_action_does_not_wait_for_a_token(void **state)
{
    (void)state;
    enum { N = 8 };
    pthread_t threads[N];
    struct slow_token slow = {0};
    struct sw_transport transport = {perform_slow, &slow};
    struct sw_reply reply = {0};
    struct sw_upstream *upstream =
        net_upstream(NULL, &transport, "https://api.example.com", ops, OPS, google(folder, rsa));
    for (int i = 0; i < N; i++)
        pthread_create(&threads[i], NULL, poll_once, upstream);
    while (atomic_load(&slow.tokens) == 0)
        usleep(1000);
    usleep(20000);
    assert_int_equal(atomic_load(&slow.tokens), 1); /* the others wait for that one */
    struct sw_channel *action = sw_channel_open(upstream, true);
    int64_t start = sw_time_mono_ms();
    assert_int_equal(send_on(action, PATCH, &reply, NULL), SW_OK);
    assert_in_range(sw_time_mono_ms() - start, 0, 250);
    assert_int_equal(atomic_load(&slow.tokens), 2);
    sw_channel_close(action);
    while (atomic_load(&slow.gets) < N) /* those who wait use the action's token */
        usleep(1000);
    atomic_store(&slow.is_open, true);
    for (int i = 0; i < N; i++) {
        void *code = NULL;
        pthread_join(threads[i], &code);
        assert_int_equal((uintptr_t)code, SW_OK);
    }
    assert_int_equal(atomic_load(&slow.tokens), 2);
    assert_int_equal(atomic_load(&slow.gets), N + 1);
    sw_reply_clear(&reply);
    sw_upstream_close(upstream);
}

struct cancelled {
    struct rig *rig;
    enum sw_code code;
};

static void *send_and_note(void *arg)
{
    struct cancelled *cancelled = arg;
    cancelled->code = send_op(cancelled->rig, GET);
    return NULL;
}

static void test_cancel_ends_a_pause(void **state)
{
    (void)state;
    struct rig rig;
    pthread_t thread;
    static const struct answer answer = {.status = 503, .wait_ms = 1900};
    rig_open(&rig, &answer, 1, NULL, false);
    struct cancelled cancelled = {.rig = &rig};
    int64_t start = sw_time_mono_ms();
    pthread_create(&thread, NULL, send_and_note, &cancelled);
    usleep(100 * 1000);
    sw_channel_cancel(rig.channel);
    pthread_join(thread, NULL);
    assert_in_range(sw_time_mono_ms() - start, 90, 1000);
    assert_int_equal(cancelled.code, SW_E_CANCELLED);
    rig_close(&rig);
}

/* A credential's command that hangs, and what it started: neither outlives the flow. */
static void test_cancel_ends_a_credential_command(void **state)
{
    (void)state;
    struct rig rig;
    pthread_t thread;
    char fifo[64], yaml[192];
    static const struct answer answer = {.status = 200};
    snprintf(fifo, sizeof(fifo), "%s/alive", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int alive = open(fifo, O_RDONLY | O_NONBLOCK); /* until its last writer has ended */
    snprintf(yaml, sizeof(yaml), "token_cmd: [sh, -c, 'exec 3>%s; echo >&3; sleep 60 & wait']\n",
             fifo);
    struct sw_document *node = net_node(yaml);
    struct sw_auth *auth = NULL;
    assert_int_equal(sw_auth_bearer_open(sw_document_root(node), &auth, NULL), SW_OK);
    sw_document_free(node);
    rig_open(&rig, &answer, 1, auth, false);
    struct cancelled cancelled = {.rig = &rig};
    pthread_create(&thread, NULL, send_and_note, &cancelled);
    struct pollfd runs = {.fd = alive, .events = POLLIN};
    assert_int_equal(poll(&runs, 1, 5000), 1);
    int64_t start = sw_time_mono_ms();
    sw_channel_cancel(rig.channel);
    pthread_join(thread, NULL);
    assert_in_range(sw_time_mono_ms() - start, 0, 2000);
    assert_int_equal(cancelled.code, SW_E_CANCELLED);
    assert_int_equal(rig.script.next, 0); /* nothing was sent */
    char byte;
    assert_int_equal(read(alive, &byte, 1), 1);
    runs.events = 0;
    assert_int_equal(poll(&runs, 1, 2000), 1);
    assert_true(runs.revents & POLLHUP);
    close(alive);
    unlink(fifo);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_err_may_be_null),
        cmocka_unit_test(test_redirect_names_its_target),
        cmocka_unit_test(test_clock_skew_is_told),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_bad_base_url),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_retry_after_holds_polls_not_actions),
        cmocka_unit_test(test_body_cap),
        cmocka_unit_test(test_one_renewal),
        cmocka_unit_test(test_google_token_is_shared_and_renewed),
        cmocka_unit_test(test_google_says_no),
        cmocka_unit_test(test_google_invalid_scope),
        cmocka_unit_test(test_google_401_renews_once),
        cmocka_unit_test(test_write_without_token_is_not_unknown),
        cmocka_unit_test(test_action_does_not_wait_for_a_token),
        cmocka_unit_test(test_cancel_ends_a_pause),
        cmocka_unit_test(test_cancel_ends_a_credential_command),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
