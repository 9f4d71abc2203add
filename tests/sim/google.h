/* What Google's dialects share: access tokens, the error object, strict JSON. */
#pragma once

#include "sim.h"

#define GOOGLE_SCOPE_PUBLISHER "https://www.googleapis.com/auth/androidpublisher"
#define GOOGLE_SCOPE_REPORTING "https://www.googleapis.com/auth/playdeveloperreporting"

/* The account behind the request's access token, or NULL with the refusal (401, or 403 when the
 * token lacks `scope`) in the reply. Valid until the lock is given up. */
const char *google_account(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp,
                           const char *scope);

/* {"error":{"code","message","status","errors":[{"message","domain","reason"}]}} */
void google_fail(struct sim_reply *rp, int http, const char *status, const char *reason,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A parameter that the method does not know; true when there was one (and it was refused). */
bool google_refuse_unknown_query(const struct sim_request *rq, struct sim_reply *rp,
                                 const char *const *known);
/* The same for a key of a JSON object that stands at `where` ("track.releases[0]", "" = top). */
bool google_refuse_unknown_field(json_t *object, const char *where, const char *const *known,
                                 struct sim_reply *rp);
