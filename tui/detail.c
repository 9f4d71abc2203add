/* detail.c: see detail.h. */
#include "detail.h"

#include <math.h>
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "parts.h"

#define INDENT        12 /* columns of a label */
#define LONG_IDENTITY 20 /* a longer one is shortened in titles; dialogs say all of it */
#define NARROW        50 /* fewer columns than this: short labels */
#define NARROW_INDENT 6

/* Where one entry may draw. */
struct place {
    struct canvas *canvas;
    const struct frame *frame;
    const struct sw_platform *p;
    int row, most, col, end;
};

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "–";
}

void detail_name(const struct sw_platform *p, char *title, size_t size)
{
    fig_bundle(p, title, size);
    if (p->version != NULL)
        tui_append(title, size, " %s", p->version);
    if (p->build != NULL && (p->version == NULL || strcmp(p->build, p->version) != 0))
        tui_append(title, size, p->version ? " (%s)" : " %s", p->build);
    if (p->identity != NULL && (p->build == NULL || strcmp(p->identity, p->build) != 0))
        tui_append(title, size, strlen(p->identity) > LONG_IDENTITY ? " id %.8s…" : " code %s",
                   p->identity);
}

void detail_title(const struct frame *frame, const struct sw_platform *p, char *title, size_t size)
{
    char name[LINE_MAX_BYTES];
    size_t number = (size_t)(p - frame->snapshot->platforms) + 1;
    detail_name(p, name, sizeof name);
    tui_format(title, size, "%zu %s", number, name);
    if (p->previous_version != NULL)
        tui_append(title, size, ", over %s", p->previous_version);
}

static bool is_narrow(const struct place *at)
{
    return at->end - at->col < NARROW;
}

static int indent_of(const struct place *at)
{
    return is_narrow(at) ? NARROW_INDENT : INDENT;
}

/* The label, or a short form of it on a telephone. */
static const char *label_of(const struct place *at, const char *label)
{
    static const char *const forms[][2] = {
        {"last hour", "1h"},   {"exposed", "real"},  {"new issue", "new"}, {"others", "also"},
        {"checklist", "list"}, {"OVERRIDE", "OVER"}, {"DISPUTED", "DISP"}, {"H halt", "H"},
        {"R resume", "R"},     {"B roll back", "B"}, {"A advance", "A"},
    };
    if (!is_narrow(at))
        return label;
    for (size_t i = 0; i < TUI_COUNT(forms); i++) {
        if (!strcmp(label, forms[i][0]))
            return forms[i][1];
    }
    return strncmp(label, "last ", 5) == 0 ? label + 5 : label;
}

static struct pen entry_pen(const struct place *at, const char *label)
{
    int indent = indent_of(at);
    canvas_put(at->canvas, at->row, at->col, indent - 1, ROLE_LABEL, label_of(at, label));
    return canvas_pen(at->canvas, at->row, at->col + indent, at->end);
}

/* ---------------------------------------------------------------------- health */

/* "99.02%? 43 of 4,400 crashed" */
static void put_reading(struct pen *pen, const struct sw_health *h)
{
    char figure[FIG_SIZE];
    char bad[FIG_SIZE];
    char n[FIG_SIZE];
    const char *what = h->metric == SW_METRIC_ERROR_RATE ? "failed" : "crashed";
    enum role role = fig_is_doubtful(h) ? ROLE_STALE : ROLE_TEXT;
    bool is_rate = h->metric == SW_METRIC_ERROR_RATE ||
                   h->metric == SW_METRIC_CRASH_FREE_SESSIONS ||
                   h->metric == SW_METRIC_CRASH_FREE_USERS;
    pen_print(pen, role, "%s%s", fig_clean(h, figure, sizeof figure),
              fig_is_doubtful(h) ? "?" : "");
    if (is_rate && h->bad.is_known && h->n.is_known && strstr(figure, " of ") == NULL)
        pen_print(pen, ROLE_TEXT, "  %s of %s %s", fig_count(h->bad.value, bad, sizeof bad),
                  fig_count(h->n.value, n, sizeof n), what);
    else if (strstr(figure, " of ") != NULL)
        pen_print(pen, ROLE_TEXT, " %s, too few for a rate", what);
    else if (h->n.is_known)
        pen_print(pen, ROLE_DIM, "  n %s", fig_count(h->n.value, n, sizeof n));
}

