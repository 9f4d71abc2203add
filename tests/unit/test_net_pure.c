/*
 * test_net_pure.c: the pure decisions of the network layer: Retry-After, what may be sent again,
 * budgets, header lines, AWS profiles and error codes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/aws.h"
#include "net/aws_profile.h"
#include "net/rate_budget.h"
#include "net/reply_headers.h"
#include "net/retry.h"

#define NOW INT64_C(1768471200000) /* 2026-01-15T10:00:00Z, a Thursday */

/* ----------------------------------------------------------------- Retry-After */

static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t date_ms;
        int64_t wait_s; /* -1: not understood */
    } cases[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {" 30 ", 0, 30},
        {"900", 0, 900},
        {"901", 0, 900},
        {"86400", 0, 900},
        {"99999999999999999999999", 0, 900},
        {"00000000000000000000007", 0, 7},
        {"Thu, 15 Jan 2026 10:00:20 GMT", 0, 20},
        {"Thu, 15 Jan 2026 10:00:20 GMT", NOW + 5000, 15},
        {"Thu, 15 Jan 2026 10:00:20 GMT", NOW - 3600000, 900},
        {"Thursday, 15-Jan-26 10:01:00 GMT", 0, 60},
        {"Thu Jan 15 10:01:00 2026", 0, 60},
        {"Thu, 15 Jan 2026 09:59:00 GMT", 0, 0},
        {"Thu, 15 Jan 2099 10:00:00 GMT", 0, 900},
        {"", 0, -1},
        {" ", 0, -1},
        {"-1", 0, -1},
        {"1.5", 0, -1},
        {"5s", 0, -1},
        {"soon", 0, -1},
        {"Thu, 32 Jan 2026 10:00:20 GMT", 0, -1},
        {"2026-01-15T10:00:20Z", 0, -1},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        int64_t at = retry_after_parse(cases[i].value, cases[i].date_ms, NOW);
        int64_t want = cases[i].wait_s < 0 ? 0 : NOW + cases[i].wait_s * 1000;
        if (at != want)
            fail_msg("\"%s\": %lld instead of %lld", cases[i].value, (long long)(at - NOW),
                     (long long)(want - NOW));
    }
}

/* ----------------------------------------------------------------- sending again */

static struct retry_case read_failed(enum sw_code code, int status)
{
    return (struct retry_case){.effect = SW_EFFECT_READ,
                               .is_idempotent = true,
                               .attempt = 1,
                               .code = code,
                               .http_status = status,
                               .now_ms = NOW,
                               .left_ms = 10000};
}

static void test_reads_are_sent_again(void **state)
{
    (void)state;
    static const struct {
        enum sw_code code;
        int status;
        bool is_again, is_retryable;
    } cases[] = {
        {SW_E_NETWORK, 0, true, true},
        {SW_E_TIMEOUT, 0, true, true},
        {SW_E_NETWORK, 200, true, true},
        {SW_E_TLS, 0, false, false},
        {SW_E_PARSE, 0, false, false},
        {SW_E_LIMIT, 200, false, false},
        {SW_E_CANCELLED, 0, false, false},
        {SW_E_HTTP, 500, true, true},
        {SW_E_HTTP, 502, true, true},
        {SW_E_HTTP, 503, true, true},
        {SW_E_HTTP, 504, true, true},
        {SW_E_HTTP, 408, true, true},
        {SW_E_HTTP, 501, false, false},
        {SW_E_HTTP, 400, false, false},
        {SW_E_HTTP, 302, false, false},
        {SW_E_AUTH, 401, false, false},
        {SW_E_DENIED, 403, false, false},
        {SW_E_NOT_FOUND, 404, false, false},
        {SW_E_CONFLICT, 409, false, false},
        {SW_E_QUOTA, 429, false, true}, /* a poll does not wait for a time nobody told */
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct retry_case c = read_failed(cases[i].code, cases[i].status);
        struct retry_verdict verdict = retry_judge(&c);
        if (verdict.is_again != cases[i].is_again ||
            verdict.is_retryable != cases[i].is_retryable || verdict.code != cases[i].code)
            fail_msg("%s %d", sw_code_name(cases[i].code), cases[i].status);
    }
}

