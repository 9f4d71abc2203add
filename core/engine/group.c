/* group.c: a stop-everything as a whole: its parts are actions like any other, and the last one to
 * end gives the outcome of all. */
#include "engine/engine.h"

#include "base/mem.h"

/* The worst part names the whole; SEEN only when every part is. */
static int badness(enum sw_result result)
{
    static const int order[SW_RESULT_COUNT] = {
        [SW_RESULT_DRY_RUN] = 1,  [SW_RESULT_SUPERSEDED] = 2, [SW_RESULT_REFUSED] = 3,
        [SW_RESULT_REJECTED] = 4, [SW_RESULT_FAILED] = 5,     [SW_RESULT_UNKNOWN] = 6,
    };
    return order[result];
}

static void end_group(struct sw_core *core, struct sw_stop_group *group)
{
    struct sw_outcome *outcome = group->outcome;
    size_t seen = 0;
    const struct sw_outcome *worst = &outcome->parts[0];
    for (size_t i = 0; i < outcome->part_count; i++) {
        const struct sw_outcome *part = &outcome->parts[i];
        seen += part->result == SW_RESULT_SEEN;
        if (badness(part->result) > badness(worst->result))
            worst = part;
    }
    enum sw_result result = outcome->part_count == 0 ? SW_RESULT_SEEN : worst->result;
    sw_outcome_end(outcome, result, outcome->part_count == 0 ? SW_OK : worst->error.code,
                   "%zu of %zu platforms stopped or with nothing to stop", seen,
                   outcome->part_count);
    outcome->seen_ms = result == SW_RESULT_SEEN ? sw_engine_now(core) : 0;
    sw_core_deliver(core, outcome);
}

void sw_group_end_part(struct sw_core *core, const struct sw_run *run, struct sw_outcome *outcome)
{
    for (struct sw_stop_group **at = &core->engine.groups; *at != NULL; at = &(*at)->next) {
        struct sw_stop_group *group = *at;
        if (group->outcome->id != run->parent)
            continue;
        for (size_t i = 0; i < group->outcome->part_count; i++) {
            struct sw_outcome *slot = &group->outcome->parts[i];
            if (slot->id != run->id)
                continue;
            sw_outcome_clear(slot);
            *slot = *outcome;
            free(outcome);
            outcome = NULL;
            break;
        }
        sw_assert(outcome == NULL);
        if (--group->left == 0) {
            *at = group->next;
            end_group(core, group);
            free(group);
        }
        return;
    }
    sw_die("a part of no stop-everything has ended");
}

void sw_group_begin(struct sw_core *core, struct sw_stop_group *group, struct sw_run **runs)
{
    if (group->left == 0) {
        end_group(core, group);
        free(group);
        return;
    }
    group->next = core->engine.groups;
    core->engine.groups = group;
    for (size_t i = 0; i < group->outcome->part_count; i++)
        if (runs[i] != NULL)
            sw_actions_start(core, runs[i]);
}
