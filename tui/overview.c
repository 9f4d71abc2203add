/*
 * overview.c: all platforms on one screen, and the selected one in detail.
 *
 * The order of importance decides what stays when rows are few: headline, the rows of platforms,
 * what the selected one's evidence is, what a halt does, what changed, the data's age. Columns are
 * the same from 60 columns on and only grow; below that a telephone's layout.
 */
#include <string.h>

#include "chart.h"
#include "detail.h"
#include "figures.h"
#include "memory.h"
#include "parts.h"
#include "story.h"

#define RULE_MAX 110 /* columns of the lesser rules: three bytes each are a price on a slow line   \
                      */

enum width_class { WIDTH_PHONE, WIDTH_NORMAL, WIDTH_WIDE, WIDTH_HUGE };

/* First column and width of each; width 0: not shown. */
struct column {
    int at, width;
};
struct columns {
    enum width_class width_class;
    struct column name, version, state, stages, set, real, clean, old, spark, against, next, age;
};

static enum width_class class_of(int cols)
{
    return cols < 60    ? WIDTH_PHONE
           : cols < 100 ? WIDTH_NORMAL
           : cols < 160 ? WIDTH_WIDE
                        : WIDTH_HUGE;
}

/* Of the titles; not more than `most`. */
static int longest_title(const struct canvas *canvas, const struct sw_snapshot *s, int most)
{
    int longest = most < 7 ? most : 7;
    for (size_t i = 0; i < s->platform_count && longest < most; i++) {
        char title[FIG_SIZE];
        int width = canvas_width(canvas, fig_bundle(&s->platforms[i], title, sizeof title));
        longest = width > longest ? width : longest;
    }
    return longest < most ? longest : most;
}

/* "● COMPLETE?" always fits; the rare longer words take their room from "against old". */
static int longest_state(const struct canvas *canvas, const struct sw_snapshot *s)
{
    int longest = 11;
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        int width = 2 + canvas_width(canvas, sw_state_title(p->state)) +
                    (fig_is_platform_doubtful(p) && p->state != SW_STATE_UNKNOWN);
        longest = width > longest ? width : longest;
    }
    return longest < 13 ? longest : 13;
}

static struct column take(int *at, int width, int gap)
{
    struct column column = {*at, width};
    if (width > 0)
        *at += width + gap;
    return column;
}

/* "100.00%" with a window behind it takes one column more than every other rate. */
static int clean_width(const struct canvas *canvas, const struct sw_snapshot *s)
{
    char text[FIG_SIZE];
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_health *h = fig_headline_health(&s->platforms[i]);
        if (h != NULL && h->window_s != 3600 &&
            canvas_width(canvas, fig_clean(h, text, sizeof text)) > 6)
            return 10;
    }
    return 9;
}

/* Numbers leave one column free behind them, for the question mark of a doubtful figure. */
static void lay_out(const struct canvas *canvas, const struct sw_snapshot *s, struct columns *c)
{
    static const int name_max[] = {8, 9, 12, 20};
    *c = (struct columns){.width_class = class_of(canvas->cols)};
    bool is_phone = c->width_class == WIDTH_PHONE;
    bool is_wide = c->width_class >= WIDTH_WIDE;
    bool is_huge = c->width_class == WIDTH_HUGE;
    int cols = canvas->cols; /* what gives way first between a telephone and 80 columns */
    int name = longest_title(canvas, s, name_max[c->width_class]);
    int at = s->platform_count > 9 ? 5 : 3;
    c->name = take(&at, name, 1);
    c->version = take(&at, is_huge ? 14 : is_wide ? 7 : 0, 1);
    c->state = take(&at, is_phone ? 1 : is_wide ? 13 : longest_state(canvas, s), 1);
    c->stages = take(&at, is_phone || cols < 72 ? 0 : is_huge ? 12 : 7, 1);
    c->set = take(&at, is_phone && canvas->cols < 32 ? 0 : 5, is_phone ? 1 : 2);
    c->real = take(&at, cols < 80 ? 0 : 5, 2);
    c->clean = take(&at, is_phone && canvas->cols < 24 ? 0 : is_phone ? 8 : clean_width(canvas, s),
                    is_phone ? 2 : 1);
    c->old = take(&at, is_wide ? 6 : 0, 1);
    c->spark = take(&at, is_huge ? 24 : is_wide ? 8 : 0, is_wide ? 1 : 0);
    int tail = cols < 68 ? 0 : is_wide ? 10 + 1 + 4 : 10;
    int left = canvas->cols - at - (tail > 0 ? tail + 1 : 0);
    c->against = take(&at, left > 0 ? left : 0, 1);
    c->next = take(&at, cols < 68 ? 0 : 10, 1);
    c->age = take(&at, is_wide ? 4 : 0, 0);
}

