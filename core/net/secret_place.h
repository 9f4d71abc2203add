/* secret_place.h: where one credential is to be read, kept apart from the configuration it came
 * from, so that it can be read again after a reload. */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "net/secret_bytes.h"

struct secret_place {
    char name[32]; /* "token": for texts */
    char *file;    /* exactly one of the three is set */
    char *env;
    char **argv;   /* NULL-terminated */
};

/* Copies what node says about name. Errors: SW_E_CONFIG. */
enum sw_code secret_place_init(struct secret_place *place, const struct sw_node *node,
                               const char *name, struct sw_error *err);
void secret_place_clear(struct secret_place *place);

/* As sw_secret_read. is_cancelled (NULL: none) ends the wait for a command: SW_E_CANCELLED. */
enum sw_code secret_place_read(const struct secret_place *place, bool whole_file,
                               const atomic_bool *is_cancelled, struct sw_secret **out,
                               struct sw_error *err);

/* A regular file of ours that nobody else can read, opened without following a
 * link (follow_links: with), not empty, at most SECRET_MAX_BYTES. */
enum sw_code secret_file_read(const char *path, bool follow_links, bool whole_file,
                              struct sw_secret **out, struct sw_error *err);

/* Runs argv without a shell, with a small environment, its output cut off from
 * the terminal; kills it and what it started after timeout_ms, or soon after
 * is_cancelled (NULL: none) becomes true. */
enum sw_code secret_cmd_read(char *const argv[], int timeout_ms, bool whole_file,
                             const atomic_bool *is_cancelled, struct sw_secret **out,
                             struct sw_error *err);

/* Makes a secret of what was read: its first line without blanks at the end,
 * or all of it. Wipes bytes. Errors: SW_E_CONFIG (empty, or a NUL inside). */
enum sw_code secret_take(char *bytes, size_t len, bool whole_file, const char *from,
                         struct sw_secret **out, struct sw_error *err);
