/* The ledger: many writers, killed writers, full disks, flipped bytes. The program runs itself
 * again as `test_ledger append DIR RELEASE COUNT NAME` to have other processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "base/time.h"
#include "store/ledger_journal.h"
#include "store/ref_name.h"

static char program[SW_PATH_TEXT], shim[SW_PATH_TEXT];
static char state_dir[512];

/* ------------------------------------------------------------------ tools */

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char child[SW_PATH_TEXT];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            sw_format(child, sizeof child, "%s/%s", path, entry->d_name))
            continue;
        if (lstat(child, &info) == 0 && S_ISDIR(info.st_mode))
            remove_tree(child);
        else
            unlink(child);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static int new_state(void **state)
{
    (void)state;
    const char *place = getenv("TMPDIR");
    sw_format(state_dir, sizeof state_dir, "%s/slipway-test-ledger-XXXXXX",
              place != NULL ? place : "/tmp");
    return mkdtemp(state_dir) == NULL ? 1 : 0;
}

static int drop_state(void **state)
{
    (void)state;
    remove_tree(state_dir);
    return 0;
}

static struct sw_ledger *open_ledger(const char *release)
{
    struct sw_ledger *ledger = NULL;
    struct sw_error err = {0};
    if (sw_ledger_open(state_dir, release, &ledger, &err) != SW_OK)
        fail_msg("%s", err.text);
    return ledger;
}

static enum sw_code append_note(struct sw_ledger *ledger, const char *text, char commit[16],
                                struct sw_error *err)
{
    struct sw_record record = {.kind = SW_EVENT_NOTE, .at_ms = sw_time_real_ms()};
    sw_uuid4(record.uuid);
    record.text = sw_xstrdup(text);
    record.actor = sw_xstrdup("Captain <captain@example.com>, captain@host");
    enum sw_code code = sw_ledger_append(ledger, &record, err);
    if (commit != NULL)
        sw_copy(commit, 16, record.commit);
    sw_record_clear(&record);
    return code;
}

static void must_append(struct sw_ledger *ledger, const char *text)
{
    struct sw_error err = {0};
    if (append_note(ledger, text, NULL, &err) != SW_OK)
        fail_msg("%s", err.text);
}

struct seen {
    size_t count, limit;
    char texts[20000][32];
};

static bool keep(void *arg, const struct sw_record *record)
{
    struct seen *seen = arg;
    if (seen->count < SW_ARRAY_LEN(seen->texts))
        sw_copy(seen->texts[seen->count], sizeof seen->texts[0], record->text);
    seen->count++;
    return seen->limit == 0 || seen->count < seen->limit;
}

static struct seen *read_all(struct sw_ledger *ledger, const char *after)
{
    static struct seen seen;
    struct sw_error err = {0};
    memset(&seen, 0, sizeof seen);
    if (sw_ledger_read(ledger, after, keep, &seen, &err) != SW_OK)
        fail_msg("%s", err.text);
    return &seen;
}

static bool is_whole(char **report)
{
    struct sw_ledger *ledger = open_ledger("2.0");
    char *text = NULL;
    enum sw_code code = sw_ledger_verify(ledger, &text, NULL);
    sw_ledger_close(ledger);
    assert_non_null(text);
    if (report != NULL)
        *report = text;
    else
        free(text);
    return code == SW_OK;
}

/* Runs this program again; extra environment as NAME=VALUE, NULL-ended. Its output goes to out, or
 * nowhere. Returns its pid. */
static pid_t spawn(const char *release, int count, const char *name, const char *const *extra,
                   int out)
{
    char number[16];
    sw_format(number, sizeof number, "%d", count);
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++)
        putenv(sw_xstrdup(extra[i]));
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(out >= 0 ? out : nowhere, STDOUT_FILENO);
    if (getenv("SLIPWAY_TEST_VERBOSE") == NULL)
        dup2(nowhere, STDERR_FILENO);
    execl(program, program, "append", state_dir, release, number, name, (char *)NULL);
    _exit(126);
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Exit 0: all appended; 3: refused with SW_E_IO; 4: with SW_E_GIT; 5: otherwise. Prints each text
 * once its append has returned. */
