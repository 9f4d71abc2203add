/* channel.c: channels, and the pipeline behind sw_exchange.
 *
 * The order is the guarantee: the gate sees every request first, so nothing
 * that it refuses costs budget, reads a secret or touches the network; the
 * credential is put on last before the transport, so that nothing else ever
 * holds it; the judgement of what may be sent again is made in one place
 * (retry.c) from what really happened on the wire.
 *
 * One exchange never takes longer than its operation's timeout (attempts and
 * pauses together), plus the time a token takes to get.
 *
 * A channel belongs to one flow; its lock guards what sw_channel_cancel touches
 * from another thread. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "base/time.h"
#include "net/auth_kind.h"
#include "net/http.h"
#include "net/request.h"
#include "net/retry.h"
#include "net/secret_bytes.h"
#include "net/upstream.h"

enum {
    TIMEOUT_READ_MS = 15000,
    TIMEOUT_WRITE_MS = 30000,
    SKEW_SHOWN_S = 60, /* from here on tokens fail. Source: reliability target "clock" */
    URL_MAX = 16 * 1024,
};

/* Belongs to the flow's thread. */
struct sw_channel {
    struct sw_upstream *upstream;
    bool is_action;
    void *pool; /* own connections of an action, or NULL */
    atomic_bool is_cancelled;
    struct sw_mutex lock; /* guards running */
    struct sw_cond woken;
    struct wire_call *running; /* in http_perform */
};

/* One request on its way through the pipeline. */
struct passage {
    struct sw_channel *channel;
    const struct send_gate *gate;
    struct sw_auth *auth; /* NULL: goes as it is */
    bool is_token;        /* a token request: outside the account's budget and health */
    const struct sw_request *request;
    struct sw_reply *reply;
    char *url;
    int64_t deadline_ms; /* monotonic */
    int attempt;         /* from 1 */
    bool is_renewed;     /* the credential was renewed once already */
    bool has_lookup_failed;
};

/* ------------------------------------------------------------------- channel */

struct sw_channel *sw_channel_open(struct sw_upstream *upstream, bool is_action)
{
    struct sw_channel *channel = sw_xcalloc(1, sizeof(*channel));
    channel->upstream = upstream;
    channel->is_action = is_action;
    atomic_init(&channel->is_cancelled, false);
    sw_mutex_init(&channel->lock);
    sw_cond_init(&channel->woken);
    if (is_action && upstream->http)
        channel->pool = http_pool_open();
    return channel;
}

void sw_channel_close(struct sw_channel *channel)
{
    if (!channel)
        return;
    sw_assert(!channel->running);
    if (channel->pool)
        http_pool_close(channel->upstream->http, channel->pool);
    sw_cond_clear(&channel->woken);
    sw_mutex_clear(&channel->lock);
    free(channel);
}

void sw_channel_cancel(struct sw_channel *channel)
{
    atomic_store(&channel->is_cancelled, true);
    sw_mutex_lock(&channel->lock);
    if (channel->running)
        http_cancel(channel->upstream->http, channel->running);
    sw_cond_broadcast(&channel->woken);
    sw_mutex_unlock(&channel->lock);
}

/* False when cancelled. */
static bool pause_for(struct sw_channel *channel, int64_t wait_ms)
{
    int64_t until = sw_time_mono_ms() + wait_ms;
    sw_mutex_lock(&channel->lock);
    while (!atomic_load(&channel->is_cancelled) &&
           sw_cond_wait_until(&channel->woken, &channel->lock, until))
        continue;
    sw_mutex_unlock(&channel->lock);
    return !atomic_load(&channel->is_cancelled);
}

/* ------------------------------------------------------------------ pipeline */

static enum sw_code run(struct passage *passage, struct sw_error *err);

/* What an auth calls to get a token: the same pipeline with a gate of its own. */
static enum sw_code send_for_token(void *arg, const struct origin *origin,
                                   const struct sw_request *request, struct sw_reply *reply,
                                   struct sw_error *err)
{
    struct sw_channel *channel = arg;
    struct send_gate gate = {
        .source_id = channel->upstream->source_id,
        .origin = origin,
        .operations = request->operation,
        .operation_count = 1,
        .is_read_only = channel->upstream->gate.is_read_only,
    };
    struct passage passage = {
        .channel = channel,
        .gate = &gate,
        .is_token = true,
        .request = request,
        .reply = reply,
    };
    return run(&passage, err);
}

