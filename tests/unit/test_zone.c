/*
 * test_zone.c: the display zone through both changes of clocks in Madrid.
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
#include "base/thread.h"
#include "base/time.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(sw_time_parse(text, &ms, NULL), SW_OK);
    return ms;
}

static void test_names(void **state)
{
    (void)state;
    assert_null(sw_zone_name());
    static const struct {
        const char *name;
        enum sw_code want;
    } rows[] = {
        {"", SW_E_PARSE},
        {"/etc/passwd", SW_E_PARSE},
        {"../../etc/passwd", SW_E_PARSE},
        {"Europe/../../etc/passwd", SW_E_PARSE},
        {":Europe/Madrid", SW_E_PARSE},
        {"CET-1CEST,M3.5.0,M10.5.0/3", SW_E_PARSE},
        {"Europe/Madird", SW_E_NOT_FOUND},
        {"Europe/Madrid", SW_OK},
        {"UTC", SW_OK},
        {"Etc/GMT+5", SW_OK},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        struct sw_error err = {0};
        enum sw_code code = sw_zone_check(rows[i].name, &err);
        if (code != rows[i].want)
            fail_msg("%s: %s (%s)", rows[i].name, sw_code_name(code), err.text);
    }
    assert_null(sw_zone_name());
    assert_int_equal(sw_zone_set("Europe/Madird", NULL), SW_E_NOT_FOUND);
    assert_null(sw_zone_name());
    assert_int_equal(sw_zone_set("Europe/Madrid", NULL), SW_OK);
    assert_string_equal(sw_zone_name(), "Europe/Madrid");
}

static void check_local(const char *utc, int day, int hour, int minute, int offset_s,
                        const char *abbrev)
{
    struct sw_civil civil = {0};
    sw_zone_local(at(utc), &civil);
    assert_int_equal(civil.day, day);
    assert_int_equal(civil.hour, hour);
    assert_int_equal(civil.minute, minute);
    assert_int_equal(civil.offset_s, offset_s);
    assert_string_equal(civil.abbrev, abbrev);
}

/* Clocks in Madrid change on 2026-03-29 and 2026-10-25, each at 01:00 UTC. */
static void test_local(void **state)
{
    (void)state;
    check_local("2026-01-15T23:30:00Z", 16, 0, 30, 3600, "CET");
    check_local("2026-07-15T10:00:00Z", 15, 12, 0, 7200, "CEST");
    check_local("2026-03-29T00:59:59Z", 29, 1, 59, 3600, "CET");
    check_local("2026-03-29T01:00:00Z", 29, 3, 0, 7200, "CEST");
    check_local("2026-10-25T00:59:59Z", 25, 2, 59, 7200, "CEST");
    check_local("2026-10-25T01:00:00Z", 25, 2, 0, 3600, "CET");
    struct sw_civil civil = {0};
    sw_zone_local(at("2026-01-18T12:00:00Z"), &civil);
    assert_int_equal(civil.weekday, 7);
    sw_zone_local(at("2026-01-19T12:00:00Z"), &civil);
    assert_int_equal(civil.weekday, 1);
    sw_zone_local(-1, &civil);
    assert_int_equal(civil.second, 59);
}

static void check_utc(int month, int day, int hour, int minute, const char *want)
{
    const struct sw_civil civil = {
        .year = 2026, .month = month, .day = day, .hour = hour, .minute = minute};
    char text[SW_TIME_TEXT];
    assert_string_equal(sw_time_format(sw_zone_to_utc(&civil), text), want);
}

static void test_to_utc(void **state)
{
    (void)state;
    check_utc(1, 15, 10, 0, "2026-01-15T09:00:00Z");
    check_utc(7, 15, 10, 0, "2026-07-15T08:00:00Z");
    check_utc(3, 29, 1, 59, "2026-03-29T00:59:00Z");
    check_utc(3, 29, 2, 30, "2026-03-29T01:30:00Z"); /* does not exist: 03:30 CEST */
    check_utc(3, 29, 3, 0, "2026-03-29T01:00:00Z");
    check_utc(10, 25, 1, 59, "2026-10-24T23:59:00Z");
    check_utc(10, 25, 2, 30, "2026-10-25T00:30:00Z"); /* twice: the first */
    check_utc(10, 25, 3, 0, "2026-10-25T02:00:00Z");
    check_utc(10, 32, 0, 0, "2026-10-31T23:00:00Z"); /* carried over to November */
}

/* Both directions agree for every half hour of the year, but for the repeated hour of autumn. */
static void test_round_trip(void **state)
{
    (void)state;
    int64_t repeated = at("2026-10-25T01:00:00Z");
    for (int64_t t = at("2026-01-01T00:00:00Z"); t < at("2027-01-01T00:00:00Z");
         t += 30 * SW_MINUTE_MS) {
        struct sw_civil civil = {0};
        sw_zone_local(t, &civil);
        bool is_second = t >= repeated && t < repeated + SW_HOUR_MS;
        assert_int_equal(sw_zone_to_utc(&civil), is_second ? t - SW_HOUR_MS : t);
    }
}

