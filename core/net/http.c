/* http.c: the curl transport, and the only file that knows curl.
 *
 * One multi handle, touched by the engine thread alone (sw_http_turn). A flow's
 * thread makes its easy handle, puts the transfer into a queue, wakes the
 * engine and sleeps until it is done; from queueing to done the engine owns
 * the transfer, before and after it is the flow's. The lock guards the queue,
 * the marks of cancelled calls and the end of each transfer, nothing else.
 *
 * Decided here, for every request: https (plain http to a literal loopback
 * address only), TLS 1.2 or newer with peer and host checked, no redirect, no
 * netrc, no cookies, a connection within 5 s, a total deadline, a body cap
 * counted on what was unpacked (curl's own limit does not count a chunked or
 * packed body; measured with 7.88.1), no reply slower than 100 B/s for 5 s once
 * it has begun, and QUICK_EXIT: without it a hung name lookup stops the whole
 * handle for its length, and every halt with it (measured: 7.5 s).
 *
 * Curl quietly sends a request again when a reused connection turns out dead.
 * For what must not be sent twice the second try is stopped before a byte of it
 * leaves (PREREQFUNCTION), and the outcome is called unknown.
 *
 * Actions have connections of their own: each action's channel brings a pool
 * (a curl share object used by the engine thread only), so a halt neither
 * queues behind a poll nor rides on a connection that a poll has hung.
 *
 * Not done here: retries, credentials' life, rate limits (channel.c). */
#include "net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "net/addresses.h"
#include "net/http_failure.h"
#include "net/reply_headers.h"
#include "net/request.h"
#include "net/secret_bytes.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    CONNECT_QUICK_MS = 2000, /* of an action that knows where to go when the lookup hangs */
    LOOKUP_LIFE_S = 60,
    SLOW_WINDOW_MS = 5000,
    SLOW_BYTES_PER_S = 100,
    DEAD_PEER_MS = 20000,  /* unacknowledged data this old: the connection is gone */
    IDLE_CONNECTIONS = 48, /* kept open between polls, in all */
};

/* On the stack of the flow's thread. Owned by the engine thread while RUNNING. */
struct transfer {
    struct wire_call *call;
    struct sw_reply *reply;
    struct reply_headers headers;
    CURL *easy;
    struct curl_slist *lines;         /* header lines; hold secrets */
    struct curl_slist *resolved;      /* "+host:port:address", or NULL */
    char known_address[ADDRESS_TEXT]; /* that answered last; empty: none */
    long lookup_life_s;
    char words[CURL_ERROR_SIZE]; /* curl's own, on failure */
    size_t body_cap;             /* allocated for reply->body */
    int64_t start_mono_ms;
    int64_t slow_since_mono_ms; /* start of the window looked at; 0: no body yet */
    size_t slow_bytes;          /* body bytes at its start */
    bool is_head_whole;         /* the empty line behind the last headers came */
    bool is_too_big, is_too_slow, is_resend_refused;
    bool is_done; /* guarded by http->lock */
    CURLcode result;
    struct sw_cond done;
    struct transfer *next, *previous;
};

struct pool {
    CURLSH *share;
    struct pool *next; /* in http->closed_pools */
};

struct sw_http {
    CURLM *multi;             /* engine thread */
    struct transfer *running; /* engine thread */
    struct trace *trace;
    struct addresses addresses;
    long lookup_life_s;      /* how long a looked-up address is used */
    struct sw_mutex lock;    /* guards what follows */
    struct transfer *queued; /* newest first */
    struct pool *closed_pools;
    bool has_cancelled;
};

/* ------------------------------------------------------------ open and close */

enum sw_code sw_http_open(const char *trace_path, struct sw_http **out, struct sw_error *err)
{
    *out = NULL;
    struct trace *trace = NULL;
    enum sw_code code = trace_path ? trace_open(trace_path, &trace, err) : SW_OK;
    if (code != SW_OK)
        return code;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        trace_close(trace);
        return sw_fail(err, SW_E_INTERNAL, "libcurl could not start");
    }
    struct sw_http *http = sw_xcalloc(1, sizeof(*http));
    http->trace = trace;
    http->multi = curl_multi_init();
    if (!http->multi)
        sw_die("libcurl has no memory");
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    sw_mutex_init(&http->lock);
    addresses_init(&http->addresses);
    http->lookup_life_s = LOOKUP_LIFE_S;
    *out = http;
    return SW_OK;
}

