/* headline.c: see headline.h. */
#include "headline.h"

#include <string.h>

#include "figures.h"
#include "memory.h"

#define RECENT_MS (2LL * 3600 * 1000) /* a change this long before counts as "before it" */

static bool is_stopped(const struct sw_platform *p)
{
    return p->state == SW_STATE_HALTED || p->state == SW_STATE_ROLLED_BACK;
}

static bool is_worse(const struct sw_platform *p)
{
    return p->verdict == SW_VERDICT_WORSE && !is_stopped(p);
}

static bool is_failing(const struct sw_platform *p)
{
    return (p->gates_worst == SW_GATE_FAIL && !is_stopped(p)) || p->state == SW_STATE_FAILED;
}

static bool is_worse_fresh(const struct sw_platform *p)
{
    return is_worse(p) && !p->is_cached;
}

static bool is_failing_fresh(const struct sw_platform *p)
{
    return is_failing(p) && !p->is_cached;
}

static bool is_stale(const struct sw_platform *p)
{
    return p->is_stale || p->state == SW_STATE_UNKNOWN || p->gates_worst == SW_GATE_STALE;
}

static bool is_halted(const struct sw_platform *p)
{
    return is_stopped(p);
}

static bool is_warning(const struct sw_platform *p)
{
    return p->gates_worst == SW_GATE_WARN;
}

/* Asked and not seen, or at the store and not live. */
static bool has_open_halt(const struct sw_platform *p)
{
    return p->halt_asked_ms != 0 || p->halt_wait != SW_HALT_WAIT_NONE;
}

typedef bool (*platform_fn)(const struct sw_platform *platform);

/* The first platform of which it is true, and how many there are. */
static const struct sw_platform *find(const struct sw_snapshot *s, platform_fn is_it, size_t *count)
{
    const struct sw_platform *first = NULL;
    *count = 0;
    for (size_t i = 0; i < s->platform_count; i++) {
        if (!is_it(&s->platforms[i]))
            continue;
        (*count)++;
        if (first == NULL)
            first = &s->platforms[i];
    }
    return first;
}

static void count_sorts(const struct sw_snapshot *s, struct headline *out)
{
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        if (has_open_halt(p) || is_worse(p) || is_failing(p))
            out->bad++;
        else if (is_stale(p))
            out->stale++;
        else if (is_stopped(p))
            out->halted++;
        else
            out->well++;
    }
}

static void add_others(struct headline *out, size_t count, const char *word)
{
    if (count > 1)
        tui_append(out->text, sizeof out->text, " · %zu more %s", count - 1, word);
}

static void name_it(struct headline *out, enum headline_kind kind, enum role role,
                    const char *glyph, const struct sw_platform *p, const char *what)
{
    out->kind = kind;
    out->role = role;
    out->glyph = glyph;
    out->platform = p;
    if (p != NULL)
        fig_upper(p->title ? p->title : p->id, out->who, sizeof out->who);
    tui_format(out->what, sizeof out->what, "%s", what);
}

/* --------------------------------------------------------------- the sentences */

/* The halt of it that this process carries out or settles, NULL: none. */
static const struct sw_action *running_halt(const struct sw_snapshot *s,
                                            const struct sw_platform *p)
{
    for (size_t i = 0; i < s->action_count; i++) {
        const struct sw_action *a = &s->actions[i];
        if (a->verb == SW_VERB_HALT && a->result == SW_RESULT_NONE && a->platform && p->id &&
            !strcmp(a->platform, p->id))
            return a;
    }
    return NULL;
}

/* The store has it and holds it back: nothing that is pressed here makes it live. */
static void say_halt_waits(const struct sw_platform *p, struct headline *out)
{
    char percent[FIG_SIZE];
    char at[FIG_SIZE];
    const char *what =
        p->halt_wait == SW_HALT_WAIT_HAND ? "HALT WAITS FOR A HAND" : "HALT WAITS FOR A REVIEW";
    name_it(out, HEADLINE_HALT_NOT_SEEN, ROLE_BAD, "▲", p, what);
    tui_format(out->text, sizeof out->text, "%s: %s", what, p->halt_wait_note);
    tui_format(out->choice, sizeof out->choice, "until then %s goes on to %s of users; read %s",
               p->version ? p->version : "it",
               p->percent_set.is_known
                   ? sw_percent_text(p->percent_set, false, percent, sizeof percent)
                   : "its share",
               fig_clock(p->observed_at_ms, at, sizeof at));
}

