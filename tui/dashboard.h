/*
 * dashboard.h: the dashboard and the wallboard: one loop around a core, a terminal and a view.
 */
#pragma once

#include "options.h"

/* Both return the process's exit code. Without a terminal the dashboard prints the overview as text
 * after one poll of every source. */
int tui_dashboard_run(const struct tui_options *options);
int tui_wallboard_run(const struct tui_options *options);