void http_set_lookup_life(struct sw_http *http, int seconds)
{
    http->lookup_life_s = seconds;
}

struct trace *http_trace(struct sw_http *http)
{
    return http->trace;
}

void sw_http_wake(struct sw_http *http)
{
    curl_multi_wakeup(http->multi);
}

void *http_pool_open(void)
{
    struct pool *pool = sw_xcalloc(1, sizeof(*pool));
    pool->share = curl_share_init();
    if (!pool->share || curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT))
        sw_die("libcurl has no memory");
    return pool;
}

void http_pool_close(struct sw_http *http, void *handle)
{
    struct pool *pool = handle;
    sw_mutex_lock(&http->lock);
    pool->next = http->closed_pools;
    http->closed_pools = pool;
    sw_mutex_unlock(&http->lock);
    sw_http_wake(http);
}

static void free_closed_pools(struct sw_http *http)
{
    sw_mutex_lock(&http->lock);
    struct pool *pool = http->closed_pools;
    http->closed_pools = NULL;
    sw_mutex_unlock(&http->lock);
    while (pool) {
        struct pool *next = pool->next;
        curl_share_cleanup(pool->share);
        free(pool);
        pool = next;
    }
}

/* ------------------------------------------------- callbacks, engine thread */

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        transfer->is_head_whole = false; /* another answer begins (after 100 Continue) */
    else if (len <= 2)
        transfer->is_head_whole = true;
    reply_headers_line(&transfer->headers, line, len);
    return len;
}

/* Fewer bytes than given stops the transfer. */
static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    struct sw_reply *reply = transfer->reply;
    size_t len = size * count;
    size_t max = transfer->call->body_max_bytes;
    if (len > max - reply->body_len) {
        transfer->is_too_big = true;
        return 0;
    }
    if (reply->body_len + len + 1 > transfer->body_cap) {
        size_t cap = transfer->body_cap ? transfer->body_cap * 2 : 4096;
        while (cap < reply->body_len + len + 1)
            cap *= 2;
        reply->body = sw_xrealloc_array(reply->body, cap, 1);
        transfer->body_cap = cap;
    }
    memcpy(reply->body + reply->body_len, bytes, len);
    reply->body_len += len;
    reply->body[reply->body_len] = '\0';
    if (transfer->slow_since_mono_ms == 0)
        transfer->slow_since_mono_ms = sw_time_mono_ms();
    return len;
}

/* Right before the first byte of a request leaves; again when curl wants to send it a second time
 * because a reused connection was dead. */
static int on_ready(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    struct transfer *transfer = arg;
    struct wire_call *call = transfer->call;
    if (call->is_sent && call->request->operation->effect != SW_EFFECT_READ) {
        transfer->is_resend_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    call->is_sent = true;
    if (call->first_byte_ms == 0)
        call->first_byte_ms = sw_time_real_ms();
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg, (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
#ifdef TCP_USER_TIMEOUT
    unsigned int dead_ms = DEAD_PEER_MS;
    if (address->family == AF_INET || address->family == AF_INET6)
        sw_ignore(setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms)));
#endif
    return fd;
}

/* ------------------------------------------------------- setting up a handle */

static void add_line(struct transfer *transfer, const char *name, const char *value)
{
    char *line = sw_xasprintf("%s: %s", name, value);
    struct curl_slist *lines = curl_slist_append(transfer->lines, line);
    secret_wipe_text(line);
    if (!lines)
        sw_die("libcurl has no memory");
    transfer->lines = lines;
}

static void free_lines(struct transfer *transfer)
{
    for (struct curl_slist *line = transfer->lines; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(transfer->lines);
    transfer->lines = NULL;
}

static void set_lines(struct transfer *transfer)
{
    const struct wire_call *call = transfer->call;
    const struct sw_request *request = call->request;
    const struct wire_credential *credential = &call->credential;
    add_line(transfer, "Accept", request->accept ? request->accept : "application/json");
    if (request->content_type)
        add_line(transfer, "Content-Type", request->content_type);
    if (request->operation->target)
        add_line(transfer, "X-Amz-Target", request->operation->target);
    if (credential->aws_token)
        add_line(transfer, "X-Amz-Security-Token", sw_secret_bytes(credential->aws_token, NULL));
    if (credential->bearer) {
        char *value = sw_xasprintf("Bearer %s", sw_secret_bytes(credential->bearer, NULL));
        add_line(transfer, "Authorization", value);
        secret_wipe_text(value);
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->lines);
}

/* The signature covers the lines set above and the body as it stands. Source: AWS notes,
 * "SigV4 with libcurl 7.88.1, recipe", read 2026-01. */
static void set_signature(struct transfer *transfer)
{
    const struct wire_credential *credential = &transfer->call->credential;
    if (!credential->aws_scope[0])
        return;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, credential->aws_scope);
    curl_easy_setopt(easy, CURLOPT_USERNAME, sw_secret_bytes(credential->aws_key_id, NULL));
    curl_easy_setopt(easy, CURLOPT_PASSWORD, sw_secret_bytes(credential->aws_secret, NULL));
}

