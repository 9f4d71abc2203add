/*
 * digest.h: hashes and the base64 alphabets, over OpenSSL.
 * Keys and signatures live in core/net; here is only what has no secret of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define SW_SHA256_BYTES 32
#define SW_SHA256_TEXT  65

void sw_sha256(const void *bytes, size_t len, uint8_t out[SW_SHA256_BYTES]);
/* Lower case hexadecimal. */
void sw_sha256_hex(const void *bytes, size_t len, char out[SW_SHA256_TEXT]);
void sw_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                    uint8_t out[SW_SHA256_BYTES]);
/* Lower case; out has room for 2 * len + 1. */
void sw_hex(const uint8_t *bytes, size_t len, char *out);

enum sw_base64 {
    SW_BASE64_URL, /* RFC 4648 section 5, no padding (JOSE) */
    SW_BASE64_STD, /* RFC 4648 section 4, padded */
};

/* Appends to out; false when it does not fit. */
bool sw_base64_encode(enum sw_base64 alphabet, const void *bytes, size_t len, struct sw_buf *out);
/* Appends the decoded bytes. Strict: no blanks, no foreign characters, exact padding (STD) or none
 * (URL), unused bits zero. SW_E_PARSE, SW_E_LIMIT. */
enum sw_code sw_base64_decode(enum sw_base64 alphabet, const char *text, size_t len,
                              struct sw_buf *out, struct sw_error *err);
