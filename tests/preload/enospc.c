/*
 * enospc.c: a full or failing disk, for tests: LD_PRELOAD of the program under test.
 *
 * SLIPWAY_FAIL=N           the N-th call (from 1) of those counted fails, and all after it
 * SLIPWAY_FAIL_CALLS=list  which calls count: any of write, fsync, rename, open (comma separated;
 *                          default write,fsync)
 * SLIPWAY_FAIL_ERRNO=name  ENOSPC (default), EIO, EROFS
 * SLIPWAY_FAIL_ONCE=1      only the N-th fails
 * SLIPWAY_FAIL_UNDER=path  only files below this path count (by /proc/self/fd)
 * SLIPWAY_FAIL_SHORT=1     a failing write first writes half of its bytes
 *
 * Standard output and error are never counted. Everything else is passed on.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

/* One of the originals, by name; the union avoids a cast between object and function pointers. */
static void *find(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static int failure(void)
{
    const char *name = getenv("SLIPWAY_FAIL_ERRNO");
    if (name != NULL && strcmp(name, "EIO") == 0)
        return EIO;
    return name != NULL && strcmp(name, "EROFS") == 0 ? EROFS : ENOSPC;
}

static bool is_named(const char *call)
{
    const char *list = getenv("SLIPWAY_FAIL_CALLS");
    return strstr(list != NULL ? list : "write,fsync", call) != NULL;
}

static bool is_under(const char *path)
{
    const char *under = getenv("SLIPWAY_FAIL_UNDER");
    return under == NULL || strncmp(path, under, strlen(under)) == 0;
}

static bool is_fd_under(int fd)
{
    char name[64], path[4096];
    if (getenv("SLIPWAY_FAIL_UNDER") == NULL)
        return true;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, path, sizeof path - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    return is_under(path);
}

/* Counts one call; true when it must fail. */
static bool must_fail(const char *call)
{
    const char *text = getenv("SLIPWAY_FAIL");
    if (text == NULL || !is_named(call))
        return false;
    long wanted = strtol(text, NULL, 10);
    long number = atomic_fetch_add(&calls, 1) + 1;
    return getenv("SLIPWAY_FAIL_ONCE") != NULL ? number == wanted : number >= wanted;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    static union {
        void *found;
        ssize_t (*call)(int, const void *, size_t);
    } original;
    if (original.found == NULL)
        original.found = find("write");
    if (fd > 2 && is_fd_under(fd) && must_fail("write")) {
        if (getenv("SLIPWAY_FAIL_SHORT") != NULL && size > 1 &&
            original.call(fd, bytes, size / 2) < 0)
            return -1;
        errno = failure();
        return -1;
    }
    return original.call(fd, bytes, size);
}

int fsync(int fd)
{
    static union {
        void *found;
        int (*call)(int);
    } original;
    if (original.found == NULL)
        original.found = find("fsync");
    if (is_fd_under(fd) && must_fail("fsync")) {
        errno = failure();
        return -1;
    }
    return original.call(fd);
}

int rename(const char *from, const char *to)
{
    static union {
        void *found;
        int (*call)(const char *, const char *);
    } original;
    if (original.found == NULL)
        original.found = find("rename");
    if (is_under(to) && must_fail("rename")) {
        errno = failure();
        return -1;
    }
    return original.call(from, to);
}

static int open_with(const char *name, const char *path, int flags, mode_t mode)
{
    union {
        void *found;
        int (*call)(const char *, int, ...);
    } original = {.found = find(name)};
    bool is_writing = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
    if (is_writing && is_under(path) && must_fail("open")) {
        errno = failure();
        return -1;
    }
    return original.call(path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 ? (mode_t)va_arg(args, int) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_with("open64", path, flags, mode);
}
