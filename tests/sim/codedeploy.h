/*
 * CodeDeploy's dialect, in parts: codedeploy.c (reading requests, routing, stop and continue) and
 * codedeploy_json.c (how deployments, groups, targets and configurations look).
 */
#pragma once

#include "aws.h"
#include "world.h"

json_t *codedeploy_deployment_json(const struct world *world, const struct deploy_group *group,
                                   const struct deployment *deployment);
json_t *codedeploy_group_json(const struct world *world, const struct deploy_group *group);
json_t *codedeploy_target_json(const struct world *world, const struct deploy_group *group,
                               const struct deployment *deployment);
json_t *codedeploy_config_json(const struct deploy_config *config);
/* "prod:api"; the caller frees. */
char *codedeploy_target_id(const struct deploy_group *group);
/* The target's own status: "InProgress". */
const char *codedeploy_target_status(const struct deployment *deployment);
