/*
 * fuzz_net_credential.c: files that hold credentials: AWS profiles, Google key files, PEM keys, and
 * a secret of any bytes with the redactor.
 * Input: the first byte says which, the rest is the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/aws_profile.h"
#include "net/google_key.h"
#include "net/jwt.h"
#include "net/secret_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_profile(const struct aws_profile *profile)
{
    sw_assert(strnlen(profile->access_key_id, sizeof(profile->access_key_id)) <
              sizeof(profile->access_key_id));
    sw_assert(strnlen(profile->secret_key, sizeof(profile->secret_key)) <
              sizeof(profile->secret_key));
    sw_assert(!strchr(profile->secret_key, '\n') && !strchr(profile->session_token, '\n'));
    sw_assert(profile->is_found ||
              (!profile->access_key_id[0] && !profile->secret_key[0] && !profile->region[0]));
}

static void try_profiles(const char *text, size_t len)
{
    static const char *const names[] = {"default", "release", "my name"};
    struct aws_profile *profile = sw_xcalloc(1, sizeof(*profile));
    for (size_t i = 0; i < 2 * SW_ARRAY_LEN(names); i++) {
        *profile = (struct aws_profile){0};
        aws_profile_parse(text, len, names[i / 2], i % 2, profile);
        check_profile(profile);
    }
    free(profile);
}

static void try_google(const char *text, size_t len)
{
    struct google_key key;
    struct sw_error err = {0};
    if (google_key_parse(text, len, "the file", &key, &err) == SW_OK) {
        sw_assert(key.key && key.email[0]);
        google_key_clear(&key);
    } else {
        sw_assert(err.code == SW_E_CONFIG && strstr(err.text, "the file"));
    }
}

static void try_pem(const char *text, size_t len)
{
    for (int algorithm = JWT_ES256; algorithm <= JWT_RS256; algorithm++) {
        struct jwt_key *key = NULL;
        struct sw_error err = {0};
        enum sw_code code =
            jwt_key_load(text, len, (enum jwt_algorithm)algorithm, "the file", &key, &err);
        sw_assert(code == SW_OK ? key != NULL : code == SW_E_CONFIG && key == NULL);
        jwt_key_free(key);
    }
}

static void try_secret(const char *text, size_t len)
{
    char line[512];
    char bytes[128] = "";
    size_t kept = len < sizeof(bytes) ? len : sizeof(bytes);
    for (size_t i = 0; i < kept; i++)
        bytes[i] = text[i] ? text[i] : 'x';
    struct sw_secret *secret = secret_new(bytes, kept);
    sw_format(line, sizeof(line), "a %.*s b", (int)kept, bytes);
    size_t before = strlen(line);
    secret_redact(NULL, line, sizeof(line));
    sw_assert(strlen(line) <= before);
    if (kept >= 10 && !memchr(bytes, '\n', kept))
        sw_assert(!memmem(line, strlen(line), bytes, kept));
    sw_secret_free(secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > SECRET_MAX_BYTES)
        return 0;
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    switch (data[0] % 4) {
    case 0:
        try_profiles(text, len);
        break;
    case 1:
        try_google(text, len);
        break;
    case 2:
        try_pem(text, len);
        break;
    default:
        try_secret(text, len);
    }
    return 0;
}
