/*
 * platform.c: everything known about one platform, with where each figure comes from.
 *
 * Sections stand below one another; from 140 columns on in two columns: what decides on the left,
 * what it is made of on the right.
 */
#include <string.h>

#include "chart.h"
#include "detail.h"
#include "figures.h"
#include "memory.h"
#include "page.h"
#include "parts.h"
#include "platform_parts.h"

#define TWO_COLUMNS 140
#define COMMITS_MAX 40

typedef int (*section_fn)(const struct place *at);

/* -------------------------------------------------------------------- sections */

static int draw_summary(const struct place *at)
{
    return detail_draw(at->canvas, at->frame, at->p, at->row, 20, at->col + 1, at->end,
                       DETAIL_CHECKLIST);
}

/* What ships in the same bundle has no rollout of its own. Sentry sees no crashes on watchOS: a
 * share of its own would read 100 % whatever happens. */
static int draw_includes(const struct place *at, int row)
{
    const struct sw_platform *p = at->p;
    if (p->includes_count == 0)
        return 0;
    struct pen pen = place_line(at, row);
    pen_put(&pen, ROLE_LABEL, "with it");
    pen_tab(&pen, at->col + 13);
    for (size_t i = 0; i < p->includes_count; i++)
        pen_print(&pen, ROLE_TEXT, "%s%s", i > 0 ? ", " : "", fig_include(p->includes[i]));
    pen_put(&pen, ROLE_DIM,
            ": in the same bundle, at the same percent; no crash figure of its own");
    return 1;
}

static int draw_facts(const struct place *at)
{
    const struct sw_platform *p = at->p;
    char a[FIG_SIZE];
    char b[FIG_SIZE];
    struct pen pen = place_line(at, 0);
    pen_put(&pen, ROLE_LABEL, "state");
    pen_tab(&pen, at->col + 13);
    pen_print(&pen, fig_is_platform_doubtful(p) ? ROLE_STALE : fig_state_role(p->state), "%s %s%s",
              fig_state_glyph(p->state), sw_state_title(p->state),
              fig_is_platform_doubtful(p) ? "?" : "");
    pen_print(&pen, ROLE_DIM, "  its word: %s, read %s from %s", place_word(p->raw_state),
              fig_ago(p->observed_at_ms, at->frame->now_ms, a, sizeof a), place_word(p->source));
    pen = place_line(at, 1);
    pen_put(&pen, ROLE_LABEL, "percent");
    pen_tab(&pen, at->col + 13);
    pen_print(&pen, ROLE_TEXT, "%s set, %s real",
              sw_percent_text(p->percent_set, false, a, sizeof a),
              fig_real(p->percent_actual, b, sizeof b));
    if (p->percent_actual.is_known)
        pen_print(&pen, ROLE_DIM, " (%s)", place_word(p->actual_note));
    if (p->stage_since_ms != 0)
        pen_print(&pen, ROLE_TEXT, "  stage since %s%s",
                  fig_when(p->stage_since_ms, at->frame->now_ms, a, sizeof a),
                  p->is_stage_since_ours ? "" : " (first seen, not ours)");
    int used = 2;
    used += draw_includes(at, used);
    return used + platform_draw_store(at, used);
}

static int draw_stages(const struct place *at)
{
    const struct sw_platform *p = at->p;
    if (p->stage_count == 0)
        return 0;
    char text[FIG_SIZE];
    int used = place_title(at, "plan", place_word(p->plan_name));
    for (size_t i = 0; i < p->stage_count && i < 40; i++) {
        const struct sw_stage *stage = &p->stages[i];
        bool is_here = (int)i == p->stage_index;
        struct pen pen = place_line(at, used++);
        enum role role = is_here ? fig_state_role(p->state) : stage->is_done ? ROLE_DIM : ROLE_TEXT;
        pen_print(&pen, role, "%s %2zu", is_here ? ">" : " ", i + 1);
        pen_tab(&pen, at->col + 7);
        pen_print(&pen, role, "%s",
                  stage->is_done && !is_here ? "●"
                  : is_here                  ? fig_state_glyph(p->state)
                                             : "○");
        pen_print(&pen, role, "%7g%%", stage->percent);
        pen_tab(&pen, at->col + 19);
        if (stage->at != NULL && stage->at[0] != '\0')
            pen_print(&pen, role, "%s", stage->at);
        else if (stage->soak_s > 0)
            pen_print(&pen, role, "soak %s", sw_duration_text(stage->soak_s, text, sizeof text));
        pen_tab(&pen, at->col + 32);
        if ((int)i == p->stage_index + 1)
            pen_print(&pen, ROLE_TEXT, "%s%s  %s", p->is_next_estimated ? "~" : "",
                      fig_when(p->next_at_ms, at->frame->now_ms, text, sizeof text),
                      p->next_note ? p->next_note : "");
    }
    return used;
}

