/*
 * CloudWatch's dialect, in parts: cloudwatch.c (limits, routing, alarms, the list of metrics) and
 * cloudwatch_data.c (GetMetricData).
 */
#pragma once

#include "aws.h"
#include "world.h"

#define CLOUDWATCH_ALB "AWS/ApplicationELB"

/* The load balancers' metrics that the world has. */
enum cloudwatch_metric {
    CLOUDWATCH_REQUESTS,
    CLOUDWATCH_2XX,
    CLOUDWATCH_5XX,
    CLOUDWATCH_LATENCY,
    CLOUDWATCH_METRICS_N
};
extern const char *const cloudwatch_metric_names[CLOUDWATCH_METRICS_N];

void cloudwatch_get_metric_data(struct aws_call *call);

/* 400 with ValidationError, or InvalidParameterValue and the like. */
bool cloudwatch_invalid(struct aws_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A page token that only this request can use; the caller frees. */
char *cloudwatch_token_make(const struct aws_call *call, size_t skip);
/* The number of things already given; 0 without NextToken. False: refused with InvalidNextToken. */
bool cloudwatch_token_read(struct aws_call *call, size_t *skip);
