/*
 * run_cli.h: the program run as a command, with what it printed and its exit code.
 *
 * Each fixture has a HOME of its own below $TMPDIR; there is no terminal.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/simulator.h"

struct cli_home {
    char dir[192];
    const char *config; /* NULL: no --config */
};

void cli_home_make(struct cli_home *home, const char *config);
void cli_home_remove(struct cli_home *home);

struct ran {
    int code; /* exit code; 1000 + signal */
    char *out, *err;
    char line[512]; /* the command, for messages */
};

/* Runs `slipway LINE`, split at blanks, to its end; kills it and fails the test
 * after two minutes. */
void cli_run(const struct cli_home *home, struct ran *ran, const char *line);
void cli_ran_clear(struct ran *ran);
/* The same, and the exit code must be this; free it with cli_ran_clear. */
void cli_expect(const struct cli_home *home, struct ran *ran, const char *line, int code);
/* Runs it, expects the code and a part of standard error, and that standard error is `lines` lines
 * (0: any number) without control characters. */
void cli_expect_error(const struct cli_home *home, const char *line, int code, const char *text,
                      size_t lines);
/* Its standard output as one JSON object that its schema in docs/ describes; the caller's. */
json_t *cli_expect_json(const struct cli_home *home, const char *line, int code,
                        const char *schema);

/* Starts it with standard output to a pipe, *fd; the caller reads, signals, waits. */
pid_t cli_start(const struct cli_home *home, const char *line, int *out, int *err);
/* The same with both to descriptors of the caller's. */
pid_t cli_start_to(const struct cli_home *home, const char *line, int out, int err);
/* Exit code or 1000 + signal. */
int cli_wait(pid_t pid, int limit_ms);
/* The whole of a descriptor until its end. */
char *cli_read_all(int fd, int limit_ms);
