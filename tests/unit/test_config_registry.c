/* The configuration with the real source kinds: the agreed example and the one `slipway init`
 * writes load without a word, and a mistake in a binding is found before anything starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "engine/parts.h"
#include "engine/setup.h"

static struct sw_kind_info *infos;
static size_t info_count;

static int set_up(void **state)
{
    (void)state;
    struct sw_parts parts = {.kinds = sw_source_kinds};
    infos = sw_setup_infos(&parts, &info_count);
    return infos == NULL || info_count == 0 ? 1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(infos);
    return 0;
}

/* Every problem in one text; empty: none. */
static char *load(const char *text)
{
    struct sw_config *config = NULL;
    struct sw_problems problems = {0};
    struct sw_buf said;
    char line[900];
    sw_buf_init(&said, 1 << 16);
    sw_buf_add(&said, "");
    enum sw_code code =
        sw_config_parse(text, strlen(text), "/c.yaml", infos, info_count, &config, &problems, NULL);
    for (size_t i = 0; i < problems.count; i++)
        sw_buf_printf(&said, "%s\n", sw_problem_text(&problems.items[i], line, sizeof line));
    assert_int_equal(code == SW_OK, config != NULL);
    sw_problems_free(&problems);
    sw_config_free(config);
    return sw_buf_take(&said);
}

static void the_agreed_example_loads(void **state)
{
    (void)state;
    char path[700];
    const char *top = getenv("SLIPWAY_TOP");
    struct sw_buf text;
    sw_buf_init(&text, 1 << 20);
    sw_format(path, sizeof path, "%s/tests/data/config/example.yaml", top != NULL ? top : ".");
    assert_int_equal(sw_fs_read(path, 1 << 20, &text, NULL), SW_OK);
    char *said SW_AUTO_FREE = load(sw_buf_text(&text));
    assert_string_equal(said, "");
    sw_buf_clear(&text);
}

static void the_written_example_loads(void **state)
{
    (void)state;
    char *text SW_AUTO_FREE = sw_config_example();
    char *said SW_AUTO_FREE = load(text);
    assert_string_equal(said, "");
}

#define HEAD                                                                                       \
    "version: 1\nsources:\n  - {id: c, kind: cloudwatch, region: eu-west-1}\n"                     \
    "  - {id: s, kind: sentry, organization: o, token_env: T}\n"                                   \
    "platforms:\n  - id: a\n    kind: web\n    health:\n"
#define METRIC "{namespace: N, name: M, stat: p95}"

static void a_binding_that_could_never_be_read_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {HEAD "      - {metric: error_rate, source: c, errors: " METRIC "}\n",
         "/c.yaml:9:9: error: platforms[a].health[0]: error_rate needs errors and total\n"},
        {HEAD "      - {metric: latency_p95, source: c, total: " METRIC "}\n",
         "/c.yaml:9:9: error: platforms[a].health[0]: latency_p95 needs value\n"},
        {HEAD "      - {metric: latency_p95, source: c, value: " METRIC "}\n",
         "/c.yaml:9:9: error: platforms[a].health[0]: value needs the unit the metric is stored in "
         "(unit: s or ms)\n"},
        {HEAD
         "      - {metric: crash_free_users, source: s, project: p, release: \"a@{verson}\"}\n",
         "/c.yaml:9:9: error: platforms[a].health[0]: in release only {version} and {build} may "
         "stand in braces\n"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char *said SW_AUTO_FREE = load(cases[i].text);
        if (strstr(said, cases[i].wanted) == NULL)
            fail_msg("said:\n%s\nwanted:\n%s", said, cases[i].wanted);
    }
}

#define PLAY                                                                                       \
    "version: 1\nsources:\n  - {id: p, kind: google_play, key_env: K}\n"                           \
    "  - {id: v, kind: play_vitals, key_env: K}\nplatforms:\n"                                     \
    "  - {id: a, kind: android, rollout: {source: p, package: x.y}, plan: [{percent: 100}],\n"     \
    "     health: ["
#define VITALS "{source: v, package: x.y, "
#define GATE   "]}\ngates: [{id: g, critical: 1, "

