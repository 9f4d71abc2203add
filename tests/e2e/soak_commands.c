/* soak_commands.c: the command lines of other processes; see soak_deeds.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "soak_deeds.h"

enum { LINE = 512, JOB_PATIENCE_MS = 5000 };

bool soak_is_job_running(const struct soak *s)
{
    bool is_running = false;
    for (size_t i = 0; i < SOAK_JOBS; i++)
        is_running = is_running || s->jobs[i].pid != 0;
    return is_running;
}

static void output_path(const struct soak *s, int number, char *out, size_t size)
{
    snprintf(out, size, "%s/command-%d", s->dash.home, number);
}

static void show_output(const struct soak *s, const struct soak_job *job)
{
    char path[300];
    char line[LINE];
    output_path(s, job->number, path, sizeof path);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        printf("        | %s", line);
    if (file != NULL)
        fclose(file);
}

void soak_command(struct soak *s, struct soak_job *job, enum soak_verb verb, size_t platform)
{
    static const char *const readers[] = {"status", "log"};
    char path[300];
    char reason[32];
    bool is_reader = verb == SOAK_VERBS;
    const char *word = is_reader ? SOAK_PICK_OF(s, readers) : soak_verbs[verb];
    *job = (struct soak_job){.number = ++s->number, .verb = verb, .platform = platform};
    snprintf(reason, sizeof reason, "number %d", job->number);
    const char *const reader_args[] = {word, "--json", NULL};
    const char *const args[] = {word,    soak_platforms[platform],
                                "--yes", "--reason",
                                reason,  verb == SOAK_HALT ? NULL : "--override",
                                reason,  NULL};
    if (!is_reader)
        books_asked(s->books, verb, platform);
    job->stirred = books_stirred(s->books, platform);
    output_path(s, job->number, path, sizeof path);
    soak_note(s, "command %d: %s %s", job->number, word, is_reader ? "" : soak_platforms[platform]);
    job->pid = dash_spawn(&s->dash, &s->sim, is_reader ? reader_args : args, path);
}

void soak_start_command(struct soak *s)
{
    size_t at = 0;
    while (at < SOAK_JOBS && s->jobs[at].pid != 0)
        at++;
    if (at == SOAK_JOBS)
        return;
    size_t platform = soak_pick_platform(s);
    soak_command(s, &s->jobs[at], soak_chance(s, 10) ? SOAK_VERBS : soak_pick_verb(s, platform),
                 platform);
}

/* The codes that a command may end with when the upstreams misbehave. Source: docs/command-line.md,
 * "Exit codes". */
static bool is_exit_allowed(int status)
{
    static const int allowed[] = {0, 1, 3, 4, 5, 75, 77};
    bool is_allowed = false;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        is_allowed = is_allowed || status == allowed[i];
    return is_allowed;
}

/* A command that says that a halt was seen speaks of a platform that stands still. */
static void expect_halted(struct soak *s, const struct soak_job *job)
{
    json_t *world = simulator_ask(&s->sim, "GET", "/world", NULL);
    bool stands = books_stands(dash_platform(world, soak_platforms[job->platform]));
    json_decref(world);
    if (!stands && job->platform < SOAK_STORES &&
        job->stirred == books_stirred(s->books, job->platform)) {
        show_output(s, job);
        dash_fail(&s->dash, "command %d says halted, and %s goes on", job->number,
                  soak_platforms[job->platform]);
    }
}

static void judge_job(struct soak *s, struct soak_job *job, int ended)
{
    int status = dash_status(ended);
    bool is_expected = job->is_killed ? status == PTY_SIGNALLED + SIGKILL || is_exit_allowed(status)
                                      : is_exit_allowed(status);
    soak_note(s, "command %d ends with %d", job->number, status);
    if (status != 0 && job->verb != SOAK_VERBS)
        show_output(s, job);
    if (!is_expected)
        dash_fail(&s->dash, "command %d ends with %d", job->number, status);
    if (status == 0 && job->verb == SOAK_HALT)
        expect_halted(s, job);
    job->pid = 0;
}

void soak_look_at_jobs(struct soak *s)
{
    for (size_t i = 0; i < SOAK_JOBS; i++) {
        struct soak_job *job = &s->jobs[i];
        int ended = 0;
        if (job->pid != 0 && waitpid(job->pid, &ended, WNOHANG) == job->pid)
            judge_job(s, job, ended);
    }
}

/* An intent whose halt may still be at work is settled after half a minute: not near an end. */
void soak_kill_command(struct soak *s, bool may_hold)
{
    struct soak_job *job = &s->jobs[soak_pick(s, 0, SOAK_JOBS - 1)];
    if (job->pid == 0 || job->is_killed || (job->verb == SOAK_HALT && !may_hold))
        return;
    soak_note(s, "command %d is killed", job->number);
    job->is_killed = true;
    kill(job->pid, SIGKILL);
}

/* A verb other than halt may wait for what somebody undid in the console: it is given up. */
static void give_up_jobs(struct soak *s)
{
    for (size_t i = 0; i < SOAK_JOBS; i++) {
        struct soak_job *job = &s->jobs[i];
        if (job->pid == 0 || job->verb == SOAK_HALT || job->is_killed)
            continue;
        soak_note(s, "command %d is given up", job->number);
        job->is_killed = true;
        kill(job->pid, SIGKILL);
    }
}

void soak_end_jobs(struct soak *s)
{
    int64_t patience_us = pty_now_us() + (int64_t)JOB_PATIENCE_MS * 1000;
    int64_t end_us = pty_now_us() + (int64_t)dash_limit_ms() * 1000;
    while (soak_is_job_running(s)) {
        pty_read_for(s->dash.pty, 50);
        soak_look_at_jobs(s);
        if (pty_now_us() > patience_us)
            give_up_jobs(s);
        if (soak_is_job_running(s) && pty_now_us() > end_us) {
            show_output(s, &s->jobs[s->jobs[0].pid == 0]);
            dash_fail(&s->dash, "a command does not end");
        }
    }
}

void soak_kill_jobs(struct soak *s)
{
    for (size_t i = 0; i < SOAK_JOBS; i++) {
        if (s->jobs[i].pid == 0)
            continue;
        kill(s->jobs[i].pid, SIGKILL);
        while (waitpid(s->jobs[i].pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
}

json_t *soak_ledger(struct soak *s)
{
    static const char *const args[] = {"log", "--json", NULL};
    int status = 0;
    char *text = dash_command(&s->dash, &s->sim, args, &status);
    json_t *events = json_array();
    if (status != 0)
        dash_fail(&s->dash, "log --json ends with %d", status);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        json_array_append_new(events, json_loads(line, 0, NULL));
    }
    free(text);
    return events;
}
