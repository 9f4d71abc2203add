/* auth_aws.c: AWS access keys, from a profile or the environment; curl signs (SigV4).
 *
 * Order: a profile named in the configuration; else the environment's keys;
 * else AWS_PROFILE, AWS_DEFAULT_PROFILE or "default". The credentials file wins
 * over the config file. Profiles that assume a role, sign in or run a program
 * are refused with the setting's name rather than half understood. Keys are
 * read again after a refusal, so that `aws configure` or a new session token
 * works without a restart.
 * Source: AWS notes, "Credentials and region", read 2026-01. */
#include "net/auth_kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "net/aws.h"
#include "net/aws_profile.h"
#include "net/secret_place.h"

struct keys {
    struct sw_secret *id, *secret, *token; /* token NULL: long-lived keys */
    char region[64];                       /* of the profile; empty: not said */
};

struct aws {
    struct sw_auth auth; /* first */
    char *service;
    char *region;     /* NULL: AWS_REGION and so on, then the profile's */
    char *profile;    /* NULL: not named in the configuration */
    char *shared;     /* the shared credentials file; NULL: AWS's own places */
    struct keys keys; /* id NULL: not read; under auth.lock */
};

static struct aws *of(struct sw_auth *auth)
{
    return (struct aws *)(void *)auth;
}

static void keys_clear(struct keys *keys)
{
    sw_secret_free(keys->id);
    sw_secret_free(keys->secret);
    sw_secret_free(keys->token);
    *keys = (struct keys){0};
}

static const char *set_variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Every part ends up in a header line or a signature: one line of ASCII. */
static enum sw_code make_keys(const char *id, const char *secret, const char *token,
                              struct keys *out, struct sw_error *err)
{
    out->id = secret_new(id, strlen(id));
    out->secret = secret_new(secret, strlen(secret));
    enum sw_code code = auth_check_header(out->id, "AWS access key id", err);
    if (code == SW_OK)
        code = auth_check_header(out->secret, "AWS secret access key", err);
    if (code != SW_OK || !token || !*token)
        return code;
    out->token = secret_new(token, strlen(token));
    return auth_check_header(out->token, "AWS session token", err);
}

/* ------------------------------------------------------------------- profiles */

static enum sw_code shared_file(const char *variable, const char *preset, char out[SW_PATH_TEXT],
                                struct sw_error *err)
{
    const char *path = set_variable(variable);
    return sw_fs_expand(path ? path : preset, out, err);
}

/* A file that is not there holds no profile; one that others can read is refused. */
static enum sw_code read_profile(const char *path, const char *name, bool is_config_file,
                                 struct aws_profile *out, struct sw_error *err)
{
    if (!sw_fs_exists(path))
        return SW_OK;
    struct sw_secret *text = NULL;
    size_t len = 0;
    enum sw_code code = secret_file_read(path, true, true, &text, err);
    if (code != SW_OK)
        return code;
    const char *bytes = sw_secret_bytes(text, &len);
    aws_profile_parse(bytes, len, name, is_config_file, out);
    sw_secret_free(text);
    return SW_OK;
}

/* Regions and the like are no secret: a config file without keys may be readable by all. */
static enum sw_code read_config(const char *path, const char *name, struct aws_profile *out,
                                struct sw_error *err)
{
    struct sw_buf text;
    struct aws_profile found = {0};
    if (!sw_fs_exists(path))
        return SW_OK;
    sw_buf_init(&text, SECRET_MAX_BYTES);
    enum sw_code code = sw_fs_read(path, SECRET_MAX_BYTES, &text, err);
    if (code == SW_OK)
        aws_profile_parse(sw_buf_text(&text), text.len, name, true, &found);
    bool has_keys = found.secret_key[0] != '\0';
    if (text.data)
        explicit_bzero(text.data, text.len);
    sw_buf_clear(&text);
    if (code == SW_OK && has_keys && !out->secret_key[0])
        code = read_profile(path, name, true, &found, err); /* with the checks for secrets */
    if (code == SW_OK) {
        out->is_found |= found.is_found;
        if (!out->secret_key[0]) {
            memcpy(out->access_key_id, found.access_key_id, sizeof(out->access_key_id));
            memcpy(out->secret_key, found.secret_key, sizeof(out->secret_key));
            memcpy(out->session_token, found.session_token, sizeof(out->session_token));
        }
        memcpy(out->region, found.region, sizeof(out->region));
        memcpy(out->other, found.other, sizeof(out->other));
    }
    explicit_bzero(&found, sizeof(found));
    return code;
}

static enum sw_code judge_profile(const struct aws_profile *profile, const char *name,
                                  struct sw_error *err)
{
    if (!profile->is_found)
        return sw_fail(
            err, SW_E_CONFIG,
            "AWS profile \"%s\" is in neither the shared credentials nor the config file", name);
    if (profile->access_key_id[0] && profile->secret_key[0])
        return SW_OK;
    if (profile->other[0])
        return sw_fail(err, SW_E_UNSUPPORTED,
                       "AWS profile \"%s\" uses %s; only static keys (with or without a session "
                       "token) are supported, give a profile that has them",
                       name, profile->other);
    return sw_fail(err, SW_E_CONFIG,
                   "AWS profile \"%s\" has no aws_access_key_id and aws_secret_access_key", name);
}

