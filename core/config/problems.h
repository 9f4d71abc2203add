/* problems.h: collecting what is wrong with a file, for people and editors.
 *
 * Problems are collected in any order while a file is read; sw_problems_finish
 * sorts them by position and keeps the first twenty. The public half
 * (sw_problems_free, sw_problem_text) is in slipway.h. */
#pragma once

#include "base/macros.h"
#include "slipway.h"

enum { SW_PROBLEMS_SHOWN = 20 };

/* Adds one; file is copied, the text cleaned. Beyond 1,000 they are dropped. */
void sw_problems_add(struct sw_problems *problems, const char *file, int line, int column,
                     bool is_warning, const char *fmt, ...) SW_PRINTF(6, 7);
/* Errors only, warnings not counted. */
size_t sw_problems_errors(const struct sw_problems *problems);
/* Sorts by position (equal ones stay in order) and cuts to SW_PROBLEMS_SHOWN. With errors
 * present returns SW_E_CONFIG and the first in err, with how many more there are. */
enum sw_code sw_problems_finish(struct sw_problems *problems, struct sw_error *err);
