/* secret_cmd.c: a credential from the standard output of a command.
 *
 * The command gets nothing of ours: no open file, no signal mask, no terminal
 * (a session of its own, so that a prompt cannot write over the screen), and an
 * environment of the few variables that password stores need. Between fork and
 * exec only async-signal-safe calls are made, because other threads exist. */
#include "net/secret_place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/time.h"

/* What pass, gopass, gpg-agent, secret-tool and their like need to find their stores. */
static const char *const kept[] = {
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "GNUPGHOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "PASSWORD_STORE_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
};
enum {
    KEPT_COUNT = SW_ARRAY_LEN(kept),
    CANCEL_LOOK_MS = 20, /* a cancel ends the wait within this */
    REAP_LOOK_MS = 5,
};

struct child {
    pid_t pid;
    int out; /* its standard output */
};

static void make_environment(char *environment[KEPT_COUNT + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        const char *value = getenv(kept[i]);
        if (value)
            environment[used++] = sw_xasprintf("%s=%s", kept[i], value);
    }
    environment[used] = NULL;
}

static void free_environment(char *environment[])
{
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
}

/* The file that argv[0] names, as a shell would find it. */
static enum sw_code find_program(const char *name, char out[SW_PATH_TEXT], struct sw_error *err)
{
    if (strchr(name, '/') || name[0] == '~') {
        enum sw_code code = sw_fs_expand(name, out, err);
        if (code == SW_OK && access(out, X_OK) != 0)
            code = sw_fail_errno(err, SW_E_IO, errno, "the credential's command %s", out);
        return code;
    }
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t len = strcspn(p, ":");
        bool is_cut = sw_format(out, SW_PATH_TEXT, "%.*s/%s", (int)len, p, name);
        if (len > 0 && p[0] == '/' && !is_cut && access(out, X_OK) == 0)
            return SW_OK;
        p += len + (p[len] == ':');
    }
    return sw_fail(err, SW_E_IO, "the credential's command \"%s\" is not found in PATH", name);
}

/* In the child: only async-signal-safe calls. */
static void become(const char *program, char *const argv[], char *const environment[], int out,
                   int fd_max)
{
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < 32; signal_number++)
        signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(126);
    for (int fd = STDERR_FILENO + 1; fd < fd_max; fd++)
        close(fd);
    execve(program, argv, environment);
    _exit(127);
}

static enum sw_code start(const char *program, char *const argv[], struct child *child,
                          struct sw_error *err)
{
    char *environment[KEPT_COUNT + 1];
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return sw_fail_errno(err, SW_E_IO, errno, "making a pipe for the credential's command");
    /* All our files close on exec by themselves; this is for those of libraries. */
    long fd_limit = sysconf(_SC_OPEN_MAX);
    int fd_max = fd_limit > 0 && fd_limit < 4096 ? (int)fd_limit : 4096;
    make_environment(environment);
    child->pid = fork();
    int error_number = errno;
    if (child->pid == 0)
        become(program, argv, environment, pipe_fds[1], fd_max);
    free_environment(environment);
    close(pipe_fds[1]);
    child->out = pipe_fds[0];
    if (child->pid > 0)
        return SW_OK;
    close(pipe_fds[0]);
    return sw_fail_errno(err, SW_E_IO, error_number, "starting the credential's command %s",
                         program);
}

/* How long a command is waited for. */
struct patience {
    int timeout_ms; /* deadline_mono_ms, for texts */
    int64_t deadline_mono_ms;
    const atomic_bool *is_cancelled; /* NULL: nobody ends the wait early */
};

static bool was_cancelled(const struct patience *patience)
{
    return patience->is_cancelled && atomic_load(patience->is_cancelled);
}

/* In ms; 0: time is up. Never long: a cancel has no descriptor that a poll could wait for. */
static int next_wait(const struct patience *patience, int at_most_ms)
{
    int64_t left = patience->deadline_mono_ms - sw_time_mono_ms();
    if (left <= 0 || was_cancelled(patience))
        return 0;
    return left < at_most_ms ? (int)left : at_most_ms;
}

