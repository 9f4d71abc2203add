/*
 * crowd.c: what 500 platforms cost: the first whole cycle of polls, a minute of polling, memory,
 * and keys meanwhile. Halts are in halts.c.
 *
 * The upstreams of upstream.h answer after 100 ms, in a thread of this program, so Slipway has one
 * of two cores for itself. Budgets and slots are those of the sources' own tables.
 */
#include "crowd.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cost.h"
#include "sources/source.h"

enum { CONFIG_BYTES = 1 << 20, MINUTE_S = 60, SETTLE_S = 3, KEYS = BENCH_KEYS };

/* Requests of a first poll. Source: docs/sources/google_play.md and sentry.md, "What is asked, and
 * when": review states, edit opened, tracks, edit dropped; sessions by release, of the project, and
 * issues. */
enum { PLAY_REQUESTS = 4, SENTRY_REQUESTS = 3 };

static const enum upstream_dialect dialects[CROWD_SERVICES] = {
    UPSTREAM_PLAY,   UPSTREAM_PLAY,   UPSTREAM_PLAY,   UPSTREAM_PLAY,
    UPSTREAM_SENTRY, UPSTREAM_SENTRY, UPSTREAM_SENTRY, UPSTREAM_CLOUDWATCH,
};

static const char *const first_frame[] = {"Yak", BENCH_FRAME_END, NULL};

/* ------------------------------------------------------------------- configuration */

/* The first two rows share no letter, so a frame with a name in it has just selected that row. */
static const char *title_of(size_t platform, char out[32])
{
    static const char *const first[] = {"Emu", "Yak"};
    if (platform < 2)
        return first[platform];
    snprintf(out, 32, "Platform %zu", platform + 1);
    return out;
}

const char *crowd_part(size_t platform, char out[UPSTREAM_PART_MAX])
{
    snprintf(out, UPSTREAM_PART_MAX, "/applications/com.bench.p%03zu/", platform);
    return out;
}

static void add_sources(const struct bench *bench, const struct crowd *crowd, FILE *file)
{
    for (size_t i = 0; i < CROWD_SERVICES; i++) {
        int port = upstream_port(crowd->upstream, i);
        if (dialects[i] == UPSTREAM_PLAY)
            fprintf(file,
                    "  - {id: play%zu, kind: google_play, key_file: %s/keys/"
                    "play-service-account.json, token_url: http://127.0.0.1:%d/token,\n"
                    "     base_url: http://127.0.0.1:%d}\n",
                    i, bench->sim.dir, port, port);
        else if (dialects[i] == UPSTREAM_SENTRY)
            fprintf(file,
                    "  - {id: sentry%zu, kind: sentry, organization: bench, token_file: "
                    "%s/keys/sentry-token,\n"
                    "     base_url: http://127.0.0.1:%d, stale_after: 3600s}\n",
                    i - CROWD_PLAYS, bench->sim.dir, port);
        else
            fprintf(file,
                    "  - {id: aws, kind: cloudwatch, region: eu-west-1, profile: release, "
                    "shared_credentials: %s/keys/aws-credentials,\n"
                    "     base_url: http://127.0.0.1:%d}\n",
                    bench->sim.dir, port);
    }
}

static void add_platform(size_t i, FILE *file)
{
    char title[32];
    fprintf(file,
            "  - id: p%03zu\n    title: %s\n    kind: android\n"
            "    rollout: {source: play%zu, package: com.bench.p%03zu}\n"
            "    plan: [{percent: 5, soak: 6h}, {percent: 20, soak: 12h}, {percent: 100}]\n"
            "    health:\n"
            "      - {metric: crash_free_sessions, source: sentry%zu, project: p%03zu,\n"
            "         release: \"com.bench.app@{version}+{build}\"}\n"
            "      - metric: error_rate\n        source: aws\n",
            i, title_of(i, title), i % CROWD_PLAYS, i, i % CROWD_SENTRIES, i);
    fprintf(file,
            "        errors: {namespace: AWS/ApplicationELB, name: HTTPCode_Target_5XX_Count, "
            "stat: Sum, dimensions: {LoadBalancer: app/p%03zu}}\n"
            "        total: {namespace: AWS/ApplicationELB, name: RequestCount, stat: Sum, "
            "dimensions: {LoadBalancer: app/p%03zu}}\n"
            "    alarms: {source: aws, names: [p%03zu-5xx-rate]}\n",
            i, i, i);
}

