/*
 * test_fs.c: private files, whole reads, atomic writes, and locks between processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"

static char dir[512];

/* A path below the test's own directory; sixteen stay valid at once. */
static const char *in_dir(const char *name)
{
    static char paths[16][SW_PATH_TEXT];
    static int next;
    next = (next + 1) % 16;
    sw_ignore(sw_format(paths[next], SW_PATH_TEXT, "%s/%s", dir, name));
    return paths[next];
}

static int make_dir(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    sw_ignore(sw_format(dir, sizeof(dir), "%s/slipway-fs.XXXXXX", base != NULL ? base : "/tmp"));
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static mode_t mode_of(const char *path)
{
    struct stat info = {0};
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void write_file(const char *path, const char *text)
{
    assert_int_equal(sw_fs_write_atomic(path, text, strlen(text), 0600, NULL), SW_OK);
}

static void test_paths(void **state)
{
    (void)state;
    char out[SW_PATH_TEXT];
    setenv("HOME", "/home/u", 1);
    unsetenv("XDG_STATE_HOME");
    assert_int_equal(sw_fs_xdg(SW_XDG_STATE, "slipway/x", out, NULL), SW_OK);
    assert_string_equal(out, "/home/u/.local/state/slipway/x");
    setenv("XDG_STATE_HOME", "relative", 1); /* the specification: ignore what is not absolute */
    assert_int_equal(sw_fs_xdg(SW_XDG_STATE, "slipway", out, NULL), SW_OK);
    assert_string_equal(out, "/home/u/.local/state/slipway");
    setenv("XDG_STATE_HOME", "/s", 1);
    assert_int_equal(sw_fs_xdg(SW_XDG_STATE, "slipway", out, NULL), SW_OK);
    assert_string_equal(out, "/s/slipway");
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_CACHE_HOME", "/k", 1);
    setenv("XDG_DATA_HOME", "/d", 1);
    sw_fs_xdg(SW_XDG_CONFIG, "x", out, NULL);
    assert_string_equal(out, "/c/x");
    sw_fs_xdg(SW_XDG_CACHE, "x", out, NULL);
    assert_string_equal(out, "/k/x");
    sw_fs_xdg(SW_XDG_DATA, "x", out, NULL);
    assert_string_equal(out, "/d/x");
}

static void test_expand(void **state)
{
    (void)state;
    char out[SW_PATH_TEXT];
    setenv("HOME", "/home/u", 1);
    static const char *const rows[][2] = {
        {"~", "/home/u"}, {"~/x/y", "/home/u/x/y"}, {"/a/~", "/a/~"}, {"a/b", "a/b"}, {"", ""}};
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        assert_int_equal(sw_fs_expand(rows[i][0], out, NULL), SW_OK);
        assert_string_equal(out, rows[i][1]);
    }
    assert_int_equal(sw_fs_expand("~root/x", out, NULL), SW_E_USAGE);
    char longest[2 * SW_PATH_TEXT];
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(sw_fs_expand(longest, out, NULL), SW_E_LIMIT);
    assert_int_equal(sw_fs_join("/a", longest, out, NULL), SW_E_LIMIT);
    assert_int_equal(sw_fs_join("/a", "/b", out, NULL), SW_OK);
    assert_string_equal(out, "/b");
}

static void test_directories(void **state)
{
    (void)state;
    umask(0);
    assert_int_equal(sw_fs_mkdirs(in_dir("a/b/c"), NULL), SW_OK);
    assert_int_equal(mode_of(in_dir("a")), 0700);
    assert_int_equal(mode_of(in_dir("a/b/c")), 0700);
    assert_int_equal(sw_fs_mkdirs(in_dir("a/b/c"), NULL), SW_OK);
    assert_int_equal(sw_fs_mkdirs(in_dir("a/b/c/"), NULL), SW_OK);
    struct sw_error err = {0};
    write_file(in_dir("file"), "x");
    assert_int_equal(sw_fs_mkdirs(in_dir("file"), &err), SW_E_IO);
    assert_non_null(strstr(err.text, "file"));
    assert_int_equal(sw_fs_mkdirs(in_dir("file/below"), &err), SW_E_IO);
    assert_int_equal(sw_fs_private_dir(in_dir("mine"), &err), SW_OK);
    chmod(in_dir("mine"), 0755);
    assert_int_equal(sw_fs_private_dir(in_dir("mine"), &err), SW_OK);
    chmod(in_dir("mine"), 0770);
    assert_int_equal(sw_fs_private_dir(in_dir("mine"), &err), SW_E_DENIED);
    assert_non_null(strstr(err.text, "chmod"));
}

static void test_read_and_write(void **state)
{
    (void)state;
    struct sw_buf buf;
    struct sw_error err = {0};
    sw_buf_init(&buf, 100000);
    umask(022);
    write_file(in_dir("doc"), "first");
    write_file(in_dir("doc"), "second");
    assert_int_equal(mode_of(in_dir("doc")), 0600);
    assert_int_equal(sw_fs_read(in_dir("doc"), 6, &buf, &err), SW_OK);
    assert_string_equal(sw_buf_text(&buf), "second");
    sw_buf_reset(&buf);
    assert_int_equal(sw_fs_read(in_dir("doc"), 5, &buf, &err), SW_E_LIMIT);
    sw_buf_reset(&buf);
    assert_int_equal(sw_fs_read(in_dir("none"), 5, &buf, &err), SW_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "none"));
    assert_int_equal(sw_fs_read(dir, 5, &buf, &err), SW_E_IO);
    assert_int_equal(sw_fs_read("/dev/zero", 5, &buf, &err), SW_E_IO);
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    assert_int_equal(sw_fs_read(in_dir("pipe"), 5, &buf, &err), SW_E_IO); /* and does not hang */
    char *big = sw_xcalloc(1, 70000);
    memset(big, 'b', 69999);
    assert_int_equal(sw_fs_write_atomic(in_dir("big"), big, 69999, 0644, &err), SW_OK);
    assert_int_equal(mode_of(in_dir("big")), 0644);
    assert_int_equal(sw_fs_read(in_dir("big"), 70000, &buf, &err), SW_OK);
    assert_int_equal(buf.len, 69999);
    free(big);
    sw_buf_clear(&buf);
    assert_true(sw_fs_exists(in_dir("big")));
    assert_false(sw_fs_exists(in_dir("none")));
}

