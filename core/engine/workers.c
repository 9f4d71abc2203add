/* workers.c: see workers.h. */
#include "engine/workers.h"

#include "base/mem.h"
#include "engine/engine.h"

static struct sw_job *next_job(struct sw_pool *pool)
{
    sw_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->is_closing)
        sw_cond_wait(&pool->more, &pool->lock);
    struct sw_job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL)
            pool->last = NULL;
    }
    sw_mutex_unlock(&pool->lock);
    return job;
}

static void worker_main(void *arg)
{
    struct sw_pool *pool = arg;
    for (struct sw_job *job = next_job(pool); job != NULL; job = next_job(pool)) {
        job->work(job);
        sw_core_post(pool->core, &job->message);
    }
}

enum sw_code sw_pool_open(struct sw_pool *pool, struct sw_core *core, struct sw_error *err)
{
    struct sw_error error = {0};
    *pool = (struct sw_pool){.core = core};
    sw_mutex_init(&pool->lock);
    sw_cond_init(&pool->more);
    for (size_t i = 0; i < SW_WORKERS; i++) {
        char name[16];
        sw_format(name, sizeof name, "sw-worker-%zu", i);
        if (sw_thread_start(&pool->threads[i], SW_THREAD_WORKER, name, SW_WORKER_STACK, worker_main,
                            pool, &error) != SW_OK)
            break;
        pool->count++;
    }
    if (pool->count > 0)
        return SW_OK;
    sw_cond_clear(&pool->more);
    sw_mutex_clear(&pool->lock);
    return sw_fail(err, error.code, "starting the workers: %s", error.text);
}

void sw_pool_submit(struct sw_pool *pool, struct sw_job *job)
{
    job->next = NULL;
    sw_mutex_lock(&pool->lock);
    sw_assert(!pool->is_closing);
    if (pool->last == NULL)
        pool->first = job;
    else
        pool->last->next = job;
    pool->last = job;
    sw_mutex_unlock(&pool->lock);
    sw_cond_signal(&pool->more); /* behind the lock: who wakes up finds it free */
}

void sw_pool_close(struct sw_pool *pool)
{
    sw_mutex_lock(&pool->lock);
    sw_assert(pool->first == NULL);
    pool->is_closing = true;
    sw_cond_broadcast(&pool->more);
    sw_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->count; i++)
        sw_thread_join(&pool->threads[i]);
    sw_cond_clear(&pool->more);
    sw_mutex_clear(&pool->lock);
}
