/* ledger.c: the append-only log, as commits under one ref of a private bare repository.
 *
 * Here: making and opening the repository, and telling the log. Beside it:
 * ledger_append.c, ledger_verify.c, ledger_refs.c (which releases there are,
 * and whether one has news), ledger_journal.c (what is open in any of them),
 * and ledger_git.c under all of them.
 *
 * The repository is made beside its place and moved there whole; its own
 * configuration leaves git nothing to run. Guarantee: reading never needs a
 * writable disk, and a damaged record hides only what is older.
 * Not done here: sharing with other machines; what events mean (model/event). */
#include "store/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "store/ledger_git.h"

enum { LOCK_WAIT_MS = 10000 };

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
        code = sw_ledger_sync(dir, folders[i], err);
    if (code != SW_OK)
        return code;
    if (rename(dir, ledger->git_dir) != 0)
        return sw_fail_errno(err, SW_E_IO, errno, "creating the ledger %s", ledger->git_dir);
    return sw_ledger_sync(ledger->state_dir, ".", err);
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
    sw_ignore(sw_format(ledger->ref, sizeof ledger->ref, "%s%s", SW_LEDGER_REFS, name));
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
    return is_named ? code : sw_ledger_recode(err, SW_E_IO);
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

/* ------------------------------------------------------------------- reading */

enum sw_code sw_ledger_head_ref(struct sw_ledger *ledger, const char *ref, char head[64],
                                struct sw_error *err)
{
    git_oid id;
    bool has_head = false;
    head[0] = '\0';
    enum sw_code code = sw_ledger_git_head(ledger->repo, ref, &id, &has_head, err);
    if (has_head)
        git_oid_tostr(head, GIT_OID_HEXSZ + 1, &id);
    return code;
}

enum sw_code sw_ledger_head(struct sw_ledger *ledger, char head[64], struct sw_error *err)
{
    return sw_ledger_head_ref(ledger, ledger->ref, head, err);
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

enum sw_code sw_ledger_read_ref(struct sw_ledger *ledger, const char *ref, const char *after,
                                sw_record_fn each, void *arg, struct sw_error *err)
{
    git_oid head, from;
    bool has_head = false;
    struct sw_ledger_ids list = {0};
    bool has_from =
        after != NULL && strlen(after) == GIT_OID_HEXSZ && git_oid_fromstr(&from, after) == 0;
    enum sw_code code = sw_ledger_git_head(ledger->repo, ref, &head, &has_head, err);
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

enum sw_code sw_ledger_read(struct sw_ledger *ledger, const char *after, sw_record_fn each,
                            void *arg, struct sw_error *err)
{
    return sw_ledger_read_ref(ledger, ledger->ref, after, each, arg, err);
}
