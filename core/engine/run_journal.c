/* run_journal.c: what an action writes to the ledger, and what it looks for there. See run.h.
 *
 * The intent's lock file is held before the intent can be read by anybody, so that a process that
 * starts meanwhile never settles an action that is running. Who acts on a platform is decided by
 * the ledger's order: of two intents written at the same moment in one log the first goes on.
 * Every release's log is looked into, because another process may call the release otherwise. */
#include "engine/run.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/time.h"
#include "engine/engine.h"

enum { OUTCOME_TRIES = 3, OUTCOME_PAUSE_MS = 300 };

static enum sw_code open_ledger(struct sw_run *run, const char *release, struct sw_error *err)
{
    const char *name = release[0] != '\0' ? release : sw_release_unnamed;
    if (run->ledger != NULL && !strcmp(run->ledger_release, name))
        return SW_OK;
    sw_run_close_ledger(run);
    sw_copy(run->ledger_release, sizeof run->ledger_release, name);
    return sw_ledger_open(run->core->state_dir, name, &run->ledger, err);
}

void sw_run_close_ledger(struct sw_run *run)
{
    sw_ledger_close(run->ledger);
    run->ledger = NULL;
}

static const char *release_of(const struct sw_run *run)
{
    if (run->kind == SW_RUN_SETTLE)
        return run->settle_release;
    return run->judgement.release;
}

static enum sw_code append(struct sw_run *run, struct sw_record *record, struct sw_error *err)
{
    if (record->uuid[0] == '\0')
        sw_uuid4(record->uuid);
    if (record->actor == NULL)
        record->actor = sw_xstrdup(run->core->actor);
    return sw_ledger_append(run->ledger, record, err);
}

enum sw_code sw_run_append(struct sw_run *run, const char *release, struct sw_record *record,
                           struct sw_error *err)
{
    enum sw_code code = open_ledger(run, release, err);
    if (code == SW_OK)
        code = append(run, record, err);
    if (code == SW_OK)
        sw_run_tell_record(run, release, record);
    return code;
}

/* ---------------------------------------------------------- looking for others */

static enum sw_code intent_path(const struct sw_run *run, const char *uuid, char path[SW_PATH_TEXT],
                                struct sw_error *err)
{
    char dir[SW_PATH_TEXT];
    enum sw_code code = sw_fs_join(run->core->state_dir, "actions", dir, err);
    return code == SW_OK ? sw_fs_join(dir, uuid, path, err) : code;
}

/* Is a process (ours included) still carrying out this intent? */
static bool is_running(const struct sw_run *run, const char *uuid)
{
    char path[SW_PATH_TEXT];
    struct sw_lock lock = {0};
    if (intent_path(run, uuid, path, NULL) != SW_OK || !sw_fs_exists(path))
        return false;
    bool is_busy = sw_lock_try(&lock, path, NULL) == SW_E_BUSY;
    sw_lock_release(&lock);
    return is_busy;
}

static bool is_here(const struct sw_run *run, const struct sw_record *record)
{
    return record->platform != NULL && !strcmp(record->platform, run->platform_id) &&
           strcmp(record->uuid, run->intent.uuid) != 0;
}

/* Asked under this platform's name, but of something that it was bound to before, or is in another
 * configuration. (A halt that comes in while we act counts all the same: that is the safe side.) */
static bool is_of_other_target(const struct sw_run *run, const struct sw_record *intent)
{
    return intent->target != NULL &&
           strcmp(intent->target, run->setup->platforms[run->platform].binding.rollout) != 0;
}

/* A halt that is asked stands in the way whether its process lives or not, until it is seen or
 * settled; another verb only while it is running. */
static bool is_rival(const struct sw_run *run, const struct sw_journal_intent *open)
{
    if (!is_here(run, &open->intent) || is_of_other_target(run, &open->intent))
        return false;
    if (open->intent.verb == SW_VERB_HALT)
        return !open->is_unknown || sw_unsettled_is_young(&open->intent, sw_run_now(run));
    return !open->is_unknown && is_running(run, open->intent.uuid);
}

/* The open intent that stands in our way, NULL: none. One that stands behind ours in the same log
 * gives way to us. Two logs have no order: of two that are asked under different names at the same
 * moment each sees the other, and neither is carried out. */
