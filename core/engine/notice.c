/* notice.c: the one line of the picture that is about no platform's state: halts that did not take
 * effect, for as long as nobody has halted there since, and whatever was said last.
 *
 * A halt that is lost comes first: the captain believes that it halted. Neither a reload nor
 * another one takes it away. */
#include "engine/engine.h"

#include <string.h>

#include "base/mem.h"

enum { TEXT_MAX = 4096 };

static void show(struct sw_core *core)
{
    const struct sw_engine *engine = &core->engine;
    struct sw_buf text;
    sw_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < engine->lost_count; i++)
        sw_buf_printf(&text, "%s%s", i > 0 ? "; " : "", engine->lost[i].text);
    if (engine->said != NULL)
        sw_buf_printf(&text, "%s%s", engine->lost_count > 0 ? "; " : "", engine->said);
    sw_model_set_text(&core->engine.model.notice, sw_buf_text(&text));
    sw_buf_clear(&text);
    sw_engine_changed(core, true);
}

void sw_notice_say(struct sw_core *core, const char *text)
{
    sw_model_set_text(&core->engine.said, text);
    show(core);
}

static struct sw_lost_halt *find(struct sw_engine *engine, const char *platform)
{
    for (size_t i = 0; i < engine->lost_count; i++)
        if (!strcmp(engine->lost[i].platform, platform))
            return &engine->lost[i];
    return NULL;
}

void sw_notice_lost(struct sw_core *core, const char *platform, const char *text)
{
    struct sw_engine *engine = &core->engine;
    struct sw_lost_halt *lost = find(engine, platform);
    if (lost == NULL) {
        engine->lost =
            sw_xrealloc_array(engine->lost, engine->lost_count + 1, sizeof *engine->lost);
        lost = &engine->lost[engine->lost_count++];
        *lost = (struct sw_lost_halt){0};
        sw_copy(lost->platform, sizeof lost->platform, platform);
    }
    sw_model_set_text(&lost->text, text);
    show(core);
}

void sw_notice_halted(struct sw_core *core, const char *platform)
{
    struct sw_engine *engine = &core->engine;
    struct sw_lost_halt *lost = find(engine, platform);
    if (lost == NULL)
        return;
    size_t behind = engine->lost_count - (size_t)(lost - engine->lost) - 1;
    free(lost->text);
    memmove(lost, lost + 1, behind * sizeof *lost);
    engine->lost_count--;
    show(core);
}

void sw_notice_clear(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    for (size_t i = 0; i < engine->lost_count; i++)
        free(engine->lost[i].text);
    free(engine->lost);
    free(engine->said);
    engine->lost = NULL;
    engine->lost_count = 0;
    engine->said = NULL;
}
