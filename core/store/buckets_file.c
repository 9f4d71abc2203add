/* buckets_file.c: see buckets_file.h. The slots are written and read by hand: as JSON trees they would
 * take thirty times their size. */
#include "store/buckets_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

enum { FORMAT = 1, HEAD_MAX = 4096, SLOTS_MAX = 14 * 24 * 60 };

/* The key's words by name. */
static const struct word {
    const char *key;
    size_t at, size;
} words[] = {
#define WORD(name)                                                                                 \
    {                                                                                              \
        #name, offsetof(struct sw_buckets_key, name), sizeof((struct sw_buckets_key *)0)->name     \
    }
    WORD(identity),         WORD(version),        WORD(build),
    WORD(previous_version), WORD(previous_build), WORD(source),
#undef WORD
};

/* ----------------------------------------------------------------------- writing */

static void put_slots(struct sw_buf *out, const struct sw_buckets *buckets)
{
    for (size_t i = 0; i < buckets->count; i++) {
        const struct sw_counts *it = &buckets->slots[i];
        sw_buf_printf(out, "{\"x\":%u,\"n\":%u,\"y\":%u,\"N\":%u}\n", it->bad_new, it->n_new,
                      it->bad_old, it->n_old);
    }
}

static json_t *head_json(const struct sw_buckets *buckets, const struct sw_buf *slots)
{
    char digest[SW_SHA256_TEXT];
    json_t *head = json_object();
    sw_sha256_hex(sw_buf_text(slots), slots->len, digest);
    json_object_set_new(head, "slipway_buckets", json_integer(FORMAT));
    for (size_t i = 0; i < SW_ARRAY_LEN(words); i++)
        json_object_set_new(head, words[i].key,
                            json_string((const char *)&buckets->key + words[i].at));
    json_object_set_new(head, "metric", json_string(sw_metric_name(buckets->key.metric)));
    json_object_set_new(head, "start", json_integer(buckets->start_ms));
    json_object_set_new(head, "bucket", json_integer(buckets->bucket_s));
    json_object_set_new(head, "count", json_integer((json_int_t)buckets->count));
    json_object_set_new(head, "sha256", json_string(digest));
    return head;
}

enum sw_code sw_buckets_encode(const struct sw_buckets *buckets, struct sw_buf *out,
                               struct sw_error *err)
{
    struct sw_buf slots;
    sw_buf_init(out, SW_BUCKETS_BYTES_MAX);
    sw_buf_init(&slots, SW_BUCKETS_BYTES_MAX);
    put_slots(&slots, buckets);
    json_t *head = head_json(buckets, &slots);
    enum sw_code code = sw_json_write(head, out, SW_JSON_COMPACT, err);
    json_decref(head);
    sw_buf_addc(out, '\n');
    sw_buf_addn(out, sw_buf_text(&slots), slots.len);
    if (code == SW_OK && (sw_buf_is_failed(out) || sw_buf_is_failed(&slots)))
        code = sw_fail(err, SW_E_LIMIT, "a table of %zu buckets is too long to keep",
                       buckets->count);
    sw_buf_clear(&slots);
    return code;
}

/* ----------------------------------------------------------------------- reading */

