/* auth.c: what all kinds of credential have in common. */
#include "net/auth_kind.h"

#include <stdlib.h>

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
