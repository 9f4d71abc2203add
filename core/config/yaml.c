/* yaml.c: the strict subset of YAML this project reads, as a tree with positions.
 *
 * libyaml's events are turned into a tree in one arena. Events rather than its
 * own document loader, because limits, anchors and tags must be refused before
 * they cost anything: libyaml takes 20,000 nested lists, cyclic aliases and
 * duplicate keys without a word.
 *
 * Before libyaml runs, the bytes are checked by us: its reader reports bad
 * UTF-8 and control characters without a position.
 * Not done here: what keys mean (document.c). */
#include "config/yaml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/text.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    struct sw_arena *arena;
    const char *name;
    struct sw_problems *problems;
    int nodes;
    int depth;
};

/* ------------------------------------------------------------- characters */

/* Code points that have no business in a file people read: what a terminal or a reader would not
 * show as itself. NULL when the code point is fine. */
static const char *forbidden(uint32_t c)
{
    if (c == SW_UTF8_INVALID)
        return "not valid UTF-8";
    if (c == '\n' || c == '\r' || c == '\t' || (c >= 0x20 && c < 0x7f))
        return NULL;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return "a control character";
    if (c == 0x2028 || c == 0x2029)
        return "a Unicode line separator";
    if (c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) || c > 0x10fffd || (c & 0xfffe) == 0xfffe)
        return "an invisible or reserved character";
    return NULL;
}

static bool check_bytes(struct reader *reader, const char *text, size_t len)
{
    int line = 1, column = 1;
    /* A byte order mark at the very start is what some editors write: allowed. */
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        uint32_t c;
        size_t used = sw_utf8_next(text + at, len - at, &c);
        const char *what = forbidden(c);
        if (what != NULL && c == SW_UTF8_INVALID) {
            sw_problems_add(reader->problems, reader->name, line, column, false,
                            "this is %s; save the file as UTF-8", what);
            return false;
        }
        if (what != NULL) {
            sw_problems_add(reader->problems, reader->name, line, column, false,
                            "%s (U+%04" PRIX32 ") is not allowed here", what, c);
            return false;
        }
        at += used;
        column = c == '\n' ? 1 : column + 1;
        line += c == '\n' ? 1 : 0;
    }
    return true;
}

/* A value must be what it looks like: the cleaned text equals the text. */
static void check_scalar(struct reader *reader, const struct sw_yaml *node, size_t len)
{
    if (strlen(node->text) != len) {
        sw_problems_add(reader->problems, reader->name, node->line, node->column, false,
                        "a NUL character is not allowed in a text");
        return;
    }
    char *clean SW_AUTO_FREE = sw_xmalloc(3 * len + 1);
    size_t clean_len = sw_text_clean(node->text, len, clean, 3 * len + 1);
    size_t same = 0;
    while (same < len && same < clean_len && clean[same] == node->text[same])
        same++;
    if (same == len && same == clean_len)
        return;
    while (same > 0 && ((unsigned char)node->text[same] & 0xc0) == 0x80)
        same--;
    uint32_t c = 0;
    sw_ignore((long long)sw_utf8_next(node->text + same, len - same, &c));
    if (c == '\n' || c == '\t')
        sw_problems_add(reader->problems, reader->name, node->line, node->column, false,
                        "a %s is not allowed in a text", c == '\n' ? "line break" : "tab");
    else
        sw_problems_add(reader->problems, reader->name, node->line, node->column, false,
                        "this text holds a control or invisible character (U+%04" PRIX32 ")", c);
}

/* ----------------------------------------------------------------- events */

static int line_of(const yaml_mark_t *mark)
{
    return (int)mark->line + 1;
}

static int column_of(const yaml_mark_t *mark)
{
    return (int)mark->column + 1;
}

static bool refuse(struct reader *reader, const char *text)
{
    const yaml_mark_t *mark = &reader->event.start_mark;
    sw_problems_add(reader->problems, reader->name, line_of(mark), column_of(mark), false, "%s",
                    text);
    return false;
}

static void report_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "out of memory";
    const yaml_mark_t *mark = &parser->problem_mark;
    if (parser->context != NULL)
        sw_problems_add(reader->problems, reader->name, line_of(mark), column_of(mark), false,
                        "%s, %s (begun at line %d, column %d)", problem, parser->context,
                        line_of(&parser->context_mark), column_of(&parser->context_mark));
    else
        sw_problems_add(reader->problems, reader->name, line_of(mark), column_of(mark), false, "%s",
                        problem);
}

