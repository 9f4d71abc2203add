/*
 * slipway-sim as a process: what it writes, how it ends, its admin endpoint, and every fault as a
 * client sees it. The client is a bare socket, so that broken HTTP can be looked at.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { REPLY_MAX = 4 << 20 };

struct fixture {
    char dir[64];
    pid_t pid;
    json_t *endpoints;
    char *admin_url;
    char *admin_token;
};

static struct fixture fixture;

/* ---- the process ------------------------------------------------------------------------ */

static const char *sim_binary(void)
{
    const char *path = getenv("SLIPWAY_SIM_BIN");

    return path == NULL ? ".build/release/slipway-sim" : path;
}

/* Starts it and waits for "ready"; 0 when it said something else. */
static pid_t start(const char *dir, const char *speed, const char *extra)
{
    int out[2];
    char line[16] = "";

    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execl(sim_binary(), "slipway-sim", "--dir", dir, "--speed", speed, "--seed", "3",
              "--die-with-parent", extra, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    ssize_t n = read(out[0], line, sizeof line - 1);
    close(out[0]);
    if (n > 0 && strncmp(line, "ready\n", 6) == 0)
        return pid;
    waitpid(pid, NULL, 0);
    return 0;
}

static int end_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void remove_dir(const char *dir)
{
    pid_t pid = fork();

    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    end_of(pid);
}

static char *service_url(const char *service, const char *key)
{
    json_t *entry =
        json_object_get(json_object_get(fixture.endpoints, "services"), service);

    return sim_xstrdup(json_string_value(json_object_get(entry, key)));
}

static int setup(void **state)
{
    (void)state;
    snprintf(fixture.dir, sizeof fixture.dir, "/tmp/slipway-sim-test-XXXXXX");
    assert_non_null(mkdtemp(fixture.dir));
    fixture.pid = start(fixture.dir, "60", NULL);
    assert_true(fixture.pid > 0);
    char *path = sim_printf("%s/endpoints.json", fixture.dir);
    fixture.endpoints = json_load_file(path, 0, NULL);
    free(path);
    assert_non_null(fixture.endpoints);
    fixture.admin_url = service_url("admin", "url");
    fixture.admin_token = service_url("admin", "token");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kill(fixture.pid, SIGTERM);
    int code = end_of(fixture.pid);
    json_decref(fixture.endpoints);
    free(fixture.admin_url);
    free(fixture.admin_token);
    remove_dir(fixture.dir);
    return code; /* a sanitizer's complaint is a failure */
}

/* ---- clients ---------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int dial(const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The raw answer, up to end, error or `ms` of silence. */
struct raw {
    char *text;
    size_t n;
    bool was_reset;
    bool was_ended;
    int64_t first_ms; /* until the first byte */
    int64_t all_ms;
};

static struct raw raw_send(const char *url, const char *request, int silence_ms)
{
    struct raw raw = {.text = sim_xcalloc(REPLY_MAX, 1), .first_ms = -1};
    int64_t begin = mono_ms();
    int fd = dial(url);

    assert_true(fd >= 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, silence_ms) == 0)
            break;
        ssize_t n = recv(fd, raw.text + raw.n, REPLY_MAX - 1 - raw.n, 0);
        if (n > 0 && raw.first_ms < 0)
            raw.first_ms = mono_ms() - begin;
        raw.was_reset = n < 0;
        raw.was_ended = n == 0;
        if (n <= 0 || raw.n + (size_t)n >= REPLY_MAX - 1)
            break;
        raw.n += (size_t)n;
    }
    raw.all_ms = mono_ms() - begin;
    close(fd);
    return raw;
}

static struct raw raw_get(const char *url, const char *path, int silence_ms)
{
    char *request = sim_printf("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                               path);
    struct raw raw = raw_send(url, request, silence_ms);

    free(request);
    return raw;
}

/* An admin request; the answer as JSON, owned by the caller. */
static json_t *admin(const char *method, const char *path, const char *body, long *status)
{
    char *request = sim_printf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                               "Authorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                               method, path, fixture.admin_token, body == NULL ? 0 : strlen(body),
                               body == NULL ? "" : body);
    struct raw raw = raw_send(fixture.admin_url, request, 10000);
    const char *text = strstr(raw.text, "\r\n\r\n");

    assert_true(strncmp(raw.text, "HTTP/1.1 ", 9) == 0);
    assert_non_null(text);
    long code = strtol(raw.text + 9, NULL, 10);
    json_t *json = json_loads(text + 4, JSON_DECODE_ANY, NULL);
    free(raw.text);
    free(request);
    if (status != NULL)
        *status = code;
    else
        assert_true(code < 300);
    return json;
}

