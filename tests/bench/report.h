/*
 * report.h: the table that `make bench` prints: every figure beside its bar (DESIGN's table, now in
 * docs/benchmarks.md) and beside what a reference took in the same run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct report_row {
    const char *what, *size;
    const char *unit;
    double value, worst;   /* worst: a second figure (p99, maximum); < 0: none */
    double bar, bar_worst; /* not more than; < 0: there is none */
    double reference;      /* < 0: none */
    char note[200];        /* what the reference is, and what others took */
};

/* Median and 99th percentile; sorts. count > 0. */
double report_median(double *values, size_t count);
double report_p99(double *values, size_t count);

/* `row` is copied. */
void report_add(const struct report_row *row);
/* Something that could not be measured; the exit code says so. */
void report_missing(const char *what, const char *why);
/* A reference program that is not installed: said, no error. */
void report_skipped(const char *program);
/* A line about the phase that begins, to standard error. */
void report_phase(const char *what);
/* Prints the table; the exit code: 0, or 1 when something is missing. */
int report_print(void);
