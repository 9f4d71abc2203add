/* secret_file.c: a credential from a file that nobody else can read.
 *
 * All checks are made on the open file, not on its name, so nothing can change
 * between the check and the reading. */
#include "net/secret_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

static enum sw_code check_file(int fd, const char *path, struct sw_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_E_CONFIG, errno, "looking at %s", path);
    if (!S_ISREG(st.st_mode))
        return sw_fail(err, SW_E_CONFIG, "%s is not a regular file", path);
    if (st.st_uid != geteuid())
        return sw_fail(err, SW_E_CONFIG, "%s belongs to another user (uid %lu, we are %lu)", path,
                       (unsigned long)st.st_uid, (unsigned long)geteuid());
    if (st.st_mode & 077)
        return sw_fail(err, SW_E_CONFIG, "%s can be read by others (mode %04o); run: chmod 600 %s",
                       path, (unsigned)st.st_mode & 07777, path);
    return SW_OK;
}

static enum sw_code read_all(int fd, const char *path, char **bytes, size_t *len,
                             struct sw_error *err)
{
    enum { ROOM = SECRET_MAX_BYTES + 1 };
    *bytes = sw_xcalloc(1, ROOM);
    *len = 0;
    while (*len < ROOM) {
        ssize_t got = read(fd, *bytes + *len, ROOM - *len);
        if (got == 0)
            return SW_OK;
        if (got > 0)
            *len += (size_t)got;
        else if (errno != EINTR)
            return sw_fail_errno(err, SW_E_IO, errno, "reading %s", path);
    }
    return SW_OK; /* too long: secret_take says so */
}

static enum sw_code open_failed(const char *path, int error_number, struct sw_error *err)
{
    if (error_number == ELOOP)
        return sw_fail(err, SW_E_CONFIG, "%s is a symbolic link; name the file itself", path);
    if (error_number == EACCES)
        return sw_fail(err, SW_E_CONFIG, "%s cannot be read by us (permission denied)", path);
    return sw_fail_errno(err, SW_E_CONFIG, error_number, "opening %s", path);
}

enum sw_code secret_file_read(const char *path, bool follow_links, bool whole_file,
                              struct sw_secret **out, struct sw_error *err)
{
    char *bytes = NULL;
    size_t len = 0;
    *out = NULL;
    /* NONBLOCK: a pipe in its place must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow_links ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return open_failed(path, errno, err);
    enum sw_code code = check_file(fd, path, err);
    if (code == SW_OK)
        code = read_all(fd, path, &bytes, &len, err);
    close(fd);
    if (code == SW_OK)
        return secret_take(bytes, len, whole_file, path, out, err);
    free(bytes);
    return code;
}
