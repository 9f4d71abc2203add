/* url.h: the address of an upstream as the configuration may give it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SW_URL_TEXT = 512 };

struct sw_url {
    char text[SW_URL_TEXT]; /* without a slash at its end */
    bool is_loopback;       /* host is literally in 127.0.0.0/8 or [::1] */
    bool has_path;
};

/* https to anywhere, plain http only to a literal loopback address; no user, no query, no
 * fragment. False with what is wrong in why. */
bool sw_url_check(const char *text, struct sw_url *out, char *why, size_t why_size);
