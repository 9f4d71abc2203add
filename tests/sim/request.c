/*
 * Requests as the dialects see them: split and decoded once, here.
 *
 * Nothing is repaired. A bad escape or a NUL in path or query makes the request malformed; the
 * server answers it 400 itself. All strings live in one block, freed with the request.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct arena {
    char *text;
    size_t used;
};

/* The arena is sized by the caller so that it cannot overflow: every input byte is kept at most
 * three times, each part with its own NUL. */
static char *arena_add(struct arena *arena, const char *text, size_t bytes)
{
    char *at = arena->text + arena->used;

    memcpy(at, text, bytes);
    at[bytes] = '\0';
    arena->used += bytes + 1;
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* NULL: bad escape or NUL. */
static char *arena_decode(struct arena *arena, const char *text, size_t bytes, bool plus_is_space)
{
    char *at = arena->text + arena->used;
    size_t n = 0;

    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (c == '%') {
            bool is_whole = i + 2 < bytes;
            int high = is_whole ? hex_digit(text[i + 1]) : -1;
            int low = is_whole ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        at[n++] = c;
    }
    at[n] = '\0';
    arena->used += n + 1;
    return at;
}

static bool split_path(struct sim_request *rq, struct arena *arena)
{
    const char *at = rq->raw_path;
    size_t length = strlen(at);

    rq->has_trailing_slash = length > 0 && at[length - 1] == '/';
    while (*at != '\0') {
        size_t n = strcspn(at, "/");
        if (n > 0) {
            if (rq->n_segments == SIM_SEGMENTS_MAX)
                return false;
            char *segment = arena_decode(arena, at, n, false);
            if (segment == NULL)
                return false;
            rq->segments[rq->n_segments++] = segment;
        }
        at += n;
        at += *at == '/';
    }
    return true;
}

static bool split_query(struct sim_request *rq, struct arena *arena)
{
    const char *at = rq->raw_query;

    while (*at != '\0') {
        size_t n = strcspn(at, "&");
        if (n > 0) {
            const char *equals = memchr(at, '=', n);
            size_t name_bytes = equals == NULL ? n : (size_t)(equals - at);
            if (rq->n_query == SIM_PAIRS_MAX)
                return false;
            struct sim_pair *pair = &rq->query[rq->n_query++];
            pair->name = arena_decode(arena, at, name_bytes, true);
            pair->value = equals == NULL
                              ? arena_add(arena, "", 0)
                              : arena_decode(arena, equals + 1, n - name_bytes - 1, true);
            if (pair->name == NULL || pair->value == NULL)
                return false;
        }
        at += n;
        at += *at == '&';
    }
    return true;
}

static bool copy_headers(struct sim_request *rq, struct arena *arena,
                         const struct sim_pair *headers, size_t n_headers)
{
    if (n_headers > SIM_PAIRS_MAX)
        return false;
    for (size_t i = 0; i < n_headers; i++) {
        rq->headers[i].name = arena_add(arena, headers[i].name, strlen(headers[i].name));
        rq->headers[i].value = arena_add(arena, headers[i].value, strlen(headers[i].value));
    }
    rq->n_headers = n_headers;
    return true;
}

bool sim_request_parse(struct sim_request *out, const char *method, const char *target,
                       const struct sim_pair *headers, size_t n_headers, const void *body,
                       size_t body_bytes)
{
    size_t target_bytes = strlen(target);
    size_t need = strlen(method) + 3 * target_bytes + 4 * (SIM_SEGMENTS_MAX + SIM_PAIRS_MAX) +
                  body_bytes + 16;

    for (size_t i = 0; i < n_headers; i++)
        need += strlen(headers[i].name) + strlen(headers[i].value) + 2;

    struct arena arena = {.text = sim_xcalloc(need, 1)};
    size_t path_bytes = strcspn(target, "?");
    const char *query = target[path_bytes] == '?' ? target + path_bytes + 1 : "";

    *out = (struct sim_request){.memory = arena.text};
    out->method = arena_add(&arena, method, strlen(method));
    out->raw_path = arena_add(&arena, target, path_bytes);
    out->raw_query = arena_add(&arena, query, strlen(query));
    out->path = arena_decode(&arena, target, path_bytes, false);
    bool ok = target[0] == '/' && out->path != NULL && split_path(out, &arena) &&
              split_query(out, &arena) && copy_headers(out, &arena, headers, n_headers);
    if (!ok) {
        sim_request_free(out);
        return false;
    }
    out->body = arena_add(&arena, body == NULL ? "" : body, body_bytes);
    out->body_bytes = body_bytes;
    return true;
}

void sim_request_free(struct sim_request *rq)
{
    free(rq->memory);
    *rq = (struct sim_request){.memory = NULL};
}

const char *sim_header(const struct sim_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_headers; i++)
        if (strcasecmp(rq->headers[i].name, name) == 0)
            return rq->headers[i].value;
    return NULL;
}

size_t sim_header_count(const struct sim_request *rq, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < rq->n_headers; i++)
        n += strcasecmp(rq->headers[i].name, name) == 0;
    return n;
}

const char *sim_query_at(const struct sim_request *rq, const char *name, size_t n)
{
    for (size_t i = 0; i < rq->n_query; i++)
        if (strcmp(rq->query[i].name, name) == 0 && n-- == 0)
            return rq->query[i].value;
    return NULL;
}

const char *sim_query(const struct sim_request *rq, const char *name)
{
    return sim_query_at(rq, name, 0);
}

size_t sim_query_count(const struct sim_request *rq, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < rq->n_query; i++)
        n += strcmp(rq->query[i].name, name) == 0;
    return n;
}

static bool is_known(const char *name, const char *const *known)
{
    for (size_t i = 0; known[i] != NULL; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

const char *sim_query_unknown(const struct sim_request *rq, const char *const *known)
{
    for (size_t i = 0; i < rq->n_query; i++)
        if (!is_known(rq->query[i].name, known))
            return rq->query[i].name;
    return NULL;
}

bool sim_method_is(const struct sim_request *rq, const char *method)
{
    return strcmp(rq->method, method) == 0;
}

const char *sim_bearer(const struct sim_request *rq)
{
    const char *value = sim_header(rq, "Authorization");

    if (value == NULL || sim_header_count(rq, "Authorization") != 1)
        return NULL;
    return strncmp(value, "Bearer ", 7) == 0 && value[7] != '\0' ? value + 7 : NULL;
}

json_t *sim_body_json(const struct sim_request *rq)
{
    json_t *value = json_loadb(rq->body, rq->body_bytes, JSON_REJECT_DUPLICATES, NULL);

    if (value != NULL && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

const char *sim_json_unknown(json_t *object, const char *const *known)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach(object, key, value) {
        if (!is_known(key, known))
            return key;
    }
    return NULL;
}
