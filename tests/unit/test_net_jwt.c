/*
 * test_net_jwt.c: which keys are taken, how the others are refused, and that every token verifies.
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
#include "base/json.h"
#include "net/google_key.h"
#include "net/jwt.h"
#include "support/net_keys.h"

static void test_which_keys(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        enum net_pem form;
        enum jwt_algorithm algorithm;
        const char *text; /* NULL: taken */
    } cases[] = {
        {"P-256", NET_PEM_PRIVATE, JWT_ES256, NULL},
        {"RSA-2048", NET_PEM_PRIVATE, JWT_RS256, NULL},
        {"P-384", NET_PEM_PRIVATE, JWT_ES256, "an EC key on the curve secp384r1; P-256 is needed"},
        {"RSA-2048", NET_PEM_PRIVATE, JWT_ES256, "a key of type RSA; an EC P-256 key is needed"},
        {"ED25519", NET_PEM_PRIVATE, JWT_ES256, "a key of type ED25519"},
        {"P-256", NET_PEM_PRIVATE, JWT_RS256, "a key of type EC; an RSA key is needed"},
        {"RSA-1024", NET_PEM_PRIVATE, JWT_RS256, "an RSA key of 1024 bits; at least 2048"},
        {"P-256", NET_PEM_ENCRYPTED, JWT_ES256, "protected by a pass phrase"},
        {"P-256", NET_PEM_PUBLIC, JWT_ES256, "is a public key; the private one is needed"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct jwt_key *key = NULL;
        EVP_PKEY *made = net_key_new(cases[i].kind);
        char *pem = net_key_pem(made, cases[i].form);
        enum sw_code code =
            jwt_key_load(pem, strlen(pem), cases[i].algorithm, "/keys/a.p8", &key, &err);
        if (!cases[i].text && code != SW_OK)
            fail_msg("%s: %s", cases[i].kind, err.text);
        if (cases[i].text && (code != SW_E_CONFIG || !strstr(err.text, cases[i].text) || key ||
                              !strstr(err.text, "/keys/a.p8")))
            fail_msg("%s: %s", cases[i].kind, err.text);
        jwt_key_free(key);
        free(pem);
        EVP_PKEY_free(made);
    }
}

