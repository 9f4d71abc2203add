/* outcome.c: see outcome.h. */
#include "engine/outcome.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { TEXT_MAX = 4096 };

struct sw_outcome *sw_outcome_new(uint64_t id, enum sw_command_kind kind, enum sw_verb verb,
                                  const char *platform)
{
    struct sw_outcome *outcome = sw_xcalloc(1, sizeof *outcome);
    outcome->id = id;
    outcome->kind = kind;
    outcome->verb = verb;
    outcome->platform = sw_xstrdup(platform);
    return outcome;
}

void sw_outcome_end(struct sw_outcome *outcome, enum sw_result result, enum sw_code code,
                    const char *fmt, ...)
{
    struct sw_buf text;
    va_list args;
    sw_buf_init(&text, TEXT_MAX);
    va_start(args, fmt);
    sw_buf_vprintf(&text, fmt, args);
    va_end(args);
    free((void *)(uintptr_t)outcome->text);
    outcome->text = sw_xstrdup(sw_buf_text(&text));
    outcome->result = result;
    sw_error_clear(&outcome->error);
    if (code != SW_OK)
        sw_fail(&outcome->error, code, "%s", outcome->text);
    sw_buf_clear(&text);
}

void sw_outcome_clear(struct sw_outcome *outcome)
{
    for (size_t i = 0; i < outcome->part_count; i++)
        sw_outcome_clear(&outcome->parts[i]);
    free(outcome->parts);
    free((void *)(uintptr_t)outcome->platform);
    free((void *)(uintptr_t)outcome->text);
    *outcome = (struct sw_outcome){0};
}

void sw_outcome_free(struct sw_outcome *outcome)
{
    if (outcome == NULL)
        return;
    sw_outcome_clear(outcome);
    free(outcome);
}
