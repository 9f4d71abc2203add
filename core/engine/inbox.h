/* inbox.h: many threads put messages in, one thread takes them out, nobody waits for a lock.
 *
 * A stack of linked messages: pushing is one compare-and-swap, taking is one exchange of the whole
 * stack (so there is no ABA problem), turned round into the order of arrival. The reader's thread
 * pushes commands and takes outcomes through it, which is why it must never block. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct sw_core;

struct sw_message {
    struct sw_message *next; /* the inbox's, while it is in there */
    /* Called by the taker with the message, which it frees. NULL where the taker knows. */
    void (*handle)(struct sw_core *core, struct sw_message *message);
};

struct sw_inbox {
    _Atomic(struct sw_message *) top;
};

void sw_inbox_init(struct sw_inbox *inbox);
/* Any thread. True when the inbox was empty: the taker may be asleep, wake it. */
bool sw_inbox_push(struct sw_inbox *inbox, struct sw_message *message);
/* The taker's thread: everything there is, oldest first, linked by next; NULL when empty. */
struct sw_message *sw_inbox_take(struct sw_inbox *inbox);
