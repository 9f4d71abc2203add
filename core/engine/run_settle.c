/* run_settle.c: an intent of an earlier run that has no proven outcome is settled by reading.
 *
 * Nothing is ever sent here. The store shows the effect: outcome SEEN. Two readings one after the
 * other, when its last request cannot be at work any more, do not: outcome REJECTED, "not taken,
 * nothing was sent again"; for a halt that is also said loudly, because the captain believes it
 * halted. While the store cannot be read the intent stays open. An intent whose lock is held
 * belongs to a process that lives, and is left alone. */
#include "engine/run.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"

enum { SETTLE_PAUSE_MAX_S = 60 };

static bool find_outcome(void *arg, const struct sw_record *record)
{
    struct sw_run *run = arg;
    if (record->kind == SW_EVENT_OUTCOME && record->intent != NULL &&
        !strcmp(record->intent, run->intent.uuid))
        run->has_intent = record->result == SW_RESULT_UNKNOWN;
    return true;
}

/* The lock first, then once more the ledger: the action may have ended in between. */
static bool take_over(struct sw_run *run)
{
    struct sw_error error = {0};
    char dir[SW_PATH_TEXT];
    if (sw_fs_join(run->core->state_dir, "actions", dir, &error) != SW_OK ||
        sw_fs_private_dir(dir, &error) != SW_OK ||
        sw_fs_join(dir, run->intent.uuid, run->intent_path, &error) != SW_OK ||
        sw_lock_try(&run->intent_lock, run->intent_path, &error) != SW_OK)
        return false;
    run->has_intent = true; /* open, until the ledger shows a final outcome */
    enum sw_code code =
        sw_ledger_open(run->core->state_dir, run->settle_release, &run->ledger, &error);
    if (code == SW_OK)
        code = sw_ledger_read(run->ledger, NULL, find_outcome, run, &error);
    if (code != SW_OK)
        sw_run_tell_ledger(run, &error);
    return code == SW_OK && run->has_intent;
}

/* What the verb started from, as far as the intent tells. */
static void restore_before(struct sw_run *run)
{
    run->before = (struct sw_rollout){.state = run->intent.from_state,
                                      .percent_set = run->intent.from_percent};
    sw_copy(run->before.identity, sizeof run->before.identity, run->intent.identity);
    sw_copy(run->before.version, sizeof run->before.version, run->intent.version);
    run->before.handle = sw_xstrdup(run->intent.handle);
    run->to_percent = run->intent.to_percent;
}

static bool is_other_version(const struct sw_run *run, const struct sw_rollout *now)
{
    return run->before.identity[0] != '\0' && now->identity[0] != '\0' &&
           strcmp(run->before.identity, now->identity) != 0;
}

static void end_not_taken(struct sw_run *run, const struct sw_rollout *now)
{
    char notice[SW_LINE_MAX * 2];
    bool is_other = is_other_version(run, now);
    sw_run_end(run, SW_RESULT_REJECTED, SW_E_CONFLICT,
               "%s %s of an earlier run: %s; nothing was sent again", sw_verb_title(run->verb),
               run->platform_id,
               is_other ? "not seen, and the store now has another version"
                        : "the store shows that it was not taken");
    if (run->verb != SW_VERB_HALT || is_other)
        return;
    sw_format(notice, sizeof notice,
              "HALT of %s, asked by %s, did NOT take effect: the store shows %s. Nothing was sent "
              "again; halt it now if it is still needed",
              run->platform_id, run->intent.actor != NULL ? run->intent.actor : "an earlier run",
              sw_state_title(now->state));
    sw_run_tell_notice(run, notice);
}

/* Its last request may have left just before its process ended, and be at work still. */
static bool is_absence_proof(const struct sw_run *run, int64_t began_ms)
{
    int64_t patience_ms = run->core->tuning.settle_patience_ms;
    int64_t asked_ms = sw_clock_real(&run->core->clock, run->intent.at_ms);
    return sw_time_real_ms() - asked_ms >= patience_ms ||
           sw_time_mono_ms() - began_ms >= patience_ms;
}

/* True when settled. misses counts readings that do not show it. */
static bool look(struct sw_run *run, int64_t began_ms, int *misses, bool *is_read)
{
    struct sw_rollout now = {0};
    const struct sw_act act = {
        .verb = run->verb, .to_percent = run->to_percent, .before = &run->before};
    *is_read = sw_run_read(run, &now, NULL) == SW_OK;
    bool is_over = false;
    if (*is_read && sw_run_kind_of(run)->is_seen(&act, &now)) {
        run->seen_ms = sw_run_now(run);
        sw_run_end(run, SW_RESULT_SEEN, SW_OK, "%s %s of an earlier run: seen at the store",
                   sw_verb_title(run->verb), run->platform_id);
        is_over = true;
    } else if (*is_read && is_absence_proof(run, began_ms) && ++*misses >= 2) {
        end_not_taken(run, &now);
        is_over = true;
    }
    sw_rollout_clear(&now);
    return is_over;
}

void sw_run_settle(struct sw_run *run)
{
    int64_t pause_ms = SW_SECOND_MS, began_ms = sw_time_mono_ms();
    int misses = 0;
    bool is_read = false;
    if (!take_over(run)) {
        run->has_intent = false;
        sw_lock_release(&run->intent_lock);
        return;
    }
    restore_before(run);
    sw_run_say(run, "settling %s of an earlier run by reading", sw_verb_title(run->verb));
    while (!look(run, began_ms, &misses, &is_read)) {
        if (!is_read && run->core->is_oneshot)
            break;
        int64_t wait_ms = is_read ? run->core->tuning.settle_gap_ms : pause_ms;
        if (!is_read && pause_ms < SETTLE_PAUSE_MAX_S * SW_SECOND_MS)
            pause_ms *= 2;
        if (!sw_run_pause(run, wait_ms))
            break;
    }
    if (run->result == SW_RESULT_NONE)
        run->has_intent = false; /* stays open for the next start */
    sw_run_write_outcome(run);
    sw_lock_release(&run->intent_lock);
}
