/*
 * HTTP: one libmicrohttpd daemon with its own polling thread per service, on 127.0.0.1 only.
 *
 * A handler is called with a whole, parsed request, on the daemon's thread. It fills the reply and
 * may ask for a proxy order (see proxy.h) by the port the connection came from.
 */
#pragma once

#include "sim.h"

#include <netinet/in.h>

struct sim_server;

/* `huge_bytes` >= 0: after the handler the body is that much endless JSON-like text. */
typedef void (*sim_server_fn)(void *context, const struct sim_request *rq, uint16_t peer_port,
                              struct sim_reply *rp, int64_t *huge_bytes);
/* A request that is no request (bad escapes, too large); the server answers it itself. */
typedef void (*sim_server_bad_fn)(void *context);

/* NULL = no port or no thread. */
struct sim_server *sim_server_open(sim_server_fn handle, sim_server_bad_fn bad, void *context);
uint16_t sim_server_port(const struct sim_server *server);
/* Waits for the running handlers. Accepts NULL. */
void sim_server_close(struct sim_server *server);