static void draw_head(struct canvas *canvas, int row, const struct columns *c, const char *first,
                      bool has_verdicts)
{
    canvas_put(canvas, row, 2, c->name.at + c->name.width - 2, ROLE_LABEL, first);
    canvas_put(canvas, row, c->version.at, c->version.width, ROLE_LABEL, "version");
    if (c->state.width > 1)
        canvas_put(canvas, row, c->state.at, c->state.width, ROLE_LABEL, "state");
    canvas_put(canvas, row, c->stages.at, c->stages.width, ROLE_LABEL, "stages");
    canvas_put_right(canvas, row, c->set.at, c->set.width, ROLE_LABEL, "set");
    canvas_put_right(canvas, row, c->real.at, c->real.width, ROLE_LABEL, "real");
    canvas_put_right(canvas, row, c->clean.at, c->clean.width, ROLE_LABEL,
                     c->clean.width > 8 ? "clean 1h " : "clean");
    canvas_put_right(canvas, row, c->old.at, c->old.width, ROLE_LABEL, "old");
    canvas_put(canvas, row, c->spark.at, c->spark.width, ROLE_LABEL, "trend");
    canvas_put(canvas, row, c->against.at, c->against.width, ROLE_LABEL,
               !has_verdicts ? "gates" : c->against.width < 11 ? "vs old" : "against old");
    canvas_put(canvas, row, c->next.at, c->next.width, ROLE_LABEL, "next");
    canvas_put_right(canvas, row, c->age.at, c->age.width, ROLE_LABEL, "age");
}

/* A figure, right-aligned, with the question mark of a doubtful one in the free column. */
static void put_figure(struct canvas *canvas, int row, struct column at, enum role role,
                       const char *text, bool is_doubtful)
{
    if (at.width == 0)
        return;
    bool is_figure = strcmp(text, "–") != 0;
    canvas_put_right(canvas, row, at.at, at.width, is_doubtful ? ROLE_STALE : role, text);
    if (is_doubtful && is_figure)
        canvas_put(canvas, row, at.at + at.width, 1, ROLE_STALE, "?");
}

static void put_state(struct canvas *canvas, int row, struct column at, const struct sw_platform *p)
{
    char text[FIG_SIZE];
    bool is_marked = fig_is_platform_doubtful(p) && p->state != SW_STATE_UNKNOWN;
    enum role role = fig_is_platform_doubtful(p) ? ROLE_STALE : fig_state_role(p->state);
    if (at.width == 1)
        tui_format(text, sizeof text, "%s",
                   fig_is_platform_doubtful(p) ? "?" : fig_state_glyph(p->state));
    else
        tui_format(text, sizeof text, "%s %s%s", fig_state_glyph(p->state),
                   sw_state_title(p->state), is_marked ? "?" : "");
    canvas_put(canvas, row, at.at, at.width, role, text);
}

