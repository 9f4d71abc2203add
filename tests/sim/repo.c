/*
 * DIR/repo: a real git repository with the tags of the last releases and the release checklist.
 *
 * Made anew at every start with libgit2, without a network, a hook or the user's configuration.
 * Commits are a function of the start time alone; names are neutral.
 */
#include "process.h"

#include "checklist_text.h"

#include <ftw.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct repo {
    git_repository *git;
    git_oid head;
    bool has_head;
    int64_t now_s;
};

/* One commit: who, how many hours before the start, what, and the tags set on it. */
struct step {
    const char *author;
    int hours_ago;
    const char *message;
    const char *file;
    const char *tags[8];
};

static const struct step steps[] = {
    {"Dev One", 48 * 24, "project: first skeleton of the apps and the service", "README.md", {0}},
    {"Dev Two", 47 * 24, "ios: map view draws routes", "ios/MapView.swift", {0}},
    {"Dev Three", 47 * 24 - 5, "android: share sheet", "android/ShareSheet.kt", {0}},
    {"Dev Four", 46 * 24, "api: workouts can be paged", "api/workouts.ts", {0}},
    {"Dev One", 45 * 24, "release: 2.15.1", "CHANGELOG.md",
     {"v2.15.1", "ios-v2.15.1", "android-v2.15.1", "wear-v2.15.1", "web-v2.15.1", "api-v2.15.1"}},
    {"Dev Two", 33 * 24, "ios: heart rate zones", "ios/Zones.swift", {0}},
    {"Dev Three", 31 * 24, "android: sync survives a lost network", "android/SyncWorker.kt", {0}},
    {"Dev Five", 30 * 24, "web: settings page", "web/settings.tsx", {0}},
    {"Dev Four", 28 * 24, "api: index on workouts", "api/migrations/041.sql", {0}},
    {"Dev One", 26 * 24, "release: 2.15.2", "CHANGELOG.md",
     {"v2.15.2", "ios-v2.15.2", "android-v2.15.2", "wear-v2.15.2", "web-v2.15.2", "api-v2.15.2"}},
    {"Dev Three", 20 * 24, "android: workout timer counts in the background",
     "android/WorkoutTimer.kt", {0}},
    {"Dev Two", 18 * 24, "ios: workout timer on the lock screen", "ios/WorkoutTimer.swift", {0}},
    {"Dev Six", 16 * 24, "wear: tile shows the running workout", "wear/TimerTile.kt", {0}},
    {"Dev Four", 14 * 24, "api: timer state is synchronised", "api/timer.ts", {0}},
    {"Dev Five", 13 * 24, "web: history charts load lazily", "web/history.tsx", {0}},
    {"Dev Three", 12 * 24, "android: null check in the timer service", "android/WorkoutTimer.kt",
     {0}},
    {"Dev Seven", 11 * 24, "docs: checklist of the release", "docs/RELEASE.md", {0}},
    {"Dev One", 9 * 24, "release: 2.15.3", "CHANGELOG.md",
     {"v2.15.3", "ios-v2.15.3", "android-v2.15.3", "wear-v2.15.3"}},
    {"Dev Five", 2 * 24, "web: smaller bundle", "web/bundle.ts", {"web-v2.15.3"}},
    {"Dev Four", 5, "api: rate limit per account", "api/limits.ts", {"api-v2.15.3"}},
    {"Dev Three", 3, "android: start of 2.16", "android/build.gradle.kts", {0}},
};

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* Mail from the name: "Dev One" is dev.one@example.com. */
static git_signature *signature(const char *name, int64_t at_s)
{
    char mail[64];
    git_signature *made = NULL;
    size_t n = 0;

    for (const char *at = name; *at != '\0' && n < 40; at++)
        mail[n++] = *at == ' ' ? '.' : *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    mail[n] = '\0';
    char *full = sim_printf("%s@example.com", mail);
    if (git_signature_new(&made, name, full, at_s, 60) != 0)
        made = NULL;
    free(full);
    return made;
}

