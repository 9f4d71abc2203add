/* line.c: see line.h. */
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_MAX = 64 * 1024, ARGS_MAX = 16, HOME_MAX = 512 };

int64_t line_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "line: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ------------------------------------------------------------------- the program */

static void set_places(const char *home)
{
    static const char *const names[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME", "XDG_DATA_HOME"};
    static const char *const places[] = {"", "/config", "/state", "/cache", "/data"};
    for (size_t i = 0; i < 5; i++) {
        char path[HOME_MAX + 16];
        snprintf(path, sizeof path, "%s%s", home, places[i]);
        setenv(names[i], path, 1);
    }
    setenv("TERM", "xterm-256color", 1);
    unsetenv("COLORTERM");
    unsetenv("LINES");
    unsetenv("COLUMNS");
}

__attribute__((noreturn)) static void run_child(const struct line *line, const char *const *given,
                                                const char *home, const char *slave)
{
    char *argv[ARGS_MAX] = {NULL};
    for (size_t i = 0; i + 1 < ARGS_MAX && given[i] != NULL; i++)
        argv[i] = strdup(given[i]);
    set_places(home);
    setsid();
    int fd = open(slave, O_RDWR);
    if (fd < 0)
        _exit(126);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    *line->exec_ns = line_now_ns();
    execv(argv[0], argv);
    _exit(127);
}

void line_open(struct line *line, const char *const *argv, const char *home, int rows, int cols)
{
    char slave[64];
    *line = (struct line){0};
    line->exec_ns =
        mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (line->exec_ns == MAP_FAILED)
        die("mmap");
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (line->master < 0 || grantpt(line->master) != 0 || unlockpt(line->master) != 0 ||
        ptsname_r(line->master, slave, sizeof slave) != 0)
        die("no pseudo-terminal");
    line_resize(line, rows, cols);
    fflush(NULL);
    line->pid = fork();
    if (line->pid < 0)
        die("fork");
    if (line->pid == 0)
        run_child(line, argv, home, slave);
}

void line_close(struct line *line)
{
    if (line->pid > 0) {
        kill(line->pid, SIGKILL);
        while (waitpid(line->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    close(line->master);
    munmap(line->exec_ns, sizeof(int64_t));
    free(line->bytes);
    free(line->chunks);
    *line = (struct line){.master = -1};
}

bool line_quit(struct line *line, int limit_ms)
{
    int64_t end = line_now_ns() + (int64_t)limit_ms * 1000000;
    line_type(line, "q");
    while (line_now_ns() < end) {
        line_read(line, 20);
        if (waitpid(line->pid, NULL, WNOHANG) == line->pid) {
            line->pid = 0;
            return true;
        }
    }
    return false;
}

void line_type(const struct line *line, const char *keys)
{
    size_t len = strlen(keys);
    if (write(line->master, keys, len) != (ssize_t)len)
        die("typing");
}

void line_resize(const struct line *line, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    if (ioctl(line->master, TIOCSWINSZ, &size) != 0)
        die("setting the size");
}

/* ----------------------------------------------------------------------- reading */

void line_mark(struct line *line)
{
    line->len = 0;
    line->chunk_count = 0;
}

static void make_room(struct line *line)
{
    if (line->capacity - line->len < CHUNK_MAX + 1) {
        line->capacity = 2 * line->capacity + 2 * CHUNK_MAX;
        line->bytes = realloc(line->bytes, line->capacity);
    }
    if (line->chunk_count == line->chunk_capacity) {
        line->chunk_capacity = 2 * line->chunk_capacity + 64;
        line->chunks = realloc(line->chunks, line->chunk_capacity * sizeof *line->chunks);
    }
    if (line->bytes == NULL || line->chunks == NULL)
        die("memory");
}

bool line_read(struct line *line, int ms)
{
    struct pollfd in = {.fd = line->master, .events = POLLIN};
    make_room(line);
    if (poll(&in, 1, ms) <= 0)
        return false;
    ssize_t n = read(line->master, line->bytes + line->len, CHUNK_MAX);
    if (n <= 0) {
        poll(NULL, 0, ms < 5 ? ms : 5); /* it has closed its end */
        return false;
    }
    line->len += (size_t)n;
    line->bytes[line->len] = '\0';
    line->chunks[line->chunk_count++] = (struct line_chunk){line->len, line_now_ns()};
    return true;
}

bool line_settle(struct line *line, int quiet_ms, int limit_ms)
{
    int64_t end = line_now_ns() + (int64_t)limit_ms * 1000000;
    while (line_read(line, quiet_ms))
        if (line_now_ns() > end)
            return false;
    return true;
}

size_t line_find(const struct line *line, size_t from, const char *text)
{
    size_t len = strlen(text);
    if (line->len < from)
        return 0;
    const char *hit = memmem(line->bytes + from, line->len - from, text, len);
    return hit == NULL ? 0 : (size_t)(hit - line->bytes) + len;
}

static size_t find_all(const struct line *line, const char *const *texts)
{
    size_t at = 0;
    for (; *texts != NULL; texts++) {
        at = line_find(line, at, *texts);
        if (at == 0)
            return 0;
    }
    return at;
}

size_t line_await(struct line *line, const char *const *texts, int limit_ms)
{
    int64_t end = line_now_ns() + (int64_t)limit_ms * 1000000;
    for (;;) {
        size_t at = find_all(line, texts);
        if (at != 0 || line_now_ns() > end)
            return at;
        line_read(line, 50);
    }
}

int64_t line_time_of(const struct line *line, size_t offset)
{
    for (size_t i = 0; i < line->chunk_count; i++)
        if (line->chunks[i].end >= offset)
            return line->chunks[i].at_ns;
    return 0;
}