static void write_config(const struct bench *bench, const struct crowd *crowd)
{
    FILE *file = fopen(crowd->config, "we");
    if (file == NULL) {
        report_missing(crowd->config, "cannot be written");
        return;
    }
    fprintf(file, "version: 1\ncaptain: {name: Captain, email: captain@example.com}\n"
                  "release: {name: \"2.0.0\"}\nsources:\n");
    add_sources(bench, crowd, file);
    fprintf(file, "platforms:\n");
    for (size_t i = 0; i < CROWD_PLATFORMS; i++)
        add_platform(i, file);
    fprintf(file, "gates:\n  - {id: crash, metric: crash_free_sessions, warn: 99.5, critical: 99, "
                  "window: 1h, min_sample: 100, blocking: true}\n");
    fclose(file);
}

/* ------------------------------------------------------------------------ the cycle */

/* The least time in which an account's units can be read once: its bucket holds `burst` requests
 * at the start and gains `per_minute`; a unit may start when one is left over by what was sent
 * before it, and the last ones may start together, as many as there are slots. Then it takes its
 * requests one after the other. With slots alone: rounds of `concurrent` units at once. The later
 * of the two. */
static double account_limit_s(const char *kind_name, size_t units, int requests)
{
    const struct sw_rate_budget *budget = &sw_source_kind_find(kind_name)->budget;
    double poll_s = requests * CROWD_LATENCY_MS / 1000.0;
    double before = ((double)units - budget->concurrent) * requests + 1 - budget->burst;
    double by_budget = before > 0 ? before * 60 / budget->per_minute + poll_s : poll_s;
    double by_slots = ceil((double)units / budget->concurrent) * poll_s;
    return by_budget > by_slots ? by_budget : by_slots;
}

static size_t units_of(size_t service)
{
    size_t accounts = service < CROWD_PLAYS ? CROWD_PLAYS : CROWD_SENTRIES;
    size_t place = service < CROWD_PLAYS ? service : service - CROWD_PLAYS;
    return (CROWD_PLATFORMS - place + accounts - 1) / accounts;
}

/* Sentry is asked by version, so its first poll follows a poll of Play's. */
static double cycle_limit_s(void)
{
    double play = account_limit_s("google_play", units_of(0), PLAY_REQUESTS);
    double sentry = account_limit_s("sentry", units_of(CROWD_PLAYS), SENTRY_REQUESTS) +
                    PLAY_REQUESTS * CROWD_LATENCY_MS / 1000.0;
    return play > sentry ? play : sentry;
}

/* When the last package and project was read for the first time; 0: not all are. */
static int64_t cycle_end_ns(const struct crowd *crowd)
{
    int64_t end_ns = 0;
    for (size_t i = 0; i < CROWD_PLAYS + CROWD_SENTRIES; i++) {
        if (upstream_polled(crowd->upstream, i) < (int64_t)units_of(i))
            return 0;
        int64_t at_ns = upstream_polled_ns(crowd->upstream, i);
        end_ns = at_ns > end_ns ? at_ns : end_ns;
    }
    return end_ns;
}

static bool measure_cycle(struct crowd *crowd)
{
    double limit_s = cycle_limit_s();
    int64_t end_ns = 0;
    int64_t give_up_ns = line_now_ns() + (int64_t)(3 * limit_s * 1e9);
    while (end_ns == 0 && line_now_ns() < give_up_ns) {
        line_read(&crowd->line, 50);
        line_mark(&crowd->line);
        end_ns = cycle_end_ns(crowd);
    }
    if (end_ns == 0 || upstream_requests(crowd->upstream, CROWD_SERVICES - 1) == 0) {
        report_missing("cycle of polls", "not every platform is polled in three times the limit");
        return false;
    }
    struct report_row row = {.what = "first cycle of polls, from exec",
                             .size = "500 platforms",
                             .unit = "s",
                             .value = (double)(end_ns - *crowd->line.exec_ns) / 1e9,
                             .worst = -1,
                             .bar = 1.2 * limit_s,
                             .bar_worst = -1,
                             .reference = limit_s};
    snprintf(row.note, sizeof row.note,
             "the least that budgets and slots allow (bar: 1.2 times that)");
    report_add(&row);
    return true;
}

