/*
 * test_json.c: limits before parsing, typed access, and writing that never lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/macros.h"

static json_t *tree_of(const char *text)
{
    json_t *tree = NULL;
    struct sw_error err = {0};
    if (sw_json_parse(text, strlen(text), NULL, &tree, &err) != SW_OK)
        fail_msg("%s: %s", text, err.text);
    return tree;
}

static enum sw_code parse_code(const char *text, size_t len, struct sw_error *err)
{
    json_t *tree = NULL;
    enum sw_code code = sw_json_parse(text, len, NULL, &tree, err);
    assert_true((code == SW_OK) == (tree != NULL));
    json_decref(tree);
    return code;
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "<html>",
        "{",
        "[1,",
        "{\"a\":1} x",
        "{\"a\":1}{}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":nan}",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "\"bare\"",
        "42",
        "null",
        "true",
        "[1e999]",
        "[\"\xFF\"]",
        "[\"\xED\xA0\x80\"]",
        "[\"\\u0000\"]",
        "[123456789012345678901234567890]",
        "[\"\\ud800\"]",
        "[\"a\nb\"]",
        "// x\n{}",
        "{\"\\u0000\":1}",
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++) {
        struct sw_error err = {0};
        if (parse_code(bad[i], strlen(bad[i]), &err) != SW_E_PARSE)
            fail_msg("accepted: %s", bad[i]);
        assert_true(err.text[0] != '\0');
    }
    assert_int_equal(parse_code("{}\0", 3, NULL), SW_E_PARSE);
}

static void test_any(void **state)
{
    (void)state;
    static const char *const good[] = {"\"x\"", "42", "null", "true", "{}", " [] "};
    for (size_t i = 0; i < SW_ARRAY_LEN(good); i++) {
        json_t *tree = NULL;
        assert_int_equal(sw_json_parse_any(good[i], strlen(good[i]), NULL, &tree, NULL), SW_OK);
        json_decref(tree);
    }
    json_t *tree = NULL;
    assert_int_equal(sw_json_parse_any("42 x", 4, NULL, &tree, NULL), SW_E_PARSE);
    assert_null(tree);
}

/* 8 MiB of "{}," take 627 MiB as a tree (measured): the limit must hold before the parser runs. */
static void test_many_small_objects(void **state)
{
    (void)state;
    size_t len = (size_t)8 << 20;
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = "{},"[i % 3];
    text[0] = '[';
    text[len - 1] = ']';
    struct sw_error err = {0};
    json_t *tree = NULL;
    assert_int_equal(sw_json_parse(text, len, NULL, &tree, &err), SW_E_LIMIT); /* bytes */
    const struct sw_json_limits wide = {.max_bytes = len, .max_depth = 64, .max_nodes = 200000};
    assert_int_equal(sw_json_parse(text, len, &wide, &tree, &err), SW_E_LIMIT);
    assert_non_null(strstr(err.text, "values"));
    free(text);
}

static enum sw_code with_limits(const char *text, size_t bytes, size_t depth, size_t nodes)
{
    const struct sw_json_limits limits = {bytes, depth, nodes};
    json_t *tree = NULL;
    enum sw_code code = sw_json_parse(text, strlen(text), &limits, &tree, NULL);
    json_decref(tree);
    return code;
}

