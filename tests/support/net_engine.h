/*
 * net_engine.h: an engine thread for tests: it opens the transport and turns it until closed.
 */
#pragma once

#include "net/channel.h"

struct net_engine;

/* Ends the program when it cannot. */
struct net_engine *net_engine_open(const char *trace_path);
struct sw_http *net_engine_http(struct net_engine *engine);
/* Turns no longer and cancels what runs; what is sent afterwards waits for ever. */
void net_engine_stop(struct net_engine *engine);
/* Stops it if that was not done, and closes. No flow may be in an exchange any more. */
void net_engine_close(struct net_engine *engine);

/* An upstream on the engine (transport NULL) or on a transport (engine NULL), with generous
 * budgets. */
struct sw_upstream *net_upstream(struct net_engine *engine, const struct sw_transport *transport,
                                 const char *url, const struct sw_operation *operations,
                                 size_t count, struct sw_auth *auth);
