/* world_store.c: the bad minute as the App Store's own page sees it. */
#include <string.h>

#include "world.h"

enum { IOS };

static const struct sw_build builds[] = {
    {.version = "2.16.0",
     .build = "20250121.2",
     .processing = "PROCESSING",
     .internal = "PROCESSING",
     .external = "PROCESSING",
     .beta_review = "",
     .uploaded_ms = MINUTES_AGO(9),
     .sessions = -1,
     .crashes = -1,
     .installs = -1,
     .observed_at_ms = MINUTES_AGO(4),
     .source = "apple"},
    {.version = "2.16.0",
     .build = "20250121.1",
     .processing = "VALID",
     .internal = "IN_BETA_TESTING",
     .external = "WAITING_FOR_BETA_REVIEW",
     .beta_review = "WAITING_FOR_REVIEW",
     .uploaded_ms = MINUTES_AGO(900),
     .sessions = 1410,
     .crashes = 3,
     .installs = 120,
     .observed_at_ms = MINUTES_AGO(4),
     .source = "apple"},
    {.version = "2.15.4",
     .build = "20250120.1",
     .processing = "INVALID",
     .internal = "",
     .external = "SOMETHING_NEVER_SEEN",
     .beta_review = "",
     .uploaded_ms = MINUTES_AGO(2900),
     .sessions = -1,
     .crashes = -1,
     .installs = -1,
     .observed_at_ms = MINUTES_AGO(4),
     .source = "apple"},
};

static const struct sw_review reviews[] = {
    {1, "Crashes on start", "Since the update it closes at once on my phone.", "ESP",
     MINUTES_AGO(40), "apple"},
    {1, "", "no puedo entrar", "MEX", MINUTES_AGO(300), "apple"},
    {2, "Slower", "", "", MINUTES_AGO(3000), "apple"},
};

static struct sw_health one_star = {.metric = SW_METRIC_ONE_STAR_SHARE,
                                    .window_s = 604800,
                                    .n = KNOWN(37),
                                    .bad = KNOWN(2),
                                    .observed_at_ms = MINUTES_AGO(4),
                                    .true_for_ms = MINUTES_AGO(4),
                                    .min_sample = 60,
                                    .is_deciding = true,
                                    .source = "apple",
                                    .origin = "written reviews of 2.15.3; ratings without text "
                                              "are not among them"};

const struct sw_snapshot *world_store(void)
{
    static struct sw_snapshot snapshot;
    static struct sw_platform platforms[5];
    static struct sw_health health[3];
    world_copy_bad(&snapshot, platforms);
    struct sw_platform *p = &platforms[IOS];
    memcpy(health, p->health, 2 * sizeof *health);
    health[2] = one_star;
    p->health = health;
    p->health_count = 3;
    p->state = SW_STATE_HALTED;
    p->raw_state = "READY_FOR_DISTRIBUTION, PAUSED day 4";
    p->next_at_ms = 0;
    p->next_percent = (struct sw_value){0};
    p->next_note = "halted";
    p->release_how =
        "when Apple approves it, by itself, phased over 7 days: NOT held for `advance`";
    p->other = (struct sw_other){.version = "2.15.4",
                                 .build = "20250121.9",
                                 .state = SW_STATE_IN_REVIEW,
                                 .raw_state = "WAITING_FOR_REVIEW",
                                 .percent_set = KNOWN(0)};
    p->pause_left_s = (struct sw_value){27 * 86400 + 17 * 3600, true};
    p->started_at_ms = MINUTES_AGO(5056);
    p->paused_since_ms = MINUTES_AGO(420);
    p->is_halt_weekends = true;
    p->weekends_to_come = 2;
    p->weekends_pause_s = 126 * 3600;
    p->build_count = sizeof builds / sizeof *builds;
    p->builds = builds;
    p->review_count = sizeof reviews / sizeof *reviews;
    p->reviews = reviews;
    return &snapshot;
}
