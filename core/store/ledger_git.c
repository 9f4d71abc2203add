/* ledger_git.c: reading the ledger's repository, and the little of libgit2 that must be asked with
 * care.
 *
 * Every object passes sw_ledger_git_is_whole before any other function of
 * libgit2 may read it (git_loose.h says why). What is not whole is damage, told
 * by its id.
 * Guarantee: no bytes in the repository make this program do more than say so. */
#include "store/ledger_git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/git_loose.h"

enum { OBJECT_MAX = 1 << 20 };

enum sw_code sw_ledger_git_error(struct sw_error *err, const char *fmt, ...)
{
    char what[320];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    const git_error *last = git_error_last();
    bool is_system =
        last != NULL && (last->klass == GIT_ERROR_OS || last->klass == GIT_ERROR_FILESYSTEM);
    return sw_fail(err, is_system ? SW_E_IO : SW_E_GIT, "%s: %s", len < 0 ? "the ledger" : what,
                   last != NULL && last->message != NULL ? last->message : "it is damaged");
}

enum sw_code sw_ledger_recode(struct sw_error *err, enum sw_code code)
{
    if (err != NULL)
        err->code = code;
    return code;
}

enum sw_code sw_ledger_sync(const char *dir, const char *name, struct sw_error *err)
{
    char path[SW_PATH_TEXT];
    enum sw_code code = sw_fs_join(dir, name, path, err);
    if (code != SW_OK)
        return code;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        code = sw_fail_errno(err, SW_E_IO, errno, "making %s durable", path);
    if (fd >= 0)
        close(fd);
    return code;
}

enum sw_code sw_ledger_git_open(const char *git_dir, git_repository **out, struct sw_error *err)
{
    struct stat info;
    /* libgit2 checks this too; asked here for the clear text. */
    if (stat(git_dir, &info) != 0)
        return sw_fail_errno(err, SW_E_IO, errno, "opening the ledger %s", git_dir);
    if (info.st_uid != geteuid())
        return sw_fail(err, SW_E_IO, "the ledger %s belongs to another user", git_dir);
    unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
    if (git_repository_open_ext(out, git_dir, flags, NULL) != 0)
        return sw_ledger_git_error(err, "opening the ledger %s", git_dir);
    return SW_OK;
}

enum sw_code sw_ledger_git_head(git_repository *repo, const char *ref, git_oid *head,
                                bool *has_head, struct sw_error *err)
{
    int rc = git_reference_name_to_id(head, repo, ref);
    *has_head = rc == 0;
    if (rc == 0 || rc == GIT_ENOTFOUND)
        return SW_OK;
    return sw_ledger_git_error(err, "reading %s of the ledger (`slipway log --verify` tells more)",
                               ref);
}

bool sw_ledger_git_is_whole(git_repository *repo, const git_oid *id)
{
    char dir[SW_PATH_TEXT];
    git_odb *odb = NULL;
    git_odb_object *object = NULL;
    if (sw_format(dir, sizeof dir, "%sobjects", git_repository_path(repo)) ||
        git_repository_odb(&odb, repo) != 0)
        return false;
    enum sw_loose found = sw_git_loose_read(dir, id, OBJECT_MAX, NULL);
    bool is_ok = found == SW_LOOSE_WHOLE || found == SW_LOOSE_ABSENT;
    /* Also what is in packs (somebody ran `git gc`). */
    is_ok = is_ok && git_odb_read(&object, odb, id) == 0;
    git_odb_object_free(object);
    git_odb_free(odb);
    return is_ok;
}

bool sw_ledger_git_commit(git_repository *repo, const git_oid *id, git_commit **out)
{
    git_error_clear();
    return sw_ledger_git_is_whole(repo, id) && git_commit_lookup(out, repo, id) == 0;
}

static void list_add(struct sw_ledger_ids *list, const git_oid *id)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 64 : 2 * list->room;
        list->ids = sw_xrealloc_array(list->ids, list->room, sizeof *list->ids);
    }
    list->ids[list->count++] = *id;
}

enum sw_code sw_ledger_git_walk(git_repository *repo, const git_oid *head, const git_oid *after,
                                struct sw_ledger_ids *list, struct sw_error *err)
{
    git_oid at = *head;
    bool is_more = true;
    while (is_more && (after == NULL || !git_oid_equal(&at, after))) {
        git_commit *commit = NULL;
        char name[GIT_OID_HEXSZ + 1];
        git_oid_tostr(name, sizeof name, &at);
        if (list->count >= SW_LEDGER_RECORDS_MAX)
            return sw_fail(err, SW_E_LIMIT, "the ledger has more than a million records");
        if (!sw_ledger_git_commit(repo, &at, &commit)) {
            list->broken = at;
            sw_ignore((long long)sw_ledger_git_error(err, "record %s cannot be read", name));
            return sw_ledger_recode(err, SW_E_PARSE);
        }
        list_add(list, &at);
        unsigned parents = git_commit_parentcount(commit);
        is_more = parents == 1;
        if (is_more)
            at = *git_commit_parent_id(commit, 0);
        git_commit_free(commit);
        if (parents > 1) {
            list->broken = list->ids[--list->count];
            return sw_fail(err, SW_E_PARSE, "record %s has %u parents; the log is one chain", name,
                           parents);
        }
    }
    return SW_OK;
}

enum sw_code sw_ledger_git_record(git_repository *repo, const git_oid *id, struct sw_record *record,
                                  struct sw_error *err)
{
    git_commit *commit = NULL;
    char name[GIT_OID_HEXSZ + 1];
    *record = (struct sw_record){0};
    git_oid_tostr(name, sizeof name, id);
    if (!sw_ledger_git_commit(repo, id, &commit)) {
        sw_ignore((long long)sw_ledger_git_error(err, "record %s cannot be read", name));
        return sw_ledger_recode(err, SW_E_PARSE);
    }
    const char *message = git_commit_message_raw(commit);
    enum sw_code code = sw_record_decode(message, strlen(message), record, err);
    git_commit_free(commit);
    if (code != SW_OK) {
        sw_ignore((long long)sw_error_prefix(err, "record %s", name));
        return SW_E_PARSE;
    }
    sw_ignore(sw_copy(record->commit, 13, name));
    return SW_OK;
}