static void set_method_and_body(struct transfer *transfer)
{
    const struct sw_request *request = transfer->call->request;
    CURL *easy = transfer->easy;
    enum sw_method method = request->operation->method;
    bool has_body = method != SW_GET && (method != SW_DELETE || request->body_len > 0);
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_len > 0 ? request->body : "");
    }
    if (method != SW_GET && method != SW_POST)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_method_name(method));
    if (has_body && !request->content_type) {
        /* curl would say that nothing is a form. */
        struct curl_slist *lines = curl_slist_append(transfer->lines, "Content-Type:");
        if (!lines)
            sw_die("libcurl has no memory");
        transfer->lines = lines;
    }
}

static void set_place(struct transfer *transfer)
{
    const struct wire_call *call = transfer->call;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call->origin->is_https ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
    if (call->origin->is_loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* else http_proxy is followed even there */
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (call->is_action && call->pool)
        curl_easy_setopt(easy, CURLOPT_SHARE, ((struct pool *)call->pool)->share);
}

static void set_tls(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (transfer->call->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->call->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* instead of the system's, not beside them */
    }
}

/* Without a lookup, to where the host was last. The '+' lets curl forget it as it forgets others.
 */
static void set_address(struct transfer *transfer)
{
    const struct wire_call *call = transfer->call;
    if (!call->is_lookup_skipped || !transfer->known_address[0])
        return;
    char *text =
        sw_xasprintf("+%s:%d:%s", call->origin->host, call->origin->port, transfer->known_address);
    transfer->resolved = curl_slist_append(NULL, text);
    free(text);
    curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->resolved);
}

static void set_limits(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct wire_call *call = transfer->call;
    int64_t left = call->deadline_mono_ms - sw_time_mono_ms();
    bool is_quick = call->is_action && !call->is_lookup_skipped && transfer->known_address[0];
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(is_quick ? CONNECT_QUICK_MS : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, transfer->lookup_life_s);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "slipway/" SLIPWAY_VERSION);
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

static void set_up(struct transfer *transfer)
{
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        sw_die("libcurl has no memory");
    set_place(transfer);
    set_address(transfer);
    set_tls(transfer);
    set_limits(transfer);
    set_callbacks(transfer);
    set_method_and_body(transfer);
    set_lines(transfer);
    set_signature(transfer);
}

/* ------------------------------------------------------------- engine thread */

static void finish(struct sw_http *http, struct transfer *transfer, CURLcode result)
{
    curl_multi_remove_handle(http->multi, transfer->easy);
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        http->running = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    transfer->result = result;
    sw_mutex_lock(&http->lock);
    transfer->is_done = true;
    sw_cond_signal(&transfer->done);
    sw_mutex_unlock(&http->lock);
    /* The flow's thread has it now. */
}

static void start(struct sw_http *http, struct transfer *transfer)
{
    transfer->previous = NULL;
    transfer->next = http->running;
    if (http->running)
        http->running->previous = transfer;
    http->running = transfer;
    if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
        finish(http, transfer, CURLE_FAILED_INIT);
}

static void start_queued(struct sw_http *http)
{
    sw_mutex_lock(&http->lock);
    struct transfer *transfer = http->queued;
    http->queued = NULL;
    sw_mutex_unlock(&http->lock);
    while (transfer) {
        struct transfer *next = transfer->next;
        start(http, transfer);
        transfer = next;
    }
}

/* The first running transfer whose call was cancelled, or NULL. */
static struct transfer *next_cancelled(struct sw_http *http)
{
    struct transfer *found = NULL;
    sw_mutex_lock(&http->lock);
    if (http->has_cancelled) {
        found = http->running;
        while (found && !found->call->is_cancelled)
            found = found->next;
        /* What is queued meanwhile may be the one: it is looked at again once it runs. */
        if (!found && !http->queued)
            http->has_cancelled = false;
    }
    sw_mutex_unlock(&http->lock);
    return found;
}

