/* actions.c: the engine's side of actions: starting their threads, folding what they read, judging
 * them by policy, and turning their end into an outcome.
 *
 * A halt never waits: not for a slot, not for a poll, not for another verb on its platform (that
 * one is told to yield). Any other verb is refused while something else runs there. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

/* ---------------------------------------------------------------- messages */

/* From a run to the engine. */
struct run_message {
    struct sw_message message;
    struct sw_run *run;
    struct sw_flow *flow; /* REPORTS: owned */
    bool flag;            /* asking; held */
    char *text;
    int64_t accepted_ms, seen_ms;
    char release[SW_RELEASE_TEXT];
    struct sw_record record;
    struct sw_error error;
};

static struct run_message *new_message(struct sw_run *run,
                                       void (*handle)(struct sw_core *, struct sw_message *))
{
    struct run_message *message = sw_xcalloc(1, sizeof *message);
    message->message.handle = handle;
    message->run = run;
    return message;
}

static void post(struct run_message *message)
{
    sw_core_post(message->run->core, &message->message);
}

static struct sw_model_action *action_of(struct sw_core *core, const struct sw_run *run)
{
    return sw_model_action(&core->engine.model, run->id);
}

/* ---------------------------------------------------------------- judgement */

/* NULL when a reload has taken its platform away or bound it to something else. */
static struct sw_model_platform *platform_of(struct sw_core *core, const struct sw_run *run)
{
    size_t index = run->setup == NULL
                       ? SIZE_MAX
                       : sw_setup_same_target(core->engine.setup, run->setup, run->platform);
    return index == SIZE_MAX ? NULL : &core->engine.model.platforms[index];
}

/* A halt whose platform is no more what it was goes on where it was asked: judged by the offer of
 * its own setup's source for what it has just read itself. The run waits for this, so that `last`
 * is not being written. */
static void judge_alone(struct sw_core *core, struct sw_run *run, struct sw_judgement *judgement)
{
    struct sw_target target = run->setup->platforms[run->platform].rollout;
    target.plan = &run->plan;
    target.rollout = &run->last;
    if (run->has_last)
        sw_run_kind_of(run)->offer(&target, &run->last, run->verb, &judgement->offer);
    const struct sw_policy_input input = {
        .verb = run->verb, .offer = &judgement->offer, .is_read_only = core->is_read_only};
    sw_policy_judge(&input, &judgement->policy);
}

static void judge(struct sw_core *core, struct sw_run *run)
{
    struct sw_engine *engine = &core->engine;
    struct sw_judgement judgement = {0};
    struct sw_policy_input input = {0};
    struct sw_model_platform *platform = platform_of(core, run);
    sw_core_release_name(core, judgement.release);
    judgement.is_gone = platform == NULL && run->verb != SW_VERB_HALT;
    if (platform == NULL && run->verb == SW_VERB_HALT) {
        judge_alone(core, run, &judgement);
    } else if (platform != NULL) {
        sw_view_policy_input(&engine->model, platform, run->verb, sw_engine_now(core), &input);
        input.is_read_only = core->is_read_only;
        input.has_override = run->override_text != NULL;
        sw_policy_judge(&input, &judgement.policy);
        judgement.offer = platform->offers[run->verb];
        judgement.has_rollout = platform->has_rollout;
        if (platform->has_rollout)
            sw_rollout_copy(&judgement.rollout, &platform->rollout);
    }
    sw_run_answer(run, &judgement);
}

/* A ledger has the name of the release: git is given a moment to tell it. */
static bool is_judged_later(struct sw_core *core, struct sw_run *run)
{
    if (core->engine.is_release_known || !sw_polls_is_train_pending(core))
        return false;
    run->judge_until_ms = sw_time_mono_ms() + core->tuning.release_wait_ms;
    return true;
}

