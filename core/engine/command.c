/* command.c: what a reader asked for, checked and turned into runs; the quick ones answered here.
 *
 * Everything that is refused before an action's thread exists is refused here: unknown names,
 * read-only, offline, something else running on the platform. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct command_message {
    struct sw_message message;
    uint64_t id;
    struct sw_command command; /* strings are ours */
};

static void handle_command(struct sw_core *core, struct sw_message *m);

struct sw_message *sw_command_message(const struct sw_command *command, uint64_t id)
{
    struct command_message *message = sw_xcalloc(1, sizeof *message);
    message->message.handle = handle_command;
    message->id = id;
    message->command = *command;
    message->command.platform = sw_xstrdup(command->platform);
    message->command.reason = sw_xstrdup(command->reason);
    message->command.override_text = sw_xstrdup(command->override_text);
    message->command.item = sw_xstrdup(command->item);
    message->command.expected_identity = sw_xstrdup(command->expected_identity);
    return &message->message;
}

bool sw_command_is(const struct sw_message *message)
{
    return message->handle == handle_command;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void message_free(struct command_message *message)
{
    free_text(message->command.platform);
    free_text(message->command.reason);
    free_text(message->command.override_text);
    free_text(message->command.item);
    free_text(message->command.expected_identity);
    free(message);
}

bool sw_command_is_halt(const struct sw_command *command)
{
    if (command->is_dry_run)
        return false;
    return command->kind == SW_COMMAND_STOP_EVERYTHING ||
           (command->kind == SW_COMMAND_VERB && command->verb == SW_VERB_HALT);
}

/* An outcome without a run; a halt that ends like that is no longer in flight. */
static struct sw_outcome *outcome_of(struct sw_core *core, const struct command_message *message)
{
    const struct sw_command *command = &message->command;
    struct sw_outcome *outcome =
        sw_outcome_new(message->id, command->kind, command->verb, command->platform);
    outcome->asked_ms = sw_engine_now(core);
    if (sw_command_is_halt(command))
        atomic_fetch_sub(&core->halts, 1);
    return outcome;
}

static void refuse(struct sw_core *core, const struct command_message *message, enum sw_code code,
                   const char *text)
{
    struct sw_outcome *outcome = outcome_of(core, message);
    sw_outcome_end(outcome, SW_RESULT_REFUSED, code, "%s", text);
    sw_core_deliver(core, outcome);
}

void sw_command_drop(struct sw_core *core, struct sw_message *m)
{
    struct command_message *message = (struct command_message *)m;
    struct sw_outcome *outcome = outcome_of(core, message);
    sw_outcome_end(outcome, SW_RESULT_FAILED, SW_E_CANCELLED,
                   "the core is stopping, nothing was sent");
    sw_core_deliver(core, outcome);
    message_free(message);
}

/* ------------------------------------------------------------------- verbs */

static void say_unknown_platform(const struct sw_model *model, const char *id, char *text,
                                 size_t size)
{
    const char **ids = sw_xcalloc(model->platform_count + 1, sizeof *ids);
    for (size_t i = 0; i < model->platform_count; i++)
        ids[i] = model->platforms[i].id;
    const char *near = sw_text_nearest(id, ids);
    if (near != NULL)
        sw_format(text, size, "no platform \"%s\"; did you mean \"%s\"?", id, near);
    else
        sw_format(text, size, "no platform \"%s\" in the configuration", id);
    free(ids);
}

/* False with words when the reader may not act at all. */
static bool may_act(struct sw_core *core, const struct command_message *message)
{
    if (core->is_read_only)
        refuse(core, message, SW_E_REFUSED, "read-only: this terminal cannot act");
    else if (core->is_offline)
        refuse(core, message, SW_E_REFUSED, "offline: nothing can be sent");
    else
        return true;
    return false;
}

static bool check_verb(struct sw_core *core, const struct command_message *message)
{
    char text[SW_LINE_MAX];
    const struct sw_command *command = &message->command;
    const char *id = command->platform != NULL ? command->platform : "";
    const struct sw_model_platform *platform = sw_model_platform(&core->engine.model, id);
    if (platform == NULL) {
        say_unknown_platform(&core->engine.model, id, text, sizeof text);
        refuse(core, message, SW_E_USAGE, text);
        return false;
    }
    if (command->verb <= SW_VERB_NONE || command->verb >= SW_VERB_COUNT) {
        refuse(core, message, SW_E_USAGE, "no such verb");
        return false;
    }
    if (!may_act(core, message))
        return false;
    if (!platform->can_act) {
        refuse(core, message, SW_E_UNSUPPORTED,
               "nothing can be sent for this platform: no rollout "
               "source that can act is configured");
        return false;
    }
    if (command->verb != SW_VERB_HALT && !command->is_dry_run &&
        sw_actions_is_busy(core, platform->id)) {
        refuse(core, message, SW_E_BUSY, "another action is still running on this platform");
        return false;
    }
    return true;
}

static struct sw_run *run_of(struct sw_core *core, const struct command_message *message,
                             uint64_t id, const char *platform)
{
    const struct sw_command *command = &message->command;
    struct sw_run *run = sw_run_new(core, SW_RUN_VERB, id);
    run->command = command->kind;
    sw_copy(run->platform_id, sizeof run->platform_id, platform);
    run->verb = command->verb;
    run->reason = sw_xstrdup(command->reason);
    run->override_text = sw_xstrdup(command->override_text);
    run->is_dry_run = command->is_dry_run;
    run->is_unrecorded = command->is_unrecorded;
    run->may_cancel_review = command->may_cancel_review && command->verb == SW_VERB_HALT;
    return run;
}

static void do_verb(struct sw_core *core, const struct command_message *message)
{
    const struct sw_command *command = &message->command;
    struct sw_run *run = run_of(core, message, message->id, command->platform);
    run->has_expected_identity = command->expected_identity != NULL;
    sw_copy(run->expected_identity, sizeof run->expected_identity, command->expected_identity);
    run->expected_state = command->expected_state;
    run->expected_percent = command->expected_percent;
    sw_actions_start(core, run);
}

/* --------------------------------------------------------- stop everything */

static void end_part_at_once(struct sw_outcome *part, struct sw_stop_group *group, const char *text)
{
    sw_outcome_end(part, SW_RESULT_SEEN, SW_OK, "%s", text);
    group->left--;
}

/* The parts are all there before the first run starts, so that none can end the whole early. */
static void do_stop(struct sw_core *core, const struct command_message *message)
{
    struct sw_engine *engine = &core->engine;
    const struct sw_config *config = engine->setup->config;
    bool is_counted = sw_command_is_halt(&message->command);
    if (!may_act(core, message))
        return;
    struct sw_stop_group *group = sw_xcalloc(1, sizeof *group);
    group->outcome = sw_outcome_new(message->id, SW_COMMAND_STOP_EVERYTHING, SW_VERB_HALT, NULL);
    group->outcome->asked_ms = sw_engine_now(core);
    group->outcome->part_count = group->left = config->platform_count;
    group->outcome->parts = sw_xcalloc(config->platform_count + 1, sizeof(struct sw_outcome));
    struct sw_run **runs = sw_xcalloc(config->platform_count + 1, sizeof *runs);
    for (size_t i = 0; i < config->platform_count; i++) {
        struct sw_outcome *part = &group->outcome->parts[i];
        enum sw_stop stop = config->platforms[i].stop;
        part->id = sw_core_next_id(core);
        part->kind = SW_COMMAND_STOP_EVERYTHING;
        part->verb = stop == SW_STOP_ROLLBACK ? SW_VERB_ROLLBACK : SW_VERB_HALT;
        part->platform = sw_xstrdup(config->platforms[i].id);
        if (!engine->model.platforms[i].can_act) {
            end_part_at_once(part, group, "nothing to stop: no rollout source that can act");
        } else if (stop == SW_STOP_SKIP) {
            end_part_at_once(part, group, "skipped, as the configuration says (stop: skip)");
        } else {
            runs[i] = run_of(core, message, part->id, part->platform);
            runs[i]->verb = part->verb;
            runs[i]->parent = message->id;
            runs[i]->is_part = true;
            if (is_counted)
                atomic_fetch_add(&core->halts, 1);
        }
    }
    if (is_counted)
        atomic_fetch_sub(&core->halts, 1); /* its parts are counted now */
    sw_group_begin(core, group, runs);
    free(runs);
}

/* ------------------------------------------------------------------- ticks */

static const struct sw_checklist_entry *find_item(const struct sw_model *model, const char *id)
{
    for (size_t i = 0; i < model->checklist.count; i++)
        if (!strcmp(model->checklist.entries[i].id, id))
            return &model->checklist.entries[i];
    return NULL;
}

static void add_near(struct sw_buf *text, size_t *count, const char *id)
{
    if (*count >= 5)
        return;
    sw_buf_printf(text, "%s%s", *count == 0 ? "; near: " : ", ", id);
    (*count)++;
}

/* Near: one or two letters off, or the word stands in the id. */
static void say_unknown_item(const struct sw_model *model, const char *id, char *out, size_t size)
{
    struct sw_buf text;
    size_t count = 0;
    sw_buf_init(&text, size - 1);
    sw_buf_printf(&text, "no checklist item \"%s\"", id);
    const char **ids = sw_xcalloc(model->checklist.count + 1, sizeof *ids);
    for (size_t i = 0; i < model->checklist.count; i++)
        ids[i] = model->checklist.entries[i].id;
    const char *near = sw_text_nearest(id, ids);
    if (near != NULL)
        add_near(&text, &count, near);
    for (size_t i = 0; i < model->checklist.count && id[0] != '\0'; i++)
        if (ids[i] != near && strcasestr(ids[i], id) != NULL)
            add_near(&text, &count, ids[i]);
    if (count == 0)
        sw_buf_printf(&text, "; the checklist has %zu items", model->checklist.count);
    sw_copy(out, size, sw_buf_text(&text));
    sw_buf_clear(&text);
    free(ids);
}

static void do_tick(struct sw_core *core, const struct command_message *message)
{
    const struct sw_command *command = &message->command;
    const struct sw_model *model = &core->engine.model;
    bool is_untick = command->kind == SW_COMMAND_UNTICK;
    const char *id = command->item != NULL ? command->item : "";
    char text[512];
    if (core->is_read_only) {
        refuse(core, message, SW_E_REFUSED, "read-only: this terminal cannot act");
        return;
    }
    if (!model->has_checklist) {
        sw_format(text, sizeof text, "the checklist is not known: %s",
                  model->checklist_note != NULL  ? model->checklist_note
                  : !model->has_checklist_config ? "none is configured"
                                                 : "its file has not been read yet");
        refuse(core, message, SW_E_NOT_FOUND, text);
        return;
    }
    if (find_item(model, id) == NULL) {
        say_unknown_item(model, id, text, sizeof text);
        refuse(core, message, SW_E_USAGE, text);
        return;
    }
    const struct sw_record *last = sw_fold_tick(model->fold, id);
    enum sw_event_kind wanted = is_untick ? SW_EVENT_UNTICK : SW_EVENT_TICK;
    if (last != NULL && last->kind == wanted) {
        struct sw_outcome *outcome = outcome_of(core, message);
        sw_outcome_end(outcome, SW_RESULT_SEEN, SW_OK, "%s is already %sed", id,
                       is_untick ? "untick" : "tick");
        sw_core_deliver(core, outcome);
        return;
    }
    struct sw_run *run = sw_run_new(core, SW_RUN_TICK, message->id);
    run->command = command->kind;
    run->is_untick = is_untick;
    run->item = sw_xstrdup(id);
    run->reason = sw_xstrdup(command->reason);
    sw_actions_start(core, run);
}

/* ------------------------------------------------------------------ the rest */

static void do_poll(struct sw_core *core, const struct command_message *message)
{
    if (core->is_offline) {
        refuse(core, message, SW_E_REFUSED, "offline: nothing is polled");
        return;
    }
    struct sw_outcome *outcome = outcome_of(core, message);
    sw_polls_all_now(core);
    sw_outcome_end(outcome, SW_RESULT_SEEN, SW_OK, "polling %zu units now",
                   core->engine.setup->unit_count);
    sw_core_deliver(core, outcome);
}

static void do_rights(struct sw_core *core, const struct command_message *message)
{
    if (core->is_read_only)
        refuse(core, message, SW_E_REFUSED, "read-only: not asked");
    else if (core->is_offline)
        refuse(core, message, SW_E_REFUSED, "offline: not asked");
    else if (core->engine.rights.outcome != NULL)
        refuse(core, message, SW_E_BUSY, "the rights are being asked for already");
    else
        sw_rights_ask(core, outcome_of(core, message));
}

/* A one-shot has nobody who would ask again in a second, when the open intent of an earlier run is
 * settled: its verb waits for that. A halt never waits. */
static bool defer(struct sw_core *core, struct command_message *message)
{
    if (!core->is_oneshot || message->command.verb == SW_VERB_HALT ||
        !sw_actions_is_settling(core, message->command.platform))
        return false;
    message->message.next = core->engine.deferred;
    core->engine.deferred = &message->message;
    return true;
}

void sw_command_retry(struct sw_core *core)
{
    struct sw_message *message = core->engine.deferred;
    core->engine.deferred = NULL;
    while (message != NULL) {
        struct sw_message *next = message->next;
        handle_command(core, message);
        message = next;
    }
}

static void handle_command(struct sw_core *core, struct sw_message *m)
{
    struct command_message *message = (struct command_message *)m;
    if (core->engine.is_stopping) {
        sw_command_drop(core, m);
        return;
    }
    switch (message->command.kind) {
    case SW_COMMAND_VERB:
        if (check_verb(core, message)) {
            if (defer(core, message))
                return;
            do_verb(core, message);
        }
        break;
    case SW_COMMAND_STOP_EVERYTHING:
        do_stop(core, message);
        break;
    case SW_COMMAND_TICK:
    case SW_COMMAND_UNTICK:
        do_tick(core, message);
        break;
    case SW_COMMAND_POLL:
        do_poll(core, message);
        break;
    case SW_COMMAND_RELOAD:
        sw_reload_start(core, message->id);
        break;
    case SW_COMMAND_RIGHTS:
        do_rights(core, message);
        break;
    case SW_COMMAND_NONE:
        refuse(core, message, SW_E_USAGE, "an empty command");
        break;
    }
    message_free(message);
}
