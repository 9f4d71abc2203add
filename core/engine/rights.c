/* rights.c: which verbs the keys may use, asked of the stores without changing anything.
 *
 * A question is a flow of the source kind's `rights` on a worker, with a slot of its source, as a
 * poll. It begins only where nothing acts, settles or polls, one at a time for each source, and is
 * cut short as soon as an action begins on its platform: nobody waits for it. It never begins in
 * read-only mode, and before_send below lets nothing out of it but what its kind may send there.
 *
 * Asked when a person wants it, and in a dashboard once after the start and after each reload,
 * where asking is not felt by others (struct sw_source_kind). Each question has a minute, waiting
 * included; what has no answer by then is not known, which closes nothing.
 *
 * A verb that ends says something, too: one that was done may be done, and one that the upstream
 * denied may not (view.c: that closes no halt). */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"

enum { PATIENCE_MS = 60 * 1000, AGAIN_MS = 200 };

struct sw_rights_job {
    struct sw_job job;
    struct sw_setup *setup; /* a reference */
    size_t platform;        /* in setup */
    struct sw_flow *flow;
    struct sw_flow_hooks hooks;
    atomic_bool is_cut;
    enum sw_code code;
    struct sw_error error;
    struct sw_right_seen seen[SW_VERB_COUNT];
};

static size_t source_of(const struct sw_setup *setup, size_t platform)
{
    return setup->config->platforms[platform].rollout.source;
}

static const struct sw_source_kind *kind_of(const struct sw_setup *setup, size_t platform)
{
    return setup->sources[source_of(setup, platform)].kind;
}

static bool can_ask(const struct sw_core *core, size_t platform)
{
    return core->engine.model.platforms[platform].can_act &&
           kind_of(core->engine.setup, platform)->rights != NULL;
}

/* ------------------------------------------------------------------- words */

static void add_may(struct sw_buf *text, const struct sw_rights_job *job)
{
    bool is_first = true;
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++) {
        if (job->seen[verb].right != SW_RIGHT_MAY)
            continue;
        sw_buf_printf(text, "%s%s", is_first ? "may " : ", ", sw_verb_title((enum sw_verb)verb));
        is_first = false;
    }
}

/* Each answer once, behind the verbs that it is for. */
static void add_answers(struct sw_buf *text, const struct sw_rights_job *job, enum sw_right right,
                        const char *head)
{
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++) {
        const struct sw_right_seen *seen = &job->seen[verb];
        bool is_said = seen->right != right || seen->words[0] == '\0';
        for (int other = SW_VERB_NONE + 1; other < verb && !is_said; other++)
            is_said = !strcmp(job->seen[other].words, seen->words);
        if (is_said)
            continue;
        sw_buf_printf(text, "%s%s", text->len > 0 ? "; " : "", head);
        bool is_first = true;
        for (int other = verb; other < SW_VERB_COUNT; other++) {
            if (strcmp(job->seen[other].words, seen->words) != 0)
                continue;
            sw_buf_printf(text, "%s%s", is_first ? "" : ", ", sw_verb_title((enum sw_verb)other));
            is_first = false;
        }
        sw_buf_printf(text, ": %s", seen->words);
    }
}

static bool has(const struct sw_rights_job *job, enum sw_right right)
{
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++)
        if (job->seen[verb].right == right && job->seen[verb].words[0] != '\0')
            return true;
    return false;
}

static void describe(const struct sw_rights_job *job, struct sw_buf *text)
{
    sw_buf_init(text, 2048);
    add_may(text, job);
    add_answers(text, job, SW_RIGHT_NO, "NO RIGHT to ");
    add_answers(text, job, SW_RIGHT_UNKNOWN, "not known: ");
    if (text->len == 0)
        sw_buf_printf(text, "not known: %s", job->error.text);
}

