/* vitals_flow.c: see vitals_flow.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "vitals_flow.h"

extern const struct sw_source_kind sw_source_play_vitals;

static const struct sw_rollout versions = {.state = SW_STATE_ROLLING,
                                           .version = "4.12.0",
                                           .build = "41200",
                                           .previous_version = "4.11.2",
                                           .previous_build = "41102"};

struct sw_target *vitals_target(struct sw_flow *flow, enum sw_metric metric, int window_s,
                                const char *binding)
{
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, binding);
    target->platform = 0;
    target->metric = metric;
    target->windows_s[0] = window_s;
    target->window_count = 1;
    target->rollout = &versions;
    return target;
}

struct sw_flow *vitals_flow(enum sw_metric metric, int window_s, const char *binding)
{
    struct sw_flow *flow = flow_new(&sw_source_play_vitals, ACCOUNT);
    flow_set_now(flow, VITALS_NOW);
    vitals_target(flow, metric, window_s, binding);
    return flow;
}

struct sw_target *vitals_first(struct sw_flow *flow)
{
    return (struct sw_target *)(uintptr_t)sw_flow_target(flow, 0);
}

void vitals_expect(struct sw_flow *flow, enum sw_code want, const char *text)
{
    struct sw_error err = {0};
    enum sw_code code = flow_observe(flow, &err);
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
    if (code != want || !strstr(err.text, text))
        fail_msg("code %d: %s", code, err.text);
}

/* Runs the steps; the caller frees the flow. */
struct sw_flow *vitals_run(enum sw_metric metric, int window_s, const char *binding,
                           const struct flow_step *steps, size_t count)
{
    struct sw_flow *flow = vitals_flow(metric, window_s, binding);
    flow_script(flow, steps, count);
    vitals_expect(flow, SW_OK, "");
    return flow;
}

void vitals_expect_rate(const struct sw_flow *flow, enum sw_metric metric, enum sw_side side,
                        int window_s, double value, double n)
{
    const struct sw_reading *r = flow_reading(flow, 0, metric, side, window_s);
    assert_non_null(r);
    if (!r->value.is_known || !r->n.is_known || fabs(r->value.value - value) > 1e-9 ||
        r->n.value != n)
        fail_msg("%s: %.12g (%d) of %.12g, wanted %.12g of %g", sw_metric_name(metric),
                 r->value.value, r->value.is_known, r->n.value, value, n);
    assert_false(r->bad.is_known); /* Play gives no count of the bad */
}

const struct sw_reading *vitals_expect_unknown(const struct sw_flow *flow, enum sw_metric metric,
                                               int window_s)
{
    const struct sw_reading *r = flow_reading(flow, 0, metric, SW_SIDE_NEW, window_s);
    assert_non_null(r);
    assert_false(r->value.is_known);
    return r;
}
