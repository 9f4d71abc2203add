#include "slipway.h"
#include <string.h>
__attribute__((weak)) enum sw_metric sw_platform_headline_metric(const struct sw_platform *p)
{
    if (p->kind == SW_KIND_BACKEND || p->kind == SW_KIND_WEB)
        return p->health_count ? SW_METRIC_ERROR_RATE : SW_METRIC_UNKNOWN;
    return p->health_count ? SW_METRIC_CRASH_FREE_SESSIONS : SW_METRIC_UNKNOWN;
}
__attribute__((weak)) const struct sw_health *sw_platform_health(const struct sw_platform *p,
                                                                 enum sw_metric m, int w)
{
    const struct sw_health *best = NULL;
    for (size_t i = 0; i < p->health_count; i++) {
        const struct sw_health *h = &p->health[i];
        if (h->metric != m || !h->is_deciding)
            continue;
        if (w && h->window_s == w)
            return h;
        if (!w && (!best || h->window_s < best->window_s))
            best = h;
    }
    return best;
}
__attribute__((weak)) const struct sw_platform *sw_snapshot_platform(const struct sw_snapshot *s,
                                                                     const char *id)
{
    for (size_t i = 0; id && i < s->platform_count; i++)
        if (!strcmp(s->platforms[i].id, id))
            return &s->platforms[i];
    return NULL;
}