static int timeout_ms(const struct sw_operation *operation)
{
    if (operation->timeout_ms > 0)
        return operation->timeout_ms;
    return operation->effect == SW_EFFECT_READ ? TIMEOUT_READ_MS : TIMEOUT_WRITE_MS;
}

/* Builds the URL and asks the gate. */
static enum sw_code pass_gate(struct passage *passage, struct sw_error *err)
{
    const struct sw_request *request = passage->request;
    const struct origin *origin = passage->gate->origin;
    enum sw_code code = request_check(request, err);
    if (code != SW_OK)
        return code;
    struct sw_buf url;
    sw_buf_init(&url, URL_MAX);
    sw_buf_add(&url, origin->text);
    sw_buf_add(&url, origin->prefix);
    size_t base_len = url.len;
    sw_buf_add(&url, request->path);
    if (sw_buf_is_failed(&url))
        code = sw_fail(err, SW_E_LIMIT, "%s: the URL is too long", request->operation->name);
    else
        code = send_gate_check(passage->gate, request, sw_buf_text(&url), err);
    if (code == SW_OK) {
        char base[ORIGIN_TEXT + ORIGIN_PREFIX];
        sw_format(base, sizeof(base), "%.*s", (int)base_len, sw_buf_text(&url));
        sw_buf_reset(&url);
        request_add_url(request, base, &url);
        passage->url = sw_buf_take(&url);
        if (!passage->url)
            code = sw_fail(err, SW_E_LIMIT, "%s: the URL is longer than %d bytes",
                           request->operation->name, URL_MAX);
    }
    sw_buf_clear(&url);
    return code;
}

/* Polls respect the time the upstream told us; every request is counted. */
static enum sw_code pass_budget(struct passage *passage, struct sw_error *err)
{
    struct sw_upstream *upstream = passage->channel->upstream;
    int64_t wait_ms = 0, retry_at_ms = 0;
    if (passage->is_token ||
        upstream_spend(upstream, passage->channel->is_action, &wait_ms, &retry_at_ms))
        return SW_OK;
    return sw_fail_http(err, SW_E_QUOTA, 0, true, retry_at_ms,
                        "%s: %s asked us to wait another %lld s; nothing was sent",
                        passage->request->operation->name, upstream->origin.host,
                        (long long)(wait_ms + 999) / 1000);
}

static void write_trace(const struct passage *passage, const struct wire_call *call,
                        enum sw_code code)
{
    const struct sw_upstream *upstream = passage->channel->upstream;
    if (!upstream->http)
        return;
    const struct sw_operation *operation = passage->request->operation;
    struct trace_entry entry = {
        .queued_ms = call->queued_ms,
        .first_byte_ms = call->first_byte_ms,
        .total_ms = call->total_ms,
        .source_id = upstream->source_id,
        .operation = operation->target ? operation->target : operation->name,
        .method = request_method_name(operation->method),
        .origin = passage->gate->origin->text,
        .prefix = passage->gate->origin->prefix,
        .path = passage->request->path,
        .attempt = passage->attempt,
        .status = passage->reply->status,
        .bytes = call->body_bytes,
        .code = code,
    };
    trace_write(http_trace(upstream->http), &entry);
}

/* curl, where sw_channel_cancel can reach it. */
static enum sw_code perform_http(struct sw_channel *channel, struct wire_call *call,
                                 struct sw_reply *reply, struct sw_error *err)
{
    sw_mutex_lock(&channel->lock);
    channel->running = call;
    sw_mutex_unlock(&channel->lock);
    enum sw_code code = SW_E_CANCELLED;
    if (atomic_load(&channel->is_cancelled))
        sw_fail(err, code, "cancelled before it was sent");
    else
        code = http_perform(channel->upstream->http, call, reply, err);
    sw_mutex_lock(&channel->lock);
    channel->running = NULL;
    sw_mutex_unlock(&channel->lock);
    return code;
}

static enum sw_code perform_fake(struct sw_channel *channel, struct wire_call *call,
                                 struct sw_reply *reply, struct sw_error *err)
{
    const struct sw_transport *transport = &channel->upstream->transport;
    int64_t start = sw_time_mono_ms();
    enum sw_code code = transport->perform(transport->arg, call->request, reply, err);
    call->is_sent = code == SW_OK || !err->is_retryable;
    call->body_bytes = reply->body_len;
    call->total_ms = sw_time_mono_ms() - start;
    if (code == SW_OK && reply->body_len > call->body_max_bytes)
        return sw_fail(err, SW_E_LIMIT, "the reply is larger than %zu bytes", call->body_max_bytes);
    return code;
}

