/*
 * pty_modes.c: see pty_modes.h.
 *
 * A reader of ECMA-48 control sequences that keeps private modes (CSI ? n h and l), SGR, the
 * keypad and the character set, and skips strings (OSC, DCS). Source: "XTerm Control Sequences",
 * section "Functions using CSI", read 2026-01.
 */
#include "support/pty_modes.h"

#include <stdio.h>
#include <string.h>

enum { AT_TEXT, AT_ESCAPE, AT_CONTROL, AT_CHARSET, AT_STRING, AT_STRING_ESCAPE };

static void set_mode(struct pty_modes *m, int number, bool is_set)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->modes[i].number == number) {
            m->modes[i].is_set = is_set;
            return;
        }
    }
    if (m->count < PTY_MODES_MAX) {
        m->modes[m->count].number = number;
        m->modes[m->count++].is_set = is_set;
    }
}

bool pty_modes_is_set(const struct pty_modes *m, int number)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->modes[i].number == number)
            return m->modes[i].is_set;
    }
    return false;
}

static void end_control(struct pty_modes *m, char final)
{
    int count = m->parameter_count + 1;
    if (m->is_private && (final == 'h' || final == 'l')) {
        for (int i = 0; i < count; i++)
            set_mode(m, m->parameters[i], final == 'h');
    }
    if (!m->is_private && final == 'm')
        m->is_colored = m->parameters[count - 1] != 0 && m->parameters[0] != 0;
}

static void in_control(struct pty_modes *m, char c)
{
    if (c >= '0' && c <= '9') {
        int *at = &m->parameters[m->parameter_count];
        *at = *at > 99999 ? *at : *at * 10 + (c - '0');
    } else if (c == ';' || c == ':') {
        if (m->parameter_count < 15)
            m->parameters[++m->parameter_count] = 0;
    } else if (c == '?' || c == '>' || c == '<' || c == '=') {
        m->is_private = true;
    } else if (c >= '@' && c <= '~') {
        end_control(m, c);
        m->state = AT_TEXT;
    }
}

static int after_escape(struct pty_modes *m, char c)
{
    switch (c) {
    case '[':
        m->parameter_count = 0;
        m->parameters[0] = 0;
        m->is_private = false;
        return AT_CONTROL;
    case '(':
        return AT_CHARSET;
    case ']':
    case 'P':
        return AT_STRING;
    case '=':
        m->is_keypad = true;
        return AT_TEXT;
    case '>':
        m->is_keypad = false;
        return AT_TEXT;
    default:
        return AT_TEXT;
    }
}

static void feed_one(struct pty_modes *m, char c)
{
    switch (m->state) {
    case AT_ESCAPE:
        m->state = after_escape(m, c);
        break;
    case AT_CONTROL:
        in_control(m, c);
        break;
    case AT_CHARSET:
        m->is_graphics = c == '0';
        m->state = AT_TEXT;
        break;
    case AT_STRING:
        if (c == '\a')
            m->state = AT_TEXT;
        else if (c == '\033')
            m->state = AT_STRING_ESCAPE;
        break;
    case AT_STRING_ESCAPE:
        m->state = AT_TEXT;
        break;
    default:
        if (c == '\033')
            m->state = AT_ESCAPE;
        else if (c == '\016' || c == '\017')
            m->is_graphics = c == '\016';
    }
}

void pty_modes_feed(struct pty_modes *m, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        feed_one(m, bytes[i]);
}

static void add_word(char *out, size_t size, const char *word)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

/* On when a terminal starts: wrapping (7), the cursor (25). Its blinking (12) is nobody's harm. */
static bool is_on_at_start(int number)
{
    return number == 7 || number == 25;
}

void pty_modes_words(const struct pty_modes *m, char *out, size_t size)
{
    char word[48];
    for (size_t i = 0; i < m->count; i++) {
        int number = m->modes[i].number;
        if (number == 12 || m->modes[i].is_set == is_on_at_start(number))
            continue;
        snprintf(word, sizeof word, "mode ?%d %s", number, m->modes[i].is_set ? "on" : "off");
        add_word(out, size, word);
    }
    if (m->is_keypad)
        add_word(out, size, "application keypad");
    if (m->is_graphics)
        add_word(out, size, "graphic characters");
    if (m->is_colored)
        add_word(out, size, "colours");
}
