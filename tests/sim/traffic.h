/* Drawing one world minute of sessions and requests; called by world_advance() alone. */
#pragma once

#include "world.h"

void traffic_app_minute(const struct world *world, struct world_app *app, size_t app_index,
                        int64_t minute);
void traffic_service_minute(const struct world *world, struct world_service *service, size_t index,
                            int64_t minute);
void traffic_alarm_minute(struct world_service *service, int64_t minute);
