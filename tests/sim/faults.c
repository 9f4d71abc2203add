/* The list of faults and the judgement of a request: see faults.h. */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAULTS_MAX = 64 };

struct sim_faults {
    uint64_t random;
    int64_t last_id;
    size_t n;
    struct sim_fault list[FAULTS_MAX];
};

static const struct {
    enum sim_fault_kind kind;
    const char *name;
    bool before; /* default */
} kinds[] = {
    {SIM_FAULT_LATENCY, "latency_ms", false}, {SIM_FAULT_STATUS, "status", true},
    {SIM_FAULT_STATUS, "retry_after", true},  {SIM_FAULT_GARBAGE, "garbage", true},
    {SIM_FAULT_HTML, "html", true},           {SIM_FAULT_EMPTY, "empty", true},
    {SIM_FAULT_HUGE, "huge", true},           {SIM_FAULT_CUT, "cut", false},
    {SIM_FAULT_RESET, "reset", false},        {SIM_FAULT_SLOW, "slow", false},
    {SIM_FAULT_SILENT, "silent", false},      {SIM_FAULT_NOISE, "noise", false},
    {SIM_FAULT_INTERIM, "interim", false},    {SIM_FAULT_REFUSE, "refuse", true},
};

struct sim_faults *sim_faults_new(uint64_t seed)
{
    struct sim_faults *faults = sim_xcalloc(1, sizeof *faults);

    faults->random = seed ^ UINT64_C(0x6a09e667f3bcc909);
    return faults;
}

void sim_faults_free(struct sim_faults *faults)
{
    free(faults);
}

static double next_unit(struct sim_faults *faults)
{
    uint64_t z = faults->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* ---- reading a fault -------------------------------------------------------------------- */

static bool read_text(json_t *spec, const char *key, char *out, size_t out_bytes, char *error)
{
    json_t *value = json_object_get(spec, key);
    const char *text = json_string_value(value);

    if (value == NULL)
        return true;
    if (text == NULL || !sim_copy(out, out_bytes, text)) {
        snprintf(error, 256, "\"%s\" must be a string of less than %zu bytes", key, out_bytes);
        return false;
    }
    return true;
}

static bool read_whole(json_t *spec, const char *key, int64_t low, int64_t high, int64_t *out,
                       char *error)
{
    json_t *value = json_object_get(spec, key);

    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < low ||
        json_integer_value(value) > high) {
        snprintf(error, 256, "\"%s\" must be a whole number from %lld to %lld", key,
                 (long long)low, (long long)high);
        return false;
    }
    *out = json_integer_value(value);
    return true;
}

static bool read_flag(json_t *spec, const char *key, bool *out, char *error)
{
    json_t *value = json_object_get(spec, key);

    if (value == NULL)
        return true;
    if (!json_is_boolean(value)) {
        snprintf(error, 256, "\"%s\" must be true or false", key);
        return false;
    }
    *out = json_is_true(value);
    return true;
}

static bool read_kind(json_t *spec, struct sim_fault *fault, char *error)
{
    const char *name = json_string_value(json_object_get(spec, "kind"));

    for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            fault->kind = kinds[i].kind;
            fault->before = kinds[i].before;
            return true;
        }
    snprintf(error, 256,
             "\"kind\" must be one of latency_ms status retry_after garbage html empty huge cut "
             "reset slow silent noise interim refuse");
    return false;
}

static bool read_service(json_t *spec, struct sim_fault *fault, char *error)
{
    const char *name = json_string_value(json_object_get(spec, "service"));

    fault->service = SIZE_MAX;
    if (name == NULL || strcmp(name, "*") == 0)
        return true;
    fault->service = sim_service_index(name);
    if (fault->service == SIZE_MAX)
        snprintf(error, 256, "no service \"%.64s\"", name);
    return fault->service != SIZE_MAX;
}

