/* document.c: a text in the strict subset of YAML, checked against a table of keys.
 *
 * One walk over the tree and the table: unknown keys (with the nearest known
 * one), missing keys (at the mapping), wrong types and ranges, each as one
 * problem with its position. The walk never stops at a problem, so one run
 * lists all of them. A checked mapping becomes a struct sw_node: one value for
 * each entry of its table, read once.
 *
 * Everything lives in one arena that the document owns.
 * Not done here: rules between keys; the configuration's own are in config.c. */
#include "config/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/node.h"

struct sw_document {
    struct sw_arena *arena;
    const struct sw_node *root;
};

struct sw_check {
    struct sw_arena *arena;
    const struct sw_yaml *tree;
    const char *name;
    struct sw_problems *problems;
};

/* ----------------------------------------------------------------- places */

static void place_write(const struct sw_place *place, struct sw_buf *buf)
{
    if (place == NULL)
        return;
    place_write(place->up, buf);
    if (place->key != NULL)
        sw_ignore(sw_buf_printf(buf, "%s%s", buf->len > 0 ? "." : "", place->key));
    else if (place->id != NULL)
        sw_ignore(sw_buf_printf(buf, "[%.32s]", place->id));
    else
        sw_ignore(sw_buf_printf(buf, "[%zu]", place->index));
}

const char *sw_place_key_text(const struct sw_place *place, const char *key, char *buf, size_t size)
{
    struct sw_buf text;
    sw_buf_init(&text, SW_PLACE_TEXT);
    place_write(place, &text);
    if (key != NULL)
        sw_ignore(sw_buf_printf(&text, "%s%s", text.len > 0 ? "." : "", key));
    sw_ignore(sw_copy(buf, size, sw_buf_text(&text)));
    sw_buf_clear(&text);
    return buf;
}

const char *sw_place_in_text(const struct sw_place *place, char *buf, size_t size)
{
    char text[SW_PLACE_TEXT + 1];
    if (place == NULL)
        sw_ignore(sw_copy(buf, size, "at the top level"));
    else
        sw_ignore(sw_format(buf, size, "in %s", sw_place_key_text(place, NULL, text, sizeof text)));
    return buf;
}

/* --------------------------------------------------------------- problems */

SW_PRINTF(4, 0)
static void report(struct sw_check *check, const struct sw_yaml *at, bool is_warning,
                   const char *fmt, va_list args)
{
    char text[640];
    int len = vsnprintf(text, sizeof text, fmt, args);
    sw_problems_add(check->problems, check->name, at->line, at->column, is_warning, "%s",
                    len < 0 ? "(no text)" : text);
}

void sw_check_error(struct sw_check *check, const struct sw_yaml *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(check, at, false, fmt, args);
    va_end(args);
}

void sw_check_warning(struct sw_check *check, const struct sw_yaml *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(check, at, true, fmt, args);
    va_end(args);
}

static const char *kind_text(const struct sw_yaml *node)
{
    return node->kind == SW_YAML_MAP    ? "a mapping"
           : node->kind == SW_YAML_LIST ? "a list"
                                        : "one value";
}

/* ----------------------------------------------------------------- values */

static size_t table_count(const struct sw_option *table)
{
    size_t count = 0;
    while (table[count].type != SW_OPTION_END)
        count++;
    return count;
}

