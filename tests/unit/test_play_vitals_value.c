/* test_play_vitals_value.c: numbers and dates as the Reporting API writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/time.h"
#include "sources/play_vitals.h"

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
        double want;
    } rows[] = {
        {"", true, 0},          {"0", true, 0},          {"0.0123", true, 0.0123},
        {"+2.5", true, 2.5},    {".5", true, 0.5},       {"5.", true, 5},
        {"2.5e8", true, 2.5e8}, {"2.5E+8", true, 2.5e8}, {"123E-4", true, 0.0123},
        {"-1", true, -1},       {"15000", true, 15000},  {".", false, 0},
        {"e5", false, 0},       {"1e", false, 0},        {"1e+", false, 0},
        {"1.2.3", false, 0},    {"0x1p3", false, 0},     {"inf", false, 0},
        {"nan", false, 0},      {" 1", false, 0},        {"1 ", false, 0},
        {"1,5", false, 0},      {"--1", false, 0},       {"1e999", false, 0},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        double got = -7;
        bool is_one = vitals_decimal(rows[i].text, &got);
        if (is_one != rows[i].is_one || (is_one && got != rows[i].want))
            fail_msg("\"%s\": %d %g", rows[i].text, is_one, got);
    }
}

static void test_version_codes(void **state)
{
    (void)state;
    assert_int_equal(vitals_code("2025011401"), 2025011401);
    assert_int_equal(vitals_code("1"), 1);
    assert_int_equal(vitals_code(""), 0);
    assert_int_equal(vitals_code("0"), 0);
    assert_int_equal(vitals_code("-1"), 0);
    assert_int_equal(vitals_code("41.2"), 0);
    assert_int_equal(vitals_code("20250114011"), 0);
}

/* The ends of Pacific days around both changes of clocks (2026-03-08 and 2026-11-01), and how they
 * and their days are called. */
static void test_pacific_days_through_both_changes_of_clocks(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        const char *utc, *text;
    } rows[] = {
        {2026, 3, 8, "2026-03-08T08:00:00Z", "Pacific day Sat 7 Mar"},
        {2026, 3, 9, "2026-03-09T07:00:00Z", "Pacific day Sun 8 Mar"}, /* 23 hours long */
        {2026, 3, 10, "2026-03-10T07:00:00Z", "Pacific day Mon 9 Mar"},
        {2026, 11, 1, "2026-11-01T07:00:00Z", "Pacific day Sat 31 Oct"},
        {2026, 11, 2, "2026-11-02T08:00:00Z", "Pacific day Sun 1 Nov"}, /* 25 hours long */
        {2027, 1, 1, "2027-01-01T08:00:00Z", "Pacific day Thu 31 Dec"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(rows); i++) {
        char text[SW_WORD_MAX], utc[SW_TIME_TEXT];
        int64_t civil_ms = 0, ms = 0;
        json_t *time = json_pack("{s:i, s:i, s:i}", "year", rows[i].year, "month", rows[i].month,
                                 "day", rows[i].day);
        assert_int_equal(vitals_read_time(time, VITALS_DAILY, &civil_ms, NULL), SW_OK);
        assert_int_equal(vitals_to_utc(civil_ms, VITALS_DAILY, &ms, NULL), SW_OK);
        assert_string_equal(sw_time_format(ms, utc), rows[i].utc);
        vitals_period_text(civil_ms, VITALS_DAILY, text, sizeof text);
        assert_string_equal(text, rows[i].text);
        json_t *sent = vitals_time_json(civil_ms - SW_DAY_MS, VITALS_DAILY);
        assert_null(json_object_get(sent, "hours"));
        json_decref(sent);
        json_decref(time);
    }
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_version_codes),
        cmocka_unit_test(test_pacific_days_through_both_changes_of_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
