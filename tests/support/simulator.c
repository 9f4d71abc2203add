/*
 * simulator.c: see simulator.h.
 *
 * The admin client is one blocking socket a request with a limit of ten seconds: a simulator that
 * does not answer is a failed test, not a slow one.
 */
#include "support/simulator.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 4 << 20, ANSWER_MS = 10000, BODY_MAX = 4096, START_MS = 60000 };

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "simulator: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(2);
}

/* ------------------------------------------------------------------ the process */

__attribute__((noreturn)) static void run_child(const struct simulator *sim, int speed, int seed,
                                                const int out[2])
{
    char speed_text[16];
    char seed_text[16];
    const char *path = getenv("SLIPWAY_SIM_BIN");
    snprintf(speed_text, sizeof speed_text, "%d", speed);
    snprintf(seed_text, sizeof seed_text, "%d", seed);
    dup2(out[1], 1);
    close(out[0]);
    close(out[1]);
    execl(path != NULL ? path : ".build/release/slipway-sim", "slipway-sim", "--dir", sim->dir,
          "--speed", speed_text, "--seed", seed_text, "--die-with-parent", (char *)NULL);
    _exit(127);
}

static void wait_ready(int fd)
{
    char line[16] = "";
    struct pollfd in = {.fd = fd, .events = POLLIN};
    if (poll(&in, 1, START_MS) != 1 || read(fd, line, sizeof line - 1) <= 0 ||
        strncmp(line, "ready\n", 6) != 0)
        die("it does not say ready but \"%s\"", line);
}

static void copy_endpoint(const struct simulator *sim, const char *path, char *out, size_t size)
{
    if ((size_t)snprintf(out, size, "%s", simulator_endpoint(sim, path)) >= size || out[0] == '\0')
        die("no %s in endpoints.json", path);
}

