/*
 * main.c: the entry of the program.
 */
#include <stdio.h>
#include <string.h>

#include <slipway.h>

#include "dashboard.h"

#define EXIT_USAGE 64

static int usage(const char *word)
{
    fprintf(stderr,
            "slipway: \"%s\" is not known here\n"
            "usage: slipway [wallboard] [--config FILE] [--theme NAME] [--read-only] [--ascii]\n",
            word);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct tui_options options = {0};
    bool is_wallboard = false;
    sw_process_harden();
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "wallboard"))
            is_wallboard = true;
        else if (!strcmp(argv[i], "--read-only"))
            options.is_read_only = true;
        else if (!strcmp(argv[i], "--ascii"))
            options.is_ascii = true;
        else if (!strcmp(argv[i], "--config") && value != NULL)
            options.config_path = argv[++i];
        else if (!strcmp(argv[i], "--theme") && value != NULL)
            options.theme = argv[++i];
        else
            return usage(argv[i]);
    }
    return is_wallboard ? tui_wallboard_run(&options) : tui_dashboard_run(&options);
}
