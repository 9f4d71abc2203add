/* act.c: see act.h. */
#include "act.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "background.h"
#include "figures.h"
#include "keys.h"
#include "memory.h"

void act_init(struct act *act)
{
    theme_terminal(&act->theme);
    act->page_rows = 10;
}

void act_clear(struct act *act)
{
    dialog_free(act->view.dialog);
    act->view.dialog = NULL;
    free(act->themes);
    act->themes = NULL;
    act->view.themes = NULL;
}

struct frame act_frame(const struct act *act)
{
    return (struct frame){.snapshot = act->snapshot, .now_ms = act->now_ms, .view = &act->view};
}

static void say(struct act *act, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct act *act, enum role role, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(act->view.message, sizeof act->view.message, fmt, args);
    va_end(args);
    act->view.message_role = role;
}

/* ------------------------------------------------------------------- selection */

static bool find_platform(const struct sw_snapshot *s, const char *id, size_t *index)
{
    for (size_t i = 0; id != NULL && i < s->platform_count; i++) {
        if (s->platforms[i].id != NULL && !strcmp(s->platforms[i].id, id)) {
            *index = i;
            return true;
        }
    }
    return false;
}

void act_snapshot(struct act *act, const struct sw_snapshot *snapshot)
{
    const struct sw_snapshot *before = act->snapshot;
    size_t selected = act->view.platform;
    const char *id =
        before != NULL && selected < before->platform_count ? before->platforms[selected].id : NULL;
    act->snapshot = snapshot;
    /* Until the reader selects something, or everything has answered, the worst is selected. */
    bool follows = before == NULL || (!act->has_chosen && !before->has_polled_all);
    if (follows || !find_platform(snapshot, id, &act->view.platform))
        act->view.platform = fig_worst_platform(snapshot);
}

static size_t list_count(const struct act *act)
{
    const struct sw_snapshot *s = act->snapshot;
    switch (act->view.screen) {
    case SCREEN_OVERVIEW:
        return s->platform_count;
    case SCREEN_CHECKLIST:
        return s->checklist.count;
    case SCREEN_LOG:
        return s->event_count;
    case SCREEN_SOURCES:
        return s->source_count;
    case SCREEN_THEMES:
        return act->themes != NULL ? act->themes->count : 0;
    case SCREEN_PLATFORM:
    case SCREEN_HELP:
    case SCREEN_WALLBOARD:
    case SCREEN_COUNT:
        break;
    }
    return 0;
}

static void scroll(struct act *act, long by)
{
    int *at = &act->view.scroll[act->view.screen];
    long to = *at + by;
    *at = (int)(to < 0 ? 0 : to > act->hidden ? act->hidden : to);
}

static void wear(struct act *act, const struct theme *theme)
{
    if (theme != &act->theme)
        act->theme = *theme;
    act->theme.others = act->themes;
}

/* The selected one is worn while it is selected. */
static void wear_selected(struct act *act)
{
    size_t at = act->view.cursor[SCREEN_THEMES];
    if (act->view.screen == SCREEN_THEMES && at < list_count(act))
        wear(act, &act->themes->items[at]);
}

static void move(struct act *act, long by)
{
    size_t count = list_count(act);
    bool is_overview = act->view.screen == SCREEN_OVERVIEW;
    if (act->view.screen == SCREEN_PLATFORM || act->view.screen == SCREEN_HELP) {
        scroll(act, by);
        return;
    }
    if (count == 0)
        return;
    size_t *at = is_overview ? &act->view.platform : &act->view.cursor[act->view.screen];
    long to = (long)*at + by;
    *at = to < 0 ? 0 : (size_t)to >= count ? count - 1 : (size_t)to;
    act->has_chosen = act->has_chosen || is_overview;
    wear_selected(act);
}