static void judge_waiting(struct sw_core *core, struct sw_run *run)
{
    if (run->judge_until_ms > sw_time_mono_ms() && !core->engine.is_stopping &&
        !core->engine.is_release_known && sw_polls_is_train_pending(core))
        return;
    run->judge_until_ms = 0;
    judge(core, run);
}

static void show_before(struct sw_core *core, const struct sw_run *run)
{
    struct sw_model_action *action = action_of(core, run);
    const struct sw_model_platform *platform = platform_of(core, run);
    if (action == NULL || platform == NULL || !platform->has_rollout)
        return;
    sw_copy(action->version, sizeof action->version, platform->rollout.version);
    action->percent_before = platform->rollout.percent_set;
    action->percent_after = platform->offers[run->verb].to_percent;
}

static void handle_reports(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    core->engine.reducer.now_ms = sw_engine_now(core);
    sw_reducer_fold(&core->engine.reducer, message->flow);
    if (message->flag) {
        show_before(core, message->run);
        if (!is_judged_later(core, message->run))
            judge(core, message->run);
    }
    sw_engine_changed(core, true);
    sw_flow_free(message->flow);
    free(message);
}

void sw_run_tell_reports(struct sw_run *run, struct sw_flow *flow, bool is_asking)
{
    struct run_message *message = new_message(run, handle_reports);
    message->flow = flow;
    message->flag = is_asking;
    post(message);
}

/* ----------------------------------------------------------------- progress */

static void handle_progress(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    struct sw_model_action *action = action_of(core, message->run);
    if (action != NULL) {
        sw_copy(action->text, sizeof action->text, message->text);
        action->accepted_ms = message->accepted_ms;
        sw_engine_changed(core, true);
    }
    free(message->text);
    free(message);
}

void sw_run_tell_progress(struct sw_run *run, const char *text)
{
    struct run_message *message = new_message(run, handle_progress);
    message->text = sw_xstrdup(text);
    message->accepted_ms = run->accepted_ms;
    post(message);
}

static void handle_record(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    char release[SW_LABEL_MAX];
    sw_core_release_name(core, release);
    if (message->record.kind == SW_EVENT_INTENT)
        sw_copy(message->run->told_intent, sizeof message->run->told_intent, message->record.uuid);
    if (!strcmp(release, message->release))
        sw_watch_add(core, &message->record);
    else
        sw_unsettled_note(core, message->release, &message->record);
    core->engine.is_watch_wanted = true;
    sw_record_clear(&message->record);
    free(message);
}

void sw_run_tell_record(struct sw_run *run, const char *release, const struct sw_record *record)
{
    struct run_message *message = new_message(run, handle_record);
    sw_copy(message->release, sizeof message->release, release);
    sw_record_copy(&message->record, record);
    post(message);
}

static void handle_notice(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    sw_notice_lost(core, message->run->platform_id, message->text);
    sw_log_write(core->log, SW_LOG_WARN, "engine", "%s", message->text);
    free(message->text);
    free(message);
}

void sw_run_tell_notice(struct sw_run *run, const char *text)
{
    struct run_message *message = new_message(run, handle_notice);
    message->text = sw_xstrdup(text);
    post(message);
}

static void handle_ledger(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    core->engine.model.is_ledger_ok = false;
    sw_model_set_text(&core->engine.model.ledger_error, message->error.text);
    sw_log_error(core->log, SW_LOG_ERROR, "ledger", &message->error);
    sw_engine_changed(core, true);
    free(message);
}

void sw_run_tell_ledger(struct sw_run *run, const struct sw_error *error)
{
    struct run_message *message = new_message(run, handle_ledger);
    message->error = *error;
    post(message);
}

/* ------------------------------------------------------------------- holding */

static void hold(struct sw_core *core, struct sw_run *run, bool is_held)
{
    if (run->setup == NULL || run->is_holding == is_held)
        return;
    run->is_holding = is_held;
    sw_polls_hold(core, run->setup, run->platform, is_held);
}

