/*
 * log.c: see log.h.
 *
 * One lock around everything; a record is one write(2), so that lines of two processes sharing a
 * file (O_APPEND) do not mix. Rotation looks at the size this process sees when it writes; another
 * process that still has the old file open notices by the inode and opens the new one.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/time.h"

#define BYTES_PRESET  ((size_t)4 << 20)
#define BYTES_LEAST   ((size_t)4096)
#define FILES_PRESET  3
#define RECORD_TEXT   2048
#define RAW_TEXT      8192
#define SECRET_TEXT   4096 /* the longest secret the redactor may know, a 4096-bit PEM key fits */
#define RATE_PER_S    200
#define REPEAT_SAY_MS (60 * SW_SECOND_MS) /* an ongoing repetition is said this often */

/* Owned by the opener until sw_log_close; every field below `mutex` is guarded by it. */
struct sw_log {
    char path[SW_PATH_TEXT];
    enum sw_log_level level;
    size_t max_bytes;
    int files;
    struct sw_mutex mutex;
    int fd; /* -1 while the file cannot be opened */
    size_t size;
    sw_redact_fn redact;
    void *redact_arg;
    char last[RECORD_TEXT]; /* the last record without its time */
    unsigned repeats;       /* of last, not yet written */
    int64_t repeat_said_ms; /* monotonic */
    int64_t second_ms;      /* start of the second that `in_second` counts, monotonic */
    unsigned in_second;
    unsigned dropped; /* by the rate limit, not yet written */
    uint64_t lost;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* ---------------------------------------------------------------- the file */

/* Opens the file, private and never through a link; false with errno set. */
static bool open_file(struct sw_log *log)
{
    log->fd =
        open(log->path,
             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    if (log->fd < 0)
        return false;
    struct stat info;
    bool is_good = fstat(log->fd, &info) == 0 && S_ISREG(info.st_mode) &&
                   info.st_uid == geteuid() && fchmod(log->fd, 0600) == 0;
    if (is_good) {
        log->size = (size_t)info.st_size;
        return true;
    }
    close(log->fd);
    log->fd = -1;
    errno = EACCES;
    return false;
}

static void close_file(struct sw_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

/* path.1 becomes path.2 and so on; the oldest goes. */
static void shift_files(const struct sw_log *log)
{
    char from[SW_PATH_TEXT + 16];
    char to[SW_PATH_TEXT + 16];
    for (int i = log->files - 1; i >= 1; i--) {
        snprintf(to, sizeof(to), "%s.%d", log->path, i);
        if (i == 1)
            sw_ignore(sw_copy(from, sizeof(from), log->path));
        else
            snprintf(from, sizeof(from), "%s.%d", log->path, i - 1);
        rename(from, to);
    }
    if (log->files == 1)
        unlink(log->path);
}

/* True when the open file is still the one at the path. */
static bool is_current(const struct sw_log *log)
{
    struct stat open_info;
    struct stat path_info;
    return fstat(log->fd, &open_info) == 0 && lstat(log->path, &path_info) == 0 &&
           open_info.st_ino == path_info.st_ino && open_info.st_dev == path_info.st_dev;
}

static void rotate(struct sw_log *log)
{
    bool is_ours = is_current(log);
    close_file(log);
    if (is_ours)
        shift_files(log);
    sw_ignore(open_file(log));
}

static void write_line(struct sw_log *log, const char *record)
{
    char stamp[SW_TIME_TEXT];
    char line[RECORD_TEXT + SW_TIME_TEXT + 2];
    int len =
        snprintf(line, sizeof(line), "%s %s\n", sw_time_format(sw_time_real_ms(), stamp), record);
    size_t size = (size_t)len;
    if (log->fd >= 0 && log->size > 0 && log->size + size > log->max_bytes)
        rotate(log);
    if (log->fd < 0)
        sw_ignore(open_file(log));
    if (log->fd < 0 || write(log->fd, line, size) != (ssize_t)size)
        log->lost++;
    else
        log->size += size;
}

/* ------------------------------------------------------ repeats and the rate */

static void say_repeats(struct sw_log *log, int64_t now)
{
    if (log->repeats == 0)
        return;
    char record[64];
    snprintf(record, sizeof(record), "info log: (repeated %u times)", log->repeats);
    log->repeats = 0;
    log->repeat_said_ms = now;
    write_line(log, record);
}

static void say_dropped(struct sw_log *log)
{
    if (log->dropped == 0)
        return;
    char record[64];
    snprintf(record, sizeof(record), "warn log: (%u records dropped, over %d in a second)",
             log->dropped, RATE_PER_S);
    log->dropped = 0;
    write_line(log, record);
}

static bool is_over_rate(struct sw_log *log, int64_t now)
{
    if (now - log->second_ms >= SW_SECOND_MS) {
        log->second_ms = now;
        log->in_second = 0;
        say_dropped(log);
    }
    log->in_second++;
    if (log->in_second <= RATE_PER_S)
        return false;
    log->dropped++;
    log->lost++;
    return true;
}

static void put(struct sw_log *log, const char *record)
{
    int64_t now = sw_time_mono_ms();
    if (strcmp(record, log->last) == 0) {
        log->repeats++;
        if (now - log->repeat_said_ms >= REPEAT_SAY_MS)
            say_repeats(log, now);
        return;
    }
    if (is_over_rate(log, now))
        return;
    say_repeats(log, now);
    sw_ignore(sw_copy(log->last, sizeof(log->last), record));
    log->repeat_said_ms = now;
    write_line(log, record);
}

/* --------------------------------------------------------------- public part */

enum sw_code sw_log_open(const char *path, const struct sw_log_options *options,
                         struct sw_log **out, struct sw_error *err)
{
    static const struct sw_log_options preset = {.level = SW_LOG_INFO};
    if (options == NULL)
        options = &preset;
    struct sw_log *log = sw_xcalloc(1, sizeof(*log));
    if (sw_copy(log->path, sizeof(log->path), path)) {
        free(log);
        return sw_fail(err, SW_E_LIMIT, "the path of the log is longer than %d bytes",
                       SW_PATH_TEXT - 1);
    }
    log->level = options->level;
    log->max_bytes = options->max_bytes > 0 ? options->max_bytes : BYTES_PRESET;
    if (log->max_bytes < BYTES_LEAST)
        log->max_bytes = BYTES_LEAST;
    log->files = options->files > 0 ? options->files : FILES_PRESET;
    if (!open_file(log)) {
        int failure = errno;
        free(log);
        bool is_denied = failure == EACCES || failure == ELOOP || failure == EPERM;
        return sw_fail_errno(err, is_denied ? SW_E_DENIED : SW_E_IO, failure, "opening the log %s",
                             path);
    }
    sw_mutex_init(&log->mutex);
    *out = log;
    return SW_OK;
}

void sw_log_close(struct sw_log *log)
{
    if (log == NULL)
        return;
    sw_mutex_lock(&log->mutex);
    say_repeats(log, sw_time_mono_ms());
    say_dropped(log);
    close_file(log);
    sw_mutex_unlock(&log->mutex);
    sw_mutex_clear(&log->mutex);
    free(log);
}

void sw_log_set_redactor(struct sw_log *log, sw_redact_fn fn, void *arg)
{
    if (log == NULL)
        return;
    sw_mutex_lock(&log->mutex);
    log->redact = fn;
    log->redact_arg = arg;
    sw_mutex_unlock(&log->mutex);
}

/* Redacts, then cleans: cleaning could alter a secret beyond recognition. What was cut may end in
 * the first part of a secret, which no redactor knows, so that end goes. */
static void make_safe(struct sw_log *log, char raw[RAW_TEXT], bool is_cut, char record[RECORD_TEXT])
{
    if (log->redact != NULL)
        log->redact(log->redact_arg, raw, RAW_TEXT);
    size_t len = strnlen(raw, RAW_TEXT);
    if (is_cut)
        len -= len < SECRET_TEXT ? len : SECRET_TEXT;
    sw_text_clean(raw, len, record, RECORD_TEXT);
}

void sw_log_write(struct sw_log *log, enum sw_log_level level, const char *area, const char *fmt,
                  ...)
{
    if (log == NULL || level > log->level)
        return;
    char raw[RAW_TEXT];
    int head = snprintf(raw, sizeof(raw), "%s %.40s: ", level_names[level], area);
    va_list args;
    va_start(args, fmt);
    int body = vsnprintf(raw + head, sizeof(raw) - (size_t)head, fmt, args);
    va_end(args);
    bool is_cut = body < 0 || (size_t)head + (size_t)body >= sizeof(raw);
    char record[RECORD_TEXT];
    sw_mutex_lock(&log->mutex);
    make_safe(log, raw, is_cut, record);
    put(log, record);
    sw_mutex_unlock(&log->mutex);
}

void sw_log_error(struct sw_log *log, enum sw_log_level level, const char *area,
                  const struct sw_error *err)
{
    sw_log_write(log, level, area, "%s (%s)", err->text, sw_code_name(err->code));
}

uint64_t sw_log_lost(struct sw_log *log)
{
    if (log == NULL)
        return 0;
    sw_mutex_lock(&log->mutex);
    uint64_t lost = log->lost;
    sw_mutex_unlock(&log->mutex);
    return lost;
}

const char *sw_log_path(const struct sw_log *log)
{
    return log != NULL ? log->path : "";
}
