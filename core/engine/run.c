/* run.c: the protocol of an action, step by step; run.h lists the steps.
 *
 * What each end means to the captain:
 *   SEEN        the store's own record shows it (or there was nothing to do)
 *   REFUSED     by us; nothing was sent
 *   REJECTED    by the upstream, in its own words
 *   SUPERSEDED  a newer halt came first
 *   FAILED      certainly not sent
 *   UNKNOWN     sent, and neither its effect nor its absence is shown yet
 * A write is never sent twice unasked, except a halt that a later read shows not taken, or one of
 * which nothing has left at all. */
#include "engine/run.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"

static const int64_t seen_timeout_preset_ms = 120 * SW_SECOND_MS;
static const int64_t resend_max_ms = SW_MINUTE_MS;

/* -------------------------------------------------------------- life, waiting */

struct sw_run *sw_run_new(struct sw_core *core, enum sw_run_kind kind, uint64_t id)
{
    struct sw_run *run = sw_xcalloc(1, sizeof *run);
    run->core = core;
    run->kind = kind;
    run->id = id;
    atomic_init(&run->is_cancelled, false);
    atomic_init(&run->is_yielding, false);
    atomic_init(&run->read_until_ms, 0);
    sw_mutex_init(&run->lock);
    sw_cond_init(&run->woken);
    return run;
}

void sw_run_free(struct sw_run *run)
{
    if (run == NULL)
        return;
    sw_assert(run->flow == NULL && run->ledger == NULL);
    sw_setup_unref(run->setup);
    sw_rollout_clear(&run->last);
    sw_rollout_clear(&run->before);
    sw_rollout_clear(&run->judgement.rollout);
    sw_record_clear(&run->intent);
    sw_cond_clear(&run->woken);
    sw_mutex_clear(&run->lock);
    free(run->reason);
    free(run->override_text);
    free(run->item);
    free(run->text);
    free(run);
}

static void cancel_flow(struct sw_run *run, bool also_mutating)
{
    sw_mutex_lock(&run->lock);
    if (run->flow != NULL && run->flow->channel != NULL && (also_mutating || !run->is_mutating))
        sw_channel_cancel(run->flow->channel);
    sw_cond_broadcast(&run->woken);
    sw_mutex_unlock(&run->lock);
}

void sw_run_cancel(struct sw_run *run)
{
    atomic_store(&run->is_cancelled, true);
    cancel_flow(run, true);
}

void sw_run_yield(struct sw_run *run)
{
    atomic_store(&run->is_yielding, true);
    cancel_flow(run, false);
}

void sw_run_cut(struct sw_run *run)
{
    cancel_flow(run, false);
}

bool sw_run_is_cancelled(const struct sw_run *run)
{
    return atomic_load(&run->is_cancelled);
}

static bool is_told_to_end(const struct sw_run *run)
{
    return atomic_load(&run->is_cancelled) || atomic_load(&run->is_yielding);
}

bool sw_run_pause(struct sw_run *run, int64_t ms)
{
    int64_t until_ms = sw_time_mono_ms() + ms;
    sw_mutex_lock(&run->lock);
    while (!is_told_to_end(run) && sw_cond_wait_until(&run->woken, &run->lock, until_ms))
        continue;
    sw_mutex_unlock(&run->lock);
    return !is_told_to_end(run);
}

void sw_run_answer(struct sw_run *run, struct sw_judgement *judgement)
{
    sw_mutex_lock(&run->lock);
    sw_rollout_clear(&run->judgement.rollout);
    run->judgement = *judgement;
    run->has_judgement = true;
    sw_cond_broadcast(&run->woken);
    sw_mutex_unlock(&run->lock);
}

/* The engine answers every question, also while it stops. */
static void wait_for_judgement(struct sw_run *run)
{
    sw_mutex_lock(&run->lock);
    while (!run->has_judgement)
        sw_cond_wait(&run->woken, &run->lock);
    sw_mutex_unlock(&run->lock);
}

int64_t sw_run_now(const struct sw_run *run)
{
    return sw_clock_world(&run->core->clock, sw_time_real_ms());
}

const struct sw_source_kind *sw_run_kind_of(const struct sw_run *run)
{
    size_t source = run->setup->config->platforms[run->platform].rollout.source;
    return run->setup->sources[source].kind;
}

