/* The world: the same seed gives the same people, windows add up, the story happens on time. */
#include "world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOUR ((int64_t)3600 * 1000)
#define START ((int64_t)1763683200 * 1000)

static struct world_version *version(struct world *world, const char *platform, const char *name,
                                     struct world_app **app)
{
    *app = world_app_find(world, platform);
    assert_non_null(*app);
    struct world_version *found = world_version_find(*app, name);
    assert_non_null(found);
    return found;
}

static double crash_free(struct world *world, const char *platform, const char *name, int64_t ms)
{
    struct world_app *app = NULL;
    struct world_version *v = version(world, platform, name, &app);
    struct world_health h = world_health(world, app, v, world->now_ms - ms, world->now_ms);

    assert_true(h.sessions > 0);
    return 100.0 * (1 - (double)h.crashes / (double)h.sessions);
}

static void unknown_world_is_refused(void **state)
{
    (void)state;
    assert_null(world_new("no-such-week", 1, START));
}

static void same_seed_same_world(void **state)
{
    struct world *a = world_new("rollout-week", 5, START);
    struct world *b = world_new("rollout-week", 5, START);
    struct world *c = world_new("rollout-week", 6, START);
    size_t differing = 0;

    (void)state;
    world_advance(a, START + 2 * HOUR);
    for (int i = 1; i <= 120; i++) /* in steps: the same as at once */
        world_advance(b, START + i * 60000);
    world_advance(c, START + 2 * HOUR);
    for (size_t app = 0; app < a->n_apps; app++)
        for (size_t v = 0; v < a->apps[app].n_versions; v++) {
            const struct world_version *x = &a->apps[app].versions[v];
            const struct world_version *y = &b->apps[app].versions[v];
            assert_int_equal(x->n_cells, y->n_cells);
            assert_memory_equal(x->cells, y->cells, x->n_cells * sizeof x->cells[0]);
            differing += memcmp(x->cells, c->apps[app].versions[v].cells,
                                x->n_cells * sizeof x->cells[0]) != 0;
        }
    assert_true(differing >= 6);
    world_free(a);
    world_free(b);
    world_free(c);
}

static void time_never_runs_back(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    int64_t next = w->next_minute;

    (void)state;
    world_advance(w, START - HOUR);
    assert_true(w->now_ms == START);
    assert_true(w->next_minute == next);
    world_free(w);
}

static void windows_add_up(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    struct world_app *app = NULL;
    struct world_version *v = version(w, "android", "2.15.2", &app);
    struct world_health day = world_health(w, app, v, START - 24 * HOUR, START);
    struct world_health sum = {.sessions = 0};

    (void)state;
    for (int i = 0; i < 24; i++) {
        struct world_health h =
            world_health(w, app, v, START - (i + 1) * HOUR, START - i * HOUR);
        sum.sessions += h.sessions;
        sum.crashes += h.crashes;
        sum.errored += h.errored;
        assert_true(h.crashes + h.errored <= h.sessions);
        assert_true(h.users <= h.sessions && h.crashed_users <= h.users);
    }
    assert_true(day.sessions == sum.sessions);
    assert_true(day.crashes == sum.crashes);
    assert_true(day.errored == sum.errored);
    assert_true(day.users < sum.sessions && day.users > sum.sessions / 4);
    /* Nothing before the history, nothing of a minute that is not over. */
    struct world_health none = world_health(w, app, v, 0, START - 15 * 24 * HOUR);
    assert_true(none.sessions == 0 && none.users == 0);
    none = world_health(w, app, v, START, START + HOUR);
    assert_true(none.sessions == 0);
    world_free(w);
}

static void memory_has_an_end(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    struct world_app *app = NULL;
    struct world_version *v = version(w, "ios", "2.15.2", &app);
    int64_t day = 24 * HOUR;

    (void)state;
    world_advance(w, START + 150 * day);
    assert_true(v->n_cells <= 100 * 24 * 60 && v->n_cells >= 90 * 24 * 60);
    assert_int_equal(w->first_minute + (int64_t)v->n_cells, w->next_minute);
    struct world_health last = world_health(w, app, v, w->now_ms - day, w->now_ms);
    struct world_health far = world_health(w, app, v, START, START + day);
    assert_true(last.sessions > 1000);
    assert_true(far.sessions == 0);
    world_free(w);
}

