/* world_more.c: the bad minute changed into other minutes. */
#include <stdio.h>
#include <string.h>

#include "world.h"

enum { IOS, ANDROID, WEAR, BACKEND, WEB };

struct copy {
    struct sw_snapshot snapshot;
    struct sw_platform platforms[5];
    struct sw_source sources[7];
    struct sw_health android_health[3], web_health[1];
    struct sw_gate android_gates[4], web_gates[1];
};

/* A copy whose parts may be changed. */
static void copy_bad(struct copy *c)
{
    world_copy_bad(&c->snapshot, c->platforms);
    memcpy(c->sources, c->snapshot.sources, sizeof c->sources);
    c->snapshot.sources = c->sources;
    memcpy(c->android_health, c->platforms[ANDROID].health, sizeof c->android_health);
    c->platforms[ANDROID].health = c->android_health;
    memcpy(c->android_gates, c->platforms[ANDROID].gates, sizeof c->android_gates);
    c->platforms[ANDROID].gates = c->android_gates;
    memcpy(c->web_health, c->platforms[WEB].health, sizeof c->web_health);
    c->platforms[WEB].health = c->web_health;
    memcpy(c->web_gates, c->platforms[WEB].gates, sizeof c->web_gates);
    c->platforms[WEB].gates = c->web_gates;
}

static void heal_web(struct copy *c)
{
    c->platforms[WEB].is_stale = false;
    c->platforms[WEB].observed_at_ms = MINUTES_AGO(1);
    c->platforms[WEB].gates_worst = SW_GATE_PASS;
    c->web_gates[0].verdict = SW_GATE_PASS;
    c->web_health[0].is_stale = false;
    c->web_health[0].observed_at_ms = c->web_health[0].true_for_ms = MINUTES_AGO(2);
    c->sources[6].is_ok = true;
    c->sources[6].error = NULL;
    c->sources[6].failing_since_ms = 0;
    c->sources[6].last_ok_at_ms = MINUTES_AGO(1);
}

static void heal_android(struct copy *c)
{
    struct sw_platform *p = &c->platforms[ANDROID];
    struct sw_value value = KNOWN(99.7113);
    struct sw_value bad = KNOWN(12);
    p->gates_worst = SW_GATE_PASS;
    p->next_note = "soak 6h48m";
    p->issue_count = 0;
    p->offers[SW_VERB_ADVANCE].reason = "soak: 6h48m to go";
    p->offers[SW_VERB_COMPLETE].reason = "soak: 6h48m to go";
    c->android_health[0].value = c->android_gates[0].value = value;
    c->android_health[0].bad = bad;
    c->android_gates[0].verdict = c->android_gates[1].verdict = SW_GATE_PASS;
    c->android_gates[1].warn.value = 99.5;
    p->trend_count = 0;
}

const struct sw_snapshot *world_calm(void)
{
    static struct copy c;
    copy_bad(&c);
    heal_web(&c);
    heal_android(&c);
    return &c.snapshot;
}

const struct sw_snapshot *world_stale(void)
{
    static struct copy c;
    copy_bad(&c);
    heal_android(&c);
    return &c.snapshot;
}

const struct sw_snapshot *world_halted(void)
{
    static struct copy c;
    static const struct sw_action action = {.id = 7,
                                            .platform = "android",
                                            .verb = SW_VERB_HALT,
                                            .version = "2.15.3",
                                            .asked_ms = WORLD_NOW - 44000,
                                            .accepted_ms = WORLD_NOW - 42000,
                                            .seen_ms = WORLD_NOW - 39000,
                                            .result = SW_RESULT_SEEN,
                                            .text = "halted at 20%",
                                            .percent_before = KNOWN(20),
                                            .percent_after = KNOWN(20)};
    copy_bad(&c);
    heal_web(&c);
    struct sw_platform *p = &c.platforms[ANDROID];
    p->state = SW_STATE_HALTED;
    p->raw_state = "halted";
    p->observed_at_ms = WORLD_NOW - 39000;
    p->offers[SW_VERB_HALT].is_allowed = false;
    p->offers[SW_VERB_HALT].reason = "it is halted";
    p->offers[SW_VERB_RESUME].reason = "gate crash FAIL, 99.02<99.5";
    p->offers[SW_VERB_RESUME].effect = "20% of phones are offered 2.15.3 again";
    c.snapshot.actions = &action;
    c.snapshot.action_count = 1;
    return &c.snapshot;
}