static void admin_do(const char *method, const char *path, const char *body)
{
    json_decref(admin(method, path, body, NULL));
}

/* ---- files and ends --------------------------------------------------------------------- */

static void files_are_private_and_complete(void **state)
{
    static const char *const files[] = {"config.yaml", "endpoints.json",
                                        "keys/play-service-account.json", "keys/sentry-token",
                                        "keys/aws-credentials"};
    struct stat st;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = sim_printf("%s/%s", fixture.dir, files[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_true(st.st_size > 20);
        free(path);
    }
    char *tag = sim_printf("%s/repo/.git/refs/tags/v2.15.3", fixture.dir);
    char *list = sim_printf("%s/repo/docs/RELEASE.md", fixture.dir);
    assert_int_equal(access(tag, R_OK), 0);
    assert_int_equal(access(list, R_OK), 0);
    free(tag);
    free(list);
}

static void bad_options_start_nothing(void **state)
{
    static const struct {
        const char *speed, *extra;
    } cases[] = {{"0", NULL}, {"3601", NULL}, {"fast", NULL}, {"1", "--world=other"},
                 {"1", "--seed=x"}, {"1", "--no-such"}, {"1", "rest"}};

    (void)state;
    int err = dup(2);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(start(fixture.dir, cases[i].speed, cases[i].extra), 0);
    dup2(err, 2);
    close(err);
    close(null);
}

static void shutdown_ends_it(void **state)
{
    char dir[] = "/tmp/slipway-sim-test-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(dir));
    pid_t pid = start(dir, "1", NULL);
    assert_true(pid > 0);
    kill(pid, SIGTERM);
    assert_int_equal(end_of(pid), 0);
    remove_dir(dir);
}

/* ---- admin ------------------------------------------------------------------------------ */

static void admin_reads_and_sets(void **state)
{
    static const struct {
        const char *body;
        long status;
    } cases[] = {
        {"{\"clock\":{\"advance_s\":3600}}", 200},
        {"{\"clock\":{\"speed\":5000}}", 400},
        {"{\"clok\":{}}", 400},
        {"{\"crash_rate\":[{\"platform\":\"ios\",\"version\":\"2.15.3\",\"rate\":0.02}]}", 200},
        {"{\"crash_rate\":[{\"platform\":\"ios\",\"version\":\"9\",\"rate\":0.02}]}", 400},
        {"{\"crash_rate\":[{\"platform\":\"ios\",\"version\":\"2.15.3\",\"rate\":2}]}", 400},
        {"{\"play\":{\"track\":\"production\",\"code\":2025011401,\"status\":\"halted\","
         "\"fraction\":0.2}}",
         200},
        {"{\"play\":{\"track\":\"production\",\"code\":1,\"status\":\"halted\"}}", 400},
        {"{\"apple\":{\"version\":\"2.15.3\",\"phase\":\"PAUSED\"}}", 200},
        {"{\"apple\":{\"version\":\"2.15.3\",\"phase\":\"STOPPED\"}}", 400},
        {"{\"apple\":{\"version\":\"2.15.3\",\"release_type\":\"SCHEDULED\",\"pause_days\":2,"
         "\"earliest_in_s\":60}}",
         200},
        {"{\"apple_build\":{\"version\":\"2.16.0\",\"build\":\"7\"}}", 200},
        {"{\"apple_build\":{\"version\":\"2.16.0\",\"build\":\"7\",\"processing\":\"INVALID\","
         "\"crashes\":4}}",
         200},
        {"{\"apple_build\":{\"build\":\"7\"}}", 400},
        {"{\"apple_build\":{\"version\":\"2.16.0\",\"build\":\"7\",\"processing\":"
         "\"A_WORD_LONGER_THAN_ANY\"}}",
         400},
        {"{\"apple_review\":{\"version\":\"2.15.3\",\"rating\":1,\"body\":\"no\"}}", 200},
        {"{\"apple_review\":{\"version\":\"2.15.3\",\"rating\":6}}", 400},
        {"{\"apple_reviews\":{\"version\":\"2.15.3\",\"one_star\":0.2}}", 200},
        {"{\"apple_reviews\":{\"version\":\"9\",\"one_star\":0.2}}", 400},
        {"{\"apple_sale\":{\"available\":false,\"hours\":2}}", 200},
        {"{\"apple_sale\":{\"available\":true,\"territory\":\"XXX\"}}", 400},
        {"{\"apple_app\":{\"limit_minute\":150,\"agreements_ok\":true}}", 200},
        {"{\"apple_app\":{\"limits\":150}}", 400},
        {"{\"service\":{\"platform\":\"backend\",\"error_rate\":0.2}}", 200},
        {"{\"service\":{\"platform\":\"nothing\"}}", 400},
        {"[]", 400},
    };
    long status = 0;

    (void)state;
    json_t *before = admin("GET", "/world", NULL, &status);
    assert_int_equal(status, 200);
    assert_int_equal(json_array_size(json_object_get(before, "platforms")), 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_decref(admin("POST", "/world", cases[i].body, &status));
        assert_int_equal(status, cases[i].status);
    }
    json_t *after = admin("GET", "/world", NULL, NULL);
    assert_true(json_integer_value(json_object_get(after, "now_ms")) -
                    json_integer_value(json_object_get(before, "now_ms")) >=
                3600000);
    json_decref(before);
    json_decref(after);
    json_decref(admin("GET", "/nothing", NULL, &status));
    assert_int_equal(status, 404);
    char wrong[] = "wrong";
    char *good = fixture.admin_token;
    fixture.admin_token = wrong;
    json_decref(admin("GET", "/world", NULL, &status));
    assert_int_equal(status, 401);
    fixture.admin_token = good;
}

static void requests_are_counted(void **state)
{
    char *url = service_url("google_play", "url");

    (void)state;
    admin_do("DELETE", "/counters", NULL);
    struct raw a = raw_get(url, "/androidpublisher/v3/applications/x/edits/1", 5000);
    struct raw b = raw_get(url, "/%zz", 5000);
    assert_non_null(strstr(a.text, "HTTP/1.1 401"));
    assert_non_null(strstr(b.text, "HTTP/1.1 400"));
    json_t *counters = admin("GET", "/counters", NULL, NULL);
    json_t *play = json_object_get(json_object_get(counters, "services"), "google_play");
    assert_int_equal(json_integer_value(json_object_get(play, "requests")), 2);
    assert_int_equal(json_integer_value(json_object_get(play, "unauthorized")), 1);
    assert_int_equal(json_integer_value(json_object_get(play, "malformed")), 1);
    assert_int_equal(json_integer_value(json_object_get(counters, "mutating")), 0);
    json_decref(counters);
    free(a.text);
    free(b.text);
    free(url);
}

/* ---- faults ----------------------------------------------------------------------------- */

static struct raw with_fault(const char *fault, int silence_ms)
{
    char *url = service_url("sentry", "url");

    admin_do("POST", "/faults", fault);
    struct raw raw = raw_get(url, "/api/0/", silence_ms);
    admin_do("DELETE", "/faults", NULL);
    free(url);
    return raw;
}

static void expect_text(const char *fault, const char *text)
{
    struct raw raw = with_fault(fault, 5000);

    if (strstr(raw.text, text) == NULL)
        fail_msg("%s: no \"%s\" in %.200s", fault, text, raw.text);
    free(raw.text);
}

static void http_faults(void **state)
{
    (void)state;
    expect_text("{\"service\":\"sentry\",\"kind\":\"status\",\"status\":503}", "HTTP/1.1 503");
    expect_text("{\"service\":\"sentry\",\"kind\":\"status\",\"status\":301,\"location\":\"x\"}",
                "Location: x");
    expect_text("{\"service\":\"sentry\",\"kind\":\"retry_after\",\"retry_after\":\"7\"}",
                "HTTP/1.1 429");
    expect_text("{\"service\":\"sentry\",\"kind\":\"retry_after\",\"retry_after\":\"date:60\"}",
                " GMT");
    expect_text("{\"kind\":\"html\"}", "<form");
    expect_text("{\"kind\":\"garbage\"}", "<<<");
    expect_text("{\"kind\":\"empty\"}", "Content-Length: 0");
    expect_text("{\"kind\":\"interim\",\"bytes\":3}",
                "100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200");
    expect_text("{\"service\":\"google_play\",\"kind\":\"status\"}", "HTTP/1.1 200");
    expect_text("{\"kind\":\"status\",\"path\":\"/sessions/\"}", "HTTP/1.1 200");
    expect_text("{\"kind\":\"status\",\"method\":\"PUT\"}", "HTTP/1.1 200");
    expect_text("{\"kind\":\"status\",\"probability\":0}", "HTTP/1.1 200");
    struct raw huge = with_fault("{\"kind\":\"huge\",\"bytes\":3000000}", 5000);
    assert_true(huge.n > 3000000);
    free(huge.text);
}

static void broken_faults(void **state)
{
    (void)state;
    struct raw cut = with_fault("{\"kind\":\"cut\",\"bytes\":20}", 5000);
    assert_int_equal(cut.n, 20);
    assert_true(cut.was_ended);
    free(cut.text);
    struct raw body = with_fault("{\"kind\":\"cut\",\"bytes\":5,\"from_body\":true}", 5000);
    assert_true(body.n > 5 && strncmp(body.text + body.n - 9, "\r\n\r\n", 4) == 0);
    free(body.text);
    struct raw reset = with_fault("{\"kind\":\"reset\",\"bytes\":0}", 5000);
    assert_true(reset.was_reset && reset.n == 0);
    free(reset.text);
    struct raw noise = with_fault("{\"kind\":\"noise\"}", 5000);
    assert_true(noise.n == 64 && strncmp(noise.text, "HTTP", 4) != 0);
    free(noise.text);
    struct raw silent = with_fault("{\"kind\":\"silent\"}", 300);
    assert_true(silent.n == 0 && !silent.was_ended && !silent.was_reset);
    free(silent.text);
    struct raw slow = with_fault("{\"kind\":\"slow\",\"bytes\":600}", 1000);
    assert_true(slow.n > 100 && slow.all_ms > 150 && slow.all_ms - slow.first_ms > 100);
    free(slow.text);
}

static void latency_holds_up_nobody_else(void **state)
{
    char *sentry = service_url("sentry", "url");

    (void)state;
    admin_do("POST", "/faults", "{\"kind\":\"latency_ms\",\"ms\":700,\"path\":\"slow\"}");
    int fd = dial(sentry);
    static const char request[] = "GET /api/0/?slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    int64_t begin = mono_ms();
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    struct raw other = raw_get(sentry, "/api/0/", 5000);
    assert_true(other.n > 0 && other.all_ms < 400);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_true(mono_ms() - begin >= 690);
    close(fd);
    admin_do("DELETE", "/faults", NULL);
    free(other.text);
    free(sentry);
}

static void refused_and_back_again(void **state)
{
    char *sentry = service_url("sentry", "url");
    char *play = service_url("google_play", "url");

    (void)state;
    admin_do("POST", "/faults", "{\"service\":\"sentry\",\"kind\":\"refuse\"}");
    assert_int_equal(dial(sentry), -1);
    int fd = dial(play);
    assert_true(fd >= 0);
    close(fd);
    admin_do("DELETE", "/faults", NULL);
    struct raw raw = raw_get(sentry, "/api/0/", 5000);
    assert_non_null(strstr(raw.text, "HTTP/1.1 200"));
    free(raw.text);
    free(sentry);
    free(play);
}

static void faults_are_counted_down_and_checked(void **state)
{
    static const char *const bad[] = {
        "{\"kind\":\"explode\"}", "{\"kind\":\"cut\",\"service\":\"nobody\"}",
        "{\"kind\":\"cut\",\"probability\":2}", "{\"kind\":\"cut\",\"bytes\":\"x\"}",
        "{\"kind\":\"cut\",\"more\":1}", "[]"};
    char *sentry = service_url("sentry", "url");
    long status = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_decref(admin("POST", "/faults", bad[i], &status));
        assert_int_equal(status, 400);
    }
    admin_do("POST", "/faults", "{\"service\":\"sentry\",\"kind\":\"status\",\"count\":2}");
    for (int i = 0; i < 3; i++) {
        struct raw raw = raw_get(sentry, "/api/0/", 5000);
        assert_non_null(strstr(raw.text, i < 2 ? "HTTP/1.1 503" : "HTTP/1.1 200"));
        free(raw.text);
    }
    admin_do("DELETE", "/faults", NULL);
    free(sentry);
}