static bool has_health(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return fig_headline_health(p) != NULL;
}

/* The old version's figure in the same window, and the shapes of both on one scale. */
static void put_old(struct pen *pen, const struct sw_platform *p, const struct sw_health *h)
{
    const struct sw_trend *trend = fig_trend(p, h->metric);
    double max = trend != NULL ? fig_trend_scale(p, trend) : 0;
    int cells = pen_left(pen) >= 60 ? 24 : 12;
    if (trend != NULL && trend->new_count > 0) {
        pen_put(pen, ROLE_TEXT, " ");
        fig_spark(pen, ROLE_NEW, trend->new_buckets, trend->new_count, cells, max);
    }
    if (!h->old_value.is_known)
        return;
    struct sw_health old = *h;
    old.value = h->old_value;
    old.n = h->old_n;
    old.bad = (struct sw_value){0};
    char figure[FIG_SIZE];
    pen_print(pen, ROLE_OLD, "  %s %s", or_dash(p->previous_version),
              fig_clean(&old, figure, sizeof figure));
    if (trend != NULL && trend->old_count > 0 && pen_left(pen) > 4) {
        pen_put(pen, ROLE_OLD, " ");
        fig_spark(pen, ROLE_OLD, trend->old_buckets, trend->old_count, cells, max);
    }
}

/* "last hour", "last 24h"; a period of the upstream's own is not the last hour: it is named behind
 * the figure. */
static const char *health_label(const struct sw_health *h, char *out, size_t size)
{
    char window[FIG_SIZE];
    const char *last = fig_has_period(h) ? "" : "last ";
    if (h->window_s == 3600)
        return tui_format(out, size, "%shour", last);
    return tui_format(out, size, "%s%s", last, fig_window(h->window_s, window, sizeof window));
}

static void put_period(struct pen *pen, const struct sw_health *h)
{
    if (fig_has_period(h))
        pen_print(pen, ROLE_DIM, " (%s)", h->period);
}

static int draw_health(const struct place *at)
{
    const struct sw_health *h = fig_headline_health(at->p);
    if (h == NULL)
        return 0;
    char label[FIG_SIZE];
    struct pen pen = entry_pen(at, health_label(h, label, sizeof label));
    put_reading(&pen, h);
    put_old(&pen, at->p, h);
    put_period(&pen, h);
    return 1;
}

/* The longest other window of the same metric: what the day says. */
static const struct sw_health *long_health(const struct sw_platform *p)
{
    const struct sw_health *now = fig_headline_health(p);
    const struct sw_health *found = NULL;
    for (size_t i = 0; now != NULL && i < p->health_count; i++) {
        const struct sw_health *h = &p->health[i];
        if (h->metric == now->metric && h->is_deciding && h->window_s > now->window_s &&
            (found == NULL || h->window_s > found->window_s))
            found = h;
    }
    return found;
}

static bool has_long(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return long_health(p) != NULL;
}

static int draw_long(const struct place *at)
{
    const struct sw_health *h = long_health(at->p);
    if (h == NULL)
        return 0;
    char label[FIG_SIZE];
    struct pen pen = entry_pen(at, health_label(h, label, sizeof label));
    put_reading(&pen, h);
    if (h->old_value.is_known) {
        struct sw_health old = *h;
        old.value = h->old_value;
        old.n = h->old_n;
        old.bad = (struct sw_value){0};
        char figure[FIG_SIZE];
        pen_print(&pen, ROLE_OLD, "  %s %s", or_dash(at->p->previous_version),
                  fig_clean(&old, figure, sizeof figure));
    }
    put_period(&pen, h);
    return 1;
}

/* ---------------------------------------------------------------------- others */

