/* setup.h: one configuration, brought to life: its sources, upstreams, targets and poll units.
 *
 * A reload makes a new setup beside the old one; the old one lives on until the last flow or
 * action that began with it has ended, so that nothing is pulled from under a halt in flight.
 *
 * Who owns it: the engine thread holds one reference for "current", each poll job and each action
 * one more; all are taken and given back on the engine thread (`refs` needs no lock). Flows on
 * other threads read the immutable parts and call upstreams, which are thread-safe; the only other
 * thing they change is `last`, under its lock. */
#pragma once

#include "base/thread.h"
#include "config/config.h"
#include "engine/scheduler.h"
#include "model/model.h"
#include "net/channel.h"
#include "sources/source.h"

struct sw_parts;

struct sw_setup_source {
    const struct sw_source_kind *kind;
    struct sw_auth *auth;         /* taken by the upstream when that is opened */
    struct sw_auth *principal;    /* the same, borrowed from the upstream, for its name */
    struct sw_upstream *upstream; /* NULL: needs no network, or not started */
    struct sw_mutex lock;         /* guards last */
    size_t last_count;
    struct sw_setup_last {
        char key[SW_LABEL_MAX];
        int64_t at_ms; /* WORLD */
    } * last;
    size_t running; /* units now with a worker; engine thread */
    size_t failing; /* units whose last attempt failed; engine thread */
};

struct sw_setup_platform {
    struct sw_target rollout; /* role ROLLOUT; valid when the platform has one */
    size_t rollout_unit;      /* index into units, SIZE_MAX: none */
    struct sw_model_binding binding;
    struct sw_model_health_def *health_defs;
};

struct sw_setup {
    int refs;
    const struct sw_parts *parts;
    struct sw_config *config;
    struct sw_kind_info *infos;          /* the registry as the config layer sees it */
    struct sw_setup_source *sources;     /* config->source_count */
    struct sw_setup_platform *platforms; /* config->platform_count */
    size_t unit_count;
    struct sw_unit *units;
    struct sw_sched sched;
};

/* BLOCKS (disk). Reads and checks the configuration, makes credentials (their secrets are read
 * later) and the plan of what to poll. Nothing is started. Any thread. The caller has the one
 * reference. Errors: SW_E_CONFIG with problems, SW_E_IO. */
enum sw_code sw_setup_load(const struct sw_parts *parts, const char *path, struct sw_setup **out,
                           struct sw_problems *problems, struct sw_error *err);

/* Opens the upstreams. Engine thread. http may be NULL when parts bring a transport. */
enum sw_code sw_setup_connect(struct sw_setup *setup, struct sw_http *http, bool is_read_only,
                              struct sw_error *err);

/* Closes the upstreams, while the network is still there. */
void sw_setup_disconnect(struct sw_setup *setup);

struct sw_setup *sw_setup_ref(struct sw_setup *setup);
/* Frees it with the last reference. NULL is fine. */
void sw_setup_unref(struct sw_setup *setup);

/* Puts platforms and sources as the configuration defines them into an initialised model. */
void sw_setup_fill_model(const struct sw_setup *setup, struct sw_model *model);

/* The table of kinds as the config layer wants it; malloc'd. */
struct sw_kind_info *sw_setup_infos(const struct sw_parts *parts, size_t *count);

/* SIZE_MAX: no such platform. */
size_t sw_setup_platform_index(const struct sw_setup *setup, const char *id);

/* The platform of the same id whose rollout is bound to the same target as that of a platform in
 * another (or the same) setup. SIZE_MAX: none, whatever its id. */
size_t sw_setup_same_target(const struct sw_setup *setup, const struct sw_setup *other,
                            size_t platform);
