/* retry.c: see retry.h.
 *
 * Waits inside a flow are short. A long one ends the flow with the time told
 * by the upstream, so that no worker sits on it; the scheduler comes back. */
#include "net/retry.h"

#include <string.h>

#include "base/time.h"

/* First pause; doubles with each attempt. */
enum { PAUSE_MS = 250, PAUSE_QUOTA_MS = 1000, CLOCK_CUT_MS = 2 };

int64_t retry_after_parse(const char *value, int64_t date_ms, int64_t now_ms)
{
    while (*value == ' ' || *value == '\t')
        value++;
    size_t digits = strspn(value, "0123456789");
    int64_t wait_ms = 0;
    if (digits > 0 && value[digits + strspn(value + digits, " \t")] == '\0') {
        int64_t seconds = 0;
        for (size_t i = 0; i < digits && seconds <= RETRY_AFTER_MAX_MS; i++)
            seconds = seconds * 10 + (value[i] - '0');
        wait_ms = seconds < RETRY_AFTER_MAX_MS / 1000 ? seconds * 1000 : RETRY_AFTER_MAX_MS;
    } else {
        int64_t at_ms = 0;
        if (sw_http_date_parse(value, &at_ms, NULL) != SW_OK)
            return 0;
        wait_ms = at_ms - (date_ms > 0 ? date_ms : now_ms);
    }
    if (wait_ms < 0)
        wait_ms = 0;
    return now_ms + (wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS);
}

/* Did the upstream, or the lack of a connection, say that it did not act? */
static bool is_surely_not_applied(const struct retry_case *c)
{
    return c->is_unsent || c->http_status == 429;
}

static bool is_transient(const struct retry_case *c)
{
    if (c->code == SW_E_NETWORK || c->code == SW_E_TIMEOUT)
        return true;
    switch (c->http_status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 509: /* Source: AWS notes, error classes, "throttle", read 2026-01. */
        return true;
    default:
        return false;
    }
}

/* An answer of 4xx (but 408) or 3xx is a definite no. No answer, a cut one, or 5xx from some
 * gateway on the way is not. */
static bool is_outcome_unknown(const struct retry_case *c)
{
    if (c->effect != SW_EFFECT_MUTATE || is_surely_not_applied(c))
        return false;
    return c->http_status < 300 || c->http_status >= 500 || c->http_status == 408;
}

static bool is_safe(const struct retry_case *c)
{
    if (is_surely_not_applied(c) || c->effect == SW_EFFECT_READ)
        return true;
    return c->effect == SW_EFFECT_EDIT && c->is_idempotent;
}

static int64_t pause_ms(const struct retry_case *c)
{
    int shift = c->attempt > 1 ? c->attempt - 1 : 0;
    int64_t base = c->http_status == 429 ? PAUSE_QUOTA_MS : PAUSE_MS;
    int64_t pause = base << (shift < 6 ? shift : 6);
    return pause / 2 + (int64_t)((double)(pause / 2) * c->jitter);
}

struct retry_verdict retry_judge(const struct retry_case *c)
{
    struct retry_verdict verdict = {.code = c->code};
    if (is_outcome_unknown(c)) {
        verdict.code = SW_E_OUTCOME_UNKNOWN;
        return verdict;
    }
    verdict.is_retryable = is_transient(c) && is_safe(c);
    verdict.retry_at_ms = c->retry_after_ms;
    if (!verdict.is_retryable)
        return verdict;
    int64_t wait = pause_ms(c);
    /* Both clocks are cut to whole milliseconds: a wait without the margin may end just before the
     * told time, and the budget would refuse the very retry that waited for it. */
    if (c->retry_after_ms > 0 && c->retry_after_ms - c->now_ms + CLOCK_CUT_MS > wait)
        wait = c->retry_after_ms - c->now_ms + CLOCK_CUT_MS;
    int64_t hold = c->is_action ? RETRY_HOLD_ACTION_MS : RETRY_HOLD_POLL_MS;
    int attempts = c->is_action ? RETRY_ATTEMPTS_ACTION : RETRY_ATTEMPTS_POLL;
    bool is_polled_quota = c->http_status == 429 && !c->is_action && c->retry_after_ms == 0 &&
                           !c->is_quota_brief;
    /* Time for an answer must be left behind the wait. */
    verdict.is_again =
        c->attempt < attempts && wait <= hold && wait + 500 < c->left_ms && !is_polled_quota;
    verdict.wait_ms = wait;
    return verdict;
}
