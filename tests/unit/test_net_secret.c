/*
 * test_net_secret.c: where credentials may come from, what is refused and how it is said, and that
 * nothing that is written shows one.
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/percent.h"
#include "net/secret_place.h"

#define CANARY "c4n4ry/s3cr+t=="

static char folder[] = "/tmp/slipway-secret.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"rm"}, (char[]){"-rf"}, folder, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const char *text, size_t len, mode_t mode)
{
    const char *path = in_folder(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    fchmod(fd, mode);
    close(fd);
    return path;
}

static void expect_file(const char *path, bool whole_file, enum sw_code code, const char *text)
{
    struct sw_error err = {0};
    struct sw_secret *secret = NULL;
    enum sw_code got = secret_file_read(path, false, whole_file, &secret, &err);
    if (got != code || (code != SW_OK && !strstr(err.text, text)))
        fail_msg("%s: %s: %s", path, sw_code_name(got), err.text);
    if (code == SW_OK)
        assert_string_equal(sw_secret_bytes(secret, NULL), text);
    else
        assert_null(secret);
    assert_null(strstr(err.text, "c4n4ry"));
    sw_secret_free(secret);
}

static void test_files(void **state)
{
    (void)state;
    char chmod_text[320];
    const char *path = write_file("good", "c4n4ry \t\r\nsecond\n", 17, 0600);
    expect_file(path, false, SW_OK, "c4n4ry");
    expect_file(path, true, SW_OK, "c4n4ry \t\r\nsecond\n");
    expect_file(write_file("good", "c4n4ry", 6, 0400), false, SW_OK, "c4n4ry");
    static const mode_t bad[] = {0644, 0640, 0604, 0660, 0620, 0602, 0610, 0777};
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++) {
        path = write_file("open", "c4n4ry", 6, bad[i]);
        snprintf(chmod_text, sizeof(chmod_text), "chmod 600 %s", path);
        expect_file(path, false, SW_E_CONFIG, chmod_text);
    }
    expect_file(write_file("empty", "", 0, 0600), false, SW_E_CONFIG, "empty");
    expect_file(write_file("blank", " \t\r\n", 4, 0600), false, SW_E_CONFIG, "empty");
    expect_file(write_file("nul", "c4n4ry\0x", 8, 0600), false, SW_E_CONFIG, "NUL");
    expect_file(in_folder("absent"), false, SW_E_CONFIG, "opening");
    expect_file(folder, false, SW_E_CONFIG, "not a regular file");
    mkfifo(in_folder("pipe"), 0600);
    expect_file(in_folder("pipe"), false, SW_E_CONFIG, "not a regular file");
    char target[256];
    snprintf(target, sizeof(target), "%s", write_file("target", "c4n4ry", 6, 0600));
    assert_int_equal(symlink(target, in_folder("link")), 0);
    expect_file(in_folder("link"), false, SW_E_CONFIG, "symbolic link");
    static char big[SECRET_MAX_BYTES + 2];
    memset(big, 'x', sizeof(big));
    expect_file(write_file("big", big, sizeof(big) - 1, 0600), true, SW_E_CONFIG, "larger than");
    struct sw_secret *secret = NULL;
    path = write_file("big", big, SECRET_MAX_BYTES, 0600);
    assert_int_equal(secret_file_read(path, false, true, &secret, NULL), SW_OK);
    sw_secret_free(secret);
    if (geteuid() == 0) {
        path = write_file("others", "c4n4ry", 6, 0600);
        assert_int_equal(chown(path, 12345, 12345), 0);
        expect_file(path, false, SW_E_CONFIG, "belongs to another user");
    } else {
        expect_file(write_file("shut", "c4n4ry", 6, 0000), false, SW_E_CONFIG, "permission denied");
    }
}

/* ------------------------------------------------------------------- commands */

static enum sw_code run(const char *script, int timeout_ms, bool whole, struct sw_secret **out,
                        struct sw_error *err)
{
    char *text = sw_xstrdup(script);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, text, NULL};
    enum sw_code code = secret_cmd_read(argv, timeout_ms, whole, NULL, out, err);
    free(text);
    return code;
}

