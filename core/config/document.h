/* document.h: a text checked against a table of keys; what config.c needs of it
 * beyond slipway.h.
 *
 * Tables decide types, ranges and names. Where the table to use depends on the
 * content (a source's kind), the outer table says SW_OPTION_ANY and the caller
 * picks the next one itself: sw_node_any, sw_check_map. */
#pragma once

#include "config/yaml.h"

/* Where in the document something stands, for messages: "platforms[ios].health[0]". A chain on
 * the stack; NULL is the top level. */
struct sw_place {
    const struct sw_place *up;
    const char *key; /* of a mapping, or NULL for an item of a list */
    const char *id;  /* of an item: its own id, NULL: use index */
    size_t index;
};
enum { SW_PLACE_TEXT = 160 };
/* "at the top level" or "in platforms[ios]". Returns buf. */
const char *sw_place_in_text(const struct sw_place *place, char *buf, size_t size);
/* "platforms[ios].title". Returns buf. */
const char *sw_place_key_text(const struct sw_place *place, const char *key, char *buf,
                              size_t size);

struct sw_check;

/* Reads text; the checks come from the caller. NULL when it is no readable mapping (then there
 * is an error in problems). */
struct sw_check *sw_check_open(const char *text, size_t len, const char *name,
                               struct sw_problems *problems);
/* Hands the document over (free with sw_document_free) and ends the check; NULL, and nothing
 * left, when there were errors. root becomes sw_document_root. */
struct sw_document *sw_check_take(struct sw_check *check, const struct sw_node *root,
                                  struct sw_problems *problems);
const struct sw_yaml *sw_check_tree(const struct sw_check *check);
struct sw_arena *sw_check_arena(const struct sw_check *check);

/* Adds an error at a node's position. */
void sw_check_error(struct sw_check *check, const struct sw_yaml *at, const char *fmt, ...)
    SW_PRINTF(3, 4);
void sw_check_warning(struct sw_check *check, const struct sw_yaml *at, const char *fmt, ...)
    SW_PRINTF(3, 4);

/* Checks a mapping against a table, which must live as long as the document. NULL when it is no
 * mapping. Values with a problem count as absent. */
const struct sw_node *sw_check_map(struct sw_check *check, const struct sw_yaml *map,
                                   const struct sw_option *table, const struct sw_place *place);
/* The raw value of an ANY key, or NULL when absent. */
const struct sw_yaml *sw_node_any(const struct sw_node *node, const char *key);
/* The raw value of any key of the mapping, and the mapping itself; for positions. */
const struct sw_yaml *sw_node_at(const struct sw_node *node, const char *key);
/* Does the node's table have this key? */
bool sw_node_knows(const struct sw_node *node, const char *key);
const struct sw_option *sw_node_table(const struct sw_node *node);
