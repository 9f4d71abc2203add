/* test_git_tags.c: which tag is newer, and real repositories made with libgit2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <git2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "sources/git_tags.h"
#include "support/flow.h"

extern const struct sw_source_kind sw_source_git_tags;

/* -------------------------------------------------------------------- order */

static void test_versions_in_order(void **state)
{
    (void)state;
    /* Each is older than the next. */
    static const char *const ascending[] = {
        "nightly",
        "0",
        "0.9",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc1",
        "1.0.0-rc2",
        "1.0.0-rc10",
        "1.0.0",
        "1.0.0.1",
        "2.9",
        "2.10",
        "2.10.1",
        "v2.11",
        "2.15.3",
        "2.15.3+20250114.1",
        "2.15.3+20250114.2",
        "2.15.10",
        "99999999999999999999999999",
        "99999999999999999999999999.1",
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(ascending); i++)
        for (size_t k = 0; k < SW_ARRAY_LEN(ascending); k++) {
            int order = git_version_compare(ascending[i], ascending[k]);
            int expected = (i > k) - (i < k);
            if ((order > 0) - (order < 0) != expected)
                fail_msg("%s against %s: %d", ascending[i], ascending[k], order);
        }
}

static void test_equal_versions(void **state)
{
    (void)state;
    static const char *const equal[][2] = {
        {"1", "1.0.0"}, {"v1.2", "1.2"},       {"01.2", "1.2"},    {"nightly", "stable"},
        {"", "x"},      {"1.0-rc1", "1.0rc1"}, {"8_21_0", "8.21"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(equal); i++)
        if (git_version_compare(equal[i][0], equal[i][1]) != 0)
            fail_msg("%s against %s", equal[i][0], equal[i][1]);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *tag, *part; /* NULL: no match */
    } cases[] = {
        {"ios-v*", "ios-v2.15.3", "2.15.3"},
        {"ios-v*", "android-v2.15.3", NULL},
        {"v*", "v1.0", "1.0"},
        {"v*", "ios-v1.0", NULL},
        {"*-release", "2.0-release", "2.0"},
        {"rel/*/app", "rel/2.0/app", "2.0"},
        {"*", "1.0", "1.0"},
        {"v?.?", "v1.2", "1.2"},
        {"v[0-9]*", "v1.2", "1.2"},
        {"v1*1", "v11", "1"},
        {"v2.*", "v2.15.3", "2.15.3"},
        {"v2*", "v21.0", "21.0"},
        {"curl-8*", "curl-8_21_0", "8_21_0"},
        {"plain", "plain", ""},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char part[64] = "untouched";
        bool is_match = git_tag_part(cases[i].pattern, cases[i].tag, part, sizeof part);
        if (is_match != (cases[i].part != NULL) || (is_match && strcmp(part, cases[i].part) != 0))
            fail_msg("%s on %s: %d \"%s\"", cases[i].pattern, cases[i].tag, is_match, part);
    }
    char small[4];
    assert_true(git_tag_part("v*", "v1.2.3.4", small, sizeof small));
    assert_string_equal(small, "1.2");
}

/* ------------------------------------------------------------- repositories */

