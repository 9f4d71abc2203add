/*
 * soak_books.h: the books of a long run: what was asked for, what the simulator received, what the
 * ledger says, and whether the three agree.
 *
 * Asked is what the test confirmed (a `y` in a dialog, `--yes` on a command line); received are the
 * requests that change what users get, as the simulator noted them; the ledger is what `slipway log
 * --json` prints. Failed checks are said on standard output and counted, so that one run shows all.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/simulator.h"

enum soak_verb { SOAK_HALT, SOAK_RESUME, SOAK_ADVANCE, SOAK_VERBS };
enum { SOAK_PLATFORMS = 5 };

extern const char *const soak_verbs[SOAK_VERBS];
extern const char *const soak_platforms[SOAK_PLATFORMS]; /* ids; the first three are in stores */
extern const char *const soak_titles[SOAK_PLATFORMS];
enum { SOAK_STORES = 3 };

struct books;
struct books *books_new(void);
void books_free(struct books *books);

/* The test confirmed it; whether anything comes of it is the program's business. */
void books_asked(struct books *books, enum soak_verb verb, size_t platform);
/* Somebody changed the platform in its console, at this world time. */
void books_touched(struct books *books, size_t platform, int64_t world_ms);
/* How often the platform was touched in a console, or asked to do other than halt. */
int books_stirred(const struct books *books, size_t platform);

/* Takes over what the simulator received since the last call. It keeps 256 entries: to be called
 * that often. */
void books_receive(struct books *books, const struct simulator *sim);

/* The platform does not widen: true too for a service that has nothing in motion. */
bool books_stands(json_t *platform);
/* What the program should say of a platform of GET /world: a state's title, and the percent set. */
const char *books_expects(json_t *platform, double *percent);

/* Halts in the ledger that have no outcome. */
size_t books_open_halts(json_t *events);
/* All checks of the whole run; how many failed. `world` is how it ended. */
int books_judge(struct books *books, json_t *events, json_t *world);
