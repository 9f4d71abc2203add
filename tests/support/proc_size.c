/* proc_size.c: see proc_size.h. */
#include "support/proc_size.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind `name` in /proc/PID/status. Source: proc(5), "/proc/[pid]/status". */
static long status_line(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return value;
}

static int count_fds(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return -1;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

struct proc_size proc_size_of(pid_t pid)
{
    return (struct proc_size){.rss_kib = status_line(pid, "VmRSS:"),
                              .fds = count_fds(pid),
                              .threads = (int)status_line(pid, "Threads:")};
}
