/*
 * Periods, intervals and pages of Sentry's API.
 * Sources: Sentry "Paginating Results"; OpenAPI document of getsentry/sentry-api-schema;
 * getsentry/sentry release_health (interval rules, 1000 points, rounding outward), read 2026.
 */
#include "sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { INTERVAL_STEP_MS = 10 * 1000, POINTS_MAX = 1000, PAGE_MAX = 100 };

bool sentry_period_parse(const char *text, int64_t *out_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9')
        return false;
    int64_t n = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (*end == units[i].unit && end[1] == '\0' && n > 0 && n <= 1000000) {
            *out_ms = n * units[i].ms;
            return true;
        }
    return false;
}

bool sentry_window_read(const struct world *world, const struct sim_request *rq,
                        int64_t fallback_ms, struct sentry_window *out, struct sim_reply *rp)
{
    const char *period = sim_query(rq, "statsPeriod");
    const char *start = sim_query(rq, "start");
    const char *end = sim_query(rq, "end");
    int64_t ms = fallback_ms;

    out->end_ms = world->now_ms;
    if (period == NULL && (start != NULL || end != NULL)) {
        if (start == NULL || end == NULL) {
            sentry_fail(rp, 400, "start and end are both required");
            return false;
        }
        if (!sim_rfc3339_parse(start, &out->start_ms) || !sim_rfc3339_parse(end, &out->end_ms)) {
            sentry_fail(rp, 400, "start and end must be valid dates");
            return false;
        }
        if (out->start_ms > world->now_ms)
            out->start_ms = world->now_ms;
        if (out->start_ms > out->end_ms) {
            sentry_fail(rp, 400, "start must be before end");
            return false;
        }
        return true;
    }
    if (period != NULL && !sentry_period_parse(period, &ms)) {
        sentry_fail(rp, 400, "Invalid statsPeriod: '%.40s'", period);
        return false;
    }
    out->start_ms = out->end_ms - ms;
    return true;
}

bool sentry_interval_read(const struct sim_request *rq, struct sentry_window *window,
                          int64_t *interval_ms, struct sim_reply *rp)
{
    const char *text = sim_query(rq, "interval");
    int64_t interval = 3600 * 1000;

    if (text != NULL && !sentry_period_parse(text, &interval))
        sentry_fail(rp, 400, "Invalid interval: '%.40s'", text);
    else if (interval % INTERVAL_STEP_MS != 0)
        sentry_fail(rp, 400,
                    "The interval has to be a multiple of the minimum interval of ten seconds.");
    else if (interval > DAY_MS)
        sentry_fail(rp, 400, "The interval has to be less than one day.");
    else if (DAY_MS % interval != 0)
        sentry_fail(rp, 400, "The interval should divide one day without a remainder.");
    else {
        window->start_ms -= window->start_ms % interval;
        window->end_ms += (interval - window->end_ms % interval) % interval;
        *interval_ms = interval;
        if ((window->end_ms - window->start_ms) / interval <= POINTS_MAX)
            return true;
        sentry_fail(rp, 400,
                    "Your interval and date range would create too many results. Use a larger "
                    "interval, or a smaller date range.");
    }
    return false;
}

/* "0:100:0": identifier, offset, whether it leads back. */
static bool cursor_parse(const char *text, size_t *offset)
{
    unsigned long id = 0;
    unsigned long at = 0;
    unsigned long back = 0;
    int n = 0;

    if (sscanf(text, "%lu:%lu:%lu%n", &id, &at, &back, &n) != 3 || text[n] != '\0' || back > 1 ||
        at > 100000)
        return false;
    *offset = at;
    return true;
}

bool sentry_page_read(const struct sim_request *rq, const char *limit_name, size_t fallback,
                      struct sentry_page *out, struct sim_reply *rp)
{
    const char *limit = sim_query(rq, limit_name);
    const char *cursor = sim_query(rq, "cursor");
    char *end = NULL;
    long n = (long)fallback;

    if (limit != NULL)
        n = strtol(limit, &end, 10);
    if (n < 1 || n > PAGE_MAX || (end != NULL && (*end != '\0' || end == limit))) {
        sentry_fail(rp, 400, "Invalid %s value. Must be between 1 and %d.", limit_name, PAGE_MAX);
        return false;
    }
    *out = (struct sentry_page){.limit = (size_t)n};
    if (cursor != NULL && !cursor_parse(cursor, &out->offset)) {
        sentry_fail(rp, 400, "Invalid cursor parameter.");
        return false;
    }
    return true;
}

void sentry_page_link(const struct sim *sim, const struct sim_request *rq,
                      const struct sentry_page *page, size_t total, struct sim_reply *rp)
{
    size_t before = page->offset > page->limit ? page->offset - page->limit : 0;
    size_t after = page->offset + page->limit;
    const char *url = sim->url[sim_service_index("sentry")];

    sim_reply_header(rp, "Link",
                     "<%s%s?&cursor=0:%zu:1>; rel=\"previous\"; results=\"%s\"; "
                     "cursor=\"0:%zu:1\", <%s%s?&cursor=0:%zu:0>; rel=\"next\"; "
                     "results=\"%s\"; cursor=\"0:%zu:0\"",
                     url, rq->raw_path, before, page->offset > 0 ? "true" : "false", before, url,
                     rq->raw_path, after, after < total ? "true" : "false", after);
}
