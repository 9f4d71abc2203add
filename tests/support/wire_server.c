/* wire_server.c: see wire_server.h. */
#include "wire_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 256, REQUESTS_MAX = 4096, HEAD_MAX = 64 * 1024, BODY_MAX = 4 << 20 };

struct wire_client {
    struct wire_server *server;
    int fd;
    SSL *tls;
    int serial;
    bool is_ending;
    pthread_t thread;
};

struct wire_server {
    wire_answer_fn answer;
    void *arg;
    SSL_CTX *tls;
    int fd, port;
    char url[64];
    atomic_bool is_closing;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    int client_count, request_count;
    struct wire_client *clients[CLIENTS_MAX];
    struct wire_request *requests[REQUESTS_MAX];
};

static void die(const char *what)
{
    fprintf(stderr, "wire_server: %s: %s\n", what, strerror(errno));
    abort();
}

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        die("memory");
    return memory;
}

/* False when the server is being closed. */
static bool wait_readable(struct wire_client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    while (!atomic_load(&client->server->is_closing)) {
        if (client->tls && SSL_pending(client->tls) > 0)
            return true;
        if (poll(&wait, 1, 20) > 0)
            return true;
    }
    return false;
}

static long receive(struct wire_client *client, char *buf, size_t size)
{
    if (!wait_readable(client))
        return 0;
    if (client->tls)
        return SSL_read(client->tls, buf, (int)size);
    return recv(client->fd, buf, size, 0);
}

