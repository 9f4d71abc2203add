/* run.c: the life of an action, its words, and the order of its steps (run.h lists them).
 *
 * What each end means to the captain:
 *   SEEN        the store's own record shows it (or there was nothing to do)
 *   REFUSED     by us; nothing was sent
 *   REJECTED    by the upstream, in its own words
 *   SUPERSEDED  a newer halt came first
 *   FAILED      certainly not sent
 *   UNKNOWN     sent, and neither its effect nor its absence is shown yet */
#include "engine/run.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/engine.h"

/* -------------------------------------------------------------- life, waiting */

struct sw_run *sw_run_new(struct sw_core *core, enum sw_run_kind kind, uint64_t id)
{
    struct sw_run *run = sw_xcalloc(1, sizeof *run);
    run->core = core;
    run->kind = kind;
    run->id = id;
    atomic_init(&run->is_cancelled, false);
    atomic_init(&run->is_yielding, false);
    atomic_init(&run->is_cut, false);
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
    sw_journal_clear(&run->journal);
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

/* Also where its flow waits for a lock, or has not begun; never what comes after it. */
void sw_run_cut(struct sw_run *run)
{
    sw_mutex_lock(&run->lock);
    atomic_store(&run->is_cut, run->is_rereading);
    if (run->is_rereading && run->flow != NULL && run->flow->channel != NULL)
        sw_channel_cancel(run->flow->channel);
    sw_mutex_unlock(&run->lock);
}

void sw_run_set_rereading(struct sw_run *run, bool is_rereading)
{
    sw_mutex_lock(&run->lock);
    run->is_rereading = is_rereading;
    atomic_store(&run->is_cut, false);
    sw_mutex_unlock(&run->lock);
}

bool sw_run_is_cancelled(const struct sw_run *run)
{
    return atomic_load(&run->is_cancelled);
}

bool sw_run_is_told_to_end(const struct sw_run *run)
{
    return atomic_load(&run->is_cancelled) || atomic_load(&run->is_yielding);
}

bool sw_run_pause(struct sw_run *run, int64_t ms)
{
    int64_t until_ms = sw_time_mono_ms() + ms;
    sw_mutex_lock(&run->lock);
    while (!sw_run_is_told_to_end(run) && sw_cond_wait_until(&run->woken, &run->lock, until_ms))
        continue;
    sw_mutex_unlock(&run->lock);
    return !sw_run_is_told_to_end(run);
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

const char *sw_run_version_text(const struct sw_rollout *rollout, char *buf, size_t size)
{
    if (rollout->version[0] == '\0')
        sw_copy(buf, size, rollout->identity);
    else if (rollout->identity[0] == '\0')
        sw_copy(buf, size, rollout->version);
    else
        sw_format(buf, size, "%s (%s)", rollout->version, rollout->identity);
    return buf;
}

const char *sw_run_state_text(const struct sw_rollout *rollout, char *buf, size_t size)
{
    char percent[32];
    if (rollout->percent_set.is_known)
        sw_format(buf, size, "%s at %s", sw_state_title(rollout->state),
                  sw_percent_text(rollout->percent_set, true, percent, sizeof percent));
    else
        sw_copy(buf, size, sw_state_title(rollout->state));
    return buf;
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
    if (run->verb != SW_VERB_HALT || !run->has_last || run->last.identity[0] == '\0')
        return;
    sw_run_set_rereading(run, true);
    atomic_store(&run->read_until_ms, sw_time_mono_ms() + run->core->tuning.halt_read_ms);
}

static void run_verb(struct sw_run *run)
{
    limit_reread(run);
    sw_run_tell_hold(run, true);
    if (run->verb != SW_VERB_HALT && !run->is_dry_run)
        sw_run_open_journal(run);
    if (sw_run_prepare(run)) {
        if (run->is_dry_run) {
            dry_run(run);
        } else if (write_intent(run)) {
            sw_run_deliver(run);
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
    sw_assert_on(SW_THREAD_ACTION);
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