static bool next(struct reader *reader)
{
    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = false;
    if (!yaml_parser_parse(&reader->parser, &reader->event)) {
        report_parser(reader);
        return false;
    }
    reader->has_event = true;
    return true;
}

/* Reported, and reading goes on: all problems in one run. */
static void check_properties(struct reader *reader, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL)
        refuse(reader, "anchors (&name) are not allowed; write the value where it is needed");
    else if (tag != NULL)
        refuse(reader, "tags (!name) are not allowed; in front of a text use quotes");
}

static struct sw_yaml *new_node(struct reader *reader, enum sw_yaml_kind kind)
{
    if (++reader->nodes > SW_YAML_NODES_MAX) {
        refuse(reader, "this file has more than 100,000 values");
        return NULL;
    }
    struct sw_yaml *node = sw_arena_alloc(reader->arena, sizeof *node);
    node->kind = kind;
    node->line = line_of(&reader->event.start_mark);
    node->column = column_of(&reader->event.start_mark);
    return node;
}

static struct sw_yaml *read_node(struct reader *reader);

static struct sw_yaml *read_scalar(struct reader *reader)
{
    yaml_event_t *event = &reader->event;
    check_properties(reader, event->data.scalar.anchor, event->data.scalar.tag);
    struct sw_yaml *node = new_node(reader, SW_YAML_SCALAR);
    if (node == NULL)
        return NULL;
    size_t len = event->data.scalar.length;
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    char *text = sw_arena_alloc(reader->arena, len + 1);
    memcpy(text, event->data.scalar.value, len);
    node->text = text;
    check_scalar(reader, node, len);
    return node;
}

/* Growing lists of borrowed nodes; moved into the arena when complete. */
struct list {
    struct sw_yaml **items;
    size_t count, room;
};

static void list_add(struct list *list, struct sw_yaml *node)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 8 : 2 * list->room;
        list->items = sw_xrealloc_array(list->items, list->room, sizeof *list->items);
    }
    list->items[list->count++] = node;
}

static const struct sw_yaml **list_move(struct reader *reader, struct list *list)
{
    const struct sw_yaml **out =
        sw_arena_array(reader->arena, list->count == 0 ? 1 : list->count, sizeof *out);
    for (size_t i = 0; i < list->count; i++)
        out[i] = list->items[i];
    return out;
}

static bool enter(struct reader *reader)
{
    if (reader->depth >= SW_YAML_DEPTH_MAX)
        return refuse(reader, "this is nested more than 16 deep");
    reader->depth++;
    return true;
}

static struct sw_yaml *read_list(struct reader *reader)
{
    const yaml_event_t *event = &reader->event;
    check_properties(reader, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    if (!enter(reader))
        return NULL;
    struct sw_yaml *node = new_node(reader, SW_YAML_LIST);
    struct list items = {0};
    bool is_ok = node != NULL;
    while (is_ok && (is_ok = next(reader)) && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        struct sw_yaml *item = read_node(reader);
        is_ok = item != NULL;
        if (is_ok)
            list_add(&items, item);
    }
    if (is_ok) {
        node->count = items.count;
        node->items = list_move(reader, &items);
    }
    free(items.items);
    reader->depth--;
    return is_ok ? node : NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const struct sw_yaml *left = *(struct sw_yaml *const *)a;
    const struct sw_yaml *right = *(struct sw_yaml *const *)b;
    int order = strcmp(left->text, right->text);
    if (order == 0)
        order = left->line != right->line ? left->line - right->line : left->column - right->column;
    return order;
}

/* Sorted neighbours: a mapping of 50,000 keys must not cost a minute. */
static size_t mark_duplicates(struct reader *reader, const struct list *keys)
{
    size_t found = 0;
    if (keys->count < 2)
        return 0;
    struct sw_yaml **sorted = sw_xcalloc(keys->count, sizeof *sorted);
    memcpy(sorted, keys->items, keys->count * sizeof *sorted);
    qsort(sorted, keys->count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < keys->count; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
            continue;
        sw_problems_add(reader->problems, reader->name, sorted[i]->line, sorted[i]->column, false,
                        "key \"%.64s\" stands here twice (first at line %d)", sorted[i]->text,
                        sorted[i - 1]->line);
        sorted[i]->kind = SW_YAML_NONE;
        found++;
    }
    free(sorted);
    return found;
}

/* Only the first of each stays in the tree. */
static void drop_duplicates(struct reader *reader, struct list *keys, struct list *items)
{
    size_t kept = 0;
    if (mark_duplicates(reader, keys) == 0)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->items[i]->kind == SW_YAML_NONE)
            continue;
        keys->items[kept] = keys->items[i];
        items->items[kept++] = items->items[i];
    }
    keys->count = items->count = kept;
}

