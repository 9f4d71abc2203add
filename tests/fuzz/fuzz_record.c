/*
 * fuzz_record.c: whatever stands in a commit of the ledger, decoding it gives clean texts or an
 * error; what was decoded and is of a known kind can be written and read back the same.
 */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "model/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const char *a, const char *b)
{
    sw_assert((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
    sw_assert(a == NULL || strpbrk(a, "\x1b\n\x7f") == NULL);
}

static void check_again(const struct sw_record *record)
{
    struct sw_record again;
    struct sw_buf message;
    sw_buf_init(&message, 1 << 20);
    if (sw_record_encode(record, &message, NULL) == SW_OK) {
        enum sw_code code = sw_record_decode(sw_buf_text(&message), message.len, &again, NULL);
        sw_assert(code == SW_OK);
        sw_assert(strcmp(record->uuid, again.uuid) == 0 && record->kind == again.kind &&
                  record->at_ms == again.at_ms && record->verb == again.verb &&
                  record->result == again.result);
        check_same(record->actor, again.actor);
        check_same(record->platform, again.platform);
        check_same(record->intent, again.intent);
        check_same(record->reason, again.reason);
        check_same(record->item, again.item);
        check_same(record->text, again.text);
        sw_record_clear(&again);
    }
    sw_buf_clear(&message);
}

static void fold(const struct sw_record *record)
{
    struct sw_fold *fold = sw_fold_new();
    sw_assert(sw_fold_add(fold, record) && !sw_fold_add(fold, record));
    sw_assert(sw_fold_count(fold) == 1);
    const struct sw_record *open = sw_fold_open_intent(fold, 0);
    sw_assert(open == NULL || open->kind == SW_EVENT_INTENT);
    sw_assert(sw_fold_newer_halt(fold, record->platform, record->uuid) == NULL);
    sw_fold_free(fold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_record record;
    struct sw_error err = {0};
    if (sw_record_decode((const char *)data, size, &record, &err) != SW_OK) {
        sw_assert(err.code == SW_E_PARSE && err.text[0] != '\0' && record.actor == NULL);
        return 0;
    }
    check_again(&record);
    fold(&record);
    sw_record_clear(&record);
    return 0;
}
