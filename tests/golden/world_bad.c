/* world_bad.c: the bad minute, and what the other worlds are made from. */
#include <string.h>

#include "world.h"

/* ------------------------------------------------------------------------ plans */

static const struct sw_stage store_plan[] = {
    {1, 86400, "", true},   {2, 86400, "", true},   {5, 86400, "", true}, {10, 86400, "", false},
    {20, 86400, "", false}, {50, 86400, "", false}, {100, 0, "", false},
};
static const struct sw_stage android_plan[] = {
    {5, 0, "Fri", true},         {10, 0, "Mon", true},   {20, 0, "Tue 10:00", false},
    {50, 0, "Wed 10:00", false}, {100, 0, "Thu", false},
};
static const struct sw_stage wear_plan[] = {{50, 86400, "Thu", false}, {100, 0, "Fri", false}};
static const struct sw_stage service_plan[] = {
    {1, 300, "", true},  {25, 180, "", true}, {50, 180, "", true},
    {75, 180, "", true}, {100, 0, "", true},
};

/* ----------------------------------------------------------------------- trends */

#define HOUR_START (WORLD_NOW - INT64_C(5) * 3600000)
#define BUCKETS    60 /* of five minutes: five hours */

static struct sw_bucket android_new[BUCKETS], android_old[BUCKETS], ios_new[BUCKETS],
    ios_old[BUCKETS], backend_new[BUCKETS];

static void fill_trends(void)
{
    static const int rising[12] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 5}; /* 43 crashes in the hour */
    if (android_new[0].start_ms != 0)
        return;
    for (int i = 0; i < BUCKETS; i++) {
        int64_t start = HOUR_START + i * INT64_C(300000);
        double quiet = i % 3 == 0 ? 2 : 1;
        android_new[i] = (struct sw_bucket){start, 366, i < 48 ? quiet : rising[i - 48]};
        android_old[i] = (struct sw_bucket){start, 2133, i % 2 ? 7 : 6.8};
        ios_new[i] = (struct sw_bucket){start, 410, i % 5 == 0 ? 2 : 1};
        ios_old[i] = (struct sw_bucket){start, 3900, 11};
        backend_new[i] = (struct sw_bucket){start, 210000, i % 7 == 0 ? 190 : 160};
    }
}

static const struct sw_trend android_trends[] = {
    {SW_METRIC_CRASH_FREE_SESSIONS, 300, BUCKETS, BUCKETS, android_new, android_old, "sentry"}};
static const struct sw_trend ios_trends[] = {
    {SW_METRIC_CRASH_FREE_SESSIONS, 300, BUCKETS, BUCKETS, ios_new, ios_old, "sentry"}};
static const struct sw_trend backend_trends[] = {
    {SW_METRIC_ERROR_RATE, 300, BUCKETS, 0, backend_new, NULL, "aws-metrics"}};

/* ----------------------------------------------------------------------- health */

#define CRASH_FREE(window, pct, count, crashed, old, old_count)                                    \
    {                                                                                              \
        .metric = SW_METRIC_CRASH_FREE_SESSIONS, .window_s = (window), .value = KNOWN(pct),        \
        .n = KNOWN(count), .bad = KNOWN(crashed), .old_value = KNOWN(old),                         \
        .old_n = KNOWN(old_count), .observed_at_ms = MINUTES_AGO(1),                               \
        .true_for_ms = MINUTES_AGO(2), .min_sample = 600, .is_deciding = true, .source = "sentry", \
        .origin = "sessions, project app, environment production"                                  \
    }

