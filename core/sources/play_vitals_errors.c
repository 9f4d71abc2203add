/*
 * play_vitals_errors.c: how many error reports came in the period of a rate, and the version's
 * most frequent issues.
 *
 * The counts are absolute and of another set with a freshness of its own; they are asked for only
 * where that reaches the rate's own period, and stand in the reading's origin: beside rounded users
 * they make no rate. Issues are read every quarter of an hour and at once for another version.
 *
 * Whether an issue is new cannot be known: firstAppVersion is the first version "in the requested
 * time period (only considering occurrences matching the filters)", so in a search for one version
 * it is always that version.
 *
 * Source: Play Developer Reporting v1beta1 discovery document, revision 20240306 (ErrorIssue,
 * errors.issues.search, ErrorCountMetricSet); that only UTC is understood, and only GET:
 * httrack-android#190, #191; read 2026-01.
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sources/play_vitals.h"

enum { ISSUES_MAX = 10, ISSUES_EVERY_MS = 900 * 1000 };

/* ----------------------------------------------------------------------- counts */

struct counts {
    struct vitals_asks *asks;
    enum vitals_period period;
    int64_t end_civil_ms;
};

/* They stand beside the rate of all crashes. */
static bool is_counted(const struct vitals_ask *ask, enum vitals_period period)
{
    return ask->metric->metric == SW_METRIC_CRASH_FREE_USERS && ask->period == period &&
           ask->has_row;
}

static enum sw_code take_count(void *arg, const json_t *row, int64_t version, const char *type,
                               struct sw_error *err)
{
    const struct counts *counts = arg;
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < counts->asks->count && code == SW_OK; i++) {
        struct vitals_ask *ask = &counts->asks->items[i];
        if (!is_counted(ask, counts->period) || ask->code != version ||
            ask->end_civil_ms != counts->end_civil_ms)
            continue;
        if (strcmp(type, "APPLICATION_NOT_RESPONDING") == 0)
            code = vitals_row_value(row, "errorReportCount", &ask->anrs, err);
        if (strcmp(type, "CRASH") != 0)
            continue; /* or a type never seen before */
        code = vitals_row_value(row, "errorReportCount", &ask->crashes, err);
        if (code == SW_OK)
            code = vitals_row_value(row, "distinctUsers", &ask->crash_users, err);
    }
    return code;
}

/* Asked for the period of the rates, once for each end there is among them. */
static enum sw_code observe_period(struct vitals_asks *asks, enum vitals_period period,
                                   int64_t newest_civil_ms, struct sw_error *err)
{
    static const char *const metrics[] = {"errorReportCount", "distinctUsers", NULL};
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < asks->count && code == SW_OK; i++) {
        const struct vitals_ask *ask = &asks->items[i];
        bool is_done = !is_counted(ask, period) || ask->end_civil_ms > newest_civil_ms;
        for (size_t k = 0; k < i && !is_done; k++)
            is_done = is_counted(&asks->items[k], period) &&
                      asks->items[k].end_civil_ms == ask->end_civil_ms;
        if (is_done)
            continue;
        struct counts counts = {asks, period, ask->end_civil_ms};
        const struct vitals_query query = {.set = VITALS_ERRORS,
                                           .period = period,
                                           .end_civil_ms = ask->end_civil_ms,
                                           .dimension = "reportType",
                                           .metrics = metrics};
        code = vitals_query(asks, &query, take_count, &counts, err);
    }
    return code;
}

enum sw_code vitals_observe_counts(struct vitals_asks *asks, struct sw_error *err)
{
    int64_t ends[VITALS_PERIODS];
    bool is_wanted = false;
    for (size_t i = 0; i < asks->count; i++)
        is_wanted |= is_counted(&asks->items[i], asks->items[i].period);
    if (!is_wanted)
        return SW_OK;
    enum sw_code code = vitals_freshness(asks, VITALS_ERRORS, ends, err);
    for (int p = 0; p < VITALS_PERIODS && code == SW_OK; p++)
        code = observe_period(asks, (enum vitals_period)p, ends[p], err);
    return code;
}

/* ----------------------------------------------------------------------- issues */

static int64_t read_count(const json_t *item, const char *key)
{
    int64_t count = -1;
    if (sw_json_int_lenient(item, key, SW_OPTIONAL, &count, NULL) != SW_OK || count < 0)
        return -1;
    return count;
}