/* A quota of a second is over by the next try; told times count as always. */
static void test_a_brief_quota_is_waited_out_by_a_poll(void **state)
{
    (void)state;
    struct retry_case c = read_failed(SW_E_QUOTA, 429);
    c.is_quota_brief = true;
    assert_true(retry_judge(&c).is_again);
    assert_int_equal(retry_judge(&c).wait_ms, 500);
    c.attempt = 2;
    assert_true(retry_judge(&c).is_again);
    assert_int_equal(retry_judge(&c).wait_ms, 1000);
    c.attempt = 3;
    assert_false(retry_judge(&c).is_again);
    c.attempt = 1;
    c.retry_after_ms = NOW + 60000;
    assert_false(retry_judge(&c).is_again);
}

static void test_waits(void **state)
{
    (void)state;
    struct retry_case c = read_failed(SW_E_HTTP, 503);
    assert_int_equal(retry_judge(&c).wait_ms, 125);
    c.jitter = 0.999;
    assert_int_equal(retry_judge(&c).wait_ms, 249);
    c.attempt = 2;
    assert_int_equal(retry_judge(&c).wait_ms, 499);
    c.attempt = 3;
    assert_false(retry_judge(&c).is_again); /* three attempts for a poll */
    c.is_action = true;
    assert_true(retry_judge(&c).is_again);
    c.attempt = 5;
    assert_false(retry_judge(&c).is_again);

    c = read_failed(SW_E_QUOTA, 429);
    c.retry_after_ms = NOW + 1500;
    assert_true(retry_judge(&c).is_again);
    assert_int_equal(retry_judge(&c).wait_ms, 1502); /* never a cut millisecond too early */
    c.retry_after_ms = NOW + 60000; /* long: ends the flow, and says until when */
    assert_false(retry_judge(&c).is_again);
    assert_int_equal(retry_judge(&c).retry_at_ms, NOW + 60000);
    assert_true(retry_judge(&c).is_retryable);
    c.retry_after_ms = NOW + 4000;
    assert_false(retry_judge(&c).is_again);
    c.is_action = true;
    assert_true(retry_judge(&c).is_again);
    c.left_ms = 4200; /* no time left for an answer */
    assert_false(retry_judge(&c).is_again);
    c.left_ms = 20000;
    c.retry_after_ms = 0;
    assert_true(retry_judge(&c).is_again);
    c.attempt = 200;
    assert_true(retry_judge(&c).wait_ms > 0); /* no shift out of range */
}

/* Every combination there is: a write that may have left is never sent again, and never called
 * anything but unknown unless the upstream gave a definite answer. */
static void test_no_write_is_sent_twice(void **state)
{
    (void)state;
    static const int statuses[] = {0,   100, 200, 204, 301, 302, 307, 400, 401, 403, 404, 408, 409,
                                   412, 418, 422, 425, 429, 500, 501, 502, 503, 504, 509, 599};
    size_t seen = 0;
    for (int code = SW_E_INTERNAL; code <= SW_E_BUSY; code++)
        for (size_t s = 0; s < SW_ARRAY_LEN(statuses); s++)
            for (unsigned bits = 0; bits < 32; bits++) {
                struct retry_case c = {
                    .effect = bits & 1 ? SW_EFFECT_MUTATE : SW_EFFECT_EDIT,
                    .is_idempotent = bits & 2,
                    .is_action = bits & 4,
                    .is_unsent = bits & 8,
                    .retry_after_ms = bits & 16 ? NOW + 10 : 0,
                    .attempt = 1,
                    .code = (enum sw_code)code,
                    .http_status = statuses[s],
                    .now_ms = NOW,
                    .left_ms = 60000,
                };
                struct retry_verdict verdict = retry_judge(&c);
                bool is_not_applied = c.is_unsent || c.http_status == 429;
                bool is_safe = is_not_applied || (c.effect == SW_EFFECT_EDIT && c.is_idempotent);
                bool is_definite = is_not_applied || (c.http_status >= 300 && c.http_status < 500 &&
                                                      c.http_status != 408);
                if (!is_safe) {
                    assert_false(verdict.is_again);
                    assert_false(verdict.is_retryable);
                }
                if (c.effect == SW_EFFECT_MUTATE && !is_definite)
                    assert_int_equal(verdict.code, SW_E_OUTCOME_UNKNOWN);
                else
                    assert_int_equal(verdict.code, c.code);
                seen++;
            }
    assert_true(seen > 10000);
}

