/*
 * test_net_http.c: the transport against a loopback server that behaves, and one that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"
#include "base/time.h"
#include "support/net_engine.h"
#include "support/wire_server.h"

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/v1/things/{id}", .effect = SW_EFFECT_READ},
    {.name = "quick",
     .method = SW_GET,
     .path = "/quick/{id}",
     .effect = SW_EFFECT_READ,
     .timeout_ms = 400},
    {.name = "change",
     .method = SW_PUT,
     .path = "/v1/things/{id}",
     .effect = SW_EFFECT_MUTATE,
     .is_idempotent = true,
     .timeout_ms = 2000},
    {.name = "patch", .method = SW_PATCH, .path = "/v1/things/{id}", .effect = SW_EFFECT_MUTATE},
    {.name = "open", .method = SW_POST, .path = "/v1/edits", .effect = SW_EFFECT_EDIT},
    {.name = "drop",
     .method = SW_DELETE,
     .path = "/v1/edits/{id}",
     .effect = SW_EFFECT_EDIT,
     .is_idempotent = true},
};
enum { GET, QUICK, CHANGE, PATCH, OPEN, DROP, OPS };

/* One server, one upstream, one channel. */
struct rig {
    struct net_engine *engine;
    struct wire_server *server;
    struct sw_upstream *upstream;
    struct sw_channel *channel;
    struct sw_reply reply;
    struct sw_error err;
    int op; /* for send_slow, with how it went */
    enum sw_code code;
    int64_t took_ms;
};

static void rig_open_as(struct rig *rig, wire_answer_fn answer, void *arg, bool is_action)
{
    *rig = (struct rig){0};
    rig->engine = net_engine_open(NULL);
    rig->server = wire_server_open(answer, arg, NULL);
    rig->upstream = net_upstream(rig->engine, NULL, wire_server_url(rig->server), ops, OPS, NULL);
    rig->channel = sw_channel_open(rig->upstream, is_action);
}

static void rig_open(struct rig *rig, wire_answer_fn answer, void *arg)
{
    rig_open_as(rig, answer, arg, false);
}

static void rig_close(struct rig *rig)
{
    sw_reply_clear(&rig->reply);
    sw_channel_close(rig->channel);
    net_engine_close(rig->engine);
    sw_upstream_close(rig->upstream);
    wire_server_close(rig->server);
}

static enum sw_code send_op(struct rig *rig, int op)
{
    struct sw_request request;
    bool has_field = strchr(ops[op].path, '{') != NULL;
    assert_int_equal(sw_request_init(&request, &ops[op], &rig->err, has_field ? "7" : NULL, NULL),
                     SW_OK);
    sw_reply_clear(&rig->reply);
    return sw_exchange(rig->channel, &request, &rig->reply, &rig->err);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

/* ------------------------------------------------------------------ behaving */

static void answer_well(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 200,
               "Content-Type: application/json\r\nDate: Thu, 15 Jan 2026 10:00:00 GMT\r\n"
               "Link: <https://x/y?z=1>; rel=\"next\"\r\nX-Request-Id: abc\r\n"
               "X-Sentry-Rate-Limit-Remaining: 39\r\n",
               "{\"a\":[1,2]}");
}

