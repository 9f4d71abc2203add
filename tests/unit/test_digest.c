/*
 * test_digest.c: hashes against published vectors, base64 both ways, random bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/macros.h"
#include "base/random.h"

static void test_sha256(void **state)
{
    (void)state;
    char text[SW_SHA256_TEXT];
    /* Source: FIPS 180-4 example vectors, NIST. */
    sw_sha256_hex("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sw_sha256_hex("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_hmac(void **state)
{
    (void)state;
    /* Source: RFC 4231, test cases 2 and 6. */
    uint8_t mac[SW_SHA256_BYTES];
    char text[SW_SHA256_TEXT];
    sw_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    sw_hex(mac, sizeof(mac), text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xAA, sizeof(key));
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First";
    sw_hmac_sha256(key, sizeof(key), data, strlen(data), mac);
    sw_hex(mac, sizeof(mac), text);
    assert_string_equal(text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static const struct {
    const char *plain;
    const char *std;
    const char *url;
} base64[] = {
    /* Source: RFC 4648, section 10. */
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xFB\xFF\xBF", "+/+/", "-_-_"},
};

static void test_base64(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(base64); i++) {
        struct sw_buf buf;
        sw_buf_init(&buf, 64);
        size_t len = strlen(base64[i].plain);
        assert_true(sw_base64_encode(SW_BASE64_STD, base64[i].plain, len, &buf));
        assert_string_equal(sw_buf_text(&buf), base64[i].std);
        sw_buf_reset(&buf);
        assert_true(sw_base64_encode(SW_BASE64_URL, base64[i].plain, len, &buf));
        assert_string_equal(sw_buf_text(&buf), base64[i].url);
        sw_buf_reset(&buf);
        const char *text = base64[i].std;
        assert_int_equal(sw_base64_decode(SW_BASE64_STD, text, strlen(text), &buf, NULL), SW_OK);
        assert_string_equal(sw_buf_text(&buf), base64[i].plain);
        sw_buf_reset(&buf);
        text = base64[i].url;
        assert_int_equal(sw_base64_decode(SW_BASE64_URL, text, strlen(text), &buf, NULL), SW_OK);
        assert_string_equal(sw_buf_text(&buf), base64[i].plain);
        sw_buf_clear(&buf);
    }
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const struct {
        enum sw_base64 alphabet;
        const char *text;
    } bad[] = {
        {SW_BASE64_STD, "Zg"},       {SW_BASE64_STD, "Zg="},        {SW_BASE64_STD, "Zg==="},
        {SW_BASE64_STD, "Z==="},     {SW_BASE64_STD, "===="},       {SW_BASE64_STD, "Zh=="},
        {SW_BASE64_STD, "Zm9="},     {SW_BASE64_STD, "Zm 9"},       {SW_BASE64_STD, "-_-_"},
        {SW_BASE64_STD, "Zg==Zg=="}, {SW_BASE64_STD, "Zm9\n"},      {SW_BASE64_URL, "Zg=="},
        {SW_BASE64_URL, "Z"},        {SW_BASE64_URL, "Zh"},         {SW_BASE64_URL, "+/+/"},
        {SW_BASE64_URL, "Zm9vY"},    {SW_BASE64_URL, "Zm\xC3\xA9"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++) {
        struct sw_buf buf;
        sw_buf_init(&buf, 64);
        if (sw_base64_decode(bad[i].alphabet, bad[i].text, strlen(bad[i].text), &buf, NULL) !=
            SW_E_PARSE)
            fail_msg("accepted: %s", bad[i].text);
        sw_buf_clear(&buf);
    }
    struct sw_buf small;
    sw_buf_init(&small, 2);
    assert_int_equal(sw_base64_decode(SW_BASE64_STD, "Zm9v", 4, &small, NULL), SW_E_LIMIT);
    assert_int_equal(sw_base64_decode(SW_BASE64_STD, "Zm9\0", 4, &small, NULL), SW_E_PARSE);
    sw_buf_clear(&small);
}

static void test_base64_all_lengths(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        sw_random_bytes(bytes, len);
        struct sw_buf text;
        struct sw_buf back;
        sw_buf_init(&text, 200);
        sw_buf_init(&back, 200);
        sw_base64_encode(SW_BASE64_URL, bytes, len, &text);
        assert_int_equal(sw_base64_decode(SW_BASE64_URL, sw_buf_text(&text), text.len, &back, NULL),
                         SW_OK);
        assert_int_equal(back.len, len);
        assert_memory_equal(sw_buf_text(&back), bytes, len);
        sw_buf_clear(&text);
        sw_buf_clear(&back);
    }
}

static void test_random(void **state)
{
    (void)state;
    double sum = 0;
    for (int i = 0; i < 2000; i++) {
        double unit = sw_random_unit();
        assert_true(unit >= 0 && unit < 1);
        sum += unit;
    }
    /* Mean 0.5, standard error 0.0065: ten of them never happen by chance. */
    assert_true(sum / 2000 > 0.435 && sum / 2000 < 0.565);
    char first[SW_UUID_TEXT];
    char second[SW_UUID_TEXT];
    sw_uuid4(first);
    sw_uuid4(second);
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(first[14], '4');
    assert_non_null(strchr("89ab", first[19]));
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_refused),
        cmocka_unit_test(test_base64_all_lengths),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
