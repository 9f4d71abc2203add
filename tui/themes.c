/*
 * themes.c: every theme, each row in its own colours; the selected one is worn by the whole screen
 * while it is selected (act.c).
 *
 * A row says each thing with its sign and word, as the other screens do, so that it can be judged
 * whether they are told apart. Where the terminal has fewer colours, the rows show what is left.
 */
#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"
#include "theme.h"

#define NAME_COLS 20

struct sample {
    const char *text;
    enum role role;
    enum layer layer;
};

/* In the order of what is given up last where the row is narrow. */
static const struct sample samples[] = {
    {"= ok", ROLE_OK, LAYER_SCREEN},         {"▲ warn", ROLE_WARN, LAYER_SCREEN},
    {"▲ bad", ROLE_BAD, LAYER_SCREEN},       {"? stale", ROLE_STALE, LAYER_SCREEN},
    {"selected", ROLE_TEXT, LAYER_SELECTED}, {"► rolling", ROLE_ROLLING, LAYER_SCREEN},
    {"■ halted", ROLE_HALTED, LAYER_SCREEN}, {"dialog", ROLE_TEXT, LAYER_DIALOG},
    {"new 99.61%", ROLE_NEW, LAYER_SCREEN},  {"old 99.82%", ROLE_OLD, LAYER_SCREEN},
    {"H halt", ROLE_KEY, LAYER_SCREEN},      {"closed", ROLE_CLOSED, LAYER_SCREEN},
    {"label", ROLE_LABEL, LAYER_SCREEN},     {"dim", ROLE_DIM, LAYER_SCREEN},
    {"─────", ROLE_RULE, LAYER_SCREEN},
};

static void put_theme(struct canvas *canvas, int row, const struct theme *theme, size_t nth,
                      bool is_worn)
{
    canvas_put(canvas, row, 0, 2, ROLE_KEY, is_worn ? "►" : "");
    canvas_put(canvas, row, 2, NAME_COLS - 1, is_worn ? ROLE_TITLE : ROLE_TEXT, theme->name);
    struct pen pen = canvas_pen(canvas, row, 2 + NAME_COLS, canvas->cols);
    canvas_fill(canvas, row, pen.col, 1, canvas->cols - pen.col, LAYER_SCREEN);
    for (size_t i = 0; i < TUI_COUNT(samples); i++) {
        char text[FIG_SIZE];
        tui_format(text, sizeof text, " %s ", samples[i].text);
        if (!pen_fits(&pen, text))
            break;
        int from = pen.col;
        pen_put(&pen, samples[i].role, text);
        canvas_lay(canvas, row, from, pen.col - from, samples[i].layer);
    }
    canvas_dress(canvas, row, 2 + NAME_COLS, canvas->cols, nth);
}

/* What Enter leaves to do: nothing is written by itself. */
static void put_selected(struct canvas *canvas, int row, int rows, const struct theme *theme)
{
    char text[LINE_MAX_BYTES];
    parts_rule(canvas, row, 0, canvas->cols, theme->name, theme->is_dark ? "dark" : "light");
    tui_format(text, sizeof text, "%s", theme->author[0] ? theme->author : "–");
    int used = 1 + parts_entry(canvas, row + 1, 1, 1, 10, canvas->cols, "author", ROLE_TEXT, text);
    tui_format(text, sizeof text, "ui: {theme: %s}  in the configuration", theme->name);
    if (used < rows)
        parts_entry(canvas, row + used, 1, 1, 10, canvas->cols, "to keep", ROLE_TEXT, text);
}

int themes_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_BACK, COMMAND_DOWN, COMMAND_LINE, COMMAND_HELP,
                                            COMMAND_NONE};
    const struct theme_set *set = frame->view->themes;
    int footer = canvas->rows >= 8 ? 1 : 0;
    int detail = canvas->rows >= 14 ? 3 : 0;
    int rows = canvas->rows - 2 - footer - detail;
    parts_header(canvas, frame, 0);
    parts_rule(canvas, 1, 0, canvas->cols,
               "themes: Enter keeps the selected one, Esc puts the old one back", "");
    size_t count = set != NULL ? set->count : 0;
    size_t cursor = frame->view->cursor[SCREEN_THEMES];
    cursor = cursor < count ? cursor : count > 0 ? count - 1 : 0;
    size_t first = page_first(cursor, count, (size_t)(rows > 0 ? rows : 0));
    for (int i = 0; i < rows && first + (size_t)i < count; i++) {
        size_t at = first + (size_t)i;
        put_theme(canvas, 2 + i, &set->items[at], at + 1, at == cursor);
    }
    if (detail > 0 && count > 0)
        put_selected(canvas, 2 + rows, detail, &set->items[cursor]);
    if (footer)
        parts_footer(canvas, frame, hints);
    return 0;
}