static char root[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    sw_copy(root, sizeof root, "/tmp/slipway-git-XXXXXX");
    git_libgit2_init();
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    git_libgit2_shutdown();
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void must(int status)
{
    if (status < 0)
        fail_msg("libgit2: %s", git_error_last() ? git_error_last()->message : "?");
}

static git_signature *signature(int64_t at_s)
{
    git_signature *who = NULL;
    must(git_signature_new(&who, "Release \x1b[31mCaptain", "captain@example.com", at_s, 60));
    return who;
}

/* A commit on top of HEAD (or the first), holding docs/RELEASE.md with this text (NULL: as before).
 */
static git_oid commit_at(git_repository *repo, const char *message, int64_t at_s, const char *text)
{
    git_oid blob, tree_id, id, head;
    git_index *index = NULL;
    git_tree *tree = NULL;
    git_commit *parent = NULL;
    must(git_repository_index(&index, repo));
    if (text) {
        git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = "docs/RELEASE.md"};
        must(git_blob_create_from_buffer(&blob, repo, text, strlen(text)));
        entry.id = blob;
        must(git_index_add(index, &entry));
    }
    must(git_index_write_tree(&tree_id, index));
    must(git_index_write(index));
    must(git_tree_lookup(&tree, repo, &tree_id));
    if (git_reference_name_to_id(&head, repo, "HEAD") == 0)
        must(git_commit_lookup(&parent, repo, &head));
    git_signature *who = signature(at_s);
    const git_commit *parents[] = {parent};
    must(git_commit_create(&id, repo, "HEAD", who, who, NULL, message, tree, parent ? 1 : 0,
                           parents));
    git_signature_free(who);
    git_commit_free(parent);
    git_tree_free(tree);
    git_index_free(index);
    return id;
}

static void light_tag(git_repository *repo, const char *name, const git_oid *id)
{
    git_reference *ref = NULL;
    char full[200];
    sw_format(full, sizeof full, "refs/tags/%s", name);
    must(git_reference_create(&ref, repo, full, id, 0, NULL));
    git_reference_free(ref);
}

static void annotated_tag(git_repository *repo, const char *name, const git_oid *id, int64_t at_s)
{
    git_oid tag;
    git_object *target = NULL;
    git_signature *who = signature(at_s);
    must(git_object_lookup(&target, repo, id, GIT_OBJECT_ANY));
    must(git_tag_create(&tag, repo, name, target, who, "message", 0));
    git_object_free(target);
    git_signature_free(who);
}

static git_repository *new_repository(const char *name, char path[128])
{
    git_repository *repo = NULL;
    sw_format(path, 128, "%s/%s", root, name);
    must(git_repository_init(&repo, path, 0));
    return repo;
}

static struct sw_flow *new_flow(const struct flow_repository *repository, const char *pattern)
{
    struct sw_flow *flow = flow_new(&sw_source_git_tags, NULL);
    flow_set_repository(flow, repository);
    if (pattern)
        flow_add_target(flow, SW_ROLE_TAGS, NULL)->tags = pattern;
    return flow;
}

static void expect_ok(struct sw_flow *flow)
{
    struct sw_error err = {0};
    enum sw_code code = flow_observe(flow, &err);
    if (code != SW_OK)
        fail_msg("code %d: %s", code, err.text);
}

enum { T0 = 1767225600 }; /* 2026-01-01T00:00:00Z */

/* Two ios tags with two commits between, an android tag, a train tag. */
static git_repository *rollout_week(const char *name, char path[128])
{
    git_repository *repo = new_repository(name, path);
    git_oid a = commit_at(repo, "first", T0, "- [ ] one {#one}\n");
    light_tag(repo, "ios-v2.9.0", &a);
    light_tag(repo, "v2.9.0", &a);
    commit_at(repo, "second\n\nbody", T0 + 60, NULL);
    git_oid c = commit_at(repo,
                          "third \xe2\x80\xae"
                          "evil\x07",
                          T0 + 120, "- [ ] two {#two}\n");
    annotated_tag(repo, "ios-v2.10.0", &c, T0 + 600);
    light_tag(repo, "android-v2.9.0", &c);
    annotated_tag(repo, "v2.10.0", &c, T0 + 700);
    commit_at(repo, "after", T0 + 180, "- [ ] head {#head}\n");
    return repo;
}