static void test_get(void **state)
{
    (void)state;
    struct rig rig;
    char text[256];
    rig_open(&rig, answer_well, NULL);
    struct sw_request request;
    assert_int_equal(sw_request_init(&request, &ops[GET], NULL, "a/b c", NULL), SW_OK);
    sw_request_param(&request, "filter[x]", "A,B c&d");
    sw_request_param(&request, "n", "1");
    assert_int_equal(sw_exchange(rig.channel, &request, &rig.reply, &rig.err), SW_E_INTERNAL);
    assert_int_equal(wire_server_requests(rig.server), 0); /* the gate: a slash in an id */

    assert_int_equal(sw_request_init(&request, &ops[GET], NULL, "b c", NULL), SW_OK);
    sw_request_param(&request, "filter[x]", "A,B c&d");
    sw_request_param(&request, "n", "1");
    assert_int_equal(sw_exchange(rig.channel, &request, &rig.reply, &rig.err), SW_OK);
    assert_int_equal(rig.reply.status, 200);
    assert_string_equal(rig.reply.body, "{\"a\":[1,2]}");
    assert_string_equal(rig.reply.content_type, "application/json");
    assert_string_equal(rig.reply.link, "<https://x/y?z=1>; rel=\"next\"");
    assert_string_equal(rig.reply.request_id, "abc");
    assert_int_equal(rig.reply.date_ms, 1768471200000);
    assert_true(rig.reply.quota_left.is_known);

    const struct wire_request *seen = wire_server_request(rig.server, 0);
    assert_string_equal(seen->method, "GET");
    assert_string_equal(seen->target, "/v1/things/b%20c?filter%5Bx%5D=A,B%20c%26d&n=1");
    assert_string_equal(wire_header(seen, "Accept", text, sizeof(text)), "application/json");
    assert_string_equal(wire_header(seen, "Accept-Encoding", text, sizeof(text)), "gzip");
    assert_string_equal(wire_header(seen, "User-Agent", text, sizeof(text)),
                        "slipway/" SLIPWAY_VERSION);
    assert_null(wire_header(seen, "Authorization", text, sizeof(text)));
    struct sw_upstream_health health;
    sw_upstream_health(rig.upstream, &health);
    assert_true(health.latency_ms.is_known && health.quota_left.is_known);
    assert_true(health.clock_skew_s.is_known);
    rig_close(&rig);
}

static void test_connection_is_reused_by_polls(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, answer_well, NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_op(&rig, GET), SW_OK);
    assert_int_equal(wire_server_connections(rig.server), 1);
    /* An action brings its own, and keeps it for itself. */
    for (int round = 1; round <= 2; round++) {
        struct sw_channel *action = sw_channel_open(rig.upstream, true);
        struct sw_channel *poll = rig.channel;
        rig.channel = action;
        for (int i = 0; i < 3; i++)
            assert_int_equal(send_op(&rig, GET), SW_OK);
        sw_channel_close(action);
        rig.channel = poll;
        assert_int_equal(wire_server_connections(rig.server), 1 + round);
    }
    assert_int_equal(send_op(&rig, GET), SW_OK);
    assert_int_equal(wire_server_connections(rig.server), 3);
    rig_close(&rig);
}

static void test_methods_and_bodies(void **state)
{
    (void)state;
    static const struct {
        int op;
        const char *method, *body, *type;
    } cases[] = {
        {CHANGE, "PUT", "{\"a\":1}", "application/json"},
        {PATCH, "PATCH", "{\"b\":2}", "application/vnd.api+json"},
        {OPEN, "POST", "", NULL},
        {OPEN, "POST", "x", "text/plain"},
        {DROP, "DELETE", "", NULL},
    };
    struct rig rig;
    rig_open(&rig, answer_well, NULL);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_request request;
        char text[128];
        bool has_field = strchr(ops[cases[i].op].path, '{') != NULL;
        assert_int_equal(
            sw_request_init(&request, &ops[cases[i].op], NULL, has_field ? "7" : NULL, NULL),
            SW_OK);
        request.content_type = cases[i].type;
        request.body = cases[i].body;
        request.body_len = strlen(cases[i].body);
        sw_reply_clear(&rig.reply);
        assert_int_equal(sw_exchange(rig.channel, &request, &rig.reply, &rig.err), SW_OK);
        const struct wire_request *seen = wire_server_request(rig.server, (int)i);
        assert_string_equal(seen->method, cases[i].method);
        assert_string_equal(seen->body, cases[i].body);
        const char *type = wire_header(seen, "Content-Type", text, sizeof(text));
        if (cases[i].type)
            assert_string_equal(type, cases[i].type);
        else
            assert_null(type);
        const char *length = wire_header(seen, "Content-Length", text, sizeof(text));
        if (strcmp(cases[i].method, "DELETE") != 0)
            assert_int_equal(strtol(length, NULL, 10), strlen(cases[i].body));
        assert_null(wire_header(seen, "Expect", text, sizeof(text)));
    }
    rig_close(&rig);
}

/* --------------------------------------------------------------- misbehaving */

static void send_many(struct wire_client *client, size_t bytes)
{
    char block[4096];
    memset(block, 'x', sizeof(block));
    for (size_t sent = 0; sent < bytes; sent += sizeof(block))
        wire_send(client, block, sizeof(block));
}

