/*
 * test_net_http2.c: the transport over HTTP/2, as the real upstreams speak it: answers arrive,
 * polls share one connection, and what a server refuses to start is not sent twice behind our back.
 *
 * The server knows no more of RFC 9113 than this needs: it takes every HEADERS frame for a request
 * and answers it with an indexed ":status: 200" and two bytes of body.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/time.h"
#include "support/net_engine.h"
#include "support/net_keys.h"

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };
enum { REFUSED_STREAM = 7 };
enum { CONNECTIONS_MAX = 16 };

struct h2_server {
    SSL_CTX *tls;
    int fd, port;
    pthread_t thread;
    pthread_t threads[CONNECTIONS_MAX];
    atomic_bool is_closing;
    atomic_int connections, requests;
    atomic_int refuse; /* how many requests to refuse */
    atomic_int die;    /* how many requests to answer with the end of the connection */
    int delay_ms;      /* before each answer, all streams of a connection at once */
};

struct h2_client {
    struct h2_server *server;
    SSL *tls;
    int fd;
};

static bool read_all(struct h2_client *client, unsigned char *bytes, size_t len)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    while (len > 0) {
        while (SSL_pending(client->tls) == 0 && poll(&wait, 1, 20) == 0)
            if (atomic_load(&client->server->is_closing))
                return false;
        int got = SSL_read(client->tls, bytes, (int)len);
        if (got <= 0)
            return false;
        bytes += got;
        len -= (size_t)got;
    }
    return true;
}

static void write_frame(struct h2_client *client, int type, int flags, uint32_t stream,
                        const void *payload, size_t len)
{
    unsigned char frame[64] = {0,
                               0,
                               (unsigned char)len,
                               (unsigned char)type,
                               (unsigned char)flags,
                               (unsigned char)(stream >> 24),
                               (unsigned char)(stream >> 16),
                               (unsigned char)(stream >> 8),
                               (unsigned char)stream};
    assert_true(len + 9 <= sizeof(frame));
    if (len > 0)
        memcpy(frame + 9, payload, len);
    sw_ignore(SSL_write(client->tls, frame, (int)(len + 9)));
}

static bool take(atomic_int *count)
{
    int left = atomic_load(count);
    while (left > 0)
        if (atomic_compare_exchange_weak(count, &left, left - 1))
            return true;
    return false;
}

static bool answer(struct h2_client *client, uint32_t stream)
{
    static const unsigned char refused[4] = {0, 0, 0, REFUSED_STREAM};
    atomic_fetch_add(&client->server->requests, 1);
    if (take(&client->server->die))
        return false;
    if (take(&client->server->refuse)) {
        write_frame(client, RST_STREAM, 0, stream, refused, sizeof(refused));
        return true;
    }
    if (client->server->delay_ms)
        usleep((useconds_t)client->server->delay_ms * 1000);
    write_frame(client, HEADERS, END_HEADERS, stream, "\x88", 1); /* static table, :status 200 */
    write_frame(client, DATA, END_STREAM, stream, "{}", 2);
    return true;
}

static bool handle_frame(struct h2_client *client)
{
    unsigned char head[9];
    if (!read_all(client, head, sizeof(head)))
        return false;
    size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    uint32_t stream = (uint32_t)(head[5] & 0x7f) << 24 | (uint32_t)head[6] << 16 |
                      (uint32_t)head[7] << 8 | head[8];
    unsigned char own[1 << 14];
    if (len > sizeof(own) || !read_all(client, own, len))
        return false;
    if (head[3] == SETTINGS && !(head[4] & ACK))
        write_frame(client, SETTINGS, ACK, 0, NULL, 0);
    if (head[3] == PING && !(head[4] & ACK))
        write_frame(client, PING, ACK, 0, own, 8);
    return head[3] == HEADERS ? answer(client, stream) : true;
}

static void *serve(void *arg)
{
    struct h2_client *client = arg;
    unsigned char preface[24];
    client->tls = SSL_new(client->server->tls);
    SSL_set_fd(client->tls, client->fd);
    if (SSL_accept(client->tls) == 1 && read_all(client, preface, sizeof(preface))) {
        write_frame(client, SETTINGS, 0, 0, NULL, 0);
        while (handle_frame(client))
            continue;
    }
    SSL_free(client->tls);
    close(client->fd);
    free(client);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct h2_server *server = arg;
    struct pollfd wait = {.fd = server->fd, .events = POLLIN};
    while (!atomic_load(&server->is_closing)) {
        if (poll(&wait, 1, 20) <= 0)
            continue;
        struct h2_client *client = sw_xcalloc(1, sizeof(*client));
        client->server = server;
        client->fd = accept(server->fd, NULL, NULL);
        int serial = atomic_fetch_add(&server->connections, 1);
        assert_true(serial < CONNECTIONS_MAX);
        pthread_create(&server->threads[serial], NULL, serve, client);
    }
    return NULL;
}

static int choose_h2(SSL *tls, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg)
{
    (void)tls, (void)in, (void)in_len, (void)arg;
    *out = (const unsigned char *)"h2";
    *out_len = 2;
    return SSL_TLSEXT_ERR_OK;
}

/* ------------------------------------------------------------------- the rig */

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/x", .timeout_ms = 3000},
    {.name = "halt",
     .method = SW_PATCH,
     .path = "/x",
     .effect = SW_EFFECT_MUTATE,
     .timeout_ms = 3000},
};

static char folder[] = "/tmp/slipway-h2.XXXXXX";

