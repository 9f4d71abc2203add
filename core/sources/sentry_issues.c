/*
 * sentry_issues.c: unresolved issues first seen in the new version, the most frequent ones, every
 * three minutes and at once when the version changes.
 */
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "sources/sentry.h"

enum { ISSUES_MAX = 10, ISSUES_EVERY_MS = 180 * 1000 };

/* A count may be a string ("150"). -1: neither path has one. */
static int64_t read_count(const json_t *item, const char *first, const char *second)
{
    int64_t count = -1;
    if (sw_json_int_lenient(item, first, SW_OPTIONAL, &count, NULL) != SW_OK &&
        sw_json_int_lenient(item, second, SW_OPTIONAL, &count, NULL) != SW_OK)
        return -1;
    return count < 0 ? -1 : count;
}

/* Top-level figures are of the query's time and environment, `filtered` of its search terms as well
 * (and may be null), `lifetime` of all time. Source: Sentry API, "List an Organization's Issues".
 */
static void read_issue(const json_t *item, struct sw_issue_seen *issue)
{
    *issue = (struct sw_issue_seen){.is_new = true};
    sw_ignore(sw_json_text(item, "title", SW_OPTIONAL, issue->title, sizeof issue->title, NULL));
    sw_ignore(
        sw_json_text(item, "culprit", SW_OPTIONAL, issue->culprit, sizeof issue->culprit, NULL));
    sw_ignore(sw_json_text(item, "shortId", SW_OPTIONAL, issue->id, sizeof issue->id, NULL));
    issue->events = read_count(item, "filtered.count", "count");
    issue->users = read_count(item, "filtered.userCount", "userCount");
    if (sw_json_time(item, "lifetime.firstSeen", SW_OPTIONAL, &issue->first_seen_ms, NULL) !=
            SW_OK &&
        sw_json_time(item, "firstSeen", SW_OPTIONAL, &issue->first_seen_ms, NULL) != SW_OK)
        issue->first_seen_ms = 0;
}

static enum sw_code read_issues(struct sw_flow *flow, const char *project,
                                const struct sentry_ask *ask, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char query[SENTRY_QUERY_SIZE];
    struct sw_issue_seen issues[ISSUES_MAX];
    enum sw_code code =
        sw_request_init(&request, &sentry_operations[SENTRY_ISSUES], err,
                        sw_node_str(sw_flow_account(flow), "organization"), (const char *)NULL);
    if (code != SW_OK)
        return code;
    sw_format(query, sizeof query, "is:unresolved first-release:\"%s\"", ask->name);
    sw_request_param(&request, "project", project);
    if (ask->environment)
        sw_request_param(&request, "environment", ask->environment);
    sw_request_param(&request, "query", query);
    sw_request_param(&request, "sort", "freq");
    sw_request_param(&request, "statsPeriod", "24h");
    sw_request_param(&request, "limit", "10");
    sw_request_param(&request, "collapse", "stats");
    code = sentry_call(flow, &request, "new issues", "event:read", &tree, err);
    if (code != SW_OK)
        return code;
    if (!json_is_array(tree))
        return sw_fail(err, SW_E_PARSE, "new issues: the reply is not a list");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(tree) && count < ISSUES_MAX; i++)
        if (json_is_object(json_array_get(tree, i)))
            read_issue(json_array_get(tree, i), &issues[count++]);
    sw_flow_report_issues(flow, ask->target, issues, count);
    return SW_OK;
}

/* Once for each platform, and at once when its version changes. */
enum sw_code sentry_observe_issues(struct sw_flow *flow, const struct sentry_asks *asks,
                                   const char *project, struct sw_error *err)
{
    for (size_t i = 0; i < asks->count; i++) {
        const struct sentry_ask *ask = &asks->items[i];
        char hash[SW_SHA256_TEXT], key[SW_ID_MAX + 40];
        bool is_repeated = ask->side != SW_SIDE_NEW;
        for (size_t k = 0; k < i; k++)
            is_repeated |= asks->items[k].side == SW_SIDE_NEW &&
                           asks->items[k].target->platform == ask->target->platform;
        if (is_repeated)
            continue;
        sw_sha256_hex(ask->name, strlen(ask->name), hash);
        sw_format(key, sizeof key, "issues %s %.16s", ask->target->platform_id, hash);
        int64_t last = sw_flow_last(flow, key);
        if (last && sw_flow_now(flow) - last < ISSUES_EVERY_MS)
            continue;
        enum sw_code code = read_issues(flow, project, ask, err);
        if (code != SW_OK)
            return code;
        sw_flow_set_last(flow, key);
    }
    return SW_OK;
}
