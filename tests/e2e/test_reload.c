/* test_reload.c: SIGHUP and `status --watch`: without a terminal it reads the configuration again
 * and goes on, with one it is the hang-up. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run_cli.h"

enum { LIMIT_MS = 60000 };

static struct simulator sim;
static struct cli_home home;
static char config[256];

static const char *const as_it_is[] = {"title: Android\n", "title: Android\n", NULL};
static const char *const renamed[] = {"title: Android\n", "title: Robots\n", NULL};
static const char *const misspelt[] = {"title: Android\n", "titel: Android\n", NULL};
static const char *const without_wear[] = {"  - id: wear\n", "  - id: watches\n",
                                           "android, wear]", "android, watches]", NULL};

static void write_config(const char *const *pairs)
{
    simulator_config_with(&sim, "watched.yaml", pairs, config, sizeof config);
}

/* What a descriptor gave so far. */
struct told {
    int fd;
    size_t len;
    char text[1 << 17];
};

/* Reads on until the text is there; a line that is not ended yet counts too. */
static void expect_text(struct told *told, const char *text)
{
    for (int left_ms = LIMIT_MS; strstr(told->text, text) == NULL; left_ms -= 50) {
        struct pollfd fd = {.fd = told->fd, .events = POLLIN};
        if (left_ms <= 0)
            fail_msg("not told: %s\n%s", text, told->text);
        if (poll(&fd, 1, 50) <= 0)
            continue;
        ssize_t got = read(told->fd, told->text + told->len, sizeof told->text - 1 - told->len);
        if (got <= 0)
            fail_msg("it has ended without \"%s\":\n%s", text, told->text);
        told->len += (size_t)got;
        told->text[told->len] = '\0';
    }
}

static size_t lines_of(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void without_a_terminal_it_reloads(void **state)
{
    static struct told out, err;
    (void)state;
    write_config(as_it_is);
    pid_t pid = cli_start(&home, "status --watch", &out.fd, &err.fd);
    expect_text(&out, "(Android)");
    expect_text(&out, "wear (");
    write_config(renamed);
    kill(pid, SIGHUP);
    expect_text(&out, "android platform: android (Robots)\n");
    assert_string_equal(err.text, "");
    /* a bad one is told in one line, and the old one stays */
    write_config(misspelt);
    kill(pid, SIGHUP);
    expect_text(&err, "\n");
    assert_non_null(strstr(err.text, "the old configuration stays"));
    assert_non_null(strstr(err.text, "watched.yaml:"));
    assert_non_null(strstr(err.text, "titel"));
    assert_int_equal(lines_of(err.text), 1);
    /* it goes on, and the next good one is taken; another set of platforms confuses nothing */
    write_config(without_wear);
    kill(pid, SIGHUP);
    expect_text(&out, "android platform: android (Android)\n");
    expect_text(&out, "watches platform: watches (");
    expect_text(&out, " wear: not in the configuration any more\n");
    assert_int_equal(lines_of(err.text), 1);
    kill(pid, SIGTERM);
    assert_int_equal(cli_wait(pid, LIMIT_MS), 1000 + SIGTERM);
    close(out.fd);
    close(err.fd);
}

/* Nobody waits for the first picture. */
static void it_may_come_early(void **state)
{
    static struct told out, err;
    (void)state;
    write_config(as_it_is);
    simulator_do(&sim, "POST", "/faults",
                 "{\"service\": \"google_play\", \"kind\": \"latency_ms\", \"ms\": 700}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    pid_t pid = cli_start(&home, "status --watch", &out.fd, &err.fd);
    for (int i = 0; i < 500 && simulator_count(&sim, "google_play", "requests") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    write_config(renamed);
    kill(pid, SIGHUP);
    expect_text(&out, "android (Robots)\n");
    simulator_do(&sim, "DELETE", "/faults", NULL);
    kill(pid, SIGTERM);
    assert_int_equal(cli_wait(pid, LIMIT_MS), 1000 + SIGTERM);
    close(out.fd);
    close(err.fd);
}

static void with_a_terminal_it_is_the_hang_up(void **state)
{
    static struct told out;
    (void)state;
    write_config(as_it_is);
    out.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(out.fd >= 0);
    assert_int_equal(grantpt(out.fd), 0);
    assert_int_equal(unlockpt(out.fd), 0);
    int screen = open(ptsname(out.fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(screen >= 0);
    pid_t pid = cli_start_to(&home, "status --watch", screen, screen);
    expect_text(&out, "(Android)");
    kill(pid, SIGHUP);
    assert_int_equal(cli_wait(pid, LIMIT_MS), 1000 + SIGHUP);
    close(screen);
    close(out.fd);
}

/* A command that ends by itself has nothing to reload. */
static void a_command_dies_of_it(void **state)
{
    int out, err;
    (void)state;
    write_config(as_it_is);
    simulator_do(&sim, "POST", "/faults", "{\"service\": \"sentry\", \"kind\": \"silent\"}");
    simulator_do(&sim, "DELETE", "/counters", NULL);
    pid_t pid = cli_start(&home, "status", &out, &err);
    for (int i = 0; i < 500 && simulator_count(&sim, "google_play", "requests") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    kill(pid, SIGHUP);
    assert_int_equal(cli_wait(pid, LIMIT_MS), 1000 + SIGHUP);
    simulator_do(&sim, "DELETE", "/faults", NULL);
    close(out);
    close(err);
}

static int setup(void **state)
{
    (void)state;
    simulator_start(&sim, 1, 3);
    write_config(as_it_is);
    cli_home_make(&home, config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cli_home_remove(&home);
    return simulator_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_terminal_it_reloads),
        cmocka_unit_test(it_may_come_early),
        cmocka_unit_test(with_a_terminal_it_is_the_hang_up),
        cmocka_unit_test(a_command_dies_of_it),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
