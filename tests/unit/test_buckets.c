/* test_buckets.c: the table of a rollout: late data, 14 days, other versions, other widths, its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "model/buckets.h"
#include "store/buckets_file.h"

#define T0 (INT64_C(1768896000) * 1000) /* 2026-01-20T08:00:00Z */

static const struct sw_buckets_key key = {.identity = "41200",
                                          .version = "2.15.3",
                                          .build = "41200",
                                          .previous_version = "2.15.2",
                                          .source = "sentry",
                                          .metric = SW_METRIC_CRASH_FREE_SESSIONS};

/* Reads `count` buckets from start_ms on, at the end of the last one: `bad` of two sessions a
 * minute each, beside 2 of nine times as many. */
static bool fold_of(struct sw_buckets *buckets, const struct sw_buckets_key *of, int64_t start_ms,
                    int width_s, size_t count, double bad)
{
    struct sw_bucket *news = sw_xcalloc(count + 1, sizeof *news);
    struct sw_bucket *olds = sw_xcalloc(count + 1, sizeof *olds);
    for (size_t i = 0; i <= count; i++) { /* the last one is open */
        int64_t at = start_ms + (int64_t)i * width_s * 1000;
        news[i] = (struct sw_bucket){.start_ms = at, .n = width_s / 30, .bad = bad};
        olds[i] = (struct sw_bucket){.start_ms = at, .n = 9 * width_s / 30, .bad = 2};
    }
    int64_t now_ms = start_ms + (int64_t)count * width_s * 1000 + 1000;
    struct sw_series a = {.bucket_s = width_s, .count = count + 1, .buckets = news,
                          .observed_at_ms = now_ms};
    struct sw_series b = {.bucket_s = width_s, .count = count + 1, .buckets = olds,
                          .observed_at_ms = now_ms};
    bool is_changed = sw_buckets_fold(buckets, of, &a, &b, now_ms);
    free(news);
    free(olds);
    return is_changed;
}

static bool fold(struct sw_buckets *buckets, int64_t start_ms, int width_s, size_t count, double bad)
{
    return fold_of(buckets, &key, start_ms, width_s, count, bad);
}

static void expect_bad(const struct sw_buckets *buckets, size_t from, size_t to, uint32_t bad)
{
    for (size_t i = from; i < to; i++)
        if (buckets->slots[i].bad_new != bad)
            fail_msg("slot %zu: %u, not %u", i, buckets->slots[i].bad_new, bad);
}

static void late_data_revises_the_day_and_older_stays(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0};
    assert_true(fold(&buckets, T0, 300, 288, 1));
    assert_int_equal(buckets.count, 288); /* the open one is not in it */
    uint64_t revision = buckets.revision;
    assert_false(fold(&buckets, T0, 300, 288, 1));
    assert_int_equal(buckets.revision, revision);
    /* Ten minutes later: the two oldest of the day before are as they were. */
    assert_true(fold(&buckets, T0 + 600 * 1000, 300, 288, 3));
    assert_int_equal(buckets.start_ms, T0);
    assert_int_equal(buckets.count, 290);
    expect_bad(&buckets, 0, 2, 1);
    expect_bad(&buckets, 2, 290, 3);
    assert_true(buckets.revision > revision);
    sw_buckets_clear(&buckets);
}

static void nobody_was_watching_for_a_while(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0};
    fold(&buckets, T0, 300, 12, 1);
    fold(&buckets, T0 + 3 * SW_HOUR_MS, 300, 12, 1);
    assert_int_equal(buckets.count, 48);
    for (size_t i = 12; i < 36; i++)
        assert_int_equal(buckets.slots[i].n_new + buckets.slots[i].n_old, 0);
    sw_buckets_clear(&buckets);
}