static void end_part(struct sw_core *core, const struct sw_rights_job *job)
{
    struct sw_outcome *outcome = core->engine.rights.outcome;
    struct sw_buf text, who;
    if (outcome == NULL)
        return;
    const char *principal = sw_flow_principal(job->flow);
    const char *source = job->setup->config->sources[source_of(job->setup, job->platform)].id;
    sw_buf_init(&who, 256);
    sw_buf_printf(&who, "%s%s%s", source, principal != NULL ? ", " : "",
                  principal != NULL ? principal : "");
    describe(job, &text);
    enum sw_result result = SW_RESULT_SEEN;
    enum sw_code code = SW_OK;
    if (has(job, SW_RIGHT_NO)) {
        result = SW_RESULT_REJECTED;
        code = SW_E_DENIED;
    } else if (job->code != SW_OK) {
        result = SW_RESULT_FAILED;
        code = job->code;
    }
    sw_outcome_end(&outcome->parts[job->platform], result, code, "(%s) %s", sw_buf_text(&who),
                   sw_buf_text(&text));
    sw_buf_clear(&who);
    sw_buf_clear(&text);
}

/* ----------------------------------------------------------------- answers */

static bool is_waiting(const struct sw_rights *rights)
{
    for (size_t i = 0; i < rights->count; i++)
        if (rights->platforms[i].is_wanted)
            return true;
    return false;
}

/* Names the platforms whose part ended so; false: none did. */
static bool name_parts(const struct sw_outcome *outcome, enum sw_result result, enum sw_code *code,
                       struct sw_buf *names)
{
    for (size_t i = 0; i < outcome->part_count; i++) {
        const struct sw_outcome *part = &outcome->parts[i];
        if (part->result != result)
            continue;
        sw_buf_printf(names, "%s%s", names->len > 0 ? ", " : "", part->platform);
        *code = part->error.code;
    }
    return names->len > 0;
}

static void end_outcome(struct sw_core *core)
{
    struct sw_outcome *outcome = core->engine.rights.outcome;
    struct sw_buf names;
    enum sw_code code = SW_OK;
    if (outcome == NULL)
        return;
    core->engine.rights.outcome = NULL;
    sw_buf_init(&names, 1024);
    if (name_parts(outcome, SW_RESULT_REJECTED, &code, &names))
        sw_outcome_end(outcome, SW_RESULT_REJECTED, code,
                       "rights are missing: %s; what each key would do there says why",
                       sw_buf_text(&names));
    else if (name_parts(outcome, SW_RESULT_FAILED, &code, &names))
        sw_outcome_end(outcome, SW_RESULT_FAILED, code, "the rights are not known: %s",
                       sw_buf_text(&names));
    else
        sw_outcome_end(outcome, SW_RESULT_SEEN, SW_OK, "no store refused a right for certain");
    sw_buf_clear(&names);
    sw_engine_publish(core);
    sw_core_deliver(core, outcome);
}

/* What is not known changes nothing of what a question before has told. */
static void take_answers(struct sw_core *core, const struct sw_rights_job *job)
{
    struct sw_model_platform *platform = &core->engine.model.platforms[job->platform];
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++) {
        if (job->seen[verb].right == SW_RIGHT_UNKNOWN)
            continue;
        platform->rights[verb] = (struct sw_model_right){.seen = job->seen[verb],
                                                         .at_ms = sw_engine_now(core)};
    }
    struct sw_buf text;
    describe(job, &text);
    sw_log_write(core->log, has(job, SW_RIGHT_NO) ? SW_LOG_WARN : SW_LOG_INFO, "rights", "%s: %s",
                 platform->id, sw_buf_text(&text));
    sw_buf_clear(&text);
    sw_engine_changed(core, true);
}

static void rights_done(struct sw_core *core, struct sw_job *j)
{
    struct sw_rights_job *job = (struct sw_rights_job *)j;
    struct sw_engine *engine = &core->engine;
    bool is_current = job->setup == engine->setup && !engine->is_stopping;
    sw_flow_finish(job->flow);
    sw_polls_give_place(core, job->setup, source_of(job->setup, job->platform));
    if (is_current && engine->rights.platforms[job->platform].job == job) {
        struct sw_rights_platform *mine = &engine->rights.platforms[job->platform];
        mine->job = NULL;
        if (!atomic_load(&job->is_cut)) {
            mine->is_wanted = false;
            take_answers(core, job);
            end_part(core, job);
        }
    }
    sw_polls_hold(core, job->setup, job->platform, false);
    sw_flow_free(job->flow);
    sw_setup_unref(job->setup);
    free(job);
    if (is_current && !is_waiting(&engine->rights))
        end_outcome(core);
}

/* ----------------------------------------------------------------- asking */

