/* test_layout.c: what must hold for every screen, world and size, whatever is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "act.h"
#include "dump.h"
#include "figures.h"
#include "golden.h"
#include "headline.h"
#include "screen.h"
#include "world.h"

/* A small generator of its own, so that a failure comes again. */
static uint64_t seed = 20250122;

static int random_below(int limit)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (int)((seed >> 33) % (uint64_t)limit);
}

/* Each row takes exactly its columns, no cell holds a control character, the last cell is blank. */
static void check_cells(const struct canvas *canvas, const char *what)
{
    for (int row = 0; row < canvas->rows; row++) {
        int columns = 0;
        for (int col = 0; col < canvas->cols; col++) {
            const struct cell *cell = canvas_at(canvas, row, col);
            if (cell->base == 0) {
                assert_true(col > 0 &&
                            wcwidth((wchar_t)canvas_at(canvas, row, col - 1)->base) == 2);
                continue;
            }
            if (cell->base < 0x20 || (cell->base >= 0x7F && cell->base < 0xA0))
                fail_msg("%s: control character %#x at %d,%d", what, (unsigned)cell->base, row,
                         col);
            if (canvas->charset == CHARSET_ASCII && cell->base > 0x7E)
                fail_msg("%s: %#x in ASCII at %d,%d", what, (unsigned)cell->base, row, col);
            int width = wcwidth((wchar_t)cell->base);
            if (width < 1)
                fail_msg("%s: %#x has width %d at %d,%d", what, (unsigned)cell->base, width, row,
                         col);
            columns += width;
        }
        if (columns != canvas->cols)
            fail_msg("%s: row %d takes %d of %d columns", what, row, columns, canvas->cols);
    }
    uint32_t last = canvas_at(canvas, canvas->rows - 1, canvas->cols - 1)->base;
    if (last != ' ')
        fail_msg("%s: the bottom right cell holds %#x", what, (unsigned)last);
}

static void draw_checked(const struct world *world, enum screen_id screen, int rows, int cols,
                         enum charset charset, struct dialog *dialog)
{
    const struct sw_snapshot *s = world->snapshot();
    struct view view = {.screen = screen, .dialog = dialog, .is_typing = random_below(5) == 0};
    view.platform = s->platform_count > 0 ? (size_t)random_below((int)s->platform_count) : 0;
    view.cursor[screen] = (size_t)random_below(12);
    view.themes = random_below(4) > 0 ? golden_themes() : NULL;
    view.scroll[screen] = random_below(60);
    struct frame frame = {s, WORLD_NOW, &view};
    struct canvas canvas;
    char what[160];
    snprintf(what, sizeof what, "%s of %s at %dx%d", screen_get(screen)->name, world->name, cols,
             rows);
    canvas_init(&canvas, rows, cols, charset);
    assert_true(screen_draw(&canvas, &frame) >= 0);
    check_cells(&canvas, what);
    canvas_clear(&canvas);
}

static void every_size_of_every_screen(void **state)
{
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        for (int screen = 0; screen < SCREEN_COUNT; screen++) {
            for (int i = 0; i < 25; i++)
                draw_checked(world, (enum screen_id)screen, 1 + random_below(100),
                             1 + random_below(200), (enum charset)random_below(3), NULL);
        }
    }
}

static void small_sizes_one_by_one(void **state)
{
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        for (int cols = 1; cols <= 60; cols += 1 + cols / 8) {
            for (int rows = 1; rows <= 24; rows += 1 + rows / 8)
                draw_checked(world, SCREEN_OVERVIEW, rows, cols, CHARSET_UTF8, NULL);
        }
    }
}

static void large_sizes(void **state)
{
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        draw_checked(world, SCREEN_OVERVIEW, 120, 400, CHARSET_UTF8, NULL);
        draw_checked(world, SCREEN_WALLBOARD, 120, 400, CHARSET_UTF8, NULL);
        draw_checked(world, SCREEN_PLATFORM, 120, 400, CHARSET_UTF8, NULL);
    }
}

static void dialogs_of_every_size(void **state)
{
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        const struct sw_snapshot *s = world->snapshot();
        struct view view = {0};
        struct frame frame = {s, WORLD_NOW, &view};
        for (int i = 0; i < 60 && s->platform_count > 0; i++) {
            const struct sw_platform *p =
                &s->platforms[(size_t)random_below((int)s->platform_count)];
            enum sw_verb verb = (enum sw_verb)(1 + random_below(SW_VERB_COUNT - 1));
            struct dialog *d = i % 10 == 0   ? dialog_stop_all(&frame)
                               : i % 10 == 1 ? dialog_stop_list(11, WORLD_NOW)
                               : i % 10 == 2 ? dialog_quit(2)
                                             : dialog_confirm(&frame, p, verb, NULL);
            d->shows_requests = i % 2;
            d->dropped = (size_t)random_below(3);
            if (i % 4 == 1 && d->kind == DIALOG_CONFIRM)
                d->requests = strdup(
                    "GET https://example.invalid/a\nPUT https://example.invalid/b\n{\"x\":1}");
            draw_checked(world, SCREEN_OVERVIEW, 1 + random_below(60), 1 + random_below(160),
                         (enum charset)random_below(3), d);
            dialog_free(d);
        }
    }
}

