/*
 * cli_facts.h: a platform, and a source, as `key: value` lines.
 *
 * One fact a line, in words, in a fixed order, so that a screen reader reads it well, grep finds it
 * and `status --watch` can say which one changed. Facts that change with every poll (when it was
 * read) are marked and no change of their own.
 */
#pragma once

#include <slipway.h>
#include <stdio.h>

struct fact {
    char key[96];
    char *value;      /* owned, clean */
    bool is_fleeting; /* differs after every poll */
};

struct facts {
    struct fact *items;
    size_t count;
};

void facts_clear(struct facts *facts);
void facts_of_platform(struct facts *facts, const struct sw_snapshot *snapshot,
                       const struct sw_platform *platform);
void facts_of_source(struct facts *facts, const struct sw_source *source);
void facts_of_gates(struct facts *facts, const struct sw_snapshot *snapshot,
                    const struct sw_platform *platform);
/* The head of a picture: release, time, where it comes from. */
void facts_of_snapshot(struct facts *facts, const struct sw_snapshot *snapshot);

void facts_print(const struct facts *facts, FILE *to);
/* The value under a key; NULL: there is none. */
const char *facts_get(const struct facts *facts, const char *key);
/* Is anything that is not fleeting different? */
bool facts_differ(const struct facts *a, const struct facts *b);
