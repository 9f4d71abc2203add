/* canvas.c: see canvas.h. */
#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "memory.h"

#define REPLACEMENT 0xFFFDU
#define ELLIPSIS    0x2026U
#define LINE_BYTES  2048 /* of one formatted piece */

/* ---------------------------------------------------------------- characters */

struct twin {
    uint32_t code_point;
    char ascii;
};

/* Every glyph of ours outside ASCII, in order of code point, with its one-column twin. */
static const struct twin twins[] = {
    {0x00A0, ' '},  {0x00B0, 'o'},  {0x00B7, '|'}, {0x00D7, 'x'}, {0x2013, '-'}, {0x2014, '-'},
    {0x2018, '\''}, {0x2019, '\''}, {0x201C, '"'}, {0x201D, '"'}, {0x2022, '*'}, {0x2026, '~'},
    {0x2190, '<'},  {0x2191, '^'},  {0x2192, '>'}, {0x2193, 'v'}, {0x2264, '<'}, {0x2265, '>'},
    {0x2500, '-'},  {0x2502, '|'},  {0x250C, '+'}, {0x2510, '+'}, {0x2514, '`'}, {0x2518, '+'},
    {0x251C, '+'},  {0x2524, '+'},  {0x252C, '+'}, {0x2534, '+'}, {0x2550, '='}, {0x2580, '"'},
    {0x2581, '_'},  {0x2582, '.'},  {0x2583, ':'}, {0x2584, '-'}, {0x2585, '='}, {0x2586, '+'},
    {0x2587, '#'},  {0x2588, '%'},  {0x258C, '|'}, {0x2590, '|'}, {0x2591, '.'}, {0x25A0, '#'},
    {0x25B2, '!'},  {0x25BA, '>'},  {0x25BC, 'v'}, {0x25C4, '<'}, {0x25CB, 'o'}, {0x25CF, '*'},
};

