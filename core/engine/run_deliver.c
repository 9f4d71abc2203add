/* run_deliver.c: steps 4 and 5 of an action: send, and read back until the store shows it.
 *
 * A write is never sent twice unasked, except a halt that a later read shows not taken, or one of
 * which nothing has left at all. See run.h. */
#include "engine/run.h"

#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"

static const int64_t seen_timeout_preset_ms = 120 * SW_SECOND_MS;
static const int64_t resend_max_ms = SW_MINUTE_MS;

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
    enum sw_halt_wait halt_wait; /* of the last reading */
    char halt_wait_note[SW_LINE_MAX];
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
                   "start: ask `slipway status`",
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
    sw_run_end(run, SW_RESULT_SEEN, SW_OK, "%s %s: %s, seen at the store%s", run->platform_id,
               sw_run_version_text(now, version, sizeof version),
               sw_run_state_text(now, state, sizeof state),
               run->may_cancel_review ? "; a review, if one ran there, was cancelled by it" : "");
}

/* What a halt that the store holds back waits for, as the first words of a line. */
static const char *halt_wait_words(enum sw_halt_wait wait)
{
    return wait == SW_HALT_WAIT_HAND ? "HALT WAITS FOR A HAND" : "HALT WAITS FOR A REVIEW";
}

/* A halt that is at the store and not live: that, and not "accepted", is what the captain must know. */
static void note_halt_wait(struct sw_run *run, struct wait *wait, const struct sw_rollout *now)
{
    wait->halt_wait = run->verb == SW_VERB_HALT ? now->halt_wait : SW_HALT_WAIT_NONE;
    sw_copy(wait->halt_wait_note, sizeof wait->halt_wait_note, now->halt_wait_note);
    if (wait->halt_wait != SW_HALT_WAIT_NONE)
        sw_run_say(run, "%s: %s", halt_wait_words(wait->halt_wait), wait->halt_wait_note);
}

static void end_at_limit(struct sw_run *run, const struct wait *wait)
{
    run->error = wait->error;
    if (wait->halt_wait != SW_HALT_WAIT_NONE)
        sw_run_end(run, SW_RESULT_UNKNOWN, SW_E_OUTCOME_UNKNOWN,
                   "%s: %s, IT IS NOT LIVE: %s; until then the version goes on to users",
                   run->platform_id, halt_wait_words(wait->halt_wait), wait->halt_wait_note);
    else if (!run->is_effect_possible && run->accepted_ms == 0)
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
           code == SW_E_QUOTA || code == SW_E_BUSY || code == SW_E_PARSE || code == SW_E_LIMIT;
}

