/* ledger.h: the append-only log of what was asked and what came of it.
 *
 * One event = one commit on the empty tree under refs/slipway/<release> (all
 * but [A-Za-z0-9._-] percent-encoded) in a private bare repository in the
 * state directory; fsync on. `git log` on that ref is the audit trail.
 * An append is durable when it returns. Several threads and processes may
 * append at once: a file lock and a compare-and-swap of the ref.
 *
 * A struct sw_ledger belongs to the thread that opened it (libgit2's objects
 * do); opening costs about a millisecond. */
#pragma once

#include "model/event.h"

struct sw_ledger;

enum { SW_RELEASE_TEXT = 256 }; /* a release's name, 200 bytes at most, and its end */

/* Opens or creates <state_dir>/ledger.git (directories 0700). release is the
 * release's name. Errors: SW_E_GIT, SW_E_IO. */
enum sw_code sw_ledger_open(const char *state_dir, const char *release, struct sw_ledger **out,
                            struct sw_error *err);
void sw_ledger_close(struct sw_ledger *ledger);

/* Appends durably; fills record->commit. Errors: SW_E_IO (disk full, read-only),
 * SW_E_GIT, SW_E_BUSY (lock not had within 10 s). */
enum sw_code sw_ledger_append(struct sw_ledger *ledger, struct sw_record *record,
                              struct sw_error *err);

/* The ref's commit id as text (40), or an empty string when there is none yet:
 * cheap, to ask whether anything is new. */
enum sw_code sw_ledger_head(struct sw_ledger *ledger, char head[64], struct sw_error *err);

/* Calls each for every event after commit `after` (empty or NULL: from the
 * first), oldest first. When `after` is not an ancestor of the head (the ref was
 * moved), starts from the first. A record that cannot be read ends it with
 * SW_E_PARSE naming the commit. */
typedef bool (*sw_record_fn)(void *arg, const struct sw_record *record);
enum sw_code sw_ledger_read(struct sw_ledger *ledger, const char *after, sw_record_fn each,
                            void *arg, struct sw_error *err);

/* Every release that has a ref (one that cannot be read, too), by name; each name malloc'd in a malloc'd list. */
enum sw_code sw_ledger_releases(struct sw_ledger *ledger, char ***names, size_t *count,
                                struct sw_error *err);

/* Checks every object and the chain of the release's ref; *report malloc'd,
 * naming the first bad record. SW_E_GIT when bad. */
enum sw_code sw_ledger_verify(struct sw_ledger *ledger, char **report, struct sw_error *err);

/* Keeps libgit2 started until the matching _end, so that the handles opened in between share one
 * start (4.5 ms), and what it keeps for each thread goes with the thread. _end belongs after the
 * joins of the threads that used ledgers. Any thread; counted. */
enum sw_code sw_ledger_begin(struct sw_error *err);
void sw_ledger_end(void);

/* The user's own git user.name and user.email, cleaned; empty where not set. Between _begin and
 * _end. Reads the user's git configuration. */
void sw_ledger_git_user(char *name, size_t name_size, char *email, size_t email_size);

/* A number that is another one after the ref has moved: to see without opening anything whether
 * there may be news. Two stat calls; 0: there is no ledger yet. Any thread. */
uint64_t sw_ledger_stamp(const char *state_dir, const char *release);
/* The same for all releases together: a stat call for each, and one. */
uint64_t sw_ledger_stamp_all(const char *state_dir);
