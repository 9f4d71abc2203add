/*
 * verdict.c: the fold over a table of buckets: state, since, ratio (slipway.h, verdict.h).
 *
 * A row costs the grid, the starts that can still be the likeliest, and two roots on a lattice of
 * fixed size; nothing walks over the whole table again, so that every row of a long table can be
 * printed. sw_verdict_judge takes the same steps and makes the last row only.
 */
#include "model/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

/* A bucket that the fault may have begun with. */
struct start {
    size_t number, index;
    double before[SW_VERDICT_GRID]; /* each alternative's evidence up to it */
};

struct fold {
    const struct sw_verdict_options *options;
    const struct sw_verdict_bucket *buckets;
    struct sw_evidence evidence;
    size_t start_count, start_room;
    struct start *starts;           /* by number */
    double mirror[SW_VERDICT_GRID]; /* against the margin, over the soak window */
    size_t window_begin;            /* index of its first bucket */
    struct sw_exposure all, tail;   /* of every bucket; of those since `tail_begin` */
    size_t tail_begin, tail_end;
};

/* ------------------------------------------------------------------- options */

struct sw_verdict_options sw_verdict_options_default(size_t starts)
{
    /* A day, K being the buckets of 14; below K = 336 buckets are longer than an hour, or K was
     * chosen for another reason than their width. */
    const size_t soak_days = 14, soak_min = 24;
    size_t day = (starts + soak_days - 1) / soak_days;
    return (struct sw_verdict_options){
        .r0 = 1,
        .starts = starts > 0 ? starts : 1,
        .alpha = 0.05,
        .alpha_halt = 0.01,
        .margin = 2,
        .beta = 0.05,
        .soak = day > soak_min ? day : soak_min,
    };
}

struct sw_verdict_options sw_verdict_options_event(const struct sw_verdict_options *options,
                                                   unsigned k)
{
    const double pi_squared = 9.8696044010893586;
    struct sw_verdict_options out = *options;
    double part = 6 / (pi_squared * (double)k * (double)k);
    out.alpha *= part;
    out.alpha_halt *= part;
    return out;
}

/* --------------------------------------------------------------------- since */

/* The likeliest start so far, the earliest of equals. */
static const struct start *best_start(const struct fold *fold)
{
    const struct start *best = NULL;
    double most = -HUGE_VAL;
    for (size_t i = 0; i < fold->start_count; i++) {
        const struct start *start = &fold->starts[i];
        double logs[SW_VERDICT_GRID];
        double bound = -HUGE_VAL;
        for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
            logs[j] = fold->evidence.cum[j] - start->before[j];
            bound = fmax(bound, logs[j]);
        }
        if (best != NULL && bound <= most)
            continue; /* a mean is not above its greatest */
        double log_e = sw_verdict_log_mean(logs);
        if (best == NULL || log_e > most) {
            best = start;
            most = log_e;
        }
    }
    sw_assert(best != NULL); /* the first bucket that counts is a start */
    return best;
}

static bool is_above(const double a[SW_VERDICT_GRID], const double b[SW_VERDICT_GRID])
{
    for (size_t j = 0; j < SW_VERDICT_GRID; j++) {
        if (a[j] < b[j])
            return false;
    }
    return true;
}

/* A start with more evidence before it, for every alternative, will never be the likeliest: what
 * comes after is the same for both. Few are left, so that looking for the best of them is cheap. */
static void add_start(struct fold *fold, size_t index)
{
    const double *now = fold->evidence.cum;
    size_t kept = 0;
    for (size_t i = 0; i < fold->start_count; i++) {
        if (is_above(now, fold->starts[i].before))
            return;
    }
    for (size_t i = 0; i < fold->start_count; i++) {
        if (!is_above(fold->starts[i].before, now))
            fold->starts[kept++] = fold->starts[i];
    }
    fold->start_count = kept;
    if (kept == fold->start_room) {
        fold->start_room = fold->start_room * 2 + 16;
        fold->starts = sw_xrealloc_array(fold->starts, fold->start_room, sizeof *fold->starts);
    }
    struct start *start = &fold->starts[fold->start_count++];
    *start = (struct start){.number = fold->evidence.t + 1, .index = index};
    memcpy(start->before, now, sizeof start->before);
}

/* ---------------------------------------------------------------- the window */

static void add_mirror(struct fold *fold, size_t index, double sign)
{
    double steps[SW_VERDICT_GRID];
    const struct sw_verdict_bucket *bucket = &fold->buckets[index];
    struct sw_value old_rate = sw_verdict_old_rate(fold->options, index);
    if (!sw_verdict_counts(old_rate, bucket))
        return;
    sw_verdict_steps(bucket, old_rate, fold->options->margin, SW_VERDICT_DOWN, steps);
    for (size_t j = 0; j < SW_VERDICT_GRID; j++)
        fold->mirror[j] += sign * steps[j];
}