static int draw_gates(const struct place *at)
{
    int used = place_title(at, "gates", "advance needs every blocking one open");
    for (size_t i = 0; i < at->p->gate_count && i < 60; i++) {
        const struct sw_gate *gate = &at->p->gates[i];
        char text[FIG_SIZE];
        struct pen pen = place_line(at, used++);
        pen_print(&pen, fig_gate_role(gate->verdict), "%s %s", fig_gate_glyph(gate->verdict),
                  sw_gate_verdict_name(gate->verdict));
        pen_tab(&pen, at->col + 11);
        pen_print(&pen, ROLE_TEXT, "%s", place_word(gate->id));
        pen_tab(&pen, at->col + 26);
        pen_print(&pen, ROLE_DIM, "%s", fig_window(gate->window_s, text, sizeof text));
        pen_tab(&pen, at->col + 31);
        pen_print(&pen, ROLE_TEXT, "%s%s", place_word(gate->reason),
                  gate->is_blocking ? "" : " (advisory)");
    }
    if (at->p->gate_count == 0) {
        struct pen pen = place_line(at, used++);
        pen_put(&pen, ROLE_DIM, "none configured");
    }
    return used;
}

/* What was found up to the last halt or fix, after which a test of its own decides. */
static int draw_before(const struct place *at, int row)
{
    const struct sw_grounds *grounds = &at->p->grounds;
    char when[FIG_SIZE], e[FIG_SIZE];
    if (grounds->event == 0)
        return 0;
    struct pen pen = place_line(at, row);
    pen_put(&pen, ROLE_LABEL, "begun anew");
    pen_tab(&pen, at->col + 13);
    pen_print(&pen, ROLE_TEXT, "after halt or fix %u, %s", grounds->event,
              fig_when(grounds->event_ms, at->frame->now_ms, when, sizeof when));
    if (grounds->before == SW_VERDICT_UNKNOWN)
        return 1;
    pen_print(&pen, ROLE_TEXT, "; before it %s", sw_verdict_name(grounds->before));
    if (grounds->before_ratio.is_known)
        pen_print(&pen, ROLE_TEXT, " %.1f×", grounds->before_ratio.value);
    if (grounds->before_log_e_max.is_known)
        pen_print(&pen, ROLE_TEXT, ", E at most %s",
                  fig_e(grounds->before_log_e_max.value, e, sizeof e));
    return 1;
}

