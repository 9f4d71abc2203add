/*
 * fuzz_verdict.c: whatever stands in a table of buckets, reading it gives whole counts or an error
 * that names a line; and whatever counts it has, the verdict on it is made of numbers that can be.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "slipway.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bucket(const struct sw_verdict_bucket *b)
{
    const double most = SW_VERDICT_COUNT_MAX;
    sw_assert(b->bad_new >= 0 && b->bad_new <= b->n_new && b->n_new <= most);
    sw_assert(b->bad_old >= 0 && b->bad_old <= b->n_old && b->n_old <= most);
}

static void check_row(const struct sw_verdict_row *row, size_t count, size_t number)
{
    sw_assert(row->number == number && row->index < count && row->since_index <= row->index);
    sw_assert(row->since >= 1 && row->since <= row->number);
    sw_assert(isfinite(row->log_e_cum) && isfinite(row->log_e_onset) && isfinite(row->log_e));
    sw_assert(row->log_e <= row->log_e_max && row->p > 0 && row->p <= 1);
    sw_assert(row->state != SW_VERDICT_UNKNOWN && row->state < SW_VERDICT_COUNT);
    sw_assert(row->state != SW_VERDICT_WORSE || row->p < 0.0501);
    sw_assert(row->ratio_low.is_known && isfinite(row->ratio_low.value));
    sw_assert(isfinite(row->ratio.value) && isfinite(row->ratio_high.value));
    if (row->ratio.is_known)
        sw_assert(row->ratio_low.value <= row->ratio.value);
    if (row->ratio.is_known && row->ratio_high.is_known)
        sw_assert(row->ratio.value <= row->ratio_high.value);
}

/* Not memcmp: there is padding. */
static void check_same(const struct sw_verdict_row *a, const struct sw_verdict_row *b)
{
    const double x[] = {a->log_e,       a->log_e_max,       a->p,
                        a->ratio.value, a->ratio_low.value, a->ratio_high.value};
    const double y[] = {b->log_e,       b->log_e_max,       b->p,
                        b->ratio.value, b->ratio_low.value, b->ratio_high.value};
    sw_assert(a->number == b->number && a->state == b->state && a->since == b->since);
    sw_assert(memcmp(x, y, sizeof x) == 0);
}

static void check_verdict(const struct sw_verdict_bucket *buckets, size_t count)
{
    struct sw_verdict_options options = sw_verdict_options_default(1 + count % 7);
    struct sw_verdict_row *rows = calloc(count + 1, sizeof *rows);
    char *json = NULL;
    sw_assert(rows != NULL);
    size_t made = sw_verdict_rows(&options, buckets, count, rows);
    sw_assert(made <= count);
    for (size_t i = 0; i < made; i++)
        check_row(&rows[i], count, i + 1);
    struct sw_verdict_row last = sw_verdict_judge(&options, buckets, count);
    check_same(&last, &rows[made > 0 ? made - 1 : 0]);
    struct sw_value sees = sw_verdict_sees(&options, buckets, count);
    sw_assert(isfinite(sees.value) && sees.value >= 0);
    sw_assert(sw_verdict_json(&options, rows, made, sees, &json, NULL) == SW_OK);
    sw_assert(strstr(json, "nan") == NULL && strstr(json, "inf") == NULL);
    free(json);
    free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_verdict_bucket *buckets = NULL;
    struct sw_error err = {0};
    size_t count = 0;
    if (sw_verdict_parse((const char *)data, size, &buckets, &count, &err) != SW_OK) {
        sw_assert(err.code == SW_E_PARSE && strncmp(err.text, "line ", 5) == 0);
        sw_assert(buckets == NULL && count == 0);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        check_bucket(&buckets[i]);
    check_verdict(buckets, count);
    free(buckets);
    return 0;
}
