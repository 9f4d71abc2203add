/* config_kinds.h: source kinds for the tests of the configuration: the shapes of the real ones
 * (secret in three places, region without a path, metrics), known by no source file. */
#pragma once

#include "config/config.h"

extern const struct sw_kind_info config_kinds[];
extern const size_t config_kind_count;
