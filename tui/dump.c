/* dump.c: see dump.h. */
#include "dump.h"

#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "memory.h"

/* ------------------------------------------------------------------------ ansi */

static void add_color(struct text *out, int color, enum color_depth depth, bool is_background)
{
    int base = is_background ? 40 : 30;
    if (color == COLOR_DEFAULT)
        return;
    if (depth == COLOR_TRUE && color >= 16)
        text_print(out, ";%d;2;%d;%d;%d", base + 8, color >> 16 & 255, color >> 8 & 255,
                   color & 255);
    else if (color >= 16)
        text_print(out, ";%d;5;%d", base + 8, color);
    else
        text_print(out, ";%d", color < 8 ? base + color : base + 60 + color - 8);
}

static void add_look(struct text *out, const struct look *look, enum color_depth depth)
{
    text_puts(out, "\033[0");
    if (look->is_bold)
        text_puts(out, ";1");
    if (look->is_dim)
        text_puts(out, ";2");
    if (look->is_underlined)
        text_puts(out, ";4");
    if (look->is_reverse)
        text_puts(out, ";7");
    add_color(out, look->fg, depth, false);
    add_color(out, look->bg, depth, true);
    text_puts(out, "m");
}

char *dump_ansi(const struct canvas *canvas, const struct theme *theme, enum color_depth depth)
{
    struct text out = {0};
    for (int row = 0; row < canvas->rows; row++) {
        struct look last = {.fg = -2};
        for (int col = 0; col < canvas->cols; col++) {
            const struct cell *cell = canvas_at(canvas, row, col);
            struct look look = theme_look(theme, depth, cell);
            char piece[16];
            if (memcmp(&look, &last, sizeof look) != 0)
                add_look(&out, &look, depth);
            last = look;
            canvas_cell_text(cell, piece);
            text_puts(&out, piece);
        }
        text_puts(&out, "\033[0m\n");
    }
    return text_take(&out);
}

/* ------------------------------------------------------------------------- svg */

#define CELL_WIDTH  8.4
#define CELL_HEIGHT 18

/* For themes that leave colours to the terminal: the picture needs some. */
static const int svg_ansi[16] = {0x1c1c1c, 0xd75f5f, 0x5faf5f, 0xd7af5f, 0x5f87d7, 0xaf87d7,
                                 0x5fafaf, 0xd0d0d0, 0x626262, 0xff8787, 0x87d787, 0xffd787,
                                 0x87afff, 0xd7afff, 0x87d7d7, 0xffffff};
#define SVG_TEXT 0xd5dee8
#define SVG_BACK 0x11161d

static int svg_color(struct color color, int preset)
{
    if (color.rgb != COLOR_DEFAULT)
        return color.rgb;
    return color.ansi != COLOR_DEFAULT ? svg_ansi[color.ansi & 15] : preset;
}

static void add_escaped(struct text *out, const char *piece)
{
    for (; *piece != '\0'; piece++) {
        if (*piece == '&')
            text_puts(out, "&amp;");
        else if (*piece == '<')
            text_puts(out, "&lt;");
        else
            text_add(out, piece, 1);
    }
}

struct svg_look {
    int fg, bg;
    bool is_bold, is_dim, is_underlined;
};

static struct svg_look svg_look(const struct theme *worn, const struct cell *cell)
{
    const struct theme *theme = theme_of_cell(worn, cell);
    const struct style *style = &theme->roles[cell->role];
    struct svg_look look = {.fg = svg_color(style->fg, SVG_TEXT),
                            .bg = svg_color(theme->layers[cell->layer], SVG_BACK),
                            .is_bold = style->is_bold,
                            .is_dim = style->is_dim,
                            .is_underlined = style->is_underlined};
    bool swaps = cell->layer == LAYER_SELECTED && theme->is_selected_reverse;
    if (cell->is_reverse != swaps) {
        int fg = look.fg;
        look.fg = look.bg;
        look.bg = fg;
        look.is_dim = false;
    }
    return look;
}

static bool is_same_look(const struct svg_look *a, const struct svg_look *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->is_bold == b->is_bold && a->is_dim == b->is_dim &&
           a->is_underlined == b->is_underlined;
}

