/*
 * thread.c: see thread.h.
 *
 * A mutex knows its holder by the address of a thread-local byte: unique among living threads,
 * never 0, and comparable in an atomic.
 */
#include "base/thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"

static _Thread_local char own_token;
static _Thread_local enum sw_thread_role own_role;
static atomic_bool is_any_started;

static uintptr_t token(void)
{
    return (uintptr_t)&own_token;
}

void sw_mutex_init(struct sw_mutex *mutex)
{
    int failed = pthread_mutex_init(&mutex->lock, NULL);
    sw_assert(failed == 0);
    atomic_init(&mutex->holder, 0);
}

void sw_mutex_clear(struct sw_mutex *mutex)
{
    sw_assert(atomic_load_explicit(&mutex->holder, memory_order_relaxed) == 0);
    pthread_mutex_destroy(&mutex->lock);
}

void sw_mutex_lock(struct sw_mutex *mutex)
{
    sw_assert(!sw_mutex_is_held(mutex));
    int failed = pthread_mutex_lock(&mutex->lock);
    sw_assert(failed == 0);
    atomic_store_explicit(&mutex->holder, token(), memory_order_relaxed);
}

void sw_mutex_unlock(struct sw_mutex *mutex)
{
    sw_mutex_assert_held(mutex);
    atomic_store_explicit(&mutex->holder, 0, memory_order_relaxed);
    int failed = pthread_mutex_unlock(&mutex->lock);
    sw_assert(failed == 0);
}

bool sw_mutex_is_held(const struct sw_mutex *mutex)
{
    return atomic_load_explicit(&mutex->holder, memory_order_relaxed) == token();
}

void sw_cond_init(struct sw_cond *cond)
{
    pthread_condattr_t attr;
    int failed = pthread_condattr_init(&attr);
    failed |= pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&cond->cond, &attr);
    sw_assert(failed == 0);
    pthread_condattr_destroy(&attr);
}

void sw_cond_clear(struct sw_cond *cond)
{
    pthread_cond_destroy(&cond->cond);
}

void sw_cond_signal(struct sw_cond *cond)
{
    pthread_cond_signal(&cond->cond);
}

void sw_cond_broadcast(struct sw_cond *cond)
{
    pthread_cond_broadcast(&cond->cond);
}

void sw_cond_wait(struct sw_cond *cond, struct sw_mutex *mutex)
{
    sw_mutex_assert_held(mutex);
    atomic_store_explicit(&mutex->holder, 0, memory_order_relaxed);
    int failed = pthread_cond_wait(&cond->cond, &mutex->lock);
    atomic_store_explicit(&mutex->holder, token(), memory_order_relaxed);
    sw_assert(failed == 0);
}

bool sw_cond_wait_until(struct sw_cond *cond, struct sw_mutex *mutex, int64_t deadline_mono_ms)
{
    sw_mutex_assert_held(mutex);
    int64_t deadline = deadline_mono_ms > 0 ? deadline_mono_ms : 0;
    struct timespec until = {
        .tv_sec = (time_t)(deadline / SW_SECOND_MS),
        .tv_nsec = (long)(deadline % SW_SECOND_MS) * 1000000,
    };
    atomic_store_explicit(&mutex->holder, 0, memory_order_relaxed);
    int failed = pthread_cond_timedwait(&cond->cond, &mutex->lock, &until);
    atomic_store_explicit(&mutex->holder, token(), memory_order_relaxed);
    sw_assert(failed == 0 || failed == ETIMEDOUT);
    return failed == 0;
}

/* Handed from the starting thread to the started one, which frees it. */
struct start {
    sw_thread_fn fn;
    void *arg;
    enum sw_thread_role role;
};

static void *run(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    own_role = start.role;
    start.fn(start.arg);
    return NULL;
}

/* Instrumented frames are several times larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_LEAST ((size_t)1 << 20)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_LEAST ((size_t)1 << 20)
#endif
#endif
#ifndef STACK_LEAST
#define STACK_LEAST ((size_t)PTHREAD_STACK_MIN)
#endif

static size_t stack_size(size_t wanted)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = wanted > STACK_LEAST ? wanted : STACK_LEAST;
    return (size + page - 1) / page * page;
}

enum sw_code sw_thread_start(struct sw_thread *thread, enum sw_thread_role role, const char *name,
                             size_t stack_bytes, sw_thread_fn fn, void *arg, struct sw_error *err)
{
    sw_assert(!thread->is_started);
    pthread_attr_t attr;
    int failed = pthread_attr_init(&attr);
    sw_assert(failed == 0);
    if (stack_bytes > 0)
        pthread_attr_setstacksize(&attr, stack_size(stack_bytes));
    struct start *start = sw_xcalloc(1, sizeof(*start));
    *start = (struct start){.fn = fn, .arg = arg, .role = role};

    /* A new thread inherits the mask: no signal may ever be delivered to it. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread->id, &attr, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (failed != 0) {
        free(start);
        return sw_fail_errno(err, SW_E_LIMIT, failed, "starting the thread %s", name);
    }
    thread->is_started = true;
    atomic_store(&is_any_started, true);
    char short_name[16];
    sw_copy(short_name, sizeof(short_name), name);
    pthread_setname_np(thread->id, short_name);
    return SW_OK;
}

void sw_thread_join(struct sw_thread *thread)
{
    if (!thread->is_started)
        return;
    int failed = pthread_join(thread->id, NULL);
    sw_assert(failed == 0);
    thread->is_started = false;
}

void sw_thread_become(enum sw_thread_role role)
{
    own_role = role;
}

enum sw_thread_role sw_thread_role(void)
{
    return own_role;
}

bool sw_thread_any_started(void)
{
    return atomic_load(&is_any_started);
}