static const struct sw_journal_intent *find_rival(const struct sw_run *run)
{
    bool is_past = false;
    for (size_t i = 0; i < run->journal.open_count; i++) {
        const struct sw_journal_intent *open = &run->journal.open[i];
        is_past = is_past || !strcmp(open->intent.uuid, run->intent.uuid);
        if (is_past && !strcmp(open->release, run->ledger_release))
            continue;
        if (is_rival(run, open))
            return open;
    }
    return NULL;
}

/* SW_E_BUSY with words when somebody else acts there. */
static enum sw_code look_for_rival(struct sw_run *run, struct sw_error *err)
{
    if (sw_journal_is_damaged(&run->journal, run->ledger_release))
        return sw_fail(err, SW_E_PARSE,
                       "a record of the ledger cannot be read (`slipway log --verify` tells more)");
    const struct sw_journal_intent *rival = find_rival(run);
    if (rival == NULL)
        return SW_OK;
    const char *actor = rival->intent.actor != NULL ? rival->intent.actor : "somebody";
    return sw_fail(err, SW_E_BUSY, "%s: %s by %s is %s; nothing was sent", run->platform_id,
                   sw_verb_title(rival->intent.verb), actor,
                   rival->is_unknown ? "asked and not seen yet" : "still running there");
}

static void note_halt(void *arg, const char *release, const struct sw_record *record)
{
    struct sw_run *run = arg;
    (void)release;
    if (record->kind == SW_EVENT_INTENT && record->verb == SW_VERB_HALT && is_here(run, record))
        run->is_halt_newer = true;
}

/* Before the target is read again: a halt that comes later may not be in what was read. */
void sw_run_open_journal(struct sw_run *run)
{
    enum sw_code code = open_ledger(run, sw_release_unnamed, &run->journal_error);
    if (code == SW_OK)
        code = sw_journal_read(&run->journal, run->ledger, NULL, NULL, &run->journal_error);
    run->journal_error.code = code;
}

enum sw_code sw_run_look_for_halt(struct sw_run *run, bool *is_there, struct sw_error *err)
{
    enum sw_code code = sw_journal_read(&run->journal, run->ledger, note_halt, run, err);
    *is_there = run->is_halt_newer;
    return *is_there ? SW_OK : code;
}

/* ------------------------------------------------------------------- intent */

static void fill_common(const struct sw_run *run, struct sw_record *record)
{
    record->at_ms = sw_run_now(run);
    record->verb = run->verb;
    record->platform = sw_xstrdup(run->platform_id);
    record->version = sw_xstrdup(run->before.version[0] != '\0' ? run->before.version : NULL);
    record->identity = sw_xstrdup(run->before.identity[0] != '\0' ? run->before.identity : NULL);
    record->from_percent = run->before.percent_set;
    record->to_percent = run->to_percent;
    record->reason = sw_xstrdup(run->reason);
    record->override_text = sw_xstrdup(run->override_text);
}

static char *intent_line(const struct sw_run *run)
{
    char from[32], to[32];
    struct sw_buf line;
    sw_buf_init(&line, SW_LINE_MAX);
    sw_buf_printf(&line, "%s %s %s", sw_verb_title(run->verb), run->platform_id,
                  run->before.version[0] != '\0' ? run->before.version : run->before.identity);
    if (run->before.percent_set.is_known)
        sw_buf_printf(&line, " at %s",
                      sw_percent_text(run->before.percent_set, true, from, sizeof from));
    if (run->verb != SW_VERB_HALT && run->to_percent.is_known)
        sw_buf_printf(&line, " to %s", sw_percent_text(run->to_percent, true, to, sizeof to));
    if (run->is_blind)
        sw_buf_add(&line, " (blind: the store could not be read)");
    if (run->may_cancel_review)
        sw_buf_add(&line, " (may cancel a review)");
    char *text = sw_xstrdup(sw_buf_text(&line));
    sw_buf_clear(&line);
    return text;
}

static enum sw_code lock_intent(struct sw_run *run, struct sw_error *err)
{
    char dir[SW_PATH_TEXT];
    enum sw_code code = sw_fs_join(run->core->state_dir, "actions", dir, err);
    if (code == SW_OK)
        code = sw_fs_private_dir(dir, err);
    if (code == SW_OK)
        code = intent_path(run, run->intent.uuid, run->intent_path, err);
    return code == SW_OK ? sw_lock_try(&run->intent_lock, run->intent_path, err) : code;
}