static void select_number(struct act *act, int number)
{
    if (number < 1 || (size_t)number > act->snapshot->platform_count) {
        say(act, ROLE_WARN, "there is no platform %d", number);
        return;
    }
    act->view.platform = (size_t)number - 1;
    act->view.scroll[SCREEN_PLATFORM] = 0;
    act->has_chosen = true;
}

/* By id, or by number. */
static bool select_named(struct act *act, const char *name)
{
    size_t index;
    char *end;
    long number = strtol(name, &end, 10);
    if (find_platform(act->snapshot, name, &index)) {
        act->view.platform = index;
        act->has_chosen = true;
        return true;
    }
    if (*end == '\0' && number >= 1 && (size_t)number <= act->snapshot->platform_count) {
        select_number(act, (int)number);
        return true;
    }
    say(act, ROLE_BAD, "no platform \"%.60s\"; Tab completes the names there are", name);
    return false;
}

/* --------------------------------------------------------------------- dialogs */

static void open_dialog(struct act *act, struct dialog *dialog)
{
    dialog_free(act->view.dialog);
    act->view.dialog = dialog;
    act->has_opened = true;
}

static void close_dialog(struct act *act)
{
    dialog_free(act->view.dialog);
    act->view.dialog = NULL;
}

static struct sent *remember(struct act *act, uint64_t id, const struct dialog *d)
{
    size_t at = 0;
    for (size_t i = 0; i < SENT_MAX; i++) {
        if (act->sent[i].id < act->sent[at].id) /* free, or the oldest */
            at = i;
    }
    act->sent[at] = (struct sent){.id = id,
                                  .verb = d->verb,
                                  .is_unrecorded = d->is_unrecorded,
                                  .may_cancel_review = d->may_cancel_review};
    tui_format(act->sent[at].platform, sizeof act->sent[at].platform, "%s", d->platform);
    tui_format(act->sent[at].reason, sizeof act->sent[at].reason, "%s", d->reason.text);
    return &act->sent[at];
}

static void submit_dialog(struct act *act)
{
    struct dialog *d = act->view.dialog;
    struct sw_command command;
    dialog_command(d, false, &command);
    uint64_t id = act->submit(act->arg, &command);
    remember(act, id, d);
    if (d->kind == DIALOG_STOP_ALL) {
        close_dialog(act);
        open_dialog(act, dialog_stop_list(id, act->now_ms));
        act->has_opened = false; /* it asks nothing: no key of it can act */
        return;
    }
    close_dialog(act);
}

static void ask_requests(struct act *act)
{
    struct dialog *d = act->view.dialog;
    struct sw_command command;
    dialog_command(d, true, &command);
    d->dry_run_id = act->submit(act->arg, &command);
}

static void answer_dialog(struct act *act, int key)
{
    if (key == KEY_PASTE_STOP)
        return;
    switch (dialog_key(act->view.dialog, key)) {
    case DIALOG_STAYS:
        break;
    case DIALOG_LEAVES:
        close_dialog(act);
        break;
    case DIALOG_SUBMITS:
        submit_dialog(act);
        break;
    case DIALOG_ASKS:
        ask_requests(act);
        break;
    case DIALOG_QUITS:
        close_dialog(act);
        act->wants_quit = true;
        break;
    }
}

void act_leave(struct act *act)
{
    size_t halts = act->halts(act->arg);
    if (halts == 0 || act->is_wallboard)
        act->wants_quit = true;
    else
        open_dialog(act, dialog_quit(halts));
}

/* -------------------------------------------------------------------- commands */

static void ask_verb(struct act *act, const struct command *command)
{
    struct frame frame = act_frame(act);
    const struct sw_platform *p = frame_platform(&frame);
    if (p == NULL) {
        say(act, ROLE_WARN, "there is no platform to %s", command->hint);
        return;
    }
    const struct sw_offer *offer = &p->offers[command->verb];
    if (act->snapshot->is_read_only) {
        say(act, ROLE_WARN, "read-only: nothing that changes users' state can be sent from here");
        return;
    }
    if (!offer->is_allowed && !offer->can_override) {
        say(act, ROLE_WARN, "%s: %s closed: %s", p->title, command->hint,
            offer->reason && offer->reason[0] ? offer->reason : "not offered");
        return;
    }
    open_dialog(act, dialog_confirm(&frame, p, command->verb, NULL));
    if (act->view.dialog->needs_id) {
        /* Where letters are typed no key is left to ask for the requests: they come by themselves.
         */
        act->view.dialog->shows_requests = true;
        ask_requests(act);
    }
}

