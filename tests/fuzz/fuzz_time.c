/*
 * fuzz_time.c: a time, date or duration that is accepted means the same when written and read
 * again, and lies in the promised range.
 */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define YEAR_10000_MS INT64_C(253402300800000)

static void try_time(const char *text)
{
    int64_t ms = -1;
    int64_t again = -1;
    char written[SW_TIME_TEXT];
    if (sw_time_parse(text, &ms, NULL) != SW_OK) {
        sw_assert(ms == -1);
        return;
    }
    sw_assert(ms >= 0 && ms < YEAR_10000_MS);
    if (ms == 0)
        return; /* written as nothing */
    sw_assert(sw_time_parse(sw_time_format(ms, written), &again, NULL) == SW_OK);
    sw_assert(again == ms);
}

static void try_http_date(const char *text)
{
    int64_t ms = -1;
    int64_t again = -1;
    char written[SW_TIME_TEXT];
    if (sw_http_date_parse(text, &ms, NULL) != SW_OK)
        return;
    sw_assert(ms >= 0 && ms < YEAR_10000_MS);
    sw_assert(sw_http_date_parse(sw_http_date_format(ms, written), &again, NULL) == SW_OK);
    sw_assert(again == ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[128];
    char written[SW_DURATION_TEXT];
    int64_t ms = -1;
    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    try_time(text);
    try_http_date(text);
    if (sw_date_parse(text, &ms, NULL) == SW_OK)
        sw_assert(ms >= 0 && ms < YEAR_10000_MS && ms % SW_DAY_MS == 0);
    ms = -1;
    if (sw_duration_parse(text, &ms, NULL) == SW_OK) {
        int64_t again = -1;
        sw_assert(ms >= 0 && ms <= 3660 * SW_DAY_MS);
        sw_assert(sw_duration_parse(sw_duration_format(ms, written), &again, NULL) == SW_OK);
        sw_assert(again <= ms);
    }
    return 0;
}
