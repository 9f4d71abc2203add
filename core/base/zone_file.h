/*
 * zone_file.h: what zone.c and zone_file.c share. Private to them.
 */
#pragma once

#include "base/time.h"

enum { SW_ZONE_PATH_TEXT = 512 };

/* Where tzdata keeps the zone of that name, which is checked; false: no such file. */
bool sw_zone_path(const char *name, char path[SW_ZONE_PATH_TEXT]);

/* Local time to UTC, by a zone's offset from UTC at a point in time; see sw_zone_to_utc. */
typedef int64_t (*sw_zone_offset_fn)(const void *zone, int64_t utc_ms);
int64_t sw_zone_resolve(const struct sw_civil *civil, sw_zone_offset_fn offset_ms_at,
                        const void *zone);
