/* shared_buckets.h: the buckets of one series, shared by the model and every snapshot that shows them.
 *
 * They never change once made: a newer answer of the source makes new ones. So they need no copy
 * for each snapshot (with 500 platforms that was 9 MB, 20 times a second), only a count of who
 * holds them; the last one frees. Any thread. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "slipway.h"

struct sw_shared_buckets {
    atomic_size_t holders;
    size_t count;
    struct sw_bucket items[];
};

/* A copy, held once; NULL when there are none. */
struct sw_shared_buckets *sw_shared_buckets_new(const struct sw_bucket *items, size_t count);
/* Both accept NULL. */
struct sw_shared_buckets *sw_shared_buckets_ref(struct sw_shared_buckets *buckets);
void sw_shared_buckets_unref(struct sw_shared_buckets *buckets);
