/* outside.c: changes made by somebody else (in a console, by a pipeline) are written down.
 *
 * A reading of this run that differs from the one before in what only a person changes is kept
 * back until every release's log was looked at: another process of ours may have done it, or
 * another dashboard may have written it down. The first reading is held against the cache: what was
 * changed while none of us ran is a change too. Read-only cores and one-shots write nothing. */
#include "engine/engine.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/time.h"

/* An intent or outcome this close before a change explains it. WORLD. */
static const int64_t own_margin_ms = 2 * SW_MINUTE_MS;

void sw_outside_noticed(struct sw_core *core, size_t index, const struct sw_rollout *before,
                        const struct sw_rollout *after)
{
    struct sw_engine *engine = &core->engine;
    const struct sw_model_platform *platform = &engine->model.platforms[index];
    struct sw_outside *change = NULL;
    char text[SW_LINE_MAX];
    if (core->is_read_only ||
        !sw_reducer_is_outside_change(platform->plan.kind, before, after, text, sizeof text) ||
        sw_actions_is_busy(core, platform->id))
        return;
    if (core->is_oneshot) { /* left in the cache as it was, for a run that writes it down */
        engine->is_cache_held = true;
        return;
    }
    change = sw_xcalloc(1, sizeof *change);
    sw_copy(change->platform, sizeof change->platform, platform->id);
    sw_copy(change->version, sizeof change->version, after->version);
    sw_copy(change->identity, sizeof change->identity, after->identity);
    sw_copy(change->text, sizeof change->text, text);
    change->is_stop = after->state == SW_STATE_HALTED || after->state == SW_STATE_ROLLED_BACK;
    change->is_another = strcmp(before->identity, after->identity) != 0;
    change->from = before->percent_set;
    change->to = after->percent_set;
    change->before_ms = before->observed_at_ms;
    change->noticed_ms = after->observed_at_ms;
    change->after_watch = engine->watches_begun + 1;
    change->next = engine->outside;
    engine->outside = change;
    engine->is_scan_wanted = true;
    sw_watch_now(core);
}

/* A halt of ours explains no release that goes on, nor a step to 20 % one that stands at 50. */
static bool is_work_of(const struct sw_outside *change, const struct sw_record *record)
{
    bool is_stopping = sw_verb_is_stopping(record->verb);
    if (change->is_another)
        return true;
    if (is_stopping != change->is_stop)
        return false;
    return is_stopping || !record->to_percent.is_known || !change->to.is_known ||
           fabs(record->to_percent.value - change->to.value) < 0.001;
}

/* In another release's log, under whatever name it was done. */
static bool is_of_another_log(const struct sw_core *core, const struct sw_outside *change)
{
    const struct sw_journal *journal = &core->engine.journal;
    int64_t since_ms = change->before_ms - own_margin_ms;
    int64_t stop_ms = sw_journal_last_ms(journal, change->platform, true);
    int64_t go_ms = sw_journal_last_ms(journal, change->platform, false);
    bool may_be_stop = change->is_stop || change->is_another;
    bool may_be_go = !change->is_stop || change->is_another;
    return (may_be_stop && stop_ms >= since_ms) || (may_be_go && go_ms >= since_ms);
}

static bool is_written(const struct sw_outside *change, const struct sw_record *record)
{
    return record->kind == SW_EVENT_CHANGE && record->at_ms >= change->before_ms &&
           record->text != NULL && strstr(record->text, change->text) != NULL;
}

/* Did one of us, here or in another process, do it or write it down already? */
static bool is_explained(const struct sw_core *core, const struct sw_outside *change)
{
    const struct sw_model *model = &core->engine.model;
    bool is_any = false;
    for (size_t i = sw_fold_count(model->fold); i > 0; i--) {
        const struct sw_record *record = sw_fold_at(model->fold, i - 1);
        if (record->at_ms < change->before_ms - own_margin_ms)
            break;
        if (record->platform == NULL || strcmp(record->platform, change->platform) != 0)
            continue;
        bool is_ours = record->kind == SW_EVENT_INTENT || record->kind == SW_EVENT_OUTCOME;
        if (is_written(change, record) || (is_ours && is_work_of(change, record)))
            return true;
        is_any = is_any || is_ours;
    }
    return !is_any && is_of_another_log(core, change);
}

static struct sw_record *change_record(const struct sw_core *core, const struct sw_outside *change)
{
    char line[SW_LINE_MAX + SW_ID_MAX];
    struct sw_record *record = sw_xcalloc(1, sizeof *record);
    sw_format(line, sizeof line, "%s: %s", change->platform, change->text);
    sw_uuid4(record->uuid);
    record->kind = SW_EVENT_CHANGE;
    record->at_ms = change->noticed_ms;
    record->actor = sw_xstrdup(core->actor);
    record->platform = sw_xstrdup(change->platform);
    record->version = sw_xstrdup(change->version[0] != '\0' ? change->version : NULL);
    record->identity = sw_xstrdup(change->identity[0] != '\0' ? change->identity : NULL);
    record->from_percent = change->from;
    record->to_percent = change->to;
    record->text = sw_xstrdup(line);
    return record;
}

void sw_outside_judge(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    for (struct sw_outside **at = &engine->outside; *at != NULL;) {
        struct sw_outside *change = *at;
        if (engine->watches < change->after_watch || engine->is_watching ||
            engine->is_scan_wanted || engine->is_scanning) {
            at = &change->next;
            continue;
        }
        *at = change->next;
        if (!engine->is_stopping && !is_explained(core, change))
            sw_watch_note(core, change_record(core, change));
        free(change);
    }
}

void sw_outside_clear(struct sw_core *core)
{
    while (core->engine.outside != NULL) {
        struct sw_outside *change = core->engine.outside;
        core->engine.outside = change->next;
        free(change);
    }
}
