/* past.h: what other processes, dead ones or living, have left in the ledger of the world. */
#pragma once

#include "model/event.h"

/* Appends it as somebody else's, with a new uuid where it has none. */
void past_append(const char *release, struct sw_record *record);
/* An intent for app0 of a process that is no more; its uuid. The caller clears the record. */
const char *past_intent(const char *release, enum sw_verb verb, struct sw_record *record);
const char *past_intent_from(const char *release, enum sw_verb verb, enum sw_state from,
                             struct sw_record *record);
/* Its outcome. */
void past_outcome(const char *release, const struct sw_record *intent, enum sw_result result);
/* How many outcomes of this result the log of a release has (NONE: of any). */
size_t past_outcomes(const char *release, enum sw_result result);