/* --------------------------------------------------------------------- budgets */

static void test_budget(void **state)
{
    (void)state;
    struct rate_budget budget;
    int64_t wait = -1;
    rate_budget_init(&budget, 60, 3, 2, 0, 1000);
    assert_true(rate_budget_acquire(&budget, 1000, &wait));
    assert_int_equal(wait, 0);
    assert_true(rate_budget_acquire(&budget, 1000, &wait));
    assert_false(rate_budget_acquire(&budget, 1000, &wait)); /* slots */
    assert_true(wait > 0 && wait <= 100);
    rate_budget_release(&budget);
    for (int i = 0; i < 3; i++)
        rate_budget_spend(&budget, 1000);
    assert_false(rate_budget_acquire(&budget, 1000, &wait)); /* tokens */
    assert_int_equal(wait, 1000);
    assert_false(rate_budget_acquire(&budget, 1999, &wait));
    assert_int_equal(wait, 1);
    assert_true(rate_budget_acquire(&budget, 2000, &wait));
    rate_budget_release(&budget);
    /* A flow that has begun is never stopped; its debt delays the next. */
    for (int i = 0; i < 10; i++)
        rate_budget_spend(&budget, 2000);
    assert_false(rate_budget_acquire(&budget, 2000, &wait));
    assert_int_equal(wait, 10000);
    assert_true(rate_budget_acquire(&budget, 12000, &wait));
    rate_budget_release(&budget);
    /* Debt has an end, and so has saving up. */
    for (int i = 0; i < 1000; i++)
        rate_budget_spend(&budget, 12000);
    assert_false(rate_budget_acquire(&budget, 12000, &wait));
    assert_int_equal(wait, 61000);
    assert_true(rate_budget_acquire(&budget, 10000000, &wait));
    rate_budget_release(&budget);
    for (int i = 0; i < 3; i++)
        rate_budget_spend(&budget, 10000000);
    assert_false(rate_budget_acquire(&budget, 10000000, &wait));
    /* Time that goes back changes nothing. */
    assert_false(rate_budget_acquire(&budget, 5, &wait));
    assert_int_equal(wait, 1000);
}

static void test_budget_speed_and_no_limit(void **state)
{
    (void)state;
    struct rate_budget budget;
    int64_t wait = -1;
    rate_budget_init(&budget, 60, 1, 0, 60, 0); /* sixty times as fast */
    for (int i = 0; i < 60; i++) {
        assert_true(rate_budget_acquire(&budget, 0, &wait));
        rate_budget_spend(&budget, 0);
    }
    assert_false(rate_budget_acquire(&budget, 0, &wait));
    assert_int_equal(wait, 17);
    rate_budget_init(&budget, 0, 0, 0, 1, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(rate_budget_acquire(&budget, 0, &wait));
        rate_budget_spend(&budget, 0);
    }
}

/* --------------------------------------------------------------- header lines */

static void read_headers(const char *text, int status, struct sw_reply *reply)
{
    struct reply_headers headers = {.reply = reply};
    while (*text) {
        size_t len = strcspn(text, "\n");
        len += text[len] == '\n';
        reply_headers_line(&headers, text, len);
        text += len;
    }
    reply->status = status;
    reply_headers_end(&headers, NOW);
}

