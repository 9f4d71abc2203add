/*
 * test_thread.c: roles, locks that know their holder, waiting with a deadline, blocked signals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/thread.h"
#include "base/time.h"

static void note_role(void *arg)
{
    *(enum sw_thread_role *)arg = sw_thread_role();
}

static void test_roles(void **state)
{
    (void)state;
    assert_int_equal(sw_thread_role(), SW_THREAD_NONE);
    sw_thread_become(SW_THREAD_UI);
    enum sw_thread_role seen = SW_THREAD_NONE;
    struct sw_thread thread = {0};
    assert_false(sw_thread_any_started());
    assert_int_equal(sw_thread_start(&thread, SW_THREAD_ENGINE, "engine-with-a-long-name", 0,
                                     note_role, &seen, NULL),
                     SW_OK);
    sw_thread_join(&thread);
    assert_false(thread.is_started);
    assert_true(sw_thread_any_started());
    assert_int_equal(seen, SW_THREAD_ENGINE);
    sw_assert_on(SW_THREAD_UI);
    sw_thread_join(&thread); /* once more does nothing */
}

static void note_signals(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void test_signals_are_blocked(void **state)
{
    (void)state;
    sigset_t seen;
    sigset_t mine;
    struct sw_thread thread = {0};
    assert_int_equal(
        sw_thread_start(&thread, SW_THREAD_WORKER, "w", 262144, note_signals, &seen, NULL), SW_OK);
    sw_thread_join(&thread);
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGWINCH, SIGPIPE, SIGTSTP, SIGUSR1};
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    for (size_t i = 0; i < SW_ARRAY_LEN(signals); i++) {
        assert_int_equal(sigismember(&seen, signals[i]), 1);
        assert_int_equal(sigismember(&mine, signals[i]), 0);
    }
}

struct shared {
    struct sw_mutex mutex;
    struct sw_cond cond;
    int count;
    bool was_held;
};

static void add_many(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < 20000; i++) {
        sw_mutex_lock(&shared->mutex);
        sw_mutex_assert_held(&shared->mutex);
        shared->count++;
        sw_mutex_unlock(&shared->mutex);
    }
}

static void look_at_lock(void *arg)
{
    struct shared *shared = arg;
    shared->was_held = sw_mutex_is_held(&shared->mutex);
}

static void test_mutex(void **state)
{
    (void)state;
    struct shared shared = {.was_held = true};
    struct sw_thread threads[4] = {0};
    sw_mutex_init(&shared.mutex);
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        assert_int_equal(
            sw_thread_start(&threads[i], SW_THREAD_WORKER, "w", 0, add_many, &shared, NULL), SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        sw_thread_join(&threads[i]);
    assert_int_equal(shared.count, 80000);
    assert_false(sw_mutex_is_held(&shared.mutex));
    sw_mutex_lock(&shared.mutex);
    assert_true(sw_mutex_is_held(&shared.mutex));
    /* Another thread does not take our hold for its own. */
    assert_int_equal(
        sw_thread_start(&threads[0], SW_THREAD_WORKER, "w", 0, look_at_lock, &shared, NULL), SW_OK);
    sw_thread_join(&threads[0]);
    assert_false(shared.was_held);
    sw_mutex_unlock(&shared.mutex);
    sw_mutex_clear(&shared.mutex);
}

static void wake(void *arg)
{
    struct shared *shared = arg;
    sw_mutex_lock(&shared->mutex);
    shared->count = 1;
    sw_cond_signal(&shared->cond);
    sw_mutex_unlock(&shared->mutex);
}

static void test_cond(void **state)
{
    (void)state;
    struct shared shared = {0};
    sw_mutex_init(&shared.mutex);
    sw_cond_init(&shared.cond);
    sw_mutex_lock(&shared.mutex);
    int64_t start = sw_time_mono_ms();
    while (sw_cond_wait_until(&shared.cond, &shared.mutex, start + 50))
        ;
    assert_true(sw_time_mono_ms() >= start + 50);
    assert_true(sw_mutex_is_held(&shared.mutex));
    assert_false(sw_cond_wait_until(&shared.cond, &shared.mutex, -5));

    struct sw_thread thread = {0};
    assert_int_equal(sw_thread_start(&thread, SW_THREAD_WORKER, "w", 0, wake, &shared, NULL),
                     SW_OK);
    bool is_in_time = true;
    while (shared.count == 0 && is_in_time)
        is_in_time = sw_cond_wait_until(&shared.cond, &shared.mutex, sw_time_mono_ms() + 10000);
    assert_int_equal(shared.count, 1);
    assert_true(sw_mutex_is_held(&shared.mutex));
    sw_mutex_unlock(&shared.mutex);
    sw_thread_join(&thread);

    sw_mutex_lock(&shared.mutex);
    shared.count = 0;
    assert_int_equal(sw_thread_start(&thread, SW_THREAD_WORKER, "w", 0, wake, &shared, NULL),
                     SW_OK);
    while (shared.count == 0)
        sw_cond_wait(&shared.cond, &shared.mutex);
    sw_mutex_unlock(&shared.mutex);
    sw_thread_join(&thread);
    sw_cond_clear(&shared.cond);
    sw_mutex_clear(&shared.mutex);
}

/* Each must end by SIGABRT instead of deadlocking or going on. */
static void lock_twice(void)
{
    static struct sw_mutex mutex;
    sw_mutex_init(&mutex);
    sw_mutex_lock(&mutex);
    sw_mutex_lock(&mutex);
}

static void unlock_free(void)
{
    static struct sw_mutex mutex;
    sw_mutex_init(&mutex);
    sw_mutex_unlock(&mutex);
}

static void be_elsewhere(void)
{
    sw_assert_on(SW_THREAD_ENGINE);
}

static void test_misuse_ends(void **state)
{
    (void)state;
    void (*const misuses[])(void) = {lock_twice, unlock_free, be_elsewhere};
    for (size_t i = 0; i < SW_ARRAY_LEN(misuses); i++) {
        fflush(NULL);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            misuses[i]();
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),       cmocka_unit_test(test_signals_are_blocked),
        cmocka_unit_test(test_mutex),       cmocka_unit_test(test_cond),
        cmocka_unit_test(test_misuse_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
