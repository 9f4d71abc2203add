/*
 * wallboard.c: the screen on the wall: read from five metres, by people who pass.
 *
 * One band for each platform, never reordered, one large word in each: the thing to know now. A
 * double bar marks a band that wants a person. What is stale is never drawn large, and says STALE
 * in its place. The dots move with finished polls, the clock with time: together they prove that
 * the board is alive. The picture wanders by a cell against burn-in.
 */
#include <string.h>

#include "big.h"
#include "figures.h"
#include "memory.h"
#include "parts.h"

#define SILENT_MS (5LL * 60 * 1000) /* no source answered for this long: NO DATA */

struct board {
    struct canvas *canvas;
    const struct frame *frame;
    int top, left, end; /* inside the rim */
    int scale;
    int title_scale; /* one for all, so that no platform looks smaller than another */
};

static bool is_stopped(const struct sw_platform *p)
{
    return p->state == SW_STATE_HALTED || p->state == SW_STATE_ROLLED_BACK;
}

static bool is_doubtful(const struct sw_platform *p)
{
    return fig_is_platform_doubtful(p) || p->state == SW_STATE_UNKNOWN;
}

/* The one thing to know of a platform. */
static const char *big_word(const struct sw_platform *p, enum role *role, char *out, size_t size)
{
    *role = ROLE_BAD;
    if (p->halt_wait != SW_HALT_WAIT_NONE)
        return tui_format(out, size, "NOT LIVE");
    if (p->halt_asked_ms != 0)
        return tui_format(out, size, "NOT SEEN");
    if (p->verdict == SW_VERDICT_WORSE && !is_stopped(p))
        return tui_format(out, size, "WORSE%s", p->is_stale || p->grounds.is_stale ? "?" : "");
    if (p->gates_worst == SW_GATE_FAIL && !is_stopped(p))
        return tui_format(out, size, "FAIL%s", p->is_stale ? "?" : "");
    *role = ROLE_STALE;
    if (is_doubtful(p))
        return tui_format(out, size, "STALE");
    *role = fig_state_role(p->state);
    return tui_format(out, size, "%s", sw_state_title(p->state));
}

static bool wants_person(const struct sw_platform *p)
{
    return p->halt_asked_ms != 0 || p->halt_wait != SW_HALT_WAIT_NONE || is_doubtful(p) || p->state == SW_STATE_FAILED ||
           (!is_stopped(p) && (p->verdict == SW_VERDICT_WORSE || p->gates_worst == SW_GATE_FAIL));
}

static int64_t newest_answer(const struct sw_snapshot *s)
{
    int64_t newest = 0;
    for (size_t i = 0; i < s->source_count; i++) {
        if (s->sources[i].last_ok_at_ms > newest)
            newest = s->sources[i].last_ok_at_ms;
    }
    return newest;
}

static bool is_silent(const struct frame *frame)
{
    return frame->now_ms - newest_answer(frame->snapshot) > SILENT_MS;
}

/* ---------------------------------------------------------------------- header */

static int draw_clock(const struct board *b)
{
    char clock[FIG_SIZE];
    char date[FIG_SIZE];
    fig_clock(b->frame->now_ms, clock, sizeof clock);
    fig_date(b->frame->now_ms, date, sizeof date);
    int width = big_width(clock, b->scale);
    int at = b->end - width;
    if (at < b->left + width)
        return b->end;
    big_put(b->canvas, b->top, at, b->end, ROLE_TITLE, b->scale, clock);
    canvas_put_right(b->canvas, b->top + big_rows(b->canvas, b->scale), at - 12, width + 12,
                     ROLE_DIM, date);
    return at - 2;
}

/* What the board is loud about: who and what, and the sentence below it. */
static enum role say_loud(const struct frame *frame, const struct headline *h, char *words,
                          char *text, size_t size)
{
    char age[FIG_SIZE];
    int64_t newest = newest_answer(frame->snapshot);
    if (!is_silent(frame)) {
        tui_format(words, size, "%s%s%s", h->who, h->who[0] ? " " : "", h->what);
        tui_format(text, size, "%s", h->text);
        return h->role;
    }
    tui_format(words, size, "NO DATA");
    tui_format(text, size, "no source has answered for %s · what stands below is old",
               newest ? fig_age(newest, frame->now_ms, age, sizeof age) : "the whole run");
    return ROLE_BAD;
}

