/* app_store_scene.c: see app_store_scene.h. */
#include "wire/app_store_scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/app_store_case.h"

extern const struct sw_source_kind sw_source_app_store;

void scene_init(struct scene *scene)
{
    *scene = (struct scene){.flow = flow_new(&sw_source_app_store, ACCOUNT)};
    scene->target = flow_add_target(scene->flow, SW_ROLE_ROLLOUT, IOS "app_id: \"1481211155\"\n");
}

void scene_clear(struct scene *scene)
{
    flow_free(scene->flow);
    sw_rollout_clear(&scene->last);
}

enum sw_code scene_poll_code(struct scene *scene, const struct flow_step *steps, size_t count,
                             struct sw_error *err)
{
    flow_script(scene->flow, steps, count);
    enum sw_code code = flow_observe(scene->flow, err);
    if (flow_mismatch(scene->flow))
        fail_msg("%s", flow_mismatch(scene->flow));
    const struct sw_rollout *rollout = flow_rollout(scene->flow, 0);
    if (rollout) {
        sw_rollout_clear(&scene->last);
        sw_rollout_copy(&scene->last, rollout);
        scene->target->rollout = &scene->last;
    }
    return code;
}

const struct sw_rollout *scene_poll(struct scene *scene, const struct flow_step *steps,
                                    size_t count)
{
    struct sw_error err = {0};
    enum sw_code code = scene_poll_code(scene, steps, count, &err);
    if (code != SW_OK)
        fail_msg("poll: %s", err.text);
    return &scene->last;
}
