/* gate.c: see gate.h. */
#include "model/gate.h"

#include <math.h>

#include "base/macros.h"
#include "base/mem.h"

#define KNOWN(number) {.value = (number), .is_known = true}

/* Thresholds of the documented release process; docs/configuration.md lists
 * them. The hour sees a spike that the day hides, so crash-free has both. */
static const struct sw_gate_rule app_gates[] = {
    {.id = "crash", .metric = SW_METRIC_CRASH_FREE_SESSIONS, .warn = KNOWN(99.5), .critical = KNOWN(99),
     .window_s = 3600, .min_sample = 600, .is_blocking = true},
    {.id = "crash-day", .metric = SW_METRIC_CRASH_FREE_SESSIONS, .warn = KNOWN(99.5),
     .critical = KNOWN(99), .window_s = 86400, .min_sample = 600, .is_blocking = true},
    {.id = "anr", .metric = SW_METRIC_ANR_RATE, .critical = KNOWN(0.5), .window_s = 86400,
     .min_sample = 600, .is_blocking = true},
    {.id = "one-star", .metric = SW_METRIC_ONE_STAR_SHARE, .critical = KNOWN(5), .window_s = 604800,
     .min_sample = 60, .is_blocking = true},
};

static const struct sw_gate_rule service_gates[] = {
    {.id = "errors", .metric = SW_METRIC_ERROR_RATE, .warn = KNOWN(1), .critical = KNOWN(5),
     .window_s = 300, .min_sample = 300, .is_blocking = true},
    {.id = "latency", .metric = SW_METRIC_LATENCY_P95, .warn = KNOWN(500), .critical = KNOWN(1000),
     .window_s = 300, .min_sample = 300, .is_blocking = false},
};

double sw_gate_min_sample_preset(enum sw_metric metric, struct sw_value warn)
{
    const double preset = 300;
    if (!warn.is_known || sw_metric_unit(metric)[0] != 'p') return preset;
    double bad_share = sw_metric_is_low_bad(metric) ? 100 - warn.value : warn.value;
    return bad_share > 0 ? ceil(preset / bad_share - 1e-9) : preset;
}

size_t sw_gate_presets(enum sw_kind kind, const struct sw_gate_rule **rules)
{
    switch (kind) {
    case SW_KIND_IOS:
    case SW_KIND_ANDROID:
    case SW_KIND_WEAR:
        *rules = app_gates;
        return SW_ARRAY_LEN(app_gates);
    case SW_KIND_WEB:
    case SW_KIND_BACKEND:
        *rules = service_gates;
        return SW_ARRAY_LEN(service_gates);
    case SW_KIND_UNKNOWN:
    case SW_KIND_COUNT:
        break;
    }
    *rules = NULL;
    return 0;
}

static bool is_beyond(enum sw_metric metric, double value, struct sw_value limit)
{
    if (!limit.is_known) return false;
    return sw_metric_is_low_bad(metric) ? value < limit.value : value > limit.value;
}

static void limit_text(enum sw_metric metric, double limit, char *buf, size_t size)
{
    sw_format(buf, size, sw_metric_unit(metric)[0] == 'm' ? "%gms" : "%g%%", limit);
}

/* "99.02% < 99.5% over 1h, n 4400": figure, limit, window, sample. */
static void compare_text(const struct sw_gate_rule *rule, const struct sw_health *health,
                         struct sw_value limit, char sign, char *reason, size_t size)
{
    char figure[48], bound[32], window[64], sample[32] = "";
    sw_health_text(health, true, figure, sizeof figure);
    limit_text(rule->metric, limit.value, bound, sizeof bound);
    if (health->period && *health->period)
        sw_copy(window, sizeof window, health->period);
    else
        sw_duration_text(health->window_s, window, sizeof window);
    if (health->n.is_known) sw_format(sample, sizeof sample, ", n %.0f", health->n.value);
    sw_format(reason, size, "%s %c %s over %s%s", figure, sign, bound, window, sample);
}

static enum sw_gate_verdict judge_value(const struct sw_gate_rule *rule,
                                        const struct sw_health *health, char *reason, size_t size)
{
    double value = health->value.value;
    bool is_low_bad = sw_metric_is_low_bad(rule->metric);
    char bad_sign = is_low_bad ? '<' : '>';
    if (is_beyond(rule->metric, value, rule->critical)) {
        compare_text(rule, health, rule->critical, bad_sign, reason, size);
        return SW_GATE_FAIL;
    }
    if (is_beyond(rule->metric, value, rule->warn)) {
        compare_text(rule, health, rule->warn, bad_sign, reason, size);
        return SW_GATE_WARN;
    }
    struct sw_value limit = rule->warn.is_known ? rule->warn : rule->critical;
    compare_text(rule, health, limit, is_low_bad ? '>' : '<', reason, size);
    return SW_GATE_PASS;
}

enum sw_gate_verdict sw_gate_judge(const struct sw_gate_rule *rule, const struct sw_health *health,
                                   int stage_index, char *reason, size_t reason_size)
{
    char window[32];
    sw_duration_text(rule->window_s, window, sizeof window);
    if (rule->stage > 0 && stage_index != rule->stage - 1) {
        sw_format(reason, reason_size, "for stage %d only, not in this stage", rule->stage);
        return SW_GATE_PASS;
    }
    if (!health) {
        sw_format(reason, reason_size, "no reading of %s over %s yet", sw_metric_title(rule->metric),
                  window);
        return SW_GATE_UNKNOWN;
    }
    if (health->is_stale || health->is_cached) {
        sw_format(reason, reason_size, "%s over %s is too old to judge", sw_metric_title(rule->metric),
                  window);
        return SW_GATE_STALE;
    }
    if (rule->min_sample > 0 && !health->n.is_known) {
        sw_format(reason, reason_size, "%s over %s has no sample size", sw_metric_title(rule->metric),
                  window);
        return SW_GATE_UNKNOWN;
    }
    if (rule->min_sample > 0 && health->n.value < rule->min_sample) {
        sw_format(reason, reason_size, "n %.0f of %.0f needed over %s", health->n.value,
                  rule->min_sample, window);
        return SW_GATE_WAIT;
    }
    if (!health->value.is_known || !isfinite(health->value.value)) {
        sw_format(reason, reason_size, "%s over %s has no value", sw_metric_title(rule->metric), window);
        return SW_GATE_UNKNOWN;
    }
    return judge_value(rule, health, reason, reason_size);
}

enum sw_gate_verdict sw_gate_worse(enum sw_gate_verdict a, enum sw_gate_verdict b)
{
    static const int badness[] = {
        [SW_GATE_PASS] = 0,    [SW_GATE_WAIT] = 1,  [SW_GATE_WARN] = 2,
        [SW_GATE_UNKNOWN] = 3, [SW_GATE_STALE] = 4, [SW_GATE_FAIL] = 5,
    };
    return badness[a] >= badness[b] ? a : b;
}
