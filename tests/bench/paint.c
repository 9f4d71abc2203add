/*
 * paint.c: from the start to the first picture, from a key to the next one, from a resize to the
 * whole one: with five platforms that nothing polls meanwhile.
 *
 * A frame of Slipway's ends with the end of synchronized output, so its end is certain. The
 * references have no such mark: theirs ends with the last byte before a pause.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum {
    STARTS = 21,
    REFERENCE_KEYS = 40,
    RESIZES = 12,
    PAUSE_MS = 12,       /* after which a reference's frame is over */
    START_PAUSE_MS = 40, /* the same at its start */
    FRAME_MS = 5000,     /* when a frame does not come at all */
    LEAST_BYTES = 300,   /* of a first picture */
};

static const char *const first_frame[] = {"ROLLING", "Backend", BENCH_FRAME_END, NULL};
static const char *const any_frame[] = {BENCH_FRAME_END, NULL};

static double ms_between(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

/* "bare curses; vim 16.0, htop –" */
static void note_others(const double of[BENCH_REFERENCES], char *out, size_t size)
{
    int used = snprintf(out, size, "bare curses");
    for (size_t i = BENCH_VIM; i < BENCH_REFERENCES; i++)
        if (of[i] >= 0 && used > 0 && (size_t)used < size)
            used += snprintf(out + used, size - (size_t)used, "%s %s %.*f",
                             i == BENCH_VIM ? ";" : ",", bench_reference_names[i],
                             of[i] < 10    ? 2
                             : of[i] < 100 ? 1
                                           : 0,
                             of[i]);
}

void bench_add_row(const char *what, size_t size, const char *unit, double value, double worst,
                   double bar, double bar_worst, const double others[BENCH_REFERENCES])
{
    struct report_row row = {.what = what,
                             .size = bench_sizes[size].name,
                             .unit = unit,
                             .value = value,
                             .worst = worst,
                             .bar = bar,
                             .bar_worst = bar_worst,
                             .reference = others[BENCH_CURSES]};
    note_others(others, row.note, sizeof row.note);
    report_add(&row);
}

/* ------------------------------------------------------------------- first paint */

struct starts {
    size_t count;
    double ms[STARTS], bytes[STARTS];
};

static void keep_start(struct starts *starts, const struct line *line, int64_t end_ns, size_t len)
{
    if (end_ns == 0)
        return;
    starts->ms[starts->count] = ms_between(*line->exec_ns, end_ns);
    starts->bytes[starts->count++] = (double)len;
}

static void start_slipway(const struct bench *bench, size_t size, struct starts *starts)
{
    struct line line;
    bench_open_slipway(bench, bench->quiet, bench->home, size, &line);
    size_t end = line_await(&line, first_frame, FRAME_MS);
    keep_start(starts, &line, end > 0 ? line_time_of(&line, end) : 0, end);
    line_close(&line);
}

static void start_reference(const struct bench *bench, enum bench_reference reference, size_t size,
                            struct starts *starts)
{
    struct line line;
    if (!bench_open_reference(bench, reference, size, &line))
        return;
    int64_t end_ns = bench_burst_end(&line, LEAST_BYTES, START_PAUSE_MS);
    keep_start(starts, &line, end_ns, line.len);
    line_close(&line);
}

/* What no program of these libraries can be quicker than. */
static void start_libraries(const struct bench *bench, size_t size, struct starts *starts)
{
    struct line line;
    const char *const argv[] = {bench->libraries, NULL};
    line_open(&line, argv, bench->dir, bench_sizes[size].rows, bench_sizes[size].cols);
    size_t end = line_await(&line, (const char *const[]){"ready", NULL}, FRAME_MS);
    keep_start(starts, &line, end > 0 ? line_time_of(&line, end) : 0, end);
    line_close(&line);
}

static void add_beside_libraries(size_t size, struct starts *ours, struct starts *libraries)
{
    if (libraries->count < STARTS) {
        report_missing("first paint", "the libraries alone do not start");
        return;
    }
    const struct report_row row = {.what = "the same, beside its libraries alone",
                                   .size = bench_sizes[size].name,
                                   .unit = "ms",
                                   .value = report_median(ours->ms, ours->count),
                                   .worst = -1,
                                   .bar = -1,
                                   .bar_worst = -1,
                                   .reference = report_median(libraries->ms, libraries->count),
                                   .note = "curl, libgit2, jansson, libyaml, ncurses: initialised"};
    report_add(&row);
}

static void measure_starts(const struct bench *bench, size_t size)
{
    static const double bar_ms[BENCH_SIZES] = {15, 20};
    static const double bar_bytes[BENCH_SIZES] = {3500, 9000};
    struct starts ours = {0};
    struct starts libraries = {0};
    struct starts of[BENCH_REFERENCES] = {0};
    double ms[BENCH_REFERENCES], bytes[BENCH_REFERENCES];
    for (size_t i = 0; i < STARTS; i++) {
        start_slipway(bench, size, &ours);
        start_libraries(bench, size, &libraries);
        for (size_t k = 0; k < BENCH_REFERENCES; k++)
            start_reference(bench, (enum bench_reference)k, size, &of[k]);
    }
    for (size_t k = 0; k < BENCH_REFERENCES; k++) {
        ms[k] = of[k].count > 0 ? report_median(of[k].ms, of[k].count) : -1;
        bytes[k] = of[k].count > 0 ? report_median(of[k].bytes, of[k].count) : -1;
    }
    if (ours.count < STARTS) {
        report_missing("first paint", "no first frame with platforms in it");
        return;
    }
    bench_add_row("exec → first useful paint from cache, p50", size, "ms",
                  report_median(ours.ms, ours.count), -1, bar_ms[size], -1, ms);
    add_beside_libraries(size, &ours, &libraries);
    bench_add_row("first paint", size, "B", report_median(ours.bytes, ours.count), -1,
                  bar_bytes[size], -1, bytes);
}

void bench_first_paint(struct bench *bench)
{
    report_phase("first paint");
    for (size_t size = 0; size < BENCH_SIZES; size++)
        measure_starts(bench, size);
}

/* -------------------------------------------------------------------------- keys */

void bench_pause_a_little(size_t i)
{
    usleep((useconds_t)(4000 + i * 7919 % 16000));
}

void bench_press(struct line *line, const char *key, const char *shown, struct bench_keys *keys)
{
    const char *const texts[] = {shown, BENCH_FRAME_END, NULL};
    line_settle(line, 2, 200);
    line_mark(line);
    int64_t begun_ns = line_now_ns();
    line_type(line, key);
    size_t end = line_await(line, texts, FRAME_MS);
    if (end == 0)
        return;
    keys->ms[keys->count] = ms_between(begun_ns, line_time_of(line, end));
    line_settle(line, PAUSE_MS, 200);
    keys->bytes[keys->count++] = (double)line->len;
}

static void press_reference(struct line *line, const char *key, struct bench_keys *keys)
{
    line_settle(line, PAUSE_MS, 200);
    line_mark(line);
    int64_t begun_ns = line_now_ns();
    line_type(line, key);
    int64_t end_ns = bench_burst_end(line, 1, PAUSE_MS);
    if (end_ns == 0)
        return;
    keys->ms[keys->count] = ms_between(begun_ns, end_ns);
    keys->bytes[keys->count++] = (double)line->len;
}

/* htop moves by the arrow keys only. */
static const char *key_of(enum bench_reference reference, size_t i)
{
    if (reference == BENCH_HTOP)
        return i % 2 == 0 ? "\033OB" : "\033OA";
    return i % 2 == 0 ? "j" : "k";
}

void bench_keys_of_reference(const struct bench *bench, enum bench_reference reference, size_t size,
                             struct bench_keys *keys)
{
    struct line line;
    if (!bench_open_reference(bench, reference, size, &line))
        return;
    line_settle(&line, 300, FRAME_MS);
    for (size_t i = 0; i < REFERENCE_KEYS; i++) {
        bench_pause_a_little(i);
        press_reference(&line, key_of(reference, i), keys);
    }
    line_close(&line);
}

static void resize_to(struct line *line, size_t size, bool is_other)
{
    int rows = bench_sizes[size].rows;
    int cols = bench_sizes[size].cols;
    line_resize(line, is_other ? rows + 5 : rows, is_other ? cols + 10 : cols);
}

static double measure_resizes(struct line *line, size_t size, bool is_ours)
{
    double ms[RESIZES];
    size_t count = 0;
    for (size_t i = 0; i < RESIZES; i++) {
        resize_to(line, size, true);
        line_settle(line, 60, 1000);
        line_mark(line);
        int64_t begun_ns = line_now_ns();
        resize_to(line, size, false);
        size_t end = is_ours ? line_await(line, any_frame, FRAME_MS) : 0;
        int64_t end_ns =
            is_ours ? line_time_of(line, end) : bench_burst_end(line, LEAST_BYTES, PAUSE_MS);
        if (end_ns != 0)
            ms[count++] = ms_between(begun_ns, end_ns);
    }
    return count > 0 ? report_median(ms, count) : -1;
}

static double resizes_of_reference(const struct bench *bench, enum bench_reference reference,
                                   size_t size)
{
    struct line line;
    double ms;
    if (!bench_open_reference(bench, reference, size, &line))
        return -1;
    line_settle(&line, 300, FRAME_MS);
    ms = measure_resizes(&line, size, false);
    line_close(&line);
    return ms;
}

static void measure_references(const struct bench *bench, size_t size, double ms[], double bytes[],
                               double resizes[])
{
    for (size_t k = 0; k < BENCH_REFERENCES; k++) {
        struct bench_keys keys = {0};
        bench_keys_of_reference(bench, (enum bench_reference)k, size, &keys);
        ms[k] = keys.count > 0 ? report_median(keys.ms, keys.count) : -1;
        bytes[k] = keys.count > 0 ? report_median(keys.bytes, keys.count) : -1;
        resizes[k] = resizes_of_reference(bench, (enum bench_reference)k, size);
    }
}

static void measure_keys(const struct bench *bench, size_t size)
{
    static const double bar_ms[BENCH_SIZES] = {0.5, 1};
    static const double bar_p99[BENCH_SIZES] = {3, 5};
    static const double bar_bytes[BENCH_SIZES] = {250, 400};
    static const double bar_resize[BENCH_SIZES] = {3, 5};
    struct line line;
    struct bench_keys keys = {0};
    double ms[BENCH_REFERENCES], bytes[BENCH_REFERENCES], resizes[BENCH_REFERENCES];
    measure_references(bench, size, ms, bytes, resizes);
    if (!bench_open_settled(bench, bench->quiet, bench->home, size, &line))
        report_missing("keys", "the dashboard does not start");
    for (size_t i = 0; i < BENCH_KEYS; i++) {
        bench_pause_a_little(i);
        bench_press(&line, i % 2 == 0 ? "j" : "k", i % 2 == 0 ? "Android" : "iOS", &keys);
    }
    double resize = measure_resizes(&line, size, true);
    line_close(&line);
    if (keys.count < BENCH_KEYS || resize < 0) {
        report_missing("keys", "not every key or resize brings a frame");
        return;
    }
    bench_add_row("key → paint, p50 / p99, 5 platforms", size, "ms",
                  report_median(keys.ms, BENCH_KEYS), report_p99(keys.ms, BENCH_KEYS), bar_ms[size],
                  bar_p99[size], ms);
    bench_add_row("cursor move", size, "B", report_median(keys.bytes, BENCH_KEYS), -1,
                  bar_bytes[size], -1, bytes);
    bench_add_row("resize repaint, p50", size, "ms", resize, -1, bar_resize[size], -1, resizes);
}

void bench_keys(struct bench *bench)
{
    report_phase("keys and resizes");
    for (size_t size = 0; size < BENCH_SIZES; size++)
        measure_keys(bench, size);
}