static int run_append(char **argv)
{
    struct sw_ledger *ledger = NULL;
    struct sw_error err = {0};
    enum sw_code code = sw_ledger_open(argv[2], argv[3], &ledger, &err);
    long count = strtol(argv[4], NULL, 10);
    for (long i = 0; code == SW_OK && i < count; i++) {
        char text[64];
        sw_format(text, sizeof text, "%s-%ld", argv[5], i);
        code = append_note(ledger, text, NULL, &err);
        if (code == SW_OK) {
            printf("%s\n", text);
            fflush(stdout);
        }
    }
    sw_ledger_close(ledger);
    if (code != SW_OK)
        fprintf(stderr, "%s\n", err.text);
    return code == SW_OK ? 0 : code == SW_E_IO ? 3 : code == SW_E_GIT ? 4 : 5;
}

/* ------------------------------------------------------------------ the rules */

static void events_come_back_in_order(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    char head[64] = "x", first[64], commit[16];
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    assert_string_equal(head, "");
    assert_int_equal(read_all(ledger, NULL)->count, 0);
    assert_int_equal(append_note(ledger, "one", commit, NULL), SW_OK);
    assert_int_equal(sw_ledger_head(ledger, first, NULL), SW_OK);
    assert_int_equal(strlen(first), 40);
    assert_int_equal(strlen(commit), 12);
    assert_memory_equal(first, commit, 12);
    must_append(ledger, "two");
    must_append(ledger, "three");
    const struct seen *seen = read_all(ledger, NULL);
    assert_int_equal(seen->count, 3);
    assert_string_equal(seen->texts[0], "one");
    assert_string_equal(seen->texts[2], "three");
    seen = read_all(ledger, first);
    assert_int_equal(seen->count, 2);
    assert_string_equal(seen->texts[0], "two");
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    assert_int_equal(read_all(ledger, head)->count, 0);
    /* a commit that is not in the log, or none at all: from the first */
    assert_int_equal(read_all(ledger, "0123456789012345678901234567890123456789")->count, 3);
    assert_int_equal(read_all(ledger, "nonsense")->count, 3);
    struct seen limited = {.limit = 2};
    assert_int_equal(sw_ledger_read(ledger, NULL, keep, &limited, NULL), SW_OK);
    assert_int_equal(limited.count, 2);
    sw_ledger_close(ledger);
    assert_true(is_whole(NULL));
}

static void releases_are_apart(void **state)
{
    (void)state;
    static const char *const names[] = {"2.0", "..", "a/b c", "x.lock", "\xc3\xa9t\xc3\xa9"};
    for (size_t i = 0; i < SW_ARRAY_LEN(names); i++) {
        struct sw_ledger *ledger = open_ledger(names[i]);
        must_append(ledger, names[i]);
        sw_ledger_close(ledger);
    }
    struct sw_ledger *ledger = open_ledger("other");
    char **list = NULL;
    size_t count = 0;
    assert_int_equal(sw_ledger_releases(ledger, &list, &count, NULL), SW_OK);
    assert_int_equal(count, 5);
    assert_string_equal(list[0], "..");
    assert_string_equal(list[1], "2.0");
    assert_string_equal(list[2], "a/b c");
    assert_string_equal(list[3], "x.lock");
    assert_string_equal(list[4], "\xc3\xa9t\xc3\xa9");
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
    assert_int_equal(read_all(ledger, NULL)->count, 0);
    sw_ledger_close(ledger);
    ledger = open_ledger("a/b c");
    assert_string_equal(read_all(ledger, NULL)->texts[0], "a/b c");
    sw_ledger_close(ledger);
    assert_int_equal(sw_ledger_open(state_dir, "", &ledger, NULL), SW_E_USAGE);
    assert_null(ledger);
}

static void names_of_refs_go_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *release, *name;
    } cases[] = {
        {"2.15.3", "2.15.3"},   {"a b", "a%20b"},       {".x", "%2Ex"},         {"x.", "x%2E"},
        {"a..b", "a.%2Eb"},     {"a.lock", "a%2Elock"}, {"a.locks", "a.locks"}, {"100%", "100%25"},
        {"\xc3\xa9", "%C3%A9"}, {"a/b", "a%2Fb"},       {"@{x}", "%40%7Bx%7D"},
    };
    char out[SW_REF_NAME_TEXT], back[256], too_long[300];
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        assert_true(sw_ref_name_encode(cases[i].release, out));
        assert_string_equal(out, cases[i].name);
        assert_true(sw_ref_name_decode(out, back, sizeof back));
        assert_string_equal(back, cases[i].release);
    }
    static const char *const wrong[] = {"", "%", "%4", "%zz", "%00", "a b", "a/b", "%c3"};
    for (size_t i = 0; i < SW_ARRAY_LEN(wrong); i++)
        assert_false(sw_ref_name_decode(wrong[i], back, sizeof back));
    memset(too_long, 'a', sizeof too_long);
    too_long[201] = '\0';
    assert_false(sw_ref_name_encode(too_long, out));
}

