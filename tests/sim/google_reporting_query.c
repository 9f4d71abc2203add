/*
 * Reading a query of a metric set, strictly.
 *
 * Source: Play Developer Reporting v1beta1 discovery document, revision 20240306 (Query…Request,
 * TimelineSpec); that times beyond the freshness are refused with "end_date should be at most …",
 * that a daily query without a zone answers nothing: psicon/markendetektivern. The words of all
 * other refusals are UNCONFIRMED.
 */
#include "google_reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE_FALLBACK = 1000, PAGE_MAX = 100000 };

__attribute__((format(printf, 2, 3))) static bool refuse(struct sim_reply *rp, const char *format,
                                                         ...)
{
    va_list ap;

    va_start(ap, format);
    char *text = sim_vprintf(format, ap);
    va_end(ap);
    google_fail(rp, 400, "INVALID_ARGUMENT", NULL, "%s", text);
    free(text);
    return false;
}

/* ---- timelineSpec ------------------------------------------------------------------------ */

/* One field of a DateTime; absent is 0, as in every message of Google's. */
static bool read_field(json_t *time, const char *where, const char *name, int low, int high,
                       int *out, struct sim_reply *rp)
{
    json_t *value = json_object_get(time, name);

    *out = 0;
    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < low ||
        json_integer_value(value) > high)
        return refuse(rp, "Invalid value at '%s.%s' (TYPE_INT32)", where, name);
    *out = (int)json_integer_value(value);
    return true;
}

static bool read_zone(json_t *time, const char *where, enum reporting_period period, bool *has_zone,
                      struct sim_reply *rp)
{
    static const char *const known[] = {"id", "version", NULL};
    json_t *zone = json_object_get(time, "timeZone");
    const char *only = period == REPORTING_HOURLY ? "UTC" : REPORTING_PACIFIC;

    *has_zone = zone != NULL;
    if (json_object_get(time, "utcOffset") != NULL)
        return refuse(rp, "%s.utc_offset is not supported; use time_zone.", where);
    if (zone == NULL)
        return true;
    if (!json_is_object(zone))
        return refuse(rp, "Invalid value at '%s.time_zone'", where);
    if (google_refuse_unknown_field(zone, where, known, rp))
        return false;
    const char *id = json_string_value(json_object_get(zone, "id"));
    if (id == NULL || strcmp(id, only) != 0)
        return refuse(rp, "Unsupported timezone in %s: the only supported timezone for %s is %s.",
                      where, reporting_period_name(period), only);
    return true;
}

static bool read_time(json_t *spec, const char *name, enum reporting_period period,
                      int64_t *civil_ms, bool *has_zone, struct sim_reply *rp)
{
    static const char *const known[] = {"year",    "month", "day",      "hours",     "minutes",
                                        "seconds", "nanos", "timeZone", "utcOffset", NULL};
    json_t *time = json_object_get(spec, name);
    struct tm tm = {0};
    int minutes = 0, seconds = 0, nanos = 0;

    if (!json_is_object(time))
        return refuse(rp, "timeline_spec.%s is required.", name);
    if (google_refuse_unknown_field(time, name, known, rp) ||
        !read_field(time, name, "year", 1, 9999, &tm.tm_year, rp) ||
        !read_field(time, name, "month", 1, 12, &tm.tm_mon, rp) ||
        !read_field(time, name, "day", 1, 31, &tm.tm_mday, rp) ||
        !read_field(time, name, "hours", 0, 23, &tm.tm_hour, rp) ||
        !read_field(time, name, "minutes", 0, 59, &minutes, rp) ||
        !read_field(time, name, "seconds", 0, 60, &seconds, rp) ||
        !read_field(time, name, "nanos", 0, 999999999, &nanos, rp) ||
        !read_zone(time, name, period, has_zone, rp))
        return false;
    if (minutes != 0 || seconds != 0 || nanos != 0 ||
        (period == REPORTING_DAILY && tm.tm_hour != 0))
        return refuse(rp, "timeline_spec.%s must be aligned to the aggregation period %s.", name,
                      reporting_period_name(period));
    int day = tm.tm_mday;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *civil_ms = (int64_t)timegm(&tm) * 1000;
    if (tm.tm_year < 70 || tm.tm_mday != day)
        return refuse(rp, "Invalid date in timeline_spec.%s.", name);
    return true;
}

