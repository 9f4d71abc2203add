/* fuzz_sentry.c: whatever Sentry answers, what is reported holds together. */
#include <stdint.h>

#include "base/assert.h"
#include "replies.h"

extern const struct sw_source_kind sw_source_sentry;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = INT64_C(1768899720000); /* 2026-01-20T09:02:00Z */

static const struct sw_rollout versions = {
    .version = "2.15.3", .build = "153", .previous_version = "2.15.2", .previous_build = "152"};

/* The first byte of the input chooses the metric. */
static void add_target(struct sw_flow *flow, enum sw_metric metric)
{
    struct sw_target *target = flow_add_target(
        flow, SW_ROLE_HEALTH, "project: app\nenvironment: production\nrelease: \"a@{version}\"\n");
    target->metric = metric;
    target->windows_s[0] = 3600;
    target->windows_s[1] = 86400;
    target->windows_s[2] = 7 * 86400;
    target->window_count = 3;
    target->rollout = &versions;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum sw_metric metrics[] = {SW_METRIC_CRASH_FREE_SESSIONS,
                                             SW_METRIC_CRASH_FREE_USERS, SW_METRIC_ADOPTION};
    struct replies replies;
    struct sw_error err = {0};
    if (size == 0)
        return 0;
    struct sw_flow *flow =
        flow_new(&sw_source_sentry, "id: s\nkind: sentry\norganization: acme\ntoken_env: T\n");
    flow_set_now(flow, now);
    add_target(flow, metrics[data[0] % 3]);
    replies_init(&replies, data + 1, size - 1);
    flow_perform_with(flow, replies_perform, &replies);
    enum sw_code code = flow_observe(flow, &err);
    replies_check(flow, 1, now);
    replies_check_error(code, &err);
    flow_free(flow);
    return 0;
}
