/* dialogs.c: see dialogs.h. */
#include "dialogs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "figures.h"
#include "keys.h"
#include "memory.h"
#include "parts.h"

#define BOX_COLS 92 /* as wide as it is comfortable to read */
#define LABEL    11

/* ---------------------------------------------------------------------- making */

void dialog_evidence(const struct frame *frame, const struct sw_platform *p, enum sw_verb verb,
                     char *out, size_t size)
{
    const struct sw_gate *gate = fig_worst_gate(p);
    const struct sw_health *h = fig_headline_health(p);
    char a[FIG_SIZE];
    char b[FIG_SIZE];
    char c[FIG_SIZE];
    enum role role;
    out[0] = '\0';
    if (p->verdict == SW_VERDICT_WORSE)
        tui_append(out, size, "%s",
                   fig_against(p, frame->now_ms, true, &role, a, sizeof a) + strlen("▲ "));
    else if (gate != NULL && (gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN))
        tui_append(out, size, "%s %s", sw_gate_verdict_name(gate->verdict),
                   fig_gate(gate, a, sizeof a));
    else if (verb == SW_VERB_HALT || verb == SW_VERB_ROLLBACK)
        tui_append(out, size, "asked by the captain");
    else if (gate == NULL && p->gate_count > 0)
        tui_append(out, size, "every gate open");
    if (h == NULL)
        return;
    if (h->bad.is_known && h->n.is_known)
        tui_append(out, size, "%s%s of %s %s by %s", out[0] ? ", " : "",
                   fig_count(h->bad.value, a, sizeof a), fig_count(h->n.value, b, sizeof b),
                   h->metric == SW_METRIC_ERROR_RATE ? "failed" : "crashed",
                   fig_clock(h->true_for_ms, c, sizeof c));
}

static void keep_what_was_seen(struct dialog *d, const struct sw_platform *p)
{
    tui_format(d->platform, sizeof d->platform, "%s", p->id);
    tui_format(d->identity, sizeof d->identity, "%s", p->identity ? p->identity : "");
    d->state = p->state;
    d->percent_set = p->percent_set;
}

static void say_is(struct dialog *d, const struct frame *frame, const struct sw_platform *p)
{
    char at[FIG_SIZE];
    char percent[FIG_SIZE];
    tui_format(d->is, sizeof d->is, "%s", sw_state_title(p->state));
    if (p->percent_set.is_known)
        tui_append(d->is, sizeof d->is, " at %s",
                   sw_percent_text(p->percent_set, false, percent, sizeof percent));
    if (p->observed_at_ms == 0)
        tui_append(d->is, sizeof d->is, ", never read");
    else
        tui_append(d->is, sizeof d->is, ", read from %s at %s%s", p->source ? p->source : "?",
                   fig_clock_s(p->observed_at_ms, at, sizeof at), p->is_stale ? " (STALE)" : "");
    if (p->percent_actual.is_known)
        tui_append(d->is, sizeof d->is, "; %s run it",
                   fig_real(p->percent_actual, percent, sizeof percent));
    if (p->is_cached)
        tui_append(d->is, sizeof d->is, "; from an earlier run");
    (void)frame;
}