void simulator_start(struct simulator *sim, int speed, int seed)
{
    char path[256];
    int out[2];
    const char *tmp = getenv("TMPDIR");
    *sim = (struct simulator){0};
    snprintf(sim->dir, sizeof sim->dir, "%s/slipway-world-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(sim->dir) == NULL || pipe(out) != 0)
        die("%s: %s", sim->dir, strerror(errno));
    fflush(NULL);
    sim->pid = fork();
    if (sim->pid < 0)
        die("fork: %s", strerror(errno));
    if (sim->pid == 0)
        run_child(sim, speed, seed, out);
    close(out[1]);
    wait_ready(out[0]);
    close(out[0]);
    snprintf(sim->config, sizeof sim->config, "%s/config.yaml", sim->dir);
    snprintf(path, sizeof path, "%s/endpoints.json", sim->dir);
    sim->endpoints = json_load_file(path, 0, NULL);
    if (sim->endpoints == NULL)
        die("%s cannot be read", path);
    copy_endpoint(sim, "services.admin.url", sim->admin_url, sizeof sim->admin_url);
    copy_endpoint(sim, "services.admin.token", sim->admin_token, sizeof sim->admin_token);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

int simulator_stop(struct simulator *sim)
{
    int status = 0;
    if (sim->pid == 0)
        return 0;
    kill(sim->pid, SIGTERM);
    while (waitpid(sim->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    nftw(sim->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    json_decref(sim->endpoints);
    *sim = (struct simulator){0};
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --------------------------------------------------------------------- requests */

static int dial(const struct simulator *sim)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *port = strrchr(sim->admin_url, ':');
    address.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("its admin endpoint does not answer: %s", strerror(errno));
    return fd;
}

/* All of the answer, to the end of the connection; the caller frees. */
static char *receive(int fd)
{
    char *text = malloc(ANSWER_MAX);
    size_t used = 0;
    struct pollfd in = {.fd = fd, .events = POLLIN};
    while (text != NULL && used < ANSWER_MAX - 1) {
        if (poll(&in, 1, ANSWER_MS) != 1)
            die("its admin endpoint fell silent");
        ssize_t n = recv(fd, text + used, ANSWER_MAX - 1 - used, 0);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    if (text == NULL)
        die("memory");
    text[used] = '\0';
    return text;
}

static json_t *ask(const struct simulator *sim, const char *method, const char *path,
                   const char *body)
{
    char request[BODY_MAX + 512];
    int fd = dial(sim);
    int len = snprintf(request, sizeof request,
                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                       "Authorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                       method, path, sim->admin_token, strlen(body), body);
    if (len < 0 || (size_t)len >= sizeof request ||
        send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        die("%s %s cannot be sent", method, path);
    char *text = receive(fd);
    close(fd);
    const char *answer = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 2", 10) != 0 || answer == NULL)
        die("%s %s %s: %.400s", method, path, body, text);
    json_t *json = json_loads(answer + 4, JSON_DECODE_ANY, NULL);
    free(text);
    return json;
}

json_t *simulator_ask(const struct simulator *sim, const char *method, const char *path,
                      const char *format, ...)
{
    char body[BODY_MAX] = "";
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(body, sizeof body, format, args);
        va_end(args);
    }
    return ask(sim, method, path, body);
}

void simulator_do(const struct simulator *sim, const char *method, const char *path,
                  const char *format, ...)
{
    char body[BODY_MAX] = "";
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(body, sizeof body, format, args);
        va_end(args);
    }
    json_decref(ask(sim, method, path, body));
}

/* ---------------------------------------------------------------------- reading */

json_t *simulator_at(json_t *json, const char *path)
{
    while (json != NULL && path[0] != '\0') {
        char key[64];
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
                                   : json_object_get(json, key);
        path += len + (path[len] == '.');
    }
    return json;
}

const char *simulator_endpoint(const struct simulator *sim, const char *path)
{
    const char *text = json_string_value(simulator_at(sim->endpoints, path));
    return text != NULL ? text : "";
}

static int64_t counter_at(const struct simulator *sim, const char *path)
{
    json_t *counters = ask(sim, "GET", "/counters", "");
    int64_t value = json_integer_value(simulator_at(counters, path));
    json_decref(counters);
    return value;
}

int64_t simulator_mutating(const struct simulator *sim)
{
    return counter_at(sim, "mutating");
}

int64_t simulator_count(const struct simulator *sim, const char *service, const char *counter)
{
    char path[128];
    snprintf(path, sizeof path, "services.%s.%s", service, counter);
    return counter_at(sim, path);
}

/* ----------------------------------------------------------------------- config */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, BODY_MAX * 16);
    if (file == NULL || text == NULL)
        die("%s: %s", path, strerror(errno));
    size_t len = fread(text, 1, BODY_MAX * 16 - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

/* `text` with every `from` replaced, NULL when there is none; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
    char *out = NULL;
    size_t size = 0;
    if (strstr(text, from) == NULL)
        return NULL;
    FILE *file = open_memstream(&out, &size);
    if (file == NULL)
        die("memory");
    for (const char *hit; (hit = strstr(text, from)) != NULL; text = hit + strlen(from))
        fprintf(file, "%.*s%s", (int)(hit - text), text, to);
    fputs(text, file);
    fclose(file);
    return out;
}

static void write_text(const struct simulator *sim, const char *name, const char *text, char *path,
                       size_t size)
{
    snprintf(path, size, "%s/%s", sim->dir, name);
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0)
        die("%s: %s", path, strerror(errno));
}

void simulator_config_with(const struct simulator *sim, const char *name, const char *const *pairs,
                           char *path, size_t size)
{
    char *text = read_text(sim->config);
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        char *next = replaced(text, pairs[i], pairs[i + 1]);
        if (next == NULL)
            die("\"%s\" is not in the configuration", pairs[i]);
        free(text);
        text = next;
    }
    write_text(sim, name, text, path, size);
    free(text);
}

bool simulator_config_variant(const struct simulator *sim, const char *name, const char *from,
                              const char *to)
{
    char path[256];
    char *text = read_text(sim->config);
    char *changed = from != NULL ? replaced(text, from, to) : NULL;
    write_text(sim, name, changed != NULL ? changed : text, path, sizeof path);
    bool has_any = changed != NULL || from == NULL;
    free(changed);
    free(text);
    return has_any;
}
