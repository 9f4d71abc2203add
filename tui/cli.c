/*
 * cli.c: see cli.h. From argv to one command, and to one exit code.
 */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>

#include "dashboard.h"

static struct tui_options options_of(const struct cli_request *request)
{
    return (struct tui_options){
        .config_path = request->values[CLI_CONFIG],
        .release = request->values[CLI_RELEASE],
        .trace_path = request->values[CLI_TRACE],
        .theme = request->values[CLI_THEME],
        .is_read_only = request->values[CLI_READ_ONLY] != NULL,
        .is_ascii = request->values[CLI_ASCII] != NULL,
        .color = request->color,
        .rotate_s = request->rotate_s,
    };
}

/* COLUMNS and LINES where they are set and sensible. */
static int size_from(const char *name, int preset, int least)
{
    const char *text = getenv(name);
    long value = text != NULL ? strtol(text, NULL, 10) : 0;
    return value >= least && value <= CANVAS_MAX_ROWS ? (int)value : preset;
}

/* No terminal: the screen as text, drawn from one poll. */
static int print_screen(const struct cli_request *asked, const char *screen)
{
    struct cli_request request = *asked;
    request.args[0] = screen;
    request.arg_count = 1;
    request.cols = size_from("COLUMNS", 80, 20);
    request.rows = size_from("LINES", 24, 5);
    return cli_screenshot(&request);
}

int cli_dashboard(const struct cli_request *request)
{
    struct tui_options options = options_of(request);
    return term_is_there() ? tui_dashboard_run(&options) : print_screen(request, "overview");
}

int cli_wallboard(const struct cli_request *request)
{
    struct cli_request read_only = *request;
    struct tui_options options = options_of(request);
    read_only.values[CLI_READ_ONLY] = "";
    return term_is_there() ? tui_wallboard_run(&options) : print_screen(&read_only, "wallboard");
}

/* Something outside was changed, or may have been. */
static bool is_deed(const struct cli_request *request)
{
    return (request->command->flags & CLI_MUTATES) != 0 && request->values[CLI_DRY_RUN] == NULL &&
           request->values[CLI_HELP] == NULL && request->values[CLI_VERSION] == NULL;
}

static int run(const struct cli_request *request, bool is_bare)
{
    if (request->values[CLI_VERSION] != NULL) {
        puts("slipway " SLIPWAY_VERSION);
        return CLI_OK;
    }
    if (request->values[CLI_HELP] != NULL) {
        cli_help(is_bare ? NULL : request->command);
        return CLI_OK;
    }
    return request->command->run(request);
}

int cli_main(int argc, char **argv)
{
    struct cli_request request = {0};
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of a write, and an exit code */
    if (!cli_parse(argc, argv, &request))
        return CLI_USAGE;
    bool is_bare = request.command == NULL;
    if (is_bare)
        request.command = cli_command_find("dashboard");
    int code = run(&request, is_bare);
    return cli_finish(code, is_deed(&request));
}
