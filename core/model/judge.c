/* judge.c: see judge.h. */
#include "model/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* Fewer sessions of the old version than this share are no control. */
static const double control_share_min = 0.01;
/* A rate is taken as known from so many crashes on: one of 100 is within a tenth, and the smallest
 * alternative, 1.25, gains nothing on average from a ratio of 1.1. */
static const double known_rate_crashes_min = 100;

/* Some buckets and the test on them. */
struct part {
    struct sw_verdict_options options;
    const struct sw_verdict_bucket *buckets;
    size_t count;
    size_t offset; /* of the first in the table */
};

/* ----------------------------------------------------------------- the control */

/* Where the last stretch begins in which the old version has too few sessions; count: nowhere. */
static size_t uncontrolled_from(const struct sw_verdict_bucket *buckets, size_t count, size_t day)
{
    size_t from = count;
    double n_new = 0, n_old = 0;
    for (size_t i = count; i > 0; i--) {
        n_new += buckets[i - 1].n_new;
        n_old += buckets[i - 1].n_old;
        if (n_new > 0 && n_old < control_share_min * (n_new + n_old))
            from = i - 1;
    }
    return count - from >= day ? from : count;
}

static struct sw_value rate_before(const struct sw_verdict_bucket *buckets, size_t end)
{
    double bad = 0, n = 0;
    for (size_t i = 0; i < end; i++) {
        bad += buckets[i].bad_old;
        n += buckets[i].n_old;
    }
    return (struct sw_value){n > 0 ? bad / n : 0, bad >= known_rate_crashes_min};
}

/* Without a control for a day, and with a rate that is known. */
static void use_old_rate(const struct sw_verdict_bucket *buckets, size_t count, size_t day,
                         struct sw_verdict_options *options)
{
    size_t from = uncontrolled_from(buckets, count, day);
    if (from == count)
        return;
    options->old_rate = rate_before(buckets, from);
    options->old_rate_from = options->old_rate.is_known ? from : 0;
}

/* ------------------------------------------------------------------------ a part */

/* The buckets from `offset` to `end`, with the place of the known rate moved along. */
static struct part part_of(const struct sw_verdict_options *options,
                           const struct sw_verdict_bucket *buckets, size_t offset, size_t end)
{
    struct part part = {*options, buckets + offset, end - offset, offset};
    size_t from = options->old_rate_from;
    part.options.old_rate_from = from > offset ? from - offset : 0;
    return part;
}

/* Power is asked of one kind of evidence: where the control has gone, of what came since. */
static struct part without_control(const struct part *part)
{
    struct part out = *part;
    size_t from = part->options.old_rate_from;
    if (!part->options.old_rate.is_known || from == 0)
        return out;
    if (from >= part->count) {
        out.options.old_rate = (struct sw_value){0};
        return out;
    }
    out.options.old_rate_from = 0;
    out.buckets += from;
    out.count -= from;
    return out;
}

/* Where the buckets do not fill the soak window yet, as if they went on as they are. */
static bool can_decide(const struct part *part)
{
    size_t first = 0, count = part->count;
    while (first < count && !sw_verdict_counts(part->options.old_rate, &part->buckets[first]))
        first++;
    size_t length = count - first;
    if (length == 0 || length >= part->options.soak)
        return sw_verdict_can_decide(&part->options, part->buckets, count);
    double factor = (double)part->options.soak / (double)length;
    struct sw_verdict_bucket *grown = sw_xcalloc(length, sizeof *grown);
    for (size_t i = 0; i < length; i++) {
        const struct sw_verdict_bucket *from = &part->buckets[first + i];
        grown[i] = (struct sw_verdict_bucket){from->bad_new * factor, from->n_new * factor,
                                              from->bad_old * factor, from->n_old * factor};
    }
    bool answer = sw_verdict_can_decide(&part->options, grown, length);
    free(grown);
    return answer;
}

