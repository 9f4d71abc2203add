/* cost.c: see cost.h. */
#include "cost.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind `name` in a file of "name: number" lines; -1 when there is none. */
static int64_t number_in(const char *path, const char *name)
{
    char text[256];
    int64_t value = -1;
    size_t len = strlen(name);
    FILE *file = fopen(path, "re");
    while (file != NULL && value < 0 && fgets(text, sizeof text, file) != NULL)
        if (strncmp(text, name, len) == 0 && text[len] == ':')
            value = strtoll(text + len + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return value;
}

static int64_t cpu_of(const char *path)
{
    int64_t value = -1;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%" SCNd64, &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

static bool add_thread(const char *folder, const char *name, struct cost *cost)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s/schedstat", folder, name);
    int64_t cpu_ns = cpu_of(path);
    snprintf(path, sizeof path, "%s/%s/status", folder, name);
    int64_t wakeups = number_in(path, "voluntary_ctxt_switches");
    if (cpu_ns < 0 || wakeups < 0)
        return false;
    cost->cpu_ns += cpu_ns;
    cost->wakeups += wakeups;
    cost->threads++;
    return true;
}

bool cost_read(pid_t pid, struct cost *cost)
{
    char folder[64];
    struct dirent *entry;
    bool is_read = true;
    *cost = (struct cost){0};
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return false;
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            is_read = add_thread(folder, entry->d_name, cost) && is_read;
    closedir(dir);
    return is_read && cost->threads > 0;
}

bool cost_memory(pid_t pid, int64_t *resident_kib, int64_t *anonymous_kib)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    *resident_kib = number_in(path, "VmRSS");
    *anonymous_kib = number_in(path, "RssAnon");
    return *resident_kib > 0 && *anonymous_kib > 0;
}

double cost_machine_load(void)
{
    double load = -1;
    return getloadavg(&load, 1) == 1 ? load : -1;
}
