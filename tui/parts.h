/* parts.h: the pieces that every screen shares: header, headline, notes, rules, footer. */
#pragma once

#include "commands.h"
#include "headline.h"
#include "screen.h"

/* Header, headline and what is said below it; at most `most` rows. Returns the rows used. */
int parts_top(struct canvas *canvas, const struct frame *frame, const struct headline *headline,
              int most);
/* One line: the name of the release, what world this is, who, and the time. */
void parts_header(struct canvas *canvas, const struct frame *frame, int row);

/* "── title ────────────── right ──" */
void parts_rule(struct canvas *canvas, int row, int col, int end, const char *title,
                const char *right);

/* The last row: what can be pressed now, in order of importance; closed ones with their reason.
 * ids ends with COMMAND_NONE. While a `:` line is open it stands there instead. */
void parts_footer(struct canvas *canvas, const struct frame *frame, const enum command_id *ids);

/* "HALT Android  asked 03:12:36 > accepted 03:12:38 > seen 03:12:41  done" */
void parts_action(struct pen *pen, const struct frame *frame, const struct sw_action *action);

/* It ended well because there was nothing to do. */
bool parts_is_nothing(const struct sw_action *action);

/* "label     text", wrapped over at most `most` rows; returns the rows used. */
int parts_entry(struct canvas *canvas, int row, int most, int col, int indent, int end,
                const char *label, enum role role, const char *text);