static void ask_stop(struct act *act)
{
    struct frame frame = act_frame(act);
    char reason[FIG_SIZE];
    if (!command_is_open(COMMAND_STOP_EVERYTHING, &frame, reason, sizeof reason))
        say(act, ROLE_WARN, "stop everything is closed: %s", reason);
    else
        open_dialog(act, dialog_stop_all(&frame));
}

static void tick(struct act *act, const char *id)
{
    const struct sw_checklist *list = &act->snapshot->checklist;
    const struct sw_checklist_item *item = NULL;
    size_t cursor = act->view.cursor[SCREEN_CHECKLIST];
    if (act->snapshot->is_read_only) {
        say(act, ROLE_WARN, "read-only: the checklist cannot be ticked from here");
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        bool is_it =
            id[0] != '\0' ? list->items[i].id && !strcmp(list->items[i].id, id) : i == cursor;
        if (is_it)
            item = &list->items[i];
    }
    if (item == NULL || item->id == NULL) {
        say(act, ROLE_WARN, "no checklist item \"%.60s\"", id);
        return;
    }
    struct sw_command command = {.kind = item->is_done ? SW_COMMAND_UNTICK : SW_COMMAND_TICK,
                                 .item = item->id};
    act->submit(act->arg, &command);
}

static void submit_plain(struct act *act, enum sw_command_kind kind, const char *said)
{
    struct sw_command command = {.kind = kind};
    act->submit(act->arg, &command);
    say(act, ROLE_DIM, "%s", said);
}

static void ask_rights(struct act *act)
{
    if (act->snapshot->is_read_only)
        say(act, ROLE_WARN, "read-only: rights are not asked for from here");
    else
        submit_plain(act, SW_COMMAND_RIGHTS, "asking every store what its key may do");
}

/* ----------------------------------------------------------------------- themes */

static void say_theme(struct act *act)
{
    say(act, ROLE_TEXT, "theme %s until you leave; the configuration keeps it: ui: {theme: %s}",
        act->theme.name, act->theme.name);
}

static void select_theme(struct act *act)
{
    for (size_t i = 0; i < act->themes->count; i++) {
        if (!strcmp(act->themes->items[i].name, act->theme.name))
            act->view.cursor[SCREEN_THEMES] = i;
    }
}

static void show_themes(struct act *act)
{
    if (act->view.screen == SCREEN_THEMES)
        return;
    free(act->themes); /* the files may be others by now */
    act->themes = theme_set_load();
    act->view.themes = act->themes;
    wear(act, &act->theme);
    act->theme_before = act->theme;
    act->screen_before = act->view.screen;
    act->view.screen = SCREEN_THEMES;
    select_theme(act);
}

static void keep_theme(struct act *act)
{
    act->theme_before = act->theme;
    act->view.screen = act->screen_before;
    say_theme(act);
}

static void change_theme(struct act *act, const char *name)
{
    struct sw_error err = {0};
    if (name[0] == '\0')
        say(act, ROLE_TEXT, "the theme is %s; :theme NAME changes it, :themes shows all",
            act->theme.name);
    else if (background_is_auto(name))
        say(act, ROLE_WARN, "auto is decided at the start: --theme auto, or ui: {theme: auto}");
    else if (theme_load(name, &act->theme, &err) != SW_OK)
        say(act, ROLE_BAD, "%s", err.text);
    else {
        act->wants_repaint = true;
        act->theme_before = act->theme;
        if (act->themes != NULL)
            select_theme(act);
        say_theme(act);
    }
}

