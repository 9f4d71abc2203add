/* auth_kind.h: what a kind of credential gives to the channel. */
#pragma once

#include <stdatomic.h>

#include "base/thread.h"
#include "net/auth.h"
#include "net/wire.h"

/* How an auth asks for a token: one exchange at a place of its own, through the
 * same transport. Its gate is exactly this one operation at this origin. */
typedef enum sw_code (*auth_send_fn)(void *arg, const struct origin *origin,
                                     const struct sw_request *request, struct sw_reply *reply,
                                     struct sw_error *err);

struct auth_context {
    bool is_action;       /* MUST NOT wait for another thread's token */
    auth_send_fn send;
    void *arg;
    const atomic_bool *is_cancelled; /* of the flow: no command is waited for any longer */
};

struct auth_kind {
    const char *name;
    /* MUST. Puts a valid credential into out; may read secrets, may send a
     * token request. Any flow's thread, also several at once. */
    enum sw_code (*apply)(struct sw_auth *auth, const struct auth_context *context,
                          struct wire_credential *out, struct sw_error *err);
    /* MUST. The credential given in `used` was refused: forget it (and what it was made
     * from) unless a newer one is already there. */
    void (*refused)(struct sw_auth *auth, const struct wire_credential *used);
    /* MAY. What the upstream's own error code means: SW_E_AUTH, SW_E_DENIED,
     * SW_E_QUOTA, or SW_OK when the status says it all. Pure. */
    enum sw_code (*classify)(const struct sw_reply *reply);
    /* MUST. Frees all but the struct itself's lock. */
    void (*close)(struct sw_auth *auth);
};

/* The common part, first member of every kind's own struct. */
struct sw_auth {
    const struct auth_kind *kind;
    struct sw_mutex lock;
    struct sw_cond changed;
};
/* Zeroed but for the common part. size is that of the kind's own struct. */
struct sw_auth *auth_new(size_t size, const struct auth_kind *kind);

/* Fit for a header line: visible ASCII only, so that nothing in it can end the
 * line. what names it. Errors: SW_E_CONFIG. */
enum sw_code auth_check_header(const struct sw_secret *secret, const char *what,
                               struct sw_error *err);