static void test_limits_exactly(void **state)
{
    (void)state;
    assert_int_equal(with_limits("[1,2]", 5, 9, 9), SW_OK);
    assert_int_equal(with_limits("[1,2]", 4, 9, 9), SW_E_LIMIT);
    assert_int_equal(with_limits("[[[1]]]", 99, 3, 9), SW_OK);
    assert_int_equal(with_limits("[[[1]]]", 99, 2, 9), SW_E_LIMIT);
    assert_int_equal(with_limits("[{\"a\":[1]}]", 99, 3, 9), SW_OK);
    assert_int_equal(with_limits("[{\"a\":[1]}]", 99, 2, 9), SW_E_LIMIT);
    assert_int_equal(with_limits("[1,2,3]", 99, 9, 4), SW_OK);
    assert_int_equal(with_limits("[1,2,3]", 99, 9, 3), SW_E_LIMIT);
    /* Brackets and commas inside strings cost nothing, also after an escaped quote. */
    assert_int_equal(with_limits("[\"[[[{{{,,,,\"]", 99, 1, 2), SW_OK);
    assert_int_equal(with_limits("[\"\\\"[[[,,,\"]", 99, 1, 2), SW_OK);
    assert_int_equal(with_limits("[\"\\\\\",[[1]]]", 99, 2, 9), SW_E_LIMIT);
    /* Closing brackets that were never opened hide nothing. */
    assert_int_equal(with_limits("]]]][[[[1]]]]", 99, 3, 99), SW_E_LIMIT);
}

static const char sample[] =
    "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":\"\"}]},\"n\":null,\"i\":42,\"r\":3.0,\"f\":1.5,\"t\":"
    "true,"
    "\"s\":\"42\",\"neg\":\"-7\",\"d\":\"0.998\",\"big\":9007199254740993,\"hex\":\"0x10\",\"nan\":"
    "\"nan\","
    "\"pad\":\" "
    "42\",\"tail\":\"42x\",\"empty\":\"\",\"huge\":\"99999999999999999999\",\"far\":1e300,"
    "\"x.y\":[7],\"when\":\"2026-01-15T10:00:00Z\",\"epoch\":1768471200,\"epochf\":1768471200.25,"
    "\"esc\":\"a\\u001b[2Jb\",\"o\":{},\"l\":[]}";

static void test_strings(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    const char *out = NULL;
    assert_int_equal(sw_json_str(tree, "a.b[0].c", SW_REQUIRED, &out, NULL), SW_OK);
    assert_string_equal(out, "x");
    assert_int_equal(sw_json_str(tree, "a.b[1].c", SW_REQUIRED, &out, NULL), SW_OK);
    assert_string_equal(out, "");
    char text[16] = "kept";
    assert_int_equal(sw_json_text(tree, "esc", SW_REQUIRED, text, sizeof(text), NULL), SW_OK);
    assert_string_equal(text, "a\xEF\xBF\xBD[2Jb");
    assert_int_equal(sw_json_text(tree, "nope", SW_OPTIONAL, text, sizeof(text), NULL),
                     SW_E_NOT_FOUND);
    assert_string_equal(text, "a\xEF\xBF\xBD[2Jb");
}

/* Absent and null differ from empty; optional is quiet, required says the path. */
static void test_absent_and_null(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    static const char *const paths[] = {"nope", "n",    "a.nope", "a.b[2].c", "a.b[9]",
                                        "i.x",  "a[0]", "a.b.c",  "s[0]"};
    for (size_t i = 0; i < SW_ARRAY_LEN(paths); i++) {
        struct sw_error err = {0};
        const char *out = "kept";
        assert_int_equal(sw_json_str(tree, paths[i], SW_OPTIONAL, &out, &err), SW_E_NOT_FOUND);
        assert_string_equal(out, "kept");
        assert_int_equal(err.code, SW_OK);
        assert_int_equal(sw_json_str(tree, paths[i], SW_REQUIRED, &out, &err), SW_E_PARSE);
        assert_string_equal(out, "kept");
        assert_non_null(strstr(err.text, paths[i]));
    }
    struct sw_error err = {0};
    const char *out = NULL;
    sw_json_str(tree, "n", SW_REQUIRED, &out, &err);
    assert_non_null(strstr(err.text, "null"));
    sw_json_str(tree, "nope", SW_REQUIRED, &out, &err);
    assert_non_null(strstr(err.text, "missing"));
}

