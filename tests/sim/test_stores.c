/* The three stores' rules, table by table. */
#include "apple.h"
#include "deploy.h"
#include "play.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY ((int64_t)24 * 3600 * 1000)
#define MINUTE ((int64_t)60 * 1000)

/* ---- App Store -------------------------------------------------------------------------- */

static struct apple_store apple_shop(const char *state, enum apple_phase phase)
{
    struct apple_store store = {.n_versions = 2};

    snprintf(store.versions[0].id, sizeof store.versions[0].id, "old-0000");
    snprintf(store.versions[0].state, sizeof store.versions[0].state, "READY_FOR_DISTRIBUTION");
    snprintf(store.versions[1].id, sizeof store.versions[1].id, "new-0000");
    snprintf(store.versions[1].state, sizeof store.versions[1].state, "%s", state);
    snprintf(store.versions[1].phase_id, sizeof store.versions[1].phase_id, "phase");
    store.versions[1].phase = phase;
    return store;
}

static void apple_steps_day_by_day(void **state)
{
    static const double percents[] = {1, 2, 5, 10, 20, 50, 100};
    struct apple_store s = apple_shop("PENDING_DEVELOPER_RELEASE", APPLE_PHASE_INACTIVE);
    struct apple_version *v = &s.versions[1];

    (void)state;
    assert_true(apple_percent(v) < 1e-9);
    assert_int_equal(apple_release(&s, "new-0000", 0), APPLE_OK);
    assert_string_equal(v->state, "PROCESSING_FOR_DISTRIBUTION");
    assert_int_equal(apple_release(&s, "new-0000", 0), APPLE_BAD_STATE);
    apple_advance(&s, 8 * MINUTE);
    assert_string_equal(v->state, "READY_FOR_DISTRIBUTION");
    assert_string_equal(s.versions[0].state, "REPLACED_WITH_NEW_VERSION");
    for (int day = 0; day < 7; day++) {
        apple_advance(&s, 8 * MINUTE + day * DAY + DAY / 2);
        assert_int_equal(v->phase_day, day + 1);
        assert_true(fabs(apple_percent(v) - percents[day]) < 1e-9);
        assert_int_equal(v->phase, APPLE_PHASE_ACTIVE);
    }
    apple_advance(&s, 9 * DAY);
    assert_int_equal(v->phase, APPLE_PHASE_COMPLETE);
    assert_int_equal(apple_phase_set(&s, "phase", APPLE_PHASE_PAUSED, 9 * DAY), APPLE_FINAL_STATE);
}

static void apple_pause_stops_the_clock(void **state)
{
    struct apple_store s = apple_shop("PENDING_DEVELOPER_RELEASE", APPLE_PHASE_INACTIVE);
    struct apple_version *v = &s.versions[1];

    (void)state;
    apple_release(&s, "new-0000", 1 - 8 * MINUTE);
    apple_advance(&s, 1);
    apple_advance(&s, 2 * DAY + DAY / 2 + 1);
    assert_int_equal(v->phase_day, 3);
    assert_int_equal(apple_phase_set(&s, "phase", APPLE_PHASE_PAUSED, 2 * DAY + DAY / 2), APPLE_OK);
    assert_int_equal(apple_phase_set(&s, "phase", APPLE_PHASE_PAUSED, 2 * DAY + DAY / 2),
                     APPLE_SAME_VALUE);
    apple_advance(&s, 12 * DAY + DAY / 2);
    assert_int_equal(v->phase_day, 3);
    assert_true(fabs(apple_percent(v) - 5) < 1e-9);
    assert_int_equal(apple_pause_days(v), 10);
    assert_int_equal(apple_phase_set(&s, "phase", APPLE_PHASE_ACTIVE, 12 * DAY + DAY / 2), APPLE_OK);
    apple_advance(&s, 13 * DAY + DAY / 4); /* three quarters of a day later: day 4 */
    assert_int_equal(v->phase_day, 4);
    assert_int_equal(apple_phase_set(&s, "phase", APPLE_PHASE_COMPLETE, 13 * DAY + DAY / 2),
                     APPLE_OK);
    assert_int_equal(v->phase_day, 4); /* kept, and yet everyone has it */
    assert_true(fabs(apple_percent(v) - 100) < 1e-9);
}