static void handle_hold(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    hold(core, message->run, message->flag);
    free(message);
}

void sw_run_tell_hold(struct sw_run *run, bool is_held)
{
    struct run_message *message = new_message(run, handle_hold);
    message->flag = is_held;
    post(message);
}

/* ----------------------------------------------------------------------- end */

static struct sw_outcome *make_outcome(const struct sw_run *run)
{
    struct sw_outcome *outcome = sw_outcome_new(run->id, run->command, run->verb, run->platform_id);
    outcome->result = run->result;
    outcome->error = run->error;
    outcome->text = sw_xstrdup(run->text);
    outcome->asked_ms = run->asked_ms;
    outcome->accepted_ms = run->accepted_ms;
    outcome->seen_ms = run->seen_ms;
    return outcome;
}

static void show_end(struct sw_core *core, const struct sw_run *run)
{
    struct sw_model_action *action = action_of(core, run);
    if (action == NULL)
        return;
    action->accepted_ms = run->accepted_ms;
    action->seen_ms = run->seen_ms;
    action->result = run->result;
    if (run->result == SW_RESULT_SEEN && run->to_percent.is_known)
        action->percent_after = run->to_percent;
    sw_copy(action->text, sizeof action->text, run->text);
}

static bool is_counted_halt(const struct sw_run *run)
{
    return run->kind == SW_RUN_VERB && !run->is_dry_run &&
           (run->verb == SW_VERB_HALT || run->is_part);
}

/* A settlement that found nothing to settle leaves no trace. */
static void drop_action(struct sw_core *core, const struct sw_run *run)
{
    struct sw_model *model = &core->engine.model;
    struct sw_model_action *action = action_of(core, run);
    if (action == NULL)
        return;
    size_t behind = model->action_count - (size_t)(action - model->actions) - 1;
    memmove(action, action + 1, behind * sizeof *action);
    model->action_count--;
}

/* The picture shows the end before the outcome is there to be taken. */
static void finish(struct sw_core *core, struct sw_run *run)
{
    struct sw_outcome *outcome = run->kind == SW_RUN_SETTLE ? NULL : make_outcome(run);
    if (run->kind == SW_RUN_SETTLE && run->result == SW_RESULT_NONE)
        drop_action(core, run);
    else
        show_end(core, run);
    const struct sw_model_platform *platform = platform_of(core, run);
    if (run->kind == SW_RUN_VERB && !run->is_dry_run && platform != NULL)
        sw_rights_note(core, run, (size_t)(platform - core->engine.model.platforms));
    if (run->text != NULL)
        sw_log_write(core->log, SW_LOG_INFO, "action", "%s %s: %s: %s", sw_verb_name(run->verb),
                     run->platform_id, sw_result_name(run->result), run->text);
    if (is_counted_halt(run))
        atomic_fetch_sub(&core->halts, 1);
    if (run->kind == SW_RUN_VERB && run->verb == SW_VERB_HALT && run->result == SW_RESULT_SEEN)
        sw_notice_halted(core, run->platform_id);
    sw_unsettled_show(core);
    core->engine.is_changed = true;
    sw_engine_publish(core);
    if (outcome == NULL)
        return;
    if (run->parent != 0)
        sw_group_end_part(core, run, outcome);
    else
        sw_core_deliver(core, outcome);
}

static void handle_over(struct sw_core *core, struct sw_message *m)
{
    struct run_message *message = (struct run_message *)m;
    struct sw_run *run = message->run;
    free(message);
    sw_thread_join(&run->thread);
    for (struct sw_run **at = &core->engine.runs; *at != NULL; at = &(*at)->next) {
        if (*at == run) {
            *at = run->next;
            break;
        }
    }
    hold(core, run, false);
    finish(core, run);
    bool is_settled = run->kind == SW_RUN_SETTLE;
    sw_run_free(run);
    if (is_settled)
        sw_command_retry(core);
}