static bool is_other(const struct sw_platform *p, const struct sw_health *h)
{
    return h->is_deciding && h->metric != sw_platform_headline_metric(p);
}

static bool has_others(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    for (size_t i = 0; i < p->health_count; i++) {
        if (is_other(p, &p->health[i]))
            return true;
    }
    return false;
}

static int draw_others(const struct place *at)
{
    struct pen pen = entry_pen(at, "others");
    bool has_any = false;
    for (size_t i = 0; i < at->p->health_count; i++) {
        const struct sw_health *h = &at->p->health[i];
        if (!is_other(at->p, h))
            continue;
        char figure[FIG_SIZE];
        char window[FIG_SIZE];
        pen_print(&pen, fig_is_doubtful(h) ? ROLE_STALE : ROLE_TEXT, "%s%s %s %s%s",
                  has_any ? " · " : "", sw_metric_title(h->metric),
                  fig_window(h->window_s, window, sizeof window),
                  sw_health_text(h, false, figure, sizeof figure), fig_is_doubtful(h) ? "?" : "");
        has_any = true;
    }
    return 1;
}

/* ------------------------------------------------------------- contradictions */

/* Empty: none. */
static const char *first_contradiction(const struct sw_platform *p)
{
    for (size_t i = 0; i < p->health_count; i++) {
        const char *text = p->health[i].contradiction;
        if (text != NULL && text[0] != '\0')
            return text;
    }
    return "";
}

static bool has_contradiction(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return first_contradiction(p)[0] != '\0';
}

static int draw_contradiction(const struct place *at)
{
    return parts_entry(at->canvas, at->row, at->most, at->col, indent_of(at), at->end,
                       label_of(at, "DISPUTED"), ROLE_WARN, first_contradiction(at->p));
}

/* --------------------------------------------------------------------- exposed */

static bool has_exposed(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return p->percent_actual.is_known || fig_extra_bad(p, fig_headline_health(p)).is_known;
}

static int draw_exposed(const struct place *at)
{
    const struct sw_platform *p = at->p;
    struct pen pen = entry_pen(at, "exposed");
    char figure[FIG_SIZE];
    if (p->percent_actual.is_known)
        pen_print(&pen, ROLE_TEXT, "%s run it", fig_real(p->percent_actual, figure, sizeof figure));
    const struct sw_health *h = fig_headline_health(p);
    struct sw_value extra = fig_extra_bad(p, h);
    if (extra.is_known && extra.value >= 1) {
        char count[FIG_SIZE];
        char window[FIG_SIZE];
        pen_print(&pen, ROLE_WARN, "%s%s extra %s in %s: a halt cures none",
                  p->percent_actual.is_known ? " · " : "",
                  fig_count(round(extra.value), count, sizeof count),
                  h->metric == SW_METRIC_ERROR_RATE ? "errors" : "crashes",
                  fig_window(h->window_s, window, sizeof window));
    }
    char note[FIG_SIZE];
    tui_format(note, sizeof note, " (%s)", or_dash(p->actual_note));
    if (p->percent_actual.is_known && p->actual_note != NULL && pen_fits(&pen, note))
        pen_put(&pen, ROLE_DIM, note);
    return 1;
}

/* ---------------------------------------------------------------------- issues */

/* The one that came last among those new in this release: the likeliest to be the news. */
static const struct sw_issue *first_issue(const struct sw_platform *p)
{
    const struct sw_issue *newest = NULL;
    for (size_t i = 0; i < p->issue_count; i++) {
        const struct sw_issue *issue = &p->issues[i];
        if (issue->is_new && (newest == NULL || issue->first_seen_ms > newest->first_seen_ms))
            newest = issue;
    }
    return newest != NULL || p->issue_count == 0 ? newest : &p->issues[0];
}

static bool has_issue(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return first_issue(p) != NULL;
}

