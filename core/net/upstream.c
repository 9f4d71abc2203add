/* upstream.c: one account: its origin, its gate, its budget and what its replies tell.
 *
 * Shared by all flows on the account and by the scheduler; the lock guards
 * budget and health, and nothing is done under it but arithmetic. */
#include "net/upstream.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/retry.h"

enum { BODY_MAX_BYTES = 1 << 20 };

static void upstream_fill(struct sw_upstream *upstream, const struct sw_upstream_options *options)
{
    sw_copy(upstream->source_id, sizeof(upstream->source_id), options->source_id);
    upstream->ca_file = sw_xstrdup(options->ca_file);
    upstream->body_max_bytes = options->body_max_bytes ? options->body_max_bytes : BODY_MAX_BYTES;
    upstream->gate = (struct send_gate){
        .source_id = upstream->source_id,
        .origin = &upstream->origin,
        .operations = options->operations,
        .operation_count = options->operation_count,
        .is_read_only = options->is_read_only,
    };
    rate_budget_init(&upstream->budget, options->per_minute, options->burst, options->concurrent,
                     options->speed, sw_time_mono_ms());
}

enum sw_code sw_upstream_open(const struct sw_upstream_options *options, struct sw_auth *auth,
                              struct sw_http *http, const struct sw_transport *transport,
                              struct sw_upstream **out, struct sw_error *err)
{
    *out = NULL;
    sw_assert(http || transport);
    struct sw_upstream *upstream = sw_xcalloc(1, sizeof(*upstream));
    enum sw_code code = origin_parse(options->base_url, "base_url", &upstream->origin, err);
    if (code != SW_OK) {
        sw_error_set_source(err, options->source_id);
        free(upstream);
        sw_auth_free(auth);
        return code;
    }
    upstream_fill(upstream, options);
    upstream->auth = auth;
    upstream->http = http;
    if (transport)
        upstream->transport = *transport;
    sw_mutex_init(&upstream->lock);
    *out = upstream;
    return SW_OK;
}

void sw_upstream_close(struct sw_upstream *upstream)
{
    if (!upstream)
        return;
    sw_auth_free(upstream->auth);
    sw_mutex_clear(&upstream->lock);
    free(upstream->ca_file);
    free(upstream);
}

/* REAL ms until the time the upstream told us to wait for; 0: none. Lock held. */
static int64_t told_wait_ms(struct sw_upstream *upstream)
{
    sw_mutex_assert_held(&upstream->lock);
    if (upstream->health.retry_at_ms == 0)
        return 0;
    int64_t wait = upstream->health.retry_at_ms - sw_time_real_ms();
    /* A clock set back must not make it longer than any upstream may ask for. */
    if (wait <= 0 || wait > RETRY_AFTER_MAX_MS) {
        upstream->health.retry_at_ms = 0;
        return 0;
    }
    return wait;
}

bool sw_upstream_acquire(struct sw_upstream *upstream, int64_t now_mono_ms, int64_t *wait_ms)
{
    sw_mutex_lock(&upstream->lock);
    *wait_ms = told_wait_ms(upstream);
    bool is_free = *wait_ms == 0 && rate_budget_acquire(&upstream->budget, now_mono_ms, wait_ms);
    sw_mutex_unlock(&upstream->lock);
    return is_free;
}

void sw_upstream_release(struct sw_upstream *upstream)
{
    sw_mutex_lock(&upstream->lock);
    rate_budget_release(&upstream->budget);
    sw_mutex_unlock(&upstream->lock);
}

void sw_upstream_health(struct sw_upstream *upstream, struct sw_upstream_health *out)
{
    sw_mutex_lock(&upstream->lock);
    *out = upstream->health;
    sw_mutex_unlock(&upstream->lock);
}

void upstream_note_reply(struct sw_upstream *upstream, const struct sw_reply *reply)
{
    struct sw_upstream_health *health = &upstream->health;
    sw_mutex_lock(&upstream->lock);
    health->latency_ms = (struct sw_value){.value = reply->latency_ms, .is_known = true};
    if (reply->quota_left.is_known)
        health->quota_left = reply->quota_left;
    if (reply->quota_note[0])
        sw_copy(health->quota_note, sizeof(health->quota_note), reply->quota_note);
    if (reply->date_ms > 0)
        health->clock_skew_s = (struct sw_value){
            .value = (double)((reply->date_ms - sw_time_real_ms()) / 1000), .is_known = true};
    health->retry_at_ms = reply->retry_after_ms;
    sw_mutex_unlock(&upstream->lock);
}

bool upstream_spend(struct sw_upstream *upstream, bool is_action, int64_t *wait_ms,
                    int64_t *retry_at_ms)
{
    sw_mutex_lock(&upstream->lock);
    *wait_ms = told_wait_ms(upstream);
    *retry_at_ms = upstream->health.retry_at_ms;
    bool is_free = *wait_ms == 0 || is_action;
    if (is_free)
        rate_budget_spend(&upstream->budget, sw_time_mono_ms());
    sw_mutex_unlock(&upstream->lock);
    return is_free;
}
