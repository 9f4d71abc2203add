/*
 * cli.c: see cli.h. From argv to one command, and to one exit code.
 */
#include "cli.h"

#include <signal.h>

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

int cli_dashboard(const struct cli_request *request)
{
    struct tui_options options = options_of(request);
    return tui_dashboard_run(&options);
}

int cli_wallboard(const struct cli_request *request)
{
    struct tui_options options = options_of(request);
    return tui_wallboard_run(&options);
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
    return cli_finish(run(&request, is_bare));
}
