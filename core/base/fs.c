/*
 * fs.c: see fs.h.
 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

#define READ_STEP     ((size_t)16384)
#define LOCK_RETRY_MS 20

static enum sw_code code_of_errno(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        return SW_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: /* a symbolic link where none is followed */
        return SW_E_DENIED;
    default:
        return SW_E_IO;
    }
}

/* -------------------------------------------------------------------- paths */

static enum sw_code too_long(const char *path, struct sw_error *err)
{
    return sw_fail(err, SW_E_LIMIT, "the path %.80s... is longer than %d bytes", path,
                   SW_PATH_TEXT - 1);
}

static enum sw_code home_dir(char out[SW_PATH_TEXT], struct sw_error *err)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return sw_copy(out, SW_PATH_TEXT, home) ? too_long(home, err) : SW_OK;
    struct passwd entry;
    struct passwd *found = NULL;
    char room[4096];
    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) != 0 || found == NULL ||
        found->pw_dir == NULL || found->pw_dir[0] != '/')
        return sw_fail(err, SW_E_NOT_FOUND, "no home directory: set HOME to an absolute path");
    return sw_copy(out, SW_PATH_TEXT, found->pw_dir) ? too_long(found->pw_dir, err) : SW_OK;
}

enum sw_code sw_fs_xdg(enum sw_xdg kind, const char *rest, char out[SW_PATH_TEXT],
                       struct sw_error *err)
{
    static const struct {
        const char *variable;
        const char *preset; /* below the home directory */
    } places[] = {
        [SW_XDG_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
        [SW_XDG_STATE] = {"XDG_STATE_HOME", ".local/state"},
        [SW_XDG_CACHE] = {"XDG_CACHE_HOME", ".cache"},
        [SW_XDG_DATA] = {"XDG_DATA_HOME", ".local/share"},
    };
    const char *set = getenv(places[kind].variable);
    if (set != NULL && set[0] == '/')
        return sw_fs_join(set, rest, out, err);
    char home[SW_PATH_TEXT];
    char base[SW_PATH_TEXT];
    enum sw_code code = home_dir(home, err);
    if (code == SW_OK)
        code = sw_fs_join(home, places[kind].preset, base, err);
    return code == SW_OK ? sw_fs_join(base, rest, out, err) : code;
}

enum sw_code sw_fs_expand(const char *path, char out[SW_PATH_TEXT], struct sw_error *err)
{
    if (path[0] != '~')
        return sw_copy(out, SW_PATH_TEXT, path) ? too_long(path, err) : SW_OK;
    if (path[1] != '\0' && path[1] != '/')
        return sw_fail(err, SW_E_USAGE, "\"%.80s\": only ~ and ~/ are understood", path);
    char home[SW_PATH_TEXT];
    enum sw_code code = home_dir(home, err);
    if (code != SW_OK)
        return code;
    return sw_format(out, SW_PATH_TEXT, "%s%s", home, path + 1) ? too_long(path, err) : SW_OK;
}

enum sw_code sw_fs_join(const char *dir, const char *name, char out[SW_PATH_TEXT],
                        struct sw_error *err)
{
    bool is_cut = name[0] == '/' ? sw_copy(out, SW_PATH_TEXT, name)
                                 : sw_format(out, SW_PATH_TEXT, "%s/%s", dir, name);
    return is_cut ? too_long(dir, err) : SW_OK;
}

bool sw_fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* -------------------------------------------------------------- directories */

static enum sw_code make_one(const char *path, struct sw_error *err)
{
    if (mkdir(path, 0700) == 0)
        return SW_OK;
    int failure = errno;
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return SW_OK;
    if (failure == EEXIST)
        failure = ENOTDIR;
    return sw_fail_errno(err, failure == ENOTDIR ? SW_E_IO : code_of_errno(failure), failure,
                         "creating the directory %s", path);
}

enum sw_code sw_fs_mkdirs(const char *path, struct sw_error *err)
{
    char part[SW_PATH_TEXT];
    if (sw_copy(part, sizeof(part), path))
        return too_long(path, err);
    for (char *slash = strchr(part + 1, '/'); part[0] != '\0' && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        enum sw_code code = make_one(part, err);
        *slash = '/';
        if (code != SW_OK)
            return code;
    }
    return make_one(path, err);
}

enum sw_code sw_fs_private_dir(const char *path, struct sw_error *err)
{
    enum sw_code code = sw_fs_mkdirs(path, err);
    if (code != SW_OK)
        return code;
    struct stat info;
    if (stat(path, &info) != 0)
        return sw_fail_errno(err, code_of_errno(errno), errno, "looking at %s", path);
    if (info.st_uid != geteuid())
        return sw_fail(err, SW_E_DENIED, "the directory %s belongs to another user", path);
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return sw_fail(err, SW_E_DENIED,
                       "others can write to the directory %s: run chmod 700 on it", path);
    return SW_OK;
}

/* -------------------------------------------------------------- whole files */

static enum sw_code read_open_file(int fd, const char *path, size_t max_bytes, struct sw_buf *out,
                                   struct sw_error *err)
{
    size_t total = 0;
    for (;;) {
        char part[READ_STEP];
        ssize_t got = read(fd, part, sizeof(part));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sw_fail_errno(err, code_of_errno(errno), errno, "reading %s", path);
        if (got == 0)
            return SW_OK;
        total += (size_t)got;
        if (total > max_bytes || !sw_buf_addn(out, part, (size_t)got))
            return sw_fail(err, SW_E_LIMIT, "%s is larger than %zu bytes", path,
                           max_bytes < out->max ? max_bytes : out->max);
    }
}

enum sw_code sw_fs_read(const char *path, size_t max_bytes, struct sw_buf *out,
                        struct sw_error *err)
{
    /* Not blocking: opening a pipe that nobody writes to would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return sw_fail_errno(err, code_of_errno(errno), errno, "opening %s", path);
    struct stat info;
    enum sw_code code = SW_OK;
    if (fstat(fd, &info) != 0)
        code = sw_fail_errno(err, SW_E_IO, errno, "looking at %s", path);
    else if (!S_ISREG(info.st_mode))
        code = sw_fail(err, SW_E_IO, "%s is not a regular file", path);
    else
        code = read_open_file(fd, path, max_bytes, out, err);
    close(fd);
    return code;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

/* Makes the rename itself durable. */
static bool sync_dir_of(const char *path)
{
    char dir[SW_PATH_TEXT];
    if (sw_copy(dir, sizeof(dir), path))
        return false;
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        sw_ignore(sw_copy(dir, sizeof(dir), "."));
    else
        slash[slash == dir ? 1 : 0] = '\0';
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_done = fsync(fd) == 0;
    close(fd);
    return is_done;
}

enum sw_code sw_fs_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode,
                                struct sw_error *err)
{
    char temporary[SW_PATH_TEXT];
    if (sw_format(temporary, sizeof(temporary), "%s.XXXXXX", path))
        return too_long(path, err);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, code_of_errno(errno), errno, "creating a file beside %s", path);
    bool is_done = write_all(fd, bytes, len) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int failure = errno;
    if (close(fd) != 0 && is_done) {
        is_done = false;
        failure = errno;
    }
    if (is_done && rename(temporary, path) != 0) {
        is_done = false;
        failure = errno;
    }
    if (!is_done) {
        unlink(temporary);
        return sw_fail_errno(err, code_of_errno(failure), failure, "writing %s", path);
    }
    if (!sync_dir_of(path))
        return sw_fail_errno(err, SW_E_IO, errno, "making %s durable", path);
    return SW_OK;
}

