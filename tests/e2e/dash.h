/*
 * dash.h: the dashboard on a simulated world, for the end-to-end tests.
 *
 * One world and as many dashboards as a test wants, each with its own HOME, state and cache below
 * $TMPDIR unless two are to share them. Waiting functions have generous limits (longer under the
 * sanitizers) and, when nothing comes, fail the test with the screen as it then was.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pty.h"
#include "support/simulator.h"

struct dash {
    struct pty *pty;
    char home[192]; /* HOME; state and cache lie below it */
};

struct dash_options {
    const struct simulator *sim;
    const char *config;      /* NULL: the world's own */
    const char *home;        /* NULL: a new one */
    const char *const *args; /* after --config FILE, NULL-terminated; NULL: none */
    const char *command;     /* "wallboard"; NULL: none */
    const char *const *env;  /* as pty_options */
    const char *term;
    int rows, cols;
    int bytes_per_s;
    const char *background; /* as pty_options */
    bool is_mute;
};

/* More under the sanitizers. */
int dash_limit_ms(void);
bool dash_is_release(void);

void dash_open(struct dash *dash, const struct dash_options *options);
/* Ends it by force where it still runs; its home goes when dash_open made it. */
void dash_close(struct dash *dash);

/* dash_wait with the usual limit; fail the test with the screen. */
void dash_expect(struct dash *dash, const char *text);
void dash_expect_gone(struct dash *dash, const char *text);
/* The row that shows `row` also shows `text`. */
void dash_expect_in_row(struct dash *dash, const char *row, const char *text);
void dash_never(struct dash *dash, const char *text); /* is not on the screen now */
void dash_type(struct dash *dash, const char *keys);
/* Leaves by `q`: exit code 0 and nothing left behind in the terminal. */
void dash_quit(struct dash *dash);
/* Exit status within the limit, with the screen and the program's log when it is another. */
void dash_expect_exit(struct dash *dash, int status);
__attribute__((noreturn, format(printf, 2, 3))) void dash_fail(struct dash *dash,
                                                               const char *format, ...);

/* A command line of the same home and configuration, run to its end; its standard output, which
 * the caller frees. *status is as from pty_wait_exit. `args` is NULL-terminated. */
char *dash_command(const struct dash *dash, const struct simulator *sim, const char *const *args,
                   int *status);
/* The same, left running: what it says goes to the file `output`. The caller waits for the process;
 * dash_status makes of waitpid's status what pty_wait_exit returns. */
pid_t dash_spawn(const struct dash *dash, const struct simulator *sim, const char *const *args,
                 const char *output);
int dash_status(int ended);

/* True as soon as the world says so; fails the test otherwise. The program's screen is read
 * meanwhile where there is a dash. */
typedef bool (*dash_world_fn)(json_t *world, void *arg);
void dash_expect_world(struct dash *dash, const struct simulator *sim, const char *what,
                       dash_world_fn holds, void *arg);
/* The platform's entry in the answer of GET /world. */
json_t *dash_platform(json_t *world, const char *id);
/* store.status of a platform is `status`. */
void dash_expect_store(struct dash *dash, const struct simulator *sim, const char *platform,
                       const char *status);
double dash_fraction(const struct simulator *sim, const char *platform); /* of its Play release */