/* A write that cannot be finished leaves the old file and no litter. */
static void test_failed_write_changes_nothing(void **state)
{
    (void)state;
    struct sw_error err = {0};
    assert_int_equal(sw_fs_write_atomic(in_dir("no/such/x"), "x", 1, 0600, &err), SW_E_NOT_FOUND);
    assert_int_equal(sw_fs_mkdirs(in_dir("taken/inside"), NULL), SW_OK);
    assert_int_not_equal(sw_fs_write_atomic(in_dir("taken"), "x", 1, 0600, &err), SW_OK);
    char pattern[SW_PATH_TEXT];
    sw_ignore(sw_format(pattern, sizeof(pattern), "%s.", in_dir("taken")));
    assert_true(sw_fs_exists(in_dir("taken/inside")));
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", "for f in \"$1\"*; do [ ! -e \"$f\" ] || exit 1; done", "sh",
               pattern, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_lock_in_one_process(void **state)
{
    (void)state;
    struct sw_lock one = {0};
    struct sw_lock two = {0};
    struct sw_error err = {0};
    sw_lock_release(&one);
    assert_int_equal(sw_lock_try(&one, in_dir("lock"), &err), SW_OK);
    assert_true(one.is_held);
    assert_int_equal(mode_of(in_dir("lock")), 0600);
    assert_int_equal(sw_lock_try(&two, in_dir("lock"), &err), SW_E_BUSY);
    assert_false(two.is_held);
    char pid[32];
    sw_ignore(sw_format(pid, sizeof(pid), "process %ld", (long)getpid()));
    assert_non_null(strstr(err.text, pid));
    int64_t before = sw_time_mono_ms();
    assert_int_equal(sw_lock_wait(&two, in_dir("lock"), before + 60, &err), SW_E_BUSY);
    assert_true(sw_time_mono_ms() >= before + 60);
    sw_lock_release(&one);
    assert_false(one.is_held);
    assert_int_equal(sw_lock_wait(&two, in_dir("lock"), 0, &err), SW_OK);
    sw_lock_release(&two);
    sw_lock_release(&two);
    assert_int_equal(symlink("elsewhere", in_dir("link")), 0);
    assert_int_equal(sw_lock_try(&one, in_dir("link"), &err), SW_E_DENIED);
    assert_int_equal(sw_lock_try(&one, in_dir("no/such/lock"), &err), SW_E_NOT_FOUND);
}

/* The lock of a killed process is free at once, and a waiter gets it. */
static void test_lock_across_processes(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sw_lock lock = {0};
        char said = sw_lock_try(&lock, in_dir("shared"), NULL) == SW_OK ? 'y' : 'n';
        sw_ignore(write(ready[1], &said, 1));
        pause();
        _exit(0);
    }
    char said = 0;
    assert_int_equal(read(ready[0], &said, 1), 1);
    assert_int_equal(said, 'y');
    struct sw_lock mine = {0};
    struct sw_error err = {0};
    char holder[32];
    sw_ignore(sw_format(holder, sizeof(holder), "process %ld", (long)pid));
    assert_int_equal(sw_lock_try(&mine, in_dir("shared"), &err), SW_E_BUSY);
    assert_non_null(strstr(err.text, holder));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(sw_lock_wait(&mine, in_dir("shared"), sw_time_mono_ms() + 5000, &err), SW_OK);
    int status = 0;
    waitpid(pid, &status, 0);
    sw_lock_release(&mine);
    close(ready[0]);
    close(ready[1]);
}

