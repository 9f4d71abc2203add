/*
 * test_net_gate.c: what may leave and what may not: building paths, the send gate, origins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/percent.h"
#include "net/request.h"
#include "net/send_gate.h"

static const struct sw_operation table[] = {
    {.name = "things.get", .method = SW_GET, .path = "/v1/things/{id}"},
    {.name = "things.list", .method = SW_GET, .path = "/v1/things"},
    {.name = "sub.get", .method = SW_GET, .path = "/v1/things/{id}/subs/{sub}"},
    {.name = "org.get", .method = SW_GET, .path = "/api/0/organizations/{org}/sessions/"},
    {.name = "things.patch",
     .method = SW_PATCH,
     .path = "/v1/things/{id}",
     .effect = SW_EFFECT_MUTATE},
    {.name = "edits.insert",
     .method = SW_POST,
     .path = "/apps/{pkg}/edits",
     .effect = SW_EFFECT_EDIT},
    {.name = "edits.touch",
     .method = SW_POST,
     .path = "/apps/{pkg}/edits/{id}",
     .effect = SW_EFFECT_EDIT},
    {.name = "edits.validate",
     .method = SW_POST,
     .path = "/apps/{pkg}/edits/{id}:validate",
     .effect = SW_EFFECT_EDIT},
    {.name = "edits.commit",
     .method = SW_POST,
     .path = "/apps/{pkg}/edits/{id}:commit",
     .effect = SW_EFFECT_MUTATE},
    {.name = "aws.read", .method = SW_POST, .path = "/", .target = "X.GetMetricData"},
    {.name = "aws.stop",
     .method = SW_POST,
     .path = "/",
     .target = "X.StopDeployment",
     .effect = SW_EFFECT_MUTATE},
    {.name = "things.patch none",
     .method = SW_PATCH,
     .path = "/v1/things/000",
     .effect = SW_EFFECT_PROBE,
     .only_body = "{\"id\":\"000\"}"},
    {.name = "aws.stop none",
     .method = SW_POST,
     .path = "/",
     .target = "X.StopDeployment",
     .effect = SW_EFFECT_PROBE,
     .only_body = "{\"id\":\"d-0\"}"},
    /* Two entries that no source may have: the gate does not trust them. */
    {.name = "probe without a body",
     .method = SW_POST,
     .path = "/v1/none",
     .effect = SW_EFFECT_PROBE},
    {.name = "probe of anything",
     .method = SW_PATCH,
     .path = "/v1/none/{id}",
     .effect = SW_EFFECT_PROBE,
     .only_body = "{}"},
};
enum { N = sizeof(table) / sizeof(table[0]) };

