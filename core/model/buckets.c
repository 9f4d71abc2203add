/* buckets.c: see buckets.h. */
#include "model/buckets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"

bool sw_buckets_key_same(const struct sw_buckets_key *a, const struct sw_buckets_key *b)
{
    return a->metric == b->metric && !strcmp(a->source, b->source) &&
           !strcmp(a->identity, b->identity) && !strcmp(a->version, b->version) &&
           !strcmp(a->build, b->build) && !strcmp(a->previous_version, b->previous_version) &&
           !strcmp(a->previous_build, b->previous_build);
}

void sw_buckets_clear(struct sw_buckets *buckets)
{
    free(buckets->slots);
    *buckets = (struct sw_buckets){.revision = buckets->revision + 1};
}

int64_t sw_buckets_end_ms(const struct sw_buckets *buckets)
{
    return buckets->start_ms + (int64_t)buckets->count * buckets->bucket_s * SW_SECOND_MS;
}

/* -------------------------------------------------------------------- stretches */

/* Some slots in a row. */
struct stretch {
    int64_t start_ms, width_ms;
    size_t count;
    struct sw_counts *slots;
};

static int64_t end_of(const struct stretch *stretch)
{
    return stretch->start_ms + (int64_t)stretch->count * stretch->width_ms;
}

static struct stretch stretch_of(const struct sw_buckets *buckets)
{
    return (struct stretch){buckets->start_ms, (int64_t)buckets->bucket_s * SW_SECOND_MS,
                            buckets->count, buckets->slots};
}

static bool is_countable(const struct sw_verdict_bucket *bucket)
{
    return bucket->n_new <= (double)UINT32_MAX && bucket->n_old <= (double)UINT32_MAX;
}

/* Sources count in whole numbers; what does not fit stays unknown. */
static struct stretch stretch_of_table(const struct sw_verdict_table *table)
{
    struct stretch out = {table->start_ms, (int64_t)table->bucket_s * SW_SECOND_MS, table->count,
                          sw_xcalloc(table->count + 1, sizeof *out.slots)};
    for (size_t i = 0; i < table->count; i++) {
        const struct sw_verdict_bucket *bucket = &table->buckets[i];
        if (is_countable(bucket))
            out.slots[i] = (struct sw_counts){
                (uint32_t)llround(bucket->bad_new), (uint32_t)llround(bucket->n_new),
                (uint32_t)llround(bucket->bad_old), (uint32_t)llround(bucket->n_old)};
    }
    return out;
}

static int64_t phase(int64_t ms, int64_t width_ms)
{
    int64_t rest = ms % width_ms;
    return rest < 0 ? rest + width_ms : rest;
}

static bool add(uint32_t *sum, uint32_t more)
{
    return !__builtin_add_overflow(*sum, more, sum);
}

/* The sums in slots as wide, and in step with, `like`; a wide slot that is not whole is left out. */
static struct stretch widened(const struct stretch *from, const struct stretch *like)
{
    size_t each = (size_t)(like->width_ms / from->width_ms);
    struct stretch out = {.width_ms = like->width_ms};
    out.start_ms = from->start_ms + phase(like->start_ms - from->start_ms, like->width_ms);
    size_t skip = (size_t)((out.start_ms - from->start_ms) / from->width_ms);
    out.count = from->count > skip ? (from->count - skip) / each : 0;
    out.slots = sw_xcalloc(out.count + 1, sizeof *out.slots);
    for (size_t i = 0; i < out.count * each; i++) {
        const struct sw_counts *slot = &from->slots[skip + i];
        struct sw_counts *sum = &out.slots[i / each];
        if (!add(&sum->bad_new, slot->bad_new) || !add(&sum->n_new, slot->n_new) ||
            !add(&sum->bad_old, slot->bad_old) || !add(&sum->n_old, slot->n_old))
            *sum = (struct sw_counts){0};
    }
    return out;
}

static bool fits(const struct stretch *a, const struct stretch *b)
{
    int64_t narrow = a->width_ms < b->width_ms ? a->width_ms : b->width_ms;
    int64_t wide = a->width_ms < b->width_ms ? b->width_ms : a->width_ms;
    return narrow > 0 && wide % narrow == 0 && phase(a->start_ms - b->start_ms, narrow) == 0;
}

static void copy_slots(struct stretch *to, const struct stretch *from)
{
    for (size_t i = 0; i < from->count; i++) {
        int64_t at = from->start_ms + (int64_t)i * from->width_ms - to->start_ms;
        if (at >= 0 && at / to->width_ms < (int64_t)to->count)
            to->slots[at / to->width_ms] = from->slots[i];
    }
}

/* `over` on `base`, of one width and in step: 14 days back from the end of `over`, which is the newer
 * word. */
