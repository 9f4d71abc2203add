/*
 * bench.h: what the parts of `make bench` share.
 *
 * Programs run for real in a raw pseudo-terminal (line.h). References run in turn with Slipway, so
 * that what the machine does besides hits them alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "line.h"
#include "report.h"
#include "support/simulator.h"

enum { BENCH_PATH = 512, BENCH_SIZES = 2, BENCH_HELD_MS = 20000, BENCH_KEYS = 150 };

/* End of a frame of Slipway's: synchronized output. */
#define BENCH_FRAME_END "\033[?2026l"

struct bench_size {
    const char *name;
    int rows, cols;
};
extern const struct bench_size bench_sizes[BENCH_SIZES];

/* A program to stand beside: argv[0] is NULL where it is not installed. */
enum bench_reference { BENCH_CURSES, BENCH_VIM, BENCH_HTOP, BENCH_TIG, BENCH_REFERENCES };

struct bench {
    struct simulator sim;
    char dir[BENCH_PATH];     /* ours, goes at the end */
    char home[BENCH_PATH];    /* of the five platforms */
    char quiet[BENCH_PATH];   /* configuration: five platforms, nothing polled for an hour */
    char polling[BENCH_PATH]; /* configuration: five platforms, every minute */
    char screen[BENCH_SIZES][BENCH_PATH]; /* the overview as text: what ref_curses shows */
    char curses[BENCH_PATH], libraries[BENCH_PATH];
    char connector[BENCH_PATH], poller[BENCH_PATH];
    char vim[BENCH_PATH], htop[BENCH_PATH], tig[BENCH_PATH];
    const char *slipway;
};

extern const char *const bench_reference_names[BENCH_REFERENCES];
/* False where it is not installed. */
bool bench_open_reference(const struct bench *bench, enum bench_reference reference, size_t size,
                          struct line *line);
void bench_open_slipway(const struct bench *bench, const char *config, const char *home,
                        size_t size, struct line *line);
/* Starts it and lets it come to rest: the last frame is drawn, every source was read. */
bool bench_open_settled(const struct bench *bench, const char *config, const char *home,
                        size_t size, struct line *line);

/* The time of the last byte before a pause; 0 when fewer than `least` bytes come. */
int64_t bench_burst_end(struct line *line, size_t least, int quiet_ms);

/* Keys, as paint.c measures them. */
struct bench_keys {
    size_t count;
    double ms[BENCH_KEYS], bytes[BENCH_KEYS];
};
/* Not in step with anything of the program's. */
void bench_pause_a_little(size_t i);
/* One key; `shown` is a text that the new selection paints again. */
void bench_press(struct line *line, const char *key, const char *shown, struct bench_keys *keys);
/* None where it is not installed. */
void bench_keys_of_reference(const struct bench *bench, enum bench_reference reference, size_t size,
                             struct bench_keys *keys);
/* A row beside what the references took; < 0: that one did not run. */
void bench_add_row(const char *what, size_t size, const char *unit, double value, double worst,
                   double bar, double bar_worst, const double others[BENCH_REFERENCES]);

/* Writes a whole file 0600; ends the program when it cannot. */
void bench_write(const char *path, const char *text, size_t len);
/* One directory below bench->dir, made. */
void bench_make_dir(const struct bench *bench, const char *name, char out[BENCH_PATH]);

/* The parts, in order. */
void bench_first_paint(struct bench *bench);
void bench_keys(struct bench *bench);
void bench_rest(struct bench *bench);
void bench_crowd(struct bench *bench);