static const struct sw_health android_health[] = {
    CRASH_FREE(3600, 99.0227, 4400, 43, 99.6758, 25600),
    CRASH_FREE(86400, 99.6968, 75533, 229, 99.6811, 612400),
    {.metric = SW_METRIC_ANR_RATE,
     .window_s = 86400,
     .value = KNOWN(0.21),
     .n = KNOWN(60120),
     .period = "Pacific day Mon 20 Jan",
     .observed_at_ms = MINUTES_AGO(40),
     .true_for_ms = MINUTES_AGO(1092), /* midnight in Los Angeles */
     .min_sample = 300,
     .is_deciding = true,
     .source = "play"},
};
static const struct sw_health ios_health[] = {
    CRASH_FREE(3600, 99.7421, 5040, 13, 99.7204, 46800),
    CRASH_FREE(86400, 99.7511, 88210, 219, 99.7302, 910200),
};
static const struct sw_health wear_health[] = {CRASH_FREE(3600, 100, 212, 0, 99.51, 900)};
static const struct sw_health backend_health[] = {
    {.metric = SW_METRIC_ERROR_RATE,
     .window_s = 300,
     .value = KNOWN(0.0762),
     .n = KNOWN(210000),
     .bad = KNOWN(160),
     .observed_at_ms = MINUTES_AGO(1),
     .true_for_ms = MINUTES_AGO(3),
     .min_sample = 300,
     .is_deciding = true,
     .source = "aws-metrics"},
    {.metric = SW_METRIC_LATENCY_P95,
     .window_s = 300,
     .value = KNOWN(187.4),
     .n = KNOWN(210000),
     .observed_at_ms = MINUTES_AGO(1),
     .true_for_ms = MINUTES_AGO(3),
     .min_sample = 300,
     .is_deciding = true,
     .source = "aws-metrics"},
};
static const struct sw_health web_health[] = {
    {.metric = SW_METRIC_ERROR_RATE,
     .window_s = 300,
     .value = KNOWN(0.0301),
     .n = KNOWN(41000),
     .bad = KNOWN(12),
     .observed_at_ms = MINUTES_AGO(14),
     .true_for_ms = MINUTES_AGO(14),
     .min_sample = 300,
     .is_stale = true,
     .is_deciding = true,
     .source = "vercel"},
};

/* ------------------------------------------------------------------------ gates */

static const struct sw_gate android_gates[] = {
    {"crash", SW_GATE_FAIL, "99.02 % is below 99.5 % (43 of 4,400 in the last hour)",
     SW_METRIC_CRASH_FREE_SESSIONS, 3600, KNOWN(99.0227), KNOWN(99.7), KNOWN(99.5), true},
    {"crash-day", SW_GATE_WARN, "99.69 % is below 99.7 % (229 of 75,533 in the last day)",
     SW_METRIC_CRASH_FREE_SESSIONS, 86400, KNOWN(99.6968), KNOWN(99.7), KNOWN(99.5), true},
    {"anr", SW_GATE_PASS, "0.21 % is under 0.5 %", SW_METRIC_ANR_RATE, 86400, KNOWN(0.21),
     KNOWN(0.5), KNOWN(1), true},
    {"one-star", SW_GATE_WAIT, "2 of 61 ratings, 100 are needed", SW_METRIC_ONE_STAR_SHARE, 86400,
     UNKNOWN, KNOWN(5), KNOWN(10), false},
};
static const struct sw_gate ios_gates[] = {
    {"crash", SW_GATE_PASS, "99.74 % is above 99.5 %", SW_METRIC_CRASH_FREE_SESSIONS, 3600,
     KNOWN(99.7421), KNOWN(99.5), KNOWN(99), true},
    {"crash-day", SW_GATE_PASS, "99.75 % is above 99.5 %", SW_METRIC_CRASH_FREE_SESSIONS, 86400,
     KNOWN(99.7511), KNOWN(99.5), KNOWN(99), true},
};
static const struct sw_gate wear_gates[] = {
    {"crash", SW_GATE_WAIT, "212 of the 600 sessions it needs", SW_METRIC_CRASH_FREE_SESSIONS, 3600,
     UNKNOWN, KNOWN(99.5), KNOWN(99), true},
};
static const struct sw_gate backend_gates[] = {
    {"errors", SW_GATE_PASS, "0.08 % is under 1 %", SW_METRIC_ERROR_RATE, 300, KNOWN(0.0762),
     KNOWN(1), KNOWN(5), true},
    {"latency", SW_GATE_PASS, "188 ms is under 500 ms", SW_METRIC_LATENCY_P95, 300, KNOWN(187.4),
     KNOWN(500), KNOWN(1000), false},
};
static const struct sw_gate web_gates[] = {
    {"errors", SW_GATE_STALE, "the newest figure is 14m old", SW_METRIC_ERROR_RATE, 300,
     KNOWN(0.0301), KNOWN(1), KNOWN(5), true},
};