/* ------------------------------------------------------------------- words */

void sw_run_say(struct sw_run *run, const char *fmt, ...)
{
    char text[SW_LINE_MAX];
    va_list args;
    va_start(args, fmt);
    struct sw_buf buf;
    sw_buf_init(&buf, sizeof text - 1);
    sw_buf_vprintf(&buf, fmt, args);
    va_end(args);
    sw_copy(text, sizeof text, sw_buf_text(&buf));
    sw_buf_clear(&buf);
    sw_run_tell_progress(run, text);
}

void sw_run_end(struct sw_run *run, enum sw_result result, enum sw_code code, const char *fmt, ...)
{
    struct sw_buf buf;
    va_list args;
    sw_assert(run->result == SW_RESULT_NONE);
    sw_buf_init(&buf, 64 * 1024);
    va_start(args, fmt);
    sw_buf_vprintf(&buf, fmt, args);
    va_end(args);
    run->result = result;
    run->text = sw_xstrdup(sw_buf_text(&buf));
    sw_buf_clear(&buf);
    int http_status = run->error.http_status;
    int64_t retry_at_ms = run->error.retry_at_ms;
    sw_error_clear(&run->error);
    if (code == SW_OK)
        return;
    sw_fail(&run->error, code, "%s", run->text);
    run->error.http_status = http_status;
    run->error.retry_at_ms = retry_at_ms;
}

static const char *version_text(const struct sw_rollout *rollout, char *buf, size_t size)
{
    if (rollout->version[0] == '\0')
        sw_copy(buf, size, rollout->identity);
    else if (rollout->identity[0] == '\0')
        sw_copy(buf, size, rollout->version);
    else
        sw_format(buf, size, "%s (%s)", rollout->version, rollout->identity);
    return buf;
}

static const char *state_text(const struct sw_rollout *rollout, char *buf, size_t size)
{
    char percent[32];
    if (rollout->percent_set.is_known)
        sw_format(buf, size, "%s at %s", sw_state_title(rollout->state),
                  sw_percent_text(rollout->percent_set, true, percent, sizeof percent));
    else
        sw_copy(buf, size, sw_state_title(rollout->state));
    return buf;
}

/* ------------------------------------------------ step 1: compare with what was seen */

/* True when it ended here. */
static bool refuse_other_version(struct sw_run *run)
{
    char now[SW_LABEL_MAX * 2];
    if (!run->has_expected_identity || run->expected_identity[0] == '\0' ||
        !strcmp(run->expected_identity, run->before.identity))
        return false;
    sw_run_end(run, SW_RESULT_REFUSED, SW_E_CONFLICT,
               "%s: the store now has %s, you saw %s; look again, nothing was sent",
               run->platform_id, version_text(&run->before, now, sizeof now),
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
               run->platform_id, state_text(&run->before, now, sizeof now),
               state_text(&expected, seen, sizeof seen));
    return true;
}

/* ------------------------------------------------------------ step 2: judge */

/* Reads the target and has the engine judge. is_read: the reading is fresh. */
static bool read_and_judge(struct sw_run *run, struct sw_error *err)
{
    sw_run_say(run, "reading %s again", run->platform_id);
    bool is_read = sw_run_read(run, &run->before, err) == SW_OK;
    atomic_store(&run->read_until_ms, 0);
    wait_for_judgement(run);
    if (!is_read && err->code == SW_E_CANCELLED && !is_told_to_end(run))
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
                   run->platform_id, state_text(&run->before, now, sizeof now));
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
               "%s: %s refused: %s%s", run->platform_id, sw_verb_title(run->verb), policy->reason,
               policy->can_override ? " (an override with a reason opens it)" : "");
    return true;
}

