/* HTTP over libmicrohttpd: see server.h. Requests are collected whole before the handler runs. */
#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTION_MEMORY_BYTES = 128 * 1024, HUGE_BLOCK_BYTES = 64 * 1024 };

struct sim_server {
    struct MHD_Daemon *daemon;
    sim_server_fn handle;
    sim_server_bad_fn bad;
    void *context;
    uint16_t port;
};

/* One request while its body arrives; made by the URI callback, freed by the completion one. */
struct upload {
    char *target;
    char *body;
    size_t body_bytes;
    bool is_too_large;
    bool is_begun;
};

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct upload *upload = sim_xcalloc(1, sizeof *upload);

    (void)cls;
    (void)connection;
    upload->target = sim_xstrdup(uri);
    return upload;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *con_cls;

    (void)cls;
    (void)connection;
    (void)code;
    if (upload != NULL) {
        free(upload->target);
        free(upload->body);
        free(upload);
    }
    *con_cls = NULL;
}

/* Paths are decoded by request.c, once; libmicrohttpd shall leave them alone. */
static size_t no_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

struct header_list {
    struct sim_pair pairs[SIM_PAIRS_MAX + 1];
    size_t n;
};

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct header_list *list = cls;

    (void)kind;
    if (list->n <= SIM_PAIRS_MAX) {
        list->pairs[list->n].name = name;
        list->pairs[list->n].value = value == NULL ? "" : value;
        list->n++;
    }
    return MHD_YES;
}

static ssize_t huge_block(void *cls, uint64_t at, char *buffer, size_t max)
{
    static const char text[] = "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},";
    uint64_t size = *(uint64_t *)cls;

    if (at >= size)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (max > size - at)
        max = (size_t)(size - at);
    for (size_t i = 0; i < max; i++)
        buffer[i] = text[(at + i) % (sizeof text - 1)];
    return (ssize_t)max;
}

static struct MHD_Response *make_response(const struct sim_reply *rp, int64_t huge_bytes)
{
    struct MHD_Response *response = NULL;

    if (huge_bytes >= 0) {
        uint64_t *size = sim_xcalloc(1, sizeof *size);
        *size = (uint64_t)huge_bytes;
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HUGE_BLOCK_BYTES,
                                                     huge_block, size, free);
    } else {
        response = MHD_create_response_from_buffer(rp->body_bytes, rp->body,
                                                   MHD_RESPMEM_MUST_COPY);
    }
    for (size_t i = 0; response != NULL && i < rp->n_headers; i++)
        MHD_add_response_header(response, rp->headers[i].name, rp->headers[i].value);
    return response;
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct sim_reply *rp,
                                  int64_t huge_bytes)
{
    struct MHD_Response *response = make_response(rp, huge_bytes);

    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_queue_response(connection, (unsigned)rp->status, response);
    MHD_destroy_response(response);
    return result;
}

static uint16_t peer_port(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_in address;

    if (info == NULL || info->client_addr->sa_family != AF_INET)
        return 0;
    memcpy(&address, info->client_addr, sizeof address);
    return ntohs(address.sin_port);
}

static void take_body(struct upload *upload, const char *data, size_t bytes)
{
    if (upload->is_too_large || upload->body_bytes + bytes > SIM_BODY_MAX_BYTES) {
        upload->is_too_large = true;
        return;
    }
    char *body = realloc(upload->body, upload->body_bytes + bytes);
    if (body == NULL)
        abort();
    memcpy(body + upload->body_bytes, data, bytes);
    upload->body = body;
    upload->body_bytes += bytes;
}

static enum MHD_Result answer(struct sim_server *server, struct MHD_Connection *connection,
                              const char *method, const struct upload *upload)
{
    struct header_list headers = {.n = 0};
    struct sim_request rq;
    struct sim_reply rp;
    int64_t huge_bytes = -1;

    sim_reply_init(&rp);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &headers);
    bool is_good = headers.n <= SIM_PAIRS_MAX && !upload->is_too_large &&
                   sim_request_parse(&rq, method, upload->target, headers.pairs, headers.n,
                                     upload->body, upload->body_bytes);
    if (is_good) {
        server->handle(server->context, &rq, peer_port(connection), &rp, &huge_bytes);
        sim_request_free(&rq);
    } else {
        if (server->bad != NULL)
            server->bad(server->context);
        sim_reply_text(&rp, upload->is_too_large ? 413 : 400, "text/plain",
                       upload->is_too_large ? "Payload Too Large" : "Bad Request");
    }
    enum MHD_Result result = send_reply(connection, &rp, huge_bytes);
    sim_reply_clear(&rp);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_bytes, void **con_cls)
{
    struct upload *upload = *con_cls;

    (void)url;
    (void)version;
    if (upload == NULL)
        return MHD_NO;
    if (!upload->is_begun) { /* headers only: wait for the body, even an empty one */
        upload->is_begun = true;
        return MHD_YES;
    }
    if (*data_bytes > 0) {
        take_body(upload, data, *data_bytes);
        *data_bytes = 0;
        return MHD_YES;
    }
    return answer(cls, connection, method, upload);
}

struct sim_server *sim_server_open(sim_server_fn handle, sim_server_bad_fn bad, void *context)
{
    struct sim_server *server = sim_xcalloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    server->handle = handle;
    server->bad = bad;
    server->context = context;
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, on_request, server,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
        NULL, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_END);
    if (server->daemon == NULL) {
        free(server);
        return NULL;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info == NULL ? 0 : info->port;
    return server;
}

uint16_t sim_server_port(const struct sim_server *server)
{
    return server->port;
}

void sim_server_close(struct sim_server *server)
{
    if (server == NULL)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
