/* test_reference.c: what docs/ shows of the configuration is what the program takes.
 *
 * The option tables of docs/configuration.md are written from the program's own, between two
 * markers; the example files load as they are, every alternative in them included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli.h"
#include "commands.h"
#include "config/config.h"
#include "dump.h"
#include "engine/parts.h"
#include "engine/setup.h"
#include "golden.h"
#include "model/checklist.h"
#include "world.h"

static const char begin_mark[] =
    "<!-- options: written by `make golden-update`. Do not edit. -->\n";
static const char end_mark[] = "<!-- end of options -->\n";

/* Finds what stands between the markers; fails when they are not there. */
static void find_part(char *text, char **begin, char **end)
{
    *begin = strstr(text, begin_mark);
    assert_non_null(*begin);
    *begin += strlen(begin_mark);
    *end = strstr(*begin, end_mark);
    assert_non_null(*end);
}

static void options_come_from_the_tables(void **state)
{
    (void)state;
    struct sw_buf whole;
    char *begin = NULL, *end = NULL;
    char *text = golden_read("docs/configuration.md"), *tables = sw_config_reference();
    assert_non_null(text);
    assert_non_null(tables);
    find_part(text, &begin, &end);
    sw_buf_init(&whole, 1 << 20);
    assert_true(sw_buf_addn(&whole, text, (size_t)(begin - text)));
    assert_true(sw_buf_add(&whole, tables));
    assert_true(sw_buf_printf(&whole, "\n%s", end));
    golden_check_file("docs/configuration.md", sw_buf_text(&whole));
    sw_buf_clear(&whole);
    free(tables);
    free(text);
}

static void every_kind_has_its_page(void **state)
{
    (void)state;
    for (size_t i = 0; sw_source_kinds[i] != NULL; i++) {
        char path[128], kind[128];
        assert_false(sw_format(path, sizeof path, "docs/sources/%s.md", sw_source_kinds[i]->name));
        assert_false(sw_format(kind, sizeof kind, "kind: %s", sw_source_kinds[i]->name));
        char *text = golden_read(path);
        if (text == NULL)
            fail_msg("%s is not there", path);
        if (strstr(text, kind) == NULL || strstr(text, "\n## Rights\n") == NULL)
            fail_msg("%s shows no entry of its kind, or tells nothing of rights", path);
        free(text);
    }
}

/* The words of the first line of text that holds `part`, one blank between them. */
static char *words_of_line(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    if (at == NULL)
        fail_msg("no line holds \"%s\"", part);
    at += *at == '\n' ? 1 : 0;
    while (at > text && at[-1] != '\n')
        at--;
    char *line = strndup(at, strcspn(at, "\n"));
    size_t used = 0;
    assert_non_null(line);
    for (const char *from = line; *from != '\0'; from++)
        if (*from != ' ' || (used > 0 && line[used - 1] != ' '))
            line[used++] = *from;
    line[used] = '\0';
    return line;
}

/* Figures and times are those of the day it was drawn; what the screen consists of is not. */
static void the_screen_of_the_readme_is_todays(void **state)
{
    (void)state;
    char *readme = golden_read("README.md"), *drawn = NULL;
    struct dump_options options = {.screen = "overview",
                                   .cols = 112,
                                   .rows = 27,
                                   .charset = CHARSET_UTF8,
                                   .now_ms = WORLD_NOW};
    golden_start();
    assert_non_null(readme);
    assert_int_equal(tui_screen_text(world_worse(), &options, &drawn, NULL), SW_OK);
    char *held = words_of_line(readme, "\n  platform ");
    char *now = words_of_line(drawn, "\n  platform ");
    if (strcmp(held, now) != 0)
        fail_msg("README.md shows an old screen, `make docs-screens` draws it anew\n  held  |%s|\n"
                 "  drawn |%s|",
                 held, now);
    free(held);
    free(now);
    static const char *const parts[] = {" last hour ",        " exposed ",    " plan ",
                                        " checklist ",        "WHAT CHANGED", "IF NOBODY ACTS",
                                        " H halt  X stop all"};
    for (size_t i = 0; i < SW_ARRAY_LEN(parts); i++) {
        free(words_of_line(readme, parts[i]));
        free(words_of_line(drawn, parts[i]));
    }
    free(drawn);
    free(readme);
}

