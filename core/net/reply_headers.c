/* reply_headers.c: see reply_headers.h.
 *
 * A table of names and what each one sets. Values are copied only after
 * sw_text_clean; a value that is cut or odd is left out rather than guessed. */
#include "net/reply_headers.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "net/retry.h"

enum { VALUE_MAX = 2048 };

typedef void (*header_fn)(struct reply_headers *headers, const char *value);

static void set_content_type(struct reply_headers *headers, const char *value)
{
    sw_copy(headers->reply->content_type, sizeof(headers->reply->content_type), value);
}

/* Several Link lines are one list. Too long to keep whole: none, never a cut URL. */
static void set_link(struct reply_headers *headers, const char *value)
{
    char *link = headers->reply->link;
    size_t size = sizeof(headers->reply->link);
    size_t used = strlen(link);
    if (used + strlen(value) + 3 > size)
        return;
    sw_format(link + used, size - used, "%s%s", used ? ", " : "", value);
}

static void set_location(struct reply_headers *headers, const char *value)
{
    sw_copy(headers->reply->location, sizeof(headers->reply->location), value);
}

static void set_error_type(struct reply_headers *headers, const char *value)
{
    sw_copy(headers->reply->error_type, sizeof(headers->reply->error_type), value);
}

/* x-amzn-query-error wins over x-amzn-errortype. Source: AWS notes, "Errors", read 2026-01. */
static void set_error_type_if_none(struct reply_headers *headers, const char *value)
{
    if (!headers->reply->error_type[0])
        set_error_type(headers, value);
}

static void set_request_id(struct reply_headers *headers, const char *value)
{
    sw_copy(headers->reply->request_id, sizeof(headers->reply->request_id), value);
}

static void set_date(struct reply_headers *headers, const char *value)
{
    int64_t ms = 0;
    if (sw_http_date_parse(value, &ms, NULL) == SW_OK)
        headers->reply->date_ms = ms;
}

static void set_retry_after(struct reply_headers *headers, const char *value)
{
    if (sw_copy(headers->retry_after, sizeof(headers->retry_after), value))
        headers->retry_after[0] = '\0';
}

/* A whole number of at most 15 digits at the start of text; a fraction is dropped. */
static bool number(const char *text, double *out)
{
    size_t digits = strspn(text, "0123456789");
    bool is_ended = text[digits] == '\0' || strchr(" .;,", text[digits]);
    if (digits == 0 || digits > 15 || !is_ended)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    *out = (double)value;
    return true;
}

static void set_quota_left(struct reply_headers *headers, const char *value)
{
    double left = 0;
    if (number(value, &left))
        headers->reply->quota_left = (struct sw_value){.value = left, .is_known = true};
}

/* Epoch seconds or seconds from now: told apart by size, settled in reply_headers_end. */
static void set_quota_reset(struct reply_headers *headers, const char *value)
{
    double reset = 0;
    if (number(value, &reset))
        headers->reply->quota_reset_s = (struct sw_value){.value = reset, .is_known = true};
}

/* One span that Apple counts in: "hour", "minute". */
struct quota_bucket {
    char name[16];
    struct sw_value limit, rest;
};
enum { QUOTA_BUCKETS_MAX = 4 };

/* The bucket of "user-hour-rem", added when it is new; NULL: no such name, or too many. */
static struct quota_bucket *quota_bucket(struct quota_bucket *buckets, size_t *count,
                                         const char *name, size_t len)
{
    size_t begin = len < 4 ? 0 : len - 4;
    while (begin > 0 && name[begin - 1] != '-')
        begin--;
    size_t size = len < 4 ? 0 : len - 4 - begin;
    if (begin == 0 || size == 0 || size >= sizeof(buckets->name))
        return NULL;
    for (size_t i = 0; i < *count; i++)
        if (strlen(buckets[i].name) == size && memcmp(buckets[i].name, name + begin, size) == 0)
            return &buckets[i];
    if (*count == QUOTA_BUCKETS_MAX)
        return NULL;
    struct quota_bucket *bucket = &buckets[(*count)++];
    sw_format(bucket->name, sizeof(bucket->name), "%.*s", (int)size, name + begin);
    return bucket;
}

/* "user-hour-rem:500"; what does not parse is passed over. */
static void quota_part(struct quota_bucket *buckets, size_t *count, const char *part, size_t len)
{
    const char *colon = memchr(part, ':', len);
    size_t name_len = colon ? (size_t)(colon - part) : 0;
    while (name_len > 0 && part[name_len - 1] == ' ')
        name_len--;
    bool is_rest = name_len > 4 && strncmp(part + name_len - 4, "-rem", 4) == 0;
    bool is_limit = name_len > 4 && strncmp(part + name_len - 4, "-lim", 4) == 0;
    double figure = 0;
    if ((!is_rest && !is_limit) || !number(colon + 1 + strspn(colon + 1, " "), &figure))
        return;
    struct quota_bucket *bucket = quota_bucket(buckets, count, part, name_len);
    struct sw_value *to = bucket == NULL ? NULL : is_rest ? &bucket->rest : &bucket->limit;
    if (to && (!to->is_known || figure < to->value))
        *to = (struct sw_value){.value = figure, .is_known = true};
}

