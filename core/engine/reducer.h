/* reducer.h: folds what flows reported into the model. Engine thread; no clock, no I/O.
 *
 * What follows from a report beyond the model (ask health again, write down a change made outside)
 * is told through the callbacks, so that this part can be tested without an engine. */
#pragma once

#include "engine/flow.h"
#include "model/model.h"

/* What the reducer remembers of a platform beside the model. */
struct sw_reducer_platform {
    bool is_stage_guess; /* stage_since is only when we first looked: an own outcome may be older */
};

struct sw_reducer {
    struct sw_model *model;
    const struct sw_setup *setup;          /* the current one */
    int64_t now_ms; /* WORLD, set before a fold; 0: not told */
    struct sw_reducer_platform *platforms; /* as many as the model has */
    void *arg;
    /* The store shows another version (or previous version): what was read of health is dropped. */
    void (*on_version)(void *arg, size_t platform);
    /* A later reading of this run differs in what only a person changes. */
    void (*on_change)(void *arg, size_t platform, const struct sw_rollout *before,
                      const struct sw_rollout *after);
    /* The repository's release. */
    void (*on_release)(void *arg, const char *name, const char *tag);
};

/* Folds all reports of a finished flow. A poll's flow of an older setup is dropped; an action's is
 * folded where its platform still exists and is bound to the same target. */
void sw_reducer_fold(struct sw_reducer *reducer, const struct sw_flow *flow);

/* Works out when the stage began after the ledger's fold has changed. */
void sw_reducer_refold(struct sw_reducer *reducer);

/* What each verb would do now, asked of the source kind anew. */
void sw_reducer_offer(struct sw_reducer *reducer, size_t platform);

/* Did somebody change this in a console? Steps that the store (Apple's days) or the deploy system
 * takes by itself are not that. text says what, in words. Pure. */
bool sw_reducer_is_outside_change(enum sw_plan_kind plan, const struct sw_rollout *before,
                                  const struct sw_rollout *after, char *text, size_t size);
