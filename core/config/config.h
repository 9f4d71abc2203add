/* config.h: the configuration as the engine uses it.
 *
 * Read once, checked whole (every problem listed with line and column), then
 * immutable. Strings are borrowed from the document it keeps. The tables of
 * source kinds come from the caller, so this layer knows no source. */
#pragma once

#include "base/time.h"
#include "model/gate.h"
#include "model/plan.h"
#include "slipway.h"

/* What the configuration must know of a source kind (filled from the registry
 * by the engine). Same order as the registry. */
struct sw_kind_info {
    const char *name, *title, *summary;
    unsigned can; /* enum sw_source_can bits */
    unsigned metrics;
    const char *base_url; /* default; "{region}" in it: the entry's own `region` */
    bool has_credential;  /* and so a base_url and network */
    int interval_s, stale_after_s;
    const char *slowest_key; /* NULL: all is read at each interval; see source.h */
    const struct sw_option *account_options, *rollout_options, *health_options, *alarm_options;
    /* NULL: none. Rules between the keys of a health entry; see source.h. */
    bool (*check_health)(const struct sw_node *entry, enum sw_metric metric, char *why, size_t size);
    /* NULL: any window. */
    bool (*check_window)(const struct sw_node *entry, enum sw_metric metric, int window_s,
                         char *why, size_t size);
};

struct sw_config_source {
    const char *id;
    size_t kind;          /* index into the kind infos */
    const char *base_url; /* checked: https, or http to loopback; no trailing slash */
    const char *ca_file;  /* expanded, NULL: system's */
    int interval_s, stale_after_s;
    const struct sw_node *options; /* the whole entry */
};

struct sw_config_binding {
    size_t source; /* index into sources */
    const struct sw_node *options;
    enum sw_metric metric; /* health only */
};

enum sw_stop { SW_STOP_HALT = 0, SW_STOP_ROLLBACK, SW_STOP_SKIP };

struct sw_config_platform {
    const char *id, *title, *tags;
    enum sw_kind kind;
    size_t includes_count;
    const char *const *includes;
    bool has_rollout;
    struct sw_config_binding rollout;
    enum sw_stop stop;
    struct sw_plan plan;
    size_t health_count;
    struct sw_config_binding *health;
    bool has_alarms;
    struct sw_config_binding alarms;
    size_t gate_count; /* presets of the kind, where their metric is read, with the
                          configured ones on top */
    struct sw_gate_rule *gates;
};

struct sw_config {
    const char *path;                         /* absolute */
    char hash[17];                            /* of the absolute path: names the cache folder */
    const char *captain_name, *captain_email; /* NULL: git's user.name, user.email */
    const char *release_name;                 /* NULL: auto */
    const char *release_tags, *zone;
    const char *repository; /* expanded; NULL: none */
    const char *checklist_file, *checklist_ref;
    const char *theme;
    const struct sw_node *ui; /* NULL: none */
    bool is_simulation;
    struct sw_clock clock; /* identity unless simulation */
    size_t source_count;
    struct sw_config_source *sources;
    size_t platform_count;
    struct sw_config_platform *platforms;
    struct sw_document *document; /* owns everything here, this struct included */
};

/* path NULL: the XDG place. Refuses a file another user owns or may write.
 * All problems (at most 20) sorted by position; SW_E_CONFIG then, *out NULL.
 * Warnings may be in problems on SW_OK. */
enum sw_code sw_config_load(const char *path, const struct sw_kind_info *kinds, size_t kind_count,
                            struct sw_config **out, struct sw_problems *problems,
                            struct sw_error *err);
/* The same from memory, whatever its owner; path is what sw_config_load would have found. */
enum sw_code sw_config_parse(const char *text, size_t len, const char *path,
                             const struct sw_kind_info *kinds, size_t kind_count,
                             struct sw_config **out, struct sw_problems *problems,
                             struct sw_error *err);
void sw_config_free(struct sw_config *config);
char *sw_config_explain_text(const struct sw_config *config, const struct sw_kind_info *kinds);
char *sw_config_example_text(const struct sw_kind_info *kinds, size_t kind_count);
char *sw_config_reference_text(const struct sw_kind_info *kinds, size_t kind_count);
