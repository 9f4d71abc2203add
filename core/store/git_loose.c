/* git_loose.c: see git_loose.h.
 *
 * The guard is an object database of our own for a repository that is there already: for each
 * folder of objects libgit2's reader of packs as it is, and for loose objects a backend of ours,
 * which reads them with zlib alone. So no caller can forget the check, and none of libgit2's own
 * walks goes round it. A commit-graph file is not used: it would be one more thing to be damaged.
 *
 * Sources: libgit2 1.5 headers (git2/sys/odb_backend.h, git_repository_set_odb); Git,
 * "gitrepository-layout" (objects/info/alternates); zlib manual (inflate); read 2026-01. */
#include "store/git_loose.h"

#include <git2/odb_backend.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <string.h>
#include <zlib.h>

#include "base/fs.h"
#include "base/mem.h"

enum {
    HEADER_MAX = 64,        /* "commit ", at most 20 digits and a NUL are 28 */
    GUARDED_MAX = 16 << 20, /* a tree of 100,000 files has 4 MiB */
    ALTERNATES_MAX = 64 << 10,
    ALTERNATES_DEPTH = 5, /* as libgit2 */
    PRIORITY_LOOSE = 1,   /* as libgit2: packs are asked first */
    PRIORITY_PACKED = 2,
};

/* -------------------------------------------------------------------- reading */

/* "commit 123" and a NUL at the beginning of the body; its length with the NUL, 0: something else.
 */
static size_t read_header(const char *text, size_t len, struct sw_loose_object *out)
{
    char type[16];
    size_t word = strcspn(text, " "), at = word + 1;
    if (word >= sizeof type || at >= len)
        return 0;
    sw_format(type, sizeof type, "%.*s", (int)word, text);
    out->type = git_object_string2type(type);
    out->len = 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9' && out->len <= SIZE_MAX / 16; at++)
        out->len = out->len * 10 + (size_t)(text[at] - '0');
    bool is_header =
        at < len && text[at] == '\0' && at > word + 1 && git_object_typeisloose(out->type);
    return is_header ? at + 1 : 0;
}

/* One byte more than the header says is room enough to see that there is more. */
static enum sw_loose inflate_body(z_stream *stream, const char *begun, size_t begun_len, size_t max,
                                  struct sw_loose_object *out)
{
    size_t head = read_header(begun, begun_len, out), had = begun_len - head;
    if (head == 0)
        return SW_LOOSE_DAMAGED;
    if (out->len > max)
        return SW_LOOSE_TOO_LARGE;
    if (had > out->len)
        return SW_LOOSE_DAMAGED;
    out->bytes = sw_xmalloc(out->len + 1);
    memcpy(out->bytes, begun + head, had);
    stream->next_out = (Bytef *)out->bytes + had;
    stream->avail_out = (uInt)(out->len + 1 - had);
    bool is_whole = inflate(stream, Z_FINISH) == Z_STREAM_END && stream->avail_in == 0 &&
                    stream->avail_out == 1;
    return is_whole ? SW_LOOSE_WHOLE : SW_LOOSE_DAMAGED;
}

static enum sw_loose inflate_object(const struct sw_buf *file, size_t max,
                                    struct sw_loose_object *out)
{
    char begun[HEADER_MAX + 1];
    z_stream stream = {.next_in = (Bytef *)file->data, .avail_in = (uInt)file->len};
    *out = (struct sw_loose_object){.type = GIT_OBJECT_INVALID};
    if (inflateInit(&stream) != Z_OK)
        return SW_LOOSE_UNREADABLE;
    stream.next_out = (Bytef *)begun;
    stream.avail_out = HEADER_MAX;
    int status = inflate(&stream, Z_SYNC_FLUSH);
    size_t begun_len = HEADER_MAX - stream.avail_out;
    begun[begun_len] = '\0';
    enum sw_loose found = SW_LOOSE_DAMAGED;
    if (status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END)
        found = inflate_body(&stream, begun, begun_len, max, out);
    sw_ignore(inflateEnd(&stream));
    return found;
}

static enum sw_loose read_file(const char *path, size_t max, struct sw_buf *out)
{
    struct sw_error err = {0};
    enum sw_code code = sw_fs_read(path, max, out, &err);
    if (code == SW_E_NOT_FOUND)
        return SW_LOOSE_ABSENT;
    if (code == SW_E_LIMIT)
        return SW_LOOSE_TOO_LARGE;
    if (code != SW_OK)
        return SW_LOOSE_UNREADABLE;
    return out->len > 0 ? SW_LOOSE_WHOLE : SW_LOOSE_DAMAGED;
}

