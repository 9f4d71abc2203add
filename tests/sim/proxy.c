/* The fault proxy: see proxy.h. One poll loop; the rest is bookkeeping per connection. */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PROXY_CONNECTIONS_MAX = 1024,
    BUFFER_BYTES = 32 * 1024,
    SLOW_TICK_MS = 20,
    SETTLE_S = 2,
};

/* Bytes on their way in one direction. */
struct pipe_buffer {
    char data[BUFFER_BYTES];
    size_t from;
    size_t to;
    bool is_ended; /* the sender is done */
};

struct link {
    int client;
    int upstream;
    uint16_t port; /* our end towards the upstream: the name under which orders come */
    size_t service;
    bool is_connecting;
    bool is_dead;
    struct pipe_buffer up;   /* client to upstream */
    struct pipe_buffer down; /* upstream to client */
    struct sim_fault order;
    bool has_order;
    int64_t hold_until_ms; /* monotonic; answers wait until then */
    int64_t sent;          /* answer bytes since the order */
    int64_t body_at;       /* answer bytes before the body; -1 = not seen yet */
    int64_t scanned;       /* answer bytes looked at for the end of the headers */
    int matched;           /* of "\r\n\r\n" */
    int64_t drip_ms;       /* next time SLOW may send */
};

struct gate {
    int listener; /* -1 = closed */
    uint16_t port;
    uint16_t upstream_port;
    bool wants_refuse;
    bool is_used;
};

struct sim_proxy {
    pthread_t thread;
    bool is_started;
    int wake;
    pthread_mutex_t lock; /* guards gates' wants, links' orders, stop */
    pthread_cond_t settled;
    bool stop;
    struct gate gates[SIM_SERVICES_MAX];
    struct link *links[PROXY_CONNECTIONS_MAX];
    size_t n_links;
};

static int64_t mono_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void wake_up(struct sim_proxy *proxy)
{
    uint64_t one = 1;

    if (write(proxy->wake, &one, sizeof one) < 0)
        return; /* full: it wakes anyway */
}

/* ---- gates ------------------------------------------------------------------------------ */

/* Port 0: any. The same port again works at once, thanks to SO_REUSEADDR. */
static int open_listener(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 256) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        close(fd);
        return -1;
    }
    *bound = ntohs(address.sin_port);
    return fd;
}

/* Lock held. */
static void settle_gates(struct sim_proxy *proxy)
{
    for (size_t i = 0; i < SIM_SERVICES_MAX; i++) {
        struct gate *gate = &proxy->gates[i];
        if (!gate->is_used)
            continue;
        if (gate->wants_refuse && gate->listener >= 0) {
            close(gate->listener);
            gate->listener = -1;
            /* A port that is shut keeps no old calls open either. */
            for (size_t k = 0; k < proxy->n_links; k++)
                proxy->links[k]->is_dead = proxy->links[k]->is_dead ||
                                           proxy->links[k]->service == i;
        } else if (!gate->wants_refuse && gate->listener < 0) {
            uint16_t port = 0;
            gate->listener = open_listener(gate->port, &port);
        }
    }
    pthread_cond_broadcast(&proxy->settled);
}

/* ---- links ------------------------------------------------------------------------------ */