struct dialog *dialog_confirm(const struct frame *frame, const struct sw_platform *p,
                              enum sw_verb verb, const char *refused)
{
    const struct sw_offer *offer = &p->offers[verb];
    struct dialog *d = tui_alloc(1, sizeof *d);
    char word[FIG_SIZE];
    char from[FIG_SIZE];
    char to[FIG_SIZE];
    char name[LINE_MAX_BYTES];
    d->kind = DIALOG_CONFIRM;
    d->verb = verb;
    keep_what_was_seen(d, p);
    say_is(d, frame, p);
    detail_name(p, name, sizeof name);
    tui_format(d->title, sizeof d->title, "%s %s",
               fig_upper(sw_verb_title(verb), word, sizeof word), name);
    tui_format(d->will, sizeof d->will, "%s", offer->effect ? offer->effect : "");
    tui_format(d->will_not, sizeof d->will_not, "%s", offer->will_not ? offer->will_not : "");
    if (offer->to_percent.is_known && offer->from_percent.is_known &&
        offer->to_percent.value == offer->from_percent.value)
        tui_format(d->percent, sizeof d->percent, "%s, as it is",
                   sw_percent_text(offer->to_percent, false, to, sizeof to));
    else if (offer->to_percent.is_known)
        tui_format(d->percent, sizeof d->percent, "%s → %s",
                   sw_percent_text(offer->from_percent, false, from, sizeof from),
                   sw_percent_text(offer->to_percent, false, to, sizeof to));
    d->can_override = offer->can_override;
    d->needs_id = offer->needs_typed_id || verb == SW_VERB_COMPLETE || verb == SW_VERB_ROLLBACK;
    if (refused != NULL)
        tui_format(d->closed, sizeof d->closed, "%s", refused);
    else if (!offer->is_allowed)
        tui_format(d->closed, sizeof d->closed, "%s", offer->reason ? offer->reason : "closed");
    char reason[LINE_MAX_BYTES];
    dialog_evidence(frame, p, verb, reason, sizeof reason);
    input_set(&d->reason, reason);
    d->field = d->closed[0] != '\0' ? FIELD_OVERRIDE : d->needs_id ? FIELD_ID : FIELD_NONE;
    return d;
}

struct dialog *dialog_stop_all(const struct frame *frame)
{
    struct dialog *d = tui_alloc(1, sizeof *d);
    d->kind = DIALOG_STOP_ALL;
    tui_format(d->title, sizeof d->title, "STOP EVERYTHING");
    char reason[LINE_MAX_BYTES] = "asked by the captain";
    size_t worst = fig_worst_platform(frame->snapshot);
    if (worst < frame->snapshot->platform_count) {
        const struct sw_platform *p = &frame->snapshot->platforms[worst];
        char evidence[LINE_MAX_BYTES];
        dialog_evidence(frame, p, SW_VERB_HALT, evidence, sizeof evidence);
        if (p->verdict == SW_VERDICT_WORSE || p->gates_worst == SW_GATE_FAIL)
            tui_format(reason, sizeof reason, "%s: %s", p->title, evidence);
    }
    input_set(&d->reason, reason);
    return d;
}

struct dialog *dialog_stop_list(uint64_t stop_id, int64_t now_ms)
{
    struct dialog *d = tui_alloc(1, sizeof *d);
    char at[FIG_SIZE];
    d->kind = DIALOG_STOP_LIST;
    d->stop_id = stop_id;
    d->asked_ms = now_ms;
    tui_format(d->title, sizeof d->title, "STOP EVERYTHING, asked %s",
               fig_clock_s(now_ms, at, sizeof at));
    return d;
}

struct dialog *dialog_quit(size_t halts)
{
    struct dialog *d = tui_alloc(1, sizeof *d);
    d->kind = DIALOG_QUIT;
    d->halts = halts;
    tui_format(d->title, sizeof d->title, "LEAVE with a halt under way?");
    return d;
}

void dialog_free(struct dialog *d)
{
    if (d == NULL)
        return;
    free(d->requests);
    free(d);
}

/* ------------------------------------------------------------------------ keys */

static struct input_line *line_of(struct dialog *d)
{
    switch (d->field) {
    case FIELD_REASON:
        return &d->reason;
    case FIELD_OVERRIDE:
        return &d->override_text;
    case FIELD_ID:
        return &d->typed_id;
    case FIELD_NONE:
        break;
    }
    return NULL;
}

/* Enter at the end of a field: on to the next one that is needed, or away. */
static enum dialog_answer field_done(struct dialog *d)
{
    enum dialog_field was = d->field;
    if (was == FIELD_OVERRIDE && d->override_text.len == 0)
        return DIALOG_LEAVES;
    if (was == FIELD_ID) {
        bool is_right = strcmp(d->typed_id.text, d->platform) == 0;
        return is_right ? DIALOG_SUBMITS : DIALOG_LEAVES;
    }
    d->field = d->needs_id ? FIELD_ID : FIELD_NONE;
    return DIALOG_STAYS;
}