/* --------------------------------------------------------- issues, alarms, commits */

static const struct sw_issue android_issues[] = {
    {"NullPointerException", "WorkoutTimer.tick", "APP-ANDROID-4F1", 38, 31, MINUTES_AGO(61), true,
     "sentry"},
    {"SQLiteDatabaseLockedException", "SyncWorker.doWork", "APP-ANDROID-3B0", 9, 9,
     MINUTES_AGO(9000), false, "sentry"},
    {"ANR in MainActivity", "onResume", "APP-ANDROID-2C7", 4, 4, MINUTES_AGO(20000), false,
     "sentry"},
};
static const struct sw_alarm backend_alarms[] = {
    {"api-5xx-rate", "OK", false, "12 of 600000 in 5 minutes", MINUTES_AGO(6000), MINUTES_AGO(1),
     false, "aws-metrics"},
};
static const struct sw_commit android_commits[] = {
    {"3f1a9c2", "workout: count rests in the timer", "Sam", MINUTES_AGO(11000)},
    {"b01d774", "sync: retry on a locked database", "Kim", MINUTES_AGO(11400)},
    {"77aa013", "strings: new translations", "translation bot", MINUTES_AGO(12100)},
};

/* ----------------------------------------------------------------------- offers */

#define OFFER(v, open, why, what, not_what, from, to)                                              \
    [v] = {.verb = v,                                                                              \
           .is_allowed = open,                                                                     \
           .can_override = !open,                                                                  \
           .reason = why,                                                                          \
           .effect = what,                                                                         \
           .will_not = not_what,                                                                   \
           .from_percent = from,                                                                   \
           .to_percent = to}