/* ---- many at once ----------------------------------------------------------------------- */

static void *hammer(void *argument)
{
    char *url = service_url("sentry", "url");
    long *good = argument;

    for (int i = 0; i < 60; i++) {
        struct raw raw = raw_get(url, "/api/0/", 5000);
        *good += strstr(raw.text, "HTTP/1.1 200") != NULL;
        free(raw.text);
    }
    free(url);
    return NULL;
}

static void many_clients_at_once(void **state)
{
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    long good[THREADS] = {0};

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &good[i]), 0);
    for (int i = 0; i < 20; i++) {
        admin_do("POST", "/faults", "{\"kind\":\"latency_ms\",\"ms\":3}");
        admin_do("POST", "/world", "{\"clock\":{\"advance_s\":600}}");
        admin_do("DELETE", "/faults", NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(good[i], 60);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_private_and_complete),
        cmocka_unit_test(bad_options_start_nothing),
        cmocka_unit_test(shutdown_ends_it),
        cmocka_unit_test(admin_reads_and_sets),
        cmocka_unit_test(requests_are_counted),
        cmocka_unit_test(http_faults),
        cmocka_unit_test(broken_faults),
        cmocka_unit_test(latency_holds_up_nobody_else),
        cmocka_unit_test(refused_and_back_again),
        cmocka_unit_test(faults_are_counted_down_and_checked),
        cmocka_unit_test(many_clients_at_once),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