static void test_header_lines(void **state)
{
    (void)state;
    struct sw_reply reply = {0};
    read_headers("HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\n"
                 "CONTENT-TYPE:application/json;charset=utf-8  \r\n"
                 "date: Thu, 15 Jan 2026 10:00:00 GMT\r\n"
                 "Link: <a>; rel=\"next\"\r\nlink: <b>; rel=\"prev\"\r\n"
                 "x-amzn-errortype: B\r\nx-amzn-query-error: A;Sender\r\n"
                 "X-Evil: \x1b[2J\r\nX-Request-Id: a\x1b]0;x\x07"
                 "b\r\nno colon here\r\n: empty\r\n\r\n",
                 200, &reply);
    assert_string_equal(reply.content_type, "application/json;charset=utf-8");
    assert_int_equal(reply.date_ms, NOW);
    assert_string_equal(reply.link, "<a>; rel=\"next\", <b>; rel=\"prev\"");
    assert_string_equal(reply.error_type, "A;Sender");
    assert_null(strchr(reply.request_id, 0x1b));
    assert_null(strchr(reply.request_id, 0x07));
    assert_int_equal(reply.retry_after_ms, 0); /* belonged to the interim answer */
}

static void test_link_is_whole_or_absent(void **state)
{
    (void)state;
    char text[5000];
    struct sw_reply reply = {0};
    memset(text, 'x', sizeof(text));
    memcpy(text, "Link: <", 7);
    memcpy(text + 4000, ">; rel=\"next\"\r\n", 16);
    read_headers(text, 200, &reply);
    assert_string_equal(reply.link, "");
}

/* Every form of Apple's header, as people read it: both buckets, the smallest rest decides. */
static void test_apple_quota_has_an_hour_and_a_minute(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double left; /* -1: unknown */
        const char *note;
    } cases[] = {
        {"X-Rate-Limit: user-hour-lim:3500;user-hour-rem:500;\r\n", 500,
         "500 of 3500 left in the hour"},
        {"X-Rate-Limit: user-hour-lim:3600;user-hour-rem:3598;user-minute-lim:150;"
         "user-minute-rem:149;\r\n",
         149, "3598 of 3600 left in the hour, 149 of 150 left in the minute"},
        {"X-Rate-Limit: user-hour-lim:3600;user-hour-rem:3598;, "
         "user-minute-lim:150;user-minute-rem:149;\r\n",
         149, "3598 of 3600 left in the hour, 149 of 150 left in the minute"},
        /* Two headers, the same one joined with itself, and odd blanks. */
        {"X-Rate-Limit: user-hour-lim:3600;user-hour-rem:30;\r\n"
         "X-RATE-LIMIT: user-minute-lim:150;user-minute-rem:149;\r\n",
         30, "30 of 3600 left in the hour, 149 of 150 left in the minute"},
        {"x-rate-limit: user-hour-lim:3600;user-hour-rem:40;, user-hour-lim:3600;user-hour-rem:39;"
         "\r\n",
         39, "39 of 3600 left in the hour"},
        {"X-Rate-Limit: user-hour-rem : 12 ;\r\n", 12, "12 left in the hour"},
        /* What does not parse is passed over. */
        {"X-Rate-Limit: user-hour-rem:many;user-minute-rem:7;-rem:1;rem:2;:3;;\r\n", 7,
         "7 left in the minute"},
        {"X-Rate-Limit: user-hour-lim:3600;\r\n", -1, ""},
        {"X-Rate-Limit: user-a-rem:9;user-b-rem:8;user-c-rem:7;user-d-rem:6;user-e-rem:1;\r\n", 6,
         "9 left in the a, 8 left in the b, 7 left in the c, 6 left in the d"},
        {"x-rate-limit: nonsense\r\n", -1, ""},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_reply reply = {0};
        read_headers(cases[i].text, 200, &reply);
        double left = reply.quota_left.is_known ? reply.quota_left.value : -1;
        if (left != cases[i].left || strcmp(reply.quota_note, cases[i].note) != 0)
            fail_msg("case %zu: %g \"%s\"", i, left, reply.quota_note);
    }
}

