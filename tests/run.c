/*
 * run.c: runs test programs and sums what they say.
 *
 *   run [-j JOBS] [-t SECONDS] -b BUILD PROGRAM...
 *
 * Each program runs alone in a process group with its own HOME and XDG directories below the
 * build directory, a clean environment, no terminal and a deadline. Its output is kept in
 * BUILD/<variant>/log and shown only when it failed. cmocka's counts are summed; a *.sh counts as
 * one test by its exit code. A program that crashed, ran out of time, left with an error without
 * naming a failed test, or ran no test, counts as one failure. Skipped tests are named aloud. The
 * last line is "N passed, M failed"; the exit code is 0 only when M is 0 and N is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_TEXT 1024
#define JOBS_MAX  16

struct job {
    const char *program;
    pid_t pid;
    double started_s;
    bool is_timed_out;
    char log[PATH_TEXT];
};

static struct {
    const char *build;
    int jobs;
    double limit_s;
    int passed;
    int failed;
    int skipped;
} run = {.jobs = 2, .limit_s = 120};

static double now_s(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "run: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* snprintf that ends the run instead of going on with half a path. */
__attribute__((format(printf, 3, 4))) static void print_to(char *out, size_t size, const char *fmt,
                                                           ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(out, size, fmt, args);
    va_end(args);
    errno = ENAMETOOLONG;
    if (len < 0 || (size_t)len >= size)
        die(fmt);
}

static void make_dirs(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        die(path);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

/* What an earlier run left must not be seen by this one. */
static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool is_script(const char *program)
{
    size_t len = strlen(program);
    return len > 3 && strcmp(program + len - 3, ".sh") == 0;
}

/* ---------------------------------------------------------------- starting */

static void set_path(const char *name, const char *base, const char *rest)
{
    char path[PATH_TEXT];
    print_to(path, sizeof(path), "%s/%s", base, rest);
    setenv(name, path, 1);
}

static void set_private_dir(const char *name, const char *base, const char *rest)
{
    char path[PATH_TEXT];
    print_to(path, sizeof(path), "%s/%s", base, rest);
    make_dirs(path);
    setenv(name, path, 1);
}

/* The variant is the path's part below the build directory: BUILD/asan/tests/unit/test_x. */
static void variant_of(const char *program, char out[64])
{
    print_to(out, 64, "release");
    size_t len = strlen(run.build);
    if (strncmp(program, run.build, len) != 0 || program[len] != '/')
        return;
    const char *name = program + len + 1;
    size_t size = strcspn(name, "/");
    if (size < 64)
        print_to(out, 64, "%.*s", (int)size, name);
}

/* "tests/unit/test_x" becomes "unit-test_x": unique, and one file name. */
static void name_of(const char *program, char out[256])
{
    const char *part = strstr(program, "tests/");
    snprintf(out, 256, "%s", part != NULL ? part + 6 : program);
    for (char *slash = strchr(out, '/'); slash != NULL; slash = strchr(slash, '/'))
        *slash = '-';
}

/* What the caller may choose of a test's own. */
static const char *const kept_names[] = {"SLIPWAY_SOAK_SEED", "SLIPWAY_SOAK_HOURS",
                                         "SLIPWAY_WALK_SEED", "SLIPWAY_WALK_STEPS"};
enum { KEPT_NAMES = sizeof kept_names / sizeof kept_names[0], KEPT_SIZE = 64 };

static void keep_chosen(char kept[KEPT_NAMES][KEPT_SIZE])
{
    for (size_t i = 0; i < KEPT_NAMES; i++) {
        const char *value = getenv(kept_names[i]);
        print_to(kept[i], KEPT_SIZE, "%s", value != NULL ? value : "");
    }
}

static void set_environment(const char *program)
{
    char kept[KEPT_NAMES][KEPT_SIZE];
    keep_chosen(kept);
    char variant[64];
    char base[PATH_TEXT];
    char top[PATH_TEXT / 2];
    variant_of(program, variant);
    const char *path = getenv("PATH");
    char saved[4096];
    print_to(saved, sizeof(saved), "%s", path != NULL ? path : "/usr/bin:/bin");
    if (getcwd(top, sizeof(top)) == NULL)
        die("getcwd");
    clearenv();
    setenv("PATH", saved, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TZ", "UTC", 1);
    for (size_t i = 0; i < KEPT_NAMES; i++) {
        if (kept[i][0] != '\0')
            setenv(kept_names[i], kept[i], 1);
    }
    setenv("ASAN_OPTIONS",
           "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:"
           "allocator_may_return_null=1",
           1);
    setenv("UBSAN_OPTIONS", "print_stacktrace=1", 1);
    setenv("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1",
           1);
    setenv("SLIPWAY_TOP", top, 1);
    setenv("SLIPWAY_VARIANT", variant, 1);
    print_to(base, sizeof(base), "%s%s%s/%s", run.build[0] == '/' ? "" : top,
             run.build[0] == '/' ? "" : "/", run.build, variant);
    setenv("SLIPWAY_BUILD", base, 1);
    set_path("SLIPWAY_BIN", base, "slipway");
    set_path("SLIPWAY_SIM_BIN", base, "slipway-sim");
    char name[256];
    name_of(program, name);
    size_t used = strlen(base);
    print_to(base + used, sizeof(base) - used, "/home/%s", name);
    remove_tree(base);
    set_private_dir("HOME", base, ".");
    set_private_dir("TMPDIR", base, "tmp");
    set_private_dir("XDG_CONFIG_HOME", base, "config");
    set_private_dir("XDG_STATE_HOME", base, "state");
    set_private_dir("XDG_CACHE_HOME", base, "cache");
    set_private_dir("XDG_DATA_HOME", base, "data");
}

static void run_child(const char *program, const char *log)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int in = open("/dev/null", O_RDONLY);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0)
        die(log);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    close(in);
    close(out);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    set_environment(program);
    if (is_script(program))
        execlp("sh", "sh", program, (char *)NULL);
    else
        execl(program, program, (char *)NULL);
    die(program);
}

