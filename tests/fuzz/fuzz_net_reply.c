/*
 * fuzz_net_reply.c: header lines and an error body of any kind: what is kept of them is one clean
 * line each, waits lie within their cap, and numbers are numbers.
 * Input: lines; what follows an empty line is the body.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/aws.h"
#include "net/reply_headers.h"
#include "net/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1768471200000)

static void check_line(const char *text, size_t size)
{
    char clean[4096];
    size_t len = strnlen(text, size);
    sw_assert(len < size);
    sw_assert(sw_text_clean(text, len, clean, sizeof(clean)) == len);
    sw_assert(memcmp(clean, text, len) == 0);
}

static void check_reply(const struct sw_reply *reply)
{
    check_line(reply->content_type, sizeof(reply->content_type));
    check_line(reply->link, sizeof(reply->link));
    check_line(reply->location, sizeof(reply->location));
    check_line(reply->error_type, sizeof(reply->error_type));
    check_line(reply->request_id, sizeof(reply->request_id));
    check_line(reply->quota_note, sizeof(reply->quota_note));
    sw_assert(reply->date_ms >= 0);
    sw_assert(reply->retry_after_ms == 0 ||
              (reply->retry_after_ms >= NOW && reply->retry_after_ms <= NOW + RETRY_AFTER_MAX_MS));
    sw_assert(!reply->quota_left.is_known ||
              (isfinite(reply->quota_left.value) && reply->quota_left.value >= 0));
    sw_assert(!reply->quota_reset_s.is_known ||
              (isfinite(reply->quota_reset_s.value) && reply->quota_reset_s.value >= 0));
}

static const char *find_newline(const char *at, const char *end)
{
    return memchr(at, '\n', (size_t)(end - at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 301, 400, 403, 429, 503};
    char name[SW_AWS_CODE_MAX];
    if (size == 0)
        return 0;
    struct sw_reply reply = {0};
    struct reply_headers headers = {.reply = &reply};
    const char *at = (const char *)data + 1;
    const char *end = (const char *)data + size;
    while (at < end) {
        const char *newline = find_newline(at, end);
        const char *next = newline ? newline + 1 : end;
        if (next - at == 1)
            break;
        reply_headers_line(&headers, at, (size_t)(next - at));
        at = next;
    }
    reply.status = statuses[data[0] % SW_ARRAY_LEN(statuses)];
    reply_headers_end(&headers, NOW);
    check_reply(&reply);
    reply.body_len = (size_t)(end - at);
    reply.body = sw_xstrndup(at, reply.body_len);
    reply.body_len = strlen(reply.body);
    sw_aws_error_code(&reply, name);
    check_line(name, sizeof(name));
    enum sw_code code = sw_aws_classify(&reply);
    sw_assert(code == SW_OK || code == SW_E_AUTH || code == SW_E_DENIED || code == SW_E_QUOTA);
    sw_reply_clear(&reply);
    return 0;
}
