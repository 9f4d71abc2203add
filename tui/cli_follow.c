/*
 * cli_follow.c: see cli_act.h.
 *
 * An interruption (Ctrl-C, SIGTERM) does not end an action that is on its way: the core gives it
 * ten seconds to be seen and then writes into the ledger that its outcome is unknown. A terminal
 * that goes away (SIGHUP) changes nothing: a dropped line never drops a halt.
 */
#include "cli_act.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "figures.h"
#include "memory.h"
#include "wake.h"

/* ------------------------------------------------------------------------- ask */

bool ask_is_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Reads what there is up to the end of the line; the terminal hands out whole lines. */
static bool read_line(char *line, size_t size)
{
    ssize_t got = read(STDIN_FILENO, line, size - 1);
    if (got <= 0)
        return false;
    line[got] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

bool ask_for(struct session *session, const char *question, const char *wanted)
{
    char line[256];
    int early = 0;
    fflush(stdout);
    if (ioctl(STDIN_FILENO, FIONREAD, &early) == 0 && early > 0)
        fprintf(stderr, "(%d typed too early, dropped)\n", early);
    tcflush(STDIN_FILENO, TCIFLUSH);
    fprintf(stderr, "%s ", question);
    fflush(stderr);
    for (;;) {
        unsigned what = session_step(session, STDIN_FILENO, -1);
        if (session->was_interrupted || (what & (WAKE_GONE | WAKE_HANGUP))) {
            fputc('\n', stderr);
            return false;
        }
        if (what & WAKE_INPUT)
            return read_line(line, sizeof line) && strcmp(line, wanted) == 0;
    }
}

/* -------------------------------------------------------------------- progress */

#define FOLLOWED_MAX 600

/* How far an action was told. */
struct told {
    uint64_t id;
    bool is_asked, is_accepted, is_seen;
    char text[512];
};

struct follow {
    FILE *to;
    uint64_t id; /* of the command */
    bool is_group;
    const struct sw_command *command;
    const struct act_words *words;
    bool is_shown; /* what it will do */
    struct told *told;
    size_t count;
};

static struct told *told_of(struct follow *f, uint64_t id)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->told[i].id == id)
            return &f->told[i];
    }
    f->told = tui_grow(f->told, f->count + 1, sizeof *f->told);
    f->told[f->count] = (struct told){.id = id};
    return &f->told[f->count++];
}

static void tell_time(const struct follow *f, const char *platform, const char *what, int64_t ms,
                      bool *is_told)
{
    char at[FIG_SIZE];
    if (ms == 0 || *is_told)
        return;
    *is_told = true;
    fprintf(f->to, "%s%s%s: %s\n", f->is_group && platform ? platform : "",
            f->is_group && platform ? " " : "", what, fig_clock_s(ms, at, sizeof at));
}

static void tell_action(struct follow *f, const struct sw_action *a)
{
    struct told *told = told_of(f, a->id);
    tell_time(f, a->platform, "asked", a->asked_ms, &told->is_asked);
    bool is_news = a->result == SW_RESULT_NONE && a->text != NULL &&
                   strcmp(a->text, told->text) != 0 && strcmp(a->text, "asked") != 0;
    if (is_news && strncmp(a->text, "accepted", strlen("accepted")) != 0)
        fprintf(f->to, "  %s%s%s\n", f->is_group ? a->platform : "", f->is_group ? ": " : "",
                a->text);
    if (is_news)
        tui_format(told->text, sizeof told->text, "%s", a->text);
    tell_time(f, a->platform, "accepted", a->accepted_ms, &told->is_accepted);
    tell_time(f, a->platform, "seen", a->seen_ms, &told->is_seen);
}

/* Read in this run, and not yet changed by what is asked. */
static void tell_plan(struct follow *f, const struct sw_snapshot *s)
{
    if (f->is_shown || f->words->show == NULL)
        return;
    const struct sw_platform *p = sw_snapshot_platform(s, f->command->platform);
    if (p == NULL || p->observed_at_ms == 0 || p->is_cached)
        return;
    f->is_shown = true;
    f->words->show(f->to, p, f->command);
}

static void tell_progress(struct follow *f, const struct sw_snapshot *s)
{
    tell_plan(f, s);
    for (size_t i = s->action_count; i-- > 0;) {
        const struct sw_action *a = &s->actions[i];
        bool is_ours = f->is_group ? a->parent == f->id : a->id == f->id;
        if (is_ours)
            tell_action(f, a);
    }
    fflush(f->to);
}