static void everything_is_private(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "one");
    sw_ledger_close(ledger);
    umask(mask);
    char path[SW_PATH_TEXT];
    struct stat info;
    sw_format(path, sizeof path, "%s/ledger.git", state_dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    /* neither git nor libgit2 finds anything to run there */
    struct sw_buf config;
    sw_buf_init(&config, 65536);
    sw_format(path, sizeof path, "%s/ledger.git/config", state_dir);
    assert_int_equal(sw_fs_read(path, 65536, &config, NULL), SW_OK);
    assert_non_null(strstr(sw_buf_text(&config), "hooksPath = /dev/null"));
    sw_buf_clear(&config);
    chmod(state_dir, 0770);
    struct sw_error err = {0};
    assert_int_equal(sw_ledger_open(state_dir, "2.0", &ledger, &err), SW_E_IO);
    assert_non_null(strstr(err.text, "others can write"));
    chmod(state_dir, 0700);
}

/* ----------------------------------------------------------------- many writers */

static void eight_processes_lose_nothing(void **state)
{
    (void)state;
    enum { WRITERS = 8, EACH = 50 };
    pid_t pids[WRITERS];
    /* None has made the ledger before: creating it is a race, too. */
    for (int i = 0; i < WRITERS; i++) {
        char name[8];
        sw_format(name, sizeof name, "w%d", i);
        pids[i] = spawn("2.0", EACH, name, NULL, -1);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(wait_for(pids[i]), 0);
    struct sw_ledger *ledger = open_ledger("2.0");
    const struct seen *seen = read_all(ledger, NULL);
    assert_int_equal(seen->count, WRITERS * EACH);
    int next[WRITERS] = {0};
    for (size_t i = 0; i < seen->count; i++) {
        int writer = seen->texts[i][1] - '0';
        assert_in_range(writer, 0, WRITERS - 1);
        /* each writer's own events in its own order: none twice, none missing */
        assert_int_equal(strtol(seen->texts[i] + 3, NULL, 10), next[writer]);
        next[writer]++;
    }
    sw_ledger_close(ledger);
    assert_true(is_whole(NULL));
}

static void append_many(void *arg)
{
    const char *name = arg;
    struct sw_ledger *ledger = NULL;
    if (sw_ledger_open(state_dir, "2.0", &ledger, NULL) != SW_OK)
        return;
    for (int i = 0; i < 20; i++)
        sw_ignore((long long)append_note(ledger, name, NULL, NULL));
    sw_ledger_close(ledger);
}

static void threads_have_a_ledger_each(void **state)
{
    (void)state;
    static char names[4][4] = {"a", "b", "c", "d"};
    struct sw_thread threads[4] = {{0}};
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        assert_int_equal(sw_thread_start(&threads[i], SW_THREAD_ACTION, "append", 0, append_many,
                                         names[i], NULL),
                         SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        sw_thread_join(&threads[i]);
    struct sw_ledger *ledger = open_ledger("2.0");
    assert_int_equal(read_all(ledger, NULL)->count, 80);
    sw_ledger_close(ledger);
}

/* A writer that does not know our lock (the user's own git) holds the ref, and lets it go. */
static void release_ref(void *arg)
{
    struct timespec pause = {.tv_nsec = 200 * 1000000L};
    nanosleep(&pause, NULL);
    unlink(arg);
}

static void a_ref_held_by_git_is_waited_for(void **state)
{
    (void)state;
    char path[SW_PATH_TEXT];
    struct sw_thread thread = {0};
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "one");
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/2.0.lock", state_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    int64_t start = sw_time_mono_ms();
    assert_int_equal(
        sw_thread_start(&thread, SW_THREAD_WORKER, "release", 0, release_ref, path, NULL), SW_OK);
    must_append(ledger, "two");
    assert_true(sw_time_mono_ms() - start >= 150);
    sw_thread_join(&thread);
    assert_int_equal(read_all(ledger, NULL)->count, 2);
    sw_ledger_close(ledger);
}

static void a_dead_writers_ref_lock_is_taken_away(void **state)
{
    (void)state;
    char path[SW_PATH_TEXT];
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "one");
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/2.0.lock", state_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    must_append(ledger, "two");
    assert_int_equal(read_all(ledger, NULL)->count, 2);
    sw_ledger_close(ledger);
}