static void test_tags_and_commits(void **state)
{
    (void)state;
    char path[128], id[48];
    git_repository *repo = rollout_week("week", path);
    const struct flow_repository where = {.path = path, .release_tags = "v*"};
    struct sw_flow *flow = new_flow(&where, "ios-v*");
    flow_add_target(flow, SW_ROLE_TAGS, NULL)->tags = "android-v*";
    flow_add_target(flow, SW_ROLE_TAGS, NULL)->tags = "wear-v*";
    expect_ok(flow);
    const struct sw_tags_seen *ios = &flow_reports(flow)->tags[0];
    assert_string_equal(ios->newest, "ios-v2.10.0"); /* not 2.9.0, as text would have it */
    assert_string_equal(ios->previous, "ios-v2.9.0");
    assert_true(ios->newest_at_ms == (int64_t)(T0 + 600) * 1000); /* the tagger's date */
    assert_true(ios->has_commits);
    assert_int_equal(ios->commit_count, 2);
    assert_int_equal(ios->shown_count, 2);
    assert_string_equal(ios->commits[0].subject, "third \xef\xbf\xbd"
                                                 "evil\xef\xbf\xbd");
    assert_string_equal(ios->commits[1].subject, "second");
    assert_string_equal(ios->commits[0].author, "Release \xef\xbf\xbd[31mCaptain");
    assert_true(ios->commits[0].at_ms == (int64_t)(T0 + 120) * 1000);
    assert_int_equal(strlen(ios->commits[0].id), 10);
    git_object *tagged = NULL;
    must(git_revparse_single(&tagged, repo, "ios-v2.10.0^{commit}"));
    git_oid_tostr(id, sizeof id, git_object_id(tagged));
    assert_string_equal(ios->newest_commit, id);
    assert_memory_equal(ios->commits[0].id, id, 10);
    git_object_free(tagged);

    const struct sw_tags_seen *android = &flow_reports(flow)->tags[1];
    assert_string_equal(android->newest, "android-v2.9.0");
    assert_true(android->newest_at_ms == (int64_t)(T0 + 120) * 1000); /* the commit's */
    assert_string_equal(android->previous, "");
    assert_false(android->has_commits);
    assert_non_null(strstr(android->note, "no earlier tag matches android-v*"));
    assert_string_equal(flow_reports(flow)->tags[2].newest, "");
    assert_string_equal(flow_reports(flow)->tags[2].note, "no tag matches wear-v*");
    git_repository_free(repo);
    flow_free(flow);
}

static void test_release_and_checklist(void **state)
{
    (void)state;
    static const struct {
        const char *name, *ref; /* of the configuration */
        const char *branch;     /* made first, at HEAD; NULL: none */
        const char *release, *tag, *shown, *text;
    } cases[] = {
        {NULL, "auto", NULL, "2.10.0", "v2.10.0", "v2.10.0", "- [ ] two {#two}\n"},
        {"2.9.0", "auto", NULL, "2.9.0", "v2.9.0", "v2.9.0", "- [ ] one {#one}\n"},
        {"2.11.0", "auto", NULL, "2.11.0", "", "HEAD", "- [ ] head {#head}\n"},
        {"2.11.0", "auto", "release/v2.11.0", "2.11.0", "", "release/v2.11.0",
         "- [ ] head {#head}\n"},
        {NULL, "v2.9.0", NULL, "2.10.0", "v2.10.0", "v2.9.0", "- [ ] one {#one}\n"},
        {NULL, "HEAD", NULL, "2.10.0", "v2.10.0", "HEAD", "- [ ] head {#head}\n"},
    };
    char path[128];
    git_repository *repo = rollout_week("train", path);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        if (cases[i].branch) {
            git_object *head = NULL;
            git_reference *branch = NULL;
            must(git_revparse_single(&head, repo, "HEAD"));
            must(git_branch_create(&branch, repo, cases[i].branch, (git_commit *)head, 0));
            git_reference_free(branch);
            git_object_free(head);
        }
        const struct flow_repository where = {.path = path,
                                              .release_tags = "v*",
                                              .checklist_file = "docs/RELEASE.md",
                                              .checklist_ref = cases[i].ref,
                                              .release_name = cases[i].name};
        struct sw_flow *flow = new_flow(&where, NULL);
        expect_ok(flow);
        const struct flow_reports *r = flow_reports(flow);
        if (!r->release || strcmp(r->release, cases[i].release) != 0 ||
            strcmp(r->release_tag, cases[i].tag) != 0 || !r->checklist ||
            strcmp(r->checklist, cases[i].text) != 0 ||
            strcmp(r->checklist_ref, cases[i].shown) != 0)
            fail_msg("case %zu: release %s, tag %s, at %s, error %s", i, r->release, r->release_tag,
                     r->checklist_ref, r->checklist_error);
        flow_free(flow);
    }
    git_repository_free(repo);
}