static void start(struct job *job, const char *program)
{
    char variant[64];
    char dir[PATH_TEXT / 2];
    *job = (struct job){.program = program, .started_s = now_s()};
    variant_of(program, variant);
    print_to(dir, sizeof(dir), "%s/%s/log", run.build, variant);
    make_dirs(dir);
    char name[256];
    name_of(program, name);
    print_to(job->log, sizeof(job->log), "%s/%s.log", dir, name);
    fflush(NULL);
    job->pid = fork();
    if (job->pid < 0)
        die("fork");
    if (job->pid == 0)
        run_child(program, job->log);
}

/* ----------------------------------------------------------------- judging */

/* The number after one of cmocka's marks, or -1. */
static int count_after(const char *line, const char *mark)
{
    size_t len = strlen(mark);
    if (strncmp(line, mark, len) != 0)
        return -1;
    char *end = NULL;
    long value = strtol(line + len, &end, 10);
    return end != line + len && strncmp(end, " test(s)", 8) == 0 ? (int)value : -1;
}

struct counts {
    int passed;
    int failed;
    int skipped;
};

static struct counts read_counts(const char *log)
{
    struct counts sum = {0};
    FILE *file = fopen(log, "re");
    if (file == NULL)
        return sum;
    char line[4096];
    while (fgets(line, sizeof(line), file) != NULL) {
        int n = count_after(line, "[  PASSED  ] ");
        sum.passed += n > 0 ? n : 0;
        n = count_after(line, "[  FAILED  ] ");
        sum.failed += n > 0 ? n : 0;
        n = count_after(line, "[  SKIPPED ] ");
        sum.skipped += n > 0 ? n : 0;
    }
    fclose(file);
    return sum;
}

