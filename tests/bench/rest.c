/*
 * rest.c: what programs cost while nobody does anything: all of them side by side in one stretch,
 * since who is at rest does not disturb the others.
 *
 * Slipway three times: with nothing to poll (80×24 and 200×60), and with five platforms polled
 * every minute.
 */
#include <poll.h>
#include <stdio.h>

#include "bench.h"
#include "cost.h"

enum { REST_S = 60, SETTLE_MS = 1500, RESTING_MAX = 8 };

struct resting {
    const char *name;
    struct line line;
    struct cost before, after;
    double cpu_percent, wakeups_per_s, bytes_per_s, resident_mib;
};

enum { QUIET_SMALL, QUIET_LARGE, POLLING, CURSES, VIM, HTOP, TIG, LIBRARIES };

static void read_all(struct resting *all, int64_t until_ns)
{
    while (line_now_ns() < until_ns) {
        struct pollfd fds[RESTING_MAX];
        for (size_t i = 0; i < RESTING_MAX; i++)
            fds[i] = (struct pollfd){.fd = all[i].name != NULL ? all[i].line.master : -1,
                                     .events = POLLIN};
        int64_t left_ms = (until_ns - line_now_ns()) / 1000000;
        if (poll(fds, RESTING_MAX, (int)left_ms + 1) <= 0)
            continue;
        for (size_t i = 0; i < RESTING_MAX; i++)
            if (fds[i].revents != 0)
                line_read(&all[i].line, 0);
    }
}

static void open_all(const struct bench *bench, struct resting *all)
{
    const char *const libraries[] = {bench->libraries, NULL};
    bench_open_settled(bench, bench->quiet, bench->home, 0, &all[QUIET_SMALL].line);
    bench_open_settled(bench, bench->quiet, bench->home, 1, &all[QUIET_LARGE].line);
    bench_open_settled(bench, bench->polling, bench->home, 0, &all[POLLING].line);
    for (size_t i = QUIET_SMALL; i <= POLLING; i++)
        all[i].name = "slipway";
    for (size_t k = 0; k < BENCH_REFERENCES; k++)
        if (bench_open_reference(bench, (enum bench_reference)k, 0, &all[CURSES + k].line))
            all[CURSES + k].name = bench_reference_names[k];
    line_open(&all[LIBRARIES].line, libraries, bench->dir, 24, 80);
    all[LIBRARIES].name = "libraries";
}

static void weigh(struct resting *it, double seconds)
{
    int64_t resident = 0;
    int64_t anonymous = 0;
    if (!cost_read(it->line.pid, &it->after) || !cost_memory(it->line.pid, &resident, &anonymous)) {
        report_missing(it->name, "it has ended, or /proc does not tell what it costs");
        return;
    }
    it->cpu_percent = (double)(it->after.cpu_ns - it->before.cpu_ns) / 1e7 / seconds;
    it->wakeups_per_s = (double)(it->after.wakeups - it->before.wakeups) / seconds;
    it->bytes_per_s = (double)it->line.len / seconds;
    it->resident_mib = (double)resident / 1024;
}

static void add_rest(const struct resting *all, size_t which, const char *size, const char *what,
                     const char *unit, double bar, size_t offset)
{
    const double *figures[RESTING_MAX];
    for (size_t i = 0; i < RESTING_MAX; i++)
        figures[i] = (const double *)(const void *)((const char *)&all[i] + offset);
    struct report_row row = {.what = what,
                             .size = size,
                             .unit = unit,
                             .value = *figures[which],
                             .worst = -1,
                             .bar = bar,
                             .bar_worst = -1,
                             .reference = *figures[CURSES]};
    int used = snprintf(row.note, sizeof row.note, "bare curses");
    for (size_t i = VIM; i <= TIG; i++)
        if (all[i].name != NULL && used > 0 && (size_t)used < sizeof row.note)
            used +=
                snprintf(row.note + used, sizeof row.note - (size_t)used, "%s %s %.*f",
                         i == VIM ? ";" : ",", all[i].name, *figures[i] < 10 ? 2 : 0, *figures[i]);
    report_add(&row);
}

static void add_memory(const struct resting *all)
{
    struct report_row row = {.what = "RSS, 5 platforms",
                             .size = bench_sizes[0].name,
                             .unit = "MiB",
                             .value = all[POLLING].resident_mib,
                             .worst = -1,
                             .bar = 18,
                             .bar_worst = -1,
                             .reference = all[LIBRARIES].resident_mib};
    snprintf(row.note, sizeof row.note, "its libraries, initialised; vim %.1f, htop %.1f, tig %.1f",
             all[VIM].resident_mib, all[HTOP].resident_mib, all[TIG].resident_mib);
    report_add(&row);
}

static void add_rows(const struct resting *all)
{
    static const char *const sizes[] = {"80×24", "200×60", "80×24, polled every minute"};
    static const double bar_bytes[] = {10, 10, -1};
    for (size_t i = QUIET_SMALL; i <= POLLING; i++) {
        add_rest(all, i, sizes[i], "CPU at rest", "%", 0.05, offsetof(struct resting, cpu_percent));
        add_rest(all, i, sizes[i], "wake-ups at rest", "/s", 1.5,
                 offsetof(struct resting, wakeups_per_s));
        add_rest(all, i, sizes[i], i == POLLING ? "bytes" : "bytes when nothing changed", "B/s",
                 bar_bytes[i], offsetof(struct resting, bytes_per_s));
    }
    add_memory(all);
}

void bench_rest(struct bench *bench)
{
    static struct resting all[RESTING_MAX];
    report_phase("at rest, all side by side");
    open_all(bench, all);
    read_all(all, line_now_ns() + (int64_t)SETTLE_MS * 1000000);
    int64_t begun_ns = line_now_ns();
    for (size_t i = 0; i < RESTING_MAX; i++) {
        line_mark(&all[i].line);
        if (all[i].name != NULL && !cost_read(all[i].line.pid, &all[i].before))
            report_missing(all[i].name, "it has ended, or /proc does not tell what it costs");
    }
    read_all(all, begun_ns + (int64_t)REST_S * 1000000000);
    double seconds = (double)(line_now_ns() - begun_ns) / 1e9;
    for (size_t i = 0; i < RESTING_MAX; i++)
        if (all[i].name != NULL)
            weigh(&all[i], seconds);
    add_rows(all);
    for (size_t i = 0; i < RESTING_MAX; i++)
        if (all[i].name != NULL)
            line_close(&all[i].line);
}
