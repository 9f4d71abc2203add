/* origin.h: where requests may go: scheme, host and port of a configured URL. Pure. */
#pragma once

#include <stdbool.h>

#include "slipway.h"

enum { ORIGIN_TEXT = 300, ORIGIN_PREFIX = 256 };

struct origin {
    char text[ORIGIN_TEXT];     /* "https://host:port", host in lower case, default port left out */
    char host[256];             /* as in the URL; "[::1]" keeps its brackets */
    int port;                   /* always known */
    bool is_https;
    bool is_loopback;           /* literal 127.0.0.0/8 or [::1]: plain http allowed, never a proxy */
    char prefix[ORIGIN_PREFIX]; /* the URL's path without its last slash: "" or "/api" */
};

/* Errors: SW_E_CONFIG: not a URL, plain http to other than a literal loopback
 * address, credentials, query or fragment in it. what names it in the text. */
enum sw_code origin_parse(const char *url, const char *what, struct origin *out,
                          struct sw_error *err);
