/* plan.c: see plan.h. */
#include "model/plan.h"

#include <string.h>

#include "base/time.h"

/* Play's fractions and AWS weights come as binary fractions of a percent. */
static const double percent_tolerance = 0.0005;

void sw_plan_init_store(struct sw_plan *plan)
{
    /* Days 1..7 of a phased release. Source: Apple, App Store Connect Help,
     * "Release a version update in phases". */
    static const double apple_percent[] = {1, 2, 5, 10, 20, 50, 100};
    memset(plan, 0, sizeof *plan);
    plan->kind = SW_PLAN_STORE;
    plan->count = sizeof apple_percent / sizeof apple_percent[0];
    for (size_t i = 0; i < plan->count; i++)
        plan->stages[i] = (struct sw_plan_stage){
            .percent = apple_percent[i],
            .soak_s = i + 1 < plan->count ? SW_DAY_MS / 1000 : 0,
            .weekday = -1,
        };
}

int sw_plan_stage_of(const struct sw_plan *plan, struct sw_value percent_set)
{
    int stage = -1;
    if (!percent_set.is_known) return -1;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i].percent <= percent_set.value + percent_tolerance) stage = (int)i;
    return stage;
}

struct sw_value sw_plan_next_percent(const struct sw_plan *plan, struct sw_value percent_set)
{
    if (!percent_set.is_known) return (struct sw_value){0};
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i].percent > percent_set.value + percent_tolerance)
            return (struct sw_value){.value = plan->stages[i].percent, .is_known = true};
    return (struct sw_value){0};
}

/* The first moment after `after` that is this weekday and minute in the
 * release's zone. */
static int64_t next_weekday(const struct sw_plan_stage *stage, int64_t after)
{
    struct sw_civil day;
    sw_zone_local(after, &day);
    int wanted = stage->weekday == 0 ? 7 : stage->weekday; /* Sunday counts 0 in the plan, 7 in civil */
    for (int ahead = 0; ahead <= 7; ahead++) {
        struct sw_civil at;
        /* Noon of the day in question: safe from both ends of a DST change. */
        struct sw_civil noon = day;
        noon.hour = 12;
        noon.minute = noon.second = 0;
        sw_zone_local(sw_zone_to_utc(&noon) + ahead * SW_DAY_MS, &at);
        if (at.weekday != wanted) continue;
        at.hour = stage->minute_of_day / 60;
        at.minute = stage->minute_of_day % 60;
        at.second = 0;
        int64_t ms = sw_zone_to_utc(&at);
        if (ms > after) return ms;
    }
    return 0;
}

int64_t sw_plan_next_at(const struct sw_plan *plan, int index, int64_t stage_since_ms)
{
    if (stage_since_ms == 0 || plan->kind != SW_PLAN_STAGES) return 0;
    int next = index + 1;
    if (next < 0 || (size_t)next >= plan->count) return 0;
    const struct sw_plan_stage *to = &plan->stages[next];
    if (to->weekday >= 0) return next_weekday(to, stage_since_ms);
    if (index < 0 || plan->stages[index].soak_s == 0) return 0;
    return stage_since_ms + plan->stages[index].soak_s * 1000;
}

/* ---------------------------------------------------------------- weekends */

/* Soak of the stages from index on: how long the store widens until the last one. */
static int64_t widening_ms(const struct sw_plan *plan, size_t index)
{
    int64_t sum_s = 0;
    for (size_t i = index; i + 1 < plan->count; i++) sum_s += plan->stages[i].soak_s;
    return sum_s * 1000;
}

struct sw_weekends sw_plan_weekends(const struct sw_plan *plan, int index, int64_t next_at_ms,
                                    int64_t now_ms)
{
    static const struct sw_plan_stage friday = {.weekday = 5, .minute_of_day = 18 * 60};
    static const struct sw_plan_stage monday = {.weekday = 1, .minute_of_day = 9 * 60};
    struct sw_weekends found = {0};
    if (index < 0 || (size_t)index + 1 >= plan->count) return found;
    int64_t left_ms = widening_ms(plan, (size_t)index);
    if (next_at_ms > now_ms)
        left_ms = next_at_ms - now_ms + widening_ms(plan, (size_t)index + 1);
    for (int64_t at = now_ms; left_ms > 0;) {
        int64_t begin = next_weekday(&friday, at), end = next_weekday(&monday, at);
        if (begin == 0 || end == 0) return found; /* no zone: nothing can be said */
        if (end < begin) begin = at; /* it is weekend now */
        else end = next_weekday(&monday, begin);
        if (begin - at >= left_ms) return found;
        left_ms -= begin - at;
        found.count++;
        found.pause_s += (end - begin) / 1000;
        at = end;
    }
    return found;
}

struct sw_weekends sw_plan_weekends_most(const struct sw_plan *plan)
{
    const int64_t week_s = 7 * SW_DAY_MS / 1000;
    int64_t widening_s = widening_ms(plan, 0) / 1000;
    if (widening_s == 0) return (struct sw_weekends){0};
    /* Started at the very end of a Friday: that weekend, and one after each week's other days. */
    int count = 1 + (int)(widening_s / (week_s - SW_WEEKEND_S));
    return (struct sw_weekends){.count = count, .pause_s = (int64_t)count * SW_WEEKEND_S};
}
