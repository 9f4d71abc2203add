/* Documents: what is accepted, what is refused, and in which words and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/macros.h"
#include "slipway.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct sw_option item_table[] = {
    {.key = "id", .type = SW_OPTION_STRING, .is_required = true, .help = "its name"},
    {.key = "key_id", .type = SW_OPTION_STRING},
    {.key = "limit", .type = SW_OPTION_NUMBER, .min = -5, .max = 99.5},
    {.type = SW_OPTION_END},
};

static const struct sw_option table[] = {
    {.key = "name", .type = SW_OPTION_STRING, .preset = "nobody"},
    {.key = "is_on", .type = SW_OPTION_BOOL, .preset = "true"},
    {.key = "count", .type = SW_OPTION_INT, .min = 1, .max = 500, .preset = "7"},
    {.key = "free", .type = SW_OPTION_INT},
    {.key = "share", .type = SW_OPTION_PERCENT},
    {.key = "wait", .type = SW_OPTION_DURATION, .min = 10, .max = 86400, .preset = "1m"},
    {.key = "at", .type = SW_OPTION_TIMESTAMP},
    {.key = "colour", .type = SW_OPTION_CHOICE, .choices = colours, .preset = "blue"},
    {.key = "names", .type = SW_OPTION_STRINGS},
    {.key = "labels", .type = SW_OPTION_PAIRS},
    {.key = "token_env", .type = SW_OPTION_STRING},
    {.key = "pin_file", .type = SW_OPTION_INT},
    {.key = "map", .type = SW_OPTION_MAP, .children = item_table},
    {.key = "items", .type = SW_OPTION_LIST, .children = item_table},
    {.type = SW_OPTION_END},
};

static struct sw_document *accept(const char *text)
{
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    enum sw_code code =
        sw_document_parse(text, strlen(text), "f.yaml", table, &document, &problems, &err);
    if (code != SW_OK)
        fail_msg("refused: %s", err.text);
    assert_int_equal(problems.count, 0);
    sw_problems_free(&problems);
    return document;
}

static void values_are_read(void **state)
{
    (void)state;
    struct sw_document *document =
        accept("name: 1.10 # a text stays what is written\n"
               "is_on: false\ncount: 500\nfree: -9223372036854775807\nshare: 0.05\nwait: 1h30m\n"
               "at: 2026-01-20T09:00:00Z\ncolour: green\nnames: [a, \"b c\", 'd']\n"
               "labels: {x: 1, \"y z\": two}\nmap: {id: m, limit: -4.25}\n"
               "items:\n  - id: one\n  - {id: two, key_id: K, limit: 99.5}\n");
    const struct sw_node *root = sw_document_root(document);
    assert_string_equal(sw_node_str(root, "name"), "1.10");
    assert_false(sw_node_bool(root, "is_on"));
    assert_int_equal(sw_node_int(root, "count"), 500);
    assert_true(sw_node_int(root, "free") == -INT64_C(9223372036854775807));
    assert_true(sw_node_num(root, "share") > 0.0499 && sw_node_num(root, "share") < 0.0501);
    assert_int_equal(sw_node_int(root, "wait"), 5400);
    assert_true(sw_node_int(root, "at") == INT64_C(1768899600000));
    assert_string_equal(sw_node_str(root, "colour"), "green");
    assert_int_equal(sw_node_count(root, "names"), 3);
    assert_string_equal(sw_node_str_at(root, "names", 1), "b c");
    const char *value = NULL;
    assert_int_equal(sw_node_count(root, "labels"), 2);
    assert_string_equal(sw_node_pair(root, "labels", 1, &value), "y z");
    assert_string_equal(value, "two");
    assert_string_equal(sw_node_str(sw_node_map(root, "map"), "id"), "m");
    assert_int_equal(sw_node_count(root, "items"), 2);
    assert_string_equal(sw_node_str(sw_node_item(root, "items", 1), "key_id"), "K");
    int line = 0, column = 0;
    sw_node_position(root, "items", &line, &column);
    assert_int_equal(line, 13);
    assert_int_equal(column, 3);
    sw_document_free(document);
}

static void absent_keys_give_the_preset(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "# only a comment\n", "---\n{}\n", "\xef\xbb\xbf{}\n"};
    for (size_t i = 0; i < SW_ARRAY_LEN(empty); i++) {
        struct sw_document *document = accept(empty[i]);
        const struct sw_node *root = sw_document_root(document);
        assert_false(sw_node_has(root, "name"));
        assert_string_equal(sw_node_str(root, "name"), "nobody");
        assert_true(sw_node_bool(root, "is_on"));
        assert_int_equal(sw_node_int(root, "count"), 7);
        assert_int_equal(sw_node_int(root, "free"), 0);
        assert_int_equal(sw_node_int(root, "wait"), 60);
        assert_string_equal(sw_node_str(root, "colour"), "blue");
        assert_null(sw_node_str(root, "token_env"));
        assert_int_equal(sw_node_count(root, "names"), 0);
        assert_null(sw_node_map(root, "map"));
        sw_document_free(document);
    }
}

/* All problems of a text, one a line. */
static void refuse_is(const char *text, size_t len, const char *wanted)
{
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    enum sw_code code = sw_document_parse(text, len, "f.yaml", table, &document, &problems, &err);
    struct sw_buf all;
    sw_buf_init(&all, 65536);
    for (size_t i = 0; i < problems.count; i++) {
        char line[700];
        sw_buf_printf(&all, "%s%s", i == 0 ? "" : "\n",
                      sw_problem_text(&problems.items[i], line, sizeof line));
    }
    if (strcmp(sw_buf_text(&all), wanted) != 0)
        fail_msg("input:\n%.400s\nsaid:\n%s\nwanted:\n%s", text, sw_buf_text(&all), wanted);
    assert_int_equal(code, SW_E_CONFIG);
    assert_int_equal(err.code, SW_E_CONFIG);
    assert_null(document);
    sw_buf_clear(&all);
    sw_problems_free(&problems);
}

