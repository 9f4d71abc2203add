/* fuzz_cloudwatch.c: whatever CloudWatch answers, what is reported holds together. */
#include <stdint.h>

#include "base/assert.h"
#include "replies.h"

extern const struct sw_source_kind sw_source_cloudwatch;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = INT64_C(1768899750000);

#define COUNTER(key, name)                                                                         \
    key ":\n  namespace: N\n  name: " name "\n  stat: Sum\n  dimensions:\n    LoadBalancer: lb\n"

static void add_health(struct sw_flow *flow, const char *options, enum sw_metric metric)
{
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, options);
    target->metric = metric;
    target->windows_s[0] = 300;
    target->windows_s[1] = 86400;
    target->window_count = 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replies replies;
    struct sw_error err = {0};
    struct sw_flow *flow =
        flow_new(&sw_source_cloudwatch, "id: c\nkind: cloudwatch\nregion: eu-west-1\n");
    flow_set_now(flow, now);
    add_health(flow, COUNTER("errors", "E") COUNTER("total", "T"), SW_METRIC_ERROR_RATE);
    add_health(flow, COUNTER("value", "V") "  unit: s\n" COUNTER("total", "T"),
               SW_METRIC_LATENCY_P95);
    flow_add_target(flow, SW_ROLE_ALARMS, "names:\n  - a\n  - b\n");
    replies_init(&replies, data, size);
    flow_perform_with(flow, replies_perform, &replies);
    enum sw_code code = flow_observe(flow, &err);
    replies_check(flow, 3, now);
    replies_check_error(code, &err);
    flow_free(flow);
    return 0;
}