static bool is_in(const struct seen *seen, const char *text)
{
    for (size_t i = 0; i < seen->count && i < SW_ARRAY_LEN(seen->texts); i++)
        if (strcmp(seen->texts[i], text) == 0)
            return true;
    return false;
}

/* Starts a writer, kills it after a while, and returns what it had been told is written. */
static char *kill_a_writer(const char *name, int after_ms)
{
    int ends[2];
    struct sw_buf told;
    char part[4096];
    ssize_t got;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = spawn("2.0", 100000, name, NULL, ends[1]);
    close(ends[1]);
    struct timespec pause = {.tv_nsec = after_ms * 1000000L};
    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    assert_int_equal(wait_for(pid), -SIGKILL);
    sw_buf_init(&told, 1 << 20);
    sw_buf_add(&told, "");
    while ((got = read(ends[0], part, sizeof part)) > 0)
        sw_buf_addn(&told, part, (size_t)got);
    close(ends[0]);
    return sw_buf_take(&told);
}

static void kill_in_the_middle_leaves_a_log(void **state)
{
    (void)state;
    size_t all_told = 0;
    for (int round = 0; round < 10; round++) {
        char name[8], *report = NULL, *save = NULL;
        sw_format(name, sizeof name, "k%d", round);
        char *told SW_AUTO_FREE = kill_a_writer(name, 30 + 37 * round);
        struct sw_ledger *ledger = open_ledger("2.0");
        const struct seen *seen = read_all(ledger, NULL);
        size_t count = seen->count;
        for (char *line = strtok_r(told, "\n", &save); line != NULL;
             line = strtok_r(NULL, "\n", &save), all_told++)
            if (!is_in(seen, line))
                fail_msg("%s was said to be written", line);
        must_append(ledger, "after");
        assert_int_equal(read_all(ledger, NULL)->count, count + 1);
        sw_ledger_close(ledger);
        if (!is_whole(&report))
            fail_msg("round %d: %s", round, report);
        free(report);
    }
    assert_true(all_told > 0);
}

/* ------------------------------------------------------------------ bad disks */

static bool has_shim(void)
{
    if (access(shim, R_OK) == 0)
        return true;
    print_message("no %s: the disk cannot be made to fail\n", shim);
    return false;
}

/* Every write and sync of an append fails once, in turn: refused, and nothing half believed. */
static void fail_each_call(const char *reason, const char *short_write)
{
    char preload[SW_PATH_TEXT + 16], under[600], number[32], which[64];
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "good");
    sw_format(preload, sizeof preload, "LD_PRELOAD=%s", shim);
    sw_format(under, sizeof under, "SLIPWAY_FAIL_UNDER=%s", state_dir);
    sw_format(which, sizeof which, "SLIPWAY_FAIL_ERRNO=%s", reason);
    size_t refused = 0, expected = 1;
    bool is_past_the_end = false;
    for (int n = 1; n <= 40 && !is_past_the_end; n++) {
        sw_format(number, sizeof number, "SLIPWAY_FAIL=%d", n);
        const char *extra[] = {preload,
                               under,
                               number,
                               which,
                               "SLIPWAY_FAIL_CALLS=write,fsync,rename",
                               "ASAN_OPTIONS=verify_asan_link_order=0",
                               short_write,
                               NULL};
        int code = wait_for(spawn("2.0", 1, "bad", extra, -1));
        if (code != 0 && code != 3)
            fail_msg("call %d: exit %d", n, code);
        is_past_the_end = code == 0;
        refused += code == 3 ? 1 : 0;
        size_t count = read_all(ledger, NULL)->count;
        /* Only a failing sync of the ref's folder comes after the ref has moved. */
        assert_true(count == expected || count == expected + 1);
        expected = count;
        char *report = NULL;
        if (!is_whole(&report))
            fail_msg("call %d: %s", n, report);
        free(report);
    }
    assert_true(is_past_the_end);
    assert_true(refused >= 4);
    must_append(ledger, "good again");
    assert_int_equal(read_all(ledger, NULL)->count, expected + 1);
    sw_ledger_close(ledger);
}