static void say_halt(const struct frame *frame, const struct sw_platform *p, struct headline *out)
{
    char at[FIG_SIZE];
    char age[FIG_SIZE];
    name_it(out, HEADLINE_HALT_NOT_SEEN, ROLE_BAD, "▲", p, "HALT NOT SEEN");
    sw_duration_text((frame->now_ms - p->halt_asked_ms) / 1000, age, sizeof age);
    tui_format(out->text, sizeof out->text, "HALT ASKED %s, NOT SEEN for %s",
               fig_clock_s(p->halt_asked_ms, at, sizeof at), age);
    const struct sw_action *a = running_halt(frame->snapshot, p);
    if (a != NULL && a->text && a->text[0])
        tui_append(out->text, sizeof out->text, ": %s", a->text);
    else if (is_stopped(p) && !p->is_stale && p->observed_at_ms > p->halt_asked_ms)
        tui_append(out->text, sizeof out->text, "; the store shows %s, read %s",
                   sw_state_title(p->state), fig_clock_s(p->observed_at_ms, at, sizeof at));
    if (a != NULL && !a->is_settlement)
        tui_format(
            out->choice, sizeof out->choice,
            "it is asked until it is seen; closing this terminal does not stop it · H asks again");
    else
        tui_format(out->choice, sizeof out->choice,
                   "not asked from here: only its outcome is looked for · H asks again");
}

static void say_worse(const struct sw_platform *p, int64_t now_ms, struct headline *out)
{
    char at[FIG_SIZE];
    name_it(out, HEADLINE_WORSE, ROLE_BAD, "▲", p, "WORSE");
    tui_format(out->text, sizeof out->text, "WORSE: ");
    bool is_errors = sw_platform_headline_metric(p) == SW_METRIC_ERROR_RATE;
    if (p->ratio.is_known)
        tui_append(out->text, sizeof out->text, "%s %.1f× as often as %s",
                   is_errors ? "fails" : "crashes", p->ratio.value,
                   p->previous_version ? p->previous_version : "before");
    else
        tui_append(out->text, sizeof out->text, "than %s",
                   p->previous_version ? p->previous_version : "before");
    if (p->ratio_low.is_known && p->ratio_high.is_known)
        tui_append(out->text, sizeof out->text, " (%.1f–%.1f)", p->ratio_low.value,
                   p->ratio_high.value);
    if (p->worse_since_ms != 0)
        tui_append(out->text, sizeof out->text, ", since about %s",
                   fig_when(p->worse_since_ms, now_ms, at, sizeof at));
    if (p->grounds.is_stale)
        tui_append(out->text, sizeof out->text, "; STALE, known by %s",
                   fig_when(p->grounds.true_for_ms, now_ms, at, sizeof at));
}

/* "2.15.2 had 99.67%": what the version it replaces does in the same window. */
static void add_old_rate(const struct sw_platform *p, const struct sw_health *health,
                         struct headline *out)
{
    if (health == NULL || !health->old_value.is_known)
        return;
    struct sw_health old = *health;
    old.value = health->old_value;
    old.n = health->old_n;
    old.bad = (struct sw_value){0};
    char figure[FIG_SIZE];
    tui_append(out->text, sizeof out->text, "; %s %s",
               p->previous_version ? p->previous_version : "the old version",
               fig_clean(&old, figure, sizeof figure));
}

static const struct sw_gate *failing_gate(const struct sw_platform *p)
{
    const struct sw_gate *gate = fig_worst_gate(p);
    return gate != NULL && gate->verdict == SW_GATE_FAIL ? gate : NULL;
}