static void stop_cancelled(struct sw_http *http)
{
    struct transfer *transfer;
    while ((transfer = next_cancelled(http)) != NULL)
        finish(http, transfer, CURLE_ABORTED_BY_CALLBACK);
}

/* Not curl's LOW_SPEED: that counts the time an upstream thinks before it answers. */
static void stop_slow(struct sw_http *http)
{
    int64_t now = http->running ? sw_time_mono_ms() : 0;
    for (struct transfer *transfer = http->running, *next; transfer; transfer = next) {
        next = transfer->next;
        if (transfer->slow_since_mono_ms == 0 ||
            now - transfer->slow_since_mono_ms < SLOW_WINDOW_MS)
            continue;
        size_t got = transfer->reply->body_len - transfer->slow_bytes;
        transfer->is_too_slow = got < (size_t)SLOW_BYTES_PER_S * SLOW_WINDOW_MS / 1000;
        transfer->slow_since_mono_ms = now;
        transfer->slow_bytes = transfer->reply->body_len;
        if (transfer->is_too_slow)
            finish(http, transfer, CURLE_ABORTED_BY_CALLBACK);
    }
}

static bool has_body_coming(const struct sw_http *http)
{
    for (const struct transfer *transfer = http->running; transfer; transfer = transfer->next)
        if (transfer->slow_since_mono_ms)
            return true;
    return false;
}

static void finish_done(struct sw_http *http)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        char *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(http, (struct transfer *)(void *)transfer, result);
    }
}

static void run_transfers(struct sw_http *http)
{
    int running = 0;
    start_queued(http);
    stop_cancelled(http);
    curl_multi_perform(http->multi, &running);
    finish_done(http);
    stop_slow(http);
    free_closed_pools(http);
}

void sw_http_turn(struct sw_http *http, int timeout_ms, int extra_fd)
{
    sw_assert_on(SW_THREAD_ENGINE);
    struct curl_waitfd extra = {.fd = extra_fd, .events = CURL_WAIT_POLLIN};
    if (timeout_ms > 1000 && has_body_coming(http))
        timeout_ms = 1000;
    curl_multi_poll(http->multi, extra_fd >= 0 ? &extra : NULL, extra_fd >= 0 ? 1 : 0, timeout_ms,
                    NULL);
    run_transfers(http);
}

void sw_http_cancel_all(struct sw_http *http)
{
    start_queued(http);
    while (http->running) {
        sw_mutex_lock(&http->lock);
        http->running->call->is_cancelled = true;
        sw_mutex_unlock(&http->lock);
        finish(http, http->running, CURLE_ABORTED_BY_CALLBACK);
    }
}

void sw_http_close(struct sw_http *http)
{
    if (!http)
        return;
    sw_http_cancel_all(http);
    free_closed_pools(http);
    curl_multi_cleanup(http->multi);
    trace_close(http->trace);
    addresses_clear(&http->addresses);
    sw_mutex_clear(&http->lock);
    free(http);
    curl_global_cleanup();
}

/* ------------------------------------------------------------- flow's thread */

static enum http_phase phase_reached(const struct transfer *transfer)
{
    curl_off_t lookup = 0, tls = 0;
    long local_port = 0; /* CONNECT_TIME stays 0 until the TLS handshake is over */
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup);
    curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &local_port);
    curl_easy_getinfo(transfer->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    if (transfer->reply->status > 0)
        return HTTP_PHASE_BODY;
    if (transfer->call->is_sent)
        return HTTP_PHASE_ANSWER;
    if (lookup == 0)
        return HTTP_PHASE_LOOKUP;
    if (local_port == 0)
        return HTTP_PHASE_CONNECT;
    return tls == 0 && transfer->call->origin->is_https ? HTTP_PHASE_TLS : HTTP_PHASE_ANSWER;
}

static enum http_failure_kind kind_of_abort(const struct transfer *transfer)
{
    if (transfer->is_resend_refused)
        return HTTP_FAILURE_RESEND_REFUSED;
    return transfer->is_too_slow ? HTTP_FAILURE_TOO_SLOW : HTTP_FAILURE_CANCELLED;
}