static void put_health(struct canvas *canvas, int row, const struct columns *c,
                       const struct sw_platform *p)
{
    char text[FIG_SIZE];
    const struct sw_health *h = fig_headline_health(p);
    enum role role = p->gates_worst == SW_GATE_FAIL ? ROLE_BAD : ROLE_TEXT;
    fig_clean(h, text, sizeof text);
    bool is_rate = strchr(text, '%') != NULL;
    if (is_rate && c->clean.width > 8) {
        /* The column is of the last hour; another window says so behind the figure. */
        char figure[FIG_SIZE];
        char window[FIG_SIZE] = "";
        if (h->window_s != 3600)
            fig_window(h->window_s, window, sizeof window);
        tui_format(figure, sizeof figure, "%6s%s%-2s", text, fig_is_doubtful(h) ? "?" : " ",
                   window);
        canvas_put(canvas, row, c->clean.at, c->clean.width + 1,
                   fig_is_doubtful(h) ? ROLE_STALE : role, figure);
    } else if (c->clean.width > 8 && canvas_width(canvas, text) < c->clean.width) {
        char figure[FIG_SIZE];
        bool is_marked = fig_is_doubtful(h) && strcmp(text, "–") != 0;
        tui_format(figure, sizeof figure, "%s%s", text, is_marked ? "?" : " ");
        canvas_put_right(canvas, row, c->clean.at, c->clean.width, is_marked ? ROLE_STALE : role,
                         figure);
    } else {
        put_figure(canvas, row, c->clean, role, text, fig_is_doubtful(h));
    }
    if (h == NULL || c->old.width == 0)
        return;
    struct sw_health old = *h;
    old.value = h->old_value;
    old.n = h->old_n;
    old.bad = (struct sw_value){0};
    put_figure(canvas, row, c->old, ROLE_OLD, fig_clean(&old, text, sizeof text),
               fig_is_doubtful(h));
    const struct sw_trend *trend = fig_trend(p, h->metric);
    if (trend == NULL || trend->new_count == 0)
        return;
    struct pen pen = canvas_pen(canvas, row, c->spark.at, c->spark.at + c->spark.width);
    fig_spark(&pen, p->gates_worst == SW_GATE_FAIL ? ROLE_BAD : ROLE_NEW, trend->new_buckets,
              trend->new_count, c->spark.width, fig_trend_scale(p, trend));
}

/* "20% ~Sun 00:21" becomes "20% ~Sun" where the hour does not fit. */
static void put_next(struct canvas *canvas, const struct frame *frame, int row, struct column at,
                     const struct sw_platform *p)
{
    char text[FIG_SIZE];
    if (at.width == 0)
        return;
    fig_next(p, frame->now_ms, text, sizeof text);
    char *hour = strrchr(text, ' ');
    if (canvas_width(canvas, text) > at.width && hour != NULL && strchr(text, ' ') != hour)
        *hour = '\0';
    bool is_open_halt = p->halt_asked_ms != 0 || p->halt_wait != SW_HALT_WAIT_NONE;
    canvas_put(canvas, row, at.at, at.width, is_open_halt ? ROLE_BAD : ROLE_TEXT, text);
}

static void draw_platform(struct canvas *canvas, const struct frame *frame, int row, size_t index,
                          const struct columns *c)
{
    const struct sw_platform *p = &frame->snapshot->platforms[index];
    bool is_selected = p == frame_platform(frame);
    char text[FIG_SIZE];
    char number[24] = "";
    if (index < 999)
        tui_format(number, sizeof number, "%zu", index + 1);
    canvas_put(canvas, row, 0, 1, ROLE_KEY, is_selected ? ">" : " ");
    canvas_put_right(canvas, row, 1, c->name.at - 2, ROLE_TITLE, number);
    canvas_put(canvas, row, c->name.at, c->name.width, ROLE_TITLE,
               fig_bundle(p, text, sizeof text));
    canvas_put(canvas, row, c->version.at, c->version.width, ROLE_TEXT,
               p->version ? p->version
               : p->build ? p->build
                          : "–");
    put_state(canvas, row, c->state, p);
    canvas_put(canvas, row, c->stages.at, c->stages.width,
               fig_is_platform_doubtful(p) ? ROLE_STALE : fig_state_role(p->state),
               c->stages.width ? fig_stages(p, c->stages.width, text, sizeof text) : "");
    put_figure(canvas, row, c->set, ROLE_TEXT,
               sw_percent_text(p->percent_set, false, text, sizeof text),
               fig_is_platform_doubtful(p));
    put_figure(canvas, row, c->real, ROLE_TEXT, fig_real(p->percent_actual, text, sizeof text),
               fig_is_platform_doubtful(p));
    put_health(canvas, row, c, p);
    enum role role = ROLE_TEXT;
    fig_against(p, frame->now_ms, c->against.width >= 20, &role, text, sizeof text);
    canvas_put(canvas, row, c->against.at, c->against.width, role, text);
    put_next(canvas, frame, row, c->next, p);
    if (c->age.width > 0)
        canvas_put_right(canvas, row, c->age.at, c->age.width, ROLE_DIM,
                         fig_age(p->observed_at_ms, frame->now_ms, text, sizeof text));
    if (is_selected)
        canvas_lay(canvas, row, 0, c->name.at + c->name.width + 1, LAYER_SELECTED);
}

