/*
 * verdict_json.c: the rows of a table as the documented JSON (docs/verdict.schema.json).
 *
 * What is not known is null, never 0; numbers are not rounded.
 */
#include <jansson.h>
#include <math.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "slipway.h"

/* A row takes up to 500 bytes, and a table has up to 100,000. */
enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *number_or_null(struct sw_value value)
{
    return value.is_known ? number(value.value) : json_null();
}

static json_t *whole(double value)
{
    return json_integer((json_int_t)llround(value));
}

/* What a bucket's row and the verdict over all say alike. */
static void put_state(json_t *object, const struct sw_verdict_row *row)
{
    bool is_known = row->state != SW_VERDICT_UNKNOWN;
    put(object, "log_e", is_known ? number(row->log_e) : json_null());
    put(object, "e", is_known ? number(sw_verdict_e(row->log_e)) : json_null());
    put(object, "p", is_known ? number(row->p) : json_null());
    put(object, "state", json_string(sw_verdict_name(row->state)));
    put(object, "halt_advised", json_boolean(row->is_halt_advised));
    put(object, "since", is_known ? json_integer((json_int_t)row->since) : json_null());
    put(object, "ratio", number_or_null(row->ratio));
    put(object, "ratio_low", number_or_null(row->ratio_low));
    put(object, "ratio_high", number_or_null(row->ratio_high));
}

static json_t *row_json(const struct sw_verdict_row *row)
{
    json_t *object = json_object();
    put(object, "bucket", json_integer((json_int_t)row->number));
    put(object, "entry", json_integer((json_int_t)row->index + 1));
    put(object, "log_e_cum", number(row->log_e_cum));
    put(object, "log_e_onset", number(row->log_e_onset));
    put_state(object, row);
    return object;
}

static json_t *verdict_json(const struct sw_verdict_row *last, struct sw_value sees)
{
    bool is_known = last->state != SW_VERDICT_UNKNOWN;
    json_t *object = json_object();
    put_state(object, last);
    put(object, "log_e_max", is_known ? number(last->log_e_max) : json_null());
    put(object, "crashes_new", is_known ? whole(last->bad_new) : json_null());
    put(object, "n_new", is_known ? whole(last->n_new) : json_null());
    put(object, "crashes_old", is_known ? whole(last->bad_old) : json_null());
    put(object, "n_old", is_known ? whole(last->n_old) : json_null());
    put(object, "sees", number_or_null(sees));
    return object;
}

enum sw_code sw_verdict_json(const struct sw_verdict_options *options,
                             const struct sw_verdict_row *rows, size_t count, struct sw_value sees,
                             char **out, struct sw_error *err)
{
    static const struct sw_verdict_row nothing = {.state = SW_VERDICT_UNKNOWN};
    struct sw_buf buf;
    SW_JSON json_t *tree = json_object();
    json_t *list = json_array();
    put(tree, "schema", json_integer(1));
    put(tree, "r0", json_real(options->r0));
    put(tree, "starts", json_integer((json_int_t)options->starts));
    put(tree, "soak", json_integer((json_int_t)options->soak));
    put(tree, "margin", json_real(options->margin));
    put(tree, "buckets", list);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, row_json(&rows[i]));
    put(tree, "verdict", verdict_json(count > 0 ? &rows[count - 1] : &nothing, sees));
    sw_buf_init(&buf, JSON_MAX_BYTES);
    enum sw_code code = sw_json_write(tree, &buf, SW_JSON_COMPACT, err);
    if (code == SW_OK)
        *out = sw_buf_take(&buf);
    sw_buf_clear(&buf);
    return code;
}