static const char *nearest_key(struct sw_arena *arena, const struct sw_option *table,
                               const char *word)
{
    size_t count = table_count(table);
    const char **names = sw_arena_array(arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = table[i].key;
    return sw_text_nearest(word, names);
}

static bool is_shape(struct sw_check *check, const struct sw_yaml *node, enum sw_yaml_kind kind,
                     const char *wanted, const char *key, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    if (node->kind == kind)
        return true;
    if (node->kind == SW_YAML_SCALAR && !node->is_quoted && node->text[0] == '\0') {
        sw_check_error(check, node, "%s: has no value; give one, or leave the key out",
                       sw_place_key_text(place, key, where, sizeof where));
        return false;
    }
    sw_check_error(check, node, "%s must be %s, not %s",
                   sw_place_key_text(place, key, where, sizeof where), wanted, kind_text(node));
    return false;
}

static bool read_strings(struct sw_check *check, const struct sw_yaml *list,
                         const struct sw_option *option, const struct sw_place *place)
{
    static const struct sw_option item = {.key = "", .type = SW_OPTION_STRING};
    char where[SW_PLACE_TEXT + 1], why[256];
    bool is_ok = is_shape(check, list, SW_YAML_LIST, "a list, like [one, two]", option->key, place);
    for (size_t i = 0; is_ok && i < list->count; i++) {
        struct sw_node_value value = {0};
        const struct sw_yaml *node = list->items[i];
        is_ok = is_shape(check, node, SW_YAML_SCALAR, "a list of texts", option->key, place);
        if (!is_ok || sw_value_read(&item, node->text, node->is_quoted, &value, why, sizeof why))
            continue;
        sw_check_error(check, node, "%s[%zu]: %s",
                       sw_place_key_text(place, option->key, where, sizeof where), i, why);
        is_ok = false;
    }
    return is_ok;
}

static bool read_pairs(struct sw_check *check, const struct sw_yaml *map,
                       const struct sw_option *option, const struct sw_place *place)
{
    static const struct sw_option item = {.key = "", .type = SW_OPTION_STRING};
    char why[256];
    bool is_ok =
        is_shape(check, map, SW_YAML_MAP, "a mapping of names to texts", option->key, place);
    struct sw_place here = {.up = place, .key = option->key};
    for (size_t i = 0; is_ok && i < map->count; i++) {
        struct sw_node_value value = {0};
        const struct sw_yaml *node = map->items[i];
        is_ok = is_shape(check, node, SW_YAML_SCALAR, "one text", map->keys[i]->text, &here);
        if (!is_ok || sw_value_read(&item, node->text, node->is_quoted, &value, why, sizeof why))
            continue;
        sw_check_error(check, node, "%.64s: %s", map->keys[i]->text, why);
        is_ok = false;
    }
    return is_ok;
}

static bool read_maps(struct sw_check *check, const struct sw_yaml *list,
                      const struct sw_option *option, struct sw_node_value *value,
                      const struct sw_place *place)
{
    if (!is_shape(check, list, SW_YAML_LIST, "a list", option->key, place))
        return false;
    value->nodes = sw_arena_array(check->arena, list->count + 1, sizeof *value->nodes);
    struct sw_place here = {.up = place, .key = option->key};
    bool is_ok = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct sw_yaml *id = sw_yaml_get(list->items[i], "id");
        struct sw_place item = {.up = &here, .index = i};
        if (id != NULL && id->kind == SW_YAML_SCALAR)
            item.id = id->text;
        value->nodes[i] = sw_check_map(check, list->items[i], option->children, &item);
        is_ok = is_ok && value->nodes[i] != NULL;
    }
    return is_ok;
}

static bool read_scalar(struct sw_check *check, const struct sw_yaml *node,
                        const struct sw_option *option, struct sw_node_value *value,
                        const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], why[400];
    if (!is_shape(check, node, SW_YAML_SCALAR, "one value", option->key, place))
        return false;
    if (sw_value_read(option, node->text, node->is_quoted, value, why, sizeof why))
        return true;
    sw_check_error(check, node, "%s: %s",
                   sw_place_key_text(place, option->key, where, sizeof where), why);
    return false;
}

static void read_value(struct sw_check *check, const struct sw_yaml *node,
                       const struct sw_option *option, struct sw_node_value *value,
                       const struct sw_place *place)
{
    bool is_ok = true;
    struct sw_place here = {.up = place, .key = option->key};
    switch (option->type) {
    case SW_OPTION_ANY:
        break;
    case SW_OPTION_MAP:
        value->map = sw_check_map(check, node, option->children, &here);
        is_ok = value->map != NULL;
        break;
    case SW_OPTION_LIST:
        is_ok = read_maps(check, node, option, value, place);
        break;
    case SW_OPTION_STRINGS:
        is_ok = read_strings(check, node, option, place);
        break;
    case SW_OPTION_PAIRS:
        is_ok = read_pairs(check, node, option, place);
        break;
    default:
        is_ok = read_scalar(check, node, option, value, place);
        break;
    }
    value->at = is_ok ? node : NULL;
    value->count = is_ok ? node->count : 0;
}

/* ------------------------------------------------------------------- maps */

static void unknown_key(struct sw_check *check, const struct sw_yaml *key,
                        const struct sw_option *table, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 8];
    const char *near = nearest_key(check->arena, table, key->text);
    sw_place_in_text(place, where, sizeof where);
    if (near != NULL)
        sw_check_error(check, key, "unknown key \"%.64s\" %s; did you mean \"%s\"?", key->text,
                       where, near);
    else
        sw_check_error(check, key, "unknown key \"%.64s\" %s", key->text, where);
}

static const struct sw_option *find(const struct sw_option *table, const char *key)
{
    for (; table->type != SW_OPTION_END; table++)
        if (strcmp(table->key, key) == 0)
            return table;
    return NULL;
}

