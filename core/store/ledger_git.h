/* ledger_git.h: what the files of the ledger share; private to them. */
#pragma once

#include <git2.h>
#include <git2/sys/commit.h>

#include "base/fs.h"
#include "base/macros.h"
#include "store/ledger.h"
#include "store/ref_name.h"

enum { SW_LEDGER_REF_TEXT = SW_REF_NAME_TEXT + 16, SW_LEDGER_RECORDS_MAX = 1000000 };

#define SW_LEDGER_REFS "refs/slipway/" /* every release has one ref below it */

struct sw_ledger {
    git_repository *repo;
    char state_dir[SW_PATH_TEXT];
    char git_dir[SW_PATH_TEXT];
    char lock_path[SW_PATH_TEXT];
    char witness_path[SW_PATH_TEXT]; /* the newest head this machine saw, as text */
    char ref[SW_LEDGER_REF_TEXT];
};

/* Fills err from what libgit2 said last on this thread; SW_E_IO when the system refused. */
enum sw_code sw_ledger_git_error(struct sw_error *err, const char *fmt, ...) SW_PRINTF(2, 3);

/* Keeps the text, changes what callers branch on. */
enum sw_code sw_ledger_recode(struct sw_error *err, enum sw_code code);
/* fsync of a folder inside dir. SW_E_IO. */
enum sw_code sw_ledger_sync(const char *dir, const char *name, struct sw_error *err);

/* The ref's commit; *has_head false when there is no ref. */
enum sw_code sw_ledger_git_head(git_repository *repo, const char *ref, git_oid *head,
                                bool *has_head, struct sw_error *err);

/* Opens the repository of a ledger directory; refuses one that is not ours. */
enum sw_code sw_ledger_git_open(const char *git_dir, git_repository **out, struct sw_error *err);

/* Commits from head back to (without) `after`, newest first. after NULL: to the first. Ends at a
 * commit that cannot be read: then the ids up to there are in the list, and the code is SW_E_PARSE
 * with text, *broken its id. */
struct sw_ledger_ids {
    size_t count, room;
    git_oid *ids;
    git_oid broken;
};
enum sw_code sw_ledger_git_walk(git_repository *repo, const git_oid *head, const git_oid *after,
                                struct sw_ledger_ids *list, struct sw_error *err);

/* Is the object there, readable and what its name says? Must be asked before anything else of
 * libgit2 reads an object; see ledger_git.c. */
bool sw_ledger_git_is_whole(git_repository *repo, const git_oid *id);
/* That, and the commit. False with libgit2's reason, or with none. */
bool sw_ledger_git_commit(git_repository *repo, const git_oid *id, git_commit **out);

/* Reads one commit's event. SW_E_PARSE names the commit. */
enum sw_code sw_ledger_git_record(git_repository *repo, const git_oid *id, struct sw_record *record,
                                  struct sw_error *err);

/* sw_ledger_head and sw_ledger_read of any ref in this repository. */
enum sw_code sw_ledger_head_ref(struct sw_ledger *ledger, const char *ref, char head[64],
                                struct sw_error *err);
enum sw_code sw_ledger_read_ref(struct sw_ledger *ledger, const char *ref, const char *after,
                                sw_record_fn each, void *arg, struct sw_error *err);

/* The newest head this machine saw; false when there is no readable one. */
bool sw_ledger_witness(const struct sw_ledger *ledger, git_oid *out);
