/* test_frontend.c: the library on the simulator, through slipway.h alone and without a terminal:
 * the example front end as a process, a crash in the middle of a halt, a store that hears and does
 * not answer. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "slipway.h"
#include "support/simulator.h"

enum { SPEED = 60, LINE = 4096 };

static struct simulator sim;

static int begin(void **state)
{
    (void)state;
    char dir[300];
    simulator_start(&sim, SPEED, 1);
    snprintf(dir, sizeof dir, "%s/state", sim.dir);
    setenv("XDG_STATE_HOME", dir, 1);
    snprintf(dir, sizeof dir, "%s/cache", sim.dir);
    setenv("XDG_CACHE_HOME", dir, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(simulator_stop(&sim), 0);
    return 0;
}

static void pause_ms(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        continue;
}

static int64_t mono_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The example, beside the simulator in the same build. Its output goes to the pipe. */
static pid_t start_example(const char *platform, int *out)
{
    char bin[1024], path[1200];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(bin, sizeof bin, "%s", getenv("SLIPWAY_SIM_BIN"));
    snprintf(path, sizeof path, "%s/tests/example/frontend", dirname(bin));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(path, "frontend", sim.config, platform, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* Its exit code; what it printed is in text. */
static int run_example(const char *platform, char text[LINE])
{
    int fd = -1, status = 0;
    pid_t pid = start_example(platform, &fd);
    size_t len = 0;
    ssize_t got = 0;
    while (len < LINE - 1 && (got = read(fd, text + len, LINE - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void forty_lines_halt_android(void **state)
{
    (void)state;
    char text[LINE];
    assert_int_equal(run_example(NULL, text), 0);
    assert_non_null(strstr(text, "android 2.15.3 rolling 20%"));
    assert_non_null(strstr(text, "ios 2.15.3 rolling 10%"));
    assert_int_equal(simulator_mutating(&sim), 0);
    assert_int_equal(run_example("android", text), 0);
    assert_non_null(strstr(text, "HALTED at 20%, seen at the store"));
    assert_non_null(strstr(text, "android 2.15.3 halted 20%"));
    int64_t sent = simulator_mutating(&sim);
    assert_true(sent > 0);
    assert_int_equal(run_example("android", text), 0);
    assert_non_null(strstr(text, "already HALTED"));
    assert_int_equal(simulator_mutating(&sim), sent);
    assert_int_equal(run_example("nowhere", text), 1);
    assert_non_null(strstr(text, "no platform \"nowhere\""));
}

/* ----------------------------------------------------------------- by the library */

static struct sw_core *start(void)
{
    struct sw_core *core = NULL;
    struct sw_error error = {0};
    const struct sw_open_options options = {.config_path = sim.config};
    if (sw_core_open(&options, &core, NULL, &error) != SW_OK ||
        sw_core_start(core, &error) != SW_OK)
        fail_msg("%s", error.text);
    return core;
}

struct ends {
    size_t intents, outcomes;
    enum sw_result last;
    char text[256];
};

static bool count(void *arg, const struct sw_event *event)
{
    struct ends *ends = arg;
    ends->intents += event->kind == SW_EVENT_INTENT;
    if (event->kind == SW_EVENT_OUTCOME) {
        ends->outcomes++;
        ends->last = event->result;
        snprintf(ends->text, sizeof ends->text, "%s", event->text);
    }
    return true;
}

static struct ends ledger(struct sw_core *core)
{
    struct ends ends = {0};
    struct sw_error error = {0};
    if (sw_core_read_ledger(core, count, &ends, &error) != SW_OK)
        fail_msg("%s", error.text);
    return ends;
}

/* Killed while the store works on the halt; the next start finds out by reading. */
static void a_crash_in_the_middle_is_settled(void **state)
{
    (void)state;
    int fd = -1, status = 0;
    simulator_do(&sim, "POST", "/faults",
                 "{\"kind\":\"silent\",\"service\":\"google_play\",\"path\":\":commit\"}");
    pid_t pid = start_example("android", &fd);
    for (int i = 0; i < 200 && simulator_mutating(&sim) == 0; i++)
        pause_ms(20);
    pause_ms(100);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
    assert_true(WIFSIGNALED(status));
    simulator_do(&sim, "DELETE", "/faults", NULL);
    int64_t sent = simulator_mutating(&sim);
    assert_true(sent > 0);
    struct sw_core *core = start();
    assert_true(sw_core_wait_polled(core, 20000));
    struct ends ends = ledger(core);
    assert_int_equal(ends.intents, 1);
    for (int i = 0; i < 100 && ends.outcomes == 0; i++) {
        pause_ms(50);
        ends = ledger(core);
    }
    assert_int_equal(ends.outcomes, 1);
    assert_int_equal(ends.last, SW_RESULT_SEEN);
    assert_non_null(strstr(ends.text, "of an earlier run: seen at the store"));
    assert_int_equal(simulator_mutating(&sim), sent);
    sw_core_close(core);
}

/* A read hears and never answers; the ids of the last picture are enough. */
static void a_store_that_does_not_answer_delays_no_known_halt(void **state)
{
    (void)state;
    char text[LINE];
    assert_int_equal(run_example(NULL, text), 0); /* leaves a picture */
    simulator_do(&sim, "POST", "/faults",
                 "{\"kind\":\"silent\",\"service\":\"google_play\",\"path\":\"/releases\"}");
    struct sw_core *core = start();
    const struct sw_command halt = {
        .kind = SW_COMMAND_VERB, .verb = SW_VERB_HALT, .platform = "android"};
    int64_t begun_ms = mono_ms();
    uint64_t id = sw_submit(core, &halt);
    while (simulator_mutating(&sim) == 0 && mono_ms() - begun_ms < 20000)
        pause_ms(20);
    assert_true(simulator_mutating(&sim) > 0);
    assert_true(mono_ms() - begun_ms < 9000); /* five seconds for the re-read */
    assert_int_equal(sw_core_halts_in_flight(core), 1);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    struct sw_outcome *outcome = sw_core_wait_outcome(core, id, 60000);
    assert_non_null(outcome);
    assert_int_equal(outcome->result, SW_RESULT_SEEN);
    sw_outcome_free(outcome);
    sw_core_close(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forty_lines_halt_android, begin, end),
        cmocka_unit_test_setup_teardown(a_crash_in_the_middle_is_settled, begin, end),
        cmocka_unit_test_setup_teardown(a_store_that_does_not_answer_delays_no_known_halt, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
