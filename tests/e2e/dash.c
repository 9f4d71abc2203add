/* dash.c: see dash.h. */
#include "dash.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENV_MAX = 24, ARGS_MAX = 16, OUTPUT_MAX = 1 << 20, WORLD_TURN_MS = 50 };

static const char *variant(void)
{
    const char *name = getenv("SLIPWAY_VARIANT");
    return name != NULL ? name : "release";
}

bool dash_is_release(void)
{
    return strcmp(variant(), "release") == 0;
}

int dash_limit_ms(void)
{
    return dash_is_release() ? 20000 : 60000;
}

static const char *program(void)
{
    const char *path = getenv("SLIPWAY_BIN");
    return path != NULL ? path : ".build/release/slipway";
}

/* ---------------------------------------------------------------------- opening */

struct surroundings {
    char text[5][PATH_MAX];
    const char *env[ENV_MAX];
    const char *argv[ARGS_MAX];
};

static void set_home(struct surroundings *s, const char *home)
{
    static const char *const names[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME", "XDG_DATA_HOME"};
    static const char *const places[] = {"", "/config", "/state", "/cache", "/data"};
    for (size_t i = 0; i < 5; i++) {
        snprintf(s->text[i], sizeof s->text[i], "%s=%s%s", names[i], home, places[i]);
        s->env[i] = s->text[i];
    }
}

static void add_all(const char **to, size_t at, size_t max, const char *const *from)
{
    for (size_t i = 0; from != NULL && from[i] != NULL && at + 1 < max; i++)
        to[at++] = from[i];
}

static void make_home(struct dash *dash, const char *given)
{
    const char *tmp = getenv("TMPDIR");
    if (given != NULL) {
        snprintf(dash->home, sizeof dash->home, "%s", given);
        return;
    }
    snprintf(dash->home, sizeof dash->home, "%s/dash-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dash->home) == NULL)
        fail_msg("%s: %s", dash->home, strerror(errno));
}

void dash_open(struct dash *dash, const struct dash_options *options)
{
    struct surroundings s = {0};
    *dash = (struct dash){0};
    make_home(dash, options->home);
    set_home(&s, dash->home);
    add_all(s.env, 5, ENV_MAX, options->env);
    size_t at = 0;
    s.argv[at++] = program();
    if (options->command != NULL)
        s.argv[at++] = options->command;
    s.argv[at++] = "--config";
    s.argv[at++] = options->config != NULL ? options->config : options->sim->config;
    add_all(s.argv, at, ARGS_MAX, options->args);
    struct pty_options pty = {.argv = s.argv,
                              .env = s.env,
                              .term = options->term,
                              .rows = options->rows,
                              .cols = options->cols,
                              .bytes_per_s = options->bytes_per_s,
                              .background = options->background,
                              .is_mute = options->is_mute};
    dash->pty = pty_open(&pty);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void dash_close(struct dash *dash)
{
    pty_close(dash->pty);
    dash->pty = NULL;
    if (dash->home[0] != '\0')
        nftw(dash->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    dash->home[0] = '\0';
}

/* ---------------------------------------------------------------------- failing */

static void show_log(const struct dash *dash)
{
    char path[PATH_MAX];
    char line[1024];
    snprintf(path, sizeof path, "%s/state/slipway/slipway.log", dash->home);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > 8000)
        fseek(file, -8000, SEEK_END);
    else
        rewind(file);
    printf("--- the end of its log:\n");
    while (fgets(line, sizeof line, file) != NULL)
        printf("%s", line);
    fclose(file);
}

void dash_fail(struct dash *dash, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("--- the screen:\n%s", pty_text(dash->pty));
    int status = pty_wait_exit(dash->pty, 0);
    if (status != PTY_RUNNING)
        printf("--- the program has ended with %d\n", status);
    show_log(dash);
    fail_msg("%s", text);
    abort(); /* fail_msg does not return */
}

/* ---------------------------------------------------------------------- waiting */

void dash_expect(struct dash *dash, const char *text)
{
    if (!pty_wait_text(dash->pty, text, dash_limit_ms()))
        dash_fail(dash, "\"%s\" does not come", text);
}

void dash_expect_gone(struct dash *dash, const char *text)
{
    if (!pty_wait_no_text(dash->pty, text, dash_limit_ms()))
        dash_fail(dash, "\"%s\" does not go", text);
}

struct in_row {
    const char *row, *text;
};

static bool row_has(struct pty *pty, void *arg)
{
    const struct in_row *in = arg;
    const char *rest = pty_text(pty);
    for (const char *hit; (hit = strstr(rest, in->row)) != NULL; rest = hit + 1) {
        const char *start = hit;
        while (start > pty_text(pty) && start[-1] != '\n')
            start--;
        size_t len = strcspn(start, "\n");
        if (memmem(start, len, in->text, strlen(in->text)) != NULL)
            return true;
    }
    return false;
}

void dash_expect_in_row(struct dash *dash, const char *row, const char *text)
{
    struct in_row in = {row, text};
    if (!pty_wait(dash->pty, row_has, &in, dash_limit_ms()))
        dash_fail(dash, "no row with \"%s\" shows \"%s\"", row, text);
}

void dash_never(struct dash *dash, const char *text)
{
    if (pty_shows(dash->pty, text))
        dash_fail(dash, "\"%s\" is on the screen", text);
}

void dash_type(struct dash *dash, const char *keys)
{
    if (!pty_type(dash->pty, keys))
        dash_fail(dash, "it takes no input");
}

void dash_expect_exit(struct dash *dash, int status)
{
    int found = pty_wait_exit(dash->pty, dash_limit_ms());
    if (found != status)
        dash_fail(dash, "it ends with %d, not with %d", found, status);
}

void dash_quit(struct dash *dash)
{
    dash_type(dash, "q");
    dash_expect_exit(dash, 0);
    const char *left = pty_left_behind(dash->pty);
    if (left[0] != '\0')
        dash_fail(dash, "left behind: %s", left);
}

/* --------------------------------------------------------------------- commands */

__attribute__((noreturn)) static void run_command(const struct surroundings *s, int out, int err)
{
    for (size_t i = 0; s->env[i] != NULL; i++) {
        char *copy = strdup(s->env[i]);
        char *equals = copy != NULL ? strchr(copy, '=') : NULL;
        if (equals != NULL) {
            *equals = '\0';
            setenv(copy, equals + 1, 1);
        }
    }
    char *argv[ARGS_MAX] = {NULL};
    for (size_t i = 0; i + 1 < ARGS_MAX && s->argv[i] != NULL; i++)
        argv[i] = strdup(s->argv[i]);
    dup2(out, 1);
    dup2(err, 2);
    execv(argv[0], argv);
    _exit(127);
}

/* Descriptors beyond the first three must close on exec. */
static pid_t start_command(const struct dash *dash, const struct simulator *sim,
                           const char *const *args, int out, int err)
{
    struct surroundings s = {0};
    set_home(&s, dash->home);
    s.argv[0] = program();
    add_all(s.argv, 1, ARGS_MAX, args);
    size_t count = 0;
    while (s.argv[count] != NULL)
        count++;
    s.argv[count] = "--config";
    s.argv[count + 1] = sim->config;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_command(&s, out, err);
    return pid;
}

char *dash_command(const struct dash *dash, const struct simulator *sim, const char *const *args,
                   int *status)
{
    int out[2];
    int ended = 0;
    size_t used = 0;
    char *text = calloc(1, OUTPUT_MAX);
    assert_non_null(text);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = start_command(dash, sim, args, out[1], 2);
    close(out[1]);
    for (ssize_t n;
         used < OUTPUT_MAX - 1 &&
         ((n = read(out[0], text + used, OUTPUT_MAX - 1 - used)) > 0 || (n < 0 && errno == EINTR));)
        used += n > 0 ? (size_t)n : 0;
    close(out[0]);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
        continue;
    *status = dash_status(ended);
    return text;
}

int dash_status(int ended)
{
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : PTY_SIGNALLED + WTERMSIG(ended);
}

pid_t dash_spawn(const struct dash *dash, const struct simulator *sim, const char *const *args,
                 const char *output)
{
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    pid_t pid = start_command(dash, sim, args, out, out);
    close(out);
    assert_true(pid > 0);
    return pid;
}

/* -------------------------------------------------------------------- the world */

json_t *dash_platform(json_t *world, const char *id)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(world, "platforms"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "id"));
        if (name != NULL && strcmp(name, id) == 0)
            return entry;
    }
    return NULL;
}

