/*
 * digest.c: see digest.h.
 */
#include "base/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

static const char alphabets[2][65] = {
    [SW_BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    [SW_BASE64_STD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
};

void sw_sha256(const void *bytes, size_t len, uint8_t out[SW_SHA256_BYTES])
{
    int is_done = EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL);
    sw_assert(is_done == 1);
}

void sw_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0x0F];
    }
    out[2 * len] = '\0';
}

void sw_sha256_hex(const void *bytes, size_t len, char out[SW_SHA256_TEXT])
{
    uint8_t digest[SW_SHA256_BYTES];
    sw_sha256(bytes, len, digest);
    sw_hex(digest, sizeof(digest), out);
}

void sw_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                    uint8_t out[SW_SHA256_BYTES])
{
    sw_assert(key_len <= INT_MAX);
    const void *result = HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, NULL);
    sw_assert(result != NULL);
}

bool sw_base64_encode(enum sw_base64 alphabet, const void *bytes, size_t len, struct sw_buf *out)
{
    const unsigned char *in = bytes;
    const char *table = alphabets[alphabet];
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)in[i] << 16;
        if (have > 1)
            group |= (uint32_t)in[i + 1] << 8;
        if (have > 2)
            group |= in[i + 2];
        char text[4] = {table[group >> 18], table[group >> 12 & 63], '=', '='};
        if (have > 1)
            text[2] = table[group >> 6 & 63];
        if (have > 2)
            text[3] = table[group & 63];
        sw_buf_addn(out, text, alphabet == SW_BASE64_STD ? 4 : have + 1);
    }
    return !sw_buf_is_failed(out);
}

/* The value of one character, or -1. */
static int sextet(const char *table, char c)
{
    const char *found = c != '\0' ? strchr(table, c) : NULL;
    return found != NULL ? (int)(found - table) : -1;
}

/* Decodes 2..4 characters; false when one is foreign or an unused bit is set. */
static bool decode_group(const char *table, const char *text, size_t have, struct sw_buf *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < have ? sextet(table, text[i]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    if ((have == 2 && (group & 0xFFFFU) != 0) || (have == 3 && (group & 0xFFU) != 0))
        return false;
    char bytes[3] = {(char)(group >> 16), (char)(group >> 8 & 0xFFU), (char)(group & 0xFFU)};
    sw_buf_addn(out, bytes, have - 1);
    return true;
}

enum sw_code sw_base64_decode(enum sw_base64 alphabet, const char *text, size_t len,
                              struct sw_buf *out, struct sw_error *err)
{
    size_t used = len;
    if (alphabet == SW_BASE64_STD) {
        if (len % 4 != 0)
            return sw_fail(err, SW_E_PARSE, "base64 text is cut or not padded");
        for (int i = 0; i < 2 && used > 0 && text[used - 1] == '='; i++)
            used--;
    }
    if (used % 4 == 1)
        return sw_fail(err, SW_E_PARSE, "base64 text is cut");
    for (size_t i = 0; i < used; i += 4) {
        size_t have = used - i < 4 ? used - i : 4;
        if (!decode_group(alphabets[alphabet], text + i, have, out))
            return sw_fail(err, SW_E_PARSE, "base64 text has a foreign character at byte %zu", i);
    }
    if (sw_buf_is_failed(out))
        return sw_fail(err, SW_E_LIMIT, "decoded base64 is larger than %zu bytes", out->max);
    return SW_OK;
}