static void the_readme_tells_every_exit_code_and_key(void **state)
{
    (void)state;
    char *readme = golden_read("README.md"), row[32];
    assert_non_null(readme);
    for (size_t i = 0; i < cli_exit_count(); i++) {
        sw_ignore(sw_format(row, sizeof row, "\n| %d | ", (int)cli_exits[i].code));
        if (strstr(readme, row) == NULL)
            fail_msg("README.md does not tell of exit code %d", (int)cli_exits[i].code);
    }
    for (int id = COMMAND_NONE + 1; id < COMMAND_COUNT; id++) {
        const struct command *command = command_get((enum command_id)id);
        if ((command->flags & COMMAND_ACTS) == 0)
            continue;
        sw_ignore(sw_format(row, sizeof row, "\n| `%c` | ", command->keys[0]));
        if (strstr(readme, row) == NULL)
            fail_msg("README.md does not tell of the key of %s", command->name);
    }
    free(readme);
}

/* Loads a configuration from memory and shows its first problem, if any. */
static struct sw_config *load(const char *text, size_t len)
{
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    struct sw_problems problems = {0};
    struct sw_config *config = NULL;
    size_t count = 0;
    char line[512];
    struct sw_kind_info *infos = sw_setup_infos(&parts, &count);
    sw_config_parse(text, len, "config.yaml", infos, count, &config, &problems, NULL);
    if (problems.count > 0)
        fail_msg("%s", sw_problem_text(&problems.items[0], line, sizeof line));
    sw_problems_free(&problems);
    free(infos);
    assert_non_null(config);
    return config;
}

static void the_example_configuration_loads(void **state)
{
    (void)state;
    char *text = golden_read("docs/examples/config.yaml");
    assert_non_null(text);
    struct sw_config *config = load(text, strlen(text));
    assert_int_equal(config->platform_count, 5);
    for (size_t i = 0; i < config->platform_count; i++) {
        assert_true(config->platforms[i].has_rollout);
        assert_true(config->platforms[i].health_count > 0);
        assert_true(config->platforms[i].gate_count > 0);
    }
    sw_config_free(config);
    free(text);
}

/* The blocks of a document that begin with ```yaml are read by people as they stand. */
static void the_configuration_of_the_readme_loads(void **state)
{
    (void)state;
    char *text = golden_read("README.md");
    assert_non_null(text);
    char *begin = strstr(text, "```yaml\n");
    assert_non_null(begin);
    begin += strlen("```yaml\n");
    char *end = strstr(begin, "```\n");
    assert_non_null(end);
    sw_config_free(load(begin, (size_t)(end - begin)));
    free(text);
}

static void the_example_checklist_is_one(void **state)
{
    (void)state;
    struct sw_checklist_doc doc = {0};
    struct sw_error err = {0};
    size_t blocking = 0;
    char *text = golden_read("docs/examples/RELEASE.md");
    assert_non_null(text);
    if (sw_checklist_parse(text, strlen(text), "RELEASE.md", &doc, &err) != SW_OK)
        fail_msg("%s", err.text);
    assert_int_equal(doc.count, 29);
    for (size_t i = 0; i < doc.count; i++) {
        assert_false(doc.entries[i].is_done_in_file);
        assert_non_null(doc.entries[i].due);
        blocking += doc.entries[i].is_blocking ? 1 : 0;
    }
    assert_int_equal(blocking, 7);
    sw_checklist_doc_clear(&doc);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_come_from_the_tables),
        cmocka_unit_test(every_kind_has_its_page),
        cmocka_unit_test(the_screen_of_the_readme_is_todays),
        cmocka_unit_test(the_readme_tells_every_exit_code_and_key),
        cmocka_unit_test(the_example_configuration_loads),
        cmocka_unit_test(the_configuration_of_the_readme_loads),
        cmocka_unit_test(the_example_checklist_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
