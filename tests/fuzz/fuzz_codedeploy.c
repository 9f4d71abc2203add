/*
 * fuzz_codedeploy.c: whatever CodeDeploy answers, the rollout holds together, every verb has either
 * an effect or a reason, and acting on it ends in a code.
 */
#include <stdint.h>

#include "base/assert.h"
#include "base/mem.h"
#include "replies.h"

extern const struct sw_source_kind sw_source_codedeploy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = INT64_C(1768899750000);

static void check_verbs(struct sw_flow *flow, const struct sw_rollout *before)
{
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        struct sw_source_offer offer;
        struct sw_error err = {0};
        const struct sw_act act = {.verb = (enum sw_verb)verb, .before = before};
        sw_source_codedeploy.offer(sw_flow_target(flow, 0), before, act.verb, &offer);
        sw_assert(offer.is_possible ? offer.effect[0] && !offer.reason[0] : offer.reason[0] != 0);
        /* A halt is never taken for done by the state it was asked in. */
        if (act.verb == SW_VERB_HALT && offer.is_possible)
            sw_assert(!sw_source_codedeploy.is_seen(&act, before));
        replies_check_error(flow_act(flow, &act, &err), &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replies replies;
    struct sw_error err = {0};
    struct sw_flow *flow =
        flow_new(&sw_source_codedeploy, "id: d\nkind: codedeploy\nregion: eu-west-1\n");
    flow_set_now(flow, now);
    flow_add_target(flow, SW_ROLE_ROLLOUT,
                    "application: A\ndeployment_group: G\ncluster: c\nservice: s\n");
    replies_init(&replies, data, size);
    flow_perform_with(flow, replies_perform, &replies);
    enum sw_code code = flow_observe(flow, &err);
    replies_check(flow, 1, now);
    replies_check_error(code, &err);
    if (flow_rollout(flow, 0)) {
        struct sw_rollout before = {0};
        sw_rollout_copy(&before, flow_rollout(flow, 0));
        check_verbs(flow, &before);
        sw_rollout_clear(&before);
    }
    flow_free(flow);
    return 0;
}
