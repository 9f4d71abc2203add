/*
 * golden.h: screens held as text files under tests/golden/screens.
 *
 * With SLIPWAY_GOLDEN_UPDATE set the files are written; otherwise a difference fails and the first
 * differing line is shown.
 */
#pragma once

#include "canvas.h"
#include "theme.h"

/* Sets the locale and zone that the pictures are made in. */
void golden_start(void);
/* Compares with, or writes, tests/golden/screens/NAME.txt; fails the running test on a difference.
 */
void golden_check(const char *name, const char *text);
/* The same for any file. */
void golden_check_file(const char *path, const char *text);
/* `terminal` and the themes of the tree, whatever is installed here. Kept until the end. */
const struct theme_set *golden_themes(void);
/* A whole file, malloc'd; NULL when it is not there. */
char *golden_read(const char *path);