static void say_fail(const struct sw_platform *p, struct headline *out)
{
    const struct sw_gate *gate = failing_gate(p);
    if (gate == NULL) {
        name_it(out, HEADLINE_FAIL, ROLE_BAD, "▲", p, "FAILED");
        tui_format(out->text, sizeof out->text, "FAILED: %s",
                   p->note && p->note[0] ? p->note
                   : p->raw_state        ? p->raw_state
                                         : "no reason told");
        return;
    }
    char figure[FIG_SIZE];
    char window[FIG_SIZE];
    name_it(out, HEADLINE_FAIL, ROLE_BAD, "▲", p, "FAIL");
    tui_append(out->what, sizeof out->what, " %s", gate->id ? gate->id : "");
    const struct sw_health *health = sw_platform_health(p, gate->metric, gate->window_s);
    tui_format(out->text, sizeof out->text, "FAILS gate %s in %s",
               fig_gate(gate, figure, sizeof figure),
               fig_has_period(health) ? health->period
                                      : fig_window(gate->window_s, window, sizeof window));
    if (health != NULL && health->bad.is_known && health->n.is_known) {
        char bad[FIG_SIZE];
        char n[FIG_SIZE];
        tui_append(out->text, sizeof out->text, " (%s of %s)",
                   fig_count(health->bad.value, bad, sizeof bad),
                   fig_count(health->n.value, n, sizeof n));
    }
    add_old_rate(p, health, out);
}

static size_t answered(const struct sw_snapshot *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->source_count; i++)
        count += s->sources[i].is_fresh ? 1 : 0;
    return count;
}

static void add_failing(const struct sw_snapshot *s, struct headline *out)
{
    size_t count = 0;
    for (size_t i = 0; i < s->source_count; i++)
        count += s->sources[i].failing_since_ms != 0;
    if (count > 0)
        tui_append(out->text, sizeof out->text, ", %zu fail", count);
}

/* Some figure on the screen was read by an earlier run. */
static bool has_cached(const struct sw_snapshot *s)
{
    if (s->is_cached)
        return true;
    for (size_t i = 0; i < s->platform_count; i++) {
        if (s->platforms[i].is_cached)
            return true;
    }
    return false;
}

static void say_old_picture(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    char at[FIG_SIZE];
    char age[FIG_SIZE];
    int64_t made = s->cached_at_ms ? s->cached_at_ms : s->at_ms;
    name_it(out, HEADLINE_OLD_PICTURE, ROLE_STALE, "?", NULL, "OLD PICTURE");
    tui_format(out->text, sizeof out->text, "OLD PICTURE of %s, %s ago, %zu of %zu answered",
               fig_when(made, frame->now_ms, at, sizeof at),
               fig_age(made, frame->now_ms, age, sizeof age), answered(s), s->source_count);
    add_failing(s, out);
    size_t count;
    const struct sw_platform *bad = find(s, is_failing, &count);
    if (bad == NULL)
        bad = find(s, is_worse, &count);
    if (bad != NULL) {
        char who[64];
        tui_append(out->text, sizeof out->text, " · then bad: %s",
                   fig_upper(bad->title, who, sizeof who));
    }
    tui_format(out->choice, sizeof out->choice,
               "H works now; every figure keeps its ? until its source has answered");
}

static void say_first_look(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    name_it(out, HEADLINE_FIRST_LOOK, ROLE_STALE, "?", NULL, "FIRST LOOK");
    tui_format(out->text, sizeof out->text, "FIRST LOOK: %zu of %zu sources answered", answered(s),
               s->source_count);
    add_failing(s, out);
    tui_format(out->choice, sizeof out->choice,
               "nothing is known before its source has answered; a ? is not a figure");
}

static const struct sw_source *find_source(const struct sw_snapshot *s, const char *id)
{
    for (size_t i = 0; id != NULL && i < s->source_count; i++) {
        if (s->sources[i].id && !strcmp(s->sources[i].id, id))
            return &s->sources[i];
    }
    return NULL;
}

