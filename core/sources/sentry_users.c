/*
 * sentry_users.c: crash-free users. Distinct users do not add up over buckets, so each window is a
 * query of its own, without series and without a count of the bad.
 */
#include <string.h>

#include "sources/sentry.h"

/* crash_free_rate(user) is a fraction or null, also null with sessions that carry no user id. */
static enum sw_code report_users(const struct sentry_chunk *chunk, const struct sentry_ask *ask,
                                 int window_s, const json_t *tree, struct sw_error *err)
{
    int64_t start = 0, end = 0;
    json_t *groups;
    enum sw_code code = sw_json_time(tree, "start", SW_REQUIRED, &start, err);
    if (code == SW_OK)
        code = sw_json_time(tree, "end", SW_REQUIRED, &end, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "groups", SW_REQUIRED, &groups, err);
    if (code != SW_OK)
        return code;
    struct sw_reading reading =
        sentry_begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_USERS, window_s, "users", start, end);
    reading.n = (struct sw_value){0, true}; /* an absent group: nobody yet */
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const char *release = NULL;
        double rate = 0;
        if (sw_json_str(group, "by.release", SW_OPTIONAL, &release, NULL) != SW_OK ||
            strcmp(release, ask->name) != 0)
            continue;
        if (!sentry_read_count(sw_json_at(group, "totals[\"count_unique(user)\"]"),
                               &reading.n.value))
            return sw_fail(err, SW_E_PARSE, "users: totals[\"count_unique(user)\"] is not a count");
        code = sw_json_num_range(group, "totals[\"crash_free_rate(user)\"]", SW_OPTIONAL, 0, 1,
                                 &rate, err);
        if (code == SW_E_PARSE || code == SW_E_LIMIT)
            return code;
        if (code == SW_OK)
            reading.value = (struct sw_value){100 * rate, true};
    }
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
    return SW_OK;
}

static bool has_window(const struct sentry_ask *ask, int window_s)
{
    for (size_t i = 0; i < ask->target->window_count; i++)
        if (ask->target->windows_s[i] == window_s)
            return true;
    return false;
}

/* Distinct users do not add up over buckets, so each window is a query of its own. */
static enum sw_code observe_users_window(const struct sentry_chunk *chunk, int window_s,
                                         struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    bool is_hourly = sentry_is_hourly(chunk->flow);
    int bucket_s = window_s / SENTRY_HOUR_S >= SENTRY_BUCKETS_MAX ? SENTRY_DAY_S
                   : window_s > SENTRY_DAY_S || is_hourly         ? SENTRY_HOUR_S
                                                                  : SENTRY_BUCKET_S;
    enum sw_code code =
        sentry_begin_sessions(chunk, &request, window_s, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "count_unique(user)");
    sw_request_param(&request, "field", "crash_free_rate(user)");
    sw_request_param(&request, "groupBy", "release");
    sw_request_param(&request, "query", chunk->query);
    sw_request_param(&request, "includeSeries", "0");
    code = sentry_call(chunk->flow, &request, "users", "org:read", &tree, err);
    if (code != SW_OK && sentry_is_interval_refused(err) && bucket_s == SENTRY_BUCKET_S) {
        sw_error_clear(err);
        sw_flow_set_last(chunk->flow, "hourly");
        return observe_users_window(chunk, window_s, err);
    }
    for (size_t i = 0; i < chunk->ask_count && code == SW_OK; i++)
        if (sentry_wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS) &&
            has_window(chunk->asks[i], window_s))
            code = report_users(chunk, chunk->asks[i], window_s, tree, err);
    return code;
}

enum sw_code sentry_observe_users(const struct sentry_chunk *chunk, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < chunk->ask_count; i++) {
        const struct sentry_ask *ask = chunk->asks[i];
        if (!sentry_wants(ask, SW_METRIC_CRASH_FREE_USERS))
            continue;
        for (size_t w = 0; w < ask->target->window_count && code == SW_OK; w++) {
            bool is_done = false;
            for (size_t k = 0; k < i; k++)
                is_done |= sentry_wants(chunk->asks[k], SW_METRIC_CRASH_FREE_USERS) &&
                           has_window(chunk->asks[k], ask->target->windows_s[w]);
            if (!is_done)
                code = observe_users_window(chunk, ask->target->windows_s[w], err);
        }
    }
    return code;
}