static int draw_verdict(const struct place *at)
{
    const struct sw_platform *p = at->p;
    const struct sw_grounds *grounds = &p->grounds;
    char head[LINE_MAX_BYTES], a[FIG_SIZE];
    if (p->verdict == SW_VERDICT_UNKNOWN && grounds->event == 0)
        return 0;
    tui_format(head, sizeof head, "against %s",
               p->previous_version ? p->previous_version : "the old version");
    int used = place_title(at, head, "valid at every look");
    used += draw_before(at, used);
    struct pen pen = place_line(at, used++);
    pen_put(&pen, ROLE_LABEL, "verdict");
    pen_tab(&pen, at->col + 13);
    pen_print(&pen, grounds->is_stale ? ROLE_STALE : ROLE_TEXT, "%s%s", sw_verdict_name(p->verdict),
              grounds->is_stale ? "?" : "");
    if (p->verdict == SW_VERDICT_UNKNOWN) {
        pen_put(&pen, ROLE_DIM, "  no closed bucket since then");
        return used;
    }
    if (p->ratio.is_known)
        pen_print(&pen, ROLE_TEXT, "  %.2f×", p->ratio.value);
    if (p->ratio_low.is_known && p->ratio_high.is_known)
        pen_print(&pen, ROLE_TEXT, " (%.2f–%.2f)", p->ratio_low.value, p->ratio_high.value);
    pen_print(&pen, ROLE_TEXT, "  %s", fig_evidence(p, a, sizeof a));
    pen = place_line(at, used++);
    pen_put(&pen, ROLE_LABEL, "from");
    pen_tab(&pen, at->col + 13);
    pen_print(&pen, ROLE_TEXT, "%zu buckets of %s", grounds->bucket_count,
              fig_window(grounds->bucket_s, a, sizeof a));
    pen_print(&pen, ROLE_TEXT, ", up to %s",
              fig_when(grounds->true_for_ms, at->frame->now_ms, a, sizeof a));
    if (grounds->is_old_rate_known)
        pen_put(&pen, ROLE_WARN, "; old rate taken as known");
    pen_put(&pen, ROLE_DIM, "; that rates differ, not that the code is why");
    return used;
}

static int draw_offers(const struct place *at)
{
    static const enum command_id ids[] = {COMMAND_HALT, COMMAND_RESUME, COMMAND_ADVANCE,
                                          COMMAND_COMPLETE, COMMAND_ROLLBACK};
    int used = place_title(at, "what each key would do now", "");
    for (size_t i = 0; i < TUI_COUNT(ids); i++) {
        const struct command *command = command_get(ids[i]);
        const struct sw_offer *offer = &at->p->offers[command->verb];
        char label[FIG_SIZE];
        tui_format(label, sizeof label, "%c %s", (char)command->keys[0], command->hint);
        if (!offer->is_allowed)
            used += parts_entry(at->canvas, at->row + used, 2, at->col + 1, 13, at->end, label,
                                ROLE_CLOSED,
                                offer->reason && offer->reason[0] ? offer->reason : "not offered");
        if (offer->effect != NULL && offer->effect[0] != '\0')
            used += parts_entry(at->canvas, at->row + used, 3, at->col + 1, 13, at->end,
                                offer->is_allowed ? label : "  would", ROLE_TEXT, offer->effect);
        if (offer->is_allowed && offer->will_not != NULL && offer->will_not[0] != '\0')
            used += parts_entry(at->canvas, at->row + used, 3, at->col + 1, 13, at->end,
                                "  will not", ROLE_TEXT, offer->will_not);
    }
    return used;
}

static int draw_chart(const struct place *at)
{
    const struct sw_health *h = fig_headline_health(at->p);
    const struct sw_trend *trend = h ? fig_trend(at->p, h->metric) : NULL;
    if (trend == NULL || trend->new_count < 2 || at->end - at->col < 40)
        return 0;
    chart_draw(at->canvas, at->frame, at->p, trend, at->row + 1, at->col + 1, 11,
               at->end - at->col - 2);
    place_title(at, "trend", place_word(trend->source));
    return 12;
}

/* Another source of the metric decides; where none is configured to, nothing stands beside. */
static bool is_beside(const struct sw_platform *p, const struct sw_health *h)
{
    for (size_t i = 0; i < p->health_count; i++) {
        if (p->health[i].metric == h->metric && p->health[i].is_deciding)
            return !h->is_deciding;
    }
    return false;
}