enum sw_loose sw_git_loose_read(const char *objects_dir, const git_oid *id, size_t max,
                                struct sw_loose_object *out)
{
    char name[GIT_OID_HEXSZ + 1], path[SW_PATH_TEXT];
    struct sw_loose_object object = {.type = GIT_OBJECT_INVALID};
    struct sw_buf file;
    git_oid actual;
    git_oid_tostr(name, sizeof name, id);
    if (sw_format(path, sizeof path, "%s/%.2s/%s", objects_dir, name, name + 2))
        return SW_LOOSE_UNREADABLE;
    sw_buf_init(&file, max + 1);
    enum sw_loose found = read_file(path, max, &file);
    if (found == SW_LOOSE_WHOLE)
        found = inflate_object(&file, max, &object);
    sw_buf_clear(&file);
    if (found == SW_LOOSE_WHOLE &&
        (git_odb_hash(&actual, object.bytes, object.len, object.type) != 0 ||
         git_oid_equal(&actual, id) == 0))
        found = SW_LOOSE_DAMAGED;
    if (found == SW_LOOSE_WHOLE && out != NULL)
        *out = object;
    else
        free(object.bytes);
    return found;
}

/* ---------------------------------------------------------------------- guard */

/* Owned by the object database it was added to. */
struct guard {
    git_odb_backend parent; /* first: libgit2 hands it back to us */
    git_odb *loose;         /* libgit2's own for this folder: asked for names only */
    char dir[SW_PATH_TEXT];
    struct sw_git_damage *damage;
};

static const char *words_of(enum sw_loose found)
{
    switch (found) {
    case SW_LOOSE_DAMAGED:
        return "is damaged";
    case SW_LOOSE_TOO_LARGE:
        return "is larger than 16 MiB";
    case SW_LOOSE_ABSENT:
    case SW_LOOSE_WHOLE:
    case SW_LOOSE_UNREADABLE:
        break;
    }
    return "cannot be read";
}

/* Tells libgit2 why, and the owner if it is damage. */
static int refuse(const struct guard *guard, const git_oid *id, enum sw_loose found)
{
    char name[GIT_OID_HEXSZ + 1];
    struct sw_git_damage *damage = guard->damage;
    git_oid_tostr(name, sizeof name, id);
    sw_format(damage->last, sizeof damage->last, "object %s %s", name, words_of(found));
    if (found != SW_LOOSE_TOO_LARGE && damage->first[0] == '\0')
        sw_copy(damage->first, sizeof damage->first, damage->last);
    sw_ignore(git_error_set_str(GIT_ERROR_ODB, damage->last));
    return GIT_ERROR;
}

static int guard_read(void **bytes, size_t *len, git_object_t *type, git_odb_backend *backend,
                      const git_oid *id)
{
    const struct guard *guard = (const struct guard *)backend;
    struct sw_loose_object object;
    enum sw_loose found = sw_git_loose_read(guard->dir, id, GUARDED_MAX, &object);
    if (found == SW_LOOSE_ABSENT)
        return GIT_ENOTFOUND;
    if (found != SW_LOOSE_WHOLE)
        return refuse(guard, id, found);
    *bytes = git_odb_backend_data_alloc(backend, object.len + 1);
    if (*bytes != NULL) {
        memcpy(*bytes, object.bytes, object.len);
        ((char *)*bytes)[object.len] = '\0';
    }
    *len = object.len;
    *type = object.type;
    free(object.bytes);
    return *bytes != NULL ? 0 : GIT_ERROR;
}

/* The whole of it: a header alone proves nothing of the object behind it. */
static int guard_read_header(size_t *len, git_object_t *type, git_odb_backend *backend,
                             const git_oid *id)
{
    const struct guard *guard = (const struct guard *)backend;
    struct sw_loose_object object;
    enum sw_loose found = sw_git_loose_read(guard->dir, id, GUARDED_MAX, &object);
    if (found == SW_LOOSE_ABSENT)
        return GIT_ENOTFOUND;
    if (found != SW_LOOSE_WHOLE)
        return refuse(guard, id, found);
    *len = object.len;
    *type = object.type;
    free(object.bytes);
    return 0;
}

/* Names only, no object is read. */
static int guard_exists_prefix(git_oid *out, git_odb_backend *backend, const git_oid *id,
                               size_t len)
{
    return git_odb_exists_prefix(out, ((const struct guard *)backend)->loose, id, len);
}

static int guard_exists(git_odb_backend *backend, const git_oid *id)
{
    return git_odb_exists(((const struct guard *)backend)->loose, id);
}

static int guard_read_prefix(git_oid *out, void **bytes, size_t *len, git_object_t *type,
                             git_odb_backend *backend, const git_oid *id, size_t id_len)
{
    int status = guard_exists_prefix(out, backend, id, id_len);
    return status == 0 ? guard_read(bytes, len, type, backend, out) : status;
}