void sw_run_tell_over(struct sw_run *run)
{
    post(new_message(run, handle_over));
}

/* --------------------------------------------------------------------- start */

static bool is_there(const struct sw_run *run, const char *platform)
{
    return run->kind == SW_RUN_VERB && !run->is_dry_run && !strcmp(run->platform_id, platform);
}

bool sw_actions_is_busy(const struct sw_core *core, const char *platform)
{
    for (const struct sw_run *run = core->engine.runs; run != NULL; run = run->next)
        if (is_there(run, platform))
            return true;
    for (const struct sw_run *run = core->engine.runs_waiting; run != NULL; run = run->next)
        if (is_there(run, platform))
            return true;
    return false;
}

bool sw_actions_is_settling(const struct sw_core *core, const char *platform)
{
    if (core->engine.has_scanned && !core->engine.is_scan_over)
        return true;
    for (const struct sw_run *run = core->engine.runs; run != NULL; run = run->next)
        if (run->kind == SW_RUN_SETTLE && !strcmp(run->platform_id, platform))
            return true;
    for (const struct sw_run *run = core->engine.runs_waiting; run != NULL; run = run->next)
        if (run->kind == SW_RUN_SETTLE && !strcmp(run->platform_id, platform))
            return true;
    return false;
}

static void make_yield(struct sw_run *runs, const struct sw_run *halt)
{
    for (struct sw_run *run = runs; run != NULL; run = run->next)
        if (run != halt && run->verb != SW_VERB_HALT && is_there(run, halt->platform_id))
            sw_run_yield(run);
}

/* Those that wait for a thread, too. */
static void make_others_yield(struct sw_core *core, const struct sw_run *halt)
{
    make_yield(core->engine.runs, halt);
    make_yield(core->engine.runs_waiting, halt);
}

static bool start_thread(struct sw_core *core, struct sw_run *run, struct sw_error *err)
{
    char name[16];
    struct sw_engine *engine = &core->engine;
    sw_format(name, sizeof name, "sw-action-%u", (unsigned)(run->id % 100000));
    run->next = engine->runs;
    engine->runs = run;
    if (sw_thread_start(&run->thread, SW_THREAD_ACTION, name, SW_RUN_STACK, sw_run_main, run,
                        err) == SW_OK)
        return true;
    engine->runs = run->next;
    return false;
}

/* What the engine knows now goes along. */
static void give_knowledge(struct sw_core *core, struct sw_run *run)
{
    struct sw_engine *engine = &core->engine;
    const struct sw_model_platform *platform = sw_model_platform(&engine->model, run->platform_id);
    if (platform == NULL || run->kind == SW_RUN_TICK)
        return;
    run->setup = sw_setup_ref(engine->setup);
    run->platform = (size_t)(platform - engine->model.platforms);
    run->plan = platform->plan;
    run->has_last = platform->has_rollout;
    if (platform->has_rollout)
        sw_rollout_copy(&run->last, &platform->rollout);
}

static void show_start(struct sw_core *core, const struct sw_run *run)
{
    if (run->kind == SW_RUN_TICK || run->is_dry_run)
        return; /* a dry run is shown to whoever asked, in its outcome */
    struct sw_model_action *action = sw_model_add_action(&core->engine.model, run->id);
    action->parent = run->parent;
    sw_copy(action->platform, sizeof action->platform, run->platform_id);
    action->verb = run->verb;
    action->asked_ms = run->asked_ms;
    sw_copy(action->text, sizeof action->text, "asked");
    show_before(core, run);
}