static void go_back(struct act *act)
{
    if (act->view.screen == SCREEN_THEMES) {
        act->view.screen = act->screen_before;
        return;
    }
    uint64_t newest = act->view.dismissed;
    for (size_t i = 0; i < act->snapshot->action_count; i++) {
        const struct sw_action *a = &act->snapshot->actions[i];
        if (a->result != SW_RESULT_NONE && a->id > newest)
            newest = a->id;
    }
    if (newest != act->view.dismissed)
        act->view.dismissed = newest;
    else
        act->view.screen = SCREEN_OVERVIEW;
}

static void show(struct act *act, enum screen_id screen)
{
    act->view.screen = screen;
    act->view.scroll[screen] = 0;
}

static enum screen_id screen_of(enum command_id id)
{
    return id == COMMAND_CHECKLIST ? SCREEN_CHECKLIST
           : id == COMMAND_LOG     ? SCREEN_LOG
           : id == COMMAND_SOURCES ? SCREEN_SOURCES
           : id == COMMAND_HELP    ? SCREEN_HELP
                                   : SCREEN_OVERVIEW;
}

/* How far a movement goes; move() stops at both ends. */
static long rows_of(const struct act *act, enum command_id id)
{
    const long beyond = 100000; /* more rows than any list has */
    return id == COMMAND_UP          ? -1
           : id == COMMAND_DOWN      ? 1
           : id == COMMAND_PAGE_UP   ? -act->page_rows
           : id == COMMAND_PAGE_DOWN ? act->page_rows
           : id == COMMAND_HOME      ? -beyond
                                     : beyond;
}

static void run(struct act *act, enum command_id id, int number, const char *args)
{
    const struct command *command = command_get(id);
    bool is_previewing = act->view.screen == SCREEN_THEMES;
    bool names_platform = strstr(command->args, "PLATFORM") != NULL && args[0] != '\0';
    if (names_platform && !select_named(act, args))
        return;
    switch (id) {
    case COMMAND_HALT:
    case COMMAND_RESUME:
    case COMMAND_ADVANCE:
    case COMMAND_COMPLETE:
    case COMMAND_ROLLBACK:
        ask_verb(act, command);
        break;
    case COMMAND_STOP_EVERYTHING:
        ask_stop(act);
        break;
    case COMMAND_TICK:
        tick(act, args);
        break;
    case COMMAND_SELECT:
        if (number > 0)
            select_number(act, number);
        break;
    case COMMAND_UP:
    case COMMAND_DOWN:
    case COMMAND_PAGE_UP:
    case COMMAND_PAGE_DOWN:
    case COMMAND_HOME:
    case COMMAND_END:
        move(act, rows_of(act, id));
        break;
    case COMMAND_OPEN:
        if (is_previewing && !names_platform)
            keep_theme(act);
        else if (act->view.screen == SCREEN_OVERVIEW || names_platform)
            show(act, SCREEN_PLATFORM);
        break;
    case COMMAND_BACK:
        go_back(act);
        break;
    case COMMAND_OVERVIEW:
    case COMMAND_CHECKLIST:
    case COMMAND_LOG:
    case COMMAND_SOURCES:
    case COMMAND_HELP:
        show(act, screen_of(id));
        break;
    case COMMAND_LINE:
        act->view.is_typing = true;
        input_set(&act->view.typed, "");
        break;
    case COMMAND_POLL:
        submit_plain(act, SW_COMMAND_POLL, "asking every source now, as its budget allows");
        break;
    case COMMAND_RELOAD:
        submit_plain(act, SW_COMMAND_RELOAD, "reading the configuration again");
        break;
    case COMMAND_RIGHTS:
        ask_rights(act);
        break;
    case COMMAND_THEME:
        change_theme(act, args);
        break;
    case COMMAND_THEMES:
        show_themes(act);
        break;
    case COMMAND_REPAINT:
        act->wants_repaint = true;
        break;
    case COMMAND_QUIT:
        act_leave(act);
        break;
    case COMMAND_NONE:
    case COMMAND_COUNT:
        break;
    }
    /* Whatever else leads away from the themes puts the old one back. */
    if (is_previewing && act->view.screen != SCREEN_THEMES)
        wear(act, &act->theme_before);
}

