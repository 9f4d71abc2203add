/*
 * cli_parse.c: argv against the table.
 *
 * One list of long options for all commands; afterwards each given one is checked against the
 * command that was named, so that options may stand before or behind it. What is wrong is said with
 * the nearest right word, and nothing is started.
 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define WORD_MAX    32
#define OPTION_BASE 1000 /* above every character */

/* --------------------------------------------------------------------- nearest */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to change, add, take away or swap; words longer than WORD_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    size_t rows = strlen(a);
    size_t cols = strlen(b);
    if (rows > WORD_MAX || cols > WORD_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= cols; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            size_t change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(change, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[rows][cols];
}

const char *cli_nearest(const char *typed, const char *const *words, size_t count)
{
    size_t best = strlen(typed) < 4 ? 2 : 3; /* only what is nearer than this */
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t far = distance(typed, words[i]);
        if (far < best) {
            best = far;
            nearest = words[i];
        }
    }
    return nearest;
}

/* -------------------------------------------------------------------- messages */

static bool fail_command(const char *typed)
{
    const char *names[64];
    size_t count = 0;
    char clean[80];
    for (; count < cli_command_count() && count < TUI_COUNT(names); count++)
        names[count] = cli_command_at(count)->name;
    const char *near = cli_nearest(typed, names, count);
    cli_clean(typed, clean, sizeof clean);
    if (near != NULL) {
        cli_complain("no command \"%s\"; did you mean \"%s\"?", clean, near);
        return false;
    }
    char list[512] = "";
    for (size_t i = 0; i < count; i++)
        tui_append(list, sizeof list, " %s", names[i]);
    cli_complain("no command \"%s\"; there are:%s", clean, list);
    return false;
}

static bool fail_option(const char *typed)
{
    const char *names[CLI_OPTION_COUNT];
    size_t count = 0;
    char clean[80];
    char name[80];
    tui_format(name, sizeof name, "%s", typed + strspn(typed, "-"));
    name[strcspn(name, "=")] = '\0';
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        names[count++] = cli_options[i].name;
    const char *near = cli_nearest(name, names, count);
    cli_clean(typed, clean, sizeof clean);
    if (near != NULL)
        cli_complain("no option \"%s\"; did you mean \"--%s\"?", clean, near);
    else
        cli_complain("no option \"%s\"; slipway --help lists them", clean);
    return false;
}

/* --------------------------------------------------------------------- options */

static void list_options(struct option *list)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++)
        list[i] = (struct option){.name = cli_options[i].name,
                                  .has_arg = cli_options[i].arg ? required_argument : no_argument,
                                  .val = OPTION_BASE + i};
    list[CLI_OPTION_COUNT] = (struct option){0};
}

/* The argument that getopt stumbled over. */
static const char *culprit(char **argv)
{
    static char letter[3] = "-?";
    if (optopt > 0 && optopt < OPTION_BASE) {
        letter[1] = (char)optopt;
        return letter;
    }
    return argv[optind - 1];
}

/* Gives the index of each option to `values`; arguments are left in argv from optind on. */
static bool read_options(int argc, char **argv, struct cli_request *request)
{
    struct option list[CLI_OPTION_COUNT + 1];
    int got;
    list_options(list);
    opterr = 0;
    optind = 0; /* tests parse more than once */
    while ((got = getopt_long(argc, argv, ":hV", list, NULL)) != -1) {
        if (got == 'h') {
            request->values[CLI_HELP] = "";
        } else if (got == 'V') {
            request->values[CLI_VERSION] = "";
        } else if (got == ':') {
            cli_complain("--%s needs a value: %s", cli_options[optopt - OPTION_BASE].name,
                         cli_options[optopt - OPTION_BASE].arg);
            return false;
        } else if (got == '?' && optopt >= OPTION_BASE) {
            cli_complain("--%s takes no value", cli_options[optopt - OPTION_BASE].name);
            return false;
        } else if (got == '?') {
            return fail_option(culprit(argv));
        } else {
            request->values[got - OPTION_BASE] = optarg != NULL ? optarg : "";
        }
    }
    return true;
}

static bool check_taken(const struct cli_request *request)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (request->values[i] == NULL || cli_command_takes(request->command, (enum cli_option)i))
            continue;
        cli_complain("`slipway %s` does not take --%s; slipway %s --help lists what it takes",
                     request->command->name, cli_options[i].name, request->command->name);
        return false;
    }
    return true;
}

/* ---------------------------------------------------------------------- values */

static bool fail_value(enum cli_option option, const char *text, const char *wanted)
{
    char clean[80];
    cli_complain("--%s: \"%s\" is not %s", cli_options[option].name,
                 cli_clean(text, clean, sizeof clean), wanted);
    return false;
}

static bool is_number(const char *text, const char **end, long min, long max, int *out)
{
    char *stop = NULL;
    errno = 0;
    long value = strtol(text, &stop, 10);
    if (stop == text || errno != 0 || text[0] < '0' || text[0] > '9' || value < min || value > max)
        return false;
    *out = (int)value;
    *end = stop;
    return true;
}

