/*
 * dashboard.h: the dashboard and the wallboard: one loop around a core, a terminal and a view.
 */
#pragma once

#include "options.h"

/* Both need a terminal (term_is_there), and return the process's exit code. */
int tui_dashboard_run(const struct tui_options *options);
int tui_wallboard_run(const struct tui_options *options);