static void each_mistake_has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        /* the traps of YAML libraries: typo as true, trailing text cut off, nan, NUL, ESC */
        {"is_on: fales", "f.yaml:1:8: error: is_on: \"fales\" is neither true nor false"},
        {"is_on: yes", "f.yaml:1:8: error: is_on: \"yes\" is neither true nor false"},
        {"is_on: \"true\"",
         "f.yaml:1:8: error: is_on: \"true\" is neither true nor false (write it "
         "without quotes)"},
        {"items:\n  - id: a\n    limit: \"99,5\"",
         "f.yaml:3:12: error: items[a].limit: \"99,5\" is not a number (use 99.5)"},
        {"map: {id: a, limit: nan}", "f.yaml:1:21: error: map.limit: \"nan\" is not a number"},
        {"map: {id: a, limit: .inf}", "f.yaml:1:21: error: map.limit: \".inf\" is not a number"},
        {"map: {id: a, limit: 1e1}", "f.yaml:1:21: error: map.limit: \"1e1\" is not a number"},
        {"map: {id: a, limit: 0x10}", "f.yaml:1:21: error: map.limit: \"0x10\" is not a number"},
        {"map: {id: a, limit: 99.51}",
         "f.yaml:1:21: error: map.limit: \"99.51\" is out of range (-5 to 99.5)"},
        {"map: {id: a, limit: \"5\"}",
         "f.yaml:1:21: error: map.limit: \"5\" is a text; write the number without quotes"},
        {"count: 30s", "f.yaml:1:8: error: count: \"30s\" is not a whole number"},
        {"count: 1.0", "f.yaml:1:8: error: count: \"1.0\" is not a whole number"},
        {"count: 010", "f.yaml:1:8: error: count: \"010\" is not a whole number"},
        {"count: 0", "f.yaml:1:8: error: count: \"0\" is out of range (1 to 500)"},
        {"free: 99999999999999999999",
         "f.yaml:1:7: error: free: \"99999999999999999999\" is too large"},
        {"share: 20%", "f.yaml:1:8: error: share: \"20%\" is not a number (write 20, without the % "
                       "sign)"},
        {"share: 100.1", "f.yaml:1:8: error: share: \"100.1\" is out of range (0 to 100)"},
        {"share: -1", "f.yaml:1:8: error: share: \"-1\" is out of range (0 to 100)"},
        {"wait: 30", "f.yaml:1:7: error: wait: \"30\" has no unit (write 30s, 5m, 6h or 2d)"},
        {"wait: 1500ms", "f.yaml:1:7: error: wait: \"1500ms\" is not a duration in whole seconds "
                         "(write 30s, 5m, 6h or 2d)"},
        {"wait: 2d", "f.yaml:1:7: error: wait: \"2d\" is out of range (10s to 1d)"},
        {"at: tomorrow", "f.yaml:1:5: error: at: \"tomorrow\" is not a time (write "
                         "2026-01-20T09:00:00Z)"},
        {"colour: gren", "f.yaml:1:9: error: colour: \"gren\" is not one of: red, green, blue; did "
                         "you mean \"green\"?"},
        {"colour: [red]", "f.yaml:1:9: error: colour must be one value, not a list"},
        {"names: one", "f.yaml:1:8: error: names must be a list, like [one, two], not one value"},
        {"names: [{a: b}]", "f.yaml:1:9: error: names must be a list of texts, not a mapping"},
        {"labels: {a: [b]}", "f.yaml:1:13: error: labels.a must be one text, not a list"},
        {"name:", "f.yaml:1:6: error: name: has no value; give one, or leave the key out"},
        {"name: ~", "f.yaml:1:7: error: name: has no value; give one, or leave the key out"},
        {"items:", "f.yaml:1:7: error: items: has no value; give one, or leave the key out"},
        {"map: [a]", "f.yaml:1:6: error: map must be a mapping (key: value), not a list"},
        {"map: {}", "f.yaml:1:6: error: missing key \"id\" in map (its name)"},
        {"- a", "f.yaml:1:1: error: the file must be a mapping (key: value), not a list"},
        {"items:\n  - id: android\n    keyid: x",
         "f.yaml:3:5: error: unknown key \"keyid\" in items[android]; did you mean \"key_id\"?"},
        {"items:\n  - keyid: x\n    id: [y]",
         "f.yaml:2:5: error: unknown key \"keyid\" in items[0]; did you mean \"key_id\"?\n"
         "f.yaml:3:9: error: items[0].id must be one value, not a list"},
        {"zzz: 1", "f.yaml:1:1: error: unknown key \"zzz\" at the top level"},
        {"name: a\ncount: 3\nname: b",
         "f.yaml:3:1: error: key \"name\" stands here twice (first at line 1)"},
        /* what YAML can do and this file must not */
        {"name: &a x", "f.yaml:1:7: error: anchors (&name) are not allowed; write the value where "
                       "it is needed"},
        {"names: *a",
         "f.yaml:1:8: error: aliases (*name) are not allowed; write the value where it "
         "is needed"},
        {"name: !!str x", "f.yaml:1:7: error: tags (!name) are not allowed; in front of a text use "
                          "quotes"},
        {"map: {<<: {id: a}}", "f.yaml:1:7: error: merge keys (<<) are not allowed; write the keys "
                               "where they are needed"},
        {"? [a]\n: b", "f.yaml:1:3: error: a key must be a plain word"},
        {"name: a\n---\nname: b",
         "f.yaml:2:1: error: a second document (---) is not allowed in this "
         "file"},
        {"%YAML 1.1\n---\nname: a", "f.yaml:1:1: error: directives (%YAML, %TAG) are not allowed"},
        {"name: \"a\\eb\"", "f.yaml:1:7: error: this text holds a control or invisible character "
                            "(U+001B)"},
        {"name: \"a\\0b\"", "f.yaml:1:7: error: a NUL character is not allowed in a text"},
        {"name: \"a\\tb\"", "f.yaml:1:7: error: a tab is not allowed in a text"},
        {"name: |\n  a\n  b\n", "f.yaml:1:7: error: a line break is not allowed in a text"},
        {"name: \"a\\u202eb\"",
         "f.yaml:1:7: error: this text holds a control or invisible character "
         "(U+202E)"},
        {"name: a\xe2\x80\xae"
         "b",
         "f.yaml:1:7: error: this text holds a control or invisible character (U+202E)"},
        {"name: x\n# \x1b[31m",
         "f.yaml:2:3: error: a control character (U+001B) is not allowed here"},
        {"# a\nname: \xff", "f.yaml:2:7: error: this is not valid UTF-8; save the file as UTF-8"},
        {"name: \"never ends",
         "f.yaml:1:18: error: found unexpected end of stream, while scanning a "
         "quoted scalar (begun at line 1, column 7)"},
        {"map:\n\tid: x", "f.yaml:2:1: error: found character that cannot start any token, while "
                          "scanning for the next token (begun at line 2, column 1)"},
        /* a value that names a secret's place is never repeated */
        {"pin_file: sntrys_secret", "f.yaml:1:11: error: pin_file: this is not a whole number"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++)
        refuse_is(cases[i].text, strlen(cases[i].text), cases[i].wanted);
    refuse_is("name: a\0b", 9,
              "f.yaml:1:8: error: a control character (U+0000) is not allowed here");
}