static bool read_color(struct cli_request *request)
{
    const char *text = request->values[CLI_COLOR];
    return text == NULL || color_when_find(text, &request->color) ||
           fail_value(CLI_COLOR, text, "auto, always, never, 8, 16, 256 or truecolor");
}

static bool read_format(struct cli_request *request)
{
    static const char *const words[] = {
        [DUMP_TEXT] = "text", [DUMP_ANSI] = "ansi", [DUMP_SVG] = "svg"};
    const char *text = request->values[CLI_FORMAT];
    for (size_t i = 0; text != NULL && i < TUI_COUNT(words); i++) {
        if (strcmp(words[i], text) == 0) {
            request->format = (enum dump_format)i;
            return true;
        }
    }
    return text == NULL || fail_value(CLI_FORMAT, text, "text, ansi or svg");
}

static bool read_size(struct cli_request *request)
{
    const char *text = request->values[CLI_SIZE];
    const char *at = text;
    request->cols = 120;
    request->rows = 36;
    if (text == NULL)
        return true;
    bool is_good = is_number(at, &at, 1, CANVAS_MAX_COLS, &request->cols) &&
                   (*at == 'x' || *at == 'X') &&
                   is_number(at + 1, &at, 1, CANVAS_MAX_ROWS, &request->rows) && *at == '\0';
    return is_good || fail_value(CLI_SIZE, text, "WIDTHxHEIGHT in cells, such as 120x36");
}

static bool read_rotate(struct cli_request *request)
{
    const char *text = request->values[CLI_ROTATE];
    const char *at = text;
    if (text == NULL || (is_number(text, &at, 1, 24 * 60 * 60, &request->rotate_s) && *at == '\0'))
        return true;
    return fail_value(CLI_ROTATE, text, "a number of seconds from 1 to 86400");
}

/* Digits, and a point with digits: what strtod takes besides ("0x1p3", "inf", " 1") is no ratio. */
static bool is_ratio(const char *text, double min, double max, double *out)
{
    static const char digits[] = "0123456789";
    size_t len = strspn(text, digits);
    size_t rest = text[len] == '.' ? 1 + strspn(text + len + 1, digits) : 0;
    if (len == 0 || rest == 1 || text[len + rest] != '\0')
        return false;
    *out = strtod(text, NULL);
    return *out >= min && *out <= max;
}

static bool read_r0(struct cli_request *request)
{
    const char *text = request->values[CLI_R0];
    request->r0 = 1;
    if (text == NULL || is_ratio(text, 0.01, 100, &request->r0))
        return true;
    return fail_value(CLI_R0, text, "a ratio from 0.01 to 100, such as 1.25");
}

static bool read_buckets(const struct cli_request *request, enum cli_option option, int *out)
{
    const char *text = request->values[option];
    const char *at = text;
    if (text == NULL || (is_number(text, &at, 1, 1000000, out) && *at == '\0'))
        return true;
    return fail_value(option, text, "a number of buckets from 1 to 1000000");
}

static bool read_verdict(struct cli_request *request)
{
    request->starts = 14 * 24;
    return read_r0(request) && read_buckets(request, CLI_STARTS, &request->starts) &&
           read_buckets(request, CLI_SOAK, &request->soak);
}

/* An empty reason for going against the rules is none. */
static bool read_texts(const struct cli_request *request)
{
    static const enum cli_option needed[] = {CLI_CONFIG, CLI_THEME, CLI_RELEASE, CLI_TRACE,
                                             CLI_OVERRIDE};
    for (size_t i = 0; i < TUI_COUNT(needed); i++) {
        const char *text = request->values[needed[i]];
        if (text != NULL && text[strspn(text, " \t")] == '\0') {
            cli_complain("--%s is empty", cli_options[needed[i]].name);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------- arguments */

static bool read_args(int argc, char **argv, struct cli_request *request)
{
    int first = optind;
    if (first < argc) {
        request->command = cli_command_find(argv[first]);
        if (request->command == NULL)
            return fail_command(argv[first]);
        first++;
    }
    const struct cli_command *command = request->command;
    size_t count = (size_t)(argc - first);
    bool is_asking = request->values[CLI_HELP] != NULL || request->values[CLI_VERSION] != NULL;
    if (is_asking || command == NULL)
        return true;
    if (count < command->arg_min || count > command->arg_max) {
        cli_complain("usage: slipway %s%s%s", command->name, command->args[0] ? " " : "",
                     command->args);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        request->args[i] = argv[first + (int)i];
    request->arg_count = count;
    return true;
}

bool cli_parse(int argc, char **argv, struct cli_request *request)
{
    if (!read_options(argc, argv, request) || !read_args(argc, argv, request))
        return false;
    const struct cli_command *named = request->command;
    if (named == NULL)
        request->command = cli_command_find("dashboard");
    bool is_good = check_taken(request) && read_texts(request) && read_color(request) &&
                   read_format(request) && read_size(request) && read_rotate(request) &&
                   read_verdict(request);
    request->command = named;
    return is_good;
}