static void test_damaged_keys(void **state)
{
    (void)state;
    static const struct {
        const char *pem, *text;
    } cases[] = {
        {"", "not a private key in PEM form"},
        {"hello", "not a private key in PEM form"},
        {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "is a certificate"},
        {"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", "damaged"},
        {"-----BEGIN PRIVATE KEY-----\n", "damaged"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct jwt_key *key = NULL;
        assert_int_equal(
            jwt_key_load(cases[i].pem, strlen(cases[i].pem), JWT_ES256, "k", &key, &err),
            SW_E_CONFIG);
        if (!strstr(err.text, cases[i].text))
            fail_msg("%s: %s", cases[i].pem, err.text);
    }
    /* Cut at every byte: an error each time, never a key. */
    EVP_PKEY *made = net_key_new("P-256");
    char *pem = net_key_pem(made, NET_PEM_PRIVATE);
    for (size_t len = 0; len + 26 < strlen(pem); len++) {
        struct jwt_key *key = NULL;
        assert_int_equal(jwt_key_load(pem, len, JWT_ES256, "k", &key, NULL), SW_E_CONFIG);
    }
    free(pem);
    EVP_PKEY_free(made);
}

static void sign_and_verify(struct jwt_key *key, EVP_PKEY *public_key, const char *alg, int number,
                            struct sw_buf *token)
{
    json_t *header = NULL, *seen = NULL;
    json_t *claims = json_pack("{s:s, s:i}", "iss", "57246542-96fe", "iat", number);
    sw_buf_reset(token);
    assert_int_equal(jwt_sign(key, "2X9R4HXF34", claims, token, NULL), SW_OK);
    if (!net_jwt_verify(sw_buf_text(token), public_key, alg, &header, &seen))
        fail_msg("token %d does not verify: %s", number, sw_buf_text(token));
    assert_true(json_equal(seen, claims));
    assert_string_equal(json_string_value(json_object_get(header, "kid")), "2X9R4HXF34");
    assert_string_equal(json_string_value(json_object_get(header, "typ")), "JWT");
    json_decref(header);
    json_decref(seen);
    json_decref(claims);
}

/* About one signature in 128 has an r or s that begins with a zero byte. */
static void test_ten_thousand_tokens(void **state)
{
    (void)state;
    enum { TOKENS = 10000 };
    EVP_PKEY *made = net_key_new("P-256");
    char *pem = net_key_pem(made, NET_PEM_PRIVATE);
    struct jwt_key *key = NULL;
    struct sw_buf token;
    unsigned char signature[64];
    int short_r = 0, short_s = 0;
    sw_buf_init(&token, 4096);
    assert_int_equal(jwt_key_load(pem, strlen(pem), JWT_ES256, "k", &key, NULL), SW_OK);
    for (int i = 0; i < TOKENS; i++) {
        sign_and_verify(key, made, "ES256", i, &token);
        assert_true(net_jwt_signature(sw_buf_text(&token), signature));
        short_r += signature[0] == 0;
        short_s += signature[32] == 0;
    }
    assert_in_range(short_r, 10, 100); /* 39 expected */
    assert_in_range(short_s, 10, 100);
    sw_buf_clear(&token);
    jwt_key_free(key);
    free(pem);
    EVP_PKEY_free(made);
}

static void test_rs256(void **state)
{
    (void)state;
    EVP_PKEY *made = net_key_new("RSA-2048");
    EVP_PKEY *other = net_key_new("RSA-2048");
    char *pem = net_key_pem(made, NET_PEM_PRIVATE);
    struct jwt_key *key = NULL;
    struct sw_buf token;
    json_t *header, *claims;
    sw_buf_init(&token, 4096);
    assert_int_equal(jwt_key_load(pem, strlen(pem), JWT_RS256, "k", &key, NULL), SW_OK);
    for (int i = 0; i < 50; i++)
        sign_and_verify(key, made, "RS256", i, &token);
    assert_false(net_jwt_verify(sw_buf_text(&token), other, "RS256", &header, &claims));
    token.data[token.len / 2] ^= 1;
    assert_false(net_jwt_verify(sw_buf_text(&token), made, "RS256", &header, &claims));
    sw_buf_clear(&token);
    sw_buf_init(&token, 100);
    claims = json_pack("{s:i}", "iat", 1);
    assert_int_equal(jwt_sign(key, NULL, claims, &token, NULL), SW_E_LIMIT);
    json_decref(claims);
    sw_buf_clear(&token);
    jwt_key_free(key);
    free(pem);
    EVP_PKEY_free(made);
    EVP_PKEY_free(other);
}

static void test_google_key_files(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"", "not the JSON key file"},
        {"[]", "not the JSON key file"},
        {"{\"type\":\"authorized_user\"}",
         "of type \"authorized_user\"; a key of type service_account"},
        {"{}", "service_account"},
        {"{\"type\":\"service_account\"}", "client_email"},
        {"{\"type\":\"service_account\",\"client_email\":\"a@b\"}", "token_uri"},
        {"{\"type\":\"service_account\",\"client_email\":7,\"token_uri\":\"https://x\"}",
         "client_email"},
        {"{\"type\":\"service_account\",\"client_email\":\"a@b\",\"token_uri\":\"https://x\","
         "\"private_key\":\"c4n4ry\"}",
         "not a private key in PEM form"},
    };
    struct google_key key;
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        assert_int_equal(
            google_key_parse(cases[i].json, strlen(cases[i].json), "/keys/play.json", &key, &err),
            SW_E_CONFIG);
        if (!strstr(err.text, cases[i].text) || !strstr(err.text, "/keys/play.json") ||
            strstr(err.text, "c4n4ry"))
            fail_msg("%s: %s", cases[i].json, err.text);
    }
    EVP_PKEY *made = net_key_new("RSA-2048");
    char *json = net_google_json(made, "https://oauth2.googleapis.com/token");
    assert_int_equal(google_key_parse(json, strlen(json), "f", &key, NULL), SW_OK);
    assert_string_equal(key.email, "slipway@acme.iam.gserviceaccount.com");
    assert_string_equal(key.key_id, "kid-1");
    assert_string_equal(key.token_uri, "https://oauth2.googleapis.com/token");
    assert_non_null(key.key);
    google_key_clear(&key);
    google_key_clear(&key);
    free(json);
    EVP_PKEY_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_keys),          cmocka_unit_test(test_damaged_keys),
        cmocka_unit_test(test_ten_thousand_tokens), cmocka_unit_test(test_rs256),
        cmocka_unit_test(test_google_key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
