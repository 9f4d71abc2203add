/*
 * test_time.c: times, dates and durations, accepted and refused; the world clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/time.h"

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:01Z", 1000},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
    {"2024-02-29T12:34:56Z", INT64_C(1709210096000)},
    {"2026-01-15T10:00:00Z", INT64_C(1768471200000)},
    {"2026-01-15t10:00:00z", INT64_C(1768471200000)},
    {"2026-01-15 10:00:00Z", INT64_C(1768471200000)},
    {"2026-01-15T10:00:00.5Z", INT64_C(1768471200500)},
    {"2026-01-15T10:00:00.25Z", INT64_C(1768471200250)},
    {"2026-01-15T10:00:00.1239Z", INT64_C(1768471200123)},
    {"2026-01-15T10:00:00.123456789Z", INT64_C(1768471200123)},
    {"2026-01-15T10:00:00.000Z", INT64_C(1768471200000)},
    {"2026-01-15T11:00:00+01:00", INT64_C(1768471200000)},
    {"2026-01-15T11:00:00+0100", INT64_C(1768471200000)},
    {"2026-01-15T11:00:00+01", INT64_C(1768471200000)},
    {"2026-01-15T04:30:00-05:30", INT64_C(1768471200000)},
    {"2026-01-16T00:00:00+14:00", INT64_C(1768471200000)},
    {"2026-01-14T20:00:00-14:00", INT64_C(1768471200000)},
    {"2026-01-15T10:00:00-00:00", INT64_C(1768471200000)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
    {"2038-01-19T03:14:08Z", INT64_C(2147483648000)},
    {"9999-12-31T23:59:59Z", INT64_C(253402300799000)},
};

static const char *const bad_times[] = {
    "",
    "now",
    "2026-01-15",
    "2026-01-15T10:00:00",
    "2026-01-15T10:00Z",
    "2026-1-15T10:00:00Z",
    "26-01-15T10:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-15T24:00:00Z",
    "2026-01-15T10:60:00Z",
    "2026-01-15T10:00:61Z",
    "2026-01-15T10:00:00.Z",
    "2026-01-15T10:00:00.1234567890Z",
    "2026-01-15T10:00:00,5Z",
    "2026-01-15T10:00:00+14:01",
    "2026-01-15T10:00:00+15:00",
    "2026-01-15T10:00:00+01:60",
    "2026-01-15T10:00:00+1",
    "2026-01-15T10:00:00+01:",
    "2026-01-15T10:00:00+01:0",
    "2026-01-15T10:00:00Zx",
    " 2026-01-15T10:00:00Z",
    "2026-01-15T10:00:00 Z",
    "2026-01-15x10:00:00Z",
    "-026-01-15T10:00:00Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+01:00",
    "2026-01-15T10:00:00+",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-00:01",
};

static void test_time_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(times); i++) {
        int64_t ms = -1;
        struct sw_error err = {0};
        if (sw_time_parse(times[i].text, &ms, &err) != SW_OK)
            fail_msg("%s: %s", times[i].text, err.text);
        if (ms != times[i].ms)
            fail_msg("%s is %lld", times[i].text, (long long)ms);
    }
}

static void test_time_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(bad_times); i++) {
        int64_t ms = -1;
        struct sw_error err = {0};
        if (sw_time_parse(bad_times[i], &ms, &err) != SW_E_PARSE)
            fail_msg("accepted: %s", bad_times[i]);
        assert_int_equal(ms, -1);
        assert_int_equal(err.code, SW_E_PARSE);
        assert_true(err.text[0] != '\0');
    }
}

static void test_time_format(void **state)
{
    (void)state;
    char text[SW_TIME_TEXT];
    assert_string_equal(sw_time_format(INT64_C(1768471200000), text), "2026-01-15T10:00:00Z");
    assert_string_equal(sw_time_format(INT64_C(1768471200007), text), "2026-01-15T10:00:00.007Z");
    assert_string_equal(sw_time_format(INT64_C(951782400000), text), "2000-02-29T00:00:00Z");
    assert_string_equal(sw_time_format(0, text), "");
    assert_string_equal(sw_time_format(-1, text), "");
    assert_string_equal(sw_time_format(INT64_C(253402300800000), text), "");
    assert_string_equal(sw_time_format(INT64_MAX, text), "");
}

/* Every day from 1970 to 2370 survives writing and reading, and the calendar moves by one. */
static void test_calendar_round_trip(void **state)
{
    (void)state;
    struct sw_civil before = {0};
    sw_civil_utc(-SW_DAY_MS, &before);
    for (int64_t day = 0; day < 146097; day++) {
        struct sw_civil now = {0};
        sw_civil_utc(day * SW_DAY_MS, &now);
        assert_int_equal(sw_days_from_civil(now.year, now.month, now.day), day);
        assert_int_equal(now.weekday, before.weekday % 7 + 1);
        bool is_next = now.day == before.day + 1 && now.month == before.month;
        bool is_first = now.day == 1 && now.month == before.month % 12 + 1;
        assert_true(is_next || is_first);
        before = now;
        if (day == 0)
            continue; /* 0 means not known and is written as nothing */
        char text[SW_TIME_TEXT];
        int64_t back = -1;
        assert_int_equal(sw_time_parse(sw_time_format(day * SW_DAY_MS, text), &back, NULL), SW_OK);
        assert_int_equal(back, day * SW_DAY_MS);
    }
}

