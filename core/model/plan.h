/* plan.h: the stages of a rollout, and where a percent stands in them. Pure. */
#pragma once

#include "slipway.h"

enum sw_plan_kind {
    SW_PLAN_STAGES = 0, /* the captain advances, by soak or by weekday and hour */
    SW_PLAN_STORE,      /* the store's own table and clock (Apple) */
    SW_PLAN_SERVICE,    /* the deploy system's own steps; taken from what it reports */
};

struct sw_plan_stage {
    double percent;     /* 0 < percent <= 100, growing */
    int64_t soak_s;     /* before the next stage; 0: none */
    int weekday;        /* 0 = Sunday .. 6; -1: not by weekday */
    int minute_of_day;  /* local, in the release's zone; with weekday only */
};

enum { SW_STAGES_MAX = 24 };

struct sw_plan {
    enum sw_plan_kind kind;
    bool halt_weekends;
    size_t count;       /* 0 for SERVICE until the deploy system tells its steps */
    struct sw_plan_stage stages[SW_STAGES_MAX];
};

/* Apple's table: 1 2 5 10 20 50 100, a day each. Source: Apple, "Release a
 * version update in phases". */
void sw_plan_init_store(struct sw_plan *plan);

/* The highest stage whose percent is <= percent_set (with a tolerance of
 * 0.0005), or -1 when none or when the percent is unknown. Never remembered. */
int sw_plan_stage_of(const struct sw_plan *plan, struct sw_value percent_set);

/* The next stage's percent after percent_set, unknown when there is none. */
struct sw_value sw_plan_next_percent(const struct sw_plan *plan, struct sw_value percent_set);

/* When the stage after `index` may begin: by soak from stage_since_ms, or the
 * first weekday and hour after it; 0 when not known or not by time. */
int64_t sw_plan_next_at(const struct sw_plan *plan, int index, int64_t stage_since_ms);

/* `halt_weekends`: halted from Friday 18:00 to Monday 09:00 in the release's zone. */
struct sw_weekends {
    int count;
    int64_t pause_s; /* of the store's pause budget */
};
enum { SW_WEEKEND_S = (6 + 24 + 24 + 9) * 3600 };
/* The pause budget of a phased release. Source: Apple, "Release a version update in phases", read
 * 2026-01. */
enum { SW_PAUSE_DAYS = 30 };
/* From now until the last stage, when the stage after `index` would begin at next_at_ms (0: not
 * known, then after a whole day) and every pause shifts the rest. */
struct sw_weekends sw_plan_weekends(const struct sw_plan *plan, int index, int64_t next_at_ms,
                                    int64_t now_ms);
/* The most that one rollout of this plan can meet, whenever it starts. */
struct sw_weekends sw_plan_weekends_most(const struct sw_plan *plan);
