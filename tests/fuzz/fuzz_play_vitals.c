/* fuzz_play_vitals.c: whatever the Reporting API answers, what is reported holds together. */
#include <stdint.h>

#include "base/assert.h"
#include "replies.h"

extern const struct sw_source_kind sw_source_play_vitals;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = INT64_C(1795970400000); /* 2026-11-29T16:40:00Z */

static const struct sw_rollout versions = {.build = "41200", .previous_build = "41102"};

/* The first byte of the input chooses metric and unit. */
static void add_target(struct sw_flow *flow, uint8_t choice)
{
    static const enum sw_metric metrics[] = {SW_METRIC_CRASH_FREE_USERS,
                                             SW_METRIC_USER_PERCEIVED_CRASH_RATE,
                                             SW_METRIC_ANR_RATE, SW_METRIC_SLOW_START_RATE};
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH,
                                               choice & 4 ? "package: com.acme.app\nunit: percent\n"
                                                          : "package: com.acme.app\n");
    target->metric = metrics[choice & 3];
    target->windows_s[0] = 3600;
    target->windows_s[1] = 86400;
    target->window_count = 2;
    target->rollout = &versions;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replies replies;
    struct sw_error err = {0};
    if (size == 0)
        return 0;
    struct sw_flow *flow =
        flow_new(&sw_source_play_vitals, "id: v\nkind: play_vitals\nkey_env: K\n");
    flow_set_now(flow, now);
    add_target(flow, data[0]);
    replies_init(&replies, data + 1, size - 1);
    flow_perform_with(flow, replies_perform, &replies);
    enum sw_code code = flow_observe(flow, &err);
    replies_check(flow, 1, now);
    replies_check_error(code, &err);
    flow_free(flow);
    return 0;
}
