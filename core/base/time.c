/*
 * time.c: see time.h. All parsing is by hand: strptime and its relatives depend on the locale.
 */
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

#define YEAR_MAX     9999
#define YEAR_10000   INT64_C(253402300800000) /* the first ms that cannot be written any more */
#define DURATION_MAX (3660 * SW_DAY_MS)       /* ten years and a bit */

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekdays[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

static int64_t clock_ms(clockid_t id)
{
    struct timespec now = {0};
    int failed = clock_gettime(id, &now);
    sw_assert(failed == 0);
    return (int64_t)now.tv_sec * SW_SECOND_MS + now.tv_nsec / 1000000;
}

int64_t sw_time_real_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t sw_time_mono_ms(void)
{
    int64_t now = clock_ms(CLOCK_MONOTONIC);
    return now > 0 ? now : 1;
}

/* ---------------------------------------------------------------- calendar */

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return a % b < 0 ? quotient - 1 : quotient;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Counts from March, so that the leap day is the last of its year, in eras of 400 years.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil and
 * civil_from_days, read 2026-01. */
int64_t sw_days_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, struct sw_civil *out)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    out->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2 ? 1 : 0));
    out->weekday = (int)(((days + 3) % 7 + 7) % 7) + 1; /* day 0 was a Thursday */
}

void sw_civil_utc(int64_t ms, struct sw_civil *out)
{
    int64_t days = floor_div(ms, SW_DAY_MS);
    int rest = (int)((ms - days * SW_DAY_MS) / SW_SECOND_MS);
    *out = (struct sw_civil){
        .hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60, .abbrev = "UTC"};
    civil_from_days(days, out);
}

int64_t sw_civil_to_utc(const struct sw_civil *civil)
{
    int64_t months_from_0 = (int64_t)civil->year * 12 + civil->month - 1;
    int64_t year = floor_div(months_from_0, 12);
    int64_t days = sw_days_from_civil((int)year, (int)(months_from_0 - year * 12) + 1, 1);
    return (days + civil->day - 1) * SW_DAY_MS + civil->hour * SW_HOUR_MS +
           civil->minute * SW_MINUTE_MS + civil->second * SW_SECOND_MS;
}

/* ---------------------------------------------------------- reading a text */

/* A place in a text; once something does not fit, everything after fails too. */
struct cursor {
    const char *at;
    bool is_good;
};

static int digits(struct cursor *c, int count)
{
    int value = 0;
    for (int i = 0; i < count && c->is_good; i++) {
        if (*c->at < '0' || *c->at > '9')
            c->is_good = false;
        else
            value = value * 10 + (*c->at++ - '0');
    }
    return value;
}

static void literal(struct cursor *c, const char *text)
{
    size_t len = strlen(text);
    if (c->is_good && strncmp(c->at, text, len) == 0)
        c->at += len;
    else
        c->is_good = false;
}

