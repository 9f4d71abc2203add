/* scheduler.c: see scheduler.h. */
#include "engine/scheduler.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

enum {
    BACKOFF_STEPS_MAX = 12,
    AGAIN_MAX = 5,
    AGAIN_TOTAL_MS = 10000,
    AGAIN_BUSY_MS = 300,
    AGAIN_QUOTA_MS = 500, /* doubled each time: quotas are by the second (AWS) or longer */
    AGAIN_SPREAD_MS = 250,
};
static const int64_t quota_wait_max_ms = 15 * SW_MINUTE_MS;

void sw_sched_init(struct sw_sched *sched, size_t source_count)
{
    *sched = (struct sw_sched){.source_count = source_count};
    sched->queues = sw_xcalloc(source_count + 1, sizeof(*sched->queues));
}

void sw_sched_clear(struct sw_sched *sched)
{
    free(sched->heap);
    free(sched->queues);
    *sched = (struct sw_sched){0};
}

/* ---------------------------------------------------------------- the heap */

static void heap_put(struct sw_sched *sched, size_t i, struct sw_unit *unit)
{
    sched->heap[i] = unit;
    unit->heap_index = i;
}

static void heap_up(struct sw_sched *sched, size_t i)
{
    struct sw_unit *unit = sched->heap[i];
    while (i > 0 && sched->heap[(i - 1) / 2]->due_ms > unit->due_ms) {
        heap_put(sched, i, sched->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(sched, i, unit);
}

static void heap_down(struct sw_sched *sched, size_t i)
{
    struct sw_unit *unit = sched->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sched->heap_count)
            break;
        if (child + 1 < sched->heap_count &&
            sched->heap[child + 1]->due_ms < sched->heap[child]->due_ms)
            child++;
        if (sched->heap[child]->due_ms >= unit->due_ms)
            break;
        heap_put(sched, i, sched->heap[child]);
        i = child;
    }
    heap_put(sched, i, unit);
}

static void heap_add(struct sw_sched *sched, struct sw_unit *unit, int64_t due_ms)
{
    if (sched->heap_count == sched->heap_capacity) {
        sched->heap_capacity = sched->heap_capacity == 0 ? 64 : 2 * sched->heap_capacity;
        sched->heap =
            sw_xrealloc_array(sched->heap, sched->heap_capacity, sizeof(struct sw_unit *));
    }
    unit->place = SW_UNIT_WAITING;
    unit->due_ms = due_ms;
    heap_put(sched, sched->heap_count++, unit);
    heap_up(sched, unit->heap_index);
}

static void heap_remove(struct sw_sched *sched, struct sw_unit *unit)
{
    size_t i = unit->heap_index;
    sw_assert(unit->place == SW_UNIT_WAITING && i < sched->heap_count && sched->heap[i] == unit);
    struct sw_unit *last = sched->heap[--sched->heap_count];
    unit->place = SW_UNIT_RESTING;
    if (last == unit)
        return;
    heap_put(sched, i, last);
    heap_up(sched, i);
    heap_down(sched, last->heap_index);
}

/* -------------------------------------------------------------- the queues */

static void queue_add(struct sw_sched *sched, struct sw_unit *unit)
{
    struct sw_sched_queue *queue = &sched->queues[unit->source];
    unit->place = SW_UNIT_READY;
    unit->behind = NULL;
    if (queue->last == NULL)
        queue->first = unit;
    else
        queue->last->behind = unit;
    queue->last = unit;
}

static void queue_remove(struct sw_sched *sched, struct sw_unit *unit)
{
    struct sw_sched_queue *queue = &sched->queues[unit->source];
    struct sw_unit *before = NULL;
    for (struct sw_unit *at = queue->first; at != unit; at = at->behind) {
        sw_assert(at != NULL);
        before = at;
    }
    if (before == NULL)
        queue->first = unit->behind;
    else
        before->behind = unit->behind;
    if (queue->last == unit)
        queue->last = before;
    unit->behind = NULL;
    unit->place = SW_UNIT_RESTING;
}

/* The first of the queue that no action holds back. */
static struct sw_unit *queue_startable(const struct sw_sched_queue *queue)
{
    for (struct sw_unit *unit = queue->first; unit != NULL; unit = unit->behind)
        if (unit->holds == 0)
            return unit;
    return NULL;
}

static void move_due_to_queues(struct sw_sched *sched, int64_t now_ms)
{
    while (sched->heap_count > 0 && sched->heap[0]->due_ms <= now_ms) {
        struct sw_unit *unit = sched->heap[0];
        heap_remove(sched, unit);
        queue_add(sched, unit);
    }
}

/* --------------------------------------------------------------- interface */