struct bits {
    unsigned char bytes[64 * 1024];
    size_t count;
};

static void add_bits(struct bits *bits, const char *text)
{
    for (; *text; text++, bits->count++)
        if (*text == '1')
            bits->bytes[bits->count / 8] |= (unsigned char)(1u << (bits->count % 8));
}

/* 10 MiB of zeros in 64 KiB: RFC 1951, one block of fixed codes: literal 0, then for ever a repeat
 * of 258 bytes (symbol 285 = 11000101) at distance 1 (symbol 0 = 00000). */
static void send_bomb(struct wire_client *client)
{
    static const char gzip_head[10] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    struct bits *bits = test_calloc(1, sizeof(*bits));
    add_bits(bits, "010");
    add_bits(bits, "00110000");
    while (bits->count + 13 <= sizeof(bits->bytes) * 8)
        add_bits(bits, "1100010100000");
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
               sizeof(gzip_head) + sizeof(bits->bytes));
    wire_send(client, gzip_head, sizeof(gzip_head));
    wire_send(client, (const char *)bits->bytes, sizeof(bits->bytes));
    test_free(bits);
}

static void do_silent(struct wire_client *client)
{
    wire_sleep_ms(client, 60000);
}

static void do_close(struct wire_client *client)
{
    (void)client;
}

static void do_garbage(struct wire_client *client)
{
    wire_sendf(client, "\x01\x02 SSH-2.0-OpenSSH\r\n\r\n");
}

static void do_cut(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
}

static void do_reset(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
    wire_sleep_ms(client, 30);
    wire_reset(client);
}

static void do_half_body(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
    wire_sleep_ms(client, 60000);
}

static void do_huge(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    send_many(client, 3 << 20);
}

static void do_huge_chunked(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n");
    send_many(client, 3 << 20);
}

static void do_huge_headers(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 600; i++)
        wire_sendf(client, "X-H%d: %01000d\r\n", i, 0);
}

static void do_interim(struct wire_client *client)
{
    while (wire_sleep_ms(client, 10))
        wire_sendf(client, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void do_bad_gzip(struct wire_client *client)
{
    wire_reply(client, 200, "Content-Encoding: gzip\r\n", "this is not gzip at all, is it");
}

static void do_bomb(struct wire_client *client)
{
    send_bomb(client);
}

static void do_half_closed(struct wire_client *client)
{
    wire_sendf(client, "HTTP/1.1 200 OK\r\n");
}

struct fault {
    const char *name;
    void (*act)(struct wire_client *client);
    enum sw_code code;
    const char *text;
};

static const struct fault faults[] = {
    {"silent", do_silent, SW_E_TIMEOUT, "is silent: connected, but no answer"},
    {"closed", do_close, SW_E_NETWORK, "closed the connection without an answer"},
    {"garbage", do_garbage, SW_E_PARSE, "does not answer in HTTP"},
    {"cut body", do_cut, SW_E_NETWORK, "was cut in the middle"},
    {"reset body", do_reset, SW_E_NETWORK, "was cut in the middle"},
    {"half a body", do_half_body, SW_E_TIMEOUT, "did not end within"},
    {"huge body", do_huge, SW_E_LIMIT, "larger than 1048576 bytes"},
    {"huge chunked body", do_huge_chunked, SW_E_LIMIT, "larger than 1048576 bytes"},
    {"huge headers", do_huge_headers, SW_E_LIMIT, "headers"},
    {"interim answers for ever", do_interim, SW_E_TIMEOUT, "within"},
    {"bad gzip", do_bad_gzip, SW_E_PARSE, "does not answer in HTTP"},
    {"gzip bomb", do_bomb, SW_E_LIMIT, "larger than 1048576 bytes"},
    {"half closed", do_half_closed, SW_E_NETWORK, ""},
};

static void answer_fault(void *arg, struct wire_client *client, const struct wire_request *request)
{
    const struct fault *fault = arg;
    (void)request;
    fault->act(client);
    wire_end(client);
}

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(faults); i++) {
        struct rig rig;
        rig_open(&rig, answer_fault, (void *)(uintptr_t)&faults[i]);
        int64_t start = sw_time_mono_ms();
        enum sw_code code = send_op(&rig, QUICK);
        int64_t took = sw_time_mono_ms() - start;
        if (code != faults[i].code || !strstr(rig.err.text, faults[i].text) || took > 1500)
            fail_msg("%s: %s in %lld ms: %s", faults[i].name, sw_code_name(code), (long long)took,
                     rig.err.text);
        assert_null(rig.reply.body);
        assert_has(rig.err.text, "quick: ");
        assert_string_equal(rig.err.source, "test");
        rig_close(&rig);
    }
}

