/* ledger.c: the append-only log, as commits under one ref of a private bare repository.
 *
 * An append writes one commit object (fsync), then moves the ref by
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
 * many writers; reading never needs a writable disk.
 * Not done here: sharing with other machines; what events mean (model/event). */
#include "store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "store/ledger_git.h"

static const char ref_folder[] = "refs/slipway/";

enum {
    LOCK_WAIT_MS = 10000,
    APPEND_TRIES = 50,
    STALE_LOCK_MS = 500,
    MESSAGE_MAX = 65536,
    OBJECT_MAX = 1 << 20,
};

/* ------------------------------------------------------------------ libgit2 */

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

/* Keeps the text, changes what callers branch on. */
static enum sw_code recode(struct sw_error *err, enum sw_code code)
{
    if (err != NULL)
        err->code = code;
    return code;
}

static void set_options(void)
{
    /* An append is durable when it returns. */
    sw_ignore(git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1));
    sw_ignore(git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1));
}

static enum sw_code start_library(struct sw_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (git_libgit2_init() < 0)
        return sw_ledger_git_error(err, "starting libgit2");
    pthread_once(&once, set_options);
    return SW_OK;
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

/* Reads a loose object to its end in bounded steps and hashes it. libgit2 1.5.1 writes beyond its
 * buffer when an object's body is longer than its header says (seen with the address sanitizer and
 * a flipped byte), so no other function of it may see a loose object that has not passed here. */
static bool is_stream_whole(git_odb *odb, const git_oid *id)
{
    git_odb_stream *stream = NULL;
    git_object_t type = GIT_OBJECT_INVALID;
    size_t len = 0, got = 0;
    git_oid actual;
    if (git_odb_open_rstream(&stream, &len, &type, odb, id) != 0 || len > OBJECT_MAX) {
        git_odb_stream_free(stream);
        return false;
    }
    char *bytes SW_AUTO_FREE = sw_xmalloc(len + 1);
    int part = 0;
    while (got <= len && (part = git_odb_stream_read(stream, bytes + got, len + 1 - got)) > 0)
        got += (size_t)part;
    git_odb_stream_free(stream);
    return part == 0 && got == len && git_odb_hash(&actual, bytes, len, type) == 0 &&
           git_oid_equal(&actual, id) != 0;
}

/* A zlib stream and nothing else: libgit2 takes other first bytes for a format of long ago.
 * Source: RFC 1950, 2.2. */
static bool is_zlib(int fd)
{
    unsigned char head[2];
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= OBJECT_MAX &&
           read(fd, head, sizeof head) == (ssize_t)sizeof head && (head[0] & 0x0f) == 8 &&
           (head[0] >> 4) <= 7 && (head[0] * 256 + head[1]) % 31 == 0;
}

bool sw_ledger_git_is_whole(git_repository *repo, const git_oid *id)
{
    char name[GIT_OID_HEXSZ + 1], path[SW_PATH_TEXT];
    git_odb *odb = NULL;
    git_odb_object *object = NULL;
    git_oid_tostr(name, sizeof name, id);
    if (sw_format(path, sizeof path, "%sobjects/%.2s/%s", git_repository_path(repo), name,
                  name + 2) ||
        git_repository_odb(&odb, repo) != 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is_ok = fd >= 0 ? is_zlib(fd) && is_stream_whole(odb, id) : errno == ENOENT;
    if (fd >= 0)
        close(fd);
    /* Also the check sum at the stream's end, and what is in packs (somebody ran `git gc`). */
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

/* ------------------------------------------------------------------ creating */

/* Nothing of the user's templates or hooks, and no gc: `git log` may be used on it, and its own
 * git must not find anything to run. */
static enum sw_code configure(git_repository *repo, struct sw_error *err)
{
    static const struct {
        const char *key, *value;
    } settings[] = {
        {"core.hooksPath", "/dev/null"},    {"gc.auto", "0"},
        {"core.logAllRefUpdates", "false"}, {"transfer.fsckObjects", "true"},
        {"receive.denyDeletes", "true"},    {"receive.denyNonFastForwards", "true"},
    };
    git_config *config = NULL, *own = NULL;
    int rc = git_repository_config(&config, repo);
    if (rc == 0)
        rc = git_config_open_level(&own, config, GIT_CONFIG_LEVEL_LOCAL);
    for (size_t i = 0; rc == 0 && i < SW_ARRAY_LEN(settings); i++)
        rc = git_config_set_string(own, settings[i].key, settings[i].value);
    git_config_free(own);
    git_config_free(config);
    return rc == 0 ? SW_OK : sw_ledger_git_error(err, "setting up the ledger");
}

static enum sw_code write_empty_tree(git_repository *repo, struct sw_error *err)
{
    git_odb *odb = NULL;
    git_oid id;
    int rc = git_repository_odb(&odb, repo);
    if (rc == 0)
        rc = git_odb_write(&id, odb, "", 0, GIT_OBJECT_TREE);
    git_odb_free(odb);
    return rc == 0 ? SW_OK : sw_ledger_git_error(err, "setting up the ledger");
}

static enum sw_code fill_new(const char *dir, struct sw_error *err)
{
    static const char *const folders[] = {"refs/slipway", "witness"};
    git_repository *repo = NULL;
    git_repository_init_options options;
    sw_ignore(git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION));
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT;
    enum sw_code code = SW_OK;
    if (git_repository_init_ext(&repo, dir, &options) != 0)
        return sw_ledger_git_error(err, "creating the ledger in %s", dir);
    code = configure(repo, err);
    if (code == SW_OK)
        code = write_empty_tree(repo, err);
    git_repository_free(repo);
    for (size_t i = 0; code == SW_OK && i < SW_ARRAY_LEN(folders); i++) {
        char path[SW_PATH_TEXT];
        code = sw_fs_join(dir, folders[i], path, err);
        if (code == SW_OK)
            code = sw_fs_mkdirs(path, err);
    }
    return code;
}

static enum sw_code sync_folder(const char *dir, const char *name, struct sw_error *err)
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

/* Made beside its place and moved there whole: a killed start leaves no half repository. */
static enum sw_code create(const struct sw_ledger *ledger, struct sw_error *err)
{
    char dir[SW_PATH_TEXT];
    if (sw_format(dir, sizeof dir, "%s.new-XXXXXX", ledger->git_dir))
        return sw_fail(err, SW_E_LIMIT, "the path %s is too long", ledger->git_dir);
    if (mkdtemp(dir) == NULL)
        return sw_fail_errno(err, SW_E_IO, errno, "creating the ledger in %s", ledger->state_dir);
    enum sw_code code = fill_new(dir, err);
    static const char *const folders[] = {"refs", "objects", "."};
    for (size_t i = 0; code == SW_OK && i < SW_ARRAY_LEN(folders); i++)
        code = sync_folder(dir, folders[i], err);
    if (code != SW_OK)
        return code;
    if (rename(dir, ledger->git_dir) != 0)
        return sw_fail_errno(err, SW_E_IO, errno, "creating the ledger %s", ledger->git_dir);
    return sync_folder(ledger->state_dir, ".", err);
}

static enum sw_code create_once(const struct sw_ledger *ledger, struct sw_error *err)
{
    struct sw_lock lock = {0};
    enum sw_code code =
        sw_lock_wait(&lock, ledger->lock_path, sw_time_mono_ms() + LOCK_WAIT_MS, err);
    if (code != SW_OK)
        return code;
    if (!sw_fs_exists(ledger->git_dir))
        code = create(ledger, err);
    sw_lock_release(&lock);
    return code;
}

/* ------------------------------------------------------------------- opening */

static enum sw_code set_paths(struct sw_ledger *ledger, const char *state_dir, const char *release,
                              struct sw_error *err)
{
    char name[SW_REF_NAME_TEXT], witness[SW_REF_NAME_TEXT + 16];
    if (!sw_ref_name_encode(release, name))
        return sw_fail(err, SW_E_USAGE, "a release's name must have 1 to 200 characters");
    sw_ignore(sw_format(ledger->ref, sizeof ledger->ref, "%s%s", ref_folder, name));
    sw_ignore(sw_format(witness, sizeof witness, "witness/%s", name));
    if (sw_copy(ledger->state_dir, sizeof ledger->state_dir, state_dir))
        return sw_fail(err, SW_E_LIMIT, "the path %s is too long", state_dir);
    enum sw_code code = sw_fs_join(state_dir, "ledger.git", ledger->git_dir, err);
    if (code == SW_OK)
        code = sw_fs_join(state_dir, "ledger.lock", ledger->lock_path, err);
    if (code == SW_OK)
        code = sw_fs_join(ledger->git_dir, witness, ledger->witness_path, err);
    return code;
}

static enum sw_code open_paths(struct sw_ledger *ledger, struct sw_error *err)
{
    enum sw_code code = sw_fs_private_dir(ledger->state_dir, err);
    if (code == SW_OK && !sw_fs_exists(ledger->git_dir))
        code = create_once(ledger, err);
    if (code == SW_OK)
        code = sw_ledger_git_open(ledger->git_dir, &ledger->repo, err);
    /* Whatever the reason: the log cannot be had on this disk. */
    bool is_named = code == SW_OK || code == SW_E_GIT || code == SW_E_BUSY;
    return is_named ? code : recode(err, SW_E_IO);
}

enum sw_code sw_ledger_open(const char *state_dir, const char *release, struct sw_ledger **out,
                            struct sw_error *err)
{
    *out = NULL;
    struct sw_ledger *ledger = sw_xcalloc(1, sizeof *ledger);
    enum sw_code code = set_paths(ledger, state_dir, release, err);
    if (code == SW_OK)
        code = start_library(err);
    if (code != SW_OK) {
        free(ledger);
        return code;
    }
    code = open_paths(ledger, err);
    if (code == SW_OK)
        *out = ledger;
    else
        sw_ledger_close(ledger);
    return code;
}

void sw_ledger_close(struct sw_ledger *ledger)
{
    if (ledger == NULL)
        return;
    git_repository_free(ledger->repo);
    sw_ignore(git_libgit2_shutdown());
    free(ledger);
}

/* -------------------------------------------------------------- the library */

enum sw_code sw_ledger_begin(struct sw_error *err)
{
    return start_library(err);
}

void sw_ledger_end(void)
{
    sw_ignore(git_libgit2_shutdown());
}

static void read_setting(const git_config *config, const char *key, char *out, size_t size)
{
    git_buf text = GIT_BUF_INIT;
    out[0] = '\0';
    if (git_config_get_string_buf(&text, config, key) == 0)
        sw_text_clean_copy(out, size, text.ptr);
    git_buf_dispose(&text);
}

void sw_ledger_git_user(char *name, size_t name_size, char *email, size_t email_size)
{
    git_config *config = NULL;
    name[0] = email[0] = '\0';
    if (git_config_open_default(&config) != 0)
        return;
    read_setting(config, "user.name", name, name_size);
    read_setting(config, "user.email", email, email_size);
    git_config_free(config);
}

static uint64_t stamp_of(uint64_t stamp, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return stamp;
    const uint64_t facts[] = {(uint64_t)info.st_ino, (uint64_t)info.st_size,
                              (uint64_t)info.st_mtim.tv_sec, (uint64_t)info.st_mtim.tv_nsec};
    stamp += 1;
    for (size_t i = 0; i < SW_ARRAY_LEN(facts); i++)
        stamp = (stamp ^ facts[i]) * UINT64_C(1099511628211);
    return stamp;
}

/* git puts a moved ref into a new file of that name, and now and then packs many into one. */
uint64_t sw_ledger_stamp(const char *state_dir, const char *release)
{
    char name[SW_REF_NAME_TEXT], path[SW_PATH_TEXT];
    if (!sw_ref_name_encode(release, name))
        return 0;
    sw_ignore(sw_format(path, sizeof path, "%s/ledger.git/%s%s", state_dir, ref_folder, name));
    uint64_t stamp = stamp_of(0, path);
    sw_ignore(sw_format(path, sizeof path, "%s/ledger.git/packed-refs", state_dir));
    return stamp_of(stamp, path);
}

/* ----------------------------------------------------------------- appending */

/* "Ada Lovelace <ada@example.com>, ada@host" into the parts git wants; git's own borders are not
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
    enum sw_code code = sync_folder(ledger->git_dir, folder, err);
    return code == SW_OK ? sync_folder(ledger->git_dir, "objects", err) : code;
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
        return recode(err, SW_E_IO);
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
            code = recode(err, SW_E_IO);
        }
    }
    if (code == SW_OK)
        code = append_locked(ledger, record, sw_buf_text(&message), err);
    sw_lock_release(&lock);
    sw_buf_clear(&message);
    return code;
}

/* ------------------------------------------------------------------- reading */

enum sw_code sw_ledger_head(struct sw_ledger *ledger, char head[64], struct sw_error *err)
{
    git_oid id;
    bool has_head = false;
    head[0] = '\0';
    enum sw_code code = sw_ledger_git_head(ledger->repo, ledger->ref, &id, &has_head, err);
    if (has_head)
        git_oid_tostr(head, GIT_OID_HEXSZ + 1, &id);
    return code;
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
            return recode(err, SW_E_PARSE);
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
        return recode(err, SW_E_PARSE);
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

static enum sw_code deliver(struct sw_ledger *ledger, const struct sw_ledger_ids *list,
                            sw_record_fn each, void *arg, struct sw_error *err)
{
    bool is_wanted = true;
    for (size_t i = list->count; is_wanted && i > 0; i--) {
        struct sw_record record;
        enum sw_code code = sw_ledger_git_record(ledger->repo, &list->ids[i - 1], &record, err);
        if (code != SW_OK)
            return code;
        is_wanted = each(arg, &record);
        sw_record_clear(&record);
    }
    return SW_OK;
}

enum sw_code sw_ledger_read(struct sw_ledger *ledger, const char *after, sw_record_fn each,
                            void *arg, struct sw_error *err)
{
    git_oid head, from;
    bool has_head = false;
    struct sw_ledger_ids list = {0};
    bool has_from =
        after != NULL && strlen(after) == GIT_OID_HEXSZ && git_oid_fromstr(&from, after) == 0;
    enum sw_code code = sw_ledger_git_head(ledger->repo, ledger->ref, &head, &has_head, err);
    if (code != SW_OK || !has_head)
        return code;
    /* A record that cannot be read hides what is older; what is newer is still told. */
    struct sw_error broken = {0};
    enum sw_code walked =
        sw_ledger_git_walk(ledger->repo, &head, has_from ? &from : NULL, &list, &broken);
    code = deliver(ledger, &list, each, arg, err);
    free(list.ids);
    if (code == SW_OK && walked != SW_OK) {
        code = walked;
        if (err != NULL)
            *err = broken;
    }
    return code;
}

/* ------------------------------------------------------------------ releases */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum sw_code sw_ledger_releases(struct sw_ledger *ledger, char ***names, size_t *count,
                                struct sw_error *err)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    size_t room = 0;
    *names = NULL;
    *count = 0;
    if (git_reference_iterator_glob_new(&iterator, ledger->repo, "refs/slipway/*") != 0)
        return sw_ledger_git_error(err, "listing the ledger's releases");
    int rc;
    while ((rc = git_reference_next_name(&name, iterator)) == 0) {
        char release[256];
        if (!sw_ref_name_decode(name + strlen(ref_folder), release, sizeof release))
            continue; /* not ours */
        if (*count == room) {
            room = room == 0 ? 8 : 2 * room;
            *names = sw_xrealloc_array(*names, room, sizeof **names);
        }
        (*names)[(*count)++] = sw_xstrdup(release);
    }
    git_reference_iterator_free(iterator);
    if (*count > 1)
        qsort(*names, *count, sizeof **names, compare_names);
    if (rc == GIT_ITEROVER)
        return SW_OK;
    enum sw_code code = sw_ledger_git_error(err, "listing the ledger's releases");
    for (size_t i = 0; i < *count; i++)
        free((*names)[i]);
    free(*names);
    *names = NULL;
    *count = 0;
    return code;
}