static enum dialog_answer field_key(struct dialog *d, int key)
{
    if (key == KEY_RETURN || key == KEY_NEWLINE)
        return field_done(d);
    if (key == KEY_ESCAPE && d->field == FIELD_REASON) {
        d->field = d->needs_id ? FIELD_ID : FIELD_NONE;
        return DIALOG_STAYS;
    }
    if (key == KEY_ESCAPE)
        return DIALOG_LEAVES;
    if (key == KEY_TAB_CHAR) {
        bool may_leave = d->field != FIELD_OVERRIDE || d->override_text.len > 0;
        if (d->field == FIELD_REASON)
            d->field = d->needs_id ? FIELD_ID : FIELD_NONE;
        else if (may_leave)
            d->field = FIELD_REASON;
        return DIALOG_STAYS;
    }
    input_key(line_of(d), key);
    return DIALOG_STAYS;
}

static enum dialog_answer choice_key(struct dialog *d, int key)
{
    switch (key) {
    case 'y':
        return d->kind == DIALOG_QUIT ? DIALOG_QUITS : DIALOG_SUBMITS;
    case 'n':
    case KEY_ESCAPE:
    case KEY_RETURN:
    case KEY_NEWLINE:
        return DIALOG_LEAVES;
    case 'e':
        if (d->kind != DIALOG_QUIT)
            d->field = FIELD_REASON;
        return DIALOG_STAYS;
    case 'd':
        if (d->kind == DIALOG_QUIT)
            return DIALOG_STAYS;
        d->shows_requests = !d->shows_requests;
        return d->shows_requests && d->dry_run_id == 0 ? DIALOG_ASKS : DIALOG_STAYS;
    default:
        return DIALOG_STAYS;
    }
}

enum dialog_answer dialog_key(struct dialog *d, int key)
{
    d->dropped = 0;
    if (d->kind == DIALOG_STOP_LIST)
        return key == KEY_ESCAPE || key == KEY_RETURN || key == KEY_NEWLINE || key == 'q'
                   ? DIALOG_LEAVES
                   : DIALOG_STAYS;
    return line_of(d) != NULL ? field_key(d, key) : choice_key(d, key);
}

void dialog_command(const struct dialog *d, bool is_dry_run, struct sw_command *command)
{
    *command = (struct sw_command){
        .kind = d->kind == DIALOG_STOP_ALL ? SW_COMMAND_STOP_EVERYTHING : SW_COMMAND_VERB,
        .platform = d->kind == DIALOG_STOP_ALL ? NULL : d->platform,
        .verb = d->kind == DIALOG_STOP_ALL ? SW_VERB_NONE : d->verb,
        .reason = d->reason.text,
        .override_text = d->override_text.len > 0 ? d->override_text.text : NULL,
        .is_dry_run = is_dry_run,
        .is_unrecorded = d->is_unrecorded,
        .may_cancel_review = d->may_cancel_review,
        .expected_identity = d->identity[0] ? d->identity : NULL,
        .expected_state = d->state,
        .expected_percent = d->percent_set,
    };
}

/* --------------------------------------------------------------------- drawing */

struct box {
    struct canvas *canvas;
    int row, col, rows, cols;
    int at, last; /* next free row inside, and the one after the last for text */
};

static void draw_frame(struct canvas *canvas, const struct box *b, const char *title)
{
    int right = b->col + b->cols - 1;
    int bottom = b->row + b->rows - 1;
    canvas_fill(canvas, b->row, b->col, b->rows, b->cols, LAYER_DIALOG);
    canvas_repeat(canvas, b->row, b->col, b->cols, ROLE_RULE, 0x2500);
    canvas_repeat(canvas, bottom, b->col, b->cols, ROLE_RULE, 0x2500);
    for (int y = b->row; y <= bottom; y++) {
        uint32_t left_glyph = y == b->row ? 0x250C : y == bottom ? 0x2514 : 0x2502;
        uint32_t right_glyph = y == b->row ? 0x2510 : y == bottom ? 0x2518 : 0x2502;
        canvas_repeat(canvas, y, b->col, 1, ROLE_RULE, left_glyph);
        canvas_repeat(canvas, y, right, 1, ROLE_RULE, right_glyph);
    }
    struct pen pen = canvas_pen(canvas, b->row, b->col + 2, right - 1);
    pen_print(&pen, ROLE_TITLE, " %s ", title);
}

