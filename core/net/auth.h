/* auth.h: credentials of the upstreams, applied to requests by the channel.
 *
 * One struct sw_auth for each account, shared by all its flows on all threads
 * (its token cache has its own lock). Secrets are read at the first use and
 * again after a refusal, on the calling worker's or action's thread. */
#pragma once

#include "net/secret.h"
#include "slipway.h"

struct sw_auth;

/* `Authorization: Bearer <token>`; token_file, token_env or token_cmd of node. */
enum sw_code sw_auth_bearer_open(const struct sw_node *node, struct sw_auth **out,
                                 struct sw_error *err);

/* App Store Connect: ES256 JWT, aud appstoreconnect-v1, at most 20 minutes,
 * cached to 80 % of its life; issuer_id, key_id and key_file|env|cmd of node.
 */
enum sw_code sw_auth_app_store_open(const struct sw_node *node, struct sw_auth **out,
                                    struct sw_error *err);

/* Google service account: RS256 grant at token_uri (token_url of node
 * overrides it), token cached until expires_in - 120 s; key_file|env|cmd of
 * node holds the account's JSON. scopes are space separated. */
enum sw_code sw_auth_google_open(const struct sw_node *node, const char *scopes,
                                 struct sw_auth **out, struct sw_error *err);
/* The service account's client_email once read, or NULL, also for a credential
 * of another kind. Any thread; the string lives as long as auth. */
const char *sw_auth_google_email(struct sw_auth *auth);

/* The option entries of an AWS account. */
#define SW_AWS_OPTIONS                                                                             \
    {.key = "region",                                                                              \
     .type = SW_OPTION_STRING,                                                                     \
     .is_required = true,                                                                          \
     .help = "AWS region",                                                                         \
     .example = "eu-west-1"},                                                                      \
        {.key = "profile",                                                                         \
         .type = SW_OPTION_STRING,                                                                 \
         .help = "profile of the shared AWS files; else the environment's access key",             \
         .example = "release"},                                                                    \
    {                                                                                              \
        .key = "shared_credentials", .type = SW_OPTION_STRING,                                     \
        .help = "credentials file with that profile; else AWS_SHARED_CREDENTIALS_FILE, "           \
                "~/.aws/credentials"                                                               \
    }

/* AWS SigV4 through curl: access keys from `profile` of node in the shared
 * credentials files (shared_credentials of node names another one), or AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY(/_SESSION_TOKEN).
 * service is the signing name ("monitoring", "codedeploy"); region from node. */
enum sw_code sw_auth_aws_open(const struct sw_node *node, const char *service,
                              struct sw_auth **out, struct sw_error *err);

void sw_auth_free(struct sw_auth *auth);
