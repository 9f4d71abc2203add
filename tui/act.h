/*
 * act.h: what a key or a typed command does to the view, and to the core.
 *
 * The one way from a key to the core is `submit`; every verb goes through a dialog first. No
 * terminal and no clock in here, so that tests press the keys.
 */
#pragma once

#include "commands.h"
#include "dialogs.h"
#include "theme.h"

#define SENT_MAX 32

/* What was asked, until its outcome is there. */
struct sent {
    uint64_t id; /* 0: free */
    enum sw_verb verb;
    bool is_unrecorded, may_cancel_review; /* a second confirmation of a halt */
    char platform[128];
    char reason[LINE_MAX_BYTES];
};

struct act {
    struct view view;
    struct theme theme;
    struct theme_set *themes;  /* owned; NULL: the screen was never shown */
    struct theme theme_before; /* while it is shown: what Esc puts back */
    enum screen_id screen_before;
    const struct sw_snapshot *snapshot; /* borrowed, replaced by act_snapshot */
    int64_t now_ms;                     /* world time, set before each call */
    int hidden;                         /* how far the page on the screen can be scrolled */
    int page_rows;                      /* rows of a page */
    bool has_chosen;                    /* the reader selected a platform */
    bool is_wallboard;
    /* The core. */
    uint64_t (*submit)(void *arg, const struct sw_command *command);
    size_t (*halts)(void *arg);
    void *arg;
    /* What the loop is asked for. */
    bool wants_quit, wants_repaint;
    bool has_opened; /* a dialog opened: draw it, then drop what was typed before */
    struct sent sent[SENT_MAX];
};

void act_init(struct act *act);
void act_clear(struct act *act);

/* A new picture; the selection stays on its platform. The old one is not needed any more. */
void act_snapshot(struct act *act, const struct sw_snapshot *snapshot);
void act_key(struct act *act, int key);
/* A frame was drawn, mono_ms is the monotonic clock. */
void act_drawn(struct act *act, int64_t mono_ms);
/* True when this key was typed before anybody can have read the dialog that opened by itself; it is
 * counted there and must go no further. */
bool act_is_too_early(struct act *act, int64_t mono_ms);
void act_outcome(struct act *act, const struct sw_outcome *outcome);
/* The user wants to leave (q, Ctrl-C): at once, or with a question while a halt is under way. */
void act_leave(struct act *act);
/* Runs a typed line, as after `:`. */
void act_line(struct act *act, const char *line);

struct frame act_frame(const struct act *act);
