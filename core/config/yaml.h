/* yaml.h: the strict subset of YAML this project reads, as a tree with positions.
 *
 * What YAML can do and a release must not depend on is refused: anchors,
 * aliases, merge keys, tags, directives, several documents, duplicate keys,
 * complex keys, control and invisible characters. Limits: 1 MiB, depth 16,
 * 100,000 nodes. */
#pragma once

#include "base/arena.h"
#include "config/problems.h"

enum { SW_YAML_BYTES_MAX = 1 << 20, SW_YAML_DEPTH_MAX = 16, SW_YAML_NODES_MAX = 100000 };

enum sw_yaml_kind { SW_YAML_NONE = 0, SW_YAML_SCALAR, SW_YAML_LIST, SW_YAML_MAP };

/* Lives in the arena it was read into, as do its strings. */
struct sw_yaml {
    enum sw_yaml_kind kind;
    int line, column;             /* 1-based; columns count characters */
    bool is_quoted;               /* SCALAR: not plain, so never a number, a bool or "nothing" */
    const char *text;             /* SCALAR: no NUL, no control characters */
    size_t count;                 /* LIST: items; MAP: pairs */
    const struct sw_yaml **keys;  /* MAP: scalars, all different */
    const struct sw_yaml **items; /* LIST, MAP */
};

/* Reads a whole text. NULL when it cannot be read to its end; there can be errors in problems
 * also when a tree comes back. An empty file is an empty mapping. name stands for the file in
 * problems. */
const struct sw_yaml *sw_yaml_read(struct sw_arena *arena, const char *text, size_t len,
                                   const char *name, struct sw_problems *problems);

/* The value of a key of a mapping, or NULL (also when node is no mapping). */
const struct sw_yaml *sw_yaml_get(const struct sw_yaml *node, const char *key);
