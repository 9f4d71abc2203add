/* Drawing one world minute of sessions and requests; called by world_advance() alone. */
#pragma once

#include "world.h"

void traffic_app_minute(const struct world *world, struct world_app *app, size_t app_index,
                        int64_t minute);
/* Written reviews of this app at Google Play. */
void traffic_review_minute(struct world *world, const struct world_app *app, int64_t minute);
void traffic_service_minute(const struct world *world, struct world_service *service, size_t index,
                            int64_t minute);
void traffic_alarm_minute(struct world_service *service, int64_t minute);
