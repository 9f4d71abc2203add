/* observation.c: copies of what sources report. */
#include "model/observation.h"

#include <stdlib.h>

#include "base/mem.h"

void sw_rollout_clear(struct sw_rollout *rollout)
{
    free(rollout->handle);
    *rollout = (struct sw_rollout){0};
}

void sw_rollout_copy(struct sw_rollout *to, const struct sw_rollout *from)
{
    *to = *from;
    to->handle = sw_xstrdup(from->handle);
}
