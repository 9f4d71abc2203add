/* buckets.h: the table a platform's verdict stands on, kept over the whole rollout. Pure.
 *
 * A source gives the last day anew with each poll, for both versions; what it says of that day
 * replaces what was kept (crashes are counted when the app is started again, so closed buckets
 * change). Older buckets are kept as they were, 14 days in all. Only closed buckets of both versions
 * are in it. Another version, previous version, source or metric begins a new table.
 *
 * At most 4,033 slots of 16 bytes with buckets of five minutes; a source with narrower ones than a
 * minute is not counted. */
#pragma once

#include "model/verdict.h"

enum { SW_BUCKETS_DAYS = 14, SW_BUCKET_MIN_S = 60 };

/* What the counts are of. */
struct sw_buckets_key {
    char identity[SW_LABEL_MAX], version[SW_WORD_MAX], build[SW_WORD_MAX];
    char previous_version[SW_WORD_MAX], previous_build[SW_WORD_MAX];
    char source[SW_ID_MAX];
    enum sw_metric metric;
};
bool sw_buckets_key_same(const struct sw_buckets_key *a, const struct sw_buckets_key *b);

/* One slot; all zero: nothing is known of it. */
struct sw_counts {
    uint32_t bad_new, n_new, bad_old, n_old;
};

struct sw_buckets {
    struct sw_buckets_key key;
    int64_t start_ms;          /* of the first slot */
    int bucket_s;              /* 0: there is no table */
    size_t count;
    struct sw_counts *slots;   /* owned */
    int64_t read_ms[2];        /* when the series folded last were read, by side; 0: none in this run */
    int64_t saved_end_ms;      /* how far the file goes that it is kept in; 0: there is none */
    uint64_t revision;         /* grows with each change */
};
void sw_buckets_clear(struct sw_buckets *buckets);
/* The end of the last slot; 0 without a table. */
int64_t sw_buckets_end_ms(const struct sw_buckets *buckets);

/* Takes in what a source gave of both sides. True when the table has changed. */
bool sw_buckets_fold(struct sw_buckets *buckets, const struct sw_buckets_key *key,
                     const struct sw_series *new_side, const struct sw_series *old_side,
                     int64_t now_ms);
/* Takes over the slots of an earlier run that are not known here, where they are of the same; an
 * empty table takes all of it. `earlier` is left empty. */
void sw_buckets_adopt(struct sw_buckets *buckets, struct sw_buckets *earlier);

/* As the verdict wants them; `out` has room for count. */
void sw_buckets_expand(const struct sw_buckets *buckets, struct sw_verdict_bucket *out);
