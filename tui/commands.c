/* commands.c: see commands.h. */
#include "commands.h"

#include <string.h>

#include "figures.h"
#include "memory.h"
#include "theme.h"

static const struct command table[COMMAND_COUNT] = {
    [COMMAND_NONE] = {.name = "", .args = "", .hint = "", .help = ""},
    [COMMAND_HALT] = {"halt",
                      "[PLATFORM]",
                      {'H'},
                      "halt",
                      "stop serving the new version to more users",
                      COMMAND_CONFIRM | COMMAND_ACTS,
                      SW_VERB_HALT},
    [COMMAND_RESUME] = {"resume",
                        "[PLATFORM]",
                        {'R'},
                        "resume",
                        "go on with a halted rollout where it stood",
                        COMMAND_CONFIRM | COMMAND_ACTS,
                        SW_VERB_RESUME},
    [COMMAND_ADVANCE] = {"advance",
                         "[PLATFORM]",
                         {'A'},
                         "advance",
                         "go to the next stage of the plan",
                         COMMAND_CONFIRM | COMMAND_ACTS,
                         SW_VERB_ADVANCE},
    [COMMAND_COMPLETE] = {"complete",
                          "[PLATFORM]",
                          {'C'},
                          "complete",
                          "serve the new version to everyone (type the platform's id)",
                          COMMAND_CONFIRM | COMMAND_ACTS,
                          SW_VERB_COMPLETE},
    [COMMAND_ROLLBACK] = {"rollback",
                          "[PLATFORM]",
                          {'B'},
                          "roll back",
                          "serve the previous version again, as far as the store can "
                          "(type the platform's id)",
                          COMMAND_CONFIRM | COMMAND_ACTS,
                          SW_VERB_ROLLBACK},
    [COMMAND_STOP_EVERYTHING] = {"stop-everything",
                                 "",
                                 {'X'},
                                 "stop all",
                                 "halt every platform at once, with one confirmation",
                                 COMMAND_CONFIRM | COMMAND_ACTS,
                                 SW_VERB_NONE},
    [COMMAND_TICK] = {"tick",
                      "[ITEM]",
                      {KEY_SPACE},
                      "tick",
                      "tick or untick the checklist item",
                      0,
                      SW_VERB_NONE},
    [COMMAND_SELECT] = {"select",
                        "PLATFORM",
                        {'1'},
                        "platform",
                        "select a platform by its number",
                        COMMAND_READONLY_OK,
                        SW_VERB_NONE},
    [COMMAND_UP] =
        {"up", "", {KEY_ARROW_UP, 'k'}, "up", "one up", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_DOWN] =
        {"down", "", {KEY_ARROW_DOWN, 'j'}, "move", "one down", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_PAGE_UP] =
        {"page-up", "", {KEY_PAGE_BACK}, "page up", "a page up", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_PAGE_DOWN] = {"page-down",
                           "",
                           {KEY_PAGE_NEXT},
                           "page",
                           "a page down",
                           COMMAND_READONLY_OK,
                           SW_VERB_NONE},
    [COMMAND_HOME] = {"home",
                      "",
                      {KEY_TO_HOME, 'g'},
                      "first",
                      "to the first",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
    [COMMAND_END] =
        {"end", "", {KEY_TO_END, 'G'}, "last", "to the last", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_OPEN] = {"open",
                      "[PLATFORM]",
                      {KEY_RETURN},
                      "open",
                      "open the selected platform's own screen",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
    [COMMAND_BACK] = {"back",
                      "",
                      {KEY_ESCAPE, KEY_ERASE},
                      "back",
                      "back to the overview; puts messages away",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
    [COMMAND_OVERVIEW] = {"overview",
                          "",
                          {'o'},
                          "overview",
                          "all platforms on one screen",
                          COMMAND_READONLY_OK,
                          SW_VERB_NONE},
    [COMMAND_CHECKLIST] = {"checklist",
                           "",
                           {'c'},
                           "list",
                           "the release checklist",
                           COMMAND_READONLY_OK,
                           SW_VERB_NONE},
    [COMMAND_LOG] = {"log",
                     "",
                     {'l'},
                     "log",
                     "the ledger: who did what, and how it ended",
                     COMMAND_READONLY_OK,
                     SW_VERB_NONE},
    [COMMAND_SOURCES] = {"sources",
                         "",
                         {'s'},
                         "sources",
                         "where the figures come from, and how old they are",
                         COMMAND_READONLY_OK,
                         SW_VERB_NONE},
    [COMMAND_HELP] = {"help", "", {'?'}, "help", "this list", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_LINE] = {"command",
                      "",
                      {':'},
                      "cmd",
                      "type a command by its name",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
    [COMMAND_POLL] = {"poll",
                      "",
                      {'p'},
                      "poll",
                      "ask every source now, as its budget allows",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
    [COMMAND_RELOAD] = {"reload",
                        "",
                        {0},
                        "reload",
                        "read the configuration again; kept as it was on an error",
                        COMMAND_READONLY_OK,
                        SW_VERB_NONE},
    [COMMAND_RIGHTS] = {"rights",
                        "",
                        {0},
                        "rights",
                        "ask which verbs each key may use",
                        0,
                        SW_VERB_NONE},
    [COMMAND_THEME] =
        {"theme", "NAME", {0}, "theme", "change the colours", COMMAND_READONLY_OK, SW_VERB_NONE},
    [COMMAND_THEMES] = {"themes",
                        "",
                        {'t'},
                        "themes",
                        "all themes in their own colours; the selected one is worn at once",
                        COMMAND_READONLY_OK,
                        SW_VERB_NONE},
    [COMMAND_REPAINT] = {"repaint",
                         "",
                         {KEY_CTRL_L},
                         "repaint",
                         "draw the whole screen again",
                         COMMAND_READONLY_OK,
                         SW_VERB_NONE},
    [COMMAND_QUIT] = {"quit",
                      "",
                      {'q'},
                      "quit",
                      "leave; asks first while a halt is under way",
                      COMMAND_READONLY_OK,
                      SW_VERB_NONE},
};

const struct command *command_get(enum command_id id)
{
    return &table[(unsigned)id < COMMAND_COUNT ? id : COMMAND_NONE];
}

/* Space ticks on the checklist and nowhere else: it is too near to everything. */
static bool is_on(enum command_id id, enum screen_id screen)
{
    if (id == COMMAND_TICK)
        return screen == SCREEN_CHECKLIST;
    if (screen == SCREEN_WALLBOARD)
        return id == COMMAND_QUIT || id == COMMAND_REPAINT;
    return true;
}

enum command_id command_of_key(int key, enum screen_id screen, int *argument)
{
    *argument = 0;
    if (key >= '1' && key <= '9') {
        *argument = key - '0';
        return is_on(COMMAND_SELECT, screen) ? COMMAND_SELECT : COMMAND_NONE;
    }
    int looked_for = key == KEY_NEWLINE ? (int)KEY_RETURN : key;
    for (int id = 1; id < COMMAND_COUNT; id++) {
        for (size_t i = 0; i < COMMAND_KEYS; i++) {
            if (table[id].keys[i] != 0 && table[id].keys[i] == looked_for)
                return is_on((enum command_id)id, screen) ? (enum command_id)id : COMMAND_NONE;
        }
    }
    return COMMAND_NONE;
}

enum command_id command_find(const char *name, size_t len)
{
    enum command_id found = COMMAND_NONE;
    if (len == 0)
        return COMMAND_NONE;
    for (int id = 1; id < COMMAND_COUNT; id++) {
        if (strncmp(table[id].name, name, len) != 0)
            continue;
        if (table[id].name[len] == '\0')
            return (enum command_id)id;
        if (found != COMMAND_NONE)
            return COMMAND_NONE; /* two begin with it */
        found = (enum command_id)id;
    }
    return found;
}

/* ----------------------------------------------------------------- completion */

struct completion {
    const char *begin;
    size_t len;
    char common[LINE_MAX_BYTES]; /* of all candidates */
    size_t count;
};

static void offer_candidate(struct completion *c, const char *candidate)
{
    if (candidate == NULL || strncmp(candidate, c->begin, c->len) != 0)
        return;
    if (c->count++ == 0) {
        tui_format(c->common, sizeof c->common, "%s", candidate);
        return;
    }
    size_t same = 0;
    while (c->common[same] != '\0' && c->common[same] == candidate[same])
        same++;
    c->common[same] = '\0';
}

static bool offer_theme(void *arg, const char *name)
{
    struct completion *c = arg;
    /* A file in two places is one theme. */
    if (c->count == 0 || strcmp(c->common, name) != 0)
        offer_candidate(c, name);
    return true;
}

bool command_complete(const struct sw_snapshot *snapshot, struct input_line *line)
{
    const char *space = strchr(line->text, ' ');
    struct completion c = {.begin = space ? space + 1 : line->text};
    c.len = strlen(c.begin);
    if (space == NULL) {
        for (int id = 1; id < COMMAND_COUNT; id++)
            offer_candidate(&c, table[id].name);
    } else {
        enum command_id id = command_find(line->text, (size_t)(space - line->text));
        bool takes_platform = strstr(command_get(id)->args, "PLATFORM") != NULL;
        for (size_t i = 0; takes_platform && i < snapshot->platform_count; i++)
            offer_candidate(&c, snapshot->platforms[i].id);
        if (id == COMMAND_THEME)
            theme_names(offer_theme, &c);
        for (size_t i = 0; id == COMMAND_TICK && i < snapshot->checklist.count; i++)
            offer_candidate(&c, snapshot->checklist.items[i].id);
    }
    size_t common = strlen(c.common);
    size_t before = line->len - c.len;
    bool wants_space = c.count == 1 && space == NULL &&
                       command_get(command_find(c.common, common))->args[0] != '\0';
    if (c.count == 0 || (common <= c.len && !wants_space) ||
        before + common + 2 > sizeof line->text)
        return false;
    memcpy(line->text + before, c.common, common + 1);
    line->len = before + common;
    if (wants_space) {
        line->text[line->len++] = ' ';
        line->text[line->len] = '\0';
    }
    return true;
}

/* ------------------------------------------------------------------------ open */

static bool verb_is_open(const struct command *command, const struct frame *frame, char *reason,
                         size_t size)
{
    const struct sw_platform *p = frame_platform(frame);
    if (p == NULL) {
        tui_format(reason, size, "no platform");
        return false;
    }
    const struct sw_offer *offer = &p->offers[command->verb];
    if (offer->is_allowed)
        return true;
    if (frame->snapshot->is_read_only)
        tui_format(reason, size, "read-only");
    else
        tui_format(reason, size, "%s",
                   offer->reason && offer->reason[0] ? offer->reason : "closed");
    return false;
}

bool command_is_open(enum command_id id, const struct frame *frame, char *reason, size_t size)
{
    const struct command *command = command_get(id);
    reason[0] = '\0';
    if (command->verb != SW_VERB_NONE)
        return verb_is_open(command, frame, reason, size);
    if (frame->snapshot->is_read_only && !(command->flags & COMMAND_READONLY_OK)) {
        tui_format(reason, size, "read-only");
        return false;
    }
    if (id == COMMAND_TICK && frame->snapshot->checklist.count == 0) {
        tui_format(reason, size, "no items");
        return false;
    }
    if ((id == COMMAND_STOP_EVERYTHING || id == COMMAND_OPEN || id == COMMAND_SELECT) &&
        frame->snapshot->platform_count == 0) {
        tui_format(reason, size, "no platform");
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------- documents */

static void add_keys(struct text *out, enum command_id id)
{
    bool has_any = false;
    for (size_t i = 0; i < COMMAND_KEYS && table[id].keys[i] != 0; i++) {
        char name[FIG_SIZE];
        key_label(table[id].keys[i], name, sizeof name);
        text_print(out, "%s`%s`", has_any ? " " : "", id == COMMAND_SELECT ? "1` … `9" : name);
        has_any = true;
    }
}

static void add_rows(struct text *out, bool is_acting)
{
    text_puts(out, "| key | command | what it does |\n|---|---|---|\n");
    for (int id = 1; id < COMMAND_COUNT; id++) {
        const struct command *command = &table[id];
        bool acts = !(command->flags & COMMAND_READONLY_OK);
        if (acts != is_acting)
            continue;
        text_puts(out, "| ");
        add_keys(out, (enum command_id)id);
        text_print(out, " | `:%s%s%s` | %s |\n", command->name, command->args[0] ? " " : "",
                   command->args, command->help);
    }
}

char *commands_markdown(void)
{
    struct text out = {0};
    text_puts(&out, "# Keys\n\n<!-- Written by `make golden-update` from the table in "
                    "tui/commands.c. Do not edit. -->\n\n"
                    "Capital letters act and always ask first; small letters only show. Every "
                    "command can also be typed by its name, or an unambiguous beginning of it, "
                    "after `:`; Tab completes.\n\n## What acts\n\n");
    add_rows(&out, true);
    text_puts(&out, "\nHalt, resume, advance and stop-everything: the key, then `y`. Complete and "
                    "roll back: type the platform's id, then Enter. Enter and Esc cancel "
                    "everywhere else. In the dialog `e` edits the reason and `d` shows the exact "
                    "requests. With `--read-only` none of these does anything; the core refuses "
                    "them, not the screen.\n\n## What only shows\n\n");
    add_rows(&out, false);
    return text_take(&out);
}
