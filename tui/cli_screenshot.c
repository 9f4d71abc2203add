/*
 * cli_screenshot.c: `slipway screenshot SCREEN [PLATFORM]`: one poll, one screen, as text, with
 * colours, or as a picture.
 */
#include "cli_session.h"

#include <stdlib.h>

#include "background.h"
#include "memory.h"

#define POLL_MS 60000

static int choose_theme(struct session *session, const struct cli_request *request,
                        struct theme *theme)
{
    struct sw_error err = {0};
    const char *name = request->values[CLI_THEME];
    const char *wanted = name != NULL ? name : sw_core_theme(session->core);
    if (background_is_auto(wanted)) /* no question: nobody may be there to answer */
        wanted = background_theme(sw_core_ui(session->core), background_told());
    theme_terminal(theme);
    if (theme_load(wanted, theme, &err) == SW_OK)
        return CLI_OK;
    cli_complain("%s", err.text);
    if (name == NULL)
        return CLI_OK; /* as the dashboard: a picture is worth more than its colours */
    return err.code == SW_E_CONFIG ? CLI_BAD_CONFIG : CLI_USAGE;
}

/* 256 unless another number is asked for: what most terminals show. */
static enum color_depth depth_of(const struct cli_request *request)
{
    bool is_open = request->color == COLOR_WHEN_AUTO || request->color == COLOR_WHEN_ALWAYS;
    return is_open ? COLOR_256 : color_when_most(request->color);
}

static int draw(struct session *session, const struct cli_request *request,
                const struct theme *theme, enum charset charset)
{
    struct sw_error err = {0};
    char *text = NULL;
    int code = session_start(session);
    if (code != CLI_OK)
        return code;
    session_wait(session, session_has_polled, NULL, POLL_MS);
    struct dump_options dump = {.screen = request->args[0],
                                .cols = request->cols,
                                .rows = request->rows,
                                .format = request->format,
                                .charset = charset,
                                .theme = theme,
                                .depth = depth_of(request),
                                .now_ms = sw_core_now_ms(session->core),
                                .platform = request->arg_count > 1 ? request->args[1] : NULL};
    enum sw_code drawn = tui_screen_text(session->snapshot, &dump, &text, &err);
    if (drawn == SW_OK)
        fputs(text, stdout);
    else
        cli_complain("%s", err.text);
    free(text);
    return cli_exit_of_code(drawn);
}

static bool is_screen(const char *name)
{
    char list[256] = "";
    char clean[80];
    if (screen_find(name) != SCREEN_COUNT)
        return true;
    for (int id = 0; id < SCREEN_COUNT; id++)
        tui_append(list, sizeof list, " %s", screen_get((enum screen_id)id)->name);
    cli_complain("no screen \"%s\"; there are:%s", cli_clean(name, clean, sizeof clean), list);
    return false;
}

int cli_screenshot(const struct cli_request *request)
{
    struct session session;
    struct theme theme;
    if (!is_screen(request->args[0]))
        return CLI_USAGE;
    int code = session_open(&session, request, SESSION_ONCE);
    if (code != CLI_OK)
        return code;
    const struct sw_node *ui = sw_core_ui(session.core);
    bool is_ascii = request->values[CLI_ASCII] != NULL || (ui != NULL && sw_node_bool(ui, "ascii"));
    enum charset charset = term_locale(is_ascii, NULL, 0);
    if (request->arg_count > 1 && session_platform(&session, request->args[1]) == NULL)
        code = CLI_USAGE;
    if (code == CLI_OK)
        code = choose_theme(&session, request, &theme);
    if (code == CLI_OK)
        code = draw(&session, request, &theme, charset);
    session_close(&session);
    return code;
}
