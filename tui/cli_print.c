/*
 * cli_print.c: how the command line writes.
 *
 * Everything written here is cleaned once more: arguments and file names of the user's come back in
 * messages, and a control character in one must not reach the terminal.
 */
#include "cli.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define LINE_MAX_TEXT 4096

const char *cli_clean(const char *text, char *out, size_t size)
{
    sw_text_clean(text, strlen(text), out, size);
    return out;
}

void cli_complain(const char *fmt, ...)
{
    char line[LINE_MAX_TEXT];
    char clean[LINE_MAX_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    fprintf(stderr, "slipway: %s\n", cli_clean(line, clean, sizeof clean));
}

void cli_line(FILE *to, const char *key, const char *value)
{
    char clean[LINE_MAX_TEXT];
    if (value == NULL || value[0] == '\0')
        return;
    fprintf(to, "%s: %s\n", key, cli_clean(value, clean, sizeof clean));
}

void cli_linef(FILE *to, const char *key, const char *fmt, ...)
{
    char line[LINE_MAX_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    cli_line(to, key, line);
}

/* Of `| head`: it has read all it wanted, which is no failure. */
static bool has_reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* A full disk may be told only when the last byte is flushed, and a network disk at close. */
int cli_finish(int code, bool is_deed)
{
    bool is_bad = ferror(stdout) != 0;
    if ((fflush(stdout) == 0 && !is_bad) || has_reader_left())
        return code;
    cli_complain("standard output could not be written");
    return code == CLI_OK && !is_deed ? CLI_HOLD : code;
}