static enum sw_code keys_of_profile(const struct aws *aws, const char *name, struct keys *out,
                                    struct sw_error *err)
{
    char credentials[SW_PATH_TEXT];
    char config[SW_PATH_TEXT];
    struct aws_profile *profile = sw_xcalloc(1, sizeof(*profile));
    enum sw_code code = aws->shared ? sw_fs_expand(aws->shared, credentials, err)
                                    : shared_file("AWS_SHARED_CREDENTIALS_FILE",
                                                  "~/.aws/credentials", credentials, err);
    if (code == SW_OK)
        code = shared_file("AWS_CONFIG_FILE", "~/.aws/config", config, err);
    if (code == SW_OK)
        code = read_profile(credentials, name, false, profile, err);
    if (code == SW_OK)
        code = read_config(config, name, profile, err);
    if (code == SW_OK)
        code = judge_profile(profile, name, err);
    if (code == SW_OK)
        code = make_keys(profile->access_key_id, profile->secret_key, profile->session_token, out,
                         err);
    sw_copy(out->region, sizeof(out->region), profile->region);
    explicit_bzero(profile, sizeof(*profile));
    free(profile);
    return code;
}

static enum sw_code read_keys(const struct aws *aws, struct keys *out, struct sw_error *err)
{
    if (aws->profile)
        return keys_of_profile(aws, aws->profile, out, err);
    const char *id = set_variable("AWS_ACCESS_KEY_ID");
    const char *secret = set_variable("AWS_SECRET_ACCESS_KEY");
    if (id && secret) {
        const char *token = set_variable("AWS_SESSION_TOKEN");
        return make_keys(id, secret, token ? token : set_variable("AWS_SECURITY_TOKEN"), out, err);
    }
    const char *name = set_variable("AWS_PROFILE");
    if (!name)
        name = set_variable("AWS_DEFAULT_PROFILE");
    return keys_of_profile(aws, name ? name : "default", out, err);
}

/* ------------------------------------------------------------------- the kind */

/* Letters, digits and '-' only: it becomes part of the signature's scope. */
static bool is_region(const char *region)
{
    size_t len = strlen(region);
    return len > 0 && len < 64 && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static enum sw_code set_scope(const struct aws *aws, struct wire_credential *out,
                              struct sw_error *err)
{
    const char *region = aws->region;
    if (!region)
        region = set_variable("AWS_REGION");
    if (!region)
        region = set_variable("AWS_DEFAULT_REGION");
    if (!region)
        region = aws->keys.region;
    if (!is_region(region))
        return sw_fail(
            err, SW_E_CONFIG,
            "no AWS region: set region in the source, AWS_REGION, or region in the profile");
    sw_format(out->aws_scope, sizeof(out->aws_scope), "aws:amz:%s:%s", region, aws->service);
    return SW_OK;
}

/* Lock held, keys there. */
static enum sw_code give(const struct aws *aws, struct wire_credential *out, struct sw_error *err)
{
    enum sw_code code = set_scope(aws, out, err);
    if (code != SW_OK)
        return code;
    out->aws_key_id = secret_ref(aws->keys.id);
    out->aws_secret = secret_ref(aws->keys.secret);
    out->aws_token = secret_ref(aws->keys.token);
    return SW_OK;
}

static enum sw_code apply(struct sw_auth *auth, const struct auth_context *context,
                          struct wire_credential *out, struct sw_error *err)
{
    (void)context;
    struct aws *aws = of(auth);
    struct keys keys = {0};
    enum sw_code code = SW_OK;
    sw_mutex_lock(&auth->lock);
    bool is_missing = !aws->keys.id;
    if (is_missing) {
        sw_mutex_unlock(&auth->lock);
        code = read_keys(aws, &keys, err);
        sw_mutex_lock(&auth->lock);
    }
    if (code == SW_OK && is_missing) {
        struct keys old = aws->keys;
        aws->keys = keys;
        keys = old;
    }
    if (code == SW_OK)
        code = give(aws, out, err);
    sw_mutex_unlock(&auth->lock);
    keys_clear(&keys);
    return code;
}

static void refused(struct sw_auth *auth, const struct wire_credential *used)
{
    struct aws *aws = of(auth);
    sw_mutex_lock(&auth->lock);
    if (aws->keys.id == used->aws_key_id)
        keys_clear(&aws->keys);
    sw_mutex_unlock(&auth->lock);
}

static void close_aws(struct sw_auth *auth)
{
    struct aws *aws = of(auth);
    keys_clear(&aws->keys);
    free(aws->service);
    free(aws->region);
    free(aws->profile);
    free(aws->shared);
}

static const struct auth_kind kind = {
    .name = "aws",
    .apply = apply,
    .refused = refused,
    .classify = sw_aws_classify,
    .close = close_aws,
};

enum sw_code sw_auth_aws_open(const struct sw_node *node, const char *service, struct sw_auth **out,
                              struct sw_error *err)
{
    *out = NULL;
    const char *region = sw_node_str(node, "region");
    const char *profile = sw_node_str(node, "profile");
    const char *shared = sw_node_str(node, "shared_credentials");
    if (region && !is_region(region))
        return sw_fail(err, SW_E_CONFIG, "region \"%s\" is not the name of an AWS region", region);
    struct sw_auth *auth = auth_new(sizeof(struct aws), &kind);
    struct aws *aws = of(auth);
    aws->service = sw_xstrdup(service);
    aws->region = sw_xstrdup(region);
    aws->profile = profile && *profile ? sw_xstrdup(profile) : NULL;
    aws->shared = shared && *shared ? sw_xstrdup(shared) : NULL;
    *out = auth;
    return SW_OK;
}
