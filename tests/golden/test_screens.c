/* test_screens.c: every screen of every world, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "golden.h"
#include "screen.h"
#include "world.h"

struct size {
    int cols, rows;
};

static const struct size overview_sizes[] = {{80, 24}, {120, 36}, {200, 60},
                                             {45, 20}, {20, 5},   {19, 4}};
static const struct size other_sizes[] = {{80, 24}, {120, 36}, {200, 60}};
static const struct size small_sizes[] = {{80, 24}};

static void check_view(const struct world *world, struct view view, struct size size,
                       enum charset charset)
{
    const struct sw_snapshot *s = world->snapshot();
    enum screen_id screen = view.screen;
    struct frame frame = {s, WORLD_NOW, &view};
    struct canvas canvas;
    char name[128];
    canvas_init(&canvas, size.rows, size.cols, charset);
    screen_draw(&canvas, &frame);
    char *text = canvas_text(&canvas);
    snprintf(name, sizeof name, "%s-%s-%dx%d%s", screen_get(screen)->name, world->name, size.cols,
             size.rows,
             charset == CHARSET_ASCII     ? "-ascii"
             : charset == CHARSET_CONSOLE ? "-console"
                                          : "");
    golden_check(name, text);
    free(text);
    canvas_clear(&canvas);
}

static void check(const struct world *world, enum screen_id screen, struct size size,
                  enum charset charset)
{
    size_t worst = fig_worst_platform(world->snapshot());
    check_view(world, (struct view){.screen = screen, .platform = worst}, size, charset);
}

/* The whole page of one platform, at the width of a screen. */
static void check_platform(const struct world *world, size_t platform, struct size size)
{
    struct view view = {.screen = SCREEN_PLATFORM, .platform = platform};
    check_view(world, view, (struct size){size.cols, 75}, CHARSET_UTF8);
}

static void check_sizes(const char *world_name, enum screen_id screen, const struct size *sizes,
                        size_t count, enum charset charset)
{
    for (const struct world *world = worlds; world->name != NULL; world++) {
        if (world_name != NULL && strcmp(world->name, world_name) != 0)
            continue;
        for (size_t i = 0; i < count; i++)
            check(world, screen, sizes[i], charset);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void overview_of_the_bad_minute(void **state)
{
    (void)state;
    check_sizes("bad", SCREEN_OVERVIEW, overview_sizes, COUNT(overview_sizes), CHARSET_UTF8);
    check_sizes("bad", SCREEN_OVERVIEW, overview_sizes, COUNT(overview_sizes), CHARSET_ASCII);
    check_sizes("bad", SCREEN_OVERVIEW, small_sizes, 1, CHARSET_CONSOLE);
}

static void overview_of_every_world(void **state)
{
    (void)state;
    check_sizes(NULL, SCREEN_OVERVIEW, other_sizes, COUNT(other_sizes), CHARSET_UTF8);
}

static void wallboard_of_every_world(void **state)
{
    (void)state;
    check_sizes(NULL, SCREEN_WALLBOARD, other_sizes, COUNT(other_sizes), CHARSET_UTF8);
    check_sizes("bad", SCREEN_WALLBOARD, other_sizes, COUNT(other_sizes), CHARSET_ASCII);
}

static void the_other_screens(void **state)
{
    static const enum screen_id ids[] = {SCREEN_PLATFORM, SCREEN_CHECKLIST, SCREEN_LOG,
                                         SCREEN_SOURCES, SCREEN_HELP};
    static const char *const names[] = {"bad", "empty", "hostile"};
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        check_sizes("bad", ids[i], other_sizes, COUNT(other_sizes), CHARSET_UTF8);
        for (size_t j = 0; j < COUNT(names); j++)
            check_sizes(names[j], ids[i], small_sizes, 1, CHARSET_UTF8);
        check_sizes("bad", ids[i], small_sizes, 1, CHARSET_ASCII);
    }
}

static void the_themes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(other_sizes) + 1; i++) {
        struct view view = {.screen = SCREEN_THEMES, .themes = golden_themes()};
        bool is_ascii = i == COUNT(other_sizes);
        view.cursor[SCREEN_THEMES] = 4;
        check_view(&worlds[0], view, other_sizes[is_ascii ? 0 : i],
                   is_ascii ? CHARSET_ASCII : CHARSET_UTF8);
    }
}

/* Two sources of one metric that cannot both be right: said on the overview and where the readings
 * stand. */
static void a_contradiction_is_pointed_out(void **state)
{
    static const enum screen_id ids[] = {SCREEN_OVERVIEW, SCREEN_PLATFORM};
    struct sw_snapshot snapshot;
    struct sw_platform platforms[5];
    (void)state;
    world_copy_bad(&snapshot, platforms);
    struct sw_platform *android = &platforms[fig_worst_platform(&snapshot)];
    struct sw_health health[3] = {android->health[0], android->health[1], android->health[1]};
    health[2].is_deciding = false;
    health[2].source = "vitals";
    health[2].contradiction = "vitals says 98.10% (n 60000), sentry 99.69% (n 75533)";
    android->health = health;
    android->health_count = 3;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct view view = {.screen = ids[i], .platform = (size_t)(android - platforms)};
        struct frame frame = {&snapshot, WORLD_NOW, &view};
        struct canvas canvas;
        canvas_init(&canvas, 60, 200, CHARSET_UTF8);
        screen_draw(&canvas, &frame);
        char *text = canvas_text(&canvas);
        assert_non_null(strstr(text, "DISPUTED    vitals says 98.10% (n 60000)"));
        if (ids[i] == SCREEN_PLATFORM)
            assert_non_null(strstr(text, "▲ vitals says 98.10% (n 60000)"));
        free(text);
        canvas_clear(&canvas);
    }
}

/* What only a store tells stands on its platform's screen. */
static void the_platform_of_a_store(void **state)
{
    static const struct world store = {"store", world_store};
    (void)state;
    for (size_t i = 0; i < COUNT(other_sizes); i++)
        check_platform(&store, 0, other_sizes[i]);
}

static int start(void **state)
{
    (void)state;
    golden_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overview_of_the_bad_minute),
        cmocka_unit_test(overview_of_every_world),
        cmocka_unit_test(wallboard_of_every_world),
        cmocka_unit_test(the_other_screens),
        cmocka_unit_test(the_themes),
        cmocka_unit_test(a_contradiction_is_pointed_out),
        cmocka_unit_test(the_platform_of_a_store),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