static struct sw_value known(double value)
{
    return (struct sw_value){value, true};
}

static void fill(const struct sw_buckets *buckets, const struct part *part,
                 const struct sw_verdict_row *row, struct sw_judged *out)
{
    struct sw_grounds *grounds = &out->grounds;
    int64_t width_ms = (int64_t)buckets->bucket_s * SW_SECOND_MS;
    out->state = row->state;
    out->ratio = row->ratio;
    out->ratio_low = row->ratio_low;
    out->ratio_high = row->ratio_high;
    out->log_e = known(row->log_e);
    out->n_new = known(row->n_new);
    out->n_old = known(row->n_old);
    grounds->log_e_max = known(row->log_e_max);
    grounds->bad_new = known(row->bad_new);
    grounds->bad_old = known(row->bad_old);
    grounds->bucket_count = row->number;
    grounds->is_halt_advised = row->is_halt_advised;
    grounds->is_old_rate_known =
        part->options.old_rate.is_known && row->index >= part->options.old_rate_from;
    if (row->state == SW_VERDICT_WORSE)
        out->since_ms =
            buckets->start_ms + (int64_t)(part->offset + row->since_index) * width_ms;
}

static void judge_part(const struct sw_buckets *buckets, const struct part *part,
                       struct sw_judged *out)
{
    struct sw_verdict_row row = sw_verdict_judge(&part->options, part->buckets, part->count);
    out->grounds.e_warn = 1 / part->options.alpha;
    out->grounds.e_halt = 1 / part->options.alpha_halt;
    if (row.state == SW_VERDICT_UNKNOWN)
        return;
    fill(buckets, part, &row, out);
    if (row.state != SW_VERDICT_NOT_ENOUGH_DATA)
        return;
    struct part power = without_control(part);
    out->grounds.can_decide = can_decide(&power);
    out->grounds.sees = sw_verdict_sees(&power.options, power.buckets, power.count);
}

/* ------------------------------------------------------------------- the whole */

static void find_sides(const struct sw_verdict_bucket *buckets, size_t count,
                       struct sw_judged *out)
{
    for (size_t i = 0; i < count; i++) {
        out->has_new = out->has_new || buckets[i].n_new > 0;
        out->has_old = out->has_old || buckets[i].n_old > 0;
    }
}

static size_t first_after(const struct sw_buckets *buckets, int64_t ms)
{
    int64_t width_ms = (int64_t)buckets->bucket_s * SW_SECOND_MS;
    size_t at = 0;
    while (at < buckets->count && buckets->start_ms + (int64_t)at * width_ms < ms)
        at++;
    return at;
}

static void judge_before(const struct part *part, struct sw_grounds *grounds)
{
    struct sw_verdict_row row = sw_verdict_judge(&part->options, part->buckets, part->count);
    grounds->before = row.state;
    if (row.state == SW_VERDICT_UNKNOWN)
        return;
    grounds->before_ratio = row.ratio;
    grounds->before_log_e_max = known(row.log_e_max);
}

static void judge_all(const struct sw_buckets *buckets, const struct sw_verdict_bucket *all,
                      const struct sw_judge_options *with, struct sw_judged *out)
{
    size_t day = (size_t)(SW_DAY_MS / SW_SECOND_MS / buckets->bucket_s);
    day = day > 0 ? day : 1;
    struct sw_verdict_options options = sw_verdict_options_default(SW_BUCKETS_DAYS * day);
    size_t soak = with->soak_s > 0 ? (size_t)(with->soak_s / buckets->bucket_s) : day;
    options.soak = soak > 0 ? soak : 1;
    use_old_rate(all, buckets->count, day, &options);
    out->grounds.bucket_s = buckets->bucket_s;
    out->grounds.starts = options.starts;
    out->grounds.soak = options.soak;
    if (with->event == 0) {
        struct part part = part_of(&options, all, 0, buckets->count);
        judge_part(buckets, &part, out);
        return;
    }
    size_t from = first_after(buckets, with->event_ms);
    struct part before = part_of(&options, all, 0, from);
    options = sw_verdict_options_event(&options, with->event);
    struct part after = part_of(&options, all, from, buckets->count);
    judge_before(&before, &out->grounds);
    judge_part(buckets, &after, out);
}