static void apple_phase_rules(void **state)
{
    struct apple_store live = apple_shop("READY_FOR_DISTRIBUTION", APPLE_PHASE_ACTIVE);
    struct apple_store waiting = apple_shop("PENDING_DEVELOPER_RELEASE", APPLE_PHASE_NONE);

    (void)state;
    assert_int_equal(apple_phase_set(&live, "nobody", APPLE_PHASE_PAUSED, 0), APPLE_NOT_FOUND);
    assert_int_equal(apple_phase_set(&live, "phase", APPLE_PHASE_NONE, 0), APPLE_BAD_VALUE);
    assert_int_equal(apple_phase_set(&live, "phase", APPLE_PHASE_INACTIVE, 0), APPLE_BAD_STATE);
    assert_int_equal(apple_phase_delete(&live, "phase"), APPLE_BAD_STATE);
    assert_int_equal(apple_phase_create(&live, "new-0000", 0), APPLE_BAD_STATE);
    assert_int_equal(apple_phase_create(&live, "old-0000", 0), APPLE_BAD_STATE);
    assert_int_equal(apple_phase_create(&waiting, "new-0000", 0), APPLE_OK);
    assert_int_equal(apple_phase_set(&waiting, waiting.versions[1].phase_id, APPLE_PHASE_ACTIVE, 0),
                     APPLE_BAD_STATE);
    assert_int_equal(apple_phase_delete(&waiting, waiting.versions[1].phase_id), APPLE_OK);
    assert_int_equal(apple_phase_parse("PAUSED"), APPLE_PHASE_PAUSED);
    assert_int_equal(apple_phase_parse("paused"), APPLE_PHASE_NONE);
    /* Released without a phase: everyone. */
    apple_release(&waiting, "new-0000", 0);
    apple_advance(&waiting, DAY);
    assert_true(fabs(apple_percent(&waiting.versions[1]) - 100) < 1e-9);
}

/* ---- CodeDeploy ------------------------------------------------------------------------- */

static struct deploy_store shop(bool waits_ready)
{
    struct deploy_store store = {.n_groups = 1, .n_configs = 3};

    store.configs[0] = (struct deploy_config){"linear", DEPLOY_LINEAR, 25, 10};
    store.configs[1] = (struct deploy_config){"canary", DEPLOY_CANARY, 10, 5};
    store.configs[2] = (struct deploy_config){"all", DEPLOY_ALL_AT_ONCE, 100, 0};
    store.groups[0] = (struct deploy_group){.application = "A", .group = "G", .service = "s",
                                            .waits_ready = waits_ready, .ready_wait_min = 30,
                                            .termination_wait_min = 60};
    return store;
}

