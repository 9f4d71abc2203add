/* addresses.h: the last address each host answered from, for the day the name server is down.
 *
 * A halt must not wait for a name lookup that hangs: after a failed one an
 * action goes to the address that answered last. TLS still checks that it is
 * the same host. Thread-safe; at most 64 hosts, the one not heard from for the
 * longest time goes first. */
#pragma once

#include <stdbool.h>

#include "base/thread.h"

enum { ADDRESSES_MAX = 64, ADDRESS_TEXT = 64 };

struct addresses {
    struct sw_mutex lock;
    unsigned clock; /* counts notes */
    struct address {
        char place[300];            /* "host:port"; empty: free */
        char address[ADDRESS_TEXT]; /* IPv4 or IPv6 */
        unsigned noted;
    } list[ADDRESSES_MAX];
};

void addresses_init(struct addresses *addresses);
void addresses_clear(struct addresses *addresses);
void addresses_note(struct addresses *addresses, const char *host, int port, const char *address);
/* False: never heard from. */
bool addresses_find(struct addresses *addresses, const char *host, int port,
                    char out[ADDRESS_TEXT]);
