/* binding.h: what a platform of the configuration is bound to, to tell whether it is the same thing
 * after a reload, in the cache of an earlier run, or in the intent of another process.
 *
 * The same: the same kind of source at the same address, bound with the same options. The names of
 * platforms and sources, credentials, intervals, plans and gates do not count. */
#pragma once

#include "config/config.h"
#include "model/model.h"

/* kinds: the names of the source kinds, by the source's index. Pure. */
void sw_binding_of(const struct sw_config *config, const char *const *kinds, size_t platform,
                   struct sw_model_binding *out);
