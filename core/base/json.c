/*
 * json.c: see json.h.
 */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "base/time.h"

#define KEY_TEXT 256

const struct sw_json_limits sw_json_limits_default = {
    .max_bytes = (size_t)1 << 20,
    .max_depth = 64,
    .max_nodes = 200000,
};

/* ------------------------------------------------------------------ reading */

/* What a text can cost at most, without understanding it: every value but the first follows a
 * bracket or a comma. */
struct cost {
    size_t depth;
    size_t nodes;
};

static struct cost measure(const char *bytes, size_t len)
{
    struct cost cost = {.nodes = 1};
    size_t depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (is_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                is_string = false;
        } else if (c == '"') {
            is_string = true;
        } else if (c == '[' || c == '{') {
            cost.nodes++;
            depth++;
            if (depth > cost.depth)
                cost.depth = depth;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0 ? 1 : 0;
        } else if (c == ',') {
            cost.nodes++;
        }
    }
    return cost;
}

static enum sw_code check_limits(const char *bytes, size_t len, const struct sw_json_limits *limits,
                                 struct sw_error *err)
{
    if (len > limits->max_bytes)
        return sw_fail(err, SW_E_LIMIT, "JSON of %zu bytes is over the limit of %zu", len,
                       limits->max_bytes);
    struct cost cost = measure(bytes, len);
    if (cost.depth > limits->max_depth)
        return sw_fail(err, SW_E_LIMIT, "JSON nested %zu deep is over the limit of %zu", cost.depth,
                       limits->max_depth);
    if (cost.nodes > limits->max_nodes)
        return sw_fail(err, SW_E_LIMIT, "JSON of about %zu values is over the limit of %zu",
                       cost.nodes, limits->max_nodes);
    return SW_OK;
}

static enum sw_code parse(const char *bytes, size_t len, const struct sw_json_limits *limits,
                          size_t flags, json_t **out, struct sw_error *err)
{
    *out = NULL;
    enum sw_code code =
        check_limits(bytes, len, limits != NULL ? limits : &sw_json_limits_default, err);
    if (code != SW_OK)
        return code;
    if (len == 0)
        return sw_fail(err, SW_E_PARSE, "JSON expected, nothing came");
    json_error_t problem;
    *out = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | flags, &problem);
    if (*out == NULL)
        return sw_fail(err, SW_E_PARSE, "not JSON (line %d, column %d): %s", problem.line,
                       problem.column, problem.text);
    return SW_OK;
}

enum sw_code sw_json_parse(const char *bytes, size_t len, const struct sw_json_limits *limits,
                           json_t **out, struct sw_error *err)
{
    return parse(bytes, len, limits, 0, out, err);
}

enum sw_code sw_json_parse_any(const char *bytes, size_t len, const struct sw_json_limits *limits,
                               json_t **out, struct sw_error *err)
{
    return parse(bytes, len, limits, JSON_DECODE_ANY, out, err);
}

void sw_json_release(json_t **tree)
{
    json_decref(*tree);
    *tree = NULL;
}

/* -------------------------------------------------------------------- paths */

/* Copies the key that starts at *path and steps over it; false when it is malformed. */
static bool take_key(const char **path, char key[KEY_TEXT])
{
    size_t len = strcspn(*path, ".[");
    if (len == 0 || len >= KEY_TEXT)
        return false;
    memcpy(key, *path, len);
    key[len] = '\0';
    *path += len;
    return true;
}

/* ["a.b"] */
static bool take_quoted_key(const char **path, char key[KEY_TEXT])
{
    const char *start = *path + 2;
    const char *end = strstr(start, "\"]");
    if (end == NULL || (size_t)(end - start) >= KEY_TEXT)
        return false;
    memcpy(key, start, (size_t)(end - start));
    key[end - start] = '\0';
    *path = end + 2;
    return true;
}

/* [12] */
static bool take_index(const char **path, size_t *index)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(*path + 1, &end, 10);
    if (errno != 0 || end == *path + 1 || *end != ']')
        return false;
    *index = value;
    *path = end + 1;
    return true;
}