/* ------------------------------------------------------------------------- end */

static void print_lines(FILE *to, const char *indent, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");
        char *line = tui_alloc(len + 1, 1);
        char *clean = tui_alloc(len * 3 + 1, 1);
        memcpy(line, text, len);
        sw_text_clean(line, len, clean, len * 3 + 1);
        fprintf(to, "%s%s\n", indent, clean);
        free(line);
        free(clean);
        text += len + (text[len] == '\n');
    }
}

static const char *outcome_text(const struct sw_outcome *o)
{
    return o->text != NULL && o->text[0] != '\0' ? o->text : o->error.text;
}

static void print_part(const struct sw_outcome *part)
{
    bool is_dry = part->result == SW_RESULT_DRY_RUN;
    printf("%s: %s%s", part->platform ? part->platform : "?", sw_result_name(part->result),
           is_dry ? ", would send\n" : ", ");
    print_lines(stdout, is_dry ? "  " : "", outcome_text(part));
}

static void print_outcome(struct follow *f, const struct sw_outcome *o)
{
    struct told *told = told_of(f, o->id);
    if (o->kind == SW_COMMAND_VERB) {
        tell_time(f, NULL, "asked", o->asked_ms, &told->is_asked);
        tell_time(f, NULL, "accepted", o->accepted_ms, &told->is_accepted);
        tell_time(f, NULL, "seen", o->seen_ms, &told->is_seen);
    }
    for (size_t i = 0; i < o->part_count; i++)
        print_part(&o->parts[i]);
    if (o->result == SW_RESULT_DRY_RUN && o->part_count == 0) {
        puts("dry run, nothing was sent. It would send:");
        print_lines(stdout, "  ", outcome_text(o));
    } else if (o->result == SW_RESULT_SEEN || o->result == SW_RESULT_DRY_RUN) {
        printf("%s: ", o->result == SW_RESULT_DRY_RUN ? "dry run" : "done");
        print_lines(stdout, "", outcome_text(o));
    } else {
        fflush(stdout);
        cli_complain("%s: %s", sw_result_name(o->result), outcome_text(o));
    }
}

static int print_outcome_json(const struct sw_outcome *o)
{
    struct sw_error err = {0};
    char *text = NULL;
    if (sw_outcome_json(o, &text, &err) != SW_OK) {
        cli_complain("%s", err.text);
        return CLI_HOLD;
    }
    puts(text);
    free(text);
    return CLI_OK;
}

static struct sw_outcome *take_outcome(struct session *session, uint64_t id)
{
    struct sw_outcome *outcome;
    while ((outcome = sw_core_take_outcome(session->core)) != NULL) {
        if (outcome->id == id)
            return outcome;
        sw_outcome_free(outcome);
    }
    return NULL;
}

static struct sw_outcome *wait_for_end(struct session *session, struct follow *f)
{
    struct sw_outcome *outcome = NULL;
    while (outcome == NULL && !session->was_interrupted) {
        session_step(session, -1, -1);
        tell_progress(f, session->snapshot);
        outcome = take_outcome(session, f->id);
    }
    if (outcome != NULL)
        return outcome;
    fflush(f->to);
    cli_complain("interrupted while %s is in flight; it gets ten seconds to be seen, then its "
                 "outcome is unknown: look with `slipway status` and `slipway log`",
                 f->words->what);
    sw_core_stop(session->core);
    return take_outcome(session, f->id);
}

int act_and_follow(struct session *session, const struct cli_request *request,
                   const struct sw_command *command, const struct act_words *words)
{
    bool is_json = request->values[CLI_JSON] != NULL;
    struct follow f = {.to = is_json ? stderr : stdout,
                       .is_group = command->kind == SW_COMMAND_STOP_EVERYTHING,
                       .command = command,
                       .words = words};
    f.id = sw_submit(session->core, command);
    struct sw_outcome *outcome = wait_for_end(session, &f);
    tui_assert(outcome != NULL); /* the core's promise */
    int code = cli_exit_of_outcome(outcome->result, outcome->error.code);
    int json_code = CLI_OK;
    if (is_json)
        json_code = print_outcome_json(outcome);
    else
        print_outcome(&f, outcome);
    sw_outcome_free(outcome);
    free(f.told);
    return code != CLI_OK ? code : json_code;
}
