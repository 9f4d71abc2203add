/* pty.c: see pty.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

#include "pty.h"

#define RAW_MAX    (8U << 20)
#define SCREEN_MAX (1U << 20)

struct pty {
    int fd, slave; /* the slave stays open, so that its line settings can be read to the end */
    pid_t pid;
    bool has_ended;
    int status;
    int rows, cols;
    VTerm *term;
    VTermScreen *screen;
    char *raw;
    size_t raw_len;
    char *text;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_environment(const char *const *env)
{
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        const char *equals = strchr(env[i], '=');
        char name[128];
        if (equals == NULL) {
            unsetenv(env[i]);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(equals - env[i]), env[i]);
        setenv(name, equals + 1, 1);
    }
}

static void run_child(int slave, const char *const *argv, const char *const *env)
{
    login_tty(slave);
    signal(SIGPIPE, SIG_DFL);
    set_environment(env);
    char *copy[32] = {NULL};
    for (size_t i = 0; i + 1 < 32 && argv[i] != NULL; i++)
        copy[i] = strdup(argv[i]);
    execv(copy[0], copy);
    _exit(127);
}

struct pty *pty_start(const char *const *argv, const char *const *env, int rows, int cols)
{
    struct pty *p = calloc(1, sizeof *p);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    assert_non_null(p);
    p->raw = calloc(1, RAW_MAX + 1);
    p->text = calloc(1, SCREEN_MAX);
    assert_int_equal(openpty(&p->fd, &p->slave, NULL, NULL, &size), 0);
    fcntl(p->fd, F_SETFD, FD_CLOEXEC);
    fcntl(p->slave, F_SETFD, FD_CLOEXEC);
    p->rows = rows;
    p->cols = cols;
    p->term = vterm_new(rows, cols);
    vterm_set_utf8(p->term, 1);
    p->screen = vterm_obtain_screen(p->term);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        int slave = dup(p->slave);
        run_child(slave, argv, env);
    }
    return p;
}

static void note_end(struct pty *p)
{
    if (!p->has_ended && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
        p->has_ended = true;
}

void pty_free(struct pty *p)
{
    if (p == NULL)
        return;
    if (!p->has_ended) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &p->status, 0);
    }
    if (p->fd >= 0)
        close(p->fd);
    if (p->slave >= 0)
        close(p->slave);
    vterm_free(p->term);
    free(p->raw);
    free(p->text);
    free(p);
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

void pty_type(struct pty *p, const char *bytes)
{
    size_t len = strlen(bytes);
    assert_int_equal(write(p->fd, bytes, len), (ssize_t)len);
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->term, rows, cols);
    assert_int_equal(ioctl(p->fd, TIOCSWINSZ, &size), 0);
}

void pty_hang_up(struct pty *p)
{
    close(p->slave);
    close(p->fd);
    p->fd = p->slave = -1;
}

/* What is there within wait_ms; false when nothing came. */
static bool read_some(struct pty *p, int wait_ms)
{
    struct pollfd fd = {.fd = p->fd, .events = POLLIN};
    char buffer[65536];
    if (p->fd < 0 || poll(&fd, 1, wait_ms) <= 0 || !(fd.revents & POLLIN))
        return false;
    ssize_t n = read(p->fd, buffer, sizeof buffer);
    if (n <= 0)
        return false;
    vterm_input_write(p->term, buffer, (size_t)n);
    size_t keep = (size_t)n < RAW_MAX - p->raw_len ? (size_t)n : RAW_MAX - p->raw_len;
    memcpy(p->raw + p->raw_len, buffer, keep);
    p->raw_len += keep;
    return true;
}

static bool wait_until(struct pty *p, const char *text, bool is_wanted, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (pty_shows(p, text) != is_wanted) {
        int64_t left = end - now_ms();
        if (left <= 0)
            return false;
        read_some(p, left < 50 ? (int)left : 50);
        note_end(p);
        if (p->has_ended && !read_some(p, 0))
            return pty_shows(p, text) == is_wanted;
    }
    return true;
}

bool pty_wait_for(struct pty *p, const char *text, int timeout_ms)
{
    return wait_until(p, text, true, timeout_ms);
}

bool pty_wait_gone(struct pty *p, const char *text, int timeout_ms)
{
    return wait_until(p, text, false, timeout_ms);
}

size_t pty_read_for(struct pty *p, int ms)
{
    size_t before = p->raw_len;
    int64_t end = now_ms() + ms;
    for (int64_t left = ms; left > 0; left = end - now_ms())
        read_some(p, (int)left);
    return p->raw_len - before;
}

int pty_wait_end(struct pty *p, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (!p->has_ended && now_ms() < end) {
        read_some(p, 20);
        if (p->fd < 0)
            poll(NULL, 0, 20);
        note_end(p);
    }
    while (read_some(p, 0))
        continue;
    return p->has_ended ? p->status : -1;
}

static size_t add_cell(char *out, const VTermScreenCell *cell)
{
    size_t len = 0;
    for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i] != 0; i++) {
        uint32_t cp = cell->chars[i];
        if (cp == (uint32_t)-1)
            continue;
        if (cp < 0x80) {
            out[len++] = (char)cp;
        } else if (cp < 0x800) {
            out[len++] = (char)(0xC0 | cp >> 6);
            out[len++] = (char)(0x80 | (cp & 0x3F));
        } else if (cp < 0x10000) {
            out[len++] = (char)(0xE0 | cp >> 12);
            out[len++] = (char)(0x80 | (cp >> 6 & 0x3F));
            out[len++] = (char)(0x80 | (cp & 0x3F));
        } else {
            out[len++] = '?';
        }
    }
    if (len == 0)
        out[len++] = ' ';
    return len;
}

const char *pty_screen(struct pty *p)
{
    size_t len = 0;
    for (int row = 0; row < p->rows; row++) {
        for (int col = 0; col < p->cols && len + 64 < SCREEN_MAX;) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
            len += add_cell(p->text + len, &cell);
            col += cell.width > 0 ? cell.width : 1;
        }
        p->text[len++] = '\n';
    }
    p->text[len] = '\0';
    return p->text;
}

bool pty_shows(struct pty *p, const char *text)
{
    return strstr(pty_screen(p), text) != NULL;
}

size_t pty_bytes(const struct pty *p)
{
    return p->raw_len;
}

const char *pty_raw(const struct pty *p)
{
    p->raw[p->raw_len] = '\0';
    return p->raw;
}

void pty_line(const struct pty *p, struct termios *out)
{
    memset(out, 0, sizeof *out);
    assert_int_equal(tcgetattr(p->slave, out), 0);
}

char pty_mode(const struct pty *p, const char *mode)
{
    char on[32];
    char off[32];
    char last = 0;
    snprintf(on, sizeof on, "\033[%sh", mode);
    snprintf(off, sizeof off, "\033[%sl", mode);
    for (const char *at = pty_raw(p); (at = strchr(at, '\033')) != NULL; at++) {
        if (strncmp(at, on, strlen(on)) == 0)
            last = 'h';
        else if (strncmp(at, off, strlen(off)) == 0)
            last = 'l';
    }
    return last;
}
