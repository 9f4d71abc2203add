/* flow.h: what stands behind struct sw_flow in the engine.
 *
 * One run of a source's observe or act: made on the engine or the action thread, used by the one
 * thread that runs it, then emptied of its reports and freed. sources/source.h is what a source
 * sees of it. */
#pragma once

#include "base/fs.h"
#include "engine/report.h"
#include "engine/setup.h"

enum { SW_FLOW_LOCKS_MAX = 4 };

/* What an action adds to a flow. All are called on the flow's thread. */
struct sw_flow_hooks {
    void *arg;
    /* Before each request that changes something upstream; anything but SW_OK ends the flow. */
    enum sw_code (*before_send)(void *arg, const struct sw_operation *operation,
                                struct sw_error *err);
    /* True once the action was told to end. */
    bool (*is_cancelled)(void *arg);
};

/* See flow_lock.c. In use while either is held. */
struct sw_flow_lock {
    char name[SW_LABEL_MAX * 2];
    struct sw_lock lock;
    struct sw_lock announced; /* of an action */
};

struct sw_flow {
    struct sw_setup *setup;
    size_t source;
    const char *release_name; /* fixed by config or option, NULL: auto */
    const char *state_dir;
    int64_t now_ms; /* WORLD */
    bool is_action;
    bool is_dry_run;
    struct sw_channel *channel;        /* NULL: this kind needs no network */
    const struct sw_flow_hooks *hooks; /* NULL: a poll */

    size_t target_count;
    struct sw_target *targets; /* owned copies; plan and rollout point into the two below */
    struct sw_plan *plans;
    struct sw_rollout *rollouts;

    struct sw_reports reports;
    struct sw_flow_lock locks[SW_FLOW_LOCKS_MAX];

    struct sw_buf requests; /* what a dry run would have sent, as text */
    int sent;               /* requests that MUTATE handed to the channel */
    bool is_effect_open;    /* the last of them ended without a definite answer */
};

struct sw_flow_options {
    struct sw_setup *setup;
    size_t source;
    const char *release_name, *state_dir;
    int64_t now_ms;
    bool is_action, is_dry_run;
    const struct sw_flow_hooks *hooks;
};

/* Copies the target templates; plan and rollout of each come from the caller afterwards through
 * sw_flow_give. Opens no channel yet. */
struct sw_flow *sw_flow_new(const struct sw_flow_options *options, size_t target_count,
                            const struct sw_target *targets);
/* The plan as it is now and the last known rollout (NULL: none) for target i; copied. */
void sw_flow_give(struct sw_flow *flow, size_t i, const struct sw_plan *plan,
                  const struct sw_rollout *rollout);
/* Opens the channel where the source has an upstream. */
void sw_flow_connect(struct sw_flow *flow);
/* Gives back the locks, so that the next one need not wait for the engine. */
void sw_flow_release_locks(struct sw_flow *flow);
/* Gives back locks and channel; the reports stay. Not while sw_channel_cancel may be called. */
void sw_flow_finish(struct sw_flow *flow);
void sw_flow_free(struct sw_flow *flow);
