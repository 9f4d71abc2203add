/* test_git_loose.c: damaged objects of the team's repository, in the way of a tag, a commit, a tree
 * and the checklist: one clear error, and nothing that is not so is shown.
 *
 * The worst damage is a body longer than its header says: libgit2 1.5.1 writes it beyond its
 * buffer. Objects that libgit2 would not write are written here by hand, in zlib's stored form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <git2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_git_tags;

/* libgit2 1.5.1 loses a list node of 16 bytes for each walk that meets damage. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libgit2.so\n";
}

static char root[64], week[128], linked[160], borrower[128];

static void must(int status)
{
    if (status < 0)
        fail_msg("libgit2: %s", git_error_last() ? git_error_last()->message : "?");
}

/* ----------------------------------------------------------------- repository */

enum place { TAG, NEWEST, BETWEEN, OLDEST, ROOT_TREE, DOCS_TREE, BLOB, PLACE_COUNT };
static const char *const place_names[] = {"tag",  "newest commit", "commit between", "old commit",
                                          "tree", "folder",        "checklist"};
static const char *const place_specs[] = {
    "refs/tags/v2", "v2^{commit}", "v2~1", "v1", "v2^{tree}", "v2:docs", "v2:docs/RELEASE.md"};

static git_signature *signature(int64_t at_s)
{
    git_signature *who = NULL;
    must(git_signature_new(&who, "Captain", "captain@example.com", at_s, 0));
    return who;
}

static git_oid commit_at(git_repository *repo, int64_t at_s, const char *text)
{
    git_oid tree_id, id, head;
    git_index *index = NULL;
    git_tree *tree = NULL;
    git_commit *parent = NULL;
    git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = "docs/RELEASE.md"};
    must(git_repository_index(&index, repo));
    must(git_blob_create_from_buffer(&entry.id, repo, text, strlen(text)));
    must(git_index_add(index, &entry));
    must(git_index_write_tree(&tree_id, index));
    must(git_index_write(index));
    must(git_tree_lookup(&tree, repo, &tree_id));
    if (git_reference_name_to_id(&head, repo, "HEAD") == 0)
        must(git_commit_lookup(&parent, repo, &head));
    git_signature *who = signature(at_s);
    const git_commit *parents[] = {parent};
    must(git_commit_create(&id, repo, "HEAD", who, who, NULL, text, tree, parent ? 1 : 0, parents));
    git_signature_free(who);
    git_commit_free(parent);
    git_tree_free(tree);
    git_index_free(index);
    return id;
}

static void tag(git_repository *repo, const char *name, const git_oid *id, bool is_annotated)
{
    git_oid made;
    git_object *target = NULL;
    git_signature *who = signature(1767225600);
    must(git_object_lookup(&target, repo, id, GIT_OBJECT_COMMIT));
    if (is_annotated)
        must(git_tag_create(&made, repo, name, target, who, "message", 0));
    else
        must(git_tag_create_lightweight(&made, repo, name, target, 0));
    git_object_free(target);
    git_signature_free(who);
}

/* v1, one commit, v2 (annotated), and a later commit on the branch. */
static void make_week(void)
{
    git_repository *repo = NULL;
    must(git_repository_init(&repo, week, 0));
    git_oid first = commit_at(repo, 1767225600, "- [ ] one {#one}\n");
    tag(repo, "v1", &first, false);
    commit_at(repo, 1767225660, "- [ ] between {#between}\n");
    git_oid newest = commit_at(repo, 1767225720, "- [ ] two {#two}\n");
    tag(repo, "v2", &newest, true);
    commit_at(repo, 1767225780, "- [ ] head {#head}\n");
    git_repository_free(repo);
}

/* A linked worktree: its objects are in the main repository. */
static void make_linked(void)
{
    git_repository *repo = NULL;
    git_worktree *tree = NULL;
    must(git_repository_open(&repo, week));
    must(git_worktree_add(&tree, repo, "linked", linked, NULL));
    git_worktree_free(tree);
    git_repository_free(repo);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    assert_int_equal(sw_fs_write_atomic(path, bytes, len, 0600, NULL), SW_OK);
}