/* ------------------------------------------------------------------ a minute of polling */

static int64_t all_requests(const struct crowd *crowd)
{
    int64_t requests = 0;
    for (size_t i = 0; i < CROWD_SERVICES; i++)
        requests += upstream_requests(crowd->upstream, i);
    return requests;
}

/* Reads from both, so that neither waits for us. */
static void read_for(struct line *ours, struct line *other, int seconds)
{
    int64_t end_ns = line_now_ns() + (int64_t)seconds * 1000000000;
    while (line_now_ns() < end_ns) {
        struct pollfd fds[] = {{.fd = ours->master, .events = POLLIN},
                               {.fd = other->master, .events = POLLIN}};
        if (poll(fds, 2, 50) <= 0)
            continue;
        if (fds[0].revents != 0)
            line_read(ours, 0);
        if (fds[1].revents != 0)
            line_read(other, 0);
    }
}

static void open_poller(const struct bench *bench, const struct crowd *crowd, double per_s,
                        struct line *line)
{
    char url[64], rate[32];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/sessions/?groupBy&project=p000",
             upstream_port(crowd->upstream, CROWD_PLAYS));
    snprintf(rate, sizeof rate, "%.2f", per_s);
    const char *const argv[] = {bench->poller, url, rate, NULL};
    line_open(line, argv, bench->dir, 24, 80);
}

struct minute {
    double cpu_percent, poller_percent, per_s, bytes_per_s, resident_mib, libraries_mib;
};

static bool watch_minute(struct crowd *crowd, struct line *poller, struct minute *minute)
{
    struct cost before, after, other_before, other_after;
    int64_t resident = 0;
    int64_t anonymous = 0;
    read_for(&crowd->line, poller, SETTLE_S);
    line_mark(&crowd->line);
    int64_t requests = all_requests(crowd);
    int64_t begun_ns = line_now_ns();
    if (!cost_read(crowd->line.pid, &before) || !cost_read(poller->pid, &other_before))
        return false;
    read_for(&crowd->line, poller, MINUTE_S);
    if (!cost_read(crowd->line.pid, &after) || !cost_read(poller->pid, &other_after) ||
        !cost_memory(crowd->line.pid, &resident, &anonymous))
        return false;
    double seconds = (double)(line_now_ns() - begun_ns) / 1e9;
    minute->per_s = (double)(all_requests(crowd) - requests) / seconds;
    minute->cpu_percent = (double)(after.cpu_ns - before.cpu_ns) / 1e7 / seconds;
    minute->poller_percent = (double)(other_after.cpu_ns - other_before.cpu_ns) / 1e7 / seconds;
    minute->bytes_per_s = (double)crowd->line.len / seconds;
    minute->resident_mib = (double)resident / 1024;
    return true;
}

static double libraries_mib(const struct bench *bench)
{
    struct line line;
    int64_t resident = -1024;
    int64_t anonymous;
    const char *const argv[] = {bench->libraries, NULL};
    line_open(&line, argv, bench->dir, 24, 80);
    line_settle(&line, 300, CROWD_LIMIT_MS);
    if (!cost_memory(line.pid, &resident, &anonymous))
        resident = -1024;
    line_close(&line);
    return (double)resident / 1024;
}

/* The poller sends as many requests as Slipway has to by its intervals: each package once a minute
 * and thrice more every five, each project twice a minute and once more every three. */
static double wanted_per_s(void)
{
    return CROWD_PLATFORMS * (1 + 3 / 5.0 + 2 + 1 / 3.0) / 60;
}

