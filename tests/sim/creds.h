/* Making and freeing the credentials of one run; what they are stands in sim.h. */
#pragma once

#include "sim.h"

struct sim_creds *sim_creds_new(void);
void sim_creds_free(struct sim_creds *creds);
