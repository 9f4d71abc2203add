/*
 * thread.h: threads with a role, locks that know their holder.
 *
 * A started thread has all signals blocked and a role that sw_assert_on checks. No detached
 * threads: every sw_thread_start has its sw_thread_join.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/error.h"

enum sw_thread_role {
    SW_THREAD_NONE = 0, /* no role given: the main thread before it takes one */
    SW_THREAD_UI,
    SW_THREAD_ENGINE,
    SW_THREAD_WORKER,
    SW_THREAD_ACTION,
};

/* Owned by whoever embeds it. */
struct sw_mutex {
    pthread_mutex_t lock;
    atomic_uintptr_t holder; /* token of the holding thread, 0 = free */
};

void sw_mutex_init(struct sw_mutex *mutex);
/* Must not be held. */
void sw_mutex_clear(struct sw_mutex *mutex);
/* Locking twice from one thread is an assertion, not a deadlock. */
void sw_mutex_lock(struct sw_mutex *mutex);
void sw_mutex_unlock(struct sw_mutex *mutex);
bool sw_mutex_is_held(const struct sw_mutex *mutex);
#define sw_mutex_assert_held(mutex) sw_assert(sw_mutex_is_held(mutex))

struct sw_cond {
    pthread_cond_t cond; /* on CLOCK_MONOTONIC */
};

void sw_cond_init(struct sw_cond *cond);
void sw_cond_clear(struct sw_cond *cond);
void sw_cond_signal(struct sw_cond *cond);
void sw_cond_broadcast(struct sw_cond *cond);
/* The mutex must be held; may wake without reason. */
void sw_cond_wait(struct sw_cond *cond, struct sw_mutex *mutex);
/* Until deadline_mono_ms (sw_time_mono_ms); false once it has passed. */
bool sw_cond_wait_until(struct sw_cond *cond, struct sw_mutex *mutex, int64_t deadline_mono_ms);

struct sw_thread {
    pthread_t id;
    bool is_started;
};

typedef void (*sw_thread_fn)(void *arg);

/* Starts fn(arg). name: at most 15 bytes, shown by ps and debuggers. stack_bytes 0 = the system's
 * default (sanitizer builds round small stacks up). SW_E_LIMIT when the system gives no thread. */
enum sw_code sw_thread_start(struct sw_thread *thread, enum sw_thread_role role, const char *name,
                             size_t stack_bytes, sw_thread_fn fn, void *arg, struct sw_error *err);
/* Waits for its end; does nothing when it was never started. */
void sw_thread_join(struct sw_thread *thread);

/* Gives the calling thread a role (the main thread becomes UI, or ENGINE in a one-shot command). */
void sw_thread_become(enum sw_thread_role role);
enum sw_thread_role sw_thread_role(void);
#define sw_assert_on(role) sw_assert(sw_thread_role() == (role))

/* True once sw_thread_start has succeeded in this process. */
bool sw_thread_any_started(void);