static const struct sw_operation *find(const char *name)
{
    for (size_t i = 0; i < N; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    fail_msg("no operation %s", name);
    return NULL;
}

static enum sw_code check(const char *name, const char *path, bool is_read_only,
                          struct sw_error *err)
{
    struct origin origin;
    char url[2048];
    assert_int_equal(origin_parse("https://api.example.com/base", "base_url", &origin, err), SW_OK);
    struct send_gate gate = {"src", &origin, table, N, is_read_only};
    struct sw_request request = {.operation = find(name)};
    sw_copy(request.path, sizeof(request.path), path);
    snprintf(url, sizeof(url), "https://api.example.com/base%s", path);
    return send_gate_check(&gate, &request, url, err);
}

static void test_what_matches(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *path;
        bool is_good;
    } cases[] = {
        {"things.get", "/v1/things/7", true},
        {"things.get", "/v1/things/com.acme.app", true},
        {"things.get", "/v1/things/wear%3Aproduction", true},
        {"things.get", "/v1/things/a%40b%2B1", true},
        {"things.get", "/v1/things/a-b_c~d.e", true},
        {"things.get", "/v1/things/%C3%A9", true},
        {"things.get", "/v1/things/...", true},
        {"things.get", "/v1/things/100%25", true},
        {"things.get", "/v1/things/", false},
        {"things.get", "/v1/things", false},
        {"things.get", "/v1/things/7/", false},
        {"things.get", "/v1/things/7/subs", false},
        {"things.get", "/v1/things/7/subs/8", false},
        {"things.get", "//v1/things/7", false},
        {"things.get", "/v1//things/7", false},
        {"things.get", "/V1/things/7", false},
        {"things.get", "v1/things/7", false},
        {"things.get", "", false},
        {"things.get", "/v1/things/.", false},
        {"things.get", "/v1/things/..", false},
        {"things.get", "/v1/things/%2e%2e", false},
        {"things.get", "/v1/things/%2E", false},
        {"things.get", "/v1/things/.%2e", false},
        {"things.get", "/v1/things/%252e%252e", false},
        {"things.get", "/v1/things/a%2Fb", false},
        {"things.get", "/v1/things/a%2fb", false},
        {"things.get", "/v1/things/a%252Fb", false},
        {"things.get", "/v1/things/a%25252Fb", false},
        {"things.get", "/v1/things/a%5Cb", false},
        {"things.get", "/v1/things/a\\b", false},
        {"things.get", "/v1/things/a%00", false},
        {"things.get", "/v1/things/a%0D%0Ab", false},
        {"things.get", "/v1/things/a%7F", false},
        {"things.get", "/v1/things/a b", false},
        {"things.get", "/v1/things/a?b=c", false},
        {"things.get", "/v1/things/a#b", false},
        {"things.get", "/v1/things/a%", false},
        {"things.get", "/v1/things/a%4", false},
        {"things.get", "/v1/things/a%zz", false},
        {"things.get", "/v1/things/a:b", false},
        {"things.get", "/v1/things/a;b", false},
        {"things.get", "/v1/things/a@b", false},
        {"things.get", "/v1/things/\xc3\xa9", false},
        {"things.get", "/v1/things/..%3B/x", false},
        {"things.get", "/v1/things/..%3Bx", false}, /* Tomcat: parameters of ".." */
        {"things.get", "/v1/things/..%3B", false},
        {"things.get", "/v1/things/7/../8", false},
        {"sub.get", "/v1/things/7/subs/8", true},
        {"sub.get", "/v1/things/../subs/8", false},
        {"sub.get", "/v1/things//subs/8", false},
        {"things.list", "/v1/things", true},
        {"things.list", "/v1/things/", false},
        {"org.get", "/api/0/organizations/acme/sessions/", true},
        {"org.get", "/api/0/organizations/acme/sessions", false},
        {"org.get", "/api/0/organizations/acme/sessions//", false},
        {"edits.commit", "/apps/com.acme/edits/12:commit", true},
        {"edits.commit", "/apps/com.acme/edits/12:validate", false},
        {"edits.commit", "/apps/com.acme/edits/:commit", false},
        {"edits.commit", "/apps/com.acme/edits/12%3Acommit", false},
        {"edits.validate", "/apps/com.acme/edits/12:validate", true},
        {"edits.insert", "/apps/com.acme/edits", true},
        {"edits.insert", "/apps/com.acme/edits/12:commit", false},
        {"edits.touch", "/apps/com.acme/edits/12", true},
        /* A server that decodes first would read this as a commit. */
        {"edits.touch", "/apps/com.acme/edits/12%3Acommit", false},
        {"edits.touch", "/apps/com.acme/edits/12%3acommit", false},
        {"edits.touch", "/apps/com.acme/edits/12%3Acommitted", true},
        {"aws.read", "/", true},
        {"aws.read", "", false},
        {"aws.read", "/x", false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        enum sw_code code = check(cases[i].operation, cases[i].path, false, &err);
        if ((code == SW_OK) != cases[i].is_good)
            fail_msg("%s %s: %s", cases[i].operation, cases[i].path, err.text);
        if (code != SW_OK)
            assert_non_null(strstr(err.text, "nothing was sent"));
    }
}

/* Every path that fits an operation is built from ids; these bytes in an id never widen it. */
static void test_every_byte_in_an_id(void **state)
{
    (void)state;
    for (int a = 1; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char id[4] = {'x', (char)a, (char)b, '\0'};
            struct sw_request request;
            assert_int_equal(sw_request_init(&request, find("things.get"), NULL, id, NULL), SW_OK);
            bool is_bad = a == '/' || b == '/' || a == '\\' || b == '\\' || a < 32 || a == 127 ||
                          (b > 0 && b < 32) || b == 127;
            struct sw_error err = {0};
            enum sw_code code = check("things.get", request.path, false, &err);
            if ((code != SW_OK) != is_bad)
                fail_msg("%d %d: %s: %s", a, b, request.path, err.text);
        }
    }
}

static void test_read_only(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *path;
        bool is_good;
    } cases[] = {
        {"things.get", "/v1/things/7", true},
        {"things.patch", "/v1/things/7", false},
        {"edits.insert", "/apps/a/edits", true},
        {"edits.validate", "/apps/a/edits/1:validate", true},
        {"edits.commit", "/apps/a/edits/1:commit", false},
        {"aws.read", "/", true},
        {"aws.stop", "/", false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        assert_int_equal(check(cases[i].operation, cases[i].path, false, &err), SW_OK);
        enum sw_code code = check(cases[i].operation, cases[i].path, true, &err);
        assert_int_equal(code, cases[i].is_good ? SW_OK : SW_E_REFUSED);
        if (!cases[i].is_good) {
            assert_non_null(strstr(err.text, "read-only"));
            assert_non_null(strstr(err.text, cases[i].operation));
            assert_non_null(strstr(err.text, "nothing was sent"));
        }
    }
}