static void test_checklist_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *file, *ref, *text;
    } cases[] = {
        {"docs/NONE.md", "HEAD", "docs/NONE.md at HEAD: there is no such file"},
        {"docs", "HEAD", "docs at HEAD: it is not a regular file"},
        {"docs/RELEASE.md", "v9", "docs/RELEASE.md at v9: there is no such revision"},
        {"big", "HEAD", "it is larger than 1 MiB"},
    };
    char path[128];
    git_repository *repo = rollout_week("unreadable", path);
    char *big = sw_xmalloc((1 << 20) + 2);
    memset(big, 'x', (1 << 20) + 1);
    git_index *index = NULL;
    git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = "big"};
    must(git_blob_create_from_buffer(&entry.id, repo, big, (1 << 20) + 1));
    must(git_repository_index(&index, repo));
    must(git_index_add(index, &entry));
    must(git_index_write(index));
    git_index_free(index);
    commit_at(repo, "big", T0 + 500, NULL);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        const struct flow_repository where = {
            .path = path, .checklist_file = cases[i].file, .checklist_ref = cases[i].ref};
        struct sw_flow *flow = new_flow(&where, NULL);
        expect_ok(flow);
        const struct flow_reports *r = flow_reports(flow);
        if (r->checklist || !r->checklist_error || !strstr(r->checklist_error, cases[i].text))
            fail_msg("%s at %s: %s", cases[i].file, cases[i].ref, r->checklist_error);
        flow_free(flow);
    }
    free(big);
    git_repository_free(repo);
}

/* Fifty are shown, all are counted. */
static void test_many_commits(void **state)
{
    (void)state;
    char path[128];
    git_repository *repo = new_repository("many", path);
    git_oid id = commit_at(repo, "0", T0, "x");
    light_tag(repo, "v1", &id);
    for (int i = 1; i <= 60; i++) {
        char message[16];
        sw_format(message, sizeof message, "%d", i);
        id = commit_at(repo, message, T0 + i, NULL);
    }
    light_tag(repo, "v2", &id);
    const struct flow_repository where = {.path = path};
    struct sw_flow *flow = new_flow(&where, "v*");
    expect_ok(flow);
    const struct sw_tags_seen *seen = &flow_reports(flow)->tags[0];
    assert_int_equal(seen->commit_count, 60);
    assert_int_equal(seen->shown_count, 50);
    assert_string_equal(seen->commits[0].subject, "60");
    assert_string_equal(seen->commits[49].subject, "11");
    assert_string_equal(seen->note, "");
    git_repository_free(repo);
    flow_free(flow);
}