static void show(const char *log, const char *only)
{
    FILE *file = fopen(log, "re");
    if (file == NULL)
        return;
    char line[4096];
    while (fgets(line, sizeof(line), file) != NULL) {
        if (only == NULL || (strstr(line, only) != NULL && count_after(line, only) < 0))
            printf("    %s", line);
    }
    fclose(file);
}

static void judge(struct job *job, int status)
{
    struct counts c = read_counts(job->log);
    bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (is_script(job->program))
        c = (struct counts){.passed = is_clean ? 1 : 0, .failed = is_clean ? 0 : 1};
    const char *reason = "";
    char text[64];
    if (job->is_timed_out) {
        reason = "out of time";
    } else if (WIFSIGNALED(status)) {
        print_to(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
        reason = text;
    } else if (!is_clean && c.failed == 0) {
        print_to(text, sizeof(text), "exit code %d", WEXITSTATUS(status));
        reason = text;
    } else if (c.passed + c.failed + c.skipped == 0) {
        reason = "ran no test";
    }
    if (reason[0] != '\0' && c.failed == 0)
        c.failed = 1;
    run.passed += c.passed;
    run.failed += c.failed;
    run.skipped += c.skipped;
    if (c.failed > 0) {
        printf("FAILED  %s  %s (%d passed, %d failed)\n", job->program, reason, c.passed, c.failed);
        show(job->log, NULL);
    } else {
        printf("ok      %s  (%d, %.1f s)\n", job->program, c.passed, now_s() - job->started_s);
        if (c.skipped > 0) {
            printf("SKIPPED %s: %d\n", job->program, c.skipped);
            show(job->log, "[  SKIPPED ] ");
        } else {
            unlink(job->log);
        }
    }
    fflush(stdout);
}

/* Ends what the program left behind in its session. */
static void end_group(const struct job *job)
{
    kill(-job->pid, SIGKILL);
}

static bool finish_if_done(struct job *job)
{
    if (!job->is_timed_out && now_s() - job->started_s > run.limit_s) {
        job->is_timed_out = true;
        end_group(job);
    }
    int status = 0;
    if (waitpid(job->pid, &status, WNOHANG) != job->pid)
        return false;
    end_group(job);
    judge(job, status);
    *job = (struct job){.pid = 0};
    return true;
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
    is_interrupted = signal_number;
}

/* The programs are in sessions of their own: an interrupt reaches them only through here. */
static void end_all(const struct job *jobs)
{
    for (int i = 0; i < run.jobs; i++) {
        if (jobs[i].pid != 0)
            end_group(&jobs[i]);
    }
    exit(128 + is_interrupted);
}

static void run_all(char **programs, int count)
{
    struct job jobs[JOBS_MAX] = {0};
    int next = 0;
    int running = 0;
    while (next < count || running > 0) {
        for (int i = 0; i < run.jobs; i++) {
            if (jobs[i].pid != 0 && finish_if_done(&jobs[i]))
                running--;
            if (jobs[i].pid == 0 && next < count) {
                start(&jobs[i], programs[next++]);
                running++;
            }
        }
        if (is_interrupted != 0)
            end_all(jobs);
        poll(NULL, 0, 5);
    }
}

int main(int argc, char **argv)
{
    int option = 0;
    while ((option = getopt(argc, argv, "j:t:b:")) != -1) {
        if (option == 'j')
            run.jobs = (int)strtol(optarg, NULL, 10);
        else if (option == 't')
            run.limit_s = strtod(optarg, NULL);
        else if (option == 'b')
            run.build = optarg;
        else
            return 64;
    }
    if (run.build == NULL || run.jobs < 1 || run.jobs > JOBS_MAX || run.limit_s <= 0) {
        fprintf(stderr, "usage: run [-j JOBS] [-t SECONDS] -b BUILD PROGRAM...\n");
        return 64;
    }
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    signal(SIGHUP, interrupt);
    run_all(argv + optind, argc - optind);
    if (run.skipped > 0)
        printf("%d SKIPPED, named above\n", run.skipped);
    printf("%d passed, %d failed\n", run.passed, run.failed);
    return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
