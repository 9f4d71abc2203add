/*
 * line.h: a program in a pseudo-terminal, read raw: for measuring, nothing stands between.
 *
 * Every chunk that comes is kept with the time it came at, from the start or from the last
 * line_mark(). No terminal is emulated, so nothing but the program and the kernel takes time. Times
 * are CLOCK_MONOTONIC nanoseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct line_chunk {
    size_t end; /* bytes up to and with this chunk */
    int64_t at_ns;
};

struct line {
    int master;
    pid_t pid;
    int64_t *exec_ns; /* shared with the child: just before execv */
    char *bytes;
    size_t len, capacity;
    struct line_chunk *chunks;
    size_t chunk_count, chunk_capacity;
};

int64_t line_now_ns(void);

/* argv[0] is a path; home: HOME and the XDG directories lie there. Ends the program when it
 * cannot. */
void line_open(struct line *line, const char *const *argv, const char *home, int rows, int cols);
/* Kills what still runs, frees. */
void line_close(struct line *line);
/* Types q and waits for the end; false when it does not come. */
bool line_quit(struct line *line, int limit_ms);

void line_type(const struct line *line, const char *keys);
void line_resize(const struct line *line, int rows, int cols);

/* Forgets what came so far. */
void line_mark(struct line *line);
/* Reads one chunk, waiting at most so long; false when none came. */
bool line_read(struct line *line, int ms);
/* Reads until nothing came for quiet_ms; false after limit_ms. */
bool line_settle(struct line *line, int quiet_ms, int limit_ms);

/* Offset behind `text` at or after `from`; 0: not there. */
size_t line_find(const struct line *line, size_t from, const char *text);
/* Reads until the texts have come, one after the other, and returns the offset behind the last; 0
 * when they do not. texts is NULL-terminated. */
size_t line_await(struct line *line, const char *const *texts, int limit_ms);
/* When the byte before this offset came. */
int64_t line_time_of(const struct line *line, size_t offset);
