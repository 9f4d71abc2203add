/*
 * Six hours of world time at high speed: faults of every kind set and removed, so that several
 * overlap; changes by others in the consoles; keys of every screen, resizes, reloads; halts,
 * resumes and advances by dialogs and by commands of other processes, some of them killed; a clock
 * that jumps. After it the dashboard must be as well as if nothing had been: every source answers,
 * every platform is shown as it is in the world, no halt is lost, the ledger holds, every write
 * stands under an intent, it has not grown, and it leaves with 0 and no word from a sanitizer.
 *
 * What is done follows from a seed; when it happens to meet a request does not. The diary (standard
 * output, shown on failure) begins with the seed. SLIPWAY_SOAK_SEED and SLIPWAY_SOAK_HOURS choose
 * others; a longer run needs a larger TEST_TIMEOUT.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dash.h"
#include "soak_books.h"
#include "soak_deeds.h"

enum { SEED = 1, HOURS = 6, ROWS = 44, COLS = 130, REQUESTS_MIN = 3 /* an hour */ };

/* What it may have grown between the end of the first hour and the end. Both are taken at rest (no
 * faults, every source answers). What may differ then: a connection for each of 6 sources; a thread
 * for each of 3 stores where a verb other than halt still waits, and one for a settlement; for each
 * such thread its lock, its connection and a file of the ledger. Memory does not come back from a
 * heap at once, and its worst hours add up: measured over five hours 1 to 4 MiB, over 35 hours
 * 8 MiB, of which none in the last ten. */
enum { FDS_MAX = 6, THREADS_MAX = 4, FDS_OF_THREAD = 3, RSS_MAX_KIB = 8 * 1024 };

static struct soak soak;

static long number_from(const char *name, long preset)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? strtol(text, NULL, 10) : preset;
}

/* ------------------------------------------------------------------ being at rest */

static bool has_no_open_halt(struct soak *s)
{
    json_t *events = soak_ledger(s);
    bool is_so = books_open_halts(events) == 0;
    json_decref(events);
    return is_so;
}

/* No faults, no command of ours running, every source answers, every halt has its outcome. */
static void come_to_rest(struct soak *s)
{
    static const char *const sources[] = {"apple",       "play",       "sentry",
                                          "aws-metrics", "aws-deploy", "tags"};
    int64_t end_us = pty_now_us() + (int64_t)dash_limit_ms() * 1000;
    soak_note(s, "to rest");
    soak_end_faults(s);
    pty_resize(s->dash.pty, ROWS, COLS);
    soak_show(s, "s", "── sources ──");
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        dash_expect_in_row(&s->dash, sources[i], "= ok");
    soak_end_jobs(s);
    while (!has_no_open_halt(s)) {
        if (pty_now_us() > end_us)
            dash_fail(&s->dash, "a halt stays open");
        pty_read_for(s->dash.pty, 200);
    }
    soak_show(s, "o", "platform   version");
    books_receive(s->books, &s->sim);
}

/* ------------------------------------------------------------- the world as shown */

/* The first percent behind the state in a platform's row: the one that is set. */
static bool row_says(const char *row, const char *state, double percent)
{
    const char *at = row != NULL ? strstr(row, state) : NULL;
    while (at != NULL && (at = strpbrk(at, "0123456789")) != NULL) {
        size_t len = strspn(at, "0123456789.");
        if (at[len] == '%' && at[len + 1] != '?')
            return strtod(at, NULL) > percent - 0.01 && strtod(at, NULL) < percent + 0.01;
        at += len;
    }
    return false;
}

static bool shows_world(struct pty *pty, void *arg)
{
    json_t *world = simulator_ask(&((struct soak *)arg)->sim, "GET", "/world", NULL);
    bool is_so = true;
    for (size_t i = 0; i < SOAK_PLATFORMS; i++) {
        char name[32];
        double percent = 0;
        json_t *platform = dash_platform(world, soak_platforms[i]);
        const char *state = books_expects(platform, &percent);
        snprintf(name, sizeof name, "%zu %s", i + 1, soak_titles[i]);
        is_so = is_so && row_says(pty_row_with(pty, name), state, percent);
    }
    json_decref(world);
    return is_so;
}

static bool status_says(json_t *status, json_t *world)
{
    json_t *sources = json_object_get(status, "sources");
    bool is_so = json_array_size(sources) > 0;
    for (size_t i = 0; i < json_array_size(sources); i++)
        is_so = is_so && json_is_true(json_object_get(json_array_get(sources, i), "ok"));
    for (size_t i = 0; i < SOAK_PLATFORMS; i++) {
        double percent = 0;
        const char *state = books_expects(dash_platform(world, soak_platforms[i]), &percent);
        json_t *shown = dash_platform(status, soak_platforms[i]);
        const char *word = json_string_value(json_object_get(shown, "state"));
        double set = json_number_value(json_object_get(shown, "percent_set"));
        is_so = is_so && word != NULL && strncmp(word, state, 6) == 0 && set > percent - 0.01 &&
                set < percent + 0.01;
    }
    return is_so;
}

