/* golden.c: see golden.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "golden.h"
#include "world.h"

#define FOLDER "tests/golden/screens/"

void golden_start(void)
{
    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    setlocale(LC_NUMERIC, "C");
    assert_int_equal(sw_zone_set(WORLD_ZONE, NULL), SW_OK);
}

char *golden_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t room = 0;
    ssize_t len = getdelim(&text, &room, '\0', file);
    fclose(file);
    if (len < 0) {
        free(text);
        return strdup("");
    }
    return text;
}

static void write_all(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Says where the first difference is. */
static void fail_at_difference(const char *name, const char *held, const char *drawn)
{
    int line = 1;
    while (*held != '\0' && *drawn != '\0') {
        size_t a = strcspn(held, "\n");
        size_t b = strcspn(drawn, "\n");
        if (a != b || memcmp(held, drawn, a) != 0)
            break;
        held += a + (held[a] == '\n');
        drawn += b + (drawn[b] == '\n');
        line++;
    }
    fail_msg("%s line %d\n  held  |%.*s|\n  drawn |%.*s|\n  make golden-update takes what is drawn",
             name, line, (int)strcspn(held, "\n"), held, (int)strcspn(drawn, "\n"), drawn);
}

void golden_check(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s.txt", name);
    golden_check_file(path, text);
}

void golden_check_file(const char *path, const char *text)
{
    if (getenv("SLIPWAY_GOLDEN_UPDATE") != NULL) {
        write_all(path, text);
        return;
    }
    char *held = golden_read(path);
    if (held == NULL)
        fail_msg("%s is not there; make golden-update writes it", path);
    if (held != NULL && strcmp(held, text) != 0)
        fail_at_difference(path, held, text);
    free(held);
}

const struct theme_set *golden_themes(void)
{
    static struct theme_set set;
    glob_t found;
    if (set.count > 0)
        return &set;
    theme_terminal(&set.items[set.count++]);
    assert_int_equal(glob("themes/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_int_equal(theme_load(found.gl_pathv[i], &set.items[set.count++], NULL), SW_OK);
    globfree(&found);
    return &set;
}
