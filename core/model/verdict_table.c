/*
 * verdict_table.c: JSON lines to a table of buckets (slipway.h).
 *
 * Strict, because a verdict on half a table would look like one on all of it: the first line that
 * is not {"x","n","y","N"} ends the reading, and nothing is returned.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "slipway.h"

static const struct sw_json_limits line_limits = {
    .max_bytes = SW_VERDICT_LINE_MAX, .max_depth = 4, .max_nodes = 32};

static enum sw_code check_keys(json_t *line, struct sw_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(line, key, value)
    {
        if (strlen(key) != 1 || strchr("xnyN", key[0]) == NULL)
            return sw_fail(err, SW_E_PARSE, "unknown key \"%.40s\"; a bucket has x, n, y and N",
                           key);
    }
    return SW_OK;
}

static enum sw_code read_count(const json_t *line, const char *key, double *out,
                               struct sw_error *err)
{
    int64_t number = 0;
    enum sw_code code =
        sw_json_int_range(line, key, SW_REQUIRED, 0, (int64_t)SW_VERDICT_COUNT_MAX, &number, err);
    *out = (double)number;
    return code;
}

static enum sw_code read_side(const json_t *line, const char *bad_key, const char *n_key,
                              double *bad, double *n, struct sw_error *err)
{
    enum sw_code code = read_count(line, bad_key, bad, err);
    if (code == SW_OK)
        code = read_count(line, n_key, n, err);
    if (code == SW_OK && *bad > *n)
        return sw_fail(err, SW_E_PARSE, "%s is %.0f, more than %s, which is %.0f", bad_key, *bad,
                       n_key, *n);
    return code;
}

static enum sw_code read_line(const char *text, size_t len, struct sw_verdict_bucket *bucket,
                              struct sw_error *err)
{
    SW_JSON json_t *line = NULL;
    if (len > SW_VERDICT_LINE_MAX)
        return sw_fail(err, SW_E_PARSE, "longer than %d bytes", SW_VERDICT_LINE_MAX);
    enum sw_code code = sw_json_parse(text, len, &line_limits, &line, err);
    if (code == SW_OK && !json_is_object(line))
        return sw_fail(err, SW_E_PARSE,
                       "not an object; a bucket is {\"x\":…,\"n\":…,\"y\":…,\"N\":…}");
    if (code == SW_OK)
        code = check_keys(line, err);
    if (code == SW_OK)
        code = read_side(line, "x", "n", &bucket->bad_new, &bucket->n_new, err);
    if (code == SW_OK)
        code = read_side(line, "y", "N", &bucket->bad_old, &bucket->n_old, err);
    return code;
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return false;
    }
    return true;
}

struct table {
    size_t count, room;
    struct sw_verdict_bucket *buckets;
};

static struct sw_verdict_bucket *next_bucket(struct table *table)
{
    if (table->count == table->room) {
        table->room = table->room * 2 + 64;
        table->buckets = sw_xrealloc_array(table->buckets, table->room, sizeof *table->buckets);
    }
    return &table->buckets[table->count++];
}

static enum sw_code read_lines(const char *text, size_t len, struct table *table,
                               struct sw_error *err)
{
    const char *end = text + len;
    for (size_t number = 1; text < end; number++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line_len = (size_t)((stop != NULL ? stop : end) - text);
        if (number > SW_VERDICT_LINES_MAX)
            return sw_fail(err, SW_E_PARSE, "line %zu: a table has at most %d lines", number,
                           SW_VERDICT_LINES_MAX);
        if (!is_blank(text, line_len) &&
            read_line(text, line_len, next_bucket(table), err) != SW_OK) {
            sw_error_prefix(err, "line %zu", number);
            return SW_E_PARSE;
        }
        text += line_len + (stop != NULL ? 1 : 0);
    }
    return SW_OK;
}

enum sw_code sw_verdict_parse(const char *text, size_t len, struct sw_verdict_bucket **buckets,
                              size_t *count, struct sw_error *err)
{
    struct table table = {0};
    struct sw_error first = {0};
    enum sw_code code = len > 0 ? read_lines(text, len, &table, &first) : SW_OK;
    if (code != SW_OK) {
        free(table.buckets);
        if (err != NULL) {
            *err = first;
            err->code = code; /* too deep or too many values is a wrong line too */
        }
        return code;
    }
    *buckets = table.buckets;
    *count = table.count;
    return SW_OK;
}
