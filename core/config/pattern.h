/* pattern.h: tag patterns (`*` any text, `?` and `[..]` one character). Pure. */
#pragma once

#include <stdbool.h>

enum { SW_PATTERN_MAX = 128 };

/* Could one tag match both? A `[..]` is taken as any one character, so the answer may be a
 * careful yes. Patterns of at most SW_PATTERN_MAX bytes. */
bool sw_pattern_meets(const char *a, const char *b);
