/*
 * Periods of the Reporting API: UTC hours and Pacific days, and how far their data goes.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306 (TimelineSpec,
 * FreshnessInfo, google.type.DateTime). The lags are UNCONFIRMED: "hourly some hours, daily about
 * 1 to 2 days" is what clients saw. Pacific time by the rule in force since 2007 (Energy Policy Act
 * of 2005, section 110: second Sunday of March to first Sunday of November, at 2:00), written out
 * here so that no table is shared with what is tested.
 */
#include "google_reporting.h"

#include <string.h>
#include <time.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS  (24 * HOUR_MS)

const char *reporting_period_name(enum reporting_period period)
{
    return period == REPORTING_HOURLY ? "HOURLY" : "DAILY";
}

int64_t reporting_period_ms(enum reporting_period period)
{
    return period == REPORTING_HOURLY ? HOUR_MS : DAY_MS;
}

static struct tm split(int64_t civil_ms)
{
    time_t s = (time_t)(civil_ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    return tm;
}

/* Midnight of the n-th Sunday of a month (0 January). */
static int64_t sunday(int year, int month, int n)
{
    struct tm first = {.tm_year = year, .tm_mon = month, .tm_mday = 1};
    time_t s = timegm(&first);
    struct tm tm = split((int64_t)s * 1000);

    return ((int64_t)s + ((7 - tm.tm_wday) % 7 + 7 * (n - 1)) * 86400) * 1000;
}

/* Hours that Pacific clocks are behind UTC at a civil time. */
static int64_t pacific_behind(int64_t civil_ms)
{
    struct tm tm = split(civil_ms);
    int64_t from = sunday(tm.tm_year, 2, 2) + 2 * HOUR_MS;
    int64_t to = sunday(tm.tm_year, 10, 1) + 2 * HOUR_MS;

    return civil_ms >= from && civil_ms < to ? 7 : 8;
}

int64_t reporting_utc_ms(int64_t civil_ms, enum reporting_period period)
{
    return period == REPORTING_HOURLY ? civil_ms : civil_ms + pacific_behind(civil_ms) * HOUR_MS;
}

int64_t reporting_fresh_until(const struct world *world, enum reporting_set set,
                              enum reporting_period period)
{
    if (period == REPORTING_HOURLY) {
        int64_t lag = (set == REPORTING_COUNTS ? 2 : 3) * HOUR_MS;
        return (world->now_ms - lag) / HOUR_MS * HOUR_MS;
    }
    /* A day is ready 30 hours after its end. */
    int64_t day = world->now_ms / DAY_MS * DAY_MS;
    while (reporting_utc_ms(day, period) + 30 * HOUR_MS > world->now_ms)
        day -= DAY_MS;
    return day;
}

json_t *reporting_time_json(int64_t civil_ms, enum reporting_period period)
{
    struct tm tm = split(civil_ms);
    json_t *time = json_pack("{s:i, s:i, s:i}", "year", tm.tm_year + 1900, "month", tm.tm_mon + 1,
                             "day", tm.tm_mday);

    if (tm.tm_hour != 0)
        json_object_set_new(time, "hours", json_integer(tm.tm_hour));
    json_object_set_new(
        time, "timeZone",
        json_pack("{s:s}", "id", period == REPORTING_HOURLY ? "UTC" : REPORTING_PACIFIC));
    return time;
}

json_t *reporting_freshness_json(const struct world *world, enum reporting_set set)
{
    json_t *list = json_array();

    for (int p = 0; p < REPORTING_PERIODS; p++) {
        enum reporting_period period = (enum reporting_period)p;
        if (period == REPORTING_HOURLY && !reporting_sets[set].has_hours)
            continue;
        json_array_append_new(
            list,
            json_pack("{s:s, s:o}", "aggregationPeriod", reporting_period_name(period),
                      "latestEndTime",
                      reporting_time_json(reporting_fresh_until(world, set, period), period)));
    }
    return json_pack("{s:o}", "freshnesses", list);
}
