/*
 * platform_store.c: what only a store tells of a platform: how a version will go out, the second
 * one in flight, the pause budget, builds of testers, written reviews.
 */
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "parts.h"
#include "platform_parts.h"

#define BUILDS_MAX  6
#define REVIEWS_MAX 8

const char *place_word(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "–";
}

struct pen place_line(const struct place *at, int row)
{
    return canvas_pen(at->canvas, at->row + row, at->col + 1, at->end);
}

int place_title(const struct place *at, const char *text, const char *right)
{
    parts_rule(at->canvas, at->row, at->col, at->end, text, right);
    return 1;
}

/* ------------------------------------------------------------------------ facts */

static struct pen fact(const struct place *at, int row, const char *label)
{
    struct pen pen = place_line(at, row);
    pen_put(&pen, ROLE_LABEL, label);
    pen_tab(&pen, at->col + 13);
    return pen;
}

/* How it will go out, while it is not. */
static int draw_release(const struct place *at, int row)
{
    if (at->p->release_how == NULL || at->p->release_how[0] == '\0')
        return 0;
    return parts_entry(at->canvas, at->row + row, 2, at->col + 1, 12, at->end, "release", ROLE_TEXT,
                       at->p->release_how);
}

/* The second version in flight. */
static int draw_other(const struct place *at, int row)
{
    const struct sw_other *other = &at->p->other;
    char text[FIG_SIZE];
    if (other->version == NULL)
        return 0;
    struct pen pen = fact(at, row, "also");
    pen_print(&pen, ROLE_TEXT, "%s", other->version);
    if (other->build != NULL)
        pen_print(&pen, ROLE_DIM, " (%s)", other->build);
    pen_print(&pen, fig_state_role(other->state), "  %s %s", fig_state_glyph(other->state),
              sw_state_title(other->state));
    if (other->percent_set.is_known)
        pen_print(&pen, ROLE_TEXT, " %s",
                  sw_percent_text(other->percent_set, false, text, sizeof text));
    pen_print(&pen, ROLE_DIM, "  its word: %s", place_word(other->raw_state));
    return 1;
}

/* The store counts whole days; what is left is therefore said as the most it can be. */
static int draw_pause(const struct place *at, int row)
{
    const struct sw_platform *p = at->p;
    char text[FIG_SIZE];
    if (!p->pause_days_total.is_known)
        return 0;
    struct pen pen = fact(at, row, "pause days");
    if (p->pause_days_used.is_known)
        pen_print(&pen, ROLE_TEXT, "%g of %g used", p->pause_days_used.value,
                  p->pause_days_total.value);
    else
        pen_print(&pen, ROLE_STALE, "? of %g used", p->pause_days_total.value);
    if (p->pause_left_s.is_known)
        pen_print(&pen, ROLE_TEXT, ", at most %s left",
                  sw_duration_text((int64_t)p->pause_left_s.value, text, sizeof text));
    if (p->paused_since_ms != 0)
        pen_print(&pen, ROLE_DIM, "; paused since %s%s",
                  fig_when(p->paused_since_ms, at->frame->now_ms, text, sizeof text),
                  p->is_pause_begin_seen ? "" : " or earlier");
    if (p->started_at_ms != 0)
        pen_print(&pen, ROLE_DIM, "; phased since %s",
                  fig_when(p->started_at_ms, at->frame->now_ms, text, sizeof text));
    return 1;
}

static int draw_weekends(const struct place *at, int row)
{
    const struct sw_platform *p = at->p;
    char text[FIG_SIZE];
    if (!p->is_halt_weekends)
        return 0;
    struct pen pen = fact(at, row, "weekends");
    if (p->weekends_to_come > 0)
        pen_print(&pen, ROLE_TEXT, "%s%d to come until 100%%: %s of pause",
                  p->state == SW_STATE_ROLLING ? "" : "at most ", p->weekends_to_come,
                  sw_duration_text(p->weekends_pause_s, text, sizeof text));
    else
        pen_put(&pen, ROLE_TEXT, "none to come until 100%");
    pen_put(&pen, ROLE_WARN, "; nothing halts over them yet, do it by hand");
    return 1;
}