static void add_entry(struct box *b, int most, const char *label, enum role role, const char *text)
{
    int room = b->last - b->at < most ? b->last - b->at : most;
    if (room <= 0 || text == NULL || text[0] == '\0')
        return;
    int indent = b->cols < 50 ? 6 : LABEL;
    b->at += parts_entry(b->canvas, b->at, room, b->col + 2, indent, b->col + b->cols - 2, label,
                         role, text);
}

/* A field being typed in, or its text with the key that edits it. */
static void add_field(struct box *b, const struct dialog *d, enum dialog_field field,
                      const struct input_line *line, const char *label, const char *hint)
{
    if (b->at >= b->last)
        return;
    int indent = b->cols < 50 ? 6 : LABEL;
    int end = b->col + b->cols - 2;
    int hint_cols = b->cols >= 50 ? canvas_width(b->canvas, hint) + 2 : 0;
    canvas_put(b->canvas, b->at, b->col + 2, indent - 1, ROLE_LABEL, label);
    struct pen pen = canvas_pen(b->canvas, b->at, b->col + 2 + indent, end - hint_cols);
    const char *text = line->text;
    uint32_t cp;
    while (d->field == field && canvas_width(b->canvas, text) + 1 > pen_left(&pen) && *text != '\0')
        text += canvas_decode(text, &cp);
    pen_put(&pen, d->field == field ? ROLE_INPUT : ROLE_TEXT, text);
    if (d->field == field)
        pen_put(&pen, ROLE_INPUT, "_");
    if (hint_cols > 0)
        canvas_put_right(b->canvas, b->at, end - hint_cols, hint_cols, ROLE_KEY, hint);
    b->at++;
}

static void add_requests(struct box *b, const struct dialog *d)
{
    if (!d->shows_requests)
        return;
    if (d->requests == NULL) {
        add_entry(b, 1, "sends", ROLE_DIM, "asking …");
        return;
    }
    const char *text = d->requests;
    const char *label = "sends";
    char line[LINE_MAX_BYTES];
    while (*text != '\0' && b->at < b->last) {
        if (b->at == b->last - 1 && strchr(text, '\n') != NULL) {
            add_entry(b, 1, "", ROLE_WARN, "… more: a taller terminal shows all of it");
            return;
        }
        size_t len = strcspn(text, "\n");
        tui_format(line, sizeof line, "%.*s", (int)(len < sizeof line - 1 ? len : sizeof line - 1),
                   text);
        add_entry(b, 3, label, ROLE_TEXT, line[0] ? line : " ");
        label = "";
        text += len + (text[len] == '\n');
    }
}

/* The row of answers; what was dropped is said aloud. */
static void draw_answers(const struct box *b, const struct dialog *d, const char *yes)
{
    int row = b->row + b->rows - 2;
    struct pen pen = canvas_pen(b->canvas, row, b->col + 2, b->col + b->cols - 2);
    if (d->field == FIELD_ID) {
        pen_print(&pen, ROLE_KEY, "type %s", d->platform);
        pen_put(&pen, ROLE_TEXT, " and Enter to do it  ");
        pen_put(&pen, ROLE_KEY, "Esc");
        pen_put(&pen, ROLE_TEXT, " leaves it");
        if (pen_left(&pen) > 20) {
            pen_put(&pen, ROLE_KEY, "  Tab");
            pen_put(&pen, ROLE_TEXT, " reason");
        }
    } else if (d->field != FIELD_NONE) {
        pen_put(&pen, ROLE_KEY, "Enter");
        pen_put(&pen, ROLE_TEXT, " done  ");
        pen_put(&pen, ROLE_KEY, "Esc");
        pen_put(&pen, ROLE_TEXT, d->field == FIELD_REASON ? " done" : " leaves it");
    } else {
        pen_put(&pen, ROLE_KEY, "y");
        pen_print(&pen, ROLE_TEXT, " %s  ", yes);
        pen_put(&pen, ROLE_KEY, "n");
        pen_put(&pen, ROLE_TEXT, " leave it");
        if (d->kind != DIALOG_QUIT && pen_left(&pen) > 24 && d->dropped == 0) {
            pen_put(&pen, ROLE_KEY, "  d");
            pen_put(&pen, ROLE_TEXT, d->shows_requests ? " hides requests" : " shows requests");
        }
    }
    if (d->dropped > 0)
        pen_print(&pen, ROLE_WARN, "  (%zu early key%s dropped, press again)", d->dropped,
                  d->dropped == 1 ? "" : "s");
}