static void test_weekdays(void **state)
{
    (void)state;
    struct sw_civil civil = {0};
    sw_civil_utc(0, &civil);
    assert_int_equal(civil.weekday, 4); /* a Thursday */
    sw_civil_utc(INT64_C(1768471200000), &civil);
    assert_int_equal(civil.weekday, 4); /* 2026-01-15 too */
    sw_civil_utc(INT64_C(1768471200000) + 3 * SW_DAY_MS, &civil);
    assert_int_equal(civil.weekday, 7);
}

static void test_civil_before_1970(void **state)
{
    (void)state;
    struct sw_civil civil = {0};
    sw_civil_utc(-1, &civil);
    assert_int_equal(civil.year, 1969);
    assert_int_equal(civil.month, 12);
    assert_int_equal(civil.day, 31);
    assert_int_equal(civil.hour, 23);
    assert_int_equal(civil.minute, 59);
    assert_int_equal(civil.second, 59);
}

static void test_civil_carries_over(void **state)
{
    (void)state;
    const struct sw_civil day_32 = {.year = 2026, .month = 1, .day = 32};
    const struct sw_civil month_13 = {.year = 2025, .month = 14, .day = 1};
    const struct sw_civil month_0 = {.year = 2026, .month = 0, .day = 1};
    const struct sw_civil hour_24 = {.year = 2026, .month = 1, .day = 31, .hour = 24};
    int64_t first_of_february = INT64_C(1769904000000);
    assert_int_equal(sw_civil_to_utc(&day_32), first_of_february);
    assert_int_equal(sw_civil_to_utc(&month_13), first_of_february);
    assert_int_equal(sw_civil_to_utc(&hour_24), first_of_february);
    assert_int_equal(sw_civil_to_utc(&month_0), INT64_C(1764547200000)); /* 2025-12-01 */
}

static void test_dates(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_int_equal(sw_date_parse("2026-01-15", &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768435200000));
    static const char *const bad[] = {"", "2026-01-15T", "2025-02-29", "2026-1-5", "15.01.2026"};
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++)
        assert_int_equal(sw_date_parse(bad[i], &ms, NULL), SW_E_PARSE);
}

static void test_http_dates(void **state)
{
    (void)state;
    static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < SW_ARRAY_LEN(good); i++) {
        int64_t ms = 0;
        assert_int_equal(sw_http_date_parse(good[i], &ms, NULL), SW_OK);
        assert_int_equal(ms, INT64_C(784111777000));
    }
    int64_t ms = 0;
    assert_int_equal(sw_http_date_parse("Thursday, 15-Jan-26 10:00:00 GMT", &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768471200000));
    assert_int_equal(sw_http_date_parse("Thu Jan 15 10:00:00 2026", &ms, NULL), SW_OK);
    assert_int_equal(ms, INT64_C(1768471200000));
    static const char *const bad[] = {"",
                                      "120",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Xyz, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nvo 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 25:49:37 GMT",
                                      "2026-01-15T10:00:00Z",
                                      "Fri, 31 Dec 9999 23:59:60 GMT"};
    for (size_t i = 0; i < SW_ARRAY_LEN(bad); i++) {
        if (sw_http_date_parse(bad[i], &ms, NULL) != SW_E_PARSE)
            fail_msg("accepted: %s", bad[i]);
    }
    char text[SW_TIME_TEXT];
    assert_string_equal(sw_http_date_format(INT64_C(784111777000), text), good[0]);
}

static const struct {
    const char *text;
    int64_t ms;
} durations[] = {
    {"0s", 0},
    {"250ms", 250},
    {"30s", 30 * SW_SECOND_MS},
    {"5m", 5 * SW_MINUTE_MS},
    {"90m", 90 * SW_MINUTE_MS},
    {"6h", 6 * SW_HOUR_MS},
    {"1h30m", 90 * SW_MINUTE_MS},
    {"2d", 2 * SW_DAY_MS},
    {"1w", 7 * SW_DAY_MS},
    {"1w2d3h4m5s6ms", 9 * SW_DAY_MS + 3 * SW_HOUR_MS + 4 * SW_MINUTE_MS + 5006},
    {"1m1ms", SW_MINUTE_MS + 1},
    {"3650d", 3650 * SW_DAY_MS},
};

