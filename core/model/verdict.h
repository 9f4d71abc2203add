/*
 * verdict.h: the parts of the sequential verdict. Pure: no clock, no I/O, no thread.
 *
 * The public face (options, rows, judging a table) is in slipway.h; docs/verdict.md has the
 * formulas and what they guarantee. Everything is recomputed from the table of buckets, so that
 * data that comes late revises the past. All evidence is kept as logarithms: a million crashes
 * overflow nothing.
 *
 *   verdict_evidence.c  one bucket's step on the grid, E_cum, E_onset, E
 *   verdict_exposure.c  the ratio and its interval over some buckets
 *   verdict_power.c     what would show by now
 *   verdict.c           the fold over a table: state, since
 *   verdict_align.c     two series to one table
 *   verdict_table.c     JSON lines to a table;  verdict_json.c: the answer as JSON
 */
#pragma once

#include "model/observation.h"

enum { SW_VERDICT_GRID = 6 };

/* The alternatives, as factors of the null's ratio, each of weight 1/6. */
extern const double sw_verdict_factor[SW_VERDICT_GRID];
extern const double sw_verdict_factor_log[SW_VERDICT_GRID];

/* UP: the null is "not above"; DOWN: its mirror, "not below", with factors 1 / f. */
enum sw_verdict_side { SW_VERDICT_UP = 0, SW_VERDICT_DOWN };

/* The rate that stands in for the control in this bucket of the table; unknown: there is a control. */
struct sw_value sw_verdict_old_rate(const struct sw_verdict_options *options, size_t index);
/* Does the bucket say anything? Not: no session on a side, or no counts. */
bool sw_verdict_counts(struct sw_value old_rate, const struct sw_verdict_bucket *bucket);

/* What a bucket adds to the logarithm of each alternative against `ratio`. */
void sw_verdict_steps(const struct sw_verdict_bucket *bucket, struct sw_value old_rate,
                      double ratio, enum sw_verdict_side side, double steps[SW_VERDICT_GRID]);

/* ln of the mean of exp: the mixture over the grid. */
double sw_verdict_log_mean(const double logs[SW_VERDICT_GRID]);

/* Evidence as of the last bucket added. */
struct sw_evidence {
    double starts;                 /* K */
    size_t t;                      /* buckets added */
    double cum[SW_VERDICT_GRID];   /* each alternative since the first bucket */
    double onset[SW_VERDICT_GRID]; /* ln A: the same over all starts, weighted */
    double log_e_cum, log_e_onset, log_e;
    double log_e_max; /* of log_e, over all buckets so far */
};
void sw_evidence_init(struct sw_evidence *evidence, size_t starts);
void sw_evidence_add(struct sw_evidence *evidence, const double steps[SW_VERDICT_GRID]);

/* ------------------------------------------------------------------- exposure */

/* Shares of traffic are kept on a lattice in ln(n_new / n_old), 8 points a unit; every bucket is
 * spread over the 10 nearest with weights of Lagrange. What is asked of a table is a sum over its
 * buckets of a function that is analytic in that logarithm, up to pi away from the real axis, so
 * that the lattice gives it to 12 digits while its length does not grow with the table's. */
enum {
    SW_LATTICE_STENCIL = 10,
    SW_LATTICE_PER_UNIT = 8,
    SW_LATTICE_HALF = 320, /* exp(40) to 1 */
    SW_LATTICE_SIZE = 2 * SW_LATTICE_HALF,
};

/* The sum of some buckets, as far as their ratio needs it. */
struct sw_exposure {
    double bad_new, n_new, bad_old, n_old;
    double expected;   /* crashes of the new version at ratio 1, where the old rate is known */
    size_t first, end; /* lattice points in use */
    double weight[SW_LATTICE_SIZE]; /* crashes of both sides */
    double odds[SW_LATTICE_SIZE];   /* n_new / n_old of each point */
};
void sw_exposure_init(struct sw_exposure *exposure);
/* Forgets the buckets. */
void sw_exposure_reset(struct sw_exposure *exposure);
void sw_exposure_add(struct sw_exposure *exposure, const struct sw_verdict_bucket *bucket,
                     struct sw_value old_rate);

/* ln E_cum of the buckets against a null ratio > 0. */
double sw_exposure_log_e(const struct sw_exposure *exposure, double ratio,
                         enum sw_verdict_side side);
/* The likeliest common ratio; 0 without crashes of the new version, unknown when it is infinite or
 * nothing crashed. */
struct sw_value sw_exposure_ratio(const struct sw_exposure *exposure);
/* The smallest null ratio with E_cum < exp(log_limit); 0 when all are. */
double sw_exposure_low(const struct sw_exposure *exposure, double log_limit);
/* The largest with the mirror's; unknown when there is none. */
struct sw_value sw_exposure_high(const struct sw_exposure *exposure, double log_limit);

/* ------------------------------------------------------------------ alignment */

/* One table out of two series: slot i is [start_ms + i * bucket_s, + bucket_s). */
struct sw_verdict_table {
    int64_t start_ms;
    int bucket_s;
    size_t count;
    struct sw_verdict_bucket *buckets; /* owned; a slot without data on both sides is all zero */
};

/* Pairs the buckets of the new and the old version by their time. Only what was closed when both
 * series were read and is closed at now_ms is taken: an open bucket would count sessions whose
 * crashes are still to come. Of two widths the wider one is used, where the narrow buckets fill it
 * without gap or doublet. Nothing in common (no width divides the other, buckets that never meet):
 * false, and an empty table. */
bool sw_verdict_align(const struct sw_series *new_side, const struct sw_series *old_side,
                      int64_t now_ms, struct sw_verdict_table *table);
/* The same, keeping also what nobody of one side came to: after a rollout the old version has none. */
bool sw_verdict_align_any(const struct sw_series *new_side, const struct sw_series *old_side,
                          int64_t now_ms, struct sw_verdict_table *table);
/* The first slot that starts at ms or later; count when there is none. A test since an event is on
 * the buckets from there on. */
size_t sw_verdict_table_from(const struct sw_verdict_table *table, int64_t ms);
void sw_verdict_table_clear(struct sw_verdict_table *table);
