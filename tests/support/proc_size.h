/*
 * proc_size.h: what a running process takes, as the kernel counts it.
 */
#pragma once

#include <sys/types.h>

struct proc_size {
    long rss_kib;
    int fds;
    int threads;
};

/* All -1 where the process is not there. */
struct proc_size proc_size_of(pid_t pid);