static const char *const bad_durations[] = {
    "",
    "5",
    "s",
    "5 m",
    "-5m",
    "+5m",
    "1.5h",
    "5M",
    "1m1h",
    "1h1h",
    "5min",
    "5y",
    "1h30",
    " 5m",
    "5m ",
    "4000d",
    "0x5m",
    "1e3s",
    "9999999999s",
    "999999999w",
    "5ms3s",
    "999999999999999999999s",
    "\xC2\xB5s",
};

static void test_duration_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(durations); i++) {
        int64_t ms = -1;
        if (sw_duration_parse(durations[i].text, &ms, NULL) != SW_OK || ms != durations[i].ms)
            fail_msg("%s is %lld", durations[i].text, (long long)ms);
    }
    for (size_t i = 0; i < SW_ARRAY_LEN(bad_durations); i++) {
        int64_t ms = -1;
        if (sw_duration_parse(bad_durations[i], &ms, NULL) != SW_E_PARSE)
            fail_msg("accepted: %s", bad_durations[i]);
        assert_int_equal(ms, -1);
    }
}

static void test_duration_format(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {0, "0s"},
        {999, "0s"},
        {45999, "45s"},
        {59 * SW_SECOND_MS, "59s"},
        {60 * SW_SECOND_MS, "1m"},
        {14 * SW_MINUTE_MS + 59000, "14m"},
        {SW_HOUR_MS - 1, "59m"},
        {SW_HOUR_MS, "1h"},
        {6 * SW_HOUR_MS + 48 * SW_MINUTE_MS, "6h48m"},
        {SW_DAY_MS - 1, "23h59m"},
        {SW_DAY_MS, "1d"},
        {2 * SW_DAY_MS + 59 * SW_MINUTE_MS, "2d"},
        {3 * SW_DAY_MS + 4 * SW_HOUR_MS, "3d4h"},
        {-5 * SW_MINUTE_MS, "-5m"},
        {-999, "0s"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char text[SW_DURATION_TEXT];
        assert_string_equal(sw_duration_format(rows[i].ms, text), rows[i].want);
    }
    char text[SW_DURATION_TEXT];
    assert_true(strlen(sw_duration_format(INT64_MAX, text)) < SW_DURATION_TEXT);
    assert_true(strlen(sw_duration_format(INT64_MIN, text)) < SW_DURATION_TEXT);
}

static void test_world_clock(void **state)
{
    (void)state;
    const struct sw_clock none = {0};
    assert_int_equal(sw_clock_world(&none, 12345), 12345);
    assert_int_equal(sw_clock_real(&none, 12345), 12345);
    assert_int_equal(sw_clock_real_duration(&none, 12345), 12345);

    const struct sw_clock demo = {
        .real_ms = INT64_C(1768471200000), .world_ms = INT64_C(1768000000000), .speed = 60};
    assert_int_equal(sw_clock_world(&demo, demo.real_ms), demo.world_ms);
    assert_int_equal(sw_clock_world(&demo, demo.real_ms + 1000), demo.world_ms + 60000);
    assert_int_equal(sw_clock_world(&demo, demo.real_ms - 1000), demo.world_ms - 60000);
    assert_int_equal(sw_clock_real(&demo, demo.world_ms + 60000), demo.real_ms + 1000);
    assert_int_equal(sw_clock_real_duration(&demo, 60000), 1000);
    assert_int_equal(sw_clock_real_duration(&demo, 1), 1);
    assert_int_equal(sw_clock_real_duration(&demo, 0), 0);
    for (int64_t real = demo.real_ms; real < demo.real_ms + 100000; real += 777)
        assert_int_equal(sw_clock_real(&demo, sw_clock_world(&demo, real)), real);
}

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t mono = sw_time_mono_ms();
    assert_true(mono > 0);
    assert_true(sw_time_mono_ms() >= mono);
    assert_true(sw_time_real_ms() > INT64_C(1700000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_parse),         cmocka_unit_test(test_time_refused),
        cmocka_unit_test(test_time_format),        cmocka_unit_test(test_calendar_round_trip),
        cmocka_unit_test(test_weekdays),           cmocka_unit_test(test_civil_before_1970),
        cmocka_unit_test(test_civil_carries_over), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_http_dates),         cmocka_unit_test(test_duration_parse),
        cmocka_unit_test(test_duration_format),    cmocka_unit_test(test_world_clock),
        cmocka_unit_test(test_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
