/*
 * pty.c: see pty.h.
 *
 * The program leads a session of its own with the pseudo-terminal as its controlling terminal, as
 * under `ssh host slipway`. This side keeps the other end open too, so that the line settings can
 * be read after the program has gone; the end of the program is learnt from waitpid.
 */
#include "support/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

#include "support/pty_modes.h"

enum { READ_MAX = 4096, TURN_MS = 20, WORDS_MAX = 512 };

struct pty {
    pid_t pid;
    int master;
    int slave;  /* ours: keeps the line settings readable */
    int status; /* as of pty_wait_exit */
    bool is_stopped;
    const char *background;
    bool is_mute;
    size_t asked;  /* bytes of the question seen so far; all of them: it was asked */
    bool is_linux; /* a console: OSC R has no end there */
    VTerm *vterm;
    VTermScreen *screen;
    struct pty_modes modes;
    struct termios line;
    int rows, cols;
    char *text;
    char *row;
    bool is_text_old;
    bool is_alternate;
    int bytes_per_s;
    double credit; /* bytes that may be read now */
    int64_t credit_us;
    uint64_t bytes_read;
    int64_t last_read_us;
    char words[WORDS_MAX];
};

int64_t pty_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "pty: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---------------------------------------------------------------------- opening */

static int on_property(VTermProp property, VTermValue *value, void *arg)
{
    struct pty *pty = arg;
    if (property == VTERM_PROP_ALTSCREEN)
        pty->is_alternate = value->boolean;
    return 1;
}

static int on_damage(VTermRect rect, void *arg)
{
    struct pty *pty = arg;
    (void)rect;
    pty->is_text_old = true;
    return 1;
}

static void open_vterm(struct pty *pty)
{
    static const VTermScreenCallbacks callbacks = {.damage = on_damage, .settermprop = on_property};
    pty->vterm = vterm_new(pty->rows, pty->cols);
    vterm_set_utf8(pty->vterm, 1);
    pty->screen = vterm_obtain_screen(pty->vterm);
    vterm_screen_enable_altscreen(pty->screen, 1);
    vterm_screen_set_callbacks(pty->screen, &callbacks, pty);
    vterm_screen_reset(pty->screen, 1);
    pty->is_text_old = true;
}

static void set_environment(const struct pty_options *options)
{
    setenv("TERM", options->term != NULL ? options->term : "xterm-256color", 1);
    unsetenv("COLORTERM");
    for (size_t i = 0; options->env != NULL && options->env[i] != NULL; i++) {
        char *copy = strdup(options->env[i]);
        char *equals = copy != NULL ? strchr(copy, '=') : NULL;
        if (equals == NULL) {
            unsetenv(options->env[i]);
            continue;
        }
        *equals = '\0';
        setenv(copy, equals + 1, 1);
    }
}

__attribute__((noreturn)) static void run_child(const struct pty_options *options, const char *name)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    int fd = open(name, O_RDWR);
    if (fd < 0)
        _exit(126);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    set_environment(options);
    /* argv of exec is not const for history's sake. */
    char *argv[32] = {NULL};
    for (size_t i = 0; i < 31 && options->argv[i] != NULL; i++)
        argv[i] = strdup(options->argv[i]);
    execv(argv[0], argv);
    _exit(127);
}

static void open_line(struct pty *pty, char *name, size_t size)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->master < 0 || grantpt(pty->master) != 0 || unlockpt(pty->master) != 0 ||
        ptsname_r(pty->master, name, size) != 0)
        die("no pseudo-terminal");
    pty->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave < 0)
        die(name);
    fcntl(pty->master, F_SETFL, O_NONBLOCK);
    struct winsize size_of = {.ws_row = (unsigned short)pty->rows,
                              .ws_col = (unsigned short)pty->cols};
    ioctl(pty->slave, TIOCSWINSZ, &size_of);
    pty_remember_line(pty);
}

