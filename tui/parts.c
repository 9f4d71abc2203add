/* parts.c: see parts.h. */
#include "parts.h"

#include <string.h>

#include "figures.h"
#include "memory.h"

#define NOTES_MAX 8

void parts_header(struct canvas *canvas, const struct frame *frame, int row)
{
    const struct sw_snapshot *s = frame->snapshot;
    char date[FIG_SIZE];
    int cols = canvas->cols;
    if (cols >= 60)
        fig_date(frame->now_ms, date, sizeof date);
    else
        fig_clock(frame->now_ms, date, sizeof date);
    int date_cols = canvas_width(canvas, date);
    struct pen pen = canvas_pen(canvas, row, 0, cols - date_cols - 1);
    if (s->is_simulation)
        pen_print(&pen, ROLE_WARN, cols >= 60 ? "SIMULATION ×%g " : "SIM ×%g ", s->speed);
    else
        pen_put(&pen, ROLE_TITLE, cols >= 60 ? "PRODUCTION " : "PROD ");
    pen_print(&pen, ROLE_TITLE, "%s", s->release ? s->release : "release unknown");
    if (s->is_read_only)
        pen_put(&pen, ROLE_WARN, "   read-only");
    if (!s->is_ledger_ok)
        pen_put(&pen, ROLE_BAD, "   LEDGER BROKEN");
    if (s->captain != NULL && s->captain[0] != '\0' && pen_left(&pen) > 12)
        pen_print(&pen, ROLE_DIM, "   captain %.*s", (int)strcspn(s->captain, "<"), s->captain);
    canvas_put_right(canvas, row, cols - date_cols, date_cols, ROLE_TITLE, date);
}

bool parts_is_nothing(const struct sw_action *a)
{
    return a->result == SW_RESULT_SEEN && a->accepted_ms == 0 && a->seen_ms == 0;
}

void parts_action(struct pen *pen, const struct frame *frame, const struct sw_action *a)
{
    char verb[FIG_SIZE];
    char at[FIG_SIZE];
    const struct sw_platform *p = sw_snapshot_platform(frame->snapshot, a->platform);
    enum role role = a->result == SW_RESULT_NONE ? ROLE_ROLLING : fig_result_role(a->result);
    pen_print(pen, ROLE_TITLE, "%s %s", fig_upper(sw_verb_title(a->verb), verb, sizeof verb),
              p             ? p->title
              : a->platform ? a->platform
                            : "");
    pen_print(pen, ROLE_TEXT, "  asked %s", fig_clock_s(a->asked_ms, at, sizeof at));
    if (a->accepted_ms != 0)
        pen_print(pen, ROLE_TEXT, " > accepted %s", fig_clock_s(a->accepted_ms, at, sizeof at));
    if (a->seen_ms != 0)
        pen_print(pen, ROLE_OK, " > seen %s", fig_clock_s(a->seen_ms, at, sizeof at));
    if (a->result == SW_RESULT_NONE) {
        char age[FIG_SIZE];
        pen_print(pen, role, " > %s",
                  sw_duration_text((frame->now_ms - a->asked_ms) / 1000, age, sizeof age));
    } else if (a->result != SW_RESULT_SEEN) {
        pen_print(pen, role, " > %s", fig_upper(sw_result_name(a->result), verb, sizeof verb));
    }
    if (a->text != NULL && a->text[0] != '\0' && pen_left(pen) > 8)
        pen_print(pen, role, "  %s", a->text);
}

/* ---------------------------------------------------------------------- notes */

/* One line in `most` of what is going on; the most pressing first. Returns the rows used. */
/* The headline tells of an old unseen halt; the line below it then says what to do. */
static bool is_told(const struct frame *frame, const struct headline *h, const struct sw_action *a)
{
    const int64_t patience_ms = 30000;
    return h->kind == HEADLINE_HALT_NOT_SEEN && a->verb == SW_VERB_HALT &&
           a->result == SW_RESULT_NONE && frame->now_ms - a->asked_ms >= patience_ms &&
           sw_snapshot_platform(frame->snapshot, a->platform) == h->platform;
}