/* True when the sending ended the action. had_effect: an earlier sending may have worked. */
static bool end_after_sending(struct sw_run *run, enum sw_run_sent sent, bool had_effect,
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
        if (had_effect)
            return false; /* perhaps because that one worked: the next read tells */
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
static bool send_once(struct sw_run *run, struct wait *wait)
{
    struct sw_error error = {0};
    bool had_effect = run->is_effect_possible;
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
    return end_after_sending(run, sent, had_effect, &error);
}

static int64_t true_time(const struct sw_rollout *rollout)
{
    return rollout->true_for_ms != 0 ? rollout->true_for_ms : rollout->observed_at_ms;
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
    return is_read && read_at_ms >= wait->sent_ms + wait->resend_after_ms &&
           true_time(now) >= wait->sent_world_ms;
}

/* A deployment is done, an app is with everybody: it came to its end before the halt took, and no
 * halt reaches it there. Asking on would be asking for ever, so the halt ends, and aloud. Where
 * something of it may have left, only a reading younger than that may say so. */
static bool end_out_of_reach(struct sw_run *run, const struct wait *wait,
                             const struct sw_rollout *now)
{
    struct sw_target target = run->setup->platforms[run->platform].rollout;
    struct sw_source_offer offer = {0};
    char state[SW_LINE_MAX];
    bool is_at_end = now->state == SW_STATE_COMPLETE || now->state == SW_STATE_ROLLED_BACK ||
                     now->state == SW_STATE_FAILED || now->state == SW_STATE_NONE;
    bool is_younger = true_time(now) >= wait->sent_world_ms || !run->is_effect_possible;
    if (run->verb != SW_VERB_HALT || !is_at_end || !is_younger)
        return false;
    target.plan = &run->plan;
    target.rollout = now;
    sw_run_kind_of(run)->offer(&target, now, SW_VERB_HALT, &offer);
    if (offer.is_possible)
        return false;
    sw_run_end(run, SW_RESULT_REJECTED, SW_E_CONFLICT,
               "%s: NOT HALTED: the store now shows %s: %s; nothing more is sent", run->platform_id,
               sw_run_state_text(now, state, sizeof state), offer.reason);
    return true;
}

/* True when the reading ended the action. */
static bool judge_reading(struct sw_run *run, const struct wait *wait, const struct sw_rollout *now)
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
        bool is_sent = run->is_effect_possible || run->accepted_ms != 0;
        sw_run_end(run, is_sent ? SW_RESULT_UNKNOWN : SW_RESULT_FAILED, SW_E_CONFLICT,
                   is_sent ? "%s: sent, but the store now shows %s; nothing more is sent"
                           : "%s: nothing was sent, and the store now shows %s",
                   run->platform_id, sw_run_version_text(now, version, sizeof version));
        return true;
    }
    return end_out_of_reach(run, wait, now);
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
        note_halt_wait(run, wait, &now);
    if (is_read)
        is_over = judge_reading(run, wait, &now);
    else if (error.code != SW_E_CANCELLED)
        wait->error = error;
    if (!is_over && !sw_run_is_told_to_end(run) &&
        is_to_be_resent(run, wait, is_read, &now, read_at_ms)) {
        if (is_read && run->is_effect_possible) {
            sw_rollout_clear(&run->before);
            sw_rollout_copy(&run->before, &now);
            run->is_blind = false;
            wait->resend_after_ms *= 2;
            if (wait->resend_after_ms > resend_max_ms)
                wait->resend_after_ms = resend_max_ms;
        }
        is_over = send_once(run, wait);
    }
    sw_rollout_clear(&now);
    return is_over;
}

/* In a dashboard a halt stays open until it is seen, and what was sent without an answer until it
 * can be read; elsewhere the limit ends the wait. */
static bool is_limit_reached(const struct sw_run *run, const struct wait *wait)
{
    if (run->core->is_oneshot && wait->halt_wait == SW_HALT_WAIT_HAND)
        return true; /* no waiting brings the hand */
    if (sw_time_mono_ms() < wait->end_ms)
        return false;
    return run->core->is_oneshot || (run->verb != SW_VERB_HALT && wait->is_last_read_ok);
}

void sw_run_deliver(struct sw_run *run)
{
    const struct sw_tuning *tuning = &run->core->tuning;
    struct wait wait = {.pause_ms = tuning->read_first_ms,
                        .resend_after_ms = tuning->resend_after_ms,
                        .end_ms = sw_time_mono_ms() + seen_timeout_ms(run)};
    bool is_over = send_once(run, &wait);
    sw_run_tell_hold(run, false);
    while (!is_over) {
        if (!sw_run_pause(run, wait.pause_ms)) {
            end_told(run);
            return;
        }
        wait.pause_ms =
            wait.pause_ms * 2 < tuning->read_max_ms ? wait.pause_ms * 2 : tuning->read_max_ms;
        is_over = read_back(run, &wait);
        if (!is_over && sw_run_is_told_to_end(run)) {
            end_told(run);
            return;
        }
        if (!is_over && is_limit_reached(run, &wait)) {
            end_at_limit(run, &wait);
            return;
        }
    }
}