static struct sw_yaml *read_key(struct reader *reader)
{
    if (reader->event.type == YAML_ALIAS_EVENT)
        return read_node(reader);
    if (reader->event.type != YAML_SCALAR_EVENT) {
        refuse(reader, "a key must be a plain word");
        return NULL;
    }
    struct sw_yaml *key = read_scalar(reader);
    if (key != NULL && strcmp(key->text, "<<") == 0) {
        refuse(reader, "merge keys (<<) are not allowed; write the keys where they are needed");
        return NULL;
    }
    return key;
}

static struct sw_yaml *read_map(struct reader *reader)
{
    const yaml_event_t *event = &reader->event;
    check_properties(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    if (!enter(reader))
        return NULL;
    struct sw_yaml *node = new_node(reader, SW_YAML_MAP);
    struct list keys = {0}, items = {0};
    bool is_ok = node != NULL;
    while (is_ok && (is_ok = next(reader)) && reader->event.type != YAML_MAPPING_END_EVENT) {
        struct sw_yaml *key = read_key(reader);
        struct sw_yaml *item = key != NULL && next(reader) ? read_node(reader) : NULL;
        is_ok = item != NULL;
        if (is_ok) {
            list_add(&keys, key);
            list_add(&items, item);
        }
    }
    if (is_ok) {
        drop_duplicates(reader, &keys, &items);
        node->count = items.count;
        node->keys = list_move(reader, &keys);
        node->items = list_move(reader, &items);
    }
    free(keys.items);
    free(items.items);
    reader->depth--;
    return is_ok ? node : NULL;
}

/* Reads the node whose first event is the current one. Recursion is bounded by enter(). */
static struct sw_yaml *read_node(struct reader *reader)
{
    switch (reader->event.type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(reader);
    case YAML_MAPPING_START_EVENT:
        return read_map(reader);
    case YAML_ALIAS_EVENT:
        refuse(reader, "aliases (*name) are not allowed; write the value where it is needed");
        return NULL;
    default:
        refuse(reader, "a value is missing here");
        return NULL;
    }
}

static bool check_document_start(struct reader *reader)
{
    const yaml_event_t *event = &reader->event;
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        return refuse(reader, "directives (%YAML, %TAG) are not allowed");
    return true;
}

static const struct sw_yaml *read_stream(struct reader *reader)
{
    if (!next(reader) || !next(reader)) /* stream start, then what comes */
        return NULL;
    if (reader->event.type == YAML_STREAM_END_EVENT) {
        struct sw_yaml *empty = sw_arena_alloc(reader->arena, sizeof *empty);
        *empty = (struct sw_yaml){.kind = SW_YAML_MAP, .line = 1, .column = 1};
        return empty;
    }
    if (!check_document_start(reader) || !next(reader))
        return NULL;
    const struct sw_yaml *root = read_node(reader);
    if (root == NULL || !next(reader) || !next(reader)) /* document end, then what comes */
        return NULL;
    if (reader->event.type != YAML_STREAM_END_EVENT) {
        refuse(reader, "a second document (---) is not allowed in this file");
        return NULL;
    }
    return root;
}

const struct sw_yaml *sw_yaml_read(struct sw_arena *arena, const char *text, size_t len,
                                   const char *name, struct sw_problems *problems)
{
    struct reader reader = {.arena = arena, .name = name, .problems = problems};
    if (len > SW_YAML_BYTES_MAX) {
        sw_problems_add(problems, name, 0, 0, false, "this file is larger than 1 MiB");
        return NULL;
    }
    if (!check_bytes(&reader, text, len))
        return NULL;
    if (!yaml_parser_initialize(&reader.parser)) {
        sw_problems_add(problems, name, 0, 0, false, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
    const struct sw_yaml *root = read_stream(&reader);
    if (reader.has_event)
        yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return root;
}

const struct sw_yaml *sw_yaml_get(const struct sw_yaml *node, const char *key)
{
    if (node == NULL || node->kind != SW_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < node->count; i++)
        if (strcmp(node->keys[i]->text, key) == 0)
            return node->items[i];
    return NULL;
}
