/*
 * aws.h: what the AWS JSON 1.0 and 1.1 protocols have in common: building a request, reading a
 * reply, and saying what an error means. Pure but for the clock in sw_aws_explain.
 *
 * An operation is a POST to "/" whose table entry has the X-Amz-Target in `target` and, as its
 * name, the permission it needs ("cloudwatch:GetMetricData").
 */
#pragma once

#include "net/exchange.h"

#define SW_AWS_JSON_1_0 "application/x-amz-json-1.0"
#define SW_AWS_JSON_1_1 "application/x-amz-json-1.1"

enum { SW_AWS_CODE_MAX = 96 };

/* Starts a request whose body is input; body must stay until the exchange is over. SW_E_LIMIT when
 * input does not fit body. */
enum sw_code sw_aws_request(struct sw_request *request, const struct sw_operation *operation,
                            const char *content_type, const json_t *input, struct sw_buf *body,
                            struct sw_error *err);

/* The reply's body as an object; an empty body is {}. The caller decrefs. SW_E_PARSE, SW_E_LIMIT. */
enum sw_code sw_aws_reply_json(const struct sw_reply *reply, json_t **out, struct sw_error *err);

/* The error's code without namespace and URL ("ThrottlingException"), cleaned; empty: none there. */
void sw_aws_error_code(const struct sw_reply *reply, char out[SW_AWS_CODE_MAX]);

/* After a failed exchange of `operation`: turns what the reply says into err's code, text and
 * retryable flag, and returns the code. Throttling, which AWS answers with 400, is SW_E_QUOTA; a
 * missing permission SW_E_DENIED and named; a bad or expired credential SW_E_AUTH; a thing that does
 * not exist SW_E_NOT_FOUND; the rest stays. Without an HTTP answer only the operation is put in
 * front. err must not be NULL. */
enum sw_code sw_aws_explain(const struct sw_reply *reply, const struct sw_operation *operation,
                            struct sw_error *err);

/* What an error reply's own code says, whatever its status: SW_E_AUTH, SW_E_DENIED, SW_E_QUOTA, or
 * SW_OK for none of these. */
enum sw_code sw_aws_classify(const struct sw_reply *reply);

/* A number on the wire; "NaN" and the infinities (texts there) and anything else are unknown. */
struct sw_value sw_aws_number(const json_t *value);

/* Epoch seconds, whole, fractional or with an exponent, or RFC 3339; 0: none, or out of range. */
int64_t sw_aws_time(const json_t *value);