/* The same faults against a write: whatever came after the request left is not known. */
static void test_faults_of_a_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(faults); i++) {
        if (faults[i].code == SW_E_TIMEOUT && i > 0)
            continue; /* each takes the whole timeout */
        struct rig rig;
        rig_open(&rig, answer_fault, (void *)(uintptr_t)&faults[i]);
        enum sw_code code = send_op(&rig, CHANGE);
        if (code != SW_E_OUTCOME_UNKNOWN || rig.err.is_retryable)
            fail_msg("%s: %s: %s", faults[i].name, sw_code_name(code), rig.err.text);
        assert_has(rig.err.text, "whether it took effect is not known");
        assert_int_equal(wire_server_requests(rig.server), 1);
        rig_close(&rig);
    }
}

static void test_nothing_listens(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, answer_well, NULL);
    struct wire_server *gone = wire_server_open(answer_well, NULL, NULL);
    struct sw_upstream *upstream =
        net_upstream(rig.engine, NULL, wire_server_url(gone), ops, OPS, NULL);
    wire_server_close(gone);
    struct sw_channel *first = rig.channel;
    for (int op = GET; op <= CHANGE; op += CHANGE - GET) {
        rig.channel = sw_channel_open(upstream, op == CHANGE);
        assert_int_equal(send_op(&rig, op), SW_E_NETWORK); /* a write too: nothing can have left */
        assert_has(rig.err.text, "refuses connections");
        assert_true(rig.err.is_retryable);
        sw_channel_close(rig.channel);
    }
    rig.channel = first;
    sw_upstream_close(upstream);
    rig_close(&rig);
}

static void answer_redirect(void *arg, struct wire_client *client,
                            const struct wire_request *request)
{
    (void)request;
    char headers[256];
    snprintf(headers, sizeof(headers), "Location: %s/elsewhere\r\n", (const char *)arg);
    wire_reply(client, 302, headers, "");
}

static void test_redirect_is_an_error(void **state)
{
    (void)state;
    struct rig rig;
    struct wire_server *other = wire_server_open(answer_well, NULL, NULL);
    rig_open(&rig, answer_redirect, (void *)(uintptr_t)wire_server_url(other));
    assert_int_equal(send_op(&rig, GET), SW_E_HTTP);
    assert_int_equal(rig.err.http_status, 302);
    assert_has(rig.err.text, wire_server_url(other));
    assert_has(rig.err.text, "never followed");
    assert_int_equal(wire_server_requests(other), 0);
    rig_close(&rig);
    wire_server_close(other);
}

static void answer_drip(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_sendf(client, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (wire_sleep_ms(client, 500))
        wire_send(client, "x", 1);
}

/* An upstream that thinks for longer than the slowness window is not slow. */
static void answer_late(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)request;
    wire_sleep_ms(client, *(int *)arg);
    wire_reply(client, 200, "", "{}");
}

static void *send_slow(void *arg)
{
    struct rig *rig = arg;
    int64_t start = sw_time_mono_ms();
    rig->code = send_op(rig, rig->op);
    rig->took_ms = sw_time_mono_ms() - start;
    return NULL;
}

/* Both at once: each takes more than five seconds. */
static void test_dripping_is_slow_thinking_is_not(void **state)
{
    (void)state;
    struct rig dripping, thinking;
    pthread_t threads[2];
    int late_ms = 6000;
    rig_open(&dripping, answer_drip, NULL);
    rig_open(&thinking, answer_late, &late_ms);
    dripping.op = PATCH;
    thinking.op = GET;
    pthread_create(&threads[0], NULL, send_slow, &dripping);
    pthread_create(&threads[1], NULL, send_slow, &thinking);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(dripping.code, SW_E_OUTCOME_UNKNOWN);
    assert_has(dripping.err.text, "less than 100 bytes a second");
    assert_in_range(dripping.took_ms, 4500, 8000);
    assert_int_equal(thinking.code, SW_OK);
    assert_in_range(thinking.took_ms, 6000, 8000);
    rig_close(&dripping);
    rig_close(&thinking);
}

