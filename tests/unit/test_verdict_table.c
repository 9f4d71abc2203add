/*
 * test_verdict_table.c: where tables of buckets come from: JSON lines, taken or refused with the
 * line; two series of a source, paired by time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/verdict.h"

/* ------------------------------------------------------------------ JSON lines */

static void expect_bucket(const struct sw_verdict_bucket *got, double x, double n, double y,
                          double N)
{
    struct sw_verdict_bucket want = {x, n, y, N};
    assert_memory_equal(got, &want, sizeof want);
}

static void lines_are_taken(void **state)
{
    static const char text[] = "{\"x\":2,\"n\":150,\"y\":45,\"N\":15000}\r\n"
                               "\n"
                               " { \"N\" : 18000.0, \"y\":5.4e1 , \"n\":400, \"x\":0 } \n"
                               " \t\r\n"
                               "{\"x\":0,\"n\":0,\"y\":0,\"N\":1000000000000}";
    struct sw_verdict_bucket *buckets = NULL;
    struct sw_error err = {0};
    size_t count = 9;
    (void)state;
    assert_int_equal(sw_verdict_parse(text, sizeof text - 1, &buckets, &count, &err), SW_OK);
    assert_int_equal(count, 3);
    expect_bucket(&buckets[0], 2, 150, 45, 15000);
    expect_bucket(&buckets[1], 0, 400, 54, 18000);
    expect_bucket(&buckets[2], 0, 0, 0, 1e12);
    free(buckets);
    buckets = NULL;
    assert_int_equal(sw_verdict_parse("\n\n", 2, &buckets, &count, &err), SW_OK);
    assert_int_equal(count, 0);
    assert_null(buckets);
    assert_int_equal(sw_verdict_parse(NULL, 0, &buckets, &count, NULL), SW_OK);
}

static void a_wrong_line_is_named(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"x", "line 3: "},
        {"{\"x\":1", "line 3: "},
        {"{\"x\":1,\"n\":2,\"y\":3,\"N\":4} {}", "line 3: "},
        {"[1,2,3,4]", "not an object"},
        {"7", "line 3: "},
        {"null", "line 3: "},
        {"{\"n\":2,\"y\":3,\"N\":4}", "x"},
        {"{\"x\":1,\"n\":2,\"y\":3}", "N"},
        {"{\"x\":1,\"n\":2,\"y\":3,\"N\":null}", "N"},
        {"{\"x\":-1,\"n\":2,\"y\":3,\"N\":4}", "x is -1"},
        {"{\"x\":1,\"n\":2,\"y\":-3,\"N\":4}", "y is -3"},
        {"{\"x\":0.5,\"n\":2,\"y\":3,\"N\":4}", "x"},
        {"{\"x\":\"1\",\"n\":2,\"y\":3,\"N\":4}", "x"},
        {"{\"x\":true,\"n\":2,\"y\":3,\"N\":4}", "x"},
        {"{\"x\":[1],\"n\":2,\"y\":3,\"N\":4}", "x"},
        {"{\"x\":1,\"n\":1e400,\"y\":3,\"N\":4}", "line 3: "},
        {"{\"x\":1,\"n\":NaN,\"y\":3,\"N\":4}", "line 3: "},
        {"{\"x\":1,\"n\":Infinity,\"y\":3,\"N\":4}", "line 3: "},
        {"{\"x\":1,\"n\":1000000000001,\"y\":3,\"N\":4}", "n is 1000000000001"},
        {"{\"x\":1,\"n\":99999999999999999999,\"y\":3,\"N\":4}", "line 3: "},
        {"{\"x\":3,\"n\":2,\"y\":3,\"N\":4}", "x is 3, more than n, which is 2"},
        {"{\"x\":1,\"n\":2,\"y\":5,\"N\":4}", "y is 5, more than N, which is 4"},
        {"{\"x\":1,\"n\":2,\"y\":3,\"N\":4,\"z\":0}", "unknown key \"z\""},
        {"{\"x\":1,\"n\":2,\"y\":3,\"N\":4,\"\":0}", "unknown key \"\""},
        {"{\"X\":1,\"n\":2,\"y\":3,\"N\":4}", "unknown key \"X\""},
        {"{\"x\":1,\"x\":1,\"n\":2,\"y\":3,\"N\":4}", "line 3: "},
        {"{\"x\":1,\"n\":2,\"y\":3,\"N\":4,\"a\xff\":1}", "line 3: "},
        {"{\"x\":[[[[[[[[]]]]]]]],\"n\":2,\"y\":3,\"N\":4}", "line 3: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_verdict_bucket *buckets = NULL;
        struct sw_error err = {0};
        size_t count = 9;
        char text[512];
        snprintf(text, sizeof text, "{\"x\":2,\"n\":150,\"y\":45,\"N\":15000}\n\n%s\nworse\n",
                 cases[i].line);
        enum sw_code code = sw_verdict_parse(text, strlen(text), &buckets, &count, &err);
        bool is_told = strncmp(err.text, "line 3: ", 8) == 0 && strstr(err.text, cases[i].says);
        if (code != SW_E_PARSE || err.code != SW_E_PARSE || !is_told)
            fail_msg("%s: %s: %s", cases[i].line, code == SW_OK ? "taken" : "refused", err.text);
        assert_null(buckets);
        assert_int_equal(count, 9);
    }
}