/* Content is drawn twice: on a scratch canvas to learn its height, then in a box of that height. */
typedef void (*content_fn)(struct box *box, const struct frame *frame, const struct dialog *d);

static int content_rows(const struct canvas *canvas, const struct frame *frame,
                        const struct dialog *d, content_fn content, int cols)
{
    struct canvas scratch;
    canvas_init(&scratch, canvas->rows, cols, canvas->charset);
    struct box b = {.canvas = &scratch, .rows = canvas->rows, .cols = cols, .last = canvas->rows};
    content(&b, frame, d);
    canvas_clear(&scratch);
    return b.at;
}

/* Stands at the bottom, above the footer: headline and platforms stay in sight. */
static struct box open_box(struct canvas *canvas, const struct frame *frame, const struct dialog *d,
                           const char *title, content_fn content)
{
    struct box b = {.canvas = canvas};
    b.cols = canvas->cols < BOX_COLS ? canvas->cols : BOX_COLS;
    int want = content_rows(canvas, frame, d, content, b.cols) + 4; /* frame, blank, answers */
    b.rows = want < canvas->rows ? want : canvas->rows;
    b.col = (canvas->cols - b.cols) / 2;
    b.row = canvas->rows - b.rows - (b.rows < canvas->rows ? 1 : 0);
    int wanted = canvas->rows / 3 > 10 ? canvas->rows / 3 : 10;
    b.row = b.row > wanted ? wanted : b.row;
    b.at = b.row + 1;
    b.last = b.row + b.rows - 2;
    draw_frame(canvas, &b, title);
    content(&b, frame, d);
    return b;
}

static const char *yes_text(const struct dialog *d, char *out, size_t size)
{
    return tui_format(out, size, "%s it%s%s", sw_verb_title(d->verb),
                      d->is_unrecorded ? ", unrecorded" : "",
                      d->may_cancel_review ? " and cancel the review" : "");
}

static bool is_as_seen(const struct dialog *d, const struct sw_platform *p)
{
    const char *identity = p->identity ? p->identity : "";
    bool is_percent_same =
        d->percent_set.is_known == p->percent_set.is_known &&
        (!p->percent_set.is_known || fabs(d->percent_set.value - p->percent_set.value) <= 0.0005);
    return strcmp(d->identity, identity) == 0 && d->state == p->state && is_percent_same;
}

/* What the dialog says was true when it opened; when the store shows something else meanwhile, that
 * is said. Empty: nothing changed. */
static const char *say_changed(const struct frame *frame, const struct dialog *d, char *out,
                               size_t size)
{
    const struct sw_platform *p = sw_snapshot_platform(frame->snapshot, d->platform);
    char percent[FIG_SIZE];
    char at[FIG_SIZE];
    out[0] = '\0';
    if (p == NULL)
        return tui_format(out, size, "the configuration has no %s any more", d->platform);
    if (is_as_seen(d, p))
        return out;
    const char *identity = p->identity ? p->identity : "";
    bool is_other = strcmp(d->identity, identity) != 0;
    tui_format(out, size, "since this was opened: now %s%s%s at %s, read %s; %s",
               is_other ? identity : "", is_other ? " " : "", sw_state_title(p->state),
               sw_percent_text(p->percent_set, false, percent, sizeof percent),
               fig_clock(p->observed_at_ms, at, sizeof at),
               d->verb == SW_VERB_HALT && !is_other
                   ? "a halt goes on all the same"
                   : "what stands here would be refused: leave it and press the key again");
    return out;
}

static void add_unrecorded(struct box *b, const struct dialog *d)
{
    if (d->is_unrecorded)
        add_entry(b, 2, "LEDGER", ROLE_BAD,
                  "cannot be written: nobody else will see that this halt was asked, or by whom");
}

