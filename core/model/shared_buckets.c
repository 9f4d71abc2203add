/* shared_buckets.c: see shared_buckets.h. */
#include "model/shared_buckets.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

struct sw_shared_buckets *sw_shared_buckets_new(const struct sw_bucket *items, size_t count)
{
    if (count == 0)
        return NULL;
    sw_assert(count < SIZE_MAX / sizeof *items / 2);
    struct sw_shared_buckets *buckets = sw_xcalloc(1, sizeof *buckets + count * sizeof *items);
    atomic_init(&buckets->holders, 1);
    buckets->count = count;
    memcpy(buckets->items, items, count * sizeof *items);
    return buckets;
}

struct sw_shared_buckets *sw_shared_buckets_ref(struct sw_shared_buckets *buckets)
{
    if (buckets != NULL)
        atomic_fetch_add(&buckets->holders, 1);
    return buckets;
}

void sw_shared_buckets_unref(struct sw_shared_buckets *buckets)
{
    if (buckets != NULL && atomic_fetch_sub(&buckets->holders, 1) == 1)
        free(buckets);
}