int platform_draw_store(const struct place *at, int row)
{
    int used = draw_release(at, row);
    used += draw_other(at, row + used);
    used += draw_pause(at, row + used);
    return used + draw_weekends(at, row + used);
}

/* ------------------------------------------------------------ builds and reviews */

/* "IN_BETA_TESTING" as "in beta testing": words that are not known read as well. */
static const char *plain_word(const char *word, char *out, size_t size)
{
    tui_format(out, size, "%s", place_word(word));
    for (char *c = out; *c != '\0'; c++)
        *c = *c == '_' ? ' ' : (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return out;
}

static bool is_told(const char *word)
{
    return word != NULL && word[0] != '\0';
}

static void put_build(struct pen *pen, const struct place *at, const struct sw_build *build)
{
    char text[FIG_SIZE];
    bool is_bad = is_told(build->processing) && strcmp(build->processing, "VALID") != 0 &&
                  strcmp(build->processing, "PROCESSING") != 0;
    pen_print(pen, ROLE_TEXT, "%s (%s)", place_word(build->version), place_word(build->build));
    pen_tab(pen, at->col + 24);
    pen_put(pen, is_bad ? ROLE_BAD : ROLE_TEXT, plain_word(build->processing, text, sizeof text));
    if (build->crashes >= 0 && build->sessions >= 0) {
        char sessions[FIG_SIZE];
        pen_print(pen, build->crashes > 0 ? ROLE_WARN : ROLE_TEXT, ", %s crash%s in %s sessions",
                  fig_count((double)build->crashes, text, sizeof text),
                  build->crashes == 1 ? "" : "es",
                  fig_count((double)build->sessions, sessions, sizeof sessions));
    }
    if (is_told(build->internal))
        pen_print(pen, ROLE_TEXT, ", team: %s", plain_word(build->internal, text, sizeof text));
    if (is_told(build->external))
        pen_print(pen, ROLE_TEXT, ", others: %s", plain_word(build->external, text, sizeof text));
    else if (is_told(build->beta_review))
        pen_print(pen, ROLE_DIM, ", beta review: %s",
                  plain_word(build->beta_review, text, sizeof text));
    if (build->uploaded_ms != 0)
        pen_print(pen, ROLE_DIM, ", uploaded %s",
                  fig_when(build->uploaded_ms, at->frame->now_ms, text, sizeof text));
}

int platform_draw_builds(const struct place *at)
{
    const struct sw_platform *p = at->p;
    char text[FIG_SIZE], right[LINE_MAX_BYTES];
    if (p->build_count == 0)
        return 0;
    tui_format(right, sizeof right, "%s, read %s", place_word(p->builds[0].source),
               fig_ago(p->builds[0].observed_at_ms, at->frame->now_ms, text, sizeof text));
    int used = place_title(at, "builds for testers", right);
    for (size_t i = 0; i < p->build_count && i < BUILDS_MAX; i++) {
        struct pen pen = place_line(at, used++);
        put_build(&pen, at, &p->builds[i]);
    }
    return used;
}

int platform_draw_reviews(const struct place *at)
{
    const struct sw_platform *p = at->p;
    if (p->review_count == 0)
        return 0;
    int used = place_title(at, "written reviews with few stars", place_word(p->reviews[0].source));
    for (size_t i = 0; i < p->review_count && i < REVIEWS_MAX; i++) {
        const struct sw_review *review = &p->reviews[i];
        char text[FIG_SIZE];
        struct pen pen = place_line(at, used++);
        pen_print(&pen, review->rating == 1 ? ROLE_BAD : ROLE_WARN, "%d/5", review->rating);
        pen_tab(&pen, at->col + 6);
        pen_print(&pen, ROLE_DIM, "%s",
                  fig_when(review->at_ms, at->frame->now_ms, text, sizeof text));
        pen_tab(&pen, at->col + 17);
        pen_print(&pen, ROLE_DIM, "%s", place_word(review->territory));
        pen_tab(&pen, at->col + 22);
        pen_put(&pen, ROLE_TEXT, review->title);
        pen_print(&pen, ROLE_DIM, "%s%s", is_told(review->title) ? "  " : "", review->body);
    }
    return used;
}
