/*
 * git_tags.c: tags, the commits between them, the release train and the checklist's file, from the
 * team's git repository.
 *
 * Reads only, through libgit2, which never touches the network here: what is shown is what the
 * clone has; somebody else fetches. A repository object lives as long as one flow, on its thread.
 *
 * For each platform: the newest and the previous tag of its pattern (git_tags_order.c), and the
 * commits reachable from the first and not from the second, newest first, 50 shown, at most 10,000
 * counted. For the train: the newest tag of its own pattern, a leading v cut off, and the
 * checklist's file at the release's tag, else on release/v<name>, else at HEAD.
 *
 * Guarantees: what a shallow clone or a SHA-256 repository hides is UNKNOWN with the remedy, never
 * an empty list; names and texts are cleaned; no hook, filter or command is run. A damaged loose
 * object is an error that names it (store/git_loose.h), and nothing is read in its place.
 *
 * Sources: libgit2 1.5 API reference (git_tag_foreach, git_revwalk_hide, GIT_EOWNER); Git,
 * "gitrevisions"; measured on libgit2 1.5.1: shallow, SHA-256 and foreign repositories.
 */
#include <git2.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/git_tags.h"
#include "sources/source.h"
#include "store/git_loose.h"

enum {
    WALK_MAX = 10000,
    CHECKLIST_MAX = 1 << 20,
    PART_SIZE = 256,
    SHORT_ID = 10,
};

/* One flow's view of the repository. repo is NULL for SHA-256: then there are only names. */
struct work {
    struct sw_flow *flow;
    const char *path;
    git_repository *repo;
    bool is_shallow;
    struct sw_git_damage damage; /* met while reading */
    struct git_tag_list tags;
};

/* A tag that matches a pattern. */
struct candidate {
    const struct git_tag_name *tag; /* NULL: none */
    char part[PART_SIZE];
    int64_t at_ms; /* once has_date */
    bool has_date;
};

/* --------------------------------------------------------------------- errors */

/* What libgit2 said last on this thread, from outside. */
static const char *git_words(char out[200])
{
    const git_error *error = git_error_last();
    sw_text_clean_copy(out, 200, error && error->message ? error->message : "no reason given");
    return out;
}

/* Why a look-up failed: the thing is just not there, or it cannot be read. */
static void explain(const struct work *work, int status, const char *not_there, char *out,
                    size_t size)
{
    char words[200];
    if (status != GIT_ERROR)
        sw_copy(out, size, not_there);
    else
        sw_copy(out, size, work->damage.last[0] ? work->damage.last : git_words(words));
}

/* An unsafe owner is -36; where no safe.directory is set anywhere, 1.5.1 says -3 with that key
 * (measured). The exact path is honoured there, `*` is not. */
static enum sw_code explain_open(int status, const char *path, struct sw_error *err)
{
    char words[200];
    git_words(words);
    if (status == GIT_EOWNER || strstr(words, "safe.directory"))
        return sw_fail(
            err, SW_E_DENIED,
            "repository %s belongs to another user, so git does not trust it; if you do: "
            "git config --global --add safe.directory %s",
            path, path);
    if (status == GIT_ENOTFOUND)
        return sw_fail(err, SW_E_NOT_FOUND, "there is no git repository at %s: %s", path, words);
    return sw_fail(err, SW_E_GIT, "opening the repository %s: %s", path, words);
}

/* -------------------------------------------------------------------- opening */

static int add_tag(const char *ref, git_oid *id, void *arg)
{
    struct git_tag_list *list = arg;
    char text[GIT_OID_HEXSZ + 1];
    static const char prefix[] = "refs/tags/";
    git_oid_tostr(text, sizeof text, id);
    if (sw_text_starts(ref, prefix))
        git_tag_list_add(list, ref + sizeof prefix - 1, text);
    return list->is_cut ? 1 : 0;
}

