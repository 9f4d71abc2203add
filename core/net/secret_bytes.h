/* secret_bytes.h: making and sharing secrets inside core/net, and the redactor.
 *
 * A struct sw_secret is immutable and counted: sw_secret_free gives one
 * reference back, the last one wipes. While it lives, its bytes and their
 * base64 and URL-encoded forms are known to the redactor. Any thread. */
#pragma once

#include <jansson.h>

#include "net/secret.h"

enum { SECRET_MAX_BYTES = 64 * 1024 };

/* Copies; the caller wipes its own. len at most SECRET_MAX_BYTES. */
struct sw_secret *secret_new(const char *bytes, size_t len);
/* NULL gives NULL. */
struct sw_secret *secret_ref(struct sw_secret *secret);

/* The base layer's sw_redact_fn: replaces every living secret in text by
 * "[redacted]" (shortened where that does not fit). arg is not used. */
void secret_redact(void *arg, char *text, size_t size);

/* explicit_bzero and free of a NUL-ended string. */
void secret_wipe_text(char *text);
/* The same for a string inside a JSON tree, which keeps its length. Others are left alone. */
void secret_wipe_json(json_t *string);
