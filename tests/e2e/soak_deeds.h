/*
 * soak_deeds.h: what is done to a dashboard in a long run, drawn from a seed.
 *
 * One turn is one deed and a short time in which the screen is read. A deed that another one makes
 * impossible (a verb that is closed, a deployment while one runs) is left out. Every deed is a line
 * of the diary on standard output, with the world's time.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "dash.h"
#include "soak_books.h"
#include "support/proc_size.h"

enum { SOAK_SPEED = 720, SOAK_FAULTS = 6, SOAK_JOBS = 2 };

/* A command line of another process of the same home. */
struct soak_job {
    pid_t pid; /* 0: none */
    int number;
    enum soak_verb verb; /* SOAK_VERBS: one that only reads */
    size_t platform;
    int stirred; /* of the platform, when it was started */
    bool is_killed;
};

struct soak {
    struct simulator sim;
    struct dash dash;
    struct books *books;
    uint64_t random;
    long hours;
    int64_t start_ms;            /* WORLD time of the world's start */
    int64_t lived_ms;            /* of all turns so far, WORLD */
    int64_t faults[SOAK_FAULTS]; /* ids; 0: free */
    struct soak_job jobs[SOAK_JOBS];
    int number;            /* of deeds that are told apart by it */
    bool is_clock_changed; /* from here on a reload is refused */
    bool is_config_changed;
    bool is_late; /* in the second half: nothing more holds connections */
};

/* Starts the world; the dashboard is the caller's to open. */
void soak_open(struct soak *soak, uint64_t seed, long hours);
/* The simulator's exit code. */
int soak_close(struct soak *soak);

/* One verb of each kind while nothing fails, so that every run has them: they must be seen. */
void soak_begin(struct soak *soak);
/* Turns for so many hours of the world's time. */
void soak_run(struct soak *soak, long hours);
void soak_end_faults(struct soak *soak);
/* Puts every dialog, line and message away: the overview is there. */
void soak_leave_all(struct soak *soak);
/* Then presses `key` until the screen shows `text`. */
void soak_show(struct soak *soak, const char *key, const char *text);
/* Waits for the jobs; kills them at once. */
void soak_end_jobs(struct soak *soak);
void soak_kill_jobs(struct soak *soak);

/* What the dashboard takes, also said in the diary. */
struct proc_size soak_size(struct soak *soak, const char *when);
/* `slipway log --json` as an array, owned by the caller. */
json_t *soak_ledger(struct soak *soak);
__attribute__((format(printf, 2, 3))) void soak_note(struct soak *soak, const char *format, ...);

/* --- shared by soak_deeds.c and soak_commands.c ------------------------------------------------
 */
int soak_pick(struct soak *soak, int low, int high);
bool soak_chance(struct soak *soak, int percent);
#define SOAK_PICK_OF(soak, list)                                                                   \
    ((list)[soak_pick((soak), 0, (int)(sizeof(list) / sizeof(list)[0]) - 1)])
size_t soak_pick_platform(struct soak *soak);
enum soak_verb soak_pick_verb(struct soak *soak, size_t platform);
/* SOAK_VERBS: a command that only reads. */
void soak_command(struct soak *soak, struct soak_job *job, enum soak_verb verb, size_t platform);
void soak_start_command(struct soak *soak);
void soak_kill_command(struct soak *soak, bool may_hold);
void soak_look_at_jobs(struct soak *soak);
bool soak_is_job_running(const struct soak *soak);