/* curl would send a request again by itself when a reused connection dies under it. */
static void answer_once_then_die(void *arg, struct wire_client *client,
                                 const struct wire_request *request)
{
    (void)arg;
    if (strcmp(request->method, "GET") == 0) {
        wire_reply(client, 200, "", "{}");
        return;
    }
    wire_reset(client);
}

static void test_no_silent_resend(void **state)
{
    (void)state;
    for (int is_action = 0; is_action < 2; is_action++) {
        struct rig rig;
        rig_open_as(&rig, answer_once_then_die, NULL, is_action);
        assert_int_equal(send_op(&rig, GET), SW_OK);
        assert_int_equal(send_op(&rig, CHANGE), SW_E_OUTCOME_UNKNOWN);
        assert_int_equal(wire_server_requests(rig.server), 2);
        assert_int_equal(send_op(&rig, OPEN), SW_E_NETWORK); /* an edit is not idempotent */
        assert_int_equal(wire_server_requests(rig.server), 3);
        rig_close(&rig);
    }
}

/* ------------------------------------------------------------------- threads */

struct call {
    struct rig *rig;
    int op;
    enum sw_code code;
    struct sw_error err;
    int64_t took_ms;
};

static void *run_call(void *arg)
{
    struct call *call = arg;
    struct sw_request request;
    struct sw_reply reply = {0};
    int64_t start = sw_time_mono_ms();
    if (sw_request_init(&request, &ops[call->op], NULL, "7", NULL) == SW_OK)
        call->code = sw_exchange(call->rig->channel, &request, &reply, &call->err);
    call->took_ms = sw_time_mono_ms() - start;
    sw_reply_clear(&reply);
    return NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    struct rig rig;
    int late_ms = 60000;
    rig_open(&rig, answer_late, &late_ms);
    for (int is_action = 0; is_action < 2; is_action++) {
        pthread_t thread;
        struct call call = {.rig = &rig, .op = is_action ? CHANGE : GET};
        sw_channel_close(rig.channel);
        rig.channel = sw_channel_open(rig.upstream, is_action);
        pthread_create(&thread, NULL, run_call, &call);
        usleep(100 * 1000);
        sw_channel_cancel(rig.channel);
        pthread_join(thread, NULL);
        assert_int_equal(call.code, is_action ? SW_E_OUTCOME_UNKNOWN : SW_E_CANCELLED);
        assert_in_range(call.took_ms, 0, 1500);
        assert_int_equal(send_op(&rig, GET), SW_E_CANCELLED); /* sticky */
    }
    assert_int_equal(wire_server_requests(rig.server), 2);
    rig_close(&rig);
}

static void test_cancel_races(void **state)
{
    (void)state;
    struct rig rig;
    int late_ms = 60000;
    rig_open(&rig, answer_late, &late_ms);
    for (int i = 0; i < 60; i++) {
        pthread_t thread;
        struct call call = {.rig = &rig, .op = GET};
        sw_channel_close(rig.channel);
        rig.channel = sw_channel_open(rig.upstream, i % 2);
        pthread_create(&thread, NULL, run_call, &call);
        usleep((useconds_t)(i * 23));
        sw_channel_cancel(rig.channel);
        pthread_join(thread, NULL);
        assert_int_equal(call.code, SW_E_CANCELLED);
    }
    rig_close(&rig);
}

/* The narrow one: cancelled between its queueing and its start, while the engine, which has many
 * connections to look after, looks for what is cancelled. A lost cancel would be a timeout. */
static void test_no_cancel_is_lost(void **state)
{
    (void)state;
    enum { RIGS = 4, EACH = 240 }; /* the server takes so many connections */
    int late_ms = 60000;
    for (int i = 0; i < RIGS * EACH;) {
        struct rig rig;
        rig_open(&rig, answer_late, &late_ms);
        for (int n = 0; n < EACH; n++, i++) {
            pthread_t thread;
            struct call call = {.rig = &rig, .op = QUICK};
            sw_channel_close(rig.channel);
            rig.channel = sw_channel_open(rig.upstream, i % 2);
            pthread_create(&thread, NULL, run_call, &call);
            for (volatile int spin = 0; spin < (i % 100) * 40; spin++)
                continue;
            usleep((useconds_t)(i % 7) * 10);
            sw_channel_cancel(rig.channel);
            pthread_join(thread, NULL);
            if (call.code != SW_E_CANCELLED)
                fail_msg("%d: a cancel was lost: %s", i, sw_code_name(call.code));
        }
        rig_close(&rig);
    }
}