static char ascii_twin(uint32_t code_point)
{
    size_t low = 0;
    size_t high = TUI_COUNT(twins);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (twins[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < TUI_COUNT(twins) && twins[low].code_point == code_point ? twins[low].ascii : '?';
}

size_t canvas_decode(const char *text, uint32_t *out)
{
    const unsigned char *s = (const unsigned char *)text;
    *out = s[0];
    if (s[0] == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t need = s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : 1;
    uint32_t value = s[0] & (0x3FU >> need);
    *out = REPLACEMENT;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 1;
    for (size_t i = 1; i <= need; i++) {
        if ((s[i] & 0xC0U) != 0x80U)
            return 1;
        value = value << 6 | (s[i] & 0x3FU);
    }
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (value < least[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 1;
    *out = value;
    return need + 1;
}

size_t canvas_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80U | (code_point & 0x3FU));
        code_point >>= 6;
    }
    out[0] = (char)(lead[more] | code_point);
    return more + 1;
}

/* Characters without width that change how their neighbours are shown or read. They never come
 * from the core; a canvas does not rely on that. */
static bool is_invisible(uint32_t cp)
{
    return cp == 0xAD || cp == 0x34F || cp == 0x61C || cp == 0x115F || cp == 0x1160 ||
           (cp >= 0x180B && cp <= 0x180F) || (cp >= 0x200B && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x206F) || cp == 0x3164 ||
           (cp >= 0xFE00 && cp <= 0xFE0F) || cp == 0xFEFF || cp == 0xFFA0 ||
           (cp >= 0xFFF0 && cp <= 0xFFFB) || cp >= 0xE0000;
}

/* The character as this character set shows it; *width 0 for a mark, -1 for nothing at all. */
static uint32_t shown_as(enum charset charset, uint32_t cp, int *width)
{
    *width = 1;
    if (cp < 0x20 || cp == 0x7F)
        return charset == CHARSET_ASCII ? '?' : REPLACEMENT;
    if (cp < 0x7F)
        return cp;
    if (is_invisible(cp)) {
        *width = -1;
        return 0;
    }
    if (charset == CHARSET_ASCII)
        return (unsigned char)ascii_twin(cp);
    int columns = cp < 0xA0 ? -1 : wcwidth((wchar_t)cp);
    if (columns < 0)
        return REPLACEMENT;
    *width = columns;
    return cp;
}

uint32_t canvas_eighth(const struct canvas *canvas, int eighths)
{
    static const char ascii[] = " _.:-=+#%";
    int level = eighths < 0 ? 0 : eighths > 8 ? 8 : eighths;
    if (canvas->charset != CHARSET_UTF8)
        return (unsigned char)ascii[level];
    return level == 0 ? ' ' : 0x2580U + (uint32_t)level;
}

/* -------------------------------------------------------------------- canvas */

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void canvas_init(struct canvas *canvas, int rows, int cols, enum charset charset)
{
    canvas->rows = clamp(rows, 1, CANVAS_MAX_ROWS);
    canvas->cols = clamp(cols, 1, CANVAS_MAX_COLS);
    canvas->charset = charset;
    canvas->cells = tui_alloc((size_t)canvas->rows * (size_t)canvas->cols, sizeof *canvas->cells);
    canvas_blank(canvas);
}

void canvas_clear(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

void canvas_blank(struct canvas *canvas)
{
    size_t count = (size_t)canvas->rows * (size_t)canvas->cols;
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = (struct cell){.base = ' '};
}

const struct cell *canvas_at(const struct canvas *canvas, int row, int col)
{
    tui_assert(row >= 0 && row < canvas->rows && col >= 0 && col < canvas->cols);
    return &canvas->cells[(size_t)row * (size_t)canvas->cols + (size_t)col];
}

/* NULL for what must not be written. */
static struct cell *cell_at(struct canvas *canvas, int row, int col)
{
    if (row < 0 || col < 0 || row >= canvas->rows || col >= canvas->cols)
        return NULL;
    if (row == canvas->rows - 1 && col == canvas->cols - 1)
        return NULL;
    return &canvas->cells[(size_t)row * (size_t)canvas->cols + (size_t)col];
}

/* The end of the writable part of a row. */
static int row_end(const struct canvas *canvas, int row)
{
    return row == canvas->rows - 1 ? canvas->cols - 1 : canvas->cols;
}

/* Overwriting one half of a wide character blanks the other. */
static void break_wide(struct canvas *canvas, int row, int col)
{
    struct cell *cell = cell_at(canvas, row, col);
    if (cell == NULL)
        return;
    struct cell *left = cell_at(canvas, row, col - 1);
    struct cell *right = cell_at(canvas, row, col + 1);
    if (cell->base == 0 && left != NULL)
        left->base = ' ';
    if (cell->base != 0 && right != NULL && right->base == 0)
        right->base = ' ';
}

static void set_cell(struct canvas *canvas, int row, int col, uint32_t base, enum role role)
{
    struct cell *cell = cell_at(canvas, row, col);
    if (cell == NULL)
        return;
    break_wide(canvas, row, col);
    cell->base = base;
    memset(cell->marks, 0, sizeof cell->marks);
    cell->role = (uint8_t)role;
    cell->is_reverse = false;
    cell->theme = 0;
}

static void add_mark(struct canvas *canvas, int row, int col, uint32_t mark)
{
    struct cell *cell = cell_at(canvas, row, col);
    if (cell != NULL && cell->base == 0)
        cell = cell_at(canvas, row, col - 1);
    if (cell == NULL || cell->base <= ' ')
        return;
    for (size_t i = 0; i < CELL_MARKS; i++) {
        if (cell->marks[i] == 0) {
            cell->marks[i] = mark;
            return;
        }
    }
}

/* Columns of text, counting no further than `limit`. */
static int columns_up_to(enum charset charset, const char *text, int limit)
{
    int columns = 0;
    uint32_t cp;
    for (size_t used; columns <= limit && (used = canvas_decode(text, &cp)) > 0; text += used) {
        int width;
        shown_as(charset, cp, &width);
        columns += width > 0 ? width : 0;
    }
    return columns;
}

int canvas_width(const struct canvas *canvas, const char *text)
{
    return text == NULL ? 0 : columns_up_to(canvas->charset, text, CANVAS_MAX_COLS);
}

/* Draws whole characters up to column `end`; returns the column after the last. */
static int draw_text(struct canvas *canvas, int row, int col, int end, enum role role,
                     const char *text)
{
    int start = col;
    uint32_t cp;
    for (size_t used; (used = canvas_decode(text, &cp)) > 0; text += used) {
        int width;
        uint32_t base = shown_as(canvas->charset, cp, &width);
        if (width == 0 && col > start)
            add_mark(canvas, row, col - 1, base);
        if (width <= 0)
            continue;
        if (col + width > end)
            break;
        set_cell(canvas, row, col, base, role);
        if (width == 2)
            set_cell(canvas, row, col + 1, 0, role);
        col += width;
    }
    return col;
}

int canvas_put(struct canvas *canvas, int row, int col, int width, enum role role, const char *text)
{
    if (text == NULL || row < 0 || row >= canvas->rows || col < 0 || col >= canvas->cols)
        return 0;
    int end = clamp(width, 0, CANVAS_MAX_COLS) + col;
    end = end < row_end(canvas, row) ? end : row_end(canvas, row);
    int room = end - col;
    if (room <= 0)
        return 0;
    if (columns_up_to(canvas->charset, text, room) <= room)
        return draw_text(canvas, row, col, end, role, text) - col;
    int at = draw_text(canvas, row, col, end - 1, role, text);
    int marker_width;
    set_cell(canvas, row, at, shown_as(canvas->charset, ELLIPSIS, &marker_width), role);
    canvas_repeat(canvas, row, at + 1, end - at - 1, role, ' ');
    return room;
}

int canvas_put_right(struct canvas *canvas, int row, int col, int width, enum role role,
                     const char *text)
{
    int columns =
        text == NULL ? 0 : columns_up_to(canvas->charset, text, clamp(width, 0, CANVAS_MAX_COLS));
    int pad = columns < width ? width - columns : 0;
    return canvas_put(canvas, row, col + pad, width - pad, role, text);
}

void canvas_repeat(struct canvas *canvas, int row, int col, int width, enum role role,
                   uint32_t code_point)
{
    int columns;
    uint32_t base = shown_as(canvas->charset, code_point, &columns);
    int end = clamp(width, 0, CANVAS_MAX_COLS) + col;
    for (int at = col < 0 ? 0 : col; columns == 1 && at < end && at < canvas->cols; at++)
        set_cell(canvas, row, at, base, role);
}

void canvas_fill(struct canvas *canvas, int row, int col, int rows, int cols, enum layer layer)
{
    for (int y = row < 0 ? 0 : row; y < row + rows && y < canvas->rows; y++) {
        canvas_repeat(canvas, y, col, cols, ROLE_TEXT, ' ');
        canvas_lay(canvas, y, col, cols, layer);
    }
}

void canvas_copy(struct canvas *to, int row, const struct canvas *from, int from_row, int rows)
{
    for (int y = 0; y < rows && from_row + y < from->rows && row + y < to->rows; y++) {
        for (int x = 0; x < from->cols && x < to->cols; x++) {
            struct cell *cell = cell_at(to, row + y, x);
            if (cell != NULL)
                *cell = *canvas_at(from, from_row + y, x);
        }
    }
}

void canvas_lay(struct canvas *canvas, int row, int col, int cols, enum layer layer)
{
    for (int x = col < 0 ? 0 : col; x < col + cols && x < canvas->cols; x++) {
        struct cell *cell = cell_at(canvas, row, x);
        if (cell != NULL)
            cell->layer = (uint8_t)layer;
    }
}

void canvas_dress(struct canvas *canvas, int row, int col, int cols, size_t nth)
{
    for (int x = col < 0 ? 0 : col; x < col + cols && x < canvas->cols; x++) {
        struct cell *cell = cell_at(canvas, row, x);
        if (cell != NULL)
            cell->theme = (uint8_t)nth;
    }
}

void canvas_reverse(struct canvas *canvas, int row, int col, int cols)
{
    for (int x = col < 0 ? 0 : col; x < col + cols && x < canvas->cols; x++) {
        struct cell *cell = cell_at(canvas, row, x);
        if (cell != NULL)
            cell->is_reverse = true;
    }
}

/* ---------------------------------------------------------------------- wrap */

void canvas_wrap(const struct canvas *canvas, const char *text, int width, char *line, size_t size,
                 const char **next)
{
    while (*text == ' ')
        text++;
    const char *end = text;   /* of what fits */
    const char *space = NULL; /* the last place to break */
    int columns = 0;
    uint32_t cp;
    for (size_t used; (used = canvas_decode(end, &cp)) > 0 && cp != '\n'; end += used) {
        int wide;
        shown_as(canvas->charset, cp, &wide);
        columns += wide > 0 ? wide : 0;
        if (columns > width || (size_t)(end - text) + used >= size)
            break;
        if (cp == ' ')
            space = end;
    }
    if (*end != '\0' && *end != '\n' && *end != ' ' && space != NULL)
        end = space;
    if (end == text && *end != '\0' && *end != '\n') /* not even one fits: never stand still */
        end += canvas_decode(end, &cp);
    size_t len = (size_t)(end - text) < size ? (size_t)(end - text) : size - 1;
    while (len > 0 && text[len - 1] == ' ')
        len--;
    memcpy(line, text, len);
    line[len] = '\0';
    while (*end == ' ')
        end++;
    *next = *end == '\n' ? end + 1 : end;
}

/* ----------------------------------------------------------------------- pen */

struct pen canvas_pen(struct canvas *canvas, int row, int col, int end)
{
    return (struct pen){.canvas = canvas, .row = row, .col = col, .end = end};
}

void pen_put(struct pen *pen, enum role role, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    int room = pen->end - pen->col;
    if (room <= 0) {
        /* Say at the last column that something is missing. */
        if (!pen->is_full && pen->end > 0)
            canvas_put(pen->canvas, pen->row, pen->end - 1, 1, role, "\u2026");
        pen->is_full = true;
        return;
    }
    if (columns_up_to(pen->canvas->charset, text, room) > room)
        pen->is_full = true;
    pen->col += canvas_put(pen->canvas, pen->row, pen->col, room, role, text);
}

void pen_print(struct pen *pen, enum role role, const char *fmt, ...)
{
    char piece[LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    int want = vsnprintf(piece, sizeof piece, fmt, args);
    va_end(args);
    if (want > 0)
        pen_put(pen, role, piece);
}

void pen_tab(struct pen *pen, int col)
{
    if (col > pen->col)
        pen->col = col;
}

int pen_left(const struct pen *pen)
{
    return pen->end > pen->col ? pen->end - pen->col : 0;
}

bool pen_fits(const struct pen *pen, const char *text)
{
    return columns_up_to(pen->canvas->charset, text, pen_left(pen)) <= pen_left(pen);
}

/* ---------------------------------------------------------------------- dump */

void canvas_cell_text(const struct cell *cell, char out[16])
{
    size_t len = 0;
    if (cell->base != 0) {
        len = canvas_encode(cell->base, out);
        for (size_t i = 0; i < CELL_MARKS && cell->marks[i] != 0; i++)
            len += canvas_encode(cell->marks[i], out + len);
    }
    out[len] = '\0';
}

char *canvas_text(const struct canvas *canvas)
{
    struct text text = {0};
    for (int row = 0; row < canvas->rows; row++) {
        size_t keep = text.len;
        for (int col = 0; col < canvas->cols; col++) {
            char piece[16];
            canvas_cell_text(canvas_at(canvas, row, col), piece);
            text_puts(&text, piece);
            if (strcmp(piece, " ") != 0)
                keep = text.len;
        }
        text.len = keep;
        text_add(&text, "\n", 1);
    }
    return text_take(&text);
}
