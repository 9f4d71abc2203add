/*
 * cloudwatch.h: what the files of the CloudWatch source share.
 *
 * cloudwatch.c           the kind: options, operations, calls with pages, the flow
 * cloudwatch_metrics.c   error rates and latency by GetMetricData
 * cloudwatch_alarms.c    alarms by name
 */
#pragma once

#include "net/aws.h"
#include "sources/source.h"

enum { CW_GET_METRIC_DATA = 0, CW_DESCRIBE_ALARMS, CW_OPERATIONS };
extern const struct sw_operation cloudwatch_operations[CW_OPERATIONS];

/* Sends input, follows NextToken with the same input, hands each page to read. SW_E_LIMIT when the
 * pages do not end. err must not be NULL. */
typedef enum sw_code (*cloudwatch_page_fn)(void *arg, const json_t *tree, struct sw_error *err);
enum sw_code cloudwatch_ask(struct sw_flow *flow, const struct sw_operation *operation,
                            json_t *input, cloudwatch_page_fn read, void *arg,
                            struct sw_error *err);

/* For the flow's targets of the role HEALTH, and of the role ALARMS. err must not be NULL. */
enum sw_code cloudwatch_observe_metrics(struct sw_flow *flow, struct sw_error *err);
enum sw_code cloudwatch_observe_alarms(struct sw_flow *flow, struct sw_error *err);
