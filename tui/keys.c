/*
 * keys.c: see keys.h.
 *
 * After a lone Esc the terminal library waits a moment (term.c) for the rest of a sequence. What
 * it does not know arrives in pieces: Esc, '[', 'I'. A slow line may even put a pause between
 * them, and then the Esc has already been acted on (it closes things, it never does anything). So
 * the filter follows the grammar of ECMA-48: after Esc, '[' begins a control sequence that ends
 * with a byte from '@' to '~'; 'O' and 'N' take one more; ']', 'P', 'X', '^', '_' begin a string
 * that ends with BEL or Esc '\'. Source: ECMA-48, 5th edition, sections 5.4 and 5.6, read 2026-01.
 */
#include "keys.h"

#include <string.h>

#include "memory.h"

#define SPLIT_MS     2000 /* a '[' or 'O' this long after a lone Esc still belongs to it */
#define TWO_ESC_MS   100  /* nothing this long after a doubled Esc: it began no sequence */
#define PASTE_GAP_MS 5000 /* a paste that stops this long has lost its end mark */
#define SEQUENCE_MAX 64   /* longer control sequences are given up */
#define STRING_MAX   4096

enum { AT_START, AT_ESCAPE, AT_CONTROL, AT_ONE_MORE, AT_STRING, AT_STRING_ESCAPE };

static int begin(struct key_filter *f, int state)
{
    f->state = state;
    f->length = 0;
    return KEY_NOTHING;
}

/* The byte after an Esc. */
static int after_escape(struct key_filter *f, int key)
{
    if (key == '[')
        return begin(f, AT_CONTROL);
    if (key == 'O' || key == 'N')
        return begin(f, AT_ONE_MORE);
    if (key == ']' || key == 'P' || key == 'X' || key == '^' || key == '_')
        return begin(f, AT_STRING);
    if (key == KEY_ESCAPE)
        return begin(f, AT_ESCAPE);
    return begin(f, AT_START); /* Alt with a key, or an escape sequence of two bytes */
}

static int in_control(struct key_filter *f, int key)
{
    f->length++;
    if (key == KEY_ESCAPE)
        return begin(f, AT_ESCAPE);
    if (key >= '@' && key <= '~') {
        /* The oldest mouse report: three more bytes without structure. */
        if (key == 'M' && f->length == 1)
            f->left = 3;
        return begin(f, AT_START);
    }
    if (key < ' ' || key > '?' || f->length > SEQUENCE_MAX)
        return begin(f, AT_START);
    return KEY_NOTHING;
}

static int in_string(struct key_filter *f, int key)
{
    f->length++;
    if (key == KEY_CTRL_G || f->length > STRING_MAX)
        return begin(f, AT_START);
    if (key == KEY_ESCAPE)
        f->state = AT_STRING_ESCAPE;
    return KEY_NOTHING;
}

static int at_start(struct key_filter *f, int key, bool is_more, int64_t now_ms)
{
    bool is_late_rest = f->escape_ms != 0 && now_ms - f->escape_ms < SPLIT_MS;
    f->escape_ms = 0;
    if (is_late_rest && (key == '[' || key == 'O' || key == ']'))
        return after_escape(f, key);
    if (key != KEY_ESCAPE)
        return key == KEY_DELETE_CHAR || key == KEY_BACK_CTRL_H ? (int)KEY_ERASE : key;
    if (is_more)
        return begin(f, AT_ESCAPE);
    f->escape_ms = now_ms != 0 ? now_ms : 1;
    return KEY_ESCAPE;
}

static int in_paste(struct key_filter *f, int key)
{
    if (key == KEY_PASTE_STOP) {
        f->is_pasting = false;
        return KEY_PASTE_STOP;
    }
    f->pasted++;
    return KEY_NOTHING;
}

/* What stayed open for long will not be ended: no key may be swallowed for it. */
static void give_up(struct key_filter *f, int64_t now_ms)
{
    int64_t silent = now_ms - f->last_ms;
    if (f->is_pasting && silent >= PASTE_GAP_MS)
        f->is_pasting = false;
    if (f->state == AT_ESCAPE && silent >= TWO_ESC_MS) {
        f->escape_ms = f->last_ms; /* a rest that comes late is still known */
        f->state = AT_START;
    }
    if (silent >= SPLIT_MS) {
        f->state = AT_START;
        f->left = 0;
    }
    f->last_ms = now_ms;
}

int key_filter_feed(struct key_filter *f, int key, bool is_more, int64_t now_ms)
{
    if (key == KEY_RESIZED)
        return key; /* never part of a sequence */
    give_up(f, now_ms);
    if (f->is_pasting)
        return in_paste(f, key);
    if (key == KEY_PASTE_START) {
        *f = (struct key_filter){.is_pasting = true, .last_ms = now_ms};
        return KEY_NOTHING;
    }
    if (f->left > 0) {
        f->left--;
        return KEY_NOTHING;
    }
    switch (f->state) {
    case AT_ESCAPE:
        return after_escape(f, key);
    case AT_CONTROL:
        return in_control(f, key);
    case AT_ONE_MORE:
        return begin(f, AT_START);
    case AT_STRING:
        return in_string(f, key);
    case AT_STRING_ESCAPE:
        return key == '\\' ? begin(f, AT_START) : after_escape(f, key);
    default:
        return at_start(f, key, is_more, now_ms);
    }
}

static const struct {
    int key;
    const char *name;
} names[] = {
    {KEY_CTRL_L, "^L"},         {KEY_RETURN, "Enter"},     {KEY_NEWLINE, "Enter"},
    {KEY_ESCAPE, "Esc"},        {KEY_SPACE, "space"},      {KEY_TAB_CHAR, "Tab"},
    {KEY_ARROW_UP, "Up"},       {KEY_ARROW_DOWN, "Down"},  {KEY_ARROW_LEFT, "Left"},
    {KEY_ARROW_RIGHT, "Right"}, {KEY_PAGE_BACK, "PageUp"}, {KEY_PAGE_NEXT, "PageDown"},
    {KEY_TO_HOME, "Home"},      {KEY_TO_END, "End"},       {KEY_ERASE, "Backspace"},
};

const char *key_label(int key, char *out, size_t size)
{
    if (key == '1')
        return tui_format(out, size, "1-9");
    for (size_t i = 0; i < TUI_COUNT(names); i++) {
        if (names[i].key == key)
            return tui_format(out, size, "%s", names[i].name);
    }
    if (key > ' ' && key < 0x7F)
        return tui_format(out, size, "%c", key);
    if (key > 0 && key < ' ')
        return tui_format(out, size, "^%c", key + '@');
    return tui_format(out, size, "%s", "?");
}
