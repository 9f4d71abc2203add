/*
 * test_net_tls.c: TLS that must work and TLS that must not, each refusal in words of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ssl.h>
#include <unistd.h>

#include "base/error.h"
#include "support/net_engine.h"
#include "support/net_keys.h"
#include "support/wire_server.h"

static const struct sw_operation ops[] = {
    {.name = "get", .method = SW_GET, .path = "/x", .timeout_ms = 700},
    {.name = "stop",
     .method = SW_POST,
     .path = "/x",
     .effect = SW_EFFECT_MUTATE,
     .timeout_ms = 700},
};

static char folder[] = "/tmp/slipway-tls.XXXXXX";
static char other_folder[] = "/tmp/slipway-tls.XXXXXX";
static const char *const certs[] = {"good", "expired", "future", "name", "self", "ca"};

static const char *in(const char *where, const char *file, const char *ending)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s.%s", where, file, ending);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || !mkdtemp(other_folder))
        return -1;
    net_cert_write(folder, "good", &(struct net_cert){"127.0.0.1", -3600, 3600, false});
    net_cert_write(folder, "expired", &(struct net_cert){"127.0.0.1", -7200, -3600, false});
    net_cert_write(folder, "future", &(struct net_cert){"127.0.0.1", 3600, 7200, false});
    net_cert_write(folder, "name", &(struct net_cert){"other.example", -3600, 3600, false});
    net_cert_write(folder, "self", &(struct net_cert){"127.0.0.1", -3600, 3600, true});
    net_cert_write(other_folder, "good", &(struct net_cert){"127.0.0.1", -3600, 3600, false});
    FILE *garbage = fopen(in(folder, "garbage", "pem"), "we");
    fputs("no certificate\n", garbage);
    fclose(garbage);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(certs); i++) {
        unlink(in(folder, certs[i], "pem"));
        unlink(in(folder, certs[i], "key"));
        unlink(in(other_folder, certs[i], "pem"));
        unlink(in(other_folder, certs[i], "key"));
    }
    unlink(in(folder, "garbage", "pem"));
    rmdir(other_folder);
    return rmdir(folder);
}

static void answer(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)request;
    wire_reply(client, 200, "", "{}");
}

static enum sw_code ask(struct net_engine *engine, const char *url, const char *ca_file, int op,
                        struct sw_error *err)
{
    struct sw_upstream *upstream = NULL;
    struct sw_request request;
    struct sw_reply reply = {0};
    struct sw_upstream_options options = {
        .source_id = "test",
        .base_url = url,
        .ca_file = ca_file,
        .operations = ops,
        .operation_count = SW_ARRAY_LEN(ops),
    };
    assert_int_equal(
        sw_upstream_open(&options, NULL, net_engine_http(engine), NULL, &upstream, err), SW_OK);
    struct sw_channel *channel = sw_channel_open(upstream, op != 0);
    assert_int_equal(sw_request_init(&request, &ops[op], err, NULL), SW_OK);
    enum sw_code code = sw_exchange(channel, &request, &reply, err);
    sw_reply_clear(&reply);
    sw_channel_close(channel);
    sw_upstream_close(upstream);
    return code;
}

static void test_handshakes(void **state)
{
    (void)state;
    static const struct {
        const char *cert, *ca;
        int max_version;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {"good", "ca", 0, SW_OK, ""},
        {"good", "ca", TLS1_2_VERSION, SW_OK, ""},
        {"good", "ca", TLS1_1_VERSION, SW_E_TLS, "nothing newer than TLS 1.1"},
        {"good", "ca", TLS1_VERSION, SW_E_TLS, "nothing newer than TLS 1.1"},
        {"expired", "ca", 0, SW_E_TLS, "has expired"},
        {"future", "ca", 0, SW_E_TLS, "not valid yet"},
        {"name", "ca", 0, SW_E_TLS, "is for another name"},
        {"self", "ca", 0, SW_E_TLS, "self-signed"},
        {"good", NULL, 0, SW_E_TLS, "authority not known here"},
        {"good", "other", 0, SW_E_TLS, "TLS with 127.0.0.1: "}, /* the same name, another key */
        {"good", "garbage", 0, SW_E_TLS, "the ca_file"},
        {"good", "missing", 0, SW_E_TLS, "the ca_file"},
        {"self", "self", 0, SW_OK, ""},
    };
    struct net_engine *engine = net_engine_open(NULL);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct wire_tls tls = {in(folder, cases[i].cert, "pem"), in(folder, cases[i].cert, "key"),
                               cases[i].max_version};
        struct wire_server *server = wire_server_open(answer, NULL, &tls);
        for (int op = 0; op < 2; op++) {
            struct sw_error err = {0};
            const char *ca = cases[i].ca;
            if (ca && strcmp(ca, "other") == 0)
                ca = in(other_folder, "ca", "pem");
            else if (ca)
                ca = in(folder, ca, "pem");
            enum sw_code code = ask(engine, wire_server_url(server), ca, op, &err);
            /* A write behind a refused handshake was certainly not sent. */
            if (code != cases[i].code || !strstr(err.text, cases[i].text))
                fail_msg("%s with %s: %s: %s", cases[i].cert, cases[i].ca ? cases[i].ca : "none",
                         sw_code_name(code), err.text);
        }
        assert_int_equal(wire_server_requests(server), cases[i].code == SW_OK ? 2 : 0);
        wire_server_close(server);
    }
    net_engine_close(engine);
}

static void answer_never(void *arg, struct wire_client *client, const struct wire_request *request)
{
    (void)arg, (void)client, (void)request;
}

/* Plain http behind an https URL: one that speaks, one that says nothing. */
static void test_no_tls_there(void **state)
{
    (void)state;
    struct net_engine *engine = net_engine_open(NULL);
    struct wire_server *server = wire_server_open(answer_never, NULL, NULL);
    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%d", wire_server_port(server));
    struct sw_error err = {0};
    assert_int_equal(ask(engine, url, NULL, 0, &err), SW_E_TIMEOUT);
    if (!strstr(err.text, "TLS handshake with 127.0.0.1 did not end"))
        fail_msg("%s", err.text);
    assert_int_equal(ask(engine, url, NULL, 1, &err), SW_E_TIMEOUT); /* not unknown: unsent */
    assert_true(err.is_retryable);
    wire_server_close(server);
    net_engine_close(engine);
}

/* And https behind a plain URL is no HTTP. */
static void test_tls_behind_plain_url(void **state)
{
    (void)state;
    struct net_engine *engine = net_engine_open(NULL);
    struct wire_tls tls = {in(folder, "good", "pem"), in(folder, "good", "key"), 0};
    struct wire_server *server = wire_server_open(answer, NULL, &tls);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", wire_server_port(server));
    struct sw_error err = {0};
    enum sw_code code = ask(engine, url, NULL, 0, &err);
    if (code != SW_E_PARSE && code != SW_E_NETWORK)
        fail_msg("%s: %s", sw_code_name(code), err.text);
    wire_server_close(server);
    net_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_no_tls_there),
        cmocka_unit_test(test_tls_behind_plain_url),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