const struct sw_node *sw_check_map(struct sw_check *check, const struct sw_yaml *map,
                                   const struct sw_option *table, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 8];
    if (map->kind != SW_YAML_MAP) {
        sw_check_error(check, map, "%s must be a mapping (key: value), not %s",
                       place == NULL ? "the file"
                                     : sw_place_key_text(place, NULL, where, sizeof where),
                       kind_text(map));
        return NULL;
    }
    struct sw_node *node = sw_arena_alloc(check->arena, sizeof *node);
    *node = (struct sw_node){.table = table, .at = map};
    node->values = sw_arena_array(check->arena, table_count(table) + 1, sizeof *node->values);
    for (size_t i = 0; i < map->count; i++) {
        const struct sw_option *option = find(table, map->keys[i]->text);
        if (option == NULL)
            unknown_key(check, map->keys[i], table, place);
        else
            read_value(check, map->items[i], option, &node->values[option - table], place);
    }
    for (const struct sw_option *option = table; option->type != SW_OPTION_END; option++)
        if (option->is_required && sw_yaml_get(map, option->key) == NULL)
            sw_check_error(
                check, map, "missing key \"%s\" %s%s%s%s", option->key,
                sw_place_in_text(place, where, sizeof where), option->help != NULL ? " (" : "",
                option->help != NULL ? option->help : "", option->help != NULL ? ")" : "");
    return node;
}

/* -------------------------------------------------------------- documents */

static void check_free(struct sw_check *check)
{
    sw_arena_free(check->arena);
    free(check);
}

struct sw_check *sw_check_open(const char *text, size_t len, const char *name,
                               struct sw_problems *problems)
{
    struct sw_check *check = sw_xcalloc(1, sizeof *check);
    check->arena = sw_arena_new(0);
    check->name = sw_arena_strdup(check->arena, name);
    check->problems = problems;
    check->tree = sw_yaml_read(check->arena, text, len, name, problems);
    if (check->tree != NULL)
        return check;
    check_free(check);
    return NULL;
}

struct sw_document *sw_check_take(struct sw_check *check, const struct sw_node *root,
                                  struct sw_problems *problems)
{
    if (check == NULL)
        return NULL;
    if (root == NULL || sw_problems_errors(problems) > 0) {
        check_free(check);
        return NULL;
    }
    struct sw_document *document = sw_xcalloc(1, sizeof *document);
    document->arena = check->arena;
    document->root = root;
    free(check);
    return document;
}

const struct sw_yaml *sw_check_tree(const struct sw_check *check)
{
    return check->tree;
}

struct sw_arena *sw_check_arena(const struct sw_check *check)
{
    return check->arena;
}

static enum sw_code parse(const char *text, size_t len, const char *name,
                          const struct sw_option *table, struct sw_document **out,
                          struct sw_problems *problems, struct sw_error *err)
{
    struct sw_check *check = sw_check_open(text, len, name, problems);
    const struct sw_node *root =
        check != NULL ? sw_check_map(check, check->tree, table, NULL) : NULL;
    struct sw_document *document = sw_check_take(check, root, problems);
    enum sw_code code = sw_problems_finish(problems, err);
    if (code == SW_OK)
        *out = document;
    return code;
}

enum sw_code sw_document_parse(const char *text, size_t len, const char *name,
                               const struct sw_option *table, struct sw_document **out,
                               struct sw_problems *problems, struct sw_error *err)
{
    struct sw_problems own = {0};
    *out = NULL;
    if (problems != NULL)
        *problems = own;
    enum sw_code code = parse(text, len, name, table, out, problems != NULL ? problems : &own, err);
    sw_problems_free(&own);
    return code;
}

enum sw_code sw_document_load(const char *path, const struct sw_option *table,
                              struct sw_document **out, struct sw_problems *problems,
                              struct sw_error *err)
{
    struct sw_error local = {0};
    struct sw_buf text;
    *out = NULL;
    if (problems != NULL)
        *problems = (struct sw_problems){0};
    sw_buf_init(&text, SW_YAML_BYTES_MAX);
    enum sw_code code = sw_fs_read(path, SW_YAML_BYTES_MAX, &text, &local);
    if (code == SW_OK) {
        code = sw_document_parse(sw_buf_text(&text), text.len, path, table, out, problems, err);
    } else {
        if (problems != NULL)
            sw_problems_add(problems, NULL, 0, 0, false, "%s", local.text);
        if (err != NULL)
            *err = local;
    }
    sw_buf_clear(&text);
    return code;
}

void sw_document_free(struct sw_document *document)
{
    if (document == NULL)
        return;
    sw_arena_free(document->arena);
    free(document);
}

const struct sw_node *sw_document_root(const struct sw_document *document)
{
    return document->root;
}
