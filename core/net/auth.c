/* auth.c: what all kinds of credential have in common. */
#include "net/auth_kind.h"

#include <stdlib.h>

#include "base/error.h"

void auth_init(struct sw_auth *auth, const struct auth_kind *kind)
{
    auth->kind = kind;
    sw_mutex_init(&auth->lock);
    sw_cond_init(&auth->changed);
}

void sw_auth_free(struct sw_auth *auth)
{
    if (!auth)
        return;
    auth->kind->close(auth);
    sw_cond_clear(&auth->changed);
    sw_mutex_clear(&auth->lock);
    free(auth);
}

enum sw_code auth_check_header(const struct sw_secret *secret, const char *what,
                               struct sw_error *err)
{
    size_t len = 0;
    const char *bytes = sw_secret_bytes(secret, &len);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f)
            return sw_fail(err, SW_E_CONFIG,
                           "the %s holds a blank, a control character or something not ASCII at "
                           "byte %zu; is it the whole token and nothing else?",
                           what, i + 1);
    return SW_OK;
}