/* A question has the path of a true change, so nothing in it may be anybody's choice. */
static void test_a_probe_is_wholly_in_the_table(void **state)
{
    (void)state;
    static const char none[] = "{\"id\":\"000\"}";
    static const struct {
        const char *operation, *path, *body;
        size_t query_count;
        bool is_good;
    } cases[] = {
        {"things.patch none", "/v1/things/000", none, 0, true},
        {"things.patch none", "/v1/things/000", "{\"id\":\"001\"}", 0, false},
        {"things.patch none", "/v1/things/000", "{\"id\":\"000\"} ", 0, false},
        {"things.patch none", "/v1/things/000", "{\"id\":\"000\"", 0, false},
        {"things.patch none", "/v1/things/000", "", 0, false},
        {"things.patch none", "/v1/things/000", NULL, 0, false},
        {"things.patch none", "/v1/things/000", none, 1, false},
        {"things.patch none", "/v1/things/001", none, 0, false},
        {"things.patch none", "/v1/things/%300", none, 0, false},
        {"aws.stop none", "/", "{\"id\":\"d-0\"}", 0, true},
        {"aws.stop none", "/", "{\"id\":\"d-1\"}", 0, false},
        {"aws.stop none", "/", none, 0, false},
        {"probe without a body", "/v1/none", "", 0, false},
        {"probe without a body", "/v1/none", NULL, 0, false},
        {"probe of anything", "/v1/none/7", "{}", 0, false},
    };
    struct origin origin;
    char url[200];
    assert_int_equal(origin_parse("https://a.example", "base_url", &origin, NULL), SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct sw_request request = {.operation = find(cases[i].operation),
                                     .content_type = "application/json",
                                     .body = cases[i].body,
                                     .body_len = cases[i].body ? strlen(cases[i].body) : 0,
                                     .query_count = cases[i].query_count};
        if (request.query_count > 0)
            request.query[0] = (struct sw_param){"id", "7"};
        sw_copy(request.path, sizeof(request.path), cases[i].path);
        snprintf(url, sizeof(url), "https://a.example%s", cases[i].path);
        struct send_gate gate = {"src", &origin, table, N, false};
        enum sw_code code = send_gate_check(&gate, &request, url, &err);
        if (code != (cases[i].is_good ? SW_OK : SW_E_INTERNAL))
            fail_msg("%zu: %s %s: %s", i, cases[i].operation, cases[i].path, err.text);
        gate.is_read_only = true;
        code = send_gate_check(&gate, &request, url, &err);
        assert_int_equal(code, cases[i].is_good ? SW_E_REFUSED : SW_E_INTERNAL);
        if (cases[i].is_good)
            assert_non_null(strstr(err.text, "read-only: "));
    }
}

static void test_not_in_the_table(void **state)
{
    (void)state;
    struct origin origin;
    assert_int_equal(origin_parse("https://a.example", "base_url", &origin, NULL), SW_OK);
    struct send_gate gate = {"src", &origin, table, N, false};
    struct sw_operation copy = table[0]; /* the same words, but not the table's entry */
    struct sw_request request = {.operation = &copy, .path = "/v1/things/7"};
    assert_int_equal(send_gate_check(&gate, &request, "https://a.example/v1/things/7", NULL),
                     SW_E_INTERNAL);
    request.operation = &table[0];
    assert_int_equal(send_gate_check(&gate, &request, "https://a.example/v1/things/7", NULL),
                     SW_OK);
}