const struct sw_snapshot *world_unseen(void)
{
    static struct copy c;
    static const struct sw_action action = {.id = 7,
                                            .platform = "android",
                                            .verb = SW_VERB_HALT,
                                            .version = "2.15.3",
                                            .asked_ms = WORLD_NOW - 130000,
                                            .text = "Play answers 503, asking on",
                                            .percent_before = KNOWN(20)};
    copy_bad(&c);
    c.platforms[ANDROID].halt_asked_ms = action.asked_ms;
    c.snapshot.actions = &action;
    c.snapshot.action_count = 1;
    return &c.snapshot;
}

const struct sw_snapshot *world_worse(void)
{
    static struct copy c;
    copy_bad(&c);
    struct sw_value ratio = KNOWN(3.0), low = KNOWN(1.6), high = KNOWN(5.4), log_e = KNOWN(6.946);
    struct sw_platform *p = &c.platforms[ANDROID];
    p->verdict = SW_VERDICT_WORSE;
    p->ratio = ratio;
    p->ratio_low = low;
    p->ratio_high = high;
    p->log_e = log_e;
    p->worse_since_ms = MINUTES_AGO(62);
    p->n_new = (struct sw_value)KNOWN(4400);
    p->n_old = (struct sw_value)KNOWN(25600);
    p->grounds = (struct sw_grounds){.is_halt_advised = true,
                                     .log_e_max = log_e,
                                     .e_warn = 20,
                                     .e_halt = 100,
                                     .bad_new = KNOWN(43),
                                     .bad_old = KNOWN(83),
                                     .true_for_ms = MINUTES_AGO(2),
                                     .bucket_s = 300,
                                     .bucket_count = 12,
                                     .starts = 4032,
                                     .soak = 144};
    c.platforms[IOS].verdict = SW_VERDICT_NOT_WORSE;
    c.platforms[WEAR].verdict = SW_VERDICT_NOT_ENOUGH_DATA;
    c.platforms[WEAR].log_e = (struct sw_value)KNOWN(-0.4);
    c.platforms[WEAR].n_new = (struct sw_value)KNOWN(212);
    c.platforms[WEAR].n_old = (struct sw_value)KNOWN(9100);
    c.platforms[WEAR].grounds = (struct sw_grounds){.log_e_max = KNOWN(0),
                                                    .e_warn = 20,
                                                    .e_halt = 100,
                                                    .sees = KNOWN(6.0),
                                                    .bad_new = KNOWN(0),
                                                    .bad_old = KNOWN(24)};
    return &c.snapshot;
}

const struct sw_snapshot *world_empty(void)
{
    static struct copy c;
    copy_bad(&c);
    for (int i = 0; i < 5; i++) {
        const struct sw_platform *p = &c.platforms[i];
        c.platforms[i] = (struct sw_platform){.id = p->id,
                                              .title = p->title,
                                              .kind = p->kind,
                                              .source = p->source,
                                              .place = p->place,
                                              .note = "",
                                              .plan_name = p->plan_name,
                                              .stage_count = p->stage_count,
                                              .stages = p->stages,
                                              .stage_index = -1,
                                              .next_note = "",
                                              .gates_worst = SW_GATE_UNKNOWN};
        c.platforms[i].offers[SW_VERB_HALT].reason = "its state is not known yet";
    }
    for (int i = 0; i < 7; i++)
        c.sources[i] = (struct sw_source){.id = c.sources[i].id,
                                          .kind = c.sources[i].kind,
                                          .title = c.sources[i].title,
                                          .base_url = c.sources[i].base_url,
                                          .interval_s = 60,
                                          .stale_after_s = 300};
    c.snapshot.has_polled_all = false;
    c.snapshot.release = NULL;
    c.snapshot.event_count = 0;
    c.snapshot.checklist = (struct sw_checklist){.note = "not read yet"};
    return &c.snapshot;
}

