/*
 * The fault proxy: one thread that stands in front of every service and passes bytes on, until it
 * is told to do worse. libmicrohttpd sends only correct HTTP; cutting, resetting, dripping, being
 * silent and talking nonsense need the bare socket.
 *
 * A service's handler decides, before its first answer byte exists, what shall happen to this
 * answer, and leaves an order under the port its connection came from. HTTP/1.1 without
 * pipelining makes that exact: the next bytes from upstream on that connection are the answer.
 * Delays hold back one connection only.
 *
 * Guarantees: loopback only; at most PROXY_CONNECTIONS_MAX connections, more are closed at once;
 * every buffer bounded. The thread owns all sockets; orders and gates come in under a mutex.
 */
#pragma once

#include "faults.h"

struct sim_proxy;

/* NULL = no thread. */
struct sim_proxy *sim_proxy_open(void);
/* Listens on a free port for `upstream_port`; the place is the service's index. 0 = failed. */
uint16_t sim_proxy_add(struct sim_proxy *proxy, size_t service, uint16_t upstream_port);
/* Begins to serve what was added. False = no thread. */
bool sim_proxy_start(struct sim_proxy *proxy);
/* What shall happen to the answer on the connection that reaches the upstream from `port`. */
void sim_proxy_order(struct sim_proxy *proxy, uint16_t port, const struct sim_verdict *verdict);
/* Closes the port of a service, or opens the same port again. Waits until it is so. */
void sim_proxy_refuse(struct sim_proxy *proxy, size_t service, bool is_refusing);
/* Accepts NULL. */
void sim_proxy_close(struct sim_proxy *proxy);