static void test_origin_is_fixed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "https://b.example/base/v1/things/7",
        "http://a.example/base/v1/things/7",
        "https://a.example/v1/things/7",
        "https://a.example:444/base/v1/things/7",
        "https://a.example.evil/base/v1/things/7",
        "https://a.example@evil/base/v1/things/7",
        "https://a.example/base/v1/things/8",
        "https://a.example/base/v1/things/7?x",
        "",
    };
    struct origin origin;
    assert_int_equal(origin_parse("https://a.example/base/", "base_url", &origin, NULL), SW_OK);
    struct send_gate gate = {"src", &origin, table, N, false};
    struct sw_request request = {.operation = &table[0], .path = "/v1/things/7"};
    assert_int_equal(send_gate_check(&gate, &request, "https://a.example/base/v1/things/7", NULL),
                     SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++)
        if (send_gate_check(&gate, &request, bad[i], NULL) == SW_OK)
            fail_msg("%s passed", bad[i]);
}

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *url, *text, *prefix; /* text NULL: refused */
        bool is_loopback;
    } cases[] = {
        {"https://api.example.com", "https://api.example.com", "", false},
        {"https://API.Example.com/", "https://api.example.com", "", false},
        {"https://api.example.com:443/v1/", "https://api.example.com", "/v1", false},
        {"https://api.example.com:8443/v1", "https://api.example.com:8443", "/v1", false},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080", "", true},
        {"http://127.9.9.9", "http://127.9.9.9", "", true},
        {"http://[::1]:80", "http://[::1]", "", true},
        {"https://[2001:db8::1]:444", "https://[2001:db8::1]:444", "", false},
        {"https://127.0.0.1:8080", "https://127.0.0.1:8080", "", true},
        {NULL, NULL, NULL, false},
        {"", NULL, NULL, false},
        {"api.example.com", NULL, NULL, false},
        {"ftp://api.example.com", NULL, NULL, false},
        {"http://api.example.com", NULL, NULL, false},
        {"http://localhost:80", NULL, NULL, false},
        {"http://127.0.0.1.evil.example", NULL, NULL, false},
        {"http://128.0.0.1", NULL, NULL, false},
        {"http://0177.0.0.1", NULL, NULL, false},
        {"http://127.1", NULL, NULL, false},
        {"http://[::2]", NULL, NULL, false},
        {"https://", NULL, NULL, false},
        {"https:///x", NULL, NULL, false},
        {"https://user@api.example.com", NULL, NULL, false},
        {"https://user:pw@api.example.com", NULL, NULL, false},
        {"https://api.example.com?x=1", NULL, NULL, false},
        {"https://api.example.com/?x", NULL, NULL, false},
        {"https://api.example.com/#x", NULL, NULL, false},
        {"https://api.example.com/../x", NULL, NULL, false},
        {"https://api.example.com//x", NULL, NULL, false},
        {"https://api.example.com/%2e", NULL, NULL, false},
        {"https://api.example.com\\@evil", NULL, NULL, false},
        {"https://api example.com", NULL, NULL, false},
        {"https://api.example.com:0", NULL, NULL, false},
        {"https://api.example.com:65536", NULL, NULL, false},
        {"https://api.example.com:80x", NULL, NULL, false},
        {"https://api.example.com:", NULL, NULL, false},
        {"https://[::1", NULL, NULL, false},
        {"https://[zz]", NULL, NULL, false},
        {"https://\x01", NULL, NULL, false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct origin origin;
        struct sw_error err = {0};
        enum sw_code code = origin_parse(cases[i].url, "base_url", &origin, &err);
        if ((code == SW_OK) != (cases[i].text != NULL))
            fail_msg("%s: %s", cases[i].url ? cases[i].url : "(null)", err.text);
        if (code != SW_OK) {
            assert_int_equal(code, SW_E_CONFIG);
            assert_null(strstr(err.text, "pw"));
            continue;
        }
        assert_string_equal(origin.text, cases[i].text);
        assert_string_equal(origin.prefix, cases[i].prefix);
        assert_int_equal(origin.is_loopback, cases[i].is_loopback);
    }
}