/* A shallow clone is one with a file that names where its history was cut. */
static void test_shallow_clone_shows_tags_only(void **state)
{
    (void)state;
    char path[128], file[200], line[64];
    git_repository *repo = rollout_week("shallow", path);
    git_oid id;
    must(git_reference_name_to_id(&id, repo, "refs/tags/ios-v2.9.0"));
    git_oid_tostr(line, 41, &id);
    sw_format(line + 40, 2, "\n");
    sw_format(file, sizeof file, "%s/.git/shallow", path);
    assert_int_equal(sw_fs_write_atomic(file, line, 41, 0600, NULL), SW_OK);
    const struct flow_repository where = {.path = path};
    struct sw_flow *flow = new_flow(&where, "ios-v*");
    expect_ok(flow);
    const struct sw_tags_seen *seen = &flow_reports(flow)->tags[0];
    assert_string_equal(seen->newest, "ios-v2.10.0");
    assert_string_equal(seen->previous, "ios-v2.9.0");
    assert_false(seen->has_commits);
    assert_int_equal(seen->commit_count, 0);
    assert_string_equal(seen->note,
                        "commits unknown: the clone is shallow; run git fetch --unshallow");
    git_repository_free(repo);
    flow_free(flow);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char file[300];
    sw_format(file, sizeof file, "%s/%s", dir, name);
    assert_int_equal(sw_fs_write_atomic(file, text, strlen(text), 0600, NULL), SW_OK);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void test_sha256_repository_shows_tags_only(void **state)
{
    (void)state;
    char path[128], tags[200], nested[250];
    sw_format(path, sizeof path, "%s/sha256", root);
    sw_format(tags, sizeof tags, "%s/.git/refs/tags", path);
    sw_format(nested, sizeof nested, "%s/ios", tags);
    assert_int_equal(sw_fs_mkdirs(nested, NULL), SW_OK);
    sw_format(tags, sizeof tags, "%s/.git", path);
    write_file(tags, "HEAD", "ref: refs/heads/main\n");
    write_file(tags, "config",
               "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n");
    write_file(tags, "packed-refs",
               "# pack-refs with: peeled\n" ID "0 refs/tags/ios/v2.9\n^" ID "f\n" ID
               "1 refs/heads/main\n" ID "2 refs/tags/ios/v2.10\nshort refs/tags/ios/v3\n");
    write_file(nested, "v2.10", ID "3\n");
    write_file(nested, "v2.8", ID "4\n");
    write_file(nested, "v4.0", "ref: refs/tags/ios/v2.8\n");
    const struct flow_repository where = {.path = path,
                                          .release_tags = "ios/v*",
                                          .checklist_file = "docs/RELEASE.md",
                                          .checklist_ref = "auto"};
    struct sw_flow *flow = new_flow(&where, "ios/v*");
    expect_ok(flow);
    const struct sw_tags_seen *seen = &flow_reports(flow)->tags[0];
    assert_string_equal(seen->newest, "ios/v2.10");
    assert_memory_equal(seen->newest_commit, ID "3", 40); /* the loose one wins */
    assert_string_equal(seen->previous, "ios/v2.9");
    assert_false(seen->has_commits);
    assert_non_null(strstr(seen->note, "libgit2 cannot read SHA-256"));
    assert_true(seen->newest_at_ms == 0);
    assert_string_equal(flow_reports(flow)->release_tag, "ios/v2.10");
    assert_non_null(strstr(flow_reports(flow)->checklist_error, "SHA-256"));
    flow_free(flow);
}

static void test_a_tag_of_a_tree_has_no_commits(void **state)
{
    (void)state;
    char path[128];
    git_repository *repo = new_repository("tree", path);
    git_oid id = commit_at(repo, "first", T0, "x");
    git_object *tree = NULL;
    light_tag(repo, "v1", &id);
    must(git_revparse_single(&tree, repo, "HEAD^{tree}"));
    light_tag(repo, "v2", git_object_id(tree));
    const struct flow_repository where = {.path = path};
    struct sw_flow *flow = new_flow(&where, "v*");
    expect_ok(flow);
    assert_string_equal(flow_reports(flow)->tags[0].newest, "v2");
    assert_false(flow_reports(flow)->tags[0].has_commits);
    assert_non_null(strstr(flow_reports(flow)->tags[0].note, "does not lead to a commit"));
    git_object_free(tree);
    git_repository_free(repo);
    flow_free(flow);
}

/* Names that are no versions: the date decides; hostile bytes are cleaned. */
static void test_names_without_versions_go_by_date(void **state)
{
    (void)state;
    char path[128];
    git_repository *repo = new_repository("names", path);
    git_oid a = commit_at(repo, "a", T0, "x");
    light_tag(repo, "rel-zebra", &a);
    git_oid b = commit_at(repo, "b", T0 + 10, NULL);
    light_tag(repo,
              "rel-\xe2\x80\xae"
              "apple\xff",
              &b);
    const struct flow_repository where = {.path = path};
    struct sw_flow *flow = new_flow(&where, "rel-*");
    expect_ok(flow);
    assert_string_equal(flow_reports(flow)->tags[0].newest, "rel-\xef\xbf\xbd"
                                                            "apple\xef\xbf\xbd");
    assert_string_equal(flow_reports(flow)->tags[0].previous, "rel-zebra");
    assert_int_equal(flow_reports(flow)->tags[0].commit_count, 1);
    git_repository_free(repo);
    flow_free(flow);
}

static void test_repositories_that_cannot_be_opened(void **state)
{
    (void)state;
    char nowhere[128];
    struct sw_error err = {0};
    sw_format(nowhere, sizeof nowhere, "%s/nowhere", root);
    const struct flow_repository where = {.path = nowhere, .checklist_file = "x"};
    struct sw_flow *flow = new_flow(&where, "v*");
    assert_int_equal(flow_observe(flow, &err), SW_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "there is no git repository at"));
    assert_false(flow_reports(flow)->has_tags[0]);
    assert_non_null(flow_reports(flow)->checklist_error);
    flow_free(flow);

    const struct flow_repository none = {.path = NULL};
    flow = new_flow(&none, "v*");
    assert_int_equal(flow_observe(flow, &err), SW_E_CONFIG);
    flow_free(flow);
}

