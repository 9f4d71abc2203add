/* flow_state.h: what flow.c and flow_answers.c share. Private to them. */
#pragma once

#include "support/flow.h"

enum { LOCKS_MAX = 8, LAST_MAX = 8, TARGETS_MAX = 64, TABLE_MAX = 64, MISMATCH_MAX = 4096 };

struct flow_last {
    char key[128];
    int64_t at_ms;
};

struct sw_flow {
    const struct sw_source_kind *kind;
    struct sw_option *account_table;
    struct sw_document *account;
    size_t target_count;
    struct sw_target *targets[TARGETS_MAX];
    struct sw_option *tables[TARGETS_MAX];
    struct sw_document *bindings[TARGETS_MAX];
    int64_t now_ms;
    bool is_action, is_dry_run, are_locks_busy, are_locks_broken;
    bool has_wanted; /* an action wants every lock once so many requests were sent */
    size_t wanted_after;
    const char *principal;
    struct flow_repository repository;
    const struct flow_step *steps;
    size_t step_count, step_next;
    flow_perform_fn perform;
    void *perform_arg;
    size_t exchanges;
    char mismatch[MISMATCH_MAX];
    char locks[LOCKS_MAX][160]; /* taken in the last run */
    bool is_held[LOCKS_MAX];
    size_t lock_count;
    struct flow_last last[LAST_MAX];
    size_t last_count;
    struct flow_reports reports;
};

/* Forgets what was reported. (It also makes the linker take flow_answers.o with flow.o, before it
 * looks for the sw_flow_* of the engine.) */
void flow_reports_clear(struct sw_flow *flow);
