/*
 * verdict_align.c: two series, one table (verdict.h).
 *
 * Sources give what they have: hours beside five minutes, holes where nobody came, a last bucket
 * that is still filling. A pair that does not cover the same time would compare a quiet hour with a
 * busy one, so whatever does not fit is left out, never guessed.
 */
#include "model/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define SLOTS_MAX 100000

struct grid {
    int64_t start_ms, width_ms, closed_ms;
    size_t count;
};

/* The remainder that is never negative. */
static int64_t phase(int64_t ms, int64_t width_ms)
{
    int64_t rest = ms % width_ms;
    return rest < 0 ? rest + width_ms : rest;
}

static bool is_plausible(const struct sw_bucket *bucket)
{
    return isfinite(bucket->n) && isfinite(bucket->bad) && bucket->bad >= 0 &&
           bucket->bad <= bucket->n;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A time that a clock can show: sums of two stay in range. */
static bool is_time(int64_t ms)
{
    const int64_t most = INT64_C(253402300800000); /* the year 10000 */
    return ms >= -most && ms <= most;
}

/* From when to when a series speaks. */
static void extent(const struct sw_series *series, int64_t *first_ms, int64_t *end_ms)
{
    bool has_any = false;
    *first_ms = *end_ms = 0;
    for (size_t i = 0; i < series->count; i++) {
        int64_t start_ms = series->buckets[i].start_ms;
        if (!is_time(start_ms))
            continue;
        int64_t stop_ms = start_ms + (int64_t)series->bucket_s * 1000;
        if (!has_any || start_ms < *first_ms)
            *first_ms = start_ms;
        if (!has_any || stop_ms > *end_ms)
            *end_ms = stop_ms;
        has_any = true;
    }
}

static bool find_grid(const struct sw_series *a, const struct sw_series *b, int64_t now_ms,
                      struct grid *grid)
{
    int64_t first[2], end[2];
    if (a->count == 0 || b->count == 0 || a->bucket_s <= 0 || b->bucket_s <= 0)
        return false;
    const struct sw_series *wide = a->bucket_s >= b->bucket_s ? a : b;
    const struct sw_series *narrow = wide == a ? b : a;
    if (wide->bucket_s % narrow->bucket_s != 0)
        return false;
    extent(a, &first[0], &end[0]);
    extent(b, &first[1], &end[1]);
    grid->width_ms = (int64_t)wide->bucket_s * 1000;
    int64_t anchor = wide == a ? first[0] : first[1];
    int64_t from = first[0] > first[1] ? first[0] : first[1];
    grid->start_ms = from + phase(anchor - from, grid->width_ms);
    grid->closed_ms = earlier(now_ms, earlier(end[0], end[1]));
    if (a->observed_at_ms != 0)
        grid->closed_ms = earlier(grid->closed_ms, a->observed_at_ms);
    if (b->observed_at_ms != 0)
        grid->closed_ms = earlier(grid->closed_ms, b->observed_at_ms);
    if (grid->closed_ms <= grid->start_ms)
        return false;
    int64_t slots = (grid->closed_ms - grid->start_ms) / grid->width_ms;
    grid->count = slots > 0 && slots <= SLOTS_MAX ? (size_t)slots : 0;
    return grid->count > 0;
}

/* The sums of one side in each slot; what is not filled exactly once is no data: -1. */
static struct sw_bucket *fill(const struct grid *grid, const struct sw_series *series)
{
    struct sw_bucket *slots = sw_xcalloc(grid->count, sizeof *slots);
    uint32_t *filled = sw_xcalloc(grid->count, sizeof *filled);
    int64_t width_ms = (int64_t)series->bucket_s * 1000;
    for (size_t i = 0; i < series->count; i++) {
        const struct sw_bucket *bucket = &series->buckets[i];
        int64_t from = is_time(bucket->start_ms) ? bucket->start_ms - grid->start_ms : -1;
        if (from < 0 || from / grid->width_ms >= (int64_t)grid->count)
            continue;
        size_t at = (size_t)(from / grid->width_ms);
        if (phase(from, width_ms) != 0 || !is_plausible(bucket))
            continue;
        slots[at].n += bucket->n;
        slots[at].bad += bucket->bad;
        filled[at]++;
    }
    for (size_t i = 0; i < grid->count; i++) {
        if (filled[i] != (uint32_t)(grid->width_ms / width_ms))
            slots[i].n = slots[i].bad = -1;
    }
    free(filled);
    return slots;
}

/* Nobody came on a side: that is a fact, unlike a side that was not read. */
static bool is_kept(const struct sw_bucket *new_slot, const struct sw_bucket *old_slot,
                    bool is_one_enough)
{
    if (new_slot->n < 0 || old_slot->n < 0)
        return false;
    return is_one_enough ? new_slot->n > 0 || old_slot->n > 0 : new_slot->n > 0 && old_slot->n > 0;
}

static bool align(const struct sw_series *new_side, const struct sw_series *old_side,
                  int64_t now_ms, bool is_one_enough, struct sw_verdict_table *table)
{
    struct grid grid;
    bool has_any = false;
    *table = (struct sw_verdict_table){0};
    if (!find_grid(new_side, old_side, now_ms, &grid))
        return false;
    struct sw_bucket *news = fill(&grid, new_side);
    struct sw_bucket *olds = fill(&grid, old_side);
    table->buckets = sw_xcalloc(grid.count, sizeof *table->buckets);
    table->start_ms = grid.start_ms;
    table->bucket_s = (int)(grid.width_ms / 1000);
    table->count = grid.count;
    for (size_t i = 0; i < grid.count; i++) {
        if (!is_kept(&news[i], &olds[i], is_one_enough))
            continue;
        has_any = true;
        table->buckets[i] = (struct sw_verdict_bucket){
            .bad_new = news[i].bad, .n_new = news[i].n, .bad_old = olds[i].bad, .n_old = olds[i].n};
    }
    free(news);
    free(olds);
    if (!has_any)
        sw_verdict_table_clear(table);
    return has_any;
}

bool sw_verdict_align(const struct sw_series *new_side, const struct sw_series *old_side,
                      int64_t now_ms, struct sw_verdict_table *table)
{
    return align(new_side, old_side, now_ms, false, table);
}

bool sw_verdict_align_any(const struct sw_series *new_side, const struct sw_series *old_side,
                          int64_t now_ms, struct sw_verdict_table *table)
{
    return align(new_side, old_side, now_ms, true, table);
}

size_t sw_verdict_table_from(const struct sw_verdict_table *table, int64_t ms)
{
    size_t at = 0;
    while (at < table->count && table->start_ms + (int64_t)at * table->bucket_s * 1000 < ms)
        at++;
    return at;
}

void sw_verdict_table_clear(struct sw_verdict_table *table)
{
    free(table->buckets);
    *table = (struct sw_verdict_table){0};
}
