/*
 * background.h: is the terminal's background dark or light? For `theme: auto` only.
 */
#pragma once

#include <slipway.h>

#include <stdbool.h>
#include <stddef.h>

#include "keys.h"

enum background { BACKGROUND_UNKNOWN = 0, BACKGROUND_DARK, BACKGROUND_LIGHT };

/* Asks the terminal (OSC 11, with DA1 behind it as a fence), before curses has it; without an
 * answer COLORFGBG is believed. Takes at most 100 ms, whatever the terminal does. Everything that
 * was read goes through the filter and no further; where an answer is cut by the end of the time
 * the filter swallows its rest when it comes. Keys pressed meanwhile are lost. */
enum background background_ask(struct key_filter *filter);
/* As the environment says: COLORFGBG. */
enum background background_told(void);

/* Is it the word for "as the background is"? */
bool background_is_auto(const char *theme);
/* The theme for it, of `ui` (NULL: none configured); dark where nothing is known. */
const char *background_theme(const struct sw_node *ui, enum background background);

/* What an answer to OSC 11 says, wherever it stands in the bytes. */
enum background background_of_answer(const char *bytes, size_t len);
/* Is the answer to DA1 among the bytes? */
bool background_is_fenced(const char *bytes, size_t len);
enum background background_of_colorfgbg(const char *text);
