/*
 * Every upstream unplugged in turn and all of them at once: the dashboard stays alive, names what
 * fails and since when, marks the figures stale, and recovers by itself. A slow line, slow
 * upstreams and a name server that hangs keep nobody waiting.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dash.h"

enum { SPEED = 60, KEY_MS = 1000, CONFIG_PATH = 256 };

struct upstream {
    const char *service; /* as the simulator calls it */
    const char *source;  /* as the configuration calls it */
    const char *row;     /* a platform that shows its figures … */
    const char *stale;   /* … and what its row says when they are too old */
};

static const struct upstream upstreams[] = {{"app_store", "apple", "1 iOS", "ROLLING?"},
                                            {"google_play", "play", "2 Android", "ROLLING?"},
                                            {"sentry", "sentry", "2 Android", "STALE"},
                                            {"cloudwatch", "aws-metrics", "5 Backend", "STALE"},
                                            {"codedeploy", "aws-deploy", "4 Web", "ROLLING?"}};
enum { UPSTREAMS = sizeof upstreams / sizeof upstreams[0] };

static const char *const kinds[] = {"\"refuse\"", "\"status\",\"status\":500", "\"garbage\""};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct simulator sim;
static struct simulator mute; /* accepts, and says nothing from some time on */
static struct dash mute_dash;
static char config[CONFIG_PATH];

/* ----------------------------------------------------------------------- common */

static void set_fault(const char *service, const char *kind)
{
    simulator_do(&sim, "POST", "/faults", "{\"service\":\"%s\",\"kind\":%s}", service, kind);
}

static void end_faults(void)
{
    simulator_do(&sim, "DELETE", "/faults", NULL);
}

/* A key is answered on the screen within a second, whatever the upstreams do. */
static void answers_keys(struct dash *dash, const char *when)
{
    int limit = dash_is_release() ? KEY_MS : 5 * KEY_MS;
    dash_type(dash, "?");
    if (!pty_wait_text(dash->pty, "What acts", limit) && !pty_shows(dash->pty, "what acts"))
        dash_fail(dash, "no answer to ? in %d ms while %s", limit, when);
    dash_type(dash, "s");
    if (!pty_wait_text(dash->pty, "answers", limit))
        dash_fail(dash, "no answer to s in %d ms while %s", limit, when);
}

static void expect_all_well(struct dash *dash)
{
    for (size_t i = 0; i < UPSTREAMS; i++)
        dash_expect_in_row(dash, upstreams[i].source, "= ok");
    dash_expect_in_row(dash, "tags", "= ok");
}

static void open_fast(struct dash *dash)
{
    dash_open(dash, &(struct dash_options){.sim = &sim, .config = config});
    dash_expect_in_row(dash, "Android", "NOT WORSE");
    dash_expect_in_row(dash, "Web", "gates ok");
    dash_type(dash, "s");
    expect_all_well(dash);
}

/* ---------------------------------------------------------------------- unplugged */

static void each_in_turn_is_named_stale_and_recovers(void **state)
{
    struct dash dash;
    (void)state;
    open_fast(&dash);
    /* The sanitizers look at one store and one source of figures. */
    for (size_t i = 0; i < UPSTREAMS; i += dash_is_release() ? 1 : 3) {
        const struct upstream *u = &upstreams[i];
        set_fault(u->service, kinds[i % KINDS]);
        dash_expect_in_row(&dash, u->source, "failing");
        for (size_t k = 0; k < UPSTREAMS; k++) {
            if (k != i)
                dash_expect_in_row(&dash, upstreams[k].source, "= ok");
        }
        answers_keys(&dash, u->service);
        dash_type(&dash, "o");
        dash_expect_in_row(&dash, u->row, u->stale);
        dash_expect_in_row(&dash, "works; A and C are closed", "H");
        dash_expect_in_row(&dash, "data from", u->source);
        end_faults();
        dash_expect_gone(&dash, "ROLLING?");
        dash_expect_gone(&dash, "STALE");
        dash_type(&dash, "s");
        dash_expect_in_row(&dash, u->source, "= ok");
    }
    dash_quit(&dash);
    dash_close(&dash);
}