static void test_quotas(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        double left, reset_s; /* -1: unknown */
        int64_t retry_s;      /* -1: none */
    } cases[] = {
        {"X-Rate-Limit: user-hour-lim:3500;user-hour-rem:500;\r\n", 200, 500, -1, -1},
        {"X-Rate-Limit: user-hour-lim:3600;user-hour-rem:3598;, "
         "user-minute-lim:150;user-minute-rem:149;\r\n",
         200, 149, -1, -1},
        {"x-rate-limit: nonsense\r\n", 200, -1, -1, -1},
        {"X-Rate-Limit: user-hour-rem: 12 ;\r\n", 200, 12, -1, -1},
        {"X-Sentry-Rate-Limit-Remaining: 0\r\nX-Sentry-Rate-Limit-Reset: 1768471203\r\n", 429, 0, 3,
         3},
        {"X-Sentry-Rate-Limit-Remaining: 3\r\nX-Sentry-Rate-Limit-Reset: 1768471203\r\n", 429, 3, 3,
         -1},
        {"X-Sentry-Rate-Limit-Remaining: 0\r\nX-Sentry-Rate-Limit-Reset: 1768471203\r\n", 200, 0, 3,
         -1},
        {"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 40\r\n", 429, 0, 40, 40},
        {"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 40\r\nRetry-After: 5\r\n", 429, 0, 40, 5},
        {"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999\r\n", 429, 0, 99999, 900},
        {"X-RateLimit-Remaining: 7.9\r\n", 200, 7, -1, -1},
        {"X-RateLimit-Remaining: 7e300\r\n", 200, -1, -1, -1},
        {"X-RateLimit-Remaining: -5\r\n", 200, -1, -1, -1},
        {"X-RateLimit-Remaining: 99999999999999999999\r\n", 200, -1, -1, -1},
        {"x-amz-retry-after: 1500\r\n", 503, -1, -1, 2},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_reply reply = {0};
        read_headers(cases[i].text, cases[i].status, &reply);
        double left = reply.quota_left.is_known ? reply.quota_left.value : -1;
        double reset = reply.quota_reset_s.is_known ? reply.quota_reset_s.value : -1;
        int64_t retry = reply.retry_after_ms ? (reply.retry_after_ms - NOW) / 1000 : -1;
        if (left != cases[i].left || reset != cases[i].reset_s || retry != cases[i].retry_s)
            fail_msg("%s: %g %g %lld", cases[i].text, left, reset, (long long)retry);
    }
}

/* ------------------------------------------------------------------------- AWS */

