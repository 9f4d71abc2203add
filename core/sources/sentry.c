/*
 * sentry.c: crash-free sessions and users, adoption and new issues, from Sentry.
 *
 * One sessions query for each environment of a project brings the started and
 * the crashed sessions of the new and the previous version in 5-minute buckets
 * over 24 hours (1-hour buckets where the server refuses 5 minutes); windows,
 * trend and adoption are sums over these buckets. Users cannot be added up, so
 * crash-free users are one query for each window. New issues are read every
 * three minutes.
 *
 * Guarantees: fractions of the wire become percent here and nowhere else; a
 * release that Sentry has no sessions of gives n = 0 and an unknown value,
 * never 0 % or 100 %; names are matched exactly, near misses are shown, not used.
 * It does not judge, cache or write anything.
 *
 * Sources: Sentry API, "Retrieve Release Health Session Statistics", "List an
 * Organization's Issues", "List an Organization's Releases", "Rate Limits"; the
 * server's behaviour from getsentry/sentry (snuba/sessions_v2.py,
 * release_health/metrics_sessions_v2.py and their tests), read 2026-01.
 */
#include "sources/sentry.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ------------------------------------------------------- requests and errors */

const struct sw_operation sentry_operations[SENTRY_OPERATIONS] = {
    [SENTRY_SESSIONS] = {.name = "sessions",
                         .method = SW_GET,
                         .is_idempotent = true,
                         .path = "/api/0/organizations/{org}/sessions/"},
    [SENTRY_ISSUES] = {.name = "issues",
                       .method = SW_GET,
                       .is_idempotent = true,
                       .path = "/api/0/organizations/{org}/issues/"},
    [SENTRY_RELEASES] = {.name = "releases",
                         .method = SW_GET,
                         .is_idempotent = true,
                         .path = "/api/0/organizations/{org}/releases/"},
};

/* The upstream's own words: {"detail": "…"}, {"detail": {"message": "…"}}, {"field": ["…"]} or a
 * bare string (the rate limiter's). Empty when it said nothing readable (a proxy's HTML).
 * Source: getsentry/sentry, middleware/ratelimit.py; Sentry API, "Requests". */
static void read_detail(const struct sw_reply *reply, char *out, size_t size)
{
    SW_JSON json_t *tree = NULL;
    const char *text = NULL, *key;
    json_t *value;
    out[0] = '\0';
    if (!reply->body || sw_json_parse_any(reply->body, reply->body_len, NULL, &tree, NULL) != SW_OK)
        return;
    if (json_is_string(tree)) {
        text = json_string_value(tree);
    } else if (sw_json_str(tree, "detail", SW_OPTIONAL, &text, NULL) != SW_OK &&
               sw_json_str(tree, "detail.message", SW_OPTIONAL, &text, NULL) != SW_OK) {
        text = NULL;
        json_object_foreach(tree, key, value)
        {
            const char *first = json_string_value(json_array_get(value, 0));
            if (first && !text)
                text = first;
        }
    }
    sw_text_clean_copy(out, size, text);
}

static enum sw_code explain_failure(const char *what, const char *scope,
                                    const struct sw_reply *reply, struct sw_error *err)
{
    if (err->http_status == 0)
        return sw_error_prefix(err, "%s", what);
    char detail[240];
    read_detail(reply, detail, sizeof detail);
    const char *hint = "";
    if (err->code == SW_E_AUTH)
        hint = "; the token is wrong, expired or revoked";
    if (err->code == SW_E_NOT_FOUND)
        hint = "; check organization, project, environment and the region in base_url";
    enum sw_code code = err->code;
    /* 400 speaks of the query, which comes from the configuration. */
    if (err->http_status == 400)
        code = SW_E_CONFIG;
    if (code == SW_E_DENIED)
        return sw_fail_http(err, code, err->http_status, false, 0,
                            "%s: %d %s; the token needs the scope %s and a member of the project "
                            "(organization tokens, sntrys_, cannot have it)",
                            what, err->http_status, detail, scope);
    return sw_fail_http(err, code, err->http_status, err->is_retryable, err->retry_at_ms,
                        "%s: Sentry answered %d %s%s", what, err->http_status,
                        *detail ? detail : "without a reason", hint);
}

