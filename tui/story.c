/* story.c: see story.h. */
#include "story.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "memory.h"
#include "parts.h"

#define LABEL 10 /* columns of a label */

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "–";
}

/* --------------------------------------------------------------------- changes */

static bool is_worth_telling(const struct sw_event *e)
{
    return e->text != NULL && (e->kind == SW_EVENT_CHANGE || e->kind == SW_EVENT_OUTCOME ||
                               e->kind == SW_EVENT_CONN || e->kind == SW_EVENT_NOTE);
}

int story_count(const struct frame *frame)
{
    int count = 0;
    for (size_t i = 0; i < frame->snapshot->event_count; i++)
        count += is_worth_telling(&frame->snapshot->events[i]);
    return count;
}

static int put_change(struct canvas *canvas, const struct frame *frame, const struct sw_event *e,
                      int row, int most, int col, int end)
{
    char when[FIG_SIZE];
    enum role role = e->kind == SW_EVENT_OUTCOME && e->result != SW_RESULT_SEEN
                         ? fig_result_role(e->result)
                         : ROLE_TEXT;
    fig_when(e->at_ms, frame->now_ms, when, sizeof when);
    int indent = canvas_width(canvas, when) + 1;
    return parts_entry(canvas, row, most, col, indent, end, when, role, e->text);
}

int story_changes(struct canvas *canvas, const struct frame *frame, int row, int most, int col,
                  int end, bool is_pairs)
{
    const struct sw_snapshot *s = frame->snapshot;
    int worth = story_count(frame);
    if (worth == 0 && most > 0)
        return parts_entry(canvas, row, 1, col, 1, end, "", ROLE_DIM, "nothing recorded yet");
    is_pairs = is_pairs && worth > most; /* else there is room enough for whole sentences */
    int rows_each = worth * 2 <= most ? 2 : 1;
    int middle = is_pairs ? col + (end - col) / 2 : end;
    int used = 0;
    bool is_right = false;
    for (size_t i = s->event_count; i > 0 && used < most; i--) {
        const struct sw_event *e = &s->events[i - 1];
        if (!is_worth_telling(e))
            continue;
        int rows = put_change(canvas, frame, e, row + used, rows_each, is_right ? middle : col,
                              is_right || !is_pairs ? end : middle - 1);
        used += is_pairs && !is_right ? 0 : rows;
        is_right = is_pairs && !is_right;
    }
    return is_right ? used + 1 : used;
}

void story_if_left_text(const struct frame *frame, char *out, size_t size)
{
    const struct sw_snapshot *s = frame->snapshot;
    out[0] = '\0';
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        char percent[FIG_SIZE];
        char when[FIG_SIZE];
        if (tui_is_full(out, size))
            break;
        if (!p->is_next_automatic || !p->next_percent.is_known)
            continue;
        tui_append(
            out, size, "%s%s%s %s %s%s%s", out[0] ? " · " : "", p->is_next_estimated ? "~" : "",
            p->next_at_ms ? fig_when(p->next_at_ms, frame->now_ms, when, sizeof when) : "then",
            p->title, sw_percent_text(p->next_percent, false, percent, sizeof percent),
            p->next_note && p->next_note[0] ? " " : "", p->next_note ? p->next_note : "");
    }
    if (out[0] == '\0')
        tui_format(out, size, "nothing moves by itself");
}

void story_if_left(struct canvas *canvas, const struct frame *frame, int row, int col, int end)
{
    char text[LINE_MAX_BYTES];
    story_if_left_text(frame, text, sizeof text);
    (void)parts_entry(canvas, row, 1, col, LABEL, end, "if left", ROLE_TEXT, text);
}

/* SIZE_MAX: of none of them. A snapshot of the core's points at its own ids. */
static size_t source_index(const struct sw_snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->source_count; i++)
        if (s->sources[i].id == id)
            return i;
    for (size_t i = 0; i < s->source_count; i++)
        if (s->sources[i].id != NULL && !strcmp(s->sources[i].id, id))
            return i;
    return SIZE_MAX;
}

static void note_time(const struct sw_snapshot *s, const char *source, int64_t at_ms,
                      int64_t *newest)
{
    size_t index = source != NULL ? source_index(s, source) : SIZE_MAX;
    if (index != SIZE_MAX && at_ms > newest[index])
        newest[index] = at_ms;
}

/* For each source the newest time for which its data holds: of the states and readings it gave. The
 * caller frees. */
static int64_t *data_times(const struct sw_snapshot *s)
{
    int64_t *newest = tui_alloc(s->source_count, sizeof *newest);
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        note_time(s, p->source, p->observed_at_ms, newest);
        for (size_t j = 0; j < p->health_count; j++)
            note_time(s, p->health[j].source, p->health[j].true_for_ms, newest);
    }
    for (size_t i = 0; i < s->source_count; i++)
        if (newest[i] == 0)
            newest[i] = s->sources[i].last_ok_at_ms;
    return newest;
}

static bool is_source_doubtful(const struct sw_source *source)
{
    return !source->is_ok || !source->is_fresh;
}

/* " · sentry 03:10", the doubtful ones with a question mark. */
static void source_text(const struct frame *frame, const struct sw_source *source, int64_t at,
                        char *out, size_t size)
{
    char when[FIG_SIZE];
    tui_append(out, size, "%s%s %s%s", out[0] ? " · " : "", or_dash(source->id),
               fig_when(at, frame->now_ms, when, sizeof when),
               is_source_doubtful(source) ? " ?" : "");
}

/* Those that answer, told in one: the oldest of them. */
static void source_summary(const struct frame *frame, const int64_t *times, char *out, size_t size)
{
    const struct sw_snapshot *s = frame->snapshot;
    size_t oldest = 0;
    size_t count = 0;
    for (size_t i = 0; i < s->source_count; i++) {
        if (is_source_doubtful(&s->sources[i]))
            continue;
        if (count++ == 0 || times[i] < times[oldest])
            oldest = i;
    }
    char when[FIG_SIZE];
    if (count > 0)
        tui_append(out, size, "%s%zu %s, the oldest %s %s", out[0] ? " · " : "", count,
                   out[0] ? "others" : "sources", s->sources[oldest].id,
                   fig_when(times[oldest], frame->now_ms, when, sizeof when));
}

/* The doubtful ones are always named; the others too where there is room. */
void story_data(struct canvas *canvas, const struct frame *frame, int row, int col, int end)
{
    const struct sw_snapshot *s = frame->snapshot;
    char doubtful[LINE_MAX_BYTES] = "";
    char others[LINE_MAX_BYTES] = "";
    canvas_put(canvas, row, col, 10, ROLE_LABEL, "data from");
    struct pen pen = canvas_pen(canvas, row, col + LABEL, end);
    int64_t *times = data_times(s);
    for (size_t i = 0; i < s->source_count; i++) {
        bool is_doubtful = is_source_doubtful(&s->sources[i]);
        source_text(frame, &s->sources[i], times[i], is_doubtful ? doubtful : others,
                    sizeof doubtful);
    }
    int gap = doubtful[0] && others[0] ? 3 : 0;
    bool fits =
        canvas_width(canvas, doubtful) + gap + canvas_width(canvas, others) <= pen_left(&pen);
    if (!fits) {
        others[0] = '\0';
        source_summary(frame, times, others, sizeof others);
    }
    free(times);
    pen_put(&pen, ROLE_STALE, doubtful);
    pen_put(&pen, ROLE_TEXT, gap ? " · " : "");
    pen_put(&pen, ROLE_TEXT, others);
    if (s->source_count == 0)
        pen_put(&pen, ROLE_DIM, "no sources");
}
