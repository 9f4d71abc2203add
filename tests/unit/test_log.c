/*
 * test_log.c: the log is private, bounded, one line per record, and never in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/thread.h"

static char dir[512];

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
    sw_ignore(sw_format(dir, sizeof(dir), "%s/slipway-log.XXXXXX", base != NULL ? base : "/tmp"));
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

static struct sw_log *open_log(const char *path, const struct sw_log_options *options)
{
    struct sw_log *log = NULL;
    struct sw_error err = {0};
    if (sw_log_open(path, options, &log, &err) != SW_OK)
        fail_msg("%s", err.text);
    return log;
}

/* The whole file; the caller frees it. */
static char *content(const char *path)
{
    struct sw_buf buf;
    sw_buf_init(&buf, (size_t)16 << 20);
    assert_int_equal(sw_fs_read(path, (size_t)16 << 20, &buf, NULL), SW_OK);
    return sw_buf_take(&buf);
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat info = {0};
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void test_records(void **state)
{
    (void)state;
    umask(0);
    const char *path = in_dir("a.log");
    struct sw_log *log = open_log(path, NULL);
    assert_string_equal(sw_log_path(log), path);
    sw_log_write(log, SW_LOG_WARN, "sentry", "reply %d\r\nforged line \x1B[2J", 7);
    sw_log_write(log, SW_LOG_DEBUG, "sentry", "not at this level");
    struct sw_error err = {0};
    sw_fail(&err, SW_E_TIMEOUT, "no answer");
    sw_log_error(log, SW_LOG_ERROR, "net", &err);
    sw_log_close(log);
    assert_int_equal(mode_of(path), 0600);
    SW_AUTO_FREE char *text = content(path);
    assert_int_equal(count_of(text, "\n"), 2);
    assert_non_null(strstr(text, "Z warn sentry: reply 7 forged line \xEF\xBF\xBD[2J\n"));
    assert_non_null(strstr(text, "Z error net: no answer (timeout)\n"));
    assert_null(strstr(text, "not at this level"));
    assert_int_equal(strspn(text, "0123456789-"), 10); /* starts with the date */
}

static void test_null_log(void **state)
{
    (void)state;
    sw_log_write(NULL, SW_LOG_ERROR, "x", "y");
    sw_log_set_redactor(NULL, NULL, NULL);
    assert_int_equal(sw_log_lost(NULL), 0);
    assert_string_equal(sw_log_path(NULL), "");
    sw_log_close(NULL);
}

static void test_open_refused(void **state)
{
    (void)state;
    struct sw_log *log = NULL;
    struct sw_error err = {0};
    assert_int_equal(symlink(in_dir("target"), in_dir("link.log")), 0);
    assert_int_equal(sw_log_open(in_dir("link.log"), NULL, &log, &err), SW_E_DENIED);
    assert_false(sw_fs_exists(in_dir("target")));
    assert_int_equal(sw_log_open(dir, NULL, &log, &err), SW_E_IO);
    assert_int_equal(sw_log_open("/dev/null", NULL, &log, &err), SW_E_DENIED);
    assert_int_equal(sw_log_open(in_dir("no/such.log"), NULL, &log, &err), SW_E_IO);
    assert_null(log);
}

static void test_wide_mode_is_narrowed(void **state)
{
    (void)state;
    const char *path = in_dir("wide.log");
    assert_int_equal(sw_fs_write_atomic(path, "old\n", 4, 0644, NULL), SW_OK);
    struct sw_log *log = open_log(path, NULL);
    sw_log_write(log, SW_LOG_INFO, "x", "new");
    sw_log_close(log);
    assert_int_equal(mode_of(path), 0600);
    SW_AUTO_FREE char *text = content(path);
    assert_memory_equal(text, "old\n", 4);
    assert_non_null(strstr(text, "new"));
}

static void test_rotation(void **state)
{
    (void)state;
    const struct sw_log_options options = {.level = SW_LOG_INFO, .max_bytes = 4096, .files = 3};
    const char *path = in_dir("r.log");
    struct sw_log *log = open_log(path, &options);
    for (int i = 0; i < 190; i++) /* about 110 bytes each, below the rate limit */
        sw_log_write(log, SW_LOG_INFO, "x", "record %04d %080d", i, 0);
    sw_log_close(log);
    static const char *const files[] = {"r.log", "r.log.1", "r.log.2"};
    for (size_t i = 0; i < SW_ARRAY_LEN(files); i++) {
        struct stat info = {0};
        assert_int_equal(stat(in_dir(files[i]), &info), 0);
        assert_true(info.st_size > 0 && info.st_size <= 4096);
        assert_int_equal(mode_of(in_dir(files[i])), 0600);
    }
    assert_false(sw_fs_exists(in_dir("r.log.3")));
    SW_AUTO_FREE char *newest = content(path);
    assert_non_null(strstr(newest, "record 0189"));
    SW_AUTO_FREE char *older = content(in_dir("r.log.1"));
    assert_true(strstr(older, "record 0189") == NULL);
}

/* The file is taken away under the log: records go on into a new one at rotation, none blocks. */
static void test_two_processes_rotate(void **state)
{
    (void)state;
    const struct sw_log_options options = {.level = SW_LOG_INFO, .max_bytes = 4096, .files = 2};
    const char *path = in_dir("two.log");
    struct sw_log *one = open_log(path, &options);
    struct sw_log *two = open_log(path, &options);
    for (int i = 0; i < 90; i++) {
        sw_log_write(one, SW_LOG_INFO, "one", "%d %060d", i, 0);
        sw_log_write(two, SW_LOG_INFO, "two", "%d %060d", i, 0);
    }
    assert_int_equal(sw_log_lost(one), 0);
    assert_int_equal(sw_log_lost(two), 0);
    sw_log_close(one);
    sw_log_close(two);
    struct stat info = {0};
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size <= 2 * 4096);
    SW_AUTO_FREE char *text = content(path);
    assert_int_equal(count_of(text, "\n"), count_of(text, "Z info "));
}

