/* cli_facts.c: see cli_facts.h. */
#include "cli_facts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "figures.h"
#include "memory.h"

#define VALUE_MAX 2048

static struct fact *add_text(struct facts *facts, const char *key, const char *value)
{
    char clean[VALUE_MAX];
    sw_text_clean(value, strlen(value), clean, sizeof clean);
    facts->items = tui_grow(facts->items, facts->count + 1, sizeof *facts->items);
    struct fact *fact = &facts->items[facts->count++];
    *fact = (struct fact){.value = tui_copy(clean)};
    tui_format(fact->key, sizeof fact->key, "%s", key);
    return fact;
}

/* Nothing is added for NULL and the empty text. */
static void add(struct facts *facts, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0')
        add_text(facts, key, value);
}

__attribute__((format(printf, 3, 4))) static struct fact *addf(struct facts *facts, const char *key,
                                                               const char *fmt, ...)
{
    char value[VALUE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    return add_text(facts, key, value);
}

void facts_clear(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        free(facts->items[i].value);
    free(facts->items);
    *facts = (struct facts){0};
}

void facts_print(const struct facts *facts, FILE *to)
{
    for (size_t i = 0; i < facts->count; i++)
        fprintf(to, "%s: %s\n", facts->items[i].key, facts->items[i].value);
}

const char *facts_get(const struct facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) == 0)
            return facts->items[i].value;
    }
    return NULL;
}

static bool has_all_of(const struct facts *a, const struct facts *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const char *value = facts_get(a, b->items[i].key);
        if (!b->items[i].is_fleeting && (value == NULL || strcmp(value, b->items[i].value) != 0))
            return false;
    }
    return true;
}

bool facts_differ(const struct facts *a, const struct facts *b)
{
    return !has_all_of(a, b) || !has_all_of(b, a);
}

/* -------------------------------------------------------------------- snapshot */

static const char *date(int64_t ms, char *out, size_t size)
{
    return ms == 0 ? "never" : fig_date(ms, out, size);
}

void facts_of_snapshot(struct facts *facts, const struct sw_snapshot *s)
{
    char at[FIG_SIZE];
    add(facts, "release", s->release != NULL ? s->release : "not known");
    addf(facts, "at", "%s", date(s->at_ms, at, sizeof at))->is_fleeting = true;
    if (s->is_cached)
        addf(facts, "picture", "of an earlier run, %s", date(s->cached_at_ms, at, sizeof at));
    if (s->is_simulation)
        addf(facts, "world", "simulated, %g times as fast", s->speed);
    if (s->is_read_only)
        add(facts, "mode", "read-only");
    if (!s->is_ledger_ok)
        addf(facts, "ledger", "NOT READABLE: %s", s->ledger_error ? s->ledger_error : "");
    add(facts, "notice", s->notice);
}

/* -------------------------------------------------------------------- platform */

static void add_version(struct facts *facts, const struct sw_platform *p)
{
    addf(facts, "version", "%s%s%s%s", p->version ? p->version : "not known", p->build ? " (" : "",
         p->build ? p->build : "", p->build ? ")" : "");
    if (p->previous_version != NULL || p->previous_build != NULL)
        addf(facts, "previous version", "%s%s%s%s",
             p->previous_version ? p->previous_version : "not known", p->previous_build ? " (" : "",
             p->previous_build ? p->previous_build : "", p->previous_build ? ")" : "");
    add(facts, "store identity", p->identity);
}

static void add_state(struct facts *facts, const struct sw_platform *p)
{
    bool has_raw = p->raw_state != NULL && p->raw_state[0] != '\0';
    addf(facts, "state", "%s%s%s%s%s", sw_state_title(p->state), has_raw ? " (" : "",
         has_raw ? p->raw_state : "", has_raw ? ")" : "",
         p->observed_at_ms == 0 ? ", never read"
         : p->is_cached         ? ", from an earlier run"
         : p->is_stale          ? ", STALE"
                                : "");
    if (p->halt_asked_ms != 0) {
        char at[FIG_SIZE];
        addf(facts, "halt", "asked at %s and NOT SEEN yet",
             fig_clock_s(p->halt_asked_ms, at, sizeof at));
    }
    if (p->halt_wait != SW_HALT_WAIT_NONE)
        addf(facts, "halt", "%s and is NOT LIVE: %s",
             p->halt_wait == SW_HALT_WAIT_HAND ? "WAITS FOR A HAND" : "WAITS FOR A REVIEW",
             p->halt_wait_note);
    add(facts, "note", p->note);
    add(facts, "place", p->place);
}

