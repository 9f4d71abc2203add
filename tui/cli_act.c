/*
 * cli_act.c: `slipway halt|resume|advance|complete|rollback PLATFORM` and `stop-everything`.
 *
 * The order: find the platform, look at the store (a halt with --yes does not wait for that: the
 * action itself reads it again), show what will be done, ask, submit with what was shown, follow.
 * Whether it may be done is judged by the core alone; here it is only shown.
 */
#include "cli_act.h"

#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "dialogs.h"
#include "figures.h"
#include "memory.h"
#include "wake.h"

#define STORE_MS  20000 /* for the store of the platform */
#define OTHERS_MS 60000 /* for everything that the gates need */

static bool is_given(const struct cli_request *request, enum cli_option option)
{
    return request->values[option] != NULL;
}

/* --------------------------------------------------------------------- looking */

static const struct sw_source *source_of(const struct sw_snapshot *s, const char *id)
{
    for (size_t i = 0; id != NULL && i < s->source_count; i++) {
        if (strcmp(s->sources[i].id, id) == 0)
            return &s->sources[i];
    }
    return NULL;
}

/* The store has said where it stands, or that it cannot. */
static bool has_store_answered(const struct session *session, const void *arg)
{
    const struct sw_platform *p = sw_snapshot_platform(session->snapshot, arg);
    if (session->snapshot->has_polled_all || p->source == NULL)
        return true;
    const struct sw_source *source = source_of(session->snapshot, p->source);
    bool is_read = p->observed_at_ms != 0 && !p->is_cached;
    return is_read || (source != NULL && source->error != NULL);
}

/* Gates and checklist decide on advance and complete; nothing but the store does on the others. */
static void look(struct session *session, enum sw_verb verb, const char *platform)
{
    if (verb == SW_VERB_ADVANCE || verb == SW_VERB_COMPLETE)
        session_wait(session, session_has_polled, NULL, OTHERS_MS);
    else
        session_wait(session, has_store_answered, platform, STORE_MS);
}

/* --------------------------------------------------------------------- showing */

static void show_now(FILE *to, const struct sw_platform *p)
{
    char percent[FIG_SIZE];
    char at[FIG_SIZE];
    cli_linef(to, "now", "%s%s%s, %s%s%s", sw_state_title(p->state),
              p->percent_set.is_known ? " at " : "",
              p->percent_set.is_known
                  ? sw_percent_text(p->percent_set, false, percent, sizeof percent)
                  : "",
              p->observed_at_ms == 0 ? "never read" : "read at ",
              p->observed_at_ms == 0 ? "" : fig_clock_s(p->observed_at_ms, at, sizeof at),
              p->is_cached  ? " by an earlier run"
              : p->is_stale ? ", STALE"
                            : "");
}

static void show_plan(FILE *to, const struct sw_platform *p, const struct sw_command *command)
{
    const struct sw_offer *offer = &p->offers[command->verb];
    char name[512];
    char from[FIG_SIZE];
    char up[FIG_SIZE];
    detail_name(p, name, sizeof name);
    cli_linef(to, sw_verb_title(command->verb), "%s (%s)", p->id, name);
    cli_line(to, "store identity", p->identity);
    show_now(to, p);
    if (offer->to_percent.is_known)
        cli_linef(to, "percent", "%s to %s",
                  sw_percent_text(offer->from_percent, false, from, sizeof from),
                  sw_percent_text(offer->to_percent, false, up, sizeof up));
    cli_line(to, "will", offer->effect);
    cli_line(to, "will not", offer->will_not);
    if (!offer->is_allowed)
        cli_linef(to, "closed", "%s%s", offer->reason,
                  offer->can_override ? " (--override TEXT opens it)" : "");
    if (command->may_cancel_review)
        cli_line(to, "REVIEW", "should one run at the store, it is cancelled and begins anew");
    cli_line(to, "reason", command->reason);
    cli_line(to, "override", command->override_text);
    fflush(to);
}

/* ------------------------------------------------------------------------ verbs */

static void say_terminal_needed(const char *what)
{
    cli_complain("%s: not done: there is no terminal to ask on; --yes does it without asking, "
                 "--dry-run shows what it would send",
                 what);
}

static bool confirm(struct session *session, const struct sw_platform *p, enum sw_verb verb)
{
    char question[512];
    bool needs_id =
        p->offers[verb].needs_typed_id || verb == SW_VERB_COMPLETE || verb == SW_VERB_ROLLBACK;
    if (needs_id)
        tui_format(question, sizeof question, "%s %s? Type %s to do it:", sw_verb_title(verb),
                   p->id, p->id);
    else
        tui_format(question, sizeof question, "%s %s? y does it:", sw_verb_title(verb), p->id);
    if (ask_for(session, question, needs_id ? p->id : "y"))
        return true;
    cli_complain("not confirmed, nothing was sent");
    return false;
}

/* Asking is of no use where the core will refuse. */
static bool is_hopeless(const struct cli_request *request, const struct sw_offer *offer)
{
    return !offer->is_allowed && !(offer->can_override && is_given(request, CLI_OVERRIDE));
}

