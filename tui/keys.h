/*
 * keys.h: keys as the dashboard knows them, and the filter in front of it.
 *
 * A terminal sends characters and escape sequences. Known sequences arrive as one key (term.c);
 * the filter makes sure that everything else never acts: unknown sequences are swallowed to their
 * last byte, also when a slow line splits them, and pasted text is not keys.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key {
    KEY_NOTHING = 0,
    KEY_CTRL_G = 7,
    KEY_BACK_CTRL_H = 8,
    KEY_TAB_CHAR = 9,
    KEY_NEWLINE = 10,
    KEY_CTRL_L = 12,
    KEY_RETURN = 13,
    KEY_CTRL_U = 21,
    KEY_CTRL_W = 23,
    KEY_ESCAPE = 27,
    KEY_SPACE = 32,
    KEY_DELETE_CHAR = 127,
    /* characters are their code point; the rest stands above Unicode */
    KEY_SPECIAL = 0x110000,
    KEY_ARROW_UP,
    KEY_ARROW_DOWN,
    KEY_ARROW_LEFT,
    KEY_ARROW_RIGHT,
    KEY_PAGE_BACK,
    KEY_PAGE_NEXT,
    KEY_TO_HOME,
    KEY_TO_END,
    KEY_ERASE,   /* backspace, however the terminal sends it */
    KEY_RESIZED, /* not a key: the size changed */
    KEY_PASTE_START,
    KEY_PASTE_STOP,
    KEY_OTHER, /* a key that is known to the terminal and to nobody here */
};

/* Where the filter stands. Zeroed is the start. */
struct key_filter {
    int state;
    int length; /* bytes of the sequence so far */
    int left;   /* bytes to swallow without looking */
    bool is_pasting;
    int64_t escape_ms; /* when the last lone Esc came */
    int64_t last_ms;   /* when the last key came */
    size_t pasted;     /* characters thrown away by the last paste */
};

/* Takes what the terminal gave (a character, or a key above KEY_SPECIAL). is_more: further bytes
 * are already there, so an Esc belongs to them. now_ms: monotonic. Returns the key to act on, or
 * KEY_NOTHING when it was swallowed. */
int key_filter_feed(struct key_filter *filter, int key, bool is_more, int64_t now_ms);

/* "H", "Enter", "space", "^L", "Up"; for help and documents. Returns out. */
const char *key_label(int key, char *out, size_t size);