/* A malformed path is a defect of ours. */
json_t *sw_json_at(const json_t *tree, const char *path)
{
    const json_t *at = tree;
    bool is_good = true;
    for (const char *rest = path; *rest != '\0' && at != NULL && is_good;) {
        char key[KEY_TEXT];
        size_t index = 0;
        if (*rest == '.')
            rest++;
        if (rest[0] == '[' && rest[1] == '"') {
            is_good = take_quoted_key(&rest, key);
            at = is_good ? json_object_get(at, key) : NULL;
        } else if (*rest == '[') {
            is_good = take_index(&rest, &index);
            at = is_good ? json_array_get(at, index) : NULL;
        } else {
            is_good = take_key(&rest, key);
            at = is_good ? json_object_get(at, key) : NULL;
        }
    }
    sw_assert(is_good);
    /* As jansson's own getters do: the tree is not const, only this look at it. */
    return (json_t *)(uintptr_t)at;
}

/* ------------------------------------------------------------------ getters */

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something unknown";
}

/* The value, or NULL with *code set: absent or null. */
static json_t *find(const json_t *tree, const char *path, enum sw_need need, enum sw_code *code,
                    struct sw_error *err)
{
    json_t *value = sw_json_at(tree, path);
    if (value != NULL && !json_is_null(value))
        return value;
    *code = SW_E_NOT_FOUND;
    if (need == SW_REQUIRED)
        *code = sw_fail(err, SW_E_PARSE, "%s is %s", path, value == NULL ? "missing" : "null");
    return NULL;
}

static enum sw_code wrong_type(const json_t *value, const char *path, const char *wanted,
                               struct sw_error *err)
{
    return sw_fail(err, SW_E_PARSE, "%s is %s, %s expected", path, type_name(value), wanted);
}

enum sw_code sw_json_str(const json_t *tree, const char *path, enum sw_need need, const char **out,
                         struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_string(value))
        return wrong_type(value, path, "a string", err);
    *out = json_string_value(value);
    return SW_OK;
}

enum sw_code sw_json_text(const json_t *tree, const char *path, enum sw_need need, char *out,
                          size_t out_size, struct sw_error *err)
{
    const char *raw = NULL;
    enum sw_code code = sw_json_str(tree, path, need, &raw, err);
    if (code == SW_OK)
        sw_text_clean_copy(out, out_size, raw);
    return code;
}

enum sw_code sw_json_bool(const json_t *tree, const char *path, enum sw_need need, bool *out,
                          struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_boolean(value))
        return wrong_type(value, path, "true or false", err);
    *out = json_is_true(value);
    return SW_OK;
}

/* A real that is a whole number within 2^53 is exact. */
static bool whole_number(const json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || !isfinite(real) || fabs(real) > 0x1p53 || trunc(real) != real)
        return false;
    *out = (int64_t)real;
    return true;
}

enum sw_code sw_json_int(const json_t *tree, const char *path, enum sw_need need, int64_t *out,
                         struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_number(value))
        return wrong_type(value, path, "a whole number", err);
    if (!whole_number(value, out))
        return sw_fail(err, SW_E_PARSE, "%s is %g, a whole number expected", path,
                       json_number_value(value));
    return SW_OK;
}

enum sw_code sw_json_int_range(const json_t *tree, const char *path, enum sw_need need, int64_t min,
                               int64_t max, int64_t *out, struct sw_error *err)
{
    int64_t value = 0;
    enum sw_code code = sw_json_int(tree, path, need, &value, err);
    if (code != SW_OK)
        return code;
    if (value < min || value > max)
        return sw_fail(err, SW_E_PARSE, "%s is %lld, expected %lld to %lld", path, (long long)value,
                       (long long)min, (long long)max);
    *out = value;
    return SW_OK;
}

enum sw_code sw_json_int_lenient(const json_t *tree, const char *path, enum sw_need need,
                                 int64_t *out, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_string(value))
        return sw_json_int(tree, path, need, out, err);
    const char *text = json_string_value(value);
    const char *number = text[0] == '-' ? text + 1 : text;
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (*number < '0' || *number > '9' || *end != '\0' || errno != 0)
        return sw_fail(err, SW_E_PARSE, "%s is \"%.40s\", a whole number expected", path, text);
    *out = parsed;
    return SW_OK;
}

