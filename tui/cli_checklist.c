/*
 * cli_checklist.c: `slipway checklist [list|tick ITEM|untick ITEM]`.
 *
 * Only the repository is needed, so nothing waits for the network once the file has been read. The
 * ticks come from the ledger, which the engine reads at its start.
 */
#include "cli_act.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FILE_MS 20000

static bool is_checklist_read(const struct session *session, const void *arg)
{
    (void)arg;
    return session->snapshot->has_polled_all;
}

static void print_item(const struct sw_checklist_item *item, const char **phase)
{
    if (item->phase != NULL && (*phase == NULL || strcmp(*phase, item->phase) != 0))
        printf("\n%s\n", item->phase);
    *phase = item->phase;
    printf("%*s[%c] %s: %s%s%s%s%s%s%s%s\n", item->depth * 2, "", item->is_done ? 'x' : ' ',
           item->id, item->text, item->is_blocking ? " (blocking)" : "", item->owner ? " " : "",
           item->owner ? item->owner : "", item->due ? " " : "", item->due ? item->due : "",
           item->done_by && item->is_done ? ", ticked by " : "",
           item->done_by && item->is_done ? item->done_by : "");
}

static int print_list(const struct sw_checklist *list)
{
    const char *phase = NULL;
    if (!list->is_known) {
        cli_complain("the checklist is not known%s%s", list->note && list->note[0] ? ": " : "",
                     list->note ? list->note : "");
        return CLI_STALE;
    }
    cli_linef(stdout, "checklist", "%s at %s", list->file, list->ref);
    printf("done: %zu of %zu, %zu blocking open\n", list->done, list->total, list->blocking_open);
    for (size_t i = 0; i < list->count; i++)
        print_item(&list->items[i], &phase);
    return CLI_OK;
}

static int print_json(const struct sw_snapshot *snapshot)
{
    struct sw_error err = {0};
    char *text = NULL;
    if (sw_checklist_json(snapshot, &text, &err) != SW_OK) {
        cli_complain("%s", err.text);
        return cli_exit_of_code(err.code);
    }
    puts(text);
    free(text);
    return snapshot->checklist.is_known ? CLI_OK : CLI_STALE;
}

static int run(struct session *session, const struct cli_request *request,
               enum sw_command_kind kind)
{
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    session_wait(session, is_checklist_read, NULL, FILE_MS);
    if (kind == SW_COMMAND_NONE)
        return request->values[CLI_JSON] != NULL ? print_json(session->snapshot)
                                                 : print_list(&session->snapshot->checklist);
    struct sw_command command = {
        .kind = kind, .item = request->args[1], .reason = request->values[CLI_REASON]};
    const struct act_words words = {.what = kind == SW_COMMAND_TICK ? "a tick" : "an untick"};
    return act_and_follow(session, request, &command, &words);
}

/* False after saying what is wrong. */
static bool read_what(const struct cli_request *request, enum sw_command_kind *kind)
{
    const char *what = request->arg_count > 0 ? request->args[0] : "list";
    bool is_list = strcmp(what, "list") == 0;
    *kind = strcmp(what, "tick") == 0     ? SW_COMMAND_TICK
            : strcmp(what, "untick") == 0 ? SW_COMMAND_UNTICK
                                          : SW_COMMAND_NONE;
    size_t wanted = is_list ? 1 : 2;
    bool is_right = (is_list || *kind != SW_COMMAND_NONE) &&
                    (request->arg_count == wanted || request->arg_count == 0);
    if (!is_right)
        cli_complain("usage: slipway checklist %s", request->command->args);
    return is_right;
}

int cli_checklist(const struct cli_request *request)
{
    struct session session;
    enum sw_command_kind kind;
    if (!read_what(request, &kind))
        return CLI_USAGE;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    session.is_acting = kind != SW_COMMAND_NONE;
    code = run(&session, request, kind);
    session_close(&session);
    return code;
}
