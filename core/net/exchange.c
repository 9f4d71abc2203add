/* exchange.c: building a request, showing it to people, and reading a reply's body.
 *
 * Pure: no socket, no lock. The pipeline behind sw_exchange is in channel.c.
 *
 * A part that does not fit is never cut: the request is marked (one parameter
 * more than there is room for, or a body of SIZE_MAX bytes), and sw_exchange
 * refuses it with SW_E_LIMIT. So a half-written body can not leave.
 */
#include "net/exchange.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "net/percent.h"
#include "net/request.h"

static const char *const method_names[] = {
    [SW_GET] = "GET",     [SW_POST] = "POST",     [SW_PUT] = "PUT",
    [SW_PATCH] = "PATCH", [SW_DELETE] = "DELETE",
};

const char *request_method_name(enum sw_method method)
{
    bool is_known = (size_t)method < SW_ARRAY_LEN(method_names);
    sw_assert(is_known);
    return method_names[method];
}

/* A segment of nothing or of dots alone would change which resource the path names. */
static enum sw_code check_segment(const char *value, const char *name, struct sw_error *err)
{
    if (!value || !*value)
        return sw_fail(err, SW_E_INTERNAL, "%s: a part of the path is empty", name);
    if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
        return sw_fail(err, SW_E_USAGE, "%s: \"%s\" cannot be an id", name, value);
    return SW_OK;
}

enum sw_code sw_request_init(struct sw_request *request, const struct sw_operation *operation,
                             struct sw_error *err, ...)
{
    *request = (struct sw_request){.operation = operation};
    struct sw_buf path;
    sw_buf_init(&path, SW_PATH_MAX - 1);
    enum sw_code code = SW_OK;
    va_list values;
    va_start(values, err);
    for (const char *p = operation->path; *p && code == SW_OK; p++) {
        if (*p != '{') {
            sw_buf_addc(&path, *p);
            continue;
        }
        const char *value = va_arg(values, const char *);
        sw_assert(value); /* fewer values than the pattern has fields: a defect of the caller */
        code = check_segment(value, operation->name, err);
        percent_encode(value, strlen(value), NULL, &path);
        p = strchr(p, '}');
        sw_assert(p);
    }
    const char *rest = code == SW_OK ? va_arg(values, const char *) : NULL;
    va_end(values);
    sw_assert(!rest); /* more values than fields */
    if (code == SW_OK && sw_buf_is_failed(&path))
        code = sw_fail(err, SW_E_LIMIT, "%s: the path would be longer than %d bytes",
                       operation->name, SW_PATH_MAX - 1);
    if (code == SW_OK)
        memcpy(request->path, sw_buf_text(&path), path.len + 1);
    sw_buf_clear(&path);
    return code;
}

void sw_request_param(struct sw_request *request, const char *name, const char *value)
{
    if (request->query_count < SW_PARAMS_MAX)
        request->query[request->query_count++] = (struct sw_param){name, value};
    else
        request->query_count = SW_PARAMS_MAX + 1;
}

void sw_request_json(struct sw_request *request, const char *content_type,
                     const struct sw_buf *body)
{
    request->content_type = content_type ? content_type : "application/json";
    bool is_failed = sw_buf_is_failed(body);
    request->body = is_failed ? NULL : sw_buf_text(body);
    request->body_len = is_failed ? SIZE_MAX : body->len;
}

enum sw_code request_check(const struct sw_request *request, struct sw_error *err)
{
    const char *name = request->operation->name;
    if (request->query_count > SW_PARAMS_MAX)
        return sw_fail(err, SW_E_LIMIT, "%s: more than %d query parameters", name, SW_PARAMS_MAX);
    if (request->body_len == SIZE_MAX)
        return sw_fail(err, SW_E_LIMIT, "%s: the body did not fit its buffer", name);
    if (request->body_len > 0 && !request->content_type)
        return sw_fail(err, SW_E_INTERNAL, "%s: a body without a content type", name);
    return SW_OK;
}

void request_add_url(const struct sw_request *request, const char *base_url, struct sw_buf *out)
{
    sw_buf_add(out, base_url);
    sw_buf_add(out, request->path);
    size_t count = request->query_count <= SW_PARAMS_MAX ? request->query_count : SW_PARAMS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct sw_param *param = &request->query[i];
        sw_buf_addc(out, i == 0 ? '?' : '&');
        percent_encode(param->name, strlen(param->name), NULL, out);
        sw_buf_addc(out, '=');
        /* Lists are comma-joined in one parameter. Source: App Store Connect API, "query
         * style", read 2026-01; RFC 3986 section 3.4 allows the comma as it is. */
        percent_encode(param->value, strlen(param->value), ",", out);
    }
}

void sw_request_describe(const struct sw_request *request, const char *base_url, struct sw_buf *out)
{
    sw_buf_printf(out, "%s ", request_method_name(request->operation->method));
    request_add_url(request, base_url, out);
    if (request->operation->target)
        sw_buf_printf(out, "\nX-Amz-Target: %s", request->operation->target);
    if (request->body && request->body_len != SIZE_MAX && request->body_len > 0) {
        sw_buf_printf(out, "\nContent-Type: %s\n\n", request->content_type);
        sw_buf_addn(out, request->body, request->body_len);
    }
    sw_buf_addc(out, '\n');
}

void sw_reply_clear(struct sw_reply *reply)
{
    if (!reply)
        return;
    free(reply->body);
    *reply = (struct sw_reply){0};
}

enum sw_code sw_reply_json(const struct sw_reply *reply, json_t **out, struct sw_error *err)
{
    *out = NULL;
    if (!reply->body || reply->body_len == 0)
        return sw_fail(err, SW_E_PARSE, "the reply (%d) is empty where JSON was expected",
                       reply->status);
    bool is_html = strncmp(reply->content_type, "text/html", 9) == 0;
    if (is_html)
        return sw_fail(err, SW_E_PARSE,
                       "the reply (%d) is a web page where JSON was expected; is base_url right, "
                       "or does a proxy or login page answer?",
                       reply->status);
    return sw_json_parse(reply->body, reply->body_len, NULL, out, err);
}
