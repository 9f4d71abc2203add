/*
 * sources.c: where the figures come from: who answers, how fast, how old it is, what is left of the
 * budget; below the list all about the source at the cursor.
 */
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "–";
}

static void put_health(struct pen *pen, const struct frame *frame, const struct sw_source *source)
{
    char text[FIG_SIZE];
    if (source->is_ok && source->is_fresh)
        pen_put(pen, ROLE_OK, "= ok");
    else if (source->failing_since_ms != 0)
        pen_print(pen, ROLE_BAD, "? failing %s",
                  fig_age(source->failing_since_ms, frame->now_ms, text, sizeof text));
    else
        pen_put(pen, ROLE_STALE, source->is_fresh ? "? part of it fails" : "? not asked yet");
}

static void put_head(struct canvas *canvas, int row)
{
    bool is_wide = canvas->cols >= 100;
    canvas_put(canvas, row, 2, 12, ROLE_LABEL, "source");
    canvas_put(canvas, row, 15, 14, ROLE_LABEL, "answers");
    canvas_put_right(canvas, row, 31, 8, ROLE_LABEL, "read");
    canvas_put_right(canvas, row, 40, 8, ROLE_LABEL, "took");
    canvas_put_right(canvas, row, 49, 8, ROLE_LABEL, "next");
    if (is_wide) {
        canvas_put_right(canvas, row, 58, 8, ROLE_LABEL, "polls");
        canvas_put_right(canvas, row, 67, 8, ROLE_LABEL, "failed");
        canvas_put_right(canvas, row, 76, 8, ROLE_LABEL, "budget");
    }
    canvas_put(canvas, row, is_wide ? 86 : 59, canvas->cols - (is_wide ? 86 : 59), ROLE_LABEL,
               is_wide ? "kind, error" : "error");
}

static void put_source(struct canvas *canvas, const struct frame *frame, int row,
                       const struct sw_source *source, bool is_selected)
{
    char text[FIG_SIZE];
    bool is_wide = canvas->cols >= 100;
    canvas_put(canvas, row, 0, 1, ROLE_KEY, is_selected ? ">" : " ");
    canvas_put(canvas, row, 2, 12, ROLE_TITLE, or_dash(source->id));
    struct pen pen = canvas_pen(canvas, row, 15, 31);
    put_health(&pen, frame, source);
    canvas_put_right(canvas, row, 31, 8, source->is_ok ? ROLE_TEXT : ROLE_STALE,
                     fig_age(source->last_ok_at_ms, frame->now_ms, text, sizeof text));
    if (source->latency_ms.is_known)
        tui_format(text, sizeof text, "%.0fms", source->latency_ms.value);
    else
        tui_format(text, sizeof text, "–");
    canvas_put_right(canvas, row, 40, 8, ROLE_DIM, text);
    int64_t until = source->next_poll_at_ms - frame->now_ms;
    if (source->next_poll_at_ms == 0)
        tui_format(text, sizeof text, "–");
    else if (until < 30000)
        tui_format(text, sizeof text, "now");
    else
        sw_age_text(until, text, sizeof text);
    canvas_put_right(canvas, row, 49, 8, ROLE_DIM, text);
    pen = canvas_pen(canvas, row, 59, canvas->cols);
    if (is_wide) {
        canvas_put_right(canvas, row, 58, 8, ROLE_DIM,
                         fig_count((double)source->polls, text, sizeof text));
        canvas_put_right(canvas, row, 67, 8, source->failures ? ROLE_WARN : ROLE_DIM,
                         fig_count((double)source->failures, text, sizeof text));
        if (source->budget_left.is_known)
            canvas_put_right(canvas, row, 76, 8, ROLE_DIM,
                             fig_count(source->budget_left.value, text, sizeof text));
        pen = canvas_pen(canvas, row, 86, canvas->cols);
        pen_print(&pen, ROLE_DIM, "%s  ", or_dash(source->kind));
    }
    pen_put(&pen, ROLE_BAD, source->error);
    if (is_selected)
        canvas_lay(canvas, row, 0, 14, LAYER_SELECTED);
}

static void draw_selected(struct canvas *canvas, const struct frame *frame, int row, int most,
                          const struct sw_source *source)
{
    char text[LINE_MAX_BYTES];
    char a[FIG_SIZE];
    char b[FIG_SIZE];
    parts_rule(canvas, row, 0, canvas->cols, or_dash(source->title), source->base_url);
    int used = 1;
    tui_format(text, sizeof text, "%s; asked every %s, its figures are stale after %s",
               or_dash(source->kind), sw_duration_text(source->interval_s, a, sizeof a),
               sw_duration_text(source->stale_after_s, b, sizeof b));
    used +=
        parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols, "kind", ROLE_TEXT, text);
    if (source->error != NULL) {
        tui_format(text, sizeof text, "%s; failing since %s", source->error,
                   fig_when(source->failing_since_ms, frame->now_ms, a, sizeof a));
        used += parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols, "error", ROLE_BAD,
                            text);
    }
    if (source->budget_note != NULL && source->budget_note[0] != '\0')
        used += parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols, "budget",
                            ROLE_TEXT, source->budget_note);
    if (source->clock_skew_s.is_known && used < most) {
        tui_format(text, sizeof text, "its clock differs from ours by %.0f s",
                   source->clock_skew_s.value);
        (void)parts_entry(canvas, row + used, most - used, 1, 10, canvas->cols, "clock", ROLE_TEXT,
                          text);
    }
}

int sources_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_BACK, COMMAND_POLL, COMMAND_DOWN, COMMAND_HALT,
                                            COMMAND_LINE, COMMAND_HELP, COMMAND_NONE};
    const struct sw_snapshot *s = frame->snapshot;
    struct headline headline;
    headline_make(frame, &headline);
    int row = parts_top(canvas, frame, &headline, canvas->rows < 9 ? 1 : 3);
    int footer = canvas->rows >= 8 ? 1 : 0;
    int body = canvas->rows - footer - row;
    int detail = body >= 12 ? 6 : 0;
    parts_rule(canvas, row, 0, canvas->cols, "sources", "");
    put_head(canvas, row + 1);
    int rows = body - 2 - detail;
    size_t cursor = frame->view->cursor[SCREEN_SOURCES];
    cursor = cursor < s->source_count ? cursor : s->source_count > 0 ? s->source_count - 1 : 0;
    size_t first = page_first(cursor, s->source_count, (size_t)(rows > 0 ? rows : 0));
    for (int i = 0; i < rows && first + (size_t)i < s->source_count; i++)
        put_source(canvas, frame, row + 2 + i, &s->sources[first + (size_t)i],
                   first + (size_t)i == cursor);
    if (detail > 0 && cursor < s->source_count)
        draw_selected(canvas, frame, row + 2 + rows, detail, &s->sources[cursor]);
    if (footer)
        parts_footer(canvas, frame, hints);
    return 0;
}
