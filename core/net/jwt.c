/* jwt.c: see jwt.h.
 *
 * OpenSSL signs; what is ours is the frame around it, and two traps. OpenSSL's
 * ECDSA signature is DER while JWS wants r and s as 32 bytes each, padded with
 * zeros on the left: a token made without the padding fails about once in 128.
 * And OpenSSL's own pass-phrase callback asks on the terminal; ours refuses. */
#include "net/jwt.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

enum { RSA_BITS_MIN = 2048, ES256_HALF = 32, SIGNATURE_MAX = 1024, PART_MAX = 8192 };

struct jwt_key {
    EVP_PKEY *pkey;
    enum jwt_algorithm algorithm;
};

static int refuse_pass_phrase(char *buf, int size, int for_writing, void *arg)
{
    (void)buf, (void)size, (void)for_writing, (void)arg;
    return 0;
}

static bool contains(const char *text, size_t len, const char *part)
{
    return memmem(text, len, part, strlen(part)) != NULL;
}

/* What was found instead of a private key. */
static enum sw_code not_a_key(const char *pem, size_t len, const char *from, struct sw_error *err)
{
    if (contains(pem, len, "ENCRYPTED"))
        return sw_fail(
            err, SW_E_CONFIG,
            "%s is protected by a pass phrase; a key that Slipway uses by itself must be "
            "without one, in a file of mode 0600",
            from);
    if (contains(pem, len, "PUBLIC KEY"))
        return sw_fail(err, SW_E_CONFIG, "%s is a public key; the private one is needed", from);
    if (contains(pem, len, "CERTIFICATE"))
        return sw_fail(err, SW_E_CONFIG, "%s is a certificate; the private key is needed", from);
    if (!contains(pem, len, "PRIVATE KEY"))
        return sw_fail(err, SW_E_CONFIG, "%s is not a private key in PEM form", from);
    return sw_fail(err, SW_E_CONFIG, "%s is damaged: its private key cannot be read", from);
}

static enum sw_code check_ec(EVP_PKEY *pkey, const char *from, struct sw_error *err)
{
    char group[64] = "";
    size_t len = 0;
    if (!EVP_PKEY_is_a(pkey, "EC"))
        return sw_fail(
            err, SW_E_CONFIG,
            "%s holds a key of type %s; an EC P-256 key is needed (the AuthKey_*.p8 file "
            "from App Store Connect)",
            from, EVP_PKEY_get0_type_name(pkey));
    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1 ||
        strcmp(group, "prime256v1") != 0)
        return sw_fail(err, SW_E_CONFIG, "%s holds an EC key on the curve %s; P-256 is needed",
                       from, group[0] ? group : "(unnamed)");
    return SW_OK;
}

static enum sw_code check_rsa(EVP_PKEY *pkey, const char *from, struct sw_error *err)
{
    if (!EVP_PKEY_is_a(pkey, "RSA"))
        return sw_fail(err, SW_E_CONFIG, "%s holds a key of type %s; an RSA key is needed", from,
                       EVP_PKEY_get0_type_name(pkey));
    if (EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN)
        return sw_fail(err, SW_E_CONFIG, "%s holds an RSA key of %d bits; at least %d are needed",
                       from, EVP_PKEY_get_bits(pkey), RSA_BITS_MIN);
    return SW_OK;
}

enum sw_code jwt_key_load(const char *pem, size_t len, enum jwt_algorithm algorithm,
                          const char *from, struct jwt_key **out, struct sw_error *err)
{
    *out = NULL;
    BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_pass_phrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (!pkey)
        return not_a_key(pem, len, from, err);
    enum sw_code code =
        algorithm == JWT_ES256 ? check_ec(pkey, from, err) : check_rsa(pkey, from, err);
    if (code != SW_OK) {
        EVP_PKEY_free(pkey);
        return code;
    }
    struct jwt_key *key = sw_xcalloc(1, sizeof(*key));
    key->pkey = pkey;
    key->algorithm = algorithm;
    *out = key;
    return SW_OK;
}

void jwt_key_free(struct jwt_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

/* DER to r||s. */
static bool join_r_and_s(const unsigned char *der, size_t len, unsigned char out[2 * ES256_HALF])
{
    const unsigned char *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    bool is_good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, ES256_HALF) == ES256_HALF &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + ES256_HALF, ES256_HALF) == ES256_HALF;
    ECDSA_SIG_free(sig);
    return is_good;
}

static enum sw_code add_signature(struct jwt_key *key, struct sw_buf *out, size_t from,
                                  struct sw_error *err)
{
    unsigned char signature[SIGNATURE_MAX];
    unsigned char halves[2 * ES256_HALF];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context &&
                   EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                   EVP_DigestSign(context, signature, &len, (const unsigned char *)out->data + from,
                                  out->len - from) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (!is_good)
        return sw_fail(err, SW_E_INTERNAL, "signing a token failed");
    const unsigned char *bytes = signature;
    if (key->algorithm == JWT_ES256) {
        if (!join_r_and_s(signature, len, halves))
            return sw_fail(err, SW_E_INTERNAL, "signing a token gave no ECDSA signature");
        bytes = halves;
        len = sizeof(halves);
    }
    sw_buf_addc(out, '.');
    sw_base64_encode(SW_BASE64_URL, bytes, len, out);
    return SW_OK;
}

static enum sw_code add_part(const json_t *part, struct sw_buf *out, struct sw_error *err)
{
    struct sw_buf text;
    sw_buf_init(&text, PART_MAX);
    enum sw_code code = sw_json_write(part, &text, SW_JSON_COMPACT, err);
    if (code == SW_OK)
        sw_base64_encode(SW_BASE64_URL, sw_buf_text(&text), text.len, out);
    sw_buf_clear(&text);
    return code;
}

enum sw_code jwt_sign(struct jwt_key *key, const char *key_id, const json_t *claims,
                      struct sw_buf *out, struct sw_error *err)
{
    const char *name = key->algorithm == JWT_ES256 ? "ES256" : "RS256";
    SW_JSON json_t *header =
        json_pack("{s:s, s:s*, s:s}", "alg", name, "kid", key_id, "typ", "JWT");
    if (!header)
        return sw_fail(err, SW_E_INTERNAL, "making a token's header failed (is the key id UTF-8?)");
    size_t from = out->len;
    enum sw_code code = add_part(header, out, err);
    if (code == SW_OK) {
        sw_buf_addc(out, '.');
        code = add_part(claims, out, err);
    }
    if (code == SW_OK && !sw_buf_is_failed(out))
        code = add_signature(key, out, from, err);
    if (code == SW_OK && sw_buf_is_failed(out))
        code = sw_fail(err, SW_E_LIMIT, "the token does not fit");
    return code;
}