static const struct sw_platform bad_platforms[5] = {
    {.id = "ios",
     .title = "iOS",
     .kind = SW_KIND_IOS,
     .includes_count = 1,
     .includes = (const char *const[]){"watchos"},
     .source = "apple",
     .place = "App Store",
     .state = SW_STATE_ROLLING,
     .raw_state = "ACTIVE",
     .note = "",
     .version = "2.15.3",
     .build = "20250114.1",
     .previous_version = "2.15.2",
     .previous_build = "20250107.2",
     .identity = "8f2c1f1e",
     .percent_set = KNOWN(10),
     .percent_actual = KNOWN(11.8),
     .actual_note = "share of sessions, 24 h",
     .observed_at_ms = MINUTES_AGO(1),
     .stage_since_ms = MINUTES_AGO(1016),
     .pause_days_used = KNOWN(2),
     .pause_days_total = KNOWN(30),
     .plan_name = "store",
     .stage_count = 7,
     .stages = store_plan,
     .stage_index = 3,
     .next_percent = KNOWN(20),
     .next_at_ms = WORLD_NOW + INT64_C(424) * 60000,
     .is_next_estimated = true,
     .is_next_automatic = true,
     .next_note = "by Apple",
     .health_count = 2,
     .health = ios_health,
     .trend_count = 1,
     .trends = ios_trends,
     .gate_count = 2,
     .gates = ios_gates,
     .gates_worst = SW_GATE_PASS,
     .offers =
         {OFFER(SW_VERB_HALT, true, "", "Apple offers 2.15.3 to no further phone by itself",
                "people can still update by hand in the App Store; 28 of 30 pause days are left",
                KNOWN(10), KNOWN(10)),
          OFFER(SW_VERB_RESUME, false, "it is not halted", "", "", UNKNOWN, UNKNOWN),
          OFFER(SW_VERB_ADVANCE, false, "Apple steps by itself, daily; there is no free percent",
                "", "", UNKNOWN, UNKNOWN),
          OFFER(SW_VERB_COMPLETE, true, "", "everyone gets 2.15.3 at once",
                "it cannot be taken back", KNOWN(10), KNOWN(100)),
          OFFER(SW_VERB_ROLLBACK, false, "Apple has no roll back: halt, then release a hotfix", "",
                "", UNKNOWN, UNKNOWN)}},
    {.id = "android",
     .title = "Android",
     .kind = SW_KIND_ANDROID,
     .source = "play",
     .place = "Play, track production",
     .state = SW_STATE_ROLLING,
     .raw_state = "inProgress",
     .note = "",
     .version = "2.15.3",
     .build = "20250114.1",
     .previous_version = "2.15.2",
     .previous_build = "20250107.2",
     .identity = "2025011401",
     .percent_set = KNOWN(20),
     .percent_actual = KNOWN(14.6),
     .actual_note = "share of sessions, 24 h",
     .observed_at_ms = MINUTES_AGO(2),
     .stage_since_ms = MINUTES_AGO(1032),
     .is_stage_since_ours = true,
     .plan_name = "stages",
     .stage_count = 5,
     .stages = android_plan,
     .stage_index = 2,
     .next_percent = KNOWN(50),
     .next_at_ms = WORLD_NOW + INT64_C(408) * 60000,
     .next_note = "HELD by crash",
     .health_count = 3,
     .health = android_health,
     .trend_count = 1,
     .trends = android_trends,
     .gate_count = 4,
     .gates = android_gates,
     .gates_worst = SW_GATE_FAIL,
     .offers = {OFFER(SW_VERB_HALT, true, "",
                      "no new phone gets 2.15.3, within hours; Play serves 2.15.2",
                      "the 14.6% who have it keep it; 20% is kept to resume from", KNOWN(20),
                      KNOWN(20)),
                OFFER(SW_VERB_RESUME, false, "it is not halted", "", "", UNKNOWN, UNKNOWN),
                OFFER(SW_VERB_ADVANCE, false, "gate crash FAIL, 99.02<99.5",
                      "50% of phones are offered 2.15.3", "", KNOWN(20), KNOWN(50)),
                OFFER(SW_VERB_COMPLETE, false, "gate crash FAIL, 99.02<99.5",
                      "everyone is offered 2.15.3", "", KNOWN(20), KNOWN(100)),
                OFFER(SW_VERB_ROLLBACK, true, "",
                      "the same as halt here: Play goes on serving 2.15.2",
                      "no phone is downgraded", KNOWN(20), UNKNOWN)},
     .issue_count = 3,
     .issues = android_issues,
     .tags = {.newest = "android-v2.15.3",
              .newest_commit = "3f1a9c2",
              .previous = "android-v2.15.2",
              .newest_at_ms = MINUTES_AGO(10900),
              .note = "",
              .has_commits = true,
              .commit_count = 41,
              .shown_count = 3,
              .commits = android_commits,
              .observed_at_ms = MINUTES_AGO(4)}},
    {.id = "wear",
     .title = "Wear OS",
     .kind = SW_KIND_WEAR,
     .source = "play",
     .place = "Play, track wear:production",
     .state = SW_STATE_TESTING,
     .raw_state = "beta",
     .note = "",
     .version = "2.15.3",
     .build = "20250114.1",
     .previous_version = "2.15.2",
     .identity = "2025011491",
     .observed_at_ms = MINUTES_AGO(9),
     .plan_name = "stages",
     .stage_count = 2,
     .stages = wear_plan,
     .stage_index = -1,
     .next_percent = KNOWN(50),
     .next_note = "waits",
     .health_count = 1,
     .health = wear_health,
     .gate_count = 1,
     .gates = wear_gates,
     .gates_worst = SW_GATE_WAIT,
     .offers = {OFFER(SW_VERB_HALT, false, "nothing is rolling", "", "", UNKNOWN, UNKNOWN),
                OFFER(SW_VERB_ADVANCE, false, "gate crash WAIT: 212 of the 600 sessions it needs",
                      "50% of watches are offered 2.15.3", "", UNKNOWN, KNOWN(50))}},
    {.id = "backend",
     .title = "Backend",
     .kind = SW_KIND_BACKEND,
     .source = "aws-deploy",
     .place = "CodeDeploy, service api",
     .state = SW_STATE_COMPLETE,
     .raw_state = "Succeeded",
     .note = "",
     .build = "d-9F3C21E",
     .identity = "d-9F3C21E",
     .percent_set = KNOWN(100),
     .percent_actual = KNOWN(100),
     .actual_note = "traffic weight",
     .observed_at_ms = MINUTES_AGO(3),
     .plan_name = "service",
     .stage_count = 5,
     .stages = service_plan,
     .stage_index = 4,
     .health_count = 2,
     .health = backend_health,
     .trend_count = 1,
     .trends = backend_trends,
     .gate_count = 2,
     .gates = backend_gates,
     .gates_worst = SW_GATE_PASS,
     .alarm_count = 1,
     .alarms = backend_alarms,
     .offers = {OFFER(SW_VERB_HALT, false, "the deployment is over", "", "", UNKNOWN, UNKNOWN),
                OFFER(SW_VERB_ROLLBACK, true, "", "traffic goes back to d-41BE0D7 in about 30 s",
                      "migrations made since are not undone", KNOWN(100), UNKNOWN)}},
    {.id = "web",
     .title = "Web",
     .kind = SW_KIND_WEB,
     .source = "vercel",
     .place = "Vercel",
     .state = SW_STATE_COMPLETE,
     .raw_state = "READY",
     .note = "",
     .build = "c07d1e2",
     .identity = "c07d1e2",
     .percent_set = KNOWN(100),
     .percent_actual = KNOWN(100),
     .observed_at_ms = MINUTES_AGO(14),
     .is_stale = true,
     .plan_name = "service",
     .stage_count = 5,
     .stages = service_plan,
     .stage_index = 4,
     .health_count = 1,
     .health = web_health,
     .gate_count = 1,
     .gates = web_gates,
     .gates_worst = SW_GATE_STALE,
     .offers = {OFFER(SW_VERB_HALT, false, "the deployment is over", "", "", UNKNOWN, UNKNOWN)}},
};