static int draw_readings(const struct place *at)
{
    if (at->p->health_count == 0)
        return 0;
    int used = place_title(at, "every reading, and where it comes from", "");
    for (size_t i = 0; i < at->p->health_count && i < 40; i++) {
        const struct sw_health *h = &at->p->health[i];
        char a[FIG_SIZE];
        char b[FIG_SIZE];
        enum role role = fig_is_doubtful(h) ? ROLE_STALE : ROLE_TEXT;
        struct pen pen = place_line(at, used++);
        pen_print(&pen, is_beside(at->p, h) ? ROLE_DIM : ROLE_TEXT, "%s", sw_metric_title(h->metric));
        pen_tab(&pen, at->col + 22);
        pen_print(&pen, ROLE_DIM, "%s", fig_window(h->window_s, a, sizeof a));
        pen_tab(&pen, at->col + 26);
        pen_print(&pen, role, "%s%s", sw_health_text(h, false, a, sizeof a),
                  h->is_cached  ? "? cached"
                  : h->is_stale ? "? stale"
                                : "");
        pen_tab(&pen, at->col + 37);
        if (h->n.is_known)
            pen_print(&pen, ROLE_TEXT, "n %s", fig_count(h->n.value, a, sizeof a));
        pen_tab(&pen, at->col + 50);
        if (fig_has_period(h))
            pen_print(&pen, ROLE_DIM, "%s, ", h->period);
        pen_print(&pen, ROLE_DIM, "%s, true for %s%s%s", place_word(h->source),
                  fig_when(h->true_for_ms, at->frame->now_ms, b, sizeof b),
                  is_beside(at->p, h) ? ", beside" : "", h->origin && h->origin[0] ? ": " : "");
        pen_put(&pen, ROLE_DIM, h->origin);
        if (h->contradiction != NULL && h->contradiction[0] != '\0')
            used += parts_entry(at->canvas, at->row + used, 2, at->col + 1, 5, at->end, "   ▲",
                                ROLE_WARN, h->contradiction);
    }
    return used;
}

static int draw_issues(const struct place *at)
{
    if (at->p->issue_count == 0)
        return 0;
    int used = place_title(at, "issues in this release", place_word(at->p->issues[0].source));
    for (size_t i = 0; i < at->p->issue_count && i < 30; i++) {
        const struct sw_issue *issue = &at->p->issues[i];
        char text[FIG_SIZE];
        struct pen pen = place_line(at, used++);
        pen_put(&pen, issue->is_new ? ROLE_WARN : ROLE_DIM, issue->is_new ? "new" : "");
        pen_tab(&pen, at->col + 5);
        if (issue->events >= 0)
            pen_print(&pen, ROLE_TEXT, "%s×", fig_count((double)issue->events, text, sizeof text));
        pen_tab(&pen, at->col + 12);
        if (issue->users >= 0)
            pen_print(&pen, ROLE_TEXT, "%s users",
                      fig_count((double)issue->users, text, sizeof text));
        pen_tab(&pen, at->col + 24);
        pen_print(&pen, ROLE_DIM, "%s",
                  fig_when(issue->first_seen_ms, at->frame->now_ms, text, sizeof text));
        pen_tab(&pen, at->col + 35);
        pen_put(&pen, ROLE_TEXT, place_word(issue->title));
        pen_print(&pen, ROLE_DIM, " %s %s", issue->culprit ? issue->culprit : "",
                  issue->id ? issue->id : "");
        if (strcmp(place_word(issue->source), place_word(at->p->issues[0].source)) != 0)
            pen_print(&pen, ROLE_DIM, " (%s)", place_word(issue->source));
    }
    return used;
}

static int draw_alarms(const struct place *at)
{
    if (at->p->alarm_count == 0)
        return 0;
    int used = place_title(at, "alarms", place_word(at->p->alarms[0].source));
    for (size_t i = 0; i < at->p->alarm_count && i < 30; i++) {
        const struct sw_alarm *alarm = &at->p->alarms[i];
        char text[FIG_SIZE];
        struct pen pen = place_line(at, used++);
        pen_print(&pen,
                  alarm->is_firing  ? ROLE_BAD
                  : alarm->is_stale ? ROLE_STALE
                                    : ROLE_OK,
                  "%s %s%s", alarm->is_firing ? "▲" : "=", place_word(alarm->state),
                  alarm->is_stale ? "?" : "");
        pen_tab(&pen, at->col + 22);
        pen_put(&pen, ROLE_TEXT, place_word(alarm->name));
        pen_print(&pen, ROLE_DIM, " since %s · %s",
                  fig_when(alarm->since_ms, at->frame->now_ms, text, sizeof text),
                  place_word(alarm->reason));
    }
    return used;
}

