/*
 * net_keys.h: keys made for one run of a test, certificates, and an independent check of tokens.
 */
#pragma once

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

/* "P-256", "P-384", "RSA-2048", "RSA-1024", "ED25519". Ends the program when it cannot. */
EVP_PKEY *net_key_new(const char *kind);
enum net_pem { NET_PEM_PRIVATE, NET_PEM_ENCRYPTED, NET_PEM_PUBLIC };
/* malloc'd PEM text. */
char *net_key_pem(EVP_PKEY *key, enum net_pem form);
/* A service account's key file for the key; malloc'd. */
char *net_google_json(EVP_PKEY *key, const char *token_uri);

/* Is it a token of three parts, signed by key with alg ("ES256", "RS256")? Decodes header and
 * claims (decref them; NULL when it is not). ES256 signatures must be 64 bytes of r||s. */
bool net_jwt_verify(const char *token, EVP_PKEY *key, const char *alg, json_t **header,
                    json_t **claims);
/* The signature's bytes of an ES256 token. */
bool net_jwt_signature(const char *token, unsigned char out[64]);

struct net_cert {
    const char *name;    /* DNS name or IPv4 address it is for */
    int from_s, until_s; /* validity, seconds from now */
    bool is_self_signed; /* else by the CA of the folder */
};
/* Writes <folder>/<file>.pem (certificate) and <folder>/<file>.key. The first call for a folder
 * makes <folder>/ca.pem as well. */
void net_cert_write(const char *folder, const char *file, const struct net_cert *cert);