/* The last `soak` buckets of the table, skipped ones included: it is a stretch of time. */
static void move_window(struct fold *fold, size_t index)
{
    add_mirror(fold, index, 1);
    for (; index - fold->window_begin >= fold->options->soak; fold->window_begin++)
        add_mirror(fold, fold->window_begin, -1);
}

/* ------------------------------------------------------------------------ rows */

static void fold_init(struct fold *fold, const struct sw_verdict_options *options,
                      const struct sw_verdict_bucket *buckets)
{
    memset(fold, 0, sizeof *fold);
    fold->options = options;
    fold->buckets = buckets;
    sw_evidence_init(&fold->evidence, options->starts);
    sw_exposure_init(&fold->all);
    sw_exposure_init(&fold->tail);
}

static bool fold_add(struct fold *fold, size_t index)
{
    double steps[SW_VERDICT_GRID];
    const struct sw_verdict_options *options = fold->options;
    const struct sw_verdict_bucket *bucket = &fold->buckets[index];
    struct sw_value old_rate = sw_verdict_old_rate(options, index);
    if (!sw_verdict_counts(old_rate, bucket))
        return false;
    add_start(fold, index);
    sw_verdict_steps(bucket, old_rate, options->r0, SW_VERDICT_UP, steps);
    sw_evidence_add(&fold->evidence, steps);
    sw_exposure_add(&fold->all, bucket, old_rate);
    move_window(fold, index);
    return true;
}

static const struct sw_exposure *exposure_since(struct fold *fold, size_t begin, size_t end)
{
    if (begin != fold->tail_begin || end < fold->tail_end) {
        sw_exposure_reset(&fold->tail);
        fold->tail_begin = fold->tail_end = begin;
    }
    for (; fold->tail_end < end; fold->tail_end++) {
        const struct sw_verdict_bucket *bucket = &fold->buckets[fold->tail_end];
        struct sw_value old_rate = sw_verdict_old_rate(fold->options, fold->tail_end);
        if (sw_verdict_counts(old_rate, bucket))
            sw_exposure_add(&fold->tail, bucket, old_rate);
    }
    return &fold->tail;
}

static enum sw_verdict state_of(const struct fold *fold)
{
    const struct sw_verdict_options *options = fold->options;
    if (fold->evidence.log_e_max >= -log(options->alpha))
        return SW_VERDICT_WORSE;
    if (sw_verdict_log_mean(fold->mirror) >= -log(options->beta))
        return SW_VERDICT_NOT_WORSE;
    return SW_VERDICT_NOT_ENOUGH_DATA;
}

static void row_of(struct fold *fold, size_t index, struct sw_verdict_row *row)
{
    const double p_min = 1e-300;
    const struct sw_evidence *evidence = &fold->evidence;
    const struct start *start = best_start(fold);
    double log_limit = log(2 / fold->options->alpha);
    *row = (struct sw_verdict_row){
        .index = index,
        .number = evidence->t,
        .state = state_of(fold),
        .is_halt_advised = evidence->log_e_max >= -log(fold->options->alpha_halt),
        .log_e_cum = evidence->log_e_cum,
        .log_e_onset = evidence->log_e_onset,
        .log_e = evidence->log_e,
        .log_e_max = evidence->log_e_max,
        .p = fmax(fmin(1, exp(-evidence->log_e_max)), p_min),
        .since = start->number,
        .since_index = start->index,
    };
    const struct sw_exposure *over = &fold->all;
    if (row->state == SW_VERDICT_WORSE)
        over = exposure_since(fold, start->index, index + 1);
    row->ratio = sw_exposure_ratio(over);
    row->ratio_low = (struct sw_value){sw_exposure_low(over, log_limit), true};
    row->ratio_high = sw_exposure_high(over, log_limit);
    row->bad_new = over->bad_new;
    row->n_new = over->n_new;
    row->bad_old = over->bad_old;
    row->n_old = over->n_old;
}

size_t sw_verdict_rows(const struct sw_verdict_options *options,
                       const struct sw_verdict_bucket *buckets, size_t count,
                       struct sw_verdict_row *rows)
{
    struct fold fold;
    size_t made = 0;
    fold_init(&fold, options, buckets);
    for (size_t i = 0; i < count; i++) {
        if (fold_add(&fold, i))
            row_of(&fold, i, &rows[made++]);
    }
    free(fold.starts);
    return made;
}

struct sw_verdict_row sw_verdict_judge(const struct sw_verdict_options *options,
                                       const struct sw_verdict_bucket *buckets, size_t count)
{
    struct fold fold;
    struct sw_verdict_row row = {.state = SW_VERDICT_UNKNOWN};
    size_t last = count;
    fold_init(&fold, options, buckets);
    for (size_t i = 0; i < count; i++) {
        if (fold_add(&fold, i))
            last = i;
    }
    if (last < count)
        row_of(&fold, last, &row);
    free(fold.starts);
    return row;
}
