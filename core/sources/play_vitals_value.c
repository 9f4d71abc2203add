/*
 * play_vitals_value.c: numbers and dates as the Reporting API writes them. Pure.
 *
 * Decimals are texts, 64-bit numbers too, and a default (0, "") may be left out. A date is a civil
 * one with the name of its zone: hours exist in UTC only, days in Pacific time only. A Pacific day
 * has 23 or 25 hours twice a year, so days are counted in that zone's own calendar and turned into
 * UTC at the end.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306
 * (google.type.Decimal, google.type.DateTime, TimelineSpec); how late data is has no source but
 * the two clients that ran against live accounts, see stands_s; read 2026-01.
 */
#include "sources/play_vitals.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

/* For hours the stale_after of the source (12 h) is enough. A day is replaced a day later, and comes
 * "about 1 to 2 days" late (UNCONFIRMED, markendetektivern and httrack-android saw it so): three
 * days, and half a day before it counts as missing. */
const struct vitals_period_info vitals_periods[VITALS_PERIODS] = {
    [VITALS_HOURLY] = {"HOURLY", "UTC", 3600, 0},
    [VITALS_DAILY] = {"DAILY", "America/Los_Angeles", 86400, 84 * 3600},
};

enum { DECIMAL_MAX = 64, CODE_DIGITS_MAX = 10 };

/* ---------------------------------------------------------------------- numbers */

static size_t digits(const char *text)
{
    size_t count = 0;
    while (isdigit((unsigned char)text[count]))
        count++;
    return count;
}

/* strtod alone would also take "inf", "0x1p3" and blanks. */
static bool is_decimal(const char *at)
{
    at += *at == '+' || *at == '-';
    size_t whole = digits(at), part = 0;
    at += whole;
    if (*at == '.') {
        part = digits(++at);
        at += part;
    }
    if (whole + part == 0)
        return false;
    if (*at != 'e' && *at != 'E')
        return *at == '\0';
    at++;
    at += *at == '+' || *at == '-';
    size_t exponent = digits(at);
    return exponent > 0 && at[exponent] == '\0';
}

bool vitals_decimal(const char *text, double *out)
{
    *out = 0;
    if (text[0] == '\0')
        return true;
    if (strlen(text) > DECIMAL_MAX || !is_decimal(text))
        return false;
    *out = strtod(text, NULL);
    return isfinite(*out);
}

int64_t vitals_code(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= CODE_DIGITS_MAX && digits(text) == len ? strtoll(text, NULL, 10) : 0;
}

/* ------------------------------------------------------------------------ dates */

static enum sw_code check_zone(const json_t *time, enum vitals_period period, struct sw_error *err)
{
    const char *zone = NULL;
    if (sw_json_at(time, "utcOffset") != NULL)
        return sw_fail(err, SW_E_PARSE, "a date with utcOffset, where %s was to be expected",
                       vitals_periods[period].zone);
    enum sw_code code = sw_json_str(time, "timeZone.id", SW_OPTIONAL, &zone, err);
    if (code == SW_E_NOT_FOUND) /* the only zone there is */
        return SW_OK;
    if (code == SW_OK && strcmp(zone, vitals_periods[period].zone) != 0)
        return sw_fail(err, SW_E_PARSE,
                       "a date in time zone \"%.40s\", where %s was to be expected", zone,
                       vitals_periods[period].zone);
    return code;
}

enum sw_code vitals_read_time(const json_t *time, enum vitals_period period, int64_t *out_civil_ms,
                              struct sw_error *err)
{
    int64_t year, month, day, hours = 0;
    enum sw_code code = sw_json_int_range(time, "year", SW_REQUIRED, 1970, 9999, &year, err);
    if (code == SW_OK)
        code = sw_json_int_range(time, "month", SW_REQUIRED, 1, 12, &month, err);
    if (code == SW_OK)
        code = sw_json_int_range(time, "day", SW_REQUIRED, 1, 31, &day, err);
    if (code == SW_OK && period == VITALS_HOURLY) {
        code = sw_json_int_range(time, "hours", SW_OPTIONAL, 0, 24, &hours, err);
        if (code == SW_E_NOT_FOUND) /* midnight is left out */
            code = SW_OK;
    }
    if (code == SW_OK)
        code = check_zone(time, period, err);
    if (code != SW_OK)
        return code;
    struct sw_civil check;
    int64_t midnight = sw_days_from_civil((int)year, (int)month, (int)day) * SW_DAY_MS;
    sw_civil_utc(midnight, &check);
    if (check.day != day)
        return sw_fail(err, SW_E_PARSE, "a date with day %d of month %d", (int)day, (int)month);
    *out_civil_ms = midnight + hours * SW_HOUR_MS;
    return SW_OK;
}

json_t *vitals_time_json(int64_t civil_ms, enum vitals_period period)
{
    struct sw_civil civil;
    sw_civil_utc(civil_ms, &civil);
    json_t *time = json_pack("{s:i, s:i, s:i, s:{s:s}}", "year", civil.year, "month", civil.month,
                             "day", civil.day, "timeZone", "id", vitals_periods[period].zone);
    /* Even a zero in hours is refused for days. */
    if (period == VITALS_HOURLY)
        json_object_set_new(time, "hours", json_integer(civil.hour));
    return time;
}

enum sw_code vitals_to_utc(int64_t civil_ms, enum vitals_period period, int64_t *out_ms,
                           struct sw_error *err)
{
    struct sw_civil civil;
    *out_ms = civil_ms;
    if (period == VITALS_HOURLY)
        return SW_OK;
    sw_civil_utc(civil_ms, &civil);
    return sw_zone_named_to_utc(vitals_periods[period].zone, &civil, out_ms, err);
}

void vitals_period_text(int64_t end_civil_ms, enum vitals_period period, char *out, size_t size)
{
    static const char *const days[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"",    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct sw_civil civil;
    if (period == VITALS_HOURLY) {
        sw_civil_utc(end_civil_ms, &civil);
        sw_format(out, size, "hour to %02d:00 UTC", civil.hour);
        return;
    }
    sw_civil_utc(end_civil_ms - SW_DAY_MS, &civil);
    sw_format(out, size, "Pacific day %s %d %s", days[civil.weekday], civil.day,
              months[civil.month]);
}