static void measure_minute(const struct bench *bench, struct crowd *crowd)
{
    struct minute minute = {0};
    struct line poller;
    open_poller(bench, crowd, wanted_per_s(), &poller);
    bool is_read = watch_minute(crowd, &poller, &minute);
    line_close(&poller);
    minute.libraries_mib = libraries_mib(bench);
    if (!is_read || minute.libraries_mib < 0) {
        report_missing("a minute of polling", "it has ended, or /proc does not tell its cost");
        return;
    }
    struct report_row row = {.what = "CPU, polling",
                             .size = "500 platforms, 80×24",
                             .unit = "%",
                             .value = minute.cpu_percent,
                             .worst = -1,
                             .bar = 5,
                             .bar_worst = -1,
                             .reference = minute.poller_percent};
    snprintf(row.note, sizeof row.note,
             "a bare curl program sending as many; %.1f requests/s (both), %.0f B/s to the screen",
             minute.per_s, minute.bytes_per_s);
    report_add(&row);
    row = (struct report_row){.what = "RSS",
                              .size = "500 platforms",
                              .unit = "MiB",
                              .value = minute.resident_mib,
                              .worst = -1,
                              .bar = 64,
                              .bar_worst = -1,
                              .reference = minute.libraries_mib,
                              .note = "its libraries, initialised"};
    report_add(&row);
}

/* ------------------------------------------------------------------------------ keys */

static void measure_keys(const struct bench *bench, struct crowd *crowd, size_t size)
{
    static const double bar_ms[BENCH_SIZES] = {0.5, 1};
    static const double bar_p99[BENCH_SIZES] = {3, 5};
    static struct bench_keys keys;
    double others[BENCH_REFERENCES] = {-1, -1, -1, -1};
    keys.count = 0;
    for (size_t k = 0; k < BENCH_REFERENCES; k++) {
        struct bench_keys of = {0};
        bench_keys_of_reference(bench, (enum bench_reference)k, size, &of);
        if (of.count > 0)
            others[k] = report_median(of.ms, of.count);
    }
    line_resize(&crowd->line, bench_sizes[size].rows, bench_sizes[size].cols);
    line_type(&crowd->line, "gp"); /* the first row; everything is due */
    line_settle(&crowd->line, 100, 1000);
    for (size_t i = 0; i < KEYS; i++) {
        bench_pause_a_little(i);
        bench_press(&crowd->line, i % 2 == 0 ? "j" : "k", i % 2 == 0 ? "Yak" : "Emu", &keys);
    }
    if (keys.count < KEYS) {
        report_missing("keys, 500 platforms", "not every key brings a frame");
        return;
    }
    bench_add_row("key → paint, p50 / p99, 500 platforms polling", size, "ms",
                  report_median(keys.ms, KEYS), report_p99(keys.ms, KEYS), bar_ms[size],
                  bar_p99[size], others);
}

/* ------------------------------------------------------------------------------- run */

static void open_crowd(const struct bench *bench, struct crowd *crowd)
{
    crowd->upstream = upstream_open(dialects, CROWD_SERVICES, sw_time_real_ms());
    for (size_t i = 0; i < CROWD_SERVICES; i++)
        upstream_set_latency(crowd->upstream, i, CROWD_LATENCY_MS);
    bench_make_dir(bench, "crowd-home", crowd->home);
    snprintf(crowd->config, sizeof crowd->config, "%.400s/crowd.yaml", bench->dir);
    write_config(bench, crowd);
    bench_open_slipway(bench, crowd->config, crowd->home, 0, &crowd->line);
}

void bench_crowd(struct bench *bench)
{
    static struct crowd crowd;
    report_phase("500 platforms: the first cycle");
    open_crowd(bench, &crowd);
    if (line_await(&crowd.line, first_frame, CROWD_LIMIT_MS) == 0) {
        report_missing("500 platforms", "the dashboard does not start");
    } else if (measure_cycle(&crowd)) {
        report_phase("500 platforms: a minute");
        measure_minute(bench, &crowd);
        report_phase("500 platforms: keys");
        for (size_t size = 0; size < BENCH_SIZES; size++)
            measure_keys(bench, &crowd, size);
        crowd_halts(bench, &crowd);
    }
    line_close(&crowd.line);
    upstream_close(crowd.upstream);
}