/* One attempt on the wire. The transport's SW_OK says only that there is an answer. */
static enum sw_code perform(struct passage *passage, struct wire_call *call, struct sw_error *err)
{
    struct sw_channel *channel = passage->channel;
    call->request = passage->request;
    call->origin = passage->gate->origin;
    call->url = passage->url;
    call->ca_file = channel->upstream->ca_file;
    call->body_max_bytes = channel->upstream->body_max_bytes;
    call->deadline_mono_ms = passage->deadline_ms;
    call->is_action = channel->is_action;
    call->is_lookup_skipped = channel->is_action && passage->has_lookup_failed;
    call->pool = channel->pool;
    call->queued_ms = sw_time_real_ms();
    bool is_fake = channel->upstream->transport.perform != NULL;
    enum sw_code code = is_fake ? perform_fake(channel, call, passage->reply, err)
                                : perform_http(channel, call, passage->reply, err);
    passage->has_lookup_failed = call->is_lookup_failed;
    if (code == SW_OK && !passage->is_token)
        upstream_note_reply(channel->upstream, passage->reply);
    return code;
}

static enum sw_code code_of_status(int status)
{
    switch (status) {
    case 401:
        return SW_E_AUTH;
    case 403:
        return SW_E_DENIED;
    case 404:
        return SW_E_NOT_FOUND;
    case 409:
    case 412:
    case 422:
        return SW_E_CONFLICT;
    case 429:
        return SW_E_QUOTA;
    default:
        return status >= 200 && status < 300 ? SW_OK : SW_E_HTTP;
    }
}

static const char *meaning_of(enum sw_code code, int status)
{
    switch (code) {
    case SW_E_AUTH:
        return "the credential was refused";
    case SW_E_DENIED:
        return "the credential has no right to this";
    case SW_E_NOT_FOUND:
        return "no such thing there";
    case SW_E_CONFLICT:
        return "its state does not allow it, or the request was not accepted";
    case SW_E_QUOTA:
        return "too many requests";
    default:
        if (status >= 500)
            return "the upstream failed";
        return "the request was not accepted";
    }
}

/* " (this machine's clock is 300 s behind theirs: set it right)", or nothing. */
static void skew_hint(const struct sw_reply *reply, char *out, size_t size)
{
    out[0] = '\0';
    if (reply->date_ms == 0)
        return;
    long long skew = (long long)((reply->date_ms - sw_time_real_ms()) / 1000);
    if (skew > SKEW_SHOWN_S)
        sw_format(out, size, " (this machine's clock is %lld s behind theirs: set it right)", skew);
    else if (skew < -SKEW_SHOWN_S)
        sw_format(out, size, " (this machine's clock is %lld s ahead of theirs: set it right)",
                  -skew);
}

/* What an answer means, as code and text. SW_OK for 2xx. */
static enum sw_code judge_answer(const struct passage *passage, struct sw_error *err)
{
    const struct sw_reply *reply = passage->reply;
    const struct auth_kind *kind = passage->auth ? passage->auth->kind : NULL;
    enum sw_code code = code_of_status(reply->status);
    if (code == SW_OK)
        return SW_OK;
    enum sw_code said = kind && kind->classify ? kind->classify(reply) : SW_OK;
    if (said != SW_OK)
        code = said;
    const char *name = passage->request->operation->name;
    const char *host = passage->gate->origin->host;
    if (reply->status >= 300 && reply->status < 400)
        return sw_fail_http(err, code, reply->status, false, 0,
                            "%s: %s answered %d and points to %s; redirects are never followed, "
                            "correct the configured URL or id",
                            name, host, reply->status,
                            reply->location[0] ? reply->location : "nowhere");
    char hint[96];
    skew_hint(reply, hint, code == SW_E_AUTH ? sizeof(hint) : 1);
    return sw_fail_http(err, code, reply->status, false, 0, "%s: %s answered %d: %s%s%s", name,
                        host, reply->status, meaning_of(code, reply->status),
                        code == SW_E_AUTH && passage->is_renewed ? ", also when renewed" : "",
                        hint);
}

