/*
 * upstream.c: see upstream.h.
 *
 * One thread, one epoll: a connection is read as far as there is a whole request, its answer waits
 * in the connection until its time, and is then written. No pipelining: the next request is looked
 * at after the answer.
 */
#include "upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answers.h"
#include "line.h"

enum { CONNECTIONS_MAX = 512, EVENTS_MAX = 64, READ_MAX = 4 << 20, FIRST_READ = 16 * 1024 };

struct connection {
    int fd; /* -1: free */
    size_t service;
    char *in;
    size_t in_len, in_capacity;
    int64_t begun_ns; /* first byte of the request being read */
    char *out;        /* answer; NULL: none */
    size_t out_len, out_sent;
    int64_t due_ns; /* when it may be written; INT64_MAX: never */
};

struct service {
    enum upstream_dialect dialect;
    int fd, port;
    atomic_bool is_silent;
    atomic_int latency_ms;
    atomic_int_least64_t requests, polled, polled_ns;
    struct answers *answers;
};

struct upstream {
    int epoll_fd, stop_fd;
    pthread_t thread;
    atomic_int_least64_t pending;
    pthread_mutex_t lock; /* guards what is watched */
    char watched_part[UPSTREAM_PART_MAX];
    struct upstream_watched watched;
    size_t service_count;
    struct service services[UPSTREAM_SERVICES_MAX];
    struct connection connections[CONNECTIONS_MAX];
};

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "upstream: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ------------------------------------------------------------------- connections */

static void watch(struct upstream *upstream, int fd, uint32_t events, uint64_t tag, int how)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    if (epoll_ctl(upstream->epoll_fd, how, fd, &event) != 0)
        die("epoll");
}

static void drop(struct upstream *upstream, struct connection *connection)
{
    if (connection->out != NULL)
        atomic_fetch_sub(&upstream->pending, 1);
    close(connection->fd);
    free(connection->in);
    free(connection->out);
    *connection = (struct connection){.fd = -1};
}

static void take_connection(struct upstream *upstream, size_t service)
{
    int on = 1;
    int fd = accept4(upstream->services[service].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &upstream->connections[i];
        if (connection->fd >= 0)
            continue;
        *connection = (struct connection){.fd = fd, .service = service};
        watch(upstream, fd, EPOLLIN, UPSTREAM_SERVICES_MAX + i, EPOLL_CTL_ADD);
        return;
    }
    close(fd);
}

/* ----------------------------------------------------------------------- answers */

/* Length of the whole request at the start of the bytes, 0: not all there. */
static size_t whole_request(const struct connection *connection, struct answers_request *request)
{
    const char *head_end = strstr(connection->in, "\r\n\r\n");
    if (head_end == NULL)
        return 0;
    size_t body = 0;
    const char *length = strcasestr(connection->in, "\r\ncontent-length:");
    if (length != NULL && length < head_end)
        body = strtoul(length + 17, NULL, 10);
    size_t head = (size_t)(head_end - connection->in) + 4;
    if (connection->in_len < head + body)
        return 0;
    request->head = connection->in;
    request->body = connection->in + head;
    request->body_len = body;
    return head + body;
}

static void note_watched(struct upstream *upstream, const struct connection *connection,
                         const struct answers_request *request)
{
    size_t line = strcspn(request->head, "\r");
    struct upstream_watched *watched = &upstream->watched;
    pthread_mutex_lock(&upstream->lock);
    const char *part = upstream->watched_part;
    if (part[0] != '\0' && memmem(request->head, line, part, strlen(part)) != NULL) {
        if (watched->requests++ == 0)
            watched->first_ns = connection->begun_ns;
        if (request->is_halt_shown && watched->shown_requests == 0) {
            watched->shown_requests = watched->requests;
            watched->shown_ns = connection->due_ns;
        }
    }
    pthread_mutex_unlock(&upstream->lock);
}

static void answer(struct upstream *upstream, struct connection *connection)
{
    struct service *service = &upstream->services[connection->service];
    struct answers_request request = {0};
    size_t len = whole_request(connection, &request);
    if (len == 0)
        return;
    atomic_fetch_add(&service->requests, 1);
    connection->out = answers_make(service->answers, &request, &connection->out_len);
    connection->due_ns = line_now_ns() + (int64_t)atomic_load(&service->latency_ms) * 1000000;
    if (atomic_load(&service->is_silent))
        connection->due_ns = INT64_MAX;
    note_watched(upstream, connection, &request);
    atomic_fetch_add(&upstream->pending, 1);
    if (request.is_last_of_poll && connection->due_ns != INT64_MAX) {
        atomic_fetch_add(&service->polled, request.is_new ? 1 : 0);
        if (request.is_new)
            atomic_store(&service->polled_ns, connection->due_ns);
    }
    memmove(connection->in, connection->in + len, connection->in_len - len + 1);
    connection->in_len -= len;
    connection->begun_ns = connection->in_len > 0 ? line_now_ns() : 0;
}

static void read_more(struct upstream *upstream, struct connection *connection)
{
    if (connection->in_capacity - connection->in_len < FIRST_READ) {
        connection->in_capacity = 2 * connection->in_capacity + 2 * FIRST_READ;
        connection->in = realloc(connection->in, connection->in_capacity);
        if (connection->in == NULL || connection->in_capacity > READ_MAX)
            die("a request");
    }
    ssize_t n = recv(connection->fd, connection->in + connection->in_len,
                     connection->in_capacity - connection->in_len - 1, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(upstream, connection);
        return;
    }
    if (connection->begun_ns == 0)
        connection->begun_ns = line_now_ns();
    connection->in_len += (size_t)n;
    connection->in[connection->in_len] = '\0';
    if (connection->out == NULL)
        answer(upstream, connection);
}