void sw_actions_start(struct sw_core *core, struct sw_run *run)
{
    struct sw_error error = {0};
    sw_assert_on(SW_THREAD_ENGINE);
    run->asked_ms = sw_engine_now(core);
    give_knowledge(core, run);
    show_start(core, run);
    if (is_there(run, run->platform_id))
        sw_rights_yield(core, run->platform_id);
    if (run->verb == SW_VERB_HALT && run->kind == SW_RUN_VERB && !run->is_dry_run)
        make_others_yield(core, run);
    if (!start_thread(core, run, &error)) {
        sw_log_error(core->log, SW_LOG_WARN, "engine", &error);
        run->next = core->engine.runs_waiting;
        core->engine.runs_waiting = run;
    }
    sw_unsettled_show(core);
    sw_engine_changed(core, true);
}

void sw_actions_retry_threads(struct sw_core *core)
{
    struct sw_error error = {0};
    struct sw_run *waiting = core->engine.runs_waiting;
    core->engine.runs_waiting = NULL;
    while (waiting != NULL) {
        struct sw_run *run = waiting;
        waiting = run->next;
        if (core->engine.is_cancelling || start_thread(core, run, &error)) {
            if (!core->engine.is_cancelling)
                continue;
            sw_run_end(run, SW_RESULT_FAILED, SW_E_CANCELLED,
                       "%s: no thread could be started, nothing was sent", run->platform_id);
            finish(core, run);
            sw_run_free(run);
            continue;
        }
        run->next = core->engine.runs_waiting;
        core->engine.runs_waiting = run;
    }
}

int64_t sw_actions_wait(const struct sw_core *core)
{
    int64_t now_ms = sw_time_mono_ms();
    int64_t wait_ms = -1;
    for (struct sw_run *run = core->engine.runs; run != NULL; run = run->next) {
        int64_t until_ms =
            run->judge_until_ms != 0 ? run->judge_until_ms : atomic_load(&run->read_until_ms);
        int64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
        if (until_ms != 0 && (wait_ms < 0 || left_ms < wait_ms))
            wait_ms = left_ms;
    }
    return wait_ms;
}

void sw_actions_turn(struct sw_core *core)
{
    int64_t now_ms = sw_time_mono_ms();
    for (struct sw_run *run = core->engine.runs; run != NULL; run = run->next) {
        if (run->judge_until_ms != 0)
            judge_waiting(core, run);
        int64_t until_ms = atomic_load(&run->read_until_ms);
        if (until_ms == 0 || until_ms > now_ms)
            continue;
        atomic_store(&run->read_until_ms, 0);
        sw_run_cut(run);
    }
}

void sw_actions_cancel(struct sw_core *core)
{
    for (struct sw_run *run = core->engine.runs; run != NULL; run = run->next)
        sw_run_cancel(run);
}

void sw_actions_cancel_readers(struct sw_core *core)
{
    for (struct sw_run *run = core->engine.runs; run != NULL; run = run->next)
        if (run->kind == SW_RUN_SETTLE || run->is_dry_run)
            sw_run_cancel(run);
}

static bool is_in(const struct sw_run *run, const char *uuid)
{
    for (; run != NULL; run = run->next)
        if (!strcmp(run->told_intent, uuid))
            return true;
    return false;
}

bool sw_actions_is_known(const struct sw_core *core, const char *uuid)
{
    return is_in(core->engine.runs, uuid) || is_in(core->engine.runs_waiting, uuid);
}

void sw_actions_settle(struct sw_core *core, const char *release, const struct sw_record *intent)
{
    if (sw_actions_is_known(core, intent->uuid))
        return;
    struct sw_run *run = sw_run_new(core, SW_RUN_SETTLE, sw_core_next_id(core));
    sw_copy(run->platform_id, sizeof run->platform_id, intent->platform);
    sw_copy(run->settle_release, sizeof run->settle_release, release);
    sw_copy(run->told_intent, sizeof run->told_intent, intent->uuid);
    run->verb = intent->verb;
    sw_record_copy(&run->intent, intent);
    sw_actions_start(core, run);
    struct sw_model_action *action = action_of(core, run);
    action->asked_ms = intent->at_ms;
    action->is_settlement = true;
}
