/* secret.h: where a credential comes from, and how it is kept.
 *
 * A configuration never holds a secret, only exactly one of NAME_file (a
 * regular file of ours, 0600 or 0400), NAME_env, NAME_cmd (argument list, no
 * shell, 10 s, first line of standard output). Bytes are kept in locked,
 * undumpable memory, wiped when freed, and registered with the log's and the
 * trace's redactor. Never formatted, never in an error text. */
#pragma once

#include "slipway.h"

struct sw_secret; /* the bytes */
struct sw_log;

/* From now on log never shows a secret, and is told of credentials read from the environment. NULL:
 * no log. Before threads use secrets, and again with NULL before the log is closed. */
void sw_secret_use_log(struct sw_log *log);

/* Three option entries (file, env, cmd) for a credential called NAME. */
#define SW_SECRET_OPTIONS(NAME, WHAT)                                                            \
    {.key = NAME "_file", .type = SW_OPTION_STRING, .help = WHAT ", from a file of mode 0600"},  \
    {.key = NAME "_env", .type = SW_OPTION_STRING, .help = WHAT ", from an environment variable"},\
    {.key = NAME "_cmd", .type = SW_OPTION_STRINGS, .help = WHAT ", from a command (list of words, no shell)"}

/* True when exactly one of the three is there; else a text for the problem. */
bool sw_secret_is_configured(const struct sw_node *node, const char *name, char *why, size_t size);

/* Reads it now. May run a command (10 s): worker or action threads, or check.
 * Errors: SW_E_CONFIG (not exactly one; unreadable, not ours, group- or
 * world-readable, empty), SW_E_IO and SW_E_TIMEOUT (command). whole_file: keep all
 * bytes (keys), else the first line. */
enum sw_code sw_secret_read(const struct sw_node *node, const char *name, bool whole_file,
                            struct sw_secret **out, struct sw_error *err);
const char *sw_secret_bytes(const struct sw_secret *secret, size_t *len); /* NUL behind */
void sw_secret_free(struct sw_secret *secret);
