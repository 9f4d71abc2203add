/*
 * commands.h: the one table of what a reader can do.
 *
 * Keys, the `:` line, the footer, the help screen and docs/keys.md all come from it, so that none
 * of them can say something the others do not do.
 */
#pragma once

#include "keys.h"
#include "screen.h"

enum command_id {
    COMMAND_NONE = 0,
    COMMAND_HALT,
    COMMAND_RESUME,
    COMMAND_ADVANCE,
    COMMAND_COMPLETE,
    COMMAND_ROLLBACK,
    COMMAND_STOP_EVERYTHING,
    COMMAND_TICK,
    COMMAND_SELECT,
    COMMAND_UP,
    COMMAND_DOWN,
    COMMAND_PAGE_UP,
    COMMAND_PAGE_DOWN,
    COMMAND_HOME,
    COMMAND_END,
    COMMAND_OPEN,
    COMMAND_BACK,
    COMMAND_OVERVIEW,
    COMMAND_CHECKLIST,
    COMMAND_LOG,
    COMMAND_SOURCES,
    COMMAND_HELP,
    COMMAND_LINE,
    COMMAND_POLL,
    COMMAND_RELOAD,
    COMMAND_RIGHTS,
    COMMAND_THEME,
    COMMAND_THEMES,
    COMMAND_REPAINT,
    COMMAND_QUIT,
    COMMAND_COUNT
};

enum command_flag {
    COMMAND_READONLY_OK = 1, /* changes nothing outside this screen */
    COMMAND_CONFIRM = 2,     /* opens a dialog, never acts by itself */
    COMMAND_ACTS = 4,        /* changes users' state (needs a platform) */
};

#define COMMAND_KEYS 3

struct command {
    const char *name;       /* what the `:` line takes */
    const char *args;       /* for help, "" for none */
    int keys[COMMAND_KEYS]; /* enum key or a character; 0 = none */
    const char *hint;       /* word or two for the footer */
    const char *help;       /* one line */
    unsigned flags;
    enum sw_verb verb; /* of those that act */
};

const struct command *command_get(enum command_id id);
/* The command a key stands for on a screen; COMMAND_NONE: none. *argument gets the digit. */
enum command_id command_of_key(int key, enum screen_id screen, int *argument);
/* By name or an unambiguous beginning of it; COMMAND_NONE: none. */
enum command_id command_find(const char *name, size_t len);
/* Completes what is typed to the longest common beginning; false when nothing was added. */
bool command_complete(const struct sw_snapshot *snapshot, struct input_line *line);

/* May it be used now? reason ("" when open) is a few words for the footer. */
bool command_is_open(enum command_id id, const struct frame *frame, char *reason, size_t size);

/* docs/keys.md, malloc'd. */
char *commands_markdown(void);