static enum http_failure_kind kind_of(const struct transfer *transfer)
{
    switch (transfer->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_FAILURE_LOOKUP;
    case CURLE_COULDNT_CONNECT:
        return HTTP_FAILURE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_FAILURE_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        return HTTP_FAILURE_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return HTTP_FAILURE_HANDSHAKE;
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_FAILURE_CA_FILE;
    case CURLE_GOT_NOTHING:
        return HTTP_FAILURE_CLOSED;
    case CURLE_RECV_ERROR:
        return strstr(transfer->words, "Too large response headers") ? HTTP_FAILURE_HEADERS_TOO_BIG
                                                                     : HTTP_FAILURE_CUT;
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return HTTP_FAILURE_CUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return HTTP_FAILURE_NOT_HTTP;
    case CURLE_WRITE_ERROR:
        return transfer->is_too_big ? HTTP_FAILURE_BODY_TOO_BIG : HTTP_FAILURE_NOT_HTTP;
    case CURLE_ABORTED_BY_CALLBACK:
        return kind_of_abort(transfer);
    default:
        return HTTP_FAILURE_OTHER;
    }
}

static enum sw_code tell_failure(struct transfer *transfer, struct sw_error *err)
{
    long os_errno = 0, verify_code = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
    curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &verify_code);
    struct http_failure failure = {
        .kind = kind_of(transfer),
        .phase = phase_reached(transfer),
        .os_errno = (int)os_errno,
        .verify_code = verify_code,
        .words = transfer->words[0] ? transfer->words : curl_easy_strerror(transfer->result),
        .waited_ms = transfer->call->total_ms,
    };
    transfer->call->is_lookup_failed =
        failure.kind == HTTP_FAILURE_LOOKUP ||
        (failure.kind == HTTP_FAILURE_TIMEOUT && failure.phase == HTTP_PHASE_LOOKUP);
    free(transfer->reply->body); /* never a part of an answer */
    transfer->reply->body = NULL;
    transfer->reply->body_len = 0;
    return http_failure_tell(&failure, transfer->call, err);
}

/* Queues it and sleeps until the engine is done with it. */
static void wait_for(struct sw_http *http, struct transfer *transfer)
{
    sw_mutex_lock(&http->lock);
    transfer->next = http->queued;
    http->queued = transfer;
    if (transfer->call->is_cancelled)
        http->has_cancelled = true;
    sw_mutex_unlock(&http->lock);
    sw_http_wake(http);
    sw_mutex_lock(&http->lock);
    while (!transfer->is_done)
        sw_cond_wait(&transfer->done, &http->lock);
    sw_mutex_unlock(&http->lock);
}

static void note_address(struct sw_http *http, const struct transfer *transfer)
{
    const struct origin *origin = transfer->call->origin;
    char *address = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    addresses_note(&http->addresses, origin->host, origin->port, address);
}

enum sw_code http_perform(struct sw_http *http, struct wire_call *call, struct sw_reply *reply,
                          struct sw_error *err)
{
    sw_assert(sw_thread_role() != SW_THREAD_ENGINE); /* it would wait for itself */
    struct transfer transfer = {
        .call = call,
        .reply = reply,
        .headers = {.reply = reply},
        .start_mono_ms = sw_time_mono_ms(),
    };
    sw_cond_init(&transfer.done);
    transfer.lookup_life_s = http->lookup_life_s;
    sw_ignore(addresses_find(&http->addresses, call->origin->host, call->origin->port,
                             transfer.known_address));
    set_up(&transfer);
    wait_for(http, &transfer);
    sw_cond_clear(&transfer.done);
    call->total_ms = sw_time_mono_ms() - transfer.start_mono_ms;
    call->body_bytes = reply->body_len;
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    reply->latency_ms = (int)call->total_ms;
    reply_headers_end(&transfer.headers, sw_time_real_ms());
    long version = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_HTTP_VERSION, &version);
    if (transfer.result == CURLE_OK && !transfer.is_head_whole && version < CURL_HTTP_VERSION_2_0)
        transfer.result = CURLE_PARTIAL_FILE; /* curl calls that an answer */
    enum sw_code code = SW_OK;
    if (transfer.result == CURLE_OK)
        note_address(http, &transfer);
    else
        code = tell_failure(&transfer, err);
    curl_easy_cleanup(transfer.easy);
    curl_slist_free_all(transfer.resolved);
    free_lines(&transfer);
    return code;
}

void http_cancel(struct sw_http *http, struct wire_call *call)
{
    sw_mutex_lock(&http->lock);
    call->is_cancelled = true;
    http->has_cancelled = true;
    sw_mutex_unlock(&http->lock);
    sw_http_wake(http);
}
