/* aws_profile.h: one profile of the AWS shared credentials and config files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct aws_profile {
    bool is_found;            /* its section is there */
    char access_key_id[160];  /* empty: none */
    char secret_key[160];
    char session_token[8192];
    char region[64];
    char other[32];           /* the setting that wants more than static keys: "sso_session" */
    bool is_too_long;         /* a value did not fit: it was left out */
};

/* Reads section `name` of an INI text into *out, over what is there. In a
 * config file every section but "default" is called "profile NAME", in a
 * credentials file just NAME. Pure; any bytes. */
void aws_profile_parse(const char *text, size_t len, const char *name, bool is_config_file,
                       struct aws_profile *out);
