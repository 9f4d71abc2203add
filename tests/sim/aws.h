/*
 * What Amazon's dialects share: the signature (sigv4.c), the JSON protocol with its headers and
 * its errors, and strict members.
 */
#pragma once

#include "sim.h"

/* One service as its model's metadata tells it. */
struct aws_dialect {
    const char *signing_name;  /* "monitoring" */
    const char *content_type;  /* "application/x-amz-json-1.0" */
    const char *target_prefix; /* "GraniteServiceVersion20100801." */
    const char *error_prefix;  /* "com.amazonaws.cloudwatch#" */
    bool is_query_compatible;  /* answers x-amzn-query-mode with x-amzn-query-error */
};

/* One request on its way. */
struct aws_call {
    struct sim *sim;
    const struct sim_request *rq;
    struct sim_reply *rp;
    const struct aws_dialect *dialect;
    const char *operation; /* "GetMetricData" */
    json_t *input;         /* an object */
};

/*
 * The AWS Signature Version 4 of a request by the parts of its Authorization header; `out` gets 64
 * hex digits. False: a signed header is not in the request. Pure.
 */
struct sigv4_scope {
    const char *secret;
    const char *amz_date; /* "20150830T123600Z" */
    const char *region;
    const char *service;
    const char *signed_headers; /* "content-type;host;x-amz-date" */
};
bool sigv4_signature(char out[65], const struct sim_request *rq, const struct sigv4_scope *scope);
/* Judges who signed, what, when and for which service. False: refused, and the reply says why. */
bool sigv4_check(struct aws_call *call);

/* Checks the protocol and the signature and reads the body. False: refused. True: the caller must
 * call aws_close. */
bool aws_open(struct aws_call *call);
void aws_close(struct aws_call *call);
/* 200 with a JSON object. */
void aws_reply(struct aws_call *call, json_t *value_take);
/* `code` is the shape's name; `query_code` (may be NULL) the older name of a query-compatible
 * service, sent in x-amzn-query-error when the client asked for it. */
void aws_fail(struct aws_call *call, int status, const char *code, const char *query_code,
              const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Amazon ignores members that it does not know; here a misspelt one shall not pass unseen. True
 * when there was one in `object` (and it was refused). */
bool aws_refuse_unknown(struct aws_call *call, json_t *object, const char *const *known);
/* Reads are Get…, List…, Describe…, BatchGet…: everything else counts as a change. */
enum sim_effect aws_classify(const struct sim_request *rq);
/* A timestamp as AWS JSON has it: epoch seconds as a number. */
json_t *aws_time(int64_t ms);