static void expect_run(const char *script, int timeout_ms, enum sw_code code, const char *text)
{
    struct sw_error err = {0};
    struct sw_secret *secret = NULL;
    enum sw_code got = run(script, timeout_ms, false, &secret, &err);
    if (got != code || !strstr(secret ? sw_secret_bytes(secret, NULL) : err.text, text))
        fail_msg("%s: %s: %s %s", script, sw_code_name(got), err.text,
                 secret ? sw_secret_bytes(secret, NULL) : "");
    assert_null(strstr(err.text, "c4n4ry"));
    sw_secret_free(secret);
}

static void test_commands(void **state)
{
    (void)state;
    expect_run("echo c4n4ry; echo more", 5000, SW_OK, "c4n4ry");
    expect_run("echo c4n4ry; echo c4n4ry >&2; exit 3", 5000, SW_E_IO, "exit code 3");
    expect_run("kill -9 $$", 5000, SW_E_IO, "signal 9");
    expect_run("true", 5000, SW_E_CONFIG, "empty");
    expect_run("cat", 5000, SW_E_CONFIG, "empty"); /* standard input is empty, not the terminal */
    expect_run("tty >/dev/null 2>&1 && echo yes; echo no", 5000, SW_OK, "no");
    /* Nothing of ours is open in it, and no signal is blocked. */
    int leak = open("/dev/null", O_RDONLY); /* deliberately not close-on-exec */
    expect_run("ls /proc/self/fd | tr '\\n' ' '", 5000, SW_OK, "0 1 2 3");
    close(leak);
    expect_run("grep SigBlk /proc/self/status | tr -d '\\t'", 5000, SW_OK,
               "SigBlk:0000000000000000");
    setenv("SLIPWAY_TEST_TOKEN", "c4n4ry", 1);
    expect_run("env | grep -c SLIPWAY_TEST_TOKEN || true", 5000, SW_OK, "0");
    expect_run("echo ${HOME:+home}${PATH:+path}", 5000, SW_OK, "homepath");
    unsetenv("SLIPWAY_TEST_TOKEN");
}

static void test_command_that_hangs(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "sleep 60",
        "echo c4n4ry; sleep 60",
        "exec >/dev/null; sleep 60",
        "sleep 60 & wait",
        "trap '' TERM HUP INT; sleep 60; echo c4n4ry",
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(scripts); i++) {
        int64_t start = sw_time_mono_ms();
        expect_run(scripts[i], 200, SW_E_TIMEOUT, "was stopped");
        assert_in_range(sw_time_mono_ms() - start, 150, 2500);
    }
}

static void test_command_that_floods(void **state)
{
    (void)state;
    expect_run("yes c4n4ry", 5000, SW_E_CONFIG, "writes more than 65536 bytes");
    expect_run("head -c 70000 /dev/zero | tr '\\0' x", 5000, SW_E_CONFIG, "writes more than");
}

static void test_command_not_found(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct sw_secret *secret = NULL;
    char *missing[] = {(char[]){"slipway-no-such-program"}, NULL};
    assert_int_equal(secret_cmd_read(missing, 1000, false, NULL, &secret, &err), SW_E_IO);
    assert_non_null(strstr(err.text, "not found in PATH"));
    char *absolute[] = {(char[]){"/no/such/program"}, NULL};
    assert_int_equal(secret_cmd_read(absolute, 1000, false, NULL, &secret, &err), SW_E_IO);
    assert_non_null(strstr(err.text, "/no/such/program"));
}

/* -------------------------------------------------------------- configuration */

static enum sw_code read_configured(const char *yaml, struct sw_secret **out, struct sw_error *err)
{
    static const struct sw_option table[] = {SW_SECRET_OPTIONS("token", "the token"), {0}};
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    assert_int_equal(
        sw_document_parse(yaml, strlen(yaml), "test", table, &document, &problems, err), SW_OK);
    enum sw_code code = sw_secret_read(sw_document_root(document), "token", false, out, err);
    sw_document_free(document);
    sw_problems_free(&problems);
    return code;
}

