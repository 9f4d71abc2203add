/* Drives a simulator without a socket, as a client would: for the tests. */
#pragma once

#include "sim.h"
#include "world.h"

/* One answered request; clear with drive_clear. `json` is NULL when the body is no JSON. */
struct drive_answer {
    int status;
    json_t *json;
    char *body;
    struct sim_reply reply;
};

/* `bearer` NULL: no Authorization. `body` NULL: none. */
struct drive_answer drive_call(struct sim *sim, const char *service, const char *method,
                               const char *target, const char *bearer, const char *content_type,
                               const char *body);
/* The same with headers of the caller's own. */
struct drive_answer drive_send(struct sim *sim, const char *service, const char *method,
                               const char *target, const struct sim_pair *headers,
                               size_t n_headers, const char *body);
void drive_clear(struct drive_answer *answer);
/* Text at a path of keys and indices ("error.errors.0.reason"), or NULL. */
const char *drive_text(const struct drive_answer *answer, const char *path);
json_t *drive_at(json_t *value, const char *path);
/* A signed grant for the simulator's own service account; the caller frees. Changes are made by
 * merging `claims` (may be NULL) over good ones. */
char *drive_assertion(const struct sim *sim, const char *claims);
/* A token of App Store Connect, signed with the team's key; changes as above. */
char *drive_apple_token(const struct sim *sim, const char *claims);
/* A call of "cloudwatch" or "codedeploy", signed with the account's key. */
struct drive_answer drive_aws(struct sim *sim, const char *service, const char *operation,
                              const char *body);
/* The Authorization of a request with these headers, for any scope; the caller frees. */
struct sigv4_scope;
char *drive_aws_authorization(const struct sim *sim, const struct sigv4_scope *scope,
                              const struct sim_pair *headers, size_t n_headers, const char *body);
/* The time of now plus so many seconds, as x-amz-date has it. out >= 20 bytes. */
const char *drive_amz_date(char *out, int64_t offset_s);
/* An access token for `scope`, good for an hour; the caller frees. */
char *drive_google_token(struct sim *sim, const char *scope);
