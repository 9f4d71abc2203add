/* app_store_scene.h: polls of the App Store one after the other, each knowing what the last one
 * reported. */
#pragma once

#include "support/flow.h"

struct scene {
    struct sw_flow *flow;
    struct sw_target *target;
    struct sw_rollout last; /* of the last poll that reported one */
};

/* The app's id is configured, so that no look-up comes first. */
void scene_init(struct scene *scene);
void scene_clear(struct scene *scene);
/* One poll on this script; a request that differs fails the test. */
enum sw_code scene_poll_code(struct scene *scene, const struct flow_step *steps, size_t count,
                             struct sw_error *err);
/* The same, which must succeed. */
const struct sw_rollout *scene_poll(struct scene *scene, const struct flow_step *steps,
                                    size_t count);

#define POLL(scene, ...)                                                                           \
    scene_poll(scene, (const struct flow_step[]){__VA_ARGS__},                                     \
               sizeof((const struct flow_step[]){__VA_ARGS__}) / sizeof(struct flow_step))
