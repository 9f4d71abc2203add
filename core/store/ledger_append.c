/* ledger_append.c: putting an event into the log.
 *
 * One commit object (fsync), its folders (fsync), then the ref by
 * compare-and-swap (fsync). Until the ref has moved the object is not part of
 * the log, so whatever a crash or a full disk leaves behind is not believed.
 * Writers of this user take one file lock first; the compare-and-swap guards
 * against writers that do not know the lock (the user's own git).
 *
 * A killed writer can leave git's own <ref>.lock behind. Holding our lock, a
 * <ref>.lock that stays the same for half a second has no living owner among
 * us, and git holds one for milliseconds: it is taken away.
 *
 * After each append the new head is noted in a small file beside the log, the
 * witness: a ref that was moved back later is noticed by verify.
 *
 * Guarantee: what append reported is in the log once, in order, also with
 * many writers. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/time.h"
#include "store/ledger_git.h"

enum {
    LOCK_WAIT_MS = 10000,
    APPEND_TRIES = 50,
    STALE_LOCK_MS = 500,
    MESSAGE_MAX = 65536,
};

/* "Release Captain <captain@example.com>, captain@host" into the parts git wants; git's own borders are not
 * allowed inside them. */
static void split_actor(const char *actor, char *name, size_t name_size, char *mail,
                        size_t mail_size)
{
    const char *open = actor != NULL ? strchr(actor, '<') : NULL;
    const char *close = open != NULL ? strchr(open, '>') : NULL;
    sw_ignore(sw_copy(name, name_size, actor != NULL ? actor : ""));
    mail[0] = '\0';
    if (close != NULL) {
        size_t name_len = (size_t)(open - actor), mail_len = (size_t)(close - open - 1);
        name[name_len < name_size ? name_len : name_size - 1] = '\0';
        sw_ignore(
            sw_format(mail, mail_size, "%.*s", (int)(mail_len < 200 ? mail_len : 200), open + 1));
    }
    for (char *at = name; *at != '\0'; at++)
        if (strchr("<>\n", *at) != NULL)
            *at = ' ';
    size_t len = strlen(name);
    while (len > 0 && name[len - 1] == ' ')
        name[--len] = '\0';
    if (name[0] == '\0' || strspn(name, " .,:;\"'\\") == strlen(name))
        sw_ignore(sw_copy(name, name_size, "unknown"));
    if (mail[0] == '\0' || strpbrk(mail, "<> ") != NULL)
        sw_ignore(sw_copy(mail, mail_size, "unknown@localhost"));
}

