/* report.c: see report.h. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "line.h"

enum { ROWS_MAX = 64, TEXT = 64, LONG_TEXT = 256 };

static struct report_row rows[ROWS_MAX];
static size_t row_count;
static int missing;

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* The smallest value that at least this share of the values do not exceed. */
static double share(double *values, size_t count, double of)
{
    qsort(values, count, sizeof *values, compare);
    size_t at = (size_t)ceil(of * (double)count);
    return values[at > 0 ? at - 1 : 0];
}

double report_median(double *values, size_t count)
{
    return share(values, count, 0.5);
}

double report_p99(double *values, size_t count)
{
    return share(values, count, 0.99);
}

void report_add(const struct report_row *row)
{
    if (row_count == ROWS_MAX)
        abort();
    rows[row_count++] = *row;
}

void report_missing(const char *what, const char *why)
{
    fprintf(stderr, "bench: NOT MEASURED: %s: %s\n", what, why);
    missing++;
}

void report_skipped(const char *program)
{
    fprintf(stderr, "bench: SKIPPED: %s is not installed, so nothing stands beside it\n", program);
}

void report_phase(const char *what)
{
    static int64_t begun_ns;
    if (begun_ns == 0)
        begun_ns = line_now_ns();
    fprintf(stderr, "bench: %5.1f s  %s\n", (double)(line_now_ns() - begun_ns) / 1e9, what);
}

/* -------------------------------------------------------------------------- table */

static const char *number(double value, char out[TEXT])
{
    if (value < 0)
        snprintf(out, TEXT, "–");
    else if (value != 0 && value < 0.1)
        snprintf(out, TEXT, "%.3f", value);
    else if (value < 10)
        snprintf(out, TEXT, "%.2f", value);
    else
        snprintf(out, TEXT, "%.*f", value < 100 ? 1 : 0, value);
    return out;
}

static const char *pair(double value, double worst, const char *unit, char out[LONG_TEXT])
{
    char first[TEXT], second[TEXT];
    number(value, first);
    number(worst, second);
    if (value < 0)
        snprintf(out, LONG_TEXT, "–");
    else if (worst < 0)
        snprintf(out, LONG_TEXT, "%s %s", first, unit);
    else
        snprintf(out, LONG_TEXT, "%s / %s %s", first, second, unit);
    return out;
}

/* How far one figure is beyond its bar; 0: within, or no bar. */
static double beyond(double value, double bar)
{
    return bar < 0 || value < 0 || value <= bar ? 0 : value - bar;
}

static const char *verdict(const struct report_row *row, char out[LONG_TEXT])
{
    char first[TEXT], second[TEXT];
    double value = beyond(row->value, row->bar);
    double worst = beyond(row->worst, row->bar_worst);
    if (row->bar < 0)
        return "";
    if (value <= 0 && worst <= 0)
        return "ok";
    if (value > 0 && worst > 0)
        snprintf(out, LONG_TEXT, "MISSED by %s / %s %s", number(value, first),
                 number(worst, second), row->unit);
    else
        snprintf(out, LONG_TEXT, "MISSED by %s %s%s", number(value + worst, first), row->unit,
                 value > 0 ? "" : " (the second)");
    return out;
}

static void print_row(const struct report_row *row)
{
    char value[LONG_TEXT], bar[LONG_TEXT], said[LONG_TEXT], ratio[TEXT], reference[TEXT];
    pair(row->value, row->worst, row->unit, value);
    pair(row->bar, row->bar_worst, row->unit, bar);
    snprintf(ratio, sizeof ratio, "–");
    if (row->reference > 0)
        snprintf(ratio, sizeof ratio, "%.2f", row->value / row->reference);
    printf("| %s | %s | %s | %s | %s | %s %s | %s |\n", row->what, row->size, value, bar,
           verdict(row, said), number(row->reference, reference), row->note, ratio);
}

int report_print(void)
{
    printf("\n| what | size | Slipway | bar (at most) | | beside it | ratio |\n"
           "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < row_count; i++)
        print_row(&rows[i]);
    if (missing > 0)
        printf("\n%d of the figures could not be measured.\n", missing);
    return missing > 0 ? 1 : 0;
}