static int draw_issue(const struct place *at)
{
    const struct sw_issue *issue = first_issue(at->p);
    if (issue == NULL)
        return 0;
    struct pen pen = entry_pen(at, issue->is_new ? "new issue" : "issue");
    char tail[FIG_SIZE] = "";
    char count[FIG_SIZE];
    char when[FIG_SIZE];
    if (issue->events >= 0)
        tui_append(tail, sizeof tail, "  %s×",
                   fig_count((double)issue->events, count, sizeof count));
    if (issue->users >= 0)
        tui_append(tail, sizeof tail, ", %s user%s",
                   fig_count((double)issue->users, count, sizeof count),
                   issue->users == 1 ? "" : "s");
    if (issue->first_seen_ms != 0)
        tui_append(tail, sizeof tail, ", from %s",
                   fig_when(issue->first_seen_ms, at->frame->now_ms, when, sizeof when));
    /* The counts matter more than the end of a long title. */
    int end = pen.end;
    pen.end -= canvas_width(at->canvas, tail);
    pen_put(&pen, ROLE_TEXT, or_dash(issue->title));
    if (issue->culprit != NULL && issue->culprit[0] != '\0' && pen_left(&pen) > 4)
        pen_print(&pen, ROLE_DIM, " %s", issue->culprit);
    pen.end = end;
    pen_put(&pen, ROLE_TEXT, tail);
    return 1;
}

/* ---------------------------------------------------------------------- alarms */

static bool has_alarm(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    for (size_t i = 0; i < p->alarm_count; i++) {
        if (p->alarms[i].is_firing)
            return true;
    }
    return false;
}

static int draw_alarm(const struct place *at)
{
    struct pen pen = entry_pen(at, "ALARM");
    bool has_any = false;
    for (size_t i = 0; i < at->p->alarm_count; i++) {
        const struct sw_alarm *alarm = &at->p->alarms[i];
        char when[FIG_SIZE];
        if (!alarm->is_firing)
            continue;
        pen_print(&pen, ROLE_BAD, "%s%s %s%s since %s", has_any ? " · " : "", or_dash(alarm->name),
                  or_dash(alarm->state), alarm->is_stale ? "?" : "",
                  fig_when(alarm->since_ms, at->frame->now_ms, when, sizeof when));
        has_any = true;
    }
    return 1;
}

/* ----------------------------------------------------------------------- gates */

static bool has_gates(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return p->gate_count > 0;
}

/* A figure that is too old or of too few is not put beside a limit. */
static bool has_figure(const struct sw_gate *gate)
{
    return gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN;
}

/* Every gate that is not open with its figure, worst first; the open ones as a number. */
static int draw_gates(const struct place *at)
{
    static const enum sw_gate_verdict order[] = {SW_GATE_FAIL, SW_GATE_STALE, SW_GATE_UNKNOWN,
                                                 SW_GATE_WARN, SW_GATE_WAIT};
    struct pen pen = entry_pen(at, "gates");
    size_t shown = 0;
    for (size_t o = 0; o < TUI_COUNT(order); o++) {
        for (size_t i = 0; i < at->p->gate_count; i++) {
            const struct sw_gate *gate = &at->p->gates[i];
            char figure[FIG_SIZE];
            if (gate->verdict != order[o])
                continue;
            pen_print(&pen, fig_gate_role(gate->verdict), "%s%s%s %s%s", shown ? " · " : "",
                      gate->is_blocking ? "" : "(", sw_gate_verdict_name(gate->verdict),
                      has_figure(gate) ? fig_gate(gate, figure, sizeof figure) : or_dash(gate->id),
                      gate->is_blocking ? "" : ")");
            shown++;
        }
    }
    if (shown < at->p->gate_count)
        pen_print(&pen, ROLE_OK, "%sok %zu", shown ? " · " : "", at->p->gate_count - shown);
    return 1;
}

/* ------------------------------------------------------------------------ plan */

static bool has_plan(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return p->stage_count > 0;
}

