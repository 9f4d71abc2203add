/* The scripts a world can be started with. */
#pragma once

#include "world.h"

/* Fills an empty world (at its first minute) and its script; false: no scenario of that name. */
bool scenario_load(struct world *world, const char *name);
/* Carries out what the script says up to `now_ms`. */
void scenario_run(struct world *world, int64_t now_ms);