const struct sw_snapshot *world_cached(void)
{
    static struct copy c;
    copy_bad(&c);
    for (int i = 0; i < 5; i++)
        c.platforms[i].is_cached = i != IOS;
    for (int i = 0; i < 3; i++)
        c.android_health[i].is_cached = true;
    for (int i = 0; i < 7; i++)
        c.sources[i].is_fresh = i == 0 || i == 5;
    c.snapshot.is_cached = false;
    c.snapshot.has_polled_all = false;
    c.snapshot.cached_at_ms = MINUTES_AGO(271);
    return &c.snapshot;
}

const struct sw_snapshot *world_nothing(void)
{
    static const struct sw_snapshot nothing = {
        .at_ms = WORLD_NOW, .speed = 1, .is_ledger_ok = true, .is_read_only = true};
    return &nothing;
}

/* ------------------------------------------------------------------------ busy */

#define BUSY 23

/* Every state, long names, a simulation, running actions, a broken ledger. */
const struct sw_snapshot *world_busy(void)
{
    static struct copy c;
    static struct sw_platform platforms[BUSY];
    static char ids[BUSY][16];
    static char titles[BUSY][40];
    static const struct sw_action actions[] = {
        {.id = 12,
         .parent = 11,
         .platform = "p1",
         .verb = SW_VERB_HALT,
         .asked_ms = WORLD_NOW - 9000,
         .accepted_ms = WORLD_NOW - 7000,
         .text = "reading the store"},
        {.id = 10,
         .platform = "p4",
         .verb = SW_VERB_ADVANCE,
         .asked_ms = WORLD_NOW - 60000,
         .result = SW_RESULT_REJECTED,
         .text = "403: the caller does not have permission"},
    };
    copy_bad(&c);
    for (int i = 0; i < BUSY; i++) {
        platforms[i] = c.platforms[i % 5];
        snprintf(ids[i], sizeof ids[i], "p%d", i);
        snprintf(titles[i], sizeof titles[i],
                 i % 7 == 3 ? "Platform with a long name %d" : "Unit %d", i);
        platforms[i].id = ids[i];
        platforms[i].title = titles[i];
        platforms[i].state = (enum sw_state)(i % SW_STATE_COUNT);
    }
    c.snapshot.platforms = platforms;
    c.snapshot.platform_count = BUSY;
    c.snapshot.actions = actions;
    c.snapshot.action_count = 2;
    c.snapshot.is_simulation = true;
    c.snapshot.speed = 60;
    c.snapshot.is_ledger_ok = false;
    c.snapshot.ledger_error =
        "writing the ledger: no space left on device; free some, then tick anything to try";
    c.snapshot.notice = "the configuration was not reloaded: line 12: unknown key \"platfroms\"";
    return &c.snapshot;
}

/* --------------------------------------------------------------------- hostile */

/* Escape sequences, controls, bidi, zero-width, wide, combining, bad UTF-8, very long. The core
 * would never let most of it through; the canvas must not rely on that. */
static const char *const poison[] = {
    "\033[31;1mred\033[0m\033]0;title\007",
    "line\r\nbreak\ttab",
    "\xE2\x80\xAEreversed\xE2\x80\xAC \xE2\x80\x8Bzero\xE2\x81\xA6",
    "\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97\xE7\xAC\xA6 wide \xF0\x9F\x9A\x80\xEF\xB8\x8F",
    "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81 zalgo \xCC\x80\xCC\x80",
    "\xFF\xFE broken \xC3 \xE2\x82 utf-8 \xF8\x88\x80\x80\x80",
    "\xC2\x9B"
    "31m C1",
    "%s%n%d %%",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaa",
};
#define POISON (sizeof poison / sizeof *poison)

static void poison_platform(struct sw_platform *p, size_t i)
{
    p->title = poison[i % POISON];
    p->version = poison[(i + 1) % POISON];
    p->build = poison[(i + 2) % POISON];
    p->identity = poison[(i + 3) % POISON];
    p->previous_version = poison[(i + 4) % POISON];
    p->raw_state = poison[(i + 5) % POISON];
    p->note = poison[(i + 6) % POISON];
    p->place = poison[(i + 7) % POISON];
    p->next_note = poison[(i + 8) % POISON];
    p->actual_note = poison[i % POISON];
    p->override_text = poison[(i + 3) % POISON];
    p->release_how = poison[(i + 2) % POISON];
    p->other = (struct sw_other){.version = poison[(i + 1) % POISON],
                                 .build = poison[i % POISON],
                                 .raw_state = poison[(i + 4) % POISON]};
    for (int v = 1; v < SW_VERB_COUNT; v++) {
        p->offers[v].reason = poison[(i + (size_t)v) % POISON];
        p->offers[v].effect = poison[(i + (size_t)v + 1) % POISON];
        p->offers[v].will_not = poison[(i + (size_t)v + 2) % POISON];
    }
}