/* ---------------------------------------------------------------------- sources */

static const struct sw_source bad_sources[] = {
    {.id = "apple",
     .kind = "app_store",
     .title = "App Store Connect",
     .base_url = "https://api.appstoreconnect.apple.com",
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(1),
     .latency_ms = KNOWN(212),
     .next_poll_at_ms = WORLD_NOW + 240000,
     .interval_s = 300,
     .stale_after_s = 900,
     .polls = 61,
     .budget_left = KNOWN(149),
     .budget_note = "3411 of 3600 left in the hour, 149 of 150 left in the minute"},
    {.id = "play",
     .kind = "google_play",
     .title = "Google Play",
     .base_url = "https://androidpublisher.googleapis.com",
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(3),
     .latency_ms = KNOWN(388),
     .next_poll_at_ms = WORLD_NOW + 120000,
     .interval_s = 300,
     .stale_after_s = 900,
     .polls = 60,
     .failures = 1},
    {.id = "sentry",
     .kind = "sentry",
     .title = "Sentry",
     .base_url = "https://us.sentry.io",
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(1),
     .latency_ms = KNOWN(164),
     .next_poll_at_ms = WORLD_NOW + 30000,
     .interval_s = 60,
     .stale_after_s = 300,
     .polls = 302,
     .budget_left = KNOWN(38)},
    {.id = "aws-metrics",
     .kind = "cloudwatch",
     .title = "CloudWatch eu-west-1",
     .base_url = "https://monitoring.eu-west-1.amazonaws.com",
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(1),
     .latency_ms = KNOWN(48),
     .next_poll_at_ms = WORLD_NOW + 30000,
     .interval_s = 60,
     .stale_after_s = 600,
     .polls = 301},
    {.id = "aws-deploy",
     .kind = "codedeploy",
     .title = "CodeDeploy eu-west-1",
     .base_url = "https://codedeploy.eu-west-1.amazonaws.com",
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(3),
     .latency_ms = KNOWN(71),
     .next_poll_at_ms = WORLD_NOW + 20000,
     .interval_s = 60,
     .stale_after_s = 600,
     .polls = 299,
     .failures = 2},
    {.id = "tags",
     .kind = "git_tags",
     .title = "tags and commits",
     .base_url = NULL,
     .is_ok = true,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(4),
     .next_poll_at_ms = WORLD_NOW + 60000,
     .interval_s = 300,
     .stale_after_s = 3600,
     .polls = 60},
    {.id = "vercel",
     .kind = "vercel",
     .title = "Vercel",
     .base_url = "https://api.vercel.com",
     .is_ok = false,
     .is_fresh = true,
     .last_ok_at_ms = MINUTES_AGO(14),
     .failing_since_ms = MINUTES_AGO(13),
     .error = "answers 503 Service Unavailable",
     .error_code = SW_E_HTTP,
     .latency_ms = KNOWN(5003),
     .next_poll_at_ms = WORLD_NOW + 32000,
     .interval_s = 60,
     .stale_after_s = 300,
     .polls = 288,
     .failures = 13},
};