static void put_stage(struct pen *pen, const struct sw_platform *p, size_t i)
{
    const struct sw_stage *stage = &p->stages[i];
    char soak[FIG_SIZE];
    bool is_here = (int)i == p->stage_index;
    bool has_at = stage->at != NULL && stage->at[0] != '\0' && (is_here || !stage->is_done);
    pen_print(pen,
              is_here          ? fig_state_role(p->state)
              : stage->is_done ? ROLE_DIM
                               : ROLE_TEXT,
              "%s%s%g%s%s", i > 0 ? " · " : "", is_here ? "[" : "", stage->percent,
              has_at ? " " : "", has_at ? stage->at : "");
    if (stage->soak_s > 0 && is_here)
        pen_print(pen, ROLE_DIM, " %s", sw_duration_text(stage->soak_s, soak, sizeof soak));
    if (is_here)
        pen_put(pen, fig_state_role(p->state), "]");
    if ((int)i == p->stage_index + 1 && p->next_note != NULL && p->next_note[0] != '\0')
        pen_print(pen, ROLE_WARN, " %s", p->next_note);
}

static int draw_plan(const struct place *at)
{
    const struct sw_platform *p = at->p;
    struct pen pen = entry_pen(at, "plan");
    size_t first = p->stage_index > 3 && pen_left(&pen) < 90 ? (size_t)p->stage_index - 1 : 0;
    if (first > 0)
        pen_put(&pen, ROLE_DIM, "…");
    for (size_t i = first; i < p->stage_count && i < first + 12; i++)
        put_stage(&pen, p, i);
    if (p->stage_count > first + 12)
        pen_put(&pen, ROLE_DIM, " …");
    return 1;
}

/* ------------------------------------------------------------------- checklist */

static bool has_checklist(const struct frame *frame, const struct sw_platform *p)
{
    (void)p;
    const struct sw_checklist *list = &frame->snapshot->checklist;
    return list->is_known || (list->note != NULL && list->note[0] != '\0');
}

static int draw_checklist(const struct place *at)
{
    const struct sw_checklist *list = &at->frame->snapshot->checklist;
    struct pen pen = entry_pen(at, "checklist");
    if (!list->is_known) {
        pen_print(&pen, ROLE_STALE, "? %s", list->note);
        return 1;
    }
    pen_print(&pen, ROLE_TEXT, "%zu of %zu done", list->done, list->total);
    if (list->blocking_open == 0)
        return 1;
    pen_print(&pen, ROLE_WARN, " · %zu open that block%s", list->blocking_open,
              list->blocking_open == 1 ? "s" : "");
    for (size_t i = 0; i < list->count && pen_left(&pen) > 8; i++) {
        const struct sw_checklist_item *item = &list->items[i];
        if (!item->is_blocking || item->is_done)
            continue;
        pen_print(&pen, ROLE_TEXT, ": %s%s%s", or_dash(item->text), item->owner ? " " : "",
                  item->owner ? item->owner : "");
        break;
    }
    return 1;
}

/* ------------------------------------------------------------- notes and effect */

static bool has_override(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return p->override_text != NULL;
}

static int draw_override(const struct place *at)
{
    return parts_entry(at->canvas, at->row, at->most, at->col, indent_of(at), at->end,
                       label_of(at, "OVERRIDE"), ROLE_WARN, at->p->override_text);
}

static bool has_note(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    return p->note != NULL && p->note[0] != '\0';
}

static int draw_note(const struct place *at)
{
    return parts_entry(at->canvas, at->row, at->most, at->col, indent_of(at), at->end, "note",
                       ROLE_TEXT, at->p->note);
}

/* The verb whose effect is worth a line: halt where it is open, else the one that is. */
static enum command_id effect_command(const struct sw_platform *p)
{
    static const enum command_id order[] = {COMMAND_HALT, COMMAND_RESUME, COMMAND_ROLLBACK,
                                            COMMAND_ADVANCE};
    if (p->state == SW_STATE_HALTED)
        return COMMAND_RESUME;
    for (size_t i = 0; i < TUI_COUNT(order); i++) {
        if (p->offers[command_get(order[i])->verb].is_allowed)
            return order[i];
    }
    return COMMAND_HALT;
}