static void test_lock_can_be_asked_about(void **state)
{
    (void)state;
    struct sw_lock lock = {0};
    assert_false(sw_lock_is_taken(in_dir("asked")));
    assert_false(sw_fs_exists(in_dir("asked")));
    assert_int_equal(sw_lock_try(&lock, in_dir("asked"), NULL), SW_OK);
    assert_true(sw_lock_is_taken(in_dir("asked")));
    assert_true(sw_lock_is_taken(in_dir("asked")));
    sw_lock_release(&lock);
    assert_false(sw_lock_is_taken(in_dir("asked")));
    assert_int_equal(sw_lock_try(&lock, in_dir("asked"), NULL), SW_OK); /* asking keeps nothing */
    sw_lock_release(&lock);
}

/* A child made by fork does not keep a released lock. */
static void test_lock_released_despite_child(void **state)
{
    (void)state;
    struct sw_lock lock = {0};
    struct sw_lock again = {0};
    assert_int_equal(sw_lock_try(&lock, in_dir("kept"), NULL), SW_OK);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pause();
        _exit(0);
    }
    sw_lock_release(&lock);
    assert_int_equal(sw_lock_try(&again, in_dir("kept"), NULL), SW_OK);
    sw_lock_release(&again);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Eight processes add one, 25 times each, to a number in a file; none is lost. */
static void test_lock_excludes(void **state)
{
    (void)state;
    write_file(in_dir("count"), "0");
    pid_t pids[8];
    fflush(NULL);
    for (int i = 0; i < 8; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] != 0)
            continue;
        for (int k = 0; k < 25; k++) {
            struct sw_lock lock = {0};
            char text[32];
            if (sw_lock_wait(&lock, in_dir("count.lock"), sw_time_mono_ms() + 30000, NULL) != SW_OK)
                _exit(1);
            int fd = open(in_dir("count"), O_RDWR);
            ssize_t got = read(fd, text, sizeof(text) - 1);
            text[got > 0 ? got : 0] = '\0';
            int len = snprintf(text, sizeof(text), "%ld", strtol(text, NULL, 10) + 1);
            sw_ignore(pwrite(fd, text, (size_t)len, 0));
            close(fd);
            sw_lock_release(&lock);
        }
        _exit(0);
    }
    for (int i = 0; i < 8; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct sw_buf buf;
    sw_buf_init(&buf, 100);
    assert_int_equal(sw_fs_read(in_dir("count"), 100, &buf, NULL), SW_OK);
    assert_string_equal(sw_buf_text(&buf), "200");
    sw_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_read_and_write),
        cmocka_unit_test(test_failed_write_changes_nothing),
        cmocka_unit_test(test_lock_in_one_process),
        cmocka_unit_test(test_lock_across_processes),
        cmocka_unit_test(test_lock_can_be_asked_about),
        cmocka_unit_test(test_lock_released_despite_child),
        cmocka_unit_test(test_lock_excludes),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