/* A disk that fails once: what append said is what is in the log. */
static void a_disk_that_fails_once_is_told_truly(void **state)
{
    (void)state;
    if (!has_shim())
        skip();
    char preload[SW_PATH_TEXT + 16], under[600], number[32];
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "good");
    sw_format(preload, sizeof preload, "LD_PRELOAD=%s", shim);
    sw_format(under, sizeof under, "SLIPWAY_FAIL_UNDER=%s", state_dir);
    size_t count = 1, refused = 0;
    for (int n = 1; n <= 12; n++) {
        sw_format(number, sizeof number, "SLIPWAY_FAIL=%d", n);
        const char *extra[] = {preload,
                               under,
                               number,
                               "SLIPWAY_FAIL_ERRNO=EIO",
                               "SLIPWAY_FAIL_CALLS=write,fsync,rename",
                               "SLIPWAY_FAIL_ONCE=1",
                               "ASAN_OPTIONS=verify_asan_link_order=0",
                               NULL};
        int code = wait_for(spawn("2.0", 1, "once", extra, -1));
        size_t now = read_all(ledger, NULL)->count;
        assert_true(code == 0 || code == 3);
        assert_true(code == 0 ? now == count + 1 : now <= count + 1);
        refused += code == 3 ? 1 : 0;
        count = now;
    }
    assert_true(refused >= 2);
    sw_ledger_close(ledger);
    assert_true(is_whole(NULL));
}

static void a_full_disk_refuses(void **state)
{
    (void)state;
    if (!has_shim())
        skip();
    fail_each_call("ENOSPC", NULL);
}

static void a_failing_disk_refuses(void **state)
{
    (void)state;
    if (!has_shim())
        skip();
    fail_each_call("EIO", "SLIPWAY_FAIL_SHORT=1");
}

static void a_full_disk_at_the_start_is_said(void **state)
{
    (void)state;
    if (!has_shim())
        skip();
    char preload[SW_PATH_TEXT + 16], under[600];
    sw_format(preload, sizeof preload, "LD_PRELOAD=%s", shim);
    sw_format(under, sizeof under, "SLIPWAY_FAIL_UNDER=%s", state_dir);
    const char *extra[] = {preload, under, "SLIPWAY_FAIL=1",
                           "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
    assert_int_equal(wait_for(spawn("2.0", 1, "bad", extra, -1)), 3);
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "later");
    assert_int_equal(read_all(ledger, NULL)->count, 1);
    sw_ledger_close(ledger);
}

static void an_unwritable_state_can_be_read(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "one");
    sw_ledger_close(ledger);
    if (geteuid() == 0) {
        /* Root writes anywhere: a disk that refuses every opening for writing stands in. */
        if (!has_shim())
            skip();
        char preload[SW_PATH_TEXT + 16], under[600];
        sw_format(preload, sizeof preload, "LD_PRELOAD=%s", shim);
        sw_format(under, sizeof under, "SLIPWAY_FAIL_UNDER=%s", state_dir);
        const char *extra[] = {preload,
                               under,
                               "SLIPWAY_FAIL=1",
                               "SLIPWAY_FAIL_ERRNO=EROFS",
                               "SLIPWAY_FAIL_CALLS=open,write,fsync,rename",
                               "ASAN_OPTIONS=verify_asan_link_order=0",
                               NULL};
        assert_int_equal(wait_for(spawn("2.0", 0, "read", extra, -1)), 0);
        assert_int_equal(wait_for(spawn("2.0", 1, "bad", extra, -1)), 3);
        return;
    }
    char git[SW_PATH_TEXT];
    sw_format(git, sizeof git, "%s/ledger.git", state_dir);
    sw_format(git, sizeof git, "%s/ledger.lock", state_dir);
    chmod(git, 0400);
    chmod(state_dir, 0500);
    ledger = open_ledger("2.0");
    assert_int_equal(read_all(ledger, NULL)->count, 1);
    assert_int_equal(append_note(ledger, "two", NULL, NULL), SW_E_IO);
    sw_ledger_close(ledger);
    chmod(state_dir, 0700);
}

/* ------------------------------------------------------------------- damage */