struct pty *pty_open(const struct pty_options *options)
{
    char name[64];
    struct pty *pty = calloc(1, sizeof *pty);
    if (pty == NULL)
        die("memory");
    pty->status = PTY_RUNNING;
    pty->rows = options->rows > 0 ? options->rows : 24;
    pty->cols = options->cols > 0 ? options->cols : 80;
    pty->background = options->background;
    pty->is_mute = options->is_mute;
    pty->is_linux = options->term != NULL && strcmp(options->term, "linux") == 0;
    open_vterm(pty);
    open_line(pty, name, sizeof name);
    pty_set_speed(pty, options->bytes_per_s);
    fflush(NULL);
    pty->pid = fork();
    if (pty->pid < 0)
        die("fork");
    if (pty->pid == 0)
        run_child(options, name);
    return pty;
}

static void note_status(struct pty *pty, int status)
{
    if (WIFSTOPPED(status))
        pty->is_stopped = true;
    else if (WIFEXITED(status))
        pty->status = WEXITSTATUS(status);
    else if (WIFSIGNALED(status))
        pty->status = PTY_SIGNALLED + WTERMSIG(status);
}

static bool has_ended(struct pty *pty)
{
    int status = 0;
    if (pty->status == PTY_RUNNING && waitpid(pty->pid, &status, WNOHANG | WUNTRACED) == pty->pid)
        note_status(pty, status);
    return pty->status != PTY_RUNNING;
}