static void test_repeats(void **state)
{
    (void)state;
    const char *path = in_dir("rep.log");
    struct sw_log *log = open_log(path, NULL);
    for (int i = 0; i < 1000; i++)
        sw_log_write(log, SW_LOG_WARN, "net", "refused");
    sw_log_write(log, SW_LOG_WARN, "net", "other");
    sw_log_write(log, SW_LOG_WARN, "net", "other");
    sw_log_close(log);
    SW_AUTO_FREE char *text = content(path);
    assert_int_equal(count_of(text, "net: refused"), 1);
    assert_int_equal(count_of(text, "(repeated 999 times)"), 1);
    assert_int_equal(count_of(text, "net: other"), 1);
    assert_int_equal(count_of(text, "(repeated 1 times)"), 1);
    assert_true(strstr(text, "(repeated 999") < strstr(text, "net: other"));
}

static void test_rate_limit(void **state)
{
    (void)state;
    const char *path = in_dir("rate.log");
    struct sw_log *log = open_log(path, NULL);
    for (int i = 0; i < 5000; i++)
        sw_log_write(log, SW_LOG_WARN, "net", "number %d", i);
    uint64_t lost = sw_log_lost(log);
    sw_log_close(log);
    SW_AUTO_FREE char *text = content(path);
    int written = count_of(text, "number ");
    assert_true(written >= 200 && written < 5000);
    assert_int_equal((int)lost + written, 5000);
    assert_true(count_of(text, "records dropped") >= 1);
}

/* Disk full: the caller notices nothing, and the count tells. */
static void test_unwritable_is_quiet(void **state)
{
    (void)state;
    const char *path = in_dir("gone.log");
    const struct sw_log_options options = {.level = SW_LOG_INFO, .max_bytes = 4096, .files = 1};
    struct sw_log *log = open_log(path, &options);
    sw_log_write(log, SW_LOG_INFO, "x", "%d %03900d", 1, 0); /* cut to one record of 2 KB */
    sw_log_write(log, SW_LOG_INFO, "x", "%d %03900d", 2, 0);
    assert_int_equal(sw_log_lost(log), 0);
    char moved[SW_PATH_TEXT];
    sw_ignore(sw_format(moved, sizeof(moved), "%s.away", dir));
    assert_int_equal(rename(dir, moved), 0);
    for (int i = 3; i < 8; i++)
        sw_log_write(log, SW_LOG_INFO, "x", "%d %03900d", i, 0);
    assert_true(sw_log_lost(log) > 0);
    assert_int_equal(rename(moved, dir), 0);
    sw_log_write(log, SW_LOG_INFO, "x", "back again");
    sw_log_close(log);
    SW_AUTO_FREE char *text = content(path);
    assert_non_null(strstr(text, "back again"));
}

static void hide_secret(void *arg, char *text, size_t size)
{
    (void)size;
    const char *secret = arg;
    for (char *at = strstr(text, secret); at != NULL; at = strstr(at, secret))
        memset(at, '*', strlen(secret));
}

/* Also where a long record is cut in the middle of the secret. */
static void test_redactor(void **state)
{
    (void)state;
    static char secret[] = "s3cr\x01t-canary-0123456789";
    const char *path = in_dir("red.log");
    struct sw_log *log = open_log(path, NULL);
    sw_log_set_redactor(log, hide_secret, secret);
    sw_log_write(log, SW_LOG_INFO, "x", "token=%s;", secret);
    char pad[9000];
    memset(pad, 'p', sizeof(pad));
    for (size_t len = 8120; len < 8190; len++)
        sw_log_write(log, SW_LOG_INFO, "x", "%zu%.*s%s", len, (int)len, pad, secret);
    sw_log_close(log);
    SW_AUTO_FREE char *text = content(path);
    assert_non_null(strstr(text, "token=************************;"));
    assert_null(strstr(text, "s3cr"));
    assert_null(strstr(text, "canary"));
}

static void write_many(void *arg)
{
    for (int i = 0; i < 40; i++)
        sw_log_write(arg, SW_LOG_INFO, "t", "thread %lu record %d", (unsigned long)pthread_self(),
                     i);
}

static void test_threads(void **state)
{
    (void)state;
    const char *path = in_dir("threads.log");
    struct sw_log *log = open_log(path, NULL);
    struct sw_thread threads[4] = {0};
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        assert_int_equal(
            sw_thread_start(&threads[i], SW_THREAD_WORKER, "w", 262144, write_many, log, NULL),
            SW_OK);
    for (size_t i = 0; i < SW_ARRAY_LEN(threads); i++)
        sw_thread_join(&threads[i]);
    sw_log_close(log);
    SW_AUTO_FREE char *text = content(path);
    assert_int_equal(count_of(text, "Z info t: thread "), 160);
    assert_int_equal(count_of(text, "\n"), 160);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_null_log),
        cmocka_unit_test(test_open_refused),
        cmocka_unit_test(test_wide_mode_is_narrowed),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_two_processes_rotate),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_unwritable_is_quiet),
        cmocka_unit_test(test_redactor),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
