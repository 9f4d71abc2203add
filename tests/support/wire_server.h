/*
 * wire_server.h: a scripted HTTP server on loopback for tests of the transport.
 *
 * Plain sockets, so that it can do what a real server never should: stay silent, cut, reset, drip,
 * send garbage or no end. Every connection has a thread; it reads one request after the other and
 * hands each to the test's answer function, which writes bytes and may sleep or end the connection.
 * Requests are kept for looking at. Ends within a moment of wire_server_close, whatever a
 * connection is doing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct wire_server;
struct wire_client;

struct wire_request {
    char method[16];
    char target[4096]; /* path and query as sent */
    char *head;        /* all header lines, NUL-ended */
    char *body;        /* NUL behind */
    size_t body_len;
    int connection; /* 1, 2, …: which connection it came on */
    int number;     /* 1, 2, …: which request of the server */
};

/* Runs on the connection's thread, several at once. */
typedef void (*wire_answer_fn)(void *arg, struct wire_client *client,
                               const struct wire_request *request);

struct wire_tls {
    const char *cert_file, *key_file; /* PEM */
    int max_version;                  /* TLS1_VERSION and so on; 0: the library's */
};

/* tls NULL: plain. Ends the program when it cannot. */
struct wire_server *wire_server_open(wire_answer_fn answer, void *arg, const struct wire_tls *tls);
void wire_server_close(struct wire_server *server);
int wire_server_port(const struct wire_server *server);
/* "http://127.0.0.1:port" or https; borrowed. */
const char *wire_server_url(const struct wire_server *server);

/* Counts and requests so far; the n-th (from 0) is borrowed until close, NULL when there is none.
 */
int wire_server_connections(struct wire_server *server);
int wire_server_requests(struct wire_server *server);
const struct wire_request *wire_server_request(struct wire_server *server, int n);
/* The value of a header of a request, trimmed, into buf; NULL when it is not there. */
const char *wire_header(const struct wire_request *request, const char *name, char *buf,
                        size_t size);

/* What an answer can do. */
void wire_send(struct wire_client *client, const char *bytes, size_t len);
void wire_sendf(struct wire_client *client, const char *fmt, ...) SW_PRINTF(2, 3);
/* A whole answer with Content-Length; headers "" or "Name: value\r\n…". */
void wire_reply(struct wire_client *client, int status, const char *headers, const char *body);
/* Sleeps; false when the server is being closed. */
bool wire_sleep_ms(struct wire_client *client, int ms);
void wire_end(struct wire_client *client);   /* close after the answer */
void wire_reset(struct wire_client *client); /* RST at once */
