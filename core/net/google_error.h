/* google_error.h: the error object of Google's APIs. Pure. */
#pragma once

#include <jansson.h>

#include "net/exchange.h"

enum { SW_GOOGLE_REASONS_MAX = 256 };

/* The reasons in an `error` object, of `errors` and of `details`, cleaned and with blanks between;
 * either list may be absent, and not every entry has one. */
void sw_google_reasons(const json_t *error, char out[SW_GOOGLE_REASONS_MAX]);
/* SW_E_QUOTA where a 403 (or a status word) means too many requests, else SW_OK: the HTTP status
 * says it all. Nothing was done then. */
enum sw_code sw_google_classify(const struct sw_reply *reply);