/* What was shown is what the store must still hold when the verb is sent. */
static void keep_what_was_seen(struct sw_command *command, const struct sw_platform *p,
                               char *identity, size_t size)
{
    tui_format(identity, size, "%s", p->identity ? p->identity : "");
    command->expected_identity = identity[0] ? identity : NULL;
    command->expected_state = p->state;
    command->expected_percent = p->percent_set;
}

/* Looks, shows, and asks where it must. 0: go on. */
static int prepare(struct session *session, const struct cli_request *request,
                   struct sw_command *command, bool is_asking)
{
    static char reason[LINE_MAX_BYTES];
    static char identity[256];
    look(session, command->verb, command->platform);
    if (session->was_interrupted) {
        cli_complain("interrupted, nothing was sent");
        return CLI_REFUSED;
    }
    const struct sw_platform *p = sw_snapshot_platform(session->snapshot, command->platform);
    struct frame frame = {.snapshot = session->snapshot, .now_ms = session->snapshot->at_ms};
    if (command->reason == NULL && is_asking) {
        dialog_evidence(&frame, p, command->verb, reason, sizeof reason);
        command->reason = reason;
    }
    FILE *to = is_given(request, CLI_JSON) ? stderr : stdout;
    cli_line(to, "notice", session->snapshot->notice);
    show_plan(to, p, command);
    keep_what_was_seen(command, p, identity, sizeof identity);
    bool is_asked = is_asking && !is_hopeless(request, &p->offers[command->verb]);
    return is_asked && !confirm(session, p, command->verb) ? CLI_REFUSED : CLI_OK;
}

static int do_verb(struct session *session, const struct cli_request *request)
{
    bool is_dry = is_given(request, CLI_DRY_RUN);
    bool is_asking = !is_given(request, CLI_YES) && !is_dry;
    struct sw_command command = {.kind = SW_COMMAND_VERB,
                                 .platform = request->args[0],
                                 .verb = request->command->verb,
                                 .reason = request->values[CLI_REASON],
                                 .override_text = request->values[CLI_OVERRIDE],
                                 .is_dry_run = is_dry,
                                 .is_unrecorded = is_given(request, CLI_UNRECORDED),
                                 .may_cancel_review = is_given(request, CLI_CANCEL_REVIEW)};
    char what[256];
    struct act_words words = {.what = what};
    tui_format(what, sizeof what, "%s %s", sw_verb_name(command.verb), command.platform);
    if (is_asking && !ask_is_possible()) {
        say_terminal_needed(what);
        return CLI_REFUSED;
    }
    int code = session_start(session);
    if (code == CLI_OK && command.verb == SW_VERB_HALT && !is_asking)
        words.show = show_plan; /* on its way at once */
    else if (code == CLI_OK)
        code = prepare(session, request, &command, is_asking);
    return code == CLI_OK ? act_and_follow(session, request, &command, &words) : code;
}

int cli_verb(const struct cli_request *request)
{
    struct session session;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    session.is_acting = true;
    if (session_platform(&session, request->args[0]) == NULL)
        code = CLI_USAGE;
    else
        code = do_verb(&session, request);
    session_close(&session);
    return code;
}

/* -------------------------------------------------------------- stop everything */

static bool have_stores_answered(const struct session *session, const void *arg)
{
    (void)arg;
    for (size_t i = 0; i < session->snapshot->platform_count; i++) {
        if (!has_store_answered(session, session->snapshot->platforms[i].id))
            return false;
    }
    return true;
}

static void show_platforms(FILE *to, const struct sw_snapshot *s)
{
    for (size_t i = 0; i < s->platform_count; i++) {
        const struct sw_platform *p = &s->platforms[i];
        char name[512];
        detail_name(p, name, sizeof name);
        cli_linef(to, "stop", "%s (%s)", p->id, name);
        show_now(to, p);
    }
    fprintf(to,
            "will: halt each of them that is rolling out, at the same time (or what its `stop:` "
            "in the configuration says)\n");
    fflush(to);
}

static int do_stop(struct session *session, const struct cli_request *request)
{
    bool is_dry = is_given(request, CLI_DRY_RUN);
    bool is_asking = !is_given(request, CLI_YES) && !is_dry;
    FILE *to = is_given(request, CLI_JSON) ? stderr : stdout;
    if (is_asking && !ask_is_possible()) {
        say_terminal_needed("stop-everything");
        return CLI_REFUSED;
    }
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    if (is_asking) {
        session_wait(session, have_stores_answered, NULL, STORE_MS);
        show_platforms(to, session->snapshot);
        if (session->was_interrupted || !ask_for(session, "stop everything? y does it:", "y")) {
            cli_complain("not confirmed, nothing was sent");
            return CLI_REFUSED;
        }
    }
    struct sw_command command = {.kind = SW_COMMAND_STOP_EVERYTHING,
                                 .reason = request->values[CLI_REASON],
                                 .is_dry_run = is_dry,
                                 .is_unrecorded = is_given(request, CLI_UNRECORDED)};
    const struct act_words words = {.what = "stop-everything"};
    return act_and_follow(session, request, &command, &words);
}

int cli_stop_everything(const struct cli_request *request)
{
    struct session session;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    session.is_acting = true;
    code = do_stop(&session, request);
    session_close(&session);
    return code;
}
