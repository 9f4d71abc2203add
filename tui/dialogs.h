/*
 * dialogs.h: what stands between a key and an act.
 *
 * A dialog says what it is about (platform, version, store identity), from what to what, what the
 * verb will do and what it will not, and keeps what the captain saw for the core to compare. It
 * says how many keys it dropped because they came before it was drawn. Only its own keys lead on;
 * everything else, pastes included, does nothing.
 */
#pragma once

#include "screen.h"

enum dialog_kind {
    DIALOG_CONFIRM,   /* one verb on one platform */
    DIALOG_STOP_ALL,  /* every platform */
    DIALOG_STOP_LIST, /* what became of it, live */
    DIALOG_QUIT,      /* leave although a halt is under way? */
};

enum dialog_field { FIELD_NONE = 0, FIELD_REASON, FIELD_OVERRIDE, FIELD_ID };

struct dialog {
    enum dialog_kind kind;
    enum sw_verb verb;
    char platform[128]; /* id */
    char title[256];    /* "HALT Android 2.15.3 (20250114.1) code 2025011401" */
    char is[256], will[512], will_not[512], percent[64];
    char closed[512]; /* why policy refuses it; empty: it does not */
    bool can_override;
    bool needs_id;      /* the platform's id must be typed */
    bool is_unrecorded; /* a halt that the ledger cannot record */
    bool may_cancel_review; /* a halt that met a review at the store, and is to cancel it */
    struct input_line reason, override_text, typed_id;
    enum dialog_field field; /* where typing goes */
    size_t dropped;          /* keys that came too early */
    bool is_unasked;         /* no key opened it: what is being typed was not meant for it */
    int64_t drawn_ms;        /* of an unasked one: first on the screen, monotonic; 0: not yet */
    bool shows_requests;
    uint64_t dry_run_id; /* submitted, 0: not */
    char *requests;      /* what it would send; owned, NULL: not known yet */
    uint64_t stop_id;    /* of DIALOG_STOP_LIST */
    int64_t asked_ms;
    size_t halts; /* of DIALOG_QUIT */
    /* what the captain saw */
    char identity[256];
    enum sw_state state;
    struct sw_value percent_set;
};

/* refused: why policy refused it the first time, NULL when it was not asked yet. */
struct dialog *dialog_confirm(const struct frame *frame, const struct sw_platform *platform,
                              enum sw_verb verb, const char *refused);
struct dialog *dialog_stop_all(const struct frame *frame);
struct dialog *dialog_stop_list(uint64_t stop_id, int64_t now_ms);
struct dialog *dialog_quit(size_t halts);
void dialog_free(struct dialog *dialog);

enum dialog_answer {
    DIALOG_STAYS,   /* goes on */
    DIALOG_LEAVES,  /* put it away, nothing happens */
    DIALOG_SUBMITS, /* do it */
    DIALOG_ASKS,    /* submit the same as a dry run */
    DIALOG_QUITS,   /* leave the program */
};
enum dialog_answer dialog_key(struct dialog *dialog, int key);

/* The command as the captain confirmed it; borrows from the dialog. */
void dialog_command(const struct dialog *dialog, bool is_dry_run, struct sw_command *command);

void dialog_draw(struct canvas *canvas, const struct frame *frame);

/* One line of editing: printable characters, Backspace, ^U, ^W. false: not its key. */
bool input_key(struct input_line *line, int key);
void input_set(struct input_line *line, const char *text);

/* What the figures say, as the reason that is filled in. */
void dialog_evidence(const struct frame *frame, const struct sw_platform *platform,
                     enum sw_verb verb, char *out, size_t size);
