/*
 * cli_log.c: `slipway log`: the ledger as lines, as JSON, or checked.
 *
 * Nothing is polled: the ledger is on this disk.
 */
#include "cli_session.h"

#include <stdlib.h>

#include "figures.h"
#include "memory.h"

static void add(struct text *line, const char *before, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    text_puts(line, before);
    text_puts(line, text);
}

static char *event_line(const struct sw_event *event)
{
    struct text line = {0};
    char at[FIG_SIZE];
    char seconds[FIG_SIZE];
    char from[FIG_SIZE];
    char to[FIG_SIZE];
    text_print(&line, "%s (%s) %s", fig_date(event->at_ms, at, sizeof at),
               fig_clock_s(event->at_ms, seconds, sizeof seconds), sw_event_kind_name(event->kind));
    add(&line, " ", event->platform);
    if (event->verb != SW_VERB_NONE)
        add(&line, " ", sw_verb_name(event->verb));
    if (event->result != SW_RESULT_NONE)
        add(&line, " ", sw_result_name(event->result));
    add(&line, " ", event->version);
    if (event->from_percent.is_known || event->to_percent.is_known)
        text_print(&line, " %s to %s",
                   sw_percent_text(event->from_percent, true, from, sizeof from),
                   sw_percent_text(event->to_percent, true, to, sizeof to));
    add(&line, " ", event->item);
    add(&line, ": ", event->text);
    add(&line, "; reason: ", event->reason);
    add(&line, "; OVERRIDE: ", event->override_text);
    add(&line, event->kind == SW_EVENT_CHANGE ? "; noticed by " : "; by ", event->actor);
    add(&line, " ", event->commit);
    return text_take(&line);
}

static bool print_event(void *arg, const struct sw_event *event)
{
    (void)arg;
    char *line = event_line(event);
    puts(line);
    free(line);
    return !ferror(stdout);
}

static bool print_event_json(void *arg, const struct sw_event *event)
{
    struct sw_error *err = arg;
    char *text = NULL;
    if (sw_event_json(event, &text, err) != SW_OK)
        return false;
    puts(text);
    free(text);
    return !ferror(stdout);
}

static int print_log(struct session *session, bool is_json)
{
    struct sw_error err = {0};
    struct sw_error json_err = {0};
    enum sw_code code = sw_core_read_ledger(session->core, is_json ? print_event_json : print_event,
                                            &json_err, &err);
    if (code == SW_OK && json_err.code == SW_OK)
        return CLI_OK;
    cli_complain("%s", code != SW_OK ? err.text : json_err.text);
    return cli_exit_of_code(code != SW_OK ? code : json_err.code);
}

static int verify(struct session *session)
{
    struct sw_error err = {0};
    char *report = NULL;
    enum sw_code code = sw_core_verify_ledger(session->core, &report, &err);
    if (report != NULL)
        fputs(report, stdout);
    free(report);
    fflush(stdout);
    if (code != SW_OK)
        cli_complain("%s", err.text);
    return cli_exit_of_code(code);
}

int cli_log(const struct cli_request *request)
{
    struct session session;
    if (request->values[CLI_VERIFY] != NULL && request->values[CLI_JSON] != NULL) {
        cli_complain("--verify prints a report for people; it takes no --json");
        return CLI_USAGE;
    }
    int code = session_open(&session, request, SESSION_OFFLINE);
    if (code != CLI_OK)
        return code;
    code = session_start(&session);
    if (code == CLI_OK)
        code = request->values[CLI_VERIFY] != NULL
                   ? verify(&session)
                   : print_log(&session, request->values[CLI_JSON] != NULL);
    session_close(&session);
    return code;
}