static void it_keeps_fourteen_days_and_no_more(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0};
    for (int day = 0; day < 40; day++) {
        fold(&buckets, T0 + day * SW_DAY_MS, 300, 288, day % 7);
        assert_true(buckets.count <= 14 * 288);
    }
    assert_int_equal(buckets.count, 14 * 288);
    assert_int_equal(buckets.start_ms, T0 + 26 * SW_DAY_MS);
    expect_bad(&buckets, 0, 288, 26 % 7);
    /* After a month without us the table is the new day's. */
    fold(&buckets, T0 + 90 * SW_DAY_MS, 300, 288, 1);
    assert_int_equal(buckets.count, 14 * 288);
    for (size_t i = 0; i < 13 * 288; i++)
        assert_int_equal(buckets.slots[i].n_new, 0);
    sw_buckets_clear(&buckets);
}

static void another_version_begins_a_new_table(void **state)
{
    (void)state;
    struct sw_buckets_key others[3] = {key, key, key};
    sw_copy(others[0].version, sizeof others[0].version, "2.15.4");
    sw_copy(others[1].previous_version, sizeof others[1].previous_version, "2.15.1");
    sw_copy(others[2].source, sizeof others[2].source, "vitals");
    for (size_t i = 0; i < SW_ARRAY_LEN(others); i++) {
        struct sw_buckets buckets = {0};
        fold(&buckets, T0, 300, 288, 9);
        assert_true(fold_of(&buckets, &others[i], T0 + 600 * 1000, 300, 288, 0));
        assert_int_equal(buckets.start_ms, T0 + 600 * 1000);
        assert_int_equal(buckets.count, 288);
        sw_buckets_clear(&buckets);
    }
}

/* A server that refuses five minutes for a day: the table becomes one of hours, and stays so. */
static void hours_after_five_minutes_lose_nothing(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0};
    fold(&buckets, T0, 300, 288, 1);
    fold(&buckets, T0 + SW_DAY_MS, 3600, 24, 12);
    assert_int_equal(buckets.bucket_s, 3600);
    assert_int_equal(buckets.count, 48);
    expect_bad(&buckets, 0, 48, 12);
    assert_int_equal(buckets.slots[0].n_new, 120);
    assert_int_equal(buckets.slots[0].n_old, 12 * 90);
    fold(&buckets, T0 + SW_DAY_MS + SW_HOUR_MS, 300, 288, 2);
    assert_int_equal(buckets.bucket_s, 3600);
    assert_int_equal(buckets.count, 49);
    expect_bad(&buckets, 0, 25, 12);
    expect_bad(&buckets, 25, 49, 24);
    sw_buckets_clear(&buckets);
}

static void an_earlier_run_gives_what_is_older(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0}, earlier = {0}, stranger = {0};
    struct sw_buckets_key other = key;
    sw_copy(other.build, sizeof other.build, "41201");
    fold(&earlier, T0, 300, 288, 1);
    fold_of(&stranger, &other, T0, 300, 288, 7);
    fold(&buckets, T0 + SW_HOUR_MS, 300, 288, 3);
    sw_buckets_adopt(&buckets, &stranger);
    assert_int_equal(buckets.count, 288);
    sw_buckets_adopt(&buckets, &earlier);
    assert_int_equal(buckets.count, 300);
    expect_bad(&buckets, 0, 12, 1);
    expect_bad(&buckets, 12, 300, 3);
    assert_true(earlier.slots == NULL && stranger.slots == NULL);
    /* Before anything was read in this run, it is taken whole, as read by nobody yet. */
    struct sw_buckets fresh = {0};
    sw_buckets_adopt(&fresh, &buckets);
    assert_int_equal(fresh.count, 300);
    assert_int_equal(fresh.read_ms[SW_SIDE_NEW], 0);
    assert_true(fold(&fresh, T0 + 2 * SW_HOUR_MS, 300, 288, 4));
    assert_int_equal(fresh.count, 312);
    expect_bad(&fresh, 0, 12, 1);
    expect_bad(&fresh, 24, 312, 4);
    sw_buckets_clear(&fresh);
}

