/* run_prepare.c: steps 1 and 2 of an action: read the target again, compare it with what the
 * captain saw, have the engine judge. Nothing is sent here. See run.h. */
#include "engine/run.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"

/* ------------------------------------------------ step 1: compare with what was seen */

/* True when it ended here. */
static bool refuse_other_version(struct sw_run *run)
{
    char now[SW_LABEL_MAX * 2];
    bool is_told = run->before.identity[0] != '\0';
    if (!run->has_expected_identity || run->expected_identity[0] == '\0' ||
        !strcmp(run->expected_identity, run->before.identity) ||
        (run->verb == SW_VERB_HALT && !is_told)) /* not told is not changed */
        return false;
    sw_run_end(run, SW_RESULT_REFUSED, SW_E_CONFLICT,
               "%s: the store now has %s, you saw %s; look again, nothing was sent",
               run->platform_id, sw_run_version_text(&run->before, now, sizeof now),
               run->expected_identity);
    return true;
}

static bool is_percent_other(struct sw_value a, struct sw_value b)
{
    return a.is_known && b.is_known && fabs(a.value - b.value) > 0.0005;
}

static bool refuse_drift(struct sw_run *run)
{
    char now[SW_LINE_MAX], seen[SW_LINE_MAX];
    bool is_other_state =
        run->expected_state != SW_STATE_UNKNOWN && run->expected_state != run->before.state;
    if (run->verb == SW_VERB_HALT ||
        (!is_other_state && !is_percent_other(run->expected_percent, run->before.percent_set)))
        return false;
    struct sw_rollout expected = {.state = run->expected_state,
                                  .percent_set = run->expected_percent};
    sw_run_end(run, SW_RESULT_REFUSED, SW_E_CONFLICT,
               "%s: the store now shows %s, you saw %s; look again, nothing was sent",
               run->platform_id, sw_run_state_text(&run->before, now, sizeof now),
               sw_run_state_text(&expected, seen, sizeof seen));
    return true;
}

/* ------------------------------------------------------------ step 2: judge */

/* The engine answers every question, also while it stops. */
static void wait_for_judgement(struct sw_run *run)
{
    sw_mutex_lock(&run->lock);
    while (!run->has_judgement)
        sw_cond_wait(&run->woken, &run->lock);
    sw_mutex_unlock(&run->lock);
}

/* Reads the target and has the engine judge. is_read: the reading is fresh. */
static bool read_and_judge(struct sw_run *run, struct sw_error *err)
{
    sw_run_say(run, "reading %s again", run->platform_id);
    bool is_read = sw_run_read(run, &run->before, err) == SW_OK;
    atomic_store(&run->read_until_ms, 0);
    sw_run_set_rereading(run, false);
    wait_for_judgement(run);
    if (!is_read && err->code == SW_E_CANCELLED && !sw_run_is_told_to_end(run))
        sw_fail(err, SW_E_TIMEOUT, "the store did not answer the re-read in time");
    if (is_read || run->judgement.is_gone)
        return is_read;
    /* blind: the last known ids, which the engine may know better than we did at the start */
    sw_rollout_clear(&run->before);
    if (run->judgement.has_rollout)
        sw_rollout_copy(&run->before, &run->judgement.rollout);
    else if (run->has_last)
        sw_rollout_copy(&run->before, &run->last);
    return false;
}

/* The store did not say where it stands: no answer, or none that can be read. */
static bool is_silence(enum sw_code code)
{
    return code == SW_E_NETWORK || code == SW_E_TIMEOUT || code == SW_E_TLS || code == SW_E_HTTP ||
           code == SW_E_QUOTA || code == SW_E_BUSY || code == SW_E_PARSE || code == SW_E_LIMIT;
}