static void add_percent(struct facts *facts, const struct sw_platform *p)
{
    char text[FIG_SIZE];
    add(facts, "percent set",
        p->percent_set.is_known ? sw_percent_text(p->percent_set, false, text, sizeof text)
                                : "not known");
    if (p->percent_actual.is_known)
        addf(facts, "percent reached", "%s%s%s%s",
             sw_reached_text(p->percent_actual, false, text, sizeof text),
             p->actual_note && p->actual_note[0] ? " (" : "", p->actual_note ? p->actual_note : "",
             p->actual_note && p->actual_note[0] ? ")" : "");
    else
        add(facts, "percent reached", "not known");
    if (p->stage_count > 0 && p->stage_index >= 0)
        addf(facts, "stage", "%d of %zu", p->stage_index + 1, p->stage_count);
    if (p->next_percent.is_known) {
        char at[FIG_SIZE];
        char next[VALUE_MAX];
        tui_format(next, sizeof next, "%s",
                   sw_percent_text(p->next_percent, false, text, sizeof text));
        if (p->next_at_ms != 0)
            tui_append(next, sizeof next, " %s %s", p->is_next_estimated ? "about" : "at",
                       fig_date(p->next_at_ms, at, sizeof at));
        add(facts, "next", next);
        if (p->next_note != NULL && p->next_note[0] != '\0')
            add_text(facts, "until then", p->next_note)->is_fleeting =
                true; /* a soak counts down */
    }
    add(facts, "override", p->override_text);
}

static void add_health(struct facts *facts, const struct sw_health *h)
{
    char key[96];
    char value[VALUE_MAX];
    char text[FIG_SIZE];
    char window[FIG_SIZE];
    tui_format(key, sizeof key, "%s %s", sw_metric_title(h->metric),
               fig_window(h->window_s, window, sizeof window));
    if (!h->is_deciding)
        tui_append(key, sizeof key, " (%s)", h->source ? h->source : "?");
    tui_format(value, sizeof value, "%s",
               h->value.is_known ? sw_health_text(h, false, text, sizeof text) : "not known");
    if (h->n.is_known && h->value.is_known)
        tui_append(value, sizeof value, ", n %s", fig_count(h->n.value, text, sizeof text));
    if (fig_has_period(h))
        tui_append(value, sizeof value, ", %s", h->period);
    if (h->old_value.is_known) {
        struct sw_health old = *h;
        old.value = h->old_value;
        old.n = h->old_n;
        old.bad = (struct sw_value){0};
        old.min_sample = 0;
        tui_append(value, sizeof value, "; previous version %s",
                   sw_health_text(&old, false, text, sizeof text));
        if (h->old_n.is_known)
            tui_append(value, sizeof value, ", n %s", fig_count(h->old_n.value, text, sizeof text));
    }
    tui_append(value, sizeof value, "%s",
               h->is_cached  ? "; from an earlier run"
               : h->is_stale ? "; STALE"
                             : "");
    add(facts, key, value);
}

static void add_verdict(struct facts *facts, const struct sw_platform *p)
{
    char value[VALUE_MAX];
    char text[FIG_SIZE];
    const struct sw_grounds *grounds = &p->grounds;
    tui_format(value, sizeof value, "%s", sw_verdict_name(p->verdict));
    if (p->verdict != SW_VERDICT_UNKNOWN && p->ratio.is_known)
        tui_append(value, sizeof value, ", %.1f×", p->ratio.value);
    if (p->verdict != SW_VERDICT_UNKNOWN && p->ratio_low.is_known && p->ratio_high.is_known)
        tui_append(value, sizeof value, " (%.1f–%.1f)", p->ratio_low.value, p->ratio_high.value);
    if (p->verdict == SW_VERDICT_WORSE && p->worse_since_ms != 0)
        tui_append(value, sizeof value, ", since about %s",
                   fig_date(p->worse_since_ms, text, sizeof text));
    if (fig_evidence(p, text, sizeof text)[0] != '\0')
        tui_append(value, sizeof value, ", %s", text);
    if (grounds->sees.is_known)
        tui_append(value, sizeof value, ", sees ≥%.1f×", fig_sees(grounds->sees.value));
    tui_append(value, sizeof value, "%s%s",
               grounds->is_old_rate_known ? ", old rate taken as known" : "",
               grounds->is_stale ? "; STALE" : "");
    add(facts, "worse than before", value);
    if (grounds->event > 0)
        addf(facts, "judged since", "%s, halt or fix %u; before it %s",
             fig_date(grounds->event_ms, text, sizeof text), grounds->event,
             sw_verdict_name(grounds->before));
}