/* A repository with refs of its own that borrows every object, as `git clone --shared` makes it. */
static void make_borrower(void)
{
    git_repository *repo = NULL, *from = NULL;
    git_reference *made = NULL;
    git_oid id;
    char path[300];
    static const char text[] = "# borrowed\n../../../week/.git/objects\n";
    must(git_repository_open(&from, week));
    must(git_repository_init(&repo, borrower, 0));
    sw_format(path, sizeof path, "%s/.git/objects/info/alternates", borrower);
    write_file(path, text, sizeof text - 1);
    git_repository_free(repo);
    must(git_repository_open(&repo, borrower));
    for (int i = 1; i <= 2; i++) {
        sw_format(path, sizeof path, "refs/tags/v%d", i);
        must(git_reference_name_to_id(&id, from, path));
        must(git_reference_create(&made, repo, path, &id, 0, NULL));
        git_reference_free(made);
    }
    git_repository_free(repo);
    git_repository_free(from);
}

static int set_up(void **state)
{
    (void)state;
    sw_copy(root, sizeof root, "/tmp/slipway-loose-XXXXXX");
    git_libgit2_init();
    if (!mkdtemp(root))
        return -1;
    sw_format(week, sizeof week, "%s/week", root);
    sw_format(linked, sizeof linked, "%s/linked", root);
    sw_format(borrower, sizeof borrower, "%s/borrower", root);
    make_week();
    make_linked();
    make_borrower();
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    git_libgit2_shutdown();
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void name_of(enum place place, char name[GIT_OID_HEXSZ + 1])
{
    git_repository *repo = NULL;
    git_object *object = NULL;
    must(git_repository_open(&repo, week));
    must(git_revparse_single(&object, repo, place_specs[place]));
    git_oid_tostr(name, GIT_OID_HEXSZ + 1, git_object_id(object));
    git_object_free(object);
    git_repository_free(repo);
}

/* --------------------------------------------------------------------- damage */

enum damage { LONGER, SHORTER, FLIPPED, CUT, EMPTY, ZEROS, DAMAGE_COUNT };

static uint32_t adler32(const unsigned char *bytes, size_t len)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < len; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* An object that says it has `said` bytes and has `len`. Source: RFC 1950, RFC 1951 3.2.4. */
static size_t lie(size_t said, size_t len, unsigned char *out)
{
    static unsigned char plain[8192];
    sw_format((char *)plain, 32, "commit %zu", said);
    size_t head = strlen((char *)plain) + 1, all = head + len;
    memset(plain + head, 'x', len);
    const unsigned char begin[] = {0x78,
                                   0x01,
                                   0x01,
                                   (unsigned char)all,
                                   (unsigned char)(all >> 8),
                                   (unsigned char)~all,
                                   (unsigned char)(~all >> 8)};
    uint32_t sum = adler32(plain, all);
    memcpy(out, begin, sizeof begin);
    memcpy(out + sizeof begin, plain, all);
    for (int i = 0; i < 4; i++)
        out[sizeof begin + all + (size_t)i] = (unsigned char)(sum >> (24 - 8 * i));
    return sizeof begin + all + 4;
}

static size_t damaged(enum damage damage, const struct sw_buf *whole, unsigned char *out)
{
    memcpy(out, whole->data, whole->len);
    switch (damage) {
    case LONGER:
        return lie(5, 6000, out);
    case SHORTER:
        return lie(6000, 5, out);
    case FLIPPED:
        out[whole->len / 2] ^= 0x10;
        return whole->len;
    case CUT:
        return whole->len / 2;
    case ZEROS:
        memset(out, 0, whole->len);
        return whole->len;
    case EMPTY:
    case DAMAGE_COUNT:
        break;
    }
    return 0;
}

/* ------------------------------------------------------------------------ runs */

struct run {
    struct sw_flow *flow;
    enum sw_code code;
    struct sw_error err;
    const struct flow_reports *seen;
};

static void run_begin(struct run *run, const char *path)
{
    const struct flow_repository where = {.path = path,
                                          .release_tags = "v*",
                                          .checklist_file = "docs/RELEASE.md",
                                          .checklist_ref = "auto"};
    *run = (struct run){.flow = flow_new(&sw_source_git_tags, NULL)};
    flow_set_repository(run->flow, &where);
    flow_add_target(run->flow, SW_ROLE_TAGS, NULL)->tags = "v*";
    run->code = flow_observe(run->flow, &run->err);
    run->seen = flow_reports(run->flow);
}

static void check_whole(const char *path)
{
    struct run run;
    run_begin(&run, path);
    if (run.code != SW_OK)
        fail_msg("%s: %s", path, run.err.text);
    assert_int_equal(run.seen->tags[0].commit_count, 2);
    assert_string_equal(run.seen->checklist, "- [ ] two {#two}\n");
    flow_free(run.flow);
}

static void check_damaged(const char *path, enum place place, enum damage damage, const char *name)
{
    struct run run;
    char want[80];
    sw_format(want, sizeof want, "object %s is damaged", name);
    run_begin(&run, path);
    const struct sw_tags_seen *tags = &run.seen->tags[0];
    bool is_history = place <= OLDEST, is_list = place != BETWEEN && place != OLDEST;
    bool is_told = run.code == SW_E_GIT && strstr(run.err.text, want) &&
                   strstr(run.err.text, "git fsck") &&
                   (!is_history || (!tags->has_commits && strstr(tags->note, want))) &&
                   (is_history || tags->commit_count == 2) &&
                   (!is_list || (!run.seen->checklist && run.seen->checklist_error &&
                                 strstr(run.seen->checklist_error, want))) &&
                   (is_list || run.seen->checklist);
    if (!is_told || strcmp(tags->newest, "v2") != 0)
        fail_msg("%s, %s, damage %d: code %d \"%s\", newest %s, note \"%s\", list %s, \"%s\"", path,
                 place_names[place], damage, run.code, run.err.text, tags->newest, tags->note,
                 run.seen->checklist ? "read" : "not read", run.seen->checklist_error);
    flow_free(run.flow);
}

static void damage_one(const char *path, enum place place)
{
    char name[GIT_OID_HEXSZ + 1], file[300];
    struct sw_buf whole;
    unsigned char *bytes = sw_xmalloc(16384);
    name_of(place, name);
    sw_format(file, sizeof file, "%s/.git/objects/%.2s/%s", week, name, name + 2);
    sw_buf_init(&whole, 8192);
    assert_int_equal(sw_fs_read(file, 8192, &whole, NULL), SW_OK);
    for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
        write_file(file, bytes, damaged((enum damage)damage, &whole, bytes));
        check_damaged(path, place, (enum damage)damage, name);
    }
    write_file(file, whole.data, whole.len);
    sw_buf_clear(&whole);
    free(bytes);
    check_whole(path);
}