static bool take(struct cursor *c, char wanted)
{
    if (!c->is_good || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static void date_part(struct cursor *c, struct sw_civil *out)
{
    out->year = digits(c, 4);
    literal(c, "-");
    out->month = digits(c, 2);
    literal(c, "-");
    out->day = digits(c, 2);
}

static void clock_part(struct cursor *c, struct sw_civil *out)
{
    out->hour = digits(c, 2);
    literal(c, ":");
    out->minute = digits(c, 2);
    literal(c, ":");
    out->second = digits(c, 2);
}

/* 1..9 digits after a dot, cut to milliseconds. */
static int fraction_ms(struct cursor *c)
{
    if (!take(c, '.'))
        return 0;
    int value = 0;
    int count = 0;
    for (; *c->at >= '0' && *c->at <= '9'; c->at++, count++) {
        if (count < 3)
            value = value * 10 + (*c->at - '0');
    }
    if (count < 1 || count > 9)
        c->is_good = false;
    for (; count < 3; count++)
        value *= 10;
    return value;
}

static int offset_minutes(struct cursor *c)
{
    if (take(c, 'Z') || take(c, 'z'))
        return 0;
    int sign = *c->at == '-' ? -1 : 1;
    if (!take(c, '+') && !take(c, '-'))
        c->is_good = false;
    int hours = digits(c, 2);
    bool has_colon = take(c, ':');
    int minutes = has_colon || (c->is_good && *c->at != '\0') ? digits(c, 2) : 0;
    if (minutes > 59 || hours * 60 + minutes > 14 * 60)
        c->is_good = false;
    return sign * (hours * 60 + minutes);
}

static bool is_real_date(const struct sw_civil *t)
{
    return t->year >= 1970 && t->year <= YEAR_MAX && t->month >= 1 && t->month <= 12 &&
           t->day >= 1 && t->day <= days_in_month(t->year, t->month) && t->hour <= 23 &&
           t->minute <= 59 && t->second <= 60;
}

enum sw_code sw_time_parse(const char *text, int64_t *out_ms, struct sw_error *err)
{
    struct cursor c = {.at = text, .is_good = true};
    struct sw_civil civil = {0};
    date_part(&c, &civil);
    if (!take(&c, 'T') && !take(&c, 't') && !take(&c, ' '))
        c.is_good = false;
    clock_part(&c, &civil);
    int ms = fraction_ms(&c);
    int offset = offset_minutes(&c);
    if (!c.is_good || *c.at != '\0' || !is_real_date(&civil))
        return sw_fail(err, SW_E_PARSE,
                       "\"%.40s\" is not an RFC 3339 time such as 2026-01-15T10:00:00Z", text);
    int64_t utc = sw_civil_to_utc(&civil) + ms - offset * SW_MINUTE_MS;
    if (utc < 0 || utc >= YEAR_10000)
        return sw_fail(err, SW_E_PARSE, "\"%.40s\" is not between 1970 and 9999", text);
    *out_ms = utc;
    return SW_OK;
}

enum sw_code sw_date_parse(const char *text, int64_t *out_ms, struct sw_error *err)
{
    struct cursor c = {.at = text, .is_good = true};
    struct sw_civil civil = {0};
    date_part(&c, &civil);
    if (!c.is_good || *c.at != '\0' || !is_real_date(&civil))
        return sw_fail(err, SW_E_PARSE, "\"%.40s\" is not a date such as 2026-01-15", text);
    *out_ms = sw_civil_to_utc(&civil);
    return SW_OK;
}

const char *sw_time_format(int64_t ms, char out[SW_TIME_TEXT])
{
    struct sw_civil t = {0};
    out[0] = '\0';
    if (ms <= 0)
        return out;
    sw_civil_utc(ms, &t);
    if (t.year > YEAR_MAX)
        return out;
    int used = snprintf(out, SW_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", t.year, t.month, t.day,
                        t.hour, t.minute, t.second);
    int rest = (int)(ms % SW_SECOND_MS);
    if (rest != 0)
        snprintf(out + used, SW_TIME_TEXT - (size_t)used, ".%03dZ", rest);
    else
        snprintf(out + used, SW_TIME_TEXT - (size_t)used, "Z");
    return out;
}

/* --------------------------------------------------------------- HTTP dates */

static int month_name(struct cursor *c)
{
    for (int i = 0; i < 12 && c->is_good; i++) {
        if (strncmp(c->at, months[i], 3) == 0) {
            c->at += 3;
            return i + 1;
        }
    }
    c->is_good = false;
    return 0;
}

/* "Thu" or, when is_long, "Thursday". That it fits the date is not checked: servers err. */
static void weekday_name(struct cursor *c, bool is_long)
{
    for (int i = 0; i < 7; i++) {
        size_t len = is_long ? strlen(weekdays[i]) : 3;
        if (strncmp(c->at, weekdays[i], len) == 0) {
            c->at += len;
            return;
        }
    }
    c->is_good = false;
}

/* "Thu, 15 Jan 2026 10:00:00 GMT" */
static bool imf_date(const char *text, struct sw_civil *t)
{
    struct cursor c = {.at = text, .is_good = true};
    weekday_name(&c, false);
    literal(&c, ", ");
    t->day = digits(&c, 2);
    literal(&c, " ");
    t->month = month_name(&c);
    literal(&c, " ");
    t->year = digits(&c, 4);
    literal(&c, " ");
    clock_part(&c, t);
    literal(&c, " GMT");
    return c.is_good && *c.at == '\0';
}

/* "Thursday, 15-Jan-26 10:00:00 GMT". RFC 9110, 5.6.7 reads years more than 50 years ahead as
 * past; without a clock here, 70..99 are 19xx. */
static bool rfc850_date(const char *text, struct sw_civil *t)
{
    struct cursor c = {.at = text, .is_good = true};
    weekday_name(&c, true);
    literal(&c, ", ");
    t->day = digits(&c, 2);
    literal(&c, "-");
    t->month = month_name(&c);
    literal(&c, "-");
    int year = digits(&c, 2);
    t->year = year + (year >= 70 ? 1900 : 2000);
    literal(&c, " ");
    clock_part(&c, t);
    literal(&c, " GMT");
    return c.is_good && *c.at == '\0';
}

/* "Thu Jan 15 10:00:00 2026", a day below ten with a blank in front. */
static bool asctime_date(const char *text, struct sw_civil *t)
{
    struct cursor c = {.at = text, .is_good = true};
    weekday_name(&c, false);
    literal(&c, " ");
    t->month = month_name(&c);
    literal(&c, " ");
    t->day = take(&c, ' ') ? digits(&c, 1) : digits(&c, 2);
    literal(&c, " ");
    clock_part(&c, t);
    literal(&c, " ");
    t->year = digits(&c, 4);
    return c.is_good && *c.at == '\0';
}

enum sw_code sw_http_date_parse(const char *text, int64_t *out_ms, struct sw_error *err)
{
    struct sw_civil t = {0};
    if ((!imf_date(text, &t) && !rfc850_date(text, &t) && !asctime_date(text, &t)) ||
        !is_real_date(&t) || sw_civil_to_utc(&t) >= YEAR_10000)
        return sw_fail(err, SW_E_PARSE, "\"%.40s\" is not an HTTP date", text);
    *out_ms = sw_civil_to_utc(&t);
    return SW_OK;
}

const char *sw_http_date_format(int64_t ms, char out[SW_TIME_TEXT])
{
    struct sw_civil t = {0};
    sw_civil_utc(ms, &t);
    if (t.year < 0 || t.year > YEAR_MAX) {
        out[0] = '\0';
        return out;
    }
    snprintf(out, SW_TIME_TEXT, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[t.weekday - 1],
             t.day, months[t.month - 1], t.year, t.hour, t.minute, t.second);
    return out;
}

/* ---------------------------------------------------------------- durations */

struct unit {
    const char *name;
    int64_t ms;
};

/* Largest first; "ms" before "m" is tried by length, see unit_at. */
static const struct unit units[] = {
    {"w", 7 * SW_DAY_MS}, {"d", SW_DAY_MS},    {"h", SW_HOUR_MS},
    {"m", SW_MINUTE_MS},  {"s", SW_SECOND_MS}, {"ms", 1},
};

/* Index of the unit whose name is the whole run of letters at c, else the table's length. */
static size_t unit_at(struct cursor *c)
{
    size_t len = strspn(c->at, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < SW_ARRAY_LEN(units); i++) {
        if (strlen(units[i].name) == len && strncmp(c->at, units[i].name, len) == 0) {
            c->at += len;
            return i;
        }
    }
    return SW_ARRAY_LEN(units);
}

static bool duration_parts(const char *text, int64_t *out_ms)
{
    struct cursor c = {.at = text, .is_good = true};
    int64_t total = 0;
    size_t next = 0; /* the largest unit still allowed */
    do {
        size_t count = strspn(c.at, "0123456789");
        if (count < 1 || count > 9)
            return false;
        int64_t value = digits(&c, (int)count);
        size_t unit = unit_at(&c);
        if (unit < next || unit >= SW_ARRAY_LEN(units) || value > DURATION_MAX / units[unit].ms)
            return false;
        total += value * units[unit].ms;
        next = unit + 1;
    } while (*c.at != '\0');
    *out_ms = total;
    return total <= DURATION_MAX;
}

enum sw_code sw_duration_parse(const char *text, int64_t *out_ms, struct sw_error *err)
{
    if (!duration_parts(text, out_ms))
        return sw_fail(err, SW_E_PARSE,
                       "\"%.40s\" is not a duration such as 30s, 5m, 6h, 1h30m or 2d", text);
    return SW_OK;
}

const char *sw_duration_format(int64_t ms, char out[SW_DURATION_TEXT])
{
    const char *sign = ms <= -SW_SECOND_MS ? "-" : "";
    int64_t s = (ms < 0 ? -(ms / SW_SECOND_MS) : ms / SW_SECOND_MS);
    long long big = s < 60 ? s : s < 3600 ? s / 60 : s < 86400 ? s / 3600 : s / 86400;
    const char *unit = s < 60 ? "s" : s < 3600 ? "m" : s < 86400 ? "h" : "d";
    int small = s < 3600 ? 0 : s < 86400 ? (int)(s / 60 % 60) : (int)(s / 3600 % 24);
    if (small != 0)
        snprintf(out, SW_DURATION_TEXT, "%s%lld%s%d%s", sign, big, unit, small,
                 s < 86400 ? "m" : "h");
    else
        snprintf(out, SW_DURATION_TEXT, "%s%lld%s", sign, big, unit);
    return out;
}

/* -------------------------------------------------------------- world clock */

static double clock_speed(const struct sw_clock *clock)
{
    sw_assert(clock->speed >= 0);
    return clock->speed;
}

int64_t sw_clock_world(const struct sw_clock *clock, int64_t real_ms)
{
    double speed = clock_speed(clock);
    if (speed <= 0)
        return real_ms;
    return clock->world_ms + llround((double)(real_ms - clock->real_ms) * speed);
}

int64_t sw_clock_real(const struct sw_clock *clock, int64_t world_ms)
{
    double speed = clock_speed(clock);
    if (speed <= 0)
        return world_ms;
    return clock->real_ms + llround((double)(world_ms - clock->world_ms) / speed);
}

int64_t sw_clock_real_duration(const struct sw_clock *clock, int64_t world_ms)
{
    double speed = clock_speed(clock);
    if (speed <= 0 || world_ms <= 0)
        return world_ms;
    int64_t real = llround((double)world_ms / speed);
    return real > 0 ? real : 1;
}