static bool read_period(json_t *spec, struct reporting_query *query, struct sim_reply *rp)
{
    const char *name = json_string_value(json_object_get(spec, "aggregationPeriod"));

    if (name != NULL && strcmp(name, "DAILY") == 0)
        query->period = REPORTING_DAILY;
    else if (name != NULL && strcmp(name, "HOURLY") == 0 && reporting_sets[query->set].has_hours)
        query->period = REPORTING_HOURLY;
    else
        return refuse(rp, "Unsupported aggregation period %.40s for %s.",
                      name == NULL ? "(none)" : name, reporting_sets[query->set].resource);
    return true;
}

static bool read_spec(const struct world *world, json_t *body, struct reporting_query *query,
                      struct sim_reply *rp)
{
    static const char *const known[] = {"aggregationPeriod", "startTime", "endTime", NULL};
    json_t *spec = json_object_get(body, "timelineSpec");
    bool start_zone = false;
    char limit[32];

    if (!json_is_object(spec))
        return refuse(rp, "timeline_spec is required.");
    if (google_refuse_unknown_field(spec, "timeline_spec", known, rp) ||
        !read_period(spec, query, rp) ||
        !read_time(spec, "startTime", query->period, &query->start_civil_ms, &start_zone, rp) ||
        !read_time(spec, "endTime", query->period, &query->end_civil_ms, &query->has_zone, rp))
        return false;
    if (start_zone != query->has_zone)
        return refuse(rp, "The timezone of the end point must match the timezone of the start "
                          "point.");
    if (query->start_civil_ms >= query->end_civil_ms)
        return refuse(rp, "start_time must be before end_time.");
    int64_t fresh = reporting_fresh_until(world, query->set, query->period);
    if (query->end_civil_ms > fresh)
        return refuse(rp, "end_date should be at most %.10s",
                      sim_rfc3339(limit, sizeof limit, fresh, false));
    return true;
}

/* ---- dimensions, metrics, filter --------------------------------------------------------- */

static bool read_dimensions(json_t *body, struct reporting_query *query, struct sim_reply *rp)
{
    const char *required = reporting_sets[query->set].required;
    json_t *list = json_object_get(body, "dimensions");
    bool has_required = required == NULL;

    if (list != NULL && !json_is_array(list))
        return refuse(rp, "Invalid value at 'dimensions'");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        bool *seen = name == NULL                                      ? NULL
                     : strcmp(name, "versionCode") == 0                ? &query->by_version
                     : required != NULL && strcmp(name, required) == 0 ? &has_required
                                                                       : NULL;
        if (seen == NULL)
            return refuse(rp,
                          "Unsupported dimension %.40s (slipway-sim breaks down by versionCode "
                          "and the required dimension only)",
                          name == NULL ? "(no text)" : name);
        if (*seen)
            return refuse(rp, "Duplicate dimension %.40s", name);
        *seen = true;
    }
    if (!has_required)
        return refuse(rp, "Dimension %s must be specified for %s.", required,
                      reporting_sets[query->set].resource);
    return true;
}

static bool read_metrics(json_t *body, struct reporting_query *query, struct sim_reply *rp)
{
    const struct reporting_set_info *set = &reporting_sets[query->set];
    json_t *list = json_object_get(body, "metrics");

    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > REPORTING_METRICS_MAX)
        return refuse(rp, "At least one metric is required.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        size_t k = 0;
        while (set->metrics[k] != NULL && (name == NULL || strcmp(set->metrics[k], name) != 0))
            k++;
        if (set->metrics[k] == NULL && name != NULL && strstr(name, "UserWeighted") != NULL)
            return refuse(rp,
                          "Metric %.60s is not supported in %s granularity (slipway-sim plays "
                          "no rolling averages)",
                          name, reporting_period_name(query->period));
        if (set->metrics[k] == NULL)
            return refuse(rp, "Unsupported metric %.60s for %s.", name == NULL ? "" : name,
                          set->resource);
        query->metrics[query->n_metrics++] = set->metrics[k];
    }
    return true;
}

/* "versionCode = 41200 AND startType = COLD": equality joined by AND. */
static bool read_filter(json_t *body, struct reporting_query *query, struct sim_reply *rp)
{
    json_t *value = json_object_get(body, "filter");
    const char *at = json_string_value(value);
    const char *required = reporting_sets[query->set].required;
    char name[32], word[32];
    int n = 0;

    if (value != NULL && at == NULL)
        return refuse(rp, "Invalid value at 'filter' (TYPE_STRING)");
    while (at != NULL && *at != '\0') {
        if (sscanf(at, " %31[a-zA-Z] = %31[a-zA-Z0-9_\"]%n", name, word, &n) != 2)
            return refuse(rp, "Invalid filter: %.60s", at);
        char *end = NULL;
        if (strcmp(name, "versionCode") == 0) {
            query->version = strtoll(word, &end, 10);
            if (*end != '\0')
                return refuse(rp, "Invalid filter value for versionCode: %.40s", word);
        } else if (required != NULL && strcmp(name, required) == 0) {
            sim_copy(query->type, sizeof query->type, word);
        } else {
            return refuse(rp, "Unsupported field in filter: %.40s", name);
        }
        at += n;
        n = 0;
        if (sscanf(at, " AND %n", &n) == 0 && n > 0)
            at += n;
        else if (*at != '\0')
            return refuse(rp, "Invalid filter: %.60s (slipway-sim reads equality and AND)", at);
    }
    return true;
}