static void each_damage_in_each_place_is_told(void **state)
{
    (void)state;
    for (int place = 0; place < PLACE_COUNT; place++)
        damage_one(week, (enum place)place);
}

static void also_behind_a_linked_worktree(void **state)
{
    (void)state;
    for (int place = 0; place < PLACE_COUNT; place++)
        damage_one(linked, (enum place)place);
}

static void also_in_a_borrowed_repository(void **state)
{
    (void)state;
    for (int place = 0; place < PLACE_COUNT; place++)
        damage_one(borrower, (enum place)place);
}

/* An object that nobody asks for is nobody's error. */
static void damage_elsewhere_harms_nothing(void **state)
{
    (void)state;
    char file[300];
    struct sw_buf whole;
    git_repository *repo = NULL;
    git_oid head;
    char name[GIT_OID_HEXSZ + 1];
    must(git_repository_open(&repo, week));
    must(git_reference_name_to_id(&head, repo, "HEAD"));
    git_oid_tostr(name, sizeof name, &head);
    git_repository_free(repo);
    sw_format(file, sizeof file, "%s/.git/objects/%.2s/%s", week, name, name + 2);
    sw_buf_init(&whole, 8192);
    assert_int_equal(sw_fs_read(file, 8192, &whole, NULL), SW_OK);
    write_file(file, "", 0);
    check_whole(week);
    write_file(file, whole.data, whole.len);
    sw_buf_clear(&whole);
}

