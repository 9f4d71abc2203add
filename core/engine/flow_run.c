/* flow_run.c: the life of a flow; see flow.h. What a source sees of it is in flow.c. */
#include "engine/flow.h"

#include "base/mem.h"

enum { DRY_TEXT_MAX = 64 * 1024 };

struct sw_flow *sw_flow_new(const struct sw_flow_options *options, size_t target_count,
                            const struct sw_target *targets)
{
    struct sw_flow *flow = sw_xcalloc(1, sizeof *flow);
    flow->setup = options->setup;
    flow->source = options->source;
    flow->release_name = options->release_name;
    flow->state_dir = options->state_dir;
    flow->now_ms = options->now_ms;
    flow->is_action = options->is_action;
    flow->is_dry_run = options->is_dry_run;
    flow->hooks = options->hooks;
    flow->target_count = target_count;
    flow->targets = sw_xcalloc(target_count + 1, sizeof *flow->targets);
    flow->plans = sw_xcalloc(target_count + 1, sizeof *flow->plans);
    flow->rollouts = sw_xcalloc(target_count + 1, sizeof *flow->rollouts);
    for (size_t i = 0; i < target_count; i++) {
        flow->targets[i] = targets[i];
        flow->targets[i].rollout = NULL;
    }
    sw_buf_init(&flow->requests, DRY_TEXT_MAX);
    return flow;
}

void sw_flow_give(struct sw_flow *flow, size_t i, const struct sw_plan *plan,
                  const struct sw_rollout *rollout)
{
    sw_assert(i < flow->target_count);
    if (plan != NULL) {
        flow->plans[i] = *plan;
        flow->targets[i].plan = &flow->plans[i];
    }
    if (rollout != NULL) {
        sw_rollout_clear(&flow->rollouts[i]);
        sw_rollout_copy(&flow->rollouts[i], rollout);
        flow->targets[i].rollout = &flow->rollouts[i];
    }
}

void sw_flow_connect(struct sw_flow *flow)
{
    struct sw_upstream *upstream = flow->setup->sources[flow->source].upstream;
    if (upstream != NULL && flow->channel == NULL)
        flow->channel = sw_channel_open(upstream, flow->is_action);
}

void sw_flow_release_locks(struct sw_flow *flow)
{
    for (size_t i = 0; i < SW_FLOW_LOCKS_MAX; i++) {
        sw_lock_release(&flow->locks[i].lock);
        sw_lock_release(&flow->locks[i].announced);
    }
}

void sw_flow_finish(struct sw_flow *flow)
{
    sw_flow_release_locks(flow);
    sw_channel_close(flow->channel);
    flow->channel = NULL;
}

void sw_flow_free(struct sw_flow *flow)
{
    if (flow == NULL)
        return;
    sw_flow_finish(flow);
    sw_reports_clear(&flow->reports);
    for (size_t i = 0; i < flow->target_count; i++)
        sw_rollout_clear(&flow->rollouts[i]);
    sw_buf_clear(&flow->requests);
    free(flow->rollouts);
    free(flow->plans);
    free(flow->targets);
    free(flow);
}
