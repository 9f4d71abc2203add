/* outcome.h: making and emptying outcomes; the public half is in slipway.h. */
#pragma once

#include "base/macros.h"
#include "slipway.h"

struct sw_outcome *sw_outcome_new(uint64_t id, enum sw_command_kind kind, enum sw_verb verb,
                                  const char *platform);
/* Sets result, text and (unless SW_OK) the error, whose text is the outcome's. */
void sw_outcome_end(struct sw_outcome *outcome, enum sw_result result, enum sw_code code,
                    const char *fmt, ...) SW_PRINTF(4, 5);
/* Frees what it holds, not itself. */
void sw_outcome_clear(struct sw_outcome *outcome);