/* Packs are read by libgit2 alone: every flipped byte gives an answer, and none a wrong list. */
static int pack_all(const git_oid *id, void *arg)
{
    return git_packbuilder_insert(arg, id, NULL);
}

static char pack_path[400];
static int find_pack(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    size_t len = strlen(path);
    if (type == FTW_F && len > 5 && strcmp(path + len - 5, ".pack") == 0)
        sw_copy(pack_path, sizeof pack_path, path);
    return 0;
}

static void a_flipped_byte_in_a_pack_is_no_crash(void **state)
{
    (void)state;
    char packed[128], dir[200];
    git_repository *from = NULL, *repo = NULL;
    git_packbuilder *builder = NULL;
    git_odb *odb = NULL;
    struct sw_buf whole;
    sw_format(packed, sizeof packed, "%s/packed", root);
    sw_format(dir, sizeof dir, "%s/.git/objects/pack", packed);
    must(git_repository_open(&from, week));
    must(git_repository_init(&repo, packed, 0));
    must(git_packbuilder_new(&builder, from));
    must(git_repository_odb(&odb, from));
    must(git_odb_foreach(odb, pack_all, builder));
    must(git_packbuilder_write(builder, dir, 0600, NULL, NULL));
    for (int i = 1; i <= 2; i++) {
        git_reference *made = NULL;
        git_oid id;
        char name[32];
        sw_format(name, sizeof name, "refs/tags/v%d", i);
        must(git_reference_name_to_id(&id, from, name));
        must(git_reference_create(&made, repo, name, &id, 0, NULL));
        git_reference_free(made);
    }
    git_odb_free(odb);
    git_packbuilder_free(builder);
    git_repository_free(repo); /* libgit2 keeps an opened pack for all who ask for its name */
    git_repository_free(from);
    check_whole(packed);
    assert_int_equal(nftw(dir, find_pack, 4, FTW_PHYS), 0);
    sw_buf_init(&whole, 65536);
    assert_int_equal(sw_fs_read(pack_path, 65536, &whole, NULL), SW_OK);
    size_t hidden = 0;
    for (size_t at = 0; at < whole.len; at++) {
        struct run run;
        whole.data[at] = (char)(whole.data[at] ^ (1 << (at % 8)));
        write_file(pack_path, whole.data, whole.len);
        whole.data[at] = (char)(whole.data[at] ^ (1 << (at % 8)));
        run_begin(&run, packed);
        if (run.seen->checklist && strcmp(run.seen->checklist, "- [ ] two {#two}\n") != 0)
            fail_msg("byte %zu of %zu: another list", at, whole.len);
        hidden += run.seen->checklist == NULL;
        flow_free(run.flow);
    }
    assert_true(hidden > 0); /* the flips did reach something */
    write_file(pack_path, whole.data, whole.len);
    check_whole(packed);
    sw_buf_clear(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_damage_in_each_place_is_told),
        cmocka_unit_test(also_behind_a_linked_worktree),
        cmocka_unit_test(also_in_a_borrowed_repository),
        cmocka_unit_test(damage_elsewhere_harms_nothing),
        cmocka_unit_test(a_flipped_byte_in_a_pack_is_no_crash),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