static int draw_notes(struct canvas *canvas, const struct frame *frame, const struct headline *h,
                      int row, int most)
{
    const struct sw_snapshot *s = frame->snapshot;
    int used = 0;
    if (frame->view->message[0] != '\0' && most > 0)
        used += parts_entry(canvas, row, most < 3 ? most : 3, 0, 2, canvas->cols, "",
                            frame->view->message_role, frame->view->message);
    size_t count = s->action_count;
    for (size_t i = 0; count > 0 && i < count * 2 && used < most; i++) {
        const struct sw_action *a = &s->actions[i % count];
        bool is_done = a->result != SW_RESULT_NONE;
        bool is_turn = is_done == (i >= count); /* first what is under way */
        bool is_put_away = is_done && a->id <= frame->view->dismissed;
        if (!is_turn || is_put_away || a->verb == SW_VERB_NONE || is_told(frame, h, a) ||
            parts_is_nothing(a))
            continue;
        struct pen pen = canvas_pen(canvas, row + used++, 2, canvas->cols);
        parts_action(&pen, frame, a);
    }
    if (s->ledger_error != NULL && used < most)
        (void)parts_entry(canvas, row + used++, 1, 2, 10, canvas->cols, "LEDGER", ROLE_BAD,
                          s->ledger_error);
    if (s->notice != NULL && s->notice[0] != '\0' && used < most)
        (void)parts_entry(canvas, row + used++, 1, 2, 10, canvas->cols, "notice", ROLE_WARN,
                          s->notice);
    return used;
}

int parts_top(struct canvas *canvas, const struct frame *frame, const struct headline *h, int most)
{
    /* An answer is said in full, even if the rest has to move down for it. */
    if (frame->view->message[0] != '\0' && most >= 3)
        most += 2;
    int row = 0;
    if (most >= 3)
        parts_header(canvas, frame, row++);
    char chip[96];
    struct pen pen = canvas_pen(canvas, row, 0, canvas->cols);
    if (h->who[0] != '\0')
        tui_format(chip, sizeof chip, "%s %s ", h->glyph, h->who);
    else
        tui_format(chip, sizeof chip, "%s ", h->glyph);
    pen_put(&pen, h->role, chip);
    /* The chip is a shape of its own where somebody is wanted. */
    if (h->kind <= HEADLINE_FAIL)
        canvas_reverse(canvas, row, 0, pen.col - 1);
    /* Where the sentence does not fit, its short form. */
    pen_put(&pen, h->role, canvas->cols < 40 ? h->what : h->text);
    row++;
    if (most < 2)
        return row;
    int notes = draw_notes(canvas, frame, h, row, most - row > NOTES_MAX ? NOTES_MAX : most - row);
    if (notes == 0 && row < most && h->choice[0] != '\0') {
        canvas_put(canvas, row, 2, canvas->cols - 2, ROLE_TEXT, h->choice);
        notes = 1;
    }
    return row + notes;
}

/* ---------------------------------------------------------------------- rules */

void parts_rule(struct canvas *canvas, int row, int col, int end, const char *title,
                const char *right)
{
    canvas_repeat(canvas, row, col, end - col, ROLE_RULE, 0x2500);
    struct pen pen = canvas_pen(canvas, row, col + 2, end - 2);
    int right_cols = right != NULL && right[0] != '\0' ? canvas_width(canvas, right) + 2 : 0;
    char first[64];
    if (right_cols > 0 && title != NULL &&
        right_cols + canvas_width(canvas, title) + 8 > end - col && strchr(right, ',') != NULL) {
        /* Too long for both: "Play, track production" becomes "Play". */
        tui_format(first, sizeof first, "%.*s", (int)(strchr(right, ',') - right), right);
        right = first;
        right_cols = canvas_width(canvas, right) + 2;
    }
    if (right_cols > 0 && right_cols < (end - col) / 2) {
        struct pen tail = canvas_pen(canvas, row, end - 2 - right_cols, end - 2);
        pen_print(&tail, ROLE_DIM, " %s ", right);
        pen.end = end - 3 - right_cols;
    }
    if (title != NULL && title[0] != '\0')
        pen_print(&pen, ROLE_TITLE, " %s ", title);
}

