/* Requests split and decoded, tokens verified, times read: what every dialect leans on. */
#include "creds.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void targets(void **state)
{
    static const struct {
        const char *target;
        bool is_good;
        size_t n_segments;
        const char *last;
        size_t n_query;
        const char *first_value;
    } cases[] = {
        {"/", true, 0, NULL, 0, NULL},
        {"/a/b%2Fc", true, 2, "b/c", 0, NULL},
        {"/a//b/", true, 2, "b", 0, NULL},
        {"/releases/com.acme.app%402.15.3%2B1/", true, 2, "com.acme.app@2.15.3+1", 0, NULL},
        {"/a+b?x=1+2", true, 1, "a+b", 1, "1 2"},
        {"/a?x=%2B&y", true, 1, "a", 2, "+"},
        {"/a?", true, 1, "a", 0, NULL},
        {"/a?&&x=", true, 1, "a", 1, ""},
        {"/a?x=%", false, 0, NULL, 0, NULL},
        {"/a?x=%4", false, 0, NULL, 0, NULL},
        {"/a%", false, 0, NULL, 0, NULL},
        {"/a%g0", false, 0, NULL, 0, NULL},
        {"/a%00b", false, 0, NULL, 0, NULL},
        {"/a?x=%00", false, 0, NULL, 0, NULL},
        {"a", false, 0, NULL, 0, NULL},
        {"http://127.0.0.1/a", false, 0, NULL, 0, NULL},
        {"/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5", false, 0, NULL, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_request rq;
        bool is_good = sim_request_parse(&rq, "GET", cases[i].target, NULL, 0, NULL, 0);
        if (is_good != cases[i].is_good)
            fail_msg("%s: %s", cases[i].target, is_good ? "accepted" : "refused");
        if (!is_good)
            continue;
        assert_int_equal(rq.n_segments, cases[i].n_segments);
        if (cases[i].last != NULL)
            assert_string_equal(rq.segments[rq.n_segments - 1], cases[i].last);
        assert_int_equal(rq.n_query, cases[i].n_query);
        if (cases[i].first_value != NULL)
            assert_string_equal(rq.query[0].value, cases[i].first_value);
        sim_request_free(&rq);
    }
}

static void headers_and_body(void **state)
{
    static const struct sim_pair headers[] = {{"Authorization", "Bearer abc"}, {"x-a", "1"},
                                              {"X-A", "2"}};
    static const struct sim_pair twice[] = {{"Authorization", "Bearer a"},
                                            {"authorization", "Bearer b"}};
    static const char body[] = "{\"a\":1,\"b\":{}}";
    static const char *const known[] = {"a", NULL};
    struct sim_request rq;

    (void)state;
    assert_true(sim_request_parse(&rq, "POST", "/x?f=1&f=2&g=3", headers, 3, body, sizeof body - 1));
    assert_string_equal(sim_header(&rq, "X-A"), "1");
    assert_int_equal(sim_header_count(&rq, "x-a"), 2);
    assert_null(sim_header(&rq, "y"));
    assert_string_equal(sim_bearer(&rq), "abc");
    assert_string_equal(sim_query_at(&rq, "f", 1), "2");
    assert_null(sim_query_at(&rq, "f", 2));
    assert_int_equal(sim_query_count(&rq, "f"), 2);
    json_t *json = sim_body_json(&rq);
    assert_non_null(json);
    assert_string_equal(sim_json_unknown(json, known), "b");
    json_decref(json);
    sim_request_free(&rq);

    assert_true(sim_request_parse(&rq, "POST", "/", twice, 2, "{\"a\":1,\"a\":2}", 13));
    assert_null(sim_bearer(&rq)); /* two headers are none */
    assert_null(sim_body_json(&rq));
    sim_request_free(&rq);
}

static void base64url(void **state)
{
    static const struct {
        const char *plain, *coded;
    } cases[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xfb\xff", "-_8"}};
    static const char *const bad[] = {"A", "Zg==", "Zm+v", "Zm/v", "Z g"};
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *coded = sim_base64url_encode(cases[i].plain, strlen(cases[i].plain));
        assert_string_equal(coded, cases[i].coded);
        unsigned char *plain = sim_base64url_decode(coded, strlen(coded), &n);
        assert_int_equal(n, strlen(cases[i].plain));
        assert_memory_equal(plain, cases[i].plain, n);
        free(plain);
        free(coded);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(sim_base64url_decode(bad[i], strlen(bad[i]), &n));
}

/* 300 signatures: about two of them have an R or S with a leading zero byte. */
static void es256_tokens(void **state)
{
    struct sim_creds *creds = sim_creds_new();
    json_t *header = json_pack("{s:s}", "alg", "ES256");

    (void)state;
    for (int i = 0; i < 300; i++) {
        json_t *claims = json_pack("{s:i}", "n", i);
        char *token = sim_jwt_sign(header, claims, "ES256", creds->apple_private_pem);
        struct sim_jwt jwt;
        assert_int_equal(sim_jwt_verify(&jwt, token, "ES256", creds->apple_public_pem), SIM_JWT_OK);
        assert_int_equal(json_integer_value(json_object_get(jwt.claims, "n")), i);
        sim_jwt_clear(&jwt);
        free(token);
        json_decref(claims);
    }
    json_decref(header);
    sim_creds_free(creds);
}

static void tokens_are_refused(void **state)
{
    struct sim_creds *creds = sim_creds_new();
    struct sim_creds *others = sim_creds_new();
    json_t *es = json_pack("{s:s}", "alg", "ES256");
    json_t *rs = json_pack("{s:s}", "alg", "RS256");
    json_t *none = json_pack("{s:s}", "alg", "none");
    json_t *claims = json_pack("{s:i}", "n", 1);
    const struct {
        const char *what;
        const json_t *header;
        const char *sign_as, *private_pem, *alg, *public_pem;
        enum sim_jwt_result expected;
    } cases[] = {
        {"good", rs, "RS256", creds->google_private_pem, "RS256", creds->google_public_pem,
         SIM_JWT_OK},
        {"another key", es, "ES256", others->apple_private_pem, "ES256", creds->apple_public_pem,
         SIM_JWT_BAD_SIGNATURE},
        {"DER instead of R||S", es, "DER", creds->apple_private_pem, "ES256",
         creds->apple_public_pem, SIM_JWT_BAD_SIGNATURE},
        {"alg none", none, "ES256", creds->apple_private_pem, "ES256", creds->apple_public_pem,
         SIM_JWT_BAD_SIGNATURE},
        {"the other algorithm", rs, "RS256", creds->google_private_pem, "ES256",
         creds->apple_public_pem, SIM_JWT_BAD_SIGNATURE},
    };
    static const char *const malformed[] = {"", "a", "a.b", "a.b.c.d", "e30.e30", "e30.e30.!",
                                            "bm8.e30.AA"};
    struct sim_jwt jwt;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *token = sim_jwt_sign(cases[i].header, claims, cases[i].sign_as, cases[i].private_pem);
        enum sim_jwt_result result =
            sim_jwt_verify(&jwt, token, cases[i].alg, cases[i].public_pem);
        if (result != cases[i].expected)
            fail_msg("%s: %d", cases[i].what, (int)result);
        if (result == SIM_JWT_OK)
            sim_jwt_clear(&jwt);
        free(token);
    }
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(sim_jwt_verify(&jwt, malformed[i], "ES256", creds->apple_public_pem),
                         SIM_JWT_MALFORMED);
    json_decref(es);
    json_decref(rs);
    json_decref(none);
    json_decref(claims);
    sim_creds_free(creds);
    sim_creds_free(others);
}

static void times(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2020-12-14T10:16:45Z", true, INT64_C(1607941005000)},
        {"2019-09-24T06:02:48-07:00", true, INT64_C(1569330168000)},
        {"2024-04-24T12:00:00.000+0000", true, INT64_C(1713960000000)},
        {"2024-04-24T12:00:00.25Z", true, INT64_C(1713960000250)},
        {"2024-04-24T12:00:00", true, INT64_C(1713960000000)},
        {"2024-04-24", false, 0},
        {"2024-04-24T12:00:00X", false, 0},
        {"2024-04-24T12:00:00+25:00", false, 0},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = 0;
        assert_int_equal(sim_rfc3339_parse(cases[i].text, &ms), cases[i].is_good);
        if (cases[i].is_good)
            assert_true(ms == cases[i].ms);
    }
    assert_string_equal(sim_rfc3339(text, sizeof text, INT64_C(1607941005042), true),
                        "2020-12-14T10:16:45.042Z");
    assert_string_equal(sim_rfc3339(text, sizeof text, INT64_C(1607941005042), false),
                        "2020-12-14T10:16:45Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),      cmocka_unit_test(headers_and_body),
        cmocka_unit_test(base64url),    cmocka_unit_test(es256_tokens),
        cmocka_unit_test(tokens_are_refused), cmocka_unit_test(times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