/* Returns the rows used. */
static int draw_header(const struct board *b, const struct headline *h)
{
    int end = draw_clock(b);
    char words[LINE_MAX_BYTES];
    char text[LINE_MAX_BYTES];
    enum role role = say_loud(b->frame, h, words, text, sizeof text);
    int scale = b->scale;
    while (scale > 1 && big_width(words, scale) > end - b->left)
        scale--;
    if (big_width(words, scale) <= end - b->left)
        big_put(b->canvas, b->top, b->left, end, role, scale, words);
    else
        canvas_put(b->canvas, b->top + 1, b->left, end - b->left, role, words);
    int row = b->top + big_rows(b->canvas, b->scale);
    canvas_put(b->canvas, row, b->left, end - b->left - 12, role, text);
    tui_format(text, sizeof text, "%zu bad · %zu stale · %zu halted · %zu well", h->bad, h->stale,
               h->halted, h->well);
    canvas_put(b->canvas, row + 1, b->left, end - b->left, ROLE_TEXT, text);
    return big_rows(b->canvas, b->scale) + 3;
}

/* ----------------------------------------------------------------------- bands */

/* Large where it is known, fresh and of enough; else a dash, small. */
static void put_figure(const struct board *b, int row, int col, int end, const char *text,
                       bool is_trusted, enum role role, const char *below)
{
    int small = row + big_rows(b->canvas, b->scale);
    bool is_number = strchr(text, '%') != NULL && strstr(text, " of ") == NULL;
    char digits[FIG_SIZE];
    tui_format(digits, sizeof digits, "%.*s", (int)strcspn(text, "%"), text);
    if (is_trusted && is_number && big_width(digits, b->scale) + 2 <= end - col) {
        int used = big_put(b->canvas, row, col, end, role, b->scale, digits);
        canvas_put(b->canvas, small - 1, col + used, 1, role, "%");
        canvas_put(b->canvas, small, col, end - col, ROLE_DIM, below);
        return;
    }
    char note[FIG_SIZE * 2];
    bool has_old = is_number && !is_trusted;
    canvas_put(b->canvas, small - 1, col, end - col, ROLE_STALE, "no figure");
    tui_format(note, sizeof note, "%s%s", has_old ? "was " : "", strcmp(text, "–") ? text : "");
    canvas_put(b->canvas, small, col, end - col, ROLE_DIM, note);
}

static int word_column(const struct board *b)
{
    return b->left + (b->end - b->left) * 31 / 100;
}

static int title_scale(const struct board *b)
{
    const struct sw_snapshot *s = b->frame->snapshot;
    int room = word_column(b) - 2 - b->left - 3 * b->scale;
    int scale = b->scale;
    for (size_t i = 0; i < s->platform_count; i++) {
        while (scale > 1 && big_width(s->platforms[i].title, scale) > room)
            scale--;
    }
    return scale;
}

/* As large as fits, down to plain letters. */
static void put_large(const struct board *b, int row, int col, int end, int scale, enum role role,
                      const char *text)
{
    while (scale > 0 && big_width(text, scale) > end - col)
        scale--;
    if (scale > 0)
        big_put(b->canvas, row, col, end, role, scale, text);
    else
        canvas_put(b->canvas, row + 1, col, end - col, role, text);
}