static void test_a_foreign_repository_is_explained(void **state)
{
    (void)state;
    char path[128];
    git_repository *repo = rollout_week("foreign", path);
    git_repository_free(repo);
    if (geteuid() != 0 || chown(path, 12345, 12345) != 0) {
        print_message("SKIPPED: only root can give a repository away\n");
        return;
    }
    struct sw_error err = {0};
    const struct flow_repository where = {.path = path};
    struct sw_flow *flow = new_flow(&where, "v*");
    assert_int_equal(flow_observe(flow, &err), SW_E_DENIED);
    assert_non_null(strstr(err.text, "git config --global --add safe.directory /tmp/slipway-git-"));
    flow_free(flow);
    assert_int_equal(chown(path, 0, 0), 0);
}

static void test_an_empty_repository(void **state)
{
    (void)state;
    char path[128];
    git_repository *repo = new_repository("empty", path);
    const struct flow_repository where = {
        .path = path, .release_tags = "v*", .checklist_file = "x", .checklist_ref = "auto"};
    struct sw_flow *flow = new_flow(&where, "v*");
    expect_ok(flow);
    assert_string_equal(flow_reports(flow)->tags[0].note, "no tag matches v*");
    assert_null(flow_reports(flow)->release);
    assert_string_equal(flow_reports(flow)->checklist_error,
                        "x at HEAD: there is no such revision in the repository");
    git_repository_free(repo);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_in_order),
        cmocka_unit_test(test_equal_versions),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_tags_and_commits),
        cmocka_unit_test(test_release_and_checklist),
        cmocka_unit_test(test_checklist_that_cannot_be_read),
        cmocka_unit_test(test_many_commits),
        cmocka_unit_test(test_shallow_clone_shows_tags_only),
        cmocka_unit_test(test_sha256_repository_shows_tags_only),
        cmocka_unit_test(test_a_tag_of_a_tree_has_no_commits),
        cmocka_unit_test(test_names_without_versions_go_by_date),
        cmocka_unit_test(test_repositories_that_cannot_be_opened),
        cmocka_unit_test(test_a_foreign_repository_is_explained),
        cmocka_unit_test(test_an_empty_repository),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
