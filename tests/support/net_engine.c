/* net_engine.c: see net_engine.h. */
#include "net_engine.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"

struct net_engine {
    struct sw_http *http;
    struct sw_thread thread;
    atomic_bool is_closing;
};

static void turn(void *arg)
{
    struct net_engine *engine = arg;
    while (!atomic_load(&engine->is_closing))
        sw_http_turn(engine->http, 10000, -1);
    sw_http_cancel_all(engine->http);
}

struct net_engine *net_engine_open(const char *trace_path)
{
    struct sw_error err = {0};
    struct net_engine *engine = sw_xcalloc(1, sizeof(*engine));
    if (sw_http_open(trace_path, &engine->http, &err) != SW_OK ||
        sw_thread_start(&engine->thread, SW_THREAD_ENGINE, "engine", 0, turn, engine, &err) !=
            SW_OK) {
        fprintf(stderr, "net_engine: %s\n", err.text);
        abort();
    }
    return engine;
}

struct sw_http *net_engine_http(struct net_engine *engine)
{
    return engine->http;
}

void net_engine_stop(struct net_engine *engine)
{
    atomic_store(&engine->is_closing, true);
    sw_http_wake(engine->http);
    sw_thread_join(&engine->thread);
}

void net_engine_close(struct net_engine *engine)
{
    net_engine_stop(engine);
    sw_http_close(engine->http);
    free(engine);
}

struct sw_upstream *net_upstream(struct net_engine *engine, const struct sw_transport *transport,
                                 const char *url, const struct sw_operation *operations,
                                 size_t count, struct sw_auth *auth)
{
    struct sw_error err = {0};
    struct sw_upstream *upstream = NULL;
    struct sw_upstream_options options = {
        .source_id = "test",
        .base_url = url,
        .operations = operations,
        .operation_count = count,
        .per_minute = 60000,
        .burst = 1000,
        .concurrent = 100,
    };
    if (sw_upstream_open(&options, auth, engine ? engine->http : NULL, transport, &upstream,
                         &err) != SW_OK) {
        fprintf(stderr, "net_upstream: %s\n", err.text);
        abort();
    }
    return upstream;
}