static void confirm_content(struct box *b, const struct frame *frame, const struct dialog *d)
{
    char changed[LINE_MAX_BYTES];
    add_entry(b, 2, "CHANGED", ROLE_BAD, say_changed(frame, d, changed, sizeof changed));
    add_unrecorded(b, d);
    if (d->may_cancel_review)
        add_entry(b, 3, "REVIEW", ROLE_BAD,
                  "what the store is reviewing now is cancelled, whoever sent it, and goes to a new "
                  "review together with this halt and all else that is prepared there");
    bool is_second = d->is_unrecorded || d->may_cancel_review;
    if (d->closed[0] != '\0')
        add_entry(b, 3, is_second ? "why" : "closed", ROLE_WARN, d->closed);
    if (d->closed[0] != '\0' && !is_second)
        add_field(b, d, FIELD_OVERRIDE, &d->override_text, "override", "type why");
    /* On a low screen the requests take the place of the sentences, until the key is pressed again.
     */
    bool has_room = b->canvas->rows >= 30 || !d->shows_requests || d->needs_id;
    if (strstr(d->title, d->identity) == NULL)
        add_entry(b, 1, "identity", ROLE_TEXT, d->identity);
    add_entry(b, 2, "is", ROLE_TEXT, d->is);
    if (has_room) {
        add_entry(b, 1, "percent", ROLE_TEXT, d->percent);
        add_entry(b, 2, "will", ROLE_TEXT, d->will);
        add_entry(b, 2, "will not", ROLE_TEXT, d->will_not);
    }
    add_field(b, d, FIELD_REASON, &d->reason, "reason", d->needs_id ? "Tab edits" : "e edits");
    if (d->needs_id)
        add_field(b, d, FIELD_ID, &d->typed_id, "id", "");
    add_requests(b, d);
}

static void draw_confirm(struct canvas *canvas, const struct frame *frame, const struct dialog *d)
{
    char title[LINE_MAX_BYTES];
    tui_format(title, sizeof title, "%s · %s", d->title,
               frame->snapshot->is_simulation ? "SIMULATION" : "PRODUCTION");
    struct box b = open_box(canvas, frame, d, title, confirm_content);
    char yes[FIG_SIZE];
    draw_answers(&b, d, yes_text(d, yes, sizeof yes));
}

/* What stop-everything does to it, in words; true: something. The core leaves alone what does not
 * move: taking back what everybody gets is a roll back, which nobody decides in passing. */
static bool say_stop(const struct sw_platform *p, char *out, size_t size)
{
    char percent[FIG_SIZE];
    const struct sw_offer *offer =
        &p->offers[p->is_stop_rollback ? SW_VERB_ROLLBACK : SW_VERB_HALT];
    bool is_at_rest = p->state == SW_STATE_NONE || p->state == SW_STATE_HALTED ||
                      p->state == SW_STATE_COMPLETE || p->state == SW_STATE_ROLLED_BACK;
    if (p->is_stop_skipped)
        tui_format(out, size, "left alone, as the configuration says (stop: skip)");
    else if (is_at_rest)
        tui_format(out, size, "nothing to stop: %s%s", sw_state_title(p->state),
                   p->is_stale ? " when last read; it is read again" : "");
    else if (!offer->is_allowed)
        tui_format(out, size, "nothing to stop: %s", offer->reason ? offer->reason : "");
    else
        tui_format(out, size, "%s at %s: %s", p->is_stop_rollback ? "ROLL BACK" : "halt",
                   sw_percent_text(p->percent_set, false, percent, sizeof percent),
                   offer->effect ? offer->effect : "");
    return !p->is_stop_skipped && !is_at_rest && offer->is_allowed;
}

static void stop_content(struct box *b, const struct frame *frame, const struct dialog *d)
{
    const struct sw_snapshot *s = frame->snapshot;
    add_unrecorded(b, d);
    if (d->is_unrecorded)
        add_entry(b, 3, "why", ROLE_WARN, d->closed);
    add_field(b, d, FIELD_REASON, &d->reason, "reason", "e edits");
    for (size_t i = 0; i < s->platform_count && b->at < b->last; i++) {
        const struct sw_platform *p = &s->platforms[i];
        char text[LINE_MAX_BYTES * 2];
        bool is_stopped = say_stop(p, text, sizeof text);
        add_entry(b, 1, p->title, is_stopped ? ROLE_TEXT : ROLE_DIM, text);
    }
    add_requests(b, d);
}

