/* agree.h: do two sources of one metric contradict each other beyond noise? Pure.
 *
 * A platform may take one metric from several sources. The first configured one decides; this only
 * says aloud when another one cannot be speaking of the same thing. */
#pragma once

#include "slipway.h"

/* True when `beside` contradicts `deciding`: both are fresh percentages of the same metric over
 * windows of the same length, each of at least its minimum sample, and they lie further apart than
 * chance explains (4 standard errors: less than one look in 15,000 when both are right) and than
 * two ways of counting do (0.1 percentage points). Windows shorter than a day must overlap by at
 * least a half; of days the text says which ones when they do not. Then text gets one sentence,
 * else it is empty. Any of the two may be NULL. Any thread. */
bool sw_agree_contradicts(const struct sw_health *deciding, const struct sw_health *beside,
                          char *text, size_t size);