static void test_exactly_one_place(void **state)
{
    (void)state;
    char yaml[512];
    struct sw_error err = {0};
    struct sw_secret *secret = NULL;
    setenv("SLIPWAY_TEST_TOKEN", "c4n4ry-env ", 1);
    assert_int_equal(read_configured("{}\n", &secret, &err), SW_E_CONFIG);
    assert_non_null(strstr(err.text, "token_file, token_env, token_cmd (there is none)"));
    assert_int_equal(
        read_configured("token_env: SLIPWAY_TEST_TOKEN\ntoken_file: /x\n", &secret, &err),
        SW_E_CONFIG);
    assert_non_null(strstr(err.text, "there are several"));
    assert_int_equal(read_configured("token_env: SLIPWAY_TEST_TOKEN\n", &secret, &err), SW_OK);
    assert_string_equal(sw_secret_bytes(secret, NULL), "c4n4ry-env");
    sw_secret_free(secret);
    unsetenv("SLIPWAY_TEST_TOKEN");
    assert_int_equal(read_configured("token_env: SLIPWAY_TEST_TOKEN\n", &secret, &err),
                     SW_E_CONFIG);
    assert_non_null(strstr(err.text, "SLIPWAY_TEST_TOKEN"));
    assert_int_equal(read_configured("token_cmd: [echo, c4n4ry-cmd]\n", &secret, &err), SW_OK);
    assert_string_equal(sw_secret_bytes(secret, NULL), "c4n4ry-cmd");
    sw_secret_free(secret);
    snprintf(yaml, sizeof(yaml), "token_file: %s\n", write_file("cfg", "c4n4ry-file\n", 12, 0600));
    assert_int_equal(read_configured(yaml, &secret, &err), SW_OK);
    assert_string_equal(sw_secret_bytes(secret, NULL), "c4n4ry-file");
    sw_secret_free(secret);
    setenv("HOME", folder, 1);
    assert_int_equal(read_configured("token_file: ~/cfg\n", &secret, &err), SW_OK);
    sw_secret_free(secret);
}

/* ------------------------------------------------------------------- redaction */

static void expect_redacted(const char *text)
{
    char line[2048];
    snprintf(line, sizeof(line), "before %s after", text);
    secret_redact(NULL, line, sizeof(line));
    if (strstr(line, text) || !strstr(line, "before ") || !strstr(line, " after") ||
        !strstr(line, "[redacted]"))
        fail_msg("%s became %s", text, line);
}

static void test_redactor(void **state)
{
    (void)state;
    char line[512];
    struct sw_secret *secret = secret_new(CANARY, strlen(CANARY));
    expect_redacted(CANARY);
    expect_redacted("c4n4ry%2Fs3cr%2Bt%3D%3D");
    for (int prefix = 0; prefix < 6; prefix++)
        for (int alphabet = 0; alphabet < 2; alphabet++) {
            char plain[64];
            struct sw_buf encoded;
            sw_buf_init(&encoded, 256);
            int len = snprintf(plain, sizeof(plain), "%.*s%s", prefix, "user:x", CANARY);
            sw_base64_encode(alphabet ? SW_BASE64_URL : SW_BASE64_STD, plain, (size_t)len,
                             &encoded);
            snprintf(line, sizeof(line), "Basic %s", sw_buf_text(&encoded));
            secret_redact(NULL, line, sizeof(line));
            if (!strstr(line, "[redacted]"))
                fail_msg("%s is still there", line);
            sw_buf_clear(&encoded);
        }
    snprintf(line, sizeof(line), "%s%s %s", CANARY, CANARY, "c4n4ry");
    secret_redact(NULL, line, sizeof(line));
    assert_string_equal(line, "[redacted][redacted] c4n4ry");
    struct sw_secret *again = secret_ref(secret);
    sw_secret_free(secret);
    expect_redacted(CANARY); /* one reference is left */
    sw_secret_free(again);
    snprintf(line, sizeof(line), "%s", CANARY);
    secret_redact(NULL, line, sizeof(line));
    assert_string_equal(line, CANARY);
}

