/* format.c: figures as people read them.
 *
 * A rate is rounded towards the bad side: 99.996 % crash-free reads 99.99 %,
 * an error rate of 0.111 % reads 0.12 %. Below a useful sample counts stand
 * instead of a rate. A percent of users never reads 0 % when some have it, nor
 * 100 % when some do not: both ends are statements of their own. Unknown is a dash, never a number.
 * Ages step, so that a screen on which nothing happens writes nothing. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"
#include "slipway.h"

static const char *dash(bool is_ascii)
{
    return is_ascii ? "-" : "\u2013";
}

void sw_local_time(int64_t ms, struct sw_civil *out)
{
    sw_zone_local(ms, out);
}

const char *sw_moment_text(int64_t ms, char *buf, size_t size)
{
    static const char *const days[] = {"?", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"?",   "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct sw_civil at;
    sw_zone_local(ms, &at);
    sw_format(buf, size, "%s %d %s %02d:%02d %s", days[at.weekday], at.day, months[at.month], at.hour,
              at.minute, at.abbrev);
    return buf;
}

const char *sw_duration_text(int64_t seconds, char *buf, size_t size)
{
    char text[SW_DURATION_TEXT];
    if (seconds < 0) seconds = 0;
    if (seconds > INT64_MAX / 1000) seconds = INT64_MAX / 1000;
    sw_copy(buf, size, sw_duration_format(seconds * 1000, text));
    return buf;
}

const char *sw_age_text(int64_t age_ms, char *buf, size_t size)
{
    int64_t s = age_ms / 1000;
    if (s < 30) {
        sw_copy(buf, size, "now");
        return buf;
    }
    if (s < 60)
        s = 30;
    else if (s < 3600)
        s -= s % 60;
    else if (s < 86400)
        s -= s % 600;
    else
        s -= s % 3600;
    return sw_duration_text(s, buf, size);
}

/* At most three decimals, trailing zeros dropped: 20, 0.05, 99.9. */
static void plain_number(double value, char *buf, size_t size)
{
    sw_format(buf, size, "%.3f", value);
    size_t len = 0;
    while (buf[len]) len++;
    while (len && buf[len - 1] == '0') buf[--len] = 0;
    if (len && buf[len - 1] == '.') buf[--len] = 0;
}

/* A rounded share, kept one step away from the ends that the true one has not reached. */
static double off_the_ends(double value, double rounded, double step)
{
    if (value > 0 && rounded < step)
        return step;
    if (value < 100 && rounded > 100 - step)
        return 100 - step;
    return rounded;
}

const char *sw_percent_text(struct sw_value percent, bool is_ascii, char *buf, size_t size)
{
    if (!percent.is_known || !isfinite(percent.value)) {
        sw_copy(buf, size, dash(is_ascii));
        return buf;
    }
    char number[32];
    plain_number(off_the_ends(percent.value, percent.value, 0.001), number, sizeof number);
    sw_format(buf, size, "%s%%", number);
    return buf;
}

/* Up: how many have a version is how far a fault of it has spread, so a figure too low calms
 * wrongly, and one too high costs nothing. Except for the last step: 100 % says that there is
 * nobody left whom a halt would spare. */
const char *sw_reached_text(struct sw_value percent, bool is_ascii, char *buf, size_t size)
{
    if (!percent.is_known || !isfinite(percent.value)) {
        sw_copy(buf, size, dash(is_ascii));
        return buf;
    }
    bool is_whole = percent.value == floor(percent.value);
    int decimals = is_whole ? 0 : percent.value < 1 ? 2 : 1;
    double step = decimals == 2 ? 0.01 : 0.1;
    double up = is_whole ? percent.value : ceil(percent.value / step - 1e-9) * step;
    sw_format(buf, size, "%.*f%%", decimals, off_the_ends(percent.value, up, step));
    return buf;
}

/* Two decimals towards the bad side. The nudge keeps a figure that is exact in
 * two decimals (99.67) from losing a hundredth to binary fractions. */
static double round_to_bad(double value, bool is_low_bad)
{
    const double nudge = 1e-9;
    double hundredths = is_low_bad ? floor(value * 100 + nudge) : ceil(value * 100 - nudge);
    return hundredths / 100 + 0.0; /* no "-0.00" */
}

const char *sw_health_text(const struct sw_health *health, bool is_ascii, char *buf, size_t size)
{
    if (!health) {
        sw_copy(buf, size, dash(is_ascii));
        return buf;
    }
    bool is_few = health->n.is_known && health->n.value < health->min_sample;
    if (is_few && health->bad.is_known) {
        sw_format(buf, size, "%.0f of %.0f", health->bad.value, health->n.value);
        return buf;
    }
    if (is_few || !health->value.is_known || !isfinite(health->value.value)) {
        sw_copy(buf, size, dash(is_ascii));
        return buf;
    }
    if (sw_metric_unit(health->metric)[0] == 'm')
        sw_format(buf, size, "%.0fms", ceil(health->value.value - 1e-9) + 0.0);
    else
        sw_format(buf, size, "%.2f%%",
                  round_to_bad(health->value.value, sw_metric_is_low_bad(health->metric)));
    return buf;
}