static void flip(const char *path, long at, unsigned char bit)
{
    chmod(path, 0600);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned char byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= bit;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void path_of_object(const char *commit, char path[SW_PATH_TEXT])
{
    sw_format(path, SW_PATH_TEXT, "%s/ledger.git/objects/%.2s/%s", state_dir, commit, commit + 2);
}

static void every_flipped_byte_is_found(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    char heads[3][64], path[SW_PATH_TEXT];
    for (int i = 0; i < 3; i++) {
        must_append(ledger, "record");
        assert_int_equal(sw_ledger_head(ledger, heads[i], NULL), SW_OK);
    }
    sw_ledger_close(ledger);
    path_of_object(heads[1], path);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    /* The last byte before the check sum (4 bytes) can have bits that belong to nothing (RFC 1951,
     * 3.2.3): flipped, the record is still the same to the last byte. */
    long padding = info.st_size - 5;
    for (long at = 0; at < info.st_size; at++) {
        char *report = NULL;
        flip(path, at, (unsigned char)(1u << (at % 8)));
        bool is_fine = is_whole(&report);
        if (is_fine && at != padding)
            fail_msg("byte %ld of %ld", at, (long)info.st_size);
        if (!is_fine && strstr(report, heads[1]) == NULL)
            fail_msg("byte %ld: %s", at, report);
        free(report);
        flip(path, at, (unsigned char)(1u << (at % 8)));
    }
    assert_true(is_whole(NULL));
}

/* libgit2 1.5.1 itself reads such an object for ever. */
static void a_record_cut_short_is_told(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    char head[64], path[SW_PATH_TEXT];
    must_append(ledger, "one");
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    sw_ledger_close(ledger);
    path_of_object(head, path);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    chmod(path, 0600);
    for (long len = info.st_size - 1; len >= 0; len--) {
        struct sw_error err = {0};
        assert_int_equal(truncate(path, len), 0);
        ledger = open_ledger("2.0");
        assert_int_equal(sw_ledger_read(ledger, NULL, keep, &(struct seen){0}, &err), SW_E_PARSE);
        assert_non_null(strstr(err.text, head));
        sw_ledger_close(ledger);
    }
    assert_false(is_whole(NULL));
}

static void damage_hides_only_what_is_older(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    char head[64], path[SW_PATH_TEXT];
    must_append(ledger, "one");
    must_append(ledger, "two");
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    must_append(ledger, "three");
    must_append(ledger, "four");
    sw_ledger_close(ledger);
    path_of_object(head, path);
    flip(path, 30, 4);
    ledger = open_ledger("2.0");
    struct seen seen = {0};
    struct sw_error err = {0};
    assert_int_equal(sw_ledger_read(ledger, NULL, keep, &seen, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, head));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.texts[0], "three");
    /* and the log goes on: the newest record is whole */
    must_append(ledger, "five");
    sw_ledger_close(ledger);
    char *report = NULL;
    assert_false(is_whole(&report));
    assert_non_null(strstr(report, head));
    assert_non_null(strstr(report, "the 3 records after it are whole"));
    free(report);
}

/* -------------------------------------------------------------------- journal */

static void append_halt(const char *release, const char *uuid, const char *intent,
                        enum sw_result result)
{
    struct sw_record record = {.kind = result == SW_RESULT_NONE ? SW_EVENT_INTENT
                                                                : SW_EVENT_OUTCOME,
                               .verb = SW_VERB_HALT,
                               .result = result,
                               .at_ms = 1};
    struct sw_error err = {0};
    struct sw_ledger *ledger = open_ledger(release);
    sw_copy(record.uuid, sizeof record.uuid, uuid);
    record.platform = sw_xstrdup("ios");
    record.intent = sw_xstrdup(intent);
    if (sw_ledger_append(ledger, &record, &err) != SW_OK)
        fail_msg("%s", err.text);
    sw_record_clear(&record);
    sw_ledger_close(ledger);
}

static void count_told(void *arg, const char *release, const struct sw_record *record)
{
    size_t *told = arg;
    assert_non_null(release);
    assert_true(record->uuid[0] != '\0');
    (*told)++;
}

#define UUID(last) "00000000-0000-4000-8000-00000000000" last

static size_t told_now(struct sw_journal *journal)
{
    size_t told = 0;
    struct sw_error err = {0};
    struct sw_ledger *ledger = open_ledger("another");
    if (sw_journal_read(journal, ledger, count_told, &told, &err) != SW_OK)
        fail_msg("%s", err.text);
    sw_ledger_close(ledger);
    return told;
}

