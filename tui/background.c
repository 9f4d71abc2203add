/*
 * background.c: see background.h.
 *
 * Sources: "XTerm Control Sequences", "Operating System Commands", Ps = 1 1: with "?" the answer
 * has the form that sets the colour; and "CSI Ps c, Send Device Attributes (Primary DA)". "Xlib - C
 * Language X Interface", "RGB Device String Specification": rgb:R/G/B with 1 to 4 hexadecimal
 * digits each, scaled. Both read 2026-11. Terminals answer DA1, and answer in order, so nothing
 * comes for OSC 11 after it.
 */
#include "background.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "color.h"
#include "memory.h"
#include "wake.h"

#define ASK       "\033]11;?\033\\\033[c"
#define LIMIT_MS  100
#define BYTES_MAX 512 /* an answer has some 30 */

/* ------------------------------------------------------------------- answers */

/* One channel, scaled to 0..255, and how many characters it takes; 0: it is none. */
static size_t channel_of(const char *bytes, size_t len, int *out)
{
    static const char hex[] = "0123456789abcdef";
    int value = 0;
    int most = 0;
    size_t used = 0;
    for (; used < len && used < 5; used++) {
        char lower =
            bytes[used] >= 'A' && bytes[used] <= 'F' ? (char)(bytes[used] + 32) : bytes[used];
        const char *digit = lower != '\0' ? strchr(hex, lower) : NULL;
        if (digit == NULL)
            break;
        value = value * 16 + (int)(digit - hex);
        most = most * 16 + 15;
    }
    *out = most > 0 ? value * 255 / most : 0;
    return used <= 4 ? used : 0;
}

/* "rgb:1c1c/1c1c/1c1c" or "rgba:…/…"; false: it is neither. */
static bool rgb_of(const char *bytes, size_t len, int *rgb)
{
    size_t at = len > 4 && memcmp(bytes, "rgb:", 4) == 0    ? 4
                : len > 5 && memcmp(bytes, "rgba:", 5) == 0 ? 5
                                                            : 0;
    *rgb = 0;
    for (int i = 0; at > 0 && i < 3; i++) {
        int channel;
        size_t used = channel_of(bytes + at, len - at, &channel);
        at += used;
        if (used == 0 || at >= len || (i < 2 && bytes[at++] != '/'))
            return false;
        *rgb = *rgb << 8 | channel;
    }
    /* It must have ended, or the last channel may be cut. */
    return at > 0 && (bytes[at] == '\007' || bytes[at] == '\033' || bytes[at] == '/');
}

enum background background_of_answer(const char *bytes, size_t len)
{
    static const char begin[] = "\033]11;";
    size_t skip = sizeof begin - 1;
    int rgb;
    for (size_t i = 0; i + skip < len; i++) {
        if (memcmp(bytes + i, begin, skip) == 0 && rgb_of(bytes + i + skip, len - i - skip, &rgb))
            return color_contrast(rgb, 0xFFFFFF) >= color_contrast(rgb, 0) ? BACKGROUND_DARK
                                                                           : BACKGROUND_LIGHT;
    }
    return BACKGROUND_UNKNOWN;
}

bool background_is_fenced(const char *bytes, size_t len)
{
    for (size_t i = 0; i + 3 < len; i++) {
        if (memcmp(bytes + i, "\033[?", 3) != 0)
            continue;
        size_t end = i + 3;
        while (end < len && bytes[end] != '\0' && strchr("0123456789;", bytes[end]) != NULL)
            end++;
        if (end < len && bytes[end] == 'c')
            return true;
    }
    return false;
}

/* "foreground;background", in some builds with a third between them, as numbers of the palette: of
 * its sixteen, 0 to 6 and 8 (dark grey) are usually the dark ones. */
enum background background_of_colorfgbg(const char *text)
{
    const char *last = text != NULL ? strrchr(text, ';') : NULL;
    char *end;
    if (last == NULL || last[1] < '0' || last[1] > '9')
        return BACKGROUND_UNKNOWN;
    long index = strtol(last + 1, &end, 10);
    if (*end != '\0' || index > 15)
        return BACKGROUND_UNKNOWN;
    return index <= 6 || index == 8 ? BACKGROUND_DARK : BACKGROUND_LIGHT;
}

enum background background_told(void)
{
    return background_of_colorfgbg(getenv("COLORFGBG"));
}

/* ------------------------------------------------------------------------ themes */

bool background_is_auto(const char *theme)
{
    return theme != NULL && strcmp(theme, "auto") == 0;
}

const char *background_theme(const struct sw_node *ui, enum background background)
{
    bool is_light = background == BACKGROUND_LIGHT;
    const char *name = ui == NULL ? NULL : sw_node_str(ui, is_light ? "theme_light" : "theme_dark");
    return name != NULL ? name : is_light ? "light" : "dark";
}

/* ------------------------------------------------------------------------ asking */

/* Reads until the fence or the end of the time. */
static size_t read_answer(char *bytes, size_t size)
{
    size_t len = 0;
    int64_t end = wake_mono_ms() + LIMIT_MS;
    for (int64_t left = LIMIT_MS; left > 0 && len < size && !background_is_fenced(bytes, len);
         left = end - wake_mono_ms()) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&in, 1, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0 || !(in.revents & POLLIN))
            break;
        ssize_t n = read(STDIN_FILENO, bytes + len, size - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}

/* The Linux console takes no such question, and ends what it takes for one in its own way. */
static bool can_ask(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0 && strncmp(term, "linux", 5) != 0 &&
           tcgetpgrp(STDIN_FILENO) == getpgrp();
}

enum background background_ask(struct key_filter *filter)
{
    struct termios before;
    char bytes[BYTES_MAX];
    if (!can_ask() || tcgetattr(STDIN_FILENO, &before) != 0)
        return background_told();
    struct termios quiet = before; /* neither echoed nor kept until a newline */
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    quiet.c_cc[VMIN] = 0;
    quiet.c_cc[VTIME] = 0;
    size_t len = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0 &&
        write(STDOUT_FILENO, ASK, sizeof ASK - 1) == (ssize_t)(sizeof ASK - 1))
        len = read_answer(bytes, sizeof bytes);
    /* At once, not TCSAFLUSH: an answer that is still on its way would not be flushed anyway. */
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    for (size_t i = 0; i < len; i++)
        (void)key_filter_feed(filter, (unsigned char)bytes[i], i + 1 < len, wake_mono_ms());
    enum background found = background_of_answer(bytes, len);
    return found != BACKGROUND_UNKNOWN ? found : background_told();
}