/* What is plain text stays so: no escape byte, no control, whatever the world holds. */
static void hostile_text_in_every_dump(void **state)
{
    (void)state;
    for (int screen = 0; screen < SCREEN_COUNT; screen++) {
        for (int format = DUMP_TEXT; format <= DUMP_SVG; format++) {
            struct dump_options options = {.screen = screen_get((enum screen_id)screen)->name,
                                           .cols = 100,
                                           .rows = 30,
                                           .format = (enum dump_format)format,
                                           .depth = COLOR_256,
                                           .now_ms = WORLD_NOW};
            char *text = NULL;
            assert_int_equal(tui_screen_text(world_hostile(), &options, &text, NULL), SW_OK);
            for (const char *at = text; *at != '\0'; at++) {
                bool is_own =
                    *at == '\n' || (format == DUMP_ANSI && at[0] == '\033' && at[1] == '[');
                if ((unsigned char)*at < 0x20 && !is_own)
                    fail_msg("%s holds byte %#x", options.screen, (unsigned)(unsigned char)*at);
            }
            assert_null(strstr(text, "\xE2\x80\xAE")); /* right-to-left override */
            assert_null(strstr(text, "\xC2\x9B"));     /* C1 control sequence introducer */
            free(text);
        }
    }
}

static char *draw_bad(const char *screen, int cols, const struct sw_snapshot *snapshot)
{
    const struct dump_options options = {
        .screen = screen, .cols = cols, .rows = 60, .now_ms = WORLD_NOW, .platform = "android"};
    char *text = NULL;
    assert_int_equal(tui_screen_text(snapshot, &options, &text, NULL), SW_OK);
    return text;
}

/* The longest rate there is, and the window that is said behind it, end before the next column. */
static void a_full_rate_keeps_its_distance(void **state)
{
    static const int cols[] = {60, 80, 100, 120, 160, 200};
    struct sw_snapshot snapshot;
    struct sw_platform platforms[5];
    (void)state;
    world_copy_bad(&snapshot, platforms);
    struct sw_health errors = platforms[3].health[0];
    errors.value.value = 0;
    platforms[3].health = &errors;
    platforms[3].health_count = 1;
    for (size_t i = 0; i < sizeof cols / sizeof cols[0]; i++) {
        char *text = draw_bad("overview", cols[i], &snapshot);
        if (strstr(text, " 100.00% 5m ") == NULL)
            fail_msg("%d columns:\n%s", cols[i], text);
        free(text);
    }
}

/* Beside what decides, and nowhere else. */
static void only_what_another_source_decides_is_beside(void **state)
{
    struct sw_snapshot snapshot;
    struct sw_platform platforms[5];
    struct sw_health health[3];
    (void)state;
    world_copy_bad(&snapshot, platforms);
    struct sw_platform *android = &platforms[0];
    while (strcmp(android->id, "android") != 0)
        android++;
    health[0] = health[1] = health[2] = android->health[0];
    health[1].is_deciding = health[2].is_deciding = false;
    health[1].source = "vitals";
    health[2].source = "play";
    health[2].metric = SW_METRIC_ADOPTION;
    android->health = health;
    android->health_count = 3;
    char *text = draw_bad("platform", 240, &snapshot);
    const char *readings = strstr(text, "every reading");
    assert_non_null(readings);
    const char *beside = strstr(readings, ", beside");
    assert_non_null(beside);
    assert_null(strstr(beside + 1, ", beside"));
    const char *vitals = strstr(readings, "vitals, true for");
    assert_true(vitals != NULL && vitals < beside && beside - vitals < 60);
    assert_non_null(strstr(readings, "play, true for"));
    free(text);
}

static void unknown_screens_are_named(void **state)
{
    (void)state;
    struct sw_error err = {0};
    char *text = NULL;
    struct dump_options options = {
        .screen = "overwiev", .cols = 80, .rows = 24, .now_ms = WORLD_NOW};
    assert_int_equal(tui_screen_text(world_bad(), &options, &text, &err), SW_E_USAGE);
    assert_non_null(strstr(err.text, "overview"));
    assert_null(text);
}

static int start(void **state)
{
    (void)state;
    golden_start();
    return 0;
}