static bool read_cohort(json_t *body, struct reporting_query *query, struct sim_reply *rp)
{
    static const char *const words[] = {"USER_COHORT_UNSPECIFIED", "OS_PUBLIC", "OS_BETA",
                                        "APP_TESTERS"};
    json_t *value = json_object_get(body, "userCohort");
    const char *word = json_string_value(value);

    query->is_public = true;
    if (value == NULL)
        return true;
    for (size_t i = 0; word != NULL && i < 4; i++)
        if (strcmp(word, words[i]) == 0) {
            query->is_public = i < 2;
            if (i == 2 && reporting_sets[query->set].required != NULL)
                return refuse(rp, "Dimension %s is not supported for user cohort OS_BETA.",
                              reporting_sets[query->set].required);
            return true;
        }
    return refuse(rp, "Invalid value at 'user_cohort' (%.40s)", word == NULL ? "" : word);
}

/* ---- pages ------------------------------------------------------------------------------- */

/* Of all that must stay the same between pages: the resource and the query. */
static uint64_t fingerprint(const struct sim_request *rq)
{
    json_t *body = sim_body_json(rq);
    uint64_t hash = UINT64_C(14695981039346656037);

    if (body != NULL)
        json_object_del(body, "pageToken");
    char *text = body == NULL ? sim_xstrdup("") : sim_json_text(body);
    char *all = sim_printf("%s\n%s", rq->raw_path, text);
    for (const char *c = all; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    free(all);
    free(text);
    json_decref(body);
    return hash;
}

char *reporting_page_token(const struct sim_request *rq, size_t offset)
{
    char *plain = sim_printf("%016llx:%zu", (unsigned long long)fingerprint(rq), offset);
    char *token = sim_base64url_encode(plain, strlen(plain));

    free(plain);
    return token;
}

static bool read_page(json_t *body, const struct sim_request *rq, struct reporting_query *query,
                      struct sim_reply *rp)
{
    json_t *size = json_object_get(body, "pageSize");
    json_t *token = json_object_get(body, "pageToken");
    json_int_t n = json_integer_value(size);

    if ((size != NULL && !json_is_integer(size)) || n < 0)
        return refuse(rp, "Invalid value at 'page_size' (TYPE_INT32)");
    query->page_size = n == 0 ? PAGE_FALLBACK : n > PAGE_MAX ? PAGE_MAX : (size_t)n;
    if (token == NULL)
        return true;
    const char *text = json_string_value(token);
    size_t bytes = 0;
    unsigned char *plain = text == NULL ? NULL : sim_base64url_decode(text, strlen(text), &bytes);
    char *copy = plain == NULL ? sim_xstrdup("") : sim_xstrndup((const char *)plain, bytes);
    unsigned long long hash = 0;
    bool ok = sscanf(copy, "%16llx:%zu", &hash, &query->offset) == 2 && hash == fingerprint(rq);
    free(copy);
    free(plain);
    return ok || refuse(rp, "Invalid page token, or the request differs from the one it is of.");
}

bool reporting_query_read(struct sim *sim, const struct sim_request *rq, enum reporting_set set,
                          struct reporting_query *out, struct sim_reply *rp)
{
    static const char *const with_cohort[] = {"timelineSpec", "dimensions", "metrics",    "filter",
                                              "pageSize",     "pageToken",  "userCohort", NULL};
    static const char *const without[] = {"timelineSpec", "dimensions", "metrics", "filter",
                                          "pageSize",     "pageToken",  NULL};
    json_t *body = sim_body_json(rq);
    *out = (struct reporting_query){.set = set};

    if (body == NULL)
        return refuse(rp, "Invalid JSON payload received. Expected an object.");
    bool ok = !google_refuse_unknown_field(
                  body, "", reporting_sets[set].has_cohort ? with_cohort : without, rp) &&
              read_spec(sim->world, body, out, rp) && read_dimensions(body, out, rp) &&
              read_metrics(body, out, rp) && read_filter(body, out, rp) &&
              read_cohort(body, out, rp) && read_page(body, rq, out, rp);
    json_decref(body);
    return ok;
}
