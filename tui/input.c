/* input.c: one line of typed text, for the `:` line and the fields of dialogs. */
#include <string.h>

#include "dialogs.h"
#include "keys.h"
#include "memory.h"

void input_set(struct input_line *line, const char *text)
{
    tui_format(line->text, sizeof line->text, "%s", text ? text : "");
    line->len = strlen(line->text);
}

static void erase_last(struct input_line *line)
{
    while (line->len > 0) {
        unsigned char gone = (unsigned char)line->text[--line->len];
        if ((gone & 0xC0U) != 0x80U)
            break;
    }
    line->text[line->len] = '\0';
}

static void erase_word(struct input_line *line)
{
    while (line->len > 0 && line->text[line->len - 1] == ' ')
        erase_last(line);
    while (line->len > 0 && line->text[line->len - 1] != ' ')
        erase_last(line);
}

bool input_key(struct input_line *line, int key)
{
    if (key == KEY_ERASE) {
        erase_last(line);
        return true;
    }
    if (key == KEY_CTRL_U) {
        input_set(line, "");
        return true;
    }
    if (key == KEY_CTRL_W) {
        erase_word(line);
        return true;
    }
    if (key < KEY_SPACE || key >= KEY_SPECIAL || key == KEY_DELETE_CHAR)
        return false;
    /* Through the core's cleaner: what is typed goes into the ledger and onto other screens. */
    char bytes[4];
    char clean[16];
    size_t len = canvas_encode((uint32_t)key, bytes);
    size_t used = sw_text_clean(bytes, len, clean, sizeof clean);
    if (line->len + used + 1 > sizeof line->text)
        return true;
    memcpy(line->text + line->len, clean, used + 1);
    line->len += used;
    return true;
}