static void test_wrong_types(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    struct sw_error err = {0};
    const char *str = NULL;
    int64_t integer = -1;
    double number = -1;
    bool flag = false;
    json_t *node = NULL;
    assert_int_equal(sw_json_str(tree, "i", SW_OPTIONAL, &str, &err), SW_E_PARSE);
    assert_string_equal(err.text, "i is a number, a string expected");
    assert_int_equal(sw_json_int(tree, "s", SW_OPTIONAL, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_int(tree, "f", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_int(tree, "t", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_int(tree, "far", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_num(tree, "d", SW_REQUIRED, &number, &err), SW_E_PARSE);
    assert_int_equal(sw_json_bool(tree, "i", SW_REQUIRED, &flag, &err), SW_E_PARSE);
    assert_int_equal(sw_json_bool(tree, "s", SW_REQUIRED, &flag, &err), SW_E_PARSE);
    assert_int_equal(sw_json_obj(tree, "l", SW_REQUIRED, &node, &err), SW_E_PARSE);
    assert_int_equal(sw_json_arr(tree, "o", SW_REQUIRED, &node, &err), SW_E_PARSE);
    assert_int_equal(sw_json_time(tree, "t", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_time(tree, "s", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(sw_json_time(tree, "far", SW_REQUIRED, &integer, &err), SW_E_PARSE);
    assert_int_equal(integer, -1);
    assert_true(number < 0);
    assert_null(node);
}

static void test_numbers(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    int64_t i = 0;
    double d = 0;
    assert_int_equal(sw_json_int(tree, "i", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, 42);
    assert_int_equal(sw_json_int(tree, "r", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, 3);
    assert_int_equal(sw_json_int(tree, "big", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, INT64_C(9007199254740993));
    assert_int_equal(sw_json_int_range(tree, "i", SW_REQUIRED, 0, 42, &i, NULL), SW_OK);
    assert_int_equal(sw_json_int_range(tree, "i", SW_REQUIRED, 0, 41, &i, NULL), SW_E_PARSE);
    assert_int_equal(sw_json_int_range(tree, "i", SW_REQUIRED, 43, 99, &i, NULL), SW_E_PARSE);
    assert_int_equal(sw_json_num(tree, "i", SW_REQUIRED, &d, NULL), SW_OK);
    assert_float_equal(d, 42.0, 0);
    assert_int_equal(sw_json_num(tree, "f", SW_REQUIRED, &d, NULL), SW_OK);
    assert_float_equal(d, 1.5, 0);
    assert_int_equal(sw_json_num_range(tree, "f", SW_REQUIRED, 0, 1.5, &d, NULL), SW_OK);
    assert_int_equal(sw_json_num_range(tree, "f", SW_REQUIRED, 0, 1.0, &d, NULL), SW_E_PARSE);
    bool flag = false;
    assert_int_equal(sw_json_bool(tree, "t", SW_REQUIRED, &flag, NULL), SW_OK);
    assert_true(flag);
}

static void test_numbers_in_strings(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    int64_t i = 0;
    double d = 0;
    assert_int_equal(sw_json_int_lenient(tree, "s", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, 42);
    assert_int_equal(sw_json_int_lenient(tree, "neg", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, -7);
    assert_int_equal(sw_json_int_lenient(tree, "i", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(sw_json_num_lenient(tree, "d", SW_REQUIRED, &d, NULL), SW_OK);
    assert_float_equal(d, 0.998, 1e-12);
    assert_int_equal(sw_json_num_lenient(tree, "f", SW_REQUIRED, &d, NULL), SW_OK);
    static const char *const bad[] = {"hex", "nan", "pad", "tail", "empty", "huge"};
    for (size_t k = 0; k < SW_ARRAY_LEN(bad); k++) {
        i = -1;
        assert_int_equal(sw_json_int_lenient(tree, bad[k], SW_REQUIRED, &i, NULL), SW_E_PARSE);
        assert_int_equal(i, -1);
        if (strcmp(bad[k], "huge") != 0)
            assert_int_equal(sw_json_num_lenient(tree, bad[k], SW_REQUIRED, &d, NULL), SW_E_PARSE);
    }
}

static void test_times(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    int64_t ms = 0;
    assert_int_equal(sw_json_time(tree, "when", SW_REQUIRED, &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768471200000));
    assert_int_equal(sw_json_time(tree, "epoch", SW_REQUIRED, &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768471200000));
    assert_int_equal(sw_json_time(tree, "epochf", SW_REQUIRED, &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768471200250));
}

static void test_paths(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of(sample);
    int64_t i = 0;
    json_t *node = NULL;
    assert_int_equal(sw_json_int(tree, "[\"x.y\"][0]", SW_REQUIRED, &i, NULL), SW_OK);
    assert_int_equal(i, 7);
    assert_int_equal(sw_json_arr(tree, "a.b", SW_REQUIRED, &node, NULL), SW_OK);
    assert_int_equal(json_array_size(node), 2);
    assert_int_equal(sw_json_obj(tree, "a.b[1]", SW_REQUIRED, &node, NULL), SW_OK);
    assert_ptr_equal(sw_json_at(tree, ""), tree);
    assert_true(json_is_null(sw_json_at(tree, "n")));
    assert_null(sw_json_at(tree, "nope"));
}

static void test_write(void **state)
{
    (void)state;
    SW_JSON json_t *tree = tree_of("{\"b\":[1,2.5,null,true],\"a\":\"x\\ny\"}");
    struct sw_buf buf;
    sw_buf_init(&buf, 1000);
    assert_int_equal(sw_json_write(tree, &buf, SW_JSON_COMPACT, NULL), SW_OK);
    assert_string_equal(sw_buf_text(&buf), "{\"b\":[1,2.5,null,true],\"a\":\"x\\ny\"}");
    sw_buf_reset(&buf);
    assert_int_equal(sw_json_write(tree, &buf, SW_JSON_SORTED, NULL), SW_OK);
    assert_string_equal(sw_buf_text(&buf), "{\"a\":\"x\\ny\",\"b\":[1,2.5,null,true]}");
    sw_buf_reset(&buf);
    assert_int_equal(sw_json_write(tree, &buf, SW_JSON_PRETTY, NULL), SW_OK);
    assert_non_null(strstr(sw_buf_text(&buf), "\n  \"a\": \"x\\ny\""));
    sw_buf_clear(&buf);

    struct sw_buf small;
    struct sw_error err = {0};
    sw_buf_init(&small, 10);
    assert_int_equal(sw_json_write(tree, &small, SW_JSON_COMPACT, &err), SW_E_LIMIT);
    assert_true(sw_buf_is_failed(&small));
    assert_string_equal(sw_buf_text(&small), "");
    sw_buf_clear(&small);
}

/* The n-th allocation from now fails. */
static int countdown;

static void *failing_malloc(size_t size)
{
    countdown--;
    return countdown == 0 ? NULL : malloc(size);
}

/* json_dumps reports success with a key missing here (jansson 2.14); ours must fail or be whole. */
static void test_write_without_memory(void **state)
{
    (void)state;
    SW_JSON json_t *tree = json_object();
    for (int i = 0; i < 120; i++) {
        char key[16];
        snprintf(key, sizeof(key), "key%03d", i);
        json_object_set_new(tree, key, json_integer(i));
    }
    struct sw_buf whole;
    sw_buf_init(&whole, 100000);
    assert_int_equal(sw_json_write(tree, &whole, SW_JSON_SORTED, NULL), SW_OK);
    json_set_alloc_funcs(failing_malloc, free);
    int refused = 0;
    for (int n = 1; n < 50; n++) {
        struct sw_buf buf;
        sw_buf_init(&buf, 100000);
        countdown = n;
        if (sw_json_write(tree, &buf, SW_JSON_SORTED, NULL) == SW_OK)
            assert_string_equal(sw_buf_text(&buf), sw_buf_text(&whole));
        else
            refused++;
        sw_buf_clear(&buf);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(refused > 0);
    sw_buf_clear(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_many_small_objects),
        cmocka_unit_test(test_limits_exactly),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_absent_and_null),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_in_strings),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
