/* screen.c: the table of screens, and what all of them go through. */
#include "screen.h"

#include <string.h>

#include "dialogs.h"
#include "figures.h"
#include "headline.h"
#include "memory.h"
#include "parts.h"

#define MIN_COLS 20
#define MIN_ROWS 5

static const struct screen screens[SCREEN_COUNT] = {
    [SCREEN_OVERVIEW] = {"overview", "overview", overview_draw},
    [SCREEN_PLATFORM] = {"platform", "platform", platform_draw},
    [SCREEN_CHECKLIST] = {"checklist", "checklist", checklist_draw},
    [SCREEN_LOG] = {"log", "ledger", log_draw},
    [SCREEN_SOURCES] = {"sources", "sources", sources_draw},
    [SCREEN_HELP] = {"help", "help", help_draw},
    [SCREEN_THEMES] = {"themes", "themes", themes_draw},
    [SCREEN_WALLBOARD] = {"wallboard", "wallboard", wallboard_draw},
};

const struct screen *screen_get(enum screen_id id)
{
    return &screens[(unsigned)id < SCREEN_COUNT ? id : SCREEN_OVERVIEW];
}

enum screen_id screen_find(const char *name)
{
    for (int id = 0; id < SCREEN_COUNT; id++) {
        if (screens[id].name != NULL && name != NULL && !strcmp(screens[id].name, name))
            return (enum screen_id)id;
    }
    return SCREEN_COUNT;
}

const struct sw_platform *frame_platform(const struct frame *frame)
{
    const struct sw_snapshot *s = frame->snapshot;
    if (s->platform_count == 0)
        return NULL;
    return &s->platforms[frame->view->platform < s->platform_count ? frame->view->platform : 0];
}

/* Too small for a table: the worst fact, and how small it is. */
static void draw_tiny(struct canvas *canvas, const struct frame *frame)
{
    struct headline headline;
    headline_make(frame, &headline);
    struct pen pen = canvas_pen(canvas, 0, 0, canvas->cols);
    pen_print(&pen, headline.role, "%s %s%s%s", headline.glyph, headline.who,
              headline.who[0] ? " " : "", headline.what);
    if (canvas->rows > 1)
        canvas_put(canvas, 1, 0, canvas->cols, ROLE_DIM, "too small for more");
}

int screen_draw(struct canvas *canvas, const struct frame *frame)
{
    canvas_blank(canvas);
    if (canvas->rows < MIN_ROWS || canvas->cols < MIN_COLS) {
        draw_tiny(canvas, frame);
        return 0;
    }
    int hidden = screen_get(frame->view->screen)->draw(canvas, frame);
    dialog_draw(canvas, frame);
    return hidden;
}