static bool has_verdicts(const struct sw_snapshot *s)
{
    for (size_t i = 0; i < s->platform_count; i++) {
        if (s->platforms[i].verdict != SW_VERDICT_UNKNOWN)
            return true;
    }
    return false;
}

/* Rows of platforms, the selected one always among them. Returns the rows used. */
static int draw_table(struct canvas *canvas, const struct frame *frame, int row, int rows,
                      bool has_head)
{
    const struct sw_snapshot *s = frame->snapshot;
    struct columns c;
    lay_out(canvas, s, &c);
    int used = has_head ? 1 : 0;
    size_t shown = (size_t)(rows > used ? rows - used : 0);
    size_t selected = frame->view->platform < s->platform_count ? frame->view->platform : 0;
    size_t first = 0;
    if (s->platform_count > shown && selected >= shown / 2)
        first = selected - shown / 2;
    if (s->platform_count > shown && first + shown > s->platform_count)
        first = s->platform_count - shown;
    char head[FIG_SIZE];
    if (s->platform_count > shown)
        tui_format(head, sizeof head, "%zu-%zu of %zu", first + 1, first + shown,
                   s->platform_count);
    else
        tui_format(head, sizeof head, "platform");
    if (has_head)
        draw_head(canvas, row, &c, head, has_verdicts(s));
    for (size_t i = first; i < s->platform_count && i < first + shown; i++)
        draw_platform(canvas, frame, row + used++, i, &c);
    if (s->platform_count == 0 && rows > used)
        canvas_put(canvas, row + used++, 2, canvas->cols - 2, ROLE_STALE,
                   "no platforms configured");
    return used;
}

/* ---------------------------------------------------------------------- below */

static void draw_detail_rule(struct canvas *canvas, const struct frame *frame, int row, int end)
{
    const struct sw_platform *p = frame_platform(frame);
    char title[LINE_MAX_BYTES];
    detail_title(frame, p, title, sizeof title);
    parts_rule(canvas, row, 0, end, title, p->place);
}

/* Detail and below it what changed: one column. */
static void draw_stacked(struct canvas *canvas, const struct frame *frame, int row, int rows)
{
    int cols = canvas->cols;
    int end = row + rows;
    int changes = rows < 8 ? 0 : rows < 14 ? 2 : rows / 5;
    if (changes > story_count(frame))
        changes = story_count(frame); /* at least one row: that nothing changed is news too */
    if (changes < 1 && rows >= 8)
        changes = 1;
    int tail = rows < 5 ? 0 : 2;
    int detail = rows - 1 - tail - (changes > 0 ? changes + 1 : 0);
    if (frame_platform(frame) != NULL && rows >= 2) {
        draw_detail_rule(canvas, frame, row, cols);
        row += 1 + detail_draw(canvas, frame, frame_platform(frame), row + 1, detail, 1, cols,
                               DETAIL_EFFECT | DETAIL_CHECKLIST);
    }
    /* What the detail did not need goes to the changes. */
    if (changes > 0) {
        changes = end - tail - row - 1;
        parts_rule(canvas, row, 0, cols, "what changed", "");
        (void)story_changes(canvas, frame, row + 1, changes, 1, cols, cols >= 76);
    }
    if (tail > 0) {
        story_if_left(canvas, frame, end - 2, 1, cols);
        story_data(canvas, frame, end - 1, 1, cols);
    }
}

