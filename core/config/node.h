/* node.h: how a checked mapping is kept; shared by document.c and value.c, which fill it, and
 * node.c, which reads it. */
#pragma once

#include "config/document.h"

/* One checked value; which member is set follows from the option's type. */
struct sw_node_value {
    const struct sw_yaml *at;     /* NULL: absent, or it had a problem */
    const char *text;             /* STRING, CHOICE */
    int64_t whole;                /* BOOL, INT, DURATION (s), TIMESTAMP (ms) */
    double number;                /* NUMBER, PERCENT */
    const struct sw_node *map;    /* MAP */
    size_t count;                 /* STRINGS, PAIRS, LIST */
    const struct sw_node **nodes; /* LIST */
};

struct sw_node {
    const struct sw_option *table;
    const struct sw_yaml *at;
    struct sw_node_value *values; /* one for each entry of the table */
};

/* Checks one scalar of a simple type (STRING to CHOICE) and fills value. On a problem returns
 * false with what is wrong in why: ` "99,5" is not a number (use 99.5)`, without the key. */
bool sw_value_read(const struct sw_option *option, const char *text, bool is_quoted,
                   struct sw_node_value *value, char *why, size_t why_size);
