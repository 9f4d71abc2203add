/* cache_format.h: what the writer and the reader of the cache agree on; private to them. */
#pragma once

#include <jansson.h>

#include "model/judge.h"

/* What was judged, without what the table itself tells; NULL: nothing. */
json_t *sw_cache_judged_json(const struct sw_judged *judged);
/* False: damaged. */
bool sw_cache_judged_read(const json_t *tree, struct sw_judged *judged);

enum { SW_CACHE_FORMAT = 1, SW_CACHE_BYTES_MAX = 16 * 1024 * 1024 };