/* The world goes on meanwhile: a few attempts. */
static void expect_status(struct soak *s)
{
    static const char *const args[] = {"status", "--json", NULL};
    char *text = NULL;
    bool is_so = false;
    for (int i = 0; i < 10 && !is_so; i++) {
        int status = 0;
        free(text);
        text = dash_command(&s->dash, &s->sim, args, &status);
        json_t *shown = json_loads(text, 0, NULL);
        json_t *world = simulator_ask(&s->sim, "GET", "/world", NULL);
        is_so = status <= 3 && status_says(shown, world);
        json_decref(shown);
        json_decref(world);
    }
    if (!is_so)
        dash_fail(&s->dash, "status --json does not tell the world: %s", text);
    free(text);
}

/* ------------------------------------------------------------------------- growth */

static void expect_no_growth(struct soak *s, struct proc_size first, struct proc_size last)
{
    /* The sanitizers' allocators and shadows only grow; theirs is to find leaks. */
    if (dash_is_release() && last.rss_kib - first.rss_kib > RSS_MAX_KIB)
        dash_fail(&s->dash, "it grew by %ld KiB", last.rss_kib - first.rss_kib);
    int threads = last.threads > first.threads ? last.threads - first.threads : 0;
    if (last.fds - first.fds > FDS_MAX + FDS_OF_THREAD * threads)
        dash_fail(&s->dash, "it has %d descriptors, and had %d", last.fds, first.fds);
    if (threads > THREADS_MAX)
        dash_fail(&s->dash, "it has %d threads, and had %d", last.threads, first.threads);
}

/* --------------------------------------------------------------------- sanitizers */

/* What the sanitizers say goes to files: the dashboard's own standard error is the screen. */
static void set_sanitizers(const char *name, const char *more)
{
    char text[1024];
    const char *tmp = getenv("TMPDIR");
    const char *given = getenv(name);
    snprintf(text, sizeof text, "%s:log_path=%s/sanitizer%s", given != NULL ? given : "",
             tmp != NULL ? tmp : "/tmp", more);
    setenv(name, text, 1);
}

static int show_reports(void)
{
    const char *tmp = getenv("TMPDIR");
    DIR *dir = opendir(tmp != NULL ? tmp : "/tmp");
    int count = 0;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char path[1024];
        char line[1024];
        if (strncmp(entry->d_name, "sanitizer.", strlen("sanitizer.")) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", tmp != NULL ? tmp : "/tmp", entry->d_name);
        FILE *file = fopen(path, "re");
        printf("--- %s:\n", entry->d_name);
        while (file != NULL && fgets(line, sizeof line, file) != NULL)
            printf("%s", line);
        if (file != NULL)
            fclose(file);
        count++;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

/* ------------------------------------------------------------------------ the run */

/* At this speed every unit is polled once a real second: it must really have been. */
static void expect_polls(struct soak *s)
{
    static const char *const names[] = {"app_store", "google_play", "sentry", "cloudwatch",
                                        "codedeploy"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t count = simulator_count(&s->sim, names[i], "requests");
        soak_note(s, "%s: %lld requests", names[i], (long long)count);
        if (count < s->hours * REQUESTS_MIN)
            dash_fail(&s->dash, "%s was asked only %lld times", names[i], (long long)count);
    }
}

static void expect_books(struct soak *s)
{
    static const char *const args[] = {"log", "--verify", NULL};
    int status = 0;
    char *text = dash_command(&s->dash, &s->sim, args, &status);
    if (status != 0)
        dash_fail(&s->dash, "log --verify ends with %d: %s", status, text);
    free(text);
    json_t *events = soak_ledger(s);
    json_t *world = simulator_ask(&s->sim, "GET", "/world", NULL);
    int failed = books_judge(s->books, events, world);
    json_decref(events);
    json_decref(world);
    if (failed > 0)
        dash_fail(&s->dash, "%d lines of the books are wrong", failed);
}

static void it_survives_hours_of_everything(void **state)
{
    (void)state;
    dash_expect_in_row(&soak.dash, "Android", "ROLLING");
    dash_expect_in_row(&soak.dash, "Web", "ROLLING");
    soak_begin(&soak);
    soak_run(&soak, 1);
    come_to_rest(&soak);
    struct proc_size first = soak_size(&soak, "after the first hour");
    soak_run(&soak, soak.hours - 1);
    come_to_rest(&soak);
    if (!pty_wait(soak.dash.pty, shows_world, &soak, dash_limit_ms()))
        dash_fail(&soak.dash, "the screen does not show the world");
    expect_status(&soak);
    expect_books(&soak);
    expect_polls(&soak);
    expect_no_growth(&soak, first, soak_size(&soak, "at the end"));
    dash_quit(&soak.dash);
}

static void no_sanitizer_has_said_anything(void **state)
{
    (void)state;
    assert_int_equal(show_reports(), 0);
}

static int setup(void **state)
{
    (void)state;
    long seed = number_from("SLIPWAY_SOAK_SEED", SEED);
    set_sanitizers("ASAN_OPTIONS", ":exitcode=99:quarantine_size_mb=4");
    set_sanitizers("UBSAN_OPTIONS", "");
    set_sanitizers("TSAN_OPTIONS", ":exitcode=99");
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("SLIPWAY_SOAK_SEED=%ld\n", seed);
    soak_open(&soak, (uint64_t)seed, number_from("SLIPWAY_SOAK_HOURS", HOURS));
    dash_open(&soak.dash, &(struct dash_options){.sim = &soak.sim, .rows = ROWS, .cols = COLS});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    soak_kill_jobs(&soak);
    dash_close(&soak.dash);
    return soak_close(&soak);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_survives_hours_of_everything),
        cmocka_unit_test(no_sanitizer_has_said_anything),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