void sw_judge(const struct sw_buckets *buckets, const struct sw_judge_options *options,
              struct sw_judged *out)
{
    *out = (struct sw_judged){
        .observed_at_ms = buckets->read_ms[SW_SIDE_NEW] < buckets->read_ms[SW_SIDE_OLD]
                              ? buckets->read_ms[SW_SIDE_NEW]
                              : buckets->read_ms[SW_SIDE_OLD],
        .grounds = {.event = options->event, .event_ms = options->event_ms},
    };
    if (buckets->count == 0)
        return;
    struct sw_verdict_bucket *all = sw_xcalloc(buckets->count, sizeof *all);
    sw_buckets_expand(buckets, all);
    out->grounds.true_for_ms = sw_buckets_end_ms(buckets);
    find_sides(all, buckets->count, out);
    judge_all(buckets, all, options, out);
    free(all);
}

/* --------------------------------------------------------------------- the gate */

static void say_ratio(const struct sw_judged *it, char *text, size_t size)
{
    char high[24] = "?";
    if (it->ratio_high.is_known)
        sw_format(high, sizeof high, "%.1f", it->ratio_high.value);
    if (it->ratio.is_known)
        sw_format(text, size, "%.1fx (%.1f-%s), n %.0f", it->ratio.value, it->ratio_low.value, high,
                  it->n_new.value);
    else
        sw_format(text, size, "n %.0f", it->n_new.value);
}

static void say_sees(const struct sw_judged *it, char *text, size_t size)
{
    /* Rounded up: what is promised to be seen. */
    if (it->grounds.sees.is_known)
        sw_format(text, size, "; sees >= %.1fx", ceil(it->grounds.sees.value * 10) / 10);
    else
        sw_copy(text, size, "");
}

enum sw_gate_verdict sw_judge_gate(const struct sw_judged *it, char *reason, size_t size)
{
    char ratio[80], sees[40];
    const char *after = it->grounds.event > 0 ? " since the last halt or fix" : "";
    say_ratio(it, ratio, sizeof ratio);
    say_sees(it, sees, sizeof sees);
    if (it->state == SW_VERDICT_WORSE) {
        sw_format(reason, size, "WORSE%s: %s, E reached %.4g of %.3g%s", after, ratio,
                  sw_verdict_e(it->grounds.log_e_max.value), it->grounds.e_warn,
                  it->grounds.is_stale ? ", by old data" : "");
        return SW_GATE_FAIL;
    }
    if (it->grounds.is_stale) {
        sw_copy(reason, size, "the counts of both versions are too old to judge");
        return SW_GATE_STALE;
    }
    if (it->state == SW_VERDICT_NOT_WORSE) {
        sw_format(reason, size, "not twice as bad%s: %s", after, ratio);
        return SW_GATE_PASS;
    }
    if (it->state == SW_VERDICT_NOT_ENOUGH_DATA) {
        sw_format(reason, size, "%s%s: %s%s",
                  it->grounds.can_decide ? "not enough data" : "too few users to be sure", after,
                  ratio, sees);
        return it->grounds.can_decide ? SW_GATE_WAIT : SW_GATE_PASS;
    }
    sw_format(reason, size, "no closed bucket has sessions of both versions%s", after);
    /* After a halt or a fix it is a matter of minutes, not of a source that tells nothing. */
    bool is_begun_anew = it->grounds.event > 0 && it->has_new && it->has_old;
    return is_begun_anew ? SW_GATE_WAIT : SW_GATE_UNKNOWN;
}
