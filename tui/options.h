/* options.h: what the command line says to the dashboard and the wallboard. */
#pragma once

#include <stdbool.h>

#include "term.h"

struct tui_options {
    const char *config_path; /* NULL: the XDG place */
    const char *release;     /* NULL: as configured */
    const char *trace_path;  /* NULL: none */
    const char *theme;       /* NULL: as configured */
    bool is_read_only;
    bool is_ascii;
    enum color_when color;
    int rotate_s; /* wallboard: seconds; 0: 15 */
};