static void test_profiles(void **state)
{
    (void)state;
    static const char credentials[] = "# mine\n"
                                      "[default]\n"
                                      "aws_access_key_id = AKIADEFAULT\r\n"
                                      "aws_secret_access_key=abc/def+ghi=\n"
                                      "\n"
                                      "[release]\n"
                                      "  aws_access_key_id = NESTED\n"
                                      "aws_access_key_id\t=\tAKIARELEASE  \n"
                                      "aws_secret_access_key = s e\n"
                                      "aws_session_token = tok==\n"
                                      "; aws_session_token = no\n"
                                      "[other]\n"
                                      "aws_access_key_id = AKIAOTHER";
    static const char config[] = "[default]\nregion = us-east-1\n[profile release]\n"
                                 "region = eu-west-1\ns3 =\n  region = nested\n"
                                 "[profile \"my name\"]\nregion = x\n[release]\nregion = wrong\n"
                                 "[profile sso]\nsso_session = s\n";
    struct aws_profile profile = {0};
    aws_profile_parse(credentials, sizeof(credentials) - 1, "default", false, &profile);
    assert_true(profile.is_found);
    assert_string_equal(profile.access_key_id, "AKIADEFAULT");
    assert_string_equal(profile.secret_key, "abc/def+ghi=");
    assert_string_equal(profile.session_token, "");
    profile = (struct aws_profile){0};
    aws_profile_parse(credentials, sizeof(credentials) - 1, "release", false, &profile);
    assert_string_equal(profile.access_key_id, "AKIARELEASE");
    assert_string_equal(profile.secret_key, "s e");
    assert_string_equal(profile.session_token, "tok==");
    aws_profile_parse(config, sizeof(config) - 1, "release", true, &profile);
    assert_string_equal(profile.region, "eu-west-1");
    profile = (struct aws_profile){0};
    aws_profile_parse(credentials, sizeof(credentials) - 1, "other", false, &profile);
    assert_string_equal(profile.access_key_id, "AKIAOTHER"); /* no newline at the end */
    profile = (struct aws_profile){0};
    aws_profile_parse(config, sizeof(config) - 1, "my name", true, &profile);
    assert_string_equal(profile.region, "x");
    profile = (struct aws_profile){0};
    aws_profile_parse(config, sizeof(config) - 1, "sso", true, &profile);
    assert_string_equal(profile.other, "sso_session");
    profile = (struct aws_profile){0};
    aws_profile_parse(config, sizeof(config) - 1, "nobody", true, &profile);
    assert_false(profile.is_found);
    profile = (struct aws_profile){0};
    aws_profile_parse(config, sizeof(config) - 1, "default", true, &profile);
    assert_string_equal(profile.region, "us-east-1"); /* [default] of a config file has no word */
}

static void test_aws_errors(void **state)
{
    (void)state;
    static const struct {
        const char *header, *body, *name;
        enum sw_code code;
    } cases[] = {
        {"", "{\"__type\":\"com.amazonaws.codedeploy#DeploymentDoesNotExistException\"}",
         "DeploymentDoesNotExistException", SW_OK},
        {"", "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
         "ThrottlingException", SW_E_QUOTA},
        {"ExpiredTokenException:http://internal", "{}", "ExpiredTokenException", SW_E_AUTH},
        {"InvalidParameterValue;Sender", "{\"__type\":\"X\"}", "InvalidParameterValue", SW_OK},
        {"", "{\"code\":\"AccessDeniedException\"}", "AccessDeniedException", SW_E_DENIED},
        {"", "{\"__type\":\"com.amazon.coral.service#UnrecognizedClientException\"}",
         "UnrecognizedClientException", SW_E_AUTH},
        {"", "<html>", "", SW_OK},
        {"", NULL, "", SW_OK},
        {"", "{\"__type\":7}", "", SW_OK},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char name[SW_AWS_CODE_MAX];
        struct sw_reply reply = {.status = 400, .body = sw_xstrdup(cases[i].body)};
        reply.body_len = cases[i].body ? strlen(cases[i].body) : 0;
        sw_copy(reply.error_type, sizeof(reply.error_type), cases[i].header);
        sw_aws_error_code(&reply, name);
        assert_string_equal(name, cases[i].name);
        assert_int_equal(sw_aws_classify(&reply), cases[i].code);
        sw_reply_clear(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after),  cmocka_unit_test(test_reads_are_sent_again),
        cmocka_unit_test(test_a_brief_quota_is_waited_out_by_a_poll),
        cmocka_unit_test(test_waits),        cmocka_unit_test(test_no_write_is_sent_twice),
        cmocka_unit_test(test_budget),       cmocka_unit_test(test_budget_speed_and_no_limit),
        cmocka_unit_test(test_header_lines), cmocka_unit_test(test_link_is_whole_or_absent),
        cmocka_unit_test(test_apple_quota_has_an_hour_and_a_minute),
        cmocka_unit_test(test_quotas),       cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_aws_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
