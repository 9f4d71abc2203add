/*
 * JSON Web Tokens as the upstreams judge them: ES256 (App Store Connect) and RS256 (Google).
 * Sources: RFC 7515 (compact form), RFC 7518 section 3.4 (ES256 signature is R || S, 64 bytes).
 */
#include "sim.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { ES256_BYTES = 64, ES256_HALF = 32 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *sim_base64url_encode(const void *data, size_t bytes)
{
    const unsigned char *in = data;
    char *out = sim_xcalloc(bytes / 3 * 4 + 5, 1);
    size_t n = 0;

    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        unsigned value = (unsigned)in[i] << 16;
        if (left > 1)
            value |= (unsigned)in[i + 1] << 8;
        if (left > 2)
            value |= in[i + 2];
        out[n++] = alphabet[value >> 18];
        out[n++] = alphabet[value >> 12 & 63];
        if (left > 1)
            out[n++] = alphabet[value >> 6 & 63];
        if (left > 2)
            out[n++] = alphabet[value & 63];
    }
    return out;
}

unsigned char *sim_base64url_decode(const char *text, size_t text_bytes, size_t *out_bytes)
{
    unsigned char *out = sim_xcalloc(text_bytes + 1, 1);
    unsigned value = 0;
    unsigned bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < text_bytes; i++) {
        const char *at = text[i] == '\0' ? NULL : strchr(alphabet, text[i]);
        if (at == NULL) {
            free(out);
            return NULL;
        }
        value = (value << 6 | (unsigned)(at - alphabet)) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (unsigned char)(value >> bits & 0xff);
        }
    }
    if (text_bytes % 4 == 1) {
        free(out);
        return NULL;
    }
    *out_bytes = n;
    return out;
}

static json_t *decode_object(const char *text, size_t bytes)
{
    size_t n = 0;
    unsigned char *raw = sim_base64url_decode(text, bytes, &n);
    json_t *object = NULL;

    if (raw != NULL)
        object = json_loadb((const char *)raw, n, JSON_REJECT_DUPLICATES, NULL);
    free(raw);
    if (object != NULL && !json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* R || S to DER, which is what OpenSSL verifies. The caller frees with OPENSSL_free. */
static unsigned char *raw_to_der(const unsigned char *raw, int *der_bytes)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, ES256_HALF, NULL);
    BIGNUM *s = BN_bin2bn(raw + ES256_HALF, ES256_HALF, NULL);
    unsigned char *der = NULL;

    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1)
        abort();
    *der_bytes = i2d_ECDSA_SIG(sig, &der);
    ECDSA_SIG_free(sig);
    return der;
}

static bool verify_bytes(EVP_PKEY *key, const void *text, size_t text_bytes,
                         const unsigned char *signature, size_t signature_bytes)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature, signature_bytes, text, text_bytes) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool verify(const char *alg, const char *public_pem, const char *text, size_t text_bytes,
                   const unsigned char *signature, size_t signature_bytes)
{
    BIO *bio = BIO_new_mem_buf(public_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    bool ok = false;

    if (key != NULL && strcmp(alg, "RS256") == 0) {
        ok = verify_bytes(key, text, text_bytes, signature, signature_bytes);
    } else if (key != NULL && signature_bytes == ES256_BYTES) {
        int der_bytes = 0;
        unsigned char *der = raw_to_der(signature, &der_bytes);
        ok = der_bytes > 0 && verify_bytes(key, text, text_bytes, der, (size_t)der_bytes);
        OPENSSL_free(der);
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok;
}

void sim_jwt_clear(struct sim_jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
    *jwt = (struct sim_jwt){.header = NULL};
}

enum sim_jwt_result sim_jwt_verify(struct sim_jwt *out, const char *token, const char *alg,
                                   const char *public_pem)
{
    *out = (struct sim_jwt){.header = NULL};

    const char *dot1 = strchr(token, '.');
    const char *dot2 = dot1 == NULL ? NULL : strchr(dot1 + 1, '.');
    if (dot2 == NULL || strchr(dot2 + 1, '.') != NULL)
        return SIM_JWT_MALFORMED;

    out->header = decode_object(token, (size_t)(dot1 - token));
    out->claims = decode_object(dot1 + 1, (size_t)(dot2 - dot1 - 1));
    size_t signature_bytes = 0;
    unsigned char *signature = sim_base64url_decode(dot2 + 1, strlen(dot2 + 1), &signature_bytes);
    const char *named = json_string_value(json_object_get(out->header, "alg"));
    enum sim_jwt_result result = SIM_JWT_OK;

    if (out->header == NULL || out->claims == NULL || signature == NULL)
        result = SIM_JWT_MALFORMED;
    else if (named == NULL || strcmp(named, alg) != 0 ||
             !verify(alg, public_pem, token, (size_t)(dot2 - token), signature, signature_bytes))
        result = SIM_JWT_BAD_SIGNATURE;
    free(signature);
    if (result != SIM_JWT_OK)
        sim_jwt_clear(out);
    return result;
}

/* DER to R || S. */
static void der_to_raw(const unsigned char *der, size_t der_bytes, unsigned char *raw)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)der_bytes);

    if (sig == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, ES256_HALF) != ES256_HALF ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + ES256_HALF, ES256_HALF) != ES256_HALF)
        abort();
    ECDSA_SIG_free(sig);
}

static char *sign_bytes(EVP_PKEY *key, const char *text, const char *alg)
{
    unsigned char signature[1024];
    size_t n = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return NULL;
    if (strcmp(alg, "ES256") == 0 && EVP_PKEY_is_a(key, "EC")) {
        unsigned char raw[ES256_BYTES];
        der_to_raw(signature, n, raw);
        return sim_base64url_encode(raw, sizeof raw);
    }
    return sim_base64url_encode(signature, n);
}

char *sim_jwt_sign(const json_t *header, const json_t *claims, const char *alg,
                   const char *private_pem)
{
    BIO *bio = BIO_new_mem_buf(private_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    if (key == NULL)
        return NULL;

    char *header_text = sim_json_text(header);
    char *claims_text = sim_json_text(claims);
    char *header_b64 = sim_base64url_encode(header_text, strlen(header_text));
    char *claims_b64 = sim_base64url_encode(claims_text, strlen(claims_text));
    char *text = sim_printf("%s.%s", header_b64, claims_b64);
    char *signature = sign_bytes(key, text, alg);
    char *token = signature == NULL ? NULL : sim_printf("%s.%s", text, signature);

    free(header_text);
    free(claims_text);
    free(header_b64);
    free(claims_b64);
    free(text);
    free(signature);
    EVP_PKEY_free(key);
    return token;
}
