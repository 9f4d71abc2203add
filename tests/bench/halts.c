/*
 * halts.c: halts of single platforms among 500, asked by key: see crowd.h.
 *
 * Every platform is halted once. When the first byte of the action's first request comes is read by
 * the upstream's own thread. A bare program stands beside: it waits in a terminal of the same kind
 * for a `y`, connects to the same port and writes one request.
 */
#include "crowd.h"

#include <stdio.h>
#include <string.h>

enum {
    HALTS = 25,       /* in each world */
    READING_MS = 120, /* between the dialog and the y */
    QUICK_MS = 10,    /* the store's latency where only the first byte counts */
    HANGING_MIN = 11, /* of 15 polls at once, the other four may be the store's own */
    FIRST_HALT = 40,  /* platforms 40, 44, ... are of the first account */
};

/* What must be asked until a halt is known to be seen, by the protocol in docs/architecture.md and
 * what Play offers (docs/sources/google_play.md): the track is read in an edit and put and
 * committed in it (4); then the review state, and the track in a new edit, show it (3). */
enum { NEEDED_REQUESTS = 7 };

struct halts {
    size_t count;
    double first_ms[HALTS], shown_ms[HALTS], requests[HALTS], bare_ms[HALTS];
};

/* Waits for the first, or (is_shown) the last, of what the upstream watches. */
static bool await_watched(struct crowd *crowd, bool is_shown, struct upstream_watched *watched)
{
    int64_t end_ns = line_now_ns() + (int64_t)CROWD_LIMIT_MS * 1000000;
    do {
        line_read(&crowd->line, 2);
        line_mark(&crowd->line);
        *watched = upstream_watched(crowd->upstream);
        if ((is_shown ? watched->shown_ns : watched->first_ns) != 0)
            return true;
    } while (line_now_ns() < end_ns);
    return false;
}

static bool halt_one(struct crowd *crowd, size_t platform, struct halts *halts)
{
    char part[UPSTREAM_PART_MAX], command[32];
    struct upstream_watched watched;
    snprintf(command, sizeof command, ":halt p%03zu\r", platform);
    line_type(&crowd->line, command);
    line_settle(&crowd->line, READING_MS, READING_MS);
    upstream_watch(crowd->upstream, crowd_part(platform, part));
    int64_t begun_ns = line_now_ns();
    line_type(&crowd->line, "y");
    if (!await_watched(crowd, false, &watched) || !await_watched(crowd, true, &watched))
        return false;
    halts->first_ms[halts->count] = (double)(watched.first_ns - begun_ns) / 1e6;
    halts->shown_ms[halts->count] = (double)(watched.shown_ns - begun_ns) / 1e6;
    halts->requests[halts->count] = watched.shown_requests;
    line_settle(&crowd->line, 300, 600); /* the program takes it in */
    return true;
}

static bool connect_bare(struct crowd *crowd, struct line *bare, double *ms)
{
    struct upstream_watched watched;
    upstream_watch(crowd->upstream, "/bare");
    line_settle(bare, 50, 1000);
    int64_t begun_ns = line_now_ns();
    line_type(bare, "y");
    bool is_there = await_watched(crowd, false, &watched);
    *ms = (double)(watched.first_ns - begun_ns) / 1e6;
    return is_there;
}

static bool halt_all(const struct bench *bench, struct crowd *crowd, size_t first,
                     struct halts *halts)
{
    char port[16];
    struct line bare;
    bool is_done = true;
    snprintf(port, sizeof port, "%d", upstream_port(crowd->upstream, 0));
    const char *const argv[] = {bench->connector, port, NULL};
    line_open(&bare, argv, bench->dir, 24, 80);
    for (size_t i = 0; i < HALTS && is_done; i++) {
        is_done = halt_one(crowd, first + i * CROWD_PLAYS, halts) &&
                  connect_bare(crowd, &bare, &halts->bare_ms[i]);
        halts->count++;
    }
    line_close(&bare);
    return is_done;
}