static void unlock_intent(struct sw_run *run)
{
    if (run->intent_lock.is_held)
        unlink(run->intent_path);
    sw_lock_release(&run->intent_lock);
}

static void make_intent(struct sw_run *run)
{
    run->intent.kind = SW_EVENT_INTENT;
    sw_uuid4(run->intent.uuid);
    fill_common(run, &run->intent);
    run->intent.from_state = run->before.state;
    run->intent.text = intent_line(run);
    run->intent.handle = sw_xstrdup(run->before.handle);
    run->intent.target = sw_xstrdup(run->setup->platforms[run->platform].binding.rollout);
}

/* Is somebody quicker? Ends the run then, but not for a ledger in trouble before our intent. */
static enum sw_code check_order(struct sw_run *run, struct sw_error *err)
{
    bool is_halt_there = false;
    enum sw_code code = sw_run_look_for_halt(run, &is_halt_there, err);
    if (code == SW_OK && is_halt_there) {
        run->is_superseded = true;
        sw_run_end(run, SW_RESULT_SUPERSEDED, SW_E_CANCELLED,
                   "%s: a newer halt came first; nothing was sent", run->platform_id);
        return SW_E_CANCELLED;
    }
    if (code == SW_OK)
        code = look_for_rival(run, err);
    if (code == SW_E_BUSY || (code != SW_OK && run->has_intent))
        sw_run_end(run, SW_RESULT_REFUSED, code, "%s", err->text);
    return code;
}

static enum sw_code append_intent(struct sw_run *run, struct sw_error *err)
{
    make_intent(run);
    enum sw_code code = lock_intent(run, err);
    if (code == SW_OK)
        code = append(run, &run->intent, err);
    if (code != SW_OK) {
        unlock_intent(run);
        return code;
    }
    run->has_intent = true;
    sw_run_tell_record(run, release_of(run), &run->intent);
    return SW_OK;
}

enum sw_code sw_run_write_intent(struct sw_run *run, struct sw_error *err)
{
    bool is_halt = run->verb == SW_VERB_HALT;
    enum sw_code code = open_ledger(run, release_of(run), err);
    if (code == SW_OK && run->journal_error.code != SW_OK) {
        *err = run->journal_error;
        return err->code;
    }
    if (code == SW_OK && !is_halt)
        code = check_order(run, err);
    if (code == SW_OK)
        code = append_intent(run, err);
    return code != SW_OK || is_halt ? code : check_order(run, err);
}

/* ------------------------------------------------------------------ outcome */

static void make_outcome(const struct sw_run *run, struct sw_record *record)
{
    char line[SW_LINE_MAX];
    *record = (struct sw_record){.kind = SW_EVENT_OUTCOME, .result = run->result};
    fill_common(run, record);
    if (run->kind == SW_RUN_SETTLE) {
        record->from_percent = run->intent.from_percent;
        record->reason = sw_xstrdup("settled by reading");
    }
    record->intent = sw_xstrdup(run->intent.uuid);
    sw_copy(line, sizeof line, run->text);
    record->text = sw_xstrdup(line);
}

static void say_unrecorded(struct sw_run *run, const char *why)
{
    char *text = sw_xasprintf("%s (NOT RECORDED in the ledger: %s)", run->text, why);
    free(run->text);
    run->text = text;
}

void sw_run_write_outcome(struct sw_run *run)
{
    struct sw_record record;
    struct sw_error error = {0};
    enum sw_code code = SW_E_INTERNAL;
    if (!run->has_intent) {
        if (run->is_effect_possible)
            say_unrecorded(run, "asked for with --unrecorded");
        return;
    }
    make_outcome(run, &record);
    for (int i = 0; i < OUTCOME_TRIES && code != SW_OK; i++) {
        if (i > 0)
            sw_run_pause(run, OUTCOME_PAUSE_MS);
        code = append(run, &record, &error);
    }
    if (code == SW_OK) {
        sw_run_tell_record(run, release_of(run), &record);
    } else {
        sw_run_tell_ledger(run, &error);
        say_unrecorded(run, error.text);
    }
    unlock_intent(run);
    sw_record_clear(&record);
}
