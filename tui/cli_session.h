/*
 * cli_session.h: a core for the length of one command, the newest snapshot of it, and waiting.
 *
 * Signals come in only while waiting. A command that only reads dies of them as any program would;
 * one that acts is told through session->was_interrupted and decides itself. One that stays without
 * a terminal takes SIGHUP as the wish to read the configuration again.
 */
#pragma once

#include "cli.h"

struct session {
    struct sw_core *core;
    struct sw_snapshot *snapshot; /* owned; never NULL once open */
    bool is_acting;               /* interruptions are kept, a hang-up is ignored */
    bool was_interrupted;
    bool is_reloading_on_hangup; /* SIGHUP is no hang-up, but asks for ... */
    bool is_reload_wanted;       /* ... this */
    struct sw_problems warnings; /* of the configuration */
};

enum session_kind {
    SESSION_ONCE,    /* every source is asked once */
    SESSION_STAYS,   /* and again, as configured */
    SESSION_OFFLINE, /* none is */
};

/* Reads the configuration; every problem is told. 0, or the exit code. */
int session_open(struct session *session, const struct cli_request *request,
                 enum session_kind kind);
/* Starts the engine. 0, or the exit code. */
int session_start(struct session *session);
/* What is allowed in the configuration and probably not meant, to standard error. */
void session_tell_warnings(const struct session *session);
void session_close(struct session *session);

typedef bool (*session_ready_fn)(const struct session *session, const void *arg);
bool session_has_polled(const struct session *session, const void *arg);
/* Takes snapshots until ready says so; false when timeout_ms (real; negative: none) is over or it
 * was interrupted. */
bool session_wait(struct session *session, session_ready_fn ready, const void *arg,
                  int64_t timeout_ms);
/* Waits for one thing: something of the core, a signal, input on fd (-1: none) or the time. Returns
 * what wake_wait does; the newest snapshot is taken. */
unsigned session_step(struct session *session, int fd, int64_t timeout_ms);

/* The platform, or NULL after saying which there are. */
const struct sw_platform *session_platform(const struct session *session, const char *id);