static void link_free(struct link *link, bool with_reset)
{
    if (with_reset) {
        struct linger hard = {.l_onoff = 1, .l_linger = 0};
        setsockopt(link->client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close(link->client);
    close(link->upstream);
    free(link);
}

static void set_nodelay(int fd)
{
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int connect_upstream(uint16_t upstream_port, uint16_t *own_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(upstream_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if ((connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) ||
        getsockname(fd, (struct sockaddr *)&own, &length) != 0) {
        close(fd);
        return -1;
    }
    *own_port = ntohs(own.sin_port);
    return fd;
}

/* Lock held. */
static void accept_one(struct sim_proxy *proxy, size_t service)
{
    struct gate *gate = &proxy->gates[service];
    int client = accept4(gate->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    uint16_t port = 0;

    if (client < 0)
        return;
    int upstream = proxy->n_links < PROXY_CONNECTIONS_MAX
                       ? connect_upstream(gate->upstream_port, &port)
                       : -1;
    if (upstream < 0) {
        close(client);
        return;
    }
    struct link *link = sim_xcalloc(1, sizeof *link);
    link->client = client;
    link->upstream = upstream;
    link->port = port;
    link->service = service;
    link->is_connecting = true;
    set_nodelay(client);
    set_nodelay(upstream);
    proxy->links[proxy->n_links++] = link;
}

static size_t room(const struct pipe_buffer *buffer)
{
    return buffer->from == buffer->to ? BUFFER_BYTES : BUFFER_BYTES - buffer->to;
}

/* False: the connection broke. */
static bool fill(int fd, struct pipe_buffer *buffer)
{
    if (buffer->from == buffer->to)
        buffer->from = buffer->to = 0;
    if (buffer->to == BUFFER_BYTES || buffer->is_ended)
        return true;
    ssize_t n = recv(fd, buffer->data + buffer->to, BUFFER_BYTES - buffer->to, 0);
    if (n > 0)
        buffer->to += (size_t)n;
    else if (n == 0)
        buffer->is_ended = true;
    else if (errno != EAGAIN && errno != EINTR)
        return false;
    return true;
}

/* Sends at most `limit` bytes; returns how many, or -1 when broken. */
static ssize_t drain(int fd, struct pipe_buffer *buffer, size_t limit)
{
    size_t n = buffer->to - buffer->from;

    if (n > limit)
        n = limit;
    if (n == 0)
        return 0;
    ssize_t sent = send(fd, buffer->data + buffer->from, n, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    buffer->from += (size_t)sent;
    return sent;
}

/* Finds where the answer's body begins, over block borders. `data` begins at answer byte `sent`. */
static void watch_headers(struct link *link, const char *data, size_t n)
{
    static const char end[] = "\r\n\r\n";

    while (link->body_at < 0 && link->scanned < link->sent + (int64_t)n) {
        char c = data[link->scanned++ - link->sent];
        link->matched = c == end[link->matched] ? link->matched + 1 : c == '\r';
        if (link->matched == 4)
            link->body_at = link->scanned;
    }
}

/* ---- orders ----------------------------------------------------------------------------- */

static bool send_text(struct link *link, const char *text, size_t n)
{
    return send(link->client, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Things said before, or instead of, the answer. False: the link is to end. */
static bool begin_answer(struct link *link)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const char noise[] = "\x16\x03\x01\x00\xa5SSH-2.0-\r\n\xff\xfe\x00NOTHTTP";
    struct sim_fault *order = &link->order;

    if (order->kind == SIM_FAULT_INTERIM) {
        for (int64_t i = 0; i < (order->bytes < 0 ? 1000 : order->bytes); i++)
            if (!send_text(link, interim, sizeof interim - 1))
                return false;
        link->has_order = false;
    }
    if (order->kind == SIM_FAULT_NOISE) {
        int64_t left = order->bytes < 0 ? 64 : order->bytes;
        for (; left > 0; left -= (int64_t)sizeof noise)
            if (!send_text(link, noise,
                           left < (int64_t)sizeof noise ? (size_t)left : sizeof noise))
                break;
        return false;
    }
    return true;
}

/* How many answer bytes may go now. `end` becomes true when the answer ends after them. */
static size_t allowance(struct link *link, int64_t now, bool *end)
{
    size_t waiting = link->down.to - link->down.from;
    const struct sim_fault *order = &link->order;

    *end = false;
    if (now < link->hold_until_ms)
        return 0;
    if (!link->has_order)
        return waiting;
    switch (order->kind) {
    case SIM_FAULT_CUT:
    case SIM_FAULT_RESET: {
        watch_headers(link, link->down.data + link->down.from, waiting);
        int64_t limit = order->bytes < 0 ? 0 : order->bytes;
        if (order->from_body && link->body_at < 0)
            return waiting;
        limit += order->from_body ? link->body_at : 0;
        int64_t left = limit - link->sent;
        *end = left <= (int64_t)waiting;
        return left <= 0 ? 0 : *end ? (size_t)left : waiting;
    }
    case SIM_FAULT_SLOW: {
        if (now < link->drip_ms)
            return 0;
        int64_t rate = order->bytes < 1 ? 1 : order->bytes;
        int64_t per_tick = rate * SLOW_TICK_MS / 1000;
        link->drip_ms = now + (per_tick < 1 ? 1000 / rate : SLOW_TICK_MS);
        return per_tick < 1 ? 1 : (size_t)per_tick < waiting ? (size_t)per_tick : waiting;
    }
    case SIM_FAULT_SILENT:
        link->down.from = link->down.to; /* swallowed */
        return 0;
    case SIM_FAULT_NONE:
    case SIM_FAULT_LATENCY:
    case SIM_FAULT_STATUS:
    case SIM_FAULT_GARBAGE:
    case SIM_FAULT_HTML:
    case SIM_FAULT_EMPTY:
    case SIM_FAULT_HUGE:
    case SIM_FAULT_NOISE:
    case SIM_FAULT_INTERIM:
    case SIM_FAULT_REFUSE:
        break;
    }
    return waiting;
}

static bool is_silent(const struct link *link)
{
    return link->has_order && link->order.kind == SIM_FAULT_SILENT;
}

/* The answer's way down. Returns false when the link is to be closed; `reset`: with RST. */
static bool pass_down(struct link *link, int64_t now, bool *reset)
{
    bool end = false;
    bool has_bytes = link->down.to > link->down.from;

    *reset = false;
    if (has_bytes && link->has_order && link->sent == 0 && now >= link->hold_until_ms &&
        !begin_answer(link))
        return false;
    size_t n = allowance(link, now, &end);
    ssize_t sent = drain(link->client, &link->down, n);
    if (sent < 0)
        return false;
    if (link->has_order)
        link->sent += sent;
    if (end && has_bytes && (size_t)sent == n) {
        *reset = link->order.kind == SIM_FAULT_RESET;
        return false;
    }
    bool is_empty = link->down.from == link->down.to;
    return !(is_empty && link->down.is_ended && !is_silent(link));
}

static bool pass_up(struct link *link)
{
    if (link->is_connecting)
        return true;
    if (drain(link->upstream, &link->up, BUFFER_BYTES) < 0)
        return false;
    if (link->up.is_ended && link->up.from == link->up.to)
        shutdown(link->upstream, SHUT_WR);
    return true;
}

/* ---- the loop --------------------------------------------------------------------------- */

static short client_events(const struct link *link, int64_t now)
{
    short events = 0;
    bool may_send = link->down.to > link->down.from && now >= link->hold_until_ms &&
                    !(link->has_order && link->order.kind == SIM_FAULT_SLOW);

    if (room(&link->up) > 0 && !link->up.is_ended)
        events |= POLLIN;
    if (may_send)
        events |= POLLOUT;
    return events;
}

static short upstream_events(const struct link *link)
{
    short events = 0;

    if (link->is_connecting || link->up.to > link->up.from)
        events |= POLLOUT;
    if (!link->is_connecting && room(&link->down) > 0 && !link->down.is_ended)
        events |= POLLIN;
    return events;
}

/* Until when poll may sleep for this link, in ms from now; -1 = for ever. */
static int64_t link_wait(const struct link *link, int64_t now)
{
    if (link->down.to == link->down.from)
        return -1;
    if (now < link->hold_until_ms)
        return link->hold_until_ms - now;
    if (link->has_order && link->order.kind == SIM_FAULT_SLOW)
        return now < link->drip_ms ? link->drip_ms - now : 0;
    return -1;
}

/* Lock held. True: still alive. */
static bool serve_link(struct link *link, short client_got, short upstream_got, int64_t now)
{
    bool reset = false;

    if (link->is_dead) {
        link_free(link, true);
        return false;
    }
    if (link->is_connecting && (upstream_got & (POLLOUT | POLLERR | POLLHUP)) != 0)
        link->is_connecting = false;
    bool alive = true;
    if ((client_got & (POLLIN | POLLHUP | POLLERR)) != 0)
        alive = fill(link->client, &link->up);
    if (alive && (upstream_got & (POLLIN | POLLHUP | POLLERR)) != 0)
        alive = fill(link->upstream, &link->down);
    alive = alive && pass_up(link) && pass_down(link, now, &reset);
    if (alive && link->up.is_ended && is_silent(link))
        alive = false; /* the client gave up */
    if (!alive)
        link_free(link, reset);
    return alive;
}

static void serve_links(struct sim_proxy *proxy, const struct pollfd *fds, size_t n_polled)
{
    int64_t now = mono_ms();
    size_t kept = 0;
    size_t n = proxy->n_links;

    for (size_t i = 0; i < n; i++) {
        bool was_polled = i < n_polled;
        short client_got = was_polled ? fds[2 * i].revents : 0;
        short upstream_got = was_polled ? fds[2 * i + 1].revents : 0;
        if (serve_link(proxy->links[i], client_got, upstream_got, now))
            proxy->links[kept++] = proxy->links[i];
    }
    proxy->n_links = kept;
}

struct poll_set {
    struct pollfd fds[1 + SIM_SERVICES_MAX + 2 * PROXY_CONNECTIONS_MAX];
    size_t n_links;
    int64_t wait_ms;
};

/* Lock held. */
static void collect(const struct sim_proxy *proxy, struct poll_set *set)
{
    int64_t now = mono_ms();

    set->wait_ms = -1;
    set->fds[0] = (struct pollfd){.fd = proxy->wake, .events = POLLIN};
    for (size_t i = 0; i < SIM_SERVICES_MAX; i++)
        set->fds[1 + i] = (struct pollfd){
            .fd = proxy->gates[i].is_used ? proxy->gates[i].listener : -1, .events = POLLIN};
    for (size_t i = 0; i < proxy->n_links; i++) {
        const struct link *link = proxy->links[i];
        struct pollfd *pair = &set->fds[1 + SIM_SERVICES_MAX + 2 * i];
        short client = client_events(link, now);
        short upstream = upstream_events(link);
        pair[0] = (struct pollfd){.fd = client == 0 ? -1 : link->client, .events = client};
        pair[1] = (struct pollfd){.fd = upstream == 0 ? -1 : link->upstream, .events = upstream};
        int64_t wait = link->is_dead ? 0 : link_wait(link, now);
        if (wait >= 0 && (set->wait_ms < 0 || wait < set->wait_ms))
            set->wait_ms = wait;
    }
    set->n_links = proxy->n_links;
}

static void *run(void *argument)
{
    struct sim_proxy *proxy = argument;
    struct poll_set *set = sim_xcalloc(1, sizeof *set);

    pthread_mutex_lock(&proxy->lock);
    while (!proxy->stop) {
        collect(proxy, set);
        pthread_mutex_unlock(&proxy->lock);
        int wait = set->wait_ms < 0 ? -1 : set->wait_ms > 60000 ? 60000 : (int)set->wait_ms;
        int n = poll(set->fds, 1 + SIM_SERVICES_MAX + 2 * set->n_links, wait);
        pthread_mutex_lock(&proxy->lock);
        if (n < 0)
            continue;
        uint64_t ignored = 0;
        if (set->fds[0].revents != 0 && read(proxy->wake, &ignored, sizeof ignored) < 0)
            ignored = 0;
        serve_links(proxy, set->fds + 1 + SIM_SERVICES_MAX, set->n_links);
        for (size_t i = 0; i < SIM_SERVICES_MAX; i++)
            if ((set->fds[1 + i].revents & POLLIN) != 0 && proxy->gates[i].listener >= 0)
                accept_one(proxy, i);
        settle_gates(proxy);
    }
    pthread_mutex_unlock(&proxy->lock);
    free(set);
    return NULL;
}

/* ---- from other threads ----------------------------------------------------------------- */

struct sim_proxy *sim_proxy_open(void)
{
    struct sim_proxy *proxy = sim_xcalloc(1, sizeof *proxy);

    proxy->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&proxy->lock, NULL);
    pthread_cond_init(&proxy->settled, NULL);
    if (proxy->wake < 0) {
        sim_proxy_close(proxy);
        return NULL;
    }
    return proxy;
}

uint16_t sim_proxy_add(struct sim_proxy *proxy, size_t service, uint16_t upstream_port)
{
    struct gate *gate = &proxy->gates[service];

    gate->listener = open_listener(0, &gate->port);
    if (gate->listener < 0)
        return 0;
    gate->upstream_port = upstream_port;
    gate->is_used = true;
    return gate->port;
}

bool sim_proxy_start(struct sim_proxy *proxy)
{
    proxy->is_started = pthread_create(&proxy->thread, NULL, run, proxy) == 0;
    return proxy->is_started;
}

void sim_proxy_order(struct sim_proxy *proxy, uint16_t port, const struct sim_verdict *verdict)
{
    pthread_mutex_lock(&proxy->lock);
    for (size_t i = 0; i < proxy->n_links; i++) {
        struct link *link = proxy->links[i];
        if (link->port != port)
            continue;
        link->hold_until_ms = verdict->delay_ms > 0 ? mono_ms() + verdict->delay_ms : 0;
        link->order = verdict->fault;
        link->has_order = verdict->fault.kind != SIM_FAULT_NONE;
        link->sent = 0;
        link->body_at = -1;
        link->scanned = 0;
        link->matched = 0;
        link->drip_ms = 0;
    }
    pthread_mutex_unlock(&proxy->lock);
    wake_up(proxy);
}

void sim_proxy_refuse(struct sim_proxy *proxy, size_t service, bool is_refusing)
{
    struct gate *gate = &proxy->gates[service];
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SETTLE_S; /* somebody else may have taken the port: then it stays shut */
    pthread_mutex_lock(&proxy->lock);
    gate->wants_refuse = is_refusing;
    wake_up(proxy);
    while (proxy->is_started && rc == 0 && is_refusing != (gate->listener < 0))
        rc = pthread_cond_timedwait(&proxy->settled, &proxy->lock, &until);
    pthread_mutex_unlock(&proxy->lock);
}

void sim_proxy_close(struct sim_proxy *proxy)
{
    if (proxy == NULL)
        return;
    if (proxy->is_started) {
        pthread_mutex_lock(&proxy->lock);
        proxy->stop = true;
        pthread_mutex_unlock(&proxy->lock);
        wake_up(proxy);
        pthread_join(proxy->thread, NULL);
    }
    for (size_t i = 0; i < proxy->n_links; i++)
        link_free(proxy->links[i], false);
    for (size_t i = 0; i < SIM_SERVICES_MAX; i++)
        if (proxy->gates[i].is_used && proxy->gates[i].listener >= 0)
            close(proxy->gates[i].listener);
    if (proxy->wake >= 0)
        close(proxy->wake);
    pthread_cond_destroy(&proxy->settled);
    pthread_mutex_destroy(&proxy->lock);
    free(proxy);
}
