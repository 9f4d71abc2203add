/* addresses.c: see addresses.h. */
#include "net/addresses.h"

#include <string.h>

#include "base/mem.h"

void addresses_init(struct addresses *addresses)
{
    *addresses = (struct addresses){0};
    sw_mutex_init(&addresses->lock);
}

void addresses_clear(struct addresses *addresses)
{
    sw_mutex_clear(&addresses->lock);
}

/* The entry of the place, or NULL. Lock held. */
static struct address *entry_of(struct addresses *addresses, const char *host, int port)
{
    char place[300];
    sw_mutex_assert_held(&addresses->lock);
    sw_format(place, sizeof(place), "%s:%d", host, port);
    for (int i = 0; i < ADDRESSES_MAX; i++)
        if (strcmp(addresses->list[i].place, place) == 0)
            return &addresses->list[i];
    return NULL;
}

static struct address *oldest(struct addresses *addresses)
{
    struct address *found = &addresses->list[0];
    for (int i = 1; i < ADDRESSES_MAX; i++)
        if (addresses->list[i].noted < found->noted)
            found = &addresses->list[i];
    return found;
}

void addresses_note(struct addresses *addresses, const char *host, int port, const char *address)
{
    if (!address || !*address || strlen(address) >= ADDRESS_TEXT)
        return;
    sw_mutex_lock(&addresses->lock);
    struct address *entry = entry_of(addresses, host, port);
    if (!entry) {
        entry = oldest(addresses);
        sw_format(entry->place, sizeof(entry->place), "%s:%d", host, port);
    }
    sw_copy(entry->address, sizeof(entry->address), address);
    entry->noted = ++addresses->clock;
    sw_mutex_unlock(&addresses->lock);
}

bool addresses_find(struct addresses *addresses, const char *host, int port, char out[ADDRESS_TEXT])
{
    sw_mutex_lock(&addresses->lock);
    const struct address *entry = entry_of(addresses, host, port);
    if (entry)
        sw_copy(out, ADDRESS_TEXT, entry->address);
    sw_mutex_unlock(&addresses->lock);
    return entry != NULL;
}
