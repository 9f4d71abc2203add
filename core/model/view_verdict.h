/* view_verdict.h: the verdict in the model and in the picture. Engine thread.
 *
 * Judging costs up to some milliseconds a platform (a table of 14 days), so it is done when the table,
 * the ledger's halts and fixes or the stage have changed, and never for many platforms at once. */
#pragma once

#include "model/model.h"

/* Folds new series into the tables and judges what has changed, until about `slots` buckets have
 * been judged; at least one platform. True when there is more to do. */
bool sw_verdict_refresh(struct sw_model *model, int64_t now_ms, size_t slots);

/* Fills what the platform's judgement says. */
void sw_view_verdict(const struct sw_model *model, const struct sw_model_platform *from,
                     int64_t now_ms, struct sw_platform *to);

/* Is there anything to compare with, so that a gate on the verdict means something? Not: no older
 * version, a version that nobody has yet, a source without counts, an old version that has gone. */
bool sw_view_has_control(const struct sw_model_platform *platform);

/* When its data become stale; 0: never. */
int64_t sw_view_verdict_stale_at(const struct sw_model *model,
                                 const struct sw_model_platform *platform);
