/* request.h: the parts of a request the pipeline needs and a flow does not. Pure. */
#pragma once

#include "net/exchange.h"

/* "GET"; asserts a known method. */
const char *request_method_name(enum sw_method method);

/* Is it whole? Errors: SW_E_LIMIT (something did not fit when it was built). */
enum sw_code request_check(const struct sw_request *request, struct sw_error *err);

/* base_url + path + query, encoded. base_url without a slash at its end. */
void request_add_url(const struct sw_request *request, const char *base_url, struct sw_buf *out);
