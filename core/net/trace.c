/* trace.c: see trace.h. One write(2) on an O_APPEND file for each line, so lines of several
 * threads and processes never mix. */
#include "net/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "net/secret_bytes.h"

struct trace {
    int fd;
};

enum sw_code trace_open(const char *path, struct trace **out, struct sw_error *err)
{
    *out = NULL;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return sw_fail_errno(err, SW_E_IO, errno, "opening the trace file %s", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        close(fd);
        return sw_fail(err, SW_E_DENIED, "the trace %s is not a regular file of ours", path);
    }
    if (fchmod(fd, 0600) != 0) {
        int error_number = errno;
        close(fd);
        return sw_fail_errno(err, SW_E_IO, error_number, "making the trace file %s private", path);
    }
    struct trace *trace = sw_xcalloc(1, sizeof(*trace));
    trace->fd = fd;
    *out = trace;
    return SW_OK;
}

void trace_write(struct trace *trace, const struct trace_entry *e)
{
    if (!trace)
        return;
    char at[SW_TIME_TEXT];
    char first[SW_TIME_TEXT];
    char raw[2048];
    char line[2048 + 8];
    sw_format(raw, sizeof(raw),
              "%s source=%s op=%s %s %s%s%s attempt=%d status=%d result=%s bytes=%zu ms=%lld "
              "first_byte=%s",
              sw_time_format(e->queued_ms, at), e->source_id, e->operation, e->method, e->origin,
              e->prefix, e->path, e->attempt, e->status, sw_code_name(e->code), e->bytes,
              (long long)e->total_ms,
              e->first_byte_ms ? sw_time_format(e->first_byte_ms, first) : "-");
    secret_redact(NULL, raw, sizeof(raw));
    size_t len = sw_text_clean_copy(line, sizeof(line) - 1, raw);
    line[len] = '\n';
    sw_ignore(write(trace->fd, line, len + 1));
}

void trace_close(struct trace *trace)
{
    if (!trace)
        return;
    close(trace->fd);
    free(trace);
}