void pty_close(struct pty *pty)
{
    if (pty == NULL)
        return;
    if (!has_ended(pty)) {
        kill(pty->pid, SIGKILL);
        while (waitpid(pty->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    pty_hang_up(pty);
    close(pty->slave);
    vterm_free(pty->vterm);
    free(pty->text);
    free(pty->row);
    free(pty);
}

pid_t pty_pid(const struct pty *pty)
{
    return pty->pid;
}

/* ---------------------------------------------------------------------- reading */

/* The Linux console's palette reset is OSC R without an end; a terminal that follows the standard
 * would wait for one for ever. Source: console_codes(4), "Linux Console Private CSI Sequences". */
static size_t without_console_osc(char *bytes, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (size - i >= 3 && memcmp(bytes + i, "\033]R", 3) == 0)
            i += 2;
        else
            bytes[kept++] = bytes[i];
    }
    return kept;
}

static size_t allowed(struct pty *pty)
{
    if (pty->bytes_per_s == 0)
        return READ_MAX;
    int64_t now = pty_now_us();
    pty->credit += (double)(now - pty->credit_us) * pty->bytes_per_s / 1e6;
    pty->credit_us = now;
    /* A line does not save up what nobody sent. */
    double most = pty->bytes_per_s / 50.0 + 1;
    pty->credit = pty->credit > most ? most : pty->credit;
    return (size_t)pty->credit;
}

static const char background_question[] = "\033]11;?";

/* libvterm has no answer to it. */
static void answer_background(struct pty *pty, const char *bytes, size_t size)
{
    size_t whole = sizeof background_question - 1;
    for (size_t i = 0; i < size && pty->asked < whole; i++) {
        if (bytes[i] == background_question[pty->asked])
            pty->asked++;
        else
            pty->asked = bytes[i] == background_question[0];
        if (pty->asked == whole && pty->background != NULL && !pty->is_mute)
            pty_type(pty, pty->background);
    }
}

bool pty_was_asked(const struct pty *pty)
{
    return pty->asked == sizeof background_question - 1;
}

static void take(struct pty *pty, char *bytes, size_t size)
{
    pty->bytes_read += size;
    pty->last_read_us = pty_now_us();
    pty->credit -= pty->bytes_per_s > 0 ? (double)size : 0;
    if (pty->is_linux)
        size = without_console_osc(bytes, size);
    pty_modes_feed(&pty->modes, bytes, size);
    answer_background(pty, bytes, size);
    vterm_input_write(pty->vterm, bytes, size);
    vterm_screen_flush_damage(pty->screen);
    char reply[256];
    size_t len = vterm_output_read(pty->vterm, reply, sizeof reply);
    if (len > 0 && !pty->is_mute)
        pty_type_bytes(pty, reply, len);
}

/* Waits at most `ms` for something to read, and reads it; false when nothing came. */
static bool read_some(struct pty *pty, int ms)
{
    char bytes[READ_MAX];
    struct pollfd in = {.fd = pty->master, .events = POLLIN};
    if (pty->master < 0) {
        poll(NULL, 0, ms);
        return false;
    }
    size_t room = allowed(pty);
    if (room == 0) {
        poll(NULL, 0, ms < 2 ? ms : 2);
        return false;
    }
    if (poll(&in, 1, ms) <= 0)
        return false;
    ssize_t n = read(pty->master, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (n <= 0)
        return false;
    take(pty, bytes, (size_t)n);
    return true;
}

void pty_read_for(struct pty *pty, int ms)
{
    int64_t end = pty_now_us() + (int64_t)ms * 1000;
    for (int64_t left = ms; left > 0; left = (end - pty_now_us() + 999) / 1000)
        read_some(pty, left < TURN_MS ? (int)left : TURN_MS);
}

bool pty_read_until_quiet(struct pty *pty, int quiet_ms, int limit_ms)
{
    int64_t begin = pty_now_us();
    int64_t last = begin;
    while (pty_now_us() - last < (int64_t)quiet_ms * 1000) {
        if (read_some(pty, TURN_MS))
            last = pty_now_us();
        if (pty_now_us() - begin > (int64_t)limit_ms * 1000)
            return false;
    }
    return true;
}

bool pty_wait(struct pty *pty, pty_test_fn holds, void *arg, int limit_ms)
{
    int64_t end = pty_now_us() + (int64_t)limit_ms * 1000;
    for (;;) {
        bool is_over = pty_now_us() >= end;
        /* Half a frame (synchronized output) is what no terminal shows. */
        if ((is_over || !pty_modes_is_set(&pty->modes, 2026)) && holds(pty, arg))
            return true;
        if (is_over)
            return false;
        if (!read_some(pty, TURN_MS) && has_ended(pty) && !read_some(pty, 0))
            return holds(pty, arg);
    }
}

static bool has_text(struct pty *pty, void *arg)
{
    const char *const *text = arg;
    return pty_shows(pty, *text);
}

static bool has_no_text(struct pty *pty, void *arg)
{
    return !has_text(pty, arg);
}

bool pty_wait_text(struct pty *pty, const char *text, int limit_ms)
{
    return pty_wait(pty, has_text, &text, limit_ms);
}

bool pty_wait_no_text(struct pty *pty, const char *text, int limit_ms)
{
    return pty_wait(pty, has_no_text, &text, limit_ms);
}

int pty_wait_exit(struct pty *pty, int limit_ms)
{
    int64_t end = pty_now_us() + (int64_t)limit_ms * 1000;
    while (!has_ended(pty) && pty_now_us() < end)
        read_some(pty, 5);
    if (has_ended(pty))
        pty_set_speed(pty, 0); /* a slow line still delivers all of it */
    while (has_ended(pty) && read_some(pty, 0))
        continue;
    return pty->status;
}

static bool is_stopped(struct pty *pty, void *arg)
{
    (void)arg;
    has_ended(pty);
    return pty->is_stopped;
}

bool pty_wait_stop(struct pty *pty, int limit_ms)
{
    bool has_stopped = pty_wait(pty, is_stopped, NULL, limit_ms);
    while (has_stopped && read_some(pty, 0))
        continue;
    pty->is_stopped = false;
    return has_stopped;
}

static int number_of(VTermColor color)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(&color) || VTERM_COLOR_IS_DEFAULT_BG(&color))
        return -1;
    if (VTERM_COLOR_IS_INDEXED(&color))
        return PTY_INDEXED + color.indexed.idx;
    return color.rgb.red << 16 | color.rgb.green << 8 | color.rgb.blue;
}

void pty_colors(struct pty *pty, int row, int col, int *fg, int *bg)
{
    VTermScreenCell cell;
    VTermPos at = {.row = row, .col = col};
    *fg = -1;
    *bg = -1;
    if (!vterm_screen_get_cell(pty->screen, at, &cell))
        return;
    *fg = number_of(cell.fg);
    *bg = number_of(cell.bg);
}

/* ---------------------------------------------------------------------- writing */

bool pty_type_bytes(struct pty *pty, const void *bytes, size_t size)
{
    const char *at = bytes;
    int64_t end = pty_now_us() + 10000000;
    while (size > 0) {
        ssize_t n = write(pty->master, at, size);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (pty_now_us() > end) {
            return false;
        } else {
            read_some(pty, 5); /* the program may be waiting for us to read */
        }
    }
    return true;
}

bool pty_type(struct pty *pty, const char *text)
{
    return pty_type_bytes(pty, text, strlen(text));
}

void pty_resize(struct pty *pty, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    pty->rows = rows;
    pty->cols = cols;
    vterm_set_size(pty->vterm, rows, cols);
    pty->is_text_old = true;
    ioctl(pty->master, TIOCSWINSZ, &size);
}

void pty_signal(struct pty *pty, int number)
{
    if (!has_ended(pty))
        kill(pty->pid, number);
}

void pty_set_speed(struct pty *pty, int bytes_per_s)
{
    pty->bytes_per_s = bytes_per_s;
    pty->credit = 0;
    pty->credit_us = pty_now_us();
}

void pty_hang_up(struct pty *pty)
{
    if (pty->master >= 0)
        close(pty->master);
    pty->master = -1;
}

/* ----------------------------------------------------------------------- screen */

static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80U | (c & 0x3FU));
    out[0] = (char)(lead[size] | c);
    return size;
}

