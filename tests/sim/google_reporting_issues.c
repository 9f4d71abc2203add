/*
 * errorIssues:search: the crashes of the Play apps, grouped.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306
 * (errors.issues.search, ErrorIssue: firstAppVersion is "the earliest app version appearing in this
 * ErrorIssue in the requested time period (only considering occurrences matching the filters)");
 * "Unsupported timezone" for anything but UTC: httrack-android#190. Other words UNCONFIRMED. The
 * data is as late as the hours of the error counts.
 */
#include "google_reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { PAGE_FALLBACK = 50, PAGE_MAX = 1000, CODES_MAX = 8 };

struct search {
    int64_t start_ms, end_ms;
    int64_t codes[CODES_MAX];
    size_t n_codes; /* 0 = all versions */
    bool wants_crashes;
    bool is_by_users, is_ascending;
    size_t limit, offset;
};

struct found {
    const struct world_issue *issue;
    uint64_t reports, users;
};

static bool refuse(struct sim_reply *rp, const char *text, const char *what)
{
    google_fail(rp, 400, "INVALID_ARGUMENT", NULL, "%s: %.60s", text, what);
    return false;
}

static bool read_number(const struct sim_request *rq, const char *which, const char *part, int *out,
                        struct sim_reply *rp)
{
    char name[48];
    char *end = NULL;

    snprintf(name, sizeof name, "interval.%s.%s", which, part);
    const char *text = sim_query(rq, name);
    *out = 0;
    if (text == NULL)
        return true;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || end == text || n < 0 || n > 999999999)
        return refuse(rp, "Invalid value", name);
    *out = (int)n;
    return true;
}

/* False with a refusal. *out_ms stays what it is when the interval has no such side. */
static bool read_moment(const struct sim_request *rq, const char *which, int64_t *out_ms,
                        struct sim_reply *rp)
{
    struct tm tm = {0};
    char name[48];
    int nanos = 0;

