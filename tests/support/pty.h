/*
 * pty.h: a program in a pseudo-terminal, with libvterm as the terminal it draws on.
 *
 * One thread, no fixed sleeps: every function that waits names its condition and its limit, and
 * reads what the program writes while it waits. Between calls nothing is read: the program then
 * meets a terminal that has stopped listening. The reading can be slowed down to a number of bytes
 * a second, as a bad line does.
 *
 * Beside the picture the harness follows which modes the program turned on in the terminal
 * (alternate screen, bracketed paste, hidden cursor, …), so that a test can ask what it left
 * behind. A program that is still there when the terminal closes is killed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pty;

struct pty_options {
    const char *const *argv; /* NULL-terminated; [0] is the program's path */
    const char *const *env;  /* NAME=VALUE, NULL-terminated; NAME alone: taken out. NULL: as here */
    const char *term;        /* NULL: xterm-256color */
    int rows, cols;          /* 0: 24 and 80 */
    int bytes_per_s;         /* how fast the line takes what is written; 0: at once */
    const char *background;  /* typed when it asks for the background (OSC 11); NULL: nothing */
    bool is_mute;            /* answers no question at all */
};

enum { PTY_RUNNING = -1, PTY_SIGNALLED = 1000 }; /* PTY_SIGNALLED + the signal's number */

/* Ends the test program when there is no pseudo-terminal to be had. */
struct pty *pty_open(const struct pty_options *options);
/* Kills what still runs, frees. NULL is fine. */
void pty_close(struct pty *pty);
pid_t pty_pid(const struct pty *pty);

/* What is typed; false when the program takes no more input. */
bool pty_type(struct pty *pty, const char *text);
bool pty_type_bytes(struct pty *pty, const void *bytes, size_t size);
void pty_resize(struct pty *pty, int rows, int cols);
void pty_signal(struct pty *pty, int number);
void pty_set_speed(struct pty *pty, int bytes_per_s);
/* The line is dropped: the terminal's end closes, the kernel tells the program. */
void pty_hang_up(struct pty *pty);

/* Reads for `ms`, or until nothing came for that long. */
void pty_read_for(struct pty *pty, int ms);
bool pty_read_until_quiet(struct pty *pty, int quiet_ms, int limit_ms);

/* Has it asked for the background? */
bool pty_was_asked(const struct pty *pty);
/* The colours that were set for a cell: 0xRRGGBB, PTY_INDEXED + its number in the palette, or -1.
 */
enum { PTY_INDEXED = 1 << 24 };
void pty_colors(struct pty *pty, int row, int col, int *fg, int *bg);

/* The screen: rows without trailing blanks, each ended by a newline. Lives until the next call. */
const char *pty_text(struct pty *pty);
bool pty_shows(struct pty *pty, const char *text);
/* The row that has `text`, without its newline, or NULL; lives until the next call of it. */
const char *pty_row_with(struct pty *pty, const char *text);
void pty_size(const struct pty *pty, int *rows, int *cols);
bool pty_is_on_alternate_screen(const struct pty *pty);

typedef bool (*pty_test_fn)(struct pty *pty, void *arg);
/* True as soon as it holds, between two frames; false when `limit_ms` are over, or the program has
 * ended without it. */
bool pty_wait(struct pty *pty, pty_test_fn holds, void *arg, int limit_ms);
bool pty_wait_text(struct pty *pty, const char *text, int limit_ms);
bool pty_wait_no_text(struct pty *pty, const char *text, int limit_ms);

/* 0..255, PTY_SIGNALLED + number, or PTY_RUNNING when it does not end in time. */
int pty_wait_exit(struct pty *pty, int limit_ms);
/* True when it was stopped (as by Ctrl-Z) within the limit. */
bool pty_wait_stop(struct pty *pty, int limit_ms);

/* Words for what the program has left changed in the terminal: modes by what was written, line
 * settings by asking the kernel; "" when nothing. Lives until the next call. */
const char *pty_left_behind(struct pty *pty);
/* Takes the present line settings as those that must come back (a shell has changed them). */
void pty_remember_line(struct pty *pty);

/* For measuring: bytes read so far, and when the last of them came (CLOCK_MONOTONIC, µs). */
uint64_t pty_bytes_read(const struct pty *pty);
int64_t pty_last_read_us(const struct pty *pty);
int64_t pty_now_us(void);