/* Steps 1 and 2. True when the verb may go on. */
static bool prepare(struct sw_run *run)
{
    struct sw_error error = {0};
    bool is_read = read_and_judge(run, &error);
    if (run->judgement.is_gone) {
        sw_run_end(run, SW_RESULT_REFUSED, SW_E_USAGE,
                   "%s is not in the configuration any more; nothing was sent", run->platform_id);
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

/* ----------------------------------------------------------- steps 4 and 5 */

static int64_t seen_timeout_ms(const struct sw_run *run)
{
    int64_t mine_ms = run->core->tuning.seen_timeout_ms;
    int kind_s = sw_run_kind_of(run)->seen_timeout_s[run->verb];
    if (mine_ms > 0)
        return mine_ms;
    return kind_s > 0 ? kind_s * SW_SECOND_MS : seen_timeout_preset_ms;
}

/* Where the reading back stands; mono times unless said otherwise. */
struct wait {
    int64_t end_ms;          /* the limit */
    int64_t pause_ms;        /* before the next read */
    int64_t resend_after_ms; /* since the last sending */
    int64_t sent_ms, sent_world_ms;
    bool is_last_read_ok;
    struct sw_error error; /* the newest trouble */
};

static void end_told(struct sw_run *run)
{
    if (atomic_load(&run->is_yielding) && !sw_run_is_cancelled(run))
        run->is_superseded = true;
    if (run->is_superseded)
        sw_run_end(run, SW_RESULT_SUPERSEDED, SW_E_CANCELLED,
                   "%s: a newer halt came first; nothing more was sent", run->platform_id);
    else if (run->is_effect_possible)
        sw_run_end(run, SW_RESULT_UNKNOWN, SW_E_OUTCOME_UNKNOWN,
                   "%s: sent, but not seen before the end of this run; it is settled at the next "
                   "start",
                   run->platform_id);
    else
        sw_run_end(run, SW_RESULT_FAILED, SW_E_CANCELLED, "%s: told to end, nothing was sent",
                   run->platform_id);
}

static void end_seen(struct sw_run *run, const struct sw_rollout *now)
{
    char version[SW_LABEL_MAX * 2], state[SW_LINE_MAX];
    run->seen_ms = sw_run_now(run);
    if (now->percent_set.is_known)
        run->to_percent = now->percent_set;
    sw_run_end(run, SW_RESULT_SEEN, SW_OK, "%s %s: %s, seen at the store", run->platform_id,
               version_text(now, version, sizeof version), state_text(now, state, sizeof state));
}

static void end_at_limit(struct sw_run *run, const struct wait *wait)
{
    run->error = wait->error;
    if (!run->is_effect_possible && run->accepted_ms == 0)
        sw_run_end(run, SW_RESULT_FAILED,
                   wait->error.code != SW_OK ? wait->error.code : SW_E_TIMEOUT, "%s: not sent: %s",
                   run->platform_id, wait->error.text);
    else
        sw_run_end(run, SW_RESULT_UNKNOWN, SW_E_OUTCOME_UNKNOWN,
                   "%s: %s, but the store does not show it yet; ask again", run->platform_id,
                   run->accepted_ms != 0 ? "accepted" : "sent, without an answer");
}

/* Failures that may pass; a halt is tried again after them although nothing has left yet. */
static bool is_passing(enum sw_code code)
{
    return code == SW_E_NETWORK || code == SW_E_TIMEOUT || code == SW_E_HTTP ||
           code == SW_E_QUOTA || code == SW_E_BUSY;
}

/* True when the sending ended the action. */
static bool end_after_sending(struct sw_run *run, enum sw_run_sent sent, bool is_first,
                              const struct sw_error *error)
{
    switch (sent) {
    case SW_SENT_ACCEPTED:
    case SW_SENT_UNSURE:
        return false;
    case SW_SENT_ENDED:
        end_told(run);
        return true;
    case SW_SENT_REFUSED:
        if (!is_first)
            return false; /* perhaps because the first one worked: the next read tells */
        run->error = *error;
        sw_run_end(run, SW_RESULT_REJECTED, error->code, "%s: %s", run->platform_id, error->text);
        return true;
    case SW_SENT_NOT:
        if (run->verb == SW_VERB_HALT && (is_passing(error->code) || run->is_effect_possible))
            return false;
        run->error = *error;
        sw_run_end(run, SW_RESULT_FAILED, error->code, "%s: not sent: %s", run->platform_id,
                   error->text);
        return true;
    }
    return false;
}

/* Sends once. True when that ended the action. */
static bool send_once(struct sw_run *run, struct wait *wait, bool is_first)
{
    struct sw_error error = {0};
    wait->sent_ms = sw_time_mono_ms();
    wait->sent_world_ms = sw_run_now(run);
    sw_run_say(run, "%s: asking %s", sw_verb_title(run->verb), sw_run_kind_of(run)->title);
    enum sw_run_sent sent = sw_run_send(run, NULL, &error);
    if (sent == SW_SENT_ACCEPTED) {
        run->accepted_ms = sw_run_now(run);
        sw_run_say(run, "accepted, reading back");
    } else if (error.code != SW_OK) {
        wait->error = error;
        if (sent == SW_SENT_UNSURE)
            sw_run_say(run, "no answer, reading back: %s", error.text);
    }
    return end_after_sending(run, sent, is_first, &error);
}

/* May this halt be sent again? Only when nothing has left yet, or when a reading whose data is
 * younger than the last sending does not show it. */
static bool is_to_be_resent(const struct sw_run *run, const struct wait *wait, bool is_read,
                            const struct sw_rollout *now, int64_t read_at_ms)
{
    if (run->verb != SW_VERB_HALT)
        return false;
    if (!run->is_effect_possible)
        return true;
    int64_t true_for_ms = now->true_for_ms != 0 ? now->true_for_ms : now->observed_at_ms;
    return is_read && read_at_ms >= wait->sent_ms + wait->resend_after_ms &&
           true_for_ms >= wait->sent_world_ms;
}

/* True when the reading ended the action. */
static bool judge_reading(struct sw_run *run, const struct sw_rollout *now)
{
    char version[SW_LABEL_MAX * 2];
    const struct sw_act act = {.verb = run->verb,
                               .to_percent = run->to_percent,
                               .before = &run->before,
                               .is_blind = run->is_blind};
    if (sw_run_kind_of(run)->is_seen(&act, now)) {
        end_seen(run, now);
        return true;
    }
    if (strcmp(now->identity, run->before.identity) != 0 && now->identity[0] != '\0' &&
        run->before.identity[0] != '\0') {
        sw_run_end(run, SW_RESULT_UNKNOWN, SW_E_CONFLICT,
                   "%s: sent, but the store now shows %s; nothing more is sent", run->platform_id,
                   version_text(now, version, sizeof version));
        return true;
    }
    return false;
}

/* One read, and what follows from it. True when the action ended. */
static bool read_back(struct sw_run *run, struct wait *wait)
{
    struct sw_rollout now = {0};
    struct sw_error error = {0};
    int64_t read_at_ms = sw_time_mono_ms();
    bool is_read = sw_run_read(run, &now, &error) == SW_OK;
    bool is_over = false;
    wait->is_last_read_ok = is_read;
    if (is_read)
        is_over = judge_reading(run, &now);
    else if (error.code != SW_E_CANCELLED)
        wait->error = error;
    if (!is_over && !is_told_to_end(run) && is_to_be_resent(run, wait, is_read, &now, read_at_ms)) {
        if (is_read && run->is_effect_possible) {
            sw_rollout_clear(&run->before);
            sw_rollout_copy(&run->before, &now);
            run->is_blind = false;
            wait->resend_after_ms *= 2;
            if (wait->resend_after_ms > resend_max_ms)
                wait->resend_after_ms = resend_max_ms;
        }
        is_over = send_once(run, wait, false);
    }
    sw_rollout_clear(&now);
    return is_over;
}

/* In a dashboard a halt stays open until it is seen, and what was sent without an answer until it
 * can be read; elsewhere the limit ends the wait. */
static bool is_limit_reached(const struct sw_run *run, const struct wait *wait)
{
    if (sw_time_mono_ms() < wait->end_ms)
        return false;
    return run->core->is_oneshot || (run->verb != SW_VERB_HALT && wait->is_last_read_ok);
}

static void send_and_read_back(struct sw_run *run)
{
    const struct sw_tuning *tuning = &run->core->tuning;
    struct wait wait = {.pause_ms = tuning->read_first_ms,
                        .resend_after_ms = tuning->resend_after_ms,
                        .end_ms = sw_time_mono_ms() + seen_timeout_ms(run)};
    bool is_over = send_once(run, &wait, true);
    sw_run_tell_hold(run, false);
    while (!is_over) {
        if (!sw_run_pause(run, wait.pause_ms)) {
            end_told(run);
            return;
        }
        wait.pause_ms =
            wait.pause_ms * 2 < tuning->read_max_ms ? wait.pause_ms * 2 : tuning->read_max_ms;
        is_over = read_back(run, &wait);
        if (!is_over && is_told_to_end(run)) {
            end_told(run);
            return;
        }
        if (!is_over && is_limit_reached(run, &wait)) {
            end_at_limit(run, &wait);
            return;
        }
    }
}

/* ------------------------------------------------------------------- verbs */

static void dry_run(struct sw_run *run)
{
    struct sw_buf requests;
    struct sw_error error = {0};
    sw_buf_init(&requests, 64 * 1024);
    enum sw_run_sent sent = sw_run_send(run, &requests, &error);
    if (sent == SW_SENT_ACCEPTED) {
        sw_run_end(run, SW_RESULT_DRY_RUN, SW_OK, "%s", sw_buf_text(&requests));
    } else {
        run->error = error;
        sw_run_end(run, SW_RESULT_FAILED, error.code == SW_OK ? SW_E_CANCELLED : error.code,
                   "%s: dry run: %s", run->platform_id, error.text);
    }
    sw_buf_clear(&requests);
}

/* Step 3. True when the action may go on. */
static bool write_intent(struct sw_run *run)
{
    struct sw_error error = {0};
    enum sw_code code = sw_run_write_intent(run, &error);
    if (code == SW_OK)
        return true;
    if (run->result != SW_RESULT_NONE)
        return false; /* ended inside: somebody else was first */
    sw_run_tell_ledger(run, &error);
    if (run->verb == SW_VERB_HALT && run->is_unrecorded)
        return true;
    sw_run_end(run, SW_RESULT_REFUSED, code,
               run->verb == SW_VERB_HALT
                   ? "%s: the ledger cannot be written, nothing was sent: %s; confirm once more to "
                     "halt without a record (--unrecorded)"
                   : "%s: the ledger cannot be written, nothing was sent: %s",
               run->platform_id, error.text);
    return false;
}

/* A halt that knows its ids does not sit out a store that takes the question and never answers. */
static void limit_reread(struct sw_run *run)
{
    if (run->verb == SW_VERB_HALT && run->has_last && run->last.identity[0] != '\0')
        atomic_store(&run->read_until_ms, sw_time_mono_ms() + run->core->tuning.halt_read_ms);
}

static void run_verb(struct sw_run *run)
{
    limit_reread(run);
    sw_run_tell_hold(run, true);
    if (prepare(run)) {
        if (run->is_dry_run) {
            dry_run(run);
        } else if (write_intent(run)) {
            send_and_read_back(run);
        }
    }
    sw_run_tell_hold(run, false);
    sw_run_write_outcome(run);
}

/* ------------------------------------------------------------------- ticks */

static void run_tick(struct sw_run *run)
{
    struct sw_error error = {0};
    char release[SW_LABEL_MAX], line[SW_LINE_MAX];
    struct sw_record record = {.kind = run->is_untick ? SW_EVENT_UNTICK : SW_EVENT_TICK,
                               .at_ms = sw_run_now(run)};
    sw_core_release_name(run->core, release);
    sw_format(line, sizeof line, "%s %s", run->is_untick ? "untick" : "tick", run->item);
    record.item = sw_xstrdup(run->item);
    record.reason = sw_xstrdup(run->reason);
    record.text = sw_xstrdup(line);
    enum sw_code code = sw_run_append(run, release, &record, &error);
    if (code == SW_OK) {
        run->seen_ms = record.at_ms;
        sw_run_end(run, SW_RESULT_SEEN, SW_OK, "%sed %s", run->is_untick ? "untick" : "tick",
                   run->item);
    } else {
        sw_run_tell_ledger(run, &error);
        sw_run_end(run, SW_RESULT_FAILED, code, "%s: the ledger cannot be written: %s", run->item,
                   error.text);
    }
    sw_record_clear(&record);
}

void sw_run_main(void *arg)
{
    struct sw_run *run = arg;
    switch (run->kind) {
    case SW_RUN_VERB:
        run_verb(run);
        break;
    case SW_RUN_SETTLE:
        sw_run_settle(run);
        break;
    case SW_RUN_TICK:
        run_tick(run);
        break;
    }
    sw_run_close_ledger(run);
    sw_run_tell_over(run);
}