static void add_lines(struct sw_buf *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sw_buf_add(text, "{\"x\":2,\"n\":150,\"y\":45,\"N\":15000}\n");
}

static void length_and_number_of_lines_have_limits(void **state)
{
    struct sw_verdict_bucket *buckets = NULL;
    struct sw_error err = {0};
    struct sw_buf text;
    size_t count = 0;
    char line[SW_VERDICT_LINE_MAX + 2];
    (void)state;
    sw_buf_init(&text, 8 * 1024 * 1024);
    add_lines(&text, SW_VERDICT_LINES_MAX);
    assert_int_equal(sw_verdict_parse(text.data, text.len, &buckets, &count, &err), SW_OK);
    assert_int_equal(count, SW_VERDICT_LINES_MAX);
    free(buckets);
    add_lines(&text, 1);
    assert_int_equal(sw_verdict_parse(text.data, text.len, &buckets, &count, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, "line 100001: a table has at most 100000 lines"));
    sw_buf_clear(&text);

    snprintf(line, sizeof line, "%*s", SW_VERDICT_LINE_MAX + 1,
             "{\"x\":2,\"n\":150,\"y\":45,\"N\":15000}");
    assert_int_equal(sw_verdict_parse(line + 1, strlen(line + 1), &buckets, &count, &err), SW_OK);
    free(buckets);
    assert_int_equal(sw_verdict_parse(line, strlen(line), &buckets, &count, &err), SW_E_PARSE);
    assert_non_null(strstr(err.text, "line 1: longer than 256 bytes"));
}

/* ------------------------------------------------------------------- alignment */

enum { T0 = 1700000000, MANY = 40 };

struct side {
    struct sw_series series;
    struct sw_bucket buckets[MANY];
};

/* `count` buckets of n and bad from start_s on; with a hole at index `hole`. */
static struct sw_series *make(struct side *side, int64_t start_s, int bucket_s, size_t count,
                              size_t hole, double n, double bad)
{
    *side = (struct side){.series = {.bucket_s = bucket_s, .buckets = side->buckets}};
    for (size_t i = 0; i < count; i++) {
        if (i != hole)
            side->buckets[side->series.count++] = (struct sw_bucket){
                .start_ms = (start_s + (int64_t)i * bucket_s) * 1000, .n = n, .bad = bad};
    }
    return &side->series;
}

#define NO_HOLE ((size_t)MANY)

struct pairing {
    const char *what;
    struct {
        int64_t start_s;
        int bucket_s;
        size_t count, hole;
        double n, bad;
    } new_side, old_side;
    int64_t now_s;
    /* wanted: 0 slots for false */
    size_t count;
    int64_t start_s;
    int bucket_s;
    size_t data;                    /* slots with data */
    struct sw_verdict_bucket first; /* of those */
};

