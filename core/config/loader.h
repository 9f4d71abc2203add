/* loader.h: the passes that turn a read file into struct sw_config; private to core/config.
 *
 * Every pass adds problems and goes on, so that one run lists all of them; the
 * result is thrown away when there was an error. Passes run in the order of
 * the functions below: platforms need the accounts, gates need the platforms. */
#pragma once

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"

struct sw_loader {
    struct sw_check *check;
    struct sw_arena *arena; /* the document's: the configuration lives in it */
    const struct sw_node *root;
    const struct sw_kind_info *kinds;
    size_t kind_count;
    /* Built once for each kind and part, when first needed. */
    const struct sw_option *(*tables)[SW_SCHEMA_PART_COUNT];
    struct sw_config *config;
    bool *has_kind; /* for each source: false when its kind is unknown */
    bool *is_used;  /* for each source: a platform is bound to it */
};

const struct sw_option *sw_loader_table(struct sw_loader *loader, size_t kind,
                                        enum sw_schema_part part);
/* The value as one text, or NULL when it is absent or no text. */
const char *sw_loader_text(const struct sw_yaml *map, const char *key);
/* [a-z0-9][a-z0-9_-]{0,31}; else a problem. */
bool sw_loader_check_id(struct sw_loader *loader, const struct sw_yaml *at, const char *id,
                        const char *what);
/* Expands "~" into the arena; a problem and NULL when it cannot be. */
const char *sw_loader_path(struct sw_loader *loader, const struct sw_node *node, const char *key);
/* "a, b and c" of the kinds that satisfy `is_fit`. */
const char *sw_loader_kinds(const struct sw_loader *loader,
                            bool (*is_fit)(const struct sw_kind_info *kind, unsigned what),
                            unsigned what, char *buf, size_t size);

void sw_load_accounts(struct sw_loader *loader);
void sw_load_platforms(struct sw_loader *loader);
void sw_load_plan(struct sw_loader *loader, const struct sw_yaml *at,
                  struct sw_config_platform *platform, const struct sw_place *place);
void sw_load_gates(struct sw_loader *loader);