struct rig {
    struct h2_server server;
    struct net_engine *engine;
    struct sw_upstream *upstream;
};

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void rig_open(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    char url[64];
    *rig = (struct rig){0};
    signal(SIGPIPE, SIG_IGN);
    rig->server.tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_chain_file(rig->server.tls, in_folder("s.pem")), 1);
    assert_int_equal(
        SSL_CTX_use_PrivateKey_file(rig->server.tls, in_folder("s.key"), SSL_FILETYPE_PEM), 1);
    SSL_CTX_set_alpn_select_cb(rig->server.tls, choose_h2, NULL);
    rig->server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(rig->server.fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(rig->server.fd, 16), 0);
    assert_int_equal(getsockname(rig->server.fd, (struct sockaddr *)&address, &len), 0);
    rig->server.port = ntohs(address.sin_port);
    pthread_create(&rig->server.thread, NULL, accept_all, &rig->server);
    rig->engine = net_engine_open(NULL);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d", rig->server.port);
    struct sw_upstream_options options = {
        .source_id = "test",
        .base_url = url,
        .ca_file = in_folder("ca.pem"),
        .operations = ops,
        .operation_count = SW_ARRAY_LEN(ops),
    };
    assert_int_equal(
        sw_upstream_open(&options, NULL, net_engine_http(rig->engine), NULL, &rig->upstream, NULL),
        SW_OK);
}

static void rig_close(struct rig *rig)
{
    net_engine_close(rig->engine);
    sw_upstream_close(rig->upstream);
    atomic_store(&rig->server.is_closing, true);
    pthread_join(rig->server.thread, NULL);
    for (int i = 0; i < atomic_load(&rig->server.connections); i++)
        pthread_join(rig->server.threads[i], NULL);
    close(rig->server.fd);
    SSL_CTX_free(rig->server.tls);
}

static enum sw_code send_on(struct sw_channel *channel, int op, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    assert_int_equal(sw_request_init(&request, &ops[op], err, NULL), SW_OK);
    enum sw_code code = sw_exchange(channel, &request, &reply, err);
    if (code == SW_OK) {
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "{}");
    }
    sw_reply_clear(&reply);
    return code;
}

static enum sw_code send_op(struct rig *rig, int op, struct sw_error *err)
{
    struct sw_channel *channel = sw_channel_open(rig->upstream, op == 1);
    enum sw_code code = send_on(channel, op, err);
    sw_channel_close(channel);
    return code;
}

static void test_answers(void **state)
{
    (void)state;
    struct rig rig;
    struct sw_error err = {0};
    rig_open(&rig);
    for (int i = 0; i < 5; i++)
        if (send_op(&rig, 0, &err) != SW_OK)
            fail_msg("%s", err.text);
    assert_int_equal(atomic_load(&rig.server.connections), 1);
    if (send_op(&rig, 1, &err) != SW_OK) /* with a body of nothing, on its own connection */
        fail_msg("%s", err.text);
    assert_int_equal(atomic_load(&rig.server.connections), 2);
    assert_int_equal(atomic_load(&rig.server.requests), 6);
    rig_close(&rig);
}

static void *poll_once(void *arg)
{
    return (void *)(uintptr_t)send_op(arg, 0, NULL);
}

static void test_polls_share_a_connection(void **state)
{
    (void)state;
    enum { N = 8 };
    struct rig rig;
    pthread_t threads[N];
    rig_open(&rig);
    assert_int_equal(send_op(&rig, 0, NULL), SW_OK);
    rig.server.delay_ms = 20;
    for (int i = 0; i < N; i++)
        pthread_create(&threads[i], NULL, poll_once, &rig);
    for (int i = 0; i < N; i++) {
        void *code = NULL;
        pthread_join(threads[i], &code);
        assert_int_equal((uintptr_t)code, SW_OK);
    }
    assert_int_equal(atomic_load(&rig.server.requests), N + 1);
    assert_int_equal(atomic_load(&rig.server.connections), 1);
    rig_close(&rig);
}

/* curl sends a refused stream again by itself: good for a read, not for a write. */
static void test_refused_streams(void **state)
{
    (void)state;
    struct rig rig;
    struct sw_error err = {0};
    rig_open(&rig);
    atomic_store(&rig.server.refuse, 1);
    if (send_op(&rig, 0, &err) != SW_OK)
        fail_msg("%s", err.text);
    assert_int_equal(atomic_load(&rig.server.requests), 2);
    atomic_store(&rig.server.refuse, 1);
    assert_int_equal(send_op(&rig, 1, &err), SW_E_OUTCOME_UNKNOWN);
    assert_int_equal(atomic_load(&rig.server.requests), 3);
    rig_close(&rig);
}

/* The connection ends under a request: never twice for a write, also on a reused connection. */
static void test_dead_connections(void **state)
{
    (void)state;
    struct rig rig;
    struct sw_error err = {0};
    rig_open(&rig);
    struct sw_channel *action = sw_channel_open(rig.upstream, true);
    assert_int_equal(send_on(action, 1, &err), SW_OK);
    atomic_store(&rig.server.die, 1);
    assert_int_equal(send_on(action, 1, &err), SW_E_OUTCOME_UNKNOWN);
    assert_int_equal(atomic_load(&rig.server.requests), 2);
    atomic_store(&rig.server.die, 1);
    if (send_on(action, 0, &err) != SW_OK)
        fail_msg("%s", err.text);
    assert_int_equal(atomic_load(&rig.server.requests), 4);
    sw_channel_close(action);
    rig_close(&rig);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    net_cert_write(folder, "s", &(struct net_cert){"127.0.0.1", -3600, 3600, false});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const files[] = {"ca.pem", "ca.key", "s.pem", "s.key"};
    for (size_t i = 0; i < SW_ARRAY_LEN(files); i++)
        unlink(in_folder(files[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_polls_share_a_connection),
        cmocka_unit_test(test_refused_streams),
        cmocka_unit_test(test_dead_connections),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