static void all_at_once_and_back(void **state)
{
    struct dash dash;
    (void)state;
    open_fast(&dash);
    for (size_t round = 0; round < (dash_is_release() ? (size_t)KINDS : 1); round++) {
        for (size_t i = 0; i < UPSTREAMS; i++)
            set_fault(upstreams[i].service, kinds[(i + round + 1) % KINDS]);
        for (size_t i = 0; i < UPSTREAMS; i++)
            dash_expect_in_row(&dash, upstreams[i].source, "failing");
        answers_keys(&dash, "everything fails");
        end_faults();
        expect_all_well(&dash);
    }
    dash_quit(&dash);
    dash_close(&dash);
}

/* The repository goes away and comes back. */
static void without_the_repository(void **state)
{
    char path[300];
    char away[300];
    struct dash dash;
    (void)state;
    snprintf(path, sizeof path, "%s/repo", sim.dir);
    snprintf(away, sizeof away, "%s/away", sim.dir);
    open_fast(&dash);
    assert_int_equal(rename(path, away), 0);
    dash_expect_in_row(&dash, "tags", "failing");
    answers_keys(&dash, "the repository is away");
    assert_int_equal(rename(away, path), 0);
    dash_expect_in_row(&dash, "tags", "= ok");
    dash_quit(&dash);
    dash_close(&dash);
}

/* Tokens are refused from the start: nothing of Play is known, and nothing is made up. */
static void without_the_token_endpoint(void **state)
{
    struct dash dash;
    (void)state;
    set_fault("google_oauth", kinds[1]);
    dash_open(&dash, &(struct dash_options){.sim = &sim, .config = config});
    dash_expect_in_row(&dash, "iOS", "NOT WORSE");
    dash_expect_in_row(&dash, "2 Android", "UNKNOWN");
    dash_type(&dash, "s");
    dash_expect_in_row(&dash, "play", "failing");
    end_faults();
    dash_expect_in_row(&dash, "play", "= ok");
    dash_type(&dash, "o");
    dash_expect_in_row(&dash, "2 Android", "ROLLING");
    dash_quit(&dash);
    dash_close(&dash);
}

/* It takes until the limit of a request to be sure of silence: started first, looked at late. */
static void silence_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < UPSTREAMS; i++)
        dash_expect_in_row(&mute_dash, upstreams[i].source, "failing");
    answers_keys(&mute_dash, "nobody answers");
    simulator_do(&mute, "DELETE", "/faults", NULL);
}

static void silence_ends(void **state)
{
    (void)state;
    expect_all_well(&mute_dash);
    dash_quit(&mute_dash);
    dash_close(&mute_dash);
    assert_int_equal(simulator_stop(&mute), 0);
}

/* --------------------------------------------------------------------------- slow */

static void a_slow_line_and_slow_upstreams(void **state)
{
    struct dash dash;
    (void)state;
    simulator_do(&sim, "POST", "/faults", "{\"kind\":\"latency_ms\",\"ms\":150}");
    dash_open(&dash, &(struct dash_options){.sim = &sim, .bytes_per_s = 4096});
    dash_expect_in_row(&dash, "Android", "NOT WORSE");
    dash_expect_in_row(&dash, "Web", "gates ok");
    int limit = dash_is_release() ? KEY_MS : 5 * KEY_MS;
    for (int i = 0; i < 8; i++) {
        char mark[4] = {'>', (char)('1' + (i + 1) % 5), '\0'};
        char key[2] = {mark[1], '\0'};
        dash_type(&dash, key);
        if (!pty_wait_text(dash.pty, mark, limit))
            dash_fail(&dash, "no answer to %s in %d ms", key, limit);
    }
    dash_type(&dash, "2H");
    if (!pty_wait_text(dash.pty, "y halt it", 2 * limit))
        dash_fail(&dash, "no dialog in %d ms", 2 * limit);
    dash_type(&dash, "\033");
    dash_expect_gone(&dash, "y halt it");
    end_faults();
    dash_quit(&dash);
    dash_close(&dash);
}