static void history_fills_the_day(void **state)
{
    static const struct {
        const char *platform, *version;
        double low, high; /* sessions in the last hour */
    } expected[] = {
        {"ios", "2.15.3", 1500, 3500},       {"ios", "2.15.2", 20000, 24000},
        {"android", "2.15.3", 3500, 5000},   {"android", "2.15.2", 23000, 28000},
        {"wear", "2.15.2", 1000, 1400},      {"wear", "2.15.3", 3, 40},
    };
    struct world *w = world_new("rollout-week", 3, START);

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct world_app *app = NULL;
        struct world_version *v =
            version(w, expected[i].platform, expected[i].version, &app);
        struct world_health hour = world_health(w, app, v, START - HOUR, START);
        struct world_health day = world_health(w, app, v, START - 24 * HOUR, START);
        assert_true((double)hour.sessions > expected[i].low);
        assert_true((double)hour.sessions < expected[i].high);
        assert_true(day.sessions > 10 * hour.sessions);
    }
    world_free(w);
}

static void rollout_stands_where_the_story_says(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    struct world_app *app = NULL;

    (void)state;
    struct world_version *ios = version(w, "ios", "2.15.3", &app);
    assert_true(fabs(world_percent_set(w, app, ios) - 10) < 1e-9);
    assert_int_equal(w->apple.versions[2].phase_day, 4);
    assert_int_equal(w->apple.versions[2].phase, APPLE_PHASE_ACTIVE);
    struct world_version *android = version(w, "android", "2.15.3", &app);
    assert_true(fabs(world_percent_set(w, app, android) - 20) < 1e-9);
    assert_true(android->share > 0.10 && android->share < 0.20);
    struct world_version *wear = version(w, "wear", "2.15.3", &app);
    assert_true(world_percent_set(w, app, wear) < 1e-9);
    assert_int_equal(deploy_newest(&w->deploy.groups[0])->status, DEPLOY_IN_PROGRESS);
    assert_true(fabs(deploy_newest(&w->deploy.groups[0])->green_pct - 30) < 1e-9);
    assert_int_equal(deploy_newest(&w->deploy.groups[1])->status, DEPLOY_SUCCEEDED);
    for (size_t i = 0; i < w->n_apps; i++) {
        double sum = 0;
        for (size_t v = 0; v < w->apps[i].n_versions; v++)
            sum += w->apps[i].versions[v].share;
        assert_true(fabs(sum - 1) < 1e-6);
    }
    world_free(w);
}

/* Issue 2: "turns bad an hour (world time) after the start". */
static void android_turns_bad_on_time(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *w = world_new("rollout-week", seed, START);
        assert_true(crash_free(w, "android", "2.15.3", HOUR) > 99.5);
        world_advance(w, START + HOUR);
        assert_true(crash_free(w, "android", "2.15.3", HOUR) > 99.45);
        world_advance(w, START + 2 * HOUR);
        assert_true(crash_free(w, "android", "2.15.3", HOUR) < 99.5);
        world_advance(w, START + 3 * HOUR);
        assert_true(crash_free(w, "android", "2.15.3", 2 * HOUR) < 99);
        assert_true(crash_free(w, "android", "2.15.2", HOUR) > 99.5);
        assert_true(crash_free(w, "ios", "2.15.3", HOUR) > 99.3);
        world_free(w);
    }
}

static void a_rate_set_by_hand_changes_only_what_follows(void **state)
{
    struct world *a = world_new("rollout-week", 9, START);
    struct world *b = world_new("rollout-week", 9, START);
    struct world_app *app = NULL;

    (void)state;
    version(b, "ios", "2.15.3", &app)->crash_rate = 0.5;
    world_advance(a, START + HOUR);
    world_advance(b, START + HOUR);
    assert_true(crash_free(b, "ios", "2.15.3", HOUR) < 60);
    assert_true(crash_free(a, "ios", "2.15.3", HOUR) > 99);
    struct world_version *x = version(a, "ios", "2.15.3", &app);
    struct world_version *y = version(b, "ios", "2.15.3", &app);
    for (size_t i = 0; i < x->n_cells; i++)
        assert_int_equal(x->cells[i].sessions, y->cells[i].sessions);
    struct world_version *u = version(a, "android", "2.15.3", &app);
    struct world_version *v = version(b, "android", "2.15.3", &app);
    assert_memory_equal(u->cells, v->cells, u->n_cells * sizeof u->cells[0]);
    world_free(a);
    world_free(b);
}

