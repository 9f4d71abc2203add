/*
 * cli_status.c: `slipway status`, `slipway gate`.
 *
 * Both show what one poll of every source gave. A source that hangs holds them up no longer than
 * POLL_MS; what it would have said is then unknown, and said to be.
 */
#include "cli_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli_facts.h"
#include "figures.h"
#include "memory.h"

#define POLL_MS 60000

/* ---------------------------------------------------------------------- status */

static const char *wanted_id(const struct cli_request *request)
{
    return request->arg_count > 0 ? request->args[0] : NULL;
}

static int print_json(char *(*make)(const struct sw_snapshot *, const char *, struct sw_error *),
                      const struct sw_snapshot *snapshot, const char *platform)
{
    struct sw_error err = {0};
    char *text = make(snapshot, platform, &err);
    if (text == NULL) {
        cli_complain("%s", err.text);
        return cli_exit_of_code(err.code);
    }
    puts(text);
    free(text);
    return CLI_OK;
}

static char *status_json(const struct sw_snapshot *snapshot, const char *platform,
                         struct sw_error *err)
{
    char *text = NULL;
    return sw_status_json(snapshot, platform, &text, err) == SW_OK ? text : NULL;
}

static char *gate_json(const struct sw_snapshot *snapshot, const char *platform,
                       struct sw_error *err)
{
    char *text = NULL;
    return sw_gate_json(snapshot, platform, &text, err) == SW_OK ? text : NULL;
}

static void print_picture(const struct sw_snapshot *s, const char *only)
{
    struct facts facts = {0};
    facts_of_snapshot(&facts, s);
    for (size_t i = 0; i < s->source_count; i++)
        facts_of_source(&facts, &s->sources[i]);
    facts_print(&facts, stdout);
    facts_clear(&facts);
    for (size_t i = 0; i < s->platform_count; i++) {
        if (only != NULL && strcmp(s->platforms[i].id, only) != 0)
            continue;
        putchar('\n');
        facts_of_platform(&facts, s, &s->platforms[i]);
        facts_print(&facts, stdout);
        facts_clear(&facts);
    }
}

static int print_status(const struct cli_request *request, const struct sw_snapshot *snapshot)
{
    const char *only = wanted_id(request);
    int code = CLI_OK;
    if (request->values[CLI_JSON] != NULL)
        code = print_json(status_json, snapshot, only);
    else
        print_picture(snapshot, only);
    fflush(stdout);
    if (code != CLI_OK)
        return code;
    return cli_exit_of_status(snapshot, only ? sw_snapshot_platform(snapshot, only) : NULL);
}

/* ----------------------------------------------------------------------- watch */

/* What was printed last, to compare with. */
struct watch {
    const struct cli_request *request;
    struct facts head;       /* snapshot and sources */
    struct facts *platforms; /* in the order of the snapshot */
    char (*ids)[FIG_SIZE];   /* theirs */
    size_t count;
};

static void fill_watch(struct watch *watch, const struct sw_snapshot *s)
{
    facts_of_snapshot(&watch->head, s);
    for (size_t i = 0; i < s->source_count; i++)
        facts_of_source(&watch->head, &s->sources[i]);
    watch->count = s->platform_count;
    watch->platforms = tui_alloc(watch->count, sizeof *watch->platforms);
    watch->ids = tui_alloc(watch->count, sizeof *watch->ids);
    for (size_t i = 0; i < watch->count; i++) {
        tui_format(watch->ids[i], sizeof watch->ids[i], "%s", s->platforms[i].id);
        facts_of_platform(&watch->platforms[i], s, &s->platforms[i]);
    }
}

/* A reload may have changed their number and order. */
static const struct facts *watched(const struct watch *watch, const char *id)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->ids[i], id) == 0)
            return &watch->platforms[i];
    return NULL;
}

static void clear_watch(struct watch *watch)
{
    facts_clear(&watch->head);
    for (size_t i = 0; i < watch->count; i++)
        facts_clear(&watch->platforms[i]);
    free(watch->platforms);
    free(watch->ids);
    watch->platforms = NULL;
    watch->ids = NULL;
    watch->count = 0;
}

static void print_changes(const char *at, const char *who, const struct facts *old,
                          const struct facts *now)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct fact *fact = &now->items[i];
        const char *before = facts_get(old, fact->key);
        if (!fact->is_fleeting && (before == NULL || strcmp(before, fact->value) != 0))
            printf("%s %s%s%s: %s\n", at, who, who[0] ? " " : "", fact->key, fact->value);
    }
    for (size_t i = 0; i < old->count; i++) {
        if (!old->items[i].is_fleeting && facts_get(now, old->items[i].key) == NULL)
            printf("%s %s%s%s: no more\n", at, who, who[0] ? " " : "", old->items[i].key);
    }
}

/* True when something was printed. */
static bool tell_platform(const struct watch *watch, const struct watch *now, size_t i,
                          const struct sw_snapshot *s, const char *at)
{
    static const struct facts none;
    const char *only = wanted_id(watch->request), *id = now->ids[i];
    const struct facts *old = watched(watch, id);
    if (old == NULL)
        old = &none;
    if ((only != NULL && strcmp(id, only) != 0) || !facts_differ(old, &now->platforms[i]))
        return false;
    if (watch->request->values[CLI_JSON] != NULL)
        print_json(status_json, s, id);
    else
        print_changes(at, id, old, &now->platforms[i]);
    return true;
}