static void test_stop_ends_everything(void **state)
{
    (void)state;
    struct rig rig;
    int late_ms = 60000;
    enum { N = 8 };
    pthread_t threads[N];
    struct call calls[N];
    rig_open(&rig, answer_late, &late_ms);
    for (int i = 0; i < N; i++) {
        calls[i] = (struct call){.rig = &rig, .op = GET};
        pthread_create(&threads[i], NULL, run_call, &calls[i]);
    }
    while (wire_server_requests(rig.server) < N)
        usleep(1000);
    net_engine_stop(rig.engine);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(calls[i].code, SW_E_CANCELLED);
    }
    rig_close(&rig);
}

static void answer_stuck_polls(void *arg, struct wire_client *client,
                               const struct wire_request *request)
{
    (void)arg;
    if (strcmp(request->method, "GET") == 0)
        wire_sleep_ms(client, 60000);
    wire_reply(client, 200, "", "{}");
}

/* Sixteen polls hang on the same upstream; an action goes out at once. */
static void test_action_beside_hanging_polls(void **state)
{
    (void)state;
    enum { N = 16 };
    struct rig rig;
    pthread_t threads[N];
    struct rig polls[N];
    struct call calls[N];
    rig_open_as(&rig, answer_stuck_polls, NULL, true);
    for (int i = 0; i < N; i++) {
        polls[i] = rig;
        polls[i].channel = sw_channel_open(rig.upstream, false);
        calls[i] = (struct call){.rig = &polls[i], .op = GET};
        pthread_create(&threads[i], NULL, run_call, &calls[i]);
    }
    while (wire_server_requests(rig.server) < N)
        usleep(1000);
    int64_t start = sw_time_mono_ms();
    assert_int_equal(send_op(&rig, CHANGE), SW_OK);
    int64_t took = sw_time_mono_ms() - start;
    if (took > 250)
        fail_msg("the action took %lld ms", (long long)took);
    for (int i = 0; i < N; i++)
        sw_channel_cancel(polls[i].channel);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        sw_channel_close(polls[i].channel);
    }
    rig_close(&rig);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum { N = 12, EACH = 25 };
    struct rig rig;
    struct rig own[N];
    pthread_t threads[N];
    struct call calls[N];
    rig_open(&rig, answer_well, NULL);
    for (int round = 0; round < EACH; round++) {
        for (int i = 0; i < N; i++) {
            own[i] = rig;
            own[i].channel = sw_channel_open(rig.upstream, i % 4 == 0);
            calls[i] = (struct call){.rig = &own[i], .op = i % 4 == 0 ? CHANGE : GET};
            pthread_create(&threads[i], NULL, run_call, &calls[i]);
        }
        for (int i = 0; i < N; i++) {
            pthread_join(threads[i], NULL);
            sw_channel_close(own[i].channel);
            if (calls[i].code != SW_OK)
                fail_msg("%s", calls[i].err.text);
        }
    }
    assert_int_equal(wire_server_requests(rig.server), N * EACH);
    rig_close(&rig);
}

static void test_proxy_is_not_used_on_loopback(void **state)
{
    (void)state;
    struct rig rig;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    rig_open(&rig, answer_well, NULL);
    assert_int_equal(send_op(&rig, GET), SW_OK);
    rig_close(&rig);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_connection_is_reused_by_polls),
        cmocka_unit_test(test_methods_and_bodies),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_of_a_write),
        cmocka_unit_test(test_nothing_listens),
        cmocka_unit_test(test_redirect_is_an_error),
        cmocka_unit_test(test_dripping_is_slow_thinking_is_not),
        cmocka_unit_test(test_no_silent_resend),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_races),
        cmocka_unit_test(test_no_cancel_is_lost),
        cmocka_unit_test(test_stop_ends_everything),
        cmocka_unit_test(test_action_beside_hanging_polls),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_proxy_is_not_used_on_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