static bool refuse_unread(struct sw_run *run, const struct sw_error *error)
{
    bool has_ids = run->before.identity[0] != '\0' || run->before.handle != NULL;
    if (run->verb == SW_VERB_HALT && has_ids && error->code != SW_E_CANCELLED) {
        run->is_blind = true;
        return false;
    }
    run->error = *error;
    if (sw_run_is_cancelled(run))
        sw_run_end(run, SW_RESULT_FAILED, SW_E_CANCELLED, "%s: told to end, nothing was sent",
                   run->platform_id);
    else if (run->verb != SW_VERB_HALT && is_silence(error->code))
        sw_run_end(run, SW_RESULT_REFUSED, SW_E_STALE,
                   "%s: %s refused: the store's state is not known now, nothing was sent: %s",
                   run->platform_id, sw_verb_title(run->verb), error->text);
    else
        sw_run_end(run, SW_RESULT_FAILED, error->code, "%s: nothing was sent: %s", run->platform_id,
                   error->text);
    return true;
}

/* States in which a stop has nothing to stop. COMPLETE is one of them: taking a completed release
 * back is a roll back, which stop-everything does not decide. */
static bool is_at_rest(const struct sw_run *run)
{
    switch (run->before.state) {
    case SW_STATE_UNKNOWN:
    case SW_STATE_ROLLING:
        return false;
    case SW_STATE_NONE:
    case SW_STATE_HALTED:
    case SW_STATE_COMPLETE:
    case SW_STATE_ROLLED_BACK:
        return true;
    default:
        return !run->judgement.offer.is_possible;
    }
}

/* A halt of what is halted, a stop of what does not move. */
static bool end_nothing_to_do(struct sw_run *run)
{
    char now[SW_LINE_MAX];
    const struct sw_act act = {.verb = run->verb, .before = &run->before};
    if (run->is_blind)
        return false;
    if (run->verb == SW_VERB_HALT && sw_run_kind_of(run)->is_seen(&act, &run->before)) {
        run->seen_ms = sw_run_now(run);
        sw_run_end(run, SW_RESULT_SEEN, SW_OK, "%s: already %s, nothing had to be sent",
                   run->platform_id, sw_run_state_text(&run->before, now, sizeof now));
        return true;
    }
    if (!run->is_part || !is_at_rest(run))
        return false;
    sw_run_end(run, SW_RESULT_SEEN, SW_OK, "nothing to stop: %s",
               sw_state_title(run->before.state));
    return true;
}

/* Blind, "it is halted already" is only what was last known: somebody may have resumed it. */
static bool is_blind_rehalt(const struct sw_run *run)
{
    return run->is_blind && run->verb == SW_VERB_HALT && !run->core->is_read_only &&
           run->before.state == SW_STATE_HALTED;
}

static bool refuse_by_policy(struct sw_run *run)
{
    const struct sw_policy_answer *policy = &run->judgement.policy;
    if (policy->is_allowed || is_blind_rehalt(run))
        return false;
    sw_run_end(run, SW_RESULT_REFUSED, policy->code == SW_OK ? SW_E_REFUSED : policy->code,
               "%s: %s refused: %s%s%s", run->platform_id, sw_verb_title(run->verb),
               run->is_blind ? "the store cannot be read, and when last read: " : "",
               policy->reason,
               policy->can_override ? " (an override with a reason opens it)" : "");
    return true;
}

/* A halt was asked here meanwhile: that, and not what it makes of the reading, is the reason. */
static bool end_superseded(struct sw_run *run)
{
    if (!atomic_load(&run->is_yielding) || sw_run_is_cancelled(run))
        return false;
    sw_run_end(run, SW_RESULT_SUPERSEDED, SW_E_CANCELLED,
               "%s: a newer halt came first; nothing was sent", run->platform_id);
    return true;
}

/* Steps 1 and 2. True when the verb may go on. */
bool sw_run_prepare(struct sw_run *run)
{
    struct sw_error error = {0};
    bool is_read = read_and_judge(run, &error);
    if (end_superseded(run))
        return false;
    if (run->judgement.is_gone) {
        sw_run_end(run, SW_RESULT_REFUSED, SW_E_USAGE,
                   "%s is not in the configuration any more, or bound to another target there; "
                   "nothing was sent",
                   run->platform_id);
        return false;
    }
    if (!is_read && refuse_unread(run, &error))
        return false;
    if (refuse_other_version(run) || refuse_drift(run) || end_nothing_to_do(run) ||
        refuse_by_policy(run))
        return false;
    run->to_percent = run->judgement.offer.to_percent;
    return true;
}