/* Reads to the end; false when time is up. */
static bool read_output(int fd, const struct patience *patience, char *bytes, size_t room,
                        size_t *len)
{
    while (*len < room) {
        int wait_ms = next_wait(patience, CANCEL_LOOK_MS);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (wait_ms == 0)
            return false;
        if (poll(&wait, 1, wait_ms) <= 0)
            continue; /* interrupted, or time is up: seen above */
        ssize_t got = read(fd, bytes + *len, room - *len);
        if (got == 0 || (got < 0 && errno != EINTR))
            return true;
        *len += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Waits for its end, killing it and what it started when it does not come in time. */
static bool reap(const struct child *child, const struct patience *patience, int *status)
{
    bool is_killed = false;
    pid_t ended;
    while ((ended = waitpid(child->pid, status, is_killed ? 0 : WNOHANG)) != child->pid) {
        if (ended < 0 && errno != EINTR)
            break; /* somebody ignores SIGCHLD: its end cannot be seen, its output can */
        if (is_killed)
            continue;
        int wait_ms = next_wait(patience, REAP_LOOK_MS);
        if (wait_ms > 0) {
            poll(NULL, 0, wait_ms);
            continue;
        }
        kill(-child->pid, SIGKILL);
        kill(child->pid, SIGKILL);
        is_killed = true;
    }
    return !is_killed;
}

static enum sw_code judge_end(const char *name, bool is_in_time, const struct patience *patience,
                              int status, struct sw_error *err)
{
    if (!is_in_time && was_cancelled(patience))
        return sw_fail(err, SW_E_CANCELLED, "cancelled while the credential's command %s ran",
                       name);
    if (!is_in_time)
        return sw_fail(err, SW_E_TIMEOUT,
                       "the credential's command %s did not end within %d s and was stopped; does "
                       "it ask for something?",
                       name, patience->timeout_ms / 1000);
    if (WIFSIGNALED(status))
        return sw_fail(err, SW_E_IO, "the credential's command %s was ended by signal %d", name,
                       WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return sw_fail(
            err, SW_E_IO,
            "the credential's command %s failed (exit code %d); run it by hand to see why", name,
            WEXITSTATUS(status));
    return SW_OK;
}

enum sw_code secret_cmd_read(char *const argv[], int timeout_ms, bool whole_file,
                             const atomic_bool *is_cancelled, struct sw_secret **out,
                             struct sw_error *err)
{
    enum { ROOM = SECRET_MAX_BYTES + 1 };
    char program[SW_PATH_TEXT];
    struct child child = {.pid = -1, .out = -1};
    *out = NULL;
    enum sw_code code = find_program(argv[0], program, err);
    if (code == SW_OK)
        code = start(program, argv, &child, err);
    if (code != SW_OK)
        return code;
    char *bytes = sw_xcalloc(1, ROOM);
    size_t len = 0;
    int status = 0;
    struct patience patience = {timeout_ms, sw_time_mono_ms() + timeout_ms, is_cancelled};
    bool is_in_time = read_output(child.out, &patience, bytes, ROOM, &len);
    bool is_too_long = len == ROOM;
    close(child.out);
    if (!is_in_time || is_too_long)
        patience.deadline_mono_ms = 0;
    is_in_time = reap(&child, &patience, &status) && is_in_time;
    if (is_too_long)
        code =
            sw_fail(err, SW_E_CONFIG,
                    "the credential's command %s writes more than %d bytes: that is no credential",
                    argv[0], SECRET_MAX_BYTES);
    else
        code = judge_end(argv[0], is_in_time, &patience, status, err);
    if (code == SW_OK)
        return secret_take(bytes, len, whole_file, argv[0], out, err);
    explicit_bzero(bytes, len);
    free(bytes);
    return code;
}
