/* outside.c: changes made by somebody else (in a console, by a pipeline) are written down.
 *
 * A reading of this run that differs from the one before in what only a person changes is kept
 * back until every release's log was looked at: another process of ours may have done it, or
 * another dashboard may have written it down. The first reading is held against the cache: what was
 * changed while none of us ran is a change too. Read-only cores and one-shots write nothing. */
#include "engine/engine.h"

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

/* Did one of us, here or in another process, do it or write it down already? */
static bool is_explained(const struct sw_core *core, const struct sw_outside *change)
{
    const struct sw_model *model = &core->engine.model;
    if (sw_journal_last_ms(&core->engine.journal, change->platform) >=
        change->before_ms - own_margin_ms)
        return true; /* whatever name it has for the release */
    for (size_t i = sw_fold_count(model->fold); i > 0; i--) {
        const struct sw_record *record = sw_fold_at(model->fold, i - 1);
        if (record->at_ms < change->before_ms - own_margin_ms)
            break;
        if (record->platform == NULL || strcmp(record->platform, change->platform) != 0)
            continue;
        if (record->kind == SW_EVENT_INTENT || record->kind == SW_EVENT_OUTCOME)
            return true;
        if (record->kind == SW_EVENT_CHANGE && record->at_ms >= change->before_ms &&
            record->text != NULL && strstr(record->text, change->text) != NULL)
            return true;
    }
    return false;
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