/* The promise of this file: what leaves changes nothing that anybody gets. */
static enum sw_code before_send(void *arg, const struct sw_operation *operation,
                                struct sw_error *err)
{
    const struct sw_rights_job *job = arg;
    if (atomic_load(&job->is_cut))
        return sw_fail(err, SW_E_CANCELLED, "an action came before %s", operation->name);
    if (operation->effect == SW_EFFECT_MUTATE && !operation->is_staged)
        return sw_fail(err, SW_E_INTERNAL, "%s is no question; nothing was sent", operation->name);
    return SW_OK;
}

static bool is_cancelled(void *arg)
{
    const struct sw_rights_job *job = arg;
    return atomic_load(&job->is_cut);
}

static void rights_work(struct sw_job *j)
{
    struct sw_rights_job *job = (struct sw_rights_job *)j;
    sw_assert_on(SW_THREAD_WORKER);
    job->code = kind_of(job->setup, job->platform)->rights(job->flow, job->seen, &job->error);
    sw_flow_release_locks(job->flow);
}

static void start(struct sw_core *core, size_t platform)
{
    struct sw_engine *engine = &core->engine;
    struct sw_rights_job *job = sw_xcalloc(1, sizeof *job);
    const struct sw_model_platform *known = &engine->model.platforms[platform];
    job->job.work = rights_work;
    job->job.done = rights_done;
    job->setup = sw_setup_ref(engine->setup);
    job->platform = platform;
    atomic_init(&job->is_cut, false);
    job->hooks = (struct sw_flow_hooks){
        .arg = job, .before_send = before_send, .is_cancelled = is_cancelled};
    const struct sw_flow_options options = {
        .setup = engine->setup,
        .source = source_of(engine->setup, platform),
        .state_dir = core->state_dir,
        .now_ms = sw_engine_now(core),
        .hooks = &job->hooks,
    };
    job->flow = sw_flow_new(&options, 1, &engine->setup->platforms[platform].rollout);
    sw_flow_give(job->flow, 0, &known->plan, known->has_rollout ? &known->rollout : NULL);
    sw_flow_connect(job->flow);
    engine->rights.platforms[platform].job = job;
    sw_polls_hold(core, engine->setup, platform, true);
    sw_engine_submit(core, &job->job);
}

static bool is_source_asked(const struct sw_core *core, size_t source)
{
    const struct sw_rights *rights = &core->engine.rights;
    for (size_t i = 0; i < rights->count; i++)
        if (rights->platforms[i].job != NULL && source_of(core->engine.setup, i) == source)
            return true;
    return false;
}

/* Nobody else is at work on it, and its first reading is there: a dashboard's picture comes first. */
static bool is_free(const struct sw_core *core, size_t platform)
{
    const struct sw_setup *setup = core->engine.setup;
    const char *id = core->engine.model.platforms[platform].id;
    size_t unit = setup->platforms[platform].rollout_unit;
    return !sw_actions_is_busy(core, id) && !sw_actions_is_settling(core, id) &&
           !is_source_asked(core, source_of(setup, platform)) && unit != SIZE_MAX &&
           setup->units[unit].is_attempted && setup->units[unit].place != SW_UNIT_RUNNING;
}

static void cut(struct sw_rights_job *job)
{
    if (job == NULL)
        return;
    atomic_store(&job->is_cut, true);
    if (job->flow->channel != NULL)
        sw_channel_cancel(job->flow->channel);
}

static void give_up(struct sw_core *core, size_t platform)
{
    struct sw_rights *rights = &core->engine.rights;
    struct sw_rights_platform *mine = &rights->platforms[platform];
    mine->is_wanted = false;
    cut(mine->job);
    if (rights->outcome != NULL)
        sw_outcome_end(&rights->outcome->parts[platform], SW_RESULT_FAILED, SW_E_TIMEOUT,
                       "not known: there was no time for an answer");
    if (!is_waiting(rights))
        end_outcome(core);
}

static void want(struct sw_core *core, size_t platform)
{
    struct sw_rights_platform *mine = &core->engine.rights.platforms[platform];
    mine->is_wanted = true;
    mine->wanted_until_ms = sw_time_mono_ms() + PATIENCE_MS;
}