static bool add_file(struct repo *repo, git_index *index, const struct step *step)
{
    git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = step->file};
    char *text = strcmp(step->file, "docs/RELEASE.md") == 0
                     ? sim_xstrdup(sim_checklist_text)
                     : sim_printf("%s\n", step->message);
    bool ok = git_blob_create_from_buffer(&entry.id, repo->git, text, strlen(text)) == 0 &&
              git_index_add(index, &entry) == 0;

    free(text);
    return ok;
}

static bool write_commit(struct repo *repo, git_index *index, const struct step *step)
{
    git_oid tree_id;
    git_tree *tree = NULL;
    git_commit *parent = NULL;
    git_signature *who = signature(step->author, repo->now_s - (int64_t)step->hours_ago * 3600);
    bool ok = who != NULL && git_index_write_tree(&tree_id, index) == 0 &&
              git_tree_lookup(&tree, repo->git, &tree_id) == 0 &&
              (!repo->has_head || git_commit_lookup(&parent, repo->git, &repo->head) == 0);

    if (ok) {
        const git_commit *parents[1] = {parent};
        ok = git_commit_create(&repo->head, repo->git, "HEAD", who, who, NULL, step->message, tree,
                               repo->has_head ? 1 : 0, parents) == 0;
        repo->has_head = true;
    }
    git_commit_free(parent);
    git_tree_free(tree);
    git_signature_free(who);
    return ok;
}

/* Even ones annotated, odd ones plain: both kinds are met in the wild. */
static bool write_tags(struct repo *repo, const struct step *step)
{
    git_object *target = NULL;
    git_signature *who =
        signature("Release Bot", repo->now_s - (int64_t)step->hours_ago * 3600 + 600);
    bool ok = who != NULL &&
              git_object_lookup(&target, repo->git, &repo->head, GIT_OBJECT_COMMIT) == 0;

    for (size_t i = 0; ok && i < 8 && step->tags[i] != NULL; i++) {
        git_oid id;
        ok = i % 2 == 0 ? git_tag_create(&id, repo->git, step->tags[i], target, who,
                                         step->tags[i], 0) == 0
                        : git_tag_create_lightweight(&id, repo->git, step->tags[i], target, 0) == 0;
    }
    git_object_free(target);
    git_signature_free(who);
    return ok;
}

static bool write_branch(struct repo *repo)
{
    git_object *tag = NULL;
    git_object *commit = NULL;
    git_reference *made = NULL;
    bool ok = git_revparse_single(&tag, repo->git, "v2.15.3") == 0 &&
              git_object_peel(&commit, tag, GIT_OBJECT_COMMIT) == 0 &&
              git_reference_create(&made, repo->git, "refs/heads/release/v2.15.3",
                                   git_object_id(commit), 0, NULL) == 0;

    git_reference_free(made);
    git_object_free(commit);
    git_object_free(tag);
    return ok;
}

static bool write_history(struct repo *repo)
{
    git_index *index = NULL;
    bool ok = git_repository_index(&index, repo->git) == 0;

    for (size_t i = 0; ok && i < sizeof steps / sizeof steps[0]; i++) {
        ok = add_file(repo, index, &steps[i]) && write_commit(repo, index, &steps[i]);
        if (ok && steps[i].tags[0] != NULL)
            ok = write_tags(repo, &steps[i]);
    }
    git_checkout_options options;
    git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
    options.checkout_strategy = GIT_CHECKOUT_FORCE;
    ok = ok && git_index_write(index) == 0 && git_checkout_head(repo->git, &options) == 0 &&
         write_branch(repo);
    git_index_free(index);
    return ok;
}

bool sim_repo_write(const char *dir, int64_t now_ms, char *error)
{
    char *path = sim_printf("%s/repo", dir);
    struct repo repo = {.now_s = now_ms / 1000};
    git_repository_init_options options;

    if (access(path, F_OK) == 0)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
    options.initial_head = "main";
    git_libgit2_init();
    bool ok = git_repository_init_ext(&repo.git, path, &options) == 0 && write_history(&repo);
    if (!ok) {
        const git_error *said = git_error_last();
        snprintf(error, 256, "cannot make the repository: %.200s",
                 said == NULL ? "unknown" : said->message);
    }
    git_repository_free(repo.git);
    git_libgit2_shutdown();
    free(path);
    return ok;
}
