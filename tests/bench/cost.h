/*
 * cost.h: what a process has cost so far, by /proc.
 *
 * Times are summed over the threads that live now, in nanoseconds of the scheduler's own account
 * (schedstat); threads that have ended are missing in them. Source: proc(5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cost {
    int64_t cpu_ns;
    int64_t
        wakeups; /* voluntary context switches: how often a thread went to sleep and came back */
    int threads;
};

/* False when it cannot be read. */
bool cost_read(pid_t pid, struct cost *cost);
/* Resident set in KiB and, of it, what is not backed by a file; false when unreadable. */
bool cost_memory(pid_t pid, int64_t *resident_kib, int64_t *anonymous_kib);
/* Of the whole machine, last minute. */
double cost_machine_load(void);