/* clang-format off */
static const struct pairing pairings[] = {
    {"the same times", {T0, 300, 4, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 1200,
     4, T0, 300, 4, {1, 10, 2, 90}},
    {"the last one is open", {T0, 300, 4, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 1199,
     3, T0, 300, 3, {1, 10, 2, 90}},
    {"from the future", {T0, 300, 4, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 10,
     0, 0, 0, 0, {0, 0, 0, 0}},
    {"begun at different times", {T0 + 600, 300, 6, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2},
     T0 + 9999, 2, T0 + 600, 300, 2, {1, 10, 2, 90}},
    {"a hole", {T0, 300, 4, 1, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 9999,
     4, T0, 300, 3, {1, 10, 2, 90}},
    {"hours beside five minutes", {T0, 300, 30, NO_HOLE, 10, 1}, {T0, 3600, 3, NO_HOLE, 900, 20},
     T0 + 99999, 2, T0, 3600, 2, {12, 120, 20, 900}},
    {"the narrow ones begin within an hour", {T0 + 300, 300, 24, NO_HOLE, 10, 1},
     {T0, 3600, 3, NO_HOLE, 900, 20}, T0 + 99999, 1, T0 + 3600, 3600, 1, {12, 120, 20, 900}},
    {"an hour with a hole in it", {T0, 3600, 3, NO_HOLE, 10, 1}, {T0, 300, 36, 14, 90, 2},
     T0 + 99999, 3, T0, 3600, 2, {1, 10, 24, 1080}},
    {"the open hour, by now", {T0, 3600, 2, NO_HOLE, 10, 1}, {T0, 300, 24, NO_HOLE, 90, 2},
     T0 + 7199, 1, T0, 3600, 1, {1, 10, 24, 1080}},
    {"no width divides the other", {T0, 300, 4, NO_HOLE, 10, 1}, {T0, 420, 4, NO_HOLE, 90, 2},
     T0 + 9999, 0, 0, 0, 0, {0, 0, 0, 0}},
    {"never at the same time", {T0, 300, 4, NO_HOLE, 10, 1}, {T0 + 60, 300, 4, NO_HOLE, 90, 2},
     T0 + 9999, 0, 0, 0, 0, {0, 0, 0, 0}},
    {"one after the other", {T0 + 1200, 300, 4, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2},
     T0 + 9999, 0, 0, 0, 0, {0, 0, 0, 0}},
    {"nobody on one side", {T0, 300, 4, NO_HOLE, 0, 0}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 9999,
     0, 0, 0, 0, {0, 0, 0, 0}},
    {"nothing", {T0, 300, 0, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 9999,
     0, 0, 0, 0, {0, 0, 0, 0}},
    {"no width", {T0, 0, 4, NO_HOLE, 10, 1}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 9999,
     0, 0, 0, 0, {0, 0, 0, 0}},
    {"counts that are none", {T0, 300, 4, NO_HOLE, 10, 11}, {T0, 300, 4, NO_HOLE, 90, 2}, T0 + 9999,
     0, 0, 0, 0, {0, 0, 0, 0}},
    {"before 1970", {-1200, 300, 4, NO_HOLE, 10, 1}, {-900, 300, 3, NO_HOLE, 90, 2}, 0,
     3, -900, 300, 3, {1, 10, 2, 90}},
};
/* clang-format on */

static void check_pairing(const struct pairing *p, const struct sw_verdict_table *table, bool got)
{
    size_t data = 0;
    if (got != (p->count > 0) || table->count != p->count)
        fail_msg("%s: %zu slots, not %zu", p->what, table->count, p->count);
    if (!got) {
        assert_null(table->buckets);
        return;
    }
    if (table->start_ms != p->start_s * 1000 || table->bucket_s != p->bucket_s)
        fail_msg("%s: from %lld, width %d", p->what, (long long)table->start_ms, table->bucket_s);
    for (size_t i = 0; i < table->count; i++) {
        const struct sw_verdict_bucket *b = &table->buckets[i];
        if (b->n_new > 0 && data++ == 0 && memcmp(b, &p->first, sizeof *b) != 0)
            fail_msg("%s: %g of %g, %g of %g", p->what, b->bad_new, b->n_new, b->bad_old, b->n_old);
        assert_true(b->n_new > 0 ||
                    memcmp(b, &(struct sw_verdict_bucket){.n_new = 0}, sizeof *b) == 0);
    }
    if (data != p->data)
        fail_msg("%s: %zu slots with data, not %zu", p->what, data, p->data);
}

static void series_are_paired_by_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairings / sizeof pairings[0]; i++) {
        const struct pairing *p = &pairings[i];
        struct side a, b;
        struct sw_verdict_table table;
        make(&a, p->new_side.start_s, p->new_side.bucket_s, p->new_side.count, p->new_side.hole,
             p->new_side.n, p->new_side.bad);
        make(&b, p->old_side.start_s, p->old_side.bucket_s, p->old_side.count, p->old_side.hole,
             p->old_side.n, p->old_side.bad);
        bool got = sw_verdict_align(&a.series, &b.series, p->now_s * 1000, &table);
        check_pairing(p, &table, got);
        sw_verdict_table_clear(&table);
    }
}

/* A bucket that was filling when it was read stays half full, whatever the clock says later. */
static void what_was_open_when_it_was_read_is_not_closed(void **state)
{
    struct side a, b;
    struct sw_verdict_table table;
    (void)state;
    struct sw_series *new_side = make(&a, T0, 300, 4, NO_HOLE, 10, 1);
    struct sw_series *old_side = make(&b, T0, 300, 4, NO_HOLE, 90, 2);
    new_side->observed_at_ms = (T0 + 1500) * INT64_C(1000);
    old_side->observed_at_ms = (T0 + 1100) * INT64_C(1000);
    assert_true(sw_verdict_align(new_side, old_side, (T0 + 9999) * INT64_C(1000), &table));
    assert_int_equal(table.count, 3);
    sw_verdict_table_clear(&table);
    assert_true(sw_verdict_align(old_side, new_side, (T0 + 9999) * INT64_C(1000), &table));
    assert_int_equal(table.count, 3);
    sw_verdict_table_clear(&table);
    old_side->observed_at_ms = (T0 + 1200) * INT64_C(1000);
    assert_true(sw_verdict_align(new_side, old_side, (T0 + 9999) * INT64_C(1000), &table));
    assert_int_equal(table.count, 4);
    sw_verdict_table_clear(&table);
}

static void doublets_and_strangers_are_left_out(void **state)
{
    struct side a, b;
    struct sw_verdict_table table;
    (void)state;
    struct sw_series *new_side = make(&a, T0, 300, 6, NO_HOLE, 10, 1);
    struct sw_series *old_side = make(&b, T0, 300, 6, NO_HOLE, 90, 2);
    new_side->buckets[1].start_ms = new_side->buckets[2].start_ms; /* 1 missing, 2 twice */
    old_side->buckets[3].start_ms += 60 * 1000;                    /* 3 out of step */
    old_side->buckets[4].n = NAN;
    struct sw_bucket last = new_side->buckets[5]; /* the order does not matter */
    new_side->buckets[5] = new_side->buckets[0];
    new_side->buckets[0] = last;
    assert_true(sw_verdict_align(new_side, old_side, (T0 + 9999) * INT64_C(1000), &table));
    assert_int_equal(table.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(table.buckets[i].n_new > 0, i == 0 || i == 5);
    sw_verdict_table_clear(&table);
    /* Times that no clock shows make no table of a billion slots. */
    new_side->buckets[0].start_ms = INT64_MAX - 10;
    old_side->buckets[1].start_ms = INT64_MIN + 10;
    assert_true(sw_verdict_align(new_side, old_side, INT64_MAX, &table));
    assert_true(table.count <= 6);
    sw_verdict_table_clear(&table);
    assert_false(sw_verdict_align(new_side, old_side, INT64_MIN, &table));
    new_side->buckets[0].start_ms = old_side->buckets[0].start_ms = 0;
    assert_false(sw_verdict_align(new_side, old_side, INT64_MAX, &table));
    assert_int_equal(table.count, 0);
}

/* From a source's two series to a verdict, as the view will ask for it. */
static void two_series_give_a_verdict(void **state)
{
    struct side a, b;
    struct sw_verdict_table table;
    (void)state;
    struct sw_series *new_side = make(&a, T0, 300, 12, NO_HOLE, 370, 1);
    struct sw_series *old_side = make(&b, T0, 300, 12, NO_HOLE, 2130, 6);
    for (size_t i = 4; i < 12; i++)
        new_side->buckets[i].bad = 6;
    assert_true(sw_verdict_align(new_side, old_side, (T0 + 3599) * INT64_C(1000), &table));
    struct sw_verdict_options options = sw_verdict_options_default(4032);
    struct sw_verdict_row row = sw_verdict_judge(&options, table.buckets, table.count);
    assert_int_equal(row.number, 11);
    assert_int_equal(row.state, SW_VERDICT_WORSE);
    assert_int_equal(row.since, 5);
    assert_int_equal(table.start_ms + (int64_t)row.since_index * table.bucket_s * 1000,
                     (T0 + 1200) * INT64_C(1000));
    /* A test since a halt sees only what came after it. */
    int64_t start_ms = table.start_ms;
    assert_int_equal(sw_verdict_table_from(&table, 0), 0);
    assert_int_equal(sw_verdict_table_from(&table, start_ms + 1500 * 1000), 5);
    assert_int_equal(sw_verdict_table_from(&table, start_ms + 1500 * 1000 + 1), 6);
    assert_int_equal(sw_verdict_table_from(&table, INT64_MAX), table.count);
    sw_verdict_table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(length_and_number_of_lines_have_limits),
        cmocka_unit_test(series_are_paired_by_time),
        cmocka_unit_test(what_was_open_when_it_was_read_is_not_closed),
        cmocka_unit_test(doublets_and_strangers_are_left_out),
        cmocka_unit_test(two_series_give_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
