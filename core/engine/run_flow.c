/* run_flow.c: the flows of an action: re-read, send, read back. See run.h.
 *
 * The flow that runs is known to the engine under the run's lock, so that it can be cut short: at
 * the end of the core always, for a halt unless a request that changes something is on its way. */
#include "engine/run.h"

#include "base/mem.h"
#include "engine/engine.h"

/* ------------------------------------------------------------------- hooks */

static bool hook_is_cancelled(void *arg)
{
    const struct sw_run *run = arg;
    return sw_run_is_told_to_end(run) || atomic_load(&run->is_cut);
}

static void set_mutating(struct sw_run *run, bool is_mutating)
{
    sw_mutex_lock(&run->lock);
    run->is_mutating = is_mutating;
    sw_mutex_unlock(&run->lock);
}

/* The last moment before something leaves that could change what users get. */
static enum sw_code hook_before_send(void *arg, const struct sw_operation *operation,
                                     struct sw_error *err)
{
    struct sw_run *run = arg;
    bool is_halt_there = false;
    bool is_mutating = operation->effect == SW_EFFECT_MUTATE && !run->is_dry_run;
    set_mutating(run, is_mutating);
    if (sw_run_is_cancelled(run))
        return sw_fail(err, SW_E_CANCELLED, "told to end before %s", operation->name);
    if (run->verb == SW_VERB_HALT || run->is_dry_run)
        return SW_OK;
    if (is_mutating && !atomic_load(&run->is_yielding)) {
        enum sw_code code = sw_run_look_for_halt(run, &is_halt_there, err);
        if (code != SW_OK)
            return code;
    }
    if (!is_halt_there && !atomic_load(&run->is_yielding))
        return SW_OK;
    run->is_superseded = true;
    return sw_fail(err, SW_E_CANCELLED, "a newer halt came before %s", operation->name);
}

/* ------------------------------------------------------------------- flows */

static struct sw_flow *begin(struct sw_run *run, const struct sw_rollout *rollout)
{
    run->hooks = (struct sw_flow_hooks){
        .arg = run, .before_send = hook_before_send, .is_cancelled = hook_is_cancelled};
    const struct sw_flow_options options = {
        .setup = run->setup,
        .source = run->setup->config->platforms[run->platform].rollout.source,
        .release_name = run->core->release_option != NULL ? run->core->release_option
                                                          : run->setup->config->release_name,
        .state_dir = run->core->state_dir,
        .now_ms = sw_run_now(run),
        .is_action = true,
        .is_dry_run = run->is_dry_run,
        .hooks = &run->hooks,
    };
    struct sw_flow *flow = sw_flow_new(&options, 1, &run->setup->platforms[run->platform].rollout);
    sw_flow_give(flow, 0, &run->plan, rollout);
    sw_flow_connect(flow);
    sw_mutex_lock(&run->lock);
    run->flow = flow;
    run->is_mutating = false;
    sw_mutex_unlock(&run->lock);
    if (hook_is_cancelled(run) && flow->channel != NULL)
        sw_channel_cancel(flow->channel); /* told to end while it was not known yet */
    return flow;
}

static void end(struct sw_run *run, struct sw_flow *flow)
{
    sw_mutex_lock(&run->lock);
    run->flow = NULL;
    run->is_mutating = false;
    sw_mutex_unlock(&run->lock);
    sw_flow_finish(flow);
}

enum sw_code sw_run_read(struct sw_run *run, struct sw_rollout *now, struct sw_error *err)
{
    struct sw_error error = {0};
    bool is_asking = run->kind == SW_RUN_VERB && !run->has_judgement;
    struct sw_flow *flow = begin(run, run->has_last ? &run->last : NULL);
    enum sw_code code = sw_run_kind_of(run)->observe(flow, &error);
    const struct sw_rollout *rollout = sw_reports_rollout(&flow->reports, 0);
    if (code == SW_OK && rollout == NULL)
        code = sw_fail(&error, SW_E_NOT_FOUND, "%s says nothing about %s", sw_flow_source_id(flow),
                       run->platform_id);
    if (code == SW_OK) {
        sw_rollout_copy(now, rollout);
        sw_rollout_clear(&run->last);
        sw_rollout_copy(&run->last, rollout);
        run->has_last = true;
    } else if (err != NULL) {
        *err = error;
        err->code = code;
    }
    end(run, flow);
    sw_run_tell_reports(run, flow, is_asking);
    return code;
}

/* ----------------------------------------------------------------- sending */

/* The upstream's own no: an answer that is neither a success nor a failure of its own. */
static bool is_upstreams_no(const struct sw_error *error)
{
    if (error->http_status != 0)
        return error->http_status >= 300 && error->http_status < 500 && error->http_status != 408 &&
               error->http_status != 429;
    return error->code == SW_E_CONFLICT || error->code == SW_E_DENIED ||
           error->code == SW_E_NOT_FOUND || error->code == SW_E_UNSUPPORTED ||
           error->code == SW_E_IN_REVIEW;
}

static enum sw_run_sent judge_sending(struct sw_run *run, const struct sw_flow *flow,
                                      enum sw_code code, const struct sw_error *error)
{
    if (code == SW_OK)
        return SW_SENT_ACCEPTED;
    if (run->is_superseded)
        return SW_SENT_ENDED; /* the request that would have had effect was held back */
    if (code == SW_E_OUTCOME_UNKNOWN || flow->is_effect_open)
        return SW_SENT_UNSURE;
    if (code == SW_E_CANCELLED && hook_is_cancelled(run))
        return SW_SENT_ENDED;
    return is_upstreams_no(error) ? SW_SENT_REFUSED : SW_SENT_NOT;
}

enum sw_run_sent sw_run_send(struct sw_run *run, struct sw_buf *requests, struct sw_error *err)
{
    struct sw_flow *flow = begin(run, &run->before);
    const struct sw_act act = {.verb = run->verb,
                               .to_percent = run->to_percent,
                               .before = &run->before,
                               .is_blind = run->is_blind,
                               .may_cancel_review = run->may_cancel_review};
    enum sw_code code = sw_run_kind_of(run)->act(flow, &act, err);
    if (code != SW_OK)
        err->code = code;
    enum sw_run_sent sent = judge_sending(run, flow, code, err);
    if (!run->is_dry_run &&
        (flow->is_effect_open || sent == SW_SENT_ACCEPTED || sent == SW_SENT_UNSURE))
        run->is_effect_possible = true;
    if (requests != NULL)
        sw_buf_add(requests, sw_buf_text(&flow->requests));
    end(run, flow);
    sw_run_tell_reports(run, flow, false);
    return sent;
}