static enum sw_code write_commit(struct sw_ledger *ledger, const struct sw_record *record,
                                 const char *message, const git_oid *parent, git_oid *id,
                                 struct sw_error *err)
{
    char name[256], mail[256];
    git_signature *author = NULL, *committer = NULL;
    git_oid tree_id;
    /* The author's time is the event's (of a simulated world, too), the committer's the clock's. */
    split_actor(record->actor, name, sizeof name, mail, sizeof mail);
    int rc = git_signature_new(&author, name, mail, record->at_ms / 1000, 0);
    if (rc == 0)
        rc = git_signature_new(&committer, name, mail, sw_time_real_ms() / 1000, 0);
    if (rc == 0)
        rc = git_oid_fromstr(&tree_id, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    /* By id: a damaged parent hides what is older, but must not stop the log. */
    const git_oid *parents[] = {parent};
    if (rc == 0)
        rc = git_commit_create_from_ids(id, ledger->repo, NULL, author, committer, NULL, message,
                                        &tree_id, parent != NULL ? 1 : 0, parents);
    enum sw_code code = rc == 0 ? SW_OK : sw_ledger_git_error(err, "writing to the ledger");
    git_signature_free(committer);
    git_signature_free(author);
    return code;
}

/* The folder of the object and, when it is new, its entry in the folder above: before the ref
 * points there. */
static enum sw_code sync_object(const struct sw_ledger *ledger, const git_oid *id,
                                struct sw_error *err)
{
    char name[GIT_OID_HEXSZ + 1], folder[32];
    git_oid_tostr(name, sizeof name, id);
    sw_ignore(sw_format(folder, sizeof folder, "objects/%.2s", name));
    enum sw_code code = sw_ledger_sync(ledger->git_dir, folder, err);
    return code == SW_OK ? sw_ledger_sync(ledger->git_dir, "objects", err) : code;
}

/* libgit2 1.5.1 can report a commit as written when the disk took none of it (measured with a disk
 * that fails at the n-th write), so what was written is read again and hashed. */
static enum sw_code check_written(struct sw_ledger *ledger, const git_oid *id, struct sw_error *err)
{
    if (sw_ledger_git_is_whole(ledger->repo, id))
        return sync_object(ledger, id, err);
    return sw_fail(err, SW_E_IO,
                   "writing to the ledger: the disk did not keep the record; is %s full?",
                   ledger->state_dir);
}

/* The same for the ref: is the new record in the log now? */
static enum sw_code check_moved(struct sw_ledger *ledger, const git_oid *id, struct sw_error *err)
{
    git_oid head;
    bool has_head = false;
    enum sw_code code = sw_ledger_git_head(ledger->repo, ledger->ref, &head, &has_head, err);
    if (code != SW_OK)
        return sw_ledger_recode(err, SW_E_IO);
    if (has_head &&
        (git_oid_equal(&head, id) || git_graph_descendant_of(ledger->repo, &head, id) == 1))
        return SW_OK;
    return sw_fail(err, SW_E_IO,
                   "writing to the ledger: the disk did not keep the new ref; is %s full?",
                   ledger->state_dir);
}

/* Does the ref's lock belong to nobody? Called with our own lock held; see the head of the file. */
static void clear_stale_ref_lock(const struct sw_ledger *ledger, struct stat *seen,
                                 int64_t *since_ms)
{
    char path[SW_PATH_TEXT];
    struct stat now;
    if (sw_format(path, sizeof path, "%s/%s.lock", ledger->git_dir, ledger->ref) ||
        lstat(path, &now) != 0)
        return;
    bool is_same = *since_ms != 0 && now.st_ino == seen->st_ino &&
                   now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
    if (!is_same) {
        *seen = now;
        *since_ms = sw_time_mono_ms();
    } else if (sw_time_mono_ms() - *since_ms >= STALE_LOCK_MS) {
        sw_ignore(unlink(path));
    }
}

static void wait_a_little(int attempt)
{
    double ms = (attempt < 5 ? 5 : 25) * (0.5 + sw_random_unit());
    struct timespec pause = {.tv_nsec = (long)(ms * 1000000.0)};
    nanosleep(&pause, NULL);
}

/* Puts a commit on top of the head as it is now and moves the ref to it. *is_moved false: somebody
 * else was faster, or holds the ref; try again. */
static enum sw_code append_once(struct sw_ledger *ledger, const struct sw_record *record,
                                const char *message, git_oid *id, bool *is_moved,
                                struct sw_error *err)
{
    git_oid head = {0};
    bool has_head = false;
    git_reference *moved = NULL;
    *is_moved = false;
    enum sw_code code = sw_ledger_git_head(ledger->repo, ledger->ref, &head, &has_head, err);
    if (code != SW_OK)
        return code;
    code = write_commit(ledger, record, message, has_head ? &head : NULL, id, err);
    if (code == SW_OK)
        code = check_written(ledger, id, err);
    if (code != SW_OK)
        return code;
    int rc = git_reference_create_matching(&moved, ledger->repo, ledger->ref, id, has_head ? 1 : 0,
                                           &head, "slipway");
    git_reference_free(moved);
    *is_moved = rc == 0;
    bool is_race = rc == GIT_EMODIFIED || rc == GIT_EEXISTS || rc == GIT_ELOCKED;
    if (rc == 0)
        return check_moved(ledger, id, err);
    return is_race ? SW_OK : sw_ledger_git_error(err, "moving the ledger's ref");
}

static void note_witness(const struct sw_ledger *ledger, const git_oid *id)
{
    char text[GIT_OID_HEXSZ + 2];
    git_oid_tostr(text, GIT_OID_HEXSZ + 1, id);
    sw_ignore(sw_format(text + GIT_OID_HEXSZ, 2, "\n"));
    /* Written in place and not synced: losing it costs a warning, never a record. */
    int fd = open(ledger->witness_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    sw_ignore(pwrite(fd, text, GIT_OID_HEXSZ + 1, 0));
    close(fd);
}

bool sw_ledger_witness(const struct sw_ledger *ledger, git_oid *out)
{
    char text[GIT_OID_HEXSZ + 1] = "";
    int fd = open(ledger->witness_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, GIT_OID_HEXSZ);
    close(fd);
    return got == GIT_OID_HEXSZ && git_oid_fromstr(out, text) == 0;
}

static enum sw_code append_locked(struct sw_ledger *ledger, struct sw_record *record,
                                  const char *message, struct sw_error *err)
{
    git_oid id;
    struct stat seen = {0};
    int64_t seen_since_ms = 0;
    for (int attempt = 0; attempt < APPEND_TRIES; attempt++) {
        bool is_moved = false;
        enum sw_code code = append_once(ledger, record, message, &id, &is_moved, err);
        if (code != SW_OK)
            return code;
        if (is_moved) {
            note_witness(ledger, &id);
            git_oid_tostr(record->commit, 13, &id);
            return SW_OK;
        }
        clear_stale_ref_lock(ledger, &seen, &seen_since_ms);
        wait_a_little(attempt);
    }
    return sw_fail(err, SW_E_BUSY, "the ledger's ref %s is held by another program", ledger->ref);
}

enum sw_code sw_ledger_append(struct sw_ledger *ledger, struct sw_record *record,
                              struct sw_error *err)
{
    struct sw_lock lock = {0};
    struct sw_buf message;
    sw_buf_init(&message, MESSAGE_MAX);
    enum sw_code code = sw_record_encode(record, &message, err);
    if (code == SW_OK) {
        code = sw_lock_wait(&lock, ledger->lock_path, sw_time_mono_ms() + LOCK_WAIT_MS, err);
        if (code != SW_OK && code != SW_E_BUSY) {
            sw_ignore((long long)sw_error_prefix(err, "the ledger cannot be written"));
            code = sw_ledger_recode(err, SW_E_IO);
        }
    }
    if (code == SW_OK)
        code = append_locked(ledger, record, sw_buf_text(&message), err);
    sw_lock_release(&lock);
    sw_buf_clear(&message);
    return code;
}