    snprintf(name, sizeof name, "interval.%s.timeZone.id", which);
    const char *zone = sim_query(rq, name);
    if (zone != NULL && strcmp(zone, "UTC") != 0)
        return refuse(rp, "Unsupported timezone", zone);
    snprintf(name, sizeof name, "interval.%s.utcOffset", which);
    if (sim_query(rq, name) != NULL)
        return refuse(rp, "Unsupported utc_offset", which);
    if (!read_number(rq, which, "year", &tm.tm_year, rp) ||
        !read_number(rq, which, "month", &tm.tm_mon, rp) ||
        !read_number(rq, which, "day", &tm.tm_mday, rp) ||
        !read_number(rq, which, "hours", &tm.tm_hour, rp) ||
        !read_number(rq, which, "minutes", &tm.tm_min, rp) ||
        !read_number(rq, which, "seconds", &tm.tm_sec, rp) ||
        !read_number(rq, which, "nanos", &nanos, rp))
        return false;
    if (tm.tm_year == 0 && tm.tm_mon == 0 && tm.tm_mday == 0)
        return true;
    if (tm.tm_year < 1970 || tm.tm_year > 9999 || tm.tm_mon < 1 || tm.tm_mon > 12 ||
        tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59)
        return refuse(rp, "Invalid date in interval", which);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *out_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* "versionCode = 1 OR versionCode = 2 AND errorIssueType = CRASH": OR binds tighter and stays in
 * one field. */
static bool read_filter(const char *text, struct search *out, struct sim_reply *rp)
{
    const char *at = text;
    char name[32], word[32], joint[4] = "";
    bool has_type = false;
    bool has_crash = false;
    int n = 0;

    while (*at != '\0') {
        n = 0;
        if (sscanf(at, " %31[a-zA-Z] = %31[A-Z0-9]%n", name, word, &n) != 2)
            return refuse(rp, "Invalid filter", text);
        if (strcmp(name, "versionCode") == 0 && out->n_codes < CODES_MAX) {
            char *end = NULL;
            out->codes[out->n_codes++] = strtoll(word, &end, 10);
            if (*end != '\0')
                return refuse(rp, "Invalid filter value for versionCode", word);
        } else if (strcmp(name, "errorIssueType") == 0 &&
                   (strcmp(word, "CRASH") == 0 || strcmp(word, "ANR") == 0)) {
            has_type = true;
            has_crash = has_crash || strcmp(word, "CRASH") == 0;
        } else {
            return refuse(rp, "Unsupported filter", text);
        }
        at += n;
        n = 0;
        if (sscanf(at, " %3[ANDOR] %n", joint, &n) != 1 || n == 0)
            break;
        if (strcmp(joint, "AND") != 0 && strcmp(joint, "OR") != 0)
            return refuse(rp, "Invalid filter", text);
        at += n;
    }
    out->wants_crashes = !has_type || has_crash;
    return *at == '\0' || refuse(rp, "Invalid filter", text);
}

static bool read_order(const char *text, struct search *out, struct sim_reply *rp)
{
    char field[32], way[8];

    if (text == NULL)
        return true;
    if (sscanf(text, "%31[a-zA-Z] %7[a-z]", field, way) != 2 ||
        (strcmp(field, "errorReportCount") != 0 && strcmp(field, "distinctUsers") != 0) ||
        (strcmp(way, "asc") != 0 && strcmp(way, "desc") != 0))
        return refuse(rp, "Invalid order_by", text);
    out->is_by_users = field[0] == 'd';
    out->is_ascending = way[0] == 'a';
    return true;
}

static bool read_pages(const struct sim_request *rq, struct search *out, struct sim_reply *rp)
{
    const char *size = sim_query(rq, "pageSize");
    const char *token = sim_query(rq, "pageToken");
    char *end = NULL;
    long n = size == NULL ? 0 : strtol(size, &end, 10);

    if (n < 0 || (size != NULL && (*end != '\0' || end == size)))
        return refuse(rp, "Invalid page_size", size);
    out->limit = n == 0 ? PAGE_FALLBACK : n > PAGE_MAX ? PAGE_MAX : (size_t)n;
    if (token == NULL)
        return true;
    long at = strtol(token, &end, 10);
    if (*end != '\0' || end == token || at < 0 || at > 100000)
        return refuse(rp, "Invalid page token", token);
    out->offset = (size_t)at;
    return true;
}

static bool read_search(struct sim *sim, const struct sim_request *rq, struct search *out,
                        struct sim_reply *rp)
{
    const char *filter = sim_query(rq, "filter");
    const char *samples = sim_query(rq, "sampleErrorReportLimit");
    int64_t fresh = reporting_fresh_until(sim->world, REPORTING_COUNTS, REPORTING_HOURLY);

    *out = (struct search){.start_ms = fresh - DAY_MS, .end_ms = fresh, .wants_crashes = true};
    if (!read_moment(rq, "startTime", &out->start_ms, rp) ||
        !read_moment(rq, "endTime", &out->end_ms, rp) ||
        !read_filter(filter == NULL ? "" : filter, out, rp) ||
        !read_order(sim_query(rq, "orderBy"), out, rp) || !read_pages(rq, out, rp))
        return false;
    if (samples != NULL && strcmp(samples, "0") != 0 && strcmp(samples, "1") != 0)
        return refuse(rp, "Unsupported sample_error_report_limit", samples);
    if (out->start_ms >= out->end_ms)
        return refuse(rp, "Invalid interval", "its start is not before its end");
    if (out->end_ms > fresh)
        out->end_ms = fresh;
    return true;
}

/* ---- answering --------------------------------------------------------------------------- */

static int64_t code_of(const struct world *world, const struct world_issue *issue)
{
    return strtoll(world->apps[issue->app].versions[issue->version].build, NULL, 10);
}

static size_t collect(const struct world *world, const struct search *search, struct found *found)
{
    size_t n = 0;

    for (size_t i = 0; i < world->n_issues && search->wants_crashes; i++) {
        struct found item = {.issue = &world->issues[i]};
        bool fits = search->n_codes == 0;
        for (size_t k = 0; k < search->n_codes; k++)
            fits = fits || search->codes[k] == code_of(world, item.issue);
        if (!fits || !item.issue->is_crash || strcmp(world->apps[item.issue->app].id, "ios") == 0)
            continue;
        world_issue_counts(world, item.issue, search->start_ms, search->end_ms, &item.reports,
                           &item.users);
        if (item.reports > 0)
            found[n++] = item;
    }
    return n;
}

static uint64_t key_of(const struct search *search, const struct found *item)
{
    return search->is_by_users ? item->users : item->reports;
}

/* A handful: insertion. */
static void sort(const struct search *search, struct found *found, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0; k--) {
            uint64_t before = key_of(search, &found[k - 1]);
            uint64_t after = key_of(search, &found[k]);
            if (search->is_ascending ? before <= after : before >= after)
                break;
            struct found item = found[k];
            found[k] = found[k - 1];
            found[k - 1] = item;
        }
}