static enum sw_code open_work(struct work *work, struct sw_error *err)
{
    char words[200];
    if (git_sha256_is(work->path))
        return git_sha256_tags(work->path, &work->tags, err);
    int status = git_repository_open(&work->repo, work->path);
    if (status != 0)
        return explain_open(status, work->path, err);
    enum sw_code code = sw_git_loose_guard(work->repo, &work->damage, err);
    if (code != SW_OK)
        return code;
    work->is_shallow = git_repository_is_shallow(work->repo) == 1;
    status = git_tag_foreach(work->repo, add_tag, &work->tags);
    if (status < 0)
        return sw_fail(err, SW_E_GIT, "listing the tags of %s: %s", work->path, git_words(words));
    return SW_OK;
}

static void close_work(struct work *work)
{
    git_tag_list_clear(&work->tags);
    git_repository_free(work->repo);
}

/* -------------------------------------------------------------------- choosing */

static int64_t git_ms(git_time_t seconds)
{
    /* Until the year 9999; a commit may claim anything. */
    return seconds > 0 && seconds < INT64_C(253402300800) ? seconds * SW_SECOND_MS : 0;
}

/* The commit a tag leads to. It may name a tree, or an object that is not here: then 0 is not
 * returned and the commit stays NULL. */
static int tag_commit(const struct work *work, const char *id, git_commit **out)
{
    git_oid oid;
    git_object *object = NULL;
    *out = NULL;
    if (!work->repo || git_oid_fromstr(&oid, id) != 0)
        return GIT_ENOTFOUND;
    int status = git_object_lookup(&object, work->repo, &oid, GIT_OBJECT_ANY);
    if (status == 0)
        status = git_object_peel((git_object **)out, object, GIT_OBJECT_COMMIT);
    git_object_free(object);
    return status;
}

/* The tagger's date of an annotated tag, else the commit's; 0: not known. */
static int64_t tag_date(const struct work *work, const char *id)
{
    git_oid oid;
    git_tag *tag = NULL;
    int64_t at_ms = 0;
    if (work->repo && git_oid_fromstr(&oid, id) == 0 &&
        git_tag_lookup(&tag, work->repo, &oid) == 0 && git_tag_tagger(tag))
        at_ms = git_ms(git_tag_tagger(tag)->when.time);
    git_tag_free(tag);
    if (at_ms)
        return at_ms;
    git_commit *commit = NULL;
    if (tag_commit(work, id, &commit) == 0)
        at_ms = git_ms(git_commit_time(commit));
    git_commit_free(commit);
    return at_ms;
}

static int64_t candidate_date(const struct work *work, struct candidate *candidate)
{
    if (!candidate->has_date)
        candidate->at_ms = tag_date(work, candidate->tag->id);
    candidate->has_date = true;
    return candidate->at_ms;
}

/* By version, then by date, then by name, so that the order is total. */
static bool is_newer(const struct work *work, struct candidate *a, struct candidate *b)
{
    const struct git_tag_name *newer = a->tag, *older = b->tag;
    if (!older)
        return true;
    int order = git_version_compare(a->part, b->part);
    if (order != 0)
        return order > 0;
    int64_t a_ms = candidate_date(work, a), b_ms = candidate_date(work, b);
    return a_ms != b_ms ? a_ms > b_ms : strcmp(newer->name, older->name) > 0;
}

static void choose(const struct work *work, const char *pattern, struct candidate *newest,
                   struct candidate *previous)
{
    *newest = *previous = (struct candidate){0};
    for (size_t i = 0; pattern && i < work->tags.count; i++) {
        struct candidate next = {.tag = &work->tags.items[i]};
        if (!git_tag_part(pattern, next.tag->name, next.part, sizeof next.part))
            continue;
        if (is_newer(work, &next, newest)) {
            *previous = *newest;
            *newest = next;
        } else if (is_newer(work, &next, previous)) {
            *previous = next;
        }
    }
}

/* --------------------------------------------------------------------- commits */

static void fill_commit(git_commit *commit, struct sw_commit_seen *seen)
{
    const git_signature *author = git_commit_author(commit);
    const char *summary = git_commit_summary(commit);
    git_oid_tostr(seen->id, SHORT_ID + 1, git_commit_id(commit));
    sw_text_clean_copy(seen->subject, sizeof seen->subject, summary);
    sw_text_clean_copy(seen->author, sizeof seen->author, author ? author->name : NULL);
    seen->at_ms = author ? git_ms(author->when.time) : 0;
}