static void a_journal_takes_what_is_new_in_every_log(void **state)
{
    (void)state;
    struct sw_journal journal = {0}, copy = {0};
    uint64_t stamp = sw_ledger_stamp_all(state_dir);
    assert_int_equal(told_now(&journal), 0);
    append_halt("1.0", UUID("1"), NULL, SW_RESULT_NONE);
    append_halt("2.0", UUID("2"), NULL, SW_RESULT_NONE);
    assert_true(sw_ledger_stamp_all(state_dir) != stamp);
    assert_int_equal(told_now(&journal), 2);
    assert_int_equal(journal.open_count, 2);
    assert_string_equal(journal.open[0].release, "1.0");
    assert_string_equal(journal.open[1].intent.uuid, UUID("2"));
    assert_int_equal(told_now(&journal), 0);
    stamp = sw_ledger_stamp_all(state_dir);
    assert_true(sw_ledger_stamp_all(state_dir) == stamp);
    append_halt("1.0", UUID("3"), UUID("1"), SW_RESULT_UNKNOWN);
    append_halt("2.0", UUID("4"), UUID("2"), SW_RESULT_SEEN);
    assert_true(sw_ledger_stamp_all(state_dir) != stamp);
    sw_journal_copy(&copy, &journal);
    assert_int_equal(told_now(&journal), 2);
    assert_int_equal(journal.open_count, 1);
    assert_true(journal.open[0].is_unknown);
    append_halt("1.0", UUID("5"), UUID("1"), SW_RESULT_REJECTED);
    assert_int_equal(told_now(&journal), 1);
    assert_int_equal(journal.open_count, 0);
    assert_int_equal(copy.open_count, 2);
    assert_int_equal(told_now(&copy), 3); /* it stands where it was copied */
    assert_int_equal(copy.open_count, 0);
    sw_journal_clear(&copy);
    sw_journal_clear(&journal);
}

/* What is older than a damaged record is hidden; what is newer must not be, nor go unsaid. */
static void a_journal_tells_damage_from_a_log_it_cannot_read(void **state)
{
    (void)state;
    struct sw_journal journal = {0}, second = {0}, third = {0};
    struct sw_error err = {0};
    char head[64], path[SW_PATH_TEXT];
    append_halt("1.0", UUID("1"), NULL, SW_RESULT_NONE);
    struct sw_ledger *ledger = open_ledger("1.0");
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    sw_ledger_close(ledger);
    append_halt("1.0", UUID("2"), NULL, SW_RESULT_NONE);
    append_halt("3.0", UUID("3"), NULL, SW_RESULT_NONE);
    path_of_object(head, path);
    flip(path, 30, 4);
    ledger = open_ledger("2.0");
    assert_int_equal(sw_journal_read(&journal, ledger, NULL, NULL, &err), SW_OK);
    assert_true(sw_journal_is_damaged(&journal, "1.0"));
    assert_false(sw_journal_is_damaged(&journal, "3.0"));
    assert_int_equal(journal.open_count, 2);
    assert_string_equal(journal.open[0].intent.uuid, UUID("2"));
    sw_ledger_close(ledger);
    /* the newest record */
    ledger = open_ledger("3.0");
    assert_int_equal(sw_ledger_head(ledger, head, NULL), SW_OK);
    path_of_object(head, path);
    flip(path, 30, 4);
    assert_int_equal(sw_journal_read(&third, ledger, NULL, NULL, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, head));
    flip(path, 30, 4);
    /* a ref that cannot be read is not overlooked, and does not hide the other logs */
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/1.0", state_dir);
    assert_int_equal(sw_fs_write_atomic(path, "", 0, 0600, NULL), SW_OK);
    assert_int_not_equal(sw_journal_read(&second, ledger, NULL, NULL, &err), SW_OK);
    assert_non_null(strstr(err.text, "1.0"));
    assert_int_equal(second.open_count, 1);
    sw_ledger_close(ledger);
    sw_journal_clear(&journal);
    sw_journal_clear(&second);
    sw_journal_clear(&third);
}

static void a_bad_ref_is_named(void **state)
{
    (void)state;
    static const char *const contents[] = {
        "",
        "x",
        "0123",
        "not a commit id at all, and longer than forty characters",
        "0123456789012345678901234567890123456789\n",
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", /* the empty tree: no commit */
    };
    struct sw_ledger *ledger = open_ledger("2.0");
    char path[SW_PATH_TEXT], head[64];
    must_append(ledger, "one");
    sw_ledger_close(ledger);
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/2.0", state_dir);
    for (size_t i = 0; i < SW_ARRAY_LEN(contents); i++) {
        struct sw_error err = {0};
        struct seen seen = {0};
        assert_int_equal(sw_fs_write_atomic(path, contents[i], strlen(contents[i]), 0600, NULL),
                         SW_OK);
        assert_false(is_whole(NULL));
        ledger = open_ledger("2.0");
        assert_int_not_equal(sw_ledger_read(ledger, NULL, keep, &seen, &err), SW_OK);
        assert_int_equal(seen.count, 0);
        assert_true(err.text[0] != '\0');
        assert_int_not_equal(append_note(ledger, "no", NULL, &err), SW_OK);
        char **names = NULL;
        size_t count = 0;
        sw_ignore((long long)sw_ledger_head(ledger, head, NULL));
        if (sw_ledger_releases(ledger, &names, &count, NULL) == SW_OK) {
            for (size_t n = 0; n < count; n++)
                free(names[n]);
            free(names);
        }
        sw_ledger_close(ledger);
    }
}