/* -------------------------------------------------------------------- locks */

/* The pid a holder wrote, 0 when there is none. Only for the message. */
static long holder_pid(int fd)
{
    char text[24] = "";
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    return got > 0 ? strtol(text, NULL, 10) : 0;
}

static void note_holder(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0)
        sw_ignore(pwrite(fd, text, (size_t)len, 0));
}

enum sw_code sw_lock_try(struct sw_lock *lock, const char *path, struct sw_error *err)
{
    sw_assert(!lock->is_held);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (fd < 0)
        return sw_fail_errno(err, code_of_errno(errno), errno, "opening the lock %s", path);
    int failed = 0;
    do {
        failed = flock(fd, LOCK_EX | LOCK_NB);
    } while (failed != 0 && errno == EINTR);
    if (failed == 0) {
        note_holder(fd);
        *lock = (struct sw_lock){.fd = fd, .is_held = true};
        return SW_OK;
    }
    int failure = errno;
    long pid = holder_pid(fd);
    close(fd);
    if (failure == EWOULDBLOCK)
        return sw_fail(err, SW_E_BUSY, "%s is locked by process %ld", path, pid);
    return sw_fail_errno(err, SW_E_IO, failure, "locking %s", path);
}

enum sw_code sw_lock_wait(struct sw_lock *lock, const char *path, int64_t deadline_mono_ms,
                          struct sw_error *err)
{
    /* flock has no deadline, and an alarm would need a signal: ask again every few ms. */
    for (;;) {
        enum sw_code code = sw_lock_try(lock, path, err);
        if (code != SW_E_BUSY || sw_time_mono_ms() >= deadline_mono_ms)
            return code;
        struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
}

bool sw_lock_is_taken(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return false;
    int failed = 0;
    do {
        failed = flock(fd, LOCK_SH | LOCK_NB);
    } while (failed != 0 && errno == EINTR);
    bool is_taken = failed != 0 && errno == EWOULDBLOCK;
    if (failed == 0)
        flock(fd, LOCK_UN);
    close(fd);
    return is_taken;
}

void sw_lock_release(struct sw_lock *lock)
{
    if (!lock->is_held)
        return;
    /* Unlocked by name: a child made by fork may still hold the file open. */
    flock(lock->fd, LOCK_UN);
    close(lock->fd);
    *lock = (struct sw_lock){.fd = -1};
}