void dash_expect_world(struct dash *dash, const struct simulator *sim, const char *what,
                       dash_world_fn holds, void *arg)
{
    int64_t end = pty_now_us() + (int64_t)dash_limit_ms() * 1000;
    for (;;) {
        json_t *world = simulator_ask(sim, "GET", "/world", NULL);
        bool is_so = holds(world, arg);
        json_decref(world);
        if (is_so)
            return;
        if (pty_now_us() > end)
            break;
        pty_read_for(dash->pty, WORLD_TURN_MS);
    }
    dash_fail(dash, "the world never shows: %s", what);
}

struct store_is {
    const char *platform, *status;
};

static bool store_shows(json_t *world, void *arg)
{
    const struct store_is *is = arg;
    json_t *store = json_object_get(dash_platform(world, is->platform), "store");
    const char *status = json_string_value(json_object_get(store, "status"));
    return status != NULL && strcmp(status, is->status) == 0;
}

void dash_expect_store(struct dash *dash, const struct simulator *sim, const char *platform,
                       const char *status)
{
    struct store_is is = {platform, status};
    dash_expect_world(dash, sim, status, store_shows, &is);
}

double dash_fraction(const struct simulator *sim, const char *platform)
{
    json_t *world = simulator_ask(sim, "GET", "/world", NULL);
    json_t *store = json_object_get(dash_platform(world, platform), "store");
    double fraction = json_number_value(json_object_get(store, "fraction"));
    json_decref(world);
    return fraction;
}
