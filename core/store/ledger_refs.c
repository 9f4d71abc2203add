/* ledger_refs.c: which releases have a log, and whether there may be news, without opening one.
 *
 * libgit2 leaves out of its list what it cannot read; a log that is hidden by one bad byte in its
 * ref could hide a halt, so the folder is read as well and such a release is named too. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "store/ledger_git.h"

/* ------------------------------------------------------------------ stamps */

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
    sw_ignore(sw_format(path, sizeof path, "%s/ledger.git/%s%s", state_dir, SW_LEDGER_REFS, name));
    uint64_t stamp = stamp_of(0, path);
    sw_ignore(sw_format(path, sizeof path, "%s/ledger.git/packed-refs", state_dir));
    return stamp_of(stamp, path);
}

/* A sum, because a folder is listed in any order. A ref that is about to move makes a stamp of its
 * own; the next look differs again. */
uint64_t sw_ledger_stamp_all(const char *state_dir)
{
    char dir[SW_PATH_TEXT], path[SW_PATH_TEXT];
    sw_ignore(sw_format(path, sizeof path, "%s/ledger.git/packed-refs", state_dir));
    uint64_t stamp = stamp_of(0, path);
    sw_ignore(sw_format(dir, sizeof dir, "%s/ledger.git/%s", state_dir, SW_LEDGER_REFS));
    DIR *folder = opendir(dir);
    if (folder == NULL)
        return stamp;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.' && !sw_format(path, sizeof path, "%s%s", dir, entry->d_name))
            stamp += stamp_of(0, path);
    closedir(folder);
    return stamp;
}

/* ------------------------------------------------------------------ releases */

struct names {
    size_t count, room;
    char **list;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What encode would not write is not ours, like a lock that git keeps for a moment. */
static void add_name(struct names *names, const char *name)
{
    char release[SW_RELEASE_TEXT], again[SW_REF_NAME_TEXT];
    if (!sw_ref_name_decode(name, release, sizeof release) || !sw_ref_name_encode(release, again) ||
        strcmp(again, name) != 0)
        return;
    if (names->count == names->room) {
        names->room = names->room == 0 ? 8 : 2 * names->room;
        names->list = sw_xrealloc_array(names->list, names->room, sizeof *names->list);
    }
    names->list[names->count++] = sw_xstrdup(release);
}

static enum sw_code list_refs(struct sw_ledger *ledger, struct names *names, struct sw_error *err)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    if (git_reference_iterator_glob_new(&iterator, ledger->repo, SW_LEDGER_REFS "*") != 0)
        return sw_ledger_git_error(err, "listing the ledger's releases");
    int rc;
    while ((rc = git_reference_next_name(&name, iterator)) == 0)
        add_name(names, name + strlen(SW_LEDGER_REFS));
    git_reference_iterator_free(iterator);
    return rc == GIT_ITEROVER ? SW_OK : sw_ledger_git_error(err, "listing the ledger's releases");
}

static void list_files(const struct sw_ledger *ledger, struct names *names)
{
    char dir[SW_PATH_TEXT];
    sw_ignore(sw_format(dir, sizeof dir, "%s/%s", ledger->git_dir, SW_LEDGER_REFS));
    DIR *folder = opendir(dir);
    if (folder == NULL)
        return; /* all of them packed: listed already */
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        add_name(names, entry->d_name);
    closedir(folder);
}

static void drop_doubles(struct names *names)
{
    size_t kept = 0;
    if (names->count > 1)
        qsort(names->list, names->count, sizeof *names->list, compare_names);
    for (size_t i = 0; i < names->count; i++) {
        if (kept > 0 && !strcmp(names->list[kept - 1], names->list[i]))
            free(names->list[i]);
        else
            names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

enum sw_code sw_ledger_releases(struct sw_ledger *ledger, char ***list, size_t *count,
                                struct sw_error *err)
{
    struct names names = {0};
    *list = NULL;
    *count = 0;
    enum sw_code code = list_refs(ledger, &names, err);
    if (code != SW_OK) {
        for (size_t i = 0; i < names.count; i++)
            free(names.list[i]);
        free(names.list);
        return code;
    }
    list_files(ledger, &names);
    drop_doubles(&names);
    *list = names.list;
    *count = names.count;
    return SW_OK;
}
