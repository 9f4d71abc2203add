/* http.h: the curl transport as the channel sees it. See channel.h for who turns it. */
#pragma once

#include "net/channel.h"
#include "net/trace.h"
#include "net/wire.h"

/* Sends one request and waits for its end; blocks the calling thread, which
 * must not be the engine's. Fills reply (any status is SW_OK) and the second
 * part of call. Errors: SW_E_NETWORK, SW_E_TIMEOUT, SW_E_TLS, SW_E_LIMIT,
 * SW_E_CANCELLED. */
enum sw_code http_perform(struct sw_http *http, struct wire_call *call, struct sw_reply *reply,
                          struct sw_error *err);

/* Ends a call that another thread has in http_perform, or is about to. The
 * caller makes sure that call is alive. Any thread. */
void http_cancel(struct sw_http *http, struct wire_call *call);

/* Connections of one action, apart from everybody else's. Any thread. */
void *http_pool_open(void);
/* Closed by the engine's next turn; any thread. */
void http_pool_close(struct sw_http *http, void *pool);

struct trace *http_trace(struct sw_http *http); /* NULL: none */

/* For tests: how long a looked-up address is used; before the first request. */
void http_set_lookup_life(struct sw_http *http, int seconds);