static void draw_band(const struct board *b, int row, const struct sw_platform *p)
{
    int width = b->end - b->left;
    int title = b->left + 3 * b->scale;
    int word = word_column(b);
    int set = b->left + width * 67 / 100;
    int clean = b->left + width * 81 / 100;
    int small = row + big_rows(b->canvas, b->scale);
    char text[FIG_SIZE];
    char more[LINE_MAX_BYTES];
    enum role role;
    if (wants_person(p)) {
        for (int y = 0; y < big_rows(b->canvas, b->scale); y++)
            canvas_repeat(b->canvas, row + y, b->left, 2 * b->scale, ROLE_BAD,
                          b->canvas->charset == CHARSET_ASCII ? '#' : 0x2588);
    }
    put_large(b, row, title, word - 2, b->title_scale, ROLE_TITLE, p->title);
    tui_format(more, sizeof more, "%s %s", fig_state_glyph(p->state), sw_state_title(p->state));
    tui_append(more, sizeof more, " %s", p->version ? p->version : p->build ? p->build : "");
    canvas_put(b->canvas, small, title, word - title - 2, ROLE_DIM, more);

    big_word(p, &role, text, sizeof text);
    put_large(b, row, word, set - 2, b->scale, role, text);
    enum role against_role;
    char next[FIG_SIZE];
    fig_against(p, b->frame->now_ms, true, &against_role, text, sizeof text);
    tui_format(more, sizeof more, "%s", text);
    if (p->next_percent.is_known)
        tui_append(more, sizeof more, " · next %s",
                   fig_next(p, b->frame->now_ms, next, sizeof next));
    if (is_doubtful(p))
        tui_format(more, sizeof more, "read %s",
                   fig_ago(p->observed_at_ms, b->frame->now_ms, next, sizeof next));
    canvas_put(b->canvas, small, word, set - word - 2, against_role, more);

    sw_percent_text(p->percent_set, false, text, sizeof text);
    tui_format(more, sizeof more, "set, %s real", fig_real(p->percent_actual, next, sizeof next));
    put_figure(b, row, set, clean - 1, text, !is_doubtful(p), ROLE_TEXT, more);
    const struct sw_health *h = fig_headline_health(p);
    tui_format(more, sizeof more, "clean, %s", fig_span(h, next, sizeof next));
    put_figure(b, row, clean, b->end, fig_clean(h, text, sizeof text), !fig_is_doubtful(h),
               p->gates_worst == SW_GATE_FAIL ? ROLE_BAD : ROLE_TEXT, more);
}

/* One line for each platform, where large letters do not fit. */
static void draw_small_band(const struct board *b, int row, const struct sw_platform *p)
{
    char text[FIG_SIZE];
    enum role role;
    struct pen pen = canvas_pen(b->canvas, row, b->left, b->end);
    pen_put(&pen, ROLE_BAD, wants_person(p) ? "██ " : "   ");
    pen_print(&pen, ROLE_TITLE, "%s", p->title);
    pen_tab(&pen, b->left + 14);
    big_word(p, &role, text, sizeof text);
    pen_print(&pen, role, " %s", text);
    pen_tab(&pen, b->left + 27);
    pen_print(&pen, ROLE_TEXT, " %s", sw_percent_text(p->percent_set, false, text, sizeof text));
    pen_tab(&pen, b->left + 33);
    const struct sw_health *h = fig_headline_health(p);
    pen_print(&pen, fig_is_doubtful(h) ? ROLE_STALE : ROLE_TEXT, " %s%s",
              fig_clean(h, text, sizeof text), fig_is_doubtful(h) ? "?" : "");
}

/* Those that want a person always stand; the others take turns. */
static void draw_bands(const struct board *b, int row, int rows, int each)
{
    const struct sw_snapshot *s = b->frame->snapshot;
    size_t places = (size_t)(rows / each);
    size_t pinned = 0;
    for (size_t i = 0; i < s->platform_count; i++)
        pinned += wants_person(&s->platforms[i]);
    bool fits = s->platform_count <= places;
    size_t free_places = places > pinned ? places - pinned : 0;
    size_t calm = s->platform_count - pinned;
    size_t turn = 0;
    int64_t every_ms =
        (int64_t)(b->frame->view->rotate_s > 0 ? b->frame->view->rotate_s : 15) * 1000;
    if (s->is_simulation && s->speed > 1)
        every_ms = (int64_t)((double)every_ms * s->speed);
    if (free_places > 0 && calm > free_places)
        turn = (size_t)(b->frame->now_ms / every_ms) % ((calm + free_places - 1) / free_places);
    size_t nth = 0;
    int at = row;
    for (size_t i = 0; i < s->platform_count && at + each <= row + rows; i++) {
        const struct sw_platform *p = &s->platforms[i];
        bool is_turn =
            wants_person(p) || (nth >= turn * free_places && nth < (turn + 1) * free_places);
        nth += !wants_person(p);
        if (!fits && !is_turn)
            continue;
        if (each > 1)
            draw_band(b, at, p);
        else
            draw_small_band(b, at, p);
        at += each;
    }
}

/* ---------------------------------------------------------------------- footer */