void wire_send(struct wire_client *client, const char *bytes, size_t len)
{
    while (len > 0 && !client->is_ending && !atomic_load(&client->server->is_closing)) {
        long sent = client->tls ? SSL_write(client->tls, bytes, (int)(len < 16384 ? len : 16384))
                                : send(client->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            client->is_ending = true;
            return;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

void wire_sendf(struct wire_client *client, const char *fmt, ...)
{
    char text[8192];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(text))
        die("wire_sendf: too long");
    wire_send(client, text, (size_t)len);
}

void wire_reply(struct wire_client *client, int status, const char *headers, const char *body)
{
    wire_sendf(client, "HTTP/1.1 %d Status\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
               strlen(body));
    wire_send(client, body, strlen(body));
}

bool wire_sleep_ms(struct wire_client *client, int ms)
{
    for (; ms > 0 && !atomic_load(&client->server->is_closing); ms -= 10)
        poll(NULL, 0, ms < 10 ? ms : 10);
    return !atomic_load(&client->server->is_closing);
}

void wire_end(struct wire_client *client)
{
    client->is_ending = true;
}

void wire_reset(struct wire_client *client)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    client->is_ending = true;
}

const char *wire_header(const struct wire_request *request, const char *name, char *buf,
                        size_t size)
{
    size_t name_len = strlen(name);
    for (const char *line = request->head; *line;) {
        size_t len = strcspn(line, "\r\n");
        if (len > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            value += strspn(value, " \t");
            snprintf(buf, size, "%.*s", (int)(line + len - value), value);
            return buf;
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return NULL;
}

/* Reads up to the empty line; what came behind it goes to *rest. */
static bool read_head(struct wire_client *client, struct wire_request *request, char *rest,
                      size_t *rest_len)
{
    char *head = zeroed(HEAD_MAX + 1);
    size_t len = 0;
    request->head = head;
    memcpy(head, rest, *rest_len);
    len = *rest_len;
    char *end;
    while (!(end = strstr(head, "\r\n\r\n"))) {
        long got = len < HEAD_MAX ? receive(client, head + len, HEAD_MAX - len) : 0;
        if (got <= 0)
            return false;
        len += (size_t)got;
        head[len] = '\0';
    }
    *rest_len = len - (size_t)(end + 4 - head);
    memcpy(rest, end + 4, *rest_len);
    end[2] = '\0';
    return sscanf(head, "%15s %4095s", request->method, request->target) == 2;
}

static bool read_body(struct wire_client *client, struct wire_request *request, char *rest,
                      size_t *rest_len)
{
    char text[32];
    const char *value = wire_header(request, "Content-Length", text, sizeof(text));
    size_t want = value ? (size_t)strtoul(value, NULL, 10) : 0;
    if (want > BODY_MAX)
        return false;
    request->body = zeroed(want + 1);
    size_t have = *rest_len < want ? *rest_len : want;
    memcpy(request->body, rest, have);
    memmove(rest, rest + have, *rest_len - have);
    *rest_len -= have;
    while (have < want) {
        long got = receive(client, request->body + have, want - have);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    request->body_len = want;
    return true;
}

static void request_free(struct wire_request *request)
{
    if (!request)
        return;
    free(request->head);
    free(request->body);
    free(request);
}

static void keep(struct wire_server *server, struct wire_request *request)
{
    pthread_mutex_lock(&server->lock);
    if (server->request_count == REQUESTS_MAX)
        die("too many requests for a test");
    server->requests[server->request_count++] = request;
    request->number = server->request_count;
    pthread_mutex_unlock(&server->lock);
}

static bool shake_hands(struct wire_client *client)
{
    if (!client->server->tls)
        return true;
    client->tls = SSL_new(client->server->tls);
    SSL_set_fd(client->tls, client->fd);
    return wait_readable(client) && SSL_accept(client->tls) == 1;
}

static void *serve(void *arg)
{
    struct wire_client *client = arg;
    char *rest = zeroed(HEAD_MAX + 1);
    size_t rest_len = 0;
    bool is_open = shake_hands(client);
    while (is_open && !client->is_ending) {
        struct wire_request *request = zeroed(sizeof(*request));
        request->connection = client->serial;
        is_open = read_head(client, request, rest, &rest_len) &&
                  read_body(client, request, rest, &rest_len);
        if (!is_open) {
            request_free(request);
            break;
        }
        keep(client->server, request);
        client->server->answer(client->server->arg, client, request);
    }
    free(rest);
    SSL_free(client->tls);
    close(client->fd);
    return NULL;
}

static void *accept_clients(void *arg)
{
    struct wire_server *server = arg;
    struct pollfd wait = {.fd = server->fd, .events = POLLIN};
    while (!atomic_load(&server->is_closing)) {
        if (poll(&wait, 1, 20) <= 0)
            continue;
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        struct timeval limit = {.tv_sec = 20};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        struct wire_client *client = zeroed(sizeof(*client));
        client->server = server;
        client->fd = fd;
        pthread_mutex_lock(&server->lock);
        if (server->client_count == CLIENTS_MAX)
            die("too many connections for a test");
        server->clients[server->client_count++] = client;
        client->serial = server->client_count;
        pthread_mutex_unlock(&server->lock);
        if (pthread_create(&client->thread, NULL, serve, client) != 0)
            die("thread");
    }
    return NULL;
}

static SSL_CTX *make_tls(const struct wire_tls *tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (tls->max_version) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, tls->max_version);
    }
    if (SSL_CTX_use_certificate_chain_file(context, tls->cert_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1)
        die("certificate");
    return context;
}

struct wire_server *wire_server_open(wire_answer_fn answer, void *arg, const struct wire_tls *tls)
{
    struct wire_server *server = zeroed(sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET};
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to a client that may be gone */
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->answer = answer;
    server->arg = arg;
    server->tls = tls ? make_tls(tls) : NULL;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, len) != 0 ||
        listen(server->fd, 128) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &len) != 0)
        die("listen");
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof(server->url), "%s://127.0.0.1:%d", tls ? "https" : "http",
             server->port);
    pthread_mutex_init(&server->lock, NULL);
    if (pthread_create(&server->thread, NULL, accept_clients, server) != 0)
        die("thread");
    return server;
}

void wire_server_close(struct wire_server *server)
{
    atomic_store(&server->is_closing, true);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < server->client_count; i++)
        shutdown(server->clients[i]->fd, SHUT_RDWR); /* ends a blocked send */
    for (int i = 0; i < server->client_count; i++) {
        pthread_join(server->clients[i]->thread, NULL);
        free(server->clients[i]);
    }
    for (int i = 0; i < server->request_count; i++)
        request_free(server->requests[i]);
    close(server->fd);
    SSL_CTX_free(server->tls);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int wire_server_port(const struct wire_server *server)
{
    return server->port;
}

const char *wire_server_url(const struct wire_server *server)
{
    return server->url;
}

int wire_server_connections(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->client_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

int wire_server_requests(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const struct wire_request *wire_server_request(struct wire_server *server, int n)
{
    pthread_mutex_lock(&server->lock);
    const struct wire_request *request = n < server->request_count ? server->requests[n] : NULL;
    pthread_mutex_unlock(&server->lock);
    return request;
}
