/*
 * cli_help.c: what the table says, for a terminal, for man and for docs/.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define WIDTH 80

static const char intro[] =
    "A release captain's instrument panel: where every platform's rollout stands, whether the new "
    "version is worse, what is left on the checklist; and the verbs that halt, resume, advance, "
    "complete or roll back a rollout, each of which is read back at the store until it is seen.";

static bool is_shown(const struct cli_command *command, int option, bool is_shared)
{
    return cli_options[option].is_shared == is_shared &&
           (command == NULL || cli_command_takes(command, (enum cli_option)option));
}

static void add_usage(struct text *out, const struct cli_command *command, const char *reverse)
{
    text_print(out, "%s%s%s", command->name, command->args[0] ? " " : "", command->args);
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (!is_shown(command, i, false))
            continue;
        const char *arg = cli_options[i].arg;
        text_print(out, " [%s%s%s%s]", reverse, cli_options[i].name, arg ? " " : "",
                   arg ? arg : "");
    }
}

/* Wraps at WIDTH columns with `indent` blanks before each line; an empty line stays. The text is
 * ASCII. */
static void add_wrapped(struct text *out, const char *text, int indent)
{
    int col = 0;
    while (*text != '\0') {
        if (*text == '\n' || *text == ' ') {
            if (*text == '\n') {
                text_puts(out, "\n");
                col = 0;
            }
            text++;
            continue;
        }
        int len = (int)strcspn(text, " \n");
        if (col > 0 && col + 1 + len > WIDTH) {
            text_puts(out, "\n");
            col = 0;
        }
        if (col == 0)
            text_print(out, "%*s", indent, "");
        text_print(out, "%s%.*s", col > 0 ? " " : "", len, text);
        col = (col > 0 ? col + 1 : indent) + len;
        text += len;
    }
    text_puts(out, "\n");
}

/* ------------------------------------------------------------------------ help */

static void add_options(struct text *out, const struct cli_command *command, bool is_shared)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        char name[64];
        if (!is_shown(command, i, is_shared))
            continue;
        const char *arg = cli_options[i].arg;
        tui_format(name, sizeof name, "--%s%s%s", cli_options[i].name, arg ? " " : "",
                   arg ? arg : "");
        text_print(out, "  %-17s %s\n", name, cli_options[i].help);
    }
}

static void add_exits(struct text *out)
{
    for (size_t i = 0; i < cli_exit_count(); i++)
        text_print(out, "  %2d  %s\n", cli_exits[i].code, cli_exits[i].help);
}

static void add_program(struct text *out)
{
    text_puts(out, "usage: slipway [OPTIONS] [COMMAND]\n\n");
    add_wrapped(out, intro, 0);
    text_puts(out, "\ncommands (slipway COMMAND --help says more):\n");
    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct cli_command *command = cli_command_at(i);
        text_print(out, "  %-16s %s\n", command->name, command->help);
    }
    text_puts(out, "\noptions of every command:\n");
    add_options(out, NULL, true);
    text_puts(out, "\nexit codes:\n");
    add_exits(out);
}

static void add_command(struct text *out, const struct cli_command *command)
{
    text_puts(out, "usage: slipway ");
    add_usage(out, command, "--");
    text_print(out, "\n\n%s\n\n", command->help);
    add_wrapped(out, command->detail, 0);
    if (command->options != 0) {
        text_puts(out, "\noptions:\n");
        add_options(out, command, false);
    }
    text_puts(out, "\noptions of every command:\n");
    add_options(out, command, true);
}

void cli_help(const struct cli_command *command)
{
    struct text out = {0};
    if (command == NULL)
        add_program(&out);
    else
        add_command(&out, command);
    char *text = text_take(&out);
    fputs(text, stdout);
    free(text);
}

/* ------------------------------------------------------------------------- man */

static const char about_output[] =
    "Where standard output cannot be written (a full disk), a line on standard error says so and 0 "
    "becomes 1, but not of a verb, dry runs apart: its code tells what became of it and nothing "
    "else, so that nobody does it twice. A reader that goes away (`| head`) changes nothing.";
static const char about_shared[] =
    "Every command takes them, so that an alias may hold them. What a command has no use for is "
    "not looked at: a theme where no screen is drawn (`status`, `halt`), a configuration where none "
    "is read (`verdict`).";

/* Hyphens as they are typed, and no line that begins like a request. */
static void add_roff(struct text *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        bool is_start = at == text || at[-1] == '\n';
        if (*at == '\\')
            text_puts(out, "\\e");
        else if (*at == '-')
            text_puts(out, "\\-");
        else if (is_start && (*at == '.' || *at == '\''))
            text_print(out, "\\&%c", *at);
        else if (*at == '\n' && at[1] == '\n')
            text_puts(out, "\n.P");
        else
            text_add(out, at, 1);
    }
    text_puts(out, "\n");
}