/* Past the word and the number behind it. */
static bool take(const char **at, const char *end, const char *word, uint32_t *number)
{
    size_t len = strlen(word);
    uint64_t value = 0;
    if ((size_t)(end - *at) <= len || memcmp(*at, word, len) != 0)
        return false;
    const char *digit = *at + len;
    for (; digit < end && *digit >= '0' && *digit <= '9' && value <= UINT32_MAX; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    bool has_any = digit > *at + len;
    *at = digit;
    *number = (uint32_t)value;
    return has_any && value <= UINT32_MAX;
}

static bool take_slot(const char **at, const char *end, struct sw_counts *slot)
{
    if (!take(at, end, "{\"x\":", &slot->bad_new) || !take(at, end, ",\"n\":", &slot->n_new) ||
        !take(at, end, ",\"y\":", &slot->bad_old) || !take(at, end, ",\"N\":", &slot->n_old) ||
        end - *at < 2 || memcmp(*at, "}\n", 2) != 0)
        return false;
    *at += 2;
    return slot->bad_new <= slot->n_new && slot->bad_old <= slot->n_old;
}

static enum sw_code read_head(const json_t *head, struct sw_buckets *out, char digest[SW_SHA256_TEXT],
                              struct sw_error *err)
{
    int64_t format = 0, bucket = 0, count = 0;
    const char *metric = "";
    enum sw_code code =
        sw_json_int_range(head, "slipway_buckets", SW_REQUIRED, FORMAT, FORMAT, &format, err);
    for (size_t i = 0; i < SW_ARRAY_LEN(words) && code == SW_OK; i++)
        code = sw_json_text(head, words[i].key, SW_REQUIRED, (char *)&out->key + words[i].at,
                            words[i].size, err);
    if (code == SW_OK)
        code = sw_json_str(head, "metric", SW_REQUIRED, &metric, err);
    if (code == SW_OK)
        code = sw_json_int_range(head, "start", SW_REQUIRED, 0, INT64_C(253402300800000),
                                 &out->start_ms, err);
    if (code == SW_OK)
        code = sw_json_int_range(head, "bucket", SW_REQUIRED, SW_BUCKET_MIN_S, SW_BUCKETS_DAYS * 86400,
                                 &bucket, err);
    if (code == SW_OK)
        code = sw_json_int_range(head, "count", SW_REQUIRED, 0, SLOTS_MAX, &count, err);
    if (code == SW_OK)
        code = sw_json_text(head, "sha256", SW_REQUIRED, digest, SW_SHA256_TEXT, err);
    out->key.metric = sw_metric_parse(metric);
    out->bucket_s = (int)bucket;
    out->count = (size_t)count;
    return code;
}

static enum sw_code read_slots(const char *at, const char *end, const char *digest,
                               struct sw_buckets *out, struct sw_error *err)
{
    char is[SW_SHA256_TEXT];
    sw_sha256_hex(at, (size_t)(end - at), is);
    if (strcmp(is, digest) != 0)
        return sw_fail(err, SW_E_PARSE, "the digest is not that of its slots");
    out->slots = sw_xcalloc(out->count + 1, sizeof *out->slots);
    for (size_t i = 0; i < out->count; i++)
        if (!take_slot(&at, end, &out->slots[i]))
            return sw_fail(err, SW_E_PARSE, "slot %zu of %zu is damaged", i + 1, out->count);
    if (at != end)
        return sw_fail(err, SW_E_PARSE, "there are more than its %zu slots", out->count);
    return SW_OK;
}

enum sw_code sw_buckets_decode(const char *text, size_t len, struct sw_buckets *out,
                               struct sw_error *err)
{
    const struct sw_json_limits limits = {.max_bytes = HEAD_MAX, .max_depth = 2, .max_nodes = 64};
    SW_JSON json_t *head = NULL;
    char digest[SW_SHA256_TEXT] = "";
    struct sw_buckets read = {0};
    const char *line = memchr(text, '\n', len < HEAD_MAX ? len : HEAD_MAX);
    if (line == NULL)
        return sw_fail(err, SW_E_PARSE, "it has no first line");
    enum sw_code code = sw_json_parse(text, (size_t)(line - text), &limits, &head, err);
    if (code == SW_OK)
        code = read_head(head, &read, digest, err);
    if (code == SW_OK)
        code = read_slots(line + 1, text + len, digest, &read, err);
    if (code == SW_OK)
        *out = read;
    else
        free(read.slots);
    return code;
}

enum sw_code sw_buckets_read(const char *path, struct sw_buckets *out, struct sw_error *err)
{
    struct sw_buf text;
    sw_buf_init(&text, SW_BUCKETS_BYTES_MAX);
    enum sw_code code = sw_fs_read(path, SW_BUCKETS_BYTES_MAX, &text, err);
    if (code == SW_OK)
        code = sw_buckets_decode(sw_buf_text(&text), text.len, out, err);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        sw_error_prefix(err, "the counts kept for the verdict begin anew");
    sw_buf_clear(&text);
    return code;
}
