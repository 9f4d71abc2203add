/* Between the two halves of Play's dialect: JSON of tracks, and edits. */
#pragma once

#include "play.h"
#include "sim.h"

/* A Track as tracks.get shows it: without superseded releases. */
json_t *play_track_json(const struct play_track *track);
json_t *play_summaries_json(const struct play_track *track);
/* Reads a Track from a request body, strictly. False: refused, the reply says why. On true the
 * caller clears `out`. `has_releases` tells an absent list from an empty one. */
bool play_track_read(json_t *body, const struct play_store *store, const char *track_name,
                     struct play_track *out, bool *has_releases, struct sim_reply *rp);
json_t *play_review_json(const struct play_review *review);