const struct sw_snapshot *world_hostile(void)
{
    static struct copy c;
    static struct sw_event events[POISON];
    static struct sw_issue issues[POISON];
    static struct sw_checklist_item items[POISON];
    static struct sw_commit commits[POISON];
    static struct sw_build builds[POISON];
    static struct sw_review reviews[POISON];
    copy_bad(&c);
    for (size_t i = 0; i < POISON; i++) {
        const char *text = poison[i];
        const char *next = poison[(i + 1) % POISON];
        events[i] = (struct sw_event){.uuid = next,
                                      .kind = (enum sw_event_kind)(i % SW_EVENT_KIND_COUNT),
                                      .at_ms = MINUTES_AGO(90 - (int)i),
                                      .actor = text,
                                      .platform = next,
                                      .reason = text,
                                      .override_text = next,
                                      .item = text,
                                      .text = text,
                                      .commit = next};
        issues[i] = (struct sw_issue){.title = text,
                                      .culprit = next,
                                      .id = text,
                                      .events = 12345678,
                                      .users = -1,
                                      .first_seen_ms = WORLD_NOW,
                                      .is_new = i % 2 == 0,
                                      .source = next};
        items[i] = (struct sw_checklist_item){.id = text,
                                              .text = next,
                                              .phase = i < 4 ? text : next,
                                              .owner = text,
                                              .due = next,
                                              .depth = (int)i * 3,
                                              .is_done = i % 2 == 0,
                                              .is_blocking = i % 3 == 0,
                                              .done_by = text};
        builds[i] = (struct sw_build){.version = text,
                                      .build = next,
                                      .processing = next,
                                      .internal = text,
                                      .external = next,
                                      .beta_review = text,
                                      .sessions = 12345678,
                                      .crashes = 12345678,
                                      .installs = -1,
                                      .source = next};
        reviews[i] = (struct sw_review){(int)i, text, next, text, WORLD_NOW, next};
        commits[i] =
            (struct sw_commit){.id = text, .subject = next, .author = text, .at_ms = WORLD_NOW};
    }
    for (size_t i = 0; i < 5; i++) {
        poison_platform(&c.platforms[i], i);
        c.platforms[i].issues = issues;
        c.platforms[i].issue_count = POISON;
        c.platforms[i].builds = builds;
        c.platforms[i].build_count = POISON;
        c.platforms[i].reviews = reviews;
        c.platforms[i].review_count = POISON;
        c.platforms[i].tags = (struct sw_tags){.newest = poison[i],
                                               .previous = poison[i + 1],
                                               .note = poison[i],
                                               .has_commits = true,
                                               .commit_count = 99,
                                               .shown_count = POISON,
                                               .commits = commits};
    }
    for (size_t i = 0; i < 7; i++) {
        c.sources[i].title = poison[i % POISON];
        c.sources[i].error = poison[(i + 1) % POISON];
        c.sources[i].base_url = poison[(i + 2) % POISON];
        c.sources[i].budget_note = poison[(i + 3) % POISON];
    }
    c.snapshot.release = poison[3];
    c.snapshot.captain = poison[2];
    c.snapshot.notice = poison[0];
    c.snapshot.events = events;
    c.snapshot.event_count = POISON;
    c.snapshot.checklist.items = items;
    c.snapshot.checklist.count = POISON;
    c.snapshot.checklist.file = poison[1];
    return &c.snapshot;
}

const struct world worlds[] = {
    {"bad", world_bad},         {"calm", world_calm},       {"busy", world_busy},
    {"stale", world_stale},     {"halted", world_halted},   {"unseen", world_unseen},
    {"worse", world_worse},     {"empty", world_empty},     {"cached", world_cached},
    {"hostile", world_hostile}, {"nothing", world_nothing}, {NULL, NULL},
};
