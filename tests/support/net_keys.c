/* net_keys.c: see net_keys.h. */
#include "support/net_keys.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"

static void need(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "net_keys: %s\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

EVP_PKEY *net_key_new(const char *kind)
{
    EVP_PKEY *key = NULL;
    if (strcmp(kind, "ED25519") == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else if (strncmp(kind, "RSA-", 4) == 0)
        key = EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
    else
        key = EVP_EC_gen(kind);
    need(key != NULL, kind);
    return key;
}

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    need(data != NULL && len >= 0, "text of a key");
    char *text = calloc(1, (size_t)len + 1); /* the BIO's text has no NUL behind it */
    need(text != NULL, "memory");
    memcpy(text, data, (size_t)len);
    BIO_free(bio);
    return text;
}

char *net_key_pem(EVP_PKEY *key, enum net_pem form)
{
    BIO *bio = BIO_new(BIO_s_mem());
    static unsigned char phrase[] = "phrase";
    if (form == NET_PEM_PUBLIC)
        need(PEM_write_bio_PUBKEY(bio, key) == 1, "public PEM");
    else if (form == NET_PEM_ENCRYPTED)
        need(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), (char *)phrase, 6, NULL,
                                           NULL) == 1,
             "encrypted PEM");
    else
        need(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, "PEM");
    return bio_text(bio);
}

char *net_google_json(EVP_PKEY *key, const char *token_uri)
{
    char *pem = net_key_pem(key, NET_PEM_PRIVATE);
    json_t *tree = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "client_email",
                             "slipway@acme.iam.gserviceaccount.com", "private_key_id", "kid-1",
                             "private_key", pem, "token_uri", token_uri);
    char buf[16384];
    size_t len = json_dumpb(tree, buf, sizeof(buf), 0);
    need(len > 0 && len < sizeof(buf), "key file");
    json_decref(tree);
    free(pem);
    return strndup(buf, len);
}

static json_t *decode_json(const char *part, size_t len)
{
    struct sw_buf text;
    sw_buf_init(&text, 65536);
    json_t *tree = NULL;
    if (sw_base64_decode(SW_BASE64_URL, part, len, &text, NULL) == SW_OK)
        tree = json_loadb(sw_buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
    sw_buf_clear(&text);
    return tree;
}

static bool decode_signature(const char *token, struct sw_buf *out)
{
    const char *dot = strrchr(token, '.');
    return dot && sw_base64_decode(SW_BASE64_URL, dot + 1, strlen(dot + 1), out, NULL) == SW_OK;
}

bool net_jwt_signature(const char *token, unsigned char out[64])
{
    struct sw_buf signature;
    sw_buf_init(&signature, 1024);
    bool is_good = decode_signature(token, &signature) && signature.len == 64;
    if (is_good)
        memcpy(out, signature.data, 64);
    sw_buf_clear(&signature);
    return is_good;
}

/* r||s back to the DER that OpenSSL checks. */
static int to_der(const unsigned char halves[64], unsigned char **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(halves, 32, NULL), BN_bin2bn(halves + 32, 32, NULL));
    *der = NULL;
    int len = i2d_ECDSA_SIG(sig, der);
    ECDSA_SIG_free(sig);
    return len;
}

static bool check(EVP_PKEY *key, const unsigned char *signature, size_t signature_len,
                  const char *text, size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good =
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, signature, signature_len, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good;
}

static bool check_signature(const char *token, EVP_PKEY *key, const char *alg)
{
    struct sw_buf signature;
    sw_buf_init(&signature, 1024);
    size_t signed_len = (size_t)(strrchr(token, '.') - token);
    bool is_good = decode_signature(token, &signature);
    const unsigned char *bytes = (const unsigned char *)sw_buf_text(&signature);
    if (is_good && strcmp(alg, "ES256") == 0) {
        unsigned char *der = NULL;
        is_good = signature.len == 64;
        int len = is_good ? to_der(bytes, &der) : 0;
        is_good = is_good && len > 0 && check(key, der, (size_t)len, token, signed_len);
        OPENSSL_free(der);
    } else if (is_good) {
        is_good = check(key, bytes, signature.len, token, signed_len);
    }
    sw_buf_clear(&signature);
    return is_good;
}

bool net_jwt_verify(const char *token, EVP_PKEY *key, const char *alg, json_t **header,
                    json_t **claims)
{
    const char *first = strchr(token, '.');
    const char *last = strrchr(token, '.');
    *header = *claims = NULL;
    if (!first || first == last || memchr(first + 1, '.', (size_t)(last - first - 1)))
        return false;
    *header = decode_json(token, (size_t)(first - token));
    *claims = decode_json(first + 1, (size_t)(last - first - 1));
    const char *said = json_string_value(json_object_get(*header, "alg"));
    if (*header && *claims && said && strcmp(said, alg) == 0 && check_signature(token, key, alg))
        return true;
    json_decref(*header);
    json_decref(*claims);
    *header = *claims = NULL;
    return false;
}

/* --------------------------------------------------------------- certificates */

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    need(extension && X509_add_ext(cert, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static X509 *make_cert(EVP_PKEY *key, const struct net_cert *spec, X509 *issuer,
                       EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), spec->from_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), spec->until_s);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)spec->name, -1, -1,
                               0);
    X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name);
    if (strcmp(spec->name, "Test CA") == 0) {
        add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        char alt[300];
        bool is_address = strspn(spec->name, "0123456789.") == strlen(spec->name);
        snprintf(alt, sizeof(alt), "%s:%s", is_address ? "IP" : "DNS", spec->name);
        add_extension(cert, issuer ? issuer : cert, NID_subject_alt_name, alt);
    }
    need(X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()) > 0, "signing");
    return cert;
}

static FILE *create(const char *folder, const char *file, const char *ending)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.%s", folder, file, ending);
    FILE *out = fopen(path, "we");
    need(out != NULL, path);
    return out;
}

static void write_pair(const char *folder, const char *file, X509 *cert, EVP_PKEY *key)
{
    FILE *out = create(folder, file, "pem");
    need(PEM_write_X509(out, cert) == 1, "writing a certificate");
    fclose(out);
    out = create(folder, file, "key");
    need(PEM_write_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1, "writing a key");
    fclose(out);
}

static void read_ca(const char *folder, X509 **cert, EVP_PKEY **key)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/ca.pem", folder);
    if (access(path, R_OK) != 0) {
        static const struct net_cert ca = {"Test CA", -3600, 86400, true};
        EVP_PKEY *ca_key = net_key_new("P-256");
        X509 *ca_cert = make_cert(ca_key, &ca, NULL, NULL);
        write_pair(folder, "ca", ca_cert, ca_key);
        X509_free(ca_cert);
        EVP_PKEY_free(ca_key);
    }
    FILE *in = fopen(path, "re");
    *cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
    need(*cert != NULL, path);
    fclose(in);
    snprintf(path, sizeof(path), "%s/ca.key", folder);
    in = fopen(path, "re");
    *key = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
    need(*key != NULL, path);
    fclose(in);
}

void net_cert_write(const char *folder, const char *file, const struct net_cert *spec)
{
    X509 *ca = NULL;
    EVP_PKEY *ca_key = NULL;
    read_ca(folder, &ca, &ca_key);
    EVP_PKEY *key = net_key_new("P-256");
    X509 *cert =
        spec->is_self_signed ? make_cert(key, spec, NULL, NULL) : make_cert(key, spec, ca, ca_key);
    write_pair(folder, file, cert, key);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
}