static char *add_cell(struct pty *pty, int row, int col, char *at)
{
    VTermScreenCell cell = {0};
    VTermPos position = {.row = row, .col = col};
    vterm_screen_get_cell(pty->screen, position, &cell);
    if (cell.chars[0] == (uint32_t)-1)
        return at; /* the second half of a wide character */
    if (cell.chars[0] == 0)
        cell.chars[0] = ' ';
    for (size_t i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
        at += encode(cell.chars[i], at);
    return at;
}

const char *pty_text(struct pty *pty)
{
    if (!pty->is_text_old)
        return pty->text;
    size_t cell_max = (size_t)VTERM_MAX_CHARS_PER_CELL * 4;
    free(pty->text);
    pty->text = malloc((size_t)pty->rows * ((size_t)pty->cols * cell_max + 1) + 1);
    if (pty->text == NULL)
        die("memory");
    char *at = pty->text;
    for (int row = 0; row < pty->rows; row++) {
        char *start = at;
        for (int col = 0; col < pty->cols; col++)
            at = add_cell(pty, row, col, at);
        while (at > start && at[-1] == ' ')
            at--;
        *at++ = '\n';
    }
    *at = '\0';
    pty->is_text_old = false;
    return pty->text;
}

bool pty_shows(struct pty *pty, const char *text)
{
    return strstr(pty_text(pty), text) != NULL;
}

const char *pty_row_with(struct pty *pty, const char *text)
{
    const char *all = pty_text(pty);
    const char *at = strstr(all, text);
    if (at == NULL)
        return NULL;
    while (at > all && at[-1] != '\n')
        at--;
    free(pty->row);
    pty->row = strndup(at, strcspn(at, "\n"));
    return pty->row;
}

void pty_size(const struct pty *pty, int *rows, int *cols)
{
    *rows = pty->rows;
    *cols = pty->cols;
}

bool pty_is_on_alternate_screen(const struct pty *pty)
{
    return pty->is_alternate;
}

/* ------------------------------------------------------------------ left behind */

void pty_remember_line(struct pty *pty)
{
    tcgetattr(pty->slave, &pty->line);
}

static void add_word(struct pty *pty, const char *word)
{
    size_t used = strlen(pty->words);
    snprintf(pty->words + used, sizeof pty->words - used, "%s%s", used > 0 ? ", " : "", word);
}

const char *pty_left_behind(struct pty *pty)
{
    struct termios now;
    pty->words[0] = '\0';
    pty_modes_words(&pty->modes, pty->words, sizeof pty->words);
    if (tcgetattr(pty->slave, &now) != 0)
        add_word(pty, "line settings unreadable");
    if (now.c_lflag != pty->line.c_lflag)
        add_word(pty, "line: local flags");
    if (now.c_iflag != pty->line.c_iflag)
        add_word(pty, "line: input flags");
    if (now.c_oflag != pty->line.c_oflag)
        add_word(pty, "line: output flags");
    if (memcmp(now.c_cc, pty->line.c_cc, sizeof now.c_cc) != 0)
        add_word(pty, "line: control characters");
    return pty->words;
}

uint64_t pty_bytes_read(const struct pty *pty)
{
    return pty->bytes_read;
}

int64_t pty_last_read_us(const struct pty *pty)
{
    return pty->last_read_us;
}
