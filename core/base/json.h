/*
 * json.h: JSON from outside under limits, and typed access that cannot crash on a wrong type.
 *
 * Limits are checked before the parser runs, by counting brackets and commas outside strings:
 * 8 MiB of "{}," would take more than 600 MiB as a tree. Duplicate keys, invalid UTF-8, trailing
 * bytes, NUL and numbers out of range are refused. A tree lives inside the function that parses it.
 *
 * Paths: "a.b[0].c"; a key with dots is written a["x.y"]. Errors carry the whole path.
 * Absent and null: SW_REQUIRED makes SW_E_PARSE; SW_OPTIONAL returns SW_E_NOT_FOUND without
 * touching err or out. A wrong type is SW_E_PARSE in both cases. An empty string is a value.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct sw_json_limits {
    size_t max_bytes;
    size_t max_depth; /* nested arrays and objects */
    size_t max_nodes; /* values of any kind, counted from above */
};

/* 1 MiB, depth 64, 200,000 nodes. */
extern const struct sw_json_limits sw_json_limits_default;

enum sw_need { SW_REQUIRED, SW_OPTIONAL };

/* Parses an object or array. limits NULL = default. *out: release with json_decref (or SW_JSON).
 * SW_E_LIMIT, SW_E_PARSE. */
enum sw_code sw_json_parse(const char *bytes, size_t len, const struct sw_json_limits *limits,
                           json_t **out, struct sw_error *err);
/* The same, also accepting a bare string, number, true, false or null. */
enum sw_code sw_json_parse_any(const char *bytes, size_t len, const struct sw_json_limits *limits,
                               json_t **out, struct sw_error *err);

/* For: SW_JSON json_t *tree = NULL; */
void sw_json_release(json_t **tree);
#define SW_JSON SW_CLEANUP(sw_json_release)

/* All results are borrowed from the tree. */
enum sw_code sw_json_str(const json_t *tree, const char *path, enum sw_need need, const char **out,
                         struct sw_error *err);
/* The same, cleaned by sw_text_clean into out; untouched when absent. */
enum sw_code sw_json_text(const json_t *tree, const char *path, enum sw_need need, char *out,
                          size_t out_size, struct sw_error *err);
enum sw_code sw_json_bool(const json_t *tree, const char *path, enum sw_need need, bool *out,
                          struct sw_error *err);
/* A whole number: 3 and 3.0, not 3.5, not "3". */
enum sw_code sw_json_int(const json_t *tree, const char *path, enum sw_need need, int64_t *out,
                         struct sw_error *err);
enum sw_code sw_json_int_range(const json_t *tree, const char *path, enum sw_need need, int64_t min,
                               int64_t max, int64_t *out, struct sw_error *err);
/* Also a whole number in a string ("42"), as Google writes int64. */
enum sw_code sw_json_int_lenient(const json_t *tree, const char *path, enum sw_need need,
                                 int64_t *out, struct sw_error *err);
/* Integer or real, finite. */
enum sw_code sw_json_num(const json_t *tree, const char *path, enum sw_need need, double *out,
                         struct sw_error *err);
enum sw_code sw_json_num_range(const json_t *tree, const char *path, enum sw_need need, double min,
                               double max, double *out, struct sw_error *err);
/* Also a decimal number in a string ("0.998"). */
enum sw_code sw_json_num_lenient(const json_t *tree, const char *path, enum sw_need need,
                                 double *out, struct sw_error *err);
enum sw_code sw_json_obj(const json_t *tree, const char *path, enum sw_need need, json_t **out,
                         struct sw_error *err);
enum sw_code sw_json_arr(const json_t *tree, const char *path, enum sw_need need, json_t **out,
                         struct sw_error *err);
/* RFC 3339 text, or epoch seconds as a number (AWS JSON). */
enum sw_code sw_json_time(const json_t *tree, const char *path, enum sw_need need, int64_t *out_ms,
                          struct sw_error *err);

/* The value at path, or NULL when absent (null is returned as a value). Borrowed. */
json_t *sw_json_at(const json_t *tree, const char *path);

enum sw_json_style {
    SW_JSON_COMPACT = 0,
    SW_JSON_SORTED = 1, /* keys in byte order: for what is hashed or compared */
    SW_JSON_PRETTY = 2, /* two spaces, for people */
    SW_JSON_SHORT = 4,  /* reals with 15 digits: 0.2, where 17 would give 0.20000000000000001 */
};

/* Appends the text of tree. Sizes first and writes once: json_dumps can return success with a key
 * missing when memory runs out (jansson 2.14, measured). style is a sum of enum sw_json_style.
 * SW_E_LIMIT when it does not fit buf, SW_E_INTERNAL when the two sizes differ. */
enum sw_code sw_json_write(const json_t *tree, struct sw_buf *buf, unsigned style,
                           struct sw_error *err);
