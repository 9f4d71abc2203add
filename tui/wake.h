/*
 * wake.h: the one place where the user interface waits, and the signals that end the wait.
 *
 * All signals are blocked in every thread; only wake_wait lets them through, for as long as it
 * waits. So no signal can come between looking and waiting, and no thread of the core is ever
 * interrupted. Handlers set a flag and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum wake {
    WAKE_INPUT = 1,    /* keys are waiting, or the size changed */
    WAKE_CORE = 2,     /* the core has something */
    WAKE_QUIT = 4,     /* SIGTERM */
    WAKE_ASK = 8,      /* SIGINT: the user wants to leave */
    WAKE_HANGUP = 16,  /* SIGHUP */
    WAKE_SUSPEND = 32, /* SIGTSTP */
    WAKE_GONE = 64,    /* the terminal was closed */
};

/* Blocks the signals and installs the handlers; before any thread is started and before term_open.
 * has_terminal false: SIGTSTP stays as it was. */
void wake_install(bool has_terminal);
/* Waits for input (input_fd, -1: none), the core (core_fd, -1: none) or a signal, at most
 * timeout_ms (negative: for ever). Returns enum wake bits, 0 on time-out. */
unsigned wake_wait(int input_fd, int core_fd, int64_t timeout_ms);
/* Stops this process until it is continued (SIGCONT). */
void wake_stop_self(void);
int64_t wake_mono_ms(void);