static void guard_free(git_odb_backend *backend)
{
    struct guard *guard = (struct guard *)backend;
    git_odb_free(guard->loose);
    free(guard);
}

static git_odb_backend *guard_new(const char *dir, struct sw_git_damage *damage)
{
    struct guard *guard = sw_xcalloc(1, sizeof *guard);
    git_odb_backend *loose = NULL;
    guard->damage = damage;
    guard->parent = (git_odb_backend){.version = GIT_ODB_BACKEND_VERSION,
                                      .read = guard_read,
                                      .read_prefix = guard_read_prefix,
                                      .read_header = guard_read_header,
                                      .exists = guard_exists,
                                      .exists_prefix = guard_exists_prefix,
                                      .free = guard_free};
    if (sw_copy(guard->dir, sizeof guard->dir, dir) || git_odb_new(&guard->loose) != 0 ||
        git_odb_backend_loose(&loose, dir, -1, 0, 0, 0) != 0 ||
        git_odb_add_backend(guard->loose, loose, PRIORITY_LOOSE) != 0) {
        if (loose != NULL)
            loose->free(loose);
        guard_free(&guard->parent);
        return NULL;
    }
    return &guard->parent;
}

/* -------------------------------------------------------------------- folders */

static bool add_backend(git_odb *odb, git_odb_backend *backend, int priority, bool is_alternate)
{
    if (backend == NULL)
        return false;
    int status = is_alternate ? git_odb_add_alternate(odb, backend, priority)
                              : git_odb_add_backend(odb, backend, priority);
    if (status != 0)
        backend->free(backend);
    return status == 0;
}

static bool add_folder(git_odb *odb, const char *dir, struct sw_git_damage *damage, int depth);

/* One line of objects/info/alternates. Relative ones count from dir, and only at the first level,
 * as in git. */
static bool add_alternate(git_odb *odb, const char *dir, const char *line, size_t len,
                          struct sw_git_damage *damage, int depth)
{
    char name[SW_PATH_TEXT], path[SW_PATH_TEXT];
    if (len == 0 || line[0] == '#' || (line[0] != '/' && depth > 0))
        return true;
    if (sw_format(name, sizeof name, "%.*s", (int)len, line) ||
        sw_fs_join(dir, name, path, NULL) != SW_OK)
        return false;
    return add_folder(odb, path, damage, depth + 1);
}

static bool add_alternates(git_odb *odb, const char *dir, struct sw_git_damage *damage, int depth)
{
    char path[SW_PATH_TEXT];
    struct sw_buf text;
    bool is_ok = true;
    if (depth >= ALTERNATES_DEPTH || sw_fs_join(dir, "info/alternates", path, NULL) != SW_OK)
        return true;
    sw_buf_init(&text, ALTERNATES_MAX);
    enum sw_code code = sw_fs_read(path, ALTERNATES_MAX, &text, NULL);
    const char *line = sw_buf_text(&text);
    while (code == SW_OK && is_ok && *line != '\0') {
        size_t len = strcspn(line, "\n");
        is_ok = add_alternate(odb, dir, line, len, damage, depth);
        line += len + (line[len] == '\n');
    }
    sw_buf_clear(&text);
    return is_ok && (code == SW_OK || code == SW_E_NOT_FOUND);
}

static bool add_folder(git_odb *odb, const char *dir, struct sw_git_damage *damage, int depth)
{
    git_odb_backend *packs = NULL;
    return add_backend(odb, guard_new(dir, damage), PRIORITY_LOOSE, depth > 0) &&
           git_odb_backend_pack(&packs, dir) == 0 &&
           add_backend(odb, packs, PRIORITY_PACKED, depth > 0) &&
           add_alternates(odb, dir, damage, depth);
}

enum sw_code sw_git_loose_guard(git_repository *repo, struct sw_git_damage *damage,
                                struct sw_error *err)
{
    git_buf dir = {0}; /* of the main repository, also in a linked worktree */
    git_odb *odb = NULL;
    *damage = (struct sw_git_damage){0};
    bool is_ok = git_repository_item_path(&dir, repo, GIT_REPOSITORY_ITEM_OBJECTS) == 0 &&
                 git_odb_new(&odb) == 0 && add_folder(odb, dir.ptr, damage, 0) &&
                 git_repository_set_odb(repo, odb) == 0;
    enum sw_code code =
        is_ok ? SW_OK
              : sw_fail(err, SW_E_GIT, "the objects of the repository %s cannot be looked at",
                        git_repository_path(repo));
    git_odb_free(odb);
    git_buf_dispose(&dir);
    return code;
}
