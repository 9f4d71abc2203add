/*
 * fuzz_buckets.c: whatever stands in the file of a kept table, reading it gives counts that can be or
 * nothing at all; and what it gives can be merged, judged, and written again.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/digest.h"
#include "base/error.h"
#include "model/judge.h"
#include "store/buckets_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_judged(const struct sw_buckets *buckets, unsigned event)
{
    char reason[200];
    struct sw_judged judged;
    const struct sw_judge_options options = {
        .soak_s = 3600, .event = event, .event_ms = event ? buckets->start_ms + 600000 : 0};
    sw_judge(buckets, &options, &judged);
    sw_assert(judged.state < SW_VERDICT_COUNT);
    sw_assert(isfinite(judged.log_e.value) && isfinite(judged.grounds.sees.value));
    sw_assert(isfinite(judged.ratio.value) && isfinite(judged.ratio_high.value));
    enum sw_gate_verdict gate = sw_judge_gate(&judged, reason, sizeof reason);
    sw_assert(gate != SW_GATE_PASS || judged.state == SW_VERDICT_NOT_WORSE ||
              judged.state == SW_VERDICT_NOT_ENOUGH_DATA);
}

static void check_table(struct sw_buckets *buckets)
{
    struct sw_buckets again = {0};
    struct sw_buf text;
    for (size_t i = 0; i < buckets->count; i++) {
        sw_assert(buckets->slots[i].bad_new <= buckets->slots[i].n_new);
        sw_assert(buckets->slots[i].bad_old <= buckets->slots[i].n_old);
    }
    check_judged(buckets, 0);
    check_judged(buckets, 1);
    if (sw_buckets_encode(buckets, &text, NULL) == SW_OK) {
        sw_assert(sw_buckets_decode(sw_buf_text(&text), text.len, &again, NULL) == SW_OK);
        sw_assert(again.count == buckets->count && again.start_ms == buckets->start_ms);
        sw_buckets_adopt(buckets, &again);
        sw_assert(again.slots == NULL);
    }
    sw_buf_clear(&text);
}

static void check_file(const char *text, size_t len)
{
    struct sw_buckets buckets = {0};
    struct sw_error err = {0};
    if (sw_buckets_decode(text, len, &buckets, &err) != SW_OK) {
        sw_assert(buckets.slots == NULL && err.text[0] != '\0');
        return;
    }
    check_table(&buckets);
    sw_buckets_clear(&buckets);
}

/* As slots behind a first line that fits them: else a digest would keep every change out. */
static void check_slots(const char *slots, size_t len)
{
    char digest[SW_SHA256_TEXT];
    struct sw_buf text;
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += slots[i] == '\n';
    sw_sha256_hex(slots, len, digest);
    sw_buf_init(&text, SW_BUCKETS_BYTES_MAX);
    sw_buf_printf(&text,
                  "{\"slipway_buckets\":1,\"identity\":\"1\",\"version\":\"2\",\"build\":\"\","
                  "\"previous_version\":\"1\",\"previous_build\":\"\",\"source\":\"s\",\"metric\":"
                  "\"error_rate\",\"start\":%zu,\"bucket\":300,\"count\":%zu,\"sha256\":\"%s\"}\n",
                  len * 1000, count, digest);
    sw_buf_addn(&text, slots, len);
    check_file(sw_buf_text(&text), text.len);
    sw_buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_file((const char *)data, size);
    if (size < SW_BUCKETS_BYTES_MAX / 2)
        check_slots((const char *)data, size);
    return 0;
}
