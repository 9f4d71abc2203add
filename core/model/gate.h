/* gate.h: rules on metrics, and what they say now. Pure. */
#pragma once

#include "slipway.h"

struct sw_gate_rule {
    char id[64];
    enum sw_metric metric;
    struct sw_value warn, critical; /* PASS up to warn, WARN from warn to critical, FAIL beyond */
    int window_s;
    double min_sample;              /* below it WAIT */
    bool is_blocking;
    int stage;                      /* 1-based stage it is for; 0: always */
    bool is_verdict;                /* on the verdict (judge.h) instead of limits */
};

/* The default minimum sample: 300 / (100 - warn) where falling is bad,
 * 300 / warn where rising is bad and the unit is percent, else 300. */
double sw_gate_min_sample_preset(enum sw_metric metric, struct sw_value warn);

/* The default gates of a platform kind (docs/configuration.md lists them).
 * Returns how many; the array is const. */
size_t sw_gate_presets(enum sw_kind kind, const struct sw_gate_rule **rules);

/* Judges one rule against the deciding reading (NULL: none). stage_index is
 * 0-based, -1 unknown. A rule for another stage gives PASS with the reason
 * "not in this stage". reason gets the words, figure and limit included. */
enum sw_gate_verdict sw_gate_judge(const struct sw_gate_rule *rule, const struct sw_health *health,
                                   int stage_index, char *reason, size_t reason_size);

/* FAIL > STALE > UNKNOWN > WARN > WAIT > PASS. */
enum sw_gate_verdict sw_gate_worse(enum sw_gate_verdict a, enum sw_gate_verdict b);
