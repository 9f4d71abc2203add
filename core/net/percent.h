/* percent.h: percent-encoding of URL parts (RFC 3986). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A-Z a-z 0-9 - . _ ~: what needs no escape anywhere in a URL. */
bool percent_is_unreserved(char c);

/* Appends text with every byte escaped that is neither unreserved nor in keep.
 * keep may be NULL. */
bool percent_encode(const char *text, size_t len, const char *keep, struct sw_buf *out);

/* Decodes every %XX of in[0..len) into out (NUL-ended). A '%' without two hex
 * digits behind it, or a result that does not fit: false. */
bool percent_decode(const char *in, size_t len, char *out, size_t size, size_t *out_len);
