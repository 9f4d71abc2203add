/* auth_bearer.c: a token that somebody made for us, sent as it is.
 *
 * After a refusal it is read again: a token that was exchanged in its file or
 * password store works without a restart. */
#include "net/auth_kind.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/secret_place.h"

struct bearer {
    struct sw_auth auth; /* first */
    struct secret_place place;
    struct sw_secret *token; /* NULL: not read; under auth.lock */
};

static struct bearer *of(struct sw_auth *auth)
{
    return (struct bearer *)(void *)auth;
}

/* Reads outside the lock: a slow command of a poll must not hold up an action. */
static enum sw_code read_token(struct bearer *bearer, const struct auth_context *context,
                               struct sw_error *err)
{
    struct sw_secret *token = NULL;
    enum sw_code code = secret_place_read(&bearer->place, false, context->is_cancelled, &token, err);
    if (code == SW_OK)
        code = auth_check_header(token, bearer->place.name, err);
    if (code != SW_OK) {
        sw_secret_free(token);
        return code;
    }
    sw_mutex_lock(&bearer->auth.lock);
    sw_secret_free(bearer->token);
    bearer->token = token;
    sw_mutex_unlock(&bearer->auth.lock);
    return SW_OK;
}

static struct sw_secret *cached(struct bearer *bearer)
{
    sw_mutex_lock(&bearer->auth.lock);
    struct sw_secret *token = secret_ref(bearer->token);
    sw_mutex_unlock(&bearer->auth.lock);
    return token;
}

static enum sw_code apply(struct sw_auth *auth, const struct auth_context *context,
                          struct wire_credential *out, struct sw_error *err)
{
    struct bearer *bearer = of(auth);
    enum sw_code code = SW_OK;
    while (code == SW_OK && !(out->bearer = cached(bearer)))
        code = read_token(bearer, context, err);
    return code;
}

static void refused(struct sw_auth *auth, const struct wire_credential *used)
{
    struct bearer *bearer = of(auth);
    sw_mutex_lock(&auth->lock);
    if (bearer->token == used->bearer) {
        sw_secret_free(bearer->token);
        bearer->token = NULL;
    }
    sw_mutex_unlock(&auth->lock);
}

static void close_bearer(struct sw_auth *auth)
{
    sw_secret_free(of(auth)->token);
    secret_place_clear(&of(auth)->place);
}

static const struct auth_kind kind = {
    .name = "bearer",
    .apply = apply,
    .refused = refused,
    .close = close_bearer,
};

enum sw_code sw_auth_bearer_open(const struct sw_node *node, struct sw_auth **out,
                                 struct sw_error *err)
{
    *out = NULL;
    struct secret_place place;
    enum sw_code code = secret_place_init(&place, node, "token", err);
    if (code != SW_OK)
        return code;
    struct sw_auth *auth = auth_new(sizeof(struct bearer), &kind);
    struct bearer *bearer = of(auth);
    bearer->place = place;
    *out = auth;
    return SW_OK;
}
