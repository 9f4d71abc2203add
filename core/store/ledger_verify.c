/* ledger_verify.c: is the log whole?
 *
 * Read with a repository of its own, so that nothing comes out of a cache: the
 * ref, every commit of the chain from the newest back (libgit2 hashes each
 * object again and compares), every event's body from the first on, the
 * witness, and then every object there is.
 *
 * What it can tell: damage, a cut, foreign or moved records on this machine.
 * What it cannot: a log that was replaced together with its witness; that
 * shows only against another captain's copy. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/ledger_git.h"

enum { REPORT_MAX = 1 << 20, DAMAGE_SHOWN = 20 };

struct verify {
    struct sw_ledger *ledger;
    git_repository *repo;
    struct sw_buf report;
    bool is_bad;
    size_t damaged; /* objects */
    struct sw_ledger_ids chain;
};

static void bad(struct verify *verify, const char *text)
{
    verify->is_bad = true;
    sw_ignore(sw_buf_printf(&verify->report, "BAD: %s\n", text));
}

static void check_records(struct verify *verify)
{
    const struct sw_ledger_ids *chain = &verify->chain;
    for (size_t i = chain->count; i > 0; i--) {
        struct sw_record record;
        struct sw_error err = {0};
        char text[700];
        if (sw_ledger_git_record(verify->repo, &chain->ids[i - 1], &record, &err) == SW_OK) {
            sw_record_clear(&record);
            continue;
        }
        sw_ignore(sw_format(text, sizeof text, "%s (number %zu of %zu)", err.text,
                            chain->count - i + 1, chain->count));
        bad(verify, text);
        return; /* the first one; what follows it is whole by its hash, not more */
    }
}

static void check_trees(struct verify *verify)
{
    git_oid empty;
    sw_ignore(git_oid_fromstr(&empty, "4b825dc642cb6eb9a060e54bf8d69288fbee4904"));
    for (size_t i = verify->chain.count; i > 0; i--) {
        git_commit *commit = NULL;
        char name[GIT_OID_HEXSZ + 1], text[160];
        if (!sw_ledger_git_commit(verify->repo, &verify->chain.ids[i - 1], &commit))
            return; /* said already */
        bool is_empty = git_oid_equal(git_commit_tree_id(commit), &empty) != 0;
        git_commit_free(commit);
        if (is_empty)
            continue;
        git_oid_tostr(name, sizeof name, &verify->chain.ids[i - 1]);
        sw_ignore(sw_format(text, sizeof text, "record %s carries files; a record has none", name));
        bad(verify, text);
        return;
    }
}

static bool is_in_chain(const struct verify *verify, const git_oid *id)
{
    for (size_t i = 0; i < verify->chain.count; i++)
        if (git_oid_equal(&verify->chain.ids[i], id))
            return true;
    return false;
}

static void check_witness(struct verify *verify, bool has_head)
{
    git_oid witness;
    char name[GIT_OID_HEXSZ + 1], text[240];
    if (!sw_ledger_witness(verify->ledger, &witness) || is_in_chain(verify, &witness))
        return;
    git_oid_tostr(name, sizeof name, &witness);
    sw_ignore(sw_format(text, sizeof text,
                        has_head ? "the ref was moved: record %s was written here and is no longer "
                                   "in the log"
                                 : "the ref is gone: record %s was written here",
                        name));
    bad(verify, text);
}

static void check_chain(struct verify *verify)
{
    git_oid head;
    bool has_head = false;
    struct sw_error err = {0};
    if (sw_ledger_git_head(verify->repo, verify->ledger->ref, &head, &has_head, &err) != SW_OK) {
        bad(verify, err.text);
        return;
    }
    enum sw_code code =
        has_head ? sw_ledger_git_walk(verify->repo, &head, NULL, &verify->chain, &err) : SW_OK;
    if (code != SW_OK) {
        char text[700];
        sw_ignore(sw_format(text, sizeof text,
                            "%s; the %zu records after it are whole, older ones cannot be reached",
                            err.text, verify->chain.count));
        bad(verify, text);
    } else {
        check_witness(verify, has_head);
    }
    check_records(verify);
    check_trees(verify);
}

/* Every object, also those no record uses: a flipped byte is a flipped byte. */
static int check_object(const git_oid *id, void *arg)
{
    struct verify *verify = arg;
    char name[GIT_OID_HEXSZ + 1], text[400];
    git_error_clear();
    if (sw_ledger_git_is_whole(verify->repo, id) || verify->damaged++ >= DAMAGE_SHOWN)
        return 0;
    const git_error *last = git_error_last();
    git_oid_tostr(name, sizeof name, id);
    sw_ignore(sw_format(text, sizeof text, "object %s is damaged: %s", name,
                        last != NULL && last->message != NULL
                            ? last->message
                            : "its bytes are not what its name says"));
    bad(verify, text);
    return 0;
}

static void check_objects(struct verify *verify)
{
    git_odb *odb = NULL;
    struct sw_error err = {0};
    if (git_repository_odb(&odb, verify->repo) != 0 ||
        git_odb_foreach(odb, check_object, verify) != 0) {
        sw_ignore((long long)sw_ledger_git_error(&err, "listing the ledger's objects"));
        bad(verify, err.text);
    }
    git_odb_free(odb);
}

static void conclude(struct verify *verify)
{
    char head[GIT_OID_HEXSZ + 1] = "none";
    if (verify->chain.count > 0)
        git_oid_tostr(head, sizeof head, &verify->chain.ids[0]);
    if (!verify->is_bad)
        sw_ignore(sw_buf_printf(&verify->report, "%zu records, the chain is whole; newest: %s\n",
                                verify->chain.count, head));
}

enum sw_code sw_ledger_verify(struct sw_ledger *ledger, char **report, struct sw_error *err)
{
    struct verify verify = {.ledger = ledger};
    *report = NULL;
    enum sw_code code = sw_ledger_git_open(ledger->git_dir, &verify.repo, err);
    if (code != SW_OK)
        return code;
    sw_buf_init(&verify.report, REPORT_MAX);
    check_chain(&verify);
    check_objects(&verify);
    conclude(&verify);
    git_repository_free(verify.repo);
    free(verify.chain.ids);
    *report = sw_xstrdup(sw_buf_text(&verify.report));
    if (verify.is_bad)
        code = sw_fail(err, SW_E_GIT, "the ledger is damaged: %.400s", sw_buf_text(&verify.report));
    sw_buf_clear(&verify.report);
    return code;
}