int parts_entry(struct canvas *canvas, int row, int most, int col, int indent, int end,
                const char *label, enum role role, const char *text)
{
    if (most <= 0)
        return 0;
    canvas_put(canvas, row, col, indent - 1, ROLE_LABEL, label);
    int used = 0;
    char line[LINE_MAX_BYTES * 2];
    while (text != NULL && *text != '\0' && used < most) {
        if (used == most - 1) { /* the last row: the canvas marks what is cut */
            canvas_put(canvas, row + used, col + indent, end - col - indent, role, text);
            return most;
        }
        canvas_wrap(canvas, text, end - col - indent, line, sizeof line, &text);
        canvas_put(canvas, row + used, col + indent, end - col - indent, role, line);
        used++;
    }
    return used > 0 ? used : 1;
}

/* --------------------------------------------------------------------- footer */

static void draw_typed(struct canvas *canvas, const struct frame *frame, int row)
{
    const char *typed = frame->view->typed.text;
    /* The end of a long line is what the reader is typing. */
    int room = canvas->cols - 4;
    while (canvas_width(canvas, typed) > room && *typed != '\0') {
        uint32_t cp;
        typed += canvas_decode(typed, &cp);
    }
    struct pen pen = canvas_pen(canvas, row, 0, canvas->cols - 1);
    pen_put(&pen, ROLE_KEY, ":");
    pen_put(&pen, ROLE_INPUT, typed);
    pen_put(&pen, ROLE_INPUT, "_");
}

/* Why it is closed, in a word or two where that is possible. */
static const char *short_reason(const struct canvas *canvas, const struct frame *frame,
                                enum command_id id, const char *reason, char *out, size_t size)
{
    const struct sw_platform *p = frame_platform(frame);
    bool is_forward = id == COMMAND_ADVANCE || id == COMMAND_COMPLETE;
    if (p != NULL && is_forward && p->gates_worst != SW_GATE_PASS && strstr(reason, "gate") != NULL)
        return "held";
    tui_format(out, size, "%.*s", (int)strcspn(reason, ",;:."), reason);
    return canvas_width(canvas, out) <= (canvas->cols >= 100 ? 30 : 12) ? out : "closed";
}

/* Of the verbs that are closed only these are worth a place: the others have no use now. */
static bool is_shown_closed(enum command_id id)
{
    return command_get(id)->verb == SW_VERB_NONE || id == COMMAND_HALT || id == COMMAND_ADVANCE;
}

void parts_footer(struct canvas *canvas, const struct frame *frame, const enum command_id *ids)
{
    int row = canvas->rows - 1;
    if (frame->view->is_typing) {
        draw_typed(canvas, frame, row);
        return;
    }
    struct pen pen = canvas_pen(canvas, row, canvas->cols >= 60 ? 1 : 0, canvas->cols - 1);
    for (size_t i = 0; ids[i] != COMMAND_NONE; i++) {
        char reason[FIG_SIZE];
        char hint[FIG_SIZE * 2];
        char key[FIG_SIZE];
        char why[FIG_SIZE];
        const struct command *command = command_get(ids[i]);
        bool is_open = command_is_open(ids[i], frame, reason, sizeof reason);
        if (ids[i] == COMMAND_DOWN)
            tui_format(key, sizeof key, "↑↓");
        else
            key_label(command->keys[0], key, sizeof key);
        if (is_open)
            tui_format(hint, sizeof hint, "%s %s", key, command->hint);
        else
            tui_format(hint, sizeof hint, "(%s %s: %s)", key, command->hint,
                       short_reason(canvas, frame, ids[i], reason, why, sizeof why));
        if ((!is_open && !is_shown_closed(ids[i])) ||
            !pen_fits(&pen, hint)) /* what does not fit whole is in the help */
            continue;
        if (is_open) {
            pen_put(&pen, ROLE_KEY, key);
            pen_print(&pen, ROLE_LABEL, " %s", command->hint);
        } else {
            pen_put(&pen, ROLE_CLOSED, hint);
        }
        pen.col += 2;
    }
}
