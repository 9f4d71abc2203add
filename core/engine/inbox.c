/* inbox.c: see inbox.h. */
#include "engine/inbox.h"

#include <stddef.h>

void sw_inbox_init(struct sw_inbox *inbox)
{
    atomic_init(&inbox->top, NULL);
}

bool sw_inbox_push(struct sw_inbox *inbox, struct sw_message *message)
{
    struct sw_message *top = atomic_load_explicit(&inbox->top, memory_order_relaxed);
    do {
        message->next = top;
    } while (!atomic_compare_exchange_weak_explicit(&inbox->top, &top, message,
                                                    memory_order_acq_rel, memory_order_relaxed));
    return top == NULL;
}

struct sw_message *sw_inbox_take(struct sw_inbox *inbox)
{
    struct sw_message *newest = atomic_exchange_explicit(&inbox->top, NULL, memory_order_acquire);
    struct sw_message *oldest = NULL;
    while (newest != NULL) {
        struct sw_message *older = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}