void sw_sched_at(struct sw_sched *sched, struct sw_unit *unit, int64_t due_ms, int64_t now_ms,
                 bool sooner_only)
{
    switch (unit->place) {
    case SW_UNIT_RUNNING:
        if (due_ms <= now_ms)
            unit->is_wanted_again = true;
        return;
    case SW_UNIT_READY:
        return; /* its time has come already */
    case SW_UNIT_WAITING:
        if (sooner_only && unit->due_ms <= due_ms)
            return;
        heap_remove(sched, unit);
        break;
    case SW_UNIT_RESTING:
        break;
    }
    heap_add(sched, unit, due_ms);
}

void sw_sched_rest(struct sw_sched *sched, struct sw_unit *unit)
{
    if (unit->place == SW_UNIT_WAITING)
        heap_remove(sched, unit);
    else if (unit->place == SW_UNIT_READY)
        queue_remove(sched, unit);
    else if (unit->place == SW_UNIT_RUNNING)
        unit->place = SW_UNIT_RESTING;
}

struct sw_unit *sw_sched_next(struct sw_sched *sched, int64_t now_ms, sw_sched_acquire_fn acquire,
                              void *arg)
{
    move_due_to_queues(sched, now_ms);
    for (size_t i = 0; i < sched->source_count; i++) {
        size_t source = (sched->turn + i) % sched->source_count;
        struct sw_sched_queue *queue = &sched->queues[source];
        struct sw_unit *unit = queue_startable(queue);
        int64_t wait_ms = 0;
        if (unit == NULL || queue->blocked_until_ms > now_ms)
            continue;
        if (!acquire(arg, source, &wait_ms)) {
            /* without a stated time a slot that comes back unblocks it */
            queue->blocked_until_ms = wait_ms > 0 ? now_ms + wait_ms : INT64_MAX;
            continue;
        }
        queue->blocked_until_ms = 0;
        queue_remove(sched, unit);
        unit->place = SW_UNIT_RUNNING;
        unit->is_wanted_again = false;
        sched->turn = source + 1;
        return unit;
    }
    return NULL;
}

void sw_sched_unblock(struct sw_sched *sched, size_t source)
{
    sched->queues[source].blocked_until_ms = 0;
}

int64_t sw_sched_wait(const struct sw_sched *sched, int64_t now_ms)
{
    int64_t at_ms = sched->heap_count > 0 ? sched->heap[0]->due_ms : INT64_MAX;
    for (size_t i = 0; i < sched->source_count; i++) {
        const struct sw_sched_queue *queue = &sched->queues[i];
        if (queue_startable(queue) != NULL && queue->blocked_until_ms < at_ms)
            at_ms = queue->blocked_until_ms;
    }
    if (at_ms == INT64_MAX)
        return -1;
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sw_sched_again(const struct sw_sched_retry *retry, double random)
{
    int64_t wait_ms = 0;
    if (retry->again >= AGAIN_MAX)
        return 0;
    if (retry->code == SW_E_BUSY)
        wait_ms = AGAIN_BUSY_MS;
    else if (retry->is_oneshot && retry->code != SW_OK && retry->retry_in_ms > 0)
        wait_ms = retry->retry_in_ms + (int64_t)(AGAIN_SPREAD_MS * random);
    else if (retry->is_oneshot && retry->code == SW_E_QUOTA)
        wait_ms =
            (int64_t)((double)((int64_t)AGAIN_QUOTA_MS << retry->again) * (0.75 + 0.5 * random));
    return wait_ms > AGAIN_TOTAL_MS - retry->again_ms ? 0 : wait_ms;
}

int sw_sched_count(struct sw_unit *unit, enum sw_code code)
{
    unit->failures = code == SW_OK ? 0 : unit->failures + 1;
    unit->quotas = code == SW_E_QUOTA ? unit->quotas + 1 : 0;
    return code == SW_E_QUOTA ? unit->quotas : unit->failures;
}

int64_t sw_sched_delay(const struct sw_sched_result *result, double random)
{
    int64_t interval_ms = result->interval_ms > 0 ? result->interval_ms : 1;
    if (result->code == SW_OK)
        return (int64_t)((double)interval_ms * (0.9 + 0.1 * random));
    int steps = result->failures < 1 ? 0 : result->failures - 1;
    int64_t backoff_ms = SW_SECOND_MS << (steps < BACKOFF_STEPS_MAX ? steps : BACKOFF_STEPS_MAX);
    backoff_ms = (int64_t)((double)backoff_ms * (0.75 + 0.5 * random));
    if (result->retry_in_ms > 0)
        return least(result->retry_in_ms, quota_wait_max_ms);
    if (result->code == SW_E_QUOTA) {
        int64_t wait_ms = backoff_ms > interval_ms ? backoff_ms : interval_ms;
        return least(wait_ms, quota_wait_max_ms);
    }
    return least(backoff_ms, interval_ms);
}
