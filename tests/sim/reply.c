/* Replies: filled by a dialect, sent by the server, read by the tests. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void sim_reply_init(struct sim_reply *rp)
{
    *rp = (struct sim_reply){.status = 500};
}

static void drop_body(struct sim_reply *rp)
{
    free(rp->body);
    rp->body = NULL;
    rp->body_bytes = 0;
}

void sim_reply_clear(struct sim_reply *rp)
{
    for (size_t i = 0; i < rp->n_headers; i++) {
        free(rp->headers[i].name);
        free(rp->headers[i].value);
    }
    drop_body(rp);
    sim_reply_init(rp);
}

const char *sim_reply_get_header(const struct sim_reply *rp, const char *name)
{
    for (size_t i = 0; i < rp->n_headers; i++)
        if (strcasecmp(rp->headers[i].name, name) == 0)
            return rp->headers[i].value;
    return NULL;
}

void sim_reply_header(struct sim_reply *rp, const char *name, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *value = sim_vprintf(format, ap);
    va_end(ap);
    for (size_t i = 0; i < rp->n_headers; i++)
        if (strcasecmp(rp->headers[i].name, name) == 0) {
            free(rp->headers[i].value);
            rp->headers[i].value = value;
            return;
        }
    if (rp->n_headers == SIM_REPLY_HEADERS_MAX)
        abort(); /* a dialect that sets so many is wrong */
    rp->headers[rp->n_headers].name = sim_xstrdup(name);
    rp->headers[rp->n_headers].value = value;
    rp->n_headers++;
}

static void set_body(struct sim_reply *rp, int status, const char *content_type, char *body_take)
{
    drop_body(rp);
    rp->status = status;
    rp->body = body_take;
    rp->body_bytes = strlen(body_take);
    if (sim_reply_get_header(rp, "Content-Type") == NULL)
        sim_reply_header(rp, "Content-Type", "%s", content_type);
}

void sim_reply_json(struct sim_reply *rp, int status, json_t *value_take)
{
    char *text = sim_json_text(value_take);

    json_decref(value_take);
    set_body(rp, status, "application/json", text);
}

void sim_reply_text(struct sim_reply *rp, int status, const char *content_type, const char *text)
{
    set_body(rp, status, content_type, sim_xstrdup(text));
}

void sim_reply_empty(struct sim_reply *rp, int status)
{
    drop_body(rp);
    rp->status = status;
}