static void deploy_shifts_and_finishes(void **state)
{
    static const struct {
        const char *config;
        struct {
            int64_t at; /* ms after the creation */
            double green;
            enum deploy_status status;
        } points[6];
    } cases[] = {
        {"linear", {{0, 0, DEPLOY_IN_PROGRESS}, {2 * MINUTE, 25, DEPLOY_IN_PROGRESS},
                    {12 * MINUTE, 50, DEPLOY_IN_PROGRESS}, {32 * MINUTE, 100, DEPLOY_IN_PROGRESS},
                    {90 * MINUTE, 100, DEPLOY_IN_PROGRESS}, {93 * MINUTE, 100, DEPLOY_SUCCEEDED}}},
        {"canary", {{0, 0, DEPLOY_IN_PROGRESS}, {2 * MINUTE, 10, DEPLOY_IN_PROGRESS},
                    {6 * MINUTE, 10, DEPLOY_IN_PROGRESS}, {7 * MINUTE, 100, DEPLOY_IN_PROGRESS},
                    {60 * MINUTE, 100, DEPLOY_IN_PROGRESS}, {68 * MINUTE, 100, DEPLOY_SUCCEEDED}}},
        {"all", {{0, 0, DEPLOY_IN_PROGRESS}, {MINUTE, 0, DEPLOY_IN_PROGRESS},
                 {2 * MINUTE, 100, DEPLOY_IN_PROGRESS}, {30 * MINUTE, 100, DEPLOY_IN_PROGRESS},
                 {60 * MINUTE, 100, DEPLOY_IN_PROGRESS}, {62 * MINUTE, 100, DEPLOY_SUCCEEDED}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct deploy_store s = shop(false);
        struct deployment *d = NULL;
        assert_int_equal(
            deploy_create(&s, &s.groups[0], cases[i].config, "aa", "", 0, &d), DEPLOY_OK);
        assert_int_equal(deploy_create(&s, &s.groups[0], cases[i].config, "aa", "", 0, NULL),
                         DEPLOY_BUSY);
        assert_true(strlen(d->id) == 11 && strncmp(d->id, "d-", 2) == 0);
        for (size_t k = 0; k < 6; k++) {
            deploy_advance(&s, cases[i].points[k].at);
            assert_true(fabs(d->green_pct - cases[i].points[k].green) < 1e-9);
            assert_int_equal(d->status, cases[i].points[k].status);
            assert_true(fabs(deploy_weight(&s.groups[0], 0) + deploy_weight(&s.groups[0], 1) -
                             100) < 1e-9);
        }
        assert_int_equal(s.groups[0].live_side, 1);
        assert_int_equal(deploy_stop(&s, d->id, true, 100 * MINUTE), DEPLOY_ALREADY_COMPLETED);
    }
}

static void deploy_stop_leaves_or_returns_the_traffic(void **state)
{
    struct deploy_store s = shop(false);
    struct deployment *d = NULL;

    (void)state;
    deploy_create(&s, &s.groups[0], "linear", "new", "", 0, &d);
    char id[16];
    memcpy(id, d->id, sizeof id);
    deploy_advance(&s, 13 * MINUTE);
    assert_int_equal(deploy_stop(&s, id, false, 13 * MINUTE), DEPLOY_OK);
    assert_int_equal(d->status, DEPLOY_STOPPED);
    assert_string_equal(d->error_code, "MANUAL_STOP");
    deploy_advance(&s, DAY);
    assert_true(fabs(deploy_weight(&s.groups[0], 1) - 50) < 1e-9);

    struct deployment *again = NULL;
    deploy_create(&s, &s.groups[0], "linear", "newer", "", DAY, &again);
    memcpy(id, again->id, sizeof id);
    deploy_advance(&s, DAY + 13 * MINUTE);
    assert_int_equal(deploy_stop(&s, id, true, DAY + 13 * MINUTE), DEPLOY_OK);
    struct deployment *back = deploy_newest(&s.groups[0]);
    assert_string_equal(back->creator, "codeDeployRollback");
    assert_string_equal(back->triggered_by, id);
    assert_string_equal(again->rollback_id, back->id);
    assert_string_equal(back->sha256, "new");
    assert_int_equal(back->status, DEPLOY_IN_PROGRESS);
    assert_true(fabs(deploy_weight(&s.groups[0], 0) - 50) < 1e-9); /* not back yet */
    deploy_advance(&s, DAY + 14 * MINUTE);
    assert_true(fabs(deploy_weight(&s.groups[0], 0) - 100) < 1e-9);
    assert_int_equal(back->status, DEPLOY_SUCCEEDED);
    assert_int_equal(deploy_stop(&s, "d-NOSUCH000", true, 0), DEPLOY_NOT_FOUND);
}

static void deploy_waits_to_be_continued(void **state)
{
    struct deploy_store s = shop(true);
    struct deployment *d = NULL;

    (void)state;
    deploy_create(&s, &s.groups[0], "all", "x", "", 0, &d);
    assert_int_equal(deploy_continue(&s, d->id, false, 0), DEPLOY_NOT_READY);
    deploy_advance(&s, 3 * MINUTE);
    assert_int_equal(d->status, DEPLOY_READY);
    assert_int_equal(deploy_continue(&s, d->id, true, 3 * MINUTE), DEPLOY_NOT_READY);
    assert_int_equal(deploy_continue(&s, d->id, false, 3 * MINUTE), DEPLOY_OK);
    deploy_advance(&s, 4 * MINUTE);
    assert_true(fabs(d->green_pct - 100) < 1e-9);
    assert_int_equal(deploy_continue(&s, d->id, true, 5 * MINUTE), DEPLOY_OK);
    assert_int_equal(d->status, DEPLOY_SUCCEEDED);

    struct deployment *late = NULL;
    deploy_create(&s, &s.groups[0], "all", "y", "", DAY, &late);
    deploy_advance(&s, DAY + 40 * MINUTE);
    assert_int_equal(late->status, DEPLOY_STOPPED); /* nobody came in time */
    assert_true(late->green_pct < 1e-9);
}

/* ---- Play ------------------------------------------------------------------------------- */

struct wanted {
    int64_t code;
    enum play_status status;
    double fraction;
};

static struct play_release release(const struct wanted *w, bool was_published)
{
    return (struct play_release){.codes = {w->code}, .n_codes = 1, .status = w->status,
                                 .fraction = w->fraction, .priority = -1,
                                 .was_published = was_published};
}

static struct play_track track(const struct wanted *list, size_t n, bool is_current)
{
    struct play_track t = {.name = "production"};

    for (size_t i = 0; i < n && list[i].code != 0; i++)
        t.releases[t.n_releases++] =
            release(&list[i], is_current && list[i].status != PLAY_DRAFT);
    return t;
}

/* Current track, what is put, and either part of the refusal or the result by code. */
static const struct {
    const char *name;
    struct wanted current[3];
    struct wanted put[3];
    const char *refusal;
    struct wanted result[4];
} updates[] = {
    {"halt a staged release",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0.2}}, NULL,
     {{20, PLAY_HALTED, 0.2}, {10, PLAY_COMPLETED, 0}}},
    {"halt a staged release without its fraction",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0}}, "HALTED release must have fraction", {{0}}},
    {"resume",
     {{20, PLAY_HALTED, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.2}}, NULL,
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}}},
    {"advance",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.5}}, NULL,
     {{20, PLAY_IN_PROGRESS, 0.5}, {10, PLAY_COMPLETED, 0}}},
    {"lower the fraction",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.1}}, "lower", {{0}}},
    {"fraction of one",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 1.0}}, "less than 1.0", {{0}}},
    {"fraction of zero",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, -1}}, "greater than 0.0", {{0}}},
    {"complete",
     {{20, PLAY_IN_PROGRESS, 0.5}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_COMPLETED, 0}}, NULL,
     {{20, PLAY_COMPLETED, 0}}},
    {"complete with a fraction",
     {{20, PLAY_IN_PROGRESS, 0.5}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_COMPLETED, 0.5}}, "COMPLETED release must not have fraction", {{0}}},
    {"complete with the old one along halts the new one",
     {{20, PLAY_IN_PROGRESS, 0.5}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_COMPLETED, 0}, {10, PLAY_COMPLETED, 0}}, NULL,
     {{20, PLAY_HALTED, 0.5}, {10, PLAY_COMPLETED, 0}}},
    {"stage what is complete",
     {{20, PLAY_COMPLETED, 0}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.5}}, "Fully released can not be staged", {{0}}},
    {"roll back: halt what is complete, the older one serves again",
     {{20, PLAY_COMPLETED, 0}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0}}, NULL,
     {{20, PLAY_HALTED, 0}, {10, PLAY_COMPLETED, 0}}},
    {"roll back without an older one",
     {{20, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0}}, "no serving fallback", {{0}}},
    {"resume a halted complete one",
     {{20, PLAY_HALTED, 0}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_COMPLETED, 0}}, NULL,
     {{20, PLAY_COMPLETED, 0}}},
    {"halt the fallback under a staged one",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}, {5, PLAY_COMPLETED, 0}},
     {{10, PLAY_HALTED, 0}, {20, PLAY_IN_PROGRESS, 0.2}}, "serving fallback", {{0}}},
    {"a staged release left out is halted",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{30, PLAY_DRAFT, 0}}, NULL,
     {{30, PLAY_DRAFT, 0}, {20, PLAY_HALTED, 0.2}, {10, PLAY_COMPLETED, 0}}},
    {"halt a draft",
     {{20, PLAY_DRAFT, 0}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0.2}}, "no matching in progress release found", {{0}}},
    {"halt an unknown code",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{21, PLAY_HALTED, 0.2}}, "no matching in progress release found", {{0}}},
    {"start a draft",
     {{20, PLAY_DRAFT, 0}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.05}}, NULL,
     {{20, PLAY_IN_PROGRESS, 0.05}, {10, PLAY_COMPLETED, 0}}},
    {"the first release cannot be staged",
     {{20, PLAY_DRAFT, 0}},
     {{20, PLAY_IN_PROGRESS, 0.05}}, "first release on a track cannot be staged", {{0}}},
    {"an older code over a newer one",
     {{20, PLAY_COMPLETED, 0}},
     {{10, PLAY_COMPLETED, 0}}, "does not allow any existing users to upgrade", {{0}}},
    {"two staged at once",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.2}, {30, PLAY_IN_PROGRESS, 0.1}}, "Only one", {{0}}},
    {"one code twice",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_IN_PROGRESS, 0.2}, {20, PLAY_HALTED, 0.2}}, "more than one release", {{0}}},
    {"no status",
     {{20, PLAY_IN_PROGRESS, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_UNSPECIFIED, 0}}, "status", {{0}}},
    {"a halt sent again changes nothing",
     {{20, PLAY_HALTED, 0.2}, {10, PLAY_COMPLETED, 0}},
     {{20, PLAY_HALTED, 0.2}}, NULL,
     {{20, PLAY_HALTED, 0.2}, {10, PLAY_COMPLETED, 0}}},
};

