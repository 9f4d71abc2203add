/*
 * What came in, counted per service when received (faults included), and the last requests.
 * "Mutating" is what would change what users get; Play's private edits are counted apart.
 */
#include "faults.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_MAX = 256, BODY_KEPT_BYTES = 4096 };

struct entry {
    int64_t real_ms;
    int64_t world_ms;
    size_t service;
    enum sim_effect effect;
    char *method;
    char *target;
    char *action; /* X-Amz-Target, "" = none */
    char *body;
    int status;
    enum sim_fault_kind fault;
    bool is_applied;
};

struct ring {
    struct entry entries[LOG_MAX];
    uint64_t n; /* ever written */
};

struct totals {
    uint64_t requests;
    uint64_t by_effect[SIM_EFFECT_N];
    uint64_t unauthorized;
    uint64_t forbidden;
    uint64_t refused; /* other 4xx from the dialect */
    uint64_t malformed;
    uint64_t faults;
};

struct sim_counters {
    struct totals totals[SIM_SERVICES_MAX];
    struct ring writes; /* everything but reads */
    struct ring recent; /* everything */
};

static const char *const effect_names[SIM_EFFECT_N] = {
    [SIM_EFFECT_NONE] = "read",
    [SIM_EFFECT_MUTATING] = "mutating",
    [SIM_EFFECT_EDIT_INSERT] = "edit_insert",
    [SIM_EFFECT_EDIT_DELETE] = "edit_delete",
    [SIM_EFFECT_EDIT_WRITE] = "edit_write",
    [SIM_EFFECT_PROBE] = "probe",
};

struct sim_counters *sim_counters_new(void)
{
    return sim_xcalloc(1, sizeof(struct sim_counters));
}

static void entry_clear(struct entry *entry)
{
    free(entry->method);
    free(entry->target);
    free(entry->action);
    free(entry->body);
    *entry = (struct entry){.status = 0};
}

static void ring_clear(struct ring *ring)
{
    for (size_t i = 0; i < LOG_MAX; i++)
        entry_clear(&ring->entries[i]);
    ring->n = 0;
}

void sim_counters_reset(struct sim_counters *counters)
{
    ring_clear(&counters->writes);
    ring_clear(&counters->recent);
    memset(counters->totals, 0, sizeof counters->totals);
}

void sim_counters_free(struct sim_counters *counters)
{
    if (counters == NULL)
        return;
    sim_counters_reset(counters);
    free(counters);
}

static void ring_add(struct ring *ring, const struct entry *facts, const struct sim_request *rq)
{
    struct entry *entry = &ring->entries[ring->n++ % LOG_MAX];
    size_t kept = rq->body_bytes < BODY_KEPT_BYTES ? rq->body_bytes : BODY_KEPT_BYTES;

    entry_clear(entry);
    *entry = *facts;
    entry->method = sim_xstrdup(rq->method);
    entry->target = sim_printf("%s%s%s", rq->raw_path, rq->raw_query[0] == '\0' ? "" : "?",
                               rq->raw_query);
    const char *action = sim_header(rq, "X-Amz-Target");
    entry->action = sim_xstrdup(action == NULL ? "" : action);
    entry->body = sim_xstrndup(rq->body, kept);
}

void sim_counters_add(struct sim_counters *counters, size_t service, enum sim_effect effect,
                      const struct sim_request *rq, int own_status, int status,
                      const struct sim_fault *fault, int64_t world_ms)
{
    struct totals *totals = &counters->totals[service];
    bool is_fault = fault->kind != SIM_FAULT_NONE;
    struct entry facts = {.real_ms = sim_real_ms(), .world_ms = world_ms, .service = service,
                          .effect = effect, .status = status, .fault = fault->kind};

    facts.is_applied = own_status > 0 && own_status < 400;
    totals->requests++;
    totals->by_effect[effect]++;
    totals->faults += is_fault;
    totals->unauthorized += own_status == 401;
    totals->forbidden += own_status == 403;
    totals->refused +=
        own_status >= 400 && own_status < 500 && own_status != 401 && own_status != 403;
    ring_add(&counters->recent, &facts, rq);
    if (effect != SIM_EFFECT_NONE)
        ring_add(&counters->writes, &facts, rq);
}

void sim_counters_add_malformed(struct sim_counters *counters, size_t service)
{
    counters->totals[service].requests++;
    counters->totals[service].malformed++;
}

static json_t *entry_json(const struct entry *entry)
{
    char world[32];
    /* A body that is not UTF-8 is told by its length only. */
    json_t *body = json_string(entry->body);

    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:b, s:b}", "real_ms",
                     (json_int_t)entry->real_ms, "world",
                     sim_rfc3339(world, sizeof world, entry->world_ms, true), "service",
                     sim_services[entry->service]->name, "effect", effect_names[entry->effect],
                     "method", entry->method, "target", entry->target, "action", entry->action, "body",
                     body == NULL ? json_null() : body, "status", entry->status, "fault",
                     entry->fault != SIM_FAULT_NONE, "applied", entry->is_applied);
}

static json_t *ring_json(const struct ring *ring)
{
    json_t *list = json_array();
    uint64_t first = ring->n > LOG_MAX ? ring->n - LOG_MAX : 0;

    for (uint64_t i = first; i < ring->n; i++)
        json_array_append_new(list, entry_json(&ring->entries[i % LOG_MAX]));
    return list;
}

json_t *sim_counters_json(const struct sim_counters *counters)
{
    json_t *services = json_object();
    uint64_t mutating = 0;

    for (size_t i = 0; sim_services[i] != NULL; i++) {
        const struct totals *t = &counters->totals[i];
        mutating += t->by_effect[SIM_EFFECT_MUTATING];
        json_object_set_new(
            services, sim_services[i]->name,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "requests",
                      (json_int_t)t->requests, "mutating",
                      (json_int_t)t->by_effect[SIM_EFFECT_MUTATING], "edit_inserts",
                      (json_int_t)t->by_effect[SIM_EFFECT_EDIT_INSERT], "edit_deletes",
                      (json_int_t)t->by_effect[SIM_EFFECT_EDIT_DELETE], "edit_writes",
                      (json_int_t)t->by_effect[SIM_EFFECT_EDIT_WRITE], "probes",
                      (json_int_t)t->by_effect[SIM_EFFECT_PROBE], "unauthorized",
                      (json_int_t)t->unauthorized, "forbidden", (json_int_t)t->forbidden,
                      "refused", (json_int_t)t->refused, "malformed", (json_int_t)t->malformed,
                      "faults", (json_int_t)t->faults));
    }
    return json_pack("{s:I, s:o, s:o}", "mutating", (json_int_t)mutating, "services", services,
                     "log", ring_json(&counters->writes));
}

json_t *sim_counters_recent_json(const struct sim_counters *counters)
{
    return json_pack("{s:o}", "recent", ring_json(&counters->recent));
}
