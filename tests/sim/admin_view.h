/* The world as JSON, for the tests that compare. Lock held. */
#pragma once

#include "sim.h"

struct sim_process;

json_t *admin_world_json(struct sim_process *process);
void admin_figures(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp);