static void expect_result(const char *name, const struct play_track *made,
                          const struct wanted *expected)
{
    size_t visible = 0;
    size_t wanted = 0;

    for (size_t i = 0; i < made->n_releases; i++)
        visible += !made->releases[i].is_hidden;
    for (size_t i = 0; i < 4 && expected[i].code != 0; i++) {
        bool found = false;
        for (size_t k = 0; k < made->n_releases; k++) {
            const struct play_release *r = &made->releases[k];
            found = found || (!r->is_hidden && r->codes[0] == expected[i].code &&
                              r->status == expected[i].status &&
                              fabs(r->fraction - expected[i].fraction) < 1e-9);
        }
        if (!found)
            fail_msg("%s: code %lld is not as expected", name, (long long)expected[i].code);
        wanted++;
    }
    if (visible != wanted)
        fail_msg("%s: %zu releases are shown, expected %zu", name, visible, wanted);
}

static void play_updates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof updates / sizeof updates[0]; i++) {
        struct play_track current = track(updates[i].current, 3, true);
        struct play_track put = track(updates[i].put, 3, false);
        struct play_track made;
        struct play_refusal refusal = {.http = 0};
        bool ok = play_track_update(&current, &put, &made, &refusal);
        if (ok != (updates[i].refusal == NULL))
            fail_msg("%s: %s", updates[i].name, ok ? "was allowed" : refusal.message);
        if (ok)
            expect_result(updates[i].name, &made, updates[i].result);
        else if (strstr(refusal.message, updates[i].refusal) == NULL)
            fail_msg("%s: said \"%s\"", updates[i].name, refusal.message);
    }
}