void act_line(struct act *act, const char *line)
{
    while (*line == ' ')
        line++;
    size_t len = strcspn(line, " ");
    if (len == 0)
        return;
    enum command_id id = command_find(line, len);
    if (id == COMMAND_NONE || id == COMMAND_LINE) {
        say(act, ROLE_BAD, "no command \"%.*s\"; ? lists them, Tab completes",
            (int)(len < 60 ? len : 60), line);
        return;
    }
    const char *args = line + len;
    while (*args == ' ')
        args++;
    char trimmed[LINE_MAX_BYTES];
    tui_format(trimmed, sizeof trimmed, "%s", args);
    for (size_t end = strlen(trimmed); end > 0 && trimmed[end - 1] == ' '; end--)
        trimmed[end - 1] = '\0';
    run(act, id, 0, trimmed);
}

static void type_key(struct act *act, int key)
{
    struct view *view = &act->view;
    if (key == KEY_ESCAPE || (key == KEY_ERASE && view->typed.len == 0)) {
        view->is_typing = false;
    } else if (key == KEY_RETURN || key == KEY_NEWLINE) {
        char line[LINE_MAX_BYTES];
        tui_format(line, sizeof line, "%s", view->typed.text);
        view->is_typing = false;
        act_line(act, line);
    } else if (key == KEY_TAB_CHAR) {
        command_complete(act->snapshot, &view->typed);
    } else {
        input_key(&view->typed, key);
    }
}

void act_key(struct act *act, int key)
{
    act->view.message[0] = '\0';
    if (key == KEY_CTRL_L) {
        act->wants_repaint = true;
    } else if (act->view.dialog != NULL) {
        answer_dialog(act, key);
    } else if (key == KEY_PASTE_STOP) {
        say(act, ROLE_WARN, "pasted text is not taken as keys");
    } else if (act->view.is_typing) {
        type_key(act, key);
    } else {
        int number = 0;
        enum command_id id = command_of_key(key, act->view.screen, &number);
        run(act, id, number, "");
    }
}

/* A dialog that an outcome opens appears under the fingers of somebody who is typing: a second `y`
 * in the same breath must not confirm what nobody has read. */
#define READING_MS 700

void act_drawn(struct act *act, int64_t mono_ms)
{
    struct dialog *d = act->view.dialog;
    if (d != NULL && d->is_unasked && d->drawn_ms == 0)
        d->drawn_ms = mono_ms;
}

bool act_is_too_early(struct act *act, int64_t mono_ms)
{
    struct dialog *d = act->view.dialog;
    if (d == NULL || !d->is_unasked || (d->drawn_ms != 0 && mono_ms - d->drawn_ms >= READING_MS))
        return false;
    d->dropped++;
    return true;
}

/* -------------------------------------------------------------------- outcomes */

static struct sent *take_sent(struct act *act, uint64_t id)
{
    for (size_t i = 0; i < SENT_MAX; i++) {
        if (id != 0 && act->sent[i].id == id)
            return &act->sent[i];
    }
    return NULL;
}

static bool is_ledger_error(const struct sw_outcome *outcome)
{
    switch (outcome->error.code) {
    case SW_E_GIT:
    case SW_E_IO:
    case SW_E_BUSY:
    case SW_E_LIMIT:
    case SW_E_PARSE:
        return outcome->result == SW_RESULT_REFUSED;
    default:
        return false;
    }
}

