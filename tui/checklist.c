/*
 * checklist.c: what is done and what is left, phase by phase; space ticks the item at the cursor.
 */
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"

static const char *phase_of(const struct sw_checklist *list, size_t i)
{
    return list->items[i].phase ? list->items[i].phase : "";
}

static bool begins_phase(const struct sw_checklist *list, size_t i)
{
    return i == 0 || strcmp(phase_of(list, i), phase_of(list, i - 1)) != 0;
}

static void put_phase(struct canvas *canvas, int row, const struct sw_checklist *list, size_t first)
{
    size_t done = 0;
    size_t total = 0;
    char right[FIG_SIZE];
    for (size_t i = first; i < list->count && (i == first || !begins_phase(list, i)); i++) {
        total++;
        done += list->items[i].is_done;
    }
    tui_format(right, sizeof right, "%zu of %zu", done, total);
    parts_rule(canvas, row, 0, canvas->cols, phase_of(list, first), right);
}

static void put_item(struct canvas *canvas, const struct frame *frame, int row,
                     const struct sw_checklist_item *item, bool is_selected)
{
    char when[FIG_SIZE];
    int indent = 3 + (item->depth > 6 ? 6 : item->depth < 0 ? 0 : item->depth) * 2;
    struct pen pen = canvas_pen(canvas, row, indent, canvas->cols);
    canvas_put(canvas, row, 0, 1, ROLE_KEY, is_selected ? ">" : " ");
    bool blocks = item->is_blocking && !item->is_done;
    pen_put(&pen,
            item->is_done ? ROLE_OK
            : blocks      ? ROLE_WARN
                          : ROLE_TEXT,
            item->is_done ? "● " : "○ ");
    pen_put(&pen, item->is_done ? ROLE_DIM : blocks ? ROLE_WARN : ROLE_TEXT, item->text);
    if (blocks)
        pen_put(&pen, ROLE_WARN, "  blocks advance");
    if (item->owner != NULL)
        pen_print(&pen, ROLE_TEXT, "  %s", item->owner);
    if (item->due != NULL)
        pen_print(&pen, ROLE_DIM, "  %s", item->due);
    if (item->is_done && item->done_by != NULL)
        pen_print(&pen, ROLE_DIM, "  %s, %s", item->done_by,
                  fig_when(item->done_at_ms, frame->now_ms, when, sizeof when));
    else if (item->is_done_in_file)
        pen_put(&pen, ROLE_DIM, "  in the file");
    if (is_selected)
        canvas_lay(canvas, row, 0, canvas->cols, LAYER_SELECTED);
}

/* Items and headings between them, with the cursor's item always in sight. */
static void draw_items(struct canvas *canvas, const struct frame *frame, int row, int rows)
{
    const struct sw_checklist *list = &frame->snapshot->checklist;
    size_t cursor = frame->view->cursor[SCREEN_CHECKLIST];
    cursor = cursor < list->count ? cursor : list->count - 1;
    /* Row of each item when all are drawn; headings take one each. */
    size_t at_cursor = 0;
    size_t all = 0;
    for (size_t i = 0; i < list->count; i++) {
        all += begins_phase(list, i);
        if (i == cursor)
            at_cursor = all;
        all++;
    }
    size_t first = page_first(at_cursor, all, (size_t)rows);
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (begins_phase(list, i)) {
            if (at >= first && at < first + (size_t)rows)
                put_phase(canvas, row + (int)(at - first), list, i);
            at++;
        }
        if (at >= first && at < first + (size_t)rows)
            put_item(canvas, frame, row + (int)(at - first), &list->items[i], i == cursor);
        at++;
    }
}

static void draw_summary(struct canvas *canvas, const struct frame *frame, int row)
{
    const struct sw_checklist *list = &frame->snapshot->checklist;
    char age[FIG_SIZE];
    struct pen pen = canvas_pen(canvas, row, 1, canvas->cols);
    pen_print(&pen, ROLE_TITLE, "CHECKLIST %zu of %zu done", list->done, list->total);
    if (list->blocking_open > 0)
        pen_print(&pen, ROLE_WARN, " · %zu open that block%s advance", list->blocking_open,
                  list->blocking_open == 1 ? "s" : "");
    pen_print(&pen, ROLE_DIM, "   %s at %s, read %s", list->file ? list->file : "–",
              list->ref ? list->ref : "–",
              fig_ago(list->observed_at_ms, frame->now_ms, age, sizeof age));
}

int checklist_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_TICK, COMMAND_BACK, COMMAND_DOWN, COMMAND_HALT,
                                            COMMAND_LINE, COMMAND_HELP, COMMAND_NONE};
    const struct sw_checklist *list = &frame->snapshot->checklist;
    struct headline headline;
    headline_make(frame, &headline);
    int row = parts_top(canvas, frame, &headline, canvas->rows < 9 ? 1 : 3);
    int footer = canvas->rows >= 8 ? 1 : 0;
    int rows = canvas->rows - footer - row - 1;
    if (!list->is_known) {
        (void)parts_entry(canvas, row, rows, 1, 12, canvas->cols, "CHECKLIST", ROLE_STALE,
                          list->note && list->note[0] ? list->note : "UNKNOWN: not read yet");
    } else {
        draw_summary(canvas, frame, row);
        if (list->count > 0 && rows > 0)
            draw_items(canvas, frame, row + 1, rows);
        else
            canvas_put(canvas, row + 1, 1, canvas->cols - 1, ROLE_DIM,
                       "the file has no task items");
    }
    if (footer)
        parts_footer(canvas, frame, hints);
    return 0;
}