static void make_room(struct sw_core *core)
{
    struct sw_rights *rights = &core->engine.rights;
    if (rights->platforms != NULL)
        return;
    rights->count = core->engine.model.platform_count;
    rights->platforms = sw_xcalloc(rights->count + 1, sizeof *rights->platforms);
}

/* A dashboard's own questions, once for each configuration. */
static void begin(struct sw_core *core)
{
    struct sw_rights *rights = &core->engine.rights;
    if (rights->is_begun || !core->is_asking_rights || core->is_read_only || core->is_offline ||
        !core->engine.model.has_polled_all)
        return;
    rights->is_begun = true;
    make_room(core);
    for (size_t i = 0; i < rights->count; i++)
        if (can_ask(core, i) && !kind_of(core->engine.setup, i)->is_asking_rights_felt)
            want(core, i);
}

void sw_rights_ask(struct sw_core *core, struct sw_outcome *outcome)
{
    struct sw_rights *rights = &core->engine.rights;
    make_room(core);
    rights->outcome = outcome;
    outcome->part_count = rights->count;
    outcome->parts = sw_xcalloc(rights->count + 1, sizeof *outcome->parts);
    for (size_t i = 0; i < rights->count; i++) {
        outcome->parts[i].kind = SW_COMMAND_RIGHTS;
        outcome->parts[i].platform = sw_xstrdup(core->engine.model.platforms[i].id);
        outcome->parts[i].text = sw_xstrdup("nothing to ask: no rollout source that can act");
        if (can_ask(core, i))
            want(core, i);
    }
    if (!is_waiting(rights))
        end_outcome(core);
}

void sw_rights_turn(struct sw_core *core)
{
    struct sw_rights *rights = &core->engine.rights;
    int64_t now_ms = sw_time_mono_ms(), wait_ms = 0;
    if (core->engine.is_stopping)
        return;
    begin(core);
    for (size_t i = 0; i < rights->count; i++) {
        struct sw_rights_platform *mine = &rights->platforms[i];
        if (!mine->is_wanted)
            continue;
        if (mine->wanted_until_ms <= now_ms)
            give_up(core, i);
        else if (mine->job == NULL && is_free(core, i) &&
                 sw_polls_take_place(core, source_of(core->engine.setup, i), &wait_ms))
            start(core, i);
    }
}

/* What stands in the way ends with a message, but for budgets: those are asked for now and then. */
int64_t sw_rights_wait(const struct sw_core *core)
{
    return !core->engine.is_stopping && is_waiting(&core->engine.rights) ? AGAIN_MS : -1;
}

void sw_rights_yield(struct sw_core *core, const char *platform)
{
    struct sw_rights *rights = &core->engine.rights;
    for (size_t i = 0; i < rights->count; i++)
        if (!strcmp(core->engine.model.platforms[i].id, platform))
            cut(rights->platforms[i].job);
}

void sw_rights_clear(struct sw_core *core)
{
    free(core->engine.rights.platforms);
    core->engine.rights = (struct sw_rights){0};
}

/* Their jobs end by themselves: rights_done knows that they are of another setup. */
void sw_rights_reset(struct sw_core *core, const char *why)
{
    struct sw_rights *rights = &core->engine.rights;
    struct sw_outcome *outcome = rights->outcome;
    for (size_t i = 0; i < rights->count; i++)
        cut(rights->platforms[i].job);
    sw_rights_clear(core);
    if (outcome == NULL)
        return;
    sw_outcome_end(outcome, SW_RESULT_FAILED, SW_E_CANCELLED, "%s", why);
    sw_core_deliver(core, outcome);
}

/* ------------------------------------------------------------ ends of verbs */

void sw_rights_note(struct sw_core *core, const struct sw_run *run, size_t platform)
{
    struct sw_model_right *right = &core->engine.model.platforms[platform].rights[run->verb];
    if (run->result == SW_RESULT_REJECTED && run->error.code == SW_E_DENIED) {
        *right = (struct sw_model_right){
            .seen = {.right = SW_RIGHT_NO}, .at_ms = sw_engine_now(core), .is_of_verb = true};
        sw_copy(right->seen.words, sizeof right->seen.words, run->text);
    } else if (run->accepted_ms != 0) {
        *right = (struct sw_model_right){.seen = {.right = SW_RIGHT_MAY, .words = "done before"},
                                         .at_ms = sw_engine_now(core)};
    }
}
