/* test_docs.c: documents that come from tables in the program, or speak of them, agree with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "golden.h"
#include "theme.h"

static void keys_come_from_the_table(void **state)
{
    (void)state;
    char *text = commands_markdown();
    golden_check_file("docs/keys.md", text);
    free(text);
}

static void the_manual_comes_from_the_table(void **state)
{
    (void)state;
    char *man = cli_man_text();
    golden_check_file("docs/slipway.1", man);
    free(man);
    char *page = cli_markdown_text();
    golden_check_file("docs/command-line.md", page);
    free(page);
}

static void every_role_is_documented(void **state)
{
    (void)state;
    char *text = golden_read("docs/themes.md");
    assert_non_null(text);
    for (int role = 0; role < ROLE_COUNT; role++) {
        char row[64];
        snprintf(row, sizeof row, "| `%s` |", theme_role_name((enum role)role));
        if (strstr(text, row) == NULL)
            fail_msg("docs/themes.md does not tell of the role %s",
                     theme_role_name((enum role)role));
    }
    free(text);
}

static void every_theme_is_documented(void **state)
{
    glob_t found;
    (void)state;
    char *text = golden_read("docs/themes.md");
    assert_non_null(text);
    assert_int_equal(glob("themes/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[128];
        const char *file = strrchr(found.gl_pathv[i], '/') + 1;
        snprintf(name, sizeof name, "`%.*s`", (int)strcspn(file, "."), file);
        if (strstr(text, name) == NULL)
            fail_msg("docs/themes.md does not tell of %s", found.gl_pathv[i]);
    }
    globfree(&found);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_from_the_table),
        cmocka_unit_test(the_manual_comes_from_the_table),
        cmocka_unit_test(every_role_is_documented),
        cmocka_unit_test(every_theme_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
