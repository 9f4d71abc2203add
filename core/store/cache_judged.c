/* cache_judged.c: what was judged of a platform, to and from the cache's JSON; see cache.h.
 *
 * The table itself is kept elsewhere (buckets_file.h) and read later than the first paint: until it
 * is judged anew, a known WORSE stands, marked as an earlier run's. */
#include <string.h>

#include "base/json.h"
#include "store/cache_format.h"

/* Numbers that may be unknown, by name. */
static const struct field {
    const char *key;
    size_t at;
} fields[] = {
    {"ratio", offsetof(struct sw_judged, ratio)},
    {"ratio_low", offsetof(struct sw_judged, ratio_low)},
    {"ratio_high", offsetof(struct sw_judged, ratio_high)},
    {"log_e", offsetof(struct sw_judged, log_e)},
    {"log_e_max", offsetof(struct sw_judged, grounds.log_e_max)},
    {"sees", offsetof(struct sw_judged, grounds.sees)},
    {"n_new", offsetof(struct sw_judged, n_new)},
    {"n_old", offsetof(struct sw_judged, n_old)},
    {"bad_new", offsetof(struct sw_judged, grounds.bad_new)},
    {"bad_old", offsetof(struct sw_judged, grounds.bad_old)},
    {"before_ratio", offsetof(struct sw_judged, grounds.before_ratio)},
    {"before_log_e_max", offsetof(struct sw_judged, grounds.before_log_e_max)},
};

/* Those that are whole, and the least they may be is 0. */
static const struct field times[] = {
    {"since", offsetof(struct sw_judged, since_ms)},
    {"observed_at", offsetof(struct sw_judged, observed_at_ms)},
    {"true_for", offsetof(struct sw_judged, grounds.true_for_ms)},
    {"event_at", offsetof(struct sw_judged, grounds.event_ms)},
};

static const struct field flags[] = {
    {"is_halt_advised", offsetof(struct sw_judged, grounds.is_halt_advised)},
    {"is_old_rate_known", offsetof(struct sw_judged, grounds.is_old_rate_known)},
    {"can_decide", offsetof(struct sw_judged, grounds.can_decide)},
    {"has_new", offsetof(struct sw_judged, has_new)},
    {"has_old", offsetof(struct sw_judged, has_old)},
};

json_t *sw_cache_judged_json(const struct sw_judged *judged)
{
    const char *from = (const char *)judged;
    if (judged->observed_at_ms == 0)
        return NULL;
    json_t *to = json_object();
    json_object_set_new(to, "state", json_string(sw_verdict_name(judged->state)));
    for (size_t i = 0; i < SW_ARRAY_LEN(fields); i++) {
        struct sw_value value;
        memcpy(&value, from + fields[i].at, sizeof value);
        if (value.is_known)
            json_object_set_new(to, fields[i].key, json_real(value.value));
    }
    for (size_t i = 0; i < SW_ARRAY_LEN(times); i++) {
        int64_t ms;
        memcpy(&ms, from + times[i].at, sizeof ms);
        json_object_set_new(to, times[i].key, json_integer(ms));
    }
    for (size_t i = 0; i < SW_ARRAY_LEN(flags); i++)
        json_object_set_new(to, flags[i].key,
                            json_boolean(*(const bool *)(from + flags[i].at)));
    json_object_set_new(to, "before", json_string(sw_verdict_name(judged->grounds.before)));
    json_object_set_new(to, "e_warn", json_real(judged->grounds.e_warn));
    json_object_set_new(to, "e_halt", json_real(judged->grounds.e_halt));
    json_object_set_new(to, "bucket", json_integer(judged->grounds.bucket_s));
    json_object_set_new(to, "count", json_integer((json_int_t)judged->grounds.bucket_count));
    json_object_set_new(to, "starts", json_integer((json_int_t)judged->grounds.starts));
    json_object_set_new(to, "soak", json_integer((json_int_t)judged->grounds.soak));
    json_object_set_new(to, "event", json_integer(judged->grounds.event));
    return to;
}

/* ----------------------------------------------------------------------- reading */

static enum sw_verdict verdict_of(const json_t *tree, const char *key)
{
    const char *word = "";
    sw_ignore(sw_json_str(tree, key, SW_OPTIONAL, &word, NULL));
    for (int i = SW_VERDICT_UNKNOWN; i < SW_VERDICT_COUNT; i++)
        if (!strcmp(word, sw_verdict_name((enum sw_verdict)i)))
            return (enum sw_verdict)i;
    return SW_VERDICT_UNKNOWN;
}

static bool get_whole(const json_t *tree, const char *key, int64_t max, int64_t *out)
{
    *out = 0;
    return sw_json_int_range(tree, key, SW_REQUIRED, 0, max, out, NULL) == SW_OK;
}

static bool read_fields(const json_t *tree, char *to)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(fields); i++) {
        struct sw_value value = {0};
        enum sw_code code = sw_json_num(tree, fields[i].key, SW_OPTIONAL, &value.value, NULL);
        if (code != SW_OK && code != SW_E_NOT_FOUND)
            return false;
        value.is_known = code == SW_OK;
        memcpy(to + fields[i].at, &value, sizeof value);
    }
    for (size_t i = 0; i < SW_ARRAY_LEN(times); i++) {
        int64_t ms;
        if (!get_whole(tree, times[i].key, INT64_MAX, &ms))
            return false;
        memcpy(to + times[i].at, &ms, sizeof ms);
    }
    for (size_t i = 0; i < SW_ARRAY_LEN(flags); i++)
        if (sw_json_bool(tree, flags[i].key, SW_REQUIRED, (bool *)(to + flags[i].at), NULL) != SW_OK)
            return false;
    return true;
}

bool sw_cache_judged_read(const json_t *tree, struct sw_judged *judged)
{
    int64_t bucket, count, starts, soak, event;
    struct sw_grounds *grounds = &judged->grounds;
    *judged = (struct sw_judged){.state = verdict_of(tree, "state"), .is_cached = true};
    grounds->before = verdict_of(tree, "before");
    if (!read_fields(tree, (char *)judged) ||
        sw_json_num(tree, "e_warn", SW_REQUIRED, &grounds->e_warn, NULL) != SW_OK ||
        sw_json_num(tree, "e_halt", SW_REQUIRED, &grounds->e_halt, NULL) != SW_OK ||
        !get_whole(tree, "bucket", INT32_MAX, &bucket) ||
        !get_whole(tree, "count", INT32_MAX, &count) ||
        !get_whole(tree, "starts", INT32_MAX, &starts) ||
        !get_whole(tree, "soak", INT32_MAX, &soak) || !get_whole(tree, "event", INT32_MAX, &event))
        return false;
    grounds->bucket_s = (int)bucket;
    grounds->bucket_count = (size_t)count;
    grounds->starts = (size_t)starts;
    grounds->soak = (size_t)soak;
    grounds->event = (unsigned)event;
    return true;
}
