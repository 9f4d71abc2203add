/*
 * cli.h: the command line: one table of commands and options, one function for each group.
 *
 * Parsing, --help, usage errors, docs/slipway.1 and docs/command-line.md all come from the table in
 * cli_table.c. A command gets a struct cli_request that the parser has checked against it and
 * returns the exit code; what the codes mean is in cli_exit.c.
 */
#pragma once

#include <stdio.h>

#include <slipway.h>

#include "dump.h"
#include "term.h"

enum cli_exit {
    CLI_OK = 0,       /* done, gate open, all well */
    CLI_HOLD = 1,     /* gate closed or something unhealthy; or it could not be done here */
    CLI_WORSE = 2,    /* gate, verdict: the new version is worse */
    CLI_STALE = 3,    /* stale or unknown, not enough data */
    CLI_REFUSED = 4,  /* by policy, or by the person asked */
    CLI_REJECTED = 5, /* by the upstream */
    CLI_USAGE = 64,
    CLI_UNKNOWN = 75, /* outcome unknown, or not sent for a passing reason: ask again */
    CLI_NO_RIGHT = 77,
    CLI_BAD_CONFIG = 78,
};

enum cli_option {
    CLI_CONFIG = 0,
    CLI_THEME,
    CLI_READ_ONLY,
    CLI_ASCII,
    CLI_COLOR,
    CLI_RELEASE,
    CLI_TRACE,
    CLI_HELP,
    CLI_VERSION,
    CLI_JSON,
    CLI_CACHED,
    CLI_WATCH,
    CLI_REASON,
    CLI_OVERRIDE,
    CLI_YES,
    CLI_DRY_RUN,
    CLI_UNRECORDED,
    CLI_CANCEL_REVIEW,
    CLI_ROTATE,
    CLI_SIZE,
    CLI_FORMAT,
    CLI_VERIFY,
    CLI_PRINT,
    CLI_R0,
    CLI_STARTS,
    CLI_SOAK,
    CLI_OPTION_COUNT
};

struct cli_option_info {
    const char *name;
    const char *arg; /* NULL: none */
    const char *help;
    bool is_shared; /* every command takes it */
};

#define CLI_ARGS_MAX 2

struct cli_command;

/* What was asked, checked against the table. Strings are argv's own. */
struct cli_request {
    const struct cli_command *command;
    const char *values[CLI_OPTION_COUNT]; /* NULL: not given; "" for options without a value */
    size_t arg_count;
    const char *args[CLI_ARGS_MAX];
    enum color_when color;
    int rotate_s;
    double r0;
    int starts, soak; /* soak 0: not given */
    int cols, rows;
    enum dump_format format;
};

enum cli_command_flag {
    CLI_MUTATES = 1, /* changes what users get */
};

struct cli_command {
    const char *name;
    const char *args; /* for help, "" for none */
    size_t arg_min, arg_max;
    unsigned options;   /* its own: a sum of 1U << enum cli_option */
    const char *help;   /* one line */
    const char *detail; /* paragraphs for `--help` and the man page, separated by empty lines */
    unsigned flags;
    enum sw_verb verb;
    int (*run)(const struct cli_request *request);
};

/* --- cli_table.c */
extern const struct cli_option_info cli_options[CLI_OPTION_COUNT];
size_t cli_command_count(void);
const struct cli_command *cli_command_at(size_t index);
const struct cli_command *cli_command_find(const char *name); /* NULL: none */
bool cli_command_takes(const struct cli_command *command, enum cli_option option);

/* --- cli_parse.c */
/* False when usage is wrong: told on standard error with the nearest right word. */
bool cli_parse(int argc, char **argv, struct cli_request *request);
/* The word of `words` (count of them) nearest to what was typed; NULL when none is near. */
const char *cli_nearest(const char *typed, const char *const *words, size_t count);

/* --- cli_help.c */
void cli_help(const struct cli_command *command); /* NULL: the program */
char *cli_man_text(void);                         /* malloc'd */
char *cli_markdown_text(void);                    /* malloc'd */

/* --- cli_exit.c */
int cli_exit_of_outcome(enum sw_result result, enum sw_code code);
int cli_exit_of_code(enum sw_code code); /* of what could not be done at all */
int cli_exit_of_gate(const struct sw_snapshot *snapshot, const struct sw_platform *platform);
int cli_exit_of_verdict(enum sw_verdict verdict);
/* platform NULL: the worst of all. */
int cli_exit_of_status(const struct sw_snapshot *snapshot, const struct sw_platform *platform);
/* Does anything of the platform come from this source? */
bool cli_platform_reads(const struct sw_platform *platform, const char *source);
extern const struct cli_exit_info {
    int code;
    const char *help;
} cli_exits[];
size_t cli_exit_count(void);

/* --- cli_print.c */
/* One line on standard error, "slipway: " before it, everything cleaned. */
void cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "key: value", the value cleaned; nothing when it is NULL or empty. */
void cli_line(FILE *to, const char *key, const char *value);
void cli_linef(FILE *to, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* An argument as it may be shown. Returns out. */
const char *cli_clean(const char *text, char *out, size_t size);
/* Ends standard output: what could not be written makes a success a failure, but not that of a deed:
 * its code says what happened, lest a caller do it again. A reader that went away is no failure. */
int cli_finish(int code, bool is_deed);

/* --- the commands */
int cli_dashboard(const struct cli_request *request);
int cli_wallboard(const struct cli_request *request);
int cli_status(const struct cli_request *request);
int cli_verb(const struct cli_request *request);
int cli_stop_everything(const struct cli_request *request);
int cli_gate(const struct cli_request *request);
int cli_checklist(const struct cli_request *request);
int cli_log(const struct cli_request *request);
int cli_screenshot(const struct cli_request *request);
int cli_verdict(const struct cli_request *request);
int cli_check(const struct cli_request *request);
int cli_init(const struct cli_request *request);

/* The program. Returns its exit code. */
int cli_main(int argc, char **argv);