/* One run of cells that look the same: its background, then its text. */
static void add_run(struct text *out, const struct canvas *canvas, int row, int from, int to,
                    const struct svg_look *look, int screen_bg)
{
    double x = from * CELL_WIDTH;
    double width = (to - from) * CELL_WIDTH;
    struct text words = {0};
    bool is_blank = true;
    for (int col = from; col < to; col++) {
        char piece[16];
        canvas_cell_text(canvas_at(canvas, row, col), piece);
        is_blank = is_blank && (piece[0] == ' ' || piece[0] == '\0');
        add_escaped(&words, piece);
    }
    if (look->bg != screen_bg)
        text_print(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#%06x\"/>",
                   x, row * CELL_HEIGHT, width, CELL_HEIGHT, (unsigned)look->bg);
    char *text = text_take(&words);
    if (!is_blank) {
        text_print(out,
                   "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" "
                   "lengthAdjust=\"spacingAndGlyphs\" fill=\"#%06x\"%s%s%s>",
                   x, row * CELL_HEIGHT + 14, width, (unsigned)look->fg,
                   look->is_bold ? " font-weight=\"bold\"" : "",
                   look->is_dim ? " fill-opacity=\"0.7\"" : "",
                   look->is_underlined ? " text-decoration=\"underline\"" : "");
        text_puts(out, text);
        text_puts(out, "</text>");
    }
    free(text);
}

char *dump_svg(const struct canvas *canvas, const struct theme *theme)
{
    struct text out = {0};
    int back = svg_color(theme->layers[LAYER_SCREEN], SVG_BACK);
    text_print(&out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" "
               "xml:space=\"preserve\" "
               "font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"14\">"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>\n",
               canvas->cols * CELL_WIDTH, canvas->rows * CELL_HEIGHT, (unsigned)back);
    for (int row = 0; row < canvas->rows; row++) {
        int from = 0;
        struct svg_look look = svg_look(theme, canvas_at(canvas, row, 0));
        for (int col = 1; col <= canvas->cols; col++) {
            struct svg_look next = {.fg = -1};
            if (col < canvas->cols)
                next = svg_look(theme, canvas_at(canvas, row, col));
            if (col < canvas->cols && is_same_look(&look, &next))
                continue;
            add_run(&out, canvas, row, from, col, &look, back);
            from = col;
            look = next;
        }
        text_puts(&out, "\n");
    }
    text_puts(&out, "</svg>\n");
    return text_take(&out);
}

/* ---------------------------------------------------------------------- screen */

static enum sw_code no_screen(const char *name, struct sw_error *err)
{
    if (err == NULL)
        return SW_E_USAGE;
    *err = (struct sw_error){.code = SW_E_USAGE};
    tui_format(err->text, sizeof err->text, "no screen \"%.40s\"; there are", name ? name : "");
    for (int id = 0; id < SCREEN_COUNT; id++)
        tui_append(err->text, sizeof err->text, " %s", screen_get((enum screen_id)id)->name);
    return SW_E_USAGE;
}

/* The themes in their own colours, with the one that is worn selected. */
static void show_set(struct view *view, struct theme *worn, const struct theme_set *set)
{
    view->themes = set;
    worn->others = set;
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        if (!strcmp(set->items[i].name, worn->name))
            view->cursor[SCREEN_THEMES] = i;
    }
}

enum sw_code tui_screen_text(const struct sw_snapshot *snapshot, const struct dump_options *options,
                             char **out, struct sw_error *err)
{
    struct view view = {.screen = screen_find(options->screen),
                        .platform = fig_worst_platform(snapshot)};
    if (view.screen == SCREEN_COUNT)
        return no_screen(options->screen, err);
    for (size_t i = 0; options->platform != NULL && i < snapshot->platform_count; i++) {
        if (!strcmp(snapshot->platforms[i].id, options->platform))
            view.platform = i;
    }
    struct frame frame = {.snapshot = snapshot, .now_ms = options->now_ms, .view = &view};
    struct theme worn;
    theme_terminal(&worn);
    if (options->theme != NULL)
        worn = *options->theme;
    struct theme_set *set = view.screen == SCREEN_THEMES ? theme_set_load() : NULL;
    show_set(&view, &worn, set);
    struct canvas canvas;
    canvas_init(&canvas, options->rows, options->cols, options->charset);
    screen_draw(&canvas, &frame);
    if (options->format == DUMP_ANSI)
        *out = dump_ansi(&canvas, &worn, options->depth);
    else if (options->format == DUMP_SVG)
        *out = dump_svg(&canvas, &worn);
    else
        *out = canvas_text(&canvas);
    canvas_clear(&canvas);
    free(set);
    return SW_OK;
}
