/*
 * help.c: every command from the one table, and what the signs mean.
 */
#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"

/* Returns the rows used. */
static int put_command(struct canvas *canvas, const struct frame *frame, int row, int col, int end,
                       enum command_id id)
{
    const struct command *command = command_get(id);
    char keys[FIG_SIZE] = "";
    char reason[FIG_SIZE];
    for (size_t i = 0; i < COMMAND_KEYS && command->keys[i] != 0; i++) {
        char name[FIG_SIZE];
        tui_append(keys, sizeof keys, "%s%s", i ? " " : "",
                   key_label(command->keys[i], name, sizeof name));
    }
    bool is_open = command_is_open(id, frame, reason, sizeof reason);
    canvas_put(canvas, row, col, 14, is_open ? ROLE_KEY : ROLE_CLOSED, keys);
    struct pen pen = canvas_pen(canvas, row, col + 15, col + 37);
    pen_print(&pen, ROLE_TEXT, ":%s%s%s", command->name, command->args[0] ? " " : "",
              command->args);
    char text[LINE_MAX_BYTES];
    tui_format(text, sizeof text, "%s", command->help);
    if (!is_open)
        tui_append(text, sizeof text, " (closed: %s)", reason);
    return parts_entry(canvas, row, 3, col, 38, end, "", is_open ? ROLE_TEXT : ROLE_CLOSED, text);
}

static int put_commands(struct page *page, const struct frame *frame, int row, int col, int end,
                        bool is_acting, const char *title)
{
    parts_rule(&page->canvas, row++, col, end, title, "");
    for (int id = 1; id < COMMAND_COUNT; id++) {
        bool acts = !(command_get((enum command_id)id)->flags & COMMAND_READONLY_OK);
        if (acts == is_acting)
            row += put_command(&page->canvas, frame, row, col + 1, end, (enum command_id)id);
    }
    return row;
}

struct sign {
    const char *glyph, *meaning;
};

static const struct sign signs[] = {
    {"►", "rolling"},
    {"■", "halted"},
    {"●", "complete; a stage that is done"},
    {"○", "not in production yet; a stage to come"},
    {"◄", "rolled back"},
    {"×", "failed"},
    {"▲", "worse, or a gate that fails or warns"},
    {"=", "not worse, gates open"},
    {"~", "not enough data; ~10:16: the store does it and has not promised the minute"},
    {"?", "stale, unknown, or from an earlier run: do not trust the figure before it"},
    {"–", "none, or not known"},
};

static const char *const words[] = {
    "set    percent asked for;  real  percent really reached",
    "clean  sessions without a crash, requests without an error; rounded to the bad side",
    "n of m counts instead of a rate: too few for one",
    "HELD   the next stage waits for a gate or the checklist",
    "halt   stops serving the new version to more users; it takes it off nobody's phone",
};

static int put_signs(struct page *page, int row, int col, int end)
{
    parts_rule(&page->canvas, row++, col, end, "signs and words", "");
    for (size_t i = 0; i < TUI_COUNT(signs); i++) {
        canvas_put(&page->canvas, row, col + 1, 2, ROLE_KEY, signs[i].glyph);
        canvas_put(&page->canvas, row++, col + 4, end - col - 4, ROLE_TEXT, signs[i].meaning);
    }
    for (size_t i = 0; i < TUI_COUNT(words); i++)
        canvas_put(&page->canvas, row++, col + 1, end - col - 1, ROLE_TEXT, words[i]);
    return row;
}

int help_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_BACK, COMMAND_DOWN, COMMAND_PAGE_DOWN,
                                            COMMAND_LINE, COMMAND_QUIT, COMMAND_NONE};
    struct page page;
    int footer = canvas->rows >= 8 ? 1 : 0;
    page_open(&page, canvas);
    page.row = put_commands(&page, frame, 0, 0, canvas->cols, true,
                            "what acts: always asks first, never on one key");
    page.row = put_commands(&page, frame, page.row, 0, canvas->cols, false, "what only shows");
    page.row = put_signs(&page, page.row, 0, canvas->cols);
    parts_header(canvas, frame, 0);
    int hidden =
        page_show(&page, canvas, 1, canvas->rows - 1 - footer, frame->view->scroll[SCREEN_HELP]);
    if (footer)
        parts_footer(canvas, frame, hints);
    return hidden;
}