enum sw_code sw_json_num(const json_t *tree, const char *path, enum sw_need need, double *out,
                         struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_number(value))
        return wrong_type(value, path, "a number", err);
    double number = json_number_value(value);
    if (!isfinite(number))
        return sw_fail(err, SW_E_PARSE, "%s is not a finite number", path);
    *out = number;
    return SW_OK;
}

enum sw_code sw_json_num_range(const json_t *tree, const char *path, enum sw_need need, double min,
                               double max, double *out, struct sw_error *err)
{
    double value = 0;
    enum sw_code code = sw_json_num(tree, path, need, &value, err);
    if (code != SW_OK)
        return code;
    if (value < min || value > max)
        return sw_fail(err, SW_E_PARSE, "%s is %g, expected %g to %g", path, value, min, max);
    *out = value;
    return SW_OK;
}

/* Digits, sign, point and exponent only: strtod alone would take "nan", "inf" and "0x10". */
static bool decimal_number(const char *text, double *out)
{
    const char *number = text[0] == '-' ? text + 1 : text;
    if (*number < '0' || *number > '9' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    char *end = NULL;
    double value = strtod(text, &end);
    if (*end != '\0' || !isfinite(value))
        return false;
    *out = value;
    return true;
}

enum sw_code sw_json_num_lenient(const json_t *tree, const char *path, enum sw_need need,
                                 double *out, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_string(value))
        return sw_json_num(tree, path, need, out, err);
    if (!decimal_number(json_string_value(value), out))
        return sw_fail(err, SW_E_PARSE, "%s is \"%.40s\", a number expected", path,
                       json_string_value(value));
    return SW_OK;
}

enum sw_code sw_json_obj(const json_t *tree, const char *path, enum sw_need need, json_t **out,
                         struct sw_error *err)
{
    enum sw_code code = SW_OK;
    json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_object(value))
        return wrong_type(value, path, "an object", err);
    *out = value;
    return SW_OK;
}

enum sw_code sw_json_arr(const json_t *tree, const char *path, enum sw_need need, json_t **out,
                         struct sw_error *err)
{
    enum sw_code code = SW_OK;
    json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (!json_is_array(value))
        return wrong_type(value, path, "a list", err);
    *out = value;
    return SW_OK;
}

enum sw_code sw_json_time(const json_t *tree, const char *path, enum sw_need need, int64_t *out_ms,
                          struct sw_error *err)
{
    enum sw_code code = SW_OK;
    const json_t *value = find(tree, path, need, &code, err);
    if (value == NULL)
        return code;
    if (json_is_string(value)) {
        code = sw_time_parse(json_string_value(value), out_ms, err);
        return code == SW_OK ? code : sw_error_prefix(err, "%s", path);
    }
    if (!json_is_number(value))
        return wrong_type(value, path, "a time", err);
    double seconds = json_number_value(value);
    const double year_10000 = 253402300800.0; /* seconds since 1970 */
    if (!(seconds >= 0 && seconds < year_10000))
        return sw_fail(err, SW_E_PARSE, "%s is %g, seconds since 1970 expected", path, seconds);
    *out_ms = llround(seconds * 1000.0);
    return SW_OK;
}

/* ------------------------------------------------------------------ writing */

enum sw_code sw_json_write(const json_t *tree, struct sw_buf *buf, unsigned style,
                           struct sw_error *err)
{
    size_t flags = JSON_ENCODE_ANY;
    flags |= (style & SW_JSON_SORTED) != 0 ? JSON_SORT_KEYS : 0;
    flags |= (style & SW_JSON_PRETTY) != 0 ? JSON_INDENT(2) : JSON_COMPACT;
    flags |= (style & SW_JSON_SHORT) != 0 ? JSON_REAL_PRECISION(15) : 0;
    size_t size = json_dumpb(tree, NULL, 0, flags);
    if (size == 0)
        return sw_fail(err, SW_E_INTERNAL, "JSON could not be written");
    char *room = sw_buf_reserve(buf, size);
    if (room == NULL)
        return sw_fail(err, SW_E_LIMIT, "JSON of %zu bytes does not fit %zu", size, buf->max);
    if (json_dumpb(tree, room, size, flags) != size) {
        buf->is_failed = true;
        return sw_fail(err, SW_E_INTERNAL, "JSON came out with another length than announced");
    }
    return SW_OK;
}
