/* judge.h: from a platform's table of buckets to what is said of it, and the gate on it. Pure.
 *
 * The options of the test come from the table and the plan: K is the number of buckets in 14 days,
 * the window of NOT WORSE is the stage's soak. Since the k-th halt or fix a test of its own decides,
 * on the buckets that began after it. Where the old version has less than 1 % of the sessions for a
 * day or more, up to the end, its rate of the time before stands in for the control there. */
#pragma once

#include "model/buckets.h"
#include "model/gate.h"

/* What was found; zeroed: nothing was judged. */
struct sw_judged {
    enum sw_verdict state;
    struct sw_value ratio, ratio_low, ratio_high, log_e;
    struct sw_value n_new, n_old;
    int64_t since_ms; /* of WORSE */
    struct sw_grounds grounds; /* is_stale is the view's to fill */
    int64_t observed_at_ms;
    bool is_cached; /* made by an earlier run */
    bool has_new, has_old; /* sessions of either version are in the table */
};

struct sw_judge_options {
    int64_t soak_s;   /* the window of NOT WORSE; 0: a day */
    unsigned event;   /* k: how many halts and fixes there were */
    int64_t event_ms; /* the newest */
};

void sw_judge(const struct sw_buckets *buckets, const struct sw_judge_options *options,
              struct sw_judged *out);

/* The gate of rules with is_verdict. reason gets the words. */
enum sw_gate_verdict sw_judge_gate(const struct sw_judged *judgement, char *reason, size_t size);