static void add_first_byte(const char *size, struct halts *halts, int64_t pending)
{
    struct report_row row = {.what = "halt: y → first byte at the store, p50 / worst",
                             .size = size,
                             .unit = "ms",
                             .value = report_median(halts->first_ms, halts->count),
                             .worst = report_p99(halts->first_ms, halts->count),
                             .bar = 250,
                             .bar_worst = 250,
                             .reference = report_median(halts->bare_ms, halts->count)};
    snprintf(row.note, sizeof row.note,
             "a bare connect and write; worst %.2f; %d halts, requests under way when the first "
             "began: %lld",
             report_p99(halts->bare_ms, halts->count), HALTS, (long long)pending);
    report_add(&row);
}

static void add_round_trips(struct halts *halts)
{
    double least_ms = NEEDED_REQUESTS * CROWD_LATENCY_MS;
    struct report_row row = {.what = "halt: round trips until it is seen",
                             .size = "500 platforms, calm",
                             .unit = "requests",
                             .value = report_median(halts->requests, halts->count),
                             .worst = -1,
                             .bar = NEEDED_REQUESTS,
                             .bar_worst = -1,
                             .reference = NEEDED_REQUESTS,
                             .note = "what Play's protocol needs"};
    report_add(&row);
    row = (struct report_row){.what = "halt: y → seen, p50 / worst",
                              .size = "500 platforms, calm",
                              .unit = "ms",
                              .value = report_median(halts->shown_ms, halts->count),
                              .worst = report_p99(halts->shown_ms, halts->count),
                              .bar = -1,
                              .bar_worst = -1,
                              .reference = least_ms};
    snprintf(row.note, sizeof row.note, "that many times the latency of %d ms", CROWD_LATENCY_MS);
    report_add(&row);
}

static void halt_calm(const struct bench *bench, struct crowd *crowd)
{
    static struct halts halts;
    report_phase("500 platforms: halts in a calm world");
    int64_t pending = upstream_pending(crowd->upstream);
    if (!halt_all(bench, crowd, FIRST_HALT, &halts)) {
        report_missing("halts, calm", "one is not sent or not seen");
        return;
    }
    add_first_byte("500 platforms, calm", &halts, pending);
    add_round_trips(&halts);
}

/* Every poll of the others hangs, and what is due waits behind them. */
static bool hang_others(struct crowd *crowd)
{
    int64_t end_ns = line_now_ns() + (int64_t)CROWD_LIMIT_MS * 1000000;
    upstream_set_latency(crowd->upstream, 0, QUICK_MS);
    for (size_t i = 1; i < CROWD_SERVICES; i++)
        upstream_set_silent(crowd->upstream, i, true);
    line_type(&crowd->line, "p");
    while (upstream_pending(crowd->upstream) < HANGING_MIN && line_now_ns() < end_ns) {
        line_read(&crowd->line, 20);
        line_mark(&crowd->line);
    }
    return upstream_pending(crowd->upstream) >= HANGING_MIN;
}

static void halt_amid_silence(const struct bench *bench, struct crowd *crowd)
{
    static struct halts halts;
    report_phase("500 platforms: halts while every other upstream hangs");
    if (!hang_others(crowd)) {
        report_missing("halts amid silence", "the polls do not hang");
        return;
    }
    int64_t pending = upstream_pending(crowd->upstream);
    if (!halt_all(bench, crowd, FIRST_HALT + (size_t)HALTS * CROWD_PLAYS, &halts))
        report_missing("halts amid silence", "one is not sent or not seen");
    else
        add_first_byte("500 platforms, every other upstream hangs", &halts, pending);
}

void crowd_halts(struct bench *bench, struct crowd *crowd)
{
    halt_calm(bench, crowd);
    halt_amid_silence(bench, crowd);
}