static void test_redactor_knows_lines_of_keys(void **state)
{
    (void)state;
    char line[256];
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n"
                              "QdLMHcd0123456789abcdefg\n-----END PRIVATE KEY-----\n";
    static const char json[] =
        "{\n \"type\": \"x\",\n \"private_key\": \"-----BEGIN PRIVATE "
        "KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\nabcdefghijklmnopq\\n\"}\n";
    struct sw_secret *key = secret_new(pem, strlen(pem));
    struct sw_secret *file = secret_new(json, strlen(json));
    expect_redacted("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg");
    expect_redacted("QdLMHcd0123456789abcdefg");
    expect_redacted("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC");
    expect_redacted("abcdefghijklmnopq");
    snprintf(line, sizeof(line), "-----BEGIN PRIVATE KEY----- private_key type");
    secret_redact(NULL, line, sizeof(line));
    assert_string_equal(line, "-----BEGIN PRIVATE KEY----- private_key type");
    sw_secret_free(key);
    sw_secret_free(file);
}

static void test_short_secrets_blot_nothing_out(void **state)
{
    (void)state;
    char line[64] = "a test of the text";
    struct sw_secret *secret = secret_new("test", 4);
    secret_redact(NULL, line, sizeof(line));
    assert_string_equal(line, "a test of the text");
    sw_secret_free(secret);
    secret = secret_new("sixsix", 6);
    snprintf(line, sizeof(line), "sixsix");
    secret_redact(NULL, line, sizeof(line));
    assert_string_equal(line, "[redac"); /* never longer than what it replaces */
    sw_secret_free(secret);
}

static void test_log_shows_none(void **state)
{
    (void)state;
    char text[2048] = "";
    struct sw_log *log = NULL;
    struct sw_secret *secret = NULL;
    assert_int_equal(sw_log_open(in_folder("log"), NULL, &log, NULL), SW_OK);
    sw_secret_use_log(log);
    setenv("SLIPWAY_TEST_TOKEN", CANARY, 1);
    assert_int_equal(read_configured("token_env: SLIPWAY_TEST_TOKEN\n", &secret, NULL), SW_OK);
    sw_log_write(log, SW_LOG_ERROR, "test", "the upstream said: token %s is bad", CANARY);
    sw_secret_use_log(NULL);
    sw_log_close(log);
    int fd = open(in_folder("log"), O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    assert_non_null(strstr(text, "SLIPWAY_TEST_TOKEN")); /* the warning */
    assert_non_null(strstr(text, "token [redacted] is bad"));
    assert_null(strstr(text, CANARY));
    sw_secret_free(secret);
    unsetenv("SLIPWAY_TEST_TOKEN");
}

/* Is a secret where core dumps and swap cannot reach it? */
static void test_memory(void **state)
{
    (void)state;
    struct sw_secret *secret = secret_new(CANARY, strlen(CANARY));
    uintptr_t at = (uintptr_t)sw_secret_bytes(secret, NULL);
    char line[512];
    bool is_inside = false, has_no_dump = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start = 0, end = 0;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            is_inside = at >= start && at < end;
        else if (is_inside && strncmp(line, "VmFlags:", 8) == 0)
            has_no_dump = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    assert_true(has_no_dump);
    sw_secret_free(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_command_that_hangs),
        cmocka_unit_test(test_command_that_floods),
        cmocka_unit_test(test_command_not_found),
        cmocka_unit_test(test_exactly_one_place),
        cmocka_unit_test(test_redactor),
        cmocka_unit_test(test_redactor_knows_lines_of_keys),
        cmocka_unit_test(test_short_secrets_blot_nothing_out),
        cmocka_unit_test(test_log_shows_none),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
