/*
 * log.c: the ledger, newest first: what was asked, by whom, and how it ended; below the list all of
 * the record at the cursor.
 */
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"

static enum role event_role(const struct sw_event *e)
{
    if (e->kind == SW_EVENT_OUTCOME)
        return fig_result_role(e->result);
    return e->kind == SW_EVENT_CHANGE ? ROLE_WARN : ROLE_TEXT;
}

/* The record shown in a row: row 0 is the newest. */
static const struct sw_event *event_at(const struct sw_snapshot *s, size_t row)
{
    return row < s->event_count ? &s->events[s->event_count - 1 - row] : NULL;
}

static void put_event(struct canvas *canvas, const struct frame *frame, int row,
                      const struct sw_event *e, bool is_selected)
{
    char text[FIG_SIZE];
    bool is_wide = canvas->cols >= 100;
    canvas_put(canvas, row, 0, 1, ROLE_KEY, is_selected ? ">" : " ");
    canvas_put(canvas, row, 2, 10, ROLE_DIM, fig_when(e->at_ms, frame->now_ms, text, sizeof text));
    canvas_put(canvas, row, 13, 8, event_role(e), sw_event_kind_name(e->kind));
    int at = 22;
    if (canvas->cols >= 60) {
        canvas_put(canvas, row, at, 9, ROLE_TEXT, e->platform ? e->platform : "");
        at += 10;
    }
    if (is_wide) {
        canvas_put(canvas, row, at, 22, ROLE_DIM,
                   e->kind == SW_EVENT_CHANGE ? "somebody else"
                   : e->actor                 ? e->actor
                                              : "");
        at += 23;
    }
    struct pen pen = canvas_pen(canvas, row, at, canvas->cols);
    pen_put(&pen, event_role(e), e->text);
    if (e->kind == SW_EVENT_OUTCOME)
        pen_print(&pen, event_role(e), "  %s",
                  fig_upper(sw_result_name(e->result), text, sizeof text));
    if (e->commit == NULL)
        pen_put(&pen, ROLE_BAD, "  not recorded");
    if (is_selected)
        canvas_lay(canvas, row, 0, canvas->cols, LAYER_SELECTED);
}

static void add_field(char *out, size_t size, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        tui_append(out, size, "%s%s %s", out[0] ? " · " : "", name, value);
}

static int draw_record(struct canvas *canvas, const struct frame *frame, int row, int most,
                       const struct sw_event *e)
{
    char date[FIG_SIZE];
    char clock[FIG_SIZE];
    char from[FIG_SIZE];
    char to[FIG_SIZE];
    char fields[LINE_MAX_BYTES] = "";
    (void)frame;
    tui_format(fields, sizeof fields, "%s (%s)", fig_date(e->at_ms, date, sizeof date),
               fig_clock_s(e->at_ms, clock, sizeof clock));
    /* Who writes a change down has only seen it. */
    add_field(fields, sizeof fields, e->kind == SW_EVENT_CHANGE ? "noticed by" : "by", e->actor);
    add_field(fields, sizeof fields, "version", e->version);
    add_field(fields, sizeof fields, "identity", e->identity);
    if (e->from_percent.is_known || e->to_percent.is_known)
        tui_append(fields, sizeof fields, " · %s to %s",
                   sw_percent_text(e->from_percent, false, from, sizeof from),
                   sw_percent_text(e->to_percent, false, to, sizeof to));
    add_field(fields, sizeof fields, "item", e->item);
    add_field(fields, sizeof fields, "record", e->commit);
    int used = 0;
    if (e->override_text != NULL) /* first: it must not be what is cut off */
        used += parts_entry(canvas, row, most, 1, 10, canvas->cols, "OVERRIDE", ROLE_WARN,
                            e->override_text);
    used += parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols,
                        sw_event_kind_name(e->kind), ROLE_TEXT, fields);
    if (e->reason != NULL && e->reason[0] != '\0')
        used += parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols, "reason",
                            ROLE_TEXT, e->reason);
    return used;
}

int log_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_BACK, COMMAND_DOWN, COMMAND_PAGE_DOWN,
                                            COMMAND_HALT, COMMAND_LINE, COMMAND_HELP,
                                            COMMAND_NONE};
    const struct sw_snapshot *s = frame->snapshot;
    struct headline headline;
    headline_make(frame, &headline);
    int row = parts_top(canvas, frame, &headline, canvas->rows < 9 ? 1 : 3);
    int footer = canvas->rows >= 8 ? 1 : 0;
    int body = canvas->rows - footer - row;
    int record = body >= 12 ? 5 : body >= 8 ? 3 : 0;
    char title[FIG_SIZE];
    tui_format(title, sizeof title, "ledger, the newest %zu", s->event_count);
    parts_rule(canvas, row, 0, canvas->cols, title, s->is_ledger_ok ? "" : "cannot be written");
    size_t cursor = frame->view->cursor[SCREEN_LOG];
    cursor = cursor < s->event_count ? cursor : s->event_count > 0 ? s->event_count - 1 : 0;
    const struct sw_event *selected = event_at(s, cursor);
    if (record >= 5 && selected != NULL && selected->override_text != NULL)
        record++;
    int rows = body - 1 - record;
    size_t first = page_first(cursor, s->event_count, (size_t)(rows > 0 ? rows : 0));
    for (int i = 0; i < rows; i++) {
        const struct sw_event *e = event_at(s, first + (size_t)i);
        if (e != NULL)
            put_event(canvas, frame, row + 1 + i, e, first + (size_t)i == cursor);
    }
    if (s->event_count == 0 && rows > 0)
        canvas_put(canvas, row + 1, 2, canvas->cols - 2, ROLE_DIM, "nothing recorded yet");
    if (record > 0 && selected != NULL) {
        int at = row + 1 + rows;
        parts_rule(canvas, at, 0, canvas->cols, "", selected->uuid);
        (void)draw_record(canvas, frame, at + 1, record - 1, selected);
    }
    if (footer)
        parts_footer(canvas, frame, hints);
    return 0;
}