/* Counts and collects; GIT_ITEROVER at the end, else an error of libgit2. */
static int walk(struct work *work, git_revwalk *walker, struct sw_tags_seen *seen)
{
    git_oid id;
    int status = 0;
    while ((status = git_revwalk_next(&id, walker)) == 0 && seen->commit_count < WALK_MAX) {
        seen->commit_count++;
        if (seen->shown_count == SW_COMMITS_SHOWN)
            continue;
        git_commit *commit = NULL;
        status = git_commit_lookup(&commit, work->repo, &id);
        if (status != 0)
            return status;
        fill_commit(commit, &seen->commits[seen->shown_count++]);
        git_commit_free(commit);
    }
    if (status == 0)
        sw_format(seen->note, sizeof seen->note, "more than %d commits; the rest is not counted",
                  WALK_MAX);
    return status == 0 ? GIT_ITEROVER : status;
}

/* previous..newest. What cannot be walked stays unknown, with the reason in the note. */
static void read_commits(struct work *work, const struct candidate *newest,
                         const struct candidate *previous, struct sw_tags_seen *seen)
{
    char words[200];
    git_revwalk *walker = NULL;
    git_commit *from = NULL, *to = NULL;
    int status = tag_commit(work, newest->tag->id, &from);
    if (status == 0)
        status = tag_commit(work, previous->tag->id, &to);
    if (status == 0)
        status = git_revwalk_new(&walker, work->repo);
    if (status == 0)
        status = git_revwalk_sorting(walker, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
    if (status == 0)
        status = git_revwalk_push(walker, git_commit_id(from));
    if (status == 0)
        status = git_revwalk_hide(walker, git_commit_id(to));
    seen->commits = sw_xcalloc(SW_COMMITS_SHOWN, sizeof *seen->commits);
    if (status == 0)
        status = walk(work, walker, seen);
    seen->has_commits = status == GIT_ITEROVER;
    if (!seen->has_commits) {
        seen->commit_count = seen->shown_count = 0;
        explain(work, from && to ? GIT_ERROR : status,
                "a tag does not lead to a commit that is here", words, sizeof words);
        sw_format(seen->note, sizeof seen->note, "commits unknown: %s", words);
    }
    git_revwalk_free(walker);
    git_commit_free(from);
    git_commit_free(to);
}

static void report_platform(struct work *work, const struct sw_target *target)
{
    struct candidate newest, previous;
    struct sw_tags_seen seen = {.observed_at_ms = sw_flow_now(work->flow)};
    choose(work, target->tags, &newest, &previous);
    if (newest.tag) {
        git_commit *commit = NULL;
        sw_text_clean_copy(seen.newest, sizeof seen.newest, newest.tag->name);
        seen.newest_at_ms = candidate_date(work, &newest);
        sw_copy(seen.newest_commit, SHORT_ID * 4 + 1, newest.tag->id);
        if (tag_commit(work, newest.tag->id, &commit) == 0)
            git_oid_tostr(seen.newest_commit, sizeof seen.newest_commit, git_commit_id(commit));
        git_commit_free(commit);
    }
    if (previous.tag)
        sw_text_clean_copy(seen.previous, sizeof seen.previous, previous.tag->name);
    if (!newest.tag)
        sw_format(seen.note, sizeof seen.note, "no tag matches %s", target->tags);
    else if (!previous.tag)
        sw_format(seen.note, sizeof seen.note, "commits unknown: no earlier tag matches %s",
                  target->tags);
    else if (!work->repo)
        sw_copy(seen.note, sizeof seen.note,
                "commits unknown: libgit2 cannot read SHA-256 repositories; use a SHA-1 clone");
    else if (work->is_shallow)
        sw_copy(seen.note, sizeof seen.note,
                "commits unknown: the clone is shallow; run git fetch --unshallow");
    else
        read_commits(work, &newest, &previous, &seen);
    sw_flow_report_tags(work->flow, target, &seen);
    free(seen.commits);
}

/* --------------------------------------------------------------- release train */

struct release {
    const struct git_tag_name *tag; /* NULL: none */
    char name[SW_LABEL_MAX];        /* empty: unknown */
};

static const struct git_tag_name *find_tag(const struct work *work, const char *name)
{
    for (size_t i = 0; i < work->tags.count; i++)
        if (strcmp(work->tags.items[i].name, name) == 0)
            return &work->tags.items[i];
    return NULL;
}

/* A fixed name's tag is the pattern's text before its first wildcard and the name, or the name. */
static void find_release(const struct work *work, struct release *release)
{
    const char *fixed = sw_flow_release_name(work->flow);
    const char *pattern = sw_flow_release_tags(work->flow);
    *release = (struct release){0};
    if (fixed) {
        char tag[SW_LABEL_MAX * 2];
        sw_copy(release->name, sizeof release->name, fixed);
        sw_format(tag, sizeof tag, "%.*s%s", (int)strcspn(pattern ? pattern : "", "*?[\\"),
                  pattern ? pattern : "", fixed);
        release->tag = find_tag(work, tag);
        if (!release->tag)
            release->tag = find_tag(work, fixed);
        return;
    }
    struct candidate newest, previous;
    choose(work, pattern, &newest, &previous);
    if (!newest.tag)
        return;
    const char *name = newest.tag->name;
    bool has_v = name[0] == 'v' && name[1] >= '0' && name[1] <= '9';
    release->tag = newest.tag;
    sw_text_clean_copy(release->name, sizeof release->name, name + has_v);
}

static void report_release(const struct work *work, const struct release *release)
{
    char tag[SW_LABEL_MAX];
    if (!release->name[0])
        return;
    sw_text_clean_copy(tag, sizeof tag, release->tag ? release->tag->name : NULL);
    sw_flow_report_release(work->flow, release->name, tag);
}

/* ------------------------------------------------------------------- checklist */

/* Tries one revision; 0 when it exists, even if it leads to no commit. GIT_ERROR: it is there and
 * cannot be read, so no other may stand in for it. */
static int try_ref(const struct work *work, const char *spec, git_object **out)
{
    git_oid id;
    if (!sw_text_starts(spec, "refs/") && strcmp(spec, "HEAD") != 0)
        return git_revparse_single(out, work->repo, spec);
    /* The same, without the reference that 1.5.1 loses when the object cannot be read. */
    int status = git_reference_name_to_id(&id, work->repo, spec);
    return status == 0 ? git_object_lookup(out, work->repo, &id, GIT_OBJECT_ANY) : status;
}

/* Where the checklist is read: shown is the name for people. Else the last status of libgit2. */
static int find_ref(const struct work *work, const struct release *release, char *shown,
                    size_t size, git_object **out)
{
    const char *ref = sw_flow_checklist_ref(work->flow);
    char spec[SW_LABEL_MAX * 3];
    bool is_auto = !ref || strcmp(ref, "auto") == 0;
    int status = GIT_ENOTFOUND;
    sw_text_clean_copy(shown, size, is_auto ? "HEAD" : ref);
    if (!is_auto)
        return try_ref(work, ref, out);
    if (release->tag && !sw_format(spec, sizeof spec, "refs/tags/%s", release->tag->name))
        status = try_ref(work, spec, out);
    if (status == 0 || status == GIT_ERROR) {
        sw_text_clean_copy(shown, size, release->tag->name);
        return status;
    }
    static const char *const branches[] = {"refs/heads/release/v", "refs/remotes/origin/release/v"};
    for (size_t i = 0; release->name[0] && i < SW_ARRAY_LEN(branches); i++) {
        sw_format(spec, sizeof spec, "%s%s", branches[i], release->name);
        status = try_ref(work, spec, out);
        if (status == 0 || status == GIT_ERROR) {
            sw_text_clean_copy(
                shown, size, spec + strlen("refs/") + (i ? strlen("remotes/") : strlen("heads/")));
            return status;
        }
    }
    return try_ref(work, "HEAD", out);
}

/* The file's blob at a commit; why says what is wrong when it is NULL. */
static git_blob *find_blob(const struct work *work, const git_object *at, const char *file,
                           char *why, size_t size)
{
    git_object *tree = NULL;
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    git_odb *odb = NULL;
    size_t len = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    int status = git_object_peel(&tree, at, GIT_OBJECT_TREE);
    bool is_tree = status == 0;
    if (is_tree)
        status = git_tree_entry_bypath(&entry, (git_tree *)tree, file);
    if (status != 0)
        explain(work, status, is_tree ? "there is no such file" : "that revision has no files", why,
                size);
    else if (git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB &&
             git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB_EXECUTABLE)
        sw_copy(why, size, "it is not a regular file");
    else if (git_repository_odb(&odb, work->repo) == 0 &&
             git_odb_read_header(&len, &type, odb, git_tree_entry_id(entry)) == 0 &&
             len > CHECKLIST_MAX) /* before it is read */
        sw_copy(why, size, "it is larger than 1 MiB");
    else if (git_blob_lookup(&blob, work->repo, git_tree_entry_id(entry)) != 0)
        explain(work, GIT_ERROR, "", why, size);
    git_odb_free(odb);
    git_tree_entry_free(entry);
    git_object_free(tree);
    return blob;
}

static void report_checklist(const struct work *work, const struct release *release)
{
    const char *file = sw_flow_checklist_file(work->flow);
    char shown[SW_LABEL_MAX], why[200] = "", reason[SW_LINE_MAX * 2];
    if (!file)
        return;
    if (!work->repo) {
        sw_flow_report_checklist_error(
            work->flow, "libgit2 cannot read SHA-256 repositories, so the checklist is not known");
        return;
    }
    git_object *at = NULL;
    git_blob *blob = NULL;
    int status = find_ref(work, release, shown, sizeof shown, &at);
    if (status == 0)
        blob = find_blob(work, at, file, why, sizeof why);
    else
        explain(work, status, "there is no such revision in the repository", why, sizeof why);
    if (blob) {
        sw_flow_report_checklist(work->flow, file, shown, git_blob_rawcontent(blob),
                                 (size_t)git_blob_rawsize(blob));
    } else {
        sw_format(reason, sizeof reason, "%s at %s: %s", file, shown, why);
        sw_flow_report_checklist_error(work->flow, reason);
    }
    git_blob_free(blob);
    git_object_free(at);
}

/* ------------------------------------------------------------------------ flow */

static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    struct work work = {.flow = flow, .path = sw_flow_repository(flow)};
    struct release release;
    if (!work.path)
        return sw_fail(err, SW_E_CONFIG,
                       "no repository is configured: add repository: {path: ...}");
    if (git_libgit2_init() < 0)
        return sw_fail(err, SW_E_GIT, "libgit2 does not start");
    enum sw_code code = open_work(&work, err);
    if (code == SW_OK) {
        for (size_t i = 0; i < sw_flow_target_count(flow); i++)
            if (sw_flow_target(flow, i)->role == SW_ROLE_TAGS && sw_flow_target(flow, i)->tags)
                report_platform(&work, sw_flow_target(flow, i));
        find_release(&work, &release);
        report_release(&work, &release);
        report_checklist(&work, &release);
        if (work.damage.first[0])
            code = sw_fail(err, SW_E_GIT, "repository %s: %s; `git fsck` there tells more",
                           work.path, work.damage.first);
        else if (work.tags.is_cut)
            code = sw_fail(err, SW_E_LIMIT, "%s has more than %d tags; the rest was not looked at",
                           work.path, GIT_TAGS_MAX);
    } else if (sw_flow_checklist_file(flow)) {
        sw_flow_report_checklist_error(flow, "the repository could not be read");
    }
    close_work(&work);
    sw_ignore(git_libgit2_shutdown());
    return code;
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    (void)target;
    sw_copy(key, size, "repository");
}

/* The repository and the patterns stand elsewhere in the configuration. */
static const struct sw_option account_options[] = {{0}};

const struct sw_source_kind sw_source_git_tags = {
    .name = "git_tags",
    .title = "git",
    .summary = "tags, commits between them and the checklist, from the local clone",
    .can = SW_CAN_TAGS,
    .account_options = account_options,
    .interval_s = 60,
    .stale_after_s = 600,
    .budget = {.concurrent = 1},
    .unit_key = unit_key,
    .observe = observe,
};