/* -------------------------------------------------------------------- checklist */

static const struct sw_checklist_item items[] = {
    {.id = "code-freeze",
     .text = "Code freeze on release/v2.15.3",
     .phase = "Pre-release (T-7)",
     .is_done = true,
     .is_done_in_file = true},
    {.id = "notes",
     .text = "Release notes drafted",
     .phase = "Pre-release (T-7)",
     .is_done = true,
     .done_by = "Sam",
     .done_at_ms = MINUTES_AGO(11000)},
    {.id = "migrations",
     .text = "Migrations tested",
     .phase = "Backend deployment (T-5)",
     .is_done = true,
     .done_by = "Kim",
     .done_at_ms = MINUTES_AGO(9000),
     .due = "T-5"},
    {.id = "rollback-plan",
     .text = "Rollback plan documented",
     .phase = "Backend deployment (T-5)",
     .is_done = true,
     .done_by = "Kim",
     .done_at_ms = MINUTES_AGO(8900),
     .due = "T-5"},
    {.id = "day-1",
     .text = "Day 1: iOS 1%, Android 5%",
     .phase = "Staged rollout",
     .is_done = true,
     .done_by = "Sam",
     .done_at_ms = MINUTES_AGO(7000)},
    {.id = "day-3",
     .text = "Day 3: iOS 10%, Android 20%",
     .phase = "Staged rollout",
     .is_done = true,
     .done_by = "Sam",
     .done_at_ms = MINUTES_AGO(1030)},
    {.id = "day-5",
     .text = "Day 5: iOS 50%, Android 50%",
     .phase = "Staged rollout",
     .owner = "@qa",
     .is_blocking = true},
    {.id = "day-5-watch",
     .text = "the watch app starts on a paired phone",
     .phase = "Staged rollout",
     .depth = 1,
     .owner = "@qa"},
    {.id = "day-7", .text = "Day 7: both 100%", .phase = "Staged rollout"},
    {.id = "crash-free", .text = "Crash-free rate above 99.5%", .phase = "Post-release (T+7)"},
    {.id = "retro", .text = "Retrospective completed", .phase = "Post-release (T+7)", .due = "T+7"},
};

