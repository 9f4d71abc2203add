/* jwt.h: signed tokens (RFC 7515, 7519) with a private key of ours: ES256 and RS256. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "slipway.h"

enum jwt_algorithm { JWT_ES256, JWT_RS256 };

struct jwt_key;

/* Reads a PEM private key and checks that it fits the algorithm: EC P-256, or
 * RSA of at least 2048 bits. from names it in texts. A pass phrase is never
 * asked for. Errors: SW_E_CONFIG. */
enum sw_code jwt_key_load(const char *pem, size_t len, enum jwt_algorithm algorithm,
                          const char *from, struct jwt_key **out, struct sw_error *err);
void jwt_key_free(struct jwt_key *key);

/* Appends header.claims.signature, base64url. key_id NULL: no kid. One thread
 * at a time for a key. Errors: SW_E_INTERNAL, SW_E_LIMIT. */
enum sw_code jwt_sign(struct jwt_key *key, const char *key_id, const json_t *claims,
                      struct sw_buf *out, struct sw_error *err);