static void a_halted_version_keeps_its_users(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    struct world_app *app = NULL;
    struct world_version *v = version(w, "android", "2.15.3", &app);
    struct play_track *track = play_track_find(w->play.tracks, w->play.n_tracks, "production");
    double before = v->share;

    (void)state;
    track->releases[0].status = PLAY_HALTED;
    world_advance(w, START + 12 * HOUR);
    assert_true(fabs(v->share - before) < 1e-9);
    track->releases[0].status = PLAY_IN_PROGRESS;
    track->releases[0].fraction = 0.5;
    world_advance(w, START + 24 * HOUR);
    assert_true(v->share > before + 0.1);
    world_free(w);
}

static void services_have_load_and_latency(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    struct world_service *backend = world_service_find(w, "backend");
    struct world_service *web = world_service_find(w, "web");
    double p95 = 0;
    double p50 = 0;
    double mean = 0;

    (void)state;
    struct world_load both = world_load(w, web, -1, START - HOUR, START);
    struct world_load one = world_load(w, web, 0, START - HOUR, START);
    struct world_load two = world_load(w, web, 1, START - HOUR, START);
    assert_true(both.requests == one.requests + two.requests);
    assert_true(both.errors == one.errors + two.errors && both.errors > 0);
    assert_true(one.requests > 0 && two.requests > 0);
    assert_true(world_latency_ms(w, backend, -1, 0.95, START - HOUR, START, &p95, &mean));
    assert_true(world_latency_ms(w, backend, -1, 0.50, START - HOUR, START, &p50, NULL));
    assert_true(p95 > 250 && p95 < 350);
    assert_true(p50 > 100 && p50 < 120 && mean > p50 && mean < p95);
    assert_false(world_latency_ms(w, backend, -1, 0.95, START, START + HOUR, &p95, NULL));
    assert_false(backend->is_alarm);
    backend->error_rate[0] = backend->error_rate[1] = 0.05;
    world_advance(w, START + HOUR / 10);
    assert_true(backend->is_alarm);
    assert_true(backend->alarm_since_ms > START && backend->alarm_since_ms <= w->now_ms);
    world_free(w);
}

static void issue_appears_with_the_crashes(void **state)
{
    struct world *w = world_new("rollout-week", 1, START);
    const struct world_issue *issue = NULL;
    uint64_t events = 0;
    uint64_t users = 0;

    (void)state;
    for (size_t i = 0; i < w->n_issues; i++)
        if (strcmp(w->issues[i].culprit, "WorkoutTimer.tick") == 0)
            issue = &w->issues[i];
    assert_non_null(issue);
    world_issue_counts(w, issue, START - 24 * HOUR, w->now_ms, &events, &users);
    assert_true(events == 0 && users == 0);
    world_advance(w, START + 2 * HOUR);
    world_issue_counts(w, issue, START - 24 * HOUR, w->now_ms, &events, &users);
    assert_true(events > 15 && users > 0 && users <= events);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_world_is_refused),
        cmocka_unit_test(same_seed_same_world),
        cmocka_unit_test(time_never_runs_back),
        cmocka_unit_test(windows_add_up),
        cmocka_unit_test(memory_has_an_end),
        cmocka_unit_test(history_fills_the_day),
        cmocka_unit_test(rollout_stands_where_the_story_says),
        cmocka_unit_test(android_turns_bad_on_time),
        cmocka_unit_test(a_rate_set_by_hand_changes_only_what_follows),
        cmocka_unit_test(a_halted_version_keeps_its_users),
        cmocka_unit_test(services_have_load_and_latency),
        cmocka_unit_test(issue_appears_with_the_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
