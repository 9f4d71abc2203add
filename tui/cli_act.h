/*
 * cli_act.h: submitting a command from the shell and following it to its end.
 */
#pragma once

#include "cli_session.h"

/* What is said of a command before and while it runs. */
struct act_words {
    const char *what; /* "halt android" */
    /* Says what will be done; called once, when the store has been read. NULL: it was said. */
    void (*show)(FILE *to, const struct sw_platform *platform, const struct sw_command *command);
};

/* Submits it and tells of its progress until its outcome is there, which is printed (--json: as one
 * object, progress on standard error). Returns the exit code. */
int act_and_follow(struct session *session, const struct cli_request *request,
                   const struct sw_command *command, const struct act_words *words);

/* Is there a person to ask? */
bool ask_is_possible(void);
/* Asks on standard error and reads one line; true when it is exactly `wanted`. What was typed
 * before the question stood there is dropped. */
bool ask_for(struct session *session, const char *question, const char *wanted);
