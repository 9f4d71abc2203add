/*
 * test_net_dns.c: a name lookup that hangs holds up nobody but its own request, and that one not
 * for longer than the connect timeout. Runs itself again with preload/dns_hang.so.
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
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"
#include "net/http.h"
#include "support/net_engine.h"
#include "support/net_keys.h"
#include "support/wire_server.h"

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/x", .timeout_ms = 1500},
    {.name = "halt", .method = SW_PATCH, .path = "/x", .effect = SW_EFFECT_MUTATE},
};

static void answer(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 200, "", "{}");
}

/* No connection is left to be used again without a lookup. */
static void answer_and_end(void *arg, struct wire_client *client,
                           const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 200, "Connection: close\r\n", "{}");
    wire_end(client);
}

struct call {
    struct sw_upstream *upstream;
    int op;
    enum sw_code code;
    struct sw_error err;
    int64_t took_ms;
};

static void *run(void *arg)
{
    struct call *call = arg;
    struct sw_request request;
    struct sw_reply reply = {0};
    struct sw_channel *channel = sw_channel_open(call->upstream, call->op == 1);
    int64_t start = sw_time_mono_ms();
    if (sw_request_init(&request, &ops[call->op], NULL, NULL) == SW_OK)
        call->code = sw_exchange(channel, &request, &reply, &call->err);
    call->took_ms = sw_time_mono_ms() - start;
    sw_reply_clear(&reply);
    sw_channel_close(channel);
    return NULL;
}

/* Twelve lookups hang; polls and halts elsewhere go on as if nothing were. */
static void test_hanging_lookup(void **state)
{
    (void)state;
    enum { N = 12, ROUNDS = 20 };
    pthread_t threads[N];
    struct call hanging[N];
    struct net_engine *engine = net_engine_open(NULL);
    struct wire_server *server = wire_server_open(answer, NULL, NULL);
    struct sw_upstream *stuck =
        net_upstream(engine, NULL, "https://hang.example.com", ops, SW_ARRAY_LEN(ops), NULL);
    struct sw_upstream *fine =
        net_upstream(engine, NULL, wire_server_url(server), ops, SW_ARRAY_LEN(ops), NULL);
    for (int i = 0; i < N; i++) {
        hanging[i] = (struct call){.upstream = stuck};
        pthread_create(&threads[i], NULL, run, &hanging[i]);
    }
    usleep(200 * 1000);
    int64_t slowest = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct call call = {.upstream = fine, .op = i % 2};
        run(&call);
        assert_int_equal(call.code, SW_OK);
        slowest = call.took_ms > slowest ? call.took_ms : slowest;
        usleep(70 * 1000); /* over the time at which the hanging ones are given up */
    }
    if (slowest > 250)
        fail_msg("a request beside hanging lookups took %lld ms", (long long)slowest);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(hanging[i].code, SW_E_TIMEOUT);
        assert_non_null(strstr(hanging[i].err.text, "looking up the name hang.example.com"));
        assert_in_range(hanging[i].took_ms, 1000, 2600);
    }
    sw_upstream_close(stuck);
    sw_upstream_close(fine);
    net_engine_close(engine); /* must not wait for the lookups either */
    wire_server_close(server);
}

static void test_no_such_name(void **state)
{
    (void)state;
    struct net_engine *engine = net_engine_open(NULL);
    struct sw_upstream *upstream =
        net_upstream(engine, NULL, "https://no-such-name.invalid", ops, SW_ARRAY_LEN(ops), NULL);
    struct call call = {.upstream = upstream, .op = 1};
    run(&call);
    /* Without a network some resolvers take their time; either way nothing was sent. */
    assert_true(call.code == SW_E_NETWORK || call.code == SW_E_TIMEOUT);
    assert_non_null(strstr(call.err.text, "no-such-name.invalid"));
    assert_true(call.err.is_retryable);
    sw_upstream_close(upstream);
    net_engine_close(engine);
}

/* The name server goes down after a first answer: a halt goes to where the host was, and TLS still
 * checks that it is the host; a poll says what is wrong. */
static void test_halt_without_name_server(void **state)
{
    (void)state;
    char folder[] = "/tmp/slipway-dns.XXXXXX", url[96], paths[5][96];
    static const char *const files[] = {"ca.pem", "ca.key", "s.pem", "s.key", "down"};
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 5; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, files[i]);
    net_cert_write(folder, "s", &(struct net_cert){"loopback.example", -3600, 3600, false});
    struct wire_tls tls = {paths[2], paths[3], 0};
    struct net_engine *engine = net_engine_open(NULL);
    struct wire_server *server = wire_server_open(answer_and_end, NULL, &tls);
    http_set_lookup_life(net_engine_http(engine), 1);
    snprintf(url, sizeof(url), "https://loopback.example:%d", wire_server_port(server));
    struct sw_upstream *upstream = NULL;
    struct sw_upstream_options options = {
        .source_id = "test",
        .base_url = url,
        .ca_file = paths[0],
        .operations = ops,
        .operation_count = SW_ARRAY_LEN(ops),
    };
    assert_int_equal(
        sw_upstream_open(&options, NULL, net_engine_http(engine), NULL, &upstream, NULL), SW_OK);
    struct call first = {.upstream = upstream};
    run(&first);
    if (first.code != SW_OK)
        fail_msg("%s", first.err.text);
    setenv("SLIPWAY_DNS_HANG_FILE", paths[4], 1);
    FILE *down = fopen(paths[4], "we");
    fclose(down);
    usleep(2100 * 1000);
    struct call poll = {.upstream = upstream};
    run(&poll);
    assert_int_equal(poll.code, SW_E_TIMEOUT);
    assert_non_null(strstr(poll.err.text, "looking up the name loopback.example"));
    struct call halt = {.upstream = upstream, .op = 1};
    run(&halt);
    if (halt.code != SW_OK || halt.took_ms > 4000)
        fail_msg("%s in %lld ms: %s", sw_code_name(halt.code), (long long)halt.took_ms,
                 halt.err.text);
    assert_int_equal(wire_server_requests(server), 2);
    sw_upstream_close(upstream);
    net_engine_close(engine);
    wire_server_close(server);
    unsetenv("SLIPWAY_DNS_HANG_FILE");
    for (int i = 0; i < 5; i++)
        unlink(paths[i]);
    rmdir(folder);
}

/* <build>/tests/unit/test_net_dns -> <build>/preload/dns_hang.so */
static void run_again_with_shim(char **argv)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
    if (len < 0 || getenv("SLIPWAY_DNS_HANG_MS"))
        return;
    path[len] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(path, '/') = '\0';
    strncat(path, "/preload/dns_hang.so", 32);
    setenv("LD_PRELOAD", path, 1);
    setenv("SLIPWAY_DNS_HANG_MS", "6000", 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    execv("/proc/self/exe", argv);
    perror("execv");
    exit(1);
}

int main(int argc, char **argv)
{
    (void)argc;
    run_again_with_shim(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hanging_lookup),
        cmocka_unit_test(test_no_such_name),
        cmocka_unit_test(test_halt_without_name_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