/* A day somewhere else than on the display: Pacific days are 23 and 25 hours long when clocks
 * change, on 2026-03-08 and 2026-11-01, and the display's zone has no part in it. */
static void test_a_pacific_day_begins_at_its_own_midnight(void **state)
{
    static const struct {
        int year, month, day, hour;
        const char *want;
    } rows[] = {
        {2026, 1, 15, 0, "2026-01-15T08:00:00Z"},  {2026, 3, 8, 0, "2026-03-08T08:00:00Z"},
        {2026, 3, 9, 0, "2026-03-09T07:00:00Z"},   {2026, 3, 8, 2, "2026-03-08T10:00:00Z"},
        {2026, 7, 4, 0, "2026-07-04T07:00:00Z"},   {2026, 11, 1, 0, "2026-11-01T07:00:00Z"},
        {2026, 11, 1, 1, "2026-11-01T08:00:00Z"},  {2026, 11, 2, 0, "2026-11-02T08:00:00Z"},
        {2026, 11, 31, 0, "2026-12-01T08:00:00Z"}, {2045, 3, 12, 0, "2045-03-12T08:00:00Z"},
        {2045, 3, 13, 0, "2045-03-13T07:00:00Z"},  {2045, 12, 31, 0, "2045-12-31T08:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        const struct sw_civil civil = {.year = rows[i].year, .month = rows[i].month,
                                       .day = rows[i].day, .hour = rows[i].hour};
        char text[SW_TIME_TEXT];
        int64_t ms = 0;
        assert_int_equal(sw_zone_named_to_utc("America/Los_Angeles", &civil, &ms, NULL), SW_OK);
        assert_string_equal(sw_time_format(ms, text), rows[i].want);
    }
}

/* Where summer ends the year, where there is none, and where the file is missing. */
static void test_named_zones(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"UTC", "2026-01-15T10:00:00Z"},
        {"Asia/Kolkata", "2026-01-15T04:30:00Z"},
        {"Australia/Sydney", "2026-01-14T23:00:00Z"},
        {"America/New_York", "2026-01-15T15:00:00Z"},
        {"Etc/GMT+5", "2026-01-15T15:00:00Z"},
    };
    const struct sw_civil civil = {.year = 2026, .month = 1, .day = 15, .hour = 10};
    int64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char text[SW_TIME_TEXT];
        assert_int_equal(sw_zone_named_to_utc(rows[i].name, &civil, &ms, NULL), SW_OK);
        assert_string_equal(sw_time_format(ms, text), rows[i].want);
    }
    assert_int_equal(sw_zone_named_to_utc("Europe/Madird", &civil, &ms, NULL), SW_E_NOT_FOUND);
    assert_int_equal(sw_zone_named_to_utc("../passwd", &civil, &ms, NULL), SW_E_PARSE);
    assert_int_equal(sw_zone_named_to_utc("tzdata.zi", &civil, &ms, NULL), SW_E_PARSE);
}

/* Our reading of the file and the C library's, every half hour of a near and of a far year. */
static void test_named_zone_agrees_with_the_c_library(void **state)
{
    static const char *const from[] = {"2026-01-01T00:00:00Z", "2050-01-01T00:00:00Z"};
    (void)state;
    for (size_t y = 0; y < SW_ARRAY_LEN(from); y++)
        for (int64_t t = at(from[y]); t < at(from[y]) + 366 * SW_DAY_MS; t += 30 * SW_MINUTE_MS) {
            struct sw_civil civil = {0};
            int64_t ms = 0;
            sw_zone_local(t, &civil);
            assert_int_equal(sw_zone_named_to_utc("Europe/Madrid", &civil, &ms, NULL), SW_OK);
            assert_int_equal(ms, sw_zone_to_utc(&civil));
        }
}

static void nothing(void *arg)
{
    (void)arg;
}

static void test_no_change_once_threads_ran(void **state)
{
    (void)state;
    struct sw_thread thread = {0};
    struct sw_error err = {0};
    assert_int_equal(sw_thread_start(&thread, SW_THREAD_WORKER, "w", 0, nothing, NULL, &err),
                     SW_OK);
    sw_thread_join(&thread);
    assert_int_equal(sw_zone_set("UTC", &err), SW_E_BUSY);
    assert_non_null(strstr(err.text, "Europe/Madrid"));
    assert_int_equal(sw_zone_set("Europe/Madrid", NULL), SW_OK);
    assert_string_equal(sw_zone_name(), "Europe/Madrid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_to_utc),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_a_pacific_day_begins_at_its_own_midnight),
        cmocka_unit_test(test_named_zones),
        cmocka_unit_test(test_named_zone_agrees_with_the_c_library),
        cmocka_unit_test(test_no_change_once_threads_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
