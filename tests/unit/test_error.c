/*
 * test_error.c: error texts, and how the program ends when a check of its own fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static void test_fail_fills(void **state)
{
    (void)state;
    struct sw_error err = {.http_status = 500, .is_retryable = true, .retry_at_ms = 9};
    sw_error_set_source(&err, "sentry");
    assert_int_equal(sw_fail(&err, SW_E_PARSE, "%s is %d", "x", 3), SW_E_PARSE);
    assert_int_equal(err.code, SW_E_PARSE);
    assert_string_equal(err.text, "x is 3");
    assert_string_equal(err.source, "sentry");
    assert_int_equal(err.http_status, 0);
    assert_false(err.is_retryable);
    assert_int_equal(err.retry_at_ms, 0);
    assert_int_equal(sw_fail(NULL, SW_E_IO, "x"), SW_E_IO);
    sw_error_clear(&err);
    assert_int_equal(err.code, SW_OK);
    assert_string_equal(err.source, "");
    sw_error_clear(NULL);
}

static void test_fail_variants(void **state)
{
    (void)state;
    struct sw_error err = {0};
    assert_int_equal(sw_fail_errno(&err, SW_E_IO, ENOSPC, "writing %s", "log"), SW_E_IO);
    assert_string_equal(err.text, "writing log: No space left on device");
    sw_fail_errno(&err, SW_E_IO, 99999, "writing");
    assert_string_equal(err.text, "writing: unknown error");
    assert_int_equal(sw_fail_http(&err, SW_E_QUOTA, 429, true, 1234, "slow down"), SW_E_QUOTA);
    assert_int_equal(err.http_status, 429);
    assert_true(err.is_retryable);
    assert_int_equal(err.retry_at_ms, 1234);
    assert_int_equal(sw_error_prefix(&err, "reading %s", "the track"), SW_E_QUOTA);
    assert_string_equal(err.text, "reading the track: slow down");
    assert_int_equal(err.http_status, 429);
    assert_int_equal(sw_error_prefix(NULL, "x"), SW_E_INTERNAL);
}

static void test_text_is_clean_and_cut(void **state)
{
    (void)state;
    struct sw_error err = {0};
    sw_fail(&err, SW_E_HTTP, "said %s", "\x1B[2J\r\nno");
    assert_string_equal(err.text, "said \xEF\xBF\xBD[2J no");
    char big[5000];
    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i + 2 < sizeof(big); i += 2)
        memcpy(big + i, "\xC3\xA9", 2);
    big[sizeof(big) - 1] = '\0';
    sw_fail(&err, SW_E_HTTP, "%s", big);
    size_t len = strlen(err.text);
    assert_true(len >= sizeof(err.text) - 4 && len < sizeof(err.text));
    assert_true(sw_utf8_is_valid(err.text, len));
    sw_error_prefix(&err, "%s", big);
    assert_true(strlen(err.text) < sizeof(err.text));
    assert_true(sw_utf8_is_valid(err.text, strlen(err.text)));
    sw_fail_errno(&err, SW_E_IO, ENOSPC, "%s", big);
    assert_true(strlen(err.text) < sizeof(err.text));
    sw_error_set_source(&err, big);
    assert_true(strlen(err.source) < sizeof(err.source));
}

static void test_code_names(void **state)
{
    (void)state;
    assert_string_equal(sw_code_name(SW_OK), "ok");
    assert_string_equal(sw_code_name(SW_E_TIMEOUT), "timeout");
    assert_string_equal(sw_code_name(SW_E_OUTCOME_UNKNOWN), "outcome_unknown");
    assert_string_equal(sw_code_name((enum sw_code)999), "internal");
    for (int code = SW_E_USAGE; code <= SW_E_BUSY; code++)
        assert_string_not_equal(sw_code_name((enum sw_code)code), "internal");
}

/* Runs what must end the program, and gives back what it wrote to standard error. */
static void dying(void (*what)(void), char *said, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        what();
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t got = 0;
    while (used < size - 1 && (got = read(ends[0], said + used, size - 1 - used)) > 0)
        used += (size_t)got;
    said[used] = '\0';
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void say(const char *word)
{
    sw_ignore(write(STDERR_FILENO, word, strlen(word)));
}

static void hook_one(const char *message)
{
    (void)message;
    say("one ");
}

static void hook_two(const char *message)
{
    say("two ");
    sw_assert(strstr(message, "false") == NULL); /* failing inside a hook must not loop */
}

static void break_a_promise(void)
{
    sw_assert_on_fail(hook_one);
    sw_assert(1 + 1 == 3);
}

static void break_twice(void)
{
    sw_assert_on_fail(hook_one);
    sw_assert_on_fail(hook_two);
    bool is_false = false;
    sw_assert(is_false);
}

static void ask_for_too_much(void)
{
    sw_assert_on_fail(hook_one);
    sw_assert_on_fail(hook_two);
    sw_assert_off_fail(hook_two);
    free(sw_xrealloc_array(NULL, SIZE_MAX / 2, 3));
}

static void test_assert_ends(void **state)
{
    (void)state;
    char said[1024];
    dying(break_a_promise, said, sizeof(said));
    assert_non_null(strstr(said, "one slipway: "));
    assert_non_null(strstr(said, "test_error.c:"));
    assert_non_null(strstr(said, "1 + 1 == 3"));
    dying(break_twice, said, sizeof(said));
    assert_memory_equal(said, "two ", 4);
}

static void test_out_of_memory_ends(void **state)
{
    (void)state;
    char said[1024];
    dying(ask_for_too_much, said, sizeof(said));
    assert_non_null(strstr(said, "one slipway: out of memory"));
    assert_null(strstr(said, "two"));
}

static void test_hook_table_is_bounded(void **state)
{
    (void)state;
    int added = 0;
    while (added < 100 && sw_assert_on_fail(hook_one))
        added++;
    assert_int_equal(added, 8);
    for (int i = 0; i < added; i++)
        sw_assert_off_fail(hook_one);
    assert_true(sw_assert_on_fail(hook_one));
    sw_assert_off_fail(hook_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_fills),
        cmocka_unit_test(test_fail_variants),
        cmocka_unit_test(test_text_is_clean_and_cut),
        cmocka_unit_test(test_code_names),
        cmocka_unit_test(test_assert_ends),
        cmocka_unit_test(test_out_of_memory_ends),
        cmocka_unit_test(test_hook_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
