/* google_key.h: the JSON key file of a Google service account. */
#pragma once

#include "net/jwt.h"

struct google_key {
    char email[256];     /* client_email */
    char key_id[128];    /* private_key_id; empty: none */
    char token_uri[512];
    struct jwt_key *key;
};

/* from names the place in texts. Errors: SW_E_CONFIG. */
enum sw_code google_key_parse(const char *json, size_t len, const char *from,
                              struct google_key *out, struct sw_error *err);
void google_key_clear(struct google_key *key);
