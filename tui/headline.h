/*
 * headline.h: the one sentence that is said first, and what can be done about it.
 *
 * Worst first: a halt asked and not seen, WORSE, a failing gate, an old picture, STALE, HALTED, a
 * broken ledger, the plain state. STALE never hides a known WORSE; what is so in production goes
 * before a ledger that hinders only what is done here. All of it is read from the snapshot; no rule of the
 * core is judged again here.
 */
#pragma once

#include "screen.h"

enum headline_kind {
    HEADLINE_HALT_NOT_SEEN,
    HEADLINE_WORSE,
    HEADLINE_FAIL,
    HEADLINE_OLD_PICTURE,
    HEADLINE_FIRST_LOOK,
    HEADLINE_STALE,
    HEADLINE_HALTED,
    HEADLINE_LEDGER,
    HEADLINE_WARN,
    HEADLINE_WELL,
};

struct headline {
    enum headline_kind kind;
    enum role role;
    const char *glyph;                  /* constant */
    char who[64];                       /* "ANDROID", empty where it is about everything */
    char what[48];                      /* "FAIL crash", for large type and tiny screens */
    char text[256];                     /* the rest of the sentence */
    char choice[256];                   /* what acts on it, what happens by itself */
    const struct sw_platform *platform; /* NULL: not about one */
    size_t bad, stale, halted, well;    /* platforms of each sort; they add up */
};

/* What comes next by the plans, on all platforms. */
void headline_next(const struct frame *frame, char *out, size_t size);
void headline_make(const struct frame *frame, struct headline *out);