/* Writes what is due; the time of the next one, INT64_MAX: none. */
static int64_t write_due(struct upstream *upstream)
{
    int64_t next = INT64_MAX;
    int64_t now = line_now_ns();
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &upstream->connections[i];
        if (connection->fd < 0 || connection->out == NULL)
            continue;
        if (connection->due_ns > now) {
            next = connection->due_ns < next ? connection->due_ns : next;
            continue;
        }
        ssize_t n = send(connection->fd, connection->out + connection->out_sent,
                         connection->out_len - connection->out_sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            drop(upstream, connection);
            continue;
        }
        connection->out_sent += n > 0 ? (size_t)n : 0;
        if (connection->out_sent < connection->out_len) {
            next = now + 1000000;
            continue;
        }
        free(connection->out);
        connection->out = NULL;
        connection->out_sent = 0;
        atomic_fetch_sub(&upstream->pending, 1);
        answer(upstream, connection);
        next = connection->out != NULL && connection->due_ns < next ? connection->due_ns : next;
    }
    return next;
}

static void *serve(void *arg)
{
    struct upstream *upstream = arg;
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int64_t next = write_due(upstream);
        int64_t left = next == INT64_MAX ? -1 : next - line_now_ns();
        struct timespec wait = {.tv_sec = left > 0 ? left / 1000000000 : 0,
                                .tv_nsec = left > 0 ? left % 1000000000 : 0};
        int n = epoll_pwait2(upstream->epoll_fd, events, EVENTS_MAX, left < 0 ? NULL : &wait, NULL);
        for (int i = 0; i < n; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == UINT64_MAX)
                return NULL;
            if (tag < UPSTREAM_SERVICES_MAX)
                take_connection(upstream, (size_t)tag);
            else
                read_more(upstream, &upstream->connections[tag - UPSTREAM_SERVICES_MAX]);
        }
    }
}

/* ----------------------------------------------------------------------- opening */

static void listen_at(struct upstream *upstream, size_t index)
{
    struct service *service = &upstream->services[index];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    service->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (service->fd < 0 || bind(service->fd, (struct sockaddr *)&address, len) != 0 ||
        listen(service->fd, 128) != 0 ||
        getsockname(service->fd, (struct sockaddr *)&address, &len) != 0)
        die("listen");
    service->port = ntohs(address.sin_port);
    watch(upstream, service->fd, EPOLLIN, index, EPOLL_CTL_ADD);
}

struct upstream *upstream_open(const enum upstream_dialect *services, size_t count, int64_t now_ms)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL || count > UPSTREAM_SERVICES_MAX)
        die("memory");
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        upstream->connections[i].fd = -1;
    upstream->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    upstream->stop_fd = eventfd(0, EFD_CLOEXEC);
    watch(upstream, upstream->stop_fd, EPOLLIN, UINT64_MAX, EPOLL_CTL_ADD);
    pthread_mutex_init(&upstream->lock, NULL);
    upstream->service_count = count;
    for (size_t i = 0; i < count; i++) {
        upstream->services[i].dialect = services[i];
        upstream->services[i].answers = answers_open(services[i], now_ms);
        listen_at(upstream, i);
    }
    if (pthread_create(&upstream->thread, NULL, serve, upstream) != 0)
        die("thread");
    return upstream;
}

void upstream_close(struct upstream *upstream)
{
    const uint64_t one = 1;
    if (write(upstream->stop_fd, &one, sizeof one) != sizeof one)
        die("stopping");
    pthread_join(upstream->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (upstream->connections[i].fd >= 0)
            drop(upstream, &upstream->connections[i]);
    for (size_t i = 0; i < upstream->service_count; i++) {
        close(upstream->services[i].fd);
        answers_close(upstream->services[i].answers);
    }
    close(upstream->epoll_fd);
    close(upstream->stop_fd);
    pthread_mutex_destroy(&upstream->lock);
    free(upstream);
}

/* --------------------------------------------------------------------- from outside */

int upstream_port(const struct upstream *upstream, size_t service)
{
    return upstream->services[service].port;
}

void upstream_set_latency(struct upstream *upstream, size_t service, int ms)
{
    atomic_store(&upstream->services[service].latency_ms, ms);
}

void upstream_set_silent(struct upstream *upstream, size_t service, bool is_silent)
{
    atomic_store(&upstream->services[service].is_silent, is_silent);
}

int64_t upstream_requests(struct upstream *upstream, size_t service)
{
    return atomic_load(&upstream->services[service].requests);
}

int64_t upstream_polled(struct upstream *upstream, size_t service)
{
    return atomic_load(&upstream->services[service].polled);
}

int64_t upstream_polled_ns(struct upstream *upstream, size_t service)
{
    return atomic_load(&upstream->services[service].polled_ns);
}

int64_t upstream_pending(struct upstream *upstream)
{
    return atomic_load(&upstream->pending);
}

void upstream_watch(struct upstream *upstream, const char *part)
{
    pthread_mutex_lock(&upstream->lock);
    snprintf(upstream->watched_part, sizeof upstream->watched_part, "%s", part);
    upstream->watched = (struct upstream_watched){0};
    pthread_mutex_unlock(&upstream->lock);
}

struct upstream_watched upstream_watched(struct upstream *upstream)
{
    pthread_mutex_lock(&upstream->lock);
    struct upstream_watched watched = upstream->watched;
    pthread_mutex_unlock(&upstream->lock);
    return watched;
}
