/*
 * pty.h: a program in a terminal of our own: what it shows, what it wrote, and how it left.
 *
 * The terminal is libvterm behind a pseudo-terminal. Waiting is always for something, with a
 * deadline; nothing sleeps for a fixed time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct pty;

/* Starts argv with the environment of this process plus env ("NAME=value", NULL-ended; "NAME" alone
 * removes it). Fails the test when that cannot be done. */
struct pty *pty_start(const char *const *argv, const char *const *env, int rows, int cols);
/* Kills what still runs, and frees. NULL is fine. */
void pty_free(struct pty *pty);

pid_t pty_pid(const struct pty *pty);
void pty_type(struct pty *pty, const char *bytes);
void pty_resize(struct pty *pty, int rows, int cols);
/* The line is dropped: our end is closed. */
void pty_hang_up(struct pty *pty);

/* Reads until the text stands on the screen; false after the deadline. */
bool pty_wait_for(struct pty *pty, const char *text, int timeout_ms);
bool pty_wait_gone(struct pty *pty, const char *text, int timeout_ms);
/* Reads what comes for this long. Returns how many bytes came. */
size_t pty_read_for(struct pty *pty, int ms);
/* Waits for the end; the status of waitpid, -1 after the deadline. */
int pty_wait_end(struct pty *pty, int timeout_ms);

/* The screen as lines, valid until the next call. */
const char *pty_screen(struct pty *pty);
bool pty_shows(struct pty *pty, const char *text);
/* Bytes written since the start. */
size_t pty_bytes(const struct pty *pty);
/* Everything written so far, NUL-ended; borrowed. */
const char *pty_raw(const struct pty *pty);
/* The line settings as they are now. */
void pty_line(const struct pty *pty, struct termios *out);
/* Was the mode ("?1049", "?2004", "?25") last switched on ('h') or off ('l')? 0: never named. */
char pty_mode(const struct pty *pty, const char *mode);