static int draw_commits(const struct place *at)
{
    const struct sw_tags *tags = &at->p->tags;
    char head[LINE_MAX_BYTES];
    if (tags->newest == NULL && (tags->note == NULL || tags->note[0] == '\0'))
        return 0;
    tui_format(head, sizeof head, "tag %s over %s", place_word(tags->newest),
               place_word(tags->previous));
    int used = place_title(at, head, tags->is_stale ? "stale ?" : "");
    if (!tags->has_commits) {
        struct pen pen = place_line(at, used++);
        pen_print(&pen, ROLE_STALE, "? commits UNKNOWN: %s", place_word(tags->note));
        return used;
    }
    for (size_t i = 0; i < tags->shown_count && i < COMMITS_MAX; i++) {
        const struct sw_commit *commit = &tags->commits[i];
        char text[FIG_SIZE];
        struct pen pen = place_line(at, used++);
        pen_print(&pen, ROLE_OLD, "%s", place_word(commit->id));
        pen_tab(&pen, at->col + 12);
        pen_print(&pen, ROLE_DIM, "%s",
                  fig_when(commit->at_ms, at->frame->now_ms, text, sizeof text));
        pen_tab(&pen, at->col + 23);
        pen_put(&pen, ROLE_TEXT, place_word(commit->subject));
        pen_print(&pen, ROLE_DIM, "  %s", place_word(commit->author));
    }
    size_t shown = tags->shown_count < COMMITS_MAX ? tags->shown_count : COMMITS_MAX;
    if (tags->commit_count > shown) {
        struct pen pen = place_line(at, used++);
        pen_print(&pen, ROLE_DIM, "and %zu more", tags->commit_count - shown);
    }
    return used;
}

/* ---------------------------------------------------------------------- layout */

static const section_fn left_sections[] = {draw_facts, draw_summary, draw_offers, draw_gates,
                                           draw_verdict, draw_stages};
static const section_fn right_sections[] = {
    draw_chart,  draw_issues,   platform_draw_reviews, platform_draw_builds,
    draw_alarms, draw_readings, draw_commits};

static int draw_column(struct place at, const section_fn *sections, size_t count)
{
    for (size_t i = 0; i < count && at.row < PAGE_ROWS - 60; i++)
        at.row += sections[i](&at);
    return at.row;
}

static void draw_page(struct page *page, const struct frame *frame)
{
    int cols = page->canvas.cols;
    bool is_double = cols >= TWO_COLUMNS;
    int middle = is_double ? cols / 2 : cols;
    struct place at = {
        &page->canvas, frame, frame_platform(frame), 0, 0, middle - (is_double ? 1 : 0)};
    int left = draw_column(at, left_sections, TUI_COUNT(left_sections));
    at.row = is_double ? 0 : left;
    at.col = is_double ? middle + 1 : 0;
    at.end = cols;
    int right = draw_column(at, right_sections, TUI_COUNT(right_sections));
    page->row = left > right ? left : right;
}

int platform_draw(struct canvas *canvas, const struct frame *frame)
{
    static const enum command_id hints[] = {COMMAND_BACK,   COMMAND_HALT,     COMMAND_ADVANCE,
                                            COMMAND_RESUME, COMMAND_COMPLETE, COMMAND_ROLLBACK,
                                            COMMAND_SELECT, COMMAND_LOG,      COMMAND_LINE,
                                            COMMAND_HELP,   COMMAND_NONE};
    struct headline headline;
    headline_make(frame, &headline);
    const struct sw_platform *p = frame_platform(frame);
    int row = parts_top(canvas, frame, &headline, canvas->rows < 9 ? 1 : 3);
    int footer = canvas->rows >= 8 ? 1 : 0;
    int hidden = 0;
    if (p != NULL) {
        char name[LINE_MAX_BYTES];
        detail_title(frame, p, name, sizeof name);
        parts_rule(canvas, row, 0, canvas->cols, name, p->place);
        struct page page;
        page_open(&page, canvas);
        draw_page(&page, frame);
        hidden = page_show(&page, canvas, row + 1, canvas->rows - footer - row - 1,
                           frame->view->scroll[SCREEN_PLATFORM]);
    }
    if (footer)
        parts_footer(canvas, frame, hints);
    return hidden;
}
