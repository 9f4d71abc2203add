/* agree.c: see agree.h.
 *
 * Both sources watch many of the same people, so their errors run together and the true noise of
 * the difference is smaller than the one computed here as if they were independent: what is called
 * a contradiction is one. The other way round something may stay unsaid. */
#include "model/agree.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"

static const double errors_apart = 4;
static const double points_apart = 0.1;

static bool is_usable(const struct sw_health *health)
{
    return health && health->value.is_known && health->n.is_known && health->n.value > 0 &&
           health->n.value >= health->min_sample && !health->is_stale && !health->is_cached &&
           health->value.value >= 0 && health->value.value <= 100 &&
           sw_metric_unit(health->metric)[0] == 'p';
}

/* How far apart the ends of two windows of one length are, in windows. */
static double windows_apart(const struct sw_health *a, const struct sw_health *b)
{
    return fabs((double)(a->true_for_ms - b->true_for_ms)) / ((double)a->window_s * 1000);
}

static bool is_comparable(const struct sw_health *a, const struct sw_health *b)
{
    if (!is_usable(a) || !is_usable(b))
        return false;
    if (a->metric != b->metric || a->window_s != b->window_s || a->window_s <= 0)
        return false;
    if (a->true_for_ms == 0 || b->true_for_ms == 0)
        return false;
    return windows_apart(a, b) <= 0.5 || a->window_s >= SW_DAY_MS / 1000;
}

/* Standard error of the difference, in points, when both measure one common rate. */
static double error_of_difference(const struct sw_health *a, const struct sw_health *b)
{
    double share = (a->value.value * a->n.value + b->value.value * b->n.value) /
                   (100 * (a->n.value + b->n.value));
    return 100 * sqrt(share * (1 - share) * (1 / a->n.value + 1 / b->n.value));
}

bool sw_agree_contradicts(const struct sw_health *deciding, const struct sw_health *beside,
                          char *text, size_t size)
{
    char ours[32], theirs[32], when[48] = "";
    sw_copy(text, size, "");
    if (!is_comparable(deciding, beside))
        return false;
    double apart = fabs(deciding->value.value - beside->value.value);
    if (apart < points_apart || apart <= errors_apart * error_of_difference(deciding, beside))
        return false;
    if (windows_apart(deciding, beside) > 0.5)
        sw_moment_text(beside->true_for_ms, when, sizeof when);
    sw_format(text, size, "%s says %s%s%s (n %.0f), %s %s (n %.0f): more apart than chance",
              beside->source, sw_health_text(beside, false, theirs, sizeof theirs),
              when[0] ? " until " : "", when, beside->n.value, deciding->source,
              sw_health_text(deciding, false, ours, sizeof ours), deciding->n.value);
    return true;
}