static void draw_footer(const struct board *b, int row, int rows)
{
    const struct sw_snapshot *s = b->frame->snapshot;
    int64_t polls = 0;
    int64_t failures = 0;
    for (size_t i = 0; i < s->source_count; i++) {
        polls += s->sources[i].polls;
        failures += s->sources[i].failures;
    }
    char a[FIG_SIZE];
    char c[FIG_SIZE];
    char next[LINE_MAX_BYTES];
    if (rows >= 3)
        headline_next(b->frame, next, sizeof next);
    if (rows >= 3)
        (void)parts_entry(b->canvas, row, 1, b->left, 9, b->end, "", ROLE_TEXT, next);
    struct pen pen = canvas_pen(b->canvas, row + rows - 2, b->left, b->end);
    pen_put(&pen, ROLE_LABEL, "list     ");
    if (s->checklist.is_known)
        pen_print(&pen, ROLE_TEXT, "%zu of %zu done, %zu open that block%s", s->checklist.done,
                  s->checklist.total, s->checklist.blocking_open,
                  s->checklist.blocking_open == 1 ? "s" : "");
    else
        pen_put(&pen, ROLE_STALE, "?");
    pen = canvas_pen(b->canvas, row + rows - 1, b->left, b->end - 1);
    pen_put(&pen, ROLE_LABEL, "board    ");
    pen_print(&pen, ROLE_TEXT, "%s polls, %s failed · alive ",
              fig_count((double)polls, a, sizeof a), fig_count((double)failures, c, sizeof c));
    for (int64_t i = 0; i < 4; i++)
        pen_put(&pen, polls % 4 == i ? ROLE_OK : ROLE_DIM, polls % 4 == i ? "●" : "○");
    char right[LINE_MAX_BYTES];
    tui_format(right, sizeof right, "%s %s · read-only", s->release ? s->release : "",
               s->is_simulation ? "SIMULATION" : "PRODUCTION");
    if (pen_left(&pen) > canvas_width(b->canvas, right) + 2)
        canvas_put_right(b->canvas, row + rows - 1, b->left, b->end - b->left - 1, ROLE_DIM, right);
}

/* Returns the rows used. */
static int draw_small_header(const struct board *b, const struct headline *h)
{
    char words[LINE_MAX_BYTES];
    char text[LINE_MAX_BYTES];
    enum role role = say_loud(b->frame, h, words, text, sizeof text);
    canvas_put(b->canvas, b->top, b->left, b->end - b->left, role, words);
    canvas_put(b->canvas, b->top + 1, b->left, b->end - b->left, role, text);
    return 3;
}

int wallboard_draw(struct canvas *canvas, const struct frame *frame)
{
    const struct sw_snapshot *s = frame->snapshot;
    struct headline headline;
    headline_make(frame, &headline);
    /* Wanders inside the rim, a step every four minutes. */
    int step = (int)((frame->now_ms / (4 * 60000)) % 4);
    struct board b = {
        .canvas = canvas, .frame = frame, .top = step / 2, .left = 1 + (step == 1 || step == 2)};
    b.end = canvas->cols - 3 + b.left;
    int footer = canvas->rows >= 20 ? 3 : 2;
    int count = (int)(s->platform_count < 12 ? s->platform_count : 12);
    for (b.scale = 4; b.scale > 1; b.scale--) {
        int each = big_rows(canvas, b.scale) + 2;
        if (big_rows(canvas, b.scale) + 5 + count * each + footer + 2 <= canvas->rows &&
            canvas->cols >= 99 * b.scale)
            break;
    }
    b.title_scale = title_scale(&b);
    int each = big_rows(canvas, b.scale) + 2;
    bool is_large = canvas->cols >= 100 && canvas->rows >= 20;
    bool has_room = canvas->rows >= 14 && canvas->cols >= 60;
    int used = has_room ? draw_header(&b, &headline) : draw_small_header(&b, &headline);
    int row = b.top + used;
    int rows = canvas->rows - 1 - footer - row;
    /* What is left over goes between the bands. */
    int spare = count > 0 ? rows / count - each : 0;
    each += spare > 3 ? 3 : spare > 0 ? spare : 0;
    if (rows > 0)
        draw_bands(&b, row, rows, is_large ? each : 1);
    if (canvas->rows > footer + 4)
        draw_footer(&b, canvas->rows - 1 - footer, footer);
    return 0;
}