/* A window that the source never gives would leave its gate UNKNOWN for ever, and closed. */
static void a_gate_on_a_window_that_is_never_given_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted; /* the whole text, "": no problem */
    } cases[] = {
        {PLAY VITALS "metric: anr_rate}" GATE "metric: anr_rate, window: 1h}]\n", ""},
        {PLAY VITALS "metric: anr_rate}" GATE "metric: anr_rate, window: 24h}]\n", ""},
        {PLAY VITALS "metric: anr_rate}" GATE "metric: anr_rate, window: 6h}]\n",
         "/c.yaml:8:56: error: gates[g].window: anr_rate on platform \"a\" is never known over 6h: "
         "source \"v\" gives whole hours (1h) and Pacific days (24h) only\n"},
        {PLAY VITALS "metric: slow_start_rate}" GATE "metric: slow_start_rate, window: 1h}]\n",
         "/c.yaml:8:63: error: gates[g].window: slow_start_rate on platform \"a\" is never known "
         "over 1h: source \"v\" gives Pacific days (24h) only\n"},
        /* Of two entries one is enough. */
        {PLAY VITALS "metric: anr_rate, period: hourly}, " VITALS
                     "metric: anr_rate, period: daily}" GATE "metric: anr_rate, window: 24h}]\n",
         ""},
        /* The default gate of the day, which is not what this entry gives. */
        {PLAY VITALS "metric: anr_rate, period: hourly}]}\n",
         "/c.yaml:7:15: warning: platform \"a\": the default gate \"anr\" (anr_rate over 1d) does "
         "not stand: source \"v\" gives whole hours (1h) only\n"},
        {PLAY VITALS "metric: anr_rate, period: hourly}]}\n"
                     "gates: [{id: anr, metric: anr_rate, critical: 1, window: 1h}]\n",
         ""},
        {PLAY VITALS "metric: slow_start_rate, period: hourly}]}\n",
         "/c.yaml:7:15: error: platforms[a].health[0]: Play counts slow starts by the day only "
         "(period: daily)\n"},
        {PLAY VITALS "metric: slow_start_rate, user_cohort: OS_BETA}]}\n",
         "/c.yaml:7:15: error: platforms[a].health[0]: Play has no slow starts of OS_BETA: they need "
         "a start type, which it does not give\n"},
        {PLAY VITALS "metric: crash_free_users, start_type: HOT}]}\n",
         "/c.yaml:7:15: error: platforms[a].health[0]: start_type is for slow_start_rate\n"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char *said SW_AUTO_FREE = load(cases[i].text);
        if (strcmp(said, cases[i].wanted) != 0)
            fail_msg("case %zu said:\n%s\nwanted:\n%s", i, said, cases[i].wanted);
    }
}

/* A metric that no gate looks at is read over the hour and the day: slow starts come by the day
 * alone, and would else never be asked for. */
static void without_a_gate_the_hour_and_the_day_are_read(void **state)
{
    static const char text[] = PLAY VITALS "metric: slow_start_rate}, " VITALS
                                           "metric: anr_rate}]}\n";
    static const struct {
        enum sw_metric metric;
        size_t count;
        int windows_s[2];
    } wanted[] = {{SW_METRIC_SLOW_START_RATE, 2, {3600, 86400}},
                  {SW_METRIC_ANR_RATE, 1, {86400}}}; /* the default gate's */
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    char path[] = "/tmp/slipway-registry-XXXXXX";
    struct sw_problems problems = {0};
    struct sw_setup *setup = NULL;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    assert_int_equal(sw_setup_load(&parts, path, &setup, &problems, NULL), SW_OK);
    size_t seen = 0;
    for (size_t u = 0; u < setup->unit_count; u++)
        for (size_t i = 0; setup->units[u].is_health && i < setup->units[u].target_count; i++) {
            const struct sw_target *target = &setup->units[u].targets[i];
            assert_int_equal(target->metric, wanted[seen].metric);
            assert_int_equal(target->window_count, wanted[seen].count);
            assert_memory_equal(target->windows_s, wanted[seen].windows_s,
                                wanted[seen].count * sizeof(int));
            seen++;
        }
    assert_int_equal(seen, 2);
    sw_setup_unref(setup);
    sw_problems_free(&problems);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agreed_example_loads),
        cmocka_unit_test(the_written_example_loads),
        cmocka_unit_test(a_gate_on_a_window_that_is_never_given_is_refused),
        cmocka_unit_test(without_a_gate_the_hour_and_the_day_are_read),
        cmocka_unit_test(a_binding_that_could_never_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