static bool read_probability(json_t *spec, struct sim_fault *fault, char *error)
{
    json_t *value = json_object_get(spec, "probability");

    fault->probability = value == NULL ? 1 : json_number_value(value);
    if (value == NULL || (json_is_number(value) && fault->probability >= 0 &&
                          fault->probability <= 1))
        return true;
    snprintf(error, 256, "\"probability\" must be a number from 0 to 1");
    return false;
}

static bool read_fault(json_t *spec, struct sim_fault *fault, char *error)
{
    static const char *const known[] = {
        "service", "kind",  "status",    "retry_after", "location",    "body",  "ms",
        "bytes",   "count", "from_body", "before",      "probability", "path", "method", NULL};
    int64_t status = 503;
    const char *unknown = sim_json_unknown(spec, known);

    *fault = (struct sim_fault){.count = -1, .bytes = -1};
    if (unknown != NULL) {
        snprintf(error, 256, "unknown key \"%.64s\"", unknown);
        return false;
    }
    if (!read_kind(spec, fault, error) || !read_service(spec, fault, error) ||
        !read_whole(spec, "status", 100, 599, &status, error) ||
        !read_text(spec, "retry_after", fault->retry_after, sizeof fault->retry_after, error) ||
        !read_text(spec, "location", fault->location, sizeof fault->location, error) ||
        !read_text(spec, "body", fault->body, sizeof fault->body, error) ||
        !read_whole(spec, "ms", 0, 3600 * 1000, &fault->ms, error) ||
        !read_whole(spec, "bytes", 0, (int64_t)1 << 40, &fault->bytes, error) ||
        !read_whole(spec, "count", 0, INT64_MAX, &fault->count, error) ||
        !read_flag(spec, "from_body", &fault->from_body, error) ||
        !read_flag(spec, "before", &fault->before, error) ||
        !read_probability(spec, fault, error) ||
        !read_text(spec, "path", fault->path, sizeof fault->path, error) ||
        !read_text(spec, "method", fault->method, sizeof fault->method, error))
        return false;
    if (strcmp(json_string_value(json_object_get(spec, "kind")), "retry_after") == 0) {
        status = json_object_get(spec, "status") == NULL ? 429 : status;
        if (fault->retry_after[0] == '\0')
            sim_copy(fault->retry_after, sizeof fault->retry_after, "1");
    }
    fault->status = (int)status;
    return true;
}

const struct sim_fault *sim_faults_add(struct sim_faults *faults, json_t *spec, char *error)
{
    if (faults->n == FAULTS_MAX) {
        snprintf(error, 256, "too many faults at once");
        return NULL;
    }
    if (!read_fault(spec, &faults->list[faults->n], error))
        return NULL;
    faults->list[faults->n].id = ++faults->last_id;
    return &faults->list[faults->n++];
}

size_t sim_faults_remove(struct sim_faults *faults, int64_t id)
{
    size_t kept = 0;
    size_t before = faults->n;

    for (size_t i = 0; i < faults->n; i++)
        if (id >= 0 && faults->list[i].id != id)
            faults->list[kept++] = faults->list[i];
    faults->n = kept;
    return before - kept;
}

json_t *sim_faults_json(const struct sim_faults *faults)
{
    json_t *list = json_array();

    for (size_t i = 0; i < faults->n; i++) {
        const struct sim_fault *fault = &faults->list[i];
        const char *kind = "?";
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (kinds[k].kind == fault->kind)
                kind = kinds[k].name;
        json_array_append_new(
            list, json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)fault->id, "kind", kind,
                            "service",
                            fault->service == SIZE_MAX ? "*" : sim_services[fault->service]->name,
                            "count", (json_int_t)fault->count, "hits", (json_int_t)fault->hits));
    }
    return list;
}

/* ---- judging ---------------------------------------------------------------------------- */

static bool concerns(const struct sim_fault *fault, size_t service)
{
    return (fault->service == SIZE_MAX || fault->service == service) && fault->count != 0;
}