static void draw_stop_all(struct canvas *canvas, const struct frame *frame, const struct dialog *d)
{
    struct box b = open_box(canvas, frame, d, d->title, stop_content);
    draw_answers(&b, d, d->is_unrecorded ? "stop everything, unrecorded" : "stop everything");
}

static const struct sw_action *part_of(const struct sw_snapshot *s, uint64_t stop_id,
                                       const char *platform)
{
    for (size_t i = 0; i < s->action_count; i++) {
        const struct sw_action *a = &s->actions[i];
        if (a->parent == stop_id && a->platform && platform && !strcmp(a->platform, platform))
            return a;
    }
    return NULL;
}

static void list_content(struct box *b, const struct frame *frame, const struct dialog *d)
{
    const struct sw_snapshot *s = frame->snapshot;
    for (size_t i = 0; i < s->platform_count && b->at < b->last; i++) {
        const struct sw_platform *p = &s->platforms[i];
        const struct sw_action *a = part_of(s, d->stop_id, p->id);
        struct pen pen = canvas_pen(b->canvas, b->at++, b->col + 2, b->col + b->cols - 2);
        if (a != NULL && parts_is_nothing(a))
            pen_print(&pen, ROLE_DIM, "%s  %s", p->title, a->text ? a->text : "nothing to stop");
        else if (a != NULL)
            parts_action(&pen, frame, a);
        else
            pen_print(&pen, ROLE_DIM, "%s  nothing asked: %s", p->title, sw_state_title(p->state));
    }
}

static void draw_stop_list(struct canvas *canvas, const struct frame *frame, const struct dialog *d)
{
    const struct sw_snapshot *s = frame->snapshot;
    size_t asked = 0;
    size_t seen = 0;
    bool is_over = true;
    for (size_t i = 0; i < s->action_count; i++) {
        bool is_part = s->actions[i].parent == d->stop_id && !parts_is_nothing(&s->actions[i]);
        is_over = is_over && !(is_part && s->actions[i].result == SW_RESULT_NONE);
        asked += is_part;
        seen += is_part && s->actions[i].result == SW_RESULT_SEEN;
    }
    struct box b = open_box(canvas, frame, d, d->title, list_content);
    struct pen pen = canvas_pen(canvas, b.row + b.rows - 2, b.col + 2, b.col + b.cols - 2);
    pen_print(&pen, seen == asked ? ROLE_OK : ROLE_BAD, "really stopped %zu of %zu", seen, asked);
    pen_put(&pen, ROLE_TEXT, "   ");
    pen_put(&pen, ROLE_KEY, "Esc");
    pen_put(&pen, ROLE_TEXT, asked > 0 && is_over ? " closes this" : " hides this, it goes on");
}

static void quit_content(struct box *b, const struct frame *frame, const struct dialog *d)
{
    char text[LINE_MAX_BYTES];
    (void)frame;
    tui_format(text, sizeof text,
               "%zu halt%s asked and not yet seen. Leaving ends the asking: the halt gets 10 s "
               "more, then its outcome is unknown until the next start reads the store.",
               d->halts, d->halts == 1 ? " is" : "s are");
    add_entry(b, 4, "halt", ROLE_BAD, text);
}

static void draw_quit(struct canvas *canvas, const struct frame *frame, const struct dialog *d)
{
    struct box b = open_box(canvas, frame, d, d->title, quit_content);
    draw_answers(&b, d, "leave");
}

void dialog_draw(struct canvas *canvas, const struct frame *frame)
{
    const struct dialog *d = frame->view->dialog;
    if (d == NULL)
        return;
    switch (d->kind) {
    case DIALOG_CONFIRM:
        draw_confirm(canvas, frame, d);
        break;
    case DIALOG_STOP_ALL:
        draw_stop_all(canvas, frame, d);
        break;
    case DIALOG_STOP_LIST:
        draw_stop_list(canvas, frame, d);
        break;
    case DIALOG_QUIT:
        draw_quit(canvas, frame, d);
        break;
    }
}