/* The source whose silence makes the platform stale: of its rollout, else of its health. */
static const struct sw_source *silent_source(const struct sw_snapshot *s,
                                             const struct sw_platform *p)
{
    const struct sw_source *of_rollout = find_source(s, p->source);
    if (of_rollout != NULL && !of_rollout->is_ok)
        return of_rollout;
    for (size_t i = 0; i < p->health_count; i++) {
        const struct sw_source *source = find_source(s, p->health[i].source);
        if (source != NULL && !source->is_ok)
            return source;
    }
    return of_rollout;
}

static void say_stale(const struct frame *frame, const struct sw_platform *p, size_t count,
                      struct headline *out)
{
    char age[FIG_SIZE];
    name_it(out, HEADLINE_STALE, ROLE_STALE, "?", p, "STALE");
    const struct sw_source *source = silent_source(frame->snapshot, p);
    if (p->observed_at_ms == 0)
        tui_format(out->text, sizeof out->text, "UNKNOWN, never read");
    else if (p->is_stale)
        tui_format(out->text, sizeof out->text, "STALE, read %s",
                   fig_ago(p->observed_at_ms, frame->now_ms, age, sizeof age));
    else if (p->state == SW_STATE_UNKNOWN)
        tui_format(out->text, sizeof out->text, "in a state not known here: %s",
                   p->raw_state && p->raw_state[0] ? p->raw_state : "none told");
    else
        tui_format(out->text, sizeof out->text, "health is STALE, state read %s",
                   fig_ago(p->observed_at_ms, frame->now_ms, age, sizeof age));
    add_others(out, count, "stale");
    if (source != NULL && source->error != NULL) {
        char fails[FIG_SIZE];
        tui_append(out->text, sizeof out->text, " · %s: %s",
                   fig_failing(source, frame->now_ms, fails, sizeof fails), source->error);
    }
    const struct sw_offer *halt = &p->offers[SW_VERB_HALT];
    if (!halt->is_allowed)
        tui_format(out->choice, sizeof out->choice, "H is closed: %s · ",
                   halt->reason && halt->reason[0] ? halt->reason : "not offered");
    tui_append(out->choice, sizeof out->choice,
               "%sA and C are closed until it answers · s shows the sources",
               halt->is_allowed ? "H works; " : "");
}

static void say_halted(const struct frame *frame, const struct sw_platform *p, size_t count,
                       struct headline *out)
{
    char percent[FIG_SIZE];
    char when[FIG_SIZE];
    bool is_back = p->state == SW_STATE_ROLLED_BACK;
    name_it(out, HEADLINE_HALTED, ROLE_HALTED, fig_state_glyph(p->state), p,
            is_back ? "ROLLED BACK" : "HALTED");
    tui_format(out->text, sizeof out->text, "%s", sw_state_title(p->state));
    if (p->percent_set.is_known && !is_back)
        tui_append(out->text, sizeof out->text, " at %s",
                   sw_percent_text(p->percent_set, false, percent, sizeof percent));
    tui_append(out->text, sizeof out->text, ", read %s",
               fig_when(p->observed_at_ms, frame->now_ms, when, sizeof when));
    if (p->percent_actual.is_known)
        tui_append(out->text, sizeof out->text, " · %s of sessions still run it",
                   fig_real(p->percent_actual, percent, sizeof percent));
    add_others(out, count, "halted");
    const struct sw_offer *resume = &p->offers[SW_VERB_RESUME];
    if (resume->is_allowed)
        tui_format(out->choice, sizeof out->choice, "R resumes it%s%s",
                   resume->to_percent.is_known ? " at " : "",
                   resume->to_percent.is_known
                       ? sw_percent_text(resume->to_percent, false, percent, sizeof percent)
                       : "");
    else if (resume->reason != NULL && resume->reason[0])
        tui_format(out->choice, sizeof out->choice, "R closed: %s", resume->reason);
}

static int64_t next_step(const struct sw_snapshot *s, const struct sw_platform **whose)
{
    int64_t soonest = 0;
    *whose = NULL;
    for (size_t i = 0; i < s->platform_count; i++) {
        int64_t at = s->platforms[i].next_at_ms;
        if (at != 0 && at > s->at_ms - 60000 && (soonest == 0 || at < soonest)) {
            soonest = at;
            *whose = &s->platforms[i];
        }
    }
    return soonest;
}