bool sim_faults_refuses(const struct sim_faults *faults, size_t service)
{
    for (size_t i = 0; i < faults->n; i++)
        if (faults->list[i].kind == SIM_FAULT_REFUSE && concerns(&faults->list[i], service))
            return true;
    return false;
}

static bool hits(struct sim_faults *faults, struct sim_fault *fault, size_t service,
                 const struct sim_request *rq)
{
    if (!concerns(fault, service) || fault->kind == SIM_FAULT_REFUSE)
        return false;
    if (fault->method[0] != '\0' && strcmp(fault->method, rq->method) != 0)
        return false;
    const char *action = sim_header(rq, "X-Amz-Target"); /* Amazon's path is always "/" */
    if (fault->path[0] != '\0' && strstr(rq->raw_path, fault->path) == NULL &&
        strstr(rq->raw_query, fault->path) == NULL &&
        (action == NULL || strstr(action, fault->path) == NULL))
        return false;
    if (fault->probability < 1 && next_unit(faults) >= fault->probability)
        return false;
    fault->hits++;
    if (fault->count > 0)
        fault->count--;
    return true;
}

struct sim_verdict sim_faults_judge(struct sim_faults *faults, size_t service,
                                    const struct sim_request *rq)
{
    struct sim_verdict verdict = {.delay_ms = 0};

    for (size_t i = 0; i < faults->n; i++) {
        struct sim_fault *fault = &faults->list[i];
        bool is_delay = fault->kind == SIM_FAULT_LATENCY;
        if (!is_delay && verdict.fault.kind != SIM_FAULT_NONE)
            continue;
        if (!hits(faults, fault, service, rq))
            continue;
        if (is_delay)
            verdict.delay_ms += fault->ms;
        else
            verdict.fault = *fault;
    }
    return verdict;
}

/* ---- playing those that are HTTP -------------------------------------------------------- */

static void set_retry_after(const struct sim_fault *fault, struct sim_reply *rp)
{
    if (fault->retry_after[0] == '\0')
        return;
    if (strncmp(fault->retry_after, "date:", 5) != 0) {
        sim_reply_header(rp, "Retry-After", "%s", fault->retry_after);
        return;
    }
    char date[64];
    struct tm tm;
    time_t at = (time_t)(sim_real_ms() / 1000) + strtol(fault->retry_after + 5, NULL, 10);
    gmtime_r(&at, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    sim_reply_header(rp, "Retry-After", "%s", date);
}

bool sim_fault_answer(const struct sim_fault *fault, struct sim_reply *rp)
{
    switch (fault->kind) {
    case SIM_FAULT_STATUS:
        set_retry_after(fault, rp);
        if (fault->location[0] != '\0')
            sim_reply_header(rp, "Location", "%s", fault->location);
        sim_reply_text(rp, fault->status, "text/plain", fault->body);
        return true;
    case SIM_FAULT_GARBAGE:
        sim_reply_text(rp, 200, "application/json", "{\"a\":[1,2,\x01\x7f\xff<<<\"}}}]]\\u00");
        return true;
    case SIM_FAULT_HTML:
        sim_reply_text(rp, 200, "text/html; charset=utf-8",
                       "<!doctype html><html><head><title>Sign in</title></head>"
                       "<body><form action=\"/login\"></form></body></html>");
        return true;
    case SIM_FAULT_EMPTY:
    case SIM_FAULT_HUGE: /* the server makes the body */
        sim_reply_empty(rp, 200);
        return true;
    case SIM_FAULT_NONE:
    case SIM_FAULT_LATENCY:
    case SIM_FAULT_CUT:
    case SIM_FAULT_RESET:
    case SIM_FAULT_SLOW:
    case SIM_FAULT_SILENT:
    case SIM_FAULT_NOISE:
    case SIM_FAULT_INTERIM:
    case SIM_FAULT_REFUSE:
        return false;
    }
    return false;
}
