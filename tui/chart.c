/*
 * chart.c: see chart.h.
 *
 * Buckets are joined until they fit, adding up counts, never averaging rates. The scale starts at
 * zero: a bar twice as high is twice as bad. A column without data stays empty.
 */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "figures.h"
#include "memory.h"

#define SCALE_COLS 6  /* of the numbers at the left */
#define LEVEL_COLS 12 /* of the words at the right */
#define BARS_MAX   400
#define BAR_MAX_S  600

struct chart {
    struct canvas *canvas;
    const struct frame *frame;
    const struct sw_platform *p;
    const struct sw_trend *trend;
    int top, rows;        /* of the bars */
    int col;              /* of the first bar */
    int count, wide;      /* bars, and columns of one */
    int joined;           /* buckets in a bar */
    size_t first;         /* bucket of the first bar */
    double pct[BARS_MAX]; /* -1: no data */
    double max;           /* top of the scale */
};

static void join_buckets(struct chart *c)
{
    size_t count = c->trend->new_count;
    for (int i = 0; i < c->count; i++) {
        double n = 0;
        double bad = 0;
        for (int j = 0; j < c->joined; j++) {
            size_t at = c->first + (size_t)(i * c->joined + j);
            if (at < count) {
                n += c->trend->new_buckets[at].n;
                bad += c->trend->new_buckets[at].bad;
            }
        }
        c->pct[i] = n > 0 ? bad / n * 100 : -1;
    }
}

/* The old version's rate over the whole time shown. */
static double old_pct(const struct chart *c)
{
    double n = 0;
    double bad = 0;
    for (size_t i = 0; i < c->trend->old_count; i++) {
        n += c->trend->old_buckets[i].n;
        bad += c->trend->old_buckets[i].bad;
    }
    return n > 0 ? bad / n * 100 : -1;
}

/* 1, 2 or 5 times a power of ten, not below the value. */
static double round_up(double value)
{
    if (value <= 0)
        return 0.1;
    double base = pow(10, floor(log10(value)));
    static const double steps[] = {1, 1.5, 2, 3, 5, 7.5, 10};
    for (size_t i = 0; i < TUI_COUNT(steps); i++) {
        if (base * steps[i] >= value - 1e-12)
            return base * steps[i];
    }
    return base * 10;
}

static int row_of(const struct chart *c, double pct)
{
    int from_bottom = (int)floor(pct / c->max * c->rows);
    from_bottom = from_bottom >= c->rows ? c->rows - 1 : from_bottom < 0 ? 0 : from_bottom;
    return c->top + c->rows - 1 - from_bottom;
}

static void draw_bars(const struct chart *c)
{
    for (int i = 0; i < c->count; i++) {
        if (c->pct[i] < 0)
            continue;
        int eighths = (int)ceil(c->pct[i] / c->max * c->rows * 8 - 1e-9);
        eighths = eighths < 1 ? 1 : eighths;
        for (int y = 0; y < c->rows && eighths > 0; y++, eighths -= 8) {
            uint32_t glyph = canvas_eighth(c->canvas, eighths > 8 ? 8 : eighths);
            canvas_repeat(c->canvas, c->top + c->rows - 1 - y, c->col + i * c->wide, c->wide,
                          ROLE_NEW, glyph);
        }
    }
}

/* A dotted line behind the bars, and its name at the right. */
static void draw_level(const struct chart *c, double pct, enum role role, const char *name)
{
    if (pct < 0 || pct > c->max)
        return;
    int row = row_of(c, pct);
    int end = c->col + c->count * c->wide;
    char label[FIG_SIZE];
    for (int x = c->col; x < end; x++) {
        if (canvas_at(c->canvas, row, x)->base == ' ')
            canvas_repeat(c->canvas, row, x, 1, role, 0x00B7);
    }
    tui_format(label, sizeof label, "◄%s %.2f", name, pct);
    /* Two levels in one row: the second says its name below. */
    if (canvas_at(c->canvas, row, end + 1)->base != ' ')
        row += row + 1 < c->top + c->rows ? 1 : -1;
    canvas_put(c->canvas, row, end + 1, LEVEL_COLS - 1, role, label);
}

static int64_t bar_start(const struct chart *c, int bar)
{
    size_t at = c->first + (size_t)(bar * c->joined);
    const struct sw_trend *t = c->trend;
    if (at < t->new_count)
        return t->new_buckets[at].start_ms;
    return t->new_buckets[t->new_count - 1].start_ms + (int64_t)t->bucket_s * 1000;
}

static void draw_axis(const struct chart *c, int row)
{
    int next_free = c->col;
    for (int i = 0; i < c->count; i++) {
        int64_t start = bar_start(c, i);
        int x = c->col + i * c->wide;
        char when[FIG_SIZE];
        struct sw_civil at;
        sw_local_time(start, &at);
        int64_t span_s = (int64_t)c->joined * c->trend->bucket_s;
        bool is_hour = at.minute * 60 < span_s;
        if (x < next_free || !(is_hour || i == 0) || x + 5 > c->col + c->count * c->wide)
            continue;
        canvas_put(c->canvas, row, x, 5, ROLE_DIM, fig_clock(start, when, sizeof when));
        next_free = x + 12;
    }
}

