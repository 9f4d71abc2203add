/* auth.c: what all kinds of credential have in common. */
#include "net/auth_kind.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"

struct sw_auth *auth_new(size_t size, const struct auth_kind *kind)
{
    sw_assert(size >= sizeof(struct sw_auth));
    struct sw_auth *auth = sw_xcalloc(1, size);
    auth->kind = kind;
    sw_mutex_init(&auth->lock);
    sw_cond_init(&auth->changed);
    return auth;
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