void facts_of_gates(struct facts *facts, const struct sw_snapshot *s, const struct sw_platform *p)
{
    for (size_t i = 0; i < p->gate_count; i++) {
        const struct sw_gate *gate = &p->gates[i];
        char key[96];
        tui_format(key, sizeof key, "gate %s", gate->id);
        bool has_reason = gate->reason != NULL && gate->reason[0] != '\0';
        addf(facts, key, "%s%s%s%s", sw_gate_verdict_name(gate->verdict), has_reason ? ", " : "",
             has_reason ? gate->reason : "", gate->is_blocking ? "" : " (advisory)");
    }
    add_verdict(facts, p);
    if (s->checklist.is_known)
        addf(facts, "checklist", "%zu of %zu done, %zu blocking open", s->checklist.done,
             s->checklist.total, s->checklist.blocking_open);
    else
        addf(facts, "checklist", "not known%s%s",
             s->checklist.note && s->checklist.note[0] ? ": " : "",
             s->checklist.note ? s->checklist.note : "");
}

static void add_offers(struct facts *facts, const struct sw_platform *p)
{
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++) {
        const struct sw_offer *offer = &p->offers[verb];
        char key[96];
        tui_format(key, sizeof key, "can %s", sw_verb_title((enum sw_verb)verb));
        if (offer->is_allowed)
            addf(facts, key, "yes%s%s", offer->effect && offer->effect[0] ? ": " : "",
                 offer->effect ? offer->effect : "");
        else
            addf(facts, key, "no%s%s%s", offer->reason && offer->reason[0] ? ": " : "",
                 offer->reason ? offer->reason : "",
                 offer->can_override ? " (an override opens it)" : "");
    }
}

void facts_of_platform(struct facts *facts, const struct sw_snapshot *s,
                       const struct sw_platform *p)
{
    char at[FIG_SIZE];
    addf(facts, "platform", "%s (%s)", p->id, p->title);
    add_state(facts, p);
    add_version(facts, p);
    add_percent(facts, p);
    for (size_t i = 0; i < p->health_count; i++)
        add_health(facts, &p->health[i]);
    facts_of_gates(facts, s, p);
    for (size_t i = 0; i < p->alarm_count; i++) {
        const struct sw_alarm *alarm = &p->alarms[i];
        char key[96];
        tui_format(key, sizeof key, "alarm %s", alarm->name);
        addf(facts, key, "%s%s", alarm->is_firing ? "FIRING" : alarm->state,
             alarm->is_stale ? "; STALE" : "");
    }
    if (p->tags.newest != NULL)
        add(facts, "tag", p->tags.newest);
    add_offers(facts, p);
    addf(facts, "read", "%s from %s", date(p->observed_at_ms, at, sizeof at),
         p->source ? p->source : "nowhere")
        ->is_fleeting = true;
}

void facts_of_source(struct facts *facts, const struct sw_source *source)
{
    char key[96];
    char at[FIG_SIZE];
    tui_format(key, sizeof key, "source %s", source->id);
    if (source->error != NULL && source->failing_since_ms != 0)
        addf(facts, key, "FAILS since %s: %s", fig_clock_s(source->failing_since_ms, at, sizeof at),
             source->error);
    else if (source->error != NULL)
        addf(facts, key, "FAILS: %s", source->error);
    else
        add(facts, key, source->is_fresh ? "answers" : "has not answered yet");
}