/* The right-hand column on a wide screen: what changed, what comes, what is new. */
static void draw_side(struct canvas *canvas, const struct frame *frame, int row, int rows, int col)
{
    const struct sw_platform *p = frame_platform(frame);
    int end = canvas->cols;
    int used = 0;
    int issues = p != NULL && rows > 12 ? (int)(p->issue_count > 4 ? 4 : p->issue_count) : 0;
    int events = rows - 4 - (issues > 0 ? issues + 1 : 0);
    canvas_put(canvas, row + used++, col, end - col, ROLE_LABEL, "WHAT CHANGED, newest first");
    used += story_changes(canvas, frame, row + used, events > 1 ? events : 1, col, end, false);
    if (used + 2 <= rows) {
        char text[LINE_MAX_BYTES];
        story_if_left_text(frame, text, sizeof text);
        canvas_put(canvas, row + used++, col, end - col, ROLE_LABEL, "IF NOBODY ACTS");
        used += parts_entry(canvas, row + used, rows - used < 3 ? rows - used : 3, col, 1, end, "",
                            ROLE_TEXT, text);
    }
    if (issues > 0 && used + issues + 1 <= rows) {
        canvas_put(canvas, row + used++, col, end - col, ROLE_LABEL, "ISSUES in this release");
        for (int i = 0; i < issues; i++) {
            const struct sw_issue *issue = &p->issues[i];
            char count[FIG_SIZE];
            struct pen pen = canvas_pen(canvas, row + used++, col + 1, end);
            if (issue->events >= 0)
                pen_print(&pen, ROLE_TEXT, "%s× ",
                          fig_count((double)issue->events, count, sizeof count));
            pen_put(&pen, issue->is_new ? ROLE_WARN : ROLE_DIM, issue->is_new ? "new " : "");
            pen_put(&pen, ROLE_TEXT, issue->title);
        }
    }
}

/* What each key would do to the platform: as many as there is room for. */
static int draw_offers(struct canvas *canvas, const struct frame *frame, int row, int most, int end)
{
    static const enum command_id ids[] = {COMMAND_HALT, COMMAND_RESUME, COMMAND_ROLLBACK,
                                          COMMAND_ADVANCE, COMMAND_COMPLETE};
    const struct sw_platform *p = frame_platform(frame);
    char title[FIG_SIZE];
    if (p == NULL || most < 3)
        return 0;
    tui_format(title, sizeof title, "what each key would do to %s now", p->title);
    parts_rule(canvas, row, 0, end < RULE_MAX ? end : RULE_MAX, title, "");
    int used = 1;
    for (size_t i = 0; i < TUI_COUNT(ids) && used < most; i++) {
        const struct command *command = command_get(ids[i]);
        const struct sw_offer *offer = &p->offers[command->verb];
        char label[FIG_SIZE];
        char text[LINE_MAX_BYTES * 2];
        if (!(offer->effect && offer->effect[0]) && !(offer->reason && offer->reason[0]))
            continue;
        tui_format(label, sizeof label, "%c %s", (char)command->keys[0], command->hint);
        char effect[LINE_MAX_BYTES * 2];
        tui_format(text, sizeof text, "%s%s", offer->is_allowed ? "" : "closed: ",
                   offer->is_allowed ? fig_effect(offer, effect, sizeof effect)
                   : offer->reason   ? offer->reason
                                     : "");
        used += parts_entry(canvas, row + used, 1, 1, 12, end, label,
                            offer->is_allowed ? ROLE_TEXT : ROLE_CLOSED, text);
    }
    return used;
}