/* Sends and parses; *out is the caller's. err must not be NULL. */
enum sw_code sentry_call(struct sw_flow *flow, const struct sw_request *request, const char *what,
                         const char *scope, json_t **out, struct sw_error *err)
{
    struct sw_reply reply = {0};
    enum sw_code code = sw_flow_exchange(flow, request, &reply, err);
    if (code == SW_OK) {
        code = sw_reply_json(&reply, out, err);
        if (code != SW_OK)
            code = sw_error_prefix(err, "%s", what);
    } else if (code != SW_E_CANCELLED) {
        code = explain_failure(what, scope, &reply, err);
    }
    sw_reply_clear(&reply);
    return code;
}

/* ---------------------------------------------------------------------- flow */

static enum sw_code observe_chunks(struct sw_flow *flow, struct sentry_asks *asks,
                                   const char *project, struct sw_error *err)
{
    struct sentry_chunk chunk = {.flow = flow, .project = project};
    chunk.asks = sw_xcalloc(asks->count + 1, sizeof(const struct sentry_ask *));
    enum sw_code code = SW_OK;
    while (code == SW_OK && sentry_take_chunk(asks, &chunk)) {
        code = sentry_write_query(&chunk, err);
        if (code == SW_OK)
            code = sentry_observe_sessions(&chunk, err);
        if (code == SW_OK)
            code = sentry_observe_users(&chunk, err);
    }
    free(chunk.asks);
    return code;
}

static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    struct sw_error local = {0};
    struct sentry_asks asks = {0};
    const struct sw_target *missing = NULL;
    if (!err)
        err = &local;
    if (sw_flow_target_count(flow) == 0)
        return SW_OK;
    const char *project = sw_node_str(sw_flow_target(flow, 0)->options, "project");
    enum sw_code code = sentry_collect_asks(flow, &asks, &missing, err);
    if (code == SW_OK)
        code = observe_chunks(flow, &asks, project, err);
    if (code == SW_OK)
        code = sentry_observe_issues(flow, &asks, project, err);
    if (code == SW_OK && missing)
        code =
            sw_fail(err, SW_E_STALE,
                    "%s: its store has not told the version and build that the release name needs, "
                    "so Sentry was not asked",
                    missing->platform_id);
    free(asks.items);
    return code;
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_bearer_open(account, out, err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_copy(key, size, sw_node_str(target->options, "project"));
}

static const struct sw_option account_options[] = {
    {.key = "organization",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "organization slug or id",
     .example = "acme"},
    SW_SECRET_OPTIONS("token",
                      "internal integration token with org:read, project:read, event:read"),
    {0},
};

static const struct sw_option health_options[] = {
    {.key = "project",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "project slug or id",
     .example = "app-android"},
    {.key = "environment",
     .type = SW_OPTION_STRING,
     .help = "environment, case-sensitive; all of them when absent",
     .example = "production"},
    {.key = "release",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "release name; {version} and {build} come from the store",
     .example = "com.acme.app@{version}+{build}"},
    {0},
};

/* A template with another word in braces could never name a release. */
static bool check_health(const struct sw_node *entry, enum sw_metric metric, char *why, size_t size)
{
    const char *release = sw_node_str(entry, "release");
    (void)metric;
    for (const char *c = release != NULL ? release : ""; *c != 0; c++) {
        if (sw_text_starts(c, "{version}") || sw_text_starts(c, "{build}")) {
            c = strchr(c, '}');
        } else if (*c == '{' || *c == '}') {
            sw_copy(why, size, "in release only {version} and {build} may stand in braces");
            return false;
        }
    }
    return true;
}

const struct sw_source_kind sw_source_sentry = {
    .name = "sentry",
    .title = "Sentry",
    .summary = "crash-free sessions and users, adoption, new issues of a release",
    .can = SW_CAN_HEALTH,
    /* The region of the public API document; de.sentry.io and self-hosted servers are configured.
     */
    .base_url = "https://us.sentry.io",
    .account_options = account_options,
    .health_options = health_options,
    .check_health = check_health,
    .metrics = 1u << SW_METRIC_CRASH_FREE_SESSIONS | 1u << SW_METRIC_CRASH_FREE_USERS |
               1u << SW_METRIC_ADOPTION,
    /* The server caches "now" windows for about a minute. */
    .interval_s = 60,
    .stale_after_s = 300,
    /* Seen: 40 requests a second, 25 at once, on one endpoint; we stay far below, since the limit
     * is shared with the team's other tools. */
    .budget = {.per_minute = 600, .burst = 20, .concurrent = 4},
    .operations = sentry_operations,
    .operation_count = SW_ARRAY_LEN(sentry_operations),
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = observe,
};