static void say_next(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    tui_format(out->choice, sizeof out->choice, "next: ");
    bool has_any = false;
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        if (tui_is_full(out->choice, sizeof out->choice))
            break;
        if (!p->next_percent.is_known || p->next_at_ms == 0)
            continue;
        char next[FIG_SIZE];
        tui_append(out->choice, sizeof out->choice, "%s%s %s%s", has_any ? " · " : "", p->title,
                   fig_next(p, frame->now_ms, next, sizeof next),
                   p->is_next_automatic ? " by itself" : "");
        has_any = true;
    }
    if (!has_any)
        tui_format(out->choice, sizeof out->choice, "nothing is planned by time");
}

/* A source that fails is named before its figures are stale: so long, all looks well. */
static void say_failing_or_next(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    const struct sw_source *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < s->source_count; i++) {
        if (s->sources[i].failing_since_ms == 0)
            continue;
        if (first == NULL || s->sources[i].failing_since_ms < first->failing_since_ms)
            first = &s->sources[i];
        count++;
    }
    if (first == NULL) {
        say_next(frame, out);
        return;
    }
    char fails[FIG_SIZE];
    tui_format(out->choice, sizeof out->choice, "%s",
               fig_failing(first, frame->now_ms, fails, sizeof fails));
    if (count > 1)
        tui_append(out->choice, sizeof out->choice, ", %zu more fail", count - 1);
    tui_append(out->choice, sizeof out->choice, " · s shows the sources");
}

/* Nothing is wrong in production, and still nothing but a halt can be done. */
static void say_ledger(const struct frame *frame, struct headline *out)
{
    name_it(out, HEADLINE_LEDGER, ROLE_BAD, "▲", NULL, "LEDGER BROKEN");
    tui_format(out->text, sizeof out->text,
               "LEDGER BROKEN: every action but a halt is refused; no gate fails");
    say_failing_or_next(frame, out);
}

static void say_warn(const struct frame *frame, const struct sw_platform *p, size_t count,
                     struct headline *out)
{
    const struct sw_gate *gate = fig_worst_gate(p);
    char figure[FIG_SIZE];
    name_it(out, HEADLINE_WARN, ROLE_WARN, "▲", p, "WARN");
    tui_format(out->text, sizeof out->text, "WARN %s: advance is held",
               gate ? fig_gate(gate, figure, sizeof figure) : "");
    add_others(out, count, "warn");
    say_failing_or_next(frame, out);
}

static void say_well(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    size_t rolling = 0;
    size_t waiting = 0;
    for (size_t i = 0; i < s->platform_count; i++) {
        rolling += s->platforms[i].state == SW_STATE_ROLLING;
        waiting += s->platforms[i].gates_worst == SW_GATE_WAIT;
    }
    if (s->platform_count == 0) {
        name_it(out, HEADLINE_WELL, ROLE_DIM, "–", NULL, "NO PLATFORMS");
        tui_format(out->text, sizeof out->text, "NO PLATFORMS: there is nothing to watch");
        return;
    }
    name_it(out, HEADLINE_WELL, ROLE_OK, "=", NULL, "ALL WELL");
    tui_format(out->text, sizeof out->text, "ALL WELL: %zu rolling as planned, no gate failing",
               rolling);
    const struct sw_platform *whose;
    int64_t next = next_step(s, &whose);
    char when[FIG_SIZE];
    if (next != 0)
        tui_append(out->text, sizeof out->text, "; next %s",
                   fig_when(next, frame->now_ms, when, sizeof when));
    if (waiting > 0)
        tui_append(out->text, sizeof out->text, "; %zu wait for data", waiting);
    say_failing_or_next(frame, out);
}

/* ------------------------------------------------------------------ the choice */