/* The newest change within the time shown, under its place. */
static void draw_mark(const struct chart *c, int row)
{
    const struct sw_snapshot *s = c->frame->snapshot;
    int64_t span_ms = (int64_t)c->joined * c->trend->bucket_s * 1000;
    for (size_t i = s->event_count; i > 0; i--) {
        const struct sw_event *e = &s->events[i - 1];
        bool is_change = e->kind == SW_EVENT_CHANGE || e->kind == SW_EVENT_OUTCOME;
        int64_t since = e->at_ms - bar_start(c, 0);
        if (!is_change || e->text == NULL || since < 0 || since >= span_ms * c->count)
            continue;
        char when[FIG_SIZE];
        char text[FIG_SIZE * 2];
        int x = c->col + (int)(since / span_ms) * c->wide;
        tui_format(text, sizeof text, "%s %s", fig_clock(e->at_ms, when, sizeof when), e->text);
        int width = canvas_width(c->canvas, text);
        int room_left = x - c->col;
        canvas_put(c->canvas, row, x, 1, ROLE_WARN, "▲");
        if (width + 1 <= room_left)
            canvas_put(c->canvas, row, x - width - 1, width, ROLE_TEXT, text);
        else
            canvas_put(c->canvas, row, x + 2, c->col + c->count * c->wide + LEVEL_COLS - x - 2,
                       ROLE_TEXT, text);
        return;
    }
}

static void draw_scale(const struct chart *c, int col)
{
    char text[FIG_SIZE];
    tui_format(text, sizeof text, "%g", c->max);
    canvas_put_right(c->canvas, c->top, col, SCALE_COLS - 1, ROLE_DIM, text);
    if (c->rows >= 5) {
        tui_format(text, sizeof text, "%g", c->max / 2);
        canvas_put_right(c->canvas, c->top + c->rows / 2, col, SCALE_COLS - 1, ROLE_DIM, text);
    }
    canvas_put_right(c->canvas, c->top + c->rows - 1, col, SCALE_COLS - 1, ROLE_DIM, "0");
}

static void fit(struct chart *c, int bars_cols)
{
    /* Two columns for a bar: fewer, steadier bars. */
    int room = bars_cols < BARS_MAX ? bars_cols : BARS_MAX;
    int bars = room >= 40 ? room / 2 : room;
    size_t buckets = c->trend->new_count;
    /* The last hours are what matters: no bar is longer than ten minutes, unless a bucket is. */
    int longest = c->trend->bucket_s >= BAR_MAX_S ? 1 : BAR_MAX_S / c->trend->bucket_s;
    c->joined = (int)((buckets + (size_t)bars - 1) / (size_t)bars);
    c->joined = c->joined > longest ? longest : c->joined;
    /* The newest bar is whole: the oldest ones give way. */
    size_t whole = (buckets / (size_t)c->joined) * (size_t)c->joined;
    if (whole > (size_t)bars * (size_t)c->joined)
        whole = (size_t)bars * (size_t)c->joined;
    c->first = buckets - whole;
    c->count = (int)(whole / (size_t)c->joined);
    c->wide = room / (c->count > 0 ? c->count : 1);
    c->wide = c->wide > 2 ? 2 : c->wide;
}

void chart_draw(struct canvas *canvas, const struct frame *frame, const struct sw_platform *p,
                const struct sw_trend *trend, int row, int col, int rows, int cols)
{
    int bars_cols = cols - SCALE_COLS - LEVEL_COLS;
    if (rows < 6 || bars_cols < 10 || trend->new_count == 0 || trend->bucket_s <= 0)
        return;
    struct chart c = {.canvas = canvas, .frame = frame, .p = p, .trend = trend};
    c.top = row + 1;
    c.rows = rows - 3;
    c.col = col + SCALE_COLS;
    fit(&c, bars_cols);
    join_buckets(&c);
    double highest = fmax(old_pct(&c), 0);
    for (int i = 0; i < c.count; i++)
        highest = fmax(highest, c.pct[i]);
    double gate = fig_gate_limit(p, trend->metric);
    if (gate > 0 && gate < highest * 4)
        highest = fmax(highest, gate);
    c.max = round_up(highest * 1.05);
    char span[FIG_SIZE];
    struct pen pen = canvas_pen(canvas, row, col, col + cols);
    /* A service's requests are counted old and new together. */
    bool is_service = trend->metric == SW_METRIC_ERROR_RATE;
    pen_print(&pen, ROLE_LABEL, "%s per 100 %s%s, one bar = %s", is_service ? "errors" : "crashes",
              is_service ? "requests" : "of ",
              is_service   ? ""
              : p->version ? p->version
              : p->build   ? p->build
                           : "the new version",
              sw_duration_text((int64_t)c.joined * trend->bucket_s, span, sizeof span));
    draw_bars(&c);
    draw_level(&c, gate, ROLE_WARN, "gate");
    draw_level(&c, old_pct(&c), ROLE_OLD, "old");
    draw_scale(&c, col);
    draw_axis(&c, row + rows - 2);
    draw_mark(&c, row + rows - 1);
}
