/*
 * The admin endpoint: the world as it is, and hands that reach into it. JSON over HTTP on a port of
 * its own, no proxy in front, bearer token from endpoints.json.
 *
 *   GET    /world                          everything, with counts of the last hour and day
 *   GET    /figures?platform=&version=&from=&to=   exact counts of any window (RFC 3339 or ms)
 *   POST   /world {"clock":{"advance_s","speed"},
 *                  "crash_rate":[{"platform","version","rate","share"}],
 *                  "service":[{"platform","side","error_rate","median_ms","requests_per_minute"}],
 *                  "play":[{"track","code","status","fraction"}],      a change in the console
 *                  "play_app":{"review_running","review_minutes","needs_manual_send"},
 *                  "apple":{"version","phase","state","day"},
 *                  "deploy":[{"platform","config"}]}                   a deployment begins
 *   GET    /faults    POST /faults {…}     see struct sim_fault; DELETE /faults[?id=N]
 *   GET    /counters  DELETE /counters     per service, with the log of writes
 *   GET    /recent                         the last requests, reads too
 *   POST   /shutdown
 */
#pragma once

#include "sim.h"

struct sim_process;

/* Lock not held. */
void sim_admin_handle(struct sim_process *process, const struct sim_request *rq,
                      struct sim_reply *rp);
