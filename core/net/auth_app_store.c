/* auth_app_store.c: App Store Connect's own tokens: a JWT signed by us, no request needed.
 *
 * Life 15 minutes, renewed after 10, with iat one minute back so that a clock a
 * little ahead of Apple's does no harm; exp - iat must stay under 20 minutes.
 * A team key names its issuer; an individual key has none and says sub: user.
 * Source: App Store Connect API, "Generating Tokens for API Requests", read 2026-01. */
#include "net/auth_kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/jwt.h"
#include "net/secret_place.h"

enum { LIFE_S = 900, BACK_DATED_S = 60, RENEW_AFTER_MS = 600 * 1000, TOKEN_MAX = 4096 };

struct app_store {
    struct sw_auth auth; /* first */
    struct secret_place place;
    char *issuer_id; /* NULL: an individual key */
    char *key_id;
    struct jwt_key *key;     /* NULL: not read; this and what follows under auth.lock */
    struct sw_secret *token; /* NULL: none */
    int64_t renew_mono_ms;
};

static struct app_store *of(struct sw_auth *auth)
{
    return (struct app_store *)(void *)auth;
}

/* Reads outside the lock: a slow command of a poll must not hold up an action. */
static enum sw_code read_key(struct app_store *store, const struct auth_context *context,
                             struct sw_error *err)
{
    struct sw_secret *pem = NULL;
    struct jwt_key *key = NULL;
    size_t len = 0;
    enum sw_code code = secret_place_read(&store->place, true, context->is_cancelled, &pem, err);
    if (code == SW_OK) {
        const char *bytes = sw_secret_bytes(pem, &len);
        const char *from = store->place.file ? store->place.file : store->place.name;
        code = jwt_key_load(bytes, len, JWT_ES256, from, &key, err);
    }
    sw_secret_free(pem); /* from here on the key is only inside OpenSSL */
    if (code != SW_OK)
        return code;
    sw_mutex_lock(&store->auth.lock);
    jwt_key_free(store->key);
    store->key = key;
    sw_mutex_unlock(&store->auth.lock);
    return SW_OK;
}

static json_t *make_claims(const struct app_store *store)
{
    json_int_t now_s = sw_time_real_ms() / 1000;
    const char *who = store->issuer_id ? store->issuer_id : "user";
    return json_pack("{s:s, s:I, s:I, s:s}", store->issuer_id ? "iss" : "sub", who, "iat",
                     now_s - BACK_DATED_S, "exp", now_s + LIFE_S, "aud", "appstoreconnect-v1");
}

/* Lock held, key there. */
static enum sw_code make_token(struct app_store *store, struct sw_error *err)
{
    sw_mutex_assert_held(&store->auth.lock);
    SW_JSON json_t *claims = make_claims(store);
    if (!claims)
        return sw_fail(err, SW_E_CONFIG, "issuer_id is not UTF-8");
    struct sw_buf text;
    sw_buf_init(&text, TOKEN_MAX);
    enum sw_code code = jwt_sign(store->key, store->key_id, claims, &text, err);
    if (code == SW_OK) {
        sw_secret_free(store->token);
        store->token = secret_new(sw_buf_text(&text), text.len);
        store->renew_mono_ms = sw_time_mono_ms() + RENEW_AFTER_MS;
        explicit_bzero(text.data, text.len);
    }
    sw_buf_clear(&text);
    return code;
}

/* SW_OK with *out NULL: the key must be read first. */
static enum sw_code take_token(struct app_store *store, struct sw_secret **out,
                               struct sw_error *err)
{
    enum sw_code code = SW_OK;
    sw_mutex_lock(&store->auth.lock);
    bool is_fresh = store->token && sw_time_mono_ms() < store->renew_mono_ms;
    if (!is_fresh && store->key)
        code = make_token(store, err);
    if (code == SW_OK && store->key)
        *out = secret_ref(store->token);
    sw_mutex_unlock(&store->auth.lock);
    return code;
}

static enum sw_code apply(struct sw_auth *auth, const struct auth_context *context,
                          struct wire_credential *out, struct sw_error *err)
{
    enum sw_code code = take_token(of(auth), &out->bearer, err);
    while (code == SW_OK && !out->bearer) {
        code = read_key(of(auth), context, err);
        if (code == SW_OK)
            code = take_token(of(auth), &out->bearer, err);
    }
    return code;
}

static void refused(struct sw_auth *auth, const struct wire_credential *used)
{
    struct app_store *store = of(auth);
    sw_mutex_lock(&auth->lock);
    if (store->token == used->bearer) {
        sw_secret_free(store->token);
        jwt_key_free(store->key);
        store->token = NULL;
        store->key = NULL;
    }
    sw_mutex_unlock(&auth->lock);
}

static void close_app_store(struct sw_auth *auth)
{
    struct app_store *store = of(auth);
    sw_secret_free(store->token);
    jwt_key_free(store->key);
    secret_place_clear(&store->place);
    free(store->issuer_id);
    free(store->key_id);
}

static const struct auth_kind kind = {
    .name = "app_store",
    .apply = apply,
    .refused = refused,
    .close = close_app_store,
};

enum sw_code sw_auth_app_store_open(const struct sw_node *node, struct sw_auth **out,
                                    struct sw_error *err)
{
    *out = NULL;
    const char *key_id = sw_node_str(node, "key_id");
    if (!key_id || !*key_id)
        return sw_fail(err, SW_E_CONFIG, "key_id is missing (it is in the key file's name)");
    struct secret_place place;
    enum sw_code code = secret_place_init(&place, node, "key", err);
    if (code != SW_OK)
        return code;
    const char *issuer_id = sw_node_str(node, "issuer_id");
    struct sw_auth *auth = auth_new(sizeof(struct app_store), &kind);
    struct app_store *store = of(auth);
    store->place = place;
    store->issuer_id = issuer_id && *issuer_id ? sw_xstrdup(issuer_id) : NULL;
    store->key_id = sw_xstrdup(key_id);
    *out = auth;
    return SW_OK;
}