static void all_problems_are_listed_by_position(void **state)
{
    (void)state;
    static const char text[] =
        "zz1: 1\nname: [x]\nitems:\n  - limit: a\n    id: q\n    limits: 5\ncount: x\n";
    refuse_is(text, strlen(text),
              "f.yaml:1:1: error: unknown key \"zz1\" at the top level\n"
              "f.yaml:2:7: error: name must be one value, not a list\n"
              "f.yaml:4:12: error: items[q].limit: \"a\" is not a number\n"
              "f.yaml:6:5: error: unknown key \"limits\" in items[q]; did you mean \"limit\"?\n"
              "f.yaml:7:8: error: count: \"x\" is not a whole number");
}

static void at_most_twenty_are_listed(void **state)
{
    (void)state;
    struct sw_buf text;
    sw_buf_init(&text, 65536);
    for (int i = 0; i < 50; i++)
        sw_buf_printf(&text, "unknown%d: 1\n", i);
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    enum sw_code code = sw_document_parse(sw_buf_text(&text), text.len, "f.yaml", table, &document,
                                          &problems, &err);
    assert_int_equal(code, SW_E_CONFIG);
    assert_int_equal(problems.count, 20);
    assert_int_equal(problems.items[19].line, 20);
    assert_non_null(strstr(err.text, "(and 49 more)"));
    sw_problems_free(&problems);
    assert_int_equal(
        sw_document_parse(sw_buf_text(&text), text.len, "f.yaml", table, &document, NULL, NULL),
        SW_E_CONFIG);
    sw_buf_clear(&text);
}

