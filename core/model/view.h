/* view.h: from the model to a snapshot, and the policy facts of one platform.
 * Pure: the same model and the same now give the same picture. Engine thread. */
#pragma once

#include "model/policy.h"
#include "model/model.h"

/* One allocation (an arena) that the snapshot owns. */
struct sw_snapshot *sw_view_build(struct sw_model *model, int64_t now_ms);

/* Everything sw_policy_judge needs for a verb on a platform as it stands.
 * input->offer points into the platform. */
void sw_view_policy_input(const struct sw_model *model, const struct sw_model_platform *platform,
                          enum sw_verb verb, int64_t now_ms, struct sw_policy_input *input);

/* Is the rollout's reading too old, from the cache, or missing? */
bool sw_view_is_rollout_stale(const struct sw_model *model,
                              const struct sw_model_platform *platform, int64_t now_ms);

/* The next time at which the picture changes by the clock alone (something
 * becomes stale, a soak ends, a step is due); 0: never. */
int64_t sw_view_next_change(const struct sw_model *model, int64_t now_ms);
