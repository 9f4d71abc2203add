/* scheduler.h: which poll unit is read next, and when. No threads, no clock of its own.
 *
 * A unit is the group of targets a source reads in one flow (Play: a package; Sentry: a project).
 * Units that wait for their time stand in a heap by due time; units whose time has come stand in
 * their source's queue, because they may start only with a slot and budget of that source in hand.
 * Sources take turns, so that a slow or limited one never holds up another.
 *
 * All times are monotonic REAL milliseconds; intervals given in world seconds are converted by
 * the caller. Engine thread only. */
#pragma once

#include "model/observation.h"
#include "sources/source.h"

struct sw_job;

enum sw_unit_place {
    SW_UNIT_RESTING = 0, /* not scheduled: one-shot and done, or waiting for a store's version */
    SW_UNIT_WAITING,     /* in the heap */
    SW_UNIT_READY,       /* in its source's queue */
    SW_UNIT_RUNNING,     /* a worker has it */
};

/* Owned by its setup; the target templates are immutable, the rest is the engine thread's. */
struct sw_unit {
    size_t source;
    char key[SW_LABEL_MAX * 2];
    bool is_health; /* asks by version: after the stores, again when a version changes */
    size_t target_count;
    struct sw_target *targets;

    enum sw_unit_place place;
    int64_t due_ms;         /* WAITING: monotonic */
    size_t heap_index;      /* WAITING */
    struct sw_unit *behind; /* READY: the next in the queue */
    struct sw_job *job;     /* RUNNING */
    int holds;              /* actions on its platforms that are just sending: do not start */
    bool is_wanted_again;   /* made due while running */
    bool is_attempted;      /* answered or failed at least once */
    bool has_answered;
    int failures;             /* in a row */
    int quotas;               /* in a row told to wait */
    int again;                /* attempts in a row that did not count */
    int64_t again_ms;         /* waited for them */
    struct sw_error error;    /* of the last attempt; SW_OK: none */
    int64_t failing_since_ms; /* WORLD; 0: not failing */
};

struct sw_sched {
    size_t heap_count, heap_capacity;
    struct sw_unit **heap;
    size_t source_count;
    struct sw_sched_queue {
        struct sw_unit *first, *last;
        int64_t blocked_until_ms; /* no slot or budget before; 0: ask */
    } * queues;
    size_t turn; /* the source asked first next time */
};

void sw_sched_init(struct sw_sched *sched, size_t source_count);
void sw_sched_clear(struct sw_sched *sched);

/* Makes a resting, waiting or ready unit due at that time (an earlier one stays when
 * `sooner_only`). A running unit remembers that it is wanted again when due_ms is not in the
 * future. */
void sw_sched_at(struct sw_sched *sched, struct sw_unit *unit, int64_t due_ms, int64_t now_ms,
                 bool sooner_only);
/* Takes it out of heap and queue. */
void sw_sched_rest(struct sw_sched *sched, struct sw_unit *unit);

/* May a unit of this source start? When not, *wait_ms says when to ask again. */
typedef bool (*sw_sched_acquire_fn)(void *arg, size_t source, int64_t *wait_ms);

/* The next unit that may start now, slot in hand, marked RUNNING; NULL when none may. */
struct sw_unit *sw_sched_next(struct sw_sched *sched, int64_t now_ms, sw_sched_acquire_fn acquire,
                              void *arg);
/* A slot of this source came back: ask again at once. */
void sw_sched_unblock(struct sw_sched *sched, size_t source);
/* Milliseconds until sw_sched_next may have something; -1: nothing is scheduled. Units of sources
 * that wait for a slot without a stated time do not count: unblock wakes them. */
int64_t sw_sched_wait(const struct sw_sched *sched, int64_t now_ms);

/* Counts how an attempt ended; how many in a row ended so, for sw_sched_delay: of failures any, of
 * quotas only those. The one 429 at the end of a long outage is the first: its wait, which has no
 * limit but 15 minutes, must not be that of the whole outage. Pure. */
int sw_sched_count(struct sw_unit *unit, enum sw_code code);

/* What the last attempt said about the next one. */
struct sw_sched_result {
    enum sw_code code;
    int failures;        /* as counted by sw_sched_count; 0 with SW_OK */
    int64_t interval_ms; /* REAL, of the source */
    int64_t retry_in_ms; /* told by the upstream or our budget; 0: not told */
};

/* An attempt that may not count: a lock of ours was held by another process for a moment, or a
 * one-shot, which will not come back, was told by its upstream to come a little later. */
struct sw_sched_retry {
    enum sw_code code;
    bool is_oneshot;
    int again;           /* attempts in a row that did not count, without this one */
    int64_t again_ms;    /* waited for them */
    int64_t retry_in_ms; /* told by the upstream or our budget; 0: not told */
};
/* Milliseconds to wait before asking again without counting this answer; 0: it counts. At most five
 * times and ten seconds together. random is 0..1 and spreads it, never below a time told. Pure. */
int64_t sw_sched_again(const struct sw_sched_retry *retry, double random);

/* Milliseconds until the next attempt. After a failure 1, 2, 4 ... s, never later than the normal
 * interval; only quota and a told time go beyond it, to 15 minutes at most. random is 0..1 and
 * spreads it, never beyond those limits. Pure. */
int64_t sw_sched_delay(const struct sw_sched_result *result, double random);