/* Every other platform's evidence, as far as there is room. */
static void draw_rest(struct canvas *canvas, const struct frame *frame, int row, int end_row)
{
    const struct sw_snapshot *s = frame->snapshot;
    size_t others = s->platform_count > 0 ? s->platform_count - 1 : 0;
    if (others == 0)
        return;
    int each = (end_row - row) / (int)(others > 100 ? 100 : others);
    each = each > 7 ? 7 : each;
    for (size_t i = 0; i < s->platform_count && each >= 3 && row + each <= end_row; i++) {
        const struct sw_platform *p = &s->platforms[i];
        if (p == frame_platform(frame))
            continue;
        char title[LINE_MAX_BYTES];
        detail_title(frame, p, title, sizeof title);
        parts_rule(canvas, row, 0, canvas->cols < RULE_MAX ? canvas->cols : RULE_MAX, title,
                   p->place);
        row += 1 + detail_draw(canvas, frame, p, row + 1, each - 1, 1, canvas->cols, DETAIL_EFFECT);
    }
}

/* Evidence with a chart on the left, the story on the right. */
static void draw_beside(struct canvas *canvas, const struct frame *frame, int row, int rows)
{
    const struct sw_platform *p = frame_platform(frame);
    int cols = canvas->cols;
    int end_row = row + rows;
    int side = cols - (cols >= 160 ? cols * 2 / 5 : 39);
    int block = rows - 1;
    if (block > 30)
        block = 30;
    int offers = block >= 18 ? 6 : 0;
    int detail_rows = block - 1 - offers;
    draw_detail_rule(canvas, frame, row, cols >= 160 ? side - 2 : cols);
    int chart = 0;
    const struct sw_health *h = fig_headline_health(p);
    const struct sw_trend *trend = h ? fig_trend(p, h->metric) : NULL;
    if (trend != NULL && trend->new_count > 1 && detail_rows >= 16)
        chart = detail_rows - 9 > 14 ? 14 : detail_rows - 9;
    if (chart > 0)
        chart_draw(canvas, frame, p, trend, row + 1, 1, chart, side - 3);
    (void)detail_draw(canvas, frame, p, row + 1 + chart, detail_rows - chart, 1, side - 2,
                      DETAIL_CHECKLIST | (offers == 0 ? DETAIL_EFFECT : 0));
    draw_side(canvas, frame, row + 1, detail_rows, side);
    int at = row + 1 + detail_rows;
    if (offers > 0)
        at += draw_offers(canvas, frame, at, offers, cols);
    draw_rest(canvas, frame, at, end_row - 1);
    story_data(canvas, frame, end_row - 1, 1, cols);
}

int overview_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_HALT,     COMMAND_STOP_EVERYTHING,
                                            COMMAND_ADVANCE,  COMMAND_RESUME,
                                            COMMAND_HELP,     COMMAND_LINE,
                                            COMMAND_OPEN,     COMMAND_CHECKLIST,
                                            COMMAND_LOG,      COMMAND_SOURCES,
                                            COMMAND_ROLLBACK, COMMAND_QUIT,
                                            COMMAND_NONE};
    struct headline headline;
    headline_make(frame, &headline);
    int rows = canvas->rows;
    int footer = rows >= 8 ? 1 : 0;
    int row = parts_top(canvas, frame, &headline, rows < 6 ? 1 : rows < 9 ? 2 : rows < 30 ? 3 : 6);
    int body = rows - row - footer;
    int count =
        (int)(frame->snapshot->platform_count < 1000 ? frame->snapshot->platform_count : 1000);
    bool has_head = body > count || body >= 8;
    int reserve = body >= 12 ? body / 2 : 0; /* for the detail, however many platforms there are */
    int want = (count > 0 ? count : 1) + (has_head ? 1 : 0);
    int table = want < body - reserve ? want : body - reserve;
    row += draw_table(canvas, frame, row, table > 0 ? table : 0, has_head);
    int left = rows - footer - row;
    if (left >= 2 && canvas->cols >= 100 && left >= 12 && frame_platform(frame) != NULL)
        draw_beside(canvas, frame, row, left);
    else if (left >= 2)
        draw_stacked(canvas, frame, row, left);
    if (footer)
        parts_footer(canvas, frame, hints);
    return 0;
}