static void read_issue(const json_t *item, struct sw_issue_seen *issue)
{
    char cause[SW_LINE_MAX] = "", text[SW_LINE_MAX + 8], name[SW_LINE_MAX] = "";
    const char *type = "";
    *issue = (struct sw_issue_seen){0};
    sw_ignore(sw_json_str(item, "type", SW_OPTIONAL, &type, NULL));
    sw_ignore(sw_json_text(item, "cause", SW_OPTIONAL, cause, sizeof cause, NULL));
    sw_ignore(
        sw_json_text(item, "location", SW_OPTIONAL, issue->culprit, sizeof issue->culprit, NULL));
    sw_ignore(sw_json_text(item, "name", SW_OPTIONAL, name, sizeof name, NULL));
    sw_format(text, sizeof text, "%s%s",
              strcmp(type, "APPLICATION_NOT_RESPONDING") == 0 ? "ANR: " : "", cause);
    sw_text_clean_copy(issue->title, sizeof issue->title, text);
    const char *id = strrchr(name, '/'); /* apps/{app}/{issue} */
    sw_text_clean_copy(issue->id, sizeof issue->id, id != NULL ? id + 1 : name);
    issue->events = read_count(item, "errorReportCount");
    issue->users = read_count(item, "distinctUsers");
}

/* "interval.startTime.year" and its like; the texts live until the request is sent. */
struct moment {
    char names[4][32], values[4][8], zone_name[40];
};

static void add_moment(struct sw_request *request, struct moment *moment, const char *which,
                       int64_t at_ms)
{
    static const char *const parts[] = {"year", "month", "day", "hours"};
    struct sw_civil civil;
    sw_civil_utc(at_ms, &civil);
    const int values[] = {civil.year, civil.month, civil.day, civil.hour};
    for (size_t i = 0; i < SW_ARRAY_LEN(parts); i++) {
        sw_format(moment->names[i], sizeof moment->names[i], "interval.%s.%s", which, parts[i]);
        sw_format(moment->values[i], sizeof moment->values[i], "%d", values[i]);
        sw_request_param(request, moment->names[i], moment->values[i]);
    }
    sw_format(moment->zone_name, sizeof moment->zone_name, "interval.%s.timeZone.id", which);
    sw_request_param(request, moment->zone_name, "UTC");
}

/* Of the last 24 whole hours. */
static enum sw_code read_issues(const struct vitals_asks *asks, const struct vitals_ask *ask,
                                struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    json_t *list = NULL;
    struct moment from, to;
    char filter[48];
    struct sw_issue_seen issues[ISSUES_MAX];
    size_t count = 0;
    int64_t now = sw_flow_now(asks->flow), end = now - now % SW_HOUR_MS;
    enum sw_code code = sw_request_init(&request, &vitals_operations[VITALS_ISSUES], err,
                                        asks->package, (const char *)NULL);
    if (code != SW_OK)
        return code;
    sw_format(filter, sizeof filter, "versionCode = %lld", (long long)ask->code);
    add_moment(&request, &from, "startTime", end - SW_DAY_MS);
    add_moment(&request, &to, "endTime", end);
    sw_request_param(&request, "filter", filter);
    sw_request_param(&request, "orderBy", "errorReportCount desc");
    sw_request_param(&request, "pageSize", "10");
    code = vitals_call(asks->flow, &request, "issues", &tree, err);
    if (code != SW_OK)
        return code;
    code = sw_json_arr(tree, "errorIssues", SW_OPTIONAL, &list, err);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        return sw_error_prefix(err, "issues");
    for (size_t i = 0; i < json_array_size(list) && count < ISSUES_MAX; i++)
        if (json_is_object(json_array_get(list, i)))
            read_issue(json_array_get(list, i), &issues[count++]);
    sw_flow_report_issues(asks->flow, ask->target, issues, count);
    return SW_OK;
}

/* Once for each platform. */
enum sw_code vitals_observe_issues(const struct vitals_asks *asks, struct sw_error *err)
{
    for (size_t i = 0; i < asks->count; i++) {
        const struct vitals_ask *ask = &asks->items[i];
        char key[SW_ID_MAX + 48];
        bool is_repeated = ask->side != SW_SIDE_NEW;
        for (size_t k = 0; k < i; k++)
            is_repeated |= asks->items[k].side == SW_SIDE_NEW &&
                           asks->items[k].target->platform == ask->target->platform;
        if (is_repeated)
            continue;
        sw_format(key, sizeof key, "issues %s %lld", ask->target->platform_id,
                  (long long)ask->code);
        int64_t last = sw_flow_last(asks->flow, key);
        if (last && sw_flow_now(asks->flow) - last < ISSUES_EVERY_MS)
            continue;
        enum sw_code code = read_issues(asks, ask, err);
        if (code != SW_OK)
            return code;
        sw_flow_set_last(asks->flow, key);
    }
    return SW_OK;
}
