/* workers.h: a fixed pool of threads for polls, git and the disk.
 *
 * A job is a piece of work with two halves: `work` runs on a worker, `done` afterwards on the
 * engine thread (through the inbox). A job belongs to the worker from submit to done; what it
 * carries must not be touched by anybody else meanwhile.
 *
 * 16 threads with 256 KiB of stack each (decision 19); the engine keeps one of them free of polls,
 * so that the ledger is read also when every upstream hangs. */
#pragma once

#include "base/thread.h"
#include "engine/inbox.h"

enum { SW_WORKERS = 16, SW_WORKERS_FOR_POLLS = SW_WORKERS - 1, SW_WORKER_STACK = 256 * 1024 };

struct sw_job {
    struct sw_message message; /* handle is set by who submits */
    struct sw_job *next;       /* in the pool's queue */
    void (*work)(struct sw_job *job);
    void (*done)(struct sw_core *core, struct sw_job *job); /* frees it */
};

struct sw_pool {
    struct sw_mutex lock; /* guards the queue and is_closing */
    struct sw_cond more;
    struct sw_job *first, *last;
    bool is_closing;
    struct sw_core *core; /* whose inbox gets the finished jobs */
    size_t count;
    struct sw_thread threads[SW_WORKERS];
};

/* Starts the threads; fewer when the system gives no more, an error when it gives none. */
enum sw_code sw_pool_open(struct sw_pool *pool, struct sw_core *core, struct sw_error *err);
void sw_pool_submit(struct sw_pool *pool, struct sw_job *job);
/* Waits for the jobs that run; the queue must be empty. */
void sw_pool_close(struct sw_pool *pool);