/* After what is so in production, and never beside "ALL WELL" or a held stage. */
static void a_broken_ledger_has_its_rank(void **state)
{
    static const struct {
        struct sw_platform platform;
        enum headline_kind kind;
    } cases[] = {
        {{.state = SW_STATE_ROLLING}, HEADLINE_LEDGER},
        {{.state = SW_STATE_ROLLING, .gates_worst = SW_GATE_WARN}, HEADLINE_LEDGER},
        {{.state = SW_STATE_HALTED}, HEADLINE_HALTED},
        {{.state = SW_STATE_ROLLING, .is_stale = true}, HEADLINE_STALE},
        {{.state = SW_STATE_ROLLING, .gates_worst = SW_GATE_FAIL}, HEADLINE_FAIL},
        {{.state = SW_STATE_ROLLING, .verdict = SW_VERDICT_WORSE}, HEADLINE_WORSE},
        {{.state = SW_STATE_ROLLING, .halt_asked_ms = MINUTES_AGO(1)}, HEADLINE_HALT_NOT_SEEN},
    };
    struct view view = {.screen = SCREEN_OVERVIEW};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_platform platform = cases[i].platform;
        platform.id = platform.title = "ios";
        platform.observed_at_ms = WORLD_NOW;
        const struct sw_snapshot snapshot = {.platforms = &platform,
                                             .platform_count = 1,
                                             .has_polled_all = true,
                                             .ledger_error = "opening the ledger: no such folder",
                                             .at_ms = WORLD_NOW};
        const struct frame frame = {&snapshot, WORLD_NOW, &view};
        struct headline h;
        headline_make(&frame, &h);
        if (h.kind != cases[i].kind)
            fail_msg("case %zu: %s", i, h.text);
        assert_null(strstr(h.text, "WELL"));
        if (h.kind == HEADLINE_LEDGER)
            assert_non_null(strstr(h.text, "every action but a halt is refused"));
    }
}

static void the_headline_names_what_fails(void **state)
{
    struct view view = {.screen = SCREEN_OVERVIEW};
    struct sw_source source = {.id = "apple",
                               .failing_since_ms = WORLD_NOW,
                               .error = "reading the versions: nothing listens there",
                               .error_code = SW_E_NETWORK};
    struct sw_platform platform = {.id = "ios",
                                   .title = "iOS",
                                   .source = "apple",
                                   .state = SW_STATE_ROLLING,
                                   .observed_at_ms = WORLD_NOW};
    const struct sw_snapshot snapshot = {.platforms = &platform,
                                         .platform_count = 1,
                                         .sources = &source,
                                         .source_count = 1,
                                         .has_polled_all = true,
                                         .is_ledger_ok = true,
                                         .at_ms = WORLD_NOW};
    struct frame frame = {&snapshot, WORLD_NOW, &view};
    struct headline h;
    (void)state;
    headline_make(&frame, &h); /* nothing is stale yet, and still it is said */
    assert_int_equal(h.kind, HEADLINE_WELL);
    assert_non_null(strstr(h.choice, "apple cannot be reached since 03:12"));

    platform.is_stale = true;
    platform.offers[SW_VERB_HALT].is_allowed = true;
    headline_make(&frame, &h);
    assert_int_equal(h.kind, HEADLINE_STALE);
    assert_non_null(strstr(h.text, "apple cannot be reached since 03:12"));
    assert_non_null(strstr(h.choice, "H works"));

    platform.observed_at_ms = 0;
    platform.state = SW_STATE_UNKNOWN;
    platform.offers[SW_VERB_HALT] =
        (struct sw_offer){.reason = "the store's state is not known"};
    headline_make(&frame, &h);
    assert_null(strstr(h.choice, "H works"));
    assert_non_null(strstr(h.choice, "H is closed: the store's state is not known"));
}

/* However small: a board that says HALTED and not of what is worth nothing. */
static void a_small_wallboard_says_who(void **state)
{
    struct view view = {.screen = SCREEN_WALLBOARD};
    (void)state;
    for (const struct world *world = worlds; world->name != NULL; world++) {
        struct frame frame = {world->snapshot(), WORLD_NOW, &view};
        struct headline h;
        struct canvas canvas;
        headline_make(&frame, &h);
        canvas_init(&canvas, 5, 30, CHARSET_UTF8);
        screen_draw(&canvas, &frame);
        char *text = canvas_text(&canvas);
        char start[5]; /* the hostile one is cut and cleaned further on */
        snprintf(start, sizeof start, "%.4s", h.who);
        if (strstr(text, start) == NULL && strstr(text, "NO DATA") == NULL)
            fail_msg("%s: no \"%s\" on\n%s", world->name, h.who, text);
        free(text);
        canvas_clear(&canvas);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_of_every_screen),
        cmocka_unit_test(small_sizes_one_by_one),
        cmocka_unit_test(large_sizes),
        cmocka_unit_test(dialogs_of_every_size),
        cmocka_unit_test(hostile_text_in_every_dump),
        cmocka_unit_test(a_full_rate_keeps_its_distance),
        cmocka_unit_test(only_what_another_source_decides_is_beside),
        cmocka_unit_test(unknown_screens_are_named),
        cmocka_unit_test(a_broken_ledger_has_its_rank),
        cmocka_unit_test(the_headline_names_what_fails),
        cmocka_unit_test(a_small_wallboard_says_who),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
