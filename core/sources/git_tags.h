/*
 * git_tags.h: what the files of the git source share.
 *
 * git_tags.c         the kind and its flow: tags, commits between them, release train, checklist
 * git_tags_order.c   which tag is newer; pure
 * git_tags_sha256.c  tags of a repository that libgit2 cannot open; files only
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The part of a tag that the pattern's wildcards stand for: what is left without the pattern's text
 * before its first and behind its last wildcard, digits of a version before it (v2.*) included.
 * False when the tag does not match. Patterns are shell globs; as with `git tag --list`, `*` also
 * matches a slash. out may be cut. */
bool git_tag_part(const char *pattern, const char *tag, char *out, size_t size);

/* Orders two such parts as versions: below 0, 0, above 0.
 * 2.9 < 2.10 < 2.10.1; missing numbers are 0; a pre-release (2.10-rc.1, 2.10rc1) is below its
 * release, and parts of it compare number by number (rc2 < rc10); then the build behind a `+`.
 * A leading v does not count. What does not begin with a digit is below every version, and all such
 * are equal here: the date decides. */
int git_version_compare(const char *a, const char *b);

struct git_tag_name {
    char *name; /* without refs/tags/, as stored: any bytes */
    char id[65];
};

struct git_tag_list {
    size_t count;
    struct git_tag_name *items;
    bool is_cut; /* there are more */
};

enum { GIT_TAGS_MAX = 50000 };

/* Takes copies; beyond GIT_TAGS_MAX it only marks the list as cut. */
void git_tag_list_add(struct git_tag_list *list, const char *name, const char *id);
void git_tag_list_clear(struct git_tag_list *list);

/* Is this a repository whose objects are named by SHA-256? libgit2 1.5 cannot open one. */
bool git_sha256_is(const char *path);
/* Its tags, from packed-refs and refs/tags. Errors: SW_E_IO. */
enum sw_code git_sha256_tags(const char *path, struct git_tag_list *list, struct sw_error *err);