static json_t *issue_json(const struct world *world, const struct search *search,
                          const struct found *item)
{
    const struct world_issue *issue = item->issue;
    char *cause = sim_xstrdup(issue->title);
    char *name = sim_printf("apps/%s/%llx", world->play.package, (unsigned long long)issue->id);
    char *reports = sim_printf("%llu", (unsigned long long)item->reports);
    char *users = sim_printf("%llu", (unsigned long long)item->users);
    char *code = sim_printf("%lld", (long long)code_of(world, issue));
    char last[32];

    cause[strcspn(cause, ":")] = '\0';
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:{s:s}, s:s, s:s}", "name", name, "type", "CRASH",
        "cause", cause, "location", issue->culprit, "errorReportCount", reports, "distinctUsers",
        users, "firstAppVersion", "versionCode", code, "lastAppVersion", "versionCode", code,
        "lastErrorReportTime", sim_rfc3339(last, sizeof last, search->end_ms - 3600 * 1000, false),
        "issueUri", "https://play.google.com/console/");
    free(cause);
    free(name);
    free(reports);
    free(users);
    free(code);
    return json;
}

void reporting_issues(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    static const char *const known[] = {"interval.startTime.year",
                                        "interval.startTime.month",
                                        "interval.startTime.day",
                                        "interval.startTime.hours",
                                        "interval.startTime.minutes",
                                        "interval.startTime.seconds",
                                        "interval.startTime.nanos",
                                        "interval.startTime.timeZone.id",
                                        "interval.startTime.timeZone.version",
                                        "interval.startTime.utcOffset",
                                        "interval.endTime.year",
                                        "interval.endTime.month",
                                        "interval.endTime.day",
                                        "interval.endTime.hours",
                                        "interval.endTime.minutes",
                                        "interval.endTime.seconds",
                                        "interval.endTime.nanos",
                                        "interval.endTime.timeZone.id",
                                        "interval.endTime.timeZone.version",
                                        "interval.endTime.utcOffset",
                                        "filter",
                                        "orderBy",
                                        "pageSize",
                                        "pageToken",
                                        "sampleErrorReportLimit",
                                        NULL};
    struct search search;
    struct found found[WORLD_ISSUES_MAX];

    if (google_refuse_unknown_query(rq, rp, known) || !read_search(sim, rq, &search, rp))
        return;
    size_t n = collect(sim->world, &search, found);
    sort(&search, found, n);
    json_t *reply = json_object();
    json_t *list = json_array();
    for (size_t i = search.offset; i < n && i < search.offset + search.limit; i++)
        json_array_append_new(list, issue_json(sim->world, &search, &found[i]));
    if (json_array_size(list) > 0)
        json_object_set(reply, "errorIssues", list);
    json_decref(list);
    if (search.offset + search.limit < n) {
        char *token = sim_printf("%zu", search.offset + search.limit);
        json_object_set_new(reply, "nextPageToken", json_string(token));
        free(token);
    }
    sim_reply_json(rp, 200, reply);
}