static void tell_gone(const struct watch *watch, const struct watch *now, const char *at)
{
    const char *only = wanted_id(watch->request);
    for (size_t i = 0; i < watch->count; i++)
        if ((only == NULL || strcmp(watch->ids[i], only) == 0) &&
            watched(now, watch->ids[i]) == NULL)
            printf("%s %s: not in the configuration any more\n", at, watch->ids[i]);
}

static void tell_changes(struct watch *watch, const struct sw_snapshot *s)
{
    struct watch now = {.request = watch->request};
    const char *only = wanted_id(watch->request);
    bool is_json = watch->request->values[CLI_JSON] != NULL;
    bool is_told = false;
    char at[FIG_SIZE];
    fig_clock_s(s->at_ms, at, sizeof at);
    fill_watch(&now, s);
    for (size_t i = 0; i < now.count; i++)
        is_told = tell_platform(watch, &now, i, s, at) || is_told;
    if (!is_json) {
        tell_gone(watch, &now, at);
        print_changes(at, "", &watch->head, &now.head);
    } else if (!is_told && facts_differ(&watch->head, &now.head)) {
        print_json(status_json, s, only != NULL && watched(&now, only) == NULL ? NULL : only);
    }
    fflush(stdout);
    clear_watch(watch);
    *watch = now;
}

/* SIGHUP without a terminal: the configuration is read again; with a problem the old one stays, and
 * that is said. */
static void reload_if_wanted(struct session *session)
{
    const struct sw_command reload = {.kind = SW_COMMAND_RELOAD};
    struct sw_outcome *outcome;
    if (session->is_reload_wanted)
        sw_submit(session->core, &reload);
    session->is_reload_wanted = false;
    while ((outcome = sw_core_take_outcome(session->core)) != NULL) {
        if (outcome->error.code != SW_OK)
            cli_complain("%s", outcome->text);
        sw_outcome_free(outcome);
    }
}

/* Until a signal ends it, or nobody reads any more. */
static int watch_status(struct session *session, const struct cli_request *request)
{
    struct watch watch = {.request = request};
    uint64_t serial = session->snapshot->serial;
    fill_watch(&watch, session->snapshot);
    while (!ferror(stdout)) {
        reload_if_wanted(session);
        session_step(session, -1, -1);
        if (session->snapshot->serial == serial)
            continue;
        serial = session->snapshot->serial;
        tell_changes(&watch, session->snapshot);
    }
    clear_watch(&watch);
    return CLI_OK; /* of a full disk cli_finish makes a failure */
}

static int poll_and_print(struct session *session, const struct cli_request *request)
{
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    session_wait(session, session_has_polled, NULL, POLL_MS);
    code = print_status(request, session->snapshot);
    return request->values[CLI_WATCH] != NULL ? watch_status(session, request) : code;
}

int cli_status(const struct cli_request *request)
{
    struct session session;
    bool is_cached = request->values[CLI_CACHED] != NULL;
    bool is_watching = request->values[CLI_WATCH] != NULL;
    if (is_cached && is_watching) {
        cli_complain("--cached asks nothing, so there is nothing to --watch");
        return CLI_USAGE;
    }
    int code = session_open(&session, request,
                            is_cached     ? SESSION_OFFLINE
                            : is_watching ? SESSION_STAYS
                                          : SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    if (wanted_id(request) != NULL && session_platform(&session, wanted_id(request)) == NULL)
        code = CLI_USAGE;
    else if (is_cached)
        code = print_status(request, session.snapshot);
    else
        code = poll_and_print(&session, request);
    session_close(&session);
    return code;
}

/* ------------------------------------------------------------------------ gate */

static void print_gate(const struct sw_snapshot *s, const struct sw_platform *p)
{
    const struct sw_offer *advance = &p->offers[SW_VERB_ADVANCE];
    struct facts facts = {0};
    cli_line(stdout, "notice", s->notice);
    cli_linef(stdout, "platform", "%s (%s)", p->id, p->title);
    cli_linef(stdout, "state", "%s%s", sw_state_title(p->state),
              p->observed_at_ms == 0 ? ", never read"
              : p->is_stale          ? ", STALE"
                                     : "");
    facts_of_gates(&facts, s, p);
    facts_print(&facts, stdout);
    facts_clear(&facts);
    if (advance->is_allowed)
        cli_linef(stdout, "advance", "yes%s%s", advance->effect[0] ? ": " : "", advance->effect);
    else
        cli_linef(stdout, "advance", "no%s%s", advance->reason[0] ? ": " : "", advance->reason);
}

static int judge_gate(struct session *session, const struct cli_request *request)
{
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    session_wait(session, session_has_polled, NULL, POLL_MS);
    const struct sw_platform *p = sw_snapshot_platform(session->snapshot, request->args[0]);
    if (request->values[CLI_JSON] != NULL)
        code = print_json(gate_json, session->snapshot, p->id);
    else
        print_gate(session->snapshot, p);
    return code != CLI_OK ? code : cli_exit_of_gate(session->snapshot, p);
}

int cli_gate(const struct cli_request *request)
{
    struct session session;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    code = session_platform(&session, request->args[0]) == NULL ? CLI_USAGE
                                                                : judge_gate(&session, request);
    session_close(&session);
    return code;
}