/* ---------------------------------------------------------------------------- DNS */

static const char *shim(void)
{
    static char path[1200];
    const char *build = getenv("SLIPWAY_BUILD");
    snprintf(path, sizeof path, "LD_PRELOAD=%s/preload/dns_hang.so",
             build != NULL ? build : ".build/release");
    return path;
}

/* The world in real time and Sentry behind a name whose lookup never ends. */
static void a_hanging_lookup_does_not_delay_a_halt(void **state)
{
    struct simulator slow;
    struct dash dash;
    char path[CONFIG_PATH];
    (void)state;
    simulator_start(&slow, 1, 3);
    const char *sentry = simulator_endpoint(&slow, "services.sentry.url");
    const char *const pairs[] = {"simulation: {", "# {", sentry, "https://hang.invalid", NULL};
    const char *const env[] = {shim(), "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0",
                               NULL};
    simulator_config_with(&slow, "hang.yaml", pairs, path, sizeof path);
    dash_open(&dash, &(struct dash_options){.sim = &slow, .config = path, .env = env});
    dash_expect_in_row(&dash, "2 Android", "ROLLING");
    dash_type(&dash, "2H");
    dash_expect(&dash, "y halt it");
    int64_t begin_us = pty_now_us();
    dash_type(&dash, "y");
    dash_expect_store(&dash, &slow, "android", "halted");
    int64_t took_ms = (pty_now_us() - begin_us) / 1000;
    if (took_ms > (dash_is_release() ? 2000 : 8000))
        dash_fail(&dash, "the halt took %lld ms", (long long)took_ms);
    dash_expect_in_row(&dash, "2 Android", "HALTED");
    dash_expect_in_row(&dash, "HALT Android", "seen");
    dash_quit(&dash);
    dash_close(&dash);
    assert_int_equal(simulator_stop(&slow), 0);
}

/* ---------------------------------------------------------------------------- main */

/* A test that failed in the middle leaves no fault to the next. */
static int after(void **state)
{
    (void)state;
    end_faults();
    return 0;
}

static int setup(void **state)
{
    /* Asked every quarter of a second, stale after three. */
    static const char *const pairs[] = {"\n    interval: 60s", "\n    interval: 15s",
                                        "stale_after: 600s", "stale_after: 180s", NULL};
    (void)state;
    simulator_start(&mute, SPEED, 3);
    dash_open(&mute_dash, &(struct dash_options){.sim = &mute, .rows = 36, .cols = 120});
    if (!pty_wait_text(mute_dash.pty, "gates ok", dash_limit_ms()))
        return 1;
    pty_type(mute_dash.pty, "s");
    simulator_do(&mute, "POST", "/faults", "{\"kind\":\"silent\",\"before\":true}");
    simulator_start(&sim, SPEED, 3);
    simulator_config_with(&sim, "fast.yaml", pairs, config, sizeof config);
    simulator_do(
        &sim, "POST", "/world",
        "{\"crash_rate\":{\"platform\":\"android\",\"version\":\"2.15.3\",\"rate\":0.003}}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_in_turn_is_named_stale_and_recovers, after),
        cmocka_unit_test_teardown(all_at_once_and_back, after),
        cmocka_unit_test(silence_is_noticed),
        cmocka_unit_test_teardown(without_the_repository, after),
        cmocka_unit_test_teardown(without_the_token_endpoint, after),
        cmocka_unit_test_teardown(a_slow_line_and_slow_upstreams, after),
        cmocka_unit_test_teardown(a_hanging_lookup_does_not_delay_a_halt, after),
        cmocka_unit_test(silence_ends),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
