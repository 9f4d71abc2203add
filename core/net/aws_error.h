/* aws_error.h: AWS's own error codes. Pure. */
#pragma once

#include "net/exchange.h"

enum { AWS_ERROR_CODE = 96 };

/* The code of an error reply ("ThrottlingException"), without namespace and
 * what follows it; empty when there is none. */
void aws_error_code(const struct sw_reply *reply, char out[AWS_ERROR_CODE]);

/* SW_E_AUTH (expired, unknown or badly signed credentials), SW_E_DENIED,
 * SW_E_QUOTA (throttled), or SW_OK: none of these. JSON services answer all of
 * them with 400, so the status alone tells nothing. */
enum sw_code aws_error_classify(const struct sw_reply *reply);
