/* test_flow_lock.c: the locks of sources between processes: actions first. The other process is a
 * real one, and is killed in some cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "engine/flow.h"

#define NAME "play-com.acme.app-slipway"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    sw_copy(dir, sizeof dir, "/tmp/slipway-flow-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool is_told_to_end;

static bool is_cancelled(void *arg)
{
    (void)arg;
    return is_told_to_end;
}

static const struct sw_flow_hooks hooks = {.is_cancelled = is_cancelled};

static struct sw_flow *flow_of(bool is_action)
{
    const struct sw_flow_options options = {
        .state_dir = dir, .is_action = is_action, .hooks = is_action ? &hooks : NULL};
    return sw_flow_new(&options, 0, NULL);
}

static void drop(struct sw_flow *flow)
{
    sw_flow_release_locks(flow);
    sw_flow_free(flow);
}

/* ------------------------------------------------------------- the other one */

struct other {
    pid_t pid;
    int said;
};

/* Another process that takes the lock and then does as `then` says. */
static struct other start(bool is_action, void (*then)(struct sw_flow *flow))
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    struct other other = {.pid = fork(), .said = pipes[0]};
    assert_true(other.pid >= 0);
    if (other.pid == 0) {
        alarm(30);
        struct sw_flow *flow = flow_of(is_action);
        char said = sw_flow_lock(flow, NAME, NULL) == SW_OK ? 'y' : 'n';
        sw_ignore(write(pipes[1], &said, 1));
        then(flow);
        _exit(0);
    }
    close(pipes[1]);
    char said = 0;
    assert_int_equal(read(other.said, &said, 1), 1);
    assert_int_equal(said, 'y');
    return other;
}

static void finish(struct other *other)
{
    int status = 0;
    kill(other->pid, SIGKILL);
    waitpid(other->pid, &status, 0);
    close(other->said);
}

/* A poll that sits in a request that never ends. */
static void hang(struct sw_flow *flow)
{
    (void)flow;
    for (;;)
        pause();
}

/* A healthy poll: asks between requests. */
static void give_way(struct sw_flow *flow)
{
    while (!sw_flow_is_lock_wanted(flow, NAME))
        usleep(5000);
    sw_flow_unlock(flow, NAME);
    hang(flow);
}

static void hold_700_ms(struct sw_flow *flow)
{
    usleep(700 * 1000);
    sw_flow_unlock(flow, NAME);
    hang(flow);
}

/* ----------------------------------------------------------------------- tests */

static void an_action_gets_the_lock_of_a_poll_that_gives_way(void **state)
{
    (void)state;
    struct other poll = start(false, give_way);
    struct sw_flow *action = flow_of(true), *third = flow_of(false);
    int64_t before_ms = sw_time_mono_ms();
    assert_int_equal(sw_flow_lock(action, NAME, NULL), SW_OK);
    assert_true(sw_time_mono_ms() - before_ms < 450);
    assert_true(action->locks[0].lock.is_held);
    assert_int_equal(sw_flow_lock(third, NAME, NULL), SW_E_BUSY);
    drop(action);
    drop(third);
    finish(&poll);
}

static void an_action_waits_half_a_second_for_a_poll_that_hangs(void **state)
{
    (void)state;
    struct other poll = start(false, hang);
    struct sw_flow *action = flow_of(true), *third = flow_of(false);
    int64_t before_ms = sw_time_mono_ms();
    assert_int_equal(sw_flow_lock(action, NAME, NULL), SW_OK);
    int64_t took_ms = sw_time_mono_ms() - before_ms;
    assert_true(took_ms >= 480 && took_ms < 2000);
    assert_false(sw_flow_is_lock_wanted(action, NAME)); /* nobody goes before an action */
    assert_int_equal(sw_flow_lock(third, NAME, NULL), SW_E_BUSY);
    sw_flow_unlock(action, NAME);
    assert_false(action->locks[0].announced.is_held);
    drop(action);
    drop(third);
    finish(&poll);
}

static void an_action_waits_for_another_action(void **state)
{
    (void)state;
    struct other first = start(true, hold_700_ms);
    struct sw_flow *action = flow_of(true);
    int64_t before_ms = sw_time_mono_ms();
    assert_int_equal(sw_flow_lock(action, NAME, NULL), SW_OK);
    int64_t took_ms = sw_time_mono_ms() - before_ms;
    assert_true(took_ms >= 600 && took_ms < 4000); /* not the half second of a poll */
    assert_true(action->locks[0].lock.is_held);
    drop(action);
    finish(&first);
}

static void an_action_that_waits_can_be_told_to_end(void **state)
{
    (void)state;
    struct other first = start(true, hang);
    struct sw_flow *action = flow_of(true);
    is_told_to_end = true;
    assert_int_equal(sw_flow_lock(action, NAME, NULL), SW_E_CANCELLED);
    is_told_to_end = false;
    drop(action);
    finish(&first);
}

static void a_poll_keeps_away_from_an_action(void **state)
{
    (void)state;
    struct other action = start(true, hang);
    struct sw_flow *poll = flow_of(false);
    struct sw_error err = {0};
    assert_int_equal(sw_flow_lock(poll, NAME, &err), SW_E_BUSY);
    assert_true(sw_flow_is_lock_wanted(poll, NAME));
    assert_false(sw_flow_is_lock_wanted(poll, "another"));
    assert_int_equal(sw_flow_lock(poll, "another", NULL), SW_OK);
    /* killed, it leaves nothing behind */
    finish(&action);
    assert_false(sw_flow_is_lock_wanted(poll, NAME));
    assert_int_equal(sw_flow_lock(poll, NAME, &err), SW_OK);
    drop(poll);
}

static void a_poll_keeps_away_while_an_action_has_gone_on_without_the_lock(void **state)
{
    (void)state;
    struct other hung = start(false, hang);
    struct other action = start(true, hang);
    finish(&hung); /* the lock is free, the action announced */
    struct sw_flow *poll = flow_of(false);
    assert_int_equal(sw_flow_lock(poll, NAME, NULL), SW_E_BUSY);
    assert_false(poll->locks[0].lock.is_held);
    drop(poll);
    finish(&action);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_action_gets_the_lock_of_a_poll_that_gives_way),
        cmocka_unit_test(an_action_waits_half_a_second_for_a_poll_that_hangs),
        cmocka_unit_test(an_action_waits_for_another_action),
        cmocka_unit_test(an_action_that_waits_can_be_told_to_end),
        cmocka_unit_test(a_poll_keeps_away_from_an_action),
        cmocka_unit_test(a_poll_keeps_away_while_an_action_has_gone_on_without_the_lock),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
