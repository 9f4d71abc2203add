/* send_gate.c: see send_gate.h.
 *
 * Read-only mode is a promise about this file: whatever a flow does, what it
 * sends comes by here, and what would change users' state stops here. The HTTP
 * method proves nothing (CloudWatch reads with POST, Google opens a private
 * edit with POST), so the table's own word for the effect decides, and a
 * request is what the table says or it does not leave. */
#include "net/send_gate.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "net/percent.h"
#include "net/request.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* Length of the longest run from p that a field may stand for. */
static size_t field_run(const char *p)
{
    size_t n = 0;
    for (;;) {
        if (percent_is_unreserved(p[n]))
            n++;
        else if (p[n] == '%' && is_hex(p[n + 1]) && is_hex(p[n + 2]))
            n += 3;
        else
            return n;
    }
}

bool send_gate_matches(const char *pattern, const char *path)
{
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        /* What follows a field is never a character of a field ('/', ':', the end), so the
         * longest run is the only reading. */
        size_t run = field_run(path);
        const char *close = strchr(pattern, '}');
        if (run == 0 || !close)
            return false;
        path += run;
        pattern = close + 1;
    }
    return *path == '\0';
}

/* A server may decode before it routes, once or more often. No reading of the path may hold a
 * dot segment, a slash that was not there, a backslash or a control character. */
static bool is_safe_when_decoded(const char *path)
{
    char now[SW_PATH_MAX];
    char next[SW_PATH_MAX];
    size_t slashes = 0;
    for (const char *p = path; *p; p++)
        slashes += *p == '/';
    size_t len = strlen(path);
    if (len >= sizeof(now))
        return false;
    memcpy(now, path, len + 1);
    for (;;) {
        size_t seen = 0;
        for (size_t i = 0; i < len; i++) {
            unsigned char c = (unsigned char)now[i];
            if (c < 0x20 || c == 0x7f || c == '\\')
                return false;
            seen += c == '/';
            if (c == '/' && now[i + 1] == '.') {
                size_t dots = strspn(now + i + 1, ".");
                char end = now[i + 1 + dots];
                if (dots <= 2 && (end == '/' || end == '\0' || end == ';'))
                    return false;
            }
        }
        if (seen != slashes)
            return false;
        size_t next_len = 0;
        if (!percent_decode(now, len, next, sizeof(next), &next_len))
            return len < strlen(path); /* a '%' that is itself text: nothing more to decode */
        if (next_len == len)
            return true;
        memcpy(now, next, next_len + 1);
        len = next_len;
    }
}

/* The same match on a decoded path, where a field stands for anything but a slash. Used to find
 * out what else the path could mean, so it errs towards matching. */
static bool could_match(const char *pattern, const char *text)
{
    for (; *pattern && *pattern != '{'; pattern++, text++)
        if (*pattern != *text)
            return false;
    if (!*pattern)
        return *text == '\0';
    const char *rest = strchr(pattern, '}');
    if (!rest)
        return false;
    for (size_t n = 1; text[n - 1] && text[n - 1] != '/'; n++)
        if (could_match(rest + 1, text + n))
            return true;
    return false;
}

static bool same_target(const struct sw_operation *a, const struct sw_operation *b)
{
    return a->target && b->target ? strcmp(a->target, b->target) == 0 : a->target == b->target;
}

static bool is_in_table(const struct send_gate *gate, const struct sw_operation *operation)
{
    for (size_t i = 0; i < gate->operation_count; i++)
        if (&gate->operations[i] == operation)
            return true;
    return false;
}

/* Could a server that decodes first take it for an operation of greater effect? */
static const struct sw_operation *greater_reading(const struct send_gate *gate,
                                                  const struct sw_operation *operation,
                                                  const char *path)
{
    char decoded[SW_PATH_MAX];
    size_t len = 0;
    if (!percent_decode(path, strlen(path), decoded, sizeof(decoded), &len))
        return operation;
    for (size_t i = 0; i < gate->operation_count; i++) {
        const struct sw_operation *other = &gate->operations[i];
        if (other->effect > operation->effect && other->method == operation->method &&
            same_target(other, operation) && could_match(other->path, decoded))
            return other;
    }
    return NULL;
}

static enum sw_code not_in_table(const struct send_gate *gate, const struct sw_request *request,
                                 struct sw_error *err)
{
    return sw_fail(err, SW_E_INTERNAL,
                   "%s: %s %s is not a request that this source makes; nothing was sent",
                   gate->source_id, request_method_name(request->operation->method), request->path);
}

/* Is every byte of it in the table? Then it is what was written there, and nothing could be put in
 * the place of the thing that cannot exist. */
static bool is_whole_in_table(const struct sw_request *request)
{
    const struct sw_operation *operation = request->operation;
    return operation->only_body && !strchr(operation->path, '{') && request->query_count == 0 &&
           request->body && request->body_len == strlen(operation->only_body) &&
           memcmp(request->body, operation->only_body, request->body_len) == 0;
}

/* What its effect asks for beyond its place in the table. */
static enum sw_code check_effect(const struct send_gate *gate, const struct sw_request *request,
                                 struct sw_error *err)
{
    const struct sw_operation *operation = request->operation;
    if (operation->effect == SW_EFFECT_PROBE) {
        if (is_whole_in_table(request))
            return SW_OK;
        return sw_fail(err, SW_E_INTERNAL,
                       "%s: %s asks for something else than its table says; nothing was sent",
                       gate->source_id, operation->name);
    }
    const struct sw_operation *other = greater_reading(gate, operation, request->path);
    if (!other)
        return SW_OK;
    return sw_fail(err, SW_E_INTERNAL, "%s: the path of %s could be read as %s; nothing was sent",
                   gate->source_id, operation->name, other->name);
}

/* The URL must be the gate's origin and prefix followed by exactly the path checked. */
static bool is_at_origin(const struct origin *origin, const char *path, const char *url)
{
    size_t origin_len = strlen(origin->text);
    size_t prefix_len = strlen(origin->prefix);
    return strncmp(url, origin->text, origin_len) == 0 &&
           strncmp(url + origin_len, origin->prefix, prefix_len) == 0 &&
           strcmp(url + origin_len + prefix_len, path) == 0;
}

enum sw_code send_gate_check(const struct send_gate *gate, const struct sw_request *request,
                             const char *url, struct sw_error *err)
{
    const struct sw_operation *operation = request->operation;
    sw_assert(operation);
    if (!is_in_table(gate, operation) || request->path[0] != '/' ||
        !send_gate_matches(operation->path, request->path) || !is_safe_when_decoded(request->path))
        return not_in_table(gate, request, err);
    enum sw_code code = check_effect(gate, request, err);
    if (code != SW_OK)
        return code;
    if (!is_at_origin(gate->origin, request->path, url))
        return sw_fail(err, SW_E_INTERNAL,
                       "%s: %s would go to another place than %s; nothing was sent",
                       gate->source_id, operation->name, gate->origin->text);
    if (gate->is_read_only && operation->effect != SW_EFFECT_READ &&
        operation->effect != SW_EFFECT_EDIT)
        return sw_fail(err, SW_E_REFUSED,
                       "read-only: %s %s; nothing was sent to %s", operation->name,
                       operation->effect == SW_EFFECT_PROBE
                           ? "asks whether it may change what users get"
                           : "would change what users get",
                       gate->source_id);
    return SW_OK;
}
