/*
 * bench_slipway.c: see bench.h. Prepares what the parts need, runs them and prints the table.
 *
 * No figure fails the run: only one that could not be taken does (exit code 1).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "cost.h"

enum { CONFIG_MAX = 64 * 1024, LIMIT_MS = BENCH_HELD_MS };

const struct bench_size bench_sizes[BENCH_SIZES] = {{"80×24", 24, 80}, {"200×60", 60, 200}};
const char *const bench_reference_names[BENCH_REFERENCES] = {"curses", "vim", "htop", "tig"};

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ------------------------------------------------------------------------- files */

void bench_write(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
        die(path);
}

static void join(char out[BENCH_PATH], const char *dir, const char *name)
{
    if ((size_t)snprintf(out, BENCH_PATH, "%s/%s", dir, name) >= BENCH_PATH)
        die("a path is too long");
}

void bench_make_dir(const struct bench *bench, const char *name, char out[BENCH_PATH])
{
    join(out, bench->dir, name);
    if (mkdir(out, 0700) != 0 && errno != EEXIST)
        die(out);
}

static char *read_file(const char *path)
{
    char *text = calloc(1, CONFIG_MAX);
    FILE *file = fopen(path, "re");
    if (file == NULL || text == NULL)
        die(path);
    size_t len = fread(text, 1, CONFIG_MAX - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

/* The configuration with every line that begins with (blanks and) a key replaced. */
static void write_variant(const char *from, const char *to, const char *const keys[][2])
{
    char *text = read_file(from);
    FILE *file = fopen(to, "we");
    if (file == NULL)
        die(to);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        size_t blanks = strspn(line, " ");
        const char *value = NULL;
        for (size_t i = 0; keys[i][0] != NULL; i++)
            if (strncmp(line + blanks, keys[i][0], strlen(keys[i][0])) == 0)
                value = keys[i][1];
        if (value != NULL)
            fprintf(file, "%.*s%s\n", (int)blanks, line, value);
        else
            fprintf(file, "%s\n", line);
    }
    free(text);
    if (fclose(file) != 0)
        die(to);
}

/* ---------------------------------------------------------------------- programs */

static void find_program(const char *name, char out[BENCH_PATH])
{
    static const char *const places[] = {"/usr/bin", "/usr/local/bin", "/bin", "/opt/homebrew/bin"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        join(out, places[i], name);
        if (access(out, X_OK) == 0)
            return;
    }
    out[0] = '\0';
    report_skipped(name);
}

bool bench_open_reference(const struct bench *bench, enum bench_reference reference, size_t size,
                          struct line *line)
{
    char repo[BENCH_PATH];
    join(repo, bench->sim.dir, "repo");
    const char *const curses[] = {bench->curses, bench->screen[size], NULL};
    const char *const vim[] = {
        bench->vim,          "-u", "NONE", "-i", "NONE", "-n", "-R", "-N", "+set cursorline",
        bench->screen[size], NULL};
    const char *const htop[] = {bench->htop, NULL};
    const char *const tig[] = {bench->tig, "-C", repo, NULL};
    const char *const *const argvs[BENCH_REFERENCES] = {curses, vim, htop, tig};
    const char *const *argv = argvs[reference];
    if (argv[0][0] == '\0')
        return false;
    line_open(line, argv, bench->dir, bench_sizes[size].rows, bench_sizes[size].cols);
    return true;
}

void bench_open_slipway(const struct bench *bench, const char *config, const char *home,
                        size_t size, struct line *line)
{
    const char *const argv[] = {bench->slipway, "--config", config, NULL};
    line_open(line, argv, home, bench_sizes[size].rows, bench_sizes[size].cols);
}

bool bench_open_settled(const struct bench *bench, const char *config, const char *home,
                        size_t size, struct line *line)
{
    bench_open_slipway(bench, config, home, size, line);
    bool is_drawn = line_await(line, (const char *const[]){BENCH_FRAME_END, NULL}, LIMIT_MS) != 0;
    line_settle(line, 1200, LIMIT_MS);
    return is_drawn;
}

int64_t bench_burst_end(struct line *line, size_t least, int quiet_ms)
{
    int64_t end = line_now_ns() + (int64_t)5000 * 1000000;
    while (line->len < least && line_now_ns() < end)
        line_read(line, 50);
    line_settle(line, quiet_ms, 5000);
    return line->len < least ? 0 : line->chunks[line->chunk_count - 1].at_ns;
}

/* ----------------------------------------------------------------------- set-up */

/* What a command writes, without the carriage returns of the terminal. */
static void keep_output(const struct bench *bench, const char *const *argv, const char *path)
{
    struct line line;
    line_open(&line, argv, bench->home, 24, 80);
    while (waitpid(line.pid, NULL, WNOHANG) == 0)
        line_read(&line, 20);
    line.pid = 0;
    while (line_read(&line, 20))
        continue;
    size_t kept = 0;
    for (size_t i = 0; i < line.len; i++)
        if (line.bytes[i] != '\r')
            line.bytes[kept++] = line.bytes[i];
    if (kept == 0)
        die("slipway screenshot writes nothing");
    bench_write(path, line.bytes, kept);
    line_close(&line);
}

static void take_screens(struct bench *bench)
{
    static const char *const sizes[BENCH_SIZES] = {"80x24", "200x60"};
    for (size_t i = 0; i < BENCH_SIZES; i++) {
        const char *const argv[] = {bench->slipway, "screenshot", "overview",     "--size",
                                    sizes[i],       "--config",   bench->polling, NULL};
        char name[32];
        snprintf(name, sizeof name, "screen-%s.txt", sizes[i]);
        join(bench->screen[i], bench->dir, name);
        keep_output(bench, argv, bench->screen[i]);
    }
}

/* Every source read once and the picture in the cache. */
static void fill_cache(const struct bench *bench, const char *config)
{
    struct line line;
    bool is_drawn = bench_open_settled(bench, config, bench->home, 0, &line);
    if (!line_quit(&line, LIMIT_MS) || !is_drawn)
        report_missing("filling the cache", "the dashboard does not start or end");
    line_close(&line);
}

static void set_up(struct bench *bench)
{
    static const char *const rest[][2] = {{"interval:", "interval: 3600s"},
                                          {"stale_after:", "stale_after: 86400s"},
                                          {"edit_interval:", "edit_interval: 3600s"},
                                          {NULL, NULL}};
    static const char *const minute[][2] = {
        {"interval:", "interval: 60s"}, {"edit_interval:", "edit_interval: 300s"}, {NULL, NULL}};
    const char *tmp = getenv("TMPDIR");
    const char *build = getenv("SLIPWAY_BUILD");
    bench->slipway = getenv("SLIPWAY_BIN");
    snprintf(bench->dir, sizeof bench->dir, "%s/slipway-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(bench->dir) == NULL || build == NULL || bench->slipway == NULL)
        die("run it by `make bench`");
    join(bench->curses, build, "tests/bench/ref_curses");
    join(bench->libraries, build, "tests/bench/ref_libraries");
    join(bench->connector, build, "tests/bench/ref_connect");
    join(bench->poller, build, "tests/bench/ref_poll");
    find_program("vim", bench->vim);
    find_program("htop", bench->htop);
    find_program("tig", bench->tig);
    simulator_start(&bench->sim, 1, 1);
    bench_make_dir(bench, "home", bench->home);
    join(bench->quiet, bench->dir, "quiet.yaml");
    join(bench->polling, bench->dir, "polling.yaml");
    write_variant(bench->sim.config, bench->quiet, rest);
    write_variant(bench->sim.config, bench->polling, minute);
    take_screens(bench);
    fill_cache(bench, bench->quiet);
    fill_cache(bench, bench->polling);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench);
} parts[] = {
    {"paint", bench_first_paint},
    {"keys", bench_keys},
    {"rest", bench_rest},
    {"crowd", bench_crowd},
};

static bool is_wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 1;
}

/* Arguments: names of parts; none: all of them. */
int main(int argc, char **argv)
{
    static struct bench bench;
    report_phase("a world of five platforms, and its picture in the cache");
    double load = cost_machine_load();
    set_up(&bench);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_wanted(argc, argv, parts[i].name))
            parts[i].run(&bench);
    report_phase("done");
    simulator_stop(&bench.sim);
    nftw(bench.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    printf("\n%ld cores; load before %.2f, after %.2f\n", sysconf(_SC_NPROCESSORS_ONLN), load,
           cost_machine_load());
    return report_print();
}
