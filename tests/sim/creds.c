/*
 * Credentials of the simulated accounts: fresh keys at every start, so that a test can never pass
 * with a key from an earlier run. Nothing here opens anything but this run's simulator.
 */
#include "creds.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `n` characters out of `set`. The slight bias of the modulus does not matter here. */
static void random_text(char *out, size_t n, const char *set)
{
    size_t set_n = strlen(set);
    unsigned char bytes[128];

    if (n > sizeof bytes || RAND_bytes(bytes, (int)n) != 1)
        abort();
    for (size_t i = 0; i < n; i++)
        out[i] = set[bytes[i] % set_n];
    out[n] = '\0';
}

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long n = BIO_get_mem_data(bio, &data);
    char *text = sim_xstrndup(data, (size_t)n);

    BIO_free(bio);
    return text;
}

static void key_pems(EVP_PKEY *key, char **private_pem, char **public_pem)
{
    BIO *private_bio = BIO_new(BIO_s_mem());
    BIO *public_bio = BIO_new(BIO_s_mem());

    if (key == NULL || private_bio == NULL || public_bio == NULL ||
        PEM_write_bio_PKCS8PrivateKey(private_bio, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_PUBKEY(public_bio, key) != 1)
        abort();
    *private_pem = bio_text(private_bio);
    *public_pem = bio_text(public_bio);
    EVP_PKEY_free(key);
}

struct sim_creds *sim_creds_new(void)
{
    static const char hex[] = "0123456789abcdef";
    static const char upper[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    static const char any[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct sim_creds *creds = sim_xcalloc(1, sizeof *creds);
    char part[80];

    key_pems(EVP_EC_gen("P-256"), &creds->apple_private_pem, &creds->apple_public_pem);
    key_pems(EVP_RSA_gen(2048), &creds->google_private_pem, &creds->google_public_pem);
    sim_copy(creds->apple_issuer_id, sizeof creds->apple_issuer_id,
             "57246542-96fe-1a63-e053-0824d011072a");
    random_text(creds->apple_key_id, 10, upper);
    sim_copy(creds->google_client_email, sizeof creds->google_client_email,
             "slipway@acme-sim.iam.gserviceaccount.com");
    random_text(creds->google_key_id, 40, hex);
    random_text(part, 64, hex);
    /* Prefix of an internal integration's token. Source: getsentry/sentry types/token.py. */
    snprintf(creds->sentry_token, sizeof creds->sentry_token, "sntryi_%.64s", part);
    random_text(part, 60, hex);
    snprintf(creds->sentry_ci_token, sizeof creds->sentry_ci_token, "sntrys_%.60s", part);
    sim_copy(creds->aws_region, sizeof creds->aws_region, "eu-west-1");
    sim_copy(creds->aws_profile, sizeof creds->aws_profile, "release");
    random_text(part, 16, upper);
    snprintf(creds->aws_access_key_id, sizeof creds->aws_access_key_id, "AKIA%.16s", part);
    random_text(creds->aws_secret_access_key, 40, any);
    random_text(creds->admin_token, 32, hex);
    return creds;
}

void sim_creds_free(struct sim_creds *creds)
{
    if (creds == NULL)
        return;
    free(creds->apple_private_pem);
    free(creds->apple_public_pem);
    free(creds->google_private_pem);
    free(creds->google_public_pem);
    free(creds);
}
