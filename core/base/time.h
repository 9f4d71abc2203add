/*
 * time.h: points in time, durations, the world clock and the display zone.
 *
 * A point in time is int64_t milliseconds since 1970-01-01T00:00:00Z; 0 means "not known".
 * Durations are int64_t ms too. Pure code takes `now`; only the engine asks a clock.
 * Intervals are measured with the monotonic clock, timestamps are UTC. Only the display uses the
 * zone. Nothing here calls gmtime or depends on the locale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SW_SECOND_MS INT64_C(1000)
#define SW_MINUTE_MS (60 * SW_SECOND_MS)
#define SW_HOUR_MS   (60 * SW_MINUTE_MS)
#define SW_DAY_MS    (24 * SW_HOUR_MS)

#define SW_TIME_TEXT     32 /* room for sw_time_format */
#define SW_DURATION_TEXT 32 /* room for sw_duration_format */

int64_t sw_time_real_ms(void);
int64_t sw_time_mono_ms(void); /* never 0, never goes back */

/* struct sw_civil, a date and time of day somewhere, is public: slipway.h. */

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
int64_t sw_days_from_civil(int year, int month, int day);
/* UTC split into fields (milliseconds dropped towards the past). */
void sw_civil_utc(int64_t ms, struct sw_civil *out);
/* The reverse, taking the fields as UTC. */
int64_t sw_civil_to_utc(const struct sw_civil *civil);

/* RFC 3339: date, 'T' or 't' or ' ', time, optional fraction (1..9 digits, cut to ms), 'Z' or
 * +hh:mm, +hhmm or +hh within 14 hours. A leap second :60 counts as the next second. A bare date
 * is refused here. Year 1970..9999. SW_E_PARSE. */
enum sw_code sw_time_parse(const char *text, int64_t *out_ms, struct sw_error *err);
/* "2026-01-15", read as its midnight UTC. SW_E_PARSE. */
enum sw_code sw_date_parse(const char *text, int64_t *out_ms, struct sw_error *err);
/* "2026-01-15T10:00:00Z", with ".250" only when the ms are not 0; "" for 0. Returns out. */
const char *sw_time_format(int64_t ms, char out[SW_TIME_TEXT]);
/* HTTP date, IMF-fixdate or one of the two obsolete forms (RFC 9110, 5.6.7). SW_E_PARSE. */
enum sw_code sw_http_date_parse(const char *text, int64_t *out_ms, struct sw_error *err);
/* "Thu, 15 Jan 2026 10:00:00 GMT". Returns out. */
const char *sw_http_date_format(int64_t ms, char out[SW_TIME_TEXT]);

/* "250ms", "30s", "5m", "6h", "2d", "1w", "1h30m": whole numbers, each unit once, largest first; a
 * unit is required. Not negative, at most 10 years. SW_E_PARSE. */
enum sw_code sw_duration_parse(const char *text, int64_t *out_ms, struct sw_error *err);
/* At most two units, rounded down: "45s", "14m", "6h48m", "2d", "3d4h"; "0s" below one second.
 * Negative gets a '-'. Returns out. */
const char *sw_duration_format(int64_t ms, char out[SW_DURATION_TEXT]);

/* World time as an affine function of real time (simulations run faster). A clock with speed 0 (a
 * zeroed one) is real time. */
struct sw_clock {
    int64_t real_ms;  /* at this real time ... */
    int64_t world_ms; /* ... the world shows this */
    double speed;     /* world seconds per real second, > 0; 0 = the world is real time */
};

int64_t sw_clock_world(const struct sw_clock *clock, int64_t real_ms);
int64_t sw_clock_real(const struct sw_clock *clock, int64_t world_ms);
/* A real duration for a world duration, at least 1 ms when the argument is above 0. */
int64_t sw_clock_real_duration(const struct sw_clock *clock, int64_t world_ms);

/* Sets the process-wide display zone by IANA name ("Europe/Madrid", "UTC"); the zone's file must
 * exist. Once, before the first sw_thread_start: afterwards only the name already set is accepted
 * (SW_E_BUSY). Unknown or malformed name: SW_E_NOT_FOUND, SW_E_PARSE. */
enum sw_code sw_zone_set(const char *name, struct sw_error *err);
/* The same checks, changing nothing: for a configuration that is only looked at. */
enum sw_code sw_zone_check(const char *name, struct sw_error *err);
/* The name set, or NULL when the environment's zone is used. */
const char *sw_zone_name(void);
void sw_zone_local(int64_t ms, struct sw_civil *out);
/* Local fields to UTC. A time that exists twice (autumn) is its first occurrence; one that does
 * not exist (spring) is moved forward by the length of the gap. Fields out of range are carried
 * over (day 32 = first of the next month). */
int64_t sw_zone_to_utc(const struct sw_civil *civil);
/* The same for the zone of that name, whatever the display's is: for a source that states its
 * times in a zone of its own. Reads tzdata's file; any thread. SW_E_NOT_FOUND, SW_E_PARSE. */
enum sw_code sw_zone_named_to_utc(const char *name, const struct sw_civil *civil, int64_t *out_ms,
                                  struct sw_error *err);