/* ----------------------------------------------------------------------- events */

static const struct sw_event bad_events[] = {
    {.uuid = "1",
     .kind = SW_EVENT_CONN,
     .at_ms = MINUTES_AGO(3000),
     .actor = "Release Captain",
     .text = "conn: Release Captain has it",
     .commit = "0d11aa0"},
    {.uuid = "2",
     .kind = SW_EVENT_INTENT,
     .at_ms = MINUTES_AGO(1033),
     .actor = "Release Captain",
     .platform = "android",
     .verb = SW_VERB_ADVANCE,
     .version = "2.15.3",
     .identity = "2025011401",
     .from_percent = KNOWN(10),
     .to_percent = KNOWN(20),
     .reason = "every gate open",
     .text = "Android advance 10 to 20% asked",
     .commit = "51f09ce"},
    {.uuid = "3",
     .kind = SW_EVENT_OUTCOME,
     .at_ms = MINUTES_AGO(1032),
     .actor = "Release Captain",
     .platform = "android",
     .verb = SW_VERB_ADVANCE,
     .intent = "2",
     .result = SW_RESULT_SEEN,
     .version = "2.15.3",
     .from_percent = KNOWN(10),
     .to_percent = KNOWN(20),
     .text = "Android 10 to 20%",
     .commit = "7be2201"},
    {.uuid = "4",
     .kind = SW_EVENT_TICK,
     .at_ms = MINUTES_AGO(1030),
     .actor = "Sam",
     .item = "day-3",
     .text = "ticked Day 3: iOS 10%, Android 20%",
     .commit = "9aa0c11"},
    {.uuid = "5",
     .kind = SW_EVENT_CHANGE,
     .at_ms = MINUTES_AGO(1016),
     .actor = "",
     .platform = "ios",
     .text = "iOS 5 to 10%, not by Slipway",
     .commit = "aa310f2"},
    {.uuid = "6",
     .kind = SW_EVENT_CHANGE,
     .at_ms = MINUTES_AGO(80),
     .platform = "backend",
     .text = "Backend d-9F3C21E at 1%",
     .commit = "c1120ab"},
    {.uuid = "7",
     .kind = SW_EVENT_CHANGE,
     .at_ms = MINUTES_AGO(66),
     .platform = "backend",
     .text = "Backend d-9F3C21E reached 100%",
     .commit = "d77f001"},
};

static const struct sw_snapshot bad = {
    .serial = 812,
    .at_ms = WORLD_NOW,
    .speed = 1,
    .has_polled_all = true,
    .release = "2.15.3",
    .release_tag = "v2.15.3",
    .zone = WORLD_ZONE,
    .captain = "Release Captain",
    .is_ledger_ok = true,
    .platform_count = 5,
    .platforms = bad_platforms,
    .source_count = 7,
    .sources = bad_sources,
    .checklist = {.is_known = true,
                  .note = "",
                  .file = "docs/RELEASE.md",
                  .ref = "v2.15.3",
                  .observed_at_ms = MINUTES_AGO(4),
                  .count = sizeof items / sizeof *items,
                  .items = items,
                  .done = 6,
                  .total = 11,
                  .blocking_open = 1},
    .event_count = sizeof bad_events / sizeof *bad_events,
    .events = bad_events,
};

const struct sw_snapshot *world_bad(void)
{
    fill_trends();
    return &bad;
}

void world_copy_bad(struct sw_snapshot *snapshot, struct sw_platform platforms[5])
{
    *snapshot = *world_bad();
    memcpy(platforms, bad_platforms, sizeof bad_platforms);
    snapshot->platforms = platforms;
}