static bool has_effect(const struct frame *frame, const struct sw_platform *p)
{
    (void)frame;
    const struct sw_offer *offer = &p->offers[command_get(effect_command(p))->verb];
    return (offer->effect && offer->effect[0]) || (offer->reason && offer->reason[0]);
}

static const char *effect_text(const struct sw_offer *offer, char *out, size_t size)
{
    if (!offer->is_allowed)
        return tui_format(out, size, "closed: %s", or_dash(offer->reason));
    return fig_effect(offer, out, size);
}

/* Rows beyond the first that the sentence needs, at most two. */
static int effect_extra_rows(const struct canvas *canvas, const struct sw_platform *p, int width)
{
    char text[LINE_MAX_BYTES * 2];
    const struct command *command = command_get(effect_command(p));
    effect_text(&p->offers[command->verb], text, sizeof text);
    int room = width - (width < NARROW ? NARROW_INDENT : INDENT);
    const char *rest = text;
    char line[LINE_MAX_BYTES * 2];
    int rows = 0;
    while (room > 0 && *rest != '\0' && rows < 3) {
        canvas_wrap(canvas, rest, room, line, sizeof line, &rest);
        rows++;
    }
    return rows > 0 ? rows - 1 : 0;
}

static int draw_effect(const struct place *at)
{
    const struct command *command = command_get(effect_command(at->p));
    const struct sw_offer *offer = &at->p->offers[command->verb];
    char label[FIG_SIZE];
    char text[LINE_MAX_BYTES * 2];
    tui_format(label, sizeof label, "%c %s", (char)command->keys[0], command->hint);
    return parts_entry(at->canvas, at->row, at->most, at->col, indent_of(at), at->end,
                       label_of(at, label), offer->is_allowed ? ROLE_TEXT : ROLE_CLOSED,
                       effect_text(offer, text, sizeof text));
}

/* ----------------------------------------------------------------------- table */

static const struct entry {
    int rank; /* 1 = the last to give way */
    bool (*has)(const struct frame *frame, const struct sw_platform *platform);
    int (*draw)(const struct place *at);
} entries[] = {
    {2, has_override, draw_override},   {1, has_health, draw_health},
    {9, has_long, draw_long},           {5, has_contradiction, draw_contradiction},
    {5, has_exposed, draw_exposed},     {4, has_alarm, draw_alarm},
    {6, has_issue, draw_issue},         {10, has_others, draw_others},
    {3, has_gates, draw_gates},         {7, has_plan, draw_plan},
    {8, has_checklist, draw_checklist}, {11, has_note, draw_note},
    {2, has_effect, draw_effect},
};

int detail_draw(struct canvas *canvas, const struct frame *frame, const struct sw_platform *p,
                int row, int most, int col, int end, unsigned parts)
{
    bool is_on[TUI_COUNT(entries)] = {false};
    int count = 0;
    /* What a key will not do is worth a second row, before the last of the figures. */
    bool wants_effect = (parts & DETAIL_EFFECT) != 0;
    bool wants_list = (parts & DETAIL_CHECKLIST) != 0;
    bool may_extend = wants_effect && most >= 6 && most <= 14;
    int limit = may_extend ? most - effect_extra_rows(canvas, p, end - col) : most;
    for (int rank = 1; rank <= 11; rank++) {
        for (size_t i = 0; i < TUI_COUNT(entries); i++) {
            if (count >= limit || entries[i].rank != rank || !entries[i].has(frame, p))
                continue;
            bool is_unwanted = (entries[i].draw == draw_effect && !wants_effect) ||
                               (entries[i].draw == draw_checklist && !wants_list);
            if (!is_unwanted) {
                is_on[i] = true;
                count++;
            }
        }
    }
    int spare = most - count; /* rows for sentences that need a second one */
    int used = 0;
    for (size_t i = 0; i < TUI_COUNT(entries); i++) {
        if (!is_on[i])
            continue;
        struct place at = {canvas, frame, p, row + used, 1 + spare, col, end};
        int rows = entries[i].draw(&at);
        spare -= rows - 1;
        used += rows;
    }
    return used;
}