static struct stretch joined(const struct stretch *base, const struct stretch *over)
{
    struct stretch out = {.width_ms = over->width_ms};
    int64_t end_ms = end_of(over);
    int64_t first_ms = base->start_ms < over->start_ms ? base->start_ms : over->start_ms;
    int64_t most = SW_BUCKETS_DAYS * SW_DAY_MS / out.width_ms;
    int64_t count = (end_ms - first_ms) / out.width_ms;
    out.count = (size_t)(count < most ? count : most);
    out.start_ms = end_ms - (int64_t)out.count * out.width_ms;
    out.slots = sw_xcalloc(out.count + 1, sizeof *out.slots);
    copy_slots(&out, base);
    copy_slots(&out, over);
    return out;
}

/* The slots of both, where both know it those of `over`. Widths differ when a source has refused a
 * narrow one: the wider stays, so that nothing that was counted is lost. */
static struct stretch overlay(const struct stretch *base, const struct stretch *over)
{
    struct stretch none = {.width_ms = over->width_ms, .start_ms = over->start_ms};
    if (base->count == 0 || !fits(base, over))
        return joined(&none, over);
    if (base->width_ms == over->width_ms)
        return joined(base, over);
    bool is_base_narrow = base->width_ms < over->width_ms;
    struct stretch wide =
        is_base_narrow ? widened(base, over) : widened(over, base);
    struct stretch out = is_base_narrow ? joined(&wide, over) : joined(base, &wide);
    free(wide.slots);
    return out;
}

/* --------------------------------------------------------------------- the table */

/* Takes the slots over; true when they are others than before. */
static bool take(struct sw_buckets *buckets, struct stretch *stretch)
{
    struct stretch before = stretch_of(buckets);
    bool is_same = before.start_ms == stretch->start_ms && before.width_ms == stretch->width_ms &&
                   before.count == stretch->count && before.slots != NULL &&
                   memcmp(before.slots, stretch->slots, before.count * sizeof *before.slots) == 0;
    free(buckets->slots);
    buckets->slots = stretch->slots;
    buckets->start_ms = stretch->start_ms;
    buckets->bucket_s = (int)(stretch->width_ms / SW_SECOND_MS);
    buckets->count = stretch->count;
    buckets->revision += is_same ? 0 : 1;
    return !is_same;
}

bool sw_buckets_fold(struct sw_buckets *buckets, const struct sw_buckets_key *key,
                     const struct sw_series *new_side, const struct sw_series *old_side,
                     int64_t now_ms)
{
    struct sw_verdict_table table;
    bool is_new = !sw_buckets_key_same(&buckets->key, key);
    if (is_new) {
        sw_buckets_clear(buckets);
        buckets->key = *key;
    }
    buckets->read_ms[SW_SIDE_NEW] = new_side->observed_at_ms;
    buckets->read_ms[SW_SIDE_OLD] = old_side->observed_at_ms;
    if (!sw_verdict_align_any(new_side, old_side, now_ms, &table))
        return is_new;
    bool is_changed = is_new;
    if (table.bucket_s >= SW_BUCKET_MIN_S) {
        struct stretch over = stretch_of_table(&table);
        struct stretch base = stretch_of(buckets);
        struct stretch both = overlay(&base, &over);
        is_changed = take(buckets, &both) || is_new;
        free(over.slots);
    }
    sw_verdict_table_clear(&table);
    return is_changed;
}

void sw_buckets_adopt(struct sw_buckets *buckets, struct sw_buckets *earlier)
{
    static const struct sw_buckets_key nobody;
    bool is_empty = sw_buckets_key_same(&buckets->key, &nobody);
    if (is_empty) {
        uint64_t revision = buckets->revision + 1;
        sw_buckets_clear(buckets);
        *buckets = *earlier;
        buckets->revision = revision;
        buckets->saved_end_ms = sw_buckets_end_ms(buckets);
        buckets->read_ms[SW_SIDE_NEW] = buckets->read_ms[SW_SIDE_OLD] = 0;
        *earlier = (struct sw_buckets){0};
        return;
    }
    if (sw_buckets_key_same(&buckets->key, &earlier->key) && earlier->count > 0) {
        struct stretch base = stretch_of(earlier);
        struct stretch over = buckets->count > 0 ? stretch_of(buckets) : base;
        struct stretch both = overlay(&base, &over);
        take(buckets, &both);
        buckets->saved_end_ms = sw_buckets_end_ms(earlier);
    }
    sw_buckets_clear(earlier);
}

void sw_buckets_expand(const struct sw_buckets *buckets, struct sw_verdict_bucket *out)
{
    for (size_t i = 0; i < buckets->count; i++) {
        const struct sw_counts *slot = &buckets->slots[i];
        out[i] = (struct sw_verdict_bucket){slot->bad_new, slot->n_new, slot->bad_old, slot->n_old};
    }
}