static void play_percent_and_review(void **state)
{
    static const struct wanted before[] = {{20, PLAY_DRAFT, 0}, {10, PLAY_COMPLETED, 0}, {0}};
    static const struct wanted after[] = {{20, PLAY_IN_PROGRESS, 0.25}, {0}};
    struct play_store store = {.n_tracks = 1, .review_minutes = 120};
    struct play_track put = track(after, 1, false);
    struct play_track made;
    struct play_refusal refusal;

    (void)state;
    store.tracks[0] = track(before, 2, true);
    assert_true(play_track_update(&store.tracks[0], &put, &made, &refusal));
    play_commit(&store, &made, 1, false, 0);
    assert_true(store.is_review_running);
    assert_true(play_percent(&store.tracks[0], 20) < 1e-9); /* with the reviewers */
    assert_true(fabs(play_percent(&store.tracks[0], 10) - 100) < 1e-9);
    play_advance(&store, 121 * MINUTE);
    assert_false(store.is_review_running);
    assert_true(fabs(play_percent(&store.tracks[0], 20) - 25) < 1e-9);
    assert_true(play_has_code(&store, 20));
    assert_false(play_has_code(&store, 21));
    play_track_clear(&made);
    play_store_clear(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apple_steps_day_by_day),
        cmocka_unit_test(apple_pause_stops_the_clock),
        cmocka_unit_test(apple_phase_rules),
        cmocka_unit_test(deploy_shifts_and_finishes),
        cmocka_unit_test(deploy_stop_leaves_or_returns_the_traffic),
        cmocka_unit_test(deploy_waits_to_be_continued),
        cmocka_unit_test(play_updates),
        cmocka_unit_test(play_percent_and_review),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