static void test_building(void **state)
{
    (void)state;
    struct sw_request request;
    struct sw_error err = {0};
    assert_int_equal(sw_request_init(&request, find("sub.get"), &err, "wear:beta", "a b+c", NULL),
                     SW_OK);
    assert_string_equal(request.path, "/v1/things/wear%3Abeta/subs/a%20b%2Bc");
    assert_int_equal(sw_request_init(&request, find("edits.commit"), &err, "com.acme", "12", NULL),
                     SW_OK);
    assert_string_equal(request.path, "/apps/com.acme/edits/12:commit");
    assert_int_equal(sw_request_init(&request, find("things.get"), &err, "..", NULL), SW_E_USAGE);
    assert_int_equal(sw_request_init(&request, find("things.get"), &err, "", NULL), SW_E_INTERNAL);
    char longest[2000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(sw_request_init(&request, find("things.get"), &err, longest, NULL),
                     SW_E_LIMIT);
}

static void test_what_does_not_fit_is_not_sent(void **state)
{
    (void)state;
    struct sw_request request;
    struct sw_buf body;
    assert_int_equal(sw_request_init(&request, find("things.patch"), NULL, "7", NULL), SW_OK);
    assert_int_equal(request_check(&request, NULL), SW_OK);
    for (int i = 0; i < SW_PARAMS_MAX; i++)
        sw_request_param(&request, "a", "b");
    assert_int_equal(request_check(&request, NULL), SW_OK);
    sw_request_param(&request, "one", "too many");
    assert_int_equal(request_check(&request, NULL), SW_E_LIMIT);

    assert_int_equal(sw_request_init(&request, find("things.patch"), NULL, "7", NULL), SW_OK);
    sw_buf_init(&body, 4);
    sw_buf_add(&body, "{\"state\":\"PAUSED\"}");
    sw_request_json(&request, NULL, &body);
    assert_int_equal(request_check(&request, NULL), SW_E_LIMIT);
    sw_buf_clear(&body);

    sw_buf_init(&body, 100);
    sw_buf_add(&body, "{}");
    sw_request_json(&request, NULL, &body);
    assert_int_equal(request_check(&request, NULL), SW_OK);
    assert_string_equal(request.content_type, "application/json");
    request.content_type = NULL;
    assert_int_equal(request_check(&request, NULL), SW_E_INTERNAL);
    sw_buf_clear(&body);
}

static void test_describe(void **state)
{
    (void)state;
    struct sw_request request;
    struct sw_buf text, body;
    sw_buf_init(&text, 4096);
    sw_buf_init(&body, 100);
    sw_buf_add(&body, "{\"a\":1}");
    assert_int_equal(sw_request_init(&request, find("things.patch"), NULL, "7", NULL), SW_OK);
    sw_request_param(&request, "limit", "a&b=c");
    sw_request_json(&request, "application/vnd.api+json", &body);
    sw_request_describe(&request, "https://a.example", &text);
    assert_string_equal(sw_buf_text(&text),
                        "PATCH https://a.example/v1/things/7?limit=a%26b%3Dc\n"
                        "Content-Type: application/vnd.api+json\n\n{\"a\":1}\n");
    sw_buf_reset(&text);
    assert_int_equal(sw_request_init(&request, find("aws.stop"), NULL, NULL), SW_OK);
    sw_request_describe(&request, "https://codedeploy.eu-west-1.amazonaws.com", &text);
    assert_string_equal(sw_buf_text(&text), "POST https://codedeploy.eu-west-1.amazonaws.com/\n"
                                            "X-Amz-Target: X.StopDeployment\n");
    sw_buf_clear(&text);
    sw_buf_clear(&body);
}

static void test_reply_json(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {"application/json", "{\"a\":1}", SW_OK, ""},
        {"", "[1]", SW_OK, ""},
        {"application/json", "{\"a\":1", SW_E_PARSE, ""},
        {"text/html; charset=utf-8", "<html>Sign in</html>", SW_E_PARSE, "login page"},
        {"application/json", NULL, SW_E_PARSE, "empty"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_reply reply = {.status = 200, .body = sw_xstrdup(cases[i].body)};
        struct sw_error err = {0};
        json_t *tree = NULL;
        reply.body_len = cases[i].body ? strlen(cases[i].body) : 0;
        sw_copy(reply.content_type, sizeof(reply.content_type), cases[i].type);
        assert_int_equal(sw_reply_json(&reply, &tree, &err), cases[i].code);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_int_equal(tree != NULL, cases[i].code == SW_OK);
        json_decref(tree);
        sw_reply_clear(&reply);
    }
}

static void test_percent(void **state)
{
    (void)state;
    char all[256];
    char back[512];
    size_t len = 0;
    struct sw_buf text;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    sw_buf_init(&text, 1024);
    assert_true(percent_encode(all, sizeof(all), NULL, &text));
    assert_int_equal(text.len, 66 + 3 * 190);
    assert_true(percent_decode(sw_buf_text(&text), text.len, back, sizeof(back), &len));
    assert_int_equal(len, 256);
    assert_memory_equal(back, all, 256);
    sw_buf_clear(&text);
    assert_false(percent_decode("%", 1, back, sizeof(back), &len));
    assert_false(percent_decode("a%4", 3, back, sizeof(back), &len));
    assert_false(percent_decode("%4g", 3, back, sizeof(back), &len));
    assert_false(percent_decode("abcd", 4, back, 4, &len));
    assert_true(percent_decode("abc", 3, back, 4, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_matches),
        cmocka_unit_test(test_every_byte_in_an_id),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_a_probe_is_wholly_in_the_table),
        cmocka_unit_test(test_not_in_the_table),
        cmocka_unit_test(test_origin_is_fixed),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_what_does_not_fit_is_not_sent),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_reply_json),
        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
