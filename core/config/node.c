/* node.c: reading a checked mapping.
 *
 * Asking for a key that the table does not have, or with another type than the
 * table gives it, is a defect of the caller and asserts: tables and callers are
 * both ours. What the file holds has been checked before and cannot fail here. */
#include "config/node.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

static const struct sw_option *find(const struct sw_node *node, const char *key, size_t *index)
{
    for (size_t i = 0; node->table[i].type != SW_OPTION_END; i++) {
        if (strcmp(node->table[i].key, key) == 0) {
            *index = i;
            return &node->table[i];
        }
    }
    return NULL;
}

static const struct sw_node_value *value_of(const struct sw_node *node, const char *key,
                                            const struct sw_option **option)
{
    size_t index = 0;
    sw_assert(node != NULL);
    *option = find(node, key, &index);
    sw_assert(*option != NULL);
    return &node->values[index];
}

/* The value as written, else the table's preset, else zero. */
static struct sw_node_value simple(const struct sw_node *node, const char *key, unsigned types)
{
    const struct sw_option *option;
    struct sw_node_value value = *value_of(node, key, &option);
    sw_assert((types & (1u << option->type)) != 0);
    if (value.at == NULL && option->preset != NULL) {
        char why[160];
        bool is_ok = sw_value_read(option, option->preset, false, &value, why, sizeof why);
        sw_assert(is_ok);
    }
    return value;
}

bool sw_node_has(const struct sw_node *node, const char *key)
{
    const struct sw_option *option;
    return value_of(node, key, &option)->at != NULL;
}

const char *sw_node_str(const struct sw_node *node, const char *key)
{
    return simple(node, key, 1u << SW_OPTION_STRING | 1u << SW_OPTION_CHOICE).text;
}

bool sw_node_bool(const struct sw_node *node, const char *key)
{
    return simple(node, key, 1u << SW_OPTION_BOOL).whole != 0;
}

int64_t sw_node_int(const struct sw_node *node, const char *key)
{
    return simple(node, key,
                  1u << SW_OPTION_INT | 1u << SW_OPTION_DURATION | 1u << SW_OPTION_TIMESTAMP)
        .whole;
}

double sw_node_num(const struct sw_node *node, const char *key)
{
    return simple(node, key, 1u << SW_OPTION_NUMBER | 1u << SW_OPTION_PERCENT).number;
}

size_t sw_node_count(const struct sw_node *node, const char *key)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_STRINGS || option->type == SW_OPTION_LIST ||
              option->type == SW_OPTION_PAIRS);
    return value->count;
}

const char *sw_node_str_at(const struct sw_node *node, const char *key, size_t index)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_STRINGS && index < value->count);
    return value->at->items[index]->text;
}

const struct sw_node *sw_node_map(const struct sw_node *node, const char *key)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_MAP);
    return value->map;
}

const struct sw_node *sw_node_item(const struct sw_node *node, const char *key, size_t index)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_LIST && index < value->count);
    return value->nodes[index];
}

const char *sw_node_pair(const struct sw_node *node, const char *key, size_t index,
                         const char **out)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_PAIRS && index < value->count);
    *out = value->at->items[index]->text;
    return value->at->keys[index]->text;
}

void sw_node_position(const struct sw_node *node, const char *key, int *line, int *column)
{
    const struct sw_yaml *at = sw_node_at(node, key);
    *line = at->line;
    *column = at->column;
}

const struct sw_yaml *sw_node_any(const struct sw_node *node, const char *key)
{
    const struct sw_option *option;
    const struct sw_node_value *value = value_of(node, key, &option);
    sw_assert(option->type == SW_OPTION_ANY);
    return value->at;
}

const struct sw_yaml *sw_node_at(const struct sw_node *node, const char *key)
{
    const struct sw_yaml *value = key != NULL ? sw_yaml_get(node->at, key) : NULL;
    return value != NULL ? value : node->at;
}

bool sw_node_knows(const struct sw_node *node, const char *key)
{
    size_t index;
    return find(node, key, &index) != NULL;
}

const struct sw_option *sw_node_table(const struct sw_node *node)
{
    return node->table;
}