/* After a failure: true when the same request is to be sent again (the pause is already over). */
static bool may_try_again(struct passage *passage, const struct wire_call *call, enum sw_code *code,
                          struct sw_error *err)
{
    const struct sw_operation *operation = passage->request->operation;
    struct retry_case c = {
        .effect = operation->effect,
        .is_idempotent = operation->is_idempotent,
        .is_action = passage->channel->is_action,
        .is_quota_brief = operation->is_quota_brief,
        .is_unsent = !call->is_sent,
        .attempt = passage->attempt,
        .code = *code,
        .http_status = *code == SW_E_QUOTA ? 429 : passage->reply->status,
        .retry_after_ms = passage->reply->retry_after_ms,
        .now_ms = sw_time_real_ms(),
        .left_ms = passage->deadline_ms - sw_time_mono_ms(),
        .jitter = sw_random_unit(),
    };
    struct retry_verdict verdict = retry_judge(&c);
    if (verdict.is_again) {
        if (pause_for(passage->channel, verdict.wait_ms))
            return true;
        *code =
            sw_fail(err, SW_E_CANCELLED, "%s: cancelled before it was sent again", operation->name);
        return false;
    }
    err->is_retryable = verdict.is_retryable;
    err->retry_at_ms = verdict.retry_at_ms;
    if (verdict.code != *code) {
        int status = err->http_status;
        sw_error_prefix(err, "sent, but whether it took effect is not known");
        err->code = verdict.code;
        err->http_status = status;
        *code = verdict.code;
    }
    return false;
}

/* Once for each exchange: a refused request was certainly not carried out, so it may be sent again,
 * whatever it does. */
static bool may_renew(struct passage *passage, const struct wire_call *call, enum sw_code code)
{
    if (code != SW_E_AUTH || !passage->auth || passage->is_renewed || passage->reply->status == 0)
        return false;
    passage->auth->kind->refused(passage->auth, &call->credential);
    passage->is_renewed = true;
    return true;
}

static enum sw_code put_credential(struct passage *passage, struct wire_call *call,
                                   struct sw_error *err)
{
    if (!passage->auth)
        return SW_OK;
    struct auth_context context = {
        .is_action = passage->channel->is_action,
        .send = send_for_token,
        .arg = passage->channel,
        .is_cancelled = &passage->channel->is_cancelled,
    };
    return passage->auth->kind->apply(passage->auth, &context, &call->credential, err);
}

enum step { STEP_DONE, STEP_AGAIN };

/* One attempt: budget, credential, wire, judgement. */
static enum step attempt(struct passage *passage, enum sw_code *code, struct sw_error *err)
{
    struct wire_call call = {0};
    enum step step = STEP_DONE;
    sw_reply_clear(passage->reply);
    sw_error_clear(err);
    sw_error_set_source(err, passage->channel->upstream->source_id);
    *code = pass_budget(passage, err);
    if (*code == SW_OK)
        *code = put_credential(passage, &call, err);
    if (*code != SW_OK)
        goto out; /* nothing was sent: the code says so */
    *code = perform(passage, &call, err);
    if (*code == SW_OK)
        *code = judge_answer(passage, err);
    else
        sw_error_prefix(err, "%s", passage->request->operation->name);
    write_trace(passage, &call, *code);
    if (*code == SW_OK)
        goto out;
    if (may_renew(passage, &call, *code))
        step = STEP_AGAIN;
    else if (may_try_again(passage, &call, code, err)) {
        passage->attempt++;
        step = STEP_AGAIN;
    }
out:
    wire_credential_clear(&call.credential);
    return step;
}

static enum sw_code run(struct passage *passage, struct sw_error *err)
{
    struct sw_channel *channel = passage->channel;
    if (atomic_load(&channel->is_cancelled))
        return sw_fail(err, SW_E_CANCELLED, "%s: cancelled", passage->request->operation->name);
    enum sw_code code = pass_gate(passage, err);
    if (code != SW_OK)
        return code;
    passage->attempt = 1;
    passage->deadline_ms = sw_time_mono_ms() + timeout_ms(passage->request->operation);
    while (attempt(passage, &code, err) == STEP_AGAIN)
        continue;
    free(passage->url);
    passage->url = NULL;
    return code;
}

enum sw_code sw_exchange(struct sw_channel *channel, const struct sw_request *request,
                         struct sw_reply *reply, struct sw_error *err)
{
    struct sw_error own = {0};
    struct passage passage = {
        .channel = channel,
        .gate = &channel->upstream->gate,
        .auth = channel->upstream->auth,
        .request = request,
        .reply = reply,
    };
    *reply = (struct sw_reply){0};
    sw_error_set_source(&own, channel->upstream->source_id);
    enum sw_code code = run(&passage, &own);
    secret_redact(NULL, own.text, sizeof(own.text));
    if (code != SW_OK && err)
        *err = own;
    return code;
}
