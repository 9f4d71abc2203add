/*
 * fs.h: private directories, whole files, and locks between processes.
 *
 * Everything is created private (0700, 0600) and close-on-exec. Paths are fixed buffers of
 * SW_PATH_TEXT bytes; a longer one is SW_E_LIMIT. Errors name the path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

#define SW_PATH_TEXT 1024

enum sw_xdg { SW_XDG_CONFIG, SW_XDG_STATE, SW_XDG_CACHE, SW_XDG_DATA };

/* $XDG_..._HOME (only when absolute) or its default under the home directory, plus "/" + rest. */
enum sw_code sw_fs_xdg(enum sw_xdg kind, const char *rest, char out[SW_PATH_TEXT],
                       struct sw_error *err);
/* A leading "~" or "~/" becomes the home directory; "~name" is refused. */
enum sw_code sw_fs_expand(const char *path, char out[SW_PATH_TEXT], struct sw_error *err);
/* dir + "/" + name; an absolute name stands alone. */
enum sw_code sw_fs_join(const char *dir, const char *name, char out[SW_PATH_TEXT],
                        struct sw_error *err);

/* Creates the directory and its parents, each 0700. An existing one must be a directory. */
enum sw_code sw_fs_mkdirs(const char *path, struct sw_error *err);
/* The same, and the last one must be ours and writable by nobody else. SW_E_DENIED. */
enum sw_code sw_fs_private_dir(const char *path, struct sw_error *err);

/* Appends the whole regular file to out. SW_E_NOT_FOUND, SW_E_DENIED, SW_E_LIMIT (over
 * max_bytes or over the buffer), SW_E_IO. */
enum sw_code sw_fs_read(const char *path, size_t max_bytes, struct sw_buf *out,
                        struct sw_error *err);
/* Readers see the old file or the new one, also after a power cut: temporary file in the same
 * directory, fsync, rename, fsync of the directory. mode: e.g. 0600. */
enum sw_code sw_fs_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode,
                                struct sw_error *err);
bool sw_fs_exists(const char *path);

/* An exclusive lock on a file (flock), gone with the process however it ends. It excludes other
 * processes and other holders in this one. A child of fork shares it until it execs or exits.
 * The file stays; it holds the pid of the last holder as text, for people. */
struct sw_lock {
    int fd; /* valid only while is_held */
    bool is_held;
};

/* SW_E_BUSY when somebody else holds it (the text names the pid). */
enum sw_code sw_lock_try(struct sw_lock *lock, const char *path,
                         struct sw_error *err) SW_WARN_UNUSED;
/* Waits until deadline_mono_ms, then SW_E_BUSY. */
enum sw_code sw_lock_wait(struct sw_lock *lock, const char *path, int64_t deadline_mono_ms,
                          struct sw_error *err) SW_WARN_UNUSED;
/* Does somebody hold it, in this process or another? Takes nothing that keeps others from asking;
 * a sw_lock_try just then may see SW_E_BUSY. False also when that cannot be told. */
bool sw_lock_is_taken(const char *path);
/* Does nothing when it is not held. */
void sw_lock_release(struct sw_lock *lock);
