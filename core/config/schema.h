/* schema.h: every key of the configuration, with type, range, default and help.
 *
 * What depends on a source's kind is put together from a common part and the
 * kind's own tables. Checks, help, the commented example and the documentation
 * all read these tables. */
#pragma once

#include "base/arena.h"
#include "config/config.h"

extern const struct sw_option sw_schema_root[];
extern const struct sw_option sw_schema_platform[];
extern const struct sw_option sw_schema_stage[];
extern const struct sw_option sw_schema_store_plan[];

enum sw_schema_part {
    SW_SCHEMA_ACCOUNT = 0,
    SW_SCHEMA_ROLLOUT,
    SW_SCHEMA_HEALTH,
    SW_SCHEMA_ALARMS,
    SW_SCHEMA_PART_COUNT
};

/* The common keys of an account or binding with the kind's own behind them. */
const struct sw_option *sw_schema_of_kind(struct sw_arena *arena, const struct sw_kind_info *kind,
                                          enum sw_schema_part part);
/* The kind's own part alone; NULL when it cannot be bound there. */
const struct sw_option *sw_schema_own(const struct sw_kind_info *kind, enum sw_schema_part part);
/* "rollout", "health", "alarms", "account". */
const char *sw_schema_part_name(enum sw_schema_part part);

/* Is option i of table one of a secret's three places (NAME_file, NAME_env, NAME_cmd)? Then its
 * NAME goes to stem. */
bool sw_schema_is_secret(const struct sw_option *table, const struct sw_option *option, char *stem,
                         size_t size);
bool sw_schema_has_key(const struct sw_option *table, const char *key);