/* "3598 of 3600 left in the hour"; a header that came before has its own. */
static void quota_note(struct sw_reply *reply, const struct quota_bucket *bucket)
{
    char limit[32] = "", one[96], before[sizeof(reply->quota_note)];
    if (bucket->limit.is_known)
        sw_format(limit, sizeof(limit), " of %.0f", bucket->limit.value);
    sw_format(one, sizeof(one), "%.0f%s left in the %s", bucket->rest.value, limit, bucket->name);
    sw_copy(before, sizeof(before), reply->quota_note);
    sw_format(reply->quota_note, sizeof(reply->quota_note), "%s%s%s", before, before[0] ? ", " : "",
              one);
}

/* "user-hour-lim:3500;user-hour-rem:500;", also with a minute's bucket, twice, or joined from two
 * headers by ", ". The smallest rest counts.
 * Source: App Store Connect API, "Identifying Rate Limits"; AvdLee/appstoreconnect-swift-sdk, its
 * tests of rate limits (minute, joined headers), read 2026-01. */
static void set_apple_quota(struct reply_headers *headers, const char *value)
{
    struct sw_reply *reply = headers->reply;
    struct quota_bucket buckets[QUOTA_BUCKETS_MAX] = {0};
    size_t count = 0;
    for (const char *part = value; *part;) {
        part += strspn(part, ",; ");
        size_t len = strcspn(part, ",;");
        quota_part(buckets, &count, part, len);
        part += len;
    }
    for (size_t i = 0; i < count; i++) {
        if (!buckets[i].rest.is_known)
            continue;
        quota_note(reply, &buckets[i]);
        if (!reply->quota_left.is_known || buckets[i].rest.value < reply->quota_left.value)
            reply->quota_left = buckets[i].rest;
    }
}

/* Milliseconds. Source: AWS notes, "Retry guidance", read 2026-01. */
static void set_amz_retry_after(struct reply_headers *headers, const char *value)
{
    double ms = 0;
    if (!headers->retry_after[0] && number(value, &ms) && ms < 1e9)
        sw_format(headers->retry_after, sizeof(headers->retry_after), "%lld",
                  (long long)(ms + 999) / 1000);
}

static const struct {
    const char *name;
    header_fn set;
} fields[] = {
    {"content-type", set_content_type},
    {"link", set_link},
    {"location", set_location},
    {"date", set_date},
    {"retry-after", set_retry_after},
    {"x-amz-retry-after", set_amz_retry_after},
    {"x-amzn-query-error", set_error_type},
    {"x-amzn-errortype", set_error_type_if_none},
    {"x-amzn-requestid", set_request_id},
    {"x-request-id", set_request_id},
    {"x-apple-request-uuid", set_request_id},
    {"x-rate-limit", set_apple_quota},
    {"x-sentry-rate-limit-remaining", set_quota_left},
    {"x-sentry-rate-limit-reset", set_quota_reset},
    {"x-ratelimit-remaining", set_quota_left},
    {"x-ratelimit-reset", set_quota_reset},
    {"ratelimit-remaining", set_quota_left},
    {"ratelimit-reset", set_quota_reset},
};

void reply_headers_add(struct reply_headers *headers, const char *name, size_t name_len,
                       const char *value, size_t value_len)
{
    char clean[VALUE_MAX];
    for (size_t i = 0; i < SW_ARRAY_LEN(fields); i++) {
        if (strlen(fields[i].name) != name_len || strncasecmp(fields[i].name, name, name_len) != 0)
            continue;
        sw_text_clean(value, value_len, clean, sizeof(clean));
        fields[i].set(headers, clean);
        return;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void reply_headers_line(struct reply_headers *headers, const char *line, size_t len)
{
    if (len >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        /* An interim answer (100 Continue) came before: only the last one counts. */
        *headers->reply =
            (struct sw_reply){.body = headers->reply->body, .body_len = headers->reply->body_len};
        headers->retry_after[0] = '\0';
        return;
    }
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return;
    const char *value = colon + 1;
    const char *end = line + len;
    while (value < end && is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    reply_headers_add(headers, line, (size_t)(colon - line), value, (size_t)(end - value));
}

void reply_headers_end(struct reply_headers *headers, int64_t now_ms)
{
    struct sw_reply *reply = headers->reply;
    struct sw_value *reset = &reply->quota_reset_s;
    if (reset->is_known && reset->value > 1e9) {
        double now_s = (double)(reply->date_ms > 0 ? reply->date_ms : now_ms) / 1000;
        reset->value = reset->value > now_s ? reset->value - now_s : 0;
    }
    if (headers->retry_after[0])
        reply->retry_after_ms = retry_after_parse(headers->retry_after, reply->date_ms, now_ms);
    bool is_out_of_quota = reply->quota_left.is_known && reply->quota_left.value <= 0;
    if (!reply->retry_after_ms && reply->status == 429 && is_out_of_quota && reset->is_known) {
        double wait_s =
            reset->value < RETRY_AFTER_MAX_MS / 1000 ? reset->value : RETRY_AFTER_MAX_MS / 1000;
        reply->retry_after_ms = now_ms + (int64_t)(wait_s * 1000);
    }
}