static void a_ref_that_was_moved_back_is_noticed(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    char first[64], last[64], path[SW_PATH_TEXT], *report = NULL;
    must_append(ledger, "one");
    assert_int_equal(sw_ledger_head(ledger, first, NULL), SW_OK);
    must_append(ledger, "two");
    assert_int_equal(sw_ledger_head(ledger, last, NULL), SW_OK);
    sw_ledger_close(ledger);
    sw_format(path, sizeof path, "%s/ledger.git/refs/slipway/2.0", state_dir);
    assert_int_equal(sw_fs_write_atomic(path, first, strlen(first), 0600, NULL), SW_OK);
    assert_false(is_whole(&report));
    assert_non_null(strstr(report, "the ref was moved"));
    assert_non_null(strstr(report, last));
    free(report);
    assert_int_equal(unlink(path), 0);
    assert_false(is_whole(&report));
    assert_non_null(strstr(report, "the ref is gone"));
    free(report);
}

/* A commit that is no event: made by hand with the user's own tools. */
static void a_foreign_record_is_named(void **state)
{
    (void)state;
    struct sw_ledger *ledger = open_ledger("2.0");
    must_append(ledger, "one");
    must_append(ledger, "two");
    sw_ledger_close(ledger);
    char git_dir[600];
    sw_format(git_dir, sizeof git_dir, "%s/ledger.git", state_dir);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char line[1800];
        sw_format(line, sizeof line,
                  "c=$(git --git-dir=%s -c user.name=x -c user.email=x@x commit-tree -p "
                  "refs/slipway/2.0 -m 'by hand' 4b825dc642cb6eb9a060e54bf8d69288fbee4904) && "
                  "git --git-dir=%s update-ref refs/slipway/2.0 $c",
                  git_dir, git_dir);
        execlp("sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(wait_for(pid), 0);
    char *report = NULL;
    assert_false(is_whole(&report));
    assert_non_null(strstr(report, "the event has no body"));
    assert_non_null(strstr(report, "(number 3 of 3)"));
    free(report);
    ledger = open_ledger("2.0");
    struct seen seen = {0};
    assert_int_equal(sw_ledger_read(ledger, NULL, keep, &seen, NULL), SW_E_PARSE);
    assert_int_equal(seen.count, 2);
    sw_ledger_close(ledger);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_state, drop_state)

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "append") == 0)
        return run_append(argv);
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len < 0)
        return 1;
    char folder[SW_PATH_TEXT];
    sw_copy(folder, sizeof folder, program);
    sw_format(shim, sizeof shim, "%.900s/../../preload/enospc.so", dirname(folder));
    const struct CMUnitTest tests[] = {
        TEST(events_come_back_in_order),
        TEST(releases_are_apart),
        TEST(names_of_refs_go_there_and_back),
        TEST(everything_is_private),
        TEST(eight_processes_lose_nothing),
        TEST(threads_have_a_ledger_each),
        TEST(a_ref_held_by_git_is_waited_for),
        TEST(a_dead_writers_ref_lock_is_taken_away),
        TEST(kill_in_the_middle_leaves_a_log),
        TEST(a_full_disk_refuses),
        TEST(a_failing_disk_refuses),
        TEST(a_disk_that_fails_once_is_told_truly),
        TEST(a_full_disk_at_the_start_is_said),
        TEST(an_unwritable_state_can_be_read),
        TEST(every_flipped_byte_is_found),
        TEST(a_record_cut_short_is_told),
        TEST(damage_hides_only_what_is_older),
        TEST(a_journal_takes_what_is_new_in_every_log),
        TEST(a_journal_tells_damage_from_a_log_it_cannot_read),
        TEST(a_bad_ref_is_named),
        TEST(a_ref_that_was_moved_back_is_noticed),
        TEST(a_foreign_record_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