/* The newest change recorded in the two hours before, as a lead to the cause. */
static const struct sw_event *last_change(const struct frame *frame)
{
    const struct sw_snapshot *s = frame->snapshot;
    for (size_t i = s->event_count; i > 0; i--) {
        const struct sw_event *e = &s->events[i - 1];
        bool is_change = e->kind == SW_EVENT_CHANGE || e->kind == SW_EVENT_OUTCOME;
        if (is_change && e->text && frame->now_ms - e->at_ms < RECENT_MS)
            return e;
    }
    return NULL;
}

/* Which key stops it, or why none does; what happens by itself; what came before. */
static void say_choice(const struct frame *frame, struct headline *out)
{
    const struct sw_platform *p = out->platform;
    const struct sw_offer *halt = &p->offers[SW_VERB_HALT];
    const struct sw_offer *back = &p->offers[SW_VERB_ROLLBACK];
    size_t number = (size_t)(p - frame->snapshot->platforms) + 1;
    char prefix[16] = "";
    if (frame_platform(frame) != p && number <= 9)
        tui_format(prefix, sizeof prefix, "%zu ", number);
    if (halt->is_allowed)
        tui_format(out->choice, sizeof out->choice, "%sH halts it now%s", prefix,
                   p->grounds.is_halt_advised ? ", as is advised" : "");
    else if (back->is_allowed)
        tui_format(out->choice, sizeof out->choice, "%sB rolls it back; H closed: %s", prefix,
                   halt->reason ? halt->reason : "");
    else
        tui_format(out->choice, sizeof out->choice, "H closed: %s",
                   halt->reason && halt->reason[0] ? halt->reason : "not offered");
    if (p->next_percent.is_known && p->next_at_ms != 0 && p->is_next_automatic) {
        char next[FIG_SIZE];
        tui_append(out->choice, sizeof out->choice, "; else %s by itself",
                   fig_next(p, frame->now_ms, next, sizeof next));
    }
    const struct sw_event *change = last_change(frame);
    char at[FIG_SIZE];
    if (change != NULL)
        tui_append(out->choice, sizeof out->choice, " · %s %s",
                   fig_clock(change->at_ms, at, sizeof at), change->text);
}

void headline_next(const struct frame *frame, char *out, size_t size)
{
    struct headline next = {0};
    say_next(frame, &next);
    tui_format(out, size, "%s", next.choice);
}

void headline_make(const struct frame *frame, struct headline *out)
{
    const struct sw_snapshot *s = frame->snapshot;
    *out = (struct headline){.glyph = "="};
    count_sorts(s, out);
    size_t count;
    const struct sw_platform *p;
    bool is_old = has_cached(s);
    /* While answers still come in, the cached picture is said to be old before it is believed;
     * once every source has answered or failed, the last known fact stands. */
    platform_fn worse = s->has_polled_all ? is_worse : is_worse_fresh;
    platform_fn failing = s->has_polled_all ? is_failing : is_failing_fresh;
    if ((p = find(s, has_open_halt, &count)) != NULL) {
        if (p->halt_wait != SW_HALT_WAIT_NONE)
            say_halt_waits(p, out);
        else
            say_halt(frame, p, out);
        add_others(out, count, "halts not seen");
    } else if ((p = find(s, worse, &count)) != NULL) {
        say_worse(p, frame->now_ms, out);
        add_others(out, count, "worse");
        say_choice(frame, out);
    } else if ((p = find(s, failing, &count)) != NULL) {
        say_fail(p, out);
        add_others(out, count, "failing");
        say_choice(frame, out);
    } else if (is_old && !s->has_polled_all) {
        say_old_picture(frame, out);
    } else if (!s->has_polled_all && answered(s) < s->source_count) {
        say_first_look(frame, out);
    } else if ((p = find(s, is_stale, &count)) != NULL) {
        say_stale(frame, p, count, out);
    } else if ((p = find(s, is_halted, &count)) != NULL) {
        say_halted(frame, p, count, out);
    } else if (!s->is_ledger_ok) {
        say_ledger(frame, out);
    } else if ((p = find(s, is_warning, &count)) != NULL) {
        say_warn(frame, p, count, out);
    } else {
        say_well(frame, out);
    }
}
