/*
 * codedeploy.h: what the files of the CodeDeploy source share.
 *
 * codedeploy.c       the kind: options, operations, errors
 * codedeploy_read.c  the deployment as a rollout: the state table
 * codedeploy_act.c   what each verb would do, doing it, and seeing it done
 * codedeploy_rights.c  which verbs the credential may use
 */
#pragma once

#include "net/aws.h"
#include "sources/source.h"

enum {
    CD_GET_GROUP = 0,
    CD_LIST,
    CD_GET,
    CD_TARGETS,
    CD_CONFIG,
    CD_STOP,
    CD_CONTINUE,
    CD_STOP_PROBE,
    CD_CONTINUE_PROBE,
    CD_OPERATIONS
};
extern const struct sw_operation codedeploy_operations[CD_OPERATIONS];

enum cd_routing { CD_ROUTING_UNKNOWN = 0, CD_ALL_AT_ONCE, CD_CANARY, CD_LINEAR };

/* What the verbs need to know beyond the rollout; kept in its handle as JSON. */
struct cd_handle {
    char deployment[SW_LABEL_MAX];
    char triggered_by[SW_LABEL_MAX]; /* it rolls that deployment back; empty: no rollback */
    bool is_rollback;
    bool is_stop_rolled_back; /* the group rolls back on a stop by request */
    bool is_termination_wait; /* all traffic is on green; blue is still there */
    enum cd_routing routing;
    double first_percent; /* of the shift, 0: not known */
};

/* malloc'd JSON. */
char *codedeploy_handle_write(const struct cd_handle *handle);
/* False for what is not a handle; then out is zeroed. */
bool codedeploy_handle_read(const char *text, struct cd_handle *out);

/* Sends one call and reads its reply; *out is the caller's. aws_code (may be NULL) gets the error's
 * own code. err must not be NULL. */
enum sw_code codedeploy_call(struct sw_flow *flow, int operation, const json_t *input, json_t **out,
                             char aws_code[SW_AWS_CODE_MAX], struct sw_error *err);
/* The same for a probe, which has the body of its table entry; what is answered does not matter. */
enum sw_code codedeploy_ask(struct sw_flow *flow, int operation, char aws_code[SW_AWS_CODE_MAX],
                            struct sw_error *err);

enum sw_code codedeploy_observe(struct sw_flow *flow, struct sw_error *err);
void codedeploy_offer(const struct sw_target *target, const struct sw_rollout *rollout,
                      enum sw_verb verb, struct sw_source_offer *out);
enum sw_code codedeploy_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err);
bool codedeploy_is_seen(const struct sw_act *act, const struct sw_rollout *now);
enum sw_code codedeploy_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                               struct sw_error *err);
