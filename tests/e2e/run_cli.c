/* run_cli.c: see run_cli.h. */
#include "run_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema.h"

enum { ARGS_MAX = 24, OUTPUT_MAX = 4 << 20, LIMIT_MS = 120000 };

static int64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------ homes */

void cli_home_make(struct cli_home *home, const char *config)
{
    const char *tmp = getenv("TMPDIR");
    *home = (struct cli_home){.config = config};
    snprintf(home->dir, sizeof home->dir, "%s/slipway-cli-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(home->dir));
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void cli_home_remove(struct cli_home *home)
{
    if (home->dir[0] != '\0')
        nftw(home->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    home->dir[0] = '\0';
}

static void set_home(const struct cli_home *home)
{
    static const char *const names[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME", "XDG_DATA_HOME"};
    static const char *const places[] = {"", "/config", "/state", "/cache", "/data"};
    char path[256];
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s%s", home->dir, places[i]);
        setenv(names[i], path, 1);
    }
}

/* --------------------------------------------------------------------- processes */

static size_t split(char *text, const char **argv, size_t max)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count + 1 < max;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

__attribute__((noreturn)) static void run_child(const struct cli_home *home, const char *line,
                                                int out, int err)
{
    const char *program = getenv("SLIPWAY_BIN");
    const char *argv[ARGS_MAX] = {"slipway"};
    char text[512];
    size_t at = 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    set_home(home);
    if (home->config != NULL) {
        argv[at++] = "--config";
        argv[at++] = home->config;
    }
    snprintf(text, sizeof text, "%s", line);
    split(text, argv + at, ARGS_MAX - at);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, 0);
    dup2(out, 1);
    dup2(err, 2);
    signal(SIGPIPE, SIG_DFL);
    execv(program != NULL ? program : ".build/release/slipway", (char *const *)(uintptr_t)argv);
    _exit(127);
}

pid_t cli_start_to(const struct cli_home *home, const char *line, int out, int err)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_child(home, line, out, err);
    return pid;
}

pid_t cli_start(const struct cli_home *home, const char *line, int *out, int *err)
{
    int out_pipe[2];
    int err_pipe[2];
    assert_int_equal(pipe2(out_pipe, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err_pipe, O_CLOEXEC), 0);
    pid_t pid = cli_start_to(home, line, out_pipe[1], err_pipe[1]);
    close(out_pipe[1]);
    close(err_pipe[1]);
    *out = out_pipe[0];
    *err = err_pipe[0];
    return pid;
}

int cli_wait(pid_t pid, int limit_ms)
{
    int64_t end_ms = mono_ms() + limit_ms;
    int status = 0;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        if (mono_ms() > end_ms) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            fail_msg("it does not end within %d ms", limit_ms);
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

/* Reads both until both have ended, so that neither can fill up. */
static void read_both(pid_t pid, const int fds[2], char *texts[2])
{
    int64_t end_ms = mono_ms() + LIMIT_MS;
    size_t used[2] = {0};
    struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
    for (size_t i = 0; i < 2; i++) {
        texts[i] = calloc(1, OUTPUT_MAX);
        assert_non_null(texts[i]);
    }
    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        if (mono_ms() > end_ms) {
            kill(pid, SIGKILL);
            fail_msg("it still runs after %d ms; it said: %s%s", LIMIT_MS, texts[0], texts[1]);
        }
        poll(polls, 2, 1000);
        for (size_t i = 0; i < 2; i++) {
            if (polls[i].fd < 0 || polls[i].revents == 0)
                continue;
            ssize_t n = read(polls[i].fd, texts[i] + used[i], OUTPUT_MAX - 1 - used[i]);
            if (n > 0) {
                used[i] += (size_t)n;
            } else {
                close(polls[i].fd);
                polls[i].fd = -1;
            }
        }
    }
}

char *cli_read_all(int fd, int limit_ms)
{
    char *text = calloc(1, OUTPUT_MAX);
    size_t used = 0;
    int64_t end_ms = mono_ms() + limit_ms;
    assert_non_null(text);
    for (;;) {
        struct pollfd in = {.fd = fd, .events = POLLIN};
        if (poll(&in, 1, (int)(end_ms - mono_ms())) != 1)
            break;
        ssize_t n = read(fd, text + used, OUTPUT_MAX - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    close(fd);
    return text;
}

void cli_run(const struct cli_home *home, struct ran *ran, const char *line)
{
    int fds[2];
    char *texts[2];
    *ran = (struct ran){0};
    snprintf(ran->line, sizeof ran->line, "slipway %s", line);
    pid_t pid = cli_start(home, line, &fds[0], &fds[1]);
    read_both(pid, fds, texts);
    ran->out = texts[0];
    ran->err = texts[1];
    ran->code = cli_wait(pid, LIMIT_MS);
}

void cli_ran_clear(struct ran *ran)
{
    free(ran->out);
    free(ran->err);
    *ran = (struct ran){0};
}

/* ------------------------------------------------------------------ expectations */

void cli_expect(const struct cli_home *home, struct ran *ran, const char *line, int code)
{
    cli_run(home, ran, line);
    if (ran->code != code)
        fail_msg("%s: exit code %d, not %d\n%s%s", ran->line, ran->code, code, ran->out, ran->err);
}

void cli_expect_error(const struct cli_home *home, const char *line, int code, const char *text,
                      size_t lines)
{
    struct ran ran;
    size_t count = 0;
    cli_expect(home, &ran, line, code);
    if (strstr(ran.err, text) == NULL)
        fail_msg("%s: does not say \"%s\" but\n%s", ran.line, text, ran.err);
    for (const char *at = ran.err; *at != '\0'; at++) {
        count += *at == '\n';
        if ((unsigned char)*at < ' ' && *at != '\n')
            fail_msg("%s: a control character in\n%s", ran.line, ran.err);
    }
    if (lines != 0 && count != lines)
        fail_msg("%s: %zu lines, not %zu:\n%s", ran.line, count, lines, ran.err);
    cli_ran_clear(&ran);
}

json_t *cli_expect_json(const struct cli_home *home, const char *line, int code, const char *schema)
{
    struct ran ran;
    json_error_t error;
    cli_expect(home, &ran, line, code);
    json_t *value = json_loads(ran.out, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        fail_msg("%s: no JSON (%s):\n%s", ran.line, error.text, ran.out);
    schema_expect(schema, value, ran.line);
    cli_ran_clear(&ran);
    return value;
}