static void limits_hold(void **state)
{
    (void)state;
    struct sw_buf text;
    sw_buf_init(&text, 4 << 20);
    for (int i = 0; i < 17; i++)
        sw_buf_add(&text, "[");
    refuse_is(sw_buf_text(&text), text.len, "f.yaml:1:17: error: this is nested more than 16 deep");
    sw_buf_reset(&text);
    sw_buf_add(&text, "names: [");
    for (int i = 0; i < 100001; i++)
        sw_buf_add(&text, "a,");
    sw_buf_add(&text, "]");
    refuse_is(sw_buf_text(&text), text.len,
              "f.yaml:1:200003: error: this file has more than 100,000 values");
    sw_buf_reset(&text);
    for (int i = 0; i < (1 << 20) + 1; i++)
        sw_buf_addc(&text, '#');
    refuse_is(sw_buf_text(&text), text.len, "f.yaml: error: this file is larger than 1 MiB");
    sw_buf_clear(&text);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    enum sw_code code =
        sw_document_load("/nonexistent/theme.yaml", table, &document, &problems, &err);
    assert_int_equal(code, SW_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/theme.yaml"));
    assert_int_equal(problems.count, 1);
    assert_null(document);
    sw_problems_free(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(absent_keys_give_the_preset),
        cmocka_unit_test(each_mistake_has_its_words),
        cmocka_unit_test(all_problems_are_listed_by_position),
        cmocka_unit_test(at_most_twenty_are_listed),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
