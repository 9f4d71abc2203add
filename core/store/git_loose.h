/* git_loose.h: reading the loose objects of a git repository, whatever their bytes are.
 *
 * libgit2 1.5.1 writes beyond its buffer when a loose object's body is longer than its header says
 * (seen with the address sanitizer and a flipped byte), and reads for ever when its file is cut
 * short, also as a stream (seen; the loop is around inflate). So it does not read them: here an
 * object is inflated within the length it says, hashed and compared with its name, and what is not
 * whole is damage.
 * Objects in packs do not come through here: libgit2 reads those, and hashes what it read. */
#pragma once

#include <git2.h>

#include "base/error.h"

enum sw_loose {
    SW_LOOSE_ABSENT = 0, /* no such loose object; it may be in a pack */
    SW_LOOSE_WHOLE,
    SW_LOOSE_DAMAGED,
    SW_LOOSE_TOO_LARGE,
    SW_LOOSE_UNREADABLE, /* the system refused, or it is no regular file */
};

struct sw_loose_object {
    git_object_t type;
    size_t len;
    char *bytes; /* malloc'd, of len */
};

/* Reads the object of that name in the folder objects_dir; no more than max bytes, compressed or
 * not. *out is filled when it is WHOLE; NULL: only the check. */
enum sw_loose sw_git_loose_read(const char *objects_dir, const git_oid *id, size_t max,
                                struct sw_loose_object *out);

/* What could not be read, in words; empty: nothing. libgit2 keeps no reason through its layers. */
struct sw_git_damage {
    char first[160]; /* damage only */
    char last[160];  /* also what is too large */
};

/* From here on every loose object that any function of libgit2 reads of this repository, of the one
 * it is a linked worktree of, and of its alternates, has passed sw_git_loose_read. To be called
 * before the first object is read. For reading only: nothing can be written afterwards.
 * damage must live as long as repo. Errors: SW_E_GIT. */
enum sw_code sw_git_loose_guard(git_repository *repo, struct sw_git_damage *damage,
                                struct sw_error *err);