static void the_file_gives_back_what_it_was_given(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0}, read = {0};
    struct sw_buf text;
    struct sw_error err = {0};
    fold(&buckets, T0, 300, 288, 1);
    assert_int_equal(sw_buckets_encode(&buckets, &text, &err), SW_OK);
    assert_int_equal(sw_buckets_decode(sw_buf_text(&text), text.len, &read, &err), SW_OK);
    assert_true(sw_buckets_key_same(&read.key, &key));
    assert_int_equal(read.start_ms, T0);
    assert_int_equal(read.bucket_s, 300);
    assert_int_equal(read.count, 288);
    assert_memory_equal(read.slots, buckets.slots, 288 * sizeof *read.slots);
    /* Behind its first line it is a table for `slipway verdict`. */
    struct sw_verdict_bucket *parsed = NULL;
    size_t count = 0;
    const char *rest = strchr(sw_buf_text(&text), '\n') + 1;
    assert_int_equal(sw_verdict_parse(rest, strlen(rest), &parsed, &count, &err), SW_OK);
    assert_int_equal(count, 288);
    assert_int_equal((int)parsed[7].n_old, 90);
    free(parsed);
    sw_buckets_clear(&read);
    sw_buckets_clear(&buckets);
    sw_buf_clear(&text);
}

/* Whatever is damaged, nothing of it is believed. */
static void a_damaged_file_is_ignored_whole(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0}, read = {0};
    struct sw_buf text;
    struct sw_error err = {0};
    fold(&buckets, T0, 300, 12, 1);
    assert_int_equal(sw_buckets_encode(&buckets, &text, &err), SW_OK);
    char *copy SW_AUTO_FREE = sw_xcalloc(text.len + 2, 1);
    for (size_t len = 0; len < text.len; len++) {
        enum sw_code code = sw_buckets_decode(sw_buf_text(&text), len, &read, &err);
        if (code != SW_E_PARSE && code != SW_E_LIMIT)
            fail_msg("cut at %zu: %d", len, code);
        assert_null(read.slots);
    }
    size_t head = strcspn(sw_buf_text(&text), "\n");
    for (size_t at = head; at < text.len; at++) {
        memcpy(copy, sw_buf_text(&text), text.len);
        copy[at] ^= 1;
        if (sw_buckets_decode(copy, text.len, &read, &err) == SW_OK)
            fail_msg("changed at %zu: believed", at);
        assert_null(read.slots);
    }
    memcpy(copy, sw_buf_text(&text), text.len);
    copy[text.len] = '\n';
    assert_int_not_equal(sw_buckets_decode(copy, text.len + 1, &read, &err), SW_OK);
    sw_buckets_clear(&buckets);
    sw_buf_clear(&text);
}

static void there_are_counts_that_are_not_kept(void **state)
{
    (void)state;
    struct sw_buckets buckets = {0};
    struct sw_bucket news[2] = {{T0, 5e9, 1}, {T0 + 300000, 10, 1}};
    struct sw_bucket olds[2] = {{T0, 90, 2}, {T0 + 300000, 90, 2}};
    struct sw_series a = {.bucket_s = 300, .count = 2, .buckets = news};
    struct sw_series b = {.bucket_s = 300, .count = 2, .buckets = olds};
    sw_buckets_fold(&buckets, &key, &a, &b, T0 + SW_HOUR_MS);
    assert_int_equal(buckets.slots[0].n_new, 0); /* more than 2^32 sessions */
    assert_int_equal(buckets.slots[1].n_new, 10);
    sw_buckets_clear(&buckets);
    a.bucket_s = b.bucket_s = 30; /* 40,000 slots in 14 days */
    sw_buckets_fold(&buckets, &key, &a, &b, T0 + SW_HOUR_MS);
    assert_int_equal(buckets.count, 0);
    sw_buckets_clear(&buckets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_data_revises_the_day_and_older_stays),
        cmocka_unit_test(nobody_was_watching_for_a_while),
        cmocka_unit_test(it_keeps_fourteen_days_and_no_more),
        cmocka_unit_test(another_version_begins_a_new_table),
        cmocka_unit_test(hours_after_five_minutes_lose_nothing),
        cmocka_unit_test(an_earlier_run_gives_what_is_older),
        cmocka_unit_test(the_file_gives_back_what_it_was_given),
        cmocka_unit_test(a_damaged_file_is_ignored_whole),
        cmocka_unit_test(there_are_counts_that_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