static void add_roff_options(struct text *out, const struct cli_command *command, bool is_shared)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (!is_shown(command, i, is_shared))
            continue;
        const char *arg = cli_options[i].arg;
        text_puts(out, ".TP\n.B ");
        char name[64];
        tui_format(name, sizeof name, "--%s%s%s", cli_options[i].name, arg ? " " : "",
                   arg ? arg : "");
        add_roff(out, name);
        add_roff(out, cli_options[i].help);
    }
}

static void add_roff_command(struct text *out, const struct cli_command *command)
{
    struct text usage = {0};
    text_puts(&usage, "slipway ");
    add_usage(&usage, command, "--");
    char *line = text_take(&usage);
    text_puts(out, ".SS ");
    add_roff(out, line);
    free(line);
    text_print(out, "%c",
               command->help[0] >= 'a' && command->help[0] <= 'z' ? command->help[0] - 'a' + 'A'
                                                                  : command->help[0]);
    add_roff(out, command->help + 1);
    text_puts(out, ".P\n");
    add_roff(out, command->detail);
}

char *cli_man_text(void)
{
    struct text out = {0};
    text_puts(
        &out,
        ".\\\" Written by `make golden-update` from the table in tui/cli_table.c. Do not edit.\n"
        ".TH SLIPWAY 1 \"\" \"slipway " SLIPWAY_VERSION "\"\n"
        ".SH NAME\nslipway \\- a release captain's instrument panel\n"
        ".SH SYNOPSIS\n.B slipway\n[\\fIOPTIONS\\fR] [\\fICOMMAND\\fR ...]\n"
        ".SH DESCRIPTION\n");
    add_roff(&out, intro);
    text_puts(&out, ".P\nWithout a command: the dashboard. Its keys are on its help screen "
                    "(\\fB?\\fR).\n.SH COMMANDS\n");
    for (size_t i = 0; i < cli_command_count(); i++)
        add_roff_command(&out, cli_command_at(i));
    text_puts(&out, ".SH OPTIONS OF EVERY COMMAND\n");
    add_roff(&out, about_shared);
    add_roff_options(&out, NULL, true);
    text_puts(&out, ".SH OPTIONS OF SOME\n");
    add_roff_options(&out, NULL, false);
    text_puts(&out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < cli_exit_count(); i++) {
        text_print(&out, ".TP\n.B %d\n", cli_exits[i].code);
        add_roff(&out, cli_exits[i].help);
    }
    text_puts(&out, ".P\n");
    add_roff(&out, about_output);
    text_puts(&out, ".SH FILES\n"
                    ".TP\n.I $XDG_CONFIG_HOME/slipway/config.yaml\nthe configuration; `slipway "
                    "init` writes one\n"
                    ".TP\n.I $XDG_STATE_HOME/slipway/\nthe ledger (a bare git repository), locks, "
                    "the log file\n"
                    ".TP\n.I $XDG_CACHE_HOME/slipway/\nthe last picture\n");
    return text_take(&out);
}

/* -------------------------------------------------------------------- markdown */

static void add_md_options(struct text *out, const struct cli_command *command, bool is_shared)
{
    text_puts(out, "| option | what it does |\n|---|---|\n");
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (!is_shown(command, i, is_shared))
            continue;
        const char *arg = cli_options[i].arg;
        text_print(out, "| `--%s%s%s` | %s |\n", cli_options[i].name, arg ? " " : "",
                   arg ? arg : "", cli_options[i].help);
    }
}

char *cli_markdown_text(void)
{
    struct text out = {0};
    text_puts(&out, "# The command line\n\n<!-- Written by `make golden-update` from the table in "
                    "tui/cli_table.c. Do not edit. -->\n\n```\n");
    for (size_t i = 0; i < cli_command_count(); i++) {
        text_puts(&out, "slipway ");
        add_usage(&out, cli_command_at(i), "--");
        text_puts(&out, "\n");
    }
    text_puts(&out, "```\n\nOptions may stand before or behind the command. Scripts may rely on "
                    "the exit codes and on `--json`, whose shapes are in "
                    "[status](status.schema.json), [gate](gate.schema.json), "
                    "[checklist](checklist.schema.json), [event](event.schema.json), "
                    "[action](action.schema.json) and [verdict](verdict.schema.json): fields may be added, never changed; what is "
                    "not known is `null`, never 0.\n\n## Exit codes\n\n| code | meaning "
                    "|\n|---|---|\n");
    for (size_t i = 0; i < cli_exit_count(); i++)
        text_print(&out, "| %d | %s |\n", cli_exits[i].code, cli_exits[i].help);
    text_print(&out, "\n%s\n\n## Options of every command\n\n%s\n\n", about_output,
               about_shared);
    add_md_options(&out, NULL, true);
    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct cli_command *command = cli_command_at(i);
        text_print(&out, "\n## %s\n\n`slipway %s%s%s`: %s%s\n\n", command->name, command->name,
                   command->args[0] ? " " : "", command->args, command->help,
                   command->help[strlen(command->help) - 1] == '?' ? "" : ".");
        text_puts(&out, command->detail);
        text_puts(&out, "\n");
        if (command->options == 0)
            continue;
        text_puts(&out, "\n");
        add_md_options(&out, command, false);
    }
    return text_take(&out);
}
