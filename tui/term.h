/*
 * term.h: the terminal. The only file that includes curses.
 *
 * The screen is a canvas; term_draw sends what differs from the last one and nothing when nothing
 * does. Keys come out as enum key, before the filter of keys.h. Called by the UI thread only.
 * Whatever ends the process (assertion, crash signal, exit) the terminal is given back.
 */
#pragma once

#include <slipway.h>

#include "keys.h"
#include "theme.h"

struct term_options {
    bool is_ascii;
    enum color_when color;
    const char *error_log; /* standard error goes there while the screen is up; NULL: nowhere */
};

/* Sets the process's locale; numbers keep the point. Returns the character set to draw in; note
 * (may be NULL) gets one sentence when the locale asked for is not there. */
enum charset term_locale(bool is_ascii, char *note, size_t note_size);

/* Is there a terminal at both ends that can be drawn on? */
bool term_is_there(void);
/* SW_E_UNSUPPORTED with the reason and the remedy when it cannot be used. */
enum sw_code term_open(const struct term_options *options, struct sw_error *err);
void term_close(void);
/* The line is dropped: lets go of the terminal at once, its modes turned off if it still listens. */
void term_abandon(void);

void term_size(int *rows, int *cols);
enum charset term_charset(void);
enum color_depth term_depth(void);
void term_draw(const struct canvas *canvas, const struct theme *theme);
/* The next draw sends everything. */
void term_repaint(void);
/* Gives the terminal back, stops the process, and takes it again. */
void term_suspend(void);

/* The next key that is already there, KEY_NOTHING when there is none. */
int term_key(void);
/* Is there another one right behind? */
bool term_has_more(void);
