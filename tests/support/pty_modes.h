/*
 * pty_modes.h: which modes a program has turned on in its terminal, by what it wrote.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { PTY_MODES_MAX = 48 };

struct pty_modes {
    struct {
        int number;
        bool is_set;
    } modes[PTY_MODES_MAX]; /* private modes, in the order of their first use */
    size_t count;
    bool is_keypad;   /* ESC = without ESC > */
    bool is_graphics; /* line drawing characters chosen and not given back */
    bool is_colored;  /* the last SGR was none that resets */
    int state;
    int parameters[16];
    int parameter_count;
    bool is_private;
};

void pty_modes_feed(struct pty_modes *modes, const char *bytes, size_t size);
bool pty_modes_is_set(const struct pty_modes *modes, int number);
/* Appends a word for everything that is not as a terminal is at the start. */
void pty_modes_words(const struct pty_modes *modes, char *out, size_t size);