static const struct sw_outcome *unrecorded_part(const struct sw_outcome *outcome)
{
    for (size_t i = 0; i < outcome->part_count; i++) {
        if (outcome->parts[i].verb == SW_VERB_HALT && is_ledger_error(&outcome->parts[i]))
            return &outcome->parts[i];
    }
    return NULL;
}

/* A stop whose halts the ledger could not record: asked again in the place of its list. */
static void ask_stop_again(struct act *act, const struct sw_outcome *outcome,
                           const struct sent *sent)
{
    const struct sw_outcome *part = unrecorded_part(outcome);
    const struct dialog *open = act->view.dialog;
    bool is_free = open == NULL || (open->kind == DIALOG_STOP_LIST && open->stop_id == outcome->id);
    if (part == NULL || !is_free)
        return;
    struct frame frame = act_frame(act);
    struct dialog *d = dialog_stop_all(&frame);
    input_set(&d->reason, sent->reason);
    tui_format(d->closed, sizeof d->closed, "%s",
               part->error.text[0] ? part->error.text : part->text);
    d->is_unrecorded = true;
    d->is_unasked = true;
    open_dialog(act, d);
}

/* A refusal can be answered: with a reason to override it, by going on without a record, or by
 * cancelling the review that stands in a halt's way. */
static void ask_again(struct act *act, const struct sw_outcome *outcome, const struct sent *sent)
{
    struct frame frame = act_frame(act);
    const struct sw_platform *p = sw_snapshot_platform(act->snapshot, sent->platform);
    bool is_unrecorded = outcome->verb == SW_VERB_HALT && outcome->result != SW_RESULT_SEEN &&
                         is_ledger_error(outcome);
    bool is_overridable =
        outcome->result == SW_RESULT_REFUSED && p != NULL && p->offers[sent->verb].can_override;
    bool is_review = outcome->verb == SW_VERB_HALT && outcome->error.code == SW_E_IN_REVIEW;
    bool is_second = is_unrecorded || is_review;
    if (p == NULL || act->view.dialog != NULL || (!is_second && !is_overridable))
        return;
    const char *why = outcome->error.text[0] ? outcome->error.text : outcome->text;
    struct dialog *d = dialog_confirm(&frame, p, sent->verb, why);
    input_set(&d->reason, sent->reason);
    d->is_unrecorded = is_unrecorded || sent->is_unrecorded;
    d->may_cancel_review = is_review || sent->may_cancel_review;
    if (is_second)
        d->field = FIELD_NONE;
    d->is_unasked = true;
    open_dialog(act, d);
}

static void keep_requests(struct dialog *d, const struct sw_outcome *outcome)
{
    free(d->requests);
    const char *text = outcome->text && outcome->text[0] ? outcome->text : outcome->error.text;
    d->requests = tui_copy(text && text[0] ? text : "nothing");
}

void act_outcome(struct act *act, const struct sw_outcome *outcome)
{
    struct dialog *d = act->view.dialog;
    if (d != NULL && d->dry_run_id != 0 && d->dry_run_id == outcome->id) {
        keep_requests(d, outcome);
        return;
    }
    struct sent *sent = take_sent(act, outcome->id);
    const char *text = outcome->text && outcome->text[0] ? outcome->text : outcome->error.text;
    bool is_good = outcome->result == SW_RESULT_SEEN;
    /* The line of the action tells of a verb that was seen, step by step. */
    bool is_told =
        is_good && (outcome->kind == SW_COMMAND_POLL || outcome->kind == SW_COMMAND_VERB);
    if (text != NULL && text[0] != '\0' && outcome->result != SW_RESULT_DRY_RUN && !is_told)
        say(act, is_good ? ROLE_OK : fig_result_role(outcome->result), "%s", text);
    if (sent != NULL) {
        struct sent copy = *sent;
        *sent = (struct sent){0};
        if (outcome->kind == SW_COMMAND_STOP_EVERYTHING)
            ask_stop_again(act, outcome, &copy);
        else if (!is_good)
            ask_again(act, outcome, &copy);
    }
}
