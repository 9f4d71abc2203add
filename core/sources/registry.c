/* registry.c: every kind of source, in the order help and docs list them.
 *
 * Adding a kind: its file, one extern and one line here. */
#include "sources/source.h"

#include <string.h>

extern const struct sw_source_kind sw_source_app_store;
extern const struct sw_source_kind sw_source_google_play;
extern const struct sw_source_kind sw_source_play_vitals;
extern const struct sw_source_kind sw_source_sentry;
extern const struct sw_source_kind sw_source_cloudwatch;
extern const struct sw_source_kind sw_source_codedeploy;
extern const struct sw_source_kind sw_source_git_tags;

const struct sw_source_kind *const sw_source_kinds[] = {
    &sw_source_app_store,
    &sw_source_google_play,
    &sw_source_play_vitals,
    &sw_source_sentry,
    &sw_source_cloudwatch,
    &sw_source_codedeploy,
    &sw_source_git_tags,
    NULL,
};

const struct sw_source_kind *sw_source_kind_find(const char *name)
{
    for (size_t i = 0; sw_source_kinds[i]; i++)
        if (strcmp(sw_source_kinds[i]->name, name) == 0)
            return sw_source_kinds[i];
    return NULL;
}
